//! All errors of a request in one response.
//!
//! The schema of a body finds some of its errors; others, such as a day that has not come, only the use case finds. So
//! a body that violates its schema is repaired, and the operation runs as a dry run on the repaired body. Whatever
//! comes of the dry run, the response is 400 with the errors of the schema, and with those that the use case found in
//! the other fields. The errors of rules that stand for themselves (a missing right, a state) come first once the body
//! is right.

use std::collections::BTreeSet;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, ResponseError as _};

use super::problem::Problem;
use super::validation::{MAX_ERRORS, field_of};
use crate::domain::refusal::{FieldError, Refusal, RefusalCode};

/// The errors of a request whose body was repaired, as an extension of the request.
struct SchemaErrors {
    errors: Vec<FieldError>,
    repaired: BTreeSet<String>,
}

/// Notes the errors of a request whose operation now runs on a repaired body.
pub(super) fn note(request: &HttpRequest, errors: Vec<FieldError>, repaired: BTreeSet<String>) {
    request.extensions_mut().insert(SchemaErrors { errors, repaired });
}

/// The refusal of a request with these errors, and with those of a problem that was found beside them.
pub(super) fn refusal(mut errors: Vec<FieldError>, beside: Option<&Problem>) -> Problem {
    errors.extend(beside.into_iter().flat_map(Problem::field_errors).cloned());
    errors.truncate(MAX_ERRORS);
    Refusal::field_errors(RefusalCode::InvalidRequest, errors).into()
}

impl SchemaErrors {
    /// Tells whether an error that the use case found is the request's, and not that of the repair.
    fn leaves(&self, error: &FieldError) -> bool {
        let is_repaired = |name: &str| self.repaired.contains(name);
        !field_of(error).is_some_and(is_repaired) && !error.compared_with.iter().any(|name| is_repaired(name))
    }
}

/// Answers a request whose body was repaired: 400 with all errors.
pub(super) async fn complete(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let response = next.call(request).await?;
    let noted = response.request().extensions_mut().remove::<SchemaErrors>();
    let Some(noted) = noted else { return Ok(response.map_into_left_body()) };
    let found = response.response().extensions().get::<Problem>().cloned();
    let found = found.as_ref().map(Problem::field_errors).unwrap_or_default();
    let others = found.iter().filter(|error| noted.leaves(error)).cloned();
    let all = noted.errors.iter().cloned().chain(others).collect();
    let refused = refusal(all, None).error_response();
    Ok(response.into_response(refused).map_into_right_body())
}
