//! Responses stored for retries (`Idempotency-Key`).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bytea, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::schema::idempotency_keys;
use super::statement::Prepared;

/// The identity of an idempotent request: caller, operation and key; and the fingerprint of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub user_id: Uuid,
    /// Method and route with the values of its parameters.
    pub operation: String,
    /// The caller's key.
    pub key: String,
    /// SHA-256 of the body.
    pub fingerprint: [u8; 32],
}

/// The response to a request.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct StoredResponse {
    pub status: i16,
    pub etag: Option<String>,
    pub location: Option<String>,
    pub body: Vec<u8>,
}

/// An earlier request with the same key.
#[derive(Debug, Queryable)]
pub struct EarlierRequest {
    /// SHA-256 of the request's body.
    pub fingerprint: Vec<u8>,
    /// The response to the request.
    pub response: StoredResponse,
}

/// Takes a lock that keeps other transactions from the same request until this transaction ends.
///
/// # Errors
/// The timeout of the lock, if another transaction takes too long.
pub async fn lock_key(conn: &Conn, claim: &Claim) -> QueryResult<()> {
    let query = diesel::sql_query("select pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind::<Text, _>(format!("{} {} {}", claim.user_id, claim.operation, claim.key));
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// Claims a key. Returns `None` if this request has the key now, or the earlier request that claimed it since `since`.
/// The caller has called [`lock_key`] before.
pub async fn claim_key(
    conn: &Conn,
    claim: &Claim,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<Option<EarlierRequest>> {
    let query = diesel::sql_query(
        "insert into idempotency_keys (user_id, operation, key, fingerprint, created_at)
         values ($1, $2, $3, $4, $5)
         on conflict (user_id, operation, key) do update
             set fingerprint = excluded.fingerprint, created_at = excluded.created_at,
                 status = null, etag = null, location = null, body = null
             where idempotency_keys.created_at <= $6",
    )
    .bind::<SqlUuid, _>(claim.user_id)
    .bind::<Text, _>(&claim.operation)
    .bind::<Text, _>(&claim.key)
    .bind::<Bytea, _>(claim.fingerprint.as_slice())
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(since);
    if Prepared(query).execute(&mut &*conn).await? == 1 {
        return Ok(None);
    }
    // Only the transaction that claims a key sees the row without a response.
    let answer = (
        idempotency_keys::status.assume_not_null(),
        idempotency_keys::etag,
        idempotency_keys::location,
        idempotency_keys::body.assume_not_null(),
    );
    idempotency_keys::table
        .find((claim.user_id, &claim.operation, &claim.key))
        .select((idempotency_keys::fingerprint, answer))
        .first(&mut &*conn)
        .await
        .map(Some)
}

/// Writes a row of 32 KiB for a request that nobody sent, which the caller rolls back. The content is random, so that it
/// takes as much space as it has bytes.
pub async fn try_to_write(conn: &Conn, now: DateTime<Utc>) -> QueryResult<()> {
    let query = diesel::sql_query(
        "insert into idempotency_keys (user_id, operation, key, fingerprint, created_at, body)
         select gen_random_uuid(), 'readiness', 'readiness', sha256(''), $1, string_agg(uuid_send(gen_random_uuid()), '')
         from generate_series(1, 2048)",
    )
    .bind::<Timestamptz, _>(now);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// Stores the response to a request whose key is claimed.
pub async fn store_response(conn: &Conn, claim: &Claim, response: &StoredResponse) -> QueryResult<()> {
    let stored = diesel::update(idempotency_keys::table.find((claim.user_id, &claim.operation, &claim.key)))
        .set((
            idempotency_keys::status.eq(response.status),
            idempotency_keys::etag.eq(&response.etag),
            idempotency_keys::location.eq(&response.location),
            idempotency_keys::body.eq(&response.body),
        ))
        .execute(&mut &*conn)
        .await?;
    if stored == 1 { Ok(()) } else { Err(diesel::result::Error::NotFound) }
}
