//! Sign-in: from a password or an invitation to a session, from one access token to the next, and from one password
//! to another.
//!
//! Every refusal is the same `invalidCredentials`, and where a password is checked it takes as long: nobody learns
//! whether an account exists. Passwords can be guessed, so they are throttled; tokens of 256 bits can't, so a good one
//! is never refused, and nobody is thrown out by what others at the same address do. A password is hashed between two
//! looks at the database, holding no connection.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::caller::Caller;
use super::sessions::with_sessions_ended;
use super::users::parse_email;
use super::write::NewInstallationEvent;
use super::{App, Error, Result};
use crate::auth::passwords::NewPassword;
use crate::auth::secrets;
use crate::auth::throttle::TooMany;
use crate::db::sessions::Session;
use crate::db::users::Account;
use crate::db::{self, Conn};
use crate::domain::event::{ActorKind, EventAction, EventActor, NewEvent, SubjectKind};
use crate::domain::refusal::{FieldError, FieldErrorCode, ProblemExtension, Refusal, RefusalCode};
use crate::domain::text::Language;
use crate::domain::user::normalize_email;
use crate::domain::vocabulary::Vocabulary as _;

/// The longest that anybody stays signed in.
const MAX_SESSION: TimeDelta = TimeDelta::days(30);

/// How long a session lasts that is not refreshed.
const MAX_IDLE: TimeDelta = TimeDelta::days(7);

/// Sessions that somebody has at once: the next one ends the oldest.
const MAX_SESSIONS: i64 = 100;

/// How often a session is refreshed at most: three times what a client needs that does it whenever its access token
/// lapses. Each time leaves a used token in the database, by which its reuse is found out.
const MAX_REFRESHES: i32 = 10_000;

/// Where somebody signs in from.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    /// The request, for the events it leaves.
    pub request_id: String,
    /// The address, where the connection has one.
    pub address: Option<IpAddr>,
    /// The client, as it names itself.
    pub user_agent: Option<String>,
}

/// What somebody gets who has signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Says who they are, for [`crate::auth::tokens::LIFETIME`].
    pub access_token: SecretString,
    /// Buys the next pair, once.
    pub refresh_token: SecretString,
}

fn new_event(action: EventAction, session: Session) -> NewEvent {
    NewEvent::new(action, SubjectKind::Session, session.id)
}

fn too_many(TooMany(seconds): TooMany) -> Error {
    Refusal::from(RefusalCode::TooManyAttempts).extension(ProblemExtension::RetryAfter(seconds)).into()
}

/// What is known of somebody, and so no password for them.
fn personal_words(account: &Account) -> Vec<String> {
    let names = Language::ALL.iter().map(|language| account.name.in_language(*language).to_owned());
    std::iter::once(account.email.clone()).chain(names).collect()
}

fn too_common(pointer: &str) -> Error {
    Refusal::field_errors(RefusalCode::InvalidRequest, vec![FieldError::at(pointer, FieldErrorCode::Common)])
        .into()
}

impl App {
    /// Starts a session with a password.
    ///
    /// # Errors
    /// `invalidCredentials`: an unknown address, a user who is disabled or has no password yet, a wrong password.
    /// `tooManyAttempts`, whatever the password.
    pub async fn sign_in(&self, visit: &Visit, email: &str, password: SecretString) -> Result<SignedIn> {
        self.throttled(visit, &normalize_email(email), async || {
            let account = match parse_email(email) {
                Ok(email) => {
                    self.with_conn(async |conn| Ok(db::users::credentials(conn, &email).await?)).await?
                }
                Err(_) => None,
            };
            let (user_id, hash) = account.unzip();
            let matches = self.passwords.verify(password, hash.clone()).await?;
            let (Some(user_id), Some(hash), true) = (user_id, hash, matches) else {
                return Err(RefusalCode::InvalidCredentials.into());
            };
            self.write_installation(&visit.request_id, async |conn, now| {
                if !db::users::lock_credentials_for_share(conn, user_id, &hash).await? {
                    return Err(RefusalCode::InvalidCredentials.into());
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

    /// One guess at a password, as often as that may be done. It counts before it is known to be wrong.
    async fn throttled<T>(
        &self,
        visit: &Visit,
        account: &str,
        check: impl AsyncFnOnce() -> Result<T>,
    ) -> Result<T> {
        let attempt = self.throttle.begin(account, visit.address, self.clock.now()).map_err(too_many)?;
        let checked = check().await;
        match &checked {
            Ok(_) => self.throttle.right(attempt, self.clock.now()),
            Err(Error::Refused(refusal)) if refusal.code == RefusalCode::InvalidCredentials => {}
            Err(_) => self.throttle.take_back(attempt, self.clock.now()),
        }
        checked
    }

    /// Counts a token that is none towards the address that it came from.
    fn count_failed<T>(&self, visit: &Visit, answer: Result<T>) -> Result<T> {
        if matches!(&answer, Err(Error::Refused(refusal)) if refusal.code == RefusalCode::InvalidCredentials)
        {
            self.throttle.failed(visit.address, self.clock.now()).map_err(too_many)?;
        }
        answer
    }

    /// Exchanges a refresh token for the next pair.
    ///
    /// One that was used before has been copied. Nobody can tell whether the thief or the owner came first, so the
    /// session ends for both, also where they come at the same instant: one gets a pair, the others end it.
    ///
    /// # Errors
    /// `invalidCredentials`: a token that is unknown or was used before, a session that is over. `tooManyAttempts`
    /// instead, after many of them.
    pub async fn refresh(&self, visit: &Visit, token: &SecretString) -> Result<SignedIn> {
        let refreshed = self.refresh_once(&visit.request_id, token).await;
        self.count_failed(visit, refreshed)
    }

    async fn refresh_once(&self, request_id: &str, token: &SecretString) -> Result<SignedIn> {
        let hash = secrets::digest(token);
        let signed_in = self
            .write_installation(request_id, async |conn, now| {
                let Some(session_id) = db::sessions::use_token(conn, &hash, now).await? else {
                    let ended = db::sessions::end(conn, &hash, now).await?;
                    return Ok((None, ended.map(ended_by_reuse)));
                };
                let session =
                    db::sessions::prolong(conn, session_id, now + MAX_IDLE, MAX_SESSION, MAX_REFRESHES, now)
                        .await?;
                let session = session.ok_or(ProblemCode::InvalidCredentials)?;
                let signed_in = self.issue_tokens(conn, session, now).await?;
                let refreshed = new_event(EventAction::SessionRefreshed, session);
                Ok((Some(signed_in), Some(NewInstallationEvent::by(session.user_id, refreshed))))
            })
            .await?;
        Ok(signed_in.ok_or(RefusalCode::InvalidCredentials)?)
    }

    /// Ends the session of a refresh token. Where there is none, nothing is left to do.
    ///
    /// # Errors
    /// None but those of the database.
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

    /// Accepts an invitation: sets the password, ends every other session and starts one.
    ///
    /// # Errors
    /// `invalidCredentials`: an invitation that is unknown, used, replaced or lapsed, or a user who is disabled;
    /// `tooManyAttempts` instead, after many of them. A fault at `/password` for a common one.
    pub async fn invitation_accept(
        &self,
        visit: &Visit,
        token: &SecretString,
        password: NewPassword,
    ) -> Result<SignedIn> {
        let accepted = self.accept_once(visit, token, password).await;
        self.count_failed(visit, accepted)
    }

    async fn accept_once(
        &self,
        visit: &Visit,
        token: &SecretString,
        password: NewPassword,
    ) -> Result<SignedIn> {
        let token = secrets::digest(token);
        // Before the password costs anything.
        let now = self.clock.now();
        let invited = self.with_conn(async |conn| Ok(db::users::invited(conn, &token, now).await?)).await?;
        let account = invited.ok_or(RefusalCode::InvalidCredentials)?;
        let user_id = account.id;
        let password = self.passwords.hash(password, personal_words(&account)).await?;
        let password = password.ok_or_else(|| too_common("/password"))?;
        let signed_in = self
            .write_installation(&visit.request_id, async |conn, now| {
                // The user's row before the invitation's, as in `user_invite`.
                let accepted = db::users::set_password(conn, user_id, &password).await?
                    && db::users::use_invitation(conn, &token, now).await?;
                if !accepted {
                    return Err(RefusalCode::InvalidCredentials.into());
                }
                let ended = db::sessions::end_all(conn, user_id, now).await?;
                let (session, signed_in) = self.start_session(conn, user_id, visit, now).await?;
                let accepted = NewEvent::new(EventAction::InvitationAccepted, SubjectKind::User, user_id)
                    .with_change("sessionId", None::<()>, session.id);
                Ok((signed_in, Some(NewInstallationEvent::by(user_id, with_sessions_ended(accepted, ended)))))
            })
            .await?;
        self.throttle.forgive(&account.email);
        Ok(signed_in)
    }

    /// Changes the caller's own password: ends every session, the present one too, and starts one.
    ///
    /// # Errors
    /// `insufficientScope` for an API key; `invalidCredentials` for a wrong present password, or where there is none;
    /// `tooManyAttempts`; a fault at `/newPassword` for a common one.
    pub async fn password_change(
        &self,
        caller: &Caller,
        visit: &Visit,
        present: SecretString,
        next: NewPassword,
    ) -> Result<SignedIn> {
        let user_id = caller.user_id;
        let account = self
            .with_conn(async |conn| {
                let (actor, account) =
                    tokio::join!(self.actor_on(conn, caller), db::users::account(conn, user_id));
                actor?;
                caller.require_person()?;
                Ok(account?.ok_or(RefusalCode::Unauthenticated)?)
            })
            .await?;
        self.throttled(visit, &account.email, async || {
            let hash = account.password_hash.clone();
            let matches = self.passwords.verify(present, hash.clone()).await?;
            let Some(hash) = hash.filter(|_| matches) else {
                return Err(RefusalCode::InvalidCredentials.into());
            };
            let next = self.passwords.hash(next, personal_words(&account)).await?;
            let next = next.ok_or_else(|| too_common("/newPassword"))?;
            self.write_installation(&visit.request_id, async |conn, now| {
                if !db::users::change_password(conn, user_id, &hash, &next).await? {
                    return Err(RefusalCode::InvalidCredentials.into());
                }
                // Under the user's lock: whoever was signed out meanwhile changes nothing any more.
                self.actor_on(conn, caller).await?;
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

    async fn start_session(
        &self,
        conn: &Conn,
        user_id: Uuid,
        visit: &Visit,
        now: DateTime<Utc>,
    ) -> Result<(Session, SignedIn)> {
        let session = Session { id: Uuid::now_v7(), user_id };
        db::sessions::insert(conn, session, visit.user_agent.as_deref(), now + MAX_IDLE, now).await?;
        Ok((session, self.issue_tokens(conn, session, now).await?))
    }

    async fn issue_tokens(&self, conn: &Conn, session: Session, now: DateTime<Utc>) -> Result<SignedIn> {
        let refresh_token = secrets::generate().map_err(Error::internal)?;
        db::sessions::insert_token(conn, session.id, &secrets::digest(&refresh_token), now).await?;
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
