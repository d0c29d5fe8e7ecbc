//! Verification of a chain of events: every event follows the one before, up to the head.
//!
//! The hash is computed over the stored text. Nothing is serialized again from values that were read.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::event::{EventActor, GENESIS, chain};

vocabulary! {
    /// Reason why the event chain is broken at an event.
    pub enum ChainBreakReason {
        SequenceGap = "sequenceGap", "The event is missing", "الحدث مفقود";
        PreviousHashMismatch = "previousHashMismatch", "The event names another hash than the one before it has", "يذكر الحدث بصمة غير بصمة الحدث السابق";
        HashMismatch = "hashMismatch", "The event's text does not give its hash", "بصمة الحدث لا تطابق نصه";
        ColumnsMismatch = "columnsMismatch", "The event's text does not say what its columns say", "نص الحدث لا يطابق حقوله المخزَّنة";
        HeadMismatch = "headMismatch", "The recorded head of the chain is not its last event", "رأس السلسلة المسجَّل لا يطابق آخر حدث فيها";
    }
}

/// The first event at which a chain breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Break {
    /// The sequence number of the event; of a missing event, the number that the event should have.
    pub seq: i64,
    /// The id of the event; `None` for a missing event.
    pub event_id: Option<Uuid>,
    pub reason: ChainBreakReason,
}

/// A stored event: the hashed text, and the columns that lists are read by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    pub task_force_id: Uuid,
    pub seq: i64,
    pub id: Uuid,
    pub at: DateTime<Utc>,
    /// The user who acted; `None` for the service itself.
    pub actor_id: Option<Uuid>,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: Uuid,
    /// The canonical JSON that is hashed.
    pub body: String,
    pub previous_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

/// The part of the text that the columns repeat. Codes stay text, so that a chain outlives the codes in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BodyColumns {
    seq: i64,
    id: Uuid,
    task_force_id: Uuid,
    at: DateTime<Utc>,
    actor: EventActor,
    action: String,
    subject: BodySubject,
}

#[derive(Deserialize)]
struct BodySubject {
    kind: String,
    id: Uuid,
}

impl StoredEvent {
    fn body_matches_columns(&self) -> bool {
        serde_json::from_str(&self.body).is_ok_and(|body: BodyColumns| {
            body.seq == self.seq
                && body.id == self.id
                && body.task_force_id == self.task_force_id
                && body.at == self.at
                && body.actor.id == self.actor_id
                && body.action == self.action
                && body.subject.kind == self.subject_kind
                && body.subject.id == self.subject_id
        })
    }
}

/// The head of a chain, which is stored beside the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHead {
    /// The sequence number of the last event; 0 if there is none.
    pub seq: i64,
    /// The hash of the last event.
    pub hash: Vec<u8>,
    /// The highest sequence number of any event, read in the same snapshot.
    pub highest: i64,
}

/// Verifies a chain event by event, and holds the last verified event.
#[derive(Debug, Clone)]
pub struct ChainVerifier {
    /// The sequence number of the last verified event.
    pub seq: i64,
    /// The hash of the last verified event.
    pub hash: Vec<u8>,
    last_id: Option<Uuid>,
}

impl Default for ChainVerifier {
    fn default() -> Self {
        Self { seq: 0, hash: GENESIS.to_vec(), last_id: None }
    }
}

impl ChainVerifier {
    /// Verifies the next stored event.
    ///
    /// # Errors
    /// The break, if the event does not follow the last verified one.
    pub fn verify_next(&mut self, event: &StoredEvent) -> Result<(), Break> {
        let seq = self.seq + 1;
        let broken = |reason| Err(Break { seq, event_id: Some(event.id), reason });
        if event.seq != seq {
            return Err(Break { seq, event_id: None, reason: ChainBreakReason::SequenceGap });
        }
        if event.previous_hash != self.hash {
            return broken(ChainBreakReason::PreviousHashMismatch);
        }
        if chain(&event.previous_hash, &event.body).as_slice() != event.hash {
            return broken(ChainBreakReason::HashMismatch);
        }
        if !event.body_matches_columns() {
            return broken(ChainBreakReason::ColumnsMismatch);
        }
        *self = Self { seq, hash: event.hash.clone(), last_id: Some(event.id) };
        Ok(())
    }

    /// Compares the last verified event with the head.
    ///
    /// # Errors
    /// The break, if events are missing before the head or follow after it, or if the head has another hash.
    pub fn check_head(&self, head: &StoredHead) -> Result<(), Break> {
        // Every task force has the event of its creation: a chain without events has lost them, and its head too.
        if self.seq < head.seq || head.highest == 0 {
            return Err(Break { seq: self.seq + 1, event_id: None, reason: ChainBreakReason::SequenceGap });
        }
        if self.hash != head.hash {
            let (seq, event_id) = (self.seq.max(1), self.last_id);
            return Err(Break { seq, event_id, reason: ChainBreakReason::HeadMismatch });
        }
        if head.highest > head.seq {
            return Err(Break { seq: head.seq + 1, event_id: None, reason: ChainBreakReason::HeadMismatch });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(task_force_id: Uuid, seq: i64, previous: &[u8]) -> StoredEvent {
        let (id, subject_id): (Uuid, Uuid) = (Uuid::now_v7(), Uuid::now_v7());
        let body = format!(
            r#"{{"action":"future.action","actor":{{"kind":"system"}},"at":"2026-11-22T09:00:00Z","id":"{id}","requestId":"r","seq":{seq},"subject":{{"id":"{subject_id}","kind":"futureKind"}},"taskForceId":"{task_force_id}"}}"#
        );
        StoredEvent {
            task_force_id,
            seq,
            id,
            at: "2026-11-22T09:00:00Z".parse().unwrap(),
            actor_id: None,
            action: "future.action".to_owned(),
            subject_kind: "futureKind".to_owned(),
            subject_id,
            hash: chain(previous, &body).to_vec(),
            previous_hash: previous.to_vec(),
            body,
        }
    }

    fn three() -> Vec<StoredEvent> {
        let task_force_id = Uuid::now_v7();
        let mut previous = GENESIS.to_vec();
        let link = |seq| {
            let event = event(task_force_id, seq, &previous);
            previous.clone_from(&event.hash);
            event
        };
        (1..=3).map(link).collect()
    }

    fn verify(events: &[StoredEvent], head: &StoredHead) -> Result<(), (i64, ChainBreakReason)> {
        let mut verifier = ChainVerifier::default();
        events
            .iter()
            .try_for_each(|event| verifier.verify_next(event))
            .and_then(|()| verifier.check_head(head))
            .map_err(|broken| (broken.seq, broken.reason))
    }

    fn head_of(events: &[StoredEvent]) -> StoredHead {
        let last = events.last().unwrap();
        StoredHead { seq: last.seq, hash: last.hash.clone(), highest: last.seq }
    }

    #[test]
    fn a_chain_holds_as_it_was_written_whatever_its_words_mean() {
        let events = three();
        assert_eq!(verify(&events, &head_of(&events)), Ok(()));
    }

    #[test]
    fn every_column_is_compared_with_the_text() {
        let forged: [fn(&mut StoredEvent); 6] = [
            |event| event.id = Uuid::now_v7(),
            |event| event.at += chrono::TimeDelta::microseconds(1),
            |event| event.actor_id = Some(Uuid::now_v7()),
            |event| event.action = "vote.cast".to_owned(),
            |event| event.subject_kind = "member".to_owned(),
            |event| event.subject_id = Uuid::now_v7(),
        ];
        for forge in forged {
            let mut events = three();
            forge(&mut events[1]);
            assert_eq!(verify(&events, &head_of(&events)), Err((2, ChainBreakReason::ColumnsMismatch)));
        }
    }

    #[test]
    fn an_event_of_another_task_force_does_not_belong_here() {
        let mut events = three();
        let elsewhere = event(Uuid::now_v7(), 3, &events[1].hash);
        events[2] = StoredEvent { task_force_id: events[0].task_force_id, ..elsewhere };
        assert_eq!(verify(&events, &head_of(&events)), Err((3, ChainBreakReason::ColumnsMismatch)));
    }

    #[test]
    fn a_head_that_is_not_the_last_event_breaks_the_chain() {
        let events = three();
        let head = head_of(&events);
        let verify = |events: &[StoredEvent], head: StoredHead| verify(events, &head);
        let before = StoredHead { seq: 2, hash: events[1].hash.clone(), ..head.clone() };
        assert_eq!(verify(&events[..2], before), Err((3, ChainBreakReason::HeadMismatch)));
        let behind = StoredHead { seq: 4, ..head.clone() };
        assert_eq!(verify(&events, behind), Err((4, ChainBreakReason::SequenceGap)));
        let other = StoredHead { hash: events[1].hash.clone(), ..head };
        assert_eq!(verify(&events, other), Err((3, ChainBreakReason::HeadMismatch)));
        // A chain that was deleted with its head, which then reads as the beginning.
        let none = StoredHead { seq: 0, hash: GENESIS.to_vec(), highest: 0 };
        assert_eq!(verify(&[], none), Err((1, ChainBreakReason::SequenceGap)));
    }
}
