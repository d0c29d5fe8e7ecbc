//! Status: what it counts, how small it is, when it changes.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::client::Draft;
use crate::support::council::{db_submitted_report, decide, reported, submitted_report};
use crate::support::votes::db_condition;
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
    let due: Vec<_> =
        status["nextDue"].as_array().unwrap().iter().map(|due| &due["subject"]["number"]).collect();
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
            let body = json!({
                "title": { "ar": "ض".repeat(200), "en": "W".repeat(200) }, "step": step, "dueDate": "2027-01-01",
            });
            chair.create(format!("{}/activities", long.path), body).await;
        }
    }
    chair.create(format!("{}/health-statements", long.path), json!({ "health": "offTrack" })).await;
    db_submitted_report(&app, long.id(), Who::Chair).await;
    let status = chair.get(format!("{}/status", long.path)).await.expect(200);
    assert_eq!(status.json()["beforeCouncil"]["report"]["number"], 1);
    assert_eq!(status.json()["nextDue"].as_array().unwrap().len(), 5);
    assert!(status.body.len() <= 8192, "{} bytes", status.body.len());
}

#[tokio::test]
async fn what_is_due_next_includes_the_conditions_of_the_council() {
    let app = TestApp::start().await;
    let (first, between) = ("2026-11-19", "2026-11-24");
    let open = db_condition(&app, Who::Expert1, between, "open").await;
    db_condition(&app, Who::Expert1, first, "reportedMet").await;
    db_condition(&app, Who::Expert1, first, "met").await;
    let due = async || -> Vec<(Value, Value)> {
        let status = app.as_chair().get(app.a("/status")).await.expect(200).json();
        let due = status["nextDue"].as_array().unwrap().clone();
        due.into_iter().map(|one| (one["subject"]["kind"].clone(), one["dueDate"].clone())).collect()
    };
    let expected = [("activity", "2026-11-20"), ("condition", between), ("activity", "2026-11-25")];
    assert_eq!(due().await, expected.map(|(kind, day)| (json!(kind), json!(day))));
    let status = app.as_chair().get(app.a("/status")).await.json();
    let subject = &status["nextDue"][1]["subject"];
    assert_eq!((&subject["id"], &subject["title"]["en"]), (&json!(open), &json!("Name a data officer")));
    // At most five, whatever they are.
    for _ in 0..4 {
        db_condition(&app, Who::Expert1, first, "open").await;
    }
    // The status is kept until something happens.
    app.as_chair().create(app.a("/health-statements"), json!({ "health": "offTrack" })).await;
    assert_eq!(due().await.len(), 5);
    assert_eq!(due().await[4], (json!("activity"), json!("2026-11-20")));
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
            "taskForces": 3, "forming": 1, "active": 2, "suspended": 0, "concluded": 0, "dissolved": 0, "beforeCouncil": 0,
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

/// Where a task force is shown, and what each place says of its report before the council.
async fn before_the_council(app: &TestApp) -> Vec<Value> {
    let council = app.as_who(Who::CouncilMember);
    let mut shown = Vec::new();
    for path in [app.a("/status"), app.a("")] {
        shown.push(council.get(path).await.expect(200).json()["beforeCouncil"].clone());
    }
    for list in ["/v1/status", "/v1/task-forces"] {
        let names = async |query: &str| -> Vec<String> {
            let items = council.list(&format!("{list}?{query}")).await;
            items.iter().map(|item| item["name"]["en"].as_str().unwrap().to_owned()).collect()
        };
        let item = council.list(&format!("{list}?q=Alpha")).await.remove(0);
        let waits: &[&str] = if item["beforeCouncil"].is_null() { &[] } else { &["Alpha"] };
        assert_eq!(names("beforeCouncil=true").await, waits, "{list}");
        let others = names("beforeCouncil=false").await;
        assert_eq!(others.len() + waits.len(), 3, "{list}: {others:?}");
        shown.push(item["beforeCouncil"].clone());
    }
    let totals = council.get("/v1/status?limit=1").await.json()["totals"]["beforeCouncil"].clone();
    shown.push(totals);
    shown
}

#[tokio::test]
async fn a_task_force_is_before_the_council_until_the_decision_wherever_it_is_shown() {
    let app = TestApp::start().await;
    let nothing = vec![Value::Null, Value::Null, Value::Null, Value::Null, json!(0)];
    assert_eq!(before_the_council(&app).await, nothing);
    let report = submitted_report(&app, json!({})).await;
    let waits = |id: &str, number: i64, since: &Value| {
        let report = json!({
            "kind": "report", "id": id, "number": number, "href": app.a(&format!("/reports/{number}")),
            "title": { "ar": format!("التقرير {number}"), "en": format!("Report {number}") },
        });
        let waits = json!({ "report": report, "since": since });
        let mut shown = vec![waits; 4];
        shown.push(json!(1));
        shown
    };
    let first = waits(report.id(), 1, &report["submittedAt"]);
    assert_eq!(before_the_council(&app).await, first);
    let secretariat = app.as_secretariat();
    let a = secretariat.patch(&secretariat.read(app.a("")).await, json!({ "maxSectors": 3 })).await;
    assert_eq!(a.expect(200).json()["beforeCouncil"], first[0]);
    let a = secretariat.read(app.a("")).await;
    let suspended = secretariat.transition_because(&a, "suspended", "Elections").await;
    assert_eq!(suspended["beforeCouncil"], first[0]);
    assert_eq!(before_the_council(&app).await, first, "it waits while suspended, too");
    secretariat.transition(&suspended, "active").await;
    decide(&app, "adjust", json!({ "returnToStep": "report" })).await;
    assert_eq!(before_the_council(&app).await, nothing);
    let second = reported(&app, json!({})).await;
    assert_eq!(before_the_council(&app).await, waits(second.id(), 2, &second["submittedAt"]));
    // No decision on the report of a dissolved task force can be recorded.
    let a = secretariat.read(app.a("")).await;
    secretariat.transition_because(&a, "dissolved", "The city merged").await;
    assert_eq!(before_the_council(&app).await, nothing);
    let tasks = app.as_who(Who::CouncilMember).list("/v1/me/tasks").await;
    assert!(tasks.is_empty(), "{tasks:?}");
}

#[tokio::test]
async fn the_portfolio_counts_as_the_status_does_whatever_happens_to_an_activity() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let council = app.as_who(Who::CouncilMember);
    let agree = async |after: &str| {
        let status = chair.get(app.a("/status")).await.expect(200).json();
        let portfolio = council.get("/v1/status?q=alpha").await.expect(200).json();
        let count = |name: &str| status["activities"][name].as_i64().unwrap();
        let open = ["planned", "inProgress", "inReview", "blocked"].map(count).iter().sum::<i64>();
        let line = &portfolio["items"][0];
        for found in [line, &portfolio["totals"]] {
            let found = ["openActivities", "overdue", "blocked"].map(|name| found[name].as_i64().unwrap());
            assert_eq!(found, [open, count("overdue"), count("blocked")], "{after}");
        }
        (open, count("overdue"), count("blocked"))
    };
    assert_eq!(agree("nothing").await, (6, 1, 1));
    let one = chair.create_activity(json!({ "dueDate": "2026-11-21" })).await;
    assert_eq!(agree("planned").await, (7, 2, 1));
    let one = chair.transition_because(&one, "blocked", "Waits").await;
    assert_eq!(agree("blocked").await, (7, 2, 2));
    let one = chair.patch(&one, json!({ "dueDate": "2026-11-22" })).await.expect(200);
    assert_eq!(agree("due today").await, (7, 1, 2));
    app.advance(TimeDelta::days(1));
    assert_eq!(agree("the next day").await, (7, 2, 2));
    let one = chair.read(one.path).await;
    let one = chair.transition(&one, "planned").await;
    let one = chair.patch(&one, json!({ "dueDate": null })).await.expect(200);
    assert_eq!(agree("never due").await, (7, 1, 1));
    let one = chair.read(one.path).await;
    let one = chair.transition(&one, "inProgress").await;
    let one = chair.transition(&one, "done").await;
    assert_eq!(agree("done").await, (6, 1, 1));
    chair.transition_because(&one, "inProgress", "Not done after all").await;
    assert_eq!(agree("in progress again").await, (7, 1, 1));
    let other = chair.create_activity(json!({})).await;
    assert_eq!(agree("another one").await, (8, 1, 1));
    chair.delete(&other).await.expect(204);
    assert_eq!(agree("deleted").await, (7, 1, 1));
    app.db().await.batch_execute("insert into cycles select id, 2, now() from task_forces; update task_forces set current_cycle = 2").await.unwrap();
    let counts =
        app.db_count("select sum(open + blocked + cardinality(due_dates)) from open_activity_counts").await;
    assert_eq!(counts, 0, "a new cycle has no activities");
}
