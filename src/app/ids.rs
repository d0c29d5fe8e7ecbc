//! The ids of the rows of a task force, in the order in which the rows are made.
//!
//! An id is a UUID of version 7, which begins with a time. Clocks go back, and the clocks of two processes differ, so
//! the time alone does not say which of two rows is the older one. The lock of the task force does: under the lock, each
//! id is made greater than the last one (`task_force_heads.last_id`), whatever the clock says. Lists, cursors and rules
//! may therefore order the rows of a task force by their ids.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Makes the ids of one write transaction.
#[derive(Debug)]
pub(super) struct IdSequence {
    now: DateTime<Utc>,
    last: Cell<Uuid>,
}

impl IdSequence {
    /// The ids after the last one of the task force.
    pub(super) fn new(last: Uuid, now: DateTime<Utc>) -> Self {
        Self { now, last: Cell::new(last) }
    }

    /// The instant of the request.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The next id.
    pub(super) fn next(&self) -> Uuid {
        let id = after(self.last.get(), new_id(self.now));
        self.last.set(id);
        id
    }
}

/// The bits of a UUID of version 7 behind its time, without version and variant: a count and a random number.
const COUNT_BITS: u32 = 32;
const RANDOM_BITS: u32 = 42;
/// The bits of `rand_b` (RFC 9562), the part behind the variant.
const LOW_BITS: u32 = 62;

/// A new id for this instant. Of the ids that a process makes in the same millisecond, the later one is greater, until
/// the count begins again.
pub(super) fn new_id(now: DateTime<Utc>) -> Uuid {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let milliseconds = u128::try_from(now.timestamp_millis()).unwrap_or_default();
    let count = u128::from(MADE.fetch_add(1, Ordering::Relaxed));
    let random = Uuid::new_v4().as_u128() & ((1 << RANDOM_BITS) - 1);
    from_number((milliseconds << (COUNT_BITS + RANDOM_BITS)) | (count << RANDOM_BITS) | random)
}

/// `proposed`, if it is greater than `last`; otherwise an id just above `last`, at a random distance.
fn after(last: Uuid, proposed: Uuid) -> Uuid {
    if proposed > last {
        return proposed;
    }
    let distance = 1 + (as_number(proposed) & ((1 << COUNT_BITS) - 1));
    from_number(as_number(last) + distance)
}

/// The time, the count and the random number of an id, without its version and variant.
fn as_number(id: Uuid) -> u128 {
    let bits = id.as_u128();
    let (time, high, low) = (bits >> 80, (bits >> 64) & 0xfff, bits & ((1 << LOW_BITS) - 1));
    (time << (COUNT_BITS + RANDOM_BITS)) | (high << LOW_BITS) | low
}

fn from_number(number: u128) -> Uuid {
    let (time, high, low) =
        (number >> (COUNT_BITS + RANDOM_BITS), (number >> LOW_BITS) & 0xfff, number & ((1 << LOW_BITS) - 1));
    Uuid::from_u128((time << 80) | (0x7 << 76) | (high << 64) | (0b10 << LOW_BITS) | low)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn an_id() -> impl Strategy<Value = Uuid> {
        // A year after 9000 leaves room above the greatest number.
        let number = (0u128..253_402_300_800_000, any::<u128>());
        number.prop_map(|(time, rest)| from_number((time << 74) | (rest & ((1 << 74) - 1))))
    }

    proptest! {
        #[test]
        fn an_id_is_greater_than_the_last_one(last in an_id(), proposed in an_id()) {
            let id = after(last, proposed);
            prop_assert!(id > last, "{id} after {last}");
            prop_assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
            prop_assert_eq!(from_number(as_number(id)), id);
        }

        #[test]
        fn ids_grow_whatever_the_clock_does(last in an_id(), hours in prop::collection::vec(-9000i64..9000, 1..20)) {
            let noon = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
            let mut last = last;
            for hour in hours {
                let ids = IdSequence::new(last, noon + TimeDelta::hours(hour));
                for _ in 0..3 {
                    let id = ids.next();
                    prop_assert!(id > last);
                    last = id;
                }
            }
        }
    }

    #[test]
    fn an_id_has_the_time_of_the_clock_while_the_clock_goes_on() {
        let noon = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let ids = IdSequence::new(Uuid::nil(), noon);
        let (seconds, nanoseconds) = ids.next().get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanoseconds), (1_795_000_000, 0));
    }

    #[test]
    fn ids_of_one_millisecond_grow() {
        let noon = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        assert!(new_id(noon) < new_id(noon));
    }
}
