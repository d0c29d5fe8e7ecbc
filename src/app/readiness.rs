//! Readiness of the service for requests.

use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::{App, Error, Result};
use crate::db;
use crate::db::schema_migrations::SchemaState;

/// The age up to which a result is reused. Anybody may ask for it, so the number of requests must not matter to the
/// database.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The time after a write that failed for want of space in which the service is not ready, unless a later write was
/// committed.
const FAILING_FOR: Duration = Duration::from_secs(10);

/// The interval at which the service tries to write while no write has failed.
const TRY_WRITE_EVERY: Duration = Duration::from_secs(60);

/// The parts of readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceReadiness {
    /// The database answers.
    pub database: bool,
    /// Every migration of this version has been applied.
    pub migrations: bool,
    /// The database has space for changes.
    pub writes: bool,
}

/// A result of the checks.
#[derive(Debug, Clone, Copy)]
struct Found {
    at: Instant,
    readiness: ServiceReadiness,
    /// The instant of the last attempt to write that succeeded.
    written_at: Option<Instant>,
}

/// The last result and its time. Concurrent requests wait for the same result.
#[derive(Debug, Clone, Default)]
pub(super) struct LastReadiness(Arc<Mutex<Option<Found>>>);

/// The instant of the last write, if it failed for want of space. Readiness does not wait for the next attempt of its
/// own to learn of it.
#[derive(Debug, Clone, Default)]
pub(super) struct LastWrite(Arc<SyncMutex<Option<Instant>>>);

impl LastWrite {
    fn failed_at(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, failed_at: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = failed_at;
    }

    /// Notes that a change was committed.
    pub(super) fn note_success(&self) {
        self.set(None);
    }

    /// Notes a write that failed.
    pub(super) fn note_error(&self, error: &Error) {
        if matches!(error, Error::OutOfSpace(_)) {
            self.set(Some(Instant::now()));
        }
    }
}

impl App {
    /// The readiness of the service, at most a second old.
    pub async fn readiness(&self) -> ServiceReadiness {
        let mut last = self.last_readiness.0.lock().await;
        if let Some(found) = *last
            && found.at.elapsed() < MAX_AGE
        {
            return found.readiness;
        }
        let schema = self.with_conn(async |conn| Ok(db::schema_migrations::state(conn).await?)).await;
        // A newer version that migrates the database takes over in a moment; until then this one serves.
        let migrated = schema.map(|state| state != SchemaState::Behind);
        let failed_at = self.last_write.failed_at();
        let written_at = match last.and_then(|found| found.written_at) {
            Some(at) if failed_at.is_none() && at.elapsed() < TRY_WRITE_EVERY => Some(at),
            _ => self.try_to_write().await.ok().map(|()| Instant::now()),
        };
        let is_failing = failed_at.is_some_and(|at| at.elapsed() < FAILING_FOR);
        if written_at.is_some() && !is_failing {
            self.last_write.note_success();
        }
        let readiness = ServiceReadiness {
            database: migrated.is_ok(),
            migrations: migrated.unwrap_or(false),
            writes: written_at.is_some() && !is_failing,
        };
        *last = Some(Found { at: Instant::now(), readiness, written_at });
        readiness
    }

    /// Writes some bytes, and takes them back.
    ///
    /// # Errors
    /// The error that a change would have.
    async fn try_to_write(&self) -> Result<()> {
        let now = self.clock.now();
        let tried = self.rolled_back(async |conn| Ok(db::idempotency::try_to_write(conn, now).await?)).await;
        if let Err(error) = &tried {
            tracing::warn!(%error, "the service cannot write");
        }
        tried
    }
}
