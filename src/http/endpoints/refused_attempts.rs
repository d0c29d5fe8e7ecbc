//! Attempts that were refused, over HTTP: noted on the way out, and read by the administrator.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::app::refused_attempts::{RefusedFilter, RefusedRow};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, page_query};
use crate::http::problem::Result;
use crate::http::problem_catalogue::ProblemCode;
use crate::http::reference::{ResourceReference, UserReference};
use crate::http::request::{Read, Root};
use crate::http::response;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_refused_attempts);
}

/// Refused attempts of one kind within an hour: same caller, address, operation and problem code.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefusedAttempt {
    /// Unique id.
    id: Uuid,
    /// The user who made the attempts; null without a valid credential.
    #[schema(required)]
    user: Option<UserReference>,
    /// Address of the client (for IPv6, its network of 64 bits); null if unknown, or if attempts of several clients are
    /// counted together.
    #[schema(required, example = "192.0.2.17")]
    address: Option<String>,
    /// Method and route; `other` if there were too many kinds in an hour and the rest is counted together.
    #[schema(example = "POST /v1/task-forces/{taskForceId}/transitions")]
    operation: String,
    /// Problem code of the refusals.
    code: ProblemCode,
    /// The task force of the attempts, if the caller could see it.
    #[schema(required)]
    task_force: Option<ResourceReference>,
    /// Number of attempts.
    #[schema(minimum = 1, example = 12)]
    attempts: i64,
    /// Time of the first attempt in this hour.
    first_at: DateTime<Utc>,
    /// Time of the last attempt in this hour.
    last_at: DateTime<Utc>,
    /// Id of the request of the last attempt.
    #[schema(example = "0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e")]
    last_request_id: String,
}

impl From<RefusedRow> for RefusedAttempt {
    fn from(row: RefusedRow) -> Self {
        Self {
            id: row.id,
            user: row.user.map(UserReference::from),
            address: Some(row.address).filter(|address| !address.is_empty()),
            operation: row.operation,
            code: row.code.into(),
            task_force: row.task_force.map(ResourceReference::from),
            attempts: row.attempts,
            first_at: row.first_at,
            last_at: row.last_at,
            last_request_id: row.last_request_id,
        }
    }
}

/// A page of refused attempts.
type RefusedAttemptPage = Page<RefusedAttempt>;

impl ListItem for RefusedAttempt {
    const PAGE_NAME: &'static str = "RefusedAttemptPage";
    const PAGE_DESCRIPTION: &'static str = "A page of refused attempts.";
}

page_query! {
    /// The query parameters of a list of refused attempts.
    RefusedAttemptQuery {
        /// Only attempts by this user.
        #[param(nullable = false, example = "0199f0c2-7a3b-7c11-9d2e-000000000101")]
        user_id: Option<Uuid>,
        /// Only attempts that were refused with this code.
        #[param(inline, nullable = false)]
        code: Option<ProblemCode>,
        /// Only attempts on this task force.
        #[param(nullable = false, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
        task_force_id: Option<Uuid>,
    }
}

/// List refused attempts
///
/// Refused attempts, newest first: requests refused with 403, failed or throttled sign-ins, and steps submitted before
/// their gate was met. Attempts of one kind are counted, an hour a row; they appear after some seconds and are kept for
/// 90 days. Refused attempts are no events, since nothing was changed. For the administrator.
#[utoipa::path(
    tag = "events",
    params(RefusedAttemptQuery),
    responses((status = 200, description = "A page of refused attempts.", body = RefusedAttemptPage)),
    extensions(("x-problem-codes" = json!(
        requires(Action::ReadInstallationEvents)
            .refuses([RefusalCode::InsufficientScope])
    )))
)]
#[get("/v1/refused-attempts")]
async fn list_refused_attempts(
    app: Data<App>,
    read: Read<Root, RefusedAttemptQuery>,
) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let RefusedAttemptQuery { user_id, code, task_force_id, .. } = query;
    let before = paging.after()?;
    let filter = RefusedFilter { user_id, code: code.map(ProblemCode::code), task_force_id };
    let page = app.refused_attempts_list(&context.caller, &filter, before, paging.window()).await?;
    response::document(&RefusedAttemptPage::new(&paging, page, |row| (row.seq, row.id), RefusedAttempt::from))
}
