//! Decisions of the council. The secretariat records them; a decision and all its effects are one transaction.

use chrono::NaiveDate;
use uuid::Uuid;

use super::caller::{Access, Caller};
use super::conditions::{self, ConditionView};
use super::members::require_current;
use super::submissions::transition_report;
use super::write::WriteTx;
use super::{App, Result, steps};
use crate::db;
use crate::db::conditions::{Condition, ConditionFields};
use crate::db::decisions::{Decision, NewDecision, RegisteredDecision};
use crate::db::page::{Page, Window};
use crate::db::reports::Report;
use crate::domain::decision::{ConditionState, DecisionOutcome, Ruling};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::evidence::EvidenceSubjectKind;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::report::ReportCommand;
use crate::domain::rights::Action;
use crate::domain::step::{StepCommand, StepName, StepState, in_order};
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::writing::Write;

/// A decision to be recorded.
#[derive(Debug, Clone)]
pub struct Record {
    /// The number of the report on which the council decided.
    pub report_number: i32,
    pub outcome: DecisionOutcome,
    /// The step to be done again; required with `adjust`, and refused otherwise.
    pub return_to: Option<StepName>,
    /// The meeting.
    pub meeting_reference: String,
    /// The day of the meeting.
    pub decided_on: NaiveDate,
    pub reason: LocalizedText,
    /// The number of the decision that this one corrects.
    pub supersedes: Option<i32>,
    /// The conditions that the council sets.
    pub conditions: Vec<ConditionFields>,
}

/// A decision with its conditions.
#[derive(Debug)]
pub struct DecisionView {
    pub decision: Decision,
    pub conditions: Vec<ConditionView>,
    /// Tells whether the caller can record a decision that corrects this one.
    pub can_correct: bool,
    /// Tells whether the caller can add evidence about the decision.
    pub can_add_evidence: bool,
}

impl DecisionView {
    fn new(decision: Decision, conditions: Vec<Condition>, access: &Access) -> Self {
        let is_superseded = decision.superseded_by.is_some();
        Self {
            can_correct: !is_superseded && access.can(Action::RecordDecision, Write::Correction),
            can_add_evidence: access.can_add_evidence(EvidenceSubjectKind::Decision),
            conditions: conditions.into_iter().map(|one| ConditionView::new(one, access)).collect(),
            decision,
        }
    }
}

impl Record {
    /// The report decided on, and the outcome with its step, after checking the record itself.
    async fn check(&self, tx: &WriteTx<'_>) -> Result<(Report, Ruling)> {
        let (conn, task_force_id, today) = (tx.conn(), tx.task_force_id(), tx.access.today);
        let mut errors = Vec::new();
        let report =
            db::reports::find(conn, task_force_id, self.report_number).await?.map(|found| found.report);
        if report.is_none() {
            errors.push(unknown_report());
        }
        let ruling = Ruling::new(self.outcome, self.return_to);
        errors.extend(ruling.as_ref().err().cloned());
        if self.decided_on > today {
            errors.push(FieldError::in_future("/decidedOn", today));
        }
        if let Some(submitted_at) = report.as_ref().and_then(|report| report.submitted_at) {
            let submitted_on = db::task_forces::local_day(conn, task_force_id, submitted_at).await?;
            errors.extend((self.decided_on < submitted_on).then(|| decided_before(submitted_on)));
        }
        let too_early = self.conditions.iter().enumerate().filter(|(_, one)| one.due_date < self.decided_on);
        errors.extend(too_early.map(|(at, _)| {
            FieldError::at(format!("/conditions/{at}/dueDate"), FieldErrorCode::TooSmall)
                .saying("is before the day of the decision (decidedOn)", "يسبق يوم القرار (decidedOn)")
                .compared_with(&["decidedOn"])
        }));
        match (report, ruling) {
            (Some(report), Ok(ruling)) if errors.is_empty() => Ok((report, ruling)),
            _ => Err(Refusal::because_of(errors).into()),
        }
    }
}

fn unknown_report() -> FieldError {
    FieldError::at("/reportNumber", FieldErrorCode::UnknownReference)
        .saying("is not the number of a report of this task force", "ليس رقم تقرير من تقارير فريق العمل هذا")
}

fn unknown_decision() -> FieldError {
    FieldError::at("/supersedesNumber", FieldErrorCode::UnknownReference)
        .saying("is not the number of a decision on this task force", "ليس رقم قرار صدر بشأن فريق العمل هذا")
}

/// The error of a decision from before its report was submitted.
fn decided_before(submitted_on: NaiveDate) -> FieldError {
    FieldError::at("/decidedOn", FieldErrorCode::TooSmall)
        .saying(
            format!("is before the report was submitted to the council, which was on {submitted_on}"),
            format!("يسبق رفع التقرير إلى المجلس في {submitted_on}"),
        )
        .compared_with(&["reportNumber"])
}

/// Applies the effects of a decision to the task force, its cycle and its steps.
async fn apply(
    tx: &mut WriteTx<'_>,
    ruling: Ruling,
    decision_id: Uuid,
    reason: &LocalizedText,
) -> Result<()> {
    let (task_force_id, cycle) = (tx.task_force_id(), tx.access.cycle);
    match ruling.outcome {
        DecisionOutcome::Continue => open_cycle(tx, cycle + 1).await?,
        DecisionOutcome::Adjust => {
            for name in in_order() {
                let Some(command) = ruling.command(name) else { continue };
                let step = steps::current(tx, name).await?;
                steps::apply_command(tx, &step, command).await?;
                if command == StepCommand::Lock {
                    db::decisions::clear_waivers(tx.conn(), task_force_id, cycle, name, decision_id).await?;
                }
            }
        }
        DecisionOutcome::Conclude | DecisionOutcome::Stop => {
            transition_task_force(tx, ruling.task_force(), Some(reason)).await?;
        }
    }
    Ok(())
}

/// Reverts the effects of a decision. The caller has checked that nothing has followed from it.
async fn revert(tx: &mut WriteTx<'_>, decision: &Decision, reason: &LocalizedText) -> Result<()> {
    let task_force_id = tx.task_force_id();
    match decision.outcome {
        DecisionOutcome::Continue => {
            let (opened, cycle) = (tx.access.cycle, decision.cycle);
            db::cycles::enter(tx.conn(), task_force_id, cycle, tx.now()).await?;
            db::cycles::remove(tx.conn(), task_force_id, opened).await?;
            tx.access.cycle = cycle;
            tx.record(
                NewEvent::new(EventAction::CycleRemoved, SubjectKind::TaskForce, task_force_id)
                    .with_change("cycle", opened, cycle),
            );
        }
        DecisionOutcome::Adjust => {
            for name in in_order() {
                let step = steps::current(tx, name).await?;
                if step.state != StepState::Passed {
                    steps::apply_command(tx, &step, StepCommand::Restore).await?;
                }
            }
            db::decisions::restore_passing(tx.conn(), task_force_id, decision.cycle).await?;
            db::decisions::restore_waivers(tx.conn(), task_force_id, decision.report_id).await?;
        }
        DecisionOutcome::Conclude | DecisionOutcome::Stop => {
            transition_task_force(tx, TaskForceState::Active, Some(reason)).await?;
        }
    }
    Ok(())
}

async fn open_cycle(tx: &mut WriteTx<'_>, number: i32) -> Result<()> {
    let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
    db::cycles::insert(conn, task_force_id, number, || tx.new_id(), tx.now()).await?;
    db::cycles::carry_over(conn, task_force_id, tx.access.cycle).await?;
    db::cycles::enter(conn, task_force_id, number, tx.now()).await?;
    tx.record(NewEvent::new(EventAction::CycleOpened, SubjectKind::TaskForce, task_force_id).with_change(
        "cycle",
        tx.access.cycle,
        number,
    ));
    tx.access.cycle = number;
    let first = steps::current(tx, StepName::Policy).await?;
    steps::apply_command(tx, &first, StepCommand::Open).await?;
    Ok(())
}

async fn transition_task_force(
    tx: &mut WriteTx<'_>,
    to: TaskForceState,
    reason: Option<&LocalizedText>,
) -> Result<()> {
    let (task_force_id, from) = (tx.task_force_id(), tx.access.state);
    // An active task force shows no reason for its state. The event keeps the reason.
    let shown_reason = reason.filter(|_| to != TaskForceState::Active);
    db::task_forces::set_state(tx.conn(), task_force_id, to, shown_reason, tx.now()).await?;
    tx.record(
        NewEvent::new(EventAction::TaskForceTransitioned, SubjectKind::TaskForce, task_force_id)
            .with_transition(from.code(), to.code())
            .with_change("reason", None::<()>, reason),
    );
    tx.access.state = to;
    Ok(())
}

/// The decision to be corrected, after checking that it can be.
async fn find_correctable(
    tx: &WriteTx<'_>,
    number: i32,
    record: &Record,
    ruling: Ruling,
) -> Result<Decision> {
    tx.may_write(Write::Correction)?;
    let earlier = db::decisions::find(tx.conn(), tx.task_force_id(), number).await?;
    let earlier = earlier.ok_or_else(|| Refusal::because_of(vec![unknown_decision()]))?;
    if earlier.report_number != record.report_number {
        let error = FieldError::at("/reportNumber", FieldErrorCode::Invalid).saying(
            format!("is not the report of decision {number}, which is {}", earlier.report_number),
            format!("ليس التقرير الذي صدر بشأنه القرار {number}، وهو التقرير {}", earlier.report_number),
        );
        return Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into());
    }
    if let Some(by) = earlier.superseded_by {
        return Err(Refusal::from(RefusalCode::DecisionSuperseded).references(vec![by]).into());
    }
    let is_other = ruling != earlier.ruling();
    if is_other && db::decisions::followed(tx.conn(), tx.task_force_id(), earlier.seq).await? {
        return Err(RefusalCode::DecisionFollowed.into());
    }
    Ok(earlier)
}

/// Supersedes the pending conditions of a corrected decision whose outcome has changed, including those that it had
/// taken over from a decision that it corrected itself.
async fn supersede_conditions(
    tx: &mut WriteTx<'_>,
    decision: &Decision,
    reason: &LocalizedText,
) -> Result<()> {
    let task_force_id = tx.task_force_id();
    for condition in db::conditions::on_report(tx.conn(), task_force_id, decision.report_id).await? {
        if condition.state.is_pending() {
            conditions::transition(tx, &condition, ConditionState::Superseded, Some(reason)).await?;
        }
    }
    Ok(())
}

async fn view(tx: &WriteTx<'_>, number: i32) -> Result<DecisionView> {
    let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
    let (decision, conditions) = tokio::try_join!(
        db::decisions::find(conn, task_force_id, number),
        db::conditions::of_decision(conn, task_force_id, number),
    )?;
    Ok(DecisionView::new(decision.ok_or(RefusalCode::NotFound)?, conditions, &tx.access))
}

impl App {
    /// Records a decision of the council on a report, or corrects a recorded one.
    ///
    /// # Errors
    /// `reportNotSubmitted`; for a correction `decisionSuperseded`, `decisionFollowed`, and `seatsInvalid` if it brings
    /// back a task force of which a member is disabled; `unknownReference` for a
    /// report, a decision or an owner that does not exist; `memberEnded`; the errors of [`WriteTx::may_write`].
    pub async fn decision_record(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        record: Record,
    ) -> Result<DecisionView> {
        self.write(caller, task_force_id, Action::RecordDecision, async |tx| {
            let (report, ruling) = record.check(tx).await?;
            for (at, condition) in record.conditions.iter().enumerate() {
                let pointer = format!("/conditions/{at}/ownerId");
                require_current(tx, condition.owner_member_id, &pointer).await?;
            }
            let earlier = match record.supersedes {
                Some(number) => Some(find_correctable(tx, number, &record, ruling).await?),
                None => {
                    tx.may_write(Write::Decision)?;
                    transition_report(tx, &report, ReportCommand::Decide).await?;
                    None
                }
            };
            let earlier = earlier.as_ref();
            let new = NewDecision {
                report_id: report.id,
                cycle: report.cycle,
                ruling,
                meeting_reference: record.meeting_reference.clone(),
                decided_on: record.decided_on,
                reason: record.reason.clone(),
                supersedes_id: earlier.map(|earlier| earlier.id),
                user_id: tx.access.actor.user_id,
            };
            let id = tx.new_id();
            let number = db::decisions::insert(tx.conn(), task_force_id, id, &new, tx.now()).await?;
            tx.record(
                NewEvent::new(EventAction::DecisionRecorded, SubjectKind::Decision, id)
                    .with_change("number", None::<()>, number)
                    .with_change("reportNumber", None::<()>, record.report_number)
                    .with_change("outcome", None::<()>, ruling.outcome)
                    .with_change("returnToStep", None::<()>, ruling.return_to)
                    .with_change("meetingReference", None::<()>, &record.meeting_reference)
                    .with_change("decidedOn", None::<()>, record.decided_on)
                    .with_change("reason", None::<()>, &record.reason)
                    .with_change("supersedesNumber", None::<()>, record.supersedes),
            );
            let was_closed = tx.access.state.is_closed();
            let same_ruling = earlier.is_some_and(|earlier| earlier.ruling() == ruling);
            if !same_ruling {
                if let Some(earlier) = earlier {
                    supersede_conditions(tx, earlier, &record.reason).await?;
                    revert(tx, earlier, &record.reason).await?;
                }
                apply(tx, ruling, id, &record.reason).await?;
                if was_closed && !tx.access.state.is_closed() {
                    // The members may have been disabled since the task force was closed.
                    db::members::panel(tx.conn(), task_force_id).await?.check_seats()?;
                }
            }
            for condition in &record.conditions {
                let condition_id = tx.new_id();
                db::conditions::insert(tx.conn(), task_force_id, condition_id, id, condition, tx.now())
                    .await?;
                tx.record(
                    NewEvent::new(EventAction::ConditionCreated, SubjectKind::Condition, condition_id)
                        .with_change("decision", None::<()>, number)
                        .with_change("text", None::<()>, &condition.text)
                        .with_change("ownerId", None::<()>, condition.owner_member_id)
                        .with_change("dueDate", None::<()>, condition.due_date),
                );
            }
            // A correction without another outcome inherits the events since the corrected decision: what has followed
            // from it, and what has answered it.
            let seq = match earlier {
                Some(earlier) if same_ruling => earlier.seq,
                _ => tx.last_seq(),
            };
            db::decisions::set_last_event(tx.conn(), task_force_id, id, seq).await?;
            view(tx, number).await
        })
        .await
    }

    /// A page of a task force's decisions, newest first.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn decisions_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        before: Option<i32>,
        window: Window,
    ) -> Result<Page<Decision>> {
        let (_, page) = self
            .read(caller, task_force_id, async |conn| {
                db::decisions::list(conn, task_force_id, before, window).await
            })
            .await?;
        Ok(page)
    }

    /// One decision with its conditions.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`.
    pub async fn decision_get(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        number: i32,
    ) -> Result<DecisionView> {
        let (access, (decision, conditions)) = self
            .read(caller, task_force_id, async |conn| {
                tokio::try_join!(
                    db::decisions::find(conn, task_force_id, number),
                    db::conditions::of_decision(conn, task_force_id, number),
                )
            })
            .await?;
        Ok(DecisionView::new(decision.ok_or(RefusalCode::NotFound)?, conditions, &access))
    }

    /// A page of the council's register of decisions over all task forces, newest first.
    ///
    /// # Errors
    /// `forbidden` for everybody but council, secretariat and administrators.
    pub async fn decisions_register(
        &self,
        caller: &Caller,
        outcome: Option<DecisionOutcome>,
        before: Option<i64>,
        window: Window,
    ) -> Result<Page<RegisteredDecision>> {
        let (_, page) = self
            .read_installation(caller, Action::ReadRegister, async |conn| {
                db::decisions::register(conn, outcome, before, window).await
            })
            .await?;
        Ok(page)
    }
}
