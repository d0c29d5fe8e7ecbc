//! `Idempotency-Key` and `dryRun`: they decide how the transaction of a change ends and what its response is.
//!
//! No library serves. `actix-idempotent` and its like store the response in a session after the change; here both are
//! in one transaction, so that no failure in between carries a change out twice. The draft of the HTTP working group
//! leaves the scope of a key, the comparison of bodies and one-time secrets to the service.

use std::sync::Arc;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;
use uuid::Uuid;

use super::problem::{Problem, Result};
use super::problem_catalogue::ProblemCode;
use super::response;
use super::server::byte_limit::{self, Carried};
use crate::app::App;
use crate::app::caller::Caller;
use crate::app::idempotency::{CommitMode, IdempotentRequest};
use crate::db::idempotency::{Claim, StoredResponse};
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};

/// Names a request, so that the change is carried out once however often the request is sent.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Marks a response that was stored by an earlier request.
pub(super) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The maximum length of a key.
const MAX_KEY_LENGTH: usize = 255;

/// The header: a bare key, or a string of a structured field, in which backslashes escape quotes and backslashes.
/// Spaces are allowed within a key, and not at its ends.
pub(super) const KEY_PATTERN: &str = r#"^([!#-~]([ -~]{0,253}[!-~])?|"([!#-\[\]-~]|\\["\\])(([ !#-\[\]-~]|\\["\\]){0,253}([!#-\[\]-~]|\\["\\]))?")$"#;

/// The maximum length of the header: a quoted key in which each character is escaped.
pub(super) const MAX_HEADER_LENGTH: usize = 2 * MAX_KEY_LENGTH + 2;

/// The parameter by which a change is only tried.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DryRun {
    /// Validate without saving. Returns 200 with the result that the request would have, without `ETag` and `Location`;
    /// ids, numbers and timestamps are placeholders.
    #[serde(default)]
    #[param(default = false, required = false, example = true)]
    pub(super) dry_run: bool,
}

/// The query of a change, which may ask for a dry run.
pub(super) trait DryRunQuery {
    /// True if the change is checked and not carried out.
    fn dry_run(&self) -> bool;
}

impl DryRunQuery for DryRun {
    fn dry_run(&self) -> bool {
        self.dry_run
    }
}

/// The commit mode that the request asks for.
pub(super) fn commit_mode(
    request: &HttpRequest,
    caller: &Caller,
    body: &[u8],
    dry_run: bool,
) -> Result<CommitMode> {
    // Only POST needs a key: the version protects PUT, PATCH and DELETE, which can be sent again as they are.
    let key = if request.method() == Method::POST { key(request.headers())? } else { None };
    let commit_mode = match key {
        _ if dry_run => CommitMode::DryRun,
        None => CommitMode::Commit,
        Some(key) => CommitMode::Idempotent(Arc::new(IdempotentRequest::new(Claim {
            user_id: caller.user_id,
            operation: operation(request),
            key,
            fingerprint: fingerprint(body),
        }))),
    };
    Ok(commit_mode)
}

/// The key in the header, bare or as a string of a structured field (RFC 9651).
fn key(headers: &HeaderMap) -> Result<Option<String>> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY);
    let Some(key) = keys.next() else { return Ok(None) };
    let key = key.to_str().ok().filter(|_| keys.next().is_none()).and_then(parse_key);
    key.map(Some).ok_or_else(|| {
        let error = FieldError::parameter("Idempotency-Key", FieldErrorCode::WrongFormat).saying(
            format!("must be one key of 1 to {MAX_KEY_LENGTH} visible ASCII characters, bare or in double quotes"),
            format!("يجب أن يكون مفتاحًا واحدًا من 1 إلى {MAX_KEY_LENGTH} حرفًا ظاهرًا من ASCII، مجردًا أو بين علامتي اقتباس"),
        );
        Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into()
    })
}

fn parse_key(header: &str) -> Option<String> {
    let text = header.trim();
    let key = match text.strip_prefix('"') {
        Some(rest) => unescape(rest.strip_suffix('"')?)?,
        None => text.to_owned(),
    };
    let is_visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    let is_valid =
        (1..=MAX_KEY_LENGTH).contains(&key.len()) && key.bytes().all(is_visible) && key.trim() == key;
    is_valid.then_some(key)
}

/// The operation: the route and its parameters, with each id in its canonical spelling. So the length is limited, and
/// two spellings of an id are the same operation.
fn operation(request: &HttpRequest) -> String {
    let route = request.match_pattern().unwrap_or_else(|| request.path().to_owned());
    let parameters = request
        .match_info()
        .iter()
        .map(|(_, value)| Uuid::parse_str(value).map_or_else(|_| value.to_owned(), |id| id.to_string()));
    std::iter::once(format!("{} {route}", request.method())).chain(parameters).collect::<Vec<_>>().join(" ")
}

/// The content of a quoted string, in which a backslash precedes a quote or a backslash and nothing else.
fn unescape(quoted: &str) -> Option<String> {
    let mut letters = quoted.chars();
    let mut text = String::with_capacity(quoted.len());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.push(letters.next().filter(|next| matches!(next, '"' | '\\'))?),
            '"' => return None,
            _ => text.push(letter),
        }
    }
    Some(text)
}

/// A hash by which bodies are compared. Whitespace and the order of members don't count; all digits of a number do.
fn fingerprint(body: &[u8]) -> [u8; 32] {
    // `serde_json` sorts members by name.
    let ordered =
        serde_json::from_slice::<Value>(body).ok().and_then(|value| serde_json::to_vec(&value).ok());
    Sha256::digest(ordered.as_deref().unwrap_or(body)).into()
}

/// The body of a response as it is stored for retries: without the one-time secret.
struct BodyForRetries(Bytes);

/// Marks a response that contains a one-time secret. `without_secret` is stored in its place for retries.
pub(super) fn with_one_time_secret(
    response: HttpResponse,
    without_secret: &impl serde::Serialize,
) -> Result<HttpResponse> {
    let mut response = response::secret(response);
    let without_secret = serde_json::to_vec(without_secret).map_err(crate::app::Error::internal)?;
    response.extensions_mut().insert(BodyForRetries(without_secret.into()));
    Ok(response)
}

/// Completes the response according to the commit mode: the response to a request with a key is stored in the
/// transaction of its change, a stored response replaces the new one, and that of a dry run loses the headers that
/// name a resource.
pub(super) async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> std::result::Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let response = next.call(request).await?;
    let commit_mode = response.request().extensions().get::<CommitMode>().cloned().unwrap_or_default();
    match commit_mode {
        CommitMode::Commit => Ok(response.map_into_left_body()),
        CommitMode::DryRun => Ok(of_dry_run(response).map_into_left_body()),
        CommitMode::Idempotent(idempotent) => {
            let (request, response) = response.into_parts();
            if let Some(stored) = idempotent.replayed() {
                return Ok(ServiceResponse::new(request, replay(stored)).map_into_right_body());
            }
            let Some(app) = request.app_data::<Data<App>>().cloned() else {
                return Ok(ServiceResponse::new(request, response).map_into_left_body());
            };
            if !response.status().is_success() {
                app.roll_back(&idempotent);
                return Ok(ServiceResponse::new(request, response).map_into_left_body());
            }
            let response = store(&app, &request, &idempotent, response)
                .await
                .unwrap_or_else(|problem| problem.error_response());
            Ok(ServiceResponse::new(request, response).map_into_right_body())
        }
    }
}

fn of_dry_run<B>(mut response: ServiceResponse<B>) -> ServiceResponse<B> {
    if response.status() == StatusCode::CREATED {
        *response.response_mut().status_mut() = StatusCode::OK;
    }
    response.headers_mut().remove(LOCATION);
    response.headers_mut().remove(ETAG);
    response
}

/// Stores the response. Its bytes count as those of bodies do: a request of a few bytes can have a long response.
async fn store<B: MessageBody>(
    app: &App,
    request: &HttpRequest,
    idempotent: &IdempotentRequest,
    response: HttpResponse<B>,
) -> Result<HttpResponse> {
    let (response, body) = response.into_parts();
    let Ok(body) = body.try_into_bytes() else {
        app.roll_back(idempotent);
        tracing::error!("the response to a POST is a stream, and can't be stored for retries");
        return Err(ProblemCode::InternalError.into());
    };
    let header = |name: HeaderName| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let for_retries = response.extensions().get::<BodyForRetries>().map(|body| body.0.clone());
    let status = i16::try_from(response.status().as_u16()).map_err(crate::app::Error::internal)?;
    let stored = StoredResponse {
        status,
        etag: header(ETAG),
        location: header(LOCATION),
        body: for_retries.unwrap_or_else(|| body.clone()).to_vec(),
    };
    let user_id = request.extensions().get::<Caller>().map(|caller| caller.user_id);
    if let Some(user_id) = user_id {
        byte_limit::count(request, user_id, Carried::Json, stored.body.len())
            .inspect_err(|_| app.roll_back(idempotent))?;
    }
    app.store_response(idempotent, &stored).await?;
    Ok(response.set_body(BoxBody::new(body)))
}

fn replay(stored: StoredResponse) -> HttpResponse {
    let StoredResponse { status, etag, location, body } = stored;
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let Some(status) = status else {
        return Problem::from(ProblemCode::InternalError).error_response();
    };
    let mut response =
        if body.is_empty() { HttpResponse::new(status) } else { response::stored(status, body) };
    for (name, value) in [(ETAG, etag), (LOCATION, location)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    response
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_comes_bare_or_quoted() {
        for (header, key) in [
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", Some("8e03978e-40d5-43dd-bc93-6894a57f9324")),
            ("\"8e03978e\"", Some("8e03978e")),
            (r#""a \"b\" \\""#, Some(r#"a "b" \"#)),
            (" spaced ", Some("spaced")),
            ("", None),
            ("\"\"", None),
            ("\" a\"", None),
            ("\"open", None),
            (r#""a\b""#, None),
            (r#""a"b""#, None),
            ("tab\tbed", None),
        ] {
            assert_eq!(parse_key(header).as_deref(), key, "{header}");
        }
        assert!(parse_key(&"k".repeat(255)).is_some());
        assert!(parse_key(&"k".repeat(256)).is_none());
    }

    #[test]
    fn the_same_json_written_differently_is_the_same_body() {
        assert_eq!(fingerprint(br#"{"a": 1, "b": [2]}"#), fingerprint(br#"{"b":[2],"a":1}"#));
        assert_ne!(fingerprint(br#"{"a": 1}"#), fingerprint(br#"{"a": 2}"#));
        assert_ne!(fingerprint(br#"{"a": 9007199254740993}"#), fingerprint(br#"{"a": 9007199254740992}"#));
        assert_ne!(fingerprint(b""), fingerprint(b"{}"));
    }

    proptest! {
        #[test]
        fn a_quoted_key_is_the_key(key in "[!-~]([ -~]{0,80}[!-~])?") {
            let quoted = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
            prop_assert_eq!(parse_key(&quoted), Some(key));
        }

        #[test]
        fn a_key_is_documented_as_it_is_read(header in "[ !\"#a\\\\~\t]{0,6}") {
            // Whitespace around the value is not part of a header.
            let header = header.trim();
            let documented = jsonschema::is_valid(
                &serde_json::json!({ "pattern": KEY_PATTERN }), &serde_json::json!(header),
            );
            prop_assert_eq!(parse_key(header).is_some(), documented);
        }

        #[test]
        fn no_key_panics(header in "\\PC{0,300}") {
            let _: Option<String> = parse_key(&header);
        }
    }
}
