//! Compares two reports: the last one that was before the council, and the parts of a new one.

use uuid::Uuid;

use super::changes::{ReportAspect, ReportChange, ReportChanges};
use super::lists::ReportList;
use super::model::{Parts, ReportDecision, ReportIndicator, ReportMaturity, ReportMember, ReportModel};
use crate::domain::event::SubjectKind;
use crate::domain::policy::PolicyState;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary;

/// A resource as both reports have it.
struct Compared<'a> {
    id: Uuid,
    title: &'a LocalizedText,
    state: Option<&'static str>,
}

impl<'a> Compared<'a> {
    fn in_state(id: Uuid, title: &'a LocalizedText, state: impl Vocabulary) -> Self {
        Self { id, title, state: Some(state.code()) }
    }
}

/// The changes between an earlier report and the parts of a new one on a cycle.
pub fn changes(earlier: &ReportModel, cycle: i32, now: &Parts) -> ReportChanges {
    let is_same_cycle = earlier.control.cycle == cycle;
    let mut items = Vec::new();
    health(earlier, now, &mut items);
    // The steps of a new cycle are others.
    if is_same_cycle {
        steps(earlier, now, &mut items);
    }
    let has_all = |list| earlier.has_all(list) && now.has_all(list);
    let (before, after) = both(&earlier.policies, &now.policies, |one| {
        Compared::in_state(one.id, &one.title, PolicyState::Adopted)
    });
    resources(SubjectKind::Policy, before, after, has_all(ReportList::Policies), &mut items);
    let (before, after) =
        both(&earlier.sectors, &now.sectors, |one| Compared::in_state(one.id, &one.name, one.state));
    resources(SubjectKind::Sector, before, after, has_all(ReportList::Sectors), &mut items);
    maturity(earlier, now, &mut items);
    // Pilots and migrations of an earlier cycle that do not go on are no part of a report on a new one.
    let goes_on = |before: &Compared, after: &[Compared]| is_same_cycle || find(after, before.id).is_some();
    let (before, after) =
        both(&earlier.pilots, &now.pilots, |one| Compared::in_state(one.id, &one.title, one.state));
    let before = before.into_iter().filter(|one| goes_on(one, &after)).collect();
    resources(SubjectKind::Pilot, before, after, has_all(ReportList::Pilots), &mut items);
    let has_all_indicators = has_all(ReportList::Pilots) && has_all(ReportList::Indicators);
    measurements(earlier, now, has_all_indicators, &mut items);
    let (before, after) =
        both(&earlier.migrations, &now.migrations, |one| Compared::in_state(one.id, &one.title, one.state));
    let before = before.into_iter().filter(|one| goes_on(one, &after)).collect();
    resources(SubjectKind::Migration, before, after, has_all(ReportList::Migrations), &mut items);
    decisions(earlier, now, &mut items);
    let (before, after) = (conditions(&earlier.decisions), conditions(&now.decisions));
    let has_all_conditions = has_all(ReportList::Decisions) && has_all(ReportList::Conditions);
    resources(SubjectKind::Condition, before, after, has_all_conditions, &mut items);
    let (before, after) = (members(&earlier.members), members(&now.members));
    resources(SubjectKind::Member, before, after, has_all(ReportList::Members), &mut items);
    ReportChanges { since_report: earlier.control.number, since: earlier.control.as_of, items }
}

/// The items of a list in both reports.
fn both<'a, T>(
    before: &'a [T],
    after: &'a [T],
    compared: impl Fn(&'a T) -> Compared<'a>,
) -> (Vec<Compared<'a>>, Vec<Compared<'a>>) {
    (before.iter().map(&compared).collect(), after.iter().map(&compared).collect())
}

fn conditions(decisions: &[ReportDecision]) -> Vec<Compared<'_>> {
    decisions
        .iter()
        .flat_map(|decision| &decision.conditions)
        .map(|one| Compared::in_state(one.id, &one.text, one.state))
        .collect()
}

/// The members who hold a seat.
fn members(members: &[ReportMember]) -> Vec<Compared<'_>> {
    members
        .iter()
        .filter(|one| one.to_date.is_none())
        .map(|one| Compared { id: one.member_id, title: &one.name, state: None })
        .collect()
}

fn find<'a, 'b>(all: &'b [Compared<'a>], id: Uuid) -> Option<&'b Compared<'a>> {
    all.iter().find(|one| one.id == id)
}

/// Resources that were added, that changed their state, or that the report no longer contains. Of lists that are not
/// `complete`, nobody knows what was added or removed.
fn resources(
    kind: SubjectKind,
    before: Vec<Compared<'_>>,
    after: Vec<Compared<'_>>,
    complete: bool,
    items: &mut Vec<ReportChange>,
) {
    for now in &after {
        let earlier = find(&before, now.id);
        let aspect = match earlier {
            None if !complete => continue,
            None => ReportAspect::Added,
            Some(earlier) if earlier.state != now.state => ReportAspect::State,
            Some(_) => continue,
        };
        items.push(ReportChange {
            kind,
            id: Some(now.id),
            title: now.title.clone(),
            aspect,
            before: earlier.and_then(|earlier| earlier.state).map(str::to_owned),
            after: now.state.map(str::to_owned),
        });
    }
    for gone in before.iter().filter(|earlier| complete && find(&after, earlier.id).is_none()) {
        items.push(ReportChange {
            kind,
            id: Some(gone.id),
            title: gone.title.clone(),
            aspect: ReportAspect::Removed,
            before: gone.state.map(str::to_owned),
            after: None,
        });
    }
}

fn health(earlier: &ReportModel, now: &Parts, items: &mut Vec<ReportChange>) {
    let before = earlier.health.as_ref().map(|stated| stated.health.code());
    let after = now.health.as_ref().map(|stated| stated.health.code());
    if before != after {
        items.push(ReportChange {
            kind: SubjectKind::HealthStatement,
            id: None,
            title: LocalizedText::both("الحالة العامة لفريق العمل", "Health of the task force"),
            aspect: ReportAspect::State,
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        });
    }
}

fn steps(earlier: &ReportModel, now: &Parts, items: &mut Vec<ReportChange>) {
    for step in &now.steps {
        let before = earlier.steps.iter().find(|before| before.step == step.step).map(|before| before.state);
        if before != Some(step.state) {
            items.push(ReportChange {
                kind: SubjectKind::Step,
                id: None,
                title: step.step.label().into(),
                aspect: ReportAspect::State,
                before: before.map(|state| state.code().to_owned()),
                after: Some(step.state.code().to_owned()),
            });
        }
    }
}

fn maturity(earlier: &ReportModel, now: &Parts, items: &mut Vec<ReportChange>) {
    let level = |maturity: &Option<ReportMaturity>| maturity.as_ref().map(|maturity| maturity.level);
    for sector in &now.sectors {
        let Some(before) = earlier.sectors.iter().find(|before| before.id == sector.id) else { continue };
        let (before, after) = (level(&before.now), level(&sector.now));
        if before != after {
            items.push(ReportChange {
                kind: SubjectKind::Sector,
                id: Some(sector.id),
                title: sector.name.clone(),
                aspect: ReportAspect::Maturity,
                before: before.map(|level| level.to_string()),
                after: after.map(|level| level.to_string()),
            });
        }
    }
}

/// Measured values of the indicators, which have no id in a report: an indicator is known by its name in its pilot. Unless
/// the lists are `complete`, an indicator that only one report has is not new.
fn measurements(earlier: &ReportModel, now: &Parts, complete: bool, items: &mut Vec<ReportChange>) {
    let value = |indicator: &ReportIndicator| {
        let number = indicator.actual.as_ref()?;
        Some(format!("{number} {}", indicator.unit))
    };
    for pilot in &now.pilots {
        let before = earlier.pilots.iter().find(|before| before.id == pilot.id);
        let before = before.map(|before| before.indicators.as_slice()).unwrap_or_default();
        for indicator in &pilot.indicators {
            let known = before.iter().find(|before| before.name == indicator.name);
            if known.is_none() && !complete {
                continue;
            }
            let (before, after) = (known.and_then(value), value(indicator));
            if before != after {
                items.push(ReportChange {
                    kind: SubjectKind::Indicator,
                    id: None,
                    title: indicator.name.clone(),
                    aspect: ReportAspect::Value,
                    before,
                    after,
                });
            }
        }
    }
}

/// Decisions are never removed, are numbered without gaps, and have their number for a title.
fn decisions(earlier: &ReportModel, now: &Parts, items: &mut Vec<ReportChange>) {
    let abridged = earlier.abridged.iter().find(|one| one.list == ReportList::Decisions);
    let known = abridged.map_or(earlier.decisions.len(), |one| one.total);
    let is_new = |one: &&ReportDecision| usize::try_from(one.number).is_ok_and(|number| number > known);
    for decision in now.decisions.iter().filter(is_new) {
        let number = decision.number;
        items.push(ReportChange {
            kind: SubjectKind::Decision,
            id: None,
            title: LocalizedText::both(format!("القرار {number}"), format!("Decision {number}")),
            aspect: ReportAspect::Added,
            before: None,
            after: Some(decision.outcome.code().to_owned()),
        });
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A report as an earlier version stored it.
    pub(in crate::domain::report) fn report(cycle: i32, rest: &serde_json::Value) -> ReportModel {
        let mut model = serde_json::json!({
            "control": {
                "number": 3, "taskForceId": Uuid::nil(), "name": { "en": "Nur" }, "city": { "en": "Nur" }, "cycle": cycle,
                "asOf": "2026-11-28T08:00:00Z", "author": { "memberId": Uuid::nil(), "name": { "en": "Layla" } },
                "period": { "from": "2026-11-01T08:00:00Z", "to": "2026-11-28T08:00:00Z" },
                "supersedes": null, "lastSeq": 1, "headHash": "",
            },
            "asked": { "recommendation": "continue", "returnToStep": null, "summary": { "en": "Well." } },
            "health": null, "steps": [], "policies": [], "sectors": [], "pilots": [], "migrations": [], "aims": [],
            "activities": { "done": 0, "open": 0, "overdue": 0, "doneSince": 0, "doneItems": [], "overdueItems": [] },
            "risks": { "total": 0, "items": [] }, "decisions": [], "lessons": [], "members": [], "recusals": [],
            "evidence": [],
        });
        for (key, value) in rest.as_object().unwrap() {
            model[key] = value.clone();
        }
        serde_json::from_value(model).unwrap()
    }

    /// The parts of a report whose lists are complete.
    pub(in crate::domain::report) fn parts(model: ReportModel) -> Parts {
        let ReportModel {
            health,
            steps,
            policies,
            sectors,
            pilots,
            migrations,
            activities,
            timeline,
            risks,
            decisions,
            members,
            evidence,
            ..
        } = model;
        Parts {
            health,
            steps,
            policies,
            sectors,
            pilots,
            migrations,
            activities,
            timeline: timeline.unwrap_or_default(),
            risks,
            decisions,
            members,
            evidence,
            totals: std::collections::BTreeMap::new(),
        }
        .counted()
    }

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn pilot(number: u128, state: &str, actual: Option<&str>) -> serde_json::Value {
        serde_json::json!({
            "id": id(number), "title": { "en": format!("Pilot {number}") }, "sectorId": id(9),
            "sectorName": { "en": "Transport" }, "policyId": null, "aims": [], "startDate": "2026-11-01",
            "owner": { "memberId": id(8), "name": { "en": "Omar" } }, "endDate": "2026-12-01", "state": state,
            "stateReason": null, "outcome": null, "lessons": null,
            "indicators": [{
                "name": { "en": "Delay" }, "unit": "min", "direction": "down", "baseline": "9", "target": "5",
                "actual": actual, "measuredOn": null, "verdict": "notMeasured",
            }],
        })
    }

    fn lines(earlier: &ReportModel, cycle: i32, now: &serde_json::Value) -> Vec<String> {
        let changes = changes(earlier, cycle, &parts(report(cycle, now)));
        assert_eq!((changes.since_report, changes.since), (3, earlier.control.as_of));
        let line = |one: &ReportChange| {
            let title = one.title.in_language(crate::domain::text::Language::English);
            let state = |code: &Option<String>| code.clone().unwrap_or_else(|| "-".to_owned());
            format!("{} {title}: {} {} {}", one.kind, one.aspect, state(&one.before), state(&one.after))
        };
        changes.items.iter().map(line).collect()
    }

    #[test]
    fn what_changed_is_found_by_comparing_two_reports() {
        let earlier = report(
            1,
            &serde_json::json!({
                "health": { "health": "atRisk", "note": null, "statedAt": "2026-11-02T08:00:00Z" },
                "pilots": [pilot(1, "running", None), pilot(2, "planned", Some("8")), pilot(3, "proposed", None)],
            }),
        );
        let now = serde_json::json!({
            "health": { "health": "onTrack", "note": null, "statedAt": "2026-11-09T08:00:00Z" },
            "pilots": [pilot(1, "evaluated", Some("4.5")), pilot(2, "planned", Some("8")), pilot(4, "proposed", None)],
        });
        let expected = [
            "healthStatement Health of the task force: state atRisk onTrack",
            "pilot Pilot 1: state running evaluated",
            "pilot Pilot 4: added - proposed",
            "pilot Pilot 3: removed proposed -",
            "indicator Delay: value - 4.5 min",
        ];
        assert_eq!(lines(&earlier, 1, &now), expected);
        assert_eq!(
            lines(
                &earlier,
                1,
                &serde_json::json!({
                    "health": serde_json::to_value(&earlier.health).unwrap(),
                    "pilots": serde_json::to_value(&earlier.pilots).unwrap(),
                })
            ),
            [""; 0]
        );
    }

    #[test]
    fn an_item_that_one_of_two_abridged_lists_lacks_is_neither_new_nor_gone() {
        let abridged = |earlier: bool| {
            let abridged = serde_json::json!([{ "list": "pilots", "listed": 2, "total": 9 }]);
            if earlier { abridged } else { serde_json::json!([]) }
        };
        let earlier = report(
            1,
            &serde_json::json!({
                "pilots": [pilot(1, "running", None), pilot(2, "planned", Some("8"))], "abridged": abridged(true),
            }),
        );
        let now = serde_json::json!({ "pilots": [pilot(1, "evaluated", Some("4")), pilot(3, "planned", Some("7"))] });
        let expected = ["pilot Pilot 1: state running evaluated", "indicator Delay: value - 4 min"];
        assert_eq!(lines(&earlier, 1, &now), expected);

        let whole = report(1, &serde_json::json!({ "pilots": [pilot(2, "planned", Some("8"))] }));
        let mut cut = parts(report(1, &now));
        cut.totals.insert(ReportList::Pilots, 9);
        assert_eq!(changes(&whole, 1, &cut).items, []);
    }

    #[test]
    fn decisions_that_an_abridged_report_left_out_are_not_new() {
        let decision = |number: i32| {
            serde_json::json!({ "number": number, "reportNumber": 1, "outcome": "continue", "returnToStep": null,
                                "decidedOn": "2026-11-20", "meetingReference": "C 1", "supersedes": null, "departs": false,
                                "conditions": [] })
        };
        let abridged = serde_json::json!([{ "list": "decisions", "listed": 1, "total": 3 }]);
        let earlier = report(1, &serde_json::json!({ "decisions": [decision(1)], "abridged": abridged }));
        let now = serde_json::json!({ "decisions": [decision(1), decision(2), decision(3), decision(4)] });
        assert_eq!(lines(&earlier, 1, &now), ["decision Decision 4: added - continue"]);
    }

    #[test]
    fn pilots_and_steps_of_an_earlier_cycle_are_not_missing_from_a_new_one() {
        let step = |state: &str| {
            serde_json::json!({ "step": "policy", "state": state, "targetDate": null, "openedAt": null, "passedAt": null,
                                "submissions": [], "waivers": [] })
        };
        let earlier = report(
            1,
            &serde_json::json!({ "pilots": [pilot(1, "evaluated", None)], "steps": [step("passed")] }),
        );
        let now = serde_json::json!({ "pilots": [pilot(2, "proposed", None)], "steps": [step("open")] });
        assert_eq!(lines(&earlier, 2, &now), ["pilot Pilot 2: added - proposed"]);
    }
}
