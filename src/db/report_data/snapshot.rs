//! What the members vote on when a step is submitted.

use diesel::prelude::*;
use diesel::sql_types::{Int4, Jsonb, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::evidence;
use crate::db::Conn;
use crate::db::schema::activities;
use crate::db::statement::Prepared;
use crate::domain::activity::ActivityState;
use crate::domain::evidence::EvidenceSubjectKind;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;

/// A thing with its parts, as JSON.
#[derive(Debug, QueryableByName)]
struct Document {
    #[diesel(sql_type = Jsonb)]
    document: Value,
}

/// The parts of something as a JSON array, oldest first.
macro_rules! parts {
    ($fields:literal, $table:literal, $parent:literal) => {
        concat!(
            "(select coalesce(jsonb_agg(jsonb_build_object(",
            $fields,
            ") order by x.id), '[]') from ",
            $table,
            " x where x.task_force_id = p.task_force_id and x.",
            $parent,
            " = p.id)"
        )
    };
}

/// The products of a kind that count in the cycle `$2`, as JSON objects, oldest first. Numbers are written as text,
/// as they are everywhere: JSON would round them.
macro_rules! products {
    ($table:literal, $fields:expr) => {
        concat!(
            "select jsonb_build_object('id', p.id, 'state', p.state, 'stateReason', p.state_reason, ",
            $fields,
            ") as document from ",
            $table,
            " p where p.task_force_id = $1 and p.last_cycle = $2 order by p.id"
        )
    };
}

const POLICIES: &str = products!(
    "policies",
    "'title', p.title, 'kind', p.kind, 'description', p.description, 'reference', p.reference, 'aims', p.aims,
     'supersededById', p.superseded_by_id"
);

const SECTORS: &str = products!(
    "sectors",
    concat!(
        "'name', p.name, 'rationale', p.rationale, 'assessments', ",
        parts!(
            "'id', x.id, 'kind', x.kind, 'level', x.level, 'assessedOn', x.assessed_on, 'evidence', x.evidence",
            "assessments",
            "sector_id"
        ),
        ", 'studies', ",
        parts!(
            "'id', x.id, 'title', x.title, 'approach', x.approach, 'findings', x.findings,
             'recommendation', x.recommendation, 'completed', x.completed",
            "studies",
            "sector_id"
        )
    )
);

/// The fields of a pilot; those of its indicators.
macro_rules! pilot {
    () => {
        concat!(
            "'title', p.title, 'sectorId', p.sector_id, 'policyId', p.policy_id, 'ownerMemberId', p.owner_member_id,
             'aims', p.aims, 'hypothesis', p.hypothesis, 'startDate', p.start_date, 'endDate', p.end_date,
             'outcome', p.outcome, 'lessons', p.lessons, 'indicators', ",
            parts!(
                "'id', x.id, 'name', x.name, 'unit', x.unit, 'direction', x.direction,
                 'baseline', x.baseline::text, 'target', x.target::text",
                "indicators",
                "pilot_id"
            )
        )
    };
}

const PILOTS: &str = products!("pilots", pilot!());

const PILOTS_MEASURED: &str = products!(
    "pilots",
    concat!(
        pilot!(),
        ", 'measurements', ",
        parts!(
            "'id', x.id, 'indicatorId', x.indicator_id, 'cycle', x.cycle, 'value', x.value::text,
             'measuredOn', x.measured_on, 'source', x.source",
            "measurements",
            "pilot_id"
        )
    )
);

const MIGRATIONS: &str = products!(
    "migrations",
    concat!(
        "'title', p.title, 'pilotId', p.pilot_id, 'targetSystem', p.target_system, 'plannedOn', p.planned_on,
         'rollbackPlan', p.rollback_plan, 'reconciliation', case when p.reconciliation_source is not null then
             jsonb_build_object('source', p.reconciliation_source, 'loaded', p.reconciliation_loaded,
                                'rejected', p.reconciliation_rejected) end,
         'receivingUnit', p.receiving_unit, 'serviceOwner', p.service_owner, 'checklistItems', ",
        parts!("'id', x.id, 'title', x.title, 'done', x.done", "checklist_items", "migration_id")
    )
);

/// The draft that the members would submit to the council.
const REPORTS: &str =
    "select jsonb_build_object('id', r.id, 'number', r.number, 'hash', encode(r.hash, 'hex'),
            'recommendation', r.recommendation, 'returnToStep', r.return_to_step) as document
     from reports r where r.task_force_id = $1 and r.cycle = $2 and r.state = 'draft'
     order by r.number desc limit 1";

/// What the members vote on when a step is submitted: its products with their parts, what proves them, and its
/// activities. The same things give the same JSON.
pub async fn of_step(conn: &Conn, task_force_id: Uuid, cycle: i32, step: StepName) -> QueryResult<Value> {
    use EvidenceSubjectKind::{Assessment, Migration, Pilot, Policy, Study};

    let (products, kinds): (&[(&str, &'static str)], &[EvidenceSubjectKind]) = match step {
        StepName::Policy => (&[("policies", POLICIES)], &[Policy]),
        StepName::Sectors => (&[("sectors", SECTORS)], &[Study, Assessment]),
        StepName::Pilots => (&[("pilots", PILOTS)], &[Pilot]),
        StepName::Migration => {
            (&[("pilots", PILOTS_MEASURED), ("migrations", MIGRATIONS)], &[Pilot, Migration])
        }
        StepName::Report => (&[("reports", REPORTS)], &[]),
    };
    let products = products.iter().map(|(name, query)| async move {
        Ok::<_, diesel::result::Error>((
            (*name).to_owned(),
            documents(conn, task_force_id, cycle, query).await?,
        ))
    });
    let (products, evidence, activities) = tokio::try_join!(
        futures_util::future::try_join_all(products),
        evidence(conn, task_force_id, cycle, kinds),
        activities(conn, task_force_id, cycle, step),
    )?;
    let mut snapshot: Map<String, Value> =
        products.into_iter().map(|(name, things)| (name, Value::Array(things))).collect();
    if let Some(Value::Array(drafts)) = snapshot.remove("reports") {
        snapshot.insert("report".to_owned(), drafts.into_iter().next().unwrap_or_default());
    }
    snapshot.insert("step".to_owned(), json!(step));
    snapshot.insert("cycle".to_owned(), json!(cycle));
    snapshot.insert("evidence".to_owned(), json!(evidence));
    snapshot.insert("activities".to_owned(), activities);
    Ok(Value::Object(snapshot))
}

async fn documents(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    query: &'static str,
) -> QueryResult<Vec<Value>> {
    let query = diesel::sql_query(query).bind::<SqlUuid, _>(task_force_id).bind::<Int4, _>(cycle);
    let rows: Vec<Document> = Prepared(query).load(&mut &*conn).await?;
    Ok(rows.into_iter().map(|row| row.document).collect())
}

/// The step's activities: number, title and state.
async fn activities(conn: &Conn, task_force_id: Uuid, cycle: i32, step: StepName) -> QueryResult<Value> {
    let rows: Vec<(i32, LocalizedText, ActivityState)> = activities::table
        .filter(activities::task_force_id.eq(task_force_id))
        .filter(activities::cycle.eq(cycle))
        .filter(activities::step.eq(step))
        .order(activities::number)
        .select((activities::number, activities::title, activities::state))
        .load(&mut &*conn)
        .await?;
    let activity = |(number, title, state): (i32, LocalizedText, ActivityState)| json!({ "number": number, "title": title, "state": state });
    Ok(rows.into_iter().map(activity).collect())
}
