-- Links by which a signed-in person opens a page once, and the browser in which it was opened then reads the page for some
-- hours. Like the share links, they belong to the installation.
create table page_links (
    token_hash bytea primary key,
    page text not null,
    only_task_force_id uuid references task_forces,
    report_number int,
    user_id uuid not null references users,
    -- The credential of the person: a session of the service, or a token of another issuer by the time of its issue.
    session_id uuid references sessions on delete cascade,
    issued_at timestamptz,
    created_at timestamptz not null,
    -- The end of the time to open the link, and once it was opened, the end of the time to read.
    expires_at timestamptz not null,
    opened_at timestamptz,
    -- The secret of the browser that has opened the link.
    reader_hash bytea,
    constraint page_links_of_a_known_page check (page in ('status', 'report', 'portfolio')),
    constraint page_links_of_what_the_page_shows check (
        (page = 'portfolio') = (only_task_force_id is null) and (page = 'report') = (report_number is not null)
    ),
    constraint page_links_have_one_credential check ((session_id is null) <> (issued_at is null)),
    constraint page_links_are_opened_by_somebody check ((opened_at is null) = (reader_hash is null))
);

create index page_links_of_a_user on page_links (user_id, created_at);
create index page_links_of_a_session on page_links (session_id);
create index page_links_by_end on page_links (expires_at);
