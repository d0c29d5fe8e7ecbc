//! How often a password may be guessed: so often for an account, so often from an address, then ever so slowly.
//!
//! Each has a bucket. A guess fills it a little, time empties it, and when it is full nobody gets to try, not even
//! with the right password: else the answer would tell it apart. A guess counts from when it begins, so a thousand
//! at once are not more than a thousand one after the other; one that was right, or that the service failed, is
//! taken back.
//!
//! The buckets are in memory, each process has its own, and there are so many at most. Who guesses for more
//! accounts or from more addresses than that pushes the ones out that were tried longest ago.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};

/// How many buckets of a kind there are at most: some ten megabytes.
const BUCKETS: u64 = 100_000;

/// How many failures there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For an account, whether it exists or not: within [`Limits::within`], and at once.
    pub per_account: i32,
    /// From an address; of IPv6 from the network of 64 bits that one customer has.
    pub per_address: i32,
    /// How long a full bucket takes to empty.
    pub within: TimeDelta,
}

impl Limits {
    /// Ten for an account and fifty from an address in a quarter of an hour: people who mistype never meet it, and
    /// nobody gets through more than a thousand passwords of an account in a day.
    pub const USUAL: Self = Self { per_account: 10, per_address: 50, within: TimeDelta::minutes(15) };

    /// As good as none: for tests in which everybody signs in from one address.
    pub const GENEROUS: Self =
        Self { per_account: 1_000_000, per_address: 1_000_000, within: TimeDelta::minutes(15) };
}

/// Too many guesses have failed; seconds until the next may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany(pub u32);

/// A guess that is being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    account: [u8; 32],
    address: Option<IpAddr>,
}

/// Counts guesses.
#[derive(Debug)]
pub struct Throttle {
    accounts: Buckets<[u8; 32]>,
    addresses: Buckets<IpAddr>,
}

impl Throttle {
    /// With these limits, and nothing counted yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            accounts: Buckets::new(limits.per_account, limits.within),
            addresses: Buckets::new(limits.per_address, limits.within),
        }
    }

    /// Begins a guess at the password of an account, by the name that it is kept by. It counts as a failure unless
    /// it is [right](Self::right) or [taken back](Self::take_back).
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn begin(
        &self,
        account: &str,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<Attempt, TooMany> {
        // By their hashes, all of one length: who asks for long names shall not fill the memory with them.
        let attempt = Attempt { account: Sha256::digest(account).into(), address: address.map(network_of) };
        if let Some(address) = attempt.address {
            self.addresses.fill(address, now)?;
        }
        self.accounts.fill(attempt.account, now).inspect_err(|_| self.spare_address(attempt.address, now))?;
        Ok(attempt)
    }

    /// The password was right: whatever failed before, its owner is there.
    pub fn right(&self, attempt: Attempt, now: DateTime<Utc>) {
        self.accounts.clear(&attempt.account);
        self.spare_address(attempt.address, now);
    }

    /// Nobody learnt whether the guess was right.
    pub fn take_back(&self, attempt: Attempt, now: DateTime<Utc>) {
        self.accounts.take_back(attempt.account, now);
        self.spare_address(attempt.address, now);
    }

    /// The owner of an account is there, without a password.
    pub fn forgive(&self, account: &str) {
        self.accounts.clear(&Sha256::digest(account).into());
    }

    /// Something was shown from an address that is no secret of ours. Nobody guesses those, so it is never too late
    /// for a good one; it is the bad ones that are answered differently at last.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn failed(&self, address: Option<IpAddr>, now: DateTime<Utc>) -> Result<(), TooMany> {
        address.map_or(Ok(()), |address| self.addresses.fill(network_of(address), now))
    }

    fn spare_address(&self, address: Option<IpAddr>, now: DateTime<Utc>) {
        if let Some(address) = address {
            self.addresses.take_back(address, now);
        }
    }
}

/// What one customer has: an address of IPv4, a network of 64 bits of IPv6.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

/// Buckets of one kind, each known by the instant at which it is empty again.
#[derive(Debug)]
struct Buckets<K>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
{
    /// What a guess adds.
    drop: TimeDelta,
    /// What a bucket holds.
    full: TimeDelta,
    empty_at: Cache<K, DateTime<Utc>>,
}

impl<K: std::hash::Hash + Eq + Send + Sync + 'static> Buckets<K> {
    fn new(limit: i32, within: TimeDelta) -> Self {
        let drop = within / limit.max(1);
        let kept = within.to_std().unwrap_or(Duration::MAX);
        let empty_at = Cache::builder()
            .max_capacity(BUCKETS)
            // The default keeps what is used often and may not take a new one in: the account attacked just now.
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(kept)
            .build();
        Self { drop, full: drop * limit.max(1), empty_at }
    }

    /// Adds a guess, if there is room for it.
    fn fill(&self, key: K, now: DateTime<Utc>) -> Result<(), TooMany> {
        let mut wait = TimeDelta::zero();
        self.change(key, now, |level| {
            wait = level + self.drop - self.full;
            (wait <= TimeDelta::zero()).then_some(level + self.drop)
        });
        if wait <= TimeDelta::zero() {
            return Ok(());
        }
        let seconds = (wait + TimeDelta::seconds(1) - TimeDelta::nanoseconds(1)).num_seconds();
        Err(TooMany(u32::try_from(seconds).unwrap_or(u32::MAX)))
    }

    fn take_back(&self, key: K, now: DateTime<Utc>) {
        self.change(key, now, |level| Some(level - self.drop));
    }

    fn clear(&self, key: &K) {
        self.empty_at.invalidate(key);
    }

    /// Changes what is in a bucket, as one step however many ask at once.
    fn change(&self, key: K, now: DateTime<Utc>, change: impl FnOnce(TimeDelta) -> Option<TimeDelta>) {
        self.empty_at.entry(key).and_compute_with(|entry| {
            let empty_at = entry.map_or(now, moka::Entry::into_value);
            let level = (empty_at - now).clamp(TimeDelta::zero(), self.full);
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
        // Another account has its own, and time forgives everything.
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
        // Ten were made; the others took nothing from the address.
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
        throttle.right(guess("a@b").unwrap(), now());
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
            let attempt = throttle.begin("a@b", address("192.0.2.1"), now()).unwrap();
            throttle.take_back(attempt, now());
        }
        assert_eq!(throttle.accounts.empty_at.iter().count() + throttle.addresses.empty_at.iter().count(), 0);
    }

    #[test]
    fn an_address_is_a_customers() {
        let throttle = Throttle::new(Limits { per_address: 1, ..Limits::USUAL });
        let failed = |text| throttle.failed(address(text), now()).is_ok();
        assert!(failed("2001:db8:0:1::1"));
        assert!(!failed("2001:db8:0:1:ffff::2"), "one network");
        assert!(failed("2001:db8:0:2::1"), "the next");
        assert!(failed("192.0.2.1"));
        assert!(!failed("::ffff:192.0.2.1"), "the same, as IPv6 writes it");
        assert!(failed("192.0.2.2"));
        assert!(throttle.failed(None, now()).is_ok() && throttle.failed(None, now()).is_ok());
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
