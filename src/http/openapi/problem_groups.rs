//! The problems that operations of one form have in common. Each operation names its groups, and the document lists the
//! codes of a group once.

use serde_json::{Value, json};
use utoipa::openapi::path::Operation;

use crate::http::problem_catalogue::ProblemCode;

/// The groups of an operation; in the response of all problems, the codes of each group.
const PROBLEM_GROUPS: &str = "x-problem-groups";

/// The form of operations that have problems in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProblemGroup {
    /// Operations of the API; the next three are for operations that are not all of these.
    Api,
    Any,
    RateLimited,
    Negotiated,
    SignedIn,
    SignedInChange,
    PathParameter,
    Body,
    IfMatch,
    IdempotencyKey,
}

impl ProblemGroup {
    const ALL: [Self; 10] = [
        Self::Api,
        Self::Any,
        Self::RateLimited,
        Self::Negotiated,
        Self::SignedIn,
        Self::SignedInChange,
        Self::PathParameter,
        Self::Body,
        Self::IfMatch,
        Self::IdempotencyKey,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Any => "any",
            Self::RateLimited => "rateLimited",
            Self::Negotiated => "negotiated",
            Self::SignedIn => "signedIn",
            Self::SignedInChange => "signedInChange",
            Self::PathParameter => "pathParameter",
            Self::Body => "body",
            Self::IfMatch => "ifMatch",
            Self::IdempotencyKey => "idempotencyKey",
        }
    }

    fn codes(self) -> &'static [ProblemCode] {
        match self {
            // An unknown parameter in the query is an invalid request.
            Self::Api => &[
                ProblemCode::InternalError,
                ProblemCode::InvalidRequest,
                ProblemCode::NotAcceptable,
                ProblemCode::TooManyRequests,
                ProblemCode::Unavailable,
            ],
            Self::Any => &[ProblemCode::InternalError, ProblemCode::InvalidRequest, ProblemCode::Unavailable],
            Self::RateLimited => &[ProblemCode::TooManyRequests],
            Self::Negotiated => &[ProblemCode::NotAcceptable],
            Self::SignedIn => &[ProblemCode::SessionsEnded, ProblemCode::Unauthenticated],
            // An API key may be for reading only. Reads that a key for one task force can't do declare this themselves.
            Self::SignedInChange => &[ProblemCode::InsufficientScope],
            Self::PathParameter => &[ProblemCode::NotFound],
            Self::Body => {
                &[ProblemCode::BodyTooLarge, ProblemCode::MalformedJson, ProblemCode::UnsupportedMediaType]
            }
            Self::IfMatch => &[ProblemCode::PreconditionRequired, ProblemCode::VersionMismatch],
            Self::IdempotencyKey => &[ProblemCode::IdempotencyKeyInUse, ProblemCode::IdempotencyKeyReused],
        }
    }
}

/// Writes the groups of an operation into the document.
pub(super) fn publish(operation: &mut Operation, groups: &[ProblemGroup]) {
    let names = groups.iter().map(|group| group.name()).collect();
    operation.extensions.get_or_insert_default().insert(PROBLEM_GROUPS.to_owned(), names);
}

/// Writes the codes of each group into the response of all problems.
pub(super) fn describe(document: &mut Value) -> Result<(), String> {
    let response = document.pointer_mut("/components/responses/Problem").and_then(Value::as_object_mut);
    let response = response.ok_or("the document has no response for problems")?;
    let codes = ProblemGroup::ALL.map(|group| {
        (group.name().to_owned(), group.codes().iter().map(ProblemCode::to_string).collect::<Value>())
    });
    response.insert(PROBLEM_GROUPS.to_owned(), json!(serde_json::Map::from_iter(codes)));
    Ok(())
}
