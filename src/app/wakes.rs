//! The ids whose listeners wake when a change is committed.

use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

/// The task forces that a request changes, and the users, sessions and keys whose rights may change with them. Those who
/// wait for one of these ids wake after the commit (`app/live.rs`).
#[derive(Debug, Clone, Default)]
pub struct Wakes(Arc<Mutex<Vec<Uuid>>>);

impl Wakes {
    /// Adds an id.
    pub(super) fn add(&self, id: Uuid) {
        self.ids().push(id);
    }

    /// Takes the ids out.
    pub(super) fn take(&self) -> Vec<Uuid> {
        std::mem::take(&mut self.ids())
    }

    fn ids(&self) -> std::sync::MutexGuard<'_, Vec<Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
