//! The pages that links open: data, read by the right of the link's maker, and written as HTML.

use super::caller::Access;
use super::{App, Error, Result};
use crate::domain::text::Language;
use crate::render::pages::{self, Assets, StatusPage, StepOnPage};

impl App {
    /// The status of a task force as a page.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn status_page(&self, access: &Access, language: Language, assets: &Assets) -> Result<String> {
        let status = self.with_conn(async |conn| self.status_on(conn, access).await).await?;
        let rows = &status.rows;
        let steps = rows.steps.iter().map(|line| StepOnPage { step: line.step, state: line.state });
        let page =
            StatusPage { name: rows.summary.name.clone(), state: rows.summary.state, steps: steps.collect() };
        pages::status(&page, language, assets).map_err(Error::internal)
    }
}
