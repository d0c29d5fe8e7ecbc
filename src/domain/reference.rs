//! A resource named by another: in a refusal, or by a criterion of a gate that is not met.

use uuid::Uuid;

use super::text::LocalizedText;

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
