//! The contract over HTTP: routes, representations, conventions. Knows no SQL.
//!
//! A handler parses, calls one use case, converts. What all operations share is beside the features:
//! [`request`] (what comes in, in the order of its checks), [`validation`] and [`patch`] (bodies and queries),
//! [`answer`] (ETags, pages), [`problem`] (saying no), [`envelope`] (what every answer has), [`openapi`].

mod activities;
mod answer;
mod comments;
mod envelope;
mod events;
mod health_statements;
mod members;
pub mod openapi;
mod patch;
mod problem;
mod request;
pub mod server;
mod service;
mod sign_in;
mod status;
mod steps;
mod task_forces;
mod text;
mod users;
mod validation;

pub use envelope::API_VERSION;

use utoipa_actix_web::service_config::ServiceConfig;

/// Every operation of the contract. What isn't registered here doesn't exist, neither as a route nor in the
/// OpenAPI document.
fn operations(config: &mut ServiceConfig<'_>) {
    // The router tries them one after the other, so what is asked most often comes first.
    status::operations(config);
    activities::operations(config);
    comments::operations(config);
    events::operations(config);
    steps::operations(config);
    task_forces::operations(config);
    members::operations(config);
    health_statements::operations(config);
    sign_in::operations(config);
    users::operations(config);
    service::operations(config);
}
