//! Whatever anybody sends, in whatever order, alone or at once: what the design promises of the states stays true.
//!
//! People send commands by chance ([`commands`]), two in five of them such that the story goes on ([`story`]), and
//! what they have made of the database is held against the promises ([`invariants`]) every now and then. A run can be
//! repeated: `TASKFORCE_SEED` takes the seed that it printed.

#![expect(clippy::print_stdout, reason = "whoever reads why a run failed has to know where it began")]

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
use player::{Memory, Player};

/// Commands between two looks at the promises.
const LOOK_EVERY: usize = 500;

/// Where chance begins: the same each time, unless somebody wants another.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("TASKFORCE_SEED").ok();
    given.map_or(20_261_122, |seed| seed.parse().expect("TASKFORCE_SEED is a number"))
}

/// Sends commands until so many were sent by all.
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

/// How often each operation was answered how.
type Answered = BTreeMap<(String, u16), usize>;

/// A run of so many commands by so many at once.
async fn run(app: &TestApp, seed: u64, players: u64, commands: usize) -> Answered {
    println!("TASKFORCE_SEED={seed}");
    let memory = Mutex::new(Memory::default());
    memory.lock().unwrap().begin(&app.a(""));
    for enough in (LOOK_EVERY..=commands).step_by(LOOK_EVERY) {
        let turn = seed.wrapping_add(u64::try_from(enough).unwrap());
        let player = |at: u64| Player::new(app, &memory, turn.wrapping_add(at << 32));
        join_all((0..players).map(|at| play(player(at), enough))).await;
        invariants::check(app, seed).await;
    }
    std::mem::take(&mut memory.lock().unwrap().answered)
}

/// Ten thousand commands, half of them in one database and half in another, since two take half as long as one.
#[tokio::test]
async fn no_sequence_of_commands_breaks_an_invariant() {
    let (one, other) = (TestApp::start().await, TestApp::start().await);
    let seed = seed();
    let (first, second) = join(run(&one, seed, 1, 5_000), run(&other, seed.wrapping_add(1), 1, 5_000)).await;
    let mut answered = first;
    second.into_iter().for_each(|(answer, times)| *answered.entry(answer).or_default() += times);
    coverage::check(&[&one, &other], &answered).await;
}

#[tokio::test]
async fn eight_clients_at_once_break_no_invariant() {
    let app = TestApp::start().await;
    run(&app, seed(), 8, 2_000).await;
}
