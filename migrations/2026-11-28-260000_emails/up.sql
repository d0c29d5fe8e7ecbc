-- E-mails that wait to be sent, and those that were sent of late. A row names its person and what the e-mail tells; address,
-- text and secrets are read or computed when the e-mail is sent, so that the table contains none of them.
create table emails (
    id uuid primary key,
    user_id uuid not null references users (id),
    kind text not null,
    state text not null default 'waiting',
    -- Every attempt has a number, so that only the latest attempt records its result.
    attempts int not null default 0,
    failures int not null default 0,
    first_failed_at timestamptz,
    -- While an attempt is being made, the time after which another process may make the next one: a process can be killed.
    next_attempt_at timestamptz not null,
    last_error text,
    created_at timestamptz not null,
    finished_at timestamptz,
    constraint emails_kind_is_known check (kind in ('invitation', 'passwordReset', 'passwordChanged')),
    constraint emails_state_is_known check (state in ('waiting', 'sent', 'refused', 'failed', 'obsolete')),
    constraint emails_finished check ((state = 'waiting') = (finished_at is null)),
    constraint emails_error_is_short check (length(last_error) <= 500)
);
create index emails_waiting on emails (next_attempt_at) where state = 'waiting';
create index emails_of_a_user on emails (user_id, created_at);
create index emails_finished_at on emails (finished_at) where state <> 'waiting';

-- Requests for a new password. A request is stored whether or not somebody has the address, so that its answer and its time
-- tell nothing; the background work looks the address up.
create table password_reset_requests (
    id uuid primary key,
    email_folded text not null,
    request_id text not null,
    created_at timestamptz not null
);
create index password_reset_requests_in_order on password_reset_requests (created_at);

-- The link of the e-mail by which a user sets a new password; a new request replaces the link.
create table password_resets (
    user_id uuid primary key references users (id),
    token_hash bytea not null,
    expires_at timestamptz not null,
    created_at timestamptz not null
);
create unique index password_resets_token on password_resets (token_hash);
create index password_resets_by_end on password_resets (expires_at);

-- An address that the mail server has refused for good gets no e-mail until it is changed or confirmed.
alter table users
    add column email_disabled_at timestamptz,
    add column email_disabled_reason text,
    add constraint users_email_disabled check ((email_disabled_at is null) = (email_disabled_reason is null)),
    add constraint users_email_disabled_reason_is_short check (length(email_disabled_reason) <= 500);
