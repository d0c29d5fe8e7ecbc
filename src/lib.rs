//! Taskforce: the service behind the small expert task force that a city forms to become a smart city.
//!
//! The floors, each importing only what stands below it:
//!
//! ```text
//! main.rs → cli → http → app → auth → db → domain
//! ```
//!
//! - [`domain`]: states, transitions, the panel of five to seven, gates, rights, events. Pure.
//! - [`db`]: schema, rows and queries, pool, migrations, the private cluster.
//! - [`auth`]: credential → caller.
//! - [`app`]: use cases, the read door and the write door.
//! - [`http`]: routes, representations, problem details, the OpenAPI document.
//! - [`cli`]: the commands.
//!
//! The same feature has the same file name on every floor. ARCHITECTURE.md follows one request through them.

pub mod app;
pub mod auth;
pub mod cli;
pub mod db;
pub mod demo;
pub mod domain;
pub mod http;
