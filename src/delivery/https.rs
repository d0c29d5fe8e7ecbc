//! Messages over HTTPS to an address that a user has chosen.
//!
//! The name of the host is resolved by [`CheckedNames`], which refuses a name with any address that is not allowed. The
//! connection is made to the addresses that were checked, so that no second answer of the name server counts. Redirects
//! are not followed, and no proxy of the environment is asked.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use url::{Host, Url};

use super::networks::Networks;
use crate::domain::webhook::DeliveryError;
use crate::util::errors::with_causes;

/// The longest that a connection may take: name, TCP and TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest that a message may take, from the name of the host to the end of the answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest that an unused connection is kept.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// The bytes of an answer that are read. The status says everything, and a connection is used again only if its answer was
/// read to the end.
const MAX_ANSWER: usize = 16 * 1024;

/// The longest address.
pub const MAX_URL: usize = 2_000;

/// The first port that services without privileges use. Those below belong to other protocols, HTTPS excepted.
const FIRST_FREE_PORT: u16 = 1_024;

/// The reason why an address cannot be that of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlError {
    /// No address of HTTPS with a host.
    NotHttps,
    /// A user name or a password would be sent in the clear to readers of logs.
    Credentials,
    /// A fragment is never sent.
    Fragment,
    /// A port of another protocol.
    Port,
    /// A host to which the service does not send.
    Host,
}

/// Reads the address of a receiver. The addresses of a host that has a name are checked with each message.
///
/// # Errors
/// Any other address.
pub fn parse(text: &str, networks: &Networks) -> Result<Url, UrlError> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https").ok_or(UrlError::NotHttps)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlError::Credentials);
    }
    if url.fragment().is_some() {
        return Err(UrlError::Fragment);
    }
    if url.port().is_some_and(|port| port < FIRST_FREE_PORT) {
        return Err(UrlError::Port);
    }
    match address_of(&url) {
        Some(address) if !networks.allows(address) => Err(UrlError::Host),
        Some(_) => Ok(url),
        None => {
            let name = url.host_str().unwrap_or_default().trim_end_matches('.');
            let is_local = name == "localhost" || name.ends_with(".localhost");
            if is_local && !networks.allows(IpAddr::from([127, 0, 0, 1])) {
                Err(UrlError::Host)
            } else {
                Ok(url)
            }
        }
    }
}

/// The address of a host that has no name.
fn address_of(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
    }
}

/// A name with an address to which the service does not send.
#[derive(Debug, thiserror::Error)]
#[error("the host has an address to which the service does not send")]
struct NotAllowed;

/// A name without an address.
#[derive(Debug, thiserror::Error)]
#[error("the name of the host has no address")]
struct NotFound;

/// Resolves names and checks every address.
struct CheckedNames(Arc<Networks>);

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let networks = Arc::clone(&self.0);
        Box::pin(async move {
            // The port is that of the address of the receiver.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let addresses: Vec<SocketAddr> = found.map(Iterator::collect).unwrap_or_default();
            if addresses.is_empty() {
                return Err(NotFound.into());
            }
            if !addresses.iter().all(|address| networks.allows(address.ip())) {
                return Err(NotAllowed.into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

/// The end of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// The reason why the message was not delivered; `None` if it was.
    pub error: Option<DeliveryError>,
    pub took: Duration,
}

/// Sends messages.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "a client has nothing to show")]
pub struct Sender {
    client: reqwest::Client,
    networks: Arc<Networks>,
}

impl Sender {
    /// A sender to these networks that trusts the authorities of the system, and these beside, in PEM.
    ///
    /// # Errors
    /// A certificate that cannot be read.
    pub fn new(networks: Networks, authorities: Option<&[u8]>) -> Result<Self, String> {
        let authorities = authorities.map(reqwest::Certificate::from_pem_bundle).transpose();
        let authorities = authorities.map_err(|error| with_causes(&error))?.unwrap_or_default();
        let networks = Arc::new(networks);
        let client = reqwest::Client::builder()
            .user_agent(concat!("Taskforce/", env!("CARGO_PKG_VERSION")))
            .https_only(true)
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .dns_resolver(CheckedNames(Arc::clone(&networks)))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .pool_idle_timeout(MAX_IDLE)
            .pool_max_idle_per_host(1)
            .tls_certs_merge(authorities)
            .build();
        Ok(Self { client: client.map_err(|error| with_causes(&error))?, networks })
    }

    /// The addresses to which messages are sent.
    pub fn networks(&self) -> &Networks {
        &self.networks
    }

    /// Sends a message of JSON with these headers. The message is delivered if the whole answer arrives in time, with a
    /// status from 200 to 299.
    pub async fn send(&self, url: Url, headers: Vec<(HeaderName, HeaderValue)>, body: String) -> Attempt {
        let begun = Instant::now();
        let end = match address_of(&url) {
            // A client resolves names only.
            Some(address) if !self.networks.allows(address) => Err(DeliveryError::AddressNotAllowed),
            _ => self.exchange(url, headers, body).await,
        };
        let (status, error) = match end {
            Ok((status, complete)) => (Some(status), error_of(status, complete)),
            Err(error) => (None, Some(error)),
        };
        Attempt { status, error, took: begun.elapsed() }
    }

    /// The status of the answer, and whether the whole answer arrived.
    async fn exchange(
        &self,
        url: Url,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: String,
    ) -> Result<(u16, Result<(), DeliveryError>), DeliveryError> {
        let request = self.client.post(url).header(CONTENT_TYPE, "application/json");
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let mut answer = request.body(body).send().await.map_err(|error| reason(&error))?;
        let status = answer.status().as_u16();
        let mut read = 0;
        while read < MAX_ANSWER {
            match answer.chunk().await {
                Ok(Some(bytes)) => read += bytes.len(),
                Ok(None) => break,
                Err(error) => return Ok((status, Err(reason(&error)))),
            }
        }
        Ok((status, Ok(())))
    }
}

/// The reason why an answer does not confirm a delivery; `None` if it does.
fn error_of(status: u16, complete: Result<(), DeliveryError>) -> Option<DeliveryError> {
    match status {
        200..=299 => complete.err(),
        300..=399 => Some(DeliveryError::Redirected),
        _ => Some(DeliveryError::Refused),
    }
}

/// The reason why an exchange has failed.
fn reason(error: &reqwest::Error) -> DeliveryError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut failed_in_tls = false;
    while let Some(error) = cause {
        if error.is::<NotAllowed>() {
            return DeliveryError::AddressNotAllowed;
        }
        if error.is::<NotFound>() {
            return DeliveryError::HostNotFound;
        }
        failed_in_tls |= is_of_tls(error);
        cause = error.source();
    }
    if failed_in_tls {
        DeliveryError::TlsFailed
    } else if error.is_timeout() {
        DeliveryError::TimedOut
    } else if error.is_connect() {
        DeliveryError::NotConnected
    } else {
        DeliveryError::ConnectionLost
    }
}

/// Tells whether an error is one of TLS. Such an error comes inside of errors of the connection, which do not name it as
/// their source.
fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || inner.is_some_and(|inner| is_of_tls(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_has_an_address_of_https_on_the_internet() {
        let internet = Networks::default();
        for good in [
            "https://hooks.city.example/taskforce",
            "https://hooks.city.example:8443/?key=1",
            "https://hooks.city.example:443/",
            "https://خدمات.example/",
            "https://8.8.8.8/",
            "https://[2606:4700:4700::1111]/",
        ] {
            assert!(parse(good, &internet).is_ok(), "{good}");
        }
        for (bad, expected) in [
            ("", UrlError::NotHttps),
            ("hooks.city.example", UrlError::NotHttps),
            ("http://hooks.city.example", UrlError::NotHttps),
            ("ftp://hooks.city.example", UrlError::NotHttps),
            ("file:///etc/passwd", UrlError::NotHttps),
            ("https://", UrlError::NotHttps),
            ("https://a:b@hooks.city.example", UrlError::Credentials),
            ("https://a@hooks.city.example", UrlError::Credentials),
            ("https://hooks.city.example/#top", UrlError::Fragment),
            ("https://hooks.city.example:22/", UrlError::Port),
            ("https://hooks.city.example:80/", UrlError::Port),
            ("https://localhost/", UrlError::Host),
            ("https://LOCALHOST./", UrlError::Host),
            ("https://a.localhost:8443/", UrlError::Host),
            ("https://127.0.0.1/", UrlError::Host),
            // Every way to write an IPv4 address.
            ("https://127.1/", UrlError::Host),
            ("https://0x7f000001/", UrlError::Host),
            ("https://2130706433/", UrlError::Host),
            ("https://0177.0.0.1/", UrlError::Host),
            ("https://[::1]/", UrlError::Host),
            ("https://[::ffff:127.0.0.1]/", UrlError::Host),
            ("https://169.254.169.254/latest/meta-data", UrlError::Host),
        ] {
            assert_eq!(parse(bad, &internet), Err(expected), "{bad}");
        }
        let city = Networks::with(vec!["127.0.0.0/8".parse().unwrap()]);
        assert!(
            parse("https://localhost:8443/", &city).is_ok()
                && parse("https://127.0.0.1:8443/", &city).is_ok()
        );
    }

    #[test]
    fn only_a_complete_answer_of_success_confirms_a_delivery() {
        for (status, complete, expected) in [
            (200, Ok(()), None),
            (204, Ok(()), None),
            (200, Err(DeliveryError::ConnectionLost), Some(DeliveryError::ConnectionLost)),
            (302, Ok(()), Some(DeliveryError::Redirected)),
            (404, Ok(()), Some(DeliveryError::Refused)),
            (500, Err(DeliveryError::TimedOut), Some(DeliveryError::Refused)),
        ] {
            assert_eq!(error_of(status, complete), expected, "{status}");
        }
    }
}
