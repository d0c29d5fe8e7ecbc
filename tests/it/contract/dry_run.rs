//! Dry runs: `?dryRun=true` checks everything and stores nothing.

use serde_json::json;

use crate::contract::operation_cases;
use crate::support::client::Draft;
use crate::support::contract::resolved;
use crate::support::votes::ready_policy_step;
use crate::support::{Resource, TestApp, Who};

/// A dry run of a transition.
fn dry_run(resource: &Resource, to: &str) -> Draft {
    let body = json!({ "to": to });
    let path = format!("{}/transitions?dryRun=true", resource.path);
    Draft::post(path, &body).header("If-Match", &resource.etag)
}

#[tokio::test]
async fn a_dry_run_of_a_transition_answers_its_outcome_and_stores_nothing() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let planned = chair.read(app.a(&format!("/activities/{}", app.world().activity("planned")))).await;
    let before = app.db_events().await;
    let tried = chair.send(dry_run(&planned, "inProgress")).await.expect(200);
    assert_eq!(tried.json()["state"], "inProgress");
    assert_eq!((tried.header("etag"), tried.header("location")), ("", ""));
    assert_eq!(app.db_events().await, before);
    assert_eq!(chair.reload(&planned).await.body, planned.body);
    // A dry run is refused for the same reasons as the request itself.
    chair.send(dry_run(&planned, "inReview")).await.expect_problem(409, "transitionNotAllowed");
    app.as_who(Who::CouncilMember)
        .send(dry_run(&planned, "inProgress"))
        .await
        .expect_problem(403, "forbidden");
    app.as_who(Who::Outsider).send(dry_run(&planned, "inProgress")).await.expect_problem(404, "notFound");
    let stale = Resource { etag: "\"99\"".to_owned(), ..planned.clone() };
    chair.send(dry_run(&stale, "inProgress")).await.expect_problem(412, "versionMismatch");
    // The transition can still be made.
    chair.transition(&planned, "inProgress").await;
}

#[tokio::test]
async fn a_dry_run_of_a_submission_stores_none() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let path = app.a("/steps/policy/submissions?dryRun=true");
    let problem = chair.post(&path, json!({})).await.expect_problem(409, "gateNotMet");
    assert!(!problem["criteria"].as_array().unwrap().is_empty());
    ready_policy_step(&app).await;
    let chair = app.as_chair();
    for name in ["activitiesSettled", "translationsComplete", "policiesSettled", "aimsNamed"] {
        crate::support::votes::waive(chair, "policy", name, "Not today").await.expect(200);
    }
    let tried = chair.post(&path, json!({})).await.expect(200);
    assert_eq!((tried.header("location"), tried.json()["state"].clone()), ("", json!("voting")));
    assert!(chair.list(&app.a("/steps/policy/submissions")).await.is_empty());
    assert_eq!(chair.read(app.a("/steps/policy")).await["state"], "open");
}

#[tokio::test]
async fn a_dry_run_checks_the_deferred_constraints() {
    let app = TestApp::start().await;
    // Simulates a use case that forgets the panel: only the schema's own constraint is left, deferred to the commit.
    app.db()
        .await
        .batch_execute(
            "create function end_two() returns trigger language plpgsql as $$ begin
                 update members set to_date = from_date, end_reason = '{\"en\": \"Gone\"}'
                 where id in (select id from members where task_force_id = new.id
                              and to_date is null and role = 'expert' limit 2);
                 return new;
             end $$;
             create trigger end_two after update of state on task_forces for each row execute function end_two()",
        )
        .await
        .unwrap();
    let secretariat = app.as_secretariat();
    let task_force = secretariat.read(app.a("")).await;
    let suspend = |query: &str| {
        let body = json!({ "to": "suspended", "reason": { "en": "Elections" } });
        let path = format!("{}/transitions{query}", task_force.path);
        Draft::post(path, &body).header("If-Match", &task_force.etag)
    };
    let really = secretariat.send(suspend("")).await.expect_problem(409, "panelSize");
    let tried = secretariat.send(suspend("?dryRun=true")).await.expect_problem(409, "panelSize");
    assert_eq!(tried["detail"], really["detail"]);
}

#[tokio::test]
async fn a_dry_run_stores_no_idempotency_key() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let planned = chair.read(app.a(&format!("/activities/{}", app.world().activity("planned")))).await;
    chair.send(dry_run(&planned, "inProgress").header("Idempotency-Key", "k")).await.expect(200);
    let really = Draft::command(&planned, "transitions", &json!({ "to": "inProgress" }));
    let done = chair.send(really.header("Idempotency-Key", "k")).await.expect(200);
    assert_eq!(done.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn operations_without_dry_runs_refuse_the_parameter() {
    let app = TestApp::start().await;
    let path = app.a("/activities?dryRun=true");
    let new = crate::support::client::activity(json!({}));
    app.as_chair().post(path, new).await.expect_field_errors(&["dryRun unknown"]);
    let planned =
        app.as_chair().read(app.a(&format!("/activities/{}", app.world().activity("planned")))).await;
    let odd =
        Draft::post(format!("{}/transitions?dryRun=maybe", planned.path), &json!({ "to": "inProgress" }));
    app.as_chair()
        .send(odd.header("If-Match", &planned.etag))
        .await
        .expect_field_errors(&["dryRun wrongType"]);
}

#[tokio::test]
async fn every_dry_run_stores_nothing_and_the_request_can_follow() {
    let app = TestApp::start().await;
    let mut tried = Vec::new();
    for case in operation_cases::all() {
        let parameters = case.operation().described["parameters"].as_array().into_iter().flatten();
        if !parameters.map(resolved).any(|parameter| parameter["name"] == "dryRun") {
            continue;
        }
        app.db_open_every_step().await;
        let draft = case.write(&app).await;
        let before = app.db_events().await;
        let dry_run = Draft { path: format!("{}?dryRun=true", draft.path), ..draft.clone() };
        let mut who = [Who::Chair, Who::Secretariat, Who::Administrator].into_iter();
        let (who, answer) = loop {
            let who = who.next().unwrap_or_else(|| panic!("{}: no actor may", case.id));
            let answer = app.as_who(who).send(dry_run.clone()).await;
            if answer.status != 403 && answer.status != 404 {
                break (who, answer.expect(200));
            }
        };
        assert_eq!((answer.header("etag"), answer.header("location")), ("", ""), "{}", case.id);
        assert_eq!(app.db_events().await, before, "{} was done", case.id);
        let done = app.as_who(who).send(draft).await;
        assert!((200..300).contains(&done.status), "{}: {} {}", case.id, done.status, done.text());
        assert!(app.db_events().await > before, "{} was not done", case.id);
        tried.push(case.id);
    }
    assert!(
        ["createDecision", "createSubmission", "transitionPilot"].iter().all(|id| tried.contains(id)),
        "{tried:?}"
    );
    assert!(tried.len() > 9, "{tried:?}");
}
