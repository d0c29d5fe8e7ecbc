-- Notifications. A row is written once for a person, a kind, a subject and an occasion, such as the sequence
-- number of an event, so that neither a repeated reminder nor a second process tells anybody twice.
create table notifications (
    user_id uuid not null constraint notifications_of_a_user references users,
    id uuid not null,
    -- The order in which the rows were made.
    seq bigint not null generated always as identity,
    kind text not null,
    about_task_force_id uuid constraint notifications_about_a_task_force references task_forces,
    subject_kind text not null,
    subject_id uuid not null,
    occasion text not null constraint notifications_have_a_short_occasion check (length(occasion) between 1 and 100),
    actor_id uuid constraint notifications_name_a_user references users,
    details jsonb not null,
    created_at timestamptz not null,
    -- False if the person wants only e-mail of this kind.
    is_listed boolean not null,
    read_at timestamptz,
    -- The person's choice at the time of the notification.
    email text not null constraint notifications_by_a_known_e_mail check (email in ('never', 'atOnce', 'digest')),
    emailed_at timestamptz,
    primary key (user_id, id),
    constraint notifications_tell_once unique (user_id, kind, subject_id, occasion)
);
create unique index notifications_in_order on notifications (user_id, seq);
-- The number of unread notifications is read from this index alone.
create index notifications_unread on notifications (user_id, about_task_force_id, kind)
    where read_at is null and is_listed;
create index notifications_to_email on notifications (email, user_id, seq)
    where email <> 'never' and emailed_at is null;
-- The newest of each kind in each task force are kept.
create index notifications_of_a_kind on notifications (user_id, kind, about_task_force_id, seq);
create index notifications_by_age on notifications (created_at);

-- The choices of a person. A kind that is not among the choices follows the service's own choice for the kind.
create table notification_settings (
    user_id uuid primary key constraint notification_settings_of_a_user references users,
    choices jsonb not null default '{}',
    digest_hour smallint not null default 7
        constraint notification_settings_have_an_hour check (digest_hour between 0 and 23),
    -- Null stands for the zone of the person's first task force.
    time_zone text
);

-- The last event of each task force of which people were told.
create table notification_cursors (
    task_force_id uuid primary key constraint notification_cursors_of_a_task_force references task_forces,
    seq bigint not null
);
-- Nobody is told of what happened before notifications existed.
insert into notification_cursors (task_force_id, seq) select task_force_id, seq from task_force_heads;
