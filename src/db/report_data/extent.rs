//! The rows that a report has room for. Members can add more than a report can hold, and cannot delete all of it: the
//! database counts rows and their text, so that what is left out is never loaded. Of rows that no limit bounds, only the
//! newest are weighed, so that their number does not slow a report down.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Int4, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::cycle_of_subject;
use crate::db::Conn;
use crate::db::statement::Prepared;
use crate::domain::evidence::EvidenceSubjectKind;
use crate::domain::report::ReportList;
use crate::domain::size::{MOST_LISTED, MOST_LISTED_BYTES};
use crate::domain::vocabulary::Vocabulary as _;

/// The rows of a list that are read.
#[derive(Debug, Default)]
pub(super) struct Extent {
    pub(super) ids: Vec<Uuid>,
    /// The number of all rows.
    pub(super) total: usize,
}

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    list: String,
    #[diesel(sql_type = Array<SqlUuid>)]
    ids: Vec<Uuid>,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// The rows of one list in the cycle `$2` of the task force `$1`.
struct Source {
    list: ReportList,
    /// The rows, as `id` and `place`, by which the rows that are read are chosen.
    rows: String,
    /// The table of the rows.
    table: &'static str,
    /// The bytes of the row `x` of the table in a report, about. Only the rows with the first places are weighed.
    bytes: &'static str,
    /// The order of rows with the same place.
    order: &'static str,
    /// The number of all rows, as SQL.
    total: &'static str,
}

impl Source {
    fn new(list: ReportList, rows: impl Into<String>, (table, bytes): (&'static str, &'static str)) -> Self {
        Self { list, rows: rows.into(), table, bytes, order: "id", total: "(select count(*) from r)" }
    }

    /// Of rows with the same place, the newest are chosen.
    fn newest_first(self) -> Self {
        Self { order: "id desc", ..self }
    }

    /// The rows are not all there are; this counts all.
    fn of_all(self, total: &'static str) -> Self {
        Self { total, ..self }
    }

    /// The statement that chooses the rows.
    fn statement(&self) -> String {
        let Self { list, rows, table, bytes, order, total } = self;
        format!(
            "(with r as materialized ({rows}),
                   first as (select id, place from r order by place, {order} limit {MOST_LISTED}),
                   weighed as (
                       select f.id, sum({bytes}) over (order by f.place, f.{order}) as total
                       from first f join {table} x on x.task_force_id = $1 and x.id = f.id)
              select '{list}' as list, {total} as total,
                     coalesce(array_agg(id) filter (where total <= {MOST_LISTED_BYTES}), '{{}}') as ids
              from weighed)",
            list = list.code(),
        )
    }
}

/// The day on which the cycle `$2` of the task force `$1` was opened.
const OPENED_ON: &str = "(select local_date(c.opened_at, t.time_zone) from cycles c
                          join task_forces t on t.id = c.task_force_id where c.task_force_id = $1 and c.number = $2)";

/// The number of the current members, and of the members whose seat ended since the start of the cycle.
const MEMBERS: &str =
    "(select count(*) from members where task_force_id = $1 and (to_date is null or to_date >= (
    select local_date(c.opened_at, t.time_zone) from cycles c
    join task_forces t on t.id = c.task_force_id where c.task_force_id = $1 and c.number = $2)))";

/// The lists of a report that are chosen from. What is in force comes first, and children are taken from each parent in
/// turn.
fn sources() -> Vec<Source> {
    vec![
        Source::new(
            ReportList::Submissions,
            format!(
                "select s.id, (s.state <> 'passed')::int as place
                 from (
                     (select id, state from submissions
                      where task_force_id = $1 and cycle = $2 and state = 'passed'
                      order by id desc limit {MOST_LISTED})
                     union all
                     (select id, state from submissions
                      where task_force_id = $1 and cycle = $2 and state <> 'passed'
                      order by id desc limit {MOST_LISTED})
                 ) s"
            ),
            (
                "submissions",
                "700 + (
                     select coalesce(sum(500 + coalesce(octet_length(b.comment), 0)
                                         + 2 * coalesce(octet_length(b.reason::text), 0)), 0)
                     from ballots b where b.task_force_id = $1 and b.submission_id = x.id)",
            ),
        )
        .newest_first()
        .of_all("(select count(*) from submissions where task_force_id = $1 and cycle = $2)"),
        Source::new(
            ReportList::Policies,
            "select p.id, 0 as place
             from policies p where p.task_force_id = $1 and p.last_cycle = $2 and p.state = 'adopted'",
            ("policies", "400 + octet_length(x.title::text) + coalesce(octet_length(x.reference), 0)"),
        ),
        Source::new(
            ReportList::Sectors,
            "select p.id, (p.state not in ('selected', 'studied'))::int as place
             from sectors p where p.task_force_id = $1 and p.last_cycle = $2",
            ("sectors", "400 + octet_length(x.name::text) + coalesce(octet_length(x.state_reason::text), 0)"),
        ),
        Source::new(
            ReportList::Studies,
            "select x.id, row_number() over (partition by x.sector_id order by x.id) as place
             from studies x join sectors p on p.task_force_id = x.task_force_id and p.id = x.sector_id
             where x.task_force_id = $1 and p.last_cycle = $2 and x.completed",
            ("studies", "100 + octet_length(x.title::text) + coalesce(octet_length(x.recommendation::text), 0)"),
        ),
        Source::new(
            ReportList::Pilots,
            "select p.id, (p.state = 'cancelled')::int as place
             from pilots p where p.task_force_id = $1 and p.last_cycle = $2",
            (
                "pilots",
                "1000 + octet_length(x.title::text) + coalesce(octet_length(x.state_reason::text), 0)
                 + 2 * coalesce(octet_length(x.lessons::text), 0)",
            ),
        ),
        Source::new(
            ReportList::Indicators,
            "select x.id, row_number() over (partition by x.pilot_id order by x.id) as place
             from indicators x join pilots p on p.task_force_id = x.task_force_id and p.id = x.pilot_id
             where x.task_force_id = $1 and p.last_cycle = $2",
            (
                "indicators",
                "300 + octet_length(x.name::text) + octet_length(x.unit)
                 + coalesce(octet_length(x.retirement_reason::text), 0)",
            ),
        ),
        Source::new(
            ReportList::Migrations,
            "select p.id, (p.state = 'rolledBack')::int as place
             from migrations p where p.task_force_id = $1 and p.last_cycle = $2",
            (
                "migrations",
                "800 + octet_length(x.title::text) + octet_length(x.target_system)
                 + coalesce(octet_length(x.state_reason::text), 0)
                 + 2 * coalesce(octet_length(x.reconciliation_reason::text), 0)
                 + coalesce(octet_length(x.receiving_unit), 0) + coalesce(octet_length(x.service_owner), 0)",
            ),
        ),
        Source::new(
            ReportList::Decisions,
            "select d.id, 0 as place from decisions d where d.task_force_id = $1",
            ("decisions", "500 + octet_length(x.reason::text) + octet_length(x.meeting_reference)"),
        )
        .newest_first(),
        Source::new(
            ReportList::Conditions,
            "select c.id, (c.state not in ('open', 'reportedMet'))::int as place
             from conditions c where c.task_force_id = $1",
            ("conditions", "500 + octet_length(x.text::text) + coalesce(octet_length(x.state_reason::text), 0)"),
        )
        .newest_first(),
        Source::new(
            ReportList::Members,
            format!(
                "select m.id, (m.to_date is not null)::int as place
                 from (
                     (select id, to_date from members where task_force_id = $1 and to_date is null)
                     union all
                     (select id, to_date from members where task_force_id = $1 and to_date >= {OPENED_ON}
                      order by id desc limit {MOST_LISTED})
                 ) m"
            ),
            (
                "members",
                "600 + coalesce(octet_length(x.expertise), 0) + coalesce(octet_length(x.end_reason::text), 0)",
            ),
        )
        .newest_first()
        .of_all(MEMBERS),
        evidence_about(EvidenceSubjectKind::ALL),
    ]
}

/// The evidence about subjects of these kinds that belong to a cycle, or to none ([`cycle_of_subject`]).
fn evidence_about(kinds: &[EvidenceSubjectKind]) -> Source {
    let quoted = |kinds: Vec<&EvidenceSubjectKind>| {
        let quoted: Vec<String> = kinds.into_iter().map(|kind| format!("'{}'", kind.code())).collect();
        quoted.join(", ")
    };
    let (joins, cycles): (Vec<&str>, Vec<&str>) =
        EvidenceSubjectKind::ALL.iter().filter_map(|kind| cycle_of_subject(*kind)).unzip();
    let of_no_cycle = EvidenceSubjectKind::ALL.iter().filter(|kind| cycle_of_subject(**kind).is_none());
    Source::new(
        ReportList::Evidence,
        format!(
            "select e.id, row_number() over (partition by e.subject_id order by e.id) as place
             from evidence e {joins}
             where e.task_force_id = $1 and e.subject_kind in ({kinds})
               and (e.subject_kind in ({of_no_cycle}) or coalesce({cycles}) = $2)",
            joins = joins.join(" "),
            cycles = cycles.join(", "),
            kinds = quoted(kinds.iter().collect()),
            of_no_cycle = quoted(of_no_cycle.collect()),
        ),
        ("evidence", "500 + octet_length(x.title::text) + coalesce(octet_length(x.url), 0)"),
    )
}

/// The rows of each list that a report on a cycle has room for.
pub(super) async fn of_report(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
) -> QueryResult<BTreeMap<ReportList, Extent>> {
    read(conn, task_force_id, cycle, &sources()).await
}

/// The evidence about subjects of these kinds that a snapshot has room for.
pub(super) async fn of_evidence(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    kinds: &[EvidenceSubjectKind],
) -> QueryResult<Extent> {
    if kinds.is_empty() {
        return Ok(Extent::default());
    }
    let mut extents = read(conn, task_force_id, cycle, &[evidence_about(kinds)]).await?;
    Ok(extents.remove(&ReportList::Evidence).unwrap_or_default())
}

async fn read(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    sources: &[Source],
) -> QueryResult<BTreeMap<ReportList, Extent>> {
    let statements: Vec<String> = sources.iter().map(Source::statement).collect();
    let query = diesel::sql_query(statements.join(" union all "))
        .bind::<SqlUuid, _>(task_force_id)
        .bind::<Int4, _>(cycle);
    let rows: Vec<Row> = Prepared(query).load(&mut &*conn).await?;
    let extent = |row: Row| {
        let list = ReportList::parse(&row.list)?;
        Some((list, Extent { ids: row.ids, total: usize::try_from(row.total).unwrap_or_default() }))
    };
    Ok(rows.into_iter().filter_map(extent).collect())
}
