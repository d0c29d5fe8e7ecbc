//! Use cases: one file a feature, called by HTTP, the command line and background work alike.
//!
//! Reads go through [`access`] (who is asking, what is theirs to see), changes of a task force through [`door`]
//! (lock, right, event, commit). Nothing here knows a status code or the shape of a JSON document.

pub mod access;
pub mod activities;
pub mod assessments;
pub mod checklist_items;
pub mod clock;
pub mod comments;
pub mod conditions;
pub mod decisions;
pub mod demo;
pub mod door;
mod error;
pub mod events;
pub mod evidence;
pub mod health_statements;
pub mod indicators;
pub mod lease;
pub mod me;
pub mod measurements;
pub mod members;
pub mod migrations;
pub mod noun;
pub mod pilots;
pub mod policies;
mod refused;
pub mod reports;
pub mod sectors;
pub mod sign_in;
pub mod status;
pub mod steps;
pub mod studies;
pub mod submissions;
pub mod task_forces;
pub mod users;

pub use error::{Error, Result};

use std::sync::Arc;

use crate::auth::passwords::Passwords;
use crate::auth::tokens::Tokens;
use crate::db::pool::Pool;
use clock::Clock;

/// The service behind its front doors.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it holds keys")]
pub struct App {
    /// Connections to Postgres.
    pub pool: Pool,
    /// What time it is.
    pub clock: Clock,
    /// Hashes and checks passwords.
    pub passwords: Arc<Passwords>,
    /// Issues and checks access tokens.
    pub tokens: Arc<Tokens>,
    status_cache: status::Cache,
    gates: Arc<lease::Gates>,
}

impl App {
    /// The service over a database, with these keys.
    pub fn new(pool: Pool, clock: Clock, passwords: Passwords, tokens: Tokens) -> Self {
        Self {
            pool,
            clock,
            passwords: Arc::new(passwords),
            tokens: Arc::new(tokens),
            status_cache: status::Cache::default(),
            gates: Arc::default(),
        }
    }
}
