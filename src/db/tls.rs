//! TLS to Postgres: how far the server is trusted.
//!
//! `sslmode` and `sslrootcert` of the address mean what they mean to libpq. tokio-postgres knows three of the modes
//! and leaves the trust to the connector, so both are taken out of the address before it reads the rest.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How far the server is trusted, in the words of libpq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// No TLS.
    Disable,
    /// TLS if the server has it, whoever it is.
    Prefer,
    /// TLS, whoever the server is.
    Require,
    /// TLS with a server whose certificate leads to a trusted root.
    VerifyCa,
    /// The same, and the certificate names the host.
    VerifyFull,
}

impl Mode {
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

    /// How the connection is made; who is at its other end is for the connector to judge.
    pub(super) fn wire(self) -> SslMode {
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::VerifyCa | Self::VerifyFull => SslMode::Require,
        }
    }
}

/// What the address asks for that can't be had. None of these repeats the address: it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No such mode.
    #[error("sslmode is one of disable, prefer, require, verify-ca, verify-full")]
    Mode,
    /// The system's roots vouch for half the world: without the name they prove nothing.
    #[error("sslrootcert=system goes with sslmode=verify-full only")]
    System,
    /// The file of the roots can't be used.
    #[error("{} (sslrootcert): {cause}", .path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The system has no roots.
    #[error("this system has no trusted certificates: name a file of them in sslrootcert")]
    NoRoots,
    /// TLS itself is out of order.
    #[error("TLS can't be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// What an address says about TLS.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TlsMode {
    mode: Mode,
    roots: Option<PathBuf>,
}

impl TlsMode {
    /// Takes `sslmode` and `sslrootcert` out of an address, and answers what is left of that.
    pub(super) fn take_from(address: &str) -> Result<(Self, String), TlsError> {
        let (rest, taken) = if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            take_from_url(address)
        } else {
            take_from_pairs(address)
        };
        // As everywhere in libpq, the last word counts.
        let last = |name| taken.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let mode = last("sslmode").map(Mode::parse).transpose()?;
        let trust = match last("sslrootcert").filter(|path| !path.is_empty()) {
            Some("system") if mode.is_none_or(|mode| mode == Mode::VerifyFull) => {
                Self { mode: Mode::VerifyFull, roots: None }
            }
            Some("system") => return Err(TlsError::System),
            // As in libpq: whoever names a root wants it looked at.
            Some(path) if mode == Some(Mode::Require) => {
                Self { mode: Mode::VerifyCa, roots: Some(path.into()) }
            }
            roots => Self { mode: mode.unwrap_or(Mode::Prefer), roots: roots.map(PathBuf::from) },
        };
        Ok((trust, rest))
    }

    /// How the connection is made.
    pub(super) fn wire(&self) -> SslMode {
        self.mode.wire()
    }

    /// What connects.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match self.mode {
            Mode::Disable | Mode::Prefer | Mode::Require => {
                Arc::new(AcceptAnyCertificate(Arc::clone(&provider)))
            }
            Mode::VerifyCa => Arc::new(SkipHostnameCheck(self.verifier(&provider)?)),
            Mode::VerifyFull => self.verifier(&provider)?,
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
        let roots = Arc::new(self.roots.as_deref().map_or_else(system_roots, roots_in)?);
        WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
            .build()
            .map_err(|error| TlsError::Setup(rustls::Error::General(error.to_string())))
    }
}

fn roots_in(file: &Path) -> Result<RootCertStore, TlsError> {
    let unusable = |cause: String| TlsError::Roots { path: file.to_path_buf(), cause };
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unusable(plain(&error)))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(plain(&error)))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("it holds no certificate in PEM".to_owned())) } else { Ok(roots) }
}

/// A fault of a PEM file, as a person says it.
fn plain(error: &rustls::pki_types::pem::Error) -> String {
    match error {
        rustls::pki_types::pem::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn system_roots() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    // One that is broken is the system's affair, as long as there are others.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoRoots) } else { Ok(roots) }
}

/// Takes the two parameters out of a URL. Where its query begins is found as tokio-postgres finds it.
fn take_from_url(url: &str) -> (String, Vec<(String, String)>) {
    let after_credentials = url.find('@').unwrap_or(0);
    let query = url.get(after_credentials..).and_then(|rest| rest.find('?')).map(|at| after_credentials + at);
    let Some((base, query)) = query.and_then(|at| Some((url.get(..at)?, url.get(at + 1..)?))) else {
        return (url.to_owned(), Vec::new());
    };
    let (mut kept, mut taken) = (Vec::new(), Vec::new());
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if is_ours(key) {
            taken.push((key.to_owned(), percent_decode_str(value).decode_utf8_lossy().into_owned()));
        } else {
            kept.push(pair);
        }
    }
    let kept = kept.join("&");
    (if kept.is_empty() { base.to_owned() } else { format!("{base}?{kept}") }, taken)
}

/// Takes the two parameters out of `key = value` pairs, whose values may be quoted.
fn take_from_pairs(pairs: &str) -> (String, Vec<(String, String)>) {
    let (mut kept, mut taken) = (String::new(), Vec::new());
    let mut rest = pairs;
    while let Some((key, after)) = rest.split_once('=') {
        let (value, length) = value_at(after.trim_start());
        let end = rest.len() - after.trim_start().len() + length;
        let (pair, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if is_ours(key.trim()) {
            taken.push((key.trim().to_owned(), value));
        } else {
            kept.push_str(pair);
            kept.push(' ');
        }
        rest = behind;
    }
    // What is no pair at all is for tokio-postgres to refuse.
    kept.push_str(rest);
    (kept, taken)
}

/// The value that a text begins with, and its length as it is written.
fn value_at(text: &str) -> (String, usize) {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut letters = text.char_indices().skip(usize::from(quoted));
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\'' if quoted => return (value, at + 1),
            ' ' | '\t' | '\n' | '\r' if !quoted => return (value, at),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            _ => value.push(letter),
        }
    }
    (value, text.len())
}

fn is_ours(key: &str) -> bool {
    matches!(key, "sslmode" | "sslrootcert")
}

/// Trusts any certificate: keeps out who only listens, not who stands in between.
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

/// Trusts a certificate that leads to a root, whomever it names.
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

        // The name is looked at last: only it can still be wrong then.
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

    fn taken(address: &str) -> (Mode, Option<String>, String) {
        let (trust, rest) = TlsMode::take_from(address).unwrap();
        (trust.mode, trust.roots.map(|path| path.to_str().unwrap().to_owned()), rest)
    }

    #[test]
    fn the_mode_is_taken_out_of_a_url() {
        let base = "postgresql://u:p@h:5432/d";
        for (query, mode, roots, rest) in [
            ("", Mode::Prefer, None, ""),
            ("?sslmode=disable", Mode::Disable, None, ""),
            ("?sslmode=verify-full&connect_timeout=3", Mode::VerifyFull, None, "?connect_timeout=3"),
            ("?a=b&sslmode=require", Mode::Require, None, "?a=b"),
            ("?sslmode=disable&sslmode=verify-ca", Mode::VerifyCa, None, ""),
            ("?sslrootcert=%2Fa%20b.pem&sslmode=verify-full", Mode::VerifyFull, Some("/a b.pem"), ""),
            ("?sslrootcert=/r.pem", Mode::Prefer, Some("/r.pem"), ""),
            ("?sslmode=require&sslrootcert=/r.pem", Mode::VerifyCa, Some("/r.pem"), ""),
            ("?sslrootcert=system", Mode::VerifyFull, None, ""),
        ] {
            let expected = (mode, roots.map(str::to_owned), format!("{base}{rest}"));
            assert_eq!(taken(&format!("{base}{query}")), expected, "{query}");
        }
        // A password may look like a query.
        let odd = "postgres://u:a?sslmode=disable@h/d?sslmode=require";
        assert_eq!(taken(odd), (Mode::Require, None, "postgres://u:a?sslmode=disable@h/d".to_owned()));
    }

    #[test]
    fn the_mode_is_taken_out_of_pairs() {
        for (pairs, mode, roots, rest) in [
            ("host=h user=u", Mode::Prefer, None, "host=h user=u"),
            ("host=h sslmode=verify-ca user=u", Mode::VerifyCa, None, "host=h user=u"),
            (
                "sslmode = 'verify-full' sslrootcert='/a\\'b c.pem' host=h",
                Mode::VerifyFull,
                Some("/a'b c.pem"),
                "host=h",
            ),
            (
                "password='a sslmode=disable' host=h sslmode=require",
                Mode::Require,
                None,
                "password='a sslmode=disable' host=h",
            ),
        ] {
            let (found, found_roots, left) = taken(pairs);
            let left = left.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!((found, found_roots.as_deref(), left.as_str()), (mode, roots, rest), "{pairs}");
            left.parse::<tokio_postgres::Config>().unwrap();
        }
    }

    #[test]
    fn what_can_not_be_meant_is_refused() {
        for address in [
            "postgresql://h?sslmode=verify_full",
            "postgresql://h?sslmode=",
            "host=h sslmode=Require",
            "postgresql://h?sslmode=allow",
            "postgresql://h?sslmode=verify-ca&sslrootcert=system",
        ] {
            assert!(TlsMode::take_from(address).is_err(), "{address}");
        }
        let nowhere = TlsMode { mode: Mode::VerifyFull, roots: Some("/nowhere/root.pem".into()) };
        let said = nowhere.connector().err().unwrap().to_string();
        assert!(said.starts_with("/nowhere/root.pem (sslrootcert): "), "{said}");
    }
}
