//! The council's view of all task forces: their reports, and the conditions that the council set.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::council::{condition, db_submitted_report, decide, decision, submitted_report};
use crate::support::votes::{db_condition, db_draft_report, db_submit_report};
use crate::support::{TestApp, Who};

/// The ids in a list that a council member reads in pages of one.
async fn ids(app: &TestApp, path: &str) -> Vec<String> {
    let items = app.as_who(Who::CouncilMember).list_by(path, 1).await;
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// The entry of a resource in a list.
async fn entry(app: &TestApp, list: &str, id: &str) -> Value {
    let items = app.as_who(Who::CouncilMember).list(list).await;
    items.into_iter().find(|item| item["id"] == id).unwrap_or_else(|| panic!("{list}: no {id}"))
}

#[tokio::test]
async fn the_reports_of_all_task_forces_are_listed_newest_first_or_longest_waiting_first() {
    let app = TestApp::start().await;
    let early = db_draft_report(&app, json!({ "en": "x" })).await;
    app.advance(TimeDelta::hours(1));
    let other = db_submitted_report(&app, &app.world().b, Who::OtherChair).await.id().to_owned();
    app.advance(TimeDelta::hours(1));
    db_submit_report(&app, &early).await;
    let draft = db_draft_report(&app, json!({ "en": "x" })).await;
    for (query, expected) in [
        ("", vec![&draft, &other, &early]),
        ("?sort=-createdAt", vec![&draft, &other, &early]),
        ("?sort=submittedAt", vec![&other, &early, &draft]),
        ("?state=submitted", vec![&other, &early]),
        ("?state=draft&state=decided", vec![&draft]),
        ("?state=draft,submitted&sort=submittedAt", vec![&other, &early, &draft]),
        ("?beforeCouncil=true&sort=submittedAt", vec![&other, &early]),
        ("?beforeCouncil=true&state=draft", vec![]),
        ("?beforeCouncil=false", vec![&draft]),
        ("?beforeCouncil=false&state=submitted", vec![]),
    ] {
        let path = format!("/v1/reports{query}");
        assert_eq!(ids(&app, &path).await.iter().collect::<Vec<_>>(), expected, "{query}");
        let separator = if query.is_empty() { '?' } else { '&' };
        let counted = app.as_secretariat().get(format!("{path}{separator}limit=1&count=true")).await.json();
        assert_eq!(counted["total"], expected.len(), "{query}");
    }
    for (query, error) in [
        ("?state=lost", "state notAllowed"),
        ("?sort=number", "sort notAllowed"),
        ("?beforeCouncil=maybe", "beforeCouncil wrongType"),
        ("?cursor=x", "cursor invalid"),
    ] {
        app.as_secretariat().get(format!("/v1/reports{query}")).await.expect_field_errors(&[error]);
    }
    // Drafts that wait for nothing have no time in the order of the submission.
    let last = db_draft_report(&app, json!({ "en": "x" })).await;
    let drafts = ids(&app, "/v1/reports?state=draft&sort=submittedAt").await;
    assert_eq!(drafts.len(), 2);
    assert!(drafts.contains(&last) && drafts.contains(&draft));
}

#[tokio::test]
async fn a_report_of_the_list_says_of_whom_it_is_since_when_it_waits_and_what_was_decided() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let a = secretariat.read(app.a("")).await;
    secretariat.patch(&a, json!({ "nextCouncilDate": "2027-01-20" })).await.expect(200);
    let report =
        submitted_report(&app, json!({ "recommendation": "adjust", "returnToStep": "report" })).await;
    let waits = entry(&app, "/v1/reports?state=submitted", report.id()).await;
    let mut expected = app.as_chair().list(&app.a("/reports")).await.remove(0);
    expected["taskForce"] = json!({
        "kind": "taskForce", "id": app.world().a, "number": null, "href": app.a(""),
        "title": { "ar": "فريق Alpha", "en": "Alpha" },
    });
    expected["city"] = waits["city"].clone();
    assert_eq!(waits["city"]["en"], "Zarqa Springs");
    expected["waitingSince"] = report["submittedAt"].clone();
    expected["nextCouncilDate"] = json!("2027-01-20");
    expected["decision"] = Value::Null;
    expected["href"] = json!(app.a("/reports/1"));
    assert_eq!(waits, expected, "a report of the task force's own list, and where it comes from");
    assert_eq!(app.as_who(Who::CouncilMember).read(waits["href"].as_str().unwrap()).await["id"], report.id());

    let seen = async || {
        let entry = entry(&app, "/v1/reports", report.id()).await;
        (entry["state"].clone(), entry["waitingSince"].clone(), entry["decision"]["href"].clone())
    };
    let since = report["submittedAt"].clone();
    let a = secretariat.read(app.a("")).await;
    let suspended = secretariat.transition_because(&a, "suspended", "Elections").await;
    assert_eq!(seen().await, (json!("submitted"), since, Value::Null), "it waits while suspended");
    secretariat.transition(&suspended, "active").await;
    decide(&app, "continue", json!({})).await;
    assert_eq!(seen().await, (json!("decided"), Value::Null, json!(app.a("/decisions/1"))));
    decide(&app, "continue", json!({ "supersedesNumber": 1 })).await;
    assert_eq!(seen().await.2, app.a("/decisions/2"), "the decision that holds");
    assert_eq!(ids(&app, "/v1/reports?beforeCouncil=true").await, [""; 0]);

    // No decision on the report of a dissolved task force can be recorded.
    let other = db_submitted_report(&app, &app.world().b, Who::OtherChair).await;
    assert_eq!(ids(&app, "/v1/reports?beforeCouncil=true").await, [other.id()]);
    let b = secretariat.read(app.b("")).await;
    secretariat.transition_because(&b, "dissolved", "The city merged").await;
    assert_eq!(ids(&app, "/v1/reports?beforeCouncil=true").await, [""; 0]);
    let left = entry(&app, "/v1/reports?state=submitted", other.id()).await;
    assert_eq!((&left["waitingSince"], &left["taskForce"]["title"]["en"]), (&Value::Null, &json!("Beta")));
}

#[tokio::test]
async fn the_conditions_of_all_task_forces_are_listed_by_due_date_and_overdue_in_their_own_zones() {
    let app = TestApp::start().await;
    let zones = "update task_forces set time_zone = case when id::text = $1 then 'Pacific/Kiritimati'
                                                         else 'Pacific/Honolulu' end";
    app.db().await.execute(zones, &[&app.world().a]).await.unwrap();
    // At 9:00 in UTC on 22 November, an hour before midnight in both: on 22 November in one, on 21 November in the other.
    let reported = db_condition(&app, Who::Expert2, "2026-11-01", "reportedMet").await;
    let late = db_condition(&app, Who::Expert1, "2026-11-20", "open").await;
    let west = db_condition(&app, Who::Other2, "2026-11-21", "open").await;
    let east = db_condition(&app, Who::Expert1, "2026-11-22", "open").await;
    let far = db_condition(&app, Who::Other2, "2027-01-31", "open").await;
    let expect = async |query: &str, expected: &[&String]| {
        let path = format!("/v1/conditions{query}");
        let found = ids(&app, &path).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
        let separator = if query.is_empty() { '?' } else { '&' };
        let counted = app.as_secretariat().get(format!("{path}{separator}limit=1&count=true")).await.json();
        assert_eq!(counted["total"], expected.len(), "{query}");
        for item in app.as_secretariat().list(&path).await {
            let overdue = ids(&app, "/v1/conditions?overdue=true").await.iter().any(|id| item["id"] == **id);
            assert_eq!(item["overdue"], overdue, "{item}");
        }
    };
    expect("", &[&reported, &late, &west, &east, &far]).await;
    expect("?sort=-dueDate", &[&far, &east, &west, &late, &reported]).await;
    expect("?state=open&sort=dueDate", &[&late, &west, &east, &far]).await;
    expect("?state=reportedMet&state=met", &[&reported]).await;
    expect("?overdue=true", &[&late]).await;
    expect("?overdue=true&state=reportedMet", &[]).await;
    expect("?overdue=false", &[&reported, &west, &east, &far]).await;
    expect("?overdue=false&state=open&sort=-dueDate", &[&far, &east, &west]).await;
    app.advance(TimeDelta::hours(1));
    expect("?overdue=true", &[&late, &west, &east]).await;
    expect("?overdue=true&sort=-dueDate", &[&east, &west, &late]).await;
    expect("?overdue=false", &[&reported, &far]).await;
    app.as_secretariat().get("/v1/conditions?state=lost").await.expect_field_errors(&["state notAllowed"]);
}

#[tokio::test]
async fn a_condition_of_the_list_says_of_whom_it_is_and_by_which_decision() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    let fields = json!({ "conditions": [condition(&app, Who::Expert1, json!({}))] });
    let decided = decide(&app, "continue", fields).await;
    let id = decided["conditions"][0]["id"].as_str().unwrap();
    let listed = entry(&app, "/v1/conditions", id).await;
    let mut expected = app.as_chair().list(&app.a("/conditions")).await.remove(0);
    expected["taskForce"] = json!({
        "kind": "taskForce", "id": app.world().a, "number": null, "href": app.a(""),
        "title": { "ar": "فريق Alpha", "en": "Alpha" },
    });
    expected["city"] = listed["city"].clone();
    expected["href"] = json!(app.a(&format!("/conditions/{id}")));
    assert_eq!(listed, expected);
    assert_eq!(
        (&listed["owner"]["id"], &listed["decision"]["href"], &listed["dueDate"]),
        (&json!(app.world().member(Who::Expert1)), &json!(app.a("/decisions/1")), &json!("2027-01-31"))
    );
    assert_eq!(app.as_who(Who::CouncilMember).read(listed["href"].as_str().unwrap()).await["id"], *id);
}

#[tokio::test]
async fn the_lists_of_the_council_are_for_those_who_see_all_task_forces() {
    let app = TestApp::start().await;
    for path in ["/v1/reports", "/v1/conditions"] {
        for who in [Who::CouncilMember, Who::Secretariat, Who::Administrator] {
            app.as_who(who).get(path).await.expect(200);
        }
        for who in [Who::Chair, Who::Expert1, Who::Outsider, Who::EndedMember] {
            app.as_who(who).get(path).await.expect_problem(403, "forbidden");
        }
    }
}

#[tokio::test]
async fn tasks_are_narrowed_by_kind() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let accept = db_condition(&app, Who::Expert1, "2026-12-15", "reportedMet").await;
    let report = db_submitted_report(&app, &app.world().b, Who::OtherChair).await;
    let tasks = async |query: &str| -> Vec<String> {
        let tasks = secretariat.list_by(&format!("/v1/me/tasks{query}"), 1).await;
        tasks.iter().map(|task| task["subject"]["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(tasks("").await.len(), 2);
    assert_eq!(tasks("?kind=decision").await, [report.id()]);
    assert_eq!(tasks("?kind=acceptance").await, [accept]);
    assert_eq!(tasks("?kind=decision,acceptance").await.len(), 2);
    assert_eq!(tasks("?kind=vote").await, [""; 0]);
    let counted = secretariat.get("/v1/me/tasks?kind=decision&count=true").await.json();
    assert_eq!(counted["total"], 1);
    secretariat.get("/v1/me/tasks?kind=other").await.expect_field_errors(&["kind notAllowed"]);
    // What is decided waits no longer.
    secretariat.create(app.b("/decisions"), decision(&app, "stop", json!({}))).await;
    assert_eq!(tasks("?kind=decision").await, [""; 0]);
}
