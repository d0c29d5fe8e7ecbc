//! The context of a request (its id, the language of the response, HSTS), and the bearer token in its headers.

use actix_web::http::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, AcceptLanguage, HeaderMap, HeaderName, Quality, from_comma_delimited,
};
use actix_web::{HttpMessage as _, HttpRequest};
use uuid::Uuid;

use crate::app::caller::Caller;
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The parts of a request that every response depends on.
#[derive(Debug, Clone)]
pub(super) struct RequestContext {
    /// Names the request in logs, events and problems.
    pub(super) request_id: String,
    /// The language that the request asks for.
    pub(super) language: Option<Language>,
    /// True if clients reach the service over TLS, by the settings (HSTS).
    pub(super) is_secure: bool,
    /// True if the request reads and can't change anything.
    pub(super) is_read: bool,
    /// True if the request asks for the headers alone.
    pub(super) is_head: bool,
}

impl RequestContext {
    /// The context that the headers give, without knowledge of the connection.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        Self {
            request_id: request_id(headers),
            language: language(headers),
            is_secure: false,
            is_read: false,
            is_head: false,
        }
    }

    /// The context that the middleware has attached to the request.
    pub(super) fn of(request: &HttpRequest) -> Self {
        let attached = request.extensions().get::<Self>().cloned();
        attached.unwrap_or_else(|| Self::read(request.headers()))
    }
}

/// The id that the client chose, if a log can hold it as it is; otherwise a new one.
fn request_id(headers: &HeaderMap) -> String {
    let is_safe = |id: &&str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    let chosen = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(is_safe);
    chosen.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// The supported language that the client ranks highest (RFC 9110 §12.5.4), if the client names one.
///
/// Only the first line of the header is read, and a malformed range is ignored. The separator of POSIX (`ar_SA`) is
/// taken for the one of language tags.
fn language(headers: &HeaderMap) -> Option<Language> {
    let tags =
        headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()?.replace('_', "-").parse().ok());
    let ranges = from_comma_delimited(tags.iter());
    let mut accepted = AcceptLanguage(ranges.unwrap_or_default());
    // `ranked` lists refused languages (`q=0`), too.
    accepted.retain(|range| range.quality > Quality::ZERO);
    let ranked = accepted.ranked();
    let languages = ranked.iter().filter_map(|range| range.item()).map(|tag| Language::of_tag(tag.as_str()));
    languages.flatten().next()
}

/// The `lang` in the address of a page names no language of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnknownLanguage;

/// The language that the address of a page names: the first `lang`. Other parameters are ignored, since programs that send
/// links add parameters of their own.
pub(super) fn language_of_address(request: &HttpRequest) -> Result<Option<Language>, UnknownLanguage> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(request.query_string()).unwrap_or_default();
    let named = pairs.iter().find(|(name, _)| name == "lang");
    named.map(|(_, code)| Language::parse(code).ok_or(UnknownLanguage)).transpose()
}

/// The language of a response: the one that the request asks for, else the one that the caller prefers, else English.
pub(super) fn response_language(asked: Option<Language>, caller: Option<&Caller>) -> Language {
    let preferred = || caller.and_then(|caller| caller.preferred_language.get());
    asked.or_else(preferred).unwrap_or(Language::English)
}

/// The token in the `Authorization` header.
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
            ("ar", Some(Language::Arabic)),
            ("ar-JO, en;q=0.5", Some(Language::Arabic)),
            ("en;q=0.4, ar;q=0.9", Some(Language::Arabic)),
            ("fr, en;q=0.3", Some(Language::English)),
            ("ar;q=0", None),
            ("", None),
            ("*", None),
            ("fr", None),
            (";;;,q=1", None),
            ("AR-jo", Some(Language::Arabic)),
            ("ar_SA", Some(Language::Arabic)),
            ("en_GB;q=0.5, ar_SA", Some(Language::Arabic)),
            ("*, ar;q=0.1", Some(Language::Arabic)),
            ("ar;q=0.5;q, en;q=0.1", Some(Language::English)),
            ("en;q=0.5, ar;q=0.5", Some(Language::English)),
            ("ar;q=0.5, en;q=0.5", Some(Language::Arabic)),
            ("en-GB-oed;q=0.8, ar;q=0.7", Some(Language::English)),
            ("en, ar;q=inf", Some(Language::English)),
            ("en;q=0.1, ar;q=7", Some(Language::English)),
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
