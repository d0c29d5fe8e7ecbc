//! Roles, actions, and the table of rights, which the tests print as a golden file.

use uuid::Uuid;

use super::refusal::RefusalCode;
pub use super::role::EffectiveRole;
use super::user::UserRole;
use super::vocabulary::Vocabulary as _;

vocabulary! {
    /// A seat in a task force.
    pub enum SeatRole {
        Chair = "chair", "Chair", "رئيس الفريق";
        Expert = "expert", "Expert", "خبير";
    }
}

vocabulary! {
    /// Scope of an API key.
    pub enum KeyScope {
        Read = "read", "Read", "القراءة";
        Write = "write", "Read and change", "القراءة والتعديل";
    }
}

impl EffectiveRole {
    /// The role of a user with this role in the council and this current seat in the task force.
    pub fn of(role: UserRole, seat: Option<SeatRole>) -> Self {
        match (role, seat) {
            (UserRole::Administrator, _) => Self::Administrator,
            (UserRole::Secretariat, _) => Self::Secretariat,
            (UserRole::CouncilMember, _) => Self::CouncilMember,
            (UserRole::Expert, Some(SeatRole::Chair)) => Self::Chair,
            (UserRole::Expert, Some(SeatRole::Expert)) => Self::Member,
            (UserRole::Expert, None) => Self::Outsider,
        }
    }
}

/// An entry of the rights table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, strum::VariantArray)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Invite, change, disable and enable users; see all of them.
    ManageUsers,
    /// Find users by name, to name them members.
    LookUpUsers,
    /// Read one user.
    ReadUser,
    /// Read the own account: tasks, activities, task forces.
    ReadOwnAccount,
    /// Change the own account, and see and create what signs in to it: password, sessions, API keys.
    ChangeOwnAccount,
    /// End a session.
    EndSession,
    /// Revoke an API key.
    RevokeKey,
    /// Revoke a link to a calendar of one's own.
    RevokeCalendarLink,
    /// Create a task force with its first members.
    CreateTaskForce,
    /// Read the portfolio: every task force's status.
    ReadPortfolio,
    /// Read what is and was before the council: all reports, decisions and conditions.
    ReadRegister,
    /// Read what happened outside any task force.
    ReadInstallationEvents,
    /// Read everything in a task force.
    ReadTaskForce,
    /// Change the task force's fields and target dates; appoint, change, end and replace members.
    EditTaskForce,
    /// Activate, suspend, resume, dissolve.
    DirectTaskForce,
    /// Work: products of the steps, activities, dependencies, new comments.
    Work,
    /// Switch off the review of an activity.
    DropReview,
    /// Change the text of a comment.
    EditComment,
    /// Delete a comment.
    DeleteComment,
    /// Add, change and delete evidence about work.
    ProveWork,
    /// Keep the record: add evidence about the task force, a submission, a report or a decision.
    KeepRecord,
    /// Change and delete evidence of the record, which others may have added.
    ChangeRecord,
    /// Remove the file of any evidence for a reason, also of evidence that nobody can change any more.
    RemoveFile,
    /// Submit or withdraw a step, waive a criterion, build a report, state the health.
    Lead,
    /// Vote on a submission.
    Vote,
    /// Record the council's decision.
    RecordDecision,
    /// Move a condition of the council to any state.
    FollowCondition,
    /// Report a condition met.
    ReportCondition,
    /// Accept, return or waive a condition.
    SettleCondition,
    /// Let people without an account read a page of the task force: make, see and revoke its share links.
    ShareTaskForce,
    /// The same for the portfolio.
    SharePortfolio,
    /// Send the events of the task force to other systems: make, see, change and delete its webhooks.
    ManageWebhooks,
}

impl Action {
    /// Every action, in the order of the rights table.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Tells whether the action concerns one task force, whose resources do not exist for an outsider.
    pub fn is_within_a_task_force(self) -> bool {
        match self {
            Self::ManageUsers
            | Self::LookUpUsers
            | Self::ReadUser
            | Self::ReadOwnAccount
            | Self::ChangeOwnAccount
            | Self::EndSession
            | Self::RevokeKey
            | Self::RevokeCalendarLink
            | Self::CreateTaskForce
            | Self::ReadPortfolio
            | Self::ReadRegister
            | Self::ReadInstallationEvents
            | Self::SharePortfolio => false,
            Self::ReadTaskForce
            | Self::EditTaskForce
            | Self::DirectTaskForce
            | Self::Work
            | Self::DropReview
            | Self::EditComment
            | Self::DeleteComment
            | Self::ProveWork
            | Self::KeepRecord
            | Self::ChangeRecord
            | Self::RemoveFile
            | Self::Lead
            | Self::Vote
            | Self::RecordDecision
            | Self::FollowCondition
            | Self::ReportCondition
            | Self::SettleCondition
            | Self::ShareTaskForce
            | Self::ManageWebhooks => true,
        }
    }

    /// Tells whether the action changes nothing.
    pub fn is_read(self) -> bool {
        matches!(
            self,
            Self::LookUpUsers
                | Self::ReadUser
                | Self::ReadOwnAccount
                | Self::ReadPortfolio
                | Self::ReadTaskForce
                | Self::ReadRegister
                | Self::ReadInstallationEvents
        )
    }

    /// Tells whether the action needs a person's session. No API key manages users: an invitation, a role or a changed
    /// address would outlive the key, and so would a share link or a webhook. No API key manages sessions, keys or the password of its
    /// owner: otherwise the finder of one key could take over the account.
    pub fn needs_person(self) -> bool {
        matches!(
            self,
            Self::ManageUsers
                | Self::ChangeOwnAccount
                | Self::EndSession
                | Self::RevokeKey
                | Self::RevokeCalendarLink
                | Self::ShareTaskForce
                | Self::SharePortfolio
                | Self::ManageWebhooks
        )
    }
}

/// The answer to the question whether a caller may perform an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    Allowed,
    /// The caller may perform the action on what is their own: [`Authorization::over`].
    OwnOnly,
    /// The caller can see the resource but may not perform the action: 403.
    Forbidden,
    /// The caller may perform the action, but not with this credential: 403.
    OutOfScope,
    /// The caller may not know that the resource exists: 404.
    Hidden,
}

impl Authorization {
    /// The code with which the action is refused on every resource.
    pub fn refusal(self) -> Option<RefusalCode> {
        match self {
            Self::Allowed | Self::OwnOnly => None,
            Self::OutOfScope => Some(RefusalCode::InsufficientScope),
            Self::Forbidden => Some(RefusalCode::Forbidden),
            Self::Hidden => Some(RefusalCode::NotFound),
        }
    }

    /// The obstacle that a missing right is to a caller who can see the resource.
    pub fn missing_right(self) -> Option<RefusalCode> {
        match self {
            Self::Allowed | Self::OwnOnly => None,
            Self::OutOfScope => Some(RefusalCode::InsufficientScope),
            Self::Forbidden | Self::Hidden => Some(RefusalCode::Forbidden),
        }
    }

    /// The answer for one resource, which is the caller's own or not. In a task force the caller can see the resources
    /// of others; outside, they do not exist for the caller.
    pub fn over(self, is_own: bool, action: Action) -> Self {
        match self {
            Self::OwnOnly if is_own => Self::Allowed,
            Self::OwnOnly if action.is_within_a_task_force() => Self::Forbidden,
            Self::OwnOnly => Self::Hidden,
            decided => decided,
        }
    }
}

/// Decides whether a role may perform an action.
///
/// For an outsider, the resources of a task force do not exist. Actions on the installation are refused openly.
pub fn authorize(effective_role: EffectiveRole, action: Action) -> Authorization {
    use EffectiveRole::{Administrator, Chair, CouncilMember, Member, Outsider, Secretariat};

    let allowed = match action {
        Action::ReadOwnAccount | Action::ChangeOwnAccount => true,
        Action::ManageUsers | Action::CreateTaskForce | Action::ReadUser => {
            matches!(effective_role, Administrator | Secretariat)
        }
        Action::LookUpUsers => matches!(effective_role, Administrator | Secretariat | Chair),
        Action::ReadPortfolio | Action::ReadRegister => {
            matches!(effective_role, Administrator | Secretariat | CouncilMember)
        }
        Action::ReadInstallationEvents | Action::RevokeKey => effective_role == Administrator,
        Action::ReadTaskForce => effective_role != Outsider,
        Action::EditTaskForce | Action::ShareTaskForce | Action::ManageWebhooks => {
            matches!(effective_role, Administrator | Secretariat | Chair)
        }
        Action::DirectTaskForce
        | Action::RemoveFile
        | Action::RecordDecision
        | Action::SettleCondition
        | Action::SharePortfolio => effective_role == Secretariat,
        Action::Work | Action::ProveWork | Action::Vote => matches!(effective_role, Chair | Member),
        Action::KeepRecord => matches!(effective_role, Secretariat | Chair | Member),
        Action::ChangeRecord | Action::FollowCondition => matches!(effective_role, Secretariat | Chair),
        Action::Lead | Action::DropReview | Action::DeleteComment | Action::ReportCondition => {
            effective_role == Chair
        }
        Action::EditComment | Action::EndSession | Action::RevokeCalendarLink => false,
    };
    let own_only = match action {
        Action::ReadUser | Action::RevokeKey | Action::RevokeCalendarLink | Action::EndSession => true,
        Action::EditComment | Action::DeleteComment | Action::ChangeRecord => {
            matches!(effective_role, Chair | Member)
        }
        _ => false,
    };
    match effective_role {
        _ if allowed => Authorization::Allowed,
        _ if own_only => Authorization::OwnOnly,
        Outsider if action.is_within_a_task_force() => Authorization::Hidden,
        _ => Authorization::Forbidden,
    }
}

/// Every code that an action is refused with, over all roles and over resources of the caller and of others.
pub fn refusals(action: Action) -> impl Iterator<Item = RefusalCode> {
    let of_all = EffectiveRole::ALL.iter().map(move |role| authorize(*role, action));
    of_all.flat_map(move |answer| [answer.refusal(), answer.over(false, action).refusal()]).flatten()
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

    /// Tells whether the credential is good for this action.
    pub fn is_enough_for(self, action: Action) -> bool {
        (self.can_write || action.is_read()) && (self.is_interactive || !action.needs_person())
    }
}

/// Tells whether a role may see and change a user of another role. The secretariat does not manage administrators.
pub fn may_manage(manager: EffectiveRole, managed: UserRole) -> bool {
    match manager {
        EffectiveRole::Administrator => true,
        EffectiveRole::Secretariat => managed != UserRole::Administrator,
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
        for &action in Action::ALL {
            assert!(Scope::FULL.is_enough_for(action));
            assert_eq!(reader.is_enough_for(action), action.is_read());
            assert_eq!(writer.is_enough_for(action), !action.needs_person());
        }
        assert!(
            Action::ReadTaskForce.is_read() && !Action::Work.is_read() && !Action::FollowCondition.is_read()
        );
    }
}
