//! What happened, over HTTP.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::app::events::ReadEvent;
use crate::db::events::InstallationEventRow;
use crate::domain::event::{ActorKind, EventAction};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::text::LocalizedText;
use crate::http::operation_problems::requires;
use crate::http::pagination::{self, ListItem, PAGE_BYTES, Page, PageQuery};
use crate::http::problem::Result;
use crate::http::reference::ResourceReference;
use crate::http::request::{Read, Root, TaskForcePath};
use crate::http::response;
use crate::http::text::LocalizedName;

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    config.service(list_events).service(list_installation_events);
}

/// The actor.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEventActor {
    /// A user, or the service itself.
    kind: ActorKind,
    /// The user.
    #[schema(required)]
    id: Option<Uuid>,
    /// Current name of the author.
    #[schema(required, value_type = Option<LocalizedName>)]
    name: Option<LocalizedText>,
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
    /// The fields that changed, by name.
    changes: BTreeMap<String, Change>,
    /// SHA-256 over the previous hash and this event's canonical JSON, in hexadecimal.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "ff44e121014845ba9f060b9dd529b57e3706d9dcbf47ce18d6a7e50bea6c7e46"
    )]
    hash: String,
}

impl From<ReadEvent> for AuditEvent {
    fn from(read: ReadEvent) -> Self {
        let event = read.event;
        Self {
            seq: event.seq,
            id: event.id,
            at: event.at,
            actor: AuditEventActor { kind: event.actor.kind, id: event.actor.id, name: read.actor_name },
            request_id: event.request_id,
            action: event.action,
            subject: read.subject.into(),
            from: event.from,
            to: event.to,
            changes: changes(event.changes),
            hash: read.hash,
        }
    }
}

/// A page of audit events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditEventPage {
    /// The events, oldest first: at most `limit`, and fewer where they would have more than 256 KiB.
    items: Vec<AuditEvent>,
    /// Sequence number of the last existing event. More events exist while the last `seq` that you have is lower.
    #[schema(minimum = 0, example = 241)]
    last_seq: i64,
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventQuery {
    /// Only events after this sequence number.
    #[serde(default)]
    #[param(minimum = 0, maximum = 9007199254740991_i64, default = 0, required = false, example = 240)]
    after: i64,
    /// Maximum number of events.
    #[serde(default = "pagination::default_limit")]
    #[param(minimum = 1, maximum = 100, default = 25, required = false, example = 25)]
    limit: i64,
}

/// List events
///
/// The audit events of a task force in order. Each event holds the hash of the previous event.
#[utoipa::path(
    tag = "events",
    params(TaskForcePath, EventQuery),
    responses((status = 200, description = "The events.", body = AuditEventPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/events")]
async fn list_events(app: Data<App>, read: Read<TaskForcePath, EventQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let id = context.path.task_force_id;
    let max_bytes = i64::try_from(PAGE_BYTES).unwrap_or(i64::MAX);
    let (events, last_seq) =
        app.events_list(&context.caller, id, query.after, query.limit, max_bytes).await?;
    response::document(&AuditEventPage {
        items: events.into_iter().map(AuditEvent::from).collect(),
        last_seq,
    })
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
    params(PageQuery),
    responses((status = 200, description = "A page of events.", body = InstallationEventPage)),
    extensions(("x-problem-codes" = json!(
        requires(Action::ReadInstallationEvents)
            .refuses([RefusalCode::InsufficientScope])
    )))
)]
#[get("/v1/installation-events")]
async fn list_installation_events(app: Data<App>, read: Read<Root, PageQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let before = pagination::after(query.cursor.as_deref())?;
    let page = app.installation_events_list(&context.caller, before, query.limit).await?;
    response::document(&InstallationEventPage::new(page, |row| row.seq, InstallationEvent::from))
}
