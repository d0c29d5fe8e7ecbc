//! The caller's own sessions: listing and ending them.

use uuid::Uuid;

use super::caller::{Caller, Credential};
use super::{App, Result};
use crate::db;
use crate::db::page::{Page, Window};
use crate::db::sessions::RunningSession;
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;

/// A session as its user sees it.
#[derive(Debug)]
pub struct SessionView {
    pub session: RunningSession,
    /// Tells whether the request was sent in this session.
    pub current: bool,
}

/// Adds the number of ended sessions to the event that ended them.
pub(super) fn with_sessions_ended(new_event: NewEvent, ended: usize) -> NewEvent {
    new_event.with_change("sessionsEnded", None::<()>, (ended > 0).then_some(ended))
}

impl App {
    /// A page of the caller's running sessions, newest first. Sessions of single sign-on are kept by the issuer.
    ///
    /// # Errors
    /// `insufficientScope` for an API key.
    pub async fn sessions_list(
        &self,
        caller: &Caller,
        before: Option<i64>,
        window: Window,
    ) -> Result<Page<SessionView>> {
        let now = self.clock.now();
        let page = self
            .with_conn(async |conn| {
                let (actor, page) = tokio::join!(
                    self.actor_on(conn, caller),
                    db::sessions::list(conn, caller.user_id, before, now, window),
                );
                actor?.require(Action::ChangeOwnAccount)?;
                Ok(page?)
            })
            .await?;
        Ok(page.map(|session| {
            let current = caller.credential == Credential::Session(session.id);
            SessionView { session, current }
        }))
    }

    /// Ends one of the caller's sessions and its access tokens.
    ///
    /// # Errors
    /// `insufficientScope` for an API key; `notFound` for a session that has ended or belongs to another user.
    pub async fn session_end(&self, caller: &Caller, id: Uuid) -> Result<()> {
        self.write_as(
            caller,
            |actor| actor.require(Action::EndSession),
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
