//! Evaluations of pilots. Each is inserted when a pilot is evaluated, and never changed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Int4, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Window};
use super::schema::evaluations;
use super::statement::Prepared;
use super::types::Evaluations;
use crate::domain::evaluation::{LastEvaluations, PilotEvaluation};
use crate::domain::pilot::PilotOutcome;
use crate::domain::size::{MEASUREMENTS, MOST_LISTED_BYTES};
use crate::domain::text::LocalizedText;

/// Records the evaluation of a pilot, with its scorecard and what was measured last in its current run.
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

/// The most evaluations that a read of a pilot and a report show. A pilot can have many, which need not be repeated there.
const LISTED: i64 = 3;

/// An evaluation (`v`) as JSON, with the last `most` measurements of each indicator.
fn evaluation(most: i64) -> String {
    format!(
        "jsonb_build_object('number', v.number, 'cycle', v.cycle, 'run', v.run, 'outcome', v.outcome, 'lessons', v.lessons,
                            'evaluatedAt', v.evaluated_at, 'indicators', evaluated_indicators(v.indicators, {most}))"
    )
}

/// The last evaluations of a pilot.
pub async fn last(conn: &Conn, task_force_id: Uuid, pilot_id: Uuid) -> QueryResult<LastEvaluations> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Jsonb)]
        evaluations: Evaluations,
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let query = diesel::sql_query(format!(
        "select coalesce(jsonb_agg(last.evaluation order by last.number), '[]') as evaluations,
                (select count(*) from evaluations where task_force_id = $1 and pilot_id = $2) as total
         from (select v.number, {} as evaluation from evaluations v
               where v.task_force_id = $1 and v.pilot_id = $2
               order by v.number desc limit {LISTED}) last",
        evaluation(1)
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(pilot_id);
    let row: Row = Prepared(query).get_result(&mut &*conn).await?;
    Ok(LastEvaluations { listed: row.evaluations.0, total: row.total })
}

/// A page of the evaluations of a pilot before a number, the latest first.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    pilot_id: Uuid,
    before: Option<i32>,
    window: Window,
) -> QueryResult<Page<PilotEvaluation>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Jsonb)]
        evaluations: Evaluations,
    }
    let query = diesel::sql_query(format!(
        "select jsonb_build_array({}) as evaluations from evaluations v
         where v.task_force_id = $1 and v.pilot_id = $2 and ($3 is null or v.number < $3)
         order by v.number desc limit $4",
        evaluation(MEASUREMENTS.most)
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(pilot_id)
    .bind::<Nullable<Int4>, _>(before)
    .bind::<BigInt, _>(window.rows());
    let rows = async {
        let rows: Vec<Row> = Prepared(query).load(&mut &*conn).await?;
        Ok(rows.into_iter().flat_map(|row| row.evaluations.0).collect())
    };
    let total = async {
        evaluations::table
            .filter(evaluations::task_force_id.eq(task_force_id))
            .filter(evaluations::pilot_id.eq(pilot_id))
            .count()
            .get_result(&mut &*conn)
            .await
    };
    window.page(rows, total).await
}

/// The last evaluations of some pilots, by pilot and oldest first, and the number of all of their evaluations. Of evaluations
/// with very long texts, only as many are read as a report has room for: of each pilot the last one first.
pub async fn of_pilots(
    conn: &Conn,
    task_force_id: Uuid,
    pilots: &[Uuid],
) -> QueryResult<(HashMap<Uuid, Vec<PilotEvaluation>>, usize)> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Jsonb)]
        evaluations: Evaluations,
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let query = diesel::sql_query(format!(
        "select id, jsonb_agg(evaluation order by number) as evaluations,
                (select count(*) from evaluations where task_force_id = $1 and pilot_id = any($2)) as total
         from (select p.id, v.number, v.evaluation,
                      sum(octet_length(v.evaluation::text)) over (order by v.place, p.id) as bytes
               from unnest($2) p (id) cross join lateral (
                   select v.number, {} as evaluation, row_number() over (order by v.number desc) as place
                   from evaluations v where v.task_force_id = $1 and v.pilot_id = p.id
                   order by v.number desc limit {LISTED}) v) e
         where bytes <= {MOST_LISTED_BYTES}
         group by id",
        evaluation(1)
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Array<SqlUuid>, _>(pilots);
    let rows: Vec<Row> = Prepared(query).load(&mut &*conn).await?;
    let total = rows.as_slice().first().map_or(0, |row| usize::try_from(row.total).unwrap_or_default());
    Ok((rows.into_iter().map(|row| (row.id, row.evaluations.0)).collect(), total))
}
