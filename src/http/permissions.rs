//! The actions that a caller can perform on a resource now: the member `permissions` of representations. Each answer comes from the
//! check that the use case makes: the right of the caller, the scope of the credential and the states.
//!
//! Macros, since the types differ only in their members.

use serde::Serialize;
use utoipa::ToSchema;

use crate::app::members::MemberView;
use crate::app::resource::{ParentResource, Resource, View};
use crate::app::steps::StepView;
use crate::app::task_forces::TaskForceView;
use crate::app::users::UserView;
use crate::db::activities::ActivityDetail;
use crate::db::evidence::Evidence;
use crate::db::pilots::PilotDetail;
use crate::domain::evidence::EvidenceSubjectKind;
use crate::domain::rights::Action;
use crate::domain::step::StepName;
use crate::domain::writing::Write;

/// Declares types with one boolean for each action.
macro_rules! permissions {
    ($( $(#[doc = $doc:literal])+ $Name:ident { $( #[doc = $about:literal] $field:ident, )+ } )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
            #[serde(rename_all = "camelCase")]
            pub(super) struct $Name {
                $( #[doc = $about] pub(super) $field: bool, )+
            }
        )+
    };
}

permissions! {
    /// The actions that the caller can perform on the task force now.
    TaskForcePermissions {
        /// Change the fields.
        update,
        /// Appoint another member.
        create_member,
        /// State the health.
        create_health_statement,
        /// Add evidence about the task force.
        add_evidence,
    }
    /// The actions that the caller can perform on the step now.
    StepPermissions {
        /// Change the target date.
        update,
        /// Plan an activity in the step.
        create_activity,
        /// Create a product of the step: a policy, a sector, a pilot or a migration. No product is created in step `report`.
        create_product,
        /// Create a report. Reports are created in step `report` only.
        create_report,
        /// Waive a criterion, and answer the decision of the council that opened the step again.
        waive,
    }
    /// The actions that the caller can perform on the step now, with the gate taken into account.
    StepReadinessPermissions {
        /// Submit the step to the vote of the members.
        submit,
    }
    /// The actions that the caller can perform on the policy now.
    PolicyPermissions {
        /// Change the fields.
        update,
        /// Delete the policy.
        delete,
        /// Add evidence about the policy.
        add_evidence,
    }
    /// The actions that the caller can perform on the sector now.
    SectorPermissions {
        /// Change the fields.
        update,
        /// Delete the sector.
        delete,
        /// Create a study of the sector.
        create_study,
        /// Create an assessment of the sector.
        create_assessment,
        /// Add evidence about the sector.
        add_evidence,
    }
    /// The actions that the caller can perform on the study now.
    StudyPermissions {
        /// Change the fields.
        update,
        /// Delete the study.
        delete,
        /// Add evidence about the study.
        add_evidence,
    }
    /// The actions that the caller can perform on the assessment now.
    AssessmentPermissions {
        /// Change the fields.
        update,
        /// Delete the assessment.
        delete,
        /// Add evidence about the assessment.
        add_evidence,
    }
    /// The actions that the caller can perform on the pilot now.
    PilotPermissions {
        /// Change the fields.
        update,
        /// Delete the pilot.
        delete,
        /// Create an indicator of the pilot.
        create_indicator,
        /// Record a measurement of an indicator of the pilot.
        create_measurement,
        /// Add evidence about the pilot.
        add_evidence,
    }
    /// The actions that the caller can perform on the indicator now.
    IndicatorPermissions {
        /// Change the fields.
        update,
        /// Delete the indicator.
        delete,
    }
    /// The actions that the caller can perform on the measurement now.
    MeasurementPermissions {
        /// Change the fields.
        update,
        /// Delete the measurement.
        delete,
    }
    /// The actions that the caller can perform on the migration now.
    MigrationPermissions {
        /// Change the fields.
        update,
        /// Delete the migration.
        delete,
        /// Create an item of the checklist.
        create_checklist_item,
        /// Add evidence about the migration.
        add_evidence,
    }
    /// The actions that the caller can perform on the checklist item now.
    ChecklistItemPermissions {
        /// Change the fields.
        update,
        /// Delete the item.
        delete,
    }
    /// The actions that the caller can perform on the evidence now.
    EvidencePermissions {
        /// Change the fields.
        update,
        /// Delete the evidence.
        delete,
        /// Upload the file, or another in its place.
        upload,
        /// Remove the file.
        remove_file,
    }
    /// The actions that the caller can perform on the activity now.
    ActivityPermissions {
        /// Change the fields.
        update,
        /// Delete the activity.
        delete,
        /// Add and remove dependencies.
        change_dependencies,
        /// Write a comment.
        comment,
        /// Add evidence about the activity.
        add_evidence,
    }
    /// The actions that the caller can perform on the comment now.
    ActivityCommentPermissions {
        /// Change the text.
        update,
        /// Delete the comment.
        delete,
    }
    /// The actions that the caller can perform on the member now.
    MemberPermissions {
        /// Change the fields.
        update,
        /// End the membership without a successor.
        end,
        /// End the membership and appoint a successor.
        replace,
    }
    /// The actions that the caller can perform on the submission now.
    SubmissionPermissions {
        /// Vote, or change the vote.
        vote,
        /// Withdraw the submission.
        withdraw,
        /// Add evidence about the submission.
        add_evidence,
    }
    /// The actions that the caller can perform on the report now.
    CouncilReportPermissions {
        /// Record the decision of the council on the report.
        decide,
        /// Add evidence about the report.
        add_evidence,
    }
    /// The actions that the caller can perform on the decision now.
    DecisionPermissions {
        /// Record a decision that corrects this one.
        correct,
        /// Add evidence about the decision.
        add_evidence,
    }
    /// The actions that the caller can perform on the condition now. `availableTransitions` contains the others.
    ConditionPermissions {
        /// Add evidence about the condition.
        add_evidence,
    }
    /// The actions outside of task forces that the caller can perform now.
    InstallationPermissions {
        /// Change the own account, its password, sessions and API keys.
        manage_account,
        /// Create a task force.
        create_task_force,
        /// Invite, change, disable and enable users.
        manage_users,
        /// Find users.
        find_users,
        /// Read the status of all task forces.
        read_portfolio,
        /// Read the reports, the decisions and the conditions of all task forces.
        read_decisions,
        /// Read the events and the refused attempts of the installation.
        read_installation_events,
    }
    /// The actions that the caller can perform on the user now. `availableTransitions` contains the others.
    UserPermissions {
        /// Change the fields.
        update,
        /// Send another invitation.
        resend_invitation,
        /// End all sessions of the user.
        end_sessions,
    }
}

/// Makes the permissions of a resource from its view: whether the caller can change and delete the resource, and what
/// follows for evidence about the resource.
macro_rules! view_permissions {
    ($($Name:ident $(about $kind:ident)?),+) => {
        $(
            impl<R: Resource> From<&View<R>> for $Name {
                fn from(view: &View<R>) -> Self {
                    Self {
                        update: view.permissions.update,
                        delete: view.permissions.delete,
                        $( add_evidence: view.access.can_add_evidence(EvidenceSubjectKind::$kind), )?
                    }
                }
            }
        )+
    };
}

view_permissions!(
    PolicyPermissions about Policy,
    StudyPermissions about Study,
    AssessmentPermissions about Assessment,
    IndicatorPermissions,
    MeasurementPermissions,
    ChecklistItemPermissions
);

impl<R: ParentResource> From<&View<R>> for SectorPermissions {
    fn from(view: &View<R>) -> Self {
        let can_write_children = view.can_write_children();
        Self {
            update: view.permissions.update,
            delete: view.permissions.delete,
            create_study: can_write_children,
            create_assessment: can_write_children,
            add_evidence: view.access.can_add_evidence(EvidenceSubjectKind::Sector),
        }
    }
}

impl<R: ParentResource> From<&View<R>> for MigrationPermissions {
    fn from(view: &View<R>) -> Self {
        Self {
            update: view.permissions.update,
            delete: view.permissions.delete,
            create_checklist_item: view.can_write_children(),
            add_evidence: view.access.can_add_evidence(EvidenceSubjectKind::Migration),
        }
    }
}

impl From<&View<PilotDetail>> for PilotPermissions {
    fn from(view: &View<PilotDetail>) -> Self {
        let access = &view.access;
        Self {
            update: view.permissions.update,
            delete: view.permissions.delete,
            create_indicator: view.can_write_children(),
            create_measurement: view.can_measure(),
            add_evidence: access.can_add_evidence(EvidenceSubjectKind::Pilot),
        }
    }
}

impl From<&View<ActivityDetail>> for ActivityPermissions {
    fn from(view: &View<ActivityDetail>) -> Self {
        let access = &view.access;
        Self {
            update: view.permissions.update,
            delete: view.permissions.delete,
            // The same check as for the fields.
            change_dependencies: view.permissions.update,
            comment: access.can(Action::Work, Write::Comment),
            add_evidence: access.can_add_evidence(EvidenceSubjectKind::Activity),
        }
    }
}

impl From<&View<Evidence>> for EvidencePermissions {
    fn from(view: &View<Evidence>) -> Self {
        Self {
            update: view.permissions.update,
            delete: view.permissions.delete,
            upload: view.can_upload(),
            remove_file: view.can_remove_file(),
        }
    }
}

impl From<&TaskForceView> for TaskForcePermissions {
    fn from(view: &TaskForceView) -> Self {
        let access = &view.access;
        Self {
            update: access.can(Action::EditTaskForce, Write::TaskForce),
            create_member: view.can_appoint,
            create_health_statement: access.can(Action::Lead, Write::Health),
            add_evidence: access.can_add_evidence(EvidenceSubjectKind::TaskForce),
        }
    }
}

impl From<&StepView> for StepPermissions {
    fn from(view: &StepView) -> Self {
        let is_report = view.step.step == StepName::Report;
        Self {
            update: view.can(Action::EditTaskForce, Write::TargetDate),
            create_activity: view.can(Action::Work, Write::Activity),
            create_product: !is_report && view.can(Action::Work, Write::OpenStep),
            create_report: is_report && view.can(Action::Lead, Write::OpenStep),
            waive: view.can(Action::Lead, Write::OpenStep),
        }
    }
}

impl From<&MemberView> for MemberPermissions {
    fn from(view: &MemberView) -> Self {
        Self { update: view.can_update, end: view.can_end, replace: view.can_replace }
    }
}

impl From<&UserView> for UserPermissions {
    fn from(view: &UserView) -> Self {
        Self { update: view.can_manage, resend_invitation: view.can_invite, end_sessions: view.can_manage }
    }
}

impl From<&UserView> for InstallationPermissions {
    fn from(view: &UserView) -> Self {
        let actor = &view.actor;
        Self {
            manage_account: actor.can(Action::ChangeOwnAccount),
            create_task_force: actor.can(Action::CreateTaskForce),
            manage_users: actor.can(Action::ManageUsers),
            find_users: actor.can(Action::LookUpUsers),
            read_portfolio: actor.can(Action::ReadPortfolio),
            read_decisions: actor.can(Action::ReadRegister),
            read_installation_events: actor.can(Action::ReadInstallationEvents),
        }
    }
}
