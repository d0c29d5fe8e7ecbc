//! A receiver of webhooks: a server with TLS that answers as a test says, and remembers what it was sent.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use taskforce::app::webhooks::Webhooks;
use taskforce::delivery::https::Sender;
use taskforce::delivery::networks::Networks;

use super::certificates::Authority;
use super::{Setup, TestApp};

/// The host of all receivers.
const HOST: &str = "localhost";

/// How a receiver answers a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// With this status.
    Status(u16),
    /// With a status and a header `Location`.
    Redirect(String),
    /// Not at all, until the sender gives up.
    Hang,
    /// With the beginning of an answer, and the end of the connection.
    HalfAnAnswer,
    /// With the end of the connection in the middle of TLS.
    Nothing,
    /// With 200 and so many bytes.
    Long(usize),
}

/// A message as a receiver got it.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The `webhook-id`.
    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The sequence number of the event.
    pub(crate) fn seq(&self) -> i64 {
        self.json()["data"]["seq"].as_i64().unwrap_or_else(|| panic!("no event: {}", self.body))
    }
}

#[derive(Default)]
struct Shared {
    received: Vec<Received>,
    /// The next replies; then the receiver answers 204.
    replies: VecDeque<Reply>,
    /// The reply to everything, in the place of the list.
    always: Option<Reply>,
    bytes_sent: usize,
    stopped: bool,
}

/// A receiver. Dropping it closes its port.
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

impl Receiver {
    /// A receiver with a certificate of this authority.
    pub(crate) fn start(authority: &Authority) -> Self {
        Self::start_as(authority, HOST)
    }

    /// A receiver with a certificate for this host.
    pub(crate) fn start_as(authority: &Authority, host: &str) -> Self {
        let certificate = authority.certify(host);
        let chain = vec![CertificateDer::from_pem_slice(certificate.pem.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared: Arc<Mutex<Shared>> = Arc::default();
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if of_thread.lock().unwrap().stopped {
                    return;
                }
                let (Ok(stream), config, shared) = (stream, Arc::clone(&config), Arc::clone(&of_thread))
                else {
                    continue;
                };
                std::thread::spawn(move || serve(stream, config, &shared));
            }
        });
        Self { address, shared }
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{HOST}:{}{path}", self.address.port())
    }

    /// The replies to the next messages.
    pub(crate) fn replies(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.lock().unwrap().replies.extend(replies);
    }

    /// The reply to every message from now on; `None` for the usual one.
    pub(crate) fn always(&self, reply: Option<Reply>) {
        self.shared.lock().unwrap().always = reply;
    }

    /// What was received so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.lock().unwrap().received.clone()
    }

    /// The bytes of answers that senders took.
    pub(crate) fn bytes_sent(&self) -> usize {
        self.shared.lock().unwrap().bytes_sent
    }

    /// What was received, once it is as many messages.
    pub(crate) async fn reaches(&self, count: usize) -> Vec<Received> {
        let begun = Instant::now();
        loop {
            let received = self.received();
            if received.len() >= count {
                return received;
            }
            assert!(begun.elapsed() < Duration::from_secs(40), "{} of {count} messages", received.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Fails if a message beyond these arrives within a time that is long for the worker.
    pub(crate) async fn stays_at(&self, count: usize) {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(self.received().len(), count, "{:#?}", self.received());
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.lock().unwrap().stopped = true;
        drop(TcpStream::connect(self.address));
    }
}

/// Answers the requests of one connection.
fn serve(stream: TcpStream, config: Arc<ServerConfig>, shared: &Mutex<Shared>) {
    // Senders that hang up end the connection; a test sees what is missing.
    drop(answer_all(stream, config, shared));
}

fn answer_all(stream: TcpStream, config: Arc<ServerConfig>, shared: &Mutex<Shared>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    while let Some(received) = read(&mut stream)? {
        let reply = {
            let mut shared = shared.lock().unwrap();
            shared.received.push(received);
            let always = shared.always.clone();
            always.or_else(|| shared.replies.pop_front()).unwrap_or(Reply::Status(204))
        };
        match reply {
            Reply::Status(204) => stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?,
            Reply::Status(status) => {
                let head = format!("HTTP/1.1 {status} Status\r\nContent-Length: 2\r\n\r\nno");
                stream.write_all(head.as_bytes())?;
            }
            Reply::Redirect(to) => {
                let head = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(head.as_bytes())?;
            }
            Reply::Hang => {
                stream.read_exact(&mut [0])?;
            }
            Reply::HalfAnAnswer => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")?;
                stream.flush()?;
                return Ok(());
            }
            Reply::Nothing => return Ok(()),
            Reply::Long(length) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                stream.write_all(head.as_bytes())?;
                let part = [b'x'; 16 * 1024];
                for _ in 0..length / part.len() {
                    stream.write_all(&part)?;
                    shared.lock().unwrap().bytes_sent += part.len();
                }
            }
        }
        stream.flush()?;
    }
    Ok(())
}

/// Reads a request; `None` at the end of the connection.
fn read(stream: &mut impl Read) -> std::io::Result<Option<Received>> {
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let mut parsed = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut parsed);
        if let Ok(httparse::Status::Complete(head)) = request.parse(&bytes) {
            let headers: HeaderMap = request
                .headers
                .iter()
                .map(|header| {
                    let name = HeaderName::from_bytes(header.name.as_bytes()).unwrap();
                    (name, HeaderValue::from_bytes(header.value).unwrap())
                })
                .collect();
            let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
            if bytes.len() >= head + length {
                assert_eq!(request.method, Some("POST"));
                let body = String::from_utf8(bytes[head..head + length].to_vec()).unwrap();
                let path = request.path.unwrap().to_owned();
                return Ok(Some(Received { path, headers, body }));
            }
        }
        match stream.read(&mut part)? {
            0 => return Ok(None),
            read => bytes.extend_from_slice(&part[..read]),
        }
    }
}

/// The way to receivers of this authority on this machine.
pub(crate) fn webhooks_to(authority: &Authority) -> Webhooks {
    webhooks(&["127.0.0.0/8", "::1/128"], Some(authority))
}

/// The way to receivers in these networks beside the Internet.
pub(crate) fn webhooks(networks: &[&str], authority: Option<&Authority>) -> Webhooks {
    let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
    let authority = authority.map(|authority| authority.pem.as_bytes());
    let sender = Sender::new(Networks::with(networks), authority).unwrap();
    Webhooks { sender, form: taskforce::http::server::sent_event }
}

/// A service whose webhooks reach receivers of this authority.
pub(crate) async fn app_with(authority: &Authority) -> TestApp {
    TestApp::start_with(Setup { webhooks: Some(webhooks_to(authority)), ..Setup::default() }).await
}

/// Fails unless each event arrived, in order, and events that arrived again have the same `webhook-id`.
#[track_caller]
pub(crate) fn expect_in_order(received: &[Received], from: i64, to: i64) {
    let mut ids: BTreeMap<i64, &str> = BTreeMap::new();
    let mut first = Vec::new();
    for message in received {
        match ids.get(&message.seq()) {
            Some(id) => assert_eq!(*id, message.id(), "event {}", message.seq()),
            None => {
                ids.insert(message.seq(), message.id());
                first.push(message.seq());
            }
        }
    }
    assert_eq!(
        first,
        (from + 1..=to).collect::<Vec<_>>(),
        "{:?}",
        received.iter().map(Received::seq).collect::<Vec<_>>()
    );
}
