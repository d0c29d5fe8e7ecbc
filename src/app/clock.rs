//! The clock for dates and instants that are stored or compared; time-outs use `Instant`.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

/// A clock with microseconds, the precision of Postgres.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// The time of a stopped clock (tests, demo seeder); `None` for the system clock.
    stopped: Option<Arc<Mutex<DateTime<Utc>>>>,
}

impl Clock {
    /// A clock that stands still until [`Clock::advance`] is called.
    pub fn stopped_at(instant: DateTime<Utc>) -> Self {
        Self { stopped: Some(Arc::new(Mutex::new(instant))) }
    }

    /// Moves a stopped clock forward.
    pub fn advance(&self, by: TimeDelta) {
        if let Some(stopped) = &self.stopped {
            *stopped.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }

    /// The current time.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.stopped {
            Some(stopped) => *stopped.lock().unwrap_or_else(PoisonError::into_inner),
            #[expect(clippy::disallowed_methods, reason = "this is the clock")]
            None => Utc::now(),
        };
        now.trunc_subsecs(6)
    }
}
