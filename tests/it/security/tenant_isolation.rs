//! Isolation of task forces: an id of another task force is answered like an unknown id, in any position.
//!
//! Every operation of the contract is written twice, once for task force A and once for B by those who sit there. Then
//! the chair of A sends what they may not have seen, and the same with ids that were never given: the two answers are
//! byte for byte one. How long an answer takes is not compared.

mod lists;
mod retries;

use std::collections::BTreeSet;

use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::contract::operation_cases::{self, Case};
use crate::support::client::Draft;
use crate::support::contract::resolved;
use crate::support::{Answer, TestApp, Who};

/// The places of ids in bodies where the tests do not send an unknown id.
const UNTRIED: [&str; 0] = [];

/// The ids in a path, by their place in it.
fn ids_in(path: &str) -> Vec<(usize, String)> {
    let parts = path.split('/').enumerate();
    parts.filter(|(_, part)| Uuid::parse_str(part).is_ok()).map(|(at, part)| (at, part.to_owned())).collect()
}

/// The places of the ids in a body.
fn ids_below(body: &Value, at: &str, found: &mut Vec<(String, String)>) {
    match body {
        Value::String(text) if Uuid::parse_str(text).is_ok() => found.push((at.to_owned(), text.clone())),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| ids_below(item, &format!("{at}/{n}"), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| ids_below(field, &format!("{at}/{name}"), found));
        }
        _ => {}
    }
}

/// The body of a draft, if it is JSON.
fn body_of(draft: &Draft) -> Option<Value> {
    draft.body.as_ref().and_then(|body| serde_json::from_slice(body).ok())
}

fn ids_of(draft: &Draft) -> Vec<(String, String)> {
    let mut found = Vec::new();
    body_of(draft).iter().for_each(|body| ids_below(body, "", &mut found));
    found
}

fn nothing() -> String {
    Uuid::now_v7().to_string()
}

/// The path with another id at this place.
fn with_id(path: &str, place: usize, id: &str) -> String {
    let parts: Vec<_> =
        path.split('/').enumerate().map(|(at, part)| if at == place { id } else { part }).collect();
    parts.join("/")
}

/// The comparable part of an answer: all of it except its date, its request id and the requested ids.
fn comparable(answer: &Answer, asked: &BTreeSet<String>) -> (u16, Vec<(String, String)>, String) {
    let unnamed = |text: &str| asked.iter().fold(text.to_owned(), |text, id| text.replace(id, "<id>"));
    let request_id = answer.header("x-request-id");
    let headers = |headers: &HeaderMap| {
        let mut lines: Vec<_> = headers
            .iter()
            .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), unnamed(value.to_str().unwrap())))
            .collect();
        lines.sort();
        lines
    };
    let body = unnamed(answer.text()).replace(request_id, "<request>");
    (answer.status, headers(&answer.headers), body)
}

/// Sends both and fails if their answers differ in anything. Returns the status that they share.
async fn same(app: &TestApp, who: Who, foreign: Draft, absent: Draft) -> u16 {
    let asked = |draft: &Draft| -> BTreeSet<String> {
        let path = draft.path.split(['/', '?', '&', '=']).filter(|part| Uuid::parse_str(part).is_ok());
        path.map(str::to_owned).chain(ids_of(draft).into_iter().map(|(_, id)| id)).collect()
    };
    let (asked_first, asked_second) = (asked(&foreign), asked(&absent));
    let first = app.as_who(who).send(foreign).await;
    let second = app.as_who(who).send(absent).await;
    let what = format!("{} and {}", first.request, second.request);
    assert_eq!(comparable(&first, &asked_first), comparable(&second, &asked_second), "{what}");
    first.status
}

/// The request as it is, and variants that could reveal something in other ways.
fn variants(draft: &Draft, their_etag: Option<&str>) -> Vec<Draft> {
    let without = |name: &str| {
        let headers = draft.headers.iter().filter(|(header, _)| header != name).cloned().collect();
        Draft { headers, ..draft.clone() }
    };
    let mut variants = vec![draft.clone()];
    if draft.method == reqwest::Method::GET {
        variants.push(draft.clone().header("If-None-Match", "*"));
        variants.extend(their_etag.map(|etag| draft.clone().header("If-None-Match", etag)));
    } else if draft.headers.iter().any(|(name, _)| name == "If-Match") {
        variants.push(without("If-Match"));
        variants.push(without("If-Match").header("If-Match", "\"999999.ab\""));
    }
    if draft.body.is_some() {
        variants.push(Draft { body: Some(br#"{"unheardOf":1}"#.to_vec()), ..draft.clone() });
    }
    variants
}

/// An operation as it is written for A, and as it is written for B.
struct Pair {
    case: Case,
    ours: Draft,
    theirs: Draft,
    /// The `ETag` of what is theirs, where it has one.
    etag: Option<String>,
}

/// Every operation that names anything by an id.
async fn pairs(app: &TestApp, wanted: impl Fn(&Case) -> bool) -> Vec<Pair> {
    let mirrored = app.mirrored_world().await;
    app.db_open_every_step().await;
    app.set_mirrored(Some(mirrored));
    app.db_open_every_step().await;
    app.set_mirrored(None);
    let mut pairs = Vec::new();
    for case in operation_cases::all().into_iter().filter(wanted) {
        app.set_mirrored(Some(mirrored));
        let theirs = case.write(app).await;
        let mut etag =
            theirs.headers.iter().find(|(name, _)| name == "If-Match").map(|(_, etag)| etag.clone());
        if theirs.method == reqwest::Method::GET {
            let read = app.as_secretariat().send(theirs.clone()).await;
            etag = read.headers.get("etag").map(|etag| etag.to_str().unwrap().to_owned());
        }
        app.set_mirrored(None);
        let ours = case.write(app).await;
        pairs.push(Pair { case, ours, theirs, etag });
    }
    pairs
}

fn has_ids_in_its_path(case: &Case) -> bool {
    case.operation().path.contains("Id}")
}

#[tokio::test]
async fn an_id_of_another_task_force_in_a_path_is_the_id_of_nothing() {
    let app = TestApp::start().await;
    let pairs = pairs(&app, has_ids_in_its_path).await;
    assert!(pairs.len() > 90, "{} operations", pairs.len());
    for Pair { case, ours, theirs, etag } in pairs {
        let id = case.id;
        let (own, foreign) = (ids_in(&ours.path), ids_in(&theirs.path));
        assert_eq!(own.len(), foreign.len(), "{id}: {} and {}", ours.path, theirs.path);

        // All of the path is theirs, or nobody's; or the task force is theirs, and the rest nobody's.
        let nowhere =
            foreign.iter().fold(theirs.path.clone(), |path, (at, _)| with_id(&path, *at, &nothing()));
        let within =
            foreign.iter().skip(1).fold(theirs.path.clone(), |path, (at, _)| with_id(&path, *at, &nothing()));
        for (n, draft) in variants(&theirs, etag.as_deref()).into_iter().enumerate() {
            for path in [&nowhere, &within].into_iter().take(if n == 0 { 2 } else { 1 }) {
                let absent = Draft { path: path.clone(), ..draft.clone() };
                let status = same(&app, Who::Chair, draft.clone(), absent).await;
                // Outside any task force a right is refused openly, and a body is checked before what is changed is looked
                // for.
                let in_b = theirs.path.starts_with(&app.b(""));
                assert!(status == 404 || !in_b && [400, 403, 428].contains(&status), "{id}: {status}");
            }
        }

        // The task force is ours, and something in it theirs. Theirs is also the version, so that it would fit.
        let our_own = ours.path.starts_with(&app.a(""));
        for (at, stranger) in foreign.iter().skip(usize::from(our_own)) {
            for draft in variants(&Draft { headers: theirs.headers.clone(), ..ours.clone() }, etag.as_deref())
            {
                let foreign = Draft { path: with_id(&ours.path, *at, stranger), ..draft.clone() };
                let absent = Draft { path: with_id(&ours.path, *at, &nothing()), ..draft };
                let status = same(&app, Who::Chair, foreign, absent).await;
                // Errors of the request itself come first.
                assert!([400, 403, 404, 428].contains(&status), "{id}: {status}");
            }
        }
    }
}

/// The members of a body that take an id, whether the case sends them or not; who is to sit in a task force may be
/// anybody.
fn references(case: Case) -> Vec<&'static String> {
    let content = case.operation().described["requestBody"]["content"].as_object();
    let schemas = content.into_iter().flatten().map(|(_, media)| resolved(&media["schema"]));
    let fields = schemas.flat_map(|schema| schema["properties"].as_object().into_iter().flatten());
    let takes_an_id = |field: &'static Value| resolved(field)["format"] == "uuid";
    fields.filter(|(name, field)| takes_an_id(field) && *name != "userId").map(|(name, _)| name).collect()
}

/// A request that names what has this id.
type Naming<'a> = Box<dyn Fn(&str) -> Draft + 'a>;

/// The draft with another value of a field.
fn with_field(draft: &Draft, field: &str, value: Value) -> Draft {
    let mut body = body_of(draft).unwrap();
    body[field] = value;
    Draft { body: Some(body.to_string().into_bytes()), ..draft.clone() }
}

#[tokio::test]
async fn an_id_of_another_task_force_in_a_body_is_the_id_of_nothing() {
    let app = TestApp::start().await;
    let pairs = pairs(&app, |case| case.operation().described["requestBody"].is_object()).await;
    // Something of every kind.
    let mut strangers = vec![
        app.world().b.clone(),
        app.world().b_activity.clone(),
        app.world().member(Who::Other2).to_owned(),
    ];
    for kind in [
        "policies",
        "sectors",
        "pilots",
        "migrations",
        "evidence",
        "conditions",
        "reports",
        "decisions",
        "steps/policy/submissions",
    ] {
        let there = app.as_secretariat().list(&app.b(&format!("/{kind}"))).await;
        strangers.push(there.first().unwrap()["id"].as_str().unwrap().to_owned());
    }
    let (mut places, mut tried) = (BTreeSet::new(), BTreeSet::new());
    for Pair { case, ours, .. } in pairs.iter().filter(|pair| body_of(&pair.ours).is_some()) {
        // Anew: what the other cases did may have changed what this one is about.
        let ours = if references(*case).is_empty() { ours } else { &case.write(&app).await };
        let mut drafts: Vec<(String, Naming<'_>)> = Vec::new();
        for name in references(*case) {
            drafts.push((format!("/{name}"), Box::new(|id| with_field(ours, name, json!(id)))));
        }
        // The subject of an activity or of evidence.
        let kinds = [
            "activity",
            "policy",
            "sector",
            "pilot",
            "migration",
            "condition",
            "taskForce",
            "submission",
            "report",
            "decision",
        ];
        for kind in kinds
            .into_iter()
            .filter(|_| ["createActivity", "updateActivity", "createEvidence"].contains(&case.id))
        {
            let about = move |id: &str| json!({ "kind": kind, "id": id });
            drafts.push((
                format!("/subject of {kind}"),
                Box::new(move |id| with_field(ours, "subject", about(id))),
            ));
        }
        if case.id == "createDecision" {
            let body = body_of(ours).unwrap();
            let conditions = move |id: &str| {
                let mut condition = body["conditions"][0].clone();
                condition["ownerId"] = json!(id);
                json!([condition])
            };
            drafts.push((
                "/conditions/0/ownerId".to_owned(),
                Box::new(move |id| with_field(ours, "conditions", conditions(id))),
            ));
        }
        for (place, draft) in drafts {
            places.insert(format!("{} {place}", case.id));
            for stranger in &strangers {
                // The secretariat sees both task forces, but what is in one is not in the other.
                let some = if place == "/taskForceId" {
                    vec![Who::Chair]
                } else {
                    vec![Who::Chair, Who::Secretariat]
                };
                for who in some {
                    let status = same(&app, who, draft(stranger), draft(&nothing())).await;
                    assert!([400, 403, 409].contains(&status), "{} {place}: {status}", case.id);
                    if status == 400 {
                        tried.insert(format!("{} {place}", case.id));
                    }
                }
            }
        }
    }
    assert!(places.len() > 30, "{places:?}");
    assert_eq!(places.difference(&tried).collect::<Vec<_>>(), UNTRIED);
}

#[tokio::test]
async fn a_refused_invitation_does_not_reveal_accounts() {
    let app = TestApp::start().await;
    for who in [Who::Chair, Who::Expert1, Who::Outsider, Who::CouncilMember] {
        let invite = |email: &str| {
            let user = json!({ "email": email, "name": { "en": "X" }, "role": "expert", "locale": "en" });
            Draft::post("/v1/users", &user)
        };
        let status =
            same(&app, who, invite(&Who::OtherChair.email()), invite("nobody@council.example")).await;
        assert_eq!(status, 403);
        if who == Who::Chair {
            let of = |text: &str| Draft::get(format!("/v1/users?q={text}"));
            let status = same(&app, who, of("otherchair%40council"), of("nobody%40council")).await;
            assert_eq!(status, 200, "who names members finds people by their names, not by their addresses");
        }
    }
}

#[tokio::test]
async fn a_key_of_one_task_force_shows_nothing_of_the_others() {
    let app = TestApp::start().await;
    app.db_open_every_step().await;
    for case in operation_cases::all().into_iter().filter(|case| case.operation().method == "get") {
        let answer = app.as_who(Who::KeyOfB).send(case.write(&app).await).await;
        let text = String::from_utf8_lossy(&answer.body);
        assert!(answer.status != 200 || !text.contains(&app.world().a), "{}: {text}", answer.request);
    }
}
