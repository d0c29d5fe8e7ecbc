-- The members whom a comment mentions. Rows of members are never deleted.
alter table comments
    add column mentions uuid[] not null default '{}',
    add constraint comments_mention_some check (cardinality(mentions) <= 20 and array_position(mentions, null) is null);
