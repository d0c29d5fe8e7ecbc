//! A mail server (mailin), which answers as a test says, and the e-mails that it has taken as an independent reader
//! (mail-parser) understands them.

use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mail_parser::{HeaderName, MessageParser};
use mailin_embedded::{AuthMechanism, Handler, Response, Server, SslConfig, response};
use taskforce::app::emails::Mailing;
use taskforce::delivery::smtp::{MailServer, Sender};

use super::app::ISSUER;
use super::certificates::{self, Authority};
use super::{Setup, TestApp};

/// The sender of all e-mails.
pub(crate) const SENDER: &str = "Smart City <taskforce@city.example>";

/// A reply to the command RCPT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Take,
    Refuse(u16, &'static str),
    /// No reply before the test says another one.
    Hang,
}

/// An e-mail that the server has taken.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// The address of the command RCPT.
    pub(crate) recipient: String,
    pub(crate) raw: String,
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    /// The replies to recipients: the last one that fits counts.
    replies: Mutex<Vec<(String, Reply)>>,
    /// The replies to the end of a message.
    at_the_end: Mutex<Option<(u16, &'static str)>>,
    /// The commands RCPT, whether or not they were taken.
    attempts: Mutex<Vec<String>>,
}

/// The server.
pub(crate) struct TestMailServer {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

#[derive(Clone)]
struct Session {
    shared: Arc<Shared>,
    recipient: String,
    message: Vec<u8>,
    password: Option<&'static str>,
}

impl Handler for Session {
    fn mail(&mut self, _: IpAddr, _: &str, from: &str) -> Response {
        assert_eq!(from, "taskforce@city.example");
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        self.recipient = to.to_owned();
        self.shared.attempts.lock().unwrap().push(to.to_owned());
        loop {
            let replies = self.shared.replies.lock().unwrap().clone();
            let found = replies.iter().rev().find(|(address, _)| address == "*" || address == to);
            match found.map(|(_, reply)| reply) {
                None | Some(Reply::Take) => return response::OK,
                Some(Reply::Refuse(code, text)) => return Response::custom(*code, (*text).to_owned()),
                Some(Reply::Hang) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    fn data_start(&mut self, _: &str, _: &str, _: bool, _: &[String]) -> Response {
        self.message.clear();
        response::OK
    }

    fn data(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.message.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        if let Some((code, text)) = *self.shared.at_the_end.lock().unwrap() {
            return Response::custom(code, text.to_owned());
        }
        let raw = String::from_utf8(std::mem::take(&mut self.message)).unwrap();
        self.shared.received.lock().unwrap().push(Received { recipient: self.recipient.clone(), raw });
        response::OK
    }

    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        if user == "taskforce" && Some(password) == self.password {
            response::AUTH_OK
        } else {
            response::INVALID_CREDENTIALS
        }
    }
}

impl TestMailServer {
    /// A server without TLS.
    pub(crate) fn start() -> Self {
        Self::at(TcpListener::bind("127.0.0.1:0").unwrap(), SslConfig::None, None)
    }

    /// A server on a port on which none has listened before.
    pub(crate) fn start_at(port: u16) -> Self {
        Self::at(TcpListener::bind(("127.0.0.1", port)).unwrap(), SslConfig::None, None)
    }

    /// A server that asks for TLS (STARTTLS) and a password; returns the certificates that clients trust.
    pub(crate) fn with_tls(password: &'static str) -> (Self, String) {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::new("Mail");
        let certificate = authority.certify("localhost");
        let path =
            |name, text: &str| certificates::write(dir.path(), name, text).to_str().unwrap().to_owned();
        let ssl = SslConfig::SelfSigned {
            cert_path: path("certificate.pem", &certificate.pem),
            key_path: path("key.pem", &certificate.key),
        };
        let server = Self::at(TcpListener::bind("127.0.0.1:0").unwrap(), ssl, Some(password));
        (server, authority.pem)
    }

    fn at(listener: TcpListener, ssl: SslConfig, password: Option<&'static str>) -> Self {
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::<Shared>::default();
        let session =
            Session { shared: Arc::clone(&shared), recipient: String::new(), message: Vec::new(), password };
        let mut server = Server::new(session);
        server.with_name("mail.test").with_num_threads(16).with_tcp_listener(listener);
        server.with_ssl(ssl).unwrap();
        if password.is_some() {
            server.with_auth(AuthMechanism::Plain);
        }
        // The thread ends with the process: the server has no stop.
        std::thread::spawn(move || drop(server.serve()));
        Self { port, shared }
    }

    /// E-mail through this server.
    pub(crate) fn mailing(&self) -> Mailing {
        mailing(&format!("smtp://127.0.0.1:{}?tls=none", self.port), None)
    }

    /// Answers RCPT for an address, or for all by `*`, from now on.
    pub(crate) fn reply(&self, address: &str, reply: Reply) {
        self.shared.replies.lock().unwrap().push((address.to_owned(), reply));
    }

    /// Answers the end of each message with an error from now on.
    pub(crate) fn reply_at_the_end(&self, reply: Option<(u16, &'static str)>) {
        *self.shared.at_the_end.lock().unwrap() = reply;
    }

    /// The e-mails taken so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// The number of the commands RCPT for an address.
    pub(crate) fn attempts(&self, address: &str) -> usize {
        self.shared.attempts.lock().unwrap().iter().filter(|to| *to == address).count()
    }

    /// Waits until the server has taken this many e-mails for an address, and returns them.
    pub(crate) async fn wait_for(&self, address: &str, number: usize) -> Vec<Received> {
        let find = || {
            let mut received = self.received();
            received.retain(|email| email.recipient == address);
            received
        };
        wait_until(&format!("{number} e-mails for {address}"), || find().len() >= number).await;
        find()
    }

    /// Waits until an address was tried this many times.
    pub(crate) async fn wait_for_attempts(&self, address: &str, number: usize) {
        let what = format!("{number} attempts for {address}");
        wait_until(&what, || self.attempts(address) >= number).await;
    }
}

/// A service with e-mail, whose people were told of everything that has happened so far.
pub(crate) async fn start_with(mailing: Mailing) -> TestApp {
    let app = TestApp::start_with(Setup { mail: Some(mailing), ..Setup::default() }).await;
    let told = "insert into notification_cursors (task_force_id, seq) select task_force_id, seq from task_force_heads
        on conflict (task_force_id) do update set seq = excluded.seq";
    app.db().await.batch_execute(told).await.unwrap();
    app
}

/// E-mail through a mail server at an address.
pub(crate) fn mailing(url: &str, roots: Option<&str>) -> Mailing {
    let server = MailServer::new(url, roots).unwrap();
    Mailing::new(server, Sender::parse(SENDER).unwrap(), ISSUER.to_owned())
}

/// E-mail through a server that is never there.
pub(crate) fn nowhere() -> Mailing {
    mailing("smtp://127.0.0.1:9?tls=none", None)
}

/// Waits for something that happens outside of the test.
pub(crate) async fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Received {
    fn parsed(&self) -> mail_parser::Message<'_> {
        MessageParser::default().parse(self.raw.as_bytes()).unwrap()
    }

    pub(crate) fn subject(&self) -> String {
        self.parsed().subject().unwrap().to_owned()
    }

    pub(crate) fn text(&self) -> String {
        self.parsed().body_text(0).unwrap().into_owned()
    }

    pub(crate) fn html(&self) -> String {
        self.parsed().body_html(0).unwrap().into_owned()
    }

    /// The name and the address in the header To.
    pub(crate) fn to(&self) -> (String, String) {
        let message = self.parsed();
        let to = message.to().unwrap().first().unwrap();
        (to.name().unwrap().to_owned(), to.address().unwrap().to_owned())
    }

    /// A header as it is in the message.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let name = HeaderName::parse(name.to_owned()).unwrap();
        self.parsed().header_raw(name).map(|value| value.trim().to_owned())
    }

    /// The path of the link to a page of the service.
    pub(crate) fn page_path(&self) -> String {
        let text = self.text();
        let at = text.find(&format!("{ISSUER}/s/")).unwrap_or_else(|| panic!("no link in {text}"));
        let address = text[at..].split_whitespace().next().unwrap();
        address.strip_prefix(ISSUER).unwrap().to_owned()
    }
}
