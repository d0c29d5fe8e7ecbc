//! All task forces by the attention that they need, for the page of the portfolio.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Int4, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

use super::Conn;
use super::relations::sort_key;
use super::statement::Prepared;
use super::status::{BEFORE_COUNCIL, COUNTS, LATEST_HEALTH, OVERDUE, STEP_AT_WORK};
use crate::domain::step::StepName;
use crate::domain::task_force::{HealthRating, TaskForceState};
use crate::domain::text::{Language, LocalizedText};

/// A task force. Days are those of its time zone.
#[derive(Debug, Clone, QueryableByName)]
pub struct AttentionRow {
    #[diesel(sql_type = Jsonb)]
    pub name: LocalizedText,
    #[diesel(sql_type = Jsonb)]
    pub city: LocalizedText,
    #[diesel(sql_type = Text)]
    pub state: TaskForceState,
    /// The latest stated health.
    #[diesel(sql_type = Nullable<Text>)]
    pub health: Option<HealthRating>,
    /// The step that is open or submitted.
    #[diesel(sql_type = Nullable<Text>)]
    pub step: Option<StepName>,
    #[diesel(sql_type = Nullable<Date>)]
    pub step_target_date: Option<NaiveDate>,
    /// True if the target date has passed.
    #[diesel(sql_type = Bool)]
    pub is_step_late: bool,
    /// The report before the council.
    #[diesel(sql_type = Nullable<Int4>)]
    pub report_number: Option<i32>,
    #[diesel(sql_type = Nullable<Date>)]
    pub submitted_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    pub next_council_date: Option<NaiveDate>,
    /// Open activities of the current cycle that are overdue or blocked.
    #[diesel(sql_type = BigInt)]
    pub overdue: i64,
    #[diesel(sql_type = BigInt)]
    pub blocked: i64,
}

/// The task forces that need attention most: those with a report before the council, those that say that they are off
/// track or at risk, those with overdue or blocked work; those that are closed come last. In one order, all names are in
/// the order of a language.
pub async fn most(
    conn: &Conn,
    language: Language,
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<AttentionRow>> {
    let query = diesel::sql_query(format!(
        "select t.name, t.city, t.state, h.health, s.step, s.target_date as step_target_date,
                coalesce(s.target_date < local_date($1, t.time_zone), false) as is_step_late,
                b.number as report_number, local_date(b.submitted_at, t.time_zone) as submitted_on,
                t.next_council_date, {OVERDUE}::bigint as overdue, a.blocked::bigint as blocked
         from task_forces t
         left join lateral (select health {LATEST_HEALTH}) h on true
         left join lateral (select step, target_date {STEP_AT_WORK}) s on true
         left join lateral (select number, submitted_at {BEFORE_COUNCIL}) b on true
         cross join lateral (select blocked, due_dates {COUNTS}) a
         order by b.number is null, t.state in ('concluded', 'dissolved'),
                  case h.health when 'offTrack' then 1 when 'atRisk' then 2 else 3 end,
                  {OVERDUE} desc, a.blocked desc, {name}, t.id
         limit $2",
        name = sort_key("t.name", language),
    ))
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(limit);
    Prepared(query).load(&mut &*conn).await
}
