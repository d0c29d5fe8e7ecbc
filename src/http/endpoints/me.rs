//! The caller, with their tasks and activities over all task forces.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::activities::ActivityItem;
use crate::app::App;
use crate::db;
use crate::domain::event::SubjectKind;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::step::StepName;
use crate::domain::task::TaskKind;
use crate::domain::text::LocalizedText;
use crate::http::operation_problems::requires;
use crate::http::pagination::{self, ListItem, Page, PageQuery};
use crate::http::problem::Result;
use crate::http::request::{Read, Root};
use crate::http::response;
use crate::http::text::{LocalizedName, LocalizedText as LongText};

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    config.service(list_my_activities).service(list_my_tasks);
}

/// An open activity of yours, and the task force that it belongs to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MyActivity {
    #[serde(flatten)]
    item: ActivityItem,
    /// The task force.
    task_force_id: Uuid,
    /// Its name.
    #[schema(value_type = LocalizedName)]
    task_force_name: LocalizedText,
}

/// A page of your open activities.
type MyActivityPage = Page<MyActivity>;

impl ListItem for MyActivity {
    const PAGE_NAME: &'static str = "MyActivityPage";
    const PAGE_DESCRIPTION: &'static str = "A page of your open activities.";
}

/// List my open activities
///
/// The open activities assigned to you over all task forces, what is due first comes first.
#[utoipa::path(
    tag = "me",
    params(PageQuery),
    responses((status = 200, description = "A page of your activities.", body = MyActivityPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadOwnAccount).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/me/activities")]
async fn list_my_activities(app: Data<App>, read: Read<Root, PageQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let after = pagination::after(query.cursor.as_deref())?;
    let page = app.my_activities(&context.caller, after, query.limit).await?;
    let page = MyActivityPage::new(
        page,
        |assigned| (assigned.activity.fields.due_date, assigned.activity.id),
        |assigned| MyActivity {
            item: ActivityItem::new(assigned.activity, assigned.depends_on, assigned.today),
            task_force_id: assigned.task_force_id,
            task_force_name: assigned.task_force_name,
        },
    );
    response::document(&page)
}

/// What waits.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MyTaskSubject {
    /// What it is.
    kind: SubjectKind,
    /// Its id.
    id: Uuid,
    /// Its number, where it has one: an activity's, a report's.
    #[schema(required, minimum = 1, example = 12)]
    number: Option<i32>,
    /// Its title or text, where it has one.
    #[schema(required, value_type = Option<LongText>)]
    title: Option<LocalizedText>,
}

/// Something that waits for you.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MyTask {
    /// What is to be done.
    kind: TaskKind,
    /// The task force.
    task_force_id: Uuid,
    /// Its name.
    #[schema(value_type = LocalizedName)]
    task_force_name: LocalizedText,
    /// What waits.
    subject: MyTaskSubject,
    /// Its step, where it belongs to one.
    #[schema(required)]
    step: Option<StepName>,
    /// When it is due: of a report the day of the next council.
    #[schema(required, example = "2026-12-15")]
    due_date: Option<NaiveDate>,
    /// Since when it waits.
    since: DateTime<Utc>,
}

impl From<db::me::Task> for MyTask {
    fn from(row: db::me::Task) -> Self {
        Self {
            kind: row.kind,
            task_force_id: row.task_force_id,
            task_force_name: row.task_force_name,
            subject: MyTaskSubject {
                kind: row.subject_kind,
                id: row.subject_id,
                number: row.number,
                title: row.title,
            },
            step: row.step,
            due_date: row.due_date,
            since: row.since,
        }
    }
}

/// A page of what waits for you.
type MyTaskPage = Page<MyTask>;

impl ListItem for MyTask {
    const PAGE_NAME: &'static str = "MyTaskPage";
    const PAGE_DESCRIPTION: &'static str = "A page of what waits for you.";
}

/// List what waits for me
///
/// Over all task forces, what has waited longest comes first: votes, reviews and conditions for members; for the chair, extended pilots that wait to be planned in a new cycle; for the secretariat, conditions to accept; for secretariat and council, reports that wait for a decision.
#[utoipa::path(
    tag = "me",
    params(PageQuery),
    responses((status = 200, description = "A page of your tasks.", body = MyTaskPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadOwnAccount).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/me/tasks")]
async fn list_my_tasks(app: Data<App>, read: Read<Root, PageQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let after = pagination::after(query.cursor.as_deref())?;
    let page = app.my_tasks(&context.caller, after, query.limit).await?;
    response::document(&MyTaskPage::new(page, |task| (task.since, task.subject_id), MyTask::from))
}
