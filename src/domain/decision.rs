//! Decisions of the council on a report, their effects on the steps, and the conditions that they set.

use super::refusal::{Blocker, FieldError, FieldErrorCode};
use super::rights::{Action, EffectiveRole, authorize};
use super::state_machine::{self, Transition, TransitionRule};
use super::step::{StepCommand, StepName};
use super::task_force::TaskForceState;
use super::vocabulary::Vocabulary as _;
use super::writing::{Write, may_write};

vocabulary! {
    /// Outcome that a report recommends and the council decides.
    pub enum DecisionOutcome {
        Continue = "continue", "Continue: the next cycle opens", "الاستمرار: تُفتح الدورة التالية";
        Adjust = "adjust", "Adjust: a step of this cycle is done again", "التعديل: تُعاد خطوة من هذه الدورة";
        Conclude = "conclude", "Conclude: the task force has done its work", "الإنهاء: يُنهى عمل الفريق وقد أتم مهمته";
        Stop = "stop", "Stop: the task force is dissolved", "الإيقاف: يُحلّ فريق العمل";
    }
}

/// An outcome, with the step to return to for `adjust`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruling {
    pub outcome: DecisionOutcome,
    pub return_to: Option<StepName>,
}

impl Ruling {
    /// A ruling, if the outcome and the step go together.
    ///
    /// # Errors
    /// The error of the field `returnToStep`, in a report or in a decision.
    pub fn new(outcome: DecisionOutcome, return_to: Option<StepName>) -> Result<Self, FieldError> {
        let at = |code| FieldError::at("/returnToStep", code).compared_with(&["outcome", "recommendation"]);
        match (outcome == DecisionOutcome::Adjust, return_to) {
            (true, None) => Err(at(FieldErrorCode::Required).saying(
                "is missing: `adjust` needs the step that is done again",
                "مطلوب مع «التعديل» (adjust): اذكر الخطوة التي تُعاد",
            )),
            (false, Some(_)) => Err(at(FieldErrorCode::NotAllowed)
                .saying("goes with `adjust` only", "لا يُذكر إلا مع «التعديل» (adjust)")),
            _ => Ok(Self { outcome, return_to }),
        }
    }

    /// Tells whether the ruling departs from the recommendation of a report.
    pub fn departs_from(self, recommended: Self) -> bool {
        self != recommended
    }

    /// The command for a step of the reported cycle, in which all five steps have passed: `adjust` reopens the named
    /// step and locks the later ones.
    pub fn command(self, step: StepName) -> Option<StepCommand> {
        let again = self.return_to?;
        match step.ordinal().cmp(&again.ordinal()) {
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Equal => Some(StepCommand::Reopen),
            std::cmp::Ordering::Greater => Some(StepCommand::Lock),
        }
    }

    /// The state of the task force after the ruling.
    pub fn task_force(self) -> TaskForceState {
        match self.outcome {
            DecisionOutcome::Continue | DecisionOutcome::Adjust => TaskForceState::Active,
            DecisionOutcome::Conclude => TaskForceState::Concluded,
            DecisionOutcome::Stop => TaskForceState::Dissolved,
        }
    }
}

vocabulary! {
    /// State of a condition that the council set.
    pub enum ConditionState {
        Open = "open", "Open", "مفتوح";
        ReportedMet = "reportedMet", "Reported met", "أُبلغ عن استيفائه";
        Met = "met", "Met", "مستوفى";
        Waived = "waived", "Waived", "مُعفى منه";
        Superseded = "superseded", "Superseded", "مُستبدَل";
    }
}

impl ConditionState {
    /// Tells whether the condition is still to be met, or to be accepted as met.
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Open | Self::ReportedMet)
    }

    /// The transitions out of this state: the chair reports a condition met; the secretariat accepts, returns or waives
    /// it.
    pub fn transitions(
        self,
        task_force: TaskForceState,
        effective_role: EffectiveRole,
    ) -> Vec<Transition<Self>> {
        let write_blocker = may_write(Write::Condition, task_force).err().map(Blocker::from);
        let to = |to| {
            let missing_right = authorize(effective_role, Self::action_to(to)).missing_right();
            Transition::to(to).blocked_by(missing_right.map(Blocker::from)).blocked_by(write_blocker.clone())
        };
        match self {
            Self::Open => vec![to(Self::ReportedMet), to(Self::Waived).with_reason()],
            Self::ReportedMet => {
                vec![to(Self::Met), to(Self::Open).with_reason(), to(Self::Waived).with_reason()]
            }
            Self::Met | Self::Waived | Self::Superseded => Vec::new(),
        }
    }

    /// The right to move a condition to a state.
    pub fn action_to(to: Self) -> Action {
        match to {
            Self::ReportedMet => Action::ReportCondition,
            Self::Open | Self::Met | Self::Waived | Self::Superseded => Action::SettleCondition,
        }
    }
}

/// Every transition of a condition. No caller asks for `superseded`: a correction of the decision supersedes its pending
/// conditions.
pub fn all_condition_transitions() -> Vec<TransitionRule> {
    let by_request = state_machine::all_transitions(|state: ConditionState| {
        state.transitions(TaskForceState::Active, EffectiveRole::Secretariat)
    });
    let pending = ConditionState::ALL.iter().filter(|state| state.is_pending());
    let by_correction = pending.map(|state| TransitionRule {
        from: state.code(),
        to: ConditionState::Superseded.code(),
        reason_required: true,
    });
    by_request.into_iter().chain(by_correction).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::state_machine::check_transition;
    use crate::domain::step::{StepState, in_order};

    #[test]
    fn only_adjust_names_a_step() {
        for &outcome in DecisionOutcome::ALL {
            let adjusts = outcome == DecisionOutcome::Adjust;
            assert_eq!(Ruling::new(outcome, None).is_ok(), !adjusts);
            assert_eq!(Ruling::new(outcome, Some(StepName::Pilots)).is_ok(), adjusts);
        }
    }

    #[test]
    fn adjust_opens_the_step_it_names_and_locks_the_later_ones() {
        for again in in_order() {
            let ruling = Ruling::new(DecisionOutcome::Adjust, Some(again)).unwrap();
            for step in in_order() {
                let state = ruling
                    .command(step)
                    .map_or(StepState::Passed, |command| StepState::Passed.transition(command).unwrap());
                let expected = match step.ordinal() - again.ordinal() {
                    0 => StepState::Open,
                    1.. => StepState::Locked,
                    _ => StepState::Passed,
                };
                assert_eq!(state, expected, "{step} when {again} is done again");
            }
        }
    }

    /// The rules of decisions and conditions, written a second time.
    #[test]
    fn every_condition_goes_where_it_may_and_by_whom_it_may() {
        use ConditionState::{Met, Open, ReportedMet, Waived};

        for &task_force in TaskForceState::ALL {
            let writable = !matches!(task_force, TaskForceState::Forming | TaskForceState::Suspended);
            for &effective_role in EffectiveRole::ALL {
                for &from in ConditionState::ALL {
                    for &to in ConditionState::ALL {
                        let by = match (from, to) {
                            (Open, ReportedMet) => Some(EffectiveRole::Chair),
                            (ReportedMet, Met | Open | Waived) | (Open, Waived) => {
                                Some(EffectiveRole::Secretariat)
                            }
                            _ => None,
                        };
                        let transitions = from.transitions(task_force, effective_role);
                        let taken = check_transition(from, &transitions, to, true);
                        let legal = writable && by == Some(effective_role);
                        assert_eq!(
                            taken.is_ok(),
                            legal,
                            "{from} -> {to} by {effective_role:?} in {task_force}"
                        );
                        let needs_reason = matches!((from, to), (_, Waived) | (ReportedMet, Open));
                        assert_eq!(
                            check_transition(from, &transitions, to, false).is_ok(),
                            legal && !needs_reason
                        );
                    }
                }
            }
        }
    }
}
