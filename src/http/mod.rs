//! The contract over HTTP: routes, representations, conventions. Knows no SQL.
//!
//! A handler parses, calls one use case, converts. What all operations share is beside the features:
//! [`request`] (what comes in, in the order of its checks), [`validation`] and [`patch`] (bodies and queries),
//! [`resource`] (the operations that nouns share), [`answer`] (ETags, pages), [`problem`] (saying no), [`envelope`]
//! (what every answer has), [`openapi`].

mod context;
mod endpoints;
mod idempotency;
mod negotiation;
pub mod openapi;
mod operation_problems;
mod pagination;
mod patch;
mod problem;
mod problem_catalogue;
mod request;
mod resource;
mod response;
mod route_table;
pub mod server;
mod text;
mod validation;
mod values;

pub use problem::explain;
pub use server::response_middleware::API_VERSION;
