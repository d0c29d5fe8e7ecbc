//! The problems that operations of one form have in common. Each operation names its groups, and the document lists the
//! codes of a group once.

use serde_json::{Value, json};
use utoipa::openapi::path::Operation;

use crate::http::problem_catalogue::ProblemCode;

/// The groups of an operation; in the response of all problems, the codes of each group.
const PROBLEM_GROUPS: &str = "x-problem-groups";

/// Declares the groups: the name of each in the document, and the codes of its problems.
macro_rules! problem_groups {
    ($( $(#[doc = $doc:literal])+ $Group:ident = $name:literal: [$($code:ident),+ $(,)?]; )+) => {
        /// The form of operations that have problems in common.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum ProblemGroup {
            $( $(#[doc = $doc])+ $Group, )+
        }

        impl ProblemGroup {
            const ALL: &[Self] = &[$(Self::$Group),+];

            fn name(self) -> &'static str {
                match self {
                    $( Self::$Group => $name, )+
                }
            }

            fn codes(self) -> &'static [ProblemCode] {
                match self {
                    $( Self::$Group => &[$(ProblemCode::$code),+], )+
                }
            }
        }
    };
}

problem_groups! {
    /// Every operation: an unknown parameter in the query is an invalid request.
    Any = "any": [InternalError, InvalidRequest, Unavailable];
    /// Operations of the API, which negotiate a media type and count against the limit of requests.
    Api = "api": [NotAcceptable, TooManyRequests];
    /// Operations with a credential.
    SignedIn = "signedIn": [SessionsEnded, Unauthenticated];
    /// Changes with a credential: an API key may be for reading only. Reads that a key for one task force cannot do
    /// declare the code themselves.
    SignedInChange = "signedInChange": [InsufficientScope];
    /// Operations on something in their path.
    PathParameter = "pathParameter": [NotFound];
    /// Operations with a body.
    Body = "body": [BodyTooLarge, MalformedJson, UnsupportedMediaType];
    /// Changes of a version.
    IfMatch = "ifMatch": [PreconditionRequired, VersionMismatch];
    /// Operations that take an idempotency key.
    IdempotencyKey = "idempotencyKey": [IdempotencyKeyInUse, IdempotencyKeyReused];
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
    let codes = ProblemGroup::ALL.iter().map(|group| {
        (group.name().to_owned(), group.codes().iter().map(ProblemCode::to_string).collect::<Value>())
    });
    response.insert(PROBLEM_GROUPS.to_owned(), json!(serde_json::Map::from_iter(codes)));
    Ok(())
}
