-- The last two links of a user set a password: everybody who knows the address can ask for another link, which must not make
-- the link worthless that its owner is about to use.
alter table password_resets
    drop constraint password_resets_pkey,
    add primary key (token_hash);
drop index password_resets_token;
create index password_resets_of_a_user on password_resets (user_id, created_at);
