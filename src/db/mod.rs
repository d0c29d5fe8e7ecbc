//! The floor of the database: everything that speaks SQL. Rows and queries share one file for each resource; the schema,
//! the pool, the migrations and the private cluster have files of their own. Nothing here knows HTTP or checks rights.
//!
//! A query takes the connection by shared reference. Therefore several queries can be pipelined on one connection
//! (`tokio::join!`), and reach Postgres in one round trip.

pub mod access;
pub mod activities;
pub mod activity_assignees;
pub mod adjustments;
pub mod api_keys;
pub mod archive;
pub mod assessments;
pub mod attention;
pub mod calendar;
pub mod checklist_items;
pub mod cluster;
pub mod comments;
pub mod conditions;
pub mod council;
pub mod cycles;
pub mod decisions;
pub mod emails;
pub mod evaluations;
pub mod events;
pub mod evidence;
pub mod feed;
pub mod gates;
pub mod grants;
pub mod health_statements;
pub mod housekeeping;
pub mod idempotency;
pub mod identities;
pub mod indicators;
pub mod me;
pub mod measurements;
pub mod members;
pub mod migrations;
pub mod needed;
pub mod notifications;
pub mod page;
pub mod page_links;
pub mod password_resets;
pub mod pilots;
pub mod policies;
pub mod pool;
pub mod references;
pub mod refused_attempts;
pub mod relations;
pub mod reminders;
pub mod report_data;
pub mod report_files;
pub mod reports;
pub mod resource;
pub mod restore;
pub mod sectors;
pub mod studies;
#[rustfmt::skip]
mod schema;
pub mod schema_migrations;
pub mod sessions;
pub mod share_links;
pub(crate) mod statement;
pub mod status;
pub mod status_details;
pub mod steps;
pub mod submissions;
pub mod task_forces;
pub mod tls;
mod types;
pub mod users;
pub mod wakeups;
pub mod webhooks;

pub use diesel::result::{Error as QueryError, QueryResult};
pub use diesel_async::AsyncPgConnection as Conn;

mod functions {
    //! SQL functions of the migrations.
    use diesel::dsl::{SingleValue, select};
    use diesel::query_dsl::methods::SingleValueDsl as _;
    use diesel::sql_types::{Nullable, Text, Timestamptz};

    #[diesel::declare_sql_function]
    extern "SQL" {
        /// The LIKE pattern for texts that contain this one, folded.
        fn holding(value: Text) -> Nullable<Text>;
        /// The number that a search text consists of.
        fn number_in(value: Text) -> Nullable<diesel::sql_types::Integer>;
        /// A due date as lists sort it: rows without one come last.
        fn due_or_never(due: Nullable<diesel::sql_types::Date>) -> diesel::sql_types::Date;
        /// The day of an instant in a time zone; the day of UTC if Postgres does not know the zone.
        fn local_date(at: Timestamptz, zone: Text) -> diesel::sql_types::Date;
    }

    /// The pattern of a search text, null if nothing is left of it when it is folded, to which lists compare the column `search`. The subquery folds the text once for
    /// each statement; a plain call would fold the text again for each row.
    pub(crate) fn pattern(q: &str) -> SingleValue<select<holding<&str>>> {
        diesel::select(holding(q)).single_value()
    }

    /// The number that a search text consists of, read once for each statement.
    pub(crate) fn number(q: &str) -> SingleValue<select<number_in<&str>>> {
        diesel::select(number_in(q)).single_value()
    }
}
