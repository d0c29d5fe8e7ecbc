//! Secrets that browsers keep in cookies: no script reads them (`HttpOnly`), and browsers send them only to one path, and
//! only for pages of the same site (`SameSite=Strict`).

use actix_web::HttpResponse;
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use secrecy::SecretString;

use super::problem::Result;
use crate::app::Error;

/// The longest cookie that is read as a secret.
const MAX_LENGTH: usize = 200;

/// The secret in a cookie of a request. A request with several cookies of the name has none: another host of the site
/// can add one, which must not make the visitor somebody else.
pub(super) fn read(headers: &HeaderMap, name: &str) -> Option<SecretString> {
    let headers = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let cookies = headers.flat_map(|header| header.split(';')).filter_map(|pair| Cookie::parse(pair).ok());
    let mut cookies = cookies.filter(|cookie| cookie.name() == name);
    let cookie = cookies.next().filter(|_| cookies.next().is_none())?;
    let is_secret = (1..=MAX_LENGTH).contains(&cookie.value().len());
    is_secret.then(|| cookie.value().to_owned().into())
}

/// A cookie for a path.
pub(super) struct SecretCookie<'a> {
    pub(super) name: &'static str,
    pub(super) value: &'a str,
    pub(super) path: &'a str,
    pub(super) max_age: Duration,
    /// True if the client uses TLS, so that the cookie is sent over TLS alone.
    pub(super) is_secure: bool,
}

impl SecretCookie<'_> {
    /// Gives the cookie to the client.
    ///
    /// # Errors
    /// A secret that no header can hold.
    pub(super) fn append(&self, response: &mut HttpResponse) -> Result<()> {
        let cookie = Cookie::build(self.name, self.value)
            .path(self.path)
            .max_age(self.max_age)
            .http_only(true)
            .secure(self.is_secure)
            .same_site(SameSite::Strict)
            .finish();
        let header = HeaderValue::from_str(&cookie.to_string()).map_err(Error::internal)?;
        response.headers_mut().append(SET_COOKIE, header);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_secret_is_the_one_cookie_of_its_name() {
        let found = |cookies: &str| {
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookies).unwrap())]);
            read(&headers, "taskforce-refresh").map(|token| token.expose_secret().to_owned())
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
