//! Submissions of steps, and the ballots of those entitled to vote.

use chrono::{DateTime, Utc};
use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::sql_types::{Jsonb, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Window};
use super::relations::{self, Column, column};
use super::schema::{ballots, members, submissions, task_forces, users};
use super::steps::Step;
use crate::domain::ballot::{self, VoteChoice};
use crate::domain::reference::{MemberReference, UserReference};
use crate::domain::step::StepName;
use crate::domain::submission::SubmissionState;
use crate::domain::text::LocalizedText;
use crate::domain::user::UserState;
use crate::domain::voting_time::VotingTime;

/// A submission without its snapshot.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = submissions, check_for_backend(diesel::pg::Pg))]
pub struct Submission {
    pub id: Uuid,
    pub cycle: i32,
    pub step: StepName,
    pub state: SubmissionState,
    pub note: Option<LocalizedText>,
    pub reason: Option<LocalizedText>,
    /// The chair who submitted the step.
    #[diesel(select_expression = created_by(), select_expression_type = Column<Jsonb>)]
    pub created_by: UserReference,
    /// SHA-256 of the snapshot.
    pub hash: Vec<u8>,
    pub created_at: DateTime<Utc>,
    pub decided_at: Option<DateTime<Utc>>,
    pub voting_ends_at: Option<DateTime<Utc>>,
    /// The instant since which the vote pauses, because the task force is suspended.
    pub voting_paused_at: Option<DateTime<Utc>>,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
}

impl Submission {
    /// The time for voting.
    pub fn voting_time(&self) -> VotingTime {
        VotingTime { ends_at: self.voting_ends_at, paused_at: self.voting_paused_at }
    }

    /// Tells whether the vote is open.
    pub fn is_voting(&self, now: DateTime<Utc>) -> bool {
        self.state == SubmissionState::Voting && !self.voting_time().is_over(now)
    }

    /// Tells whether the submission was returned because the time for voting was over.
    pub fn has_run_out(&self) -> bool {
        let ended = self.decided_at.zip(self.voting_ends_at);
        self.state == SubmissionState::Returned && ended.is_some_and(|(decided_at, end)| decided_at >= end)
    }
}

fn created_by() -> Column<Jsonb> {
    column("created_by", &relations::user_of_member("submissions.task_force_id", "submissions.member_id"))
}

/// The ballot of an entitled member.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = ballots, check_for_backend(diesel::pg::Pg))]
pub struct Ballot {
    pub member_id: Uuid,
    /// The vote, once cast.
    pub choice: Option<VoteChoice>,
    /// A comment on the vote.
    pub comment: Option<String>,
    pub reason: Option<LocalizedText>,
    pub voted_at: Option<DateTime<Utc>>,
    /// The time since which a member who has not voted cannot vote: the end of the seat, or of the user's access.
    pub absent_since: Option<DateTime<Utc>>,
}

impl Ballot {
    /// The ballot as the tally counts it.
    pub fn counted(&self) -> ballot::Ballot {
        ballot::Ballot { choice: self.choice, absent: self.absent_since.is_some() }
    }
}

/// A ballot with its member.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = ballots, check_for_backend(diesel::pg::Pg))]
pub struct NamedBallot {
    #[diesel(embed)]
    pub ballot: Ballot,
    #[diesel(select_expression = member(), select_expression_type = Column<Jsonb>)]
    pub member: MemberReference,
}

impl NamedBallot {
    /// The ballot without what the member chose. `voted_at` still tells that the member has voted.
    pub fn sealed(self) -> Self {
        Self { ballot: Ballot { choice: None, comment: None, reason: None, ..self.ballot }, ..self }
    }
}

fn member() -> Column<Jsonb> {
    column("member", &relations::member("ballots.task_force_id", "ballots.member_id"))
}

/// The additions of the chair to a step that is submitted.
#[derive(Debug, Clone, Default)]
pub struct NewSubmission {
    /// A note to the members.
    pub note: Option<LocalizedText>,
    /// The end of the time for voting.
    pub voting_ends_at: Option<DateTime<Utc>>,
}

/// The snapshot of a step that a submission stores: canonical JSON and its SHA-256.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The JSON, as text.
    pub text: String,
    pub hash: Vec<u8>,
}

/// Inserts a submission, with a ballot for every current member. Members whose users are disabled are absent.
#[expect(clippy::too_many_arguments, reason = "a row has as many columns")]
pub async fn insert(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    step: &Step,
    new: &NewSubmission,
    member_id: Uuid,
    snapshot: &Snapshot,
    now: DateTime<Utc>,
) -> QueryResult<Submission> {
    let submission: Submission = diesel::insert_into(submissions::table)
        .values((
            submissions::task_force_id.eq(task_force_id),
            submissions::id.eq(id),
            submissions::cycle.eq(step.cycle),
            submissions::step.eq(step.step),
            submissions::state.eq(SubmissionState::Voting),
            submissions::note.eq(&new.note),
            submissions::voting_ends_at.eq(new.voting_ends_at),
            submissions::member_id.eq(member_id),
            submissions::snapshot.eq(&snapshot.text),
            submissions::hash.eq(&snapshot.hash),
            submissions::created_at.eq(now),
            submissions::updated_at.eq(now),
        ))
        .returning(Submission::as_returning())
        .get_result(&mut &*conn)
        .await?;
    let absent_since = case_when(users::state.eq(UserState::Disabled), now.into_sql::<Timestamptz>());
    let entitled = members::table
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(members::task_force_id.eq(task_force_id))
        .filter(members::to_date.is_null())
        .select((members::task_force_id, submission.id.into_sql::<SqlUuid>(), members::id, absent_since));
    diesel::insert_into(ballots::table)
        .values(entitled)
        .into_columns((
            ballots::task_force_id,
            ballots::submission_id,
            ballots::member_id,
            ballots::absent_since,
        ))
        .execute(&mut &*conn)
        .await?;
    Ok(submission)
}

pub async fn find(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<Submission>> {
    submissions::table
        .find((task_force_id, id))
        .select(Submission::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Finds the submission that is being voted on.
pub async fn voting(conn: &Conn, task_force_id: Uuid) -> QueryResult<Option<Submission>> {
    submissions::table
        .filter(submissions::task_force_id.eq(task_force_id))
        .filter(submissions::state.eq(SubmissionState::Voting))
        .select(Submission::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The users who have cast their vote in the open vote of a task force; `None` if no vote is open.
pub async fn open_voters(conn: &Conn, task_force_id: Uuid) -> QueryResult<Option<Vec<Uuid>>> {
    let Some(submission) = voting(conn, task_force_id).await? else { return Ok(None) };
    let voters =
        ballots::table
            .inner_join(members::table.on(
                members::task_force_id.eq(ballots::task_force_id).and(members::id.eq(ballots::member_id)),
            ))
            .filter(ballots::task_force_id.eq(task_force_id))
            .filter(ballots::submission_id.eq(submission.id))
            .filter(ballots::choice.is_not_null())
            .select(members::user_id)
            .load(&mut &*conn)
            .await?;
    Ok(Some(voters))
}

/// The snapshot that is stored with a submission.
pub async fn snapshot(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<String>> {
    submissions::table
        .find((task_force_id, id))
        .select(submissions::snapshot)
        .first(&mut &*conn)
        .await
        .optional()
}

/// The ballots of a submission, in the order in which the members were appointed.
pub async fn ballots(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Vec<NamedBallot>> {
    ballots::table
        .filter(ballots::task_force_id.eq(task_force_id))
        .filter(ballots::submission_id.eq(id))
        .order(ballots::member_id)
        .select(NamedBallot::as_select())
        .load(&mut &*conn)
        .await
}

/// Casts a vote, or changes it.
pub async fn cast(conn: &Conn, task_force_id: Uuid, submission_id: Uuid, ballot: &Ballot) -> QueryResult<()> {
    diesel::update(ballots::table.find((task_force_id, submission_id, ballot.member_id)))
        .set((
            ballots::choice.eq(ballot.choice),
            ballots::comment.eq(&ballot.comment),
            ballots::reason.eq(&ballot.reason),
            ballots::voted_at.eq(ballot.voted_at),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Records that a member who has not voted cannot vote any more.
pub async fn set_absent(
    conn: &Conn,
    task_force_id: Uuid,
    submission_id: Uuid,
    member_id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(ballots::table.find((task_force_id, submission_id, member_id)))
        .filter(ballots::choice.is_null())
        .filter(ballots::absent_since.is_null())
        .set(ballots::absent_since.eq(now))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Records that a member can vote again.
pub async fn set_present(
    conn: &Conn,
    task_force_id: Uuid,
    submission_id: Uuid,
    member_id: Uuid,
) -> QueryResult<()> {
    diesel::update(ballots::table.find((task_force_id, submission_id, member_id)))
        .set(ballots::absent_since.eq(None::<DateTime<Utc>>))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Ends the vote on a submission.
pub async fn decide(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    state: SubmissionState,
    reason: Option<&LocalizedText>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(submissions::table.find((task_force_id, id)))
        .set((
            submissions::state.eq(state),
            submissions::reason.eq(reason),
            submissions::decided_at.eq(now),
            submissions::voting_paused_at.eq(None::<DateTime<Utc>>),
            submissions::version.eq(submissions::version + 1),
            submissions::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Sets the time for voting.
pub async fn set_voting_time(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    time: VotingTime,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(submissions::table.find((task_force_id, id)))
        .set((
            submissions::voting_ends_at.eq(time.ends_at),
            submissions::voting_paused_at.eq(time.paused_at),
            submissions::version.eq(submissions::version + 1),
            submissions::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// The next ends of open votes, the earliest first, with their task forces.
pub async fn next_ends(conn: &Conn, limit: i64) -> QueryResult<Vec<(DateTime<Utc>, Uuid)>> {
    submissions::table
        .filter(submissions::state.eq(SubmissionState::Voting))
        .filter(submissions::voting_paused_at.is_null())
        .filter(submissions::voting_ends_at.is_not_null())
        .order(submissions::voting_ends_at)
        .limit(limit)
        .select((submissions::voting_ends_at.assume_not_null(), submissions::task_force_id))
        .load(&mut &*conn)
        .await
}

/// A page of a step's submissions, oldest first.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: Option<i32>,
    step: StepName,
    after: Option<Uuid>,
    window: Window,
) -> QueryResult<Page<Submission>> {
    let matching = || {
        let query = submissions::table
            .inner_join(task_forces::table.on(task_forces::id.eq(submissions::task_force_id)))
            .filter(submissions::task_force_id.eq(task_force_id))
            .filter(submissions::step.eq(step))
            .select(Submission::as_select())
            .into_boxed();
        match cycle {
            Some(cycle) => query.filter(submissions::cycle.eq(cycle)),
            None => query.filter(submissions::cycle.eq(task_forces::current_cycle)),
        }
    };
    let mut query = matching().order(submissions::id).limit(window.rows());
    if let Some(after) = after {
        query = query.filter(submissions::id.gt(after));
    }
    let rows = async { query.load(&mut &*conn).await };
    let total = async { matching().count().get_result(&mut &*conn).await };
    window.page(rows, total).await
}
