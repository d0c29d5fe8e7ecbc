//! API keys: made by a person, shown once, and never more than their owner may.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::client::{Draft, activity, with};
use crate::support::council::set_condition;
use crate::support::{Answer, Client, Resource, TestApp, Who};

/// The body of a new key, with what the fields don't say.
fn key(fields: Value) -> Value {
    with(json!({ "name": "Nightly", "scopes": ["write"], "expiresAt": "2027-05-01T00:00:00Z" }), fields)
}

/// A script with an API key.
struct Script<'a> {
    app: &'a TestApp,
    made: Resource,
}

impl<'a> Script<'a> {
    async fn of(owner: Client<'a>, fields: Value) -> Self {
        Self { app: owner.app, made: owner.create("/v1/api-keys", key(fields)).await }
    }

    async fn send(&self, draft: Draft) -> Answer {
        let bearer = format!("Bearer {}", self.made["key"].as_str().unwrap());
        self.app.as_anybody().send(draft.header("Authorization", &bearer)).await
    }

    async fn get(&self, path: impl Into<String>) -> Answer {
        self.send(Draft::get(path)).await
    }
}

fn revoke(id: &str) -> Draft {
    Draft::new(Method::DELETE, format!("/v1/api-keys/{id}"))
}

fn reads_only() -> Value {
    json!({ "scopes": ["read"] })
}

/// The codes that block each transition of a resource.
fn in_the_way(resource: &Value) -> Vec<Vec<&str>> {
    let transitions = resource["availableTransitions"].as_array().unwrap().iter();
    transitions
        .map(|one| {
            one["blockedBy"].as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect()
        })
        .collect()
}

#[tokio::test]
async fn a_key_is_shown_once_and_does_what_its_owner_does() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let answer = secretariat.post("/v1/api-keys", key(json!({}))).await.expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let made = answer.resource();
    let secret = made["key"].as_str().unwrap();
    assert!(secret.starts_with("tfk_") && secret.len() == 47, "{secret}");
    assert_eq!((&made["secretShown"], &made["scopes"]), (&json!(true), &json!(["read", "write"])));
    assert_eq!(made.path, format!("/v1/api-keys/{}", made.id()));

    let script = Script { app: &app, made: made.clone() };
    assert_eq!(script.get("/v1/me").await.expect(200).json()["email"], Who::Secretariat.email());
    script.get(app.a("/status")).await.expect(200);
    script.get("/v1/status").await.expect(200);
    let read = script.get(app.a("")).await.expect(200).resource();
    let change = Draft::new(Method::PATCH, app.a(""))
        .body("application/merge-patch+json", json!({ "mandate": { "en": "Now this" } }).to_string())
        .header("If-Match", &read.etag);
    script.send(change).await.expect(200);

    let listed = secretariat.list("/v1/api-keys").await;
    assert_eq!((listed[0]["id"].as_str(), listed[0].get("key")), (Some(made.id()), None));
    let kept = "select count(*) filter (where key_hash = sha256(convert_to($1, 'UTF8'))),
               count(*) filter (where k::text like '%' || substr($1, 5) || '%'
                                or position(convert_to(substr($1, 5), 'UTF8') in key_hash) > 0)
        from api_keys k";
    let kept = app.db().await.query_one(kept, &[&secret]).await.unwrap();
    assert_eq!((kept.get::<_, i64>(0), kept.get::<_, i64>(1)), (1, 0), "only the hash of the key is stored");

    secretariat.send(revoke(made.id())).await.expect(204);
    let events = app.as_administrator().list("/v1/installation-events").await;
    let of_the_key: Vec<_> = events.iter().filter(|event| event["subject"]["id"] == made["id"]).collect();
    let actions: Vec<_> = of_the_key.iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["apiKey.revoked", "apiKey.created"]);
    assert!(of_the_key.iter().all(|event| event["actor"]["id"] == app.world().user(Who::Secretariat)));
    assert_eq!(of_the_key[1]["changes"]["scopes"]["after"], json!(["read", "write"]));
    assert!(of_the_key.iter().all(|event| event["subject"]["title"]["en"] == "Nightly"), "told by name");
    assert!(!json!(of_the_key).to_string().contains("tfk_"));
}

#[tokio::test]
async fn a_malformed_key_is_refused() {
    let app = TestApp::start().await;
    let script = Script::of(app.as_expert(), json!({})).await;
    let good = script.made["key"].as_str().unwrap();
    let mut other = good.to_owned();
    let last = other.pop().unwrap();
    other.push(if last == 'A' { 'B' } else { 'A' });
    for token in
        [other.as_str(), "tfk_", &good[..46], &format!("{good}A"), &good[4..], &good.to_uppercase(), "tfk_ü"]
    {
        let draft = Draft::get("/v1/me").header("Authorization", &format!("Bearer {token}"));
        app.as_anybody().send(draft).await.expect_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn an_invalid_new_key_is_refused_with_field_errors() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let post = async |fields: Value| expert.post("/v1/api-keys", key(fields)).await;
    post(json!({ "scopes": [] })).await.expect_field_errors(&["/scopes tooShort"]);
    post(json!({ "scopes": ["read", "read"] })).await.expect_field_errors(&["/scopes duplicate"]);
    post(json!({ "scopes": ["admin"] })).await.expect_field_errors(&["/scopes/0 notAllowed"]);
    post(json!({ "name": " " })).await.expect(400);
    post(json!({ "expiresAt": "2026-11-22T09:00:00Z" })).await.expect_field_errors(&["/expiresAt tooSmall"]);
    post(json!({ "expiresAt": "2027-11-23T09:00:00.000001Z" }))
        .await
        .expect_field_errors(&["/expiresAt tooLarge"]);
    post(json!({ "expiresAt": "2027-11-23T09:00:00Z" })).await.expect(201);
    post(json!({ "expiresAt": "2026-11-22T09:00:00.000001Z" })).await.expect(201);
    // The id of another task force is answered as an unknown id.
    let mut problems = Vec::new();
    for absent in [app.world().b.as_str(), "0199f0c2-7a3b-7c11-9d2e-000000000001"] {
        let mut problem =
            post(json!({ "taskForceId": absent })).await.expect_problem(400, "unknownReference");
        assert_eq!(problem["errors"][0]["pointer"], "/taskForceId");
        problem["requestId"].take();
        problems.push(problem);
    }
    assert_eq!(problems[0], problems[1]);
    post(json!({ "taskForceId": app.world().a })).await.expect(201);
}

#[tokio::test]
async fn a_key_that_only_reads_changes_nothing() {
    let app = TestApp::start().await;
    let chair = Script::of(app.as_chair(), reads_only()).await;
    let secretariat = Script::of(app.as_secretariat(), reads_only()).await;
    let planned = app.a(&format!("/activities/{}", app.world().activity("planned")));
    let it = app.as_chair().read(planned.as_str()).await;
    let before = app.db_events().await;
    for draft in [
        Draft::post(app.a("/activities"), &activity(json!({}))),
        Draft::patch(&it, &json!({ "priority": "high" })),
        Draft::command(&it, "transitions", &json!({ "to": "inProgress" })),
        Draft::delete(&it),
        Draft::post(format!("{planned}/comments"), &json!({ "text": "x" })),
        Draft::post(app.a("/health-statements"), &json!({ "health": "atRisk" })),
        Draft::patch(&app.as_chair().read(app.a("")).await, &json!({ "nextCouncilDate": "2027-01-20" })),
    ] {
        chair.send(draft).await.expect_problem(403, "insufficientScope");
    }
    let user = app.as_secretariat().read(format!("/v1/users/{}", app.world().user(Who::Expert2))).await;
    let new =
        json!({ "email": "new@council.example", "name": { "en": "New" }, "role": "expert", "locale": "en" });
    let found = crate::support::world::task_force("Delta", &[]);
    for draft in [
        Draft::post("/v1/users", &new),
        Draft::patch(&user, &json!({ "locale": "en" })),
        Draft::command(&user, "transitions", &json!({ "to": "disabled", "reason": { "en": "Left" } })),
        Draft::new(Method::POST, format!("{}/invitations", user.path)),
        Draft::post("/v1/task-forces", &found),
    ] {
        secretariat.send(draft).await.expect_problem(403, "insufficientScope");
    }
    assert_eq!(app.db_events().await, before);
    // The key reads everything that its owner reads.
    for path in [planned.as_str(), &app.a("/status"), &app.a("/events"), "/v1/me/tasks", "/v1/task-forces"] {
        chair.get(path).await.expect(200);
    }
    for path in ["/v1/users", "/v1/status", "/v1/decisions", "/v1/reports", "/v1/conditions"] {
        secretariat.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn a_key_sees_the_transitions_that_it_can_make_and_no_others() {
    let app = TestApp::start().await;
    let reader = Script::of(app.as_chair(), reads_only()).await;
    let writer = Script::of(app.as_chair(), json!({ "taskForceId": app.world().a })).await;
    let planned = app.a(&format!("/activities/{}", app.world().activity("planned")));
    let shown = reader.get(planned.as_str()).await.expect(200).json();
    assert!(!in_the_way(&shown).is_empty());
    assert!(in_the_way(&shown).iter().all(|codes| codes[0] == "insufficientScope"), "{shown:#}");
    let (own, through) =
        (app.as_chair().read(planned.as_str()).await, writer.get(planned.as_str()).await.expect(200));
    assert_eq!(own["availableTransitions"], through.json()["availableTransitions"]);

    // Conditions have authorization rules of their own.
    let open = set_condition(&app, Who::Expert1, json!({})).await;
    let shown = reader.get(open.path.as_str()).await.expect(200).json();
    assert!(in_the_way(&shown).iter().all(|codes| codes[0] == "insufficientScope"), "{shown:#}");
    let met =
        Draft::command(&app.as_chair().reload(&open).await, "transitions", &json!({ "to": "reportedMet" }));
    reader.send(met.clone()).await.expect_problem(403, "insufficientScope");
    let shown = writer.get(open.path.as_str()).await.expect(200).json();
    assert!(in_the_way(&shown).iter().any(Vec::is_empty), "{shown:#}");
    writer.send(met).await.expect(200);

    // Transitions of users depend on the scope, too.
    let reader = Script::of(app.as_secretariat(), reads_only()).await;
    let shown = reader.get(format!("/v1/users/{}", app.world().user(Who::Expert2))).await.expect(200).json();
    assert_eq!(in_the_way(&shown), [["insufficientScope"]]);
    let me = writer.get("/v1/me").await.expect(200).json();
    assert_eq!(in_the_way(&me), [["forbidden"]], "the chair's own transitions");
}

#[tokio::test]
async fn to_a_key_of_one_task_force_there_is_no_other() {
    let app = TestApp::start().await;
    let of_a = json!({ "taskForceId": app.world().a });
    let script = Script::of(app.as_secretariat(), of_a.clone()).await;
    script.get(app.a("/status")).await.expect(200);
    let comparable = async |answer: Answer| {
        let own = ["x-request-id", "date"];
        let headers = answer.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
        let mut headers: Vec<_> =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        headers.sort();
        let mut problem = answer.expect_problem(404, "notFound");
        problem["requestId"].take();
        (headers, problem)
    };
    let absent = "/v1/task-forces/0199f0c2-7a3b-7c11-9d2e-000000000001";
    for rest in ["", "/status", "/activities", "/members"] {
        let other = comparable(script.get(app.b(rest)).await).await;
        assert_eq!(other, comparable(script.get(format!("{absent}{rest}")).await).await, "{rest}");
    }
    let post = |base: String| Draft::post(format!("{base}/activities"), &activity(json!({})));
    let other = comparable(script.send(post(app.b(""))).await).await;
    assert_eq!(other, comparable(script.send(post(absent.to_owned())).await).await);

    let listed = script.get("/v1/task-forces").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["id"], app.world().a);
    for path in [
        "/v1/users",
        "/v1/status",
        "/v1/decisions",
        "/v1/reports",
        "/v1/conditions",
        "/v1/me/tasks",
        "/v1/me/activities",
        &format!("/v1/users/{}", app.world().user(Who::Expert2)),
        &format!("/v1/users/{}", app.world().user(Who::Administrator)),
    ] {
        script.get(path).await.expect_problem(403, "insufficientScope");
    }
    let found = crate::support::world::task_force("Delta", &[]);
    script.send(Draft::post("/v1/task-forces", &found)).await.expect_problem(403, "insufficientScope");
    let administrator = Script::of(app.as_administrator(), of_a).await;
    administrator.get("/v1/installation-events").await.expect_problem(403, "insufficientScope");
    for path in ["/v1", "/v1/vocabularies", "/health/live"] {
        script.get(path).await.expect(200);
    }

    // The key may read its owner, but not the owner's other seats.
    let chair = app.as_who(Who::Other3);
    assert_eq!(chair.read("/v1/me").await["memberships"].as_array().unwrap().len(), 2);
    let script = Script::of(chair, json!({ "taskForceId": app.world().f })).await;
    let me = script.get("/v1/me").await.expect(200).json();
    assert_eq!(me["memberships"].as_array().unwrap().len(), 1);
    assert_eq!(me["memberships"][0]["taskForce"]["id"], app.world().f);
}

#[tokio::test]
async fn a_key_is_never_more_than_its_owner_is_now() {
    let app = TestApp::start().await;
    let script = Script::of(app.as_who(Who::Expert5), json!({ "taskForceId": app.world().a })).await;
    script.get(app.a("/status")).await.expect(200);
    script.get(app.b("/status")).await.expect_problem(404, "notFound");
    let health = Draft::post(app.a("/health-statements"), &json!({ "health": "atRisk" }));
    script.send(health).await.expect_problem(403, "forbidden");
    let seat = app.as_chair().read(app.a(&format!("/members/{}", app.world().member(Who::Expert5)))).await;
    app.as_chair().command(&seat, "end", json!({ "reason": { "en": "Moved away" } })).await.expect(200);
    script.get(app.a("/status")).await.expect_problem(404, "notFound");
    script.get("/v1/me").await.expect(200);

    let administrator = app.as_administrator();
    let user = administrator.read(format!("/v1/users/{}", app.world().user(Who::Expert5))).await;
    let user = administrator.transition_because(&user, "disabled", "Left the city").await;
    script.get("/v1/me").await.expect_problem(401, "unauthenticated");
    administrator.transition(&user, "active").await;
    script.get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn a_key_ends_when_it_says_and_at_once_when_it_is_revoked() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let short = Script::of(expert, json!({ "expiresAt": "2026-11-22T09:10:00Z" })).await;
    let long = Script::of(expert, json!({})).await;
    app.advance(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
    short.get("/v1/me").await.expect(200);
    app.advance(TimeDelta::microseconds(1));
    short.get("/v1/me").await.expect_problem(401, "unauthenticated");

    long.get("/v1/me").await.expect(200);
    let problem_of = async |answer: Answer| {
        let mut problem = answer.expect_problem(404, "notFound");
        problem["requestId"].take();
        problem
    };
    let others = problem_of(app.as_chair().send(revoke(long.made.id())).await).await;
    assert_eq!(
        others,
        problem_of(app.as_chair().send(revoke("0199f0c2-7a3b-7c11-9d2e-000000000001")).await).await
    );
    long.get("/v1/me").await.expect(200);
    expert.send(revoke(long.made.id())).await.expect(204);
    long.get("/v1/me").await.expect_problem(401, "unauthenticated");
    let before = app.db_events().await;
    expert.send(revoke(long.made.id())).await.expect(204);
    assert_eq!(app.db_events().await, before, "once is enough");
    let listed = expert.list("/v1/api-keys").await;
    assert_eq!(listed[0]["revokedAt"], "2026-11-22T09:10:00Z");
    assert_eq!((&listed[1]["id"], &listed[1]["revokedAt"]), (&short.made["id"], &Value::Null));
    assert!(app.as_who(Who::Expert2).list("/v1/api-keys").await.is_empty());
    assert_eq!(expert.list_by("/v1/api-keys", 1).await, listed);
}

#[tokio::test]
async fn keys_end_by_an_administrator_a_new_invitation_and_more_power() {
    let app = TestApp::start().await;
    let administrator = app.as_administrator();
    let [by_id, by_invitation, by_role] = [Who::Expert1, Who::Expert2, Who::Outsider];
    let newest_event = async || administrator.list("/v1/installation-events").await.remove(0);

    let script = Script::of(app.as_who(by_id), json!({})).await;
    app.as_secretariat().send(revoke(script.made.id())).await.expect_problem(404, "notFound");
    administrator.send(revoke(script.made.id())).await.expect(204);
    script.get("/v1/me").await.expect_problem(401, "unauthenticated");
    assert_eq!(newest_event().await["actor"]["id"], app.world().user(Who::Administrator));

    let [one, other] = [json!({}), reads_only()].map(|fields| Script::of(app.as_who(by_invitation), fields));
    let (one, other) = (one.await, other.await);
    other.send(revoke(one.made.id())).await.expect_problem(403, "insufficientScope");
    let path = format!("/v1/users/{}/invitations", app.world().user(by_invitation));
    app.as_secretariat().send(Draft::new(Method::POST, path)).await.expect(201);
    for script in [one, other] {
        script.get("/v1/me").await.expect_problem(401, "unauthenticated");
    }
    assert_eq!(newest_event().await["changes"]["apiKeysRevoked"]["after"], 2);

    let script = Script::of(app.as_who(by_role), json!({})).await;
    let path = format!("/v1/users/{}", app.world().user(by_role));
    for (role, status) in [("secretariat", 200), ("administrator", 401)] {
        let user = administrator.read(path.as_str()).await;
        administrator.patch(&user, json!({ "role": role })).await.expect(200);
        script.get("/v1/me").await.expect(status);
    }
    assert_eq!(newest_event().await["changes"]["apiKeysRevoked"]["after"], 1);
}

#[tokio::test]
async fn a_hundred_keys_are_enough_for_anybody() {
    let app = TestApp::start().await;
    let many =
        "insert into api_keys (id, user_id, name, key_hash, may_write, created_at, expires_at, revoked_at)
        select gen_random_uuid(), $1::text::uuid, 'one of many', sha256(n::text::bytea), false, '2026-11-22',
            case n when 1 then timestamptz '2026-11-22 09:00:00' else '2026-12-01' end,
            case n when 2 then timestamptz '2026-11-22 08:00:00' end
        from generate_series(1, 101) n";
    app.db().await.execute(many, &[&app.world().user(Who::Expert1)]).await.unwrap();
    // One has ended and one is revoked.
    let made = app.as_expert().post("/v1/api-keys", key(json!({}))).await.expect(201).resource();
    app.as_expert().post("/v1/api-keys", key(json!({}))).await.expect_problem(409, "tooManyApiKeys");
    app.as_who(Who::Expert2).post("/v1/api-keys", key(json!({}))).await.expect(201);
    app.as_expert().send(revoke(made.id())).await.expect(204);
    app.as_expert().post("/v1/api-keys", key(json!({}))).await.expect(201);
}

#[tokio::test]
async fn a_stolen_key_does_not_open_the_account() {
    let app = TestApp::start().await;
    let script = Script::of(app.as_expert(), json!({})).await;
    let session = app.as_expert().list("/v1/me/sessions").await[0]["id"].as_str().unwrap().to_owned();
    let password = json!({ "currentPassword": PASSWORD, "newPassword": "three wooden ships at noon" });
    for draft in [
        Draft::get("/v1/api-keys"),
        Draft::post("/v1/api-keys", &key(json!({}))),
        revoke(script.made.id()),
        Draft::get("/v1/me/sessions"),
        Draft::new(Method::DELETE, format!("/v1/me/sessions/{session}")),
        Draft::new(Method::PUT, "/v1/auth/password").json(&password),
    ] {
        script.send(draft).await.expect_problem(403, "insufficientScope");
    }
    app.as_expert().get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn the_last_use_is_known_to_the_minute() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let script = Script::of(expert, json!({})).await;
    // The use is recorded outside of the request, which may take a moment.
    let noted = async |expected: &str| {
        for _ in 0..200 {
            if expert.list("/v1/api-keys").await[0]["lastUsedAt"] == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("not noted: {expected}");
    };
    assert_eq!(expert.list("/v1/api-keys").await[0]["lastUsedAt"], Value::Null);
    script.get("/v1/me").await.expect(200);
    noted("2026-11-22T09:00:00Z").await;
    let writes =
        async || app.db_count("select (xmin::text)::bigint from api_keys where name = 'Nightly'").await;
    let written = writes().await;
    app.advance(TimeDelta::seconds(59));
    for _ in 0..5 {
        script.get("/v1/me").await.expect(200);
    }
    app.advance(TimeDelta::seconds(1));
    assert_eq!(writes().await, written, "not within the minute");
    script.get("/v1/me").await.expect(200);
    noted("2026-11-22T09:01:00Z").await;
}
