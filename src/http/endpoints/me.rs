//! The caller, with their tasks and activities over all task forces.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::activities::ActivityItem;
use crate::app::App;
use crate::db;
use crate::domain::reference::Reference;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::step::StepName;
use crate::domain::task::TaskKind;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, PageQuery, page_query};
use crate::http::problem::Result;
use crate::http::reference::ResourceReference;
use crate::http::request::{Read, Root};
use crate::http::response;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_my_activities).service(list_my_tasks);
}

/// An open activity of the caller, with its task force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MyActivity {
    #[serde(flatten)]
    item: ActivityItem,
    /// The task force.
    task_force: ResourceReference,
}

/// A page of your open activities.
type MyActivityPage = Page<MyActivity>;

impl ListItem for MyActivity {
    const PAGE_NAME: &'static str = "MyActivityPage";
    const PAGE_DESCRIPTION: &'static str = "A page of your open activities.";
}

/// List your open activities
///
/// The open activities that are assigned to you in all task forces, by due date.
#[utoipa::path(
    tag = "me",
    params(PageQuery),
    responses((status = 200, description = "A page of your activities.", body = MyActivityPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadOwnAccount).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/me/activities")]
async fn list_my_activities(app: Data<App>, read: Read<Root, PageQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let after = paging.after()?;
    let page = app.my_activities(&context.caller, after, paging.window()).await?;
    let page = MyActivityPage::new(
        &paging,
        page,
        |assigned| (assigned.activity.fields.due_date, assigned.activity.id),
        |assigned| MyActivity {
            item: ActivityItem::new(assigned.activity, assigned.today),
            task_force: Reference::task_force(assigned.task_force_id, assigned.task_force_name).into(),
        },
    );
    response::document(&page)
}

/// A task of the caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MyTask {
    /// Description of the work.
    kind: TaskKind,
    /// The task force.
    task_force: ResourceReference,
    /// Subject of the task.
    subject: ResourceReference,
    /// Step of the subject, if there is one.
    #[schema(required)]
    step: Option<StepName>,
    /// Due date; for a report, the day of the council's next meeting.
    #[schema(required, example = "2026-12-15")]
    due_date: Option<NaiveDate>,
    /// Time since which the task waits.
    since: DateTime<Utc>,
}

impl From<db::me::Task> for MyTask {
    fn from(row: db::me::Task) -> Self {
        Self {
            kind: row.kind,
            task_force: Reference::task_force(row.task_force_id, row.task_force_name).into(),
            subject: row.subject.into(),
            step: row.step,
            due_date: row.due_date,
            since: row.since,
        }
    }
}

/// A page of tasks.
type MyTaskPage = Page<MyTask>;

impl ListItem for MyTask {
    const PAGE_NAME: &'static str = "MyTaskPage";
    const PAGE_DESCRIPTION: &'static str = "A page of tasks.";
}

page_query! {
    /// The query parameters of a list of tasks.
    TaskQuery {
        /// Only tasks of one of these kinds. Repeat `kind`, or separate the kinds by commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 6, example = json!(["decision"]))]
        kind: Option<Vec<TaskKind>>,
    }
}

/// List your tasks
///
/// Your tasks in all task forces, longest waiting first. Members see votes, reviews and conditions; the chair also sees
/// extended pilots that have to be planned in a new cycle; the secretariat sees conditions to accept; the secretariat
/// and council members see reports that wait for a decision. Nothing of a suspended task force is a task.
#[utoipa::path(
    tag = "me",
    params(TaskQuery),
    responses((status = 200, description = "A page of your tasks.", body = MyTaskPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadOwnAccount).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/me/tasks")]
async fn list_my_tasks(app: Data<App>, read: Read<Root, TaskQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let after = paging.after()?;
    let kinds = query.kind.unwrap_or_default();
    let page = app.my_tasks(&context.caller, &kinds, after, paging.window()).await?;
    response::document(&MyTaskPage::new(&paging, page, |task| (task.since, task.subject.id), MyTask::from))
}
