-- Calendars: of a task force, and one's own, which is a link of its maker alone.
alter table share_links
    drop constraint share_links_of_a_known_page,
    drop constraint share_links_of_what_the_page_shows,
    add constraint share_links_of_a_known_page
        check (page in ('status', 'report', 'portfolio', 'calendar', 'ownCalendar')),
    add constraint share_links_of_what_the_page_shows check (
        (page in ('portfolio', 'ownCalendar')) = (only_task_force_id is null)
        and (page = 'report') = (report_number is not null)
    );
-- The links that belong to no task force are listed by their page, and those of a person by the person.
create index share_links_of_the_portfolio on share_links (seq) where page = 'portfolio';
create index share_links_of_a_person on share_links (user_id, seq) where page = 'ownCalendar';

-- The calendar of a council member has the meetings, the decisions and the conditions of all task forces, by their days.
create index task_forces_by_council_date on task_forces (next_council_date) where next_council_date is not null;
create index decisions_by_day on decisions (decided_on);
