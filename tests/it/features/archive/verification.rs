//! `taskforce verify-audit --archive`: whatever is changed in an archive is found, without a database.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::archive::{Downloaded, Members, download};
use crate::support::evidence::{db_subjects, new_evidence, new_policy, uploaded};
use crate::support::{TestApp, Who};

/// Verifies a file; returns the exit code, the output and the complaint.
fn verify(file: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taskforce"));
    command.env_clear().env("RUST_LOG", "error");
    let ended = command.args(["verify-audit", "--archive", file]).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

fn verify_bytes(bytes: &[u8]) -> (Option<i32>, String, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    verify(file.path().to_str().unwrap())
}

/// An archive with a row in every table that has contents, a file, and evidence whose file was removed.
pub(super) async fn archive(app: &TestApp) -> (Downloaded, String) {
    app.db_open_every_step().await;
    db_subjects(app).await;
    let policy = new_policy(app).await;
    let evidence = uploaded(app, &new_evidence(app, "policy", policy.id(), json!({})).await).await;
    let path = format!("evidence/{}/file.pdf", evidence.id());
    let removed = uploaded(app, &new_evidence(app, "policy", policy.id(), json!({})).await).await;
    let reason = json!({ "reason": { "en": "Filed twice" } });
    app.as_secretariat().command(&removed, "remove-file", reason).await.expect(200);
    (download(app.as_secretariat(), app.a("/archive")).await, path)
}

#[tokio::test]
async fn an_archive_that_nobody_touched_is_intact() {
    let app = TestApp::start().await;
    let (mut archive, _) = archive(&app).await;
    let manifest = archive.manifest();
    let members = Members::of(&mut archive);
    let (code, output, complaint) = verify_bytes(&members.packed(&manifest));
    assert_eq!((code, complaint.as_str()), (Some(0), ""), "{output}");
    let verified = app.as_chair().get(app.a("/audit/verification")).await.expect(200).json();
    let (events, head) = (&verified["events"], verified["headHash"].as_str().unwrap());
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines[0], format!("{} intact: {events} events, head {head}", app.world().a));
    let contents = ["submissions", "reports", "report_files", "evidence_contents"]
        .map(|table| manifest["counts"][table].as_u64().unwrap())
        .iter()
        .sum::<u64>();
    assert!(contents >= 3);
    assert_eq!(
        lines[1],
        format!(
            "archive of 2026-11-22 09:00 UTC by taskforce {}: {} members and {contents} contents have their hashes",
            env!("CARGO_PKG_VERSION"),
            members.0.len()
        )
    );
}

#[tokio::test]
async fn whatever_is_changed_in_an_archive_is_found() {
    let app = TestApp::start().await;
    let (mut archive, file) = archive(&app).await;
    let manifest = archive.manifest();
    let head = manifest["head"]["seq"].as_i64().unwrap();
    let submission = archive.rows("submissions")[0]["snapshot"].as_str().unwrap().to_owned();
    let other = app.world().user(Who::OtherChair);
    let events = "tables/events.jsonl";
    type Change<'a> = Box<dyn Fn(&mut Members) + 'a>;
    // The change, whether the manifest is made to fit, and what is said of it.
    let changes: Vec<(Change<'_>, bool, String)> = vec![
        (
            Box::new(|members| members.content(&file)[0] ^= 1),
            false,
            format!("{file}: the content does not have the hash that the manifest names"),
        ),
        (
            Box::new(|members| members.content(&file)[0] ^= 1),
            true,
            format!("{file}: the file does not have the hash and the size of its evidence"),
        ),
        (
            Box::new(|members| members.content(&submission)[0] ^= 1),
            true,
            format!("{submission}: the content does not have the hash that its row names"),
        ),
        (
            Box::new(|members| members.replace(events, r#"\"requestId\":\""#, r#"\"requestId\":\"x"#)),
            true,
            "line 1: the chain is broken at event 1: The event's text does not give its hash".to_owned(),
        ),
        (
            Box::new(|members| members.replace(events, r#""seq":5,"#, r#""seq":6,"#)),
            true,
            "the chain is broken at event 5: The event is missing".to_owned(),
        ),
        (
            Box::new(|members| {
                let content = members.content(events);
                let last = content[..content.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
                content.truncate(last + 1);
            }),
            true,
            format!("the chain is broken at event {head}: The event is missing"),
        ),
        (
            Box::new(|members| {
                members.content("people.jsonl").extend_from_slice(b"{\"id\":1,\"name\":2,\"email\":3}\n");
            }),
            true,
            "a person has other fields than id and name".to_owned(),
        ),
        (
            Box::new(|members| members.replace("tables/members.jsonl", &app.world().a, other)),
            true,
            "tables/members.jsonl: line 1: the row belongs to another task force".to_owned(),
        ),
        (
            Box::new(|members| members.replace("tables/task_force_heads.jsonl", r#""seq":"#, r#""seq":1"#)),
            true,
            "the manifest names another head than the row of the task force".to_owned(),
        ),
        (
            Box::new(|members| members.0.retain(|(path, _)| *path != file)),
            true,
            format!("the archive has no member {file:?}"),
        ),
        (
            Box::new(|members| members.0.push(("evidence/1/other.pdf".to_owned(), b"%PDF".to_vec()))),
            true,
            "evidence/1/other.pdf: no row names the member".to_owned(),
        ),
        (
            Box::new(|members| members.content("tables/steps.jsonl").extend_from_slice(b"{\n")),
            true,
            "tables/steps.jsonl: line 6: EOF".to_owned(),
        ),
        (
            Box::new(|members| {
                members.content("tables/steps.jsonl").pop();
            }),
            true,
            "tables/steps.jsonl: a line is too long or has no end".to_owned(),
        ),
    ];
    for (change, is_fitted, said) in changes {
        let mut members = Members::of(&mut archive);
        change(&mut members);
        let manifest = if is_fitted { members.fitted(&manifest) } else { manifest.clone() };
        let (code, output, complaint) = verify_bytes(&members.packed(&manifest));
        assert_eq!(code, Some(1), "{said}: {output}");
        assert!(output.contains(&said), "{said}: {output}");
        assert!(
            output.lines().last().unwrap().starts_with(&format!("{} broken: ", app.world().a)),
            "{output}"
        );
        assert!(complaint.starts_with("error: the archive is broken: "), "{complaint}");
    }
    // A count of the manifest.
    let members = Members::of(&mut archive);
    let mut counted = manifest.clone();
    counted["counts"]["steps"] = json!(4);
    let (code, output, _) = verify_bytes(&members.packed(&counted));
    assert_eq!(code, Some(1));
    assert!(output.contains("the manifest names other tables, or other numbers of rows"), "{output}");
}

#[tokio::test]
async fn what_is_no_archive_is_said_in_one_line() {
    let app = TestApp::start().await;
    let (mut archive, _) = archive(&app).await;
    let manifest = archive.manifest();
    let whole = Members::of(&mut archive).packed(&manifest);
    let no_manifest = Members(vec![("a".to_owned(), Vec::new())]).packed(&Value::Null);
    for (bytes, said) in [
        (&whole[..whole.len() / 2], "the file is no complete archive: it is cut off"),
        (b"not a ZIP file, however long the text is that stands in it", "the file is no complete archive"),
        (&no_manifest[..], "the manifest is none"),
    ] {
        let (code, output, complaint) = verify_bytes(bytes);
        assert_eq!((code, output.as_str(), complaint.lines().count()), (Some(1), "", 1), "{complaint}");
        assert!(complaint.starts_with("error: ") && complaint.contains(said), "{complaint}");
    }
    let dir = tempfile::tempdir().unwrap();
    for missing in [dir.path().join("missing.zip"), dir.path().to_owned()] {
        let (code, output, complaint) = verify(missing.to_str().unwrap());
        assert_eq!((code, output.as_str(), complaint.lines().count()), (Some(2), "", 1), "{complaint}");
    }
}
