//! Activities over HTTP.
//!
//! [`resource_routes!`] makes the handlers `create_activity`, `get_activity`, `update_activity`,
//! `delete_activity` and `transition_activity`.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post, put};
use chrono::{DateTime, NaiveDate, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
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
use crate::http::operation_problems::requires;
use crate::http::pagination::{self, ListItem, Page, page_query};
use crate::http::patch::Patch;
use crate::http::problem::{Result, TransitionDocument};
use crate::http::request::{NoBody, Path, Read, TaskForcePath};
use crate::http::resource::{Representation, resource_routes};
use crate::http::response;
use crate::http::text::{LocalizedName, LocalizedNote, LocalizedText as LongText};

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    config.service(list_activities);
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
    /// The activity that waits.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) activity_id: Uuid,
    /// The activity that it waits for.
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
    /// What it is called.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// What is to be done.
    #[schema(value_type = Option<LongText>)]
    description: Option<LocalizedText>,
    /// The step that it belongs to: the open one, or a later one to plan ahead.
    step: StepName,
    /// The current member who does it.
    assignee_member_id: Option<Uuid>,
    /// When it is to be done, in the task force's time zone; that day is still in time.
    #[schema(example = "2026-12-15")]
    due_date: Option<NaiveDate>,
    /// How urgent it is.
    #[serde(default = "normal")]
    #[schema(default = "normal", required = false)]
    priority: ActivityPriority,
    /// Whether a member who was not assigned the work looks at it before it is done.
    #[serde(default)]
    #[schema(default = false, required = false)]
    review_required: bool,
    /// What it is about.
    #[mapper(opt)]
    subject: Option<ActivitySubject>,
}

/// What an activity is about, as the use cases name it.
type AboutSubject = About<ActivitySubjectKind>;

/// What an activity is about.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Mapper)]
#[mapper(from, into, ty = AboutSubject)]
#[serde(deny_unknown_fields)]
pub(super) struct ActivitySubject {
    /// What it is.
    kind: ActivitySubjectKind,
    /// Its id.
    id: Uuid,
}

fn normal() -> ActivityPriority {
    ActivityPriority::Normal
}

/// An activity of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivityItem {
    /// Its id.
    id: Uuid,
    /// Counted per task force, never used again.
    #[schema(minimum = 1, example = 12)]
    number: i32,
    /// The cycle that it was made in.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// The step that it belongs to.
    step: StepName,
    /// What it is called.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// What is to be done.
    #[schema(required, value_type = Option<LongText>)]
    description: Option<LocalizedText>,
    /// The member who does it.
    #[schema(required)]
    assignee_member_id: Option<Uuid>,
    /// When it is to be done.
    #[schema(required, example = "2026-12-15")]
    due_date: Option<NaiveDate>,
    /// How urgent it is.
    priority: ActivityPriority,
    /// Whether another member looks at the work before it is done.
    review_required: bool,
    /// Its state.
    state: ActivityState,
    /// Where it was when it was blocked, and goes back to.
    #[schema(required)]
    blocked_from: Option<ActivityState>,
    /// Why it is blocked, cancelled or open again.
    #[schema(required, value_type = Option<LocalizedNote>)]
    state_reason: Option<LocalizedText>,
    /// Since when it has its state.
    state_since: DateTime<Utc>,
    /// When it was first started.
    #[schema(required)]
    started_at: Option<DateTime<Utc>>,
    /// What it is about.
    #[schema(required)]
    subject: Option<ActivitySubject>,
    /// Whether its due date has passed while it is open.
    overdue: bool,
    /// The activities that it waits for.
    depends_on: Vec<Uuid>,
    /// Counts changes of its own fields.
    #[schema(minimum = 1, example = 3)]
    version: i32,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl ActivityItem {
    pub(super) fn new(activity: db::activities::Activity, depends_on: Vec<Uuid>, today: NaiveDate) -> Self {
        Self {
            overdue: is_overdue(activity.fields.due_date, activity.state, today),
            subject: activity.fields.subject.map(ActivitySubject::from),
            id: activity.id,
            number: activity.number,
            cycle: activity.cycle,
            step: activity.fields.step,
            title: activity.fields.title,
            description: activity.fields.description,
            assignee_member_id: activity.fields.assignee_member_id,
            due_date: activity.fields.due_date,
            priority: activity.fields.priority,
            review_required: activity.fields.review_required,
            state: activity.state,
            blocked_from: activity.blocked_from,
            state_reason: activity.state_reason,
            state_since: activity.state_since,
            started_at: activity.started_at,
            depends_on,
            version: activity.version,
            created_at: activity.created_at,
            updated_at: activity.updated_at,
        }
    }
}

/// An activity, and where it can go from here.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Activity {
    #[serde(flatten)]
    item: ActivityItem,
    /// Where it can go from here, for you, now.
    available_transitions: Vec<TransitionDocument>,
}

impl Representation for Activity {
    type Resource = ActivityDetail;

    fn new(view: View<ActivityDetail>, language: Language) -> Self {
        Self {
            item: ActivityItem::new(view.resource.activity, view.resource.depends_on, view.today),
            available_transitions: TransitionDocument::all(&view.transitions, language),
        }
    }
}

/// Where an activity is to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActivityTransition {
    /// The state to go to.
    to: ActivityState,
    /// Why; needed to block, to cancel and to reopen.
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
}

/// An order of activities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) enum ActivitySort {
    #[serde(rename = "number")]
    Number,
    #[serde(rename = "dueDate")]
    DueDate,
    #[serde(rename = "-updatedAt")]
    UpdatedAt,
}

impl pagination::Key for ActivitySort {}

page_query! {
    /// Which activities.
    ActivityQuery {
        /// Only of this step.
        #[param(inline, nullable = false)]
        step: Option<StepName>,
        /// Only of this cycle; the present one if not given.
        #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
        cycle: Option<i32>,
        /// Only in one of these states: `state` several times, or once with commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 6, example = json!(["inProgress", "inReview"]))]
        state: Option<Vec<ActivityState>>,
        /// Only of this member; `me` for yourself, `none` for those that nobody has.
        #[param(nullable = false, pattern = "^(me|none|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$", max_length = 36, example = "me")]
        assignee: Option<String>,
        /// Only overdue ones, or only those that are not.
        #[param(nullable = false, example = true)]
        overdue: Option<bool>,
        /// Only those about this: the id of a policy, sector, pilot, migration or condition.
        #[param(inline, nullable = false, example = "0199f0c2-7a3b-7c11-9d2e-00000000000b")]
        subject: Option<Uuid>,
        /// Only those whose title or description holds this, or whose number it is, whatever the letter forms, digits, diacritics and case.
        #[param(nullable = false, min_length = 1, max_length = 200, format = "text-search", example = "سياسة")]
        q: Option<String>,
        /// In this order; by default by number.
        #[param(inline, nullable = false)]
        sort: Option<ActivitySort>,
    }
}

/// A page of activities.
type ActivityPage = Page<ActivityItem>;

impl ListItem for ActivityItem {
    const PAGE_NAME: &'static str = "ActivityPage";
    const PAGE_DESCRIPTION: &'static str = "A page of activities.";
}

/// List activities
///
/// The activities of a task force, narrowed by any combination of filters; those of the present cycle unless `cycle` says otherwise.
#[utoipa::path(
    tag = "activities",
    params(TaskForcePath, ActivityQuery),
    responses((status = 200, description = "A page of activities.", body = ActivityPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce).refuses([RefusalCode::UnknownReference]))))
)]
#[get("/v1/task-forces/{taskForceId}/activities")]
async fn list_activities(app: Data<App>, read: Read<TaskForcePath, ActivityQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let assignee = match query.assignee.as_deref() {
        None => None,
        Some("me") => Some(Assignee::User(context.caller.user_id)),
        Some("none") => Some(Assignee::Nobody),
        Some(id) => {
            let error = || FieldError::parameter("assignee", FieldErrorCode::WrongFormat);
            let id = id
                .parse()
                .ok()
                .ok_or_else(|| Refusal::field_errors(RefusalCode::InvalidRequest, vec![error()]))?;
            Some(Assignee::Member(id))
        }
    };
    let filter = ActivityFilter {
        step: query.step,
        cycle: query.cycle,
        states: query.state.unwrap_or_default(),
        assignee,
        overdue: query.overdue,
        subject: query.subject,
        q: query.q,
    };
    let sort = query.sort.unwrap_or(ActivitySort::Number);
    let cursor = query.cursor.as_deref();
    // The cursor names the sort that it belongs to: a cursor of another sort is no cursor of this list.
    let order = match sort {
        ActivitySort::Number => ActivityOrder::Number(check_cursor_sort(pagination::after(cursor)?, sort)?),
        ActivitySort::DueDate => ActivityOrder::DueDate(check_cursor_sort(pagination::after(cursor)?, sort)?),
        ActivitySort::UpdatedAt => {
            ActivityOrder::UpdatedAt(check_cursor_sort(pagination::after(cursor)?, sort)?)
        }
    };
    let (today, page) =
        app.activities_list(&context.caller, context.path.task_force_id, &filter, order, query.limit).await?;
    let page = ActivityPage::new(
        page,
        |(activity, _)| match sort {
            ActivitySort::Number => serde_json::json!([sort, activity.number]),
            ActivitySort::DueDate => serde_json::json!([sort, [activity.fields.due_date, activity.number]]),
            ActivitySort::UpdatedAt => serde_json::json!([sort, [activity.updated_at, activity.number]]),
        },
        |(activity, depends_on)| ActivityItem::new(activity, depends_on, today),
    );
    response::document(&page)
}

/// Refuses a cursor that belongs to another order of the list.
fn check_cursor_sort<K>(cursor: Option<(ActivitySort, K)>, sort: ActivitySort) -> Result<Option<K>> {
    match cursor {
        Some((of, _)) if of != sort => Err(pagination::foreign_cursor()),
        other => Ok(other.map(|(_, key)| key)),
    }
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
        description: "Plans an activity in an open step, or ahead in a locked one. It starts as `planned`.",
        problems: requires(Action::Work)
            .writes_in_step(Write::Activity)
            .refuses([RefusalCode::UnknownReference, RefusalCode::MemberEnded, RefusalCode::TooManyItems]),
    },
    get: {
        function: get_activity,
        summary: "Read an activity",
        description: "One activity, what it waits for, and where it can go from here.",
    },
    update: {
        function: update_activity,
        summary: "Change an activity",
        description: "Changes the fields that the merge patch names. An activity moves to another step only until it is first started; from then on, only the chair can switch `reviewRequired` off.",
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
        description: "Deletes an activity that was never started, with its comments; one that was started is cancelled instead.",
        problems: requires(Action::Work)
            .writes_in_step(Write::Activity)
            .refuses([RefusalCode::ActivityStarted, RefusalCode::StillReferenced]),
    },
    transition: {
        function: transition_activity,
        summary: "Move an activity to another state",
        description: "`availableTransitions` of the activity says which states can be reached, and what stands in the way of each. What a waiver left open when its step passed can still be finished or cancelled.",
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

/// Let an activity wait for another
///
/// The activity can't be started before the other one is done or cancelled. Doing it twice changes nothing.
#[utoipa::path(
    tag = "activities",
    params(DependencyPath),
    responses((status = 204, description = "It waits.")),
    extensions(("x-problem-codes" = json!(
        requires(Action::Work)
            .writes_in_step(Write::Activity)
            .refuses([RefusalCode::DependencyCircle, RefusalCode::ActivityClosed])
    )))
)]
#[put("/v1/task-forces/{taskForceId}/activities/{activityId}/dependencies/{dependsOnId}")]
async fn add_dependency(app: Data<App>, request: NoBody<DependencyPath>) -> Result<HttpResponse> {
    let NoBody { context } = request;
    let at = &context.path;
    app.dependency_add(&context.caller, at.task_force_id, at.activity_id, at.depends_on_id).await?;
    Ok(response::done())
}

/// Let an activity wait no longer for another
///
/// Doing it twice changes nothing.
#[utoipa::path(
    tag = "activities",
    params(DependencyPath),
    responses((status = 204, description = "It does not wait.")),
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
    app.dependency_remove(&context.caller, at.task_force_id, at.activity_id, at.depends_on_id).await?;
    Ok(response::done())
}
