//! The times of further attempts at a delivery that failed: exponential back-off with jitter, over days.
//!
//! A receiver that is away for a minute gets its delivery soon, and one that is away for a night costs few attempts. The
//! jitter keeps deliveries that failed together from being attempted together again.

use chrono::{DateTime, TimeDelta, Utc};

/// A schedule of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySchedule {
    /// The delay after the first failure, before jitter.
    first: TimeDelta,
    /// The factor between one delay and the next.
    factor: i32,
    /// The longest delay, before jitter.
    longest: TimeDelta,
    /// The time after the first failure at which the last attempt is made.
    ends_after: TimeDelta,
}

/// The schedule of webhooks: after 5 s, 20 s, 80 s and so on up to 8 hours, for 5 days. An engineer who is told of an
/// outage on a Thursday evening has the next working day left.
pub const WEBHOOK: RetrySchedule = RetrySchedule {
    first: TimeDelta::seconds(5),
    factor: 4,
    longest: TimeDelta::hours(8),
    ends_after: TimeDelta::days(5),
};

/// The schedule of e-mail: after 1, 2, 4 minutes and so on up to 4 hours, for 4 days. Servers that greylist accept the
/// second or third attempt, and mail servers themselves give up after about as long (RFC 5321, section 4.5.4.1).
pub const MAIL: RetrySchedule = RetrySchedule {
    first: TimeDelta::minutes(1),
    factor: 2,
    longest: TimeDelta::hours(4),
    ends_after: TimeDelta::days(4),
};

impl RetrySchedule {
    /// The instant of the next attempt, after this many failures in a row (at least one), of which the first was at
    /// `first_failure` and the last is `now`. `None` if the last attempt of the schedule has failed.
    ///
    /// `random` is any random number. A delay is between three quarters and the whole of its length, so that attempts
    /// spread while each delay stays longer than the one before.
    pub fn next_attempt(
        self,
        failures: u32,
        first_failure: DateTime<Utc>,
        now: DateTime<Utc>,
        random: u32,
    ) -> Option<DateTime<Utc>> {
        let end = first_failure + self.ends_after;
        if now >= end {
            return None;
        }
        let delay = self.delay(failures).num_milliseconds();
        let jitter = delay / 4 * i64::from(random % 1_000) / 1_000;
        // The attempt at the end is always made, so that a receiver has the whole time to come back.
        Some((now + TimeDelta::milliseconds(delay - jitter)).min(end))
    }

    /// The delay after this many failures, before jitter.
    fn delay(self, failures: u32) -> TimeDelta {
        let mut delay = self.first;
        for _ in 1..failures {
            if delay >= self.longest {
                break;
            }
            delay = delay * self.factor;
        }
        delay.min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn start() -> DateTime<Utc> {
        "2026-11-28T06:00:00Z".parse().unwrap()
    }

    /// The delays of a delivery that never succeeds, in seconds.
    fn delays(schedule: RetrySchedule, random: u32) -> Vec<i64> {
        let (mut now, mut delays) = (start(), Vec::new());
        while let Some(next) = schedule.next_attempt(delays.len() as u32 + 1, start(), now, random) {
            delays.push((next - now).num_seconds());
            now = next;
        }
        delays
    }

    #[test]
    fn delays_grow_to_the_longest_and_end_after_days() {
        let webhook = delays(WEBHOOK, 0);
        assert_eq!(webhook[..7], [5, 20, 80, 320, 1_280, 5_120, 20_480]);
        assert!(webhook[7..webhook.len() - 1].iter().all(|delay| *delay == 8 * 3_600));
        assert_eq!(webhook.iter().sum::<i64>(), 5 * 86_400);
        let mail = delays(MAIL, 0);
        assert_eq!(mail[..8], [60, 120, 240, 480, 960, 1_920, 3_840, 7_680]);
        assert!(mail[8..mail.len() - 1].iter().all(|delay| *delay == 4 * 3_600));
        assert_eq!(mail.iter().sum::<i64>(), 4 * 86_400);
        assert!(webhook.len() < 30 && mail.len() < 40, "{} {}", webhook.len(), mail.len());
    }

    #[test]
    fn a_delivery_whose_first_failure_lies_days_back_has_no_next_attempt() {
        for schedule in [WEBHOOK, MAIL] {
            assert_eq!(schedule.next_attempt(1, start(), start() + schedule.ends_after, 7), None);
            assert!(schedule.next_attempt(u32::MAX, start(), start(), u32::MAX).is_some());
        }
    }

    proptest! {
        #[test]
        fn an_attempt_lies_ahead_and_within_the_schedule(
            failures in 1..200u32,
            seconds in 0..5 * 86_400i64,
            random: u32,
        ) {
            for schedule in [WEBHOOK, MAIL] {
                let now = start() + TimeDelta::seconds(seconds);
                let Some(next) = schedule.next_attempt(failures, start(), now, random) else {
                    prop_assert!(now >= start() + schedule.ends_after);
                    continue;
                };
                let whole = schedule.delay(failures);
                let end = start() + schedule.ends_after;
                prop_assert!(next > now && next <= end && next - now <= whole);
                prop_assert!(next == end || next - now >= whole * 3 / 4);
            }
        }
    }
}
