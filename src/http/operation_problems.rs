//! The right that an operation needs, and the problems that the operation declares: the refusals of its right and of its
//! change, as the rules in `domain/` give them over every role and state, and the refusals of its use case. The document
//! adds the problems of the protocol, and prints who may.
//!
//! An operation names the action and the change that its use case asks the rules for. An operation that
//! `security(())` opens to everybody names no action.
//!
//! ```text
//! extensions(("x-problem-codes" = json!(
//!     requires(Action::Work).writes(Write::Comment).refuses([RefusalCode::UnknownReference])
//! )))
//! ```

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::problem_catalogue::ProblemCode;
use crate::domain::refusal::RefusalCode;
use crate::domain::requirement::Requirement;
use crate::domain::rights::{self, Action};
use crate::domain::step::StepState;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::writing::{self, Write};

/// The declaration of an operation: who may perform it, and its problems.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct OperationProblems {
    /// The right that the operation needs; `None` if everybody may perform the operation.
    pub(super) requirement: Option<Requirement>,
    pub(super) codes: BTreeSet<ProblemCode>,
}

/// The declaration of an operation that needs the right to an action.
pub(super) fn requires(action: Action) -> OperationProblems {
    let requirement = Some(Requirement::Right { action, also: Vec::new() });
    OperationProblems { requirement, ..OperationProblems::default() }.refuses(rights::refusals(action))
}

/// The declaration of an operation that needs a secret of the installation.
pub(super) fn requires_installation_secret() -> OperationProblems {
    OperationProblems { requirement: Some(Requirement::InstallationSecret), ..OperationProblems::default() }
}

/// The declaration of an operation that everybody may perform.
pub(super) fn refuses(codes: impl IntoIterator<Item = RefusalCode>) -> OperationProblems {
    OperationProblems::default().refuses(codes)
}

/// The declaration of a change of a product of a step, which is made while the step is open.
pub(super) fn changes_product() -> OperationProblems {
    requires(Action::Work).writes_in_step(Write::OpenStep)
}

impl OperationProblems {
    /// Adds the right to an action that some requests of the operation need as well.
    pub(super) fn sometimes_requires(mut self, other: Action) -> Self {
        if let Some(Requirement::Right { also, .. }) = &mut self.requirement {
            also.push(other);
        }
        self.refuses(rights::refusals(other))
    }

    /// Adds the refusals of a change, over every state of the task force.
    pub(super) fn writes(self, what: Write) -> Self {
        self.refuses(writing::refusals(what))
    }

    /// Adds the refusals of a change in a step, over every state of the task force and of the step.
    pub(super) fn writes_in_step(self, what: fn(StepState) -> Write) -> Self {
        StepState::ALL.iter().fold(self, |problems, step| problems.writes(what(*step)))
    }

    /// Adds the refusal of pages that may not have the refresh cookie.
    pub(super) fn takes_refresh_cookie(mut self) -> Self {
        self.codes.insert(ProblemCode::OriginNotAllowed);
        self
    }

    /// Adds the refusals of the use case.
    pub(super) fn refuses(mut self, codes: impl IntoIterator<Item = RefusalCode>) -> Self {
        self.codes.extend(codes.into_iter().map(ProblemCode::from));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(problems: &OperationProblems) -> String {
        problems.codes.iter().map(|code| code.code()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn rights_are_refused_openly_or_hide_the_task_force() {
        for (action, expected) in [
            (Action::Work, "forbidden notFound"),
            (Action::EditTaskForce, "forbidden notFound"),
            (Action::ReadTaskForce, "notFound"),
            (Action::ManageUsers, "forbidden"),
            (Action::ReadRegister, "forbidden"),
            (Action::ReadOwnAccount, ""),
            (Action::EndSession, "notFound"),
            (Action::EditComment, "forbidden notFound"),
        ] {
            assert_eq!(codes(&requires(action)), expected, "{action:?}");
        }
    }

    /// The table of `domain/writing.rs` from the side of the refusals.
    #[test]
    fn changes_are_refused_by_the_states_of_the_task_force_and_of_the_step() {
        let changes = OperationProblems::default;
        for (problems, expected) in [
            (changes().writes(Write::TaskForce), "taskForceSuspended taskForceClosed"),
            (changes().writes(Write::Members), "taskForceClosed"),
            (changes().writes(Write::Health), "taskForceForming taskForceClosed"),
            (changes().writes(Write::Comment), "taskForceForming taskForceSuspended taskForceClosed"),
            (changes().writes(Write::Vote), "taskForceForming taskForceSuspended taskForceClosed"),
            (changes().writes(Write::Decision), "taskForceForming taskForceSuspended taskForceClosed"),
            (changes().writes(Write::Correction), "taskForceForming taskForceSuspended"),
            (changes().writes(Write::Condition), "taskForceForming taskForceSuspended"),
            (changes().writes_in_step(Write::TargetDate), "taskForceSuspended taskForceClosed stepPassed"),
            (
                changes().writes_in_step(Write::OpenStep),
                "taskForceForming taskForceSuspended taskForceClosed stepLocked stepSubmitted stepPassed",
            ),
            (
                changes().writes_in_step(Write::Activity),
                "taskForceForming taskForceSuspended taskForceClosed stepSubmitted stepPassed",
            ),
        ] {
            assert_eq!(codes(&problems), expected);
        }
    }
}
