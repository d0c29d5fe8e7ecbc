//! Violated constraints of the schema, as refusals of the request that violated them.
//!
//! Use cases check first, under the lock. This table is for races that only the database can see, and for checks that
//! a use case has left out. A check or unique constraint that is not listed here is an error of the service; a foreign
//! key that is not listed has the general meaning of foreign keys ([`refusal_of_foreign_key`]).

use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};

/// The refusal for a constraint with a meaning of its own.
pub(super) fn refusal_of_constraint(name: &str) -> Option<Refusal> {
    Some(match name {
        "panel_of_five_to_seven" => RefusalCode::PanelSize.into(),
        "panel_has_one_chair" | "members_one_chair" => RefusalCode::ChairRequired.into(),
        "members_one_seat_per_user" => RefusalCode::AlreadyMember.into(),
        "task_forces_time_zone_is_known" => unknown_time_zone(),
        "users_email_folded_key" => RefusalCode::EmailTaken.into(),
        "activities_assignee_is_a_member" => Refusal::unknown_reference("/assigneeId"),
        _ => return None,
    })
}

/// The refusal for any other foreign key, told from the two messages of Postgres. A delete meets a row that still refers
/// to the deleted one, through a table that `db/references.rs` does not list. An insert or update refers to a row
/// that is not there; the request's field is unknown here, so that no pointer names it.
pub(super) fn refusal_of_foreign_key(message: &str) -> Refusal {
    if message.starts_with("update or delete on table") {
        RefusalCode::StillReferenced.into()
    } else {
        RefusalCode::UnknownReference.into()
    }
}

/// A time zone that the service or Postgres does not know.
fn unknown_time_zone() -> Refusal {
    Refusal::field_errors(RefusalCode::InvalidRequest, vec![time_zone_error()])
}

/// The error for an unknown time zone, as one of several errors of a request.
pub(super) fn time_zone_error() -> FieldError {
    FieldError::at("/timeZone", FieldErrorCode::NotAllowed).saying(
        "is not an IANA time zone such as Asia/Amman",
        "ليست منطقة زمنية من قائمة IANA، مثل Asia/Amman",
    )
}
