//! Verification of the event chains.
//!
//! A chain can be long and is read in slices: only one slice is in memory at a time, and no statement, connection or
//! lock is held between slices. The chain is verified up to its head at the beginning; events that are appended
//! meanwhile are left out.

use uuid::Uuid;

use super::caller::Caller;
use super::{App, Error, Result};
use crate::db;
use crate::domain::audit::{Break, ChainVerifier};
use crate::domain::refusal::RefusalCode;

/// The events in a slice.
const SLICE: i64 = 500;

/// The most verifications at the same time: each holds a connection while it reads a slice, and keeps a core busy with
/// hashing.
pub(super) const MAX_VERIFIERS: usize = 2;

/// The number of attempts to read a slice.
const ATTEMPTS: usize = 4;

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The number of valid events from the first one on.
    pub events: i64,
    /// The hash of the head at the beginning of the verification, in hexadecimal.
    pub head_hash: String,
    /// The first break of the chain, if there is one.
    pub first_broken: Option<Break>,
}

impl App {
    /// Verifies the chain of a task force that the caller may read.
    ///
    /// # Errors
    /// As [`App::access`]; `unavailable` if the limit of verifications is reached, or this user has one in progress.
    pub async fn audit_verification(&self, caller: &Caller, task_force_id: Uuid) -> Result<Verification> {
        self.access(caller, task_force_id).await?;
        let _place = self
            .verifiers
            .try_acquire(caller.user_id)
            .ok_or_else(|| Error::Unavailable("too many verifications are under way".to_owned()))?;
        self.verify_chain(task_force_id).await
    }

    /// Verifies the chain of a task force for the operator, without a caller.
    ///
    /// # Errors
    /// `notFound`; `unavailable` if the database does not answer.
    pub async fn verify_chain(&self, task_force_id: Uuid) -> Result<Verification> {
        let head = async |conn: &mut db::Conn| Ok(db::events::head(conn, task_force_id).await?);
        let head = self.with_conn_retrying(head).await?;
        let head = head.ok_or(RefusalCode::NotFound)?;
        let mut verifier = ChainVerifier::default();
        let first_broken = loop {
            let after = verifier.seq;
            let slice = async |conn: &mut db::Conn| {
                Ok(db::events::stored(conn, task_force_id, after, head.seq, SLICE).await?)
            };
            let slice = self.with_conn_retrying(slice).await?;
            if slice.is_empty() {
                break verifier.check_head(&head).err();
            }
            if let Err(broken) = slice.iter().try_for_each(|event| verifier.verify_next(event)) {
                break Some(broken);
            }
            // Hashing keeps the thread busy: other tasks run between two slices.
            tokio::task::yield_now().await;
        };
        Ok(Verification { events: verifier.seq, head_hash: hex::encode(&head.hash), first_broken })
    }

    /// Runs one step of a long verification, and tries again if the pool or the database is busy.
    async fn with_conn_retrying<T>(&self, work: impl AsyncFn(&mut db::Conn) -> Result<T>) -> Result<T> {
        for _ in 1..ATTEMPTS {
            match self.with_conn(async |conn| work(conn).await).await {
                Err(Error::Unavailable(cause)) => tracing::debug!(%cause, "a slice is read again"),
                done => return done,
            }
        }
        self.with_conn(async |conn| work(conn).await).await
    }

    /// The next task forces in the order of ids, for the operator.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn chains(&self, after: Option<Uuid>) -> Result<Vec<Uuid>> {
        self.with_conn_retrying(async |conn| Ok(db::events::chains(conn, after, SLICE).await?)).await
    }
}
