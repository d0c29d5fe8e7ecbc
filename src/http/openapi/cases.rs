//! Request bodies that need more in one case than in another: a recusal needs a reason, an approval does not.
//!
//! The use cases refuse a body without what its case needs. In the document, such a body is one of several objects,
//! which the value of one property tells apart, so that the types of a client refuse it, too.

use serde_json::{Map, Value, json};

use super::names::pascal_case;
use crate::domain::activity::{self, ActivityState};
use crate::domain::ballot::VoteChoice;
use crate::domain::decision::{self, ConditionState, DecisionOutcome};
use crate::domain::migration::{self, MigrationState};
use crate::domain::pilot::{self, PilotState};
use crate::domain::policy::{self, PolicyState};
use crate::domain::sector::{self, SectorState};
use crate::domain::shared_page::SharedPage;
use crate::domain::state_machine::TransitionRule;
use crate::domain::task_force::{self, TaskForceState};
use crate::domain::user::{self, UserState};
use crate::domain::vocabulary::Vocabulary;

/// The cases of a body.
struct Cases {
    /// The schema of the body.
    schema: &'static str,
    /// The property that tells the cases apart.
    by: &'static str,
    /// The values of the property, with the properties that the value needs.
    needs: Vec<(&'static str, Vec<&'static str>)>,
}

impl Cases {
    fn of<V: Vocabulary>(
        schema: &'static str,
        by: &'static str,
        needs: impl Fn(V) -> Vec<&'static str>,
    ) -> Self {
        Self { schema, by, needs: V::ALL.iter().map(|value| (value.code(), needs(*value))).collect() }
    }

    /// The cases of a transition. A state needs a reason if each transition to the state does.
    fn of_transition<V: Vocabulary>(
        schema: &'static str,
        rules: &[TransitionRule],
        more: impl Fn(V) -> &'static [&'static str],
    ) -> Self {
        Self::of(schema, "to", |to: V| {
            let mut ways = rules.iter().filter(|rule| rule.to == to.code()).peekable();
            let needs_reason = ways.peek().is_some() && ways.all(|rule| rule.reason_required);
            needs_reason.then_some("reason").into_iter().chain(more(to).iter().copied()).collect()
        })
    }

    fn all() -> Vec<Self> {
        vec![
            Self::of("NewVote", "choice", |choice| match choice {
                VoteChoice::Recuse => vec!["reason"],
                VoteChoice::Return => vec!["comment"],
                VoteChoice::Approve | VoteChoice::Abstain => vec![],
            }),
            Self {
                schema: "NewShareLink",
                by: "page",
                needs: vec![
                    (SharedPage::Status.code(), vec![]),
                    (SharedPage::Report.code(), vec!["reportNumber"]),
                    (SharedPage::Calendar.code(), vec![]),
                ],
            },
            Self {
                schema: "NewPageLink",
                by: "page",
                needs: vec![
                    (SharedPage::Status.code(), vec!["taskForceId"]),
                    (SharedPage::Report.code(), vec!["taskForceId", "reportNumber"]),
                    (SharedPage::Portfolio.code(), vec![]),
                ],
            },
            Self::of("NewDecision", "outcome", needs_of_outcome),
            Self::of("NewCouncilReport", "recommendation", needs_of_outcome),
            Self::of_transition("PolicyTransition", &policy::all_transitions(), |to| match to {
                PolicyState::Superseded => &["supersededById"],
                _ => &[],
            }),
            Self::of_transition("PilotTransition", &pilot::all_transitions(), |to| match to {
                PilotState::Evaluated => &["outcome", "lessons"],
                _ => &[],
            }),
            Self::of_transition("SectorTransition", &sector::all_transitions(), |_: SectorState| &[]),
            Self::of_transition("MigrationTransition", &migration::all_transitions(), |_: MigrationState| {
                &[]
            }),
            Self::of_transition("ActivityTransition", &activity::all_transitions(), |_: ActivityState| &[]),
            Self::of_transition(
                "ConditionTransition",
                &decision::all_condition_transitions(),
                |_: ConditionState| &[],
            ),
            Self::of_transition(
                "TaskForceTransition",
                &task_force::all_transitions(),
                |_: TaskForceState| &[],
            ),
            Self::of_transition("UserTransition", &user::all_transitions(), |_: UserState| &[]),
        ]
    }

    /// The values that need the same, with what they need.
    fn groups(&self) -> Vec<(&[&'static str], Vec<&'static str>)> {
        let mut groups: Vec<(&[&str], Vec<&str>)> = Vec::new();
        for (value, needs) in &self.needs {
            match groups.iter_mut().find(|(same, _)| same == needs) {
                Some((_, values)) => values.push(value),
                None => groups.push((needs, vec![value])),
            }
        }
        groups
    }

    /// Replaces the schema by a union of its cases.
    fn split(&self, schemas: &mut Map<String, Value>) -> Result<(), String> {
        let whole = schemas.get(self.schema).and_then(Value::as_object).cloned();
        let whole = whole.ok_or_else(|| format!("no schema {}", self.schema))?;
        let mut references = Vec::new();
        for (needs, values) in self.groups() {
            let mut case = whole.clone();
            case.retain(|name, _| name != "example" && name != "examples");
            let properties = case.get_mut("properties").and_then(Value::as_object_mut);
            let properties = properties.ok_or_else(|| format!("{} has no properties", self.schema))?;
            let described = properties.get(self.by).and_then(|property| property.get("description"));
            let by = match values.as_slice() {
                [value] => json!({ "description": described, "type": "string", "const": value }),
                values => json!({ "description": described, "type": "string", "enum": values }),
            };
            properties.insert(self.by.to_owned(), by);
            for name in needs {
                let property = properties.get_mut(*name).and_then(Value::as_object_mut);
                refuse_null(property.ok_or_else(|| format!("{} has no {name}", self.schema))?);
            }
            if let Some(required) = case.get_mut("required").and_then(Value::as_array_mut) {
                required.extend(needs.iter().map(|name| json!(name)));
            }
            let listed = values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
            let description = format!("The body if `{}` is {listed}.", self.by);
            case.insert("description".to_owned(), description.into());
            let name = self.name(needs);
            references.push(json!({ "$ref": format!("#/components/schemas/{name}") }));
            schemas.insert(name, Value::Object(case));
        }
        let mut union = Map::from_iter([("oneOf".to_owned(), Value::Array(references))]);
        let kept = ["description", "example", "examples"].into_iter();
        union.extend(kept.filter_map(|name| Some((name.to_owned(), whole.get(name)?.clone()))));
        schemas.insert(self.schema.to_owned(), Value::Object(union));
        Ok(())
    }

    fn name(&self, needs: &[&str]) -> String {
        if needs.is_empty() {
            return format!("Simple{}", self.schema);
        }
        let needs: Vec<_> = needs.iter().map(|name| pascal_case(name)).collect();
        format!("{}With{}", self.schema, needs.join("And"))
    }
}

fn needs_of_outcome(outcome: DecisionOutcome) -> Vec<&'static str> {
    if outcome == DecisionOutcome::Adjust { vec!["returnToStep"] } else { vec![] }
}

/// Takes the null out of a nullable property.
fn refuse_null(property: &mut Map<String, Value>) {
    if let Some(kinds) = property.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            property.insert("type".to_owned(), kind);
        }
    }
    let branches = property.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let is_null = |branch: &Map<String, Value>| branch.get("type").is_some_and(|kind| kind == "null");
    let value = branches.filter_map(Value::as_object).find(|branch| !is_null(branch)).cloned();
    if let Some(mut value) = value {
        value.extend(property.remove("description").map(|text| ("description".to_owned(), text)));
        *property = value;
    }
}

/// Splits every body that has cases.
///
/// # Errors
/// A body or a property that the document does not have.
pub(super) fn split(document: &mut Value) -> Result<(), String> {
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let schemas = schemas.ok_or("the document has no schemas")?;
    Cases::all().iter().try_for_each(|cases| cases.split(schemas))
}
