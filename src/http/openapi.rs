//! The OpenAPI document: collected from the handlers and completed with what all operations share.
//!
//! A handler declares its own parameters, bodies, headers and problem codes. [`operations`] derives the rest of an
//! operation from these declarations, [`schemas`] completes the schemas, and [`sharing`] moves repetitions to the
//! components.

mod cases;
pub(super) mod declarations;
pub(super) mod document;
mod examples;
mod headers;
mod localized;
mod names;
pub(super) mod operation_list;
mod operations;
mod parameters;
pub(super) mod paths;
mod portable;
mod problem_groups;
mod problems;
mod schemas;
mod security;
mod sharing;
mod unused;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use actix_web::App;
use serde::Serialize;
use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::extensions::Extensions;
use utoipa_actix_web::AppExt as _;

use document::OpenApiDocument;
use operation_list::{Operations, SchemaNames};

use super::endpoints;
use super::problem::ProblemDocument;
use super::response;
use super::rights_page::{self, OperationRight};
use super::route_table::RouteTable;
use super::server::response_middleware::API_VERSION;
use super::sheet::SheetFile;
use crate::app::Error;
use crate::domain::report::ReportFormat;
use crate::domain::text::Language;

const DESCRIPTION: &str = include_str!("openapi/description.md").trim_ascii_end();

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Taskforce",
        version = API_VERSION,
        description = DESCRIPTION,
        contact(name = "The maintainers of Taskforce"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "The installation that serves the document.")),
    security(("bearer" = [])),
    components(schemas(ProblemDocument, ReportFormat, SheetFile)),
    tags(
        (name = "sign-in", description = "Sign-in, invitations, passwords and tokens."),
        (name = "me", description = "The account, tasks, activities and sessions of the signed-in user."),
        (name = "task forces", description = "Teams of five to seven experts, their states and their health."),
        (name = "members", description = "Members of a task force and their seats."),
        (name = "steps", description = "The five steps of a cycle, their gates, waivers, submissions and votes."),
        (name = "policies", description = "Step 1: policies and frameworks of smart governance."),
        (name = "sectors", description = "Step 2: sectors that could become smart, their maturity assessments and studies."),
        (name = "pilots", description = "Steps 3 and 4: small projects (pilots), their indicators and measurements."),
        (name = "migrations", description = "Step 4: the move of pilots into the city's local digital government."),
        (name = "reports", description = "Step 5: reports to the council. A report describes the task force at one moment and never changes."),
        (name = "decisions", description = "Decisions of the council and their conditions."),
        (name = "activities", description = "Activities, their dependencies and comments."),
        (name = "evidence", description = "Evidence: links and files that support the work, the votes, the reports and the decisions."),
        (name = "status", description = "The status of one task force and the portfolio of all."),
        (name = "events", description = "The audit events. A chain of hashes shows any event that was changed or left out."),
        (name = "users", description = "User accounts of the installation."),
        (name = "API keys", description = "API keys for scripts. A key never has more rights than its owner."),
        (name = "share links", description = "Links by which people without an account read a page: the status of a task force, a report, or the status of all task forces."),
        (name = "webhooks", description = "Addresses of other systems to which the events of a task force are sent. The guide at `/docs/webhooks` describes the messages."),
        (name = "service", description = "Health checks, the OpenAPI document, vocabularies and explanations of problems."),
    )
)]
struct Api;

/// The document in the order that people read it.
#[derive(Serialize)]
struct Ordered<'a> {
    openapi: &'a Value,
    info: &'a Value,
    servers: &'a Value,
    security: &'a Value,
    tags: &'a Value,
    paths: &'a Value,
    components: &'a Value,
}

/// The document and the routes, generated from the handlers once in the life of the process.
struct Generated {
    json: String,
    yaml: String,
    json_etag: String,
    yaml_etag: String,
    routes: Arc<RouteTable>,
    rights: Vec<OperationRight>,
    /// The names that several schemas have.
    ambiguous: BTreeSet<String>,
}

/// The document as JSON.
///
/// # Errors
/// A document that can't be written, which the tests would have seen.
pub fn json() -> Result<&'static str, Error> {
    Ok(&generated()?.json)
}

/// The document as YAML: what `taskforce openapi` prints and `openapi.yaml` holds.
///
/// # Errors
/// As [`json()`]; two schemas of one name.
pub fn yaml() -> Result<&'static str, Error> {
    let generated = generated()?;
    if generated.ambiguous.is_empty() {
        return Ok(&generated.yaml);
    }
    let names = generated.ambiguous.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    Err(Error::internal(format!("several schemas have the same name, and different content: {names}")))
}

/// The page of the rights in Markdown: what `taskforce rights` prints and `docs/rights.md` contains.
///
/// # Errors
/// As [`json()`].
pub fn rights_page(language: Language) -> Result<String, Error> {
    Ok(rights_page::markdown(&generated()?.rights, language))
}

/// The document in both forms, for the server to hand out.
///
/// # Errors
/// As [`json()`].
pub(super) fn document() -> Result<OpenApiDocument, Error> {
    let Generated { json, yaml, json_etag, yaml_etag, .. } = generated()?;
    Ok(OpenApiDocument { json, yaml, json_etag, yaml_etag })
}

/// The routes of the documented operations.
///
/// # Errors
/// As [`json()`].
pub(super) fn routes() -> Result<Arc<RouteTable>, Error> {
    Ok(Arc::clone(&generated()?.routes))
}

fn generated() -> Result<&'static Generated, Error> {
    static GENERATED: OnceLock<Result<Generated, String>> = OnceLock::new();
    GENERATED.get_or_init(generate).as_ref().map_err(Error::internal)
}

fn generate() -> Result<Generated, String> {
    let mut names = SchemaNames::default();
    let (_, collected) = App::new()
        .into_utoipa_app()
        .openapi(Api::openapi())
        .configure(|config| endpoints::operations(&mut Operations::noting(config, &mut names)))
        .split_for_parts();
    let routes = Arc::new(RouteTable::new(&collected)?);
    let (completed, rights) = complete(collected)?;

    // Through `Value`, whose members are sorted by name.
    let mut document = serde_json::to_value(completed).map_err(|error| error.to_string())?;
    problems::unite(&mut document)?;
    problem_groups::describe(&mut document)?;
    cases::split(&mut document)?;
    localized::unify(&mut document);
    portable::rewrite(&mut document);
    unused::remove(&mut document);
    let section = |name: &str| document.get(name).unwrap_or(&Value::Null);
    let ordered = Ordered {
        openapi: section("openapi"),
        info: section("info"),
        servers: section("servers"),
        security: section("security"),
        tags: section("tags"),
        paths: section("paths"),
        components: section("components"),
    };
    let json = serde_json::to_string(&ordered).map_err(|error| error.to_string())?;
    let yaml = serde_norway::to_string(&ordered).map_err(|error| error.to_string())?;
    let etag = |document: &str| format!("\"{API_VERSION}.{}\"", response::hash(document.as_bytes()));
    let (json_etag, yaml_etag) = (etag(&json), etag(&yaml));
    Ok(Generated { json, yaml, json_etag, yaml_etag, routes, rights, ambiguous: names.ambiguous() })
}

/// Adds to the operations' own declarations what they share, and collects who may perform them.
fn complete(
    mut openapi: utoipa::openapi::OpenApi,
) -> Result<(utoipa::openapi::OpenApi, Vec<OperationRight>), String> {
    // utoipa's `Info` has no field `summary`; an extension becomes a member of the same JSON object.
    let summary = "The work of a smart city's expert task force, from policy to the council's decision.";
    openapi.info.extensions = Some(Extensions::from_iter([("summary", summary)]));
    let mut rights = Vec::new();
    for (path, method, operation) in paths::operations_mut(&mut openapi) {
        let requirement = operations::complete(path, &method, operation)?;
        let (id, path) = (operation.operation_id.clone().unwrap_or_default(), path.to_owned());
        rights.push(OperationRight { id, method, path, requirement });
    }
    let mut components = openapi.components.take().unwrap_or_default();
    schemas::complete(&mut components.schemas);
    components.parameters = parameters::components();
    components.headers = headers::components();
    let recording = examples::Recording::read()?;
    components.responses.extend(problems::components(recording.problems()));
    recording.add(&mut openapi, &mut components.examples);
    components.security_schemes = security::components();
    sharing::share_vocabularies(&mut openapi, &mut components);
    sharing::share_parameters(&mut openapi, &mut components);
    sharing::share_responses(&mut openapi, &mut components);
    openapi.components = Some(components);
    Ok((openapi, rights))
}
