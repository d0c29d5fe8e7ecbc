//! The notifications that people get by e-mail.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::reading::{Notification, columns};
use crate::db::Conn;
use crate::db::schema::notifications;
use crate::db::statement::Prepared;
use crate::domain::email::EmailKind;
use crate::domain::notification::{NotificationEmail, NotificationKind};

/// The people who get e-mails about notifications: the account is in use, and its address works.
const GETS_EMAIL: &str = "u.state = 'active' and u.email_disabled_at is null";

/// The e-mails about news that a person gets on a day at the shorter pause. The longer pause is between further ones, so that
/// nobody fills the mailbox of others.
const MANY_A_DAY: i64 = 20;

/// The beginnings of the pauses that end now.
#[derive(Debug, Clone, Copy)]
pub struct Pauses {
    /// Of the pause after an e-mail.
    pub short: DateTime<Utc>,
    /// Of the pause after an e-mail that was one of many on a day.
    pub long: DateTime<Utc>,
    /// Of the day.
    pub day: DateTime<Utc>,
}

/// Users with notifications since an instant that are to be told at once, unless an e-mail was made for the user in the
/// pause: what is new in between comes together in the next one.
pub async fn waiting_at_once(
    conn: &Conn,
    since: DateTime<Utc>,
    pauses: Pauses,
    limit: i64,
) -> QueryResult<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        user_id: Uuid,
    }
    let query = diesel::sql_query(format!(
        "select distinct n.user_id
         from notifications n join users u on u.id = n.user_id
         where n.email = 'atOnce' and n.emailed_at is null and n.created_at > $1 and {GETS_EMAIL}
           and not exists (
               select from emails e where e.user_id = n.user_id and e.kind = 'news' and e.created_at > $2
           )
           and (
               not exists (
                   select from emails e where e.user_id = n.user_id and e.kind = 'news' and e.created_at > $4
               )
               or $6 > (
                   select count(*) from emails e
                   where e.user_id = n.user_id and e.kind = 'news' and e.created_at > $5
               )
           )
         limit $3"
    ))
    .bind::<Timestamptz, _>(since)
    .bind::<Timestamptz, _>(pauses.short)
    .bind::<BigInt, _>(limit)
    .bind::<Timestamptz, _>(pauses.long)
    .bind::<Timestamptz, _>(pauses.day)
    .bind::<BigInt, _>(MANY_A_DAY);
    let rows: Vec<Row> = Prepared(query).load(&mut &*conn).await?;
    Ok(rows.into_iter().map(|row| row.user_id).collect())
}

/// A person with notifications that wait for a digest.
#[derive(Debug, Clone, QueryableByName)]
pub struct DigestReader {
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    /// The hour of the digest.
    #[diesel(sql_type = SmallInt)]
    pub hour: i16,
    /// The zone of the hour: the person's own, or that of the person's first task force.
    #[diesel(sql_type = Nullable<Text>)]
    pub time_zone: Option<String>,
    /// The time of the oldest notification that waits.
    #[diesel(sql_type = Timestamptz)]
    pub oldest_at: DateTime<Utc>,
}

/// The zone of the first task force of the user `w.user_id`.
const FIRST_ZONE: &str = "(
    select t.time_zone from members m join task_forces t on t.id = m.task_force_id
    where m.user_id = w.user_id and m.to_date is null order by m.id limit 1)";

/// People with notifications since an instant that wait for a digest, in the order of their ids after one.
pub async fn digest_readers(
    conn: &Conn,
    since: DateTime<Utc>,
    after: Uuid,
    limit: i64,
) -> QueryResult<Vec<DigestReader>> {
    let query = diesel::sql_query(format!(
        "select w.user_id, coalesce(s.digest_hour, 7::smallint) as hour, coalesce(s.time_zone, {FIRST_ZONE}) as time_zone,
                w.oldest_at
         from (
             select n.user_id, min(n.created_at) as oldest_at
             from notifications n join users u on u.id = n.user_id
             where n.email = 'digest' and n.emailed_at is null and n.created_at > $1 and n.user_id > $2 and {GETS_EMAIL}
             group by n.user_id order by n.user_id limit $3
         ) w
         left join notification_settings s on s.user_id = w.user_id
         order by w.user_id"
    ))
    .bind::<Timestamptz, _>(since)
    .bind::<SqlUuid, _>(after)
    .bind::<BigInt, _>(limit);
    Prepared(query).load(&mut &*conn).await
}

/// The zone in which a person reads times: the own one, or that of the first task force.
pub async fn zone_of(conn: &Conn, user_id: Uuid) -> QueryResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Text>)]
        time_zone: Option<String>,
    }
    let query = diesel::sql_query(format!(
        "select coalesce(s.time_zone, {FIRST_ZONE}) as time_zone
         from (select $1 as user_id) w left join notification_settings s on s.user_id = w.user_id"
    ))
    .bind::<SqlUuid, _>(user_id);
    let row: Row = Prepared(query).get_result(&mut &*conn).await?;
    Ok(row.time_zone)
}

/// An e-mail that gathers notifications.
#[derive(Debug, Clone, Copy)]
pub struct Gathering {
    pub email_id: Uuid,
    pub user_id: Uuid,
    pub kind: EmailKind,
    /// The choice of the person for these notifications.
    pub choice: NotificationEmail,
    /// Only notifications in this span of time.
    pub since: DateTime<Utc>,
    pub up_to: DateTime<Utc>,
}

/// Makes an e-mail of the notifications of a user that wait for it, and notes that they are told. One statement does both,
/// and skips what another process is gathering: every notification is in one e-mail. Returns whether there is an e-mail.
pub async fn gather(conn: &Conn, gathering: Gathering, now: DateTime<Utc>) -> QueryResult<bool> {
    let query = diesel::sql_query(
        "with waiting as (
             select user_id, id from notifications
             where user_id = $2 and email = $4 and emailed_at is null and created_at > $5 and created_at <= $6
             order by seq for update skip locked
         ), told as (
             update notifications n set emailed_at = $7 from waiting w
             where n.user_id = w.user_id and n.id = w.id
             returning n.id, n.seq
         )
         insert into emails (id, user_id, kind, notification_ids, next_attempt_at, created_at)
         select $1, $2, $3, array_agg(id order by seq), $7, $7 from told having count(*) > 0",
    )
    .bind::<SqlUuid, _>(gathering.email_id)
    .bind::<SqlUuid, _>(gathering.user_id)
    .bind::<Text, _>(gathering.kind.code())
    .bind::<Text, _>(gathering.choice)
    .bind::<Timestamptz, _>(gathering.since)
    .bind::<Timestamptz, _>(gathering.up_to)
    .bind::<Timestamptz, _>(now);
    Ok(Prepared(query).execute(&mut &*conn).await? > 0)
}

/// The notifications that an e-mail tells, the oldest first: those about task forces that the person may read now, and the
/// end of an own seat.
pub async fn of_email(conn: &Conn, email_id: Uuid) -> QueryResult<Vec<Notification>> {
    let columns = columns();
    let query = diesel::sql_query(format!(
        "select {columns}
         from (
             select n.*, n.about_task_force_id as task_force_id
             from emails m
             join notifications n on n.user_id = m.user_id and n.id = any(m.notification_ids)
             where m.id = $1 and (
                 n.about_task_force_id is null or n.kind = 'memberEnded'
                 or (select role <> 'expert' from users where id = n.user_id)
                 or n.about_task_force_id in (
                     select task_force_id from members where user_id = n.user_id and to_date is null
                 )
             )
         ) e
         left join task_forces t on t.id = e.task_force_id
         order by e.seq"
    ))
    .bind::<SqlUuid, _>(email_id);
    Prepared(query).load(&mut &*conn).await
}

/// Lets the notifications of a user of these kinds that wait for an e-mail wait no longer.
pub async fn end_waiting(conn: &Conn, user_id: Uuid, kinds: &[NotificationKind]) -> QueryResult<()> {
    diesel::update(notifications::table.filter(notifications::user_id.eq(user_id)))
        .filter(notifications::kind.eq_any(kinds))
        .filter(notifications::emailed_at.is_null())
        .set(notifications::email.eq(NotificationEmail::Never))
        .execute(&mut &*conn)
        .await
        .map(drop)
}
