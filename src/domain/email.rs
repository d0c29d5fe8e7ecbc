//! E-mails that the service sends, and what a refusal of the mail server says of an address.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;

/// The kinds of e-mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
#[strum(serialize_all = "camelCase")]
pub enum EmailKind {
    /// The link by which an invited person chooses a password.
    Invitation,
    /// The link by which a person who forgot the password sets another.
    PasswordReset,
    /// The notice that the password was changed.
    PasswordChanged,
    /// Notifications that are told at once.
    News,
    /// The notifications of a day.
    Digest,
}

impl EmailKind {
    /// The name in the database.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The kind with this name.
    pub fn parse(code: &str) -> Option<Self> {
        Self::from_str(code).ok()
    }
}

/// The end of an e-mail that waits no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "camelCase")]
pub enum EmailEnd {
    /// The mail server has taken the e-mail.
    Sent,
    /// The mail server has refused the address for good.
    Refused,
    /// The last attempt of the schedule has failed.
    Failed,
    /// Nothing is left to tell: the link was used, replaced or has expired, or the user was disabled.
    Obsolete,
}

impl EmailEnd {
    /// The name in the database.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// The last time of a daily digest, at an hour of a time zone, that is not after an instant. Where the clocks skip the
/// hour, the digest comes an hour later.
pub fn last_digest(now: DateTime<Utc>, hour: u32, zone: Tz) -> DateTime<Utc> {
    let today = now.with_timezone(&zone).date_naive();
    let at = |day: NaiveDate| {
        let hours = [hour, hour + 1].into_iter().filter_map(|hour| day.and_hms_opt(hour, 0, 0));
        let mut times = hours.filter_map(|local| zone.from_local_datetime(&local).earliest());
        times.next().map_or_else(|| day.and_time(NaiveTime::MIN).and_utc(), |time| time.with_timezone(&Utc))
    };
    [Some(today), today.pred_opt()].into_iter().flatten().map(at).find(|time| *time <= now).unwrap_or(now)
}

/// Tells whether a reply to the command RCPT says that the address itself gets no mail, now and later.
///
/// A permanent reply (5xx) also says that the server relays for nobody, that a policy forbids the message, or that the
/// sender is unknown, which many servers say only now. Such a reply says nothing of the address: one wrong setting would
/// otherwise disable the addresses of all users. The enhanced status code (RFC 3463) tells the cases apart; a reply without
/// one has to name the mailbox.
pub fn refuses_address(code: u16, reply: &str) -> bool {
    let reply = reply.to_lowercase();
    if reply.contains("sender") {
        return false;
    }
    // 551 and 553 are also the replies to a sender who may not relay, so that they need a status code that names the
    // recipient.
    match enhanced_status(&reply) {
        Some((5, 1, 1 | 2 | 3 | 6 | 10) | (5, 2, 1 | 2)) => matches!(code, 550..=556),
        Some(_) => false,
        None => code == 550 && names_the_mailbox(&reply),
    }
}

/// The words, in lower case, by which a reply without a status code says that there is no such mailbox.
fn names_the_mailbox(reply: &str) -> bool {
    ["mailbox", "no such user", "unknown user", "user unknown", "does not exist", "unknown recipient"]
        .iter()
        .any(|words| reply.contains(words))
}

/// The enhanced status code of a reply: 5.1.1.
fn enhanced_status(reply: &str) -> Option<(u16, u16, u16)> {
    reply.split(|letter: char| !letter.is_ascii_digit() && letter != '.').find_map(|word| {
        let mut parts = word.split('.').map(|part| part.parse().ok());
        let status = (parts.next()??, parts.next()??, parts.next()??);
        (parts.next().is_none() && matches!(status.0, 2 | 4 | 5)).then_some(status)
    })
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn a_kind_is_known_by_its_name() {
        for kind in EmailKind::VARIANTS {
            assert_eq!(EmailKind::parse(kind.code()), Some(*kind));
        }
        assert_eq!(EmailKind::PasswordReset.code(), "passwordReset");
        assert_eq!(EmailKind::parse("PasswordReset"), None);
        assert_eq!(EmailEnd::Obsolete.code(), "obsolete");
    }

    #[test]
    fn a_digest_comes_once_a_day_at_an_hour_of_its_reader() {
        for (now, hour, zone, expected) in [
            ("2026-11-22T09:00:00Z", 7, Tz::Asia__Amman, "2026-11-22T04:00:00Z"),
            ("2026-11-22T04:00:00Z", 7, Tz::Asia__Amman, "2026-11-22T04:00:00Z"),
            ("2026-11-22T03:59:59Z", 7, Tz::Asia__Amman, "2026-11-21T04:00:00Z"),
            ("2026-11-22T23:30:00Z", 0, Tz::Asia__Amman, "2026-11-22T21:00:00Z"),
            ("2026-11-22T00:00:00Z", 23, Tz::UTC, "2026-11-21T23:00:00Z"),
            // The clocks of Berlin skip the hour from two to three, and have it twice in autumn.
            ("2026-03-29T12:00:00Z", 2, Tz::Europe__Berlin, "2026-03-29T01:00:00Z"),
            ("2026-10-25T12:00:00Z", 2, Tz::Europe__Berlin, "2026-10-25T00:00:00Z"),
        ] {
            let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
            assert_eq!(last_digest(time(now), hour, zone), time(expected), "{now} {hour} {zone}");
        }
    }

    #[test]
    fn an_address_is_refused_by_what_concerns_the_address_alone() {
        for (code, reply, refused) in [
            (550, "5.1.1 The email account that you tried to reach does not exist", true),
            (550, "5.1.1 <layla@city.example>: Recipient address rejected: User unknown", true),
            (550, "Mailbox unavailable", true),
            (550, "No such user here", true),
            (552, "5.2.2 Mailbox full", true),
            (553, "5.1.3 Bad recipient address syntax", true),
            (556, "5.1.10 Recipient address has null MX", true),
            // The sender, a policy, the server.
            (550, "5.7.1 Relaying denied", false),
            (550, "Relaying denied", false),
            (550, "Message rejected as spam", false),
            (550, "5.1.8 Sender address rejected: Domain not found", false),
            (554, "5.7.1 Service unavailable; client host [192.0.2.1] blocked", false),
            (553, "sorry, that domain isn't in my list of allowed rcpthosts", false),
            (551, "User not local", false),
            (503, "Bad sequence of commands", false),
            (550, "5.4.1 Recipient address rejected: Access denied", false),
            (550, "5.1.0 <taskforce@city.example>: Sender address rejected: User unknown in table", false),
            (550, "Verification failed for <taskforce@city.example>", false),
            (550, "Sender verify failed: no such user", false),
            (550, "Sender address is not allowed", false),
            (550, "5.1.90 Your message can't be sent because you've reached your daily limit", false),
            (550, "", false),
        ] {
            assert_eq!(refuses_address(code, reply), refused, "{code} {reply}");
        }
    }

    #[test]
    fn a_status_code_is_three_numbers() {
        assert_eq!(enhanced_status("5.1.1 unknown"), Some((5, 1, 1)));
        assert_eq!(enhanced_status("host 192.0.2.1 said: 5.2.2 full"), Some((5, 2, 2)));
        assert_eq!(enhanced_status("5.1"), None);
        assert_eq!(enhanced_status("9.9.9"), None);
        assert_eq!(enhanced_status("99999999.1.1"), None);
    }
}
