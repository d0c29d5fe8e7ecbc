//! Evaluations of pilots, as they were made. A pilot can be evaluated several times: after it was planned anew, and after
//! an evaluation was taken back.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::decimal::Decimal;
use super::pilot::{IndicatorDirection, PilotOutcome};
use super::text::LocalizedText;

/// An evaluation of a pilot as it was made. It never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PilotEvaluation {
    /// Its number, counted per pilot.
    #[schema(minimum = 1, example = 1)]
    pub number: i32,
    /// The cycle in which it was made.
    #[schema(minimum = 1, example = 1)]
    pub cycle: i32,
    /// What it said should become of the pilot.
    pub outcome: PilotOutcome,
    /// What was learned from the pilot.
    pub lessons: LocalizedText,
    /// When it was made.
    pub evaluated_at: DateTime<Utc>,
    /// What the pilot was measured by, and what was measured.
    pub indicators: Vec<EvaluatedIndicator>,
}

/// An indicator as it was when the pilot was evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvaluatedIndicator {
    /// The indicator.
    pub indicator_id: Uuid,
    /// What was measured.
    pub name: LocalizedText,
    /// In what.
    #[schema(example = "%")]
    pub unit: String,
    /// Which way it was to go.
    pub direction: IndicatorDirection,
    /// Where it began.
    #[schema(required, value_type = Option<String>, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "12.50")]
    pub baseline: Option<Decimal>,
    /// Where it was to go.
    #[schema(required, value_type = Option<String>, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "80")]
    pub target: Option<Decimal>,
    /// The reason why the indicator was no longer measured; null if the evaluation rests on it.
    #[serde(default)]
    #[schema(required)]
    pub retirement_reason: Option<LocalizedText>,
    /// What was measured, the latest last.
    pub measurements: Vec<EvaluatedMeasurement>,
}

/// A measurement as it was when the pilot was evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvaluatedMeasurement {
    /// The value.
    #[schema(value_type = String, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "83.2")]
    pub value: Decimal,
    /// When it was measured.
    #[schema(example = "2027-02-01")]
    pub measured_on: NaiveDate,
    /// Where the value is from.
    #[schema(required, example = "Permit register")]
    pub source: Option<String>,
}
