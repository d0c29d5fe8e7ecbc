-- Links by which people without an account read a page. A link of a task force names it in `only_task_force_id`, and the
-- portfolio belongs to none, so the table is one of the installation, as that of the API keys.
create table share_links (
    id uuid primary key,
    seq bigint generated always as identity,
    token_hash bytea not null,
    page text not null,
    only_task_force_id uuid references task_forces,
    report_number int,
    note text,
    user_id uuid not null references users,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    accesses bigint not null default 0,
    last_accessed_at timestamptz,
    constraint share_links_of_a_known_page check (page in ('status', 'report', 'portfolio')),
    constraint share_links_of_what_the_page_shows check (
        (page = 'portfolio') = (only_task_force_id is null) and (page = 'report') = (report_number is not null)
    )
);

create unique index share_links_by_token on share_links (token_hash);
create index share_links_of_a_task_force on share_links (only_task_force_id, seq);
