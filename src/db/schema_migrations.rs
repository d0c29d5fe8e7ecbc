//! The migrations of the schema: embedded, plain SQL, run by one instance at a time.

use std::collections::BTreeSet;

use diesel::migration::{Migration as _, MigrationSource};
use diesel::pg::Pg;
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

use super::pool::{Pool, Pooled};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The key of the advisory lock that keeps two instances from migrating at once: "taskforc" in ASCII.
const LOCK: i64 = 0x7461_736b_666f_7263;

/// The database could not be migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database could not be reached.
    #[error("the database can't be reached: {0}")]
    Unreachable(String),
    /// A newer version of the service has migrated the database.
    #[error(
        "the database has the migration {0}, which this version of taskforce does not know: start the version that \
         migrated the database, or a newer one"
    )]
    Unknown(String),
    /// A migration failed and was rolled back.
    #[error("a migration failed: {0}")]
    Failed(String),
}

/// Brings the database up to date and returns the migrations that were run. Two instances that start together do it
/// one after the other.
///
/// # Errors
/// A database that can't be reached, or a migration that fails.
pub async fn run(pool: &Pool) -> Result<Vec<String>, MigrationError> {
    let unreachable = |error: &dyn std::fmt::Display| MigrationError::Unreachable(error.to_string());
    let mut conn = pool.get().await.map_err(|error| unreachable(&error))?;
    // Migrations may take longer than the statements of a request.
    conn.batch_execute("set statement_timeout = 0; set lock_timeout = 0")
        .await
        .map_err(|error| unreachable(&error))?;
    diesel::sql_query("select pg_advisory_lock($1)")
        .bind::<diesel::sql_types::BigInt, _>(LOCK)
        .execute(&mut *conn)
        .await
        .map_err(|error| unreachable(&error))?;
    // The connection leaves the pool: closing it releases the lock and the settings whatever happens.
    let conn = Pooled::take(conn);
    let (versions, conn) = tokio::task::spawn_blocking(move || apply(conn))
        .await
        .map_err(|error| MigrationError::Failed(error.to_string()))??;
    for user_id in super::users::fold_addresses(&conn)
        .await
        .map_err(|error| MigrationError::Failed(format!("folding of addresses: {error}")))?
    {
        tracing::warn!(
            %user_id,
            "the address of this user is the address of another user, apart from case and form: nobody can sign in \
             with the address of this user until it is changed"
        );
    }
    Ok(versions)
}

/// Waits for a running migration to finish, and keeps others from starting until the transaction ends.
///
/// # Errors
/// The timeout of the lock.
pub(super) async fn lock_until_the_end(conn: &AsyncPgConnection) -> diesel::QueryResult<()> {
    diesel::sql_query("select pg_advisory_xact_lock($1)")
        .bind::<diesel::sql_types::BigInt, _>(LOCK)
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Runs the migrations; returns their names, and the connection.
fn apply(conn: AsyncPgConnection) -> Result<(Vec<String>, AsyncPgConnection), MigrationError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| MigrationError::Failed(error.to_string());
    let mut harness = AsyncMigrationHarness::new(conn);
    let applied = harness.applied_migrations().map_err(failed)?;
    if let Some(unknown) =
        first_unknown(applied.iter().map(ToString::to_string), &embedded().map_err(failed)?)
    {
        return Err(MigrationError::Unknown(unknown));
    }
    let versions = harness.run_pending_migrations(MIGRATIONS).map_err(failed)?;
    let versions = versions.iter().map(ToString::to_string).collect();
    Ok((versions, harness.into_inner()))
}

/// The versions of the embedded migrations.
fn embedded() -> diesel::migration::Result<BTreeSet<String>> {
    let migrations = MigrationSource::<Pg>::migrations(&MIGRATIONS)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// The oldest migration that is not embedded.
fn first_unknown(applied: impl IntoIterator<Item = String>, embedded: &BTreeSet<String>) -> Option<String> {
    applied.into_iter().filter(|version| !embedded.contains(version)).min()
}

/// The schema of a database, compared with the embedded migrations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// An embedded migration has not been run.
    Behind,
    /// All embedded migrations have been run, and no other.
    Current,
    /// A migration has been run that is not embedded: the database belongs to a newer version of the service.
    Ahead(String),
}

/// Compares the schema with the embedded migrations.
///
/// # Errors
/// A database that does not answer, or has never been migrated.
pub async fn state(conn: &AsyncPgConnection) -> diesel::QueryResult<SchemaState> {
    #[derive(diesel::QueryableByName)]
    struct Applied {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }
    let embedded = embedded().map_err(diesel::result::Error::QueryBuilderError)?;
    let applied: Vec<Applied> =
        diesel::sql_query("select version from __diesel_schema_migrations").load(&mut &*conn).await?;
    let applied: BTreeSet<String> = applied.into_iter().map(|row| row.version).collect();
    let is_current = embedded.is_subset(&applied);
    Ok(match first_unknown(applied, &embedded) {
        Some(version) => SchemaState::Ahead(version),
        None if is_current => SchemaState::Current,
        None => SchemaState::Behind,
    })
}
