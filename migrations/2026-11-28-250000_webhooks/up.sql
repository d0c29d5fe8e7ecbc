-- Addresses of other systems to which the events of a task force are sent. Nothing of it belongs to the archive of a task
-- force: a restored task force shall not begin to send, and a secret is of use only to the installation that made it.
create table webhooks (
    task_force_id uuid not null references task_forces,
    id uuid not null,
    url text not null,
    -- The system that receives the events.
    name text not null,
    -- The actions of the events that are sent; empty for all.
    actions text[] not null,
    -- The language of the sentence in each event.
    language text not null,
    state text not null,
    -- The user by whose right events are sent; null once the user has lost all authority that was given away.
    owner_id uuid references users,
    version int not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (task_force_id, id),
    constraint webhooks_language_is_known check (language in ('ar', 'en')),
    constraint webhooks_state_is_known check (state in ('active', 'paused', 'disabled'))
);
create index webhooks_of_an_owner on webhooks (owner_id);

-- The secrets by which messages are signed, encrypted. A secret that was replaced stays valid for a while. The table has no
-- checks, since Postgres writes the row of a violated check into its log.
create table webhook_secrets (
    task_force_id uuid not null,
    webhook_id uuid not null,
    id uuid not null,
    sealed bytea not null,
    created_at timestamptz not null,
    -- The end of a secret that was replaced.
    expires_at timestamptz,
    primary key (task_force_id, webhook_id, id),
    constraint webhook_secrets_of_a_webhook
        foreign key (task_force_id, webhook_id) references webhooks (task_force_id, id) on delete cascade
);

-- How far the events were delivered, and who delivers at present. There is no row for an event that waits: the events
-- themselves are the queue, and a webhook has a place in it.
create table webhook_positions (
    task_force_id uuid not null,
    webhook_id uuid not null,
    -- The sequence number of the last event that is done with.
    seq bigint not null,
    -- Failed attempts to deliver the next event.
    failures int not null,
    -- The first failure since the last success.
    failing_since timestamptz,
    next_attempt_at timestamptz,
    last_delivered_at timestamptz,
    -- The worker that delivers, and the end of its claim by the clock of the database.
    claim uuid,
    claimed_until timestamptz,
    primary key (task_force_id, webhook_id),
    constraint webhook_positions_of_a_webhook
        foreign key (task_force_id, webhook_id) references webhooks (task_force_id, id) on delete cascade
);

-- The log of attempts, and the deliveries that were asked for and are not done yet. The rows of a webhook are bounded.
create table webhook_deliveries (
    task_force_id uuid not null,
    id uuid not null,
    webhook_id uuid not null,
    -- Orders the rows of a webhook.
    number bigint generated always as identity,
    -- The event; null for a test.
    event_id uuid,
    event_seq bigint,
    action text,
    outcome text not null,
    attempt int not null,
    status int,
    error text,
    milliseconds int,
    created_at timestamptz not null,
    finished_at timestamptz,
    primary key (task_force_id, id),
    constraint webhook_deliveries_of_a_webhook
        foreign key (task_force_id, webhook_id) references webhooks (task_force_id, id) on delete cascade,
    constraint webhook_deliveries_of_an_event_or_a_test check ((event_id is null) = (event_seq is null)),
    constraint webhook_deliveries_outcome_is_known check (outcome in ('pending', 'delivered', 'failed', 'setAside')),
    constraint webhook_deliveries_end_with_an_outcome check ((outcome = 'pending') = (finished_at is null))
);
create index webhook_deliveries_in_order on webhook_deliveries (task_force_id, webhook_id, number);
create index webhook_deliveries_pending on webhook_deliveries (task_force_id, webhook_id, number) where outcome = 'pending';
