//! The details of a task force's status that a page shows beside the counts: what is blocked, due, decided and tried.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Int4, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::statement::Prepared;
use crate::domain::decision::{ConditionState, DecisionOutcome};
use crate::domain::migration::MigrationState;
use crate::domain::pilot::{PilotOutcome, PilotState};
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;

/// The most rows of each kind.
const MOST: i64 = 12;

/// The task force, its latest health statement and its report before the council. Days are those of its time zone.
#[derive(Debug, Clone, QueryableByName)]
pub struct HeadingRow {
    #[diesel(sql_type = Jsonb)]
    pub city: LocalizedText,
    #[diesel(sql_type = Date)]
    pub changed_on: NaiveDate,
    #[diesel(sql_type = Nullable<Date>)]
    pub health_stated_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub health_note: Option<LocalizedText>,
    #[diesel(sql_type = Nullable<Date>)]
    pub submitted_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Text>)]
    pub recommendation: Option<DecisionOutcome>,
    /// The step to be done again, with `adjust`.
    #[diesel(sql_type = Nullable<Text>)]
    pub return_to_step: Option<StepName>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub summary: Option<LocalizedText>,
}

/// A blocked activity of the current cycle.
#[derive(Debug, Clone, QueryableByName)]
pub struct BlockedRow {
    #[diesel(sql_type = Int4)]
    pub number: i32,
    #[diesel(sql_type = Jsonb)]
    pub title: LocalizedText,
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub reason: Option<LocalizedText>,
    #[diesel(sql_type = Date)]
    pub since: NaiveDate,
}

/// A condition of the council that is open, or reported met.
#[derive(Debug, Clone, QueryableByName)]
pub struct ConditionRow {
    #[diesel(sql_type = Jsonb)]
    pub text: LocalizedText,
    #[diesel(sql_type = Text)]
    pub state: ConditionState,
    #[diesel(sql_type = Date)]
    pub due_date: NaiveDate,
}

/// A pilot of the current cycle.
#[derive(Debug, Clone, QueryableByName)]
pub struct PilotRow {
    #[diesel(sql_type = Jsonb)]
    pub title: LocalizedText,
    #[diesel(sql_type = Text)]
    pub state: PilotState,
    #[diesel(sql_type = Nullable<Text>)]
    pub outcome: Option<PilotOutcome>,
    #[diesel(sql_type = Date)]
    pub end_date: NaiveDate,
}

/// A migration of the current cycle.
#[derive(Debug, Clone, QueryableByName)]
pub struct MigrationRow {
    #[diesel(sql_type = Jsonb)]
    pub title: LocalizedText,
    #[diesel(sql_type = Text)]
    pub state: MigrationState,
    #[diesel(sql_type = Date)]
    pub planned_on: NaiveDate,
}

/// A decision of the council that no later one has corrected.
#[derive(Debug, Clone, QueryableByName)]
pub struct DecisionRow {
    #[diesel(sql_type = Int4)]
    pub number: i32,
    #[diesel(sql_type = Text)]
    pub outcome: DecisionOutcome,
    #[diesel(sql_type = Nullable<Text>)]
    pub return_to_step: Option<StepName>,
    #[diesel(sql_type = Text)]
    pub meeting_reference: String,
    #[diesel(sql_type = Date)]
    pub decided_on: NaiveDate,
    #[diesel(sql_type = Jsonb)]
    pub reason: LocalizedText,
    /// The number of decisions, this one and those that are not shown among them.
    #[diesel(sql_type = BigInt)]
    pub total: i64,
}

/// The details.
#[derive(Debug, Clone)]
pub struct StatusDetails {
    pub heading: HeadingRow,
    /// The longest blocked first.
    pub blocked: Vec<BlockedRow>,
    /// The conditions that are reported met first, then by their due dates.
    pub conditions: Vec<ConditionRow>,
    /// In the order in which they were made.
    pub pilots: Vec<PilotRow>,
    pub migrations: Vec<MigrationRow>,
    /// The latest decisions, newest first.
    pub decisions: Vec<DecisionRow>,
}

/// The details of the status of a task force, in one round trip.
pub async fn of(conn: &Conn, task_force_id: Uuid) -> QueryResult<StatusDetails> {
    let heading = diesel::sql_query(
        "select t.city, local_date(e.changed_at, t.time_zone) as changed_on,
                local_date(h.created_at, t.time_zone) as health_stated_on, h.note as health_note,
                local_date(r.submitted_at, t.time_zone) as submitted_on, r.recommendation, r.return_to_step, r.summary
         from task_forces t
         join task_force_heads e on e.task_force_id = t.id
         left join lateral (
             select note, created_at from health_statements where task_force_id = t.id order by id desc limit 1
         ) h on true
         left join lateral (
             select submitted_at, recommendation, return_to_step, summary from reports
             where task_force_id = t.id and state = 'submitted' and t.state in ('active', 'suspended') limit 1
         ) r on true
         where t.id = $1",
    )
    .bind::<SqlUuid, _>(task_force_id);
    let blocked = diesel::sql_query(
        "select a.number, a.title, a.state_reason as reason, local_date(a.state_since, t.time_zone) as since
         from task_forces t join activities a on a.task_force_id = t.id and a.cycle = t.current_cycle
         where t.id = $1 and a.state = 'blocked' order by a.state_since, a.id limit $2",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<BigInt, _>(MOST);
    let conditions = diesel::sql_query(
        "select text, state, due_date from conditions
         where task_force_id = $1 and state in ('open', 'reportedMet')
         order by state = 'open', due_date, id limit $2",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<BigInt, _>(MOST);
    let pilots = diesel::sql_query(
        "select p.title, p.state, p.outcome, p.end_date
         from task_forces t join pilots p on p.task_force_id = t.id and p.last_cycle = t.current_cycle
         where t.id = $1 order by p.id limit $2",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<BigInt, _>(MOST);
    let migrations = diesel::sql_query(
        "select m.title, m.state, m.planned_on
         from task_forces t join migrations m on m.task_force_id = t.id and m.last_cycle = t.current_cycle
         where t.id = $1 order by m.id limit $2",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<BigInt, _>(MOST);
    let decisions = diesel::sql_query(
        "select number, outcome, return_to_step, meeting_reference, decided_on, reason, count(*) over () as total
         from decisions d
         where task_force_id = $1 and not exists (
             select from decisions later where later.task_force_id = d.task_force_id and later.supersedes_id = d.id
         )
         order by number desc limit $2",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<BigInt, _>(MOST / 4);
    let (mut for_heading, mut for_blocked, mut for_conditions) = (conn, conn, conn);
    let (mut for_pilots, mut for_migrations, mut for_decisions) = (conn, conn, conn);
    let (heading, blocked, conditions, pilots, migrations, decisions) = tokio::try_join!(
        Prepared(heading).get_result(&mut for_heading),
        Prepared(blocked).load(&mut for_blocked),
        Prepared(conditions).load(&mut for_conditions),
        Prepared(pilots).load(&mut for_pilots),
        Prepared(migrations).load(&mut for_migrations),
        Prepared(decisions).load(&mut for_decisions),
    )?;
    Ok(StatusDetails { heading, blocked, conditions, pilots, migrations, decisions })
}
