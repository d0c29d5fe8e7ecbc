//! Roles, actions, and the table of rights, which the tests print as a golden file.

use uuid::Uuid;

use super::refusal::RefusalCode;
use super::user::CouncilRole;

vocabulary! {
    /// A seat in a task force.
    pub enum SeatRole in "seatRoles" {
        Chair = "chair", "Chair", "رئيس الفريق";
        Expert = "expert", "Expert", "خبير";
    }
}

vocabulary! {
    /// What an API key lets its holder do.
    pub enum KeyScope in "keyScopes" {
        Read = "read", "Read", "القراءة";
        Write = "write", "Read and change", "القراءة والتعديل";
    }
}

/// The role of a user in a task force; outside a task force, the role in the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectiveRole {
    /// An administrator of the installation.
    Administrator,
    /// A member of the council's secretariat.
    Secretariat,
    /// A member of the council.
    CouncilMember,
    /// The chair of the task force.
    Chair,
    /// The holder of another seat in the task force.
    Member,
    /// An expert without a current seat in the task force.
    Outsider,
}

impl EffectiveRole {
    /// Every role, in the order of the rights table.
    pub const ALL: [Self; 6] = [
        Self::Administrator,
        Self::Secretariat,
        Self::CouncilMember,
        Self::Chair,
        Self::Member,
        Self::Outsider,
    ];

    /// The role of a user with this role in the council and this current seat in the task force.
    pub fn of(role: CouncilRole, seat: Option<SeatRole>) -> Self {
        match (role, seat) {
            (CouncilRole::Administrator, _) => Self::Administrator,
            (CouncilRole::Secretariat, _) => Self::Secretariat,
            (CouncilRole::CouncilMember, _) => Self::CouncilMember,
            (CouncilRole::Expert, Some(SeatRole::Chair)) => Self::Chair,
            (CouncilRole::Expert, Some(SeatRole::Expert)) => Self::Member,
            (CouncilRole::Expert, None) => Self::Outsider,
        }
    }
}

/// An entry of the rights table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Invite, change, disable and enable users; see all of them.
    ManageUsers,
    /// Find users by name, to name them members.
    LookUpUsers,
    /// Create a task force with its first members.
    CreateTaskForce,
    /// Read the portfolio: every task force's status.
    ReadPortfolio,
    /// Read everything in a task force.
    ReadTaskForce,
    /// Change the task force's fields and target dates; appoint, change, end and replace members.
    EditTaskForce,
    /// Activate, suspend, resume, dissolve.
    DirectTaskForce,
    /// Work: products of the steps, activities, dependencies, comments, evidence about them.
    Work,
    /// Keep the record: evidence about the task force, a submission, a report or a decision.
    KeepRecord,
    /// Submit or withdraw a step, waive a criterion, build a report, state the health.
    Lead,
    /// Vote on a submission.
    Vote,
    /// Record the council's decision.
    RecordDecision,
    /// Report a condition met; accept, return or waive it. The transitions of a condition say which role may do which.
    FollowCondition,
    /// Read the council's register of decisions.
    ReadRegister,
    /// Read what happened outside any task force.
    ReadInstallationEvents,
}

impl Action {
    /// Every action, in the order of the rights table.
    pub const ALL: [Self; 15] = [
        Self::ManageUsers,
        Self::LookUpUsers,
        Self::CreateTaskForce,
        Self::ReadPortfolio,
        Self::ReadTaskForce,
        Self::EditTaskForce,
        Self::DirectTaskForce,
        Self::Work,
        Self::KeepRecord,
        Self::Lead,
        Self::Vote,
        Self::RecordDecision,
        Self::FollowCondition,
        Self::ReadRegister,
        Self::ReadInstallationEvents,
    ];
}

/// The answer to the question whether a caller may perform an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    Allowed,
    /// The caller can see the resource but may not perform the action: 403.
    Forbidden,
    /// The caller may perform the action, but not with this credential: 403.
    OutOfScope,
    /// The caller may not know that the resource exists: 404.
    Hidden,
}

impl Authorization {
    /// The code with which the action is refused.
    pub fn refusal(self) -> Option<RefusalCode> {
        match self {
            Self::Allowed => None,
            Self::OutOfScope => Some(RefusalCode::InsufficientScope),
            Self::Forbidden => Some(RefusalCode::Forbidden),
            Self::Hidden => Some(RefusalCode::NotFound),
        }
    }

    /// The obstacle that a missing right is to a caller who can see the resource.
    pub fn missing_right(self) -> Option<RefusalCode> {
        match self {
            Self::Allowed => None,
            Self::OutOfScope => Some(RefusalCode::InsufficientScope),
            Self::Forbidden | Self::Hidden => Some(RefusalCode::Forbidden),
        }
    }
}

/// Decides whether a role may perform an action.
///
/// For an outsider, the resources of a task force do not exist. Actions on the installation are refused openly.
pub fn authorize(effective_role: EffectiveRole, action: Action) -> Authorization {
    use EffectiveRole::{Administrator, Chair, CouncilMember, Member, Outsider, Secretariat};

    let allowed = match action {
        Action::ManageUsers | Action::CreateTaskForce => {
            matches!(effective_role, Administrator | Secretariat)
        }
        Action::LookUpUsers => matches!(effective_role, Administrator | Secretariat | Chair),
        Action::ReadPortfolio | Action::ReadRegister => {
            matches!(effective_role, Administrator | Secretariat | CouncilMember)
        }
        Action::ReadInstallationEvents => effective_role == Administrator,
        Action::ReadTaskForce => effective_role != Outsider,
        Action::EditTaskForce => matches!(effective_role, Administrator | Secretariat | Chair),
        Action::DirectTaskForce | Action::RecordDecision => effective_role == Secretariat,
        Action::Work | Action::Vote => matches!(effective_role, Chair | Member),
        Action::KeepRecord => matches!(effective_role, Secretariat | Chair | Member),
        Action::FollowCondition => matches!(effective_role, Secretariat | Chair),
        Action::Lead => effective_role == Chair,
    };
    let within_a_task_force = matches!(
        action,
        Action::ReadTaskForce
            | Action::EditTaskForce
            | Action::DirectTaskForce
            | Action::Work
            | Action::KeepRecord
            | Action::Lead
            | Action::Vote
            | Action::RecordDecision
            | Action::FollowCondition
    );
    match (allowed, effective_role) {
        (true, _) => Authorization::Allowed,
        (false, Outsider) if within_a_task_force => Authorization::Hidden,
        (false, _) => Authorization::Forbidden,
    }
}

/// Every code that an action is refused with, over all roles.
pub fn refusals(action: Action) -> impl Iterator<Item = RefusalCode> {
    EffectiveRole::ALL.into_iter().filter_map(move |role| authorize(role, action).refusal())
}

impl Action {
    /// Tells whether the action changes nothing.
    pub fn is_read(self) -> bool {
        matches!(
            self,
            Self::LookUpUsers
                | Self::ReadPortfolio
                | Self::ReadTaskForce
                | Self::ReadRegister
                | Self::ReadInstallationEvents
        )
    }
}

/// The scope of a credential. A session has the rights of its user; an API key has fewer, never more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// True if the credential is a person's session, not an API key.
    pub is_interactive: bool,
    /// True if the credential is good for changes.
    pub can_write: bool,
    /// The only task force that the credential is good for. With it, nothing of the installation is accessible.
    pub only_task_force: Option<Uuid>,
}

impl Scope {
    /// All rights of the user.
    pub const FULL: Self = Self { is_interactive: true, can_write: true, only_task_force: None };

    /// Tells whether the credential is good for this task force.
    pub fn covers(self, task_force_id: Uuid) -> bool {
        self.only_task_force.is_none_or(|only| only == task_force_id)
    }

    /// Tells whether the credential is good for this action. No API key manages users: an invitation, a role or a changed
    /// address would outlive the key.
    pub fn is_enough_for(self, action: Action) -> bool {
        (self.can_write || action.is_read()) && (self.is_interactive || action != Action::ManageUsers)
    }
}

/// Tells whether a role may see and change a user of another role. The secretariat does not manage administrators.
pub fn may_manage(manager: EffectiveRole, managed: CouncilRole) -> bool {
    match manager {
        EffectiveRole::Administrator => true,
        EffectiveRole::Secretariat => managed != CouncilRole::Administrator,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_wider_than_its_owner() {
        let (own, other) = (Uuid::now_v7(), Uuid::now_v7());
        let reader = Scope { is_interactive: false, can_write: false, only_task_force: Some(own) };
        let writer = Scope { can_write: true, ..reader };
        assert!(reader.covers(own) && !reader.covers(other));
        for action in Action::ALL {
            assert!(Scope::FULL.is_enough_for(action));
            assert_eq!(reader.is_enough_for(action), action.is_read());
            assert_eq!(writer.is_enough_for(action), action != Action::ManageUsers);
        }
        assert!(
            Action::ReadTaskForce.is_read() && !Action::Work.is_read() && !Action::FollowCondition.is_read()
        );
    }
}
