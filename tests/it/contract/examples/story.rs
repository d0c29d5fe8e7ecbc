//! The story as its files in `story/` tell it, line by line.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The chapters, in their order.
const CHAPTERS: [&str; 4] = [
    include_str!("story/1-service-and-people.yaml"),
    include_str!("story/2-task-force-and-policies.yaml"),
    include_str!("story/3-sectors-and-pilots.yaml"),
    include_str!("story/4-migration-and-council.yaml"),
];

/// A line of the story: an exchange, or one of the aids `accounts`, `pass` and `sql`.
///
/// A value `$name` stands for what an earlier line has kept under that name, or for `$password`, `$today` and
/// `$unknownId`. A request with `If-Match` sends the `ETag` that its sender reads right before.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Line {
    /// The id of the operation.
    #[serde(rename = "do")]
    pub(super) operation: Option<String>,
    /// The name of the account that sends the request.
    pub(super) by: String,
    /// The parameters of the path that are not kept under their own names.
    pub(super) at: BTreeMap<String, Value>,
    pub(super) query: BTreeMap<String, Value>,
    pub(super) body: Option<Value>,
    /// The content of a file that a form sends, in place of a body.
    pub(super) file: Option<String>,
    /// The name of the file.
    pub(super) name: Option<String>,
    /// The media type of the file.
    #[serde(rename = "type")]
    pub(super) media_type: Option<String>,
    /// The language of problems and labels; English by default.
    pub(super) language: Option<String>,
    /// The code of the problem that answers.
    pub(super) problem: Option<String>,
    /// True if the exchange leads on to others but is no example.
    pub(super) silent: bool,
    /// The part of a long answer that the example shows.
    pub(super) shorten: Option<Shorten>,
    /// Of a list, only the item with these values counts for `keep`.
    #[serde(rename = "where")]
    pub(super) filter: BTreeMap<String, Value>,
    /// The values to keep of the answer: names with JSON pointers, or one name for the id.
    pub(super) keep: Option<Keep>,
    /// Names of accounts with their addresses.
    pub(super) accounts: BTreeMap<String, String>,
    /// The step that the chair submits and the members pass.
    pub(super) pass: Option<String>,
    /// A change past the service.
    pub(super) sql: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Keep {
    Id(String),
    Values(BTreeMap<String, String>),
}

impl Keep {
    /// The names with their pointers.
    pub(super) fn pointers(&self) -> Vec<(&str, &str)> {
        match self {
            Self::Id(name) => vec![(name, "/id")],
            Self::Values(values) => {
                values.iter().map(|(name, pointer)| (name.as_str(), pointer.as_str())).collect()
            }
        }
    }
}

/// How a long answer is shortened.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Shorten {
    /// Each list to its first items.
    pub(super) lists: Option<usize>,
    /// A stream to its first events.
    pub(super) events: usize,
    /// A text to the lines that begin so.
    pub(super) lines: Vec<String>,
    /// An object to the members at these pointers.
    pub(super) members: Vec<String>,
}

/// The chapters of the story.
pub(super) fn chapters() -> Vec<Vec<Line>> {
    CHAPTERS.iter().map(|chapter| serde_norway::from_str(chapter).unwrap()).collect()
}

impl Line {
    /// A line of an exchange that is no example.
    pub(super) fn silently(operation: &str, by: &str, body: Value) -> Self {
        Self {
            operation: Some(operation.to_owned()),
            by: by.to_owned(),
            body: Some(body),
            silent: true,
            ..Self::default()
        }
    }
}
