//! Steps: their target dates, the criteria of their gates, and waivers of criteria.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::caller::{Access, Caller};
use super::write::{WriteTx, expect_version};
use super::{App, Result};
use crate::db::steps::Step;
use crate::db::{self, Conn, QueryResult};
use crate::domain::adjustment::{Adjustment, AdjustmentNote};
use crate::domain::criterion::{Criterion, CriterionCode, Failing, Waiver};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::gate::{self, GateFacts};
use crate::domain::panel::Panel;
use crate::domain::refusal::{Blocker, FieldError, Refusal, RefusalCode};
use crate::domain::rights::{Action, Authorization};
use crate::domain::step::{StepCommand, StepName, StepState};
use crate::domain::text::LocalizedText;
use crate::domain::version::ExpectedVersion;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::writing::Write;

/// The readiness of a step for its submission.
#[derive(Debug)]
pub struct StepReadiness {
    /// The version of the step.
    pub version: i32,
    /// The obstacles to a submission that are independent of the gate: a state, or disabled members without whom the vote would be
    /// over before it began.
    pub blocked_by: Vec<Blocker>,
    /// The criteria of the gate.
    pub criteria: Vec<Criterion>,
    /// The decision of the council that opened the step again, and its answer.
    pub adjustment: Option<Adjustment>,
    /// Extended pilots of earlier cycles that wait to be planned in step `pilots`. They do not prevent a submission.
    pub extended_pilots: Failing,
    /// Tells whether the caller can submit the step now.
    pub can_submit: bool,
}

impl StepReadiness {
    /// Tells whether the chair could submit the step now.
    pub fn is_ready(&self) -> bool {
        self.blocked_by.is_empty() && self.criteria.iter().all(Criterion::is_settled)
    }
}

/// A step as a caller sees it.
#[derive(Debug)]
pub struct StepView {
    pub step: Step,
    access: Access,
}

impl StepView {
    fn new(step: Step, access: &Access) -> Self {
        Self { step, access: access.clone() }
    }

    /// Tells whether the caller has a right, and the states let this be written in the step. Nothing is written in the
    /// steps of an earlier cycle.
    pub fn can(&self, action: Action, what: fn(StepState) -> Write) -> bool {
        self.step.cycle == self.access.cycle && self.access.can(action, what(self.step.state))
    }
}

/// The rows behind the readiness of a step.
type GateState = (Option<Step>, GateFacts, Vec<Waiver>, Failing, Panel);

async fn gate_state(
    conn: &Conn,
    task_force_id: Uuid,
    step: StepName,
    now: DateTime<Utc>,
) -> QueryResult<GateState> {
    tokio::try_join!(
        db::steps::find(conn, task_force_id, None, step),
        db::gates::facts(conn, task_force_id, step, now),
        db::gates::waivers(conn, task_force_id, step),
        db::gates::extended_pilots(conn, task_force_id, step),
        db::members::panel(conn, task_force_id),
    )
}

fn readiness(
    (row, facts, waivers, extended_pilots, panel): GateState,
    access: &Access,
) -> Result<StepReadiness> {
    let row = row.ok_or(RefusalCode::NotFound)?;
    let blocker = match access.may_write(Write::OpenStep(row.state)) {
        Err(code) => Some(Blocker::from(code)),
        Ok(()) => panel.check_majority().err().map(Blocker::from),
    };
    let mut readiness = StepReadiness {
        version: row.version,
        blocked_by: blocker.into_iter().collect(),
        criteria: gate::criteria(&facts, &waivers),
        adjustment: facts.adjustment,
        extended_pilots,
        can_submit: false,
    };
    let has_right = access.right(Action::Lead) == Authorization::Allowed;
    readiness.can_submit = has_right && readiness.is_ready();
    Ok(readiness)
}

/// The readiness of a step as this transaction has left it.
async fn readiness_after(tx: &WriteTx<'_>, step: StepName) -> Result<StepReadiness> {
    readiness(gate_state(tx.conn(), tx.task_force_id(), step, tx.now()).await?, &tx.access)
}

/// A step of the current cycle.
pub(super) async fn current(tx: &WriteTx<'_>, step: StepName) -> Result<Step> {
    Ok(db::steps::find(tx.conn(), tx.task_force_id(), None, step).await?.ok_or(RefusalCode::NotFound)?)
}

/// Moves a step to another state by a command and records the event.
pub(super) async fn apply_command(tx: &mut WriteTx<'_>, step: &Step, command: StepCommand) -> Result<Step> {
    let state = step.state.transition(command)?;
    let moved = db::steps::set_state(tx.conn(), tx.task_force_id(), step, state, tx.now()).await?;
    tx.record(
        NewEvent::new(EventAction::StepTransitioned, SubjectKind::Step, step.id)
            .with_transition(step.state.code(), state.code()),
    );
    Ok(moved)
}

impl App {
    /// The five steps of the current or an earlier cycle.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound` if the cycle does not exist.
    pub async fn steps_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        cycle: Option<i32>,
    ) -> Result<Vec<StepView>> {
        let (access, steps) = self
            .read(caller, task_force_id, async |conn| db::steps::list(conn, task_force_id, cycle).await)
            .await?;
        if steps.is_empty() {
            return Err(RefusalCode::NotFound.into());
        }
        Ok(steps.into_iter().map(|step| StepView::new(step, &access)).collect())
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
    ) -> Result<StepView> {
        let (access, step) = self
            .read(caller, task_force_id, async |conn| db::steps::find(conn, task_force_id, cycle, step).await)
            .await?;
        Ok(StepView::new(step.ok_or(RefusalCode::NotFound)?, &access))
    }

    /// Sets or clears a step's target date.
    ///
    /// # Errors
    /// `invalidRequest` for a day in the past, `stepPassed`, the errors of [`WriteTx::may_write`].
    pub async fn step_update(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        step: StepName,
        version: ExpectedVersion,
        patch: impl FnOnce(Option<NaiveDate>) -> Result<Option<NaiveDate>>,
    ) -> Result<StepView> {
        self.write(caller, task_force_id, Action::EditTaskForce, async |tx| {
            let step = current(tx, step).await?;
            expect_version(step.version, &version)?;
            let target_date = patch(step.target_date)?;
            if target_date == step.target_date {
                return Ok(StepView::new(step, &tx.access));
            }
            let today = tx.access.today;
            let past =
                target_date.filter(|day| *day < today).map(|_| FieldError::in_past("/targetDate", today));
            Refusal::if_any(past.into_iter().collect())?;
            tx.may_write(Write::TargetDate(step.state))?;
            let after =
                db::steps::set_target_date(tx.conn(), task_force_id, &step, target_date, tx.now()).await?;
            tx.record(NewEvent::new(EventAction::StepUpdated, SubjectKind::Step, step.id).with_change(
                "targetDate",
                step.target_date,
                target_date,
            ));
            Ok(StepView::new(after, &tx.access))
        })
        .await
    }

    /// The readiness of a step of the current cycle for its submission.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn step_readiness(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        step: StepName,
    ) -> Result<StepReadiness> {
        let now = self.clock.now();
        let (access, state) = self
            .read(caller, task_force_id, async |conn| gate_state(conn, task_force_id, step, now).await)
            .await?;
        readiness(state, &access)
    }

    /// Waives a criterion of a step of the current cycle, with a reason. Repeating the call changes nothing.
    ///
    /// # Errors
    /// `notWaivable`, the errors of [`WriteTx::may_write`]; `notFound` for a criterion that is not part of the step's
    /// gate.
    pub async fn criterion_waive(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        step: StepName,
        criterion: CriterionCode,
        reason: LocalizedText,
    ) -> Result<StepReadiness> {
        self.write(caller, task_force_id, Action::Lead, async |tx| {
            let (step, waiver) = waiver_of(tx, step, criterion).await?;
            if !criterion.is_waivable() {
                return Err(RefusalCode::NotWaivable.into());
            }
            if waiver.as_ref().is_some_and(|waiver| waiver.reason == reason) {
                return readiness_after(tx, step.step).await;
            }
            let member = tx.access.member(Action::Lead)?;
            let before = waiver.map(|waiver| waiver.reason);
            let waiver = Waiver { criterion, reason, member, at: tx.now() };
            db::gates::waive(tx.conn(), task_force_id, tx.new_id(), step.cycle, step.step, &waiver).await?;
            tx.record(
                NewEvent::new(EventAction::WaiverGranted, SubjectKind::Step, step.id)
                    .with_change("criterion", None::<()>, criterion)
                    .with_change("reason", before, &waiver.reason),
            );
            readiness_after(tx, step.step).await
        })
        .await
    }

    /// Answers the decision of the council that opened a step of the current cycle again: the reason why nothing of the
    /// step had to be changed. Repeating the call changes nothing.
    ///
    /// # Errors
    /// `notAdjusted`, the errors of [`WriteTx::may_write`].
    pub async fn adjustment_answer(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        step: StepName,
        note: LocalizedText,
    ) -> Result<StepReadiness> {
        self.write(caller, task_force_id, Action::Lead, async |tx| {
            let step = current(tx, step).await?;
            tx.may_write(Write::OpenStep(step.state))?;
            let adjustment = db::adjustments::find(tx.conn(), task_force_id, step.step).await?;
            let adjustment = adjustment.ok_or(RefusalCode::NotAdjusted)?;
            let before = adjustment.note.map(|before| before.note);
            if before.as_ref() == Some(&note) {
                return readiness_after(tx, step.step).await;
            }
            let member_id = tx.access.seat(Action::Lead)?;
            let answer = AdjustmentNote { note, member_id, at: tx.now() };
            db::adjustments::set_note(tx.conn(), task_force_id, adjustment.decision_id, &answer).await?;
            tx.record(
                NewEvent::new(EventAction::StepAnswered, SubjectKind::Step, step.id)
                    .with_change("decision", None::<()>, adjustment.decision_number)
                    .with_change("note", before, &answer.note),
            );
            readiness_after(tx, step.step).await
        })
        .await
    }

    /// Removes a waiver. Repeating the call changes nothing.
    ///
    /// # Errors
    /// The errors of [`WriteTx::may_write`]; `notFound` for a criterion that is not part of the step's gate.
    pub async fn criterion_unwaive(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        step: StepName,
        criterion: CriterionCode,
    ) -> Result<StepReadiness> {
        self.write(caller, task_force_id, Action::Lead, async |tx| {
            let (step, waiver) = waiver_of(tx, step, criterion).await?;
            if let Some(waiver) = waiver {
                db::gates::unwaive(tx.conn(), task_force_id, step.cycle, step.step, criterion).await?;
                tx.record(
                    NewEvent::new(EventAction::WaiverRemoved, SubjectKind::Step, step.id)
                        .with_change("criterion", criterion, None::<()>)
                        .with_change("reason", waiver.reason, None::<()>),
                );
            }
            readiness_after(tx, step.step).await
        })
        .await
    }
}

/// An open step, and the waiver of a criterion of its gate, if there is one.
async fn waiver_of(
    tx: &WriteTx<'_>,
    step: StepName,
    criterion: CriterionCode,
) -> Result<(Step, Option<Waiver>)> {
    if !gate::criteria_of(step).contains(&criterion) {
        let (step, criterion) = (step.code(), criterion.code());
        return Err(Refusal::new(
            RefusalCode::NotFound,
            format!("`{criterion}` is a criterion of another step; `GET …/steps/{step}/readiness` lists those of `{step}`."),
            format!("المعيار {criterion} يخص خطوة أخرى؛ يسرد GET …/steps/{step}/readiness معايير الخطوة {step}."),
        )
        .into());
    }
    let step = current(tx, step).await?;
    tx.may_write(Write::OpenStep(step.state))?;
    let waivers = db::gates::waivers(tx.conn(), tx.task_force_id(), step.step).await?;
    Ok((step, waivers.into_iter().find(|waiver| waiver.criterion == criterion)))
}
