//! Places for work of which only so much is done at once: so many of all, and so many of each key. The key is a user, as a
//! rule, so that nobody takes the places of the others.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The longest that a request of a client waits for a place, as a rule.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The places that are free, taken and waited for.
#[derive(Debug, Clone)]
pub(crate) struct Places<K> {
    of_all: Arc<Semaphore>,
    of_each: Arc<Mutex<BTreeMap<K, Weak<Semaphore>>>>,
    most_of_each: usize,
    /// The number of those who wait for a place of all.
    waiting: Arc<AtomicUsize>,
}

/// A place. Dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Place {
    _of_key: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl<K: Ord> Places<K> {
    /// So many places of all, and so many of each key.
    pub(crate) fn new(of_all: usize, most_of_each: usize) -> Self {
        let of_all = Arc::new(Semaphore::new(of_all));
        Self { of_all, of_each: Arc::default(), most_of_each, waiting: Arc::default() }
    }

    /// So many places of each key, of however many keys.
    pub(crate) fn of_each(most_of_each: usize) -> Self {
        Self::new(Semaphore::MAX_PERMITS, most_of_each)
    }

    /// A place, if one is free and nobody waits for it.
    pub(crate) fn try_acquire(&self, key: K) -> Option<Place> {
        let of_key = self.of(key).try_acquire_owned().ok()?;
        let of_all = Arc::clone(&self.of_all).try_acquire_owned().ok()?;
        Some(Place { _of_key: of_key, _of_all: of_all })
    }

    /// Waits for a place: until the key has less than its most, and then for a place of all. All who wait have their turn, in
    /// the order in which they came; a key with many who wait keeps nobody else waiting.
    pub(crate) async fn acquire(&self, key: K) -> Result<Place, AcquireError> {
        self.acquire_weighing(key, 1).await
    }

    /// Waits no longer than this for a place.
    pub(crate) async fn acquire_within(&self, wait: Duration, key: K) -> Option<Place> {
        timeout(wait, self.acquire(key)).await.ok()?.ok()
    }

    /// Waits for one place of the key that takes so many places of all.
    pub(crate) async fn acquire_weighing(&self, key: K, weight: u32) -> Result<Place, AcquireError> {
        let of_key = self.of(key).acquire_owned().await?;
        let _waiting = Waiting::new(&self.waiting);
        let of_all = Arc::clone(&self.of_all).acquire_many_owned(weight).await?;
        Ok(Place { _of_key: of_key, _of_all: of_all })
    }

    /// Tells whether somebody waits for a place of all.
    pub(crate) fn are_awaited(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// The places of a key, which exist as long as somebody has or awaits one of them.
    fn of(&self, key: K) -> Arc<Semaphore> {
        let mut of_each = self.of_each.lock().unwrap_or_else(PoisonError::into_inner);
        of_each.retain(|_, places| places.strong_count() > 0);
        let existing = of_each.get(&key).and_then(Weak::upgrade);
        let places = existing.unwrap_or_else(|| Arc::new(Semaphore::new(self.most_of_each)));
        of_each.insert(key, Arc::downgrade(&places));
        places
    }
}

/// Somebody who waits, until the value is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Self(waiting) = self;
        waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_key_has_its_places_and_no_more_than_all_are_taken() {
        let places = Places::new(3, 2);
        let (first, _second) = (places.try_acquire("a").unwrap(), places.try_acquire("a").unwrap());
        assert!(places.try_acquire("a").is_none(), "two of each");
        let _third = places.try_acquire("b").unwrap();
        assert!(places.try_acquire("c").is_none(), "three of all");
        drop(first);
        let _fourth = places.acquire_within(SHORT, "a").await.unwrap();
        assert!(places.acquire_within(SHORT, "c").await.is_none());
        assert_eq!(places.of_each.lock().unwrap().len(), 3, "those who wait count");
        drop(places.of("d"));
        assert_eq!(places.of_each.lock().unwrap().keys().collect::<Vec<_>>(), [&"a", &"b", &"d"]);
    }

    #[tokio::test]
    async fn those_who_wait_have_their_turn_in_order_and_a_key_waits_for_itself_alone() {
        let places = Places::new(2, 1);
        let held = places.try_acquire("a").unwrap();
        let waiting = tokio::spawn({
            let places = places.clone();
            async move { places.acquire("a").await }
        });
        tokio::task::yield_now().await;
        assert!(places.try_acquire("a").is_none(), "nobody goes before those who wait");
        drop(places.try_acquire("b").expect("who waits for its own key holds no place of all"));
        assert!(!places.are_awaited(), "the key waits for itself");
        let other = places.try_acquire("b").unwrap();
        assert!(places.acquire_within(SHORT, "c").await.is_none());
        assert!(!places.are_awaited(), "who has given up waits no more");
        let third = tokio::spawn({
            let places = places.clone();
            async move { places.acquire("c").await }
        });
        tokio::task::yield_now().await;
        assert!(places.are_awaited());
        drop(other);
        drop(third.await.unwrap().unwrap());
        assert!(!places.are_awaited());
        drop(held);
        drop(waiting.await.unwrap().unwrap());
        drop(places.acquire_weighing("a", 2).await.unwrap());
    }
}
