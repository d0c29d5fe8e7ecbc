//! Attempts that were refused: counted, an hour and a kind a row.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::Page;
use super::statement::Prepared;
use crate::domain::refusal::RefusalCode;
use crate::domain::text::LocalizedText;

/// What makes two attempts one row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kind {
    /// The hour in which they were made.
    pub hour: DateTime<Utc>,
    /// Who tried, where a credential said so.
    pub user_id: Option<Uuid>,
    /// From where; empty where the connection does not say.
    pub address: String,
    /// Method and route, without the ids in it.
    pub operation: String,
    /// How they were refused.
    pub code: RefusalCode,
    /// The task force that they were about.
    pub task_force_id: Option<Uuid>,
}

/// The operation of attempts that are counted together, since there are too many kinds of them.
pub const OTHER: &str = "other";

/// How often, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// How often.
    pub attempts: i64,
    /// The first time.
    pub first_at: DateTime<Utc>,
    /// The last time.
    pub last_at: DateTime<Utc>,
    /// The request of the last time.
    pub last_request_id: String,
}

/// Adds attempts of one hour to what is counted of it.
///
/// At most `of_a_user` rows of an hour tell of one user, and `of_nobody` of those who are not known: what is beyond
/// them is counted in one row for each code. So nobody fills the disk, and nobody drowns what others have tried.
pub async fn add(
    conn: &Conn,
    hour: DateTime<Utc>,
    tallies: &[(Kind, Tally)],
    of_nobody: i64,
    of_a_user: i64,
) -> QueryResult<()> {
    fn each<T>(tallies: &[(Kind, Tally)], field: impl Fn(&Kind, &Tally) -> T) -> Vec<T> {
        tallies.iter().map(|(kind, tally)| field(kind, tally)).collect()
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
                    min(first_at) as first_at, max(last_at) as last_at, max(request_id) as request_id
             from placed group by 2, 3, 4, 5, 6
         )
         insert into refused_attempts as r (id, hour, user_id, address, operation, code, about_task_force_id,
                                            attempts, first_at, last_at, last_request_id)
         select id, $1, user_id, address, operation, code, task_force_id, attempts, first_at, last_at, request_id
         from counted order by operation, code, address, user_id, task_force_id
         on conflict (hour, operation, code, address,
                      coalesce(user_id, '00000000-0000-0000-0000-000000000000'),
                      coalesce(about_task_force_id, '00000000-0000-0000-0000-000000000000'))
         do update set attempts = r.attempts + excluded.attempts, last_at = greatest(r.last_at, excluded.last_at),
                       last_request_id = excluded.last_request_id",
    )
    .bind::<Timestamptz, _>(hour)
    .bind::<Array<SqlUuid>, _>(each(tallies, |_, _| Uuid::now_v7()))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(tallies, |kind, _| kind.user_id))
    .bind::<Array<Text>, _>(each(tallies, |kind, _| kind.address.clone()))
    .bind::<Array<Text>, _>(each(tallies, |kind, _| kind.operation.clone()))
    .bind::<Array<Text>, _>(each(tallies, |kind, _| kind.code))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(tallies, |kind, _| kind.task_force_id))
    .bind::<Array<BigInt>, _>(each(tallies, |_, tally| tally.attempts))
    .bind::<Array<Timestamptz>, _>(each(tallies, |_, tally| tally.first_at))
    .bind::<Array<Timestamptz>, _>(each(tallies, |_, tally| tally.last_at))
    .bind::<Array<Text>, _>(each(tallies, |_, tally| tally.last_request_id.clone()))
    .bind::<BigInt, _>(of_nobody)
    .bind::<Text, _>(OTHER)
    .bind::<BigInt, _>(of_a_user);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// What a list of refused attempts is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct RefusedFilter {
    /// Only by this user.
    pub user_id: Option<Uuid>,
    /// Only refused with this code. Codes of the protocol are never kept, and match nothing.
    pub code: Option<&'static str>,
    /// Only about this task force.
    pub task_force_id: Option<Uuid>,
}

/// Attempts of one kind in one hour.
#[derive(Debug, QueryableByName)]
pub struct RefusedRow {
    /// Its id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Who tried, where a credential said so.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub user_id: Option<Uuid>,
    /// Their name, as it is today.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub user_name: Option<LocalizedText>,
    /// From where; empty where the connection does not say.
    #[diesel(sql_type = Text)]
    pub address: String,
    /// Method and route.
    #[diesel(sql_type = Text)]
    pub operation: String,
    /// How they were refused.
    #[diesel(sql_type = Text)]
    pub code: RefusalCode,
    /// The task force that they were about.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub about_task_force_id: Option<Uuid>,
    /// How often.
    #[diesel(sql_type = BigInt)]
    pub attempts: i64,
    /// The first time.
    #[diesel(sql_type = Timestamptz)]
    pub first_at: DateTime<Utc>,
    /// The last time.
    #[diesel(sql_type = Timestamptz)]
    pub last_at: DateTime<Utc>,
    /// The request of the last time.
    #[diesel(sql_type = Text)]
    pub last_request_id: String,
}

/// A page of refused attempts, the newest row first. A row keeps its place, however often it still counts.
pub async fn before(
    conn: &Conn,
    filter: &RefusedFilter,
    before: Option<Uuid>,
    limit: i64,
) -> QueryResult<Page<RefusedRow>> {
    let query = diesel::sql_query(
        "select r.id, r.user_id, u.name as user_name, r.address, r.operation, r.code, r.about_task_force_id,
                r.attempts, r.first_at, r.last_at, r.last_request_id
         from refused_attempts r left join users u on u.id = r.user_id
         where r.id < $1 and ($2 is null or r.user_id = $2) and ($3 is null or r.code = $3)
           and ($4 is null or r.about_task_force_id = $4)
         order by r.id desc limit $5",
    )
    .bind::<SqlUuid, _>(before.unwrap_or(Uuid::max()))
    .bind::<Nullable<SqlUuid>, _>(filter.user_id)
    .bind::<Nullable<Text>, _>(filter.code)
    .bind::<Nullable<SqlUuid>, _>(filter.task_force_id)
    .bind::<BigInt, _>(limit + 1);
    Ok(Page::of(Prepared(query).load(&mut &*conn).await?, limit))
}
