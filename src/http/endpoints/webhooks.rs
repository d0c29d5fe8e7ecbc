//! Webhooks over HTTP.

mod deliveries;

use std::borrow::Cow;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use crate::app::{self, App};
use crate::db;
use crate::db::webhooks::WebhookFields;
use crate::domain::event::EventAction;
use crate::domain::reference;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::text::Language;
use crate::domain::webhook::WebhookState;
use crate::http::idempotency;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, PageQuery};
use crate::http::patch::Patch;
use crate::http::problem::Result;
use crate::http::reference::UserReference;
use crate::http::request::{Change, Create, Delete, IfMatch, NoBody, Path, Read, TaskForcePath};
use crate::http::response;
use crate::http::text::PlainLine;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config
        .service(list_webhooks)
        .service(create_webhook)
        .service(get_webhook)
        .service(update_webhook)
        .service(delete_webhook)
        .service(pause_webhook)
        .service(resume_webhook)
        .service(renew_webhook_secret);
    deliveries::operations(config);
}

/// The path of a webhook.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct WebhookPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    task_force_id: Uuid,
    /// The webhook.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000501")]
    webhook_id: Uuid,
}

impl Path for WebhookPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// Actions of events, each at most once.
#[derive(Debug)]
pub(super) struct WebhookActions;

impl PartialSchema for WebhookActions {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new()
            .items(Ref::from_schema_name(EventAction::name()))
            .unique_items(true)
            .max_items(Some(50))
            .description(Some(
                "Only events with these actions are sent; an empty list stands for all events.",
            ))
            .examples([serde_json::json!([
                "submission.created",
                "submission.transitioned",
                "decision.recorded"
            ])])
            .into()
    }
}

impl ToSchema for WebhookActions {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("WebhookActions")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((EventAction::name().into_owned(), EventAction::schema()));
    }
}

/// A new webhook.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewWebhook {
    /// The system that receives the events. The name is shown with the events of the webhook.
    #[schema(value_type = PlainLine)]
    name: String,
    /// Address of the receiver: `https://`, the port 443 or one from 1024 on, without a user name, a password or a fragment. The service sends to hosts on the Internet, and to networks that its operator allows.
    #[schema(min_length = 10, max_length = 2000, example = "https://hooks.city.example/taskforce")]
    url: String,
    /// The actions of the events that are sent. Default: all events.
    #[serde(default)]
    #[schema(value_type = WebhookActions, required = false)]
    actions: Vec<EventAction>,
    /// Language of the sentence in each event. Default: `en`.
    #[serde(default = "english")]
    #[schema(required = false)]
    language: Language,
}

fn english() -> Language {
    Language::English
}

/// A merge patch of [`NewWebhook`].
type WebhookPatch = Patch<NewWebhook>;

impl From<NewWebhook> for WebhookFields {
    fn from(new: NewWebhook) -> Self {
        let NewWebhook { name, url, actions, language } = new;
        Self { name, url, actions, language }
    }
}

impl From<WebhookFields> for NewWebhook {
    fn from(fields: WebhookFields) -> Self {
        let WebhookFields { name, url, actions, language } = fields;
        Self { name, url, actions, language }
    }
}

/// The position from which a webhook continues.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "after": 240 }))]
pub(super) struct WebhookResumption {
    /// Continue with the event after this sequence number: an earlier one to send events again, `lastSeq` to leave out the events that wait. Default: continue where the webhook stopped.
    #[schema(nullable = false, minimum = 0, maximum = 9007199254740991_i64)]
    after: Option<i64>,
}

/// The renewal of the secret of a webhook.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "keepPrevious": true }))]
pub(super) struct WebhookSecretRenewal {
    /// True if messages are signed with the present secret as well for 24 hours, so that the receiver can be changed meanwhile. False ends the present secret at once.
    #[serde(default = "yes")]
    #[schema(default = true, required = false)]
    keep_previous: bool,
}

fn yes() -> bool {
    true
}

/// A webhook, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Webhook {
    /// Unique id.
    id: Uuid,
    /// The system that receives the events.
    #[schema(value_type = PlainLine)]
    name: String,
    /// Address of the receiver.
    #[schema(example = "https://hooks.city.example/taskforce")]
    url: String,
    /// The actions of the events that are sent; empty for all events.
    #[schema(value_type = WebhookActions)]
    actions: Vec<EventAction>,
    /// Language of the sentence in each event.
    language: Language,
    /// Current state. A webhook sends events only while it is `active`.
    state: WebhookState,
    /// The user who is responsible for the webhook: who created, last changed or last resumed it. The webhook is `withheld` while this user has no right to webhooks of the task force. Null if the user has lost the responsibility by a new invitation or as an administrator.
    #[schema(required)]
    responsible: Option<UserReference>,
    /// Sequence number of the last event that is done with: delivered, not among the `actions`, or set aside.
    #[schema(minimum = 0, example = 241)]
    position: i64,
    /// Sequence number of the last event of the task force. Later events than `position` wait.
    #[schema(minimum = 0, example = 241)]
    last_seq: i64,
    /// Number of failed attempts to deliver the event after `position`.
    #[schema(minimum = 0, example = 0)]
    failures: u32,
    /// Time of the first failed attempt since the last success.
    #[schema(required)]
    failing_since: Option<DateTime<Utc>>,
    /// Time of the next attempt, after a failed one.
    #[schema(required)]
    next_attempt_at: Option<DateTime<Utc>>,
    /// Time of the last success.
    #[schema(required)]
    last_delivered_at: Option<DateTime<Utc>>,
    /// Time until which messages are also signed with the secret before the present one.
    #[schema(required)]
    previous_secret_expires_at: Option<DateTime<Utc>>,
    /// Version for `If-Match`; increases with each change by a user, and when the webhook is disabled.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl From<db::webhooks::Webhook> for Webhook {
    fn from(webhook: db::webhooks::Webhook) -> Self {
        let failures = webhook.failures();
        let responsible = webhook.owner_id.zip(webhook.owner_name.clone());
        Self {
            id: webhook.id,
            state: app::webhooks::state(&webhook),
            name: webhook.name,
            url: webhook.url,
            actions: webhook.actions,
            language: webhook.language,
            responsible: responsible.map(|(id, name)| reference::UserReference { id, name }.into()),
            position: webhook.seq,
            last_seq: webhook.last_seq,
            failures: failures.of_event,
            failing_since: failures.since,
            next_attempt_at: webhook.next_attempt_at,
            last_delivered_at: webhook.last_delivered_at,
            previous_secret_expires_at: webhook.previous_secret_expires_at,
            version: webhook.version,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
        }
    }
}

/// A webhook with its secret, which is shown only once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: Webhook,
    /// The secret by which messages are signed (Standard Webhooks). Store it with the receiver: the service shows it only once, and repeated responses omit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "whsec_c2VjcmV0LW9mLWEtd2ViaG9vay1vZi1hLXRhc2stZm9yY2U=")]
    secret: Option<String>,
    /// True if the response contains the secret.
    secret_shown: bool,
}

impl WebhookWithSecret {
    /// The response with the secret, made by `respond`; the one without is for repeated requests.
    fn respond(
        (webhook, secret): (db::webhooks::Webhook, SecretString),
        respond: impl FnOnce(&Self) -> Result<HttpResponse>,
    ) -> Result<HttpResponse> {
        let secret = Some(secret.expose_secret().to_owned());
        let mut body = Self { webhook: webhook.into(), secret, secret_shown: true };
        let response = respond(&body)?;
        (body.secret_shown, body.secret) = (false, None);
        idempotency::with_one_time_secret(response, &body)
    }
}

/// A page of webhooks.
type WebhookPage = Page<Webhook>;

impl ListItem for Webhook {
    const PAGE_NAME: &'static str = "WebhookPage";
    const PAGE_DESCRIPTION: &'static str = "A page of webhooks.";
}

/// List webhooks
///
/// The webhooks of the task force, oldest first.
#[utoipa::path(
    tag = "webhooks",
    params(TaskForcePath, PageQuery),
    responses((status = 200, description = "A page of webhooks.", body = WebhookPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ManageWebhooks).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/task-forces/{taskForceId}/webhooks")]
async fn list_webhooks(app: Data<App>, read: Read<TaskForcePath, PageQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let after = paging.after()?;
    let page = app.webhooks_list(&context.caller, context.path.task_force_id, after, paging.window()).await?;
    response::document(&WebhookPage::new(&paging, page, |webhook| webhook.id, Webhook::from))
}

/// Create a webhook
///
/// Creates a webhook, which sends the events of the task force to another system, beginning with the event of its own
/// creation. [The guide](/docs/webhooks) describes the messages, their signatures, and what follows from failed
/// deliveries. The answer holds the secret this once.
///
/// You are responsible for the webhook until another person changes or resumes it: while you are disabled or have no right
/// to webhooks of the task force, the webhook is withheld. A task force has at most 10 webhooks.
#[utoipa::path(
    tag = "webhooks",
    params(TaskForcePath),
    request_body = NewWebhook,
    responses((status = 201, description = "The webhook and its secret.", body = WebhookWithSecret, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ManageWebhooks).refuses([RefusalCode::TooManyItems]))))
)]
#[post("/v1/task-forces/{taskForceId}/webhooks")]
async fn create_webhook(app: Data<App>, create: Create<TaskForcePath, NewWebhook>) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let id = context.path.task_force_id;
    let made = app.webhook_create(&context.caller, id, body.into()).await?;
    WebhookWithSecret::respond(made, |body| {
        let location = format!("/v1/task-forces/{id}/webhooks/{}", body.webhook.id);
        response::created(&location, body.webhook.version, body)
    })
}

/// Get a webhook
///
/// A webhook with its place among the events and its failures.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookPath),
    responses((status = 200, description = "The webhook.", body = Webhook, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ManageWebhooks).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/task-forces/{taskForceId}/webhooks/{webhookId}")]
async fn get_webhook(app: Data<App>, read: Read<WebhookPath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let WebhookPath { task_force_id, webhook_id } = context.path;
    single(app.webhook_get(&context.caller, task_force_id, webhook_id).await?)
}

fn single(webhook: db::webhooks::Webhook) -> Result<HttpResponse> {
    let webhook = Webhook::from(webhook);
    response::single(webhook.version, &webhook)
}

/// Update a webhook
///
/// Changes name, address or actions of a webhook, in every state. You are responsible for the webhook from then on. With
/// another address, failures are forgotten.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookPath, IfMatch),
    request_body(content = WebhookPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The webhook after the change.", body = Webhook, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ManageWebhooks))))
)]
#[patch("/v1/task-forces/{taskForceId}/webhooks/{webhookId}")]
async fn update_webhook(app: Data<App>, change: Change<WebhookPath, WebhookPatch>) -> Result<HttpResponse> {
    let Change { context, version, body, .. } = change;
    let WebhookPath { task_force_id, webhook_id } = context.path;
    let patch = |fields: WebhookFields| Ok(body.apply(&fields.into())?.into());
    single(app.webhook_update(&context.caller, task_force_id, webhook_id, version, patch).await?)
}

/// Delete a webhook
///
/// Deletes a webhook, its secrets and its deliveries.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookPath, IfMatch),
    responses((status = 204, description = "The resource is deleted.")),
    extensions(("x-problem-codes" = json!(requires(Action::ManageWebhooks))))
)]
#[delete("/v1/task-forces/{taskForceId}/webhooks/{webhookId}")]
async fn delete_webhook(app: Data<App>, remove: Delete<WebhookPath>) -> Result<HttpResponse> {
    let Delete { context, version } = remove;
    let WebhookPath { task_force_id, webhook_id } = context.path;
    app.webhook_delete(&context.caller, task_force_id, webhook_id, version).await?;
    Ok(response::done())
}

/// Pause a webhook
///
/// Stops the deliveries of a webhook at once. The webhook keeps its place among the events, so that no event is lost. A
/// webhook that delivers nothing anyway stays as it is. `If-Match` is not needed.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookPath),
    responses((status = 200, description = "The webhook.", body = Webhook, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ManageWebhooks))))
)]
#[post("/v1/task-forces/{taskForceId}/webhooks/{webhookId}/pause")]
async fn pause_webhook(app: Data<App>, request: NoBody<WebhookPath>) -> Result<HttpResponse> {
    let NoBody { context } = request;
    let WebhookPath { task_force_id, webhook_id } = context.path;
    single(app.webhook_pause(&context.caller, task_force_id, webhook_id).await?)
}

/// Resume a webhook
///
/// Lets a webhook that is paused, disabled or withheld deliver again, where it stopped or after another event; an active
/// one is attempted at once, or sends events again from the place that is named. Events that are sent again have the same
/// `webhook-id`. You are responsible for the webhook from then on. `If-Match` is not needed.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookPath),
    request_body = WebhookResumption,
    responses((status = 200, description = "The webhook.", body = Webhook, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ManageWebhooks))))
)]
#[post("/v1/task-forces/{taskForceId}/webhooks/{webhookId}/resume")]
async fn resume_webhook(
    app: Data<App>,
    create: Create<WebhookPath, WebhookResumption>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let WebhookPath { task_force_id, webhook_id } = context.path;
    single(app.webhook_resume(&context.caller, task_force_id, webhook_id, body.after).await?)
}

/// Renew the secret of a webhook
///
/// Gives a webhook another secret. For 24 hours, messages have two signatures, one by each secret, unless `keepPrevious` is
/// false. While two secrets are valid, the next renewal must end both at once. The answer holds the secret this once.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookPath),
    request_body = WebhookSecretRenewal,
    responses((status = 200, description = "The webhook and its new secret.", body = WebhookWithSecret, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ManageWebhooks).refuses([RefusalCode::TooManyItems]))))
)]
#[post("/v1/task-forces/{taskForceId}/webhooks/{webhookId}/secret")]
async fn renew_webhook_secret(
    app: Data<App>,
    create: Create<WebhookPath, WebhookSecretRenewal>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let WebhookPath { task_force_id, webhook_id } = context.path;
    let renewed =
        app.webhook_secret_renew(&context.caller, task_force_id, webhook_id, body.keep_previous).await?;
    WebhookWithSecret::respond(renewed, |body| response::single(body.webhook.version, body))
}
