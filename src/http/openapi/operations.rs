//! Completes an operation with what follows from its own declaration: the problems that any operation of its kind can
//! have, the headers of its responses, and the headers that it takes.

use actix_web::http::Method;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::SecurityRequirement;

use super::headers::{self, SharedHeader};
use super::names::camel_case;
use super::problem_groups::{self, ProblemGroup};
use super::{declarations, parameters, problems};
use crate::domain::requirement::Requirement;
use crate::http::problem_catalogue::ProblemCode;
use crate::http::server::rate_limit;

/// The media type of merge patches.
const MERGE_PATCH: &str = "application/merge-patch+json";

/// Completes an operation, and returns who may perform it.
///
/// # Errors
/// An operation that does not declare who may perform it.
pub(super) fn complete(
    path: &str,
    method: &Method,
    operation: &mut Operation,
) -> Result<Requirement, String> {
    if let Some(id) = &mut operation.operation_id {
        *id = camel_case(id);
    }
    // utoipa writes "no credential" as one empty requirement, which would mean that a credential is optional.
    if operation.security.as_deref() == Some(&[SecurityRequirement::default()]) {
        operation.security = Some(Vec::new());
    }
    let traits = Traits::of(path, method, operation);
    let (requirement, mut codes) =
        declarations::declared(operation).map_err(|error| format!("{method} {path}: {error}"))?;
    codes.extend(traits.problems_of_its_own());
    declarations::publish(operation, &requirement, &codes);
    problem_groups::publish(operation, &traits.problem_groups());

    if method == Method::PATCH {
        complete_patch(operation);
    }
    let has_etag = complete_successes(&traits, operation);
    // Not `4XX` and `5XX`: orval makes code of these that does not compile.
    let problem = problems::reference(operation);
    operation.responses.responses.insert("default".to_owned(), problem);

    let shared = [
        (traits.takes_idempotency_key(), parameters::IDEMPOTENCY_KEY),
        (traits.is_of_the_api, parameters::ACCEPT_LANGUAGE),
        (has_etag && traits.is_get, parameters::IF_NONE_MATCH),
    ];
    for (_, parameter) in shared.into_iter().filter(|(is_taken, _)| *is_taken) {
        operation.parameters.get_or_insert_default().push(parameters::reference(parameter));
    }
    Ok(requirement)
}

/// The traits of an operation that its problems and headers follow from.
struct Traits {
    is_get: bool,
    is_post: bool,
    is_public: bool,
    is_of_the_api: bool,
    is_rate_limited: bool,
    has_path_parameter: bool,
    has_body: bool,
    takes_if_match: bool,
    takes_dry_run: bool,
}

impl Traits {
    fn of(path: &str, method: &Method, operation: &Operation) -> Self {
        let parameters = || operation.parameters.iter().flatten().filter_map(described);
        let has = |place: ParameterIn| parameters().any(|parameter| parameter.parameter_in == place);
        let takes = |name: &str| parameters().any(|parameter| parameter.name == name);
        Self {
            is_get: method == Method::GET,
            is_post: method == Method::POST,
            is_public: operation.security.as_ref().is_some_and(Vec::is_empty),
            is_of_the_api: !declarations::is_outside_api(operation),
            is_rate_limited: rate_limit::applies(path),
            has_path_parameter: has(ParameterIn::Path),
            has_body: operation.request_body.is_some(),
            takes_if_match: takes("If-Match"),
            takes_dry_run: takes("dryRun"),
        }
    }

    /// Operations that sign somebody in answer tokens, which are not stored and so can't be sent again.
    fn takes_idempotency_key(&self) -> bool {
        self.is_post && !self.is_public && self.is_of_the_api
    }

    /// The problems that follow from the traits and that no group has: a page outside of the API can be below the limit
    /// of requests, and an operation of the API can be exempt from it.
    fn problems_of_its_own(&self) -> Option<ProblemCode> {
        match (self.is_rate_limited, self.is_of_the_api) {
            (true, false) => Some(ProblemCode::TooManyRequests),
            (false, true) => Some(ProblemCode::NotAcceptable),
            (true, true) | (false, false) => None,
        }
    }

    /// The groups of problems that every operation with these traits can have.
    fn problem_groups(&self) -> Vec<ProblemGroup> {
        let needs_credential = !self.is_public;
        let groups = [
            (true, ProblemGroup::Any),
            (self.is_rate_limited && self.is_of_the_api, ProblemGroup::Api),
            (needs_credential, ProblemGroup::SignedIn),
            (needs_credential && self.is_of_the_api && !self.is_get, ProblemGroup::SignedInChange),
            (self.has_path_parameter, ProblemGroup::PathParameter),
            (self.has_body, ProblemGroup::Body),
            (self.takes_if_match, ProblemGroup::IfMatch),
            (self.takes_idempotency_key(), ProblemGroup::IdempotencyKey),
        ];
        groups.into_iter().filter(|(applies, _)| *applies).map(|(_, group)| group).collect()
    }
}

/// A merge patch is taken as `application/json`, too: many clients send every body as that.
fn complete_patch(operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(patch) = body.content.get(MERGE_PATCH).cloned()
    {
        body.content.insert(mime::APPLICATION_JSON.to_string(), patch);
    }
}

/// Completes the responses of success, and tells whether any of them has an `ETag`.
fn complete_successes(traits: &Traits, operation: &mut Operation) -> bool {
    let responses = &mut operation.responses.responses;
    responses.values_mut().filter_map(inline).for_each(headers::describe_declared);
    if traits.is_get
        && let Some(read) = responses.get_mut("200").and_then(inline)
        && read.content.contains_key("application/json")
        && !headers::has(read, SharedHeader::ETag)
    {
        headers::add(read, SharedHeader::ETagOfPage);
    }
    let has_etag =
        responses.values_mut().filter_map(inline).any(|response| headers::has(response, SharedHeader::ETag));
    if has_etag && traits.is_get {
        responses.insert("304".to_owned(), not_modified().into());
    }
    if traits.takes_dry_run {
        complete_dry_run(operation);
    }
    if traits.takes_idempotency_key() {
        let responses = operation.responses.responses.iter_mut();
        let successes = responses.filter(|(status, _)| status.starts_with('2'));
        for response in successes.filter_map(|(_, response)| inline(response)) {
            headers::add(response, SharedHeader::IdempotencyReplayed);
        }
    }
    has_etag
}

fn not_modified() -> Response {
    let mut response = Response::new("Not modified since the representation in `If-None-Match`.");
    headers::add(&mut response, SharedHeader::ETag);
    response
}

/// A dry run that would have created something answers 200, and no dry run has an `ETag`.
fn complete_dry_run(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    if let Some(created) = responses.get_mut("201").and_then(inline) {
        let mut tried = ResponseBuilder::new()
            .description("Result of a dry run (`dryRun=true`). Nothing was saved.")
            .build();
        tried.content = created.content.clone();
        responses.insert("200".to_owned(), tried.into());
    } else if let Some(changed) = responses.get_mut("200").and_then(inline)
        && headers::has(changed, SharedHeader::ETag)
    {
        headers::add(changed, SharedHeader::ETagUnlessTried);
    }
}

/// A response that is written in place.
fn inline(response: &mut RefOr<Response>) -> Option<&mut Response> {
    match response {
        RefOr::T(response) => Some(response),
        RefOr::Ref(_) => None,
    }
}

/// A parameter that is written in place.
fn described(parameter: &RefOr<Parameter>) -> Option<&Parameter> {
    match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    }
}
