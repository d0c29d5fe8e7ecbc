//! Policies and frameworks of smart governance, which step 1 identifies and adopts.

use super::refusal::RefusalCode;
use super::state_machine::{self, Transition, TransitionRule};
use super::writing::StepContext;

vocabulary! {
    /// Kind of a policy.
    pub enum PolicyKind {
        Policy = "policy", "Policy", "سياسة";
        Framework = "framework", "Framework", "إطار عمل";
        Standard = "standard", "Standard", "مواصفة قياسية";
    }
}

vocabulary! {
    /// State of a policy.
    pub enum PolicyState {
        Identified = "identified", "Identified", "مرصودة";
        UnderReview = "underReview", "Under review", "قيد المراجعة";
        Adopted = "adopted", "Adopted", "معتمدة";
        Rejected = "rejected", "Rejected", "مرفوضة";
        Superseded = "superseded", "Superseded", "مُستبدَلة";
    }
}

/// The facts that the transitions of a policy depend on, beside its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyFacts {
    pub step_context: StepContext,
    /// True if another policy that counts in the same last cycle is adopted. That one could supersede the policy.
    pub another_adopted: bool,
    /// True if another policy was superseded by the policy.
    pub supersedes_another: bool,
    /// True if the caller is the one who put the policy under review.
    pub caller_put_under_review: bool,
}

impl PolicyState {
    /// Tells whether the policy was decided on. Its text is fixed from then on, so that the text in force is the text
    /// that was adopted.
    pub fn is_decided(self) -> bool {
        matches!(self, Self::Adopted | Self::Rejected | Self::Superseded)
    }

    /// The states that nothing leads out of.
    pub const FINAL: &[Self] = &[Self::Superseded];

    /// The transitions out of this state.
    pub fn transitions(self, facts: &PolicyFacts) -> Vec<Transition<Self>> {
        let transition = |to| Transition::to(to).blocked_by(facts.step_context.write_blocker());
        match self {
            Self::Identified => vec![transition(Self::UnderReview)],
            Self::UnderReview => {
                // What took the place of another policy stays in its place: it is adopted again or superseded itself.
                let unless_a_successor = |transition: Transition<Self>| {
                    transition.require(!facts.supersedes_another, RefusalCode::SupersedesAnother)
                };
                vec![
                    transition(Self::Adopted)
                        .require(!facts.caller_put_under_review, RefusalCode::AdoptionByAnother),
                    unless_a_successor(transition(Self::Rejected).with_reason()),
                    unless_a_successor(transition(Self::Identified)),
                ]
            }
            Self::Adopted => {
                vec![
                    transition(Self::Superseded)
                        .require(facts.another_adopted, RefusalCode::PolicyNotAdopted),
                    transition(Self::UnderReview).with_reason(),
                ]
            }
            Self::Rejected => vec![transition(Self::Identified).with_reason()],
            Self::Superseded => Vec::new(),
        }
    }
}

/// Every transition.
pub fn all_transitions() -> Vec<TransitionRule> {
    let facts = PolicyFacts {
        step_context: StepContext::WRITABLE,
        another_adopted: true,
        supersedes_another: false,
        caller_put_under_review: false,
    };
    state_machine::all_transitions(|state: PolicyState| state.transitions(&facts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::state_machine::{check_transition, final_states};
    use crate::domain::vocabulary::Vocabulary as _;

    #[test]
    fn the_final_states_are_those_without_a_way_out() {
        assert_eq!(final_states::<PolicyState>(&all_transitions()), PolicyState::FINAL);
    }

    /// The rules of policies, written a second time: every state × every state asked for × every fact.
    #[test]
    fn every_state_leads_exactly_where_it_may() {
        use PolicyState::{Adopted, Identified, Rejected, Superseded, UnderReview};

        for step_context in StepContext::every() {
            for bits in 0..8_u8 {
                let facts = PolicyFacts {
                    step_context,
                    another_adopted: bits & 1 > 0,
                    supersedes_another: bits & 2 > 0,
                    caller_put_under_review: bits & 4 > 0,
                };
                for &from in PolicyState::ALL {
                    for &to in PolicyState::ALL {
                        let legal = match (from, to) {
                            (Identified, UnderReview) => true,
                            (UnderReview, Adopted) => !facts.caller_put_under_review,
                            (UnderReview, Rejected | Identified) => !facts.supersedes_another,
                            (Adopted, Superseded) => facts.another_adopted,
                            (Adopted, UnderReview) | (Rejected, Identified) => true,
                            _ => false,
                        };
                        let taken = check_transition(from, &from.transitions(&facts), to, true);
                        assert_eq!(
                            taken.is_ok(),
                            legal && step_context == StepContext::WRITABLE,
                            "{from} -> {to} {facts:?}"
                        );
                        let unexplained = check_transition(from, &from.transitions(&facts), to, false);
                        let explained = matches!(
                            (from, to),
                            (_, Rejected) | (Adopted, UnderReview) | (Rejected, Identified)
                        );
                        assert_eq!(unexplained.is_ok(), taken.is_ok() && !explained, "{from} -> {to}");
                    }
                }
            }
        }
    }
}
