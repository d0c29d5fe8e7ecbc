drop index decisions_register;
create index decisions_register on decisions (id);
drop index refused_attempts_by_seq;
drop index api_keys_of_user;
create index api_keys_of_user on api_keys (user_id, id);

alter table decisions drop column register_seq;
alter table refused_attempts drop column seq;
alter table api_keys drop column seq;
alter table sessions drop column seq;
alter table task_force_heads drop column last_id;
