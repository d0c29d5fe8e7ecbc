//! The deliveries of a webhook over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::WebhookPath;
use crate::app::App;
use crate::db;
use crate::domain::event::EventAction;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::webhook::{DeliveryError, DeliveryOutcome};
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, page_query};
use crate::http::problem::Result;
use crate::http::request::{Create, Path, Read};
use crate::http::response;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_webhook_deliveries).service(create_webhook_delivery).service(get_webhook_delivery);
}

/// The path of a delivery.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct WebhookDeliveryPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    task_force_id: Uuid,
    /// The webhook.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000501")]
    webhook_id: Uuid,
    /// The delivery.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000502")]
    delivery_id: Uuid,
}

impl Path for WebhookDeliveryPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A delivery to be attempted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "eventSeq": 241 }))]
pub(super) struct NewWebhookDelivery {
    /// Sequence number of the event to be sent again. Default: a test message is sent.
    #[schema(nullable = false, minimum = 1, maximum = 9007199254740991_i64)]
    event_seq: Option<i64>,
}

/// An attempt to deliver an event or a test message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebhookDelivery {
    /// Unique id. In a test, the `webhook-id` of the message.
    id: Uuid,
    /// Id of the event, which is the `webhook-id` of the message; null for a test.
    #[schema(required)]
    event_id: Option<Uuid>,
    /// Sequence number of the event; null for a test.
    #[schema(required, minimum = 1, example = 241)]
    event_seq: Option<i64>,
    /// Action of the event; null for a test.
    #[schema(required)]
    action: Option<EventAction>,
    /// Outcome.
    outcome: DeliveryOutcome,
    /// Number of the attempt to deliver the event. A delivery that was requested is attempted once.
    #[schema(minimum = 1, example = 1)]
    attempt: i32,
    /// HTTP status of the answer, if there was one.
    #[schema(required, minimum = 100, maximum = 999, example = 204)]
    status: Option<i32>,
    /// Reason of the failure.
    #[schema(required)]
    error: Option<DeliveryError>,
    /// Duration of the attempt in milliseconds.
    #[schema(required, minimum = 0, example = 83)]
    milliseconds: Option<i32>,
    /// Time of the request, or of the attempt.
    created_at: DateTime<Utc>,
    /// Time of the outcome.
    #[schema(required)]
    finished_at: Option<DateTime<Utc>>,
}

impl From<db::webhooks::deliveries::Delivery> for WebhookDelivery {
    fn from(delivery: db::webhooks::deliveries::Delivery) -> Self {
        Self {
            id: delivery.id,
            event_id: delivery.event_id,
            event_seq: delivery.event_seq,
            action: delivery.action,
            outcome: delivery.outcome,
            attempt: delivery.attempt,
            status: delivery.status,
            error: delivery.error,
            milliseconds: delivery.milliseconds,
            created_at: delivery.created_at,
            finished_at: delivery.finished_at,
        }
    }
}

/// A page of deliveries.
type WebhookDeliveryPage = Page<WebhookDelivery>;

impl ListItem for WebhookDelivery {
    const PAGE_NAME: &'static str = "WebhookDeliveryPage";
    const PAGE_DESCRIPTION: &'static str = "A page of deliveries.";
}

page_query! {
    /// The query parameters of the list of deliveries.
    WebhookDeliveryQuery {
        /// Only deliveries with these outcomes: `outcome` several times, or once with commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 4)]
        outcome: Option<Vec<DeliveryOutcome>>,
    }
}

/// List the deliveries of a webhook
///
/// The attempts of a webhook, newest first: the last 200, and beside them the last 200 events that were set aside. Events
/// that were set aside can be sent again.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookPath, WebhookDeliveryQuery),
    responses((status = 200, description = "A page of deliveries.", body = WebhookDeliveryPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ManageWebhooks).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/task-forces/{taskForceId}/webhooks/{webhookId}/deliveries")]
async fn list_webhook_deliveries(
    app: Data<App>,
    read: Read<WebhookPath, WebhookDeliveryQuery>,
) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let before = paging.after()?;
    let WebhookPath { task_force_id, webhook_id } = context.path;
    let outcomes = query.outcome.unwrap_or_default();
    let page = app
        .webhook_deliveries_list(
            &context.caller,
            task_force_id,
            webhook_id,
            &outcomes,
            before,
            paging.window(),
        )
        .await?;
    response::document(&WebhookDeliveryPage::new(
        &paging,
        page,
        |delivery| delivery.number,
        WebhookDelivery::from,
    ))
}

/// Send an event again, or a test
///
/// Requests one attempt to deliver an event, or a test message of the type `webhook.test`. The attempt is made soon after,
/// outside the order of the events, and in every state of the webhook but `withheld`: a receiver can be tried before its
/// webhook is resumed. The outcome is that of the delivery.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookPath),
    request_body = NewWebhookDelivery,
    responses((status = 201, description = "The delivery, which is pending.", body = WebhookDelivery, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ManageWebhooks).refuses([
        RefusalCode::UnknownReference, RefusalCode::TooManyItems,
    ]))))
)]
#[post("/v1/task-forces/{taskForceId}/webhooks/{webhookId}/deliveries")]
async fn create_webhook_delivery(
    app: Data<App>,
    create: Create<WebhookPath, NewWebhookDelivery>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let WebhookPath { task_force_id, webhook_id } = context.path;
    let delivery =
        app.webhook_delivery_request(&context.caller, task_force_id, webhook_id, body.event_seq).await?;
    let location =
        format!("/v1/task-forces/{task_force_id}/webhooks/{webhook_id}/deliveries/{}", delivery.id);
    // A delivery changes only by its outcome, which no request sets, so there is one version of it.
    response::created(&location, 1, &WebhookDelivery::from(delivery))
}

/// Get a delivery of a webhook
///
/// One attempt, or a delivery that was requested and its outcome.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookDeliveryPath),
    responses((status = 200, description = "The delivery.", body = WebhookDelivery, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ManageWebhooks).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/task-forces/{taskForceId}/webhooks/{webhookId}/deliveries/{deliveryId}")]
async fn get_webhook_delivery(app: Data<App>, read: Read<WebhookDeliveryPath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let WebhookDeliveryPath { task_force_id, webhook_id, delivery_id } = context.path;
    let delivery = app.webhook_delivery_get(&context.caller, task_force_id, webhook_id, delivery_id).await?;
    response::single(1, &WebhookDelivery::from(delivery))
}
