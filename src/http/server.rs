//! The server: routes, middleware and limits put together.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, ETAG, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{HttpRequest, HttpResponse, HttpServer};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use tracing_actix_web::{RootSpanBuilder, TracingLogger};
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::envelope::{self, Envelope};
use super::problem::Problem;
use super::request::BODY_LIMIT;
use crate::app::App;
use crate::domain::refusal::Code;

/// How long a stop waits for requests under way.
const DRAIN_SECONDS: u64 = 20;
/// How long a client may take to send its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// What the administrator can set about the server.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct Settings {
    /// Origins whose pages may call the API; none by default.
    pub cors_origins: Vec<String>,
    /// The token of `/metrics`; without it there is no such thing.
    pub metrics_token: Option<SecretString>,
    /// Whom to tell of a weakness, as a URI.
    pub security_contact: Option<String>,
    /// Where the metrics are collected.
    pub metrics: PrometheusHandle,
    /// Threads that serve requests; one per core by default.
    pub workers: Option<usize>,
}

/// Serves on a listener until it is stopped; then requests under way are let finish.
///
/// # Errors
/// A listener that can't be used.
pub fn serve(app: App, settings: Settings, listener: TcpListener) -> io::Result<Server> {
    let workers = settings.workers.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
    let (app, settings) = (Data::new(app), Data::new(settings));
    let known = Data::new(Known::new().map_err(io::Error::other)?);
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(app.clone())
            .app_data(settings.clone())
            .app_data(known.clone())
            .app_data(PayloadConfig::new(BODY_LIMIT))
            .configure(|config| super::operations(&mut ServiceConfig::new(config)))
            .service(documentation())
            .route("/docs", web::get().to(to_documentation))
            .default_service(web::to(nothing_here))
            .wrap(from_fn(measure))
            .wrap(cors(&settings.cors_origins))
            .wrap(TracingLogger::<Span>::new())
            .wrap(from_fn(envelope::wrap))
    });
    let server = server
        .workers(workers.unwrap_or(1))
        .shutdown_timeout(DRAIN_SECONDS)
        .client_request_timeout(HEADERS_WITHIN)
        // The command line listens for signals itself: what else has to be stopped is stopped in its order.
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

fn cors(origins: &[String]) -> Cors {
    let exposed = [
        ETAG,
        LOCATION,
        RETRY_AFTER,
        HeaderName::from_static("api-version"),
        HeaderName::from_static("x-request-id"),
    ];
    let cors = Cors::default().allow_any_method().allow_any_header().expose_headers(exposed).max_age(3600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// The documentation page, with nothing fetched from anywhere else.
fn documentation() -> SwaggerUi {
    SwaggerUi::new("/docs/{_:.*}").config(Config::from("/v1/openapi.json").try_it_out_enabled(true))
}

async fn to_documentation() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// Counts and times the answers, by route and not by path: ids would make a series each. The documentation page
/// gets the policy that lets it show itself.
async fn measure(
    request: ServiceRequest,
    next: actix_web::middleware::Next<impl actix_web::body::MessageBody>,
) -> Result<ServiceResponse<impl actix_web::body::MessageBody>, actix_web::Error> {
    let begun = std::time::Instant::now();
    // A client can make up a method; it shall not make up a series.
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let method = methods.into_iter().find(|known| *known == request.method().as_str()).unwrap_or("other");
    let in_docs = request.path().starts_with("/docs");
    let mut answer = next.call(request).await?;
    let route = answer.request().match_pattern().unwrap_or_else(|| "none".to_owned());
    let status = answer.status().as_u16().to_string();
    let labels = [("method", method.to_owned()), ("route", route), ("status", status)];
    metrics::counter!("taskforce_http_requests_total", &labels).increment(1);
    metrics::histogram!("taskforce_http_request_seconds", &labels).record(begun.elapsed().as_secs_f64());
    if in_docs {
        let own = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(own));
    }
    Ok(answer)
}

/// The span of a request in the log: under the id that the client sees, and without anything a client wrote.
struct Span;

impl RootSpanBuilder for Span {
    fn on_request_start(request: &ServiceRequest) -> tracing::Span {
        let id = Envelope::of(request.request()).request_id;
        let route = request.match_pattern().unwrap_or_default();
        tracing::info_span!("request", %id, method = %request.method(), route, status = tracing::field::Empty)
    }

    fn on_request_end<B: actix_web::body::MessageBody>(
        span: tracing::Span,
        outcome: &Result<ServiceResponse<B>, actix_web::Error>,
    ) {
        if let Ok(answer) = outcome {
            span.record("status", answer.status().as_u16());
        }
    }
}

/// The addresses of the contract and the methods that each takes, to tell 405 from 404.
struct Known(Vec<(actix_web::dev::ResourceDef, String)>);

impl Known {
    fn new() -> Result<Self, crate::app::Error> {
        let document: serde_json::Value =
            serde_json::from_str(super::openapi::json()?).map_err(crate::app::Error::internal)?;
        let paths = document.get("paths").and_then(serde_json::Value::as_object).into_iter().flatten();
        let known = paths.map(|(path, item)| {
            let methods = item.as_object().into_iter().flat_map(|item| item.keys());
            let methods: Vec<_> = methods
                .map(|method| if method == "get" { "GET, HEAD".to_owned() } else { method.to_uppercase() })
                .collect();
            (actix_web::dev::ResourceDef::new(path.as_str()), methods.join(", "))
        });
        Ok(Self(known.collect()))
    }
}

async fn nothing_here(request: HttpRequest, known: Data<Known>) -> Result<HttpResponse, Problem> {
    let found = known.0.iter().find(|(address, _)| address.is_match(request.path()));
    Err(match found {
        Some((_, methods)) => Problem::method_not_allowed(methods.clone()),
        None => Code::NotFound.into(),
    })
}
