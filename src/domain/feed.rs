//! The events that a person is told of.
//!
//! A member is told of everything that happens in the task forces of the member. The council, its secretariat and the
//! administrators follow all task forces: they are told of decisions and progress, not of the daily work, which would hide
//! both.

use super::event::EventAction;
use super::user::UserRole;

/// The actions that the secretariat and the administrators are told of: those of which the council is told, and what the
/// secretariat answers for.
pub const OF_OVERSIGHT: [EventAction; 23] = [
    EventAction::TaskForceCreated,
    EventAction::TaskForceRestored,
    EventAction::TaskForceUpdated,
    EventAction::TaskForceTransitioned,
    EventAction::MemberAppointed,
    EventAction::MemberUpdated,
    EventAction::MemberTransitioned,
    EventAction::MemberEnded,
    EventAction::HealthStated,
    EventAction::StepAnswered,
    EventAction::SubmissionCreated,
    EventAction::SubmissionTransitioned,
    EventAction::WaiverGranted,
    EventAction::WaiverRemoved,
    EventAction::ReportTransitioned,
    EventAction::DecisionRecorded,
    EventAction::CycleOpened,
    EventAction::CycleRemoved,
    EventAction::ConditionCreated,
    EventAction::ConditionUpdated,
    EventAction::ConditionTransitioned,
    EventAction::ShareLinkCreated,
    EventAction::ShareLinkRevoked,
];

/// The actions that the members of the council are told of.
pub const OF_COUNCIL: [EventAction; 12] = [
    EventAction::TaskForceCreated,
    EventAction::TaskForceRestored,
    EventAction::TaskForceTransitioned,
    EventAction::HealthStated,
    EventAction::StepAnswered,
    EventAction::SubmissionTransitioned,
    EventAction::ReportTransitioned,
    EventAction::DecisionRecorded,
    EventAction::CycleOpened,
    EventAction::CycleRemoved,
    EventAction::ConditionCreated,
    EventAction::ConditionTransitioned,
];

/// The events of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedScope {
    /// Everything in the task forces in which the person has a seat.
    Seats,
    /// The given actions in all task forces.
    AllTaskForces(&'static [EventAction]),
}

impl FeedScope {
    /// The feed of a person with this role.
    pub fn of(role: UserRole) -> Self {
        match role {
            UserRole::Expert => Self::Seats,
            UserRole::CouncilMember => Self::AllTaskForces(&OF_COUNCIL),
            UserRole::Secretariat | UserRole::Administrator => Self::AllTaskForces(&OF_OVERSIGHT),
        }
    }

    /// Tells whether the feed has events with this action.
    pub fn has(self, action: EventAction) -> bool {
        match self {
            Self::Seats => true,
            Self::AllTaskForces(actions) => actions.contains(&action),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secretariat_is_told_of_everything_that_the_council_is_told_of() {
        assert!(OF_COUNCIL.iter().all(|action| OF_OVERSIGHT.contains(action)));
        assert!(!FeedScope::of(UserRole::CouncilMember).has(EventAction::CommentCreated));
        assert!(FeedScope::of(UserRole::Expert).has(EventAction::CommentCreated));
    }
}
