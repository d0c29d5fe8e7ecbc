//! Activities: the units of work in every step, and their state machine.

use super::refusal::{Blocker, Refusal, RefusalCode};
use super::state_machine::{Transition, TransitionRule};
use super::step::StepState;
use super::task_force::TaskForceState;
use super::writing::{Write, may_write};

vocabulary! {
    /// State of an activity.
    pub enum ActivityState {
        Planned = "planned", "Planned", "مخطط له";
        InProgress = "inProgress", "In progress", "قيد التنفيذ";
        InReview = "inReview", "In review", "قيد المراجعة";
        Blocked = "blocked", "Blocked", "متوقف";
        Done = "done", "Done", "منجز";
        Cancelled = "cancelled", "Cancelled", "ملغى";
    }
}

impl ActivityState {
    /// The states in which work is still to be done.
    pub const OPEN: [Self; 4] = [Self::Planned, Self::InProgress, Self::InReview, Self::Blocked];

    /// Tells whether work is still to be done.
    pub fn is_open(self) -> bool {
        Self::OPEN.contains(&self)
    }
}

vocabulary! {
    /// Priority of an activity.
    pub enum ActivityPriority {
        Low = "low", "Low", "منخفضة";
        Normal = "normal", "Normal", "عادية";
        High = "high", "High", "عالية";
    }
}

/// The state of an activity, with the data that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Planned,
    InProgress,
    InReview,
    /// Blocked, to go back to the state before.
    Blocked {
        from: BlockedFrom,
    },
    Done,
    Cancelled,
}

/// The states from which an activity can be blocked, and to which it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockedFrom {
    Planned,
    InProgress,
    InReview,
}

impl BlockedFrom {
    fn state(self) -> ActivityState {
        match self {
            Self::Planned => ActivityState::Planned,
            Self::InProgress => ActivityState::InProgress,
            Self::InReview => ActivityState::InReview,
        }
    }
}

/// The error of a stored activity whose columns contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an activity in state {0} can't be blocked from {1:?}")]
pub struct ImpossibleStage(ActivityState, Option<ActivityState>);

impl Stage {
    /// The stage from the stored columns.
    ///
    /// # Errors
    /// A combination that no transition leads to.
    pub fn from_columns(
        state: ActivityState,
        blocked_from: Option<ActivityState>,
    ) -> Result<Self, ImpossibleStage> {
        Ok(match (state, blocked_from) {
            (ActivityState::Planned, None) => Self::Planned,
            (ActivityState::InProgress, None) => Self::InProgress,
            (ActivityState::InReview, None) => Self::InReview,
            (ActivityState::Done, None) => Self::Done,
            (ActivityState::Cancelled, None) => Self::Cancelled,
            (ActivityState::Blocked, Some(ActivityState::Planned)) => {
                Self::Blocked { from: BlockedFrom::Planned }
            }
            (ActivityState::Blocked, Some(ActivityState::InProgress)) => {
                Self::Blocked { from: BlockedFrom::InProgress }
            }
            (ActivityState::Blocked, Some(ActivityState::InReview)) => {
                Self::Blocked { from: BlockedFrom::InReview }
            }
            _ => return Err(ImpossibleStage(state, blocked_from)),
        })
    }

    /// The state in the contract.
    pub fn state(self) -> ActivityState {
        match self {
            Self::Planned => ActivityState::Planned,
            Self::InProgress => ActivityState::InProgress,
            Self::InReview => ActivityState::InReview,
            Self::Blocked { .. } => ActivityState::Blocked,
            Self::Done => ActivityState::Done,
            Self::Cancelled => ActivityState::Cancelled,
        }
    }

    /// The state before the activity was blocked.
    pub fn blocked_from(self) -> Option<ActivityState> {
        match self {
            Self::Blocked { from } => Some(from.state()),
            _ => None,
        }
    }

    /// Tells whether a review is under way, also while the activity is blocked. Assignee and `reviewRequired` are fixed
    /// during a review, so that nobody reviews their own work.
    pub fn is_under_review(self) -> bool {
        matches!(self, Self::InReview | Self::Blocked { from: BlockedFrom::InReview })
    }

    /// The transitions out of this stage.
    pub fn transitions(self, facts: &ActivityFacts) -> Vec<Transition<ActivityState>> {
        use ActivityState as To;

        let transition = |to, what| Transition::to(to).blocked_by(facts.write_blocker(what));
        let work = |to| transition(to, Write::ActivityWork(facts.step));
        let release = |to| transition(to, Write::ActivityRelease(facts.step));
        let block = transition(To::Blocked, Write::Activity(facts.step)).with_reason();
        let cancel = release(To::Cancelled).with_reason();
        let dependency_blocker =
            (facts.unfinished_dependencies > 0).then_some(Blocker::from(RefusalCode::DependencyUnfinished));
        match self {
            Self::Planned => vec![work(To::InProgress).blocked_by(dependency_blocker), block, cancel],
            Self::InProgress => {
                let finish = if facts.review_required { To::InReview } else { To::Done };
                vec![work(finish), block, cancel]
            }
            Self::InReview => {
                let reviewer_blocker = facts.caller_has_worked.then_some(RefusalCode::ReviewByAnother.into());
                vec![
                    work(To::Done).blocked_by(reviewer_blocker),
                    work(To::InProgress).with_reason(),
                    block,
                    cancel,
                ]
            }
            Self::Blocked { from: BlockedFrom::Planned } => vec![release(To::Planned), cancel],
            Self::Blocked { from } => vec![work(from.state()), cancel],
            // Only what was left open is finished in a passed step: what is done stays done.
            Self::Done => vec![
                transition(To::InProgress, Write::OpenStep(facts.step))
                    .with_reason()
                    .blocked_by(dependency_blocker),
            ],
            Self::Cancelled => Vec::new(),
        }
    }

    /// The stage after a transition.
    ///
    /// # Errors
    /// The errors of [`super::state_machine::check_transition`].
    pub fn transition(
        self,
        to: ActivityState,
        facts: &ActivityFacts,
        has_reason: bool,
    ) -> Result<Self, Refusal> {
        super::state_machine::check_transition(self.state(), &self.transitions(facts), to, has_reason)?;
        Ok(match (to, self) {
            (ActivityState::Planned, _) => Self::Planned,
            (ActivityState::InProgress, _) => Self::InProgress,
            (ActivityState::InReview, _) => Self::InReview,
            (ActivityState::Done, _) => Self::Done,
            (ActivityState::Cancelled, _) => Self::Cancelled,
            (ActivityState::Blocked, Self::Planned) => Self::Blocked { from: BlockedFrom::Planned },
            (ActivityState::Blocked, Self::InReview) => Self::Blocked { from: BlockedFrom::InReview },
            (ActivityState::Blocked, _) => Self::Blocked { from: BlockedFrom::InProgress },
        })
    }
}

/// The facts that the transitions of an activity depend on, beside its stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityFacts {
    pub task_force: TaskForceState,
    pub step: StepState,
    pub review_required: bool,
    /// The number of activities that the activity waits for and that are neither done nor cancelled.
    pub unfinished_dependencies: i64,
    /// True if the caller put the activity to the review, is the assignee, was the assignee at any time since the activity
    /// was started, or started the activity while it was assigned to nobody.
    pub caller_has_worked: bool,
}

impl ActivityFacts {
    fn write_blocker(&self, what: Write) -> Option<Blocker> {
        may_write(what, self.task_force).err().map(Blocker::from)
    }
}

/// Every stage.
const STAGES: [Stage; 8] = [
    Stage::Planned,
    Stage::InProgress,
    Stage::InReview,
    Stage::Blocked { from: BlockedFrom::Planned },
    Stage::Blocked { from: BlockedFrom::InProgress },
    Stage::Blocked { from: BlockedFrom::InReview },
    Stage::Done,
    Stage::Cancelled,
];

/// Every transition.
pub fn all_transitions() -> Vec<TransitionRule> {
    let mut rules = Vec::new();
    for stage in STAGES {
        for review_required in [false, true] {
            let facts = ActivityFacts {
                task_force: TaskForceState::Active,
                step: StepState::Open,
                review_required,
                unfinished_dependencies: 0,
                caller_has_worked: false,
            };
            TransitionRule::add(&mut rules, stage.state(), &stage.transitions(&facts));
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::vocabulary::Vocabulary as _;

    fn every_fact() -> Vec<ActivityFacts> {
        let mut all = Vec::new();
        for &task_force in TaskForceState::ALL {
            for &step in StepState::ALL {
                for review_required in [false, true] {
                    for unfinished_dependencies in [0, 2] {
                        for caller_has_worked in [false, true] {
                            all.push(ActivityFacts {
                                task_force,
                                step,
                                review_required,
                                unfinished_dependencies,
                                caller_has_worked,
                            });
                        }
                    }
                }
            }
        }
        all
    }

    /// The rules of activities, written a second time and compared with the state machine:
    /// every stage × every state asked for × every combination of facts.
    #[test]
    fn every_stage_takes_exactly_the_legal_commands() {
        for facts in every_fact() {
            for stage in STAGES {
                for &to in ActivityState::ALL {
                    let step_open = facts.step == StepState::Open;
                    let workable = matches!(facts.step, StepState::Open | StepState::Passed);
                    let legal = match (stage.state(), to) {
                        (ActivityState::Planned, ActivityState::InProgress) => {
                            workable && facts.unfinished_dependencies == 0
                        }
                        (ActivityState::InProgress, ActivityState::InReview) => {
                            workable && facts.review_required
                        }
                        (ActivityState::InProgress, ActivityState::Done) => {
                            workable && !facts.review_required
                        }
                        (ActivityState::InReview, ActivityState::Done) => {
                            workable && !facts.caller_has_worked
                        }
                        (ActivityState::InReview, ActivityState::InProgress) => workable,
                        (ActivityState::Done, ActivityState::InProgress) => {
                            step_open && facts.unfinished_dependencies == 0
                        }
                        (ActivityState::Blocked, ActivityState::Planned) => {
                            facts.step != StepState::Submitted
                                && stage.blocked_from() == Some(ActivityState::Planned)
                        }
                        (ActivityState::Blocked, ActivityState::InProgress | ActivityState::InReview) => {
                            workable && stage.blocked_from() == Some(to)
                        }
                        (ActivityState::Blocked, ActivityState::Blocked) => false,
                        (from, ActivityState::Blocked) => {
                            from.is_open() && matches!(facts.step, StepState::Open | StepState::Locked)
                        }
                        (from, ActivityState::Cancelled) => {
                            from.is_open() && facts.step != StepState::Submitted
                        }
                        _ => false,
                    };
                    let taken = stage.transition(to, &facts, true);
                    assert_eq!(
                        taken.is_ok(),
                        legal && facts.task_force == TaskForceState::Active,
                        "{stage:?} -> {to} with {facts:?}: {taken:?}"
                    );
                    if let Ok(next) = taken {
                        assert_eq!(next.state(), to);
                        assert_eq!(Stage::from_columns(next.state(), next.blocked_from()), Ok(next));
                    }
                }
            }
        }
    }

    #[test]
    fn blocking_cancelling_reopening_and_sending_a_review_back_need_a_reason() {
        let facts = ActivityFacts {
            task_force: TaskForceState::Active,
            step: StepState::Open,
            review_required: false,
            unfinished_dependencies: 0,
            caller_has_worked: false,
        };
        for (stage, to) in [
            (Stage::InProgress, ActivityState::Blocked),
            (Stage::Planned, ActivityState::Cancelled),
            (Stage::Done, ActivityState::InProgress),
            (Stage::InReview, ActivityState::InProgress),
        ] {
            let refusal = stage.transition(to, &facts, false).unwrap_err();
            assert_eq!(refusal.code, RefusalCode::InvalidRequest, "{stage:?} -> {to}");
            assert_eq!(stage.transition(to, &facts, true).map(Stage::state), Ok(to));
        }
    }

    #[test]
    fn a_review_is_under_way_until_it_is_decided_or_given_up() {
        let under_review: Vec<_> = STAGES.into_iter().filter(|stage| stage.is_under_review()).collect();
        assert_eq!(under_review, [Stage::InReview, Stage::Blocked { from: BlockedFrom::InReview }]);
    }

    #[test]
    fn a_stored_stage_that_no_transition_leads_to_is_an_error() {
        for &state in ActivityState::ALL {
            for &from in ActivityState::ALL {
                let possible = state == ActivityState::Blocked
                    && matches!(
                        from,
                        ActivityState::Planned | ActivityState::InProgress | ActivityState::InReview
                    );
                assert_eq!(Stage::from_columns(state, Some(from)).is_ok(), possible);
            }
            assert_eq!(Stage::from_columns(state, None).is_ok(), state != ActivityState::Blocked);
        }
    }
}
