//! Pilots over HTTP.
//!
//! [`resource_routes!`] makes the handlers `list_pilots`, `create_pilot`, `get_pilot`, `update_pilot`,
//! `delete_pilot` and `transition_pilot`.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::app::pilots::Evaluation;
use crate::app::resource::View;
use crate::db;
use crate::db::pilots::{PilotDetail, PilotFields, PilotFilter};
use crate::domain::evaluation::PilotEvaluation;
use crate::domain::pilot::{PilotOutcome, PilotState};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::scales::Aim;
use crate::domain::text::{Language, LocalizedText};
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::{changes_product, requires};
use crate::http::pagination::{ListItem, Page, PageParameters as _, PageQuery, page_query};
use crate::http::patch::Patch;
use crate::http::permissions::PilotPermissions;
use crate::http::problem::{Result, TransitionDocument};
use crate::http::reference::{MemberReference, ResourceReference};
use crate::http::request::{Path, Read, TaskForcePath};
use crate::http::resource::{ListQuery, ProductSort, Representation, resource_routes};
use crate::http::response;
use crate::http::text::{LocalizedName, LocalizedNote, LocalizedText as LongText, PlainText};
use crate::http::values::Aims;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    resource_operations(config);
    config.service(list_evaluations);
}

/// A merge patch of [`NewPilot`].
type PilotPatch = Patch<NewPilot>;

/// The path of a pilot.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct PilotPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The pilot.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) pilot_id: Uuid,
}

impl Path for PilotPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A new pilot.
#[derive(Debug, Serialize, Deserialize, ToSchema, Mapper)]
#[mapper(from, into, ty = PilotFields)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewPilot {
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// The sector of the pilot; a selected sector is required to plan and run the pilot.
    sector_id: Uuid,
    /// The policy that the pilot implements.
    policy_id: Option<Uuid>,
    /// The current member who is responsible for the pilot.
    #[serde(rename = "ownerId")]
    owner_member_id: Uuid,
    /// The aims of local smart government development that the pilot serves; at least one is required to plan the
    /// pilot.
    #[serde(default)]
    #[schema(required = false, value_type = Aims)]
    aims: Vec<Aim>,
    /// The hypothesis that the pilot tests.
    #[schema(value_type = Option<PlainText>)]
    hypothesis: Option<String>,
    /// First day.
    #[schema(example = "2027-03-01")]
    start_date: NaiveDate,
    /// Last day; not before `startDate`.
    #[schema(example = "2027-05-31")]
    end_date: NaiveDate,
}

/// A pilot of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PilotItem {
    /// Unique id.
    id: Uuid,
    /// The cycle in which the activity was created.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// Last cycle in which the pilot counts. An extended pilot joins the cycle in which it is planned again.
    #[schema(minimum = 1, example = 1)]
    last_cycle: i32,
    /// Number of times the pilot was planned. Measurements of an earlier run do not count in the current run.
    #[schema(minimum = 1, example = 1)]
    run: i32,
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// The sector of the pilot.
    sector: ResourceReference,
    /// The policy that the pilot implements.
    #[schema(required)]
    policy: Option<ResourceReference>,
    /// The member who is responsible for the pilot.
    owner: MemberReference,
    /// The aims that the resource serves.
    #[schema(value_type = Aims)]
    aims: Vec<Aim>,
    /// The hypothesis that the pilot tests.
    #[schema(required, example = "Half of the permits can be given within a day.")]
    hypothesis: Option<String>,
    /// First day.
    #[schema(example = "2027-03-01")]
    start_date: NaiveDate,
    /// Last day.
    #[schema(example = "2027-05-31")]
    end_date: NaiveDate,
    /// Time of the start in the last cycle; null before the start. Measurements are not dated before that day.
    #[schema(required)]
    started_at: Option<DateTime<Utc>>,
    /// Outcome of the last evaluation; null before the evaluation.
    #[schema(required)]
    outcome: Option<PilotOutcome>,
    /// Lessons learned; null before the evaluation.
    #[schema(required, value_type = Option<LongText>)]
    lessons: Option<LocalizedText>,
    /// Current state.
    state: PilotState,
    /// Reason for the current state.
    #[schema(required, value_type = Option<LocalizedNote>)]
    state_reason: Option<LocalizedText>,
    /// Time of the last change of state.
    state_since: DateTime<Utc>,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 2)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl PilotItem {
    fn new(pilot: db::pilots::Pilot) -> Self {
        Self {
            id: pilot.id,
            cycle: pilot.cycle,
            last_cycle: pilot.last_cycle,
            run: pilot.run,
            title: pilot.fields.title,
            sector: pilot.sector.into(),
            policy: pilot.policy.map(ResourceReference::from),
            owner: pilot.owner.into(),
            aims: pilot.fields.aims,
            hypothesis: pilot.fields.hypothesis,
            start_date: pilot.fields.start_date,
            end_date: pilot.fields.end_date,
            started_at: pilot.started_at,
            outcome: pilot.outcome,
            lessons: pilot.lessons,
            state: pilot.state,
            state_reason: pilot.state_reason,
            state_since: pilot.state_since,
            version: pilot.version,
            created_at: pilot.created_at,
            updated_at: pilot.updated_at,
        }
    }
}

/// A pilot with its available transitions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pilot {
    #[serde(flatten)]
    item: PilotItem,
    /// The last three evaluations of the pilot, oldest first, including those after which the pilot was planned or run
    /// again. All of them are at `…/pilots/{pilotId}/evaluations`.
    evaluations: Vec<PilotEvaluation>,
    /// Number of all evaluations of the pilot.
    #[schema(minimum = 0, example = 1)]
    evaluations_total: i64,
    /// The transitions out of the current state that the caller can make now, or the obstacles of each, computed by the
    /// check that the service enforces.
    available_transitions: Vec<TransitionDocument>,
    /// The actions that the caller can perform on the pilot now. `availableTransitions` contains the transitions.
    permissions: PilotPermissions,
}

impl Representation for Pilot {
    type Resource = PilotDetail;

    fn new(view: View<PilotDetail>, language: Language) -> Self {
        let permissions = PilotPermissions::from(&view);
        Self {
            item: PilotItem::new(view.resource.pilot),
            evaluations: view.context.listed,
            evaluations_total: view.context.total,
            available_transitions: TransitionDocument::all(&view.transitions, language),
            permissions,
        }
    }
}

/// A transition of a pilot.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PilotTransition {
    /// The new state.
    to: PilotState,
    /// Reason; required to cancel, and to return an evaluated pilot to `running`.
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
    /// Outcome of the evaluation; required for `evaluated`, and ignored otherwise.
    outcome: Option<PilotOutcome>,
    /// Lessons learned; required for `evaluated`, and ignored otherwise.
    #[schema(value_type = Option<LongText>)]
    lessons: Option<LocalizedText>,
}

page_query! {
    /// The query parameters of a list of pilots.
    PilotQuery, exported by PilotExportQuery {
        /// Only items that count in this cycle. Default: the current cycle.
        #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
        cycle: Option<i32>,
        /// Only items in one of these states. Repeat `state`, or separate the states by commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 5, example = json!(["planned", "running"]))]
        state: Option<Vec<PilotState>>,
        /// Only pilots in this sector.
        #[param(nullable = false, example = "0199f0c2-7a3b-7c11-9d2e-00000000000b")]
        sector_id: Option<Uuid>,
        /// Only pilots owned by this member.
        #[param(nullable = false, example = "0199f0c2-7a3b-7c11-9d2e-00000000000c")]
        owner_id: Option<Uuid>,
        /// Search by text. Ignores case, Arabic diacritics, alef variants and digit forms.
        #[param(nullable = false, min_length = 1, max_length = 200, format = "text-search", example = "رخص")]
        q: Option<String>,
        /// The order of the list: `createdAt` (the default), `title` (in the language of the response) or `-updatedAt`.
        #[param(inline, nullable = false)]
        sort: Option<ProductSort>,
    }
}

impl ListQuery<PilotDetail> for PilotQuery {
    type Sort = ProductSort;

    fn sort(&self) -> ProductSort {
        self.sort.unwrap_or(ProductSort::CreatedAt)
    }
}

/// A page of pilots.
type PilotPage = Page<PilotItem>;

impl ListItem for PilotItem {
    const PAGE_NAME: &'static str = "PilotPage";
    const PAGE_DESCRIPTION: &'static str = "A page of pilots.";
}

/// A page of evaluations.
type EvaluationPage = Page<PilotEvaluation>;

impl ListItem for PilotEvaluation {
    const PAGE_NAME: &'static str = "EvaluationPage";
    const PAGE_DESCRIPTION: &'static str = "A page of evaluations.";
}

/// List evaluations
///
/// All evaluations of a pilot, the latest first, including those after which the pilot was planned or run again. The pilot
/// itself shows the last three.
#[utoipa::path(
    tag = "pilots",
    params(PilotPath, PageQuery),
    responses((status = 200, description = "A page of evaluations.", body = EvaluationPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/pilots/{pilotId}/evaluations")]
async fn list_evaluations(app: Data<App>, read: Read<PilotPath, PageQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let (task_force_id, pilot_id) = (context.path.task_force_id, context.path.pilot_id);
    let (before, window) = (paging.after()?, paging.window());
    let page = app.evaluations_list(&context.caller, task_force_id, pilot_id, before, window).await?;
    response::document(&EvaluationPage::new(&paging, page, |one| one.number, |one| one))
}

resource_routes! {
    representation: Pilot,
    new: NewPilot,
    patch: PilotPatch,
    tag: "pilots",
    collection: {
        url: "/v1/task-forces/{taskForceId}/pilots",
        path: TaskForcePath,
        parent: |_path| (),
    },
    single: {
        url: "/v1/task-forces/{taskForceId}/pilots/{pilotId}",
        path: PilotPath,
        parent: |_path| (),
        id: |path| path.pilot_id,
    },
    list: {
        function: list_pilots,
        summary: "List pilots",
        description: "The pilots of a cycle, including pilots extended into it, oldest first.",
        query: PilotQuery,
        filter: |query| PilotFilter {
            cycles: query.cycle.into(),
            states: query.state.unwrap_or_default(),
            q: query.q,
            sector_id: query.sector_id,
            owner_member_id: query.owner_id,
        },
        item: PilotItem,
        page: PilotPage,
        export: {
            function: export_pilots,
            url: "/v1/task-forces/{taskForceId}/pilots/export",
            summary: "Export pilots as a sheet",
            description: "All pilots that match the filters, in the order of the list, as CSV or as a workbook of Excel.",
            query: PilotExportQuery,
            row: db::pilots::Pilot,
        },
    },
    create: {
        function: create_pilot,
        summary: "Create a pilot",
        description: "Creates a pilot in state `proposed` while step `pilots` is open.",
        problems: changes_product()
            .refuses([RefusalCode::UnknownReference, RefusalCode::MemberEnded, RefusalCode::TooManyItems]),
    },
    get: {
        function: get_pilot,
        summary: "Get a pilot",
        description: "One pilot and its available transitions.",
    },
    update: {
        function: update_pilot,
        summary: "Update a pilot",
        description: "Changes the fields in the merge patch while step `pilots` is open and the pilot has not started. A planned pilot keeps a selected sector and an aim.",
        problems: changes_product()
            .refuses([
                RefusalCode::UnknownReference, RefusalCode::MemberEnded, RefusalCode::ScorecardFrozen,
                RefusalCode::SectorNotSelected, RefusalCode::AimsMissing,
            ]),
    },
    delete: {
        function: delete_pilot,
        summary: "Delete a pilot",
        description: "Deletes a pilot and its indicators, also a cancelled one. Step `pilots` must be open, the pilot must not have been started or evaluated, and nothing may refer to it.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::StillReferenced, RefusalCode::ScorecardFrozen,
                RefusalCode::PilotEvaluated,
            ]),
    },
    transition: {
        function: transition_pilot,
        summary: "Change the state of a pilot",
        description: "Changes the state of a pilot. The pilot's `availableTransitions` lists the possible states and the obstacles of each. An extended pilot returns to `planned` in a later cycle; any evaluated pilot returns to `planned` in a step `pilots` that the council reopened. While step `migration` is open, an evaluated pilot without a migration can return to `running`; in one run of the pilot, members take back ten evaluations in this way, and the chair ten more. A return clears `outcome` and `lessons` until the next evaluation; `evaluations` keeps the earlier evaluations.",
        problems: changes_product()
            .refuses([
                RefusalCode::TransitionNotAllowed, RefusalCode::SectorNotSelected, RefusalCode::AimsMissing,
                RefusalCode::IndicatorsMissing, RefusalCode::MeasurementsMissing, RefusalCode::CycleNotOver,
                RefusalCode::MigrationUnderWay, RefusalCode::EvaluationStands,
            ]),
        url: "/v1/task-forces/{taskForceId}/pilots/{pilotId}/transitions",
        body: PilotTransition,
        payload: |body| Evaluation { outcome: body.outcome, lessons: body.lessons },
    },
}
