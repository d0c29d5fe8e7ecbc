//! Reading of events.

use uuid::Uuid;

use super::caller::Caller;
use super::{App, Error, Result};
use crate::db;
use crate::db::events::{EventRow, InstallationEventRow};
use crate::db::page::Page;
use crate::domain::event::Event;
use crate::domain::reference::Reference;
use crate::domain::rights::Action;
use crate::domain::text::LocalizedText;

/// An event with its hash in hexadecimal and the name of its actor.
#[derive(Debug)]
pub struct ReadEvent {
    /// The event as the chain stores it.
    pub event: Event,
    /// SHA-256 over the previous hash and the event's canonical JSON.
    pub hash: String,
    /// The current name of the actor.
    pub actor_name: Option<LocalizedText>,
    /// The subject, with its title.
    pub subject: Reference,
}

impl App {
    /// The events of a task force after a sequence number, oldest first, and the number of its last event: at most
    /// `limit`, and no further one once they have `max_bytes`.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn events_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        after: i64,
        limit: i64,
        max_bytes: i64,
    ) -> Result<(Vec<ReadEvent>, i64)> {
        let (access, rows) = self
            .read(caller, task_force_id, async |conn| {
                db::events::after(conn, task_force_id, after, limit, max_bytes).await
            })
            .await?;
        let events: Vec<ReadEvent> = rows
            .into_iter()
            .map(|row| {
                let event = serde_json::from_str(&row.body).map_err(Error::internal)?;
                let EventRow { hash, actor_name, subject, .. } = row;
                Ok(ReadEvent { event, hash: hex::encode(hash), actor_name, subject })
            })
            .collect::<Result<_>>()?;
        // The two statements of the read may see different states. The later one counts.
        let last = events.last().map_or(0, |read| read.event.seq);
        Ok((events, access.seq.max(last)))
    }

    /// A page of the events outside of all task forces, newest first.
    ///
    /// # Errors
    /// `forbidden` for everybody but administrators.
    pub async fn installation_events_list(
        &self,
        caller: &Caller,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Page<InstallationEventRow>> {
        let (_, page) = self
            .read_installation(caller, Action::ReadInstallationEvents, async |conn| {
                db::events::installation_before(conn, before, limit).await
            })
            .await?;
        Ok(page)
    }
}
