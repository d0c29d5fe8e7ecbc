//! Asks a running service whether it is ready, for containers that have nothing else to ask with.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::Failure;
use crate::db::tls::AcceptAnyCertificate;

const PATIENCE: Duration = Duration::from_secs(4);

/// Which service.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Where it listens; from elsewhere than all addresses, loopback is asked.
    #[arg(long, env = "TASKFORCE_BIND", default_value = "127.0.0.1:8080")]
    bind: SocketAddr,
    /// The certificate of its listener: where there is one, it is asked over TLS.
    #[arg(long, env = "TASKFORCE_TLS_CERT_FILE")]
    tls_cert_file: Option<PathBuf>,
}

pub(super) fn check(target: &Target) -> Result<(), Failure> {
    let mut address = target.bind;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let ask = || {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        if target.tls_cert_file.is_some() {
            exchange(over_tls(stream, address.ip())?)
        } else {
            exchange(stream)
        }
    };
    let answer = ask().map_err(|error| Failure::failed(format!("{address} does not answer: {error}")))?;
    let status = answer.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) == Some("200") {
        Ok(())
    } else {
        Err(Failure::failed(format!("{address} is not ready: {status}")))
    }
}

fn exchange(mut stream: impl Read + Write) -> io::Result<String> {
    stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    match stream.take(64 * 1024).read_to_end(&mut answer) {
        // A server that hangs up without a word of TLS has answered all the same.
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

/// Whose certificate it is doesn't matter: nothing is told and little believed, and it names no loopback address.
fn over_tls(stream: TcpStream, ip: IpAddr) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAnyCertificate::default()))
        .with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), ServerName::from(ip)).map_err(io::Error::other)?;
    Ok(StreamOwned::new(client, stream))
}
