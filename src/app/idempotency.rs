//! Requests with an `Idempotency-Key`: each is executed once, and every retry gets the same response.
//!
//! The response has to be stored in the transaction of the change that it reports, or a crash between the two would
//! lose one of them. The form of a response is known only in `http/`, above this floor. So the write transaction of
//! such a request is left open in its [`IdempotentRequest`]; `http/` passes the finished response to
//! [`App::store_response`], which stores it and commits. Without a stored response, the connection is closed and the
//! change is rolled back.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::connection::{ConnectionGuard, DATABASE_TIMEOUT};
use super::wakes::Wake;
use super::{App, Error, Result};
use crate::db::idempotency::{Claim, StoredResponse};
use crate::db::{self, Conn};
use crate::domain::refusal::RefusalCode;

/// The time for which a key and its response are stored.
pub const KEY_LIFETIME: TimeDelta = TimeDelta::hours(24);

/// The end of the write transaction of a request that is not refused.
#[derive(Debug, Clone, Default)]
pub enum CommitMode {
    /// The transaction is committed.
    #[default]
    Commit,
    /// The transaction is committed together with the response, unless an earlier request with the same key did so.
    Idempotent(Arc<IdempotentRequest>),
    /// The transaction is rolled back: the caller asks only whether the change would be possible.
    DryRun,
}

/// A request with an `Idempotency-Key`, and the progress of its execution.
#[derive(Debug)]
pub struct IdempotentRequest {
    claim: Claim,
    progress: Mutex<Progress>,
}

#[derive(Default)]
enum Progress {
    /// The use case has not finished.
    #[default]
    Begun,
    /// The use case has finished; its transaction is open and waits for the response. Those who wait for these ids are
    /// woken after the commit.
    AwaitsResponse(Box<ConnectionGuard>, Vec<Wake>),
    /// An earlier request with the same key was executed; this is its response.
    Replayed(StoredResponse),
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Begun => "Begun",
            Self::AwaitsResponse(..) => "AwaitsResponse",
            Self::Replayed(_) => "Replayed",
        })
    }
}

impl IdempotentRequest {
    /// A request that has just come in.
    pub fn new(claim: Claim) -> Self {
        Self { claim, progress: Mutex::default() }
    }

    /// The response to an earlier request with the same key and body, if there was one.
    pub fn replayed(&self) -> Option<StoredResponse> {
        match &*self.progress() {
            Progress::Replayed(response) => Some(response.clone()),
            _ => None,
        }
    }

    /// Waits until no other request with the same key is being executed; the first statement of a transaction.
    ///
    /// # Errors
    /// `idempotencyKeyInUse` when the other request takes too long.
    pub(super) async fn lock_key(&self, conn: &Conn) -> Result<()> {
        db::idempotency::lock_key(conn, &self.claim).await.map_err(|error| match Error::from(error) {
            Error::Unavailable(cause) if cause.contains("lock timeout") => {
                RefusalCode::IdempotencyKeyInUse.into()
            }
            error => error,
        })
    }

    /// Claims the key, once the caller is known to have the right.
    ///
    /// # Errors
    /// [`Error::Replayed`] if an earlier request with the key was executed; `idempotencyKeyReused` if its body was
    /// another.
    pub(super) async fn claim_key(&self, conn: &Conn, now: DateTime<Utc>) -> Result<()> {
        let Some(earlier) = db::idempotency::claim_key(conn, &self.claim, now - KEY_LIFETIME, now).await?
        else {
            return Ok(());
        };
        if earlier.fingerprint != self.claim.fingerprint {
            return Err(RefusalCode::IdempotencyKeyReused.into());
        }
        *self.progress() = Progress::Replayed(earlier.response);
        Err(Error::Replayed)
    }

    /// Keeps the open transaction until the response is there.
    pub(super) fn await_response(&self, guard: ConnectionGuard, wakes: Vec<Wake>) {
        *self.progress() = Progress::AwaitsResponse(Box::new(guard), wakes);
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_transaction(&self) -> Option<(ConnectionGuard, Vec<Wake>)> {
        match std::mem::take(&mut *self.progress()) {
            Progress::AwaitsResponse(guard, wakes) => Some((*guard, wakes)),
            _ => None,
        }
    }
}

impl App {
    /// Stores the response to a request in the transaction of its change, and commits both.
    ///
    /// # Errors
    /// The error of the commit; then nothing was changed, as far as the service knows.
    pub async fn store_response(&self, request: &IdempotentRequest, response: &StoredResponse) -> Result<()> {
        let (mut guard, wakes) = request
            .take_transaction()
            .ok_or_else(|| Error::internal("a request with a key left no transaction open"))?;
        let storing = async {
            db::idempotency::store_response(guard.conn()?, &request.claim, response).await?;
            guard.commit().await
        };
        let stored = tokio::time::timeout(DATABASE_TIMEOUT, storing).await;
        match stored {
            Ok(Ok(())) => {
                self.last_write.note_success();
                guard.release();
                self.live.wake(wakes);
                Ok(())
            }
            // Dropping the guard closes the connection, and the server rolls back.
            Ok(Err(error)) => {
                self.last_write.note_error(&error);
                Err(error)
            }
            Err(_) => Err(Error::Unavailable("the database does not answer".to_owned())),
        }
    }

    /// Rolls back the transaction that a request has left open.
    pub fn roll_back(&self, request: &IdempotentRequest) {
        drop(request.take_transaction());
    }
}
