//! Webhooks and their secrets, which are encrypted.

pub mod deliveries;
pub mod positions;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Int4, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Total, Window};
use super::schema::{webhook_secrets, webhooks};
use super::statement::Prepared;
use crate::domain::event::EventAction;
use crate::domain::rights::{EffectiveRole, SeatRole};
use crate::domain::text::{Language, LocalizedText};
use crate::domain::user::{UserRole, UserState};
use crate::domain::webhook::{Failures, WebhookState};

/// The fields of a webhook that can be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookFields {
    /// The system that receives the events.
    pub name: String,
    pub url: String,
    /// The actions of the events that are sent; empty for all.
    pub actions: Vec<EventAction>,
    /// The language of the sentence in each event.
    pub language: Language,
}

/// A webhook, what the person responsible for it is now, and how far its events were delivered.
#[derive(Debug, Clone, QueryableByName)]
pub struct Webhook {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub url: String,
    #[diesel(sql_type = Array<Text>)]
    pub actions: Vec<EventAction>,
    #[diesel(sql_type = Text)]
    pub language: Language,
    #[diesel(sql_type = Text)]
    pub state: WebhookState,
    #[diesel(sql_type = Int4)]
    pub version: i32,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
    /// The user by whose right events are sent.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub owner_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub owner_name: Option<LocalizedText>,
    #[diesel(sql_type = Nullable<Text>)]
    owner_state: Option<UserState>,
    #[diesel(sql_type = Nullable<Text>)]
    owner_role: Option<UserRole>,
    #[diesel(sql_type = Nullable<Text>)]
    owner_seat: Option<SeatRole>,
    /// The sequence number of the last event that is done with.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// The sequence number of the last event of the task force.
    #[diesel(sql_type = BigInt)]
    pub last_seq: i64,
    #[diesel(sql_type = Int4)]
    failures: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    failing_since: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub next_attempt_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_delivered_at: Option<DateTime<Utc>>,
    /// The end of the secret before the present one, while it is valid.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub previous_secret_expires_at: Option<DateTime<Utc>>,
}

impl Webhook {
    /// The state and the role of the person who is responsible.
    pub fn owner(&self) -> Option<(UserState, EffectiveRole)> {
        let role = EffectiveRole::of(self.owner_role?, self.owner_seat);
        Some((self.owner_state?, role))
    }

    /// The failed attempts since the last success.
    pub fn failures(&self) -> Failures {
        let of_event = u32::try_from(self.failures).unwrap_or_default();
        Failures { of_event, since: self.failing_since }
    }

    /// The fields that can be changed.
    pub fn fields(&self) -> WebhookFields {
        WebhookFields {
            name: self.name.clone(),
            url: self.url.clone(),
            actions: self.actions.clone(),
            language: self.language,
        }
    }
}

/// A webhook to be inserted.
#[derive(Debug)]
pub struct NewWebhook<'a> {
    pub task_force_id: Uuid,
    pub id: Uuid,
    pub fields: &'a WebhookFields,
    pub owner_id: Uuid,
    pub created_at: DateTime<Utc>,
    /// The sequence number after which events are sent.
    pub after: i64,
}

/// The rows of [`Webhook`] in the task force `$1`; `$2` is the current instant.
const SELECT: &str =
    "select w.id, w.name, w.url, w.actions, w.language, w.state, w.version, w.created_at, w.updated_at, w.owner_id,
           u.name as owner_name, u.state as owner_state, u.role as owner_role, m.role as owner_seat,
           p.seq, h.seq as last_seq, p.failures, p.failing_since, p.next_attempt_at, p.last_delivered_at,
           (select max(s.expires_at) from webhook_secrets s
            where s.task_force_id = w.task_force_id and s.webhook_id = w.id and s.expires_at > $2
           ) as previous_secret_expires_at
    from webhooks w
    join webhook_positions p on p.task_force_id = w.task_force_id and p.webhook_id = w.id
    join task_force_heads h on h.task_force_id = w.task_force_id
    left join users u on u.id = w.owner_id
    left join members m on m.task_force_id = w.task_force_id and m.user_id = w.owner_id and m.to_date is null
    where w.task_force_id = $1";

/// A page of the webhooks of a task force, oldest first.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    now: DateTime<Utc>,
    after: Option<Uuid>,
    window: Window,
) -> QueryResult<Page<Webhook>> {
    let query = diesel::sql_query(format!("{SELECT} and ($3 is null or w.id > $3) order by w.id limit $4"))
        .bind::<SqlUuid, _>(task_force_id)
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<SqlUuid>, _>(after)
        .bind::<BigInt, _>(window.rows());
    let rows = async { Prepared(query).load(&mut &*conn).await };
    window.page(rows, count(conn, task_force_id)).await
}

/// Finds a webhook.
pub async fn find(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<Option<Webhook>> {
    let query = diesel::sql_query(format!("{SELECT} and w.id = $3"))
        .bind::<SqlUuid, _>(task_force_id)
        .bind::<Timestamptz, _>(now)
        .bind::<SqlUuid, _>(id);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// Counts the webhooks of a task force.
pub async fn count(conn: &Conn, task_force_id: Uuid) -> QueryResult<i64> {
    let query = diesel::sql_query("select count(*) as total from webhooks where task_force_id = $1")
        .bind::<SqlUuid, _>(task_force_id);
    let found: Total = Prepared(query).get_result(&mut &*conn).await?;
    Ok(found.total)
}

/// Inserts a webhook, with its place among the events.
pub async fn insert(conn: &Conn, new: &NewWebhook<'_>) -> QueryResult<()> {
    let query = diesel::sql_query(
        "with made as (
             insert into webhooks (
                 task_force_id, id, name, url, actions, language, state, owner_id, version, created_at, updated_at
             )
             values ($1, $2, $3, $4, $5, $9, 'active', $6, 1, $7, $7)
             returning task_force_id, id
         )
         insert into webhook_positions (task_force_id, webhook_id, seq, failures)
         select task_force_id, id, $8, 0 from made",
    )
    .bind::<SqlUuid, _>(new.task_force_id)
    .bind::<SqlUuid, _>(new.id)
    .bind::<Text, _>(&new.fields.name)
    .bind::<Text, _>(&new.fields.url)
    .bind::<Array<Text>, _>(&new.fields.actions)
    .bind::<SqlUuid, _>(new.owner_id)
    .bind::<Timestamptz, _>(new.created_at)
    .bind::<BigInt, _>(new.after)
    .bind::<Text, _>(new.fields.language);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// Sets the fields of a webhook, its state and the person who is responsible.
pub async fn update(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    fields: &WebhookFields,
    state: WebhookState,
    owner_id: Option<Uuid>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(webhooks::table.find((task_force_id, id)))
        .set((
            webhooks::name.eq(&fields.name),
            webhooks::url.eq(&fields.url),
            webhooks::actions.eq(&fields.actions),
            webhooks::language.eq(fields.language),
            webhooks::state.eq(state),
            webhooks::owner_id.eq(owner_id),
            webhooks::version.eq(webhooks::version + 1),
            webhooks::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Deletes a webhook with all that belongs to it.
pub async fn delete(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<()> {
    diesel::delete(webhooks::table.find((task_force_id, id))).execute(&mut &*conn).await.map(drop)
}

/// Takes a user's responsibility for all webhooks; returns how many there were. They are withheld until somebody with the
/// right takes them over. The rows are locked in the order of their ids.
pub async fn release_all(conn: &Conn, owner_id: Uuid) -> QueryResult<usize> {
    let query = diesel::sql_query(
        "with locked as (
             select task_force_id, id from webhooks where owner_id = $1 order by task_force_id, id for no key update
         )
         update webhooks w set owner_id = null from locked l where (w.task_force_id, w.id) = (l.task_force_id, l.id)",
    )
    .bind::<SqlUuid, _>(owner_id);
    Prepared(query).execute(&mut &*conn).await
}

/// An encrypted secret.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_secrets, check_for_backend(diesel::pg::Pg))]
pub struct SealedSecret {
    pub task_force_id: Uuid,
    pub webhook_id: Uuid,
    pub id: Uuid,
    pub sealed: Vec<u8>,
    pub created_at: DateTime<Utc>,
    /// The end of a secret that was replaced.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Makes this the secret of its webhook. The one before stays valid until `previous_expires_at`, and those before end.
pub async fn renew_secret(
    conn: &Conn,
    secret: &SealedSecret,
    previous_expires_at: DateTime<Utc>,
) -> QueryResult<()> {
    let of_webhook = webhook_secrets::task_force_id
        .eq(secret.task_force_id)
        .and(webhook_secrets::webhook_id.eq(secret.webhook_id));
    diesel::delete(
        webhook_secrets::table.filter(of_webhook).filter(webhook_secrets::expires_at.is_not_null()),
    )
    .execute(&mut &*conn)
    .await?;
    diesel::update(webhook_secrets::table.filter(of_webhook))
        .set(webhook_secrets::expires_at.eq(previous_expires_at))
        .execute(&mut &*conn)
        .await?;
    diesel::insert_into(webhook_secrets::table).values(secret).execute(&mut &*conn).await.map(drop)
}

/// The valid secrets of a webhook, the present one first.
pub async fn secrets(
    conn: &Conn,
    task_force_id: Uuid,
    webhook_id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<Vec<SealedSecret>> {
    webhook_secrets::table
        .filter(webhook_secrets::task_force_id.eq(task_force_id))
        .filter(webhook_secrets::webhook_id.eq(webhook_id))
        .filter(webhook_secrets::expires_at.is_null().or(webhook_secrets::expires_at.gt(now)))
        .order(webhook_secrets::id.desc())
        .select(SealedSecret::as_select())
        .load(&mut &*conn)
        .await
}
