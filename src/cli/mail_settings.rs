//! Settings of e-mail.

use std::path::PathBuf;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::Failure;
use super::values::{read, secret};
use crate::app::emails::Mailing;
use crate::delivery::smtp::{MailServer, Sender};

/// Settings of e-mail.
#[derive(Debug, Clone, Args)]
pub(super) struct MailSettings {
    /// Mail server that sends e-mails: `smtps://user:password@host`, or `smtp://user:password@host` for STARTTLS; `?tls=none` for a server without TLS. If not set, no e-mail is sent.
    #[arg(long, env = "TASKFORCE_SMTP_URL", hide_env_values = true, value_parser = secret, conflicts_with = "smtp_url_file")]
    smtp_url: Option<SecretString>,
    /// File that contains the URL of the mail server.
    #[arg(long, env = "TASKFORCE_SMTP_URL_FILE")]
    smtp_url_file: Option<PathBuf>,
    /// File of certificates in PEM that are trusted for the mail server, beside those of the system.
    #[arg(long, env = "TASKFORCE_SMTP_CA_FILE")]
    smtp_ca_file: Option<PathBuf>,
    /// Sender of all e-mails: Smart City <taskforce@city.example>
    #[arg(long, env = "TASKFORCE_MAIL_FROM", value_parser = Sender::parse)]
    mail_from: Option<Sender>,
    /// Address of the application for people, to which e-mails lead, such as `https://app.city.example`
    #[arg(long, env = "TASKFORCE_APPLICATION_URL", value_parser = application_url)]
    application_url: Option<String>,
}

fn application_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.map(String::from).ok_or_else(|| "the URL looks like https://app.city.example".to_owned())
}

impl MailSettings {
    /// The mail server, if one is set.
    pub(super) fn mailing(&self, public_url: &str) -> Result<Option<Mailing>, Failure> {
        let url = match (&self.smtp_url, &self.smtp_url_file) {
            (Some(url), _) => url.expose_secret().to_owned(),
            (None, Some(file)) => read(file, "TASKFORCE_SMTP_URL_FILE")?,
            (None, None) => return Ok(None),
        };
        let Some(sender) = &self.mail_from else {
            return Err(Failure::setting("TASKFORCE_MAIL_FROM is required with TASKFORCE_SMTP_URL"));
        };
        let roots =
            self.smtp_ca_file.as_ref().map(|file| read(file, "TASKFORCE_SMTP_CA_FILE")).transpose()?;
        let server = MailServer::new(url.trim(), roots.as_deref())
            .map_err(|error| Failure::setting(format!("TASKFORCE_SMTP_URL: {error}")))?;
        let mailing = Mailing::new(server, sender.clone(), public_url.to_owned());
        Ok(Some(mailing.with_application(self.application_url.clone())))
    }
}
