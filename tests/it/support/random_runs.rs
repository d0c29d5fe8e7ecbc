//! The lengths and the seed of the tests that send random requests: properties, fuzz targets and torture.
//!
//! By default each runs a short, fixed share, the same every time. `TASKFORCE_SOAK=1` (`make soak`) runs all of them
//! long. A variable per test sets one length by itself, and `TASKFORCE_SEED` another seed.

use std::str::FromStr;

/// The seed of every random run, unless `TASKFORCE_SEED` sets another.
const SEED: u64 = 20_261_122;

/// The value of an environment variable, if it is set.
pub(crate) fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// True if long runs are wanted.
pub(crate) fn is_soak() -> bool {
    variable::<u8>("TASKFORCE_SOAK") == Some(1)
}

/// The seed of this run.
pub(crate) fn seed() -> u64 {
    variable("TASKFORCE_SEED").unwrap_or(SEED)
}

/// The length of a run: as its variable says, or else the short share or the long run.
pub(crate) fn length(name: &str, short: usize, long: usize) -> usize {
    variable(name).unwrap_or(if is_soak() { long } else { short })
}
