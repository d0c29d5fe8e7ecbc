//! A limited number of users at once, each of them once, so that nobody takes every slot.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

/// The users who have a slot.
#[derive(Debug, Clone)]
pub(super) struct UserSlots {
    users: Arc<Mutex<HashSet<Uuid>>>,
    most: usize,
}

impl UserSlots {
    /// So many slots, all of them free.
    pub(super) fn new(most: usize) -> Self {
        Self { users: Arc::default(), most }
    }

    /// A slot for a user; `None` if no slot is free, or the user has one.
    pub(super) fn acquire(&self, user_id: Uuid) -> Option<UserSlot> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        (users.len() < self.most && users.insert(user_id)).then(|| UserSlot { slots: self.clone(), user_id })
    }
}

/// The slot of a user. Dropping it frees the slot.
#[derive(Debug)]
pub(super) struct UserSlot {
    slots: UserSlots,
    user_id: Uuid,
}

impl Drop for UserSlot {
    fn drop(&mut self) {
        self.slots.users.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.user_id);
    }
}
