//! Database connections for use cases: each use has a time limit, and a connection returns to the pool only if its
//! use ended cleanly.

use std::time::Duration;

use diesel_async::{AnsiTransactionManager, TransactionManager as _};

use super::{App, Error, Result};
use crate::db::Conn;
use crate::db::pool::Pooled;

/// The longest that one use of the database may take, including the wait for a connection.
///
/// This limit is for a server that has gone silent: `statement_timeout` already ends the statements that a
/// responsive server takes too long over.
pub const DATABASE_TIMEOUT: Duration = Duration::from_millis(1900);

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

impl App {
    /// Runs one use of the database on a connection from the pool.
    ///
    /// # Errors
    /// `unavailable` when no connection is free or the work takes longer than [`DATABASE_TIMEOUT`]; otherwise the
    /// error of the work.
    pub(crate) async fn with_conn<T>(&self, work: impl AsyncFnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let (result, guard) = self.with_open_conn(work).await?;
        guard.release();
        Ok(result)
    }

    /// Runs work that leaves its connection in use: the connection is returned together with the result.
    ///
    /// # Errors
    /// As [`App::with_conn`]; the connection is released then.
    pub(super) async fn with_open_conn<T>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T>,
    ) -> Result<(T, ConnectionGuard)> {
        let running = async {
            let mut guard = ConnectionGuard(Some(self.pool.get().await?));
            match work(guard.conn()?).await {
                Ok(result) => Ok((result, guard)),
                Err(error) => {
                    guard.release();
                    Err(error)
                }
            }
        };
        match tokio::time::timeout(DATABASE_TIMEOUT, running).await {
            Ok(result) => result,
            Err(_) => Err(Error::Unavailable("the database does not answer".to_owned())),
        }
    }
}
