//! Step 2: sectors, their selection, and their assessments and studies.

use serde_json::{Value, json};

use crate::support::sectors::{
    assess, assessment, new_sector, open_sectors_step, sector, studied_sector, study,
};
use crate::support::{Client, Resource, TestApp, Who};

/// The children of a sector, each with its `ETag`.
async fn children(client: Client<'_>, sector: &Resource, of: &str) -> Vec<Resource> {
    let mut children = Vec::new();
    for child in client.list(&format!("{}/{of}", sector.path)).await {
        let path = format!("{}/{of}/{}", sector.path, child["id"].as_str().unwrap());
        let read = client.read(path).await;
        assert_eq!(read.listed(), child, "the list and the resource itself say the same");
        children.push(read);
    }
    children
}

/// Inserts evidence about a child; `column` is the reference to it.
async fn db_prove(app: &TestApp, column: &str, child: &Resource) {
    let insert = format!(
        "insert into evidence (task_force_id, id, {column}, title, url, user_id, created_at, updated_at)
         values ($1::text::uuid, gen_random_uuid(), $2::text::uuid, '{{\"en\": \"Survey\"}}', 'https://a.example',
                 $3::text::uuid, now(), now())"
    );
    let author = app.world().user(Who::Expert1);
    app.db().await.execute(&insert, &[&app.world().a, &child.id(), &author]).await.unwrap();
}

/// Begins the second cycle of task force A, with this step open, and carries everything that is selected over into it.
async fn db_second_cycle(app: &TestApp, step: &str) {
    let id = &app.world().a;
    let statements = [
        format!("insert into cycles values ('{id}', 2, now())"),
        format!(
            "insert into steps (task_force_id, cycle, step, id, ordinal, created_at, updated_at)
             select task_force_id, 2, step, overlay(gen_random_uuid()::text placing 'ffffffff' from 1 for 8)::uuid, ordinal, now(), now() from steps
             where task_force_id = '{id}'"
        ),
        format!("update task_forces set current_cycle = 2 where id = '{id}'"),
        format!(
            "update sectors set last_cycle = 2 where task_force_id = '{id}' and state in ('selected', 'studied')"
        ),
    ];
    app.db().await.batch_execute(&statements.join(";")).await.unwrap();
    app.db_open(step).await;
}

#[tokio::test]
async fn a_sector_is_selected_or_not_with_a_reason_and_can_be_a_candidate_again() {
    let app = open_sectors_step().await;
    let expert = app.as_expert();
    let sector = new_sector(&app, json!({ "rationale": { "en": "Traffic" } })).await;
    assert_eq!(
        (&sector["state"], &sector["cycle"], &sector["lastCycle"], &sector["maturity"]),
        (&json!("candidate"), &json!(1), &json!(1), &json!({ "current": null, "target": null }))
    );
    assert_eq!(expert.reload(&sector).await.body, sector.body, "Location is the path of the sector");
    let refused = expert.try_transition(&sector, "studied").await.expect_problem(409, "transitionNotAllowed");
    assert_eq!(refused["availableTransitions"][0]["to"], "selected");
    let unexplained = expert.command(&sector, "transitions", json!({ "to": "notSelected" })).await;
    unexplained.expect_field_errors(&["/reason required"]);
    let left = expert.transition_because(&sector, "notSelected", "Too expensive").await;
    assert_eq!((&left["stateReason"]["en"], &left["version"]), (&json!("Too expensive"), &json!(2)));
    let back = expert.transition(&left, "candidate").await;
    assert_eq!((&back["state"], &back["stateReason"]), (&json!("candidate"), &Value::Null));
    let selected = expert.transition(&back, "selected").await;
    expert.transition(&selected, "candidate").await;
}

#[tokio::test]
async fn a_studied_sector_stays_assessed_and_studied() {
    let app = open_sectors_step().await;
    let expert = app.as_expert();
    let sector = studied_sector(expert, "Mobility").await;
    let assessments = children(expert, &sector, "assessments").await;
    for assessment in &assessments {
        expert.delete(assessment).await.expect_problem(409, "maturityMissing");
    }
    let other = json!({ "kind": "target" });
    expert.patch(&assessments[0], other.clone()).await.expect_problem(409, "maturityMissing");
    expert.patch(&assessments[0], json!({ "level": 3 })).await.expect(200);
    let done = &children(expert, &sector, "studies").await[0];
    expert.delete(done).await.expect_problem(409, "studyMissing");
    expert.patch(done, json!({ "completed": false })).await.expect_problem(409, "studyMissing");
    expert.patch(done, json!({ "recommendation": null })).await.expect_problem(409, "studyMissing");
    let unchanged = expert.reload(&assessments[1]).await;
    assert_eq!(unchanged.body, assessments[1].body, "what is refused changes nothing");
    assert_eq!(expert.reload(done).await.body, done.body);

    // With another one of its kind, each can be deleted.
    assess(expert, &sector, json!({ "level": 2 })).await;
    expert.patch(&expert.reload(&assessments[0]).await, other).await.expect(200);
    expert.create(format!("{}/studies", sector.path), study(json!({}))).await;
    expert.delete(done).await.expect(204);
    assert_eq!(expert.reload(&sector).await["state"], "studied");
    // A candidate can lose all of them.
    let candidate = expert.transition(&expert.reload(&sector).await, "candidate").await;
    for of in ["assessments", "studies"] {
        for child in children(expert, &candidate, of).await {
            expert.delete(&child).await.expect(204);
        }
    }
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_null_takes_away() {
    let app = open_sectors_step().await;
    let expert = app.as_expert();
    let first = new_sector(&app, json!({ "rationale": { "en": "Traffic" } })).await;
    let changed =
        expert.patch(&first, json!({ "name": { "ar": null }, "rationale": null })).await.expect(200);
    let changed = changed.json();
    assert_eq!((&changed["name"], &changed["version"]), (&json!({ "en": "Mobility" }), &json!(2)));
    assert_eq!(changed["rationale"], Value::Null);
    let stale = expert.patch(&first, json!({ "name": { "en": "Roads" } })).await;
    stale.expect_problem(412, "versionMismatch");
    let sector = expert.reload(&first).await;
    expert.patch(&sector, json!({ "maturity": null })).await.expect_field_errors(&["/maturity unknown"]);
    expert.patch(&sector, json!({ "name": { "en": null } })).await.expect_field_errors(&["/name empty"]);

    let plain = json!({ "title": { "en": "Buses" }, "approach": "Interviews" });
    let plain = expert.create(format!("{}/studies", sector.path), plain).await;
    assert_eq!((&plain["completed"], &plain["findings"]), (&json!(false), &Value::Null));
    let same = expert.patch(&plain, json!({ "approach": "Interviews" })).await.expect(200).json();
    assert_eq!(same["version"], 1);
    let found = json!({ "findings": { "en": "Half of them are late" } });
    let found = expert.patch(&plain, found).await.expect(200).json();
    assert_eq!((&found["approach"], &found["version"]), (&json!("Interviews"), &json!(2)));
    let proven = assess(expert, &sector, json!({ "evidence": "Survey" })).await;
    let bare = expert.patch(&proven, json!({ "evidence": null })).await.expect(200).json();
    assert_eq!((&bare["evidence"], &bare["level"]), (&Value::Null, &json!(2)));
}

#[tokio::test]
async fn sectors_and_their_children_are_written_only_while_their_step_is_open() {
    let app = open_sectors_step().await;
    let expert = app.as_expert();
    let sector_1 = studied_sector(expert, "Mobility").await;
    let assessment_1 = children(expert, &sector_1, "assessments").await.remove(0);
    let study_1 = children(expert, &sector_1, "studies").await.remove(0);
    let refused_everywhere = async |code: &str| {
        expert.post(app.a("/sectors"), sector(json!({}))).await.expect_problem(409, code);
        let assessments = format!("{}/assessments", sector_1.path);
        expert.post(assessments, assessment(json!({}))).await.expect_problem(409, code);
        let studies = format!("{}/studies", sector_1.path);
        expert.post(studies, study(json!({}))).await.expect_problem(409, code);
        for (one, change) in [
            (&sector_1, json!({ "rationale": { "en": "Traffic" } })),
            (&assessment_1, json!({ "level": 5 })),
            (&study_1, json!({ "approach": "Interviews" })),
        ] {
            expert.patch(one, change).await.expect_problem(409, code);
            expert.delete(one).await.expect_problem(409, code);
            let unchanged = expert.patch(one, json!({})).await.expect(200).json();
            assert_eq!(unchanged["version"], one["version"]);
        }
        expert.try_transition(&sector_1, "candidate").await.expect_problem(409, code);
        assert_eq!(expert.reload(&sector_1).await.blockers("candidate"), [code]);
    };
    app.db_open("policy").await;
    refused_everywhere("stepLocked").await;
    app.db_open("pilots").await;
    refused_everywhere("stepPassed").await;
    let submitted = "update steps set state = 'submitted' where step = 'sectors'";
    app.db().await.execute(submitted, &[]).await.unwrap();
    refused_everywhere("stepSubmitted").await;
    app.db_open("sectors").await;
    let (secretariat, a) = (app.as_secretariat(), app.as_chair().read(app.a("")).await);
    secretariat.transition_because(&a, "suspended", "Elections").await;
    refused_everywhere("taskForceSuspended").await;
    secretariat.transition_because(&secretariat.reload(&a).await, "dissolved", "Merged").await;
    refused_everywhere("taskForceClosed").await;
    let forming = app.as_who(Who::Other3).post(app.f("/sectors"), sector(json!({}))).await;
    forming.expect_problem(409, "taskForceForming");
}

#[tokio::test]
async fn a_sector_is_deleted_with_its_children_unless_they_are_referenced() {
    let app = open_sectors_step().await;
    let expert = app.as_expert();
    let proven = studied_sector(expert, "Mobility").await;
    for (of, column) in [("assessments", "assessment_id"), ("studies", "study_id")] {
        // An additional child, so that only the reference prevents its deletion.
        let body = if of == "studies" { study(json!({})) } else { assessment(json!({})) };
        let child = expert.create(format!("{}/{of}", proven.path), body).await;
        db_prove(&app, column, &child).await;
        let refused = expert.delete(&child).await.expect_problem(409, "stillReferenced");
        assert_eq!(refused["references"][0]["kind"], "evidence");
        let refused = expert.delete(&proven).await.expect_problem(409, "stillReferenced");
        assert_eq!(refused["references"][0]["title"]["en"], "Survey");
        app.db().await.execute("delete from evidence", &[]).await.unwrap();
    }
    let child = children(expert, &proven, "studies").await.remove(0);
    expert.delete(&proven).await.expect(204);
    for path in [&proven.path, &child.path, &format!("{}/assessments", proven.path)] {
        expert.get(path.as_str()).await.expect_problem(404, "notFound");
    }
}

#[tokio::test]
async fn a_selected_sector_is_carried_over_to_be_changed_and_not_to_be_deleted() {
    let app = open_sectors_step().await;
    let expert = app.as_expert();
    let (carried, left) = (studied_sector(expert, "Mobility").await, new_sector(&app, json!({})).await);
    db_second_cycle(&app, "sectors").await;
    let names = async |query: &str| -> Vec<Value> {
        expert.list(&app.a(&format!("/sectors{query}"))).await.iter().map(|item| item["id"].clone()).collect()
    };
    assert_eq!(names("").await, [carried["id"].clone()]);
    assert_eq!(names("?cycle=2").await, [carried["id"].clone()]);
    assert_eq!(names("?cycle=1").await, [carried["id"].clone(), left["id"].clone()]);
    let now = expert.reload(&carried).await;
    assert_eq!((&now["cycle"], &now["lastCycle"]), (&json!(1), &json!(2)));
    expert.delete(&now).await.expect_problem(409, "ofAnEarlierCycle");
    expert.patch(&now, json!({ "rationale": { "en": "Still traffic" } })).await.expect(200);
    assess(expert, &carried, json!({ "level": 3, "assessedOn": "2026-11-21" })).await;
    assert_eq!(expert.reload(&carried).await["maturity"]["current"], 3);
}

#[tokio::test]
async fn sectors_are_found_by_cycle_state_and_folded_text() {
    let app = open_sectors_step().await;
    let expert = app.as_expert();
    let studied = studied_sector(expert, "Water").await;
    let candidate =
        new_sector(&app, json!({ "name": { "ar": "الأمن العامّ" }, "rationale": { "en": "Night lights" } }))
            .await;
    let listed = async |query: &str| -> Vec<String> {
        let items = expert.list_by(&app.a(&format!("/sectors{query}")), 1).await;
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed("").await, [studied.id(), candidate.id()]);
    assert_eq!(listed("?cycle=1&state=candidate,notSelected").await, [candidate.id()]);
    assert_eq!(listed("?state=selected&state=studied").await, [studied.id()]);
    assert_eq!(listed("?q=wATER").await, [studied.id()]);
    assert_eq!(listed("?q=night").await, [candidate.id()]);
    assert_eq!(listed("?q=%D8%A7%D9%84%D8%A7%D9%85%D9%86").await, [candidate.id()], "alef without hamza");
    assert!(listed("?cycle=2").await.is_empty());
}

#[tokio::test]
async fn a_child_is_found_only_below_its_own_sector_and_a_sector_only_in_its_own_task_force() {
    let app = open_sectors_step().await;
    let expert = app.as_expert();
    let (one, other) = (studied_sector(expert, "Mobility").await, new_sector(&app, json!({})).await);
    let absent = "0199f0c2-7a3b-7c11-9d2e-000000000000";
    for (of, body) in [("assessments", assessment(json!({}))), ("studies", study(json!({})))] {
        let child = children(expert, &one, of).await.remove(0);
        let elsewhere =
            |sector: String| Resource { path: format!("{sector}/{of}/{}", child.id()), ..child.clone() };
        // The secretariat reads both task forces; in B works its own chair.
        let foreign = elsewhere(app.b(&format!("/sectors/{}", one.id())));
        for path in [foreign.path.clone(), app.b(&format!("/sectors/{}/{of}", one.id()))] {
            app.as_secretariat().get(path).await.expect_problem(404, "notFound");
        }
        let chair = app.as_who(Who::OtherChair);
        chair.patch(&foreign, json!({})).await.expect_problem(404, "notFound");
        chair.delete(&foreign).await.expect_problem(404, "notFound");
        let foreign = app.b(&format!("/sectors/{}/{of}", one.id()));
        chair.post(foreign, body.clone()).await.expect_problem(404, "notFound");
        for wrong in [elsewhere(other.path.clone()), elsewhere(app.a(&format!("/sectors/{absent}")))] {
            expert.get(wrong.path.as_str()).await.expect_problem(404, "notFound");
            expert.patch(&wrong, json!({})).await.expect_problem(404, "notFound");
            expert.delete(&wrong).await.expect_problem(404, "notFound");
        }
        let nowhere = app.a(&format!("/sectors/{absent}/{of}"));
        expert.get(nowhere.as_str()).await.expect_problem(404, "notFound");
        expert.post(nowhere, body).await.expect_problem(404, "notFound");
        assert!(expert.list(&format!("{}/{of}", other.path)).await.is_empty());
    }
    let foreign = Resource { path: app.b(&format!("/sectors/{}", one.id())), ..one.clone() };
    app.as_secretariat().get(foreign.path.as_str()).await.expect_problem(404, "notFound");
    let chair = app.as_who(Who::OtherChair);
    chair.patch(&foreign, json!({})).await.expect_problem(404, "notFound");
    chair.delete(&foreign).await.expect_problem(404, "notFound");
    chair.try_transition(&foreign, "candidate").await.expect_problem(404, "notFound");
}
