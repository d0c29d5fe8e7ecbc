//! Whether the service is ready for requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::App;
use crate::db;

/// For how long an answer holds. Anybody may ask, and as often as they like; the database is asked no more often.
const MAX_AGE: Duration = Duration::from_secs(1);

/// What the service needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// The database answers.
    pub database: bool,
    /// Every migration that this program knows has been run.
    pub migrations: bool,
}

/// What was found last, and when. Whoever asks meanwhile waits for the same answer.
#[derive(Debug, Clone, Default)]
pub(super) struct LastReadiness(Arc<Mutex<Option<(Instant, Readiness)>>>);

impl App {
    /// Whether what the service needs is there, as of a second ago at most.
    pub async fn readiness(&self) -> Readiness {
        let mut last = self.last_readiness.0.lock().await;
        if let Some((at, found)) = *last
            && at.elapsed() < MAX_AGE
        {
            return found;
        }
        let migrated = self.with_conn(async |conn| Ok(db::schema_migrations::are_current(conn).await?)).await;
        let found = Readiness { database: migrated.is_ok(), migrations: migrated.unwrap_or(false) };
        *last = Some((Instant::now(), found));
        found
    }
}
