//! The costs of reads: the numbers of statements and round trips, which do not depend on the amount of data.

use std::sync::{Arc, Mutex};

use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel_async::AsyncConnection as _;

use crate::support::calendars::{calendar_of_a, own_calendar};
use crate::support::{Client, Setup, TestApp, Who};

/// Statements sent, and how often the connection had to wait: those that are under way at once share a round trip.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Cost {
    statements: usize,
    round_trips: usize,
    under_way: usize,
}

#[derive(Clone, Default)]
struct CostRecorder(Arc<Mutex<Cost>>);

impl Instrumentation for CostRecorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        let mut cost = self.0.lock().unwrap();
        match event {
            InstrumentationEvent::StartQuery { .. } => {
                cost.statements += 1;
                cost.round_trips += usize::from(cost.under_way == 0);
                cost.under_way += 1;
            }
            InstrumentationEvent::FinishQuery { .. } => cost.under_way -= 1,
            _ => {}
        }
    }
}

impl CostRecorder {
    /// A service with a single connection, and the recorder on it.
    async fn start() -> (TestApp, Self) {
        let app = TestApp::start_with(Setup { pool_size: 1, ..Setup::default() }).await;
        let recorder = Self::default();
        app.app.pool.get().await.unwrap().set_instrumentation(recorder.clone());
        (app, recorder)
    }

    /// What it costs to read something, once everything is prepared. Statements that are sent together can look as
    /// if they were sent one after the other when the machine is busy, never the other way round: so it is read
    /// several times, and the fewest round trips seen are what it needs.
    async fn of(&self, reader: Client<'_>, path: &str) -> Cost {
        reader.get(path).await.expect(200);
        let mut least: Option<Cost> = None;
        for _ in 0..10 {
            *self.0.lock().unwrap() = Cost::default();
            reader.get(path).await.expect(200);
            let cost = *self.0.lock().unwrap();
            assert!(cost.statements > 0 && cost.under_way == 0, "{path}: {cost:?}");
            let seen = *least.get_or_insert(cost);
            assert_eq!(cost.statements, seen.statements, "{path}");
            least = Some(Cost { round_trips: cost.round_trips.min(seen.round_trips), ..cost });
        }
        least.unwrap()
    }
}

/// Ten cycles, two hundred pilots and two thousand activities, as no test could live to see them.
async fn db_fill(app: &TestApp) {
    let fill = "
        insert into cycles select id, n, now() from task_forces, generate_series(2, 10) n where id = $1;
        insert into steps (task_force_id, cycle, step, id, ordinal, state, opened_at, created_at, updated_at)
            select task_force_id, n, step, gen_random_uuid(), ordinal, 'open', now(), now(), now()
            from steps, generate_series(2, 10) n where task_force_id = $1 and cycle = 1;
        update task_forces set current_cycle = 10 where id = $1;
        insert into policies (task_force_id, id, cycle, last_cycle, title, kind, aims, state, state_since, created_at, updated_at)
            select $1, gen_random_uuid(), 1, 10, '{\"en\": \"Policy\"}', 'policy', '{}', 'adopted', now(), now(), now()
            from generate_series(1, 100);
        insert into sectors (task_force_id, id, cycle, last_cycle, name, state, state_since, created_at, updated_at)
            select $1, gen_random_uuid(), 1, 10, '{\"en\": \"Sector\"}', 'selected', now(), now(), now()
            from generate_series(1, 20);
        insert into pilots (task_force_id, id, cycle, last_cycle, title, sector_id, owner_member_id, aims, start_date,
                            end_date, state, state_since, created_at, updated_at)
            select $1, gen_random_uuid(), 10, 10, '{\"en\": \"Pilot\"}',
                   (select id from sectors where task_force_id = $1 limit 1),
                   (select id from members where task_force_id = $1 limit 1),
                   '{sustainable}', '2027-01-01', '2027-06-01', 'planned', now(), now(), now()
            from generate_series(1, 200);
        insert into indicators (task_force_id, id, pilot_id, name, unit, direction, baseline, target, created_at, updated_at)
            select $1, gen_random_uuid(), p.id, '{\"en\": \"Indicator\"}', '%', 'up', 1, 2, now(), now()
            from pilots p, generate_series(1, 5) where p.task_force_id = $1;
        insert into migrations (task_force_id, id, cycle, last_cycle, pilot_id, title, target_system, planned_on,
                                state_since, created_at, updated_at)
            select $1, gen_random_uuid(), 10, 10, id, '{\"en\": \"Migration\"}', 'Platform', '2027-05-01',
                   now(), now(), now() from pilots where task_force_id = $1;
        insert into activities (task_force_id, id, number, cycle, step, title, due_date, priority, review_required,
                                pilot_id, state_since, created_at, updated_at)
            select $1, gen_random_uuid(), 1000 + n, 10, (array['policy', 'sectors', 'pilots', 'migration', 'report'])[1 + n % 5],
                   '{\"en\": \"Activity\"}', '2026-11-01', 'normal', false,
                   (select id from pilots where task_force_id = $1 order by id offset n % 200 limit 1), now(), now(), now()
            from generate_series(1, 2000) n;
        analyze";
    let id = format!("'{}'::uuid", app.world().a);
    app.db().await.batch_execute(&fill.replace("$1", &id)).await.unwrap();
}

#[tokio::test]
async fn status_and_readiness_cost_the_same_few_statements_however_much_there_is() {
    let (app, recorder) = CostRecorder::start().await;
    let chair = app.as_chair();
    let mut paths: Vec<String> = ["policy", "sectors", "pilots", "migration", "report"]
        .map(|step| app.a(&format!("/steps/{step}/readiness")))
        .to_vec();
    paths.push(app.a("/status"));
    let mut before = Vec::new();
    for path in &paths {
        before.push(recorder.of(chair, path).await);
    }
    db_fill(&app).await;
    for (path, before) in paths.iter().zip(before) {
        let after = recorder.of(chair, path).await;
        assert_eq!(after.statements, before.statements, "{path}");
        assert!(after.round_trips <= 3 && after.statements <= 10, "{path}: {after:?}");
    }
    let status = chair.get(app.a("/status")).await;
    assert!(status.text().len() <= 4096, "the status has {} bytes", status.text().len());
    let unmet = chair.get(app.a("/steps/migration/readiness")).await.json();
    assert_eq!(unmet["criteria"][0]["unmetTotal"], 200);
    assert_eq!(unmet["criteria"][0]["unmet"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn every_list_costs_the_same_few_statements_however_much_there_is() {
    let (app, recorder) = CostRecorder::start().await;
    let chair = app.as_chair();
    let lists = [
        "/activities",
        "/activities?q=act&sort=dueDate",
        "/activities?count=true",
        "/policies?sort=title&count=true",
        "/events?sort=-seq",
        "/policies",
        "/sectors",
        "/pilots",
        "/migrations",
        "/evidence",
        "/members",
        "/steps",
        "/steps/policy/submissions",
        "/reports",
        "/decisions",
        "/conditions",
        "/health-statements",
    ];
    let mut before = Vec::new();
    for list in lists {
        before.push(recorder.of(chair, &app.a(list)).await);
    }
    db_fill(&app).await;
    for (list, before) in lists.iter().zip(before) {
        let after = recorder.of(chair, &app.a(list)).await;
        assert_eq!(after.statements, before.statements, "{list}");
        assert!(after.round_trips <= 2 && after.statements <= 3, "{list}: {after:?}");
    }
    for path in ["/v1/me/tasks", "/v1/me/activities"] {
        let cost = recorder.of(chair, path).await;
        assert!(cost.round_trips <= 2 && cost.statements == 2, "{path}: {cost:?}");
    }
    // A feed reads the caller, the last events, the mark, the number of unread events and the page.
    for who in [Who::Chair, Who::CouncilMember] {
        let cost = recorder.of(app.as_who(who), "/v1/me/feed").await;
        assert!(cost.round_trips <= 2 && cost.statements == 5, "{who:?}: {cost:?}");
    }
    // The unread notifications are counted beside the list.
    let cost = recorder.of(chair, "/v1/me/notifications").await;
    assert!(cost.round_trips <= 2 && cost.statements == 3, "{cost:?}");
    // A calendar reads its link and its maker first, and then the entries.
    for path in [calendar_of_a(&app).await, own_calendar(chair).await] {
        let cost = recorder.of(app.as_anybody(), &path).await;
        assert!(cost.round_trips <= 2 && cost.statements <= 3, "{path}: {cost:?}");
    }
    for path in
        ["/v1/reports?state=submitted", "/v1/conditions?overdue=true", "/v1/decisions", "/v1/me/tasks"]
    {
        let cost = recorder.of(app.as_who(Who::CouncilMember), path).await;
        assert!(cost.round_trips <= 2 && cost.statements == 2, "{path}: {cost:?}");
    }
}
