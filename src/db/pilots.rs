//! Pilots: planned in one step, run and evaluated in the next.
//!
//! [`resource_queries!`](super::resource) makes `pilots::insert`, `pilots::update`, `pilots::exists`,
//! `pilots::list` and `pilots::delete`.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::cycles::{Cycles, SelectsCycles};
use super::relations::{self, Column, References, column};
use super::resource::resource_queries;
use super::schema::{pilots, policies, sectors};
use super::statement::Prepared;
use crate::domain::evaluation::can_be_taken_back;
use crate::domain::event::SubjectKind;
use crate::domain::pilot::{PilotFacts, PilotOutcome, PilotState};
use crate::domain::reference::{MemberReference, Reference};
use crate::domain::scales::Aim;
use crate::domain::step::StepState;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;

/// The changeable fields of a pilot.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, QueryableByName, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = pilots, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct PilotFields {
    pub title: LocalizedText,
    /// The sector that the pilot improves.
    pub sector_id: Uuid,
    /// The policy that the pilot follows.
    pub policy_id: Option<Uuid>,
    /// The responsible member.
    #[serde(rename = "ownerId")]
    pub owner_member_id: Uuid,
    /// The aims that the pilot serves.
    pub aims: Vec<Aim>,
    /// The expected result.
    pub hypothesis: Option<String>,
    pub start_date: NaiveDate,
    pub end_date: NaiveDate,
}

/// A pilot as it is stored.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = pilots, check_for_backend(diesel::pg::Pg))]
pub struct Pilot {
    pub id: Uuid,
    /// The cycle of creation.
    pub cycle: i32,
    /// The last cycle in which the row counts.
    pub last_cycle: i32,
    #[diesel(embed)]
    pub fields: PilotFields,
    /// The evaluation's verdict on the pilot's future.
    pub outcome: Option<PilotOutcome>,
    /// Lessons learned, from the evaluation.
    pub lessons: Option<LocalizedText>,
    /// Time at which the pilot was started in its last cycle.
    pub started_at: Option<DateTime<Utc>>,
    /// Number of times that the pilot was planned, counted from one.
    pub run: i32,
    pub state: PilotState,
    pub state_reason: Option<LocalizedText>,
    pub state_since: DateTime<Utc>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[diesel(select_expression = sector("pilots"), select_expression_type = Column<Jsonb>, sql_type = Jsonb)]
    pub sector: Reference,
    #[diesel(
        select_expression = policy("pilots"),
        select_expression_type = Column<Nullable<Jsonb>>,
        sql_type = Nullable<Jsonb>
    )]
    pub policy: Option<Reference>,
    #[diesel(select_expression = owner("pilots"), select_expression_type = Column<Jsonb>, sql_type = Jsonb)]
    pub owner: MemberReference,
}

/// The sector of a pilot in this table or alias.
fn sector(pilots: &str) -> Column<Jsonb> {
    let [task_force_id, id] = ["task_force_id", "sector_id"].map(|name| format!("{pilots}.{name}"));
    column("sector", &relations::resource(SubjectKind::Sector, &task_force_id, &id))
}

fn policy(pilots: &str) -> Column<Nullable<Jsonb>> {
    let [task_force_id, id] = ["task_force_id", "policy_id"].map(|name| format!("{pilots}.{name}"));
    column("policy", &relations::resource(SubjectKind::Policy, &task_force_id, &id))
}

fn owner(pilots: &str) -> Column<Jsonb> {
    let [task_force_id, id] = ["task_force_id", "owner_member_id"].map(|name| format!("{pilots}.{name}"));
    column("owner", &relations::member(&task_force_id, &id))
}

/// A pilot with the facts that its transitions depend on.
#[derive(Debug, Clone, QueryableByName)]
pub struct PilotDetail {
    #[diesel(embed)]
    pub pilot: Pilot,
    /// State of the step `pilots` of the pilot's last cycle.
    #[diesel(sql_type = Text)]
    pub pilots_state: StepState,
    /// State of the step `migration` of the last cycle.
    #[diesel(sql_type = Text)]
    pub migration_state: StepState,
    /// State of the step `pilots` of the current cycle, if that is a later one.
    #[diesel(sql_type = Nullable<Text>)]
    pub later_pilots_state: Option<StepState>,
    /// True if the pilot's sector is selected or studied.
    #[diesel(sql_type = Bool)]
    pub sector_selected: bool,
    /// True if the pilot has an indicator with baseline and target. Retired indicators do not count, here and below.
    #[diesel(sql_type = Bool)]
    pub has_indicator: bool,
    /// True if the pilot has indicators, each of them measured in the pilot's current run.
    #[diesel(sql_type = Bool)]
    pub measured: bool,
    /// True if the pilot has a migration that was not rolled back.
    #[diesel(sql_type = Bool)]
    pub is_migrated: bool,
    /// The day on which the pilot was started in its last cycle, in the task force's time zone.
    #[diesel(sql_type = Nullable<Date>)]
    pub started_on: Option<NaiveDate>,
    /// The migrations of the pilot that were not rolled back.
    #[diesel(sql_type = Jsonb)]
    pub migrations: References,
    /// The indicators without baseline or target.
    #[diesel(sql_type = Jsonb)]
    pub incomplete_indicators: References,
    /// The indicators without a measurement in the pilot's current run.
    #[diesel(sql_type = Jsonb)]
    pub unmeasured_indicators: References,
    /// The number of evaluations of the pilot's current run.
    #[diesel(sql_type = BigInt)]
    pub evaluations_of_run: i64,
}

impl PilotDetail {
    /// The facts that the transitions depend on, for a caller who is the chair or not.
    pub fn facts(&self, task_force: TaskForceState, by_the_chair: bool) -> PilotFacts {
        PilotFacts {
            task_force,
            pilots_step: self.pilots_state,
            migration_step: self.migration_state,
            later_pilots_step: self.later_pilots_state,
            sector_selected: self.sector_selected,
            has_aim: !self.pilot.fields.aims.is_empty(),
            has_indicator: self.has_indicator,
            measured: self.measured,
            outcome: self.pilot.outcome,
            is_migrated: self.is_migrated,
            can_be_taken_back: can_be_taken_back(self.evaluations_of_run, by_the_chair),
        }
    }
}

/// Narrows a list of pilots.
#[derive(Debug, Clone, Default)]
pub struct PilotFilter {
    /// Only pilots that count in these cycles.
    pub cycles: Cycles,
    pub states: Vec<PilotState>,
    /// Only pilots whose text contains this, folded.
    pub q: Option<String>,
    /// Only pilots of this sector.
    pub sector_id: Option<Uuid>,
    /// Only pilots that this member is responsible for.
    pub owner_member_id: Option<Uuid>,
}

impl SelectsCycles for PilotFilter {
    fn select_cycles(&mut self, cycles: Cycles) {
        self.cycles = cycles;
    }
}

/// The columns that a transition of a pilot sets.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = pilots, treat_none_as_null = true)]
pub struct PilotStateUpdate<'a> {
    pub state: PilotState,
    pub state_reason: Option<&'a LocalizedText>,
    /// The evaluation's verdict; `None` before.
    pub outcome: Option<PilotOutcome>,
    /// Lessons learned, from the evaluation.
    pub lessons: Option<&'a LocalizedText>,
    /// Time at which the pilot was started in its last cycle.
    pub started_at: Option<DateTime<Utc>>,
    /// The last cycle in which the row counts.
    pub last_cycle: i32,
    /// Number of times that the pilot was planned, counted from one.
    pub run: i32,
}

resource_queries! {
    table: pilots,
    row: Pilot,
    fields: PilotFields,
    title: title,
    filter: PilotFilter,
    narrowed_by: { sector_id: sector_id, owner_member_id: owner_member_id },
    final_states: PilotState::FINAL,
}

/// Sets the state of a pilot, with everything that a transition changes.
pub async fn update_state(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    update: &PilotStateUpdate<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(pilots::table.find((task_force_id, id)))
        .set((
            update,
            pilots::state_since.eq(now),
            pilots::version.eq(pilots::version + 1),
            pilots::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Returns whether the task force has the sector and the policy that a pilot names; without a policy, the second is
/// true.
pub async fn references_exist(
    conn: &Conn,
    task_force_id: Uuid,
    fields: &PilotFields,
) -> QueryResult<(bool, bool)> {
    let policy = policies::table
        .filter(policies::task_force_id.eq(task_force_id))
        .filter(policies::id.nullable().eq(fields.policy_id));
    let (sector, policy): (bool, bool) = diesel::select((
        dsl::exists(sectors::table.find((task_force_id, fields.sector_id))),
        dsl::exists(policy),
    ))
    .get_result(&mut &*conn)
    .await?;
    Ok((sector, policy || fields.policy_id.is_none()))
}

/// Finds a pilot.
pub async fn find(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<PilotDetail>> {
    let migration = relations::object(SubjectKind::Migration, "g", "'title', g.title");
    let migrations = relations::first_of(
        &migration,
        "g",
        "migrations g where g.task_force_id = p.task_force_id and g.pilot_id = p.id and g.state <> 'rolledBack'",
    );
    let indicator = relations::object(
        SubjectKind::Indicator,
        "i",
        "'title', i.name, 'parentIds', jsonb_build_array(i.pilot_id)",
    );
    let is_measured = "exists (select from measurements v where v.task_force_id = i.task_force_id
                               and v.indicator_id = i.id and v.run = p.run)";
    let in_use = "indicators i where i.task_force_id = p.task_force_id and i.pilot_id = p.id
                  and i.retirement_reason is null";
    let incomplete = relations::first_of(
        &indicator,
        "i",
        &format!("{in_use} and (i.baseline is null or i.target is null)"),
    );
    let unmeasured = relations::first_of(&indicator, "i", &format!("{in_use} and not {is_measured}"));
    let (sector, policy, owner) = (sector("p"), policy("p"), owner("p"));
    let query = diesel::sql_query(format!(
        "select p.*, {sector}, {policy}, {owner}, s.state as pilots_state, m.state as migration_state, l.state as later_pilots_state,
                x.state in ('selected', 'studied') as sector_selected,
                coalesce(i.complete, false) as has_indicator, coalesce(i.measured, false) as measured,
                exists (select from migrations g where g.task_force_id = p.task_force_id and g.pilot_id = p.id
                        and g.state <> 'rolledBack') as is_migrated,
                local_date(p.started_at, t.time_zone) as started_on,
                (select count(*) from evaluations v where v.task_force_id = p.task_force_id and v.pilot_id = p.id
                 and v.run = p.run) as evaluations_of_run,
                {migrations} as migrations, {incomplete} as incomplete_indicators,
                {unmeasured} as unmeasured_indicators
         from pilots p
         join task_forces t on t.id = p.task_force_id
         join steps s on s.task_force_id = p.task_force_id and s.cycle = p.last_cycle and s.step = 'pilots'
         join steps m on m.task_force_id = p.task_force_id and m.cycle = p.last_cycle and m.step = 'migration'
         left join steps l on l.task_force_id = p.task_force_id and l.cycle = t.current_cycle
                          and l.cycle > p.last_cycle and l.step = 'pilots'
         join sectors x on x.task_force_id = p.task_force_id and x.id = p.sector_id
         left join lateral (
             select bool_or(i.baseline is not null and i.target is not null) as complete,
                    bool_and({is_measured}) as measured
             from {in_use}
         ) i on true
         where p.task_force_id = $1 and p.id = $2"
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(id);
    Prepared(query).get_result(&mut &*conn).await.optional()
}
