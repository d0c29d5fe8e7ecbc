drop trigger task_forces_know_the_time_zone on task_forces;
drop function refuse_unknown_time_zone;

create or replace function is_time_zone(zone text) returns boolean
language plpgsql immutable parallel safe as $$
begin
    perform now() at time zone zone;
    return true;
exception when invalid_parameter_value then
    return false;
end $$;

alter table task_forces add constraint task_forces_time_zone_is_known check (is_time_zone(time_zone));

create or replace function local_date(at timestamptz, zone text) returns date
language sql stable parallel safe
return (at at time zone zone)::date;
