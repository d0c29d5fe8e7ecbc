//! Pilots: small projects that are planned in step 3, run in step 4, and measured by indicators.

use super::decimal::Decimal;
use super::refusal::{Blocker, RefusalCode};
use super::state_machine::{self, Transition, TransitionRule};
use super::step::StepState;
use super::task_force::TaskForceState;
use super::writing::StepContext;

vocabulary! {
    /// State of a pilot.
    pub enum PilotState {
        Proposed = "proposed", "Proposed", "مقترح";
        Planned = "planned", "Planned", "مخطط له";
        Running = "running", "Running", "قيد التنفيذ";
        Evaluated = "evaluated", "Evaluated", "مقيَّم";
        Cancelled = "cancelled", "Cancelled", "ملغى";
    }
}

vocabulary! {
    /// Outcome of the evaluation of a pilot.
    pub enum PilotOutcome {
        Scale = "scale", "Scale up: migrate it into the city's digital government", "التوسع: ترحيله إلى الحكومة الرقمية المحلية";
        Extend = "extend", "Extend: run it again in a later cycle", "التمديد: تنفيذه من جديد في دورة لاحقة";
        Stop = "stop", "Stop", "الإيقاف";
    }
}

vocabulary! {
    /// Direction in which an indicator should move.
    pub enum IndicatorDirection {
        Up = "up", "Higher is better", "الأعلى أفضل";
        Down = "down", "Lower is better", "الأدنى أفضل";
    }
}

impl IndicatorDirection {
    /// Tells whether the way from the baseline to the target goes in this direction.
    pub fn leads(self, baseline: &Decimal, target: &Decimal) -> bool {
        match self {
            Self::Up => target > baseline,
            Self::Down => target < baseline,
        }
    }
}

impl PilotState {
    /// The states that nothing leads out of.
    pub const FINAL: &[Self] = &[Self::Cancelled];

    /// Tells whether the pilot was planned and not cancelled.
    pub fn was_planned(self) -> bool {
        matches!(self, Self::Planned | Self::Running | Self::Evaluated)
    }

    /// Tells whether plan and scorecard can be changed: they are fixed when the pilot starts.
    pub fn is_plan_editable(self) -> bool {
        matches!(self, Self::Proposed | Self::Planned)
    }
}

/// The facts that the transitions of a pilot depend on, beside its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PilotFacts {
    pub task_force: TaskForceState,
    /// The state of the step `pilots`, in which the pilot is planned, in the last cycle of the pilot.
    pub pilots_step: StepState,
    /// The state of the step `migration`, in which the pilot runs, in the last cycle of the pilot.
    pub migration_step: StepState,
    /// The state of the step `pilots` in the current cycle, if that is a later one.
    pub later_pilots_step: Option<StepState>,
    pub sector_selected: bool,
    pub has_aim: bool,
    /// True if the pilot has an indicator with baseline and target.
    pub has_indicator: bool,
    /// True if each indicator was measured since the pilot was last planned.
    pub measured: bool,
    /// The outcome of the evaluation.
    pub outcome: Option<PilotOutcome>,
    /// True if a migration of the pilot was begun or planned and not rolled back.
    pub is_migrated: bool,
    /// True if the caller can take the last evaluation of the current run back.
    pub can_be_taken_back: bool,
}

impl PilotFacts {
    fn write_blocker(&self, step: StepState) -> Option<Blocker> {
        StepContext { task_force: self.task_force, step }.write_blocker()
    }

    fn plan(&self, step: StepState) -> Transition<PilotState> {
        self.plan_unless(self.write_blocker(step))
    }

    /// The transition of an evaluated pilot in its own cycle.
    fn plan_anew(&self) -> Transition<PilotState> {
        self.plan_unless(self.write_blocker(self.pilots_step).map(|blocker| match blocker.code {
            RefusalCode::StepPassed => Blocker::titled(
                RefusalCode::StepPassed,
                "An evaluated pilot is planned again only if the council returns the task force to step `pilots`",
                "لا يُخطَّط من جديد لمشروع تجريبي قُيّم إلا إذا أعاد المجلس الفريق إلى خطوة المشاريع التجريبية (pilots)",
            ),
            _ => blocker,
        }))
    }

    fn plan_unless(&self, blocker: Option<Blocker>) -> Transition<PilotState> {
        Transition::to(PilotState::Planned)
            .blocked_by(blocker)
            .require(self.sector_selected, RefusalCode::SectorNotSelected)
            .require(self.has_aim, RefusalCode::AimsMissing)
            .require(self.has_indicator, RefusalCode::IndicatorsMissing)
    }
}

impl PilotState {
    /// The transitions out of this state.
    pub fn transitions(self, facts: &PilotFacts) -> Vec<Transition<Self>> {
        let migration_blocker = facts.write_blocker(facts.migration_step).map(|blocker| match blocker.code {
            RefusalCode::StepLocked => Blocker::titled(
                RefusalCode::StepLocked,
                "A pilot runs in step `migration`, which is not open yet",
                "يُنفَّذ المشروع التجريبي في خطوة الترحيل (migration)، ولم تُفتح بعد",
            ),
            _ => blocker,
        });
        // A pilot can be cancelled while the step in which it is planned or the step in which it runs is open.
        let cancel_blocker = migration_blocker.clone().and_then(|_| facts.write_blocker(facts.pilots_step));
        // A pilot that the council's `adjust` opened again may have a migration, which rests on the pilot.
        let cancel = Transition::to(Self::Cancelled)
            .with_reason()
            .blocked_by(cancel_blocker)
            .require(!facts.is_migrated, RefusalCode::MigrationUnderWay);
        match self {
            Self::Proposed => vec![facts.plan(facts.pilots_step), cancel],
            Self::Planned => vec![
                Transition::to(Self::Running)
                    .blocked_by(migration_blocker)
                    .require(facts.sector_selected, RefusalCode::SectorNotSelected),
                cancel,
            ],
            Self::Running => vec![
                Transition::to(Self::Evaluated)
                    .blocked_by(migration_blocker)
                    .require(facts.measured, RefusalCode::MeasurementsMissing),
                cancel,
            ],
            Self::Evaluated => {
                let again = Transition::to(Self::Running)
                    .with_reason()
                    .blocked_by(migration_blocker)
                    .require(!facts.is_migrated, RefusalCode::MigrationUnderWay)
                    .require(facts.can_be_taken_back, RefusalCode::EvaluationStands);
                let is_extended = facts.outcome == Some(PilotOutcome::Extend);
                let anew = match facts.later_pilots_step {
                    Some(step) => is_extended.then(|| facts.plan(step)),
                    None if is_extended && facts.pilots_step == StepState::Passed => {
                        Some(Transition::to(Self::Planned).require(false, RefusalCode::CycleNotOver))
                    }
                    // If the step in which the pilot was planned is open, the council opened it again.
                    None => Some(facts.plan_anew()),
                };
                [again].into_iter().chain(anew).collect()
            }
            Self::Cancelled => Vec::new(),
        }
    }

    /// The first condition of the transition into this state that no longer holds.
    pub fn violated_invariant(self, facts: &PilotFacts) -> Option<RefusalCode> {
        match self {
            Self::Planned if !facts.sector_selected => Some(RefusalCode::SectorNotSelected),
            Self::Planned if !facts.has_aim => Some(RefusalCode::AimsMissing),
            Self::Planned if !facts.has_indicator => Some(RefusalCode::IndicatorsMissing),
            _ => None,
        }
    }
}

/// Every transition.
pub fn all_transitions() -> Vec<TransitionRule> {
    let facts = PilotFacts {
        task_force: TaskForceState::Active,
        pilots_step: StepState::Open,
        migration_step: StepState::Open,
        later_pilots_step: Some(StepState::Open),
        sector_selected: true,
        has_aim: true,
        has_indicator: true,
        measured: true,
        outcome: Some(PilotOutcome::Extend),
        is_migrated: false,
        can_be_taken_back: true,
    };
    state_machine::all_transitions(|state: PilotState| state.transitions(&facts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::state_machine::{check_transition, final_states};
    use crate::domain::vocabulary::Vocabulary as _;

    #[test]
    fn the_final_states_are_those_without_a_way_out() {
        assert_eq!(final_states::<PilotState>(&all_transitions()), PilotState::FINAL);
    }

    fn every_fact() -> impl Iterator<Item = PilotFacts> {
        let steps = StepState::ALL.iter().copied();
        let step_states = steps.clone().flat_map(move |pilots_step| {
            let steps = StepState::ALL.iter().copied();
            steps.map(move |migration_step| (pilots_step, migration_step))
        });
        let later = || StepState::ALL.iter().copied().map(Some).chain([None]);
        step_states.flat_map(move |(pilots_step, migration_step)| {
            later().flat_map(move |later_pilots_step| {
                let outcomes = PilotOutcome::ALL.iter().copied().map(Some).chain([None]);
                outcomes.flat_map(move |outcome| {
                    TaskForceState::ALL.iter().flat_map(move |&task_force| {
                        (0..64_u8).map(move |bits| PilotFacts {
                            task_force,
                            pilots_step,
                            migration_step,
                            later_pilots_step,
                            sector_selected: bits & 1 > 0,
                            has_aim: bits & 2 > 0,
                            has_indicator: bits & 4 > 0,
                            measured: bits & 8 > 0,
                            outcome,
                            is_migrated: bits & 16 > 0,
                            can_be_taken_back: bits & 32 > 0,
                        })
                    })
                })
            })
        })
    }

    #[test]
    fn a_target_lies_in_the_direction_of_its_indicator() {
        for (direction, baseline, target, expected) in [
            (IndicatorDirection::Up, "22", "60", true),
            (IndicatorDirection::Up, "22", "22.00", false),
            (IndicatorDirection::Up, "-1", "-2", false),
            (IndicatorDirection::Down, "40", "12.50", true),
            (IndicatorDirection::Down, "40", "40", false),
            (IndicatorDirection::Down, "0.5", "0.500001", false),
        ] {
            let [baseline, target] = [baseline, target].map(|number| Decimal::parse(number).unwrap());
            assert_eq!(direction.leads(&baseline, &target), expected, "{direction}: {baseline} to {target}");
        }
    }

    /// The rules of pilots, written a second time: every state × every state asked for × every fact.
    #[test]
    fn every_state_leads_exactly_where_it_may() {
        use PilotState::{Cancelled, Evaluated, Planned, Proposed, Running};
        use StepState::Open;

        for facts in every_fact() {
            let plannable = facts.sector_selected && facts.has_aim && facts.has_indicator;
            for &from in PilotState::ALL {
                for &to in PilotState::ALL {
                    let legal = match (from, to) {
                        (Proposed, Planned) => facts.pilots_step == Open && plannable,
                        (Planned, Running) => facts.migration_step == Open && facts.sector_selected,
                        (Running, Evaluated) => facts.migration_step == Open && facts.measured,
                        (Proposed | Planned | Running, Cancelled) => {
                            (facts.pilots_step == Open || facts.migration_step == Open) && !facts.is_migrated
                        }
                        (Evaluated, Running) => {
                            facts.migration_step == Open && !facts.is_migrated && facts.can_be_taken_back
                        }
                        (Evaluated, Planned) => {
                            let extended = facts.outcome == Some(PilotOutcome::Extend)
                                && facts.later_pilots_step == Some(Open);
                            let adjusted = facts.later_pilots_step.is_none() && facts.pilots_step == Open;
                            (extended || adjusted) && plannable
                        }
                        _ => false,
                    };
                    let legal = legal && facts.task_force == TaskForceState::Active;
                    let taken = check_transition(from, &from.transitions(&facts), to, true);
                    assert_eq!(taken.is_ok(), legal, "{from} -> {to} with {facts:?}: {taken:?}");
                    let unexplained = check_transition(from, &from.transitions(&facts), to, false);
                    let explained = to == Cancelled || (from, to) == (Evaluated, Running);
                    assert_eq!(unexplained.is_ok(), legal && !explained, "{from} -> {to}");
                }
            }
            assert_eq!(Planned.violated_invariant(&facts).is_none(), plannable);
        }
    }
}
