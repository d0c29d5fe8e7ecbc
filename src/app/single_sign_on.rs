//! Single sign-on: users of this installation for people whom another issuer has authenticated.
//!
//! The first token of a person is matched by the address that the issuer has verified. After that the stored link
//! counts, even if the address changes. So the operator of the issuer can sign in as any user but an administrator:
//! `app/caller.rs` refuses single sign-on for administrators on every request.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::sync::Cache;
use uuid::Uuid;

use super::caller::Credential;
use super::users::parse_email;
use super::write::NewInstallationEvent;
use super::{App, Error, Result};
use crate::auth::oidc::{Identity, Issuer, Unreachable};
use crate::db::users::UserFields;
use crate::db::{self, Conn};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::refusal::RefusalCode;
use crate::domain::text::LocalizedText;
use crate::domain::user::{UserRole, UserState};
use crate::domain::vocabulary::Vocabulary as _;

/// The number of people whose user is cached.
const CACHE_CAPACITY: u64 = 10_000;

/// The lifetime of a cached user: the service never changes a link, but an operator may delete one.
const CACHE_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// Tells whether new people may get this role without a decision by the secretariat.
pub fn may_be_default(role: UserRole) -> bool {
    matches!(role, UserRole::Expert | UserRole::CouncilMember)
}

/// The trusted issuer, and the role of new people.
#[expect(missing_debug_implementations, reason = "the cache holds people who have signed in")]
pub struct SingleSignOn {
    issuer: Issuer,
    default_role: Option<UserRole>,
    /// The users by subject. Other caches of credentials: see `ApiKeyCache` in `app/api_keys.rs`.
    user_ids: Cache<String, Uuid>,
}

impl SingleSignOn {
    /// Trusts an issuer. Users are created only with a default role for which [`may_be_default`] is true.
    pub fn new(issuer: Issuer, default_role: Option<UserRole>) -> Self {
        let default_role = default_role.filter(|role| may_be_default(*role));
        let user_ids = Cache::builder().max_capacity(CACHE_CAPACITY).time_to_live(CACHE_LIFETIME).build();
        Self { issuer, default_role, user_ids }
    }
}

impl From<Unreachable> for Error {
    // The log has the cause, once for each request to the issuer.
    fn from(_: Unreachable) -> Self {
        Self::IssuerUnavailable
    }
}

impl App {
    /// The user of a token of the issuer, or `None` if the token is invalid or the person has no user here.
    ///
    /// # Errors
    /// `unavailable` if the issuer's keys cannot be fetched; errors of the database.
    pub async fn single_sign_on(&self, request_id: &str, token: &str) -> Result<Option<(Uuid, Credential)>> {
        let Some(sso) = &self.single_sign_on else { return Ok(None) };
        let Some(identity) = sso.issuer.verify(token, self.clock.now()).await? else { return Ok(None) };
        let credential = Credential::SingleSignOn(identity.issued_at);
        if let Some(user_id) = sso.user_ids.get(&identity.subject) {
            return Ok(Some((user_id, credential)));
        }
        let found = match self.linked(sso, &identity).await? {
            Some(user_id) => Some(user_id),
            None => self.link_or_provision(sso, request_id, &identity).await?,
        };
        let Some(user_id) = found else {
            tracing::info!(request_id, "a person with a valid token of the issuer has no user here");
            return Ok(None);
        };
        sso.user_ids.insert(identity.subject.clone(), user_id);
        Ok(Some((user_id, credential)))
    }

    /// Fetches the keys of the issuer, if there is one, so that the log shows at the start whether the issuer can be
    /// reached.
    pub async fn prepare_single_sign_on(&self) {
        if let Some(sso) = self.single_sign_on.as_ref().map(Arc::clone)
            && let Err(unreachable) = sso.issuer.prepare(self.clock.now()).await
        {
            tracing::warn!("{unreachable}: the keys are fetched again with the next sign-in");
        }
    }

    async fn linked(&self, sso: &SingleSignOn, identity: &Identity) -> Result<Option<Uuid>> {
        let (issuer, subject) = (sso.issuer.url(), &identity.subject);
        self.with_conn(async |conn| Ok(db::identities::find(conn, issuer, subject).await?)).await
    }

    /// Links a new person to the user with their address, or creates a user.
    async fn link_or_provision(
        &self,
        sso: &SingleSignOn,
        request_id: &str,
        identity: &Identity,
    ) -> Result<Option<Uuid>> {
        let Some(email) = identity.verified_email.as_deref().and_then(|email| parse_email(email).ok()) else {
            return Ok(None);
        };
        let admitted = self
            .write_installation(request_id, async |conn, now| {
                let admitted = link_or_provision(conn, sso, identity, &email, now).await?;
                let by_themselves = admitted.map(|(id, new_event)| NewInstallationEvent::by(id, new_event));
                Ok((by_themselves.as_ref().and_then(|it| it.actor.id), by_themselves))
            })
            .await?;
        match admitted {
            Some(user_id) => Ok(Some(user_id)),
            // Another first request of the same person may have been faster.
            None => self.linked(sso, identity).await,
        }
    }
}

/// Links a person to a user. `None` rolls everything back: the person has no access, or was linked meanwhile.
async fn link_or_provision(
    conn: &Conn,
    sso: &SingleSignOn,
    identity: &Identity,
    email: &str,
    now: DateTime<Utc>,
) -> Result<Option<(Uuid, NewEvent)>> {
    let mut candidate = db::identities::lock_by_email(conn, email).await?;
    if candidate.is_none()
        && let Some(role) = sso.default_role
    {
        let fields = UserFields {
            email: email.to_owned(),
            name: identity.name.clone().or_else(|| name_of(email)).ok_or(RefusalCode::Unauthenticated)?,
            role,
            locale: identity.locale,
        };
        let id = Uuid::now_v7();
        if db::identities::insert_user(conn, id, &fields, now).await? {
            let provisioned =
                new_event(EventAction::UserProvisioned, sso, id).with_change("role", None::<()>, role);
            return Ok(link(conn, sso, identity, id, now).await?.then_some((id, provisioned)));
        }
        // Another transaction has just created a user with this address.
        candidate = db::identities::lock_by_email(conn, email).await?;
    }
    let Some(user) = candidate else { return Ok(None) };
    if user.state == UserState::Disabled || user.role == UserRole::Administrator {
        return Ok(None);
    }
    let mut linked = new_event(EventAction::IdentityLinked, sso, user.id);
    if db::users::activate(conn, user.id, now).await? {
        // An invited person may come by single sign-on instead.
        linked = linked.with_transition(UserState::Invited.code(), UserState::Active.code());
    }
    Ok(link(conn, sso, identity, user.id, now).await?.then_some((user.id, linked)))
}

async fn link(
    conn: &Conn,
    sso: &SingleSignOn,
    identity: &Identity,
    user_id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(db::identities::link(conn, sso.issuer.url(), &identity.subject, user_id, now).await?)
}

/// The event leaves out the subject, which some issuers make from the name or address: events are never deleted.
fn new_event(action: EventAction, sso: &SingleSignOn, user_id: Uuid) -> NewEvent {
    NewEvent::new(action, SubjectKind::User, user_id).with_change("issuer", None::<()>, sso.issuer.url())
}

/// The name of a person whose token has none: the local part of the address.
fn name_of(email: &str) -> Option<LocalizedText> {
    let local = email.split('@').next().map(|local| local.chars().take(200).collect());
    LocalizedText::new(None, local)
}
