//! The page at `/s/unsubscribe/{token}`, which ends e-mails about notifications: by its button, or by one request of a
//! program for mail (RFC 8058). Opening the page ends nothing, since programs that look at links in e-mails open pages.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;

use super::pages::{ADDRESSES, language_of, written};
use crate::app::{App, Error};
use crate::domain::notification::NotificationKind;
use crate::domain::refusal::RefusalCode;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::context::RequestContext;
use crate::http::problem::Result;
use crate::render::pages;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/s/unsubscribe/{token}", web::get().to(ask))
        .route("/s/unsubscribe/{token}", web::post().to(unsubscribe));
}

/// The page with the button.
async fn ask(request: HttpRequest, app: Data<App>, token: Path<String>) -> Result<HttpResponse> {
    page(&request, &app, &token.into_inner().into(), false)
}

/// Ends the e-mails. The body says nothing that the address does not say.
async fn unsubscribe(request: HttpRequest, app: Data<App>, token: Path<String>) -> Result<HttpResponse> {
    let token: SecretString = token.into_inner().into();
    app.unsubscribe(&RequestContext::of(&request).request_id, &token).await?;
    page(&request, &app, &token, true)
}

fn page(request: &HttpRequest, app: &App, token: &SecretString, is_done: bool) -> Result<HttpResponse> {
    let language = language_of(request)?;
    let kinds = app.unsubscription(token).ok_or(RefusalCode::NotFound)?;
    let labels = |language| {
        kinds.iter().map(|kind: &NotificationKind| kind.label().in_language(language).to_owned()).collect()
    };
    let html = pages::unsubscribe(language, &ADDRESSES, is_done, labels).map_err(Error::internal)?;
    Ok(written(StatusCode::OK, language, html))
}
