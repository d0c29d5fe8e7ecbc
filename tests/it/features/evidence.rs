//! Evidence: links and files that prove something.

mod uploads;

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::Draft;
use crate::support::contract::operations;
use crate::support::council::{decide, reported, submitted_report};
use crate::support::evidence::{
    PDF, db_condition, db_set_task_force, db_subjects, evidence, new_evidence, new_policy, upload, uploaded,
};
use crate::support::migrations::{db_pilot, new_migration};
use crate::support::sectors::studied_sector;
use crate::support::{Answer, Resource, TestApp, UNKNOWN_ID, Who};
use taskforce::domain::file::{FileKind, MAX_FILE_BYTES};

/// The hash of the file that tests upload, computed with coreutils' sha256sum.
const PDF_SHA256: &str = "f5117edb193052414d3b7496857953fd5c40d289c84ce675aa0bd361d40ffd76";

/// Evidence about a policy of its own: a file that is still to be uploaded.
async fn new(app: &TestApp) -> Resource {
    new_evidence(app, "policy", new_policy(app).await.id(), json!({})).await
}

#[tokio::test]
async fn evidence_is_about_one_thing_of_every_kind() {
    let app = TestApp::start().await;
    app.db_open_every_step().await;
    let expert = app.as_expert();
    for (kind, id) in db_subjects(&app).await {
        let link = json!({ "url": "https://gazette.example/2026/14", "sha256": "0".repeat(64) });
        let made = new_evidence(&app, kind, &id, link).await;
        assert_eq!((&made["subject"]["kind"], &made["subject"]["id"]), (&json!(kind), &json!(id)));
        assert!(made["subject"]["title"].is_object(), "{kind}");
        if kind != "report" {
            // The report has no content here.
            expert.get(made["subject"]["href"].as_str().unwrap()).await.expect(200);
        }
        assert_eq!(made["createdBy"]["id"], app.world().user(Who::Expert1));
        assert_eq!((&made["mediaType"], &made["size"]), (&Value::Null, &Value::Null));
        let of_it = expert.list(&app.a(&format!("/evidence?subject={id}"))).await;
        assert_eq!(of_it, [made.listed()]);
        assert_eq!(expert.list(&app.a(&format!("/evidence?kind={kind}"))).await, of_it);
        if kind == "decision" {
            expert
                .patch(&made, json!({ "title": { "en": "No" } }))
                .await
                .expect_problem(409, "evidenceOnRecord");
            expert.delete(&made).await.expect_problem(409, "evidenceOnRecord");
            continue;
        }
        let renamed =
            expert.patch(&made, json!({ "title": { "en": "Decree" } })).await.expect(200).resource();
        assert_eq!((&renamed["title"]["en"], &renamed["version"]), (&json!("Decree"), &json!(2)), "{kind}");
        expert.delete(&renamed).await.expect(204);
    }
    // An id of another kind, or of another task force, is unknown.
    let policy = new_policy(&app).await;
    for (kind, id) in [
        ("policy", UNKNOWN_ID),
        ("pilot", policy.id()),
        ("activity", &app.world().b_activity),
        ("taskForce", &app.world().b),
        ("sector", &app.world().a),
    ] {
        let refused = expert.post(app.a("/evidence"), evidence(kind, id, json!({}))).await;
        let refused = refused.expect_problem(400, "unknownReference");
        assert_eq!(refused["errors"][0]["pointer"], "/subject/id");
    }
    let made = new(&app).await;
    let foreign = made.path.replace(&app.world().a, &app.world().b);
    app.as_secretariat().get(foreign.as_str()).await.expect_problem(404, "notFound");
    app.as_secretariat().get(format!("{foreign}/content")).await.expect_problem(404, "notFound");
}

#[tokio::test]
async fn a_user_adds_so_much_evidence_about_a_subject_and_takes_no_place_of_others() {
    let app = TestApp::start().await;
    let policy = new_policy(&app).await;
    let first = new_evidence(&app, "policy", policy.id(), json!({})).await;
    let many = "insert into evidence (task_force_id, id, policy_id, title, user_id, created_at, updated_at)
        select task_force_id, gen_random_uuid(), policy_id, title, user_id, now(), now()
        from evidence cross join generate_series(1, 199) where id::text = $1";
    app.db().await.execute(many, &[&first.id()]).await.unwrap();
    let one_more = evidence("policy", policy.id(), json!({}));
    let refused = app.as_expert().post(app.a("/evidence"), one_more.clone()).await;
    let detail = refused.expect_problem(409, "tooManyItems")["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("You have added 200 pieces of evidence about this subject"), "{detail}");
    app.as_who(Who::Expert2).create(app.a("/evidence"), one_more.clone()).await;
    new(&app).await;
    app.as_expert().delete(&first).await.expect(204);
    app.as_expert().create(app.a("/evidence"), one_more).await;

    // Nor can one user fill a cycle with evidence about many subjects; what an earlier cycle has does not count.
    let other = new_policy(&app).await;
    let many = r#"insert into evidence (task_force_id, id, policy_id, title, user_id, created_at, updated_at)
        select p.task_force_id, gen_random_uuid(), p.id, '{"en": "Old"}', $1::text::uuid, $2::text::timestamptz, now()
        from policies p cross join generate_series(1, 1990) where p.id::text = $3"#;
    let (user, now) = (app.world().user(Who::Expert1), app.clock.now().to_rfc3339());
    for at in ["2020-01-01T00:00:00Z", &now] {
        app.db().await.execute(many, &[&user, &at, &policy.id()]).await.unwrap();
        let another = evidence("policy", other.id(), json!({}));
        let answer = app.as_expert().post(app.a("/evidence"), another).await;
        if at == now {
            let detail = answer.expect_problem(409, "tooManyItems")["detail"].as_str().unwrap().to_owned();
            assert!(detail.starts_with("You have added 2000 pieces of evidence in this cycle"), "{detail}");
        } else {
            answer.expect(201);
        }
    }
}

#[tokio::test]
async fn a_link_is_a_whole_address_without_a_password() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let policy = new_policy(&app).await;
    for url in
        ["javascript:alert(1)", "ftp://city.example/", "/decree.pdf", "https://me:secret@city.example/"]
    {
        let new = evidence("policy", policy.id(), json!({ "url": url }));
        expert.post(app.a("/evidence"), new).await.expect_field_errors(&["/url wrongFormat"]);
    }
    let long = format!("https://city.example/{}", "a".repeat(1980));
    let new = evidence("policy", policy.id(), json!({ "url": long, "sha256": "F".repeat(64) }));
    expert.post(app.a("/evidence"), new).await.expect_field_errors(&["/sha256 wrongFormat", "/url tooLong"]);
    let hash_alone = evidence("policy", policy.id(), json!({ "sha256": "f".repeat(64) }));
    expert.post(app.a("/evidence"), hash_alone).await.expect_field_errors(&["/sha256 notAllowed"]);

    let link = json!({ "url": "https://city.example/?q=%D8%B9#p2", "sha256": "f".repeat(64) });
    let link = new_evidence(&app, "policy", policy.id(), link).await;
    expert.patch(&link, json!({ "url": null })).await.expect_field_errors(&["/sha256 notAllowed"]);
    expert
        .patch(&link, json!({ "url": "mailto:me@city.example" }))
        .await
        .expect_field_errors(&["/url wrongFormat"]);
    let moved = json!({ "subject": { "kind": "policy", "id": policy.id() } });
    expert.patch(&link, moved).await.expect_field_errors(&["/subject unknown"]);
    let moved = json!({ "url": "http://192.0.2.1:8080/", "sha256": null });
    let link = expert.patch(&link, moved).await.expect(200).resource();
    assert_eq!((&link["sha256"], &link["version"]), (&Value::Null, &json!(2)));
    // Evidence with a link takes no file until the link is removed.
    expert.send(upload(&link, "application/pdf", PDF)).await.expect_problem(409, "evidenceIsALink");
    let file = expert.patch(&link, json!({ "url": null })).await.expect(200).resource();
    expert.get(format!("{}/content", file.path)).await.expect_problem(404, "notFound");
    uploaded(&app, &file).await;
}

#[tokio::test]
async fn a_file_comes_back_as_it_went() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let made = new(&app).await;
    let content = format!("{}/content", made.path);
    let none = expert.get(content.as_str()).await.expect_problem(404, "notFound");
    assert_eq!(none["detail"], "No file was uploaded to this evidence yet.");
    let file = uploaded(&app, &made).await;
    assert_eq!(
        (&file["sha256"], &file["mediaType"], &file["size"], &file["version"]),
        (&json!(PDF_SHA256), &json!("application/pdf"), &json!(PDF.len()), &json!(2))
    );
    let event = expert.get(app.a("/events?after=0&limit=100")).await.expect(200).json();
    let event = event["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(event["action"], "evidence.uploaded");
    assert_eq!(event["changes"]["sha256"], json!({ "before": null, "after": PDF_SHA256 }));
    assert_eq!(event["changes"]["size"], json!({ "before": null, "after": PDF.len() }));

    let answer = app.as_who(Who::CouncilMember).get(content.as_str()).await.expect(200);
    assert_eq!(answer.body, PDF);
    let titled = "Minutes%20of%20the%20meeting.pdf";
    let disposition =
        format!("attachment; filename=\"Minutes of the meeting.pdf\"; filename*=UTF-8''{titled}");
    for (header, expected) in [
        ("content-type", "application/pdf"),
        ("content-disposition", &disposition),
        ("cache-control", "private, no-cache"),
        ("etag", &format!("\"{PDF_SHA256}\"")),
        ("content-length", &PDF.len().to_string()),
    ] {
        assert_eq!(answer.header(header), expected);
    }
    assert!(answer.header("content-security-policy").contains("sandbox"));
    let head = expert.send(Draft::new(reqwest::Method::HEAD, content.as_str())).await.expect(200);
    assert_eq!((head.body.len(), head.header("content-length")), (0, PDF.len().to_string().as_str()));
    let again = Draft::get(content.as_str()).header("If-None-Match", answer.etag());
    assert!(expert.send(again).await.expect(304).body.is_empty());

    // The computed fields are read-only, and a file can't get a link.
    expert.patch(&file, json!({ "sha256": null })).await.expect_field_errors(&["/sha256 notAllowed"]);
    expert
        .patch(&file, json!({ "sha256": "0".repeat(64) }))
        .await
        .expect_field_errors(&["/sha256 notAllowed"]);
    expert
        .patch(&file, json!({ "url": "https://city.example/" }))
        .await
        .expect_field_errors(&["/url notAllowed"]);
    let renamed = expert.patch(&file, json!({ "title": { "en": "Decree" } })).await.expect(200).resource();
    assert_eq!(renamed["sha256"], PDF_SHA256);

    // The same file again changes nothing; another takes its place.
    let same = expert.send(upload(&renamed, "application/pdf", PDF)).await.expect(200).json();
    assert_eq!(same["version"], renamed["version"]);
    expert.send(upload(&file, "text/csv", "a,b")).await.expect_problem(412, "versionMismatch");
    let text = "الاسم,العدد\nمواقف,7\n";
    let replaced = expert.send(upload(&renamed, "Text/CSV; charset=UTF-8", text)).await.expect(200).json();
    assert_eq!((&replaced["mediaType"], &replaced["size"]), (&json!("text/csv"), &json!(text.len())));
    let answer = expert.get(content.as_str()).await.expect(200);
    assert_eq!((answer.text(), answer.header("content-type")), (text, "text/csv; charset=utf-8"));

    let current = expert.read(made.path.as_str()).await;
    expert.delete(&current).await.expect(204);
    assert_eq!(app.db_count("select count(*) from evidence_contents").await, 0);
}

#[tokio::test]
async fn a_file_of_ten_mebibytes_goes_up_and_down_and_no_larger_one() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let made = new(&app).await;
    let mut content: Vec<u8> = (0..MAX_FILE_BYTES).map(|at| (at % 251) as u8).collect();
    content[..PDF.len()].copy_from_slice(PDF);
    let answer = expert.send(upload(&made, "application/pdf", content.clone())).await.expect(200);
    assert_eq!(answer.json()["size"], MAX_FILE_BYTES);
    let down = expert.get(format!("{}/content", made.path)).await.expect(200);
    assert!(down.body == content, "{} bytes came back", down.body.len());

    content.push(0);
    let file = expert.read(made.path.as_str()).await;
    expert.send(upload(&file, "application/pdf", content)).await.expect_problem(413, "bodyTooLarge");
}

#[tokio::test]
async fn an_upload_is_what_it_says_it_is() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let made = new(&app).await;
    for kind in [
        "text/html",
        "image/svg+xml",
        "application/zip",
        "application/json",
        "multipart/mixed; boundary=x",
        "text/plain; charset=windows-1256",
        "multipart/form-data; boundary=Xé",
    ] {
        expert.send(upload(&made, kind, "<html>")).await.expect_problem(415, "unsupportedMediaType");
    }
    for coding in ["gzip", "br", "gzip, identity"] {
        let packed = upload(&made, "text/plain", "x").header("Content-Encoding", coding);
        expert.send(packed).await.expect_problem(415, "unsupportedMediaType");
    }
    for (kind, content) in [
        ("application/pdf", b"<html>".as_slice()),
        ("image/png", PDF),
        ("application/vnd.oasis.opendocument.text", PDF),
        ("application/vnd.oasis.opendocument.text", b"PK\x03\x04junk"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x03\x04\0\0"),
        ("text/plain", b"\xff\xfe"),
        ("text/csv", b"a\x00b"),
        ("text/plain", b""),
    ] {
        expert.send(upload(&made, kind, content)).await.expect_problem(400, "invalidRequest");
    }
    let unversioned =
        Draft::new(reqwest::Method::PUT, format!("{}/content", made.path)).body("application/pdf", PDF);
    expert.send(unversioned).await.expect_problem(428, "preconditionRequired");
    assert_eq!(expert.read(made.path.as_str()).await["version"], 1);
}

/// Slow uploads must neither fill the memory nor hold their places for ever. An upload that announces no size has the place
/// of the largest.
#[tokio::test]
async fn at_most_four_of_the_largest_files_are_in_memory_at_once() {
    let app = TestApp::start().await;
    let (expert, made) = (app.as_expert(), new(&app).await);
    let mut stalled = Vec::new();
    for who in [Who::Expert2, Who::Expert3, Who::Expert4, Who::Expert5] {
        let head = format!(
            "PUT {}/content HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nIf-Match: {}\r\n\
             Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n--x\r\n\r\n",
            made.path,
            app.token(who).await.unwrap(),
            made.etag
        );
        let mut stream = TcpStream::connect(app.address()).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stalled.push(stream);
    }
    // Further uploads succeed until the service reads the bodies of all four.
    let mut waiting = None;
    for _ in 0..20 {
        let other = new(&app).await;
        let mut fifth = Box::pin(async move { expert.send(upload(&other, "application/pdf", PDF)).await });
        if tokio::time::timeout(Duration::from_millis(500), &mut fifth).await.is_err() {
            waiting = Some(fifth);
            break;
        }
    }
    let fifth = waiting.expect("a fifth one waits");
    drop(stalled);
    assert_eq!(fifth.await.expect(200).json()["sha256"], PDF_SHA256);
}

#[tokio::test]
async fn evidence_is_added_at_any_time_and_changed_while_its_subject_can_be() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let policy = new_policy(&app).await;
    let (early, file) = (new(&app).await, uploaded(&app, &new(&app).await).await);
    app.db_open("sectors").await;
    let late = new_evidence(&app, "policy", policy.id(), json!({})).await;
    for evidence in [&early, &file, &late] {
        expert.patch(evidence, json!({ "title": { "en": "No" } })).await.expect_problem(409, "stepPassed");
        expert.delete(evidence).await.expect_problem(409, "stepPassed");
    }
    // The first upload belongs to adding it; another one would change it.
    let late = uploaded(&app, &late).await;
    for evidence in [&late, &file] {
        let other = upload(evidence, "text/plain", "Something else");
        expert.send(other).await.expect_problem(409, "stepPassed");
    }

    // An activity is planned ahead while its step is locked; a pilot is planned in one step and run in the next.
    let ahead = new_evidence(&app, "activity", app.world().activity("ahead"), json!({})).await;
    app.db_open("policy").await;
    let ahead = expert.patch(&ahead, json!({ "title": { "en": "Yes" } })).await.expect(200).resource();
    let pilot = new_evidence(&app, "pilot", &db_pilot(&app, None).await, json!({})).await;
    expert.delete(&pilot).await.expect_problem(409, "stepLocked");
    app.db_open("migration").await;
    expert.delete(&ahead).await.expect_problem(409, "stepPassed");
    let pilot = expert.patch(&pilot, json!({ "title": { "en": "Yes" } })).await.expect(200).resource();
    app.db_open("pilots").await;
    expert.delete(&pilot).await.expect(204);
}

#[tokio::test]
async fn a_condition_is_proved_even_after_the_task_force_was_concluded() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let (policy, condition) = (new_policy(&app).await, db_condition(&app).await);
    for (state, code) in [("suspended", "taskForceSuspended"), ("concluded", "taskForceClosed")] {
        db_set_task_force(&app, state).await;
        let of_policy = evidence("policy", policy.id(), json!({}));
        expert.post(app.a("/evidence"), of_policy).await.expect_problem(409, code);
    }
    let made = uploaded(&app, &new_evidence(&app, "condition", &condition, json!({})).await).await;
    let made = expert.patch(&made, json!({ "title": { "en": "Published" } })).await.expect(200).resource();
    expert.delete(&made).await.expect(204);
    db_set_task_force(&app, "suspended").await;
    let of_condition = evidence("condition", &condition, json!({}));
    expert.post(app.a("/evidence"), of_condition).await.expect_problem(409, "taskForceSuspended");
}

#[tokio::test]
async fn a_resource_with_evidence_is_not_deleted() {
    let app = TestApp::start().await;
    app.db_open_every_step().await;
    let expert = app.as_expert();
    let (policy, migration) = (new_policy(&app).await, new_migration(&app, json!({})).await);
    for (kind, subject) in [("policy", policy), ("migration", migration)] {
        let made = new_evidence(&app, kind, subject.id(), json!({})).await;
        let refused = expert.delete(&subject).await.expect_problem(409, "stillReferenced");
        assert_eq!(refused["references"][0]["kind"], "evidence");
        assert_eq!(refused["references"][0]["id"], made.id());
        expert.delete(&made).await.expect(204);
        expert.delete(&subject).await.expect(204);
    }
}

#[test]
fn the_document_lists_every_type_of_file_and_a_form_for_uploads() {
    let types = |operation: &str, content: &str| -> Vec<&str> {
        let described = operations().find(|described| described.id() == operation).unwrap().described;
        let content = described.pointer(content).unwrap().as_object().unwrap();
        content.keys().map(String::as_str).collect()
    };
    let mut downloads = types("downloadEvidence", "/responses/200/content");
    downloads.sort_unstable();
    let mut every: Vec<_> = FileKind::ALL.map(FileKind::media_type).into();
    // Generators that know no type of documents take this one, and read bytes.
    every.push("application/octet-stream");
    every.sort_unstable();
    assert_eq!(downloads, every);
    // Generators make a working upload of a form alone; of a second media type, some make text of the file.
    assert_eq!(types("uploadEvidence", "/requestBody/content"), ["multipart/form-data"]);
}

#[tokio::test]
async fn evidence_of_a_closed_condition_stays() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let condition = db_condition(&app).await;
    let proof = new_evidence(&app, "condition", &condition, json!({})).await;
    let renamed = expert.patch(&proof, json!({ "title": { "en": "Audit" } })).await.expect(200).resource();
    app.db().await.batch_execute("update conditions set state = 'met'").await.unwrap();
    expert.patch(&renamed, json!({ "title": { "en": "No" } })).await.expect_problem(409, "conditionSettled");
    expert.delete(&renamed).await.expect_problem(409, "conditionSettled");
    new_evidence(&app, "condition", &condition, json!({})).await;
}

/// The status and the code of an answer; 201 has none.
fn outcome(answer: &Answer) -> (u16, String) {
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    (answer.status, code)
}

#[tokio::test]
async fn the_record_is_completed_by_secretariat_and_chair_in_every_state_and_by_members_while_they_work() {
    let app = TestApp::start().await;
    app.db_open_every_step().await;
    let subjects = db_subjects(&app).await;
    let record = ["taskForce", "submission", "report", "decision"];
    for state in ["active", "suspended", "concluded", "dissolved", "forming"] {
        db_set_task_force(&app, state).await;
        let closed = match state {
            "active" => (201, ""),
            "suspended" => (409, "taskForceSuspended"),
            "forming" => (409, "taskForceForming"),
            _ => (409, "taskForceClosed"),
        };
        for (kind, id) in &subjects {
            let of_the_record = record.contains(kind);
            for who in [Who::Secretariat, Who::Chair, Who::Expert1, Who::CouncilMember, Who::Administrator] {
                let expected = match who {
                    Who::CouncilMember | Who::Administrator => (403, "forbidden"),
                    Who::Secretariat if !of_the_record => (403, "forbidden"),
                    Who::Secretariat | Who::Chair if of_the_record => (201, ""),
                    _ if *kind == "condition" && !["suspended", "forming"].contains(&state) => (201, ""),
                    _ => closed,
                };
                let answer = app.as_who(who).post(app.a("/evidence"), evidence(kind, id, json!({}))).await;
                let expected = (expected.0, expected.1.to_owned());
                assert_eq!(outcome(&answer), expected, "{who:?} about {kind} while {state}");
            }
        }
    }
    // What was added can get its file, also afterwards. A wrong file is replaced by the person who
    // filed it, and nothing is deleted.
    db_set_task_force(&app, "concluded").await;
    let secretariat = app.as_secretariat();
    let decree = evidence("taskForce", &app.world().a, json!({}));
    let decree = secretariat.create(app.a("/evidence"), decree).await;
    let decree = secretariat.send(upload(&decree, "application/pdf", PDF)).await.expect(200).resource();
    let decree = Resource { path: app.a(&format!("/evidence/{}", decree.id())), ..decree };
    let content = async || {
        app.as_who(Who::CouncilMember).get(format!("{}/content", decree.path)).await.expect(200).body
    };
    for state in ["concluded", "suspended"] {
        db_set_task_force(&app, state).await;
        let code = if state == "concluded" { "taskForceClosed" } else { "taskForceSuspended" };
        let seen = secretariat.reload(&decree).await;
        let other = upload(&seen, "text/plain", "Something else");
        app.as_chair().send(other.clone()).await.expect_problem(409, code);
        secretariat.send(other).await.expect(200);
        assert_eq!(content().await, "Something else".as_bytes());
        let seen = secretariat.reload(&decree).await;
        secretariat.patch(&seen, json!({ "title": { "en": state } })).await.expect(200);
        let seen = secretariat.reload(&decree).await;
        secretariat.delete(&seen).await.expect_problem(409, code);
        secretariat.send(upload(&seen, "application/pdf", PDF)).await.expect(200);
        assert_eq!(content().await, PDF);
    }
    let decree = secretariat.reload(&decree).await;
    // The secretariat does not touch the evidence of the work.
    db_set_task_force(&app, "active").await;
    let policy = new(&app).await;
    secretariat.patch(&policy, json!({ "title": { "en": "No" } })).await.expect_problem(403, "forbidden");
    secretariat.delete(&policy).await.expect_problem(403, "forbidden");
    secretariat.send(upload(&policy, "application/pdf", PDF)).await.expect_problem(403, "forbidden");
    // What somebody else has put on record is not a member's to change.
    let expert = app.as_expert();
    expert.patch(&decree, json!({ "title": { "en": "No" } })).await.expect_problem(403, "forbidden");
    expert.send(upload(&decree, "text/plain", "Something else")).await.expect_problem(403, "forbidden");
    expert.delete(&decree).await.expect_problem(403, "forbidden");
    let own = expert.create(app.a("/evidence"), evidence("taskForce", &app.world().a, json!({}))).await;
    expert.delete(&own).await.expect(204);
    secretariat.delete(&decree).await.expect(204);
}

#[tokio::test]
async fn evidence_of_a_closed_vote_and_of_a_submitted_report_stays() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    app.db_open("report").await;
    let report = reported(&app, json!({})).await;
    let closed = chair.list(&app.a("/steps/report/submissions")).await.remove(0);
    for (kind, id) in [("report", report.id()), ("submission", closed["id"].as_str().unwrap())] {
        let late = chair.create(app.a("/evidence"), evidence(kind, id, json!({}))).await;
        let late = chair.send(upload(&late, "application/pdf", PDF)).await.expect(200).resource();
        let late = Resource { path: app.a(&format!("/evidence/{}", late.id())), ..late };
        let other = upload(&late, "text/plain", "Something else");
        chair.send(other).await.expect_problem(409, "evidenceOnRecord");
        chair.patch(&late, json!({ "title": { "en": "No" } })).await.expect_problem(409, "evidenceOnRecord");
        chair.delete(&late).await.expect_problem(409, "evidenceOnRecord");
    }
}

#[tokio::test]
async fn a_sector_with_evidence_is_voted_on_with_it_and_not_deleted() {
    let app = TestApp::start().await;
    app.db_open("sectors").await;
    let expert = app.as_expert();
    let sector = expert.create(app.a("/sectors"), json!({ "name": { "en": "Water", "ar": "المياه" } })).await;
    let decree = new_evidence(&app, "sector", sector.id(), json!({})).await;
    let refused = expert.delete(&sector).await.expect_problem(409, "stillReferenced");
    assert_eq!(refused["references"][0]["id"], decree.id());
    studied_sector(expert, "Mobility").await;
    expert.transition_because(&sector, "notSelected", "Too dear").await;
    app.cancel_open_activities("sectors").await;
    let submission = app.as_chair().create(app.a("/steps/sectors/submissions"), json!({})).await;
    let voted_on = &submission["snapshot"]["content"]["evidence"][0];
    assert_eq!((&voted_on["id"], &voted_on["subject"]["kind"]), (&decree["id"], &json!("sector")));
    expert.delete(&decree).await.expect_problem(409, "stepSubmitted");
}

#[tokio::test]
async fn a_report_lists_the_evidence_of_the_record_but_not_that_of_its_drafts() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let first = submitted_report(&app, json!({})).await;
    let decided = decide(&app, "adjust", json!({ "returnToStep": "report" })).await;
    app.cancel_open_activities("report").await;
    let about =
        async |kind: &str, id: &str| chair.create(app.a("/evidence"), evidence(kind, id, json!({}))).await;
    let first_vote = chair.list(&app.a("/steps/report/submissions")).await.remove(0);
    let mut expected = Vec::new();
    for (kind, id) in [
        ("taskForce", app.world().a.as_str()),
        ("decision", decided.id()),
        ("report", first.id()),
        ("submission", first_vote["id"].as_str().unwrap()),
    ] {
        expected.push(json!({ "kind": kind, "id": id }));
        about(kind, id).await;
    }
    let ready = async || {
        let readiness = chair.get(app.a("/steps/report/readiness")).await.expect(200).json();
        let criteria = readiness["criteria"].as_array().unwrap();
        criteria.iter().find(|one| one["code"] == "reportCurrent").unwrap()["met"] == true
    };
    let new = json!({ "recommendation": "continue", "summary": { "en": "Well", "ar": "جيد" } });
    let draft = chair.create(app.a("/reports"), new.clone()).await;
    let subjects = draft["model"]["evidence"].as_array().unwrap().iter().map(|one| &one["subject"]);
    let listed: Vec<_> =
        subjects.clone().map(|one| json!({ "kind": one["kind"], "id": one["id"] })).collect();
    assert_eq!(listed, expected);
    assert!(subjects.clone().all(|one| one["title"].is_object()), "{draft:?}");
    // Evidence about the draft itself is no part of it, whatever becomes of that evidence.
    let letter = about("report", draft.id()).await;
    assert!(ready().await);
    let letter = chair.patch(&letter, json!({ "title": { "en": "Letter" } })).await.expect(200).resource();
    let letter = Resource { path: app.a(&format!("/evidence/{}", letter.id())), ..letter };
    chair.delete(&letter).await.expect(204);
    assert!(ready().await);
    about("report", draft.id()).await;
    let again = chair.create(app.a("/reports"), new).await;
    assert_eq!(again["model"]["evidence"].as_array().unwrap().len(), 4);
    about("decision", decided.id()).await;
    assert!(!ready().await, "the report would list it");
}
