//! Health statements: the chair's dated assessment of the task force.

use uuid::Uuid;

use super::caller::Caller;
use super::{App, Result};
use crate::db;
use crate::db::health_statements::{HealthStatement, NewHealthStatement};
use crate::db::page::{Page, Window};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::rights::Action;
use crate::domain::task_force::HealthRating;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

impl App {
    /// A page of health statements, newest first.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn health_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        before: Option<Uuid>,
        window: Window,
    ) -> Result<Page<HealthStatement>> {
        let (_, page) = self
            .read(caller, task_force_id, async |conn| {
                db::health_statements::list(conn, task_force_id, before, window).await
            })
            .await?;
        Ok(page)
    }

    /// Creates a health statement.
    ///
    /// # Errors
    /// The state of the task force.
    pub async fn health_state(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        health: HealthRating,
        note: Option<LocalizedText>,
    ) -> Result<HealthStatement> {
        self.write(caller, task_force_id, Action::Lead, async |tx| {
            tx.may_write(Write::Health)?;
            let member_id = tx.access.seat(Action::Lead)?;
            let new = NewHealthStatement {
                task_force_id,
                id: tx.new_id(),
                health,
                note: note.as_ref(),
                member_id,
                created_at: tx.now(),
            };
            let statement = db::health_statements::insert(tx.conn(), &new).await?;
            tx.record(
                NewEvent::new(EventAction::HealthStated, SubjectKind::HealthStatement, statement.id)
                    .with_change("health", None::<()>, health)
                    .with_change("note", None::<()>, &statement.note),
            );
            Ok(statement)
        })
        .await
    }
}
