//! Reminders of what is due: of votes that end, and of activities and conditions that fall due or are overdue.
//!
//! Each process looks once a minute at the work on the days of the task forces (`domain/reminder.rs`). A reminder is
//! claimed by its row in the transaction that tells the people: of several processes one reminds, once, and a process that
//! is killed half-way has reminded nobody.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::{App, Result};
use crate::db;
use crate::db::notifications::NewNotification;
use crate::db::reminders::{DueWork, RemindedTaskForce};
use crate::domain::event::Subject;
use crate::domain::notification::{NotificationDetails, NotificationKind};
use crate::domain::reminder::{local, reminded_days, was_open_before};
use crate::domain::working_week::WorkingWeek;

/// The interval at which work is looked for that people are to be reminded of.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The most work that one look finds. The next look follows at once if there may be more.
const BATCH: usize = 500;

/// The notifications of one reminder.
fn notifications(work: &DueWork, at: chrono::DateTime<chrono::Utc>) -> Vec<NewNotification> {
    let details = NotificationDetails {
        due_date: work.ends_at.is_none().then_some(work.day),
        ends_at: work.ends_at,
        ..NotificationDetails::default()
    };
    let new = |user_id: &Uuid| NewNotification {
        user_id: *user_id,
        kind: work.kind,
        task_force_id: Some(work.task_force_id),
        subject: Subject { kind: work.subject_kind, id: work.subject_id },
        occasion: format!("due {}", work.day),
        actor_id: None,
        details: details.clone(),
        at,
    };
    work.user_ids.iter().map(new).collect()
}

impl App {
    /// Reminds people of what is due now. Returns the number of things that they are reminded of, and whether there may
    /// be more.
    ///
    /// # Errors
    /// Errors of the database, after the task forces that could be served: no task force keeps others from their reminders.
    pub async fn remind(&self) -> Result<(usize, bool)> {
        let now = self.clock.now();
        let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let (task_forces, found) = self
            .with_conn(async |conn| {
                let task_forces = db::reminders::task_forces(conn).await?;
                let days: Vec<_> = task_forces
                    .iter()
                    .filter_map(|one| {
                        Some((
                            one.id,
                            reminded_days(local(now, &one.time_zone), WorkingWeek(&one.working_week))?,
                        ))
                    })
                    .collect();
                let found = db::reminders::due_work(conn, &days, now, limit).await?;
                Ok((task_forces, found))
            })
            .await?;
        let (may_have_more, mut by_task_force) =
            (found.len() == BATCH, BTreeMap::<Uuid, Vec<DueWork>>::new());
        for work in found {
            by_task_force.entry(work.task_force_id).or_default().push(work);
        }
        let (mut reminded, mut failed) = (0, None);
        for task_force in &task_forces {
            let Some(work) = by_task_force.remove(&task_force.id) else { continue };
            match self.remind_task_force(task_force, &work).await {
                Ok(count) => reminded += count,
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok((reminded, may_have_more)), Err)
    }

    /// Reminds the members of one task force, in one transaction.
    async fn remind_task_force(&self, task_force: &RemindedTaskForce, work: &[DueWork]) -> Result<usize> {
        let now = self.clock.now();
        self.in_transaction(async |conn| {
            let claimed = db::reminders::claim(conn, work, now).await?;
            let is_worth_it = |one: &&DueWork| {
                let (zone, week) = (&task_force.time_zone, WorkingWeek(&task_force.working_week));
                one.kind != NotificationKind::VoteEnding
                    || one.opened_at.is_some_and(|at| was_open_before(one.day, local(at, zone), week))
            };
            let reminded: Vec<_> = claimed.iter().filter(is_worth_it).collect();
            let new: Vec<_> = reminded.iter().flat_map(|one| notifications(one, now)).collect();
            if !new.is_empty() {
                db::notifications::insert(conn, &new).await?;
            }
            Ok(reminded.len())
        })
        .await
    }

    /// Reminds people of what is due, for ever.
    pub(super) async fn run_reminders(&self) {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            loop {
                match self.remind().await {
                    Ok((_, true)) => {}
                    Ok((_, false)) => break,
                    Err(error) => {
                        tracing::warn!(%error, "people could not be reminded of all that is due yet");
                        break;
                    }
                }
            }
        }
    }
}
