//! The declarations of operations beyond the vocabulary of OpenAPI, as extensions of `#[utoipa::path]`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;
use serde_json::{Value, json};
use utoipa::openapi::path::Operation;

use crate::domain::requirement::Requirement;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::operation_problems::OperationProblems;
use crate::http::problem_catalogue::ProblemCode;

/// The right that an operation needs, and its problems ([`OperationProblems`]). In the document: the problems.
const PROBLEM_CODES: &str = "x-problem-codes";
/// The roles that may perform an operation.
const ROLES: &str = "x-roles";
/// The roles among these that may perform the operation only on what is their own.
const OWN_ONLY_ROLES: &str = "x-roles-own-only";
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

/// The right that an operation needs, and the problem codes that the operation declares itself.
///
/// # Errors
/// A declaration that is none; an operation that needs a credential and does not say who may perform it.
pub(super) fn declared(operation: &Operation) -> Result<(Requirement, BTreeSet<ProblemCode>), String> {
    let declared = operation.extensions.as_ref().and_then(|extensions| extensions.get(PROBLEM_CODES));
    let declared = declared.map(OperationProblems::deserialize).transpose();
    let OperationProblems { requirement, codes } =
        declared.map_err(|error| error.to_string())?.unwrap_or_default();
    let is_public = operation.security.as_ref().is_some_and(Vec::is_empty);
    let requirement = match (requirement, is_public) {
        (None, true) => Requirement::Anyone,
        (Some(requirement), false) => requirement,
        (Some(_), true) => return Err("no credential, but a right".to_owned()),
        (None, false) => return Err("a credential, but no right: who may is not declared".to_owned()),
    };
    Ok((requirement, codes))
}

/// Writes into the document who may perform an operation and the problem codes that the operation declares, and leaves
/// out what concerns only the service.
pub(super) fn publish(operation: &mut Operation, requirement: &Requirement, codes: &BTreeSet<ProblemCode>) {
    let who_may = requirement.sentence().en;
    operation.description = Some(match operation.description.take() {
        Some(description) if !description.is_empty() => format!("{description}\n\n{who_may}"),
        _ => who_may,
    });
    let extensions = operation.extensions.get_or_insert_default();
    extensions.retain(|name, _| ![PROBLEM_CODES, OUTSIDE_API, ANY_ACCEPT].contains(&name.as_str()));
    if !codes.is_empty() {
        extensions.insert(PROBLEM_CODES.to_owned(), by_status(codes));
    }
    extensions.insert(ROLES.to_owned(), requirement.roles().iter().map(|role| role.code()).collect());
    let own_only = requirement.own_only_roles();
    if !own_only.is_empty() {
        extensions.insert(OWN_ONLY_ROLES.to_owned(), own_only.iter().map(|role| role.code()).collect());
    }
}

/// Problem codes by the status of each.
fn by_status(codes: &BTreeSet<ProblemCode>) -> Value {
    let mut by_status: BTreeMap<String, Vec<ProblemCode>> = BTreeMap::new();
    for &code in codes {
        by_status.entry(code.status().as_u16().to_string()).or_default().push(code);
    }
    json!(by_status)
}

fn is_marked(operation: &Operation, marker: &str) -> bool {
    let extensions = operation.extensions.as_ref();
    extensions.and_then(|extensions| extensions.get(marker)) == Some(&Value::Bool(true))
}
