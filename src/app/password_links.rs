//! The links by which a person sets a password without knowing one: an invitation, and the e-mail to a person who forgot
//! the password. One rule sets the password for both, over the API and on the page of the service.
//!
//! A forgotten password is asked for by an address. The request is stored whether or not somebody has the address, and the
//! background work looks the address up: neither the answer nor its time tells who has an account.
//!
//! Everybody who knows an address can ask, and must not keep its owner from a new password. Requests are counted by the
//! network of the client, and never by the account. A request adds nothing while the owner has a link that was sent of
//! late, and the last two links work, so that the link which the owner is about to use stays valid.

use chrono::TimeDelta;
use secrecy::SecretString;
use uuid::Uuid;

use super::sessions::with_sessions_ended;
use super::sign_in::{SignedIn, Visit, personal_words, too_common, too_many};
use super::write::NewInstallationEvent;
use super::{App, Error, Result};
use crate::auth::passwords::NewPassword;
use crate::auth::secrets;
use crate::db::password_resets::PasswordResetRequest;
use crate::db::users::Account;
use crate::db::{self, Conn};
use crate::domain::email::EmailKind;
use crate::domain::event::{ActorKind, EventAction, EventActor, NewEvent, SubjectKind};
use crate::domain::refusal::RefusalCode;
use crate::domain::user::{UserState, fold_address};
use crate::domain::vocabulary::Vocabulary as _;

/// The lifetime of a link by which a user sets a new password: a mail server that asks the service to try again later
/// needs some minutes, and an e-mail is not always read at once.
const RESET_LIFETIME: TimeDelta = TimeDelta::hours(4);

/// The time after a link was sent in which a request sends no other one.
const RESET_PAUSE: TimeDelta = TimeDelta::minutes(10);

/// The links in 24 hours after which the longer pause applies.
const RESETS_WITHOUT_HASTE: i64 = 6;

/// The pause after [`RESETS_WITHOUT_HASTE`]: half the lifetime of a link, so that a link with at least as much time is in
/// the mailbox. All pauses of a day leave room for 18 e-mails, which is below the limit of e-mails about an account.
const LONG_RESET_PAUSE: TimeDelta = TimeDelta::hours(2);

/// The kinds of links by which a password is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordLink {
    Invitation,
    Reset,
}

/// A link that waits to be used.
#[derive(Debug)]
pub struct WaitingLink {
    pub link: PasswordLink,
    /// The address of the account.
    pub email: String,
}

impl PasswordLink {
    /// The account of a link that can be used.
    async fn account(self, conn: &Conn, token: &[u8; 32], app: &App) -> Result<Option<Account>> {
        let now = app.clock.now();
        Ok(match self {
            Self::Invitation => db::users::invited(conn, token, now).await?,
            Self::Reset => db::password_resets::account(conn, token, now).await?,
        })
    }
}

impl App {
    /// Notes that somebody asks for a new password. A user who is active and has a password gets an e-mail with a link,
    /// unless one was sent of late; the answer is the same for everybody.
    ///
    /// # Errors
    /// `emailUnavailable` in an installation without a mail server; `tooManyAttempts`.
    pub async fn password_reset_request(&self, visit: &Visit, email: &str) -> Result<()> {
        if self.mail.is_none() {
            return Err(RefusalCode::EmailUnavailable.into());
        }
        let now = self.clock.now();
        // A request counts as a failure does, since none of them proves who has sent it.
        self.reset_throttle.count_failure(visit.address, now).map_err(too_many)?;
        // A text column holds no NUL.
        let email_folded = fold_address(email).replace('\0', "");
        let request_id = visit.request_id.clone();
        let request = PasswordResetRequest { id: Uuid::now_v7(), email_folded, request_id, created_at: now };
        self.with_conn(async |conn| Ok(db::password_resets::insert_request(conn, &request).await?)).await
    }

    /// Answers the requests that wait: makes the links, and the e-mails that carry them.
    ///
    /// # Errors
    /// Errors of the database.
    pub(super) async fn answer_password_reset_requests(&self) -> Result<()> {
        loop {
            let mut request = None;
            let answered = self
                .write_installation("password-reset", async |conn, _| {
                    request = db::password_resets::lock_request(conn).await?;
                    let Some(request) = &request else { return Ok((false, None)) };
                    let requested = self.make_password_reset(conn, request).await?;
                    db::password_resets::delete_request(conn, request.id).await?;
                    Ok((requested.is_some(), requested))
                })
                .await?;
            match request {
                None => return Ok(()),
                // Nobody has the address, or its owner has a link, and the transaction has changed nothing.
                Some(request) if !answered => {
                    self.with_conn(async |conn| {
                        Ok(db::password_resets::delete_request(conn, request.id).await?)
                    })
                    .await?;
                }
                Some(_) => {}
            }
        }
    }

    /// Gives the user of an address a link, and queues the e-mail, unless one was sent of late.
    async fn make_password_reset(
        &self,
        conn: &Conn,
        request: &PasswordResetRequest,
    ) -> Result<Option<NewInstallationEvent>> {
        let address = &request.email_folded;
        let Some(user_id) = db::password_resets::user_with_password(conn, address).await? else {
            return Ok(None);
        };
        // Read again under the lock: a user who was disabled meanwhile gets no link.
        db::users::lock(conn, user_id).await?;
        if db::password_resets::user_with_password(conn, address).await? != Some(user_id) {
            return Ok(None);
        }
        let now = self.clock.now();
        let kind = EmailKind::PasswordReset;
        let sent = db::emails::count_since(conn, user_id, kind, now - TimeDelta::days(1)).await?;
        let pause = if sent < RESETS_WITHOUT_HASTE { RESET_PAUSE } else { LONG_RESET_PAUSE };
        if db::password_resets::was_sent_since(conn, user_id, now - pause, now).await? {
            return Ok(None);
        }
        let Some(email_id) = self.queue_email(conn, user_id, kind, now).await? else {
            return Ok(None);
        };
        let token = self.tokens.email_secret(email_id);
        let expires_at = now + RESET_LIFETIME;
        db::password_resets::insert(conn, user_id, &secrets::digest(&token), expires_at, now).await?;
        Ok(Some(NewInstallationEvent {
            // Everybody who knows the address can ask.
            actor: EventActor { kind: ActorKind::System, id: None },
            new_event: NewEvent::new(EventAction::PasswordResetRequested, SubjectKind::User, user_id),
        }))
    }

    /// The link of a token that waits to be used; `None` for every other token.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn password_link(&self, token: &SecretString) -> Result<Option<WaitingLink>> {
        let token = secrets::digest(token);
        self.with_conn(async |conn| {
            for link in [PasswordLink::Invitation, PasswordLink::Reset] {
                if let Some(account) = link.account(conn, &token, self).await? {
                    return Ok(Some(WaitingLink { link, email: account.email }));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Sets the password by a link, ends all other sessions and starts one.
    ///
    /// # Errors
    /// `invalidCredentials` for a link that is unknown, used, replaced or expired, and for a disabled user;
    /// `tooManyAttempts` after many of them; `invalidRequest` at `/password` for a common password.
    pub async fn password_set(
        &self,
        visit: &Visit,
        link: PasswordLink,
        token: &SecretString,
        password: NewPassword,
    ) -> Result<SignedIn> {
        let set = self.set_password(visit, link, token, password, true).await;
        self.count_failed(visit, set)?.ok_or_else(|| Error::internal("no session was started"))
    }

    /// Sets the password by a link on the page of the service, which signs nobody in, and ends all sessions.
    ///
    /// # Errors
    /// As [`App::password_set`].
    pub async fn password_set_on_page(
        &self,
        visit: &Visit,
        link: PasswordLink,
        token: &SecretString,
        password: NewPassword,
    ) -> Result<()> {
        let set = self.set_password(visit, link, token, password, false).await;
        self.count_failed(visit, set).map(drop)
    }

    async fn set_password(
        &self,
        visit: &Visit,
        link: PasswordLink,
        token: &SecretString,
        password: NewPassword,
        starts_session: bool,
    ) -> Result<Option<SignedIn>> {
        let token = &secrets::digest(token);
        // The link is checked before the password is hashed, which is expensive.
        let account = self.with_conn(async |conn| link.account(conn, token, self).await).await?;
        let account = account.ok_or(RefusalCode::InvalidCredentials)?;
        let user_id = account.id;
        let password = self.passwords.hash(password, personal_words(&account)).await?;
        let password = password.ok_or_else(|| too_common("/password"))?;
        let signed_in = self
            .write_installation(&visit.request_id, async |conn, now| {
                // The lock order is the user before the link, as where links are made.
                if !db::users::set_password(conn, user_id, &password).await? {
                    return Err(RefusalCode::InvalidCredentials.into());
                }
                let is_used = match link {
                    PasswordLink::Invitation => db::users::use_invitation(conn, token, now).await?,
                    PasswordLink::Reset => db::password_resets::use_up(conn, token, now).await?,
                };
                if !is_used {
                    return Err(RefusalCode::InvalidCredentials.into());
                }
                let ended = db::sessions::end_all(conn, user_id, now).await?;
                let (session, signed_in) = if starts_session {
                    Some(self.start_session(conn, user_id, visit, now).await?).unzip()
                } else {
                    (None, None)
                };
                let set = match link {
                    PasswordLink::Invitation => EventAction::InvitationAccepted,
                    PasswordLink::Reset => EventAction::PasswordReset,
                };
                let mut set = NewEvent::new(set, SubjectKind::User, user_id).with_change(
                    "sessionId",
                    None::<()>,
                    session.map(|session| session.id),
                );
                if db::users::activate(conn, user_id, now).await? {
                    set = set.with_transition(UserState::Invited.code(), UserState::Active.code());
                } else {
                    self.queue_email(conn, user_id, EmailKind::PasswordChanged, now).await?;
                }
                db::password_resets::end(conn, user_id).await?;
                Ok((signed_in, Some(NewInstallationEvent::by(user_id, with_sessions_ended(set, ended)))))
            })
            .await?;
        self.throttle.clear_account(&account.email_folded);
        Ok(signed_in)
    }
}
