//! Status over HTTP: for people who ask often.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::reports::BeforeCouncil;
use crate::app::App;
use crate::db::status::{DueLine, PortfolioFilter, PortfolioLine, PortfolioTotals, StepLine, Summary};
use crate::domain::refusal::{RefusalCode, StorageUse};
use crate::domain::rights::Action;
use crate::domain::step::{StepName, StepState};
use crate::domain::task_force::{HealthRating, TaskForceState};
use crate::domain::text::LocalizedText;
use crate::http::name_sort::NameSort;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{Page, PageParameters as _, page_query};
use crate::http::problem::Result;
use crate::http::reference::ResourceReference;
use crate::http::request::{Read, Root, TaskForcePath};
use crate::http::response;
use crate::http::storage::StorageDocument;
use crate::http::text::LocalizedName;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(get_task_force_status).service(list_task_force_statuses);
}

/// Number of activities by state.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivityCounts {
    /// Activities that have not begun.
    #[schema(minimum = 0, example = 4)]
    planned: i64,
    /// Activities in progress.
    #[schema(minimum = 0, example = 3)]
    in_progress: i64,
    /// Activities in review.
    #[schema(minimum = 0, example = 1)]
    in_review: i64,
    /// Blocked activities.
    #[schema(minimum = 0, example = 1)]
    blocked: i64,
    /// Finished activities.
    #[schema(minimum = 0, example = 12)]
    done: i64,
    /// Cancelled activities.
    #[schema(minimum = 0, example = 0)]
    cancelled: i64,
    /// Open activities past their due date.
    #[schema(minimum = 0, example = 2)]
    overdue: i64,
    /// Open activities without an assignee.
    #[schema(minimum = 0, example = 1)]
    unassigned: i64,
}

impl std::ops::AddAssign<&StepLine> for ActivityCounts {
    fn add_assign(&mut self, line: &StepLine) {
        self.planned += line.planned;
        self.in_progress += line.in_progress;
        self.in_review += line.in_review;
        self.blocked += line.blocked;
        self.done += line.done;
        self.cancelled += line.cancelled;
        self.overdue += line.overdue;
        self.unassigned += line.unassigned;
    }
}

/// Summary of a step.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StepStatus {
    /// Name of the step.
    step: StepName,
    /// Current state.
    state: StepState,
    /// Due date.
    #[schema(required, example = "2027-03-31")]
    target_date: Option<NaiveDate>,
    /// Number of finished activities of the step.
    #[schema(minimum = 0, example = 12)]
    done: i64,
    /// Number of activities of the step that are not cancelled.
    #[schema(minimum = 0, example = 20)]
    total: i64,
}

impl From<&StepLine> for StepStatus {
    fn from(line: &StepLine) -> Self {
        Self {
            step: line.step,
            state: line.state,
            target_date: line.target_date,
            done: line.done,
            total: line.planned + line.in_progress + line.in_review + line.blocked + line.done,
        }
    }
}

/// Number of pilots of the current cycle by state.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PilotCounts {
    /// Proposed.
    #[schema(minimum = 0, example = 1)]
    proposed: i64,
    /// Planned.
    #[schema(minimum = 0, example = 2)]
    planned: i64,
    /// Running.
    #[schema(minimum = 0, example = 1)]
    running: i64,
    /// Evaluated.
    #[schema(minimum = 0, example = 0)]
    evaluated: i64,
    /// Cancelled.
    #[schema(minimum = 0, example = 0)]
    cancelled: i64,
}

/// Number of migrations of the current cycle by state.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MigrationCounts {
    /// Planned.
    #[schema(minimum = 0, example = 1)]
    planned: i64,
    /// In progress.
    #[schema(minimum = 0, example = 1)]
    in_progress: i64,
    /// Migrations in parallel run.
    #[schema(minimum = 0, example = 0)]
    parallel_run: i64,
    /// Live.
    #[schema(minimum = 0, example = 0)]
    live: i64,
    /// Handed over.
    #[schema(minimum = 0, example = 0)]
    handed_over: i64,
    /// Rolled back.
    #[schema(minimum = 0, example = 0)]
    rolled_back: i64,
}

/// Number of conditions of all decisions of the council.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConditionCounts {
    /// Open conditions.
    #[schema(minimum = 0, example = 2)]
    open: i64,
    /// Open conditions past their due date.
    #[schema(minimum = 0, example = 1)]
    overdue: i64,
    /// Conditions reported met that wait for acceptance.
    #[schema(minimum = 0, example = 0)]
    reported_met: i64,
}

/// An open activity or condition of the council that is due.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NextDue {
    /// The activity or the condition.
    subject: ResourceReference,
    /// The due date.
    #[schema(example = "2026-12-15")]
    due_date: NaiveDate,
}

impl From<&DueLine> for NextDue {
    fn from(line: &DueLine) -> Self {
        Self { subject: ResourceReference::from(&line.subject), due_date: line.due_date }
    }
}

/// The status of a task force: rarely more than 4 KB, and at most 64 KB.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskForceStatus {
    /// The task force.
    task_force_id: Uuid,
    /// Name.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// Current state.
    state: TaskForceState,
    /// The current cycle.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// The step that is open or submitted; null while the task force is forming, and after all steps have passed.
    #[schema(required)]
    step: Option<StepName>,
    /// The five steps, in order.
    steps: Vec<StepStatus>,
    /// The report that waits for the council's decision; null if there is none.
    #[schema(required)]
    before_council: Option<BeforeCouncil>,
    /// Rating of the last health statement; null if there is none.
    #[schema(required)]
    health: Option<HealthRating>,
    /// Time of the statement.
    #[schema(required)]
    health_stated_at: Option<DateTime<Utc>>,
    /// The activities of the present cycle.
    activities: ActivityCounts,
    /// The pilots of the present cycle.
    pilots: PilotCounts,
    /// The migrations of the present cycle.
    migrations: MigrationCounts,
    /// The conditions that the council set.
    conditions: ConditionCounts,
    /// The open activities and conditions of the council that are due first, overdue ones among them; at most five.
    next_due: Vec<NextDue>,
    /// Day of the council's next meeting.
    #[schema(required, example = "2027-01-20")]
    next_council_date: Option<NaiveDate>,
    /// Current day in the task force's time zone, by which `overdue` is computed.
    #[schema(example = "2026-11-22")]
    today: NaiveDate,
    /// Storage of the evidence files.
    storage: StorageDocument,
    /// Sequence number of the last event.
    #[schema(minimum = 1, example = 241)]
    last_seq: i64,
    /// Time of the last change of anything in the task force.
    changed_at: DateTime<Utc>,
}

impl From<&crate::app::status::Status> for TaskForceStatus {
    fn from(status: &crate::app::status::Status) -> Self {
        let rows = &status.rows;
        let mut activities = ActivityCounts::default();
        rows.steps.iter().for_each(|line| activities += line);
        let at_work = |line: &&StepLine| matches!(line.state, StepState::Open | StepState::Submitted);
        Self {
            task_force_id: rows.summary.id,
            name: rows.summary.name.clone(),
            state: rows.summary.state,
            cycle: rows.summary.cycle,
            step: rows.steps.iter().find(at_work).map(|line| line.step),
            steps: rows.steps.iter().map(StepStatus::from).collect(),
            before_council: before_council(&rows.summary),
            health: rows.summary.health,
            health_stated_at: rows.summary.health_stated_at,
            activities,
            pilots: PilotCounts {
                proposed: rows.products.proposed,
                planned: rows.products.planned,
                running: rows.products.running,
                evaluated: rows.products.evaluated,
                cancelled: rows.products.cancelled,
            },
            migrations: MigrationCounts {
                planned: rows.products.migrations_planned,
                in_progress: rows.products.in_progress,
                parallel_run: rows.products.parallel_run,
                live: rows.products.live,
                handed_over: rows.products.handed_over,
                rolled_back: rows.products.rolled_back,
            },
            conditions: ConditionCounts {
                open: rows.products.conditions_open,
                overdue: rows.products.conditions_overdue,
                reported_met: rows.products.conditions_reported_met,
            },
            next_due: rows.due.iter().map(NextDue::from).collect(),
            next_council_date: rows.summary.next_council_date,
            today: status.today,
            storage: status.storage.into(),
            last_seq: rows.summary.seq,
            changed_at: rows.summary.changed_at,
        }
    }
}

/// The report of a task force that waits for the council's decision.
fn before_council(summary: &Summary) -> Option<BeforeCouncil> {
    summary.before_council.report().map(|report| BeforeCouncil::new(report, summary.id))
}

/// One task force in the portfolio.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PortfolioEntry {
    /// The task force.
    task_force_id: Uuid,
    /// Name.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// The city.
    #[schema(value_type = LocalizedName)]
    city: LocalizedText,
    /// Current state.
    state: TaskForceState,
    /// The current cycle.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// The step that is open or submitted; null if there is none.
    #[schema(required)]
    step: Option<StepName>,
    /// Target date of that step.
    #[schema(required, example = "2027-03-31")]
    step_target_date: Option<NaiveDate>,
    /// The report that waits for the council's decision; null if there is none.
    #[schema(required)]
    before_council: Option<BeforeCouncil>,
    /// Rating of the last health statement; null if there is none.
    #[schema(required)]
    health: Option<HealthRating>,
    /// Number of open activities of the current cycle.
    #[schema(minimum = 0, example = 9)]
    open_activities: i64,
    /// Open conditions past their due date.
    #[schema(minimum = 0, example = 2)]
    overdue: i64,
    /// Number of blocked activities of the current cycle.
    #[schema(minimum = 0, example = 1)]
    blocked: i64,
    /// Day of the council's next meeting.
    #[schema(required, example = "2027-01-20")]
    next_council_date: Option<NaiveDate>,
    /// Time of the last change of anything in the task force.
    changed_at: DateTime<Utc>,
}

impl From<PortfolioLine> for PortfolioEntry {
    fn from(line: PortfolioLine) -> Self {
        let before_council = before_council(&line.summary);
        Self {
            before_council,
            task_force_id: line.summary.id,
            name: line.summary.name,
            city: line.city,
            state: line.summary.state,
            cycle: line.summary.cycle,
            step: line.step,
            step_target_date: line.step_target_date,
            health: line.summary.health,
            open_activities: line.open,
            overdue: line.overdue,
            blocked: line.blocked,
            next_council_date: line.summary.next_council_date,
            changed_at: line.summary.changed_at,
        }
    }
}

/// Totals of all matching task forces, irrespective of the page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PortfolioTotals)]
pub(super) struct TotalsDocument {
    /// Task forces.
    #[schema(minimum = 0, example = 3)]
    task_forces: i64,
    /// Number of forming task forces.
    #[schema(minimum = 0, example = 1)]
    forming: i64,
    /// Number of active task forces.
    #[schema(minimum = 0, example = 1)]
    active: i64,
    /// Number of suspended task forces.
    #[schema(minimum = 0, example = 0)]
    suspended: i64,
    /// Number of concluded task forces.
    #[schema(minimum = 0, example = 1)]
    concluded: i64,
    /// Number of dissolved task forces.
    #[schema(minimum = 0, example = 0)]
    dissolved: i64,
    /// Number of task forces whose report waits for the council's decision.
    #[schema(minimum = 0, example = 1)]
    before_council: i64,
    /// Number of open activities.
    #[schema(minimum = 0, example = 17)]
    open_activities: i64,
    /// Open conditions past their due date.
    #[schema(minimum = 0, example = 3)]
    overdue: i64,
    /// Number of blocked activities of the current cycle.
    #[schema(minimum = 0, example = 1)]
    blocked: i64,
}

impl From<PortfolioTotals> for TotalsDocument {
    fn from(totals: PortfolioTotals) -> Self {
        Self {
            task_forces: totals.task_forces,
            forming: totals.forming,
            active: totals.active,
            suspended: totals.suspended,
            concluded: totals.concluded,
            dissolved: totals.dissolved,
            before_council: totals.before_council,
            open_activities: totals.open,
            overdue: totals.overdue,
            blocked: totals.blocked,
        }
    }
}

/// A page of the portfolio with the totals of all matching task forces.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Portfolio {
    /// The task forces of this page.
    items: Vec<PortfolioEntry>,
    /// Cursor of the next page; null on the last page.
    #[schema(required, example = "WzEyXQ")]
    next: Option<String>,
    /// Number of task forces on all pages, as of this request. Present only with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 57)]
    total: Option<i64>,
    /// Totals of all matching task forces.
    totals: TotalsDocument,
    /// Storage of the files of all task forces, irrespective of the filters.
    storage: StorageDocument,
}

impl Portfolio {
    fn new(page: Page<PortfolioEntry>, totals: PortfolioTotals, storage: StorageUse) -> Self {
        let Page { items, next, total } = page;
        Self { items, next, total, totals: totals.into(), storage: storage.into() }
    }
}

page_query! {
    /// The query parameters of a list of task forces.
    PortfolioQuery {
        /// Only items in this state.
        #[param(inline, nullable = false)]
        state: Option<TaskForceState>,
        /// Only task forces whose open or submitted step is this step.
        #[param(inline, nullable = false)]
        step: Option<StepName>,
        /// Only task forces whose last health statement has this rating.
        #[param(inline, nullable = false)]
        health: Option<HealthRating>,
        /// `true`: only task forces whose report waits for the council's decision; `false`: only the others.
        #[param(inline, nullable = false, example = true)]
        before_council: Option<bool>,
        /// Search by name or city. Ignores case, Arabic diacritics, alef variants and digit forms.
        #[param(nullable = false, min_length = 1, max_length = 200, format = "text-search", example = "عمان")]
        q: Option<String>,
        /// The order of the list: `createdAt` (the default) or `name`, in the language of the response.
        #[param(inline, nullable = false)]
        sort: Option<NameSort>,
    }
}

/// Get the status of a task force
///
/// One cheap call, rarely more than 4 KB: where it stands, what is due, what is overdue. Send `If-None-Match`: while nothing has happened and the day is the same, the answer is 304.
#[utoipa::path(
    tag = "status",
    params(TaskForcePath),
    responses((status = 200, description = "The status.", body = TaskForceStatus, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/status")]
async fn get_task_force_status(app: Data<App>, read: Read<TaskForcePath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let status = app.status(&context.caller, context.path.task_force_id).await?;
    response::single(status.rows.summary.seq, &TaskForceStatus::from(&*status))
}

/// List the statuses of all task forces
///
/// The portfolio: a summary of each task force, and the totals of all task forces that match the filters.
#[utoipa::path(
    tag = "status",
    params(PortfolioQuery),
    responses((status = 200, description = "A page of the portfolio.", body = Portfolio)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadPortfolio).refuses([
        RefusalCode::InsufficientScope,
    ]))))
)]
#[get("/v1/status")]
async fn list_task_force_statuses(app: Data<App>, read: Read<Root, PortfolioQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let sort = query.sort.unwrap_or(NameSort::CreatedAt);
    let (paging, order) = sort.order(paging, context.language())?;
    let filter = PortfolioFilter {
        state: query.state,
        step: query.step,
        health: query.health,
        before_council: query.before_council,
        q: query.q,
    };
    let (page, totals) = app.portfolio(&context.caller, &filter, &order, paging.window()).await?;
    let storage = app.storage_of_installation(&totals);
    let page = Page::new(
        &paging,
        page,
        |line| sort.key(line.summary.id, Some(&line.sort_key)),
        PortfolioEntry::from,
    );
    response::document(&Portfolio::new(page, totals, storage))
}
