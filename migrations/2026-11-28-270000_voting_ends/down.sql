alter table submissions drop column voting_ends_at, drop column voting_paused_at;
