//! Settings: environment variables, or flags of the same name.

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret as _, SecretString};
use tracing_subscriber::EnvFilter;

use super::Failure;
use crate::auth::passwords::NewPassword;
use crate::auth::tokens::Tokens;
use crate::domain::vocabulary::Vocabulary as _;

/// How to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Logs to standard error: standard output belongs to what the commands answer.
pub(super) fn log_in(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn,actix_http=off"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// Which database.
#[derive(Debug, Clone, Args)]
pub(super) struct DatabaseSettings {
    /// Postgres to use instead of a private one: postgresql://user:password@host:port/database
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_parser = secret, conflicts_with = "database_url_file")]
    database_url: Option<SecretString>,
    /// A file that holds the address.
    #[arg(long, env = "DATABASE_URL_FILE")]
    database_url_file: Option<PathBuf>,
    /// Where the private Postgres, the signing key and the demo password are kept.
    #[arg(long, env = "TASKFORCE_DATA_DIR", default_value = ".taskforce")]
    pub(super) data_dir: PathBuf,
    /// The address by which the owner of the schema migrates, where the service itself may not.
    #[arg(long, env = "TASKFORCE_MIGRATION_URL", hide_env_values = true, value_parser = secret)]
    migration_url: Option<SecretString>,
    /// Connections at most.
    #[arg(long, env = "TASKFORCE_POOL_SIZE", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(super) pool_size: u16,
}

/// How to serve.
#[derive(Debug, Clone, Args)]
pub(super) struct ServeSettings {
    #[command(flatten)]
    pub(super) database: DatabaseSettings,
    /// Where to listen.
    #[arg(long, env = "TASKFORCE_BIND", default_value = "127.0.0.1:8080")]
    bind: SocketAddr,
    /// The address where clients reach the service; http:// and the address of --bind if not set.
    #[arg(long, env = "TASKFORCE_PUBLIC_URL", value_parser = NonEmptyStringValueParser::new())]
    public_url: Option<String>,
    /// Origins whose pages may call the API, separated by commas.
    #[arg(long, env = "TASKFORCE_CORS_ORIGINS", value_delimiter = ',', value_parser = origin)]
    cors_origins: Vec<String>,
    /// Ed25519 key in PEM that access tokens are signed with; made in the data directory if there is no DATABASE_URL.
    #[arg(long, env = "TASKFORCE_JWT_KEY_FILE")]
    jwt_key_file: Option<PathBuf>,
    /// The token of /metrics; without it there are no metrics.
    #[arg(long, env = "TASKFORCE_METRICS_TOKEN", hide_env_values = true, value_parser = secret)]
    pub(super) metrics_token: Option<SecretString>,
    /// Whom to tell of a weakness, for /.well-known/security.txt: mailto:… or https://…
    #[arg(long, env = "TASKFORCE_SECURITY_CONTACT", value_parser = contact)]
    pub(super) security_contact: Option<String>,
    /// Password of every demo account; if not set, a random one that is kept in the data directory.
    #[arg(long, env = "TASKFORCE_DEMO_PASSWORD", hide_env_values = true, value_parser = password)]
    pub(super) demo_password: Option<SecretString>,
}

fn secret(text: &str) -> Result<SecretString, String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned().into()) }
}

fn password(text: &str) -> Result<SecretString, String> {
    let parsed =
        NewPassword::parse(text.to_owned().into()).map_err(|fault| format!("it {}", fault.label().en))?;
    Ok(parsed.into())
}

fn origin(text: &str) -> Result<String, String> {
    let bare = text.split_once("://").is_some_and(|(scheme, rest)| {
        matches!(scheme, "http" | "https") && !rest.is_empty() && !rest.contains(['/', '*', ' '])
    });
    if bare { Ok(text.to_owned()) } else { Err("an origin looks like https://app.example".to_owned()) }
}

fn contact(text: &str) -> Result<String, String> {
    let uri = text.starts_with("mailto:") || text.starts_with("https://");
    let one_line = !text.contains(|letter: char| letter.is_control() || letter == ' ');
    if uri && one_line {
        Ok(text.to_owned())
    } else {
        Err("a contact looks like mailto:security@city.example".to_owned())
    }
}

impl DatabaseSettings {
    /// The address of a database that is not ours to start.
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

    /// The address to migrate by, where that is another one.
    pub(super) fn migration_url(&self) -> Option<&SecretString> {
        self.migration_url.as_ref()
    }
}

impl ServeSettings {
    /// The listener: taken first, so that a port in use is said at once.
    pub(super) fn listen(&self) -> Result<TcpListener, Failure> {
        TcpListener::bind(self.bind).map_err(|error| {
            Failure::setting(format!("can't listen on {} (TASKFORCE_BIND): {error}", self.bind))
        })
    }

    /// Where clients reach the service; by default where it really listens, were it port 0 that was asked for.
    pub(super) fn public_url(&self, listener: &TcpListener) -> String {
        let bound = listener.local_addr().unwrap_or(self.bind);
        let url = self.public_url.clone().unwrap_or_else(|| format!("http://{bound}"));
        url.trim_end_matches('/').to_owned()
    }

    /// Origins whose pages may call the API.
    pub(super) fn cors_origins(&self) -> Vec<String> {
        self.cors_origins.clone()
    }

    /// The key that tokens are signed with. With a database of its own, the service makes one on the first start.
    pub(super) fn tokens(&self, own_database: bool, issuer: &str) -> Result<Tokens, Failure> {
        let file = match (&self.jwt_key_file, own_database) {
            (Some(file), _) => file.clone(),
            (None, true) => {
                let file = self.database.data_dir.join("jwt-key.pem");
                if !file.exists() {
                    let pem = Tokens::generate_pem().map_err(Failure::failed)?;
                    write_private(&file, pem.expose_secret())?;
                }
                file
            }
            (None, false) => {
                return Err(Failure::setting(
                    "TASKFORCE_JWT_KEY_FILE is needed with DATABASE_URL: make one with `openssl genpkey -algorithm ed25519 -out key.pem`",
                ));
            }
        };
        let pem = read(&file, "TASKFORCE_JWT_KEY_FILE")?;
        Tokens::from_pem(&pem, issuer.to_owned()).map_err(|error| {
            Failure::setting(format!("{} (TASKFORCE_JWT_KEY_FILE): {error}", file.display()))
        })
    }
}

fn read(file: &Path, setting: &str) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| Failure::setting(format!("{} ({setting}): {error}", file.display())))
}

/// Writes a file that nobody else reads; under another name first, so that what has its name is whole.
pub(super) fn write_private(file: &Path, text: &str) -> Result<(), Failure> {
    let new = file.with_extension("new");
    let write = || {
        let mut opened =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        opened.write_all(text.as_bytes())?;
        opened.sync_all()?;
        fs::rename(&new, file)
    };
    write().map_err(|error| Failure::failed(format!("{}: {error}", file.display())))
}
