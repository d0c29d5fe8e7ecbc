//! Outages: the database unavailable, the pool exhausted, many requests at once.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::support::client::activity;
use crate::support::{Answer, Setup, TestApp, Who, postgres};

/// Within two seconds, and a little for a busy machine.
const SOON: Duration = Duration::from_secs(3);

fn expect_unavailable(answer: Answer) {
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!(seconds > 0);
    let problem = answer.expect_problem(503, "unavailable");
    let text = problem.to_string().to_lowercase();
    for inside in ["postgres", "sql", "pool", "connection", "socket"] {
        assert!(!text.contains(inside), "{text}");
    }
}

#[tokio::test]
async fn without_its_database_it_says_so_soon_and_recovers_by_itself() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    chair.get(app.a("")).await.expect(200);
    let maintenance = postgres::connect("postgres").await;
    let (database, allow) = (&app.database, "alter database");
    maintenance.batch_execute(&format!("{allow} {database} allow_connections false")).await.unwrap();
    let kill = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'");
    maintenance.batch_execute(&kill).await.unwrap();

    let begun = Instant::now();
    expect_unavailable(chair.get(app.a("")).await);
    expect_unavailable(chair.post(app.a("/activities"), activity(json!({}))).await);
    expect_unavailable(chair.post("/v1/auth/login", json!({ "email": "a@b", "password": "x" })).await);
    chair.get("/health/ready").await.expect(503);
    assert!(begun.elapsed() < SOON * 4, "{:?} for four", begun.elapsed());
    chair.get("/health/live").await.expect(200);
    chair.get("/v1/vocabularies").await.expect(200);

    maintenance.batch_execute(&format!("{allow} {database} allow_connections true")).await.unwrap();
    chair.get(app.a("")).await.expect(200);
    chair.create_activity(json!({})).await;
    // The result of the last check is cached for a second.
    let mut asked = 0;
    while chair.get("/health/ready").await.status != 200 {
        asked += 1;
        assert!(asked < 100, "readiness does not recover");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_database_that_goes_in_the_middle_of_a_request_is_503_and_never_500() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    // A lock that the request has to wait for, and its connection cut while it waits.
    let holder = app.db_another().await;
    holder.batch_execute("begin; select from task_force_heads for update").await.unwrap();
    let cut = async {
        let waiting = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        app.db_reaches(waiting, 1).await;
    };
    let (answer, ()) = tokio::join!(chair.post(app.a("/activities"), activity(json!({}))), cut);
    expect_unavailable(answer);
    holder.batch_execute("rollback").await.unwrap();
    chair.create_activity(json!({})).await;
}

#[tokio::test]
async fn waiting_too_long_for_a_lock_is_503() {
    let app = TestApp::start().await;
    let holder = app.db_another().await;
    holder.batch_execute("begin; select from task_force_heads for update").await.unwrap();
    let begun = Instant::now();
    expect_unavailable(app.as_chair().post(app.a("/activities"), activity(json!({}))).await);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    app.as_chair().get(app.a("")).await.expect(200);
    holder.batch_execute("rollback").await.unwrap();
    app.as_chair().create_activity(json!({})).await;
}

#[tokio::test]
async fn with_every_connection_taken_it_says_so_soon() {
    let app = TestApp::start_with(Setup { pool_size: 1, ..Setup::default() }).await;
    let chair = app.as_chair();
    let taken = app.app.pool.get().await.unwrap();
    let begun = Instant::now();
    expect_unavailable(chair.get(app.a("")).await);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let begun = Instant::now();
    expect_unavailable(chair.post(app.a("/activities"), activity(json!({}))).await);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    drop(taken);
    chair.get(app.a("")).await.expect(200);
}

#[tokio::test]
async fn many_mixed_requests_at_once_are_answered_by_the_contract() {
    let app = TestApp::start_with(Setup { pool_size: 2, ..Setup::default() }).await;
    let mixed = (0..16).map(async |at| {
        let who = app.as_who([Who::Chair, Who::Expert1, Who::CouncilMember, Who::Outsider][at % 4]);
        match at / 4 {
            0 => who.get(app.a("/status")).await,
            1 => who.post(app.a("/activities"), activity(json!({}))).await,
            2 => who.get(app.a("/activities?sort=-updatedAt")).await,
            _ => who.post(app.a("/health-statements"), json!({ "health": "atRisk" })).await,
        }
    });
    // The client checks that none is a 500 and each is documented. Requests that wait too long are 503.
    let answers = join_all(mixed).await;
    for done in [200, 201] {
        assert!(answers.iter().any(|answer| answer.status == done), "none of them is answered {done}");
    }
    for answer in answers {
        assert!([200, 201, 403, 404, 503].contains(&answer.status), "{}: {}", answer.request, answer.text());
    }
}
