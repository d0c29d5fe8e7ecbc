//! Random and malformed input for each parser: cursors, `If-Match`, `Idempotency-Key`, merge patches, localized text,
//! tokens, archives. No input brings down the service or gets an undocumented answer (every answer is validated against the
//! contract), and the guarantees of each parser hold.
//!
//! Each target runs a fixed number of cases by default, and for `TASKFORCE_FUZZ_SECONDS` in a long run (`make fuzz`,
//! `make soak`). `TASKFORCE_SEED` repeats a run from the seed of the case that failed.

#![expect(clippy::print_stdout, reason = "the number of cases, and the seed of a failed one")]

mod archives;
mod cursors;
mod etags;
mod junk;
mod keys;
mod patches;
mod tables;
mod texts;
mod tokens;

use std::time::{Duration, Instant};

use crate::support::random::Rng;
use crate::support::random_runs::{is_soak, seed, variable};

/// Cases of the short share, and the least that a long run has however slow the machine.
const CASES: u64 = 150;
/// Seconds of a long run.
const LONG: u64 = 600;

/// Prints the seed of the case that failed.
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

/// Runs the cases of a target. Each has a seed of its own, so that a failed one comes first when it is repeated.
async fn fuzz(target: &str, mut case: impl AsyncFnMut(&mut Rng)) {
    let first = seed();
    let seconds = variable("TASKFORCE_FUZZ_SECONDS").unwrap_or(if is_soak() { LONG } else { 0 });
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut cases = 0;
    while cases < CASES || Instant::now() < until {
        let report = FailureReport { target, seed: first.wrapping_add(cases) };
        // Neighbouring seeds would share most of their numbers.
        case(&mut Rng::new(report.seed.wrapping_mul(0xd134_2543_de82_ef95))).await;
        cases += 1;
    }
    println!("{target}: {cases} cases");
}
