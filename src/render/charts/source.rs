//! The charts of a report and of a status, from the same parts.

use chrono_tz::Tz;

use super::words::short;
use super::{
    ActivityCounts, ActivityHistory, ActivityPoint, AimMatrix, Chart, DateKind, IndicatorProgress,
    Indicators, Maturity, PathStep, PilotAims, SectorMaturity, StepsPath, Timeline, TimelineDate, activities,
    aims, indicators, maturity, steps, timeline,
};
use crate::domain::decision::ConditionState;
use crate::domain::migration::MigrationState;
use crate::domain::pilot::PilotState;
use crate::domain::report::{
    ReportDecision, ReportMigration, ReportModel, ReportPilot, ReportSector, ReportStep, ReportTimeline,
    TargetVerdict,
};
use crate::domain::sector::SectorState;
use crate::domain::step::StepState;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;

/// The parts of a cycle that the charts show.
#[derive(Debug, Clone)]
pub struct ChartSource<'a> {
    /// The five steps.
    pub steps: StepsPath,
    /// The sectors.
    pub sectors: &'a [ReportSector],
    /// The pilots with their indicators.
    pub pilots: &'a [ReportPilot],
    /// The migrations.
    pub migrations: &'a [ReportMigration],
    /// The decisions of the council with their conditions.
    pub decisions: &'a [ReportDecision],
    /// The activities over time and the dates ahead; `None` in a report of an earlier version.
    pub timeline: Option<&'a ReportTimeline>,
}

/// The six charts, each `None` if there is nothing to show.
#[derive(Debug, Clone)]
pub struct Charts {
    /// The five steps as a path.
    pub steps: Option<Chart>,
    /// Activities by state over time.
    pub activities: Option<Chart>,
    /// Maturity of the sectors.
    pub maturity: Option<Chart>,
    /// Indicators of the pilots.
    pub indicators: Option<Chart>,
    /// Aims and pilots.
    pub aims: Option<Chart>,
    /// Due dates and decisions.
    pub timeline: Option<Chart>,
}

impl Charts {
    /// The charts in the order in which people ask: how the work goes, then the results, then the dates.
    pub fn into_list(self) -> Vec<Chart> {
        let Self { steps, activities, maturity, indicators, aims, timeline } = self;
        [steps, activities, maturity, indicators, aims, timeline].into_iter().flatten().collect()
    }
}

impl<'a> ChartSource<'a> {
    /// The parts of a report.
    pub fn of_report(model: &'a ReportModel) -> Self {
        let zone = model.control.time_zone.as_deref().and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC);
        let step = |step: &ReportStep| PathStep {
            step: step.step,
            state: step.state,
            target_date: step.target_date,
            passed_on: step.passed_at.map(|passed_at| passed_at.with_timezone(&zone).date_naive()),
        };
        Self {
            steps: StepsPath { steps: model.steps.iter().map(step).collect() },
            sectors: &model.sectors,
            pilots: &model.pilots,
            migrations: &model.migrations,
            decisions: &model.decisions,
            timeline: model.timeline.as_ref(),
        }
    }

    /// Draws the charts.
    pub fn charts(&self, language: Language) -> Charts {
        let (levels, progress, matrix) = (self.maturity(), self.indicators(), self.aim_matrix());
        let history = self.timeline.map(history).filter(|history| !history.is_empty());
        let dates = self.timeline.map(|dates| self.timeline(dates)).filter(|dates| !dates.dates.is_empty());
        Charts {
            steps: (!self.steps.steps.is_empty()).then(|| steps(&self.steps, language)),
            activities: history.map(|history| activities(&history, language)),
            maturity: (!levels.sectors.is_empty()).then(|| maturity(&levels, language)),
            indicators: (!progress.indicators.is_empty()).then(|| indicators(&progress, language)),
            aims: (!matrix.pilots.is_empty()).then(|| aims(&matrix, language)),
            timeline: dates.map(|dates| timeline(&dates, language)),
        }
    }

    /// The sectors that the task force works on, before those that it has not decided on.
    fn maturity(&self) -> Maturity {
        let mut sectors: Vec<&ReportSector> =
            self.sectors.iter().filter(|sector| sector.state != SectorState::NotSelected).collect();
        sectors.sort_by_key(|sector| !sector.state.is_selected());
        let sector = |sector: &ReportSector| SectorMaturity {
            name: sector.name.clone(),
            now: sector.now.as_ref().map(|maturity| maturity.level),
            target: sector.target.as_ref().map(|maturity| maturity.level),
        };
        Maturity { sectors: sectors.into_iter().map(sector).collect() }
    }

    fn pilots(&self) -> impl Iterator<Item = &'a ReportPilot> {
        self.pilots.iter().filter(|pilot| pilot.state != PilotState::Cancelled)
    }

    fn indicators(&self) -> Indicators {
        let of_pilot = |pilot: &'a ReportPilot| {
            let used = pilot.indicators.iter().filter(|one| one.verdict != TargetVerdict::Retired);
            used.map(|indicator| IndicatorProgress {
                name: indicator.name.clone(),
                pilot: Some(pilot.title.clone()),
                unit: indicator.unit.clone(),
                direction: indicator.direction,
                baseline: indicator.baseline.clone(),
                actual: indicator.actual.clone(),
                target: indicator.target.clone(),
                verdict: indicator.verdict,
            })
        };
        Indicators { indicators: self.pilots().flat_map(of_pilot).collect() }
    }

    fn aim_matrix(&self) -> AimMatrix {
        let pilot = |pilot: &ReportPilot| PilotAims { title: pilot.title.clone(), aims: pilot.aims.clone() };
        AimMatrix { pilots: self.pilots().map(pilot).collect() }
    }

    fn timeline(&self, timeline: &ReportTimeline) -> Timeline {
        let mut dates: Vec<TimelineDate> = self.steps.steps.iter().filter_map(step_date).collect();
        dates.extend(timeline.due_items.iter().map(|activity| TimelineDate {
            day: activity.due_date,
            kind: DateKind::Activity,
            number: Some(activity.number),
            title: Some(activity.title.clone()),
            is_open: true,
        }));
        dates.extend(self.migrations.iter().map(migration_date));
        for decision in self.decisions {
            let is_corrected = self.decisions.iter().any(|later| later.supersedes == Some(decision.number));
            dates.extend((!is_corrected).then(|| decision_date(decision)));
            dates.extend(decision.conditions.iter().filter_map(|condition| {
                let is_open = match condition.state {
                    ConditionState::Open => true,
                    // Not late: the owner has done the work, and the council's secretariat has to confirm it.
                    ConditionState::ReportedMet => condition.due_date >= timeline.day,
                    ConditionState::Met => false,
                    ConditionState::Waived | ConditionState::Superseded => return None,
                };
                let (day, title) = (condition.due_date, Some(condition.text.clone()));
                Some(TimelineDate { day, kind: DateKind::Condition, number: None, title, is_open })
            }));
        }
        dates.extend(timeline.next_council_date.map(|day| TimelineDate {
            day,
            kind: DateKind::CouncilDate,
            number: None,
            title: None,
            is_open: day >= timeline.day,
        }));
        let listed = i64::try_from(timeline.due_items.len()).unwrap_or(i64::MAX);
        let more = u32::try_from(timeline.due.saturating_sub(listed)).unwrap_or(0);
        Timeline { today: timeline.day, dates, more }
    }
}

fn history(timeline: &ReportTimeline) -> ActivityHistory {
    let points = timeline.history.iter().map(|counts| ActivityPoint {
        day: counts.day,
        counts: ActivityCounts {
            planned: counts.planned,
            in_progress: counts.in_progress,
            in_review: counts.in_review,
            blocked: counts.blocked,
            done: counts.done,
            cancelled: counts.cancelled,
        },
    });
    ActivityHistory { points: points.collect() }
}

fn step_date(step: &PathStep) -> Option<TimelineDate> {
    Some(TimelineDate {
        day: step.target_date?,
        kind: DateKind::Step,
        number: Some(i32::from(step.step.ordinal())),
        title: Some(LocalizedText::from(step.step.label())),
        is_open: step.state != StepState::Passed,
    })
}

fn migration_date(migration: &ReportMigration) -> TimelineDate {
    let is_open = match migration.state {
        MigrationState::Planned | MigrationState::InProgress | MigrationState::ParallelRun => true,
        MigrationState::Live | MigrationState::HandedOver | MigrationState::RolledBack => false,
    };
    let (day, title) = (migration.planned_on, Some(migration.title.clone()));
    TimelineDate { day, kind: DateKind::Migration, number: None, title, is_open }
}

/// A decision with its outcome.
fn decision_date(decision: &ReportDecision) -> TimelineDate {
    let outcome = decision.outcome.label();
    TimelineDate {
        day: decision.decided_on,
        kind: DateKind::Decision,
        number: Some(decision.number),
        title: Some(LocalizedText::both(short(&outcome.ar), short(&outcome.en))),
        is_open: false,
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::domain::report::ReportDueActivity;
    use crate::domain::step::StepName;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 12, day).unwrap()
    }

    /// A decision with a condition of each state, due on the 10th.
    fn decision(number: i32, supersedes: Option<i32>, states: &[&str]) -> ReportDecision {
        let condition = |state: &&str| -> Value {
            json!({
                "id": Uuid::nil(), "text": { "en": *state }, "dueDate": day(10), "state": *state,
                "owner": { "memberId": Uuid::nil(), "name": { "en": "Omar" } },
            })
        };
        let decision = json!({
            "number": number, "reportNumber": number, "outcome": "continue", "returnToStep": null,
            "decidedOn": day(1), "meetingReference": "Council 7/2026", "supersedes": supersedes,
            "departs": false, "conditions": states.iter().map(condition).collect::<Vec<_>>(),
        });
        serde_json::from_value(decision).unwrap()
    }

    fn dates(decisions: &[ReportDecision], timeline: &ReportTimeline) -> Vec<(DateKind, String, bool)> {
        let step = PathStep {
            step: StepName::Pilots,
            state: StepState::Open,
            target_date: Some(day(20)),
            passed_on: None,
        };
        let source = ChartSource {
            steps: StepsPath { steps: vec![step] },
            sectors: &[],
            pilots: &[],
            migrations: &[],
            decisions,
            timeline: Some(timeline),
        };
        let dates = source.timeline(timeline).dates.into_iter();
        dates
            .map(|date| {
                let title = date.title.map(|title| title.in_language(Language::English).to_owned());
                (date.kind, title.unwrap_or_default(), date.is_open)
            })
            .collect()
    }

    #[test]
    fn a_corrected_decision_is_no_date_and_an_ended_condition_is_not_due() {
        let timeline = ReportTimeline { day: day(15), ..ReportTimeline::default() };
        let decisions = [
            decision(1, None, &["superseded", "waived"]),
            decision(2, Some(1), &["open", "reportedMet", "met"]),
        ];
        let seen = dates(&decisions, &timeline);
        let due: Vec<_> =
            seen.iter().map(|(kind, title, is_open)| (*kind, title.as_str(), *is_open)).collect();
        assert_eq!(
            due,
            [
                (DateKind::Step, StepName::Pilots.label().en.as_str(), true),
                (DateKind::Decision, "Continue", false),
                (DateKind::Condition, "open", true),
                (DateKind::Condition, "reportedMet", false),
                (DateKind::Condition, "met", false),
            ]
        );
    }

    #[test]
    fn due_activities_that_the_data_does_not_list_are_counted() {
        let item = ReportDueActivity {
            id: Uuid::nil(),
            number: 7,
            title: LocalizedText::both("عد العدادات", "Count the meters"),
            due_date: day(16),
        };
        let timeline = ReportTimeline {
            day: day(15),
            next_council_date: Some(day(14)),
            due: 12,
            due_items: vec![item],
            ..ReportTimeline::default()
        };
        let seen = dates(&[], &timeline);
        assert!(seen.contains(&(DateKind::Activity, "Count the meters".to_owned(), true)), "{seen:?}");
        assert!(seen.contains(&(DateKind::CouncilDate, String::new(), false)), "a meeting is never late");
        let source = ChartSource {
            steps: StepsPath { steps: Vec::new() },
            sectors: &[],
            pilots: &[],
            migrations: &[],
            decisions: &[],
            timeline: Some(&timeline),
        };
        assert_eq!(source.timeline(&timeline).more, 11);
        let charts = source.charts(Language::English);
        assert!(charts.steps.is_none() && charts.activities.is_none() && charts.maturity.is_none());
        assert!(charts.indicators.is_none() && charts.aims.is_none());
        assert!(charts.timeline.unwrap().description.ends_with("not listed: 11."));
    }
}
