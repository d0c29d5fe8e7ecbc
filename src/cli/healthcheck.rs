//! Asks a running service whether it is ready, for containers that have nothing else to ask with.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use clap::Args;

use super::Failure;

const PATIENCE: Duration = Duration::from_secs(4);

/// Which service.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Where it listens; from elsewhere than all addresses, loopback is asked.
    #[arg(long, env = "TASKFORCE_BIND", default_value = "127.0.0.1:8080")]
    bind: SocketAddr,
}

pub(super) fn check(target: &Target) -> Result<(), Failure> {
    let mut address = target.bind;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(64 * 1024).read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = ask().map_err(|error| Failure::failed(format!("{address} does not answer: {error}")))?;
    let status = answer.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) == Some("200") {
        Ok(())
    } else {
        Err(Failure::failed(format!("{address} is not ready: {status}")))
    }
}
