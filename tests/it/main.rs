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

mod architecture;
mod contract;
mod features;
mod robustness;
mod security;
mod support;
