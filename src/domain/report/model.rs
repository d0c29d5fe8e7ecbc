//! The contents of a report. A report is stored as canonical JSON with its hash, and rendered from that alone.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::changes::ReportChanges;
use super::lists::{ReportAbridgement, ReportList};
use super::{ReportTimeline, RiskCause, TargetVerdict};
use crate::domain::activity::ActivityState;
use crate::domain::ballot::{Tally, VoteChoice};
use crate::domain::criterion::CriterionCode;
use crate::domain::decimal::Decimal;
use crate::domain::decision::{ConditionState, DecisionOutcome};
use crate::domain::evaluation::PilotEvaluation;
use crate::domain::event::{Hash, SubjectKind};
use crate::domain::evidence::EvidenceSubjectKind;
use crate::domain::migration::MigrationState;
use crate::domain::pilot::{IndicatorDirection, PilotOutcome, PilotState};
use crate::domain::policy::PolicyKind;
use crate::domain::rights::SeatRole;
use crate::domain::scales::Aim;
use crate::domain::sector::SectorState;
use crate::domain::step::{StepName, StepState};
use crate::domain::submission::SubmissionState;
use crate::domain::task_force::HealthRating;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

/// Content of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportModel {
    /// Identification of the report.
    pub control: ReportControl,
    /// Recommendation to the council.
    pub asked: ReportAsked,
    /// Rating of the last health statement; null if there is none.
    #[schema(required)]
    pub health: Option<ReportHealthStatement>,
    /// The changes since the last report that was before the council; null if there was none. Missing in reports of
    /// earlier versions.
    #[serde(default)]
    pub changes: Option<ReportChanges>,
    /// The five steps of the cycle, in order.
    pub steps: Vec<ReportStep>,
    /// The policies in force.
    pub policies: Vec<ReportPolicy>,
    /// The sectors, selected or not.
    pub sectors: Vec<ReportSector>,
    /// The pilots of the cycle.
    pub pilots: Vec<ReportPilot>,
    /// The migrations of the cycle.
    pub migrations: Vec<ReportMigration>,
    /// The four aims with the policies and pilots that serve them.
    pub aims: Vec<ReportAim>,
    /// Activities of the cycle.
    pub activities: ReportActivities,
    /// Activities over time, and dates ahead. Missing in reports of earlier versions.
    #[serde(default)]
    pub timeline: Option<ReportTimeline>,
    /// Risks: blocked and overdue work, and differences in migrations.
    pub risks: ReportRisks,
    /// Earlier decisions of the council and their conditions.
    pub decisions: Vec<ReportDecision>,
    /// Lessons of the evaluated pilots.
    pub lessons: Vec<ReportLesson>,
    /// Current members, and members who left in this cycle.
    pub members: Vec<ReportMember>,
    /// Recusals from votes.
    pub recusals: Vec<ReportRecusal>,
    /// Annex: the evidence.
    pub evidence: Vec<ReportEvidence>,
    /// The lists that have only some of their items, since the report would be too long otherwise. Missing in reports of
    /// earlier versions, whose lists are complete.
    #[serde(default)]
    pub abridged: Vec<ReportAbridgement>,
}

/// Identification of the report and the records that it covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportControl {
    /// Number within the task force.
    #[schema(minimum = 1, example = 1)]
    pub number: i32,
    /// The task force.
    pub task_force_id: Uuid,
    /// The task force's name.
    pub name: LocalizedText,
    /// City of the task force.
    pub city: LocalizedText,
    /// Time zone of the task force, in which the days of the report are. Missing in reports of earlier versions.
    #[serde(default)]
    #[schema(example = "Asia/Amman")]
    pub time_zone: Option<String>,
    /// Cycle of the report.
    #[schema(minimum = 1, example = 1)]
    pub cycle: i32,
    /// Time that the report describes.
    pub as_of: DateTime<Utc>,
    /// Period of the report.
    pub period: ReportPeriod,
    /// The chair who created the report.
    pub author: ReportPerson,
    /// Number of the previous report of the cycle.
    #[schema(required, minimum = 1, example = json!(null))]
    pub supersedes: Option<i32>,
    /// Sequence number of the last event that the report covers.
    #[schema(minimum = 0, example = 412)]
    pub last_seq: i64,
    /// Hash of that event, in hexadecimal.
    #[schema(
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub head_hash: String,
}

/// The time that a report covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportPeriod {
    /// Begin of the period: the opening of the cycle, or the time of the previous report.
    pub from: DateTime<Utc>,
    /// End of the period: the time of the report.
    pub to: DateTime<Utc>,
}

/// A member, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportPerson {
    /// The seat.
    pub member_id: Uuid,
    /// Name of the member.
    pub name: LocalizedText,
}

/// Recommendation to the council.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportAsked {
    /// The recommended decision.
    pub recommendation: DecisionOutcome,
    /// The step to reopen, for `adjust`.
    #[schema(required)]
    pub return_to_step: Option<StepName>,
    /// Summary of the recommendation.
    pub summary: LocalizedText,
}

/// A new health statement of the chair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportHealthStatement {
    /// Health rating.
    pub health: HealthRating,
    /// Reason.
    #[schema(required)]
    pub note: Option<LocalizedText>,
    /// Time of the statement.
    pub stated_at: DateTime<Utc>,
}

/// A step, its votes and its waivers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportStep {
    /// Name of the step.
    pub step: StepName,
    /// Current state.
    pub state: StepState,
    /// Due date.
    #[schema(required, example = "2027-03-31")]
    pub target_date: Option<NaiveDate>,
    /// Time when the step last opened.
    #[schema(required)]
    pub opened_at: Option<DateTime<Utc>>,
    /// Time when the step passed.
    #[schema(required)]
    pub passed_at: Option<DateTime<Utc>>,
    /// Submissions of the step, oldest first.
    pub submissions: Vec<ReportSubmission>,
    /// The chair's notes on decisions of the council that reopened the step, if nothing had to be changed. Missing in
    /// reports of earlier versions.
    #[serde(default)]
    pub adjustment_notes: Vec<ReportAdjustmentNote>,
    /// The criteria that the chair waived.
    pub waivers: Vec<ReportWaiver>,
}

/// The chair's note on a step that the council reopened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportAdjustmentNote {
    /// The decision.
    #[schema(minimum = 1, example = 1)]
    pub decision_number: i32,
    /// Reason why nothing of the step had to be changed.
    pub note: LocalizedText,
    /// Id of the chair's seat.
    pub member_id: Uuid,
    /// The chair's name.
    pub name: LocalizedText,
    /// Time of the action.
    pub at: DateTime<Utc>,
}

/// A submission of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportSubmission {
    /// Unique id.
    pub id: Uuid,
    /// Current state.
    pub state: SubmissionState,
    /// Time of submission.
    pub submitted_at: DateTime<Utc>,
    /// Time of the outcome.
    #[schema(required)]
    pub decided_at: Option<DateTime<Utc>>,
    /// Counts of the votes.
    pub tally: ReportTally,
    /// Votes of the entitled members.
    pub votes: Vec<ReportVote>,
}

/// Counts of the votes on a submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportTally {
    /// Members who were entitled.
    #[schema(example = 6)]
    pub entitled: usize,
    /// Members who count: all entitled members except recusals.
    #[schema(example = 6)]
    pub denominator: usize,
    /// Votes to approve.
    #[schema(example = 4)]
    pub approve: usize,
    /// Votes to return the submission.
    #[schema(example = 1)]
    pub r#return: usize,
    /// Abstentions.
    #[schema(example = 1)]
    pub abstain: usize,
    /// Recusals.
    #[schema(example = 0)]
    pub recuse: usize,
    /// Members whose seat ended, or whose account was disabled, before they voted. Absent members count as not
    /// approving.
    #[schema(example = 0)]
    pub absent: usize,
    /// Members who have not voted.
    #[schema(example = 0)]
    pub pending: usize,
}

/// Vote of an entitled member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportVote {
    /// The seat.
    pub member_id: Uuid,
    /// Name of the member.
    pub name: LocalizedText,
    /// Choice of the member; null if the member did not vote.
    #[schema(required)]
    pub choice: Option<VoteChoice>,
    /// Comment of the member.
    #[schema(required, example = "The terms are clear now.")]
    pub comment: Option<String>,
    /// Reason of the recusal.
    #[schema(required)]
    pub reason: Option<LocalizedText>,
}

/// A criterion that the chair waived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportWaiver {
    /// Code of the criterion.
    pub criterion: CriterionCode,
    /// Reason.
    pub reason: LocalizedText,
    /// The chair's seat.
    pub member_id: Uuid,
    /// Name of the chair.
    pub name: LocalizedText,
    /// Time of the action.
    pub at: DateTime<Utc>,
}

/// A policy in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportPolicy {
    /// Unique id.
    pub id: Uuid,
    /// Title.
    pub title: LocalizedText,
    /// Policy, framework or standard.
    pub kind: PolicyKind,
    /// Reference of the text.
    #[schema(required, example = "Decree 14/2026")]
    pub reference: Option<String>,
    /// The aims that the resource serves.
    pub aims: Vec<Aim>,
    /// Time of adoption.
    pub adopted_at: DateTime<Utc>,
}

/// A sector with its first, current and target maturity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportSector {
    /// Unique id.
    pub id: Uuid,
    /// Title.
    pub name: LocalizedText,
    /// Current state.
    pub state: SectorState,
    /// Reason for the current state.
    #[schema(required)]
    pub state_reason: Option<LocalizedText>,
    /// Maturity at the first assessment. Reports built by an earlier version have it under another key.
    #[serde(default, alias = "then")]
    pub first: Option<ReportMaturity>,
    /// Maturity at the last assessment.
    #[schema(required)]
    pub now: Option<ReportMaturity>,
    /// Target maturity.
    #[schema(required)]
    pub target: Option<ReportMaturity>,
    /// Completed studies.
    pub studies: Vec<ReportStudy>,
}

/// Maturity of a sector on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportMaturity {
    /// The maturity level.
    #[schema(minimum = 1, maximum = 5, example = 2)]
    pub level: i16,
    /// Day of the assessment.
    #[schema(example = "2026-11-30")]
    pub assessed_on: NaiveDate,
}

/// A completed study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportStudy {
    /// Unique id.
    pub id: Uuid,
    /// Title.
    pub title: LocalizedText,
    /// Recommendation.
    #[schema(required)]
    pub recommendation: Option<LocalizedText>,
}

/// A pilot with its indicators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportPilot {
    /// Unique id.
    pub id: Uuid,
    /// Title.
    pub title: LocalizedText,
    /// Id of the sector.
    pub sector_id: Uuid,
    /// Name of the sector.
    pub sector_name: LocalizedText,
    /// Id of the policy that the pilot implements.
    #[schema(required)]
    pub policy_id: Option<Uuid>,
    /// Title of the policy. Missing in reports of earlier versions.
    #[serde(default)]
    pub policy_title: Option<LocalizedText>,
    /// The member who is responsible.
    pub owner: ReportPerson,
    /// The aims that the resource serves.
    pub aims: Vec<Aim>,
    /// First day.
    #[schema(example = "2027-01-01")]
    pub start_date: NaiveDate,
    /// Time of expiry.
    #[schema(example = "2027-02-28")]
    pub end_date: NaiveDate,
    /// Current state.
    pub state: PilotState,
    /// Reason for the current state.
    #[schema(required)]
    pub state_reason: Option<LocalizedText>,
    /// Outcome of the evaluation.
    #[schema(required)]
    pub outcome: Option<PilotOutcome>,
    /// Lessons learned.
    #[schema(required)]
    pub lessons: Option<LocalizedText>,
    /// Indicators of the pilot.
    pub indicators: Vec<ReportIndicator>,
    /// Evaluations, oldest first, including those after which the pilot was planned or run again. Missing in reports of
    /// earlier versions.
    #[serde(default)]
    pub evaluations: Vec<PilotEvaluation>,
}

/// An indicator with its baseline, target and last measured value in the pilot's cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportIndicator {
    /// Name of the indicator.
    pub name: LocalizedText,
    /// Unit.
    #[schema(example = "%")]
    pub unit: String,
    /// Direction in which the indicator should move.
    pub direction: IndicatorDirection,
    /// Baseline.
    #[schema(required, value_type = Option<String>, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "12.50")]
    pub baseline: Option<Decimal>,
    /// Target.
    #[schema(required, value_type = Option<String>, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "80")]
    pub target: Option<Decimal>,
    /// Last measured value.
    #[schema(required, value_type = Option<String>, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "83.2")]
    pub actual: Option<Decimal>,
    /// Day of the last measurement.
    #[schema(required, example = "2027-02-01")]
    pub measured_on: Option<NaiveDate>,
    /// Verdict on the target of the indicator.
    pub verdict: TargetVerdict,
    /// The reason why the indicator is no longer measured, in its verdict `retired`. Reports built by an earlier version
    /// do not have it.
    #[serde(default)]
    #[schema(required)]
    pub retirement_reason: Option<LocalizedText>,
}

/// A migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportMigration {
    /// Unique id.
    pub id: Uuid,
    /// Title.
    pub title: LocalizedText,
    /// Id of the migrated pilot.
    pub pilot_id: Uuid,
    /// Title of the pilot.
    pub pilot_title: LocalizedText,
    /// Target system.
    #[schema(example = "City service portal")]
    pub target_system: String,
    /// Planned day.
    #[schema(example = "2027-02-15")]
    pub planned_on: NaiveDate,
    /// Current state.
    pub state: MigrationState,
    /// Reason for the current state.
    #[schema(required)]
    pub state_reason: Option<LocalizedText>,
    /// Number of finished checklist items.
    #[schema(minimum = 0, example = 4)]
    pub checklist_done: i64,
    /// Number of checklist items.
    #[schema(minimum = 0, example = 5)]
    pub checklist_total: i64,
    /// Counts of the migrated records.
    #[schema(required)]
    pub reconciliation: Option<ReportReconciliation>,
    /// The unit that takes over the service.
    #[schema(required, example = "Department of digital services")]
    pub receiving_unit: Option<String>,
    /// The person who is responsible for the service after the hand-over.
    #[schema(required, example = "Head of services")]
    pub service_owner: Option<String>,
}

/// Records of a migration, counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportReconciliation {
    /// Number of records in the source.
    #[schema(minimum = 0, example = 1200)]
    pub source: i64,
    /// Number of loaded records.
    #[schema(minimum = 0, example = 1195)]
    pub loaded: i64,
    /// Number of rejected records.
    #[schema(minimum = 0, example = 5)]
    pub rejected: i64,
    /// Number of records neither loaded nor rejected. Missing in reports from before 2026-11-27.
    #[serde(default)]
    #[schema(example = 0)]
    pub difference: i64,
    /// Reason for the difference.
    #[serde(default)]
    pub reason: Option<LocalizedText>,
}

/// An aim with the policies and pilots that serve it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportAim {
    /// The aim.
    pub aim: Aim,
    /// Policies in force that name the aim.
    pub policy_ids: Vec<Uuid>,
    /// Pilots that name the aim and were not cancelled.
    pub pilot_ids: Vec<Uuid>,
    /// Titles of the policies, in the order of `policyIds`. Missing in reports of earlier versions.
    #[serde(default)]
    pub policy_titles: Vec<LocalizedText>,
    /// Titles of the pilots, in the order of `pilotIds`. Missing in reports of earlier versions.
    #[serde(default)]
    pub pilot_titles: Vec<LocalizedText>,
    /// True if at least one pilot serves the aim.
    pub served: bool,
}

/// Activities of the cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportActivities {
    /// Number of finished activities.
    #[schema(minimum = 0, example = 31)]
    pub done: i64,
    /// Number of open activities.
    #[schema(minimum = 0, example = 6)]
    pub open: i64,
    /// Number of overdue activities.
    #[schema(minimum = 0, example = 2)]
    pub overdue: i64,
    /// Number of activities finished since the period began.
    #[schema(minimum = 0, example = 31)]
    pub done_since: i64,
    /// Activities finished since the period began, the first 200.
    pub done_items: Vec<ReportActivity>,
    /// Overdue activities, the first 200.
    pub overdue_items: Vec<ReportActivity>,
}

/// An activity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportActivity {
    /// Unique id.
    pub id: Uuid,
    /// Number of the activity.
    #[schema(minimum = 1, example = 14)]
    pub number: i32,
    /// Title.
    pub title: LocalizedText,
    /// Step of the activity.
    pub step: StepName,
    /// Current state.
    pub state: ActivityState,
    /// Due date.
    #[schema(required, example = "2027-01-15")]
    pub due_date: Option<NaiveDate>,
    /// Name of the member who is responsible; null if nobody is. Missing in reports of earlier versions.
    #[serde(default)]
    pub assignee: Option<LocalizedText>,
}

/// Risks: blocked and overdue work, and differences in migrations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportRisks {
    /// Number of blocked or overdue activities and of migrations whose counts differ.
    #[schema(minimum = 0, example = 2)]
    pub total: i64,
    /// The migrations, and the first 200 activities by due date.
    pub items: Vec<ReportRisk>,
}

/// An activity that is blocked or overdue, or a migration whose counts of records differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportRisk {
    /// Kind of the resource: `activity` or `migration`. Missing in reports from before 2026-11-27, which list only
    /// activities.
    #[serde(default = "activity")]
    pub kind: SubjectKind,
    /// Unique id.
    pub id: Uuid,
    /// The number of the activity.
    #[schema(required, minimum = 1, example = 14)]
    pub number: Option<i32>,
    /// Title.
    pub title: LocalizedText,
    /// Cause of the risk; `blocked` for an activity that is both blocked and overdue.
    pub why: RiskCause,
    /// Reason for the block or for the difference.
    #[schema(required)]
    pub reason: Option<LocalizedText>,
    /// Time since which the activity is blocked.
    #[schema(required)]
    pub since: Option<DateTime<Utc>>,
    /// Due date.
    #[schema(required, example = "2027-01-15")]
    pub due_date: Option<NaiveDate>,
    /// Name of the member who is responsible; null if nobody is. Missing in reports of earlier versions.
    #[serde(default)]
    pub assignee: Option<LocalizedText>,
}

fn activity() -> SubjectKind {
    SubjectKind::Activity
}

impl ReportRisk {
    /// A migration as a risk, if its counts of records differ.
    fn of_migration(migration: &ReportMigration) -> Option<Self> {
        let reconciliation = migration.reconciliation.as_ref()?;
        let is_risk = reconciliation.difference != 0 && migration.state != MigrationState::RolledBack;
        is_risk.then(|| Self {
            kind: SubjectKind::Migration,
            id: migration.id,
            number: None,
            title: migration.title.clone(),
            why: RiskCause::ReconciliationDifference,
            reason: reconciliation.reason.clone(),
            since: None,
            due_date: None,
            assignee: None,
        })
    }
}

impl ReportRisks {
    /// The risks with those of the migrations before them.
    fn with_migrations(self, migrations: &[ReportMigration]) -> Self {
        let mut items: Vec<_> = migrations.iter().filter_map(ReportRisk::of_migration).collect();
        let total = self.total.saturating_add(i64::try_from(items.len()).unwrap_or(i64::MAX));
        items.extend(self.items);
        Self { total, items }
    }
}

/// A decision of the council on an earlier report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportDecision {
    /// Number of the decision.
    #[schema(minimum = 1, example = 1)]
    pub number: i32,
    /// Number of the report.
    #[schema(minimum = 1, example = 1)]
    pub report_number: i32,
    /// Outcome of the decision.
    pub outcome: DecisionOutcome,
    /// The step to reopen, for `adjust`.
    #[schema(required)]
    pub return_to_step: Option<StepName>,
    /// The council's reason. Missing in reports of earlier versions.
    #[serde(default)]
    pub reason: Option<LocalizedText>,
    /// The decision that the report recommended. Missing in reports of earlier versions.
    #[serde(default)]
    pub recommendation: Option<DecisionOutcome>,
    /// The step that the report recommended to reopen. Missing in reports of earlier versions.
    #[serde(default)]
    pub recommended_step: Option<StepName>,
    /// Day of the decision.
    #[schema(example = "2026-12-15")]
    pub decided_on: NaiveDate,
    /// The council's meeting.
    #[schema(example = "Council 7/2026, item 3")]
    pub meeting_reference: String,
    /// Number of the corrected decision.
    #[schema(required, minimum = 1, example = json!(null))]
    pub supersedes: Option<i32>,
    /// True if the decision differs from the recommendation of that report.
    pub departs: bool,
    /// Conditions that the council set with the decision.
    pub conditions: Vec<ReportCondition>,
}

/// A condition that the council set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportCondition {
    /// Unique id.
    pub id: Uuid,
    /// Text of the condition.
    pub text: LocalizedText,
    /// The member in charge.
    pub owner: ReportPerson,
    /// Due date.
    #[schema(example = "2027-01-31")]
    pub due_date: NaiveDate,
    /// Current state.
    pub state: ConditionState,
    /// Reason for returning, waiving or superseding. Missing in reports of earlier versions.
    #[serde(default)]
    pub state_reason: Option<LocalizedText>,
    /// Time since which the condition has its state: for a condition that has ended, the time of its end. Missing in
    /// reports of earlier versions.
    #[serde(default)]
    pub state_since: Option<DateTime<Utc>>,
}

/// Lessons of an evaluated pilot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportLesson {
    /// The pilot.
    pub pilot_id: Uuid,
    /// Title.
    pub title: LocalizedText,
    /// Outcome of the evaluation.
    pub outcome: PilotOutcome,
    /// Lessons learned.
    pub lessons: LocalizedText,
}

/// A member of the task force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportMember {
    /// The seat.
    pub member_id: Uuid,
    /// Name of the member.
    pub name: LocalizedText,
    /// Chair or expert.
    pub role: SeatRole,
    /// Field of expertise.
    #[schema(required, example = "Open data")]
    pub expertise: Option<String>,
    /// First day of the seat.
    #[schema(example = "2026-11-01")]
    pub from_date: NaiveDate,
    /// Last day of the seat; null while it is held.
    #[schema(required, example = json!(null))]
    pub to_date: Option<NaiveDate>,
    /// Reason for the end of the seat.
    #[schema(required)]
    pub end_reason: Option<LocalizedText>,
}

/// A recusal of a member from a vote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportRecusal {
    /// Id of the submission.
    pub submission_id: Uuid,
    /// Step of the activity.
    pub step: StepName,
    /// The seat.
    pub member_id: Uuid,
    /// Name of the member.
    pub name: LocalizedText,
    /// Reason.
    #[schema(required)]
    pub reason: Option<LocalizedText>,
}

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportEvidence {
    /// Unique id.
    pub id: Uuid,
    /// Subject of the evidence.
    pub subject: ReportSubject,
    /// Title.
    pub title: LocalizedText,
    /// URL of a link; null for a file.
    #[schema(required, example = "https://city.example/open-data")]
    pub url: Option<String>,
    /// SHA-256 of the content, in hexadecimal.
    #[schema(
        required,
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub sha256: Option<String>,
    /// Media type, if the evidence is a file.
    #[schema(required, example = "application/pdf")]
    pub media_type: Option<String>,
    /// Size in bytes.
    #[schema(required, minimum = 0, example = 48213)]
    pub size: Option<i32>,
    /// True if the file was removed; hash, type and size say which file it was. Missing in reports of earlier versions.
    #[serde(default)]
    pub file_removed: bool,
}

/// Subject of a piece of evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportSubject {
    /// Kind of the resource.
    pub kind: EvidenceSubjectKind,
    /// Unique id.
    pub id: Uuid,
    /// Title of the resource, or of the resource that it belongs to. Missing in snapshots, whose evidence has the titles of
    /// the snapshot, and in reports of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub title: Option<LocalizedText>,
}

/// The parts of a report that are read from the database.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    pub health: Option<ReportHealthStatement>,
    pub steps: Vec<ReportStep>,
    pub policies: Vec<ReportPolicy>,
    pub sectors: Vec<ReportSector>,
    pub pilots: Vec<ReportPilot>,
    pub migrations: Vec<ReportMigration>,
    pub activities: ReportActivities,
    pub timeline: ReportTimeline,
    /// The risks among the activities.
    pub risks: ReportRisks,
    pub decisions: Vec<ReportDecision>,
    pub members: Vec<ReportMember>,
    pub evidence: Vec<ReportEvidence>,
    /// The number of all items of each list, whether they were read or not.
    pub totals: BTreeMap<ReportList, usize>,
}

impl ReportModel {
    /// A report with these parts, and with the parts that follow from them. `changes` is what changed
    /// since the last report that was before the council.
    pub(super) fn new(
        control: ReportControl,
        asked: ReportAsked,
        changes: Option<ReportChanges>,
        parts: Parts,
    ) -> Self {
        let abridged = parts.abridged();
        let Parts {
            health,
            steps,
            policies,
            sectors,
            pilots,
            migrations,
            activities,
            timeline,
            risks,
            decisions,
            members,
            evidence,
            totals: _,
        } = parts;
        Self {
            control,
            asked,
            changes,
            health,
            aims: aims(&policies, &pilots),
            lessons: lessons(&pilots),
            recusals: recusals(&steps),
            risks: risks.with_migrations(&migrations),
            steps,
            policies,
            sectors,
            pilots,
            migrations,
            activities,
            timeline: Some(timeline),
            decisions,
            members,
            evidence,
            abridged,
        }
    }

    /// The canonical JSON (RFC 8785) of the report.
    ///
    /// # Errors
    /// A value that JSON can't represent.
    pub(super) fn canonical(&self) -> Result<String, serde_json::Error> {
        serde_json_canonicalizer::to_string(self)
    }
}

/// The hash of a report: SHA-256 over its canonical JSON.
pub fn hash(canonical: &str) -> Hash {
    Sha256::digest(canonical.as_bytes()).into()
}

/// The matrix of the four aims.
fn aims(policies: &[ReportPolicy], pilots: &[ReportPilot]) -> Vec<ReportAim> {
    let line = |aim: Aim| {
        let naming = policies.iter().filter(|policy| policy.aims.contains(&aim));
        let serving =
            pilots.iter().filter(|pilot| pilot.state != PilotState::Cancelled && pilot.aims.contains(&aim));
        let (pilot_ids, pilot_titles): (Vec<Uuid>, Vec<LocalizedText>) =
            serving.map(|pilot| (pilot.id, pilot.title.clone())).unzip();
        let (policy_ids, policy_titles) = naming.map(|policy| (policy.id, policy.title.clone())).unzip();
        ReportAim { aim, policy_ids, served: !pilot_ids.is_empty(), pilot_ids, policy_titles, pilot_titles }
    };
    Aim::ALL.iter().copied().map(line).collect()
}

/// The lessons of the evaluated pilots.
fn lessons(pilots: &[ReportPilot]) -> Vec<ReportLesson> {
    let lesson = |pilot: &ReportPilot| {
        Some(ReportLesson {
            pilot_id: pilot.id,
            title: pilot.title.clone(),
            outcome: pilot.outcome?,
            lessons: pilot.lessons.clone()?,
        })
    };
    pilots.iter().filter_map(lesson).collect()
}

/// The recusals of every vote.
fn recusals(steps: &[ReportStep]) -> Vec<ReportRecusal> {
    let of_submission = |step: StepName, submission: &ReportSubmission| {
        let recused = submission.votes.iter().filter(|vote| vote.choice == Some(VoteChoice::Recuse));
        let recusal = |vote: &ReportVote| ReportRecusal {
            submission_id: submission.id,
            step,
            member_id: vote.member_id,
            name: vote.name.clone(),
            reason: vote.reason.clone(),
        };
        recused.map(recusal).collect::<Vec<_>>()
    };
    steps
        .iter()
        .flat_map(|step| step.submissions.iter().flat_map(|submission| of_submission(step.step, submission)))
        .collect()
}

impl From<Tally> for ReportTally {
    fn from(tally: Tally) -> Self {
        let Tally { entitled, denominator, approve, r#return, abstain, recuse, absent, pending } = tally;
        Self { entitled, denominator, approve, r#return, abstain, recuse, absent, pending }
    }
}
