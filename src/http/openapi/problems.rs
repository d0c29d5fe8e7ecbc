//! Problem responses: one for each status that the problem codes of an
//! operation have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{Ref, RefOr};

use super::headers::{self, SharedHeader};
use super::names::pascal_case;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::problem_catalogue::ProblemCode;

/// A response with at most this many codes is a component, named after its codes; with more it is written in place.
const CODES_IN_A_NAME: usize = 2;

/// The problem responses for these codes, by status.
pub(super) fn responses(codes: &BTreeSet<ProblemCode>) -> BTreeMap<String, Response> {
    let mut by_status: BTreeMap<String, Vec<ProblemCode>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status().as_str().to_owned()).or_default().push(*code);
    }
    by_status.into_iter().map(|(status, codes)| (status, response(&codes))).collect()
}

fn response(codes: &[ProblemCode]) -> Response {
    let line = |code: &ProblemCode| format!("`{code}` {}", code.title().en);
    let description = codes.iter().map(line).collect::<Vec<_>>().join(" · ");
    let example = |code: &ProblemCode| {
        (code.to_string(), RefOr::Ref(Ref::new(format!("#/components/examples/{code}"))))
    };
    let content: Content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(codes.iter().map(example))
        .build();
    let mut response =
        ResponseBuilder::new().description(description).content("application/problem+json", content).build();
    for code in codes {
        match code {
            ProblemCode::Unavailable | ProblemCode::TooManyAttempts | ProblemCode::TooManyRequests => {
                headers::add(&mut response, SharedHeader::RetryAfter);
            }
            ProblemCode::SessionsEnded => {
                headers::add(&mut response, SharedHeader::RetryAfterSessionsEnded);
            }
            ProblemCode::VersionMismatch => headers::add(&mut response, SharedHeader::ETag),
            _ => {}
        }
    }
    response
}

/// The name under which operations share a problem response, if it has one.
pub(super) fn shared_name(response: &Response) -> Option<String> {
    let Some(RefOr::T(content)) = response.content.get("application/problem+json") else { return None };
    let codes: Vec<String> = content.examples.keys().map(|code| pascal_case(code)).collect();
    (1..=CODES_IN_A_NAME).contains(&codes.len()).then(|| codes.join("Or"))
}

/// An example of each problem, by its code.
pub(super) fn examples() -> BTreeMap<String, RefOr<Example>> {
    let example = |code: &ProblemCode| {
        let value = json!({
            "type": format!("/problems/{code}"),
            "title": code.title().en,
            "status": code.status().as_u16(),
            "detail": code.advice().en,
            "code": code,
            "requestId": "0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e",
        });
        (code.to_string(), ExampleBuilder::new().summary(code.title().en).value(Some(value)).into())
    };
    ProblemCode::ALL.iter().map(example).collect()
}
