//! The status of a task force, and the portfolio of all task forces.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Int4, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{NameOrder, Page, Window};
use super::relations::{self, sort_key};
use super::reports::BeforeCouncil;
use super::statement::Prepared;
use crate::domain::event::SubjectKind;
use crate::domain::reference::Reference;
use crate::domain::step::{StepName, StepState};
use crate::domain::task_force::{HealthRating, TaskForceState};
use crate::domain::text::LocalizedText;

/// The summary of a task force.
#[derive(Debug, Clone, QueryableByName)]
pub struct Summary {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Jsonb)]
    pub name: LocalizedText,
    #[diesel(sql_type = Text)]
    pub state: TaskForceState,
    #[diesel(sql_type = Int4)]
    pub cycle: i32,
    #[diesel(sql_type = Nullable<Date>)]
    pub next_council_date: Option<NaiveDate>,
    /// The last change in the task force.
    #[diesel(sql_type = Timestamptz)]
    pub changed_at: DateTime<Utc>,
    /// Sequence number of the last event.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// The latest stated health.
    #[diesel(sql_type = Nullable<Text>)]
    pub health: Option<HealthRating>,
    /// The instant of the health statement.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub health_stated_at: Option<DateTime<Utc>>,
    /// The report that waits for the council's decision.
    #[diesel(embed)]
    pub before_council: BeforeCouncilColumns,
}

/// The columns of a report before the council, all null if there is none.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct BeforeCouncilColumns {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    before_council_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Int4>)]
    before_council_number: Option<i32>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    before_council_since: Option<DateTime<Utc>>,
}

impl BeforeCouncilColumns {
    /// The report, if there is one.
    pub fn report(self) -> Option<BeforeCouncil> {
        Some(BeforeCouncil {
            report_id: self.before_council_id?,
            report_number: self.before_council_number?,
            since: self.before_council_since?,
        })
    }
}

/// [`BeforeCouncilColumns`], read from [`BEFORE_COUNCIL`].
const BEFORE_COUNCIL_COLUMNS: &str =
    "b.id as before_council_id, b.number as before_council_number, b.submitted_at as before_council_since";

/// The report of the task force `t` that is before the council. The council decides nothing about a task force that is
/// closed already. The limit makes Postgres look the report up by its index, as in [`COUNTS`].
pub(super) const BEFORE_COUNCIL: &str = "from reports
    where task_force_id = t.id and state = 'submitted' and t.state in ('active', 'suspended') limit 1";

/// The latest health statement of the task force `t`.
pub(super) const LATEST_HEALTH: &str =
    "from health_statements where task_force_id = t.id order by id desc limit 1";

/// The step of the task force `t` that is open or submitted.
pub(super) const STEP_AT_WORK: &str = "from steps
    where task_force_id = t.id and cycle = t.current_cycle and state in ('open', 'submitted')
    order by ordinal limit 1";

/// The counts of open activities of the task force `t`. The limit makes Postgres look the counts up by their key: it
/// cannot estimate how many task forces match a filter, and might scan the whole table for each of them.
pub(super) const COUNTS: &str = "from open_activity_counts where task_force_id = t.id limit 1";

/// The number of open activities that are overdue at the instant `$1`: the place of the day before in the ordered due
/// dates.
pub(super) const OVERDUE: &str = "width_bucket(local_date($1, t.time_zone) - 1, a.due_dates)";

/// A step with counts of its activities.
#[derive(Debug, Clone, QueryableByName)]
pub struct StepLine {
    #[diesel(sql_type = Text)]
    pub step: StepName,
    #[diesel(sql_type = Text)]
    pub state: StepState,
    #[diesel(sql_type = Nullable<Date>)]
    pub target_date: Option<NaiveDate>,
    /// Counts activities by state.
    #[diesel(sql_type = BigInt)]
    pub planned: i64,
    #[diesel(sql_type = BigInt)]
    pub in_progress: i64,
    #[diesel(sql_type = BigInt)]
    pub in_review: i64,
    /// Blocked activities.
    #[diesel(sql_type = BigInt)]
    pub blocked: i64,
    #[diesel(sql_type = BigInt)]
    pub done: i64,
    /// Activities given up.
    #[diesel(sql_type = BigInt)]
    pub cancelled: i64,
    #[diesel(sql_type = BigInt)]
    pub overdue: i64,
    /// Open activities without an assignee.
    #[diesel(sql_type = BigInt)]
    pub unassigned: i64,
}

/// An open activity of the current cycle, or an open condition of the council, that is due.
#[derive(Debug, Clone, QueryableByName)]
pub struct DueLine {
    #[diesel(sql_type = Jsonb)]
    pub subject: Reference,
    #[diesel(sql_type = Date)]
    pub due_date: NaiveDate,
}

/// Counts of products and conditions, and of the bytes of files.
#[derive(Debug, Clone, QueryableByName)]
pub struct ProductCounts {
    /// Pilots of the current cycle by state, as far as the migrations.
    #[diesel(sql_type = BigInt)]
    pub proposed: i64,
    #[diesel(sql_type = BigInt)]
    pub planned: i64,
    #[diesel(sql_type = BigInt)]
    pub running: i64,
    #[diesel(sql_type = BigInt)]
    pub evaluated: i64,
    #[diesel(sql_type = BigInt)]
    pub cancelled: i64,
    /// Migrations of the current cycle by state, as far as the conditions.
    #[diesel(sql_type = BigInt)]
    pub migrations_planned: i64,
    #[diesel(sql_type = BigInt)]
    pub in_progress: i64,
    /// Old and new system run in parallel.
    #[diesel(sql_type = BigInt)]
    pub parallel_run: i64,
    #[diesel(sql_type = BigInt)]
    pub live: i64,
    #[diesel(sql_type = BigInt)]
    pub handed_over: i64,
    #[diesel(sql_type = BigInt)]
    pub rolled_back: i64,
    /// Conditions of all decisions by state.
    #[diesel(sql_type = BigInt)]
    pub conditions_open: i64,
    #[diesel(sql_type = BigInt)]
    pub conditions_overdue: i64,
    /// Reported as met, not accepted yet.
    #[diesel(sql_type = BigInt)]
    pub conditions_reported_met: i64,
    /// Bytes of the files of evidence.
    #[diesel(sql_type = BigInt)]
    pub file_bytes: i64,
}

/// The status of a task force.
#[derive(Debug, Clone)]
pub struct StatusRows {
    pub summary: Summary,
    pub steps: Vec<StepLine>,
    /// The activities that are due next.
    pub due: Vec<DueLine>,
    /// Pilots, migrations and conditions.
    pub products: ProductCounts,
}

/// The status of a task force, in one round trip.
pub async fn of(conn: &Conn, task_force_id: Uuid, now: DateTime<Utc>) -> QueryResult<StatusRows> {
    let summary = diesel::sql_query(format!(
        "select t.id, t.name, t.state, t.current_cycle as cycle, t.next_council_date, e.changed_at, e.seq,
                h.health, h.created_at as health_stated_at, {BEFORE_COUNCIL_COLUMNS}
         from task_forces t
         join task_force_heads e on e.task_force_id = t.id
         left join lateral (select health, created_at {LATEST_HEALTH}) h on true
         left join lateral (select id, number, submitted_at {BEFORE_COUNCIL}) b on true
         where t.id = $1"
    ))
    .bind::<SqlUuid, _>(task_force_id);
    let steps = diesel::sql_query(
        "select s.step, s.state, s.target_date, a.*
         from task_forces t
         join steps s on s.task_force_id = t.id and s.cycle = t.current_cycle
         cross join lateral (
             select count(*) filter (where state = 'planned') as planned,
                    count(*) filter (where state = 'inProgress') as in_progress,
                    count(*) filter (where state = 'inReview') as in_review,
                    count(*) filter (where state = 'blocked') as blocked,
                    count(*) filter (where state = 'done') as done,
                    count(*) filter (where state = 'cancelled') as cancelled,
                    count(*) filter (where state not in ('done', 'cancelled')
                        and due_date < local_date($2, t.time_zone)) as overdue,
                    count(*) filter (where state not in ('done', 'cancelled')
                        and assignee_member_id is null) as unassigned
             from activities
             where task_force_id = t.id and cycle = s.cycle and step = s.step
         ) a
         where t.id = $1
         order by s.ordinal",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Timestamptz, _>(now);
    let activity = relations::object(SubjectKind::Activity, "a", "'title', a.title, 'number', a.number");
    let condition = relations::object(SubjectKind::Condition, "c", "'title', c.text");
    let due = diesel::sql_query(format!(
        "select subject, due_date from (
             (select {activity} as subject, a.due_date, a.number, a.id
              from task_forces t join activities a on a.task_force_id = t.id and a.cycle = t.current_cycle
              where t.id = $1 and a.due_date is not null and a.state not in ('done', 'cancelled')
              order by a.due_date, a.number limit 5)
             union all
             (select {condition}, c.due_date, null, c.id from conditions c
              where c.task_force_id = $1 and c.state = 'open'
              order by c.due_date, c.id limit 5)
         ) due
         order by due_date, number, id limit 5"
    ))
    .bind::<SqlUuid, _>(task_force_id);
    let products = diesel::sql_query(
        "select p.*, m.*, c.*, h.file_bytes
         from task_forces t
         join task_force_heads h on h.task_force_id = t.id
         cross join lateral (
             select count(*) filter (where state = 'proposed') as proposed,
                    count(*) filter (where state = 'planned') as planned,
                    count(*) filter (where state = 'running') as running,
                    count(*) filter (where state = 'evaluated') as evaluated,
                    count(*) filter (where state = 'cancelled') as cancelled
             from pilots where task_force_id = t.id and last_cycle = t.current_cycle
         ) p
         cross join lateral (
             select count(*) filter (where state = 'planned') as migrations_planned,
                    count(*) filter (where state = 'inProgress') as in_progress,
                    count(*) filter (where state = 'parallelRun') as parallel_run,
                    count(*) filter (where state = 'live') as live,
                    count(*) filter (where state = 'handedOver') as handed_over,
                    count(*) filter (where state = 'rolledBack') as rolled_back
             from migrations where task_force_id = t.id and last_cycle = t.current_cycle
         ) m
         cross join lateral (
             select count(*) filter (where state = 'open') as conditions_open,
                    count(*) filter (where state = 'open' and due_date < local_date($2, t.time_zone))
                        as conditions_overdue,
                    count(*) filter (where state = 'reportedMet') as conditions_reported_met
             from conditions where task_force_id = t.id
         ) c
         where t.id = $1",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Timestamptz, _>(now);
    let (mut for_summary, mut for_steps, mut for_due, mut for_products) = (conn, conn, conn, conn);
    let (summary, steps, due, products) = tokio::try_join!(
        Prepared(summary).get_result(&mut for_summary),
        Prepared(steps).load(&mut for_steps),
        Prepared(due).load(&mut for_due),
        Prepared(products).get_result(&mut for_products),
    )?;
    Ok(StatusRows { summary, steps, due, products })
}

/// A task force in the portfolio.
#[derive(Debug, Clone, QueryableByName)]
pub struct PortfolioLine {
    #[diesel(embed)]
    pub summary: Summary,
    /// The key of the task force in a list sorted by name, else empty.
    #[diesel(sql_type = Text)]
    pub sort_key: String,
    #[diesel(sql_type = Jsonb)]
    pub city: LocalizedText,
    /// The step that is open or submitted.
    #[diesel(sql_type = Nullable<Text>)]
    pub step: Option<StepName>,
    #[diesel(sql_type = Nullable<Date>)]
    pub step_target_date: Option<NaiveDate>,
    /// Open activities of the current cycle.
    #[diesel(sql_type = BigInt)]
    pub open: i64,
    #[diesel(sql_type = BigInt)]
    pub overdue: i64,
    /// Blocked activities.
    #[diesel(sql_type = BigInt)]
    pub blocked: i64,
}

/// The totals of the portfolio.
#[derive(Debug, Clone, QueryableByName)]
pub struct PortfolioTotals {
    #[diesel(sql_type = BigInt)]
    pub task_forces: i64,
    #[diesel(sql_type = BigInt)]
    pub forming: i64,
    #[diesel(sql_type = BigInt)]
    pub active: i64,
    #[diesel(sql_type = BigInt)]
    pub suspended: i64,
    #[diesel(sql_type = BigInt)]
    pub concluded: i64,
    #[diesel(sql_type = BigInt)]
    pub dissolved: i64,
    /// Task forces whose report waits for the council's decision.
    #[diesel(sql_type = BigInt)]
    pub before_council: i64,
    #[diesel(sql_type = BigInt)]
    pub open: i64,
    #[diesel(sql_type = BigInt)]
    pub overdue: i64,
    #[diesel(sql_type = BigInt)]
    pub blocked: i64,
    /// Bytes of the files of all task forces, whether they match or not.
    #[diesel(sql_type = BigInt)]
    pub file_bytes: i64,
}

/// Narrows the portfolio.
#[derive(Debug, Clone, Default)]
pub struct PortfolioFilter {
    pub state: Option<TaskForceState>,
    /// Only task forces whose open or submitted step is this one.
    pub step: Option<StepName>,
    /// Only task forces whose latest stated health is this.
    pub health: Option<HealthRating>,
    /// Only task forces whose name or city contains this, folded.
    pub q: Option<String>,
    /// Only task forces whose report waits for the council's decision, or only the others.
    pub before_council: Option<bool>,
}

/// The condition that a task force `t` is in the portfolio. `$2` to `$6` are the [`PortfolioFilter`].
fn matching() -> String {
    format!(
        "($2 is null or t.state = $2)
         and ($3 is null or (select step {STEP_AT_WORK}) = $3)
         and ($4 is null or (select health {LATEST_HEALTH}) = $4)
         and ($5 is null or t.search like (select holding($5)))
         and ($6 is null or $6 = exists (select {BEFORE_COUNCIL}))"
    )
}

/// A page of the portfolio, and the totals of all that match, in one round trip. Only the totals read all task forces,
/// one row of counts for each.
pub async fn portfolio(
    conn: &Conn,
    filter: &PortfolioFilter,
    order: &NameOrder,
    now: DateTime<Utc>,
    window: Window,
) -> QueryResult<(Page<PortfolioLine>, PortfolioTotals)> {
    let (sort_key, after) = match order {
        NameOrder::CreatedAt(after) => ("''".to_owned(), after.map(|id| (String::new(), id))),
        NameOrder::Name(language, after) => (sort_key("t.name", *language), after.clone()),
    };
    let (after_key, after_id) = after.unzip();
    let first = "coalesce($7, '00000000-0000-0000-0000-000000000000')";
    let lines = diesel::sql_query(format!(
        "with page as (
             select *, {sort_key} as sort_key from task_forces t
             where {matching} and {comparison}
             order by {order} limit $8
         )
         select t.sort_key, t.id, t.name, t.city, t.state, t.current_cycle as cycle, t.next_council_date, e.changed_at, e.seq,
                h.health, h.created_at as health_stated_at, s.step, s.target_date as step_target_date,
                a.open::bigint, {OVERDUE}::bigint as overdue, a.blocked::bigint, {BEFORE_COUNCIL_COLUMNS}
         from page t
         join task_force_heads e on e.task_force_id = t.id
         left join lateral (select health, created_at {LATEST_HEALTH}) h on true
         left join lateral (select step, target_date {STEP_AT_WORK}) s on true
         left join lateral (select id, number, submitted_at {BEFORE_COUNCIL}) b on true
         cross join lateral (select open, blocked, due_dates {COUNTS}) a
         order by t.sort_key, t.id",
        matching = matching(),
        comparison = match order {
            NameOrder::CreatedAt(_) => format!("t.id > {first}"),
            NameOrder::Name(..) => format!("({sort_key}, t.id) > (coalesce($9, ''), {first})"),
        },
        order = match order {
            NameOrder::CreatedAt(_) => "t.id".to_owned(),
            NameOrder::Name(..) => format!("{sort_key}, t.id"),
        },
    ))
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<Text>, _>(filter.state)
    .bind::<Nullable<Text>, _>(filter.step)
    .bind::<Nullable<Text>, _>(filter.health)
    .bind::<Nullable<Text>, _>(filter.q.as_deref())
    .bind::<Nullable<Bool>, _>(filter.before_council)
    .bind::<Nullable<SqlUuid>, _>(after_id)
    .bind::<BigInt, _>(window.rows())
    .bind::<Nullable<Text>, _>(after_key);
    let totals = diesel::sql_query(format!(
        "select count(*) as task_forces,
                count(*) filter (where t.state = 'forming') as forming,
                count(*) filter (where t.state = 'active') as active,
                count(*) filter (where t.state = 'suspended') as suspended,
                count(*) filter (where t.state = 'concluded') as concluded,
                count(*) filter (where t.state = 'dissolved') as dissolved,
                count(b.id) as before_council,
                coalesce(sum(a.open), 0)::bigint as open,
                coalesce(sum({OVERDUE}), 0)::bigint as overdue,
                coalesce(sum(a.blocked), 0)::bigint as blocked,
                (select coalesce(sum(file_bytes), 0)::bigint from task_force_heads) as file_bytes
         from task_forces t
         left join lateral (select id {BEFORE_COUNCIL}) b on true
         cross join lateral (select open, blocked, due_dates {COUNTS}) a
         where {matching}",
        matching = matching(),
    ))
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<Text>, _>(filter.state)
    .bind::<Nullable<Text>, _>(filter.step)
    .bind::<Nullable<Text>, _>(filter.health)
    .bind::<Nullable<Text>, _>(filter.q.as_deref())
    .bind::<Nullable<Bool>, _>(filter.before_council);
    let (mut for_lines, mut for_totals) = (conn, conn);
    let (lines, totals) = tokio::try_join!(
        Prepared(lines).load(&mut for_lines),
        Prepared(totals).get_result(&mut for_totals),
    )?;
    let totals: PortfolioTotals = totals;
    let total = window.counted.then_some(totals.task_forces);
    Ok((Page { total, ..Page::of(lines, window.limit) }, totals))
}
