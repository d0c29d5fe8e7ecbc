//! The table of gates, written a second time: each criterion with facts that meet it and facts that don't.

use super::*;
use crate::domain::event::SubjectKind;
use crate::domain::reference::MemberReference;
use crate::domain::step::in_order;
use crate::domain::text::LocalizedText;

fn reference(kind: SubjectKind, id: u128) -> Reference {
    Reference::new(kind, Uuid::from_u128(id), LocalizedText::both("عنوان", "Title"))
}

fn policy(id: u128, state: PolicyState, has_aim: bool) -> GatePolicy {
    GatePolicy { policy: reference(SubjectKind::Policy, id), state, has_aim }
}

fn sector(id: u128, state: SectorState) -> GateSector {
    GateSector { sector: reference(SubjectKind::Sector, id), state }
}

/// A pilot in sector 1 that lacks nothing.
fn pilot(id: u128, state: PilotState) -> GatePilot {
    GatePilot {
        pilot: reference(SubjectKind::Pilot, id),
        state,
        outcome: None,
        sector_id: Uuid::from_u128(1),
        indicators_set: true,
        activity_planned: true,
        migrations: Vec::new(),
    }
}

fn scaled(id: u128, migrations: &[MigrationState]) -> GatePilot {
    let evaluated = pilot(id, PilotState::Evaluated);
    GatePilot { outcome: Some(PilotOutcome::Scale), migrations: migrations.to_vec(), ..evaluated }
}

fn facts(step_facts: StepFacts) -> GateFacts {
    GateFacts {
        step_facts,
        adjustment: None,
        open_activities: Failing::default(),
        untranslated: Failing::default(),
    }
}

/// A decision that opened a step again.
fn adjustment(changed: bool) -> Adjustment {
    Adjustment {
        decision_id: Uuid::from_u128(7),
        decision_number: 1,
        reason: LocalizedText::both("سبب", "Reason"),
        changed,
        note: None,
    }
}

/// The criteria that are not met, and the ids of what fails each.
fn unmet(step_facts: StepFacts) -> Vec<(CriterionCode, Vec<u128>)> {
    let ids = |one: &Criterion| one.failing.first.iter().map(|reference| reference.id.as_u128()).collect();
    let criteria = criteria(&facts(step_facts), &[]);
    for one in criteria.iter().filter(|one| one.met) {
        assert_eq!(one.failing, Failing::default(), "{} is met, and something fails it", one.code);
    }
    criteria.iter().filter(|one| !one.met).map(|one| (one.code, ids(one))).collect()
}

#[test]
fn the_limit_of_selected_sectors_is_named() {
    let criteria = criteria(&facts(StepFacts::Sectors(Vec::new(), 2)), &[]);
    let title = &criteria.iter().find(|one| one.code == CriterionCode::SectorsSelected).unwrap().title;
    assert_eq!(title.en, "At least one sector is selected, and no more than the task force may (2)");
    assert_eq!(
        title.ar,
        "اختير قطاع واحد على الأقل، ولم يتجاوز عدد القطاعات المختارة الحد المقرر لفريق العمل (2)"
    );
}

#[test]
fn every_step_has_the_criteria_that_its_gate_asks() {
    let of_every_step = [
        StepFacts::Policy(Vec::new()),
        StepFacts::Sectors(Vec::new(), 5),
        StepFacts::Pilots(Vec::new(), Vec::new()),
        StepFacts::Migration(Vec::new()),
        StepFacts::Report(None, Failing::default()),
    ];
    for (step, step_facts) in in_order().zip(of_every_step) {
        let asked: Vec<_> = criteria(&facts(step_facts.clone()), &[]).iter().map(|one| one.code).collect();
        let mut usual = criteria_of(step);
        usual.retain(|code| *code != CriterionCode::AdjustmentAnswered);
        assert_eq!(asked, usual, "{step}");
        let opened_again = GateFacts { adjustment: Some(adjustment(true)), ..facts(step_facts) };
        let asked: Vec<_> = criteria(&opened_again, &[]).iter().map(|one| one.code).collect();
        assert_eq!(asked, criteria_of(step), "{step} opened again");
    }
    let of_any: Vec<_> = in_order().flat_map(criteria_of).collect();
    assert!(CriterionCode::ALL.iter().all(|code| of_any.contains(code)), "a criterion that no gate asks");
}

#[test]
fn step_1_needs_an_adopted_policy_with_an_aim_and_none_under_review() {
    use CriterionCode::{AimsNamed, PoliciesSettled, PolicyAdopted};
    use PolicyState::{Adopted, Identified, Rejected, UnderReview};

    assert_eq!(unmet(StepFacts::Policy(vec![])), [(PolicyAdopted, vec![])]);
    let settled = vec![policy(1, Adopted, true), policy(2, Rejected, false), policy(3, Identified, false)];
    assert_eq!(unmet(StepFacts::Policy(settled)), []);
    let not_yet = vec![policy(1, UnderReview, false), policy(2, Adopted, false), policy(3, Adopted, true)];
    assert_eq!(unmet(StepFacts::Policy(not_yet)), [(PoliciesSettled, vec![1]), (AimsNamed, vec![2])]);
}

#[test]
fn step_2_needs_few_selected_sectors_all_studied_and_no_candidate() {
    use CriterionCode::{CandidatesSettled, SectorsSelected, SectorsStudied};
    use SectorState::{Candidate, NotSelected, Selected, Studied};

    assert_eq!(unmet(StepFacts::Sectors(vec![sector(1, NotSelected)], 5)), [(SectorsSelected, vec![])]);
    assert_eq!(unmet(StepFacts::Sectors(vec![sector(1, Studied), sector(2, NotSelected)], 1)), []);
    let too_many = vec![sector(1, Studied), sector(2, Selected), sector(3, Candidate)];
    assert_eq!(
        unmet(StepFacts::Sectors(too_many, 1)),
        [(SectorsSelected, vec![1, 2]), (CandidatesSettled, vec![3]), (SectorsStudied, vec![2])]
    );
}

#[test]
fn step_3_needs_a_planned_pilot_for_each_selected_sector_that_can_be_measured_and_is_staffed() {
    use CriterionCode::{ActivitiesPlanned, IndicatorsSet, PilotsPlanned, SectorsCovered};
    use PilotState::{Cancelled, Evaluated, Planned, Proposed, Running};

    let sectors = || vec![sector(1, SectorState::Studied), sector(9, SectorState::NotSelected)];
    assert_eq!(
        unmet(StepFacts::Pilots(vec![pilot(10, Proposed), pilot(11, Cancelled)], sectors())),
        [(PilotsPlanned, vec![]), (SectorsCovered, vec![1])]
    );
    for state in [Planned, Running, Evaluated] {
        assert_eq!(unmet(StepFacts::Pilots(vec![pilot(10, state)], sectors())), [], "{state}");
    }
    let elsewhere = GatePilot { sector_id: Uuid::from_u128(9), ..pilot(11, Planned) };
    let bare = GatePilot { indicators_set: false, activity_planned: false, ..pilot(12, Planned) };
    assert_eq!(
        unmet(StepFacts::Pilots(vec![pilot(10, Planned), elsewhere, bare], sectors())),
        [(SectorsCovered, vec![11]), (IndicatorsSet, vec![12]), (ActivitiesPlanned, vec![12])]
    );
}

#[test]
fn step_4_needs_every_planned_pilot_evaluated_and_every_scaled_one_handed_over() {
    use CriterionCode::{MigrationsHandedOver, PilotsEvaluated};
    use MigrationState::{HandedOver, Live, RolledBack};
    use PilotState::{Cancelled, Evaluated, Planned, Proposed, Running};

    let done = vec![
        pilot(1, Evaluated),
        pilot(2, Cancelled),
        pilot(3, Proposed),
        scaled(4, &[RolledBack, HandedOver]),
    ];
    assert_eq!(unmet(StepFacts::Migration(done)), []);
    let under_way = vec![pilot(1, Planned), pilot(2, Running), scaled(3, &[]), scaled(4, &[Live])];
    assert_eq!(
        unmet(StepFacts::Migration(under_way)),
        [(PilotsEvaluated, vec![1, 2]), (MigrationsHandedOver, vec![3, 4])]
    );
}

#[test]
fn step_5_needs_a_draft_that_is_still_true_and_no_condition_due() {
    use CriterionCode::{ConditionsSettled, ReportCurrent};

    let draft = |outdated| Some(GateDraft { report: reference(SubjectKind::Report, 7), outdated });
    assert_eq!(unmet(StepFacts::Report(draft(false), Failing::default())), []);
    assert_eq!(unmet(StepFacts::Report(None, Failing::default())), [(ReportCurrent, vec![])]);
    let due = Failing::these([&reference(SubjectKind::Condition, 8)]);
    assert_eq!(
        unmet(StepFacts::Report(draft(true), due)),
        [(ReportCurrent, vec![7]), (ConditionsSettled, vec![8])]
    );
}

#[test]
fn every_step_needs_its_activities_settled_and_its_titles_in_both_languages() {
    let open = Failing::these([&reference(SubjectKind::Activity, 5)]);
    let lacking = Failing::these([&reference(SubjectKind::Policy, 6)]);
    let adopted = StepFacts::Policy(vec![policy(1, PolicyState::Adopted, true)]);
    let facts =
        GateFacts { step_facts: adopted, adjustment: None, open_activities: open, untranslated: lacking };
    let unmet: Vec<_> =
        criteria(&facts, &[]).into_iter().filter(|one| !one.met).map(|one| one.code).collect();
    assert_eq!(unmet, [CriterionCode::ActivitiesSettled, CriterionCode::TranslationsComplete]);
}

#[test]
fn what_fails_is_named_up_to_a_hundred_and_counted_beyond() {
    let many: Vec<_> = (0..250).map(|id| policy(id, PolicyState::UnderReview, true)).collect();
    let criteria = criteria(&facts(StepFacts::Policy(many)), &[]);
    let settled = criteria.iter().find(|one| one.code == CriterionCode::PoliciesSettled).unwrap();
    assert_eq!((settled.failing.first.len(), settled.failing.total), (100, 250));
}

#[test]
fn a_waived_criterion_stays_unmet_and_no_longer_stands_in_the_way() {
    let not_yet = vec![policy(1, PolicyState::UnderReview, true), policy(2, PolicyState::Adopted, true)];
    let facts = facts(StepFacts::Policy(not_yet));
    let refusal = check(&criteria(&facts, &[])).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::GateNotMet);
    let waiver = Waiver {
        criterion: CriterionCode::PoliciesSettled,
        reason: LocalizedText::both("سبب", "Reason"),
        member: MemberReference {
            id: Uuid::nil(),
            user_id: Uuid::nil(),
            name: LocalizedText::both("ليلى", "Layla"),
            task_force_id: Uuid::nil(),
        },
        at: chrono::DateTime::UNIX_EPOCH,
    };
    let waived = criteria(&facts, std::slice::from_ref(&waiver));
    assert_eq!(check(&waived), Ok(()));
    let settled = waived.iter().find(|one| one.code == CriterionCode::PoliciesSettled).unwrap();
    assert_eq!((settled.met, &settled.waiver), (false, &Some(waiver)));
}

#[test]
fn what_a_step_is_for_can_not_be_waived() {
    let firm: Vec<_> =
        CriterionCode::ALL.iter().filter(|code| !code.is_waivable()).map(|c| c.code()).collect();
    assert_eq!(
        firm,
        [
            "policyAdopted",
            "sectorsSelected",
            "pilotsPlanned",
            "indicatorsSet",
            "reportCurrent",
            "conditionsSettled"
        ]
    );
}

#[test]
fn a_step_that_the_council_opened_again_needs_an_answer() {
    for (changed, met) in [(false, false), (true, true)] {
        let opened_again = GateFacts {
            adjustment: Some(adjustment(changed)),
            ..facts(StepFacts::Policy(vec![policy(1, PolicyState::Adopted, true)]))
        };
        let verdicts = criteria(&opened_again, &[]);
        let verdict = verdicts.iter().find(|one| one.code == CriterionCode::AdjustmentAnswered).unwrap();
        assert_eq!((verdict.met, verdict.failing.total), (met, 0));
        assert_eq!(check(&verdicts).is_ok(), met);
    }
}
