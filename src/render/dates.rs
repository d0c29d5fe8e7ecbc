//! Days and times as people read them: with the month in words, so that no reader has to guess the order of the
//! numbers. Digits are 0–9 in both languages.

use chrono::{DateTime, Datelike as _, NaiveDate, Timelike as _, Utc};
use chrono_tz::Tz;

use crate::domain::text::Language;

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const ARABIC: [&str; 12] = [
    "يناير",
    "فبراير",
    "مارس",
    "أبريل",
    "مايو",
    "يونيو",
    "يوليو",
    "أغسطس",
    "سبتمبر",
    "أكتوبر",
    "نوفمبر",
    "ديسمبر",
];

/// A day: 28 November 2026, 28 نوفمبر 2026.
pub fn day(language: Language, day: NaiveDate) -> String {
    format!("{} {} {}", day.day(), month(language, day), day.year())
}

/// The name of the month of a day.
pub fn month(language: Language, day: NaiveDate) -> &'static str {
    let names = match language {
        Language::English => &ENGLISH,
        Language::Arabic => &ARABIC,
    };
    usize::try_from(day.month0()).ok().and_then(|month| names.get(month)).copied().unwrap_or_default()
}

/// The day of a time in a time zone.
pub fn day_of(language: Language, time: DateTime<Utc>, zone: Tz) -> String {
    day(language, time.with_timezone(&zone).date_naive())
}

/// A time in a time zone: 28 November 2026, 14:05; 28 نوفمبر 2026، 14:05.
pub fn time(language: Language, time: DateTime<Utc>, zone: Tz) -> String {
    let local = time.with_timezone(&zone);
    let comma = match language {
        Language::English => ",",
        Language::Arabic => "،",
    };
    let day = day(language, local.date_naive());
    format!("{day}{comma} {:02}:{:02}", local.hour(), local.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_out_in_both_languages() {
        let date = |month, day| NaiveDate::from_ymd_opt(2026, month, day).unwrap();
        assert_eq!(day(Language::English, date(11, 28)), "28 November 2026");
        assert_eq!(day(Language::Arabic, date(11, 28)), "28 نوفمبر 2026");
        assert_eq!(day(Language::English, date(1, 1)), "1 January 2026");
        assert_eq!(day(Language::Arabic, date(12, 31)), "31 ديسمبر 2026");
    }

    #[test]
    fn times_are_those_of_the_time_zone() {
        let at: DateTime<Utc> = "2026-11-28T22:05:00Z".parse().unwrap();
        assert_eq!(time(Language::English, at, Tz::Asia__Amman), "29 November 2026, 01:05");
        assert_eq!(time(Language::Arabic, at, Tz::Asia__Amman), "29 نوفمبر 2026، 01:05");
        assert_eq!(day_of(Language::English, at, Tz::UTC), "28 November 2026");
    }
}
