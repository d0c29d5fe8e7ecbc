//! The time for voting: a vote that has not passed by its end is returned, once, by the first who notices.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::background::BackgroundWork;
use crate::support::calendars::{calendar_of_a, own_calendar, read};
use crate::support::client::Draft;
use crate::support::sign_in::set_user_state;
use crate::support::votes::{
    all_vote, ballot, events_after, happened, last_seq, ready_policy_step, submit, submit_until, vote,
    withdraw,
};
use crate::support::world::PANEL;
use crate::support::{Resource, Setup, TestApp, Who};

/// The end of the votes: six days after the beginning of a test, at four in the afternoon in Amman.
const END: &str = "2026-11-28T13:00:00Z";

const RETURNED_BY_ITS_END: [&str; 2] = ["submission.transitioned returned", "step.transitioned open"];

/// The policy step before the members, who can vote until [`END`].
async fn submitted(app: &TestApp) -> Resource {
    ready_policy_step(app).await;
    submit_until(app.as_chair(), "policy", END).await
}

/// Lets time pass until a number of seconds before the end.
fn wait_until_seconds_before_the_end(app: &TestApp, seconds: i64) {
    let end = END.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    app.advance(end - app.clock.now() - TimeDelta::seconds(seconds));
}

async fn suspend(app: &TestApp) {
    let a = app.as_secretariat().read(app.a("")).await;
    app.as_secretariat().transition_because(&a, "suspended", "Elections").await;
}

async fn resume(app: &TestApp) {
    let a = app.as_secretariat().read(app.a("")).await;
    app.as_secretariat().transition(&a, "active").await;
}

#[tokio::test]
async fn an_end_lies_in_the_future_and_at_most_90_days_ahead() {
    let app = TestApp::start().await;
    ready_policy_step(&app).await;
    let chair = app.as_chair();
    let put = async |end: Value| {
        let path = app.a("/steps/policy/submissions");
        chair.post(path, json!({ "votingEndsAt": end })).await
    };
    for (end, error) in [
        (json!("2026-11-22T09:00:00Z"), "/votingEndsAt tooSmall"),
        (json!("2025-11-28T13:00:00Z"), "/votingEndsAt tooSmall"),
        (json!("2027-02-20T09:00:01Z"), "/votingEndsAt tooLarge"),
        (json!("2062-11-28T13:00:00Z"), "/votingEndsAt tooLarge"),
        (json!("2026-11-28"), "/votingEndsAt wrongFormat"),
        (json!(1_795_000_000), "/votingEndsAt wrongType"),
    ] {
        put(end).await.expect_field_errors(&[error]);
    }
    let arabic =
        Draft::post(app.a("/steps/policy/submissions"), &json!({ "votingEndsAt": "2027-11-28T13:00:00Z" }));
    let refused =
        chair.send(arabic.header("Accept-Language", "ar")).await.expect_problem(400, "invalidRequest");
    assert_eq!(refused["errors"][0]["detail"], "يجب ألا يبعد أكثر من 90 يومًا من الآن");

    // Another zone is the same instant.
    let before = last_seq(&app).await;
    let submission = put(json!("2027-02-20T11:00:00.123456789+03:00")).await.expect(201).json();
    assert_eq!(submission["votingEndsAt"], "2027-02-20T08:00:00.123456Z");
    assert_eq!((&submission["votingPausedAt"], &submission["votingEnded"]), (&Value::Null, &json!(false)));
    let event = &events_after(&app, before).await[0];
    assert_eq!(event["changes"]["votingEndsAt"]["after"], "2027-02-20T08:00:00.123456Z");
}

#[tokio::test]
async fn a_vote_that_has_not_passed_by_its_end_is_returned_by_the_service() {
    let app = TestApp::start().await;
    let submission = submitted(&app).await;
    all_vote(&app, &submission, "approve", &PANEL[..3]).await;
    let before = last_seq(&app).await;
    wait_until_seconds_before_the_end(&app, 1);
    let open = app.as_chair().reload(&submission).await;
    assert_eq!((&open["state"], &open["permissions"]["vote"]), (&json!("voting"), &json!(true)));
    app.advance(TimeDelta::seconds(1));

    // The first reader sees the end, and those who read after that see the same.
    let ended = app.as_who(Who::CouncilMember).reload(&submission).await;
    assert_eq!(
        (&ended["state"], &ended["votingEnded"], &ended["decidedAt"]),
        (&json!("returned"), &json!(true), &json!(END))
    );
    assert_eq!((&ended["tally"]["approve"], &ended["turnout"]["pending"]), (&json!(3), &json!(3)));
    assert_eq!(ended["notVoted"].as_array().unwrap().len(), 3, "those who have not voted are named");
    assert_eq!(app.as_chair().reload(&submission).await["tally"], ended["tally"]);
    assert_eq!(happened(&app, before).await, RETURNED_BY_ITS_END);
    for event in events_after(&app, before).await {
        assert_eq!(event["actor"], json!({ "kind": "system", "id": null, "name": null }));
    }
    let event = &events_after(&app, before).await[0];
    assert_eq!(event["changes"], json!({ "votingEnded": { "before": false, "after": true } }));
    vote(app.as_who(Who::Expert3), &submission, "approve").await.expect_problem(409, "votingClosed");

    // The chain of events is whole, and the step can be submitted again, without an end.
    let audit = app.as_secretariat().get(app.a("/audit/verification")).await.expect(200).json();
    assert_eq!(audit["intact"], true, "{audit}");
    let again = submit(app.as_chair(), "policy").await;
    assert_eq!((&again["votingEndsAt"], &again["votingEnded"]), (&Value::Null, &json!(false)));
    app.advance(TimeDelta::days(400));
    assert_eq!(app.as_chair().reload(&again).await["state"], "voting");
}

#[tokio::test]
async fn a_vote_or_a_withdrawal_at_the_end_is_too_late_and_ends_the_vote() {
    for is_withdrawal in [false, true] {
        let app = TestApp::start().await;
        let submission = submitted(&app).await;
        all_vote(&app, &submission, "approve", &PANEL[..3]).await;
        let before = last_seq(&app).await;
        wait_until_seconds_before_the_end(&app, 0);
        let refused = if is_withdrawal {
            withdraw(app.as_chair(), &submission).await
        } else {
            vote(app.as_who(Who::Expert3), &submission, "approve").await
        };
        refused.expect_problem(409, "votingClosed");
        assert_eq!(happened(&app, before).await, RETURNED_BY_ITS_END, "by the request that came too late");
        let ended = app.as_chair().reload(&submission).await;
        assert_eq!((&ended["tally"]["approve"], &ended["votingEnded"]), (&json!(3), &json!(true)));
    }
}

#[tokio::test]
async fn the_vote_that_passes_before_the_end_counts() {
    let app = TestApp::start().await;
    let submission = submitted(&app).await;
    wait_until_seconds_before_the_end(&app, 1);
    let passed = all_vote(&app, &submission, "approve", &PANEL[..4]).await;
    assert_eq!((&passed["state"], &passed["votingEnded"]), (&json!("passed"), &json!(false)));
    let before = last_seq(&app).await;
    app.advance(TimeDelta::days(1));
    assert_eq!(app.app.end_votes().await.unwrap(), None);
    let after = app.as_chair().reload(&submission).await;
    assert_eq!((&after["state"], &after["votingEnded"]), (&json!("passed"), &json!(false)));
    assert_eq!(happened(&app, before).await, [""; 0]);
}

#[tokio::test]
async fn of_many_who_notice_the_end_at_once_one_returns_the_submission() {
    let app = TestApp::start().await;
    let other = TestApp::over(app.database.clone(), Setup::default()).await;
    let submission = submitted(&app).await;
    all_vote(&app, &submission, "approve", &PANEL[..3]).await;
    let before = last_seq(&app).await;
    wait_until_seconds_before_the_end(&app, 0);
    other.clock.advance(app.clock.now() - other.clock.now());
    let (one, two, read, voted) = tokio::join!(
        app.app.end_votes(),
        other.app.end_votes(),
        app.as_secretariat().reload(&submission),
        app.as_who(Who::Expert3).send_with_retry(ballot(&submission, "approve")),
    );
    one.unwrap();
    two.unwrap();
    assert_eq!(read["state"], "returned");
    voted.expect_problem(409, "votingClosed");
    assert_eq!(happened(&app, before).await, RETURNED_BY_ITS_END);
}

#[tokio::test]
async fn the_background_work_ends_votes_of_all_task_forces() {
    let app = TestApp::start().await;
    submitted(&app).await;
    let before = last_seq(&app).await;
    let left = app.app.end_votes().await.unwrap().unwrap();
    assert_eq!(left, std::time::Duration::from_secs(6 * 86_400 + 4 * 3600), "the worker knows the next end");
    wait_until_seconds_before_the_end(&app, 0);
    let _work = BackgroundWork::of(&app);
    app.db_reaches("select count(*) from submissions where state = 'returned'", 1).await;
    assert_eq!(happened(&app, before).await, RETURNED_BY_ITS_END);
}

#[tokio::test]
async fn a_member_who_leaves_after_the_end_decides_nothing() {
    let app = TestApp::start().await;
    let submission = submitted(&app).await;
    all_vote(&app, &submission, "return", &PANEL[..2]).await;
    wait_until_seconds_before_the_end(&app, 0);
    let before = last_seq(&app).await;
    set_user_state(&app, Who::Expert5, "disabled").await;
    assert_eq!(happened(&app, before).await, ["member.transitioned disabled"], "nobody has looked yet");
    app.app.end_votes().await.unwrap();
    let ended = app.as_chair().reload(&submission).await;
    assert_eq!((&ended["state"], &ended["votingEnded"]), (&json!("returned"), &json!(true)));
}

#[tokio::test]
async fn a_suspension_takes_no_time_from_the_members() {
    let app = TestApp::start().await;
    let submission = submitted(&app).await;
    app.advance(TimeDelta::days(5));
    let before = last_seq(&app).await;
    suspend(&app).await;
    let paused = app.as_chair().reload(&submission).await;
    assert_eq!(
        (&paused["votingEndsAt"], &paused["votingPausedAt"]),
        (&json!(END), &json!("2026-11-27T09:00:00Z"))
    );
    assert_eq!(happened(&app, before).await, ["taskForce.transitioned suspended", "submission.updated"]);

    // The end comes and goes.
    app.advance(TimeDelta::days(30));
    assert_eq!(app.app.end_votes().await.unwrap(), None);
    assert_eq!(app.as_chair().reload(&submission).await["state"], "voting");
    resume(&app).await;
    let going_on = app.as_chair().reload(&submission).await;
    assert_eq!(
        (&going_on["votingEndsAt"], &going_on["votingPausedAt"]),
        (&json!("2026-12-28T13:00:00Z"), &Value::Null)
    );
    assert_eq!(going_on["version"], 3);
    let event = events_after(&app, before).await.pop().unwrap();
    assert_eq!(event["changes"]["votingEndsAt"], json!({ "before": END, "after": "2026-12-28T13:00:00Z" }));
    app.advance(TimeDelta::days(1));
    vote(app.as_expert(), &submission, "approve").await.expect(200);
    app.advance(TimeDelta::hours(4));
    let ended = app.as_chair().reload(&submission).await;
    assert_eq!((&ended["state"], &ended["votingEnded"]), (&json!("returned"), &json!(true)));

    // A vote without an end has nothing to pause.
    let endless = submit(app.as_chair(), "policy").await;
    let before = last_seq(&app).await;
    suspend(&app).await;
    resume(&app).await;
    let expected = ["taskForce.transitioned suspended", "taskForce.transitioned active"];
    assert_eq!(happened(&app, before).await, expected);
    assert_eq!(app.as_chair().reload(&endless).await["version"], 1);
}

#[tokio::test]
async fn the_end_of_a_vote_is_in_the_calendars_and_among_the_tasks() {
    let app = TestApp::start().await;
    let (all, own) = (calendar_of_a(&app).await, own_calendar(app.as_expert()).await);
    ready_policy_step(&app).await;
    // Midnight in Amman is the day after that of UTC.
    let submission = submit_until(app.as_chair(), "policy", "2026-12-08T21:30:00Z").await;
    let id = format!("vote-{}", submission.id());
    for path in [&all, &own] {
        let entry = read(&app, &format!("{path}?lang=en")).await.entry(&id).clone();
        assert_eq!(entry.days(), ["20261209", "20261210"]);
        assert_eq!(
            entry.get("SUMMARY"),
            "End of voting on step 1: Identify some smart governance policy / framework"
        );
        assert_eq!(
            entry.get("DESCRIPTION"),
            "Task force: \u{2068}Alpha\u{2069}\nTime: \u{2068}00:30\u{2069}\nState: \u{2068}Voting\u{2069}"
        );
        assert_eq!(entry.get("STATUS"), "CONFIRMED");
    }
    let arabic = read(&app, &format!("{all}?lang=ar")).await;
    assert!(arabic.entry(&id).get("SUMMARY").starts_with("انتهاء التصويت على الخطوة 1: "));
    assert!(arabic.entry(&id).get("DESCRIPTION").contains("الساعة: \u{2068}00:30\u{2069}"));
    let tasks = app.as_expert().list("/v1/me/tasks?kind=vote").await;
    assert_eq!(tasks[0]["dueDate"], "2026-12-09");

    let before = read(&app, &format!("{all}?lang=en")).await.entry(&id).sequence();
    withdraw(app.as_chair(), &submission).await.expect(200);
    let entry = read(&app, &format!("{all}?lang=en")).await.entry(&id).clone();
    assert_eq!(entry.get("STATUS"), "CANCELLED");
    assert!(entry.get("SUMMARY").starts_with("Cancelled: ") && entry.sequence() > before);

    // An own calendar has the votes in which one is entitled.
    let late = Who::Outsider;
    app.as_chair().create(app.a("/members"), app.world().seat(late, "expert")).await;
    let late = own_calendar(app.as_who(late)).await;
    assert_eq!(read(&app, &late).await.find(&id), None);
}
