//! Successful responses in JSON.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, HeaderValue, LOCATION, VARY,
};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::problem::Result;
use crate::app::Error;
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;

/// Clients revalidate the response before each use, and receive it again only if it has changed.
pub(super) const REVALIDATE: &str = "private, no-cache";

fn serialized(status: StatusCode, body: &impl Serialize) -> Result<(HttpResponseBuilder, Vec<u8>)> {
    Ok((json(status), serde_json::to_vec(body).map_err(Error::internal)?))
}

fn json(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CONTENT_TYPE, "application/json"));
    response.insert_header((CACHE_CONTROL, REVALIDATE));
    response.insert_header((VARY, "Authorization, Accept, Accept-Language"));
    response
}

/// A response that was stored as JSON.
pub(super) fn stored(status: StatusCode, body: Vec<u8>) -> HttpResponse {
    json(status).body(body)
}

/// A single resource. Its `ETag` consists of its version and a hash of the body, since rights, dates and language
/// change the body of one version.
pub(super) fn single(version: impl std::fmt::Display, body: &impl Serialize) -> Result<HttpResponse> {
    resource(StatusCode::OK, version, body)
}

fn resource(
    status: StatusCode,
    version: impl std::fmt::Display,
    body: &impl Serialize,
) -> Result<HttpResponse> {
    let (mut response, bytes) = serialized(status, body)?;
    response.insert_header((ETAG, format!("\"{version}.{}\"", hash(&bytes))));
    Ok(response.body(bytes))
}

/// The hash of a body in an `ETag`.
pub(super) fn hash(body: &[u8]) -> String {
    Sha256::digest(body).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A resource that was created, with its `Location`.
pub(super) fn created(location: &str, version: i32, body: &impl Serialize) -> Result<HttpResponse> {
    let mut response = resource(StatusCode::CREATED, version, body)?;
    let location = HeaderValue::from_str(location).map_err(Error::internal)?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// Names the language of a body with labels, such as the titles of obstacles to a transition.
pub(super) fn in_language(language: Language, mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.code()));
    response
}

/// A body without a version, such as a page. Its weak `ETag` is for `If-None-Match` alone: a client that reads the same
/// page again receives 304 and not the page. The query has run by then, so only the transfer is saved; the hash costs a
/// tenth of the time that writing the body as JSON has taken.
pub(super) fn document(body: &impl Serialize) -> Result<HttpResponse> {
    let (mut response, bytes) = serialized(StatusCode::OK, body)?;
    response.insert_header((ETAG, format!("W/\"{}\"", hash(&bytes))));
    Ok(response.body(bytes))
}

/// A body that is a secret.
pub(super) fn secret_document(body: &impl Serialize) -> Result<HttpResponse> {
    let (mut response, bytes) = serialized(StatusCode::OK, body)?;
    Ok(secret(response.body(bytes)))
}

/// A response that contains a secret, and must neither be cached nor compressed (`http/server/compression.rs`).
pub(super) fn secret(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Success without a body.
pub(super) fn done() -> HttpResponse {
    HttpResponse::NoContent().finish()
}
