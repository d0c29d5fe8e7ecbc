//! Status: what it counts, how small it is, when it changes.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::client::Draft;
use crate::support::world::task_force;
use crate::support::{TestApp, Who};

#[tokio::test]
async fn the_status_counts_what_there_is() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let step = chair.read(app.a("/steps/policy")).await;
    chair.patch(&step, json!({ "targetDate": "2026-12-31" })).await.expect(200);
    let status = app.as_who(Who::CouncilMember).get(app.a("/status")).await.expect(200).json();
    assert_eq!(
        status["activities"],
        json!({
            "planned": 3, "inProgress": 1, "inReview": 1, "blocked": 1, "done": 1, "cancelled": 1,
            "overdue": 1, "unassigned": 2,
        })
    );
    let expected =
        json!({ "step": "policy", "state": "open", "targetDate": "2026-12-31", "done": 1, "total": 6 });
    assert_eq!(status["steps"][0], expected);
    let expected = json!({ "step": "sectors", "state": "locked", "targetDate": null, "done": 0, "total": 1 });
    assert_eq!(status["steps"][1], expected);
    let due: Vec<_> = status["nextDue"].as_array().unwrap().iter().map(|due| &due["number"]).collect();
    assert_eq!(due, [8, 1]);
    assert_eq!((&status["health"], &status["step"]), (&json!("onTrack"), &json!("policy")));
    assert_eq!((&status["state"], &status["cycle"]), (&json!("active"), &json!(1)));
    chair.create(app.a("/health-statements"), json!({ "health": "offTrack" })).await;
    assert_eq!(chair.get(app.a("/status")).await.json()["health"], "offTrack");
    let forming = app.as_secretariat().get(app.f("/status")).await.expect(200).json();
    assert_eq!((&forming["step"], &forming["health"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_status_is_at_most_4_kb_however_long_the_names() {
    let app = TestApp::start().await;
    let world = app.world();
    let panel = [Who::Chair, Who::Expert1, Who::Expert2, Who::Expert3, Who::Expert4];
    let seats: Vec<_> = panel
        .iter()
        .enumerate()
        .map(|(at, who)| world.seat(*who, if at == 0 { "chair" } else { "expert" }))
        .collect();
    let mut longest = task_force("Long", &seats);
    longest["name"] = json!({ "ar": "ض".repeat(200), "en": "W".repeat(200) });
    longest["nextCouncilDate"] = json!("2027-01-20");
    let secretariat = app.as_secretariat();
    let long = secretariat.create("/v1/task-forces", longest).await;
    secretariat.transition(&long, "active").await;
    let chair = app.as_chair();
    for step in ["policy", "sectors", "pilots", "migration", "report"] {
        let it = chair.read(format!("{}/steps/{step}", long.path)).await;
        chair.patch(&it, json!({ "targetDate": "2027-12-31" })).await.expect(200);
        for _ in 0..2 {
            let body = json!({ "title": { "en": "W".repeat(200) }, "step": step, "dueDate": "2027-01-01" });
            chair.create(format!("{}/activities", long.path), body).await;
        }
    }
    chair.create(format!("{}/health-statements", long.path), json!({ "health": "offTrack" })).await;
    let status = chair.get(format!("{}/status", long.path)).await.expect(200);
    assert_eq!(status.json()["nextDue"].as_array().unwrap().len(), 5);
    assert!(status.body.len() <= 4096, "{} bytes", status.body.len());
}

#[tokio::test]
async fn a_status_is_the_same_until_something_happens_or_the_day_changes() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let ask = async |who: Who, etag: &str| {
        app.as_who(who).send(Draft::get(app.a("/status")).header("If-None-Match", etag)).await
    };
    let first = chair.get(app.a("/status")).await.expect(200).etag().to_owned();
    ask(Who::Chair, &first).await.expect(304);
    ask(Who::CouncilMember, &first).await.expect(304);
    let comments = app.a(&format!("/activities/{}/comments", app.world().activity("planned")));
    app.as_expert().create(comments, json!({ "text": "x" })).await;
    let second = ask(Who::Chair, &first).await.expect(200);
    assert!(second.json()["lastSeq"].as_i64() > Some(0));
    let second = second.etag().to_owned();
    app.advance(TimeDelta::hours(11));
    ask(Who::Chair, &second).await.expect(304);
    app.advance(TimeDelta::hours(1));
    let next_day = ask(Who::Chair, &second).await.expect(200);
    assert_eq!(next_day.json()["today"], "2026-11-23");
}

#[tokio::test]
async fn the_portfolio_has_a_line_for_every_task_force_and_adds_them_up() {
    let app = TestApp::start().await;
    let council = app.as_who(Who::CouncilMember);
    let portfolio = async |query: &str| council.get(format!("/v1/status{query}")).await.expect(200).json();
    let all = portfolio("?limit=1").await;
    assert_eq!(
        all["totals"],
        json!({
            "taskForces": 3, "forming": 1, "active": 2, "suspended": 0, "concluded": 0, "dissolved": 0,
            "openActivities": 7, "overdue": 1, "blocked": 1,
        }),
        "totals cover all matches, not only this page"
    );
    let line = &all["items"][0];
    assert_eq!((&line["name"]["en"], &line["openActivities"]), (&json!("Alpha"), &json!(6)));
    assert_eq!(
        (&line["overdue"], &line["blocked"], &line["health"]),
        (&json!(1), &json!(1), &json!("onTrack"))
    );
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|line| line["name"]["en"].as_str().unwrap().to_owned()).collect()
    };
    for (query, expected) in [
        ("", vec!["Alpha", "Beta", "Foxtrot"]),
        ("?state=active", vec!["Alpha", "Beta"]),
        ("?step=policy&health=onTrack", vec!["Alpha"]),
        ("?q=fox", vec!["Foxtrot"]),
        ("?health=offTrack", vec![]),
    ] {
        let page = portfolio(query).await;
        assert_eq!(names(&page), expected, "{query}");
        assert_eq!(page["totals"]["taskForces"], expected.len(), "{query}");
    }
}
