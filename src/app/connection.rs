//! Connections on loan: for so long and no longer, and never given back half-used.

use std::time::Duration;

use uuid::Uuid;

use super::{App, Error, Result};
use crate::db::Conn;
use crate::db::pool::{PATIENCE, Pooled};

/// How long the database may take over one use of it, the wait for a connection included. A server that has gone
/// silent is a database that is away: `statement_timeout` ends what a living server does too long, not this.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(1900);

/// Writers of one task force that may hold or wait for a connection at once. They work one after the other anyway,
/// behind its lock; without this, a busy task force would take every connection from all others.
const WRITERS: usize = 2;

/// Task forces share this many gates, by their ids: enough that two busy ones seldom meet.
const GATES: usize = 256;

/// Who may come to the write door.
#[derive(Debug)]
pub(super) struct Gates(Vec<tokio::sync::Semaphore>);

impl Default for Gates {
    fn default() -> Self {
        Self((0..GATES).map(|_| tokio::sync::Semaphore::new(WRITERS)).collect())
    }
}

impl Gates {
    /// Waits for a place before this task force's door.
    pub(super) async fn enter(&self, task_force_id: Uuid) -> Result<tokio::sync::SemaphorePermit<'_>> {
        // The last bytes of an id are random in every version that we meet.
        let [.., high, low] = *task_force_id.as_bytes();
        let at = usize::from(u16::from_be_bytes([high, low])) % GATES;
        let gate = self.0.get(at).ok_or_else(|| Error::internal("no such gate"))?;
        match tokio::time::timeout(PATIENCE, gate.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Error::Unavailable("too many wait for this task force's lock".to_owned())),
        }
    }
}

/// A connection that is closed unless it is given back: whoever borrowed it may have left in the middle of a
/// statement or a transaction, and nobody else shall wait for that, or for its locks.
pub(super) struct Lease(Option<Pooled>);

impl Lease {
    pub(super) fn conn(&mut self) -> Result<&mut Conn> {
        self.0.as_deref_mut().ok_or_else(|| Error::internal("given back"))
    }

    pub(super) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            drop(Pooled::take(conn));
        }
    }
}

impl App {
    /// Lends a connection for one use of the database.
    ///
    /// # Errors
    /// `unavailable` when none is to be had, or the work is not done in time; otherwise what the work answers.
    pub(super) async fn lend<T>(&self, work: impl AsyncFnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let (answer, lease) = self.lend_out(work).await?;
        lease.give_back();
        Ok(answer)
    }

    /// The same, for work that is not over: the connection comes with its answer.
    ///
    /// # Errors
    /// As [`App::lend`]; then the connection is given back.
    pub(super) async fn lend_out<T>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T>,
    ) -> Result<(T, Lease)> {
        let lent = async {
            let mut lease = Lease(Some(self.pool.get().await?));
            match work(lease.conn()?).await {
                Ok(answer) => Ok((answer, lease)),
                Err(error) => {
                    lease.give_back();
                    Err(error)
                }
            }
        };
        match tokio::time::timeout(ANSWER_WITHIN, lent).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::Unavailable("the database does not answer".to_owned())),
        }
    }
}
