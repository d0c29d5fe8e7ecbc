//! Sectors that could become smart, which step 2 selects, assesses and studies.

use super::refusal::RefusalCode;
use super::state_machine::{self, Transition, TransitionRule};
use super::writing::StepContext;

vocabulary! {
    /// State of a sector.
    pub enum SectorState {
        Candidate = "candidate", "Candidate", "مرشح";
        Selected = "selected", "Selected", "مختار";
        NotSelected = "notSelected", "Not selected", "غير مختار";
        Studied = "studied", "Selected and studied", "مختار ومدروس";
    }
}

vocabulary! {
    /// Kind of an assessment: current or target maturity.
    pub enum AssessmentKind {
        Current = "current", "Maturity now", "النضج الحالي";
        Target = "target", "Maturity to be reached", "النضج المستهدف";
    }
}

/// The facts that the transitions of a sector depend on, beside its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectorFacts {
    pub step_context: StepContext,
    /// True if the current and the target maturity are assessed.
    pub assessed: bool,
    /// True if the target maturity is below the current maturity.
    pub target_below_current: bool,
    /// True if the sector has a completed study with a recommendation.
    pub studied: bool,
}

impl SectorState {
    /// Tells whether the sector is selected. A studied sector is selected, too.
    pub fn is_selected(self) -> bool {
        matches!(self, Self::Selected | Self::Studied)
    }

    /// The transitions out of this state.
    pub fn transitions(self, facts: &SectorFacts) -> Vec<Transition<Self>> {
        let transition = |to| Transition::to(to).blocked_by(facts.step_context.write_blocker());
        match self {
            Self::Candidate => vec![transition(Self::Selected), transition(Self::NotSelected).with_reason()],
            Self::Selected => vec![
                transition(Self::Studied)
                    .require(facts.assessed, RefusalCode::MaturityMissing)
                    .require(!facts.target_below_current, RefusalCode::TargetBelowCurrent)
                    .require(facts.studied, RefusalCode::StudyMissing),
                transition(Self::Candidate),
            ],
            Self::NotSelected | Self::Studied => vec![transition(Self::Candidate)],
        }
    }

    /// The first condition of the transition into this state that no longer holds.
    pub fn violated_invariant(self, facts: &SectorFacts) -> Option<RefusalCode> {
        match self {
            Self::Studied if !facts.assessed => Some(RefusalCode::MaturityMissing),
            Self::Studied if facts.target_below_current => Some(RefusalCode::TargetBelowCurrent),
            Self::Studied if !facts.studied => Some(RefusalCode::StudyMissing),
            _ => None,
        }
    }
}

/// Every transition.
pub fn all_transitions() -> Vec<TransitionRule> {
    let facts = SectorFacts {
        step_context: StepContext::WRITABLE,
        assessed: true,
        target_below_current: false,
        studied: true,
    };
    state_machine::all_transitions(|state: SectorState| state.transitions(&facts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::state_machine::{check_transition, final_states};
    use crate::domain::vocabulary::Vocabulary as _;

    /// Every sector can be taken back into work, so that each counts as one in force.
    #[test]
    fn no_state_is_final() {
        assert!(final_states::<SectorState>(&all_transitions()).is_empty());
    }

    /// The rules of sectors, written a second time: every state × every state asked for × every fact.
    #[test]
    fn every_state_leads_exactly_where_it_may() {
        use SectorState::{Candidate, NotSelected, Selected, Studied};

        for step_context in StepContext::every() {
            for bits in 0..8_u8 {
                let facts = SectorFacts {
                    step_context,
                    assessed: bits & 1 > 0,
                    target_below_current: bits & 2 > 0,
                    studied: bits & 4 > 0,
                };
                let settled = facts.assessed && !facts.target_below_current && facts.studied;
                for &from in SectorState::ALL {
                    for &to in SectorState::ALL {
                        let legal = match (from, to) {
                            (Candidate, Selected | NotSelected) => true,
                            (Selected | NotSelected | Studied, Candidate) => true,
                            (Selected, Studied) => settled,
                            _ => false,
                        };
                        let taken = check_transition(from, &from.transitions(&facts), to, true);
                        assert_eq!(
                            taken.is_ok(),
                            legal && step_context == StepContext::WRITABLE,
                            "{from} -> {to} {facts:?}"
                        );
                        let unexplained = check_transition(from, &from.transitions(&facts), to, false);
                        assert_eq!(unexplained.is_ok(), taken.is_ok() && to != NotSelected, "{from} -> {to}");
                    }
                }
                assert_eq!(Studied.violated_invariant(&facts).is_none(), settled);
                assert_eq!(Selected.violated_invariant(&facts), None);
            }
        }
    }
}
