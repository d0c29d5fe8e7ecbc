//! The feed of the caller over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, put};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::events::AuditEventActor;
use crate::app::App;
use crate::app::feed::{Feed, FeedEvent};
use crate::db::feed::{FeedFilter, Mark};
use crate::domain::event::EventAction;
use crate::domain::position::Position;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::domain::text::Language;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{PAGE_BYTES, Page, PageParameters as _, page_query};
use crate::http::problem::Result;
use crate::http::reference::ResourceReference;
use crate::http::request::{Create, Read, Root};
use crate::http::response;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_my_feed).service(mark_my_feed);
}

/// An event of your feed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FeedItem {
    /// Unique id of the event.
    id: Uuid,
    /// The task force.
    task_force: ResourceReference,
    /// Number of the event in the task force: `GET /v1/task-forces/{taskForceId}/events` has the event with its changes.
    #[schema(minimum = 1, example = 241)]
    seq: i64,
    /// Time of the action.
    at: DateTime<Utc>,
    /// The event in one sentence, in the language of the response. Text, with Unicode isolates around names and titles.
    #[schema(
        example = "\u{2068}Lina Haddad\u{2069} moved the activity “\u{2068}Collect the data sets\u{2069}” to “\u{2068}In review\u{2069}”."
    )]
    sentence: String,
    /// The actor.
    actor: AuditEventActor,
    /// The action.
    action: EventAction,
    /// The resource that the action changed.
    subject: ResourceReference,
    /// Previous state, if the state changed.
    #[schema(required, example = "planned")]
    from: Option<String>,
    /// New state, if the state changed.
    #[schema(required, example = "inProgress")]
    to: Option<String>,
    /// True if you caused the event.
    own: bool,
    /// True if somebody else caused the event, and you have not marked it as read.
    unread: bool,
}

impl FeedItem {
    pub(super) fn new(item: FeedEvent, language: Language) -> Self {
        let (sentence, read) = (item.sentence(language), item.without_changes());
        let FeedEvent { task_force, is_own, is_unread, .. } = item;
        let event = read.event;
        Self {
            id: event.id,
            task_force: task_force.into(),
            seq: event.seq,
            at: event.at,
            sentence,
            actor: AuditEventActor { kind: event.actor.kind, id: event.actor.id, name: read.actor_name },
            action: event.action,
            subject: read.subject.into(),
            from: event.from,
            to: event.to,
            own: is_own,
            unread: is_unread,
        }
    }
}

/// The text of a position.
pub(super) fn encoded(position: &Position) -> String {
    URL_SAFE_NO_PAD.encode(position.to_bytes())
}

/// The position with this text, or an error in this field that the service has not written the text.
pub(super) fn position(text: &str, error: FieldError) -> Result<Position> {
    let position = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| Position::from_bytes(&bytes));
    let error = || {
        let error = error.saying(
            "must be a `position` or the `id` of an event, as the service has sent it",
            "يجب أن يكون موضعًا (position) أو رقم حدث (id) كما أرسلته الخدمة",
        );
        Refusal::field_errors(RefusalCode::InvalidRequest, vec![error])
    };
    Ok(position.ok_or_else(error)?)
}

/// A page of your feed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FeedPage {
    /// The events of the page: at most `limit`, and fewer where they would have more than 256 KiB.
    items: Vec<FeedItem>,
    /// The cursor of the next page; null on the last.
    #[schema(required, example = "WzEyXQ")]
    next: Option<String>,
    /// Number of events on all pages, as of this request. Present only with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 57)]
    total: Option<i64>,
    /// Number of unread events in the whole feed, 100 at most: show 100 as "more than 99".
    #[schema(minimum = 0, maximum = 100, example = 3)]
    unread: i64,
    /// The position behind all events that had happened when the page was read. Send it to `PUT /v1/me/feed/mark` to mark all of them as read, or to `GET /v1/me/feed/stream` to be told of later ones.
    #[schema(min_length = 11, max_length = 85400, pattern = "^[A-Za-z0-9_-]+$", example = "AAABmsJE4gA")]
    position: String,
    /// The time at which you last marked events as read, on any device; null if you never have.
    #[schema(required)]
    marked_at: Option<DateTime<Utc>>,
}

page_query! {
    /// The query parameters of the feed.
    FeedQuery {
        /// Only unread events: those that others caused and that you have not marked as read.
        #[serde(default)]
        #[param(default = false, required = false)]
        unread: bool,
        /// `false` leaves out the events that you caused.
        #[serde(default = "with_own")]
        #[param(default = true, required = false)]
        own: bool,
        /// Only events of this task force.
        #[param(inline, nullable = false)]
        task_force: Option<Uuid>,
        /// Only these actions: `action` several times, or once with commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 20)]
        action: Option<Vec<EventAction>>,
    }
}

/// The feed has the events of the caller, unless the request leaves them out.
pub(super) fn with_own() -> bool {
    true
}

/// List your feed
///
/// Tells in one sentence each what happened in all that is yours, newest first. Members are told of everything in the
/// task forces in which they have a seat. The secretariat and the administrators are told of the task forces, their
/// members, submissions, waivers, reports, decisions, conditions and share links of all task forces; members of the council
/// of the states of all task forces, their health, the outcome of submissions, reports, decisions and conditions.
///
/// `PUT /v1/me/feed/mark` marks the events as read, for all of your devices. A feed does not tell how members voted.
#[utoipa::path(
    tag = "me",
    params(FeedQuery),
    responses((status = 200, description = "A page of your feed.", body = FeedPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadOwnAccount).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/me/feed")]
async fn list_my_feed(app: Data<App>, read: Read<Root, FeedQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let before = paging.after()?;
    let filter = FeedFilter {
        unread: query.unread,
        by_others: !query.own,
        task_force_id: query.task_force,
        actions: query.action.unwrap_or_default(),
    };
    let max_bytes = i64::try_from(PAGE_BYTES).unwrap_or(i64::MAX);
    let feed = app.feed_list(&context.caller, &filter, before, paging.window(), max_bytes).await?;
    let Feed { page, position, mark, unread } = feed;
    let language = context.language();
    let Page { items, next, total } =
        Page::new(&paging, page, FeedEvent::id, |item| FeedItem::new(item, language));
    let marked_at = mark.map(|mark| mark.marked_at);
    response::document(&FeedPage { items, next, total, unread, position: encoded(&position), marked_at })
}

/// A position up to which events are read.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewFeedMark {
    /// `position` of a page of the feed, or the `id` of an event of the stream.
    #[schema(min_length = 11, max_length = 85400, pattern = "^[A-Za-z0-9_-]+$", example = "AAABmsJE4gA")]
    position: String,
}

/// The mark of what you have read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FeedMark {
    /// The position up to which all events are read.
    #[schema(min_length = 11, max_length = 85400, pattern = "^[A-Za-z0-9_-]+$", example = "AAABmsJE4gA")]
    position: String,
    /// The time of this request.
    marked_at: DateTime<Utc>,
    /// Number of events that are unread after the mark, 100 at most.
    #[schema(minimum = 0, maximum = 100, example = 0)]
    unread: i64,
}

/// Mark your feed as read
///
/// Marks all events before a position as read, on all of your devices. A mark never moves back: what was read on another
/// device stays read.
#[utoipa::path(
    tag = "me",
    request_body = NewFeedMark,
    responses((status = 200, description = "The mark.", body = FeedMark)),
    extensions(("x-problem-codes" = json!(requires(Action::ChangeOwnAccount).refuses([RefusalCode::InsufficientScope]))))
)]
#[put("/v1/me/feed/mark")]
async fn mark_my_feed(app: Data<App>, create: Create<Root, NewFeedMark>) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let position = position(&body.position, FieldError::at("/position", FieldErrorCode::WrongFormat))?;
    let (Mark { position, marked_at }, unread) = app.feed_mark(&context.caller, position).await?;
    response::document(&FeedMark { position: encoded(&position), marked_at, unread })
}
