//! The refresh token as a cookie, for browser applications that ask for one when they sign in.
//!
//! Scripts cannot read the cookie (`HttpOnly`), and browsers send it only to the operations below [`PATH`], and only for
//! pages of the same site (`SameSite=Strict`). Pages of other origins of that site are refused by the `Origin` of the
//! request: a cookie is taken from, and given to, pages of the service itself and of the allowed origins alone.

use actix_web::http::header::{COOKIE, HOST, HeaderMap, HeaderValue, ORIGIN, SET_COOKIE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use secrecy::{ExposeSecret as _, SecretString};

use super::problem::Result;
use super::problem_catalogue::ProblemCode;
use super::server::client_address;
use super::server::settings::Settings;
use crate::app::Error;
use crate::app::sign_in::MAX_IDLE;

/// The operations that take the cookie.
const PATH: &str = "/v1/auth";

/// The longest cookie that is read as a token.
const MAX_LENGTH: usize = 200;

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

/// The refresh token in the cookie of a request. A request with several cookies of the name has none: another host of the
/// site can add one, which must not sign the visitor in as somebody else.
pub(super) fn of(request: &HttpRequest) -> Option<SecretString> {
    token(request.headers(), name(client_address::uses_tls(request)))
}

fn token(headers: &HeaderMap, name: &str) -> Option<SecretString> {
    let headers = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let cookies = headers.flat_map(|header| header.split(';')).filter_map(|pair| Cookie::parse(pair).ok());
    let mut cookies = cookies.filter(|cookie| cookie.name() == name);
    let cookie = cookies.next().filter(|_| cookies.next().is_none())?;
    let is_token = (1..=MAX_LENGTH).contains(&cookie.value().len());
    is_token.then(|| cookie.value().to_owned().into())
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
    let cookie = Cookie::build(name(is_secure), value)
        .path(PATH)
        .max_age(max_age)
        .http_only(true)
        .secure(is_secure)
        .same_site(SameSite::Strict)
        .finish();
    let header = HeaderValue::from_str(&cookie.to_string()).map_err(Error::internal)?;
    response.headers_mut().append(SET_COOKIE, header);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_cookie_of_this_name() {
        let found = |cookies: &str| {
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookies).unwrap())]);
            token(&headers, "taskforce-refresh").map(|token| token.expose_secret().to_owned())
        };
        assert_eq!(found("taskforce-refresh=abc").as_deref(), Some("abc"));
        assert_eq!(found("theme=dark; taskforce-refresh=abc; x=y").as_deref(), Some("abc"));
        for none in [
            "",
            "theme=dark",
            "taskforce-refresh=",
            "Taskforce-Refresh=abc",
            "__Secure-taskforce-refresh=abc",
            "xtaskforce-refresh=abc",
            "taskforce-refresh=abc; taskforce-refresh=def",
            "taskforce-refresh=; taskforce-refresh=abc",
            "taskforce-refresh=abc; taskforce-refresh=abc",
            &format!("taskforce-refresh={}", "a".repeat(201)),
        ] {
            assert_eq!(found(none), None, "{none}");
        }
    }
}
