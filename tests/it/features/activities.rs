//! The unit of work: its life, what it waits for, how it is found.

mod import;
mod sheets;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::Draft;
use crate::support::votes::{all_vote, end_seat, pass, ready_policy_step, submit, waive};
use crate::support::world::PANEL;
use crate::support::{Answer, Client, Resource, TestApp, Who};

fn legal(problem: &Value) -> Vec<&str> {
    let transitions = problem["availableTransitions"].as_array().unwrap();
    transitions.iter().map(|transition| transition["to"].as_str().unwrap()).collect()
}

async fn seeded(client: Client<'_>, name: &str) -> Resource {
    client.read(client.app.a(&format!("/activities/{}", client.app.world().activity(name)))).await
}

/// The numbers of a list, in its order.
async fn numbers(client: Client<'_>, query: &str) -> Vec<i64> {
    let items = client.list(&client.app.a(&format!("/activities{query}"))).await;
    items.iter().map(|item| item["number"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn an_activity_is_blocked_and_goes_back_to_where_it_was() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let review = json!({ "reviewRequired": true, "assigneeId": app.world().member(Who::Expert2) });
    let mut activity = expert.create_activity(review).await;
    let reviewer = app.as_chair();
    for (client, state, next) in [
        (expert, "planned", "inProgress"),
        (expert, "inProgress", "inReview"),
        (reviewer, "inReview", "done"),
    ] {
        assert_eq!(activity["state"], state);
        let blocked = expert.transition_because(&activity, "blocked", "Waiting for the law").await;
        assert_eq!(
            (&blocked["blockedFrom"], &blocked["stateReason"]["en"]),
            (&json!(state), &json!("Waiting for the law"))
        );
        for elsewhere in
            ["planned", "inProgress", "inReview", "done", "blocked"].iter().filter(|to| **to != state)
        {
            let refused = expert.try_transition(&blocked, elsewhere).await;
            assert_eq!(legal(&refused.expect_problem(409, "transitionNotAllowed")), [state, "cancelled"]);
        }
        let back = expert.transition(&blocked, state).await;
        assert_eq!((&back["blockedFrom"], &back["stateReason"]), (&Value::Null, &Value::Null));
        activity = client.transition(&back, next).await;
    }
    assert_eq!(activity["state"], "done");
    let refused = expert.try_transition(&activity, "cancelled").await;
    assert_eq!(legal(&refused.expect_problem(409, "transitionNotAllowed")), ["inProgress"]);
    let reopened = expert.transition_because(&activity, "inProgress", "A chapter is missing").await;
    assert_eq!(reopened["startedAt"], activity["startedAt"], "the first start counts");
}

#[tokio::test]
async fn a_review_is_done_by_another_than_the_assignee() {
    let app = TestApp::start().await;
    let (author, reviewer) = (app.as_who(Who::Expert3), app.as_expert());
    let in_review = seeded(author, "inReview").await;
    let done = |activity: &Resource| {
        let to = activity["availableTransitions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|transition| transition["to"] == "done");
        to.unwrap().clone()
    };
    assert_eq!(done(&in_review)["blockedBy"][0]["code"], "reviewByAnother");
    author.try_transition(&in_review, "done").await.expect_problem(409, "reviewByAnother");
    let someone = json!({ "assigneeId": app.world().member(Who::Expert1) });
    author.patch(&in_review, someone).await.expect_problem(409, "activityInReview");
    author
        .patch(&in_review, json!({ "reviewRequired": false }))
        .await
        .expect_problem(409, "activityInReview");
    assert_eq!(done(&seeded(reviewer, "inReview").await)["allowed"], true);
    assert_eq!(reviewer.transition(&in_review, "done").await["state"], "done");
}

#[tokio::test]
async fn whoever_was_the_assignee_since_the_start_does_not_review() {
    let app = TestApp::start().await;
    let (chair, world) = (app.as_chair(), app.world());
    let assigned = |who: Option<Who>| json!({ "assigneeId": who.map(|who| world.member(who)) });
    let review = json!({ "reviewRequired": true, "assigneeId": world.member(Who::Expert5) });
    let planned = chair.create_activity(review).await;
    // A member who was the assignee only before the start has done none of the work.
    chair.patch(&planned, assigned(Some(Who::Expert1))).await.expect(200);
    let started = chair.transition(&chair.reload(&planned).await, "inProgress").await;
    for to in [Some(Who::Expert2), None, Some(Who::Expert4)] {
        chair.patch(&chair.reload(&started).await, assigned(to)).await.expect(200);
    }
    // A seat that ends passes the work on; a person who comes back is the same person in another seat.
    end_seat(&app, Who::Expert4, None).await;
    chair.create(app.a("/members"), world.seat(Who::Expert4, "expert")).await;
    chair.patch(&chair.reload(&started).await, assigned(Some(Who::Expert3))).await.expect(200);
    let in_review = chair.transition(&chair.reload(&started).await, "inReview").await;
    // The chair, who moved the card, is among them.
    for who in [Who::Chair, Who::Expert1, Who::Expert2, Who::Expert3, Who::Expert4] {
        let client = app.as_who(who);
        assert_eq!(client.reload(&in_review).await.blockers("done"), ["reviewByAnother"], "{who:?}");
        client.try_transition(&in_review, "done").await.expect_problem(409, "reviewByAnother");
        let tasks = client.list("/v1/me/tasks").await;
        assert!(tasks.iter().all(|task| task["subject"]["id"] != in_review.id()), "{who:?}");
    }
    let other = app.as_who(Who::Expert5);
    let tasks = other.list("/v1/me/tasks").await;
    assert!(tasks.iter().any(|task| task["subject"]["id"] == in_review.id()));
    assert_eq!(other.transition(&in_review, "done").await["state"], "done");
}

#[tokio::test]
async fn work_that_is_assigned_to_nobody_is_reviewed_by_another_than_the_one_who_did_it() {
    let app = TestApp::start().await;
    let (expert, chair) = (app.as_expert(), app.as_chair());
    let planned = chair.create_activity(json!({ "reviewRequired": true, "assigneeId": null })).await;
    let started = expert.transition(&planned, "inProgress").await;
    let in_review = expert.transition(&started, "inReview").await;
    expert.try_transition(&in_review, "done").await.expect_problem(409, "reviewByAnother");
    // The member who sends the work back has not done it.
    let again = chair.transition_because(&in_review, "inProgress", "The annex is missing").await;
    let in_review = expert.transition(&again, "inReview").await;
    assert_eq!(chair.transition(&in_review, "done").await["state"], "done");
}

#[tokio::test]
async fn whoever_puts_work_to_the_review_does_not_finish_the_review() {
    let app = TestApp::start().await;
    let (expert, chair, world) = (app.as_expert(), app.as_chair(), app.world());
    // Somebody else is assigned, and never touches the work.
    let in_name = json!({ "reviewRequired": true, "assigneeId": world.member(Who::Expert5) });
    let started = expert.transition(&expert.create_activity(in_name).await, "inProgress").await;
    let in_review = expert.transition(&started, "inReview").await;
    // No way around it: neither a block, nor the work sent back and put to the review by another.
    let blocked = expert.transition_because(&in_review, "blocked", "Waiting for the law").await;
    let in_review = chair.transition(&blocked, "inReview").await;
    for round in 0..2 {
        let seen = expert.reload(&in_review).await;
        assert_eq!(seen.blockers("done"), ["reviewByAnother"], "round {round}");
        let refused = expert.try_transition(&seen, "done").await.expect_problem(409, "reviewByAnother");
        assert!(refused["references"].to_string().contains(world.member(Who::Expert1)), "{refused}");
        let tasks = expert.list("/v1/me/tasks").await;
        assert!(tasks.iter().all(|task| task["subject"]["id"] != in_review.id()), "{tasks:?}");
        if round == 0 {
            let back = expert.transition_because(&seen, "inProgress", "A page is missing").await;
            app.as_who(Who::Expert2).transition(&back, "inReview").await;
        }
    }
    // The chair only released the block, and may review.
    let tasks = chair.list("/v1/me/tasks").await;
    assert!(tasks.iter().any(|task| task["subject"]["id"] == in_review.id()));
    let done = chair.transition(&chair.reload(&in_review).await, "done").await;
    // The same holds when the work is taken up again.
    let again = chair.transition_because(&done, "inProgress", "A chapter is missing").await;
    let in_review = app.as_who(Who::Expert2).transition(&again, "inReview").await;
    expert.try_transition(&in_review, "done").await.expect_problem(409, "reviewByAnother");
}

/// Who put activities to the review before that was recorded is read from the events.
#[tokio::test]
async fn the_migration_records_who_put_activities_to_the_review() {
    let app = TestApp::start().await;
    let (expert, world) = (app.as_expert(), app.world());
    let in_name = json!({ "reviewRequired": true, "assigneeId": world.member(Who::Expert5) });
    let started = expert.transition(&expert.create_activity(in_name).await, "inProgress").await;
    let in_review = expert.transition(&started, "inReview").await;
    let forget = format!("delete from activity_assignees where member_id = '{}'", world.member(Who::Expert1));
    app.db().await.batch_execute(&forget).await.unwrap();
    assert_eq!(expert.reload(&in_review).await.blockers("done"), [""; 0], "as it was before");
    let migration = std::fs::read_to_string("migrations/2026-11-27-110000_put_to_review/up.sql").unwrap();
    for _ in 0..2 {
        app.db().await.batch_execute(&migration).await.unwrap();
    }
    assert_eq!(expert.reload(&in_review).await.blockers("done"), ["reviewByAnother"]);
}

#[tokio::test]
async fn where_nobody_may_review_the_chair_sends_the_work_back_and_switches_the_review_off() {
    let app = TestApp::start().await;
    let (chair, world) = (app.as_chair(), app.world());
    let review = json!({ "reviewRequired": true, "assigneeId": world.member(Who::Expert1) });
    let started = chair.transition(&chair.create_activity(review).await, "inProgress").await;
    for who in [Who::Expert2, Who::Expert3, Who::Expert4, Who::Expert5] {
        let next = json!({ "assigneeId": world.member(who) });
        chair.patch(&chair.reload(&started).await, next).await.expect(200);
    }
    let in_review = chair.transition(&chair.reload(&started).await, "inReview").await;
    for who in PANEL {
        let seen = app.as_who(who).reload(&in_review).await;
        assert_eq!(seen.blockers("done"), ["reviewByAnother"], "{who:?}");
    }
    let back = chair.transition_because(&in_review, "inProgress", "Nobody is left to review").await;
    chair.patch(&back, json!({ "reviewRequired": false })).await.expect(200);
    assert_eq!(chair.transition(&chair.reload(&back).await, "done").await["state"], "done");
}

#[tokio::test]
async fn only_the_chair_switches_a_review_off() {
    let app = TestApp::start().await;
    let (expert, chair) = (app.as_expert(), app.as_chair());
    let required = |required: bool| json!({ "reviewRequired": required });
    let planned = expert.create_activity(required(true)).await;
    expert.patch(&planned, required(false)).await.expect_problem(403, "forbidden");
    let started = expert.transition(&expert.reload(&planned).await, "inProgress").await;
    expert.patch(&started, required(false)).await.expect_problem(403, "forbidden");
    let blocked = expert.transition_because(&started, "blocked", "Waiting for the law").await;
    expert.patch(&blocked, required(false)).await.expect_problem(403, "forbidden");
    expert.patch(&blocked, json!({ "priority": "high" })).await.expect(200);
    chair.patch(&chair.reload(&blocked).await, required(false)).await.expect(200);
    // Anybody may ask for a review.
    expert.patch(&expert.reload(&blocked).await, required(true)).await.expect(200);
}

#[tokio::test]
async fn blocking_a_review_does_not_let_the_assignee_out_of_it() {
    let app = TestApp::start().await;
    let author = app.as_who(Who::Expert3);
    let in_review = seeded(author, "inReview").await;
    let block = json!({ "to": "blocked", "reason": { "en": "x" } });
    author.command(&in_review, "transitions", block).await.expect(200);
    let blocked = author.reload(&in_review).await;
    let someone = json!({ "assigneeId": app.world().member(Who::Expert1) });
    author.patch(&blocked, someone).await.expect_problem(409, "activityInReview");
    let unreviewed = json!({ "reviewRequired": false });
    author.patch(&blocked, unreviewed).await.expect_problem(409, "activityInReview");
}

#[tokio::test]
async fn a_transition_that_needs_a_reason_says_so_and_is_refused_without() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let transitions = [
        ("planned", "cancelled"),
        ("planned", "blocked"),
        ("done", "inProgress"),
        ("inReview", "inProgress"),
    ];
    for (name, to) in transitions {
        let activity = seeded(chair, name).await;
        let transitions = activity["availableTransitions"].as_array().unwrap();
        assert!(
            transitions
                .iter()
                .any(|transition| transition["to"] == to && transition["reasonRequired"] == true)
        );
        chair
            .command(&activity, "transitions", json!({ "to": to }))
            .await
            .expect_field_errors(&["/reason required"]);
    }
    let in_review = seeded(chair, "inReview").await;
    let back = chair.transition_because(&in_review, "inProgress", "The figures are of last year").await;
    assert_eq!(back["stateReason"]["en"], "The figures are of last year", "the assignee reads why");
}

#[tokio::test]
async fn an_activity_starts_only_when_its_dependencies_are_done_or_cancelled() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let (one, other) = (chair.create_activity(json!({})).await, chair.create_activity(json!({})).await);
    let waiting = chair.create_activity(json!({})).await;
    chair.add_dependency(&waiting, &one).await.expect(200);
    let added = chair.add_dependency(&waiting, &other).await.expect(200);
    let read = chair.reload(&waiting).await;
    assert_eq!((added.etag(), added.json()), (read.etag.as_str(), read.body), "the answer is the activity");
    let before = app.db_events().await;
    chair.add_dependency(&waiting, &other).await.expect(200);
    assert_eq!(app.db_events().await, before, "adding a dependency twice changes nothing");

    let start = async || chair.try_transition(&waiting, "inProgress").await;
    start().await.expect_problem(409, "dependencyUnfinished");
    chair.transition_because(&one, "cancelled", "Not needed").await;
    start().await.expect_problem(409, "dependencyUnfinished");
    let other = chair.transition(&other, "inProgress").await;
    chair.transition(&other, "done").await;
    let waiting = chair.reload(&waiting).await;
    assert_eq!(waiting["dependsOn"].as_array().unwrap().len(), 2);
    assert_eq!(waiting["version"], 1, "dependencies don't change the version");
    start().await.expect(200);

    // Work that is taken up again waits as work that is started for the first time.
    let done = chair.transition(&chair.reload(&waiting).await, "done").await;
    let other =
        chair.transition_because(&chair.reload(&other).await, "inProgress", "A chapter is missing").await;
    assert_eq!(chair.reload(&done).await.blockers("inProgress"), ["dependencyUnfinished"]);
    chair.try_transition(&done, "inProgress").await.expect_problem(409, "dependencyUnfinished");
    chair.transition(&other, "done").await;
    chair.transition_because(&done, "inProgress", "The chapter changes it").await;
}

#[tokio::test]
async fn dependencies_of_activities_form_no_circle() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let a = chair.create_activity(json!({})).await;
    let b = chair.create_activity(json!({})).await;
    let c = chair.create_activity(json!({})).await;
    chair.add_dependency(&a, &b).await.expect(200);
    chair.add_dependency(&b, &c).await.expect(200);
    chair.add_dependency(&a, &a).await.expect_problem(409, "dependencyCircle");
    chair.add_dependency(&b, &a).await.expect_problem(409, "dependencyCircle");
    chair.add_dependency(&c, &a).await.expect_problem(409, "dependencyCircle");
    // Two requests that would close a circle between them: one of them is refused.
    let (x, y) = (chair.create_activity(json!({})).await, chair.create_activity(json!({})).await);
    let wait = |waiting: &Resource, on: &Resource| {
        chair.send_with_retry(Draft::new(Method::PUT, format!("{}/dependencies/{}", waiting.path, on.id())))
    };
    let gone = chair.send(Draft::new(Method::DELETE, format!("{}/dependencies/{}", b.path, c.id()))).await;
    let gone = gone.expect(200);
    assert_eq!((gone.etag(), &gone.json()["dependsOn"]), (chair.reload(&b).await.etag.as_str(), &json!([])));
    let (one, other) = tokio::join!(wait(&x, &y), wait(&y, &x));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    // Another task force's activity is none at all.
    let foreign = app.world().b_activity.as_str();
    chair.put(format!("{}/dependencies/{foreign}", a.path)).await.expect_problem(404, "notFound");
}

#[tokio::test]
async fn only_an_activity_never_started_and_without_dependents_is_deleted() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for name in ["inProgress", "blocked", "done"] {
        chair.delete(&seeded(chair, name).await).await.expect_problem(409, "activityStarted");
    }
    // What was started and cancelled is deleted by the chair alone.
    let cancelled = chair.transition_because(&seeded(chair, "inProgress").await, "cancelled", "Twice").await;
    let seen = app.as_expert().read(cancelled.path.as_str()).await;
    assert_eq!(
        (&seen["permissions"]["delete"], &cancelled["permissions"]["delete"]),
        (&json!(false), &json!(true))
    );
    app.as_expert().delete(&cancelled).await.expect_problem(409, "activityStarted");
    chair.delete(&cancelled).await.expect(204);

    let (waiting, on) = (seeded(chair, "overdue").await, seeded(chair, "planned").await);
    let problem = chair.delete(&on).await.expect_problem(409, "stillReferenced");
    let expected = json!([{
        "kind": "activity", "id": waiting.id(), "number": waiting["number"], "title": waiting["title"],
        "href": waiting.path,
    }]);
    assert_eq!(problem["references"], expected);
    chair.delete(&waiting).await.expect(204);
    chair.delete(&on).await.expect(204);
    chair.get(on.path.as_str()).await.expect_problem(404, "notFound");
    chair.get(format!("{}/comments", on.path)).await.expect_problem(404, "notFound");
}

#[tokio::test]
async fn a_number_is_never_used_again() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let last = chair.create_activity(json!({})).await;
    assert_eq!(last["number"], 9, "the world has eight");
    chair.delete(&last).await.expect(204);
    assert_eq!(chair.create_activity(json!({})).await["number"], 10);
    let refused = json!({ "assigneeId": app.world().member(Who::EndedMember) });
    let refused = chair.post(app.a("/activities"), crate::support::client::activity(refused)).await;
    refused.expect_problem(409, "memberEnded");
    assert_eq!(chair.create_activity(json!({})).await["number"], 11, "a refused one takes no number");
}

#[tokio::test]
async fn a_list_is_narrowed_by_each_filter_and_by_all_of_them() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let member = app.world().member(Who::Expert1);
    for (query, expected) in [
        ("", vec![1, 2, 3, 4, 5, 6, 7, 8]),
        ("?step=sectors", vec![7]),
        ("?state=planned", vec![1, 7, 8]),
        ("?state=inProgress,done", vec![2, 5]),
        ("?assignee=me", vec![1]),
        (format!("?assignee={member}").as_str(), vec![1]),
        ("?assignee=none", vec![6, 7, 8]),
        ("?overdue=true", vec![8]),
        ("?overdue=false", vec![1, 2, 3, 4, 5, 6, 7]),
        ("?cycle=1", vec![1, 2, 3, 4, 5, 6, 7, 8]),
        ("?cycle=2", vec![]),
        ("?q=POLICIES", vec![1]),
        ("?state=planned&assignee=none&step=policy&overdue=true&q=summary", vec![8]),
        ("?state=planned&assignee=me&overdue=true", vec![]),
        ("?sort=dueDate", vec![8, 1, 2, 3, 4, 5, 6, 7]),
        ("?sort=-updatedAt", vec![8, 7, 6, 5, 4, 3, 2, 1]),
    ] {
        assert_eq!(numbers(expert, query).await, expected, "{query}");
    }
    let problem = expert.get(app.a("/activities?assignee=0199f0c2-7a3b-7c11-9d2e-000000000001")).await;
    assert_eq!(problem.expect_problem(400, "unknownReference")["errors"][0]["parameter"], "assignee");
    let foreign = app.a(&format!("/activities?assignee={}", app.world().member(Who::Other2)));
    expert.get(foreign).await.expect_problem(400, "unknownReference");
}

#[tokio::test]
async fn a_search_finds_whatever_the_letter_forms() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for title in ["إطار الحوكمة الذكيّة", "Étude 100% sûre", "أمن المعلومات على مستوى البلدية"]
    {
        chair.create_activity(json!({ "title": { "ar": title } })).await;
    }
    let described = json!({ "title": { "en": "Plain" }, "description": { "ar": "ملاحظة عن الميزانية" } });
    chair.create_activity(described).await;
    for (q, found) in [
        ("اطار", vec![9]),
        ("إطـــار", vec![9]),
        ("الذكية", vec![9]),
        ("الذَّكِيَّه", vec![9]),
        ("ÉTUDE", vec![10]),
        ("100%", vec![10]),
        ("1_0", vec![]),
        ("%", vec![10]),
        ("مستوي", vec![11]),
        ("المعلومات", vec![11]),
        ("الميزانيه", vec![12]),
        ("\\", vec![]),
    ] {
        let encoded: String = q.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(numbers(chair, &format!("?q={encoded}")).await, found, "{q}");
    }
}

#[tokio::test]
async fn overdue_begins_with_the_day_after_in_the_task_forces_own_time_zone() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let due = chair.create_activity(json!({ "dueDate": "2026-11-22" })).await;
    let overdue = async || {
        let status = chair.get(app.a("/status")).await.expect(200).json();
        let listed = numbers(chair, "?overdue=true").await.contains(&9);
        let own = chair.reload(&due).await["overdue"] == true;
        assert_eq!(listed, own);
        (own, status["activities"]["overdue"].as_i64().unwrap(), status["today"].as_str().unwrap().to_owned())
    };
    // Midnight in Amman is nine in the evening, UTC.
    app.advance(TimeDelta::hours(12) - TimeDelta::microseconds(1));
    assert_eq!(overdue().await, (false, 1, "2026-11-22".to_owned()));
    app.advance(TimeDelta::microseconds(1));
    assert_eq!(overdue().await, (true, 2, "2026-11-23".to_owned()));
    let due = chair.transition(&chair.reload(&due).await, "inProgress").await;
    chair.transition(&due, "done").await;
    assert_eq!(overdue().await, (false, 1, "2026-11-23".to_owned()));
}

#[tokio::test]
async fn work_of_a_locked_step_is_planned_but_not_started() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let ahead = seeded(chair, "ahead").await;
    let transition = &ahead["availableTransitions"][0];
    assert_eq!(
        (&transition["to"], &transition["blockedBy"][0]["code"]),
        (&json!("inProgress"), &json!("stepLocked"))
    );
    chair.try_transition(&ahead, "inProgress").await.expect_problem(409, "stepLocked");
    chair.patch(&ahead, json!({ "priority": "low" })).await.expect(200);
    let ahead = chair.reload(&ahead).await;
    let blocked = chair.transition_because(&ahead, "blocked", "No list yet").await;
    chair.transition(&blocked, "planned").await;
}

#[tokio::test]
async fn work_of_a_passed_step_stays_as_it_was_but_for_comments() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let done = seeded(chair, "done").await;
    ready_policy_step(&app).await;
    pass(&app, "policy").await;
    let refused = |answer: Answer| {
        answer.expect_problem(409, "stepPassed");
    };
    refused(chair.try_transition(&done, "inProgress").await);
    refused(chair.patch(&done, json!({ "priority": "low" })).await);
    refused(chair.post(app.a("/activities"), crate::support::client::activity(json!({}))).await);
    refused(chair.delete(&seeded(chair, "cancelled").await).await);
    refused(chair.add_dependency(&seeded(chair, "overdue").await, &done).await);
    let ahead = seeded(chair, "ahead").await;
    refused(chair.patch(&ahead, json!({ "step": "policy" })).await);
    chair.create(format!("{}/comments", done.path), json!({ "text": "Still of use" })).await;
    chair.transition(&ahead, "inProgress").await;
}

#[tokio::test]
async fn what_a_waiver_left_open_is_finished_or_cancelled_after_its_step_has_passed() {
    let app = TestApp::start().await;
    let (chair, expert) = (app.as_chair(), app.as_expert());
    ready_policy_step(&app).await;
    let mine = app.world().member(Who::Expert1);
    let new = async || chair.create_activity(json!({ "reviewRequired": true, "assigneeId": mine })).await;
    let (planned, waiting, dropped) = (new().await, new().await, new().await);
    let waiting = chair.transition_because(&waiting, "blocked", "No list yet").await;
    let reviewed = expert.transition(&expert.transition(&new().await, "inProgress").await, "inReview").await;
    let stuck = chair.transition(&new().await, "inProgress").await;
    let stuck = chair.transition_because(&stuck, "blocked", "No list yet").await;
    waive(chair, "policy", "activitiesSettled", "The ministry is slow").await.expect(200);
    let submission = submit(chair, "policy").await;
    assert_eq!(chair.reload(&planned).await.blockers("cancelled"), ["stepSubmitted"]);
    all_vote(&app, &submission, "approve", &PANEL[..4]).await;

    // What is left to do is still a task, and the way to its end is open.
    let tasks = chair.list("/v1/me/tasks").await;
    assert!(tasks.iter().any(|task| task["subject"]["id"] == reviewed.id()));
    let own = expert.list("/v1/me/activities").await;
    assert_eq!(own.iter().filter(|one| one["step"] == "policy").count(), 5);
    let begun = expert.transition(&expert.reload(&planned).await, "inProgress").await;
    assert_eq!(begun.blockers("blocked"), ["stepPassed"]);
    expert.try_transition(&begun, "blocked").await.expect_problem(409, "stepPassed");
    let checked = expert.transition(&begun, "inReview").await;
    expert.try_transition(&checked, "done").await.expect_problem(409, "reviewByAnother");
    let done = chair.transition(&checked, "done").await;
    chair.transition_because(&chair.reload(&dropped).await, "cancelled", "Not needed").await;
    let waiting = chair.transition(&chair.reload(&waiting).await, "planned").await;
    chair.transition_because(&waiting, "cancelled", "Not needed").await;
    chair.try_transition(&chair.reload(&reviewed).await, "inProgress").await.expect(200);
    let stuck = chair.transition(&chair.reload(&stuck).await, "inProgress").await;
    // Nothing else: what is done stays done, and no plan is changed.
    assert_eq!(chair.reload(&done).await.blockers("inProgress"), ["stepPassed"]);
    chair.try_transition(&done, "inProgress").await.expect_problem(409, "stepPassed");
    chair.patch(&stuck, json!({ "priority": "low" })).await.expect_problem(409, "stepPassed");
    chair.add_dependency(&stuck, &done).await.expect_problem(409, "stepPassed");
}

#[tokio::test]
async fn a_closed_or_started_activity_keeps_its_plan() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for name in ["done", "cancelled"] {
        let closed = seeded(chair, name).await;
        chair.patch(&closed, json!({ "priority": "low" })).await.expect_problem(409, "activityClosed");
        chair
            .add_dependency(&closed, &seeded(chair, "planned").await)
            .await
            .expect_problem(409, "activityClosed");
    }
    let begun = seeded(chair, "inProgress").await;
    chair.patch(&begun, json!({ "step": "sectors" })).await.expect_problem(409, "activityStarted");
    let moved =
        chair.patch(&seeded(chair, "planned").await, json!({ "step": "pilots" })).await.expect(200).json();
    assert_eq!(moved["step"], "pilots");
}
