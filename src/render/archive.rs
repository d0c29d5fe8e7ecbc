//! The archive of a task force: a ZIP file whose last member, the manifest, names every other member with its hash.
//!
//! The layout is a contract with people who open the file years later, and is described in docs/archive.md, which the
//! archive contains. An archive is written and read member by member, so that neither side holds more than one slice of
//! it in memory.

pub mod reader;
pub mod verification;
pub mod writer;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::text::LocalizedText;

/// The format that the manifest names.
pub const FORMAT: &str = "taskforce-archive";

/// The version of the layout.
pub const FORMAT_VERSION: u32 = 1;

/// The member that names all others, and is written last.
pub const MANIFEST: &str = "manifest.json";

/// The member with the people whom the rows name.
pub const PEOPLE: &str = "people.jsonl";

/// The description of the layout, for people who open the file without the service.
pub const README: [(&str, &str); 2] = [
    ("README.md", include_str!("../../docs/archive.md")),
    ("README.ar.md", include_str!("../../docs/archive.ar.md")),
];

/// The most members of an archive, so that the directory of an archive fits into memory.
pub const MOST_MEMBERS: usize = 100_000;

/// The member with the rows of a table.
pub fn table_path(table: &str) -> String {
    format!("tables/{table}.jsonl")
}

/// The table whose rows a member contains.
pub fn table_of(path: &str) -> Option<&str> {
    path.strip_prefix("tables/")?.strip_suffix(".jsonl")
}

/// The last member of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    #[serde(flatten)]
    pub contents: Contents,
    /// Every other member, in the order in which the members were written.
    pub files: Vec<ArchivedFile>,
}

/// The description of an archive in its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contents {
    /// Always [`FORMAT`].
    pub format: String,
    /// The [`FORMAT_VERSION`] that the archive was written in.
    pub format_version: u32,
    /// The version of the service that wrote the archive.
    pub service_version: String,
    /// The last migration of the schema whose tables the archive contains.
    pub schema_version: String,
    /// The instant as of which the archive was made.
    pub as_of: DateTime<Utc>,
    pub task_force: ArchivedTaskForce,
    pub head: ArchivedHead,
    /// The number of rows of each table, and of people.
    pub counts: BTreeMap<String, u64>,
}

/// The task force of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArchivedTaskForce {
    pub id: Uuid,
    pub name: LocalizedText,
}

/// The head of the event chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArchivedHead {
    /// The sequence number of the last event.
    pub seq: i64,
    /// The hash of the last event, in hexadecimal.
    pub hash: String,
}

/// A member of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArchivedFile {
    /// The name of the member, with slashes between folders.
    pub path: String,
    /// The size without compression.
    pub bytes: u64,
    /// The SHA-256 of the content, in hexadecimal.
    pub sha256: String,
}

#[cfg(test)]
mod sample {
    use super::*;

    /// Contents of an archive without rows.
    pub(super) fn contents() -> Contents {
        Contents {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            service_version: "0.1.0".to_owned(),
            schema_version: "2026".to_owned(),
            as_of: "2026-11-28T09:30:12Z".parse().unwrap(),
            task_force: ArchivedTaskForce { id: Uuid::nil(), name: LocalizedText::both("أ", "A") },
            head: ArchivedHead { seq: 1, hash: "00".to_owned() },
            counts: BTreeMap::new(),
        }
    }
}
