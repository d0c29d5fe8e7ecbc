//! The error of a use case.

use deadpool::managed::PoolError;
use diesel::result::{DatabaseErrorKind, Error as QueryError};

use super::constraints::{refusal_of_constraint, refusal_of_foreign_key};
use crate::auth::passwords::HashError;
use crate::domain::refusal::{Refusal, RefusalCode};

/// The error of a use case. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule refuses the request.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// An earlier request with the same `Idempotency-Key` was executed. Its response is in the
    /// [`IdempotentRequest`](super::idempotency::IdempotentRequest).
    #[error("an earlier request with the key was executed")]
    Replayed,
    /// The database cannot be reached, or does not respond in time.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The user whose task forces were locked has a seat in another one by now: the transaction begins again.
    #[error("the seats of the user have changed")]
    SeatsChanged,
    /// The database has no space left for a write.
    #[error("the database has no space left: {0}")]
    OutOfSpace(String),
    /// As many requests of a kind are under way as the service takes at once; the sentence for the caller, in English and
    /// in Arabic.
    #[error("{0}")]
    Busy(&'static str, &'static str),
    /// The task force, or the user, has stored much content in a short time. The number is that of seconds until more may
    /// be stored.
    #[error("content is stored too fast")]
    TooMuchContent(u32),
    /// The keys of the issuer of the caller's token cannot be fetched.
    #[error("the issuer of the caller's token is not available")]
    IssuerUnavailable,
    /// An error of the service.
    #[error("{0}")]
    Internal(String),
}

/// The result of a use case.
pub type Result<T> = std::result::Result<T, Error>;

/// The result of a check that reads nothing, so that a use case enforces the check and a read answers it beforehand.
pub type Checked = std::result::Result<(), Refusal>;

impl Error {
    /// An error of the service with its cause.
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
            // Only a forged cursor contains a date out of the range of Postgres: bodies have years of four digits.
            _ if matches!(info.message(), "date out of range" | "timestamp out of range") => {
                RefusalCode::InvalidRequest.into()
            }
            _ if is_out_of_space(info.message(), info.hint()) => Self::OutOfSpace(error.to_string()),
            _ if is_temporary(info.message()) => Self::Unavailable(error.to_string()),
            _ => Self::Internal(format!("{error} ({})", info.constraint_name().unwrap_or("no constraint"))),
        }
    }
}

/// Returns whether the message of a database error describes a temporary state: a time-out, a server that starts or
/// stops or lacks memory, a broken connection. Diesel has no kind for these errors.
fn is_temporary(message: &str) -> bool {
    const TEMPORARY: [&str; 10] = [
        "canceling statement due to",
        "deadlock detected",
        "terminating connection",
        "the database system is",
        "connection closed",
        "error communicating with the server",
        "too many clients",
        "remaining connection slots",
        "idle-in-transaction",
        "out of memory",
    ];
    TEMPORARY.iter().any(|temporary| message.contains(temporary))
}

/// Returns whether a database error says that the server lacks disk space (SQLSTATE 53100, `disk_full`). The hint is
/// that of a table that cannot grow; other files name the error of the operating system.
fn is_out_of_space(message: &str, hint: Option<&str>) -> bool {
    const OUT_OF_SPACE: [&str; 4] =
        ["No space left on device", "Disk quota exceeded", "disk full", "disk_full"];
    hint.is_some_and(|hint| hint.contains("free disk space"))
        || OUT_OF_SPACE.iter().any(|out_of_space| message.contains(out_of_space))
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
