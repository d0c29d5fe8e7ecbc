//! Live events: those who wait for events are woken when events were committed, in this process and in every other
//! process on the database.
//!
//! A commit wakes the waiting requests of its own process at once. One task tells the other processes, after the commit
//! and for many commits at a time, since a `NOTIFY` inside of a transaction makes all commits of the database wait for
//! each other. A wake-up that is lost delays an event by [`POLL_EVERY`] at most: the heads of the task forces that
//! somebody waits for are compared in one statement.
//!
//! Streams of one task force share their reads: one task reads the new events of a task force once and hands them to all
//! of its streams. A stream that falls behind reads by itself until it has caught up.

mod feed_stream;
mod lifetime;
mod stream;
mod topics;

pub use feed_stream::{FeedStream, FeedStreamItem};
pub use lifetime::EndReason;
pub use stream::{EventStream, LiveEvent, StreamItem};

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, interval, sleep, timeout_at};
use uuid::Uuid;

use self::topics::Topics;
use super::caller::Caller;
use super::events::{ReadEvent, UnsealedEvent};
use super::follow::Follower;
use super::wakes::Wake;
use super::{App, Error, Result};
use crate::db;
use crate::db::events::{EventFilter, EventOrder};
use crate::db::page::{Page, Window};
use crate::db::wakeups::{self, Listener};
use crate::util::places::{Place, Places};

/// The longest that a lost wake-up delays an event.
const POLL_EVERY: Duration = Duration::from_secs(15);

/// The pause between two notifications of other processes, and after an error of the database.
const NOTIFY_EVERY: Duration = Duration::from_millis(20);
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The most events that one statement reads.
const BATCH: i64 = 100;
const BATCH_BYTES: i64 = 256 * 1024;

/// The most task forces whose new events are read at the same time.
const READERS: usize = 4;

/// The most reads at the same time of streams that read by themselves and of lists that wait: a part of the connections,
/// so that other requests find one when a commit wakes everybody.
const TURNS: usize = 4;

/// The most streams and waiting requests of one user: a browser has a few tabs, a script a few task forces.
pub const WAITING_PER_USER: usize = 20;

/// The requests that wait for events.
#[derive(Clone)]
pub(super) struct Live {
    topics: Arc<Topics>,
    /// The wake-ups of which the other processes are not told yet.
    untold: Arc<Mutex<BTreeSet<Wake>>>,
    to_tell: Arc<Notify>,
    waiting: Places<Uuid>,
    turns: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
    /// Tells the wake-ups of this process from those of others.
    process: Uuid,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            topics: Arc::default(),
            untold: Arc::default(),
            to_tell: Arc::default(),
            waiting: Places::of_each(WAITING_PER_USER),
            turns: Arc::new(Semaphore::new(TURNS)),
            stopping: watch::Sender::new(false),
            process: Uuid::new_v4(),
        }
    }
}

impl Live {
    /// Wakes those who wait for one of these, in this process and in others.
    pub(super) fn wake(&self, wakes: Vec<Wake>) {
        if wakes.is_empty() {
            return;
        }
        wakes.iter().for_each(|wake| self.topics.wake(*wake));
        lock(&self.untold).extend(wakes);
        self.to_tell.notify_one();
    }

    /// Follows the events of all task forces from now on.
    pub(super) fn follow(&self) -> Follower {
        self.topics.follow()
    }

    /// A place among the waiting requests of a user.
    fn place(&self, user_id: Uuid) -> Result<Place> {
        self.waiting.try_acquire(user_id).ok_or(Error::Busy(
            "As many requests of yours as the service holds open for one user wait for events already. Close a stream, and try again.",
            "بلغ عدد طلباتك المفتوحة في انتظار الأحداث الحدَّ الذي تبقيه الخدمة لمستخدم واحد. أغلق أحد التدفقات ثم أعد المحاولة.",
        ))
    }

    /// Waits for a turn to read, in the order of those who ask.
    async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        self.turns.acquire().await.map_err(Error::internal)
    }
}

impl App {
    /// A page of the events of a task force as [`App::events_list`] reads it. Without an event, waits for one, no longer
    /// than `wait`. No connection is held while waiting.
    ///
    /// # Errors
    /// As [`App::events_list`]; `busy` for a user with too many waiting requests.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a list, and the time to wait")]
    pub async fn events_wait(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        filter: &EventFilter,
        order: EventOrder,
        window: Window,
        max_bytes: i64,
        wait: Duration,
    ) -> Result<(Page<ReadEvent>, i64)> {
        let read = async |filter: &EventFilter| {
            self.events_list(caller, task_force_id, filter, order, window, max_bytes).await
        };
        if wait.is_zero() {
            return read(filter).await;
        }
        let _place = self.live.place(caller.user_id)?;
        let until = Instant::now() + wait;
        // Before the first read, so that no event falls between the two.
        let mut wakes = self.live.topics.watch(task_force_id);
        let mut stopping = self.live.stopping.subscribe();
        let mut found = read(filter).await?;
        while found.0.items.is_empty() && Instant::now() < until && !*stopping.borrow() {
            // Whatever ends the wait, the events are read once more.
            drop(
                timeout_at(until, async {
                    tokio::select! {
                        changed = wakes.changed() => changed.ok(),
                        changed = stopping.changed() => changed.ok(),
                    }
                })
                .await,
            );
            // No event matched so far, so that only later ones are read; a total counts all of them.
            let after = if window.counted { filter.after } else { filter.after.max(found.1) };
            let _turn = self.live.turn().await?;
            found = read(&EventFilter { after, ..filter.clone() }).await?;
        }
        Ok(found)
    }

    /// Ends all streams and waits: the service stops.
    pub fn stop_live(&self) {
        self.live.stopping.send_replace(true);
    }

    /// Tells other processes of commits, listens to theirs, and reads new events for streams, for ever.
    pub async fn run_live(&self) {
        tokio::join!(self.tell_others(), self.listen_to_others(), self.poll_heads(), self.read_for_streams());
    }

    async fn tell_others(&self) {
        loop {
            self.live.to_tell.notified().await;
            let wakes = std::mem::take(&mut *lock(&self.live.untold));
            let payload = |wake: &Wake| format!("{} {wake}", self.live.process);
            let payloads: Vec<String> = wakes.iter().map(payload).collect();
            let told = self.with_conn(async |conn| Ok(wakeups::notify(conn, &payloads).await?)).await;
            if let Err(error) = told {
                tracing::warn!(%error, "other processes could not be told of new events yet");
                lock(&self.live.untold).extend(wakes);
                self.live.to_tell.notify_one();
                sleep(RETRY_AFTER).await;
            }
            sleep(NOTIFY_EVERY).await;
        }
    }

    /// Holds a connection only while somebody waits for events: the workers of a service always do.
    async fn listen_to_others(&self) {
        loop {
            self.live.topics.wanted().await;
            match Listener::open(&self.pool).await {
                Ok(mut listener) => {
                    // Events may have been missed before.
                    self.live.topics.wake_all();
                    self.listen(&mut listener).await;
                }
                Err(error) => tracing::warn!(%error, "new events of other processes are not told yet"),
            }
            sleep(RETRY_AFTER).await;
        }
    }

    /// Listens until the connection ends, or nobody waits any more.
    async fn listen(&self, listener: &mut Listener) {
        let mut unwanted = interval(POLL_EVERY);
        unwanted.reset();
        loop {
            tokio::select! {
                payload = listener.next() => {
                    let Some(payload) = payload else { return };
                    let told = payload.split_once(' ').and_then(|(process, wake)| {
                        Some((Uuid::parse_str(process).ok()?, Wake::parse(wake)?))
                    });
                    match told {
                        Some((process, _)) if process == self.live.process => {}
                        Some((_, wake)) => self.live.topics.wake(wake),
                        None => tracing::warn!(payload, "a wake-up of another version is not understood"),
                    }
                }
                _ = unwanted.tick() => {
                    if self.live.topics.is_empty() {
                        return;
                    }
                }
            }
        }
    }

    async fn poll_heads(&self) {
        let mut poll = interval(POLL_EVERY);
        loop {
            poll.tick().await;
            let known = self.live.topics.known_heads();
            if known.is_empty() {
                continue;
            }
            let later = async |conn: &mut db::Conn| Ok(wakeups::with_later_events(conn, &known).await?);
            match self.with_conn(later).await {
                Ok(ids) => ids.into_iter().for_each(|id| self.live.topics.wake_waiting(id)),
                Err(error) => tracing::warn!(%error, "the heads of task forces could not be compared"),
            }
        }
    }

    async fn read_for_streams(&self) {
        loop {
            let ids = self.live.topics.to_read().await;
            let read = async |id: Uuid| self.read_new(id).await.err().map(|error| (id, error));
            let failed: Vec<_> = futures_util::stream::iter(ids)
                .map(read)
                .buffer_unordered(READERS)
                .filter_map(std::future::ready)
                .collect()
                .await;
            for (id, error) in &failed {
                tracing::warn!(%error, task_force_id = %id, "new events could not be read for streams yet");
                self.live.topics.read_again(*id);
            }
            if !failed.is_empty() {
                sleep(RETRY_AFTER).await;
            }
        }
    }

    /// Reads the new events of a task force, and hands them to its streams.
    async fn read_new(&self, task_force_id: Uuid) -> Result<()> {
        while let Some(after) = self.live.topics.read_up_to(task_force_id) {
            let filter = EventFilter { after, ..EventFilter::default() };
            let page = self
                .with_conn(async |conn| {
                    let (order, window) = (EventOrder::OldestFirst(None), Window::of(BATCH));
                    Ok(db::events::list(conn, task_force_id, &filter, order, window, BATCH_BYTES).await?)
                })
                .await?;
            let more = page.more;
            let events = page.items.into_iter().map(UnsealedEvent::from_row).collect::<Result<Vec<_>>>()?;
            self.live.topics.hand_out(task_force_id, events.into_iter().map(LiveEvent::from));
            if !more {
                break;
            }
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn only_some_of_those_who_were_woken_read_at_the_same_time() {
        let live = Live::default();
        let mut turns = Vec::new();
        for _ in 0..TURNS {
            turns.push(live.turn().await.unwrap());
        }
        let wait = Duration::from_millis(20);
        timeout(wait, live.turn()).await.unwrap_err();
        turns.pop();
        drop(timeout(wait, live.turn()).await.unwrap().unwrap());
    }
}
