//! The declarations of operations beyond the vocabulary of OpenAPI, as extensions of `#[utoipa::path]`.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::openapi::path::Operation;

use crate::domain::vocabulary::Vocabulary as _;
use crate::http::problem_catalogue::ProblemCode;

/// The problems that an operation can answer with. These stay in the document.
const PROBLEM_CODES: &str = "x-problem-codes";
/// Marks a page of the service that lies outside of the API: no negotiation, no languages, no scopes of API keys.
const OUTSIDE_API: &str = "x-outside-api";
/// Marks a download of the API that is sent as it is, whatever `Accept` says.
const ANY_ACCEPT: &str = "x-any-accept";

/// Returns whether an operation lies outside of the API.
pub(in crate::http) fn is_outside_api(operation: &Operation) -> bool {
    is_marked(operation, OUTSIDE_API)
}

/// Returns whether `Accept` is checked before an operation runs.
pub(in crate::http) fn negotiates(operation: &Operation) -> bool {
    !is_outside_api(operation) && !is_marked(operation, ANY_ACCEPT)
}

/// The problem codes that an operation declares itself.
///
/// # Errors
/// A word that is no problem code.
pub(super) fn problem_codes(operation: &Operation) -> Result<BTreeSet<ProblemCode>, String> {
    let declared = operation.extensions.as_ref().and_then(|extensions| extensions.get(PROBLEM_CODES));
    let words = declared.and_then(Value::as_array).into_iter().flatten();
    words
        .map(|word| {
            let code = word.as_str().and_then(ProblemCode::parse);
            code.ok_or_else(|| format!("{word} is no problem code"))
        })
        .collect()
}

/// Writes the complete problem codes into the document, and leaves out what concerns only the service.
pub(super) fn publish(operation: &mut Operation, codes: &BTreeSet<ProblemCode>) {
    let extensions = operation.extensions.get_or_insert_default();
    extensions.retain(|name, _| name != OUTSIDE_API && name != ANY_ACCEPT);
    extensions.insert(PROBLEM_CODES.to_owned(), codes.iter().map(ProblemCode::to_string).collect());
}

fn is_marked(operation: &Operation, marker: &str) -> bool {
    let extensions = operation.extensions.as_ref();
    extensions.and_then(|extensions| extensions.get(marker)) == Some(&Value::Bool(true))
}
