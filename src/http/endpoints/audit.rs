//! The verification of what happened, over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use model_mapper::Mapper;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::domain::audit::{Break, ChainBreakReason};
use crate::domain::rights::Action;
use crate::http::operation_problems::requires;
use crate::http::problem::Result;
use crate::http::request::{Read, TaskForcePath};
use crate::http::response;

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    config.service(verify_audit);
}

/// The first event at which the chain breaks.
#[derive(Debug, Serialize, ToSchema, Mapper)]
#[mapper(from, ty = Break)]
#[serde(rename_all = "camelCase")]
pub(super) struct BrokenEvent {
    /// Its sequence number; of a missing event, the one that it should have.
    #[schema(minimum = 1, example = 17)]
    seq: i64,
    /// Its id; null where the event is missing, or unknown to the head.
    #[schema(required)]
    event_id: Option<Uuid>,
    /// What is wrong with it.
    reason: ChainBreakReason,
}

/// What became of the chain when it was walked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditVerification {
    /// Whether every event, up to the head as it stood when the walk began, follows the one before.
    intact: bool,
    /// How many events hold, from the first on.
    #[schema(minimum = 0, example = 241)]
    events: i64,
    /// The hash that the head had then, in hexadecimal. Compare it with one that you noted elsewhere: somebody who can write the whole database anew can make another chain that is intact, but not one with the same hash.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "ff44e121014845ba9f060b9dd529b57e3706d9dcbf47ce18d6a7e50bea6c7e46"
    )]
    head_hash: String,
    /// Where it breaks first; null where it is intact.
    #[schema(required)]
    first_broken: Option<BrokenEvent>,
}

/// Verify the events
///
/// Walks the chain of events from the first to the head, hashing the text of each as it is stored, and names the first that breaks. It may take some seconds where there are many; while two walks are under way, a third is refused with 503.
#[utoipa::path(
    tag = "events",
    params(TaskForcePath),
    responses((status = 200, description = "What became of the chain.", body = AuditVerification)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/audit/verification")]
async fn verify_audit(app: Data<App>, read: Read<TaskForcePath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let verification = app.audit_verification(&context.caller, context.path.task_force_id).await?;
    response::document(&AuditVerification {
        intact: verification.first_broken.is_none(),
        events: verification.events,
        head_hash: verification.head_hash,
        first_broken: verification.first_broken.map(BrokenEvent::from),
    })
}
