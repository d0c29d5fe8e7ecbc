//! The OpenAPI document: complete and consistent enough to generate a client from.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::contract::{DOCUMENT, operations, resolved, validator};

/// Visits every value of the document with its path.
fn visit_values<'a>(at: &str, value: &'a Value, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(at, value);
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| visit_values(&format!("{at}/{name}"), value, visit));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, value)| visit_values(&format!("{at}/{index}"), value, visit));
        }
        _ => {}
    }
}

fn has_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

#[test]
fn every_reference_leads_somewhere() {
    let mut count = 0;
    visit_values("", &DOCUMENT, &mut |at, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            count += 1;
            assert!(DOCUMENT.pointer(reference.trim_start_matches('#')).is_some(), "{at}: {reference}");
        }
    });
    assert!(count > 100, "{count}");
}

#[test]
fn every_operation_says_what_it_is_and_answers_with_its_headers() {
    let tags: Vec<_> = DOCUMENT["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for operation in operations() {
        let (id, described) = (operation.id(), operation.described);
        assert!(has_text(&described["summary"]) && has_text(&described["description"]), "{id}");
        assert!(
            described["tags"].as_array().is_some_and(|of| of.iter().all(|tag| tags.contains(&tag))),
            "{id}: tags"
        );
        for (status, answer) in described["responses"].as_object().unwrap() {
            let answer = resolved(answer);
            assert!(has_text(&answer["description"]), "{id} {status}");
            for header in ["API-Version", "X-Request-Id"] {
                let header = resolved(&answer["headers"][header]);
                assert_eq!(header["required"], true, "{id} {status}");
            }
        }
        for status in ["500", "503"] {
            assert!(described["responses"][status].is_object(), "{id}: {status}");
        }
    }
}

/// Operations declare these headers one by one.
#[test]
fn every_creation_has_a_location_and_every_versioned_resource_an_etag() {
    for operation in operations() {
        let (id, described) = (operation.id(), operation.described);
        let created = &described["responses"]["201"]["headers"];
        assert!(created.is_null() || created["Location"].is_object() && created["ETag"].is_object(), "{id}");
        let parameters = described["parameters"].as_array().into_iter().flatten();
        if parameters.map(resolved).any(|parameter| parameter["name"] == "If-Match") {
            let changed = &described["responses"]["200"];
            assert!(changed.is_null() || changed["headers"]["ETag"].is_object(), "{id}");
            let reads = operations().filter(|read| read.path == operation.path && read.method == "get");
            for read in reads {
                assert!(read.described["responses"]["200"]["headers"]["ETag"].is_object(), "{}", read.id());
            }
        }
    }
}

/// Extensions that only the service reads stay out of the document.
#[test]
fn problem_codes_are_the_only_extension() {
    visit_values("", &DOCUMENT, &mut |at, value| {
        for name in value.as_object().into_iter().flat_map(serde_json::Map::keys) {
            assert!(!name.starts_with("x-") || name == "x-problem-codes", "{at}/{name}");
        }
    });
}

#[test]
fn every_parameter_is_described_with_an_example() {
    for operation in operations() {
        for parameter in operation.described["parameters"].as_array().into_iter().flatten() {
            let parameter = resolved(parameter);
            let name = format!("{} {}", operation.id(), parameter["name"]);
            assert!(has_text(&parameter["description"]), "{name} has no description");
            let schema = resolved(&parameter["schema"]);
            let shown =
                [&parameter["example"], &parameter["examples"], &schema["example"], &schema["examples"]];
            let listed = [&schema["enum"], &schema["items"]["enum"], &resolved(&schema["items"])["enum"]];
            assert!(
                shown.iter().chain(&listed).any(|example| !example.is_null()),
                "{name} has no example: {parameter}"
            );
        }
    }
}

/// Every object of every request body refuses unknown fields.
#[test]
fn every_body_is_closed() {
    fn closed(name: &str, schema: &'static Value, seen: &mut Vec<&'static str>) {
        if let Some(reference) = schema["$ref"].as_str() {
            if seen.contains(&reference) {
                return;
            }
            seen.push(reference);
            return closed(reference, resolved(schema), seen);
        }
        if let Some(properties) = schema["properties"].as_object() {
            assert_eq!(schema["additionalProperties"], false, "{name}");
            properties.iter().for_each(|(field, schema)| closed(&format!("{name}/{field}"), schema, seen));
        }
        for part in ["oneOf", "anyOf", "allOf"] {
            let parts = schema[part].as_array().into_iter().flatten();
            parts.for_each(|schema| closed(name, schema, seen));
        }
        if schema["items"].is_object() {
            closed(&format!("{name}[]"), &schema["items"], seen);
        }
    }
    let mut seen = Vec::new();
    for operation in operations() {
        for (kind, body) in operation.described["requestBody"]["content"].as_object().into_iter().flatten() {
            let patches = operation.method == "patch";
            assert_eq!(kind == "application/merge-patch+json", patches, "{}", operation.id());
            closed(operation.id(), &body["schema"], &mut seen);
        }
    }
    assert!(seen.len() > 10);
}

/// The documented values of an enum are those that JSON carries.
#[test]
fn enum_values_are_documented_as_they_are_sent() {
    let words = |name: &str| DOCUMENT["components"]["schemas"][name]["enum"].clone();
    assert_eq!(words("SeatRole"), serde_json::json!(["chair", "expert"]));
    assert_eq!(words("StepName"), serde_json::json!(["policy", "sectors", "pilots", "migration", "report"]));
    visit_values("", &DOCUMENT["components"]["schemas"], &mut |at, value| {
        for word in
            value.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            let fine = word == "Bearer" || word.starts_with(|c: char| c.is_lowercase() || c == '-');
            assert!(fine, "{at}: {word}");
        }
    });
}

#[tokio::test]
async fn an_undocumented_field_in_an_answer_is_noticed() {
    let app = TestApp::start().await;
    let planned = app.a(&format!("/activities/{}", app.world().activity("planned")));
    let activity = app.as_chair().get(planned).await.expect(200).json();
    let schema = json!({ "$ref": "#/components/schemas/Activity" });
    let validator = validator("an activity", &schema);
    assert!(validator.is_valid(&activity), "{activity:#}");
    for place in ["", "/title", "/availableTransitions/0"] {
        let mut telling = activity.clone();
        telling.pointer_mut(place).unwrap()["passwordHash"] = json!("x");
        assert!(!validator.is_valid(&telling), "{telling:#}");
    }
}

#[test]
fn the_document_at_the_root_is_the_one_that_is_served() {
    let written = include_str!("../../../openapi.yaml");
    let served = taskforce::http::openapi::yaml().unwrap();
    let differ = written.lines().zip(served.lines()).find(|(written, served)| written != served);
    assert!(
        written.trim() == served.trim(),
        "run `taskforce openapi > openapi.yaml`; it differs at {differ:?}"
    );
}
