//! The measured values of a pilot's indicators.
//!
//! [`child_queries!`](super::resource) makes `measurements::insert`, `measurements::update`,
//! `measurements::find`, `measurements::list` and `measurements::delete`.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::resource::child_queries;
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

child_queries! {
    table: measurements,
    row: Measurement,
    fields: MeasurementFields,
    parent: (pilot_id, indicator_id),
    parent_type: (Uuid, Uuid),
    parent_columns: [pilot_id, indicator_id],
    insert_with: (cycle: i32),
}
