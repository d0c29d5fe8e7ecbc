//! TLS on the listener.
//!
//! Certificates live for weeks: the files are looked at with every handshake, and read again when they have changed,
//! so that a new one needs no restart. One that can't be used is told in the log, and the old one stays.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, pem};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;

use crate::db::pem::{describe, read_certificates};

/// A certificate or key that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate.
    #[error("{} (TASKFORCE_TLS_CERT_FILE): {cause}", .file.display())]
    Certificate {
        /// Its file.
        file: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The key.
    #[error("{} (TASKFORCE_TLS_KEY_FILE): {cause}", .file.display())]
    Key {
        /// Its file.
        file: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// TLS itself is out of order.
    #[error("TLS can't be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// TLS 1.2 and 1.3 with the certificate and the key in these files (PEM).
///
/// # Errors
/// A file that can't be read, or a key that is not the certificate's.
pub fn configure(certificate: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let files = Files { certificate: certificate.to_path_buf(), key: key.to_path_buf() };
    let kept = Kept { stamps: files.stamps(), certified: files.load(&provider)? };
    let renewed = Renewed { files, provider: Arc::clone(&provider), kept: RwLock::new(kept) };
    Ok(ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(renewed)))
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// By what a changed file is told: a new file under its name, or new content in it.
type Stamp = Option<(u64, u64, i64, i64)>;

impl Files {
    fn stamps(&self) -> [Stamp; 2] {
        [&self.certificate, &self.key].map(|file| {
            let found = fs::metadata(file).ok()?;
            Some((found.ino(), found.size(), found.mtime(), found.mtime_nsec()))
        })
    }

    fn load(&self, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
        let bad_certificate = |cause: String| TlsError::Certificate { file: self.certificate.clone(), cause };
        let bad_key = |cause: String| TlsError::Key { file: self.key.clone(), cause };
        let chain = read_certificates(&self.certificate).map_err(bad_certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| {
            bad_key(match error {
                pem::Error::NoItemsFound => "it holds no private key in PEM".to_owned(),
                other => describe(&other),
            })
        })?;
        let certified = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => bad_key("it is not the certificate's key".to_owned()),
            rustls::Error::InvalidCertificate(error) => bad_certificate(error.to_string()),
            other => bad_key(other.to_string()),
        })?;
        Ok(Arc::new(certified))
    }
}

#[derive(Debug)]
struct Kept {
    stamps: [Stamp; 2],
    certified: Arc<CertifiedKey>,
}

/// The certificate as its files are now.
#[derive(Debug)]
struct Renewed {
    files: Files,
    provider: Arc<CryptoProvider>,
    kept: RwLock<Kept>,
}

impl Renewed {
    fn now(&self) -> Arc<CertifiedKey> {
        let stamps = self.files.stamps();
        {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            if kept.stamps == stamps {
                return Arc::clone(&kept.certified);
            }
        }
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.stamps != stamps {
            // Tried once for each change: a pair of which only one half is there yet changes again.
            kept.stamps = stamps;
            match self.files.load(&self.provider) {
                Ok(certified) => {
                    tracing::info!("the certificate is renewed");
                    kept.certified = certified;
                }
                Err(error) => tracing::warn!(%error, "the new certificate is not used"),
            }
        }
        Arc::clone(&kept.certified)
    }
}

impl ResolvesServerCert for Renewed {
    fn resolve(&self, _client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now())
    }
}
