//! The status of a task force as a page: what is asked of the council first, then how far the work is.

use askama::Template;
use chrono::NaiveDate;

use super::say::Say;
use super::{Assets, Frame};
use crate::domain::activity::ActivityState;
use crate::domain::decision::{ConditionState, DecisionOutcome};
use crate::domain::event::SubjectKind;
use crate::domain::migration::MigrationState;
use crate::domain::pilot::{PilotOutcome, PilotState};
use crate::domain::step::{StepName, StepState};
use crate::domain::task_force::{HealthRating, TaskForceState};
use crate::domain::text::{Language, LocalizedText};
use crate::render::charts::Chart;

/// The status of a task force. Days are those of its time zone.
#[derive(Debug)]
pub struct StatusPage {
    pub name: LocalizedText,
    pub city: LocalizedText,
    pub state: TaskForceState,
    pub cycle: i32,
    pub today: NaiveDate,
    /// The day of the last change of anything in the task force.
    pub changed_on: NaiveDate,
    pub next_council_date: Option<NaiveDate>,
    pub before_council: Option<ReportOnPage>,
    pub health: Option<HealthOnPage>,
    /// The five steps, in order.
    pub steps: Vec<StepOnPage>,
    /// The number of activities in each state.
    pub activities: Vec<ActivitiesOnPage>,
    pub overdue: i64,
    pub unassigned: i64,
    pub due: Vec<DueOnPage>,
    pub blocked: Shown<BlockedOnPage>,
    pub conditions: Shown<ConditionOnPage>,
    /// The conditions that wait for the secretariat.
    pub to_accept: i64,
    pub pilots: Shown<PilotOnPage>,
    pub migrations: Shown<MigrationOnPage>,
    pub decisions: Shown<DecisionOnPage>,
    pub charts: ChartsOnPage,
}

/// The charts of the page in both languages: they are drawn once, when something has changed.
#[derive(Debug)]
pub struct ChartsOnPage {
    pub english: Vec<Chart>,
    pub arabic: Vec<Chart>,
}

/// The entries that a page shows, and the number of those that it does not.
#[derive(Debug)]
pub struct Shown<T> {
    pub items: Vec<T>,
    pub more: i64,
}

impl<T> Shown<T> {
    /// The entries out of a total.
    pub fn of(items: Vec<T>, total: i64) -> Self {
        let shown = i64::try_from(items.len()).unwrap_or(i64::MAX);
        Self { items, more: (total - shown).max(0) }
    }
}

/// The number of activities in a state.
#[derive(Debug)]
pub struct ActivitiesOnPage {
    pub state: ActivityState,
    pub count: i64,
}

/// The report that waits for the council's decision.
#[derive(Debug)]
pub struct ReportOnPage {
    pub number: i32,
    pub submitted_on: NaiveDate,
    pub recommendation: DecisionOutcome,
    pub return_to_step: Option<StepName>,
    pub summary: LocalizedText,
}

/// The latest health statement.
#[derive(Debug)]
pub struct HealthOnPage {
    pub rating: HealthRating,
    pub stated_on: NaiveDate,
    pub note: Option<LocalizedText>,
}

/// A step.
#[derive(Debug)]
pub struct StepOnPage {
    pub step: StepName,
    pub state: StepState,
    pub target_date: Option<NaiveDate>,
    /// Finished activities of the step, out of all that are not cancelled.
    pub done: i64,
    pub total: i64,
}

impl StepOnPage {
    /// Tells whether the task force is at this step.
    fn is_current(&self) -> bool {
        matches!(self.state, StepState::Open | StepState::Submitted)
    }

    /// Tells whether the target date has passed before the step.
    fn is_late(&self, today: &NaiveDate) -> bool {
        self.state != StepState::Passed && self.target_date.is_some_and(|target| target < *today)
    }
}

/// An activity or a condition that is due.
#[derive(Debug)]
pub struct DueOnPage {
    pub kind: SubjectKind,
    pub number: Option<i32>,
    pub title: Option<LocalizedText>,
    pub due_date: NaiveDate,
}

/// A blocked activity.
#[derive(Debug)]
pub struct BlockedOnPage {
    pub number: i32,
    pub title: LocalizedText,
    pub reason: Option<LocalizedText>,
    pub since: NaiveDate,
}

/// A condition of the council that is not settled.
#[derive(Debug)]
pub struct ConditionOnPage {
    pub text: LocalizedText,
    pub state: ConditionState,
    pub due_date: NaiveDate,
}

/// A pilot.
#[derive(Debug)]
pub struct PilotOnPage {
    pub title: LocalizedText,
    pub state: PilotState,
    pub outcome: Option<PilotOutcome>,
    pub end_date: NaiveDate,
}

/// A migration.
#[derive(Debug)]
pub struct MigrationOnPage {
    pub title: LocalizedText,
    pub state: MigrationState,
    pub planned_on: NaiveDate,
}

/// A decision of the council.
#[derive(Debug)]
pub struct DecisionOnPage {
    pub number: i32,
    pub outcome: DecisionOutcome,
    pub return_to_step: Option<StepName>,
    pub meeting_reference: String,
    pub decided_on: NaiveDate,
    pub reason: LocalizedText,
}

#[derive(Template)]
#[template(path = "pages/status.html")]
struct StatusTemplate<'a> {
    frame: Frame<'a>,
    say: Say,
    page: &'a StatusPage,
    charts: Vec<&'a Chart>,
}

/// The bytes that a page with charts may have.
const MOST_BYTES: usize = 58_000;

/// The bytes of the elements around a chart.
const MARKUP_BYTES: usize = 200;

impl ChartsOnPage {
    fn in_language(&self, language: Language) -> &[Chart] {
        match language {
            Language::English => &self.english,
            Language::Arabic => &self.arabic,
        }
    }
}

impl StatusTemplate<'_> {
    /// Tells whether anything waits for the council or its secretariat.
    fn is_asked(&self) -> bool {
        self.page.before_council.is_some() || self.page.to_accept > 0
    }

    /// The day of the next meeting, if it has not passed.
    fn next_meeting(&self) -> Option<&NaiveDate> {
        self.page.next_council_date.as_ref().filter(|day| **day >= self.page.today)
    }

    /// Tells whether a day to which something was due has passed.
    fn is_late(&self, due: &NaiveDate) -> bool {
        *due < self.page.today
    }
}

/// The page.
///
/// # Errors
/// A template that cannot be written.
pub fn status(page: &StatusPage, language: Language, assets: &Assets) -> Result<String, askama::Error> {
    let template = |charts| {
        StatusTemplate { frame: Frame::new(language, assets), say: Say { language }, page, charts }.render()
    };
    let bare = template(Vec::new())?;
    template(fitting(page.charts.in_language(language), MOST_BYTES.saturating_sub(bare.len())))
}

/// The first charts that fit into so many bytes. The report has all of them.
fn fitting(charts: &[Chart], bytes: usize) -> Vec<&Chart> {
    let mut left = bytes;
    charts
        .iter()
        .take_while(|chart| {
            let size = chart.svg.len() + chart.caption.len() + chart.description.len() + MARKUP_BYTES;
            let fits = size <= left;
            left = left.saturating_sub(size);
            fits
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_the_charts_that_fit() {
        let chart = |bytes: usize| Chart {
            svg: "x".repeat(bytes - MARKUP_BYTES),
            width: 1,
            height: 1,
            caption: String::new(),
            description: String::new(),
        };
        let charts = [chart(300), chart(400), chart(500)];
        for (bytes, count) in [(0, 0), (299, 0), (300, 1), (699, 1), (700, 2), (1199, 2), (1200, 3)] {
            assert_eq!(fitting(&charts, bytes).len(), count, "{bytes}");
        }
    }
}
