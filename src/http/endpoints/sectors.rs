//! Sectors over HTTP.
//!
//! [`resource_routes!`] makes the handlers `list_sectors`, `create_sector`, `get_sector`,
//! `update_sector`, `delete_sector` and `transition_sector`.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::resource::View;
use crate::db;
use crate::db::resource::ProductFilter;
use crate::db::sectors::{SectorDetail, SectorFields};
use crate::domain::refusal::RefusalCode;
use crate::domain::sector::SectorState;
use crate::domain::text::{Language, LocalizedText};
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::changes_product;
use crate::http::pagination::{ListItem, Page, page_query};
use crate::http::patch::Patch;
use crate::http::permissions::SectorPermissions;
use crate::http::problem::TransitionDocument;
use crate::http::request::{Path, TaskForcePath};
use crate::http::resource::{ListQuery, ProductSort, Representation, resource_routes};
use crate::http::text::{LocalizedName, LocalizedNote, LocalizedText as LongText};

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    resource_operations(config);
}

/// A merge patch of [`NewSector`].
type SectorPatch = Patch<NewSector>;

/// The path of a sector.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct SectorPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The sector.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) sector_id: Uuid,
}

impl Path for SectorPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A new sector.
#[derive(Debug, Serialize, Deserialize, ToSchema, Mapper)]
#[mapper(from, into, ty = SectorFields)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewSector {
    /// Title.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// Reason why the sector could become smart.
    #[schema(value_type = Option<LongText>)]
    rationale: Option<LocalizedText>,
}

/// Current and target maturity of a sector: the levels of the latest assessments.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SectorMaturity {
    /// Current maturity level, 1 to 5; null if never assessed.
    #[schema(required, minimum = 1, maximum = 5, example = 2)]
    current: Option<i16>,
    /// Target maturity level, 1 to 5; null if never assessed.
    #[schema(required, minimum = 1, maximum = 5, example = 4)]
    target: Option<i16>,
}

/// A sector of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SectorItem {
    /// Unique id.
    id: Uuid,
    /// The cycle in which the activity was created.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// Last cycle in which the sector counts. Selected sectors are carried over.
    #[schema(minimum = 1, example = 1)]
    last_cycle: i32,
    /// Title.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// Reason why the sector could become smart.
    #[schema(required, value_type = Option<LongText>)]
    rationale: Option<LocalizedText>,
    /// Current and target maturity.
    maturity: SectorMaturity,
    /// Current state.
    state: SectorState,
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

impl SectorItem {
    fn new(sector: db::sectors::Sector) -> Self {
        let db::sectors::Maturity { current, target } = sector.maturity;
        Self {
            id: sector.id,
            cycle: sector.cycle,
            last_cycle: sector.last_cycle,
            name: sector.fields.name,
            rationale: sector.fields.rationale,
            maturity: SectorMaturity { current, target },
            state: sector.state,
            state_reason: sector.state_reason,
            state_since: sector.state_since,
            version: sector.version,
            created_at: sector.created_at,
            updated_at: sector.updated_at,
        }
    }
}

/// A sector with its available transitions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sector {
    #[serde(flatten)]
    item: SectorItem,
    /// The transitions out of the current state that the caller can make now, or the obstacles of each, computed by the
    /// check that the service enforces.
    available_transitions: Vec<TransitionDocument>,
    /// The actions that the caller can perform on the sector now. `availableTransitions` contains the transitions.
    permissions: SectorPermissions,
}

impl Representation for Sector {
    type Resource = SectorDetail;

    fn new(view: View<SectorDetail>, language: Language) -> Self {
        let permissions = SectorPermissions::from(&view);
        Self {
            item: SectorItem::new(view.resource.sector),
            available_transitions: TransitionDocument::all(&view.transitions, language),
            permissions,
        }
    }
}

/// A transition of a sector.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SectorTransition {
    /// The new state.
    to: SectorState,
    /// Reason; required for `notSelected`.
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
}

/// An order of a list of sectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "SectorSort")]
pub(super) enum SectorSort {
    /// Oldest first.
    #[serde(rename = "createdAt")]
    CreatedAt,
    /// By name, in the language of the response: as compared without case, diacritics and forms of the alef, by the first 100 characters.
    #[serde(rename = "name")]
    Name,
    /// The latest change first.
    #[serde(rename = "-updatedAt")]
    UpdatedAt,
}

impl From<SectorSort> for ProductSort {
    fn from(sort: SectorSort) -> Self {
        match sort {
            SectorSort::CreatedAt => Self::CreatedAt,
            // The title of a sector is its name.
            SectorSort::Name => Self::Title,
            SectorSort::UpdatedAt => Self::UpdatedAt,
        }
    }
}

impl ListQuery<SectorDetail> for SectorQuery {
    type Sort = ProductSort;

    fn sort(&self) -> ProductSort {
        self.sort.map_or(ProductSort::CreatedAt, ProductSort::from)
    }
}

page_query! {
    /// The query parameters of a list of sectors.
    SectorQuery, exported by SectorExportQuery {
        /// Only items that count in this cycle. Default: the current cycle.
        #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
        cycle: Option<i32>,
        /// Only items in one of these states. Repeat `state`, or separate the states by commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 4, example = json!(["selected", "studied"]))]
        state: Option<Vec<SectorState>>,
        /// Search by text. Ignores case, Arabic diacritics, alef variants and digit forms.
        #[param(nullable = false, min_length = 1, max_length = 200, format = "text-search", example = "النقل")]
        q: Option<String>,
        /// The order of the list: `createdAt` (the default), `name` (in the language of the response) or `-updatedAt`.
        #[param(inline, nullable = false)]
        sort: Option<SectorSort>,
    }
}

/// A page of sectors.
type SectorPage = Page<SectorItem>;

impl ListItem for SectorItem {
    const PAGE_NAME: &'static str = "SectorPage";
    const PAGE_DESCRIPTION: &'static str = "A page of sectors.";
}

resource_routes! {
    representation: Sector,
    new: NewSector,
    patch: SectorPatch,
    tag: "sectors",
    collection: {
        url: "/v1/task-forces/{taskForceId}/sectors",
        path: TaskForcePath,
        parent: |_path| (),
    },
    single: {
        url: "/v1/task-forces/{taskForceId}/sectors/{sectorId}",
        path: SectorPath,
        parent: |_path| (),
        id: |path| path.sector_id,
    },
    list: {
        function: list_sectors,
        summary: "List sectors",
        description: "The candidate and selected sectors of a cycle with their maturity, including sectors carried over into it, oldest first.",
        query: SectorQuery,
        filter: |query| ProductFilter {
            cycles: query.cycle.into(),
            states: query.state.unwrap_or_default(),
            q: query.q,
            pilot_id: None,
        },
        item: SectorItem,
        page: SectorPage,
        export: {
            function: export_sectors,
            url: "/v1/task-forces/{taskForceId}/sectors/export",
            summary: "Export sectors as a sheet",
            description: "All sectors that match the filters, with their maturity, in the order of the list, as CSV or as a workbook of Excel.",
            query: SectorExportQuery,
            row: db::sectors::Sector,
        },
    },
    create: {
        function: create_sector,
        summary: "Create a sector",
        description: "Creates a sector in state `candidate` while step `sectors` is open.",
        problems: changes_product().refuses([RefusalCode::TooManyItems]),
    },
    get: {
        function: get_sector,
        summary: "Get a sector",
        description: "One sector with its maturity and available transitions.",
    },
    update: {
        function: update_sector,
        summary: "Update a sector",
        description: "Changes the fields in the merge patch while step `sectors` is open.",
        problems: changes_product(),
    },
    delete: {
        function: delete_sector,
        summary: "Delete a sector",
        description: "Deletes a sector with its assessments and studies while step `sectors` is open and nothing refers to any of them. A sector that was carried over cannot be deleted.",
        problems: changes_product()
            .refuses([RefusalCode::OfAnEarlierCycle, RefusalCode::StillReferenced]),
    },
    transition: {
        function: transition_sector,
        summary: "Change the state of a sector",
        description: "Changes the state of a sector. The sector's `availableTransitions` lists the possible states and the obstacles of each. A sector can become `studied` when its current and target maturity are assessed and a completed study has a recommendation.",
        problems: changes_product()
            .refuses([
                RefusalCode::TransitionNotAllowed, RefusalCode::MaturityMissing,
                RefusalCode::TargetBelowCurrent, RefusalCode::StudyMissing,
            ]),
        url: "/v1/task-forces/{taskForceId}/sectors/{sectorId}/transitions",
        body: SectorTransition,
        payload: |body| (),
    },
}
