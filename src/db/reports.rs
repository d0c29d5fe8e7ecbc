//! Reports to the council.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bytea, Int4, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Window};
use super::relations::{self, Column, column};
use super::schema::{reports, task_forces};
use super::statement::Prepared;
use crate::domain::decision::DecisionOutcome;
use crate::domain::reference::UserReference;
use crate::domain::report::ReportState;
use crate::domain::step::StepName;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;

/// A report without its content.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = reports, check_for_backend(diesel::pg::Pg))]
pub struct Report {
    pub id: Uuid,
    /// Counted per task force; a number is never reused.
    pub number: i32,
    /// The cycle that the report describes.
    pub cycle: i32,
    pub state: ReportState,
    pub recommendation: DecisionOutcome,
    /// The step to be done again, with `adjust`.
    pub return_to_step: Option<StepName>,
    /// The reasons for the recommendation.
    pub summary: LocalizedText,
    /// SHA-256 of the canonical JSON.
    pub hash: Vec<u8>,
    /// Sequence number of the last event before the report.
    pub seq: i64,
    /// The chair who built the report.
    #[diesel(select_expression = created_by(), select_expression_type = Column<Jsonb>, sql_type = Jsonb)]
    pub created_by: UserReference,
    /// The instant of submission to the council.
    pub submitted_at: Option<DateTime<Utc>>,
    pub version: i32,
    /// The instant of building, which the report describes.
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

fn created_by() -> Column<Jsonb> {
    column("created_by", &relations::user_of_member("reports.task_force_id", "reports.member_id"))
}

/// A report with its content.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = reports, check_for_backend(diesel::pg::Pg))]
pub struct ReportWithContent {
    #[diesel(embed)]
    pub report: Report,
    /// The canonical JSON (RFC 8785).
    pub model: String,
}

/// The report of a task force that waits for the council's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BeforeCouncil {
    pub report_id: Uuid,
    pub report_number: i32,
    /// The instant of submission to the council.
    pub since: DateTime<Utc>,
}

/// A report to be inserted.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = reports, check_for_backend(diesel::pg::Pg), treat_none_as_default_value = false)]
pub struct Draft {
    pub number: i32,
    pub cycle: i32,
    pub recommendation: DecisionOutcome,
    pub return_to_step: Option<StepName>,
    pub summary: LocalizedText,
    pub model: String,
    pub hash: Vec<u8>,
    pub seq: i64,
    pub member_id: Uuid,
}

/// Narrows a list of reports.
#[derive(Debug, Clone, Default)]
pub struct ReportFilter {
    pub cycle: Option<i32>,
    pub states: Vec<ReportState>,
}

/// The data that a new report starts from.
#[derive(Debug, Clone, QueryableByName)]
pub struct ReportInputs {
    #[diesel(sql_type = Jsonb)]
    pub name: LocalizedText,
    #[diesel(sql_type = Jsonb)]
    pub city: LocalizedText,
    #[diesel(sql_type = Text)]
    pub time_zone: String,
    /// Name of the chair who builds the report.
    #[diesel(sql_type = Jsonb)]
    pub author: LocalizedText,
    #[diesel(sql_type = Timestamptz)]
    pub opened_at: DateTime<Utc>,
    /// The instant that the cycle's last submitted report describes.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub reported_at: Option<DateTime<Utc>>,
    /// The last event that the cycle's last submitted report describes.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reported_seq: Option<i64>,
    /// The highest number among the cycle's reports.
    #[diesel(sql_type = Nullable<Int4>)]
    pub previous: Option<i32>,
    /// The highest number among all reports.
    #[diesel(sql_type = Nullable<Int4>)]
    pub highest: Option<i32>,
    /// Hash of the last event.
    #[diesel(sql_type = Bytea)]
    pub head_hash: Vec<u8>,
}

/// The data that a new report on a cycle starts from. The caller holds the task force's lock, so that no number is
/// taken twice, and the head is the one before the report's own event.
pub async fn inputs(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    member_id: Uuid,
) -> QueryResult<ReportInputs> {
    let query = diesel::sql_query(
        "select t.name, t.city, t.time_zone, u.name as author, c.opened_at, s.reported_at, r.previous, r.highest,
                s.reported_seq, h.hash as head_hash
         from task_forces t
         join task_force_heads h on h.task_force_id = t.id
         join cycles c on c.task_force_id = t.id and c.number = $2
         join members m on m.task_force_id = t.id and m.id = $3
         join users u on u.id = m.user_id
         cross join lateral (
             select max(number) filter (where cycle = $2) as previous, max(number) as highest
             from reports where task_force_id = t.id
         ) r
         left join lateral (
             select created_at as reported_at, seq as reported_seq from reports
             where task_force_id = t.id and cycle = $2 and submitted_at is not null
             order by number desc limit 1
         ) s on true
         where t.id = $1",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle)
    .bind::<SqlUuid, _>(member_id);
    Prepared(query).get_result(&mut &*conn).await
}

/// The content of the last report that was before the council, of any cycle.
pub async fn last_submitted(conn: &Conn, task_force_id: Uuid) -> QueryResult<Option<String>> {
    reports::table
        .filter(reports::task_force_id.eq(task_force_id))
        .filter(reports::submitted_at.is_not_null())
        .order(reports::number.desc())
        .select(reports::model)
        .first(&mut &*conn)
        .await
        .optional()
}

/// Inserts a draft.
pub async fn insert(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    draft: &Draft,
    now: DateTime<Utc>,
) -> QueryResult<Report> {
    diesel::insert_into(reports::table)
        .values((
            draft,
            reports::task_force_id.eq(task_force_id),
            reports::id.eq(id),
            reports::created_at.eq(now),
            reports::updated_at.eq(now),
        ))
        .returning(Report::as_returning())
        .get_result(&mut &*conn)
        .await
}

/// Finds a report by its number, with its content.
pub async fn find(conn: &Conn, task_force_id: Uuid, number: i32) -> QueryResult<Option<ReportWithContent>> {
    reports::table
        .filter(reports::task_force_id.eq(task_force_id))
        .filter(reports::number.eq(number))
        .select(ReportWithContent::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Returns whether a task force has a report with this number.
pub async fn exists(conn: &Conn, task_force_id: Uuid, number: i32) -> QueryResult<bool> {
    let report =
        reports::table.filter(reports::task_force_id.eq(task_force_id)).filter(reports::number.eq(number));
    diesel::select(diesel::dsl::exists(report)).get_result(&mut &*conn).await
}

/// The report of a task force that waits for the council's decision.
pub async fn before_council(conn: &Conn, task_force_id: Uuid) -> QueryResult<Option<BeforeCouncil>> {
    let submitted: Option<SubmittedColumns> = reports::table
        .inner_join(task_forces::table.on(waits_for_council()))
        .filter(reports::task_force_id.eq(task_force_id))
        .select(SUBMITTED_COLUMNS)
        .first(&mut &*conn)
        .await
        .optional()?;
    Ok(submitted.and_then(BeforeCouncil::new))
}

/// The columns of [`BeforeCouncil`].
pub(super) const SUBMITTED_COLUMNS: (reports::id, reports::number, reports::submitted_at) =
    (reports::id, reports::number, reports::submitted_at);

/// A row of [`SUBMITTED_COLUMNS`].
pub(super) type SubmittedColumns = (Uuid, i32, Option<DateTime<Utc>>);

impl BeforeCouncil {
    /// A submitted report, which has a time of submission by a `CHECK`.
    pub(super) fn new((report_id, report_number, since): SubmittedColumns) -> Option<Self> {
        Some(Self { report_id, report_number, since: since? })
    }
}

/// The condition under which a report of a task force waits for the council. The council decides nothing about a task
/// force that is closed already.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn waits_for_council() -> _ {
    let submitted: ReportState = ReportState::Submitted;
    let open: [TaskForceState; 2] = [TaskForceState::Active, TaskForceState::Suspended];
    reports::task_force_id
        .eq(task_forces::id)
        .and(reports::state.eq(submitted))
        .and(task_forces::state.eq_any(open))
}

/// A page of reports, newest first; `before` is the number of the last one on the page before.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    filter: &ReportFilter,
    before: Option<i32>,
    window: Window,
) -> QueryResult<Page<Report>> {
    let matching = || {
        let mut query = reports::table
            .filter(reports::task_force_id.eq(task_force_id))
            .select(Report::as_select())
            .into_boxed();
        if let Some(cycle) = filter.cycle {
            query = query.filter(reports::cycle.eq(cycle));
        }
        if !filter.states.is_empty() {
            query = query.filter(reports::state.eq_any(&filter.states));
        }
        query
    };
    let mut query = matching().order(reports::number.desc()).limit(window.rows());
    if let Some(before) = before {
        query = query.filter(reports::number.lt(before));
    }
    let rows = async { query.load(&mut &*conn).await };
    let total = async { matching().count().get_result(&mut &*conn).await };
    window.page(rows, total).await
}

/// Sets the state of a report. With `submitted`, the instant of submission is set too.
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

/// The most drafts that one change supersedes.
const MOST_AT_ONCE: i64 = 500;

/// The drafts about a cycle, newest first, after so many of the newest.
pub async fn drafts(conn: &Conn, task_force_id: Uuid, cycle: i32, newest: i64) -> QueryResult<Vec<Report>> {
    reports::table
        .filter(reports::task_force_id.eq(task_force_id))
        .filter(reports::cycle.eq(cycle))
        .filter(reports::state.eq(ReportState::Draft))
        .order(reports::number.desc())
        .offset(newest)
        .limit(MOST_AT_ONCE)
        .select(Report::as_select())
        .load(&mut &*conn)
        .await
}

/// Marks drafts as superseded, all in one statement, since there may be many.
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
