//! The council's view of all task forces.

use chrono::NaiveDate;
use uuid::Uuid;

use super::caller::Caller;
use super::{App, Result};
use crate::db;
use crate::db::council::{
    ConditionFilter, DueOrder, RegisteredCondition, RegisteredReport, ReportFilter, ReportOrder,
};
use crate::db::page::{Page, Window};
use crate::domain::rights::Action;

impl App {
    /// A page of the reports of all task forces.
    ///
    /// # Errors
    /// `forbidden` for everybody but council, secretariat and administrators.
    pub async fn all_reports(
        &self,
        caller: &Caller,
        filter: &ReportFilter,
        order: ReportOrder,
        window: Window,
    ) -> Result<Page<RegisteredReport>> {
        let read = async |conn: &db::Conn| db::council::reports(conn, filter, order, window).await;
        Ok(self.read_installation(caller, Action::ReadRegister, read).await?.1)
    }

    /// A page of the conditions of all task forces.
    ///
    /// # Errors
    /// As [`App::all_reports`].
    pub async fn all_conditions(
        &self,
        caller: &Caller,
        filter: &ConditionFilter,
        order: DueOrder,
        after: Option<(NaiveDate, Uuid)>,
        window: Window,
    ) -> Result<Page<RegisteredCondition>> {
        let now = self.clock.now();
        let read =
            async |conn: &db::Conn| db::council::conditions(conn, filter, order, after, now, window).await;
        Ok(self.read_installation(caller, Action::ReadRegister, read).await?.1)
    }
}
