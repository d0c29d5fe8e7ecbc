//! The schema of a snapshot: the content of a step that the members vote on, by the step.
//!
//! A snapshot is stored as text and answered as it was stored, so that its hash can be computed again. These types only
//! describe it (`db/report_data/snapshot.rs` and `take_snapshot` in `app/submissions.rs` make it); tests check that
//! every snapshot has this schema. A field that an earlier version did not write is not required.

#![expect(dead_code, reason = "the types describe JSON that is answered as it was stored")]

use chrono::{DateTime, NaiveDate, Utc};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use uuid::Uuid;

use crate::domain::activity::ActivityState;
use crate::domain::criterion::CriterionCode;
use crate::domain::decision::DecisionOutcome;
use crate::domain::evaluation::EvaluatedIndicator;
use crate::domain::event::SubjectKind;
use crate::domain::migration::MigrationState;
use crate::domain::pilot::{IndicatorDirection, PilotOutcome, PilotState};
use crate::domain::policy::{PolicyKind, PolicyState};
use crate::domain::report::ReportEvidence;
use crate::domain::scales::Aim;
use crate::domain::sector::{AssessmentKind, SectorState};
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::decimals::DecimalNumber;

/// The frozen content of a step, by the step.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
#[schema(as = SubmissionSnapshot)]
pub(super) enum Snapshot {
    Policy(PolicySnapshot),
    Sectors(SectorsSnapshot),
    Pilots(PilotsSnapshot),
    Migration(MigrationSnapshot),
    Report(ReportSnapshot),
}

/// The members of every snapshot.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotMembers {
    /// The id of the task force.
    task_force_id: Uuid,
    /// The cycle of the step.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// The time of the submission.
    at: DateTime<Utc>,
    /// The sequence number of the last event before the submission.
    #[schema(minimum = 0, example = 41)]
    last_seq: i64,
    /// The note of the chair.
    #[schema(required)]
    note: Option<LocalizedText>,
    /// The criteria of the gate.
    criteria: Vec<SnapshotCriterion>,
    /// The decision of the council that opened the step again, if there is one.
    adjustment: Option<SnapshotAdjustment>,
}

/// A criterion of the gate at the time of the submission.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotCriterion {
    /// The code of the criterion.
    code: CriterionCode,
    /// True if the criterion was met.
    met: bool,
    /// The waiver of the criterion.
    #[schema(required)]
    waiver: Option<SnapshotWaiver>,
}

/// The waiver of a criterion.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotWaiver {
    /// The reason of the chair.
    reason: LocalizedText,
    /// The seat of the chair.
    member_id: Uuid,
    /// The time of the waiver.
    at: DateTime<Utc>,
}

/// The answer to a decision of the council that opened the step again.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotAdjustment {
    /// The number of the decision.
    #[schema(minimum = 1, example = 1)]
    decision_number: i32,
    /// The reason why nothing had to be changed.
    #[schema(required)]
    note: Option<LocalizedText>,
}

/// The name of one step, which tells the snapshots apart.
fn only(step: StepName) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([step.code()]))
        .description(Some("The step."))
        .build()
}

fn policy_step() -> Object {
    only(StepName::Policy)
}

fn sectors_step() -> Object {
    only(StepName::Sectors)
}

fn pilots_step() -> Object {
    only(StepName::Pilots)
}

fn migration_step() -> Object {
    only(StepName::Migration)
}

fn report_step() -> Object {
    only(StepName::Report)
}

/// The snapshot of step 1.
#[derive(Debug, ToSchema)]
pub(super) struct PolicySnapshot {
    #[serde(flatten)]
    members: SnapshotMembers,
    #[schema(schema_with = policy_step)]
    step: StepName,
    /// The content that the members vote on.
    content: PolicyContent,
}

/// The snapshot of step 2.
#[derive(Debug, ToSchema)]
pub(super) struct SectorsSnapshot {
    #[serde(flatten)]
    members: SnapshotMembers,
    #[schema(schema_with = sectors_step)]
    step: StepName,
    /// The content that the members vote on.
    content: SectorsContent,
}

/// The snapshot of step 3.
#[derive(Debug, ToSchema)]
pub(super) struct PilotsSnapshot {
    #[serde(flatten)]
    members: SnapshotMembers,
    #[schema(schema_with = pilots_step)]
    step: StepName,
    /// The content that the members vote on.
    content: PilotsContent,
}

/// The snapshot of step 4.
#[derive(Debug, ToSchema)]
pub(super) struct MigrationSnapshot {
    #[serde(flatten)]
    members: SnapshotMembers,
    #[schema(schema_with = migration_step)]
    step: StepName,
    /// The content that the members vote on.
    content: MigrationContent,
}

/// The snapshot of step 5.
#[derive(Debug, ToSchema)]
pub(super) struct ReportSnapshot {
    #[serde(flatten)]
    members: SnapshotMembers,
    #[schema(schema_with = report_step)]
    step: StepName,
    /// The content that the members vote on.
    content: ReportContent,
}

/// The content of every step.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotContent {
    /// The step.
    step: StepName,
    /// The cycle of the step.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// The evidence about the products of the step, at most 200 pieces.
    evidence: Vec<ReportEvidence>,
    /// The number of all evidence about the products of the step. Snapshots of an earlier version do not have it: they
    /// list all evidence.
    #[schema(minimum = 0, nullable = false, example = 3)]
    evidence_total: Option<i64>,
    /// The first 200 activities of the step that are not cancelled. Snapshots of an earlier version list all activities.
    activities: Vec<SnapshotActivity>,
    /// The number of activities of the step in each state. Snapshots of an earlier version do not have it.
    #[schema(nullable = false)]
    activity_counts: Option<Vec<SnapshotActivityCount>>,
    /// The products that the snapshot has by their titles only. Snapshots of an earlier version do not have it.
    #[schema(nullable = false)]
    titles_only: Option<SnapshotTitles>,
}

/// The products that a snapshot has by their titles only: superseded policies and cancelled pilots, and the pilots whose
/// plan is fixed beyond the first 200 and beyond 500,000 bytes of such pilots.
#[derive(Debug, ToSchema)]
struct SnapshotTitles {
    /// The first of these products of each kind, oldest first.
    items: Vec<SnapshotTitle>,
    /// The number of all of these products.
    #[schema(minimum = 0, example = 2)]
    total: i64,
}

/// A product that a snapshot has by its title only.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotTitle {
    /// The kind of the product: a policy, a sector, a pilot or a migration.
    kind: SubjectKind,
    /// The id of the product.
    id: Uuid,
    /// The state of the product.
    #[schema(example = "cancelled")]
    state: String,
    /// The title, or the name of a sector.
    title: LocalizedText,
    /// The reason for the state.
    #[schema(required)]
    state_reason: Option<LocalizedText>,
}

/// The content of step 1.
#[derive(Debug, ToSchema)]
struct PolicyContent {
    #[serde(flatten)]
    content: SnapshotContent,
    /// The policies of the cycle, without superseded ones.
    policies: Vec<SnapshotPolicy>,
}

/// The content of step 2.
#[derive(Debug, ToSchema)]
struct SectorsContent {
    #[serde(flatten)]
    content: SnapshotContent,
    /// The sectors of the cycle.
    sectors: Vec<SnapshotSector>,
}

/// The content of step 3.
#[derive(Debug, ToSchema)]
struct PilotsContent {
    #[serde(flatten)]
    content: SnapshotContent,
    /// The pilots of the cycle, without cancelled ones.
    pilots: Vec<SnapshotPilot>,
}

/// The content of step 4.
#[derive(Debug, ToSchema)]
struct MigrationContent {
    #[serde(flatten)]
    content: SnapshotContent,
    /// The pilots of the cycle, without cancelled ones.
    pilots: Vec<SnapshotPilot>,
    /// The migrations of the cycle.
    migrations: Vec<SnapshotMigration>,
}

/// The content of step 5.
#[derive(Debug, ToSchema)]
struct ReportContent {
    #[serde(flatten)]
    content: SnapshotContent,
    /// The draft of the report; null if there is none.
    #[schema(required)]
    report: Option<SnapshotReport>,
}

/// An activity of the step.
#[derive(Debug, ToSchema)]
struct SnapshotActivity {
    /// The number of the activity.
    #[schema(minimum = 1, example = 12)]
    number: i32,
    /// The title.
    title: LocalizedText,
    /// The state.
    state: ActivityState,
}

/// The activities of the step in one state.
#[derive(Debug, ToSchema)]
struct SnapshotActivityCount {
    /// The state.
    state: ActivityState,
    /// The number of activities.
    #[schema(minimum = 0, example = 12)]
    count: i64,
}

/// A policy as it was.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotPolicy {
    /// The id of the policy.
    id: Uuid,
    /// The state.
    state: PolicyState,
    /// The reason for the state.
    #[schema(required)]
    state_reason: Option<LocalizedText>,
    /// The title.
    title: LocalizedText,
    /// The kind: policy, framework or standard.
    kind: PolicyKind,
    /// The description.
    #[schema(required)]
    description: Option<LocalizedText>,
    /// The place where the policy is written.
    #[schema(required, example = "Decree 14/2026")]
    reference: Option<String>,
    /// The aims of the policy.
    aims: Vec<Aim>,
    /// The policy that took its place.
    #[schema(required)]
    superseded_by_id: Option<Uuid>,
}

/// A sector as it was.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotSector {
    /// The id of the sector.
    id: Uuid,
    /// The state.
    state: SectorState,
    /// The reason for the state.
    #[schema(required)]
    state_reason: Option<LocalizedText>,
    /// The name.
    name: LocalizedText,
    /// The reason for the choice of the sector.
    #[schema(required)]
    rationale: Option<LocalizedText>,
    /// The assessments of the sector's maturity, oldest first.
    assessments: Vec<SnapshotAssessment>,
    /// The studies of the sector, oldest first.
    studies: Vec<SnapshotStudy>,
}

/// An assessment as it was.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotAssessment {
    /// The id of the assessment.
    id: Uuid,
    /// The kind: current or target.
    kind: AssessmentKind,
    /// The maturity level.
    #[schema(minimum = 1, maximum = 5, example = 2)]
    level: i16,
    /// The day of the assessment.
    #[schema(example = "2026-11-30")]
    assessed_on: NaiveDate,
    /// The evidence for the level, in words.
    #[schema(required, example = "Interviews with the operators")]
    evidence: Option<String>,
}

/// A study as it was.
#[derive(Debug, ToSchema)]
struct SnapshotStudy {
    /// The id of the study.
    id: Uuid,
    /// The title.
    title: LocalizedText,
    /// The approach.
    #[schema(example = "Site visits and a survey")]
    approach: String,
    /// The findings.
    #[schema(required)]
    findings: Option<LocalizedText>,
    /// The recommendation.
    #[schema(required)]
    recommendation: Option<LocalizedText>,
    /// True if the study was completed.
    completed: bool,
}

/// A pilot as it was.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotPilot {
    /// The id of the pilot.
    id: Uuid,
    /// The state.
    state: PilotState,
    /// The reason for the state.
    #[schema(required)]
    state_reason: Option<LocalizedText>,
    /// The title.
    title: LocalizedText,
    /// The sector of the pilot.
    sector_id: Uuid,
    /// The policy that the pilot carries out.
    #[schema(required)]
    policy_id: Option<Uuid>,
    /// The member who is responsible.
    owner_member_id: Uuid,
    /// The aims of the pilot.
    aims: Vec<Aim>,
    /// The hypothesis of the pilot.
    #[schema(required, example = "Waiting times fall by half")]
    hypothesis: Option<String>,
    /// The first day of the plan.
    #[schema(example = "2027-01-01")]
    start_date: NaiveDate,
    /// The last day of the plan.
    #[schema(example = "2027-02-28")]
    end_date: NaiveDate,
    /// The outcome of the evaluation.
    #[schema(required)]
    outcome: Option<PilotOutcome>,
    /// The lessons of the pilot.
    #[schema(required)]
    lessons: Option<LocalizedText>,
    /// The number of the run. Snapshots of an earlier version do not have it.
    #[schema(minimum = 1, nullable = false, example = 1)]
    run: Option<i32>,
    /// The last three evaluations, oldest first. Snapshots of earlier versions have all of them, or none.
    #[schema(nullable = false)]
    evaluations: Option<Vec<SnapshotEvaluation>>,
    /// The indicators of the pilot, oldest first.
    indicators: Vec<SnapshotIndicator>,
    /// The last ten measurements of each indicator in the present run, oldest first, in the snapshot of step `migration`.
    /// Snapshots of an earlier version have all measurements.
    #[schema(nullable = false)]
    measurements: Option<Vec<SnapshotMeasurement>>,
}

/// An evaluation of a pilot as it was.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotEvaluation {
    /// The number of the evaluation within the pilot.
    #[schema(minimum = 1, example = 1)]
    number: i32,
    /// The cycle of the evaluation.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// The run of the pilot that was evaluated.
    #[schema(minimum = 1, example = 1)]
    run: i32,
    /// The outcome.
    outcome: PilotOutcome,
    /// The time of the evaluation.
    evaluated_at: DateTime<Utc>,
    /// The lessons of the pilot. Only snapshots of an earlier version have them here.
    #[schema(nullable = false)]
    lessons: Option<LocalizedText>,
    /// The indicators with their measurements. Only snapshots of an earlier version have them here.
    #[schema(nullable = false)]
    indicators: Option<Vec<EvaluatedIndicator>>,
}

/// An indicator as it was.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotIndicator {
    /// The id of the indicator.
    id: Uuid,
    /// The name.
    name: LocalizedText,
    /// The unit.
    #[schema(example = "%")]
    unit: String,
    /// The direction in which the values should go.
    direction: IndicatorDirection,
    /// The value before the pilot.
    #[schema(required, value_type = Option<DecimalNumber>)]
    baseline: Option<String>,
    /// The value that the pilot should reach.
    #[schema(required, value_type = Option<DecimalNumber>)]
    target: Option<String>,
    /// The reason why the indicator is no longer measured. Snapshots of an earlier version do not have it.
    retirement_reason: Option<LocalizedText>,
}

/// A measurement as it was.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotMeasurement {
    /// The id of the measurement.
    id: Uuid,
    /// The indicator that was measured.
    indicator_id: Uuid,
    /// The cycle of the measurement.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// The run of the pilot in which it was measured. Snapshots of an earlier version do not have it.
    #[schema(minimum = 1, nullable = false, example = 1)]
    run: Option<i32>,
    /// The value.
    #[schema(value_type = DecimalNumber)]
    value: String,
    /// The day of the measurement.
    #[schema(example = "2027-02-01")]
    measured_on: NaiveDate,
    /// The source of the value.
    #[schema(required, example = "Permit register")]
    source: Option<String>,
}

/// A migration as it was.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotMigration {
    /// The id of the migration.
    id: Uuid,
    /// The state.
    state: MigrationState,
    /// The reason for the state.
    #[schema(required)]
    state_reason: Option<LocalizedText>,
    /// The title.
    title: LocalizedText,
    /// The pilot that moves.
    pilot_id: Uuid,
    /// The system that the pilot moves to.
    #[schema(example = "City service portal")]
    target_system: String,
    /// The planned day.
    #[schema(example = "2027-02-15")]
    planned_on: NaiveDate,
    /// The plan for the way back.
    #[schema(required, example = "Restore the nightly backup")]
    rollback_plan: Option<String>,
    /// The counts of the records.
    #[schema(required)]
    reconciliation: Option<SnapshotReconciliation>,
    /// The unit that takes the service over.
    #[schema(required, example = "Department of digital services")]
    receiving_unit: Option<String>,
    /// The person who is responsible for the service from then on.
    #[schema(required, example = "Head of services")]
    service_owner: Option<String>,
    /// The checklist, oldest item first.
    checklist_items: Vec<SnapshotChecklistItem>,
}

/// The counts of the records of a migration.
#[derive(Debug, ToSchema)]
struct SnapshotReconciliation {
    /// The number of records in the source.
    #[schema(minimum = 0, example = 1200)]
    source: i64,
    /// The number of records that were loaded.
    #[schema(minimum = 0, example = 1195)]
    loaded: i64,
    /// The number of records that were rejected.
    #[schema(minimum = 0, example = 5)]
    rejected: i64,
    /// The reason why the counts differ. Snapshots of an earlier version do not have it.
    reason: Option<LocalizedText>,
}

/// An item of a checklist as it was.
#[derive(Debug, ToSchema)]
struct SnapshotChecklistItem {
    /// The id of the item.
    id: Uuid,
    /// The title.
    title: LocalizedText,
    /// True if the item was done.
    done: bool,
}

/// The draft of the report.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotReport {
    /// The id of the report.
    id: Uuid,
    /// The number of the report.
    #[schema(minimum = 1, example = 1)]
    number: i32,
    /// SHA-256 of the report's canonical JSON (RFC 8785), in hexadecimal.
    #[schema(
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    hash: String,
    /// The decision that the report recommends.
    recommendation: DecisionOutcome,
    /// The step that the report recommends to open again.
    #[schema(required)]
    return_to_step: Option<StepName>,
}
