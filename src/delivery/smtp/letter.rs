//! One e-mail as a message of RFC 5322: headers that no value can add to, text and HTML beside each other.

use chrono::{DateTime, Utc};
use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use uuid::Uuid;

use crate::domain::characters;

/// The most characters of a name in a header: programs cut longer ones off, and servers refuse long headers.
const LONGEST_NAME: usize = 100;

/// The most characters of a subject.
const LONGEST_SUBJECT: usize = 200;

/// The sender of all e-mails.
#[derive(Debug, Clone)]
pub struct Sender(Mailbox);

impl Sender {
    /// Parses a sender: an address, or a name with an address (`Smart City <taskforce@city.example>`).
    ///
    /// # Errors
    /// A sentence that says what a sender looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mailbox: Option<Mailbox> = text.parse().ok();
        let is_one_line = !text.contains(char::is_control);
        let mailbox = mailbox.filter(|mailbox| is_one_line && mailbox.email.user().is_ascii());
        let mailbox = mailbox.ok_or(
            "the sender looks like taskforce@city.example or Smart City <taskforce@city.example>".to_owned(),
        )?;
        let email = address(mailbox.email.as_ref())?;
        Ok(Self(Mailbox::new(mailbox.name, email)))
    }

    /// The address.
    pub fn address(&self) -> &str {
        self.0.email.as_ref()
    }
}

/// A person who gets an e-mail.
#[derive(Debug, Clone, Copy)]
pub struct Recipient<'a> {
    pub address: &'a str,
    pub name: &'a str,
}

/// An e-mail.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The id, from which the `Message-ID` follows: each attempt has the same one, by which programs know a second copy.
    pub id: Uuid,
    pub created_at: DateTime<Utc>,
    pub from: &'a Sender,
    pub to: Recipient<'a>,
    /// The tag of the language.
    pub language: &'a str,
    pub subject: &'a str,
    pub text: &'a str,
    pub html: &'a str,
    /// The address at which a program unsubscribes the reader by one click (RFC 8058).
    pub unsubscribe: Option<&'a str>,
}

/// A message with the addresses of sender and recipient as SMTP names them.
#[derive(Debug)]
pub(super) struct Addressed {
    pub(super) sender: Address,
    pub(super) recipient: Address,
    pub(super) bytes: Vec<u8>,
}

impl Letter<'_> {
    /// The message, and the addresses that SMTP names.
    ///
    /// # Errors
    /// A sentence that says why no message can be sent to the address.
    pub(super) fn message(&self) -> Result<Addressed, String> {
        let recipient = address(self.to.address)?;
        let name = in_a_header(self.to.name, LONGEST_NAME);
        let to = Mailbox::new((!characters::is_blank(&name)).then_some(name), recipient.clone());
        let domain = self.from.0.email.domain();
        let mut builder = Message::builder()
            .message_id(Some(format!("<{}@{domain}>", self.id)))
            .date(self.created_at.into())
            .from(self.from.0.clone())
            .to(to)
            .subject(in_a_header(self.subject, LONGEST_SUBJECT))
            // Programs that answer by themselves do not answer this e-mail (RFC 3834).
            .raw_header(plain("Auto-Submitted", "auto-generated"))
            .raw_header(plain("X-Auto-Response-Suppress", "All"))
            .raw_header(plain("Content-Language", self.language));
        if let Some(url) = self.unsubscribe {
            builder = builder
                .raw_header(plain("List-Unsubscribe", &format!("<{url}>")))
                .raw_header(plain("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
        }
        let part = |kind, text: &str| {
            SinglePart::builder()
                .header(kind)
                // Arabic is three times as long as quoted-printable.
                .header(ContentTransferEncoding::Base64)
                .body(text.to_owned())
        };
        let parts = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, self.text))
            .singlepart(part(ContentType::TEXT_HTML, self.html));
        let message = builder.multipart(parts).map_err(|error| error.to_string())?;
        Ok(Addressed { sender: self.from.0.email.clone(), recipient, bytes: message.formatted() })
    }
}

/// An address as servers know it: the domain in ASCII.
fn address(text: &str) -> Result<Address, String> {
    const REFUSED: &str = "no mail server can know the address";
    let (user, domain) = text.rsplit_once('@').ok_or(REFUSED)?;
    let domain = match domain.strip_prefix('[') {
        Some(_) => domain.to_owned(),
        None => match url::Host::parse(domain) {
            Ok(url::Host::Domain(domain)) => domain,
            _ => return Err(REFUSED.to_owned()),
        },
    };
    // A control in a quoted name would end the command and begin another one.
    if user.contains(char::is_control) || domain.contains(char::is_control) {
        return Err(REFUSED.to_owned());
    }
    Ok(Address::new(user, domain).ok().ok_or(REFUSED)?)
}

/// A value in one line of a header, without changes of the writing direction that do not end.
fn in_a_header(text: &str, longest: usize) -> String {
    let line: String = text.chars().map(|letter| if breaks_line(letter) { ' ' } else { letter }).collect();
    // The beginning of an encoded word (RFC 2047), which programs would decode.
    let line = line.replace("=?", "= ?");
    let line = if characters::has_balanced_direction(&line) && !line.contains(['\u{202d}', '\u{202e}']) {
        line
    } else {
        characters::without_direction(&line)
    };
    if line.chars().count() <= longest {
        return line.trim().to_owned();
    }
    let cut: String = line.chars().take(longest).collect();
    // The end of an isolate may have been cut off.
    format!("{}…", characters::without_direction(&cut).trim_end())
}

fn breaks_line(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// A header whose value is in ASCII.
fn plain(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

#[cfg(test)]
mod tests {
    use mail_parser::{HeaderName as Parsed, MessageParser};

    use super::*;

    fn letter<'a>(from: &'a Sender, to: Recipient<'a>, subject: &'a str) -> Letter<'a> {
        Letter {
            id: Uuid::from_u128(7),
            created_at: "2026-11-28T06:00:00Z".parse().unwrap(),
            from,
            to,
            language: "ar",
            subject,
            text: "مرحبًا\n.\nنهاية",
            html: "<p>مرحبًا</p>",
            unsubscribe: Some("https://taskforce.example/s/unsubscribe/x"),
        }
    }

    fn sender() -> Sender {
        Sender::parse("Smart City <taskforce@city.example>").unwrap()
    }

    #[test]
    fn a_message_is_read_back_as_it_was_meant() {
        let from = sender();
        let to = Recipient { address: "layla@city.example", name: "د. ليلى، \"القائدة\" <x@y>" };
        let Addressed { sender, recipient, bytes } =
            letter(&from, to, "تصويت على السياسة").message().unwrap();
        assert_eq!(
            (sender.to_string().as_str(), recipient.to_string().as_str()),
            ("taskforce@city.example", "layla@city.example")
        );
        assert!(bytes.is_ascii());
        let lines = bytes.split(|byte| *byte == b'\n');
        assert!(lines.map(<[u8]>::len).max().unwrap() <= 998);
        let message = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(message.subject(), Some("تصويت على السياسة"));
        let recipient = message.to().unwrap().first().unwrap();
        assert_eq!(recipient.name(), Some("د. ليلى، \"القائدة\" <x@y>"));
        assert_eq!(recipient.address(), Some("layla@city.example"));
        assert_eq!(message.message_id(), Some("00000000-0000-0000-0000-000000000007@city.example"));
        let text = message.body_text(0).unwrap().replace("\r\n", "\n");
        assert_eq!(text.trim_end(), "مرحبًا\n.\nنهاية");
        assert_eq!(message.body_html(0).unwrap().trim_end(), "<p>مرحبًا</p>");
        let name = Parsed::parse("List-Unsubscribe-Post".to_owned()).unwrap();
        assert_eq!(message.header_raw(name).unwrap().trim(), "List-Unsubscribe=One-Click");
    }

    #[test]
    fn no_value_adds_a_header_or_a_recipient() {
        let from = sender();
        for name in [
            "A\r\nBcc: b@evil.example\r\n\r\nHello",
            "A\u{2028}Bcc: b@evil.example",
            "=?utf-8?q?=0d=0aBcc:_b@evil.example?=",
            "a\0b",
        ] {
            let to = Recipient { address: "a@city.example", name };
            let bytes = letter(&from, to, name).message().unwrap().bytes;
            let message = MessageParser::default().parse(&bytes).unwrap();
            assert!(message.bcc().is_none() && message.to().unwrap().iter().count() == 1, "{name:?}");
        }
        for address in [
            "a@b\r\nRCPT TO:<c@d>",
            "\"a\r\nb\"@city.example",
            "a b@city.example",
            "@city.example",
            "a@",
            "a@b@c d",
            "a@..",
        ] {
            let to = Recipient { address, name: "A" };
            assert!(letter(&from, to, "S").message().is_err(), "{address:?}");
        }
    }

    #[test]
    fn long_names_are_shortened_and_directions_end() {
        let from = sender();
        let long = "ع".repeat(5_000);
        let to = Recipient { address: "a@city.example", name: &long };
        let bytes = letter(&from, to, &long).message().unwrap().bytes;
        let message = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(message.subject().unwrap().chars().count(), LONGEST_SUBJECT + 1);
        assert_eq!(message.to().unwrap().first().unwrap().name().unwrap().chars().count(), LONGEST_NAME + 1);
        for subject in ["a\u{202e}b", "\u{2067}a", "a\u{2069}b"] {
            assert!(characters::has_balanced_direction(&in_a_header(subject, 9)), "{subject:?}");
        }
        assert_eq!(in_a_header("\u{2068}قطاع\u{2069} x", 100), "\u{2068}قطاع\u{2069} x");
    }

    #[test]
    fn a_domain_is_sent_in_ascii_and_a_quoted_name_is_a_name() {
        for (text, known) in [
            ("layla@مثال.إختبار", "layla@xn--mgbh0fb.xn--kgbechtv"),
            ("Layla@Example.ORG", "Layla@example.org"),
            ("\"layla.o\"@city.example", "\"layla.o\"@city.example"),
            ("o'brien+x@city.example", "o'brien+x@city.example"),
        ] {
            assert_eq!(address(text).map(|address| address.to_string()).as_deref(), Ok(known), "{text}");
        }
        let from = sender();
        let arabic = Recipient { address: "ليلى@city.example", name: "ليلى" };
        assert_eq!(letter(&from, arabic, "س").message().unwrap().recipient.to_string(), "ليلى@city.example");
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for (text, address) in [
            ("taskforce@city.example", "taskforce@city.example"),
            ("Smart City <taskforce@city.example>", "taskforce@city.example"),
            ("فريق العمل <taskforce@مدينة.example>", "taskforce@xn--ogbl9dft.example"),
        ] {
            assert_eq!(
                Sender::parse(text).map(|sender| sender.address().to_owned()).as_deref(),
                Ok(address),
                "{text}"
            );
        }
        for refused in ["", "taskforce", "a@b, c@d", "ليلى@city.example", "A\r\nB <a@b.example>"] {
            assert!(Sender::parse(refused).is_err(), "{refused:?}");
        }
    }
}
