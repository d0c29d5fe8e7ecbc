//! Attempts that were refused, over HTTP: noted on the way out, and read by the administrator.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::app::refused_attempts::{RefusedFilter, RefusedRow};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::operation_problems::requires;
use crate::http::pagination::{self, ListItem, Page, page_query};
use crate::http::problem::Result;
use crate::http::problem_catalogue::ProblemCode;
use crate::http::request::{Read, Root};
use crate::http::response;
use crate::http::text::LocalizedName;

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    config.service(list_refused_attempts);
}

/// Who tried, where a credential said so.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefusedUser {
    /// The user.
    id: Uuid,
    /// Their name, as it is today.
    #[schema(required, value_type = Option<LocalizedName>)]
    name: Option<LocalizedText>,
}

/// Attempts of one kind in one hour: by one caller, from one address, at one operation, refused in one way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefusedAttempt {
    /// Its id.
    id: Uuid,
    /// Who tried; null where no credential said so.
    #[schema(required)]
    user: Option<RefusedUser>,
    /// The address that it came from, of IPv6 its network of 64 bits; null where it is not known, or where attempts are counted together.
    #[schema(required, example = "192.0.2.17")]
    address: Option<String>,
    /// Method and route; `other` where there were too many kinds in an hour and the rest is counted together.
    #[schema(example = "POST /v1/task-forces/{taskForceId}/transitions")]
    operation: String,
    /// How they were refused.
    code: ProblemCode,
    /// The task force that they were about, where the caller could see it.
    #[schema(required)]
    task_force_id: Option<Uuid>,
    /// How often.
    #[schema(minimum = 1, example = 12)]
    attempts: i64,
    /// The first time in this hour.
    first_at: DateTime<Utc>,
    /// The last time in this hour.
    last_at: DateTime<Utc>,
    /// The request of the last time.
    #[schema(example = "0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e")]
    last_request_id: String,
}

impl From<RefusedRow> for RefusedAttempt {
    fn from(row: RefusedRow) -> Self {
        Self {
            id: row.id,
            user: row.user_id.map(|id| RefusedUser { id, name: row.user_name }),
            address: Some(row.address).filter(|address| !address.is_empty()),
            operation: row.operation,
            code: row.code.into(),
            task_force_id: row.about_task_force_id,
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
    /// Which refused attempts.
    RefusedAttemptQuery {
        /// Only by this user.
        #[param(nullable = false, example = "0199f0c2-7a3b-7c11-9d2e-000000000101")]
        user_id: Option<Uuid>,
        /// Only refused so.
        #[param(inline, nullable = false)]
        code: Option<ProblemCode>,
        /// Only about this task force.
        #[param(nullable = false, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
        task_force_id: Option<Uuid>,
    }
}

/// Read refused attempts
///
/// Who tried what is not theirs to do, newest first: requests refused with 403, sign-ins that failed or were too many, and steps submitted before their gate was met. Attempts of one kind are counted, an hour a row; they appear after some seconds and are kept for 90 days. They stand apart from the chains of events, for they changed nothing. For the administrator.
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
    let RefusedAttemptQuery { user_id, code, task_force_id, limit, cursor } = query;
    let before = pagination::after(cursor.as_deref())?;
    let filter = RefusedFilter { user_id, code: code.map(ProblemCode::code), task_force_id };
    let page = app.refused_attempts_list(&context.caller, &filter, before, limit).await?;
    response::document(&RefusedAttemptPage::new(page, |row| (row.seq, row.id), RefusedAttempt::from))
}
