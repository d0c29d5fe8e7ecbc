//! Submissions: the chair submits a step with a snapshot of its content, and the members vote. The deciding vote and
//! its effects are one transaction.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::caller::{Access, Caller};
use super::clock::as_kept;
use super::write::{WriteTx, expect_version};
use super::{App, Error, Result, steps};
use crate::db::page::{Page, Window};
use crate::db::report_data::TooLarge;
use crate::db::reports::Report;
use crate::db::steps::Step;
use crate::db::submissions::{Ballot, NamedBallot, NewSubmission, Snapshot, Submission};
use crate::db::{self, Conn};
use crate::domain::adjustment::Adjustment;
use crate::domain::ballot::{Tally, Turnout, VoteChoice, VoteOutcome};
use crate::domain::criterion::Criterion;
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::evidence::EvidenceSubjectKind;
use crate::domain::gate;
use crate::domain::reference::Reference;
use crate::domain::refusal::{AvailableTransition, Refusal, RefusalCode};
use crate::domain::report::{ReportCommand, ReportState};
use crate::domain::rights::Action;
use crate::domain::sealed_ballot::{BallotReader, is_sealed};
use crate::domain::size;
use crate::domain::state_machine::{available, check_transition};
use crate::domain::step::{StepCommand, StepName};
use crate::domain::submission::SubmissionState;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;
use crate::domain::version::ExpectedVersion;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::voting_time::VotingTime;
use crate::domain::writing::Write;

/// A submission as a caller sees it.
#[derive(Debug)]
pub struct SubmissionView {
    pub submission: Submission,
    /// The snapshot that the members vote on.
    pub snapshot: Value,
    /// The ballots of the entitled members; without what they chose, while the choices are sealed for the caller.
    pub ballots: Vec<NamedBallot>,
    /// The number of members who have voted, and of the others.
    pub turnout: Turnout,
    /// The count of the choices; `None` while the choices are sealed for the caller.
    pub tally: Option<Tally>,
    /// The transitions that this caller sees.
    pub transitions: Vec<AvailableTransition>,
    /// Tells whether the time for voting is over, and the submission is not returned yet.
    has_run_out: bool,
    /// Tells whether the caller can vote, or change their vote.
    pub can_vote: bool,
    /// Tells whether the caller can withdraw the submission.
    pub can_withdraw: bool,
    /// Tells whether the caller can add evidence about the submission.
    pub can_add_evidence: bool,
}

impl SubmissionView {
    /// A submission as it is read from the database, if it is there.
    fn stored(
        submission: Option<Submission>,
        snapshot: Option<String>,
        ballots: Vec<NamedBallot>,
        access: &Access,
    ) -> Result<Self> {
        let (submission, snapshot) = submission.zip(snapshot).ok_or(RefusalCode::NotFound)?;
        let snapshot = serde_json::from_str(&snapshot).map_err(Error::internal)?;
        Ok(Self::new(submission, snapshot, ballots, access))
    }

    fn new(submission: Submission, snapshot: Value, ballots: Vec<NamedBallot>, access: &Access) -> Self {
        let tally = tally_of(&ballots);
        let (ballots, is_sealed) = as_seen(&submission, ballots, access.actor.user_id);
        let transitions = available(
            &submission.state.transitions(access.state),
            access.right(Action::Lead).missing_right(),
        );
        let is_open = submission.is_voting(access.now);
        let is_entitled = ballots.iter().any(|one| Some(one.ballot.member_id) == access.member_id);
        Self {
            has_run_out: submission.state == SubmissionState::Voting && !is_open,
            can_vote: is_open && is_entitled && access.can(Action::Vote, Write::Vote),
            can_withdraw: is_open && access.can(Action::Lead, Write::Vote),
            can_add_evidence: access.can_add_evidence(EvidenceSubjectKind::Submission),
            submission,
            snapshot,
            ballots,
            turnout: tally.into(),
            tally: (!is_sealed).then_some(tally),
            transitions,
        }
    }
}

fn tally_of(ballots: &[NamedBallot]) -> Tally {
    Tally::of(ballots.iter().map(|named| named.ballot.counted()))
}

/// All ballots of a submission as a user may see them, and whether the choices are sealed.
pub(super) fn as_seen(
    submission: &Submission,
    ballots: Vec<NamedBallot>,
    user_id: Uuid,
) -> (Vec<NamedBallot>, bool) {
    let voters = open_voters(submission, &ballots);
    if is_sealed(voters.as_deref(), BallotReader::User(user_id)) {
        (ballots.into_iter().map(NamedBallot::sealed).collect(), true)
    } else {
        (ballots, false)
    }
}

/// The users who have cast their vote, while the vote is open.
fn open_voters(submission: &Submission, ballots: &[NamedBallot]) -> Option<Vec<Uuid>> {
    let voters =
        || ballots.iter().filter(|named| named.ballot.choice.is_some()).map(|named| named.member.user_id);
    (submission.state == SubmissionState::Voting).then(|| voters().collect())
}

/// A vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    pub choice: VoteChoice,
    pub comment: Option<String>,
    /// The reason of a recusal.
    pub reason: Option<LocalizedText>,
}

fn new_event(action: EventAction, id: Uuid) -> NewEvent {
    NewEvent::new(action, SubjectKind::Submission, id)
}

async fn find_or_not_found(tx: &WriteTx<'_>, id: Uuid) -> Result<Submission> {
    Ok(db::submissions::find(tx.conn(), tx.task_force_id(), id).await?.ok_or(RefusalCode::NotFound)?)
}

async fn view(tx: &WriteTx<'_>, id: Uuid) -> Result<SubmissionView> {
    let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
    let (submission, snapshot, ballots) = tokio::try_join!(
        db::submissions::find(conn, task_force_id, id),
        db::submissions::snapshot(conn, task_force_id, id),
        db::submissions::ballots(conn, task_force_id, id),
    )?;
    SubmissionView::stored(submission, snapshot, ballots, &tx.access)
}

/// Takes the snapshot that the members vote on: the step's products and activities, and the criteria of its gate.
async fn take_snapshot(
    tx: &WriteTx<'_>,
    step: &Step,
    note: Option<&LocalizedText>,
    (criteria, adjustment): (&[Criterion], Option<&Adjustment>),
) -> Result<(Value, Snapshot)> {
    let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
    let content = match db::report_data::of_step(conn, task_force_id, step.cycle, step.step).await? {
        Ok(content) => content,
        Err(TooLarge(bytes)) => {
            size::check_content(bytes)?;
            return Err(RefusalCode::ContentTooLarge.into());
        }
    };
    let criterion = |one: &Criterion| {
        json!({
            "code": one.code,
            "met": one.met,
            "waiver": one.waiver.as_ref().map(|waiver| {
                json!({ "reason": waiver.reason, "memberId": waiver.member.id, "at": waiver.at })
            }),
        })
    };
    let snapshot = json!({
        "taskForceId": task_force_id,
        "cycle": step.cycle,
        "step": step.step,
        "at": tx.now(),
        "lastSeq": tx.access.seq,
        "note": note,
        "criteria": criteria.iter().map(criterion).collect::<Vec<_>>(),
        "adjustment": adjustment.map(|one| {
            json!({ "decisionNumber": one.decision_number, "note": one.note.as_ref().map(|note| &note.note) })
        }),
        "content": content,
    });
    let text = serde_json_canonicalizer::to_string(&snapshot).map_err(Error::internal)?;
    size::check_content(text.len())?;
    let hash = Sha256::digest(text.as_bytes()).to_vec();
    Ok((snapshot, Snapshot { text, hash }))
}

/// Closes the open vote if it is decided, and applies its effects.
pub(super) async fn close_vote_if_decided(tx: &mut WriteTx<'_>) -> Result<()> {
    if tx.access.state != TaskForceState::Active {
        return Ok(());
    }
    let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
    let Some(submission) = db::submissions::voting(conn, task_force_id).await? else { return Ok(()) };
    if !submission.is_voting(tx.now()) {
        // The submission is returned by the end of its time, in a transaction of its own.
        return Ok(());
    }
    let ballots = db::submissions::ballots(conn, task_force_id, submission.id).await?;
    let Some(outcome) = tally_of(&ballots).outcome() else { return Ok(()) };
    close_vote(tx, &submission, VoteEnd::Decided(outcome)).await?;
    if outcome == VoteOutcome::Passed {
        advance_after(tx, submission.step).await?;
    }
    Ok(())
}

/// The reason why a vote is over.
#[derive(Debug, Clone, Copy)]
pub(super) enum VoteEnd<'a> {
    /// The count of the ballots.
    Decided(VoteOutcome),
    /// The withdrawal of the submission, and its reason.
    Withdrawn(&'a LocalizedText),
    /// The end of the time for voting.
    TimeOver,
}

impl VoteEnd<'_> {
    fn state(self) -> SubmissionState {
        match self {
            Self::Decided(VoteOutcome::Passed) => SubmissionState::Passed,
            Self::Decided(VoteOutcome::Returned | VoteOutcome::QuorumLost) | Self::TimeOver => {
                SubmissionState::Returned
            }
            Self::Withdrawn(_) => SubmissionState::Withdrawn,
        }
    }

    /// Adds the reason to the event of the end.
    fn explain(self, event: NewEvent) -> NewEvent {
        match self {
            Self::Decided(VoteOutcome::Passed | VoteOutcome::Returned) => event,
            Self::Decided(VoteOutcome::QuorumLost) => event.with_change("quorumLost", false, true),
            Self::Withdrawn(reason) => event.with_change("reason", None::<()>, reason),
            Self::TimeOver => event.with_change("votingEnded", false, true),
        }
    }
}

/// Opens the step after the one that has passed, or after the last step submits the report to the council.
async fn advance_after(tx: &mut WriteTx<'_>, passed: StepName) -> Result<()> {
    match passed.next() {
        Some(next) => {
            let next = steps::current(tx, next).await?;
            steps::apply_command(tx, &next, StepCommand::Open).await?;
            Ok(())
        }
        None => submit_report(tx).await,
    }
}

/// The newest drafts of a cycle that stay drafts.
const MOST_DRAFTS: i64 = 10;

/// Submits the latest draft to the council. Older drafts are superseded.
async fn submit_report(tx: &mut WriteTx<'_>) -> Result<()> {
    let drafts = db::reports::drafts(tx.conn(), tx.task_force_id(), tx.access.cycle, 0).await?;
    let Some((latest, older)) = drafts.split_first() else { return Ok(()) };
    transition_report(tx, latest, ReportCommand::Submit).await?;
    supersede(tx, older).await
}

/// Supersedes the drafts of a cycle that are older than the newest ones. Drafts cannot be deleted, and the vote that submits
/// the latest draft supersedes all others: the work of that vote must not grow without end.
pub(super) async fn supersede_old_drafts(tx: &mut WriteTx<'_>, cycle: i32) -> Result<()> {
    let old = db::reports::drafts(tx.conn(), tx.task_force_id(), cycle, MOST_DRAFTS).await?;
    supersede(tx, &old).await
}

async fn supersede(tx: &mut WriteTx<'_>, drafts: &[Report]) -> Result<()> {
    if drafts.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = drafts.iter().map(|draft| draft.id).collect();
    db::reports::supersede(tx.conn(), tx.task_force_id(), &ids, tx.now()).await?;
    for draft in drafts {
        let state = draft.state.transition(ReportCommand::Supersede)?;
        tx.record(transitioned(draft, state));
    }
    Ok(())
}

fn transitioned(report: &Report, to: ReportState) -> NewEvent {
    NewEvent::new(EventAction::ReportTransitioned, SubjectKind::Report, report.id)
        .with_transition(report.state.code(), to.code())
        .with_change("number", None::<()>, report.number)
}

/// Moves a report to another state by a command and records the event.
pub(super) async fn transition_report(
    tx: &mut WriteTx<'_>,
    report: &Report,
    command: ReportCommand,
) -> Result<()> {
    let state = report.state.transition(command).map_err(|refusal| {
        let named = Reference::report(report.id, report.number).in_task_force(tx.task_force_id());
        refusal.references(vec![named])
    })?;
    db::reports::set_state(tx.conn(), tx.task_force_id(), report, state, tx.now()).await?;
    tx.record(transitioned(report, state));
    Ok(())
}

/// Closes a vote and moves its step.
pub(super) async fn close_vote(
    tx: &mut WriteTx<'_>,
    submission: &Submission,
    end: VoteEnd<'_>,
) -> Result<()> {
    let (task_force_id, now, state) = (tx.task_force_id(), tx.now(), end.state());
    let reason = if let VoteEnd::Withdrawn(reason) = end { Some(reason) } else { None };
    db::submissions::decide(tx.conn(), task_force_id, submission.id, state, reason, now).await?;
    let ended = new_event(EventAction::SubmissionTransitioned, submission.id)
        .with_transition(submission.state.code(), state.code());
    tx.record(end.explain(ended));
    let step = steps::current(tx, submission.step).await?;
    let command = if state == SubmissionState::Passed { StepCommand::Pass } else { StepCommand::Return };
    steps::apply_command(tx, &step, command).await?;
    Ok(())
}

/// Withdraws the open submission of a task force that is dissolved.
pub(super) async fn withdraw_open(tx: &mut WriteTx<'_>, reason: &LocalizedText) -> Result<()> {
    let submission = db::submissions::voting(tx.conn(), tx.task_force_id()).await?;
    match submission {
        Some(submission) => close_vote(tx, &submission, VoteEnd::Withdrawn(reason)).await,
        None => Ok(()),
    }
}

/// Counts a member who can no longer vote as not approving, unless the member has voted. That may return the submission.
pub(super) async fn count_as_absent(tx: &mut WriteTx<'_>, member_id: Uuid) -> Result<()> {
    let (conn, task_force_id, now) = (tx.conn(), tx.task_force_id(), tx.now());
    let Some(submission) = db::submissions::voting(conn, task_force_id).await? else { return Ok(()) };
    db::submissions::set_absent(conn, task_force_id, submission.id, member_id, now).await?;
    close_vote_if_decided(tx).await
}

/// Lets a current member whose user is enabled again vote.
pub(super) async fn count_as_present(tx: &mut WriteTx<'_>, member_id: Uuid) -> Result<()> {
    let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
    let Some(submission) = db::submissions::voting(conn, task_force_id).await? else { return Ok(()) };
    Ok(db::submissions::set_present(conn, task_force_id, submission.id, member_id).await?)
}

impl App {
    /// Submits a step to the vote of the members, with a snapshot of its current content.
    ///
    /// # Errors
    /// `gateNotMet` with the criteria, `seatsInvalid` if too few members can vote, `invalidRequest` for an end of voting that
    /// is not in the future or too far, the errors of [`WriteTx::may_write`].
    pub async fn step_submit(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        step: StepName,
        new: NewSubmission,
    ) -> Result<SubmissionView> {
        let new = NewSubmission { voting_ends_at: new.voting_ends_at.map(as_kept), ..new };
        self.write(caller, task_force_id, Action::Lead, async |tx| {
            let step = steps::current(tx, step).await?;
            let time = VotingTime::begin(new.voting_ends_at, tx.now());
            Refusal::if_any(time.err().into_iter().collect())?;
            tx.may_write(Write::OpenStep(step.state))?;
            let conn = tx.conn();
            let (facts, waivers) = tokio::try_join!(
                db::gates::facts(conn, task_force_id, step.step, tx.now()),
                db::gates::waivers(conn, task_force_id, step.step),
            )?;
            let criteria = gate::criteria(&facts, &waivers);
            gate::check(&criteria)?;

            // Otherwise the vote would be over before the first ballot.
            db::members::panel(conn, task_force_id).await?.check_majority()?;

            let chair = tx.access.seat(Action::Lead)?;
            let judged = (criteria.as_slice(), facts.adjustment.as_ref());
            let (content, snapshot) = take_snapshot(tx, &step, new.note.as_ref(), judged).await?;
            self.content_rate.count(task_force_id, snapshot.text.len())?;
            let submission = db::submissions::insert(
                conn,
                task_force_id,
                tx.new_id(),
                &step,
                &new,
                chair,
                &snapshot,
                tx.now(),
            )
            .await?;
            tx.record(
                new_event(EventAction::SubmissionCreated, submission.id)
                    .with_change("step", None::<()>, step.step)
                    .with_change("cycle", None::<()>, step.cycle)
                    .with_change("note", None::<()>, &new.note)
                    .with_change("votingEndsAt", None::<()>, new.voting_ends_at)
                    .with_change("hash", None::<()>, hex::encode(&snapshot.hash)),
            );
            steps::apply_command(tx, &step, StepCommand::Submit).await?;
            let ballots = db::submissions::ballots(tx.conn(), task_force_id, submission.id).await?;
            Ok(SubmissionView::new(submission, content, ballots, &tx.access))
        })
        .await
    }

    /// Casts the caller's vote on a submission, or changes it.
    ///
    /// # Errors
    /// `votingClosed`, `notEntitled`, the errors of [`WriteTx::may_write`]; `invalidRequest` for a recusal without a
    /// reason, and for a return without a comment.
    pub async fn vote(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        submission_id: Uuid,
        vote: Vote,
    ) -> Result<SubmissionView> {
        let cast = self.write(caller, task_force_id, Action::Vote, async |tx| {
            let submission = find_or_not_found(tx, submission_id).await?;
            let conn = tx.conn();
            let ballots = db::submissions::ballots(conn, task_force_id, submission_id).await?;
            let own = |named: &&NamedBallot| Some(named.ballot.member_id) == tx.access.member_id;
            let before =
                ballots.iter().find(own).map(|named| &named.ballot).ok_or(RefusalCode::NotEntitled)?;
            let member_id = before.member_id;
            tx.may_write(Write::Vote)?;
            if !submission.is_voting(tx.now()) {
                return Err(RefusalCode::VotingClosed.into());
            }
            if vote.choice == VoteChoice::Recuse && vote.reason.is_none() {
                return Err(Refusal::missing("/reason", &["choice"]).into());
            }
            if vote.choice == VoteChoice::Return && vote.comment.is_none() {
                return Err(Refusal::missing("/comment", &["choice"]).into());
            }
            let said = (before.choice, before.comment.as_ref(), before.reason.as_ref());
            if said == (Some(vote.choice), vote.comment.as_ref(), vote.reason.as_ref()) {
                return view(tx, submission_id).await;
            }
            let ballot = Ballot {
                member_id,
                choice: Some(vote.choice),
                comment: vote.comment.clone(),
                reason: vote.reason.clone(),
                voted_at: Some(tx.now()),
                absent_since: None,
            };
            db::submissions::cast(conn, task_force_id, submission_id, &ballot).await?;
            let cast = new_event(EventAction::VoteCast, submission_id)
                .with_change("memberId", None::<()>, member_id)
                .with_change("choice", before.choice, vote.choice)
                .with_change("comment", &before.comment, &vote.comment)
                .with_change("reason", &before.reason, &vote.reason)
                .with_change("salt", None::<()>, Uuid::new_v4());
            tx.record(cast);
            close_vote_if_decided(tx).await?;
            view(tx, submission_id).await
        });
        let cast = cast.await;
        self.end_voting_after(task_force_id, &cast).await;
        cast
    }

    /// Withdraws a submission. Its step is open again.
    ///
    /// # Errors
    /// `votingClosed`, the errors of [`WriteTx::may_write`].
    pub async fn submission_withdraw(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: ExpectedVersion,
        reason: LocalizedText,
    ) -> Result<SubmissionView> {
        let withdrawn = self.write(caller, task_force_id, Action::Lead, async |tx| {
            let submission = find_or_not_found(tx, id).await?;
            expect_version(submission.version, &version)?;
            tx.may_write(Write::Vote)?;
            // A code of its own: `votingClosed` says more than `transitionNotAllowed`. After these two checks,
            // `check_transition` cannot fail; the call ties the use case to the announced transitions.
            if !submission.is_voting(tx.now()) {
                return Err(RefusalCode::VotingClosed.into());
            }
            check_transition(
                submission.state,
                &submission.state.transitions(tx.access.state),
                SubmissionState::Withdrawn,
                true,
            )?;
            close_vote(tx, &submission, VoteEnd::Withdrawn(&reason)).await?;
            view(tx, id).await
        });
        let withdrawn = withdrawn.await;
        self.end_voting_after(task_force_id, &withdrawn).await;
        withdrawn
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
        window: Window,
    ) -> Result<Page<Submission>> {
        let (_, page) = self
            .read(caller, task_force_id, async |conn| {
                db::submissions::list(conn, task_force_id, cycle, step, after, window).await
            })
            .await?;
        Ok(page)
    }

    /// One submission with its snapshot and the state of the vote.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`.
    pub async fn submission_get(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
    ) -> Result<SubmissionView> {
        let read = async || {
            let query = async |conn: &Conn| {
                tokio::try_join!(
                    db::submissions::find(conn, task_force_id, id),
                    db::submissions::snapshot(conn, task_force_id, id),
                    db::submissions::ballots(conn, task_force_id, id),
                )
            };
            let (access, (submission, snapshot, ballots)) = self.read(caller, task_force_id, query).await?;
            SubmissionView::stored(submission, snapshot, ballots, &access)
        };
        let view = read().await?;
        // The first reader after the end sees the end.
        if view.has_run_out && self.end_voting(task_force_id).await? { read().await } else { Ok(view) }
    }
}
