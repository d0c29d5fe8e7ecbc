//! Conditions of the council over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::app::conditions::ConditionView;
use crate::db::conditions::NumberedCondition;
use crate::domain::decision::ConditionState;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::writing::Write;
use crate::http::idempotency::DryRun;
use crate::http::operation_problems::requires;
use crate::http::pagination::{self, ListItem, Page, page_query};
use crate::http::problem::{Result, TransitionDocument};
use crate::http::request::{Change, IfMatch, Path, Read, TaskForcePath};
use crate::http::response;
use crate::http::text::LocalizedNote;

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    config.service(list_conditions).service(get_condition).service(transition_condition);
}

/// The path of a condition.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct ConditionPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The condition.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000f")]
    pub(super) condition_id: Uuid,
}

impl Path for ConditionPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// What the council asked for in return.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConditionItem {
    /// Its id.
    id: Uuid,
    /// Number of the decision that it came with.
    #[schema(minimum = 1, example = 1)]
    decision_number: i32,
    /// What is asked for.
    #[schema(value_type = LocalizedNote)]
    text: LocalizedText,
    /// The member who sees to it; the chair reports it met.
    owner_member_id: Uuid,
    /// When it is to be met; that day is still in time.
    #[schema(example = "2027-06-30")]
    due_date: NaiveDate,
    /// Whether that day has passed while it is open.
    overdue: bool,
    /// Its state.
    state: ConditionState,
    /// Why it was returned, waived or superseded.
    #[schema(required, value_type = Option<LocalizedNote>)]
    state_reason: Option<LocalizedText>,
    /// Since when it has its state.
    state_since: DateTime<Utc>,
    /// Counts changes of its own fields.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// When it was set.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl ConditionItem {
    fn new((condition, decision_number): NumberedCondition, today: NaiveDate) -> Self {
        Self {
            id: condition.id,
            decision_number,
            overdue: condition.state == ConditionState::Open && condition.fields.due_date < today,
            text: condition.fields.text,
            owner_member_id: condition.fields.owner_member_id,
            due_date: condition.fields.due_date,
            state: condition.state,
            state_reason: condition.state_reason,
            state_since: condition.state_since,
            version: condition.version,
            created_at: condition.created_at,
            updated_at: condition.updated_at,
        }
    }
}

/// A condition, and where it can go from here.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Condition {
    #[serde(flatten)]
    item: ConditionItem,
    /// Where it can go from here, for you, now.
    available_transitions: Vec<TransitionDocument>,
}

impl Condition {
    pub(super) fn new(view: ConditionView, language: Language) -> Self {
        Self {
            item: ConditionItem::new((view.condition, view.decision_number), view.today),
            available_transitions: TransitionDocument::all(&view.transitions, language),
        }
    }
}

/// Where a condition is to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionTransition {
    /// The state to go to.
    to: ConditionState,
    /// Why; needed to return it to `open` and to waive it.
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
}

page_query! {
    /// Which conditions.
    ConditionQuery {
        /// Only in one of these states: `state` several times, or once with commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 5, example = json!(["open"]))]
        state: Option<Vec<ConditionState>>,
    }
}

/// A page of conditions.
type ConditionPage = Page<ConditionItem>;

impl ListItem for ConditionItem {
    const PAGE_NAME: &'static str = "ConditionPage";
    const PAGE_DESCRIPTION: &'static str = "A page of conditions.";
}

/// List conditions
///
/// The conditions of all the council's decisions on a task force, oldest first.
#[utoipa::path(
    tag = "decisions",
    params(TaskForcePath, ConditionQuery),
    responses((status = 200, description = "A page of conditions.", body = ConditionPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/conditions")]
async fn list_conditions(app: Data<App>, read: Read<TaskForcePath, ConditionQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let after = pagination::after(query.cursor.as_deref())?;
    let states = query.state.unwrap_or_default();
    let (today, page) =
        app.conditions_list(&context.caller, context.path.task_force_id, &states, after, query.limit).await?;
    response::document(&ConditionPage::new(page, |(row, _)| row.id, |row| ConditionItem::new(row, today)))
}

/// Read a condition
#[utoipa::path(
    tag = "decisions",
    description = "One condition, and where it can go from here.",
    params(ConditionPath),
    responses((status = 200, description = "The condition.", body = Condition, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/conditions/{conditionId}")]
async fn get_condition(app: Data<App>, read: Read<ConditionPath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let view =
        app.condition_get(&context.caller, context.path.task_force_id, context.path.condition_id).await?;
    Ok(response::in_language(
        context.language(),
        response::single(view.condition.version, &Condition::new(view, context.language()))?,
    ))
}

/// Move a condition to another state
///
/// The chair reports it met; the secretariat accepts that, returns it with a reason, or waives it with a reason. A decision that corrects the one that set it, with another outcome, makes it `superseded`. Also possible once the task force has concluded or was dissolved.
#[utoipa::path(
    tag = "decisions",
    params(ConditionPath, IfMatch, DryRun),
    request_body = ConditionTransition,
    responses((status = 200, description = "The condition as it is now.", body = Condition, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::FollowCondition)
            .sometimes_requires(Action::ReportCondition)
            .sometimes_requires(Action::SettleCondition)
            .writes(Write::Condition)
            .refuses([RefusalCode::TransitionNotAllowed])
    )))
)]
#[post("/v1/task-forces/{taskForceId}/conditions/{conditionId}/transitions")]
async fn transition_condition(
    app: Data<App>,
    change: Change<ConditionPath, ConditionTransition, DryRun>,
) -> Result<HttpResponse> {
    let Change { context, version, body, .. } = change;
    let at = &context.path;
    let view = app
        .condition_transition(
            &context.caller,
            at.task_force_id,
            at.condition_id,
            version,
            body.to,
            body.reason,
        )
        .await?;
    Ok(response::in_language(
        context.language(),
        response::single(view.condition.version, &Condition::new(view, context.language()))?,
    ))
}
