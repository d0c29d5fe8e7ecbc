//! Page links: a signed-in person opens a page in a browser without typing a password into a page.
//!
//! A link is opened once, by a button on the page that it first shows: programs that look at links in mails and
//! messages ask for the page and press no button, so that they do not use the link up. The browser that has opened the
//! link keeps a secret in a cookie, and reads this one page for some hours. Link and reading end with the session in which
//! the link was made, and the person's rights count as they are with each request.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::caller::{Caller, Credential};
use super::share_links::OpenedPage;
use super::{App, Error, Result};
use crate::auth::secrets;
use crate::db;
use crate::db::Conn;
use crate::db::page_links::PageLink;
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::domain::shared_page::SharedPage;

/// The time to open a link.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// The time to read the page once the link was opened.
pub const READING_TIME: TimeDelta = TimeDelta::hours(12);

/// The most links of a user; the oldest ends for a new one.
const MAX_LINKS: i64 = 20;

/// A link to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewPageLink {
    pub page: SharedPage,
    /// The task force, for a page that shows one.
    pub task_force_id: Option<Uuid>,
    /// The report, for a page that shows one.
    pub report_number: Option<i32>,
}

impl NewPageLink {
    /// The errors of fields that do not go together.
    fn field_errors(self) -> Vec<FieldError> {
        if self.page.is_calendar() {
            return vec![FieldError::at("/page", FieldErrorCode::NotAllowed)];
        }
        let of_a_task_force = self.page != SharedPage::Portfolio;
        let fields = [
            ("/taskForceId", self.task_force_id.is_some(), of_a_task_force),
            ("/reportNumber", self.report_number.is_some(), self.page == SharedPage::Report),
        ];
        fields
            .into_iter()
            .filter(|(_, is_there, is_needed)| is_there != is_needed)
            .map(|(field, is_there, _)| {
                if is_there {
                    FieldError::at(field, FieldErrorCode::NotAllowed)
                        .saying("does not go with this page", "لا يُذكر مع هذه الصفحة")
                        .compared_with(&["/page"])
                } else {
                    FieldError::at(field, FieldErrorCode::Required)
                }
            })
            .collect()
    }
}

/// The answer to a request for the page of a link.
#[derive(Debug)]
pub enum PageLinkView {
    /// The link waits to be opened.
    Unopened,
    /// The link was opened, and the request is not from the browser that has opened it, or not from a page of this site.
    OpenedElsewhere,
    /// The page, for the browser that has opened the link.
    Page(OpenedPage),
}

impl App {
    /// Makes a link for the caller. Its token is returned only here, with the end of the time to open it.
    ///
    /// # Errors
    /// `insufficientScope` for an API key; `invalidRequest`; `forbidden` for a caller who may not read the portfolio;
    /// `unknownReference` for a task force that the caller cannot see, or a report that does not exist.
    pub async fn page_link_create(
        &self,
        caller: &Caller,
        new: NewPageLink,
    ) -> Result<(DateTime<Utc>, SecretString)> {
        self.write_as(
            caller,
            |actor| actor.require(Action::ChangeOwnAccount),
            async |conn, _, now| {
                // Read again under the lock: nothing is made in a session that has ended meanwhile.
                db::users::lock(conn, caller.user_id).await?;
                Refusal::if_any(new.field_errors())?;
                self.require_page(conn, caller, new).await?;
                let (session_id, issued_at) = match caller.credential {
                    Credential::Session(id) => (Some(id), None),
                    Credential::SingleSignOn(issued_at) => (None, Some(issued_at)),
                    Credential::Key(_) | Credential::ShareLink(_) => {
                        return Err(RefusalCode::InsufficientScope.into());
                    }
                };
                let token = secrets::generate_page_link().map_err(Error::internal)?;
                let expires_at = now + LIFETIME;
                let link = PageLink {
                    token_hash: secrets::digest(&token).to_vec(),
                    page: new.page,
                    only_task_force_id: new.task_force_id,
                    report_number: new.report_number,
                    user_id: caller.user_id,
                    session_id,
                    issued_at,
                    created_at: now,
                    expires_at,
                    opened_at: None,
                    reader_hash: None,
                };
                db::page_links::insert(conn, &link).await?;
                db::page_links::delete_all_but(conn, caller.user_id, MAX_LINKS).await?;
                let created = NewEvent::new(EventAction::PageLinkCreated, SubjectKind::User, caller.user_id)
                    .with_change("page", None::<()>, new.page)
                    .with_change("taskForceId", None::<()>, new.task_force_id)
                    .with_change("reportNumber", None::<()>, new.report_number);
                Ok(((expires_at, token), Some(created)))
            },
        )
        .await
    }

    /// Requires that the caller may read the page, and that the page exists.
    async fn require_page(&self, conn: &Conn, caller: &Caller, new: NewPageLink) -> Result<()> {
        let Some(task_force_id) = new.task_force_id else {
            return self.actor_on(conn, caller).await?.require(Action::ReadPortfolio);
        };
        match self.access_on(conn, caller, task_force_id).await {
            Ok(_) => {}
            Err(Error::Refused(refusal)) if refusal.code == RefusalCode::NotFound => {
                return Err(Refusal::unknown_reference("/taskForceId").into());
            }
            Err(error) => return Err(error),
        }
        match new.report_number {
            Some(number) if !db::reports::exists(conn, task_force_id, number).await? => {
                Err(Refusal::unknown_reference("/reportNumber").into())
            }
            _ => Ok(()),
        }
    }

    /// Opens a link; returns the secret of the browser that has opened it. `None` stands for every link that cannot be
    /// opened: unknown, opened before, or ended with its time, its session or the rights of its person.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn page_link_open(&self, request_id: &str, token: &str) -> Result<Option<SecretString>> {
        let Some(hash) = hash_of(token) else { return Ok(None) };
        let now = self.clock.now();
        let secret = secrets::generate().map_err(Error::internal)?;
        let reader = secrets::digest(&secret);
        let opened = self
            .with_conn(async |conn| {
                let Some(link) = db::page_links::find(conn, &hash, now).await? else { return Ok(false) };
                if self.page_of(conn, &link, request_id).await?.is_none() {
                    return Ok(false);
                }
                Ok(db::page_links::open(conn, &hash, &reader, now + READING_TIME, now).await?)
            })
            .await?;
        Ok(opened.then_some(secret))
    }

    /// The view of a link for a request, with the secret of a browser if the request has one. `None` as for
    /// [`App::page_link_open`].
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn page_link_view(
        &self,
        request_id: &str,
        token: &str,
        reader: Option<&SecretString>,
    ) -> Result<Option<PageLinkView>> {
        let Some(hash) = hash_of(token) else { return Ok(None) };
        let now = self.clock.now();
        self.with_conn(async |conn| {
            let Some(link) = db::page_links::find(conn, &hash, now).await? else { return Ok(None) };
            let Some(page) = self.page_of(conn, &link, request_id).await? else { return Ok(None) };
            let Some(known) = &link.reader_hash else { return Ok(Some(PageLinkView::Unopened)) };
            let is_reader =
                reader.is_some_and(|reader| secrets::digest(reader).as_slice().ct_eq(known).into());
            Ok(Some(if is_reader { PageLinkView::Page(page) } else { PageLinkView::OpenedElsewhere }))
        })
        .await
    }

    /// The page of a link, by the present right of its person; `None` without the right.
    async fn page_of(&self, conn: &Conn, link: &PageLink, request_id: &str) -> Result<Option<OpenedPage>> {
        let credential = match (link.session_id, link.issued_at) {
            (Some(id), _) => Credential::Session(id),
            (None, Some(issued_at)) => Credential::SingleSignOn(issued_at),
            (None, None) => return Ok(None),
        };
        let caller = Caller::new(link.user_id, credential, request_id.to_owned());
        let page = match (link.only_task_force_id, link.report_number) {
            (None, _) => self.actor_on(conn, &caller).await.and_then(|actor| {
                actor.require(Action::ReadPortfolio)?;
                Ok(OpenedPage::Portfolio(actor))
            }),
            (Some(id), None) => self.access_on(conn, &caller, id).await.map(OpenedPage::Status),
            (Some(id), Some(number)) => {
                self.access_on(conn, &caller, id).await.map(|access| OpenedPage::Report(access, number))
            }
        };
        match page {
            Ok(page) => Ok(Some(page)),
            Err(Error::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The hash of a token that looks like one of a page link.
fn hash_of(token: &str) -> Option<[u8; 32]> {
    secrets::looks_like_a_page_link(token).then(|| secrets::digest_of(token))
}
