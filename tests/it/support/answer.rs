//! Answers of the service.

use std::io::Read as _;

use reqwest::header::HeaderMap;
use serde_json::Value;
use taskforce::domain::refusal::RefusalCode;
use taskforce::domain::vocabulary::Vocabulary as _;

use super::client::Resource;

/// An answer of the service.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The request, for messages of failed tests.
    pub(crate) request: String,
    /// The path that was asked for.
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header; empty where it isn't there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The `ETag`.
    pub(crate) fn etag(&self) -> &str {
        let etag = self.header("etag");
        assert!(!etag.is_empty(), "{}: no ETag", self.request);
        etag
    }

    /// The body without its coding.
    pub(crate) fn decoded(&self) -> Vec<u8> {
        let mut decoded = Vec::new();
        match self.header("content-encoding") {
            "br" if !self.body.is_empty() => {
                brotli::Decompressor::new(&self.body[..], 4096).read_to_end(&mut decoded).unwrap();
            }
            "gzip" if !self.body.is_empty() => {
                flate2::read::GzDecoder::new(&self.body[..]).read_to_end(&mut decoded).unwrap();
            }
            _ => decoded.clone_from(&self.body),
        }
        decoded
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The path of the page that a share link in this answer opens.
    pub(crate) fn page_path(&self) -> String {
        let address = self.json()["pageUrl"].as_str().unwrap().to_owned();
        address[address.find("/s/").unwrap()..].to_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {} {error}: {}", self.request, self.status, self.text()))
    }

    /// Fails unless the answer has the headers that every answer has; a service without TLS does not ask for TLS.
    pub(crate) fn check_common_headers(&self, is_secure: bool) {
        for (name, expected) in [
            ("api-version", taskforce::http::API_VERSION),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("strict-transport-security", if is_secure { "max-age=63072000" } else { "" }),
        ] {
            assert_eq!(self.header(name), expected, "{}: {name}", self.request);
        }
        for name in ["x-request-id", "content-security-policy", "cache-control"] {
            assert!(!self.header(name).is_empty(), "{}: no {name}", self.request);
        }
        assert!(
            self.header("content-security-policy").contains("frame-ancestors 'none'"),
            "{}",
            self.request
        );
        assert!(!self.headers.contains_key("server"), "{}: the Server header is sent", self.request);
        assert_ne!(self.status, 500, "{}: {}", self.request, String::from_utf8_lossy(&self.body));
    }

    /// The answer, if it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{}: {body}", self.request);
        self
    }

    /// The problem that this answer is, if it is this one, in the form that every problem has.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, code: &str) -> Value {
        let body = String::from_utf8_lossy(&self.body).into_owned();
        assert_eq!(self.status, status, "{}: {body}", self.request);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.request);
        assert_eq!(self.header("cache-control"), "no-store", "{}", self.request);
        let problem = self.json();
        assert_eq!(problem["code"], code, "{}: {body}", self.request);
        assert_eq!(problem["type"], format!("/problems/{code}"), "{}", self.request);
        assert_eq!(problem["status"], status, "{}", self.request);
        assert_eq!(problem["requestId"], self.header("x-request-id"), "{}", self.request);
        for field in ["title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{}: {body}", self.request);
        }
        expect_references(&problem);
        problem
    }

    /// Fails unless the request is invalid with these field errors, as `location code`, sorted.
    #[track_caller]
    pub(crate) fn expect_field_errors(self, expected: &[&str]) {
        let problem = self.expect_problem(400, "invalidRequest");
        assert_eq!(field_errors(&problem), expected, "{problem:#}");
    }

    /// The resource in this answer, at its `Location` or else at the path of the request.
    #[track_caller]
    pub(crate) fn resource(self) -> Resource {
        let location = self.header("location");
        let path = if location.is_empty() { self.path.clone() } else { location.to_owned() };
        Resource { path, etag: self.etag().to_owned(), body: self.json() }
    }
}

/// The field errors of a problem, as `location code`, sorted.
pub(crate) fn field_errors(problem: &Value) -> Vec<String> {
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut errors: Vec<String> = errors
        .iter()
        .map(|error| {
            let location = error["pointer"].as_str().or(error["parameter"].as_str()).unwrap();
            format!("{location} {}", error["code"].as_str().unwrap())
        })
        .collect();
    errors.sort();
    errors
}

/// The codes whose refusals always name other resources.
const ALWAYS_NAMING: [&str; 11] = [
    "holdsSeat",
    "dependencyUnfinished",
    "reviewByAnother",
    "adoptionByAnother",
    "sectorNotSelected",
    "pilotNotScaled",
    "migrationUnderWay",
    "reportNotSubmitted",
    "decisionSuperseded",
    "conditionSettled",
    "ownsWork",
];

/// Fails if a problem, or an obstacle in it, names other resources than its code says, or none where there must be one.
#[track_caller]
fn expect_references(problem: &Value) {
    let code = problem["code"].as_str().unwrap();
    let named = kinds(problem);
    let names = RefusalCode::parse(code).map_or(&[][..], RefusalCode::names);
    assert!(named.iter().all(|kind| names.iter().any(|name| name.code() == kind)), "{code}: {problem:#}");
    assert!(!named.is_empty() || !ALWAYS_NAMING.contains(&code), "{code}: {problem:#}");
    for transition in problem["availableTransitions"].as_array().into_iter().flatten() {
        transition["blockedBy"].as_array().unwrap().iter().for_each(expect_references);
    }
}

/// The kinds of the references of a problem or of an obstacle.
fn kinds(problem: &Value) -> Vec<String> {
    let references = problem["references"].as_array().into_iter().flatten();
    references.map(|reference| reference["kind"].as_str().unwrap().to_owned()).collect()
}
