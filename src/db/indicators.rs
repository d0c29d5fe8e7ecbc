//! The indicators of a pilot: baseline and target of what the pilot should improve.
//!
//! [`child_queries!`](super::resource) makes `indicators::insert`, `indicators::update`,
//! `indicators::find`, `indicators::list` and `indicators::delete`.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::resource::{ChildRow, child_queries};
use super::schema::indicators;
use crate::domain::decimal::Decimal;
use crate::domain::pilot::IndicatorDirection;
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
    /// Why the indicator is no longer measured; `None` while it is in use.
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
}

/// Returns whether the pilot has this indicator.
pub async fn exists(conn: &Conn, task_force_id: Uuid, pilot_id: Uuid, id: Uuid) -> QueryResult<bool> {
    let indicator = indicators::table.find((task_force_id, id)).filter(indicators::pilot_id.eq(pilot_id));
    diesel::select(diesel::dsl::exists(indicator)).get_result(&mut &*conn).await
}
