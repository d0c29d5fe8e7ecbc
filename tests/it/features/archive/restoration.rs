//! `taskforce restore`: a task force comes back from its archive as it was, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use taskforce::demo;

use super::verification::archive;
use crate::support::app::PASSWORD;
use crate::support::archive::{Downloaded, Members};
use crate::support::client::Draft;
use crate::support::contract::operations;
use crate::support::{TestApp, Who, postgres};

/// Runs a command on a database; returns the exit code, the output and the complaint.
async fn run(app: &TestApp, arguments: &[&str]) -> (Option<i32>, String, String) {
    let url = postgres::url_as(postgres::SERVICE, &app.database).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_taskforce"));
    command.env_clear().env("RUST_LOG", "error").env("DATABASE_URL", url.expose_secret());
    let ended = command.args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

async fn restore(app: &TestApp, bytes: &[u8]) -> (Option<i32>, String, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    run(app, &["restore", file.path().to_str().unwrap()]).await
}

/// The rows of the tables that say who may sign in, copied from one database to another.
async fn db_copy_people(from: &TestApp, to: &TestApp) {
    for (table, columns) in [
        ("users", "id, email, email_folded, name, role, locale, state, version, created_at, updated_at"),
        ("passwords", "user_id, hash"),
    ] {
        let read = format!("select coalesce(json_agg(t), '[]')::text from (select {columns} from {table}) t");
        let rows: String = from.db().await.query_one(&read, &[]).await.unwrap().get(0);
        let write = format!(
            "insert into {table} ({columns}) select {columns} from json_populate_recordset(null::{table}, $1::text::json)"
        );
        to.db().await.execute(&write, &[&rows]).await.unwrap();
    }
}

/// A reader of everything, by their credential.
struct Reader<'a> {
    app: &'a TestApp,
    credential: String,
}

impl<'a> Reader<'a> {
    async fn sign_in(app: &'a TestApp, email: &str) -> Self {
        let credentials = json!({ "email": email, "password": PASSWORD });
        let answer = app.as_anybody().post("/v1/auth/login", credentials).await.expect(200).json();
        Self { app, credential: format!("Bearer {}", answer["accessToken"].as_str().unwrap()) }
    }

    async fn get(&self, path: &str) -> crate::support::Answer {
        self.app.as_anybody().send(Draft::get(path).header("Authorization", &self.credential)).await
    }

    /// The addresses of a path with parameters: each parameter takes what the list before it has.
    async fn addresses(&self, template: &str, task_force_id: &str) -> Vec<String> {
        let mut addresses = vec![String::new()];
        for segment in template.split('/').skip(1) {
            let Some(parameter) = segment.strip_prefix('{').map(|rest| rest.trim_end_matches('}')) else {
                addresses.iter_mut().for_each(|address| *address += &format!("/{segment}"));
                continue;
            };
            let mut longer = Vec::new();
            for address in addresses {
                let values = match parameter {
                    "taskForceId" => vec![task_force_id.to_owned()],
                    _ => self.values(&address, parameter).await,
                };
                longer.extend(values.iter().map(|value| format!("{address}/{value}")));
            }
            addresses = longer;
        }
        addresses
    }

    /// What the items of a list have as a parameter, of the first items.
    async fn values(&self, list: &str, parameter: &str) -> Vec<String> {
        let answer = self.get(list).await;
        if answer.status != 200 {
            return Vec::new();
        }
        let body = answer.json();
        let items = body["items"].as_array().or(body.as_array()).cloned().unwrap_or_default();
        let field = if parameter.ends_with("Id") { "id" } else { parameter };
        let value = |item: &Value| match &item[field] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        items.iter().filter_map(value).take(4).collect()
    }
}

/// Every read of a task force that answers in JSON alone or first, with what is answered. Files and streams are compared as
/// members of the archive.
async fn answers(reader: &Reader<'_>, task_force_id: &str) -> BTreeMap<String, Value> {
    let mut answers = BTreeMap::new();
    let reads = operations().filter(|operation| {
        operation.method.eq_ignore_ascii_case("get")
            && operation.path.starts_with("/v1/task-forces/{taskForceId}")
            && operation.described["responses"]["200"]["content"]["application/json"].is_object()
    });
    for operation in reads {
        for address in reader.addresses(operation.path, task_force_id).await {
            let answer = reader.get(&address).await;
            if answer.header("content-type").contains("json") {
                answers.insert(address, json!({ "status": answer.status, "body": answer.json() }));
            }
        }
    }
    answers
}

#[tokio::test]
async fn a_restored_task_force_answers_as_before() {
    let first = TestApp::empty().await;
    demo::seed(&first.app, &PASSWORD.into()).await.unwrap();
    let second = TestApp::empty().await;
    db_copy_people(&first, &second).await;
    let secretariat = "secretariat@demo.example";
    let (before, after) =
        (Reader::sign_in(&first, secretariat).await, Reader::sign_in(&second, secretariat).await);
    let list = before.get("/v1/task-forces").await.expect(200).json();
    let ids: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
    assert!(ids.len() >= 3);
    for id in ids {
        let id = id.as_str().unwrap();
        let path = format!("/v1/task-forces/{id}/archive");
        let mut archive = Downloaded::new(before.get(&path).await.expect(200).body);
        let (manifest, members) = (archive.manifest(), Members::of(&mut archive));
        let (code, output, complaint) = restore(&second, &members.packed(&manifest)).await;
        assert_eq!((code, complaint.as_str()), (Some(0), ""), "{output}");
        let people = &manifest["counts"]["users"];
        assert!(
            output.contains(&format!("{people} people: {people} were known by their id, 0 are new")),
            "{output}"
        );

        let (was, is) = (answers(&before, id).await, answers(&after, id).await);
        assert!(was.len() > 20, "{:?}", was.keys());
        assert_eq!(was.keys().collect::<Vec<_>>(), is.keys().collect::<Vec<_>>());
        for (address, body) in was {
            assert_eq!(body, is[&address], "{address}");
        }
        // The archive of what was restored from the archive.
        let mut again = Downloaded::new(after.get(&path).await.expect(200).body);
        assert_eq!(again.names(), archive.names());
        for name in archive.names() {
            assert_eq!(
                String::from_utf8_lossy(&again.member(&name)),
                String::from_utf8_lossy(&archive.member(&name)),
                "{name}"
            );
        }
        // What triggers count.
        for counted in [
            format!("select file_bytes from task_force_heads where task_force_id = '{id}'"),
            format!("select open::bigint from open_activity_counts where task_force_id = '{id}'"),
            format!(
                "select coalesce(array_length(due_dates, 1), 0)::bigint from open_activity_counts where task_force_id = '{id}'"
            ),
        ] {
            assert_eq!(second.db_count(&counted).await, first.db_count(&counted).await, "{counted}");
        }
    }
    // Nobody is told again of what happened before the archive.
    let untold = "select count(*) from task_force_heads h left join notification_cursors c
        on c.task_force_id = h.task_force_id where c.seq is distinct from h.seq";
    assert_eq!(second.db_count(untold).await, 0);
    let (code, output, _) = run(&second, &["verify-audit"]).await;
    assert_eq!((code, output.matches("intact").count() >= 3), (Some(0), true), "{output}");
    // The work goes on: ids and numbers go on from where they were.
    let chair = Reader::sign_in(&second, "chair@demo.example").await;
    let active = list["items"].as_array().unwrap().iter().find(|item| item["state"] == "active").unwrap();
    let task_force = active["id"].as_str().unwrap();
    let last = second
        .db_count(&format!("select max(number)::bigint from activities where task_force_id = '{task_force}'"))
        .await;
    let activities = format!("/v1/task-forces/{task_force}/activities");
    let activity = json!({ "title": { "en": "After the restoration" }, "step": "pilots" });
    let draft = Draft::post(activities, &activity).header("Authorization", &chair.credential);
    let made = second.as_anybody().send(draft).await.expect(201).json();
    assert_eq!(made["number"], last + 1);
    let (code, output, _) = run(&second, &["verify-audit", "--task-force", task_force]).await;
    assert_eq!(code, Some(0), "{output}");
}

#[tokio::test]
async fn people_whom_nobody_knows_come_back_disabled() {
    let first = TestApp::start().await;
    let (mut archive, _) = archive(&first).await;
    let (manifest, members) = (archive.manifest(), Members::of(&mut archive));
    let second = TestApp::empty().await;
    let (code, output, complaint) = restore(&second, &members.packed(&manifest)).await;
    assert_eq!((code, complaint.as_str()), (Some(0), ""), "{output}");
    let people = manifest["counts"]["users"].as_i64().unwrap();
    assert!(output.starts_with(&format!("{} restored: ", first.world().a)), "{output}");
    assert!(
        output.contains(&format!("{people} people: 0 were known by their id, {people} are new and disabled")),
        "{output}"
    );
    let disabled = "select count(*) from users where state = 'disabled' and role = 'expert'
        and email = id || '@restored.invalid' and email_folded = email";
    assert_eq!(second.db_count(disabled).await, people);
    for nothing in ["passwords", "sessions", "api_keys", "invitations", "user_identities"] {
        assert_eq!(second.db_count(&format!("select count(*) from {nothing}")).await, 0, "{nothing}");
    }
    // Names are those of the archive.
    let name =
        "select count(*) from users u join json_to_recordset($1::text::json) as p (id uuid, name jsonb)
        on p.id = u.id and p.name = u.name";
    let lines = archive.lines("people.jsonl");
    let named: i64 = second.db().await.query_one(name, &[&json!(lines).to_string()]).await.unwrap().get(0);
    assert_eq!(named, people);
    // The restoration is an event of the installation, and of no chain.
    let recorded =
        "select count(*) from installation_events where action = 'user.restored' and actor_kind = 'system'";
    assert_eq!(second.db_count(recorded).await, people);
    let recorded = format!(
        "select count(*) from installation_events where action = 'taskForce.restored' and subject_id = '{}'
         and changes #>> '{{headHash,after}}' = '{}'",
        first.world().a,
        manifest["head"]["hash"].as_str().unwrap()
    );
    assert_eq!(second.db_count(&recorded).await, 1);
    assert_eq!(
        second.db_count("select count(*) from events").await,
        manifest["head"]["seq"].as_i64().unwrap()
    );

    // Twice is once too often.
    let (code, output, complaint) = restore(&second, &members.packed(&manifest)).await;
    assert_eq!((code, output.as_str()), (Some(1), ""));
    assert_eq!(
        complaint,
        format!(
            "error: the task force {} is in this database already; nothing was restored\n",
            first.world().a
        )
    );
}

/// An administrator reads what was restored, and brings a person back.
#[tokio::test]
async fn an_administrator_brings_a_restored_person_back() {
    let app = TestApp::start().await;
    let id = "0199f0c2-7a3b-7c11-9d2e-0000000000aa";
    let insert = "insert into users (id, email, email_folded, name, role, locale, state, created_at, updated_at)
        values ($1::text::uuid, $1 || '@restored.invalid', $1 || '@restored.invalid', '{\"en\": \"Back\"}', 'expert', 'en',
                'disabled', now(), now())";
    app.db().await.execute(insert, &[&id]).await.unwrap();
    let event = "insert into installation_events (id, at, actor_kind, request_id, action, subject_kind, subject_id, changes)
        select gen_random_uuid(), now(), 'system', 'restore', action, kind, id::uuid, '{}'::jsonb
        from (values ('user.restored', 'user', $1::text), ('taskForce.restored', 'taskForce', $2)) e (action, kind, id)";
    app.db().await.execute(event, &[&id, &app.world().a]).await.unwrap();
    let administrator = app.as_administrator();
    let events = administrator.get("/v1/installation-events?sort=-seq&limit=2").await.expect(200).json();
    assert_eq!(events["items"][0]["subject"]["kind"], "taskForce", "{events:#}");
    assert_eq!(events["items"][1]["subject"]["id"], id);
    let path = format!("/v1/users/{id}");
    let user = administrator.read(&path).await;
    administrator.patch(&user, json!({ "email": "back@council.example" })).await.expect(200);
    let user = administrator.read(&path).await;
    administrator.transition(&user, "invited").await;
    let invited =
        app.as_administrator().send(Draft::new(reqwest::Method::POST, format!("{path}/invitations"))).await;
    assert!(invited.expect(201).json()["invitationToken"].is_string());
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_changes_nothing() {
    let first = TestApp::start().await;
    let (mut archive, file) = archive(&first).await;
    let manifest = archive.manifest();
    let second = TestApp::empty().await;
    let empty = "select (select count(*) from users) + (select count(*) from task_forces) + (select count(*) from events)
        + (select count(*) from installation_events) + (select count(*) from evidence_contents)";
    let mut refusals: Vec<(Vec<u8>, String)> = Vec::new();
    let mut changed = |change: &dyn Fn(&mut Members, &mut Value), said: &str| {
        let mut members = Members::of(&mut archive);
        let mut manifest = manifest.clone();
        change(&mut members, &mut manifest);
        let bytes = members.packed(&members.fitted(&manifest));
        refusals.push((bytes, said.to_owned()));
    };
    changed(
        &|_, manifest| manifest["schemaVersion"] = json!("20200101000000"),
        "the archive has the schema 20200101000000, and the database has the schema 2026",
    );
    changed(&|members, _| members.content(&file)[0] ^= 1, "the archive is broken: ");
    changed(
        &|members, manifest| {
            manifest["counts"].as_object_mut().unwrap().remove("comments");
            members.0.retain(|(path, _)| path != "tables/comments.jsonl");
        },
        "the archive has other tables than this version of taskforce",
    );
    changed(
        &|members, _| members.replace("tables/steps.jsonl", "\"ordinal\":", "\"rank\":"),
        "tables/steps.jsonl: a row has other columns",
    );
    // A member whom a step, an activity or a vote names.
    changed(&|members, _| members.content("tables/members.jsonl").clear(), "the database refuses ");
    // A panel of four.
    changed(
        &|members, _| {
            let expert = r#""role":"expert""#;
            let ended = r#""to_date":null,"end_reason":null"#;
            let text = String::from_utf8(members.content("tables/members.jsonl").clone()).unwrap();
            assert!(text.contains(expert) && text.contains(ended));
            let over = r#""to_date":"2026-11-22","end_reason":{"en":"Over"}"#;
            *members.content("tables/members.jsonl") = text.replace(ended, over).into_bytes();
        },
        "the database refuses ",
    );
    changed(
        &|members, _| members.replace("tables/task_forces.jsonl", "\"time_zone\":\"", "\"time_zone\":\"X"),
        "the database refuses a row of task_forces: the time zone",
    );
    changed(
        &|members, _| members.replace("tables/policies.jsonl", "\"kind\":\"", "\"kind\":\"x"),
        "the database refuses a row of policies: ",
    );
    changed(
        &|members, _| members.replace("people.jsonl", "\"id\" : \"", "\"id\" : \"x"),
        "the database refuses a row of users: ",
    );
    let whole = Members::of(&mut archive).packed(&manifest);
    refusals.push((whole[..whole.len() - 30].to_vec(), "the file is no complete archive".to_owned()));
    for (bytes, said) in refusals {
        let (code, output, complaint) = restore(&second, &bytes).await;
        assert_eq!(
            (code, output.as_str(), complaint.lines().count()),
            (Some(1), "", 1),
            "{said}: {complaint}"
        );
        assert!(complaint.starts_with("error: ") && complaint.contains(&said), "{said}: {complaint}");
        assert_eq!(second.db_count(empty).await, 0, "{said}");
    }
    let (code, _, complaint) = run(&second, &["restore", "/nowhere/missing.zip"]).await;
    assert_eq!(code, Some(2), "{complaint}");
    // Nothing is left behind that keeps the archive out.
    let (code, output, complaint) = restore(&second, &whole).await;
    assert_eq!(code, Some(0), "{output}{complaint}");
    let ids: BTreeSet<_> =
        archive.lines("people.jsonl").iter().map(|person| person["id"].to_string()).collect();
    assert!(ids.contains(&json!(first.world().user(Who::Chair)).to_string()));
}
