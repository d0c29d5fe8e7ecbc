//! Indicators of pilots over HTTP.
//!
//! [`resource_routes!`] makes the handlers `list_indicators`, `create_indicator`, `get_indicator`,
//! `update_indicator` and `delete_indicator`.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use chrono::{DateTime, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::pilots::PilotPath;
use crate::app::App;
use crate::app::resource::View;
use crate::db;
use crate::db::indicators::{IndicatorFields, MeasuredIndicator};
use crate::domain::decimal::Decimal;
use crate::domain::pilot::IndicatorDirection;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::text::{Language, LocalizedText};
use crate::http::decimals::{DecimalInput, DecimalNumber};
use crate::http::negotiation::Negotiated;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::{changes_product, requires};
use crate::http::pagination::{ListItem, Page, PageQuery};
use crate::http::patch::Patch;
use crate::http::permissions::IndicatorPermissions;
use crate::http::problem::Result;
use crate::http::request::{Path, Read, TaskForcePath};
use crate::http::resource::{Representation, resource_routes};
use crate::http::sheet::{self, SheetFile, export_query};
use crate::http::text::{LocalizedName, LocalizedNote, PlainLine};

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    resource_operations(config);
    config.service(export_indicators);
}

/// A merge patch of [`NewIndicator`].
type IndicatorPatch = Patch<NewIndicator>;

/// The path of an indicator of a pilot.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct IndicatorPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The pilot.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) pilot_id: Uuid,
    /// The indicator.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000b")]
    pub(super) indicator_id: Uuid,
}

impl Path for IndicatorPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A new indicator.
#[derive(Debug, Serialize, Deserialize, ToSchema, Mapper)]
#[mapper(from, into, ty = IndicatorFields)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewIndicator {
    /// Name of the indicator.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// Unit of the values, such as days, percent or dinars.
    #[schema(value_type = PlainLine)]
    unit: String,
    /// Direction in which the indicator should move.
    direction: IndicatorDirection,
    /// Value before the pilot.
    #[schema(value_type = Option<DecimalInput>)]
    baseline: Option<Decimal>,
    /// Target value at the end of the pilot.
    #[schema(value_type = Option<DecimalInput>)]
    target: Option<Decimal>,
    /// The reason why the indicator is no longer measured. A value retires an indicator that was measured for an earlier
    /// evaluation; null takes the indicator back into use.
    #[schema(value_type = Option<LocalizedNote>)]
    retirement_reason: Option<LocalizedText>,
}

/// An indicator of a pilot.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IndicatorItem {
    /// Unique id.
    id: Uuid,
    /// The pilot.
    pilot_id: Uuid,
    /// Name of the indicator.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// Unit of the values.
    #[schema(example = "days")]
    unit: String,
    /// Direction in which the indicator should move.
    direction: IndicatorDirection,
    /// Value before the pilot.
    #[schema(required, value_type = Option<DecimalNumber>)]
    baseline: Option<Decimal>,
    /// Target value at the end of the pilot.
    #[schema(required, value_type = Option<DecimalNumber>)]
    target: Option<Decimal>,
    /// The reason why the indicator is no longer measured; null while the indicator is in use.
    #[schema(required, value_type = Option<LocalizedNote>)]
    retirement_reason: Option<LocalizedText>,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 2)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl IndicatorItem {
    fn new(indicator: db::indicators::Indicator) -> Self {
        let IndicatorFields { name, unit, direction, baseline, target, retirement_reason } = indicator.fields;
        Self {
            id: indicator.id,
            pilot_id: indicator.pilot_id,
            name,
            unit,
            direction,
            baseline,
            target,
            retirement_reason,
            version: indicator.version,
            created_at: indicator.created_at,
            updated_at: indicator.updated_at,
        }
    }
}

/// An indicator, and the actions that the caller can perform on it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Indicator {
    #[serde(flatten)]
    item: IndicatorItem,
    /// The actions that the caller can perform on the indicator now.
    permissions: IndicatorPermissions,
}

impl Representation for Indicator {
    type Resource = db::indicators::Indicator;
    const HAS_LABELS: bool = false;

    fn new(view: View<Self::Resource>, _language: Language) -> Self {
        let permissions = IndicatorPermissions::from(&view);
        Self { item: IndicatorItem::new(view.resource), permissions }
    }
}

/// A page of indicators.
type IndicatorPage = Page<IndicatorItem>;

impl ListItem for IndicatorItem {
    const PAGE_NAME: &'static str = "IndicatorPage";
    const PAGE_DESCRIPTION: &'static str = "A page of indicators.";
}

resource_routes! {
    representation: Indicator,
    new: NewIndicator,
    patch: IndicatorPatch,
    tag: "pilots",
    collection: {
        url: "/v1/task-forces/{taskForceId}/pilots/{pilotId}/indicators",
        path: PilotPath,
        parent: |path| path.pilot_id,
    },
    single: {
        url: "/v1/task-forces/{taskForceId}/pilots/{pilotId}/indicators/{indicatorId}",
        path: IndicatorPath,
        parent: |path| path.pilot_id,
        id: |path| path.indicator_id,
    },
    list: {
        function: list_indicators,
        summary: "List a pilot's indicators",
        description: "The indicators of a pilot, oldest first.",
        query: PageQuery,
        filter: |_query| (),
        item: IndicatorItem,
        page: IndicatorPage,
    },
    create: {
        function: create_indicator,
        summary: "Create an indicator",
        description: "Adds an indicator to a pilot while step `pilots` is open and the pilot has not started. A pilot has at most 30 indicators of one cycle that are in use.",
        problems: changes_product().refuses([RefusalCode::ScorecardFrozen, RefusalCode::TooManyItems]),
    },
    get: {
        function: get_indicator,
        summary: "Get an indicator",
        description: "One indicator of a pilot.",
    },
    update: {
        function: update_indicator,
        summary: "Update an indicator",
        description: "Changes the fields that the merge patch names, while step `pilots` is open and the pilot has not started. A planned pilot keeps an indicator with `baseline` and `target`. An indicator that was measured for an earlier evaluation keeps `name`, `unit`, `direction` and `baseline`; `retirementReason` retires such an indicator, so that later evaluations do not ask for measurements of it.",
        problems: changes_product()
            .refuses([
                RefusalCode::ScorecardFrozen, RefusalCode::SectorNotSelected, RefusalCode::IndicatorsMissing,
                RefusalCode::PilotEvaluated,
            ]),
    },
    delete: {
        function: delete_indicator,
        summary: "Delete an indicator",
        description: "Deletes an indicator while step `pilots` is open and the pilot has not started. An indicator with measurements cannot be deleted, and a planned pilot keeps an indicator with `baseline` and `target`.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::ScorecardFrozen, RefusalCode::SectorNotSelected,
                RefusalCode::IndicatorsMissing, RefusalCode::PilotEvaluated,
            ]),
    },
}

export_query! {
    /// The query parameters of the export of indicators.
    IndicatorExportQuery {
        /// Only indicators of pilots that count in this cycle. Default: the current cycle.
        #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
        cycle: Option<i32>,
    }
}

/// Export the indicators of all pilots as a sheet
///
/// The indicators of all pilots of a cycle with baseline, target and the latest measurement in the present run of the
/// pilot, as CSV or as a workbook of Excel, pilot by pilot.
///
/// The export of activities describes the formats and the parameters, which all exports share.
#[utoipa::path(
    tag = "pilots",
    params(TaskForcePath, IndicatorExportQuery),
    responses(SheetFile),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/indicators/export")]
async fn export_indicators(
    app: Data<App>,
    request: Read<TaskForcePath, IndicatorExportQuery>,
    negotiated: Option<Negotiated>,
) -> Result<HttpResponse> {
    sheet::export::<MeasuredIndicator, _, _>(
        &app,
        request,
        negotiated.as_ref(),
        IndicatorExportQuery::options,
        |_, _| (),
        |query| query.cycle.into(),
    )
    .await
}
