//! Evidence, as a link or as a file; and the resources that activities and evidence can be about.

use uuid::Uuid;

use super::rights::{Action, Authorization, EffectiveRole, authorize};
use super::writing::Write;

vocabulary! {
    /// Kind of the subject of a piece of evidence.
    pub enum EvidenceSubjectKind {
        Activity = "activity", "Activity", "نشاط";
        Policy = "policy", "Policy", "سياسة";
        Study = "study", "Study", "دراسة";
        Assessment = "assessment", "Assessment", "تقييم نضج";
        Pilot = "pilot", "Pilot", "مشروع تجريبي";
        Migration = "migration", "Migration", "ترحيل";
        Condition = "condition", "Condition", "شرط";
        TaskForce = "taskForce", "Task force", "فريق عمل";
        Sector = "sector", "Sector", "قطاع";
        Submission = "submission", "Submission", "طلب إقرار خطوة";
        Report = "report", "Report", "تقرير";
        Decision = "decision", "Decision", "قرار";
    }
}

impl EvidenceSubjectKind {
    /// Tells whether the subject is part of the record between the members, the task force and the council, and not of
    /// the work: signed letters and minutes belong to it.
    pub fn is_of_the_record(self) -> bool {
        matches!(self, Self::TaskForce | Self::Submission | Self::Report | Self::Decision)
    }

    /// The right to add evidence about the subject.
    pub fn addition(self) -> Action {
        if self.is_of_the_record() { Action::KeepRecord } else { Action::ProveWork }
    }

    /// The right to change and delete evidence about the subject. What the secretariat has put on record is not every
    /// member's to replace.
    pub fn change(self) -> Action {
        if self.is_of_the_record() { Action::ChangeRecord } else { Action::ProveWork }
    }

    /// The kind of change that adding evidence is. Secretariat and chair complete the record in every state of the task
    /// force: the minutes of the meeting that ended it come later.
    pub fn addition_by(self, role: EffectiveRole) -> Write {
        let keeps_record = authorize(role, Action::ChangeRecord) == Authorization::Allowed;
        match self {
            Self::Condition => Write::Condition,
            _ if self.is_of_the_record() && keeps_record => Write::Record,
            _ => Write::Comment,
        }
    }
}

vocabulary! {
    /// Kind of the subject of an activity.
    pub enum ActivitySubjectKind {
        Policy = "policy", "Policy", "سياسة";
        Sector = "sector", "Sector", "قطاع";
        Pilot = "pilot", "Pilot", "مشروع تجريبي";
        Migration = "migration", "Migration", "ترحيل";
        Condition = "condition", "Condition", "شرط";
    }
}

/// The resource that an activity or a piece of evidence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct About<K> {
    pub kind: K,
    pub id: Uuid,
}
