//! What may be written when: the one place that knows.

use super::refusal::Code;
use super::step::StepState;
use super::task_force::TaskForceState;

/// What somebody wants to write in a task force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// The task force's own fields.
    TaskForce,
    /// Its members.
    Members,
    /// A health statement.
    Health,
    /// A step's target date.
    TargetDate(StepState),
    /// A submission of a step, or what else needs the step open.
    OpenStep(StepState),
    /// An activity of a step: planned ahead while the step is locked, left alone once it is submitted.
    Activity(StepState),
    /// A comment: whatever its activity's step is.
    Comment,
}

/// Whether this may be written in a task force in this state.
///
/// # Errors
/// The code of what stands in the way: the task force's state first, then the step's.
pub fn may_write(what: Write, task_force: TaskForceState) -> Result<(), Code> {
    match (task_force, what) {
        (TaskForceState::Concluded | TaskForceState::Dissolved, _) => return Err(Code::TaskForceClosed),
        (TaskForceState::Forming, Write::TaskForce | Write::Members | Write::TargetDate(_))
        | (TaskForceState::Suspended, Write::Members | Write::Health)
        | (TaskForceState::Active, _) => {}
        (TaskForceState::Forming, _) => return Err(Code::TaskForceForming),
        (TaskForceState::Suspended, _) => return Err(Code::TaskForceSuspended),
    }
    let frozen = match what {
        Write::TaskForce | Write::Members | Write::Health | Write::Comment => None,
        Write::OpenStep(step) => step.frozen(),
        Write::Activity(step) => step.frozen().filter(|code| *code != Code::StepLocked),
        Write::TargetDate(step) => step.frozen().filter(|code| *code == Code::StepPassed),
    };
    frozen.map_or(Ok(()), Err)
}
