//! The connection pool. Nobody waits for ever: not for a connection, not for a lock, not for an answer.

use std::time::Duration;

use deadpool::Runtime;
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::{Object, Pool as DieselPool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use futures_util::FutureExt as _;
use secrecy::{ExposeSecret as _, SecretString};

/// A pool of connections to Postgres.
pub type Pool = DieselPool<AsyncPgConnection>;
/// A connection out of the pool.
pub type Pooled = Object<AsyncPgConnection>;

/// How long a request waits for a connection or for the database to be reached. Two of these in a row still
/// make an answer within two seconds.
pub const PATIENCE: Duration = Duration::from_millis(900);

/// Session settings: a statement that hangs, a lock that is not released and a transaction that is left open all
/// end by themselves.
const SETTINGS: &str = "-c statement_timeout=10s -c lock_timeout=1500ms \
    -c idle_in_transaction_session_timeout=10s -c timezone=UTC -c jit=off";

/// A database that can't be reached or an address that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// The address is no Postgres URL. It isn't repeated: it holds a password.
    #[error("DATABASE_URL is not a Postgres URL (postgresql://user:password@host:port/database)")]
    Url(#[source] tokio_postgres::Error),
    /// The pool could not be built.
    #[error("the connection pool could not be built: {0}")]
    Build(#[from] deadpool::managed::BuildError),
}

/// A pool of at most `size` connections; connects when first asked.
///
/// # Errors
/// An address that is no Postgres URL.
pub fn connect(url: &SecretString, size: usize) -> Result<Pool, PoolError> {
    let config: tokio_postgres::Config = url.expose_secret().parse().map_err(PoolError::Url)?;
    let mut manager = ManagerConfig::default();
    manager.custom_setup = Box::new(move |_| establish(config.clone()).boxed());
    // No `select 1` per checkout: a closed connection is noticed without, and a broken transaction too.
    manager.recycling_method = RecyclingMethod::Fast;
    let manager = AsyncDieselConnectionManager::new_with_config(url.expose_secret(), manager);
    Ok(DieselPool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(PATIENCE))
        .create_timeout(Some(PATIENCE))
        .recycle_timeout(Some(PATIENCE))
        .runtime(Runtime::Tokio1)
        .build()?)
}

async fn establish(mut config: tokio_postgres::Config) -> ConnectionResult<AsyncPgConnection> {
    let options = config.get_options().map_or_else(|| SETTINGS.to_owned(), |own| format!("{SETTINGS} {own}"));
    config
        .options(options)
        .application_name("taskforce")
        .connect_timeout(PATIENCE)
        .keepalives_idle(Duration::from_secs(30))
        .tcp_user_timeout(Duration::from_secs(10));
    let bad = |error: tokio_postgres::Error| ConnectionError::BadConnection(error.to_string());
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(bad)?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}
