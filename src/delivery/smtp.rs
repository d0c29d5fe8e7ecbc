//! E-mail over SMTP: one mail server, to which a few connections are kept open.
//!
//! The commands are sent one by one over the connections of lettre, and not by its transport: the transport does not say
//! which command the server has refused. A refusal of the recipient concerns one address, a refusal of the sender or of
//! the password concerns all e-mails, and the two must not be taken for each other.

mod letter;

use letter::Addressed;
pub use letter::{Letter, Recipient, Sender};

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use percent_encoding::percent_decode_str;
use tokio::time::{Instant, timeout};
use url::Url;

use crate::domain::email::refuses_address;

/// The longest that a connection may take to be ready for an e-mail: name, TCP, TLS, greeting and password.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest that one e-mail may take on an open connection. Servers look at the content before they take an e-mail.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);

/// The longest that an unused connection is kept.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// The longest reply of a server that is kept.
const MAX_REPLY: usize = 400;

/// The reason why an e-mail was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The server takes no e-mail at present: it is down, or refuses the password or the sender.
    #[error("the mail server takes no e-mail: {0}")]
    Unavailable(String),
    /// The server did not take this e-mail, and may take it later.
    #[error("the mail server did not take the e-mail: {0}")]
    NotTaken(String),
    /// The server refuses the address for good, or no server can know it.
    #[error("the address gets no e-mail: {0}")]
    AddressRefused(String),
}

/// The mail server of the installation.
#[expect(missing_debug_implementations, reason = "it holds a password")]
pub struct MailServer {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
    idle: Mutex<Vec<Idle>>,
}

/// The protection of connections.
enum Security {
    /// TLS from the first byte.
    Tls(TlsParameters),
    /// TLS by the command STARTTLS, before anything else is sent.
    StartTls(TlsParameters),
    /// No TLS, which the address of the server asks for.
    None,
}

/// An open connection that waits for the next e-mail.
struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl MailServer {
    /// The server at an address such as `smtps://user:password@mail.city.example`, or `smtp://…`, which begins TLS by
    /// STARTTLS; `smtp://…?tls=none` is for a server on the same machine or network. The certificates in PEM are trusted
    /// beside those of the system.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the address or the certificates.
    pub fn new(url: &str, roots: Option<&str>) -> Result<Self, String> {
        const FORM: &str =
            "the address looks like smtps://user:password@mail.city.example or smtp://mail.city.example:587";
        let url = Url::parse(url).ok().ok_or(FORM)?;
        // The host of an address of another scheme is not normalized.
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(FORM)?;
        let host = percent_decode_str(host).decode_utf8().ok().ok_or(FORM)?;
        let host = idna_host(host.trim_matches(['[', ']']))?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(FORM.to_owned());
        }
        let is_plain = match url.query() {
            None => false,
            Some("tls=none") if url.scheme() == "smtp" => true,
            Some(_) => return Err("the only parameter is ?tls=none, for smtp://".to_owned()),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(String::from).ok_or(FORM);
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => {
                Some(Credentials::new(decoded(user)?, decoded(password)?))
            }
            _ => return Err("the address needs user and password, or neither".to_owned()),
        };
        let tls = || tls_parameters(&host, roots);
        let (security, usual_port) = match (url.scheme(), is_plain) {
            ("smtps", _) => (Security::Tls(tls()?), 465),
            ("smtp", false) => (Security::StartTls(tls()?), 587),
            ("smtp", true) if credentials.is_some() => {
                return Err(
                    "a password is sent over TLS only: leave out ?tls=none, or user and password".to_owned()
                );
            }
            ("smtp", true) => (Security::None, 25),
            _ => return Err(FORM.to_owned()),
        };
        Ok(Self {
            port: url.port().unwrap_or(usual_port),
            host,
            security,
            credentials,
            hello: ClientId::default(),
            idle: Mutex::default(),
        })
    }

    /// Host and port of the server, for the log.
    pub fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Hands an e-mail over to the server.
    ///
    /// # Errors
    /// [`SendError`]. After an error, the server may have taken the e-mail nevertheless: its last reply can be lost.
    pub async fn send(&self, letter: &Letter<'_>) -> Result<(), SendError> {
        let message = letter.message().map_err(SendError::AddressRefused)?;
        let mut connection = timeout(CONNECT_TIMEOUT, self.connection())
            .await
            .ok()
            .ok_or_else(|| SendError::Unavailable("no connection in 30 seconds".to_owned()))??;
        let sent = timeout(SEND_TIMEOUT, transfer(&mut connection, message)).await;
        match sent {
            Ok(Ok(())) => {
                self.idle().push(Idle { connection, since: Instant::now() });
                Ok(())
            }
            Ok(Err(error)) => {
                // The server need not know why nothing follows, and may no longer answer.
                drop(timeout(Duration::from_secs(1), connection.abort()).await);
                Err(error)
            }
            Err(_) => Err(SendError::NotTaken("no answer in 60 seconds".to_owned())),
        }
    }

    /// An open connection, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, SendError> {
        loop {
            let Some(mut idle) = self.idle().pop() else { break };
            // A server closes a connection that is not used.
            if idle.since.elapsed() < MAX_IDLE && idle.connection.test_connected().await {
                return Ok(idle.connection);
            }
        }
        self.connect().await.map_err(|error| SendError::Unavailable(reply(&error)))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let at_once = match &self.security {
            Security::Tls(parameters) => Some(parameters.clone()),
            Security::StartTls(_) | Security::None => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT_TIMEOUT), &self.hello, at_once, None)
                .await?;
        if let Security::StartTls(parameters) = &self.security {
            connection.starttls(parameters.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A host name in ASCII.
fn idna_host(host: &str) -> Result<String, String> {
    match url::Host::parse(host) {
        Ok(host) => Ok(host.to_string()),
        // An IPv6 address without its brackets.
        Err(_) if host.parse::<std::net::Ipv6Addr>().is_ok() => Ok(host.to_owned()),
        Err(_) => Err(format!("{host} is no name of a host")),
    }
}

fn tls_parameters(host: &str, roots: Option<&str>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(roots) = roots {
        let roots = pem::parse_many(roots).map_err(|error| error.to_string())?;
        if roots.is_empty() {
            return Err("the file contains no certificate in PEM".to_owned());
        }
        for root in roots {
            let root = Certificate::from_der(root.into_contents()).map_err(|error| error.to_string())?;
            builder = builder.add_root_certificate(root);
        }
    }
    builder.build_rustls().map_err(|error| error.to_string())
}

/// Sends one e-mail over an open connection.
async fn transfer(connection: &mut AsyncSmtpConnection, message: Addressed) -> Result<(), SendError> {
    let Addressed { sender, recipient, bytes } = message;
    let mut options = Vec::new();
    let is_ascii = recipient.to_string().is_ascii();
    if !is_ascii {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            let reason = "the mail server takes addresses in ASCII only (no SMTPUTF8)";
            return Err(SendError::AddressRefused(reason.to_owned()));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !bytes.is_ascii() {
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let sender = Mail::new(Some(sender), options);
    connection.command(sender).await.map_err(|error| match is_ascii {
        true => SendError::Unavailable(reply(&error)),
        // The refusal may be that of the parameter, which only this e-mail has.
        false => SendError::NotTaken(reply(&error)),
    })?;
    let recipient = Rcpt::new(recipient, Vec::new());
    connection.command(recipient).await.map_err(|error| refusal_of_recipient(&error))?;
    let not_taken = |error: SmtpError| SendError::NotTaken(reply(&error));
    connection.command(Data).await.map_err(not_taken)?;
    connection.message(&bytes).await.map_err(not_taken)?;
    Ok(())
}

fn refusal_of_recipient(error: &SmtpError) -> SendError {
    let reply = reply(error);
    let code = error.status().map(u16::from).unwrap_or_default();
    if refuses_address(code, &reply) { SendError::AddressRefused(reply) } else { SendError::NotTaken(reply) }
}

/// The reply of the server, or the failure of the connection, in one line.
fn reply(error: &SmtpError) -> String {
    let text = error.to_string();
    // lettre puts words of its own before the text of the server: "permanent error (550): …".
    let text = match (error.status(), text.split_once("): ")) {
        (Some(code), Some((_, said))) => format!("{code} {said}"),
        _ => text,
    };
    let line = text.split(|letter: char| letter.is_control()).collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_REPLY).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_is_an_address_with_tls_unless_the_address_says_otherwise() {
        for (url, name) in [
            ("smtps://mail.city.example", "mail.city.example:465"),
            ("smtps://user:p%40ss@mail.city.example:1465/", "mail.city.example:1465"),
            ("smtp://mail.city.example", "mail.city.example:587"),
            ("smtp://user:password@mail.city.example:25", "mail.city.example:25"),
            ("smtp://localhost?tls=none", "localhost:25"),
            ("smtp://127.0.0.1:2525?tls=none", "127.0.0.1:2525"),
            ("smtp://[::1]:2525?tls=none", "::1:2525"),
            ("smtps://بريد.مدينة.example", "xn--ngbof4h.xn--ogbl9dft.example:465"),
        ] {
            assert_eq!(MailServer::new(url, None).map(|server| server.name()).as_deref(), Ok(name), "{url}");
        }
        for refused in [
            "",
            "mail.city.example",
            "https://mail.city.example",
            "smtps://",
            "smtps://mail.city.example/path",
            "smtps://mail.city.example?tls=none",
            "smtp://mail.city.example?tls=opportunistic",
            "smtp://user:password@mail.city.example?tls=none",
            "smtps://user@mail.city.example",
            "smtps://:password@mail.city.example",
        ] {
            assert!(MailServer::new(refused, None).is_err(), "{refused}");
        }
        let is_tls = |url| match MailServer::new(url, None).map(|server| server.security) {
            Ok(Security::Tls(_)) => "tls",
            Ok(Security::StartTls(_)) => "starttls",
            Ok(Security::None) => "none",
            Err(_) => "refused",
        };
        assert_eq!(is_tls("smtps://a.example"), "tls");
        assert_eq!(is_tls("smtp://a.example"), "starttls");
        assert_eq!(is_tls("smtp://a.example?tls=none"), "none");
    }

    #[test]
    fn roots_are_certificates() {
        assert!(MailServer::new("smtps://a.example", Some("-----BEGIN CERTIFICATE-----\nAAAA\n")).is_err());
    }
}
