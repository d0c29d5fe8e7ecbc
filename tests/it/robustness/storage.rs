//! Space: quotas of files, limits of bytes, and a database without space.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use taskforce::domain::storage::StorageLimits;
use taskforce::http::server::ByteLimits;

use crate::support::client::{Draft, activity};
use crate::support::evidence::{evidence, new_evidence, new_policy, upload};
use crate::support::{Resource, Setup, TestApp, Who};

/// A service whose task forces may store files of these bytes.
async fn with_limits(task_force: i64, installation: i64) -> TestApp {
    let storage = StorageLimits { task_force: Some(task_force), installation: Some(installation) };
    TestApp::start_with(Setup { storage, ..Setup::default() }).await
}

/// New evidence of task force A without a file.
async fn empty(app: &TestApp) -> Resource {
    new_evidence(app, "policy", new_policy(app).await.id(), json!({})).await
}

async fn status(app: &TestApp) -> Value {
    app.as_chair().get(app.a("/status")).await.expect(200).json()["storage"].clone()
}

fn text(bytes: usize) -> Vec<u8> {
    vec![b'x'; bytes]
}

#[tokio::test]
async fn the_files_of_a_task_force_take_a_limited_space() {
    let app = with_limits(1000, 1_000_000).await;
    let expert = app.as_expert();
    let (one, other) = (empty(&app).await, empty(&app).await);
    assert_eq!(status(&app).await, json!({ "usedBytes": 0, "limitBytes": 1000 }));

    let answer = expert.send(upload(&one, "text/plain", text(600))).await.expect(200);
    assert_eq!(answer.json()["storage"], json!({ "usedBytes": 600, "limitBytes": 1000 }));
    let one = Resource { path: one.path, ..answer.resource() };
    let again = expert.send(upload(&one, "text/plain", text(600))).await.expect(200).json();
    assert_eq!(again["storage"]["usedBytes"], 600, "the same file takes no more");
    assert_eq!(status(&app).await["usedBytes"], 600);

    let before = app.db_events().await;
    let refused = expert.send(upload(&other, "text/plain", text(401))).await;
    let problem = refused.expect_problem(507, "storageFull");
    assert_eq!(problem["storage"], json!({ "usedBytes": 600, "limitBytes": 1000 }));
    let arabic = upload(&other, "text/plain", text(401)).header("Accept-Language", "ar");
    let problem = expert.send(arabic).await.expect_problem(507, "storageFull");
    assert!(problem["detail"].as_str().unwrap().starts_with("تشغل ملفات فريق العمل"), "{problem}");
    assert_eq!(app.db_events().await, before);

    // A smaller file in place of another gives space back, and so does deleting.
    let answer = expert.send(upload(&one, "text/plain", text(599))).await.expect(200);
    let one = Resource { path: one.path, ..answer.resource() };
    expert.send(upload(&other, "text/plain", text(401))).await.expect(200);
    assert_eq!(status(&app).await["usedBytes"], 1000);
    expert.delete(&one).await.expect(204);
    assert_eq!(status(&app).await["usedBytes"], 401);
    let kept = "select (select coalesce(sum(file_bytes), 0) from task_force_heads)::bigint
                     - (select coalesce(sum(length(content)), 0) from evidence_contents)";
    assert_eq!(app.db_count(kept).await, 0);
}

#[tokio::test]
async fn files_that_nobody_can_delete_give_their_space_back_and_stay_on_record() {
    let app = with_limits(1000, 1_000_000).await;
    let (expert, secretariat) = (app.as_expert(), app.as_secretariat());
    let policy = new_policy(&app).await;
    let made = new_evidence(&app, "policy", policy.id(), json!({})).await;
    let answer = expert.send(upload(&made, "text/plain", text(900))).await.expect(200);
    let made = Resource { path: made.path, ..answer.resource() };
    app.db_open("sectors").await;
    let content = format!("{}/content", made.path);
    let reason = json!({ "reason": { "en": "Filed twice", "ar": "مكرر" } });

    // The step has passed: neither the members nor the secretariat can delete the file, and nothing else fits.
    expert.delete(&made).await.expect_problem(409, "stepPassed");
    let more = new_evidence(&app, "policy", policy.id(), json!({})).await;
    let full = expert.send(upload(&more, "text/plain", text(200))).await.expect_problem(507, "storageFull");
    assert!(full["detail"].as_str().unwrap().contains("ask the secretariat to remove files"), "{full}");
    for who in [Who::Chair, Who::Expert1] {
        let refused = app.as_who(who).command(&made, "remove-file", reason.clone()).await;
        refused.expect_problem(403, "forbidden");
    }
    secretariat.command(&made, "remove-file", json!({})).await.expect_field_errors(&["/reason required"]);
    let removed = secretariat.command(&made, "remove-file", reason.clone()).await.expect(200).resource();
    let removed = Resource { path: made.path.clone(), ..removed };
    for field in ["sha256", "mediaType", "size", "fileName", "title", "subject", "createdBy"] {
        assert_eq!(removed[field], made[field], "{field}");
    }
    assert_eq!(removed["fileRemoval"]["reason"], reason["reason"]);
    assert_eq!(status(&app).await["usedBytes"], 0);
    assert_eq!(app.db_count("select count(*) from evidence_contents").await, 0);
    let gone = expert.get(content.as_str()).await.expect_problem(404, "notFound");
    assert!(gone["detail"].as_str().unwrap().starts_with("The file of this evidence was removed"), "{gone}");
    secretariat.command(&removed, "remove-file", reason.clone()).await.expect_problem(404, "notFound");
    let events = expert.list(&app.a(&format!("/events?subject={}", made.id()))).await;
    let event = events.last().unwrap();
    assert_eq!(event["action"], "evidence.fileRemoved");
    assert_eq!(event["changes"]["sha256"], json!({ "before": made["sha256"], "after": null }));
    assert_eq!(event["changes"]["reason"]["after"], reason["reason"]);

    // There is room again; what is on record is still not replaced.
    expert.send(upload(&more, "text/plain", text(1000))).await.expect(200);
    expert.send(upload(&removed, "text/plain", "other")).await.expect_problem(409, "stepPassed");
    let unlinked = new_evidence(&app, "policy", policy.id(), json!({ "url": "https://city.example/" })).await;
    secretariat.command(&unlinked, "remove-file", reason).await.expect_problem(404, "notFound");

    // The report says that the file is gone.
    app.db_open("report").await;
    let report = json!({ "recommendation": "continue", "summary": { "en": "It goes well" } });
    let report = app.as_chair().create(app.a("/reports"), report).await;
    let evidence = report["model"]["evidence"].as_array().unwrap();
    let listed = evidence.iter().find(|one| one["id"] == made.id()).unwrap();
    assert_eq!((&listed["fileRemoved"], &listed["sha256"]), (&json!(true), &made["sha256"]));
}

#[tokio::test]
async fn a_file_that_was_removed_can_be_uploaded_again_while_its_subject_can_be_changed() {
    let app = with_limits(1000, 1_000_000).await;
    let (expert, made) = (app.as_expert(), empty(&app).await);
    let answer = expert.send(upload(&made, "text/plain", text(900))).await.expect(200);
    let made = Resource { path: made.path, ..answer.resource() };
    let reason = json!({ "reason": { "en": "The wrong file" } });
    let removed = app.as_secretariat().command(&made, "remove-file", reason).await.expect(200).resource();
    let removed = Resource { path: made.path.clone(), ..removed };
    let again = expert.send(upload(&removed, "text/plain", text(900))).await.expect(200);
    assert_eq!(again.json()["storage"]["usedBytes"], 900);
    assert_eq!((&again.json()["fileRemoval"], &again.json()["sha256"]), (&Value::Null, &made["sha256"]));
    assert_eq!(expert.get(format!("{}/content", made.path)).await.expect(200).body, text(900));
    let again = Resource { path: made.path.clone(), ..again.resource() };
    expert.delete(&again).await.expect(204);
    assert_eq!(status(&app).await["usedBytes"], 0);
}

#[tokio::test]
async fn the_files_of_all_task_forces_take_a_limited_space_and_one_leaves_it_to_the_others() {
    let app = with_limits(1000, 1500).await;
    let evidence_of = async |who: Who, path: String, policies: String| {
        let client = app.as_who(who);
        let policy = client.create(policies, crate::support::policies::policy(json!({}))).await;
        client.create(path, evidence("policy", policy.id(), json!({}))).await
    };
    let a = evidence_of(Who::Expert1, app.a("/evidence"), app.a("/policies")).await;
    let b = evidence_of(Who::OtherChair, app.b("/evidence"), app.b("/policies")).await;
    app.as_expert().send(upload(&a, "text/plain", text(1000))).await.expect(200);
    let other = app.as_who(Who::OtherChair);
    let problem = other.send(upload(&b, "text/plain", text(501))).await.expect_problem(507, "storageFull");
    assert_eq!(problem["storage"], json!({ "usedBytes": 1000, "limitBytes": 1500 }));
    let answer = other.send(upload(&b, "text/plain", text(500))).await.expect(200).json();
    assert_eq!(answer["storage"], json!({ "usedBytes": 500, "limitBytes": 1000 }));
    let portfolio = app.as_secretariat().get("/v1/status?state=forming").await.expect(200).json();
    assert_eq!(portfolio["storage"], json!({ "usedBytes": 1500, "limitBytes": 1500 }));
}

#[tokio::test]
async fn uploads_at_once_are_counted_one_after_the_other() {
    let app = with_limits(2500, 1_000_000).await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(empty(&app).await);
    }
    let uploads =
        all.iter().map(|one| app.as_expert().send_with_retry(upload(one, "text/plain", text(1000))));
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(uploads).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 507, 507]);
    assert_eq!(status(&app).await["usedBytes"], 2000);
}

#[tokio::test]
async fn bytes_are_limited_beside_requests() {
    let adjust = Box::new(|settings: &mut taskforce::http::server::Settings| {
        settings.byte_limits = Some(ByteLimits { json_mib: 1, file_mib: 1 });
    });
    let app = TestApp::start_with(Setup { adjust, ..Setup::default() }).await;
    let expert = app.as_expert();
    let it = empty(&app).await;
    let long = json!({ "text": "x".repeat(200 * 1024) });
    let comments = app.a(&format!("/activities/{}/comments", app.world().activity("planned")));
    // 2 MiB at once; what the body says does not matter.
    for _ in 0..10 {
        expert.post(comments.as_str(), long.clone()).await.expect_problem(400, "invalidRequest");
    }
    let refused = expert.post(comments.as_str(), long.clone()).await;
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let problem = refused.expect_problem(429, "tooManyRequests");
    assert!(problem["detail"].as_str().unwrap().contains("bytes"), "{problem}");
    app.as_chair().post(comments.as_str(), long).await.expect_problem(400, "invalidRequest");
    expert.get(app.a("")).await.expect(200);

    let mut it = it;
    for bytes in [1024 * 1024, 1024 * 1023] {
        let answer = expert.send(upload(&it, "text/plain", text(bytes))).await.expect(200);
        it = Resource { path: it.path, ..answer.resource() };
    }
    expert.send(upload(&it, "text/plain", text(100 * 1024))).await.expect_problem(429, "tooManyRequests");
}

/// A response that is stored for retries takes space as a body does, and a short request can have a long one.
#[tokio::test]
async fn stored_responses_count_as_bytes() {
    let adjust = Box::new(|settings: &mut taskforce::http::server::Settings| {
        settings.byte_limits = Some(ByteLimits { json_mib: 1, file_mib: 1 });
    });
    let app = TestApp::start_with(Setup { adjust, ..Setup::default() }).await;
    let expert = app.as_expert();
    let long = "\u{1f600}".repeat(10_000);
    let it = expert.create_activity(json!({ "description": { "ar": long, "en": long } })).await;
    let moved = async |round: usize| {
        let body = match round % 2 {
            0 => json!({ "to": "blocked", "reason": { "en": "Waiting" } }),
            _ => json!({ "to": "planned" }),
        };
        let draft = Draft::post(format!("{}/transitions", it.path), &body).header("If-Match", "*");
        expert.send(draft.header("Idempotency-Key", &format!("round-{round}"))).await
    };
    // 2 MiB at once: 24 responses of 80 kB beside the body of the activity.
    let mut round = 0;
    let refused = loop {
        let answer = moved(round).await;
        if answer.status != 200 {
            break answer;
        }
        round += 1;
    };
    // More where the machine is slow, since bytes come back with the time.
    assert!((20..100).contains(&round), "{round}");
    refused.expect_problem(429, "tooManyRequests");
    assert_eq!(expert.reload(&it).await["version"], 1 + round, "what was refused changed nothing");
}

/// Lets every insert of activities fail as on a full disk.
const FILL: &str = r#"
    create function fill() returns trigger language plpgsql as $$
    begin
        raise exception 'could not extend file "base/16384/16385": No space left on device'
            using errcode = '53100', hint = 'Check free disk space.';
    end $$;
    create trigger fill before insert on activities for each row execute function fill()"#;

/// Waits until the service is ready again without any change.
async fn recovers(app: &TestApp) {
    let begun = Instant::now();
    while app.as_anybody().get("/health/ready").await.status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(20), "readiness does not recover");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn a_database_without_space_is_503_and_readiness_says_so_until_a_change_is_kept() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let it = empty(&app).await;
    let checks = async || {
        // The result of the last check is kept for a second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        app.as_anybody().get("/health/ready").await
    };
    assert_eq!(checks().await.expect(200).json()["checks"]["writes"][0]["status"], "pass");
    let before = app.db_events().await;
    app.db().await.batch_execute(FILL).await.unwrap();
    let answer = chair.post(app.a("/activities"), activity(json!({}))).await;
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    let problem = answer.expect_problem(503, "unavailable");
    assert!(problem["detail"].as_str().unwrap().contains("no space left"), "{problem}");
    assert!(!problem.to_string().contains("base/"), "{problem}");
    let keyed = Draft::post(app.a("/activities"), &activity(json!({}))).header("Idempotency-Key", "full");
    chair.send(keyed.clone()).await.expect_problem(503, "unavailable");
    assert_eq!(app.db_events().await, before);
    let unready = checks().await.expect(503).json();
    assert_eq!(unready["checks"]["writes"][0]["status"], "fail");
    assert_eq!(unready["checks"]["database"][0]["status"], "pass");
    chair.get(app.a("/activities")).await.expect(200);

    app.db().await.batch_execute("drop trigger fill on activities; drop function fill").await.unwrap();
    chair.send(keyed).await.expect(201);
    assert_eq!(checks().await.expect(200).json()["checks"]["writes"][0]["status"], "pass");

    // A file for which there is no space.
    app.db().await.batch_execute(&FILL.replace("activities", "evidence_contents")).await.unwrap();
    app.as_expert().send(upload(&it, "text/plain", text(100))).await.expect_problem(503, "unavailable");
    checks().await.expect(503);
    app.db().await.batch_execute("drop trigger fill on evidence_contents; drop function fill").await.unwrap();
    recovers(&app).await;
    app.as_expert().send(upload(&it, "text/plain", text(100))).await.expect(200);
}

#[tokio::test]
async fn readiness_itself_finds_out_that_nothing_can_be_written() {
    let app = TestApp::start().await;
    app.db().await.batch_execute(&FILL.replace("activities", "idempotency_keys")).await.unwrap();
    let unready = app.as_anybody().get("/health/ready").await.expect(503).json();
    assert_eq!(unready["checks"]["writes"][0]["status"], "fail");
    // Even where nobody may write any more, as on a standby.
    let read_only = format!("alter database {} set default_transaction_read_only = on", app.database);
    app.db().await.batch_execute("drop trigger fill on idempotency_keys; drop function fill").await.unwrap();
    recovers(&app).await;
    app.db().await.batch_execute(&read_only).await.unwrap();
    let restarted = TestApp::over(app.database.clone(), Setup::default()).await;
    restarted.as_anybody().get("/health/ready").await.expect(503);
    let rows = app.db_count("select count(*) from idempotency_keys").await;
    assert_eq!(rows, 0, "what readiness writes is taken back");
    let back = Draft::new(Method::GET, "/health/live");
    restarted.as_anybody().send(back).await.expect(200);
}
