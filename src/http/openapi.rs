//! The OpenAPI document: collected from the handlers, then given what all operations share.
//!
//! A handler names its own parameters, bodies and problem codes (`x-problem-codes`); here every code becomes a
//! documented status, every answer gets its headers, and every operation the problems that any of its kind can have.

#![expect(
    clippy::indexing_slicing,
    reason = "the document is JSON: what is not there reads as null, and is made by writing it"
)]

mod components;
pub(super) mod document;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use actix_web::App;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa_actix_web::AppExt as _;

use document::OpenApiDocument;

use super::endpoints;
use super::problem::{ProblemDocument, status};
use super::server::rate_limit;
use super::server::response_middleware::API_VERSION;
use crate::app::Error;
use crate::domain::refusal::ProblemCode;
use crate::domain::vocabulary::Vocabulary as _;

#[derive(OpenApi)]
#[openapi(
    components(schemas(ProblemDocument)),
    tags(
        (name = "service", description = "Is it up, what does it speak, what do its words and its problems mean."),
        (name = "sign-in", description = "Passwords, invitations and tokens."),
        (name = "me", description = "What concerns whoever is signed in."),
        (name = "API keys", description = "Keys for scripts: they do at most what their owner may."),
        (name = "users", description = "The people who can sign in."),
        (name = "task forces", description = "The teams of five to seven experts, and how they go."),
        (name = "members", description = "The seats of a task force."),
        (name = "steps", description = "The five steps, their gates and submissions."),
        (name = "policies", description = "Step 1: policies and frameworks of smart governance."),
        (name = "sectors", description = "Step 2: sectors that could become smart, how far they are, and their studies."),
        (name = "pilots", description = "Steps 3 and 4: small projects, what they are measured by, and what was measured."),
        (name = "migrations", description = "Step 4: the move of pilots into the city's local digital government."),
        (name = "reports", description = "Step 5: the account to the council, as of a moment."),
        (name = "decisions", description = "What the council decided, and what it asked for in return."),
        (name = "evidence", description = "What proves it: links and files."),
        (name = "activities", description = "The unit of work, what it waits for and what was said about it."),
        (name = "status", description = "Where a task force stands, and where all of them stand."),
        (name = "events", description = "What happened, chained so that nothing can be changed or left out unseen."),
    )
)]
struct Collected;

/// The document in the order that people read it.
#[derive(Serialize)]
struct Ordered<'a> {
    openapi: &'static str,
    info: Value,
    servers: Value,
    security: Value,
    tags: &'a Value,
    paths: &'a Value,
    components: &'a Value,
}

const DESCRIPTION: &str = "\
REST service for the small expert task force (five to seven members) that a city forms to become a smart city: its five \
steps (policy, sectors, pilots, migration, report to the council) and the state of every activity.

**Signing in.** `POST /v1/auth/login` answers an access token (15 minutes) and a refresh token. Send the access token as \
`Authorization: Bearer …`.

**Changing something.** Read it, keep its `ETag`, send it as `If-Match`. A missing one is 428, a stale one 412: nobody's \
change is lost.

**Where can it go from here?** Resources with states carry `availableTransitions`, answered by the function that enforces \
them, for you, now.

**The workflow.** Each step is open, put to the members (`POST …/steps/{step}/submissions`) once its gate is met — \
`GET …/steps/{step}/readiness` says what is missing — and passes by their vote. The fifth puts the report before the council, \
whose decision opens the next cycle, lets a step be done again, or ends the task force.

**Cycles.** What belongs to the steps belongs to a cycle; lists show the present one, \
`?cycle=` what counted in an earlier one, as it is now; what was so then is frozen in submissions and reports.

**Lists** come in pages: send `next` as `cursor` until it is null.

**Problems** are `application/problem+json` (RFC 9457) with a stable `code`; `title` and `detail` are in Arabic or English \
by `Accept-Language`. The body of a request is checked as a whole: `errors` names every fault at once.

**Retries.** Send every POST with an `Idempotency-Key` of your own making, a UUID say: however often you send it in the next \
24 hours, also after a broken connection, it is done once and answered the same (`Idempotency-Replayed: true`). What is \
changed with `If-Match` can be sent again as it is: a change that went through answers 412 the second time.

**Trying.** Transitions, submissions and decisions take `?dryRun=true`: everything is checked, nothing is kept.

**Limits.** Every caller has a quota of requests, unless the installation has none: `RateLimit` says what is left of it. \
Beyond it the answer is 429; `Retry-After` says when the next request is taken.

**Localized text** is `{\"ar\": …, \"en\": …}` with at least one of the two.";

/// The document as JSON.
///
/// # Errors
/// A document that can't be written, which the tests would have seen.
pub fn json() -> Result<&'static str, Error> {
    static KEPT: OnceLock<Result<String, String>> = OnceLock::new();
    kept(KEPT.get_or_init(|| {
        let document = document()?;
        serde_json::to_string(&ordered(&document)).map_err(|error| error.to_string())
    }))
}

/// The document as YAML: what `taskforce openapi` prints and `openapi.yaml` holds.
///
/// # Errors
/// As [`json()`].
pub fn yaml() -> Result<&'static str, Error> {
    static KEPT: OnceLock<Result<String, String>> = OnceLock::new();
    kept(KEPT.get_or_init(|| {
        let document = document()?;
        serde_norway::to_string(&ordered(&document)).map_err(|error| error.to_string())
    }))
}

/// The document in both forms, for the server to hand out.
///
/// # Errors
/// As [`json()`].
pub(super) fn served() -> Result<OpenApiDocument, Error> {
    Ok(OpenApiDocument { json: json()?, yaml: yaml()? })
}

fn kept(document: &'static Result<String, String>) -> Result<&'static str, Error> {
    document.as_deref().map_err(Error::internal)
}

fn ordered(document: &Value) -> Ordered<'_> {
    Ordered {
        openapi: "3.1.0",
        info: json!({
            "title": "Taskforce",
            "version": API_VERSION,
            "summary": "The work of a smart city's expert task force, from policy to the council's decision.",
            "description": DESCRIPTION,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        }),
        servers: json!([{ "url": "/", "description": "This installation." }]),
        security: json!([{ "bearer": [] }]),
        tags: &document["tags"],
        paths: &document["paths"],
        components: &document["components"],
    }
}

/// The routes' own documents, and everything they share.
fn document() -> Result<Value, String> {
    let (_, collected) = App::new()
        .into_utoipa_app()
        .openapi(Collected::openapi())
        .configure(endpoints::operations)
        .split_for_parts();
    let mut document = serde_json::to_value(collected).map_err(|error| error.to_string())?;
    let versioned = versioned_schemas(&document);
    each_operation(&mut document, |path, method, operation| complete(path, method, operation, &versioned))?;
    components::complete(&mut document)?;
    Ok(document)
}

fn each_operation(
    document: &mut Value,
    mut complete: impl FnMut(&str, &str, &mut Map<String, Value>) -> Result<(), String>,
) -> Result<(), String> {
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Value::Object(operation) = operation {
                complete(path, method, operation)?;
            }
        }
    }
    Ok(())
}

/// The schemas of single resources: those that an `ETag` comes with.
fn versioned_schemas(document: &Value) -> BTreeSet<String> {
    let schemas = document["components"]["schemas"].as_object();
    let has_version = |schema: &Value| {
        let own = schema["properties"]["version"]["type"] == "integer";
        let status =
            schema["properties"].get("lastSeq").is_some() && schema["properties"].get("items").is_none();
        own || status
    };
    let by_name: BTreeMap<&String, &Value> = schemas.into_iter().flatten().collect();
    let composed = |schema: &Value| {
        schema["allOf"].as_array().into_iter().flatten().any(|part| {
            part["$ref"]
                .as_str()
                .and_then(|reference| reference.rsplit('/').next())
                .and_then(|name| by_name.get(&name.to_owned()))
                .is_some_and(|schema| has_version(schema))
        })
    };
    by_name
        .iter()
        .filter(|(_, schema)| has_version(schema) || composed(schema))
        .map(|(name, _)| (*name).clone())
        .collect()
}

fn complete(
    path: &str,
    method: &str,
    operation: &mut Map<String, Value>,
    versioned: &BTreeSet<String>,
) -> Result<(), String> {
    if let Some(Value::String(id)) = operation.get_mut("operationId") {
        *id = camel_case(id);
    }
    // utoipa writes "nobody in particular" as one empty requirement; what is meant is none.
    let public = operation.get("security") == Some(&json!([{}]));
    if public {
        operation.insert("security".to_owned(), json!([]));
    }
    let parameters: Vec<Value> =
        operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    let has = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
    let takes_if_match = parameters.iter().any(|parameter| parameter["name"] == "If-Match");
    let takes_body = operation.contains_key("requestBody");
    let of_the_api = path == "/v1" || path.starts_with("/v1/") && !path.starts_with("/v1/openapi.");

    let mut codes: BTreeSet<ProblemCode> =
        BTreeSet::from([ProblemCode::InternalError, ProblemCode::Unavailable]);
    for code in operation.get("x-problem-codes").and_then(Value::as_array).into_iter().flatten() {
        let code = code.as_str().unwrap_or_default();
        codes.insert(
            ProblemCode::parse(code).ok_or_else(|| format!("{method} {path}: no problem code {code}"))?,
        );
    }
    let conditional =
        |condition: bool, some: &[ProblemCode]| if condition { some.to_vec() } else { Vec::new() };
    let is_counted = rate_limit::applies(path);
    codes.extend(conditional(is_counted, &[ProblemCode::TooManyRequests]));
    codes.extend(conditional(!public, &[ProblemCode::Unauthenticated]));
    // A key may only read, or be for a single task force: that refuses every change, and what is about them all.
    let within_reach = method == "get" && (path == "/v1/me" || path.starts_with("/v1/task-forces"));
    codes.extend(conditional(!public && of_the_api && !within_reach, &[ProblemCode::InsufficientScope]));
    codes.extend(conditional(has("path"), &[ProblemCode::NotFound]));
    codes.extend(conditional(of_the_api, &[ProblemCode::NotAcceptable]));
    codes.extend(conditional(has("query") || !public && of_the_api, &[ProblemCode::InvalidRequest]));
    codes.extend(conditional(
        takes_body,
        &[
            ProblemCode::InvalidRequest,
            ProblemCode::MalformedJson,
            ProblemCode::UnsupportedMediaType,
            ProblemCode::BodyTooLarge,
        ],
    ));
    codes.extend(conditional(
        takes_if_match,
        &[ProblemCode::InvalidRequest, ProblemCode::PreconditionRequired, ProblemCode::VersionMismatch],
    ));
    // What signs in makes tokens, which are not kept.
    let takes_key = method == "post" && !public && of_the_api;
    codes.extend(conditional(
        takes_key,
        &[ProblemCode::InvalidRequest, ProblemCode::IdempotencyKeyInUse, ProblemCode::IdempotencyKeyReused],
    ));
    operation.insert("x-problem-codes".to_owned(), json!(codes));

    let with_etag = complete_answers(method, operation, versioned);
    if parameters.iter().any(|parameter| parameter["name"] == "dryRun") {
        complete_trial(operation);
    }
    if takes_key {
        let answers = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
        for (_, answer) in answers.filter(|(status, _)| status.starts_with('2')) {
            headers_of(answer).insert("Idempotency-Replayed".to_owned(), header("IdempotencyReplayed"));
        }
    }
    for (status, description) in problem_statuses(&codes) {
        if let Some(Value::Object(answers)) = operation.get_mut("responses") {
            answers
                .entry(status)
                .or_insert_with(|| problem_answer(status_codes(&codes, status), &description));
        }
    }
    if let Some(Value::Object(answers)) = operation.get_mut("responses") {
        for answer in answers.values_mut() {
            let headers = headers_of(answer);
            headers.insert("API-Version".to_owned(), header("ApiVersion"));
            headers.insert("X-Request-Id".to_owned(), header("RequestId"));
            if is_counted {
                headers.insert("RateLimit".to_owned(), header("RateLimit"));
                headers.insert("RateLimit-Policy".to_owned(), header("RateLimitPolicy"));
            }
        }
    }

    let mut parameters = parameters;
    if takes_key {
        parameters.push(parameter("IdempotencyKey"));
    }
    if of_the_api {
        parameters.push(parameter("AcceptLanguage"));
    }
    if with_etag && method == "get" {
        parameters.push(parameter("IfNoneMatch"));
    }
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), Value::Array(parameters));
    }
    Ok(())
}

/// Gives the answers of success their headers; says whether an `ETag` is among them.
fn complete_answers(method: &str, operation: &mut Map<String, Value>, versioned: &BTreeSet<String>) -> bool {
    let Some(Value::Object(answers)) = operation.get_mut("responses") else {
        return false;
    };
    let mut with_etag = false;
    for (status, answer) in answers.iter_mut() {
        let schema = answer["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default();
        let schema = schema.rsplit('/').next().unwrap_or_default().to_owned();
        if status == "201" {
            headers_of(answer).insert("Location".to_owned(), header("Location"));
        }
        if versioned.contains(&schema) || status == "201" || headers_of(answer).contains_key("ETag") {
            with_etag = true;
            headers_of(answer).insert("ETag".to_owned(), header("ETag"));
        }
    }
    if with_etag && method == "get" {
        let mut unchanged =
            json!({ "description": "Nothing has changed since the representation in `If-None-Match`." });
        headers_of(&mut unchanged).insert("ETag".to_owned(), header("ETag"));
        answers.insert("304".to_owned(), unchanged);
    }
    with_etag
}

/// The answers of a change that may be only tried: one that created nothing is 200, and none has an `ETag`.
fn complete_trial(operation: &mut Map<String, Value>) {
    let Some(Value::Object(answers)) = operation.get_mut("responses") else { return };
    if let Some(created) = answers.get("201") {
        let mut tried = json!({ "description": "What it would be: with `dryRun`, nothing was kept." });
        tried["content"] = created["content"].clone();
        answers.insert("200".to_owned(), tried);
    } else if let Some(changed) = answers.get_mut("200") {
        headers_of(changed).insert("ETag".to_owned(), header("ETagUnlessTried"));
    }
}

fn headers_of(answer: &mut Value) -> &mut Map<String, Value> {
    if !answer["headers"].is_object() {
        answer["headers"] = json!({});
    }
    match &mut answer["headers"] {
        Value::Object(headers) => headers,
        _ => unreachable!("just set"),
    }
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

fn parameter(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

fn status_codes<'a>(codes: &'a BTreeSet<ProblemCode>, of: &'a str) -> impl Iterator<Item = ProblemCode> + 'a {
    codes.iter().copied().filter(move |code| status(*code).as_str() == of)
}

/// Every status that these codes have, with a description that names them.
fn problem_statuses(codes: &BTreeSet<ProblemCode>) -> BTreeMap<&'static str, String> {
    let mut statuses: BTreeMap<&'static str, String> = BTreeMap::new();
    for code in codes {
        let line = statuses.entry(text_of(*code)).or_default();
        if !line.is_empty() {
            line.push_str(" · ");
        }
        line.push_str(&format!("`{code}` {}", code.label().en));
    }
    statuses
}

fn text_of(code: ProblemCode) -> &'static str {
    match status(code).as_u16() {
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        405 => "405",
        406 => "406",
        409 => "409",
        412 => "412",
        413 => "413",
        415 => "415",
        422 => "422",
        428 => "428",
        429 => "429",
        503 => "503",
        _ => "500",
    }
}

fn problem_answer(codes: impl Iterator<Item = ProblemCode>, description: &str) -> Value {
    let mut answer = json!({
        "description": description,
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let mut examples = Map::new();
    for code in codes {
        match code {
            ProblemCode::Unavailable | ProblemCode::TooManyAttempts | ProblemCode::TooManyRequests => {
                headers_of(&mut answer).insert("Retry-After".to_owned(), header("RetryAfter"))
            }
            ProblemCode::VersionMismatch => headers_of(&mut answer).insert("ETag".to_owned(), header("ETag")),
            _ => None,
        };
        examples.insert(code.to_string(), json!({ "$ref": format!("#/components/examples/{code}") }));
    }
    answer["content"]["application/problem+json"]["examples"] = Value::Object(examples);
    answer
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut joined, word| {
        let mut letters = word.chars();
        joined.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        joined.push_str(letters.as_str());
        joined
    })
}
