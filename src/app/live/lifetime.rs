//! The time that a stream lasts: until its token or session ends, or the service stops.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, interval_at, sleep_until};

use super::Live;
use crate::app::caller::{Caller, Credential};

/// The interval of heartbeats: shorter than the time after which proxies close a silent connection.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

/// The interval at which the rights of the caller are read again, whatever happens.
const CHECK_EVERY: Duration = Duration::from_secs(300);

/// The longest that a stream lasts whose credential has no end that the service knows.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The reason why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The credential has expired: connect again with a new one.
    CredentialExpired,
    /// The caller may no longer read the events.
    AccessEnded,
    /// The service stops: connect again.
    ServiceStopping,
}

/// A reason to do something else than to wait for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// The rights of the caller may have changed.
    RightsMayHaveChanged,
    /// Nothing has happened for a while.
    Heartbeat,
    End(EndReason),
}

/// The time that a stream lasts.
#[derive(Debug)]
pub(super) struct Lifetime {
    /// Wake when the rights of the caller may have changed.
    user: watch::Receiver<()>,
    credential: watch::Receiver<()>,
    stopping: watch::Receiver<bool>,
    expires_at: Option<DateTime<Utc>>,
    expiry: Instant,
    heartbeat: Interval,
    check: Interval,
}

impl Lifetime {
    /// The lifetime of a stream of the caller. It begins before the rights of the caller are read, so that no change of
    /// them is missed.
    pub(super) fn begin(live: &Live, caller: &Caller, now: DateTime<Utc>) -> Self {
        let credential = match caller.credential {
            Credential::Session(id) | Credential::Key(id) | Credential::ShareLink(id) => id,
            Credential::SingleSignOn(_) => caller.user_id,
        };
        let lasts = caller.expires_at.and_then(|at| (at - now).to_std().ok()).unwrap_or(LONGEST);
        let begin = Instant::now();
        Self {
            user: live.topics.watch(caller.user_id),
            credential: live.topics.watch(credential),
            stopping: live.stopping.subscribe(),
            expires_at: caller.expires_at,
            expiry: begin + lasts,
            heartbeat: interval_at(begin + HEARTBEAT_EVERY, HEARTBEAT_EVERY),
            check: interval_at(begin + CHECK_EVERY, CHECK_EVERY),
        }
    }

    /// The reason why the stream has to end now, if there is one.
    pub(super) fn end(&self, now: DateTime<Utc>) -> Option<EndReason> {
        if *self.stopping.borrow() {
            Some(EndReason::ServiceStopping)
        } else if self.expires_at.is_some_and(|at| at <= now) {
            Some(EndReason::CredentialExpired)
        } else {
            None
        }
    }

    /// An event is sent, so that no heartbeat is due.
    pub(super) fn note_event(&mut self) {
        self.heartbeat.reset();
    }

    /// Waits for the next signal. A call that is dropped while it waits loses nothing.
    pub(super) async fn signal(&mut self) -> Signal {
        // In this order, so that a right that has ended ends the stream before a later event is told.
        tokio::select! {
            biased;
            _ = self.stopping.changed() => Signal::End(EndReason::ServiceStopping),
            () = sleep_until(self.expiry) => Signal::End(EndReason::CredentialExpired),
            _ = self.user.changed() => Signal::RightsMayHaveChanged,
            _ = self.credential.changed() => Signal::RightsMayHaveChanged,
            _ = self.check.tick() => Signal::RightsMayHaveChanged,
            _ = self.heartbeat.tick() => Signal::Heartbeat,
        }
    }
}
