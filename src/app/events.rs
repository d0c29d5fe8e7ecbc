//! Reading of events.

use uuid::Uuid;

use super::caller::Caller;
use super::{App, Error, Result};
use crate::db;
use crate::db::events::{EventFilter, EventOrder, EventRow, InstallationEventRow};
use crate::db::page::{Page, Window};
use crate::domain::event::Event;
use crate::domain::reference::{NamedByChanges, Reference};
use crate::domain::rights::Action;
use crate::domain::text::{Language, LocalizedText};
use crate::render::sentences::{self, EventFacts};

/// An event with its hash in hexadecimal and the name of its actor.
#[derive(Debug, Clone)]
pub struct ReadEvent {
    /// The event as the chain stores it.
    pub event: Event,
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
    pub(super) fn from_row(row: EventRow) -> Result<Self> {
        let event = serde_json::from_str(&row.body).map_err(Error::internal)?;
        let EventRow { hash, actor_name, subject, named, .. } = row;
        Ok(Self { event, hash: hex::encode(hash), actor_name, subject, named: named.unwrap_or_default() })
    }

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

impl App {
    /// A page of the events of a task force, of at most `max_bytes`, and the number of its last event.
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
        let (access, page) = self
            .read(caller, task_force_id, async |conn| {
                db::events::list(conn, task_force_id, filter, order, window, max_bytes).await
            })
            .await?;
        let Page { items, more, total } = page;
        let items: Vec<ReadEvent> = items.into_iter().map(ReadEvent::from_row).collect::<Result<_>>()?;
        // The two statements of the read may see different states. The later one counts.
        let last = items.iter().map(|read| read.event.seq).max().unwrap_or_default();
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
