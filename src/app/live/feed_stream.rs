//! One stream of the feed of a person: the events of several task forces, each read once for all streams of its task force.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream, SelectAll};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::sleep;
use uuid::Uuid;

use super::lifetime::{EndReason, Lifetime, Signal};
use super::stream::LiveEvent;
use super::{BATCH, BATCH_BYTES, RETRY_AFTER};
use crate::app::caller::Caller;
use crate::app::feed::{FeedEvent, reached};
use crate::app::wakes::TASK_FORCES;
use crate::app::{App, Error, Result};
use crate::db;
use crate::db::feed::{FeedFilter, FeedOrder, FollowedTaskForce};
use crate::db::page::Window;
use crate::domain::event::SubjectKind;
use crate::domain::feed::FeedScope;
use crate::domain::position::Position;
use crate::domain::reference::Reference;
use crate::domain::refusal::{FieldError, FieldErrorCode};
use crate::domain::rights::Action;
use crate::domain::text::LocalizedText;
use crate::util::places::Place;

/// The next part of the stream of a feed.
#[derive(Debug)]
pub enum FeedStreamItem {
    /// An event, and the position behind it.
    Event(Box<FeedEvent>, Position),
    /// Nothing has happened for a while.
    Heartbeat,
    /// The last part.
    End(EndReason),
}

/// A task force whose events are told.
#[derive(Debug)]
struct Followed {
    name: LocalizedText,
    /// The sequence number of the last event that was seen, whether it is part of the feed or not.
    seq: i64,
}

/// An event of a task force; `None` if the stream has missed events.
type Received = (Uuid, Option<Arc<LiveEvent>>);

/// The feed of a person after a position: the events that have happened, and then each as it happens.
#[expect(missing_debug_implementations, reason = "the use cases have nothing to show")]
pub struct FeedStream {
    app: App,
    caller: Caller,
    scope: FeedScope,
    /// Only events that others caused.
    by_others: bool,
    /// The position behind the last event that was taken.
    position: Position,
    followed: BTreeMap<Uuid, Followed>,
    events: SelectAll<BoxStream<'static, Received>>,
    /// Events that were read and not yet taken.
    read: VecDeque<FeedEvent>,
    /// True while there may be events that no other stream reads for this one.
    is_behind: bool,
    /// Wakes when a task force was created.
    task_forces: watch::Receiver<()>,
    lifetime: Lifetime,
    _place: Place,
}

impl App {
    /// The stream of the caller's feed after a position, or from now on.
    ///
    /// # Errors
    /// `unauthenticated`; `insufficientScope` for a key of a single task force; `invalidRequest` for a position that the
    /// task forces have not reached; `busy` for a user with too many streams.
    pub async fn feed_stream(
        &self,
        caller: Caller,
        by_others: bool,
        after: Option<&Position>,
    ) -> Result<FeedStream> {
        let place = self.live.place(caller.user_id)?;
        let now = self.clock.now();
        let lifetime = Lifetime::begin(&self.live, &caller, now);
        let task_forces = self.live.topics.watch(TASK_FORCES);
        let query = async |conn: &db::Conn| db::feed::followed(conn, caller.user_id, None).await;
        let (actor, followed) = self.read_installation(&caller, Action::ReadOwnAccount, query).await?;
        let last = || followed.iter().map(|task_force| (task_force.id, task_force.last_id));
        let here = Position::behind(now, last());
        let position = match after {
            Some(after) => {
                let error = FieldError::parameter("after", FieldErrorCode::TooLarge);
                reached(after, &followed, here.settled_id(), error)?
            }
            None => here,
        };
        let mut stream = FeedStream {
            app: self.clone(),
            scope: FeedScope::of(actor.role),
            by_others,
            position,
            followed: BTreeMap::new(),
            events: SelectAll::new(),
            read: VecDeque::new(),
            is_behind: after.is_some(),
            task_forces,
            lifetime,
            caller,
            _place: place,
        };
        stream.follow(followed, true);
        Ok(stream)
    }
}

impl FeedStream {
    /// The next part of the stream. Waits for it, without a connection to the database.
    pub async fn next(&mut self) -> FeedStreamItem {
        loop {
            if let Some(reason) = self.lifetime.end(self.app.clock.now()) {
                return FeedStreamItem::End(reason);
            }
            if let Some(event) = self.read.pop_front() {
                self.lifetime.note_event();
                self.position.pass(event.task_force.id, event.id());
                return FeedStreamItem::Event(Box::new(event), self.position.clone());
            }
            let ended = if self.is_behind { self.catch_up().await.map(|()| None) } else { self.wait().await };
            match ended {
                Ok(None) => {}
                Ok(Some(item)) => return item,
                Err(Error::Refused(_)) => return FeedStreamItem::End(EndReason::AccessEnded),
                Err(error) => {
                    tracing::debug!(%error, "a stream of a feed waits for the database");
                    sleep(RETRY_AFTER).await;
                    // The rights are not known: the events are read again by the caller's own right.
                    self.is_behind = true;
                    return FeedStreamItem::Heartbeat;
                }
            }
        }
    }

    /// Reads the rights of the caller, the task forces of the feed, and the next events after the position.
    async fn catch_up(&mut self) -> Result<()> {
        let (reader, app) = (self.caller.user_id, self.app.clone());
        let filter = FeedFilter { by_others: self.by_others, ..FeedFilter::default() };
        let (order, window) = (FeedOrder::OldestFirst(&self.position), Window::of(BATCH));
        let turn = app.live.turn().await?;
        let (actor, followed, page) = app
            .with_conn(async |conn| {
                // The numbers of the last events are asked for before the events, so that none of them is passed over.
                let (actor, followed, page) = tokio::join!(
                    biased;
                    app.actor_on(conn, &self.caller),
                    db::feed::followed(conn, reader, None),
                    db::feed::list(conn, reader, &filter, order, window, BATCH_BYTES),
                );
                let actor = actor?;
                actor.require(Action::ReadOwnAccount)?;
                Ok((actor, followed?, page?))
            })
            .await?;
        drop(turn);
        self.scope = FeedScope::of(actor.role);
        self.is_behind = page.more;
        self.follow(followed, !page.more);
        for row in page.items {
            let event = FeedEvent::from_row(row, reader, None)?;
            if let Some(followed) = self.followed.get_mut(&event.task_force.id) {
                followed.seq = followed.seq.max(event.seq());
            }
            self.read.push_back(event);
        }
        Ok(())
    }

    /// Follows these task forces and no others. `is_complete` says that all of their events so far were read.
    fn follow(&mut self, task_forces: Vec<FollowedTaskForce>, is_complete: bool) {
        self.followed.retain(|id, _| task_forces.iter().any(|task_force| task_force.id == *id));
        for FollowedTaskForce { id, name, seq, .. } in task_forces {
            if let Some(followed) = self.followed.get_mut(&id) {
                followed.name = name;
                if is_complete {
                    followed.seq = followed.seq.max(seq);
                }
                continue;
            }
            let (feed, handed_out) = self.app.live.topics.feed(id, seq);
            // Nobody hands an event out again that was committed after the number was read and before the feed began.
            self.is_behind |= handed_out > seq;
            self.followed.insert(id, Followed { name, seq });
            self.events.push(received(id, feed));
        }
    }

    /// Waits for whatever comes first.
    async fn wait(&mut self) -> Result<Option<FeedStreamItem>> {
        let events = &mut self.events;
        let received = async move {
            match events.next().await {
                Some(received) => received,
                // A person without task forces.
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            signal = self.lifetime.signal() => match signal {
                Signal::RightsMayHaveChanged => self.is_behind = true,
                Signal::Heartbeat => return Ok(Some(FeedStreamItem::Heartbeat)),
                Signal::End(reason) => return Ok(Some(FeedStreamItem::End(reason))),
            },
            _ = self.task_forces.changed() => self.is_behind = true,
            (id, event) = received => self.receive(id, event.as_deref()),
        }
        Ok(None)
    }

    /// Takes an event of a task force.
    fn receive(&mut self, id: Uuid, event: Option<&LiveEvent>) {
        // A task force that the person can no longer read is not followed.
        let Some(followed) = self.followed.get_mut(&id) else { return };
        let Some(event) = event.filter(|event| event.seq() <= followed.seq + 1) else {
            self.is_behind = true;
            return;
        };
        if event.seq() <= followed.seq {
            return;
        }
        let (action, subject, actor) = event.event().origin();
        // The seat of the person may have ended, or the task force has another name: both are read before the event is told.
        if matches!(subject.kind, SubjectKind::Member | SubjectKind::TaskForce) {
            self.is_behind = true;
            return;
        }
        followed.seq = event.seq();
        let is_own = actor.id == Some(self.caller.user_id);
        if self.scope.has(action) && !(is_own && self.by_others) {
            let task_force = Reference::task_force(id, followed.name.clone());
            self.read.push_back(FeedEvent::new(
                Arc::clone(event.event()),
                task_force,
                self.caller.user_id,
                None,
            ));
        }
    }
}

/// The events of a task force as they come.
fn received(id: Uuid, feed: broadcast::Receiver<Arc<LiveEvent>>) -> BoxStream<'static, Received> {
    stream::unfold(feed, move |mut feed| async move {
        match feed.recv().await {
            Ok(event) => Some(((id, Some(event)), feed)),
            Err(RecvError::Lagged(_)) => Some(((id, None), feed)),
            Err(RecvError::Closed) => None,
        }
    })
    .boxed()
}
