-- What people were reminded of: each row once, whichever process reminds.
create table reminders (
    task_force_id uuid not null references task_forces,
    kind text not null,
    subject_id uuid not null,
    -- The day on which the subject is due: another day is another reminder.
    day date not null,
    reminded_at timestamptz not null,
    primary key (task_force_id, kind, subject_id, day),
    constraint reminders_kind_is_known
        check (kind in ('voteEnding', 'activityDue', 'activityOverdue', 'conditionDue', 'conditionOverdue'))
);

create index reminders_by_age on reminders (reminded_at);
