//! The examples of the document: one request and answer of every operation, and one answer of every problem that carries
//! members.
//!
//! Nobody writes an example by hand. The story in `examples/story/` says who asks for what, in the order in which a task
//! force does its work; [`player`] tells the story to a service with the demo data, and the exchanges that come out of it
//! are the examples. `make examples` writes them to `src/http/openapi/examples.json`, from where they get into the
//! document. Without `TASKFORCE_RECORD`, the same story is told again, with each request as the document shows it, and
//! fails where the service answers differently.

mod placeholders;
mod player;
mod story;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use taskforce::domain::refusal::RefusalCode;

use crate::support::contract::{DOCUMENT, Operation, operations, resolved, validator};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/openapi/examples.json");

/// The members of problems beside those that every problem has.
const MEMBERS: [&str; 6] =
    ["allowedRoles", "availableTransitions", "criteria", "errors", "references", "storage"];

/// The bytes of examples that an operation of the document has on average.
const BYTES_PER_OPERATION: usize = 1000;

/// The examples as they were recorded.
static RECORDED: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../src/http/openapi/examples.json")).unwrap());

fn recorded(section: &str) -> &'static Map<String, Value> {
    RECORDED[section].as_object().unwrap()
}

#[tokio::test]
async fn every_example_is_what_the_service_answers() {
    let told = player::tell().await;
    if std::env::var_os("TASKFORCE_RECORD").is_some() {
        std::fs::write(FILE, format!("{told:#}\n")).unwrap();
        return;
    }
    let mut differences = Vec::new();
    for section in ["operations", "problems"] {
        let names: BTreeSet<_> =
            [&told, &*RECORDED].into_iter().flat_map(|of| of[section].as_object().unwrap().keys()).collect();
        for name in names {
            let difference = difference(name, &RECORDED[section][name], &told[section][name]);
            differences.extend(difference);
        }
    }
    assert!(differences.is_empty(), "run `make examples`, and read what changes: {differences:#?}");
}

/// The first place where two values differ, with both values.
fn difference(at: &str, recorded: &Value, told: &Value) -> Option<String> {
    match (recorded, told) {
        (Value::Object(before), Value::Object(after)) => {
            let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
            let of = |name| difference(&format!("{at}/{name}"), &recorded[name], &told[name]);
            names.into_iter().find_map(of)
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            let mut pairs = before.iter().zip(after).enumerate();
            pairs.find_map(|(index, (before, after))| difference(&format!("{at}/{index}"), before, after))
        }
        _ if recorded == told => None,
        _ => Some(format!("{at}: {recorded} is recorded, {told} is answered")),
    }
}

#[test]
fn every_operation_and_every_problem_with_members_has_an_example() {
    let documented: BTreeSet<_> = operations().map(Operation::id).collect();
    let shown: BTreeSet<_> = recorded("operations").keys().map(String::as_str).collect();
    assert_eq!(documented, shown, "the story in tests/it/contract/examples/story tells one of each");

    let problems = recorded("problems");
    for code in RefusalCode::ALL.iter().filter(|code| !code.names().is_empty()) {
        let answer = &problems.get(code.code()).unwrap_or(&Value::Null)["answer"];
        assert!(answer["references"].is_array(), "no example of {} names its references", code.code());
    }
    for member in MEMBERS {
        let has_member = |problem: &Value| !problem["answer"][member].is_null();
        assert!(problems.values().any(has_member), "no example of a problem has {member}");
    }
}

/// The examples of a media type.
fn values(content: &'static Value) -> Vec<&'static Value> {
    let examples = content["examples"].as_object().into_iter().flat_map(Map::values);
    examples.map(|example| &resolved(example)["value"]).collect()
}

#[test]
fn every_body_and_every_answer_has_an_example_that_fits_its_schema() {
    for operation in operations() {
        let id = operation.id();
        let exchange = &recorded("operations")[id];
        let mut bodies = vec![("request", &operation.described["requestBody"], &exchange["request"])];
        let responses = operation.described["responses"].as_object().unwrap();
        let successes = responses.iter().filter(|(status, _)| status.starts_with('2'));
        bodies.extend(
            successes.map(|(status, answer)| (status.as_str(), resolved(answer), &exchange["answer"])),
        );
        for (name, described, shown) in bodies {
            let mut count = 0;
            for (media_type, content) in described["content"].as_object().into_iter().flatten() {
                for value in values(content) {
                    count += 1;
                    assert_eq!(value, shown, "{id} {name}: the document has another example");
                    let validator = validator(&format!("{id} {name} {media_type}"), &content["schema"]);
                    let errors: Vec<_> =
                        validator.iter_errors(value).map(|error| error.to_string()).collect();
                    // The schema of a file describes its bytes.
                    assert!(errors.is_empty() || value.is_string(), "{id} {name}: {errors:#?}\n{value:#}");
                }
                let is_json = media_type.ends_with("json");
                assert!(!is_json || count > 0, "{id} {name}: {media_type} has no example");
            }
            assert_eq!(count > 0, !shown.is_null(), "{id} {name}");
        }
    }
}

#[test]
fn every_example_of_a_problem_fits_the_schema_of_problems() {
    let validator = validator("problem", &json!({ "$ref": "#/components/schemas/Problem" }));
    let content = &DOCUMENT["components"]["responses"]["Problem"]["content"]["application/problem+json"];
    let examples = content["examples"].as_object().unwrap();
    assert_eq!(examples.len(), recorded("problems").len());
    for (code, exchange) in recorded("problems") {
        let value = &examples[code]["value"];
        assert_eq!(value, &exchange["answer"], "{code}: the document has another example");
        let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{code}: {errors:#?}\n{value:#}");
    }
}

/// A scanner for secrets, and a reader, shall find none.
#[test]
fn no_example_shows_a_credential() {
    let text = RECORDED.to_string();
    for beginning in ["\"eyJ", "\"tfk_", "Bearer "] {
        assert!(!text.contains(beginning), "{beginning}");
    }
}

#[test]
fn the_examples_of_the_document_stay_small() {
    fn weigh(value: &Value) -> usize {
        match value {
            Value::Object(fields) => {
                let examples = fields.get("examples").filter(|examples| examples.is_object());
                let inner = fields.iter().filter(|(name, _)| *name != "examples" || examples.is_none());
                let own = examples.map_or(0, |examples| examples.to_string().len());
                own + inner.map(|(_, value)| weigh(value)).sum::<usize>()
            }
            Value::Array(items) => items.iter().map(weigh).sum(),
            _ => 0,
        }
    }
    let bytes = weigh(&DOCUMENT);
    let most = BYTES_PER_OPERATION * operations().count();
    assert!((10_000..=most).contains(&bytes), "{bytes} bytes, and {most} at most");
}
