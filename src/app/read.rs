//! Reads: each sends two statements down one connection at the same time, who the caller is and the query itself,
//! and returns the result of the query only if the caller may see it. So a read costs one round trip, and no query
//! repeats the rights.

use uuid::Uuid;

use super::caller::{Access, Actor, Caller, actor};
use super::{App, Result};
use crate::db::{self, Conn, QueryResult};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::{Action, SeatRole};

impl App {
    /// The caller as the database knows them now.
    ///
    /// # Errors
    /// `unauthenticated` when the session has ended or the user is disabled or gone.
    pub async fn actor(&self, caller: &Caller) -> Result<Actor> {
        self.with_conn(async |conn| self.actor_on(conn, caller).await).await
    }

    pub(super) async fn actor_on(&self, conn: &Conn, caller: &Caller) -> Result<Actor> {
        let row = db::access::caller(conn, caller.user_id, caller.credential, self.clock.now()).await?;
        let row = row.ok_or(RefusalCode::Unauthenticated)?;
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
        self.with_conn(async |conn| {
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
        let row = row.ok_or(RefusalCode::Unauthenticated)?;
        let (seat, member_id) = (row.seat, row.member_id);
        let actor = actor(row.caller, caller.credential, seat)?;
        let (Some(state), Some(cycle), Some(today), Some(seq)) =
            (row.task_force_state, row.current_cycle, row.today, row.seq)
        else {
            return Err(RefusalCode::NotFound.into());
        };
        let effective_role = actor.effective_role;
        let access =
            Access { actor, effective_role, member_id, task_force_id, state, cycle, today, seq, now };
        if !access.actor.scope.opens(task_force_id) {
            return Err(RefusalCode::NotFound.into());
        }
        access.require(Action::ReadTaskForce)?;
        Ok(access)
    }

    /// A read of a task force: looks whether it is the caller's to see and fetches, in one round trip.
    ///
    /// # Errors
    /// As [`App::access`], or what the query fails with.
    pub async fn read<'q, T>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        query: impl AsyncFnOnce(&Conn) -> QueryResult<T> + 'q,
    ) -> Result<(Access, T)> {
        self.with_conn(async |conn| {
            let (access, found) = tokio::join!(self.access_on(conn, caller, task_force_id), query(conn));
            // The caller first: what was found is nobody's business before.
            let access = access?;
            Ok((access, found?))
        })
        .await
    }
}
