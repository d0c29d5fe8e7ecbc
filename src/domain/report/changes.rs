//! The changes between two reports.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::event::SubjectKind;
use crate::domain::message::Message;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary;

/// The changes since an earlier report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportChanges {
    /// Number of the last report that was before the council, of this cycle or an earlier one.
    #[schema(minimum = 1, example = 1)]
    pub since_report: i32,
    /// Time that this report describes.
    pub since: DateTime<Utc>,
    /// The changes, in the order of the sections of the report.
    pub items: Vec<ReportChange>,
}

/// A change since an earlier report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportChange {
    /// Kind of the resource.
    pub kind: SubjectKind,
    /// Unique id; null for a step, for the health of the task force and for an indicator.
    #[schema(required)]
    pub id: Option<Uuid>,
    /// Title of the resource.
    pub title: LocalizedText,
    /// The aspect that changed.
    pub aspect: ReportAspect,
    /// The earlier state, level or value; null if there was none.
    #[schema(required, example = "planned")]
    pub before: Option<String>,
    /// The state, level or value now; null if there is none.
    #[schema(required, example = "running")]
    pub after: Option<String>,
}

vocabulary! {
    /// The aspect of a resource that changed between two reports.
    pub enum ReportAspect {
        Added = "added", "Added to the report", "إضافة إلى التقرير";
        Removed = "removed", "No longer in the report", "لم يعد واردًا في التقرير";
        State = "state", "State", "الحالة";
        Maturity = "maturity", "Maturity", "النضج";
        Value = "value", "Measured value", "القيمة المقيسة";
    }
}

impl ReportChange {
    /// The label of an earlier or a present state, level or value.
    pub fn label_of(&self, code: &str) -> Message {
        use crate::domain::{decision, migration, pilot, policy, scales, sector, step, task_force};

        fn of<V: Vocabulary>(code: &str) -> Option<Message> {
            V::parse(code).map(V::label)
        }
        let label = match (self.aspect, self.kind) {
            (ReportAspect::Maturity, _) => of::<scales::MaturityLevel>(code),
            (ReportAspect::Value, _) => None,
            (_, SubjectKind::HealthStatement) => of::<task_force::HealthRating>(code),
            (_, SubjectKind::Step) => of::<step::StepState>(code),
            (_, SubjectKind::Policy) => of::<policy::PolicyState>(code),
            (_, SubjectKind::Sector) => of::<sector::SectorState>(code),
            (_, SubjectKind::Pilot) => of::<pilot::PilotState>(code),
            (_, SubjectKind::Migration) => of::<migration::MigrationState>(code),
            (_, SubjectKind::Decision) => of::<decision::DecisionOutcome>(code),
            (_, SubjectKind::Condition) => of::<decision::ConditionState>(code),
            _ => None,
        };
        label.unwrap_or_else(|| Message { en: code.to_owned(), ar: code.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_levels_and_values_have_labels() {
        let change = |kind, aspect| ReportChange {
            kind,
            id: None,
            title: LocalizedText::both("أ", "a"),
            aspect,
            before: None,
            after: None,
        };
        for (kind, aspect, code, label) in [
            (SubjectKind::Pilot, ReportAspect::State, "running", "Running"),
            (SubjectKind::Step, ReportAspect::State, "open", "Open"),
            (SubjectKind::Condition, ReportAspect::Added, "waived", "Waived"),
            (SubjectKind::Indicator, ReportAspect::Value, "4.5 min", "4.5 min"),
            (
                SubjectKind::Pilot,
                ReportAspect::State,
                "a state of a later version",
                "a state of a later version",
            ),
        ] {
            assert_eq!(change(kind, aspect).label_of(code).en, label);
        }
        let level = change(SubjectKind::Sector, ReportAspect::Maturity).label_of("3");
        assert!(level.en.starts_with("Defined"), "{}", level.en);
    }
}
