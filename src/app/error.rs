//! What a use case can answer instead of its result.

use deadpool::managed::PoolError;
use diesel::result::{DatabaseErrorKind, Error as QueryError};

use super::constraints::{refusal_of_constraint, refusal_of_foreign_key};
use crate::auth::passwords::HashError;
use crate::domain::refusal::{Refusal, RefusalCode};

/// A use case that did not go through. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is refused; the refusal says why and what would help.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It was done before, and what was answered then lies in the request's [`super::idempotency::Once`].
    #[error("the request was answered before")]
    Replayed,
    /// The database can't be reached, or is too busy to answer in time.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The issuer of the caller's token can't be asked for its keys.
    #[error("the issuer of the caller's token is not available")]
    IssuerUnavailable,
    /// The service is at fault.
    #[error("{0}")]
    Internal(String),
}

/// The result of a use case.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A fault of the service, from whatever went wrong.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }
}

impl From<RefusalCode> for Error {
    fn from(code: RefusalCode) -> Self {
        Self::Refused(code.into())
    }
}

impl From<QueryError> for Error {
    fn from(error: QueryError) -> Self {
        let QueryError::DatabaseError(kind, info) = &error else {
            return match error {
                QueryError::NotFound => RefusalCode::NotFound.into(),
                QueryError::BrokenTransactionManager => Self::Unavailable(error.to_string()),
                _ => Self::internal(error),
            };
        };
        if let Some(refusal) = info.constraint_name().and_then(refusal_of_constraint) {
            return Self::Refused(refusal);
        }
        match kind {
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::SerializationFailure
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ReadOnlyTransaction => Self::Unavailable(error.to_string()),
            DatabaseErrorKind::ForeignKeyViolation => Self::Refused(refusal_of_foreign_key(info.message())),
            // A day that Postgres can't hold comes with a forged cursor: bodies have years of four digits.
            _ if matches!(info.message(), "date out of range" | "timestamp out of range") => {
                RefusalCode::InvalidRequest.into()
            }
            _ if is_passing(info.message()) => Self::Unavailable(error.to_string()),
            _ => Self::Internal(format!("{error} ({})", info.constraint_name().unwrap_or("no constraint"))),
        }
    }
}

/// Whether a database error of no kind that diesel knows is one of the moment: a time-out, a server that is going
/// down or coming up, a connection that broke.
fn is_passing(message: &str) -> bool {
    const PASSING: [&str; 9] = [
        "canceling statement due to",
        "deadlock detected",
        "terminating connection",
        "the database system is",
        "connection closed",
        "error communicating with the server",
        "too many clients",
        "remaining connection slots",
        "idle-in-transaction",
    ];
    PASSING.iter().any(|passing| message.contains(passing))
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Unavailable(error.to_string()),
            HashError::Failed(_) => Self::internal(error),
        }
    }
}

impl<E: std::fmt::Display> From<PoolError<E>> for Error {
    fn from(error: PoolError<E>) -> Self {
        Self::Unavailable(error.to_string())
    }
}
