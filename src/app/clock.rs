//! The only clock of the service. Everything below is told what time it is.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

/// Tells the time, to the microsecond that Postgres keeps.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Set by tests; `None` for the system's clock.
    stopped: Option<Arc<Mutex<DateTime<Utc>>>>,
}

impl Clock {
    /// A clock that stands still until it is told to move.
    pub fn stopped_at(instant: DateTime<Utc>) -> Self {
        Self { stopped: Some(Arc::new(Mutex::new(instant))) }
    }

    /// Moves a stopped clock on.
    pub fn advance(&self, by: TimeDelta) {
        if let Some(stopped) = &self.stopped {
            *stopped.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }

    /// What time it is.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.stopped {
            Some(stopped) => *stopped.lock().unwrap_or_else(PoisonError::into_inner),
            #[expect(clippy::disallowed_methods, reason = "this is the clock")]
            None => Utc::now(),
        };
        now.trunc_subsecs(6)
    }
}
