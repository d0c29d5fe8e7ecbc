//! The refresh token as a cookie, for browser applications that ask for one when they sign in.
//!
//! Browsers send the cookie only to the operations below [`PATH`], and only for pages of the same site
//! (`http/secret_cookie.rs`). Pages of other origins of that site are refused by the `Origin` of the request: a cookie is
//! taken from, and given to, pages of the service itself and of the allowed origins alone.

use actix_web::http::header::{HOST, ORIGIN};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use cookie::time::Duration;
use secrecy::{ExposeSecret as _, SecretString};

use super::problem::Result;
use super::problem_catalogue::ProblemCode;
use super::secret_cookie::{self, SecretCookie};
use super::server::client_address;
use super::server::settings::Settings;
use crate::app::sign_in::MAX_IDLE;

/// The operations that take the cookie.
const PATH: &str = "/v1/auth";

/// The name of the cookie. Over TLS, browsers take a cookie with this prefix only from a response over TLS, so that
/// nobody on the network can replace it.
fn name(is_secure: bool) -> &'static str {
    if is_secure { "__Secure-taskforce-refresh" } else { "taskforce-refresh" }
}

/// Refuses a request that does not come from a page of the service itself or of an allowed origin. Browsers send `Origin`
/// with every request that takes or sets the cookie, so a request without one is refused, too.
///
/// # Errors
/// `originNotAllowed`.
pub(super) fn require_allowed_origin(request: &HttpRequest) -> Result<()> {
    let settings = request.app_data::<Data<Settings>>().ok_or(ProblemCode::InternalError)?;
    let mut origins = request.headers().get_all(ORIGIN);
    let origin = origins.next().filter(|_| origins.next().is_none()).and_then(|origin| origin.to_str().ok());
    let is_allowed = origin.is_some_and(|origin| {
        settings.cors_origins.iter().any(|allowed| allowed == origin)
            || settings.public_url == origin
            || own_origin(request).is_some_and(|own| own == origin)
    });
    if is_allowed { Ok(()) } else { Err(ProblemCode::OriginNotAllowed.into()) }
}

/// The origin under which the client has reached the service.
fn own_origin(request: &HttpRequest) -> Option<String> {
    let scheme = if client_address::uses_tls(request) { "https" } else { "http" };
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    // HTTP/2 has the host in the address.
    let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()))?;
    Some(format!("{scheme}://{host}"))
}

/// The refresh token in the cookie of a request.
pub(super) fn of(request: &HttpRequest) -> Option<SecretString> {
    secret_cookie::read(request.headers(), name(client_address::uses_tls(request)))
}

/// Gives the client a refresh token as a cookie.
///
/// # Errors
/// A token that no header can hold.
pub(super) fn set(request: &HttpRequest, response: &mut HttpResponse, token: &SecretString) -> Result<()> {
    let max_age = Duration::seconds(MAX_IDLE.num_seconds());
    append(request, response, token.expose_secret(), max_age)
}

/// Takes the cookie from the client.
///
/// # Errors
/// None that can happen: the header is constant.
pub(super) fn remove(request: &HttpRequest, response: &mut HttpResponse) -> Result<()> {
    append(request, response, "", Duration::ZERO)
}

fn append(request: &HttpRequest, response: &mut HttpResponse, value: &str, max_age: Duration) -> Result<()> {
    let is_secure = client_address::uses_tls(request);
    SecretCookie { name: name(is_secure), value, path: PATH, max_age, is_secure }.append(response)
}
