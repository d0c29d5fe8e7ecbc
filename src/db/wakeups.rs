//! Wake-ups between the processes on one database, by `LISTEN` and `NOTIFY`. A wake-up can be lost: it only says when
//! to look.

use std::pin::pin;

use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use diesel::{ConnectionResult, QueryResult, QueryableByName, sql_query};
use diesel_async::RunQueryDsl as _;
use futures_util::StreamExt as _;
use uuid::Uuid;

use super::Conn;
use super::pool::{self, Pool};
use super::statement::Prepared;

/// The channel of the notifications.
const CHANNEL: &str = "taskforce_wakeups";

/// A connection that receives the wake-ups of other processes.
#[expect(missing_debug_implementations, reason = "a connection has nothing to show")]
pub struct Listener(Conn);

impl Listener {
    /// Begins to listen on a connection beside the pool.
    ///
    /// # Errors
    /// A database that cannot be reached.
    pub async fn open(pool: &Pool) -> ConnectionResult<Self> {
        let conn = pool::connect_beside(pool).await?;
        let listening = sql_query(format!("listen {CHANNEL}")).execute(&mut &conn).await;
        listening.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
        Ok(Self(conn))
    }

    /// The text of the next wake-up; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<String> {
        let mut notifications = pin!(self.0.notifications_stream());
        notifications.next().await?.ok().map(|notification| notification.payload)
    }
}

/// Sends these wake-ups to every process that listens.
pub async fn notify(conn: &Conn, payloads: &[String]) -> QueryResult<()> {
    let query = sql_query("select pg_notify($1, payload) from unnest($2) payload")
        .bind::<Text, _>(CHANNEL)
        .bind::<Array<Text>, _>(payloads);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// The task forces among these that have events after the given sequence number.
pub async fn with_later_events(conn: &Conn, known: &[(Uuid, i64)]) -> QueryResult<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        task_force_id: Uuid,
    }
    let (ids, seqs): (Vec<Uuid>, Vec<i64>) = known.iter().copied().unzip();
    let query = sql_query(
        "select h.task_force_id
         from unnest($1, $2) known(id, seq) join task_force_heads h on h.task_force_id = known.id
         where h.seq > known.seq",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<BigInt>, _>(seqs);
    let rows: Vec<Row> = Prepared(query).load(&mut &*conn).await?;
    Ok(rows.into_iter().map(|row| row.task_force_id).collect())
}
