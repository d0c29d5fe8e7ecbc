//! The rows that lists, searches, the portfolio and the status read: in proportion to one task force, however many there
//! are. Timings would depend on the machine; Postgres counts the rows that each statement reads from tables and indexes.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection as _;

use serde_json::json;

use crate::support::calendars::{calendar_of_a, own_calendar};
use crate::support::sectors::{new_sector, study};
use crate::support::{Client, Setup, TestApp, Who};

/// Activities of each task force that is added, three of four of them open.
const ACTIVITIES: i64 = 100;

/// The service with a single connection. Each plan is the one that Postgres takes from the sixth call on, which does not
/// depend on the values, and the one that Postgres takes for large tables: it prefers to scan tables of a few pages.
async fn start() -> TestApp {
    let app = TestApp::start_with(Setup { pool_size: 1, ..Setup::default() }).await;
    db_execute(&app, "set plan_cache_mode = force_generic_plan; set enable_seqscan = off").await;
    app
}

/// Executes a statement on the connection of the service.
async fn db_execute(app: &TestApp, statement: &str) {
    app.app.pool.get().await.unwrap().batch_execute(statement).await.unwrap();
}

/// The rows that were read since the beginning from tables and from indexes.
async fn db_rows_read(app: &TestApp) -> i64 {
    let version = "select current_setting('server_version_num')::bigint / 10000";
    if app.db_count(version).await >= 15 {
        db_execute(app, "select pg_stat_force_next_flush()").await;
    } else {
        // Earlier versions send the counts when a connection is idle, at most every half second.
        tokio::time::sleep(Duration::from_secs(1)).await;
        db_execute(app, "select 1").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    app.db_count(
        "select ((select sum(seq_tup_read) from pg_stat_user_tables)
                 + (select sum(idx_tup_read) from pg_stat_user_indexes))::bigint",
    )
    .await
}

/// The rows that a request reads once its statements are prepared.
async fn rows_read(app: &TestApp, reader: Client<'_>, path: &str) -> i64 {
    reader.get(path).await.expect(200);
    let before = db_rows_read(app).await;
    reader.get(path).await.expect(200);
    db_rows_read(app).await - before
}

/// The rows that a request reads, counted again if there are more than a limit: other connections may report what they
/// read in between, which can only add to a count.
async fn rows_read_within(app: &TestApp, reader: Client<'_>, path: &str, limit: i64) -> i64 {
    let counted = rows_read(app, reader, path).await;
    if counted <= limit { counted } else { counted.min(rows_read(app, reader, path).await) }
}

/// Adds task forces with work of every kind.
async fn db_add_task_forces(app: &TestApp, count: i64) {
    let fill = "
        create temp table added as select gen_random_uuid() as id from generate_series(1, $count);
        insert into task_forces (id, name, city, mandate, time_zone, max_sectors, created_at, updated_at)
            select id, '{\"en\": \"Added\"}', '{\"ar\": \"عمان\"}', '{\"en\": \"Mandate\"}', 'Asia/Amman', 5, now(), now() from added;
        insert into task_force_heads (task_force_id, changed_at) select id, now() from added;
        insert into cycles select id, 1, now() from added;
        insert into steps (task_force_id, cycle, step, id, ordinal, state, created_at, updated_at)
            select id, 1, step, gen_random_uuid(), at, case at when 1 then 'open' else 'locked' end, now(), now()
            from added, unnest(array['policy', 'sectors', 'pilots', 'migration', 'report']) with ordinality s (step, at);
        insert into users (id, email, email_folded, name, role, locale, created_at, updated_at)
            select id, id || '@added.example', id || '@added.example', '{\"en\": \"A chair\"}', 'expert', 'en', now(), now() from added;
        insert into members (task_force_id, id, user_id, role, from_date, created_at, updated_at)
            select id, gen_random_uuid(), id, 'chair', now(), now(), now() from added;
        insert into health_statements (task_force_id, id, health, member_id, created_at)
            select task_force_id, gen_random_uuid(), 'onTrack', m.id, now()
            from members m join added a on a.id = task_force_id, generate_series(1, 3);
        insert into policies (task_force_id, id, cycle, last_cycle, title, kind, aims, state_since, created_at, updated_at)
            select id, gen_random_uuid(), 1, 1, '{\"en\": \"A policy\"}', 'policy', '{}', now(), now(), now()
            from added, generate_series(1, 20);
        insert into sectors (task_force_id, id, cycle, last_cycle, name, state_since, created_at, updated_at)
            select id, gen_random_uuid(), 1, 1, '{\"en\": \"A sector\"}', now(), now(), now() from added, generate_series(1, 20);
        insert into pilots (task_force_id, id, cycle, last_cycle, title, sector_id, owner_member_id, aims, start_date,
                            end_date, state_since, created_at, updated_at)
            select s.task_force_id, gen_random_uuid(), 1, 1, '{\"en\": \"A pilot\"}', s.id, m.id, '{}', now(), now(), now(), now(), now()
            from added a join sectors s on s.task_force_id = a.id join members m on m.task_force_id = a.id;
        insert into migrations (task_force_id, id, cycle, last_cycle, pilot_id, title, target_system, planned_on, state_since,
                                created_at, updated_at)
            select task_force_id, gen_random_uuid(), 1, 1, p.id, '{\"en\": \"A migration\"}', 'Platform', now(), now(), now(), now()
            from added a join pilots p on p.task_force_id = a.id;
        insert into activities (task_force_id, id, number, cycle, step, title, due_date, priority, review_required, state,
                                state_since, created_at, updated_at)
            select id, gen_random_uuid(), n, 1, 'policy', '{\"ar\": \"نشاط\", \"en\": \"An activity\"}', date '2026-11-01' + n, 'normal', false,
                   (array['planned', 'inProgress', 'inReview', 'done'])[1 + n % 4], now(), now(), now()
            from added, generate_series(1, $activities) n;
        insert into evidence (task_force_id, id, activity_id, title, user_id, created_at, updated_at)
            select task_force_id, gen_random_uuid(), a.id, '{\"en\": \"A protocol\"}', (select id from users limit 1), now(), now()
            from added join activities a on a.task_force_id = added.id;
        drop table added;
        analyze";
    let fill = fill.replace("$count", &count.to_string()).replace("$activities", &ACTIVITIES.to_string());
    app.db().await.batch_execute(&fill).await.unwrap();
}

#[tokio::test]
async fn what_a_task_force_reads_does_not_grow_with_the_others() {
    let app = start().await;
    let mut paths: Vec<String> = [
        "/activities",
        "/activities?sort=dueDate",
        "/activities?sort=-updatedAt&assignee=me",
        "/activities?q=a",
        "/activities?q=an",
        "/activities?q=activity&sort=dueDate",
        "/activities?q=%D9%86&sort=-updatedAt",
        "/activities?q=7",
        "/activities?q=zzz&state=planned&overdue=true",
        "/policies?q=a",
        "/policies?sort=title&count=true",
        "/pilots?sort=-updatedAt&count=true",
        "/evidence?sort=-createdAt&count=true",
        "/conditions?sort=dueDate&count=true",
        "/events?sort=-seq&count=true",
        "/events?action=activity.created&sort=-seq",
        "/policies?q=policy",
        "/sectors?q=a",
        "/pilots?q=a",
        "/migrations?q=a",
        "/evidence",
        "/members",
        "/steps",
        "/steps/policy/submissions",
        "/steps/policy/readiness",
        "/steps/pilots/readiness",
        "/reports",
        "/decisions",
        "/conditions",
        "/health-statements",
        "/events",
        "/status",
    ]
    .map(|path| app.a(path))
    .to_vec();
    paths.extend([calendar_of_a(&app).await, own_calendar(app.as_chair()).await]);
    paths.extend(
        [
            "/v1/me/tasks",
            "/v1/me/activities",
            "/v1/me/feed",
            "/v1/me/feed?unread=true",
            "/v1/task-forces?q=a",
        ]
        .map(str::to_owned),
    );
    let chair = app.as_chair();
    db_add_task_forces(&app, 5).await;
    let mut before = Vec::new();
    for path in &paths {
        before.push(rows_read(&app, chair, path).await);
    }
    db_add_task_forces(&app, 45).await;
    for (path, before) in paths.iter().zip(before) {
        // A plan for small tables may read a row or two of each task force. Each has a hundred activities and twenty of
        // each product, which no plan may read.
        let limit = 2 * before + 150;
        let after = rows_read_within(&app, chair, path, limit).await;
        assert!(after <= limit, "{path}: {before} rows at 8 task forces, {after} at 53");
    }
}

#[tokio::test]
async fn the_portfolio_reads_a_few_rows_of_each_task_force_and_no_activities() {
    let app = start().await;
    let secretariat = app.as_secretariat();
    let paths = [
        "/v1/status",
        "/v1/status?q=zzz",
        "/v1/status?q=a",
        "/v1/status?state=forming&step=policy&health=onTrack",
        "/v1/status?beforeCouncil=false",
        "/v1/task-forces?q=zzz",
        "/v1/task-forces?step=policy",
        "/v1/me/tasks",
        "/v1/me/feed",
    ];
    db_add_task_forces(&app, 5).await;
    let mut before = Vec::new();
    for path in paths {
        before.push(rows_read(&app, secretariat, path).await);
    }
    db_add_task_forces(&app, 45).await;
    for (path, before) in paths.iter().zip(before) {
        let limit = before + 45 * (ACTIVITIES / 3) - 1;
        let after = rows_read_within(&app, secretariat, path, limit).await;
        assert!(after <= limit, "{path}: {before} rows at 8 task forces, {after} at 53");
    }
    let line = secretariat.get("/v1/status?q=added&limit=1").await.json();
    assert_eq!((&line["items"][0]["openActivities"], &line["items"][0]["overdue"]), (&75.into(), &15.into()));

    // The counts of rows are alive: a search that compares each user reads each of them.
    let users = app.db_count("select count(*) from users").await;
    assert!(rows_read(&app, secretariat, "/v1/users?q=zzz").await >= users);
}

/// Adds to each task force a report before the council, and decided ones with a condition of every state.
///
/// No open condition is due on the day of the requests or on the day before. On these days the time zone of each task force
/// decides what is overdue, so that a page of overdue conditions reads all that are due then.
async fn db_add_council(app: &TestApp) {
    let fill = "
        insert into reports (task_force_id, id, number, cycle, state, recommendation, summary, model, hash, seq, member_id,
                             submitted_at, created_at, updated_at)
            select m.task_force_id, gen_random_uuid(), n, 1, case n when 1 then 'submitted' else 'decided' end, 'continue',
                   '{\"en\": \"x\"}', '{}', sha256('{}'), 0, m.id, now(), now(), now()
            from members m, generate_series(1, 21) n
            where m.role = 'chair' and m.to_date is null
              and not exists (select from reports r where r.task_force_id = m.task_force_id);
        insert into decisions (task_force_id, id, number, report_id, cycle, outcome, meeting_reference, decided_on, reason,
                               user_id, seq, created_at)
            select task_force_id, gen_random_uuid(), number, id, 1, 'continue', 'Session', now(), summary,
                   (select id from users limit 1), 0, now()
            from reports r where state = 'decided'
              and not exists (select from decisions d where d.task_force_id = r.task_force_id and d.report_id = r.id);
        insert into conditions (task_force_id, id, decision_id, text, owner_member_id, due_date, state, state_since,
                                created_at, updated_at)
            select d.task_force_id, gen_random_uuid(), d.id, d.reason, r.member_id, date '2026-11-08' + d.number,
                   (array['open', 'open', 'open', 'reportedMet', 'met'])[1 + d.number % 5], now(), now(), now()
            from decisions d join reports r on r.task_force_id = d.task_force_id and r.id = d.report_id
            where not exists (select from conditions c where c.task_force_id = d.task_force_id and c.decision_id = d.id);
        alter table task_forces disable trigger task_forces_keep_the_panel;
        update task_forces set state = 'active';
        analyze";
    app.db().await.batch_execute(fill).await.unwrap();
}

#[tokio::test]
async fn the_lists_of_the_council_read_a_page_however_many_task_forces_there_are() {
    let app = start().await;
    let council = app.as_who(Who::CouncilMember);
    let paths = [
        "/v1/reports?limit=5",
        "/v1/reports?limit=5&sort=submittedAt",
        "/v1/reports?limit=5&state=decided,draft",
        "/v1/reports?limit=5&state=submitted&sort=submittedAt",
        "/v1/reports?limit=5&beforeCouncil=true&sort=submittedAt",
        "/v1/reports?limit=5&beforeCouncil=false&state=decided",
        "/v1/conditions?limit=5",
        "/v1/conditions?limit=5&sort=-dueDate",
        "/v1/conditions?limit=5&state=open,reportedMet",
        "/v1/conditions?limit=5&overdue=true",
        "/v1/conditions?limit=5&overdue=true&sort=-dueDate",
        "/v1/conditions?limit=5&overdue=false&state=open",
        "/v1/decisions?limit=5",
    ];
    let mut before = Vec::new();
    for (added, path) in [5, 45].into_iter().flat_map(|added| paths.map(|path| (added, path))) {
        if path == paths[0] {
            db_add_task_forces(&app, added).await;
            db_add_council(&app).await;
        }
        if added == 5 {
            assert_eq!(
                council.get(path).await.expect(200).json()["items"].as_array().unwrap().len(),
                5,
                "{path}"
            );
            before.push((path, rows_read(&app, council, path).await));
            continue;
        }
        let (_, few) = *before.iter().find(|(read, _)| *read == path).unwrap();
        let limit = 2 * few + 50;
        let many = rows_read_within(&app, council, path, limit).await;
        assert!(many <= limit, "{path}: {few} rows at 8 task forces, {many} at 53");
    }
}

/// A page of events shows the titles of deleted subjects without reading all events of each.
#[tokio::test]
async fn the_events_of_a_deleted_comment_are_read_a_few_at_a_time() {
    let app = start().await;
    let chair = app.as_chair();
    let comments = app.a(&format!("/activities/{}/comments", app.world().activity("planned")));
    let mut rows = Vec::new();
    for edits in [30, 120] {
        let mut comment = chair.create(comments.clone(), json!({ "text": "0" })).await;
        for edit in 1..=edits {
            comment = chair.patch(&comment, json!({ "text": edit.to_string() })).await.expect(200).resource();
        }
        chair.delete(&comment).await.expect(204);
        rows.push(rows_read(&app, chair, &app.a("/events?limit=20&sort=-seq")).await);
    }
    // Four times as many events: read for each event of the page, these would be 1,800 rows more.
    assert!(rows[1] < rows[0] + 300, "{rows:?}");
}

/// The pieces of long texts of events that were read since the beginning.
async fn db_pieces_read(app: &TestApp) -> i64 {
    db_rows_read(app).await;
    let query = "select coalesce(idx_tup_fetch, 0)::bigint from pg_stat_all_tables
        where relid = (select reltoastrelid from pg_class where oid = 'events'::regclass)";
    app.db_count(query).await
}

/// A page of small events is not delayed by the long texts of the other events of its subject, which was deleted with its
/// parent, without an event of its own about that.
#[tokio::test]
async fn no_long_text_is_read_for_the_title_of_a_deleted_subject() {
    let app = start().await;
    app.db_open("sectors").await;
    let expert = app.as_expert();
    let sector = new_sector(&app, json!({})).await;
    let mut changed = expert.create(format!("{}/studies", sector.path), study(json!({}))).await;
    for edit in 0..10 {
        changed =
            expert.patch(&changed, json!({ "approach": format!("{edit}") })).await.expect(200).resource();
    }
    for edit in 0..4 {
        // Text that is hardly compressed.
        let letter = |at: u32| char::from_u32(0x4e00 + (at * at + edit) % 20_000).unwrap();
        let long: String = (0..10_000).map(letter).collect();
        let both = json!({ "ar": long, "en": long });
        let fields = json!({ "approach": long, "findings": both, "recommendation": both });
        changed = expert.patch(&changed, fields).await.expect(200).resource();
    }
    expert.delete(&sector).await.expect(204);
    let page = app.a(&format!("/events?limit=100&subject={}", changed.id()));
    let before = db_pieces_read(&app).await;
    let events = expert.get(page).await.expect(200).json();
    let read = db_pieces_read(&app).await - before;
    let titles: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|event| &event["subject"]["title"]).collect();
    assert_eq!(titles, [&changed["title"]; 12], "the page ends after the first long one");
    // The long one that is shown has about a hundred pieces. Read for each event of the page, these would be thousands.
    assert!(read < 500, "{read}");
}
