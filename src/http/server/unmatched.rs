//! The response to a request that no route matches: 405 where the path exists with other methods, otherwise 404.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::domain::refusal::RefusalCode;
use crate::http::problem::Problem;
use crate::http::request::note_caller;
use crate::http::route_table::RouteTable;

/// The handler for everything that no route matches.
pub(super) async fn not_found_or_not_allowed(
    request: HttpRequest,
    routes: Data<RouteTable>,
) -> Result<HttpResponse, Problem> {
    note_caller(&request).await;
    Err(match routes.allowed_methods(request.path()) {
        Some(methods) => Problem::method_not_allowed(methods.to_owned()),
        None => RefusalCode::NotFound.into(),
    })
}
