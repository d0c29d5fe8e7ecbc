//! The space for files, as responses show it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::refusal::StorageUse;

/// Storage of files: of a task force, or of the installation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StorageUsage)]
pub(super) struct StorageDocument {
    /// Size of the stored files in bytes.
    #[schema(minimum = 0, example = 48_213)]
    used_bytes: i64,
    /// Limit in bytes; null if there is no limit.
    #[schema(required, minimum = 0, example = 1_073_741_824)]
    limit_bytes: Option<i64>,
}

impl From<StorageUse> for StorageDocument {
    fn from(StorageUse { used, limit }: StorageUse) -> Self {
        Self { used_bytes: used, limit_bytes: limit }
    }
}
