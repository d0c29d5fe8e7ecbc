//! Problems in the document: the response that every operation has for each status that is no success, and the schema
//! of a problem as a union that its `code` discriminates.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::example::Example;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Ref, RefOr};

use super::headers::{self, SharedHeader};
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::problem_catalogue::ProblemCode;

/// The name of the response, and of the schema of its body.
const PROBLEM: &str = "Problem";
/// The name of the response of operations that answer with documents for people.
const PROBLEM_IN_FORM: &str = "ProblemInForm";
/// The schema of the members that every problem has.
const MEMBERS_OF_ALL: &str = "ProblemMembers";
/// The member that discriminates the problems.
const CODE: &str = "code";

/// The problems that have the same members beside those of all problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Validation,
    Forbidden,
    TransitionNotAllowed,
    ConflictWithReferences,
    Conflict,
    GateNotMet,
    StorageFull,
    Basic,
}

impl Group {
    fn of(code: ProblemCode) -> Self {
        match code {
            ProblemCode::InvalidRequest | ProblemCode::UnknownReference => Self::Validation,
            ProblemCode::Forbidden => Self::Forbidden,
            ProblemCode::TransitionNotAllowed => Self::TransitionNotAllowed,
            ProblemCode::GateNotMet => Self::GateNotMet,
            ProblemCode::StorageFull => Self::StorageFull,
            code if code.refusal_code().is_some_and(|refusal| !refusal.names().is_empty()) => {
                Self::ConflictWithReferences
            }
            code if code.status() == StatusCode::CONFLICT => Self::Conflict,
            _ => Self::Basic,
        }
    }

    fn schema_name(self) -> String {
        format!("{self:?}Problem")
    }

    fn description(self) -> &'static str {
        match self {
            Self::Validation => "Values of the request are not valid. `errors` lists all of them.",
            Self::Forbidden => {
                "The role of the caller does not allow the request. `allowedRoles` lists the roles that may send it."
            }
            Self::TransitionNotAllowed => {
                "The requested state cannot be reached from the current state. `availableTransitions` lists the states that can."
            }
            Self::ConflictWithReferences => {
                "A rule refuses the request because of other resources. `references` lists them."
            }
            Self::Conflict => "A rule refuses the request.",
            Self::GateNotMet => "The gate of the step is not met. `criteria` lists its criteria.",
            Self::StorageFull => "The files of the task force or of the installation have no space left.",
            Self::Basic => "A problem without members of its own.",
        }
    }

    /// The members of these problems: those that each has, and those that some have.
    fn members(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Validation => (&[], &["errors", "errorsTotal"]),
            Self::Forbidden => (&["allowedRoles"], &[]),
            Self::TransitionNotAllowed => (&["availableTransitions"], &[]),
            // A transition is refused by the code of its first obstacle.
            Self::ConflictWithReferences => (&[], &["references", "availableTransitions"]),
            Self::Conflict => (&[], &["availableTransitions"]),
            Self::GateNotMet => (&["criteria"], &[]),
            Self::StorageFull => (&["storage"], &[]),
            Self::Basic => (&[], &[]),
        }
    }
}

/// The response of an operation for each status that is no success. An operation that answers with documents for people
/// explains its problems in the same forms.
pub(super) fn reference(operation: &Operation) -> RefOr<Response> {
    let success = operation.responses.responses.get("200");
    let has_documents = success.is_some_and(|response| match response {
        RefOr::T(response) => {
            let has = |media_type: &str| response.content.contains_key(media_type);
            has("application/json") && has("text/html")
        }
        RefOr::Ref(_) => false,
    });
    RefOr::Ref(Ref::from_response_name(if has_documents { PROBLEM_IN_FORM } else { PROBLEM }))
}

/// The responses to a request that is refused or fails, by their names, with these examples.
pub(super) fn components(
    examples: impl Iterator<Item = (String, RefOr<Example>)>,
) -> [(String, RefOr<Response>); 2] {
    // The examples are those of the response above.
    let mut in_form = problem(std::iter::empty());
    in_form.description =
        "As the response `Problem`, in the form that was asked for: as data, or as a document for people."
            .to_owned();
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let binary = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
    for (media_type, schema) in [("text/html", text()), ("application/pdf", binary)] {
        let content = ContentBuilder::new().schema(Some(schema.build()));
        in_form.content.insert(media_type.to_owned(), content.into());
    }
    [(PROBLEM.to_owned(), problem(examples).into()), (PROBLEM_IN_FORM.to_owned(), in_form.into())]
}

/// A problem as data.
fn problem(examples: impl Iterator<Item = (String, RefOr<Example>)>) -> Response {
    let content: Content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(PROBLEM)))
        .examples_from_iter(examples)
        .build();
    let mut response = ResponseBuilder::new()
        .description(
            "The request was refused or failed; `code` names the reason. An operation lists its own codes in `x-problem-codes`, by status, and in `x-problem-groups` the groups of codes that it shares with operations of the same form; `x-problem-groups` of this response lists the codes of each group. The status follows from the code (see `ProblemCode`).",
        )
        .content("application/problem+json", content)
        .build();
    headers::add_common(&mut response);
    for header in [SharedHeader::RetryAfter, SharedHeader::ETagOfConflict] {
        headers::add(&mut response, header);
    }
    response
}

/// Replaces the schema of a problem, which lists all members, by a union of the groups of problems.
pub(super) fn unite(document: &mut Value) -> Result<(), String> {
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let schemas = schemas.ok_or("the document has no schemas")?;
    let Some(Value::Object(whole)) = schemas.remove(PROBLEM) else {
        return Err("the document has no problem".to_owned());
    };
    let property = |name: &str| {
        let found = whole.get("properties").and_then(|properties| properties.get(name)).cloned();
        found.ok_or_else(|| format!("a problem has no member {name}"))
    };
    let mut groups: BTreeMap<Group, Vec<ProblemCode>> = BTreeMap::new();
    for &code in ProblemCode::ALL {
        groups.entry(Group::of(code)).or_default().push(code);
    }
    for (group, codes) in &groups {
        let (always, sometimes) = group.members();
        let code = match codes.as_slice() {
            [code] => json!({ "type": "string", "const": code }),
            codes => json!({ "type": "string", "enum": codes }),
        };
        let mut properties = Map::from_iter([(CODE.to_owned(), code)]);
        for name in always.iter().chain(sometimes) {
            properties.insert((*name).to_owned(), property(name)?);
        }
        let required: Vec<_> = [CODE].iter().chain(always).collect();
        let own = json!({ "type": "object", "properties": properties, "required": required });
        let all_of = [reference_to(MEMBERS_OF_ALL), own];
        schemas.insert(group.schema_name(), json!({ "description": group.description(), "allOf": all_of }));
    }
    let names = groups.keys().map(|group| reference_to(&group.schema_name()));
    let union = json!({ "description": whole.get("description"), "oneOf": names.collect::<Vec<_>>() });
    schemas.insert(PROBLEM.to_owned(), union);
    schemas.insert(MEMBERS_OF_ALL.to_owned(), members_of_all(whole));
    Ok(())
}

/// The members that every problem has, without the code, which each group narrows.
fn members_of_all(mut whole: Map<String, Value>) -> Value {
    let required = whole.get("required").and_then(Value::as_array).into_iter().flatten();
    let shared: Vec<Value> = required.filter(|name| *name != CODE).cloned().collect();
    if let Some(properties) = whole.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| shared.iter().any(|shared| shared == name));
    }
    whole.insert("description".to_owned(), json!("The members that every problem has."));
    whole.insert("required".to_owned(), Value::Array(shared));
    Value::Object(whole)
}

fn reference_to(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}
