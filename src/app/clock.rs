//! The clock for dates and instants that are stored or compared; time-outs use `Instant`.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

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
        as_kept(now)
    }
}

/// An instant as Postgres keeps it: whole microseconds, and the second after a leap second in place of it.
pub fn as_kept(instant: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(instant.timestamp_micros()).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_whole_microseconds_and_no_leap_second() {
        for (given, kept) in [
            ("2026-12-31T10:00:00.123456789Z", "2026-12-31T10:00:00.123456Z"),
            ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00Z"),
            ("2026-12-31T23:59:60.5Z", "2027-01-01T00:00:00.500Z"),
            ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"),
        ] {
            let instant: DateTime<Utc> = given.parse().unwrap();
            assert_eq!(as_kept(instant), kept.parse::<DateTime<Utc>>().unwrap(), "{given}");
        }
    }
}
