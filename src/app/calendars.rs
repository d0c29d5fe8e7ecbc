//! The calendars that links open: of a task force, and of the maker of the link.

use super::rendering::Renderer;
use super::share_links::{OpenLink, OpenedPage};
use super::{App, Result};
use crate::db;
use crate::db::calendar::CalendarScope;
use crate::domain::calendar_entry::CalendarEntry;
use crate::domain::rights::{Action, Authorization, authorize};
use crate::domain::text::Language;
use crate::render::calendar::{self, CalendarEnd, CalendarOf};

impl App {
    /// The calendar of a link; `None` if the link opens another page. `url` is the address of an entry.
    ///
    /// # Errors
    /// Errors of the database; `busy` after a long wait for other renderings.
    pub async fn calendar(
        &self,
        link: &OpenLink,
        language: Language,
        url: impl Fn(&CalendarEntry) -> Option<String> + Send + 'static,
    ) -> Result<Option<String>> {
        let scope = match &link.page {
            OpenedPage::Calendar(access) => CalendarScope::TaskForce(access.task_force_id),
            OpenedPage::OwnCalendar(maker) => {
                // A person who sees all task forces has a seat in none.
                match authorize(maker.effective_role, Action::ReadRegister) {
                    Authorization::Allowed => CalendarScope::Council,
                    _ => CalendarScope::Member(maker.user_id),
                }
            }
            OpenedPage::Status(_) | OpenedPage::Report(..) | OpenedPage::Portfolio(_) => return Ok(None),
        };
        let place = self.rendering_place(Renderer::Link(link.link_id)).await?;
        let day = self.clock.now().date_naive();
        let (entries, name) = self
            .with_conn(async |conn| {
                let name = async {
                    match scope {
                        CalendarScope::TaskForce(id) => db::task_forces::name(conn, id).await.map(Some),
                        CalendarScope::Member(_) | CalendarScope::Council => Ok(None),
                    }
                };
                Ok(tokio::try_join!(db::calendar::entries(conn, scope, day), name)?)
            })
            .await?;
        let end = CalendarEnd { link_id: link.link_id, at: link.expires_at, made_at: link.created_at };
        place
            .render(move || {
                let of = name.as_ref().map_or(CalendarOf::Person, CalendarOf::TaskForce);
                Some(calendar::calendar(language, of, &entries, end, url))
            })
            .await
    }
}
