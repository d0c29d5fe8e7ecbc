-- Trust: keys for scripts, identities of another issuer, answers kept for retries, attempts that were refused.

-- Sessions -------------------------------------------------------------------------------------------------------

-- What the user is shown a session by, as the client named itself.
alter table sessions add column user_agent text;
-- How often it was prolonged.
alter table sessions add column refreshes integer not null default 0;
alter table sessions add constraint sessions_user_agent_is_short check (length(user_agent) <= 200);

-- API keys -------------------------------------------------------------------------------------------------------

create table api_keys (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    name text not null,
    -- SHA-256 of the whole key, which only its owner has.
    key_hash bytea not null,
    may_write boolean not null,
    -- The only task force that it opens; null for all of its owner's.
    only_task_force_id uuid references task_forces (id),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz,
    constraint api_keys_hash_key unique (key_hash),
    constraint api_keys_name_is_short check (length(name) between 1 and 200),
    constraint api_keys_expire_later check (expires_at > created_at)
);
create index api_keys_of_user on api_keys (user_id, id);

-- Single sign-on -------------------------------------------------------------------------------------------------

-- Who somebody is for an issuer of OpenID Connect. The pair is the issuer's to keep unique and never to reuse
-- (OpenID Connect Core 1.0, 5.7); an e-mail address is not.
create table user_identities (
    issuer text not null,
    subject text not null,
    user_id uuid not null references users (id) on delete cascade,
    created_at timestamptz not null,
    primary key (issuer, subject),
    constraint user_identities_issuer_is_short check (length(issuer) between 1 and 2000),
    constraint user_identities_subject_is_short check (length(subject) between 1 and 255)
);
-- One person at an issuer is one user here: an address that was given to somebody else there doesn't come with the
-- account of whoever had it before.
create unique index user_identities_of_user on user_identities (user_id, issuer);

-- Before this instant no token of another issuer is good for the user: their sessions have been ended.
alter table users add column sessions_ended_at timestamptz;

-- Retries --------------------------------------------------------------------------------------------------------

-- What a POST with an `Idempotency-Key` was answered, written in the transaction of what it did.
create table idempotency_keys (
    -- No foreign key: it would lock the caller's row, and of two administrators who change each other at once
    -- one would fall to a deadlock. The rows go after a day.
    user_id uuid not null,
    -- Method, route and what stands in it.
    operation text not null,
    key text not null,
    -- SHA-256 of the body.
    fingerprint bytea not null,
    created_at timestamptz not null,
    -- Null only inside of the transaction that claims it.
    status smallint,
    etag text,
    location text,
    body bytea,
    primary key (user_id, operation, key),
    constraint idempotency_keys_key_is_short check (length(key) between 1 and 255),
    constraint idempotency_keys_operation_is_short check (length(operation) between 1 and 500),
    constraint idempotency_keys_fingerprint_is_a_hash check (length(fingerprint) = 32)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

-- Refused attempts -----------------------------------------------------------------------------------------------

-- Attempts of one kind by one caller in one hour are one row that counts them, so that nobody fills the disk by
-- trying. They stand apart from the chains of events: nothing was changed.
create table refused_attempts (
    id uuid primary key,
    -- The hour in which they were made.
    hour timestamptz not null,
    -- Who tried, where a credential said so.
    user_id uuid references users (id) on delete cascade,
    -- From where; empty where the connection does not say.
    address text not null default '',
    operation text not null,
    code text not null,
    -- The task force that they were about, where the caller could see it.
    about_task_force_id uuid,
    attempts bigint not null default 1,
    first_at timestamptz not null,
    last_at timestamptz not null,
    last_request_id text not null,
    constraint refused_attempts_are_counted check (attempts >= 1)
);
create index refused_attempts_by_age on refused_attempts (last_at, id);
create unique index refused_attempts_kind on refused_attempts (
    hour, operation, code, address,
    coalesce(user_id, '00000000-0000-0000-0000-000000000000'),
    coalesce(about_task_force_id, '00000000-0000-0000-0000-000000000000')
);
