//! The notifications of a person, as the person reads and marks them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::Conn;
use crate::db::events::DELETED_SUBJECT;
use crate::db::page::{Page, Total, Window};
use crate::db::relations;
use crate::db::schema::notifications;
use crate::db::statement::Prepared;
use crate::domain::notification::{NotificationDetails, NotificationKind};
use crate::domain::reference::{Reference, UserReference};
use crate::domain::text::LocalizedText;

/// The notifications `n` of the user `$1` that the service lists: those about task forces that the user may read now, and
/// the end of an own seat.
const LISTED: &str = "n.user_id = $1 and n.is_listed and (
    n.about_task_force_id is null or n.kind = 'memberEnded'
    or (select role <> 'expert' from users where id = $1)
    or n.about_task_force_id in (select task_force_id from members where user_id = $1 and to_date is null))";

/// A notification as its person reads it.
#[derive(Debug, QueryableByName)]
pub struct Notification {
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub kind: NotificationKind,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub read_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub task_force_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub task_force_name: Option<LocalizedText>,
    #[diesel(sql_type = Nullable<Text>)]
    pub time_zone: Option<String>,
    /// The subject, with its current title; with its last title if it was deleted.
    #[diesel(sql_type = Jsonb)]
    pub subject: Reference,
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub actor: Option<UserReference>,
    #[diesel(sql_type = Jsonb)]
    details: serde_json::Value,
}

impl Notification {
    /// The parts of the sentence beside the subject. Details of another version are left out.
    pub fn details(&self) -> NotificationDetails {
        serde_json::from_value(self.details.clone()).unwrap_or_default()
    }
}

/// Narrows a list of notifications.
#[derive(Debug, Clone, Default)]
pub struct NotificationFilter {
    pub unread_only: bool,
    /// Only these kinds; an empty list stands for all.
    pub kinds: Vec<NotificationKind>,
}

impl NotificationFilter {
    /// The conditions of the filter; `$2` is bound in any case.
    fn conditions(&self) -> String {
        let unread = self.unread_only.then_some(" and n.read_at is null");
        let kinds = (!self.kinds.is_empty()).then_some(" and n.kind = any($2)");
        [unread, kinds].into_iter().flatten().collect()
    }
}

/// The columns of a [`Notification`] from the rows `e`, to which `user_id` belongs.
pub(super) fn columns() -> String {
    let kinds = relations::in_task_force();
    let subject = relations::subject(&kinds, "e.subject_kind", "e.task_force_id", "e.subject_id");
    let actor = relations::user("e.actor_id");
    format!(
        "e.seq, e.id, e.kind, e.created_at, e.read_at, e.task_force_id, t.name as task_force_name, t.time_zone,
         coalesce({subject}, {DELETED_SUBJECT}) as subject, {actor} as actor, e.details"
    )
}

/// A page of a user's notifications before a number, newest first.
pub async fn list(
    conn: &Conn,
    user_id: Uuid,
    filter: &NotificationFilter,
    before: Option<i64>,
    window: Window,
) -> QueryResult<Page<Notification>> {
    let (columns, conditions) = (columns(), filter.conditions());
    let query = diesel::sql_query(format!(
        "select {columns}
         from (
             select n.*, n.about_task_force_id as task_force_id from notifications n
             where {LISTED} {conditions} and n.seq < $3
             order by n.seq desc limit $4
         ) e
         left join task_forces t on t.id = e.task_force_id
         order by e.seq desc"
    ))
    .bind::<SqlUuid, _>(user_id)
    .bind::<Array<Text>, _>(&filter.kinds)
    .bind::<BigInt, _>(before.unwrap_or(i64::MAX))
    .bind::<BigInt, _>(window.rows());
    let total = async {
        let query = diesel::sql_query(format!(
            "select count(*) as total from notifications n where {LISTED} {conditions}"
        ))
        .bind::<SqlUuid, _>(user_id)
        .bind::<Array<Text>, _>(&filter.kinds);
        let found: Total = Prepared(query).get_result(&mut &*conn).await?;
        Ok(found.total)
    };
    window.page(async { Prepared(query).load(&mut &*conn).await }, total).await
}

/// The statement that counts the unread notifications of the user `$1`. An index has all of its columns.
pub fn unread_statement() -> String {
    format!("select count(*) as total from notifications n where {LISTED} and n.read_at is null")
}

/// The number of a user's unread notifications.
pub async fn unread(conn: &Conn, user_id: Uuid) -> QueryResult<i64> {
    let query = diesel::sql_query(unread_statement()).bind::<SqlUuid, _>(user_id);
    let found: Total = Prepared(query).get_result(&mut &*conn).await?;
    Ok(found.total)
}

/// The notifications of a user among these ids, with their numbers.
pub async fn numbers(conn: &Conn, user_id: Uuid, ids: &[Uuid]) -> QueryResult<Vec<(Uuid, i64)>> {
    notifications::table
        .filter(notifications::user_id.eq(user_id))
        .filter(notifications::id.eq_any(ids))
        .select((notifications::id, notifications::seq))
        .load(&mut &*conn)
        .await
}

/// Marks notifications of a user as read: those with these ids, and all up to a number.
pub async fn mark_read(
    conn: &Conn,
    user_id: Uuid,
    ids: &[Uuid],
    up_to: Option<i64>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let of_user = notifications::table
        .filter(notifications::user_id.eq(user_id))
        .filter(notifications::read_at.is_null())
        .filter(notifications::id.eq_any(ids).or(notifications::seq.le(up_to.unwrap_or(0))));
    diesel::update(of_user).set(notifications::read_at.eq(now)).execute(&mut &*conn).await.map(drop)
}
