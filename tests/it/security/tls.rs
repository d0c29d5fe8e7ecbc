//! TLS on the listener.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use serde_json::json;
use taskforce::http::server::Settings;
use taskforce::http::server::tls::configure;
use tempfile::TempDir;

use crate::support::certificates::{Authority, write};
use crate::support::{Setup, TestApp};

const HOST: &str = "taskforce.example";

struct Secure {
    app: TestApp,
    authority: Authority,
    dir: TempDir,
}

impl Secure {
    /// A service with a certificate for [`HOST`].
    async fn start() -> Self {
        let (authority, dir) = (Authority::new("city"), tempfile::tempdir().unwrap());
        let one = authority.certify(HOST);
        let (certificate, key) =
            (write(dir.path(), "cert.pem", &one.pem), write(dir.path(), "key.pem", &one.key));
        let adjust = Box::new(move |settings: &mut Settings| {
            settings.public_url = "http://not.said".to_owned();
            settings.tls = Some(configure(&certificate, &key).unwrap());
        });
        Self { app: TestApp::start_with(Setup { adjust, ..Setup::default() }).await, authority, dir }
    }

    fn client(&self, root: &str) -> reqwest::Client {
        let root = reqwest::Certificate::from_pem(root.as_bytes()).unwrap();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
        client.resolve(HOST, self.app.address()).build().unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("https://{HOST}:{}{path}", self.app.address().port())
    }

    /// Shakes hands in these protocols: the certificate that is shown, and the protocol that is chosen.
    async fn shake(&self, protocols: &[&str]) -> (Vec<u8>, String) {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.authority.pem.as_bytes()).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|one| one.as_bytes().to_vec()).collect();
        let address = self.app.address();
        tokio::task::spawn_blocking(move || shake(address, config)).await.unwrap()
    }
}

fn shake(address: SocketAddr, config: ClientConfig) -> (Vec<u8>, String) {
    let mut client = ClientConnection::new(Arc::new(config), HOST.try_into().unwrap()).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    while client.is_handshaking() {
        client.complete_io(&mut stream).unwrap();
    }
    let protocol = String::from_utf8(client.alpn_protocol().unwrap_or_default().to_vec()).unwrap();
    (client.peer_certificates().unwrap()[0].to_vec(), protocol)
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

#[tokio::test]
async fn with_a_certificate_it_speaks_tls_and_nothing_else() {
    let secure = Secure::start().await;
    let client = secure.client(&secure.authority.pem);
    let answer = client.get(secure.url("/health/ready")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=63072000");
    let credentials = json!({ "email": "nobody@city.example", "password": "x" });
    let refused = client.post(secure.url("/v1/auth/login")).json(&credentials).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["strict-transport-security"], "max-age=63072000");

    let stranger = secure.client(&Authority::new("elsewhere").pem);
    assert!(stranger.get(secure.url("/health/live")).send().await.is_err(), "any authority is believed");
    let plain = reqwest::get(format!("http://{}/health/live", secure.app.address())).await;
    assert!(plain.is_err_and(|error| !error.is_builder()), "the service answers without TLS");

    assert_eq!(secure.shake(&["h2", "http/1.1"]).await.1, "http/1.1");
    assert_eq!(secure.shake(&["http/1.1"]).await.1, "http/1.1");
    assert_eq!(secure.shake(&[]).await.1, "");
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_never() {
    let secure = Secure::start().await;
    let shown = async || secure.shake(&[]).await.0;
    let first = shown().await;
    let renewed = secure.authority.certify(HOST);
    // As certificates are renewed: one file after the other. Half of a pair is not used.
    write(secure.dir.path(), "cert.pem", &renewed.pem);
    assert_eq!(shown().await, first);
    write(secure.dir.path(), "key.pem", &renewed.key);
    assert_eq!(shown().await, der(&renewed.pem));
    write(secure.dir.path(), "cert.pem", "broken");
    assert_eq!(shown().await, der(&renewed.pem));
    std::fs::remove_file(secure.dir.path().join("key.pem")).unwrap();
    assert_eq!(shown().await, der(&renewed.pem));
}

#[test]
fn an_unusable_certificate_is_reported_with_its_file_and_setting() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new("city");
    let (one, other) = (authority.certify(HOST), authority.certify(HOST));
    let certificate = write(dir.path(), "cert.pem", &one.pem);
    let key = write(dir.path(), "key.pem", &one.key);
    let others = write(dir.path(), "other.pem", &other.key);
    let empty = write(dir.path(), "empty.pem", "");
    let nowhere = dir.path().join("nowhere.pem");
    configure(&certificate, &key).unwrap();
    for (certificate, key, file, says) in [
        (&nowhere, &key, "nowhere.pem (TASKFORCE_TLS_CERT_FILE): ", "No such file"),
        (&certificate, &nowhere, "nowhere.pem (TASKFORCE_TLS_KEY_FILE): ", "No such file"),
        (&empty, &key, "empty.pem (TASKFORCE_TLS_CERT_FILE): ", "no certificate"),
        (&certificate, &empty, "empty.pem (TASKFORCE_TLS_KEY_FILE): ", "no private key"),
        (&key, &key, "key.pem (TASKFORCE_TLS_CERT_FILE): ", "no certificate"),
        (&certificate, &certificate, "cert.pem (TASKFORCE_TLS_KEY_FILE): ", "no private key"),
        (&certificate, &others, "other.pem (TASKFORCE_TLS_KEY_FILE): ", "not the certificate's key"),
    ] {
        let said = configure(certificate, key).unwrap_err().to_string();
        assert!(said.contains(file) && said.contains(says) && said.lines().count() == 1, "{said}");
    }
}
