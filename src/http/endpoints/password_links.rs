//! The links by which people set their passwords, over HTTP: invitations, and the e-mails to people who forgot theirs. The
//! links open a page of the service (`http/server/password_pages.rs`); an application can take the token and set the
//! password itself.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post, put};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::sign_in::{Delivery, SessionTokens, chosen, secret, visit};
use crate::app::App;
use crate::app::password_links::PasswordLink;
use crate::domain::refusal::RefusalCode;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::refuses;
use crate::http::problem::Result;
use crate::http::request::Public;
use crate::http::response;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(accept_invitation).service(request_password_reset).service(reset_password);
}

/// An invitation token and the password that the invited user chooses.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct InvitationAcceptance {
    /// The `invitationToken` of the invitation.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "c2VjcmV0LWludml0YXRpb24tdG9rZW4tb2YtYS11c2Vy")]
    token: SecretString,
    /// The new password: any characters, normalized (NFKC); 15 or more are better than 8. Common passwords, and
    /// passwords made of your name or address, are refused.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256, example = "correct horse battery staple")]
    password: SecretString,
    /// Sends the refresh token as a cookie that no script can read, and not in the body. For browser applications: the request must come from a page of the service or of an allowed origin.
    #[serde(default)]
    #[schema(default = false)]
    refresh_cookie: bool,
}

/// The address of somebody who forgot the password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PasswordResetRequest {
    /// E-mail address of the account. Case, width and composition of the letters are ignored.
    #[schema(min_length = 1, max_length = 254, example = "chair@demo.example")]
    email: String,
}

/// The token of the link in an e-mail and the password that the user chooses.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PasswordResetAcceptance {
    /// The token of the link.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "c2VjcmV0LW9mLXRoZS1saW5rLWluLWFuLWVtYWls")]
    token: SecretString,
    /// The new password: any characters, normalized (NFKC); 15 or more are better than 8. Common passwords, and
    /// passwords made of your name or address, are refused.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256, example = "three wooden ships at noon")]
    password: SecretString,
    /// Sends the refresh token as a cookie that no script can read, and not in the body. For browser applications: the request must come from a page of the service or of an allowed origin.
    #[serde(default)]
    #[schema(default = false)]
    refresh_cookie: bool,
}

/// Accept an invitation
///
/// Sets the password, ends all other sessions of the user and starts a new one. An invitation can be accepted once,
/// within 7 days, until a newer invitation replaces it.
///
/// Unknown tokens count as failed attempts of the client's address. A valid token is accepted even if the address has
/// too many failed attempts.
#[utoipa::path(
    tag = "sign-in",
    request_body = InvitationAcceptance,
    responses((status = 200, description = "Tokens of a new session.", body = SessionTokens, headers(("Set-Cookie" = String)))),
    extensions(("x-problem-codes" = json!(refuses([
        RefusalCode::InvalidCredentials, RefusalCode::TooManyAttempts,
    ]).takes_refresh_cookie()))),
    security(())
)]
#[post("/v1/auth/invitations/accept")]
async fn accept_invitation(
    app: Data<App>,
    request: HttpRequest,
    open: Public<InvitationAcceptance>,
) -> Result<HttpResponse> {
    let Public { request_id, body } = open;
    let delivery = Delivery::asked(&request, body.refresh_cookie)?;
    let password = chosen("/password", body.password)?;
    let visit = visit(&request, request_id);
    let signed_in = app.password_set(&visit, PasswordLink::Invitation, &body.token, password).await?;
    delivery.tokens(&request, &signed_in)
}

/// Ask for a new password
///
/// Sends an e-mail with a link by which the user sets a new password, within 4 hours. Only an active user who has a
/// password gets one. The answer is the same, and takes the same time, for an address without an account.
///
/// A request within 10 minutes after an e-mail whose link is still valid sends no other one: that link works. After six
/// e-mails to a user in 24 hours, the pause is two hours.
///
/// Nothing else changes: the old password and all sessions stay valid until the new password is set. After thirty requests
/// from an address within an hour, the answer is 429, for whatever accounts they were. In an installation without a mail
/// server, the answer is 409 `emailUnavailable`.
#[utoipa::path(
    tag = "sign-in",
    request_body = PasswordResetRequest,
    responses((status = 204, description = "The e-mail is sent, if somebody has the address and was sent none of late.")),
    extensions(("x-problem-codes" = json!(refuses([
        RefusalCode::EmailUnavailable, RefusalCode::TooManyAttempts,
    ])))),
    security(())
)]
#[post("/v1/auth/password-reset")]
async fn request_password_reset(
    app: Data<App>,
    request: HttpRequest,
    open: Public<PasswordResetRequest>,
) -> Result<HttpResponse> {
    let Public { request_id, body } = open;
    app.password_reset_request(&visit(&request, request_id), &body.email).await?;
    Ok(response::done())
}

/// Set a new password
///
/// Sets a new password by the link of an e-mail, ends all sessions of the user and starts a new one. A link works once,
/// within 4 hours. The last two links of a user are valid until one of them is used. API keys stay valid.
///
/// The link of the e-mail opens a page of the service that sets the password; its token is the part of the path after
/// `/s/password/`. Unknown tokens count as failed attempts of the client's address.
#[utoipa::path(
    tag = "sign-in",
    request_body = PasswordResetAcceptance,
    responses((status = 200, description = "Tokens of a new session.", body = SessionTokens, headers(("Set-Cookie" = String)))),
    extensions(("x-problem-codes" = json!(refuses([
        RefusalCode::InvalidCredentials, RefusalCode::TooManyAttempts,
    ]).takes_refresh_cookie()))),
    security(())
)]
#[put("/v1/auth/password-reset")]
async fn reset_password(
    app: Data<App>,
    request: HttpRequest,
    open: Public<PasswordResetAcceptance>,
) -> Result<HttpResponse> {
    let Public { request_id, body } = open;
    let delivery = Delivery::asked(&request, body.refresh_cookie)?;
    let password = chosen("/password", body.password)?;
    let visit = visit(&request, request_id);
    let signed_in = app.password_set(&visit, PasswordLink::Reset, &body.token, password).await?;
    delivery.tokens(&request, &signed_in)
}
