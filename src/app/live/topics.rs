//! The ids that requests wait for: task forces, users, sessions and keys. A topic exists while somebody waits for it.
//! Followers wait for all task forces.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, broadcast, watch};
use uuid::Uuid;

use super::lock;
use super::stream::LiveEvent;
use crate::app::follow::{Follower, Followers};
use crate::app::wakes::Wake;

/// The events of a task force that a stream may be behind before it has to read by itself.
const BUFFER: usize = 256;

/// The requests that wait, by the id that they wait for.
#[derive(Debug, Default)]
pub(super) struct Topics {
    topics: Mutex<HashMap<Uuid, Topic>>,
    /// The task forces with events that their streams do not have yet.
    unread: Mutex<BTreeSet<Uuid>>,
    has_unread: Notify,
    followers: Followers,
    is_wanted: Notify,
}

#[derive(Debug)]
struct Topic {
    wakes: watch::Sender<()>,
    /// The shared reads of the streams of a task force.
    feed: Option<Feed>,
}

#[derive(Debug)]
struct Feed {
    events: broadcast::Sender<Arc<LiveEvent>>,
    /// The sequence number of the last event that was handed out.
    read_up_to: i64,
}

impl Topic {
    fn is_wanted(&self) -> bool {
        self.wakes.receiver_count() > 0 || self.has_streams()
    }

    fn has_streams(&self) -> bool {
        self.feed.as_ref().is_some_and(|feed| feed.events.receiver_count() > 0)
    }
}

impl Topics {
    /// Receives the wake-ups of an id from now on.
    pub(super) fn watch(&self, id: Uuid) -> watch::Receiver<()> {
        self.with_topic(id, |topic| topic.wakes.subscribe())
    }

    /// Receives the new events of a task force from now on. Returns the sequence number of the last event that was handed
    /// out before, which is later than `seq` if an event was committed since the caller learned of `seq`.
    pub(super) fn feed(&self, task_force_id: Uuid, seq: i64) -> (broadcast::Receiver<Arc<LiveEvent>>, i64) {
        let subscribed = self.with_topic(task_force_id, |topic| {
            let has_streams = topic.has_streams();
            let feed = topic
                .feed
                .get_or_insert_with(|| Feed { events: broadcast::Sender::new(BUFFER), read_up_to: seq });
            if !has_streams {
                feed.read_up_to = feed.read_up_to.max(seq);
            }
            (feed.events.subscribe(), feed.read_up_to)
        });
        // An event may have been committed that is not handed out yet.
        self.read_again(task_force_id);
        subscribed
    }

    fn with_topic<T>(&self, id: Uuid, subscribe: impl FnOnce(&mut Topic) -> T) -> T {
        let mut topics = lock(&self.topics);
        let topic = topics.entry(id).or_insert_with(|| Topic { wakes: watch::Sender::new(()), feed: None });
        let subscribed = subscribe(topic);
        self.is_wanted.notify_one();
        subscribed
    }

    /// Follows the events of all task forces from now on.
    pub(super) fn follow(&self) -> Follower {
        let follower = self.followers.add();
        self.is_wanted.notify_one();
        follower
    }

    /// Wakes those who wait for this, and tells the followers of new events.
    pub(super) fn wake(&self, wake: Wake) {
        self.wake_waiting(wake.id());
        if let Wake::Events(task_force_id) = wake {
            self.followers.tell(task_force_id);
        }
    }

    /// Wakes those who wait for an id.
    pub(super) fn wake_waiting(&self, id: Uuid) {
        let has_streams = match lock(&self.topics).get(&id) {
            Some(topic) => {
                topic.wakes.send_replace(());
                topic.has_streams()
            }
            None => false,
        };
        if has_streams {
            self.read_again(id);
        }
    }

    /// Wakes everybody who waits for an id.
    pub(super) fn wake_all(&self) {
        let ids: Vec<Uuid> = lock(&self.topics).keys().copied().collect();
        ids.into_iter().for_each(|id| self.wake_waiting(id));
    }

    /// Removes the topics that nobody waits for, and tells whether nobody waits or follows.
    pub(super) fn is_empty(&self) -> bool {
        let mut topics = lock(&self.topics);
        topics.retain(|_, topic| topic.is_wanted());
        topics.is_empty() && self.followers.is_empty()
    }

    /// Waits until somebody waits for something or follows.
    pub(super) async fn wanted(&self) {
        while self.is_empty() {
            self.is_wanted.notified().await;
        }
    }

    /// The task forces with streams, and the last events that these have.
    pub(super) fn known_heads(&self) -> Vec<(Uuid, i64)> {
        let topics = lock(&self.topics);
        let with_streams = topics.iter().filter(|(_, topic)| topic.has_streams());
        with_streams.filter_map(|(id, topic)| Some((*id, topic.feed.as_ref()?.read_up_to))).collect()
    }

    /// Waits for task forces whose events are to be read.
    pub(super) async fn to_read(&self) -> BTreeSet<Uuid> {
        loop {
            let ids = std::mem::take(&mut *lock(&self.unread));
            if !ids.is_empty() {
                return ids;
            }
            self.has_unread.notified().await;
        }
    }

    /// Has the events of a task force read.
    pub(super) fn read_again(&self, task_force_id: Uuid) {
        lock(&self.unread).insert(task_force_id);
        self.has_unread.notify_one();
    }

    /// The last event that the streams of a task force have; `None` if the task force has no stream.
    pub(super) fn read_up_to(&self, task_force_id: Uuid) -> Option<i64> {
        let topics = lock(&self.topics);
        let topic = topics.get(&task_force_id).filter(|topic| topic.has_streams())?;
        topic.feed.as_ref().map(|feed| feed.read_up_to)
    }

    /// Hands events to the streams of a task force, in order.
    pub(super) fn hand_out(&self, task_force_id: Uuid, events: impl Iterator<Item = LiveEvent>) {
        let mut topics = lock(&self.topics);
        let Some(feed) = topics.get_mut(&task_force_id).and_then(|topic| topic.feed.as_mut()) else { return };
        for event in events.filter(|event| event.seq() > feed.read_up_to).collect::<Vec<_>>() {
            feed.read_up_to = event.seq();
            // An error only says that the last stream has just ended.
            feed.events.send(Arc::new(event)).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_learns_of_events_that_were_handed_out_just_before_it_began() {
        let topics = Topics::default();
        let id = Uuid::new_v4();
        // The first stream of a task force begins where the caller does.
        let (_first, read_up_to) = topics.feed(id, 10);
        assert_eq!(read_up_to, 10);
        // Two more events are handed out after a second caller has learned of 10.
        if let Some(feed) = lock(&topics.topics).get_mut(&id).and_then(|topic| topic.feed.as_mut()) {
            feed.read_up_to = 12;
        }
        let (_second, read_up_to) = topics.feed(id, 10);
        assert_eq!(read_up_to, 12);
        // A caller who knows later events than were handed out receives these, and passes over them.
        let (_third, read_up_to) = topics.feed(id, 14);
        assert_eq!(read_up_to, 12);
    }
}
