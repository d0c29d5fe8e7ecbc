//! The server: routes, middleware and limits put together.

pub(super) mod client_address;
mod connection_limit;
pub(super) mod rate_limit;
mod refused_attempts;
pub(super) mod response_middleware;
pub(super) mod settings;
mod timeouts;
pub mod tls;

use std::future::ready;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_http::{HttpService, Protocol};
use actix_server::GracefulShutdownSignal;
use actix_service::{
    IntoServiceFactory as _, Service as _, ServiceFactoryExt as _, apply_fn_factory, fn_service, map_config,
};
use actix_tls::accept::TlsError;
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, ETAG, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{HttpRequest, HttpResponse};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tracing_actix_web::{RootSpanBuilder, TracingLogger};
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config, SwaggerUi};

pub use settings::{CONNECTIONS, CONNECTIONS_PER_ADDRESS, ClientTimeouts, RateLimit, Settings};

use super::context::RequestContext;
use super::openapi::document::OpenApiDocument;
use super::problem::Problem;
use super::request::{BODY_LIMIT, Uploads};
use super::route_table::RouteTable;
use super::{endpoints, idempotency, openapi};
use crate::app::App;
use crate::domain::refusal::RefusalCode;
use connection_limit::ConnectionLimit;
use rate_limit::RateLimiter;
use timeouts::TimeoutStream;

/// How long a stop waits for requests under way.
const DRAIN_SECONDS: u64 = 20;

/// Serves on a listener until it is stopped; then requests under way are let finish.
///
/// # Errors
/// A listener that can't be used.
pub fn serve(app: App, settings: Settings, listener: TcpListener) -> io::Result<Server> {
    let workers = settings.workers.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
    let workers = workers.unwrap_or(1);
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(settings.max_connections.div_ceil(workers))
        .shutdown_timeout(DRAIN_SECONDS)
        // The command line listens for signals itself: what else has to be stopped is stopped in its order.
        .disable_signals();
    let parts = Parts {
        app: Data::new(app),
        uploads: Data::new(Uploads::default()),
        document: Data::new(openapi::document().map_err(io::Error::other)?),
        routes: Data::from(openapi::routes().map_err(io::Error::other)?),
        limiter: settings.rate_limit.map(|limit| Data::new(RateLimiter::new(limit))),
        connection_limit: Arc::new(ConnectionLimit::new(
            settings.connections_per_address,
            settings.trusted_proxies.clone(),
        )),
        settings: Data::new(settings),
        stopping: builder.graceful_shutdown_signal(),
    };
    let builder = match parts.settings.tls.clone() {
        Some(tls) => builder.listen("https", listener, move || {
            admitted(Arc::clone(&parts.connection_limit), parts.clone().over_tls(tls.clone()))
        })?,
        None => builder.listen("http", listener, move || {
            admitted(Arc::clone(&parts.connection_limit), parts.clone().over_tcp())
        })?,
    };
    Ok(builder.run())
}

/// The service for connections that find room.
fn admitted<S: ServiceFactory<TcpStream, Response = ()>>(
    connection_limit: Arc<ConnectionLimit>,
    service: S,
) -> impl ServiceFactory<TcpStream, Config = S::Config, Response = (), Error = S::Error, InitError = S::InitError>
{
    apply_fn_factory(service, move |stream: TcpStream, service| {
        let place = stream.peer_addr().ok().and_then(|peer| connection_limit.admit(peer.ip()));
        // Without one the connection is closed, and nothing is said: a client that takes all it can reads no word.
        let served = place.map(|place| (place, service.call(stream)));
        async move {
            match served {
                Some((_place, served)) => served.await,
                None => Ok(()),
            }
        }
    })
}

/// What each worker puts its service together from.
#[derive(Clone)]
struct Parts {
    app: Data<App>,
    settings: Data<Settings>,
    connection_limit: Arc<ConnectionLimit>,
    uploads: Data<Uploads>,
    document: Data<OpenApiDocument>,
    routes: Data<RouteTable>,
    limiter: Option<Data<RateLimiter>>,
    stopping: GracefulShutdownSignal,
}

impl Parts {
    /// Routes and middleware, the outermost last.
    fn application(
        self,
    ) -> actix_web::App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody + 'static>,
            Error = actix_web::Error,
            InitError = (),
        >,
    > {
        let Self { app, settings, uploads, document, routes, limiter, .. } = self;
        let cors = cors(&settings.cors_origins);
        actix_web::App::new()
            .app_data(app)
            .app_data(settings)
            .app_data(uploads)
            .app_data(document)
            .app_data(routes)
            .app_data(PayloadConfig::new(BODY_LIMIT))
            .configure(|config| {
                if let Some(limiter) = limiter {
                    config.app_data(limiter);
                }
            })
            .configure(|config| endpoints::operations(&mut ServiceConfig::new(config)))
            .service(documentation())
            .route("/docs", web::get().to(to_documentation))
            .default_service(web::to(nothing_here))
            .wrap(from_fn(idempotency::finish))
            .wrap(from_fn(timeouts::only_http))
            .wrap(from_fn(rate_limit::wrap))
            .wrap(from_fn(measure))
            .wrap(cors)
            .wrap(TracingLogger::<Span>::new())
            .wrap(from_fn(response_middleware::wrap))
            .wrap(from_fn(timeouts::under_way))
    }

    /// HTTP over a stream. [`actix_web::HttpServer`] would do the same, but takes no streams of ours.
    fn over<S: AsyncRead + AsyncWrite + Unpin + 'static>(
        self,
    ) -> impl ServiceFactory<
        (TimeoutStream<S>, Protocol, Option<SocketAddr>),
        Config = (),
        Response = (),
        Error = actix_http::error::DispatchError,
        InitError = (),
    > {
        let stopping = self.stopping.clone();
        let timeouts = self.settings.timeouts;
        HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(timeouts.idle)
            // The stream's own limit is the first to act.
            .client_request_timeout(timeouts.head + Duration::from_secs(5))
            // As `HttpServer` has it: time for a last word to arrive before the connection is gone.
            .client_disconnect_timeout(Duration::from_secs(1))
            .on_connect_ext(|stream: &TimeoutStream<S>, of_connection| {
                of_connection.insert(stream.state());
            })
            .finish(map_config(self.application().into_factory(), |()| AppConfig::default()))
    }

    fn over_tcp(
        self,
    ) -> impl ServiceFactory<
        TcpStream,
        Config = (),
        Response = (),
        Error = actix_http::error::DispatchError,
        InitError = (),
    > {
        let timeouts = self.settings.timeouts;
        fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            ready(Ok((TimeoutStream::new(stream, timeouts), Protocol::Http1, peer)))
        })
        .and_then(self.over())
    }

    fn over_tls(
        self,
        mut tls: ServerConfig,
    ) -> impl ServiceFactory<
        TcpStream,
        Config = (),
        Response = (),
        Error = TlsError<io::Error, actix_http::error::DispatchError>,
        InitError = (),
    > {
        let timeouts = self.settings.timeouts;
        // Not HTTP/2: its streams would pass by the time limits of a connection, and by the drain of a stop. A proxy
        // before us may speak it.
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut acceptor = Acceptor::new(tls);
        acceptor.set_handshake_timeout(timeouts.head);
        acceptor
            .map_err(TlsError::into_service_error)
            .and_then(fn_service(move |stream: TlsStream<TcpStream>| {
                let peer = stream.get_ref().0.peer_addr().ok();
                ready(Ok((TimeoutStream::new(stream, timeouts), Protocol::Http1, peer)))
            }))
            .and_then(self.over().map_err(TlsError::Service))
    }
}

fn cors(origins: &[String]) -> Cors {
    let exposed = [
        ETAG,
        LOCATION,
        RETRY_AFTER,
        HeaderName::from_static("api-version"),
        HeaderName::from_static("idempotency-replayed"),
        HeaderName::from_static("ratelimit"),
        HeaderName::from_static("ratelimit-policy"),
        HeaderName::from_static("x-request-id"),
    ];
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    let cors = Cors::default().allowed_methods(methods).allow_any_header();
    let cors = cors.expose_headers(exposed).max_age(3600);
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
        let id = RequestContext::of(request.request()).request_id;
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

async fn nothing_here(request: HttpRequest, routes: Data<RouteTable>) -> Result<HttpResponse, Problem> {
    Err(match routes.allowed_methods(request.path()) {
        Some(methods) => Problem::method_not_allowed(methods.to_owned()),
        None => RefusalCode::NotFound.into(),
    })
}
