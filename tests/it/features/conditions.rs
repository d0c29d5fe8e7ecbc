//! Conditions: the council's demands on a task force, and their owners when a member leaves.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::client::Draft;
use crate::support::council::{
    condition, condition_path, db_verify_chain, decide, happened, last_seq, reported, set_condition,
    submitted_report,
};
use crate::support::pilots::{evaluated_pilot, proposed_pilot};
use crate::support::{Answer, Resource, TestApp, Who};

/// The transitions of a condition for a reader: the state, and the codes that block it.
fn transitions(condition: &Resource) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let transition = |transition: &Value| {
        let blockers = transition["blockedBy"].as_array().unwrap();
        assert_eq!(transition["allowed"], blockers.is_empty());
        (text(&transition["to"]), blockers.iter().map(|blocker| text(&blocker["code"])).collect())
    };
    condition["availableTransitions"].as_array().unwrap().iter().map(transition).collect()
}

async fn seat(app: &TestApp, who: Who) -> Resource {
    app.as_chair().read(app.a(&format!("/members/{}", app.world().member(who)))).await
}

/// A member leaves, with these fields beside the reason.
async fn leave(app: &TestApp, who: Who, mut fields: Value) -> Answer {
    fields["reason"] = json!({ "en": "Moved away" });
    app.as_chair().command(&seat(app, who).await, "end", fields).await
}

/// The pilots and conditions that a refusal lists as owned by a member: kind, id.
#[track_caller]
fn owned(answer: Answer) -> Vec<(String, String)> {
    let problem = answer.expect_problem(409, "ownsWork");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let references = problem["references"].as_array().unwrap().iter();
    let mut owned: Vec<_> = references.map(|one| (text(&one["kind"]), text(&one["id"]))).collect();
    owned.sort();
    owned
}

#[tokio::test]
async fn the_chair_reports_a_condition_met_and_the_secretariat_accepts_it_or_not() {
    let app = TestApp::start().await;
    let (chair, secretariat) = (app.as_chair(), app.as_secretariat());
    let open = set_condition(&app, Who::Expert1, json!({})).await;
    let seq = last_seq(&app).await;
    assert_eq!((&open["state"], &open["stateReason"]), (&json!("open"), &Value::Null));
    app.advance(TimeDelta::hours(1));
    let reported = chair.transition(&chair.reload(&open).await, "reportedMet").await;
    assert_eq!(
        (&reported["state"], &reported["stateSince"], &reported["version"]),
        (&json!("reportedMet"), &json!("2026-11-22T10:00:00Z"), &json!(2))
    );
    let reported = secretariat.reload(&reported).await;
    let bare = secretariat.command(&reported, "transitions", json!({ "to": "open" })).await;
    bare.expect_field_errors(&["/reason required"]);
    let returned = secretariat.transition_because(&reported, "open", "Half of it is missing").await;
    assert_eq!((&returned["state"], &returned["version"]), (&json!("open"), &json!(3)));
    assert_eq!(returned["stateReason"]["en"], "Half of it is missing");

    let reported = chair.transition(&chair.reload(&returned).await, "reportedMet").await;
    assert_eq!(reported["stateReason"], Value::Null);
    let met = secretariat.transition(&secretariat.reload(&reported).await, "met").await;
    assert_eq!((&met["state"], &met["availableTransitions"]), (&json!("met"), &json!([])));
    secretariat.try_transition(&met, "open").await.expect_problem(409, "transitionNotAllowed");
    let expected = ["open reportedMet", "reportedMet open", "open reportedMet", "reportedMet met"];
    assert_eq!(happened(&app, seq).await, expected.map(|moved| format!("condition.transitioned {moved}")));
    db_verify_chain(&app).await;
}

#[tokio::test]
async fn a_condition_is_waived_with_a_reason_wherever_it_stands() {
    let app = TestApp::start().await;
    let (chair, secretariat) = (app.as_chair(), app.as_secretariat());
    submitted_report(&app, json!({})).await;
    let two = [condition(&app, Who::Chair, json!({})), condition(&app, Who::Chair, json!({}))];
    let decided = decide(&app, "continue", json!({ "conditions": two })).await;
    let reported = chair.read(condition_path(&app, &decided, 1)).await;
    chair.transition(&reported, "reportedMet").await;
    for at in 0..2 {
        let condition = secretariat.read(condition_path(&app, &decided, at)).await;
        let bare = secretariat.command(&condition, "transitions", json!({ "to": "waived" })).await;
        bare.expect_field_errors(&["/reason required"]);
        let stale = Resource { etag: "\"7.0\"".to_owned(), ..condition.clone() };
        secretariat.try_transition(&stale, "waived").await.expect_problem(412, "versionMismatch");
        let unread = Draft::post(
            format!("{}/transitions", condition.path),
            &json!({ "to": "waived", "reason": { "en": "x" } }),
        );
        secretariat.send(unread).await.expect(428);
        let waived = secretariat.transition_because(&condition, "waived", "The law has changed").await;
        assert_eq!(waived["stateReason"]["en"], "The law has changed");
        assert_eq!(waived["availableTransitions"], json!([]));
    }
}

#[tokio::test]
async fn each_reader_sees_the_transitions_that_they_may_make() {
    let app = TestApp::start().await;
    let open = set_condition(&app, Who::Expert1, json!({})).await;
    let who_may = |to: &str| if to == "reportedMet" { Who::Chair } else { Who::Secretariat };
    let readers = [Who::Chair, Who::Secretariat, Who::Expert1, Who::CouncilMember, Who::Administrator];
    for (state, ways) in
        [("open", vec!["reportedMet", "waived"]), ("reportedMet", vec!["met", "open", "waived"])]
    {
        for who in readers {
            let read = app.as_who(who).reload(&open).await;
            assert_eq!(read["state"], state);
            let transitions = transitions(&read);
            assert_eq!(transitions.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), ways, "{who:?}");
            for (to, blockers) in transitions {
                if who == who_may(&to) {
                    assert!(blockers.is_empty(), "{who:?} {to}: {blockers:?}");
                } else {
                    assert_eq!(blockers, ["forbidden"], "{who:?} {to}");
                    let refused = app.as_who(who).try_transition(&read, &to).await;
                    refused.expect_problem(403, "forbidden");
                }
            }
        }
        if state == "open" {
            app.as_chair().transition(&app.as_chair().reload(&open).await, "reportedMet").await;
        }
    }
    for who in [Who::Outsider, Who::OtherChair, Who::EndedMember] {
        app.as_who(who).get(open.path.as_str()).await.expect_problem(404, "notFound");
    }
    let elsewhere = app.b(&format!("/conditions/{}", open.id()));
    app.as_secretariat().get(elsewhere).await.expect_problem(404, "notFound");
}

#[tokio::test]
async fn an_open_condition_is_overdue_after_its_day_where_the_task_force_is() {
    let app = TestApp::start().await;
    let open = set_condition(&app, Who::Expert1, json!({ "dueDate": "2026-11-22" })).await;
    let overdue_and_counts = async || {
        let listed = app.as_chair().list(&app.a("/conditions")).await;
        let read = app.as_chair().reload(&open).await;
        assert_eq!(listed[0]["overdue"], read["overdue"]);
        let status = app.as_chair().get(app.a("/status")).await.json();
        (read["overdue"] == true, status["conditions"].clone())
    };
    let counts = |open: i64, overdue: i64, reported: i64| json!({ "open": open, "overdue": overdue, "reportedMet": reported });
    assert_eq!(overdue_and_counts().await, (false, counts(1, 0, 0)));
    app.advance(TimeDelta::hours(12) - TimeDelta::seconds(1));
    assert_eq!(overdue_and_counts().await, (false, counts(1, 0, 0)), "the due date itself is in time");
    app.advance(TimeDelta::seconds(1));
    assert_eq!(overdue_and_counts().await, (true, counts(1, 1, 0)), "the next day has begun in Amman");
    app.as_chair().transition(&app.as_chair().reload(&open).await, "reportedMet").await;
    assert_eq!(overdue_and_counts().await, (false, counts(0, 0, 1)));
}

#[tokio::test]
async fn conditions_are_listed_oldest_first_by_state() {
    let app = TestApp::start().await;
    let (chair, secretariat) = (app.as_chair(), app.as_secretariat());
    submitted_report(&app, json!({})).await;
    let again = |conditions: Vec<Value>| json!({ "returnToStep": "report", "conditions": conditions });
    let one = |who: Who| condition(&app, who, json!({}));
    let first = decide(&app, "adjust", again(vec![one(Who::Expert1), one(Who::Expert2)])).await;
    reported(&app, json!({})).await;
    let mut fields = again(vec![one(Who::Expert3)]);
    fields["reportNumber"] = json!(2);
    let second = decide(&app, "adjust", fields).await;
    chair.transition(&chair.read(condition_path(&app, &first, 1)).await, "reportedMet").await;
    let third = secretariat.read(condition_path(&app, &second, 0)).await;
    secretariat.transition_because(&third, "waived", "Done by others").await;

    let listed = async |query: &str| -> Vec<(Value, Value)> {
        let items = app.as_who(Who::CouncilMember).list_by(&app.a(&format!("/conditions{query}")), 1).await;
        items.iter().map(|item| (item["decision"]["number"].clone(), item["state"].clone())).collect()
    };
    let expected =
        [(1, "open"), (1, "reportedMet"), (2, "waived")].map(|(of, state)| (json!(of), json!(state)));
    assert_eq!(listed("").await, expected);
    assert_eq!(listed("?state=open,waived").await, [expected[0].clone(), expected[2].clone()]);
    assert_eq!(listed("?state=reportedMet").await, [expected[1].clone()]);
    assert!(listed("?state=met").await.is_empty());
    chair.get(app.a("/conditions?state=lost")).await.expect_problem(400, "invalidRequest");
    assert!(app.as_who(Who::OtherChair).list(&app.b("/conditions")).await.is_empty());
}

#[tokio::test]
async fn conditions_rest_while_the_task_force_is_suspended_and_outlast_it() {
    let app = TestApp::start().await;
    let (chair, secretariat) = (app.as_chair(), app.as_secretariat());
    let open = set_condition(&app, Who::Expert1, json!({})).await;
    let a = secretariat.read(app.a("")).await;
    let suspended = secretariat.transition_because(&a, "suspended", "Elections").await;
    let open = chair.reload(&open).await;
    let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
    let expected = [
        ("reportedMet".to_owned(), codes(&["taskForceSuspended"])),
        ("waived".to_owned(), codes(&["forbidden", "taskForceSuspended"])),
    ];
    assert_eq!(transitions(&open), expected);
    chair.try_transition(&open, "reportedMet").await.expect_problem(409, "taskForceSuspended");
    secretariat.try_transition(&open, "waived").await.expect_problem(409, "taskForceSuspended");
    secretariat.transition_because(&suspended, "dissolved", "No money").await;
    let reported = chair.transition(&chair.reload(&open).await, "reportedMet").await;
    secretariat.transition(&secretariat.reload(&reported).await, "met").await;

    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    let owned = json!({ "conditions": [condition(&app, Who::Expert1, json!({}))] });
    let decided = decide(&app, "conclude", owned).await;
    let open = app.as_chair().read(condition_path(&app, &decided, 0)).await;
    app.as_chair().transition(&open, "reportedMet").await;
    let reported = app.as_secretariat().reload(&open).await;
    let returned = app.as_secretariat().transition_because(&reported, "open", "Not yet").await;
    app.as_secretariat().transition_because(&returned, "waived", "Others do it").await;
}

#[tokio::test]
async fn a_condition_that_is_due_keeps_the_next_report_from_the_council() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    submitted_report(&app, json!({})).await;
    let due = [condition(&app, Who::Expert1, json!({ "dueDate": "2026-11-22" }))];
    let decided = decide(&app, "adjust", json!({ "returnToStep": "report", "conditions": due })).await;
    app.cancel_open_activities("report").await;
    let new = json!({ "recommendation": "continue", "summary": { "en": "Again", "ar": "مجددًا" } });
    chair.create(app.a("/reports"), new).await;
    let refused = chair.post(app.a("/steps/report/submissions"), json!({})).await;
    let problem = refused.expect_problem(409, "gateNotMet");
    let criteria = problem["criteria"].as_array().unwrap();
    let unmet: Vec<_> = criteria.iter().filter(|criterion| criterion["met"] == false).collect();
    assert_eq!((unmet.len(), &unmet[0]["code"]), (1, &json!("conditionsSettled")));
    assert_eq!(unmet[0]["unmet"][0]["id"], decided["conditions"][0]["id"]);
    let open = chair.read(condition_path(&app, &decided, 0)).await;
    chair.transition(&open, "reportedMet").await;
    reported(&app, json!({})).await;
}

#[tokio::test]
async fn conditions_of_a_leaving_member_go_to_their_successor() {
    let app = TestApp::start().await;
    let (chair, secretariat) = (app.as_chair(), app.as_secretariat());
    submitted_report(&app, json!({})).await;
    let four = vec![condition(&app, Who::Expert5, json!({})); 4];
    let decided = decide(&app, "continue", json!({ "conditions": four })).await;
    let at = |at: usize| condition_path(&app, &decided, at);
    chair.transition(&chair.read(at(1)).await, "reportedMet").await;
    chair.transition(&chair.read(at(2)).await, "reportedMet").await;
    secretariat.transition(&secretariat.read(at(2)).await, "met").await;
    secretariat.transition_because(&secretariat.read(at(3)).await, "waived", "Others do it").await;

    let pending = [0, 1]
        .map(|at| ("condition".to_owned(), decided["conditions"][at]["id"].as_str().unwrap().to_owned()));
    let seq = last_seq(&app).await;
    assert_eq!(owned(leave(&app, Who::Expert5, json!({})).await), pending);
    assert_eq!((last_seq(&app).await, &seat(&app, Who::Expert5).await["current"]), (seq, &json!(true)));
    for nobody in [Who::Expert5, Who::EndedMember] {
        let fields = json!({ "reassignToMemberId": app.world().member(nobody) });
        leave(&app, Who::Expert5, fields).await.expect_problem(409, "memberEnded");
    }
    let successor = app.world().member(Who::Expert2);
    leave(&app, Who::Expert5, json!({ "reassignToMemberId": successor })).await.expect(200);
    let gone = app.world().member(Who::Expert5);
    for (number, owner) in [successor, successor, gone, gone].into_iter().enumerate() {
        let condition = chair.read(at(number)).await;
        assert_eq!(condition["owner"]["id"], owner, "{number}: a closed condition keeps its owner");
    }
    assert_eq!(chair.read(at(0)).await["version"], 2);
    let expected = ["member.ended", "condition.updated", "condition.updated"];
    assert_eq!(happened(&app, seq).await, expected);
    let events = chair.get(app.a(&format!("/events?after={seq}"))).await.json();
    let change = json!({ "ownerId": { "before": gone, "after": successor } });
    assert_eq!(events["items"][1]["changes"], change);
    db_verify_chain(&app).await;
}

#[tokio::test]
async fn a_successor_takes_over_pilots_and_conditions_unless_another_is_named() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let open = set_condition(&app, Who::Expert1, json!({})).await;
    app.db_open("pilots").await;
    let pilot = proposed_pilot(&app, json!({})).await;
    assert_eq!(pilot["owner"]["id"], app.world().member(Who::Expert1));
    let expected =
        [("condition".to_owned(), open.id().to_owned()), ("pilot".to_owned(), pilot.id().to_owned())];
    assert_eq!(owned(leave(&app, Who::Expert1, json!({})).await), expected);

    let successor = json!({ "successor": app.world().seat(Who::Outsider, "expert") });
    leave(&app, Who::Expert1, successor).await.expect(200);
    let owner = chair.reload(&pilot).await["owner"]["id"].clone();
    let members = chair.list(&app.a("/members?current=true")).await;
    let new = members.iter().find(|member| member["userId"] == app.world().user(Who::Outsider)).unwrap();
    assert_eq!((&owner, &chair.reload(&open).await["owner"]["id"]), (&new["id"], &new["id"]));

    // A named member takes precedence over the successor, also while the task force is suspended.
    let a = app.as_secretariat().read(app.a("")).await;
    app.as_secretariat().transition_because(&a, "suspended", "Elections").await;
    let successor = app.world().member(Who::Expert3);
    let leaving = chair.read(app.a(&format!("/members/{}", new["id"].as_str().unwrap()))).await;
    let fields = json!({
        "reason": { "en": "Moved away" },
        "successor": app.world().seat(Who::Other5, "expert"),
        "reassignToMemberId": successor,
    });
    chair.command(&leaving, "end", fields).await.expect(200);
    assert_eq!(chair.reload(&pilot).await["owner"]["id"], successor);
    assert_eq!(chair.reload(&open).await["owner"]["id"], successor);
    db_verify_chain(&app).await;
}

#[tokio::test]
async fn of_pilots_only_those_that_are_not_over_need_another_owner() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    app.db_open("pilots").await;
    let over = evaluated_pilot(&app, "stop").await;
    app.db_open("pilots").await;
    let cancelled = proposed_pilot(&app, json!({})).await;
    app.as_expert().transition_because(&cancelled, "cancelled", "Too costly").await;
    let extended = evaluated_pilot(&app, "extend").await;
    let pilot = ("pilot".to_owned(), extended.id().to_owned());
    assert_eq!(owned(leave(&app, Who::Expert1, json!({})).await), [pilot], "it may be planned again");
    let successor = app.world().member(Who::Expert2);
    leave(&app, Who::Expert1, json!({ "reassignToMemberId": successor })).await.expect(200);
    assert_eq!(chair.reload(&extended).await["owner"]["id"], successor);
    for stays in [&over, &cancelled] {
        assert_eq!(chair.reload(stays).await["owner"]["id"], app.world().member(Who::Expert1));
    }
    // A member who owns nothing leaves without a successor.
    leave(&app, Who::Expert4, json!({ "successor": app.world().seat(Who::Outsider, "expert") }))
        .await
        .expect(200);
}
