-- The foundation: people, task forces, their members, steps, activities, and the chain of events.
--
-- Every table below a task force has `task_force_id` first in its primary key and in its unique constraints, and refers
-- to its neighbours by composite keys, so that no row can point into another task force. Constraints are named, since
-- `app/constraints.rs` maps a violated constraint to a problem that a person can read.

create extension if not exists pg_trgm;

-- Localized text ------------------------------------------------------------------------------------------------

create function is_localized(value jsonb, longest int) returns boolean
language sql immutable parallel safe
return coalesce(
    jsonb_typeof(value) = 'object'
    and value - 'ar' - 'en' = '{}'
    and value <> '{}'
    and coalesce(jsonb_typeof(value -> 'ar') = 'string' and length(value ->> 'ar') between 1 and longest, not value ? 'ar')
    and coalesce(jsonb_typeof(value -> 'en') = 'string' and length(value ->> 'en') between 1 and longest, not value ? 'en'),
    false
);

-- Folds a text for searching, the stored text and the search text alike: presentation forms, alef forms, alef
-- maqsura, taa marbuta, tatweel, diacritics; the case of Latin and all other letters.
create function fold(value text) returns text
language sql immutable parallel safe
return translate(
    lower(normalize(value, nfkc) collate "und-x-icu"),
    'أإآٱىةـ' || U&'\064B\064C\064D\064E\064F\0650\0651\0652\0653\0654\0655\0670',
    'ااااي' || 'ه'
);

create function fold_localized(value jsonb) returns text
language sql immutable parallel safe
return fold(coalesce(value ->> 'ar', '') || ' ' || coalesce(value ->> 'en', ''));

-- The LIKE pattern for texts that contain this text.
create function holding(value text) returns text
language sql immutable parallel safe
return '%' || replace(replace(replace(fold(value), '\', '\\'), '%', '\%'), '_', '\_') || '%';

-- The day of an instant in a time zone.
create function local_date(at timestamptz, zone text) returns date
language sql stable parallel safe
return (at at time zone zone)::date;

-- Tells whether Postgres knows a time zone. The function is immutable as far as a check needs: Postgres knows every
-- stored zone.
create function is_time_zone(zone text) returns boolean
language plpgsql immutable parallel safe as $$
begin
    perform now() at time zone zone;
    return true;
exception when invalid_parameter_value then
    return false;
end $$;

-- A due date as lists sort due dates: no due date comes after all others.
create function due_or_never(due date) returns date
language sql immutable parallel safe
return coalesce(due, date '9999-12-31');

-- People -----------------------------------------------------------------------------------------------------------

create table users (
    id uuid primary key,
    email text not null,
    name jsonb not null,
    role text not null,
    locale text not null,
    state text not null default 'active',
    password_hash text,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    search text generated always as (fold_localized(name) || ' ' || fold(email)) stored not null,
    constraint users_email_key unique (email),
    constraint users_email_is_normal check (email = lower(email) and email like '%_@_%' and length(email) <= 254),
    constraint users_name_is_localized check (is_localized(name, 200)),
    constraint users_role_is_known check (role in ('administrator', 'secretariat', 'councilMember', 'expert')),
    constraint users_locale_is_known check (locale in ('ar', 'en')),
    constraint users_state_is_known check (state in ('active', 'disabled'))
);
create index users_search on users using gin (search gin_trgm_ops);
create index users_administrators on users (id) where role = 'administrator' and state = 'active';

create table invitations (
    token_hash bytea primary key,
    user_id uuid not null references users (id) on delete cascade,
    expires_at timestamptz not null,
    created_at timestamptz not null,
    -- At most one invitation is open per user: a new invitation replaces the old.
    constraint invitations_one_per_user unique (user_id)
);

create table sessions (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz
);
create index sessions_of_user on sessions (user_id) where ended_at is null;

create table refresh_tokens (
    token_hash bytea primary key,
    session_id uuid not null references sessions (id) on delete cascade,
    created_at timestamptz not null,
    used_at timestamptz
);
create index refresh_tokens_of_session on refresh_tokens (session_id);

-- Events outside any task force.
create table installation_events (
    seq bigint generated always as identity primary key,
    id uuid not null,
    at timestamptz not null,
    actor_kind text not null,
    actor_id uuid,
    request_id text not null,
    action text not null,
    subject_kind text not null,
    subject_id uuid not null,
    from_state text,
    to_state text,
    changes jsonb not null
);

-- Task forces ------------------------------------------------------------------------------------------------------

create table task_forces (
    id uuid primary key,
    name jsonb not null,
    city jsonb not null,
    country text,
    mandate jsonb not null,
    time_zone text not null,
    max_sectors smallint not null,
    evolution_stage text,
    maturity_level smallint,
    next_council_date date,
    state text not null default 'forming',
    state_reason jsonb,
    current_cycle int not null default 1,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    search text generated always as (fold_localized(name) || ' ' || fold_localized(city)) stored not null,
    constraint task_forces_name_is_localized check (is_localized(name, 200)),
    constraint task_forces_city_is_localized check (is_localized(city, 200)),
    constraint task_forces_mandate_is_localized check (is_localized(mandate, 10000)),
    constraint task_forces_reason_is_localized check (state_reason is null or is_localized(state_reason, 2000)),
    constraint task_forces_time_zone_is_known check (is_time_zone(time_zone)),
    constraint task_forces_country_is_a_code check (country ~ '^[A-Z]{2}$'),
    constraint task_forces_max_sectors_is_few check (max_sectors between 1 and 20),
    constraint task_forces_stage_is_known check (evolution_stage in ('eGovernment', 'connectedGovernment', 'wholeOfGovernment', 'smartGovernment')),
    constraint task_forces_level_is_known check (maturity_level between 1 and 5),
    constraint task_forces_state_is_known check (state in ('forming', 'active', 'suspended', 'concluded', 'dissolved'))
);
create index task_forces_search on task_forces using gin (search gin_trgm_ops);
create index task_forces_by_state on task_forces (state, id);

-- The head of a task force's event chain, and the lock that every change of the task force takes. The lock is a row of
-- its own, so that foreign keys to the task force stay free while a transaction holds the lock.
create table task_force_heads (
    task_force_id uuid primary key references task_forces (id),
    seq bigint not null default 0,
    hash bytea not null default decode(repeat('00', 32), 'hex'),
    changed_at timestamptz not null,
    -- Numbers are counted here, not derived from the highest number: the number of a deleted activity is never used again.
    last_activity_number int not null default 0,
    constraint task_force_heads_hash_is_sha256 check (length(hash) = 32)
);

create table members (
    task_force_id uuid not null references task_forces (id),
    id uuid not null,
    user_id uuid not null references users (id),
    role text not null,
    expertise text,
    from_date date not null,
    to_date date,
    end_reason jsonb,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (task_force_id, id),
    constraint members_role_is_known check (role in ('chair', 'expert')),
    constraint members_expertise_has_a_length check (length(expertise) between 1 and 200),
    constraint members_reason_is_localized check (end_reason is null or is_localized(end_reason, 2000)),
    constraint members_end_has_a_reason check ((to_date is null) = (end_reason is null)),
    constraint members_end_after_they_begin check (to_date >= from_date)
);
create unique index members_one_seat_per_user on members (task_force_id, user_id) where to_date is null;
create unique index members_one_chair on members (task_force_id) where role = 'chair' and to_date is null;
create index members_current_seats_of_user on members (user_id) where to_date is null;

create table cycles (
    task_force_id uuid not null references task_forces (id),
    number int not null,
    opened_at timestamptz not null,
    primary key (task_force_id, number),
    constraint cycles_count_from_one check (number >= 1)
);
alter table task_forces
    add constraint task_forces_current_cycle_exists foreign key (id, current_cycle)
    references cycles (task_force_id, number) deferrable initially deferred;

create table steps (
    task_force_id uuid not null,
    cycle int not null,
    step text not null,
    id uuid not null,
    ordinal smallint not null,
    state text not null default 'locked',
    target_date date,
    opened_at timestamptz,
    passed_at timestamptz,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (task_force_id, cycle, step),
    constraint steps_id_key unique (task_force_id, id),
    constraint steps_of_a_cycle foreign key (task_force_id, cycle) references cycles (task_force_id, number),
    constraint steps_are_the_five check ((step, ordinal) in (('policy', 1), ('sectors', 2), ('pilots', 3), ('migration', 4), ('report', 5))),
    constraint steps_state_is_known check (state in ('locked', 'open', 'submitted', 'passed')),
    constraint steps_passed_have_a_time check (state <> 'passed' or passed_at is not null)
);

create table health_statements (
    task_force_id uuid not null references task_forces (id),
    id uuid not null,
    health text not null,
    note jsonb,
    member_id uuid not null,
    created_at timestamptz not null,
    primary key (task_force_id, id),
    constraint health_statements_of_a_member foreign key (task_force_id, member_id) references members (task_force_id, id),
    constraint health_statements_health_is_known check (health in ('onTrack', 'atRisk', 'offTrack')),
    constraint health_statements_note_is_localized check (note is null or is_localized(note, 2000))
);

create table submissions (
    task_force_id uuid not null,
    id uuid not null,
    cycle int not null,
    step text not null,
    state text not null,
    note jsonb,
    member_id uuid not null,
    created_at timestamptz not null,
    decided_at timestamptz,
    version int not null default 1,
    updated_at timestamptz not null,
    primary key (task_force_id, id),
    constraint submissions_of_a_step foreign key (task_force_id, cycle, step) references steps (task_force_id, cycle, step),
    constraint submissions_of_a_member foreign key (task_force_id, member_id) references members (task_force_id, id),
    constraint submissions_state_is_known check (state in ('voting', 'passed', 'returned', 'withdrawn')),
    constraint submissions_decided_have_a_time check ((state = 'voting') = (decided_at is null)),
    constraint submissions_note_is_localized check (note is null or is_localized(note, 2000))
);
create unique index submissions_one_open_per_step on submissions (task_force_id, cycle, step) where state = 'voting';
create index submissions_of_step on submissions (task_force_id, cycle, step, id);

create table activities (
    task_force_id uuid not null,
    id uuid not null,
    number int not null,
    cycle int not null,
    step text not null,
    title jsonb not null,
    description jsonb,
    assignee_member_id uuid,
    due_date date,
    priority text not null,
    review_required boolean not null,
    state text not null default 'planned',
    blocked_from text,
    -- The reason why the activity is blocked, cancelled or open again; null afterwards.
    state_reason jsonb,
    state_since timestamptz not null,
    started_at timestamptz,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    search text generated always as (fold_localized(title) || ' ' || coalesce(fold_localized(description), '')) stored not null,
    primary key (task_force_id, id),
    constraint activities_number_key unique (task_force_id, number),
    constraint activities_of_a_step foreign key (task_force_id, cycle, step) references steps (task_force_id, cycle, step),
    constraint activities_assignee_is_a_member foreign key (task_force_id, assignee_member_id) references members (task_force_id, id),
    constraint activities_title_is_localized check (is_localized(title, 200)),
    constraint activities_description_is_localized check (description is null or is_localized(description, 10000)),
    constraint activities_reason_is_localized check (state_reason is null or is_localized(state_reason, 2000)),
    constraint activities_priority_is_known check (priority in ('low', 'normal', 'high')),
    constraint activities_state_is_known check (state in ('planned', 'inProgress', 'inReview', 'blocked', 'done', 'cancelled')),
    constraint activities_blocked_from_a_state check ((state = 'blocked') = (blocked_from is not null)),
    constraint activities_blocked_from_is_open check (blocked_from in ('planned', 'inProgress', 'inReview')),
    constraint activities_blocked_have_a_reason check (state not in ('blocked', 'cancelled') or state_reason is not null)
);
-- For lists in the three sort orders, and for the counts of the status.
create index activities_by_update on activities (task_force_id, cycle, updated_at desc, number desc);
create index activities_by_due_date on activities (task_force_id, cycle, due_or_never(due_date), number);
create index activities_by_number on activities (task_force_id, cycle, number);
create index activities_of_step on activities (task_force_id, cycle, step, state);
create index activities_of_assignee on activities (task_force_id, assignee_member_id, due_or_never(due_date), id)
    where state not in ('done', 'cancelled');
create index activities_search on activities using gin (search gin_trgm_ops);

create table activity_dependencies (
    task_force_id uuid not null,
    activity_id uuid not null,
    depends_on_id uuid not null,
    created_at timestamptz not null,
    primary key (task_force_id, activity_id, depends_on_id),
    constraint activity_dependencies_of_an_activity foreign key (task_force_id, activity_id)
        references activities (task_force_id, id) on delete cascade,
    constraint activity_dependencies_on_an_activity foreign key (task_force_id, depends_on_id)
        references activities (task_force_id, id),
    constraint activity_dependencies_on_another check (activity_id <> depends_on_id)
);
create index activity_dependencies_waiting on activity_dependencies (task_force_id, depends_on_id);

create table comments (
    task_force_id uuid not null,
    id uuid not null,
    activity_id uuid not null,
    author_id uuid not null references users (id),
    text text not null,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (task_force_id, id),
    constraint comments_on_an_activity foreign key (task_force_id, activity_id)
        references activities (task_force_id, id) on delete cascade,
    constraint comments_text_has_a_length check (length(text) between 1 and 10000)
);
create index comments_of_activity on comments (task_force_id, activity_id, id);

create table events (
    task_force_id uuid not null references task_forces (id),
    seq bigint not null,
    id uuid not null,
    at timestamptz not null,
    actor_id uuid,
    action text not null,
    subject_kind text not null,
    subject_id uuid not null,
    -- Canonical JSON, as text: the hash covers its bytes, which jsonb would not preserve.
    body text not null,
    previous_hash bytea not null,
    hash bytea not null,
    primary key (task_force_id, seq),
    constraint events_count_from_one check (seq >= 1),
    constraint events_hash_is_sha256 check (hash = sha256(previous_hash || convert_to(body, 'UTF8')))
);

-- Events are never changed -----------------------------------------------------------------------------------------

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% are never changed or deleted', tg_table_name
        using errcode = 'restrict_violation', constraint = tg_table_name || '_are_append_only';
end $$;

create trigger events_are_append_only before update or delete or truncate on events
    for each statement execute function refuse_change();
create trigger installation_events_are_append_only before update or delete or truncate on installation_events
    for each statement execute function refuse_change();

-- The panel of five to seven -----------------------------------------------------------------------------------------
--
-- The service checks the size of the panel under the task force's lock. This trigger is the backstop behind that check:
-- deferred to the commit, since a replacement passes through four members, and behind the same lock, since two
-- transactions that do not see each other's rows could both count five.

create function panel_holds() returns trigger language plpgsql as $$
declare
    touched uuid;
    size int;
    chairs int;
begin
    if tg_table_name = 'task_forces' then
        touched := new.id;
    elsif tg_op = 'DELETE' then
        touched := old.task_force_id;
    else
        touched := new.task_force_id;
    end if;
    perform from task_force_heads where task_force_id = touched for update;
    perform from task_forces where id = touched and state in ('active', 'suspended');
    if not found then
        return null;
    end if;
    select count(*), count(*) filter (where role = 'chair') into size, chairs
        from members where task_force_id = touched and to_date is null;
    if size not between 5 and 7 then
        raise exception 'a task force at work would have % members', size
            using errcode = 'check_violation', constraint = 'panel_of_five_to_seven';
    end if;
    if chairs <> 1 then
        raise exception 'a task force at work would have % chairs', chairs
            using errcode = 'check_violation', constraint = 'panel_has_one_chair';
    end if;
    return null;
end $$;

create constraint trigger members_keep_the_panel after insert or update or delete on members
    deferrable initially deferred for each row execute function panel_holds();
create constraint trigger task_forces_keep_the_panel after insert or update of state on task_forces
    deferrable initially deferred for each row execute function panel_holds();
