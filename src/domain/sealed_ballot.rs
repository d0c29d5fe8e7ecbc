//! Sealed ballots: while a vote is open, choices are shown only to those who have cast their own vote, so that no vote
//! follows another. Everybody who may read the task force sees who has voted and how many have; once the vote is over,
//! everybody sees all choices.
//!
//! The rule has no exception for a role: the secretariat and the council do not vote, so that they learn the choices
//! with the outcome. A reader who is no user of the service sees no choice of an open vote either. Only the archive, which
//! is the whole record, is made for the secretariat and for administrators while a vote is open ([`may_archive_sealed`]).

use uuid::Uuid;

use super::event::{Event, EventAction};
use super::role::EffectiveRole;

/// The field of the event of a vote that says nothing of the choice.
const SHOWN: &str = "memberId";

/// A reader of votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BallotReader {
    /// A person with a right to read the task force.
    User(Uuid),
    /// A receiver of events that are sent once, while the vote may be open: no later text may differ from the first one.
    Subscriber,
}

/// Tells whether the choices of a vote are sealed for a reader. `voters` are the users who have cast their vote; `None`
/// stands for a vote that is over.
pub fn is_sealed(voters: Option<&[Uuid]>, reader: BallotReader) -> bool {
    match reader {
        BallotReader::User(user_id) => voters.is_some_and(|voters| !voters.contains(&user_id)),
        BallotReader::Subscriber => true,
    }
}

/// Tells whether a role may take the archive of a task force although choices of a vote are sealed for it. The archive is
/// the whole record, without which no backup is complete; those who keep the record vote in no task force.
pub fn may_archive_sealed(role: EffectiveRole) -> bool {
    matches!(role, EffectiveRole::Administrator | EffectiveRole::Secretariat)
}

impl Event {
    /// Removes the choice from the event of a vote whose choices are sealed for the reader, and tells whether the event is
    /// such a one. The event keeps its hash: a random `salt` among the removed fields prevents that the choice is
    /// found by computing the hash of each possible one.
    #[must_use]
    pub fn as_seen(mut self, voters: Option<&[Uuid]>, reader: BallotReader) -> (Self, bool) {
        let is_sealed = self.action == EventAction::VoteCast && is_sealed(voters, reader);
        if is_sealed {
            self.changes.retain(|field, _| field == SHOWN);
        }
        (self, is_sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{ActorKind, Change, EventActor, Subject, SubjectKind};

    fn vote() -> Event {
        let change =
            |after: &str| Change { before: serde_json::Value::Null, after: serde_json::Value::from(after) };
        let fields = [("memberId", "m"), ("choice", "return"), ("comment", "Too dear"), ("salt", "s")];
        Event {
            seq: 1,
            id: Uuid::from_u128(1),
            task_force_id: Uuid::from_u128(2),
            at: chrono::DateTime::UNIX_EPOCH,
            actor: EventActor { kind: ActorKind::User, id: Some(Uuid::from_u128(3)) },
            request_id: "r".to_owned(),
            action: EventAction::VoteCast,
            subject: Subject { kind: SubjectKind::Submission, id: Uuid::from_u128(4) },
            from: None,
            to: None,
            changes: fields.map(|(name, after)| (name.to_owned(), change(after))).into(),
        }
    }

    #[test]
    fn an_open_vote_is_sealed_for_all_but_those_who_have_voted() {
        let (voter, other) = (Uuid::from_u128(3), Uuid::from_u128(5));
        let voted = [voter];
        let open = Some(voted.as_slice());
        assert!(!is_sealed(open, BallotReader::User(voter)));
        assert!(is_sealed(open, BallotReader::User(other)));
        assert!(is_sealed(Some(&[]), BallotReader::User(voter)));
        assert!(!is_sealed(None, BallotReader::User(other)), "the vote is over");
        assert!(is_sealed(open, BallotReader::Subscriber) && is_sealed(None, BallotReader::Subscriber));
    }

    #[test]
    fn the_event_of_a_sealed_vote_says_who_has_voted_and_nothing_more() {
        let (seen, is_sealed) = vote().as_seen(Some(&[]), BallotReader::User(Uuid::from_u128(5)));
        assert!(is_sealed);
        assert_eq!(seen.changes.keys().collect::<Vec<_>>(), ["memberId"]);
        assert_eq!(Event { changes: vote().changes, ..seen }, vote());
        assert_eq!(vote().as_seen(None, BallotReader::User(Uuid::from_u128(5))), (vote(), false));
        let other = Event { action: EventAction::CommentCreated, ..vote() };
        assert_eq!(other.clone().as_seen(Some(&[]), BallotReader::Subscriber), (other, false));
    }
}
