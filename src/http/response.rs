//! What goes out: single resources with their `ETag`, and pages of lists with their cursor.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, LOCATION, VARY};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::problem::Result;
use crate::app::Error;

/// Asked again each time, but never sent again unchanged.
pub(super) const REVALIDATE: &str = "private, no-cache";

fn json(status: StatusCode, body: &impl Serialize) -> Result<(actix_web::HttpResponseBuilder, Vec<u8>)> {
    Ok((of_json(status), serde_json::to_vec(body).map_err(Error::internal)?))
}

fn of_json(status: StatusCode) -> actix_web::HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CONTENT_TYPE, "application/json"));
    answer.insert_header((CACHE_CONTROL, REVALIDATE));
    answer.insert_header((VARY, "Authorization, Accept, Accept-Language"));
    answer
}

/// JSON as it was written down before.
pub(super) fn kept(status: StatusCode, body: Vec<u8>) -> HttpResponse {
    of_json(status).body(body)
}

/// A single resource. Its `ETag` is its version and a hash of what is sent, so that a 304 is never stale though
/// rights, dates or language change the body.
pub(super) fn single(version: impl std::fmt::Display, body: &impl Serialize) -> Result<HttpResponse> {
    resource(StatusCode::OK, version, body)
}

fn resource(
    status: StatusCode,
    version: impl std::fmt::Display,
    body: &impl Serialize,
) -> Result<HttpResponse> {
    let (mut answer, bytes) = json(status, body)?;
    let hash = Sha256::digest(&bytes);
    let hash = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>();
    answer.insert_header((ETAG, format!("\"{version}.{hash}\"")));
    Ok(answer.body(bytes))
}

/// A resource that was just created.
pub(super) fn created(location: &str, version: i32, body: &impl Serialize) -> Result<HttpResponse> {
    let mut answer = resource(StatusCode::CREATED, version, body)?;
    let location = HeaderValue::from_str(location).map_err(Error::internal)?;
    answer.headers_mut().insert(LOCATION, location);
    Ok(answer)
}

/// Something that is no single resource: a page, a token.
pub(super) fn document(body: &impl Serialize) -> Result<HttpResponse> {
    let (mut answer, bytes) = json(StatusCode::OK, body)?;
    Ok(answer.body(bytes))
}

/// Something with a secret in it: nobody keeps a copy.
pub(super) fn secret(mut answer: HttpResponse) -> HttpResponse {
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Done, and nothing to say.
pub(super) fn done() -> HttpResponse {
    HttpResponse::NoContent().finish()
}
