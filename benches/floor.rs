//! The floor of the benchmarks: handlers of actix-web over diesel-async that do the least that an answer needs. They read
//! the same rows as the service, on as many connections, without a credential, a right, a limit or a header of their own.
//!
//! `floor ADDRESS` serves `GET /{task force}/activities/{activity}`, `GET /{task force}/activities` and
//! `GET /{task force}/head` from the database in `DATABASE_URL`.

use std::time::Duration;

use actix_web::web::{Data, Path};
use actix_web::{App, HttpResponse, HttpServer, error, get};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

diesel::table! {
    activities (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        number -> Int4,
        cycle -> Int4,
        step -> Text,
        title -> Jsonb,
        description -> Nullable<Jsonb>,
        assignee_member_id -> Nullable<Uuid>,
        due_date -> Nullable<Date>,
        priority -> Text,
        review_required -> Bool,
        state -> Text,
        state_since -> Timestamptz,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    task_force_heads (task_force_id) {
        task_force_id -> Uuid,
        seq -> Int8,
    }
}

type Connections = Pool<AsyncPgConnection>;

#[derive(Debug, Queryable, Selectable, Serialize)]
#[diesel(table_name = activities)]
struct Activity {
    id: Uuid,
    number: i32,
    cycle: i32,
    step: String,
    title: Value,
    description: Option<Value>,
    assignee_member_id: Option<Uuid>,
    due_date: Option<NaiveDate>,
    priority: String,
    review_required: bool,
    state: String,
    state_since: DateTime<Utc>,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[get("/{task_force}/activities/{activity}")]
async fn activity(pool: Data<Connections>, path: Path<(Uuid, Uuid)>) -> actix_web::Result<HttpResponse> {
    let mut conn = pool.get().await.map_err(error::ErrorServiceUnavailable)?;
    let (task_force, id) = path.into_inner();
    let row = activities::table.find((task_force, id)).select(Activity::as_select());
    let row = row.first(&mut conn).await.map_err(error::ErrorNotFound)?;
    Ok(HttpResponse::Ok().json(row))
}

#[get("/{task_force}/activities")]
async fn list(pool: Data<Connections>, task_force: Path<Uuid>) -> actix_web::Result<HttpResponse> {
    let mut conn = pool.get().await.map_err(error::ErrorServiceUnavailable)?;
    let rows = activities::table
        .filter(activities::task_force_id.eq(task_force.into_inner()))
        .order(activities::number)
        .limit(25)
        .select(Activity::as_select());
    let rows = rows.load(&mut conn).await.map_err(error::ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(rows))
}

#[get("/{task_force}/head")]
async fn head(pool: Data<Connections>, task_force: Path<Uuid>) -> actix_web::Result<HttpResponse> {
    let mut conn = pool.get().await.map_err(error::ErrorServiceUnavailable)?;
    let row = task_force_heads::table.find(task_force.into_inner()).select(task_force_heads::seq);
    let seq: i64 = row.first(&mut conn).await.map_err(error::ErrorNotFound)?;
    Ok(HttpResponse::Ok().json(seq))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("usage: floor ADDRESS")?;
    let manager = AsyncDieselConnectionManager::new(std::env::var("DATABASE_URL")?);
    let pool: Connections = Pool::builder(manager).max_size(16).build()?;
    let server = HttpServer::new(move || {
        App::new().app_data(Data::new(pool.clone())).service(activity).service(list).service(head)
    });
    server.keep_alive(Duration::from_secs(75)).bind(address)?.run().await?;
    Ok(())
}
