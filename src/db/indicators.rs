//! The indicators of a pilot: baseline and target of what the pilot should improve.
//!
//! [`child_queries!`](super::resource) makes `indicators::insert`, `indicators::update`,
//! `indicators::find`, `indicators::list` and `indicators::delete`.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Date, Jsonb, Nullable, Numeric, Text};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::cycles::Cycles;
use super::relations::{self, Column, column};
use super::resource::{ChildRow, child_queries};
use super::schema::{indicators, pilots, task_forces};
use crate::domain::decimal::Decimal;
use crate::domain::event::SubjectKind;
use crate::domain::pilot::IndicatorDirection;
use crate::domain::reference::Reference;
use crate::domain::text::LocalizedText;

/// The changeable fields of an indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = indicators, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct IndicatorFields {
    /// The measured quantity.
    pub name: LocalizedText,
    /// The unit of measurement.
    pub unit: String,
    /// The direction of improvement.
    pub direction: IndicatorDirection,
    /// The value before the pilot.
    pub baseline: Option<Decimal>,
    /// The value to be reached.
    pub target: Option<Decimal>,
    /// The reason why the indicator is no longer measured; `None` while it is in use.
    pub retirement_reason: Option<LocalizedText>,
}

/// An indicator as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = indicators, check_for_backend(diesel::pg::Pg))]
pub struct Indicator {
    pub id: Uuid,
    pub pilot_id: Uuid,
    #[diesel(embed)]
    pub fields: IndicatorFields,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

child_queries! {
    table: indicators,
    row: Indicator,
    fields: IndicatorFields,
    parent: pilot_id,
    parent_type: Uuid,
    parent_columns: [pilot_id],
    implements: ChildRow,
    counted_if: indicators::retirement_reason.is_null(),
}

/// Returns whether the pilot has this indicator.
pub async fn exists(conn: &Conn, task_force_id: Uuid, pilot_id: Uuid, id: Uuid) -> QueryResult<bool> {
    let indicator = indicators::table.find((task_force_id, id)).filter(indicators::pilot_id.eq(pilot_id));
    diesel::select(diesel::dsl::exists(indicator)).get_result(&mut &*conn).await
}

/// An indicator with its pilot, and with the latest measurement in the present run of the pilot.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = indicators, check_for_backend(diesel::pg::Pg))]
pub struct MeasuredIndicator {
    #[diesel(embed)]
    pub indicator: Indicator,
    #[diesel(select_expression = pilot(), select_expression_type = Column<Jsonb>)]
    pub pilot: Reference,
    #[diesel(select_expression = latest("value"), select_expression_type = Column<Nullable<Numeric>>)]
    pub value: Option<Decimal>,
    #[diesel(select_expression = latest("measured_on"), select_expression_type = Column<Nullable<Date>>)]
    pub measured_on: Option<NaiveDate>,
    #[diesel(select_expression = latest("source"), select_expression_type = Column<Nullable<Text>>)]
    pub source: Option<String>,
}

fn pilot() -> Column<Jsonb> {
    let [task_force_id, id] = ["indicators.task_force_id", "indicators.pilot_id"];
    column("pilot", &relations::resource(SubjectKind::Pilot, task_force_id, id))
}

/// A column of the latest measurement in the present run.
fn latest<ST>(name: &str) -> Column<ST> {
    column(
        &format!("latest_{name}"),
        &format!(
            "(select v.{name} from measurements v
              join pilots p on p.task_force_id = v.task_force_id and p.id = v.pilot_id and p.run = v.run
              where v.task_force_id = indicators.task_force_id and v.indicator_id = indicators.id
              order by v.measured_on desc, v.id desc limit 1)"
        ),
    )
}

/// The ids of the indicators of all pilots that count in these cycles, pilot by pilot.
pub async fn ids(conn: &Conn, task_force_id: Uuid, cycles: Cycles) -> QueryResult<Vec<Uuid>> {
    let of_pilot =
        indicators::task_force_id.eq(pilots::task_force_id).and(indicators::pilot_id.eq(pilots::id));
    let query = indicators::table
        .inner_join(pilots::table.on(of_pilot))
        .filter(indicators::task_force_id.eq(task_force_id))
        .order((pilots::id, indicators::id))
        .select(indicators::id);
    match cycles {
        Cycles::All => query.load(&mut &*conn).await,
        Cycles::One(cycle) => {
            let counts = pilots::cycle.le(cycle).and(pilots::last_cycle.ge(cycle));
            query.filter(counts).load(&mut &*conn).await
        }
        Cycles::Current => {
            let current =
                task_forces::table.find(task_force_id).select(task_forces::current_cycle).single_value();
            query.filter(pilots::last_cycle.nullable().eq(current)).load(&mut &*conn).await
        }
    }
}

/// The indicators with these ids, in no order.
pub async fn with_ids(conn: &Conn, task_force_id: Uuid, ids: &[Uuid]) -> QueryResult<Vec<MeasuredIndicator>> {
    indicators::table
        .filter(indicators::task_force_id.eq(task_force_id))
        .filter(indicators::id.eq_any(ids))
        .select(MeasuredIndicator::as_select())
        .load(&mut &*conn)
        .await
}
