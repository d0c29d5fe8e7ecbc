//! Calendars (RFC 5545), which calendar programs read from a feed.
//!
//! Every entry is a day without a time, so that no time zone can move it. Identifiers and times come from the records:
//! the same records give the same bytes. The crate `icalendar` writes and escapes the properties; its lines have up to
//! 76 octets, so that they are folded again here.

use std::fmt::Write as _;

use chrono::{DateTime, Days, NaiveDate, Utc};
use icalendar::{Component as _, Event, EventStatus, Property};
use unicode_normalization::char::is_combining_mark;
use uuid::Uuid;

use super::bidi;
use crate::domain::calendar_entry::{CalendarEntry, DueState, DueSubject};
use crate::domain::message::Message;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;

words! {
    /// Fixed texts of a calendar.
    struct CalendarWords {
        own: "My due dates", "مواعيدي";
        of_a_task_force: "Due dates", "المواعيد";
        activity: "Activity", "نشاط";
        numbered_activity: "Activity", "النشاط";
        step: "Step", "الخطوة";
        due_step: "Target date", "موعد مستهدف";
        target_date: "Target date of step", "الموعد المستهدف للخطوة";
        vote: "Vote", "تصويت";
        end_of_vote: "End of voting on step", "انتهاء التصويت على الخطوة";
        time: "Time", "الساعة";
        condition: "Condition of the council", "شرط للمجلس";
        meeting: "Council meeting", "اجتماع المجلس";
        decision: "Council decision", "قرار المجلس";
        task_force: "Task force", "فريق العمل";
        person: "Responsible", "المسؤول";
        state: "State", "الحالة";
        session: "Meeting", "الاجتماع";
        cancelled: "Cancelled", "ملغى";
        cycle: "Cycle", "الدورة";
        expires: "The address of this calendar expires", "تنتهي صلاحية عنوان هذا التقويم";
        make_another: "Create another calendar link and subscribe to its address. This calendar shows no changes after this day.", "أنشئ رابط تقويم آخر واشترك في عنوانه. لن تظهر في هذا التقويم أي تعديلات بعد هذا اليوم.";
    }
}

/// The owner of a calendar.
#[derive(Debug, Clone, Copy)]
pub enum CalendarOf<'a> {
    /// A task force, by its name.
    TaskForce(&'a LocalizedText),
    /// A person.
    Person,
}

/// The end of the address of a calendar, which the calendar announces as an entry of its own: a program whose address
/// opens nothing shows the old entries, and tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct CalendarEnd {
    pub link_id: Uuid,
    pub at: DateTime<Utc>,
    pub made_at: DateTime<Utc>,
}

/// The octets of a line, without its end.
const LINE: usize = 75;

/// The most letters of a title.
const TITLE: usize = 200;

/// The calendar in a language. `url` is the address of an entry.
pub fn calendar(
    language: Language,
    of: CalendarOf<'_>,
    entries: &[CalendarEntry],
    end: CalendarEnd,
    url: impl Fn(&CalendarEntry) -> Option<String>,
) -> String {
    let words = CalendarWords::of(language);
    let name = match of {
        CalendarOf::TaskForce(name) => {
            format!("{}: {}", words.of_a_task_force, bidi::isolate(name.in_language(language)))
        }
        CalendarOf::Person => words.own.to_owned(),
    };
    let mut calendar = icalendar::Calendar::empty();
    for (key, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//Taskforce//Taskforce//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("X-WR-CALNAME", name.as_str()),
        ("X-PUBLISHED-TTL", "PT1H"),
    ] {
        calendar.append_property((key, value));
    }
    // The crate escapes the value only if its type is named.
    calendar.append_property(Property::new("NAME", &name).add_parameter("VALUE", "TEXT").done());
    calendar
        .append_property(Property::new("REFRESH-INTERVAL", "PT1H").add_parameter("VALUE", "DURATION").done());
    for entry in entries {
        calendar.push(event(language, entry, url(entry)));
    }
    calendar.push(expiry(language, end));
    folded(&calendar.to_string())
}

/// One entry.
fn event(language: Language, entry: &CalendarEntry, url: Option<String>) -> Event {
    let state = entry.state();
    let mut event = Event::new();
    event
        .uid(&entry.uid())
        .timestamp(entry.changed_at)
        .add_property("LAST-MODIFIED", instant(entry.changed_at))
        .add_property("SEQUENCE", entry.sequence.to_string())
        .status(if state == DueState::Cancelled { EventStatus::Cancelled } else { EventStatus::Confirmed })
        // A due date does not make a person busy.
        .add_property("TRANSP", "TRANSPARENT")
        .append_property(text(language, "SUMMARY", &summary(language, entry, state)))
        .append_property(text(language, "DESCRIPTION", &description(language, entry)))
        .append_property(("CATEGORIES", category(language, entry)));
    lasting_one_day(&mut event, entry.day);
    if let Some(url) = url {
        event.add_property("URL", url);
    }
    event.done()
}

/// The entry that announces the end of the address.
fn expiry(language: Language, end: CalendarEnd) -> Event {
    let words = CalendarWords::of(language);
    let mut event = Event::new();
    event
        .uid(&format!("calendar-{}@taskforce", end.link_id))
        .timestamp(end.made_at)
        .add_property("LAST-MODIFIED", instant(end.made_at))
        .add_property("SEQUENCE", "0")
        .add_property("TRANSP", "TRANSPARENT")
        .status(EventStatus::Confirmed)
        .append_property(text(language, "SUMMARY", words.expires))
        .append_property(text(language, "DESCRIPTION", words.make_another));
    lasting_one_day(&mut event, end.at.date_naive());
    event.done()
}

/// Sets the day of an entry. The end is exclusive. Without one, an entry lasts one day, too, so that the last day of all
/// has none.
fn lasting_one_day(event: &mut Event, on: NaiveDate) {
    event.append_property(day("DTSTART", on));
    if let Some(next) = on.checked_add_days(Days::new(1)) {
        event.append_property(day("DTEND", next));
    }
}

/// A property whose value is a day.
fn day(key: &str, day: NaiveDate) -> Property {
    Property::new(key, day.format("%Y%m%d").to_string()).add_parameter("VALUE", "DATE").done()
}

/// A time as RFC 5545 has it.
fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// A property whose value is text of a language.
fn text(language: Language, key: &str, value: &str) -> Property {
    Property::new(key, value).add_parameter("LANGUAGE", language.code()).done()
}

/// The title of an entry. Programs show calendars differently, and some show a cancelled entry as any other, so that the
/// title says what is over.
fn summary(language: Language, entry: &CalendarEntry, state: DueState) -> String {
    let words = CalendarWords::of(language);
    let value = |text: &str| bidi::isolate(&shortened(text));
    let localized = |text: &LocalizedText| value(text.in_language(language));
    let label = |label: Message| label.in_language(language).to_owned();
    let title = match &entry.subject {
        DueSubject::Activity { number, title, .. } => {
            format!("{} {number}: {}", words.numbered_activity, localized(title))
        }
        DueSubject::DeletedActivity { title, .. } => format!("{}: {}", words.activity, localized(title)),
        DueSubject::Step { step, .. } => {
            format!("{} {}: {}", words.target_date, step.ordinal(), label(step.label()))
        }
        DueSubject::Vote { step, .. } => {
            format!("{} {}: {}", words.end_of_vote, step.ordinal(), label(step.label()))
        }
        DueSubject::Condition { text, .. } => format!("{}: {}", words.condition, localized(text)),
        DueSubject::Meeting { .. } => format!("{}: {}", words.meeting, localized(&entry.task_force_name)),
        DueSubject::Decision { number, outcome, .. } => {
            let name = localized(&entry.task_force_name);
            format!("{} {number}: {name} ({})", words.decision, label(outcome.label()))
        }
    };
    match (state, entry.state_label()) {
        (DueState::Due, _) => title,
        (DueState::Done, Some(state)) => format!("{}: {title}", label(state)),
        (DueState::Done, None) => title,
        (DueState::Cancelled, _) => format!("{}: {title}", words.cancelled),
    }
}

/// The lines below the title of an entry.
fn description(language: Language, entry: &CalendarEntry) -> String {
    let words = CalendarWords::of(language);
    let mut lines = String::new();
    let mut line = |label: &str, value: &str| {
        if !lines.is_empty() {
            lines.push('\n');
        }
        // Writing to a text cannot fail.
        write!(lines, "{label}: {}", bidi::isolate(value)).ok();
    };
    let label = |label: Message| label.in_language(language).to_owned();
    line(words.task_force, entry.task_force_name.in_language(language));
    match &entry.subject {
        DueSubject::Activity { step, .. } | DueSubject::DeletedActivity { step, .. } => {
            line(words.step, &format!("{}. {}", step.ordinal(), label(step.label())));
        }
        DueSubject::Step { cycle, .. } | DueSubject::Meeting { cycle } => {
            line(words.cycle, &cycle.to_string());
        }
        DueSubject::Vote { time, .. } => line(words.time, time),
        DueSubject::Condition { text, .. } => line(words.condition, text.in_language(language)),
        DueSubject::Decision { meeting, .. } => line(words.session, meeting),
    }
    if let Some(person) = &entry.person {
        line(words.person, person.in_language(language));
    }
    if let Some(state) = entry.state_label() {
        line(words.state, &label(state));
    }
    lines
}

/// The category of an entry, by which calendar programs colour and filter.
fn category(language: Language, entry: &CalendarEntry) -> &'static str {
    let words = CalendarWords::of(language);
    match &entry.subject {
        DueSubject::Activity { .. } | DueSubject::DeletedActivity { .. } => words.activity,
        DueSubject::Step { .. } => words.due_step,
        DueSubject::Vote { .. } => words.vote,
        DueSubject::Condition { .. } => words.condition,
        DueSubject::Meeting { .. } => words.meeting,
        DueSubject::Decision { .. } => words.decision,
    }
}

/// A text of at most as many letters as a title has.
fn shortened(text: &str) -> String {
    let text = bidi::harmless(text);
    if text.chars().count() <= TITLE {
        return text.into_owned();
    }
    let mut short: String = text.chars().take(TITLE - 1).collect();
    short.push('…');
    short
}

/// The calendar with lines of at most 75 octets. No letter is divided, nor a letter from its marks.
fn folded(calendar: &str) -> String {
    let mut out = String::with_capacity(calendar.len() + calendar.len() / 16);
    for line in calendar.replace("\r\n ", "").split_terminator("\r\n") {
        let mut rest = line;
        let mut room = LINE;
        while rest.len() > room {
            let (head, tail) = rest.split_at(end_of_line(rest, room));
            out.push_str(head);
            out.push_str("\r\n ");
            rest = tail;
            // The blank in front counts.
            room = LINE - 1;
        }
        out.push_str(rest);
        out.push_str("\r\n");
    }
    out
}

/// The place at which a line is divided: the last one within the room before which a letter begins, and which no blank is
/// beside, since some programs cut blanks off both lines. A line without such a place is divided before any letter, and a
/// letter with more marks than a line has room for before a mark.
fn end_of_line(line: &str, room: usize) -> usize {
    let pairs = line.chars().zip(line.char_indices().skip(1));
    let places: Vec<_> = pairs.take_while(|(_, (at, _))| *at <= room).collect();
    let begins = |letter: char| !is_combining_mark(letter) && !joins(letter);
    let last = |fits: &dyn Fn(char, char) -> bool| {
        places.iter().rev().find(|(before, (_, letter))| fits(*before, *letter)).map(|(_, (at, _))| *at)
    };
    let beside_no_blank =
        |before: char, letter: char| begins(letter) && !before.is_whitespace() && !letter.is_whitespace();
    last(&beside_no_blank)
        .or_else(|| last(&|_, letter| begins(letter)))
        .or_else(|| last(&|_, _| true))
        .unwrap_or(line.len())
}

/// Tells whether a character joins or changes its neighbours, as in an emoji of several parts.
fn joins(letter: char) -> bool {
    matches!(letter, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::activity::ActivityState;
    use crate::domain::decision::ConditionState;
    use crate::domain::step::StepName;

    fn entry(title: &str) -> CalendarEntry {
        CalendarEntry {
            subject: DueSubject::Activity {
                number: 12,
                step: StepName::Policy,
                title: LocalizedText::both(title, title),
                state: ActivityState::Planned,
            },
            id: Uuid::from_u128(1),
            day: NaiveDate::from_ymd_opt(2026, 12, 31).unwrap(),
            person: None,
            task_force_id: Uuid::from_u128(2),
            task_force_name: LocalizedText::both("فريق", "Team"),
            is_closed: false,
            sequence: 7,
            changed_at: DateTime::UNIX_EPOCH,
        }
    }

    fn written(language: Language, entries: &[CalendarEntry]) -> String {
        let end = CalendarEnd {
            link_id: Uuid::from_u128(3),
            at: DateTime::UNIX_EPOCH,
            made_at: DateTime::UNIX_EPOCH,
        };
        calendar(language, CalendarOf::Person, entries, end, |_| None)
    }

    /// Each line of a calendar by itself, as a program reads the lines.
    fn lines(calendar: &str) -> Vec<String> {
        calendar.replace("\r\n ", "").split_terminator("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn an_entry_is_a_whole_day_with_what_a_program_needs() {
        let calendar = written(Language::Arabic, &[entry("مسودة، النسخة الأولى")]);
        let expected = [
            "BEGIN:VEVENT",
            "CATEGORIES:نشاط",
            "DESCRIPTION;LANGUAGE=ar:فريق العمل: \u{2068}فريق\u{2069}\\nالخطوة: \u{2068}1. تحديد بعض سياسات الحوكمة الذكية أو إطار عملها\u{2069}\\nالحالة: \u{2068}مخطط له\u{2069}",
            "DTEND;VALUE=DATE:20270101",
            "DTSTAMP:19700101T000000Z",
            "DTSTART;VALUE=DATE:20261231",
            "LAST-MODIFIED:19700101T000000Z",
            "SEQUENCE:7",
            "STATUS:CONFIRMED",
            "SUMMARY;LANGUAGE=ar:النشاط 12: \u{2068}مسودة، النسخة الأولى\u{2069}",
            "TRANSP:TRANSPARENT",
            "UID:activity-00000000-0000-0000-0000-000000000001@taskforce",
            "END:VEVENT",
        ];
        let lines = lines(&calendar);
        let begin = lines.iter().position(|line| line == "BEGIN:VEVENT").unwrap();
        assert_eq!(lines[begin..begin + expected.len()], expected);
        assert_eq!(calendar, written(Language::Arabic, &[entry("مسودة، النسخة الأولى")]), "no clock is asked");
    }

    #[test]
    fn a_long_condition_is_short_in_the_title_and_whole_below() {
        let text = "شرط ".repeat(100);
        let subject = DueSubject::Condition {
            text: LocalizedText::both(text.as_str(), text.as_str()),
            state: ConditionState::Waived,
        };
        let calendar = written(Language::Arabic, &[CalendarEntry { subject, ..entry("x") }]);
        let lines = lines(&calendar);
        let line = |key: &str| lines.iter().find_map(|line| line.strip_prefix(key)).unwrap();
        let title = line("SUMMARY;LANGUAGE=ar:ملغى: شرط للمجلس: \u{2068}");
        assert!(title.chars().count() == TITLE + 1 && title.ends_with("…\u{2069}"), "{title}");
        let below = line("DESCRIPTION;LANGUAGE=ar:");
        assert!(below.contains(&format!("\u{2068}{text}\u{2069}")), "{below}");
        assert!(below.ends_with("الحالة: \u{2068}مُعفى منه\u{2069}"), "{below}");
        assert!(lines.contains(&"STATUS:CANCELLED".to_owned()));
    }

    #[test]
    fn the_last_day_of_all_has_no_end() {
        let last = CalendarEntry { day: NaiveDate::MAX, ..entry("x") };
        let calendar = written(Language::English, &[last]);
        assert_eq!(calendar.matches("DTSTART").count(), 2);
        assert_eq!(calendar.matches("DTEND").count(), 1);
    }

    #[test]
    fn a_letter_stays_with_its_marks() {
        let text = "ب\u{651}\u{64e}".repeat(40);
        let folded = folded(&format!("SUMMARY:{text}\r\n"));
        for line in folded.split_terminator("\r\n") {
            assert!(line.len() <= LINE, "{line}");
            let first = line.trim_start_matches(' ').chars().next().unwrap();
            assert!(!is_combining_mark(first), "{folded}");
        }
        let words = super::folded(&format!("SUMMARY:{}\r\n", "ten letters ".repeat(40)));
        assert!(words.split("\r\n ").skip(1).all(|line| !line.starts_with(' ')), "{words}");
        assert!(words.split("\r\n").all(|line| line.len() <= LINE), "{words}");
        assert!(words.split("\r\n ").all(|line| line.ends_with("\r\n") || !line.ends_with(' ')), "{words}");
        // A letter with more marks than a line has room for is divided all the same.
        let many = super::folded(&format!("SUMMARY:ب{}\r\n", "\u{64e}".repeat(100)));
        assert!(many.split_terminator("\r\n").all(|line| line.len() <= LINE), "{many}");
    }

    proptest! {
        /// Whatever a title contains, every line keeps to its length, and the title can be read back.
        #[test]
        fn every_title_survives_the_folding(title in "[a-z؀-ۿ\\p{Mn}👩,;\\\\ \u{200d}]{1,150}") {
            let calendar = written(Language::English, &[entry(&title)]);
            for line in calendar.split_terminator("\r\n") {
                prop_assert!(line.len() <= LINE, "{} octets: {line}", line.len());
            }
            let lines = lines(&calendar);
            let summary = lines.iter().find_map(|line| line.strip_prefix("SUMMARY;LANGUAGE=en:")).unwrap();
            let escaped = bidi::harmless(&title).replace('\\', "\\\\").replace(',', "\\,").replace(';', "\\;");
            prop_assert_eq!(summary, format!("Activity 12: \u{2068}{escaped}\u{2069}"));
        }
    }
}
