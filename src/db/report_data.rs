//! The data of a report and of a submission's snapshot: what belongs to a cycle, read by one statement for each kind of
//! subject, all pipelined. Of lists that are too long, the rows that a report has room for are chosen first (`extent.rs`).

mod council;
mod extent;
mod products;
mod snapshot;
mod steps;
mod timeline;
mod work;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Bytea, Int4, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::schema::{health_statements, members, users};
use super::statement::Prepared;
use crate::domain::evidence::EvidenceSubjectKind;
use crate::domain::reference::Reference;
use crate::domain::report::{
    Parts, ReportDecision, ReportEvidence, ReportHealthStatement, ReportList, ReportMember, ReportMigration,
    ReportPilot, ReportSector, ReportSubject, ReportTimeline,
};
use crate::domain::rights::SeatRole;
use crate::domain::task_force::HealthRating;
use crate::domain::text::LocalizedText;

pub use snapshot::{TooLarge, of_step};
pub use timeline::StepOnPath;

/// The parts of a report on a cycle, as of `now`; `since` is the last event that the cycle's report before
/// describes; without one, the report covers the whole cycle.
pub async fn load(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    now: DateTime<Utc>,
    since: Option<i64>,
) -> QueryResult<Parts> {
    let extents = extent::of_report(conn, task_force_id, cycle).await?;
    let ids = |list| extents.get(&list).map_or(&[][..], |extent| extent.ids.as_slice());
    let some = |list| Some(ids(list));
    let (health, steps, policies, sectors, pilots, migrations, work, timeline, decisions, members, evidence) =
        tokio::try_join!(
            health(conn, task_force_id),
            steps::steps(conn, task_force_id, cycle, ids(ReportList::Submissions)),
            products::policies(conn, task_force_id, ids(ReportList::Policies)),
            products::sectors(
                conn,
                task_force_id,
                cycle,
                (some(ReportList::Sectors), some(ReportList::Studies))
            ),
            products::pilots(
                conn,
                task_force_id,
                cycle,
                (some(ReportList::Pilots), some(ReportList::Indicators))
            ),
            products::migrations(conn, task_force_id, cycle, some(ReportList::Migrations)),
            work::work(conn, task_force_id, cycle, now, since),
            timeline::timeline(conn, task_force_id, cycle, now),
            council::decisions(
                conn,
                task_force_id,
                (some(ReportList::Decisions), some(ReportList::Conditions))
            ),
            members(conn, task_force_id, ids(ReportList::Members)),
            evidence(conn, task_force_id, ids(ReportList::Evidence)),
        )?;
    let (activities, risks) = work;
    let (pilots, evaluations) = pilots;
    let totals = extents.into_iter().map(|(list, extent)| (list, extent.total));
    let parts = Parts {
        health,
        steps,
        policies,
        sectors,
        pilots,
        migrations,
        activities,
        timeline,
        risks,
        decisions,
        members,
        evidence,
        totals: totals.chain([(ReportList::Evaluations, evaluations)]).collect(),
    };
    Ok(parts.counted())
}

/// The parts of a cycle that the charts of a status show.
#[derive(Debug, Clone)]
pub struct ChartParts {
    pub steps: Vec<StepOnPath>,
    pub sectors: Vec<ReportSector>,
    pub pilots: Vec<ReportPilot>,
    pub migrations: Vec<ReportMigration>,
    pub decisions: Vec<ReportDecision>,
    pub timeline: ReportTimeline,
}

/// The parts of a cycle that the charts of a status show, as of `now`.
pub async fn chart_parts(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    now: DateTime<Utc>,
) -> QueryResult<ChartParts> {
    let (steps, sectors, (pilots, _), migrations, decisions, timeline) = tokio::try_join!(
        timeline::steps(conn, task_force_id, cycle),
        products::sectors(conn, task_force_id, cycle, (None, None)),
        products::pilots(conn, task_force_id, cycle, (None, None)),
        products::migrations(conn, task_force_id, cycle, None),
        council::decisions(conn, task_force_id, (None, None)),
        timeline::timeline(conn, task_force_id, cycle, now),
    )?;
    Ok(ChartParts { steps, sectors, pilots, migrations, decisions, timeline })
}

/// The latest health statement.
async fn health(conn: &Conn, task_force_id: Uuid) -> QueryResult<Option<ReportHealthStatement>> {
    let row: Option<(HealthRating, Option<LocalizedText>, DateTime<Utc>)> = health_statements::table
        .filter(health_statements::task_force_id.eq(task_force_id))
        .order(health_statements::id.desc())
        .select((health_statements::health, health_statements::note, health_statements::created_at))
        .first(&mut &*conn)
        .await
        .optional()?;
    Ok(row.map(|(health, note, stated_at)| ReportHealthStatement { health, note, stated_at }))
}

type MemberRow =
    (Uuid, LocalizedText, SeatRole, Option<String>, NaiveDate, Option<NaiveDate>, Option<LocalizedText>);

/// The members with these ids.
async fn members(conn: &Conn, task_force_id: Uuid, ids: &[Uuid]) -> QueryResult<Vec<ReportMember>> {
    let rows: Vec<MemberRow> = members::table
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(members::task_force_id.eq(task_force_id))
        .filter(members::id.eq_any(ids))
        .order(members::id)
        .select((
            members::id,
            users::name,
            members::role,
            members::expertise,
            members::from_date,
            members::to_date,
            members::end_reason,
        ))
        .load(&mut &*conn)
        .await?;
    let member = |(member_id, name, role, expertise, from_date, to_date, end_reason): MemberRow| {
        ReportMember { member_id, name, role, expertise, from_date, to_date, end_reason }
    };
    Ok(rows.into_iter().map(member).collect())
}

#[derive(Debug, QueryableByName)]
struct EvidenceRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    subject_kind: EvidenceSubjectKind,
    #[diesel(sql_type = SqlUuid)]
    subject_id: Uuid,
    #[diesel(sql_type = Jsonb)]
    title: LocalizedText,
    #[diesel(sql_type = Nullable<Text>)]
    url: Option<String>,
    #[diesel(sql_type = Nullable<Bytea>)]
    sha256: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Text>)]
    media_type: Option<String>,
    #[diesel(sql_type = Nullable<Int4>)]
    size: Option<i32>,
    #[diesel(sql_type = Bool)]
    file_removed: bool,
    #[diesel(sql_type = Nullable<Jsonb>)]
    subject: Option<Reference>,
}

impl From<EvidenceRow> for ReportEvidence {
    fn from(row: EvidenceRow) -> Self {
        let title = row.subject.and_then(|subject| subject.title);
        Self {
            id: row.id,
            subject: ReportSubject { kind: row.subject_kind, id: row.subject_id, title },
            title: row.title,
            url: row.url,
            sha256: row.sha256.map(hex::encode),
            media_type: row.media_type,
            size: row.size,
            file_removed: row.file_removed,
        }
    }
}

/// The join of evidence (`e`) with its subject, and the subject's last cycle; `None` for subjects that belong to no
/// cycle.
fn cycle_of_subject(kind: EvidenceSubjectKind) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        EvidenceSubjectKind::Activity => (
            "left join activities a on a.task_force_id = e.task_force_id and a.id = e.activity_id",
            "a.cycle",
        ),
        EvidenceSubjectKind::Policy => (
            "left join policies p on p.task_force_id = e.task_force_id and p.id = e.policy_id",
            "p.last_cycle",
        ),
        EvidenceSubjectKind::Study => (
            "left join studies u on u.task_force_id = e.task_force_id and u.id = e.study_id
             left join sectors us on us.task_force_id = e.task_force_id and us.id = u.sector_id",
            "us.last_cycle",
        ),
        EvidenceSubjectKind::Assessment => (
            "left join assessments m on m.task_force_id = e.task_force_id and m.id = e.assessment_id
             left join sectors ms on ms.task_force_id = e.task_force_id and ms.id = m.sector_id",
            "ms.last_cycle",
        ),
        EvidenceSubjectKind::Pilot => {
            ("left join pilots i on i.task_force_id = e.task_force_id and i.id = e.pilot_id", "i.last_cycle")
        }
        EvidenceSubjectKind::Migration => (
            "left join migrations g on g.task_force_id = e.task_force_id and g.id = e.migration_id",
            "g.last_cycle",
        ),
        EvidenceSubjectKind::Sector => (
            "left join sectors t on t.task_force_id = e.task_force_id and t.id = e.sector_id",
            "t.last_cycle",
        ),
        EvidenceSubjectKind::Submission => (
            "left join submissions b on b.task_force_id = e.task_force_id and b.id = e.submission_id",
            "b.cycle",
        ),
        // Evidence about a draft is no content of the next report: each report has its own.
        EvidenceSubjectKind::Report => (
            "left join reports r on r.task_force_id = e.task_force_id and r.id = e.report_id
                                 and r.submitted_at is not null",
            "r.cycle",
        ),
        // The cycle that set a condition is rarely the one that meets it, and the decision on a cycle is made after it.
        EvidenceSubjectKind::Condition | EvidenceSubjectKind::Decision | EvidenceSubjectKind::TaskForce => {
            return None;
        }
    })
}

/// The pieces of evidence with these ids, oldest first.
async fn evidence(conn: &Conn, task_force_id: Uuid, ids: &[Uuid]) -> QueryResult<Vec<ReportEvidence>> {
    let query = diesel::sql_query(format!(
        "select e.id, e.subject_kind, e.subject_id, e.title, e.url, e.sha256, e.media_type, e.size,
                e.file_removed_at is not null as file_removed, {subject} as subject
         from evidence e where e.task_force_id = $1 and e.id = any($2) order by e.id",
        subject = super::evidence::subject_reference_of("e"),
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Array<SqlUuid>, _>(ids);
    let rows: Vec<EvidenceRow> = Prepared(query).load(&mut &*conn).await?;
    Ok(rows.into_iter().map(ReportEvidence::from).collect())
}

/// Rows grouped by the row that they belong to.
struct Grouped<K, T>(BTreeMap<K, Vec<T>>);

impl<K: Ord, T> Grouped<K, T> {
    /// Each group keeps the order of its rows.
    fn new(rows: impl IntoIterator<Item = (K, T)>) -> Self {
        let mut groups: BTreeMap<K, Vec<T>> = BTreeMap::new();
        for (key, row) in rows {
            groups.entry(key).or_default().push(row);
        }
        Self(groups)
    }

    /// Takes the rows of one group out.
    fn take(&mut self, of: &K) -> Vec<T> {
        self.0.remove(of).unwrap_or_default()
    }
}
