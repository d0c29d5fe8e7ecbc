//! The rules of a task force.
//!
//! States, transitions, the panel of five to seven members, gates, rights, localized text, calendar arithmetic and
//! events. All of it is pure: time is an argument, and no file imports a crate that does I/O or another floor
//! (`tests/it/architecture/layers.rs` checks that).

#[macro_use]
pub mod vocabulary;

pub mod activity;
pub mod adjustment;
pub mod archive;
pub mod audit;
pub mod ballot;
pub mod calendar;
pub mod calendar_entry;
pub mod characters;
pub mod country;
pub mod criterion;
pub mod decimal;
pub mod decision;
pub mod email;
pub mod evaluation;
pub mod event;
pub mod evidence;
pub mod feed;
pub mod file;
pub mod file_name;
pub mod gate;
pub mod message;
pub mod migration;
pub mod notification;
pub mod office;
pub mod panel;
pub mod pilot;
pub mod policy;
pub mod position;
pub mod reference;
pub mod refusal;
pub mod reminder;
pub mod report;
pub mod requirement;
pub mod retry;
pub mod rights;
pub mod role;
pub mod scales;
pub mod sealed_ballot;
pub mod sector;
pub mod shared_page;
pub mod size;
pub mod state_machine;
pub mod step;
pub mod storage;
pub mod submission;
pub mod task;
pub mod task_force;
pub mod text;
pub mod user;
pub mod version;
pub mod voting_time;
pub mod webhook;
pub mod working_week;
pub mod writing;
