//! Merge patches.

use serde_json::{Map, Value, json};

use super::{fuzz, junk};
use crate::support::client::Draft;
use crate::support::policies::policy;
use crate::support::random::Rng;
use crate::support::{Resource, TestApp};

/// The fields of a policy that can be patched.
const FIELDS: [&str; 5] = ["title", "kind", "description", "reference", "aims"];
/// Names that can't be patched, or only inside of one of those.
const NAMES: [&str; 12] = [
    "title",
    "kind",
    "description",
    "reference",
    "aims",
    "en",
    "ar",
    "id",
    "state",
    "version",
    "createdAt",
    "__proto__",
];

/// A value that fits one of the fields, mostly.
fn fitting(rng: &mut Rng, field: &str) -> String {
    let languages = |rng: &mut Rng| {
        let mut text = Map::new();
        for language in ["en", "ar"].into_iter().filter(|_| rng.percent(60)).collect::<Vec<_>>() {
            let written = if rng.percent(25) { Value::Null } else { json!(format!("Text {}", rng.below(9))) };
            text.insert(language.to_owned(), written);
        }
        Value::Object(text).to_string()
    };
    match field {
        _ if rng.percent(12) => "null".to_owned(),
        _ if rng.percent(12) => junk::json(rng, &NAMES, 3),
        "title" | "description" => languages(rng),
        "kind" => (*rng.pick(&["\"policy\"", "\"framework\"", "\"standard\"", "\"law\""])).to_owned(),
        "reference" => json!(format!("No. {}", rng.below(5))).to_string(),
        _ => {
            let aims = ["sustainable", "inclusiveTransparent", "generatesWealth", "madeForCitizens"];
            let some: Vec<_> = (0..rng.below(4)).map(|_| *rng.pick(&aims)).collect();
            json!(some).to_string()
        }
    }
}

fn made(rng: &mut Rng) -> Vec<u8> {
    if rng.percent(8) {
        return junk::json(rng, &NAMES, 4).into_bytes();
    }
    let mut fields = Vec::new();
    for _ in 0..=rng.below(3) {
        let field = if rng.percent(95) { *rng.pick(&FIELDS) } else { *rng.pick(&NAMES) };
        fields.push(format!("\"{field}\":{}", fitting(rng, field)));
    }
    let patch = format!("{{{}}}", fields.join(","));
    if rng.percent(10) { junk::mutated(rng, patch.as_bytes()) } else { patch.into_bytes() }
}

/// RFC 7396, section 2, word for word.
fn merge_patch(target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut target = if let Value::Object(fields) = target { fields } else { Map::new() };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            let merged = merge_patch(target.remove(name).unwrap_or(Value::Null), value);
            target.insert(name.clone(), merged);
        }
    }
    Value::Object(target)
}

/// The target of a patch: the fields that are not null.
fn fields(policy: &Resource) -> Value {
    let there = FIELDS.iter().filter(|name| !policy[**name].is_null());
    Value::Object(there.map(|name| ((*name).to_owned(), policy[*name].clone())).collect())
}

#[tokio::test]
async fn a_merge_patch_does_what_rfc_7396_says_or_nothing() {
    let app = TestApp::start().await;
    let mut before = app.as_chair().create(app.a("/policies"), policy(json!({}))).await;
    fuzz("merge patch", async |rng| {
        let patch = made(rng);
        let patch_text = String::from_utf8_lossy(&patch).into_owned();
        let draft = Draft::new(reqwest::Method::PATCH, &before.path).header("If-Match", &before.etag);
        let answer = app.as_chair().send(draft.body("application/merge-patch+json", patch.clone())).await;
        let after = app.as_chair().reload(&before).await;
        if answer.status == 200 {
            let patch: Value = serde_json::from_slice(&patch).unwrap();
            let mut expected = merge_patch(fields(&before), &patch);
            // A list that is taken away is an empty one.
            if expected["aims"].is_null() {
                expected["aims"] = json!([]);
            }
            assert_eq!(fields(&after), expected, "{patch_text}");
            assert_eq!(answer.json(), after.body, "{patch_text}");
            let changed = fields(&before) != expected;
            let version = before["version"].as_i64().unwrap() + i64::from(changed);
            assert_eq!(after["version"], version, "{patch_text}");
        } else {
            let code = answer.json()["code"].as_str().unwrap().to_owned();
            assert!(
                answer.status == 400 && ["invalidRequest", "malformedJson"].contains(&code.as_str()),
                "{patch_text}: {code}"
            );
            assert_eq!((&after.etag, &after.body), (&before.etag, &before.body), "{patch_text}");
        }
        before = after;
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_member_name_is_refused_at_any_depth() {
    let app = TestApp::start().await;
    let policy = app.as_chair().create(app.a("/policies"), policy(json!({}))).await;
    for body in [
        r#"{"kind":"standard","kind":"framework"}"#,
        r#"{"kind":"standard","\u006bind":"framework"}"#,
        r#"{"title":{"en":"a","en":"b"}}"#,
        r#"{"kind":"standard","kind":"standard"}"#,
    ] {
        let draft = Draft::new(reqwest::Method::PATCH, &policy.path).header("If-Match", &policy.etag);
        let answer = app.as_chair().send(draft.body("application/merge-patch+json", body)).await;
        answer.expect_problem(400, "malformedJson");
    }
    assert_eq!(app.as_chair().reload(&policy).await.etag, policy.etag);
}
