//! Whatever comes in where a parser stands: cursors, `If-Match`, `Idempotency-Key`, merge patches, localized text,
//! tokens. Nothing of it brings down the service or is answered otherwise than documented (every answer is held against
//! the contract), and what each parser promises stays true.
//!
//! Each target runs for a second, or for `TASKFORCE_FUZZ_SECONDS` (`make fuzz`). A run can be repeated from where it
//! failed: `TASKFORCE_SEED` takes the seed that it printed.

#![expect(clippy::print_stdout, reason = "how many cases were run, and where a failed run began")]

mod cursors;
mod etags;
mod junk;
mod keys;
mod patches;
mod texts;
mod tokens;

use std::time::{Duration, Instant};

use crate::support::random::Rng;

/// Cases that a run has at least, however slow the machine.
const FEWEST: u64 = 40;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Tells the seed of the case that failed.
struct FailureReport<'a> {
    target: &'a str,
    seed: u64,
}

impl Drop for FailureReport<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}: TASKFORCE_SEED={}", self.target, self.seed);
        }
    }
}

/// Runs cases until the time is up. Each has a seed of its own, so that the one that fails is the first when repeated.
async fn fuzz(target: &str, mut case: impl AsyncFnMut(&mut Rng)) {
    let first = number("TASKFORCE_SEED").unwrap_or(20_261_122);
    let until = Instant::now() + Duration::from_secs(number("TASKFORCE_FUZZ_SECONDS").unwrap_or(1));
    let mut cases = 0;
    while cases < FEWEST || Instant::now() < until {
        let report = FailureReport { target, seed: first.wrapping_add(cases) };
        // Far from each other: neighbouring seeds would share most of their numbers.
        case(&mut Rng::new(report.seed.wrapping_mul(0xd134_2543_de82_ef95))).await;
        cases += 1;
    }
    println!("{target}: {cases} cases");
}
