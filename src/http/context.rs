//! What of a request every part of the service needs: its id, the language to answer in, its credential.

use actix_web::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, HeaderMap, HeaderName};
use actix_web::{HttpMessage as _, HttpRequest};
use uuid::Uuid;

use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What of a request concerns every answer to it.
#[derive(Debug, Clone)]
pub(super) struct RequestContext {
    /// Names the request in logs, events and problems.
    pub(super) request_id: String,
    /// The language to answer in.
    pub(super) language: Language,
    /// Whether the client came over TLS.
    pub(super) is_secure: bool,
}

impl RequestContext {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        Self { request_id: request_id(headers), language: language(headers), is_secure: false }
    }

    /// The envelope of a request that has come through the middleware.
    pub(super) fn of(request: &HttpRequest) -> Self {
        let kept = request.extensions().get::<Self>().cloned();
        kept.unwrap_or_else(|| Self::read(request.headers()))
    }
}

/// The id that the client gave, if it can be put into a log as it is; otherwise a new one.
fn request_id(headers: &HeaderMap) -> String {
    let sane = |id: &&str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(sane);
    given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// The language that the reader likes best out of ours (RFC 9110 §12.5.4); English where none is liked.
fn language(headers: &HeaderMap) -> Language {
    let header = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best = (0.0, Language::English);
    for range in header.split(',') {
        let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
        let weight = weight.filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0);
        let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        if let Some(language) = Language::parse(&primary)
            && weight > best.0
        {
            best = (weight, language);
        }
    }
    best.1
}

/// The credential that a request shows.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn the_language_liked_best_is_spoken() {
        for (header, expected) in [
            ("ar", Language::Arabic),
            ("ar-JO, en;q=0.5", Language::Arabic),
            ("en;q=0.4, ar;q=0.9", Language::Arabic),
            ("fr, en;q=0.3", Language::English),
            ("ar;q=0", Language::English),
            ("", Language::English),
            ("*", Language::English),
            (";;;,q=1", Language::English),
            ("en, ar;q=inf", Language::English),
            ("en;q=0.1, ar;q=7", Language::English),
        ] {
            assert_eq!(language(&headers(ACCEPT_LANGUAGE, header)), expected, "{header}");
        }
    }

    #[test]
    fn a_request_id_that_could_forge_a_log_line_is_replaced() {
        assert_eq!(request_id(&headers(X_REQUEST_ID, "abc-123")), "abc-123");
        for odd in ["a b", "", "<script>", &"a".repeat(65)] {
            assert_ne!(request_id(&headers(X_REQUEST_ID, odd)), odd);
        }
    }
}
