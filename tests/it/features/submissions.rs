//! Submissions: a step is frozen while the members vote on it, and the chair can withdraw it.

mod sealed;
mod votes;
mod voting_time;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::client::{Draft, activity};
use crate::support::policies::{amended, policy};
use crate::support::votes::{
    events_after, happened, last_seq, pass, ready_policy_step, submit, try_submit, vote, waive, withdraw,
};
use crate::support::{Answer, Resource, TestApp, Who};

/// The policy step of task force A, before its six members.
async fn submitted(app: &TestApp) -> Resource {
    ready_policy_step(app).await;
    submit(app.as_chair(), "policy").await
}

async fn step(app: &TestApp) -> Value {
    app.as_chair().read(app.a("/steps/policy")).await["state"].clone()
}

#[tokio::test]
async fn of_two_submissions_at_once_one_is_put_to_the_members() {
    let app = TestApp::start().await;
    ready_policy_step(&app).await;
    let put = || app.as_chair().send_with_retry(Draft::post(app.a("/steps/policy/submissions"), &json!({})));
    let (one, other) = tokio::join!(put(), put());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(app.as_chair().list(&app.a("/steps/policy/submissions")).await.len(), 1);
    assert_eq!(step(&app).await, "submitted");
}

#[tokio::test]
async fn a_submission_is_found_by_its_step_and_cycle() {
    let app = TestApp::start().await;
    ready_policy_step(&app).await;
    let note = json!({ "note": { "ar": "أُنجزت" } });
    let created = app.as_chair().create(app.a("/steps/policy/submissions"), note).await;
    let read = app.as_chair().reload(&created).await;
    assert_eq!(
        (&read.body, &read.etag),
        (&created.body, &created.etag),
        "Location is the path of the submission"
    );
    let listed = async |query: &str| app.as_expert().list(&app.a(&format!("/steps/{query}"))).await.len();
    withdraw(app.as_chair(), &created).await.expect(200);
    submit(app.as_chair(), "policy").await;
    assert_eq!(listed("policy/submissions").await, 2);
    let pages = app.as_expert().list_by(&app.a("/steps/policy/submissions"), 1).await;
    let states: Vec<_> = pages.iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["withdrawn", "voting"], "oldest first");
    assert_eq!(listed("policy/submissions?cycle=1").await, 2);
    assert_eq!(listed("policy/submissions?cycle=2").await, 0);
    assert_eq!(listed("sectors/submissions").await, 0);
    let overlong = json!({ "note": { "en": "x".repeat(2001) }, "step": "policy" });
    let refused = app.as_chair().post(app.a("/steps/policy/submissions"), overlong).await;
    refused.expect_field_errors(&["/note/en tooLong", "/step unknown"]);
}

#[tokio::test]
async fn the_chair_withdraws_a_submission_with_a_reason_and_the_step_is_open_again() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let submission = submitted(&app).await;
    let path = format!("{}/withdraw", submission.path);
    let reason = json!({ "reason": { "en": "A chapter is missing" } });
    chair.post(path, reason).await.expect_problem(428, "preconditionRequired");
    chair.command(&submission, "withdraw", json!({})).await.expect_field_errors(&["/reason required"]);
    withdraw(app.as_expert(), &submission).await.expect_problem(403, "forbidden");
    let transition = &submission["availableTransitions"][0];
    assert_eq!((&transition["to"], &transition["reasonRequired"]), (&json!("withdrawn"), &json!(true)));
    let as_expert = app.as_expert().reload(&submission).await;
    assert_eq!(as_expert["availableTransitions"][0]["blockedBy"][0]["code"], "forbidden");

    // A vote makes no new version: a submission that was read before can still be withdrawn.
    vote(app.as_expert(), &submission, "approve").await.expect(200);
    let before = last_seq(&app).await;
    let withdrawn = withdraw(chair, &submission).await.expect(200).json();
    assert_eq!(happened(&app, before).await, ["submission.transitioned withdrawn", "step.transitioned open"]);
    assert_eq!(withdrawn["reason"]["en"], "A chapter is missing");
    assert_eq!((&withdrawn["state"], &withdrawn["availableTransitions"]), (&json!("withdrawn"), &json!([])));
    assert_eq!(step(&app).await, "open");
    withdraw(chair, &submission).await.expect_problem(412, "versionMismatch");
    let now = chair.reload(&submission).await;
    withdraw(chair, &now).await.expect_problem(409, "votingClosed");
    vote(app.as_expert(), &submission, "approve").await.expect_problem(409, "votingClosed");
    pass(&app, "policy").await;
}

#[tokio::test]
async fn dissolving_a_task_force_withdraws_its_open_submission() {
    for suspended in [false, true] {
        let app = TestApp::start().await;
        let secretariat = app.as_secretariat();
        let submission = submitted(&app).await;
        let mut a = secretariat.read(app.a("")).await;
        if suspended {
            a = secretariat.transition_because(&a, "suspended", "Elections").await;
        }
        let before = last_seq(&app).await;
        secretariat.transition_because(&a, "dissolved", "The city merged").await;
        let expected = [
            "taskForce.transitioned dissolved",
            "submission.transitioned withdrawn",
            "step.transitioned open",
        ];
        assert_eq!(happened(&app, before).await, expected);
        let withdrawn = app.as_chair().reload(&submission).await;
        assert_eq!(
            (&withdrawn["state"], &withdrawn["reason"]["en"]),
            (&json!("withdrawn"), &json!("The city merged"))
        );
        vote(app.as_expert(), &submission, "approve").await.expect_problem(409, "taskForceClosed");
        withdraw(app.as_chair(), &withdrawn).await.expect_problem(409, "taskForceClosed");
    }
}

#[tokio::test]
async fn a_submission_freezes_a_snapshot_whose_hash_is_of_its_canonical_json() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let adopted = ready_policy_step(&app).await;
    waive(chair, "policy", "aimsNamed", "To be sure").await.expect(200);
    let (step, seq) = (chair.read(app.a("/steps/policy")).await, last_seq(&app).await);
    let note = json!({ "note": { "ar": "للتصويت", "en": "For the vote" } });
    let submission = chair.create(app.a("/steps/policy/submissions"), note.clone()).await;
    assert_eq!(
        (&submission["note"], &submission["createdBy"]["id"]),
        (&note["note"], &json!(app.world().user(Who::Chair)))
    );
    let snapshot = &submission["snapshot"];
    for (field, expected) in [
        ("taskForceId", json!(app.world().a)),
        ("cycle", step["cycle"].clone()),
        ("step", json!("policy")),
        ("at", submission["createdAt"].clone()),
        ("lastSeq", json!(seq)),
        ("note", note["note"].clone()),
    ] {
        assert_eq!(snapshot[field], expected, "{field}");
    }
    let canonical = serde_json_canonicalizer::to_string(snapshot).unwrap();
    assert_eq!(submission["hash"], hex::encode(Sha256::digest(canonical)));
    let event = &events_after(&app, seq).await[0];
    assert_eq!(event["changes"]["hash"]["after"], submission["hash"]);

    // Later changes don't affect the snapshot.
    vote(app.as_expert(), &submission, "approve").await.expect(200);
    withdraw(chair, &submission).await.expect(200);
    amended(&app, &adopted, json!({ "title": { "en": "Closed data" } })).await;
    app.as_expert().create_activity(json!({})).await;
    let later = chair.reload(&submission).await;
    assert_eq!((&later["snapshot"], &later["hash"]), (snapshot, &submission["hash"]));
    app.cancel_open_activities("policy").await;
    assert_ne!(submit(chair, "policy").await["hash"], submission["hash"]);
}

#[tokio::test]
async fn a_submitted_step_refuses_writes_except_comments() {
    let app = TestApp::start().await;
    let (chair, expert) = (app.as_chair(), app.as_expert());
    let new = expert.create(app.a("/policies"), policy(json!({}))).await;
    let adopted = ready_policy_step(&app).await;
    let activities =
        ["done", "cancelled"].map(|name| app.a(&format!("/activities/{}", app.world().activity(name))));
    let [done, cancelled] = [chair.read(&activities[0]).await, chair.read(&activities[1]).await];
    let submission = submit(chair, "policy").await;
    let refused = |answer: Answer| {
        answer.expect_problem(409, "stepSubmitted");
    };
    refused(expert.post(app.a("/policies"), policy(json!({}))).await);
    refused(expert.patch(&adopted, json!({ "reference": "Decree 1" })).await);
    refused(expert.try_transition(&new, "underReview").await);
    refused(expert.delete(&new).await);
    refused(try_submit(chair, "policy").await);
    refused(chair.post(app.a("/activities"), activity(json!({}))).await);
    refused(chair.patch(&done, json!({ "priority": "low" })).await);
    refused(chair.try_transition(&done, "inProgress").await);
    refused(chair.delete(&cancelled).await);
    refused(chair.add_dependency(&cancelled, &done).await);
    let ahead = chair.read(app.a(&format!("/activities/{}", app.world().activity("ahead")))).await;
    refused(chair.patch(&ahead, json!({ "step": "policy" })).await);
    chair.create(format!("{}/comments", done.path), json!({ "text": "Look at page 3" })).await;
    chair.patch(&ahead, json!({ "priority": "high" })).await.expect(200);
    let readiness = chair.get(app.a("/steps/policy/readiness")).await.json();
    assert_eq!(
        (&readiness["ready"], &readiness["blockedBy"][0]["code"]),
        (&json!(false), &json!("stepSubmitted"))
    );

    withdraw(chair, &submission).await.expect(200);
    expert.transition(&new, "underReview").await;
}

#[tokio::test]
async fn more_text_than_can_be_put_to_the_vote_is_refused_with_its_size() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    ready_policy_step(&app).await;
    // Each has 20,000 bytes of Arabic, as the longest description in one language.
    let long = "insert into policies (task_force_id, id, cycle, last_cycle, title, kind, description, aims, state,
                                      state_since, created_at, updated_at)
        select task_force_id, gen_random_uuid(), 1, 1, title, kind, jsonb_build_object('ar', repeat('س', 10000)), aims,
               state, state_since, created_at, updated_at
        from policies cross join generate_series(1, 120)";
    app.db().await.batch_execute(long).await.unwrap();
    let refused = try_submit(chair, "policy").await.expect_problem(409, "contentTooLarge");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.starts_with("The texts have 2.5 MB, and at most 2 MB can be put to the vote"), "{detail}");
    let arabic = Draft::post(app.a("/steps/policy/submissions"), &json!({})).header("Accept-Language", "ar");
    let refused = chair.send(arabic).await.expect_problem(409, "contentTooLarge");
    assert!(refused["detail"].as_str().unwrap().contains("ميغابايت"), "{refused}");
    assert_eq!(step(&app).await, "open");
    let fewer =
        "delete from policies where id in (select id from policies where description is not null limit 30)";
    app.db().await.batch_execute(fewer).await.unwrap();
    let submission = submit(chair, "policy").await;
    let (content, hash) = (&submission["snapshot"], &submission["hash"]);
    assert_eq!(content["content"]["policies"].as_array().unwrap().len(), 91);
    let canonical = serde_json_canonicalizer::to_string(content).unwrap();
    assert_eq!(*hash, hex::encode(Sha256::digest(&canonical)));
    assert_eq!(chair.reload(&submission).await.body, submission.body);
}

#[tokio::test]
async fn work_that_nobody_can_delete_never_keeps_a_step_from_being_submitted() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let adopted = ready_policy_step(&app).await;
    let before = submit(chair, "policy").await;
    let activities =
        |submission: &Resource| submission["snapshot"]["content"]["activities"].as_array().unwrap().len();
    let kept = activities(&before);
    withdraw(chair, &before).await.expect(200);
    // Titles of the greatest length: 1,600 bytes each.
    let many = "insert into activities (task_force_id, id, number, cycle, step, title, priority, review_required, state,
                                        state_reason, state_since, created_at, updated_at)
        select id, gen_random_uuid(), 1000 + n, 1, 'policy',
               jsonb_build_object('ar', repeat('\u{1f3d9}', 200), 'en', repeat('\u{1f3d9}', 200)), 'normal', false,
               case when n <= 1500 then 'cancelled' else 'done' end,
               case when n <= 1500 then jsonb_build_object('en', 'Not needed') end, now(), now(), now()
        from task_forces cross join generate_series(1, 3000) n where id::text = $1";
    app.db().await.execute(many, &[&app.world().a]).await.unwrap();
    let links =
        "insert into evidence (task_force_id, id, policy_id, title, url, user_id, created_at, updated_at)
        select p.task_force_id, gen_random_uuid(), p.id, jsonb_build_object('en', repeat('\u{1f3d9}', 200)),
               'https://city.example/' || repeat('a', 1900), (select id from users limit 1), now(), now()
        from policies p cross join generate_series(1, 1000) where p.id::text = $1";
    app.db().await.execute(links, &[&adopted.id()]).await.unwrap();
    let submission = submit(chair, "policy").await;
    let content = &submission["snapshot"]["content"];
    assert_eq!(activities(&submission), 200);
    assert!(content["activities"].as_array().unwrap().iter().all(|one| one["state"] != "cancelled"));
    let count = |state: &str| {
        let counts = content["activityCounts"].as_array().unwrap();
        counts.iter().find(|one| one["state"] == state).unwrap()["count"].as_i64().unwrap()
    };
    assert!(count("cancelled") >= 1500, "{}", content["activityCounts"]);
    assert_eq!(usize::try_from(count("done") + count("planned") - 1500).unwrap(), kept);
    assert_eq!(content["evidenceTotal"], 1000);
    assert!((50..=200).contains(&content["evidence"].as_array().unwrap().len()));
}

#[tokio::test]
async fn a_cycle_has_as_many_of_a_kind_as_a_list_and_a_vote_can_hold() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    app.db_open_every_step().await;
    let sector = json!({ "name": { "en": "Water" } });
    for (list, body, most, fill) in [
        (
            "/policies",
            policy(json!({})),
            1000,
            "insert into policies (task_force_id, id, cycle, last_cycle, title, kind, aims, state_since, created_at, updated_at)
             select $tf, gen_random_uuid(), 1, 1, '{\"en\": \"A policy\"}', 'policy', '{}', now(), now(), now()
             from generate_series(1, $n)",
        ),
        (
            "/sectors",
            sector,
            1000,
            "insert into sectors (task_force_id, id, cycle, last_cycle, name, state_since, created_at, updated_at)
             select $tf, gen_random_uuid(), 1, 1, '{\"en\": \"A sector\"}', now(), now(), now() from generate_series(1, $n)",
        ),
        (
            "/activities",
            activity(json!({})),
            5000,
            "insert into activities (task_force_id, id, number, cycle, step, title, priority, review_required, state_since,
                                     created_at, updated_at)
             select $tf, gen_random_uuid(), 1000000 + n, 1, 'policy', '{\"en\": \"An activity\"}', 'normal', false, now(), now(), now()
             from generate_series(1, $n) n",
        ),
    ] {
        let there = app.db_count(&format!("select count(*) from {} where task_force_id = '{}'", &list[1..], app.world().a)).await;
        let fill = fill.replace("$tf", &format!("'{}'::uuid", app.world().a));
        app.db().await.batch_execute(&fill.replace("$n", &(most - 1 - there).to_string())).await.unwrap();
        let last = expert.create(app.a(list), body.clone()).await;
        let refused = expert.post(app.a(list), body.clone()).await.expect_problem(409, "tooManyItems");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.starts_with(&format!("There can be {most} of these in one cycle")), "{detail}");
        expert.delete(&last).await.expect(204);
        expert.create(app.a(list), body).await;
    }
}
