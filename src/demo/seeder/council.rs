//! Steps put to the vote, reports, and what the council decides and asks for.

use super::super::content::{Ballot, Condition, Link, Text, text};
use super::super::people::SECRETARIAT;
use crate::app::Result;
use crate::app::decisions::Record;
use crate::app::reports::NewReport;
use crate::app::submissions::Vote;
use crate::db::conditions::ConditionFields;
use crate::demo::seeder::{Seeder, Story, at};
use crate::domain::decision::{ConditionState, Outcome};
use crate::domain::evidence::EvidenceSubjectKind;
use crate::domain::step::StepName;

/// What the council decided.
pub(in super::super) struct Ruling {
    pub(in super::super) outcome: Outcome,
    pub(in super::super) meeting: &'static str,
    /// The day of the meeting.
    pub(in super::super) day: i64,
    pub(in super::super) reason: Text,
    pub(in super::super) conditions: &'static [Condition],
}

impl Seeder {
    /// The chair puts a step to the members, and they vote, two hours apart.
    pub(in super::super) async fn submit(
        &mut self,
        story: &Story,
        step: StepName,
        note: Text,
        ballots: &'static [Ballot],
    ) -> Result<()> {
        let chair = self.member(story, 0).await?;
        let submitted = self.app.step_submit(&chair, story.id, step, Some(text(note))).await?;
        for ballot in ballots {
            self.app.clock.advance(chrono::TimeDelta::hours(2));
            let member = self.member(story, ballot.who).await?;
            let vote = Vote {
                choice: ballot.choice,
                comment: ballot.comment.map(str::to_owned),
                reason: ballot.reason.map(text),
            };
            self.app.vote(&member, story.id, submitted.submission.id, vote).await?;
        }
        Ok(())
    }

    /// The chair builds the report to the council.
    pub(in super::super) async fn report(
        &mut self,
        story: &Story,
        recommendation: Outcome,
        summary: Text,
    ) -> Result<()> {
        let chair = self.member(story, 0).await?;
        let new = NewReport { recommendation, return_to: None, summary: text(summary) };
        self.app.report_create(&chair, story.id, new).await?;
        Ok(())
    }

    /// The secretariat records what the council decided on the first report.
    pub(in super::super) async fn decide(&mut self, story: &mut Story, ruling: &Ruling) -> Result<()> {
        let secretariat = self.caller(SECRETARIAT).await?;
        let mut conditions = Vec::new();
        for condition in ruling.conditions {
            conditions.push(ConditionFields {
                text: text(condition.text),
                owner_member_id: story.member(condition.owner)?,
                due_date: self.date(condition.due),
            });
        }
        let record = Record {
            report_number: 1,
            outcome: ruling.outcome,
            return_to: None,
            meeting_reference: ruling.meeting.to_owned(),
            decided_on: self.date(ruling.day),
            reason: text(ruling.reason),
            supersedes: None,
            conditions,
        };
        let decided = self.app.decision_record(&secretariat, story.id, record).await?;
        story.conditions = decided.conditions.into_iter().map(|view| view.condition.id).collect();
        Ok(())
    }

    /// The chair proves that a condition is met, and says so.
    pub(in super::super) async fn report_met(
        &mut self,
        story: &Story,
        condition: usize,
        proof: &Link,
    ) -> Result<()> {
        let id = *at(&story.conditions, condition)?;
        self.prove(story, 0, EvidenceSubjectKind::Condition, id, proof).await?;
        let account = story.account(0)?;
        self.move_condition(story, account, condition, ConditionState::ReportedMet).await
    }

    /// The secretariat accepts that a condition is met.
    pub(in super::super) async fn accept(&mut self, story: &Story, condition: usize) -> Result<()> {
        self.move_condition(story, SECRETARIAT, condition, ConditionState::Met).await
    }

    async fn move_condition(
        &mut self,
        story: &Story,
        account: usize,
        condition: usize,
        to: ConditionState,
    ) -> Result<()> {
        let caller = self.caller(account).await?;
        let id = *at(&story.conditions, condition)?;
        let version = self.app.condition_get(&caller, story.id, id).await?.condition.version;
        self.app.condition_transition(&caller, story.id, id, version, to, None).await?;
        Ok(())
    }
}
