//! Conditions of the council over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::app::conditions::ConditionView;
use crate::db;
use crate::db::conditions::ConditionOrder;
use crate::domain::decision::ConditionState;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::writing::Write;
use crate::http::idempotency::DryRun;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, page_query};
use crate::http::permissions::ConditionPermissions;
use crate::http::problem::{Result, TransitionDocument};
use crate::http::reference::{MemberReference, ResourceReference};
use crate::http::request::{Change, IfMatch, Path, Read, TaskForcePath};
use crate::http::response;
use crate::http::text::LocalizedNote;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
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

/// A condition that the council set with a decision.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConditionItem {
    /// Unique id.
    id: Uuid,
    /// The decision that it came with.
    decision: ResourceReference,
    /// Text of the condition.
    #[schema(value_type = LocalizedNote)]
    text: LocalizedText,
    /// The member in charge. The chair reports the condition met.
    owner: MemberReference,
    /// Due date; the condition is overdue from the next day.
    #[schema(example = "2027-06-30")]
    due_date: NaiveDate,
    /// True if the condition is open and past its due date.
    overdue: bool,
    /// Current state.
    state: ConditionState,
    /// Reason for returning, waiving or superseding.
    #[schema(required, value_type = Option<LocalizedNote>)]
    state_reason: Option<LocalizedText>,
    /// Time of the last change of state.
    state_since: DateTime<Utc>,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// Time when the condition was set.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl ConditionItem {
    pub(super) fn new(condition: db::conditions::Condition, today: NaiveDate) -> Self {
        Self {
            id: condition.id,
            decision: condition.decision.into(),
            overdue: condition.state == ConditionState::Open && condition.fields.due_date < today,
            text: condition.fields.text,
            owner: condition.owner.into(),
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

/// A condition with its available transitions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Condition {
    #[serde(flatten)]
    item: ConditionItem,
    /// The transitions out of the current state that the caller can make now, or the obstacles of each, computed by the
    /// check that the service enforces.
    available_transitions: Vec<TransitionDocument>,
    /// The actions that the caller can perform on the condition now. `availableTransitions` contains the transitions.
    permissions: ConditionPermissions,
}

impl Condition {
    pub(super) fn new(view: ConditionView, language: Language) -> Self {
        Self {
            item: ConditionItem::new(view.condition, view.today),
            available_transitions: TransitionDocument::all(&view.transitions, language),
            permissions: ConditionPermissions { add_evidence: view.can_add_evidence },
        }
    }
}

/// A transition of a condition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionTransition {
    /// The new state.
    to: ConditionState,
    /// Reason; required for `waived` and for the return to `open`.
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
}

/// An order of a list of conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "ConditionSort")]
pub(super) enum ConditionSort {
    /// Oldest first.
    #[serde(rename = "createdAt")]
    CreatedAt,
    /// By due date, the earliest first.
    #[serde(rename = "dueDate")]
    DueDate,
}

page_query! {
    /// The query parameters of a list of conditions.
    ConditionQuery {
        /// Only items in one of these states. Repeat `state`, or separate the states by commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 5, example = json!(["open"]))]
        state: Option<Vec<ConditionState>>,
        /// The order of the list: `createdAt` (the default) or `dueDate`, the earliest first.
        #[param(inline, nullable = false)]
        sort: Option<ConditionSort>,
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
    let paging = query.paging();
    let sort = query.sort.unwrap_or(ConditionSort::CreatedAt);
    let order = match sort {
        ConditionSort::CreatedAt => ConditionOrder::CreatedAt(paging.after()?),
        ConditionSort::DueDate => ConditionOrder::DueDate(paging.after()?),
    };
    let states = query.state.unwrap_or_default();
    let (today, page) = app
        .conditions_list(&context.caller, context.path.task_force_id, &states, order, paging.window())
        .await?;
    response::document(&ConditionPage::new(
        &paging,
        page,
        |row| match sort {
            ConditionSort::CreatedAt => serde_json::json!(row.id),
            ConditionSort::DueDate => serde_json::json!([row.fields.due_date, row.id]),
        },
        |row| ConditionItem::new(row, today),
    ))
}

/// Get a condition
#[utoipa::path(
    tag = "decisions",
    description = "One condition and its available transitions.",
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

/// Change the state of a condition
///
/// Changes the state of a condition. The chair reports a condition met; the secretariat accepts it, returns it with a
/// reason, or waives it with a reason. A correcting decision with another outcome makes the condition `superseded`.
/// Conditions can also change after the task force has concluded or was dissolved.
#[utoipa::path(
    tag = "decisions",
    params(ConditionPath, IfMatch, DryRun),
    request_body = ConditionTransition,
    responses((status = 200, description = "The condition after the change.", body = Condition, headers(("ETag" = String)))),
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
