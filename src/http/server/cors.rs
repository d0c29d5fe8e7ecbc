//! Cross-origin requests.

use actix_cors::Cors;
use actix_web::http::header::{
    ALLOW, CONTENT_DISPOSITION, CONTENT_LANGUAGE, ETAG, HeaderName, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};

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
