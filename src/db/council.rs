//! The council's view of all task forces: the reports and the conditions of each.
//!
//! A list that is narrowed by states reads a page from each state and merges the pages, so that an index gives the rows
//! of every page in order, whatever the states and however many rows there are.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::conditions::Condition;
use super::page::{Page, Total, Window};
use super::relations;
use super::reports::Report;
use super::statement::{Prepared, columns};
use crate::domain::decision::ConditionState;
use crate::domain::event::SubjectKind;
use crate::domain::reference::Reference;
use crate::domain::report::ReportState;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

/// The task force of a row.
#[derive(Debug, Clone, QueryableByName)]
pub struct TaskForce {
    #[diesel(sql_type = SqlUuid)]
    pub task_force_id: Uuid,
    #[diesel(sql_type = Jsonb)]
    pub task_force_name: LocalizedText,
    #[diesel(sql_type = Jsonb)]
    pub city: LocalizedText,
}

/// The columns of [`TaskForce`], read from `task_forces t`.
const TASK_FORCE: &str = "t.id as task_force_id, t.name as task_force_name, t.city";

/// A report in the list of all reports.
#[derive(Debug, Clone, QueryableByName)]
pub struct RegisteredReport {
    #[diesel(embed)]
    pub report: Report,
    #[diesel(embed)]
    pub task_force: TaskForce,
    /// The day on which the council meets next about the task force.
    #[diesel(sql_type = Nullable<Date>)]
    pub next_council_date: Option<NaiveDate>,
    /// The report waits for the council's decision.
    #[diesel(sql_type = Bool)]
    pub waits: bool,
    /// The decision on the report that holds.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub decision: Option<Reference>,
}

/// Narrows the list of all reports.
#[derive(Debug, Clone, Default)]
pub struct ReportFilter {
    /// Only reports in one of these states; in any state if there is none.
    pub states: Vec<ReportState>,
    /// Only reports that wait for the council's decision, or only the others.
    pub before_council: Option<bool>,
}

impl ReportFilter {
    /// The states of reports that can be in the list.
    fn states(&self) -> Vec<ReportState> {
        let waits = self.before_council == Some(true);
        let asked = if self.states.is_empty() { ReportState::ALL } else { &self.states };
        ReportState::ALL
            .iter()
            .copied()
            .filter(|state| asked.contains(state) && (!waits || *state == ReportState::Submitted))
            .collect()
    }
}

/// The order of the list of all reports, with the key of the row after which a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportOrder {
    /// The latest first.
    CreatedAt(Option<(DateTime<Utc>, Uuid)>),
    /// The longest submitted first; those that were never submitted come last.
    SubmittedAt(Option<(Option<DateTime<Utc>>, Uuid)>),
}

/// The report `reports` waits for the council: the council decides nothing about a task force that is closed already.
/// Postgres might answer an `exists` for all task forces at once, and looks one task force up for this form.
const WAITS: &str = "(reports.state = 'submitted' and (
    select f.state in ('active', 'suspended') from task_forces f where f.id = reports.task_force_id))";

/// A page of the reports of all task forces.
pub async fn reports(
    conn: &Conn,
    filter: &ReportFilter,
    order: ReportOrder,
    window: Window,
) -> QueryResult<Page<RegisteredReport>> {
    let states = filter.states();
    let (key, direction, compared) = match order {
        ReportOrder::CreatedAt(_) => ("reports.created_at", "desc", "<"),
        ReportOrder::SubmittedAt(_) => ("coalesce(reports.submitted_at, 'infinity')", "asc", ">"),
    };
    // One comparison serves the first page, too: it begins after all times, or before all.
    let (at, id) = match order {
        ReportOrder::CreatedAt(after) => after.map_or((None, Uuid::nil()), |(at, id)| (Some(at), id)),
        ReportOrder::SubmittedAt(after) => after.unwrap_or((Some(DateTime::UNIX_EPOCH), Uuid::nil())),
    };
    let columns = columns::<Report>()?;
    let decision = relations::object(SubjectKind::Decision, "d", "'number', d.number");
    let query = diesel::sql_query(format!(
        "select {columns}, {TASK_FORCE}, t.next_council_date, {WAITS} as waits,
                (select {decision} from decisions d
                 where d.task_force_id = reports.task_force_id and d.report_id = reports.id
                   and not exists (select from decisions later
                                   where later.task_force_id = d.task_force_id and later.supersedes_id = d.id)
                ) as decision
         from unnest($1) asked (state)
         cross join lateral (
             select * from reports
             where reports.state = asked.state and ($2 is null or $2 = {WAITS})
               and ({key}, reports.id) {compared} (coalesce($3, 'infinity'), $4)
             order by {key} {direction}, reports.id {direction} limit $5
         ) reports
         join task_forces t on t.id = reports.task_force_id
         order by {key} {direction}, reports.id {direction} limit $5"
    ))
    .bind::<Array<Text>, _>(&states)
    .bind::<Nullable<Bool>, _>(filter.before_council)
    .bind::<Nullable<Timestamptz>, _>(at)
    .bind::<SqlUuid, _>(id)
    .bind::<BigInt, _>(window.rows());
    let total = async {
        let query = diesel::sql_query(format!(
            "select count(*) as total from reports where state = any($1) and ($2 is null or $2 = {WAITS})"
        ))
        .bind::<Array<Text>, _>(&states)
        .bind::<Nullable<Bool>, _>(filter.before_council);
        let found: Total = Prepared(query).get_result(&mut &*conn).await?;
        Ok(found.total)
    };
    window.page(async { Prepared(query).load(&mut &*conn).await }, total).await
}

/// A condition in the list of all conditions.
#[derive(Debug, Clone, QueryableByName)]
pub struct RegisteredCondition {
    #[diesel(embed)]
    pub condition: Condition,
    #[diesel(embed)]
    pub task_force: TaskForce,
    /// The current day in the task force's time zone.
    #[diesel(sql_type = Date)]
    pub today: NaiveDate,
}

/// Narrows the list of all conditions.
#[derive(Debug, Clone, Default)]
pub struct ConditionFilter {
    /// Only conditions in one of these states; in any state if there is none.
    pub states: Vec<ConditionState>,
    /// Only conditions that are open and past their due date, or only the others.
    pub overdue: Option<bool>,
}

impl ConditionFilter {
    /// The states of conditions that can be in the list.
    fn states(&self) -> Vec<ConditionState> {
        let overdue = self.overdue == Some(true);
        let asked = if self.states.is_empty() { ConditionState::ALL } else { &self.states };
        ConditionState::ALL
            .iter()
            .copied()
            .filter(|state| asked.contains(state) && (!overdue || *state == ConditionState::Open))
            .collect()
    }
}

/// The order of the list of all conditions, which goes by due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueOrder {
    EarliestFirst,
    LatestFirst,
}

/// The condition `conditions` is overdue at the instant `$3`. Days of different time zones are at most one day before or
/// after the day in UTC.
const OVERDUE: &str = "(conditions.state = 'open' and conditions.due_date <= $4
    and conditions.due_date < (select local_date($3, f.time_zone) from task_forces f
                               where f.id = conditions.task_force_id))";

/// A page of the conditions of all task forces; `after` is the key of the last one on the page before.
pub async fn conditions(
    conn: &Conn,
    filter: &ConditionFilter,
    order: DueOrder,
    after: Option<(NaiveDate, Uuid)>,
    now: DateTime<Utc>,
    window: Window,
) -> QueryResult<Page<RegisteredCondition>> {
    let states = filter.states();
    let (direction, compared, first) = match order {
        DueOrder::EarliestFirst => ("asc", ">", "-infinity"),
        DueOrder::LatestFirst => ("desc", "<", "infinity"),
    };
    let (day, id) = after.map_or((None, Uuid::nil()), |(day, id)| (Some(day), id));
    let columns = columns::<Condition>()?;
    // An open condition outside of these days is overdue, or not, whatever its time zone: no page reads past them.
    let within = "conditions.due_date >= case when asked.state = 'open' and not $2 then $4 - 1 else date '-infinity' end
               and conditions.due_date <= case when asked.state = 'open' and $2 then $4 else date 'infinity' end";
    let query = diesel::sql_query(format!(
        "select {columns}, {TASK_FORCE}, local_date($3, t.time_zone) as today
         from unnest($1) asked (state)
         cross join lateral (
             select * from conditions
             where conditions.state = asked.state and {within} and ($2 is null or $2 = {OVERDUE})
               and (due_date, id) {compared} (coalesce($5, date '{first}'), $6)
             order by due_date {direction}, id {direction} limit $7
         ) conditions
         join task_forces t on t.id = conditions.task_force_id
         order by conditions.due_date {direction}, conditions.id {direction} limit $7"
    ))
    .bind::<Array<Text>, _>(&states)
    .bind::<Nullable<Bool>, _>(filter.overdue)
    .bind::<Timestamptz, _>(now)
    .bind::<Date, _>(now.date_naive())
    .bind::<Nullable<Date>, _>(day)
    .bind::<SqlUuid, _>(id)
    .bind::<BigInt, _>(window.rows());
    let total = async {
        let query = diesel::sql_query(format!(
            "select count(*) as total from conditions where state = any($1) and ($2 is null or $2 = {OVERDUE})"
        ))
        .bind::<Array<Text>, _>(&states)
        .bind::<Nullable<Bool>, _>(filter.overdue)
        .bind::<Timestamptz, _>(now)
        .bind::<Date, _>(now.date_naive());
        let found: Total = Prepared(query).get_result(&mut &*conn).await?;
        Ok(found.total)
    };
    window.page(async { Prepared(query).load(&mut &*conn).await }, total).await
}
