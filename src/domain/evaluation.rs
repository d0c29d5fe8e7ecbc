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
    /// The run of the pilot that was evaluated; null in reports of earlier versions. The measurements of the run are
    /// listed with each indicator.
    #[serde(default)]
    #[schema(required, minimum = 1, example = 1)]
    pub run: Option<i32>,
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
    /// The last measurement of the run; none if the indicator was not measured. Evaluations that were made by earlier
    /// versions have all measurements, the latest last, in the list of evaluations and in the reports of those versions.
    pub measurements: Vec<EvaluatedMeasurement>,
    /// Number of measurements in the run; null in reports of earlier versions.
    #[serde(default)]
    #[schema(required, minimum = 0, example = 3)]
    pub measurements_total: Option<i64>,
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

/// The last evaluations of a pilot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LastEvaluations {
    /// As many as a read of the pilot shows, oldest first.
    pub listed: Vec<PilotEvaluation>,
    /// The number of all evaluations.
    pub total: i64,
}

/// The most evaluations of one run that members take back.
const MOST_TAKEN_BACK: i64 = 10;

/// The most evaluations of one run that the chair takes back, with those of the members. The share of the chair keeps a
/// member from leaving a pilot with a wrong outcome.
const MOST_TAKEN_BACK_BY_THE_CHAIR: i64 = 20;

/// Tells whether the last of `made` evaluations of a run can be taken back.
pub fn can_be_taken_back(made: i64, by_the_chair: bool) -> bool {
    made <= if by_the_chair { MOST_TAKEN_BACK_BY_THE_CHAIR } else { MOST_TAKEN_BACK }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_take_back_ten_evaluations_of_a_run_and_the_chair_ten_more() {
        for (made, by_a_member, by_the_chair) in
            [(1, true, true), (10, true, true), (11, false, true), (20, false, true), (21, false, false)]
        {
            assert_eq!(
                (can_be_taken_back(made, false), can_be_taken_back(made, true)),
                (by_a_member, by_the_chair),
                "{made}"
            );
        }
    }
}
