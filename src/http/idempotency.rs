//! `Idempotency-Key` and `dryRun`: what a request wants of its transaction, and what becomes of the answer.

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
use crate::app::App;
use crate::app::caller::Caller;
use crate::app::idempotency::{CommitMode, IdempotentRequest};
use crate::db::idempotency::{Claim, StoredResponse};
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};

/// The header that names a request, so that it is done once however often it is sent.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer was given before.
pub(super) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key.
const LONGEST_KEY: usize = 255;

/// What a key is like in its header: bare, or a string of a structured field, in which a quote and a backslash have
/// a backslash before them. Within it may be spaces, at its ends not.
pub(super) const KEY_PATTERN: &str = r#"^([!#-~]([ -~]{0,253}[!-~])?|"([!#-\[\]-~]|\\["\\])(([ !#-\[\]-~]|\\["\\]){0,253}([!#-\[\]-~]|\\["\\]))?")$"#;

/// The longest header that holds one: quoted, and each letter behind a backslash.
pub(super) const LONGEST_HEADER: usize = 2 * LONGEST_KEY + 2;

/// Whether a change is only to be tried.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DryRun {
    /// Checks everything and keeps nothing: the answer is what it would be, with status 200 and without `ETag` and `Location`; ids, numbers and instants in it are of no use.
    #[serde(default)]
    #[param(default = false, required = false, example = true)]
    pub(super) dry_run: bool,
}

/// The query of a change: whether it is only to be tried.
pub(super) trait DryRunQuery {
    /// Whether nothing is to be kept.
    fn dry_run(&self) -> bool;
}

impl DryRunQuery for DryRun {
    fn dry_run(&self) -> bool {
        self.dry_run
    }
}

/// What a request wants of its transaction; `body` is what came with it.
pub(super) fn commit_mode(
    request: &HttpRequest,
    caller: &Caller,
    body: &[u8],
    dry_run: bool,
) -> Result<CommitMode> {
    // What puts, patches and deletes is held by its version, and can be sent again as it is.
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

/// The key, bare or as a string of a structured field (RFC 9651).
fn key(headers: &HeaderMap) -> Result<Option<String>> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY);
    let Some(key) = keys.next() else { return Ok(None) };
    let key = key.to_str().ok().filter(|_| keys.next().is_none()).and_then(parse_key);
    key.map(Some).ok_or_else(|| {
        let fault = FieldError::parameter("Idempotency-Key", FieldErrorCode::WrongFormat).saying(
            format!("must be one key of 1 to {LONGEST_KEY} visible ASCII characters, bare or in double quotes"),
            format!("يجب أن يكون مفتاحًا واحدًا من 1 إلى {LONGEST_KEY} حرفًا ظاهرًا من ASCII، مجردًا أو بين علامتي اقتباس"),
        );
        Refusal::field_errors(RefusalCode::InvalidRequest, vec![fault]).into()
    })
}

fn parse_key(header: &str) -> Option<String> {
    let text = header.trim();
    let key = match text.strip_prefix('"') {
        Some(rest) => unescape(rest.strip_suffix('"')?)?,
        None => text.to_owned(),
    };
    let visible = |letter: u8| letter.is_ascii_graphic() || letter == b' ';
    let sane = (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(visible) && key.trim() == key;
    sane.then_some(key)
}

/// What is asked for: the route and what stands in it, each id in its one spelling. So the address is as long as the
/// route has places, and another spelling is no other request.
fn operation(request: &HttpRequest) -> String {
    let route = request.match_pattern().unwrap_or_else(|| request.path().to_owned());
    let places = request
        .match_info()
        .iter()
        .map(|(_, place)| Uuid::parse_str(place).map_or_else(|_| place.to_owned(), |id| id.to_string()));
    std::iter::once(format!("{} {route}", request.method())).chain(places).collect::<Vec<_>>().join(" ")
}

/// The inside of a quoted string: a backslash stands before a quote or a backslash, and nowhere else.
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

/// Tells one body from another. Spaces and the order of members make no other JSON; numbers are compared as they are
/// read, all their digits.
fn fingerprint(body: &[u8]) -> [u8; 32] {
    // Members in the order of their names, as `serde_json` keeps them.
    let ordered =
        serde_json::from_slice::<Value>(body).ok().and_then(|value| serde_json::to_vec(&value).ok());
    Sha256::digest(ordered.as_deref().unwrap_or(body)).into()
}

/// The body of an answer as it is kept for retries: without the secret that is told once.
struct Kept(Bytes);

/// Marks an answer that holds a one-time secret; `kept` is the same without it.
pub(super) fn told_once(answer: HttpResponse, kept: &impl serde::Serialize) -> Result<HttpResponse> {
    let mut answer = response::secret(answer);
    let kept = serde_json::to_vec(kept).map_err(crate::app::Error::internal)?;
    answer.extensions_mut().insert(Kept(kept.into()));
    Ok(answer)
}

/// Ends what a handler has left open: the answer to a request with a key is kept in the transaction of its change,
/// an earlier answer takes the place of a new one, and one that was only tried loses what names a thing that is there.
pub(super) async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> std::result::Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let answer = next.call(request).await?;
    let commit_mode = answer.request().extensions().get::<CommitMode>().cloned().unwrap_or_default();
    match commit_mode {
        CommitMode::Commit => Ok(answer.map_into_left_body()),
        CommitMode::DryRun => Ok(tried(answer).map_into_left_body()),
        CommitMode::Idempotent(idempotent) => {
            let (request, answer) = answer.into_parts();
            if let Some(earlier) = idempotent.replayed() {
                return Ok(ServiceResponse::new(request, replay(earlier)).map_into_right_body());
            }
            let Some(app) = request.app_data::<Data<App>>().cloned() else {
                return Ok(ServiceResponse::new(request, answer).map_into_left_body());
            };
            if !answer.status().is_success() {
                app.roll_back(&idempotent);
                return Ok(ServiceResponse::new(request, answer).map_into_left_body());
            }
            let kept =
                store(&app, &idempotent, answer).await.unwrap_or_else(|problem| problem.error_response());
            Ok(ServiceResponse::new(request, kept).map_into_right_body())
        }
    }
}

fn tried<B>(mut answer: ServiceResponse<B>) -> ServiceResponse<B> {
    if answer.status() == StatusCode::CREATED {
        *answer.response_mut().status_mut() = StatusCode::OK;
    }
    answer.headers_mut().remove(LOCATION);
    answer.headers_mut().remove(ETAG);
    answer
}

async fn store<B: MessageBody>(
    app: &App,
    idempotent: &IdempotentRequest,
    answer: HttpResponse<B>,
) -> Result<HttpResponse> {
    let (answer, body) = answer.into_parts();
    let Ok(body) = body.try_into_bytes() else {
        app.roll_back(idempotent);
        tracing::error!("the answer to a POST is a stream, and can't be kept for retries");
        return Err(ProblemCode::InternalError.into());
    };
    let text = |name: HeaderName| {
        answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let told = answer.extensions().get::<Kept>().map(|kept| kept.0.clone());
    let status = i16::try_from(answer.status().as_u16()).map_err(crate::app::Error::internal)?;
    let stored = StoredResponse {
        status,
        etag: text(ETAG),
        location: text(LOCATION),
        body: told.unwrap_or_else(|| body.clone()).to_vec(),
    };
    app.store_response(idempotent, &stored).await?;
    Ok(answer.set_body(BoxBody::new(body)))
}

fn replay(earlier: StoredResponse) -> HttpResponse {
    let StoredResponse { status, etag, location, body } = earlier;
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let Some(status) = status else {
        return Problem::from(ProblemCode::InternalError).error_response();
    };
    let mut answer = if body.is_empty() { HttpResponse::new(status) } else { response::kept(status, body) };
    for (name, value) in [(ETAG, etag), (LOCATION, location)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    answer
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
            // The spaces around a header are no part of it.
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
