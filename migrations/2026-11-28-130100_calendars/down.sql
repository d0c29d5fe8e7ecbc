drop index decisions_by_day;
drop index task_forces_by_council_date;
drop index share_links_of_a_person;
drop index share_links_of_the_portfolio;
delete from share_links where page in ('calendar', 'ownCalendar');
alter table share_links
    drop constraint share_links_of_a_known_page,
    drop constraint share_links_of_what_the_page_shows,
    add constraint share_links_of_a_known_page check (page in ('status', 'report', 'portfolio')),
    add constraint share_links_of_what_the_page_shows check (
        (page = 'portfolio') = (only_task_force_id is null) and (page = 'report') = (report_number is not null)
    );
