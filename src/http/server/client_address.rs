//! The address of the client: the peer of the connection, or the address that a trusted proxy reports.
//!
//! Any client can send `X-Forwarded-For`, so only the entries that trusted proxies appended at its right end count.
//! `Forwarded` (RFC 7239) is not read: a client could choose its address in it wherever the proxy sets
//! `X-Forwarded-For` and passes `Forwarded` on.
//!
//! [`actix_web::dev::ConnectionInfo::realip_remote_addr`] doesn't serve, since it trusts every peer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use actix_web::web::Data;
use ipnet::IpNet;

use super::settings::Settings;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The address of the client. `None` only if the connection has no peer, as in tests.
pub(in crate::http) fn of(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let settings = request.app_data::<Data<Settings>>();
    let trusted = settings.map(|settings| settings.trusted_proxies.as_slice()).unwrap_or_default();
    // Bytes that are no UTF-8 can be in the entries of the client; the entry of the proxy after them still counts.
    let forwarded =
        request.headers().get_all(X_FORWARDED_FOR).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let forwarded = forwarded.collect::<Vec<_>>();
    if !forwarded.is_empty() && trusted.is_empty() && is_private(peer) {
        static WARNING: Once = Once::new();
        WARNING.call_once(|| {
            tracing::warn!(
                "X-Forwarded-For comes from a private address: if a proxy stands in front of the service, name it in \
                 TASKFORCE_TRUSTED_PROXIES, or all clients count as one"
            );
        });
    }
    Some(client_of(peer, trusted, &forwarded))
}

/// Returns whether the client uses TLS, by the settings or because a trusted proxy says so.
pub(in crate::http) fn uses_tls(request: &HttpRequest) -> bool {
    let Some(settings) = request.app_data::<Data<Settings>>() else { return false };
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let is_trusted =
        peer.is_some_and(|peer| settings.trusted_proxies.iter().any(|network| network.contains(&peer)));
    // The entry that the proxy appended is the last one.
    let reported = request.headers().get_all(X_FORWARDED_PROTO).last().and_then(|value| value.to_str().ok());
    let reported = reported.and_then(|entries| entries.rsplit(',').next()).map(str::trim);
    settings.is_secure() || is_trusted && reported.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

/// Returns whether an address is in a range that proxies of the same installation usually have.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

/// Walks from the peer towards the client, as long as the address that reported the next one is trusted.
fn client_of(peer: IpAddr, trusted: &[IpNet], forwarded: &[impl AsRef<str>]) -> IpAddr {
    let mut address = peer.to_canonical();
    for entry in forwarded.iter().rev().flat_map(|line| line.as_ref().rsplit(',')) {
        if !trusted.iter().any(|network| network.contains(&address)) {
            break;
        }
        // A proxy may not know the address, or hide it. The proxy then counts as the client.
        let Some(reported) = parse(entry.trim()) else { break };
        address = reported.to_canonical();
    }
    address
}

/// An address as proxies write it, with or without a port.
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
        client_of(peer.parse().unwrap(), &trusted, forwarded).to_string()
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
            // Two proxies in a row, and an entry that the client made up.
            (&["10.9.9.9, 198.51.100.1, 10.0.0.7"], "198.51.100.1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["198.51.100.1:4711"], "198.51.100.1"),
            (&["198.51.100.1, fd00::2"], "198.51.100.1"),
            // Without a readable entry the proxy counts as the client.
            (&[], "10.0.0.1"),
            (&["unknown"], "10.0.0.1"),
            (&["198.51.100.1, unknown"], "10.0.0.1"),
            (&["198.51.100.1,"], "10.0.0.1"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ] {
            assert_eq!(found("10.0.0.1", &proxies, forwarded), client, "{forwarded:?}");
        }
    }

    fn trusting(proxy: &str) -> Settings {
        let mut settings = Settings::new(
            String::new(),
            metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle(),
        );
        settings.trusted_proxies = vec![proxy.parse().unwrap()];
        settings
    }

    #[test]
    fn only_a_trusted_proxy_says_that_the_client_uses_tls() {
        let uses_tls = |peer: &str, reported: &[&str], is_secure: bool| {
            let mut settings = trusting("10.0.0.1/32");
            settings.public_url = if is_secure { "https://a.example" } else { "http://a.example" }.to_owned();
            let mut request = actix_web::test::TestRequest::get()
                .app_data(Data::new(settings))
                .peer_addr(peer.parse().unwrap());
            for value in reported {
                request = request.append_header((X_FORWARDED_PROTO, *value));
            }
            super::uses_tls(&request.to_http_request())
        };
        assert!(uses_tls("10.0.0.1:4711", &["https"], false));
        assert!(uses_tls("10.0.0.1:4711", &["http, HTTPS"], false));
        assert!(uses_tls("203.0.113.9:4711", &[], true));
        assert!(!uses_tls("10.0.0.1:4711", &[], false));
        assert!(!uses_tls("10.0.0.1:4711", &["https", "http"], false));
        assert!(!uses_tls("203.0.113.9:4711", &["https"], false));
    }

    #[test]
    fn what_a_client_wrote_hides_nobody() {
        let settings = trusting("10.0.0.1/32");
        let request = actix_web::test::TestRequest::get()
            .app_data(Data::new(settings))
            .peer_addr("10.0.0.1:4711".parse().unwrap())
            .append_header((X_FORWARDED_FOR, HeaderValue::from_bytes(b"caf\xe9, 198.51.100.1").unwrap()));
        assert_eq!(of(&request.to_http_request()).unwrap().to_string(), "198.51.100.1");
    }
}
