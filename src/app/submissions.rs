//! Submissions: a step is put to the members, frozen as it is; they vote; the deciding vote and what it does are one
//! transaction.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::caller::{Access, Caller};
use super::write::{Door, expect_version};
use super::{App, Error, Result, steps};
use crate::db;
use crate::db::page::Page;
use crate::db::reports::Report;
use crate::db::steps::Step;
use crate::db::submissions::{Ballot, Frozen, NamedBallot, Submission};
use crate::domain::ballot::{Choice, Outcome, Tally};
use crate::domain::event::{EventAction, Happening, SubjectKind};
use crate::domain::gate::{self, Criterion};
use crate::domain::state_machine::{available, take};
use crate::domain::refusal::{AvailableTransition, Code, Refusal};
use crate::domain::report::{ReportCommand, ReportState};
use crate::domain::rights::Action;
use crate::domain::step::{StepCommand, StepName, SubmissionState};
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::writing::Write;

/// A submission as somebody sees it.
#[derive(Debug)]
pub struct SubmissionView {
    /// The submission.
    pub submission: Submission,
    /// What was frozen with it: canonical JSON.
    pub snapshot: String,
    /// The ballots of the entitled members.
    pub ballots: Vec<NamedBallot>,
    /// How the vote stands.
    pub tally: Tally,
    /// Where it can go by a command, for this caller.
    pub transitions: Vec<AvailableTransition>,
}

impl SubmissionView {
    fn new(submission: Submission, snapshot: String, ballots: Vec<NamedBallot>, access: &Access) -> Self {
        let tally = Tally::of(ballots.iter().map(|(ballot, _)| ballot.counted()));
        let transitions = available(&submission.state.exits(access.state), access.right(Action::Lead));
        Self { submission, snapshot, ballots, tally, transitions }
    }
}

/// A vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// What the member says.
    pub choice: Choice,
    /// A word with it.
    pub comment: Option<String>,
    /// Why they recuse themselves.
    pub reason: Option<LocalizedText>,
}

fn happening(action: EventAction, id: Uuid) -> Happening {
    Happening::new(action, SubjectKind::Submission, id)
}

async fn found(door: &Door<'_>, id: Uuid) -> Result<Submission> {
    Ok(db::submissions::find(door.conn(), door.task_force_id(), id).await?.ok_or(Code::NotFound)?)
}

async fn view(door: &Door<'_>, id: Uuid) -> Result<SubmissionView> {
    let (conn, task_force_id) = (door.conn(), door.task_force_id());
    let (submission, snapshot, ballots) = tokio::try_join!(
        db::submissions::find(conn, task_force_id, id),
        db::submissions::snapshot(conn, task_force_id, id),
        db::submissions::ballots(conn, task_force_id, id),
    )?;
    let (submission, snapshot) = submission.zip(snapshot).ok_or(Code::NotFound)?;
    Ok(SubmissionView::new(submission, snapshot, ballots, &door.access))
}

/// What the members vote on: the step's products and activities, and how its gate was met.
async fn freeze(
    door: &Door<'_>,
    step: &Step,
    note: Option<&LocalizedText>,
    criteria: &[Criterion],
) -> Result<Frozen> {
    let (conn, task_force_id) = (door.conn(), door.task_force_id());
    let content = db::dossier::of_step(conn, task_force_id, step.cycle, step.step).await?;
    let criterion = |one: &Criterion| {
        json!({
            "code": one.code,
            "met": one.met,
            "waiver": one.waiver.as_ref().map(|waiver| {
                json!({ "reason": waiver.reason, "memberId": waiver.member_id, "at": waiver.at })
            }),
        })
    };
    let snapshot = json!({
        "taskForceId": task_force_id,
        "cycle": step.cycle,
        "step": step.step,
        "at": door.now(),
        "lastSeq": door.access.seq,
        "note": note,
        "criteria": criteria.iter().map(criterion).collect::<Vec<_>>(),
        "content": content,
    });
    let text = serde_json_canonicalizer::to_string(&snapshot).map_err(Error::internal)?;
    let hash = Sha256::digest(text.as_bytes()).to_vec();
    Ok(Frozen { text, hash })
}

/// Ends the vote that is open, if it is decided by now; what follows from it follows at once.
pub(super) async fn settle(door: &mut Door<'_>) -> Result<()> {
    if door.access.state != TaskForceState::Active {
        return Ok(());
    }
    let (conn, task_force_id) = (door.conn(), door.task_force_id());
    let Some(submission) = db::submissions::voting(conn, task_force_id).await? else { return Ok(()) };
    let ballots = db::submissions::ballots(conn, task_force_id, submission.id).await?;
    let tally = Tally::of(ballots.iter().map(|(ballot, _)| ballot.counted()));
    let Some(outcome) = tally.outcome() else { return Ok(()) };
    let state = match outcome {
        Outcome::Passed => SubmissionState::Passed,
        Outcome::Returned | Outcome::QuorumLost => SubmissionState::Returned,
    };
    end(door, &submission, state, None, outcome == Outcome::QuorumLost).await?;
    if state == SubmissionState::Passed {
        pass_on(door, submission.step).await?;
    }
    Ok(())
}

/// What follows when a step has passed: the next one opens; after the last the report goes to the council.
async fn pass_on(door: &mut Door<'_>, passed: StepName) -> Result<()> {
    match passed.next() {
        Some(next) => {
            let next = steps::current(door, next).await?;
            steps::command(door, &next, StepCommand::Open).await?;
            Ok(())
        }
        None => submit_report(door).await,
    }
}

/// The latest draft goes to the council; it takes the place of the older ones.
async fn submit_report(door: &mut Door<'_>) -> Result<()> {
    let (task_force_id, now) = (door.task_force_id(), door.now());
    let drafts = db::reports::drafts(door.conn(), task_force_id, door.access.cycle).await?;
    let Some((latest, older)) = drafts.split_first() else { return Ok(()) };
    move_report(door, latest, ReportCommand::Submit).await?;
    let ids: Vec<Uuid> = older.iter().map(|draft| draft.id).collect();
    db::reports::supersede(door.conn(), task_force_id, &ids, now).await?;
    for draft in older {
        let state = draft.state.transition(ReportCommand::Supersede)?;
        door.record(moving(draft, state));
    }
    Ok(())
}

fn moving(report: &Report, to: ReportState) -> Happening {
    Happening::new(EventAction::ReportTransitioned, SubjectKind::Report, report.id)
        .moving(report.state.code(), to.code())
        .noting("number", None::<()>, report.number)
}

/// Moves a report by a command and records it.
pub(super) async fn move_report(door: &mut Door<'_>, report: &Report, command: ReportCommand) -> Result<()> {
    let state = report.state.transition(command)?;
    db::reports::set_state(door.conn(), door.task_force_id(), report, state, door.now()).await?;
    door.record(moving(report, state));
    Ok(())
}

/// Ends a vote, and moves its step.
async fn end(
    door: &mut Door<'_>,
    submission: &Submission,
    state: SubmissionState,
    reason: Option<&LocalizedText>,
    quorum_lost: bool,
) -> Result<()> {
    let (task_force_id, now) = (door.task_force_id(), door.now());
    db::submissions::decide(door.conn(), task_force_id, submission.id, state, reason, now).await?;
    let mut ended = happening(EventAction::SubmissionTransitioned, submission.id)
        .moving(submission.state.code(), state.code())
        .noting("reason", None::<()>, reason);
    if quorum_lost {
        ended = ended.noting("quorumLost", false, true);
    }
    door.record(ended);
    let step = steps::current(door, submission.step).await?;
    let command = if state == SubmissionState::Passed { StepCommand::Pass } else { StepCommand::Return };
    steps::command(door, &step, command).await?;
    Ok(())
}

/// Withdraws what is being voted on, where the task force itself has come to an end.
pub(super) async fn withdraw_open(door: &mut Door<'_>, reason: &LocalizedText) -> Result<()> {
    let submission = db::submissions::voting(door.conn(), door.task_force_id()).await?;
    match submission {
        Some(submission) => end(door, &submission, SubmissionState::Withdrawn, Some(reason), false).await,
        None => Ok(()),
    }
}

/// Notes that a member has left: without a vote they leave the denominator, which may decide the vote.
pub(super) async fn leave(door: &mut Door<'_>, member_id: Uuid) -> Result<()> {
    let (conn, task_force_id, now) = (door.conn(), door.task_force_id(), door.now());
    let Some(submission) = db::submissions::voting(conn, task_force_id).await? else { return Ok(()) };
    if db::submissions::leave(conn, task_force_id, submission.id, member_id, now).await? {
        settle(door).await?;
    }
    Ok(())
}

impl App {
    /// Puts a step to the members, frozen as it is now.
    ///
    /// # Errors
    /// `gateNotMet` with the criteria, the state of step or task force.
    pub async fn step_submit(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        step: StepName,
        note: Option<LocalizedText>,
    ) -> Result<SubmissionView> {
        self.write(caller, task_force_id, Action::Lead, async |door| {
            let step = steps::current(door, step).await?;
            door.may_write(Write::OpenStep(step.state))?;
            let conn = door.conn();
            let (facts, waivers) = tokio::try_join!(
                db::gates::facts(conn, task_force_id, step.step, door.now()),
                db::gates::waivers(conn, task_force_id, step.step),
            )?;
            let criteria = gate::criteria(&facts, &waivers);
            gate::check(&criteria)?;

            let chair = door.access.member_id.ok_or(Code::Forbidden)?;
            let frozen = freeze(door, &step, note.as_ref(), &criteria).await?;
            let submission = db::submissions::insert(
                conn,
                task_force_id,
                &step,
                note.as_ref(),
                chair,
                &frozen,
                door.now(),
            )
            .await?;
            door.record(
                happening(EventAction::SubmissionCreated, submission.id)
                    .noting("step", None::<()>, step.step)
                    .noting("cycle", None::<()>, step.cycle)
                    .noting("note", None::<()>, &note)
                    .noting("hash", None::<()>, hex::encode(&frozen.hash)),
            );
            steps::command(door, &step, StepCommand::Submit).await?;
            view(door, submission.id).await
        })
        .await
    }

    /// Casts the caller's vote on a submission, or changes it.
    ///
    /// # Errors
    /// `votingClosed`, `notEntitled`, the state of the task force; a reason is needed to recuse oneself.
    pub async fn vote(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        submission_id: Uuid,
        vote: Vote,
    ) -> Result<SubmissionView> {
        self.write(caller, task_force_id, Action::Vote, async |door| {
            let submission = found(door, submission_id).await?;
            let conn = door.conn();
            let ballots = db::submissions::ballots(conn, task_force_id, submission_id).await?;
            let own = |(ballot, _): &&NamedBallot| Some(ballot.member_id) == door.access.member_id;
            let before = ballots.iter().find(own).map(|(ballot, _)| ballot).ok_or(Code::NotEntitled)?;
            let member_id = before.member_id;
            door.may_write(Write::Vote)?;
            if submission.state != SubmissionState::Voting {
                return Err(Code::VotingClosed.into());
            }
            if vote.choice == Choice::Recuse && vote.reason.is_none() {
                return Err(Refusal::missing("/reason").into());
            }
            let said = (before.choice, before.comment.as_ref(), before.reason.as_ref());
            if said == (Some(vote.choice), vote.comment.as_ref(), vote.reason.as_ref()) {
                return view(door, submission_id).await;
            }
            let ballot = Ballot {
                member_id,
                choice: Some(vote.choice),
                comment: vote.comment.clone(),
                reason: vote.reason.clone(),
                voted_at: Some(door.now()),
                left_at: None,
            };
            db::submissions::cast(conn, task_force_id, submission_id, &ballot).await?;
            let cast = happening(EventAction::VoteCast, submission_id)
                .noting("memberId", None::<()>, member_id)
                .noting("choice", before.choice, vote.choice)
                .noting("comment", &before.comment, &vote.comment)
                .noting("reason", &before.reason, &vote.reason);
            door.record(cast);
            settle(door).await?;
            view(door, submission_id).await
        })
        .await
    }

    /// Withdraws a submission; its step is open again.
    ///
    /// # Errors
    /// `votingClosed`, the state of the task force.
    pub async fn submission_withdraw(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: i32,
        reason: LocalizedText,
    ) -> Result<SubmissionView> {
        self.write(caller, task_force_id, Action::Lead, async |door| {
            let submission = found(door, id).await?;
            expect_version(submission.version, version)?;
            door.may_write(Write::Vote)?;
            if submission.state != SubmissionState::Voting {
                return Err(Code::VotingClosed.into());
            }
            take(
                submission.state,
                &submission.state.exits(door.access.state),
                SubmissionState::Withdrawn,
                true,
            )?;
            end(door, &submission, SubmissionState::Withdrawn, Some(&reason), false).await?;
            view(door, id).await
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
                db::submissions::list(conn, task_force_id, cycle, step, after, limit).await
            })
            .await?;
        Ok(page)
    }

    /// One submission, with what was frozen and how the vote stands.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`.
    pub async fn submission_get(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
    ) -> Result<SubmissionView> {
        let (access, (submission, snapshot, ballots)) = self
            .read(caller, task_force_id, async |conn| {
                tokio::try_join!(
                    db::submissions::find(conn, task_force_id, id),
                    db::submissions::snapshot(conn, task_force_id, id),
                    db::submissions::ballots(conn, task_force_id, id),
                )
            })
            .await?;
        let (submission, snapshot) = submission.zip(snapshot).ok_or(Code::NotFound)?;
        Ok(SubmissionView::new(submission, snapshot, ballots, &access))
    }
}
