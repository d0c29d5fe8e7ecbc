//! Share links over HTTP. `http/pages.rs` serves the pages that they open.

use std::borrow::Cow;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use crate::app::{self, App};
use crate::db;
use crate::domain::reference;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::shared_page::{ShareLinkState, SharedPage};
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, PageQuery};
use crate::http::problem::Result;
use crate::http::reference::UserReference;
use crate::http::request::{Create, NoBody, Path, Read, Root, TaskForcePath};
use crate::http::server::settings::Settings;
use crate::http::text::PlainLine;
use crate::http::{idempotency, response};

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config
        .service(list_share_links)
        .service(create_share_link)
        .service(get_share_link)
        .service(revoke_share_link)
        .service(list_portfolio_share_links)
        .service(create_portfolio_share_link)
        .service(get_portfolio_share_link)
        .service(revoke_portfolio_share_link);
}

/// To a share link of a task force.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct ShareLinkPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    task_force_id: Uuid,
    /// The share link.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000401")]
    share_link_id: Uuid,
}

impl Path for ShareLinkPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// To a share link of the portfolio.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct PortfolioShareLinkPath {
    /// The share link.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000402")]
    share_link_id: Uuid,
}

impl Path for PortfolioShareLinkPath {}

/// A new share link to a page of a task force.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "page": "status", "note": "Council meeting of 20 January", "expiresAt": "2027-01-31T21:00:00Z" }))]
pub(super) struct NewShareLink {
    /// The page: `status`, `report` or `calendar`.
    page: SharedPage,
    /// Number of the report; required for the page `report`, and refused otherwise.
    #[schema(minimum = 1, example = 1)]
    report_number: Option<i32>,
    /// For whom or for what the link is made. The page does not show the note.
    #[schema(value_type = Option<PlainLine>)]
    note: Option<String>,
    /// Time of expiry: at most 366 days from now. Default: in 30 days; for a calendar, in 366 days.
    expires_at: Option<DateTime<Utc>>,
}

impl From<NewShareLink> for app::share_links::NewShareLink {
    fn from(new: NewShareLink) -> Self {
        let NewShareLink { page, report_number, note, expires_at } = new;
        Self { page, report_number, note, expires_at }
    }
}

/// The page of all task forces.
#[derive(Debug)]
pub(super) struct SharedPortfolio;

impl PartialSchema for SharedPortfolio {
    fn schema() -> RefOr<Schema> {
        let page = SharedPage::Portfolio;
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .enum_values(Some([page.code()]))
            .description(Some(format!("{}: `{}`.", page.label().en, page.code())))
            .examples([page.code()])
            .into()
    }
}

impl ToSchema for SharedPortfolio {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("SharedPortfolio")
    }
}

/// A new share link to the portfolio.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "page": "portfolio", "note": "Screen in the council's hall" }))]
pub(super) struct NewPortfolioShareLink {
    /// The page.
    #[schema(value_type = SharedPortfolio)]
    page: SharedPage,
    /// For whom or for what the link is made. The page does not show the note.
    #[schema(value_type = Option<PlainLine>)]
    note: Option<String>,
    /// Time of expiry: at most 366 days from now. Default: in 30 days.
    expires_at: Option<DateTime<Utc>>,
}

impl From<NewPortfolioShareLink> for app::share_links::NewShareLink {
    fn from(new: NewPortfolioShareLink) -> Self {
        let NewPortfolioShareLink { page, note, expires_at } = new;
        Self { page, report_number: None, note, expires_at }
    }
}

/// A share link, without its address.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShareLink {
    /// Unique id.
    id: Uuid,
    /// The page that the link opens.
    page: SharedPage,
    /// Number of the report, for the page `report`.
    #[schema(required, minimum = 1, example = 1)]
    report_number: Option<i32>,
    /// For whom or for what the link was made.
    #[schema(required, value_type = Option<PlainLine>)]
    note: Option<String>,
    /// Current state. A link opens its page only while it is `active`.
    state: ShareLinkState,
    /// The user who made the link.
    created_by: UserReference,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of expiry.
    expires_at: DateTime<Utc>,
    /// Time of revocation.
    #[schema(required)]
    revoked_at: Option<DateTime<Utc>>,
    /// Number of times that the page was opened. Requests by which an open page refreshes itself do not count.
    #[schema(minimum = 0, example = 14)]
    accesses: i64,
    /// The last time that the page was opened.
    #[schema(required)]
    last_accessed_at: Option<DateTime<Utc>>,
}

impl ShareLink {
    pub(super) fn new(link: db::share_links::ShareLink, now: DateTime<Utc>) -> Self {
        Self {
            id: link.id,
            page: link.page,
            report_number: link.report_number,
            state: app::share_links::state(&link, now),
            note: link.note,
            created_by: reference::UserReference { id: link.maker_id, name: link.maker_name }.into(),
            created_at: link.created_at,
            expires_at: link.expires_at,
            revoked_at: link.revoked_at,
            accesses: link.accesses,
            last_accessed_at: link.last_accessed_at,
        }
    }
}

/// A share link with its address, which is shown only once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedShareLink {
    #[serde(flatten)]
    share_link: ShareLink,
    /// Address of the page. Everybody who knows the address reads the page without signing in. Store it: the service shows it
    /// only once, and repeated responses omit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        format = "uri",
        example = "https://taskforce.example/s/c2VjcmV0LW9mLWEtc2hhcmUtbGluay1vZi1hLXBhZ2U"
    )]
    page_url: Option<String>,
    /// True if the response contains the address.
    secret_shown: bool,
}

/// A page of share links.
pub(super) type ShareLinkPage = Page<ShareLink>;

impl ListItem for ShareLink {
    const PAGE_NAME: &'static str = "ShareLinkPage";
    const PAGE_DESCRIPTION: &'static str = "A page of share links.";
}

/// The response to the creation of a link.
pub(super) fn created(
    path: &str,
    settings: &Settings,
    (link, token): (db::share_links::ShareLink, SecretString),
) -> Result<HttpResponse> {
    let location = format!("{path}/{}", link.id);
    // The link is new, so the instant of its creation tells its state.
    let now = link.created_at;
    let ending = if link.page.is_calendar() { ".ics" } else { "" };
    let mut created = CreatedShareLink {
        share_link: ShareLink::new(link, now),
        page_url: Some(format!("{}/s/{}{ending}", settings.public_url, token.expose_secret())),
        secret_shown: true,
    };
    // A link never changes but for its end, so there is one version of it.
    let response = response::created(&location, 1, &created)?;
    (created.secret_shown, created.page_url) = (false, None);
    idempotency::with_one_time_secret(response, &created)
}

/// List the share links of a task force
///
/// The share links to pages of the task force, newest first, including expired and revoked links.
#[utoipa::path(
    tag = "share links",
    params(TaskForcePath, PageQuery),
    responses((status = 200, description = "A page of share links.", body = ShareLinkPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ShareTaskForce).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/task-forces/{taskForceId}/share-links")]
async fn list_share_links(app: Data<App>, read: Read<TaskForcePath, PageQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let before = paging.after()?;
    let id = context.path.task_force_id;
    let (page, now) = app.share_links_list(&context.caller, id, before, paging.window()).await?;
    response::document(&ShareLinkPage::new(&paging, page, |link| link.seq, |link| ShareLink::new(link, now)))
}

/// Create a share link to a page of a task force
///
/// Creates a link by which people without an account read one page: the status of the task force, or one of its reports.
/// The page is in Arabic and English, and the status refreshes itself. A `calendar` is read by calendar programs (RFC 5545):
/// the due dates of activities and of conditions, the target dates of the steps, and the council's meetings. The link shows the page as long as you may share
/// it: while you are disabled or have no right to share, it opens nothing. A new invitation revokes all your links, and so
/// does becoming an administrator.
#[utoipa::path(
    tag = "share links",
    params(TaskForcePath),
    request_body = NewShareLink,
    responses((status = 201, description = "The link and its address.", body = CreatedShareLink, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ShareTaskForce).refuses([
        RefusalCode::UnknownReference, RefusalCode::TooManyItems,
    ]))))
)]
#[post("/v1/task-forces/{taskForceId}/share-links")]
async fn create_share_link(
    app: Data<App>,
    settings: Data<Settings>,
    create: Create<TaskForcePath, NewShareLink>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let id = context.path.task_force_id;
    let made = app.share_link_create(&context.caller, id, body.into()).await?;
    created(&format!("/v1/task-forces/{id}/share-links"), &settings, made)
}

/// Get a share link of a task force
///
/// A share link with the number of times that its page was opened.
#[utoipa::path(
    tag = "share links",
    params(ShareLinkPath),
    responses((status = 200, description = "The share link.", body = ShareLink, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ShareTaskForce).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/task-forces/{taskForceId}/share-links/{shareLinkId}")]
async fn get_share_link(app: Data<App>, read: Read<ShareLinkPath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let ShareLinkPath { task_force_id, share_link_id } = context.path;
    let (link, now) = app.share_link_get(&context.caller, task_force_id, share_link_id).await?;
    response::single(1, &ShareLink::new(link, now))
}

/// Revoke a share link of a task force
///
/// Revokes the link at once and permanently. A link has no version, so `If-Match` is not needed.
#[utoipa::path(
    tag = "share links",
    params(ShareLinkPath),
    responses((status = 204, description = "The link is revoked.")),
    extensions(("x-problem-codes" = json!(requires(Action::ShareTaskForce))))
)]
#[delete("/v1/task-forces/{taskForceId}/share-links/{shareLinkId}")]
async fn revoke_share_link(app: Data<App>, request: NoBody<ShareLinkPath>) -> Result<HttpResponse> {
    let NoBody { context } = request;
    let ShareLinkPath { task_force_id, share_link_id } = context.path;
    app.share_link_revoke(&context.caller, task_force_id, share_link_id).await?;
    Ok(response::done())
}

/// List the share links of the portfolio
///
/// The share links to the status of all task forces, newest first, including expired and revoked links.
#[utoipa::path(
    tag = "share links",
    params(PageQuery),
    responses((status = 200, description = "A page of share links.", body = ShareLinkPage)),
    extensions(("x-problem-codes" = json!(requires(Action::SharePortfolio).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/share-links")]
async fn list_portfolio_share_links(app: Data<App>, read: Read<Root, PageQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let before = paging.after()?;
    let (page, now) = app.portfolio_links_list(&context.caller, before, paging.window()).await?;
    response::document(&ShareLinkPage::new(&paging, page, |link| link.seq, |link| ShareLink::new(link, now)))
}

/// Create a share link to the portfolio
///
/// Creates a link by which people without an account read the status of all task forces. The page is in Arabic and
/// English and refreshes itself. The link shows the page as long as you may share it: while you are disabled or no longer
/// belong to the secretariat, it opens nothing. A new invitation revokes all your links, and so does becoming an
/// administrator.
#[utoipa::path(
    tag = "share links",
    request_body = NewPortfolioShareLink,
    responses((status = 201, description = "The link and its address.", body = CreatedShareLink, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::SharePortfolio).refuses([RefusalCode::TooManyItems]))))
)]
#[post("/v1/share-links")]
async fn create_portfolio_share_link(
    app: Data<App>,
    settings: Data<Settings>,
    create: Create<Root, NewPortfolioShareLink>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let made = app.portfolio_link_create(&context.caller, body.into()).await?;
    created("/v1/share-links", &settings, made)
}

/// Get a share link of the portfolio
///
/// A share link with the number of times that its page was opened.
#[utoipa::path(
    tag = "share links",
    params(PortfolioShareLinkPath),
    responses((status = 200, description = "The share link.", body = ShareLink, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::SharePortfolio).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/share-links/{shareLinkId}")]
async fn get_portfolio_share_link(
    app: Data<App>,
    read: Read<PortfolioShareLinkPath>,
) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let (link, now) = app.portfolio_link_get(&context.caller, context.path.share_link_id).await?;
    response::single(1, &ShareLink::new(link, now))
}

/// Revoke a share link of the portfolio
///
/// Revokes the link at once and permanently. A link has no version, so `If-Match` is not needed.
#[utoipa::path(
    tag = "share links",
    params(PortfolioShareLinkPath),
    responses((status = 204, description = "The link is revoked.")),
    extensions(("x-problem-codes" = json!(requires(Action::SharePortfolio))))
)]
#[delete("/v1/share-links/{shareLinkId}")]
async fn revoke_portfolio_share_link(
    app: Data<App>,
    request: NoBody<PortfolioShareLinkPath>,
) -> Result<HttpResponse> {
    let NoBody { context } = request;
    app.portfolio_link_revoke(&context.caller, context.path.share_link_id).await?;
    Ok(response::done())
}
