//! Reads. Each read sends two statements at the same time, one for the rights of the caller and the query itself, and
//! returns the result of the query only if the caller may see it. So a read costs one round trip, and no query repeats
//! the rights.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::caller::{Access, Actor, Caller, actor};
use super::{App, Result};
use crate::db::access::AccessRow;
use crate::db::{self, Conn, QueryResult};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::{Action, SeatRole};

impl App {
    /// The current rights of the caller over the installation.
    ///
    /// # Errors
    /// `unauthenticated` if the session has ended, or the user is disabled or deleted.
    pub async fn actor(&self, caller: &Caller) -> Result<Actor> {
        self.with_conn(async |conn| self.actor_on(conn, caller).await).await
    }

    pub(super) async fn actor_on(&self, conn: &Conn, caller: &Caller) -> Result<Actor> {
        let now = self.clock.now();
        let row = db::access::caller(conn, caller.user_id, caller.credential, now).await?;
        let row = row.ok_or(RefusalCode::Unauthenticated)?;
        let seat = row.chairs_any.then_some(SeatRole::Chair);
        actor(row, caller, seat, now)
    }

    /// Reads outside of all task forces: checks the right and runs the query in one round trip.
    ///
    /// # Errors
    /// `unauthenticated`, the errors of [`Actor::require`], those of the query.
    pub async fn read_installation<'q, T>(
        &self,
        caller: &Caller,
        action: Action,
        query: impl AsyncFnOnce(&Conn) -> QueryResult<T> + 'q,
    ) -> Result<(Actor, T)> {
        self.with_conn(async |conn| {
            let (actor, found) = tokio::join!(self.actor_on(conn, caller), query(conn));
            let actor = actor?;
            actor.require(action)?;
            Ok((actor, found?))
        })
        .await
    }

    /// The current rights of the caller in a task force.
    ///
    /// # Errors
    /// `unauthenticated`; `notFound` if the task force does not exist or is not visible to the caller.
    pub async fn access(&self, caller: &Caller, task_force_id: Uuid) -> Result<Access> {
        self.with_conn(async |conn| self.access_on(conn, caller, task_force_id).await).await
    }

    pub(super) async fn access_on(
        &self,
        conn: &Conn,
        caller: &Caller,
        task_force_id: Uuid,
    ) -> Result<Access> {
        let now = self.clock.now();
        let row =
            db::access::in_task_force(conn, caller.user_id, caller.credential, task_force_id, now).await?;
        access(row.ok_or(RefusalCode::Unauthenticated)?, caller, task_force_id, now)
    }

    /// Reads in a task force: checks that the caller may see it and runs the query in one round trip.
    ///
    /// # Errors
    /// As [`App::access`]; the errors of the query.
    pub async fn read<'q, T>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        query: impl AsyncFnOnce(&Conn) -> QueryResult<T> + 'q,
    ) -> Result<(Access, T)> {
        self.with_conn(async |conn| {
            // The rights are always sent first: the number of the last event that they come with is then never later than
            // what the query sees, so that nobody who continues from that number misses an event.
            let (access, found) =
                tokio::join!(biased; self.access_on(conn, caller, task_force_id), query(conn));
            // The caller first: the result must not reveal anything to callers without access.
            let access = access?;
            Ok((access, found?))
        })
        .await
    }
}

/// The rights of a caller in a task force, from the row that says who the caller is.
///
/// # Errors
/// As [`App::access`].
pub(super) fn access(
    row: AccessRow,
    caller: &Caller,
    task_force_id: Uuid,
    now: DateTime<Utc>,
) -> Result<Access> {
    let (seat, member_id) = (row.seat, row.member_id);
    let actor = actor(row.caller, caller, seat, now)?;
    let (Some(state), Some(cycle), Some(today), Some(seq)) =
        (row.task_force_state, row.current_cycle, row.today, row.seq)
    else {
        return Err(RefusalCode::NotFound.into());
    };
    let effective_role = actor.effective_role;
    let access = Access { actor, effective_role, member_id, task_force_id, state, cycle, today, seq, now };
    if !access.actor.scope.covers(task_force_id) {
        return Err(RefusalCode::NotFound.into());
    }
    access.require(Action::ReadTaskForce)?;
    Ok(access)
}
