//! The contents of a report. A report is stored as canonical JSON with its hash, and rendered from that alone.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{RiskCause, TargetVerdict};
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

/// Everything that a report says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportModel {
    /// Which report this is.
    pub control: ReportControl,
    /// What the council is asked for.
    pub asked: ReportAsked,
    /// The chair's last word on how it goes.
    #[schema(required)]
    pub health: Option<ReportHealthStatement>,
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
    /// The four aims, and what serves each.
    pub aims: Vec<ReportAim>,
    /// How the work stands.
    pub activities: ReportActivities,
    /// What keeps the work from going on.
    pub risks: ReportRisks,
    /// What the council decided before, and what became of its conditions.
    pub decisions: Vec<ReportDecision>,
    /// What the evaluated pilots taught.
    pub lessons: Vec<ReportLesson>,
    /// Those with a seat, and those who left in this cycle.
    pub members: Vec<ReportMember>,
    /// Who kept out of which vote.
    pub recusals: Vec<ReportRecusal>,
    /// The annex: what proves it.
    pub evidence: Vec<ReportEvidence>,
}

/// Which report this is, and what it knows of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportControl {
    /// Its number, counted per task force.
    #[schema(minimum = 1, example = 1)]
    pub number: i32,
    /// The task force.
    pub task_force_id: Uuid,
    /// The task force's name.
    pub name: LocalizedText,
    /// Its city.
    pub city: LocalizedText,
    /// The cycle that is reported on.
    #[schema(minimum = 1, example = 1)]
    pub cycle: i32,
    /// The moment that it describes.
    pub as_of: DateTime<Utc>,
    /// The time that it covers.
    pub period: ReportPeriod,
    /// The chair who built it.
    pub author: ReportPerson,
    /// The number of the report of this cycle before it.
    #[schema(required, minimum = 1, example = json!(null))]
    pub supersedes: Option<i32>,
    /// Sequence number of the last event that it knows of.
    #[schema(minimum = 0, example = 412)]
    pub last_seq: i64,
    /// Hash of that event, in hexadecimal: the head of the chain.
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
    /// When the cycle opened, or as of when it was reported on before.
    pub from: DateTime<Utc>,
    /// The moment of the report.
    pub to: DateTime<Utc>,
}

/// A member, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportPerson {
    /// The seat.
    pub member_id: Uuid,
    /// Who holds or held it.
    pub name: LocalizedText,
}

/// What the council is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportAsked {
    /// The decision that is recommended.
    pub recommendation: DecisionOutcome,
    /// The step to be done again, with `adjust`.
    #[schema(required)]
    pub return_to_step: Option<StepName>,
    /// Why, in a few words.
    pub summary: LocalizedText,
}

/// The chair's word on how it goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportHealthStatement {
    /// How it goes.
    pub health: HealthRating,
    /// Why.
    #[schema(required)]
    pub note: Option<LocalizedText>,
    /// When that was said.
    pub stated_at: DateTime<Utc>,
}

/// A step, its votes and its waivers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportStep {
    /// Which of the five.
    pub step: StepName,
    /// Its state.
    pub state: StepState,
    /// When it is to be done.
    #[schema(required, example = "2027-03-31")]
    pub target_date: Option<NaiveDate>,
    /// When it last opened.
    #[schema(required)]
    pub opened_at: Option<DateTime<Utc>>,
    /// When it passed.
    #[schema(required)]
    pub passed_at: Option<DateTime<Utc>>,
    /// How often it was put to the members, oldest first.
    pub submissions: Vec<ReportSubmission>,
    /// The chair's answers to decisions of the council that opened the step again, where nothing had to be changed.
    /// Reports built by an earlier version do not list them.
    #[serde(default)]
    pub adjustment_notes: Vec<ReportAdjustmentNote>,
    /// The criteria that the chair waived.
    pub waivers: Vec<ReportWaiver>,
}

/// The chair's answer to a decision of the council that opened a step again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportAdjustmentNote {
    /// The decision.
    #[schema(minimum = 1, example = 1)]
    pub decision_number: i32,
    /// Why nothing of the step had to be changed.
    pub note: LocalizedText,
    /// The chair who wrote it.
    pub member_id: Uuid,
    /// The chair's name.
    pub name: LocalizedText,
    /// When.
    pub at: DateTime<Utc>,
}

/// A step put to the members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportSubmission {
    /// Its id.
    pub id: Uuid,
    /// Its state.
    pub state: SubmissionState,
    /// When it was submitted.
    pub submitted_at: DateTime<Utc>,
    /// When it was decided.
    #[schema(required)]
    pub decided_at: Option<DateTime<Utc>>,
    /// How the votes count.
    pub tally: ReportTally,
    /// One for each member who was entitled.
    pub votes: Vec<ReportVote>,
}

/// How votes count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportTally {
    /// Members who were entitled.
    #[schema(example = 6)]
    pub entitled: usize,
    /// Those who count: all but those who recused themselves.
    #[schema(example = 6)]
    pub denominator: usize,
    /// Votes to approve.
    #[schema(example = 4)]
    pub approve: usize,
    /// Votes to return it.
    #[schema(example = 1)]
    pub r#return: usize,
    /// Abstentions.
    #[schema(example = 1)]
    pub abstain: usize,
    /// Recusals.
    #[schema(example = 0)]
    pub recuse: usize,
    /// Members who had not voted and could not: their seat had ended, or their account was disabled. They count as not approving.
    #[schema(example = 0)]
    pub absent: usize,
    /// Members who have not voted.
    #[schema(example = 0)]
    pub pending: usize,
}

/// What an entitled member said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportVote {
    /// The seat.
    pub member_id: Uuid,
    /// Who voted.
    pub name: LocalizedText,
    /// What they said; null if nothing.
    #[schema(required)]
    pub choice: Option<VoteChoice>,
    /// What they had to say about it.
    #[schema(required, example = "The terms are clear now.")]
    pub comment: Option<String>,
    /// Why they were recused.
    #[schema(required)]
    pub reason: Option<LocalizedText>,
}

/// A criterion that the chair waived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportWaiver {
    /// Which one.
    pub criterion: CriterionCode,
    /// Why.
    pub reason: LocalizedText,
    /// The chair's seat.
    pub member_id: Uuid,
    /// Who was chair.
    pub name: LocalizedText,
    /// When.
    pub at: DateTime<Utc>,
}

/// A policy in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportPolicy {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub title: LocalizedText,
    /// Policy, framework or standard.
    pub kind: PolicyKind,
    /// Where it is written.
    #[schema(required, example = "Decree 14/2026")]
    pub reference: Option<String>,
    /// The aims that it serves.
    pub aims: Vec<Aim>,
    /// When it was adopted.
    pub adopted_at: DateTime<Utc>,
}

/// A sector: how far it was, is, and shall be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportSector {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub name: LocalizedText,
    /// Its state.
    pub state: SectorState,
    /// Why it has that state.
    #[schema(required)]
    pub state_reason: Option<LocalizedText>,
    /// Its maturity when it was first assessed.
    #[schema(required)]
    pub then: Option<ReportMaturity>,
    /// Its maturity when it was last assessed.
    #[schema(required)]
    pub now: Option<ReportMaturity>,
    /// The maturity that is aimed at.
    #[schema(required)]
    pub target: Option<ReportMaturity>,
    /// Its completed studies.
    pub studies: Vec<ReportStudy>,
}

/// How far a sector was on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportMaturity {
    /// The maturity level.
    #[schema(minimum = 1, maximum = 5, example = 2)]
    pub level: i16,
    /// When that was found.
    #[schema(example = "2026-11-30")]
    pub assessed_on: NaiveDate,
}

/// A completed study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportStudy {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub title: LocalizedText,
    /// What it recommends.
    #[schema(required)]
    pub recommendation: Option<LocalizedText>,
}

/// A pilot, and what it was measured by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportPilot {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub title: LocalizedText,
    /// Its sector.
    pub sector_id: Uuid,
    /// What the sector is called.
    pub sector_name: LocalizedText,
    /// The policy that it carries out.
    #[schema(required)]
    pub policy_id: Option<Uuid>,
    /// Who is responsible.
    pub owner: ReportPerson,
    /// The aims that it serves.
    pub aims: Vec<Aim>,
    /// When it begins.
    #[schema(example = "2027-01-01")]
    pub start_date: NaiveDate,
    /// When it ends.
    #[schema(example = "2027-02-28")]
    pub end_date: NaiveDate,
    /// Its state.
    pub state: PilotState,
    /// Why it has that state.
    #[schema(required)]
    pub state_reason: Option<LocalizedText>,
    /// What its evaluation said should become of it.
    #[schema(required)]
    pub outcome: Option<PilotOutcome>,
    /// What it taught.
    #[schema(required)]
    pub lessons: Option<LocalizedText>,
    /// What it is measured by.
    pub indicators: Vec<ReportIndicator>,
    /// Its evaluations, oldest first, also those after which it was planned or run again. Reports built by an earlier
    /// version do not list them.
    #[serde(default)]
    pub evaluations: Vec<PilotEvaluation>,
}

/// An indicator, from baseline to what was measured last in the pilot's cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportIndicator {
    /// What is measured.
    pub name: LocalizedText,
    /// In what.
    #[schema(example = "%")]
    pub unit: String,
    /// Which way it shall go.
    pub direction: IndicatorDirection,
    /// Where it began.
    #[schema(required, value_type = Option<String>, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "12.50")]
    pub baseline: Option<Decimal>,
    /// Where it shall go.
    #[schema(required, value_type = Option<String>, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "80")]
    pub target: Option<Decimal>,
    /// What was measured last.
    #[schema(required, value_type = Option<String>, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "83.2")]
    pub actual: Option<Decimal>,
    /// When.
    #[schema(required, example = "2027-02-01")]
    pub measured_on: Option<NaiveDate>,
    /// What became of the target.
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
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub title: LocalizedText,
    /// The pilot that moves.
    pub pilot_id: Uuid,
    /// What the pilot is called.
    pub pilot_title: LocalizedText,
    /// Where it moves to.
    #[schema(example = "City service portal")]
    pub target_system: String,
    /// When it is planned for.
    #[schema(example = "2027-02-15")]
    pub planned_on: NaiveDate,
    /// Its state.
    pub state: MigrationState,
    /// Why it has that state.
    #[schema(required)]
    pub state_reason: Option<LocalizedText>,
    /// How many items of its checklist are done.
    #[schema(minimum = 0, example = 4)]
    pub checklist_done: i64,
    /// How many there are.
    #[schema(minimum = 0, example = 5)]
    pub checklist_total: i64,
    /// How many records there were, and what became of them.
    #[schema(required)]
    pub reconciliation: Option<ReportReconciliation>,
    /// The unit that takes it over.
    #[schema(required, example = "Department of digital services")]
    pub receiving_unit: Option<String>,
    /// Who is responsible for the service from then on.
    #[schema(required, example = "Head of services")]
    pub service_owner: Option<String>,
}

/// Records of a migration, counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportReconciliation {
    /// How many there were.
    #[schema(minimum = 0, example = 1200)]
    pub source: i64,
    /// How many were loaded.
    #[schema(minimum = 0, example = 1195)]
    pub loaded: i64,
    /// How many were rejected.
    #[schema(minimum = 0, example = 5)]
    pub rejected: i64,
    /// How many were neither loaded nor rejected. Reports from before 2026-11-27 do not say it.
    #[serde(default)]
    #[schema(example = 0)]
    pub difference: i64,
    /// Why the counts differ.
    #[serde(default)]
    pub reason: Option<LocalizedText>,
}

/// An aim, and what serves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportAim {
    /// Which of the four.
    pub aim: Aim,
    /// The policies in force that name it.
    pub policy_ids: Vec<Uuid>,
    /// The pilots that name it and were not cancelled.
    pub pilot_ids: Vec<Uuid>,
    /// Whether there is such a pilot.
    pub served: bool,
}

/// How the work of the cycle stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportActivities {
    /// How many activities are done.
    #[schema(minimum = 0, example = 31)]
    pub done: i64,
    /// How many are open.
    #[schema(minimum = 0, example = 6)]
    pub open: i64,
    /// How many of the open ones are overdue.
    #[schema(minimum = 0, example = 2)]
    pub overdue: i64,
    /// How many were done since the period began.
    #[schema(minimum = 0, example = 31)]
    pub done_since: i64,
    /// Those done since then, the first 200.
    pub done_items: Vec<ReportActivity>,
    /// Those overdue, the first 200.
    pub overdue_items: Vec<ReportActivity>,
}

/// An activity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportActivity {
    /// Its id.
    pub id: Uuid,
    /// Its number.
    #[schema(minimum = 1, example = 14)]
    pub number: i32,
    /// What it is called.
    pub title: LocalizedText,
    /// Its step.
    pub step: StepName,
    /// Its state.
    pub state: ActivityState,
    /// When it is to be done.
    #[schema(required, example = "2027-01-15")]
    pub due_date: Option<NaiveDate>,
}

/// What keeps the work from going on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportRisks {
    /// How many activities are blocked or overdue, and in how many migrations the counts of records differ.
    #[schema(minimum = 0, example = 2)]
    pub total: i64,
    /// The migrations, and the first 200 of the activities by due date.
    pub items: Vec<ReportRisk>,
}

/// An activity that is blocked or overdue, or a migration whose counts of records differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportRisk {
    /// What it is: `activity` or `migration`. Reports from before 2026-11-27 do not say it, and list activities only.
    #[serde(default = "activity")]
    pub kind: SubjectKind,
    /// Its id.
    pub id: Uuid,
    /// The number of the activity.
    #[schema(required, minimum = 1, example = 14)]
    pub number: Option<i32>,
    /// What it is called.
    pub title: LocalizedText,
    /// Why it is a risk; of one that is both, that it is blocked.
    pub why: RiskCause,
    /// Why it is blocked, or why the counts differ.
    #[schema(required)]
    pub reason: Option<LocalizedText>,
    /// Since when it is blocked.
    #[schema(required)]
    pub since: Option<DateTime<Utc>>,
    /// When it is to be done.
    #[schema(required, example = "2027-01-15")]
    pub due_date: Option<NaiveDate>,
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
    /// Its number.
    #[schema(minimum = 1, example = 1)]
    pub number: i32,
    /// The report that it was about.
    #[schema(minimum = 1, example = 1)]
    pub report_number: i32,
    /// What was decided.
    pub outcome: DecisionOutcome,
    /// The step to be done again, with `adjust`.
    #[schema(required)]
    pub return_to_step: Option<StepName>,
    /// When.
    #[schema(example = "2026-12-15")]
    pub decided_on: NaiveDate,
    /// In which meeting.
    #[schema(example = "Council 7/2026, item 3")]
    pub meeting_reference: String,
    /// The decision that it corrects.
    #[schema(required, minimum = 1, example = json!(null))]
    pub supersedes: Option<i32>,
    /// Whether it departs from what that report recommended.
    pub departs: bool,
    /// What the council asked for in return.
    pub conditions: Vec<ReportCondition>,
}

/// A condition that the council set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportCondition {
    /// Its id.
    pub id: Uuid,
    /// What is asked for.
    pub text: LocalizedText,
    /// Who sees to it.
    pub owner: ReportPerson,
    /// By when.
    #[schema(example = "2027-01-31")]
    pub due_date: NaiveDate,
    /// Its state.
    pub state: ConditionState,
    /// Why it was returned, waived or superseded. Reports built by an earlier version do not say it.
    #[serde(default)]
    pub state_reason: Option<LocalizedText>,
}

/// What an evaluated pilot taught.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportLesson {
    /// The pilot.
    pub pilot_id: Uuid,
    /// What it is called.
    pub title: LocalizedText,
    /// What should become of it.
    pub outcome: PilotOutcome,
    /// What it taught.
    pub lessons: LocalizedText,
}

/// A member of the task force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportMember {
    /// The seat.
    pub member_id: Uuid,
    /// Who holds or held it.
    pub name: LocalizedText,
    /// Chair or expert.
    pub role: SeatRole,
    /// What they are expert in.
    #[schema(required, example = "Open data")]
    pub expertise: Option<String>,
    /// Since when.
    #[schema(example = "2026-11-01")]
    pub from_date: NaiveDate,
    /// Until when.
    #[schema(required, example = json!(null))]
    pub to_date: Option<NaiveDate>,
    /// Why they left.
    #[schema(required)]
    pub end_reason: Option<LocalizedText>,
}

/// A member who kept out of a vote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportRecusal {
    /// The submission that was voted on.
    pub submission_id: Uuid,
    /// Its step.
    pub step: StepName,
    /// The seat.
    pub member_id: Uuid,
    /// Who kept out.
    pub name: LocalizedText,
    /// Why.
    #[schema(required)]
    pub reason: Option<LocalizedText>,
}

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportEvidence {
    /// Its id.
    pub id: Uuid,
    /// What it proves.
    pub subject: ReportSubject,
    /// What it is called.
    pub title: LocalizedText,
    /// Where it is, if it is a link.
    #[schema(required, example = "https://city.example/open-data")]
    pub url: Option<String>,
    /// Hash of its content, in hexadecimal.
    #[schema(
        required,
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub sha256: Option<String>,
    /// What kind of file it is, if it is one.
    #[schema(required, example = "application/pdf")]
    pub media_type: Option<String>,
    /// Its bytes, counted.
    #[schema(required, minimum = 0, example = 48213)]
    pub size: Option<i32>,
}

/// What a piece of evidence is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportSubject {
    /// What it is.
    pub kind: EvidenceSubjectKind,
    /// Its id.
    pub id: Uuid,
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
    /// The risks among the activities.
    pub risks: ReportRisks,
    pub decisions: Vec<ReportDecision>,
    pub members: Vec<ReportMember>,
    pub evidence: Vec<ReportEvidence>,
}

impl ReportModel {
    /// A report with these parts, and with the parts that follow from them.
    pub fn new(control: ReportControl, asked: ReportAsked, parts: Parts) -> Self {
        let Parts {
            health,
            steps,
            policies,
            sectors,
            pilots,
            migrations,
            activities,
            risks,
            decisions,
            members,
            evidence,
        } = parts;
        Self {
            control,
            asked,
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
            decisions,
            members,
            evidence,
        }
    }

    /// The canonical JSON (RFC 8785) of the report.
    ///
    /// # Errors
    /// A value that JSON can't represent.
    pub fn canonical(&self) -> Result<String, serde_json::Error> {
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
        let pilot_ids: Vec<Uuid> = serving.map(|pilot| pilot.id).collect();
        let policy_ids = naming.map(|policy| policy.id).collect();
        ReportAim { aim, policy_ids, served: !pilot_ids.is_empty(), pilot_ids }
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
