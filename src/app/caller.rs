//! The caller of a use case, and their role in the installation or in a task force.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::Result;
use super::idempotency::CommitMode;
use crate::db;
use crate::db::Conn;
pub use crate::db::access::Credential;
use crate::domain::event::{ActorKind, EventActor};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::{Action, Decision, EffectiveRole, Scope, SeatRole, authorize};
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;
use crate::domain::user::{CouncilRole, UserState};

/// The sender of a request, as its credential says. Their rights are read from the database at every request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user_id: Uuid,
    /// What they showed.
    pub credential: Credential,
    /// The request, for the events it leaves.
    pub request_id: String,
    /// How a change ends if nothing is refused.
    pub commit_mode: CommitMode,
}

impl Caller {
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

    /// Asks for a person: a key must not make keys, end sessions or change the password, or whoever finds it keeps
    /// the account.
    ///
    /// # Errors
    /// `insufficientScope` for an API key.
    pub fn require_person(&self) -> Result<()> {
        match self.credential {
            Credential::Key(_) => Err(RefusalCode::InsufficientScope.into()),
            Credential::Session(_) | Credential::SingleSignOn(_) => Ok(()),
        }
    }
}

/// A caller whom the database knows, and who may sign in.
#[derive(Debug, Clone)]
pub struct Actor {
    /// How far the credential reaches.
    pub scope: Scope,
    /// The user.
    pub user_id: Uuid,
    /// The user's name.
    pub name: LocalizedText,
    /// Role across the installation.
    pub role: CouncilRole,
    /// How they stand towards the installation.
    pub effective_role: EffectiveRole,
}

impl Actor {
    /// The actor as events name them.
    pub fn as_event_actor(&self) -> EventActor {
        EventActor { kind: ActorKind::User, id: Some(self.user_id) }
    }

    /// Asks for a right over the installation.
    ///
    /// # Errors
    /// `forbidden`; `insufficientScope` for a key of a single task force, or one that only reads, and for any key
    /// where users are managed.
    pub fn require(&self, action: Action) -> Result<()> {
        require(self.effective_role, action)?;
        self.require_installation()?;
        if self.scope.is_enough_for(action) { Ok(()) } else { Err(RefusalCode::InsufficientScope.into()) }
    }

    /// Asks whether the credential reaches beyond a single task force.
    ///
    /// # Errors
    /// `insufficientScope`.
    pub fn require_installation(&self) -> Result<()> {
        if self.scope.only_task_force.is_none() { Ok(()) } else { Err(RefusalCode::InsufficientScope.into()) }
    }

    /// Asks whether the credential changes anything at all.
    ///
    /// # Errors
    /// `insufficientScope`.
    pub fn require_writing(&self) -> Result<()> {
        if self.scope.may_write { Ok(()) } else { Err(RefusalCode::InsufficientScope.into()) }
    }
}

/// An actor in a task force that they may see.
#[derive(Debug, Clone)]
pub struct Access {
    /// Who it is.
    pub actor: Actor,
    /// How they stand towards this task force.
    pub effective_role: EffectiveRole,
    /// Their current seat in it.
    pub member_id: Option<Uuid>,
    /// The task force.
    pub task_force_id: Uuid,
    /// Its state.
    pub state: TaskForceState,
    /// Its present cycle.
    pub cycle: i32,
    /// The day it is there.
    pub today: NaiveDate,
    /// Sequence number of its last event.
    pub seq: i64,
    /// The instant of the request.
    pub now: DateTime<Utc>,
}

impl Access {
    /// Whether they may do this here.
    pub fn right(&self, action: Action) -> Decision {
        match authorize(self.effective_role, action) {
            Decision::Allowed if !self.actor.scope.is_enough_for(action) => Decision::OutOfScope,
            decision => decision,
        }
    }

    /// Asks for a right in this task force.
    ///
    /// # Errors
    /// `forbidden`; `notFound` for an outsider; `insufficientScope` for a key that only reads.
    pub fn require(&self, action: Action) -> Result<()> {
        require(self.effective_role, action)?;
        if self.actor.scope.is_enough_for(action) {
            Ok(())
        } else {
            Err(RefusalCode::InsufficientScope.into())
        }
    }
}

fn require(effective_role: EffectiveRole, action: Action) -> Result<()> {
    match authorize(effective_role, action) {
        Decision::Allowed => Ok(()),
        Decision::Forbidden => Err(RefusalCode::Forbidden.into()),
        Decision::OutOfScope => Err(RefusalCode::InsufficientScope.into()),
        Decision::Hidden => Err(RefusalCode::NotFound.into()),
    }
}

pub(super) fn actor(
    row: db::access::CallerRow,
    credential: Credential,
    seat: Option<SeatRole>,
) -> Result<Actor> {
    // An issuer says who somebody is by an address alone: whoever runs it must not be able to run this one, too.
    let vouched_for = matches!(credential, Credential::SingleSignOn(_));
    let out_of_reach = vouched_for && row.role == CouncilRole::Administrator;
    if row.state != UserState::Active || !row.credential_live || out_of_reach {
        return Err(RefusalCode::Unauthenticated.into());
    }
    let effective_role = EffectiveRole::of(row.role, seat);
    let of_a_person = !matches!(credential, Credential::Key(_));
    let scope = Scope { of_a_person, may_write: row.may_write, only_task_force: row.only_task_force_id };
    Ok(Actor { scope, user_id: row.user_id, name: row.name, role: row.role, effective_role })
}
