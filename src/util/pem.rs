//! Certificates and keys in PEM files, with errors that say what is wrong with the file.

use std::path::Path;

use rustls::pki_types::pem::{Error, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// All certificates in a file; at least one.
///
/// # Errors
/// A file that can't be read or contains no certificate.
pub(crate) fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> = certificates.map_err(|error| message(&error))?;
    if certificates.is_empty() {
        return Err("the file contains no certificate in PEM".to_owned());
    }
    Ok(certificates)
}

/// The private key in a file.
///
/// # Errors
/// A file that can't be read or contains no private key.
pub(crate) fn read_private_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| match error {
        Error::NoItemsFound => "the file contains no private key in PEM".to_owned(),
        error => message(&error),
    })
}

/// Without the prefix that the crate adds to errors of the file system.
fn message(error: &Error) -> String {
    match error {
        Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}
