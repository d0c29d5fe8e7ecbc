//! The states of a task force and of a step in which a resource can be written. No other file decides that.

use super::refusal::{Blocker, RefusalCode};
use super::step::StepState;
use super::task_force::TaskForceState;
use super::vocabulary::Vocabulary as _;

/// A kind of change in a task force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// The fields of the task force.
    TaskForce,
    /// A time zone or a country in place of one that is no longer known.
    Repair,
    /// The members of the task force.
    Members,
    /// The replacement of a member in a task force that may be closed.
    Replacement,
    /// A health statement.
    Health,
    /// The target date of a step.
    TargetDate(StepState),
    /// A product of a step, the submission of the step, or any other change that needs the step open.
    OpenStep(StepState),
    /// An activity of a step. Activities are planned ahead while the step is locked, and fixed once it is submitted.
    Activity(StepState),
    /// Work on an activity of a step: its start, its review, its completion. What a waiver left open when the step passed
    /// is still finished.
    ActivityWork(StepState),
    /// A move of an activity that needs no open step: its cancellation, and the end of the block of a planned one.
    ActivityRelease(StepState),
    /// A new comment, or new evidence, whatever the state of the step.
    Comment,
    /// A vote.
    Vote,
    /// The council's decision on a report.
    Decision,
    /// A decision that corrects an earlier one.
    Correction,
    /// A condition of the council.
    Condition,
    /// New evidence about the task force, a submission, a report or a decision, by those who keep the record.
    Record,
}

/// Checks that a change is possible in a task force in this state.
///
/// # Errors
/// The code of the state that forbids the change: first of the task force, then of the step.
pub fn may_write(what: Write, task_force: TaskForceState) -> Result<(), RefusalCode> {
    match (task_force, what) {
        (_, Write::Record | Write::Replacement | Write::Repair)
        | (TaskForceState::Concluded | TaskForceState::Dissolved, Write::Correction | Write::Condition) => {}
        (TaskForceState::Concluded | TaskForceState::Dissolved, _) => {
            return Err(RefusalCode::TaskForceClosed);
        }
        (TaskForceState::Forming, Write::TaskForce | Write::Members | Write::TargetDate(_))
        | (TaskForceState::Suspended, Write::Members | Write::Health)
        | (TaskForceState::Active, _) => {}
        (TaskForceState::Forming, _) => return Err(RefusalCode::TaskForceForming),
        (TaskForceState::Suspended, _) => return Err(RefusalCode::TaskForceSuspended),
    }
    let code = match what {
        Write::TaskForce
        | Write::Repair
        | Write::Members
        | Write::Replacement
        | Write::Health
        | Write::Comment
        | Write::Vote
        | Write::Decision
        | Write::Correction
        | Write::Condition
        | Write::Record => None,
        Write::OpenStep(step) => step.write_blocker(),
        Write::Activity(step) => step.write_blocker().filter(|code| *code != RefusalCode::StepLocked),
        Write::ActivityWork(step) => step.write_blocker().filter(|code| *code != RefusalCode::StepPassed),
        Write::ActivityRelease(step) => {
            step.write_blocker().filter(|code| *code == RefusalCode::StepSubmitted)
        }
        Write::TargetDate(step) => step.write_blocker().filter(|code| *code == RefusalCode::StepPassed),
    };
    code.map_or(Ok(()), Err)
}

/// Every code that [`may_write`] refuses a change with, over all states of the task force.
pub fn refusals(what: Write) -> impl Iterator<Item = RefusalCode> {
    TaskForceState::ALL.iter().filter_map(move |state| may_write(what, *state).err())
}

/// The states that every transition of a product of a step depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepContext {
    pub task_force: TaskForceState,
    /// The state of the step, in the last cycle that the product counts in.
    pub step: StepState,
}

impl StepContext {
    /// The context in which every product can be written.
    pub const WRITABLE: Self = Self { task_force: TaskForceState::Active, step: StepState::Open };

    /// The obstacle to any change of the product now.
    pub fn write_blocker(self) -> Option<Blocker> {
        may_write(Write::OpenStep(self.step), self.task_force).err().map(Blocker::from)
    }

    /// Every context, for tests.
    #[cfg(test)]
    pub(crate) fn every() -> impl Iterator<Item = Self> {
        TaskForceState::ALL
            .iter()
            .flat_map(|&task_force| StepState::ALL.iter().map(move |&step| Self { task_force, step }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of [`may_write`], written a second time.
    #[test]
    fn what_may_be_written_when() {
        use StepState::{Locked, Open, Passed, Submitted};
        use TaskForceState::{Active, Concluded, Dissolved, Forming, Suspended};

        for &task_force in TaskForceState::ALL {
            for &step in StepState::ALL {
                let expected = |what| match (task_force, what) {
                    (_, Write::Record | Write::Replacement | Write::Repair) => true,
                    (Forming, Write::TaskForce | Write::Members) => true,
                    (Forming | Active, Write::TargetDate(_)) => step != Passed,
                    (Suspended, Write::Members | Write::Health) => true,
                    (Active, Write::OpenStep(_)) => step == Open,
                    (Active, Write::Activity(_)) => matches!(step, Open | Locked),
                    (Active, Write::ActivityWork(_)) => matches!(step, Open | Passed),
                    (Active, Write::ActivityRelease(_)) => step != Submitted,
                    (Active | Concluded | Dissolved, Write::Correction | Write::Condition) => true,
                    (Active, _) => true,
                    _ => false,
                };
                for what in [
                    Write::TaskForce,
                    Write::Repair,
                    Write::Members,
                    Write::Replacement,
                    Write::Health,
                    Write::TargetDate(step),
                    Write::OpenStep(step),
                    Write::Activity(step),
                    Write::ActivityWork(step),
                    Write::ActivityRelease(step),
                    Write::Comment,
                    Write::Vote,
                    Write::Decision,
                    Write::Correction,
                    Write::Condition,
                    Write::Record,
                ] {
                    let answer = may_write(what, task_force);
                    assert_eq!(answer.is_ok(), expected(what), "{what:?} in {task_force}: {answer:?}");
                }
            }
        }
        assert_eq!(may_write(Write::Activity(Submitted), Active), Err(RefusalCode::StepSubmitted));
        assert_eq!(may_write(Write::Activity(Submitted), Suspended), Err(RefusalCode::TaskForceSuspended));
    }
}
