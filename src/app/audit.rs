//! Walks the chains of events and names the first that breaks.
//!
//! A chain can be long, and is read in slices: no more of it is ever in memory, and no statement, connection or lock
//! is held while the next one waits. It is verified up to the head as it stood at the beginning, so that what is
//! written meanwhile does not matter.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::caller::Caller;
use super::{App, Error, Result};
use crate::db;
use crate::domain::audit::{Break, Followed};
use crate::domain::refusal::RefusalCode;

/// Events that are read at once.
const SLICE: i64 = 500;

/// Verifications that go on at once: each takes a connection for as long as a slice takes, and a core to hash it.
const MAX_VERIFIERS: usize = 2;

/// How often a slice is asked for.
const ATTEMPTS: usize = 4;

/// Who verifies: so many at once, and each user once, so that nobody takes the places of all.
#[derive(Debug, Clone, Default)]
pub(super) struct Verifiers(Arc<Mutex<HashSet<Uuid>>>);

impl Verifiers {
    fn acquire(&self, user_id: Uuid) -> Option<VerifierSlot> {
        let mut who = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (who.len() < MAX_VERIFIERS && who.insert(user_id))
            .then(|| VerifierSlot { verifiers: self.clone(), user_id })
    }
}

/// The place of somebody who verifies, until they are done.
struct VerifierSlot {
    verifiers: Verifiers,
    user_id: Uuid,
}

impl Drop for VerifierSlot {
    fn drop(&mut self) {
        self.verifiers.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.user_id);
    }
}

/// What became of a chain when it was walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// How many events hold, from the first on.
    pub events: i64,
    /// The hash that the head had when the walk began, in hexadecimal.
    pub head_hash: String,
    /// Where it breaks, if it does.
    pub first_broken: Option<Break>,
}

impl App {
    /// Verifies the chain of a task force that the caller may read.
    ///
    /// # Errors
    /// As [`App::access`]; `unavailable` while as many verifications as may are under way, or one by this user.
    pub async fn audit_verification(&self, caller: &Caller, task_force_id: Uuid) -> Result<Verification> {
        self.access(caller, task_force_id).await?;
        let _place = self
            .verifiers
            .acquire(caller.user_id)
            .ok_or_else(|| Error::Unavailable("too many verifications are under way".to_owned()))?;
        self.verify_chain(task_force_id).await
    }

    /// Verifies the chain of a task force, for whoever holds the database.
    ///
    /// # Errors
    /// `notFound`; `unavailable` where the database does not answer.
    pub async fn verify_chain(&self, task_force_id: Uuid) -> Result<Verification> {
        let end = async |conn: &mut db::Conn| Ok(db::events::end(conn, task_force_id).await?);
        let end = self.with_conn_retrying(end).await?;
        let end = end.ok_or(ProblemCode::NotFound)?;
        let mut followed = Followed::default();
        let first_broken = loop {
            let after = followed.seq;
            let slice = async |conn: &mut db::Conn| {
                Ok(db::events::stored(conn, task_force_id, after, end.seq, SLICE).await?)
            };
            let slice = self.with_conn_retrying(slice).await?;
            if slice.is_empty() {
                break followed.end(&end).err();
            }
            if let Err(broken) = slice.iter().try_for_each(|event| followed.follow(event)) {
                break Some(broken);
            }
            // Hashing is work: others have their turn between two slices.
            tokio::task::yield_now().await;
        };
        Ok(Verification { events: followed.seq, head_hash: hex::encode(&end.hash), first_broken })
    }

    /// Lends a connection for a step of something long, which shall not have been in vain because the pool or the
    /// database was busy for a moment.
    async fn with_conn_retrying<T>(&self, work: impl AsyncFn(&mut db::Conn) -> Result<T>) -> Result<T> {
        for _ in 1..ATTEMPTS {
            match self.with_conn(async |conn| work(conn).await).await {
                Err(Error::Unavailable(cause)) => tracing::debug!(%cause, "the walk goes on"),
                done => return done,
            }
        }
        self.with_conn(async |conn| work(conn).await).await
    }

    /// The task forces after one, some at a time, for whoever holds the database.
    ///
    /// # Errors
    /// None but those of the database.
    pub async fn chains(&self, after: Option<Uuid>) -> Result<Vec<Uuid>> {
        self.with_conn_retrying(async |conn| Ok(db::events::chains(conn, after, SLICE).await?)).await
    }
}
