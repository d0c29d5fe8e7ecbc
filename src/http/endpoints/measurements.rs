//! Measurements of pilots' indicators over HTTP.
//!
//! [`resource_routes!`] makes the handlers `list_measurements`, `create_measurement`,
//! `get_measurement`, `update_measurement` and `delete_measurement`.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::indicators::IndicatorPath;
use crate::app::resource::View;
use crate::db;
use crate::db::measurements::MeasurementFields;
use crate::domain::decimal::Decimal;
use crate::domain::refusal::RefusalCode;
use crate::domain::text::Language;
use crate::http::decimals::{DecimalInput, DecimalNumber};
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::changes_product;
use crate::http::pagination::{ListItem, Page, PageQuery};
use crate::http::patch::Patch;
use crate::http::permissions::MeasurementPermissions;
use crate::http::request::Path;
use crate::http::resource::{Representation, resource_routes};
use crate::http::text::PlainLine;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    resource_operations(config);
}

/// A merge patch of [`NewMeasurement`].
type MeasurementPatch = Patch<NewMeasurement>;

/// The path of a measurement of a pilot's indicator.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct MeasurementPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The pilot.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) pilot_id: Uuid,
    /// The indicator.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000b")]
    pub(super) indicator_id: Uuid,
    /// The measurement.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000c")]
    pub(super) measurement_id: Uuid,
}

impl Path for MeasurementPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A new measurement.
#[derive(Debug, Serialize, Deserialize, ToSchema, Mapper)]
#[mapper(from, into, ty = MeasurementFields)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewMeasurement {
    /// Measured value in the unit of the indicator.
    #[schema(value_type = DecimalInput)]
    value: Decimal,
    /// Day of the measurement in the task force's time zone; not before the start of the pilot, and not after today.
    #[schema(example = "2027-04-15")]
    measured_on: NaiveDate,
    /// Source of the value.
    #[schema(value_type = Option<PlainLine>)]
    source: Option<String>,
}

/// A measurement of an indicator.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MeasurementItem {
    /// Unique id.
    id: Uuid,
    /// The pilot.
    pilot_id: Uuid,
    /// The indicator.
    indicator_id: Uuid,
    /// The cycle of the measurement. An extended pilot is measured again.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// Run of the pilot in which the value was measured, counted from 1. A pilot that is planned again is measured
    /// again.
    #[schema(minimum = 1, example = 1)]
    run: i32,
    /// Measured value in the unit of the indicator.
    #[schema(value_type = DecimalNumber)]
    value: Decimal,
    /// Day of the measurement.
    #[schema(example = "2027-04-15")]
    measured_on: NaiveDate,
    /// Source of the value.
    #[schema(required, example = "Permit register, April 2027")]
    source: Option<String>,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 2)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl MeasurementItem {
    fn new(measurement: db::measurements::Measurement) -> Self {
        let MeasurementFields { value, measured_on, source } = measurement.fields;
        Self {
            id: measurement.id,
            pilot_id: measurement.pilot_id,
            indicator_id: measurement.indicator_id,
            cycle: measurement.cycle,
            run: measurement.run,
            value,
            measured_on,
            source,
            version: measurement.version,
            created_at: measurement.created_at,
            updated_at: measurement.updated_at,
        }
    }
}

/// A measurement, and the actions that the caller can perform on it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Measurement {
    #[serde(flatten)]
    item: MeasurementItem,
    /// The actions that the caller can perform on the measurement now.
    permissions: MeasurementPermissions,
}

impl Representation for Measurement {
    type Resource = db::measurements::Measurement;
    const HAS_LABELS: bool = false;

    fn new(view: View<Self::Resource>, _language: Language) -> Self {
        let permissions = MeasurementPermissions::from(&view);
        Self { item: MeasurementItem::new(view.resource), permissions }
    }
}

/// A page of measurements.
type MeasurementPage = Page<MeasurementItem>;

impl ListItem for MeasurementItem {
    const PAGE_NAME: &'static str = "MeasurementPage";
    const PAGE_DESCRIPTION: &'static str = "A page of measurements.";
}

resource_routes! {
    representation: Measurement,
    new: NewMeasurement,
    patch: MeasurementPatch,
    tag: "pilots",
    collection: {
        url: "/v1/task-forces/{taskForceId}/pilots/{pilotId}/indicators/{indicatorId}/measurements",
        path: IndicatorPath,
        parent: |path| (path.pilot_id, path.indicator_id),
    },
    single: {
        url: "/v1/task-forces/{taskForceId}/pilots/{pilotId}/indicators/{indicatorId}/measurements/{measurementId}",
        path: MeasurementPath,
        parent: |path| (path.pilot_id, path.indicator_id),
        id: |path| path.measurement_id,
    },
    list: {
        function: list_measurements,
        summary: "List an indicator's measurements",
        description: "The measurements of an indicator over all cycles of the pilot, oldest first.",
        query: PageQuery,
        filter: |_query| (),
        item: MeasurementItem,
        page: MeasurementPage,
    },
    create: {
        function: create_measurement,
        summary: "Create a measurement",
        description: "Records a measurement while step `migration` is open and the pilot is running. The day is not before the start of the pilot. A measurement counts in the pilot's last cycle. An indicator has at most 1,000 measurements in one run of its pilot.",
        problems: changes_product().refuses([RefusalCode::PilotNotRunning, RefusalCode::TooManyItems]),
    },
    get: {
        function: get_measurement,
        summary: "Get a measurement",
        description: "One measurement of an indicator.",
    },
    update: {
        function: update_measurement,
        summary: "Update a measurement",
        description: "Changes the fields in the merge patch while step `migration` is open and the pilot is running. Measurements of earlier cycles cannot be changed.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::PilotNotRunning, RefusalCode::PilotEvaluated,
            ]),
    },
    delete: {
        function: delete_measurement,
        summary: "Delete a measurement",
        description: "Deletes a measurement while step `migration` is open and the pilot is running. Measurements of earlier cycles cannot be deleted.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::PilotNotRunning, RefusalCode::PilotEvaluated,
            ]),
    },
}
