alter table submissions alter column snapshot set storage extended;

drop trigger task_forces_are_counted on task_forces;
drop trigger activities_are_counted_after_insert on activities;
drop trigger activities_are_counted_after_update on activities;
drop trigger activities_are_counted_after_delete on activities;
drop function current_cycle_changed();
drop function activities_changed();
drop function count_open_activities(uuid[]);
drop table open_activity_counts;

drop function number_in(text);

create or replace function fold(value text) returns text
language sql immutable parallel safe
return translate(
    lower(normalize(value, nfkc) collate "und-x-icu"),
    'أإآٱىةـ' || U&'\064B\064C\064D\064E\064F\0650\0651\0652\0653\0654\0655\0670',
    'ااااي' || 'ه'
);

create or replace function holding(value text) returns text
language sql immutable parallel safe
return '%' || replace(replace(replace(fold(value), '\', '\\'), '%', '\%'), '_', '\_') || '%';

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
alter table users drop column search,
    add column search text generated always as (fold_localized(name) || ' ' || fold(email)) stored not null;
alter table task_forces drop column search,
    add column search text generated always as (fold_localized(name) || ' ' || fold_localized(city)) stored not null;

create index activities_search on activities using gin (search gin_trgm_ops);
create index policies_search on policies using gin (search gin_trgm_ops);
create index sectors_search on sectors using gin (search gin_trgm_ops);
create index pilots_search on pilots using gin (search gin_trgm_ops);
create index migrations_search on migrations using gin (search gin_trgm_ops);
create index users_search on users using gin (search gin_trgm_ops);
create index task_forces_search on task_forces using gin (search gin_trgm_ops);
