//! Archives as tests read them.

use std::io::{Cursor, Read as _, Write as _};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

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

/// The members of an archive, so that tests can change them.
pub(crate) struct Members(pub(crate) Vec<(String, Vec<u8>)>);

impl Members {
    /// All members but the manifest.
    pub(crate) fn of(archive: &mut Downloaded) -> Self {
        let names = archive.names().into_iter().filter(|name| name != "manifest.json");
        Self(names.map(|name| (name.clone(), archive.member(&name))).collect())
    }

    /// The content of a member.
    pub(crate) fn content(&mut self, name: &str) -> &mut Vec<u8> {
        let found = self.0.iter_mut().find(|(member, _)| member == name);
        &mut found.unwrap_or_else(|| panic!("no {name}")).1
    }

    /// Replaces the only place of a text in a member.
    pub(crate) fn replace(&mut self, name: &str, from: &str, to: &str) {
        let content = self.content(name);
        let text = String::from_utf8(content.clone()).unwrap();
        assert!(text.contains(from), "{name}: {from}");
        *content = text.replacen(from, to, 1).into_bytes();
    }

    /// The manifest, made to fit the members.
    pub(crate) fn fitted(&self, manifest: &Value) -> Value {
        let mut fitted = manifest.clone();
        let files = self.0.iter().map(|(path, content)| {
            json!({ "path": path, "bytes": content.len(), "sha256": hex::encode(Sha256::digest(content)) })
        });
        fitted["files"] = files.collect();
        for (path, content) in &self.0 {
            if let Some(table) = path.strip_prefix("tables/").and_then(|name| name.strip_suffix(".jsonl")) {
                fitted["counts"][table] = json!(content.iter().filter(|byte| **byte == b'\n').count());
            }
        }
        fitted
    }

    /// An archive of these members and a manifest.
    pub(crate) fn packed(&self, manifest: &Value) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let manifest = ("manifest.json".to_owned(), manifest.to_string().into_bytes());
        for (name, content) in self.0.iter().chain([&manifest]) {
            zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }
}
