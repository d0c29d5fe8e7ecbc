//! Retries and trials: a request with an `Idempotency-Key` is done once and answered the same again, and one that
//! only tries keeps nothing.
//!
//! The answer has to be kept in the transaction of the change that it answers, or a crash between the two would
//! lose one of them. What an answer looks like is known above this floor. So the write door leaves the transaction
//! of such a request open, in its [`Once`]; whoever has written the answer down hands it to [`App::keep`], which
//! keeps it and commits. Where nobody does, the connection is closed, and the change never happened.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use super::caller::Caller;
use super::write::commit;
use super::connection::{ANSWER_WITHIN, Lease};
use super::{App, Error, Result};
use crate::db::idempotency::{Answer, Claim};
use crate::db::{self, Conn};
use crate::domain::refusal::Code;

/// How long a key stands for the request that it came with.
pub const KEPT: TimeDelta = TimeDelta::hours(24);

/// What becomes of a change that goes through.
#[derive(Debug, Clone, Default)]
pub enum Intent {
    /// It is kept.
    #[default]
    Do,
    /// It is kept together with its answer, unless that was done before.
    Once(Arc<Once>),
    /// Nothing is kept: somebody wants to know whether it would go through.
    Try,
}

/// A request that is to be done once, and how far it has come.
#[derive(Debug)]
pub struct Once {
    claim: Claim,
    progress: Mutex<Progress>,
}

#[derive(Default)]
enum Progress {
    /// Nothing is done yet.
    #[default]
    Begun,
    /// It is done and waits for its answer; the transaction is open.
    Done(Box<Lease>),
    /// It was done and answered by an earlier request.
    Answered(Answer),
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Begun => "Begun",
            Self::Done(_) => "Done",
            Self::Answered(_) => "Answered",
        })
    }
}

impl Once {
    /// A request that has just come in.
    pub fn new(claim: Claim) -> Self {
        Self { claim, progress: Mutex::default() }
    }

    /// What an earlier request with the same key and body was answered.
    pub fn replayed(&self) -> Option<Answer> {
        match &*self.progress() {
            Progress::Answered(answer) => Some(answer.clone()),
            _ => None,
        }
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hold(&self, lease: Lease) {
        *self.progress() = Progress::Done(Box::new(lease));
    }

    fn take(&self) -> Option<Lease> {
        match std::mem::take(&mut *self.progress()) {
            Progress::Done(lease) => Some(*lease),
            _ => None,
        }
    }
}

impl App {
    /// Waits until no other request with the same key is under way; the first thing in a transaction.
    ///
    /// # Errors
    /// `idempotencyKeyInUse` when the other takes too long.
    pub(super) async fn enter(&self, conn: &Conn, caller: &Caller) -> Result<()> {
        let Intent::Once(once) = &caller.intent else { return Ok(()) };
        db::idempotency::enter(conn, &once.claim).await.map_err(|error| match Error::from(error) {
            Error::Unavailable(cause) if cause.contains("lock timeout") => Code::IdempotencyKeyInUse.into(),
            error => error,
        })
    }

    /// Claims the key of a request, once its caller is known to have the right.
    ///
    /// # Errors
    /// [`Error::Replayed`] where the request was answered before; `idempotencyKeyReused` for another body.
    pub(super) async fn claim(&self, conn: &Conn, caller: &Caller) -> Result<()> {
        let Intent::Once(once) = &caller.intent else { return Ok(()) };
        let now = self.clock.now();
        let Some(earlier) = db::idempotency::claim(conn, &once.claim, now - KEPT, now).await? else {
            return Ok(());
        };
        if earlier.fingerprint != once.claim.fingerprint {
            return Err(Code::IdempotencyKeyReused.into());
        }
        *once.progress() = Progress::Answered(earlier.answer);
        Err(Error::Replayed)
    }

    /// Keeps the answer to a request with its change, and commits both.
    ///
    /// # Errors
    /// What the commit fails with; then nothing was changed, as far as the service knows.
    pub async fn keep(&self, once: &Once, answer: &Answer) -> Result<()> {
        let mut lease =
            once.take().ok_or_else(|| Error::internal("a request with a key left nothing open"))?;
        let kept = async {
            let conn = lease.conn()?;
            db::idempotency::answer(conn, &once.claim, answer).await?;
            commit(conn).await
        };
        let kept = tokio::time::timeout(ANSWER_WITHIN, kept).await;
        match kept {
            Ok(Ok(())) => {
                lease.give_back();
                Ok(())
            }
            // The lease closes the connection.
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::Unavailable("the database does not answer".to_owned())),
        }
    }

    /// Undoes what a request with a key has left open.
    pub fn undo(&self, once: &Once) {
        drop(once.take());
    }
}
