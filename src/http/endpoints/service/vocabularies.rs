//! The vocabularies: every enum of the contract with its labels, and the transitions between states.

use std::borrow::Cow;
use std::collections::BTreeMap;

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::public;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary;
use crate::domain::{
    activity, audit, ballot, criterion, decision, event, evidence, migration, notification, pilot, policy,
    refusal, report, rights, scales, sector, shared_page, state_machine, step, submission, task, task_force,
    text, user, webhook, working_week,
};
use crate::http::problem::Result;
use crate::http::problem_catalogue::ProblemCode;
use crate::http::request::NoQuery;
use crate::http::response;
use crate::http::server::response_middleware::API_VERSION;

/// A value of an enum.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VocabularyEntry {
    /// The value in JSON.
    #[schema(example = "inProgress")]
    code: &'static str,
    /// Label for people, in both languages.
    label: LocalizedText,
}

/// A transition between two states, irrespective of its conditions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TransitionRule {
    /// State before the transition.
    #[schema(example = "planned")]
    from: &'static str,
    /// State after the transition.
    #[schema(example = "inProgress")]
    to: &'static str,
    /// True if the transition needs a reason.
    reason_required: bool,
}

/// All enums of the API, and the transitions of all stateful resources.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Vocabularies {
    /// Values of each enum, by the name of its schema.
    words: Words,
    /// Transitions of each stateful resource, by the name of the schema of its state.
    transitions: Transitions,
}

impl Vocabularies {
    fn new() -> Self {
        let words = [
            entries::<text::Language>(),
            entries::<user::UserRole>(),
            entries::<user::UserState>(),
            entries::<rights::EffectiveRole>(),
            entries::<rights::SeatRole>(),
            entries::<rights::KeyScope>(),
            entries::<task_force::TaskForceState>(),
            entries::<task_force::HealthRating>(),
            entries::<working_week::Weekday>(),
            entries::<step::StepName>(),
            entries::<step::StepState>(),
            entries::<submission::SubmissionState>(),
            entries::<ballot::VoteChoice>(),
            entries::<criterion::CriterionCode>(),
            entries::<policy::PolicyKind>(),
            entries::<policy::PolicyState>(),
            entries::<sector::SectorState>(),
            entries::<sector::AssessmentKind>(),
            entries::<pilot::PilotState>(),
            entries::<pilot::PilotOutcome>(),
            entries::<pilot::IndicatorDirection>(),
            entries::<migration::MigrationState>(),
            entries::<report::ReportState>(),
            entries::<shared_page::SharedPage>(),
            entries::<shared_page::ShareLinkState>(),
            entries::<webhook::WebhookState>(),
            entries::<webhook::DeliveryOutcome>(),
            entries::<webhook::DeliveryError>(),
            entries::<report::TargetVerdict>(),
            entries::<report::RiskCause>(),
            entries::<report::ReportAspect>(),
            entries::<report::ReportList>(),
            entries::<report::ReportFormat>(),
            entries::<decision::DecisionOutcome>(),
            entries::<decision::ConditionState>(),
            entries::<activity::ActivityState>(),
            entries::<activity::ActivityPriority>(),
            entries::<task::TaskKind>(),
            entries::<notification::NotificationKind>(),
            entries::<notification::NotificationEmail>(),
            entries::<scales::MaturityLevel>(),
            entries::<scales::EvolutionStage>(),
            entries::<scales::Aim>(),
            entries::<evidence::ActivitySubjectKind>(),
            entries::<evidence::EvidenceSubjectKind>(),
            entries::<event::EventAction>(),
            entries::<event::SubjectKind>(),
            entries::<event::ActorKind>(),
            entries::<audit::ChainBreakReason>(),
            entries::<ProblemCode>(),
            entries::<refusal::FieldErrorCode>(),
        ];
        let transitions = [
            rules::<activity::ActivityState>(activity::all_transitions()),
            rules::<decision::ConditionState>(decision::all_condition_transitions()),
            rules::<migration::MigrationState>(migration::all_transitions()),
            rules::<pilot::PilotState>(pilot::all_transitions()),
            rules::<policy::PolicyState>(policy::all_transitions()),
            rules::<report::ReportState>(report::all_transitions()),
            rules::<sector::SectorState>(sector::all_transitions()),
            rules::<step::StepState>(step::all_transitions()),
            rules::<submission::SubmissionState>(submission::all_transitions()),
            rules::<task_force::TaskForceState>(task_force::all_transitions()),
            rules::<user::UserState>(user::all_transitions()),
        ];
        Self { words: BySchema(words.into()), transitions: BySchema(transitions.into()) }
    }
}

fn entries<V: Vocabulary + ToSchema>() -> (Cow<'static, str>, Vec<VocabularyEntry>) {
    let entry = |word: &V| VocabularyEntry { code: word.code(), label: word.label().into() };
    (V::name(), V::ALL.iter().map(entry).collect())
}

fn rules<S: ToSchema>(rules: Vec<state_machine::TransitionRule>) -> (Cow<'static, str>, Vec<TransitionRule>) {
    let rule = |state_machine::TransitionRule { from, to, reason_required }| TransitionRule {
        from,
        to,
        reason_required,
    };
    (S::name(), rules.into_iter().map(rule).collect())
}

/// Lists by the names of schemas. The schema names all of them, so that a client finds the list of each enum that it
/// meets.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct BySchema<T>(BTreeMap<Cow<'static, str>, Vec<T>>);

/// The values of each enum.
type Words = BySchema<VocabularyEntry>;

/// The transitions between the states of each resource.
type Transitions = BySchema<TransitionRule>;

/// A kind of list in the vocabularies.
trait Listed: ToSchema + Sized {
    /// The lists of the vocabularies.
    fn lists(vocabularies: Vocabularies) -> BySchema<Self>;
}

impl Listed for VocabularyEntry {
    fn lists(vocabularies: Vocabularies) -> BySchema<Self> {
        vocabularies.words
    }
}

impl Listed for TransitionRule {
    fn lists(vocabularies: Vocabularies) -> BySchema<Self> {
        vocabularies.transitions
    }
}

impl<T: Listed> PartialSchema for BySchema<T> {
    fn schema() -> RefOr<Schema> {
        let BySchema(lists) = T::lists(Vocabularies::new());
        let list = |object: ObjectBuilder, name: &Cow<'static, str>| {
            object
                .property(name.as_ref(), Ref::from_schema_name(T::name()).to_array_builder())
                .required(name.as_ref())
        };
        lists.keys().fold(ObjectBuilder::new(), list).into()
    }
}

impl<T: Listed> ToSchema for BySchema<T> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("{}Lists", T::name()))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

/// Get the vocabularies
///
/// All enums of the API with their Arabic and English labels, and the transitions of all stateful resources, by the
/// names of the schemas of this document. The response is the same for all callers and can be cached.
#[utoipa::path(
    tag = "service",
    security(()),
    responses((status = 200, description = "The vocabularies.", body = Vocabularies, headers(("ETag" = String))))
)]
#[get("/v1/vocabularies")]
pub(super) async fn get_vocabularies(_query: NoQuery) -> Result<HttpResponse> {
    Ok(public(response::single(API_VERSION, &Vocabularies::new())?))
}
