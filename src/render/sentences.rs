//! One sentence for each event, in both languages, as a person would tell the event to another.
//!
//! A sentence says what the event says, and never how somebody voted: the right to read an event is the right to read its sentence.
//! Arabic verbs agree with a gender that the service does not know of people. Arabic sentences are therefore about the
//! thing that was changed, and end with the name of the person who changed it.

mod actions;
mod facts;
mod fields;
mod special;
mod telling;
mod webhooks;

pub use facts::EventFacts;
pub use fields::field_name;

use self::telling::Telling;
use crate::domain::text::Language;

/// The sentence of an event in a language. Values of records are isolated.
pub fn sentence(facts: &EventFacts<'_>, language: Language) -> String {
    let telling = Telling { facts, language };
    actions::told(telling).finish(telling)
}

#[cfg(test)]
mod tests;
