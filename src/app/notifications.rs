//! Notifications: people are told of the events that concern them.
//!
//! One worker of each process follows the events. It claims a task force, reads the events after the cursor of the task force,
//! inserts a notification for each person whom an event concerns, moves the cursor, and commits all of that at once: of
//! several processes, one tells, and a process that is killed half-way has told nothing.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::{MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use super::caller::Caller;
use super::follow::POLL_EVERY;
use super::{App, Error, Result};
use crate::db;
use crate::db::notifications::NewNotification;
use crate::db::notifications::fan_out::{self, FoundEvent};
use crate::db::notifications::reading::{self, Notification, NotificationFilter};
use crate::db::page::{Page, Window};
use crate::domain::event::{EventAction, Subject, SubjectKind};
use crate::domain::notification::rules::{People, concerns_people, told};
use crate::domain::notification::{NotificationDetails, NotificationKind};
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal};
use crate::domain::rights::Action;

/// The most events that people are told of in one transaction.
pub const BATCH: i64 = 200;

/// The most task forces that one comparison of the cursors finds.
const BEHIND: i64 = 1000;

/// The age at which an event that cannot be read is passed over. A process of a later version may be able to read the event,
/// and is there soon while processes are replaced one by one.
const UNREADABLE_FOR: TimeDelta = TimeDelta::hours(1);

/// The pause after an error of the database.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The time for which notifications are kept. Nobody is told of earlier events.
pub const KEPT: TimeDelta = TimeDelta::days(90);

impl App {
    /// Tells people of events, for ever.
    pub async fn run_notifications(&self) {
        let mut follower = self.follow();
        let mut poll = interval(POLL_EVERY);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut waiting, mut limit) = (BTreeSet::new(), BATCH);
        loop {
            let found = tokio::select! {
                ids = follower.next() => Ok(ids),
                _ = poll.tick() => self.task_forces_behind().await,
                () = std::future::ready(()), if !waiting.is_empty() => Ok(BTreeSet::new()),
            };
            let told = match found {
                Ok(ids) => {
                    waiting.extend(ids);
                    self.tell_some(&mut waiting, limit).await
                }
                Err(error) => Err(error),
            };
            let failed_with = std::mem::replace(&mut limit, BATCH);
            if let Err(error) = told {
                tracing::warn!(%error, "people could not be told of some new events yet");
                // A batch that takes too long is tried again with fewer events.
                limit = (failed_with / 4).max(1);
                sleep(RETRY_AFTER).await;
            }
        }
    }

    async fn task_forces_behind(&self) -> Result<BTreeSet<Uuid>> {
        let behind = async |conn: &mut db::Conn| Ok(fan_out::behind(conn, BEHIND).await?);
        Ok(self.with_conn(behind).await?.into_iter().collect())
    }

    /// Tells people of a batch of events of each of these task forces, and leaves those that have more, or that failed.
    async fn tell_some(&self, waiting: &mut BTreeSet<Uuid>, limit: i64) -> Result<()> {
        let mut result = Ok(());
        for task_force_id in waiting.clone() {
            let told = match self.tell_batch(task_force_id, limit).await {
                Err(Error::Internal(_)) => self.tell_next(task_force_id).await,
                told => told,
            };
            match told {
                Ok(true) => {}
                Ok(false) => {
                    waiting.remove(&task_force_id);
                }
                Err(error) => result = Err(error),
            }
        }
        result
    }

    /// Tells people of the next event of a task force. An event that the service cannot read is passed over after
    /// [`UNREADABLE_FOR`]: one event must not keep people from being told of all later ones. Returns whether to go on.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn tell_next(&self, task_force_id: Uuid) -> Result<bool> {
        let cause = match self.tell_batch(task_force_id, 1).await {
            Err(Error::Internal(cause)) => cause,
            told => return told,
        };
        let before = self.clock.now() - UNREADABLE_FOR;
        let passed = self
            .in_transaction(async |conn| {
                let Some(after) = fan_out::claim(conn, task_force_id).await? else { return Ok(None) };
                if !fan_out::is_next_unreadable(conn, task_force_id, after).await? {
                    return Ok(None);
                }
                Ok(fan_out::pass_over(conn, task_force_id, before).await?)
            })
            .await?;
        tracing::error!(%task_force_id, cause, passed, "people cannot be told of an event");
        Ok(passed.is_some())
    }

    /// Tells people of the next events of a task force, at most so many; returns whether there may be more.
    ///
    /// # Errors
    /// Errors of the database. Nothing was told then.
    pub async fn tell_batch(&self, task_force_id: Uuid, limit: i64) -> Result<bool> {
        self.in_transaction(async |conn| {
            // Another process that has claimed the task force tells of these events, too.
            let Some(after) = fan_out::claim(conn, task_force_id).await? else { return Ok(false) };
            let events = fan_out::next_events(conn, task_force_id, after, limit).await?;
            let Some(last) = events.last() else { return Ok(false) };
            let since = self.clock.now() - KEPT;
            let concerns =
                |event: &&FoundEvent| event.at >= since && concerns_people(event.occurrence.action);
            let concerning: Vec<_> = events.iter().filter(concerns).collect();
            if !concerning.is_empty() {
                tell(conn, task_force_id, &concerning).await?;
            }
            fan_out::advance(conn, task_force_id, last.seq).await?;
            Ok(i64::try_from(events.len()).is_ok_and(|count| count >= limit))
        })
        .await
    }
}

impl App {
    /// A page of the caller's notifications before a number, newest first, and the number of those that are unread.
    ///
    /// # Errors
    /// `unauthenticated`; `insufficientScope` for a key of a single task force.
    pub async fn notifications_list(
        &self,
        caller: &Caller,
        filter: &NotificationFilter,
        before: Option<i64>,
        window: Window,
    ) -> Result<(Page<Notification>, i64)> {
        let (_, found) = self
            .read_installation(caller, Action::ReadOwnAccount, async |conn| {
                tokio::try_join!(
                    reading::list(conn, caller.user_id, filter, before, window),
                    reading::unread(conn, caller.user_id),
                )
            })
            .await?;
        Ok(found)
    }

    /// Marks these notifications of the caller as read, and with `and_older` all notifications before the newest of them.
    /// Returns the number of those that are unread.
    ///
    /// # Errors
    /// `unknownReference` for an id that is no notification of the caller; `insufficientScope` for an API key.
    pub async fn notifications_mark_read(
        &self,
        caller: &Caller,
        ids: &[Uuid],
        and_older: bool,
    ) -> Result<i64> {
        self.write_own(caller, async |conn, now| {
            let known = reading::numbers(conn, caller.user_id, ids).await?;
            let is_unknown = |id: &Uuid| !known.iter().any(|(other, _)| other == id);
            let unknown = ids.iter().enumerate().filter(|(_, id)| is_unknown(id));
            let error = |(at, _)| FieldError::at(format!("/ids/{at}"), FieldErrorCode::UnknownReference);
            let errors: Vec<FieldError> = unknown.map(error).collect();
            if !errors.is_empty() {
                return Err(Refusal::because_of(errors).into());
            }
            let newest = known.iter().map(|(_, number)| *number).max();
            let up_to = newest.filter(|_| and_older);
            reading::mark_read(conn, caller.user_id, ids, up_to, now).await?;
            Ok(reading::unread(conn, caller.user_id).await?)
        })
        .await
    }
}

/// Tells people of events that concern people.
async fn tell(conn: &db::Conn, task_force_id: Uuid, events: &[&FoundEvent]) -> Result<()> {
    let subjects: Vec<_> = events.iter().map(|event| event.occurrence.subject).collect();
    let people = fan_out::people(conn, task_force_id, &subjects).await?;
    let new = notifications(task_force_id, events, &people);
    if !new.is_empty() {
        db::notifications::insert(conn, &new).await?;
    }
    let left = left_seats(events, &people);
    if !left.is_empty() {
        fan_out::forget_former_members(conn, task_force_id, &left).await?;
    }
    Ok(())
}

/// The notifications of these events. A request that assigns many activities to one person, such as an import, is told in
/// one notification.
fn notifications(task_force_id: Uuid, events: &[&FoundEvent], people: &People) -> Vec<NewNotification> {
    let mut new: Vec<NewNotification> = Vec::new();
    // The place of the first assignment of each request to each person, and the number of assignments.
    let mut assigned: HashMap<_, (usize, usize)> = HashMap::new();
    for event in events {
        for (user_id, kind) in told(&event.occurrence, people) {
            if kind == NotificationKind::ActivityAssigned {
                // Clients may send one id with several requests.
                let request = (&event.request_id, event.at, user_id);
                let (first, count) = assigned.entry(request).or_insert((new.len(), 0));
                *count += 1;
                if *count > 1 {
                    if let Some(first) = new.get_mut(*first) {
                        first.subject = Subject { kind: SubjectKind::TaskForce, id: task_force_id };
                        first.details =
                            NotificationDetails { count: Some(*count), ..NotificationDetails::default() };
                    }
                    continue;
                }
            }
            new.push(NewNotification {
                user_id,
                kind,
                task_force_id: Some(task_force_id),
                subject: event.occurrence.subject,
                occasion: format!("event {}", event.seq),
                actor_id: event.occurrence.actor_id,
                details: event.occurrence.details.clone(),
                at: event.at,
            });
        }
    }
    new
}

/// The users whose seats have ended by these events.
fn left_seats(events: &[&FoundEvent], people: &People) -> Vec<Uuid> {
    let ended = events.iter().map(|event| &event.occurrence);
    let ended = ended.filter(|event| event.action == EventAction::MemberEnded);
    let seats = ended.filter_map(|event| people.seats.iter().find(|seat| seat.member_id == event.subject.id));
    seats.map(|seat| seat.user_id).collect()
}
