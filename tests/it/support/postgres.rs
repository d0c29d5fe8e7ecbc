//! One throw-away cluster per test process, one database per test, copied from a template.
//!
//! The cluster dies with the process, through its supervisor, however the process ends.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use secrecy::{ExposeSecret as _, SecretString};
use taskforce::db;
use taskforce::db::cluster::{Cluster, Storage};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

/// The runtime of everything that outlives a single test: connections for maintenance, servers, clean-up.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
});

async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    let start = async || {
        let started = RUNTIME.spawn(Cluster::start(Storage::Throwaway)).await.unwrap();
        started.unwrap_or_else(|error| panic!("{error}"))
    };
    CLUSTER.get_or_init(start).await
}

/// The address of a database.
pub(crate) async fn url(database: &str) -> SecretString {
    cluster().await.url_of(database)
}

/// The role that the services under test run as: with the rights of `migrate --grant-to`, and no owner of anything.
pub(crate) const SERVICE: &str = "service_under_test";

/// The address of a database for another role, whose password is its name.
pub(crate) async fn url_as(role: &str, database: &str) -> SecretString {
    let url = url(database).await;
    let (_, place) = url.expose_secret().split_once('@').unwrap();
    format!("postgresql://{role}:{role}@{place}").into()
}

/// A connection of its own to a database, as the owner of everything.
pub(crate) async fn connect(database: &str) -> Client {
    connect_to(url(database).await).await
}

/// A connection as another role.
pub(crate) async fn connect_as(role: &str, database: &str) -> Client {
    connect_to(url_as(role, database).await).await
}

async fn connect_to(url: SecretString) -> Client {
    // Made there, too: a socket belongs to the runtime it was opened in, and a test's runtime ends with the test.
    let connected = RUNTIME.spawn(async move { tokio_postgres::connect(url.expose_secret(), NoTls).await });
    let (client, connection) = connected.await.unwrap().unwrap();
    RUNTIME.spawn(connection);
    client
}

/// Executes a statement that concerns the cluster, such as `create database`.
pub(crate) async fn maintain(statement: &str) {
    static CLIENT: OnceCell<Client> = OnceCell::const_new();
    let client = CLIENT.get_or_init(|| connect("postgres")).await;
    client.batch_execute(statement).await.unwrap();
}

/// The name of the database that is migrated and empty.
pub(crate) async fn migrated() -> &'static str {
    static MADE: OnceCell<&str> = OnceCell::const_new();
    let make = async || {
        maintain("create database template_migrated").await;
        let pool = db::pool::connect(&url("template_migrated").await, 1).unwrap();
        maintain(&format!("create role {SERVICE} login password '{SERVICE}'")).await;
        let migrate = async move {
            db::schema_migrations::run(&pool).await.unwrap();
            db::grants::grant(&pool, SERVICE).await.unwrap();
        };
        RUNTIME.spawn(migrate).await.unwrap();
        "template_migrated"
    };
    MADE.get_or_init(make).await
}

/// A new database like the template.
pub(crate) async fn copy_of(template: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    maintain(&format!("create database {name} template {template} {}", copy_strategy().await)).await;
    name
}

/// Copies files instead of logging every page, which is the default since Postgres 15 and takes ten times as long where
/// the log is never recycled. Earlier versions copy files in any case and don't know the option.
async fn copy_strategy() -> &'static str {
    static STRATEGY: OnceCell<&str> = OnceCell::const_new();
    let choose = async || {
        let version = "select current_setting('server_version_num')::int >= 150000";
        let is_an_option = connect("postgres").await.query_one(version, &[]).await.unwrap().get(0);
        if is_an_option { "strategy file_copy" } else { "" }
    };
    STRATEGY.get_or_init(choose).await
}

/// Renames a database after closing all connections to it.
pub(crate) async fn rename(from: &str, to: &str) {
    let away = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{from}'");
    maintain(&away).await;
    maintain(&format!("alter database {from} rename to {to}")).await;
}

/// Drops a database in the background and closes the connections to it.
pub(crate) fn remove_later(database: String) {
    RUNTIME.spawn(async move {
        let client = connect("postgres").await;
        // A test that has failed says so itself; what is left behind goes with the cluster.
        client.batch_execute(&format!("drop database if exists {database} with (force)")).await.ok();
    });
}
