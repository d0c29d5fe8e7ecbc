//! The five steps (the deck's "critical steps") and their states.

use super::refusal::{Blocker, ProblemCode, Refusal};
use super::state_machine::{Transition, TransitionRule};
use super::task_force::TaskForceState;
use super::vocabulary::Vocabulary as _;
use super::writing::{Write, may_write};

vocabulary! {
    /// One of the five steps, in the deck's words.
    pub enum StepName in "steps" {
        Policy = "policy", "Identify some smart governance policy / framework", "تحديد بعض سياسات / إطار عمل الحوكمة الذكية";
        Sectors = "sectors", "Select few smart sectors and study ways of digital transformation", "تحديد عدد قليل من القطاعات الذكية ودراسة طرق التحول الرقمي";
        Pilots = "pilots", "Plan some activities and small projects to migrate to smart city applications", "تخطيط بعض الأنشطة والمشاريع الصغيرة للانتقال إلى تطبيقات المدن الذكية";
        Migration = "migration", "Migrate these into the local digital government of the city", "يتم ترحيل هذه الأنشطة إلى الحكومة الرقمية المحلية للمدينة";
        Report = "report", "Report to the council for assessment and future decision", "رفع تقرير إلى مجلس مديري الحكومة الإلكترونية للتقييم واتخاذ القرار المستقبلي";
    }
}

impl StepName {
    /// The step after this one.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Policy => Some(Self::Sectors),
            Self::Sectors => Some(Self::Pilots),
            Self::Pilots => Some(Self::Migration),
            Self::Migration => Some(Self::Report),
            Self::Report => None,
        }
    }

    /// Its place among the five, from 1.
    pub fn ordinal(self) -> i16 {
        match self {
            Self::Policy => 1,
            Self::Sectors => 2,
            Self::Pilots => 3,
            Self::Migration => 4,
            Self::Report => 5,
        }
    }
}

vocabulary! {
    /// State of a step.
    pub enum StepState in "stepStates" {
        Locked = "locked", "Locked", "مقفلة";
        Open = "open", "Open", "مفتوحة";
        Submitted = "submitted", "Submitted to the members", "معروضة على الأعضاء";
        Passed = "passed", "Passed", "مُقرَّة";
    }
}

vocabulary! {
    /// State of a submission of a step.
    pub enum SubmissionState in "submissionStates" {
        Voting = "voting", "Voting", "قيد التصويت";
        Passed = "passed", "Passed", "مُقَرّ";
        Returned = "returned", "Returned", "مُعاد";
        Withdrawn = "withdrawn", "Withdrawn", "مسحوب";
    }
}

impl SubmissionState {
    /// The way out of this state that a command takes; the others are the members' vote.
    pub fn transitions(self, task_force: TaskForceState) -> Vec<Transition<Self>> {
        let paused = may_write(Write::Vote, task_force).err().map(Blocker::from);
        match self {
            Self::Voting => vec![Transition::to(Self::Withdrawn).with_reason().unless(paused)],
            Self::Passed | Self::Returned | Self::Withdrawn => Vec::new(),
        }
    }
}

/// Every transition of a submission.
pub fn all_submission_transitions() -> Vec<TransitionRule> {
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

/// Every transition of a step.
pub fn all_transitions() -> Vec<TransitionRule> {
    let mut rules = Vec::new();
    for state in StepState::ALL {
        for command in StepCommand::ALL {
            let next = state.transition(command).ok().filter(|next| next != state);
            let to = next.map(|next| TransitionRule {
                from: state.code(),
                to: next.code(),
                reason_required: false,
            });
            rules.extend(to.filter(|rule| !rules.contains(rule)));
        }
    }
    rules
}

/// What moves a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepCommand {
    /// Its turn has come: the task force was activated, or the step before it passed.
    Open,
    /// The chair puts it to the members.
    Submit,
    /// The members approve.
    Pass,
    /// The members return it, or the chair withdraws it.
    Return,
    /// The council orders it done again.
    Reopen,
    /// The council orders an earlier one done again.
    Lock,
    /// The council's order to do it again was recorded by mistake.
    Restore,
}

impl StepCommand {
    /// Every command.
    pub const ALL: [Self; 7] =
        [Self::Open, Self::Submit, Self::Pass, Self::Return, Self::Reopen, Self::Lock, Self::Restore];
}

impl StepState {
    /// The state after a command.
    ///
    /// # Errors
    /// `stepLocked`, `stepSubmitted` or `stepPassed`, by the state that does not take it.
    pub fn transition(self, command: StepCommand) -> Result<Self, Refusal> {
        match (self, command) {
            (Self::Locked, StepCommand::Open) | (Self::Submitted, StepCommand::Return) => Ok(Self::Open),
            (Self::Open, StepCommand::Submit) => Ok(Self::Submitted),
            (Self::Submitted, StepCommand::Pass) | (Self::Open | Self::Locked, StepCommand::Restore) => {
                Ok(Self::Passed)
            }
            (Self::Passed, StepCommand::Reopen) => Ok(Self::Open),
            (_, StepCommand::Lock) => Ok(Self::Locked),
            (state, _) => Err(state.frozen().map_or_else(
                || {
                    Refusal::new(
                        ProblemCode::TransitionNotAllowed,
                        "The step is open: it can only be submitted.",
                        "الخطوة مفتوحة ولا يمكن إلا عرضها على الأعضاء.",
                    )
                },
                Refusal::from,
            )),
        }
    }

    /// Why what belongs to the step can't be written, unless it is open.
    pub fn frozen(self) -> Option<ProblemCode> {
        match self {
            Self::Open => None,
            Self::Locked => Some(ProblemCode::StepLocked),
            Self::Submitted => Some(ProblemCode::StepSubmitted),
            Self::Passed => Some(ProblemCode::StepPassed),
        }
    }
}

/// The steps in order.
pub fn in_order() -> impl Iterator<Item = StepName> {
    StepName::ALL.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_steps_follow_each_other_in_the_decks_order() {
        let mut walked = vec![StepName::Policy];
        while let Some(next) = walked.last().and_then(|step| step.next()) {
            walked.push(next);
        }
        assert_eq!(walked, in_order().collect::<Vec<_>>());
        assert_eq!(in_order().map(StepName::ordinal).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    }

    /// The rules of design §3 as a table: every state × every command.
    #[test]
    fn every_state_takes_exactly_the_legal_commands() {
        use StepCommand::{Lock, Open, Pass, Reopen, Restore, Return, Submit};

        for &state in StepState::ALL {
            for command in StepCommand::ALL {
                let expected = match (state, command) {
                    (StepState::Locked, Open) | (StepState::Submitted, Return) => Some(StepState::Open),
                    (StepState::Open, Submit) => Some(StepState::Submitted),
                    (StepState::Submitted, Pass) => Some(StepState::Passed),
                    (StepState::Open | StepState::Locked, Restore) => Some(StepState::Passed),
                    (StepState::Passed, Reopen) => Some(StepState::Open),
                    (_, Lock) => Some(StepState::Locked),
                    _ => None,
                };
                let taken = state.transition(command);
                assert_eq!(taken.clone().ok(), expected, "{state} {command:?}");
                if let Err(refusal) = taken {
                    let code = state.frozen().unwrap_or(ProblemCode::TransitionNotAllowed);
                    assert_eq!(refusal.code, code, "{state} {command:?}");
                }
            }
        }
    }
}
