//! The facts that a sentence tells.

use serde_json::Value;

use crate::domain::event::{Changes, EventAction, EventActor};
use crate::domain::reference::{NamedByChanges, Reference};
use crate::domain::text::LocalizedText;

/// An event with the titles and names that a sentence about the event needs.
#[derive(Debug, Clone, Copy)]
pub struct EventFacts<'a> {
    pub action: EventAction,
    pub actor: &'a EventActor,
    /// The current name of the acting user.
    pub actor_name: Option<&'a LocalizedText>,
    /// The subject, with its title.
    pub subject: &'a Reference,
    /// The state before, if the state changed.
    pub from: Option<&'a str>,
    /// The state after, if the state changed.
    pub to: Option<&'a str>,
    pub changes: &'a Changes,
    /// The members and resources that the changes name by their ids.
    pub named: &'a NamedByChanges,
}

impl<'a> EventFacts<'a> {
    /// The value of a field after the change; `None` if the field is empty, or did not change.
    pub(super) fn after(&self, field: &str) -> Option<&'a Value> {
        self.changes.get(field).map(|change| &change.after).filter(|value| !value.is_null())
    }

    /// The value of a field before the change; `None` if the field was empty, or did not change.
    pub(super) fn before(&self, field: &str) -> Option<&'a Value> {
        self.changes.get(field).map(|change| &change.before).filter(|value| !value.is_null())
    }

    /// Tells whether this field changed, and no other.
    pub(super) fn changes_only(&self, field: &str) -> bool {
        self.changes.len() == 1 && self.changes.contains_key(field)
    }
}
