//! The recorded examples: a request and an answer of each operation, and an answer of each problem that carries members.
//!
//! `make examples` records them (`tests/it/contract/examples.rs`), and a test replays them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::openapi::content::Content;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, Ref, RefOr};

use super::paths::operations_mut;

/// The name of the example in a body: each body has one.
const NAME: &str = "recorded";

/// The examples of a document, by the names of their components.
type Examples = BTreeMap<String, RefOr<Example>>;

/// All recorded exchanges.
#[derive(Debug, Deserialize)]
pub(super) struct Recording {
    /// By the ids of the operations.
    operations: BTreeMap<String, Exchange>,
    /// By the codes of the problems.
    problems: BTreeMap<String, Exchange>,
}

/// A request with its answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exchange {
    #[serde(default)]
    query: BTreeMap<String, String>,
    /// The media type of a request that is not JSON.
    request_type: Option<String>,
    request: Option<Value>,
    status: u16,
    /// The media type of an answer that is not JSON.
    answer_type: Option<String>,
    answer: Option<Value>,
    /// True if the answer is longer than the example.
    #[serde(default)]
    shortened: bool,
}

impl Recording {
    /// Reads the recorded exchanges.
    ///
    /// # Errors
    /// A file that is no recording.
    pub(super) fn read() -> Result<Self, String> {
        serde_json::from_str(include_str!("examples.json")).map_err(|error| format!("examples.json: {error}"))
    }

    /// The answers with a problem, by the code of the problem.
    pub(super) fn problems(&self) -> impl Iterator<Item = (String, RefOr<Example>)> {
        // A reader lists the examples of all problems by their summaries.
        let example = |code: &str, exchange: &Exchange| {
            let summary = if exchange.shortened { format!("{code} (shortened)") } else { code.to_owned() };
            ExampleBuilder::new().summary(summary).value(exchange.answer.clone()).build()
        };
        let named =
            move |(code, exchange): (&String, &Exchange)| (code.clone(), example(code, exchange).into());
        self.problems.iter().filter(|(_, exchange)| exchange.answer.is_some()).map(named)
    }

    /// Adds the examples to the operations. An example of several places becomes a component.
    pub(super) fn add(&self, openapi: &mut OpenApi, components: &mut Examples) {
        let mut places = Vec::new();
        for (_, _, operation) in operations_mut(openapi) {
            let id = operation.operation_id.clone().unwrap_or_default();
            if let Some(exchange) = self.operations.get(&id) {
                places.extend(exchange.places(&id, operation));
            }
        }
        let firsts: Vec<Option<String>> = places
            .iter()
            .map(|place| {
                let mut same = places.iter().filter(|other| other.example == place.example);
                same.next().filter(|_| same.next().is_some()).map(|first| first.name.clone())
            })
            .collect();
        for (place, shared) in places.into_iter().zip(firsts) {
            let example = match shared {
                Some(name) => {
                    let reference = Ref::new(format!("#/components/examples/{name}"));
                    components.entry(name).or_insert_with(|| place.example.into());
                    RefOr::Ref(reference)
                }
                None => place.example.into(),
            };
            place.content.examples.insert(NAME.to_owned(), example);
        }
    }
}

/// A body of the document with its example.
struct Place<'a> {
    /// The name of the component, if the example becomes one.
    name: String,
    example: Example,
    content: &'a mut Content,
}

impl Exchange {
    /// The bodies of the operation that the exchange is an example of.
    fn places<'a>(&self, id: &str, operation: &'a mut Operation) -> Vec<Place<'a>> {
        let status = self.status.to_string();
        // Beside a creation, 200 answers a dry run, which looks like the creation.
        let is_shown = |of: &str| of == status || (of, status.as_str()) == ("200", "201");
        let mut answer = Vec::new();
        for (of, response) in &mut operation.responses.responses {
            if let (true, RefOr::T(response)) = (is_shown(of), response) {
                answer.extend(&mut response.content);
            }
        }
        let request: Vec<_> = match &mut operation.request_body {
            Some(RefOr::T(body)) => body.content.iter_mut().collect(),
            _ => Vec::new(),
        };
        let of_request = |value| ExampleBuilder::new().value(Some(value)).build();
        let bodies = [
            ("Request", request, &self.request_type, self.request.clone().map(of_request)),
            ("Response", answer, &self.answer_type, self.answer.as_ref().map(|value| self.answer(value))),
        ];
        let mut places = Vec::new();
        for (kind, contents, media_type, example) in bodies {
            let Some(example) = example else { continue };
            for (name, content) in contents {
                let is_meant = media_type.as_ref().map_or_else(|| name.ends_with("json"), |own| own == name);
                if let (true, RefOr::T(content)) = (is_meant, content) {
                    places.push(Place { name: format!("{id}{kind}"), example: example.clone(), content });
                }
            }
        }
        places
    }

    /// An example of the answer, with what the reader can't see from the operation.
    fn answer(&self, value: &Value) -> Example {
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut parts = Vec::new();
        if !query.is_empty() {
            parts.push(format!("With {}", query.join("&")));
        }
        if self.shortened {
            parts.push("Shortened".to_owned());
        }
        ExampleBuilder::new().summary(parts.join(". ")).value(Some(value.clone())).build()
    }
}
