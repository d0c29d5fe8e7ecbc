//! Notifications: each person is told once of what concerns them, whichever process tells.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::support::background::BackgroundWork;
use crate::support::{Setup, TestApp, Who};

/// Tells people of everything that has happened in task force A.
async fn tell(app: &TestApp) {
    let task_force_id = Uuid::parse_str(&app.world().a).unwrap();
    while app.app.tell_batch(task_force_id).await.unwrap() {}
}

/// A service whose people were told of the events of its world.
async fn start() -> TestApp {
    let app = TestApp::start().await;
    tell(&app).await;
    app.db().await.batch_execute("delete from notifications").await.unwrap();
    app
}

/// The kinds and subjects of all notifications of a user, in the order in which the user was told.
async fn db_told(app: &TestApp, who: Who) -> Vec<(String, String)> {
    let query =
        "select kind, subject_id::text from notifications where user_id = $1::text::uuid order by seq";
    let rows = app.db().await.query(query, &[&app.world().user(who)]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn two_services_on_one_database_tell_each_person_once_of_each_event() {
    let first = start().await;
    let second = TestApp::over(first.database.clone(), Setup::default()).await;
    let (one, another) = (BackgroundWork::of(&first), BackgroundWork::of(&second));
    let expert = json!({ "assigneeId": first.world().member(Who::Expert1) });
    let mut created = BTreeSet::new();
    // One of the two services is stopped and started again meanwhile.
    let mut one = Some(one);
    for round in 0..6 {
        let plan = join_all((0..10).map(|_| first.as_chair().create_activity(expert.clone())));
        created.extend(plan.await.into_iter().map(|activity| activity.id().to_owned()));
        one = if round % 2 == 0 { None } else { Some(BackgroundWork::of(&first)) };
    }
    let behind = "select count(*) from task_force_heads h left join notification_cursors c
        on c.task_force_id = h.task_force_id where h.seq > coalesce(c.seq, 0)";
    let begun = Instant::now();
    while first.db_count(behind).await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "people are not told");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop((one, another));
    let told = db_told(&first, Who::Expert1).await;
    assert!(told.iter().all(|(kind, _)| kind == "activityAssigned"), "{told:?}");
    assert_eq!((told.len(), told.into_iter().map(|(_, id)| id).collect()), (60, created));
    assert_eq!(db_told(&first, Who::Chair).await, [], "nobody is told of an own deed");
}

#[tokio::test]
async fn a_process_that_is_killed_half_way_has_told_nothing_and_the_next_one_tells_once() {
    let app = start().await;
    let assigned = json!({ "assigneeId": app.world().member(Who::Expert1) });
    let activity = app.as_chair().create_activity(assigned).await;
    // The connection ends between the notifications and the cursor.
    let kill = "create function end_here() returns trigger language plpgsql security definer as $$ begin
             perform pg_terminate_backend(pg_backend_pid());
             return new;
         end $$;
         create trigger end_here before update on notification_cursors for each row execute function end_here()";
    app.db().await.batch_execute(kill).await.unwrap();
    let task_force_id = Uuid::parse_str(&app.world().a).unwrap();
    app.app.tell_batch(task_force_id).await.unwrap_err();
    assert_eq!(db_told(&app, Who::Expert1).await, []);
    app.db().await.batch_execute("drop trigger end_here on notification_cursors").await.unwrap();
    tell(&app).await;
    tell(&app).await;
    let told = [("activityAssigned".to_owned(), activity.id().to_owned())];
    assert_eq!(db_told(&app, Who::Expert1).await, told);
    // Without the cursor, the notification itself tells that the person was told.
    app.db().await.batch_execute("update notification_cursors set seq = 0").await.unwrap();
    tell(&app).await;
    let again = db_told(&app, Who::Expert1).await;
    assert_eq!(again.iter().filter(|one| told.contains(one)).count(), 1, "{again:?}");
}
