//! Evaluations of pilots, as they were made. A pilot can be evaluated several times: after it was planned anew, and after
//! an evaluation was taken back.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::decimal::Decimal;
use super::pilot::{IndicatorDirection, PilotOutcome};
use super::text::LocalizedText;

/// An evaluation of a pilot. An evaluation never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PilotEvaluation {
    /// Number of the evaluation within the pilot.
    #[schema(minimum = 1, example = 1)]
    pub number: i32,
    /// The cycle of the evaluation.
    #[schema(minimum = 1, example = 1)]
    pub cycle: i32,
    /// Outcome of the evaluation.
    pub outcome: PilotOutcome,
    /// Lessons learned from the pilot.
    pub lessons: LocalizedText,
    /// Time of the evaluation.
    pub evaluated_at: DateTime<Utc>,
    /// The indicators with their measurements.
    pub indicators: Vec<EvaluatedIndicator>,
}

/// An indicator as it was when the pilot was evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvaluatedIndicator {
    /// The indicator.
    pub indicator_id: Uuid,
    /// Name of the indicator.
    pub name: LocalizedText,
    /// Unit.
    #[schema(example = "%")]
    pub unit: String,
    /// Direction in which the indicator should move.
    pub direction: IndicatorDirection,
    /// Baseline.
    #[schema(required, value_type = Option<String>, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "12.50")]
    pub baseline: Option<Decimal>,
    /// Target.
    #[schema(required, value_type = Option<String>, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "80")]
    pub target: Option<Decimal>,
    /// The reason why the indicator was no longer measured; null if the evaluation rests on it.
    #[serde(default)]
    #[schema(required)]
    pub retirement_reason: Option<LocalizedText>,
    /// The measurements, the latest last.
    pub measurements: Vec<EvaluatedMeasurement>,
}

/// A measurement as it was when the pilot was evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvaluatedMeasurement {
    /// The value.
    #[schema(value_type = String, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "83.2")]
    pub value: Decimal,
    /// Day of the measurement.
    #[schema(example = "2027-02-01")]
    pub measured_on: NaiveDate,
    /// Source of the value.
    #[schema(required, example = "Permit register")]
    pub source: Option<String>,
}
