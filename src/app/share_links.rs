//! Share links: people who have one read a page without an account, by the right of the link's maker.
//!
//! A link is a credential of its maker that is good for one page. It is never more than its maker is now: a link opens
//! nothing while its maker is disabled, or has lost the right by which the link was made, and so every other right to
//! see the page. The maker's name and right are read with each request, in the round trip that finds the link.
//!
//! Accesses are counted in memory and written by housekeeping, so that no reader waits for a write, and a page that many
//! read at once costs one write in a second.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::caller::{Access, Actor, Caller, Credential, actor};
use super::clock::as_kept;
use super::read::access;
use super::{App, Error, Result};
use crate::auth::secrets;
use crate::db;
use crate::db::Conn;
use crate::db::page::{Page, Window};
use crate::db::share_links::{Accesses, Links, OpenedLink, ShareLink};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::rights::{Action, EffectiveRole};
use crate::domain::shared_page::{self, MOST_LINKS, MOST_OWN_CALENDARS, ShareLinkState, SharedPage};
use crate::domain::text::Language;

/// The lifetime of a link to a page whose maker names no end. A calendar lasts as long as it can, since programs read it
/// for as long as somebody works.
pub const DEFAULT_LIFETIME: TimeDelta = TimeDelta::days(30);

/// The longest lifetime of a link.
pub const MAX_LIFETIME: TimeDelta = TimeDelta::days(366);

/// A link to be made.
#[derive(Debug, Clone)]
pub struct NewShareLink {
    pub page: SharedPage,
    /// The report, for a page that shows one.
    pub report_number: Option<i32>,
    /// For whom or for what the link is made.
    pub note: Option<String>,
    /// The end of the link's lifetime; `None` for the default.
    pub expires_at: Option<DateTime<Utc>>,
}

impl NewShareLink {
    /// The end of the lifetime, as the database keeps it.
    fn end(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let lifetime = if self.page.is_calendar() { MAX_LIFETIME } else { DEFAULT_LIFETIME };
        as_kept(self.expires_at.unwrap_or(now + lifetime))
    }

    /// The errors in the fields.
    fn field_errors(&self, now: DateTime<Utc>) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let end = self.end(now);
        if end <= now {
            errors.push(
                FieldError::at("/expiresAt", FieldErrorCode::TooSmall)
                    .saying("must lie in the future", "يجب أن يكون في المستقبل"),
            );
        } else if end > now + MAX_LIFETIME {
            errors.push(
                FieldError::at("/expiresAt", FieldErrorCode::TooLarge)
                    .saying("must lie at most 366 days ahead", "يجب ألا يبعد أكثر من 366 يومًا من الآن"),
            );
        }
        match (self.page, self.report_number) {
            (SharedPage::Report, None) => {
                errors.push(FieldError::at("/reportNumber", FieldErrorCode::Required));
            }
            (page, Some(_)) if page != SharedPage::Report => errors.push(
                FieldError::at("/reportNumber", FieldErrorCode::NotAllowed)
                    .saying("goes with the page `report` only", "يُذكر مع الصفحة «report» وحدها")
                    .compared_with(&["/page"]),
            ),
            _ => {}
        }
        errors
    }
}

/// The state of a link.
pub fn state(link: &ShareLink, now: DateTime<Utc>) -> ShareLinkState {
    let role = EffectiveRole::of(link.maker_role, link.maker_seat);
    let may_share = shared_page::maker_may_share(link.page, link.maker_state, role);
    ShareLinkState::of(link.revoked_at.is_some(), link.expires_at <= now, may_share)
}

/// The page that a good link opens, by the right of its maker.
#[derive(Debug, Clone)]
pub enum OpenedPage {
    /// The status of a task force.
    Status(Access),
    /// A report of a task force, by its number.
    Report(Access, i32),
    /// The portfolio.
    Portfolio(Actor),
    /// The calendar of a task force.
    Calendar(Access),
    /// The calendar of the maker.
    OwnCalendar(Actor),
}

/// A good link that somebody opens.
#[derive(Debug, Clone)]
pub struct OpenLink {
    pub link_id: Uuid,
    pub page: OpenedPage,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// The language of the maker.
    pub locale: Language,
}

/// The accesses that housekeeping has not written yet. Only links that exist are counted, so their number is bounded.
#[derive(Debug, Clone, Default)]
pub(super) struct PendingAccesses(Arc<std::sync::Mutex<HashMap<Uuid, Accesses>>>);

impl PendingAccesses {
    fn add(&self, other: Accesses) {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let link_id = other.link_id;
        let entry = pending.entry(link_id).or_insert(Accesses { link_id, count: 0, last_at: other.last_at });
        entry.count += other.count;
        entry.last_at = entry.last_at.max(other.last_at);
    }

    fn take(&self) -> Vec<Accesses> {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *pending).into_values().collect()
    }
}

impl App {
    /// A page of the links of a task force, newest first, with the instant by which their states are told.
    ///
    /// # Errors
    /// As [`App::access`]; `forbidden`; `insufficientScope` for an API key.
    pub async fn share_links_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        before: Option<i64>,
        window: Window,
    ) -> Result<(Page<ShareLink>, DateTime<Utc>)> {
        let (access, page) = self
            .read(caller, task_force_id, async |conn| {
                db::share_links::list(conn, Links::TaskForce(task_force_id), before, window).await
            })
            .await?;
        access.require(Action::ShareTaskForce)?;
        Ok((page, access.now))
    }

    /// One link of a task force.
    ///
    /// # Errors
    /// As [`App::share_links_list`]; `notFound`.
    pub async fn share_link_get(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
    ) -> Result<(ShareLink, DateTime<Utc>)> {
        let (access, link) = self
            .read(caller, task_force_id, async |conn| {
                db::share_links::find(conn, Links::TaskForce(task_force_id), id).await
            })
            .await?;
        access.require(Action::ShareTaskForce)?;
        Ok((link.ok_or(RefusalCode::NotFound)?, access.now))
    }

    /// Makes a link to a page of a task force, in every state of the task force. Its token is returned only here.
    ///
    /// # Errors
    /// `invalidRequest`; `unknownReference` for a report that does not exist; `tooManyItems`.
    pub async fn share_link_create(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        new: NewShareLink,
    ) -> Result<(ShareLink, SecretString)> {
        self.write(caller, task_force_id, Action::ShareTaskForce, async |tx| {
            let (conn, now) = (tx.conn(), tx.now());
            // Read again under the lock: a caller whose sessions an invitation has ended meanwhile gets no link.
            db::users::lock(conn, caller.user_id).await?;
            self.access_on(conn, caller, task_force_id).await?.require(Action::ShareTaskForce)?;
            let mut errors = new.field_errors(now);
            if matches!(new.page, SharedPage::Portfolio | SharedPage::OwnCalendar) {
                errors.push(FieldError::at("/page", FieldErrorCode::NotAllowed));
            }
            if let (SharedPage::Report, Some(number)) = (new.page, new.report_number)
                && !db::reports::exists(conn, task_force_id, number).await?
            {
                errors.push(FieldError::at("/reportNumber", FieldErrorCode::UnknownReference));
            }
            Refusal::if_any(errors)?;
            let made =
                insert(conn, Links::TaskForce(task_force_id), tx.new_id(), caller.user_id, &new, now).await?;
            tx.record(created(&made.0));
            Ok(made)
        })
        .await
    }

    /// Revokes a link of a task force at once and for good. Revoking it again changes nothing.
    ///
    /// # Errors
    /// `notFound`.
    pub async fn share_link_revoke(&self, caller: &Caller, task_force_id: Uuid, id: Uuid) -> Result<()> {
        self.write(caller, task_force_id, Action::ShareTaskForce, async |tx| {
            if let Some(revoked) = revoke(tx.conn(), Links::TaskForce(task_force_id), id, tx.now()).await? {
                tx.record(revoked);
            }
            Ok(())
        })
        .await
    }

    /// A page of the links of the portfolio, newest first, with the instant by which their states are told.
    ///
    /// # Errors
    /// `forbidden`; `insufficientScope` for an API key.
    pub async fn portfolio_links_list(
        &self,
        caller: &Caller,
        before: Option<i64>,
        window: Window,
    ) -> Result<(Page<ShareLink>, DateTime<Utc>)> {
        let now = self.clock.now();
        let (_, page) = self
            .read_installation(caller, Action::SharePortfolio, async |conn| {
                db::share_links::list(conn, Links::Portfolio, before, window).await
            })
            .await?;
        Ok((page, now))
    }

    /// One link of the portfolio.
    ///
    /// # Errors
    /// As [`App::portfolio_links_list`]; `notFound`.
    pub async fn portfolio_link_get(&self, caller: &Caller, id: Uuid) -> Result<(ShareLink, DateTime<Utc>)> {
        let now = self.clock.now();
        let (_, link) = self
            .read_installation(caller, Action::SharePortfolio, async |conn| {
                db::share_links::find(conn, Links::Portfolio, id).await
            })
            .await?;
        Ok((link.ok_or(RefusalCode::NotFound)?, now))
    }

    /// Makes a link to the portfolio. Its token is returned only here.
    ///
    /// # Errors
    /// `invalidRequest`; `tooManyItems`.
    pub async fn portfolio_link_create(
        &self,
        caller: &Caller,
        new: NewShareLink,
    ) -> Result<(ShareLink, SecretString)> {
        self.link_create(caller, Action::SharePortfolio, Links::Portfolio, new).await
    }

    /// Makes a link that belongs to no task force.
    async fn link_create(
        &self,
        caller: &Caller,
        action: Action,
        links: Links,
        new: NewShareLink,
    ) -> Result<(ShareLink, SecretString)> {
        self.write_as(
            caller,
            |actor| actor.require(action),
            async |conn, _, now| {
                // Links of the caller are counted under the lock of the user, those that several people make under a lock
                // of their own: of many links that are made at once, none is beyond the limit.
                if links == Links::Portfolio {
                    db::share_links::lock_portfolio(conn).await?;
                }
                // Read again under the lock: a caller whose sessions an invitation has ended meanwhile gets no link.
                db::users::lock(conn, caller.user_id).await?;
                self.actor_on(conn, caller).await?.require(action)?;
                Refusal::if_any(new.field_errors(now))?;
                let made = insert(conn, links, Uuid::now_v7(), caller.user_id, &new, now).await?;
                let created = created(&made.0);
                Ok((made, Some(created)))
            },
        )
        .await
    }

    /// Revokes a link of the portfolio at once and for good. Revoking it again changes nothing.
    ///
    /// # Errors
    /// `notFound`.
    pub async fn portfolio_link_revoke(&self, caller: &Caller, id: Uuid) -> Result<()> {
        self.write_as(
            caller,
            |actor| actor.require(Action::SharePortfolio),
            async |conn, _, now| Ok(((), revoke(conn, Links::Portfolio, id, now).await?)),
        )
        .await
    }

    /// A page of the links to calendars of the caller's own, newest first, with the instant by which their states are
    /// told.
    ///
    /// # Errors
    /// `insufficientScope` for an API key.
    pub async fn calendar_links_list(
        &self,
        caller: &Caller,
        before: Option<i64>,
        window: Window,
    ) -> Result<(Page<ShareLink>, DateTime<Utc>)> {
        let (now, own) = (self.clock.now(), Links::OwnCalendars(caller.user_id));
        let (_, page) = self
            .read_installation(caller, Action::ChangeOwnAccount, async |conn| {
                db::share_links::list(conn, own, before, window).await
            })
            .await?;
        Ok((page, now))
    }

    /// Makes a link to a calendar of the caller's own. Its token is returned only here.
    ///
    /// # Errors
    /// `insufficientScope` for an API key; `invalidRequest`; `tooManyItems`.
    pub async fn calendar_link_create(
        &self,
        caller: &Caller,
        new: NewShareLink,
    ) -> Result<(ShareLink, SecretString)> {
        self.link_create(caller, Action::ChangeOwnAccount, Links::OwnCalendars(caller.user_id), new).await
    }

    /// Revokes a link to a calendar of the caller's own at once and for good. Revoking it again changes nothing.
    ///
    /// # Errors
    /// `insufficientScope` for an API key; `notFound`.
    pub async fn calendar_link_revoke(&self, caller: &Caller, id: Uuid) -> Result<()> {
        self.write_as(
            caller,
            |actor| actor.require(Action::RevokeCalendarLink),
            async |conn, _, now| Ok(((), revoke(conn, Links::OwnCalendars(caller.user_id), id, now).await?)),
        )
        .await
    }

    /// Opens the page of a token. `None` stands for every token that opens nothing: unknown, expired, revoked, or of a
    /// maker who may not share the page any more.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn share_link_open(&self, request_id: &str, token: &str) -> Result<Option<OpenLink>> {
        if !secrets::looks_like_a_secret(token) {
            return Ok(None);
        }
        let hash = secrets::digest_of(token);
        let now = self.clock.now();
        let found = self.with_conn(async |conn| Ok(db::share_links::opened(conn, &hash, now).await?)).await?;
        let Some(link) = found else { return Ok(None) };
        match opened(link, request_id, now) {
            Ok(link) => Ok(link),
            Err(Error::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Counts an access through a link.
    pub fn share_link_note_access(&self, link_id: Uuid) {
        self.link_accesses.add(Accesses { link_id, count: 1, last_at: self.clock.now() });
    }

    /// Stores the counted accesses. Accesses that cannot be stored are kept for the next call.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn write_link_accesses(&self) -> Result<()> {
        let pending = self.link_accesses.take();
        if pending.is_empty() {
            return Ok(());
        }
        let written =
            self.with_conn(async |conn| Ok(db::share_links::add_accesses(conn, &pending).await?)).await;
        if written.is_err() {
            pending.into_iter().for_each(|accesses| self.link_accesses.add(accesses));
        }
        written
    }
}

/// The page of a link.
///
/// # Errors
/// The refusals of a maker who may not see the page, and of a link that has ended.
fn opened(link: OpenedLink, request_id: &str, now: DateTime<Utc>) -> Result<Option<OpenLink>> {
    let OpenedLink { link_id, page, report_number, created_at, expires_at, access: row } = link;
    let credential = Credential::ShareLink(link_id);
    let maker = Caller::new(row.caller.user_id, credential, request_id.to_owned());
    let (state, locale) = (row.caller.state, row.caller.locale);
    let (role, opened) = match (page, row.caller.only_task_force_id, report_number) {
        (SharedPage::Portfolio, None, None) => {
            let maker = actor(row.caller, &maker, None, now)?;
            (maker.effective_role, OpenedPage::Portfolio(maker))
        }
        (SharedPage::Status, Some(task_force_id), None) => {
            let access = access(row, &maker, task_force_id, now)?;
            (access.effective_role, OpenedPage::Status(access))
        }
        (SharedPage::Report, Some(task_force_id), Some(number)) => {
            let access = access(row, &maker, task_force_id, now)?;
            (access.effective_role, OpenedPage::Report(access, number))
        }
        (SharedPage::Calendar, Some(task_force_id), None) => {
            let access = access(row, &maker, task_force_id, now)?;
            (access.effective_role, OpenedPage::Calendar(access))
        }
        (SharedPage::OwnCalendar, None, None) => {
            let maker = actor(row.caller, &maker, None, now)?;
            (maker.effective_role, OpenedPage::OwnCalendar(maker))
        }
        _ => return Err(Error::internal("a share link without the page that it opens")),
    };
    let may_share = shared_page::maker_may_share(page, state, role);
    Ok(may_share.then_some(OpenLink { link_id, page: opened, created_at, expires_at, locale }))
}

async fn insert(
    conn: &Conn,
    links: Links,
    id: Uuid,
    user_id: Uuid,
    new: &NewShareLink,
    now: DateTime<Utc>,
) -> Result<(ShareLink, SecretString)> {
    let (only_task_force_id, most) = match links {
        Links::TaskForce(id) => (Some(id), MOST_LINKS),
        Links::Portfolio => (None, MOST_LINKS),
        Links::OwnCalendars(_) => (None, MOST_OWN_CALENDARS),
    };
    shared_page::check_count(db::share_links::count(conn, links, now).await?, most)?;
    let token = secrets::generate().map_err(Error::internal)?;
    let row = db::share_links::NewShareLink {
        id,
        token_hash: &secrets::digest(&token),
        page: new.page,
        only_task_force_id,
        report_number: new.report_number,
        note: new.note.as_deref(),
        user_id,
        created_at: now,
        expires_at: new.end(now),
    };
    db::share_links::insert(conn, &row).await?;
    let link = db::share_links::find(conn, links, id).await?;
    Ok((link.ok_or_else(|| Error::internal("a new share link is missing"))?, token))
}

/// The event of a link that was made. The token is not part of it.
fn created(link: &ShareLink) -> NewEvent {
    NewEvent::new(EventAction::ShareLinkCreated, SubjectKind::ShareLink, link.id)
        .with_change("page", None::<()>, link.page)
        .with_change("reportNumber", None::<()>, link.report_number)
        .with_change("note", None::<()>, &link.note)
        .with_change("expiresAt", None::<()>, link.expires_at)
}

/// Revokes a link, and returns the event unless the link was revoked before.
async fn revoke(conn: &Conn, links: Links, id: Uuid, now: DateTime<Utc>) -> Result<Option<NewEvent>> {
    db::share_links::find(conn, links, id).await?.ok_or(RefusalCode::NotFound)?;
    let revoked = db::share_links::revoke(conn, id, now).await?;
    Ok(revoked.then(|| NewEvent::new(EventAction::ShareLinkRevoked, SubjectKind::ShareLink, id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accesses_add_up_until_they_are_taken() {
        let pending = PendingAccesses::default();
        let at = |second: i64| DateTime::from_timestamp(second, 0).unwrap();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for (link_id, second) in [(one, 5), (other, 1), (one, 3)] {
            pending.add(Accesses { link_id, count: 1, last_at: at(second) });
        }
        let mut taken = pending.take();
        taken.sort_by_key(|accesses| accesses.link_id);
        let expected = [(one, 2, 5), (other, 1, 1)];
        assert_eq!(
            taken,
            expected.map(|(link_id, count, second)| Accesses { link_id, count, last_at: at(second) })
        );
        assert!(pending.take().is_empty());
    }
}
