//! The caller of a use case, and their role in the installation or in a task force.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::idempotency::CommitMode;
use super::wakes::Wakes;
use super::{Checked, Result};
use crate::auth::oidc::LEEWAY;
use crate::db;
use crate::db::Conn;
pub use crate::db::access::Credential;
use crate::domain::event::{ActorKind, EventActor};
use crate::domain::reference::MemberReference;
use crate::domain::refusal::{ProblemExtension, Refusal, RefusalCode};
use crate::domain::requirement::{check, forbidden};
use crate::domain::rights::{Action, Authorization, EffectiveRole, Scope, SeatRole, authorize};
use crate::domain::task_force::TaskForceState;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::user::{UserRole, UserState};
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::writing::{Write, may_write};

/// The sender of a request, identified by a credential. The rights of the caller are read from the database with every
/// request.
#[derive(Debug, Clone)]
pub struct Caller {
    pub user_id: Uuid,
    /// The credential of the request.
    pub credential: Credential,
    /// The id of the request, for events.
    pub request_id: String,
    /// The end of a change that is not refused.
    pub commit_mode: CommitMode,
    /// The language that the user prefers.
    pub preferred_language: PreferredLanguage,
    /// The instant at which the credential expires, if the credential itself says so.
    pub expires_at: Option<DateTime<Utc>>,
    /// The ids whose listeners wake when the change of the request is committed.
    pub wakes: Wakes,
}

/// The language that the user of a request prefers. It is known as soon as the database has been asked who the caller is,
/// and shared by all copies of the caller, so that also a refusal is in this language.
#[derive(Debug, Clone, Default)]
pub struct PreferredLanguage(Arc<OnceLock<Language>>);

impl PreferredLanguage {
    /// The language, if it is known yet.
    pub fn get(&self) -> Option<Language> {
        self.0.get().copied()
    }

    fn set(&self, language: Language) {
        // The first answer of the database counts: one response has one language.
        self.0.get_or_init(|| language);
    }
}

impl Caller {
    /// The sender of a request that is committed, without an `Idempotency-Key`.
    pub fn new(user_id: Uuid, credential: Credential, request_id: String) -> Self {
        Self {
            user_id,
            credential,
            request_id,
            commit_mode: CommitMode::default(),
            preferred_language: PreferredLanguage::default(),
            expires_at: None,
            wakes: Wakes::default(),
        }
    }

    /// The service itself, for what time brings: no user, so that no query gives a right to this caller.
    pub(super) fn of_service() -> Self {
        Self::new(Uuid::nil(), Credential::Session(Uuid::nil()), Uuid::new_v4().to_string())
    }

    /// Waits until no other request with the caller's `Idempotency-Key` is being executed, if there is a key.
    ///
    /// # Errors
    /// As [`IdempotentRequest::lock_key`](super::idempotency::IdempotentRequest::lock_key).
    pub(super) async fn lock_key(&self, conn: &Conn) -> Result<()> {
        match &self.commit_mode {
            CommitMode::Idempotent(request) => request.lock_key(conn).await,
            CommitMode::Commit | CommitMode::DryRun => Ok(()),
        }
    }

    /// Claims the caller's `Idempotency-Key`, if there is one.
    ///
    /// # Errors
    /// As [`IdempotentRequest::claim_key`](super::idempotency::IdempotentRequest::claim_key).
    pub(super) async fn claim_key(&self, conn: &Conn, now: DateTime<Utc>) -> Result<()> {
        match &self.commit_mode {
            CommitMode::Idempotent(request) => request.claim_key(conn, now).await,
            CommitMode::Commit | CommitMode::DryRun => Ok(()),
        }
    }
}

/// A caller who exists in the database and may sign in.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The limits of the credential.
    pub scope: Scope,
    pub user_id: Uuid,
    /// The user's name.
    pub name: LocalizedText,
    /// The role across the installation.
    pub role: UserRole,
    /// The role that counts for rights over the installation.
    pub effective_role: EffectiveRole,
}

impl Actor {
    /// The actor in the form of events. The service itself is no user.
    pub fn as_event_actor(&self) -> EventActor {
        if self.user_id.is_nil() {
            EventActor { kind: ActorKind::System, id: None }
        } else {
            EventActor { kind: ActorKind::User, id: Some(self.user_id) }
        }
    }

    /// Requires a right over the installation.
    ///
    /// # Errors
    /// `forbidden`; `insufficientScope` for a key that is limited to one task force, for a key that only reads, and for
    /// any key if the action needs a person.
    pub fn require(&self, action: Action) -> Result<()> {
        check(authorize(self.effective_role, action), action)?;
        self.require_installation()?;
        if self.scope.is_enough_for(action) { Ok(()) } else { Err(RefusalCode::InsufficientScope.into()) }
    }

    /// Tells whether the actor has a right over a resource outside of task forces that belongs to this user.
    pub fn may(&self, action: Action, owner: Uuid) -> bool {
        let is_own = owner == self.user_id;
        authorize(self.effective_role, action).over(is_own, action) == Authorization::Allowed
    }

    /// Tells whether the actor has a right over the installation with this credential.
    pub fn can(&self, action: Action) -> bool {
        self.require(action).is_ok()
    }

    /// Requires a credential that is not limited to one task force.
    ///
    /// # Errors
    /// `insufficientScope`.
    pub fn require_installation(&self) -> Result<()> {
        if self.scope.only_task_force.is_none() { Ok(()) } else { Err(RefusalCode::InsufficientScope.into()) }
    }

    /// Requires a credential that may write.
    ///
    /// # Errors
    /// `insufficientScope`.
    pub fn require_writing(&self) -> Result<()> {
        if self.scope.can_write { Ok(()) } else { Err(RefusalCode::InsufficientScope.into()) }
    }
}

/// An actor in a task force that is visible to them.
#[derive(Debug, Clone)]
pub struct Access {
    pub actor: Actor,
    /// The role that counts for rights in this task force.
    pub effective_role: EffectiveRole,
    /// The actor's current seat in the task force.
    pub member_id: Option<Uuid>,
    pub task_force_id: Uuid,
    /// The state of the task force.
    pub state: TaskForceState,
    /// The current cycle of the task force.
    pub cycle: i32,
    /// The current day in the time zone of the task force.
    pub today: NaiveDate,
    /// The sequence number of the last event of the task force.
    pub seq: i64,
    /// The instant of the request.
    pub now: DateTime<Utc>,
}

impl Access {
    /// The service itself, which acts by rules of time and has no right of a person.
    pub(super) fn of_service(
        task_force_id: Uuid,
        row: db::access::TaskForceRow,
        seq: i64,
        now: DateTime<Utc>,
    ) -> Self {
        let label = ActorKind::System.label();
        let actor = Actor {
            scope: Scope { is_interactive: false, can_write: false, only_task_force: Some(task_force_id) },
            user_id: Uuid::nil(),
            name: LocalizedText::both(label.ar, label.en),
            role: UserRole::Expert,
            effective_role: EffectiveRole::Outsider,
        };
        let db::access::TaskForceRow { state, current_cycle: cycle, today } = row;
        let effective_role = actor.effective_role;
        Self { actor, effective_role, member_id: None, task_force_id, state, cycle, today, seq, now }
    }

    /// The decision about a right in this task force.
    pub fn right(&self, action: Action) -> Authorization {
        match authorize(self.effective_role, action) {
            Authorization::Allowed | Authorization::OwnOnly if !self.actor.scope.is_enough_for(action) => {
                Authorization::OutOfScope
            }
            decision => decision,
        }
    }

    /// The decision about a right over a resource in this task force that belongs to this user.
    pub fn right_over(&self, action: Action, owner: Uuid) -> Authorization {
        self.right(action).over(owner == self.actor.user_id, action)
    }

    /// Requires a right in this task force.
    ///
    /// # Errors
    /// `forbidden`; `notFound` for a user without access; `insufficientScope` for a key that only reads.
    pub fn require(&self, action: Action) -> Result<()> {
        Ok(check(self.right(action), action)?)
    }

    /// Requires a right over a resource in this task force that belongs to this user.
    ///
    /// # Errors
    /// As [`Access::require`].
    pub fn require_over(&self, action: Action, owner: Uuid) -> Checked {
        check(self.right_over(action, owner), action)
    }

    /// Checks that the state of the task force lets this be written.
    ///
    /// # Errors
    /// The code of the state that forbids the write.
    pub fn may_write(&self, what: Write) -> std::result::Result<(), RefusalCode> {
        may_write(what, self.state)
    }

    /// Tells whether the caller has a right in this task force, and the state of the task force lets this be written.
    pub fn can(&self, action: Action, what: Write) -> bool {
        self.right(action) == Authorization::Allowed && self.may_write(what).is_ok()
    }

    /// The caller's seat, for an action that only members have a right to.
    ///
    /// # Errors
    /// `forbidden` for a caller without a seat.
    pub fn seat(&self, action: Action) -> Result<Uuid> {
        Ok(self.member_id.ok_or_else(|| forbidden(action))?)
    }

    /// The caller's seat, as other resources name it.
    ///
    /// # Errors
    /// As [`Access::seat`].
    pub fn member(&self, action: Action) -> Result<MemberReference> {
        let (user_id, name) = (self.actor.user_id, self.actor.name.clone());
        Ok(MemberReference { id: self.seat(action)?, user_id, name, task_force_id: self.task_force_id })
    }
}

/// The refusal of a token of another issuer from before the end of all sessions of its user. A token from the minute
/// after the end looks the same, since the clocks may differ. So the refusal says how long to wait before asking the
/// issuer for the next token: a browser that asked at once would get one that is refused, too.
fn sessions_ended(ended_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Refusal {
    let refusal = Refusal::from(RefusalCode::SessionsEnded);
    // The time of issue is given in whole seconds.
    let accepted_at = ended_at.map(|ended_at| ended_at + LEEWAY + TimeDelta::seconds(2));
    let wait = accepted_at.map_or(0, |accepted_at| (accepted_at - now).num_seconds());
    match u32::try_from(wait) {
        Ok(seconds) if seconds > 0 => refusal.extension(ProblemExtension::RetryAfter(seconds)),
        _ => refusal,
    }
}

pub(super) fn actor(
    row: db::access::CallerRow,
    caller: &Caller,
    seat: Option<SeatRole>,
    now: DateTime<Utc>,
) -> Result<Actor> {
    caller.preferred_language.set(row.locale);
    let credential = caller.credential;
    // The operator of the issuer can issue a token for any user, so administrators may not use single sign-on.
    let is_single_sign_on = matches!(credential, Credential::SingleSignOn(_));
    let is_barred_administrator = is_single_sign_on && row.role == UserRole::Administrator;
    if row.state != UserState::Active || is_barred_administrator {
        return Err(RefusalCode::Unauthenticated.into());
    }
    if !row.credential_live {
        return Err(if is_single_sign_on {
            sessions_ended(row.sessions_ended_at, now).into()
        } else {
            RefusalCode::Unauthenticated.into()
        });
    }
    let effective_role = EffectiveRole::of(row.role, seat);
    let is_interactive = !matches!(credential, Credential::Key(_) | Credential::ShareLink(_));
    let scope = Scope { is_interactive, can_write: row.may_write, only_task_force: row.only_task_force_id };
    Ok(Actor { scope, user_id: row.user_id, name: row.name, role: row.role, effective_role })
}
