//! The caller's notifications over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::db::notifications::reading::{Notification, NotificationFilter};
use crate::domain::notification::NotificationKind;
use crate::domain::reference::Reference;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::text::Language;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{Page, PageParameters as _, page_query};
use crate::http::problem::Result;
use crate::http::reference::{ResourceReference, UserReference};
use crate::http::request::{Create, Read, Root};
use crate::http::response;
use crate::render::notices::{NoticeFacts, notice};

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_my_notifications).service(mark_notifications_read);
}

/// A notification of the caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MyNotification {
    /// Unique id.
    id: Uuid,
    /// Kind of the notification.
    kind: NotificationKind,
    /// The notification in one sentence, in the language of the response.
    #[schema(max_length = 1000, example = "The members passed the step “Select few smart sectors”.")]
    sentence: String,
    /// The task force; null if the notification concerns none.
    #[schema(required)]
    task_force: Option<ResourceReference>,
    /// The resource that the notification is about.
    subject: ResourceReference,
    /// The person who caused the notification; null for the service itself.
    #[schema(required)]
    actor: Option<UserReference>,
    /// Time of the cause.
    at: DateTime<Utc>,
    /// Time at which you marked the notification as read; null while it is unread.
    #[schema(required)]
    read_at: Option<DateTime<Utc>>,
}

impl MyNotification {
    fn new(row: Notification, language: Language) -> Self {
        let facts = NoticeFacts {
            kind: row.kind,
            actor: row.actor.as_ref().map(|actor| &actor.name),
            subject: &row.subject,
            task_force: row.task_force_name.as_ref(),
            details: &row.details(),
            zone: row.time_zone.as_deref().and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC),
        };
        let sentence = notice(&facts, language);
        let task_force = row.task_force_id.zip(row.task_force_name);
        Self {
            id: row.id,
            kind: row.kind,
            sentence,
            task_force: task_force.map(|(id, name)| Reference::task_force(id, name).into()),
            subject: row.subject.into(),
            actor: row.actor.map(UserReference::from),
            at: row.created_at,
            read_at: row.read_at,
        }
    }
}

/// A page of your notifications.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MyNotificationPage {
    /// The items of this page: at most `limit`, and fewer if the page would exceed 256 KiB.
    items: Vec<MyNotification>,
    /// The cursor of the next page; null on the last.
    #[schema(required, example = "WzEyXQ")]
    next: Option<String>,
    /// Number of notifications on all pages, as of this request. Present only with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 57)]
    total: Option<i64>,
    /// Number of all your unread notifications, whatever the filters.
    #[schema(minimum = 0, example = 3)]
    unread_count: i64,
}

page_query! {
    /// The query parameters of a list of notifications.
    MyNotificationQuery {
        /// Only unread notifications.
        #[param(inline, nullable = false)]
        unread: Option<bool>,
        /// Only notifications of these kinds: `kind` several times, or once with commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 20)]
        kind: Option<Vec<NotificationKind>>,
    }
}

/// List your notifications
///
/// The notifications of events that concern you and of days on which something is due, newest first. A notification is told within seconds after its event. The newest 100 of each kind in each task force are kept, for 90 days. Notifications about a task force that you cannot read any more are not listed; the end of your own seat is. For a badge, `limit=1` is enough: `unreadCount` is on every page.
#[utoipa::path(
    tag = "me",
    params(MyNotificationQuery),
    responses((status = 200, description = "A page of your notifications.", body = MyNotificationPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadOwnAccount).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/me/notifications")]
async fn list_my_notifications(
    app: Data<App>,
    read: Read<Root, MyNotificationQuery>,
) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let before = paging.after()?;
    let filter = NotificationFilter {
        unread_only: query.unread.unwrap_or_default(),
        kinds: query.kind.unwrap_or_default(),
    };
    let (page, unread_count) =
        app.notifications_list(&context.caller, &filter, before, paging.window()).await?;
    let language = context.language();
    let item = |row| MyNotification::new(row, language);
    let Page { items, next, total } = Page::new(&paging, page, |row: &Notification| row.seq, item);
    let page = MyNotificationPage { items, next, total, unread_count };
    response::document(&page).map(|response| response::in_language(language, response))
}

/// The notifications to mark as read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NotificationsRead {
    /// The ids of the notifications.
    #[schema(min_items = 1, max_items = 100)]
    ids: Vec<Uuid>,
    /// True to mark all notifications as read, too, that are older than the newest of these.
    #[serde(default)]
    #[schema(default = false)]
    and_older: bool,
}

/// The number of unread notifications.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UnreadNotifications {
    /// Number of all your unread notifications.
    #[schema(minimum = 0, example = 0)]
    unread_count: i64,
}

/// Mark notifications as read
///
/// Marks one or several notifications as read, or all up to one: with `andOlder`, the id of the newest notification that
/// you have seen is enough. A notification that is marked already stays as it is. API keys cannot make this request.
#[utoipa::path(
    tag = "me",
    request_body = NotificationsRead,
    responses((status = 200, description = "The number of notifications that are still unread.", body = UnreadNotifications)),
    extensions(("x-problem-codes" = json!(requires(Action::ChangeOwnAccount).refuses([RefusalCode::UnknownReference]))))
)]
#[post("/v1/me/notifications/read")]
async fn mark_notifications_read(
    app: Data<App>,
    request: Create<Root, NotificationsRead>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = request;
    let NotificationsRead { ids, and_older } = body;
    let unread_count = app.notifications_mark_read(&context.caller, &ids, and_older).await?;
    response::document(&UnreadNotifications { unread_count })
}
