//! Submissions of steps and the votes on them over HTTP.

mod snapshot;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::steps::StepPath;
use crate::app::App;
use crate::app::submissions::{SubmissionView, Vote};
use crate::db;
use crate::db::submissions::NamedBallot;
use crate::domain::ballot::{self, VoteChoice};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::step::StepName;
use crate::domain::submission::SubmissionState;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::writing::Write;
use crate::http::idempotency::DryRun;
use crate::http::negotiation::Negotiated;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, page_query};
use crate::http::permissions::SubmissionPermissions;
use crate::http::problem::{Result, TransitionDocument};
use crate::http::reference::{MemberReference, UserReference};
use crate::http::request::{Change, Create, IfMatch, Path, Read};
use crate::http::response;
use crate::http::sheet::{self, SheetFile, export_query};
use crate::http::text::{LocalizedNote, PlainText};
use snapshot::Snapshot;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config
        .service(list_submissions)
        .service(create_submission)
        .service(get_submission)
        .service(cast_vote)
        .service(export_votes)
        .service(withdraw_submission);
}

/// The path of a submission.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct SubmissionPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The submission.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000e")]
    pub(super) submission_id: Uuid,
}

impl Path for SubmissionPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A new submission.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewSubmission {
    /// Note to the members.
    #[schema(value_type = Option<LocalizedNote>)]
    note: Option<LocalizedText>,
    /// End of the time for voting: in the future, and at most 90 days ahead. A submission that has not passed by then is
    /// returned. Without an end, voting is open until the outcome is certain.
    #[schema(nullable = false, example = "2026-12-06T13:00:00Z")]
    voting_ends_at: Option<DateTime<Utc>>,
}

/// A vote on a submission.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewVote {
    /// The choice.
    choice: VoteChoice,
    /// Comment in any language; required for `return`: what has to be done before the step can pass.
    #[schema(value_type = Option<PlainText>)]
    comment: Option<String>,
    /// Reason of the recusal; required for `recuse`.
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
}

/// The withdrawal of a submission.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SubmissionWithdrawal {
    /// The reason.
    #[schema(value_type = LocalizedNote)]
    reason: LocalizedText,
}

/// A submission of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubmissionItem {
    /// Unique id.
    id: Uuid,
    /// The cycle.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// The step.
    step: StepName,
    /// Current state.
    state: SubmissionState,
    /// Note of the chair.
    #[schema(required, value_type = Option<LocalizedNote>)]
    note: Option<LocalizedText>,
    /// Reason of the withdrawal.
    #[schema(required, value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
    /// The chair who submitted the step.
    created_by: UserReference,
    /// SHA-256 of the snapshot's canonical JSON (RFC 8785), in hex.
    #[schema(example = "5f1d9c3b7a2e4f605f1d9c3b7a2e4f605f1d9c3b7a2e4f605f1d9c3b7a2e4f60")]
    hash: String,
    /// Time of the outcome.
    #[schema(required)]
    decided_at: Option<DateTime<Utc>>,
    /// End of the time for voting; null if voting is open until the outcome is certain.
    #[schema(required, example = "2026-12-06T13:00:00Z")]
    voting_ends_at: Option<DateTime<Utc>>,
    /// Time since which voting pauses, because the task force is suspended. As the task force resumes, `votingEndsAt`
    /// moves on by the length of the pause.
    #[schema(required)]
    voting_paused_at: Option<DateTime<Utc>>,
    /// True if the submission was returned because the time for voting ended before the submission passed.
    voting_ended: bool,
    /// Version for `If-Match`; increases with each change, except votes.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// Time of submission.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl From<db::submissions::Submission> for SubmissionItem {
    fn from(row: db::submissions::Submission) -> Self {
        Self {
            voting_ended: row.has_run_out(),
            voting_ends_at: row.voting_ends_at,
            voting_paused_at: row.voting_paused_at,
            id: row.id,
            cycle: row.cycle,
            step: row.step,
            state: row.state,
            note: row.note,
            reason: row.reason,
            created_by: row.created_by.into(),
            hash: hex::encode(row.hash),
            decided_at: row.decided_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A member who was entitled to vote when the step was submitted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntitledMember {
    /// The member.
    member: MemberReference,
    /// Time since which the member is absent: the seat ended, or the account was disabled, before the member voted. An
    /// absent member counts as not approving.
    #[schema(required)]
    absent_since: Option<DateTime<Utc>>,
}

/// The progress of a vote, which everybody sees who can read the task force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct VoteTurnout {
    /// Members who were entitled.
    #[schema(minimum = 0, example = 6)]
    entitled: usize,
    /// Members who have voted.
    #[schema(minimum = 0, example = 3)]
    voted: usize,
    /// Members whose seat ended, or whose account was disabled, before they voted.
    #[schema(minimum = 0, example = 0)]
    absent: usize,
    /// Members who have not voted yet and can vote.
    #[schema(minimum = 0, example = 3)]
    pending: usize,
}

impl From<ballot::Turnout> for VoteTurnout {
    fn from(turnout: ballot::Turnout) -> Self {
        let ballot::Turnout { entitled, voted, absent, pending } = turnout;
        Self { entitled, voted, absent, pending }
    }
}

/// A vote that was cast.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CastVote {
    /// The member.
    member: MemberReference,
    /// The member's choice.
    choice: VoteChoice,
    /// Comment of the member.
    #[schema(required, example = "The data protection part convinces me.")]
    comment: Option<String>,
    /// Reason of a recusal.
    #[schema(required, value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
    /// Time when the vote was last cast.
    voted_at: DateTime<Utc>,
}

/// Counts of the votes on a submission. A submission passes when more than half of the denominator approve, and is
/// returned when that has become impossible.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct VoteTally {
    /// Members who were entitled.
    #[schema(minimum = 0, example = 6)]
    entitled: usize,
    /// Members who count: all entitled members except recusals.
    #[schema(minimum = 0, example = 5)]
    denominator: usize,
    /// Number of approvals needed: more than half of the denominator.
    #[schema(minimum = 1, example = 3)]
    approvals_needed: usize,
    /// Votes to approve.
    #[schema(minimum = 0, example = 2)]
    approve: usize,
    /// Votes to return the submission.
    #[schema(minimum = 0, example = 1)]
    r#return: usize,
    /// Abstentions.
    #[schema(minimum = 0, example = 0)]
    abstain: usize,
    /// Recusals.
    #[schema(minimum = 0, example = 1)]
    recuse: usize,
    /// Members whose seat ended, or whose account was disabled, before they voted. Absent members count as not
    /// approving.
    #[schema(minimum = 0, example = 0)]
    absent: usize,
    /// Members who have not voted yet and can vote.
    #[schema(minimum = 0, example = 2)]
    pending: usize,
    /// True if fewer than three members remain in the denominator, which returns the submission.
    quorum_lost: bool,
}

impl From<ballot::Tally> for VoteTally {
    fn from(tally: ballot::Tally) -> Self {
        Self {
            entitled: tally.entitled,
            denominator: tally.denominator,
            approvals_needed: tally.approvals_needed(),
            approve: tally.approve,
            r#return: tally.r#return,
            abstain: tally.abstain,
            recuse: tally.recuse,
            absent: tally.absent,
            pending: tally.pending,
            quorum_lost: tally.is_quorum_lost(),
        }
    }
}

/// A submission of a step with its snapshot and votes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Submission {
    #[serde(flatten)]
    item: SubmissionItem,
    /// The content of the step at the time of submission, on which the members vote: products, activities, criteria of
    /// the gate, and the last event before the submission.
    #[schema(value_type = Snapshot)]
    snapshot: Value,
    /// Members entitled to vote.
    entitled: Vec<EntitledMember>,
    /// Members who have not voted: while voting is open, those whose vote is missing.
    not_voted: Vec<MemberReference>,
    /// Number of members who have voted, and of the others.
    turnout: VoteTurnout,
    /// True while you cannot see what the members chose: while voting is open, only those see the choices who have cast
    /// their own vote. `votes` is then empty and `tally` null; `turnout` and `notVoted` are always there.
    sealed: bool,
    /// The votes cast; empty while they are sealed.
    votes: Vec<CastVote>,
    /// Counts of the votes; null while they are sealed.
    #[schema(required)]
    tally: Option<VoteTally>,
    /// The transitions that the caller can make now, computed by the check that the service enforces: the chair can
    /// withdraw a submission. All other transitions follow from the vote.
    available_transitions: Vec<TransitionDocument>,
    /// The actions that the caller can perform on the submission now.
    permissions: SubmissionPermissions,
}

impl Submission {
    fn new(view: SubmissionView, language: Language) -> Result<Self> {
        let vote = |NamedBallot { ballot, member }: &NamedBallot| {
            let (choice, voted_at) = ballot.choice.zip(ballot.voted_at)?;
            let (comment, reason) = (ballot.comment.clone(), ballot.reason.clone());
            Some(CastVote { member: member.clone().into(), choice, comment, reason, voted_at })
        };
        let votes = view.ballots.iter().filter_map(vote).collect();
        let not_voted =
            |named: &&NamedBallot| named.ballot.voted_at.is_none() && named.ballot.absent_since.is_none();
        let not_voted =
            view.ballots.iter().filter(not_voted).map(|named| named.member.clone().into()).collect();
        let entitled = |NamedBallot { ballot, member }| EntitledMember {
            member: MemberReference::from(member),
            absent_since: ballot.absent_since,
        };
        let permissions = SubmissionPermissions {
            vote: view.can_vote,
            withdraw: view.can_withdraw,
            add_evidence: view.can_add_evidence,
        };
        Ok(Self {
            permissions,
            item: view.submission.into(),
            snapshot: view.snapshot,
            entitled: view.ballots.into_iter().map(entitled).collect(),
            not_voted,
            turnout: view.turnout.into(),
            sealed: view.tally.is_none(),
            votes,
            tally: view.tally.map(Into::into),
            available_transitions: TransitionDocument::all(&view.transitions, language),
        })
    }
}

page_query! {
    /// The query parameters of a list of submissions.
    SubmissionQuery {
        /// The cycle. Default: the current cycle.
        #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
        cycle: Option<i32>,
    }
}

/// A page of submissions.
type SubmissionPage = Page<SubmissionItem>;

impl ListItem for SubmissionItem {
    const PAGE_NAME: &'static str = "SubmissionPage";
    const PAGE_DESCRIPTION: &'static str = "A page of submissions.";
}

/// List the submissions of a step
///
/// The submissions of a step in the current cycle, or in another cycle with `cycle`, oldest first.
#[utoipa::path(
    tag = "steps",
    params(StepPath, SubmissionQuery),
    responses((status = 200, description = "A page of submissions.", body = SubmissionPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/steps/{step}/submissions")]
async fn list_submissions(app: Data<App>, read: Read<StepPath, SubmissionQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let after = paging.after()?;
    let at = &context.path;
    let page = app
        .submissions_list(&context.caller, at.task_force_id, query.cycle, at.step, after, paging.window())
        .await?;
    response::document(&SubmissionPage::new(&paging, page, |row| row.id, SubmissionItem::from))
}

/// Submit a step
///
/// Submits the open step to the vote of the members. Every criterion of its gate must be met or waived. The content of
/// the step is frozen in a snapshot, and only the current members are entitled to vote.
///
/// With `votingEndsAt`, the service returns a submission that has not passed by then (`votingEnded`), and refuses votes that
/// come later. While the task force is suspended, voting pauses, and its end moves on by the length of the pause.
#[utoipa::path(
    tag = "steps",
    params(StepPath, DryRun),
    request_body = NewSubmission,
    responses((status = 201, description = "The submission.", body = Submission, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::Lead)
            .writes_in_step(Write::OpenStep)
            .refuses([RefusalCode::GateNotMet, RefusalCode::SeatsInvalid, RefusalCode::ContentTooLarge])
    )))
)]
#[post("/v1/task-forces/{taskForceId}/steps/{step}/submissions")]
async fn create_submission(
    app: Data<App>,
    create: Create<StepPath, NewSubmission, DryRun>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let at = &context.path;
    let new = db::submissions::NewSubmission { note: body.note, voting_ends_at: body.voting_ends_at };
    let view = app.step_submit(&context.caller, at.task_force_id, at.step, new).await?;
    let submission = Submission::new(view, context.language())?;
    let location = format!("/v1/task-forces/{}/submissions/{}", at.task_force_id, submission.item.id);
    Ok(response::in_language(
        context.language(),
        response::created(&location, submission.item.version, &submission)?,
    ))
}

/// Get a submission
#[utoipa::path(
    tag = "steps",
    description = "One submission of a step with its snapshot and the state of the vote. While voting is open, only those who have cast their own vote see what the members chose (`sealed`).",
    params(SubmissionPath),
    responses((status = 200, description = "The submission.", body = Submission, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/submissions/{submissionId}")]
async fn get_submission(app: Data<App>, read: Read<SubmissionPath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let view =
        app.submission_get(&context.caller, context.path.task_force_id, context.path.submission_id).await?;
    Ok(response::in_language(
        context.language(),
        response::single(view.submission.version, &Submission::new(view, context.language())?)?,
    ))
}

/// Vote on a submission
///
/// Casts your vote, or changes it while voting is open. From then on, you see what the other members chose. The deciding vote passes or returns the submission and its
/// step; the response shows the result.
#[utoipa::path(
    tag = "steps",
    params(SubmissionPath),
    request_body = NewVote,
    responses((status = 200, description = "The submission after the change.", body = Submission, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::Vote)
            .writes(Write::Vote)
            .refuses([RefusalCode::NotEntitled, RefusalCode::VotingClosed])
    )))
)]
#[put("/v1/task-forces/{taskForceId}/submissions/{submissionId}/votes/mine")]
async fn cast_vote(app: Data<App>, create: Create<SubmissionPath, NewVote>) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let at = &context.path;
    let vote = Vote { choice: body.choice, comment: body.comment, reason: body.reason };
    let view = app.vote(&context.caller, at.task_force_id, at.submission_id, vote).await?;
    Ok(response::in_language(
        context.language(),
        response::single(view.submission.version, &Submission::new(view, context.language())?)?,
    ))
}

export_query! {
    /// The query parameters of the export of votes.
    VoteExportQuery beyond cycles {}
}

/// Export the votes on a submission as a sheet
///
/// A row for each member who was entitled to vote, with the vote, as CSV or as a workbook of Excel. While voting is open,
/// the choices, comments and reasons are empty for everybody who has not cast a vote of their own (`sealed`).
///
/// The export of activities describes the formats and the parameters, which all exports share.
#[utoipa::path(
    tag = "steps",
    params(SubmissionPath, VoteExportQuery),
    responses(SheetFile),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/submissions/{submissionId}/votes/export")]
async fn export_votes(
    app: Data<App>,
    read: Read<SubmissionPath, VoteExportQuery>,
    negotiated: Option<Negotiated>,
) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let options = query.options_beyond_cycles();
    let format = options.format(negotiated.as_ref())?;
    let (at, wording) = (&context.path, options.wording(&context));
    let export = app.votes_export(&context.caller, at.task_force_id, at.submission_id, wording).await?;
    sheet::response(export, format, options).await
}

/// Withdraw a submission
///
/// Withdraws a submission while voting is open. The step is open again.
#[utoipa::path(
    tag = "steps",
    params(SubmissionPath, IfMatch),
    request_body = SubmissionWithdrawal,
    responses((status = 200, description = "The submission after the change.", body = Submission, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::Lead)
            .writes(Write::Vote)
            .refuses([RefusalCode::VotingClosed])
    )))
)]
#[post("/v1/task-forces/{taskForceId}/submissions/{submissionId}/withdraw")]
async fn withdraw_submission(
    app: Data<App>,
    change: Change<SubmissionPath, SubmissionWithdrawal>,
) -> Result<HttpResponse> {
    let Change { context, version, body, .. } = change;
    let at = &context.path;
    let view = app
        .submission_withdraw(&context.caller, at.task_force_id, at.submission_id, version, body.reason)
        .await?;
    Ok(response::in_language(
        context.language(),
        response::single(view.submission.version, &Submission::new(view, context.language())?)?,
    ))
}
