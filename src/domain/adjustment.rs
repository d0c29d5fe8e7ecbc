//! Adjustment: the council decided that a step is to be done again, and the step is submitted again only with an answer.
//! The answer is a change of the step, or a note of the chair that says why nothing had to be changed.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::event::EventAction;
use super::evidence::EvidenceSubjectKind;
use super::step::StepName;
use super::text::LocalizedText;

/// A decision in force that opened a step of the current cycle again, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    pub decision_id: Uuid,
    pub decision_number: i32,
    /// The reason of the council.
    pub reason: LocalizedText,
    /// True if something of the step changed since the decision.
    pub changed: bool,
    pub note: Option<AdjustmentNote>,
}

/// The chair's reason why nothing of the step had to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustmentNote {
    pub note: LocalizedText,
    /// Id of the chair's seat.
    pub member_id: Uuid,
    pub at: DateTime<Utc>,
}

impl Adjustment {
    /// Tells whether the decision is answered.
    pub fn is_answered(&self) -> bool {
        self.changed || self.note.is_some()
    }
}

/// Tells whether an action changes the products of a step, or what belongs to them. Activities of the step and evidence
/// about its products count as well; their events do not name the step.
pub fn changes_step(step: StepName, action: EventAction) -> bool {
    use EventAction as A;

    match step {
        StepName::Policy => {
            matches!(action, A::PolicyCreated | A::PolicyUpdated | A::PolicyTransitioned | A::PolicyDeleted)
        }
        StepName::Sectors => matches!(
            action,
            A::SectorCreated
                | A::SectorUpdated
                | A::SectorTransitioned
                | A::SectorDeleted
                | A::AssessmentCreated
                | A::AssessmentUpdated
                | A::AssessmentDeleted
                | A::StudyCreated
                | A::StudyUpdated
                | A::StudyDeleted
        ),
        StepName::Pilots => matches!(
            action,
            A::PilotCreated
                | A::PilotUpdated
                | A::PilotTransitioned
                | A::PilotDeleted
                | A::IndicatorCreated
                | A::IndicatorUpdated
                | A::IndicatorDeleted
        ),
        StepName::Migration => matches!(
            action,
            A::PilotTransitioned
                | A::MeasurementCreated
                | A::MeasurementUpdated
                | A::MeasurementDeleted
                | A::MigrationCreated
                | A::MigrationUpdated
                | A::MigrationTransitioned
                | A::MigrationDeleted
                | A::ChecklistItemCreated
                | A::ChecklistItemUpdated
                | A::ChecklistItemDeleted
        ),
        StepName::Report => action == A::ReportCreated,
    }
}

/// The kinds of subjects that are products of a step, or belong to them.
pub fn subjects_of(step: StepName) -> &'static [EvidenceSubjectKind] {
    match step {
        StepName::Policy => &[EvidenceSubjectKind::Policy],
        StepName::Sectors => {
            &[EvidenceSubjectKind::Sector, EvidenceSubjectKind::Study, EvidenceSubjectKind::Assessment]
        }
        StepName::Pilots => &[EvidenceSubjectKind::Pilot],
        StepName::Migration => &[EvidenceSubjectKind::Pilot, EvidenceSubjectKind::Migration],
        StepName::Report => &[EvidenceSubjectKind::Report],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::step::in_order;
    use crate::domain::vocabulary::Vocabulary as _;

    /// The table of [`changes_step`], written a second time by the codes of the actions.
    #[test]
    fn a_step_changes_with_its_products_and_what_belongs_to_them() {
        for step in in_order() {
            for &action in EventAction::ALL {
                let (kind, what) = action.code().split_once('.').unwrap();
                let expected = match step {
                    StepName::Policy => kind == "policy",
                    StepName::Sectors => ["sector", "assessment", "study"].contains(&kind),
                    StepName::Pilots => ["pilot", "indicator"].contains(&kind),
                    StepName::Migration => {
                        ["measurement", "migration", "checklistItem"].contains(&kind)
                            || (kind, what) == ("pilot", "transitioned")
                    }
                    StepName::Report => (kind, what) == ("report", "created"),
                };
                assert_eq!(changes_step(step, action), expected, "{step}: {action}");
            }
        }
    }

    #[test]
    fn a_change_or_a_note_is_an_answer() {
        let text = || LocalizedText::both("نص", "Text");
        let note = AdjustmentNote { note: text(), member_id: Uuid::nil(), at: DateTime::UNIX_EPOCH };
        for (changed, note, answered) in [
            (false, None, false),
            (true, None, true),
            (false, Some(note.clone()), true),
            (true, Some(note), true),
        ] {
            let decision_id = Uuid::nil();
            let adjustment = Adjustment { decision_id, decision_number: 1, reason: text(), changed, note };
            assert_eq!(adjustment.is_answered(), answered);
        }
    }
}
