//! The council's decisions: recorded once, numbered, never edited; and the register of all of them.

mod corrections;
mod cycles;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::answer::field_errors;
use crate::support::client::Draft;
use crate::support::council::{
    condition, db_submitted_report, db_verify_chain, decide, decision, happened, last_seq, reported, states,
    steps, submitted_report, try_decide,
};
use crate::support::{TestApp, Who};

const AGAIN: &str = "report";

/// A decision to do the fifth step again, so that another report can follow in the same cycle.
fn again() -> Value {
    json!({ "returnToStep": AGAIN })
}

#[tokio::test]
async fn the_secretariat_records_what_the_council_decided_on_a_report() {
    let app = TestApp::start().await;
    let report = submitted_report(&app, json!({})).await;
    app.advance(TimeDelta::days(3));
    let before = last_seq(&app).await;
    let fields = json!({
        "decidedOn": "2026-11-24",
        "conditions": [condition(&app, Who::Expert1, json!({})), condition(&app, Who::Chair, json!({}))],
    });
    let answer = try_decide(&app, "continue", fields).await.expect(201);
    assert!(answer.header("location").ends_with(&app.a("/decisions/1")), "{}", answer.header("location"));
    let decided = answer.resource();
    let values = |fields: &[&str]| fields.iter().map(|field| decided[*field].clone()).collect::<Vec<_>>();
    assert_eq!(
        values(&["number", "cycle", "outcome", "returnToStep", "version"]),
        [json!(1), json!(1), json!("continue"), Value::Null, json!(1)]
    );
    assert_eq!(
        values(&["meetingReference", "decidedOn", "supersedes", "supersededBy", "createdAt"]),
        [
            json!("CDG/2026/11, item 4"),
            json!("2026-11-24"),
            Value::Null,
            Value::Null,
            json!("2026-11-25T09:00:00Z"),
        ]
    );
    let secretariat = app.world().user(Who::Secretariat);
    let name = json!({ "en": "Secretariat", "ar": "شخص Secretariat" });
    assert_eq!(decided["createdBy"], json!({ "id": secretariat, "name": name }));
    let (id, href) = (&decided["report"]["id"], &decided["report"]["href"]);
    assert_eq!(app.as_chair().read(href.as_str().unwrap()).await["id"], *id);
    assert_eq!(decided["reason"], json!({ "en": "The report convinces", "ar": "التقرير مقنع" }));
    let [first, second] = decided["conditions"].as_array().unwrap().as_slice() else { panic!() };
    assert_eq!(
        (&first["owner"]["id"], &second["owner"]["id"]),
        (&json!(app.world().member(Who::Expert1)), &json!(app.world().member(Who::Chair)))
    );
    assert_eq!(
        (&first["state"], &first["decision"]["number"], &first["dueDate"], &first["overdue"]),
        (&json!("open"), &json!(1), &json!("2027-01-31"), &json!(false))
    );
    assert_eq!(
        app.as_secretariat().reload(&decided).await.body,
        decided.body,
        "Location is the path of the decision"
    );
    assert_eq!(app.as_chair().reload(&report).await["state"], "decided");

    // The events are in the feed in order, and chained to the earlier ones.
    let expected = [
        "report.transitioned submitted decided",
        "decision.recorded",
        "cycle.opened",
        "step.transitioned locked open",
        "condition.created",
        "condition.created",
    ];
    assert_eq!(happened(&app, before).await, expected);
    assert_eq!(db_verify_chain(&app).await, before + 6);
    let events = app.as_chair().get(app.a(&format!("/events?after={before}"))).await.json();
    let recorded = &events["items"][1];
    assert_eq!(
        (&recorded["subject"]["id"], &recorded["subject"]["number"]),
        (&json!(decided.id()), &json!(1))
    );
    let noted = ["number", "outcome", "meetingReference", "decidedOn", "reason"];
    for field in noted {
        assert_eq!(recorded["changes"][field]["after"], decided[field], "{field}");
    }
}

#[tokio::test]
async fn decisions_are_numbered_and_listed_newest_first() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    assert_eq!(app.as_expert().list(&app.a("/decisions")).await, [Value::Null; 0]);
    decide(&app, "adjust", again()).await;
    reported(&app, json!({})).await;
    decide(&app, "adjust", json!({ "reportNumber": 2, "returnToStep": AGAIN })).await;
    reported(&app, json!({})).await;
    let third = decide(&app, "continue", json!({ "reportNumber": 3 })).await;
    assert_eq!(third["number"], 3);
    for who in [Who::Expert1, Who::CouncilMember] {
        let listed = app.as_who(who).list_by(&app.a("/decisions"), 1).await;
        let numbers: Vec<_> =
            listed.iter().map(|item| (&item["number"], &item["report"]["number"])).collect();
        let (one, two, three) = (json!(1), json!(2), json!(3));
        assert_eq!(numbers, [(&three, &three), (&two, &two), (&one, &one)]);
        assert_eq!(listed[0]["conditions"], Value::Null, "a list goes without them");
    }
    for other in ["0", "01", "-1", "4", "1.0", "one", third.id()] {
        app.as_chair().get(app.a(&format!("/decisions/{other}"))).await.expect_problem(404, "notFound");
    }
    app.as_who(Who::OtherChair).get(app.b("/decisions/1")).await.expect_problem(404, "notFound");
    app.as_who(Who::OtherChair).get(app.a("/decisions/1")).await.expect_problem(404, "notFound");
}

#[tokio::test]
async fn a_departure_from_the_recommendation_is_computed_by_outcome_and_step() {
    let app = TestApp::start().await;
    let adjust = |step: &str| json!({ "recommendation": "adjust", "returnToStep": step });
    app.db_open("report").await;
    for (number, recommended, departs) in [
        (1, adjust(AGAIN), false),
        (2, adjust("pilots"), true),
        (3, json!({ "recommendation": "continue" }), true),
        (4, json!({ "recommendation": "stop" }), true),
    ] {
        reported(&app, recommended).await;
        let decided = decide(&app, "adjust", json!({ "reportNumber": number, "returnToStep": AGAIN })).await;
        assert_eq!(decided["departsFromRecommendation"], departs, "report {number}");
    }
    reported(&app, json!({ "recommendation": "conclude" })).await;
    let decided = decide(&app, "conclude", json!({ "reportNumber": 5 })).await;
    assert_eq!(decided["departsFromRecommendation"], false);
    let listed = app.as_chair().list(&app.a("/decisions")).await;
    let departs: Vec<_> = listed.iter().map(|item| item["departsFromRecommendation"] == true).collect();
    assert_eq!(departs, [false, true, true, true, false]);
}

#[tokio::test]
async fn only_the_secretariat_records_a_decision() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    for who in [Who::Chair, Who::Expert1, Who::CouncilMember, Who::Administrator] {
        let refused = app.as_who(who).post(app.a("/decisions"), decision(&app, "continue", json!({}))).await;
        refused.expect_problem(403, "forbidden");
    }
    for who in [Who::Outsider, Who::OtherChair, Who::EndedMember] {
        let refused = app.as_who(who).post(app.a("/decisions"), decision(&app, "continue", json!({}))).await;
        refused.expect_problem(404, "notFound");
    }
    decide(&app, "continue", json!({})).await;
}

#[tokio::test]
async fn a_decision_is_on_a_report_that_is_before_the_council() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let draft = app
        .as_chair()
        .create(
            app.a("/reports"),
            json!({ "recommendation": "stop", "summary": { "en": "Enough", "ar": "كفى" } }),
        )
        .await;
    let problem = try_decide(&app, "continue", json!({ "reportNumber": 2 })).await;
    let problem = problem.expect_problem(400, "unknownReference");
    assert_eq!(problem["errors"][0]["pointer"], "/reportNumber");
    try_decide(&app, "continue", json!({})).await.expect_problem(409, "reportNotSubmitted");

    reported(&app, json!({})).await;
    assert_eq!(app.as_chair().reload(&draft).await["state"], "superseded");
    try_decide(&app, "continue", json!({})).await.expect_problem(409, "reportNotSubmitted");
    let of_another =
        app.as_secretariat().post(app.b("/decisions"), decision(&app, "continue", json!({}))).await;
    of_another.expect_problem(400, "unknownReference");
    decide(&app, "adjust", json!({ "reportNumber": 2, "returnToStep": AGAIN })).await;
    let twice = try_decide(&app, "continue", json!({ "reportNumber": 2 })).await;
    twice.expect_problem(409, "reportNotSubmitted");
}

#[tokio::test]
async fn nothing_is_decided_before_the_report_was_submitted() {
    let app = TestApp::start().await;
    // In Amman the next day has begun.
    app.advance(TimeDelta::hours(13));
    submitted_report(&app, json!({})).await;
    app.advance(TimeDelta::days(1));
    for early in ["2026-11-22", "2025-11-23"] {
        let refused = try_decide(&app, "continue", json!({ "decidedOn": early })).await;
        let refused = refused.expect_problem(400, "invalidRequest");
        assert_eq!(field_errors(&refused), ["/decidedOn tooSmall"]);
        assert!(
            refused["errors"][0]["detail"].as_str().unwrap().ends_with("which was on 2026-11-23"),
            "{refused}"
        );
    }
    decide(&app, "continue", json!({ "decidedOn": "2026-11-23" })).await;
    // A correction is held to the same.
    let earlier = json!({ "decidedOn": "2026-11-22", "supersedesNumber": 1 });
    try_decide(&app, "continue", earlier).await.expect_field_errors(&["/decidedOn tooSmall"]);
}

#[tokio::test]
async fn a_number_that_names_no_report_or_decision_is_told_as_such() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    for (fields, pointer, said) in [
        (json!({ "reportNumber": 7 }), "/reportNumber", "is not the number of a report of this task force"),
        (
            json!({ "supersedesNumber": 7 }),
            "/supersedesNumber",
            "is not the number of a decision on this task force",
        ),
    ] {
        let refused = try_decide(&app, "continue", fields).await.expect_problem(400, "unknownReference");
        let [error] = refused["errors"].as_array().unwrap().as_slice() else { panic!("{refused}") };
        assert_eq!((&error["pointer"], &error["detail"]), (&json!(pointer), &json!(said)));
    }
}

#[tokio::test]
async fn all_field_errors_of_a_decision_are_reported_at_once() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    let before = last_seq(&app).await;
    let wrong = json!({ "decidedOn": "2026-11-23" });
    try_decide(&app, "adjust", wrong)
        .await
        .expect_field_errors(&["/decidedOn tooLarge", "/returnToStep required"]);
    let due = |day: &str| condition(&app, Who::Chair, json!({ "dueDate": day }));
    let conditions = json!({ "conditions": [due("2026-11-21"), due("2026-11-22"), due("2025-11-22")] });
    try_decide(&app, "adjust", conditions).await.expect_field_errors(&[
        "/conditions/0/dueDate tooSmall",
        "/conditions/2/dueDate tooSmall",
        "/returnToStep required",
    ]);
    for outcome in ["continue", "conclude", "stop"] {
        let refused = try_decide(&app, outcome, json!({ "returnToStep": "policy" })).await;
        refused.expect_field_errors(&["/returnToStep notAllowed"]);
    }
    // An unknown report is one error among the others.
    let wrong = json!({ "reportNumber": 9, "decidedOn": "2026-11-23" });
    let refused = try_decide(&app, "continue", wrong).await.expect_problem(400, "invalidRequest");
    assert_eq!(field_errors(&refused), ["/decidedOn tooLarge", "/reportNumber unknownReference"]);
    // In Amman the day begins at nine in the evening, UTC.
    app.advance(TimeDelta::hours(12) - TimeDelta::seconds(1));
    let tomorrow = || json!({ "decidedOn": "2026-11-23", "returnToStep": AGAIN });
    try_decide(&app, "adjust", tomorrow()).await.expect_field_errors(&["/decidedOn tooLarge"]);
    let empty = app.as_secretariat().post(app.a("/decisions"), json!({})).await;
    empty.expect_field_errors(&[
        "/decidedOn required",
        "/meetingReference required",
        "/outcome required",
        "/reason required",
        "/reportNumber required",
    ]);
    let many = vec![condition(&app, Who::Chair, json!({})); 51];
    let refused = try_decide(&app, "continue", json!({ "conditions": many })).await;
    refused.expect_problem(400, "invalidRequest");
    assert_eq!(last_seq(&app).await, before);
    app.advance(TimeDelta::seconds(1));
    decide(&app, "adjust", tomorrow()).await;
}

#[tokio::test]
async fn with_one_condition_wrong_nothing_is_decided() {
    let app = TestApp::start().await;
    let report = submitted_report(&app, json!({})).await;
    let before = (last_seq(&app).await, app.as_chair().get(app.a("/status")).await.json());
    let second = async |owner: &str| {
        let other = json!({ "ownerId": owner });
        let two = [condition(&app, Who::Expert1, json!({})), condition(&app, Who::Expert1, other)];
        try_decide(&app, "continue", json!({ "conditions": two })).await
    };
    let world = app.world();
    for nobody in [world.member(Who::Other2), world.user(Who::Expert1), &world.a] {
        let problem = second(nobody).await.expect_problem(400, "unknownReference");
        assert_eq!(problem["errors"][0]["pointer"], "/conditions/1/ownerId");
    }
    second(world.member(Who::EndedMember)).await.expect_problem(409, "memberEnded");

    assert_eq!(app.as_chair().reload(&report).await.body, report.body);
    assert_eq!((last_seq(&app).await, app.as_chair().get(app.a("/status")).await.json()), before);
    let kept = "select (select count(*) from decisions) + (select count(*) from conditions)";
    assert_eq!(app.db_count(kept).await, 0);
    app.as_chair().get(app.a("/steps?cycle=2")).await.expect_problem(404, "notFound");
    assert_eq!(states(&app, "").await, ["passed"; 5]);
}

#[tokio::test]
async fn of_two_decisions_at_once_one_is_recorded() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    let record = |outcome: &str| {
        let draft = Draft::post(app.a("/decisions"), &decision(&app, outcome, json!({})));
        app.as_secretariat().send_with_retry(draft)
    };
    let (one, other) = tokio::join!(record("continue"), record("continue"));
    let refused = if one.status == 201 { other } else { one };
    refused.expect_problem(409, "reportNotSubmitted");
    let listed = app.as_chair().list(&app.a("/decisions")).await;
    assert_eq!((listed.len(), &listed[0]["number"]), (1, &json!(1)));
    assert_eq!(steps(&app, "").await[0]["cycle"], 2);
    app.as_chair().get(app.a("/steps?cycle=3")).await.expect_problem(404, "notFound");
    db_verify_chain(&app).await;
}

#[tokio::test]
async fn the_council_decides_on_a_task_force_at_work() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    submitted_report(&app, json!({})).await;
    let a = secretariat.read(app.a("")).await;
    let suspended = secretariat.transition_because(&a, "suspended", "Elections").await;
    try_decide(&app, "continue", json!({})).await.expect_problem(409, "taskForceSuspended");
    secretariat.transition_because(&suspended, "dissolved", "No money").await;
    try_decide(&app, "continue", json!({})).await.expect_problem(409, "taskForceClosed");
}

#[tokio::test]
async fn the_register_holds_the_decisions_on_all_task_forces_newest_first() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    submitted_report(&app, json!({ "recommendation": "adjust", "returnToStep": AGAIN })).await;
    let two = [condition(&app, Who::Expert1, json!({})), condition(&app, Who::Expert2, json!({}))];
    let first = decide(&app, "adjust", json!({ "returnToStep": AGAIN, "conditions": two })).await;
    db_submitted_report(&app, &app.world().b, Who::OtherChair).await;
    let other = secretariat.create(app.b("/decisions"), decision(&app, "stop", json!({}))).await;
    reported(&app, json!({})).await;
    let last = decide(&app, "continue", json!({ "reportNumber": 2 })).await;

    let council = app.as_who(Who::CouncilMember);
    let listed = async |query: &str| -> Vec<Value> {
        let items = council.list_by(&format!("/v1/decisions{query}"), 1).await;
        items.iter().map(|item| item["id"].clone()).collect()
    };
    assert_eq!(listed("").await, [last.id(), other.id(), first.id()]);
    assert_eq!(listed("?outcome=stop").await, [other.id()]);
    assert_eq!(listed("?outcome=adjust").await, [first.id()]);
    assert_eq!(listed("?outcome=conclude").await, [""; 0]);
    council.get("/v1/decisions?outcome=praise").await.expect_problem(400, "invalidRequest");

    let entry = async || council.list("/v1/decisions?outcome=adjust").await.remove(0);
    let one = entry().await;
    assert_eq!(
        (&one["taskForce"]["id"], &one["taskForce"]["title"]["en"], &one["city"]["en"]),
        (&json!(app.world().a), &json!("Alpha"), &json!("Zarqa Springs"))
    );
    assert_eq!((&one["number"], &one["departsFromRecommendation"]), (&json!(1), &json!(false)));
    assert_eq!(council.list("/v1/decisions?outcome=stop").await[0]["taskForce"]["title"]["en"], "Beta");

    let at = |at: usize| app.a(&format!("/conditions/{}", first["conditions"][at]["id"].as_str().unwrap()));
    assert_eq!(one["pendingConditions"], 2);
    let reported = secretariat.read(at(0)).await;
    app.as_chair().transition(&reported, "reportedMet").await;
    assert_eq!(entry().await["pendingConditions"], 2, "reported is not accepted");
    secretariat.transition(&secretariat.read(at(0)).await, "met").await;
    assert_eq!(entry().await["pendingConditions"], 1);
    secretariat.transition_because(&secretariat.read(at(1)).await, "waived", "Others do it").await;
    assert_eq!(entry().await["pendingConditions"], 0);
}

#[tokio::test]
async fn the_register_is_for_those_who_see_all_task_forces() {
    let app = TestApp::start().await;
    for who in [Who::CouncilMember, Who::Secretariat, Who::Administrator] {
        app.as_who(who).get("/v1/decisions").await.expect(200);
    }
    for who in [Who::Chair, Who::Expert1, Who::Outsider, Who::EndedMember] {
        app.as_who(who).get("/v1/decisions").await.expect_problem(403, "forbidden");
    }
}
