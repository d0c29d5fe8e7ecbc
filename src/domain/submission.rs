//! Submissions: a step put to the vote of the members. The count of the votes is in [`super::ballot`].

use super::refusal::Blocker;
use super::state_machine::{Transition, TransitionRule};
use super::task_force::TaskForceState;
use super::vocabulary::Vocabulary as _;
use super::writing::{Write, may_write};

vocabulary! {
    /// State of a submission of a step.
    pub enum SubmissionState {
        Voting = "voting", "Voting", "قيد التصويت";
        Passed = "passed", "Passed", "مقبول";
        Returned = "returned", "Returned", "مُعاد";
        Withdrawn = "withdrawn", "Withdrawn", "مسحوب";
    }
}

impl SubmissionState {
    /// The transitions that a command makes. The other transitions are made by the vote of the members.
    pub fn transitions(self, task_force: TaskForceState) -> Vec<Transition<Self>> {
        let write_blocker = may_write(Write::Vote, task_force).err().map(Blocker::from);
        match self {
            Self::Voting => vec![Transition::to(Self::Withdrawn).with_reason().blocked_by(write_blocker)],
            Self::Passed | Self::Returned | Self::Withdrawn => Vec::new(),
        }
    }
}

/// Every transition of a submission.
pub fn all_transitions() -> Vec<TransitionRule> {
    let by_vote = |to: SubmissionState| TransitionRule {
        from: SubmissionState::Voting.code(),
        to: to.code(),
        reason_required: false,
    };
    let mut rules = vec![by_vote(SubmissionState::Passed), by_vote(SubmissionState::Returned)];
    let withdraw = SubmissionState::Voting.transitions(TaskForceState::Active);
    TransitionRule::add(&mut rules, SubmissionState::Voting, &withdraw);
    rules
}
