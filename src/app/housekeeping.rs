//! Background work: storing refused attempts and accesses through share links, rendering reports that were
//! put before the council, deleting expired rows, freeing memory of hashing.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::{MissedTickBehavior, interval};

use super::{App, Error, Result};
use crate::db;
use crate::db::housekeeping::Expired;

/// The interval at which refused attempts and accesses through share links are stored.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// The time after which the memory of hashing is freed if no password was hashed.
const RELEASE_EVERY: Duration = Duration::from_secs(60);

/// The interval at which expired rows are deleted.
const DELETE_EVERY: Duration = Duration::from_secs(600);

/// The interval at which files of reports are stored that were put before the council.
const RENDER_EVERY: Duration = Duration::from_secs(10);

/// The most rows that one statement deletes. A statement that takes too long is repeated with fewer.
const BATCH: i64 = 1000;

/// The time for which expired rows are kept. Expired API keys are never deleted: their owner's list shows them.
fn kept_for(what: Expired) -> TimeDelta {
    match what {
        Expired::IdempotencyKeys | Expired::PageLinks | Expired::PasswordResets => TimeDelta::hours(24),
        Expired::RefusedAttempts => TimeDelta::days(90),
        Expired::Notifications | Expired::Reminders => super::notifications::KEPT,
        Expired::Sessions | Expired::Invitations | Expired::Emails => TimeDelta::days(30),
    }
}

impl App {
    /// Deletes expired rows, and returns their number.
    ///
    /// # Errors
    /// Errors of the database. An error with one kind of rows does not keep the other kinds from being deleted.
    pub async fn delete_expired(&self) -> Result<usize> {
        let (mut deleted, mut failed) = (0, None);
        for what in Expired::ALL {
            if let Err(error) = self.delete_expired_of(what, &mut deleted).await {
                failed = Some(error);
            }
        }
        failed.map_or(Ok(deleted), Err)
    }

    /// Deletes the expired rows of one kind in batches. A batch that takes too long is repeated with fewer rows: one
    /// row may have many others that depend on it.
    async fn delete_expired_of(&self, what: Expired, deleted: &mut usize) -> Result<()> {
        let before = self.clock.now() - kept_for(what);
        let mut limit = BATCH;
        loop {
            let batch =
                async |conn: &mut db::Conn| Ok(db::housekeeping::delete(conn, what, before, limit).await?);
            match self.with_conn(batch).await {
                Ok(batch) => {
                    *deleted += batch;
                    if i64::try_from(batch).is_ok_and(|batch| batch < limit) {
                        return Ok(());
                    }
                }
                Err(Error::Unavailable(cause)) if limit > 1 => {
                    tracing::debug!(%cause, limit, ?what, "a batch took too long");
                    limit /= 10;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Runs the background work until `stop`. Failures of the database do not end it.
    pub async fn run_housekeeping(&self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let (mut write, mut delete) = (interval(WRITE_EVERY), interval(DELETE_EVERY));
        let (mut release, mut render) = (interval(RELEASE_EVERY), interval(RENDER_EVERY));
        render.set_missed_tick_behavior(MissedTickBehavior::Delay);
        write.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                () = &mut stop => break,
                // What was taken from memory has to be stored, so `stop` interrupts only the deletion.
                _ = write.tick() => {
                    let (refused, accesses) = (self.write_refused().await, self.write_link_accesses().await);
                    refused.and(accesses)
                }
                _ = release.tick() => {
                    self.passwords.release_unused_memory();
                    Ok(())
                }
                _ = render.tick() => tokio::select! {
                    () = &mut stop => break,
                    done = self.store_report_files() => done.map(|stored| tracing::debug!(stored, "stored files of reports")),
                },
                _ = delete.tick() => tokio::select! {
                    () = &mut stop => break,
                    done = self.delete_expired() => done.map(|deleted| tracing::debug!(deleted, "deleted expired rows")),
                },
            };
            if let Err(error) = done {
                tracing::warn!(%error, "housekeeping failed");
            }
        }
        if let Err(error) = self.write_refused().await {
            tracing::warn!(%error, "the last refused attempts could not be stored");
        }
        if let Err(error) = self.write_link_accesses().await {
            tracing::warn!(%error, "the last accesses through share links could not be stored");
        }
    }
}
