//! The structure of the code and of the schema: floors, catalogues, named constraints, guides, costs of reads.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

mod arabic;
mod catalogues;
mod doc_comments;
mod guides;
mod ids;
mod layers;
mod notices;
mod output;
mod queries;
mod reads;
mod schema;
mod sentences;
mod tables;
mod tokens;
mod words;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of the files below a folder of the repository, by their path from it.
fn texts(folder: &str) -> BTreeMap<String, String> {
    let top = root().join(folder);
    let mut texts = BTreeMap::new();
    let mut folders = vec![top.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            let name = path.strip_prefix(&top).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                // Packages that another language has installed.
                if !path.ends_with("node_modules") && !path.ends_with("venv") {
                    folders.push(path);
                }
            } else if let Ok(text) = fs::read_to_string(&path) {
                texts.insert(name, text);
            }
        }
    }
    assert!(!texts.is_empty());
    texts
}

/// The Rust files below a folder.
fn rust_files(folder: &str) -> BTreeMap<String, String> {
    texts(folder).into_iter().filter(|(name, _)| name.ends_with(".rs")).collect()
}
