//! People and things are named wherever an answer refers to them: in representations, and in refusals, also where
//! they only announce an obstacle.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use super::operation_cases;
use crate::support::client::Draft;
use crate::support::contract::{operations, resolved};
use crate::support::migrations::{db_pilot, migration, new_item, new_migration, open_migration_step};
use crate::support::pilots::{indicator, proposed_pilot, running_pilot};
use crate::support::policies::policy;
use crate::support::sectors::{studied_sector, study};
use crate::support::{Resource, TestApp, Who};

/// The ids of the references of a problem or of an obstacle.
fn ids(problem: &Value) -> Vec<&str> {
    let references = problem["references"].as_array().unwrap_or_else(|| panic!("no references: {problem:#}"));
    references.iter().map(|reference| reference["id"].as_str().unwrap()).collect()
}

/// The first obstacle to a transition.
fn obstacle<'a>(resource: &'a Resource, to: &str) -> &'a Value {
    let transitions = resource["availableTransitions"].as_array().unwrap();
    &transitions.iter().find(|transition| transition["to"] == to).unwrap()["blockedBy"][0]
}

#[tokio::test]
async fn an_activity_that_waits_names_what_it_waits_for() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let new = async |title: &str| expert.create_activity(json!({ "title": { "en": title } })).await;
    let (waiting, first, second) = (new("Waiting").await, new("First").await, new("Second").await);
    for on in [&second, &first] {
        expert.add_dependency(&waiting, on).await.expect(200);
    }
    let waiting = expert.reload(&waiting).await;
    let announced = obstacle(&waiting, "inProgress");
    assert_eq!(
        (&announced["code"], ids(announced)),
        (&json!("dependencyUnfinished"), vec![first.id(), second.id()])
    );
    assert_eq!(announced["references"][0]["title"], json!({ "en": "First" }));
    let problem =
        expert.try_transition(&waiting, "inProgress").await.expect_problem(409, "dependencyUnfinished");
    assert_eq!(ids(&problem), [first.id(), second.id()]);

    expert.transition_because(&first, "cancelled", "Not needed").await;
    let waiting = expert.reload(&waiting).await;
    assert_eq!(ids(obstacle(&waiting, "inProgress")), [second.id()]);
}

#[tokio::test]
async fn a_circle_names_the_activities_that_it_leads_through() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let new = async || expert.create_activity(json!({})).await;
    let (first, between, last, beside) = (new().await, new().await, new().await, new().await);
    for (waiting, on) in [(&last, &between), (&between, &first), (&last, &beside)] {
        expert.add_dependency(waiting, on).await.expect(200);
    }
    let circle = expert.add_dependency(&first, &last).await.expect_problem(409, "dependencyCircle");
    assert_eq!(ids(&circle), [between.id(), last.id()]);

    let alone = expert.add_dependency(&first, &first).await.expect_problem(409, "dependencyCircle");
    assert_eq!(alone["detail"], "An activity can't wait for itself: name another activity.");
    assert_eq!(alone["references"], Value::Null);
}

#[tokio::test]
async fn a_pilot_names_the_indicators_and_the_sector_that_hold_it_up() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let proposed = proposed_pilot(&app, json!({})).await;
    let vague = indicator(json!({ "baseline": null }));
    let vague = expert.create(format!("{}/indicators", proposed.path), vague).await;
    let refused = expert.try_transition(&proposed, "planned").await.expect_problem(409, "indicatorsMissing");
    assert_eq!(ids(&refused), [vague.id()]);

    let running = running_pilot(&app, json!({})).await;
    let unmeasured = expert.list(&format!("{}/indicators", running.path)).await;
    let running = expert.reload(&running).await;
    let announced = obstacle(&running, "evaluated");
    assert_eq!(announced["code"], "measurementsMissing");
    assert_eq!(ids(announced), [unmeasured[0]["id"].as_str().unwrap()]);
    assert_eq!(announced["references"][0]["title"], unmeasured[0]["name"]);
}

#[tokio::test]
async fn a_migration_names_its_open_items_and_the_pilot_that_is_not_scaled() {
    let app = open_migration_step().await;
    let expert = app.as_expert();
    let made = new_migration(&app, json!({})).await;
    new_item(&app, &made, true).await;
    let open = new_item(&app, &made, false).await;
    let moved = expert.transition(&made, "inProgress").await;
    let parallel = expert.reload(&expert.transition(&moved, "parallelRun").await).await;
    assert_eq!(ids(obstacle(&parallel, "live")), [open.id()]);
    let refused = expert.try_transition(&parallel, "live").await.expect_problem(409, "checklistUnfinished");
    assert_eq!(ids(&refused), [open.id()]);

    let stopped = db_pilot(&app, Some("stop")).await;
    let refused = expert.post(app.a("/migrations"), migration(&stopped, json!({}))).await;
    assert_eq!(ids(&refused.expect_problem(409, "pilotNotScaled")), [stopped.as_str()]);
}

#[tokio::test]
async fn a_policy_that_cannot_take_the_place_of_another_is_named() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let identified = expert.create(app.a("/policies"), policy(json!({}))).await;
    let adopt = async || {
        let new = expert.create(app.a("/policies"), policy(json!({}))).await;
        app.as_chair().transition(&expert.transition(&new, "underReview").await, "adopted").await
    };
    let (adopted, _other) = (adopt().await, adopt().await);
    let body = json!({ "to": "superseded", "supersededById": identified.id(), "reason": { "en": "Newer" } });
    let refused = expert.command(&adopted, "transitions", body).await.expect_problem(409, "policyNotAdopted");
    assert_eq!(ids(&refused), [identified.id()]);
}

#[tokio::test]
async fn a_seat_that_cannot_be_filled_names_the_user_the_seat_or_the_task_force() {
    let app = TestApp::start().await;
    let (world, secretariat) = (app.world(), app.as_secretariat());
    let appoint = async |who| secretariat.post(app.a("/members"), world.seat(who, "expert")).await;
    let refused = appoint(Who::CouncilMember).await.expect_problem(409, "notAnExpert");
    assert_eq!(ids(&refused), [world.user(Who::CouncilMember)]);
    // An administrator is nobody whom the secretariat can see.
    let refused = appoint(Who::Administrator).await.expect_problem(409, "notAnExpert");
    assert_eq!(refused["references"], Value::Null, "{refused}");
    let refused = appoint(Who::Expert1).await.expect_problem(409, "alreadyMember");
    assert_eq!(ids(&refused), [world.member(Who::Expert1)]);

    let ended = json!({ "assigneeId": world.member(Who::EndedMember) });
    let activity = app.as_chair().create_activity(json!({})).await;
    let refused = app.as_chair().patch(&activity, ended).await.expect_problem(409, "memberEnded");
    assert_eq!(ids(&refused), [world.member(Who::EndedMember)]);

    let seated = app.as_who(Who::Administrator).read(format!("/v1/users/{}", world.user(Who::Expert1))).await;
    let role = json!({ "role": "councilMember" });
    let refused = app.as_who(Who::Administrator).patch(&seated, role).await.expect_problem(409, "holdsSeat");
    assert_eq!(ids(&refused), [world.a.as_str()]);
}

#[tokio::test]
async fn the_panel_says_how_to_replace_a_member_wherever_it_is_too_small() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let chair = secretariat.read(app.a(&format!("/members/{}", app.world().member(Who::Chair)))).await;
    let refused = [
        secretariat.command(&chair, "end", json!({ "reason": { "en": "Left" } })).await,
        secretariat.patch(&chair, json!({ "role": "expert" })).await,
    ];
    for answer in refused {
        let detail = answer.expect_problem(409, "chairRequired")["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.starts_with("The task force would have no chair. Name the successor in the same request")
        );
    }
}

#[tokio::test]
async fn a_criterion_of_another_step_is_said_to_be_one() {
    let app = TestApp::start().await;
    let waive = |criterion: &str| {
        let path = app.a(&format!("/steps/policy/waivers/{criterion}"));
        Draft::new(Method::PUT, path).json(&json!({ "reason": { "en": "Because" } }))
    };
    let refused = app.as_chair().send(waive("sectorsStudied")).await.expect_problem(404, "notFound");
    assert_eq!(
        refused["detail"],
        "`sectorsStudied` is a criterion of another step; `GET …/steps/policy/readiness` lists those of `policy`."
    );
}

#[tokio::test]
async fn an_address_that_is_taken_names_whose_it_is_to_those_who_may_see_the_user() {
    let app = TestApp::start().await;
    let world = app.world();
    let invite = async |by: Who, who: Who| {
        let body = json!({ "email": who.email().to_uppercase(), "name": { "en": "New" }, "role": "expert", "locale": "en" });
        app.as_who(by).post("/v1/users", body).await.expect_problem(409, "emailTaken")
    };
    for by in [Who::Administrator, Who::Secretariat] {
        assert_eq!(ids(&invite(by, Who::Expert1).await), [world.user(Who::Expert1)], "{by:?}");
    }
    assert_eq!(ids(&invite(Who::Administrator, Who::Administrator).await), [world.user(Who::Administrator)]);
    assert_eq!(invite(Who::Secretariat, Who::Administrator).await["references"], Value::Null);

    let secretariat = app.as_secretariat();
    let one = secretariat.read(format!("/v1/users/{}", world.user(Who::Expert1))).await;
    let taken = json!({ "email": Who::Expert2.email() });
    let refused = secretariat.patch(&one, taken).await.expect_problem(409, "emailTaken");
    assert_eq!(ids(&refused), [world.user(Who::Expert2)]);
    // The own address in other letters is free.
    secretariat.patch(&one, json!({ "email": Who::Expert1.email().to_uppercase() })).await.expect(200);
}

#[tokio::test]
async fn a_sector_without_a_finished_study_names_those_that_are_not_finished() {
    let app = TestApp::start().await;
    app.db_open("sectors").await;
    let expert = app.as_expert();
    let sector = studied_sector(expert, "Mobility").await;
    let studies = format!("{}/studies", sector.path);
    let done = expert.list(&studies).await.remove(0);
    let done = expert.read(format!("{studies}/{}", done["id"].as_str().unwrap())).await;
    let open = expert.create(studies.as_str(), study(json!({ "completed": false }))).await;
    let refused = expert.delete(&done).await.expect_problem(409, "studyMissing");
    assert_eq!(ids(&refused), [open.id()]);
    let refused = expert.patch(&done, json!({ "recommendation": null })).await;
    assert_eq!(ids(&refused.expect_problem(409, "studyMissing")), [done.id(), open.id()]);
}

/// The properties below which an answer repeats what was stored: the values of events, reports and snapshots.
const STORED: [&str; 4] = ["changes", "model", "snapshot", "evaluations"];

/// The properties other than `id` that are ids in the answers of the document, each with a schema that has it.
fn ids_of_answers() -> BTreeMap<&'static str, Vec<&'static Value>> {
    fn walk(
        schema: &'static Value,
        seen: &mut BTreeSet<*const Value>,
        found: &mut BTreeMap<&'static str, Vec<&'static Value>>,
    ) {
        let schema = resolved(schema);
        if !seen.insert(std::ptr::from_ref(schema)) {
            return;
        }
        for branches in ["allOf", "anyOf", "oneOf"] {
            schema[branches].as_array().into_iter().flatten().for_each(|branch| walk(branch, seen, found));
        }
        if schema["items"].is_object() {
            walk(&schema["items"], seen, found);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if STORED.contains(&name.as_str()) {
                continue;
            }
            let is_id = |of: &Value| of["format"] == "uuid";
            if name != "id" && (is_id(resolved(property)) || is_id(&resolved(property)["items"])) {
                found.entry(name).or_default().push(schema);
            }
            walk(property, seen, found);
        }
    }
    let (mut seen, mut found) = (BTreeSet::new(), BTreeMap::new());
    for operation in operations() {
        for (status, answer) in operation.described["responses"].as_object().unwrap() {
            let content = resolved(answer)["content"].as_object();
            for (_, media) in content.into_iter().flatten().filter(|_| status.starts_with('2')) {
                walk(&media["schema"], &mut seen, &mut found);
            }
        }
    }
    found
}

#[test]
fn an_answer_refers_to_nothing_by_its_id_alone() {
    let found = ids_of_answers();
    let names: Vec<_> = found.keys().copied().collect();
    let expected = [
        // The resource that the path names, or that the answer is about.
        "activityId",
        // An event that the verification of a chain did not find as it was.
        "eventId",
        "indicatorId",
        // The caller's own seats.
        "memberId",
        "migrationId",
        "pilotId",
        "sectorId",
        // The status and the portfolio are about task forces, and say their names.
        "taskForceId",
        // Beside the name of the person.
        "userId",
    ];
    assert_eq!(names, expected);
    for schema in found["userId"].iter().chain(&found["taskForceId"]) {
        assert!(schema["properties"]["name"].is_object(), "{schema:#}");
    }
}

/// The users that an answer names, and the paths that the answer gives.
fn people_and_paths(answer: &Value, users: &BTreeSet<String>, paths: &mut BTreeSet<String>) {
    match answer {
        Value::Array(items) => items.iter().for_each(|item| people_and_paths(item, users, paths)),
        Value::Object(members) => {
            let named = ["name", "title"].iter().any(|name| members.get(*name).is_some_and(Value::is_object));
            for (name, value) in members {
                if value.as_str().is_some_and(|text| users.contains(text)) {
                    assert!(named && ["id", "userId"].contains(&name.as_str()), "{name} of {answer:#}");
                }
                if let (true, Some(path)) = (name == "href", value.as_str()) {
                    paths.insert(path.to_owned());
                }
                if !STORED.contains(&name.as_str()) {
                    people_and_paths(value, users, paths);
                }
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn every_user_is_named_and_every_path_leads_to_what_the_reader_may_read() {
    let app = TestApp::start().await;
    let rows = app.db().await.query("select id::text from users", &[]).await.unwrap();
    let users: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    app.db_open_every_step().await;
    let readers = [Who::Chair, Who::Secretariat, Who::Administrator];
    let mut followed = BTreeSet::new();
    for case in operation_cases::all().into_iter().filter(|case| case.operation().method == "get") {
        let draft = case.write(&app).await;
        for who in readers {
            let answer = app.as_who(who).send(draft.clone()).await;
            if answer.status != 200 || !answer.header("content-type").ends_with("json") {
                continue;
            }
            if ["getOpenapiJson", "getOpenapiYaml"].contains(&case.id) {
                break;
            }
            let mut paths = BTreeSet::new();
            people_and_paths(&answer.json(), &users, &mut paths);
            for path in paths {
                let there = app.as_who(who).get(path.as_str()).await;
                assert_eq!(there.status, 200, "{} as {who:?}: {path}", case.id);
                followed.insert(path.split('/').nth(4).unwrap_or_default().to_owned());
            }
        }
    }
    for kind in ["activities", "members", "sectors", "pilots", "reports", "decisions", "steps"] {
        assert!(followed.contains(kind), "nothing refers to {kind}: {followed:?}");
    }
}

#[tokio::test]
async fn what_was_deleted_keeps_its_last_title_in_events() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let before = expert.get(app.a("/status")).await.json()["lastSeq"].clone();
    let pilot = proposed_pilot(&app, json!({})).await;
    let fields = indicator(json!({ "name": { "en": "Waiting time" } }));
    let gone = expert.create(format!("{}/indicators", pilot.path), fields).await;
    let gone =
        expert.patch(&gone, json!({ "name": { "en": "Days of waiting" } })).await.expect(200).resource();
    let below = expert.create(format!("{}/indicators", pilot.path), indicator(json!({}))).await;
    expert.delete(&gone).await.expect(204);
    expert.delete(&pilot).await.expect(204);

    let events = expert.get(app.a(&format!("/events?limit=100&after={before}"))).await.expect(200).json();
    let subjects: BTreeMap<_, _> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["subject"]["id"].as_str().unwrap().to_owned(), event["subject"].clone()))
        .collect();
    for (resource, title) in [
        (&gone, json!({ "en": "Days of waiting" })),
        (&below, below["name"].clone()),
        (&pilot, pilot["title"].clone()),
    ] {
        let subject = &subjects[resource.id()];
        assert_eq!((&subject["title"], &subject["href"]), (&title, &Value::Null));
    }
}

#[tokio::test]
async fn a_key_names_its_task_force_only_while_its_owner_sees_it() {
    let app = TestApp::start().await;
    let owner = app.as_who(Who::Expert5);
    let key = json!({
        "name": "Nightly", "scopes": ["read"], "taskForceId": app.world().a, "expiresAt": "2026-12-22T09:00:00Z",
    });
    let made = owner.post("/v1/api-keys", key).await.expect(201).json();
    let shown = async || owner.list("/v1/api-keys").await[0]["taskForce"].clone();
    assert_eq!((&made["taskForce"]["title"]["en"], &made["taskForce"]), (&json!("Alpha"), &shown().await));
    let seat = app.as_chair().read(app.a(&format!("/members/{}", app.world().member(Who::Expert5)))).await;
    app.as_chair().command(&seat, "end", json!({ "reason": { "en": "Moved away" } })).await.expect(200);
    let (id, null) = (json!(app.world().a), Value::Null);
    let after = shown().await;
    assert_eq!((&after["id"], &after["title"], &after["href"]), (&id, &null, &null));
}

#[tokio::test]
async fn an_activity_depends_on_at_most_fifty_others() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let waiting = chair.create_activity(json!({})).await;
    let mut others = Vec::new();
    for _ in 0..51 {
        others.push(chair.create_activity(json!({})).await);
    }
    let (last, first) = others.split_last().unwrap();
    for other in first {
        chair.add_dependency(&waiting, other).await;
    }
    chair.add_dependency(&waiting, last).await.expect_problem(409, "tooManyItems");
    let depends_on = chair.reload(&waiting).await["dependsOn"].clone();
    let numbers: Vec<_> = depends_on.as_array().unwrap().iter().map(|one| one["number"].clone()).collect();
    let expected: Vec<_> = first.iter().map(|one| one["number"].clone()).collect();
    assert_eq!(numbers, expected);
    assert_eq!(depends_on[0]["title"], first[0]["title"]);
}
