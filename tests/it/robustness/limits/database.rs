//! Time-outs of the database. Locks that are held and an exhausted pool: `outages.rs`.

use std::time::{Duration, Instant};

use diesel_async::RunQueryDsl as _;
use secrecy::ExposeSecret as _;
use taskforce::app::Error;
use taskforce::db::pool::{Pool, connect};

use crate::support::{TestApp, postgres};

async fn pool_with(app: &TestApp, options: &str) -> Pool {
    let url = postgres::url(&app.database).await;
    connect(&format!("{}?options={options}", url.expose_secret()).into(), 1).unwrap()
}

async fn execute(pool: &Pool, statement: &str) -> Result<usize, Error> {
    let mut conn = pool.get().await.unwrap();
    Ok(diesel::sql_query(statement).execute(&mut *conn).await?)
}

#[tokio::test]
async fn every_connection_has_its_time_outs() {
    #[derive(diesel::QueryableByName)]
    struct Setting {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
        #[diesel(sql_type = diesel::sql_types::Text)]
        setting: String,
    }
    let app = TestApp::empty().await;
    let mut conn = app.app.pool.get().await.unwrap();
    let names = "'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'";
    let query = format!("select name, setting from pg_settings where name in ({names}) order by name");
    let found: Vec<Setting> = diesel::sql_query(query).load(&mut *conn).await.unwrap();
    let found: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.setting.as_str())).collect();
    let expected = [
        ("idle_in_transaction_session_timeout", "10000"),
        ("lock_timeout", "1500"),
        ("statement_timeout", "2000"),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended_and_unavailable() {
    let app = TestApp::empty().await;
    // The same time-outs, shorter: the address's own options come last.
    let pool = pool_with(&app, "-c%20statement_timeout%3D200%20-c%20lock_timeout%3D200").await;
    let begun = Instant::now();
    let slept = execute(&pool, "select pg_sleep(30)").await;
    assert!(matches!(slept, Err(Error::Unavailable(_))), "{slept:?}");

    let holder = app.db_another().await;
    holder.batch_execute("begin; lock table users in access exclusive mode").await.unwrap();
    let waited = execute(&pool, "select from users").await;
    assert!(matches!(waited, Err(Error::Unavailable(_))), "{waited:?}");
    holder.batch_execute("rollback").await.unwrap();

    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(execute(&pool, "select from users").await.unwrap(), 0, "the connection is good again");
}

#[tokio::test]
async fn a_transaction_that_is_left_open_is_ended() {
    let app = TestApp::empty().await;
    let pool = pool_with(&app, "-c%20idle_in_transaction_session_timeout%3D100").await;
    let mut conn = pool.get().await.unwrap();
    diesel_async::SimpleAsyncConnection::batch_execute(&mut *conn, "begin").await.unwrap();
    let open = "select count(*) from pg_stat_activity
                where datname = current_database() and state = 'idle in transaction'";
    let begun = Instant::now();
    while app.db_count(open).await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "the transaction is still open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ended = diesel::sql_query("select 1").execute(&mut *conn).await.map_err(Error::from);
    assert!(matches!(ended, Err(Error::Unavailable(_))), "{ended:?}");
}

#[tokio::test]
async fn a_read_that_the_database_does_not_answer_in_time_is_503() {
    let app = TestApp::start().await;
    // Every query of users sleeps.
    let slow = "alter table users rename to slow_users;
                create view users as select * from slow_users where pg_sleep(8) is not null;
                grant select on users to public";
    app.db().await.batch_execute(slow).await.unwrap();
    let begun = Instant::now();
    let answer = app.as_chair().get("/v1/me").await;
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    answer.expect_problem(503, "unavailable");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    app.db().await.batch_execute("drop view users; alter table slow_users rename to users").await.unwrap();
    app.as_chair().get("/v1/me").await.expect(200);
}
