//! The HTTP server: [`application`] (routes and middleware) behind [`transport`] (TCP, TLS, time limits).

mod application;
mod assets;
pub(super) mod byte_limit;
mod calendar_feed;
pub(super) mod client_address;
mod compression;
mod connection_limit;
mod cors;
mod documentation;
mod metrics;
mod pages;
mod password_pages;
pub(super) mod rate_limit;
mod refused_attempts;
mod request_span;
pub(super) mod response_middleware;
pub(super) mod settings;
mod sliced_body;
mod timeouts;
pub mod tls;
mod transport;
mod unmatched;
mod unsubscribe_pages;
mod web_sockets;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;

pub use application::sent_event;
pub use settings::{ByteLimits, CONNECTIONS, CONNECTIONS_PER_ADDRESS, ClientTimeouts, RateLimit, Settings};

use crate::app::App;
use application::Application;
use connection_limit::ConnectionLimit;

/// The time that requests in progress have to finish when the server stops.
const DRAIN_SECONDS: u64 = 20;

/// Serves on a listener until the server is stopped; requests in progress can then finish.
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
        // The command line handles signals: it stops the server, the background work and the database in this order.
        .disable_signals();
    let shutdown = builder.graceful_shutdown_signal();
    let timeouts = settings.timeouts;
    let tls = settings.tls.clone();
    let connection_limit =
        ConnectionLimit::new(settings.connections_per_address, settings.trusted_proxies.clone());
    let connection_limit = Arc::new(connection_limit);
    let application = Application::new(app, settings)?;
    let builder = match tls {
        Some(tls) => builder.listen("https", listener, move || {
            let service = transport::over_tls(application.clone(), tls.clone(), timeouts, shutdown.clone());
            transport::with_connection_limit(Arc::clone(&connection_limit), service)
        })?,
        None => builder.listen("http", listener, move || {
            let service = transport::over_tcp(application.clone(), timeouts, shutdown.clone());
            transport::with_connection_limit(Arc::clone(&connection_limit), service)
        })?,
    };
    Ok(builder.run())
}
