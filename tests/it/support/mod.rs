//! The harness: [`postgres`] (a cluster per run, a database per test), [`app`] (the service under test), [`client`]
//! (people who send requests), [`answer`] (what comes back, held against the contract by [`contract`]), [`world`]
//! (the people and task forces that most tests begin with), [`random`] and [`random_runs`] (reproducible randomness), [`node`]
//! (packages of npm); and
//! for each resource the bodies and states that tests need.
//!
//! Everything but functions named `db_…` uses the public API only.

pub(crate) mod answer;
pub(crate) mod app;
pub(crate) mod archive;
pub(crate) mod background;
pub(crate) mod calendars;
pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod contract;
pub(crate) mod council;
pub(crate) mod evidence;
pub(crate) mod mail;
pub(crate) mod migrations;
pub(crate) mod node;
pub(crate) mod pilots;
pub(crate) mod policies;
pub(crate) mod postgres;
pub(crate) mod random;
pub(crate) mod random_runs;
pub(crate) mod receiver;
pub(crate) mod sectors;
pub(crate) mod service;
pub(crate) mod sheets;
pub(crate) mod sign_in;
pub(crate) mod streams;
pub(crate) mod votes;
pub(crate) mod world;

pub(crate) use answer::Answer;
pub(crate) use app::{Setup, TestApp};
pub(crate) use client::{Client, Resource};
pub(crate) use world::{UNKNOWN_ID, Who};
