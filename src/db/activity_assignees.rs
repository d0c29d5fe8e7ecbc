//! The members who worked on activities: who were assigned activities that had been started, who put them to the review, or
//! who started them while they were assigned to nobody. None of these members reviews the work.

use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::schema::activity_assignees;
use super::statement::Prepared;

/// Records the present assignees of those of the activities that were started. Recording an assignee twice changes
/// nothing.
pub async fn record(conn: &Conn, task_force_id: Uuid, activity_ids: &[Uuid]) -> QueryResult<()> {
    let statement = diesel::sql_query(
        "insert into activity_assignees (task_force_id, activity_id, member_id)
         select task_force_id, id, assignee_member_id from activities
         where task_force_id = $1 and id = any($2) and started_at is not null and assignee_member_id is not null
         on conflict do nothing",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Array<SqlUuid>, _>(activity_ids);
    Prepared(statement).execute(&mut &*conn).await.map(drop)
}

/// Records a member who works on an activity, assigned or not.
pub async fn record_worker(
    conn: &Conn,
    task_force_id: Uuid,
    activity_id: Uuid,
    member_id: Uuid,
) -> QueryResult<()> {
    diesel::insert_into(activity_assignees::table)
        .values((
            activity_assignees::task_force_id.eq(task_force_id),
            activity_assignees::activity_id.eq(activity_id),
            activity_assignees::member_id.eq(member_id),
        ))
        .on_conflict_do_nothing()
        .execute(&mut &*conn)
        .await
        .map(drop)
}
