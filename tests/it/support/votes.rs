//! Submissions and votes as tests write them, and what has to be there before.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, Draft, Resource};
use super::policies::adopted_policy;
use super::world::PANEL;
use super::{Answer, TestApp, Who};

/// Lets the gate of step `policy` of task force A be met: nothing is left to do, and a policy is adopted.
pub(crate) async fn ready_policy_step(app: &TestApp) -> Resource {
    app.cancel_open_activities("policy").await;
    adopted_policy(app, json!({})).await
}

/// Puts a step of task force A to its members.
pub(crate) async fn submit(client: Client<'_>, step: &str) -> Resource {
    client.create(client.app.a(&format!("/steps/{step}/submissions")), json!({})).await
}

/// Puts a step of task force A to its members, who can vote until an instant.
pub(crate) async fn submit_until(client: Client<'_>, step: &str, end: &str) -> Resource {
    client.create(client.app.a(&format!("/steps/{step}/submissions")), json!({ "votingEndsAt": end })).await
}

/// Tries to put a step of task force A to its members.
pub(crate) async fn try_submit(client: Client<'_>, step: &str) -> Answer {
    client.post(client.app.a(&format!("/steps/{step}/submissions")), json!({})).await
}

/// A vote, with the reason that a recusal needs, or the comment that a return needs.
pub(crate) fn ballot(submission: &Resource, choice: &str) -> Draft {
    let mut body = json!({ "choice": choice });
    match choice {
        "recuse" => body["reason"] = json!({ "en": "My firm sells it" }),
        "return" => body["comment"] = json!("The costs are missing"),
        _ => {}
    }
    Draft::new(Method::PUT, format!("{}/votes/mine", submission.path)).json(&body)
}

/// Votes on a submission.
pub(crate) async fn vote(client: Client<'_>, submission: &Resource, choice: &str) -> Answer {
    client.send(ballot(submission, choice)).await
}

/// Casts the same vote for several members, one after the other; returns the submission.
pub(crate) async fn all_vote(app: &TestApp, submission: &Resource, choice: &str, who: &[Who]) -> Value {
    let mut current = app.as_chair().reload(submission).await.body;
    for who in who {
        current = vote(app.as_who(*who), submission, choice).await.expect(200).json();
    }
    current
}

/// Withdraws a submission as it was read.
pub(crate) async fn withdraw(client: Client<'_>, submission: &Resource) -> Answer {
    client.command(submission, "withdraw", json!({ "reason": { "en": "A chapter is missing" } })).await
}

/// Passes a step of task force A whose gate is met: as many members approve as it takes.
pub(crate) async fn pass(app: &TestApp, step: &str) -> Resource {
    let submission = submit(app.as_chair(), step).await;
    for who in PANEL {
        if vote(app.as_who(who), &submission, "approve").await.expect(200).json()["state"] == "passed" {
            return app.as_chair().reload(&submission).await;
        }
    }
    panic!("everybody approved, and {step} has not passed")
}

/// Waives a criterion of a step of task force A, and says why.
pub(crate) async fn waive(client: Client<'_>, step: &str, criterion: &str, reason: &str) -> Answer {
    let path = client.app.a(&format!("/steps/{step}/waivers/{criterion}"));
    client.send(Draft::new(Method::PUT, path).json(&json!({ "reason": { "en": reason } }))).await
}

/// Takes a waiver back.
pub(crate) async fn unwaive(client: Client<'_>, step: &str, criterion: &str) -> Answer {
    let path = client.app.a(&format!("/steps/{step}/waivers/{criterion}"));
    client.send(Draft::new(Method::DELETE, path)).await
}

/// Ends the seat of a member of task force A; the work goes to the chair, the seat to a successor, if there is one.
pub(crate) async fn end_seat(app: &TestApp, who: Who, successor: Option<Who>) {
    let secretariat = app.as_secretariat();
    let seat = secretariat.read(app.a(&format!("/members/{}", app.world().member(who)))).await;
    let mut end = json!({ "reason": { "en": "Moved away" } });
    if let Some(successor) = successor {
        end["successor"] = app.world().seat(successor, "expert");
    }
    secretariat.command(&seat, "end", end).await.expect(200);
}

/// Sequence number of the last event of task force A.
pub(crate) async fn last_seq(app: &TestApp) -> i64 {
    app.as_chair().get(app.a("/status")).await.expect(200).json()["lastSeq"].as_i64().unwrap()
}

/// The events of task force A after one, at most a hundred.
pub(crate) async fn events_after(app: &TestApp, seq: i64) -> Vec<Value> {
    let path = app.a(&format!("/events?limit=100&after={seq}"));
    app.as_secretariat().get(path).await.expect(200).json()["items"].as_array().unwrap().clone()
}

/// The events of task force A after a sequence number: their actions, with the states that they led to.
pub(crate) async fn happened(app: &TestApp, seq: i64) -> Vec<String> {
    let describe = |event: &Value| match (event["action"].as_str().unwrap(), event["to"].as_str()) {
        (action, Some(to)) => format!("{action} {to}"),
        (action, None) => action.to_owned(),
    };
    events_after(app, seq).await.iter().map(describe).collect()
}

/// A current draft report of task force A, past the service.
pub(crate) async fn db_draft_report(app: &TestApp, summary: Value) -> String {
    let new = "insert into reports (task_force_id, id, number, cycle, recommendation, summary, model, hash, seq,
                                    member_id, created_at, updated_at)
        select t.id, gen_random_uuid(),
               (select count(*) + 1 from reports where task_force_id = t.id)::int, t.current_cycle, 'continue',
               $2::text::jsonb, '{}', sha256('{}'), h.seq, m.id, $3::text::timestamptz, $3::text::timestamptz
        from task_forces t join task_force_heads h on h.task_force_id = t.id
        join members m on m.task_force_id = t.id and m.role = 'chair' and m.to_date is null
        where t.id = $1::text::uuid returning id::text";
    let now = app.clock.now().to_rfc3339();
    let (a, summary) = (&app.world().a, summary.to_string());
    app.db().await.query_one(new, &[a, &summary, &now]).await.unwrap().get(0)
}

/// Puts a report before the council, past the service, without the vote on step 5.
pub(crate) async fn db_submit_report(app: &TestApp, report: &str) {
    let change = "update reports set state = 'submitted', submitted_at = $2::text::timestamptz
                  where id = $1::text::uuid";
    app.db().await.execute(change, &[&report, &app.clock.now().to_rfc3339()]).await.unwrap();
}

/// A condition that a member of a task force owns, past the service, with its decision and report.
pub(crate) async fn db_condition(app: &TestApp, owner: Who, due: &str, state: &str) -> String {
    let new = "with author as (
            select t.id as task_force_id, t.current_cycle, m.id as member_id, $5::text::timestamptz as at,
                   (select count(*) + 1 from reports where task_force_id = t.id)::int as report,
                   (select count(*) + 1 from decisions where task_force_id = t.id)::int as decision
            from task_forces t join members m on m.task_force_id = t.id where m.id = $1::text::uuid
        ), report as (
            insert into reports (task_force_id, id, number, cycle, state, recommendation, summary, model, hash, seq,
                                 member_id, submitted_at, created_at, updated_at)
            select task_force_id, gen_random_uuid(), report, current_cycle, 'decided', 'continue', '{\"en\": \"x\"}',
                   '{}', sha256('{}'), 0, member_id, at, at, at from author returning id
        ), decision as (
            insert into decisions (task_force_id, id, number, report_id, cycle, outcome, meeting_reference,
                                   decided_on, reason, user_id, seq, created_at)
            select task_force_id, gen_random_uuid(), decision, report.id, current_cycle, 'continue', 'Session 7',
                   '2026-11-20', '{\"en\": \"x\"}', $4::text::uuid, 0, at from author, report returning id
        )
        insert into conditions (task_force_id, id, decision_id, text, owner_member_id, due_date, state, state_since,
                                created_at, updated_at)
        select task_force_id, gen_random_uuid(), decision.id, '{\"en\": \"Name a data officer\"}', member_id,
               $2::text::date, $3, at, at, at from author, decision returning id::text";
    let (world, now) = (app.world(), app.clock.now().to_rfc3339());
    let (owner, secretariat) = (world.member(owner), world.user(Who::Secretariat));
    app.db().await.query_one(new, &[&owner, &due, &state, &secretariat, &now]).await.unwrap().get(0)
}

/// A migration of a pilot in a state, with one checklist item, past the service.
pub(crate) async fn db_migration(app: &TestApp, pilot: &Resource, state: &str, title: Value) -> [String; 2] {
    let new = "with migration as (
            insert into migrations (task_force_id, id, cycle, last_cycle, pilot_id, title, target_system, planned_on,
                                    state, state_since, created_at, updated_at)
            select task_force_id, gen_random_uuid(), last_cycle, last_cycle, id, $3::text::jsonb, 'Permits',
                   '2027-06-01', $2, now(), now(), now() from pilots where id = $1::text::uuid
            returning task_force_id, id, title
        )
        insert into checklist_items (task_force_id, id, migration_id, title, done, created_at, updated_at)
        select task_force_id, gen_random_uuid(), id, title, true, now(), now() from migration
        returning migration_id::text, id::text";
    let (pilot, title) = (pilot.id(), title.to_string());
    let row = app.db().await.query_one(new, &[&pilot, &state, &title]).await.unwrap();
    [row.get(0), row.get(1)]
}
