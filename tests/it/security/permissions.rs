//! Permissions: for each resource, each role and each state of the task force, `permissions` is what really happens when
//! the caller tries.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::client::{Draft, activity};
use crate::support::council::{condition, db_submitted_report, decision};
use crate::support::evidence::{
    PDF, db_set_task_force, evidence, new_evidence, new_policy, upload, uploaded,
};
use crate::support::migrations::{db_pilot, new_item, new_migration};
use crate::support::pilots::{
    indicator, indicator_of, measured, measurement, planned_pilot, proposed_pilot, running_pilot,
};
use crate::support::policies::policy;
use crate::support::sectors::{assess, assessment, new_sector, studied_sector, study};
use crate::support::votes::{ready_policy_step, submit, waive, withdraw};
use crate::support::world::task_force;
use crate::support::{Resource, TestApp, Who};

/// Those who try: every role that sees task force A, and a key of its chair that only reads.
const ACTORS: [Who; 6] =
    [Who::CouncilMember, Who::Secretariat, Who::Administrator, Who::Chair, Who::Expert1, Who::ReadOnlyKey];

const STATES: [&str; 5] = ["active", "forming", "suspended", "concluded", "dissolved"];

/// The resources in a task force, with their permissions. What ends a seat or closes a step comes last.
const IN_A_TASK_FORCE: [(&str, &[&str]); 23] = [
    ("taskForce", &["update", "createHealthStatement", "addEvidence"]),
    ("step", &["update", "createActivity", "createProduct", "waive"]),
    ("reportStep", &["createReport", "createProduct"]),
    ("policy", &["update", "delete", "addEvidence"]),
    ("referencedPolicy", &["delete"]),
    ("sector", &["update", "delete", "createStudy", "createAssessment", "addEvidence"]),
    ("study", &["update", "delete", "addEvidence"]),
    ("assessment", &["update", "delete", "addEvidence"]),
    ("pilot", &["update", "delete", "createIndicator", "createMeasurement", "addEvidence"]),
    ("runningPilot", &["update", "delete", "createIndicator", "createMeasurement"]),
    ("indicator", &["update", "delete"]),
    ("measurement", &["update", "delete"]),
    ("migration", &["update", "delete", "createChecklistItem", "addEvidence"]),
    ("checklistItem", &["update", "delete"]),
    ("evidence", &["update", "delete", "upload", "removeFile"]),
    ("evidenceOfTheRecord", &["update", "delete", "upload", "removeFile"]),
    ("activity", &["update", "delete", "changeDependencies", "comment", "addEvidence"]),
    ("closedActivity", &["update", "delete", "comment"]),
    ("comment", &["update", "delete"]),
    ("report", &["decide", "addEvidence"]),
    ("decision", &["correct", "addEvidence"]),
    ("condition", &["addEvidence"]),
    ("member", &["update", "end", "replace"]),
];

/// The resources of the vote, which keep the step submitted.
const OF_THE_VOTE: [(&str, &[&str]); 2] =
    [("submission", &["vote", "addEvidence", "withdraw"]), ("readiness", &["submit"])];

/// The resources outside of task forces.
const OUTSIDE: [(&str, &[&str]); 2] = [
    ("user", &["update", "resendInvitation", "endSessions"]),
    (
        "me",
        &[
            "manageAccount",
            "createTaskForce",
            "manageUsers",
            "findUsers",
            "readPortfolio",
            "readDecisions",
            "readInstallationEvents",
        ],
    ),
];

/// The path of a resource, and a request that the permission is about. Everything is made anew.
struct Try {
    path: String,
    draft: Draft,
}

/// A text that no earlier request has sent, so that a change is one.
fn another() -> Value {
    json!({ "en": Uuid::now_v7().to_string() })
}

fn below(resource: &Resource, name: &str, body: &Value) -> Draft {
    Draft::post(format!("{}/{name}", resource.path), body)
}

/// A request for evidence about a resource.
fn proof(app: &TestApp, kind: &str, resource: &Resource) -> Draft {
    Draft::post(app.a("/evidence"), &evidence(kind, resource.id(), json!({})))
}

/// The request for a permission that many resources have.
fn usual(app: &TestApp, kind: &str, resource: &Resource, permission: &str, change: &Value) -> Draft {
    match permission {
        "update" => Draft::patch(resource, change),
        "delete" => Draft::delete(resource),
        "addEvidence" => proof(app, kind, resource),
        other => panic!("{kind}: {other}"),
    }
}

async fn seat_of(app: &TestApp, who: Who) -> Option<Resource> {
    let seats = app.as_chair().list(&app.a("/members?current=true")).await;
    let seat = seats.iter().find(|seat| seat["name"]["en"] == format!("{who:?}"))?;
    Some(app.as_chair().read(app.a(&format!("/members/{}", seat["id"].as_str().unwrap()))).await)
}

async fn seated(app: &TestApp, who: Who) -> Resource {
    match seat_of(app, who).await {
        Some(seat) => seat,
        None => app.as_chair().create(app.a("/members"), app.world().seat(who, "expert")).await,
    }
}

/// The submission of the policy step that is being voted on.
async fn voting(app: &TestApp) -> Resource {
    let submissions = app.as_chair().list(&app.a("/steps/policy/submissions")).await;
    match submissions.iter().find(|one| one["state"] == "voting") {
        Some(one) => {
            app.as_chair().read(app.a(&format!("/submissions/{}", one["id"].as_str().unwrap()))).await
        }
        None => {
            ready(app).await;
            submit(app.as_chair(), "policy").await
        }
    }
}

async fn ready(app: &TestApp) {
    ready_policy_step(app).await;
    for criterion in ["policiesSettled", "aimsNamed", "activitiesSettled", "translationsComplete"] {
        let waived = waive(app.as_chair(), "policy", criterion, "The others write here").await;
        assert!(waived.status < 300, "{criterion}: {}", waived.status);
    }
}

/// A decision to do the fifth step again: after it, all five are open as before.
async fn decided(app: &TestApp, conditions: Value) -> Draft {
    let report = db_submitted_report(app, &app.world().a, Who::Chair).await;
    let fields = json!({
        "reportNumber": report["number"], "returnToStep": "report", "conditions": conditions,
    });
    Draft::post(app.a("/decisions"), &decision(app, "adjust", fields))
}

async fn prepare(app: &TestApp, resource: &str, permission: &str) -> Try {
    app.db_open_every_step().await;
    let (chair, expert) = (app.as_chair(), app.as_expert());
    let at = |resource: &Resource, draft: Draft| Try { path: resource.path.clone(), draft };
    match resource {
        "taskForce" => {
            let a = chair.read(app.a("")).await;
            let draft = match permission {
                "createHealthStatement" => below(&a, "health-statements", &json!({ "health": "atRisk" })),
                _ => usual(app, "taskForce", &a, permission, &json!({ "mandate": another() })),
            };
            at(&a, draft)
        }
        "step" => {
            let step = chair.read(app.a("/steps/policy")).await;
            let draft = match permission {
                "update" => {
                    let day = if step["targetDate"] == "2027-03-31" { "2027-03-30" } else { "2027-03-31" };
                    Draft::patch(&step, &json!({ "targetDate": day }))
                }
                "createActivity" => Draft::post(app.a("/activities"), &activity(json!({}))),
                "createProduct" => Draft::post(app.a("/policies"), &policy(json!({}))),
                _ => Draft::new(Method::PUT, app.a("/steps/policy/waivers/policiesSettled"))
                    .json(&json!({ "reason": another() })),
            };
            at(&step, draft)
        }
        "reportStep" => {
            let step = chair.read(app.a("/steps/report")).await;
            let report = json!({ "recommendation": "continue", "summary": { "en": "It goes well" } });
            let draft = match permission {
                "createReport" => Draft::post(app.a("/reports"), &report),
                // The step has no products.
                _ => Draft::new(Method::POST, app.a("/steps/report/products")),
            };
            at(&step, draft)
        }
        "policy" => {
            let policy = new_policy(app).await;
            at(&policy, usual(app, "policy", &policy, permission, &json!({ "kind": "standard" })))
        }
        "referencedPolicy" => {
            let policy = new_policy(app).await;
            new_evidence(app, "policy", policy.id(), json!({})).await;
            at(&policy, Draft::delete(&policy))
        }
        "sector" => {
            let sector = new_sector(app, json!({})).await;
            let draft = match permission {
                "createStudy" => below(&sector, "studies", &study(json!({}))),
                "createAssessment" => below(&sector, "assessments", &assessment(json!({}))),
                _ => usual(app, "sector", &sector, permission, &json!({ "rationale": another() })),
            };
            at(&sector, draft)
        }
        "study" => {
            let sector = new_sector(app, json!({})).await;
            let study = expert.create(format!("{}/studies", sector.path), study(json!({}))).await;
            at(&study, usual(app, "study", &study, permission, &json!({ "completed": false })))
        }
        "assessment" => {
            let sector = new_sector(app, json!({})).await;
            let assessment = assess(expert, &sector, json!({})).await;
            at(&assessment, usual(app, "assessment", &assessment, permission, &json!({ "level": 3 })))
        }
        "pilot" | "runningPilot" => {
            let pilot = match resource {
                "pilot" => proposed_pilot(app, json!({})).await,
                _ => running_pilot(app, json!({})).await,
            };
            let draft = match permission {
                "createIndicator" => below(&pilot, "indicators", &indicator(json!({}))),
                "createMeasurement" => {
                    let indicator = match resource {
                        // One that nothing stands in the way of but the state.
                        "pilot" => {
                            expert.create(format!("{}/indicators", pilot.path), indicator(json!({}))).await
                        }
                        _ => indicator_of(app, &pilot).await,
                    };
                    below(&indicator, "measurements", &measurement(json!({})))
                }
                _ => usual(app, "pilot", &pilot, permission, &json!({ "endDate": "2027-06-30" })),
            };
            at(&pilot, draft)
        }
        "indicator" => {
            let pilot = proposed_pilot(app, json!({})).await;
            let indicator = expert.create(format!("{}/indicators", pilot.path), indicator(json!({}))).await;
            at(&indicator, usual(app, "indicator", &indicator, permission, &json!({ "target": "10" })))
        }
        "measurement" => {
            let pilot = running_pilot(app, json!({})).await;
            let measurement = measured(app, &pilot).await;
            at(&measurement, usual(app, "measurement", &measurement, permission, &json!({ "value": "13" })))
        }
        "migration" => {
            let migration = new_migration(app, json!({})).await;
            let draft = match permission {
                "createChecklistItem" => {
                    below(&migration, "checklist-items", &json!({ "title": { "en": "Back up" } }))
                }
                _ => usual(app, "migration", &migration, permission, &json!({ "plannedOn": "2027-03-01" })),
            };
            at(&migration, draft)
        }
        "checklistItem" => {
            let item = new_item(app, &new_migration(app, json!({})).await, false).await;
            at(&item, usual(app, "checklistItem", &item, permission, &json!({ "done": true })))
        }
        "evidence" | "evidenceOfTheRecord" => {
            let evidence = match resource {
                "evidence" => new_evidence(app, "pilot", &db_pilot(app, None).await, json!({})).await,
                _ => new_evidence(app, "taskForce", &app.world().a, json!({})).await,
            };
            if permission == "removeFile" {
                let file = uploaded(app, &evidence).await;
                return at(&file, Draft::command(&file, "remove-file", &json!({ "reason": another() })));
            }
            let draft = match permission {
                "upload" => upload(&evidence, "application/pdf", PDF),
                _ => usual(app, resource, &evidence, permission, &json!({ "title": another() })),
            };
            at(&evidence, draft)
        }
        "activity" | "closedActivity" => {
            let planned = expert.create_activity(json!({})).await;
            let activity = match resource {
                "activity" => planned,
                _ => {
                    let begun = expert.transition(&planned, "inProgress").await;
                    expert.transition(&begun, "done").await
                }
            };
            let draft = match permission {
                "changeDependencies" => {
                    let other = expert.create_activity(json!({})).await;
                    Draft::new(Method::PUT, format!("{}/dependencies/{}", activity.path, other.id()))
                }
                "comment" => below(&activity, "comments", &json!({ "text": "Well done" })),
                _ => usual(app, "activity", &activity, permission, &json!({ "priority": "high" })),
            };
            at(&activity, draft)
        }
        "comment" => {
            let activity = expert.create_activity(json!({})).await;
            let text = json!({ "text": "First thoughts" });
            let comment = expert.create(format!("{}/comments", activity.path), text).await;
            let change = json!({ "text": Uuid::now_v7().to_string() });
            at(&comment, usual(app, "comment", &comment, permission, &change))
        }
        "report" => {
            let report = db_submitted_report(app, &app.world().a, Who::Chair).await;
            let draft = match permission {
                "decide" => decided(app, json!([])).await,
                _ => proof(app, "report", &report),
            };
            let path = app.a(&format!("/reports/{}", report["number"]));
            Try { path, draft }
        }
        "decision" | "condition" => {
            let conditions = json!([condition(app, Who::Chair, json!({}))]);
            let first = decided(app, conditions).await;
            let recorded = app.as_secretariat().send(first).await.expect(201).resource();
            let condition = recorded["conditions"][0]["id"].as_str().unwrap();
            let draft = match (resource, permission) {
                ("condition", _) => {
                    let path = app.a(&format!("/conditions/{condition}"));
                    let condition = chair.read(path).await;
                    return at(&condition, proof(app, "condition", &condition));
                }
                (_, "correct") => {
                    let fields = json!({
                        "reportNumber": recorded["report"]["number"],
                        "returnToStep": "report",
                        "supersedesNumber": recorded["number"],
                    });
                    Draft::post(app.a("/decisions"), &decision(app, "adjust", fields))
                }
                _ => proof(app, "decision", &recorded),
            };
            at(&recorded, draft)
        }
        "member" => match permission {
            "update" => {
                let seat = seated(app, Who::Other5).await;
                let change = json!({ "expertise": Uuid::now_v7().to_string() });
                at(&seat, Draft::patch(&seat, &change))
            }
            "end" => {
                let seat = seated(app, Who::Other5).await;
                at(&seat, Draft::command(&seat, "end", &json!({ "reason": { "en": "Retired" } })))
            }
            _ => {
                let (leaving, next) = match seat_of(app, Who::Other5).await {
                    Some(seat) => (seat, Who::Other4),
                    None => (seated(app, Who::Other4).await, Who::Other5),
                };
                let body = json!({
                    "reason": { "en": "Retired" }, "successor": app.world().seat(next, "expert"),
                });
                at(&leaving, Draft::command(&leaving, "end", &body))
            }
        },
        "submission" => {
            let submission = voting(app).await;
            let draft = match permission {
                "vote" => {
                    let vote = json!({ "choice": "approve", "comment": Uuid::now_v7().to_string() });
                    Draft::new(Method::PUT, format!("{}/votes/mine", submission.path)).json(&vote)
                }
                "withdraw" => {
                    Draft::command(&submission, "withdraw", &json!({ "reason": { "en": "Not yet" } }))
                }
                _ => proof(app, "submission", &submission),
            };
            at(&submission, draft)
        }
        "readiness" => {
            let submitted = chair.read(app.a("/steps/policy")).await["state"] == "submitted";
            if submitted {
                withdraw(chair, &voting(app).await).await.expect(200);
            }
            ready(app).await;
            let draft = Draft::post(app.a("/steps/policy/submissions"), &json!({}));
            Try { path: app.a("/steps/policy/readiness"), draft }
        }
        "user" => {
            let path = format!("/v1/users/{}", app.world().user(Who::Expert2));
            let user = app.as_administrator().read(path.clone()).await;
            let draft = match permission {
                "update" => Draft::patch(&user, &json!({ "name": another() })),
                "endSessions" => Draft::new(Method::DELETE, format!("{path}/sessions")),
                _ => Draft::new(Method::POST, format!("{path}/invitations")),
            };
            at(&user, draft)
        }
        "me" => {
            let draft = match permission {
                "manageAccount" => Draft::get("/v1/api-keys"),
                "createTaskForce" => Draft::post(
                    "/v1/task-forces",
                    &task_force("Delta", &[app.world().seat(Who::Outsider, "chair")]),
                ),
                "manageUsers" => Draft::post(
                    "/v1/users",
                    &json!({
                        "email": format!("{}@council.example", Uuid::now_v7()), "name": another(),
                        "role": "expert", "locale": "en",
                    }),
                ),
                "findUsers" => Draft::get("/v1/users"),
                "readPortfolio" => Draft::get("/v1/status"),
                "readDecisions" => Draft::get("/v1/decisions"),
                _ => Draft::get("/v1/installation-events"),
            };
            Try { path: "/v1/me".to_owned(), draft }
        }
        other => panic!("{other}"),
    }
}

/// Everybody reads the resource and then tries, in each of these states of the task force. Returns how often which answer
/// was found.
async fn expect_the_truth(app: &TestApp, table: &[(&str, &[&str])], states: &[&str]) -> [usize; 2] {
    let (mut seen, mut wrong) = ([0, 0], Vec::new());
    for (resource, permissions) in table {
        let object = if *resource == "me" { "installationPermissions" } else { "permissions" };
        for permission in *permissions {
            let mut attempt = prepare(app, resource, permission).await;
            for state in states {
                for who in ACTORS {
                    db_set_task_force(app, state).await;
                    let actor = app.as_who(who);
                    let read = actor.get(attempt.path.as_str()).await;
                    let permitted = match read.status {
                        200 => read.json()[object][permission].as_bool(),
                        // Users are hidden from those who do not manage them.
                        _ => Some(false),
                    };
                    let permitted = permitted.unwrap_or_else(|| panic!("{resource}: no {permission}"));
                    let tried = actor.send(attempt.draft.clone()).await;
                    let done = (200..300).contains(&tried.status);
                    seen[usize::from(done)] += 1;
                    if done != permitted {
                        let found = tried.text();
                        wrong.push(format!(
                            "{resource}.{permission} is {permitted} for {who:?} in {state}: {found}"
                        ));
                    }
                    if done && attempt.draft.method != Method::GET {
                        db_set_task_force(app, "active").await;
                        attempt = prepare(app, resource, permission).await;
                    }
                }
            }
            db_set_task_force(app, "active").await;
        }
    }
    assert!(wrong.is_empty(), "{} of {seen:?}:\n{}", wrong.len(), wrong.join("\n"));
    seen
}

#[tokio::test]
async fn permissions_in_a_task_force_are_what_happens() {
    let app = TestApp::start().await;
    let [refused, done] = expect_the_truth(&app, &IN_A_TASK_FORCE, &STATES).await;
    assert!(refused > 1000 && done > 100, "{refused} {done}");
}

#[tokio::test]
async fn permissions_of_a_vote_are_what_happens() {
    let app = TestApp::start().await;
    expect_the_truth(&app, &OF_THE_VOTE, &STATES).await;
}

#[tokio::test]
async fn permissions_outside_of_task_forces_are_what_happens() {
    let app = TestApp::start().await;
    expect_the_truth(&app, &OUTSIDE, &["active"]).await;
}

/// Each permission that the document has is tried above, or is here with the test that tries it.
#[test]
fn every_permission_is_tried() {
    use std::collections::BTreeSet;

    use crate::support::contract::DOCUMENT;

    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap();
    let of_permissions = schemas.iter().filter(|(name, _)| name.ends_with("Permissions"));
    let documented: BTreeSet<_> = of_permissions
        .flat_map(|(_, schema)| schema["properties"].as_object().unwrap().keys().map(String::as_str))
        .collect();
    let tables = IN_A_TASK_FORCE.iter().chain(&OF_THE_VOTE).chain(&OUTSIDE);
    let mut tried: BTreeSet<_> = tables.flat_map(|(_, permissions)| permissions.iter().copied()).collect();
    // `a_member_can_be_appointed_until_there_are_seven`.
    tried.insert("createMember");
    assert_eq!(documented, tried);
}

#[tokio::test]
async fn a_member_can_be_appointed_until_there_are_seven() {
    let app = TestApp::start().await;
    for state in STATES {
        for who in ACTORS {
            db_set_task_force(&app, state).await;
            let actor = app.as_who(who);
            let permitted = actor.read(app.a("")).await["permissions"]["createMember"] == true;
            let tried = actor.post(app.a("/members"), app.world().seat(Who::Other5, "expert")).await;
            assert_eq!(tried.status == 201, permitted, "{who:?} in {state}: {}", tried.text());
            db_set_task_force(&app, "active").await;
            if let Some(seventh) = seat_of(&app, Who::Other5).await {
                let full = app.as_chair().read(app.a("")).await;
                assert_eq!(full["permissions"]["createMember"], false);
                let end = json!({ "reason": { "en": "For the next one" } });
                app.as_chair().command(&seventh, "end", end).await.expect(200);
            }
        }
    }
}

/// What the state of its parent needs cannot be deleted, and says so.
#[tokio::test]
async fn no_child_that_its_parent_needs_can_be_deleted() {
    let app = TestApp::start().await;
    let planned = planned_pilot(&app, json!({})).await;
    app.db_open_every_step().await;
    let expert = app.as_expert();
    let sector = studied_sector(expert, "Mobility").await;
    let first = async |path: &str| {
        let id = expert.list(path).await.remove(0)["id"].as_str().unwrap().to_owned();
        expert.read(format!("{path}/{id}")).await
    };
    let (studies, assessments) = (format!("{}/studies", sector.path), format!("{}/assessments", sector.path));
    let (only_study, present) = (first(&studies).await, first(&assessments).await);
    let only_indicator = first(&format!("{}/indicators", planned.path)).await;
    let migration = new_migration(&app, json!({})).await;
    let only_item = new_item(&app, &migration, true).await;
    let live = "update migrations set state = 'live', reconciliation_source = 1, reconciliation_loaded = 1,
        reconciliation_rejected = 0 where id = $1::text::uuid";
    app.db().await.execute(live, &[&migration.id()]).await.unwrap();
    let needed = [only_study, present, only_indicator, only_item];
    for (child, code) in
        needed.iter().zip(["studyMissing", "maturityMissing", "indicatorsMissing", "checklistUnfinished"])
    {
        assert_eq!(expert.reload(child).await["permissions"]["delete"], false, "{code}");
        expert.delete(child).await.expect_problem(409, code);
    }
    // Another of the kind is enough, and an assessment that leaves the target below the level is as bad as none.
    expert.create(studies.as_str(), study(json!({}))).await;
    assess(expert, &sector, json!({ "level": 3 })).await;
    expert
        .create(format!("{}/indicators", planned.path), indicator(json!({ "name": { "en": "Another" } })))
        .await;
    new_item(&app, &migration, true).await;
    for child in &needed {
        assert_eq!(expert.reload(child).await["permissions"]["delete"], true, "{}", child.path);
        expert.delete(child).await.expect(204);
    }
}

/// A comment in a list has the permissions of the comment that is read alone, and an `ETag` that another caller was given
/// is good for a change: the version counts.
#[tokio::test]
async fn permissions_differ_by_caller_and_the_version_does_not() {
    let app = TestApp::start().await;
    let activity = app.as_expert().create_activity(json!({})).await;
    let comments = format!("{}/comments", activity.path);
    let comment = app.as_expert().create(comments.as_str(), json!({ "text": "First thoughts" })).await;
    for who in ACTORS {
        let listed = app.as_who(who).list(&comments).await;
        let read = app.as_who(who).read(comment.path.as_str()).await;
        assert_eq!(listed[0]["permissions"], read["permissions"], "{who:?}");
    }
    let by_the_chair = app.as_chair().read(comment.path.as_str()).await;
    assert_eq!(by_the_chair["permissions"], json!({ "update": false, "delete": true }));
    assert_ne!(by_the_chair.etag, comment.etag);
    app.as_expert().patch(&by_the_chair, json!({ "text": "On second thoughts" })).await.expect(200);
}
