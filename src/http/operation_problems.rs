//! The problems that an operation declares: the refusals of its right and of its change, as the rules in `domain/` give
//! them over every role and state, and the refusals of its use case. The document adds the problems of the protocol.
//!
//! An operation names the action and the change that its use case asks the rules for:
//!
//! ```text
//! extensions(("x-problem-codes" = json!(
//!     requires(Action::Work).writes(Write::Comment).refuses([RefusalCode::UnknownReference])
//! )))
//! ```

use std::collections::BTreeSet;

use serde::Serialize;

use super::problem_catalogue::ProblemCode;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::{self, Action};
use crate::domain::step::StepState;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::writing::{self, Write};

/// The problems that an operation declares.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct OperationProblems(BTreeSet<ProblemCode>);

/// The problems of an operation that needs the right to an action.
pub(super) fn requires(action: Action) -> OperationProblems {
    OperationProblems::default().refuses(rights::refusals(action))
}

/// The problems of an operation that every caller may ask for.
pub(super) fn refuses(codes: impl IntoIterator<Item = RefusalCode>) -> OperationProblems {
    OperationProblems::default().refuses(codes)
}

/// The problems of a change of a product of a step, which is made while the step is open.
pub(super) fn changes_product() -> OperationProblems {
    requires(Action::Work).writes_in_step(Write::OpenStep)
}

impl OperationProblems {
    /// Adds the refusals of a change, over every state of the task force.
    pub(super) fn writes(self, what: Write) -> Self {
        self.refuses(writing::refusals(what))
    }

    /// Adds the refusals of a change in a step, over every state of the task force and of the step.
    pub(super) fn writes_in_step(self, what: fn(StepState) -> Write) -> Self {
        StepState::ALL.iter().fold(self, |problems, step| problems.writes(what(*step)))
    }

    /// Adds the refusals of the use case.
    pub(super) fn refuses(mut self, codes: impl IntoIterator<Item = RefusalCode>) -> Self {
        self.0.extend(codes.into_iter().map(ProblemCode::from));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(problems: &OperationProblems) -> String {
        problems.0.iter().map(|code| code.code()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn rights_are_refused_openly_or_hide_the_task_force() {
        for (action, expected) in [
            (Action::Work, "forbidden notFound"),
            (Action::EditTaskForce, "forbidden notFound"),
            (Action::ReadTaskForce, "notFound"),
            (Action::ManageUsers, "forbidden"),
            (Action::ReadRegister, "forbidden"),
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
