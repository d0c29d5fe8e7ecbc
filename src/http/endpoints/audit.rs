//! The verification of the event chain, over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use model_mapper::Mapper;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::domain::audit::{Break, ChainBreakReason};
use crate::domain::rights::Action;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::problem::Result;
use crate::http::request::{Read, TaskForcePath};
use crate::http::response;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(verify_audit);
}

/// The first event at which the chain breaks.
#[derive(Debug, Serialize, ToSchema, Mapper)]
#[mapper(from, ty = Break)]
#[serde(rename_all = "camelCase")]
pub(super) struct BrokenEvent {
    /// Sequence number of the event, also of a missing event.
    #[schema(minimum = 1, example = 17)]
    seq: i64,
    /// Id of the event; null if the event is missing or unknown to the head of the chain.
    #[schema(required)]
    event_id: Option<Uuid>,
    /// Kind of the error.
    reason: ChainBreakReason,
}

/// Result of a verification of the event chain.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditVerification {
    /// True if each event, up to the head at the start of the verification, follows the previous event.
    intact: bool,
    /// Number of intact events, counted from the first.
    #[schema(minimum = 0, example = 241)]
    events: i64,
    /// Hash of the head of the chain at that time, in hexadecimal. Compare it with a hash that was noted elsewhere:
    /// whoever can rewrite the whole database can build another intact chain, but not one with the same hash.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "ff44e121014845ba9f060b9dd529b57e3706d9dcbf47ce18d6a7e50bea6c7e46"
    )]
    head_hash: String,
    /// The first broken event; null if the chain is intact.
    #[schema(required)]
    first_broken: Option<BrokenEvent>,
}

/// Verify the event chain
///
/// Recomputes the hashes of all stored events from the first to the head of the chain, and names the first event that
/// breaks the chain. The verification of many events can take seconds; a third verification at the same time is refused
/// with 503.
#[utoipa::path(
    tag = "events",
    params(TaskForcePath),
    responses((status = 200, description = "The result of the verification.", body = AuditVerification)),
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
