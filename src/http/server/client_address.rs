//! Where a request comes from: the connection, or what a proxy that is trusted says.
//!
//! Anybody can write `X-Forwarded-For`; only what a trusted proxy added to it at its right end is known. `Forwarded`
//! (RFC 7239) is not read: a proxy that writes the one and hands the other through would let anybody choose.

use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use actix_web::web::Data;
use ipnet::IpNet;

use super::settings::Settings;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client: of the peer, unless that is a trusted proxy, which says for whom it asks.
pub(in crate::http) fn of(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let settings = request.app_data::<Data<Settings>>();
    let trusted = settings.map(|settings| settings.trusted_proxies.as_slice()).unwrap_or_default();
    // What the client wrote may be anything; what the proxy wrote behind it counts all the same.
    let said =
        request.headers().get_all(X_FORWARDED_FOR).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let said = said.collect::<Vec<_>>();
    if !said.is_empty() && trusted.is_empty() && is_near(peer) {
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            tracing::warn!(
                "X-Forwarded-For comes from a near address: if a proxy stands before the service, name it in \
                 TASKFORCE_TRUSTED_PROXIES, or all clients count as one"
            );
        });
    }
    Some(behind(peer, trusted, &said))
}

/// Whether an address is one that proxies of one's own have.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

/// Goes from the peer towards the client for as long as whoever names the next one is trusted.
fn behind(peer: IpAddr, trusted: &[IpNet], forwarded: &[impl AsRef<str>]) -> IpAddr {
    let mut address = peer.to_canonical();
    for entry in forwarded.iter().rev().flat_map(|line| line.as_ref().rsplit(',')) {
        if !trusted.iter().any(|network| network.contains(&address)) {
            break;
        }
        // A proxy that doesn't know, or hides it: then it is the proxy that asks.
        let Some(named) = parse(entry.trim()) else { break };
        address = named.to_canonical();
    }
    address
}

/// An address as proxies write it: alone, or with a port.
fn parse(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn found(peer: &str, trusted: &[&str], forwarded: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        behind(peer.parse().unwrap(), &trusted, forwarded).to_string()
    }

    #[test]
    fn without_a_trusted_proxy_nobody_chooses_an_address() {
        assert_eq!(found("203.0.113.9", &[], &["10.0.0.1"]), "203.0.113.9");
        assert_eq!(found("203.0.113.9", &["10.0.0.0/8"], &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(found("::ffff:203.0.113.9", &[], &[]), "203.0.113.9");
    }

    #[test]
    fn a_trusted_proxy_names_the_client_and_what_the_client_wrote_does_not_count() {
        let proxies = ["10.0.0.0/8", "fd00::/8"];
        for (forwarded, client) in [
            (&["198.51.100.1"][..], "198.51.100.1"),
            // The client wrote the first, the proxy the second.
            (&["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
            (&["192.0.2.66", "198.51.100.1"], "198.51.100.1"),
            // Two proxies in a row, and one that the client made up before them.
            (&["10.9.9.9, 198.51.100.1, 10.0.0.7"], "198.51.100.1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["198.51.100.1:4711"], "198.51.100.1"),
            (&["198.51.100.1, fd00::2"], "198.51.100.1"),
            // Nothing that can be read: then the proxy is all that is known.
            (&[], "10.0.0.1"),
            (&["unknown"], "10.0.0.1"),
            (&["198.51.100.1, unknown"], "10.0.0.1"),
            (&["198.51.100.1,"], "10.0.0.1"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ] {
            assert_eq!(found("10.0.0.1", &proxies, forwarded), client, "{forwarded:?}");
        }
    }

    #[test]
    fn what_a_client_wrote_hides_nobody() {
        let mut settings = Settings::new(
            String::new(),
            metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle(),
        );
        settings.trusted_proxies = vec!["10.0.0.1/32".parse().unwrap()];
        let request = actix_web::test::TestRequest::get()
            .app_data(Data::new(settings))
            .peer_addr("10.0.0.1:4711".parse().unwrap())
            .append_header((X_FORWARDED_FOR, HeaderValue::from_bytes(b"caf\xe9, 198.51.100.1").unwrap()));
        assert_eq!(of(&request.to_http_request()).unwrap().to_string(), "198.51.100.1");
    }
}
