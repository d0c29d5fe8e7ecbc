//! The worker that delivers the events to the receivers of webhooks.
//!
//! The events themselves are the queue: a webhook has a position among them, and no event has a row for each webhook. A
//! worker claims the webhooks with something to deliver, delivers outside of any transaction, and notes each attempt. A
//! process that ends between the delivery and the note has the event delivered again, under the same `webhook-id`, once
//! its claim has ended.
//!
//! A receiver that hangs keeps one place of this worker for ten seconds. Webhooks whose last attempt has failed have a
//! quarter of the places, so that receivers that are away delay nobody else.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use url::Url;
use uuid::Uuid;

use super::{Webhooks, new_event};
use crate::app::events::{ReadEvent, UnsealedEvent};
use crate::app::{App, Error, Result};
use crate::auth::webhook_secrets::{WebhookSecret, signatures};
use crate::db;
use crate::db::events::{EventFilter, EventOrder, EventRow};
use crate::db::page::Window;
use crate::db::webhooks::deliveries::{DeliveredEvent, Delivery, Finished};
use crate::db::webhooks::positions::{Among, Claimed, Progress};
use crate::db::webhooks::{SealedSecret, Webhook};
use crate::delivery::https::Attempt;
use crate::domain::event::EventAction;
use crate::domain::sealed_ballot::BallotReader;
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::webhook::{
    AfterFailure, DeliveryError, DeliveryOutcome, Failures, WebhookState, after_failure, may_deliver,
};

/// The form of an event in a message.
pub type EventForm = fn(ReadEvent, Language) -> serde_json::Result<Box<RawValue>>;

/// The interval at which webhooks are looked for that nothing woke: those whose next attempt is due, and those whose
/// wake-up was lost.
const POLL_EVERY: Duration = Duration::from_secs(5);

/// The webhooks to which this process delivers at once, and those among them whose last attempt has failed.
const PLACES: usize = 64;
const FAILING_PLACES: usize = 16;

/// The places that the webhooks of one task force have before those of others come first.
const PLACES_OF_A_TASK_FORCE: usize = 10;

/// The time after which a webhook with more events gives its place to others.
const PASS: Duration = Duration::from_secs(15);

/// The most events that one statement reads.
const BATCH: i64 = 20;
const BATCH_BYTES: i64 = 256 * 1024;

/// The time after which a withheld webhook is looked at again, and a webhook that could not be disabled.
const LOOK_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(1);

/// The pause after an error of the database.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The body of a message.
#[derive(Serialize)]
struct Message<'a> {
    r#type: &'a str,
    timestamp: DateTime<Utc>,
    data: &'a RawValue,
}

/// The content of a test message.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TestData {
    task_force_id: Uuid,
    webhook_id: Uuid,
    delivery_id: Uuid,
}

/// A message without its signature.
struct Unsigned {
    /// `webhook-id`: the same in each attempt to deliver an event.
    id: Uuid,
    body: String,
}

/// The places of a worker that are taken, and the reasons to look for more work.
#[derive(Default)]
struct Places {
    taken: Cell<usize>,
    failing: Cell<usize>,
    of_task_force: RefCell<HashMap<Uuid, usize>>,
    /// True while more may be due than there were places for.
    is_full: Cell<bool>,
    /// Task forces of webhooks that gave their place away with more to deliver.
    with_more: RefCell<BTreeSet<Uuid>>,
    to_claim: Notify,
}

impl Places {
    fn take(&self, claimed: Claimed) {
        self.taken.set(self.taken.get() + 1);
        self.failing.set(self.failing.get() + usize::from(claimed.is_failing));
        *self.of_task_force.borrow_mut().entry(claimed.task_force_id).or_default() += 1;
    }

    /// The task forces that have as many places as they may.
    fn crowded(&self) -> Vec<Uuid> {
        let of_task_force = self.of_task_force.borrow();
        let crowded = of_task_force.iter().filter(|(_, taken)| **taken >= PLACES_OF_A_TASK_FORCE);
        crowded.map(|(id, _)| *id).collect()
    }

    fn free(&self, claimed: Claimed, has_more: bool) {
        self.taken.set(self.taken.get().saturating_sub(1));
        self.failing.set(self.failing.get().saturating_sub(usize::from(claimed.is_failing)));
        // Other webhooks of the task force may have waited for the place.
        let has_more = match self.of_task_force.borrow_mut().entry(claimed.task_force_id) {
            Entry::Occupied(mut taken) if *taken.get() > 1 => {
                *taken.get_mut() -= 1;
                has_more || *taken.get() + 1 >= PLACES_OF_A_TASK_FORCE
            }
            Entry::Occupied(last) => {
                last.remove();
                has_more
            }
            Entry::Vacant(_) => has_more,
        };
        if has_more {
            self.with_more.borrow_mut().insert(claimed.task_force_id);
        }
        if has_more || self.is_full.get() {
            self.to_claim.notify_one();
        }
    }
}

impl App {
    /// Delivers events to the receivers of webhooks, for ever.
    pub async fn run_webhooks(&self) {
        let Some(webhooks) = &self.webhooks else { return std::future::pending().await };
        let places = Places::default();
        let (claimed, mut to_deliver) = mpsc::unbounded_channel();
        let claiming = self.claim_webhooks(&places, claimed);
        let delivering = async {
            let mut running = FuturesUnordered::new();
            loop {
                tokio::select! {
                    Some(claimed) = to_deliver.recv() => running.push(async move {
                        (claimed, self.deliver(webhooks, claimed).await)
                    }),
                    Some((claimed, ended)) = running.next() => {
                        let has_more = ended.unwrap_or_else(|error: Error| {
                            // The claim ends by itself.
                            tracing::warn!(%error, webhook_id = %claimed.webhook_id, "a webhook could not be served");
                            false
                        });
                        places.free(claimed, has_more);
                    }
                }
            }
        };
        tokio::join!(claiming, delivering);
    }

    /// Claims webhooks when they have something to deliver and there are places.
    async fn claim_webhooks(&self, places: &Places, claimed: mpsc::UnboundedSender<Claimed>) {
        let mut follower = self.follow();
        let mut poll = interval(POLL_EVERY);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let woken: Option<Vec<Uuid>> = tokio::select! {
                ids = follower.next() => Some(ids.into_iter().collect()),
                () = places.to_claim.notified() => {
                    let with_more = std::mem::take(&mut *places.with_more.borrow_mut());
                    (!places.is_full.get()).then(|| with_more.into_iter().collect())
                }
                _ = poll.tick() => None,
            };
            let free = PLACES.saturating_sub(places.taken.get());
            if free == 0 {
                places.is_full.set(true);
                continue;
            }
            let failing = FAILING_PLACES.saturating_sub(places.failing.get());
            let among = woken.as_deref().map_or(Among::All, Among::TaskForces);
            let now = self.clock.now();
            let (limits, crowded) = ((count(free), count(failing)), places.crowded());
            let found = self
                .with_conn(async |conn| {
                    Ok(db::webhooks::positions::claim(conn, among, &crowded, now, limits).await?)
                })
                .await;
            match found {
                Ok(found) => {
                    places.is_full.set(found.len() >= free);
                    for one in found {
                        places.take(one);
                        if claimed.send(one).is_err() {
                            return;
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "webhooks could not be claimed yet");
                    sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    /// Delivers what a webhook has to deliver, one message after the other; returns whether there is more.
    async fn deliver(&self, webhooks: &Webhooks, claimed: Claimed) -> Result<bool> {
        let until = Instant::now() + PASS;
        // The next events, and the version of the webhook for which they were read.
        let (mut events, mut read_for) = (VecDeque::new(), 0);
        loop {
            // Read anew before each message: a webhook that was changed, paused, deleted or withheld stops at once.
            let Some(target) = self.target(claimed).await? else {
                self.with_conn(async |conn| Ok(db::webhooks::positions::end(conn, claimed).await?)).await?;
                return Ok(true);
            };
            let now = self.clock.now();
            let webhook = &target.webhook;
            if let Some(pending) = &target.pending {
                self.deliver_requested(webhooks, claimed, &target, pending).await?;
                continue;
            }
            let is_due = webhook.next_attempt_at.is_none_or(|at| at <= now);
            if webhook.state != WebhookState::Active || webhook.seq >= webhook.last_seq || !is_due {
                self.release(claimed, None).await?;
                return Ok(false);
            }
            if !may_deliver(webhook.owner()) {
                self.release(claimed, Some(now + LOOK_AGAIN_AFTER)).await?;
                return Ok(false);
            }
            if Instant::now() >= until {
                self.release(claimed, None).await?;
                return Ok(true);
            }
            if events.is_empty() || read_for != webhook.version {
                events = self.next_events(claimed, webhook).await?;
                read_for = webhook.version;
                if events.is_empty() {
                    // Nothing up to the head that was read before the events is for this webhook.
                    let seq = webhook.last_seq;
                    self.with_conn(async |conn| {
                        Ok(db::webhooks::positions::skip_to(conn, claimed, seq).await?)
                    })
                    .await?;
                }
                // An event may be later than the webhook and the secrets that were read before the events.
                continue;
            }
            let Some(event) = events.pop_front() else { continue };
            if !self.deliver_event(webhooks, claimed, &target, event).await? {
                return Ok(false);
            }
        }
    }

    /// Reads a webhook and its secrets while the claim lasts, and extends the claim.
    async fn target(&self, claimed: Claimed) -> Result<Option<Target>> {
        let Claimed { task_force_id, webhook_id, .. } = claimed;
        let now = self.clock.now();
        let (lasts, webhook, secrets, pending) = self
            .with_conn(async |conn| {
                Ok(tokio::try_join!(
                    db::webhooks::positions::extend(conn, claimed),
                    db::webhooks::find(conn, task_force_id, webhook_id, now),
                    db::webhooks::secrets(conn, task_force_id, webhook_id, now),
                    db::webhooks::deliveries::next_pending(conn, task_force_id, webhook_id),
                )?)
            })
            .await?;
        let target = webhook.map(|webhook| Target { webhook, secrets: self.opened(&secrets), pending });
        Ok(target.filter(|_| lasts))
    }

    /// The secrets; `None` if the present one cannot be read.
    fn opened(&self, sealed: &[SealedSecret]) -> Option<Vec<WebhookSecret>> {
        let open = |secret: &SealedSecret| {
            let bytes = self.tokens.sealing().open(&secret.sealed, secret.webhook_id.as_bytes());
            (secret.expires_at, bytes.map(WebhookSecret::from_bytes))
        };
        let opened: Vec<_> = sealed.iter().map(open).collect();
        let has_present = opened.iter().any(|(expires_at, secret)| expires_at.is_none() && secret.is_some());
        has_present.then(|| opened.into_iter().filter_map(|(_, secret)| secret).collect())
    }

    /// The next events that the webhook sends.
    async fn next_events(&self, claimed: Claimed, webhook: &Webhook) -> Result<VecDeque<ReadEvent>> {
        let filter =
            EventFilter { after: webhook.seq, actions: webhook.actions.clone(), ..EventFilter::default() };
        let (order, window) = (EventOrder::OldestFirst(None), Window::of(BATCH));
        let page = self
            .with_conn(async |conn| {
                let id = claimed.task_force_id;
                Ok(db::events::list(conn, id, &filter, order, window, BATCH_BYTES).await?)
            })
            .await?;
        page.items.into_iter().map(as_sent).collect()
    }

    /// Makes an attempt to deliver the next event, and notes it; returns whether the next one can follow.
    async fn deliver_event(
        &self,
        webhooks: &Webhooks,
        claimed: Claimed,
        target: &Target,
        read: ReadEvent,
    ) -> Result<bool> {
        let before = target.webhook.failures();
        let event = DeliveredEvent { id: read.event.id, seq: read.event.seq, action: read.event.action };
        let attempt = self.send(webhooks, target, message(webhooks, read, target.webhook.language)?).await?;
        let now = self.clock.now();
        let Attempt { status, error, .. } = attempt;
        let failed =
            Failures { of_event: before.of_event.saturating_add(1), since: before.since.or(Some(now)) };
        let after = error.map(|_| after_failure(before, status, now, random()));
        let mut progress =
            Progress { seq: target.webhook.seq, failures: failed, next_attempt_at: None, delivered_at: None };
        let outcome = match after {
            None => {
                (progress.seq, progress.failures) = (event.seq, Failures::default());
                progress.delivered_at = Some(now);
                DeliveryOutcome::Delivered
            }
            Some(AfterFailure::SetAside) => {
                (progress.seq, progress.failures.of_event) = (event.seq, 0);
                DeliveryOutcome::SetAside
            }
            Some(AfterFailure::RetryAt(at)) => {
                progress.next_attempt_at = Some(at);
                DeliveryOutcome::Failed
            }
            Some(AfterFailure::Disable) => {
                progress.next_attempt_at = Some(now + LOOK_AGAIN_AFTER);
                DeliveryOutcome::Failed
            }
        };
        let number = i32::try_from(failed.of_event).unwrap_or(i32::MAX);
        let finished = finished(Some(event), outcome, number, attempt, now);
        let noted = self
            .with_conn(async |conn| {
                Ok(db::webhooks::positions::note(conn, claimed, &progress, &finished).await?)
            })
            .await?;
        if after == Some(AfterFailure::Disable) && noted {
            self.disable_webhook(claimed).await?;
        }
        // A claim that has ended is noticed before the next message.
        let goes_on = !noted || progress.next_attempt_at.is_none();
        if !goes_on {
            self.release(claimed, None).await?;
        }
        Ok(goes_on)
    }

    /// Makes the one attempt of a delivery that was requested.
    async fn deliver_requested(
        &self,
        webhooks: &Webhooks,
        claimed: Claimed,
        target: &Target,
        pending: &Delivery,
    ) -> Result<()> {
        let (task_force_id, event) = (claimed.task_force_id, requested_event(pending));
        let attempt = if may_deliver(target.webhook.owner()) {
            let unsigned = match event {
                Some(event) => {
                    let filter = EventFilter { after: event.seq - 1, ..EventFilter::default() };
                    let (order, window) = (EventOrder::OldestFirst(None), Window::of(1));
                    let page = self
                        .with_conn(async |conn| {
                            Ok(db::events::list(conn, task_force_id, &filter, order, window, BATCH_BYTES)
                                .await?)
                        })
                        .await?;
                    let row = page.items.into_iter().next();
                    let row = row.ok_or_else(|| Error::internal("the event of a delivery is missing"))?;
                    message(webhooks, as_sent(row)?, target.webhook.language)?
                }
                None => test_message(claimed, pending)?,
            };
            self.send(webhooks, target, unsigned).await?
        } else {
            not_sent(DeliveryError::Withheld)
        };
        let outcome =
            if attempt.error.is_none() { DeliveryOutcome::Delivered } else { DeliveryOutcome::Failed };
        let finished = finished(event, outcome, 1, attempt, self.clock.now());
        self.with_conn(async |conn| {
            Ok(db::webhooks::deliveries::finish(conn, task_force_id, pending.id, &finished).await?)
        })
        .await
    }

    /// Signs a message and sends it.
    async fn send(&self, webhooks: &Webhooks, target: &Target, unsigned: Unsigned) -> Result<Attempt> {
        let Some(secrets) = &target.secrets else { return Ok(not_sent(DeliveryError::SecretUnreadable)) };
        let Unsigned { id, body } = unsigned;
        let (id, timestamp) = (id.to_string(), self.clock.now().timestamp());
        let signature = signatures(secrets, &id, timestamp, &body);
        let mut headers = Vec::new();
        for (name, value) in [
            ("webhook-id", id),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
        ] {
            let value = HeaderValue::from_str(&value).map_err(Error::internal)?;
            headers.push((HeaderName::from_static(name), value));
        }
        let url = Url::parse(&target.webhook.url).map_err(Error::internal)?;
        let sender = webhooks.sender.clone();
        // On another thread, since TLS costs time. The attempt has a limit of its own.
        tokio::spawn(async move { sender.send(url, headers, body).await }).await.map_err(Error::internal)
    }

    async fn release(&self, claimed: Claimed, next_attempt_at: Option<DateTime<Utc>>) -> Result<()> {
        self.with_conn(async |conn| {
            db::webhooks::deliveries::trim(conn, claimed.task_force_id, claimed.webhook_id).await?;
            Ok(db::webhooks::positions::release(conn, claimed, next_attempt_at).await?)
        })
        .await
    }

    /// Disables a webhook whose deliveries have failed for days. Its place among the events stays.
    async fn disable_webhook(&self, claimed: Claimed) -> Result<()> {
        let Claimed { task_force_id, webhook_id, .. } = claimed;
        self.write_as_service(task_force_id, async |tx| {
            let (conn, now) = (tx.conn(), tx.now());
            let webhook = db::webhooks::find(conn, task_force_id, webhook_id, now).await?;
            let lasts = db::webhooks::positions::lock(conn, claimed).await?;
            let is_active = |webhook: &Webhook| webhook.state == WebhookState::Active;
            let Some(webhook) = webhook.filter(|webhook| lasts && is_active(webhook)) else {
                return Ok(());
            };
            let (fields, to, owner) = (webhook.fields(), WebhookState::Disabled, webhook.owner_id);
            db::webhooks::update(conn, task_force_id, webhook_id, &fields, to, owner, now).await?;
            let disabled = new_event(EventAction::WebhookTransitioned, webhook_id)
                .with_transition(WebhookState::Active.code(), to.code())
                .with_change("failingSince", None::<()>, webhook.failures().since);
            tx.record(disabled);
            Ok(())
        })
        .await
    }
}

/// A webhook as a worker needs it.
struct Target {
    webhook: Webhook,
    /// `None` if the present secret cannot be read.
    secrets: Option<Vec<WebhookSecret>>,
    /// The delivery that was requested first.
    pending: Option<Delivery>,
}

fn count(places: usize) -> i64 {
    i64::try_from(places).unwrap_or(i64::MAX)
}

/// A random number for the jitter of delays.
fn random() -> u32 {
    Uuid::new_v4().as_fields().0
}

/// The event of a delivery that was requested; `None` for a test.
fn requested_event(pending: &Delivery) -> Option<DeliveredEvent> {
    Some(DeliveredEvent { id: pending.event_id?, seq: pending.event_seq?, action: pending.action? })
}

/// An event as it is sent: without the choice of a vote, whether the vote is open or over.
fn as_sent(row: EventRow) -> Result<ReadEvent> {
    Ok(UnsealedEvent::from_row(row)?.seen_by(BallotReader::Subscriber))
}

/// The message of an event.
fn message(webhooks: &Webhooks, read: ReadEvent, language: Language) -> Result<Unsigned> {
    let (id, action, at) = (read.event.id, read.event.action, read.event.at);
    let data = (webhooks.form)(read, language).map_err(Error::internal)?;
    let message = Message { r#type: action.code(), timestamp: at, data: &data };
    Ok(Unsigned { id, body: serde_json::to_string(&message).map_err(Error::internal)? })
}

/// The message of a test.
fn test_message(claimed: Claimed, pending: &Delivery) -> Result<Unsigned> {
    let Claimed { task_force_id, webhook_id, .. } = claimed;
    let data = TestData { task_force_id, webhook_id, delivery_id: pending.id };
    let data = serde_json::value::to_raw_value(&data).map_err(Error::internal)?;
    let message = Message { r#type: "webhook.test", timestamp: pending.created_at, data: &data };
    Ok(Unsigned { id: pending.id, body: serde_json::to_string(&message).map_err(Error::internal)? })
}

/// An attempt that ends before anything is sent.
fn not_sent(error: DeliveryError) -> Attempt {
    Attempt { status: None, error: Some(error), took: Duration::ZERO }
}

fn finished(
    event: Option<DeliveredEvent>,
    outcome: DeliveryOutcome,
    attempt: i32,
    end: Attempt,
    at: DateTime<Utc>,
) -> Finished {
    let Attempt { status, error, took } = end;
    let milliseconds = i32::try_from(took.as_millis()).ok();
    Finished { event, outcome, attempt, status, error, milliseconds, at }
}
