//! The calendars at `/s/{token}.ics`, which calendar programs read again and again. As the pages beside them, they are no
//! operations, and the token is a secret in the path.
//!
//! A program may keep a calendar and asks with `If-None-Match` whether there is another one. Unlike a page, a calendar is
//! therefore not `no-store`, so that it is compressed, too.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, HeaderValue,
};
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::settings::Settings;
use crate::app::{App, Error};
use crate::domain::refusal::RefusalCode;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::context::{self, RequestContext};
use crate::http::problem::Result;
use crate::http::reference::href;
use crate::http::response;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/s/{token}.ics", web::get().to(calendar));
}

/// The calendar that a link opens, in the language of the address, or else in that of the maker: calendar programs ask
/// for the language of their own texts.
async fn calendar(
    request: HttpRequest,
    app: Data<App>,
    settings: Data<Settings>,
    token: Path<String>,
) -> Result<HttpResponse> {
    let RequestContext { request_id, is_head, .. } = RequestContext::of(&request);
    let language = context::language_of_address(&request)?;
    let link = app.share_link_open(&request_id, &token).await?.ok_or(RefusalCode::NotFound)?;
    let language = language.unwrap_or(link.locale);
    let origin = settings.public_url.clone();
    let calendar = app
        .calendar(&link, language, move |entry| {
            let path = href(&entry.reference()?)?;
            Some(format!("{origin}{path}"))
        })
        .await?
        .ok_or(RefusalCode::NotFound)?;
    if !is_head {
        app.share_link_note_access(link.link_id);
    }
    let etag = format!("W/\"{}\"", response::hash(calendar.as_bytes()));
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/calendar; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "inline; filename=\"calendar.ics\""))
        .insert_header((CONTENT_LANGUAGE, language.code()))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((ETAG, HeaderValue::from_str(&etag).map_err(Error::internal)?))
        .insert_header(("x-robots-tag", "noindex, nofollow"))
        .body(calendar))
}
