//! Measurements of pilots' indicators over HTTP.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::indicators::IndicatorPath;
use crate::app::resource::View;
use crate::db;
use crate::db::measurements::MeasurementFields;
use crate::domain::decimal::Decimal;
use crate::domain::text::Language;
use crate::http::pagination::{PageQuery, page};
use crate::http::patch::Patch;
use crate::http::request::{IfMatch, path_to};
use crate::http::resource::{Representation, resource};
use crate::http::text::PlainLine;
use crate::http::values::{DecimalInput, DecimalNumber};

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    common_operations(config);
}

/// A merge patch of [`NewMeasurement`].
type MeasurementPatch = Patch<NewMeasurement>;

path_to! {
    /// To a measurement of a pilot's indicator.
    MeasurementPath {
        task_force_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-000000000001", "The task force.";
        pilot_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-00000000000a", "The pilot.";
        indicator_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-00000000000b", "The indicator.";
        measurement_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-00000000000c", "The measurement.";
    } in task_force_id
}

/// A new measurement.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewMeasurement {
    /// What was measured, in the unit of the indicator.
    #[schema(value_type = DecimalInput)]
    value: Decimal,
    /// The day of it, in the task force's time zone; not after today.
    #[schema(example = "2027-04-15")]
    measured_on: NaiveDate,
    /// Where the value comes from.
    #[schema(value_type = Option<PlainLine>)]
    source: Option<String>,
}

impl From<NewMeasurement> for MeasurementFields {
    fn from(new: NewMeasurement) -> Self {
        let NewMeasurement { value, measured_on, source } = new;
        Self { value, measured_on, source }
    }
}

impl From<MeasurementFields> for NewMeasurement {
    fn from(fields: MeasurementFields) -> Self {
        let MeasurementFields { value, measured_on, source } = fields;
        Self { value, measured_on, source }
    }
}

/// What was measured of an indicator.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Measurement {
    /// Its id.
    id: Uuid,
    /// The pilot.
    pilot_id: Uuid,
    /// The indicator.
    indicator_id: Uuid,
    /// The cycle in which it was measured: an extended pilot is measured anew.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// What was measured, in the unit of the indicator.
    #[schema(value_type = DecimalNumber)]
    value: Decimal,
    /// The day of it.
    #[schema(example = "2027-04-15")]
    measured_on: NaiveDate,
    /// Where the value comes from.
    #[schema(required, example = "Permit register, April 2027")]
    source: Option<String>,
    /// Counts changes of its own fields.
    #[schema(minimum = 1, example = 2)]
    version: i32,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl Measurement {
    fn new(measurement: db::measurements::Measurement, _today: NaiveDate) -> Self {
        let MeasurementFields { value, measured_on, source } = measurement.fields;
        Self {
            id: measurement.id,
            pilot_id: measurement.pilot_id,
            indicator_id: measurement.indicator_id,
            cycle: measurement.cycle,
            value,
            measured_on,
            source,
            version: measurement.version,
            created_at: measurement.created_at,
            updated_at: measurement.updated_at,
        }
    }
}

impl Representation for Measurement {
    type Resource = db::measurements::Measurement;

    fn new(view: View<Self::Resource>, _language: Language) -> Self {
        Self::new(view.noun, view.today)
    }
}

page! {
    /// A page of measurements.
    MeasurementPage of Measurement
}

resource! {
    Measurement, listed as Measurement on MeasurementPage, from NewMeasurement by MeasurementPatch, tagged "pilots",
    "/v1/task-forces/{taskForceId}/pilots/{pilotId}/indicators/{indicatorId}/measurements"
        of IndicatorPath (at => (at.pilot_id, at.indicator_id)),
    "/v1/task-forces/{taskForceId}/pilots/{pilotId}/indicators/{indicatorId}/measurements/{measurementId}"
        at MeasurementPath (at => (at.pilot_id, at.indicator_id), at.measurement_id),
    list: list_measurements, "List an indicator's measurements",
        "What was measured of the indicator, in every cycle that the pilot ran in, oldest first.",
        by PageQuery (query => ());
    create: create_measurement, "Create a measurement",
        "Possible while step `migration` is open and the pilot is running. It counts in the pilot's last cycle.",
        ["forbidden", "pilotNotRunning", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
    get: get_measurement, "Read a measurement", "One measurement of an indicator.";
    update: update_measurement, "Change a measurement",
        "Changes the fields that the merge patch names, while step `migration` is open and the pilot is running; what was measured in an earlier cycle stays.",
        ["forbidden", "ofAnEarlierCycle", "pilotNotRunning", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
    delete: delete_measurement, "Delete a measurement",
        "Possible while step `migration` is open and the pilot is running; what was measured in an earlier cycle stays.",
        ["forbidden", "ofAnEarlierCycle", "pilotNotRunning", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
}
