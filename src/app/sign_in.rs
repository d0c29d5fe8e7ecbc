//! Sign-in: from a password or an invitation to a session, and from one access token to the next.
//!
//! Every refusal is the same `invalidCredentials`, and where a password is checked it takes as long: nobody learns
//! whether an account exists. A password is hashed between two looks at the database, holding no connection.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::door::InstallationHappening;
use super::users::parse_email;
use super::{App, Error, Result};
use crate::auth::passwords::NewPassword;
use crate::auth::secrets;
use crate::db::sessions::Session;
use crate::db::{self, Conn};
use crate::domain::event::{ActorKind, EventAction, EventActor, Happening, SubjectKind};
use crate::domain::refusal::Code;

/// The longest that anybody stays signed in.
const LONGEST: TimeDelta = TimeDelta::days(30);

/// How long a session lasts that is not refreshed.
const IDLE: TimeDelta = TimeDelta::days(7);

/// What somebody gets who has signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Says who they are, for [`crate::auth::tokens::LIFETIME`].
    pub access_token: SecretString,
    /// Buys the next pair, once.
    pub refresh_token: SecretString,
}

fn happening(action: EventAction, session: Session) -> Happening {
    Happening::new(action, SubjectKind::Session, session.id)
}

impl App {
    /// Starts a session with a password.
    ///
    /// # Errors
    /// `invalidCredentials`: an unknown address, a user who is disabled or has no password yet, a wrong password.
    pub async fn sign_in(&self, request_id: &str, email: &str, password: SecretString) -> Result<SignedIn> {
        let account = match parse_email(email) {
            Ok(email) => self.lend(async |conn| Ok(db::users::credentials(conn, &email).await?)).await?,
            Err(_) => None,
        };
        let (user_id, hash) = account.unzip();
        let matches = self.passwords.verify(password, hash.clone()).await?;
        let (Some(user_id), Some(hash), true) = (user_id, hash, matches) else {
            return Err(Code::InvalidCredentials.into());
        };
        self.write_installation(request_id, async |conn, now| {
            if !db::users::hold_credentials(conn, user_id, &hash).await? {
                return Err(Code::InvalidCredentials.into());
            }
            let (session, signed_in) = self.start_session(conn, user_id, now).await?;
            let started = happening(EventAction::SessionStarted, session);
            Ok((signed_in, Some(InstallationHappening::by(user_id, started))))
        })
        .await
    }

    /// Exchanges a refresh token for the next pair.
    ///
    /// One that was used before has been copied. Nobody can tell whether the thief or the owner came first, so the
    /// session ends for both.
    ///
    /// # Errors
    /// `invalidCredentials`: a token that is unknown or was used before, a session that is over.
    pub async fn refresh(&self, request_id: &str, token: &SecretString) -> Result<SignedIn> {
        let hash = secrets::digest(token);
        let signed_in = self
            .write_installation(request_id, async |conn, now| {
                let Some(session_id) = db::sessions::use_token(conn, &hash, now).await? else {
                    let ended = db::sessions::end(conn, &hash, now).await?;
                    return Ok((None, ended.map(ended_by_reuse)));
                };
                let session = db::sessions::prolong(conn, session_id, now + IDLE, LONGEST, now).await?;
                let session = session.ok_or(Code::InvalidCredentials)?;
                let signed_in = self.next_tokens(conn, session, now).await?;
                let refreshed = happening(EventAction::SessionRefreshed, session);
                Ok((Some(signed_in), Some(InstallationHappening::by(session.user_id, refreshed))))
            })
            .await?;
        Ok(signed_in.ok_or(Code::InvalidCredentials)?)
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
                InstallationHappening::by(session.user_id, happening(EventAction::SessionEnded, session))
            });
            Ok(((), ended))
        })
        .await
    }

    /// Accepts an invitation: sets the password, ends every other session and starts one.
    ///
    /// # Errors
    /// `invalidCredentials`: an invitation that is unknown, used, replaced or lapsed, or a user who is disabled.
    pub async fn invitation_accept(
        &self,
        request_id: &str,
        token: &SecretString,
        password: NewPassword,
    ) -> Result<SignedIn> {
        let token = secrets::digest(token);
        // Before the password costs anything.
        let now = self.clock.now();
        let invited = self.lend(async |conn| Ok(db::users::invited(conn, &token, now).await?)).await?;
        let user_id = invited.ok_or(Code::InvalidCredentials)?;
        let password = self.passwords.hash(password.into()).await?;
        self.write_installation(request_id, async |conn, now| {
            // The user's row before the invitation's, as in `user_invite`.
            let accepted = db::users::set_password(conn, user_id, &password).await?
                && db::users::use_invitation(conn, &token, now).await?;
            if !accepted {
                return Err(Code::InvalidCredentials.into());
            }
            db::sessions::end_all(conn, user_id, now).await?;
            let (session, signed_in) = self.start_session(conn, user_id, now).await?;
            let accepted = Happening::new(EventAction::InvitationAccepted, SubjectKind::User, user_id)
                .noting("sessionId", None::<()>, session.id);
            Ok((signed_in, Some(InstallationHappening::by(user_id, accepted))))
        })
        .await
    }

    async fn start_session(
        &self,
        conn: &Conn,
        user_id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(Session, SignedIn)> {
        let session = Session { id: Uuid::now_v7(), user_id };
        db::sessions::forget(conn, user_id, now - LONGEST).await?;
        db::sessions::insert(conn, session, now + IDLE, now).await?;
        Ok((session, self.next_tokens(conn, session, now).await?))
    }

    async fn next_tokens(&self, conn: &Conn, session: Session, now: DateTime<Utc>) -> Result<SignedIn> {
        let refresh_token = secrets::generate().map_err(Error::internal)?;
        db::sessions::insert_token(conn, session.id, &secrets::digest(&refresh_token), now).await?;
        let access_token = self.tokens.issue(session.user_id, session.id, now).map_err(Error::internal)?;
        Ok(SignedIn { access_token, refresh_token })
    }
}

fn ended_by_reuse(session: Session) -> InstallationHappening {
    let happening = happening(EventAction::SessionEnded, session);
    InstallationHappening {
        actor: EventActor { kind: ActorKind::System, id: None },
        happening: happening.noting("reason", None::<()>, "refreshTokenReused"),
    }
}
