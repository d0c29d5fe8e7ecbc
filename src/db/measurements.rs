//! The measured values of a pilot's indicators.
//!
//! [`child_queries!`](super::resource) makes `measurements::insert`, `measurements::update`,
//! `measurements::find`, `measurements::list` and `measurements::delete`.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::resource::child_queries;
use super::schema::measurements;
use crate::domain::decimal::Decimal;

/// The changeable fields of a measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = measurements, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct MeasurementFields {
    /// The measured value.
    pub value: Decimal,
    /// The day of the measurement.
    pub measured_on: NaiveDate,
    /// The source of the value.
    pub source: Option<String>,
}

/// A measurement as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = measurements, check_for_backend(diesel::pg::Pg))]
pub struct Measurement {
    pub id: Uuid,
    pub pilot_id: Uuid,
    pub indicator_id: Uuid,
    /// The cycle of the measurement.
    pub cycle: i32,
    /// The run of the pilot in which the value was measured.
    pub run: i32,
    #[diesel(embed)]
    pub fields: MeasurementFields,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

child_queries! {
    table: measurements,
    row: Measurement,
    fields: MeasurementFields,
    parent: (pilot_id, indicator_id),
    parent_type: (Uuid, Uuid),
    parent_columns: [pilot_id, indicator_id],
    insert_with: (cycle: i32, run: i32),
}

/// The number of measurements of an indicator in a run.
pub async fn count(conn: &Conn, task_force_id: Uuid, indicator_id: Uuid, run: i32) -> QueryResult<i64> {
    measurements::table
        .filter(measurements::task_force_id.eq(task_force_id))
        .filter(measurements::indicator_id.eq(indicator_id))
        .filter(measurements::run.eq(run))
        .count()
        .get_result(&mut &*conn)
        .await
}

/// Returns whether an indicator was ever measured.
pub async fn has_any(conn: &Conn, task_force_id: Uuid, indicator_id: Uuid) -> QueryResult<bool> {
    let of_indicator = measurements::table
        .filter(measurements::task_force_id.eq(task_force_id))
        .filter(measurements::indicator_id.eq(indicator_id));
    diesel::select(diesel::dsl::exists(of_indicator)).get_result(&mut &*conn).await
}
