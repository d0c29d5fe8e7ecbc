//! Sign-in over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer;
use super::problem::Result;
use super::request::Open;
use crate::app::App;
use crate::app::sign_in::SignedIn;
use crate::auth::passwords::NewPassword;
use crate::auth::tokens;
use crate::domain::refusal::{Code, Fault, Refusal};

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    config.service(sign_in).service(refresh_session).service(sign_out).service(accept_invitation);
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// Who signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// The address of the account; case does not matter.
    #[schema(min_length = 1, max_length = 254, example = "chair@demo.example")]
    email: String,
    /// The password.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 256, example = "correct horse battery staple")]
    password: SecretString,
}

/// The refresh token of a session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RefreshToken {
    /// As it came with the last access token.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "c2VjcmV0LXJlZnJlc2gtdG9rZW4tb2YtYS1zZXNzaW9u")]
    refresh_token: SecretString,
}

/// An invitation, and the password that the invited person has chosen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acceptance {
    /// The `invitationToken`.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "c2VjcmV0LWludml0YXRpb24tdG9rZW4tb2YtYS11c2Vy")]
    token: SecretString,
    /// The password from now on: any characters, kept as they are.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256, example = "correct horse battery staple")]
    password: SecretString,
}

/// A pair of tokens.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Tokens)]
pub(super) struct TokensDocument {
    /// Sent as `Authorization: Bearer <accessToken>`.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.eyJzdWIiOiIwMTk5In0.c2lnbmF0dXJl")]
    access_token: String,
    /// How the access token is sent.
    token_type: TokenType,
    /// Seconds that the access token lives.
    #[schema(minimum = 1, example = 900)]
    expires_in: i64,
    /// Buys the next pair at `POST /v1/auth/refresh`, once.
    #[schema(example = "c2VjcmV0LXJlZnJlc2gtdG9rZW4tb2YtYS1zZXNzaW9u")]
    refresh_token: String,
}

/// How an access token is sent (RFC 6750).
#[derive(Debug, Serialize, ToSchema)]
enum TokenType {
    Bearer,
}

fn tokens(signed_in: &SignedIn) -> Result<HttpResponse> {
    let document = TokensDocument {
        access_token: signed_in.access_token.expose_secret().to_owned(),
        token_type: TokenType::Bearer,
        expires_in: tokens::LIFETIME.num_seconds(),
        refresh_token: signed_in.refresh_token.expose_secret().to_owned(),
    };
    answer::document(&document).map(answer::secret)
}

/// Sign in
///
/// Starts a session. It lasts 7 days from its last refresh, and 30 days at most.
///
/// An unknown address, a wrong password, a disabled user and one who has not accepted the invitation yet get the same answer.
#[utoipa::path(
    tag = "sign-in",
    request_body = Credentials,
    responses((status = 200, description = "Tokens of a new session.", body = TokensDocument)),
    extensions(("x-problem-codes" = json!(["invalidCredentials"]))),
    security(())
)]
#[post("/v1/auth/login")]
async fn sign_in(app: Data<App>, open: Open<Credentials>) -> Result<HttpResponse> {
    let Open { request_id, body } = open;
    tokens(&app.sign_in(&request_id, &body.email, body.password).await?)
}

/// Refresh a session
///
/// Exchanges a refresh token for the next pair; it can be used once. A token that comes a second time has been copied, and ends the session for whoever holds it: keep the new one before you use it, and never send two refreshes at once.
#[utoipa::path(
    tag = "sign-in",
    request_body = RefreshToken,
    responses((status = 200, description = "The next tokens of the session.", body = TokensDocument)),
    extensions(("x-problem-codes" = json!(["invalidCredentials"]))),
    security(())
)]
#[post("/v1/auth/refresh")]
async fn refresh_session(app: Data<App>, open: Open<RefreshToken>) -> Result<HttpResponse> {
    let Open { request_id, body } = open;
    tokens(&app.refresh(&request_id, &body.refresh_token).await?)
}

/// Sign out
///
/// Ends the session of a refresh token at once, its access tokens too. Where there is no such session, nothing is left to do.
#[utoipa::path(
    tag = "sign-in",
    request_body = RefreshToken,
    responses((status = 204, description = "The session is over.")),
    security(())
)]
#[post("/v1/auth/logout")]
async fn sign_out(app: Data<App>, open: Open<RefreshToken>) -> Result<HttpResponse> {
    let Open { request_id, body } = open;
    app.sign_out(&request_id, &body.refresh_token).await?;
    Ok(answer::done())
}

/// Accept an invitation
///
/// Sets the password, ends every other session of the user and starts one. An invitation can be accepted once, for 7 days, until a newer one replaces it.
#[utoipa::path(
    tag = "sign-in",
    request_body = Acceptance,
    responses((status = 200, description = "Tokens of a new session.", body = TokensDocument)),
    extensions(("x-problem-codes" = json!(["invalidCredentials"]))),
    security(())
)]
#[post("/v1/auth/invitations/accept")]
async fn accept_invitation(app: Data<App>, open: Open<Acceptance>) -> Result<HttpResponse> {
    let Open { request_id, body } = open;
    let password = NewPassword::parse(body.password)
        .map_err(|code| Refusal::faults(Code::InvalidRequest, vec![Fault::at("/password", code)]))?;
    tokens(&app.invitation_accept(&request_id, &body.token, password).await?)
}
