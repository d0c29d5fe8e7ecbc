//! Evaluations of pilots. Each is inserted when a pilot is evaluated, and never changed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Int4, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::statement::Prepared;
use super::types::Evaluations;
use crate::domain::evaluation::PilotEvaluation;
use crate::domain::pilot::PilotOutcome;
use crate::domain::text::LocalizedText;

/// Records the evaluation of a pilot, with its scorecard and what was measured in its current run.
pub async fn insert(
    conn: &Conn,
    task_force_id: Uuid,
    pilot_id: Uuid,
    (outcome, lessons): (PilotOutcome, &LocalizedText),
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let query = diesel::sql_query(
        "insert into evaluations (task_force_id, pilot_id, number, cycle, run, outcome, lessons, indicators, evaluated_at)
         select p.task_force_id, p.id,
                (select coalesce(max(number), 0) + 1 from evaluations
                 where task_force_id = p.task_force_id and pilot_id = p.id),
                p.last_cycle, p.run, $3, $4, scorecard(p.task_force_id, p.id, p.run), $5
         from pilots p where p.task_force_id = $1 and p.id = $2",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(pilot_id)
    .bind::<Text, _>(outcome)
    .bind::<Jsonb, _>(lessons)
    .bind::<Timestamptz, _>(now);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// The evaluations of a pilot (`p`), oldest first, as a column of the type [`Evaluations`].
pub(super) const EVALUATIONS: &str = "coalesce((
    select jsonb_agg(jsonb_build_object(
               'number', v.number, 'cycle', v.cycle, 'outcome', v.outcome, 'lessons', v.lessons,
               'evaluatedAt', v.evaluated_at, 'indicators', v.indicators)
           order by v.number)
    from evaluations v where v.task_force_id = p.task_force_id and v.pilot_id = p.id), '[]')";

/// The evaluations of the pilots that count in a cycle, by pilot.
pub async fn of_cycle(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
) -> QueryResult<HashMap<Uuid, Vec<PilotEvaluation>>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Jsonb)]
        evaluations: Evaluations,
    }
    let query = diesel::sql_query(format!(
        "select p.id, {EVALUATIONS} as evaluations from pilots p where p.task_force_id = $1 and p.last_cycle = $2"
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle);
    let rows: Vec<Row> = Prepared(query).load(&mut &*conn).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.evaluations.0)).collect())
}
