//! Reminders: on the evening of the last working day before something is due, and on the morning of the first one after,
//! people are reminded once, whichever process reminds.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::background::BackgroundWork;
use crate::support::sign_in::set_user_state;
use crate::support::votes::{db_condition, ready_policy_step, submit_until, vote};
use crate::support::{Setup, TestApp, Who};

/// A service in whose task forces nothing is due.
async fn start() -> TestApp {
    let app = TestApp::start().await;
    app.db().await.batch_execute("update activities set due_date = null").await.unwrap();
    app
}

/// Sets the clock to a time in Amman, three hours ahead of UTC, and reminds people.
async fn remind_at(app: &TestApp, local: &str) {
    set_clock(app, local);
    while app.app.remind().await.unwrap().1 {}
}

fn set_clock(app: &TestApp, local: &str) {
    let at: DateTime<Utc> = format!("{local}:00+03:00").parse().unwrap();
    app.advance(at - app.clock.now());
}

/// The reminders of a user in the order in which they came: kind, and the day or the end.
async fn db_reminded(app: &TestApp, who: Who) -> Vec<String> {
    let query = "select kind || ' ' || coalesce(details ->> 'dueDate', details ->> 'endsAt') from notifications
                 where user_id = $1::text::uuid
                   and kind in ('voteEnding', 'activityDue', 'activityOverdue', 'conditionDue', 'conditionOverdue')
                 order by seq";
    let rows = app.db().await.query(query, &[&app.world().user(who)]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// An activity of the first expert that is due on a day.
async fn due(app: &TestApp, day: &str) -> crate::support::Resource {
    let assignee = app.world().member(Who::Expert1);
    app.as_chair().create_activity(json!({ "dueDate": day, "assigneeId": assignee })).await
}

#[tokio::test]
async fn what_falls_due_is_told_on_the_evening_of_the_last_working_day_before() {
    let app = start().await;
    // 22 November 2026 is a Sunday, and the 26th the last working day of the week.
    due(&app, "2026-11-29").await;
    remind_at(&app, "2026-11-26T17:59").await;
    assert_eq!(db_reminded(&app, Who::Expert1).await, [""; 0]);
    remind_at(&app, "2026-11-26T18:00").await;
    assert_eq!(db_reminded(&app, Who::Expert1).await, ["activityDue 2026-11-29"]);
    for later in ["2026-11-26T18:01", "2026-11-28T12:00", "2026-11-29T09:00", "2026-11-30T07:59"] {
        remind_at(&app, later).await;
    }
    assert_eq!(db_reminded(&app, Who::Expert1).await.len(), 1, "once");
    remind_at(&app, "2026-11-30T08:00").await;
    remind_at(&app, "2026-12-20T08:00").await;
    assert_eq!(
        db_reminded(&app, Who::Expert1).await,
        ["activityDue 2026-11-29", "activityOverdue 2026-11-29"]
    );
    assert_eq!(db_reminded(&app, Who::Chair).await, [""; 0], "the work is another's");

    // The person reads the reminder in the own language.
    let told = app.as_expert().list("/v1/me/notifications?kind=activityDue").await;
    assert!(told[0]["sentence"].as_str().unwrap().contains("is due on"), "{}", told[0]["sentence"]);
    assert_eq!((&told[0]["actor"], told.len()), (&Value::Null, 1));
}

#[tokio::test]
async fn the_working_week_decides_and_each_task_force_has_its_own() {
    let app = start().await;
    let secretariat = app.as_secretariat();
    let a = secretariat.read(app.a("")).await;
    assert_eq!(a["workingWeek"], json!(["sunday", "monday", "tuesday", "wednesday", "thursday"]));
    for (week, pointer) in [
        (json!([]), "/workingWeek"),
        (json!(["monday", "monday"]), "/workingWeek"),
        (json!(["funday"]), "/workingWeek/0"),
        (json!("monday"), "/workingWeek"),
    ] {
        let refused = secretariat.patch(&a, json!({ "workingWeek": week })).await;
        let refused = refused.expect_problem(400, "invalidRequest");
        let errors = refused["errors"].as_array().unwrap();
        assert_eq!((errors.len(), &errors[0]["pointer"]), (1, &json!(pointer)), "{week}: {refused}");
    }
    let days = json!({ "workingWeek": ["friday", "monday", "thursday", "wednesday", "tuesday"] });
    let a = secretariat.patch(&a, days.clone()).await.expect(200).resource();
    assert_eq!(a["workingWeek"], json!(["monday", "tuesday", "wednesday", "thursday", "friday"]));
    let version = a["version"].clone();
    let same = secretariat.patch(&a, days).await.expect(200).json();
    assert_eq!(same["version"], version, "another order is no other week");

    // Sunday is a free day now: the evening before Monday is the one of Friday.
    due(&app, "2026-11-30").await;
    remind_at(&app, "2026-11-27T17:59").await;
    assert_eq!(db_reminded(&app, Who::Expert1).await, [""; 0]);
    remind_at(&app, "2026-11-27T18:00").await;
    assert_eq!(db_reminded(&app, Who::Expert1).await, ["activityDue 2026-11-30"]);
}

#[tokio::test]
async fn the_times_are_those_of_the_task_force() {
    let app = start().await;
    let secretariat = app.as_secretariat();
    let a = secretariat.read(app.a("")).await;
    secretariat.patch(&a, json!({ "timeZone": "Africa/Casablanca" })).await.expect(200);
    due(&app, "2026-11-25").await;
    remind_at(&app, "2026-11-24T18:00").await;
    assert_eq!(db_reminded(&app, Who::Expert1).await, [""; 0], "in Casablanca it is four in the afternoon");
    remind_at(&app, "2026-11-24T20:00").await;
    assert_eq!(db_reminded(&app, Who::Expert1).await, ["activityDue 2026-11-25"]);

    // A zone that Postgres forgets leaves the days of UTC, and harms no other task force.
    app.db_forget_time_zone().await;
    due(&app, "2026-11-26").await;
    remind_at(&app, "2026-11-25T20:59").await;
    assert_eq!(db_reminded(&app, Who::Expert1).await.len(), 1);
    remind_at(&app, "2026-11-25T21:00").await;
    assert_eq!(db_reminded(&app, Who::Expert1).await.len(), 2);
}

#[tokio::test]
async fn a_service_that_was_away_reminds_later_and_a_clock_that_jumps_doubles_nothing() {
    let app = start().await;
    due(&app, "2026-11-29").await;
    due(&app, "2026-11-24").await;
    // Nobody has looked on the evening of the 23rd: in the night after, the day is still to come.
    remind_at(&app, "2026-11-24T03:00").await;
    assert_eq!(db_reminded(&app, Who::Expert1).await, ["activityDue 2026-11-24"]);
    // The clock jumps forward over the other evening, back, and forward again.
    for jump in ["2026-11-28T10:00", "2026-11-24T04:00", "2026-11-26T19:00", "2026-11-23T19:00"] {
        remind_at(&app, jump).await;
    }
    let mut reminded = db_reminded(&app, Who::Expert1).await;
    reminded.sort_unstable();
    assert_eq!(reminded, ["activityDue 2026-11-24", "activityDue 2026-11-29", "activityOverdue 2026-11-24"]);
    // Work that has been overdue for long is not news.
    let long = due(&app, "2026-11-25").await;
    remind_at(&app, "2026-12-20T10:00").await;
    assert_eq!(db_reminded(&app, Who::Expert1).await.len(), 3, "{}", long.id());
}

#[tokio::test]
async fn another_day_is_another_reminder_and_finished_work_is_none() {
    let app = start().await;
    let moved = due(&app, "2026-11-24").await;
    let unassigned = app.as_chair().create_activity(json!({ "dueDate": "2026-11-24" })).await;
    let cancelled = due(&app, "2026-11-24").await;
    app.as_chair().transition_because(&cancelled, "cancelled", "Not needed").await;
    remind_at(&app, "2026-11-23T18:00").await;
    assert_eq!(db_reminded(&app, Who::Expert1).await, ["activityDue 2026-11-24"]);
    app.as_chair().patch(&moved, json!({ "dueDate": "2026-11-26" })).await.expect(200);
    remind_at(&app, "2026-11-25T18:00").await;
    assert_eq!(db_reminded(&app, Who::Expert1).await, ["activityDue 2026-11-24", "activityDue 2026-11-26"]);
    // An activity that is assigned on the day itself is told on the day.
    let chair = app.as_chair();
    let assignee = app.world().member(Who::Expert2);
    let unassigned = chair.reload(&unassigned).await;
    chair.patch(&unassigned, json!({ "assigneeId": assignee, "dueDate": "2026-11-26" })).await.expect(200);
    remind_at(&app, "2026-11-26T10:00").await;
    assert_eq!(db_reminded(&app, Who::Expert2).await, ["activityDue 2026-11-26"]);
}

#[tokio::test]
async fn the_owner_of_a_condition_is_reminded_also_once_the_task_force_is_over() {
    let app = start().await;
    db_condition(&app, Who::Expert2, "2026-11-25", "open").await;
    db_condition(&app, Who::Expert3, "2026-11-25", "reportedMet").await;
    due(&app, "2026-11-25").await;
    let a = app.as_secretariat().read(app.a("")).await;
    app.as_secretariat().transition_because(&a, "dissolved", "The city merged").await;
    remind_at(&app, "2026-11-24T18:00").await;
    remind_at(&app, "2026-11-26T08:00").await;
    let expected = ["conditionDue 2026-11-25", "conditionOverdue 2026-11-25"];
    assert_eq!(db_reminded(&app, Who::Expert2).await, expected);
    assert_eq!(db_reminded(&app, Who::Expert3).await, [""; 0], "the report waits for the secretariat");
    assert_eq!(db_reminded(&app, Who::Expert1).await, [""; 0], "activities have ended with the task force");
}

#[tokio::test]
async fn a_task_force_that_is_suspended_reminds_nobody_until_it_goes_on() {
    let app = start().await;
    let secretariat = app.as_secretariat();
    due(&app, "2026-11-24").await;
    due(&app, "2026-12-02").await;
    db_condition(&app, Who::Expert2, "2026-11-24", "open").await;
    let a = secretariat.read(app.a("")).await;
    secretariat.transition_because(&a, "suspended", "Elections").await;
    for time in ["2026-11-23T18:00", "2026-11-24T12:00", "2026-11-25T08:00", "2026-12-01T18:00"] {
        remind_at(&app, time).await;
    }
    assert_eq!(db_reminded(&app, Who::Expert1).await, [""; 0]);
    assert_eq!(db_reminded(&app, Who::Expert2).await, [""; 0]);
    let a = secretariat.read(app.a("")).await;
    secretariat.transition(&a, "active").await;
    remind_at(&app, "2026-12-01T18:30").await;
    let reminded = db_reminded(&app, Who::Expert1).await;
    assert!(reminded.contains(&"activityDue 2026-12-02".to_owned()), "{reminded:?}");
}

#[tokio::test]
async fn those_whose_vote_is_missing_are_reminded_of_its_end() {
    let app = start().await;
    ready_policy_step(&app).await;
    // Sunday evening in UTC is Monday in Amman, so that the evening before is the one of Sunday.
    let submission = submit_until(app.as_chair(), "policy", "2026-11-29T21:30:00Z").await;
    vote(app.as_expert(), &submission, "approve").await.expect(200);
    set_user_state(&app, Who::Expert5, "disabled").await;
    remind_at(&app, "2026-11-29T17:59").await;
    assert_eq!(db_reminded(&app, Who::Chair).await, [""; 0]);
    remind_at(&app, "2026-11-29T18:00").await;
    remind_at(&app, "2026-11-29T22:00").await;
    for who in [Who::Chair, Who::Expert2, Who::Expert3, Who::Expert4] {
        assert_eq!(db_reminded(&app, who).await, ["voteEnding 2026-11-29T21:30:00Z"], "{who:?}");
    }
    for who in [Who::Expert1, Who::Expert5, Who::Secretariat] {
        assert_eq!(db_reminded(&app, who).await, [""; 0], "{who:?}");
    }
}

#[tokio::test]
async fn a_vote_that_was_opened_after_the_evening_before_its_end_has_no_reminder() {
    let app = start().await;
    ready_policy_step(&app).await;
    set_clock(&app, "2026-11-24T18:00");
    submit_until(app.as_chair(), "policy", "2026-11-25T12:00:00Z").await;
    for time in ["2026-11-24T18:30", "2026-11-25T08:00", "2026-11-25T16:00"] {
        remind_at(&app, time).await;
    }
    assert_eq!(
        db_reminded(&app, Who::Expert2).await,
        [""; 0],
        "its members have just been told that it is open"
    );
}

#[tokio::test]
async fn two_services_remind_each_person_once() {
    let app = start().await;
    let other = TestApp::over(app.database.clone(), Setup::default()).await;
    for _ in 0..20 {
        due(&app, "2026-11-24").await;
    }
    set_clock(&app, "2026-11-23T18:00");
    other.advance(app.clock.now() - other.clock.now());
    let (_one, _two) = (BackgroundWork::of(&app), BackgroundWork::of(&other));
    let (one, two) = tokio::join!(app.app.remind(), other.app.remind());
    one.unwrap();
    two.unwrap();
    app.db_reaches("select count(*) from notifications where kind = 'activityDue'", 20).await;
    app.advance(TimeDelta::hours(1));
    assert_eq!(app.app.remind().await.unwrap(), (0, false));
    assert_eq!(db_reminded(&app, Who::Expert1).await.len(), 20);
    assert_eq!(app.db_count("select count(*) from reminders").await, 20);
}
