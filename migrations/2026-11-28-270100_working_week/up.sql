-- The days of the week on which a task force works. Reminders come on working days.
alter table task_forces
    add column working_week text[] not null default '{sunday,monday,tuesday,wednesday,thursday}',
    add constraint task_forces_working_week_is_known check (
        cardinality(working_week) between 1 and 7
        and working_week <@ '{sunday,monday,tuesday,wednesday,thursday,friday,saturday}'::text[]);
