-- A vote can have an end. While the task force is suspended the vote pauses, and its end then moves on by the pause.
alter table submissions
    add column voting_ends_at timestamptz,
    add column voting_paused_at timestamptz,
    add constraint submissions_voting_ends_after_it_begins check (voting_ends_at > created_at),
    add constraint submissions_votes_with_an_end_pause
        check (voting_paused_at is null or (state = 'voting' and voting_ends_at is not null));

-- The votes that end next.
create index submissions_by_end_of_voting on submissions (voting_ends_at)
    where state = 'voting' and voting_paused_at is null and voting_ends_at is not null;
