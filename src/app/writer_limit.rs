//! Limits how many writers of one task force hold or wait for a connection, so that a busy task force cannot take
//! every connection of the pool.

use uuid::Uuid;

use super::{Error, Result};
use crate::db::pool::ACQUIRE_TIMEOUT;

/// Writers of one task force that may hold or wait for a connection at the same time. The lock of the task force
/// makes them work one after the other in any case.
const WRITERS: usize = 2;

/// Task forces share this many slots, chosen by their ids. The number is large enough that two busy task forces
/// seldom share one.
const SLOTS: usize = 256;

/// The per-task-force writer limit.
#[derive(Debug)]
pub(super) struct WriterLimit(Vec<tokio::sync::Semaphore>);

impl Default for WriterLimit {
    fn default() -> Self {
        Self((0..SLOTS).map(|_| tokio::sync::Semaphore::new(WRITERS)).collect())
    }
}

impl WriterLimit {
    /// Waits until another writer of this task force may begin.
    pub(super) async fn acquire(&self, task_force_id: Uuid) -> Result<tokio::sync::SemaphorePermit<'_>> {
        // The last bytes of a UUID are random in every version that the service makes.
        let [.., high, low] = *task_force_id.as_bytes();
        let slot = usize::from(u16::from_be_bytes([high, low])) % SLOTS;
        let writers = self.0.get(slot).ok_or_else(|| Error::internal("the writer limit has no such slot"))?;
        match tokio::time::timeout(ACQUIRE_TIMEOUT, writers.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Error::Unavailable("too many wait for this task force's lock".to_owned())),
        }
    }
}
