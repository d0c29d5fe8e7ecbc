//! Status of a task force, and the portfolio of all task forces.
//!
//! The status of a task force depends on its last event and the day only, so it is cached by both: asking again costs
//! only the query of the caller's rights.

use std::sync::Arc;

use chrono::NaiveDate;
use uuid::Uuid;

use super::caller::{Access, Caller};
use super::{App, Result};
use crate::db;
use crate::db::Conn;
use crate::db::page::{NameOrder, Page, Window};
use crate::db::status::{PortfolioFilter, PortfolioLine, PortfolioTotals, StatusRows};
use crate::domain::refusal::StorageUse;
use crate::domain::rights::Action;

/// The status of a task force on a day.
#[derive(Debug)]
pub struct Status {
    /// The rows of the status.
    pub rows: StatusRows,
    /// The current day in the task force's time zone.
    pub today: NaiveDate,
    /// The space for the files of the task force.
    pub storage: StorageUse,
}

/// The last status of each task force that was requested.
#[derive(Debug, Clone)]
pub(super) struct Cache(moka::sync::Cache<Uuid, Arc<Status>>);

impl Default for Cache {
    fn default() -> Self {
        Self(moka::sync::Cache::new(10_000))
    }
}

impl App {
    /// The status of a task force.
    ///
    /// # Errors
    /// As [`App::access`].
    pub async fn status(&self, caller: &Caller, task_force_id: Uuid) -> Result<Arc<Status>> {
        self.with_conn(async |conn| {
            let access = self.access_on(conn, caller, task_force_id).await?;
            self.status_on(conn, &access).await
        })
        .await
    }

    /// The status of a task force, for somebody who may see it.
    pub(super) async fn status_on(&self, conn: &Conn, access: &Access) -> Result<Arc<Status>> {
        let task_force_id = access.task_force_id;
        let cached = self.status_cache.0.get(&task_force_id);
        if let Some(cached) =
            cached.filter(|cached| cached.rows.summary.seq == access.seq && cached.today == access.today)
        {
            return Ok(cached);
        }
        let rows = db::status::of(conn, task_force_id, access.now).await?;
        let storage = self.storage_limits.of_task_force(rows.products.file_bytes);
        let status = Arc::new(Status { rows, today: access.today, storage });
        // The head was read with the summary, and the counts were read after that. Only if no event came in between,
        // both belong together and may be cached.
        if status.rows.summary.seq == access.seq {
            self.status_cache.0.insert(task_force_id, Arc::clone(&status));
        }
        Ok(status)
    }

    /// The space for the files of all task forces.
    pub fn storage_of_installation(&self, totals: &PortfolioTotals) -> StorageUse {
        self.storage_limits.of_installation(totals.file_bytes)
    }

    /// A page of the portfolio with the totals of all task forces that match.
    ///
    /// # Errors
    /// `forbidden` for everybody but council, secretariat and administrators.
    pub async fn portfolio(
        &self,
        caller: &Caller,
        filter: &PortfolioFilter,
        order: &NameOrder,
        window: Window,
    ) -> Result<(Page<PortfolioLine>, PortfolioTotals)> {
        let now = self.clock.now();
        let (_, found) = self
            .read_installation(caller, Action::ReadPortfolio, async |conn| {
                db::status::portfolio(conn, filter, order, now, window).await
            })
            .await?;
        Ok(found)
    }
}
