//! Migrations: the move of a pilot into the local digital government of the city (step 4).

use super::refusal::RefusalCode;
use super::state_machine::{self, Transition, TransitionRule};
use super::writing::StepContext;

vocabulary! {
    /// State of a migration.
    pub enum MigrationState {
        Planned = "planned", "Planned", "مخطط له";
        InProgress = "inProgress", "In progress", "قيد التنفيذ";
        ParallelRun = "parallelRun", "Old and new run in parallel", "تشغيل متوازٍ";
        Live = "live", "Live", "في الخدمة";
        HandedOver = "handedOver", "Handed over", "مُسلَّم";
        RolledBack = "rolledBack", "Rolled back", "مُتراجَع عنه";
    }
}

/// The facts that the transitions of a migration depend on, beside its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrationFacts {
    pub step_context: StepContext,
    /// True if the migration has a checklist of which every item is done.
    pub checklist_done: bool,
    /// True if the numbers of source, loaded and rejected records are known.
    pub reconciled: bool,
    /// True if the numbers differ and no reason was given for that.
    pub difference_unexplained: bool,
    /// True if the receiving unit and the service owner are named.
    pub receiver_named: bool,
    /// True if the pilot of the migration is evaluated with outcome `scale`.
    pub pilot_scaled: bool,
}

/// The number of records that were neither loaded nor rejected; negative if more arrived than there were.
pub fn difference(source: i64, loaded: i64, rejected: i64) -> i64 {
    source.saturating_sub(loaded).saturating_sub(rejected)
}

impl MigrationState {
    /// The transitions out of this state.
    pub fn transitions(self, facts: &MigrationFacts) -> Vec<Transition<Self>> {
        let transition = |to| Transition::to(to).blocked_by(facts.step_context.write_blocker());
        let roll_back = || transition(Self::RolledBack).with_reason();
        match self {
            // After an `adjust`, the pilot may be planned anew while its migration waits.
            Self::Planned => {
                vec![transition(Self::InProgress).require(facts.pilot_scaled, RefusalCode::PilotNotScaled)]
            }
            Self::InProgress => vec![transition(Self::ParallelRun), roll_back()],
            Self::ParallelRun => {
                let go_live = transition(Self::Live)
                    .require(facts.checklist_done, RefusalCode::ChecklistUnfinished)
                    .require(facts.reconciled, RefusalCode::ReconciliationMissing);
                // The reason explains the difference from then on.
                let go_live = if facts.difference_unexplained {
                    go_live.with_reason_for(
                        "must say why the reconciliation counts differ: source is not loaded plus rejected",
                        "اذكر سبب الفرق في أعداد المطابقة: عدد المصدر (source) لا يساوي المحمَّل (loaded) مع المرفوض (rejected)",
                    )
                } else {
                    go_live
                };
                vec![go_live, roll_back()]
            }
            Self::Live => {
                let hand_over = transition(Self::HandedOver)
                    .require(facts.receiver_named, RefusalCode::HandoverIncomplete);
                vec![hand_over, roll_back()]
            }
            Self::RolledBack => {
                vec![transition(Self::Planned).require(facts.pilot_scaled, RefusalCode::PilotNotScaled)]
            }
            Self::HandedOver => vec![transition(Self::Live).with_reason()],
        }
    }

    /// The first condition of the transition into this state that no longer holds.
    pub fn violated_invariant(self, facts: &MigrationFacts) -> Option<RefusalCode> {
        match self {
            Self::Live | Self::HandedOver if !facts.checklist_done => Some(RefusalCode::ChecklistUnfinished),
            Self::Live | Self::HandedOver if !facts.reconciled => Some(RefusalCode::ReconciliationMissing),
            Self::Live | Self::HandedOver if facts.difference_unexplained => {
                Some(RefusalCode::DifferenceUnexplained)
            }
            Self::HandedOver if !facts.receiver_named => Some(RefusalCode::HandoverIncomplete),
            _ => None,
        }
    }
}

/// Every transition.
pub fn all_transitions() -> Vec<TransitionRule> {
    let facts = MigrationFacts {
        step_context: StepContext::WRITABLE,
        checklist_done: true,
        reconciled: true,
        difference_unexplained: false,
        receiver_named: true,
        pilot_scaled: true,
    };
    state_machine::all_transitions(|state: MigrationState| state.transitions(&facts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::state_machine::{check_transition, final_states};
    use crate::domain::vocabulary::Vocabulary as _;

    /// Every migration can be taken back into work, so that each counts as one in force.
    #[test]
    fn no_state_is_final() {
        assert!(final_states::<MigrationState>(&all_transitions()).is_empty());
    }

    /// The rules of migrations, written a second time: every state × every state asked for × every fact.
    #[test]
    fn every_state_leads_exactly_where_it_may() {
        use MigrationState::{HandedOver, InProgress, Live, ParallelRun, Planned, RolledBack};

        for step_context in StepContext::every() {
            for bits in 0..32_u8 {
                let facts = MigrationFacts {
                    step_context,
                    checklist_done: bits & 1 > 0,
                    reconciled: bits & 2 > 0,
                    receiver_named: bits & 4 > 0,
                    difference_unexplained: bits & 8 > 0,
                    pilot_scaled: bits & 16 > 0,
                };
                let settled = facts.checklist_done && facts.reconciled;
                for &from in MigrationState::ALL {
                    for &to in MigrationState::ALL {
                        let legal = match (from, to) {
                            (Planned, InProgress) => facts.pilot_scaled,
                            (InProgress, ParallelRun) => true,
                            (ParallelRun, Live) => settled,
                            (Live, HandedOver) => facts.receiver_named,
                            (InProgress | ParallelRun | Live, RolledBack) => true,
                            (RolledBack, Planned) => facts.pilot_scaled,
                            (HandedOver, Live) => true,
                            _ => false,
                        };
                        let taken = check_transition(from, &from.transitions(&facts), to, true);
                        assert_eq!(
                            taken.is_ok(),
                            legal && step_context == StepContext::WRITABLE,
                            "{from} -> {to} {facts:?}"
                        );
                        let unexplained = check_transition(from, &from.transitions(&facts), to, false);
                        let explained = to == RolledBack
                            || (from, to) == (HandedOver, Live)
                            || (from, to) == (ParallelRun, Live) && facts.difference_unexplained;
                        assert_eq!(unexplained.is_ok(), taken.is_ok() && !explained, "{from} -> {to}");
                    }
                }
                let settled = settled && !facts.difference_unexplained;
                assert_eq!(Live.violated_invariant(&facts).is_none(), settled);
                assert_eq!(HandedOver.violated_invariant(&facts).is_none(), settled && facts.receiver_named);
            }
        }
    }
}
