//! Asks a running service whether it is ready, for containers without another HTTP client.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reqwest::StatusCode;
use reqwest::redirect::Policy;

use super::Failure;
use super::settings::reachable;
use crate::util::errors::with_causes;

/// Time limit of the request.
const TIMEOUT: Duration = Duration::from_secs(4);

/// The service to ask.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Address that the service listens on; if it listens on all addresses, loopback is asked.
    #[arg(long, env = "TASKFORCE_BIND", default_value = "127.0.0.1:8080")]
    bind: SocketAddr,
    /// Certificate of the listener; if set, the service is asked over TLS.
    #[arg(long, env = "TASKFORCE_TLS_CERT_FILE")]
    tls_cert_file: Option<PathBuf>,
}

pub(super) async fn check(target: &Target) -> Result<(), Failure> {
    let address = reachable(target.bind);
    let scheme = if target.tls_cert_file.is_some() { "https" } else { "http" };
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .no_proxy()
        .redirect(Policy::none())
        // A URL can't express every address, such as one of IPv6 with a zone.
        .resolve("localhost", address)
        // The certificate names the public host, and nothing secret is sent.
        .tls_danger_accept_invalid_certs(true)
        .build()
        .map_err(|error| Failure::failed(with_causes(&error)))?;
    let url = format!("{scheme}://localhost:{}/health/ready", address.port());
    let response = client.get(url).send().await.map_err(|error| {
        Failure::failed(format!("{address} does not answer: {}", with_causes(&error.without_url())))
    })?;
    match response.status() {
        StatusCode::OK => Ok(()),
        status => Err(Failure::failed(format!("{address} is not ready: {status}"))),
    }
}
