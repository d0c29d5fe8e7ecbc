//! The answer to a decision that opened a step again.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Int4, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::schema::adjustment_notes;
use super::statement::Prepared;
use crate::domain::adjustment::{Adjustment, AdjustmentNote, changes_step, subjects_of};
use crate::domain::event::EventAction;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    decision_id: Uuid,
    #[diesel(sql_type = Int4)]
    decision_number: i32,
    #[diesel(sql_type = Jsonb)]
    reason: LocalizedText,
    #[diesel(sql_type = Bool)]
    changed: bool,
    #[diesel(sql_type = Nullable<Jsonb>)]
    note: Option<LocalizedText>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    member_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    noted_at: Option<DateTime<Utc>>,
}

impl From<Row> for Adjustment {
    fn from(row: Row) -> Self {
        let Row { decision_id, decision_number, reason, changed, note, member_id, noted_at } = row;
        let note = note.zip(member_id).zip(noted_at);
        let note = note.map(|((note, member_id), at)| AdjustmentNote { note, member_id, at });
        Self { decision_id, decision_number, reason, changed, note }
    }
}

/// The last decision in force that opened a step of the current cycle again. A correction of its record alone keeps its
/// note.
pub async fn find(conn: &Conn, task_force_id: Uuid, step: StepName) -> QueryResult<Option<Adjustment>> {
    let actions: Vec<EventAction> =
        EventAction::ALL.iter().copied().filter(|action| changes_step(step, *action)).collect();
    let query = diesel::sql_query(
        "select d.id as decision_id, d.number as decision_number, d.reason, n.note, n.member_id,
                n.created_at as noted_at,
                exists (select from events e where e.task_force_id = d.task_force_id and e.seq > d.seq and (
                    e.action = any($3)
                    or e.subject_kind = 'activity' and exists (
                        select from activities a where a.task_force_id = e.task_force_id and a.id = e.subject_id
                        and a.cycle = d.cycle and a.step = $2)
                    or e.subject_kind = 'evidence' and exists (
                        select from evidence v where v.task_force_id = e.task_force_id and v.id = e.subject_id
                        and v.subject_kind = any($4)))) as changed
         from task_forces t
         join decisions d on d.task_force_id = t.id and d.cycle = t.current_cycle
              and d.outcome = 'adjust' and d.return_to_step = $2
         left join lateral (
             select a.note, a.member_id, a.created_at from adjustment_notes a
             join decisions o on o.task_force_id = a.task_force_id and o.id = a.decision_id
             where a.task_force_id = d.task_force_id and o.report_id = d.report_id
               and o.return_to_step = d.return_to_step
             order by o.number desc limit 1
         ) n on true
         where t.id = $1 and not exists (
             select from decisions s where s.task_force_id = d.task_force_id and s.supersedes_id = d.id)
         order by d.number desc limit 1",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Text, _>(step)
    .bind::<Array<Text>, _>(actions)
    .bind::<Array<Text>, _>(subjects_of(step));
    let row: Option<Row> = Prepared(query).get_result(&mut &*conn).await.optional()?;
    Ok(row.map(Adjustment::from))
}

/// Stores the chair's note on a decision, replacing an earlier one.
pub async fn set_note(
    conn: &Conn,
    task_force_id: Uuid,
    decision_id: Uuid,
    note: &AdjustmentNote,
) -> QueryResult<()> {
    let content = (
        adjustment_notes::note.eq(&note.note),
        adjustment_notes::member_id.eq(note.member_id),
        adjustment_notes::created_at.eq(note.at),
    );
    diesel::insert_into(adjustment_notes::table)
        .values((
            adjustment_notes::task_force_id.eq(task_force_id),
            adjustment_notes::decision_id.eq(decision_id),
            content,
        ))
        .on_conflict((adjustment_notes::task_force_id, adjustment_notes::decision_id))
        .do_update()
        .set(content)
        .execute(&mut &*conn)
        .await
        .map(drop)
}
