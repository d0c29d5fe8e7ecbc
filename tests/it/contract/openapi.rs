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
            // Only problems list the headers of all answers.
            for header in ["API-Version", "X-Request-Id"] {
                let header = resolved(&answer["headers"][header]);
                assert_eq!(header["required"] == true, status == "default", "{id} {status}");
            }
        }
        for code in ["internalError", "unavailable"] {
            assert!(operation.has_problem(code), "{id}: {code}");
        }
        let problem = &described["responses"]["default"];
        let success = &described["responses"]["200"]["content"];
        let has_documents = success["application/json"].is_object() && success["text/html"].is_object();
        let name = if has_documents { "ProblemInForm" } else { "Problem" };
        assert_eq!(*problem, json!({ "$ref": format!("#/components/responses/{name}") }), "{id}");
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
fn problem_codes_and_roles_are_the_only_extensions() {
    const KNOWN: [&str; 4] = ["x-problem-codes", "x-problem-groups", "x-roles", "x-roles-own-only"];
    visit_values("", &DOCUMENT, &mut |at, value| {
        for name in value.as_object().into_iter().flat_map(serde_json::Map::keys) {
            assert!(!name.starts_with("x-") || KNOWN.contains(&name.as_str()), "{at}/{name}");
        }
    });
}

/// "Try it out" of a reader sends the examples of all parameters, so that only those have one that must be sent.
#[test]
fn every_parameter_is_described_and_has_an_example_if_it_is_required() {
    for operation in operations() {
        for parameter in operation.described["parameters"].as_array().into_iter().flatten() {
            let parameter = resolved(parameter);
            let name = format!("{} {}", operation.id(), parameter["name"]);
            assert!(has_text(&parameter["description"]), "{name} has no description");
            let schema = resolved(&parameter["schema"]);
            let shown =
                [&parameter["example"], &parameter["examples"], &schema["example"], &schema["examples"]];
            let is_shown = shown.iter().any(|example| !example.is_null());
            let is_required = parameter["required"] == true;
            assert!(!is_shown || is_required, "{name} is optional and has an example: {parameter}");
            assert!(
                is_shown || !is_required || schema["enum"].is_array(),
                "{name} has no example: {parameter}"
            );
        }
    }
}

/// Generators of clients write patterns into source code, and not all of them escape control characters. A format that
/// is no standard is an error to strict validators.
#[test]
fn patterns_and_formats_are_portable() {
    let formats =
        "binary date date-time double email idn-email int32 int64 password uri uri-reference uuid".split(' ');
    let formats: Vec<_> = formats.collect();
    visit_values("", &DOCUMENT, &mut |at, value| {
        if let Some(pattern) = value.get("pattern").and_then(Value::as_str) {
            let is_portable = !pattern.contains(char::is_control) && !pattern.contains("\\u");
            assert!(is_portable && !pattern.contains("\\x"), "{at}: {pattern}");
        }
        let format = value.get("format").and_then(Value::as_str);
        assert!(format.is_none_or(|format| formats.contains(&format)), "{at}: {format:?}");
        for keyword in ["multipleOf", "minProperties"] {
            assert!(value.get(keyword).is_none() || at.ends_with("/properties"), "{at}: {keyword}");
        }
        if value.get("format") == Some(&json!("binary")) {
            assert!(value.get("minLength").or(value.get("maxLength")).is_none(), "{at}: the length of bytes");
        }
    });
}

/// The code of a problem selects one schema of the union, which names the members of such problems.
#[test]
fn the_code_of_a_problem_discriminates_it() {
    let schemas = &DOCUMENT["components"]["schemas"];
    let mut codes: Vec<(&str, &str)> = Vec::new();
    for branch in schemas["Problem"]["oneOf"].as_array().unwrap() {
        let name = branch["$ref"].as_str().unwrap();
        let own = &resolved(branch)["allOf"][1];
        assert!(own["required"].as_array().unwrap().contains(&json!("code")), "{name}");
        let code = &own["properties"]["code"];
        let listed = code["enum"].as_array().into_iter().flatten().chain(code.get("const"));
        codes.extend(listed.map(|code| (code.as_str().unwrap(), name)));
    }
    let mut every: Vec<_> = schemas["ProblemCode"]["enum"].as_array().unwrap().iter().collect();
    assert_eq!(codes.len(), every.len());
    every.retain(|code| !codes.iter().any(|(listed, _)| code.as_str() == Some(listed)));
    assert_eq!(every, [&Value::Null; 0]);
    for (code, name) in [("gateNotMet", "GateNotMetProblem"), ("ownsWork", "ConflictWithReferencesProblem")] {
        assert!(codes.contains(&(code, &format!("#/components/schemas/{name}"))), "{code}");
    }
}

/// A key `then` makes a promise of an object in JavaScript; the values of an enum have a name for every client.
#[test]
fn no_key_is_then_and_every_enum_of_a_parameter_has_a_name() {
    visit_values("", &DOCUMENT, &mut |at, value| {
        let properties = value.get("properties").and_then(Value::as_object);
        assert!(properties.is_none_or(|properties| !properties.contains_key("then")), "{at}");
    });
    for operation in operations() {
        for parameter in operation.described["parameters"].as_array().into_iter().flatten().map(resolved) {
            let schema = &parameter["schema"];
            let inline = [&schema["enum"], &schema["items"]["enum"]];
            assert!(inline.iter().all(|values| values.is_null()), "{} {parameter}", operation.id());
        }
    }
}

/// A body that needs more in one case is one of several objects, each with what it needs.
#[test]
fn a_body_that_needs_more_in_one_case_says_so() {
    let schemas = &DOCUMENT["components"]["schemas"];
    for (name, by, value, needs) in [
        ("NewVote", "choice", "recuse", "reason"),
        ("NewVote", "choice", "return", "comment"),
        ("NewDecision", "outcome", "adjust", "returnToStep"),
        ("NewCouncilReport", "recommendation", "adjust", "returnToStep"),
        ("PolicyTransition", "to", "superseded", "supersededById"),
        ("PolicyTransition", "to", "rejected", "reason"),
        ("PilotTransition", "to", "evaluated", "lessons"),
        ("ActivityTransition", "to", "blocked", "reason"),
        ("UserTransition", "to", "disabled", "reason"),
    ] {
        let body = json!({ by: value });
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        assert!(!validator(name, &schema).is_valid(&body), "{name}: {body}");
        let cases = schemas[name]["oneOf"].as_array().unwrap().iter().map(resolved);
        let mut cases = cases.filter(|case| {
            let described = &case["properties"][by];
            described["const"] == value
                || described["enum"].as_array().is_some_and(|values| values.contains(&json!(value)))
        });
        let case = cases.next().unwrap();
        assert!(case["required"].as_array().unwrap().contains(&json!(needs)), "{name}: {case}");
        assert!(cases.next().is_none(), "{name}: {value}");
    }
}

/// Localized text has one type in answers, whatever the rules of its input are.
#[test]
fn answers_have_one_type_of_localized_text() {
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap();
    let is_localized = |schema: &Value| {
        let names = |schema: &Value| -> Vec<String> {
            schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect()
        };
        names(schema) == ["ar", "en"]
            || schema["anyOf"]
                .as_array()
                .is_some_and(|some| some.iter().all(|one| names(one) == ["ar", "en"]))
    };
    let names: Vec<_> =
        schemas.iter().filter(|(_, schema)| is_localized(schema)).map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "BilingualText",
            "LocalizedName",
            "LocalizedNamePatch",
            "LocalizedNote",
            "LocalizedNotePatch",
            "LocalizedText",
            "LocalizedTextPatch"
        ]
    );
    for answer in ["Policy", "PolicyItem", "Activity", "ActivityItem", "VocabularyEntry", "ReportModel"] {
        let text = schemas[answer].to_string();
        assert!(!text.contains("schemas/Localized"), "{answer}: {text}");
    }
}

/// Every enum is found in the vocabularies by the name of its schema.
#[test]
fn the_vocabularies_name_their_enums() {
    let schemas = &DOCUMENT["components"]["schemas"];
    let words = resolved(&schemas["Vocabularies"]["properties"]["words"]);
    let names = words["properties"].as_object().unwrap();
    assert!(names.len() >= 40, "{}", names.len());
    assert_eq!(words["required"].as_array().unwrap().len(), names.len());
    for (name, schema) in schemas.as_object().unwrap() {
        let is_described = schema["description"].as_str().is_some_and(|text| text.contains("\n\n- `"));
        assert!(schema["enum"].is_null() || !is_described || names.contains_key(name), "{name}");
    }
    let transitions = resolved(&schemas["Vocabularies"]["properties"]["transitions"]);
    assert!(transitions["properties"]["ActivityState"].is_object(), "{transitions}");
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
            assert!(kind != "application/merge-patch+json" || patches, "{}", operation.id());
            closed(operation.id(), &body["schema"], &mut seen);
        }
    }
    assert!(seen.len() > 10);
}

/// Clients that send every body as `application/json` change resources, too.
#[test]
fn every_patch_is_documented_as_both_media_types() {
    for operation in operations().filter(|operation| operation.method == "patch") {
        let content = operation.described["requestBody"]["content"].as_object().unwrap();
        let kinds: Vec<_> = content.keys().map(String::as_str).collect();
        assert_eq!(kinds, ["application/json", "application/merge-patch+json"], "{}", operation.id());
        assert_eq!(content["application/json"], content["application/merge-patch+json"]);
    }
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
