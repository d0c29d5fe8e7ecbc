//! The document's components: what the operations share is written once, and the schemas are as clients need them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::each_operation;
use crate::domain::refusal::ProblemCode;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::idempotency::{KEY_PATTERN, LONGEST_HEADER};
use crate::http::problem::status;
use crate::http::server::response_middleware::API_VERSION;

/// A problem answer that stands for more codes than this is told where it is given.
const CODES_IN_A_NAME: usize = 2;

/// Completes the components, and lets the operations refer to them.
pub(super) fn complete(document: &mut Value) -> Result<(), String> {
    rename_schema(document, "Code", "ProblemCode");
    let schemas = document["components"]["schemas"].take();
    document["components"] = json!({
        "schemas": complete_schemas(schemas),
        "responses": {},
        "parameters": parameters(),
        "examples": problem_examples(),
        "headers": headers(),
        "securitySchemes": security_schemes(),
    });
    share_vocabularies(document)?;
    share_parameters(document)?;
    share_answers(document)?;
    drop_unused(document);
    Ok(())
}

fn headers() -> Value {
    let text = |description: &str, schema: Value| json!({ "description": description, "required": true, "schema": schema });
    // An installation without limits sends none of these.
    let limit = |description: &str, example: &str| json!({ "description": description, "required": false, "schema": { "type": "string", "example": example } });
    json!({
        "RateLimit": limit(
            "What is left of your quota: `r` requests now, and all of it again in `t` seconds (draft-ietf-httpapi-ratelimit-headers-11).",
            "\"default\";r=299;t=1",
        ),
        "RateLimitPolicy": limit(
            "Your quota: `q` requests at once, which come back evenly over `w` seconds.",
            "\"default\";q=300;w=15",
        ),
        "ApiVersion": text("The version of the contract.", json!({ "type": "string", "example": API_VERSION })),
        "RequestId": text(
            "Names this request in logs, events and problems; yours, if you sent a sane one.",
            json!({ "type": "string", "maxLength": 64, "example": "0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e" }),
        ),
        "ETag": text(
            "Version and hash of the representation, for `If-Match` and `If-None-Match`.",
            json!({ "type": "string", "example": "\"3.5f1d9c3b7a2e4f60\"" }),
        ),
        "ETagUnlessTried": {
            "description": "Version and hash of the representation, for `If-Match` and `If-None-Match`; not of a dry run.",
            "schema": { "type": "string", "example": "\"3.5f1d9c3b7a2e4f60\"" },
        },
        "IdempotencyReplayed": {
            "description": "This was answered before, to a request with the same `Idempotency-Key`.",
            "schema": { "type": "string", "enum": ["true"] },
        },
        "Location": text("Where the new resource is.", json!({ "type": "string", "format": "uri-reference" })),
        "RetryAfter": text("Seconds to wait before trying again.", json!({ "type": "integer", "minimum": 0, "example": 2 })),
    })
}

fn parameters() -> Value {
    json!({
        "AcceptLanguage": {
            "name": "Accept-Language", "in": "header", "required": false,
            "description": "The language of problems and labels: `ar` or `en`; English if it names neither.",
            "schema": { "type": "string", "example": "ar" },
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Your name for this request, bare or quoted: within 24 hours it is done once, and answered the same again (2xx answers, without one-time secrets). The same key with another body is 422, one whose request is still under way 409.",
            "schema": {
                "type": "string", "minLength": 1, "maxLength": LONGEST_HEADER, "pattern": KEY_PATTERN,
                "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
            },
        },
        "IfNoneMatch": {
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "The `ETag` that you have; while it is still right, the answer is 304 without a body.",
            "schema": { "type": "string", "example": "\"3.5f1d9c3b7a2e4f60\"" },
        },
    })
}

fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "The access token of `POST /v1/auth/login`; or, where the installation trusts an OpenID Connect issuer, its ID token or JWT access token for this API.",
        },
        "metricsToken": {
            "type": "http", "scheme": "bearer",
            "description": "The token of `TASKFORCE_METRICS_TOKEN`.",
        },
    })
}

/// What a problem of each code looks like.
fn problem_examples() -> Map<String, Value> {
    let example = |code: ProblemCode| {
        json!({ "summary": code.label().en, "value": {
            "type": format!("/problems/{code}"),
            "title": code.label().en,
            "status": status(code).as_u16(),
            "detail": code.advice().en,
            "code": code,
            "requestId": "0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e",
        } })
    };
    ProblemCode::ALL.iter().map(|code| (code.to_string(), example(*code))).collect()
}

fn complete_schemas(mut schemas: Value) -> Value {
    for schema in schemas.as_object_mut().into_iter().flat_map(Map::values_mut) {
        complete_schema(schema);
    }
    type_transitions(&mut schemas);
    schemas
}

/// Says of a schema and its properties what would otherwise have to be repeated at each.
fn complete_schema(schema: &mut Value) {
    if let Some(first) = schema["enum"].get(0).cloned()
        && schema.get("examples").is_none()
    {
        schema["examples"] = json!([first]);
    }
    let is_request = schema["additionalProperties"] == false;
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(Map::values_mut) {
        if let Some(example) = example_of(property) {
            property["example"] = example;
        }
        describe_nullable(property);
        if is_request {
            describe_default(property);
        }
    }
    for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
        complete_schema(part);
    }
}

/// The example of a property that looks the same everywhere.
fn example_of(property: &Value) -> Option<Value> {
    if property.get("example").is_some() || property.get("enum").is_some() {
        return None;
    }
    let kind = match &property["type"] {
        Value::String(one) => Some(one.as_str()),
        Value::Array(some) => some.iter().filter_map(Value::as_str).find(|one| *one != "null"),
        _ => None,
    };
    match (property["format"].as_str(), kind) {
        (Some("uuid"), _) => Some(json!("0199f0c2-7a3b-7c11-9d2e-00000000000a")),
        (Some("date-time"), _) => Some(json!("2026-11-22T09:30:00.123456Z")),
        (_, Some("boolean")) => Some(json!(true)),
        _ => None,
    }
}

/// The description of "something or null" belongs to the property: where utoipa puts it, beside the reference, no
/// client generator reads it.
fn describe_nullable(property: &mut Value) {
    let branches = property.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten();
    let description =
        branches.filter_map(Value::as_object_mut).find_map(|branch| branch.remove("description"));
    if let Some(description) = description {
        property["description"] = description;
    }
}

/// A default is told in words: generated clients take a property with `default` for one that must be sent.
fn describe_default(property: &mut Value) {
    let default = property.as_object_mut().and_then(|property| property.remove("default"));
    if let Some(default) = default {
        let described = property["description"].as_str().unwrap_or_default();
        let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        property["description"] = json!(format!("{described} By default `{default}`."));
    }
}

/// Where a noun can go from here is one of its own states, and so can be sent back as it came.
fn type_transitions(schemas: &mut Value) {
    let Some(schemas) = schemas.as_object_mut() else { return };
    let by_name = schemas.clone();
    for (noun, schema) in &by_name {
        let parts: Vec<&Value> =
            schema["allOf"].as_array().map_or_else(|| vec![schema], |parts| parts.iter().collect());
        let state = parts.iter().find_map(|part| {
            let part =
                part["$ref"].as_str().and_then(|reference| by_name.get(name_of(reference))).unwrap_or(part);
            part["properties"]["state"]["$ref"].as_str()
        });
        let own = parts.iter().position(|part| part["properties"].get("availableTransitions").is_some());
        let (Some(state), Some(own)) = (state, own) else { continue };
        let typed = format!("Available{noun}Transition");
        let Some(mut transition) = by_name.get("AvailableTransition").cloned() else { return };
        transition["properties"]["to"] = json!({ "$ref": state, "description": "The state." });
        schemas.insert(typed.clone(), transition);
        let schema = &mut schemas[noun];
        let part = if schema.get("allOf").is_some() { &mut schema["allOf"][own] } else { schema };
        part["properties"]["availableTransitions"]["items"] = reference("schemas", &typed);
    }
}

/// A parameter that takes the words of a vocabulary names the vocabulary.
fn share_vocabularies(document: &mut Value) -> Result<(), String> {
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    let vocabularies: Vec<(String, Value)> =
        schemas.filter_map(|(name, schema)| Some((name.clone(), schema.get("enum")?.clone()))).collect();
    each_parameter(document, |parameter| {
        let mut schema = parameter.get_mut("schema");
        while let Some(within) = schema {
            if let Some((name, _)) = vocabularies.iter().find(|(_, words)| within.get("enum") == Some(words))
            {
                *within = reference("schemas", name);
            }
            schema = within.get_mut("items");
        }
    })
}

/// Parameters that several operations have.
fn share_parameters(document: &mut Value) -> Result<(), String> {
    let mut counted: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    each_parameter(document, |parameter| {
        if let Some(name) = parameter["name"].as_str() {
            *counted.entry(pascal_case(name)).or_default().entry(parameter.to_string()).or_default() += 1;
        }
    })?;
    let mut shared: BTreeMap<String, String> = BTreeMap::new();
    for (name, variants) in counted {
        // Of parameters that have only their name in common, the commonest.
        if let Some((parameter, _)) =
            variants.into_iter().filter(|(_, times)| *times > 1).max_by_key(|(_, times)| *times)
        {
            document["components"]["parameters"][&name] =
                serde_json::from_str(&parameter).map_err(|error| error.to_string())?;
            shared.insert(parameter, name);
        }
    }
    each_parameter(document, |parameter| {
        if let Some(name) = shared.get(&parameter.to_string()) {
            *parameter = reference("parameters", name);
        }
    })
}

fn each_parameter(document: &mut Value, mut visit: impl FnMut(&mut Value)) -> Result<(), String> {
    each_operation(document, |_, _, operation| {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        parameters.into_iter().flatten().for_each(&mut visit);
        Ok(())
    })
}

/// Answers that several operations have: that nothing has changed, and the problems that have one or two codes.
fn share_answers(document: &mut Value) -> Result<(), String> {
    let mut shared = Map::new();
    each_operation(document, |_, _, operation| {
        let answers = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (status, answer) in answers.into_iter().flatten() {
            let codes = answer["content"]["application/problem+json"]["examples"].as_object();
            let codes: Vec<String> = codes.into_iter().flatten().map(|(code, _)| pascal_case(code)).collect();
            let name = match codes.len() {
                0 if status == "304" => "NotModified".to_owned(),
                1..=CODES_IN_A_NAME => codes.join("Or"),
                _ => continue,
            };
            let answer = std::mem::replace(answer, reference("responses", &name));
            shared.insert(name, answer);
        }
        Ok(())
    })?;
    document["components"]["responses"] = Value::Object(shared);
    Ok(())
}

fn drop_unused(document: &mut Value) {
    loop {
        let mut used = BTreeSet::new();
        each_reference(document, &mut |reference| {
            used.insert(reference.clone());
        });
        let mut dropped = false;
        for section in ["schemas", "responses", "parameters", "examples", "headers"] {
            if let Some(section_of) = document["components"][section].as_object_mut() {
                let before = section_of.len();
                section_of.retain(|name, _| used.contains(&format!("#/components/{section}/{name}")));
                dropped |= section_of.len() < before;
            }
        }
        if !dropped {
            return;
        }
    }
}

fn rename_schema(document: &mut Value, from: &str, to: &str) {
    if let Some(schemas) = document["components"]["schemas"].as_object_mut()
        && let Some(schema) = schemas.remove(from)
    {
        schemas.insert(to.to_owned(), schema);
    }
    let from = format!("#/components/schemas/{from}");
    each_reference(document, &mut |reference| {
        if *reference == from {
            *reference = format!("#/components/schemas/{to}");
        }
    });
}

fn each_reference(value: &mut Value, visit: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(reference) if name == "$ref" => visit(reference),
                    _ => each_reference(value, visit),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_reference(item, visit)),
        _ => {}
    }
}

fn reference(section: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{section}/{name}") })
}

fn name_of(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or_default()
}

fn pascal_case(name: &str) -> String {
    name.split('-')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|letter| letter.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect()
}
