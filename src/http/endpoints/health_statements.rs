//! Health statements over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::db;
use crate::domain::rights::Action;
use crate::domain::task_force::HealthRating;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, PageQuery};
use crate::http::problem::Result;
use crate::http::reference::UserReference;
use crate::http::request::{Create, Read, TaskForcePath};
use crate::http::response;
use crate::http::text::LocalizedNote;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_health_statements).service(create_health_statement);
}

/// A new health statement of the chair.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHealthStatement {
    /// Health rating.
    health: HealthRating,
    /// Reason.
    #[schema(value_type = Option<LocalizedNote>)]
    note: Option<LocalizedText>,
}

/// A dated statement of the chair on the task force's health.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct HealthStatement {
    /// Unique id.
    id: Uuid,
    /// Health rating.
    health: HealthRating,
    /// Reason.
    #[schema(required, value_type = Option<LocalizedNote>)]
    note: Option<LocalizedText>,
    /// The chair who made the statement.
    created_by: UserReference,
    /// Time of the action.
    created_at: DateTime<Utc>,
}

impl From<db::health_statements::HealthStatement> for HealthStatement {
    fn from(statement: db::health_statements::HealthStatement) -> Self {
        Self {
            id: statement.id,
            health: statement.health,
            note: statement.note,
            created_by: statement.created_by.into(),
            created_at: statement.created_at,
        }
    }
}

/// A page of health statements.
type HealthStatementPage = Page<HealthStatement>;

impl ListItem for HealthStatement {
    const PAGE_NAME: &'static str = "HealthStatementPage";
    const PAGE_DESCRIPTION: &'static str = "A page of health statements.";
}

/// List health statements
///
/// The health statements, newest first. The first statement is the current health of the task force.
#[utoipa::path(
    tag = "task forces",
    params(TaskForcePath, PageQuery),
    responses((status = 200, description = "A page of health statements.", body = HealthStatementPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/health-statements")]
async fn list_health_statements(
    app: Data<App>,
    read: Read<TaskForcePath, PageQuery>,
) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let before = paging.after()?;
    let page = app.health_list(&context.caller, context.path.task_force_id, before, paging.window()).await?;
    response::document(&HealthStatementPage::new(
        &paging,
        page,
        |statement| statement.id,
        HealthStatement::from,
    ))
}

/// Create a health statement
///
/// Records the chair's rating of the task force's health. The statement holds until the next one.
#[utoipa::path(
    tag = "task forces",
    params(TaskForcePath),
    request_body = NewHealthStatement,
    responses((status = 201, description = "The statement.", body = HealthStatement, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::Lead).writes(Write::Health))))
)]
#[post("/v1/task-forces/{taskForceId}/health-statements")]
async fn create_health_statement(
    app: Data<App>,
    create: Create<TaskForcePath, NewHealthStatement>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let id = context.path.task_force_id;
    let statement = app.health_state(&context.caller, id, body.health, body.note).await?;
    // A statement is read in the list only: that is where it can be found.
    let location = format!("/v1/task-forces/{id}/health-statements");
    response::created(&location, 1, &HealthStatement::from(statement))
}
