//! The caller's own activities and tasks, over all task forces.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::caller::Caller;
use super::{App, Result};
use crate::db;
use crate::db::activities::AssignedActivity;
use crate::db::me::Task;
use crate::db::page::{Page, Window};
use crate::domain::rights::Action;
use crate::domain::task::TaskKind;

impl App {
    /// A page of the open activities assigned to the caller, over all task forces.
    ///
    /// # Errors
    /// `unauthenticated`; `insufficientScope` for a key of a single task force.
    pub async fn my_activities(
        &self,
        caller: &Caller,
        after: Option<(Option<NaiveDate>, Uuid)>,
        window: Window,
    ) -> Result<Page<AssignedActivity>> {
        self.with_conn(async |conn| {
            let (actor, page) = tokio::join!(
                self.actor_on(conn, caller),
                db::activities::assigned_to(conn, caller.user_id, after, self.clock.now(), window),
            );
            actor?.require(Action::ReadOwnAccount)?;
            Ok(page?)
        })
        .await
    }

    /// A page of the caller's tasks of these kinds, or of all, over all task forces.
    ///
    /// # Errors
    /// `unauthenticated`; `insufficientScope` for a key of a single task force.
    pub async fn my_tasks(
        &self,
        caller: &Caller,
        kinds: &[TaskKind],
        after: Option<(DateTime<Utc>, Uuid)>,
        window: Window,
    ) -> Result<Page<Task>> {
        self.with_conn(async |conn| {
            let (actor, page) = tokio::join!(
                self.actor_on(conn, caller),
                db::me::tasks(conn, caller.user_id, kinds, after, window),
            );
            actor?.require(Action::ReadOwnAccount)?;
            Ok(page?)
        })
        .await
    }
}
