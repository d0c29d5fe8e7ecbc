//! Limits the guesses at passwords, for each account and for each client address.
//!
//! Accounts and addresses have a leaky bucket each. A failed guess adds to the bucket, time drains it, and a full bucket
//! refuses every further guess, even with the right password: a different response would confirm the password.
//!
//! A guess whose result is not known yet has a place in the bucket, as if it had failed, so parallel guesses gain
//! nothing. A guess that finds no place because of guesses in progress waits for their results: many right sign-ins at
//! once are all let in. A guess that was right, or that could not be checked, leaves its place.
//!
//! The buckets are in the memory of the process, and their number is limited: a new one replaces the one that was
//! least recently used.
//!
//! `governor`, which limits requests, can't count guesses: it has no way to take one back or to clear a bucket.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::util::networks::client_network;

/// Maximum number of buckets of one kind, which take about ten megabytes.
const BUCKETS: u64 = 100_000;

/// Limits of failed guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Failures for an account within [`Limits::within`], or at once; the account need not exist.
    pub per_account: i32,
    /// Failures from an IPv4 address or an IPv6 network of 64 bits.
    pub per_address: i32,
    /// The time in which a full bucket drains.
    pub within: TimeDelta,
}

impl Limits {
    /// Ten failures for an account and fifty from an address in 15 minutes. People who mistype stay below these limits,
    /// and an attacker can try about a thousand passwords of an account in a day.
    pub const USUAL: Self = Self { per_account: 10, per_address: 50, within: TimeDelta::minutes(15) };

    /// Requests for a new password: thirty from an address in an hour. Requests for an account are not counted, since
    /// everybody could keep its owner from a new password.
    pub const RESETS: Self = Self { per_address: 30, within: TimeDelta::hours(1), ..Self::USUAL };

    /// Limits that tests don't reach, although all their users sign in from one address.
    pub const GENEROUS: Self =
        Self { per_account: 1_000_000, per_address: 1_000_000, within: TimeDelta::minutes(15) };
}

/// The longest that a guess waits for the results of others, in the order of the time that hashing may take.
const MAX_WAIT: Duration = Duration::from_millis(1500);

/// Too many guesses have failed. The number is that of seconds until the next guess is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany(pub u32);

/// A guess in progress. It has failed unless it [succeeds](Guess::succeed) or is [taken back](Guess::take_back).
#[derive(Debug)]
pub struct Guess<'a> {
    throttle: &'a Throttle,
    account: [u8; 32],
    address: Option<IpAddr>,
    begun_at: DateTime<Utc>,
    outcome: Outcome,
}

/// The result of a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Failed,
    Succeeded,
    NotChecked,
}

impl Guess<'_> {
    /// The password was right. The account's failures are cleared, since its owner is there.
    pub fn succeed(mut self) {
        self.outcome = Outcome::Succeeded;
    }

    /// The guess was not checked, so it does not count.
    pub fn take_back(mut self) {
        self.outcome = Outcome::NotChecked;
    }
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        let Self { throttle, account, address, begun_at, outcome } = *self;
        throttle.accounts.settle(account, begun_at, outcome);
        if let Some(address) = address {
            // The failures of others at the address are not forgiven.
            let outcome = if outcome == Outcome::Succeeded { Outcome::NotChecked } else { outcome };
            throttle.addresses.settle(address, begun_at, outcome);
        }
        throttle.settled.notify_waiters();
    }
}

/// Counts the guesses at passwords.
#[derive(Debug)]
pub struct Throttle {
    accounts: Buckets<[u8; 32]>,
    addresses: Buckets<IpAddr>,
    /// Wakes the guesses that wait for the results of others.
    settled: Notify,
}

impl Throttle {
    /// A throttle that has counted no guesses yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            accounts: Buckets::new(limits.per_account, limits.within),
            addresses: Buckets::new(limits.per_address, limits.within),
            settled: Notify::new(),
        }
    }

    /// Begins a guess at the password of an account, after the guesses in progress where these fill the bucket.
    ///
    /// # Errors
    /// [`TooMany`].
    pub async fn begin(
        &self,
        account: &str,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<Guess<'_>, TooMany> {
        // Hashes have one length, so long account names can't fill the memory.
        let account: [u8; 32] = Sha256::digest(account).into();
        let address = address.map(client_network);
        let deadline = Instant::now() + MAX_WAIT;
        loop {
            // Created before the attempt, so that no result in between is missed.
            let settled = self.settled.notified();
            match self.enter(account, address, now) {
                Ok(()) => {
                    let outcome = Outcome::Failed;
                    return Ok(Guess { throttle: self, account, address, begun_at: now, outcome });
                }
                Err(Full::OfFailures(too_many)) => return Err(too_many),
                Err(Full::OfGuesses) => timeout_at(deadline, settled).await.ok().ok_or(TooMany(1))?,
            }
        }
    }

    /// Takes a place in both buckets, or in neither.
    fn enter(&self, account: [u8; 32], address: Option<IpAddr>, now: DateTime<Utc>) -> Result<(), Full> {
        if let Some(address) = address {
            self.addresses.enter(address, now)?;
        }
        self.accounts.enter(account, now).inspect_err(|_| {
            if let Some(address) = address {
                self.addresses.settle(address, now, Outcome::NotChecked);
            }
        })
    }

    /// Clears the failures of an account whose owner has proved their identity without a password.
    pub fn clear_account(&self, account: &str) {
        self.accounts.forgive(Sha256::digest(account).into());
    }

    /// Counts a failure towards an address alone. A valid token is never refused, since tokens can't be guessed; for
    /// tokens, the limit only changes the response to invalid ones.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn count_failure(&self, address: Option<IpAddr>, now: DateTime<Utc>) -> Result<(), TooMany> {
        address.map_or(Ok(()), |address| self.addresses.fail(client_network(address), now))
    }
}

/// The reason why a guess has no place in a bucket.
enum Full {
    OfFailures(TooMany),
    /// There will be a place if guesses in progress turn out right.
    OfGuesses,
}

/// The failures, as the instant at which time will have drained them, and the number of guesses in progress.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    empty_at: DateTime<Utc>,
    guesses: i32,
}

/// Buckets of one kind.
#[derive(Debug)]
struct Buckets<K>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
{
    /// The amount that a guess adds, as the time in which it drains.
    guess: TimeDelta,
    /// The capacity of a bucket, as the time in which it drains.
    capacity: TimeDelta,
    buckets: Cache<K, Bucket>,
}

impl<K: std::hash::Hash + Eq + Send + Sync + 'static> Buckets<K> {
    fn new(limit: i32, within: TimeDelta) -> Self {
        let guess = within / limit.max(1);
        let time_to_live = within.to_std().unwrap_or(Duration::MAX);
        let buckets = Cache::builder()
            .max_capacity(BUCKETS)
            // The default policy may reject a new entry in favour of frequent ones: the account that is being attacked.
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(time_to_live)
            .build();
        Self { guess, capacity: guess * limit.max(1), buckets }
    }

    /// Takes a place for a guess whose result is not known yet.
    fn enter(&self, key: K, now: DateTime<Utc>) -> Result<(), Full> {
        let mut result = Ok(());
        self.change(key, now, |failures, guesses| {
            result = self.room_for_one_more(failures).map_err(Full::OfFailures);
            if result.is_ok() && failures + self.guess * (guesses + 1) > self.capacity {
                result = Err(Full::OfGuesses);
            }
            result.is_ok().then_some((failures, guesses + 1))
        });
        result
    }

    /// Counts a failure, unless the bucket is full of them.
    fn fail(&self, key: K, now: DateTime<Utc>) -> Result<(), TooMany> {
        let mut result = Ok(());
        self.change(key, now, |failures, guesses| {
            result = self.room_for_one_more(failures);
            result.is_ok().then_some((failures + self.guess, guesses))
        });
        result
    }

    fn room_for_one_more(&self, failures: TimeDelta) -> Result<(), TooMany> {
        let wait = failures + self.guess - self.capacity;
        if wait <= TimeDelta::zero() {
            return Ok(());
        }
        let seconds = (wait + TimeDelta::seconds(1) - TimeDelta::nanoseconds(1)).num_seconds();
        Err(TooMany(u32::try_from(seconds).unwrap_or(u32::MAX)))
    }

    /// Gives the place of a guess up, with its result.
    fn settle(&self, key: K, begun_at: DateTime<Utc>, outcome: Outcome) {
        self.change(key, begun_at, |failures, guesses| {
            let failures = match outcome {
                Outcome::Failed => failures + self.guess,
                Outcome::Succeeded => TimeDelta::zero(),
                Outcome::NotChecked => failures,
            };
            Some((failures, guesses - 1))
        });
    }

    /// Forgets the failures.
    fn forgive(&self, key: K) {
        self.change(key, DateTime::UNIX_EPOCH, |_, guesses| Some((TimeDelta::zero(), guesses)));
    }

    /// Changes failures and guesses of a bucket atomically. `None` leaves the bucket as it is.
    fn change(
        &self,
        key: K,
        now: DateTime<Utc>,
        change: impl FnOnce(TimeDelta, i32) -> Option<(TimeDelta, i32)>,
    ) {
        self.buckets.entry(key).and_compute_with(|entry| {
            let bucket = entry.map_or(Bucket { empty_at: now, guesses: 0 }, moka::Entry::into_value);
            let failures = (bucket.empty_at - now).clamp(TimeDelta::zero(), self.capacity);
            match change(failures, bucket.guesses) {
                Some((failures, guesses)) if failures > TimeDelta::zero() || guesses > 0 => {
                    Op::Put(Bucket { empty_at: now + failures, guesses: guesses.max(0) })
                }
                Some(_) => Op::Remove,
                None => Op::Nop,
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt as _;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T09:00:00Z".parse().unwrap()
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    /// A guess that fails.
    fn after(throttle: &Throttle, account: &str, seconds: i64) -> Result<(), TooMany> {
        begun(throttle, account, None, seconds).map(drop)
    }

    /// A guess that has not to wait for others.
    fn begun<'a>(
        throttle: &'a Throttle,
        account: &str,
        address: Option<IpAddr>,
        seconds: i64,
    ) -> Result<Guess<'a>, TooMany> {
        let guess = throttle.begin(account, address, now() + TimeDelta::seconds(seconds));
        guess.now_or_never().unwrap()
    }

    #[test]
    fn ten_guesses_at_an_account_then_one_every_ninety_seconds() {
        let throttle = Throttle::new(Limits::USUAL);
        for _ in 0..10 {
            assert_eq!(after(&throttle, "a@b", 0), Ok(()));
        }
        assert_eq!(after(&throttle, "a@b", 0), Err(TooMany(90)));
        assert_eq!(after(&throttle, "a@b", 89), Err(TooMany(1)));
        assert_eq!(after(&throttle, "a@b", 90), Ok(()));
        assert_eq!(after(&throttle, "a@b", 90), Err(TooMany(90)));
        // Other accounts are not affected, and time drains the bucket.
        assert_eq!(after(&throttle, "b@b", 0), Ok(()));
        for _ in 0..10 {
            assert_eq!(after(&throttle, "a@b", 90 + 900), Ok(()));
        }
        assert_eq!(after(&throttle, "a@b", 90 + 900), Err(TooMany(90)));
    }

    #[test]
    fn what_is_refused_counts_no_further() {
        let throttle = Throttle::new(Limits { per_address: 12, ..Limits::USUAL });
        let guess = |account| begun(&throttle, account, address("192.0.2.1"), 0).map(drop);
        for _ in 0..30 {
            guess("a@b").ok();
        }
        // Ten guesses were allowed; the refused ones did not count towards the address.
        assert_eq!(guess("b@b"), Ok(()));
        assert_eq!(guess("c@b"), Ok(()));
        assert_eq!(guess("d@b"), Err(TooMany(75)));
    }

    #[test]
    fn a_right_password_forgives_the_account_and_not_the_address() {
        let throttle = Throttle::new(Limits { per_address: 12, ..Limits::USUAL });
        let guess = |account| begun(&throttle, account, address("192.0.2.1"), 0);
        for _ in 0..9 {
            drop(guess("a@b").unwrap());
        }
        guess("a@b").unwrap().succeed();
        for _ in 0..3 {
            drop(guess("a@b").unwrap());
        }
        assert_eq!(guess("a@b").err(), Some(TooMany(75)), "nine and three failed from here");
        assert!(begun(&throttle, "a@b", address("192.0.2.2"), 0).is_ok());
    }

    #[test]
    fn what_the_service_failed_is_taken_back() {
        let throttle = Throttle::new(Limits::USUAL);
        for _ in 0..100 {
            begun(&throttle, "a@b", address("192.0.2.1"), 0).unwrap().take_back();
        }
        assert_eq!(throttle.accounts.buckets.iter().count() + throttle.addresses.buckets.iter().count(), 0);
    }

    #[test]
    fn an_address_is_a_customers() {
        let throttle = Throttle::new(Limits { per_address: 1, ..Limits::USUAL });
        let failed = |text| throttle.count_failure(address(text), now()).is_ok();
        assert!(failed("2001:db8:0:1::1"));
        assert!(!failed("2001:db8:0:1:ffff::2"), "one network");
        assert!(failed("2001:db8:0:2::1"), "the next");
        assert!(failed("192.0.2.1"));
        assert!(!failed("::ffff:192.0.2.1"), "the same, as IPv6 writes it");
        assert!(failed("192.0.2.2"));
        assert!(throttle.count_failure(None, now()).is_ok() && throttle.count_failure(None, now()).is_ok());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_many_guesses_at_once_only_so_many_are_made() {
        let throttle = Arc::new(Throttle::new(Limits::USUAL));
        let guess = |_| {
            let throttle = Arc::clone(&throttle);
            tokio::spawn(async move {
                let guess = throttle.begin("a@b", None, now()).await;
                tokio::task::yield_now().await;
                guess.is_ok()
            })
        };
        let made = futures_util::future::join_all((0..400).map(guess)).await;
        assert_eq!(made.into_iter().filter(|made| *made.as_ref().unwrap()).count(), 10);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_many_right_passwords_at_once_each_has_its_turn() {
        let throttle = Arc::new(Throttle::new(Limits { per_address: 16, ..Limits::USUAL }));
        let guess = |_| {
            let throttle = Arc::clone(&throttle);
            tokio::spawn(async move {
                let guess = throttle.begin("a@b", address("192.0.2.1"), now()).await;
                tokio::task::yield_now().await;
                guess.map(Guess::succeed)
            })
        };
        for made in futures_util::future::join_all((0..400).map(guess)).await {
            assert_eq!(made.unwrap(), Ok(()));
        }
        assert_eq!(throttle.accounts.buckets.iter().count() + throttle.addresses.buckets.iter().count(), 0);
    }

    #[tokio::test]
    async fn who_waits_for_the_results_of_others_waits_for_a_moment_only() {
        let throttle = Throttle::new(Limits::USUAL);
        let mut others = Vec::new();
        for _ in 0..10 {
            others.push(throttle.begin("a@b", None, now()).await.unwrap());
        }
        // A right password forgives what failed before, but guesses in progress keep their places.
        others.pop().unwrap().succeed();
        others.push(throttle.begin("a@b", None, now()).await.unwrap());
        assert_eq!(throttle.begin("a@b", None, now()).await.err(), Some(TooMany(1)));
        drop(others);
        assert_eq!(throttle.begin("a@b", None, now()).await.err(), Some(TooMany(90)));
    }
}
