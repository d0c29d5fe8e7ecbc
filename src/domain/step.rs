//! The five steps of a task force and their states.

use super::refusal::{Refusal, RefusalCode};
use super::state_machine::TransitionRule;
use super::vocabulary::Vocabulary as _;

vocabulary! {
    /// Name of one of the five steps.
    pub enum StepName {
        Policy = "policy", "Identify some smart governance policy / framework", "تحديد بعض سياسات الحوكمة الذكية أو إطار عملها";
        Sectors = "sectors", "Select few smart sectors and study ways of digital transformation", "اختيار عدد قليل من القطاعات الذكية ودراسة طرق التحول الرقمي";
        Pilots = "pilots", "Plan some activities and small projects to migrate to smart city applications", "تخطيط بعض الأنشطة والمشاريع الصغيرة للانتقال إلى تطبيقات المدن الذكية";
        Migration = "migration", "Migrate these into the local digital government of the city", "ترحيل الأنشطة إلى الحكومة الرقمية المحلية للمدينة";
        Report = "report", "Report to the council for assessment and future decision", "رفع تقرير إلى المجلس لتقييمه واتخاذ القرار بشأن المرحلة المقبلة";
    }
}

impl StepName {
    /// The following step.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Policy => Some(Self::Sectors),
            Self::Sectors => Some(Self::Pilots),
            Self::Pilots => Some(Self::Migration),
            Self::Migration => Some(Self::Report),
            Self::Report => None,
        }
    }

    /// The number of the step, from 1 to 5.
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
    pub enum StepState {
        Locked = "locked", "Locked", "مقفلة";
        Open = "open", "Open", "مفتوحة";
        Submitted = "submitted", "Submitted to the members", "معروضة على الأعضاء";
        Passed = "passed", "Passed", "مُقرَّة";
    }
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

/// A command that changes the state of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepCommand {
    /// Opens the step: the task force was activated, or the step before has passed.
    Open,
    /// Puts the step to the vote of the members, by the chair.
    Submit,
    /// Passes the step, which the members have approved.
    Pass,
    /// Opens the step again: the members have returned it, or the chair has withdrawn the submission.
    Return,
    /// Opens the step again: the council has decided that it is to be done again.
    Reopen,
    /// Locks the step: the council has decided that an earlier step is to be done again.
    Lock,
    /// Passes the step again: a correction has replaced the decision that opened or locked it.
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
    /// `stepLocked`, `stepSubmitted` or `stepPassed`, by the state; `transitionNotAllowed` for an open step.
    pub fn transition(self, command: StepCommand) -> Result<Self, Refusal> {
        match (self, command) {
            (Self::Locked, StepCommand::Open) | (Self::Submitted, StepCommand::Return) => Ok(Self::Open),
            (Self::Open, StepCommand::Submit) => Ok(Self::Submitted),
            (Self::Submitted, StepCommand::Pass) | (Self::Open | Self::Locked, StepCommand::Restore) => {
                Ok(Self::Passed)
            }
            (Self::Passed, StepCommand::Reopen) => Ok(Self::Open),
            (_, StepCommand::Lock) => Ok(Self::Locked),
            (state, _) => Err(state.write_blocker().map_or_else(
                || {
                    Refusal::new(
                        RefusalCode::TransitionNotAllowed,
                        "The step is open: it can only be submitted.",
                        "الخطوة مفتوحة، ولا يمكن فيها إلا عرضها على الأعضاء.",
                    )
                },
                Refusal::from,
            )),
        }
    }

    /// The code of the state that forbids changes to the products of the step; `None` for an open step.
    pub fn write_blocker(self) -> Option<RefusalCode> {
        match self {
            Self::Open => None,
            Self::Locked => Some(RefusalCode::StepLocked),
            Self::Submitted => Some(RefusalCode::StepSubmitted),
            Self::Passed => Some(RefusalCode::StepPassed),
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

    /// The rules of steps as a table: every state × every command.
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
                    let code = state.write_blocker().unwrap_or(RefusalCode::TransitionNotAllowed);
                    assert_eq!(refusal.code, code, "{state} {command:?}");
                }
            }
        }
    }
}
