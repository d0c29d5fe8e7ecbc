//! Reading of events.

use uuid::Uuid;

use super::caller::Caller;
use super::{App, Error, Result};
use crate::db;
use crate::db::events::{EventFilter, EventOrder, EventRow, InstallationEventRow};
use crate::db::page::{Page, Window};
use crate::domain::event::{Changes, Event, EventAction, EventActor, Subject};
use crate::domain::reference::{NamedByChanges, Reference};
use crate::domain::rights::Action;
use crate::domain::sealed_ballot::{BallotReader, is_sealed};
use crate::domain::text::{Language, LocalizedText};
use crate::render::sentences::{self, EventFacts};

/// An event as a reader sees it, with its hash in hexadecimal and the name of its actor.
#[derive(Debug, Clone)]
pub struct ReadEvent {
    /// The event as the chain stores it; without the choice of a vote that is sealed for the reader.
    pub event: Event,
    /// Tells whether the choice of the vote is sealed for the reader.
    pub is_sealed: bool,
    /// SHA-256 over the previous hash and the event's canonical JSON.
    pub hash: String,
    /// The current name of the actor.
    pub actor_name: Option<LocalizedText>,
    /// The subject, with its title.
    pub subject: Reference,
    /// The members and resources that the changes name by their ids.
    pub named: NamedByChanges,
}

impl ReadEvent {
    /// The event as one sentence.
    pub fn sentence(&self, language: Language) -> String {
        let event = &self.event;
        let facts = EventFacts {
            action: event.action,
            actor: &event.actor,
            actor_name: self.actor_name.as_ref(),
            subject: &self.subject,
            from: event.from.as_deref(),
            to: event.to.as_deref(),
            changes: &event.changes,
            named: &self.named,
        };
        sentences::sentence(&facts, language)
    }
}

/// An event that was read for readers who may not all see the choice of a vote.
#[derive(Debug, Clone)]
pub struct UnsealedEvent {
    read: ReadEvent,
    /// The users who have cast their vote, for a vote that is open.
    open_voters: Option<Vec<Uuid>>,
}

impl UnsealedEvent {
    /// An event as it is stored.
    ///
    /// # Errors
    /// A stored text that is no event.
    pub fn from_row(row: EventRow) -> Result<Self> {
        let event = serde_json::from_str(&row.body).map_err(Error::internal)?;
        let EventRow { hash, actor_name, subject, named, open_voters, .. } = row;
        let (hash, named) = (hex::encode(hash), named.unwrap_or_default());
        let read = ReadEvent { event, is_sealed: false, hash, actor_name, subject, named };
        Ok(Self { read, open_voters })
    }

    /// The sequence number.
    pub fn seq(&self) -> i64 {
        self.read.event.seq
    }

    /// The id of the event, and the one of its task force.
    pub(super) fn ids(&self) -> (Uuid, Uuid) {
        (self.read.event.id, self.read.event.task_force_id)
    }

    /// The event as one sentence, which does not tell the choice of a vote.
    pub(super) fn sentence(&self, language: Language) -> String {
        self.read.sentence(language)
    }

    /// The event as every reader may see it, without its changes.
    pub(super) fn without_changes(&self) -> ReadEvent {
        let UnsealedEvent { read, .. } = self;
        let Event { seq, id, task_force_id, at, actor, action, subject, .. } = read.event;
        let (request_id, from, to) =
            (read.event.request_id.clone(), read.event.from.clone(), read.event.to.clone());
        let changes = Changes::new();
        let event =
            Event { seq, id, task_force_id, at, actor, request_id, action, subject, from, to, changes };
        let (actor_name, subject, named) =
            (read.actor_name.clone(), read.subject.clone(), NamedByChanges::default());
        ReadEvent { event, is_sealed: false, hash: read.hash.clone(), actor_name, subject, named }
    }

    /// Action, subject and actor of the event: the part that every reader may know.
    pub fn origin(&self) -> (EventAction, Subject, EventActor) {
        (self.read.event.action, self.read.event.subject, self.read.event.actor)
    }

    /// The event as a reader sees it.
    #[must_use]
    pub fn seen_by(self, reader: BallotReader) -> ReadEvent {
        let (event, is_sealed) = self.read.event.as_seen(self.open_voters.as_deref(), reader);
        ReadEvent { event, is_sealed, ..self.read }
    }

    /// Tells whether the reader sees another event than those who have voted.
    pub fn is_sealed_for(&self, reader: BallotReader) -> bool {
        self.read.event.action == EventAction::VoteCast && is_sealed(self.open_voters.as_deref(), reader)
    }
}

impl App {
    /// A page of the events of a task force as the caller sees them, of at most `max_bytes`, and the number of its last
    /// event.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn events_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        filter: &EventFilter,
        order: EventOrder,
        window: Window,
        max_bytes: i64,
    ) -> Result<(Page<ReadEvent>, i64)> {
        let (page, last_seq) =
            self.events_unsealed(caller, task_force_id, filter, order, window, max_bytes).await?;
        let reader = BallotReader::User(caller.user_id);
        let items = page.items.into_iter().map(|event| event.seen_by(reader)).collect();
        Ok((Page { items, more: page.more, total: page.total }, last_seq))
    }

    /// As [`App::events_list`], for code that shows the events to readers of its own.
    pub(super) async fn events_unsealed(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        filter: &EventFilter,
        order: EventOrder,
        window: Window,
        max_bytes: i64,
    ) -> Result<(Page<UnsealedEvent>, i64)> {
        let (access, page) = self
            .read(caller, task_force_id, async |conn| {
                db::events::list(conn, task_force_id, filter, order, window, max_bytes).await
            })
            .await?;
        let Page { items, more, total } = page;
        let items = items.into_iter().map(UnsealedEvent::from_row).collect::<Result<Vec<_>>>()?;
        // The two statements of the read may see different states. The later one counts.
        let last = items.iter().map(UnsealedEvent::seq).max().unwrap_or_default();
        Ok((Page { items, more, total }, access.seq.max(last)))
    }

    /// A page of the events outside of all task forces.
    ///
    /// # Errors
    /// `forbidden` for everybody but administrators.
    pub async fn installation_events_list(
        &self,
        caller: &Caller,
        filter: &EventFilter,
        order: EventOrder,
        window: Window,
    ) -> Result<Page<InstallationEventRow>> {
        let (_, page) = self
            .read_installation(caller, Action::ReadInstallationEvents, async |conn| {
                db::events::list_installation(conn, filter, order, window).await
            })
            .await?;
        Ok(page)
    }
}
