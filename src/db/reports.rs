//! Reports: what was said to the council, and what became of it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bytea, Int4, Jsonb, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::Page;
use super::schema::reports;
use super::statement::Prepared;
use crate::domain::decision::Outcome;
use crate::domain::report::ReportState;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;

/// A report as it is stored, without what it says.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = reports, check_for_backend(diesel::pg::Pg))]
pub struct Report {
    /// Its id.
    pub id: Uuid,
    /// Counted per task force, never reused.
    pub number: i32,
    /// The cycle that it is about.
    pub cycle: i32,
    /// Its state.
    pub state: ReportState,
    /// What it recommends.
    pub recommendation: Outcome,
    /// The step to be done again, with `adjust`.
    pub return_to_step: Option<StepName>,
    /// Why, in a few words.
    pub summary: LocalizedText,
    /// SHA-256 of its canonical JSON.
    pub hash: Vec<u8>,
    /// Sequence number of the last event that it knows of.
    pub seq: i64,
    /// The chair who built it.
    pub member_id: Uuid,
    /// When it was put before the council.
    pub submitted_at: Option<DateTime<Utc>>,
    /// Counts changes of its own fields.
    pub version: i32,
    /// When it was built, and the moment that it describes.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A report with what it says.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = reports, check_for_backend(diesel::pg::Pg))]
pub struct WrittenReport {
    /// The report.
    #[diesel(embed)]
    pub report: Report,
    /// Its canonical JSON.
    pub model: String,
}

/// A report that is being filed.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = reports, check_for_backend(diesel::pg::Pg), treat_none_as_default_value = false)]
pub struct Draft {
    /// As in [`Report`].
    pub number: i32,
    /// As in [`Report`].
    pub cycle: i32,
    /// As in [`Report`].
    pub recommendation: Outcome,
    /// As in [`Report`].
    pub return_to_step: Option<StepName>,
    /// As in [`Report`].
    pub summary: LocalizedText,
    /// As in [`WrittenReport`].
    pub model: String,
    /// As in [`Report`].
    pub hash: Vec<u8>,
    /// As in [`Report`].
    pub seq: i64,
    /// As in [`Report`].
    pub member_id: Uuid,
}

/// What a list of reports is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct ReportFilter {
    /// Only those about this cycle.
    pub cycle: Option<i32>,
    /// Only those in one of these states.
    pub states: Vec<ReportState>,
}

/// What a new report begins with.
#[derive(Debug, Clone, QueryableByName)]
pub struct Beginning {
    /// Name of the task force.
    #[diesel(sql_type = Jsonb)]
    pub name: LocalizedText,
    /// Its city.
    #[diesel(sql_type = Jsonb)]
    pub city: LocalizedText,
    /// Name of the member who builds it.
    #[diesel(sql_type = Jsonb)]
    pub author: LocalizedText,
    /// When the cycle opened.
    #[diesel(sql_type = Timestamptz)]
    pub opened_at: DateTime<Utc>,
    /// The moment that the last report of the cycle described which came before the council.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub reported_at: Option<DateTime<Utc>>,
    /// The highest number of the cycle's reports.
    #[diesel(sql_type = Nullable<Int4>)]
    pub previous: Option<i32>,
    /// The highest number of all reports.
    #[diesel(sql_type = Nullable<Int4>)]
    pub highest: Option<i32>,
    /// Hash of the last event.
    #[diesel(sql_type = Bytea)]
    pub head_hash: Vec<u8>,
}

/// What a new report on a cycle begins with. The caller holds the task force's lock, so that no number is taken
/// twice, and the head is that before the report's own event.
pub async fn beginning(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    member_id: Uuid,
) -> QueryResult<Beginning> {
    let query = diesel::sql_query(
        "select t.name, t.city, u.name as author, c.opened_at, r.*, h.hash as head_hash
         from task_forces t
         join task_force_heads h on h.task_force_id = t.id
         join cycles c on c.task_force_id = t.id and c.number = $2
         join members m on m.task_force_id = t.id and m.id = $3
         join users u on u.id = m.user_id
         cross join lateral (
             select max(created_at) filter (where cycle = $2 and submitted_at is not null) as reported_at,
                    max(number) filter (where cycle = $2) as previous, max(number) as highest
             from reports where task_force_id = t.id
         ) r
         where t.id = $1",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle)
    .bind::<SqlUuid, _>(member_id);
    Prepared(query).get_result(&mut &*conn).await
}

/// Inserts a draft.
pub async fn insert(
    conn: &Conn,
    task_force_id: Uuid,
    draft: &Draft,
    now: DateTime<Utc>,
) -> QueryResult<Report> {
    diesel::insert_into(reports::table)
        .values((
            draft,
            reports::task_force_id.eq(task_force_id),
            reports::id.eq(Uuid::now_v7()),
            reports::created_at.eq(now),
            reports::updated_at.eq(now),
        ))
        .returning(Report::as_returning())
        .get_result(&mut &*conn)
        .await
}

/// Finds a report by its number, with what it says.
pub async fn find(conn: &Conn, task_force_id: Uuid, number: i32) -> QueryResult<Option<WrittenReport>> {
    reports::table
        .filter(reports::task_force_id.eq(task_force_id))
        .filter(reports::number.eq(number))
        .select(WrittenReport::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// A page of reports, newest first; `before` is the number of the last one on the page before.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    filter: &ReportFilter,
    before: Option<i32>,
    limit: i64,
) -> QueryResult<Page<Report>> {
    let mut query = reports::table
        .filter(reports::task_force_id.eq(task_force_id))
        .order(reports::number.desc())
        .limit(limit + 1)
        .select(Report::as_select())
        .into_boxed();
    if let Some(cycle) = filter.cycle {
        query = query.filter(reports::cycle.eq(cycle));
    }
    if !filter.states.is_empty() {
        query = query.filter(reports::state.eq_any(&filter.states));
    }
    if let Some(before) = before {
        query = query.filter(reports::number.lt(before));
    }
    Ok(Page::of(query.load(&mut &*conn).await?, limit))
}

/// Moves a report to another state; one that is submitted is before the council from now on.
pub async fn set_state(
    conn: &Conn,
    task_force_id: Uuid,
    report: &Report,
    state: ReportState,
    now: DateTime<Utc>,
) -> QueryResult<Report> {
    let submitted_at = if state == ReportState::Submitted { Some(now) } else { report.submitted_at };
    diesel::update(reports::table.find((task_force_id, report.id)))
        .set((
            reports::state.eq(state),
            reports::submitted_at.eq(submitted_at),
            reports::version.eq(reports::version + 1),
            reports::updated_at.eq(now),
        ))
        .returning(Report::as_returning())
        .get_result(&mut &*conn)
        .await
}

/// The drafts about a cycle, newest first.
pub async fn drafts(conn: &Conn, task_force_id: Uuid, cycle: i32) -> QueryResult<Vec<Report>> {
    reports::table
        .filter(reports::task_force_id.eq(task_force_id))
        .filter(reports::cycle.eq(cycle))
        .filter(reports::state.eq(ReportState::Draft))
        .order(reports::number.desc())
        .select(Report::as_select())
        .load(&mut &*conn)
        .await
}

/// Lets drafts be superseded by a later one, all at once: there may be many.
pub async fn supersede(
    conn: &Conn,
    task_force_id: Uuid,
    ids: &[Uuid],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(reports::table)
        .filter(reports::task_force_id.eq(task_force_id))
        .filter(reports::id.eq_any(ids))
        .set((
            reports::state.eq(ReportState::Superseded),
            reports::version.eq(reports::version + 1),
            reports::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}
