drop table refused_attempts, idempotency_keys, user_identities, api_keys;
alter table users drop column sessions_ended_at;
alter table sessions drop column user_agent;
