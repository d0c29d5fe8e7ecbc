//! The service as its users meet it: real Postgres, real HTTP, one database per test.
//!
//! `support` is the harness. The other folders contain the tests, each named after the behaviour
//! that it checks.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail as tests do"
)]

mod architecture;
mod browser;
mod contract;
mod features;
mod robustness;
mod security;
mod support;
