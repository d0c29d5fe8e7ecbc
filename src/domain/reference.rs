//! A resource named by another: in a refusal, or by a criterion of a gate that is not met.

use uuid::Uuid;

use super::event::SubjectKind;
use super::text::LocalizedText;
use super::vocabulary::Vocabulary as _;

/// A resource, by kind, id and title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The kind of resource, as events name it: `activity`.
    pub kind: &'static str,
    /// The id of the resource.
    pub id: Uuid,
    /// The title or name of the resource.
    pub title: LocalizedText,
}

impl Reference {
    /// A resource with its title or name.
    pub fn new(kind: SubjectKind, id: Uuid, title: LocalizedText) -> Self {
        Self { kind: kind.code(), id, title }
    }

    /// A report, which has a number in place of a title.
    pub fn report(id: Uuid, number: i32) -> Self {
        let title = LocalizedText::both(format!("التقرير {number}"), format!("Report {number}"));
        Self::new(SubjectKind::Report, id, title)
    }

    /// A decision of the council, which has a number in place of a title.
    pub fn decision(id: Uuid, number: i32) -> Self {
        let title = LocalizedText::both(format!("القرار {number}"), format!("Decision {number}"));
        Self::new(SubjectKind::Decision, id, title)
    }
}
