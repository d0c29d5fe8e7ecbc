//! Settings of the server.

use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use rustls::ServerConfig;
use secrecy::SecretString;

/// Default maximum number of connections: together with the connections to the database they fit into the 1,024 file
/// descriptors that most systems allow a process.
pub const CONNECTIONS: u16 = 900;

/// Default maximum number of connections of one client: a single client can't take all of them.
pub const CONNECTIONS_PER_ADDRESS: u16 = CONNECTIONS / 4;

/// Settings of the server.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct Settings {
    /// Origins whose pages may call the API; by default none.
    pub cors_origins: Vec<String>,
    /// The token that `/metrics` asks for; without a token the path does not exist.
    pub metrics_token: Option<SecretString>,
    /// The contact for reports of vulnerabilities, as a URI.
    pub security_contact: Option<String>,
    /// The recorder whose metrics `/metrics` shows.
    pub metrics: PrometheusHandle,
    /// Number of threads that serve requests; by default one per core.
    pub workers: Option<usize>,
    /// The URL under which clients reach the service.
    pub public_url: String,
    /// Networks of proxies whose `X-Forwarded-For` is trusted; by default none.
    pub trusted_proxies: Vec<IpNet>,
    /// Limit of the requests of a caller; by default none.
    pub rate_limit: Option<RateLimit>,
    /// Limits of the bytes that the requests of a user carry; by default none.
    pub byte_limits: Option<ByteLimits>,
    /// Time limits of a client.
    pub timeouts: ClientTimeouts,
    /// Maximum number of open connections.
    pub max_connections: usize,
    /// Maximum number of open connections of one client; trusted proxies are not limited.
    pub connections_per_address: usize,
    /// TLS of the listener; by default none.
    pub tls: Option<ServerConfig>,
}

impl Settings {
    /// The default settings.
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
            byte_limits: None,
            timeouts: ClientTimeouts::default(),
            max_connections: CONNECTIONS.into(),
            connections_per_address: CONNECTIONS_PER_ADDRESS.into(),
            tls: None,
        }
    }

    /// Returns whether clients use TLS, to the service itself or to a proxy in front of it.
    pub(super) fn is_secure(&self) -> bool {
        self.tls.is_some() || self.public_url.starts_with("https://")
    }
}

/// Limit of the requests of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests per minute in the long run.
    pub per_minute: NonZeroU32,
    /// Requests at once, by a caller that has sent none for a while.
    pub burst: NonZeroU32,
}

impl RateLimit {
    /// The smallest limit: one request per minute.
    const STRICTEST: Self = Self { per_minute: NonZeroU32::MIN, burst: NonZeroU32::MIN };

    /// A limit; `None` if one of the numbers is 0.
    pub fn new(per_minute: u32, burst: u32) -> Option<Self> {
        Some(Self { per_minute: NonZeroU32::new(per_minute)?, burst: NonZeroU32::new(burst)? })
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::new(1200, 300).unwrap_or(Self::STRICTEST)
    }
}

/// Limits of the bytes that the requests of a user carry, in mebibytes per minute; 0 for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteLimits {
    /// JSON bodies.
    pub json_mib: u32,
    /// Uploaded files.
    pub file_mib: u32,
}

impl ByteLimits {
    /// The minutes whose bytes a user may send at once.
    pub const AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);
}

impl Default for ByteLimits {
    fn default() -> Self {
        Self { json_mib: 4, file_mib: 50 }
    }
}

/// Time limits of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// For the TLS handshake, and for sending the head of a request.
    pub head: Duration,
    /// For sending a whole JSON body.
    pub body: Duration,
    /// For sending a whole file.
    pub file: Duration,
    /// For reading any bytes of a response.
    pub write: Duration,
    /// For the pause between two requests.
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
