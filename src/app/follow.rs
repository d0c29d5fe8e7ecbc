//! Followers: background work that reads the new events of all task forces, such as notifications and webhooks.
//!
//! A follower learns which task forces have new events. The worker reads the events after its own cursor, which is
//! stored in the database, so that a wake-up says only when to look. A worker therefore also compares its cursors with
//! the heads of the task forces now and then ([`POLL_EVERY`]): at its start, and because a wake-up can be lost.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use uuid::Uuid;

use super::App;

/// The interval at which a worker compares its cursors with the heads of the task forces: the longest that a lost
/// wake-up delays an event.
pub const POLL_EVERY: Duration = Duration::from_secs(15);

/// A worker that follows the events of all task forces.
#[derive(Debug)]
pub struct Follower(Arc<Unseen>);

/// The task forces with events that a follower does not know of yet.
#[derive(Debug, Default)]
struct Unseen {
    ids: Mutex<BTreeSet<Uuid>>,
    has_ids: Notify,
}

impl Unseen {
    fn ids(&self) -> MutexGuard<'_, BTreeSet<Uuid>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower {
    /// Waits for task forces with events that were committed since the last call, in this process or in another one. A
    /// task force with many new events is named once. A call that is dropped while it waits loses nothing.
    pub async fn next(&mut self) -> BTreeSet<Uuid> {
        loop {
            let ids = std::mem::take(&mut *self.0.ids());
            if !ids.is_empty() {
                return ids;
            }
            self.0.has_ids.notified().await;
        }
    }
}

/// The followers of this process.
#[derive(Debug, Default)]
pub(super) struct Followers(Mutex<Vec<Weak<Unseen>>>);

impl Followers {
    /// Begins to follow.
    pub(super) fn add(&self) -> Follower {
        let unseen = Arc::default();
        self.all().push(Arc::downgrade(&unseen));
        Follower(unseen)
    }

    /// Tells all followers of new events of a task force.
    pub(super) fn tell(&self, task_force_id: Uuid) {
        for unseen in self.all().iter().filter_map(Weak::upgrade) {
            unseen.ids().insert(task_force_id);
            unseen.has_ids.notify_one();
        }
    }

    /// Forgets the followers that have ended, and tells whether none is left.
    pub(super) fn is_empty(&self) -> bool {
        let mut all = self.all();
        all.retain(|unseen| unseen.strong_count() > 0);
        all.is_empty()
    }

    fn all(&self) -> MutexGuard<'_, Vec<Weak<Unseen>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Follows the events of all task forces from now on.
    pub fn follow(&self) -> Follower {
        self.live.follow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_follower_learns_once_of_each_task_force_with_new_events() {
        let followers = Followers::default();
        let (mut first, mut second) = (followers.add(), followers.add());
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        [a, b, a].into_iter().for_each(|id| followers.tell(id));
        assert_eq!(first.next().await, BTreeSet::from([a, b]));
        followers.tell(b);
        assert_eq!(first.next().await, BTreeSet::from([b]));
        assert_eq!(second.next().await, BTreeSet::from([a, b]), "each follower is told");
        let nothing = tokio::time::timeout(Duration::from_millis(10), first.next()).await;
        nothing.expect_err("nothing is new");
        drop(first);
        assert!(!followers.is_empty());
        drop(second);
        assert!(followers.is_empty());
    }
}
