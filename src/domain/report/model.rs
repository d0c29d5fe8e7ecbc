//! What a report says, as data. Stored as canonical JSON with its hash, and rendered from nothing else.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{RiskCause, Verdict};
use crate::domain::activity::ActivityState;
use crate::domain::ballot::{Choice, Tally};
use crate::domain::criterion::CriterionCode;
use crate::domain::decimal::Decimal;
use crate::domain::decision::{ConditionState, Outcome};
use crate::domain::event::Hash;
use crate::domain::evidence::EvidenceSubjectKind;
use crate::domain::migration::MigrationState;
use crate::domain::pilot::{Direction, PilotOutcome, PilotState};
use crate::domain::policy::PolicyKind;
use crate::domain::rights::SeatRole;
use crate::domain::scales::Aim;
use crate::domain::sector::SectorState;
use crate::domain::step::{StepName, StepState};
use crate::domain::submission::SubmissionState;
use crate::domain::task_force::Health;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

/// Declares parts of a report: structs that JSON and the OpenAPI document know alike.
macro_rules! parts {
    ($(
        $(#[$meta:meta])*
        $name:ident { $( $(#[$field_meta:meta])* $field:ident: $type:ty, )+ }
    )+) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $type, )+
        }
    )+ };
}

parts! {
    /// Everything that a report says.
    ReportModel {
        /// Which report this is.
        control: ReportControl,
        /// What the council is asked for.
        asked: ReportAsked,
        /// The chair's last word on how it goes.
        #[schema(required)]
        health: Option<ReportHealth>,
        /// The five steps of the cycle, in order.
        steps: Vec<ReportStep>,
        /// The policies in force.
        policies: Vec<ReportPolicy>,
        /// The sectors, selected or not.
        sectors: Vec<ReportSector>,
        /// The pilots of the cycle.
        pilots: Vec<ReportPilot>,
        /// The migrations of the cycle.
        migrations: Vec<ReportMigration>,
        /// The four aims, and what serves each.
        aims: Vec<ReportAim>,
        /// How the work stands.
        activities: ReportActivities,
        /// What keeps the work from going on.
        risks: ReportRisks,
        /// What the council decided before, and what became of its conditions.
        decisions: Vec<ReportDecision>,
        /// What the evaluated pilots taught.
        lessons: Vec<ReportLesson>,
        /// Those with a seat, and those who left in this cycle.
        members: Vec<ReportMember>,
        /// Who kept out of which vote.
        recusals: Vec<ReportRecusal>,
        /// The annex: what proves it.
        evidence: Vec<ReportEvidence>,
    }

    /// Which report this is, and what it knows of.
    ReportControl {
        /// Its number, counted per task force.
        #[schema(minimum = 1, example = 1)]
        number: i32,
        /// The task force.
        task_force_id: Uuid,
        /// The task force's name.
        name: LocalizedText,
        /// Its city.
        city: LocalizedText,
        /// The cycle that is reported on.
        #[schema(minimum = 1, example = 1)]
        cycle: i32,
        /// The moment that it describes.
        as_of: DateTime<Utc>,
        /// The time that it covers.
        period: ReportPeriod,
        /// The chair who built it.
        author: ReportPerson,
        /// The number of the report of this cycle before it.
        #[schema(required, minimum = 1, example = json!(null))]
        supersedes: Option<i32>,
        /// Sequence number of the last event that it knows of.
        #[schema(minimum = 0, example = 412)]
        last_seq: i64,
        /// Hash of that event, in hexadecimal: the head of the chain.
        #[schema(pattern = "^[0-9a-f]{64}$", example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
        head_hash: String,
    }

    /// The time that a report covers.
    ReportPeriod {
        /// When the cycle opened, or as of when it was reported on before.
        from: DateTime<Utc>,
        /// The moment of the report.
        to: DateTime<Utc>,
    }

    /// A member, by name.
    ReportPerson {
        /// The seat.
        member_id: Uuid,
        /// Who holds or held it.
        name: LocalizedText,
    }

    /// What the council is asked for.
    ReportAsked {
        /// The decision that is recommended.
        recommendation: Outcome,
        /// The step to be done again, with `adjust`.
        #[schema(required)]
        return_to_step: Option<StepName>,
        /// Why, in a few words.
        summary: LocalizedText,
    }

    /// The chair's word on how it goes.
    ReportHealth {
        /// How it goes.
        health: Health,
        /// Why.
        #[schema(required)]
        note: Option<LocalizedText>,
        /// When that was said.
        stated_at: DateTime<Utc>,
    }

    /// A step, its votes and its waivers.
    ReportStep {
        /// Which of the five.
        step: StepName,
        /// Its state.
        state: StepState,
        /// When it is to be done.
        #[schema(required, example = "2027-03-31")]
        target_date: Option<NaiveDate>,
        /// When it last opened.
        #[schema(required)]
        opened_at: Option<DateTime<Utc>>,
        /// When it passed.
        #[schema(required)]
        passed_at: Option<DateTime<Utc>>,
        /// How often it was put to the members, oldest first.
        submissions: Vec<ReportSubmission>,
        /// The criteria that the chair waived.
        waivers: Vec<ReportWaiver>,
    }

    /// A step put to the members.
    ReportSubmission {
        /// Its id.
        id: Uuid,
        /// Its state.
        state: SubmissionState,
        /// When it was submitted.
        submitted_at: DateTime<Utc>,
        /// When it was decided.
        #[schema(required)]
        decided_at: Option<DateTime<Utc>>,
        /// How the votes count.
        tally: ReportTally,
        /// One for each member who was entitled.
        votes: Vec<ReportVote>,
    }

    /// How votes count.
    ReportTally {
        /// Members who were entitled.
        #[schema(example = 6)]
        entitled: usize,
        /// Those who count: not recused, and not gone without a vote.
        #[schema(example = 6)]
        denominator: usize,
        /// Votes to approve.
        #[schema(example = 4)]
        approve: usize,
        /// Votes to return it.
        #[schema(example = 1)]
        r#return: usize,
        /// Abstentions.
        #[schema(example = 1)]
        abstain: usize,
        /// Recusals.
        #[schema(example = 0)]
        recuse: usize,
        /// Members who left without a vote.
        #[schema(example = 0)]
        left: usize,
        /// Members who have not voted.
        #[schema(example = 0)]
        pending: usize,
    }

    /// What an entitled member said.
    ReportVote {
        /// The seat.
        member_id: Uuid,
        /// Who voted.
        name: LocalizedText,
        /// What they said; null if nothing.
        #[schema(required)]
        choice: Option<Choice>,
        /// What they had to say about it.
        #[schema(required, example = "The terms are clear now.")]
        comment: Option<String>,
        /// Why they were recused.
        #[schema(required)]
        reason: Option<LocalizedText>,
    }

    /// A criterion that the chair waived.
    ReportWaiver {
        /// Which one.
        criterion: CriterionCode,
        /// Why.
        reason: LocalizedText,
        /// The chair's seat.
        member_id: Uuid,
        /// Who was chair.
        name: LocalizedText,
        /// When.
        at: DateTime<Utc>,
    }

    /// A policy in force.
    ReportPolicy {
        /// Its id.
        id: Uuid,
        /// What it is called.
        title: LocalizedText,
        /// Policy, framework or standard.
        kind: PolicyKind,
        /// Where it is written.
        #[schema(required, example = "Decree 14/2026")]
        reference: Option<String>,
        /// The aims that it serves.
        aims: Vec<Aim>,
        /// When it was adopted.
        adopted_at: DateTime<Utc>,
    }

    /// A sector: how far it was, is, and shall be.
    ReportSector {
        /// Its id.
        id: Uuid,
        /// What it is called.
        name: LocalizedText,
        /// Its state.
        state: SectorState,
        /// Why it has that state.
        #[schema(required)]
        state_reason: Option<LocalizedText>,
        /// Its maturity when it was first assessed.
        #[schema(required)]
        then: Option<ReportMaturity>,
        /// Its maturity when it was last assessed.
        #[schema(required)]
        now: Option<ReportMaturity>,
        /// The maturity that is aimed at.
        #[schema(required)]
        target: Option<ReportMaturity>,
        /// Its completed studies.
        studies: Vec<ReportStudy>,
    }

    /// How far a sector was on a day.
    ReportMaturity {
        /// The maturity level.
        #[schema(minimum = 1, maximum = 5, example = 2)]
        level: i16,
        /// When that was found.
        #[schema(example = "2026-11-30")]
        assessed_on: NaiveDate,
    }

    /// A completed study.
    ReportStudy {
        /// Its id.
        id: Uuid,
        /// What it is called.
        title: LocalizedText,
        /// What it recommends.
        #[schema(required)]
        recommendation: Option<LocalizedText>,
    }

    /// A pilot, and what it was measured by.
    ReportPilot {
        /// Its id.
        id: Uuid,
        /// What it is called.
        title: LocalizedText,
        /// Its sector.
        sector_id: Uuid,
        /// What the sector is called.
        sector_name: LocalizedText,
        /// The policy that it carries out.
        #[schema(required)]
        policy_id: Option<Uuid>,
        /// Who is responsible.
        owner: ReportPerson,
        /// The aims that it serves.
        aims: Vec<Aim>,
        /// When it begins.
        #[schema(example = "2027-01-01")]
        start_date: NaiveDate,
        /// When it ends.
        #[schema(example = "2027-02-28")]
        end_date: NaiveDate,
        /// Its state.
        state: PilotState,
        /// Why it has that state.
        #[schema(required)]
        state_reason: Option<LocalizedText>,
        /// What its evaluation said should become of it.
        #[schema(required)]
        outcome: Option<PilotOutcome>,
        /// What it taught.
        #[schema(required)]
        lessons: Option<LocalizedText>,
        /// What it is measured by.
        indicators: Vec<ReportIndicator>,
    }

    /// An indicator, from baseline to what was measured last in the pilot's cycle.
    ReportIndicator {
        /// What is measured.
        name: LocalizedText,
        /// In what.
        #[schema(example = "%")]
        unit: String,
        /// Which way it shall go.
        direction: Direction,
        /// Where it began.
        #[schema(required, value_type = Option<String>, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "12.50")]
        baseline: Option<Decimal>,
        /// Where it shall go.
        #[schema(required, value_type = Option<String>, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "80")]
        target: Option<Decimal>,
        /// What was measured last.
        #[schema(required, value_type = Option<String>, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", example = "83.2")]
        actual: Option<Decimal>,
        /// When.
        #[schema(required, example = "2027-02-01")]
        measured_on: Option<NaiveDate>,
        /// What became of the target.
        verdict: Verdict,
    }

    /// A migration.
    ReportMigration {
        /// Its id.
        id: Uuid,
        /// What it is called.
        title: LocalizedText,
        /// The pilot that moves.
        pilot_id: Uuid,
        /// What the pilot is called.
        pilot_title: LocalizedText,
        /// Where it moves to.
        #[schema(example = "City service portal")]
        target_system: String,
        /// When it is planned for.
        #[schema(example = "2027-02-15")]
        planned_on: NaiveDate,
        /// Its state.
        state: MigrationState,
        /// Why it has that state.
        #[schema(required)]
        state_reason: Option<LocalizedText>,
        /// How many items of its checklist are done.
        #[schema(minimum = 0, example = 4)]
        checklist_done: i64,
        /// How many there are.
        #[schema(minimum = 0, example = 5)]
        checklist_total: i64,
        /// How many records there were, and what became of them.
        #[schema(required)]
        reconciliation: Option<ReportReconciliation>,
        /// The unit that takes it over.
        #[schema(required, example = "Department of digital services")]
        receiving_unit: Option<String>,
        /// Who is responsible for the service from then on.
        #[schema(required, example = "Head of services")]
        service_owner: Option<String>,
    }

    /// Records of a migration, counted.
    ReportReconciliation {
        /// How many there were.
        #[schema(minimum = 0, example = 1200)]
        source: i64,
        /// How many were loaded.
        #[schema(minimum = 0, example = 1195)]
        loaded: i64,
        /// How many were rejected.
        #[schema(minimum = 0, example = 5)]
        rejected: i64,
    }

    /// An aim, and what serves it.
    ReportAim {
        /// Which of the four.
        aim: Aim,
        /// The policies in force that name it.
        policy_ids: Vec<Uuid>,
        /// The pilots that name it and were not cancelled.
        pilot_ids: Vec<Uuid>,
        /// Whether there is such a pilot.
        served: bool,
    }

    /// How the work of the cycle stands.
    ReportActivities {
        /// How many activities are done.
        #[schema(minimum = 0, example = 31)]
        done: i64,
        /// How many are open.
        #[schema(minimum = 0, example = 6)]
        open: i64,
        /// How many of the open ones are overdue.
        #[schema(minimum = 0, example = 2)]
        overdue: i64,
        /// How many were done since the period began.
        #[schema(minimum = 0, example = 31)]
        done_since: i64,
        /// Those done since then, the first 200.
        done_items: Vec<ReportActivity>,
        /// Those overdue, the first 200.
        overdue_items: Vec<ReportActivity>,
    }

    /// An activity.
    ReportActivity {
        /// Its id.
        id: Uuid,
        /// Its number.
        #[schema(minimum = 1, example = 14)]
        number: i32,
        /// What it is called.
        title: LocalizedText,
        /// Its step.
        step: StepName,
        /// Its state.
        state: ActivityState,
        /// When it is to be done.
        #[schema(required, example = "2027-01-15")]
        due_date: Option<NaiveDate>,
    }

    /// What keeps the work from going on.
    ReportRisks {
        /// How many activities are blocked or overdue.
        #[schema(minimum = 0, example = 2)]
        total: i64,
        /// The first 200 of them, by due date.
        items: Vec<ReportRisk>,
    }

    /// An activity that is blocked or overdue.
    ReportRisk {
        /// Its id.
        id: Uuid,
        /// Its number.
        #[schema(minimum = 1, example = 14)]
        number: i32,
        /// What it is called.
        title: LocalizedText,
        /// Why it is a risk; of one that is both, that it is blocked.
        why: RiskCause,
        /// Why it is blocked.
        #[schema(required)]
        reason: Option<LocalizedText>,
        /// Since when it is blocked.
        #[schema(required)]
        since: Option<DateTime<Utc>>,
        /// When it is to be done.
        #[schema(required, example = "2027-01-15")]
        due_date: Option<NaiveDate>,
    }

    /// A decision of the council on an earlier report.
    ReportDecision {
        /// Its number.
        #[schema(minimum = 1, example = 1)]
        number: i32,
        /// The report that it was about.
        #[schema(minimum = 1, example = 1)]
        report_number: i32,
        /// What was decided.
        outcome: Outcome,
        /// The step to be done again, with `adjust`.
        #[schema(required)]
        return_to_step: Option<StepName>,
        /// When.
        #[schema(example = "2026-12-15")]
        decided_on: NaiveDate,
        /// In which meeting.
        #[schema(example = "Council 7/2026, item 3")]
        meeting_reference: String,
        /// The decision that it corrects.
        #[schema(required, minimum = 1, example = json!(null))]
        supersedes: Option<i32>,
        /// Whether it departs from what that report recommended.
        departs: bool,
        /// What the council asked for in return.
        conditions: Vec<ReportCondition>,
    }

    /// A condition that the council set.
    ReportCondition {
        /// Its id.
        id: Uuid,
        /// What is asked for.
        text: LocalizedText,
        /// Who sees to it.
        owner: ReportPerson,
        /// By when.
        #[schema(example = "2027-01-31")]
        due_date: NaiveDate,
        /// Its state.
        state: ConditionState,
    }

    /// What an evaluated pilot taught.
    ReportLesson {
        /// The pilot.
        pilot_id: Uuid,
        /// What it is called.
        title: LocalizedText,
        /// What should become of it.
        outcome: PilotOutcome,
        /// What it taught.
        lessons: LocalizedText,
    }

    /// A member of the task force.
    ReportMember {
        /// The seat.
        member_id: Uuid,
        /// Who holds or held it.
        name: LocalizedText,
        /// Chair or expert.
        role: SeatRole,
        /// What they are expert in.
        #[schema(required, example = "Open data")]
        expertise: Option<String>,
        /// Since when.
        #[schema(example = "2026-11-01")]
        from_date: NaiveDate,
        /// Until when.
        #[schema(required, example = json!(null))]
        to_date: Option<NaiveDate>,
        /// Why they left.
        #[schema(required)]
        end_reason: Option<LocalizedText>,
    }

    /// A member who kept out of a vote.
    ReportRecusal {
        /// The submission that was voted on.
        submission_id: Uuid,
        /// Its step.
        step: StepName,
        /// The seat.
        member_id: Uuid,
        /// Who kept out.
        name: LocalizedText,
        /// Why.
        #[schema(required)]
        reason: Option<LocalizedText>,
    }

    /// A piece of evidence.
    ReportEvidence {
        /// Its id.
        id: Uuid,
        /// What it proves.
        subject: ReportSubject,
        /// What it is called.
        title: LocalizedText,
        /// Where it is, if it is a link.
        #[schema(required, example = "https://city.example/open-data")]
        url: Option<String>,
        /// Hash of its content, in hexadecimal.
        #[schema(required, pattern = "^[0-9a-f]{64}$", example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
        sha256: Option<String>,
        /// What kind of file it is, if it is one.
        #[schema(required, example = "application/pdf")]
        media_type: Option<String>,
        /// Its bytes, counted.
        #[schema(required, minimum = 0, example = 48213)]
        size: Option<i32>,
    }

    /// What a piece of evidence is about.
    ReportSubject {
        /// What it is.
        kind: EvidenceSubjectKind,
        /// Its id.
        id: Uuid,
    }
}

/// What a report finds in the database; the rest of it is who asks for what, and what follows from this.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// As in [`ReportModel`].
    pub health: Option<ReportHealth>,
    /// As in [`ReportModel`].
    pub steps: Vec<ReportStep>,
    /// As in [`ReportModel`].
    pub policies: Vec<ReportPolicy>,
    /// As in [`ReportModel`].
    pub sectors: Vec<ReportSector>,
    /// As in [`ReportModel`].
    pub pilots: Vec<ReportPilot>,
    /// As in [`ReportModel`].
    pub migrations: Vec<ReportMigration>,
    /// As in [`ReportModel`].
    pub activities: ReportActivities,
    /// As in [`ReportModel`].
    pub risks: ReportRisks,
    /// As in [`ReportModel`].
    pub decisions: Vec<ReportDecision>,
    /// As in [`ReportModel`].
    pub members: Vec<ReportMember>,
    /// As in [`ReportModel`].
    pub evidence: Vec<ReportEvidence>,
}

impl ReportModel {
    /// The report that these parts make.
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
        }
    }

    /// Its canonical JSON (RFC 8785).
    ///
    /// # Errors
    /// A value that JSON can't hold.
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

/// What the evaluated pilots taught.
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

/// Who kept out of which vote.
fn recusals(steps: &[ReportStep]) -> Vec<ReportRecusal> {
    let of_submission = |step: StepName, submission: &ReportSubmission| {
        let recused = submission.votes.iter().filter(|vote| vote.choice == Some(Choice::Recuse));
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
        let Tally { entitled, denominator, approve, r#return, abstain, recuse, left, pending } = tally;
        Self { entitled, denominator, approve, r#return, abstain, recuse, left, pending }
    }
}
