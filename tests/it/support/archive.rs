//! Archives as tests read them.

use std::io::{Cursor, Read as _};

use serde_json::Value;
use zip::ZipArchive;

use super::client::Client;

/// An archive that was downloaded.
pub(crate) struct Downloaded {
    zip: ZipArchive<Cursor<Vec<u8>>>,
}

impl Downloaded {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
        Self { zip }
    }

    /// The names of the members, in their order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.zip.file_names().map(|name| name.unwrap().into_owned()).collect()
    }

    /// The content of a member.
    pub(crate) fn member(&mut self, name: &str) -> Vec<u8> {
        let mut content = Vec::new();
        let mut member = self.zip.by_name(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        member.read_to_end(&mut content).unwrap();
        content
    }

    /// The lines of a member.
    pub(crate) fn lines(&mut self, name: &str) -> Vec<Value> {
        let text = String::from_utf8(self.member(name)).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "{name}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The rows of a table.
    pub(crate) fn rows(&mut self, table: &str) -> Vec<Value> {
        self.lines(&format!("tables/{table}.jsonl"))
    }

    pub(crate) fn manifest(&mut self) -> Value {
        serde_json::from_slice(&self.member("manifest.json")).unwrap()
    }
}

/// Downloads an archive.
pub(crate) async fn download(client: Client<'_>, path: String) -> Downloaded {
    Downloaded::new(client.get(path).await.expect(200).body)
}
