//! The contract over HTTP: routes, representations, conventions. Knows no SQL.
//!
//! A handler parses, calls one use case, converts. What all operations share is beside the features:
//! [`request`] (what comes in, in the order of its checks), [`validation`] and [`patch`] (bodies and queries),
//! [`resource`] (the operations that nouns share), [`answer`] (ETags, pages), [`problem`] (saying no), [`envelope`]
//! (what every answer has), [`openapi`].

mod activities;
mod address;
mod admission;
mod answer;
mod api_keys;
mod assessments;
mod audit;
mod checklist_items;
mod comments;
mod conditions;
mod connection;
mod decisions;
mod envelope;
mod events;
mod evidence;
mod health_statements;
mod idempotency;
mod indicators;
mod me;
mod measurements;
mod members;
mod migrations;
pub mod openapi;
mod patch;
mod pilots;
mod policies;
mod problem;
mod rate_limit;
mod refused_attempts;
mod reports;
mod request;
mod resource;
mod sectors;
pub mod server;
mod service;
mod sessions;
mod settings;
mod sign_in;
mod status;
mod steps;
mod studies;
mod submissions;
mod task_forces;
mod text;
pub mod tls;
mod users;
mod validation;
mod values;

pub use envelope::API_VERSION;

use utoipa_actix_web::service_config::ServiceConfig;

/// Every operation of the contract. What isn't registered here doesn't exist, neither as a route nor in the
/// OpenAPI document.
fn operations(config: &mut ServiceConfig<'_>) {
    // The router tries them one after the other, so what is asked most often comes first.
    status::operations(config);
    activities::operations(config);
    me::operations(config);
    comments::operations(config);
    events::operations(config);
    steps::operations(config);
    submissions::operations(config);
    policies::operations(config);
    reports::operations(config);
    sectors::operations(config);
    assessments::operations(config);
    studies::operations(config);
    pilots::operations(config);
    indicators::operations(config);
    measurements::operations(config);
    migrations::operations(config);
    checklist_items::operations(config);
    evidence::operations(config);
    decisions::operations(config);
    conditions::operations(config);
    task_forces::operations(config);
    members::operations(config);
    health_statements::operations(config);
    sign_in::operations(config);
    sessions::operations(config);
    api_keys::operations(config);
    users::operations(config);
    audit::operations(config);
    refused_attempts::operations(config);
    service::operations(config);
}
