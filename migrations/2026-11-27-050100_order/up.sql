-- The order in which things happened, which no clock tells: clocks go back, and the clocks of two processes differ.

-- In a task force: ids grow under its lock. Each new one is greater than this.
alter table task_force_heads
    add column last_id uuid not null default '00000000-0000-0000-0000-000000000000';
update task_force_heads h set last_id = ids.last_id
from (
    select task_force_id, max(id::text collate "C")::uuid as last_id
    from (
        select task_force_id, id from events
        union all
        select task_force_id, subject_id from events
    ) made
    -- UUIDs of version 7, the only ones that the service makes.
    where substr(id::text, 15, 1) = '7'
    group by task_force_id
) ids
where ids.task_force_id = h.task_force_id;

-- Outside of task forces, and across them: rows are numbered as they are inserted.
alter table sessions add column seq bigint;
alter table api_keys add column seq bigint;
alter table refused_attempts add column seq bigint;
alter table decisions add column register_seq bigint;

update sessions t set seq = o.seq
    from (select id, row_number() over (order by created_at, id) as seq from sessions) o where o.id = t.id;
update api_keys t set seq = o.seq
    from (select id, row_number() over (order by created_at, id) as seq from api_keys) o where o.id = t.id;
update refused_attempts t set seq = o.seq
    from (select id, row_number() over (order by id) as seq from refused_attempts) o where o.id = t.id;
update decisions t set register_seq = o.seq
    from (select task_force_id, id, row_number() over (order by id) as seq from decisions) o
    where o.task_force_id = t.task_force_id and o.id = t.id;

alter table sessions alter column seq set not null, alter column seq add generated always as identity;
alter table api_keys alter column seq set not null, alter column seq add generated always as identity;
-- Refused attempts are numbered by the statement that inserts them, since it inserts them in another order than that in
-- which they were made.
alter table refused_attempts alter column seq set not null;
alter table decisions alter column register_seq set not null, alter column register_seq add generated always as identity;

select setval(pg_get_serial_sequence('sessions', 'seq'), (select coalesce(max(seq), 0) + 1 from sessions), false);
select setval(pg_get_serial_sequence('api_keys', 'seq'), (select coalesce(max(seq), 0) + 1 from api_keys), false);
select setval(pg_get_serial_sequence('decisions', 'register_seq'), (select coalesce(max(register_seq), 0) + 1 from decisions), false);

drop index api_keys_of_user;
create index api_keys_of_user on api_keys (user_id, seq);
create index refused_attempts_by_seq on refused_attempts (seq, id);
drop index decisions_register;
create index decisions_register on decisions (register_seq);
