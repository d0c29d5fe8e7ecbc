//! What the administrator can set about the server.

use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use rustls::ServerConfig;
use secrecy::SecretString;

use super::connection::Patience;
use super::rate_limit::RateLimit;

/// Connections at most, unless set: with those to the database they fit into the 1,024 files that most systems let
/// a process have.
pub const CONNECTIONS: u16 = 900;

/// Connections of one client at most, unless set: four who take all they can leave nobody any, one alone must not.
pub const CONNECTIONS_PER_ADDRESS: u16 = CONNECTIONS / 4;

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
    /// Where clients reach the service.
    pub public_url: String,
    /// Networks of proxies whose `X-Forwarded-For` is believed; none by default.
    pub trusted_proxies: Vec<IpNet>,
    /// How many requests a caller may send; any number by default.
    pub rate_limit: Option<RateLimit>,
    /// How long a client may take.
    pub patience: Patience,
    /// Connections at most.
    pub max_connections: usize,
    /// Connections of one client at most, unless it is a trusted proxy.
    pub connections_per_address: usize,
    /// TLS on the listener; none by default.
    pub tls: Option<ServerConfig>,
}

impl Settings {
    /// What is so unless it is set.
    pub fn new(public_url: String, metrics: PrometheusHandle) -> Self {
        Self {
            cors_origins: Vec::new(),
            metrics_token: None,
            security_contact: None,
            metrics,
            workers: None,
            public_url,
            trusted_proxies: Vec::new(),
            rate_limit: None,
            patience: Patience::default(),
            max_connections: CONNECTIONS.into(),
            connections_per_address: CONNECTIONS_PER_ADDRESS.into(),
            tls: None,
        }
    }

    /// Whether clients come over TLS, be it to us or to a proxy before us.
    pub(super) fn is_secure(&self) -> bool {
        self.tls.is_some() || self.public_url.starts_with("https://")
    }
}
