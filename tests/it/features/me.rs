//! The caller's own tasks and activities over all task forces.

use std::slice::from_ref;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::Draft;
use crate::support::votes::{
    db_condition, db_draft_report, db_submit_report, end_seat, ready_policy_step, submit, vote, withdraw,
};
use crate::support::world::PANEL;
use crate::support::{TestApp, Who};

/// The tasks of a user, as kind and id.
async fn waits(app: &TestApp, who: Who) -> Vec<(String, String)> {
    let tasks = app.as_who(who).list("/v1/me/tasks").await;
    tasks.iter().map(kind_and_id).collect()
}

fn kind_and_id(task: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&task["kind"]), text(&task["subject"]["id"]))
}

/// The ids of a user's tasks of one kind.
async fn waits_for(app: &TestApp, who: Who, kind: &str) -> Vec<String> {
    waits(app, who).await.into_iter().filter(|(other, _)| other == kind).map(|(_, id)| id).collect()
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn a_vote_waits_for_each_who_is_entitled_until_they_have_voted() {
    let app = TestApp::start().await;
    ready_policy_step(&app).await;
    let submission = submit(app.as_chair(), "policy").await;
    for who in PANEL {
        assert_eq!(waits(&app, who).await, [("vote".to_owned(), submission.id().to_owned())], "{who:?}");
    }
    let task = app.as_expert().list("/v1/me/tasks").await.remove(0);
    let expected = json!({
        "kind": "vote",
        "taskForce": {
            "kind": "taskForce", "id": app.world().a, "number": null,
            "title": { "en": "Alpha", "ar": "فريق Alpha" }, "href": app.a(""),
        },
        "subject": {
            "kind": "submission", "id": submission.id(), "number": null, "href": submission.path,
            "title": {
                "ar": "طلب إقرار: تحديد بعض سياسات الحوكمة الذكية أو إطار عملها",
                "en": "Submission: Identify some smart governance policy / framework",
            },
        },
        "step": "policy", "dueDate": null, "since": "2026-11-22T09:00:00Z",
    });
    assert_eq!(task, expected);
    vote(app.as_expert(), &submission, "abstain").await.expect(200);
    assert_eq!(waits(&app, Who::Expert1).await, []);
    assert_eq!(waits_for(&app, Who::Expert2, "vote").await.len(), 1);
    // A successor isn't entitled.
    end_seat(&app, Who::Expert5, Some(Who::Outsider)).await;
    for who in [Who::Outsider, Who::Expert5, Who::Secretariat, Who::CouncilMember, Who::OtherChair] {
        assert_eq!(waits(&app, who).await, [], "{who:?}");
    }
    // While the task force is suspended, nobody can vote.
    let secretariat = app.as_secretariat();
    let a = secretariat.read(app.a("")).await;
    let a = secretariat.transition_because(&a, "suspended", "Elections").await;
    assert_eq!(waits(&app, Who::Expert2).await, []);
    secretariat.transition(&a, "active").await;
    assert_eq!(waits_for(&app, Who::Expert2, "vote").await, [submission.id()]);
    withdraw(app.as_chair(), &submission).await.expect(200);
    assert_eq!(waits(&app, Who::Expert2).await, []);
}

#[tokio::test]
async fn a_review_waits_for_all_who_did_not_do_the_work() {
    let app = TestApp::start().await;
    let in_review = app.world().activity("inReview");
    for who in PANEL {
        let expected: &[&str] = if who == Who::Expert3 { &[] } else { &[in_review] };
        assert_eq!(waits_for(&app, who, "review").await, expected, "{who:?}");
    }
    let task = app.as_chair().list("/v1/me/tasks").await.remove(0);
    assert_eq!(task["subject"]["title"], json!({ "en": "Draft" }));
    assert_eq!((&task["subject"]["number"], &task["step"]), (&json!(3), &json!("policy")));
    // What a waiver left open when its step passed is still reviewed; while the step is voted on, it stays as it is.
    app.db_open("sectors").await;
    assert_eq!(waits_for(&app, Who::Chair, "review").await, [in_review]);
    let submitted = "update steps set state = 'submitted' where step = 'policy'";
    app.db().await.execute(submitted, &[]).await.unwrap();
    assert_eq!(waits_for(&app, Who::Chair, "review").await, NOTHING);
    app.db_open("policy").await;
    let activity = app.as_chair().read(app.a(&format!("/activities/{in_review}"))).await;
    app.as_chair().transition(&activity, "done").await;
    assert_eq!(waits_for(&app, Who::Chair, "review").await, NOTHING);
}

#[tokio::test]
async fn a_condition_waits_for_owner_and_chair_and_its_acceptance_for_the_secretariat() {
    let app = TestApp::start().await;
    let open = db_condition(&app, Who::Expert1, "2026-12-15", "open").await;
    let reported = db_condition(&app, Who::Expert2, "2026-12-15", "reportedMet").await;
    db_condition(&app, Who::Expert1, "2026-12-15", "met").await;
    for who in [Who::Expert1, Who::Chair] {
        assert_eq!(waits_for(&app, who, "condition").await, from_ref(&open), "{who:?}");
    }
    for who in [Who::Expert2, Who::Secretariat, Who::OtherChair] {
        assert_eq!(waits_for(&app, who, "condition").await, NOTHING, "{who:?}");
    }
    assert_eq!(waits(&app, Who::Secretariat).await, [("acceptance".to_owned(), reported)]);
    for who in [Who::Chair, Who::Expert2, Who::Administrator, Who::CouncilMember] {
        assert_eq!(waits_for(&app, who, "acceptance").await, NOTHING, "{who:?}");
    }
    let tasks = app.as_expert().list("/v1/me/tasks").await;
    let task = tasks.iter().find(|task| task["kind"] == "condition").unwrap();
    assert_eq!((&task["dueDate"], &task["step"]), (&json!("2026-12-15"), &Value::Null));
    assert_eq!(task["subject"]["title"]["en"], "Name a data officer");
}

#[tokio::test]
async fn a_report_before_the_council_waits_for_council_and_secretariat_until_the_next_meeting() {
    let app = TestApp::start().await;
    let a = app.as_secretariat().read(app.a("")).await;
    app.as_secretariat().patch(&a, json!({ "nextCouncilDate": "2027-01-20" })).await.expect(200);
    let report = db_draft_report(&app, json!({ "en": "x" })).await;
    assert_eq!(waits(&app, Who::Secretariat).await, [], "a draft is nobody's task");
    db_submit_report(&app, &report).await;
    let tasks = app.as_secretariat().list("/v1/me/tasks").await;
    let [task] = tasks.as_slice() else { panic!("{tasks:?}") };
    assert_eq!(kind_and_id(task), ("decision".to_owned(), report));
    assert_eq!((&task["subject"]["number"], &task["dueDate"]), (&json!(1), &json!("2027-01-20")));
    assert_eq!(app.as_who(Who::CouncilMember).list("/v1/me/tasks").await, tasks, "the council is to decide");
    for who in [Who::Chair, Who::Administrator] {
        assert_eq!(waits_for(&app, who, "decision").await, NOTHING, "{who:?}");
    }
}

#[tokio::test]
async fn the_oldest_task_comes_first_and_pages_together_are_the_whole_list() {
    let app = TestApp::start().await;
    let mut conditions = Vec::new();
    for _ in 0..3 {
        conditions.push(db_condition(&app, Who::Expert1, "2026-12-15", "open").await);
    }
    // Three since the same instant, one later, and the review from before.
    conditions.sort();
    app.advance(TimeDelta::minutes(1));
    conditions.push(db_condition(&app, Who::Expert1, "2026-11-23", "open").await);
    conditions.insert(0, app.world().activity("inReview").to_owned());
    let all = app.as_expert().list("/v1/me/tasks").await;
    let ids: Vec<_> = all.iter().map(|task| kind_and_id(task).1).collect();
    assert_eq!(ids, conditions);
    for size in [1, 2, 3] {
        assert_eq!(app.as_expert().list_by("/v1/me/tasks", size).await, all, "in pages of {size}");
    }
    app.as_expert().get("/v1/me/tasks?cursor=nonsense").await.expect_field_errors(&["cursor invalid"]);
}

#[tokio::test]
async fn a_user_has_no_tasks_without_a_seat_or_while_suspended() {
    let app = TestApp::start().await;
    db_condition(&app, Who::Other2, "2026-12-15", "open").await;
    let own = db_condition(&app, Who::Expert1, "2026-12-15", "open").await;
    assert_eq!(waits_for(&app, Who::Chair, "condition").await, from_ref(&own));
    assert_eq!(waits_for(&app, Who::OtherChair, "review").await, NOTHING);
    assert_eq!(waits_for(&app, Who::OtherChair, "condition").await.len(), 1);
    for who in [Who::Outsider, Who::EndedMember, Who::CouncilMember, Who::Administrator] {
        assert_eq!(waits(&app, who).await, [], "{who:?}");
    }
    // With a seat in both task forces, the tasks of both.
    app.as_chair().create(app.a("/members"), app.world().seat(Who::Other2, "expert")).await;
    let tasks = app.as_who(Who::Other2).list("/v1/me/tasks").await;
    let mut names: Vec<_> =
        tasks.iter().map(|task| task["taskForce"]["title"]["en"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Alpha", "Beta"], "the review there, the condition here");

    let a = app.as_secretariat().read(app.a("")).await;
    app.as_secretariat().transition_because(&a, "suspended", "Elections").await;
    assert_eq!(waits(&app, Who::Chair).await, []);
    // Only the conditions of a dissolved task force remain as tasks.
    let a = app.as_secretariat().read(app.a("")).await;
    app.as_secretariat().transition_because(&a, "dissolved", "The city merged").await;
    assert_eq!(waits(&app, Who::Chair).await, [("condition".to_owned(), own)]);
}

#[tokio::test]
async fn my_activities_are_my_open_ones_of_all_task_forces_by_due_date() {
    let app = TestApp::start().await;
    let (chair, world) = (app.as_chair(), app.world());
    app.as_secretariat().create(app.b("/members"), world.seat(Who::Expert1, "expert")).await;
    let me = app.as_expert().read("/v1/me").await;
    let in_b =
        me["memberships"].as_array().unwrap().iter().find(|seat| seat["taskForce"]["id"] == world.b).unwrap();
    let body = json!({ "title": { "en": "Of B" }, "step": "policy", "dueDate": "2026-11-23", "assigneeId": in_b["memberId"] });
    app.as_who(Who::OtherChair).create(app.b("/activities"), body).await;
    let mine = world.member(Who::Expert1);
    chair.create_activity(json!({ "title": { "en": "Some day" }, "assigneeId": mine })).await;
    let dropped = chair.create_activity(json!({ "assigneeId": mine })).await;
    chair.transition_because(&dropped, "cancelled", "x").await;
    let titles: Vec<_> = app
        .as_expert()
        .list_by("/v1/me/activities", 1)
        .await
        .iter()
        .map(|item| item["title"]["en"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(titles, ["Of B", "Collect the policies in force", "Some day"]);
}

#[tokio::test]
async fn everybody_changes_their_own_name_and_language_and_nothing_else() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let me = expert.read("/v1/me").await;
    let patch = json!({ "name": { "en": "Rania", "ar": "رانيا" }, "locale": "ar" });
    let changed = expert.patch(&me, patch.clone()).await.expect(200).resource();
    assert_eq!((&changed["name"], &changed["locale"]), (&patch["name"], &patch["locale"]));
    assert_eq!(changed["memberships"], me["memberships"]);
    assert_eq!(changed["version"], json!(me["version"].as_i64().unwrap() + 1));
    expert.patch(&me, json!({ "locale": "en" })).await.expect_problem(412, "versionMismatch");
    for field in ["email", "role", "state", "memberships"] {
        let answer = expert.patch(&changed, json!({ field: "secretariat" })).await;
        answer.expect_field_errors(&[&format!("/{field} unknown")]);
    }
    expert.patch(&changed, json!({ "name": null })).await.expect(400);
    let event = app.as_administrator().list("/v1/installation-events").await.remove(0);
    assert_eq!((&event["action"], &event["actor"]["id"]), (&json!("user.updated"), &me["id"]));
    assert!(!event["changes"].to_string().contains("Rania"), "events are never deleted: {event}");
    // A key speaks for its owner, but does not change the owner.
    let key = json!({ "name": "Script", "scopes": ["write"], "expiresAt": "2027-05-01T00:00:00Z" });
    let key = expert.create("/v1/api-keys", key).await;
    let bearer = format!("Bearer {}", key["key"].as_str().unwrap());
    let by_key = Draft::patch(&changed, &json!({ "locale": "en" })).header("Authorization", &bearer);
    app.as_anybody().send(by_key).await.expect_problem(403, "insufficientScope");
}

#[tokio::test]
async fn the_language_of_the_user_is_spoken_where_no_header_asks_for_one() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let nothing_here = app.a("/activities/0199f0c2-7a3b-7c11-9d2e-000000000000");
    let planned = app.a(&format!("/activities/{}", app.world().activity("planned")));
    let title_and_language = async |draft: Draft| {
        let answer = expert.send(draft).await;
        let language = answer.header("content-language").to_owned();
        (answer.expect_problem(404, "notFound")["title"].as_str().unwrap().to_owned(), language)
    };
    let is_arabic = |text: &str| text.chars().any(|letter| ('\u{620}'..='\u{64a}').contains(&letter));
    let me = expert.read("/v1/me").await;
    expert.patch(&me, json!({ "locale": "ar" })).await.expect(200);
    let (title, language) = title_and_language(Draft::get(&nothing_here)).await;
    assert_eq!((is_arabic(&title), language.as_str()), (true, "ar"), "{title}");
    for header in ["en", "en-GB, fr", "fr, en;q=0.1"] {
        let (title, language) =
            title_and_language(Draft::get(&nothing_here).header("Accept-Language", header)).await;
        assert_eq!((is_arabic(&title), language.as_str()), (false, "en"), "{title}");
    }
    // Also of a request that is refused before anything is looked up.
    let (title, language) = title_and_language(Draft::get(app.a("/activities/no-id"))).await;
    assert_eq!((is_arabic(&title), language.as_str()), (true, "ar"), "{title}");
    // Also of an address that does not exist, and of a method that an address does not have.
    for (draft, status) in [(Draft::get("/v1/nothing"), 404), (Draft::new(Method::PUT, "/v1/me"), 405)] {
        let answer = expert.send(draft).await.expect(status);
        assert_eq!(answer.header("content-language"), "ar");
        assert!(is_arabic(answer.json()["title"].as_str().unwrap()));
    }
    app.as_anybody().get("/v1/nothing").await.expect_problem(404, "notFound");
    // A header that asks for neither language asks for none.
    for header in ["fr", "*"] {
        let (_, language) =
            title_and_language(Draft::get(&nothing_here).header("Accept-Language", header)).await;
        assert_eq!(language, "ar");
    }
    // Labels, refusals of bodies and of queries, too.
    let blocked = |activity: &Value| -> String {
        let transitions = activity["availableTransitions"].as_array().unwrap();
        let blocker = transitions.iter().find_map(|one| one["blockedBy"][0]["title"].as_str());
        blocker.unwrap().to_owned()
    };
    let waiting = app.a(&format!("/activities/{}", app.world().activity("ahead")));
    assert!(is_arabic(&blocked(&expert.read(waiting.as_str()).await.body)));
    let refused = expert.get(app.a("/activities?limit=0")).await.expect_problem(400, "invalidRequest");
    assert!(is_arabic(refused["errors"][0]["detail"].as_str().unwrap()), "{refused}");
    let activity = expert.read(planned.as_str()).await;
    let refused = expert.patch(&activity, json!({ "title": 1 })).await.expect_problem(400, "invalidRequest");
    assert!(is_arabic(refused["title"].as_str().unwrap()), "{refused}");

    let me = expert.read("/v1/me").await;
    expert.patch(&me, json!({ "locale": "en" })).await.expect(200);
    let (title, language) = title_and_language(Draft::get(&nothing_here)).await;
    assert_eq!((is_arabic(&title), language.as_str()), (false, "en"), "{title}");
    // Nobody in particular is spoken to in English.
    let problem = app.as_anybody().get("/v1/me").await.expect_problem(401, "unauthenticated");
    assert!(!is_arabic(problem["title"].as_str().unwrap()));
}
