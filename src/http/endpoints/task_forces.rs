//! Task forces over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::members::NewMember;
use super::reports::BeforeCouncil;
use crate::app::App;
use crate::app::task_forces::TaskForceView;
use crate::db::task_forces::{ListedTaskForce, TaskForceFields as Fields, TaskForceFilter};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::scales::EvolutionStage;
use crate::domain::step::StepName;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::working_week::{self, Weekday};
use crate::domain::writing::Write;
use crate::http::idempotency::DryRun;
use crate::http::name_sort::NameSort;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, page_query};
use crate::http::patch::Patch;
use crate::http::permissions::TaskForcePermissions;
use crate::http::problem::{Result, TransitionDocument};
use crate::http::request::{Change, Create, IfMatch, Read, Root, TaskForcePath};
use crate::http::response;
use crate::http::text::{LocalizedName, LocalizedNote, LocalizedText as LongText};
use crate::http::values::WorkingWeek;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config
        .service(list_task_forces)
        .service(create_task_force)
        .service(get_task_force)
        .service(update_task_force)
        .service(transition_task_force);
}

/// A merge patch of [`TaskForceFields`].
type TaskForcePatch = Patch<TaskForceFields>;

/// The fields of a task force that can be written.
#[derive(Debug, Serialize, Deserialize, ToSchema, Mapper)]
#[mapper(from, into, ty = Fields)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TaskForceFields {
    /// Title.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// Name of the city.
    #[schema(value_type = LocalizedName)]
    city: LocalizedText,
    /// The country, as ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$", example = "JO")]
    country: Option<String>,
    /// Mandate by the council.
    #[schema(value_type = LongText)]
    mandate: LocalizedText,
    /// IANA time zone of the task force's dates.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_+/-]+$", example = "Asia/Amman")]
    time_zone: String,
    /// Maximum number of selected sectors.
    #[serde(default = "few")]
    #[schema(minimum = 1, maximum = 20, default = 5, required = false, example = 5)]
    max_sectors: i16,
    /// Stage of digital government evolution.
    evolution_stage: Option<EvolutionStage>,
    /// Maturity level of the city, 1 to 5.
    #[schema(minimum = 1, maximum = 5, example = 2)]
    maturity_level: Option<i16>,
    /// Day of the council's next meeting.
    #[schema(example = "2027-01-20")]
    next_council_date: Option<NaiveDate>,
    /// Working days of the members; Sunday to Thursday if the request names none. Reminders of what falls due come in the
    /// evening of the last working day before.
    #[serde(default = "usual_week")]
    #[schema(required = false, value_type = WorkingWeek)]
    working_week: Vec<Weekday>,
}

fn usual_week() -> Vec<Weekday> {
    working_week::USUAL.to_vec()
}

fn few() -> i16 {
    5
}

/// A new task force with its first members.
#[derive(Debug, Deserialize)]
pub(super) struct NewTaskForce {
    // What flattening leaves unknown has been refused by the schema.
    #[serde(flatten)]
    fields: TaskForceFields,
    #[serde(default)]
    members: Vec<NewMember>,
}

/// The fields and `members` beside them: one flat object, that takes nothing else.
impl PartialSchema for NewTaskForce {
    fn schema() -> RefOr<Schema> {
        let RefOr::T(Schema::Object(mut fields)) = TaskForceFields::schema() else {
            return TaskForceFields::schema();
        };
        let members = ArrayBuilder::new()
            .items(Ref::from_schema_name(NewMember::name()))
            .max_items(Some(20))
            .description(Some("The first members. Activation needs five to seven."));
        fields.properties.insert("members".to_owned(), members.into());
        fields.description = Some("A new task force with its first members.".to_owned());
        RefOr::T(Schema::Object(fields))
    }
}

impl ToSchema for NewTaskForce {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        TaskForceFields::schemas(schemas);
        schemas.push((NewMember::name().into_owned(), NewMember::schema()));
        NewMember::schemas(schemas);
    }
}

/// A task force of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskForceItem {
    /// Unique id.
    id: Uuid,
    /// Title.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// Name of the city.
    #[schema(value_type = LocalizedName)]
    city: LocalizedText,
    /// The country, as ISO 3166-1 alpha-2.
    #[schema(required, example = "JO")]
    country: Option<String>,
    /// Mandate by the council.
    #[schema(value_type = LongText)]
    mandate: LocalizedText,
    /// IANA time zone of the task force's dates.
    #[schema(example = "Asia/Amman")]
    time_zone: String,
    /// Maximum number of selected sectors.
    #[schema(minimum = 1, maximum = 20, example = 5)]
    max_sectors: i16,
    /// Stage of digital government evolution.
    #[schema(required)]
    evolution_stage: Option<EvolutionStage>,
    /// Maturity level of the city, 1 to 5.
    #[schema(required, minimum = 1, maximum = 5, example = 2)]
    maturity_level: Option<i16>,
    /// Day of the council's next meeting.
    #[schema(required, example = "2027-01-20")]
    next_council_date: Option<NaiveDate>,
    /// Working days of the members, in the order of the week.
    #[schema(value_type = WorkingWeek)]
    working_week: Vec<Weekday>,
    /// Current state.
    state: TaskForceState,
    /// Reason for the suspension or dissolution.
    #[schema(required, value_type = Option<LocalizedNote>)]
    state_reason: Option<LocalizedText>,
    /// The current cycle.
    #[schema(minimum = 1, example = 1)]
    current_cycle: i32,
    /// The report that waits for the council's decision; null if there is none.
    #[schema(required)]
    before_council: Option<BeforeCouncil>,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 2)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl From<ListedTaskForce> for TaskForceItem {
    fn from(listed: ListedTaskForce) -> Self {
        let row = listed.task_force;
        Self {
            id: row.id,
            name: row.fields.name,
            city: row.fields.city,
            country: row.fields.country,
            mandate: row.fields.mandate,
            time_zone: row.fields.time_zone,
            max_sectors: row.fields.max_sectors,
            working_week: row.fields.working_week,
            evolution_stage: row.fields.evolution_stage,
            maturity_level: row.fields.maturity_level,
            next_council_date: row.fields.next_council_date,
            state: row.state,
            state_reason: row.state_reason,
            current_cycle: row.current_cycle,
            before_council: listed.before_council.map(|report| BeforeCouncil::new(report, row.id)),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A task force with its available transitions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskForce {
    #[serde(flatten)]
    item: TaskForceItem,
    /// The transitions out of the current state that the caller can make now, or the obstacles of each, computed by the
    /// check that the service enforces.
    available_transitions: Vec<TransitionDocument>,
    /// The actions that the caller can perform on the task force now. `availableTransitions` contains the transitions.
    permissions: TaskForcePermissions,
}

impl TaskForce {
    fn new(view: TaskForceView, language: Language) -> Self {
        let permissions = TaskForcePermissions::from(&view);
        Self {
            item: ListedTaskForce { task_force: view.task_force, before_council: view.before_council }.into(),
            available_transitions: TransitionDocument::all(&view.transitions, language),
            permissions,
        }
    }
}

/// A transition of a task force.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskForceTransition {
    /// The new state.
    to: TaskForceState,
    /// Reason; required to suspend and to dissolve.
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
}

page_query! {
    /// The query parameters of a list of task forces.
    TaskForceQuery {
        /// Only items in this state.
        #[param(inline, nullable = false)]
        state: Option<TaskForceState>,
        /// Only task forces whose open or submitted step is this step.
        #[param(inline, nullable = false)]
        step: Option<StepName>,
        /// `true`: only task forces whose report waits for the council's decision; `false`: only the others.
        #[param(inline, nullable = false, example = true)]
        before_council: Option<bool>,
        /// Search by name or city. Ignores case, Arabic diacritics, alef variants and digit forms.
        #[param(nullable = false, min_length = 1, max_length = 200, format = "text-search", example = "عمان")]
        q: Option<String>,
        /// The order of the list: `createdAt` (the default) or `name`, in the language of the response.
        #[param(inline, nullable = false)]
        sort: Option<NameSort>,
    }
}

/// A page of task forces.
type TaskForcePage = Page<TaskForceItem>;

impl ListItem for TaskForceItem {
    const PAGE_NAME: &'static str = "TaskForcePage";
    const PAGE_DESCRIPTION: &'static str = "A page of task forces.";
}

/// List task forces
///
/// The task forces that you can see: all for administrators, the secretariat and council members; for an expert, those
/// in which the expert holds a seat; for an API key of one task force, that task force.
#[utoipa::path(
    tag = "task forces",
    params(TaskForceQuery),
    responses((status = 200, description = "A page of task forces.", body = TaskForcePage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadOwnAccount))))
)]
#[get("/v1/task-forces")]
async fn list_task_forces(app: Data<App>, read: Read<Root, TaskForceQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let filter = TaskForceFilter {
        state: query.state,
        step: query.step,
        before_council: query.before_council,
        q: query.q,
        ..TaskForceFilter::default()
    };
    let sort = query.sort.unwrap_or(NameSort::CreatedAt);
    let (paging, order) = sort.order(paging, context.language())?;
    let page = app.task_forces_list(&context.caller, filter, &order, paging.window()).await?;
    response::document(&TaskForcePage::new(
        &paging,
        page,
        |keyed| sort.key(keyed.row.task_force.id, keyed.key.as_deref()),
        |keyed| TaskForceItem::from(keyed.row),
    ))
}

/// Create a task force
///
/// Creates a task force in state `forming` with its five steps locked. The secretariat activates the task force when it
/// has five to seven members and a chair.
#[utoipa::path(
    tag = "task forces",
    request_body = NewTaskForce,
    responses((status = 201, description = "The task force.", body = TaskForce, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::CreateTaskForce)
            .refuses([RefusalCode::UnknownReference, RefusalCode::NotAnExpert])
    )))
)]
#[post("/v1/task-forces")]
async fn create_task_force(app: Data<App>, create: Create<Root, NewTaskForce>) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let members = body.members.into_iter().map(Into::into).collect();
    let view = app.task_force_create(&context.caller, body.fields.into(), members).await?;
    let task_force = TaskForce::new(view, context.language());
    let location = format!("/v1/task-forces/{}", task_force.item.id);
    Ok(response::in_language(
        context.language(),
        response::created(&location, task_force.item.version, &task_force)?,
    ))
}

/// Get a task force
#[utoipa::path(
    tag = "task forces",
    description = "One task force and its available transitions.",
    params(TaskForcePath),
    responses((status = 200, description = "The task force.", body = TaskForce, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}")]
async fn get_task_force(app: Data<App>, read: Read<TaskForcePath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let view = app.task_force_get(&context.caller, context.path.task_force_id).await?;
    let task_force = TaskForce::new(view, context.language());
    Ok(response::in_language(context.language(), response::single(task_force.item.version, &task_force)?))
}

/// Update a task force
///
/// Changes the fields in the merge patch. The state is changed by `POST …/transitions`.
#[utoipa::path(
    tag = "task forces",
    params(TaskForcePath, IfMatch),
    request_body(content = TaskForcePatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The task force after the change.", body = TaskForce, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::EditTaskForce).writes(Write::TaskForce))))
)]
#[patch("/v1/task-forces/{taskForceId}")]
async fn update_task_force(
    app: Data<App>,
    change: Change<TaskForcePath, TaskForcePatch>,
) -> Result<HttpResponse> {
    let Change { context, version, body, .. } = change;
    let view = app
        .task_force_update(&context.caller, context.path.task_force_id, version, |fields| {
            Ok(body.apply(&fields.into())?.into())
        })
        .await?;
    let task_force = TaskForce::new(view, context.language());
    Ok(response::in_language(context.language(), response::single(task_force.item.version, &task_force)?))
}

/// Change the state of a task force
///
/// Changes the state of a task force. Activation needs five to seven members with exactly one chair, and opens the
/// first step. Only a decision of the council concludes a task force.
#[utoipa::path(
    tag = "task forces",
    params(TaskForcePath, IfMatch, DryRun),
    request_body = TaskForceTransition,
    responses((status = 200, description = "The task force after the change.", body = TaskForce, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::DirectTaskForce)
            .refuses([
                RefusalCode::TransitionNotAllowed, RefusalCode::PanelSize, RefusalCode::ChairRequired,
                RefusalCode::SeatsInvalid,
            ])
    )))
)]
#[post("/v1/task-forces/{taskForceId}/transitions")]
async fn transition_task_force(
    app: Data<App>,
    change: Change<TaskForcePath, TaskForceTransition, DryRun>,
) -> Result<HttpResponse> {
    let Change { context, version, body, .. } = change;
    let id = context.path.task_force_id;
    let view = app.task_force_transition(&context.caller, id, version, body.to, body.reason).await?;
    let task_force = TaskForce::new(view, context.language());
    Ok(response::in_language(context.language(), response::single(task_force.item.version, &task_force)?))
}
