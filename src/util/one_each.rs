//! One permit for each key: a holder of a key waits for those who came before with the same key, and for nobody else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// The permits that are held or waited for, by their keys.
#[derive(Debug)]
pub(crate) struct OneEach<K>(Mutex<BTreeMap<K, Weak<Semaphore>>>);

impl<K> Default for OneEach<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord> OneEach<K> {
    /// Waits until nobody else has the permit of a key. All who wait have their turn, in the order in which they came.
    pub(crate) async fn acquire(&self, key: K) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.semaphore_of(key).acquire_owned().await
    }

    fn semaphore_of(&self, key: K) -> Arc<Semaphore> {
        let mut by_key = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        by_key.retain(|_, semaphore| semaphore.strong_count() > 0);
        let existing = by_key.get(&key).and_then(Weak::upgrade);
        let semaphore = existing.unwrap_or_else(|| Arc::new(Semaphore::new(1)));
        by_key.insert(key, Arc::downgrade(&semaphore));
        semaphore
    }
}
