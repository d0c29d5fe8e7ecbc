//! What was measured of the indicators of pilots.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::page::Page;
use super::resource::{inserted, stored};
use super::schema::measurements;
use crate::domain::decimal::Decimal;

/// What of a measurement can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = measurements, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct MeasurementFields {
    /// What was measured.
    pub value: Decimal,
    /// The day of it.
    pub measured_on: NaiveDate,
    /// Where the value comes from.
    pub source: Option<String>,
}

/// A measurement as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = measurements, check_for_backend(diesel::pg::Pg))]
pub struct Measurement {
    /// Its id.
    pub id: Uuid,
    /// The pilot.
    pub pilot_id: Uuid,
    /// The indicator.
    pub indicator_id: Uuid,
    /// The cycle in which it was measured.
    pub cycle: i32,
    /// What of it can be changed.
    #[diesel(embed)]
    pub fields: MeasurementFields,
    /// Counts changes of its own fields.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

stored!(measurements: MeasurementFields);

/// Inserts one of a pilot's indicator, measured in this cycle.
pub async fn insert(
    conn: &Conn,
    task_force_id: Uuid,
    (pilot_id, indicator_id): (Uuid, Uuid),
    cycle: i32,
    fields: &MeasurementFields,
    now: DateTime<Utc>,
) -> QueryResult<Uuid> {
    inserted!(conn, measurements, task_force_id, fields, now, {
        pilot_id: pilot_id,
        indicator_id: indicator_id,
        cycle: cycle
    })
}

/// Finds one of a pilot's indicator.
pub async fn find(
    conn: &Conn,
    task_force_id: Uuid,
    (pilot_id, indicator_id): (Uuid, Uuid),
    id: Uuid,
) -> QueryResult<Option<Measurement>> {
    measurements::table
        .find((task_force_id, id))
        .filter(measurements::pilot_id.eq(pilot_id))
        .filter(measurements::indicator_id.eq(indicator_id))
        .select(Measurement::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// A page of the measurements of a pilot's indicator, oldest first.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    (pilot_id, indicator_id): (Uuid, Uuid),
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Page<Measurement>> {
    let mut query = measurements::table
        .filter(measurements::task_force_id.eq(task_force_id))
        .filter(measurements::pilot_id.eq(pilot_id))
        .filter(measurements::indicator_id.eq(indicator_id))
        .order(measurements::id)
        .limit(limit + 1)
        .select(Measurement::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(measurements::id.gt(after));
    }
    Ok(Page::of(query.load(&mut &*conn).await?, limit))
}
