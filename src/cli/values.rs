//! Values of settings that several groups of settings have.

use std::fs;
use std::path::Path;

use secrecy::SecretString;

use super::Failure;

/// A secret that is not empty.
pub(super) fn secret(text: &str) -> Result<SecretString, String> {
    if text.is_empty() { Err("the value is empty".to_owned()) } else { Ok(text.to_owned().into()) }
}

/// The content of the file that a setting names.
pub(super) fn read(file: &Path, setting: &str) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| Failure::setting(format!("{} ({setting}): {error}", file.display())))
}
