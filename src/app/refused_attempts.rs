//! Attempts that were refused. They are stored apart from the event chains, since they changed nothing.
//!
//! Attempts are counted in memory and stored in the background, so that a refusal costs the request nothing and cannot
//! fail. Attempts of one kind are one row per hour, and the number of kinds is limited in memory and in the database:
//! many attempts fill neither.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use uuid::Uuid;

use super::caller::Caller;
use super::{App, Result};
use crate::db;
use crate::db::page::{Page, Window};
use crate::db::refused_attempts::{AttemptCount, Kind, OTHER};
pub use crate::db::refused_attempts::{RefusedFilter, RefusedRow};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;

/// The most kinds of attempts without a known user that wait to be stored.
const MAX_ANONYMOUS_KINDS: usize = 250;

/// The most rows per hour without a known user.
const MAX_ANONYMOUS_ROWS: i64 = 500;

/// The most rows per hour, and the most kinds that wait to be stored, of one user: nobody displaces the attempts of
/// others.
const MAX_PER_USER: u16 = 50;

/// Returns whether attempts that are refused with this code are recorded: missing rights, failed and throttled sign-ins,
/// and unmet gates.
pub fn is_recorded(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::Forbidden
            | RefusalCode::InsufficientScope
            | RefusalCode::NotEntitled
            | RefusalCode::InvalidCredentials
            | RefusalCode::TooManyAttempts
            | RefusalCode::GateNotMet
    )
}

/// A refused attempt. It contains no input of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedAttempt {
    /// The user, if the credential was valid.
    pub user_id: Option<Uuid>,
    /// The address of the client; empty if unknown.
    pub address: String,
    /// Method and route, without ids.
    pub operation: String,
    /// The code of the refusal.
    pub code: RefusalCode,
    /// The task force, if the caller could see it.
    pub task_force_id: Option<Uuid>,
    /// The id of the request.
    pub request_id: String,
}

/// Counted attempts that wait to be stored.
#[derive(Debug, Clone, Default)]
pub(super) struct PendingAttempts(Arc<Mutex<HashMap<Kind, AttemptCount>>>);

impl PendingAttempts {
    fn add(&self, kind: Kind, count: AttemptCount) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let most = if kind.user_id.is_some() { usize::from(MAX_PER_USER) } else { MAX_ANONYMOUS_KINDS };
        let of_same_user = |other: &&Kind| other.user_id == kind.user_id;
        let fits = waiting.contains_key(&kind) || waiting.keys().filter(of_same_user).count() < most;
        let kind = if fits { kind } else { merged_kind(kind) };
        waiting.entry(kind).and_modify(|pending| pending.merge(&count)).or_insert(count);
    }

    fn take(&self) -> HashMap<Kind, AttemptCount> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The kind in which all attempts of an hour with one code are counted together.
fn merged_kind(kind: Kind) -> Kind {
    metrics::counter!("taskforce_refused_attempts_merged_total").increment(1);
    Kind {
        user_id: None,
        address: String::new(),
        operation: OTHER.to_owned(),
        task_force_id: None,
        hour: kind.hour,
        code: kind.code,
    }
}

impl AttemptCount {
    fn merge(&mut self, other: &Self) {
        self.attempts += other.attempts;
        self.first_at = self.first_at.min(other.first_at);
        self.first = self.first.min(other.first);
        // Not by the times, since the clock may have been put back.
        if other.last >= self.last {
            self.last = other.last;
            self.last_at = other.last_at;
            self.last_request_id.clone_from(&other.last_request_id);
        }
    }
}

impl App {
    /// Counts a refused attempt.
    pub fn record_refused(&self, attempt: RefusedAttempt) {
        static RECORDED: AtomicU64 = AtomicU64::new(0);
        let RefusedAttempt { user_id, address, operation, code, task_force_id, request_id } = attempt;
        metrics::counter!("taskforce_refused_attempts_total", "code" => code.to_string()).increment(1);
        let now = self.clock.now();
        let kind = Kind { hour: hour_of(now), user_id, address, operation, code, task_force_id };
        let position = RECORDED.fetch_add(1, Ordering::Relaxed);
        let count = AttemptCount {
            attempts: 1,
            first: position,
            last: position,
            first_at: now,
            last_at: now,
            last_request_id: request_id,
        };
        self.refused.add(kind, count);
    }

    /// Stores the counted attempts. Attempts that cannot be stored are kept for the next call.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn write_refused(&self) -> Result<()> {
        let mut hours: HashMap<DateTime<Utc>, Vec<(Kind, AttemptCount)>> = HashMap::new();
        for (kind, count) in self.refused.take() {
            hours.entry(kind.hour).or_default().push((kind, count));
        }
        let mut failed = None;
        for (hour, mut counts) in hours {
            counts.sort_unstable_by_key(|(_, count)| count.first);
            let written = async |conn: &mut db::Conn| {
                Ok(db::refused_attempts::add(conn, hour, &counts, MAX_ANONYMOUS_ROWS, MAX_PER_USER.into())
                    .await?)
            };
            if let Err(error) = self.with_conn(written).await {
                failed = Some(error);
                counts.into_iter().for_each(|(kind, count)| self.refused.add(kind, count));
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// A page of refused attempts, newest first.
    ///
    /// # Errors
    /// `forbidden` for everybody but administrators.
    pub async fn refused_attempts_list(
        &self,
        caller: &Caller,
        filter: &RefusedFilter,
        before: Option<(i64, Uuid)>,
        window: Window,
    ) -> Result<Page<RefusedRow>> {
        let (_, page) = self
            .read_installation(caller, Action::ReadInstallationEvents, async |conn| {
                db::refused_attempts::before(conn, filter, before, window).await
            })
            .await?;
        Ok(page)
    }
}

fn hour_of(now: DateTime<Utc>) -> DateTime<Utc> {
    now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(address: &str, user_id: Option<Uuid>) -> (Kind, AttemptCount) {
        let now: DateTime<Utc> = "2026-11-22T09:59:59Z".parse().unwrap();
        let kind = Kind {
            hour: hour_of(now),
            user_id,
            address: address.to_owned(),
            operation: "POST /v1/auth/login".to_owned(),
            code: RefusalCode::InvalidCredentials,
            task_force_id: None,
        };
        let last_request_id = address.to_owned();
        (kind, AttemptCount { attempts: 1, first: 0, last: 0, first_at: now, last_at: now, last_request_id })
    }

    #[test]
    fn the_last_attempt_of_a_kind_is_the_one_made_last_whatever_the_clock_says() {
        let (_, first) = attempt("192.0.2.1", None);
        let earlier = first.last_at - TimeDelta::hours(1);
        let later = AttemptCount {
            first: 1,
            last: 1,
            first_at: earlier,
            last_at: earlier,
            last_request_id: "b".into(),
            ..first.clone()
        };
        for (mut count, other) in [(first.clone(), &later), (later.clone(), &first)] {
            count.merge(other);
            assert_eq!((count.attempts, count.first, count.first_at), (2, 0, earlier));
            assert_eq!((count.last_at, count.last_request_id.as_str()), (earlier, "b"));
        }
    }

    #[test]
    fn attempts_of_one_kind_are_counted_and_of_too_many_kinds_together() {
        let waiting = PendingAttempts::default();
        let add = |address: &str, user_id| {
            let (kind, count) = attempt(address, user_id);
            waiting.add(kind, count);
        };
        for _ in 0..3 {
            add("192.0.2.1", None);
        }
        for at in 0..10_000 {
            add(&format!("2001:db8::{at:x}"), None);
        }
        // Attempts without a known user do not displace those of known users.
        let somebody = Uuid::now_v7();
        add("192.0.2.1", Some(somebody));
        let counted = waiting.take();
        assert_eq!(counted.len(), MAX_ANONYMOUS_KINDS + 2);
        assert_eq!(counted.values().map(|count| count.attempts).sum::<i64>(), 10_004);
        assert_eq!(counted[&attempt("192.0.2.1", None).0].attempts, 3);
        assert_eq!(counted[&attempt("192.0.2.1", Some(somebody)).0].attempts, 1);
        let other = counted.iter().find(|(kind, _)| kind.operation == OTHER).unwrap();
        assert_eq!(
            (other.0.address.as_str(), other.1.attempts),
            ("", 10_000 - i64::try_from(MAX_ANONYMOUS_KINDS).unwrap() + 1)
        );
        assert_eq!(other.0.hour.to_rfc3339(), "2026-11-22T09:00:00+00:00");
        assert!(waiting.take().is_empty());
    }
}
