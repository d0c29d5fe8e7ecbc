//! The rules that all operations share: the OpenAPI document, problems, retries, dry runs, lists.

mod compression;
mod conventions;
mod documentation;
mod dry_run;
mod errors;
mod examples;
mod idempotency;
mod languages;
mod lists;
mod negotiation;
mod openapi;
pub(crate) mod operation_cases;
mod queries;
mod readme;
mod references;
mod response_headers;
mod rights;
mod search;
mod texts;
