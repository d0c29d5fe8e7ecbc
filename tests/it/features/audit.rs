//! The audit: changes of recorded events past the service and its triggers are detected.

use std::process::Command;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio_postgres::types::ToSql;

use crate::support::client::activity;
use crate::support::{TestApp, Who, postgres};

async fn verification(app: &TestApp) -> Value {
    app.as_expert().get(app.a("/audit/verification")).await.expect(200).json()
}

/// Disables what protects the tables, as their owner can.
async fn db_unprotected(app: &TestApp) {
    let unprotected = "alter table events disable trigger events_are_append_only;
        alter table events drop constraint events_hash_is_sha256;
        alter table events drop constraint events_pkey";
    app.db().await.batch_execute(unprotected).await.unwrap();
}

async fn db_run(app: &TestApp, statement: &str, values: &[&(dyn ToSql + Sync)]) {
    assert!(app.db().await.execute(statement, values).await.unwrap() > 0, "{statement}");
}

/// Id and hash of an event of task force A.
async fn db_event(app: &TestApp, seq: i64) -> (String, Vec<u8>) {
    let query = "select id::text, hash from events where task_force_id::text = $1 and seq = $2";
    let row = app.db().await.query_one(query, &[&app.world().a, &seq]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn db_last(app: &TestApp) -> i64 {
    app.db_count(&format!("select seq from task_force_heads where task_force_id = '{}'", app.world().a)).await
}

#[tokio::test]
async fn a_chain_that_nobody_touched_is_intact() {
    let app = TestApp::start().await;
    let last = db_last(&app).await;
    let (_, hash) = db_event(&app, last).await;
    assert!(last > 20);
    let result = verification(&app).await;
    let expected =
        json!({ "intact": true, "events": last, "headHash": hex::encode(&hash), "firstBroken": null });
    assert_eq!(result, expected);
    // The next event moves the head. The installation's administrator may verify, too.
    app.as_chair().create_activity(json!({})).await;
    let result = app.as_administrator().get(app.a("/audit/verification")).await.expect(200).json();
    assert_eq!((&result["intact"], &result["events"]), (&json!(true), &json!(last + 1)));
    assert_ne!(result["headHash"], hex::encode(hash));
}

/// Breaks the chain of task force A as its owner can, and checks the result: the sequence number of the first broken
/// event, whether its id is known, and the reason.
async fn assert_found(statements: &[&str], seq: i64, names_it: bool, reason: &str) {
    let app = TestApp::start().await;
    let last = db_last(&app).await;
    db_unprotected(&app).await;
    for statement in statements {
        db_run(&app, &statement.replace("{last}", &last.to_string()), &[&app.world().a]).await;
    }
    let result = verification(&app).await;
    let id = if names_it { json!(db_event(&app, seq).await.0) } else { Value::Null };
    assert_eq!(result["intact"], false, "{statements:?}");
    assert_eq!(
        result["firstBroken"],
        json!({ "seq": seq, "eventId": id, "reason": reason }),
        "{statements:?}"
    );
    assert_eq!(
        result["events"],
        if reason == "headMismatch" && names_it { seq } else { seq - 1 },
        "{statements:?}"
    );
    // B was not touched.
    let b = app.as_secretariat().get(app.b("/audit/verification")).await.expect(200).json();
    assert_eq!(b["intact"], true);
}

const OF_A: &str = "where task_force_id = $1::text::uuid";

#[tokio::test]
async fn a_changed_text_is_found() {
    let change =
        format!("update events set body = replace(body, '\"seq\":5', '\"seq\": 5') {OF_A} and seq = 5");
    assert_found(&[&change], 5, true, "hashMismatch").await;
    // The text as jsonb formats it means the same but has another hash.
    let rewritten = format!("update events set body = body::jsonb::text {OF_A} and seq = 7");
    assert_found(&[&rewritten], 7, true, "hashMismatch").await;
}

#[tokio::test]
async fn a_changed_text_with_a_hash_to_match_is_found_at_the_next_event() {
    let change = format!(
        "update events set body = replace(body, '\"requestId\":\"', '\"requestId\":\"x'),
         hash = sha256(previous_hash || convert_to(replace(body, '\"requestId\":\"', '\"requestId\":\"x'), 'UTF8'))
         {OF_A} and seq = "
    );
    assert_found(&[&format!("{change} 5")], 6, true, "previousHashMismatch").await;
}

#[tokio::test]
async fn a_changed_hash_is_found() {
    let change = format!("update events set hash = sha256(hash) {OF_A} and seq = 6");
    assert_found(&[&change], 6, true, "hashMismatch").await;
    let change = format!("update events set previous_hash = sha256(hash) {OF_A} and seq = 1");
    assert_found(&[&change], 1, true, "previousHashMismatch").await;
}

#[tokio::test]
async fn a_changed_column_is_found_though_the_text_is_as_it_was() {
    let change = format!("update events set actor_id = null {OF_A} and seq = 4");
    assert_found(&[&change], 4, true, "columnsMismatch").await;
}

#[tokio::test]
async fn a_missing_event_is_found() {
    let middle = format!("delete from events {OF_A} and seq = 9");
    assert_found(&[&middle], 9, false, "sequenceGap").await;
    let first = format!("delete from events {OF_A} and seq = 1");
    assert_found(&[&first], 1, false, "sequenceGap").await;
    // Closing the gap does not hide it.
    let closed = format!("update events set seq = seq - 1 {OF_A} and seq > 9");
    let app = TestApp::start().await;
    db_unprotected(&app).await;
    for statement in [&middle, &closed] {
        db_run(&app, statement, &[&app.world().a]).await;
    }
    let broken = &verification(&app).await["firstBroken"];
    assert_eq!((&broken["seq"], &broken["reason"]), (&json!(9), &json!("previousHashMismatch")));
}

#[tokio::test]
async fn a_tail_that_was_cut_off_is_found_by_the_head() {
    let app = TestApp::start().await;
    let last = db_last(&app).await;
    drop(app);
    let tail = format!("delete from events {OF_A} and seq > {{last}} - 2");
    assert_found(&[&tail], last - 1, false, "sequenceGap").await;
}

#[tokio::test]
async fn events_that_changed_places_are_found() {
    let swap = format!("update events set seq = 25 - seq {OF_A} and seq in (12, 13)");
    assert_found(&[&swap], 12, true, "previousHashMismatch").await;
}

#[tokio::test]
async fn a_head_that_was_moved_is_found() {
    let back = "update task_force_heads h set seq = 10, hash = e.hash from events e
         where h.task_force_id = $1::text::uuid and e.task_force_id = h.task_force_id and e.seq = 10";
    assert_found(&[back], 11, false, "headMismatch").await;
    let app = TestApp::start().await;
    let last = db_last(&app).await;
    drop(app);
    let ahead = format!("update task_force_heads set seq = seq + 1 {OF_A}");
    assert_found(&[&ahead], last + 1, false, "sequenceGap").await;
    let other = format!("update task_force_heads set hash = sha256(hash) {OF_A}");
    assert_found(&[&other], last, true, "headMismatch").await;
    let removed = format!("delete from task_force_heads {OF_A}");
    let app = TestApp::start().await;
    db_run(&app, &removed, &[&app.world().a]).await;
    let task_force_id = app.world().a.parse().unwrap();
    let broken = app.app.verify_chain(task_force_id).await.unwrap().first_broken.unwrap();
    assert_eq!((broken.seq, broken.reason.to_string()), (1, "headMismatch".to_owned()));
    // Deleting all events as well is detected, since every task force has events.
    db_unprotected(&app).await;
    db_run(&app, &format!("delete from events {OF_A}"), &[&app.world().a]).await;
    let broken = app.app.verify_chain(task_force_id).await.unwrap().first_broken.unwrap();
    assert_eq!((broken.seq, broken.reason.to_string()), (1, "sequenceGap".to_owned()));
}

/// The events of a long chain, made by the database itself.
async fn db_lengthen(app: &TestApp, by: i64) {
    let first = db_last(app).await;
    let (_, mut hash) = db_event(app, first).await;
    let a = &app.world().a;
    let db = app.db().await;
    let insert = "insert into events (task_force_id, seq, id, at, actor_id, action, subject_kind, subject_id, body,
                                      previous_hash, hash)
        select $1::text::uuid, seq, id::uuid, '2026-11-22T09:00:00Z', null, 'activity.updated', 'activity', id::uuid,
               body, previous_hash, hash
        from unnest($2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::bytea[])
            as e (seq, id, body, previous_hash, hash)";
    let all: Vec<i64> = (first + 1..=first + by).collect();
    for some in all.chunks(5000) {
        let (mut ids, mut bodies, mut before, mut hashes) = (vec![], vec![], vec![], vec![]);
        for seq in some {
            let id = format!("0199f0c2-7a3b-7c11-9d2e-{seq:012x}");
            let body = format!(
                r#"{{"action":"activity.updated","actor":{{"kind":"system"}},"at":"2026-11-22T09:00:00Z","changes":{{"title":{{"after":{{"ar":"{long}"}},"before":null}}}},"id":"{id}","requestId":"r","seq":{seq},"subject":{{"id":"{id}","kind":"activity"}},"taskForceId":"{a}"}}"#,
                long = "ملخص ".repeat(20),
            );
            let next = Sha256::new().chain_update(&hash).chain_update(&body).finalize().to_vec();
            before.push(std::mem::replace(&mut hash, next));
            hashes.push(hash.clone());
            ids.push(id);
            bodies.push(body);
        }
        db.execute(insert, &[a, &some, &ids, &bodies, &before, &hashes]).await.unwrap();
    }
    let head = "update task_force_heads set seq = $2, hash = $3 where task_force_id = $1::text::uuid";
    db_run(app, head, &[a, &(first + by), &hash]).await;
}

#[tokio::test]
async fn a_long_chain_is_verified_in_slices_while_others_write() {
    let app = TestApp::start().await;
    let by = std::env::var("TASKFORCE_LONG_CHAIN").map_or(3000, |by| by.parse().unwrap());
    db_lengthen(&app, by).await;
    let last = db_last(&app).await;
    let begun = std::time::Instant::now();
    let (result, written) =
        tokio::join!(verification(&app), app.as_chair().post(app.a("/activities"), activity(json!({}))));
    println!("{last} events verified in {:?}", begun.elapsed());
    written.expect(201);
    assert_eq!(result["intact"], true, "{result}");
    let events = result["events"].as_i64().unwrap();
    assert!((last..=last + 1).contains(&events));
    db_unprotected(&app).await;
    let near_the_end = last - 5;
    db_run(
        &app,
        &format!("update events set body = body || ' ' {OF_A} and seq = {near_the_end}"),
        &[&app.world().a],
    )
    .await;
    let broken = &verification(&app).await["firstBroken"];
    assert_eq!((&broken["seq"], &broken["reason"]), (&json!(near_the_end), &json!("hashMismatch")));
}

#[tokio::test]
async fn a_third_verification_at_once_is_503() {
    let app = TestApp::start().await;
    let holder = app.db_another().await;
    holder.batch_execute("begin; lock table events in access exclusive mode").await.unwrap();
    let verify = |who| app.as_who(who).get(app.a("/audit/verification"));
    let [one, other] = [Who::Expert1, Who::Chair];
    let third = async {
        let waiting = "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        app.db_reaches(waiting, 2).await;
        let sent_away = verify(Who::Secretariat).await;
        holder.batch_execute("rollback").await.unwrap();
        sent_away
    };
    let (first, second, third) = tokio::join!(verify(one), verify(other), third);
    assert_eq!((first.expect(200).json(), third.header("retry-after")), (second.expect(200).json(), "2"));
    third.expect_problem(503, "unavailable");
    verify(Who::Secretariat).await.expect(200);
}

#[tokio::test]
async fn nobody_verifies_twice_at_once() {
    let app = TestApp::start().await;
    let holder = app.db_another().await;
    holder.batch_execute("begin; lock table events in access exclusive mode").await.unwrap();
    let verify = || app.as_expert().get(app.a("/audit/verification"));
    let again = async {
        let waiting = "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        app.db_reaches(waiting, 1).await;
        let sent_away = verify().await;
        holder.batch_execute("rollback").await.unwrap();
        sent_away
    };
    let (first, again) = tokio::join!(verify(), again);
    first.expect(200);
    again.expect_problem(503, "unavailable");
    verify().await.expect(200);
}

async fn verify_audit(app: &TestApp, arguments: &[&str]) -> (Option<i32>, String, String) {
    let url = postgres::url_as(postgres::SERVICE, &app.database).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_taskforce"));
    command.env_clear().env("RUST_LOG", "error").env("DATABASE_URL", url.expose_secret());
    let ended = command.arg("verify-audit").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

#[tokio::test]
async fn the_command_line_verifies_every_chain_beside_the_service() {
    let app = TestApp::start().await;
    let (a, b) = (&app.world().a, &app.world().b);
    let (code, output, _) = verify_audit(&app, &[]).await;
    assert_eq!((code, output.lines().count()), (Some(0), 3), "{output}");
    let head = verification(&app).await["headHash"].as_str().unwrap().to_owned();
    let line = output.lines().find(|line| line.starts_with(a.as_str())).unwrap();
    assert_eq!(line, format!("{a} intact: {} events, head {head}", db_last(&app).await));

    db_unprotected(&app).await;
    let (id, _) = db_event(&app, 5).await;
    db_run(&app, &format!("update events set body = body || ' ' {OF_A} and seq = 5"), &[a]).await;
    let (code, output, complaint) = verify_audit(&app, &[]).await;
    assert_eq!(code, Some(1));
    assert_eq!(complaint, "error: 1 of 3 chains are broken\n");
    let line = output.lines().find(|line| line.starts_with(a.as_str())).unwrap();
    assert_eq!(
        line,
        format!("{a} broken at event 5 ({id}): hashMismatch: The event's text does not give its hash")
    );
    assert_eq!(output.matches("intact").count(), 2);

    let (code, output, _) = verify_audit(&app, &["--task-force", b]).await;
    assert_eq!((code, output.lines().count()), (Some(0), 1));
    let (code, output, _) = verify_audit(&app, &["--task-force", a]).await;
    assert_eq!((code, output.lines().count()), (Some(1), 1));
    let (code, output, complaint) = verify_audit(&app, &["--task-force", app.world().user(Who::Chair)]).await;
    assert_eq!((code, output.as_str(), complaint.lines().count()), (Some(2), "", 1), "{complaint}");
}
