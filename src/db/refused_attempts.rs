//! Refused attempts, counted in one row for each hour and kind.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Total, Window};
use super::relations;
use super::statement::Prepared;
use crate::domain::event::SubjectKind;
use crate::domain::reference::{Reference, UserReference};
use crate::domain::refusal::RefusalCode;

/// The attributes by which attempts are counted in one row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kind {
    /// The hour of the attempts.
    pub hour: DateTime<Utc>,
    /// The user, if a credential says so.
    pub user_id: Option<Uuid>,
    /// The client's address; empty if the connection has none.
    pub address: String,
    /// Method and route, without ids.
    pub operation: String,
    pub code: RefusalCode,
    /// The task force that the attempts concern.
    pub task_force_id: Option<Uuid>,
}

/// The operation of attempts that are counted together because there are too many kinds.
pub const OTHER: &str = "other";

/// The number of attempts, and their times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptCount {
    pub attempts: i64,
    /// The position of the first attempt among all that the process has counted, and of the last one.
    pub first: u64,
    pub last: u64,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub last_request_id: String,
}

/// Adds attempts of one hour to the counts of that hour, in the order in which they were made.
///
/// Each hour has at most `of_a_user` rows for one user, and `of_nobody` rows for unknown callers; attempts beyond that
/// are counted in one row for each code. Therefore no caller can fill the disk or hide the attempts of others.
pub async fn add(
    conn: &Conn,
    hour: DateTime<Utc>,
    counts: &[(Kind, AttemptCount)],
    of_nobody: i64,
    of_a_user: i64,
) -> QueryResult<()> {
    fn each<T>(counts: &[(Kind, AttemptCount)], field: impl Fn(&Kind, &AttemptCount) -> T) -> Vec<T> {
        counts.iter().map(|(kind, count)| field(kind, count)).collect()
    }
    let query = diesel::sql_query(
        "with tried as (
             select t.id, u.id as user_id, t.address, t.operation, t.code, t.task_force_id, t.attempts, t.first_at,
                    t.last_at, t.request_id
             from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as t
                 (id, user_id, address, operation, code, task_force_id, attempts, first_at, last_at, request_id)
                 left join users u on u.id = t.user_id
         ), known as (
             select tried.*, exists (
                 select from refused_attempts r
                 where r.hour = $1 and r.operation = tried.operation and r.code = tried.code
                   and r.address = tried.address and r.user_id is not distinct from tried.user_id
                   and r.about_task_force_id is not distinct from tried.task_force_id
             ) as is_known from tried
         ), placed as (
             select known.*, is_known or operation = $13 or
                 case when user_id is null then $12 else $14 end >=
                 row_number() over (partition by user_id, is_known order by id)
                 + (select count(*) from refused_attempts r
                    where r.hour = $1 and r.operation <> $13
                      and r.user_id is not distinct from known.user_id) as fits
             from known
         ), counted as (
             select min(id::text)::uuid as id, case when fits then user_id end as user_id,
                    case when fits then address else '' end as address,
                    case when fits then operation else $13 end as operation, code,
                    case when fits then task_force_id end as task_force_id, sum(attempts)::bigint as attempts,
                    min(first_at) as first_at, max(last_at) as last_at, (array_agg(request_id order by id desc))[1] as request_id
             from placed group by 2, 3, 4, 5, 6
         )
         insert into refused_attempts as r (id, seq, hour, user_id, address, operation, code, about_task_force_id,
                                            attempts, first_at, last_at, last_request_id)
         select id, (select coalesce(max(seq), 0) from refused_attempts) + row_number() over (order by id), $1, user_id, address, operation, code, task_force_id, attempts, first_at, last_at, request_id
         from counted order by operation, code, address, user_id, task_force_id
         on conflict (hour, operation, code, address,
                      coalesce(user_id, '00000000-0000-0000-0000-000000000000'),
                      coalesce(about_task_force_id, '00000000-0000-0000-0000-000000000000'))
         do update set attempts = r.attempts + excluded.attempts, last_at = greatest(r.last_at, excluded.last_at),
                       last_request_id = excluded.last_request_id",
    )
    .bind::<Timestamptz, _>(hour)
    .bind::<Array<SqlUuid>, _>(each(counts, |_, _| Uuid::now_v7()))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(counts, |kind, _| kind.user_id))
    .bind::<Array<Text>, _>(each(counts, |kind, _| kind.address.clone()))
    .bind::<Array<Text>, _>(each(counts, |kind, _| kind.operation.clone()))
    .bind::<Array<Text>, _>(each(counts, |kind, _| kind.code))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(counts, |kind, _| kind.task_force_id))
    .bind::<Array<BigInt>, _>(each(counts, |_, count| count.attempts))
    .bind::<Array<Timestamptz>, _>(each(counts, |_, count| count.first_at))
    .bind::<Array<Timestamptz>, _>(each(counts, |_, count| count.last_at))
    .bind::<Array<Text>, _>(each(counts, |_, count| count.last_request_id.clone()))
    .bind::<BigInt, _>(of_nobody)
    .bind::<Text, _>(OTHER)
    .bind::<BigInt, _>(of_a_user);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// Narrows a list of refused attempts.
#[derive(Debug, Clone, Default)]
pub struct RefusedFilter {
    pub user_id: Option<Uuid>,
    /// Only attempts that were refused with this code. Codes of the protocol are never stored and match no row.
    pub code: Option<&'static str>,
    pub task_force_id: Option<Uuid>,
}

/// Attempts of one kind in one hour.
#[derive(Debug, QueryableByName)]
pub struct RefusedRow {
    /// The number of the row in the order in which rows were made. Two processes that write at once may give the same.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The user, if a credential says so.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub user: Option<UserReference>,
    /// The client's address; empty if the connection has none.
    #[diesel(sql_type = Text)]
    pub address: String,
    #[diesel(sql_type = Text)]
    pub operation: String,
    #[diesel(sql_type = Text)]
    pub code: RefusalCode,
    /// The task force that the attempts concern.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub task_force: Option<Reference>,
    #[diesel(sql_type = BigInt)]
    pub attempts: i64,
    #[diesel(sql_type = Timestamptz)]
    pub first_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub last_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    pub last_request_id: String,
}

/// A page of refused attempts, the newest row first. A row keeps its position in the list while its count grows.
pub async fn before(
    conn: &Conn,
    filter: &RefusedFilter,
    before: Option<(i64, Uuid)>,
    window: Window,
) -> QueryResult<Page<RefusedRow>> {
    let user = relations::user("r.user_id");
    let task_force =
        relations::resource(SubjectKind::TaskForce, "r.about_task_force_id", "r.about_task_force_id");
    let query = diesel::sql_query(format!(
        "select r.seq, r.id, {user} as \"user\", r.address, r.operation, r.code, {task_force} as task_force,
                r.attempts, r.first_at, r.last_at, r.last_request_id
         from refused_attempts r
         where (r.seq, r.id) < (coalesce($1, 9223372036854775807), $6) and ($2 is null or r.user_id = $2) and ($3 is null or r.code = $3)
           and ($4 is null or r.about_task_force_id = $4)
         order by r.seq desc, r.id desc limit $5"
    ))
    .bind::<Nullable<BigInt>, _>(before.map(|(seq, _)| seq))
    .bind::<Nullable<SqlUuid>, _>(filter.user_id)
    .bind::<Nullable<Text>, _>(filter.code)
    .bind::<Nullable<SqlUuid>, _>(filter.task_force_id)
    .bind::<BigInt, _>(window.rows())
    .bind::<SqlUuid, _>(before.map_or(Uuid::max(), |(_, id)| id));
    let total = async {
        let query = diesel::sql_query(
            "select count(*) as total from refused_attempts
             where ($1 is null or user_id = $1) and ($2 is null or code = $2)
               and ($3 is null or about_task_force_id = $3)",
        )
        .bind::<Nullable<SqlUuid>, _>(filter.user_id)
        .bind::<Nullable<Text>, _>(filter.code)
        .bind::<Nullable<SqlUuid>, _>(filter.task_force_id);
        let found: Total = Prepared(query).get_result(&mut &*conn).await?;
        Ok(found.total)
    };
    window.page(async { Prepared(query).load(&mut &*conn).await }, total).await
}
