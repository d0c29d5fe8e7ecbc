//! Database connections for use cases: each use has a time limit, and a connection returns to the pool only if its
//! use ended cleanly.

use std::pin::Pin;
use std::time::Duration;

use diesel_async::{AnsiTransactionManager, TransactionManager as _};
use tokio::time::Instant;

use super::{App, Error, Result};
use crate::db::Conn;
use crate::db::pool::Pooled;

/// The longest that one use of the database may take, including the wait for a connection.
///
/// The limit is for a server that has gone silent: `statement_timeout` already ends the statements that a
/// responsive server takes too long over.
pub const DATABASE_TIMEOUT: Duration = Duration::from_millis(1900);

/// The longest that a change of thousands of rows may take: on a busy machine, an import or the end of a member with much
/// work takes longer than other changes. Each of its statements has the time of any other.
pub(super) const BULK_TIMEOUT: Duration = Duration::from_secs(15);

/// A pooled connection that is closed when it is dropped, unless it was released.
///
/// A future that is dropped half-way leaves its connection in the middle of a statement or a transaction. Closing
/// it makes the server roll back and release its locks, so that nobody else waits for them.
pub(super) struct ConnectionGuard(Option<Pooled>);

impl ConnectionGuard {
    pub(super) fn conn(&mut self) -> Result<&mut Conn> {
        self.0.as_deref_mut().ok_or_else(|| Error::internal("the connection was released already"))
    }

    /// Commits the transaction that is open on the connection.
    pub(super) async fn commit(&mut self) -> Result<()> {
        Ok(AnsiTransactionManager::commit_transaction(self.conn()?).await?)
    }

    /// Returns the connection to the pool.
    pub(super) fn release(mut self) {
        drop(self.0.take());
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            drop(Pooled::take(conn));
        }
    }
}

/// A future on the heap. Callers pass their work as closures, each of a type of its own. Behind this pointer the code
/// that runs the work is compiled once per result type instead of once per caller.
pub(super) type Boxed<'w, T> = Pin<Box<dyn Future<Output = T> + 'w>>;

/// Waits for work on the database until a deadline.
///
/// # Errors
/// `unavailable` when the deadline passes first.
pub(super) async fn within<T>(deadline: Instant, work: Boxed<'_, T>) -> Result<T> {
    match tokio::time::timeout_at(deadline, work).await {
        Ok(result) => Ok(result),
        Err(_) => Err(Error::Unavailable("the database does not answer".to_owned())),
    }
}

impl App {
    /// A connection from the pool, and the instant by which its use must end.
    ///
    /// # Errors
    /// `unavailable` when no connection is free in time.
    pub(super) async fn connection(&self, limit: Duration) -> Result<(ConnectionGuard, Instant)> {
        let deadline = Instant::now() + limit;
        let conn = within(deadline, Box::pin(self.pool.get())).await??;
        Ok((ConnectionGuard(Some(conn)), deadline))
    }

    /// Runs one use of the database in a transaction that is rolled back.
    ///
    /// # Errors
    /// As [`App::with_conn`].
    pub(super) async fn rolled_back<T>(&self, work: impl AsyncFnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        self.with_conn(async |conn| {
            AnsiTransactionManager::begin_transaction(conn).await?;
            let result = work(conn).await;
            AnsiTransactionManager::rollback_transaction(conn).await?;
            result
        })
        .await
    }

    /// Runs one use of the database in a transaction, for rows outside of the event chain.
    ///
    /// # Errors
    /// As [`App::with_conn`]; nothing has changed then.
    pub(super) async fn in_transaction<T>(&self, work: impl AsyncFnOnce(&Conn) -> Result<T>) -> Result<T> {
        self.with_conn(async |conn| {
            AnsiTransactionManager::begin_transaction(conn).await?;
            let result = work(conn).await;
            match &result {
                Ok(_) => AnsiTransactionManager::commit_transaction(conn).await?,
                Err(_) => AnsiTransactionManager::rollback_transaction(conn).await?,
            }
            result
        })
        .await
    }

    /// Runs one use of the database on a connection from the pool.
    ///
    /// # Errors
    /// `unavailable` when no connection is free or the work takes longer than [`DATABASE_TIMEOUT`]; otherwise the
    /// error of the work.
    pub(crate) async fn with_conn<T>(&self, work: impl AsyncFnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let (mut guard, deadline) = self.connection(DATABASE_TIMEOUT).await?;
        // A deadline that passes drops the guard, which closes the connection.
        let result = within(deadline, Box::pin(work(guard.conn()?))).await?;
        guard.release();
        if let Err(error) = &result {
            self.last_write.note_error(error);
        }
        result
    }
}
