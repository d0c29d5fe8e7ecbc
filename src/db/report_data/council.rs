//! The council's decisions on earlier reports.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::Conn;
use crate::db::report_data::Grouped;
use crate::db::schema::{conditions, decisions, members, reports, users};
use crate::domain::decision::{ConditionState, DecisionOutcome, Ruling};
use crate::domain::report::{ReportCondition, ReportDecision, ReportPerson};
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;

#[derive(Debug, Queryable)]
struct DecisionRow {
    id: Uuid,
    number: i32,
    report_number: i32,
    recommendation: DecisionOutcome,
    recommended_step: Option<StepName>,
    outcome: DecisionOutcome,
    return_to_step: Option<StepName>,
    decided_on: NaiveDate,
    meeting_reference: String,
    reason: LocalizedText,
    supersedes_id: Option<Uuid>,
}

/// The decisions of the council so far with their conditions: these, or all of them.
pub(super) async fn decisions(
    conn: &Conn,
    task_force_id: Uuid,
    (only, only_conditions): (Option<&[Uuid]>, Option<&[Uuid]>),
) -> QueryResult<Vec<ReportDecision>> {
    let on_the_report =
        reports::task_force_id.eq(decisions::task_force_id).and(reports::id.eq(decisions::report_id));
    let rows = async {
        let mut query = decisions::table
            .inner_join(reports::table.on(on_the_report))
            .filter(decisions::task_force_id.eq(task_force_id))
            .order(decisions::number)
            .select((
                decisions::id,
                decisions::number,
                reports::number,
                reports::recommendation,
                reports::return_to_step,
                decisions::outcome,
                decisions::return_to_step,
                decisions::decided_on,
                decisions::meeting_reference,
                decisions::reason,
                decisions::supersedes_id,
            ))
            .into_boxed();
        if let Some(ids) = only {
            query = query.filter(decisions::id.eq_any(ids));
        }
        query.load::<DecisionRow>(&mut &*conn).await
    };
    let numbers = async {
        decisions::table
            .filter(decisions::task_force_id.eq(task_force_id))
            .select((decisions::id, decisions::number))
            .load::<(Uuid, i32)>(&mut &*conn)
            .await
    };
    let (rows, numbers, conditions) =
        tokio::try_join!(rows, numbers, conditions(conn, task_force_id, only_conditions))?;
    let mut conditions = Grouped::new(conditions);
    let numbers: HashMap<Uuid, i32> = numbers.into_iter().collect();
    let decision = |row: DecisionRow| ReportDecision {
        number: row.number,
        report_number: row.report_number,
        outcome: row.outcome,
        return_to_step: row.return_to_step,
        reason: Some(row.reason),
        recommendation: Some(row.recommendation),
        recommended_step: row.recommended_step,
        decided_on: row.decided_on,
        meeting_reference: row.meeting_reference,
        supersedes: row.supersedes_id.and_then(|id| numbers.get(&id).copied()),
        departs: Ruling { outcome: row.outcome, return_to: row.return_to_step }
            .departs_from(Ruling { outcome: row.recommendation, return_to: row.recommended_step }),
        conditions: conditions.take(&row.id),
    };
    Ok(rows.into_iter().map(decision).collect())
}

type ConditionRow = (
    Uuid,
    Uuid,
    LocalizedText,
    Uuid,
    LocalizedText,
    NaiveDate,
    ConditionState,
    Option<LocalizedText>,
    DateTime<Utc>,
);

/// The conditions by decision: these, or all of them.
async fn conditions(
    conn: &Conn,
    task_force_id: Uuid,
    only: Option<&[Uuid]>,
) -> QueryResult<Vec<(Uuid, ReportCondition)>> {
    let of_the_owner =
        members::task_force_id.eq(conditions::task_force_id).and(members::id.eq(conditions::owner_member_id));
    let mut query = conditions::table
        .inner_join(members::table.on(of_the_owner))
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(conditions::task_force_id.eq(task_force_id))
        .order(conditions::id)
        .select((
            conditions::decision_id,
            conditions::id,
            conditions::text,
            conditions::owner_member_id,
            users::name,
            conditions::due_date,
            conditions::state,
            conditions::state_reason,
            conditions::state_since,
        ))
        .into_boxed();
    if let Some(ids) = only {
        query = query.filter(conditions::id.eq_any(ids));
    }
    let rows: Vec<ConditionRow> = query.load(&mut &*conn).await?;
    let condition =
        |(decision_id, id, text, member_id, name, due_date, state, state_reason, since): ConditionRow| {
            let (owner, state_since) = (ReportPerson { member_id, name }, Some(since));
            (decision_id, ReportCondition { id, text, owner, due_date, state, state_reason, state_since })
        };
    Ok(rows.into_iter().map(condition).collect())
}
