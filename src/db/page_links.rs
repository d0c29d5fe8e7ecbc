//! Page links, by which a signed-in person opens a page once. The link and the browser that has opened it are known by
//! the hashes of their secrets.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::schema::page_links;
use super::statement::Prepared;
use crate::domain::shared_page::SharedPage;

/// A page link.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = page_links, check_for_backend(diesel::pg::Pg), treat_none_as_default_value = false)]
pub struct PageLink {
    pub token_hash: Vec<u8>,
    pub page: SharedPage,
    /// The task force that the page shows; `None` for the portfolio.
    pub only_task_force_id: Option<Uuid>,
    pub report_number: Option<i32>,
    pub user_id: Uuid,
    /// The session of the service in which the link was made, or else the time of issue of a token of another issuer.
    pub session_id: Option<Uuid>,
    pub issued_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    /// The end of the time to open the link, and once it was opened, the end of the time to read.
    pub expires_at: DateTime<Utc>,
    pub opened_at: Option<DateTime<Utc>>,
    /// The hash of the secret of the browser that has opened the link.
    pub reader_hash: Option<Vec<u8>>,
}

/// Inserts a link.
pub async fn insert(conn: &Conn, link: &PageLink) -> QueryResult<()> {
    diesel::insert_into(page_links::table).values(link).execute(&mut &*conn).await.map(drop)
}

/// Deletes all links of a user except for the newest.
pub async fn delete_all_but(conn: &Conn, user_id: Uuid, newest: i64) -> QueryResult<()> {
    let query = diesel::sql_query(
        "delete from page_links where token_hash in (
             select token_hash from page_links where user_id = $1 order by created_at desc, token_hash offset $2)",
    )
    .bind::<SqlUuid, _>(user_id)
    .bind::<BigInt, _>(newest);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// Deletes every link of a user; returns how many could still be opened or read.
pub async fn delete_all(conn: &Conn, user_id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(page_links::table.filter(page_links::user_id.eq(user_id)))
        .filter(page_links::expires_at.gt(now))
        .execute(&mut &*conn)
        .await
}

/// Finds a link whose time has not passed.
pub async fn find(conn: &Conn, token_hash: &[u8; 32], now: DateTime<Utc>) -> QueryResult<Option<PageLink>> {
    page_links::table
        .find(token_hash.as_slice())
        .filter(page_links::expires_at.gt(now))
        .select(PageLink::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Opens a link for a browser until a time; returns false if the link was opened before, or its time has passed. Of two
/// concurrent calls, the second waits for the first, and finds the link opened.
pub async fn open(
    conn: &Conn,
    token_hash: &[u8; 32],
    reader_hash: &[u8; 32],
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let opened = diesel::update(page_links::table.find(token_hash.as_slice()))
        .filter(page_links::opened_at.is_null())
        .filter(page_links::expires_at.gt(now))
        .set((
            page_links::opened_at.eq(now),
            page_links::reader_hash.eq(reader_hash.as_slice()),
            page_links::expires_at.eq(until),
        ))
        .execute(&mut &*conn)
        .await?;
    Ok(opened > 0)
}
