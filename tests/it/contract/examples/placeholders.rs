//! The values that differ from one telling to the next (ids, tokens, hashes, cursors), and their places in the examples.
//!
//! A placeholder follows from where its value was first seen, so that one value has one placeholder in all examples, and
//! a new exchange in the middle of the story leaves the placeholders of the others alone.

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::support::contract::{operations, resolved};

/// The fields whose values are made of random bytes.
const OPAQUE: [&str; 9] =
    ["accessToken", "invitationToken", "key", "kid", "next", "position", "refreshToken", "secret", "x"];

/// The beginning of all ids in the examples: a UUID of version 7.
const ID: &str = "0199f0c2-7a3b-7c11-9d2e-";

/// The placeholders, by value and the other way round.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    shown: HashMap<String, String>,
    live: HashMap<String, String>,
}

impl Placeholders {
    /// Shows a value as it is.
    pub(super) fn keep(&mut self, text: &str) {
        self.insert(text, text.to_owned());
    }

    /// Names an id, unless it has a placeholder already. What is kept as a parameter of paths gets the id that the
    /// document shows for the parameter, so that path and body of an operation go together.
    pub(super) fn name(&mut self, name: &str, id: &str) {
        if Uuid::try_parse(id).is_err() || self.shown.contains_key(id) {
            return;
        }
        match example_of_parameter(name).filter(|example| !self.live.contains_key(*example)) {
            Some(example) => self.insert(id, example.to_owned()),
            None => self.replace(name, id, |digest| format!("{ID}{}", &digest[..12])),
        };
    }

    /// The value as the examples show it; `place` says where it was seen.
    pub(super) fn hide(&mut self, place: &str, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.hide_text(place, text)),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items.map(|(index, item)| self.hide(&format!("{place}/{index}"), item)).collect()
            }
            Value::Object(fields) => {
                let fields = fields.iter();
                fields
                    .map(|(name, field)| (name.clone(), self.hide(&format!("{place}/{name}"), field)))
                    .collect()
            }
            _ => value.clone(),
        }
    }

    /// The text as the examples show it.
    pub(super) fn hide_text(&mut self, place: &str, text: &str) -> String {
        if let Some(shown) = self.shown.get(text) {
            return shown.clone();
        }
        let field = place.rsplit('/').next().unwrap_or_default();
        // The hash of a file stays: it follows from the file.
        let is_hash =
            text.len() == 64 && field != "sha256" && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash {
            return self.replace(place, text, str::to_owned);
        }
        if field == "pageUrl" {
            let ending = if text.ends_with(".ics") { ".ics" } else { "" };
            // The address of the recorded service says nothing, and the token is made of random bytes.
            return self.replace(place, text, |digest| {
                format!("https://taskforce.example/s/{}{ending}", &digest[..43])
            });
        }
        if field == "invitationUrl" {
            let ending = text.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
            return self.replace(place, text, |digest| {
                format!("https://taskforce.example/s/password/{}{ending}", &digest[..43])
            });
        }
        if OPAQUE.contains(&field) && !text.is_empty() {
            return self.replace(place, text, |digest| format!("{field}-{}", &digest[..8]));
        }
        replace_ids(text, |id| {
            self.name(place, id);
            self.shown[id].clone()
        })
    }

    /// A stream of events as the examples show it: the data of each event is JSON.
    pub(super) fn hide_stream(&mut self, place: &str, stream: &str) -> String {
        let mut shown = String::new();
        for (number, line) in stream.lines().enumerate() {
            match line.split_once(": ") {
                Some(("data", data)) => {
                    let data = serde_json::from_str(data).unwrap();
                    shown.push_str(&format!("data: {}", self.hide(&format!("{place}/{number}"), &data)));
                }
                // The position of a feed; the events of a task force have numbers.
                Some(("id", id)) if id.parse::<i64>().is_err() => {
                    let id = self.hide_text(&format!("{place}/{number}/position"), id);
                    shown.push_str(&format!("id: {id}"));
                }
                _ => shown.push_str(line),
            }
            shown.push('\n');
        }
        shown
    }

    /// The value that examples show, as the service takes it.
    pub(super) fn reveal(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.reveal_text(text)),
            Value::Array(items) => items.iter().map(|item| self.reveal(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, field)| (name.clone(), self.reveal(field))).collect()
            }
            _ => value.clone(),
        }
    }

    /// The text that examples show, as the service takes it.
    pub(super) fn reveal_text(&self, text: &str) -> String {
        let live = |shown: &str| self.live.get(shown).cloned();
        live(text).unwrap_or_else(|| replace_ids(text, |id| live(id).unwrap_or_else(|| id.to_owned())))
    }

    /// Finds a placeholder for a value: the first one that the digests of the seed make and no other value has.
    fn replace(&mut self, seed: &str, live: &str, make: impl Fn(&str) -> String) -> String {
        let digests = (1..).map(|count| hex::encode(Sha256::digest(format!("{seed} {count}"))));
        let free = digests.map(|digest| make(&digest)).find(|shown| !self.live.contains_key(shown));
        self.insert(live, free.unwrap())
    }

    fn insert(&mut self, live: &str, shown: String) -> String {
        self.shown.insert(live.to_owned(), shown.clone());
        self.live.insert(shown.clone(), live.to_owned());
        shown
    }
}

/// The id that the document shows for a parameter of paths.
fn example_of_parameter(name: &str) -> Option<&'static str> {
    let parameters = operations().flat_map(|operation| operation.described["parameters"].as_array());
    let mut parameters = parameters.flatten().map(resolved);
    let parameter = parameters.find(|parameter| parameter["in"] == "path" && parameter["name"] == name)?;
    parameter["example"].as_str().or(parameter["schema"]["example"].as_str())
}

/// Replaces each UUID in a text.
fn replace_ids(text: &str, mut replacement: impl FnMut(&str) -> String) -> String {
    const LENGTH: usize = 36;
    let (mut replaced, mut rest) = (String::new(), text);
    while let Some(next) = rest.chars().next() {
        match rest.get(..LENGTH).filter(|candidate| Uuid::try_parse(candidate).is_ok()) {
            Some(id) => {
                replaced.push_str(&replacement(id));
                rest = &rest[LENGTH..];
            }
            None => {
                replaced.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    replaced
}

#[test]
fn one_value_has_one_placeholder_and_comes_back() {
    let id = Uuid::now_v7().to_string();
    let answer =
        serde_json::json!({ "id": id, "link": format!("/v1/{id}/رابط"), "next": "abc", "title": "عنوان" });
    let mut placeholders = Placeholders::default();
    let shown = placeholders.hide("op", &answer);
    let of_id = shown["id"].as_str().unwrap();
    assert!(of_id.starts_with(ID) && Uuid::try_parse(of_id).is_ok(), "{shown}");
    assert_eq!(shown["link"], format!("/v1/{of_id}/رابط"));
    assert_eq!((&shown["title"], shown["next"] == "abc"), (&answer["title"], false));
    assert_eq!(placeholders.hide("another", &answer), shown);
    assert_eq!(placeholders.reveal(&shown), answer);
}
