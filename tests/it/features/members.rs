//! The panel: five to seven members with one chair, at every instant and under concurrent changes.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::client::Draft;
use crate::support::council::{condition, condition_path, db_verify_chain, decide, submitted_report};
use crate::support::sign_in::set_user_state;
use crate::support::votes::{ready_policy_step, try_submit};
use crate::support::world::{PANEL, task_force};
use crate::support::{Resource, TestApp, Who};

/// The users who can take a seat; the first is the chair.
const EXPERTS: [Who; 8] = [
    Who::Chair,
    Who::Expert1,
    Who::Expert2,
    Who::Expert3,
    Who::Expert4,
    Who::Expert5,
    Who::Outsider,
    Who::Other5,
];

fn because() -> Value {
    json!({ "reason": { "en": "Moved away" } })
}

/// A forming task force with this many members, the first of them as chair.
async fn forming(app: &TestApp, size: usize) -> Resource {
    let seat = |(at, who): (usize, &Who)| app.world().seat(*who, if at == 0 { "chair" } else { "expert" });
    let seats: Vec<_> = EXPERTS.iter().take(size).enumerate().map(seat).collect();
    app.as_secretariat().create("/v1/task-forces", task_force("New", &seats)).await
}

async fn current_members(app: &TestApp, of: &str) -> Vec<Resource> {
    let listed = app.as_secretariat().list(&format!("{of}/members?current=true")).await;
    let read = async |member: &Value| {
        let path = format!("{of}/members/{}", member["id"].as_str().unwrap());
        app.as_secretariat().read(path).await
    };
    let mut members = Vec::new();
    for member in &listed {
        members.push(read(member).await);
    }
    members
}

fn chairs(members: &[Resource]) -> usize {
    members.iter().filter(|member| member["role"] == "chair").count()
}

async fn seat_in_a(app: &TestApp, who: Who) -> Resource {
    app.as_secretariat().read(app.a(&format!("/members/{}", app.world().member(who)))).await
}

#[tokio::test]
async fn four_or_eight_members_are_not_activated() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    for (size, sentence) in [(0, "no member;"), (4, "4 members;"), (8, "8 members;")] {
        let new = forming(&app, size).await;
        assert_eq!(new["availableTransitions"][0]["blockedBy"][0]["code"], "panelSize");
        let problem = secretariat.try_transition(&new, "active").await.expect_problem(409, "panelSize");
        assert!(problem["detail"].as_str().unwrap().contains(sentence), "{problem:#}");
        assert_eq!(secretariat.reload(&new).await["state"], "forming");
    }
}

#[tokio::test]
async fn five_six_or_seven_members_with_a_chair_are_activated() {
    let app = TestApp::start().await;
    for size in 5..=7 {
        let new = forming(&app, size).await;
        assert_eq!(new["availableTransitions"][0]["allowed"], true);
        assert_eq!(app.as_secretariat().transition(&new, "active").await["state"], "active");
    }
}

#[tokio::test]
async fn a_panel_without_a_chair_is_not_activated() {
    let app = TestApp::start().await;
    let seats: Vec<_> = PANEL.iter().map(|who| app.world().seat(*who, "expert")).collect();
    let secretariat = app.as_secretariat();
    let new = secretariat.create("/v1/task-forces", task_force("Headless", &seats)).await;
    secretariat.try_transition(&new, "active").await.expect_problem(409, "chairRequired");
}

#[tokio::test]
async fn of_six_members_who_leave_at_once_one_leaves() {
    let app = TestApp::start().await;
    let leaving = [Who::Expert1, Who::Expert2, Who::Expert3, Who::Expert4];
    let mut seats = Vec::new();
    for who in leaving {
        seats.push(seat_in_a(&app, who).await);
    }
    let ends = seats
        .iter()
        .map(|seat| app.as_secretariat().send_with_retry(Draft::command(seat, "end", &because())));
    let mut statuses: Vec<u16> = join_all(ends).await.into_iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
    assert_eq!(current_members(&app, &app.a("")).await.len(), 5);
}

#[tokio::test]
async fn of_those_who_run_for_the_seventh_seat_one_gets_it() {
    let app = TestApp::start().await;
    let runners = [Who::Outsider, Who::Other2, Who::Other3, Who::Other4];
    let appoint = runners.iter().map(|who| {
        app.as_chair().send_with_retry(Draft::post(app.a("/members"), &app.world().seat(*who, "expert")))
    });
    let answers = join_all(appoint).await;
    let (seated, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((seated.len(), refused.len()), (1, 3));
    for answer in refused {
        answer.expect_problem(409, "panelSize");
    }
    assert_eq!(current_members(&app, &app.a("")).await.len(), 7);
}

#[tokio::test]
async fn two_changes_of_chair_at_once_leave_one_chair() {
    let app = TestApp::start().await;
    let (one, other) = (seat_in_a(&app, Who::Expert1).await, seat_in_a(&app, Who::Expert2).await);
    let appoint =
        |seat| app.as_secretariat().send_with_retry(Draft::patch(seat, &json!({ "role": "chair" })));
    let (first, second) = tokio::join!(appoint(&one), appoint(&other));
    first.expect(200);
    second.expect(200);
    let members = current_members(&app, &app.a("")).await;
    assert_eq!((members.len(), chairs(&members)), (6, 1));
}

#[tokio::test]
async fn activation_and_a_seat_that_ends_at_once_never_leave_four_at_work() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    for _ in 0..5 {
        let new = forming(&app, 5).await;
        let members = current_members(&app, &new.path).await;
        let leaving = members.last().unwrap();
        let (activated, ended) = tokio::join!(
            secretariat.send_with_retry(Draft::command(&new, "transitions", &json!({ "to": "active" }))),
            secretariat.send_with_retry(Draft::command(leaving, "end", &because())),
        );
        let state = secretariat.reload(&new).await["state"].clone();
        let left = current_members(&app, &new.path).await.len();
        match (activated.status, ended.status) {
            (200, 409) => assert_eq!((state, left), (json!("active"), 5)),
            (409, 200) => assert_eq!((state, left), (json!("forming"), 4)),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn one_of_five_is_replaced_in_one_request_and_hands_over_the_open_work() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let five = seat_in_a(&app, Who::Expert5).await;
    chair.command(&five, "end", because()).await.expect(200);

    let leaving = seat_in_a(&app, Who::Expert2).await;
    chair.command(&leaving, "end", because()).await.expect_problem(409, "panelSize");
    let done = chair.create_activity(json!({ "assigneeId": leaving.id() })).await;
    let done = chair.transition(&done, "inProgress").await;
    chair.transition(&done, "done").await;

    let mut body = because();
    body["successor"] = app.world().seat(Who::Outsider, "expert");
    let ended = chair.command(&leaving, "end", body).await.expect(200).json();
    assert_eq!((&ended["current"], &ended["toDate"]), (&json!(false), &json!("2026-11-22")));

    let members = current_members(&app, &app.a("")).await;
    let successor =
        members.iter().find(|member| member["userId"] == app.world().user(Who::Outsider)).unwrap();
    assert_eq!((members.len(), successor["role"].as_str()), (5, Some("expert")));
    let open = chair.read(app.a(&format!("/activities/{}", app.world().activity("inProgress")))).await;
    assert_eq!(open["assignee"]["id"], successor.id());
    let done = chair.reload(&done).await;
    assert_eq!(done["assignee"]["id"], leaving.id(), "finished work keeps its assignee");
    let reopen = json!({ "to": "inProgress", "reason": { "en": "x" } });
    let reopened = chair.command(&done, "transitions", reopen).await.expect(200).json();
    assert_eq!(reopened["assignee"]["id"], Value::Null, "reopened work of an ended member is unassigned");
    // The new member works at once, and the old one is an outsider.
    app.as_who(Who::Outsider).create_activity(json!({})).await;
    app.as_who(Who::Expert2).get(app.a("")).await.expect_problem(404, "notFound");
}

#[tokio::test]
async fn open_work_goes_to_whom_the_request_names_or_to_nobody() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let leaving = seat_in_a(&app, Who::Expert2).await;
    let stranger = json!({ "reason": { "en": "x" }, "reassignToMemberId": app.world().member(Who::Other2) });
    let problem = chair.command(&leaving, "end", stranger).await.expect_problem(400, "unknownReference");
    assert_eq!(problem["errors"][0]["pointer"], "/reassignToMemberId");
    for ended in [leaving.id(), app.world().member(Who::EndedMember)] {
        let body = json!({ "reason": { "en": "x" }, "reassignToMemberId": ended });
        chair.command(&leaving, "end", body).await.expect_problem(409, "memberEnded");
    }

    let successor = app.world().member(Who::Expert3);
    let mut body = because();
    body["reassignToMemberId"] = json!(successor);
    body["successor"] = app.world().seat(Who::Outsider, "expert");
    chair.command(&leaving, "end", body).await.expect(200);
    let begun = chair.read(app.a(&format!("/activities/{}", app.world().activity("inProgress")))).await;
    assert_eq!(begun["assignee"]["id"], successor);

    let leaving = seat_in_a(&app, Who::Expert4).await;
    chair.command(&leaving, "end", because()).await.expect(200);
    let blocked = chair.read(app.a(&format!("/activities/{}", app.world().activity("blocked")))).await;
    assert_eq!(blocked["assignee"]["id"], Value::Null);
}

#[tokio::test]
async fn a_member_with_thousands_of_activities_is_replaced_at_a_bounded_rate() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let many = r#"insert into activities (task_force_id, id, number, cycle, step, title, assignee_member_id, priority,
                                          review_required, state, state_since, created_at, updated_at)
        select task_force_id, gen_random_uuid(), 1000 + n, 1, 'policy', '{"en": "One of many"}', id, 'normal', false,
               'planned', now(), now(), now()
        from members cross join generate_series(1, 4000) n where id::text = $1"#;
    let mut leaving = seat_in_a(&app, Who::Expert1).await;
    app.db().await.execute(many, &[&leaving.id()]).await.unwrap();
    let one = "select id::text from activities where number = 3000";
    let one: String = app.db().await.query_one(one, &[]).await.unwrap().get(0);
    let (mut ends, mut others) = (0, [Who::Outsider, Who::Expert1].into_iter().cycle());
    let refused = loop {
        let mut end = because();
        end["successor"] = app.world().seat(others.next().unwrap(), "expert");
        let answer = chair.command(&leaving, "end", end.clone()).await;
        if answer.status != 200 {
            break answer;
        }
        ends += 1;
        assert!(ends <= 10, "events are bounded in no way");
        let users = current_members(&app, &app.a("")).await;
        let successor =
            users.into_iter().find(|member| member["userId"] == end["successor"]["userId"]).unwrap();
        // The history of an activity says who has it.
        let history = chair.list(&app.a(&format!("/events?subject={one}"))).await;
        let last = &history.last().unwrap()["changes"]["assigneeId"];
        assert_eq!((&last["before"], &last["after"]), (&json!(leaving.id()), &json!(successor.id())));
        leaving = successor;
    };
    assert!(ends >= 3, "an honest end is possible: {ends}");
    let detail = refused.expect_problem(429, "tooManyRequests")["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("changes of many items"), "{detail}");
    // Other work goes on, and so does the end of a member with little to hand on.
    chair.create_activity(json!({})).await;
    chair.command(&seat_in_a(&app, Who::Expert2).await, "end", because()).await.expect(200);
    db_verify_chain(&app).await;
}

#[tokio::test]
async fn a_chair_goes_only_when_another_comes() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let chair = seat_in_a(&app, Who::Chair).await;
    secretariat.command(&chair, "end", because()).await.expect_problem(409, "chairRequired");
    secretariat.patch(&chair, json!({ "role": "expert" })).await.expect_problem(409, "chairRequired");
    let mut body = because();
    body["successor"] = app.world().seat(Who::Outsider, "expert");
    secretariat.command(&chair, "end", body.clone()).await.expect_problem(409, "chairRequired");
    body["successor"]["role"] = json!("chair");
    secretariat.command(&chair, "end", body).await.expect(200);
    let members = current_members(&app, &app.a("")).await;
    assert_eq!((members.len(), chairs(&members)), (6, 1));
}

#[tokio::test]
async fn a_new_chair_makes_the_old_one_an_expert_at_once() {
    let app = TestApp::start().await;
    let (old, new) = (app.as_chair(), app.as_expert());
    let health = || json!({ "health": "atRisk" });
    new.post(app.a("/health-statements"), health()).await.expect_problem(403, "forbidden");
    old.patch(&seat_in_a(&app, Who::Expert1).await, json!({ "role": "chair" })).await.expect(200);
    new.post(app.a("/health-statements"), health()).await.expect(201);
    old.post(app.a("/health-statements"), health()).await.expect_problem(403, "forbidden");
    assert_eq!(seat_in_a(&app, Who::Chair).await["role"], "expert");
}

#[tokio::test]
async fn a_seat_is_for_an_active_expert_who_has_none_here() {
    let app = TestApp::start().await;
    let (chair, world) = (app.as_chair(), app.world());
    let appoint =
        async |user: &str| chair.post(app.a("/members"), json!({ "userId": user, "role": "expert" })).await;
    appoint(world.user(Who::Expert1)).await.expect_problem(409, "alreadyMember");
    // The chair cannot see these users, so nothing tells who they are.
    for who in [Who::CouncilMember, Who::DisabledUser] {
        let refused = appoint(world.user(who)).await.expect_problem(409, "notAnExpert");
        assert_eq!(refused["references"], Value::Null, "{refused}");
    }
    let nobody =
        appoint("0199f0c2-7a3b-7c11-9d2e-000000000001").await.expect_problem(400, "unknownReference");
    assert_eq!(nobody["errors"][0]["pointer"], "/userId");
    // A former member may get another seat.
    let again = appoint(world.user(Who::EndedMember)).await.expect(201).resource();
    assert_ne!(again.id(), world.member(Who::EndedMember));
    let old = seat_in_a(&app, Who::EndedMember).await;
    chair.patch(&old, json!({ "expertise": "Law" })).await.expect_problem(409, "memberEnded");
    chair.command(&old, "end", because()).await.expect_problem(409, "memberEnded");
}

#[tokio::test]
async fn nobody_is_their_own_successor() {
    let app = TestApp::start().await;
    let leaving = seat_in_a(&app, Who::Expert5).await;
    let mut end = because();
    end["successor"] = app.world().seat(Who::Expert5, "expert");
    let refused = app.as_chair().command(&leaving, "end", end).await;
    refused.expect_field_errors(&["/successor/userId invalid"]);
    assert_eq!(seat_in_a(&app, Who::Expert5).await["current"], true);
}

/// The members that a refusal names.
fn named(problem: &Value) -> Vec<(Value, Value)> {
    let references = problem["references"].as_array().unwrap();
    references.iter().map(|one| (one["kind"].clone(), one["id"].clone())).collect()
}

#[tokio::test]
async fn a_task_force_with_a_disabled_member_is_not_activated_until_the_member_is_replaced() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let new = forming(&app, 5).await;
    set_user_state(&app, Who::Expert4, "disabled").await;
    let members = current_members(&app, &new.path).await;
    let disabled = members.iter().find(|member| member["userId"] == app.world().user(Who::Expert4)).unwrap();
    let new = secretariat.reload(&new).await;
    assert_eq!(new.blockers("active"), ["seatsInvalid"]);
    let problem = secretariat.try_transition(&new, "active").await.expect_problem(409, "seatsInvalid");
    assert_eq!(named(&problem), [(json!("member"), disabled["id"].clone())]);
    assert_eq!(problem["references"][0]["title"]["en"], "Expert4");

    let mut end = because();
    end["successor"] = app.world().seat(Who::Outsider, "expert");
    secretariat.command(disabled, "end", end).await.expect(200);
    secretariat.transition(&secretariat.reload(&new).await, "active").await;
}

#[tokio::test]
async fn a_suspended_task_force_resumes_once_its_disabled_members_are_replaced_or_enabled() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let a = secretariat.read(app.a("")).await;
    let a = secretariat.transition_because(&a, "suspended", "Elections").await;
    for who in [Who::Chair, Who::Expert5] {
        set_user_state(&app, who, "disabled").await;
    }
    let problem = secretariat.try_transition(&a, "active").await.expect_problem(409, "seatsInvalid");
    let members = [Who::Chair, Who::Expert5].map(|who| (json!("member"), json!(app.world().member(who))));
    assert_eq!(named(&problem), members);

    let mut end = because();
    end["successor"] = app.world().seat(Who::Outsider, "chair");
    secretariat.command(&seat_in_a(&app, Who::Chair).await, "end", end).await.expect(200);
    let problem = secretariat.try_transition(&a, "active").await.expect_problem(409, "seatsInvalid");
    assert_eq!(named(&problem), members[1..]);
    set_user_state(&app, Who::Expert5, "active").await;
    assert_eq!(secretariat.transition(&a, "active").await["state"], "active");
}

#[tokio::test]
async fn a_step_is_not_put_to_members_of_whom_half_are_disabled() {
    let app = TestApp::start().await;
    ready_policy_step(&app).await;
    let disabled = [Who::Expert3, Who::Expert4, Who::Expert5];
    for who in disabled {
        set_user_state(&app, who, "disabled").await;
    }
    let readiness = async || app.as_chair().get(app.a("/steps/policy/readiness")).await.expect(200).json();
    let problem = try_submit(app.as_chair(), "policy").await.expect_problem(409, "seatsInvalid");
    let expected = disabled.map(|who| (json!("member"), json!(app.world().member(who))));
    assert_eq!(named(&problem), expected);
    // The readiness of the step announces the same.
    let announced = readiness().await;
    assert_eq!(
        (&announced["ready"], &announced["blockedBy"][0]["code"]),
        (&json!(false), &json!("seatsInvalid"))
    );
    assert_eq!(named(&announced["blockedBy"][0]), expected);
    set_user_state(&app, Who::Expert5, "active").await;
    assert_eq!((&readiness().await["ready"], &readiness().await["blockedBy"]), (&json!(true), &json!([])));
    try_submit(app.as_chair(), "policy").await.expect(201);
}

#[tokio::test]
async fn in_a_closed_task_force_the_chair_is_replaced_while_conditions_are_open() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    submitted_report(&app, json!({})).await;
    let owned = json!({ "conditions": [condition(&app, Who::Expert1, json!({}))] });
    let decided = decide(&app, "conclude", owned).await;
    let make_chair =
        async |who: Who| secretariat.patch(&seat_in_a(&app, who).await, json!({ "role": "chair" })).await;
    make_chair(Who::Expert2).await.expect(200);
    assert_eq!(seat_in_a(&app, Who::Chair).await["role"], "expert");
    // Another member of the closed task force comes in as the successor, and takes the conditions over.
    let mut end = because();
    end["successor"] = app.world().seat(Who::Outsider, "chair");
    end["successor"]["expertise"] = json!("Law");
    secretariat.command(&seat_in_a(&app, Who::Expert1).await, "end", end).await.expect(200);
    assert_eq!(chairs(&current_members(&app, &app.a("")).await), 1);
    // Nothing else about the members changes.
    let other = seat_in_a(&app, Who::Expert3).await;
    secretariat.patch(&other, json!({ "expertise": "Law" })).await.expect_problem(409, "taskForceClosed");
    let more = app.world().seat(Who::Other5, "expert");
    secretariat.post(app.a("/members"), more).await.expect_problem(409, "taskForceClosed");

    let chair = app.as_who(Who::Outsider);
    let open = chair.read(condition_path(&app, &decided, 0)).await;
    let reported = chair.transition(&open, "reportedMet").await;
    make_chair(Who::Expert2).await.expect(200);
    secretariat.transition(&secretariat.reload(&reported).await, "met").await;
    make_chair(Who::Expert3).await.expect_problem(409, "taskForceClosed");
    secretariat.command(&other, "end", because()).await.expect_problem(409, "taskForceClosed");
}

/// Ends a seat directly in the database.
fn db_end(member: &str) -> String {
    format!(
        "update members set to_date = '2026-12-01', end_reason = '{{\"en\": \"x\"}}' where id = '{member}'"
    )
}

#[tokio::test]
async fn past_the_service_too_no_commit_leaves_four_or_two_chairs() {
    let app = TestApp::start().await;
    let (db, world) = (app.db().await, app.world());
    let [one, two] = [Who::Expert1, Who::Expert2].map(|who| db_end(world.member(who)));
    let ended_by_deleting = format!("delete from members where id = '{}'", world.member(Who::Other2));
    let f = format!("update task_forces set state = 'active' where id = '{}'", world.f);
    for (statements, constraint) in [
        (format!("{one}; {two}"), "panel_of_five_to_seven"),
        (ended_by_deleting, "panel_of_five_to_seven"),
        (f, "panel_of_five_to_seven"),
        (db_end(world.member(Who::Chair)), "panel_has_one_chair"),
    ] {
        let refused = db.batch_execute(&format!("begin; {statements}; commit")).await.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().constraint(), Some(constraint), "{statements}");
        db.batch_execute("rollback").await.unwrap();
    }
    // A transaction may pass through four members.
    let back = "update members set to_date = null, end_reason = null where to_date = '2026-12-01'";
    db.batch_execute(&format!("begin; {one}; {two}; {back}; commit")).await.unwrap();
}

#[tokio::test]
async fn two_transactions_that_do_not_see_each_other_cannot_both_count_five() {
    let app = TestApp::start().await;
    let (one, other) = (app.db_another().await, app.db_another().await);
    let [first, second] = [Who::Expert1, Who::Expert2].map(|who| db_end(app.world().member(who)));
    // The first has counted five, and has not committed; the second has to wait for it before it counts.
    one.batch_execute(&format!("begin; {first}; set constraints all immediate")).await.unwrap();
    other.batch_execute(&format!("begin; {second}")).await.unwrap();
    let (counted, ()) = tokio::join!(other.batch_execute("set constraints all immediate"), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        one.batch_execute("commit").await.unwrap();
    });
    let refused = counted.unwrap_err();
    assert_eq!(refused.as_db_error().unwrap().constraint(), Some("panel_of_five_to_seven"));
}
