//! Steps, their readiness and waivers over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, put};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::db;
use crate::domain::adjustment::Adjustment;
use crate::domain::criterion::CriterionCode;
use crate::domain::refusal::{Blocker, RefusalCode};
use crate::domain::rights::Action;
use crate::domain::step::{StepName, StepState};
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::writing::Write;
use crate::http::operation_problems::requires;
use crate::http::patch::Patch;
use crate::http::problem::{BlockerDocument, CriterionDocument as Criterion, ReferenceDocument, Result};
use crate::http::request::{Change, Create, IfMatch, NoBody, Path, Read, TaskForcePath};
use crate::http::response;
use crate::http::text::{LocalizedName, LocalizedNote};

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
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
    /// A criterion of its gate.
    #[param(inline, example = "policiesSettled")]
    pub(super) criterion: CriterionCode,
}

impl Path for WaiverPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// Which cycle.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CycleQuery {
    /// The cycle; the present one if not given.
    #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
    cycle: Option<i32>,
}

/// One of the five steps in one cycle.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Step {
    /// Its id, as events name it.
    id: Uuid,
    /// The cycle.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// Which of the five.
    step: StepName,
    /// What it is about, in the deck's words.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Its state.
    state: StepState,
    /// When it is to be done.
    #[schema(required, example = "2027-03-31")]
    target_date: Option<NaiveDate>,
    /// When it last opened.
    #[schema(required)]
    opened_at: Option<DateTime<Utc>>,
    /// When it passed its gate.
    #[schema(required)]
    passed_at: Option<DateTime<Utc>>,
    /// Counts changes of its own fields.
    #[schema(minimum = 1, example = 2)]
    version: i32,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<db::steps::Step> for Step {
    fn from(row: db::steps::Step) -> Self {
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
        }
    }
}

/// The five steps of a cycle, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StepList {
    /// The steps.
    items: Vec<Step>,
    /// Always null: there are five.
    #[schema(required, example = json!(null))]
    next: Option<String>,
}

/// What of a step can be changed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StepFields {
    /// When it is to be done.
    #[schema(example = "2027-03-31")]
    target_date: Option<NaiveDate>,
}

/// How far a step is from passing its gate. The submission asks the same.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StepReadiness {
    /// Whether the chair could submit the step now.
    ready: bool,
    /// What stands in the way beside the gate: the state of the step or of the task force.
    blocked_by: Vec<BlockerDocument>,
    /// The criteria of the gate.
    criteria: Vec<Criterion>,
    /// The decision of the council that opened the step again; null if none did.
    #[schema(required)]
    adjustment: Option<StepAdjustment>,
    /// Extended pilots of earlier cycles that wait to be planned in step `pilots`, at most a hundred; none in the other
    /// steps. The step can be submitted without them.
    extended_pilots: Vec<ReferenceDocument>,
}

/// A decision of the council that opened the step again, and its answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StepAdjustment {
    /// The number of the decision.
    #[schema(minimum = 1, example = 1)]
    decision_number: i32,
    /// The council's reason.
    #[schema(value_type = LocalizedNote)]
    reason: LocalizedText,
    /// Whether anything of the step changed since the decision.
    changed: bool,
    /// Why nothing had to be changed, as the chair says.
    #[schema(required, value_type = Option<LocalizedNote>)]
    note: Option<LocalizedText>,
}

impl From<Adjustment> for StepAdjustment {
    fn from(adjustment: Adjustment) -> Self {
        let Adjustment { decision_number, reason, changed, note, .. } = adjustment;
        Self { decision_number, reason, changed, note: note.map(|note| note.note) }
    }
}

impl StepReadiness {
    fn new(readiness: crate::app::steps::StepReadiness, language: Language) -> Self {
        Self {
            ready: readiness.is_ready(),
            blocked_by: readiness
                .blocked_by
                .iter()
                .map(|code| BlockerDocument::new(&Blocker::from(*code), language))
                .collect(),
            criteria: readiness.criteria.iter().map(|one| Criterion::new(one, language)).collect(),
            adjustment: readiness.adjustment.map(StepAdjustment::from),
            extended_pilots: readiness.extended_pilots.first.iter().map(ReferenceDocument::from).collect(),
        }
    }
}

/// Why a criterion is waived.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWaiver {
    /// The reason; the report to the council shows it.
    #[schema(value_type = LocalizedNote)]
    reason: LocalizedText,
}

/// List steps
///
/// The five steps of the present or an earlier cycle, in order.
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

/// Read a step
#[utoipa::path(
    tag = "steps",
    description = "One step of the present or an earlier cycle.",
    params(StepPath, CycleQuery),
    responses((status = 200, description = "The step.", body = Step, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/steps/{step}")]
async fn get_step(app: Data<App>, read: Read<StepPath, CycleQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let step =
        app.step_get(&context.caller, context.path.task_force_id, query.cycle, context.path.step).await?;
    response::single(step.version, &Step::from(step))
}

/// Change a step
///
/// Sets or clears the target date of a step of the present cycle.
#[utoipa::path(
    tag = "steps",
    params(StepPath, IfMatch),
    request_body(content = StepPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The step as it is now.", body = Step, headers(("ETag" = String)))),
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
    response::single(step.version, &Step::from(step))
}

/// Ask whether a step is ready
///
/// The criteria of the step's gate, and exactly what fails each. The submission asks the same function.
#[utoipa::path(
    tag = "steps",
    params(StepPath),
    responses((status = 200, description = "How far the step is.", body = StepReadiness)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/steps/{step}/readiness")]
async fn get_step_readiness(app: Data<App>, read: Read<StepPath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let readiness =
        app.step_readiness(&context.caller, context.path.task_force_id, context.path.step).await?;
    let language = context.language();
    Ok(response::in_language(language, response::document(&StepReadiness::new(readiness, language))?))
}

/// Why nothing of a step had to be changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAdjustmentNote {
    /// The reason; the members see it when they vote, and the report to the council shows it.
    #[schema(value_type = LocalizedNote)]
    note: LocalizedText,
}

/// Answer an adjustment
///
/// In a step that the council opened again, the gate has the criterion `adjustmentAnswered`: something of the step changed since the decision, or the chair says with this note why nothing had to. Doing it again gives another note.
#[utoipa::path(
    tag = "steps",
    params(StepPath),
    request_body = NewAdjustmentNote,
    responses((status = 204, description = "It is answered.")),
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
    app.adjustment_answer(&context.caller, at.task_force_id, at.step, body.note).await?;
    Ok(response::done())
}

/// Waive a criterion
///
/// The chair lets the step be submitted though this criterion is not met, and says why. Doing it again gives another reason. `adjustmentAnswered` is meant to be answered with the adjustment note instead.
#[utoipa::path(
    tag = "steps",
    params(WaiverPath),
    request_body = NewWaiver,
    responses((status = 204, description = "It is waived.")),
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
    app.criterion_waive(&context.caller, at.task_force_id, at.step, at.criterion, body.reason).await?;
    Ok(response::done())
}

/// Take a waiver back
///
/// Doing it twice changes nothing.
#[utoipa::path(
    tag = "steps",
    params(WaiverPath),
    responses((status = 204, description = "It is not waived.")),
    extensions(("x-problem-codes" = json!(requires(Action::Lead).writes_in_step(Write::OpenStep))))
)]
#[delete("/v1/task-forces/{taskForceId}/steps/{step}/waivers/{criterion}")]
async fn delete_waiver(app: Data<App>, request: NoBody<WaiverPath>) -> Result<HttpResponse> {
    let NoBody { context } = request;
    let at = &context.path;
    app.criterion_unwaive(&context.caller, at.task_force_id, at.step, at.criterion).await?;
    Ok(response::done())
}
