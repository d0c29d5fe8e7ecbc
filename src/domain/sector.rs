//! Sectors that could become smart, how far they are, and how they could be transformed: what step 2 selects and
//! studies.

use super::state_machine::{self, Exit, Move};
use super::refusal::Code;
use super::writing::Ground;

vocabulary! {
    /// State of a sector.
    pub enum SectorState in "sectorStates" {
        Candidate = "candidate", "Candidate", "مرشح";
        Selected = "selected", "Selected", "مختار";
        NotSelected = "notSelected", "Not selected", "غير مختار";
        Studied = "studied", "Selected and studied", "مختار ومدروس";
    }
}

vocabulary! {
    /// Whether an assessment says how far a sector is, or how far it shall be.
    pub enum AssessmentKind in "assessmentKinds" {
        Current = "current", "Maturity now", "النضج الحالي";
        Target = "target", "Maturity to be reached", "النضج المستهدف";
    }
}

/// What a sector's transitions depend on beside its own state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// What it stands on.
    pub ground: Ground,
    /// Whether its maturity is assessed, now and target.
    pub assessed: bool,
    /// Whether it has a completed study with a recommendation.
    pub studied: bool,
}

impl SectorState {
    /// Whether it is among the selected ones: a studied sector still is.
    pub fn is_selected(self) -> bool {
        matches!(self, Self::Selected | Self::Studied)
    }

    /// The ways out of this state.
    pub fn exits(self, facts: &Facts) -> Vec<Exit<Self>> {
        let exit = |to| Exit::to(to).unless(facts.ground.frozen());
        match self {
            Self::Candidate => vec![exit(Self::Selected), exit(Self::NotSelected).with_reason()],
            Self::Selected => vec![
                exit(Self::Studied)
                    .given(facts.assessed, Code::MaturityMissing)
                    .given(facts.studied, Code::StudyMissing),
                exit(Self::Candidate),
            ],
            Self::NotSelected | Self::Studied => vec![exit(Self::Candidate)],
        }
    }

    /// What the state promises and the facts don't keep any more: the way into it had these conditions.
    pub fn broken_promise(self, facts: &Facts) -> Option<Code> {
        match self {
            Self::Studied if !facts.assessed => Some(Code::MaturityMissing),
            Self::Studied if !facts.studied => Some(Code::StudyMissing),
            _ => None,
        }
    }
}

/// Every transition there is.
pub fn moves() -> Vec<Move> {
    let facts = Facts { ground: Ground::FIRM, assessed: true, studied: true };
    machine::moves(|state: SectorState| state.exits(&facts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::state_machine::take;
    use crate::domain::vocabulary::Vocabulary as _;

    /// The rules of design §3, written a second time: every state × every state asked for × every fact.
    #[test]
    fn every_state_leads_exactly_where_it_may() {
        use SectorState::{Candidate, NotSelected, Selected, Studied};

        for ground in Ground::every() {
            for (assessed, studied) in [(false, false), (true, false), (false, true), (true, true)] {
                let facts = Facts { ground, assessed, studied };
                for &from in SectorState::ALL {
                    for &to in SectorState::ALL {
                        let legal = match (from, to) {
                            (Candidate, Selected | NotSelected) => true,
                            (Selected | NotSelected | Studied, Candidate) => true,
                            (Selected, Studied) => assessed && studied,
                            _ => false,
                        };
                        let taken = take(from, &from.exits(&facts), to, true);
                        assert_eq!(
                            taken.is_ok(),
                            legal && ground == Ground::FIRM,
                            "{from} -> {to} {facts:?}"
                        );
                        let unexplained = take(from, &from.exits(&facts), to, false);
                        assert_eq!(unexplained.is_ok(), taken.is_ok() && to != NotSelected, "{from} -> {to}");
                    }
                }
                assert_eq!(Studied.broken_promise(&facts).is_none(), assessed && studied);
                assert_eq!(Selected.broken_promise(&facts), None);
            }
        }
    }
}
