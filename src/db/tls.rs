//! TLS to Postgres: how far the server is verified.
//!
//! `sslmode` and `sslrootcert` of the connection URL mean what they mean to libpq. tokio-postgres knows only three of the
//! modes and leaves verification to the connector, so both parameters are taken out of the URL before it reads the rest.
//!
//! The URL is cut at its query, as tokio-postgres does, and not parsed by the `url` crate: that refuses URLs that libpq
//! takes, with several hosts (`h1:5432,h2:5433`) or with a user but no host (`user@/db?host=/socket`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode as DriverSslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::util::pem;

/// The values of `sslmode` that this service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SslMode {
    Disable,
    /// TLS if the server offers it, without verification.
    Prefer,
    /// TLS without verification.
    Require,
    /// TLS with a server whose certificate is signed by a trusted root.
    VerifyCa,
    /// As `VerifyCa`, and the certificate names the host.
    VerifyFull,
}

impl SslMode {
    fn parse(text: &str) -> Result<Self, TlsError> {
        Ok(match text {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return Err(TlsError::Mode),
        })
    }
}

/// A connection URL that can't be used. No message repeats the URL, which contains a password.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("sslmode is one of disable, prefer, require, verify-ca, verify-full")]
    Mode,
    /// The system's roots sign certificates for everybody: without the host name they prove nothing.
    #[error("sslrootcert=system goes with sslmode=verify-full only")]
    SystemRootsNeedVerifyFull,
    #[error("{} (sslrootcert): {cause}", .path.display())]
    Roots { path: PathBuf, cause: String },
    #[error("this system has no trusted certificates: name a file of them in sslrootcert")]
    NoSystemRoots,
    #[error("TLS can't be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// The parameters of a connection URL about TLS.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TlsParameters {
    mode: SslMode,
    /// The file of the trusted roots; `None` stands for the system's.
    roots: Option<PathBuf>,
}

impl TlsParameters {
    /// Takes `sslmode` and `sslrootcert` out of a connection URL; returns them with the rest of the URL.
    pub(super) fn take_from(url: &str) -> Result<(Self, String), TlsError> {
        let (rest, taken) = take_parameters(url);
        // As in libpq, the last of several values counts.
        let last = |name| taken.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let mode = last("sslmode").map(SslMode::parse).transpose()?;
        let parameters = match last("sslrootcert").filter(|path| !path.is_empty()) {
            Some("system") if mode.is_none_or(|wanted| wanted == SslMode::VerifyFull) => {
                Self { mode: SslMode::VerifyFull, roots: None }
            }
            Some("system") => return Err(TlsError::SystemRootsNeedVerifyFull),
            // As in libpq, `require` with a file of roots verifies the certificate.
            Some(path) if mode == Some(SslMode::Require) => {
                Self { mode: SslMode::VerifyCa, roots: Some(path.into()) }
            }
            path => Self { mode: mode.unwrap_or(SslMode::Prefer), roots: path.map(PathBuf::from) },
        };
        Ok((parameters, rest))
    }

    /// The mode in which tokio-postgres makes the connection; the connector verifies the server.
    pub(super) fn driver_mode(&self) -> DriverSslMode {
        match self.mode {
            SslMode::Disable => DriverSslMode::Disable,
            SslMode::Prefer => DriverSslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => DriverSslMode::Require,
        }
    }

    /// The TLS connector, which verifies the server as far as the mode asks for.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match self.mode {
            SslMode::Disable | SslMode::Prefer | SslMode::Require => {
                Arc::new(AcceptAnyCertificate(Arc::clone(&provider)))
            }
            SslMode::VerifyCa => Arc::new(SkipHostnameCheck(self.verifier(&provider)?)),
            SslMode::VerifyFull => self.verifier(&provider)?,
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
        let roots = Arc::new(self.roots.as_deref().map_or_else(system_roots, read_roots)?);
        WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
            .build()
            .map_err(|error| TlsError::Setup(rustls::Error::General(error.to_string())))
    }
}

fn read_roots(file: &Path) -> Result<RootCertStore, TlsError> {
    let unusable = |cause: String| TlsError::Roots { path: file.to_path_buf(), cause };
    let mut roots = RootCertStore::empty();
    for certificate in pem::read_certificates(file).map_err(unusable)? {
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    // A broken certificate among the system's is skipped, as long as others can be used.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoSystemRoots) } else { Ok(roots) }
}

/// Takes the two parameters out of a URL. Like tokio-postgres, this looks for the query behind the credentials, since a
/// password may contain a question mark.
fn take_parameters(url: &str) -> (String, Vec<(String, String)>) {
    let after_credentials = url.find('@').unwrap_or(0);
    let query = url.get(after_credentials..).and_then(|rest| rest.find('?')).map(|at| after_credentials + at);
    let Some((base, query)) = query.and_then(|at| Some((url.get(..at)?, url.get(at + 1..)?))) else {
        return (url.to_owned(), Vec::new());
    };
    let (mut rest, mut taken) = (Vec::new(), Vec::new());
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if matches!(key, "sslmode" | "sslrootcert") {
            taken.push((key.to_owned(), percent_decode_str(value).decode_utf8_lossy().into_owned()));
        } else {
            rest.push(pair);
        }
    }
    let rest = rest.join("&");
    (if rest.is_empty() { base.to_owned() } else { format!("{base}?{rest}") }, taken)
}

/// Accepts any certificate. The connection is encrypted, but a man in the middle is not noticed.
#[derive(Debug)]
pub struct AcceptAnyCertificate(Arc<CryptoProvider>);

impl Default for AcceptAnyCertificate {
    fn default() -> Self {
        Self(Arc::new(aws_lc_rs::default_provider()))
    }
}

impl ServerCertVerifier for AcceptAnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Accepts a certificate that is signed by a trusted root, whatever host it names.
#[derive(Debug)]
struct SkipHostnameCheck(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for SkipHostnameCheck {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};

        // The name is verified last: with this error, everything else is in order.
        match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(url: &str) -> (SslMode, Option<String>, String) {
        let (parameters, rest) = TlsParameters::take_from(url).unwrap();
        (parameters.mode, parameters.roots.map(|path| path.to_str().unwrap().to_owned()), rest)
    }

    #[test]
    fn the_mode_is_taken_out_of_a_url() {
        use SslMode::{Disable, Prefer, Require, VerifyCa, VerifyFull};

        let base = "postgresql://u:p@h:5432/d";
        for (query, mode, roots, rest) in [
            ("", Prefer, None, ""),
            ("?sslmode=disable", Disable, None, ""),
            ("?sslmode=verify-full&connect_timeout=3", VerifyFull, None, "?connect_timeout=3"),
            ("?a=b&sslmode=require", Require, None, "?a=b"),
            ("?sslmode=disable&sslmode=verify-ca", VerifyCa, None, ""),
            ("?sslrootcert=%2Fa%20b.pem&sslmode=verify-full", VerifyFull, Some("/a b.pem"), ""),
            ("?sslrootcert=/r.pem", Prefer, Some("/r.pem"), ""),
            ("?sslmode=require&sslrootcert=/r.pem", VerifyCa, Some("/r.pem"), ""),
            ("?sslrootcert=system", VerifyFull, None, ""),
        ] {
            let expected = (mode, roots.map(str::to_owned), format!("{base}{rest}"));
            assert_eq!(taken(&format!("{base}{query}")), expected, "{query}");
        }
        // A password may look like a query.
        let odd = "postgres://u:a?sslmode=disable@h/d?sslmode=require";
        assert_eq!(taken(odd), (Require, None, "postgres://u:a?sslmode=disable@h/d".to_owned()));
    }

    #[test]
    fn urls_that_only_libpq_takes_are_kept() {
        for (url, hosts) in [
            ("postgresql://u:p@h1:5432,h2:5433/d", 2),
            ("postgresql://u:p@/d?host=/var/run/postgresql", 1),
            ("postgresql://u:p@%2Fvar%2Frun%2Fpostgresql/d", 1),
        ] {
            let separator = if url.contains('?') { '&' } else { '?' };
            let (mode, _, rest) = taken(&format!("{url}{separator}sslmode=verify-full"));
            assert_eq!((mode, rest.as_str()), (SslMode::VerifyFull, url));
            let config: tokio_postgres::Config = rest.parse().unwrap();
            assert_eq!(config.get_hosts().len(), hosts, "{url}");
        }
    }

    #[test]
    fn what_can_not_be_meant_is_refused() {
        for url in [
            "postgresql://h?sslmode=verify_full",
            "postgresql://h?sslmode=",
            "postgresql://h?sslmode=Require",
            "postgresql://h?sslmode=allow",
            "postgresql://h?sslmode=verify-ca&sslrootcert=system",
        ] {
            assert!(TlsParameters::take_from(url).is_err(), "{url}");
        }
        let nowhere = TlsParameters { mode: SslMode::VerifyFull, roots: Some("/nowhere/root.pem".into()) };
        let said = nowhere.connector().err().unwrap().to_string();
        assert!(said.starts_with("/nowhere/root.pem (sslrootcert): "), "{said}");
    }
}
