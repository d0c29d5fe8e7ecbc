//! Submissions, reports, decisions of the council and their conditions.

use super::super::content::{Ballot, Condition, Link, Text, text};
use super::super::people::SECRETARIAT;
use crate::app::Result;
use crate::app::decisions::Record;
use crate::app::reports::NewReport;
use crate::app::submissions::Vote;
use crate::db::conditions::ConditionFields;
use crate::db::submissions::NewSubmission;
use crate::demo::seeder::{SeededTaskForce, Seeder, item};
use crate::domain::decision::{ConditionState, DecisionOutcome};
use crate::domain::evidence::{About, EvidenceSubjectKind};
use crate::domain::step::StepName;

/// A decision of the council.
pub(in super::super) struct Decision {
    pub(in super::super) outcome: DecisionOutcome,
    pub(in super::super) meeting: &'static str,
    /// The day of the meeting.
    pub(in super::super) day: i64,
    pub(in super::super) reason: Text,
    pub(in super::super) conditions: &'static [Condition],
    /// The minutes of the meeting.
    pub(in super::super) minutes: Link,
}

impl Seeder {
    /// Submits a step as the chair, and votes as the members, two hours apart.
    pub(in super::super) async fn submit_step(
        &mut self,
        task_force: &SeededTaskForce,
        step: StepName,
        note: Text,
        ballots: &'static [Ballot],
    ) -> Result<()> {
        let chair = self.member(task_force, 0).await?;
        let new = NewSubmission { note: Some(text(note)), voting_ends_at: None };
        let submitted = self.app.step_submit(&chair, task_force.id, step, new).await?;
        for ballot in ballots {
            self.app.clock.advance(chrono::TimeDelta::hours(2));
            let member = self.member(task_force, ballot.seat).await?;
            let vote = Vote {
                choice: ballot.choice,
                comment: ballot.comment.map(str::to_owned),
                reason: ballot.reason.map(text),
            };
            self.app.vote(&member, task_force.id, submitted.submission.id, vote).await?;
        }
        Ok(())
    }

    /// Creates the report to the council as the chair.
    pub(in super::super) async fn create_report(
        &mut self,
        task_force: &SeededTaskForce,
        recommendation: DecisionOutcome,
        summary: Text,
    ) -> Result<()> {
        let chair = self.member(task_force, 0).await?;
        let new = NewReport { recommendation, return_to: None, summary: text(summary) };
        self.app.report_create(&chair, task_force.id, new).await?;
        Ok(())
    }

    /// Records the council's decision on the first report with its minutes, as the secretariat.
    pub(in super::super) async fn record_decision(
        &mut self,
        task_force: &mut SeededTaskForce,
        decision: &Decision,
    ) -> Result<()> {
        let secretariat = self.caller(SECRETARIAT).await?;
        let mut conditions = Vec::new();
        for condition in decision.conditions {
            conditions.push(ConditionFields {
                text: text(condition.text),
                owner_member_id: task_force.member_id(condition.owner)?,
                due_date: self.date(condition.due),
            });
        }
        let record = Record {
            report_number: 1,
            outcome: decision.outcome,
            return_to: None,
            meeting_reference: decision.meeting.to_owned(),
            decided_on: self.date(decision.day),
            reason: text(decision.reason),
            supersedes: None,
            conditions,
        };
        let decided = self.app.decision_record(&secretariat, task_force.id, record).await?;
        let about = About { kind: EvidenceSubjectKind::Decision, id: decided.decision.id };
        self.link_evidence(&secretariat, task_force, about, &decision.minutes).await?;
        task_force.conditions = decided.conditions.into_iter().map(|view| view.condition.id).collect();
        Ok(())
    }

    /// Reports a condition as met, with evidence, as the chair.
    pub(in super::super) async fn report_condition_met(
        &mut self,
        task_force: &SeededTaskForce,
        condition: usize,
        evidence: &Link,
    ) -> Result<()> {
        let id = *item(&task_force.conditions, condition)?;
        self.add_evidence(task_force, 0, EvidenceSubjectKind::Condition, id, evidence).await?;
        let account = task_force.account_of(0)?;
        self.change_condition(task_force, account, condition, ConditionState::ReportedMet).await
    }

    /// Accepts a condition as met, as the secretariat.
    pub(in super::super) async fn accept_condition(
        &mut self,
        task_force: &SeededTaskForce,
        condition: usize,
    ) -> Result<()> {
        self.change_condition(task_force, SECRETARIAT, condition, ConditionState::Met).await
    }

    async fn change_condition(
        &mut self,
        task_force: &SeededTaskForce,
        account: usize,
        condition: usize,
        to: ConditionState,
    ) -> Result<()> {
        let caller = self.caller(account).await?;
        let id = *item(&task_force.conditions, condition)?;
        let version = self.app.condition_get(&caller, task_force.id, id).await?.condition.version;
        self.app.condition_transition(&caller, task_force.id, id, version.into(), to, None).await?;
        Ok(())
    }
}
