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
use super::resource::child_queries;
use super::schema::indicators;
use crate::domain::decimal::Decimal;
use crate::domain::pilot::Direction;
use crate::domain::text::LocalizedText;

/// What of an indicator can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = indicators, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct IndicatorFields {
    /// What is measured.
    pub name: LocalizedText,
    /// In what it is measured.
    pub unit: String,
    /// Which way it shall go.
    pub direction: Direction,
    /// What it was before the pilot.
    pub baseline: Option<Decimal>,
    /// What it shall be.
    pub target: Option<Decimal>,
}

/// An indicator as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = indicators, check_for_backend(diesel::pg::Pg))]
pub struct Indicator {
    /// Its id.
    pub id: Uuid,
    /// The pilot.
    pub pilot_id: Uuid,
    /// What of it can be changed.
    #[diesel(embed)]
    pub fields: IndicatorFields,
    /// Counts changes of its own fields.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

child_queries! {
    table: indicators,
    row: Indicator,
    fields: IndicatorFields,
    parent: pilot_id,
    parent_type: Uuid,
    parent_columns: [pilot_id],
}

/// Whether a pilot has one with this id.
pub async fn is_there(conn: &Conn, task_force_id: Uuid, pilot_id: Uuid, id: Uuid) -> QueryResult<bool> {
    let indicator = indicators::table.find((task_force_id, id)).filter(indicators::pilot_id.eq(pilot_id));
    diesel::select(diesel::dsl::exists(indicator)).get_result(&mut &*conn).await
}
