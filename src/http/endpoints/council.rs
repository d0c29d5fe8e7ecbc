//! The council's view of all task forces: the reports that wait for the council, and the conditions that the council set.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::conditions::ConditionItem;
use super::reports::CouncilReportItem;
use crate::app::App;
use crate::db::council::{
    ConditionFilter, DueOrder, RegisteredCondition, RegisteredReport, ReportFilter, ReportOrder,
};
use crate::domain::decision::ConditionState;
use crate::domain::event::SubjectKind;
use crate::domain::reference::Reference;
use crate::domain::refusal::RefusalCode;
use crate::domain::report::ReportState;
use crate::domain::rights::Action;
use crate::domain::text::LocalizedText;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, page_query};
use crate::http::problem::Result;
use crate::http::reference::{ResourceReference, href};
use crate::http::request::{Read, Root};
use crate::http::response;
use crate::http::text::LocalizedName;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_all_reports).service(list_all_conditions);
}

/// A report in the list of the reports of all task forces.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReportRegisterEntry {
    #[serde(flatten)]
    item: CouncilReportItem,
    /// The task force.
    task_force: ResourceReference,
    /// City of the task force.
    #[schema(value_type = LocalizedName)]
    city: LocalizedText,
    /// Time since which the report waits for the council's decision; null if it does not wait. A report of a task force that was dissolved stays `submitted` and no longer waits.
    #[schema(required)]
    waiting_since: Option<DateTime<Utc>>,
    /// Day of the council's next meeting about the task force.
    #[schema(required, example = "2027-01-20")]
    next_council_date: Option<NaiveDate>,
    /// The decision on the report that holds; null if the council has not decided.
    #[schema(required)]
    decision: Option<ResourceReference>,
    /// The path of the report in this API.
    #[schema(required, example = "/v1/task-forces/0199f0c2-7a3b-7c11-9d2e-000000000001/reports/1")]
    href: Option<String>,
}

impl From<RegisteredReport> for ReportRegisterEntry {
    fn from(row: RegisteredReport) -> Self {
        let RegisteredReport { report, task_force, next_council_date, waits, decision } = row;
        Self {
            href: href(&Reference::report(report.id, report.number).in_task_force(task_force.task_force_id)),
            waiting_since: report.submitted_at.filter(|_| waits),
            item: report.into(),
            task_force: Reference::task_force(task_force.task_force_id, task_force.task_force_name).into(),
            city: task_force.city,
            next_council_date,
            decision: decision.map(ResourceReference::from),
        }
    }
}

/// An order of the list of the reports of all task forces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "ReportSort")]
pub(super) enum ReportSort {
    /// Newest first.
    #[serde(rename = "-createdAt")]
    CreatedAt,
    /// The longest submitted first; reports that were never submitted come last.
    #[serde(rename = "submittedAt")]
    SubmittedAt,
}

page_query! {
    /// The query parameters of the list of all reports.
    AllReportsQuery {
        /// Only items in one of these states. Repeat `state`, or separate the states by commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 4, example = json!(["submitted"]))]
        state: Option<Vec<ReportState>>,
        /// `true`: only reports that wait for the council's decision; `false`: only the others.
        #[param(nullable = false, example = true)]
        before_council: Option<bool>,
        /// The order of the list: `-createdAt` (the default), newest first, or `submittedAt`, the longest waiting first.
        #[param(inline, nullable = false)]
        sort: Option<ReportSort>,
    }
}

/// A page of the reports of all task forces.
type ReportRegisterPage = Page<ReportRegisterEntry>;

impl ListItem for ReportRegisterEntry {
    const PAGE_NAME: &'static str = "ReportRegisterPage";
    const PAGE_DESCRIPTION: &'static str = "A page of the reports of all task forces.";
}

/// List the reports of all task forces
///
/// The reports of all task forces without their content. `beforeCouncil=true&sort=submittedAt` lists the reports that wait for the council's decision, the longest waiting first.
#[utoipa::path(
    tag = "reports",
    params(AllReportsQuery),
    responses((status = 200, description = "A page of the reports.", body = ReportRegisterPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadRegister).refuses([
        RefusalCode::InsufficientScope,
    ]))))
)]
#[get("/v1/reports")]
async fn list_all_reports(app: Data<App>, read: Read<Root, AllReportsQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let sort = query.sort.unwrap_or(ReportSort::CreatedAt);
    let order = match sort {
        ReportSort::CreatedAt => ReportOrder::CreatedAt(paging.after()?),
        ReportSort::SubmittedAt => ReportOrder::SubmittedAt(paging.after()?),
    };
    let filter =
        ReportFilter { states: query.state.unwrap_or_default(), before_council: query.before_council };
    let page = app.all_reports(&context.caller, &filter, order, paging.window()).await?;
    let key = |row: &RegisteredReport| match sort {
        ReportSort::CreatedAt => (Some(row.report.created_at), row.report.id),
        ReportSort::SubmittedAt => (row.report.submitted_at, row.report.id),
    };
    response::document(&ReportRegisterPage::new(&paging, page, key, ReportRegisterEntry::from))
}

/// A condition in the list of the conditions of all task forces.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConditionRegisterEntry {
    #[serde(flatten)]
    item: ConditionItem,
    /// The task force.
    task_force: ResourceReference,
    /// City of the task force.
    #[schema(value_type = LocalizedName)]
    city: LocalizedText,
    /// The path of the condition in this API.
    #[schema(
        required,
        example = "/v1/task-forces/0199f0c2-7a3b-7c11-9d2e-000000000001/conditions/0199f0c2-7a3b-7c11-9d2e-00000000000f"
    )]
    href: Option<String>,
}

impl From<RegisteredCondition> for ConditionRegisterEntry {
    fn from(row: RegisteredCondition) -> Self {
        let RegisteredCondition { condition, task_force, today } = row;
        let named = Reference::untitled(SubjectKind::Condition, condition.id);
        Self {
            href: href(&named.in_task_force(task_force.task_force_id)),
            item: ConditionItem::new(condition, today),
            task_force: Reference::task_force(task_force.task_force_id, task_force.task_force_name).into(),
            city: task_force.city,
        }
    }
}

/// An order of the list of the conditions of all task forces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "DueDateSort")]
pub(super) enum DueDateSort {
    /// By due date, the earliest first.
    #[serde(rename = "dueDate")]
    EarliestFirst,
    /// By due date, the latest first.
    #[serde(rename = "-dueDate")]
    LatestFirst,
}

page_query! {
    /// The query parameters of the list of all conditions.
    AllConditionsQuery {
        /// Only items in one of these states. Repeat `state`, or separate the states by commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 5, example = json!(["open"]))]
        state: Option<Vec<ConditionState>>,
        /// `true`: only overdue conditions; `false`: only conditions that are not overdue.
        #[param(nullable = false, example = true)]
        overdue: Option<bool>,
        /// The order of the list: `dueDate` (the default), the earliest first, or `-dueDate`, the latest first.
        #[param(inline, nullable = false)]
        sort: Option<DueDateSort>,
    }
}

/// A page of the conditions of all task forces.
type ConditionRegisterPage = Page<ConditionRegisterEntry>;

impl ListItem for ConditionRegisterEntry {
    const PAGE_NAME: &'static str = "ConditionRegisterPage";
    const PAGE_DESCRIPTION: &'static str = "A page of the conditions of all task forces.";
}

/// List the conditions of all task forces
///
/// The conditions of all the council's decisions, by due date. A condition is overdue from the day after its due date in the time zone of its task force.
#[utoipa::path(
    tag = "decisions",
    params(AllConditionsQuery),
    responses((status = 200, description = "A page of the conditions.", body = ConditionRegisterPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadRegister).refuses([
        RefusalCode::InsufficientScope,
    ]))))
)]
#[get("/v1/conditions")]
async fn list_all_conditions(app: Data<App>, read: Read<Root, AllConditionsQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let order = match query.sort {
        None | Some(DueDateSort::EarliestFirst) => DueOrder::EarliestFirst,
        Some(DueDateSort::LatestFirst) => DueOrder::LatestFirst,
    };
    let after = paging.after()?;
    let filter = ConditionFilter { states: query.state.unwrap_or_default(), overdue: query.overdue };
    let page = app.all_conditions(&context.caller, &filter, order, after, paging.window()).await?;
    response::document(&ConditionRegisterPage::new(
        &paging,
        page,
        |row| (row.condition.fields.due_date, row.condition.id),
        ConditionRegisterEntry::from,
    ))
}
