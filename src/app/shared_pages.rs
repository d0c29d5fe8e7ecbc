//! The pages that links open: data, read by the right of the link's maker, and written as HTML.

use std::sync::Arc;

use uuid::Uuid;

use super::caller::Access;
use super::charts::{ChartData, chart_data};
use super::rendering::Renderer;
use super::status::Status;
use super::{App, Error, Result};
use crate::db;
use crate::db::attention::AttentionRow;
use crate::db::page::{NameOrder, Window};
use crate::db::status::{PortfolioFilter, PortfolioTotals, StepLine};
use crate::db::status_details::{HeadingRow, StatusDetails};
use crate::domain::activity::ActivityState;
use crate::domain::report::ReportFormat;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;
use crate::render::charts::Charts;
use crate::render::pages::{
    self, ActivitiesOnPage, Assets, BlockedOnPage, ChartsOnPage, ConditionOnPage, DecisionOnPage, DueOnPage,
    HealthOnPage, MigrationOnPage, PilotOnPage, PortfolioPage, ReportOnPage, ReportPage, Shown, StatusPage,
    StepOnPage, TaskForceOnPage, TaskForcesOnPage,
};

/// The most task forces on the page of the portfolio.
const MOST_TASK_FORCES: i64 = 60;

/// The last status page of each task force that was requested, with the number of the event that it shows.
#[derive(Debug, Clone)]
pub(super) struct PageCache(moka::sync::Cache<Uuid, (i64, Arc<StatusPage>)>);

impl Default for PageCache {
    fn default() -> Self {
        Self(moka::sync::Cache::new(1000))
    }
}

impl PageCache {
    /// The page of a task force, if nothing has happened since, and the day is the same.
    fn find(&self, access: &Access) -> Option<Arc<StatusPage>> {
        let (seq, page) = self.0.get(&access.task_force_id)?;
        (seq == access.seq && page.today == access.today).then_some(page)
    }
}

impl App {
    /// The status of a task force as a page, for somebody who may see it. The page is a function of the last event and
    /// the day, as the status is, so that a page that many read costs only the query that finds the link.
    ///
    /// # Errors
    /// Errors of the database; `busy` after a long wait for other renderings.
    pub async fn status_page(
        &self,
        access: &Access,
        language: Language,
        assets: &Assets,
        renderer: Renderer,
    ) -> Result<String> {
        let page = match self.page_cache.find(access) {
            Some(page) => page,
            None => self.new_status_page(access, renderer).await?,
        };
        pages::status(&page, language, assets).map_err(Error::internal)
    }

    async fn new_status_page(&self, access: &Access, renderer: Renderer) -> Result<Arc<StatusPage>> {
        let place = self.rendering_place(renderer).await?;
        // Another request for the page may have had its turn before.
        if let Some(page) = self.page_cache.find(access) {
            return Ok(page);
        }
        let id = access.task_force_id;
        let (status, details, data) = self
            .with_conn(async |conn| {
                let (status, details, data) = tokio::join!(
                    self.status_on(conn, access),
                    db::status_details::of(conn, id),
                    chart_data(conn, id, access.cycle, access.now),
                );
                Ok((status?, details?, data?))
            })
            .await?;
        let seq = status.rows.summary.seq;
        let charts = place.render(move || charts_on_page(&data)).await?;
        let page = Arc::new(status_on_page(&status, details, charts));
        if seq == access.seq {
            self.page_cache.0.insert(id, (seq, Arc::clone(&page)));
        }
        Ok(page)
    }

    /// A report as a page, for somebody who may see its task force: the file of the report, with a switch to the other
    /// language.
    ///
    /// # Errors
    /// Errors of the database; `notFound`; `busy` after a long wait for other renderings.
    pub async fn report_page(
        &self,
        access: &Access,
        number: i32,
        language: Language,
        style: &str,
        renderer: Renderer,
    ) -> Result<ReportPage> {
        let file = self.report_file_for(access, number, ReportFormat::Html, language, renderer).await?;
        let html = String::from_utf8(file.content).map_err(Error::internal)?;
        let page = pages::report(&html, language, style).map_err(Error::internal)?;
        page.ok_or_else(|| Error::internal("the file of a report is no page"))
    }

    /// The portfolio as a page, for somebody who may see it.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn portfolio_page(&self, language: Language, assets: &Assets) -> Result<String> {
        let now = self.clock.now();
        let (rows, totals) = self
            .with_conn(async |conn| {
                let (filter, order) = (PortfolioFilter::default(), NameOrder::CreatedAt(None));
                let (rows, totals) = tokio::try_join!(
                    db::attention::most(conn, language, now, MOST_TASK_FORCES),
                    db::status::portfolio(conn, &filter, &order, now, Window::of(1)),
                )?;
                Ok((rows, totals.1))
            })
            .await?;
        let page = PortfolioPage {
            today: now.date_naive(),
            states: states_on_page(&totals),
            before_council: totals.before_council,
            overdue: totals.overdue,
            blocked: totals.blocked,
            task_forces: Shown::of(rows.into_iter().map(task_force_on_page).collect(), totals.task_forces),
        };
        pages::portfolio(&page, language, assets).map_err(Error::internal)
    }
}

/// The charts in both languages. The page itself has the steps as a path with more to read.
fn charts_on_page(data: &ChartData) -> ChartsOnPage {
    let charts = |language| Charts { steps: None, ..data.charts(language) }.into_list();
    ChartsOnPage { english: charts(Language::English), arabic: charts(Language::Arabic) }
}

fn status_on_page(status: &Status, details: StatusDetails, charts: ChartsOnPage) -> StatusPage {
    let Status { rows, today, .. } = status;
    let StatusDetails { heading, blocked, conditions, pilots, migrations, decisions } = details;
    let summary = &rows.summary;
    let sum = |count: fn(&StepLine) -> i64| rows.steps.iter().map(count).sum::<i64>();
    let counts = &rows.products;
    StatusPage {
        name: summary.name.clone(),
        state: summary.state,
        cycle: summary.cycle,
        today: *today,
        changed_on: heading.changed_on,
        next_council_date: summary.next_council_date,
        before_council: summary
            .before_council
            .report()
            .and_then(|report| report_on_page(report.report_number, &heading)),
        health: summary.health.zip(heading.health_stated_on).map(|(rating, stated_on)| HealthOnPage {
            rating,
            stated_on,
            note: heading.health_note,
        }),
        city: heading.city,
        steps: rows.steps.iter().map(step_on_page).collect(),
        activities: activities_on_page(&rows.steps),
        overdue: sum(|line| line.overdue),
        unassigned: sum(|line| line.unassigned),
        due: rows
            .due
            .iter()
            .map(|line| DueOnPage {
                kind: line.subject.kind,
                number: line.subject.number,
                title: line.subject.title.clone(),
                due_date: line.due_date,
            })
            .collect(),
        blocked: Shown::of(
            blocked
                .into_iter()
                .map(|row| BlockedOnPage {
                    number: row.number,
                    title: row.title,
                    reason: row.reason,
                    since: row.since,
                })
                .collect(),
            sum(|line| line.blocked),
        ),
        conditions: Shown::of(
            conditions
                .into_iter()
                .map(|row| ConditionOnPage { text: row.text, state: row.state, due_date: row.due_date })
                .collect(),
            counts.conditions_open + counts.conditions_reported_met,
        ),
        to_accept: counts.conditions_reported_met,
        pilots: Shown::of(
            pilots
                .into_iter()
                .map(|row| PilotOnPage {
                    title: row.title,
                    state: row.state,
                    outcome: row.outcome,
                    end_date: row.end_date,
                })
                .collect(),
            counts.proposed + counts.planned + counts.running + counts.evaluated + counts.cancelled,
        ),
        migrations: Shown::of(
            migrations
                .into_iter()
                .map(|row| MigrationOnPage { title: row.title, state: row.state, planned_on: row.planned_on })
                .collect(),
            counts.migrations_planned
                + counts.in_progress
                + counts.parallel_run
                + counts.live
                + counts.handed_over
                + counts.rolled_back,
        ),
        decisions: {
            let total = decisions.first().map_or(0, |row| row.total);
            let decision = |row: db::status_details::DecisionRow| DecisionOnPage {
                number: row.number,
                outcome: row.outcome,
                return_to_step: row.return_to_step,
                meeting_reference: row.meeting_reference,
                decided_on: row.decided_on,
                reason: row.reason,
            };
            Shown::of(decisions.into_iter().map(decision).collect(), total)
        },
        charts,
    }
}

/// The report before the council. The summary and the details were read side by side, so one of them may have seen the
/// report before the other.
fn report_on_page(number: i32, heading: &HeadingRow) -> Option<ReportOnPage> {
    Some(ReportOnPage {
        number,
        submitted_on: heading.submitted_on?,
        recommendation: heading.recommendation?,
        return_to_step: heading.return_to_step,
        summary: heading.summary.clone()?,
    })
}

fn step_on_page(line: &StepLine) -> StepOnPage {
    StepOnPage {
        step: line.step,
        state: line.state,
        target_date: line.target_date,
        done: line.done,
        total: line.planned + line.in_progress + line.in_review + line.blocked + line.done,
    }
}

/// The number of activities in each state, over all steps.
fn activities_on_page(steps: &[StepLine]) -> Vec<ActivitiesOnPage> {
    let of_state = |state: ActivityState| {
        let of_step = |line: &StepLine| match state {
            ActivityState::Planned => line.planned,
            ActivityState::InProgress => line.in_progress,
            ActivityState::InReview => line.in_review,
            ActivityState::Blocked => line.blocked,
            ActivityState::Done => line.done,
            ActivityState::Cancelled => line.cancelled,
        };
        ActivitiesOnPage { state, count: steps.iter().map(of_step).sum() }
    };
    ActivityState::ALL.iter().map(|state| of_state(*state)).collect()
}

/// The number of task forces in each state that has any.
fn states_on_page(totals: &PortfolioTotals) -> Vec<TaskForcesOnPage> {
    let of_state = |state: TaskForceState| {
        let count = match state {
            TaskForceState::Forming => totals.forming,
            TaskForceState::Active => totals.active,
            TaskForceState::Suspended => totals.suspended,
            TaskForceState::Concluded => totals.concluded,
            TaskForceState::Dissolved => totals.dissolved,
        };
        TaskForcesOnPage { state, count }
    };
    let all = TaskForceState::ALL.iter().map(|state| of_state(*state));
    all.filter(|task_forces| task_forces.count > 0).collect()
}

fn task_force_on_page(row: AttentionRow) -> TaskForceOnPage {
    TaskForceOnPage {
        name: row.name,
        city: row.city,
        state: row.state,
        health: row.health,
        step: row.step,
        step_target_date: row.step_target_date,
        is_step_late: row.is_step_late,
        report: row.report_number.zip(row.submitted_on),
        next_council_date: row.next_council_date,
        overdue: row.overdue,
        blocked: row.blocked,
    }
}
