//! The end of the time for voting: a vote that has not passed by then is returned, in a transaction of its own, by the first
//! process that notices. The worker sleeps until the next end; a request for the submission may come first.

use std::time::Duration;

use tokio::time::sleep;
use uuid::Uuid;

use super::submissions::{VoteEnd, close_vote};
use super::write::WriteTx;
use super::{App, Error, Result};
use crate::db;
use crate::db::submissions::Submission;
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::refusal::RefusalCode;
use crate::domain::voting_time::VotingTime;

/// The longest time between two looks at the ends: a vote that was opened meanwhile may end first.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// The shortest time between two looks.
const REST: Duration = Duration::from_millis(200);

/// The most votes that are ended after one look.
const BATCH: i64 = 100;

/// Returns the submission whose time for voting is over.
async fn return_if_over(tx: &mut WriteTx<'_>) -> Result<bool> {
    let Some(submission) = db::submissions::voting(tx.conn(), tx.task_force_id()).await? else {
        return Ok(false);
    };
    if submission.is_voting(tx.now()) {
        return Ok(false);
    }
    close_vote(tx, &submission, VoteEnd::TimeOver).await?;
    Ok(true)
}

/// Pauses the time for voting: the task force is suspended.
pub(super) async fn pause(tx: &mut WriteTx<'_>) -> Result<()> {
    let now = tx.now();
    change(tx, |time| time.paused(now)).await
}

/// Lets the time for voting go on: the task force is active again.
pub(super) async fn resume(tx: &mut WriteTx<'_>) -> Result<()> {
    let now = tx.now();
    change(tx, |time| time.resumed(now)).await
}

async fn change(tx: &mut WriteTx<'_>, change: impl FnOnce(VotingTime) -> VotingTime) -> Result<()> {
    let Some(submission) = db::submissions::voting(tx.conn(), tx.task_force_id()).await? else {
        return Ok(());
    };
    let (before, after) = (submission.voting_time(), change(submission.voting_time()));
    if before == after {
        return Ok(());
    }
    let Submission { id, .. } = submission;
    db::submissions::set_voting_time(tx.conn(), tx.task_force_id(), id, after, tx.now()).await?;
    tx.record(
        NewEvent::new(EventAction::SubmissionUpdated, SubjectKind::Submission, id)
            .with_change("votingEndsAt", before.ends_at, after.ends_at)
            .with_change("votingPausedAt", before.paused_at, after.paused_at),
    );
    Ok(())
}

impl App {
    /// Returns the open submission of a task force if its time for voting is over, and tells whether it did.
    ///
    /// # Errors
    /// Errors of the database.
    pub(super) async fn end_voting(&self, task_force_id: Uuid) -> Result<bool> {
        self.write_as_service(task_force_id, return_if_over).await
    }

    /// Returns the open submission if a request was refused because its time for voting is over.
    pub(super) async fn end_voting_after<T>(&self, task_force_id: Uuid, result: &Result<T>) {
        let is_closed =
            matches!(result, Err(Error::Refused(refusal)) if refusal.code == RefusalCode::VotingClosed);
        if is_closed && let Err(error) = self.end_voting(task_force_id).await {
            tracing::warn!(%error, %task_force_id, "a vote could not be ended yet");
        }
    }

    /// Returns all submissions whose time for voting is over. Returns the time until the next end.
    ///
    /// # Errors
    /// Errors of the database. A vote that cannot be ended keeps no other vote from its end.
    pub async fn end_votes(&self) -> Result<Option<Duration>> {
        let ends = self.with_conn(async |conn| Ok(db::submissions::next_ends(conn, BATCH).await?)).await?;
        for (end, task_force_id) in ends {
            let left = (end - self.clock.now()).to_std().unwrap_or_default();
            if !left.is_zero() {
                return Ok(Some(left));
            }
            if let Err(error) = self.end_voting(task_force_id).await {
                tracing::warn!(%error, %task_force_id, "a vote could not be ended yet");
            }
        }
        Ok(None)
    }

    /// Ends votes whose time is over, for ever.
    pub(super) async fn run_ends_of_votes(&self) {
        loop {
            let left = self.end_votes().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the votes that end next could not be read");
                None
            });
            sleep(left.unwrap_or(LOOK_EVERY).clamp(REST, LOOK_EVERY)).await;
        }
    }
}
