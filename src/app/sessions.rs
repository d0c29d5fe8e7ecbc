//! Own sessions: which of them run, and ending one from afar.

use uuid::Uuid;

use super::caller::{Caller, Credential};
use super::{App, Result};
use crate::db;
use crate::db::page::Page;
use crate::db::sessions::RunningSession;
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::refusal::RefusalCode;

/// A session as its user sees it.
#[derive(Debug)]
pub struct SessionView {
    /// The session.
    pub session: RunningSession,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Says with what ended them how many sessions came to an end.
pub(super) fn with_sessions_ended(new_event: NewEvent, ended: usize) -> NewEvent {
    new_event.with_change("sessionsEnded", None::<()>, (ended > 0).then_some(ended))
}

impl App {
    /// A page of the caller's sessions that run, newest first. Whoever came by single sign-on has theirs elsewhere.
    ///
    /// # Errors
    /// `insufficientScope` for an API key.
    pub async fn sessions_list(
        &self,
        caller: &Caller,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Page<SessionView>> {
        let now = self.clock.now();
        let page = self
            .with_conn(async |conn| {
                let (actor, page) = tokio::join!(
                    self.actor_on(conn, caller),
                    db::sessions::list(conn, caller.user_id, before, now, limit),
                );
                actor?;
                caller.require_person()?;
                Ok(page?)
            })
            .await?;
        Ok(page.map(|session| {
            let current = caller.credential == Credential::Session(session.id);
            SessionView { session, current }
        }))
    }

    /// Ends one of the caller's sessions, with its access tokens.
    ///
    /// # Errors
    /// `insufficientScope` for an API key; `notFound` for one that is over, or somebody else's.
    pub async fn session_end(&self, caller: &Caller, id: Uuid) -> Result<()> {
        self.write_as(
            caller,
            |_| caller.require_person(),
            async |conn, _, now| {
                if !db::sessions::end_one(conn, caller.user_id, id, now).await? {
                    return Err(RefusalCode::NotFound.into());
                }
                let ended = NewEvent::new(EventAction::SessionEnded, SubjectKind::Session, id);
                Ok(((), Some(ended)))
            },
        )
        .await
    }
}
