//! Invariants hold after any sequence of commands, from one client or from many at once.
//!
//! Clients send random commands ([`commands`]), two in five of them chosen such that the story goes on ([`story`]). At
//! regular intervals the database is checked against the invariants of the design ([`invariants`]). `TASKFORCE_SEED`
//! repeats a run from the seed that it printed.

#![expect(clippy::print_stdout, reason = "a failed run is repeated from the seed that it prints")]

mod bodies;
mod commands;
mod coverage;
mod invariants;
mod player;
mod story;

use std::collections::BTreeMap;
use std::sync::Mutex;

use futures_util::future::{join, join_all};

use crate::support::TestApp;
use crate::support::random_runs::{length, seed};
use player::{Memory, Player};

/// Commands between two checks of the invariants.
const CHECK_EVERY: usize = 250;

/// Sends commands until all players together have sent this many.
async fn play(mut player: Player<'_>, enough: usize) {
    loop {
        let sent = player.memory.lock().unwrap().sent;
        if sent >= enough {
            return;
        }
        if player.will_correct_decision {
            player.will_correct_decision = false;
            player.correct_decision().await;
        } else if player.rng.percent(42) {
            player.advance_story().await;
        } else {
            player.do_anything().await;
        }
    }
}

/// The number of answers by operation and status.
type Answered = BTreeMap<(String, u16), usize>;

/// A run of this many commands by this many concurrent players.
async fn run(app: &TestApp, seed: u64, players: u64, commands: usize) -> Answered {
    println!("TASKFORCE_SEED={seed}");
    let memory = Mutex::new(Memory::default());
    memory.lock().unwrap().begin(&app.a(""));
    for enough in (CHECK_EVERY..=commands).step_by(CHECK_EVERY) {
        let turn = seed.wrapping_add(u64::try_from(enough).unwrap());
        let player = |at: u64| Player::new(app, &memory, turn.wrapping_add(at << 32));
        join_all((0..players).map(|at| play(player(at), enough))).await;
        invariants::check(app, seed).await;
    }
    std::mem::take(&mut memory.lock().unwrap().answered)
}

/// Half of the commands go to one database and half to another: two in parallel take half the time. The short
/// share is long enough for [`coverage`] with any seed that was tried, and for the fixed one with 750 commands already.
#[tokio::test]
async fn no_sequence_of_commands_breaks_an_invariant() {
    let (one, other) = (TestApp::start().await, TestApp::start().await);
    let (seed, commands) = (seed(), length("TASKFORCE_COMMANDS", 1_000, 5_000));
    let (mut answered, second) =
        join(run(&one, seed, 1, commands), run(&other, seed.wrapping_add(1), 1, commands)).await;
    second.into_iter().for_each(|(answer, times)| *answered.entry(answer).or_default() += times);
    coverage::check(&[&one, &other], &answered).await;
}

#[tokio::test]
async fn eight_clients_at_once_break_no_invariant() {
    let app = TestApp::start().await;
    run(&app, seed(), 8, length("TASKFORCE_COMMANDS", 500, 2_000)).await;
}
