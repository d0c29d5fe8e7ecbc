//! The council's decisions.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Int4, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Window};
use super::relations;
use super::schema::{decisions, events, steps, submissions, waivers};
use super::statement::Prepared;
use crate::domain::decision::{DecisionOutcome, Ruling};
use crate::domain::event::{EventAction, SubjectKind};
use crate::domain::reference::{Reference, UserReference};
use crate::domain::step::{StepName, StepState};
use crate::domain::submission::SubmissionState;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

/// A decision with the numbers of its report and of the decisions that it corrects or that correct it.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = decisions, check_for_backend(diesel::pg::Pg))]
pub struct Decision {
    pub task_force_id: Uuid,
    pub id: Uuid,
    /// Counted per task force.
    pub number: i32,
    /// The cycle of the report.
    pub cycle: i32,
    pub outcome: DecisionOutcome,
    /// The step to return to, with outcome `adjust`.
    pub return_to_step: Option<StepName>,
    pub meeting_reference: String,
    /// The day of the council's meeting.
    pub decided_on: NaiveDate,
    pub reason: LocalizedText,
    /// The report decided on.
    pub report_id: Uuid,
    /// The user who recorded the decision.
    #[diesel(sql_type = Jsonb)]
    pub created_by: UserReference,
    /// Sequence number of the last event that the decision left.
    pub seq: i64,
    /// The instant of recording.
    pub created_at: DateTime<Utc>,
    /// Number of the report decided on.
    #[diesel(sql_type = Int4)]
    pub report_number: i32,
    /// The outcome that the report recommended.
    #[diesel(sql_type = Text)]
    pub recommendation: DecisionOutcome,
    /// The step to which the report recommended to return.
    #[diesel(sql_type = Nullable<Text>)]
    pub recommended_step: Option<StepName>,
    /// The decision that this one corrects.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub supersedes: Option<Reference>,
    /// The decision that corrects this one.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub superseded_by: Option<Reference>,
}

impl Decision {
    /// The outcome with the step to return to.
    pub fn ruling(&self) -> Ruling {
        Ruling { outcome: self.outcome, return_to: self.return_to_step }
    }

    /// Returns whether the council departed from the recommendation.
    pub fn departs(&self) -> bool {
        let recommended = Ruling { outcome: self.recommendation, return_to: self.recommended_step };
        self.ruling().departs_from(recommended)
    }
}

/// A decision to be recorded.
#[derive(Debug, Clone)]
pub struct NewDecision {
    /// The report decided on.
    pub report_id: Uuid,
    /// The cycle of the report.
    pub cycle: i32,
    pub ruling: Ruling,
    pub meeting_reference: String,
    /// The day of the council's meeting.
    pub decided_on: NaiveDate,
    pub reason: LocalizedText,
    /// The decision that this one corrects.
    pub supersedes_id: Option<Uuid>,
    /// The user who records the decision.
    pub user_id: Uuid,
}

/// The columns of [`Decision`], read from [`FROM_DECISIONS`].
fn columns() -> String {
    let created_by = relations::user("d.user_id");
    let supersedes = relations::resource(SubjectKind::Decision, "d.task_force_id", "d.supersedes_id");
    let superseded_by = relations::object(SubjectKind::Decision, "b", "'number', b.number");
    format!(
        "d.*, r.number as report_number, r.recommendation, r.return_to_step as recommended_step,
         {created_by} as created_by, {supersedes} as supersedes,
         case when b.id is not null then {superseded_by} end as superseded_by"
    )
}

/// Decisions (`d`) with their report, the decision that each corrects and the one that corrects it.
const FROM_DECISIONS: &str = "from decisions d
    join reports r on r.task_force_id = d.task_force_id and r.id = d.report_id
    left join decisions b on b.task_force_id = d.task_force_id and b.supersedes_id = d.id";

pub async fn find(conn: &Conn, task_force_id: Uuid, number: i32) -> QueryResult<Option<Decision>> {
    let columns = columns();
    let query = diesel::sql_query(format!(
        "select {columns} {FROM_DECISIONS} where d.task_force_id = $1 and d.number = $2"
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(number);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// A page of a task force's decisions, newest first.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    before: Option<i32>,
    window: Window,
) -> QueryResult<Page<Decision>> {
    let columns = columns();
    let query = diesel::sql_query(format!(
        "select {columns} {FROM_DECISIONS}
         where d.task_force_id = $1 and d.number < coalesce($2, 2147483647)
         order by d.number desc limit $3"
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Nullable<Int4>, _>(before)
    .bind::<BigInt, _>(window.rows());
    let of_task_force = decisions::table.filter(decisions::task_force_id.eq(task_force_id));
    let total = async { of_task_force.count().get_result(&mut &*conn).await };
    window.page(async { Prepared(query).load(&mut &*conn).await }, total).await
}

/// A decision in the council's register.
#[derive(Debug, Clone, QueryableByName)]
pub struct RegisteredDecision {
    #[diesel(embed)]
    pub decision: Decision,
    /// The number of the decision in the register of all task forces.
    #[diesel(sql_type = BigInt)]
    pub register_seq: i64,
    #[diesel(sql_type = Jsonb)]
    pub task_force_name: LocalizedText,
    #[diesel(sql_type = Jsonb)]
    pub city: LocalizedText,
    /// The number of conditions that are still to be met or to be accepted.
    #[diesel(sql_type = BigInt)]
    pub pending_conditions: i64,
}

/// A page of the register of all task forces, the latest decision first.
pub async fn register(
    conn: &Conn,
    outcome: Option<DecisionOutcome>,
    before: Option<i64>,
    window: Window,
) -> QueryResult<Page<RegisteredDecision>> {
    let columns = columns();
    let query = diesel::sql_query(format!(
        "select {columns}, d.register_seq, t.name as task_force_name, t.city,
                (select count(*) from conditions c
                 where c.task_force_id = d.task_force_id and c.decision_id = d.id
                   and c.state in ('open', 'reportedMet')) as pending_conditions
         {FROM_DECISIONS}
         join task_forces t on t.id = d.task_force_id
         where ($1 is null or d.outcome = $1) and d.register_seq < coalesce($2, 9223372036854775807)
         order by d.register_seq desc limit $3"
    ))
    .bind::<Nullable<Text>, _>(outcome)
    .bind::<Nullable<BigInt>, _>(before)
    .bind::<BigInt, _>(window.rows());
    let total = async {
        let all = decisions::table.into_boxed();
        let matching = match outcome {
            Some(outcome) => all.filter(decisions::outcome.eq(outcome)),
            None => all,
        };
        matching.count().get_result(&mut &*conn).await
    };
    window.page(async { Prepared(query).load(&mut &*conn).await }, total).await
}

/// Inserts a decision under the task force's next number; returns the number. No number is taken twice, since
/// decisions are never deleted and the caller holds the task force's lock.
pub async fn insert(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    decision: &NewDecision,
    now: DateTime<Utc>,
) -> QueryResult<i32> {
    let last: Option<i32> = decisions::table
        .filter(decisions::task_force_id.eq(task_force_id))
        .select(diesel::dsl::max(decisions::number))
        .first(&mut &*conn)
        .await?;
    let number = last.unwrap_or(0) + 1;
    diesel::insert_into(decisions::table)
        .values((
            decisions::task_force_id.eq(task_force_id),
            decisions::id.eq(id),
            decisions::number.eq(number),
            decisions::report_id.eq(decision.report_id),
            decisions::cycle.eq(decision.cycle),
            decisions::outcome.eq(decision.ruling.outcome),
            decisions::return_to_step.eq(decision.ruling.return_to),
            decisions::meeting_reference.eq(&decision.meeting_reference),
            decisions::decided_on.eq(decision.decided_on),
            decisions::reason.eq(&decision.reason),
            decisions::supersedes_id.eq(decision.supersedes_id),
            decisions::user_id.eq(decision.user_id),
            decisions::seq.eq(0),
            decisions::created_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await?;
    Ok(number)
}

/// Returns whether anything followed from a decision whose last event has this number.
pub async fn followed(conn: &Conn, task_force_id: Uuid, seq: i64) -> QueryResult<bool> {
    let consequences = EventAction::ALL.iter().copied().filter(|action| action.follows_decision());
    let later = events::table
        .filter(events::task_force_id.eq(task_force_id))
        .filter(events::seq.gt(seq))
        .filter(events::action.eq_any(consequences.collect::<Vec<_>>()))
        // The work of a member who is replaced is handed on, and does not go on with that. The two names that end in
        // `MemberId` are those of events from before 2026-11-27.
        .filter(sql::<Bool>(
            "not (action in ('activity.updated', 'pilot.updated')
                  and (body::jsonb -> 'changes')
                      - array['assigneeId', 'ownerId', 'assigneeMemberId', 'ownerMemberId'] = '{}')",
        ));
    diesel::select(diesel::dsl::exists(later)).get_result(&mut &*conn).await
}

/// Records the last event that a decision left, which is known only afterwards.
pub async fn set_last_event(conn: &Conn, task_force_id: Uuid, id: Uuid, seq: i64) -> QueryResult<()> {
    diesel::update(decisions::table.find((task_force_id, id)))
        .set(decisions::seq.eq(seq))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Clears the waivers of a step, by order of a decision.
pub async fn clear_waivers(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    step: StepName,
    decision_id: Uuid,
) -> QueryResult<()> {
    diesel::update(waivers::table)
        .filter(waivers::task_force_id.eq(task_force_id))
        .filter(waivers::cycle.eq(cycle))
        .filter(waivers::step.eq(step))
        .filter(waivers::cleared_by_id.is_null())
        .set(waivers::cleared_by_id.eq(decision_id))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Restores the waivers that a decision on this report cleared, since that decision is corrected. Every decision on
/// the report is considered: the corrected one may itself be a mere correction of the record.
pub async fn restore_waivers(conn: &Conn, task_force_id: Uuid, report_id: Uuid) -> QueryResult<()> {
    let on_report = decisions::table
        .filter(decisions::task_force_id.eq(task_force_id))
        .filter(decisions::report_id.eq(report_id))
        .select(decisions::id.nullable());
    diesel::update(waivers::table)
        .filter(waivers::task_force_id.eq(task_force_id))
        .filter(waivers::cleared_by_id.eq_any(on_report))
        .set(waivers::cleared_by_id.eq(None::<Uuid>))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Restores the time of passing of steps that a correction returns to `passed`: the time of their members' last vote.
pub async fn restore_passing(conn: &Conn, task_force_id: Uuid, cycle: i32) -> QueryResult<()> {
    let passed = submissions::table
        .filter(submissions::task_force_id.eq(steps::task_force_id))
        .filter(submissions::cycle.eq(steps::cycle))
        .filter(submissions::step.eq(steps::step))
        .filter(submissions::state.eq(SubmissionState::Passed))
        .order(submissions::id.desc())
        .select(submissions::decided_at)
        .limit(1);
    diesel::update(steps::table)
        .filter(steps::task_force_id.eq(task_force_id))
        .filter(steps::cycle.eq(cycle))
        .filter(steps::state.eq(StepState::Passed))
        .set(steps::passed_at.eq(passed.single_value()))
        .execute(&mut &*conn)
        .await
        .map(drop)
}
