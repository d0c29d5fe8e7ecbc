//! The values of a sentence, and its form in both languages.

use chrono::NaiveDate;
use serde_json::Value;
use uuid::Uuid;

use super::facts::EventFacts;
use super::fields::field_name;
use crate::domain::activity::ActivityState;
use crate::domain::decision::ConditionState;
use crate::domain::event::{ActorKind, SubjectKind};
use crate::domain::message::Message;
use crate::domain::migration::MigrationState;
use crate::domain::pilot::PilotState;
use crate::domain::policy::PolicyState;
use crate::domain::reference::Named;
use crate::domain::report::ReportState;
use crate::domain::sector::SectorState;
use crate::domain::step::{StepName, StepState};
use crate::domain::submission::SubmissionState;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::user::UserState;
use crate::domain::vocabulary::Vocabulary;
use crate::render::words::{short, shortened};
use crate::render::{bidi, dates};

/// The most letters of a title, and of a reason, in a sentence.
const TITLE_LETTERS: usize = 120;
const REASON_LETTERS: usize = 240;

/// The most fields that a sentence lists.
const FIELDS: usize = 4;

/// An event that is told in a language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) facts: &'a EventFacts<'a>,
    pub(super) language: Language,
}

/// A sentence without its end.
#[derive(Debug)]
pub(super) struct Told {
    text: String,
    /// The sentence ends with the name of the actor, since the text does not say who acted.
    is_signed: bool,
}

impl<'a> Telling<'a> {
    /// A sentence with the values in the places `{actor}`, `{title}`, `{number}`, `{step}` and `{state}`. An Arabic sentence
    /// without `{actor}` is signed by the actor whom the English one names.
    pub(super) fn say(self, english: &str, arabic: &str) -> Told {
        self.say_with(english, arabic, &[])
    }

    /// A sentence with further values by their names.
    pub(super) fn say_with(self, english: &str, arabic: &str, values: &[(&str, String)]) -> Told {
        let (text, is_signed) = match self.language {
            Language::English => (english, false),
            Language::Arabic => (arabic, english.contains("{actor}") && !arabic.contains("{actor}")),
        };
        Told { text: self.fill(text, values), is_signed }
    }

    fn fill(self, text: &str, values: &[(&str, String)]) -> String {
        let mut filled = String::with_capacity(text.len() * 2);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').unwrap_or((after, ""));
            filled.push_str(before);
            match values.iter().find(|(of, _)| *of == name) {
                Some((_, value)) => filled.push_str(value),
                None => filled.push_str(&self.value(name)),
            }
            rest = behind;
        }
        filled.push_str(rest);
        // A subject without a title leaves the blank before its place.
        filled.replace("  ", " ").trim_end().to_owned()
    }

    /// A value that every event has.
    fn value(self, name: &str) -> String {
        match name {
            "actor" => self.actor(),
            "title" => self.title(),
            "number" => self.facts.subject.number.map(|number| number.to_string()).unwrap_or_default(),
            "step" => self.step().map(|step| self.label(step)).unwrap_or_default(),
            "state" => {
                self.state().map(|state| self.quoted(short(&state), TITLE_LETTERS)).unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    /// The name of the actor.
    fn actor(self) -> String {
        let named = self.facts.actor_name.map(|name| self.name(name));
        named.unwrap_or_else(|| match (self.facts.actor.kind, self.language) {
            (ActorKind::System, Language::English) => "The service".to_owned(),
            (ActorKind::System, Language::Arabic) => "الخدمة".to_owned(),
            (ActorKind::User, Language::English) => "Somebody".to_owned(),
            (ActorKind::User, Language::Arabic) => "أحد المستخدمين".to_owned(),
        })
    }

    /// The title of the subject in quotation marks; the name of a person without.
    fn title(self) -> String {
        let subject = self.facts.subject;
        let Some(title) = &subject.title else { return String::new() };
        match subject.kind {
            SubjectKind::Member | SubjectKind::User | SubjectKind::Session => self.name(title),
            _ => self.quoted(title.in_language(self.language), TITLE_LETTERS),
        }
    }

    /// The step that the event is about.
    pub(super) fn step(self) -> Option<StepName> {
        let of_subject = self.facts.subject.step.map(|(code, _)| code);
        let code = self.facts.after("step").and_then(Value::as_str).or(of_subject)?;
        StepName::parse(code)
    }

    /// The label of the state after the change.
    fn state(self) -> Option<String> {
        let to = self.facts.to?;
        let label = match self.facts.subject.kind {
            SubjectKind::TaskForce => label::<TaskForceState>(to),
            SubjectKind::Member | SubjectKind::User => label::<UserState>(to),
            SubjectKind::Step => label::<StepState>(to),
            SubjectKind::Submission => label::<SubmissionState>(to),
            SubjectKind::Policy => label::<PolicyState>(to),
            SubjectKind::Sector => label::<SectorState>(to),
            SubjectKind::Pilot => label::<PilotState>(to),
            SubjectKind::Migration => label::<MigrationState>(to),
            SubjectKind::Report => label::<ReportState>(to),
            SubjectKind::Condition => label::<ConditionState>(to),
            SubjectKind::Activity => label::<ActivityState>(to),
            _ => None,
        };
        // A state that this version does not know is shown by its code.
        Some(label.map_or_else(|| to.to_owned(), |label| label.in_language(self.language).to_owned()))
    }

    /// The name of a person.
    pub(super) fn name(self, name: &LocalizedText) -> String {
        bidi::isolate(name.in_language(self.language))
    }

    /// A text in quotation marks, shortened to so many letters, without a full stop at its end.
    fn quoted(self, text: &str, letters: usize) -> String {
        let line = bidi::harmless(text);
        let text = shortened(line.trim(), letters);
        let text = bidi::isolate(text.trim_end_matches('.'));
        match self.language {
            Language::English => format!("“{text}”"),
            Language::Arabic => format!("«{text}»"),
        }
    }

    /// A text of a record in quotation marks.
    pub(super) fn quoted_text(self, text: &LocalizedText) -> String {
        self.quoted(text.in_language(self.language), TITLE_LETTERS)
    }

    /// The label of a word in quotation marks, without its explanation.
    pub(super) fn label(self, word: impl Vocabulary) -> String {
        self.quoted(short(word.label().in_language(self.language)), TITLE_LETTERS)
    }

    /// The label of the word that a field has after the change.
    pub(super) fn label_after<V: Vocabulary>(self, field: &str) -> Option<String> {
        let word = V::parse(self.facts.after(field)?.as_str()?)?;
        Some(self.label(word))
    }

    /// The day that a field has after the change.
    pub(super) fn day_after(self, field: &str) -> Option<String> {
        let day: NaiveDate = self.facts.after(field)?.as_str()?.parse().ok()?;
        Some(dates::day(self.language, day))
    }

    /// A number or a short text that a field has after the change.
    pub(super) fn text_after(self, field: &str) -> Option<String> {
        plain(self.facts.after(field)?)
    }

    /// A number or a short text that a field had before the change.
    pub(super) fn text_before(self, field: &str) -> Option<String> {
        plain(self.facts.before(field)?)
    }

    /// The member or the resource that a value of the changes names.
    pub(super) fn named(self, value: Option<&Value>) -> Option<&'a Named> {
        let id: Uuid = value?.as_str()?.parse().ok()?;
        self.facts.named.get(id)
    }

    /// The members whom a list of ids names after the change, and did not name before.
    pub(super) fn newly_named(self, field: &str) -> Vec<&'a Named> {
        let ids = |value: Option<&'a Value>| value.and_then(Value::as_array).into_iter().flatten();
        let before: Vec<&Value> = ids(self.facts.before(field)).collect();
        let new = ids(self.facts.after(field)).filter(|id| !before.contains(id));
        new.filter_map(|id| self.named(Some(id))).collect()
    }

    /// Names with commas between them, and a word before the last.
    pub(super) fn listed(self, names: &[&Named]) -> String {
        let names: Vec<String> = names.iter().map(|named| self.name(&named.title)).collect();
        let Some((last, others)) = names.split_last() else { return String::new() };
        if others.is_empty() {
            return last.clone();
        }
        match self.language {
            Language::English => format!("{} and {last}", others.join(", ")),
            Language::Arabic => format!("{} و{last}", others.join("، ")),
        }
    }

    /// Tells whether the person is the actor.
    pub(super) fn is_actor(self, named: &Named) -> bool {
        named.user_id.is_some() && named.user_id == self.facts.actor.id
    }

    /// The text of a reason, a note or another field in quotation marks.
    fn reason(self, field: &str) -> Option<String> {
        let text = match self.facts.after(field)? {
            Value::String(text) => text.clone(),
            value => {
                let text: LocalizedText = serde_json::from_value(value.clone()).ok()?;
                text.in_language(self.language).to_owned()
            }
        };
        Some(self.quoted(&text, REASON_LETTERS))
    }
}

impl Told {
    /// Continues the sentence.
    pub(super) fn and(mut self, more: Self) -> Self {
        self.text.push_str(&more.text);
        self.is_signed |= more.is_signed;
        self
    }

    /// Adds the text of a reason or a note, if there is one.
    pub(super) fn because(mut self, telling: Telling<'_>, field: &str) -> Self {
        if let Some(reason) = telling.reason(field) {
            self.text.push_str(": ");
            self.text.push_str(&reason);
        }
        self
    }

    /// Adds the names of the fields that changed, if they are few and have names.
    pub(super) fn with_fields(mut self, telling: Telling<'_>) -> Self {
        let names = telling.facts.changes.keys().map(|field| field_name(field, telling.language));
        let names: Option<Vec<&str>> = names.collect();
        if let Some(names) = names.filter(|names| (1..=FIELDS).contains(&names.len())) {
            let comma = match telling.language {
                Language::English => ", ",
                Language::Arabic => "، ",
            };
            self.text.push_str(&format!(" ({})", names.join(comma)));
        }
        self
    }

    /// The whole sentence.
    pub(super) fn finish(self, telling: Telling<'_>) -> String {
        let Self { mut text, is_signed } = self;
        if is_signed && telling.facts.actor.kind == ActorKind::User {
            text.push_str(" — ");
            text.push_str(&telling.actor());
        }
        text.push('.');
        text
    }
}

fn label<V: Vocabulary>(code: &str) -> Option<Message> {
    V::parse(code).map(Vocabulary::label)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(bidi::isolate(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
