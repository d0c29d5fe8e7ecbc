//! References to a subject, which keep it from being deleted, and references that a refusal names.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Jsonb, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::relations;
use super::statement::Prepared;
use crate::domain::event::SubjectKind;
use crate::domain::evidence::{About, ActivitySubjectKind};
use crate::domain::reference::Reference;

/// A row that refers to a subject.
#[derive(Debug, QueryableByName)]
pub(super) struct ReferenceRow {
    #[diesel(sql_type = Jsonb)]
    pub(super) reference: Reference,
}

/// The statement that reads rows of kind and id (`f`) of the task force `$1` as [`ReferenceRow`]s.
pub(super) fn referring(rows: &str) -> String {
    let reference = relations::subject(&relations::in_task_force(), "f.kind", "$1", "f.id");
    format!("select {reference} as reference from ({rows}) f")
}

/// The first hundred rows that refer to a subject of a task force, other than its own children.
///
/// Evidence and activities can be about a subject of any kind. The `match` lists the other rows that can refer to each
/// kind. It has no wildcard, so that a new kind does not compile until its references are listed here.
pub async fn to(
    conn: &Conn,
    task_force_id: Uuid,
    kind: SubjectKind,
    id: Uuid,
) -> QueryResult<Vec<Reference>> {
    let by_other_kinds = match kind {
        SubjectKind::Policy => {
            "union all select 'policy', id from policies where task_force_id = $1 and superseded_by_id = $2
             union all select 'pilot', id from pilots where task_force_id = $1 and policy_id = $2"
        }
        SubjectKind::Sector => {
            "union all select 'pilot', id from pilots where task_force_id = $1 and sector_id = $2
             union all select 'evidence', e.id from evidence e
             join studies s on s.task_force_id = e.task_force_id and s.id = e.subject_id
             where s.task_force_id = $1 and s.sector_id = $2
             union all select 'evidence', e.id from evidence e
             join assessments s on s.task_force_id = e.task_force_id and s.id = e.subject_id
             where s.task_force_id = $1 and s.sector_id = $2"
        }
        SubjectKind::Pilot => {
            "union all select 'migration', id from migrations where task_force_id = $1 and pilot_id = $2"
        }
        SubjectKind::Activity => {
            "union all select 'activity', a.id from activity_dependencies d
             join activities a on a.task_force_id = d.task_force_id and a.id = d.activity_id
             where d.task_force_id = $1 and d.depends_on_id = $2"
        }
        // Nothing else refers to these.
        SubjectKind::Assessment
        | SubjectKind::Study
        | SubjectKind::Indicator
        | SubjectKind::Measurement
        | SubjectKind::Migration
        | SubjectKind::ChecklistItem
        | SubjectKind::Evidence
        | SubjectKind::Comment
        | SubjectKind::Webhook => "",
        // Subjects of these kinds are never deleted.
        SubjectKind::TaskForce
        | SubjectKind::Member
        | SubjectKind::HealthStatement
        | SubjectKind::Step
        | SubjectKind::Submission
        | SubjectKind::Report
        | SubjectKind::Decision
        | SubjectKind::Condition
        | SubjectKind::ShareLink
        | SubjectKind::User
        | SubjectKind::Session
        | SubjectKind::ApiKey => "",
    };
    let query = diesel::sql_query(referring(&format!(
        "select 'evidence' as kind, id from evidence where task_force_id = $1 and subject_id = $2
         union all
         select 'activity', id from activities where task_force_id = $1 and subject_id = $2
         {by_other_kinds} limit 100"
    )))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(id);
    let rows: Vec<ReferenceRow> = Prepared(query).load(&mut &*conn).await?;
    Ok(rows.into_iter().map(|row| row.reference).collect())
}

/// The rows that a member owns and that always need an owner: unfinished pilots of the current cycle, extended pilots,
/// which may be planned again, and pending conditions.
pub async fn owned_by(conn: &Conn, task_force_id: Uuid, member_id: Uuid) -> QueryResult<Vec<Reference>> {
    let query = diesel::sql_query(referring(
        "select 'pilot' as kind, p.id
         from task_forces t join pilots p on p.task_force_id = t.id
         where t.id = $1 and p.owner_member_id = $2
           and (p.state in ('proposed', 'planned', 'running') and p.last_cycle = t.current_cycle
                or p.outcome = 'extend')
         union all
         select 'condition', id from conditions
         where task_force_id = $1 and owner_member_id = $2 and state in ('open', 'reportedMet')",
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(member_id);
    let rows: Vec<ReferenceRow> = Prepared(query).load(&mut &*conn).await?;
    Ok(rows.into_iter().map(|row| row.reference).collect())
}

/// Returns whether the subject of an activity exists.
pub async fn exists(
    conn: &Conn,
    task_force_id: Uuid,
    subject: About<ActivitySubjectKind>,
) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let text = match subject.kind {
        ActivitySubjectKind::Policy => {
            "select exists (select from policies where task_force_id = $1 and id = $2) as found"
        }
        ActivitySubjectKind::Sector => {
            "select exists (select from sectors where task_force_id = $1 and id = $2) as found"
        }
        ActivitySubjectKind::Pilot => {
            "select exists (select from pilots where task_force_id = $1 and id = $2) as found"
        }
        ActivitySubjectKind::Migration => {
            "select exists (select from migrations where task_force_id = $1 and id = $2) as found"
        }
        ActivitySubjectKind::Condition => {
            "select exists (select from conditions where task_force_id = $1 and id = $2) as found"
        }
    };
    let query = diesel::sql_query(text).bind::<SqlUuid, _>(task_force_id).bind::<SqlUuid, _>(subject.id);
    let found: Found = Prepared(query).get_result(&mut &*conn).await?;
    Ok(found.found)
}
