//! What a violated constraint of the schema means to the person whose request violated it.
//!
//! Use cases check first, under the lock; this table speaks for the backstops, and for races that only the
//! database can see. A constraint that isn't here is a fault of the service.

use crate::domain::refusal::{Refusal, RefusalCode};

/// The refusal that a constraint stands for.
pub(super) fn refusal_of_constraint(name: &str) -> Option<Refusal> {
    Some(match name {
        "panel_of_five_to_seven" => RefusalCode::PanelSize.into(),
        "panel_has_one_chair" | "members_one_chair" => RefusalCode::ChairRequired.into(),
        "members_one_seat_per_user" => RefusalCode::AlreadyMember.into(),
        "task_forces_time_zone_is_known" => super::task_forces::unknown_time_zone(),
        "users_email_key" => RefusalCode::EmailTaken.into(),
        "activities_assignee_is_a_member" => Refusal::unknown_reference("/assigneeMemberId"),
        "activity_dependencies_on_an_activity" => RefusalCode::StillReferenced.into(),
        _ => return None,
    })
}
