//! Readiness of the service for requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::App;
use crate::db;
use crate::db::schema_migrations::SchemaState;

/// The age up to which a result is reused. Anybody may ask for it, so the number of requests must not matter to the
/// database.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The parts of readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceReadiness {
    /// The database answers.
    pub database: bool,
    /// Every migration of this version has been applied.
    pub migrations: bool,
}

/// The last result and its time. Concurrent requests wait for the same result.
#[derive(Debug, Clone, Default)]
pub(super) struct LastReadiness(Arc<Mutex<Option<(Instant, ServiceReadiness)>>>);

impl App {
    /// The readiness of the service, at most a second old.
    pub async fn readiness(&self) -> ServiceReadiness {
        let mut last = self.last_readiness.0.lock().await;
        if let Some((at, found)) = *last
            && at.elapsed() < MAX_AGE
        {
            return found;
        }
        let schema = self.with_conn(async |conn| Ok(db::schema_migrations::state(conn).await?)).await;
        // A newer version that migrates the database takes over in a moment; until then this one serves.
        let migrated = schema.map(|state| state != SchemaState::Behind);
        let found = ServiceReadiness { database: migrated.is_ok(), migrations: migrated.unwrap_or(false) };
        *last = Some((Instant::now(), found));
        found
    }
}
