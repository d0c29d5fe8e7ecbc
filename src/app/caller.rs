//! The read door, and what both doors begin with: who is calling, and what of it is theirs to see.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::idempotency::Intent;
use super::{App, Result};
pub use crate::db::access::Credential;
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{ActorKind, EventActor};
use crate::domain::refusal::Code;
use crate::domain::rights::{Action, Decision, Scope, SeatRole, Standing, authorize};
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;
use crate::domain::user::{CouncilRole, UserState};

/// Whoever sent a request, as far as its credential says. What they may do is asked of the database every time.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user_id: Uuid,
    /// What they showed.
    pub credential: Credential,
    /// The request, for the events it leaves.
    pub request_id: String,
    /// What becomes of a change.
    pub intent: Intent,
}

impl Caller {
    /// Asks for a person: a key must not make keys, end sessions or change the password, or whoever finds it keeps
    /// the account.
    ///
    /// # Errors
    /// `insufficientScope` for an API key.
    pub fn require_person(&self) -> Result<()> {
        match self.credential {
            Credential::Key(_) => Err(Code::InsufficientScope.into()),
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
    pub standing: Standing,
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
        require(self.standing, action)?;
        self.require_installation()?;
        if self.scope.is_enough_for(action) { Ok(()) } else { Err(Code::InsufficientScope.into()) }
    }

    /// Asks whether the credential reaches beyond a single task force.
    ///
    /// # Errors
    /// `insufficientScope`.
    pub fn require_installation(&self) -> Result<()> {
        if self.scope.only_task_force.is_none() { Ok(()) } else { Err(Code::InsufficientScope.into()) }
    }

    /// Asks whether the credential changes anything at all.
    ///
    /// # Errors
    /// `insufficientScope`.
    pub fn require_writing(&self) -> Result<()> {
        if self.scope.may_write { Ok(()) } else { Err(Code::InsufficientScope.into()) }
    }
}

/// An actor in a task force that they may see.
#[derive(Debug, Clone)]
pub struct Access {
    /// Who it is.
    pub actor: Actor,
    /// How they stand towards this task force.
    pub standing: Standing,
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
        match authorize(self.standing, action) {
            Decision::Allowed if !self.actor.scope.is_enough_for(action) => Decision::OutOfScope,
            decision => decision,
        }
    }

    /// Asks for a right in this task force.
    ///
    /// # Errors
    /// `forbidden`; `notFound` for an outsider; `insufficientScope` for a key that only reads.
    pub fn require(&self, action: Action) -> Result<()> {
        require(self.standing, action)?;
        if self.actor.scope.is_enough_for(action) { Ok(()) } else { Err(Code::InsufficientScope.into()) }
    }
}

fn require(standing: Standing, action: Action) -> Result<()> {
    match authorize(standing, action) {
        Decision::Allowed => Ok(()),
        Decision::Forbidden => Err(Code::Forbidden.into()),
        Decision::OutOfScope => Err(Code::InsufficientScope.into()),
        Decision::Hidden => Err(Code::NotFound.into()),
    }
}

fn actor(row: db::access::CallerRow, credential: Credential, seat: Option<SeatRole>) -> Result<Actor> {
    // An issuer says who somebody is by an address alone: whoever runs it must not be able to run this one, too.
    let vouched_for = matches!(credential, Credential::SingleSignOn(_));
    let out_of_reach = vouched_for && row.role == CouncilRole::Administrator;
    if row.state != UserState::Active || !row.credential_live || out_of_reach {
        return Err(Code::Unauthenticated.into());
    }
    let standing = Standing::of(row.role, seat);
    let of_a_person = !matches!(credential, Credential::Key(_));
    let scope = Scope { of_a_person, may_write: row.may_write, only_task_force: row.only_task_force_id };
    Ok(Actor { scope, user_id: row.user_id, name: row.name, role: row.role, standing })
}

impl App {
    /// The caller as the database knows them now.
    ///
    /// # Errors
    /// `unauthenticated` when the session has ended or the user is disabled or gone.
    pub async fn actor(&self, caller: &Caller) -> Result<Actor> {
        self.lend(async |conn| self.actor_on(conn, caller).await).await
    }

    pub(super) async fn actor_on(&self, conn: &Conn, caller: &Caller) -> Result<Actor> {
        let row = db::access::caller(conn, caller.user_id, caller.credential, self.clock.now()).await?;
        let row = row.ok_or(Code::Unauthenticated)?;
        let seat = row.chairs_any.then_some(SeatRole::Chair);
        actor(row, caller.credential, seat)
    }

    /// A read outside any task force: asks for the right and fetches in one round trip.
    ///
    /// # Errors
    /// As the right says, or what the query fails with.
    pub async fn read_installation<'q, T>(
        &self,
        caller: &Caller,
        action: Action,
        query: impl AsyncFnOnce(&Conn) -> QueryResult<T> + 'q,
    ) -> Result<(Actor, T)> {
        self.lend(async |conn| {
            let (actor, found) = tokio::join!(self.actor_on(conn, caller), query(conn));
            let actor = actor?;
            actor.require(action)?;
            Ok((actor, found?))
        })
        .await
    }

    /// What the caller may see of a task force.
    ///
    /// # Errors
    /// `unauthenticated`, or `notFound` where there is no such task force or it is not theirs to know of.
    pub async fn look(&self, caller: &Caller, task_force_id: Uuid) -> Result<Access> {
        self.lend(async |conn| self.look_on(conn, caller, task_force_id).await).await
    }

    pub(super) async fn look_on(&self, conn: &Conn, caller: &Caller, task_force_id: Uuid) -> Result<Access> {
        let now = self.clock.now();
        let row =
            db::access::in_task_force(conn, caller.user_id, caller.credential, task_force_id, now).await?;
        let row = row.ok_or(Code::Unauthenticated)?;
        let (seat, member_id) = (row.seat, row.member_id);
        let actor = actor(row.caller, caller.credential, seat)?;
        let (Some(state), Some(cycle), Some(today), Some(seq)) =
            (row.task_force_state, row.current_cycle, row.today, row.seq)
        else {
            return Err(Code::NotFound.into());
        };
        let standing = actor.standing;
        let access = Access { actor, standing, member_id, task_force_id, state, cycle, today, seq, now };
        if !access.actor.scope.opens(task_force_id) {
            return Err(Code::NotFound.into());
        }
        access.require(Action::ReadTaskForce)?;
        Ok(access)
    }

    /// A read of a task force: looks whether it is the caller's to see and fetches, in one round trip.
    ///
    /// # Errors
    /// As [`App::look`], or what the query fails with.
    pub async fn read<'q, T>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        query: impl AsyncFnOnce(&Conn) -> QueryResult<T> + 'q,
    ) -> Result<(Access, T)> {
        self.lend(async |conn| {
            let (access, found) = tokio::join!(self.look_on(conn, caller, task_force_id), query(conn));
            // The caller first: what was found is nobody's business before.
            let access = access?;
            Ok((access, found?))
        })
        .await
    }
}
