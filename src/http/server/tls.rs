//! TLS of the listener.
//!
//! A renewed certificate is used without a restart: each handshake compares the files with their last known state and
//! reads them again after a change. Files that can't be used are logged, and the previous certificate stays in use.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;

use crate::util::pem;

/// A certificate or key that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate can't be used.
    #[error("{} (TASKFORCE_TLS_CERT_FILE): {cause}", .file.display())]
    Certificate {
        /// The file of the certificate.
        file: PathBuf,
        /// The reason.
        cause: String,
    },
    /// The key can't be used.
    #[error("{} (TASKFORCE_TLS_KEY_FILE): {cause}", .file.display())]
    Key {
        /// The file of the key.
        file: PathBuf,
        /// The reason.
        cause: String,
    },
    /// rustls refuses the configuration.
    #[error("TLS can't be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// TLS 1.2 and 1.3 with a certificate and a key from PEM files.
///
/// # Errors
/// A file that can't be read, or a key that doesn't belong to the certificate.
pub fn configure(certificate: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let files = CertificateFiles { certificate: certificate.to_path_buf(), key: key.to_path_buf() };
    let loaded = Loaded { stamps: files.stamps(), certified_key: files.load(&provider)? };
    let certificate =
        ReloadingCertificate { files, provider: Arc::clone(&provider), loaded: RwLock::new(loaded) };
    Ok(ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificate)))
}

#[derive(Debug)]
struct CertificateFiles {
    certificate: PathBuf,
    key: PathBuf,
}

/// Inode, size and time of change: they differ if the file was replaced or rewritten.
type FileStamp = Option<(u64, u64, i64, i64)>;

impl CertificateFiles {
    fn stamps(&self) -> [FileStamp; 2] {
        [&self.certificate, &self.key].map(|file| {
            let metadata = fs::metadata(file).ok()?;
            Some((metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
        })
    }

    fn load(&self, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
        let bad_certificate = |cause: String| TlsError::Certificate { file: self.certificate.clone(), cause };
        let bad_key = |cause: String| TlsError::Key { file: self.key.clone(), cause };
        let chain = pem::read_certificates(&self.certificate).map_err(bad_certificate)?;
        let key = pem::read_private_key(&self.key).map_err(bad_key)?;
        let certified_key = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => bad_key("this is not the certificate's key".to_owned()),
            rustls::Error::InvalidCertificate(error) => bad_certificate(error.to_string()),
            other => bad_key(other.to_string()),
        })?;
        Ok(Arc::new(certified_key))
    }
}

/// A certificate, and the state of its files when they were read.
#[derive(Debug)]
struct Loaded {
    stamps: [FileStamp; 2],
    certified_key: Arc<CertifiedKey>,
}

/// A certificate that is read again when its files change.
#[derive(Debug)]
struct ReloadingCertificate {
    files: CertificateFiles,
    provider: Arc<CryptoProvider>,
    loaded: RwLock<Loaded>,
}

impl ReloadingCertificate {
    fn current(&self) -> Arc<CertifiedKey> {
        let stamps = self.files.stamps();
        {
            let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
            if loaded.stamps == stamps {
                return Arc::clone(&loaded.certified_key);
            }
        }
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        if loaded.stamps != stamps {
            // One attempt per change is enough: if only one of the two files is new, the other one will change, too.
            loaded.stamps = stamps;
            match self.files.load(&self.provider) {
                Ok(certified_key) => {
                    tracing::info!("the certificate is renewed");
                    loaded.certified_key = certified_key;
                }
                Err(error) => tracing::warn!(%error, "the new certificate is not used"),
            }
        }
        Arc::clone(&loaded.certified_key)
    }
}

impl ResolvesServerCert for ReloadingCertificate {
    fn resolve(&self, _client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}
