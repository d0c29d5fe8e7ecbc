//! The page at `/s/password/{token}`, on which an invited person or a person who forgot the password sets one. The page
//! works without scripts.
//!
//! The link is used by the button and not by opening the page, since programs that look at links in e-mails open pages. A
//! page of somebody else cannot set a password in the name of a visitor: the request carries no cookie, and its only
//! authority is the token in its path, which the other page does not know. Nobody is signed in by the page.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

use super::client_address;
use super::pages::{ADDRESSES, language_of, written};
use super::settings::Settings;
use crate::app::password_links::WaitingLink;
use crate::app::sign_in::Visit;
use crate::app::{App, Error};
use crate::auth::passwords::NewPassword;
use crate::auth::secrets;
use crate::domain::refusal::{FieldErrorCode, RefusalCode};
use crate::http::context::RequestContext;
use crate::http::problem::Result;
use crate::render::pages::{self, PasswordPageError, PasswordPageState};

/// The most bytes of a form: two passwords of 256 letters, each of which can take twelve bytes.
const MAX_FORM: usize = 8 * 1024;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/s/password/{token}", web::get().to(form))
        .route("/s/password/{token}", web::post().to(set));
}

/// The fields of the page.
#[derive(Deserialize)]
struct Fields {
    #[serde(deserialize_with = "secret")]
    password: SecretString,
    #[serde(deserialize_with = "secret")]
    repeated: SecretString,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// The page with the fields.
async fn form(request: HttpRequest, app: Data<App>, token: Path<String>) -> Result<HttpResponse> {
    let (_, link) = waiting(&app, &token).await?;
    page(&request, &link, PasswordPageState::Form { error: None })
}

/// Sets the password.
async fn set(
    request: HttpRequest,
    app: Data<App>,
    settings: Data<Settings>,
    token: Path<String>,
    payload: Payload,
) -> Result<HttpResponse> {
    let (token, link) = waiting(&app, &token).await?;
    let read = tokio::time::timeout(settings.timeouts.body, payload.to_bytes_limited(MAX_FORM)).await;
    let bytes = read.ok().and_then(std::result::Result::ok).and_then(std::result::Result::ok);
    let fields: Option<Fields> = bytes.and_then(|bytes| serde_urlencoded::from_bytes(&bytes).ok());
    let refused = |error| page(&request, &link, PasswordPageState::Form { error: Some(error) });
    let Some(Fields { password, repeated }) = fields else { return refused(PasswordPageError::TooLong) };
    if !is_same(&password, &repeated) {
        return refused(PasswordPageError::Different);
    }
    let password = match NewPassword::parse(password) {
        Ok(password) => password,
        Err(FieldErrorCode::TooLong) => return refused(PasswordPageError::TooLong),
        Err(_) => return refused(PasswordPageError::TooShort),
    };
    let visit = Visit {
        request_id: RequestContext::of(&request).request_id,
        address: client_address::of(&request),
        user_agent: None,
    };
    match app.password_set_on_page(&visit, link.link, &token, password).await {
        Ok(()) => page(&request, &link, PasswordPageState::Set),
        // The only value that the use case looks at is the password.
        Err(Error::Refused(refusal)) if refusal.code == RefusalCode::InvalidRequest => {
            refused(PasswordPageError::Common)
        }
        // The link was used meanwhile.
        Err(Error::Refused(refusal)) if refusal.code == RefusalCode::InvalidCredentials => {
            Err(RefusalCode::NotFound.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The token and its link, if the link waits to be used. All others have the page of links that open nothing.
async fn waiting(app: &App, token: &str) -> Result<(SecretString, WaitingLink)> {
    let token = Some(token).filter(|token| secrets::looks_like_a_secret(token));
    let token: SecretString = token.ok_or(RefusalCode::NotFound)?.to_owned().into();
    let link = app.password_link(&token).await?.ok_or(RefusalCode::NotFound)?;
    Ok((token, link))
}

fn is_same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

fn page(request: &HttpRequest, link: &WaitingLink, state: PasswordPageState) -> Result<HttpResponse> {
    let language = language_of(request)?;
    let html = pages::password(language, &ADDRESSES, &link.email, state).map_err(Error::internal)?;
    let status = match state {
        PasswordPageState::Form { error: Some(_) } => StatusCode::BAD_REQUEST,
        PasswordPageState::Form { error: None } | PasswordPageState::Set => StatusCode::OK,
    };
    Ok(written(status, language, html))
}
