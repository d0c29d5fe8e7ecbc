//! Sign-in, refresh of tokens, sign-out and changes of passwords.
//!
//! All failures are the same `invalidCredentials`, and checking a password always takes the same time, so that nobody
//! learns whether an account exists. Passwords can be guessed, so attempts are throttled. Tokens of 256 bits cannot, so
//! a valid token is never refused, and nobody is signed out because of others at the same address. Passwords are hashed
//! between two uses of the database, without a connection.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::caller::Caller;
use super::idempotency::CommitMode;
use super::sessions::with_sessions_ended;
use super::write::NewInstallationEvent;
use super::{App, Error, Result};
use crate::auth::passwords::{NewPassword, Verified};
use crate::auth::secrets;
use crate::auth::throttle::TooMany;
use crate::db::sessions::Session;
use crate::db::users::Account;
use crate::db::{self, Conn};
use crate::domain::email::EmailKind;
use crate::domain::event::{ActorKind, EventAction, EventActor, NewEvent, SubjectKind};
use crate::domain::refusal::{FieldError, FieldErrorCode, ProblemExtension, Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::domain::text::Language;
use crate::domain::user::fold_address;
use crate::domain::vocabulary::Vocabulary as _;

/// The longest lifetime of a session.
const MAX_SESSION: TimeDelta = TimeDelta::days(30);

/// The lifetime of a session that is not refreshed.
pub const MAX_IDLE: TimeDelta = TimeDelta::days(7);

/// The most sessions of a user. A new one ends the oldest.
const MAX_SESSIONS: i64 = 100;

/// The most refreshes of a session: three times the number that a client needs that refreshes whenever its access token
/// expires. Each refresh leaves a used token in the database, by which its reuse is detected.
const MAX_REFRESHES: i32 = 10_000;

/// The time for which a used refresh token is exchanged once more for the successor that it has been exchanged for: two
/// tabs of a browser refresh at once, and the answer to a refresh gets lost. A copy that is used later ends the session.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// The most successors that are followed from a token that is used again within [`GRACE`]. Tabs that refresh at once are
/// a few; each step costs two statements under the lock of the user.
const MAX_SUCCESSORS: usize = 20;

/// The origin of a sign-in.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    /// The id of the request, for events.
    pub request_id: String,
    /// The address of the client, if known.
    pub address: Option<IpAddr>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
}

/// The tokens of a session.
#[derive(Debug)]
pub struct SignedIn {
    /// The access token, valid for [`crate::auth::tokens::LIFETIME`].
    pub access_token: SecretString,
    /// The refresh token, which can be exchanged for the next pair once.
    pub refresh_token: SecretString,
}

fn new_event(action: EventAction, session: Session) -> NewEvent {
    NewEvent::new(action, SubjectKind::Session, session.id)
}

pub(super) fn too_many(TooMany(seconds): TooMany) -> Error {
    Refusal::from(RefusalCode::TooManyAttempts).extension(ProblemExtension::RetryAfter(seconds)).into()
}

/// The words that are known of a user, and so must not be the password.
pub(super) fn personal_words(account: &Account) -> Vec<String> {
    let names = Language::ALL.iter().map(|language| account.name.in_language(*language).to_owned());
    std::iter::once(account.email.clone()).chain(names).collect()
}

pub(super) fn too_common(pointer: &str) -> Error {
    Refusal::field_errors(RefusalCode::InvalidRequest, vec![FieldError::at(pointer, FieldErrorCode::Common)])
        .into()
}

impl App {
    /// Starts a session with a password.
    ///
    /// # Errors
    /// `invalidCredentials` for an unknown address, a user who is disabled or has no password yet, and a wrong
    /// password; `tooManyAttempts`, whatever the password.
    pub async fn sign_in(&self, visit: &Visit, email: &str, password: SecretString) -> Result<SignedIn> {
        let email = fold_address(email);
        self.throttled(visit, &email, async || {
            // A text column holds no NUL.
            let account = if email.contains('\0') {
                None
            } else {
                self.with_conn(async |conn| Ok(db::users::credentials(conn, &email).await?)).await?
            };
            let (user_id, hash) = account.unzip();
            let verified = self.passwords.verify(password, hash.clone()).await?;
            let (Some(user_id), Some(hash)) = (user_id, hash.filter(|_| verified != Verified::No)) else {
                return Err(RefusalCode::InvalidCredentials.into());
            };
            self.write_installation(&visit.request_id, async |conn, now| {
                if !db::users::lock_credentials(conn, user_id, &hash).await? {
                    return Err(RefusalCode::InvalidCredentials.into());
                }
                if let Verified::Rehashed(normalized) = &verified {
                    db::users::change_password(conn, user_id, &hash, normalized).await?;
                }
                let ended = db::sessions::end_all_but(conn, user_id, MAX_SESSIONS - 1, now).await?;
                let (session, signed_in) = self.start_session(conn, user_id, visit, now).await?;
                let started = with_sessions_ended(new_event(EventAction::SessionStarted, session), ended);
                Ok((signed_in, Some(NewInstallationEvent::by(user_id, started))))
            })
            .await
        })
        .await
    }

    /// Runs one attempt at a password if the throttle allows it. The attempt counts before its result is known, and also
    /// if the client leaves before.
    async fn throttled<T>(
        &self,
        visit: &Visit,
        account: &str,
        check: impl AsyncFnOnce() -> Result<T>,
    ) -> Result<T> {
        let guess = self.throttle.begin(account, visit.address, self.clock.now()).await.map_err(too_many)?;
        let checked = check().await;
        match &checked {
            Ok(_) => guess.succeed(),
            Err(Error::Refused(refusal)) if refusal.code == RefusalCode::InvalidCredentials => drop(guess),
            Err(_) => guess.take_back(),
        }
        checked
    }

    /// Counts an invalid token against the address that sent it.
    pub(super) fn count_failed<T>(&self, visit: &Visit, result: Result<T>) -> Result<T> {
        if matches!(&result, Err(Error::Refused(refusal)) if refusal.code == RefusalCode::InvalidCredentials)
        {
            self.throttle.count_failure(visit.address, self.clock.now()).map_err(too_many)?;
        }
        result
    }

    /// Exchanges a refresh token for the next pair.
    ///
    /// A token that is used again after [`GRACE`] has been copied. The service cannot tell the thief from the owner, so it
    /// ends the session for both. Within that time, all requests with the same token get the same next token.
    ///
    /// Only unknown tokens count against the address: nobody guesses the token of a session that has ended.
    ///
    /// # Errors
    /// `invalidCredentials` for a token that is unknown or used, and for a session that has ended; `tooManyAttempts`
    /// after many of them.
    pub async fn refresh(&self, visit: &Visit, token: &SecretString) -> Result<SignedIn> {
        let mut is_known = false;
        let refreshed = self.refresh_once(&visit.request_id, token, &mut is_known).await;
        if is_known { refreshed } else { self.count_failed(visit, refreshed) }
    }

    async fn refresh_once(
        &self,
        request_id: &str,
        token: &SecretString,
        is_known: &mut bool,
    ) -> Result<SignedIn> {
        let hash = secrets::digest(token);
        let signed_in = self
            .write_installation(request_id, async |conn, now| {
                *is_known = db::sessions::lock_user_of_token(conn, &hash).await?;
                let Some(session_id) = db::sessions::use_token(conn, &hash, now).await? else {
                    if let Some(again) = self.successor_again(conn, token, now).await? {
                        return Ok((Some(again), None));
                    }
                    let ended = db::sessions::end(conn, &hash, now).await?;
                    return Ok((None, ended.map(ended_by_reuse)));
                };
                let session =
                    db::sessions::prolong(conn, session_id, now + MAX_IDLE, MAX_SESSION, MAX_REFRESHES, now)
                        .await?;
                let session = session.ok_or(RefusalCode::InvalidCredentials)?;
                let signed_in = self.issue_tokens(conn, session, self.tokens.successor(token), now).await?;
                let refreshed = new_event(EventAction::SessionRefreshed, session);
                Ok((Some(signed_in), Some(NewInstallationEvent::by(session.user_id, refreshed))))
            })
            .await?;
        Ok(signed_in.ok_or(RefusalCode::InvalidCredentials)?)
    }

    /// The tokens that a refresh token was exchanged for within [`GRACE`]. If another request has already gone on with the
    /// successor, the successor of the successor is given, so that all tabs come to the same token.
    ///
    /// # Errors
    /// `invalidCredentials` beyond [`MAX_SUCCESSORS`]. The session goes on, since nobody used a copy late.
    async fn successor_again(
        &self,
        conn: &Conn,
        token: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<Option<SignedIn>> {
        let mut used = token.clone();
        for _ in 0..MAX_SUCCESSORS {
            if !db::sessions::was_used_after(conn, &secrets::digest(&used), now - GRACE).await? {
                return Ok(None);
            }
            let refresh_token = self.tokens.successor(&used);
            let hash = secrets::digest(&refresh_token);
            if let Some(session) = db::sessions::of_unused_token(conn, &hash, now).await? {
                return Ok(Some(self.signed_in(session, refresh_token, now)?));
            }
            used = refresh_token;
        }
        Err(RefusalCode::InvalidCredentials.into())
    }

    /// Ends the session of a refresh token. Without a session, nothing happens.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn sign_out(&self, request_id: &str, token: &SecretString) -> Result<()> {
        let hash = secrets::digest(token);
        self.write_installation(request_id, async |conn, now| {
            let ended = db::sessions::end(conn, &hash, now).await?;
            let ended = ended.map(|session| {
                NewInstallationEvent::by(session.user_id, new_event(EventAction::SessionEnded, session))
            });
            Ok(((), ended))
        })
        .await
    }

    /// Changes the caller's own password: ends all sessions, including the current one, and starts a new one.
    ///
    /// # Errors
    /// `insufficientScope` for an API key; `invalidCredentials` for a wrong current password, or if there is none;
    /// `tooManyAttempts`; `invalidRequest` at `/newPassword` for a common password.
    pub async fn password_change(
        &self,
        caller: &Caller,
        visit: &Visit,
        present: SecretString,
        next: NewPassword,
    ) -> Result<SignedIn> {
        if matches!(caller.commit_mode, CommitMode::DryRun) {
            // A password cannot be tried: comparing the current one counts as an attempt.
            return Err(RefusalCode::InvalidRequest.into());
        }
        let user_id = caller.user_id;
        let account = self
            .with_conn(async |conn| {
                let (actor, account) =
                    tokio::join!(self.actor_on(conn, caller), db::users::account(conn, user_id));
                actor?.require(Action::ChangeOwnAccount)?;
                Ok(account?.ok_or(RefusalCode::Unauthenticated)?)
            })
            .await?;
        self.throttled(visit, &account.email_folded, async || {
            let hash = account.password_hash.clone();
            let verified = self.passwords.verify(present, hash.clone()).await?;
            let Some(hash) = hash.filter(|_| verified != Verified::No) else {
                return Err(RefusalCode::InvalidCredentials.into());
            };
            let next = self.passwords.hash(next, personal_words(&account)).await?;
            let next = next.ok_or_else(|| too_common("/newPassword"))?;
            self.write_installation(&visit.request_id, async |conn, now| {
                if !db::users::change_password(conn, user_id, &hash, &next).await? {
                    return Err(RefusalCode::InvalidCredentials.into());
                }
                // Checked again under the lock of the user: a caller who was signed out meanwhile changes nothing.
                self.actor_on(conn, caller).await?;
                // A link that was sent earlier sets no password any more.
                db::password_resets::end(conn, user_id).await?;
                self.queue_email(conn, user_id, EmailKind::PasswordChanged, now).await?;
                let ended = db::sessions::end_all(conn, user_id, now).await?;
                let (session, signed_in) = self.start_session(conn, user_id, visit, now).await?;
                let changed = NewEvent::new(EventAction::PasswordChanged, SubjectKind::User, user_id)
                    .with_change("sessionId", None::<()>, session.id);
                Ok((signed_in, Some(NewInstallationEvent::by(user_id, with_sessions_ended(changed, ended)))))
            })
            .await
        })
        .await
    }

    pub(super) async fn start_session(
        &self,
        conn: &Conn,
        user_id: Uuid,
        visit: &Visit,
        now: DateTime<Utc>,
    ) -> Result<(Session, SignedIn)> {
        let session = Session { id: Uuid::now_v7(), user_id };
        db::sessions::insert(conn, session, visit.user_agent.as_deref(), now + MAX_IDLE, now).await?;
        let refresh_token = secrets::generate().map_err(Error::internal)?;
        Ok((session, self.issue_tokens(conn, session, refresh_token, now).await?))
    }

    async fn issue_tokens(
        &self,
        conn: &Conn,
        session: Session,
        refresh_token: SecretString,
        now: DateTime<Utc>,
    ) -> Result<SignedIn> {
        db::sessions::insert_token(conn, session.id, &secrets::digest(&refresh_token), now).await?;
        self.signed_in(session, refresh_token, now)
    }

    fn signed_in(
        &self,
        session: Session,
        refresh_token: SecretString,
        now: DateTime<Utc>,
    ) -> Result<SignedIn> {
        let access_token = self.tokens.issue(session.user_id, session.id, now).map_err(Error::internal)?;
        Ok(SignedIn { access_token, refresh_token })
    }
}

fn ended_by_reuse(session: Session) -> NewInstallationEvent {
    let new_event = new_event(EventAction::SessionEnded, session);
    NewInstallationEvent {
        actor: EventActor { kind: ActorKind::System, id: None },
        new_event: new_event.with_change("reason", None::<()>, "refreshTokenReused"),
    }
}
