//! The feed of a person: what happened in all task forces of the person, and what the person has read of it.

use std::sync::Arc;

use uuid::Uuid;

use super::caller::Caller;
use super::events::{ReadEvent, UnsealedEvent};
use super::{App, Result};
use crate::db;
use crate::db::feed::{FeedFilter, FeedOrder, FeedRow, FollowedTaskForce, Mark};
use crate::db::page::{Page, Window};
use crate::domain::position::Position;
use crate::domain::reference::Reference;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::domain::text::Language;

/// An event of a feed.
#[derive(Debug)]
pub struct FeedEvent {
    event: Arc<UnsealedEvent>,
    pub task_force: Reference,
    /// The reader caused the event.
    pub is_own: bool,
    /// Somebody else caused the event, and the reader has not read it.
    pub is_unread: bool,
}

impl FeedEvent {
    /// An event as a reader is told of it who has read up to the mark.
    pub(super) fn new(
        event: Arc<UnsealedEvent>,
        task_force: Reference,
        reader: Uuid,
        mark: Option<&Position>,
    ) -> Self {
        let (id, _) = event.ids();
        let (_, _, actor) = event.origin();
        let is_own = actor.id == Some(reader);
        let is_read = mark.is_some_and(|mark| mark.has_passed(task_force.id, id));
        Self { event, task_force, is_own, is_unread: !is_own && !is_read }
    }

    pub(super) fn from_row(row: FeedRow, reader: Uuid, mark: Option<&Position>) -> Result<Self> {
        let FeedRow { event, task_force_name } = row;
        let event = UnsealedEvent::from_row(event)?;
        let (_, task_force_id) = event.ids();
        let task_force = Reference::task_force(task_force_id, task_force_name);
        Ok(Self::new(Arc::new(event), task_force, reader, mark))
    }

    /// The id of the event.
    pub fn id(&self) -> Uuid {
        self.event.ids().0
    }

    /// The sequence number of the event.
    pub(super) fn seq(&self) -> i64 {
        self.event.seq()
    }

    /// The event without its changes. Some of them, such as the choice of a vote, are not for every reader.
    pub fn without_changes(&self) -> ReadEvent {
        self.event.without_changes()
    }

    /// The event as one sentence, which tells nothing that not every reader may know.
    pub fn sentence(&self, language: Language) -> String {
        self.event.sentence(language)
    }
}

/// A page of a feed.
#[derive(Debug)]
pub struct Feed {
    pub page: Page<FeedEvent>,
    /// The position behind all events that had happened when the page was read.
    pub position: Position,
    /// The position up to which the reader has read, if the reader has marked one.
    pub mark: Option<Mark>,
    /// The number of unread events, [`MAX_UNREAD`](db::feed::MAX_UNREAD) at most.
    pub unread: i64,
}

impl App {
    /// A page of the caller's feed, newest first, of at most `max_bytes`.
    ///
    /// # Errors
    /// `unauthenticated`; `insufficientScope` for a key of a single task force.
    pub async fn feed_list(
        &self,
        caller: &Caller,
        filter: &FeedFilter,
        before: Option<Uuid>,
        window: Window,
        max_bytes: i64,
    ) -> Result<Feed> {
        let (reader, now) = (caller.user_id, self.clock.now());
        let settled = Position::behind(now, []).settled_id();
        let order = FeedOrder::NewestFirst(before);
        self.with_conn(async |conn| {
            // The last events are asked for before the page, so that the position never lies behind an event that the page
            // does not see.
            let (actor, last, mark, unread, page) = tokio::join!(
                biased;
                self.actor_on(conn, caller),
                db::feed::last_events(conn, reader, settled),
                db::feed::mark(conn, reader),
                db::feed::unread(conn, reader),
                db::feed::list(conn, reader, filter, order, window, max_bytes),
            );
            actor?.require(Action::ReadOwnAccount)?;
            let (position, mark, unread) = (Position::behind(now, last?), mark?, unread?);
            let Page { items, more, total } = page?;
            let read = mark.as_ref().map(|mark| &mark.position);
            let items = items.into_iter().map(|row| FeedEvent::from_row(row, reader, read));
            let mut items: Vec<FeedEvent> = items.collect::<Result<_>>()?;
            // An event that was committed after the last events were asked for is new to the next read.
            items.retain(|item| position.has_passed(item.task_force.id, item.id()));
            Ok(Feed { page: Page { items, more, total }, position, mark, unread })
        })
        .await
    }

    /// Marks everything before a position as read. What was read on another device stays read.
    ///
    /// # Errors
    /// `unauthenticated`; `insufficientScope` for any API key; `invalidRequest` for a position that the task forces have not reached.
    pub async fn feed_mark(&self, caller: &Caller, position: Position) -> Result<(Mark, i64)> {
        let reader = caller.user_id;
        self.write_own(caller, async |conn, now| {
            let task_forces: Vec<Uuid> = position.last().map(|(task_force_id, _)| task_force_id).collect();
            let followed = db::feed::followed(conn, reader, Some(&task_forces)).await?;
            let error = FieldError::at("/position", FieldErrorCode::TooLarge);
            let position = reached(&position, &followed, Position::behind(now, []).settled_id(), error)?;
            let before = db::feed::lock_mark(conn, reader, now).await?;
            let mark = Mark { position: before.position.joined(position), marked_at: now };
            db::feed::move_mark(conn, reader, &mark).await?;
            Ok((mark, db::feed::unread(conn, reader).await?))
        })
        .await
    }
}

/// The part of a position that concerns these task forces. `error` is the error of a position that a task force has not
/// reached: the database was restored from a backup since.
pub(super) fn reached(
    position: &Position,
    followed: &[FollowedTaskForce],
    settled: Uuid,
    error: FieldError,
) -> Result<Position> {
    let of = |id: Uuid| followed.iter().find(|task_force| task_force.id == id);
    let mut last = Vec::new();
    for (task_force_id, event_id) in position.last() {
        match of(task_force_id) {
            Some(task_force) if event_id > task_force.last_id => {
                return Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![error.saying(
                    "is beyond the last event of a task force: read the feed anew, and continue with its `position`",
                    "يتجاوز آخر حدث في أحد فرق العمل: اقرأ موجز الأحداث من جديد، ثم تابع من الحقل position",
                )])
                .into());
            }
            Some(_) => last.push((task_force_id, event_id)),
            // The reader has lost the seat since.
            None => {}
        }
    }
    // The clock of the process that made the position may be ahead.
    Ok(Position::settled_at(position.settled_id().min(settled), last))
}
