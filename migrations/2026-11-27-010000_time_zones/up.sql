-- A stored time zone can become unknown: an upgrade of Postgres or of the operating system removes legacy names. Such a
-- row harms itself alone: its days are those of UTC until the time zone is changed.

-- Not parallel safe: an exception block begins a subtransaction, which no parallel query may do.
create or replace function local_date(at timestamptz, zone text) returns date
language plpgsql stable parallel unsafe as $$
begin
    return (at at time zone zone)::date;
exception when invalid_parameter_value then
    return (at at time zone 'UTC')::date;
end $$;

create or replace function is_time_zone(zone text) returns boolean
language plpgsql stable parallel unsafe as $$
begin
    perform now() at time zone zone;
    return true;
exception when invalid_parameter_value then
    return false;
end $$;

-- A check would refuse every later change of the row, and the row itself when a dump is restored. The trigger refuses
-- only a change to an unknown time zone.
alter table task_forces drop constraint task_forces_time_zone_is_known;

create function refuse_unknown_time_zone() returns trigger language plpgsql as $$
begin
    if (tg_op = 'INSERT' or new.time_zone <> old.time_zone) and not is_time_zone(new.time_zone) then
        raise exception 'the time zone % is not known', new.time_zone
            using errcode = 'check_violation', constraint = 'task_forces_time_zone_is_known';
    end if;
    return new;
end $$;

create trigger task_forces_know_the_time_zone before insert or update of time_zone on task_forces
    for each row execute function refuse_unknown_time_zone();
