//! HTTP/1.1 over TCP and over TLS.
//!
//! The services are put together from the parts of [`actix_web::HttpServer`], which itself accepts no streams of
//! another type: time limits of a connection live in [`TimeoutStream`].

use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_server::GracefulShutdownSignal;
use actix_service::{
    IntoServiceFactory as _, Service as _, ServiceFactoryExt as _, apply_fn_factory, fn_service, map_config,
};
use actix_tls::accept::TlsError;
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use actix_web::dev::{AppConfig, ServiceFactory};
use actix_web::rt::net::TcpStream;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};

use super::application::Application;
use super::connection_limit::ConnectionLimit;
use super::settings::ClientTimeouts;
use super::timeouts::TimeoutStream;

/// A service that handles only the connections within the limit of their client.
pub(super) fn with_connection_limit<S: ServiceFactory<TcpStream, Response = ()>>(
    connection_limit: Arc<ConnectionLimit>,
    service: S,
) -> impl ServiceFactory<TcpStream, Config = S::Config, Response = (), Error = S::Error, InitError = S::InitError>
{
    apply_fn_factory(service, move |stream: TcpStream, service| {
        let slot = stream.peer_addr().ok().and_then(|peer| connection_limit.admit(peer.ip()));
        // Without a slot the connection is closed without a response: a client that floods the server reads none.
        let handled = slot.map(|slot| (slot, service.call(stream)));
        async move {
            match handled {
                Some((_slot, handled)) => handled.await,
                None => Ok(()),
            }
        }
    })
}

/// HTTP over TCP.
pub(super) fn over_tcp(
    application: Application,
    timeouts: ClientTimeouts,
    shutdown: GracefulShutdownSignal,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()> {
    fn_service(move |stream: TcpStream| {
        let peer = stream.peer_addr().ok();
        ready(Ok((TimeoutStream::new(stream, timeouts), Protocol::Http1, peer)))
    })
    .and_then(over(application, timeouts, shutdown))
}

/// HTTP over TLS.
pub(super) fn over_tls(
    application: Application,
    mut tls: ServerConfig,
    timeouts: ClientTimeouts,
    shutdown: GracefulShutdownSignal,
) -> impl ServiceFactory<
    TcpStream,
    Config = (),
    Response = (),
    Error = TlsError<io::Error, DispatchError>,
    InitError = (),
> {
    // HTTP/2 is not offered: its streams would bypass the time limits of a connection, and the drain of a stop. A
    // proxy in front of the service may speak it.
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut acceptor = Acceptor::new(tls);
    acceptor.set_handshake_timeout(timeouts.head);
    acceptor
        .map_err(TlsError::into_service_error)
        .and_then(fn_service(move |stream: TlsStream<TcpStream>| {
            let peer = stream.get_ref().0.peer_addr().ok();
            ready(Ok((TimeoutStream::new(stream, timeouts), Protocol::Http1, peer)))
        }))
        .and_then(over(application, timeouts, shutdown).map_err(TlsError::Service))
}

/// HTTP over any stream.
fn over<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    application: Application,
    timeouts: ClientTimeouts,
    shutdown: GracefulShutdownSignal,
) -> impl ServiceFactory<
    (TimeoutStream<S>, Protocol, Option<SocketAddr>),
    Config = (),
    Response = (),
    Error = DispatchError,
    InitError = (),
> {
    HttpService::build()
        .graceful_shutdown_signal(move || {
            let shutdown = shutdown.clone();
            async move { shutdown.notified().await }
        })
        .keep_alive(timeouts.idle)
        // The limit of `TimeoutStream` acts first.
        .client_request_timeout(timeouts.head + Duration::from_secs(5))
        // The default of `HttpServer`: time for the last bytes to arrive before the connection closes.
        .client_disconnect_timeout(Duration::from_secs(1))
        .on_connect_ext(|stream: &TimeoutStream<S>, connection_data| {
            connection_data.insert(stream.state());
        })
        .finish(map_config(application.build().into_factory(), |()| AppConfig::default()))
}
