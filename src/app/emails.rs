//! E-mails: they are queued in the transaction of what they tell, and sent by the background work.
//!
//! A process claims an e-mail for one attempt, sends it outside of any transaction, and notes the result. A process that is
//! killed in between leaves the e-mail to the next attempt, which has the same `Message-ID`: a second copy, if there is
//! one, is known as such. Several processes skip what another one is claiming.
//!
//! The content of an e-mail is read when it is sent. An e-mail that has nothing left to say, such as a link that was used or
//! replaced, is not sent.

mod news;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt as _, stream};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;
use tokio::time::{Instant, interval, sleep, sleep_until};
use uuid::Uuid;

use super::write::NewInstallationEvent;
use super::{App, Error, Result};
use crate::auth::secrets;
use crate::db::emails::{Addressee, ClaimedEmail, NextAttempt};
use crate::db::{self, Conn};
use crate::delivery::smtp::{Letter, MailServer, Recipient, SendError, Sender};
use crate::domain::email::{EmailEnd, EmailKind};
use crate::domain::event::{ActorKind, EventAction, EventActor, NewEvent, SubjectKind};
use crate::domain::retry;
use crate::domain::text::Language;
use crate::domain::user::UserState;
use crate::domain::vocabulary::Vocabulary as _;
use crate::render::mail::{self, AccountMail, AccountMailKind, Mail};

/// The interval at which the process looks for e-mails to send.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// The most e-mails that are sent at the same time.
const AT_ONCE: usize = 4;

/// The time after which another process may send a claimed e-mail: longer than the time-outs of an attempt together.
const CLAIM: TimeDelta = TimeDelta::minutes(3);

/// The pause while the mail server takes no e-mail.
const PAUSE: Duration = Duration::from_secs(20);

/// The most attempts at noting that an e-mail was sent. Without the note, it would be sent again.
const NOTE_ATTEMPTS: u32 = 30;

/// The most e-mails of one kind about the account of a user in 24 hours, so that nobody fills the mailbox of somebody
/// else.
const ACCOUNT_EMAILS_PER_DAY: i64 = 20;

/// The mail server, and what e-mails say of the installation.
#[expect(missing_debug_implementations, reason = "the mail server has a password")]
pub struct Mailing {
    server: MailServer,
    sender: Sender,
    /// The URL under which people reach the service, without a slash at its end.
    public_url: String,
    /// The application for people, to which e-mails lead.
    application: Option<String>,
    /// The end of the pause, if the mail server takes no e-mail at present.
    paused_until: Mutex<Option<Instant>>,
}

impl Mailing {
    /// E-mails through a mail server, in the name of a sender, about the service at a URL.
    pub fn new(server: MailServer, sender: Sender, public_url: String) -> Self {
        Self { server, sender, public_url, application: None, paused_until: Mutex::default() }
    }

    /// Returns e-mails that lead to an application for people.
    pub fn with_application(self, application: Option<String>) -> Self {
        Self { application, ..self }
    }

    /// The host of the service.
    fn host(&self) -> &str {
        self.public_url.split_once("://").map_or(self.public_url.as_str(), |(_, host)| host)
    }

    /// Waits until the mail server may be tried again.
    async fn wait_for_the_end_of_the_pause(&self) {
        let until = *self.paused_until.lock().await;
        if let Some(until) = until {
            sleep_until(until).await;
        }
    }

    /// Begins a pause. Only the first one of an outage is a warning.
    async fn pause(&self, error: &SendError) {
        let mut paused_until = self.paused_until.lock().await;
        if paused_until.is_none() {
            tracing::warn!(%error, server = self.server.name(), "e-mails wait for the mail server");
        }
        *paused_until = Some(Instant::now() + PAUSE);
    }

    /// Notes that the mail server takes e-mails.
    async fn resume(&self) {
        if self.paused_until.lock().await.take().is_some() {
            tracing::info!(server = self.server.name(), "the mail server takes e-mails again");
        }
    }
}

/// An e-mail that is ready to be sent.
struct Written {
    addressee: Addressee,
    mail: Mail,
    /// The page that ends e-mails of this kind.
    unsubscribe: Option<String>,
}

impl App {
    /// Queues an e-mail about the account of a user in the transaction of the change; returns its id. `None` without a
    /// mail server, and beyond [`ACCOUNT_EMAILS_PER_DAY`].
    pub(super) async fn queue_email(
        &self,
        conn: &Conn,
        user_id: Uuid,
        kind: EmailKind,
        now: DateTime<Utc>,
    ) -> Result<Option<Uuid>> {
        if self.mail.is_none() {
            return Ok(None);
        }
        let made = db::emails::count_since(conn, user_id, kind, now - TimeDelta::days(1)).await?;
        if made >= ACCOUNT_EMAILS_PER_DAY {
            tracing::warn!(%user_id, kind = kind.code(), "the user gets no more e-mails of this kind today");
            return Ok(None);
        }
        let id = Uuid::now_v7();
        db::emails::insert(conn, id, user_id, kind, now).await?;
        Ok(Some(id))
    }

    /// Sends e-mails for ever. Without a mail server, there is nothing to do.
    pub(super) async fn run_emails(&self) {
        let Some(mailing) = self.mail.as_deref() else { return std::future::pending().await };
        let due = stream::unfold((), move |()| async move { Some((self.next_email(mailing).await, ())) });
        let sent = due.map(move |email| self.attempt(mailing, email)).buffer_unordered(AT_ONCE);
        tokio::join!(sent.for_each(std::future::ready), self.run_password_resets(), self.run_news());
    }

    async fn run_password_resets(&self) {
        let mut poll = interval(POLL_EVERY);
        loop {
            poll.tick().await;
            if let Err(error) = self.answer_password_reset_requests().await {
                tracing::warn!(%error, "requests for new passwords could not be answered yet");
            }
        }
    }

    /// Waits for the next e-mail whose time has come, and claims it.
    async fn next_email(&self, mailing: &Mailing) -> ClaimedEmail {
        loop {
            mailing.wait_for_the_end_of_the_pause().await;
            let now = self.clock.now();
            let claimed =
                self.with_conn(async |conn| Ok(db::emails::claim(conn, 1, now, now + CLAIM).await?)).await;
            match claimed.map(|emails| emails.into_iter().next()) {
                Ok(Some(email)) => return email,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "waiting e-mails could not be read yet"),
            }
            sleep(POLL_EVERY).await;
        }
    }

    /// Makes one attempt to send an e-mail. If its result cannot be noted, the e-mail is sent again later.
    async fn attempt(&self, mailing: &Mailing, email: ClaimedEmail) {
        let result = match self.written(mailing, &email).await {
            Ok(Some(written)) => {
                let sent = mailing.server.send(&letter(mailing, &email, &written)).await;
                self.note_attempt(mailing, &email, &written.addressee, sent).await
            }
            Ok(None) => self.end_email(&email, EmailEnd::Obsolete, None).await,
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            tracing::warn!(%error, email = %email.id, "an attempt to send an e-mail could not be made or noted");
        }
    }

    /// The content of an e-mail now; `None` if nothing is left to say.
    async fn written(&self, mailing: &Mailing, email: &ClaimedEmail) -> Result<Option<Written>> {
        let Some(kind) = EmailKind::parse(&email.kind) else {
            // A newer version of the service, which shares the database, has made the e-mail.
            return Err(Error::internal(format!("the kind {} of e-mails is not known", email.kind)));
        };
        let now = self.clock.now();
        let token = self.tokens.email_secret(email.id);
        let hash = secrets::digest(&token);
        let (addressee, expires_at) = self
            .with_conn(async |conn| {
                let addressee = db::emails::addressee(conn, email.user_id).await?;
                let expires_at = match kind {
                    EmailKind::Invitation => {
                        db::emails::invitation_expiry(conn, email.user_id, &hash).await?
                    }
                    EmailKind::PasswordReset => {
                        db::emails::password_reset_expiry(conn, email.user_id, &hash).await?
                    }
                    EmailKind::PasswordChanged | EmailKind::News | EmailKind::Digest => None,
                };
                Ok((addressee, expires_at))
            })
            .await?;
        if addressee.state == UserState::Disabled {
            return Ok(None);
        }
        let language = addressee.locale;
        let url = password_page(&mailing.public_url, &token, language);
        let expires_at = expires_at.filter(|expires_at| now < *expires_at);
        let kind = match (kind, expires_at) {
            (EmailKind::Invitation, Some(expires_at)) if addressee.state == UserState::Invited => {
                AccountMailKind::Invitation { url: &url, expires_at }
            }
            (EmailKind::Invitation, Some(expires_at)) => AccountMailKind::Renewal { url: &url, expires_at },
            (EmailKind::PasswordReset, Some(expires_at)) => {
                AccountMailKind::PasswordReset { url: &url, expires_at }
            }
            (EmailKind::PasswordChanged, _) => AccountMailKind::PasswordChanged { at: email.created_at },
            (EmailKind::News | EmailKind::Digest, _) => {
                return self.written_news(mailing, email, kind, addressee).await;
            }
            (EmailKind::Invitation | EmailKind::PasswordReset, None) => return Ok(None),
        };
        let mail = mail::account(&AccountMail {
            language,
            name: &addressee.name,
            address: &addressee.email,
            host: mailing.host(),
            kind,
        })
        .map_err(Error::internal)?;
        Ok(Some(Written { addressee, mail, unsubscribe: None }))
    }

    /// Notes the result of an attempt, and plans the next one.
    async fn note_attempt(
        &self,
        mailing: &Mailing,
        email: &ClaimedEmail,
        addressee: &Addressee,
        sent: std::result::Result<(), SendError>,
    ) -> Result<()> {
        let now = self.clock.now();
        let error = match sent {
            Ok(()) => {
                mailing.resume().await;
                metrics::counter!("taskforce_emails_sent_total").increment(1);
                self.end_email(email, EmailEnd::Sent, None).await?;
                return self.enable_address(email, addressee).await;
            }
            Err(error) => error,
        };
        let (failures, first_failed_at) = match &error {
            SendError::AddressRefused(reason) => {
                mailing.resume().await;
                metrics::counter!("taskforce_emails_refused_total").increment(1);
                self.disable_address(email, addressee, reason).await?;
                return self.end_email(email, EmailEnd::Refused, Some(reason)).await;
            }
            // An outage of the mail server is not a failure of the e-mail, which is sent as soon as the server is back.
            SendError::Unavailable(_) => {
                mailing.pause(&error).await;
                (email.failures, email.first_failed_at)
            }
            SendError::NotTaken(_) => {
                mailing.resume().await;
                tracing::warn!(%error, email = %email.id, "an e-mail is sent again later");
                (email.failures + 1, email.first_failed_at.or(Some(now)))
            }
        };
        let reason = error.to_string();
        // The schedule of an outage begins when the e-mail was made.
        let since = first_failed_at.unwrap_or(email.created_at);
        let (random, ..) = Uuid::new_v4().as_fields();
        let failures_so_far = u32::try_from(failures).unwrap_or_default().max(1);
        let planned = retry::MAIL.next_attempt(failures_so_far, since, now, random);
        match planned {
            None => {
                metrics::counter!("taskforce_emails_failed_total").increment(1);
                tracing::warn!(email = %email.id, %error, "an e-mail was given up");
                self.end_email(email, EmailEnd::Failed, Some(&reason)).await
            }
            Some(planned) => {
                let is_outage = matches!(error, SendError::Unavailable(_));
                let next = NextAttempt {
                    next_attempt_at: if is_outage { now } else { planned },
                    failures,
                    first_failed_at,
                    last_error: Some(&reason),
                };
                self.with_conn(async |conn| Ok(db::emails::wait(conn, email, next).await?)).await
            }
        }
    }

    /// Ends an e-mail. The database may be down for a while after the mail server has taken an e-mail.
    async fn end_email(&self, email: &ClaimedEmail, end: EmailEnd, error: Option<&str>) -> Result<()> {
        let now = self.clock.now();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let noted =
                self.with_conn(async |conn| Ok(db::emails::end(conn, email, end, error, now).await?)).await;
            match noted {
                Err(Error::Unavailable(cause)) if attempts < NOTE_ATTEMPTS => {
                    tracing::debug!(%cause, email = %email.id, "the end of an e-mail could not be noted yet");
                    sleep(Duration::from_secs(1)).await;
                }
                noted => return noted.map(drop),
            }
        }
    }

    /// Disables an address that the mail server refuses for good. Administrators see the event and the user.
    async fn disable_address(&self, email: &ClaimedEmail, addressee: &Addressee, reason: &str) -> Result<()> {
        let user_id = email.user_id;
        self.write_installation(&email.id.to_string(), async |conn, now| {
            db::users::lock(conn, user_id).await?;
            let disabled = db::emails::disable_address(conn, user_id, &addressee.email, reason, now).await?;
            Ok(((), disabled.then(|| by_the_service(EventAction::EmailDisabled, user_id))))
        })
        .await
    }

    /// Enables an address that had been disabled, since the mail server has taken an e-mail to it.
    async fn enable_address(&self, email: &ClaimedEmail, addressee: &Addressee) -> Result<()> {
        if addressee.email_disabled_at.is_none() {
            return Ok(());
        }
        let user_id = email.user_id;
        self.write_installation(&email.id.to_string(), async |conn, _| {
            db::users::lock(conn, user_id).await?;
            let is_same = db::emails::addressee(conn, user_id).await?.email == addressee.email;
            let enabled = is_same && db::emails::enable_address(conn, user_id).await?;
            Ok(((), enabled.then(|| by_the_service(EventAction::EmailEnabled, user_id))))
        })
        .await
    }
}

fn by_the_service(action: EventAction, user_id: Uuid) -> NewInstallationEvent {
    NewInstallationEvent {
        actor: EventActor { kind: ActorKind::System, id: None },
        new_event: NewEvent::new(action, SubjectKind::User, user_id),
    }
}

fn letter<'a>(mailing: &'a Mailing, email: &ClaimedEmail, written: &'a Written) -> Letter<'a> {
    let Written { addressee, mail, unsubscribe } = written;
    Letter {
        id: email.id,
        created_at: email.created_at,
        from: &mailing.sender,
        to: Recipient { address: &addressee.email, name: addressee.name.in_language(addressee.locale) },
        language: addressee.locale.code(),
        subject: &mail.subject,
        text: &mail.text,
        html: &mail.html,
        unsubscribe: unsubscribe.as_deref(),
    }
}

/// The address of the page on which a person sets a password by a link, in a language.
pub fn password_page(public_url: &str, token: &SecretString, language: Language) -> String {
    format!("{public_url}/s/password/{}?lang={}", token.expose_secret(), language.code())
}
