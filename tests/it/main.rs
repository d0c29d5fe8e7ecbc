//! The service as its users meet it: real Postgres, real HTTP, one database per test.
//!
//! `support` holds the harness and speaks the words of the domain; the other files hold the promises, each test
//! named after the one it keeps.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail as tests do"
)]

mod activities;
mod address;
mod api_keys;
mod audit;
mod cluster;
mod conditions;
mod conventions;
mod corrections;
mod cycles;
mod decisions;
mod document;
mod envelope;
mod events;
mod evidence;
mod fuzz;
mod gates;
mod grants;
mod house;
mod housekeeping;
mod idempotency;
mod identity;
mod leaks;
mod limits;
mod lists;
mod matrix;
mod migrations;
mod panel;
mod passwords;
mod pilots;
mod policies;
mod process;
mod properties;
mod queries;
mod refused_attempts;
mod reports;
mod secrets;
mod sectors;
mod sessions;
mod single_sign_on;
mod status;
mod steps;
mod story;
mod submissions;
mod support;
mod task_forces;
mod tasks;
mod throttle;
mod tls;
mod tls_postgres;
mod torture;
mod trials;
mod trouble;
mod votes;
mod waivers;
mod walk;
