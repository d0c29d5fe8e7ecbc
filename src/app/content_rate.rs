//! Limits how fast the database fills with content that is kept for ever: the snapshots that the members of a task force
//! vote on and its reports, counted for the task force; and the events of changes that concern many items, counted for the
//! user who makes the change.
//!
//! A request of a few bytes makes a snapshot or a report of up to 2 MB, as often as the chair submits and withdraws a step
//! or builds a report; and the end of a member with thousands of activities has an event for each. The limits of requests
//! and of their bytes do not see that. Only the chair submits steps and builds reports: what other members change must not
//! use up what is left for these.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use super::{Error, Result};

/// The unit of the counters, in bytes.
const UNIT: usize = 1024;

/// The content of a task force, or of a user, that is kept per minute, in [`UNIT`]s: half a mebibyte.
const PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(511);

/// The content of a task force, or of a user, that is kept at once, in [`UNIT`]s: eight of the largest reports.
const AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(16 * 1024 - 1);

/// Counters, above which those are dropped whose whole quota is available again.
const SWEEP_ABOVE: usize = 1000;

/// Counts the content of each task force and of each user, by their ids.
pub(super) struct ContentRate(RateLimiter<Uuid, HashMapStateStore<Uuid>, DefaultClock>);

impl Default for ContentRate {
    fn default() -> Self {
        Self(RateLimiter::hashmap(Quota::per_minute(PER_MINUTE).allow_burst(AT_ONCE)))
    }
}

impl ContentRate {
    /// Counts content of a task force or of a user that is about to be stored.
    ///
    /// # Errors
    /// [`Error::TooMuchContent`] with the seconds until content of this size can be stored.
    pub(super) fn count(&self, id: Uuid, bytes: usize) -> Result<()> {
        let Self(counters) = self;
        if counters.len() > SWEEP_ABOVE {
            counters.retain_recent();
        }
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(AT_ONCE.get());
        let Some(units) = NonZeroU32::new(units) else { return Ok(()) };
        match counters.check_key_n(&id, units) {
            Ok(Err(refused)) => {
                let wait = refused.wait_time_from(counters.clock().now()) + Duration::from_secs(1);
                Err(Error::TooMuchContent(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX)))
            }
            // No content has more units than are kept at once.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::size::MOST_CONTENT;

    #[test]
    fn a_task_force_keeps_eight_of_the_largest_at_once_and_then_one_every_four_minutes() {
        let rate = ContentRate::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for _ in 0..8 {
            assert!(rate.count(one, MOST_CONTENT).is_ok());
        }
        match rate.count(one, MOST_CONTENT) {
            Err(Error::TooMuchContent(seconds)) => assert!((120..=240).contains(&seconds), "{seconds}"),
            other => panic!("{other:?}"),
        }
        assert!(rate.count(one, 100_000).is_ok(), "what still fits is kept");
        assert!(rate.count(one, 0).is_ok());
        assert!(rate.count(other, MOST_CONTENT).is_ok());
    }
}
