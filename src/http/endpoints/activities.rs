//! Activities over HTTP.
//!
//! [`resource_routes!`] makes the handlers `create_activity`, `get_activity`, `update_activity`,
//! `delete_activity` and `transition_activity`.

mod import;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post, put};
use chrono::{DateTime, NaiveDate, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::app::caller::Caller;
use crate::app::resource::View;
use crate::db;
use crate::db::activities::{ActivityDetail, ActivityFields, ActivityFilter, ActivityOrder, Assignee};
use crate::domain::activity::{ActivityPriority, ActivityState};
use crate::domain::calendar::is_overdue;
use crate::domain::evidence::{About, ActivitySubjectKind};
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::domain::step::StepName;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::writing::Write;
use crate::http::negotiation::Negotiated;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, page_query};
use crate::http::patch::Patch;
use crate::http::permissions::ActivityPermissions;
use crate::http::problem::{Result, TransitionDocument};
use crate::http::reference::{MemberReference, ResourceReference};
use crate::http::request::{NoBody, Path, Read, TaskForcePath};
use crate::http::resource::{self, Representation, resource_routes};
use crate::http::response;
use crate::http::sheet::{self, SheetFile};
use crate::http::text::{LocalizedName, LocalizedNote, LocalizedText as LongText};

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_activities);
    // Before the activity whose id it would be.
    config.service(export_activities).service(import::import_activities);
    resource_operations(config);
    config.service(add_dependency).service(remove_dependency);
}

/// A merge patch of [`NewActivity`].
type ActivityPatch = Patch<NewActivity>;

/// The path of an activity.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct ActivityPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The activity.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) activity_id: Uuid,
}

impl Path for ActivityPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// The path of what an activity waits for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct DependencyPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The dependent activity.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) activity_id: Uuid,
    /// The activity to wait for.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000b")]
    pub(super) depends_on_id: Uuid,
}

impl Path for DependencyPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A new activity.
#[derive(Debug, Serialize, Deserialize, ToSchema, Mapper)]
#[mapper(from, into, ty = ActivityFields)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewActivity {
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Description of the work.
    #[schema(value_type = Option<LongText>)]
    description: Option<LocalizedText>,
    /// The step of the activity: the open step, or a later step to plan ahead.
    step: StepName,
    /// The current member to whom the activity is assigned.
    #[serde(rename = "assigneeId")]
    assignee_member_id: Option<Uuid>,
    /// Due date in the task force's time zone; the activity is overdue from the next day.
    #[schema(example = "2026-12-15")]
    due_date: Option<NaiveDate>,
    /// Priority.
    #[serde(default = "normal")]
    #[schema(default = "normal", required = false)]
    priority: ActivityPriority,
    /// True if another member has to review the work before the activity is done.
    #[serde(default)]
    #[schema(default = false, required = false)]
    review_required: bool,
    /// The subject.
    #[mapper(opt)]
    subject: Option<ActivitySubject>,
}

/// The subject of an activity, as the use cases name it.
type AboutSubject = About<ActivitySubjectKind>;

/// The subject of an activity.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Mapper)]
#[mapper(from, into, ty = AboutSubject)]
#[serde(deny_unknown_fields)]
pub(super) struct ActivitySubject {
    /// Kind of the resource.
    kind: ActivitySubjectKind,
    /// Unique id.
    id: Uuid,
}

fn normal() -> ActivityPriority {
    ActivityPriority::Normal
}

/// An activity of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivityItem {
    /// Unique id.
    id: Uuid,
    /// Number within the task force; never reused.
    #[schema(minimum = 1, example = 12)]
    number: i32,
    /// The cycle in which the activity was created.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// The step of the activity.
    step: StepName,
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Description of the work.
    #[schema(required, value_type = Option<LongText>)]
    description: Option<LocalizedText>,
    /// The member to whom the activity is assigned.
    #[schema(required)]
    assignee: Option<MemberReference>,
    /// Due date.
    #[schema(required, example = "2026-12-15")]
    due_date: Option<NaiveDate>,
    /// Priority.
    priority: ActivityPriority,
    /// True if another member has to review the work before the activity is done.
    review_required: bool,
    /// Current state.
    state: ActivityState,
    /// State before the activity was blocked, to which it returns.
    #[schema(required)]
    blocked_from: Option<ActivityState>,
    /// Reason of the last transition that needed one: blocked, cancelled, reopened or returned from review.
    #[schema(required, value_type = Option<LocalizedNote>)]
    state_reason: Option<LocalizedText>,
    /// Time of the last change of state.
    state_since: DateTime<Utc>,
    /// Time of the first start.
    #[schema(required)]
    started_at: Option<DateTime<Utc>>,
    /// The subject.
    #[schema(required)]
    subject: Option<ResourceReference>,
    /// True if the activity is open and past its due date.
    overdue: bool,
    /// The activities that must be done or cancelled before this activity can start.
    depends_on: Vec<ResourceReference>,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 3)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl ActivityItem {
    pub(super) fn new(activity: db::activities::Activity, today: NaiveDate) -> Self {
        Self {
            overdue: is_overdue(activity.fields.due_date, activity.state, today),
            subject: activity.subject.map(ResourceReference::from),
            id: activity.id,
            number: activity.number,
            cycle: activity.cycle,
            step: activity.fields.step,
            title: activity.fields.title,
            description: activity.fields.description,
            assignee: activity.assignee.map(MemberReference::from),
            due_date: activity.fields.due_date,
            priority: activity.fields.priority,
            review_required: activity.fields.review_required,
            state: activity.state,
            blocked_from: activity.blocked_from,
            state_reason: activity.state_reason,
            state_since: activity.state_since,
            started_at: activity.started_at,
            depends_on: activity.depends_on.0.into_iter().map(ResourceReference::from).collect(),
            version: activity.version,
            created_at: activity.created_at,
            updated_at: activity.updated_at,
        }
    }
}

/// An activity with its available transitions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Activity {
    #[serde(flatten)]
    item: ActivityItem,
    /// The transitions out of the current state that the caller can make now, or the obstacles of each, computed by the
    /// check that the service enforces.
    available_transitions: Vec<TransitionDocument>,
    /// The actions that the caller can perform on the activity now. `availableTransitions` contains the transitions.
    permissions: ActivityPermissions,
}

impl Representation for Activity {
    type Resource = ActivityDetail;

    fn new(view: View<ActivityDetail>, language: Language) -> Self {
        let permissions = ActivityPermissions::from(&view);
        Self {
            item: ActivityItem::new(view.resource.activity, view.today),
            available_transitions: TransitionDocument::all(&view.transitions, language),
            permissions,
        }
    }
}

/// A transition of an activity.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActivityTransition {
    /// The new state.
    to: ActivityState,
    /// Reason; required to block, cancel, reopen and return from review.
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
}

/// Order of a list of activities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "ActivitySort")]
pub(super) enum ActivitySort {
    #[serde(rename = "number")]
    Number,
    #[serde(rename = "dueDate")]
    DueDate,
    #[serde(rename = "-updatedAt")]
    UpdatedAt,
}

page_query! {
    /// The query parameters of a list of activities.
    ActivityQuery, exported by ActivityExportQuery {
        /// Only activities of this step.
        #[param(inline, nullable = false)]
        step: Option<StepName>,
        /// Only activities of this cycle. Default: the current cycle.
        #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
        cycle: Option<i32>,
        /// Only items in one of these states. Repeat `state`, or separate the states by commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 6, example = json!(["inProgress", "inReview"]))]
        state: Option<Vec<ActivityState>>,
        /// Only activities assigned to this member; `me` for your own, `none` for unassigned activities.
        #[param(nullable = false, pattern = "^(me|none|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$", max_length = 36, example = "me")]
        assignee: Option<String>,
        /// `true`: only overdue activities; `false`: only activities that are not overdue.
        #[param(nullable = false, example = true)]
        overdue: Option<bool>,
        /// Only activities about this policy, sector, pilot, migration or condition (its id).
        #[param(inline, nullable = false, example = "0199f0c2-7a3b-7c11-9d2e-00000000000b")]
        subject: Option<Uuid>,
        /// Search by title, description or number. Ignores case, Arabic diacritics, alef variants and digit forms.
        #[param(nullable = false, min_length = 1, max_length = 200, format = "text-search", example = "سياسة")]
        q: Option<String>,
        /// Order of the list. Default: by number.
        #[param(inline, nullable = false)]
        sort: Option<ActivitySort>,
    }
}

/// The assignee that a filter names.
fn assignee(named: Option<&str>, caller: &Caller) -> Result<Option<Assignee>> {
    let error = || FieldError::parameter("assignee", FieldErrorCode::WrongFormat);
    Ok(match named {
        None => None,
        Some("me") => Some(Assignee::User(caller.user_id)),
        Some("none") => Some(Assignee::Nobody),
        Some(id) => Some(Assignee::Member(
            id.parse()
                .ok()
                .ok_or_else(|| Refusal::field_errors(RefusalCode::InvalidRequest, vec![error()]))?,
        )),
    })
}

/// A page of activities.
type ActivityPage = Page<ActivityItem>;

impl ListItem for ActivityItem {
    const PAGE_NAME: &'static str = "ActivityPage";
    const PAGE_DESCRIPTION: &'static str = "A page of activities.";
}

/// List activities
///
/// The activities of the current cycle, or of another cycle with `cycle`. All filters can be combined.
#[utoipa::path(
    tag = "activities",
    params(TaskForcePath, ActivityQuery),
    responses((status = 200, description = "A page of activities.", body = ActivityPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce).refuses([RefusalCode::UnknownReference]))))
)]
#[get("/v1/task-forces/{taskForceId}/activities")]
async fn list_activities(app: Data<App>, read: Read<TaskForcePath, ActivityQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let assignee = assignee(query.assignee.as_deref(), &context.caller)?;
    let filter = ActivityFilter {
        step: query.step,
        cycles: query.cycle.into(),
        states: query.state.unwrap_or_default(),
        assignee,
        overdue: query.overdue,
        subject: query.subject,
        q: query.q,
    };
    let sort = query.sort.unwrap_or(ActivitySort::Number);
    let order = match sort {
        ActivitySort::Number => ActivityOrder::Number(paging.after()?),
        ActivitySort::DueDate => ActivityOrder::DueDate(paging.after()?),
        ActivitySort::UpdatedAt => ActivityOrder::UpdatedAt(paging.after()?),
    };
    let (today, page) = app
        .activities_list(&context.caller, context.path.task_force_id, &filter, order, paging.window())
        .await?;
    let page = ActivityPage::new(
        &paging,
        page,
        |activity| match sort {
            ActivitySort::Number => serde_json::json!(activity.number),
            ActivitySort::DueDate => serde_json::json!([activity.fields.due_date, activity.number]),
            ActivitySort::UpdatedAt => serde_json::json!([activity.updated_at, activity.number]),
        },
        |activity| ActivityItem::new(activity, today),
    );
    response::document(&page)
}

/// Export activities as a sheet
///
/// All activities that match the filters, in the order of the list, as a file for a spreadsheet: CSV (RFC 4180, in UTF-8)
/// or a workbook of Excel. The first row contains the headings. A text in two languages has a column for each language.
/// Dates are written as `2026-12-15` in CSV and are real dates in a workbook; times are those of the task force's time
/// zone. The workbook is laid out from right to left in Arabic.
///
/// In CSV, an apostrophe stands before a text that a spreadsheet would take for a formula: a text that begins with an
/// equals sign, a plus, a minus, an at sign, a variant of these, or a control character. The same signs have an apostrophe
/// within a text after a semicolon, a tab or a line break. The import of activities takes the apostrophes away again.
///
/// One statement decides which activities the sheet contains and in which order; an activity that is changed during the
/// download is shown before or after the change. A file that broke off is recognizable: a CSV response does not end as
/// HTTP prescribes, and a workbook is shorter than `Content-Length`.
#[utoipa::path(
    tag = "activities",
    params(TaskForcePath, ActivityExportQuery),
    responses(SheetFile),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce).refuses([RefusalCode::UnknownReference]))))
)]
#[get("/v1/task-forces/{taskForceId}/activities/export")]
async fn export_activities(
    app: Data<App>,
    read: Read<TaskForcePath, ActivityExportQuery>,
    negotiated: Option<Negotiated>,
) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let options = query.options();
    let format = options.format(negotiated.as_ref())?;
    let filter = options.over_cycles(ActivityFilter {
        step: query.step,
        cycles: query.cycle.into(),
        states: query.state.unwrap_or_default(),
        assignee: assignee(query.assignee.as_deref(), &context.caller)?,
        overdue: query.overdue,
        subject: query.subject,
        q: query.q,
    })?;
    let order = match query.sort.unwrap_or(ActivitySort::Number) {
        ActivitySort::Number => ActivityOrder::Number(None),
        ActivitySort::DueDate => ActivityOrder::DueDate(None),
        ActivitySort::UpdatedAt => ActivityOrder::UpdatedAt(None),
    };
    let (task_force_id, wording) = (context.path.task_force_id, options.wording(&context));
    let export = app.activities_export(&context.caller, task_force_id, &filter, order, wording).await?;
    sheet::response(export, format, options).await
}

resource_routes! {
    representation: Activity,
    new: NewActivity,
    patch: ActivityPatch,
    tag: "activities",
    collection: {
        url: "/v1/task-forces/{taskForceId}/activities",
        path: TaskForcePath,
        parent: |_path| (),
    },
    single: {
        url: "/v1/task-forces/{taskForceId}/activities/{activityId}",
        path: ActivityPath,
        parent: |_path| (),
        id: |path| path.activity_id,
    },
    create: {
        function: create_activity,
        summary: "Create an activity",
        description: "Creates an activity in state `planned`, in an open step or ahead of time in a locked step.",
        problems: requires(Action::Work)
            .writes_in_step(Write::Activity)
            .refuses([RefusalCode::UnknownReference, RefusalCode::MemberEnded, RefusalCode::TooManyItems]),
    },
    get: {
        function: get_activity,
        summary: "Get an activity",
        description: "One activity with its dependencies and available transitions.",
    },
    update: {
        function: update_activity,
        summary: "Update an activity",
        description: "Changes the fields in the merge patch. `step` can be changed until the activity is first started. Only the chair can set `reviewRequired` to false.",
        problems: requires(Action::Work)
            .sometimes_requires(Action::DropReview)
            .writes_in_step(Write::Activity)
            .refuses([
                RefusalCode::UnknownReference, RefusalCode::MemberEnded, RefusalCode::ActivityClosed,
                RefusalCode::ActivityInReview, RefusalCode::ActivityStarted,
            ]),
    },
    delete: {
        function: delete_activity,
        summary: "Delete an activity",
        description: "Deletes an activity that was never started, and its comments. An activity that was started can only be cancelled; the chair can delete it after that.",
        problems: requires(Action::Work)
            .writes_in_step(Write::Activity)
            .refuses([RefusalCode::ActivityStarted, RefusalCode::StillReferenced]),
    },
    transition: {
        function: transition_activity,
        summary: "Change the state of an activity",
        description: "Changes the state of an activity. The activity's `availableTransitions` lists the possible states and the obstacles of each. An activity that a waiver left open when its step passed can still be finished or cancelled.",
        problems: requires(Action::Work)
            .writes_in_step(Write::Activity)
            .writes_in_step(Write::OpenStep)
            .refuses([
                RefusalCode::TransitionNotAllowed, RefusalCode::DependencyUnfinished,
                RefusalCode::ReviewByAnother,
            ]),
        url: "/v1/task-forces/{taskForceId}/activities/{activityId}/transitions",
        body: ActivityTransition,
        payload: |body| (),
    },
}

/// Add a dependency
///
/// Adds a dependency: the activity cannot be started until the other activity is done or cancelled. The request is
/// idempotent.
#[utoipa::path(
    tag = "activities",
    params(DependencyPath),
    responses((status = 200, description = "The activity after the change.", body = Activity, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::Work)
            .writes_in_step(Write::Activity)
            .refuses([RefusalCode::DependencyCircle, RefusalCode::ActivityClosed, RefusalCode::TooManyItems])
    )))
)]
#[put("/v1/task-forces/{taskForceId}/activities/{activityId}/dependencies/{dependsOnId}")]
async fn add_dependency(app: Data<App>, request: NoBody<DependencyPath>) -> Result<HttpResponse> {
    let NoBody { context } = request;
    let at = &context.path;
    let view =
        app.dependency_add(&context.caller, at.task_force_id, at.activity_id, at.depends_on_id).await?;
    resource::single::<Activity>(view, context.language())
}

/// Remove a dependency
///
/// The request is idempotent.
#[utoipa::path(
    tag = "activities",
    params(DependencyPath),
    responses((status = 200, description = "The activity after the change.", body = Activity, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::Work)
            .writes_in_step(Write::Activity)
            .refuses([RefusalCode::ActivityClosed])
    )))
)]
#[delete("/v1/task-forces/{taskForceId}/activities/{activityId}/dependencies/{dependsOnId}")]
async fn remove_dependency(app: Data<App>, request: NoBody<DependencyPath>) -> Result<HttpResponse> {
    let NoBody { context } = request;
    let at = &context.path;
    let view =
        app.dependency_remove(&context.caller, at.task_force_id, at.activity_id, at.depends_on_id).await?;
    resource::single::<Activity>(view, context.language())
}
