//! Links to calendars of one's own, for the calendar programs of a person.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::share_links::{CreatedShareLink, ShareLink, ShareLinkPage, created};
use crate::app::{self, App};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::shared_page::SharedPage;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{PageParameters as _, PageQuery};
use crate::http::problem::Result;
use crate::http::request::{Create, NoBody, Path, Read, Root};
use crate::http::response;
use crate::http::server::settings::Settings;
use crate::http::text::PlainLine;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_my_calendar_links).service(create_my_calendar_link).service(revoke_my_calendar_link);
}

/// To a calendar link of one's own.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct CalendarLinkPath {
    /// The calendar link.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000403")]
    calendar_link_id: Uuid,
}

impl Path for CalendarLinkPath {}

/// A new link to a calendar of your own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "note": "Telephone" }))]
pub(super) struct NewCalendarLink {
    /// The device or program for which the link is made.
    #[schema(value_type = Option<PlainLine>)]
    note: Option<String>,
    /// Time of expiry: at most 366 days from now, which is the default.
    expires_at: Option<DateTime<Utc>>,
}

impl From<NewCalendarLink> for app::share_links::NewShareLink {
    fn from(new: NewCalendarLink) -> Self {
        let NewCalendarLink { note, expires_at } = new;
        Self { page: SharedPage::OwnCalendar, report_number: None, note, expires_at }
    }
}

/// List your calendar links
///
/// The links to calendars of your own, newest first, including expired and revoked links. API keys cannot make this request.
#[utoipa::path(
    tag = "me",
    params(PageQuery),
    responses((status = 200, description = "A page of your calendar links.", body = ShareLinkPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ChangeOwnAccount).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/me/calendar-links")]
async fn list_my_calendar_links(app: Data<App>, read: Read<Root, PageQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let before = paging.after()?;
    let (page, now) = app.calendar_links_list(&context.caller, before, paging.window()).await?;
    response::document(&ShareLinkPage::new(&paging, page, |link| link.seq, |link| ShareLink::new(link, now)))
}

/// Create a calendar link
///
/// Creates an address (`pageUrl`) by which calendar programs read your due dates in all your task forces (RFC 5545): the activities that are assigned to you and the conditions that you are in charge of; as chair, all conditions and the target dates of the steps; and the council's meetings. Council members, the secretariat and administrators read the council's meetings about all task forces and all conditions.
///
/// The calendar follows your present seats, and opens nothing while you are disabled. A new invitation revokes all your links, and so does becoming an administrator. Add `?lang=ar` or `?lang=en` to the address for another language than your own. API keys cannot make this request.
#[utoipa::path(
    tag = "me",
    request_body = NewCalendarLink,
    responses((status = 201, description = "The link and its address.", body = CreatedShareLink, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ChangeOwnAccount).refuses([RefusalCode::TooManyItems]))))
)]
#[post("/v1/me/calendar-links")]
async fn create_my_calendar_link(
    app: Data<App>,
    settings: Data<Settings>,
    create: Create<Root, NewCalendarLink>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let made = app.calendar_link_create(&context.caller, body.into()).await?;
    created("/v1/me/calendar-links", &settings, made)
}

/// Revoke a calendar link
///
/// Revokes the link at once and permanently. A link has no version, so `If-Match` is not needed. API keys cannot make this request.
#[utoipa::path(
    tag = "me",
    params(CalendarLinkPath),
    responses((status = 204, description = "The link is revoked.")),
    extensions(("x-problem-codes" = json!(requires(Action::RevokeCalendarLink))))
)]
#[delete("/v1/me/calendar-links/{calendarLinkId}")]
async fn revoke_my_calendar_link(app: Data<App>, request: NoBody<CalendarLinkPath>) -> Result<HttpResponse> {
    let NoBody { context } = request;
    app.calendar_link_revoke(&context.caller, context.path.calendar_link_id).await?;
    Ok(response::done())
}
