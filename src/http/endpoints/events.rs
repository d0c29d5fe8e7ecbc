//! The events, over HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::app::events::ReadEvent;
use crate::db::events::{EventFilter, EventOrder, InstallationEventRow};
use crate::domain::event::{ActorKind, EventAction};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::text::{Language, LocalizedText};
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, PAGE_BYTES, Page, PageParameters as _, Paging, page_query};
use crate::http::problem::Result;
use crate::http::reference::ResourceReference;
use crate::http::request::{Read, Root, TaskForcePath};
use crate::http::response;
use crate::http::text::LocalizedName;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_events).service(list_installation_events);
}

/// The actor.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEventActor {
    /// A user, or the service itself.
    pub(super) kind: ActorKind,
    /// The user.
    #[schema(required)]
    pub(super) id: Option<Uuid>,
    /// Current name of the actor.
    #[schema(required, value_type = Option<LocalizedName>)]
    pub(super) name: Option<LocalizedText>,
}

/// Value of a field before and after a change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEventChange)]
pub(super) struct Change {
    /// Value before the change; null if the field was empty.
    before: Value,
    /// Value after the change; null if the field was cleared.
    after: Value,
}

fn changes(changes: crate::domain::event::Changes) -> BTreeMap<String, Change> {
    changes
        .into_iter()
        .map(|(name, change)| (name, Change { before: change.before, after: change.after }))
        .collect()
}

/// An audit event of a task force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditEvent {
    /// Gap-free per task force, from 1.
    #[schema(minimum = 1, example = 241)]
    seq: i64,
    /// Unique id.
    id: Uuid,
    /// Time of the action.
    at: DateTime<Utc>,
    /// The actor.
    actor: AuditEventActor,
    /// Id of the request.
    #[schema(example = "0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e")]
    request_id: String,
    /// The event in one sentence, in the language of the response. Text, with Unicode isolates around names and titles.
    #[schema(
        example = "\u{2068}Lina Haddad\u{2069} moved the activity “\u{2068}Collect the data sets\u{2069}” to “\u{2068}In review\u{2069}”."
    )]
    sentence: String,
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
    /// The fields that changed, by name. The `salt` of a vote is random, so that nobody finds a sealed choice by its hash.
    changes: BTreeMap<String, Change>,
    /// True for a vote whose choice you cannot see yet: while a vote is open, choices are shown to those who have cast their
    /// own vote. `changes` then has no field but `memberId`. Read the event again when the vote is over.
    sealed: bool,
    /// SHA-256 over the previous hash and this event's canonical JSON, in hexadecimal.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "ff44e121014845ba9f060b9dd529b57e3706d9dcbf47ce18d6a7e50bea6c7e46"
    )]
    hash: String,
}

impl AuditEvent {
    pub(super) fn new(read: ReadEvent, language: Language) -> Self {
        let sentence = read.sentence(language);
        let event = read.event;
        Self {
            seq: event.seq,
            id: event.id,
            at: event.at,
            actor: AuditEventActor { kind: event.actor.kind, id: event.actor.id, name: read.actor_name },
            request_id: event.request_id,
            sentence,
            action: event.action,
            subject: read.subject.into(),
            from: event.from,
            to: event.to,
            changes: changes(event.changes),
            sealed: read.is_sealed,
            hash: read.hash,
        }
    }
}

/// An event as webhooks send it: as the API shows it in a language.
///
/// # Errors
/// A value that JSON cannot represent.
pub(in crate::http) fn sent_event(read: ReadEvent, language: Language) -> serde_json::Result<Box<RawValue>> {
    serde_json::value::to_raw_value(&AuditEvent::new(read, language))
}

/// A page of the events of a task force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditEventPage {
    /// The events of the page: at most `limit`, and fewer where they would have more than 256 KiB.
    items: Vec<AuditEvent>,
    /// The cursor of the next page; null on the last.
    #[schema(required, example = "WzEyXQ")]
    next: Option<String>,
    /// Number of events on all pages, as of this request. Present only with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 57)]
    total: Option<i64>,
    /// Sequence number of the last event of the task force, whether it matches or not: `after` for the events that follow.
    #[schema(minimum = 0, example = 241)]
    last_seq: i64,
}

/// An order of a list of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "AuditEventSort")]
pub(super) enum AuditEventSort {
    /// Oldest first.
    #[serde(rename = "seq")]
    OldestFirst,
    /// Newest first.
    #[serde(rename = "-seq")]
    NewestFirst,
}

impl AuditEventSort {
    fn order(self, paging: &Paging) -> Result<EventOrder> {
        Ok(match self {
            Self::OldestFirst => EventOrder::OldestFirst(paging.after()?),
            Self::NewestFirst => EventOrder::NewestFirst(paging.after()?),
        })
    }
}

page_query! {
    /// The query parameters of a list of events.
    AuditEventQuery {
        /// Only events after this sequence number: `lastSeq` of an earlier answer, to read what has happened since.
        #[param(nullable = false, minimum = 0, maximum = 9007199254740991_i64)]
        after: Option<i64>,
        /// Only events that are about this resource, by its id.
        #[param(inline, nullable = false)]
        subject: Option<Uuid>,
        /// Only events that this user caused.
        #[param(inline, nullable = false)]
        actor: Option<Uuid>,
        /// Only these actions: `action` several times, or once with commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 20)]
        action: Option<Vec<EventAction>>,
        /// The order of the list: `seq` (the default), oldest first, or `-seq`, newest first.
        #[param(inline, nullable = false)]
        sort: Option<AuditEventSort>,
        /// If no event matches, wait for one, no longer than so many seconds. With `after`, a client thereby learns of an event as soon as the event has happened; the list is empty if none has.
        #[param(nullable = false, minimum = 0, maximum = 30)]
        wait: Option<u64>,
    }
}

page_query! {
    /// The query parameters of a list of events of the installation.
    InstallationEventQuery {
        /// Only events that are about this user, session or API key, by its id.
        #[param(inline, nullable = false)]
        subject: Option<Uuid>,
        /// Only events that this user caused.
        #[param(inline, nullable = false)]
        actor: Option<Uuid>,
        /// Only these actions: `action` several times, or once with commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 20)]
        action: Option<Vec<EventAction>>,
        /// The order of the list: `-seq` (the default), newest first, or `seq`, oldest first.
        #[param(inline, nullable = false)]
        sort: Option<AuditEventSort>,
    }
}

/// List events
///
/// The audit events of a task force, oldest first unless `sort` says otherwise. Each event holds the hash of the previous
/// event. With `wait`, the list waits for an event (long polling); `GET /v1/task-forces/{taskForceId}/events/stream` sends
/// events as they happen.
#[utoipa::path(
    tag = "events",
    params(TaskForcePath, AuditEventQuery),
    responses((status = 200, description = "The events.", body = AuditEventPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/events")]
async fn list_events(app: Data<App>, read: Read<TaskForcePath, AuditEventQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let order = query.sort.unwrap_or(AuditEventSort::OldestFirst).order(&paging)?;
    let filter = EventFilter {
        after: query.after.unwrap_or_default(),
        subject: query.subject,
        actor: query.actor,
        actions: query.action.unwrap_or_default(),
    };
    let id = context.path.task_force_id;
    let max_bytes = i64::try_from(PAGE_BYTES).unwrap_or(i64::MAX);
    let wait = Duration::from_secs(query.wait.unwrap_or_default());
    let (page, last_seq) =
        app.events_wait(&context.caller, id, &filter, order, paging.window(), max_bytes, wait).await?;
    let language = context.language();
    let Page { items, next, total } =
        Page::new(&paging, page, |read| read.event.seq, |read| AuditEvent::new(read, language));
    response::document(&AuditEventPage { items, next, total, last_seq })
}

/// An event outside any task force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstallationEvent {
    /// Grows with every event; may have gaps.
    #[schema(minimum = 1, example = 57)]
    seq: i64,
    /// Unique id.
    id: Uuid,
    /// Time of the action.
    at: DateTime<Utc>,
    /// The actor.
    actor: AuditEventActor,
    /// Id of the request.
    #[schema(example = "0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e")]
    request_id: String,
    /// The action.
    action: EventAction,
    /// The resource that the action changed.
    subject: ResourceReference,
    /// Previous state, if the state changed.
    #[schema(required, example = "active")]
    from: Option<String>,
    /// New state, if the state changed.
    #[schema(required, example = "disabled")]
    to: Option<String>,
    /// The fields that changed, by name.
    #[schema(value_type = BTreeMap<String, Change>)]
    changes: Value,
}

impl From<InstallationEventRow> for InstallationEvent {
    fn from(row: InstallationEventRow) -> Self {
        Self {
            seq: row.seq,
            id: row.id,
            at: row.at,
            actor: AuditEventActor { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
            request_id: row.request_id,
            action: row.action,
            subject: row.subject.into(),
            from: row.from_state,
            to: row.to_state,
            changes: row.changes,
        }
    }
}

/// A page of the installation's events.
type InstallationEventPage = Page<InstallationEvent>;

impl ListItem for InstallationEvent {
    const PAGE_NAME: &'static str = "InstallationEventPage";
    const PAGE_DESCRIPTION: &'static str = "A page of the installation's events.";
}

/// List installation events
///
/// Events outside any task force, newest first: users, invitations, sessions and API keys.
#[utoipa::path(
    tag = "events",
    params(InstallationEventQuery),
    responses((status = 200, description = "A page of events.", body = InstallationEventPage)),
    extensions(("x-problem-codes" = json!(
        requires(Action::ReadInstallationEvents)
            .refuses([RefusalCode::InsufficientScope])
    )))
)]
#[get("/v1/installation-events")]
async fn list_installation_events(
    app: Data<App>,
    read: Read<Root, InstallationEventQuery>,
) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let order = query.sort.unwrap_or(AuditEventSort::NewestFirst).order(&paging)?;
    let filter = EventFilter {
        after: 0,
        subject: query.subject,
        actor: query.actor,
        actions: query.action.unwrap_or_default(),
    };
    let page = app.installation_events_list(&context.caller, &filter, order, paging.window()).await?;
    response::document(&InstallationEventPage::new(&paging, page, |row| row.seq, InstallationEvent::from))
}
