//! Steps: their target dates, what their gates still ask, and their submission.

use chrono::NaiveDate;
use uuid::Uuid;

use super::access::Caller;
use super::door::{Door, expect_version};
use super::{App, Result};
use crate::db;
use crate::db::page::Page;
use crate::db::steps::{Step, Submission};
use crate::domain::event::{EventAction, Happening, SubjectKind};
use crate::domain::gate::{self, Criterion, StepFacts};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::rights::Action;
use crate::domain::step::{StepCommand, StepName};
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::writing::{Write, may_write};

/// How far a step is from passing its gate.
#[derive(Debug)]
pub struct Readiness {
    /// What stands in the way of a submission beside the gate.
    pub blocked_by: Option<Code>,
    /// The gate.
    pub criteria: Vec<Criterion>,
}

impl Readiness {
    /// Whether the chair could submit the step now.
    pub fn is_ready(&self) -> bool {
        self.blocked_by.is_none() && self.criteria.iter().all(Criterion::is_met)
    }
}

/// A step of the present cycle.
pub(super) async fn current(door: &Door<'_>, step: StepName) -> Result<Step> {
    Ok(db::steps::find(door.conn(), door.task_force_id(), None, step).await?.ok_or(Code::NotFound)?)
}

/// Moves a step by a command and records it.
pub(super) async fn command(door: &mut Door<'_>, step: &Step, command: StepCommand) -> Result<Step> {
    let state = step.state.transition(command)?;
    let moved = db::steps::set_state(door.conn(), door.task_force_id(), step, state, door.now()).await?;
    door.record(
        Happening::new(EventAction::StepTransitioned, SubjectKind::Step, step.id)
            .moving(step.state.code(), state.code()),
    );
    Ok(moved)
}

impl App {
    /// The five steps of the present or an earlier cycle.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound` where there was no such cycle.
    pub async fn steps_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        cycle: Option<i32>,
    ) -> Result<Vec<Step>> {
        let (_, steps) = self
            .read(caller, task_force_id, async |conn| db::steps::list(conn, task_force_id, cycle).await)
            .await?;
        if steps.is_empty() { Err(Code::NotFound.into()) } else { Ok(steps) }
    }

    /// One step.
    ///
    /// # Errors
    /// As [`App::steps_list`].
    pub async fn step_get(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        cycle: Option<i32>,
        step: StepName,
    ) -> Result<Step> {
        let (_, step) = self
            .read(caller, task_force_id, async |conn| db::steps::find(conn, task_force_id, cycle, step).await)
            .await?;
        Ok(step.ok_or(Code::NotFound)?)
    }

    /// Sets or clears a step's target date.
    ///
    /// # Errors
    /// `stepPassed`, the state of the task force.
    pub async fn step_update(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        step: StepName,
        version: i32,
        patch: impl FnOnce(Option<NaiveDate>) -> Result<Option<NaiveDate>>,
    ) -> Result<Step> {
        self.write(caller, task_force_id, Action::EditTaskForce, async |door| {
            let step = current(door, step).await?;
            expect_version(step.version, version)?;
            let target_date = patch(step.target_date)?;
            if target_date == step.target_date {
                return Ok(step);
            }
            door.may_write(Write::TargetDate(step.state))?;
            let after =
                db::steps::set_target_date(door.conn(), task_force_id, &step, target_date, door.now())
                    .await?;
            door.record(Happening::new(EventAction::StepUpdated, SubjectKind::Step, step.id).noting(
                "targetDate",
                step.target_date,
                target_date,
            ));
            Ok(after)
        })
        .await
    }

    /// What a step of the present cycle still needs before it can be submitted.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn step_readiness(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        step: StepName,
    ) -> Result<Readiness> {
        let (access, (row, open_activities)) = self
            .read(caller, task_force_id, async |conn| {
                tokio::try_join!(
                    db::steps::find(conn, task_force_id, None, step),
                    db::steps::open_activities(conn, task_force_id, None, step),
                )
            })
            .await?;
        let row = row.ok_or(Code::NotFound)?;
        Ok(Readiness {
            blocked_by: may_write(Write::OpenStep(row.state), access.state).err(),
            criteria: gate::criteria(StepFacts { open_activities }),
        })
    }

    /// Puts a step to the members. Until they vote, it passes at once when its gate is met; the next step opens.
    ///
    /// # Errors
    /// `gateNotMet` with the criteria, the state of step or task force.
    pub async fn step_submit(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        step: StepName,
        note: Option<LocalizedText>,
    ) -> Result<Submission> {
        self.write(caller, task_force_id, Action::Lead, async |door| {
            let step = current(door, step).await?;
            door.may_write(Write::OpenStep(step.state))?;
            let conn = door.conn();
            let open_activities =
                db::steps::open_activities(conn, task_force_id, Some(step.cycle), step.step).await?;
            gate::check(gate::criteria(StepFacts { open_activities }))?;

            let chair = door.access.member_id.ok_or(Code::Forbidden)?;
            let submission = db::steps::insert_passed_submission(
                conn,
                task_force_id,
                &step,
                note.as_ref(),
                chair,
                door.now(),
            )
            .await?;
            door.record(
                Happening::new(EventAction::SubmissionCreated, SubjectKind::Submission, submission.id)
                    .noting("step", None::<()>, step.step)
                    .noting("cycle", None::<()>, step.cycle)
                    .noting("note", None::<()>, &note),
            );
            let submitted = command(door, &step, StepCommand::Submit).await?;
            command(door, &submitted, StepCommand::Pass).await?;
            if let Some(next) = step.step.next() {
                let next = current(door, next).await?;
                command(door, &next, StepCommand::Open).await?;
            }
            Ok(submission)
        })
        .await
    }

    /// A page of a step's submissions.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn submissions_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        cycle: Option<i32>,
        step: StepName,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Page<Submission>> {
        let (_, page) = self
            .read(caller, task_force_id, async |conn| {
                db::steps::list_submissions(conn, task_force_id, cycle, step, after, limit).await
            })
            .await?;
        Ok(page)
    }

    /// One submission.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`.
    pub async fn submission_get(&self, caller: &Caller, task_force_id: Uuid, id: Uuid) -> Result<Submission> {
        let (_, submission) = self
            .read(caller, task_force_id, async |conn| {
                db::steps::find_submission(conn, task_force_id, id).await
            })
            .await?;
        submission.ok_or_else(|| Refusal::from(Code::NotFound).into())
    }
}
