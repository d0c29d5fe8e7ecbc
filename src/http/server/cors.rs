//! Cross-origin requests.

use actix_cors::{Cors, CorsError};
use actix_web::http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CONTENT_DISPOSITION,
    CONTENT_LANGUAGE, ETAG, HeaderName, LOCATION, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE,
};

use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::http::problem::Problem;
use crate::http::problem_catalogue::ProblemCode;

/// Lets pages of these origins call the API and read the headers of its responses. Credentials are the refresh cookie,
/// which no other operation takes (`http/refresh_cookie.rs`).
pub(super) fn allow(origins: &[String]) -> Cors {
    let exposed = [
        ALLOW,
        CONTENT_DISPOSITION,
        CONTENT_LANGUAGE,
        ETAG,
        LOCATION,
        RETRY_AFTER,
        WWW_AUTHENTICATE,
        HeaderName::from_static("api-version"),
        HeaderName::from_static("idempotency-replayed"),
        HeaderName::from_static("ratelimit"),
        HeaderName::from_static("ratelimit-policy"),
        HeaderName::from_static("x-request-id"),
    ];
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    let cors = Cors::default().allowed_methods(methods).allow_any_header();
    let cors = cors.expose_headers(exposed).supports_credentials().max_age(3600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// The problem of a preflight that was refused. The developer of the page sees the response in the browser's tools.
pub(super) fn problem_of(error: &CorsError) -> Problem {
    let (header, code) = match error {
        CorsError::OriginNotAllowed => return ProblemCode::OriginNotAllowed.into(),
        CorsError::MissingOrigin => (ORIGIN, FieldErrorCode::Required),
        CorsError::MissingRequestMethod => (ACCESS_CONTROL_REQUEST_METHOD, FieldErrorCode::Required),
        CorsError::BadRequestMethod => (ACCESS_CONTROL_REQUEST_METHOD, FieldErrorCode::WrongFormat),
        CorsError::MethodNotAllowed => (ACCESS_CONTROL_REQUEST_METHOD, FieldErrorCode::NotAllowed),
        CorsError::BadRequestHeaders => (ACCESS_CONTROL_REQUEST_HEADERS, FieldErrorCode::WrongFormat),
        CorsError::HeadersNotAllowed => (ACCESS_CONTROL_REQUEST_HEADERS, FieldErrorCode::NotAllowed),
        _ => (ORIGIN, FieldErrorCode::Invalid),
    };
    let error = FieldError::parameter(header.as_str(), code);
    Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into()
}
