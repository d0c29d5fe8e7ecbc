//! The contract over HTTP: routes, representations, conventions. This floor contains no SQL.
//!
//! A handler parses, calls one use case and converts the result. The code that operations share is beside `endpoints`:
//! [`request`] (extractors, which check in one order), [`validation`] and [`patch`] (bodies and queries),
//! [`request_errors`] (all errors of a request in one response), [`resource`]
//! (operations that resources share), [`response`] (successful responses), [`pagination`] (pages), [`problem`] (problem
//! details), [`server`] (listener and middleware), [`openapi`] (the document).

mod attachment;
mod context;
mod decimals;
mod endpoints;
mod etag;
mod event_stream;
mod form;
mod idempotency;
mod name_sort;
mod negotiation;
pub mod openapi;
mod operation_problems;
mod pagination;
mod patch;
mod permissions;
mod problem;
mod problem_catalogue;
mod reference;
mod refresh_cookie;
mod request;
mod request_errors;
mod resource;
mod response;
mod rights_page;
mod route_table;
mod secret_cookie;
pub mod server;
mod sheet;
mod storage;
mod text;
mod validation;
mod values;

pub use problem::explain;
pub use server::response_middleware::API_VERSION;
