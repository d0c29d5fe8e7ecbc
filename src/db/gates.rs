//! The facts that gates depend on. The facts of a step are read in one round trip, however many rows there are.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Int4, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::relations::column;
use super::schema::waivers;
use super::statement::Prepared;
use super::{Conn, adjustments, relations};
use crate::domain::criterion::{CriterionCode, Failing, Waiver};
use crate::domain::event::{EventAction, SubjectKind};
use crate::domain::gate::{GateDraft, GateFacts, GatePilot, GatePolicy, GateSector, StepFacts};
use crate::domain::migration::MigrationState;
use crate::domain::pilot::{PilotOutcome, PilotState};
use crate::domain::policy::PolicyState;
use crate::domain::reference::{MemberReference, Reference};
use crate::domain::sector::SectorState;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

/// A row that fails a criterion, and the number of all such rows.
#[derive(Debug, QueryableByName)]
struct FailingRow {
    #[diesel(sql_type = Jsonb)]
    reference: Reference,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

fn failing(rows: Vec<FailingRow>) -> Failing {
    let total = rows.as_slice().first().map_or(0, |row| row.total);
    Failing { first: rows.into_iter().map(|row| row.reference).collect(), total }
}

/// The statement that reads the first hundred of some rows of kind and id of the task force `$1`, and counts all of
/// them.
fn counted(rows: &str) -> String {
    let reference = relations::subject(&relations::in_task_force(), "f.kind", "$1", "f.id");
    format!(
        "select {reference} as reference, total
         from (select kind, id, count(*) over () as total from ({rows}) f order by id limit 100) f order by id"
    )
}

/// The step's open activities of the current cycle.
async fn open_activities(conn: &Conn, task_force_id: Uuid, step: StepName) -> QueryResult<Failing> {
    let query = diesel::sql_query(counted(
        "select 'activity' as kind, a.id
         from task_forces t join activities a on a.task_force_id = t.id and a.cycle = t.current_cycle
         where t.id = $1 and a.step = $2 and a.state not in ('done', 'cancelled')",
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Text, _>(step);
    Ok(failing(Prepared(query).load(&mut &*conn).await?))
}

/// The step whose gate requires titles and names of this kind in every language, and the rows that lack one. Subjects
/// that were given up need no translation.
///
/// The `match` has no wildcard, so that a new kind does not compile until it is decided here whether a gate checks it.
fn untranslated_rows(kind: SubjectKind) -> Option<(StepName, &'static str)> {
    Some(match kind {
        SubjectKind::Policy => (
            StepName::Policy,
            "select 'policy' as kind, p.id
             from task_forces t join policies p on p.task_force_id = t.id and p.last_cycle = t.current_cycle
             where t.id = $1 and p.state not in ('rejected', 'superseded') and not p.title ?& array['ar', 'en']",
        ),
        SubjectKind::Sector => (
            StepName::Sectors,
            "select 'sector' as kind, s.id
             from task_forces t join sectors s on s.task_force_id = t.id and s.last_cycle = t.current_cycle
             where t.id = $1 and s.state <> 'notSelected' and not s.name ?& array['ar', 'en']",
        ),
        SubjectKind::Study => (
            StepName::Sectors,
            "select 'study' as kind, y.id
             from task_forces t join sectors s on s.task_force_id = t.id and s.last_cycle = t.current_cycle
             join studies y on y.task_force_id = s.task_force_id and y.sector_id = s.id
             where t.id = $1 and s.state <> 'notSelected' and not y.title ?& array['ar', 'en']",
        ),
        SubjectKind::Pilot => (
            StepName::Pilots,
            "select 'pilot' as kind, p.id
             from task_forces t join pilots p on p.task_force_id = t.id and p.last_cycle = t.current_cycle
             where t.id = $1 and p.state <> 'cancelled' and not p.title ?& array['ar', 'en']",
        ),
        SubjectKind::Indicator => (
            StepName::Pilots,
            "select 'indicator' as kind, i.id
             from task_forces t join pilots p on p.task_force_id = t.id and p.last_cycle = t.current_cycle
             join indicators i on i.task_force_id = p.task_force_id and i.pilot_id = p.id
             where t.id = $1 and p.state <> 'cancelled' and i.retirement_reason is null
               and not i.name ?& array['ar', 'en']",
        ),
        SubjectKind::Migration => (
            StepName::Migration,
            "select 'migration' as kind, m.id
             from task_forces t join migrations m on m.task_force_id = t.id and m.last_cycle = t.current_cycle
             where t.id = $1 and not m.title ?& array['ar', 'en']",
        ),
        SubjectKind::ChecklistItem => (
            StepName::Migration,
            "select 'checklistItem' as kind, i.id
             from task_forces t join migrations m on m.task_force_id = t.id and m.last_cycle = t.current_cycle
             join checklist_items i on i.task_force_id = m.task_force_id and i.migration_id = m.id
             where t.id = $1 and not i.title ?& array['ar', 'en']",
        ),
        SubjectKind::Report => (
            StepName::Report,
            "select 'report' as kind, r.id
             from task_forces t
             join lateral (
                 select * from reports where task_force_id = t.id and cycle = t.current_cycle and state = 'draft'
                 order by number desc limit 1
             ) r on true
             where t.id = $1 and not r.summary ?& array['ar', 'en']",
        ),
        // These have no title of their own, or are no product of a step.
        SubjectKind::TaskForce
        | SubjectKind::Member
        | SubjectKind::HealthStatement
        | SubjectKind::Step
        | SubjectKind::Submission
        | SubjectKind::Assessment
        | SubjectKind::Measurement
        | SubjectKind::Evidence
        | SubjectKind::Decision
        | SubjectKind::Condition
        | SubjectKind::Activity
        | SubjectKind::Comment
        | SubjectKind::ShareLink
        | SubjectKind::Webhook
        | SubjectKind::User
        | SubjectKind::Session
        | SubjectKind::ApiKey => return None,
    })
}

/// The step's products and their children whose title or name lacks a language.
async fn untranslated(conn: &Conn, task_force_id: Uuid, step: StepName) -> QueryResult<Failing> {
    let all = SubjectKind::ALL.iter().filter_map(|kind| untranslated_rows(*kind));
    let rows: Vec<&str> = all.filter(|(of, _)| *of == step).map(|(_, rows)| rows).collect();
    let query = diesel::sql_query(counted(&rows.join(" union all "))).bind::<SqlUuid, _>(task_force_id);
    Ok(failing(Prepared(query).load(&mut &*conn).await?))
}

async fn policies(conn: &Conn, task_force_id: Uuid) -> QueryResult<Vec<GatePolicy>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Jsonb)]
        title: LocalizedText,
        #[diesel(sql_type = Text)]
        state: PolicyState,
        #[diesel(sql_type = Bool)]
        has_aim: bool,
    }
    let query = diesel::sql_query(
        "select p.id, p.title, p.state, p.aims <> '{}' as has_aim
         from task_forces t join policies p on p.task_force_id = t.id and p.last_cycle = t.current_cycle
         where t.id = $1 order by p.id",
    )
    .bind::<SqlUuid, _>(task_force_id);
    let rows: Vec<Row> = Prepared(query).load(&mut &*conn).await?;
    let fact = |row: Row| GatePolicy {
        policy: Reference::new(SubjectKind::Policy, row.id, row.title).in_task_force(task_force_id),
        state: row.state,
        has_aim: row.has_aim,
    };
    Ok(rows.into_iter().map(fact).collect())
}

async fn sectors(conn: &Conn, task_force_id: Uuid) -> QueryResult<Vec<GateSector>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Jsonb)]
        name: LocalizedText,
        #[diesel(sql_type = Text)]
        state: SectorState,
    }
    let query = diesel::sql_query(
        "select s.id, s.name, s.state
         from task_forces t join sectors s on s.task_force_id = t.id and s.last_cycle = t.current_cycle
         where t.id = $1 order by s.id",
    )
    .bind::<SqlUuid, _>(task_force_id);
    let rows: Vec<Row> = Prepared(query).load(&mut &*conn).await?;
    let fact = |row: Row| GateSector {
        sector: Reference::new(SubjectKind::Sector, row.id, row.name).in_task_force(task_force_id),
        state: row.state,
    };
    Ok(rows.into_iter().map(fact).collect())
}

async fn most_sectors(conn: &Conn, task_force_id: Uuid) -> QueryResult<usize> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Int4)]
        max_sectors: i32,
    }
    let query = diesel::sql_query("select max_sectors::int from task_forces where id = $1")
        .bind::<SqlUuid, _>(task_force_id);
    let rows: Vec<Row> = Prepared(query).load(&mut &*conn).await?;
    Ok(rows.as_slice().first().and_then(|row| usize::try_from(row.max_sectors).ok()).unwrap_or_default())
}

async fn pilots(conn: &Conn, task_force_id: Uuid) -> QueryResult<Vec<GatePilot>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Jsonb)]
        title: LocalizedText,
        #[diesel(sql_type = Text)]
        state: PilotState,
        #[diesel(sql_type = Nullable<Text>)]
        outcome: Option<PilotOutcome>,
        #[diesel(sql_type = SqlUuid)]
        sector_id: Uuid,
        #[diesel(sql_type = Bool)]
        indicators_set: bool,
        #[diesel(sql_type = Bool)]
        activity_planned: bool,
        #[diesel(sql_type = Array<Text>)]
        migrations: Vec<MigrationState>,
    }
    let query = diesel::sql_query(
        "select p.id, p.title, p.state, p.outcome, p.sector_id,
                coalesce((select bool_and(num_nonnulls(i.baseline, i.target) = 2) from indicators i
                          where i.task_force_id = p.task_force_id and i.pilot_id = p.id
                            and i.retirement_reason is null), false) as indicators_set,
                exists (select from activities a
                        where a.task_force_id = p.task_force_id and a.subject_id = p.id and a.pilot_id = p.id
                          and a.cycle = p.last_cycle and a.step = 'migration' and a.state <> 'cancelled'
                          and a.assignee_member_id is not null and a.due_date is not null) as activity_planned,
                array(select m.state from migrations m where m.task_force_id = p.task_force_id
                      and m.pilot_id = p.id and m.last_cycle = p.last_cycle) as migrations
         from task_forces t join pilots p on p.task_force_id = t.id and p.last_cycle = t.current_cycle
         where t.id = $1 order by p.id",
    )
    .bind::<SqlUuid, _>(task_force_id);
    let rows: Vec<Row> = Prepared(query).load(&mut &*conn).await?;
    let fact = |row: Row| GatePilot {
        pilot: Reference::new(SubjectKind::Pilot, row.id, row.title).in_task_force(task_force_id),
        state: row.state,
        outcome: row.outcome,
        sector_id: row.sector_id,
        indicators_set: row.indicators_set,
        activity_planned: row.activity_planned,
        migrations: row.migrations,
    };
    Ok(rows.into_iter().map(fact).collect())
}

/// The latest draft of the current cycle. Evidence about a draft is not part of it; of the evidence about reports, only
/// evidence about a draft can be deleted.
async fn draft(conn: &Conn, task_force_id: Uuid) -> QueryResult<Option<GateDraft>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Int4)]
        number: i32,
        #[diesel(sql_type = Bool)]
        outdated: bool,
    }
    let harmless: Vec<EventAction> =
        EventAction::ALL.iter().copied().filter(|action| !action.changes_report()).collect();
    let query = diesel::sql_query(
        "select r.id, r.number,
                exists (select from events e where e.task_force_id = r.task_force_id and e.seq > r.seq
                        and e.action <> all($2)
                        and not (e.subject_kind = 'evidence' and (
                            exists (select from evidence v
                                    join reports x on x.task_force_id = v.task_force_id and x.id = v.report_id
                                    where v.task_force_id = e.task_force_id and v.id = e.subject_id
                                      and x.submitted_at is null)
                            or exists (select from events g
                                       where g.task_force_id = e.task_force_id and g.seq >= e.seq
                                         and g.subject_id = e.subject_id and g.action = 'evidence.deleted'
                                         and g.body::json #>> '{changes,subject,before,kind}' = 'report')))) as outdated
         from task_forces t join reports r on r.task_force_id = t.id and r.cycle = t.current_cycle
         where t.id = $1 and r.state = 'draft'
         order by r.number desc limit 1",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Array<Text>, _>(harmless);
    let rows: Vec<Row> = Prepared(query).load(&mut &*conn).await?;
    let fact = |row: Row| GateDraft {
        report: Reference::report(row.id, row.number).in_task_force(task_force_id),
        outdated: row.outdated,
    };
    Ok(rows.into_iter().next().map(fact))
}

/// Open conditions of earlier decisions that are due today or before.
async fn conditions_due(conn: &Conn, task_force_id: Uuid, now: DateTime<Utc>) -> QueryResult<Failing> {
    let query = diesel::sql_query(counted(
        "select 'condition' as kind, c.id
         from task_forces t join conditions c on c.task_force_id = t.id
         where t.id = $1 and c.state = 'open' and c.due_date <= local_date($2, t.time_zone)",
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Timestamptz, _>(now);
    Ok(failing(Prepared(query).load(&mut &*conn).await?))
}

async fn step_facts(
    conn: &Conn,
    task_force_id: Uuid,
    step: StepName,
    now: DateTime<Utc>,
) -> QueryResult<StepFacts> {
    Ok(match step {
        StepName::Policy => StepFacts::Policy(policies(conn, task_force_id).await?),
        StepName::Sectors => {
            let (sectors, max_selected) =
                tokio::try_join!(sectors(conn, task_force_id), most_sectors(conn, task_force_id))?;
            StepFacts::Sectors(sectors, max_selected)
        }
        StepName::Pilots => {
            let (pilots, sectors) =
                tokio::try_join!(pilots(conn, task_force_id), sectors(conn, task_force_id))?;
            StepFacts::Pilots(pilots, sectors)
        }
        StepName::Migration => StepFacts::Migration(pilots(conn, task_force_id).await?),
        StepName::Report => {
            let (draft, due) =
                tokio::try_join!(draft(conn, task_force_id), conditions_due(conn, task_force_id, now))?;
            StepFacts::Report(draft, due)
        }
    })
}

/// The facts that the gate of a step of the current cycle depends on.
pub async fn facts(
    conn: &Conn,
    task_force_id: Uuid,
    step: StepName,
    now: DateTime<Utc>,
) -> QueryResult<GateFacts> {
    let (step_facts, adjustment, open_activities, untranslated) = tokio::try_join!(
        step_facts(conn, task_force_id, step, now),
        adjustments::find(conn, task_force_id, step),
        open_activities(conn, task_force_id, step),
        untranslated(conn, task_force_id, step),
    )?;
    Ok(GateFacts { step_facts, adjustment, open_activities, untranslated })
}

/// The extended pilots of earlier cycles that wait to be planned in the current one, if the step is `pilots`.
pub async fn extended_pilots(conn: &Conn, task_force_id: Uuid, step: StepName) -> QueryResult<Failing> {
    if step != StepName::Pilots {
        return Ok(Failing::default());
    }
    let query = diesel::sql_query(counted(
        "select 'pilot' as kind, p.id
         from task_forces t join pilots p on p.task_force_id = t.id and p.last_cycle < t.current_cycle
         where t.id = $1 and p.state = 'evaluated' and p.outcome = 'extend'",
    ))
    .bind::<SqlUuid, _>(task_force_id);
    Ok(failing(Prepared(query).load(&mut &*conn).await?))
}

/// The waivers in force of a step of the current cycle.
pub async fn waivers(conn: &Conn, task_force_id: Uuid, step: StepName) -> QueryResult<Vec<Waiver>> {
    use super::schema::task_forces;
    let member = column::<Jsonb>("member", &relations::member("waivers.task_force_id", "waivers.member_id"));
    let rows: Vec<(CriterionCode, LocalizedText, MemberReference, DateTime<Utc>)> = waivers::table
        .inner_join(task_forces::table.on(task_forces::id.eq(waivers::task_force_id)))
        .filter(waivers::task_force_id.eq(task_force_id))
        .filter(waivers::cycle.eq(task_forces::current_cycle))
        .filter(waivers::step.eq(step))
        .filter(waivers::cleared_by_id.is_null())
        .order(waivers::id)
        .select((waivers::criterion, waivers::reason, member, waivers::created_at))
        .load(&mut &*conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(criterion, reason, member, at)| Waiver { criterion, reason, member, at })
        .collect())
}

/// Waives a criterion of a step, replacing an earlier waiver.
pub async fn waive(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    cycle: i32,
    step: StepName,
    waiver: &Waiver,
) -> QueryResult<()> {
    unwaive(conn, task_force_id, cycle, step, waiver.criterion).await?;
    diesel::insert_into(waivers::table)
        .values((
            waivers::task_force_id.eq(task_force_id),
            waivers::id.eq(id),
            waivers::cycle.eq(cycle),
            waivers::step.eq(step),
            waivers::criterion.eq(waiver.criterion),
            waivers::reason.eq(&waiver.reason),
            waivers::member_id.eq(waiver.member.id),
            waivers::created_at.eq(waiver.at),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Removes a waiver.
pub async fn unwaive(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    step: StepName,
    criterion: CriterionCode,
) -> QueryResult<()> {
    diesel::delete(waivers::table)
        .filter(waivers::task_force_id.eq(task_force_id))
        .filter(waivers::cycle.eq(cycle))
        .filter(waivers::step.eq(step))
        .filter(waivers::criterion.eq(criterion))
        .filter(waivers::cleared_by_id.is_null())
        .execute(&mut &*conn)
        .await
        .map(drop)
}
