//! Policies: the policies, frameworks and standards that guide the work.
//!
//! [`resource_queries!`](super::resource) makes `policies::insert`, `policies::update`, `policies::exists`,
//! `policies::list` and `policies::delete`.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::relations::{self, Column, References, column};
use super::resource::{ProductFilter, resource_queries};
use super::schema::policies;
use super::statement::Prepared;
use crate::domain::event::SubjectKind;
use crate::domain::policy::{PolicyFacts, PolicyKind, PolicyState};
use crate::domain::reference::{MemberReference, Reference};
use crate::domain::scales::Aim;
use crate::domain::step::StepState;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;
use crate::domain::writing::StepContext;

/// The changeable fields of a policy.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, QueryableByName, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = policies, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct PolicyFields {
    pub title: LocalizedText,
    /// A policy, a framework or a standard.
    pub kind: PolicyKind,
    /// The content in a few words.
    pub description: Option<LocalizedText>,
    /// A number or an address where the policy can be found.
    pub reference: Option<String>,
    /// The aims that the policy serves.
    pub aims: Vec<Aim>,
}

/// A policy as it is stored.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = policies, check_for_backend(diesel::pg::Pg))]
pub struct Policy {
    pub id: Uuid,
    /// The cycle of creation.
    pub cycle: i32,
    /// The last cycle in which the row counts.
    pub last_cycle: i32,
    #[diesel(embed)]
    pub fields: PolicyFields,
    /// The policy that replaced this one.
    pub superseded_by_id: Option<Uuid>,
    /// The member who put the policy under review last.
    pub under_review_by_member_id: Option<Uuid>,
    pub state: PolicyState,
    pub state_reason: Option<LocalizedText>,
    pub state_since: DateTime<Utc>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[diesel(
        select_expression = superseded_by("policies"),
        select_expression_type = Column<Nullable<Jsonb>>,
        sql_type = Nullable<Jsonb>
    )]
    pub superseded_by: Option<Reference>,
    #[diesel(
        select_expression = under_review_by("policies"),
        select_expression_type = Column<Nullable<Jsonb>>,
        sql_type = Nullable<Jsonb>
    )]
    pub under_review_by: Option<MemberReference>,
}

/// The policy that replaced the one in this table or alias.
fn superseded_by(policies: &str) -> Column<Nullable<Jsonb>> {
    let [task_force_id, id] = ["task_force_id", "superseded_by_id"].map(|name| format!("{policies}.{name}"));
    column("superseded_by", &relations::resource(SubjectKind::Policy, &task_force_id, &id))
}

fn under_review_by(policies: &str) -> Column<Nullable<Jsonb>> {
    let [task_force_id, id] =
        ["task_force_id", "under_review_by_member_id"].map(|name| format!("{policies}.{name}"));
    column("under_review_by", &relations::member(&task_force_id, &id))
}

/// A policy with the facts that its transitions depend on.
#[derive(Debug, Clone, QueryableByName)]
pub struct PolicyDetail {
    #[diesel(embed)]
    pub policy: Policy,
    /// State of the step `policy` of the policy's last cycle.
    #[diesel(sql_type = Text)]
    pub step_state: StepState,
    /// True if another policy that counts in the same last cycle is adopted.
    #[diesel(sql_type = Bool)]
    pub another_adopted: bool,
    /// True if another policy was superseded by the policy.
    #[diesel(sql_type = Bool)]
    pub supersedes_another: bool,
    /// The policies that the policy superseded.
    #[diesel(sql_type = Jsonb)]
    pub superseded: References,
}

impl PolicyDetail {
    /// Returns whether this user put the policy under review: a person who leaves and comes back has another seat.
    pub fn is_under_review_by(&self, user_id: Uuid) -> bool {
        self.policy.under_review_by.as_ref().is_some_and(|by| by.user_id == user_id)
    }

    /// The facts that the transitions depend on, for a caller.
    pub fn facts(&self, task_force: TaskForceState, caller: Uuid) -> PolicyFacts {
        PolicyFacts {
            step_context: StepContext { task_force, step: self.step_state },
            another_adopted: self.another_adopted,
            supersedes_another: self.supersedes_another,
            caller_put_under_review: self.is_under_review_by(caller),
        }
    }
}

resource_queries! {
    table: policies,
    row: Policy,
    fields: PolicyFields,
    title: title,
    filter: ProductFilter<PolicyState>,
    final_states: PolicyState::FINAL,
}

/// Finds a policy.
pub async fn find(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<PolicyDetail>> {
    let (superseded_by, under_review_by) = (superseded_by("p"), under_review_by("p"));
    let other = relations::object(SubjectKind::Policy, "o", "'title', o.title");
    let superseded = relations::first_of(
        &other,
        "o",
        "policies o where o.task_force_id = p.task_force_id and o.superseded_by_id = p.id",
    );
    let query = diesel::sql_query(format!(
        "select p.*, {superseded_by}, {under_review_by}, s.state as step_state,
                exists (select from policies o where o.task_force_id = p.task_force_id and o.id <> p.id
                        and o.last_cycle = p.last_cycle and o.state = 'adopted') as another_adopted,
                exists (select from policies o where o.task_force_id = p.task_force_id
                        and o.superseded_by_id = p.id) as supersedes_another, {superseded} as superseded
         from policies p
         join steps s on s.task_force_id = p.task_force_id and s.cycle = p.last_cycle and s.step = 'policy'
         where p.task_force_id = $1 and p.id = $2"
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(id);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// The columns that a transition of a policy sets.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = policies, treat_none_as_null = true)]
pub struct PolicyStateUpdate<'a> {
    pub state: PolicyState,
    pub state_reason: Option<&'a LocalizedText>,
    /// The policy that replaces this one.
    pub superseded_by_id: Option<Uuid>,
    /// The member who put the policy under review last.
    pub under_review_by_member_id: Option<Uuid>,
}

/// Sets the state of a policy, with everything that a transition changes.
pub async fn update_state(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    update: &PolicyStateUpdate<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(policies::table.find((task_force_id, id)))
        .set((
            update,
            policies::state_since.eq(now),
            policies::version.eq(policies::version + 1),
            policies::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}
