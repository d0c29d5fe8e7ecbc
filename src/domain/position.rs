//! Positions in the events of several task forces, which have no common number.
//!
//! The ids of events begin with a time, and grow within a task force. Between task forces the time decides nothing: an event
//! can be committed after another one whose id is greater. A position therefore names the last event of every task force
//! in which something has happened lately, and an instant before which everything was committed long ago: no transaction
//! lasts as long as [`Position::SETTLED_AFTER`], and no two clocks differ so much.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// The greatest number of task forces in a position that is read.
const MAX_TASK_FORCES: usize = 2000;

/// The bytes of an instant and of an id.
const INSTANT: usize = 8;
const ID: usize = 16;

/// A position in the events of several task forces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// Milliseconds since 1970. Every event whose id begins with an earlier time lies before the position.
    settled: u64,
    /// The last event before the position, by task force.
    last: BTreeMap<Uuid, Uuid>,
}

impl Position {
    /// The time after which an event is committed or was rolled back.
    pub const SETTLED_AFTER: TimeDelta = TimeDelta::minutes(10);

    /// The position behind the last events of task forces.
    pub fn behind(now: DateTime<Utc>, last: impl IntoIterator<Item = (Uuid, Uuid)>) -> Self {
        let settled = (now - Self::SETTLED_AFTER).timestamp_millis();
        Self::of(u64::try_from(settled).unwrap_or_default(), last)
    }

    /// The position behind everything whose id is not greater than this one, and behind these events of task forces.
    pub fn settled_at(settled_id: Uuid, last: impl IntoIterator<Item = (Uuid, Uuid)>) -> Self {
        // The time of an id has 48 bits.
        Self::of(u64::try_from(settled_id.as_u128() >> 80).unwrap_or_default(), last)
    }

    fn of(settled: u64, last: impl IntoIterator<Item = (Uuid, Uuid)>) -> Self {
        let mut position = Self { settled, last: BTreeMap::new() };
        last.into_iter().for_each(|(task_force_id, event_id)| position.pass(task_force_id, event_id));
        position
    }

    /// The greatest id of the events that all lie before the position.
    pub fn settled_id(&self) -> Uuid {
        // All events of the millisecond come after the id.
        Uuid::from_u128(u128::from(self.settled) << 80)
    }

    /// The task forces whose last events the position names, and these events.
    pub fn last(&self) -> impl Iterator<Item = (Uuid, Uuid)> {
        self.last.iter().map(|(task_force_id, event_id)| (*task_force_id, *event_id))
    }

    /// Moves the position behind an event, if the event lies after it.
    pub fn pass(&mut self, task_force_id: Uuid, event_id: Uuid) {
        if event_id > self.settled_id() {
            let last = self.last.entry(task_force_id).or_insert(event_id);
            *last = event_id.max(*last);
        }
    }

    /// Tells whether an event lies before the position.
    pub fn has_passed(&self, task_force_id: Uuid, event_id: Uuid) -> bool {
        event_id <= self.settled_id() || self.last.get(&task_force_id).is_some_and(|last| event_id <= *last)
    }

    /// The position behind everything that lies before one of both.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        Self::of(self.settled.max(other.settled), self.last.into_iter().chain(other.last))
    }

    /// The bytes of the position.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(INSTANT + self.last.len() * 2 * ID);
        bytes.extend(self.settled.to_be_bytes());
        for (task_force_id, event_id) in &self.last {
            bytes.extend(task_force_id.as_bytes());
            bytes.extend(event_id.as_bytes());
        }
        bytes
    }

    /// The position with these bytes; `None` for bytes that no position has.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (instant, pairs) = bytes.split_first_chunk::<INSTANT>()?;
        if pairs.len() % (2 * ID) != 0 || pairs.len() > MAX_TASK_FORCES * 2 * ID {
            return None;
        }
        let settled = u64::from_be_bytes(*instant);
        // The time of an id has 48 bits.
        let mut position = (settled >> 48 == 0).then_some(Self { settled, last: BTreeMap::new() })?;
        for pair in pairs.chunks_exact(2 * ID) {
            let (task_force_id, event_id) = pair.split_at_checked(ID)?;
            let id = |bytes| Uuid::from_slice(bytes).ok();
            position.pass(id(task_force_id)?, id(event_id)?);
        }
        Some(position)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    /// The id of an event of this minute.
    fn event(minutes: i64, number: u128) -> Uuid {
        let milliseconds = u128::try_from(at(minutes).timestamp_millis()).unwrap();
        Uuid::from_u128(milliseconds << 80 | 0x7 << 76 | number)
    }

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);

    #[test]
    fn an_event_that_is_committed_late_is_not_passed_over() {
        // The last event of A is later than the one of B that is still to be committed.
        let position = Position::behind(at(100), [(A, event(99, 5)), (B, event(40, 1))]);
        assert!(position.has_passed(A, event(99, 5)) && position.has_passed(A, event(98, 1)));
        assert!(position.has_passed(B, event(40, 1)), "settled");
        assert!(!position.has_passed(A, event(99, 6)));
        assert!(!position.has_passed(B, event(99, 1)), "an earlier id, committed later");
        assert_eq!(position.last().count(), 1, "B has been quiet for long");
    }

    #[test]
    fn positions_of_two_devices_are_joined() {
        let phone = Position::behind(at(100), [(A, event(99, 1)), (B, event(95, 1))]);
        let desktop = Position::behind(at(103), [(A, event(98, 1)), (B, event(102, 7))]);
        let joined = desktop.clone().joined(phone.clone());
        assert_eq!(joined, phone.joined(desktop));
        assert!(joined.has_passed(A, event(99, 1)) && joined.has_passed(B, event(102, 7)));
        assert!(!joined.has_passed(A, event(99, 2)) && !joined.has_passed(B, event(102, 8)));
    }

    #[test]
    fn bytes_that_no_position_has_are_refused() {
        for bytes in [&[] as &[u8], &[0; 7], &[0; 9], &[0; 8 + 31], &[0xff; 8], &[0xff; 8 + 32]] {
            assert_eq!(Position::from_bytes(bytes), None, "{bytes:?}");
        }
        assert_eq!(Position::from_bytes(&vec![0; 8 + 32 * (MAX_TASK_FORCES + 1)]), None);
    }

    proptest! {
        #[test]
        fn a_position_comes_back_as_it_went(
            minutes in 10_i64..100_000_000,
            last in proptest::collection::btree_map(any::<u128>(), any::<u128>(), 0..20),
        ) {
            let last = last.into_iter().map(|(of, event)| (Uuid::from_u128(of), Uuid::from_u128(event)));
            let position = Position::behind(at(minutes), last);
            prop_assert_eq!(Position::from_bytes(&position.to_bytes()), Some(position.clone()));
            prop_assert_eq!(position.clone().joined(Position::default()), position);
        }
    }
}
