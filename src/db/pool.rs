//! The connection pool. Nobody waits for ever: not for a connection, not for a lock, not for an answer.

use std::time::Duration;

use deadpool::Runtime;
use diesel::sql_types::Text;
use diesel::{ConnectionError, ConnectionResult, QueryResult, QueryableByName, sql_query};
use diesel_async::pooled_connection::deadpool::{Object, Pool as DieselPool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use futures_util::FutureExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls::{TlsError, TlsMode};
use crate::domain::error_chain::with_causes;

/// A pool of connections to Postgres.
pub type Pool = DieselPool<AsyncPgConnection>;
/// A connection out of the pool.
pub type Pooled = Object<AsyncPgConnection>;

/// How long a request waits for a connection or for the database to be reached. Two of these in a row still
/// make an answer within two seconds.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(900);

/// Session settings: a statement that hangs, a lock that is not released and a transaction that is left open all
/// end by themselves. A statement soon after nobody waits for it any more: else a slow server would work for those who
/// left, and every new connection would make it slower.
const SETTINGS: &str = "-c statement_timeout=2s -c lock_timeout=1500ms \
    -c idle_in_transaction_session_timeout=10s -c timezone=UTC -c jit=off";

/// A database that can't be reached or an address that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// tokio-postgres also reads pairs like `host=… port=…`, which this service does not take.
    #[error(
        "it is not a Postgres URL: it has to begin with postgresql:// (postgresql://user:password@host:port/database)"
    )]
    Scheme,
    /// The message does not repeat the URL, which contains a password.
    #[error("it is not a Postgres URL (postgresql://user:password@host:port/database)")]
    Url(#[source] tokio_postgres::Error),
    /// What it says about TLS can't be had.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// The pool could not be built.
    #[error("the connection pool could not be built: {0}")]
    Build(#[from] deadpool::managed::BuildError),
}

/// A pool of at most `size` connections; connects when first asked.
///
/// # Errors
/// An address that is no Postgres URL, or asks for TLS that can't be had.
pub fn connect(url: &SecretString, size: usize) -> Result<Pool, PoolError> {
    let url = url.expose_secret();
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(PoolError::Scheme);
    }
    let (mode, rest) = TlsMode::take_from(url)?;
    let mut config: tokio_postgres::Config = rest.parse().map_err(PoolError::Url)?;
    config.ssl_mode(mode.ssl_mode());
    name_hosts(&mut config);
    let tls = mode.connector()?;
    let mut manager = ManagerConfig::default();
    manager.custom_setup = Box::new(move |_| establish(config.clone(), tls.clone()).boxed());
    // No `select 1` per checkout: a closed connection is noticed without, and a broken transaction too.
    manager.recycling_method = RecyclingMethod::Fast;
    let manager = AsyncDieselConnectionManager::new_with_config(String::new(), manager);
    Ok(DieselPool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(ACQUIRE_TIMEOUT))
        .create_timeout(Some(ACQUIRE_TIMEOUT))
        .recycle_timeout(Some(ACQUIRE_TIMEOUT))
        .runtime(Runtime::Tokio1)
        .build()?)
}

/// A host that is given by its address alone is named by that, as in libpq: TLS needs a name to ask for.
fn name_hosts(config: &mut tokio_postgres::Config) {
    if config.get_hosts().is_empty() {
        for address in config.get_hostaddrs().to_vec() {
            config.host(address.to_string());
        }
    }
}

async fn establish(
    mut config: tokio_postgres::Config,
    tls: MakeRustlsConnect,
) -> ConnectionResult<AsyncPgConnection> {
    // To libpq TLS on a Unix socket is none, whatever the mode; the list of hosts is of one kind or the other.
    if config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_))) {
        config.ssl_mode(SslMode::Disable);
    }
    let options = config.get_options().map_or_else(|| SETTINGS.to_owned(), |own| format!("{SETTINGS} {own}"));
    config
        .options(options)
        .application_name("taskforce")
        .connect_timeout(ACQUIRE_TIMEOUT)
        .keepalives_idle(Duration::from_secs(30))
        .tcp_user_timeout(Duration::from_secs(10));
    let (client, connection) =
        config.connect(tls).await.map_err(|error| ConnectionError::BadConnection(with_causes(&error)))?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}

/// The language in which the server tells its errors, as it names it; `None` where that is English. Passing errors are
/// told from faults by their words (`app/error.rs`), and only its superuser can set it.
///
/// # Errors
/// A database that does not answer.
pub async fn foreign_language(conn: &AsyncPgConnection) -> QueryResult<Option<String>> {
    let query = sql_query("select current_setting('lc_messages') as language");
    let Setting { language } = query.get_result(&mut &*conn).await?;
    let is_english =
        language.starts_with("en") || matches!(language.as_str(), "" | "C" | "POSIX" | "C.UTF-8");
    Ok((!is_english).then_some(language))
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    language: String,
}
