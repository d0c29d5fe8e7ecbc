//! Housekeeping: expired rows are deleted when they are due, and no other rows.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::app::PASSWORD;
use crate::support::client::{Draft, activity};
use crate::support::{TestApp, Who};

#[tokio::test]
async fn expired_rows_are_deleted_when_they_are_due() {
    let app = TestApp::start().await;
    app.app.delete_expired().await.unwrap();
    let count = async |table: &str| app.db_count(&format!("select count(*) from {table}")).await;
    let events = app.db_events().await;
    let create = Draft::post(app.a("/activities"), &activity(json!({}))).header("Idempotency-Key", "once");
    app.as_chair().send(create.clone()).await.expect(201);
    app.as_secretariat().send(create).await.expect(403);
    app.app.write_refused().await.unwrap();
    let key = "insert into api_keys (id, user_id, name, key_hash, may_write, created_at, expires_at)
        select gen_random_uuid(), id, 'old', sha256('x'), true, '2026-11-22', '2026-11-23' from users limit 1";
    app.db().await.execute(key, &[]).await.unwrap();
    let path = format!("/v1/users/{}/invitations", app.world().user(Who::Expert2));
    app.as_administrator().send(Draft::new(reqwest::Method::POST, path)).await.expect(201);
    let running = "sessions where ended_at is null";
    let sessions = count(running).await;
    assert!(sessions > 10 && sessions < count("sessions").await, "one of them ended with the invitation");
    let counts = async || {
        [count("idempotency_keys").await, count("refused_attempts").await, count("invitations").await]
    };
    assert_eq!(counts().await, [1, 1, 1]);

    let invited = app.clock.now();
    let pass = async |until: TimeDelta| {
        app.advance(invited + until - app.clock.now());
        app.app.delete_expired().await.unwrap();
    };
    pass(TimeDelta::hours(23)).await;
    assert_eq!(counts().await, [1, 1, 1]);
    pass(TimeDelta::hours(25)).await;
    assert_eq!(counts().await, [0, 1, 1]);
    // An invitation lapses after a week; then 30 days go by. So it is with a session that nobody refreshes.
    pass(TimeDelta::days(36)).await;
    assert_eq!(counts().await, [0, 1, 1]);
    assert_eq!(
        count("sessions").await,
        sessions,
        "those that ended are gone; the others are still known when their tokens come again"
    );
    let credentials = json!({ "email": Who::Chair.email(), "password": PASSWORD });
    app.as_anybody().post("/v1/auth/login", credentials).await.expect(200);
    pass(TimeDelta::days(38)).await;
    assert_eq!(counts().await, [0, 1, 0]);
    assert_eq!((count("sessions").await, count("refresh_tokens").await), (1, 1), "only the live one stays");
    pass(TimeDelta::days(89)).await;
    assert_eq!(counts().await, [0, 1, 0]);
    pass(TimeDelta::days(91)).await;
    assert_eq!(counts().await, [0, 0, 0]);
    assert_eq!(count("api_keys where name = 'old'").await, 1, "an expired key stays in its owner's list");
    assert!(app.db_events().await > events, "what happened stays for ever");
}

#[tokio::test]
async fn many_expired_rows_are_deleted_in_batches() {
    let app = TestApp::start().await;
    let many = "insert into idempotency_keys (user_id, operation, key, fingerprint, created_at)
        select u.id, 'POST /x', n::text, sha256('x'), timestamptz '2026-11-20' from generate_series(1, 2500) n,
            (select id from users limit 1) u";
    app.db().await.execute(many, &[]).await.unwrap();
    assert!(app.app.delete_expired().await.unwrap() >= 2500);
    assert_eq!(app.db_count("select count(*) from idempotency_keys").await, 0);
}
