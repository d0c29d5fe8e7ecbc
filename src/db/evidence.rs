//! Evidence: links and files that prove something about a subject.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Window};
use super::relations::{self, Column, column};
use super::schema::{evidence, evidence_contents};
use super::statement::Prepared;
use crate::domain::event::SubjectKind;
use crate::domain::evidence::{About, EvidenceSubjectKind};
use crate::domain::reference::{Reference, UserReference};
use crate::domain::step::StepState;
use crate::domain::storage::Stored;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

/// The changeable fields of evidence, and its subject, which never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = evidence, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceFields {
    /// The subject is written as [`SubjectColumns`] and read from two columns that Postgres computes of those.
    #[diesel(embed, skip_insertion, skip_update)]
    pub subject: About<EvidenceSubjectKind>,
    pub title: LocalizedText,
    /// The address, for a link.
    pub url: Option<String>,
    /// The SHA-256 of the content: stated by the user for a link, computed for a file.
    #[serde(serialize_with = "as_hexadecimal")]
    pub sha256: Option<Vec<u8>>,
}

#[expect(clippy::ref_option, reason = "this is how serde calls it")]
fn as_hexadecimal<S: Serializer>(hash: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    hash.as_ref().map(hex::encode).serialize(serializer)
}

/// Evidence as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = evidence, check_for_backend(diesel::pg::Pg))]
pub struct Evidence {
    pub id: Uuid,
    #[diesel(embed)]
    pub fields: EvidenceFields,
    /// The media type of the file, once uploaded.
    pub media_type: Option<String>,
    /// Size in bytes.
    pub size: Option<i32>,
    /// The name of the file, if it was sent with one.
    pub file_name: Option<String>,
    /// The time at which the file was removed; hash, type, size and name still say which file it was.
    pub file_removed_at: Option<DateTime<Utc>>,
    pub file_removal_reason: Option<LocalizedText>,
    /// The user who added the evidence.
    pub user_id: Uuid,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[diesel(select_expression = created_by(), select_expression_type = Column<Jsonb>)]
    pub created_by: UserReference,
    /// The subject, with its title.
    #[diesel(select_expression = subject_reference(), select_expression_type = Column<Jsonb>)]
    pub subject: Reference,
}

fn created_by() -> Column<Jsonb> {
    column("created_by", &relations::user("evidence.user_id"))
}

fn subject_reference() -> Column<Jsonb> {
    column("subject", &subject_reference_of("evidence"))
}

/// The subject of a row of evidence, as a [`Reference`].
pub(super) fn subject_reference_of(row: &str) -> String {
    const KINDS: [SubjectKind; 12] = [
        SubjectKind::Activity,
        SubjectKind::Policy,
        SubjectKind::Study,
        SubjectKind::Assessment,
        SubjectKind::Pilot,
        SubjectKind::Migration,
        SubjectKind::Condition,
        SubjectKind::TaskForce,
        SubjectKind::Sector,
        SubjectKind::Submission,
        SubjectKind::Report,
        SubjectKind::Decision,
    ];
    let [kind, task_force_id, id] =
        ["subject_kind", "task_force_id", "subject_id"].map(|name| format!("{row}.{name}"));
    relations::subject(&KINDS, &kind, &task_force_id, &id)
}

impl Evidence {
    /// Returns whether a file was uploaded.
    pub fn is_file(&self) -> bool {
        self.media_type.is_some()
    }

    /// Returns whether a file was uploaded and is still there.
    pub fn has_file(&self) -> bool {
        self.is_file() && self.file_removed_at.is_none()
    }

    /// The bytes of the file that is there.
    pub fn stored_bytes(&self) -> i64 {
        if self.has_file() { self.size.map_or(0, i64::from) } else { 0 }
    }
}

/// Narrows a list of evidence.
#[derive(Debug, Clone, Copy, Default)]
pub struct EvidenceFilter {
    pub subject_id: Option<Uuid>,
    /// Only evidence about subjects of this kind.
    pub kind: Option<EvidenceSubjectKind>,
}

/// The subject of evidence as it is written: one column for each kind, so that foreign keys guard each of them.
#[derive(Debug, Default, Insertable)]
#[diesel(table_name = evidence)]
struct SubjectColumns {
    activity_id: Option<Uuid>,
    policy_id: Option<Uuid>,
    study_id: Option<Uuid>,
    assessment_id: Option<Uuid>,
    pilot_id: Option<Uuid>,
    migration_id: Option<Uuid>,
    condition_id: Option<Uuid>,
    sector_id: Option<Uuid>,
    submission_id: Option<Uuid>,
    report_id: Option<Uuid>,
    decision_id: Option<Uuid>,
}

impl From<About<EvidenceSubjectKind>> for SubjectColumns {
    fn from(subject: About<EvidenceSubjectKind>) -> Self {
        let mut columns = Self::default();
        let column = match subject.kind {
            EvidenceSubjectKind::Activity => &mut columns.activity_id,
            EvidenceSubjectKind::Policy => &mut columns.policy_id,
            EvidenceSubjectKind::Study => &mut columns.study_id,
            EvidenceSubjectKind::Assessment => &mut columns.assessment_id,
            EvidenceSubjectKind::Pilot => &mut columns.pilot_id,
            EvidenceSubjectKind::Migration => &mut columns.migration_id,
            EvidenceSubjectKind::Condition => &mut columns.condition_id,
            EvidenceSubjectKind::Sector => &mut columns.sector_id,
            EvidenceSubjectKind::Submission => &mut columns.submission_id,
            EvidenceSubjectKind::Report => &mut columns.report_id,
            EvidenceSubjectKind::Decision => &mut columns.decision_id,
            // Every row has the id of its task force.
            EvidenceSubjectKind::TaskForce => return columns,
        };
        *column = Some(subject.id);
        columns
    }
}

impl Selectable<Pg> for About<EvidenceSubjectKind> {
    type SelectExpression = (evidence::subject_kind, evidence::subject_id);

    fn construct_selection() -> Self::SelectExpression {
        (evidence::subject_kind, evidence::subject_id)
    }
}

/// The facts that decide whether the subject of evidence can be written.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct SubjectFacts {
    /// State of the subject's step in its last cycle; `None` for a subject that belongs to no step, or is no product of
    /// one.
    #[diesel(sql_type = Nullable<Text>)]
    pub step: Option<StepState>,
    /// State of a second step in which the subject can be written: a pilot is planned in one step and run in the next.
    #[diesel(sql_type = Nullable<Text>)]
    pub other: Option<StepState>,
    /// True if the subject itself can no longer change: a settled condition, a closed vote, a submitted report, a
    /// decision.
    #[diesel(sql_type = Bool)]
    pub settled: bool,
    /// The text of a condition.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub condition: Option<LocalizedText>,
}

/// The facts of a subject of a kind, as a statement without its condition. The row of the subject is `p`.
fn select_facts(kind: EvidenceSubjectKind) -> String {
    let product = |table: &str, step: &str| {
        format!(
            "{table} p
             join steps s on s.task_force_id = p.task_force_id and s.cycle = p.last_cycle and s.step = '{step}'"
        )
    };
    let child_of_sector = |table: &str| {
        format!(
            "{table} p
             join sectors x on x.task_force_id = p.task_force_id and x.id = p.sector_id
             join steps s on s.task_force_id = p.task_force_id and s.cycle = x.last_cycle and s.step = 'sectors'"
        )
    };
    let of_step = |from: String| ("s.state", "null::text", "false", from);
    let of_record = |settled, from: &str| ("null::text", "null::text", settled, from.to_owned());
    // The columns, and the rows with the subject as `p`.
    let (step, other, settled, from) = match kind {
        EvidenceSubjectKind::Activity => of_step(
            "activities p
             join steps s on s.task_force_id = p.task_force_id and s.cycle = p.cycle and s.step = p.step"
                .to_owned(),
        ),
        EvidenceSubjectKind::Policy => of_step(product("policies", "policy")),
        EvidenceSubjectKind::Sector => of_step(product("sectors", "sectors")),
        EvidenceSubjectKind::Study => of_step(child_of_sector("studies")),
        EvidenceSubjectKind::Assessment => of_step(child_of_sector("assessments")),
        EvidenceSubjectKind::Pilot => (
            "s.state",
            "o.state",
            "false",
            product("pilots", "pilots")
                + " join steps o on o.task_force_id = p.task_force_id and o.cycle = p.last_cycle and o.step = 'migration'",
        ),
        EvidenceSubjectKind::Migration => of_step(product("migrations", "migration")),
        EvidenceSubjectKind::Condition => of_record("p.state not in ('open', 'reportedMet')", "conditions p"),
        EvidenceSubjectKind::TaskForce => {
            of_record("false", "(select id as task_force_id, id from task_forces) p")
        }
        EvidenceSubjectKind::Submission => of_record("p.state <> 'voting'", "submissions p"),
        EvidenceSubjectKind::Report => of_record("p.submitted_at is not null", "reports p"),
        EvidenceSubjectKind::Decision => of_record("true", "decisions p"),
    };
    let condition = if kind == EvidenceSubjectKind::Condition { "p.text" } else { "null::jsonb" };
    format!(
        "select {step} as step, {other} as other, {settled} as settled, {condition} as condition from {from}"
    )
}

/// The facts of a subject; `None` if the task force has no such subject.
pub async fn subject(
    conn: &Conn,
    task_force_id: Uuid,
    subject: About<EvidenceSubjectKind>,
) -> QueryResult<Option<SubjectFacts>> {
    let facts = select_facts(subject.kind);
    let query = diesel::sql_query(format!("{facts} where p.task_force_id = $1 and p.id = $2"))
        .bind::<SqlUuid, _>(task_force_id)
        .bind::<SqlUuid, _>(subject.id);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// The facts of the subject of evidence; `None` if the task force has no such evidence.
pub async fn subject_of(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<SubjectFacts>> {
    let of_kind = |kind: &EvidenceSubjectKind| {
        format!(
            "{} join evidence e on e.task_force_id = p.task_force_id and e.subject_id = p.id
             where e.task_force_id = $1 and e.id = $2 and e.subject_kind = '{}'",
            select_facts(*kind),
            kind.code(),
        )
    };
    let of_all: Vec<_> = EvidenceSubjectKind::ALL.iter().map(of_kind).collect();
    let query = diesel::sql_query(of_all.join(" union all "))
        .bind::<SqlUuid, _>(task_force_id)
        .bind::<SqlUuid, _>(id);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// Finds evidence.
pub async fn find(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<Evidence>> {
    evidence::table
        .find((task_force_id, id))
        .select(Evidence::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The order of a list of evidence, with the id after which a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceOrder {
    OldestFirst(Option<Uuid>),
    NewestFirst(Option<Uuid>),
}

/// The evidence that a filter lets through.
fn matching<'a>(task_force_id: Uuid, filter: EvidenceFilter) -> evidence::BoxedQuery<'a, Pg> {
    let mut query = evidence::table.filter(evidence::task_force_id.eq(task_force_id)).into_boxed();
    if let Some(subject_id) = filter.subject_id {
        query = query.filter(evidence::subject_id.eq(subject_id));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(evidence::subject_kind.eq(kind));
    }
    query
}

/// The ids of all evidence that a filter lets through, in this order, whatever its key.
pub async fn ids(
    conn: &Conn,
    task_force_id: Uuid,
    filter: EvidenceFilter,
    order: EvidenceOrder,
) -> QueryResult<Vec<Uuid>> {
    let query = matching(task_force_id, filter).select(evidence::id);
    let query = match order {
        EvidenceOrder::OldestFirst(_) => query.order(evidence::id.asc()),
        EvidenceOrder::NewestFirst(_) => query.order(evidence::id.desc()),
    };
    query.load(&mut &*conn).await
}

/// The evidence with these ids, in no order.
pub async fn with_ids(conn: &Conn, task_force_id: Uuid, ids: &[Uuid]) -> QueryResult<Vec<Evidence>> {
    evidence::table
        .filter(evidence::task_force_id.eq(task_force_id))
        .filter(evidence::id.eq_any(ids))
        .select(Evidence::as_select())
        .load(&mut &*conn)
        .await
}

/// A page of evidence.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    filter: EvidenceFilter,
    order: EvidenceOrder,
    window: Window,
) -> QueryResult<Page<Evidence>> {
    let matching = || matching(task_force_id, filter).select(Evidence::as_select());
    let mut query = matching().limit(window.rows());
    query = match order {
        EvidenceOrder::OldestFirst(after) => {
            if let Some(after) = after {
                query = query.filter(evidence::id.gt(after));
            }
            query.order(evidence::id)
        }
        EvidenceOrder::NewestFirst(before) => {
            if let Some(before) = before {
                query = query.filter(evidence::id.lt(before));
            }
            query.order(evidence::id.desc())
        }
    };
    let rows = async { query.load(&mut &*conn).await };
    let total = async { matching().count().get_result(&mut &*conn).await };
    window.page(rows, total).await
}

/// The numbers of pieces of evidence that a user has added.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct EvidenceCount {
    #[diesel(sql_type = BigInt)]
    pub about_subject: i64,
    /// The pieces of evidence since the current cycle was opened.
    #[diesel(sql_type = BigInt)]
    pub in_cycle: i64,
}

/// The numbers of pieces of evidence that a user has added about a subject, and in the current cycle.
pub async fn count(
    conn: &Conn,
    task_force_id: Uuid,
    subject_id: Uuid,
    user_id: Uuid,
) -> QueryResult<EvidenceCount> {
    let query = diesel::sql_query(
        "select count(*) filter (where subject_id = $2) as about_subject,
                count(*) filter (where created_at >= (
                    select c.opened_at from task_forces t
                    join cycles c on c.task_force_id = t.id and c.number = t.current_cycle
                    where t.id = $1)) as in_cycle
         from evidence where task_force_id = $1 and user_id = $3",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(subject_id)
    .bind::<SqlUuid, _>(user_id);
    Prepared(query).get_result(&mut &*conn).await
}

/// Inserts evidence of a user: a link, or a file that is uploaded next.
pub async fn insert(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    user_id: Uuid,
    fields: &EvidenceFields,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(evidence::table)
        .values((
            fields,
            SubjectColumns::from(fields.subject),
            evidence::task_force_id.eq(task_force_id),
            evidence::id.eq(id),
            evidence::user_id.eq(user_id),
            evidence::created_at.eq(now),
            evidence::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Sets the changeable fields of evidence.
pub async fn update(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    fields: &EvidenceFields,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(evidence::table.find((task_force_id, id)))
        .set((fields, evidence::version.eq(evidence::version + 1), evidence::updated_at.eq(now)))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Deletes evidence, with its file.
pub async fn delete(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<()> {
    diesel::delete(evidence::table.find((task_force_id, id))).execute(&mut &*conn).await.map(drop)
}

/// The metadata of a file.
#[derive(Debug, Clone, Copy)]
pub struct FileFacts<'a> {
    /// The media type.
    pub media_type: &'a str,
    /// The name, if there is one.
    pub name: Option<&'a str>,
    /// Size in bytes.
    pub size: i32,
    /// The SHA-256 of the content.
    pub sha256: &'a [u8],
}

/// Stores the file of evidence, replacing an earlier one.
pub async fn set_content(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    file: FileFacts<'_>,
    content: &[u8],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(evidence_contents::table)
        .values((
            evidence_contents::task_force_id.eq(task_force_id),
            evidence_contents::evidence_id.eq(id),
            evidence_contents::content.eq(content),
        ))
        .on_conflict((evidence_contents::task_force_id, evidence_contents::evidence_id))
        .do_update()
        .set(evidence_contents::content.eq(diesel::upsert::excluded(evidence_contents::content)))
        .execute(&mut &*conn)
        .await?;
    diesel::update(evidence::table.find((task_force_id, id)))
        .set((
            evidence::media_type.eq(file.media_type),
            evidence::file_name.eq(file.name),
            evidence::size.eq(file.size),
            evidence::sha256.eq(file.sha256),
            evidence::file_removed_at.eq(None::<DateTime<Utc>>),
            evidence::file_removal_reason.eq(None::<LocalizedText>),
            evidence::version.eq(evidence::version + 1),
            evidence::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Removes the file of evidence, and keeps what is known of it.
pub async fn remove_content(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    reason: &LocalizedText,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::delete(evidence_contents::table.find((task_force_id, id))).execute(&mut &*conn).await?;
    diesel::update(evidence::table.find((task_force_id, id)))
        .set((
            evidence::file_removed_at.eq(now),
            evidence::file_removal_reason.eq(reason),
            evidence::version.eq(evidence::version + 1),
            evidence::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// The bytes of the files of a task force, and of all. The sum waits for no other task force: two uploads at once may
/// each not see the other.
pub async fn stored(conn: &Conn, task_force_id: Uuid) -> QueryResult<Stored> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        task_force: i64,
        #[diesel(sql_type = BigInt)]
        installation: i64,
    }
    let query = diesel::sql_query(
        "select coalesce(sum(file_bytes) filter (where task_force_id = $1), 0)::bigint as task_force,
                coalesce(sum(file_bytes), 0)::bigint as installation
         from task_force_heads",
    )
    .bind::<SqlUuid, _>(task_force_id);
    let Row { task_force, installation } = Prepared(query).get_result(&mut &*conn).await?;
    Ok(Stored { task_force, installation })
}

/// A slice of a file; `None` if the file no longer has this hash.
pub async fn slice(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    sha256: &[u8],
    offset: i32,
    length: i32,
) -> QueryResult<Option<Vec<u8>>> {
    #[derive(QueryableByName)]
    struct Slice {
        #[diesel(sql_type = Binary)]
        bytes: Vec<u8>,
    }
    let query = diesel::sql_query(
        "select substring(c.content from $4 + 1 for $5) as bytes
         from evidence e
         join evidence_contents c on c.task_force_id = e.task_force_id and c.evidence_id = e.id
         where e.task_force_id = $1 and e.id = $2 and e.sha256 = $3",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(id)
    .bind::<Binary, _>(sha256)
    .bind::<Integer, _>(offset)
    .bind::<Integer, _>(length);
    let slice: Option<Slice> = Prepared(query).get_result(&mut &*conn).await.optional()?;
    Ok(slice.map(|slice| slice.bytes))
}
