//! Attempts that were refused: remembered apart from the chains of events, since nothing was changed.
//!
//! A refusal is counted in memory and written down by and by, so that it costs the request nothing and can't turn it
//! into something else. Attempts of one kind are one row an hour, and kinds are bounded, here and in the database:
//! whoever tries often fills neither the memory nor the disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use uuid::Uuid;

use super::caller::Caller;
use super::{App, Result};
use crate::db;
use crate::db::page::Page;
use crate::db::refused_attempts::{Kind, OTHER, Tally};
pub use crate::db::refused_attempts::{RefusedFilter, RefusedRow};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;

/// Kinds of attempts by nobody who is known that wait to be written.
const MAX_ANONYMOUS_KINDS: usize = 250;

/// Rows of an hour that tell of nobody who is known.
const MAX_ANONYMOUS_ROWS: i64 = 500;

/// Rows of an hour, and kinds that wait to be written, that tell of one user: nobody drowns what others have tried.
const MAX_PER_USER: u16 = 50;

/// Whether an attempt that is refused so is kept: somebody who wanted what is not theirs, or too soon.
pub fn is_recorded(code: ProblemCode) -> bool {
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

/// An attempt that was refused. Nothing that somebody typed is part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Who tried, where a credential said so.
    pub user_id: Option<Uuid>,
    /// From where; empty where the connection does not say.
    pub address: String,
    /// Method and route, without the ids in it.
    pub operation: String,
    /// How it was refused.
    pub code: RefusalCode,
    /// The task force that it was about, where the caller could see it.
    pub task_force_id: Option<Uuid>,
    /// The request.
    pub request_id: String,
}

/// What waits to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct PendingAttempts(Arc<Mutex<HashMap<Kind, Tally>>>);

impl PendingAttempts {
    fn add(&self, kind: Kind, tally: Tally) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let most = if kind.user_id.is_some() { usize::from(MAX_PER_USER) } else { MAX_ANONYMOUS_KINDS };
        let like_this = |known: &&Kind| known.user_id == kind.user_id;
        let fits = waiting.contains_key(&kind) || waiting.keys().filter(like_this).count() < most;
        let kind = if fits { kind } else { merged_kind(kind) };
        waiting.entry(kind).and_modify(|known| known.merge(&tally)).or_insert(tally);
    }

    fn take(&self) -> HashMap<Kind, Tally> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The kind of all attempts of an hour that are refused in one way, whoever makes them.
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

impl Tally {
    fn merge(&mut self, other: &Self) {
        self.attempts += other.attempts;
        self.first_at = self.first_at.min(other.first_at);
        if other.last_at >= self.last_at {
            self.last_at = other.last_at;
            self.last_request_id.clone_from(&other.last_request_id);
        }
    }
}

impl App {
    /// Counts an attempt that was refused.
    pub fn record_refused(&self, attempt: Attempt) {
        let Attempt { user_id, address, operation, code, task_force_id, request_id } = attempt;
        metrics::counter!("taskforce_refused_attempts_total", "code" => code.to_string()).increment(1);
        let now = self.clock.now();
        let kind = Kind { hour: hour_of(now), user_id, address, operation, code, task_force_id };
        self.refused
            .add(kind, Tally { attempts: 1, first_at: now, last_at: now, last_request_id: request_id });
    }

    /// Writes down what was counted. What can't be written waits for the next time.
    ///
    /// # Errors
    /// None but those of the database.
    pub async fn write_refused(&self) -> Result<()> {
        let mut hours: HashMap<DateTime<Utc>, Vec<(Kind, Tally)>> = HashMap::new();
        for (kind, tally) in self.refused.take() {
            hours.entry(kind.hour).or_default().push((kind, tally));
        }
        let mut failed = None;
        for (hour, tallies) in hours {
            let written = async |conn: &mut db::Conn| {
                Ok(db::refused_attempts::add(conn, hour, &tallies, MAX_ANONYMOUS_ROWS, MAX_PER_USER.into())
                    .await?)
            };
            if let Err(error) = self.with_conn(written).await {
                failed = Some(error);
                tallies.into_iter().for_each(|(kind, tally)| self.refused.add(kind, tally));
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Attempts that were refused, the newest first.
    ///
    /// # Errors
    /// `forbidden` for anybody but an administrator.
    pub async fn refused_attempts_list(
        &self,
        caller: &Caller,
        filter: &RefusedFilter,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Page<RefusedRow>> {
        let (_, page) = self
            .read_installation(caller, Action::ReadInstallationEvents, async |conn| {
                db::refused_attempts::before(conn, filter, before, limit).await
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

    fn attempt(address: &str, user_id: Option<Uuid>) -> (Kind, Tally) {
        let now: DateTime<Utc> = "2026-11-22T09:59:59Z".parse().unwrap();
        let kind = Kind {
            hour: hour_of(now),
            user_id,
            address: address.to_owned(),
            operation: "POST /v1/auth/login".to_owned(),
            code: RefusalCode::InvalidCredentials,
            task_force_id: None,
        };
        (kind, Tally { attempts: 1, first_at: now, last_at: now, last_request_id: address.to_owned() })
    }

    #[test]
    fn attempts_of_one_kind_are_counted_and_of_too_many_kinds_together() {
        let waiting = PendingAttempts::default();
        let add = |address: &str, user_id| {
            let (kind, tally) = attempt(address, user_id);
            waiting.add(kind, tally);
        };
        for _ in 0..3 {
            add("192.0.2.1", None);
        }
        for at in 0..10_000 {
            add(&format!("2001:db8::{at:x}"), None);
        }
        // Those who are known are not drowned by those who are not.
        let somebody = Uuid::now_v7();
        add("192.0.2.1", Some(somebody));
        let counted = waiting.take();
        assert_eq!(counted.len(), MAX_ANONYMOUS_KINDS + 2);
        assert_eq!(counted.values().map(|tally| tally.attempts).sum::<i64>(), 10_004);
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
