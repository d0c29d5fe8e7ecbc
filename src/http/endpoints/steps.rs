//! Steps, their readiness and waivers over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, put};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::app::steps::StepView;
use crate::domain::adjustment::Adjustment;
use crate::domain::criterion::CriterionCode;
use crate::domain::reference::Reference;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::step::{StepName, StepState};
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::writing::Write;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::patch::Patch;
use crate::http::permissions::{StepPermissions, StepReadinessPermissions};
use crate::http::problem::{BlockerDocument, CriterionDocument as Criterion, Result};
use crate::http::reference::ResourceReference;
use crate::http::request::{Change, Create, IfMatch, NoBody, Path, Read, TaskForcePath};
use crate::http::response;
use crate::http::text::{LocalizedName, LocalizedNote};

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config
        .service(list_steps)
        .service(get_step)
        .service(update_step)
        .service(get_step_readiness)
        .service(set_adjustment_note)
        .service(set_waiver)
        .service(delete_waiver);
}

/// A merge patch of [`StepFields`].
type StepPatch = Patch<StepFields>;

/// The path of a step.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct StepPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// One of the five steps.
    #[param(inline, example = "policy")]
    pub(super) step: StepName,
}

impl Path for StepPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// The path of a criterion of a step's gate.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct WaiverPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// One of the five steps.
    #[param(inline, example = "policy")]
    pub(super) step: StepName,
    /// A criterion of the step's gate.
    #[param(inline, example = "policiesSettled")]
    pub(super) criterion: CriterionCode,
}

impl Path for WaiverPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// The cycle of a list of steps.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CycleQuery {
    /// The cycle. Default: the current cycle.
    #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
    cycle: Option<i32>,
}

/// One of the five steps in one cycle.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Step {
    /// Id of the report, as in events.
    id: Uuid,
    /// The cycle.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// Name of the step.
    step: StepName,
    /// Title of the step.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Current state.
    state: StepState,
    /// Due date.
    #[schema(required, example = "2027-03-31")]
    target_date: Option<NaiveDate>,
    /// Time when the step last opened.
    #[schema(required)]
    opened_at: Option<DateTime<Utc>>,
    /// Time when the step passed its gate.
    #[schema(required)]
    passed_at: Option<DateTime<Utc>>,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 2)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
    /// The actions that the caller can perform on the step now.
    permissions: StepPermissions,
}

impl From<StepView> for Step {
    fn from(view: StepView) -> Self {
        let permissions = StepPermissions::from(&view);
        let row = view.step;
        let title = row.step.label();
        Self {
            id: row.id,
            cycle: row.cycle,
            step: row.step,
            title: LocalizedText::both(title.ar, title.en),
            state: row.state,
            target_date: row.target_date,
            opened_at: row.opened_at,
            passed_at: row.passed_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            permissions,
        }
    }
}

/// The five steps of a cycle, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StepList {
    /// The steps.
    items: Vec<Step>,
    /// Always null, since a cycle has five steps.
    #[schema(required, example = json!(null))]
    next: Option<String>,
}

/// The fields of a step that can be changed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StepFields {
    /// Due date.
    #[schema(example = "2027-03-31")]
    target_date: Option<NaiveDate>,
}

/// Readiness of a step for its gate. Submitting the step applies the same criteria.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StepReadiness {
    /// True if the chair can submit the step now.
    ready: bool,
    /// Obstacles other than the gate: the state of the step or of the task force.
    blocked_by: Vec<BlockerDocument>,
    /// The criteria of the gate.
    criteria: Vec<Criterion>,
    /// The decision of the council that reopened the step; null if there is none.
    #[schema(required)]
    adjustment: Option<StepAdjustment>,
    /// Extended pilots of earlier cycles that can be planned in step `pilots`, at most a hundred; empty in other steps.
    /// The step can be submitted without them.
    extended_pilots: Vec<ResourceReference>,
    /// The actions that the caller can perform on the step now, with the gate taken into account.
    permissions: StepReadinessPermissions,
}

/// A decision of the council that reopened a step, and the task force's response.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StepAdjustment {
    /// The decision.
    decision: ResourceReference,
    /// The council's reason.
    #[schema(value_type = LocalizedNote)]
    reason: LocalizedText,
    /// True if anything of the step changed since the decision.
    changed: bool,
    /// The chair's note on why nothing had to be changed.
    #[schema(required, value_type = Option<LocalizedNote>)]
    note: Option<LocalizedText>,
}

impl StepAdjustment {
    fn new(adjustment: Adjustment, task_force_id: Uuid) -> Self {
        let Adjustment { decision_id, decision_number, reason, changed, note } = adjustment;
        let decision = Reference::decision(decision_id, decision_number).in_task_force(task_force_id);
        Self { decision: decision.into(), reason, changed, note: note.map(|note| note.note) }
    }
}

impl StepReadiness {
    fn new(readiness: crate::app::steps::StepReadiness, task_force_id: Uuid, language: Language) -> Self {
        Self {
            ready: readiness.is_ready(),
            blocked_by: readiness
                .blocked_by
                .iter()
                .map(|blocker| BlockerDocument::new(blocker, language))
                .collect(),
            criteria: readiness.criteria.iter().map(|one| Criterion::new(one, language)).collect(),
            adjustment: readiness.adjustment.map(|one| StepAdjustment::new(one, task_force_id)),
            extended_pilots: readiness.extended_pilots.first.iter().map(ResourceReference::from).collect(),
            permissions: StepReadinessPermissions { submit: readiness.can_submit },
        }
    }
}

/// Reason for waiving a criterion.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWaiver {
    /// The reason, shown in the report to the council.
    #[schema(value_type = LocalizedNote)]
    reason: LocalizedText,
}

/// List steps
///
/// The five steps of the current or an earlier cycle, in order.
#[utoipa::path(
    tag = "steps",
    params(TaskForcePath, CycleQuery),
    responses((status = 200, description = "The five steps.", body = StepList)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/steps")]
async fn list_steps(app: Data<App>, read: Read<TaskForcePath, CycleQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let steps = app.steps_list(&context.caller, context.path.task_force_id, query.cycle).await?;
    response::document(&StepList { items: steps.into_iter().map(Step::from).collect(), next: None })
}

/// Get a step
#[utoipa::path(
    tag = "steps",
    description = "One step of the current or an earlier cycle.",
    params(StepPath, CycleQuery),
    responses((status = 200, description = "The step.", body = Step, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/steps/{step}")]
async fn get_step(app: Data<App>, read: Read<StepPath, CycleQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let step =
        app.step_get(&context.caller, context.path.task_force_id, query.cycle, context.path.step).await?;
    response::single(step.step.version, &Step::from(step))
}

/// Update a step
///
/// Sets or clears the target date of a step of the current cycle.
#[utoipa::path(
    tag = "steps",
    params(StepPath, IfMatch),
    request_body(content = StepPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The step after the change.", body = Step, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::EditTaskForce).writes_in_step(Write::TargetDate))))
)]
#[patch("/v1/task-forces/{taskForceId}/steps/{step}")]
async fn update_step(app: Data<App>, change: Change<StepPath, StepPatch>) -> Result<HttpResponse> {
    let Change { context, version, body, .. } = change;
    let at = &context.path;
    let step = app
        .step_update(&context.caller, at.task_force_id, at.step, version, |target_date| {
            Ok(body.apply(&StepFields { target_date })?.target_date)
        })
        .await?;
    response::single(step.step.version, &Step::from(step))
}

/// Get the readiness of a step
///
/// The criteria of the step's gate, with the resources that fail each. Submitting the step applies the same criteria.
#[utoipa::path(
    tag = "steps",
    params(StepPath),
    responses((status = 200, description = "The readiness of the step.", body = StepReadiness, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/steps/{step}/readiness")]
async fn get_step_readiness(app: Data<App>, read: Read<StepPath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let readiness =
        app.step_readiness(&context.caller, context.path.task_force_id, context.path.step).await?;
    readiness_response(readiness, context.path.task_force_id, context.language())
}

/// The readiness of a step, with the version of the step in its `ETag`.
fn readiness_response(
    readiness: crate::app::steps::StepReadiness,
    task_force_id: Uuid,
    language: Language,
) -> Result<HttpResponse> {
    let version = readiness.version;
    let response = response::single(version, &StepReadiness::new(readiness, task_force_id, language))?;
    Ok(response::in_language(language, response))
}

/// Note on why nothing of a reopened step had to be changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAdjustmentNote {
    /// The reason, shown to the members in the vote and to the council in the report.
    #[schema(value_type = LocalizedNote)]
    note: LocalizedText,
}

/// Set the adjustment note
///
/// Sets the chair's note on why nothing of a reopened step had to be changed. The gate of a step that the council
/// reopened has the criterion `adjustmentAnswered`: either something of the step changed since the decision, or this
/// note explains why not. A further request replaces the note.
#[utoipa::path(
    tag = "steps",
    params(StepPath),
    request_body = NewAdjustmentNote,
    responses((status = 200, description = "The readiness of the step after the change.", body = StepReadiness, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::Lead)
            .writes_in_step(Write::OpenStep)
            .refuses([RefusalCode::NotAdjusted])
    )))
)]
#[put("/v1/task-forces/{taskForceId}/steps/{step}/adjustment-note")]
async fn set_adjustment_note(
    app: Data<App>,
    create: Create<StepPath, NewAdjustmentNote>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let at = &context.path;
    let readiness = app.adjustment_answer(&context.caller, at.task_force_id, at.step, body.note).await?;
    readiness_response(readiness, context.path.task_force_id, context.language())
}

/// Waive a criterion
///
/// Waives a criterion, with a reason, so that the step can be submitted although the criterion is not met. A further
/// request replaces the reason. For `adjustmentAnswered`, set the adjustment note instead.
#[utoipa::path(
    tag = "steps",
    params(WaiverPath),
    request_body = NewWaiver,
    responses((status = 200, description = "The readiness of the step after the change.", body = StepReadiness, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::Lead)
            .writes_in_step(Write::OpenStep)
            .refuses([RefusalCode::NotWaivable])
    )))
)]
#[put("/v1/task-forces/{taskForceId}/steps/{step}/waivers/{criterion}")]
async fn set_waiver(app: Data<App>, create: Create<WaiverPath, NewWaiver>) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let at = &context.path;
    let readiness =
        app.criterion_waive(&context.caller, at.task_force_id, at.step, at.criterion, body.reason).await?;
    readiness_response(readiness, context.path.task_force_id, context.language())
}

/// Remove a waiver
///
/// The request is idempotent.
#[utoipa::path(
    tag = "steps",
    params(WaiverPath),
    responses((status = 200, description = "The readiness of the step after the change.", body = StepReadiness, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::Lead).writes_in_step(Write::OpenStep))))
)]
#[delete("/v1/task-forces/{taskForceId}/steps/{step}/waivers/{criterion}")]
async fn delete_waiver(app: Data<App>, request: NoBody<WaiverPath>) -> Result<HttpResponse> {
    let NoBody { context } = request;
    let at = &context.path;
    let readiness = app.criterion_unwaive(&context.caller, at.task_force_id, at.step, at.criterion).await?;
    readiness_response(readiness, context.path.task_force_id, context.language())
}
