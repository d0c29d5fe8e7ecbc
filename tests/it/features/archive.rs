//! The archive of a task force: complete, of one instant, without secrets, and bounded.

mod restoration;
mod verification;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use taskforce::db;
use taskforce::http::server::Settings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use crate::support::archive::{Downloaded, download};
use crate::support::client::{Draft, activity};
use crate::support::evidence::{
    PDF, db_subjects, form_body, new_evidence, new_policy, pdf_part, upload, upload_form,
};
use crate::support::pilots::planned_pilot;
use crate::support::{Setup, TestApp, Who};

#[tokio::test]
async fn an_archive_has_every_row_and_every_file_and_names_them_with_their_hashes() {
    let app = TestApp::start().await;
    app.db_open_every_step().await;
    for (kind, id) in db_subjects(&app).await {
        if kind != "decision" {
            new_evidence(&app, kind, &id, json!({})).await;
        }
    }
    let policy = new_policy(&app).await;
    let minutes = new_evidence(&app, "policy", policy.id(), json!({})).await;
    let part = pdf_part("; filename=\"محضر الاجتماع.pdf\"");
    app.as_expert().send(upload_form(&minutes, form_body(&[(&part, PDF)]))).await.expect(200);
    let unnamed = new_evidence(&app, "policy", policy.id(), json!({})).await;
    app.as_expert().send(upload(&unnamed, "text/plain", "نص")).await.expect(200);

    let mut archive = download(app.as_secretariat(), app.a("/archive")).await;
    let names = archive.names();
    assert_eq!(names.last().unwrap(), "manifest.json");
    let manifest = archive.manifest();
    let files = manifest["files"].as_array().unwrap();
    let named: Vec<_> = files.iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(named, names[..names.len() - 1]);
    for file in files {
        let content = archive.member(file["path"].as_str().unwrap());
        assert_eq!(file["bytes"], content.len(), "{file}");
        assert_eq!(file["sha256"], hex::encode(Sha256::digest(&content)), "{file}");
    }
    assert_eq!(archive.member(&format!("evidence/{}/محضر الاجتماع.pdf", minutes.id())), PDF);
    assert_eq!(archive.member(&format!("evidence/{}/file.txt", unnamed.id())), "نص".as_bytes());

    // Every table, with as many rows as the database has.
    for table in db::archive::TABLES {
        let column = if table == "task_forces" { "id" } else { "task_force_id" };
        let count =
            app.db_count(&format!("select count(*) from {table} where {column} = '{}'", app.world().a)).await;
        assert_eq!(manifest["counts"][table], count, "{table}");
        let rows = archive.rows(table);
        assert_eq!(i64::try_from(rows.len()).unwrap(), count, "{table}");
        assert!(rows.iter().all(|row| row[column] == app.world().a), "{table}");
    }
    let task_force = app.as_chair().read(app.a("")).await;
    assert_eq!(manifest["taskForce"], json!({ "id": app.world().a, "name": task_force["name"] }));
    assert_eq!(
        (&manifest["format"], &manifest["formatVersion"], &manifest["serviceVersion"]),
        (&json!("taskforce-archive"), &json!(1), &json!(env!("CARGO_PKG_VERSION")))
    );

    // The chain, by the words of the page alone.
    let mut previous = vec![0; 32];
    let events = archive.rows("events");
    for (number, event) in (1..).zip(&events) {
        let body = event["body"].as_str().unwrap();
        assert_eq!(
            (&event["seq"], &event["previous_hash"]),
            (&json!(number), &json!(hex::encode(&previous)))
        );
        previous = Sha256::new().chain_update(&previous).chain_update(body).finalize().to_vec();
        assert_eq!(event["hash"], hex::encode(&previous));
    }
    assert_eq!(manifest["head"], json!({ "seq": events.len(), "hash": hex::encode(&previous) }));

    // The hash of a snapshot or of a report is the hash of its member.
    for (table, column) in [("submissions", "snapshot"), ("reports", "model")] {
        let rows = archive.rows(table);
        assert!(!rows.is_empty(), "{table}");
        for row in rows {
            let content = archive.member(row[column].as_str().unwrap());
            assert_eq!(row["hash"], hex::encode(Sha256::digest(&content)), "{row}");
        }
    }
}

#[tokio::test]
async fn a_decimal_number_keeps_its_digits() {
    let app = TestApp::start().await;
    let a = &app.world().a;
    let numbers = "update indicators set baseline = 12.50, target = 123456789012.345600
        where task_force_id = $1::text::uuid";
    planned_pilot(&app, json!({})).await;
    assert!(app.db().await.execute(numbers, &[a]).await.unwrap() > 0);
    let mut archive = download(app.as_chair(), app.a("/archive")).await;
    let indicator = archive.rows("indicators").remove(0);
    assert_eq!(
        (&indicator["baseline"], &indicator["target"]),
        (&json!("12.50"), &json!("123456789012.345600"))
    );
}

#[tokio::test]
async fn an_archive_is_named_after_the_task_force_and_not_kept() {
    let app = TestApp::start().await;
    let answer = app.as_who(Who::CouncilMember).get(app.a("/archive")).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/zip");
    assert_eq!(answer.header("cache-control"), "no-store");
    let disposition = answer.header("content-disposition");
    assert!(disposition.starts_with("attachment; filename="), "{disposition}");
    assert!(disposition.contains("2026-11-22.zip"), "{disposition}");
    // The members are dated as of the snapshot.
    let mut archive = Downloaded::new(answer.body);
    assert_eq!(archive.manifest()["asOf"], "2026-11-22T09:00:00Z");
}

#[tokio::test]
async fn an_archive_tells_of_people_only_their_names_and_no_secrets() {
    let app = TestApp::start().await;
    let key =
        json!({ "name": "Key of the dashboard", "scopes": ["read"], "expiresAt": "2027-01-01T00:00:00Z" });
    app.as_chair().post("/v1/api-keys", key).await.expect(201);
    let keyed =
        Draft::post(app.a("/activities"), &activity(json!({}))).header("Idempotency-Key", "once-and-for-all");
    app.as_chair().send(keyed).await.expect(201);
    let mut archive = download(app.as_chair(), app.a("/archive")).await;
    let people = archive.lines("people.jsonl");
    assert_eq!(archive.manifest()["counts"]["users"], people.len());
    for person in &people {
        let fields: Vec<_> = person.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["id", "name"]);
    }
    let ids: BTreeSet<_> = people.iter().map(|person| person["id"].as_str().unwrap()).collect();
    for who in [Who::Chair, Who::Expert1, Who::Secretariat] {
        assert!(ids.contains(app.world().user(who)), "{who:?}");
    }
    // Nobody else's: the people of the other task force.
    assert!(!ids.contains(app.world().user(Who::OtherChair)));
    let secrets = "select email from users union select hash from passwords
        union select encode(key_hash, 'hex') from api_keys union select encode(token_hash, 'hex') from refresh_tokens
        union select key from idempotency_keys union select name from api_keys where name like '%dashboard'";
    let secrets: Vec<String> =
        app.db().await.query(secrets, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(secrets.len() > 10, "{secrets:?}");
    for name in archive.names() {
        let content = archive.member(&name);
        let text = String::from_utf8_lossy(&content);
        let told: Vec<_> = secrets.iter().filter(|secret| text.contains(secret.as_str())).collect();
        assert!(told.is_empty(), "{name}: {told:?}");
    }
}

/// A download of which nothing was read but the head.
async fn held(app: &TestApp, who: Who) -> reqwest::Response {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let token = app.token(who).await.unwrap();
    client.get(app.url(&app.a("/archive"))).bearer_auth(token).send().await.unwrap()
}

/// Files that are larger than all buffers between the service and a client.
async fn db_large_files(app: &TestApp) {
    let policy = new_policy(app).await;
    for _ in 0..2 {
        let evidence = new_evidence(app, "policy", policy.id(), json!({})).await;
        // Bytes that cannot be compressed.
        let content = "insert into evidence_contents
            select task_force_id, id, (select string_agg(sha256(int4send(n)), '') from generate_series(1, 187500) n)
            from evidence where id = $1::text::uuid";
        app.db().await.execute(content, &[&evidence.id()]).await.unwrap();
        let facts = "update evidence e set size = length(c.content), media_type = 'application/pdf', sha256 = sha256(c.content)
            from evidence_contents c where c.evidence_id = e.id and e.id = $1::text::uuid";
        app.db().await.execute(facts, &[&evidence.id()]).await.unwrap();
    }
}

#[tokio::test]
async fn an_archive_is_of_one_instant_whatever_changes_while_it_is_read() {
    let app = TestApp::start().await;
    db_large_files(&app).await;
    let before = app
        .db_count(&format!("select seq from task_force_heads where task_force_id = '{}'", app.world().a))
        .await;
    let download = held(&app, Who::Expert1).await;
    assert_eq!(download.status(), 200);
    // The evidence is deleted, and an activity is created, while the archive is on its way.
    let made = app.as_chair().create_activity(json!({})).await;
    for evidence in app.as_expert().list(&app.a("/evidence?kind=policy")).await {
        let evidence =
            app.as_expert().read(app.a(&format!("/evidence/{}", evidence["id"].as_str().unwrap()))).await;
        app.as_expert().delete(&evidence).await.expect(204);
    }
    let bytes = download.bytes().await.unwrap().to_vec();
    let mut archive = Downloaded::new(bytes);
    assert_eq!(archive.manifest()["head"]["seq"], before);
    assert_eq!(archive.rows("events").len(), usize::try_from(before).unwrap());
    assert!(archive.rows("activities").iter().all(|activity| activity["id"] != made.id()));
    let files: Vec<_> = archive.names().into_iter().filter(|name| name.starts_with("evidence/")).collect();
    assert_eq!(files.len(), 2);
    for file in files {
        assert_eq!(archive.member(&file).len(), 6_000_000);
    }
}

#[tokio::test]
async fn two_archives_are_made_at_once_and_one_for_each_user() {
    let app = TestApp::start().await;
    db_large_files(&app).await;
    let first = held(&app, Who::Expert1).await;
    assert_eq!(first.status(), 200);
    let second = held(&app, Who::Chair).await;
    assert_eq!(second.status(), 200);
    // Both wait for their turn, and are refused in the end.
    let begun = std::time::Instant::now();
    let (again, third) = tokio::join!(
        app.as_who(Who::Expert1).get(app.a("/archive")),
        app.as_secretariat().get(app.a("/archive"))
    );
    assert!(begun.elapsed() >= Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(again.header("retry-after"), "2");
    for answer in [again, third] {
        let problem = answer.expect_problem(503, "unavailable");
        assert!(problem["detail"].as_str().unwrap().contains("archive"), "{problem}");
    }
    // A caller who may not read the task force waits for nobody.
    app.as_who(Who::OtherChair).get(app.a("/archive")).await.expect_problem(404, "notFound");
    // A client that leaves makes room for one who waits, and its snapshot ends.
    let (archive, ()) = tokio::join!(app.as_secretariat().get(app.a("/archive")), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(first);
    });
    assert!(Downloaded::new(archive.expect(200).body).manifest()["files"].is_array());
    drop(second);
    let idle = "select count(*) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'";
    for _ in 0..200 {
        if app.db_count(idle).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("a snapshot is still held");
}

/// A client that never stops reading, and reads as slowly as it can, does not keep its place for half an hour.
#[tokio::test]
async fn a_client_that_reads_too_slowly_loses_its_place() {
    let tolerance = Duration::from_secs(2);
    let adjust = Box::new(move |settings: &mut Settings| settings.timeouts.write = tolerance);
    let app = TestApp::start_with(Setup { adjust, ..Setup::default() }).await;
    db_large_files(&app).await;
    let socket = TcpSocket::new_v4().unwrap();
    // Few bytes are on their way, so that the service notices soon how slowly the client reads.
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let mut slow = socket.connect(app.address()).await.unwrap();
    let token = app.token(Who::Expert1).await.unwrap();
    let path = app.a("/archive");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    slow.write_all(request.as_bytes()).await.unwrap();
    let (begun, mut read, mut buffer) = (std::time::Instant::now(), 0, [0; 2048]);
    // 20 KiB in a second.
    while let Ok(count @ 1..) = slow.read(&mut buffer).await {
        read += count;
        assert!(begun.elapsed() < Duration::from_secs(60), "the archive is still sent");
        if count == buffer.len() && begun.elapsed() < Duration::from_secs(12) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    assert!(read < 11_000_000, "{read} bytes: the whole archive was sent");
    download(app.as_expert(), app.a("/archive")).await;
}

/// A response without its body makes nothing and holds nothing.
#[tokio::test]
async fn the_head_of_an_archive_is_sent_alone() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        let head = Draft::new(reqwest::Method::HEAD, app.a("/archive"));
        let head = app.as_chair().send_with_retry(head).await.expect(200);
        assert_eq!((head.header("content-type"), head.body.len()), ("application/zip", 0));
    }
}

/// What is read of an archive whose connection to the database ends is recognizably no archive.
#[tokio::test]
async fn an_archive_that_breaks_off_is_no_zip_file() {
    let app = TestApp::start().await;
    db_large_files(&app).await;
    let mut download = held(&app, Who::Expert1).await;
    let mut read = download.chunk().await.unwrap().unwrap().to_vec();
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and state like 'idle in transaction%'";
    app.db_reaches(kill, 1).await;
    let error = loop {
        match download.chunk().await {
            Ok(Some(chunk)) => read.extend_from_slice(&chunk),
            Ok(None) => panic!("the response ends as if it were complete"),
            Err(error) => break error,
        }
    };
    assert!(read.starts_with(b"PK"), "{error}");
    assert!(zip::ZipArchive::new(std::io::Cursor::new(read)).is_err());
}

#[tokio::test]
async fn a_task_force_of_others_has_no_archive() {
    let app = TestApp::start().await;
    app.as_expert().get(app.b("/archive")).await.expect_problem(404, "notFound");
    let nothing = "/v1/task-forces/0199f0c2-7a3b-7c11-9d2e-000000000001/archive";
    app.as_secretariat().get(nothing).await.expect_problem(404, "notFound");
    let mut archive = download(app.as_secretariat(), app.b("/archive")).await;
    assert_eq!(archive.manifest()["taskForce"]["id"], Value::from(app.world().b.as_str()));
}
