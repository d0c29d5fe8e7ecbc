//! The vote on a submitted step: who is entitled, what counts, when it is decided and what follows.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::Draft;
use crate::support::sign_in::{set_user_state, user};
use crate::support::votes::{
    all_vote, ballot, end_seat, events_after, happened, last_seq, ready_policy_step, submit, try_submit,
    vote, withdraw,
};
use crate::support::world::PANEL;
use crate::support::{Resource, TestApp, Who};

const PASSED: [&str; 4] =
    ["vote.cast", "submission.transitioned passed", "step.transitioned passed", "step.transitioned open"];
const RETURNED: [&str; 3] = ["vote.cast", "submission.transitioned returned", "step.transitioned open"];

/// The policy step of task force A, before its six members.
async fn submitted(app: &TestApp) -> Resource {
    ready_policy_step(app).await;
    submit(app.as_chair(), "policy").await
}

async fn step(app: &TestApp, step: &str) -> Value {
    app.as_chair().read(app.a(&format!("/steps/{step}"))).await["state"].clone()
}

/// The tally of a vote: approvals, returns, abstentions, recusals, absent, pending, and the denominator.
fn tally(submission: &Value) -> [i64; 7] {
    let tally = &submission["tally"];
    assert_eq!(tally["entitled"], submission["entitled"].as_array().unwrap().len());
    ["approve", "return", "abstain", "recuse", "absent", "pending", "denominator"]
        .map(|field| tally[field].as_i64().unwrap())
}

/// The progress of a vote: members who have voted, absent members, and those whose vote is missing.
fn turnout(submission: &Value) -> [i64; 3] {
    let turnout = &submission["turnout"];
    assert_eq!(turnout["entitled"], submission["entitled"].as_array().unwrap().len());
    assert_eq!(turnout["pending"], submission["notVoted"].as_array().unwrap().len());
    ["voted", "absent", "pending"].map(|field| turnout[field].as_i64().unwrap())
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
async fn with_more_than_half_of_the_members_a_step_passes_and_the_next_one_opens() {
    let app = TestApp::start().await;
    let submission = submitted(&app).await;
    assert_eq!((&submission["state"], &step(&app, "policy").await), (&json!("voting"), &json!("submitted")));
    let members: Vec<_> =
        submission["entitled"].as_array().unwrap().iter().map(|one| &one["member"]["id"]).collect();
    for who in PANEL {
        assert!(members.contains(&&json!(app.world().member(who))), "{who:?}");
    }
    assert_eq!(turnout(&submission.body), [0, 0, 6]);
    let after = all_vote(&app, &submission, "approve", &PANEL[..3]).await;
    assert_eq!((&after["state"], &after["decidedAt"]), (&json!("voting"), &Value::Null), "half is not more");

    let before = last_seq(&app).await;
    let deciding = vote(app.as_who(Who::Expert3), &submission, "approve").await.expect(200);
    assert_eq!(happened(&app, before).await, PASSED);
    let decided = deciding.json();
    assert_eq!((&decided["state"], tally(&decided)), (&json!("passed"), [4, 0, 0, 0, 0, 2, 6]));
    assert_eq!((&decided["decidedAt"], &decided["version"]), (&json!("2026-11-22T09:00:00Z"), &json!(2)));
    assert_eq!(app.as_who(Who::Expert3).reload(&submission).await.body, decided);
    assert_eq!((step(&app, "policy").await, step(&app, "sectors").await), (json!("passed"), json!("open")));
    vote(app.as_who(Who::Expert4), &submission, "return").await.expect_problem(409, "votingClosed");
    vote(app.as_who(Who::Expert3), &submission, "return").await.expect_problem(409, "votingClosed");
}

#[tokio::test]
async fn a_step_is_returned_as_soon_as_it_can_not_pass_any_more() {
    let app = TestApp::start().await;
    for choice in ["return", "abstain"] {
        app.db_open("policy").await;
        let submission = submitted(&app).await;
        all_vote(&app, &submission, choice, &PANEL[..2]).await;
        let before = last_seq(&app).await;
        let after = all_vote(&app, &submission, choice, &PANEL[2..3]).await;
        assert_eq!(after["state"], "returned", "three who don't approve are half of six");
        assert_eq!(after["tally"]["quorumLost"], false);
        assert_eq!(happened(&app, before).await, RETURNED);
        assert_eq!(
            (step(&app, "policy").await, step(&app, "sectors").await),
            (json!("open"), json!("locked"))
        );
    }
    // The step is submitted again, and all members vote again.
    let again = submit(app.as_chair(), "policy").await;
    assert_eq!(turnout(&again.body), [0, 0, 6]);
    let all = app.as_expert().list(&app.a("/steps/policy/submissions")).await;
    let states: Vec<_> = all.iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["returned", "returned", "voting"]);
}

#[tokio::test]
async fn a_recused_member_gives_a_reason_and_leaves_the_count() {
    let app = TestApp::start().await;
    let submission = submitted(&app).await;
    let expert = app.as_expert();
    let unexplained = Draft::new(Method::PUT, format!("{}/votes/mine", submission.path));
    expert
        .send(unexplained.json(&json!({ "choice": "recuse", "comment": "No" })))
        .await
        .expect_field_errors(&["/reason required"]);
    let recused = vote(expert, &submission, "recuse").await.expect(200).json();
    assert_eq!(tally(&recused), [0, 0, 0, 1, 0, 5, 5]);
    assert_eq!(recused["votes"][0]["reason"]["en"], "My firm sells it");
    // A recusal can be changed into a vote while voting is open.
    let back = vote(expert, &submission, "abstain").await.expect(200).json();
    assert_eq!((tally(&back), &back["votes"][0]["reason"]), ([0, 0, 1, 0, 0, 5, 6], &Value::Null));
    vote(expert, &submission, "recuse").await.expect(200);
    let three = [Who::Chair, Who::Expert2, Who::Expert3];
    let after = all_vote(&app, &submission, "approve", &three).await;
    assert_eq!((&after["state"], tally(&after)), (&json!("passed"), [3, 0, 0, 1, 0, 2, 5]));
}

#[tokio::test]
async fn a_vote_is_changed_while_voting_is_open_and_the_same_again_leaves_no_event() {
    let app = TestApp::start().await;
    let submission = submitted(&app).await;
    let expert = app.as_expert();
    let cast = async |body: Value| {
        let path = format!("{}/votes/mine", submission.path);
        expert.send(Draft::new(Method::PUT, path).json(&body)).await.expect(200).json()
    };
    let before = last_seq(&app).await;
    let first = cast(json!({ "choice": "approve", "comment": "Convincing" })).await;
    let vote = json!({
        "member": {
            "id": app.world().member(Who::Expert1), "userId": app.world().user(Who::Expert1),
            "name": { "en": "Expert1", "ar": "شخص Expert1" },
        },
        "choice": "approve", "comment": "Convincing", "reason": null, "votedAt": "2026-11-22T09:00:00Z",
    });
    assert_eq!(first["votes"], json!([vote]));
    app.advance(chrono::TimeDelta::minutes(1));
    let same = cast(json!({ "choice": "approve", "comment": "Convincing" })).await;
    assert_eq!(same, first);
    assert_eq!(happened(&app, before).await, ["vote.cast"]);
    let changed = cast(json!({ "choice": "return", "comment": "Not any more" })).await;
    assert_eq!(tally(&changed), [0, 1, 0, 0, 0, 5, 6]);
    assert_eq!(changed["votes"][0]["votedAt"], "2026-11-22T09:01:00Z");
    let bare = cast(json!({ "choice": "abstain" })).await;
    assert_eq!(bare["votes"][0]["comment"], Value::Null);
    assert_eq!(happened(&app, before).await, ["vote.cast"; 3]);
    let seen = expert.get(app.a(&format!("/events?after={before}"))).await.expect(200).json();
    let event = &seen["items"][1];
    assert_eq!(event["changes"]["choice"], json!({ "before": "approve", "after": "return" }));
    assert_eq!(event["changes"]["comment"], json!({ "before": "Convincing", "after": "Not any more" }));
    let subject = json!({
        "kind": "submission", "id": submission.id(), "number": null, "href": submission.path,
        "title": {
            "ar": "طلب إقرار: تحديد بعض سياسات الحوكمة الذكية أو إطار عملها",
            "en": "Submission: Identify some smart governance policy / framework",
        },
    });
    assert_eq!(event["subject"], subject);
    let version = app.as_chair().reload(&submission).await["version"].clone();
    assert_eq!(version, 1, "votes are not fields of the submission");
}

#[tokio::test]
async fn fewer_than_three_who_count_decide_nothing() {
    let app = TestApp::start().await;
    let submission = submitted(&app).await;
    all_vote(&app, &submission, "approve", &PANEL[4..]).await;
    let after = all_vote(&app, &submission, "recuse", &PANEL[..3]).await;
    assert_eq!(after["state"], "passed", "two of three do");

    app.db_open("policy").await;
    let submission = submit(app.as_chair(), "policy").await;
    all_vote(&app, &submission, "approve", &PANEL[5..]).await;
    all_vote(&app, &submission, "recuse", &PANEL[..3]).await;
    let before = last_seq(&app).await;
    let after = all_vote(&app, &submission, "recuse", &PANEL[3..4]).await;
    assert_eq!((&after["state"], &after["tally"]["quorumLost"]), (&json!("returned"), &json!(true)));
    assert_eq!(tally(&after), [1, 0, 0, 4, 0, 1, 2]);
    assert_eq!(happened(&app, before).await, RETURNED);
    let event = &events_after(&app, before).await[1];
    assert_eq!(event["changes"]["quorumLost"], json!({ "before": false, "after": true }));
    assert_eq!(step(&app, "policy").await, "open");
}

#[tokio::test]
async fn a_return_says_what_is_missing() {
    let app = TestApp::start().await;
    let submission = submitted(&app).await;
    let path = format!("{}/votes/mine", submission.path);
    let bare = Draft::new(Method::PUT, path).json(&json!({ "choice": "return" }));
    app.as_expert().send(bare).await.expect_field_errors(&["/comment required"]);
    let after = vote(app.as_expert(), &submission, "return").await.expect(200).json();
    assert_eq!(tally(&after), [0, 1, 0, 0, 0, 5, 6]);
}

/// The end of a vote by members who are absent.
const RETURNED_BY_ABSENCE: [&str; 2] = ["submission.transitioned returned", "step.transitioned open"];

#[tokio::test]
async fn the_chair_and_one_ally_of_five_pass_nothing_by_ending_two_others() {
    let app = TestApp::start().await;
    end_seat(&app, Who::Expert5, None).await;
    let submission = submitted(&app).await;
    all_vote(&app, &submission, "approve", &PANEL[..2]).await;
    end_seat(&app, Who::Expert2, Some(Who::Outsider)).await;
    end_seat(&app, Who::Expert3, Some(Who::EndedMember)).await;
    let after = app.as_chair().reload(&submission).await;
    assert_eq!((&after["state"], tally(&after.body)), (&json!("voting"), [2, 0, 0, 0, 2, 1, 5]));
    assert_eq!(after["tally"]["approvalsNeeded"], 3);
    let absent = |who: Who| {
        let member = app.world().member(who);
        let entitled = after["entitled"].as_array().unwrap();
        entitled.iter().find(|one| one["member"]["id"] == member).unwrap()["absentSince"].clone()
    };
    assert_eq!(absent(Who::Expert2), "2026-11-22T09:00:00Z");
    assert_eq!(absent(Who::Expert4), Value::Null);

    // Once the last one who could approve is gone as well, more than half can no longer be reached.
    let before = last_seq(&app).await;
    end_seat(&app, Who::Expert4, Some(Who::Expert5)).await;
    let after = app.as_chair().reload(&submission).await;
    assert_eq!((&after["state"], tally(&after.body)), (&json!("returned"), [2, 0, 0, 0, 3, 0, 5]));
    assert_eq!(after["tally"]["quorumLost"], false);
    let happened = happened(&app, before).await;
    assert_eq!(happened[happened.len() - 2..], RETURNED_BY_ABSENCE);

    // The step is put to the present members again, the successors among them.
    let again = submit(app.as_chair(), "policy").await;
    assert_eq!(turnout(&again.body), [0, 0, 5]);
    let present = [Who::Outsider, Who::EndedMember, Who::Expert5];
    let after = all_vote(&app, &again, "approve", &present).await;
    assert_eq!((&after["state"], tally(&after)), (&json!("passed"), [3, 0, 0, 0, 0, 2, 5]));
}

#[tokio::test]
async fn a_disabled_member_counts_as_not_approving_until_enabled_again() {
    let app = TestApp::start().await;
    let submission = submitted(&app).await;
    all_vote(&app, &submission, "approve", &PANEL[..2]).await;
    let before = last_seq(&app).await;
    set_user_state(&app, Who::Expert5, "disabled").await;
    set_user_state(&app, Who::Expert1, "disabled").await;
    let after = app.as_chair().reload(&submission).await;
    assert_eq!((&after["state"], tally(&after.body)), (&json!("voting"), [2, 0, 0, 0, 1, 3, 6]));
    assert_eq!(happened(&app, before).await, ["member.transitioned disabled"; 2]);
    let event = &events_after(&app, before).await[0];
    let subject = &event["subject"];
    assert_eq!((&subject["kind"], &subject["title"]["en"]), (&json!("member"), &json!("Expert5")));
    assert_eq!(
        (&subject["id"], &event["from"]),
        (&json!(app.world().member(Who::Expert5)), &json!("active"))
    );

    set_user_state(&app, Who::Expert5, "active").await;
    let after = app.as_chair().reload(&submission).await;
    assert_eq!(tally(&after.body), [2, 0, 0, 0, 0, 4, 6], "a member who is enabled again can vote");

    // The vote that decides may be the one that nobody can cast any more.
    all_vote(&app, &submission, "return", &PANEL[2..4]).await;
    let before = last_seq(&app).await;
    set_user_state(&app, Who::Expert5, "disabled").await;
    let after = app.as_chair().reload(&submission).await;
    assert_eq!((&after["state"], tally(&after.body)), (&json!("returned"), [2, 2, 0, 0, 1, 1, 6]));
    let decided = [&["member.transitioned disabled"][..], &RETURNED_BY_ABSENCE].concat();
    assert_eq!(happened(&app, before).await, decided);

    // A decided vote stays as it was counted, and a member who is disabled is absent from the next one.
    set_user_state(&app, Who::Expert5, "active").await;
    assert_eq!(app.as_chair().reload(&submission).await["tally"], after["tally"]);
    let again = submit(app.as_chair(), "policy").await;
    assert_eq!(turnout(&again.body), [0, 1, 5]);
    let (chair, others) = (Who::Chair, [Who::Expert2, Who::Expert3, Who::Expert4]);
    vote(app.as_who(chair), &again, "approve").await.expect(200);
    let after = all_vote(&app, &again, "approve", &others).await;
    assert_eq!((&after["state"], tally(&after)), (&json!("passed"), [4, 0, 0, 0, 1, 1, 6]));
}

#[tokio::test]
async fn every_task_force_of_a_user_records_that_the_user_was_disabled() {
    let app = TestApp::start().await;
    set_user_state(&app, Who::Other3, "disabled").await;
    set_user_state(&app, Who::Other3, "active").await;
    let query = "select task_force_id::text, count(*) from events e
                 join members m using (task_force_id)
                 where e.action = 'member.transitioned' and e.subject_id = m.id and m.user_id = $1::text::uuid
                 group by 1";
    let rows = app.db().await.query(query, &[&app.world().user(Who::Other3)]).await.unwrap();
    let counts: Vec<i64> = rows.iter().map(|row| row.get(1)).collect();
    assert_eq!(counts, [2, 2], "task forces B and F");
}

#[tokio::test]
async fn disabling_a_user_and_appointing_them_at_once_wait_for_each_other() {
    let app = TestApp::start().await;
    let (administrator, secretariat) = (app.as_administrator(), app.as_secretariat());
    let seat = app.world().seat(Who::Other3, "expert");
    for _ in 0..6 {
        let user = user(administrator, Who::Other3).await;
        let to = if user["state"] == "active" { "disabled" } else { "active" };
        let change = json!({ "to": to, "reason": { "en": "Away for a year" } });
        let (changed, appointed) = tokio::join!(
            administrator.send_with_retry(Draft::command(&user, "transitions", &change)),
            app.as_chair().send_with_retry(Draft::post(app.a("/members"), &seat)),
        );
        assert_eq!(changed.status, 200);
        if appointed.status == 201 {
            let path = app.a(&format!("/members/{}", appointed.json()["id"].as_str().unwrap()));
            let end = json!({ "reason": { "en": "Moved away" } });
            secretariat.command(&secretariat.read(path).await, "end", end).await.expect(200);
        } else {
            appointed.expect_problem(409, "notAnExpert");
        }
    }
}

#[tokio::test]
async fn a_vote_counts_after_its_member_has_left() {
    let app = TestApp::start().await;
    let submission = submitted(&app).await;
    all_vote(&app, &submission, "approve", &[Who::Expert5, Who::Expert1]).await;
    end_seat(&app, Who::Expert5, None).await;
    let after = app.as_chair().reload(&submission).await;
    assert_eq!(turnout(&after.body), [2, 0, 4]);
    assert!(after["entitled"].as_array().unwrap().iter().all(|one| one["absentSince"].is_null()));
    vote(app.as_who(Who::Expert5), &submission, "return").await.expect_problem(404, "notFound");
    let after = all_vote(&app, &submission, "approve", &PANEL[2..4]).await;
    assert_eq!((&after["state"], tally(&after)), (&json!("passed"), [4, 0, 0, 0, 0, 2, 6]));
}

#[tokio::test]
async fn only_those_who_were_members_when_it_was_submitted_vote() {
    let app = TestApp::start().await;
    let submission = submitted(&app).await;
    let refused = async |who: Who, status: u16, code: &str| {
        vote(app.as_who(who), &submission, "approve").await.expect_problem(status, code);
    };
    app.as_chair().create(app.a("/members"), app.world().seat(Who::Other5, "expert")).await;
    refused(Who::Other5, 403, "notEntitled").await;
    end_seat(&app, Who::Expert5, Some(Who::Outsider)).await;
    refused(Who::Outsider, 403, "notEntitled").await;
    refused(Who::Expert5, 404, "notFound").await;
    // The right to vote doesn't come back with another seat.
    end_seat(&app, Who::Expert4, None).await;
    app.as_chair().create(app.a("/members"), app.world().seat(Who::Expert4, "expert")).await;
    refused(Who::Expert4, 403, "notEntitled").await;
    for who in [Who::Secretariat, Who::Administrator, Who::CouncilMember] {
        refused(who, 403, "forbidden").await;
    }
    for who in [Who::EndedMember, Who::OtherChair] {
        refused(who, 404, "notFound").await;
    }
    refused(Who::Anonymous, 401, "unauthenticated").await;
    let elsewhere = app.b(&format!("/submissions/{}", submission.id()));
    app.as_who(Who::OtherChair).get(elsewhere).await.expect_problem(404, "notFound");
    assert_eq!(turnout(&app.as_chair().reload(&submission).await.body), [0, 2, 4]);
}

#[tokio::test]
async fn votes_pause_while_the_task_force_is_suspended_and_are_counted_when_it_goes_on() {
    let app = TestApp::start().await;
    let submission = submitted(&app).await;
    all_vote(&app, &submission, "approve", &PANEL[..3]).await;
    suspend(&app).await;
    vote(app.as_who(Who::Expert3), &submission, "approve").await.expect_problem(409, "taskForceSuspended");
    let paused = app.as_chair().reload(&submission).await;
    let transition = &paused["availableTransitions"][0];
    assert_eq!((&transition["to"], &transition["allowed"]), (&json!("withdrawn"), &json!(false)));
    assert_eq!(transition["blockedBy"][0]["code"], "taskForceSuspended");
    withdraw(app.as_chair(), &paused).await.expect_problem(409, "taskForceSuspended");
    try_submit(app.as_chair(), "policy").await.expect_problem(409, "taskForceSuspended");
    vote(app.as_who(Who::Expert4), &submission, "approve").await.expect_problem(409, "taskForceSuspended");
    end_seat(&app, Who::Expert5, None).await;
    end_seat(&app, Who::Expert4, Some(Who::Outsider)).await;
    set_user_state(&app, Who::Expert3, "disabled").await;
    let paused = app.as_chair().reload(&submission).await;
    assert_eq!(
        (&paused["state"], tally(&paused.body)),
        (&json!("voting"), [3, 0, 0, 0, 3, 0, 6]),
        "it pauses"
    );

    set_user_state(&app, Who::Expert3, "active").await;
    let before = last_seq(&app).await;
    resume(&app).await;
    assert_eq!(app.as_chair().reload(&submission).await["state"], "voting", "one can still approve");
    assert_eq!(happened(&app, before).await, ["taskForce.transitioned active"]);

    suspend(&app).await;
    end_seat(&app, Who::Expert3, Some(Who::EndedMember)).await;
    let before = last_seq(&app).await;
    resume(&app).await;
    assert_eq!(app.as_chair().reload(&submission).await["state"], "returned");
    let decided = [&["taskForce.transitioned active"][..], &RETURNED_BY_ABSENCE].concat();
    assert_eq!(happened(&app, before).await, decided);

    // Without a member who left, resuming decides nothing.
    app.db_open("policy").await;
    let submission = submit(app.as_chair(), "policy").await;
    suspend(&app).await;
    resume(&app).await;
    assert_eq!(app.as_chair().reload(&submission).await["state"], "voting");
    assert_eq!(vote(app.as_expert(), &submission, "approve").await.status, 200);
}

/// The number of events since `before` by which a submission or step reached a state.
async fn reached(app: &TestApp, before: i64, what: &str) -> usize {
    happened(app, before).await.iter().filter(|event| *event == what).count()
}

#[tokio::test]
async fn two_last_votes_at_once_decide_once() {
    let app = TestApp::start().await;
    ready_policy_step(&app).await;
    for round in 0..6 {
        app.db_open("policy").await;
        let submission = submit(app.as_chair(), "policy").await;
        all_vote(&app, &submission, "approve", &PANEL[..3]).await;
        let before = last_seq(&app).await;
        let cast = |who| app.as_who(who).send_with_retry(ballot(&submission, "approve"));
        let (one, other) = tokio::join!(cast(Who::Expert3), cast(Who::Expert4));
        let (deciding, late) = if one.status == 200 { (one, other) } else { (other, one) };
        assert_eq!(deciding.expect(200).json()["state"], "passed");
        late.expect_problem(409, "votingClosed");
        assert_eq!(happened(&app, before).await, PASSED, "round {round}");
        assert_eq!(
            (step(&app, "policy").await, step(&app, "sectors").await),
            (json!("passed"), json!("open"))
        );
    }
}

#[tokio::test]
async fn a_last_vote_and_a_seat_that_ends_or_a_withdrawal_at_once_decide_once() {
    let app = TestApp::start().await;
    ready_policy_step(&app).await;
    let seat = app.as_chair().read(app.a(&format!("/members/{}", app.world().member(Who::Expert5)))).await;
    let end = Draft::command(&seat, "end", &json!({ "reason": { "en": "Moved away" } }));
    for round in 0..4 {
        app.db_open("policy").await;
        let submission = submit(app.as_chair(), "policy").await;
        all_vote(&app, &submission, "approve", &PANEL[..3]).await;
        let before = last_seq(&app).await;
        let withdrawal = Draft::command(&submission, "withdraw", &json!({ "reason": { "en": "Wait" } }));
        let against = if round == 3 { end.clone() } else { withdrawal };
        let (voted, other) = tokio::join!(
            app.as_who(Who::Expert3).send_with_retry(ballot(&submission, "approve")),
            app.as_chair().send_with_retry(against),
        );
        let state = app.as_chair().reload(&submission).await["state"].clone();
        let ended = |to: &str| format!("submission.transitioned {to}");
        let passed = reached(&app, before, &ended("passed")).await;
        let withdrawn = reached(&app, before, &ended("withdrawn")).await;
        assert_eq!(passed + withdrawn, 1, "round {round}");
        match (voted.status, other.status) {
            (200 | 409, 200) if round == 3 => assert_eq!(state, "passed"),
            (200, 409 | 412) => assert_eq!(state, "passed"),
            (409, 200) => assert_eq!(state, "withdrawn"),
            statuses => panic!("{statuses:?}"),
        }
    }
}
