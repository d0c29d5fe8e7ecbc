-- Trust: keys for scripts, identities of another issuer, responses stored for retries, refused attempts.

-- Sessions -------------------------------------------------------------------------------------------------------

-- The name of the client, as sent by the client, which identifies the session to the user.
alter table sessions add column user_agent text;
-- The number of refreshes of the session.
alter table sessions add column refreshes integer not null default 0;
alter table sessions add constraint sessions_user_agent_is_short check (length(user_agent) <= 200);

-- API keys -------------------------------------------------------------------------------------------------------

create table api_keys (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    name text not null,
    -- SHA-256 of the whole key, which only the owner has.
    key_hash bytea not null,
    may_write boolean not null,
    -- The only task force that the key opens; null for all task forces of the owner.
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

-- The identity of a user for an OpenID Connect issuer. The issuer must keep the pair unique and never reuse the pair
-- (OpenID Connect Core 1.0, 5.7); an e-mail address has no such guarantee.
create table user_identities (
    issuer text not null,
    subject text not null,
    user_id uuid not null references users (id) on delete cascade,
    created_at timestamptz not null,
    primary key (issuer, subject),
    constraint user_identities_issuer_is_short check (length(issuer) between 1 and 2000),
    constraint user_identities_subject_is_short check (length(subject) between 1 and 255)
);
-- One person at an issuer is one user here: a person who gets another person's old address at the issuer does not get
-- the account of the previous owner.
create unique index user_identities_of_user on user_identities (user_id, issuer);

-- Tokens of another issuer from before this instant are not valid for the user, since the user's sessions were ended.
alter table users add column sessions_ended_at timestamptz;

-- Retries --------------------------------------------------------------------------------------------------------

-- The response to a POST with an `Idempotency-Key`, written in the transaction of the change.
create table idempotency_keys (
    -- No foreign key: a foreign key would lock the caller's row, and two administrators who change each other at once
    -- would run into a deadlock. Housekeeping deletes the rows after a day.
    user_id uuid not null,
    -- Method, route and the parameters of the path.
    operation text not null,
    key text not null,
    -- SHA-256 of the body.
    fingerprint bytea not null,
    created_at timestamptz not null,
    -- Null only within the transaction that claims the key.
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

-- One row counts the attempts of one kind by one caller in one hour, so that no caller can fill the disk. Refused attempts
-- are not part of the event chains, since the attempts changed nothing.
create table refused_attempts (
    id uuid primary key,
    -- The hour of the attempts.
    hour timestamptz not null,
    -- The user, if a credential names the user.
    user_id uuid references users (id) on delete cascade,
    -- The network of the client; empty if the connection has no address.
    address text not null default '',
    operation text not null,
    code text not null,
    -- The task force of the attempts, if the caller could see the task force.
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
