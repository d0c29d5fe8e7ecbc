//! Calendars, read by a crate that knows nothing of the one that writes them.

use std::collections::BTreeMap;

use ical::IcalParser;
use ical::property::Property;

use super::{Answer, Client, TestApp};

/// An entry of a calendar: its properties by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry(BTreeMap<String, Value>);

/// A value with its parameters, as text: `VALUE=DATE`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Value {
    parameters: Vec<String>,
    text: String,
}

impl Entry {
    /// The value of a property.
    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> &str {
        &self.0.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}")).text
    }

    /// Tells whether the entry has a property.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The first day, and the day after the last one.
    #[track_caller]
    pub(crate) fn days(&self) -> [&str; 2] {
        for name in ["DTSTART", "DTEND"] {
            assert_eq!(self.0[name].parameters, ["VALUE=DATE"], "{self:?}");
        }
        ["DTSTART", "DTEND"].map(|name| self.get(name))
    }

    /// The identifier without its end.
    pub(crate) fn id(&self) -> &str {
        self.get("UID").strip_suffix("@taskforce").unwrap()
    }

    /// The number that grows with each change.
    pub(crate) fn sequence(&self) -> i64 {
        self.get("SEQUENCE").parse().unwrap()
    }
}

/// A calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) properties: Entry,
    pub(crate) entries: Vec<Entry>,
}

impl Calendar {
    /// The calendar of an answer, if every line is as RFC 5545 demands.
    #[track_caller]
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.header("content-type"), "text/calendar; charset=utf-8");
        let text = answer.text();
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("\r\nEND:VCALENDAR\r\n"), "{text}");
        for line in text.split("\r\n") {
            assert!(line.len() <= 75, "{} octets: {line}", line.len());
            assert!(!line.contains(char::is_control), "{line:?}");
        }
        let mut calendars: Vec<_> = IcalParser::new(text.as_bytes()).collect();
        assert_eq!(calendars.len(), 1);
        let calendar = calendars.remove(0).unwrap_or_else(|error| panic!("{error}: {text}"));
        let others = [calendar.alarms.len(), calendar.todos.len(), calendar.timezones.len()];
        assert_eq!(others, [0; 3]);
        let entries: Vec<_> = calendar.events.into_iter().map(|event| entry(event.properties)).collect();
        for entry in &entries {
            for required in ["UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "STATUS"] {
                assert!(entry.has(required), "no {required}: {entry:?}");
            }
        }
        Self { properties: entry(calendar.properties), entries }
    }

    /// The entry with an identifier.
    #[track_caller]
    pub(crate) fn entry(&self, id: &str) -> &Entry {
        self.find(id).unwrap_or_else(|| panic!("no {id}: {:?}", self.ids()))
    }

    /// The entry with an identifier, if there is one.
    pub(crate) fn find(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id() == id)
    }

    /// The identifiers of all entries but the one that announces the end of the address.
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.entries.iter().map(Entry::id).filter(|id| !id.starts_with("calendar-")).collect()
    }
}

/// The properties of a component, each at most once.
fn entry(properties: Vec<Property>) -> Entry {
    let mut found = BTreeMap::new();
    for Property { name, params, value } in properties {
        let parameters = params.unwrap_or_default().into_iter();
        let parameters = parameters.map(|(name, values)| format!("{name}={}", values.join(","))).collect();
        let value = Value { parameters, text: unescaped(&value.unwrap_or_default()) };
        assert_eq!(found.insert(name.clone(), value), None, "{name} twice");
    }
    Entry(found)
}

/// Text without the backslashes of RFC 5545.
fn unescaped(text: &str) -> String {
    let (mut out, mut letters) = (String::new(), text.chars());
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(escaped @ ('\\' | ';' | ',')) => out.push(escaped),
                other => panic!("{other:?} is escaped in {text}"),
            },
            (letter, false) => out.push(letter),
        }
    }
    out
}

/// The path of a calendar of task force A.
pub(crate) async fn calendar_of_a(app: &TestApp) -> String {
    let body = serde_json::json!({ "page": "calendar" });
    app.as_chair().post(app.a("/share-links"), body).await.expect(201).page_path()
}

/// The path of a person's own calendar.
pub(crate) async fn own_calendar(person: Client<'_>) -> String {
    person.post("/v1/me/calendar-links", serde_json::json!({})).await.expect(201).page_path()
}

/// Reads a calendar.
pub(crate) async fn read(app: &TestApp, path: &str) -> Calendar {
    Calendar::of(&app.as_anybody().get(path).await.expect(200))
}
