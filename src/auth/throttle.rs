//! Limits the guesses at passwords, for each account and for each client address.
//!
//! Accounts and addresses have a leaky bucket each. A guess adds to the bucket, time drains it, and a full bucket
//! refuses every further guess, even with the right password: a different response would confirm the password. A guess
//! counts from its start, so parallel guesses gain nothing. A guess that was right, or that could not be checked, is
//! taken back.
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

    /// Limits that tests don't reach, although all their users sign in from one address.
    pub const GENEROUS: Self =
        Self { per_account: 1_000_000, per_address: 1_000_000, within: TimeDelta::minutes(15) };
}

/// Too many guesses have failed. The number is that of seconds until the next guess is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany(pub u32);

/// A guess in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guess {
    account: [u8; 32],
    address: Option<IpAddr>,
}

/// Counts the guesses at passwords.
#[derive(Debug)]
pub struct Throttle {
    accounts: Buckets<[u8; 32]>,
    addresses: Buckets<IpAddr>,
}

impl Throttle {
    /// A throttle that has counted no guesses yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            accounts: Buckets::new(limits.per_account, limits.within),
            addresses: Buckets::new(limits.per_address, limits.within),
        }
    }

    /// Begins a guess at the password of an account. The guess counts as failed until it
    /// [succeeds](Self::succeed) or is [taken back](Self::take_back).
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn begin(
        &self,
        account: &str,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<Guess, TooMany> {
        // Hashes have one length, so long account names can't fill the memory.
        let address = address.map(client_network);
        let guess = Guess { account: Sha256::digest(account).into(), address };
        if let Some(address) = guess.address {
            self.addresses.fill(address, now)?;
        }
        self.accounts.fill(guess.account, now).inspect_err(|_| self.take_back_address(guess.address, now))?;
        Ok(guess)
    }

    /// The password was right. The account's failures are cleared, since its owner is there.
    pub fn succeed(&self, guess: Guess, now: DateTime<Utc>) {
        self.accounts.clear(&guess.account);
        self.take_back_address(guess.address, now);
    }

    /// The guess was not checked, so it does not count.
    pub fn take_back(&self, guess: Guess, now: DateTime<Utc>) {
        self.accounts.take_back(guess.account, now);
        self.take_back_address(guess.address, now);
    }

    /// Clears the failures of an account whose owner has proved their identity without a password.
    pub fn clear_account(&self, account: &str) {
        self.accounts.clear(&Sha256::digest(account).into());
    }

    /// Counts an invalid token towards an address. A valid token is never refused, since tokens can't be guessed; the
    /// limit only changes the response to invalid ones.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn count_invalid_token(&self, address: Option<IpAddr>, now: DateTime<Utc>) -> Result<(), TooMany> {
        address.map_or(Ok(()), |address| self.addresses.fill(client_network(address), now))
    }

    fn take_back_address(&self, address: Option<IpAddr>, now: DateTime<Utc>) {
        if let Some(address) = address {
            self.addresses.take_back(address, now);
        }
    }
}

/// Buckets of one kind. A bucket is stored as the instant at which it will be empty.
#[derive(Debug)]
struct Buckets<K>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
{
    /// The amount that a guess adds, as the time in which it drains.
    guess: TimeDelta,
    /// The capacity of a bucket, as the time in which it drains.
    capacity: TimeDelta,
    empty_at: Cache<K, DateTime<Utc>>,
}

impl<K: std::hash::Hash + Eq + Send + Sync + 'static> Buckets<K> {
    fn new(limit: i32, within: TimeDelta) -> Self {
        let guess = within / limit.max(1);
        let time_to_live = within.to_std().unwrap_or(Duration::MAX);
        let empty_at = Cache::builder()
            .max_capacity(BUCKETS)
            // The default policy may reject a new entry in favour of frequent ones: the account that is being attacked.
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(time_to_live)
            .build();
        Self { guess, capacity: guess * limit.max(1), empty_at }
    }

    /// Adds a guess, unless the bucket is full.
    fn fill(&self, key: K, now: DateTime<Utc>) -> Result<(), TooMany> {
        let mut wait = TimeDelta::zero();
        self.change(key, now, |level| {
            wait = level + self.guess - self.capacity;
            (wait <= TimeDelta::zero()).then_some(level + self.guess)
        });
        if wait <= TimeDelta::zero() {
            return Ok(());
        }
        let seconds = (wait + TimeDelta::seconds(1) - TimeDelta::nanoseconds(1)).num_seconds();
        Err(TooMany(u32::try_from(seconds).unwrap_or(u32::MAX)))
    }

    fn take_back(&self, key: K, now: DateTime<Utc>) {
        self.change(key, now, |level| Some(level - self.guess));
    }

    fn clear(&self, key: &K) {
        self.empty_at.invalidate(key);
    }

    /// Changes the level of a bucket atomically. `None` leaves it as it is.
    fn change(&self, key: K, now: DateTime<Utc>, change: impl FnOnce(TimeDelta) -> Option<TimeDelta>) {
        self.empty_at.entry(key).and_compute_with(|entry| {
            let empty_at = entry.map_or(now, moka::Entry::into_value);
            let level = (empty_at - now).clamp(TimeDelta::zero(), self.capacity);
            match change(level) {
                Some(level) if level > TimeDelta::zero() => Op::Put(now + level),
                Some(_) => Op::Remove,
                None => Op::Nop,
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T09:00:00Z".parse().unwrap()
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn after(throttle: &Throttle, account: &str, seconds: i64) -> Result<(), TooMany> {
        throttle.begin(account, None, now() + TimeDelta::seconds(seconds)).map(drop)
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
        let guess = |account| throttle.begin(account, address("192.0.2.1"), now()).map(drop);
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
        let guess = |account| throttle.begin(account, address("192.0.2.1"), now());
        for _ in 0..9 {
            guess("a@b").unwrap();
        }
        throttle.succeed(guess("a@b").unwrap(), now());
        for _ in 0..3 {
            guess("a@b").unwrap();
        }
        assert_eq!(guess("a@b"), Err(TooMany(75)), "nine and three failed from here");
        assert!(throttle.begin("a@b", address("192.0.2.2"), now()).is_ok());
    }

    #[test]
    fn what_the_service_failed_is_taken_back() {
        let throttle = Throttle::new(Limits::USUAL);
        for _ in 0..100 {
            let guess = throttle.begin("a@b", address("192.0.2.1"), now()).unwrap();
            throttle.take_back(guess, now());
        }
        assert_eq!(throttle.accounts.empty_at.iter().count() + throttle.addresses.empty_at.iter().count(), 0);
    }

    #[test]
    fn an_address_is_a_customers() {
        let throttle = Throttle::new(Limits { per_address: 1, ..Limits::USUAL });
        let failed = |text| throttle.count_invalid_token(address(text), now()).is_ok();
        assert!(failed("2001:db8:0:1::1"));
        assert!(!failed("2001:db8:0:1:ffff::2"), "one network");
        assert!(failed("2001:db8:0:2::1"), "the next");
        assert!(failed("192.0.2.1"));
        assert!(!failed("::ffff:192.0.2.1"), "the same, as IPv6 writes it");
        assert!(failed("192.0.2.2"));
        assert!(
            throttle.count_invalid_token(None, now()).is_ok()
                && throttle.count_invalid_token(None, now()).is_ok()
        );
    }

    #[test]
    fn of_many_guesses_at_once_only_so_many_are_made() {
        let throttle = Throttle::new(Limits::USUAL);
        let made: usize = std::thread::scope(|scope| {
            let guess = || (0..50).filter(|_| throttle.begin("a@b", None, now()).is_ok()).count();
            let guessers: Vec<_> = (0..8).map(|_| scope.spawn(guess)).collect();
            guessers.into_iter().map(|guesser| guesser.join().unwrap()).sum()
        });
        assert_eq!(made, 10);
    }
}
