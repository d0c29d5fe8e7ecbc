//! Notifications: what people are told of.

pub mod emailing;
pub mod fan_out;
pub mod reading;
pub mod settings;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryResult, sql_query};
use diesel_async::RunQueryDsl as _;
use uuid::Uuid;

use super::Conn;
use super::statement::Prepared;
use crate::domain::event::Subject;
use crate::domain::notification::{NotificationDetails, NotificationKind};
use crate::domain::vocabulary::Vocabulary as _;

/// The notifications of one kind about one task force that are kept of a person: the newest ones.
pub const KEPT_OF_A_KIND: i64 = 100;

/// A notification before it is told.
#[derive(Debug, Clone)]
pub struct NewNotification {
    /// The person who is told.
    pub user_id: Uuid,
    pub kind: NotificationKind,
    pub task_force_id: Option<Uuid>,
    pub subject: Subject,
    /// Tells this notification from others of the same kind about the same subject: the sequence number of an event, the
    /// day of a reminder. At most 100 characters.
    pub occasion: String,
    /// The person who caused the notification.
    pub actor_id: Option<Uuid>,
    pub details: NotificationDetails,
    /// The time at which the cause happened.
    pub at: DateTime<Utc>,
}

/// Tells people of these, in this order, by the channels that each person has chosen. Nobody is told again who was told
/// of the same kind, subject and occasion before, no user who is disabled is told, and only the newest
/// [`KEPT_OF_A_KIND`] of each kind about each task force are kept. Returns the number of new notifications.
pub async fn insert(conn: &Conn, new: &[NewNotification]) -> QueryResult<usize> {
    fn each<T>(new: &[NewNotification], field: impl Fn(&NewNotification) -> T) -> Vec<T> {
        new.iter().map(field).collect()
    }
    let details = |one: &NewNotification| serde_json::to_value(&one.details);
    let details: Result<Vec<serde_json::Value>, _> = new.iter().map(details).collect();
    let details = details.map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
    let query = sql_query(
        "insert into notifications (user_id, id, kind, about_task_force_id, subject_kind, subject_id, occasion, actor_id,
                                    details, created_at, is_listed, email)
         select n.user_id, n.id, n.kind, n.task_force_id, n.subject_kind, n.subject_id, n.occasion, n.actor_id,
                n.details, n.created_at, chosen.is_listed, chosen.email
         from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) with ordinality as n
                  (user_id, id, kind, task_force_id, subject_kind, subject_id, occasion, actor_id, details, created_at,
                   usual_email, position)
              join users u on u.id = n.user_id and u.state <> 'disabled'
              left join notification_settings s on s.user_id = n.user_id
              cross join lateral (
                  select coalesce((s.choices #>> array[n.kind, 'listed'])::boolean, true) as is_listed,
                         coalesce(s.choices #>> array[n.kind, 'email'], n.usual_email) as email
              ) chosen
         where chosen.is_listed or chosen.email <> 'never'
         order by n.position
         on conflict on constraint notifications_tell_once do nothing",
    )
    .bind::<Array<SqlUuid>, _>(each(new, |one| one.user_id))
    .bind::<Array<SqlUuid>, _>(each(new, |_| Uuid::now_v7()))
    .bind::<Array<Text>, _>(each(new, |one| one.kind))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(new, |one| one.task_force_id))
    .bind::<Array<Text>, _>(each(new, |one| one.subject.kind))
    .bind::<Array<SqlUuid>, _>(each(new, |one| one.subject.id))
    .bind::<Array<Text>, _>(each(new, |one| one.occasion.clone()))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(new, |one| one.actor_id))
    .bind::<Array<Jsonb>, _>(details)
    .bind::<Array<Timestamptz>, _>(each(new, |one| one.at))
    .bind::<Array<Text>, _>(each(new, |one| one.kind.usual_email()));
    let inserted = Prepared(query).execute(&mut &*conn).await?;
    if inserted > 0 {
        keep_newest(conn, new).await?;
    }
    Ok(inserted)
}

/// Deletes the oldest of these kinds where a person has more of a kind about one task force than are kept. Each kind of
/// each task force has places of its own, so that many mentions take no vote from the list.
async fn keep_newest(conn: &Conn, new: &[NewNotification]) -> QueryResult<()> {
    let lists: BTreeSet<_> =
        new.iter().map(|one| (one.user_id, one.kind.code(), one.task_force_id)).collect();
    let (user_ids, others): (Vec<Uuid>, Vec<_>) =
        lists.into_iter().map(|(user_id, kind, task_force_id)| (user_id, (kind, task_force_id))).unzip();
    let (kinds, task_force_ids): (Vec<&str>, Vec<Option<Uuid>>) = others.into_iter().unzip();
    let query = sql_query(
        // Not materialized, the look-up of a list would be repeated for each row of the list.
        "with surplus as materialized (
             select u.user_id, u.kind, u.task_force_id,
                    (select o.seq from notifications o
                     where o.user_id = u.user_id and o.kind = u.kind
                       and o.about_task_force_id is not distinct from u.task_force_id
                     order by o.seq desc offset $4 limit 1) as seq
             from unnest($1, $2, $3) u (user_id, kind, task_force_id)
         )
         delete from notifications n using surplus
         where n.user_id = surplus.user_id and n.kind = surplus.kind
           and n.about_task_force_id is not distinct from surplus.task_force_id and n.seq <= surplus.seq",
    )
    .bind::<Array<SqlUuid>, _>(user_ids)
    .bind::<Array<Text>, _>(kinds)
    .bind::<Array<Nullable<SqlUuid>>, _>(task_force_ids)
    .bind::<BigInt, _>(KEPT_OF_A_KIND);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// Passes over the events that a task force has so far: nobody is told of them.
pub async fn skip_events(conn: &Conn, task_force_id: Uuid) -> QueryResult<()> {
    let query = sql_query(
        "insert into notification_cursors (task_force_id, seq)
         select task_force_id, seq from task_force_heads where task_force_id = $1",
    )
    .bind::<SqlUuid, _>(task_force_id);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}
