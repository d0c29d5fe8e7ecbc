//! Notifications by e-mail: they are gathered into e-mails, at once or once a day, and a link in each e-mail ends them.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::{Mailing, POLL_EVERY, Written};
use crate::app::write::NewInstallationEvent;
use crate::app::{App, Error, Result};
use crate::auth::tokens::Unsubscription;
use crate::db;
use crate::db::emails::{Addressee, ClaimedEmail};
use crate::db::notifications::emailing::{self, DigestReader, Gathering, Pauses};
use crate::db::notifications::reading::Notification;
use crate::domain::email::{EmailKind, last_digest};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::notification::{
    NotificationChoice, NotificationEmail, NotificationKind, NotificationSettings,
};
use crate::domain::refusal::RefusalCode;
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;
use crate::render::mail::{self, NewsItem, NewsMail};
use crate::render::notices::{NoticeFacts, notice};

/// The pause between two e-mails to a person about what is told at once. Later news come together in the next one.
const QUIET: TimeDelta = TimeDelta::minutes(2);

/// The pause after an e-mail that was one of many on a day.
const LONG_QUIET: TimeDelta = TimeDelta::hours(1);

/// The age beyond which nobody is told by e-mail: the address did not work, or the account was not in use. The
/// notifications are still in the list of the person.
const MAX_AGE: TimeDelta = TimeDelta::days(3);

/// The interval at which the process looks for people whose digest is due.
const DIGESTS_EVERY: Duration = Duration::from_secs(20);

/// The most people whom one statement reads.
const BATCH: i64 = 200;

impl App {
    /// Gathers notifications into e-mails for ever.
    pub(super) async fn run_news(&self) {
        let (mut news, mut digests) = (interval(POLL_EVERY), interval(DIGESTS_EVERY));
        news.set_missed_tick_behavior(MissedTickBehavior::Delay);
        digests.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let gathered = tokio::select! {
                _ = news.tick() => self.gather_news().await,
                _ = digests.tick() => self.gather_digests().await,
            };
            if let Err(error) = gathered {
                tracing::warn!(%error, "notifications could not be gathered into e-mails yet");
            }
        }
    }

    /// Gathers what people are told at once.
    async fn gather_news(&self) -> Result<()> {
        loop {
            let now = self.clock.now();
            let since = now - MAX_AGE;
            let pauses = Pauses { short: now - QUIET, long: now - LONG_QUIET, day: now - TimeDelta::days(1) };
            let waiting = self
                .with_conn(async |conn| Ok(emailing::waiting_at_once(conn, since, pauses, BATCH).await?))
                .await?;
            let mut gathered = 0;
            for user_id in &waiting {
                gathered += i64::from(self.gather(*user_id, EmailKind::News, now).await?);
            }
            // Nobody of a full batch is left to be found again.
            if gathered < BATCH {
                return Ok(());
            }
        }
    }

    /// Gathers the digests that are due.
    async fn gather_digests(&self) -> Result<()> {
        let now = self.clock.now();
        let mut after = Uuid::nil();
        loop {
            let readers = self
                .with_conn(
                    async |conn| Ok(emailing::digest_readers(conn, now - MAX_AGE, after, BATCH).await?),
                )
                .await?;
            for reader in &readers {
                let digest_at = last_digest(now, hour_of(reader), zone(reader.time_zone.as_deref()));
                if reader.oldest_at <= digest_at {
                    self.gather(reader.user_id, EmailKind::Digest, digest_at).await?;
                }
            }
            match readers.last() {
                Some(last) if i64::try_from(readers.len()).is_ok_and(|found| found >= BATCH) => {
                    after = last.user_id;
                }
                _ => return Ok(()),
            }
        }
    }

    /// Makes one e-mail of the notifications of a person up to a time; returns whether there are any.
    async fn gather(&self, user_id: Uuid, kind: EmailKind, up_to: DateTime<Utc>) -> Result<bool> {
        let now = self.clock.now();
        let choice = match kind {
            EmailKind::Digest => NotificationEmail::Digest,
            _ => NotificationEmail::AtOnce,
        };
        let gathering =
            Gathering { email_id: Uuid::now_v7(), user_id, kind, choice, since: now - MAX_AGE, up_to };
        self.with_conn(async |conn| Ok(emailing::gather(conn, gathering, now).await?)).await
    }

    /// The content of an e-mail with notifications now; `None` if nothing is left to say.
    pub(super) async fn written_news(
        &self,
        mailing: &Mailing,
        email: &ClaimedEmail,
        kind: EmailKind,
        addressee: Addressee,
    ) -> Result<Option<Written>> {
        if addressee.email_disabled_at.is_some() {
            return Ok(None);
        }
        let (notifications, zone_name) = self
            .with_conn(async |conn| {
                Ok(tokio::try_join!(
                    emailing::of_email(conn, email.id),
                    emailing::zone_of(conn, email.user_id)
                )?)
            })
            .await?;
        if notifications.is_empty() {
            return Ok(None);
        }
        let unsubscription = if kind == EmailKind::Digest {
            Unsubscription { user_id: email.user_id, kinds: None }
        } else {
            let kinds: BTreeSet<_> =
                notifications.iter().map(|notification| notification.kind.code()).collect();
            let kinds = kinds.into_iter().map(str::to_owned).collect();
            Unsubscription { user_id: email.user_id, kinds: Some(kinds) }
        };
        let language = addressee.locale;
        let token = self.tokens.unsubscribe(&unsubscription);
        let unsubscribe = unsubscribe_page(&mailing.public_url, &token, language);
        let items: Vec<_> = notifications.into_iter().map(|row| item(row, language)).collect();
        let mail = mail::news(&NewsMail {
            language,
            name: &addressee.name,
            address: &addressee.email,
            host: mailing.host(),
            application: mailing.application.as_deref(),
            unsubscribe: &unsubscribe,
            zone: zone(zone_name.as_deref()),
            digest_at: (kind == EmailKind::Digest).then_some(email.created_at),
            items: &items,
        })
        .map_err(Error::internal)?;
        Ok(Some(Written { addressee, mail, unsubscribe: Some(unsubscribe) }))
    }

    /// The kinds of notifications whose e-mails a link ends; `None` for a link that this service has not made. The digest
    /// has no kinds of its own.
    pub fn unsubscription(&self, token: &SecretString) -> Option<Vec<NotificationKind>> {
        let Unsubscription { kinds, .. } = self.tokens.unsubscription(token)?;
        Some(kinds.unwrap_or_default().iter().filter_map(|kind| NotificationKind::parse(kind)).collect())
    }

    /// Ends the e-mails that a link names. A second request changes nothing.
    ///
    /// # Errors
    /// `notFound` for a link that this service has not made.
    pub async fn unsubscribe(&self, request_id: &str, token: &SecretString) -> Result<()> {
        let unsubscription = self.tokens.unsubscription(token);
        let Unsubscription { user_id, kinds } = unsubscription.ok_or(RefusalCode::NotFound)?;
        let is_meant = |kind: NotificationKind, email| match &kinds {
            Some(kinds) => kinds.iter().any(|meant| meant == kind.code()),
            None => email == NotificationEmail::Digest,
        };
        self.write_installation(request_id, async |conn, _| {
            db::users::lock(conn, user_id).await?;
            let settings = db::notifications::settings::find(conn, user_id).await?;
            let mut ended = Vec::new();
            let chosen = NotificationKind::ALL.iter().map(|kind| {
                let choice = settings.choice(*kind);
                if choice.email == NotificationEmail::Never || !is_meant(*kind, choice.email) {
                    return (*kind, choice);
                }
                ended.push(*kind);
                (*kind, NotificationChoice { email: NotificationEmail::Never, ..choice })
            });
            let changed = NotificationSettings::new(chosen, settings.digest_hour, settings.time_zone.clone());
            if ended.is_empty() {
                return Ok(((), None));
            }
            db::notifications::settings::set(conn, user_id, &changed).await?;
            emailing::end_waiting(conn, user_id, &ended).await?;
            let updated = NewEvent::new(EventAction::UserUpdated, SubjectKind::User, user_id);
            let updated = updated.with_change("notificationSettings", None::<()>, true);
            Ok(((), Some(NewInstallationEvent::by(user_id, updated))))
        })
        .await
    }
}

fn item(row: Notification, language: Language) -> NewsItem {
    let details = row.details();
    let facts = NoticeFacts {
        kind: row.kind,
        actor: row.actor.as_ref().map(|actor| &actor.name),
        subject: &row.subject,
        task_force: row.task_force_name.as_ref(),
        details: &details,
        zone: zone(row.time_zone.as_deref()),
    };
    let sentence = notice(&facts, language);
    NewsItem { sentence, at: row.created_at, task_force: row.task_force_name }
}

fn hour_of(reader: &DigestReader) -> u32 {
    u32::try_from(reader.hour).unwrap_or_default()
}

/// A time zone; UTC for a person without a task force, and for a zone that is no longer known.
fn zone(name: Option<&str>) -> Tz {
    name.and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC)
}

/// The address of the page that ends e-mails, in a language.
fn unsubscribe_page(public_url: &str, token: &SecretString, language: Language) -> String {
    format!("{public_url}/s/unsubscribe/{}?lang={}", token.expose_secret(), language.code())
}
