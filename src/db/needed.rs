//! The children that the state of their parent needs: the only study of a studied sector, the only item of the checklist of
//! a live migration. A read asks this beforehand; a deletion checks the conditions of the state once the child is gone.

use diesel::QueryableByName;
use diesel::sql_types::{Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::statement::Prepared;
use super::{Conn, QueryResult};
use crate::domain::event::SubjectKind;

/// Without this study, the sector has no completed study with a recommendation.
const STUDY: &str = "select exists (
    select from studies c join sectors p on p.task_force_id = c.task_force_id and p.id = c.sector_id
    where c.task_force_id = $1 and c.id = $2 and p.state = 'studied' and not exists (
        select from studies o where o.task_force_id = c.task_force_id and o.sector_id = c.sector_id and o.id <> c.id
        and o.completed and o.recommendation is not null)) as needed";

/// Without this assessment, one of the levels is missing, or the earlier target is below the level that is left.
const ASSESSMENT: &str = "select exists (
    select from assessments c join sectors p on p.task_force_id = c.task_force_id and p.id = c.sector_id
    cross join lateral (
        select max(o.level) filter (where o.kind = 'current') as present, max(o.level) filter (where o.kind = 'target') as target
        from (select distinct on (kind) kind, level from assessments o
              where o.task_force_id = c.task_force_id and o.sector_id = c.sector_id and o.id <> c.id
              order by kind, assessed_on desc, id desc) o) o
    where c.task_force_id = $1 and c.id = $2 and p.state = 'studied'
    and (o.target >= o.present) is not true) as needed";

/// Without this indicator, the pilot has none with baseline and target.
const INDICATOR: &str = "select exists (
    select from indicators c join pilots p on p.task_force_id = c.task_force_id and p.id = c.pilot_id
    where c.task_force_id = $1 and c.id = $2 and p.state = 'planned' and not exists (
        select from indicators o where o.task_force_id = c.task_force_id and o.pilot_id = c.pilot_id and o.id <> c.id
        and o.baseline is not null and o.target is not null and o.retirement_reason is null)) as needed";

/// Without this item, the checklist of the migration is empty.
const CHECKLIST_ITEM: &str = "select exists (
    select from checklist_items c join migrations p on p.task_force_id = c.task_force_id and p.id = c.migration_id
    where c.task_force_id = $1 and c.id = $2 and p.state in ('live', 'handedOver') and not exists (
        select from checklist_items o
        where o.task_force_id = c.task_force_id and o.migration_id = c.migration_id and o.id <> c.id)) as needed";

/// Tells whether the state of the parent of a child of this kind needs the child.
pub async fn by_parent(conn: &Conn, task_force_id: Uuid, kind: SubjectKind, id: Uuid) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        needed: bool,
    }
    let query = match kind {
        SubjectKind::Study => STUDY,
        SubjectKind::Assessment => ASSESSMENT,
        SubjectKind::Indicator => INDICATOR,
        SubjectKind::ChecklistItem => CHECKLIST_ITEM,
        _ => return Ok(false),
    };
    let query = diesel::sql_query(query).bind::<SqlUuid, _>(task_force_id).bind::<SqlUuid, _>(id);
    let row: Row = Prepared(query).get_result(&mut &*conn).await?;
    Ok(row.needed)
}
