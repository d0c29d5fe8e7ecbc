//! One stream of the events of a task force.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;
use uuid::Uuid;

use super::lifetime::{EndReason, Lifetime, Signal};
use super::{BATCH, BATCH_BYTES, RETRY_AFTER};
use crate::app::caller::Caller;
use crate::app::events::{ReadEvent, UnsealedEvent};
use crate::app::{App, Error, Result};
use crate::db::events::{EventFilter, EventOrder};
use crate::db::page::Window;
use crate::domain::event::SubjectKind;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::sealed_ballot::BallotReader;
use crate::domain::text::Language;
use crate::util::places::Place;

/// An event that was read once for all streams.
#[derive(Debug)]
pub struct LiveEvent {
    event: Arc<UnsealedEvent>,
    /// The texts of the event, and its texts for those for whom the choice of the vote is sealed.
    texts: Texts,
    sealed: Texts,
}

/// The texts of an event in both languages, each made when a stream needs it.
#[derive(Debug, Default)]
struct Texts {
    english: OnceLock<String>,
    arabic: OnceLock<String>,
}

impl From<UnsealedEvent> for LiveEvent {
    fn from(event: UnsealedEvent) -> Self {
        Self { event: Arc::new(event), texts: Texts::default(), sealed: Texts::default() }
    }
}

impl LiveEvent {
    /// The sequence number.
    pub fn seq(&self) -> i64 {
        self.event.seq()
    }

    /// The event as it was read.
    pub(super) fn event(&self) -> &Arc<UnsealedEvent> {
        &self.event
    }

    /// The event in the form of the stream, as a user sees it in a language. Each text is made once for all streams.
    fn text(&self, user_id: Uuid, language: Language, form: impl FnOnce(&ReadEvent) -> String) -> &str {
        let reader = BallotReader::User(user_id);
        let texts = if self.event.is_sealed_for(reader) { &self.sealed } else { &self.texts };
        let text = match language {
            Language::English => &texts.english,
            Language::Arabic => &texts.arabic,
        };
        text.get_or_init(|| form(&UnsealedEvent::clone(&self.event).seen_by(reader)))
    }

    fn matches(&self, filter: &EventFilter) -> bool {
        let (action, subject, actor) = self.event.origin();
        filter.subject.is_none_or(|id| subject.id == id)
            && filter.actor.is_none_or(|id| actor.id == Some(id))
            && (filter.actions.is_empty() || filter.actions.contains(&action))
    }
}

/// The next part of a stream.
#[derive(Debug)]
pub enum StreamItem {
    Event(Arc<LiveEvent>),
    /// Nothing has happened for a while.
    Heartbeat,
    /// The last part.
    End(EndReason),
}

/// The events of a task force after a position: those that have happened, and then each as it happens.
#[expect(missing_debug_implementations, reason = "the use cases have nothing to show")]
pub struct EventStream {
    app: App,
    caller: Caller,
    task_force_id: Uuid,
    filter: EventFilter,
    /// The sequence number of the last event that was seen, whether it matched or not.
    position: i64,
    /// Events that were read and not yet taken.
    read: VecDeque<Arc<LiveEvent>>,
    /// True while there may be events that no other stream reads for this one.
    is_behind: bool,
    feed: broadcast::Receiver<Arc<LiveEvent>>,
    lifetime: Lifetime,
    _place: Place,
}

impl App {
    /// The stream of the events of a task force after `filter.after`, or after the last event if `filter.after` is
    /// `None`.
    ///
    /// # Errors
    /// As [`App::access`]; `invalidRequest` for a position after the last event; `busy` for a user with too many
    /// streams.
    pub async fn events_stream(
        &self,
        caller: Caller,
        task_force_id: Uuid,
        filter: EventFilter,
        after: Option<i64>,
    ) -> Result<EventStream> {
        let place = self.live.place(caller.user_id)?;
        // Before the rights are read, so that no change of them is missed.
        let lifetime = Lifetime::begin(&self.live, &caller, self.clock.now());
        let access = self.access(&caller, task_force_id).await?;
        let position = after.unwrap_or(access.seq);
        if position > access.seq {
            return Err(beyond_the_head(access.seq).into());
        }
        let (feed, handed_out) = self.live.topics.feed(task_force_id, access.seq);
        Ok(EventStream {
            app: self.clone(),
            task_force_id,
            filter,
            position,
            read: VecDeque::new(),
            // Nobody hands an event out again that was committed after the rights were read and before the feed began.
            is_behind: position < access.seq.max(handed_out),
            feed,
            lifetime,
            caller,
            _place: place,
        })
    }
}

impl EventStream {
    /// The text of an event in a language, for the caller of the stream.
    pub fn text<'a>(
        &self,
        event: &'a LiveEvent,
        language: Language,
        form: impl FnOnce(&ReadEvent) -> String,
    ) -> &'a str {
        event.text(self.caller.user_id, language, form)
    }

    /// The next part of the stream. Waits for it, without a connection to the database.
    pub async fn next(&mut self) -> StreamItem {
        loop {
            if let Some(reason) = self.lifetime.end(self.app.clock.now()) {
                return StreamItem::End(reason);
            }
            if let Some(event) = self.read.pop_front() {
                self.lifetime.note_event();
                return StreamItem::Event(event);
            }
            let ended = if self.is_behind { self.catch_up().await } else { self.wait().await };
            match ended {
                Ok(None) => {}
                Ok(Some(item)) => return item,
                Err(Error::Refused(_)) => return StreamItem::End(EndReason::AccessEnded),
                Err(error) => {
                    tracing::debug!(%error, "a stream waits for the database");
                    sleep(RETRY_AFTER).await;
                    // The rights are not known: the events are read again by the caller's own right.
                    self.is_behind = true;
                    return StreamItem::Heartbeat;
                }
            }
        }
    }

    /// Reads the next events by the caller's own right.
    async fn catch_up(&mut self) -> Result<Option<StreamItem>> {
        let filter = EventFilter { after: self.position, ..self.filter.clone() };
        let (order, window) = (EventOrder::OldestFirst(None), Window::of(BATCH));
        let _turn = self.app.live.turn().await?;
        let (page, last_seq) = self
            .app
            .events_unsealed(&self.caller, self.task_force_id, &filter, order, window, BATCH_BYTES)
            .await?;
        self.is_behind = page.more;
        let last_read = page.items.last().map(UnsealedEvent::seq);
        self.position = if page.more { last_read.unwrap_or(self.position) } else { last_seq };
        self.read.extend(page.items.into_iter().map(|event| Arc::new(event.into())));
        Ok(None)
    }

    /// Waits for whatever comes first.
    async fn wait(&mut self) -> Result<Option<StreamItem>> {
        tokio::select! {
            biased;
            signal = self.lifetime.signal() => match signal {
                Signal::RightsMayHaveChanged => self.check_rights().await?,
                Signal::Heartbeat => return Ok(Some(StreamItem::Heartbeat)),
                Signal::End(reason) => return Ok(Some(StreamItem::End(reason))),
            },
            received = self.feed.recv() => match received {
                Ok(event) if event.seq() <= self.position => {}
                Ok(event) if event.seq() == self.position + 1 => {
                    if event.event.origin().1.kind == SubjectKind::Member {
                        self.check_rights().await?;
                    }
                    self.position += 1;
                    if event.matches(&self.filter) {
                        self.read.push_back(event);
                    }
                }
                Ok(_) | Err(RecvError::Lagged(_) | RecvError::Closed) => self.is_behind = true,
            },
        }
        Ok(None)
    }

    async fn check_rights(&self) -> Result<()> {
        let _turn = self.app.live.turn().await?;
        self.app.access(&self.caller, self.task_force_id).await.map(drop)
    }
}

/// The refusal of a position that the task force has not reached. A client has one after the database was restored from
/// a backup.
fn beyond_the_head(seq: i64) -> Refusal {
    let error = FieldError::parameter("after", FieldErrorCode::TooLarge).saying(
        format!("is beyond the last event of the task force, {seq}: read the task force anew, and continue from there"),
        format!("يتجاوز رقم آخر حدث في فريق العمل وهو {seq}: اقرأ بيانات فريق العمل من جديد، ثم تابع من ذلك الرقم"),
    );
    Refusal::field_errors(RefusalCode::InvalidRequest, vec![error])
}
