//! Gates: the criteria that a step must meet before it may be submitted. Readiness and the submission ask the same
//! functions.
//!
//! Each criterion is one pure function over the facts of its step. The verdict lists the resources that fail it.

use uuid::Uuid;

use super::adjustment::Adjustment;
use super::criterion::{Criterion, CriterionCode, Failing, Waiver};
use super::message::Message;
use super::migration::MigrationState;
use super::pilot::{PilotOutcome, PilotState};
use super::policy::PolicyState;
use super::reference::Reference;
use super::refusal::{ProblemExtension, Refusal, RefusalCode};
use super::sector::SectorState;
use super::step::StepName;
use super::vocabulary::Vocabulary as _;

/// The criteria of a step's gate, in the order of the contract. `adjustmentAnswered` belongs to the gate of a step that
/// the council opened again, and only to that.
pub fn criteria_of(step: StepName) -> Vec<CriterionCode> {
    use CriterionCode as Code;

    let own: &[Code] = match step {
        StepName::Policy => &[Code::PolicyAdopted, Code::PoliciesSettled, Code::AimsNamed],
        StepName::Sectors => &[Code::SectorsSelected, Code::CandidatesSettled, Code::SectorsStudied],
        StepName::Pilots => {
            &[Code::PilotsPlanned, Code::SectorsCovered, Code::IndicatorsSet, Code::ActivitiesPlanned]
        }
        StepName::Migration => &[Code::PilotsEvaluated, Code::MigrationsHandedOver],
        StepName::Report => &[Code::ReportCurrent, Code::ConditionsSettled],
    };
    let of_all = [Code::AdjustmentAnswered, Code::ActivitiesSettled, Code::TranslationsComplete];
    own.iter().copied().chain(of_all).collect()
}

/// The facts of a policy that gates depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatePolicy {
    pub policy: Reference,
    pub state: PolicyState,
    pub has_aim: bool,
}

/// The facts of a sector that gates depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateSector {
    pub sector: Reference,
    pub state: SectorState,
}

/// The facts of a pilot that gates depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatePilot {
    pub pilot: Reference,
    pub state: PilotState,
    /// The outcome of the evaluation.
    pub outcome: Option<PilotOutcome>,
    pub sector_id: Uuid,
    /// True if the pilot has indicators, each with baseline and target.
    pub indicators_set: bool,
    /// True if the pilot has an activity in step `migration` that is not cancelled and has assignee and due date.
    pub activity_planned: bool,
    /// The states of the migrations of the pilot in this cycle.
    pub migrations: Vec<MigrationState>,
}

/// The facts of the latest draft report of the cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateDraft {
    pub report: Reference,
    /// True if an event since then changes the contents of the report.
    pub outdated: bool,
}

/// The facts of one step in the current cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepFacts {
    /// Step 1.
    Policy(Vec<GatePolicy>),
    /// Step 2, with the number of sectors that the task force may select.
    Sectors(Vec<GateSector>, usize),
    /// Step 3, with the sectors of the task force.
    Pilots(Vec<GatePilot>, Vec<GateSector>),
    /// Step 4: pilots with their migrations.
    Migration(Vec<GatePilot>),
    /// Step 5: the latest draft, and the conditions of earlier decisions that are open and due.
    Report(Option<GateDraft>, Failing),
}

/// The facts that the gate of a step depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateFacts {
    pub step_facts: StepFacts,
    /// The decision of the council that opened the step again.
    pub adjustment: Option<Adjustment>,
    /// The activities of the step that are neither done nor cancelled.
    pub open_activities: Failing,
    /// Products in force, and children of them, whose title or name lacks a language.
    pub untranslated: Failing,
}

/// The verdicts on the criteria of a gate.
pub fn criteria(facts: &GateFacts, waivers: &[Waiver]) -> Vec<Criterion> {
    let mut verdicts = match &facts.step_facts {
        StepFacts::Policy(policies) => vec![
            (CriterionCode::PolicyAdopted, policy_adopted(policies)),
            (CriterionCode::PoliciesSettled, policies_settled(policies)),
            (CriterionCode::AimsNamed, aims_named(policies)),
        ],
        StepFacts::Sectors(sectors, max_selected) => vec![
            (CriterionCode::SectorsSelected, sectors_selected(sectors, *max_selected)),
            (CriterionCode::CandidatesSettled, candidates_settled(sectors)),
            (CriterionCode::SectorsStudied, sectors_studied(sectors)),
        ],
        StepFacts::Pilots(pilots, sectors) => vec![
            (CriterionCode::PilotsPlanned, pilots_planned(pilots)),
            (CriterionCode::SectorsCovered, sectors_covered(pilots, sectors)),
            (CriterionCode::IndicatorsSet, indicators_set(pilots)),
            (CriterionCode::ActivitiesPlanned, activities_planned(pilots)),
        ],
        StepFacts::Migration(pilots) => vec![
            (CriterionCode::PilotsEvaluated, pilots_evaluated(pilots)),
            (CriterionCode::MigrationsHandedOver, migrations_handed_over(pilots)),
        ],
        StepFacts::Report(draft, conditions_due) => vec![
            (CriterionCode::ReportCurrent, report_current(draft.as_ref())),
            (CriterionCode::ConditionsSettled, met_if_none(conditions_due.clone())),
        ],
    };
    if let Some(adjustment) = &facts.adjustment {
        verdicts.push((CriterionCode::AdjustmentAnswered, adjustment_answered(adjustment)));
    }
    verdicts.push((CriterionCode::ActivitiesSettled, met_if_none(facts.open_activities.clone())));
    verdicts.push((CriterionCode::TranslationsComplete, met_if_none(facts.untranslated.clone())));
    let waiver = |code| waivers.iter().find(|waiver| waiver.criterion == code).cloned();
    verdicts
        .into_iter()
        .map(|(code, CriterionVerdict { met, failing })| Criterion {
            code,
            title: title(code, &facts.step_facts),
            met,
            failing,
            waiver: waiver(code),
        })
        .collect()
}

/// The criterion for people, with the limit of the task force where it has one.
fn title(code: CriterionCode, facts: &StepFacts) -> Message {
    match (code, facts) {
        (CriterionCode::SectorsSelected, StepFacts::Sectors(_, max_selected)) => Message::new(
            format!("At least one sector is selected, and no more than the task force may ({max_selected})"),
            format!(
                "اختير قطاع واحد على الأقل، ولم يتجاوز عدد القطاعات المختارة الحد المقرر لفريق العمل ({max_selected})"
            ),
        ),
        _ => code.label(),
    }
}

/// Checks that a step with these verdicts may be submitted.
///
/// # Errors
/// `gateNotMet`, listing the criteria.
pub fn check(criteria: &[Criterion]) -> Result<(), Refusal> {
    if criteria.iter().all(Criterion::is_settled) {
        return Ok(());
    }
    Err(Refusal::from(RefusalCode::GateNotMet).extension(ProblemExtension::Criteria(criteria.to_vec())))
}

/// The verdict on a criterion, before waivers.
struct CriterionVerdict {
    met: bool,
    failing: Failing,
}

/// The verdict on a criterion that is met if no resource fails it.
fn met_if_none(failing: Failing) -> CriterionVerdict {
    CriterionVerdict { met: failing.total == 0, failing }
}

fn none_of<'a>(references: impl Iterator<Item = &'a Reference>) -> CriterionVerdict {
    met_if_none(Failing::these(references))
}

fn adjustment_answered(adjustment: &Adjustment) -> CriterionVerdict {
    CriterionVerdict { met: adjustment.is_answered(), failing: Failing::default() }
}

fn policy_adopted(policies: &[GatePolicy]) -> CriterionVerdict {
    let met = policies.iter().any(|fact| fact.state == PolicyState::Adopted);
    CriterionVerdict { met, failing: Failing::default() }
}

fn policies_settled(policies: &[GatePolicy]) -> CriterionVerdict {
    none_of(policies.iter().filter(|fact| fact.state == PolicyState::UnderReview).map(|fact| &fact.policy))
}

fn aims_named(policies: &[GatePolicy]) -> CriterionVerdict {
    let aimless = |fact: &&GatePolicy| fact.state == PolicyState::Adopted && !fact.has_aim;
    none_of(policies.iter().filter(aimless).map(|fact| &fact.policy))
}

fn sectors_selected(sectors: &[GateSector], max_selected: usize) -> CriterionVerdict {
    let selected = || sectors.iter().filter(|fact| fact.state.is_selected());
    let count = selected().count();
    // Any of too many sectors could be left out.
    let failing = if count > max_selected {
        Failing::these(selected().map(|fact| &fact.sector))
    } else {
        Failing::default()
    };
    CriterionVerdict { met: (1..=max_selected).contains(&count), failing }
}

fn candidates_settled(sectors: &[GateSector]) -> CriterionVerdict {
    none_of(sectors.iter().filter(|fact| fact.state == SectorState::Candidate).map(|fact| &fact.sector))
}

fn sectors_studied(sectors: &[GateSector]) -> CriterionVerdict {
    none_of(sectors.iter().filter(|fact| fact.state == SectorState::Selected).map(|fact| &fact.sector))
}

/// Pilots in the plan: planned, or further if the step was opened again.
fn in_plan(pilots: &[GatePilot]) -> impl Iterator<Item = &GatePilot> {
    pilots.iter().filter(|fact| fact.state.was_planned())
}

/// Pilots whose plan is still to be carried out.
fn unfinished(pilots: &[GatePilot]) -> impl Iterator<Item = &GatePilot> {
    pilots.iter().filter(|fact| matches!(fact.state, PilotState::Planned | PilotState::Running))
}

fn pilots_planned(pilots: &[GatePilot]) -> CriterionVerdict {
    CriterionVerdict { met: in_plan(pilots).next().is_some(), failing: Failing::default() }
}

fn sectors_covered(pilots: &[GatePilot], sectors: &[GateSector]) -> CriterionVerdict {
    let selected = || sectors.iter().filter(|fact| fact.state.is_selected());
    let without_pilot =
        selected().filter(|fact| in_plan(pilots).all(|pilot| pilot.sector_id != fact.sector.id));
    let without_sector =
        unfinished(pilots).filter(|pilot| selected().all(|fact| fact.sector.id != pilot.sector_id));
    none_of(without_pilot.map(|fact| &fact.sector).chain(without_sector.map(|fact| &fact.pilot)))
}

fn indicators_set(pilots: &[GatePilot]) -> CriterionVerdict {
    none_of(unfinished(pilots).filter(|fact| !fact.indicators_set).map(|fact| &fact.pilot))
}

fn activities_planned(pilots: &[GatePilot]) -> CriterionVerdict {
    none_of(unfinished(pilots).filter(|fact| !fact.activity_planned).map(|fact| &fact.pilot))
}

fn pilots_evaluated(pilots: &[GatePilot]) -> CriterionVerdict {
    none_of(unfinished(pilots).map(|fact| &fact.pilot))
}

fn migrations_handed_over(pilots: &[GatePilot]) -> CriterionVerdict {
    let waiting = |fact: &&GatePilot| {
        fact.outcome == Some(PilotOutcome::Scale) && !fact.migrations.contains(&MigrationState::HandedOver)
    };
    none_of(pilots.iter().filter(waiting).map(|fact| &fact.pilot))
}

fn report_current(draft: Option<&GateDraft>) -> CriterionVerdict {
    let outdated = draft.filter(|fact| fact.outdated);
    CriterionVerdict {
        met: draft.is_some() && outdated.is_none(),
        failing: Failing::these(outdated.map(|fact| &fact.report)),
    }
}

#[cfg(test)]
mod tests;
