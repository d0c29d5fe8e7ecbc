alter table users add column password_hash text;
update users set password_hash = hash from passwords where user_id = id;
drop table passwords;
