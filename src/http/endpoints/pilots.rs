//! Pilots over HTTP.
//!
//! [`resource_routes!`] makes the handlers `list_pilots`, `create_pilot`, `get_pilot`, `update_pilot`,
//! `delete_pilot` and `transition_pilot`.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::pilots::Evaluation;
use crate::app::resource::View;
use crate::db;
use crate::db::pilots::{PilotDetail, PilotFields, PilotFilter};
use crate::domain::evaluation::PilotEvaluation;
use crate::domain::pilot::{PilotOutcome, PilotState};
use crate::domain::refusal::RefusalCode;
use crate::domain::scales::Aim;
use crate::domain::text::{Language, LocalizedText};
use crate::http::operation_problems::changes_product;
use crate::http::pagination::{ListItem, Page, page_query};
use crate::http::patch::Patch;
use crate::http::problem::TransitionDocument;
use crate::http::request::{Path, TaskForcePath};
use crate::http::resource::{Representation, resource_routes};
use crate::http::text::{LocalizedName, LocalizedNote, LocalizedText as LongText, PlainText};
use crate::http::values::Aims;

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    resource_operations(config);
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
    /// What it is called.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// The sector that it makes smarter; any to propose it, a selected one to plan and run it.
    sector_id: Uuid,
    /// The policy that it follows.
    policy_id: Option<Uuid>,
    /// The current member who answers for it.
    owner_member_id: Uuid,
    /// The aims of local smart government development that it serves; none at first, at least one to plan it.
    #[serde(default)]
    #[schema(required = false, value_type = Aims)]
    aims: Vec<Aim>,
    /// What it is expected to show.
    #[schema(value_type = Option<PlainText>)]
    hypothesis: Option<String>,
    /// Its first day.
    #[schema(example = "2027-03-01")]
    start_date: NaiveDate,
    /// Its last day; not before the first.
    #[schema(example = "2027-05-31")]
    end_date: NaiveDate,
}

/// A pilot of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PilotItem {
    /// Its id.
    id: Uuid,
    /// The cycle that it was made in.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// The last cycle that it counts in: an extended pilot joins the cycle in which it is planned anew.
    #[schema(minimum = 1, example = 1)]
    last_cycle: i32,
    /// How often it was planned, counted from one. What was measured in an earlier run does not count in this one.
    #[schema(minimum = 1, example = 1)]
    run: i32,
    /// What it is called.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// The sector that it makes smarter.
    sector_id: Uuid,
    /// The policy that it follows.
    #[schema(required)]
    policy_id: Option<Uuid>,
    /// The member who answers for it.
    owner_member_id: Uuid,
    /// The aims that it serves.
    #[schema(value_type = Aims)]
    aims: Vec<Aim>,
    /// What it is expected to show.
    #[schema(required, example = "Half of the permits can be given within a day.")]
    hypothesis: Option<String>,
    /// Its first day.
    #[schema(example = "2027-03-01")]
    start_date: NaiveDate,
    /// Its last day.
    #[schema(example = "2027-05-31")]
    end_date: NaiveDate,
    /// When it was started in its last cycle; null before. Nothing is measured before that day.
    #[schema(required)]
    started_at: Option<DateTime<Utc>>,
    /// What its evaluation says should become of it; null before.
    #[schema(required)]
    outcome: Option<PilotOutcome>,
    /// What was learned from it; null before it is evaluated.
    #[schema(required, value_type = Option<LongText>)]
    lessons: Option<LocalizedText>,
    /// Its state.
    state: PilotState,
    /// Why it has that state.
    #[schema(required, value_type = Option<LocalizedNote>)]
    state_reason: Option<LocalizedText>,
    /// Since when it has its state.
    state_since: DateTime<Utc>,
    /// Counts changes of its own fields.
    #[schema(minimum = 1, example = 2)]
    version: i32,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it last changed.
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
            sector_id: pilot.fields.sector_id,
            policy_id: pilot.fields.policy_id,
            owner_member_id: pilot.fields.owner_member_id,
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

/// A pilot, and where it can go from here.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pilot {
    #[serde(flatten)]
    item: PilotItem,
    /// Its evaluations as they were made, oldest first: also those after which it was planned or run again.
    evaluations: Vec<PilotEvaluation>,
    /// Where it can go from here, for you, now.
    available_transitions: Vec<TransitionDocument>,
}

impl Representation for Pilot {
    type Resource = PilotDetail;

    fn new(view: View<PilotDetail>, language: Language) -> Self {
        Self {
            item: PilotItem::new(view.resource.pilot),
            evaluations: view.resource.evaluations.0,
            available_transitions: TransitionDocument::all(&view.transitions, language),
        }
    }
}

/// Where a pilot is to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PilotTransition {
    /// The state to go to.
    to: PilotState,
    /// Why; needed to cancel, and to let an evaluated pilot run again.
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
    /// What should become of it; needed for `evaluated`, and of no meaning otherwise.
    outcome: Option<PilotOutcome>,
    /// What was learned from it; needed for `evaluated`, and of no meaning otherwise.
    #[schema(value_type = Option<LongText>)]
    lessons: Option<LocalizedText>,
}

page_query! {
    /// Which pilots.
    PilotQuery {
        /// Those that count in this cycle; the present one if not given.
        #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
        cycle: Option<i32>,
        /// Only in one of these states: `state` several times, or once with commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 5, example = json!(["planned", "running"]))]
        state: Option<Vec<PilotState>>,
        /// Only in this sector.
        #[param(nullable = false, example = "0199f0c2-7a3b-7c11-9d2e-00000000000b")]
        sector_id: Option<Uuid>,
        /// Only those that this member answers for.
        #[param(nullable = false, example = "0199f0c2-7a3b-7c11-9d2e-00000000000c")]
        owner_member_id: Option<Uuid>,
        /// Only those whose text holds this, whatever the letter forms, digits, diacritics and case.
        #[param(nullable = false, min_length = 1, max_length = 200, format = "text-search", example = "رخص")]
        q: Option<String>,
    }
}

/// A page of pilots.
type PilotPage = Page<PilotItem>;

impl ListItem for PilotItem {
    const PAGE_NAME: &'static str = "PilotPage";
    const PAGE_DESCRIPTION: &'static str = "A page of pilots.";
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
        description: "The pilots of a cycle, those extended into it among them, oldest first.",
        query: PilotQuery,
        filter: |query| PilotFilter {
            cycle: query.cycle,
            states: query.state.unwrap_or_default(),
            q: query.q,
            sector_id: query.sector_id,
            owner_member_id: query.owner_member_id,
        },
        item: PilotItem,
        page: PilotPage,
    },
    create: {
        function: create_pilot,
        summary: "Create a pilot",
        description: "Possible while step `pilots` is open. It starts as `proposed`.",
        problems: changes_product()
            .refuses([RefusalCode::UnknownReference, RefusalCode::MemberEnded, RefusalCode::TooManyItems]),
    },
    get: {
        function: get_pilot,
        summary: "Read a pilot",
        description: "One pilot, and where it can go from here.",
    },
    update: {
        function: update_pilot,
        summary: "Change a pilot",
        description: "Changes the fields that the merge patch names, while step `pilots` is open and the pilot has not started. A planned pilot keeps a selected sector and an aim.",
        problems: changes_product()
            .refuses([
                RefusalCode::UnknownReference, RefusalCode::MemberEnded, RefusalCode::ScorecardFrozen,
                RefusalCode::SectorNotSelected, RefusalCode::AimsMissing,
            ]),
    },
    delete: {
        function: delete_pilot,
        summary: "Delete a pilot",
        description: "With its indicators. Possible while step `pilots` is open, the pilot has not started and nothing refers to it; one that was evaluated before stays.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::StillReferenced, RefusalCode::ScorecardFrozen,
                RefusalCode::PilotEvaluated,
            ]),
    },
    transition: {
        function: transition_pilot,
        summary: "Move a pilot to another state",
        description: "`availableTransitions` of the pilot says which states can be reached, and what stands in the way of each. An extended pilot goes back to `planned` in a later cycle, and any evaluated pilot in a step `pilots` that the council opened again; while step `migration` is open, an evaluated pilot without a migration goes back to `running`. Its outcome and lessons go with that, and the next evaluation sets them anew; `evaluations` keeps the earlier ones.",
        problems: changes_product()
            .refuses([
                RefusalCode::TransitionNotAllowed, RefusalCode::SectorNotSelected, RefusalCode::AimsMissing,
                RefusalCode::IndicatorsMissing, RefusalCode::MeasurementsMissing, RefusalCode::CycleNotOver,
                RefusalCode::MigrationUnderWay,
            ]),
        url: "/v1/task-forces/{taskForceId}/pilots/{pilotId}/transitions",
        body: PilotTransition,
        payload: |body| Evaluation { outcome: body.outcome, lessons: body.lessons },
    },
}
