-- Search that folds what readers take for the same, and reads that cost in proportion to one task force.

-- Search -----------------------------------------------------------------------------------------------------------
--
-- The trigram indexes covered all task forces at once: a list within one task force read the index of the whole
-- installation, and a text of one or two letters read all of the index. A list now compares the rows of its own task
-- force. Users and task forces are few enough to be compared one by one.

drop index activities_search;
drop index policies_search;
drop index sectors_search;
drop index pilots_search;
drop index migrations_search;
drop index users_search;
drop index task_forces_search;

-- Folds a text for searching, the stored text and the search text alike. The result has no case, no presentation forms,
-- one form of each digit, and single spaces. What decorates a letter is left out: accents, tashkeel, tatweel, the hamza
-- over or under a letter (NFKD separates both), the hamza on the line, and invisible characters. Letters that readers
-- and keyboards exchange become one: alef wasla, alef maqsura and the Persian yeh, the Persian kaf, taa marbuta and the
-- forms of heh, and the letters of loanwords.
create or replace function fold(value text) returns text
language sql immutable parallel safe
return regexp_replace(
    translate(
        regexp_replace(
            lower(normalize(value, nfkd) collate "und-x-icu"),
            '[\u0300-\u036f\u00ad\u0610-\u061a\u061c\u0621\u0640\u064b-\u065f\u0670\u0674\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]',
            '', 'g'
        ),
        '٠١٢٣٤٥٦٧٨٩' || '۰۱۲۳۴۵۶۷۸۹' || '٪٫٬،؛؟' || 'ٱٲٳ' || 'ىیېے' || 'کڪگ' || 'ةھہە' || 'پ' || 'چ' || 'ڤ' || 'ڨ' || 'ı',
        '0123456789' || '0123456789' || '%.,,;?' || 'ااا' || 'يييي' || 'ككك' || 'هههه' || 'ب' || 'ج' || 'ف' || 'ق' || 'i'
    ),
    '\s+', ' ', 'g'
);

-- The LIKE pattern for texts that contain this text.
create or replace function holding(value text) returns text
language sql immutable parallel safe
return '%' || replace(replace(replace(btrim(fold(value)), '\', '\\'), '%', '\%'), '_', '\_') || '%';

-- The number that a search text consists of (`12`, `#12`, `١٢`); null for any other text.
create function number_in(value text) returns int
language sql immutable parallel safe
return substring(btrim(fold(value)) from '^#?0*([0-9]{1,9})$')::int;

alter table activities drop column search,
    add column search text generated always as (fold_localized(title) || ' ' || coalesce(fold_localized(description), '')) stored not null;
alter table policies drop column search,
    add column search text generated always as (fold_localized(title) || ' ' || coalesce(fold_localized(description), '') || ' ' || coalesce(fold(reference), '')) stored not null;
alter table sectors drop column search,
    add column search text generated always as (fold_localized(name) || ' ' || coalesce(fold_localized(rationale), '')) stored not null;
alter table pilots drop column search,
    add column search text generated always as (fold_localized(title) || ' ' || coalesce(fold(hypothesis), '')) stored not null;
alter table migrations drop column search,
    add column search text generated always as (fold_localized(title) || ' ' || fold(target_system)) stored not null;
-- Name and address are separate lines, since some callers may search the names only. A folded text has no line break.
alter table users drop column search,
    add column search text generated always as (fold_localized(name) || E'\n' || fold(email)) stored not null;
alter table task_forces drop column search,
    add column search text generated always as (fold_localized(name) || ' ' || fold_localized(city)) stored not null;

-- Open activities of the current cycle, counted ----------------------------------------------------------------------
--
-- The portfolio adds up all task forces. Triggers count the open activities of a task force whenever the activities or
-- the current cycle change, so that the portfolio reads one row for each task force instead of all activities.

create table open_activity_counts (
    task_force_id uuid primary key references task_forces (id),
    open int not null,
    blocked int not null,
    -- The due dates in order: the activities that are overdue on a day are those before the day's place in this array.
    due_dates date[] not null
);

create function count_open_activities(ids uuid[]) returns void
language sql
begin atomic
    insert into open_activity_counts as c (task_force_id, open, blocked, due_dates)
        select t.id, count(a.id), count(*) filter (where a.state = 'blocked'),
               coalesce(array_agg(a.due_date order by a.due_date) filter (where a.due_date is not null), '{}')
        from task_forces t
        left join activities a on a.task_force_id = t.id and a.cycle = t.current_cycle
            and a.state not in ('done', 'cancelled')
        where t.id = any(ids)
        group by t.id
        on conflict (task_force_id)
            do update set open = excluded.open, blocked = excluded.blocked, due_dates = excluded.due_dates;
end;

create function activities_changed() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        perform count_open_activities(array(select distinct task_force_id from after_change));
    elsif tg_op = 'DELETE' then
        perform count_open_activities(array(select distinct task_force_id from before_change));
    else
        perform count_open_activities(array(
            select distinct a.task_force_id
            from after_change a join before_change b on b.task_force_id = a.task_force_id and b.id = a.id
            where (a.state, a.due_date) is distinct from (b.state, b.due_date)
        ));
    end if;
    return null;
end $$;

create trigger activities_are_counted_after_insert after insert on activities
    referencing new table as after_change for each statement execute function activities_changed();
create trigger activities_are_counted_after_update after update on activities
    referencing old table as before_change new table as after_change
    for each statement execute function activities_changed();
create trigger activities_are_counted_after_delete after delete on activities
    referencing old table as before_change for each statement execute function activities_changed();

create function current_cycle_changed() returns trigger language plpgsql as $$
begin
    perform count_open_activities(array[new.id]);
    return null;
end $$;

create trigger task_forces_are_counted after insert or update of current_cycle on task_forces
    for each row execute function current_cycle_changed();

select count_open_activities(array(select id from task_forces));

-- Snapshots ----------------------------------------------------------------------------------------------------------

-- Compressing a large snapshot takes most of the time of a submission.
alter table submissions alter column snapshot set storage external;
