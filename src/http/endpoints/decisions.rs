//! The council's decisions over HTTP, and the register of all of them.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::conditions::Condition;
use crate::app::App;
use crate::app::decisions::{DecisionView, Record};
use crate::db;
use crate::db::conditions::ConditionFields;
use crate::domain::decision::DecisionOutcome;
use crate::domain::reference::Reference;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::step::StepName;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::writing::Write;
use crate::http::idempotency::DryRun;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, PageQuery, page_query};
use crate::http::permissions::DecisionPermissions;
use crate::http::problem::Result;
use crate::http::reference::{ResourceReference, UserReference};
use crate::http::request::{self, Create, Path, Read, Root, TaskForcePath};
use crate::http::response;
use crate::http::text::{LocalizedName, LocalizedNote, PlainLine};

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_decisions).service(create_decision).service(get_decision).service(list_all_decisions);
}

/// To a decision.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct DecisionPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    task_force_id: Uuid,
    /// Number of the decision.
    #[param(minimum = 1, example = 1)]
    #[serde(deserialize_with = "request::number")]
    number: i32,
}

impl Path for DecisionPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A condition of the council.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewCondition {
    /// Kind of the resource.
    #[schema(value_type = LocalizedNote)]
    text: LocalizedText,
    /// The current member in charge. The chair reports the condition met.
    #[serde(rename = "ownerId")]
    owner_member_id: Uuid,
    /// Due date.
    #[schema(example = "2027-06-30")]
    due_date: NaiveDate,
}

/// A decision of the council.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewDecision {
    /// Number of the submitted report.
    #[schema(minimum = 1, example = 1)]
    report_number: i32,
    /// Outcome of the decision.
    outcome: DecisionOutcome,
    /// The step that is reopened; required for `adjust`, and refused otherwise.
    return_to_step: Option<StepName>,
    /// The meeting, as the council's minutes name it.
    #[schema(value_type = PlainLine)]
    meeting_reference: String,
    /// Day of the meeting; not in the future.
    #[schema(example = "2027-01-20")]
    decided_on: NaiveDate,
    /// Reason.
    #[schema(value_type = LocalizedNote)]
    reason: LocalizedText,
    /// Number of the decision that this decision corrects. A correction with the same outcome is always possible; a
    /// correction with another outcome only while nothing has followed from the decision.
    #[schema(minimum = 1, example = 1)]
    supersedes_number: Option<i32>,
    /// Conditions of the decision. If the decision corrects another with the same outcome, the earlier conditions stay
    /// and these are added.
    #[serde(default)]
    #[schema(required = false, max_items = 50)]
    conditions: Vec<NewCondition>,
}

impl From<NewDecision> for Record {
    fn from(new: NewDecision) -> Self {
        let asked = |one: NewCondition| ConditionFields {
            text: one.text,
            owner_member_id: one.owner_member_id,
            due_date: one.due_date,
        };
        Self {
            report_number: new.report_number,
            outcome: new.outcome,
            return_to: new.return_to_step,
            meeting_reference: new.meeting_reference,
            decided_on: new.decided_on,
            reason: new.reason,
            supersedes: new.supersedes_number,
            conditions: new.conditions.into_iter().map(asked).collect(),
        }
    }
}

/// A decision of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DecisionItem {
    /// Unique id.
    id: Uuid,
    /// Number within the task force; never reused.
    #[schema(minimum = 1, example = 1)]
    number: i32,
    /// The report that it is about.
    report: ResourceReference,
    /// The cycle of the report.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// Outcome of the decision.
    outcome: DecisionOutcome,
    /// The step that is reopened.
    #[schema(required)]
    return_to_step: Option<StepName>,
    /// True if the outcome differs from the recommendation of the report.
    departs_from_recommendation: bool,
    /// The council's meeting.
    #[schema(example = "CDG/2027/01, item 4")]
    meeting_reference: String,
    /// Day of the meeting.
    #[schema(example = "2027-01-20")]
    decided_on: NaiveDate,
    /// Reason.
    #[schema(value_type = LocalizedNote)]
    reason: LocalizedText,
    /// The decision that it corrects.
    #[schema(required)]
    supersedes: Option<ResourceReference>,
    /// The decision that corrects it; then that one holds.
    #[schema(required)]
    superseded_by: Option<ResourceReference>,
    /// The user who recorded the decision.
    created_by: UserReference,
    /// Always 1: a decision is never edited; a later decision corrects it.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// Time of recording.
    created_at: DateTime<Utc>,
    /// Time of creation; a decision never changes.
    updated_at: DateTime<Utc>,
}

impl From<db::decisions::Decision> for DecisionItem {
    fn from(row: db::decisions::Decision) -> Self {
        Self {
            departs_from_recommendation: row.departs(),
            id: row.id,
            number: row.number,
            report: Reference::report(row.report_id, row.report_number)
                .in_task_force(row.task_force_id)
                .into(),
            cycle: row.cycle,
            outcome: row.outcome,
            return_to_step: row.return_to_step,
            meeting_reference: row.meeting_reference,
            decided_on: row.decided_on,
            reason: row.reason,
            supersedes: row.supersedes.map(ResourceReference::from),
            superseded_by: row.superseded_by.map(ResourceReference::from),
            created_by: row.created_by.into(),
            version: 1,
            created_at: row.created_at,
            updated_at: row.created_at,
        }
    }
}

/// A decision with its conditions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Decision {
    #[serde(flatten)]
    item: DecisionItem,
    /// A condition that the council set with a decision.
    conditions: Vec<Condition>,
    /// The actions that the caller can perform on the decision now.
    permissions: DecisionPermissions,
}

impl Decision {
    fn new(view: DecisionView, language: Language) -> Self {
        let permissions =
            DecisionPermissions { correct: view.can_correct, add_evidence: view.can_add_evidence };
        Self {
            permissions,
            item: view.decision.into(),
            conditions: view.conditions.into_iter().map(|one| Condition::new(one, language)).collect(),
        }
    }
}

/// A decision in the register of all task forces.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DecisionRegisterEntry {
    #[serde(flatten)]
    item: DecisionItem,
    /// The task force.
    task_force: ResourceReference,
    /// City of the task force.
    #[schema(value_type = LocalizedName)]
    city: LocalizedText,
    /// Number of conditions of the decision that are open or wait for acceptance.
    #[schema(minimum = 0, example = 1)]
    pending_conditions: i64,
}

impl From<db::decisions::RegisteredDecision> for DecisionRegisterEntry {
    fn from(row: db::decisions::RegisteredDecision) -> Self {
        Self {
            task_force: Reference::task_force(row.decision.task_force_id, row.task_force_name).into(),
            item: row.decision.into(),
            city: row.city,
            pending_conditions: row.pending_conditions,
        }
    }
}

page_query! {
    /// The query parameters of a list of decisions.
    RegisterQuery {
        /// Only decisions with this outcome.
        #[param(inline, nullable = false)]
        outcome: Option<DecisionOutcome>,
    }
}

/// A page of decisions.
type DecisionPage = Page<DecisionItem>;

impl ListItem for DecisionItem {
    const PAGE_NAME: &'static str = "DecisionPage";
    const PAGE_DESCRIPTION: &'static str = "A page of decisions.";
}

/// A page of the decision register.
type DecisionRegisterPage = Page<DecisionRegisterEntry>;

impl ListItem for DecisionRegisterEntry {
    const PAGE_NAME: &'static str = "DecisionRegisterPage";
    const PAGE_DESCRIPTION: &'static str = "A page of the decision register.";
}

/// List decisions
///
/// The council's decisions on a task force, newest first.
#[utoipa::path(
    tag = "decisions",
    params(TaskForcePath, PageQuery),
    responses((status = 200, description = "A page of decisions.", body = DecisionPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/decisions")]
async fn list_decisions(app: Data<App>, read: Read<TaskForcePath, PageQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let before = paging.after()?;
    let page =
        app.decisions_list(&context.caller, context.path.task_force_id, before, paging.window()).await?;
    response::document(&DecisionPage::new(&paging, page, |row| row.number, DecisionItem::from))
}

/// Record a decision of the council
///
/// Records the council's decision on a submitted report. `continue` opens the next cycle; `adjust` reopens the named
/// step of this cycle, locks the later steps and removes their waivers; `conclude` concludes the task force; `stop`
/// dissolves it. All effects happen in one transaction.
#[utoipa::path(
    tag = "decisions",
    params(TaskForcePath, DryRun),
    request_body = NewDecision,
    responses((status = 201, description = "The decision.", body = Decision, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::RecordDecision)
            .writes(Write::Decision)
            .refuses([
                RefusalCode::UnknownReference, RefusalCode::MemberEnded, RefusalCode::SeatsInvalid,
                RefusalCode::ReportNotSubmitted,
                RefusalCode::DecisionSuperseded, RefusalCode::DecisionFollowed,
            ])
    )))
)]
#[post("/v1/task-forces/{taskForceId}/decisions")]
async fn create_decision(
    app: Data<App>,
    create: Create<TaskForcePath, NewDecision, DryRun>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let view = app.decision_record(&context.caller, context.path.task_force_id, body.into()).await?;
    let location = format!("{}/{}", context.request_path, view.decision.number);
    Ok(response::in_language(
        context.language(),
        response::created(&location, 1, &Decision::new(view, context.language()))?,
    ))
}

/// Get a decision
#[utoipa::path(
    tag = "decisions",
    description = "One decision of the council with its conditions.",
    params(DecisionPath),
    responses((status = 200, description = "The decision.", body = Decision, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/decisions/{number}")]
async fn get_decision(app: Data<App>, read: Read<DecisionPath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let view = app.decision_get(&context.caller, context.path.task_force_id, context.path.number).await?;
    Ok(response::in_language(
        context.language(),
        response::single(1, &Decision::new(view, context.language()))?,
    ))
}

/// List the decisions on all task forces
///
/// The decisions on all task forces, newest first.
#[utoipa::path(
    tag = "decisions",
    params(RegisterQuery),
    responses((status = 200, description = "A page of the decision register.", body = DecisionRegisterPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadRegister).refuses([
        RefusalCode::InsufficientScope,
    ]))))
)]
#[get("/v1/decisions")]
async fn list_all_decisions(app: Data<App>, read: Read<Root, RegisterQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let before = paging.after()?;
    let page = app.decisions_register(&context.caller, query.outcome, before, paging.window()).await?;
    response::document(&DecisionRegisterPage::new(
        &paging,
        page,
        |row| row.register_seq,
        DecisionRegisterEntry::from,
    ))
}
