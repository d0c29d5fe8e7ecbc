//! The products of the first four steps.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Int4, Jsonb, Nullable, Numeric, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::relations;
use crate::db::report_data::Grouped;
use crate::db::schema::{assessments, members, pilots, policies, sectors, studies, users};
use crate::db::statement::Prepared;
use crate::db::{self, Conn};
use crate::domain::decimal::Decimal;
use crate::domain::migration::{MigrationState, difference};
use crate::domain::pilot::{IndicatorDirection, PilotOutcome, PilotState};
use crate::domain::policy::PolicyKind;
use crate::domain::report::{
    ReportIndicator, ReportMaturity, ReportMigration, ReportPerson, ReportPilot, ReportPolicy,
    ReportReconciliation, ReportSector, ReportStudy, TargetVerdict,
};
use crate::domain::scales::Aim;
use crate::domain::sector::{AssessmentKind, SectorState};
use crate::domain::text::LocalizedText;

type PolicyRow = (Uuid, LocalizedText, PolicyKind, Option<String>, Vec<Aim>, DateTime<Utc>);

/// The policies with these ids, which are adopted.
pub(super) async fn policies(
    conn: &Conn,
    task_force_id: Uuid,
    ids: &[Uuid],
) -> QueryResult<Vec<ReportPolicy>> {
    let rows: Vec<PolicyRow> = policies::table
        .filter(policies::task_force_id.eq(task_force_id))
        .filter(policies::id.eq_any(ids))
        .order(policies::id)
        .select((
            policies::id,
            policies::title,
            policies::kind,
            policies::reference,
            policies::aims,
            policies::state_since,
        ))
        .load(&mut &*conn)
        .await?;
    let policy = |(id, title, kind, reference, aims, adopted_at): PolicyRow| ReportPolicy {
        id,
        title,
        kind,
        reference,
        aims,
        adopted_at,
    };
    Ok(rows.into_iter().map(policy).collect())
}

type SectorRow = (Uuid, LocalizedText, SectorState, Option<LocalizedText>);

/// The sectors with their maturity and their completed studies: these sectors and studies, or all of the cycle.
pub(super) async fn sectors(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    (only, only_studies): (Option<&[Uuid]>, Option<&[Uuid]>),
) -> QueryResult<Vec<ReportSector>> {
    let rows = async {
        let mut query = sectors::table
            .filter(sectors::task_force_id.eq(task_force_id))
            .filter(sectors::last_cycle.eq(cycle))
            .order(sectors::id)
            .select((sectors::id, sectors::name, sectors::state, sectors::state_reason))
            .into_boxed();
        if let Some(ids) = only {
            query = query.filter(sectors::id.eq_any(ids));
        }
        query.load::<SectorRow>(&mut &*conn).await
    };
    let (rows, assessments, studies) = tokio::try_join!(
        rows,
        assessments(conn, task_force_id, cycle),
        studies(conn, task_force_id, cycle, only_studies),
    )?;
    let (mut assessments, mut studies) = (Grouped::new(assessments), Grouped::new(studies));
    let sector = |(id, name, state, state_reason): SectorRow| {
        let maturity = assessments.take(&id);
        let of = |wanted: AssessmentKind| {
            maturity.iter().filter(move |(kind, _)| *kind == wanted).map(|(_, maturity)| maturity.clone())
        };
        ReportSector {
            id,
            name,
            state,
            state_reason,
            first: of(AssessmentKind::Current).next(),
            now: of(AssessmentKind::Current).next_back(),
            target: of(AssessmentKind::Target).next_back(),
            studies: studies.take(&id),
        }
    };
    Ok(rows.into_iter().map(sector).collect())
}

/// The assessments by sector, in the order of their days.
async fn assessments(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
) -> QueryResult<Vec<(Uuid, (AssessmentKind, ReportMaturity))>> {
    let of_the_sector =
        sectors::task_force_id.eq(assessments::task_force_id).and(sectors::id.eq(assessments::sector_id));
    let rows: Vec<(Uuid, AssessmentKind, i16, NaiveDate)> = assessments::table
        .inner_join(sectors::table.on(of_the_sector))
        .filter(assessments::task_force_id.eq(task_force_id))
        .filter(sectors::last_cycle.eq(cycle))
        .order((assessments::assessed_on, assessments::id))
        .select((assessments::sector_id, assessments::kind, assessments::level, assessments::assessed_on))
        .load(&mut &*conn)
        .await?;
    let assessment =
        |(sector_id, kind, level, assessed_on)| (sector_id, (kind, ReportMaturity { level, assessed_on }));
    Ok(rows.into_iter().map(assessment).collect())
}

/// The completed studies by sector: these, or all of the cycle without their recommendations, which no chart shows.
async fn studies(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    only: Option<&[Uuid]>,
) -> QueryResult<Vec<(Uuid, ReportStudy)>> {
    let of_the_sector =
        sectors::task_force_id.eq(studies::task_force_id).and(sectors::id.eq(studies::sector_id));
    let recommendation = if only.is_some() { "studies.recommendation" } else { "null::jsonb" };
    let mut query = studies::table
        .inner_join(sectors::table.on(of_the_sector))
        .filter(studies::task_force_id.eq(task_force_id))
        .filter(sectors::last_cycle.eq(cycle))
        .filter(studies::completed)
        .order(studies::id)
        .select((
            studies::sector_id,
            studies::id,
            studies::title,
            relations::expression::<Nullable<Jsonb>>(recommendation.to_owned()),
        ))
        .into_boxed();
    if let Some(ids) = only {
        query = query.filter(studies::id.eq_any(ids));
    }
    let rows: Vec<(Uuid, Uuid, LocalizedText, Option<LocalizedText>)> = query.load(&mut &*conn).await?;
    let study =
        |(sector_id, id, title, recommendation)| (sector_id, ReportStudy { id, title, recommendation });
    Ok(rows.into_iter().map(study).collect())
}

#[derive(Debug, Queryable)]
struct PilotRow {
    id: Uuid,
    title: LocalizedText,
    sector_id: Uuid,
    sector_name: LocalizedText,
    policy_id: Option<Uuid>,
    policy_title: Option<LocalizedText>,
    owner_member_id: Uuid,
    owner_name: LocalizedText,
    aims: Vec<Aim>,
    start_date: NaiveDate,
    end_date: NaiveDate,
    state: PilotState,
    state_reason: Option<LocalizedText>,
    outcome: Option<PilotOutcome>,
    lessons: Option<LocalizedText>,
}

/// The pilots with their indicators: these pilots and indicators, or all of the cycle; and the number of their evaluations.
/// Only chosen pilots are cancelled or have evaluations, lessons and reasons: the charts, which show all others, have no use
/// for them.
pub(super) async fn pilots(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    (only, only_indicators): (Option<&[Uuid]>, Option<&[Uuid]>),
) -> QueryResult<(Vec<ReportPilot>, usize)> {
    let in_the_sector =
        sectors::task_force_id.eq(pilots::task_force_id).and(sectors::id.eq(pilots::sector_id));
    let of_the_owner =
        members::task_force_id.eq(pilots::task_force_id).and(members::id.eq(pilots::owner_member_id));
    let by_the_policy =
        policies::task_force_id.eq(pilots::task_force_id).and(policies::id.nullable().eq(pilots::policy_id));
    let long_text = |name: &str| {
        let column = if only.is_some() { format!("pilots.{name}") } else { "null::jsonb".to_owned() };
        relations::expression::<Nullable<Jsonb>>(column)
    };
    let rows = async {
        let mut query = pilots::table
            .inner_join(sectors::table.on(in_the_sector))
            .inner_join(members::table.on(of_the_owner))
            .inner_join(users::table.on(users::id.eq(members::user_id)))
            .left_join(policies::table.on(by_the_policy))
            .filter(pilots::task_force_id.eq(task_force_id))
            .filter(pilots::last_cycle.eq(cycle))
            .order(pilots::id)
            .select((
                pilots::id,
                pilots::title,
                pilots::sector_id,
                sectors::name,
                pilots::policy_id,
                policies::title.nullable(),
                pilots::owner_member_id,
                users::name,
                pilots::aims,
                pilots::start_date,
                pilots::end_date,
                pilots::state,
                long_text("state_reason"),
                pilots::outcome,
                long_text("lessons"),
            ))
            .into_boxed();
        query = match only {
            Some(ids) => query.filter(pilots::id.eq_any(ids)),
            None => query.filter(pilots::state.ne(PilotState::Cancelled)),
        };
        query.load::<PilotRow>(&mut &*conn).await
    };
    let (rows, indicators, (mut evaluations, evaluations_total)) = tokio::try_join!(
        rows,
        indicators(conn, task_force_id, cycle, only_indicators),
        db::evaluations::of_pilots(conn, task_force_id, only.unwrap_or_default()),
    )?;
    let mut indicators = Grouped::new(indicators);
    let pilot = |row: PilotRow| ReportPilot {
        indicators: indicators.take(&row.id),
        evaluations: evaluations.remove(&row.id).unwrap_or_default(),
        id: row.id,
        title: row.title,
        sector_id: row.sector_id,
        sector_name: row.sector_name,
        policy_id: row.policy_id,
        policy_title: row.policy_title,
        owner: ReportPerson { member_id: row.owner_member_id, name: row.owner_name },
        aims: row.aims,
        start_date: row.start_date,
        end_date: row.end_date,
        state: row.state,
        state_reason: row.state_reason,
        outcome: row.outcome,
        lessons: row.lessons,
    };
    Ok((rows.into_iter().map(pilot).collect(), evaluations_total))
}

#[derive(Debug, QueryableByName)]
struct IndicatorRow {
    #[diesel(sql_type = SqlUuid)]
    pilot_id: Uuid,
    #[diesel(sql_type = Jsonb)]
    name: LocalizedText,
    #[diesel(sql_type = Text)]
    unit: String,
    #[diesel(sql_type = Text)]
    direction: IndicatorDirection,
    #[diesel(sql_type = Nullable<Numeric>)]
    baseline: Option<Decimal>,
    #[diesel(sql_type = Nullable<Numeric>)]
    target: Option<Decimal>,
    #[diesel(sql_type = Nullable<Numeric>)]
    actual: Option<Decimal>,
    #[diesel(sql_type = Nullable<Date>)]
    measured_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    retirement_reason: Option<LocalizedText>,
}

/// The indicators by pilot, each with the latest measurement of the pilot's current run: these, or all of the cycle.
async fn indicators(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    only: Option<&[Uuid]>,
) -> QueryResult<Vec<(Uuid, ReportIndicator)>> {
    let query = diesel::sql_query(
        "select i.pilot_id, i.name, i.unit, i.direction, i.baseline, i.target, m.value as actual, m.measured_on,
                i.retirement_reason
         from pilots p
         join indicators i on i.task_force_id = p.task_force_id and i.pilot_id = p.id
         left join lateral (
             select value, measured_on from measurements
             where task_force_id = i.task_force_id and indicator_id = i.id and cycle = p.last_cycle and run = p.run
             order by measured_on desc, id desc limit 1
         ) m on true
         where p.task_force_id = $1 and p.last_cycle = $2 and ($3 is null or i.id = any($3))
         order by i.id",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle)
    .bind::<Nullable<Array<SqlUuid>>, _>(only);
    let rows: Vec<IndicatorRow> = Prepared(query).load(&mut &*conn).await?;
    let indicator = |row: IndicatorRow| {
        let verdict = match row.retirement_reason {
            Some(_) => TargetVerdict::Retired,
            None => TargetVerdict::of(row.direction, row.target.as_ref(), row.actual.as_ref()),
        };
        let indicator = ReportIndicator {
            name: row.name,
            unit: row.unit,
            direction: row.direction,
            baseline: row.baseline,
            target: row.target,
            actual: row.actual,
            measured_on: row.measured_on,
            verdict,
            retirement_reason: row.retirement_reason,
        };
        (row.pilot_id, indicator)
    };
    Ok(rows.into_iter().map(indicator).collect())
}

#[derive(Debug, QueryableByName)]
struct MigrationRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Jsonb)]
    title: LocalizedText,
    #[diesel(sql_type = SqlUuid)]
    pilot_id: Uuid,
    #[diesel(sql_type = Jsonb)]
    pilot_title: LocalizedText,
    #[diesel(sql_type = Text)]
    target_system: String,
    #[diesel(sql_type = Date)]
    planned_on: NaiveDate,
    #[diesel(sql_type = Text)]
    state: MigrationState,
    #[diesel(sql_type = Nullable<Jsonb>)]
    state_reason: Option<LocalizedText>,
    #[diesel(sql_type = BigInt)]
    checklist_done: i64,
    #[diesel(sql_type = BigInt)]
    checklist_total: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    reconciliation_source: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    reconciliation_loaded: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    reconciliation_rejected: Option<i64>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    reconciliation_reason: Option<LocalizedText>,
    #[diesel(sql_type = Nullable<Text>)]
    receiving_unit: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    service_owner: Option<String>,
}

impl MigrationRow {
    /// The three counts, which are set together.
    fn reconciliation(&self) -> Option<ReportReconciliation> {
        let (source, loaded, rejected) =
            (self.reconciliation_source?, self.reconciliation_loaded?, self.reconciliation_rejected?);
        let difference = difference(source, loaded, rejected);
        Some(ReportReconciliation {
            source,
            loaded,
            rejected,
            difference,
            reason: self.reconciliation_reason.clone(),
        })
    }
}

/// The migrations with the progress of their checklists: these, or all of the cycle.
pub(super) async fn migrations(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    only: Option<&[Uuid]>,
) -> QueryResult<Vec<ReportMigration>> {
    let query = diesel::sql_query(
        "select g.id, g.title, g.pilot_id, p.title as pilot_title, g.target_system, g.planned_on, g.state,
                g.state_reason, c.checklist_done, c.checklist_total, g.reconciliation_source,
                g.reconciliation_loaded, g.reconciliation_rejected, g.reconciliation_reason,
                g.receiving_unit, g.service_owner
         from migrations g
         join pilots p on p.task_force_id = g.task_force_id and p.id = g.pilot_id
         cross join lateral (
             select count(*) filter (where done) as checklist_done, count(*) as checklist_total
             from checklist_items where task_force_id = g.task_force_id and migration_id = g.id
         ) c
         where g.task_force_id = $1 and g.last_cycle = $2 and ($3 is null or g.id = any($3))
         order by g.id",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle)
    .bind::<Nullable<Array<SqlUuid>>, _>(only);
    let rows: Vec<MigrationRow> = Prepared(query).load(&mut &*conn).await?;
    let migration = |row: MigrationRow| ReportMigration {
        reconciliation: row.reconciliation(),
        id: row.id,
        title: row.title,
        pilot_id: row.pilot_id,
        pilot_title: row.pilot_title,
        target_system: row.target_system,
        planned_on: row.planned_on,
        state: row.state,
        state_reason: row.state_reason,
        checklist_done: row.checklist_done,
        checklist_total: row.checklist_total,
        receiving_unit: row.receiving_unit,
        service_owner: row.service_owner,
    };
    Ok(rows.into_iter().map(migration).collect())
}
