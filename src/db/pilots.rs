//! Pilots: planned in one step, run and evaluated in the next.
//!
//! [`resource_queries!`](super::resource) makes `pilots::insert`, `pilots::update`, `pilots::is_there`,
//! `pilots::list` and `pilots::delete`.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::resource::resource_queries;
use super::schema::{pilots, policies, sectors};
use super::statement::Prepared;
use crate::domain::pilot::{PilotFacts, PilotOutcome, PilotState};
use crate::domain::scales::Aim;
use crate::domain::step::StepState;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;

/// What of a pilot can be changed.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, QueryableByName, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = pilots, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct PilotFields {
    /// What it is called.
    pub title: LocalizedText,
    /// The sector it makes smarter.
    pub sector_id: Uuid,
    /// The policy it follows.
    pub policy_id: Option<Uuid>,
    /// The member who answers for it.
    pub owner_member_id: Uuid,
    /// The aims it serves.
    pub aims: Vec<Aim>,
    /// What it is expected to show.
    pub hypothesis: Option<String>,
    /// Its first day.
    pub start_date: NaiveDate,
    /// Its last day.
    pub end_date: NaiveDate,
}

/// A pilot as it is stored.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = pilots, check_for_backend(diesel::pg::Pg))]
pub struct Pilot {
    /// Its id.
    pub id: Uuid,
    /// The cycle it was made in.
    pub cycle: i32,
    /// The last cycle it counts in.
    pub last_cycle: i32,
    #[diesel(embed)]
    pub fields: PilotFields,
    /// What its evaluation said should become of it.
    pub outcome: Option<PilotOutcome>,
    /// What was learned from it.
    pub lessons: Option<LocalizedText>,
    /// Its state.
    pub state: PilotState,
    /// Why it has that state.
    pub state_reason: Option<LocalizedText>,
    /// Since when.
    pub state_since: DateTime<Utc>,
    /// Counts changes of its own fields.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A pilot, and what its transitions depend on.
#[derive(Debug, Clone, QueryableByName)]
pub struct PilotDetail {
    /// The pilot.
    #[diesel(embed)]
    pub pilot: Pilot,
    /// State of the step `pilots` of its last cycle.
    #[diesel(sql_type = Text)]
    pub pilots_state: StepState,
    /// State of the step `migration` of its last cycle.
    #[diesel(sql_type = Text)]
    pub migration_state: StepState,
    /// State of the step `pilots` of the present cycle, where that is a later one.
    #[diesel(sql_type = Nullable<Text>)]
    pub later_pilots_state: Option<StepState>,
    /// Whether its sector is selected.
    #[diesel(sql_type = Bool)]
    pub sector_selected: bool,
    /// Whether it has an indicator with baseline and target.
    #[diesel(sql_type = Bool)]
    pub has_indicator: bool,
    /// Whether it has indicators, and each was measured in its last cycle.
    #[diesel(sql_type = Bool)]
    pub measured: bool,
}

impl PilotDetail {
    /// What its transitions depend on.
    pub fn facts(&self, task_force: TaskForceState) -> PilotFacts {
        PilotFacts {
            task_force,
            pilots: self.pilots_state,
            migration: self.migration_state,
            pilots_of_a_later_cycle: self.later_pilots_state,
            sector_selected: self.sector_selected,
            has_aim: !self.pilot.fields.aims.is_empty(),
            has_indicator: self.has_indicator,
            measured: self.measured,
            outcome: self.pilot.outcome,
        }
    }
}

/// What a list of pilots is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct PilotFilter {
    /// Only what counts in this cycle; the present one if not said.
    pub cycle: Option<i32>,
    /// Only in one of these states.
    pub states: Vec<PilotState>,
    /// Only those whose text holds this, folded.
    pub q: Option<String>,
    /// Only in this sector.
    pub sector_id: Option<Uuid>,
    /// Only those of this member.
    pub owner_member_id: Option<Uuid>,
}

/// Where a pilot stands: its state, and what comes and goes with it.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = pilots, treat_none_as_null = true)]
pub struct PilotStateUpdate<'a> {
    /// Its state.
    pub state: PilotState,
    /// Why it has that state.
    pub state_reason: Option<&'a LocalizedText>,
    /// What its evaluation says.
    pub outcome: Option<PilotOutcome>,
    /// What was learned from it.
    pub lessons: Option<&'a LocalizedText>,
    /// The last cycle it counts in.
    pub last_cycle: i32,
}

resource_queries! {
    table: pilots,
    row: Pilot,
    fields: PilotFields,
    filter: PilotFilter,
    narrowed_by: { sector_id: sector_id, owner_member_id: owner_member_id },
}

/// Moves one to where it then stands.
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

/// Whether there are the sector and the policy that a pilot names; a policy that it doesn't name is not missed.
pub async fn named_are_there(
    conn: &Conn,
    task_force_id: Uuid,
    fields: &PilotFields,
) -> QueryResult<(bool, bool)> {
    let policy = policies::table
        .filter(policies::task_force_id.eq(task_force_id))
        .filter(policies::id.nullable().eq(fields.policy_id));
    let (sector, policy): (bool, bool) =
        diesel::select((exists(sectors::table.find((task_force_id, fields.sector_id))), exists(policy)))
            .get_result(&mut &*conn)
            .await?;
    Ok((sector, policy || fields.policy_id.is_none()))
}

/// Finds a pilot.
pub async fn find(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<PilotDetail>> {
    let query = diesel::sql_query(
        "select p.*, s.state as pilots_state, m.state as migration_state, l.state as later_pilots_state,
                x.state in ('selected', 'studied') as sector_selected,
                coalesce(i.complete, false) as has_indicator, coalesce(i.measured, false) as measured
         from pilots p
         join task_forces t on t.id = p.task_force_id
         join steps s on s.task_force_id = p.task_force_id and s.cycle = p.last_cycle and s.step = 'pilots'
         join steps m on m.task_force_id = p.task_force_id and m.cycle = p.last_cycle and m.step = 'migration'
         left join steps l on l.task_force_id = p.task_force_id and l.cycle = t.current_cycle
                          and l.cycle > p.last_cycle and l.step = 'pilots'
         join sectors x on x.task_force_id = p.task_force_id and x.id = p.sector_id
         left join lateral (
             select bool_or(i.baseline is not null and i.target is not null) as complete,
                    bool_and(exists (select from measurements v where v.task_force_id = i.task_force_id
                                     and v.indicator_id = i.id and v.cycle = p.last_cycle)) as measured
             from indicators i where i.task_force_id = p.task_force_id and i.pilot_id = p.id
         ) i on true
         where p.task_force_id = $1 and p.id = $2",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(id);
    Prepared(query).get_result(&mut &*conn).await.optional()
}
