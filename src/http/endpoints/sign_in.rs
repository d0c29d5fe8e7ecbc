//! Sign-in over HTTP.

use actix_web::http::header::{HeaderMap, USER_AGENT};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post, put};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::app::sign_in::{SignedIn, Visit};
use crate::auth::passwords::NewPassword;
use crate::auth::tokens;
use crate::domain::characters;
use crate::domain::refusal::{FieldError, Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::{refuses, requires};
use crate::http::problem::Result;
use crate::http::refresh_cookie;
use crate::http::request::{Create, Public, Root};
use crate::http::response;
use crate::http::server::client_address;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(sign_in).service(refresh_session).service(sign_out).service(change_password);
}

pub(super) fn secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn optional_secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<SecretString>, D::Error> {
    secret(deserializer).map(Some)
}

/// Address and password of a user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct LoginCredentials {
    /// E-mail address of the account. Case, width and composition of the letters are ignored.
    #[schema(min_length = 1, max_length = 254, example = "chair@demo.example")]
    email: String,
    /// The password.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 256, example = "correct horse battery staple")]
    password: SecretString,
    /// Sends the refresh token as a cookie that no script can read, and not in the body. For browser applications: the request must come from a page of the service or of an allowed origin.
    #[serde(default)]
    #[schema(default = false)]
    refresh_cookie: bool,
}

/// The refresh token of a session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RefreshToken {
    /// The last refresh token of the session. Without this member, the service takes the token from the refresh cookie.
    #[serde(default, deserialize_with = "optional_secret")]
    #[schema(value_type = String, min_length = 1, max_length = 200, required = false, example = "c2VjcmV0LXJlZnJlc2gtdG9rZW4tb2YtYS1zZXNzaW9u")]
    refresh_token: Option<SecretString>,
}

/// Current and new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PasswordChange {
    /// Current password.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 256, example = "correct horse battery staple")]
    current_password: SecretString,
    /// The new password: any characters, normalized (NFKC); 15 or more are better than 8. Common passwords, and
    /// passwords made of your name or address, are refused.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256, example = "three wooden ships at noon")]
    new_password: SecretString,
    /// Sends the refresh token as a cookie that no script can read, and not in the body. For browser applications: the request must come from a page of the service or of an allowed origin.
    #[serde(default)]
    #[schema(default = false)]
    refresh_cookie: bool,
}

/// Access token and refresh token of a session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionTokens {
    /// The access token, sent as `Authorization: Bearer <accessToken>`.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.eyJzdWIiOiIwMTk5In0.c2lnbmF0dXJl")]
    access_token: String,
    /// Type of the access token.
    token_type: TokenType,
    /// Lifetime of the access token in seconds.
    #[schema(minimum = 1, example = 900)]
    expires_in: i64,
    /// The token that `POST /v1/auth/refresh` exchanges for the next pair, once; null if the token is in the refresh cookie.
    #[schema(required, example = "c2VjcmV0LXJlZnJlc2gtdG9rZW4tb2YtYS1zZXNzaW9u")]
    refresh_token: Option<String>,
}

/// Type of an access token (RFC 6750).
#[derive(Debug, Serialize, ToSchema)]
enum TokenType {
    Bearer,
}

/// The longest name of a client that is kept.
const LONGEST_USER_AGENT: usize = 200;

/// The name that a client gives itself, without characters that cannot be shown.
fn user_agent(headers: &HeaderMap) -> Option<String> {
    let named = String::from_utf8_lossy(headers.get(USER_AGENT)?.as_bytes());
    let named = characters::without_direction(&named);
    let shown: String = named.chars().filter(|c| !c.is_control()).take(LONGEST_USER_AGENT).collect();
    let shown = shown.trim();
    (!characters::is_blank(shown)).then(|| shown.to_owned())
}

pub(super) fn visit(request: &HttpRequest, request_id: String) -> Visit {
    Visit { request_id, address: client_address::of(request), user_agent: user_agent(request.headers()) }
}

pub(super) fn chosen(pointer: &str, password: SecretString) -> Result<NewPassword> {
    let refused =
        |code| Refusal::field_errors(RefusalCode::InvalidRequest, vec![FieldError::at(pointer, code)]);
    Ok(NewPassword::parse(password).map_err(refused)?)
}

/// The place of the refresh token in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Body,
    Cookie,
}

impl Delivery {
    /// The delivery that a request asks for, if it comes from a page that may have the cookie.
    pub(super) fn asked(request: &HttpRequest, refresh_cookie: bool) -> Result<Self> {
        if refresh_cookie {
            refresh_cookie::require_allowed_origin(request)?;
            return Ok(Self::Cookie);
        }
        Ok(Self::Body)
    }

    pub(super) fn tokens(self, request: &HttpRequest, signed_in: &SignedIn) -> Result<HttpResponse> {
        let SignedIn { access_token, refresh_token } = signed_in;
        let in_body = (self == Self::Body).then(|| refresh_token.expose_secret().to_owned());
        let mut response = response::secret_document(&SessionTokens {
            access_token: access_token.expose_secret().to_owned(),
            token_type: TokenType::Bearer,
            expires_in: tokens::LIFETIME.num_seconds(),
            refresh_token: in_body,
        })?;
        if self == Self::Cookie {
            refresh_cookie::set(request, &mut response, refresh_token)?;
        }
        Ok(response)
    }
}

/// The refresh token of a request, in the body or in the cookie, and where it was.
fn presented(request: &HttpRequest, body: RefreshToken) -> Result<Option<(SecretString, Delivery)>> {
    if let Some(token) = body.refresh_token {
        return Ok(Some((token, Delivery::Body)));
    }
    let Some(token) = refresh_cookie::of(request) else { return Ok(None) };
    refresh_cookie::require_allowed_origin(request)?;
    Ok(Some((token, Delivery::Cookie)))
}

/// Sign in
///
/// Starts a session. A session lasts 7 days from its last refresh, and 30 days at most.
///
/// An unknown address, a wrong password, a disabled user and an invitation that was not accepted yet get the same
/// response.
///
/// Ten failures for an account, or fifty from an address, and the answer is 429, also for the right password: then one more attempt every 90 (18) seconds. A sign-in that succeeds forgives the account's failures.
#[utoipa::path(
    tag = "sign-in",
    request_body = LoginCredentials,
    responses((status = 200, description = "Tokens of a new session.", body = SessionTokens, headers(("Set-Cookie" = String)))),
    extensions(("x-problem-codes" = json!(refuses([
        RefusalCode::InvalidCredentials, RefusalCode::TooManyAttempts,
    ]).takes_refresh_cookie()))),
    security(())
)]
#[post("/v1/auth/login")]
async fn sign_in(
    app: Data<App>,
    request: HttpRequest,
    open: Public<LoginCredentials>,
) -> Result<HttpResponse> {
    let Public { request_id, body } = open;
    let delivery = Delivery::asked(&request, body.refresh_cookie)?;
    let signed_in = app.sign_in(&visit(&request, request_id), &body.email, body.password).await?;
    delivery.tokens(&request, &signed_in)
}

/// Refresh a session
///
/// Exchanges a refresh token for the next pair, once. For 10 seconds after its use, the same token is exchanged for the same next token again, so that two tabs can refresh at once and a lost response can be repeated. A token that is sent later again has been copied, and ends the session for everyone who holds one of its tokens.
///
/// A browser application that signed in with `refreshCookie` sends `{}` with its cookie (`credentials: "include"`), and receives the next token as a cookie. Without a token in the body and without a cookie, the answer is 401 `invalidCredentials`.
///
/// Unknown tokens count as failed attempts of the client's address. A valid token is accepted even if the address has
/// too many failed attempts.
#[utoipa::path(
    tag = "sign-in",
    request_body = RefreshToken,
    responses((status = 200, description = "The next tokens of the session.", body = SessionTokens, headers(("Set-Cookie" = String)))),
    extensions(("x-problem-codes" = json!(refuses([
        RefusalCode::InvalidCredentials, RefusalCode::TooManyAttempts,
    ]).takes_refresh_cookie()))),
    security(())
)]
#[post("/v1/auth/refresh")]
async fn refresh_session(
    app: Data<App>,
    request: HttpRequest,
    open: Public<RefreshToken>,
) -> Result<HttpResponse> {
    let Public { request_id, body } = open;
    let (token, delivery) = presented(&request, body)?.ok_or(RefusalCode::InvalidCredentials)?;
    // A refusal does not remove the cookie: by the time it arrives, another tab may have signed in and renewed it. The
    // cookie of a session that has ended is of no use, and its browser forgets it before the service forgets the session.
    let signed_in = app.refresh(&visit(&request, request_id), &token).await?;
    delivery.tokens(&request, &signed_in)
}

/// Sign out
///
/// Ends the session of a refresh token and its access tokens at once. The request also succeeds if the session has
/// already ended. A browser application that signed in with `refreshCookie` sends `{}` with its cookie, which the response removes.
#[utoipa::path(
    tag = "sign-in",
    request_body = RefreshToken,
    responses((status = 204, description = "The session has ended.", headers(("Set-Cookie" = String)))),
    extensions(("x-problem-codes" = json!(refuses([]).takes_refresh_cookie()))),
    security(())
)]
#[post("/v1/auth/logout")]
async fn sign_out(app: Data<App>, request: HttpRequest, open: Public<RefreshToken>) -> Result<HttpResponse> {
    let Public { request_id, body } = open;
    let mut response = response::done();
    if let Some((token, delivery)) = presented(&request, body)? {
        app.sign_out(&request_id, &token).await?;
        if delivery == Delivery::Cookie {
            refresh_cookie::remove(&request, &mut response)?;
        }
    }
    Ok(response)
}

/// Change your password
///
/// Changes your password, ends all your sessions at once, including this one, and starts a new session: continue with
/// the returned tokens. API keys stay valid. API keys cannot make this request. A user without a password gets one by
/// an invitation.
///
/// A wrong `currentPassword` is `invalidCredentials`, and counts as a failed sign-in of the account and from the address.
#[utoipa::path(
    tag = "sign-in",
    request_body = PasswordChange,
    responses((status = 200, description = "Tokens of a new session.", body = SessionTokens, headers(("Set-Cookie" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ChangeOwnAccount).refuses([
        RefusalCode::InvalidCredentials, RefusalCode::TooManyAttempts,
    ]).takes_refresh_cookie())))
)]
#[put("/v1/auth/password")]
async fn change_password(
    app: Data<App>,
    request: HttpRequest,
    change: Create<Root, PasswordChange>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = change;
    let delivery = Delivery::asked(&request, body.refresh_cookie)?;
    let next = chosen("/newPassword", body.new_password)?;
    let visit = visit(&request, context.caller.request_id.clone());
    let signed_in = app.password_change(&context.caller, &visit, body.current_password, next).await?;
    delivery.tokens(&request, &signed_in)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_client_is_named_in_200_characters_that_can_be_shown() {
        let named = |bytes: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, HeaderValue::from_bytes(bytes).unwrap());
            user_agent(&headers)
        };
        assert_eq!(named(b"curl/8.5.0").as_deref(), Some("curl/8.5.0"));
        assert_eq!(named(b" \t a\tb ").as_deref(), Some("ab"));
        assert_eq!(named("متصفح".as_bytes()).as_deref(), Some("متصفح"));
        assert_eq!(named("\u{85}".as_bytes()), None);
        assert_eq!(named("\u{3164}".as_bytes()), None);
        assert_eq!(named("curl\u{202e}/8".as_bytes()).as_deref(), Some("curl/8"));
        assert_eq!(named(b"\xff").as_deref(), Some("\u{fffd}"));
        assert_eq!(named("ث".repeat(300).as_bytes()).map(|name| name.chars().count()), Some(200));
        assert_eq!(named(b""), None);
        assert_eq!(user_agent(&HeaderMap::new()), None);
    }
}
