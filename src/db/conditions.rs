//! Conditions that the council attaches to its decisions.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::Jsonb;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Window};
use super::relations::{self, Column, column};
use super::schema::{conditions, decisions};
use crate::domain::decision::ConditionState;
use crate::domain::event::SubjectKind;
use crate::domain::reference::{MemberReference, Reference};
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

/// The changeable fields of a condition.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable, Insertable)]
#[diesel(table_name = conditions, check_for_backend(diesel::pg::Pg))]
pub struct ConditionFields {
    pub text: LocalizedText,
    /// The member who is responsible for meeting the condition.
    pub owner_member_id: Uuid,
    pub due_date: NaiveDate,
}

/// A condition as it is stored.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = conditions, check_for_backend(diesel::pg::Pg))]
pub struct Condition {
    pub id: Uuid,
    #[diesel(embed)]
    pub fields: ConditionFields,
    pub state: ConditionState,
    /// The reason why the condition was returned, waived or superseded.
    pub state_reason: Option<LocalizedText>,
    pub state_since: DateTime<Utc>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The decision that set the condition.
    #[diesel(select_expression = decision(), select_expression_type = Column<Jsonb>, sql_type = Jsonb)]
    pub decision: Reference,
    #[diesel(select_expression = owner(), select_expression_type = Column<Jsonb>, sql_type = Jsonb)]
    pub owner: MemberReference,
}

fn decision() -> Column<Jsonb> {
    let [task_force_id, id] = ["conditions.task_force_id", "conditions.decision_id"];
    column("decision", &relations::resource(SubjectKind::Decision, task_force_id, id))
}

fn owner() -> Column<Jsonb> {
    column("owner", &relations::member("conditions.task_force_id", "conditions.owner_member_id"))
}

/// Inserts a condition of a decision.
pub async fn insert(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    decision_id: Uuid,
    fields: &ConditionFields,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(conditions::table)
        .values((
            fields,
            conditions::task_force_id.eq(task_force_id),
            conditions::id.eq(id),
            conditions::decision_id.eq(decision_id),
            conditions::state_since.eq(now),
            conditions::created_at.eq(now),
            conditions::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn with_decision() -> _ {
    conditions::table.inner_join(decisions::table.on(
        decisions::task_force_id.eq(conditions::task_force_id).and(decisions::id.eq(conditions::decision_id)),
    ))
}

/// Finds a condition.
pub async fn find(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<Condition>> {
    conditions::table
        .find((task_force_id, id))
        .select(Condition::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The conditions of a decision, oldest first.
pub async fn of_decision(conn: &Conn, task_force_id: Uuid, number: i32) -> QueryResult<Vec<Condition>> {
    with_decision()
        .filter(conditions::task_force_id.eq(task_force_id))
        .filter(decisions::number.eq(number))
        .order(conditions::id)
        .select(Condition::as_select())
        .load(&mut &*conn)
        .await
}

/// The conditions of all decisions on a report: of the valid one and of those that it corrects.
pub async fn on_report(conn: &Conn, task_force_id: Uuid, report_id: Uuid) -> QueryResult<Vec<Condition>> {
    with_decision()
        .filter(conditions::task_force_id.eq(task_force_id))
        .filter(decisions::report_id.eq(report_id))
        .order(conditions::id)
        .select(Condition::as_select())
        .load(&mut &*conn)
        .await
}

/// Returns whether a condition of the task force is still to be met or accepted.
pub async fn are_pending(conn: &Conn, task_force_id: Uuid) -> QueryResult<bool> {
    let pending = ConditionState::ALL.iter().copied().filter(|state| state.is_pending());
    diesel::select(diesel::dsl::exists(
        conditions::table
            .filter(conditions::task_force_id.eq(task_force_id))
            .filter(conditions::state.eq_any(pending.collect::<Vec<_>>())),
    ))
    .get_result(&mut &*conn)
    .await
}

/// The order of a list of conditions, with the key of the row after which a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionOrder {
    /// Oldest first.
    CreatedAt(Option<Uuid>),
    /// By due date, the earliest first.
    DueDate(Option<(NaiveDate, Uuid)>),
}

/// A page of a task force's conditions.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    states: &[ConditionState],
    order: ConditionOrder,
    window: Window,
) -> QueryResult<Page<Condition>> {
    let matching = || {
        let query = conditions::table
            .filter(conditions::task_force_id.eq(task_force_id))
            .select(Condition::as_select())
            .into_boxed();
        if states.is_empty() { query } else { query.filter(conditions::state.eq_any(states)) }
    };
    let mut query = matching().limit(window.rows());
    query = match order {
        ConditionOrder::CreatedAt(after) => {
            if let Some(after) = after {
                query = query.filter(conditions::id.gt(after));
            }
            query.order(conditions::id)
        }
        ConditionOrder::DueDate(after) => {
            if let Some((day, id)) = after {
                query = query
                    .filter(conditions::due_date.ge(day))
                    .filter(conditions::due_date.gt(day).or(conditions::id.gt(id)));
            }
            query.order((conditions::due_date, conditions::id))
        }
    };
    let rows = async { query.load(&mut &*conn).await };
    let total = async { matching().count().get_result(&mut &*conn).await };
    window.page(rows, total).await
}

/// Sets the state of a condition, and its reason.
pub async fn set_state(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    state: ConditionState,
    reason: Option<&LocalizedText>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(conditions::table.find((task_force_id, id)))
        .set((
            conditions::state.eq(state),
            conditions::state_reason.eq(reason),
            conditions::state_since.eq(now),
            conditions::version.eq(conditions::version + 1),
            conditions::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}
