//! Taskforce: the service behind the small expert task force that a city forms to become a smart city.
//!
//! The floors, each of which imports only floors below it:
//!
//! ```text
//! main.rs → cli → demo, http → app → auth, db, delivery, render → domain
//! ```
//!
//! Floors with a comma between them do not import each other.
//!
//! - [`domain`]: states, transitions, the panel of five to seven, gates, rights, events. Pure.
//! - [`db`]: schema, rows and queries, pool, migrations, the private cluster.
//! - [`auth`]: from a credential to an identity.
//! - [`delivery`]: to other servers: e-mail by SMTP, messages of webhooks over HTTPS.
//! - [`render`]: pages, documents, charts, sheets and calendars, made from data.
//! - [`app`]: use cases, over one way to read and one way to write.
//! - [`http`]: routes, representations, problem details, the OpenAPI document.
//! - [`demo`]: the demo data, entered through the use cases of `app`.
//! - [`cli`]: the commands.
//!
//! Helpers that know nothing of the service are in `util`, for every floor but `domain`. A feature has the same file
//! name on every floor. ARCHITECTURE.md follows one request through them.

pub mod app;
pub mod auth;
pub mod cli;
pub mod db;
pub mod delivery;
pub mod demo;
pub mod domain;
pub mod http;
pub mod render;
mod util;
