//! What the administrator can set about the server.

use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use rustls::ServerConfig;
use secrecy::SecretString;

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
    pub timeouts: ClientTimeouts,
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
            timeouts: ClientTimeouts::default(),
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

/// How many requests a caller may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// In the long run.
    pub per_minute: NonZeroU32,
    /// At once, after a while of silence.
    pub burst: NonZeroU32,
}

impl RateLimit {
    /// The smallest that can be told apart from none: one a minute, one at once.
    const STRICTEST: Self = Self { per_minute: NonZeroU32::MIN, burst: NonZeroU32::MIN };

    /// So many; `None` where one of them is none.
    pub fn new(per_minute: u32, burst: u32) -> Option<Self> {
        Some(Self { per_minute: NonZeroU32::new(per_minute)?, burst: NonZeroU32::new(burst)? })
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::new(1200, 300).unwrap_or(Self::STRICTEST)
    }
}

/// How long a client may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// To send the head of a request, and to shake hands before.
    pub head: Duration,
    /// To send a body in JSON, all of it.
    pub body: Duration,
    /// To send a file, all of it.
    pub file: Duration,
    /// To take anything of an answer.
    pub write: Duration,
    /// To say nothing, between two requests.
    pub idle: Duration,
}

impl Default for ClientTimeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            file: Duration::from_secs(60),
            write: Duration::from_secs(30),
            idle: Duration::from_secs(30),
        }
    }
}
