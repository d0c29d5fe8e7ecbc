//! Refused attempts: recorded by user, address and operation, with a bounded number of rows.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::client::{Draft, activity};
use crate::support::votes::try_submit;
use crate::support::{TestApp, Who};

/// The recorded attempts, as the administrator reads them.
async fn remembered(app: &TestApp, filter: &str) -> Vec<Value> {
    app.app.write_refused().await.unwrap();
    app.as_administrator().list(format!("/v1/refused-attempts?{filter}").trim_end_matches('?')).await
}

async fn fail_to_sign_in(app: &TestApp, email: &str) {
    let credentials = json!({ "email": email, "password": "a guess at it" });
    app.as_anybody().post("/v1/auth/login", credentials).await.expect_problem(401, "invalidCredentials");
}

#[tokio::test]
async fn refused_attempts_are_recorded_and_counted_by_the_hour() {
    let app = TestApp::start().await;
    let a = &app.world().a;
    assert_eq!(remembered(&app, "").await, [Value::Null; 0]);

    for _ in 0..2 {
        let post = Draft::post(app.a("/activities"), &activity(json!({})));
        app.as_secretariat()
            .send(post.header("X-Request-Id", "the-last"))
            .await
            .expect_problem(403, "forbidden");
        app.advance(TimeDelta::minutes(7));
    }
    fail_to_sign_in(&app, &Who::Expert1.email()).await;
    fail_to_sign_in(&app, "nobody@council.example").await;
    try_submit(app.as_chair(), "policy").await.expect_problem(409, "gateNotMet");
    // Hidden resources, missing credentials and invalid bodies are not recorded.
    app.as_who(Who::Outsider).get(app.a("/activities")).await.expect(404);
    app.as_anybody().get("/v1/me").await.expect(401);
    app.as_chair().post(app.a("/activities"), json!({})).await.expect(400);

    let all = remembered(&app, "").await;
    let one = |code: &str| all.iter().find(|one| one["code"] == code).unwrap();
    assert_eq!(all.len(), 3, "{all:#?}");
    let forbidden = one("forbidden");
    let secretariat = json!({ "id": app.world().user(Who::Secretariat), "name": { "en": "Secretariat", "ar": "شخص Secretariat" } });
    assert_eq!(forbidden["user"], secretariat);
    assert_eq!(forbidden["address"], "127.0.0.1");
    assert_eq!(forbidden["operation"], "POST /v1/task-forces/{taskForceId}/activities");
    assert_eq!((&forbidden["taskForce"]["id"], &forbidden["attempts"]), (&json!(a), &json!(2)));
    assert_eq!(
        (&forbidden["firstAt"], &forbidden["lastAt"]),
        (&json!("2026-11-22T09:00:00Z"), &json!("2026-11-22T09:07:00Z"))
    );
    assert_eq!(forbidden["lastRequestId"], "the-last");
    let sign_in = one("invalidCredentials");
    assert_eq!((&sign_in["user"], &sign_in["taskForce"]), (&Value::Null, &Value::Null));
    assert_eq!((&sign_in["operation"], &sign_in["attempts"]), (&json!("POST /v1/auth/login"), &json!(2)));
    let gate = one("gateNotMet");
    assert_eq!(
        (&gate["user"]["id"], &gate["taskForce"]["id"]),
        (&json!(app.world().user(Who::Chair)), &json!(a))
    );

    // The next hour has rows of its own; later attempts of the same hour are added to theirs.
    app.advance(TimeDelta::minutes(20));
    fail_to_sign_in(&app, "nobody@council.example").await;
    let sign_ins = remembered(&app, "code=invalidCredentials").await;
    assert_eq!(sign_ins.iter().map(|one| one["attempts"].as_i64().unwrap()).collect::<Vec<_>>(), [3]);
    app.advance(TimeDelta::minutes(40));
    fail_to_sign_in(&app, "nobody@council.example").await;
    let sign_ins = remembered(&app, "code=invalidCredentials").await;
    assert_eq!(sign_ins.iter().map(|one| one["attempts"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 3]);

    // No row contains a submitted password or address.
    let stored = "select count(*) from refused_attempts r where r::text ilike any(array['%guess%', '%@%'])";
    assert_eq!(app.db_count(stored).await, 0);
    assert_eq!(app.db_count("select count(*) from refused_attempts").await, 4);
}

#[tokio::test]
async fn the_list_is_the_administrators_newest_first_and_narrowed() {
    let app = TestApp::start().await;
    app.as_who(Who::CouncilMember).post(app.a("/activities"), activity(json!({}))).await.expect(403);
    app.as_who(Who::CouncilMember).post(app.b("/activities"), activity(json!({}))).await.expect(403);
    app.app.write_refused().await.unwrap();
    app.as_expert().get("/v1/refused-attempts").await.expect_problem(403, "forbidden");
    app.as_secretariat().get("/v1/refused-attempts").await.expect_problem(403, "forbidden");
    let (a, council) = (&app.world().a, app.world().user(Who::CouncilMember));
    let of = async |filter: String| remembered(&app, &filter).await.len();
    assert_eq!(of(String::new()).await, 4);
    assert_eq!(of(format!("userId={council}")).await, 2);
    assert_eq!(of(format!("userId={council}&taskForceId={a}")).await, 1);
    assert_eq!(of("code=gateNotMet".to_owned()).await, 0);
    let newest_first = app.as_administrator().list_by("/v1/refused-attempts", 1).await;
    let ids: Vec<_> = newest_first.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids.is_sorted_by(|newer, older| newer > older));
    app.as_administrator().get("/v1/refused-attempts?code=nonsense").await.expect(400);
    app.as_administrator()
        .get("/v1/refused-attempts?cursor=x")
        .await
        .expect_field_errors(&["cursor invalid"]);
}

#[tokio::test]
async fn a_flood_of_kinds_fills_no_more_than_its_rows() {
    use taskforce::app::refused_attempts::RefusedAttempt;
    use taskforce::domain::refusal::RefusalCode;

    let app = TestApp::start().await;
    let attempt = |address: String, user_id| RefusedAttempt {
        user_id,
        address,
        operation: "POST /v1/auth/login".to_owned(),
        code: RefusalCode::InvalidCredentials,
        task_force_id: None,
        request_id: "r".to_owned(),
    };
    for round in 0..6 {
        for at in 0..300 {
            app.app.record_refused(attempt(format!("2001:db8:{round}::{at:x}"), None));
        }
        app.app.write_refused().await.unwrap();
    }
    assert_eq!(app.db_count("select count(*) from refused_attempts").await, 501);
    assert_eq!(app.db_count("select sum(attempts)::bigint from refused_attempts").await, 1800);
    let together = "select attempts from refused_attempts where operation = 'other' and address = '' and user_id is null";
    assert_eq!(app.db_count(together).await, 1300);
    // An attempt with a row still counts there, and attempts of known users have rows of their own.
    app.app.record_refused(attempt("2001:db8:0::1".to_owned(), None));
    let chair = app.world().user(Who::Chair).parse().unwrap();
    app.app.record_refused(attempt("192.0.2.1".to_owned(), Some(chair)));
    app.app.record_refused(attempt(
        "192.0.2.2".to_owned(),
        Some("0199f0c2-7a3b-7c11-9d2e-000000000000".parse().unwrap()),
    ));
    app.app.write_refused().await.unwrap();
    let known = "select attempts from refused_attempts where address = '2001:db8:0::1'";
    assert_eq!(app.db_count(known).await, 2);
    let of_chair = format!("select attempts from refused_attempts where user_id = '{chair}'");
    assert_eq!(app.db_count(&of_chair).await, 1);
    assert_eq!(app.db_count("select count(*) from refused_attempts").await, 502, "nobody's id is nobody");
    // The next hour begins with all its rows.
    app.advance(TimeDelta::hours(1));
    app.app.record_refused(attempt("2001:db8:9::1".to_owned(), None));
    app.app.write_refused().await.unwrap();
    assert_eq!(
        app.db_count("select count(*) from refused_attempts where address = '2001:db8:9::1'").await,
        1
    );
}

#[tokio::test]
async fn a_refusal_stays_what_it_is_when_it_can_t_be_written_and_is_written_later() {
    let app = TestApp::start().await;
    let refused = || app.as_secretariat().post(app.a("/activities"), activity(json!({})));
    app.db().await.batch_execute("alter table refused_attempts rename to away").await.unwrap();
    for answer in join_all([refused(), refused()]).await {
        answer.expect_problem(403, "forbidden");
    }
    app.app.write_refused().await.unwrap_err();
    app.db().await.batch_execute("alter table away rename to refused_attempts").await.unwrap();
    refused().await.expect_problem(403, "forbidden");
    assert_eq!(remembered(&app, "code=forbidden").await[0]["attempts"], 3);
}

#[tokio::test]
async fn a_gate_that_is_only_asked_about_is_no_attempt() {
    let app = TestApp::start().await;
    let path = app.a("/steps/policy/submissions");
    let submission = json!({});
    app.as_chair().post(format!("{path}?dryRun=true"), submission).await.expect_problem(409, "gateNotMet");
    assert_eq!(remembered(&app, "").await, [Value::Null; 0]);
}

#[tokio::test]
async fn pending_attempts_are_written_in_the_background_and_at_shutdown() {
    let app = TestApp::start().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let count = "select coalesce(sum(attempts), 0)::bigint from refused_attempts";
    let keeping = app.app.run_housekeeping(async { drop(stopped.await) });
    let watching = async {
        fail_to_sign_in(&app, "nobody@council.example").await;
        while app.db_count(count).await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        fail_to_sign_in(&app, "nobody@council.example").await;
        drop(stop);
    };
    let both = async { tokio::join!(keeping, watching) };
    tokio::time::timeout(std::time::Duration::from_secs(30), both)
        .await
        .expect("the attempts are not written");
    assert_eq!(app.db_count(count).await, 2);
}
