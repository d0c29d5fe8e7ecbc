//! Certificates in PEM files: the roots that vouch for the database, and the certificate of the listener.
//!
//! The floor of the database is the lowest that both readers may import.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};

/// Reads the certificates of a PEM file, at least one.
///
/// # Errors
/// A sentence that says why the file can't be used, without its name.
pub fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> = certificates.map_err(|error| describe(&error))?;
    if certificates.is_empty() {
        return Err("it holds no certificate in PEM".to_owned());
    }
    Ok(certificates)
}

/// The error of a PEM file in plain words.
pub fn describe(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}
