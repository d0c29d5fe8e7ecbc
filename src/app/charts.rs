//! The charts of a task force's status.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Result;
use crate::db::Conn;
use crate::db::report_data::{self, ChartParts, StepOnPath};
use crate::domain::text::Language;
use crate::render::charts::{ChartSource, Charts, PathStep, StepsPath};

/// The data of the charts of a cycle, independent of a language.
#[derive(Debug, Clone)]
pub struct ChartData(ChartParts);

impl ChartData {
    /// Draws the charts.
    pub fn charts(&self, language: Language) -> Charts {
        let step = |step: &StepOnPath| PathStep {
            step: step.step,
            state: step.state,
            target_date: step.target_date,
            passed_on: step.passed_on,
        };
        let source = ChartSource {
            steps: StepsPath { steps: self.0.steps.iter().map(step).collect() },
            sectors: &self.0.sectors,
            pilots: &self.0.pilots,
            migrations: &self.0.migrations,
            decisions: &self.0.decisions,
            timeline: Some(&self.0.timeline),
        };
        source.charts(language)
    }
}

/// Reads the data of the charts of a cycle of a task force, for somebody who may see the task force. The data
/// depends on the last event and the day only, as the status does.
///
/// # Errors
/// Errors of the database; of a cycle that does not exist.
pub async fn chart_data(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    now: DateTime<Utc>,
) -> Result<ChartData> {
    Ok(ChartData(report_data::chart_parts(conn, task_force_id, cycle, now).await?))
}
