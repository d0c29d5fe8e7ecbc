//! The steps of a cycle with their votes and waivers.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::Conn;
use crate::db::report_data::Grouped;
use crate::db::schema::{adjustment_notes, ballots, decisions, members, submissions, users, waivers};
use crate::domain::ballot::{Ballot, Tally, VoteChoice};
use crate::domain::criterion::CriterionCode;
use crate::domain::report::{ReportAdjustmentNote, ReportStep, ReportSubmission, ReportVote, ReportWaiver};
use crate::domain::step::StepName;
use crate::domain::submission::SubmissionState;
use crate::domain::text::LocalizedText;

/// The steps of a cycle, with these submissions.
pub(super) async fn steps(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    submissions_of_steps: &[Uuid],
) -> QueryResult<Vec<ReportStep>> {
    let (steps, submissions, votes, waivers, notes) = tokio::try_join!(
        crate::db::steps::list(conn, task_force_id, Some(cycle)),
        submissions(conn, task_force_id, submissions_of_steps),
        votes(conn, task_force_id, submissions_of_steps),
        waivers(conn, task_force_id, cycle),
        adjustment_notes(conn, task_force_id, cycle),
    )?;
    let (mut votes, mut waivers) = (Grouped::new(votes), Grouped::new(waivers));
    let mut notes = Grouped::new(notes);
    let submission = |(step, id, state, submitted_at, decided_at): SubmissionRow| {
        let (ballots, votes): (Vec<Ballot>, Vec<ReportVote>) = votes.take(&id).into_iter().unzip();
        let tally = Tally::of(ballots).into();
        (step, ReportSubmission { id, state, submitted_at, decided_at, tally, votes })
    };
    let mut submissions = Grouped::new(submissions.into_iter().map(submission));
    let step = |row: crate::db::steps::Step| ReportStep {
        submissions: submissions.take(&row.step),
        waivers: waivers.take(&row.step),
        adjustment_notes: notes.take(&row.step),
        step: row.step,
        state: row.state,
        target_date: row.target_date,
        opened_at: row.opened_at,
        passed_at: row.passed_at,
    };
    Ok(steps.into_iter().map(step).collect())
}

type SubmissionRow = (StepName, Uuid, SubmissionState, DateTime<Utc>, Option<DateTime<Utc>>);

async fn submissions(conn: &Conn, task_force_id: Uuid, ids: &[Uuid]) -> QueryResult<Vec<SubmissionRow>> {
    submissions::table
        .filter(submissions::task_force_id.eq(task_force_id))
        .filter(submissions::id.eq_any(ids))
        .order(submissions::id)
        .select((
            submissions::step,
            submissions::id,
            submissions::state,
            submissions::created_at,
            submissions::decided_at,
        ))
        .load(&mut &*conn)
        .await
}

type VoteRow = (
    Uuid,
    Uuid,
    LocalizedText,
    Option<VoteChoice>,
    Option<String>,
    Option<LocalizedText>,
    Option<DateTime<Utc>>,
);

/// The votes by submission: each as a ballot to be counted, and as a line of the report.
async fn votes(
    conn: &Conn,
    task_force_id: Uuid,
    submissions: &[Uuid],
) -> QueryResult<Vec<(Uuid, (Ballot, ReportVote))>> {
    let of_the_member =
        members::task_force_id.eq(ballots::task_force_id).and(members::id.eq(ballots::member_id));
    let rows: Vec<VoteRow> = ballots::table
        .inner_join(members::table.on(of_the_member))
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(ballots::task_force_id.eq(task_force_id))
        .filter(ballots::submission_id.eq_any(submissions))
        .order((ballots::submission_id, ballots::member_id))
        .select((
            ballots::submission_id,
            ballots::member_id,
            users::name,
            ballots::choice,
            ballots::comment,
            ballots::reason,
            ballots::absent_since,
        ))
        .load(&mut &*conn)
        .await?;
    let vote = |(submission_id, member_id, name, choice, comment, reason, absent_since): VoteRow| {
        let ballot = Ballot { choice, absent: absent_since.is_some() };
        (submission_id, (ballot, ReportVote { member_id, name, choice, comment, reason }))
    };
    Ok(rows.into_iter().map(vote).collect())
}

type WaiverRow = (StepName, CriterionCode, LocalizedText, Uuid, LocalizedText, DateTime<Utc>);

/// The waivers in force, by step.
async fn waivers(conn: &Conn, task_force_id: Uuid, cycle: i32) -> QueryResult<Vec<(StepName, ReportWaiver)>> {
    let of_the_member =
        members::task_force_id.eq(waivers::task_force_id).and(members::id.eq(waivers::member_id));
    let rows: Vec<WaiverRow> = waivers::table
        .inner_join(members::table.on(of_the_member))
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(waivers::task_force_id.eq(task_force_id))
        .filter(waivers::cycle.eq(cycle))
        .filter(waivers::cleared_by_id.is_null())
        .order(waivers::id)
        .select((
            waivers::step,
            waivers::criterion,
            waivers::reason,
            waivers::member_id,
            users::name,
            waivers::created_at,
        ))
        .load(&mut &*conn)
        .await?;
    let waiver = |(step, criterion, reason, member_id, name, at): WaiverRow| {
        (step, ReportWaiver { criterion, reason, member_id, name, at })
    };
    Ok(rows.into_iter().map(waiver).collect())
}

type NoteRow = (Option<StepName>, i32, LocalizedText, Uuid, LocalizedText, DateTime<Utc>);

/// The chair's answers to decisions that opened a step of the cycle again, by step.
async fn adjustment_notes(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
) -> QueryResult<Vec<(StepName, ReportAdjustmentNote)>> {
    let on_the_decision = decisions::task_force_id
        .eq(adjustment_notes::task_force_id)
        .and(decisions::id.eq(adjustment_notes::decision_id));
    let of_the_member = members::task_force_id
        .eq(adjustment_notes::task_force_id)
        .and(members::id.eq(adjustment_notes::member_id));
    let rows: Vec<NoteRow> = adjustment_notes::table
        .inner_join(decisions::table.on(on_the_decision))
        .inner_join(members::table.on(of_the_member))
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(adjustment_notes::task_force_id.eq(task_force_id))
        .filter(decisions::cycle.eq(cycle))
        .order(decisions::number)
        .select((
            decisions::return_to_step,
            decisions::number,
            adjustment_notes::note,
            adjustment_notes::member_id,
            users::name,
            adjustment_notes::created_at,
        ))
        .load(&mut &*conn)
        .await?;
    let note = |(step, decision_number, note, member_id, name, at): NoteRow| {
        step.map(|step| (step, ReportAdjustmentNote { decision_number, note, member_id, name, at }))
    };
    Ok(rows.into_iter().filter_map(note).collect())
}
