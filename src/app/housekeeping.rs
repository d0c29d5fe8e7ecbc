//! What the service does while nobody asks: it writes down what was refused, and deletes what is over.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::{MissedTickBehavior, interval};

use super::{App, Error, Result};
use crate::db;
use crate::db::housekeeping::Expired;

/// How often refused attempts are written down.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// How often what is over is deleted.
const DELETE_EVERY: Duration = Duration::from_secs(600);

/// Rows that are deleted at once, unless that takes too long.
const BATCH: i64 = 1000;

/// For how long something is kept when it is over. API keys stay, expired or not: their owner's list tells of them.
fn kept_for(what: Expired) -> TimeDelta {
    match what {
        Expired::IdempotencyKeys => TimeDelta::hours(24),
        Expired::RefusedAttempts => TimeDelta::days(90),
        Expired::Sessions | Expired::Invitations => TimeDelta::days(30),
    }
}

impl App {
    /// Deletes what is over, and answers how many rows that were.
    ///
    /// # Errors
    /// None but those of the database; what one of a kind fails with keeps no other from being deleted.
    pub async fn delete_expired(&self) -> Result<usize> {
        let (mut deleted, mut failed) = (0, None);
        for what in Expired::ALL {
            if let Err(error) = self.delete_expired_of(what, &mut deleted).await {
                failed = Some(error);
            }
        }
        failed.map_or(Ok(deleted), Err)
    }

    /// Deletes one kind in batches. One that is too large for its time is tried again as a smaller one: what hangs on
    /// a row may be much.
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
                    tracing::debug!(%cause, limit, ?what, "too many at once");
                    limit /= 10;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Keeps house until it is told to stop. A database that is away is no reason to.
    pub async fn run_housekeeping(&self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let (mut write, mut delete) = (interval(WRITE_EVERY), interval(DELETE_EVERY));
        write.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                () = &mut stop => break,
                // What was taken to be written is written: only deleting is left half-way.
                _ = write.tick() => self.write_refused().await,
                _ = delete.tick() => tokio::select! {
                    () = &mut stop => break,
                    done = self.delete_expired() => done.map(|deleted| tracing::debug!(deleted, "tidied up")),
                },
            };
            if let Err(error) = done {
                tracing::warn!(%error, "the house could not be kept");
            }
        }
        if let Err(error) = self.write_refused().await {
            tracing::warn!(%error, "the last refused attempts are not written down");
        }
    }
}
