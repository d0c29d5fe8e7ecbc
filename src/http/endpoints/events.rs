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
use crate::domain::event::{ActorKind, EventAction, SubjectKind};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::text::{Language, LocalizedText};
use crate::http::operation_problems::requires;
use crate::http::pagination::{self, ListItem, PAGE_BYTES, Page, PageQuery};
use crate::http::problem::Result;
use crate::http::request::{Read, Root, TaskForcePath};
use crate::http::response;
use crate::http::text::LocalizedName;

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    config.service(list_events).service(list_installation_events);
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEventActor {
    /// A user, or the service itself.
    kind: ActorKind,
    /// The user.
    #[schema(required)]
    id: Option<Uuid>,
    /// Their name, as it is today.
    #[schema(required, value_type = Option<LocalizedName>)]
    name: Option<LocalizedText>,
}

/// What it happened to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEventSubject {
    /// What it is.
    kind: SubjectKind,
    /// Its id.
    id: Uuid,
}

/// A field before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEventChange)]
pub(super) struct Change {
    /// What it was; null if it was not there.
    before: Value,
    /// What it is; null if it is gone.
    after: Value,
}

fn changes(changes: crate::domain::event::Changes) -> BTreeMap<String, Change> {
    changes
        .into_iter()
        .map(|(name, change)| (name, Change { before: change.before, after: change.after }))
        .collect()
}

/// One thing that happened in a task force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditEvent {
    /// Gap-free per task force, from 1.
    #[schema(minimum = 1, example = 241)]
    seq: i64,
    /// Its id.
    id: Uuid,
    /// When.
    at: DateTime<Utc>,
    /// Who did it.
    actor: AuditEventActor,
    /// The request that it came with.
    #[schema(example = "0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e")]
    request_id: String,
    /// What happened.
    action: EventAction,
    /// To what.
    subject: AuditEventSubject,
    /// The state before, where a state changed.
    #[schema(required, example = "planned")]
    from: Option<String>,
    /// The state after.
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
            subject: AuditEventSubject { kind: event.subject.kind, id: event.subject.id },
            from: event.from,
            to: event.to,
            changes: changes(event.changes),
            hash: read.hash,
        }
    }
}

/// What happened after a sequence number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditEventPage {
    /// The events, oldest first: at most `limit`, and fewer where they would have more than 256 KiB.
    items: Vec<AuditEvent>,
    /// Sequence number of the last event there is; ask again with `after` = the last `seq` you have while it is lower.
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
    /// How many events at most.
    #[serde(default = "pagination::default_limit")]
    #[param(minimum = 1, maximum = 100, default = 25, required = false, example = 25)]
    limit: i64,
}

/// Read events
///
/// Everything that happened in a task force, in the order in which it happened; each event is chained to the one before by its hash.
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

/// A user, a session or an API key that something happened to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InstallationEventSubject {
    /// What it is.
    kind: SubjectKind,
    /// Its id.
    id: Uuid,
    /// The name of the user or the API key, as it is today; null for a session.
    #[schema(required, example = "Nightly export")]
    title: Option<String>,
}

/// One thing that happened outside any task force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstallationEvent {
    /// Grows with every event; may have gaps.
    #[schema(minimum = 1, example = 57)]
    seq: i64,
    /// Its id.
    id: Uuid,
    /// When.
    at: DateTime<Utc>,
    /// Who did it.
    actor: AuditEventActor,
    /// The request that it came with.
    #[schema(example = "0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e")]
    request_id: String,
    /// What happened.
    action: EventAction,
    /// To what.
    subject: InstallationEventSubject,
    /// The state before, where a state changed.
    #[schema(required, example = "active")]
    from: Option<String>,
    /// The state after.
    #[schema(required, example = "disabled")]
    to: Option<String>,
    /// The fields that changed, by name.
    #[schema(value_type = BTreeMap<String, Change>)]
    changes: Value,
}

impl InstallationEvent {
    fn new(row: InstallationEventRow, language: Language) -> Self {
        let user_name = row.user_name.map(|name| name.in_language(language).to_owned());
        let title = user_name.or(row.key_name);
        Self {
            seq: row.seq,
            id: row.id,
            at: row.at,
            actor: AuditEventActor { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
            request_id: row.request_id,
            action: row.action,
            subject: InstallationEventSubject { kind: row.subject_kind, id: row.subject_id, title },
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

/// Read the installation's events
///
/// What happened outside any task force, newest first: users, invitations, sessions, API keys. For the administrator.
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
    let event = |row| InstallationEvent::new(row, context.language());
    response::document(&InstallationEventPage::new(page, |row| row.seq, event))
}
