//! The service itself: is it up, what does it speak, what do its words and its problems mean.

mod vocabularies;

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER,
    VARY,
};
use actix_web::web::{self, Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{SecondsFormat, TimeDelta};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use crate::app::App;
use crate::app::readiness::ServiceReadiness;
use crate::domain::refusal::RefusalCode;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::negotiation;
use crate::http::openapi::document::OpenApiDocument;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::{refuses, requires_installation_secret};
use crate::http::problem::Result;
use crate::http::problem_catalogue::ProblemCode;
use crate::http::request::NoQuery;
use crate::http::response;
use crate::http::server::response_middleware::API_VERSION;
use crate::http::server::settings::Settings;
use crate::util::output;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config
        .service(get_service_info)
        .service(get_root)
        .service(vocabularies::get_vocabularies)
        .service(get_problem)
        .service(check_liveness)
        .service(check_readiness)
        .service(get_metrics)
        .service(get_jwks)
        .service(get_security_txt)
        .service(get_openapi_json)
        .route("/v1/openapi.yaml", web::get().to(openapi_yaml));
}

/// Name, version and links of the service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServiceInfo {
    /// The name of the service.
    #[schema(example = "taskforce")]
    name: &'static str,
    /// The version of the contract.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// Links to other resources.
    links: ServiceInfoLinks,
}

/// Links to other resources. No credential is needed unless stated.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceInfoLinks {
    /// Documentation for people.
    #[schema(example = "/docs/")]
    documentation: &'static str,
    /// The OpenAPI document, for programs.
    #[schema(example = "/v1/openapi.yaml")]
    openapi: &'static str,
    /// All enums of the API with labels in both languages.
    #[schema(example = "/v1/vocabularies")]
    vocabularies: &'static str,
    /// Signs in with address and password (POST).
    #[schema(example = "/v1/auth/login")]
    sign_in: &'static str,
    /// Accepts an invitation (POST).
    #[schema(example = "/v1/auth/invitations/accept")]
    accept_invitation: &'static str,
    /// Account and seats of the signed-in user. Needs a credential.
    #[schema(example = "/v1/me")]
    me: &'static str,
    /// Readiness of the service.
    #[schema(example = "/health/ready")]
    health: &'static str,
}

const SERVICE: ServiceInfo = ServiceInfo {
    name: env!("CARGO_PKG_NAME"),
    version: API_VERSION,
    links: ServiceInfoLinks {
        documentation: "/docs/",
        openapi: "/v1/openapi.yaml",
        vocabularies: "/v1/vocabularies",
        sign_in: "/v1/auth/login",
        accept_invitation: "/v1/auth/invitations/accept",
        me: "/v1/me",
        health: "/health/ready",
    },
};

/// Get information about the service
///
/// Name, version and links of the service.
#[utoipa::path(
    tag = "service",
    security(()),
    responses((status = 200, description = "Name, version and links.", body = ServiceInfo))
)]
#[get("/v1")]
async fn get_service_info(_query: NoQuery) -> Result<HttpResponse> {
    response::document(&SERVICE)
}

/// Get the service's name and links
///
/// The same as `GET /v1`, for clients that know only the address of the host. A browser, which prefers HTML to JSON, is redirected to the documentation.
#[utoipa::path(
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "Name, version and links.", body = ServiceInfo),
        (status = 303, description = "The documentation, for a client that prefers HTML.", headers(("Location" = String))),
    ),
    extensions(("x-outside-api" = json!(true)))
)]
#[get("/")]
async fn get_root(request: HttpRequest, _query: NoQuery) -> Result<HttpResponse> {
    if negotiation::prefers_html(&request) {
        let documentation = (LOCATION, SERVICE.links.documentation);
        return Ok(HttpResponse::SeeOther()
            .insert_header(documentation)
            .insert_header((VARY, "Accept"))
            .finish());
    }
    response::document(&SERVICE)
}

/// Explanation of a problem code.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProblemExplanation {
    /// The code.
    code: ProblemCode,
    /// HTTP status of the problem.
    #[schema(minimum = 400, maximum = 599, example = 409)]
    status: u16,
    /// Title.
    title: LocalizedText,
    /// Meaning of the problem and what to do about it.
    advice: LocalizedText,
}

/// Get the explanation of a problem
///
/// Explanation of a problem code. The `type` of a problem leads here.
#[utoipa::path(
    tag = "service",
    security(()),
    params(("code" = ProblemCode, Path, description = "The code of the problem.", example = "gateNotMet")),
    responses((status = 200, description = "The explanation.", body = ProblemExplanation, headers(("ETag" = String)))),
    extensions(("x-outside-api" = json!(true)))
)]
#[get("/problems/{code}")]
async fn get_problem(code: Path<String>, _query: NoQuery) -> Result<HttpResponse> {
    let code = ProblemCode::parse(&code).ok_or(RefusalCode::NotFound)?;
    let explanation = ProblemExplanation {
        code,
        status: code.status().as_u16(),
        title: code.title().into(),
        advice: code.advice().into(),
    };
    Ok(public(response::single(API_VERSION, &explanation)?))
}

/// Result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ServiceCheckState {
    /// The check passed.
    Pass,
    /// The check failed.
    Fail,
}

/// Health, as in draft-inadarei-api-health-check.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServiceHealth {
    /// Result of all checks.
    status: ServiceCheckState,
    /// The single checks, by name.
    checks: BTreeMap<&'static str, [ServiceCheck; 1]>,
}

/// Result of one check.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct ServiceCheck {
    /// Result of the check.
    status: ServiceCheckState,
}

impl ServiceHealth {
    fn response(checks: BTreeMap<&'static str, bool>) -> HttpResponse {
        let state = |passed| {
            if passed { ServiceCheckState::Pass } else { ServiceCheckState::Fail }
        };
        let well = checks.values().all(|passed| *passed);
        let report = Self {
            status: state(well),
            checks: checks
                .into_iter()
                .map(|(name, passed)| (name, [ServiceCheck { status: state(passed) }]))
                .collect(),
        };
        let code = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let mut response = HttpResponse::build(code);
        response.insert_header((CONTENT_TYPE, "application/health+json"));
        if !well {
            response.insert_header((RETRY_AFTER, "2"));
        }
        response.body(serde_json::to_vec(&report).unwrap_or_default())
    }
}

/// Check liveness
///
/// Liveness check for a supervisor that restarts the process. The database is not checked.
#[utoipa::path(
    tag = "service",
    security(()),
    responses((status = 200, description = "The process is running.", body = ServiceHealth, content_type = "application/health+json")),
    extensions(("x-outside-api" = json!(true)))
)]
#[get("/health/live")]
async fn check_liveness(_query: NoQuery) -> HttpResponse {
    ServiceHealth::response(BTreeMap::new())
}

/// Check readiness
///
/// Readiness check for load balancers. A service is ready while its database answers, is migrated and has space for
/// changes. The result is at most one second old.
#[utoipa::path(
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "The service is ready.", body = ServiceHealth, content_type = "application/health+json"),
        (status = 503, description = "The service is not ready.", body = ServiceHealth, content_type = "application/health+json"),
    ),
    extensions(("x-outside-api" = json!(true)))
)]
#[get("/health/ready")]
async fn check_readiness(app: Data<App>, _query: NoQuery) -> HttpResponse {
    let ServiceReadiness { database, migrations, writes } = app.readiness().await;
    ServiceHealth::response(BTreeMap::from([
        ("database", database),
        ("migrations", migrations),
        ("writes", writes),
    ]))
}

/// Get metrics
///
/// Metrics in the text format of Prometheus. The request needs the token of the setting `TASKFORCE_METRICS_TOKEN` as
/// bearer token; without that setting there are no metrics.
#[utoipa::path(
    tag = "service",
    security(("metricsToken" = [])),
    responses((status = 200, description = "The metrics.", body = String, content_type = "text/plain")),
    extensions(("x-outside-api" = json!(true)), ("x-problem-codes" = json!(requires_installation_secret().refuses([RefusalCode::NotFound]))))
)]
#[get("/metrics")]
async fn get_metrics(
    request: HttpRequest,
    app: Data<App>,
    settings: Data<Settings>,
    _query: NoQuery,
) -> Result<HttpResponse> {
    let token = settings.metrics_token.as_ref().ok_or(RefusalCode::NotFound)?;
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if !bool::from(given.as_bytes().ct_eq(token.expose_secret().as_bytes())) {
        return Err(RefusalCode::Unauthenticated.into());
    }
    let pool = app.pool.status();
    let gauge = |name: &'static str, value: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a pool has few connections")]
        metrics::gauge!(name).set(value as f64);
    };
    gauge("taskforce_db_pool_size", pool.size);
    gauge("taskforce_db_pool_available", pool.available);
    gauge("taskforce_db_pool_waiting", pool.waiting);
    metrics::counter!("taskforce_log_lines_lost_total").absolute(output::lost_log_lines());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4"))
        .body(settings.metrics.render()))
}

/// Get the keys of access tokens
///
/// Public keys that verify the access tokens, as a JSON Web Key Set (RFC 7517).
#[utoipa::path(
    tag = "service",
    security(()),
    responses((status = 200, description = "The key set.", body = crate::auth::tokens::Jwks)),
    extensions(("x-outside-api" = json!(true)))
)]
#[get("/.well-known/jwks.json")]
async fn get_jwks(app: Data<App>, _query: NoQuery) -> Result<HttpResponse> {
    Ok(public(response::document(&app.tokens.jwks())?))
}

/// Get the security contact (security.txt)
///
/// The security contact of the installation, as in RFC 9116. The file does not exist if the administrator has named no
/// contact.
#[utoipa::path(
    tag = "service",
    security(()),
    responses((status = 200, description = "The contact.", body = String, content_type = "text/plain")),
    extensions(("x-outside-api" = json!(true)), ("x-problem-codes" = json!(refuses([RefusalCode::NotFound]))))
)]
#[get("/.well-known/security.txt")]
async fn get_security_txt(app: Data<App>, settings: Data<Settings>, _query: NoQuery) -> Result<HttpResponse> {
    let contact = settings.security_contact.as_ref().ok_or(RefusalCode::NotFound)?;
    // Computed for each response, so that the date stays valid while the service runs.
    let expires = (app.clock.now() + TimeDelta::days(90)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut text = format!("Contact: {contact}\nExpires: {expires}\nPreferred-Languages: ar, en\n");
    // Only an address with https can be named in it.
    if settings.public_url.starts_with("https://") {
        text.push_str(&format!("Canonical: {}/.well-known/security.txt\n", settings.public_url));
    }
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")).body(text))
}

/// The document as YAML is a page beside `/docs/` and no operation: generators know no type of YAML, and warn or leave the
/// operation out.
async fn openapi_yaml(document: Data<OpenApiDocument>) -> HttpResponse {
    described("application/yaml", document.yaml, document.yaml_etag)
}

/// Get the OpenAPI document as JSON
///
/// The OpenAPI document of the contract as JSON. `GET /v1/openapi.yaml` returns the same document as YAML.
#[utoipa::path(
    tag = "service",
    security(()),
    responses((
        status = 200, description = "The document.", body = Object, content_type = "application/json",
        headers(("ETag" = String)),
    )),
    extensions(("x-outside-api" = json!(true)))
)]
#[get("/v1/openapi.json")]
async fn get_openapi_json(document: Data<OpenApiDocument>, _query: NoQuery) -> Result<HttpResponse> {
    Ok(described("application/json", document.json, document.json_etag))
}

/// The contract is public: any page may read the document.
fn described(content_type: &str, document: &'static str, etag: &'static str) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, content_type));
    response.insert_header((ETAG, etag));
    response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    public(response.body(document))
}

/// Marks a response as public, and as valid for an hour.
fn public(mut response: HttpResponse) -> HttpResponse {
    use actix_web::http::header::HeaderValue;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response.headers_mut().remove(VARY);
    response
}
