-- Copies one task force, the template, until the database has as many task forces as the benchmark asks for.
--
-- Every table below a task force and the users of its members are copied, whatever tables and columns there are, so that
-- this file does not change with the schema. The last five digits of each id of the template are replaced by the number of
-- the copy, in columns as well as in the text of the events, so that every reference stays within the copy. The chains of
-- events are computed anew.
--
-- Variables of psql: `template` (id of the template), `copies`.

\set ON_ERROR_STOP on
begin;
-- Without triggers: the rows that triggers maintain are copied like all others.
set local session_replication_role = replica;
set local statement_timeout = 0;
set local synchronous_commit = off;

create function pg_temp.chained(before bytea, body text) returns bytea language sql immutable
    return sha256(before || convert_to(body, 'UTF8'));

-- The hashes of a chain, as a window over its events.
create aggregate pg_temp.chain(text) (
    sfunc = pg_temp.chained,
    stype = bytea,
    initcond = '\x0000000000000000000000000000000000000000000000000000000000000000'
);

create function pg_temp.own_id(id uuid, copy int) returns uuid language sql immutable
    return (left(id::text, 31) || lpad(to_hex(copy), 5, '0'))::uuid;

create function pg_temp.own_ids(text text, copy int) returns text language sql immutable
    return regexp_replace(
        text,
        '([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{7})[0-9a-f]{5}',
        '\1' || lpad(to_hex(copy), 5, '0'),
        'g'
    );

create function pg_temp.copy_rows(name text, rows_of text, copies int) returns void language plpgsql as $$
declare
    columns text;
    expressions text;
begin
    select
        string_agg(quote_ident(column_name), ', ' order by ordinal_position),
        string_agg(
            case
                when data_type = 'uuid' then format('pg_temp.own_id(%I, copy)', column_name)
                when name = 'users' and column_name in ('email', 'email_folded')
                    then format('replace(%I, ''@'', ''+'' || copy || ''@'')', column_name)
                else quote_ident(column_name)
            end,
            ', ' order by ordinal_position
        )
    into columns, expressions
    from information_schema.columns
    where table_schema = 'public' and table_name = name and is_generated = 'NEVER' and is_identity = 'NO';
    execute format(
        'insert into %I (%s) select %s from (select * from %I where %s) rows, generate_series(1, %s) copy',
        name, columns, expressions, name, rows_of, copies
    );
end
$$;

create temporary table template on commit drop as select :'template'::uuid as id, :copies as copies;

do $$
declare
    template uuid := (select id from template);
    copies int := (select template.copies from template);
    members text := format('select user_id from members where task_force_id = %L', template);
    name text;
begin
    perform pg_temp.copy_rows('users', format('id in (%s)', members), copies);
    perform pg_temp.copy_rows('passwords', format('user_id in (%s)', members), copies);
    perform pg_temp.copy_rows('task_forces', format('id = %L', template), copies);
    for name in
        select table_name from information_schema.columns
        where table_schema = 'public' and column_name = 'task_force_id' and is_nullable = 'NO'
            and table_name not in ('events', 'idempotency_keys')
    loop
        perform pg_temp.copy_rows(name, format('task_force_id = %L', template), copies);
    end loop;
end
$$;

with bodies as (
    select e.*, copy, pg_temp.own_ids(body, copy) as own_body
    from events e, generate_series(1, :copies) copy
    where e.task_force_id = :'template'
),
chained as (
    select *, pg_temp.chain(own_body) over (partition by copy order by seq) as own_hash from bodies
)
insert into events
    (task_force_id, seq, id, at, actor_id, action, subject_kind, subject_id, body, previous_hash, hash)
select
    pg_temp.own_id(task_force_id, copy), seq, pg_temp.own_id(id, copy), at, pg_temp.own_id(actor_id, copy), action,
    subject_kind, pg_temp.own_id(subject_id, copy), own_body,
    coalesce(
        lag(own_hash) over (partition by copy order by seq),
        '\x0000000000000000000000000000000000000000000000000000000000000000'
    ),
    own_hash
from chained;

update task_force_heads h set hash = e.hash
from events e
where e.task_force_id = h.task_force_id and e.seq = h.seq and e.hash <> h.hash;

commit;

vacuum (analyze);
