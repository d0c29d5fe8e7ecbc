//! Use cases: one file per feature, called by HTTP, the command line and background work alike.
//!
//! Reads go through [`App::read`], which checks in the same round trip what the caller may see. Changes of a task force
//! go through [`App::write`], which locks the task force, checks the right, records the events and commits. No use case
//! knows a status code or the shape of a JSON document.

pub mod activities;
pub mod api_keys;
pub mod archive;
pub mod assessments;
pub mod audit;
pub mod background;
pub mod calendars;
pub mod caller;
pub mod charts;
pub mod checklist_items;
pub mod clock;
pub mod comments;
pub mod conditions;
pub mod connection;
mod constraints;
mod content_rate;
pub mod council;
pub mod decisions;
pub mod emails;
mod error;
pub mod events;
pub mod evidence;
pub mod feed;
pub mod follow;
pub mod health_statements;
pub mod housekeeping;
pub mod idempotency;
mod ids;
pub mod indicators;
pub mod live;
pub mod me;
pub mod measurements;
pub mod members;
pub mod migrations;
pub mod notifications;
pub mod page_links;
pub mod password_links;
pub mod pilots;
pub mod policies;
pub mod read;
pub mod readiness;
pub mod refused_attempts;
pub mod reminders;
pub mod rendering;
pub mod report_files;
pub mod reports;
pub mod resource;
pub mod restore;
pub mod sectors;
pub mod sessions;
pub mod share_links;
pub mod shared_pages;
pub mod sheets;
pub mod sign_in;
pub mod single_sign_on;
pub mod status;
pub mod steps;
pub mod studies;
pub mod submissions;
pub mod task_forces;
pub mod users;
mod voting_time;
pub mod wakes;
pub mod webhooks;
pub mod write;
mod writer_limit;

pub use error::{Checked, Error, Result};

use std::sync::Arc;

use uuid::Uuid;

use crate::auth::passwords::Passwords;
use crate::auth::throttle::{Limits, Throttle};
use crate::auth::tokens::Tokens;
use crate::db::pool::Pool;
use crate::domain::storage::StorageLimits;
use crate::util::places::Places;
use clock::Clock;

/// The use cases with the services that they need.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "the service holds keys")]
pub struct App {
    /// Connections to Postgres.
    pub pool: Pool,
    pub clock: Clock,
    /// Hashes and checks passwords.
    pub passwords: Arc<Passwords>,
    /// Issues and checks access tokens.
    pub tokens: Arc<Tokens>,
    single_sign_on: Option<Arc<single_sign_on::SingleSignOn>>,
    /// Throttles guesses at passwords.
    pub throttle: Arc<Throttle>,
    /// Throttles requests for new passwords.
    pub reset_throttle: Arc<Throttle>,
    /// E-mail, in an installation with a mail server.
    mail: Option<Arc<emails::Mailing>>,
    api_key_cache: api_keys::ApiKeyCache,
    status_cache: status::Cache,
    page_cache: shared_pages::PageCache,
    writer_limit: Arc<writer_limit::WriterLimit>,
    content_rate: Arc<content_rate::ContentRate>,
    last_readiness: readiness::LastReadiness,
    refused: refused_attempts::PendingAttempts,
    verifiers: Places<Uuid>,
    archivers: Places<Uuid>,
    live: live::Live,
    renderings: rendering::Renderings,
    /// The space that files may take.
    pub(crate) storage_limits: StorageLimits,
    workbooks: Places<Uuid>,
    last_write: readiness::LastWrite,
    link_accesses: share_links::PendingAccesses,
    webhooks: Option<Arc<webhooks::Webhooks>>,
}

impl App {
    /// The use cases over a database, with these keys.
    pub fn new(pool: Pool, clock: Clock, passwords: Passwords, tokens: Tokens) -> Self {
        Self {
            pool,
            clock,
            passwords: Arc::new(passwords),
            tokens: Arc::new(tokens),
            single_sign_on: None,
            throttle: Arc::new(Throttle::new(Limits::USUAL)),
            reset_throttle: Arc::new(Throttle::new(Limits::RESETS)),
            mail: None,
            api_key_cache: api_keys::ApiKeyCache::default(),
            status_cache: status::Cache::default(),
            page_cache: shared_pages::PageCache::default(),
            writer_limit: Arc::default(),
            content_rate: Arc::default(),
            last_readiness: readiness::LastReadiness::default(),
            refused: refused_attempts::PendingAttempts::default(),
            verifiers: Places::new(audit::MAX_VERIFIERS, 1),
            archivers: Places::new(archive::MAX_ARCHIVERS, 1),
            live: live::Live::default(),
            renderings: rendering::Renderings::default(),
            storage_limits: StorageLimits::default(),
            workbooks: Places::new(sheets::WORKBOOKS, 1),
            last_write: readiness::LastWrite::default(),
            link_accesses: share_links::PendingAccesses::default(),
            webhooks: None,
        }
    }

    /// Returns the use cases with another clock: the demo's story is dated in the past.
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Returns the use cases with other limits of the space for files.
    pub fn with_storage_limits(self, storage_limits: StorageLimits) -> Self {
        Self { storage_limits, ..self }
    }

    /// Returns the use cases with a mail server.
    pub fn with_mail(self, mail: emails::Mailing) -> Self {
        Self { mail: Some(Arc::new(mail)), ..self }
    }

    /// Returns the use cases with a way to the receivers of webhooks.
    pub fn with_webhooks(self, webhooks: webhooks::Webhooks) -> Self {
        Self { webhooks: Some(Arc::new(webhooks)), ..self }
    }

    /// Returns the use cases with single sign-on through an issuer.
    pub fn with_single_sign_on(self, single_sign_on: single_sign_on::SingleSignOn) -> Self {
        Self { single_sign_on: Some(Arc::new(single_sign_on)), ..self }
    }
}
