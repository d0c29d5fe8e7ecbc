//! Settings: each is a flag and an environment variable.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use rustls::ServerConfig;
use secrecy::{ExposeSecret as _, SecretString};
use tracing_subscriber::EnvFilter;
use url::Url;

use super::Failure;
use super::mail_settings::MailSettings;
use super::values::{read, secret};
use crate::app::single_sign_on::{SingleSignOn, may_be_default};
use crate::app::webhooks::Webhooks;
use crate::auth::oidc::{ConfigurationError, Issuer};
use crate::auth::passwords::NewPassword;
use crate::auth::tokens::Tokens;
use crate::db::pool::{self, Pool};
use crate::delivery::https::Sender;
use crate::delivery::networks::Networks;
use crate::demo;
use crate::domain::refusal::FieldErrorCode;
use crate::domain::storage::{MIB, StorageLimits};
use crate::domain::user::UserRole;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::server::tls;
use crate::http::server::{self, ByteLimits, CONNECTIONS, CONNECTIONS_PER_ADDRESS, RateLimit};
use crate::util::files::write_private;
use crate::util::output::{self, LogQueue};

/// Format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Starts logging to standard error; standard output is for the results of commands.
pub(super) fn init_logging(format: LogFormat, queue: LogQueue) {
    let filter = EnvFilter::try_from_default_env()
        // A certificate that is refused is told by the code that connects; the verifier would call the certificate of
        // each receiver of a webhook an error of the service.
        .unwrap_or_else(|_| {
            EnvFilter::new("info,actix_server=warn,actix_http=off,rustls_platform_verifier=off")
        });
    // Whatever level is set: at `debug` tokio-postgres logs the parameters of statements, such as hashes and names.
    let filter = match "tokio_postgres=warn".parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || queue.clone())
        // `tracing-subscriber` would report its own errors by `eprintln!`, which panics if standard error is closed.
        .log_internal_errors(false)
        .with_ansi(output::is_error_terminal());
    match format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// Settings of the database.
#[derive(Debug, Clone, Args)]
pub(super) struct DatabaseSettings {
    /// URL of the database, if the service shall not start a private Postgres server: postgresql://user:password@host:port/database
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_parser = secret, conflicts_with = "database_url_file")]
    database_url: Option<SecretString>,
    /// File that contains the URL of the database.
    #[arg(long, env = "DATABASE_URL_FILE")]
    database_url_file: Option<PathBuf>,
    /// Directory of the private Postgres server, the signing key and the demo password.
    #[arg(long, env = "TASKFORCE_DATA_DIR", default_value = ".taskforce")]
    pub(super) data_dir: PathBuf,
    /// URL for migrations, as the owner of the schema; if not set, the service migrates as its own role.
    #[arg(long, env = "TASKFORCE_MIGRATION_URL", hide_env_values = true, value_parser = secret)]
    migration_url: Option<SecretString>,
    /// Maximum of connections to the database.
    #[arg(long, env = "TASKFORCE_POOL_SIZE", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(super) pool_size: u16,
}

/// Settings of the address of the service.
#[derive(Debug, Clone, Args)]
pub(super) struct AddressSettings {
    /// Address to listen on.
    #[arg(long, env = "TASKFORCE_BIND", default_value = "127.0.0.1:8080")]
    pub(super) bind: SocketAddr,
    /// URL under which clients reach the service, without a path; if not set, http:// or https:// with the address of --bind.
    #[arg(long, env = "TASKFORCE_PUBLIC_URL", value_parser = public_url)]
    public_url: Option<String>,
}

impl AddressSettings {
    /// The URL under which clients reach the service at the address that it listens on. A service that listens on all
    /// addresses is reached on loopback, among others.
    pub(super) fn url(&self, bound: SocketAddr, is_tls: bool) -> String {
        let scheme = if is_tls { "https" } else { "http" };
        self.public_url.clone().unwrap_or_else(|| format!("{scheme}://{}", reachable(bound)))
    }
}

/// The address at which this machine reaches a listener.
pub(super) fn reachable(mut bound: SocketAddr) -> SocketAddr {
    match bound {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => bound.set_ip(Ipv4Addr::LOCALHOST.into()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => bound.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    bound
}

/// Settings of `serve` and `demo`.
#[derive(Debug, Clone, Args)]
pub(super) struct ServeSettings {
    #[command(flatten)]
    pub(super) database: DatabaseSettings,
    #[command(flatten)]
    address: AddressSettings,
    /// Origins whose pages may call the API and use the refresh cookie, separated by commas.
    #[arg(long, env = "TASKFORCE_CORS_ORIGINS", value_delimiter = ',', value_parser = origin)]
    cors_origins: Vec<String>,
    /// File of the Ed25519 key that signs access tokens, in PEM; without DATABASE_URL, one is created in the data directory.
    #[arg(long, env = "TASKFORCE_JWT_KEY_FILE")]
    jwt_key_file: Option<PathBuf>,
    /// Token that /metrics asks for; if not set, there are no metrics.
    #[arg(long, env = "TASKFORCE_METRICS_TOKEN", hide_env_values = true, value_parser = secret)]
    metrics_token: Option<SecretString>,
    /// Contact for reports of vulnerabilities, shown in /.well-known/security.txt: mailto:… or https://…
    #[arg(long, env = "TASKFORCE_SECURITY_CONTACT", value_parser = contact)]
    security_contact: Option<String>,
    /// File of the certificate of the listener and its chain, in PEM; read again when it changes.
    #[arg(long, env = "TASKFORCE_TLS_CERT_FILE", requires = "tls_key_file")]
    tls_cert_file: Option<PathBuf>,
    /// File of the certificate's private key, in PEM; read again when it changes.
    #[arg(long, env = "TASKFORCE_TLS_KEY_FILE", requires = "tls_cert_file")]
    tls_key_file: Option<PathBuf>,
    /// Networks of proxies whose X-Forwarded-For is trusted, separated by commas: 10.0.0.0/8
    #[arg(long, env = "TASKFORCE_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network)]
    trusted_proxies: Vec<IpNet>,
    /// Maximum of requests of a caller per minute; 0 for no limit.
    #[arg(long, env = "TASKFORCE_RATE_LIMIT", default_value_t = RateLimit::default().per_minute.get(), value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    rate_limit: u32,
    /// Maximum of requests at once by a caller that has sent none for a while.
    #[arg(long, env = "TASKFORCE_RATE_BURST", default_value_t = RateLimit::default().burst.get(), value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate_burst: u32,
    /// Maximum of MiB that the JSON bodies of a user carry per minute, and twice as much at once; 0 for no limit.
    #[arg(long, env = "TASKFORCE_RATE_JSON_MIB", default_value_t = ByteLimits::default().json_mib, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    rate_json_mib: u32,
    /// Maximum of MiB that the uploads of a user carry per minute, and twice as much at once; 0 for no limit.
    #[arg(long, env = "TASKFORCE_RATE_FILE_MIB", default_value_t = ByteLimits::default().file_mib, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    rate_file_mib: u32,
    /// Maximum of MiB that the files of a task force take; 0 for no limit.
    #[arg(long, env = "TASKFORCE_STORAGE_PER_TASK_FORCE_MIB", default_value_t = 1024, value_parser = clap::value_parser!(i64).range(0..=1_000_000_000))]
    storage_per_task_force_mib: i64,
    /// Maximum of MiB that the files of all task forces take; 0 for no limit.
    #[arg(long, env = "TASKFORCE_STORAGE_MIB", default_value_t = 10_240, value_parser = clap::value_parser!(i64).range(0..=1_000_000_000))]
    storage_mib: i64,
    /// Maximum of connections of all clients.
    #[arg(long, env = "TASKFORCE_MAX_CONNECTIONS", default_value_t = CONNECTIONS.into(), value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_connections: u32,
    /// Maximum of connections of one client; trusted proxies are not limited.
    #[arg(long, env = "TASKFORCE_CONNECTIONS_PER_ADDRESS", default_value_t = CONNECTIONS_PER_ADDRESS.into(), value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections_per_address: u32,
    /// Networks beside the Internet to which webhooks may send, separated by commas: 10.20.0.0/16
    #[arg(long, env = "TASKFORCE_WEBHOOK_ALLOWED_NETWORKS", value_delimiter = ',', value_parser = network)]
    webhook_allowed_networks: Vec<IpNet>,
    /// File of certificates of authorities, in PEM, that the receivers of webhooks may have beside those that the system trusts.
    #[arg(long, env = "TASKFORCE_WEBHOOK_CA_FILE")]
    webhook_ca_file: Option<PathBuf>,
    #[command(flatten)]
    single_sign_on: SingleSignOnSettings,
    #[command(flatten)]
    pub(super) mail: MailSettings,
    /// Password of every demo account; if not set, a random one is stored in the data directory.
    #[arg(long, env = "TASKFORCE_DEMO_PASSWORD", hide_env_values = true, value_parser = password)]
    pub(super) demo_password: Option<SecretString>,
}

/// Settings of single sign-on.
#[derive(Debug, Clone, Args)]
struct SingleSignOnSettings {
    /// OpenID Connect issuer whose tokens are accepted, exactly as its tokens name it: https://…
    #[arg(long, env = "TASKFORCE_OIDC_ISSUER", requires = "oidc_audience")]
    oidc_issuer: Option<String>,
    /// Audience that its tokens must name: the issuer's identifier of this API, or the frontend's client id.
    #[arg(long, env = "TASKFORCE_OIDC_AUDIENCE", requires = "oidc_issuer")]
    oidc_audience: Option<String>,
    /// Role of people who have a token and no account yet, expert or councilMember; if not set, they are refused.
    #[arg(long, env = "TASKFORCE_OIDC_DEFAULT_ROLE", requires = "oidc_issuer", value_parser = default_role)]
    oidc_default_role: Option<UserRole>,
    /// Algorithms that its tokens may be signed with, separated by commas.
    #[arg(
        long,
        env = "TASKFORCE_OIDC_ALGORITHMS",
        value_delimiter = ',',
        default_value = "RS256,PS256,ES256,EdDSA"
    )]
    oidc_algorithms: Vec<String>,
}

fn default_role(text: &str) -> Result<UserRole, String> {
    UserRole::parse(text).filter(|role| may_be_default(*role)).ok_or_else(|| {
        "the default role is expert or councilMember: other roles are assigned by an administrator".to_owned()
    })
}

fn password(text: &str) -> Result<SecretString, String> {
    let refused = |code: FieldErrorCode| format!("the password {}", code.label().en);
    let parsed = NewPassword::parse(text.to_owned().into()).map_err(refused)?;
    if parsed.is_common(&demo::account_details()) {
        Err(refused(FieldErrorCode::Common))
    } else {
        Ok(parsed.into())
    }
}

fn origin(text: &str) -> Result<String, String> {
    let is_origin = text.split_once("://").is_some_and(|(scheme, rest)| {
        matches!(scheme, "http" | "https") && !rest.is_empty() && !rest.contains(['/', '*', ' '])
    });
    if is_origin { Ok(text.to_owned()) } else { Err("an origin looks like https://app.example".to_owned()) }
}

/// The address of the service as browsers write an origin. Addresses in responses begin at the root of the host
/// (`/v1/…`), so the service cannot be reached under a path.
fn public_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
    });
    url.map(|url| url.origin().ascii_serialization()).ok_or_else(|| {
        "the URL looks like https://taskforce.city.example: scheme and host, without a path, since the service needs a host name of its own"
            .to_owned()
    })
}

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let address = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(address).ok_or_else(|| "a network looks like 10.0.0.0/8 or fd00::/8".to_owned())
}

fn contact(text: &str) -> Result<String, String> {
    let is_uri = text.starts_with("mailto:") || text.starts_with("https://");
    let is_one_line = !text.contains(|letter: char| letter.is_control() || letter == ' ');
    if is_uri && is_one_line {
        Ok(text.to_owned())
    } else {
        Err("a contact looks like mailto:security@city.example".to_owned())
    }
}

impl DatabaseSettings {
    /// The URL of an external database; `None` for the private cluster.
    pub(super) fn url(&self) -> Result<Option<SecretString>, Failure> {
        match (&self.database_url, &self.database_url_file) {
            (Some(url), _) => Ok(Some(url.clone())),
            (None, Some(file)) => {
                let url = read(file, "DATABASE_URL_FILE")?;
                Ok(Some(url.trim().to_owned().into()))
            }
            (None, None) => Ok(None),
        }
    }

    /// The pool for migrations, if they have a URL of their own.
    pub(super) fn migration_pool(&self) -> Result<Option<Pool>, Failure> {
        let pool = self.migration_url.as_ref().map(|url| pool::connect(url, 1)).transpose();
        pool.map_err(|error| Failure::setting(format!("TASKFORCE_MIGRATION_URL: {error}")))
    }
}

impl ServeSettings {
    /// Opens the listener.
    pub(super) fn listen(&self) -> Result<TcpListener, Failure> {
        let bind = self.address.bind;
        TcpListener::bind(bind)
            .map_err(|error| Failure::setting(format!("can't listen on {bind} (TASKFORCE_BIND): {error}")))
    }

    /// The URL under which clients reach the service. The default has the port that is really open: --bind may say 0.
    pub(super) fn public_url(&self, listener: &TcpListener) -> String {
        let bound = listener.local_addr().unwrap_or(self.address.bind);
        self.address.url(bound, self.tls_cert_file.is_some())
    }

    /// TLS of the listener, if a certificate is set.
    pub(super) fn tls(&self) -> Result<Option<ServerConfig>, Failure> {
        let files = self.tls_cert_file.as_deref().zip(self.tls_key_file.as_deref());
        files.map(|(certificate, key)| tls::configure(certificate, key)).transpose().map_err(Failure::setting)
    }

    /// The settings of the HTTP server.
    pub(super) fn server(
        &self,
        public_url: String,
        metrics: PrometheusHandle,
        tls: Option<ServerConfig>,
    ) -> server::Settings {
        server::Settings {
            cors_origins: self.cors_origins.clone(),
            metrics_token: self.metrics_token.clone(),
            security_contact: self.security_contact.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            rate_limit: RateLimit::new(self.rate_limit, self.rate_burst),
            byte_limits: Some(ByteLimits { json_mib: self.rate_json_mib, file_mib: self.rate_file_mib }),
            max_connections: usize::try_from(self.max_connections).unwrap_or(usize::MAX),
            connections_per_address: usize::try_from(self.connections_per_address).unwrap_or(usize::MAX),
            tls,
            ..server::Settings::new(public_url, metrics)
        }
    }

    /// The space that files may take.
    pub(super) fn storage_limits(&self) -> StorageLimits {
        let bytes = |mebibytes: i64| (mebibytes > 0).then_some(mebibytes.saturating_mul(MIB));
        StorageLimits {
            task_force: bytes(self.storage_per_task_force_mib),
            installation: bytes(self.storage_mib),
        }
    }

    /// The issuer of access tokens. On the first start with the private database, the service creates the key.
    pub(super) fn tokens(&self, is_private_database: bool, issuer: &str) -> Result<Tokens, Failure> {
        let file = match (&self.jwt_key_file, is_private_database) {
            (Some(file), _) => file.clone(),
            (None, true) => {
                let file = self.database.data_dir.join("jwt-key.pem");
                if !file.exists() {
                    let pem = Tokens::generate_pem().map_err(Failure::failed)?;
                    write_private(&file, pem.expose_secret())
                        .map_err(|error| Failure::failed(format!("{}: {error}", file.display())))?;
                }
                file
            }
            (None, false) => {
                return Err(Failure::setting(
                    "TASKFORCE_JWT_KEY_FILE is required with DATABASE_URL: create a key with `openssl genpkey -algorithm ed25519 -out key.pem`",
                ));
            }
        };
        let pem = read(&file, "TASKFORCE_JWT_KEY_FILE")?;
        Tokens::from_pem(&pem, issuer.to_owned()).map_err(|error| {
            Failure::setting(format!("{} (TASKFORCE_JWT_KEY_FILE): {error}", file.display()))
        })
    }

    /// The way to the receivers of webhooks.
    pub(super) fn webhooks(&self) -> Result<Webhooks, Failure> {
        const FILE: &str = "TASKFORCE_WEBHOOK_CA_FILE";
        let file = self.webhook_ca_file.as_deref();
        let authorities = file.map(|file| read(file, FILE)).transpose()?;
        let networks = Networks::with(self.webhook_allowed_networks.clone());
        let sender = Sender::new(networks, authorities.as_deref().map(str::as_bytes));
        let sender = sender.map_err(|error| Failure::setting(format!("{FILE}: {error}")))?;
        Ok(Webhooks { sender, form: server::sent_event })
    }

    /// Single sign-on, if an issuer is set. The service can't be its own issuer.
    pub(super) fn single_sign_on(&self, public_url: &str) -> Result<Option<SingleSignOn>, Failure> {
        let SingleSignOnSettings { oidc_issuer, oidc_audience, oidc_default_role, oidc_algorithms } =
            &self.single_sign_on;
        let (Some(issuer), Some(audience)) = (oidc_issuer, oidc_audience) else { return Ok(None) };
        if issuer.trim_end_matches('/') == public_url {
            return Err(Failure::setting(
                "TASKFORCE_OIDC_ISSUER is this service itself (TASKFORCE_PUBLIC_URL)",
            ));
        }
        let issuer = Issuer::new(issuer, audience.clone(), oidc_algorithms).map_err(|error| {
            let setting = match error {
                ConfigurationError::Audience => "TASKFORCE_OIDC_AUDIENCE",
                ConfigurationError::Algorithm(_) => "TASKFORCE_OIDC_ALGORITHMS",
                _ => "TASKFORCE_OIDC_ISSUER",
            };
            Failure::setting(format!("{setting}: {error}"))
        })?;
        Ok(Some(SingleSignOn::new(issuer, *oidc_default_role)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_scheme_and_host() {
        for (given, kept) in [
            ("https://taskforce.city.example", "https://taskforce.city.example"),
            ("https://Taskforce.City.Example/", "https://taskforce.city.example"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
            ("https://مدينة.example", "https://xn--ogbl9dft.example"),
        ] {
            assert_eq!(public_url(given).as_deref(), Ok(kept));
        }
        for refused in [
            "",
            "taskforce.city.example",
            "https://city.example/taskforce",
            "https://city.example/?a",
            "https://city.example/#a",
            "https://user@city.example",
            "ftp://city.example",
            "https://",
        ] {
            assert!(public_url(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_service_on_all_addresses_is_reached_on_loopback() {
        let url = |bind: &str, is_tls| {
            let bind = bind.parse().unwrap();
            AddressSettings { bind, public_url: None }.url(bind, is_tls)
        };
        assert_eq!(url("0.0.0.0:8080", false), "http://127.0.0.1:8080");
        assert_eq!(url("[::]:8443", true), "https://[::1]:8443");
        assert_eq!(url("192.0.2.7:8080", false), "http://192.0.2.7:8080");
    }
}
