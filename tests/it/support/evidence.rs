//! Evidence as tests write it, and what it is about.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Draft, with};
use super::contract::DOCUMENT;
use super::migrations::{db_id, db_pilot, db_sector_of};
use super::policies::policy;
use super::votes::db_draft_report;
use super::{Resource, TestApp};

/// A file that begins as a PDF does.
pub(crate) const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n";

/// The body of new evidence about something: a file, unless the fields say where it is.
pub(crate) fn evidence(kind: &str, id: &str, fields: Value) -> Value {
    let usual = json!({
        "subject": { "kind": kind, "id": id },
        "title": { "en": "Minutes of the meeting", "ar": "محضر الاجتماع" },
    });
    with(usual, fields)
}

/// Evidence about something of task force A.
pub(crate) async fn new_evidence(app: &TestApp, kind: &str, id: &str, fields: Value) -> Resource {
    app.as_expert().create(app.a("/evidence"), evidence(kind, id, fields)).await
}

/// An identified policy of task force A.
pub(crate) async fn new_policy(app: &TestApp) -> Resource {
    app.as_expert().create(app.a("/policies"), policy(json!({}))).await
}

/// A PUT of the file of evidence as it was read.
pub(crate) fn upload(evidence: &Resource, media_type: &str, content: impl Into<Vec<u8>>) -> Draft {
    Draft::new(Method::PUT, format!("{}/content", evidence.path))
        .body(media_type, content)
        .header("If-Match", &evidence.etag)
}

/// The boundary of the forms that tests send: the one of openapi-python-client.
const BOUNDARY: &str = "+++";

/// The media type of the forms that tests send.
pub(crate) const FORM: &str = "multipart/form-data; boundary=+++";

/// The body of a form with these parts, each of headers and content.
pub(crate) fn form_body(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (headers, content) in parts {
        body.extend_from_slice(format!("--{BOUNDARY}\r\n{headers}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// A PUT of a form in place of the file of evidence as it was read.
pub(crate) fn upload_form(evidence: &Resource, body: impl Into<Vec<u8>>) -> Draft {
    upload(evidence, FORM, body)
}

/// The headers of the part with a PDF that has this name, and what else its disposition says.
pub(crate) fn pdf_part(disposition: &str) -> String {
    format!("Content-Disposition: form-data; name=\"file\"{disposition}\r\nContent-Type: application/pdf")
}

/// Evidence whose file was uploaded.
pub(crate) async fn uploaded(app: &TestApp, evidence: &Resource) -> Resource {
    let answer = app.as_expert().send(upload(evidence, "application/pdf", PDF)).await.expect(200);
    Resource { path: evidence.path.clone(), ..answer.resource() }
}

/// A study of a sector of task force A, past the service.
pub(crate) async fn db_study(app: &TestApp) -> String {
    let sector = db_sector_of(app, &app.world().a).await;
    let insert = r#"insert into studies
            (task_force_id, id, sector_id, title, approach, completed, created_at, updated_at)
        values ($1::text::uuid, gen_random_uuid(), $2::text::uuid, '{"en": "Ways"}', 'Survey', false, now(), now())"#;
    db_id(app, insert, &app.world().a, &[&sector]).await
}

/// An assessment of a sector of task force A, past the service.
pub(crate) async fn db_assessment(app: &TestApp) -> String {
    let sector = db_sector_of(app, &app.world().a).await;
    let insert = "insert into assessments
            (task_force_id, id, sector_id, kind, level, assessed_on, created_at, updated_at)
        values ($1::text::uuid, gen_random_uuid(), $2::text::uuid, 'current', 2, '2026-11-22', now(), now())";
    db_id(app, insert, &app.world().a, &[&sector]).await
}

/// A condition that the council set task force A, past the service.
pub(crate) async fn db_condition(app: &TestApp) -> String {
    let a = &app.world().a;
    let report = r#"insert into reports (task_force_id, id, number, cycle, state, recommendation, summary, model, hash, seq,
            member_id, submitted_at, created_at, updated_at)
        values ($1::text::uuid, gen_random_uuid(), 1, 1, 'decided', 'conclude', '{"en": "Done"}', '{}', sha256('{}'), 1,
            (select id from members where task_force_id = $1::text::uuid limit 1), now(), now(), now())"#;
    let report = db_id(app, report, a, &[]).await;
    let decision = r#"insert into decisions (task_force_id, id, number, report_id, cycle, outcome, meeting_reference, decided_on,
            reason, user_id, seq, created_at)
        values ($1::text::uuid, gen_random_uuid(), 1, $2::text::uuid, 1, 'conclude', 'C-1', '2026-11-22', '{"en": "Good"}',
            (select id from users limit 1), 1, now())"#;
    let decision = db_id(app, decision, a, &[&report]).await;
    let condition = r#"insert into conditions (task_force_id, id, decision_id, text, owner_member_id, due_date, state_since,
            created_at, updated_at)
        values ($1::text::uuid, gen_random_uuid(), $2::text::uuid, '{"en": "Publish it"}',
            (select id from members where task_force_id = $1::text::uuid limit 1), '2027-01-01', now(), now(), now())"#;
    db_id(app, condition, a, &[&decision]).await
}

/// One subject of each kind, in the order of the contract.
pub(crate) async fn db_subjects(app: &TestApp) -> Vec<(&'static str, String)> {
    let migration = super::migrations::new_migration(app, json!({})).await;
    vec![
        ("activity", app.world().activity("planned").to_owned()),
        ("policy", new_policy(app).await.id().to_owned()),
        ("study", db_study(app).await),
        ("assessment", db_assessment(app).await),
        ("pilot", db_pilot(app, None).await),
        ("migration", migration.id().to_owned()),
        ("condition", db_condition(app).await),
        ("taskForce", app.world().a.clone()),
        ("sector", db_sector_of(app, &app.world().a).await),
        ("submission", db_submission(app).await),
        ("report", db_draft_report(app, json!({ "en": "Well" })).await),
        ("decision", db_decision(app).await),
    ]
}

/// A submission of task force A that the members vote on, past the service.
async fn db_submission(app: &TestApp) -> String {
    let insert = "insert into submissions
            (task_force_id, id, cycle, step, state, member_id, created_at, updated_at, snapshot, hash)
        values ($1::text::uuid, gen_random_uuid(), 1, 'policy', 'voting',
            (select id from members where task_force_id = $1::text::uuid limit 1), now(), now(), $2, sha256(convert_to($2, 'UTF8')))";
    let shown = &DOCUMENT["components"]["examples"]["getSubmissionResponse"]["value"]["snapshot"];
    db_id(app, insert, &app.world().a, &[&shown.to_string()]).await
}

/// A decision on task force A that there is already.
async fn db_decision(app: &TestApp) -> String {
    let query = "select id::text from decisions where task_force_id = $1::text::uuid";
    app.db().await.query_one(query, &[&app.world().a]).await.unwrap().get(0)
}

/// Sets the state of task force A, past the service.
pub(crate) async fn db_set_task_force(app: &TestApp, state: &str) {
    let change =
        r#"update task_forces set state = $1, state_reason = '{"en": "Because"}' where id = $2::text::uuid"#;
    app.db().await.execute(change, &[&state, &app.world().a]).await.unwrap();
}
