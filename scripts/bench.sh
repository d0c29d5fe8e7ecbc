#!/bin/sh
# Measures a running demo beside Postgres itself: requests per second for one activity, a list of 25 activities and the
# status, as a signed-in member, and pgbench of the same statements (the caller, and the query) in the same run.
#
#   TASKFORCE_DATA_DIR=/tmp/bench TASKFORCE_DEMO_PASSWORD=bench-password target/release/taskforce demo &
#   scripts/bench.sh /tmp/bench bench-password [seconds] [connections]
#
# The script needs wrk, pgbench and psql. The script fills the database of the demo to a hundred task forces with 2,000
# activities each: never run the script on data that you want to keep.
set -eu

data_dir=$1 password=$2 seconds=${3:-15} connections=${4:-32}
url=${TASKFORCE_PUBLIC_URL:-http://127.0.0.1:8080}
database=$(cat "$data_dir/database-url")
scripts=$(mktemp -d)
trap 'rm -rf "$scripts"' EXIT

sql() { psql "$database" -qAt -v ON_ERROR_STOP=1 "$@"; }

sql <<'SQL'
do $$
declare
    model task_forces;
    member uuid;
    task_force uuid;
    missing int;
begin
    select * into model from task_forces where state = 'active' order by id limit 1;
    select id into member from members where task_force_id = model.id and role = 'chair' and to_date is null;
    for at in 1..99 loop
        exit when (select count(*) from task_forces) >= 101;
        task_force := gen_random_uuid();
        insert into task_forces (id, name, city, mandate, time_zone, max_sectors, created_at, updated_at)
            values (task_force, model.name, model.city, model.mandate, model.time_zone, 5, now(), now());
        insert into task_force_heads (task_force_id, changed_at) values (task_force, now());
        insert into cycles values (task_force, 1, now());
        insert into steps (task_force_id, cycle, step, id, ordinal, state, created_at, updated_at)
            select task_force, 1, step, gen_random_uuid(), ordinal, state, created_at, updated_at
            from steps where task_force_id = model.id and cycle = 1 and state <> 'passed';
    end loop;
    for task_force, missing in
        select t.id, 2000 - (select count(*) from activities a where a.task_force_id = t.id)
        from task_forces t where t.state = 'active' or t.name = model.name
    loop
        insert into activities (task_force_id, id, number, cycle, step, title, assignee_member_id, due_date, priority,
                review_required, state, state_since, created_at, updated_at)
            select task_force, gen_random_uuid(), 1000 + n, 1, 'pilots',
                jsonb_build_object('ar', 'نشاط رقم ' || n, 'en', 'Activity number ' || n),
                case when task_force = model.id then member end, current_date + (n % 90), 'normal', false,
                (array['planned', 'inProgress', 'done'])[1 + n % 3], now(), now(), now() - n * interval '1 minute'
            from generate_series(1, missing) n;
    end loop;
end $$;
SQL
sql -c 'vacuum analyze'

token=$(curl -s "$url/v1/auth/login" -H 'Content-Type: application/json' \
    -d "{\"email\": \"chair@demo.example\", \"password\": \"$password\"}" | sed 's/.*"accessToken":"\([^"]*\)".*/\1/')
task_force=$(sql -c "select id from task_forces where state = 'active' order by id limit 1")
activity=$(sql -c "select id from activities where task_force_id = '$task_force' order by number limit 1")
user=$(sql -c "select id from users where email = 'chair@demo.example'")
session=$(sql -c "select id from sessions where user_id = '$user' order by created_at desc limit 1")

# The statements of the service, as sent by src/db/access.rs and src/db/activities.rs.
access="select u.id, u.name, u.role, u.state, coalesce(s.ended_at is null and s.expires_at > now(), false), false, m.id, m.role, t.state, t.current_cycle, local_date(now(), t.time_zone), h.seq from users u left join sessions s on s.id = '$session' and s.user_id = u.id left join task_forces t on t.id = '$task_force' left join task_force_heads h on h.task_force_id = '$task_force' left join members m on m.task_force_id = '$task_force' and m.user_id = u.id and m.to_date is null where u.id = '$user';"
one="select a.id, a.number, a.cycle, a.step, a.title, a.description, a.assignee_member_id, a.due_date, a.priority, a.review_required, a.state, a.blocked_from, a.state_reason, a.state_since, a.started_at, a.version, a.created_at, a.updated_at, s.state, d.depends_on, d.unfinished from activities a join steps s on s.task_force_id = a.task_force_id and s.cycle = a.cycle and s.step = a.step cross join lateral (select coalesce(array_agg(d.depends_on_id order by d.depends_on_id), '{}') as depends_on, count(*) filter (where o.state not in ('done', 'cancelled')) as unfinished from activity_dependencies d join activities o on o.task_force_id = d.task_force_id and o.id = d.depends_on_id where d.task_force_id = a.task_force_id and d.activity_id = a.id) d where a.task_force_id = '$task_force' and a.id = '$activity';"
list="select a.id, a.number, a.cycle, a.step, a.title, a.description, a.assignee_member_id, a.due_date, a.priority, a.review_required, a.state, a.blocked_from, a.state_reason, a.state_since, a.started_at, a.version, a.created_at, a.updated_at, array(select depends_on_id from activity_dependencies d where d.task_force_id = a.task_force_id and d.activity_id = a.id order by depends_on_id) from activities a where a.task_force_id = '$task_force' and a.cycle = (select current_cycle from task_forces where id = '$task_force' limit 1) order by a.number limit 26;"

pipeline() { printf '\\startpipeline\n%s\n%s\n\\endpipeline\n' "$access" "$1" >"$scripts/$2.sql"; }
pipeline "$one" activity
pipeline "$list" list
printf '%s\n' "$access" >"$scripts/status.sql"

measure() {
    served=$(wrk -t2 "-c$connections" "-d${seconds}s" --latency -H "Authorization: Bearer $token" "$url/v1/task-forces/$task_force/$2" |
        awk '/Requests\/sec/ { rps = $2 } /99%/ { p99 = $2 } /Non-2xx/ { bad = " (" $0 ")" } END { printf "%9.0f/s, 99%% within %s%s", rps, p99, bad }')
    floor=$(pgbench -n -M prepared "-c$connections" -j2 "-T$seconds" -f "$scripts/$1.sql" "$database" 2>/dev/null | awk '/^tps/ { printf "%.0f", $3 }')
    printf '%-10s %s   pgbench %9s/s\n' "$1" "$served" "$floor"
}
measure activity "activities/$activity"
measure list activities
measure status status
