drop index password_resets_of_a_user;
-- Only the newest link of a user remains.
delete from password_resets r
where exists (
    select from password_resets o
    where o.user_id = r.user_id and (o.created_at, o.token_hash) > (r.created_at, r.token_hash)
);
alter table password_resets
    drop constraint password_resets_pkey,
    add primary key (user_id);
create unique index password_resets_token on password_resets (token_hash);
