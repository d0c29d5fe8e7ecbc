//! The connection pool. Every wait has a limit: for a connection, for a lock and for a result.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::Manager as _;
use diesel::sql_types::Text;
use diesel::{ConnectionError, ConnectionResult, QueryResult, QueryableByName, sql_query};
use diesel_async::pooled_connection::deadpool::{Object, Pool as DieselPool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use futures_util::FutureExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls::{TlsError, TlsParameters};
use crate::util::errors::with_causes;

/// A pool of connections to Postgres.
pub type Pool = DieselPool<AsyncPgConnection>;
/// A connection out of the pool.
pub type Pooled = Object<AsyncPgConnection>;

/// The time that a request waits for a connection, or for the database to be reached. Two such waits in a row still
/// leave a response within two seconds.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(900);

/// Session settings that end hanging statements, waits for locks and abandoned transactions. A statement ends soon
/// after its request has timed out: otherwise a slow server would work for requests that have gone, and get slower
/// with every new connection.
const SETTINGS: &str = "-c statement_timeout=2s -c lock_timeout=1500ms \
    -c idle_in_transaction_session_timeout=10s -c timezone=UTC -c jit=off";

/// A connection URL that can't be used, or a pool that can't be built.
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
    /// The URL asks for TLS that is not available.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// The pool could not be built.
    #[error("the connection pool could not be built: {0}")]
    Build(#[from] deadpool::managed::BuildError),
}

/// Builds a pool of at most `size` connections, which connects on first use.
///
/// # Errors
/// A URL that is no Postgres URL, or that asks for TLS that is not available.
pub fn connect(url: &SecretString, size: usize) -> Result<Pool, PoolError> {
    let url = url.expose_secret();
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(PoolError::Scheme);
    }
    let (parameters, rest) = TlsParameters::take_from(url)?;
    let mut config: tokio_postgres::Config = rest.parse().map_err(PoolError::Url)?;
    config.ssl_mode(parameters.driver_mode());
    name_hosts(&mut config);
    let tls = parameters.connector()?;
    let mut manager = ManagerConfig::default();
    manager.custom_setup = Box::new(move |_| establish(config.clone(), tls.clone()).boxed());
    // No `select 1` per checkout: closed connections and broken transactions are detected without one.
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

/// A connection beside the pool, for a use that takes longer than a request may hold a connection of the pool. The
/// connection is closed when it is dropped.
///
/// # Errors
/// A database that cannot be reached.
pub async fn connect_beside(pool: &Pool) -> ConnectionResult<AsyncPgConnection> {
    pool.manager().create().await.map_err(|error| ConnectionError::BadConnection(error.to_string()))
}

/// Uses the address of a host as its name if the URL gives no name, as libpq does: TLS needs a name to verify.
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
    // Like libpq, this ignores `sslmode` for Unix sockets. The hosts of a URL are all sockets or all names.
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

/// The language of the server's messages (`lc_messages`); `None` for English. Transient errors are recognized by their
/// English messages (`app/error.rs`), and only a superuser of the server can set the language.
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
