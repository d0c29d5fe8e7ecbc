//! Task forces: their states, and what may be written in each.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::contract::operation_cases;
use crate::support::client::{activity, with};
use crate::support::world::task_force;
use crate::support::{Answer, Resource, TestApp, Who};

async fn a(app: &TestApp) -> Resource {
    app.as_secretariat().read(app.a("")).await
}

/// Tries one write of each kind and returns the outcomes: `ok` or the code of the refusal.
async fn writes(app: &TestApp, path: &str, chair: Who, member: Who) -> Vec<(&'static str, String)> {
    let (chair, secretariat) = (app.as_who(chair), app.as_secretariat());
    let of = |rest: &str| format!("{path}{rest}");
    let code = |answer: Answer| match answer.status {
        200..300 => "ok".to_owned(),
        _ => answer.json()["code"].as_str().unwrap().to_owned(),
    };
    let fields = secretariat.read(of("")).await;
    let step = secretariat.read(of("/steps/sectors")).await;
    let seat = secretariat.list(&of("/members?current=true")).await;
    let seat = seat.iter().find(|seat| seat["userId"] == app.world().user(member)).unwrap()["id"].clone();
    let seat = secretariat.read(of(&format!("/members/{}", seat.as_str().unwrap()))).await;
    vec![
        ("fields", code(secretariat.patch(&fields, json!({ "nextCouncilDate": "2027-01-20" })).await)),
        ("members", code(secretariat.patch(&seat, json!({ "expertise": "Law" })).await)),
        ("health", code(chair.post(of("/health-statements"), json!({ "health": "atRisk" })).await)),
        ("target date", code(secretariat.patch(&step, json!({ "targetDate": "2027-01-01" })).await)),
        ("activities", code(chair.post(of("/activities"), activity(json!({}))).await)),
        ("submission", code(chair.post(of("/steps/policy/submissions"), json!({})).await)),
    ]
}

fn all_but(allowed: &[&str], code: &str) -> Vec<(&'static str, String)> {
    let kinds = ["fields", "members", "health", "target date", "activities", "submission"];
    let outcome = |kind: &str| if allowed.contains(&kind) { "ok" } else { code };
    kinds.into_iter().map(|kind| (kind, outcome(kind).to_owned())).collect()
}

#[tokio::test]
async fn while_forming_only_fields_members_and_target_dates_are_written() {
    let app = TestApp::start().await;
    let allowed = ["fields", "members", "target date"];
    let outcomes = writes(&app, &app.f(""), Who::Other3, Who::Other4).await;
    assert_eq!(outcomes, all_but(&allowed, "taskForceForming"));
}

#[tokio::test]
async fn while_suspended_only_members_and_health_are_written() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let before = a(&app).await;
    let transition = &before["availableTransitions"][0];
    assert_eq!((&transition["to"], &transition["reasonRequired"]), (&json!("suspended"), &json!(true)));
    secretariat
        .command(&before, "transitions", json!({ "to": "suspended" }))
        .await
        .expect_field_errors(&["/reason required"]);
    let suspended = secretariat.transition_because(&before, "suspended", "Elections").await;
    assert_eq!(suspended["stateReason"]["en"], "Elections");
    let outcomes = writes(&app, &app.a(""), Who::Chair, Who::Expert1).await;
    assert_eq!(outcomes, all_but(&["members", "health"], "taskForceSuspended"));
    let comments = app.a(&format!("/activities/{}/comments", app.world().activity("planned")));
    app.as_chair().post(comments, json!({ "text": "x" })).await.expect_problem(409, "taskForceSuspended");
    let begun =
        app.as_chair().read(app.a(&format!("/activities/{}", app.world().activity("inProgress")))).await;
    app.as_chair().try_transition(&begun, "done").await.expect_problem(409, "taskForceSuspended");

    let resumed = secretariat.transition(&a(&app).await, "active").await;
    assert_eq!((&resumed["state"], &resumed["stateReason"]), (&json!("active"), &Value::Null));
    let begun = app.as_chair().reload(&begun).await;
    app.as_chair().transition(&begun, "done").await;
    assert_eq!(
        app.as_chair().read(app.a("/steps/policy")).await["state"],
        "open",
        "the open step is the same as before"
    );
}

#[tokio::test]
async fn a_dissolved_task_force_is_read_only_for_good() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let dissolved = secretariat.transition_because(&a(&app).await, "dissolved", "The city merged").await;
    assert_eq!(dissolved["availableTransitions"], json!([]));
    let outcomes = writes(&app, &app.a(""), Who::Chair, Who::Expert1).await;
    assert_eq!(outcomes, all_but(&[], "taskForceClosed"));
    for to in ["active", "suspended", "forming", "concluded"] {
        secretariat.try_transition(&dissolved, to).await.expect_problem(409, "transitionNotAllowed");
    }
    app.as_expert().get(app.a("/activities")).await.expect(200);
}

#[tokio::test]
async fn nobody_concludes_a_task_force_by_hand() {
    let app = TestApp::start().await;
    let problem = app.as_secretariat().try_transition(&a(&app).await, "concluded").await;
    let problem = problem.expect_problem(409, "transitionNotAllowed");
    let legal: Vec<_> = problem["availableTransitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|transition| &transition["to"])
        .collect();
    assert_eq!(legal, ["suspended", "dissolved"]);
}

#[tokio::test]
async fn a_new_task_force_is_forming_with_its_members_and_locked_steps() {
    let app = TestApp::start().await;
    let (secretariat, world) = (app.as_secretariat(), app.world());
    let seats = [world.seat(Who::Outsider, "chair"), world.seat(Who::Expert1, "expert")];
    let new = secretariat.create("/v1/task-forces", task_force("Delta", &seats)).await;
    assert_eq!(
        (&new["state"], &new["maxSectors"], &new["currentCycle"]),
        (&json!("forming"), &json!(5), &json!(1))
    );
    assert_eq!(secretariat.reload(&new).await.body, new.body, "Location is the path of the task force");
    assert_eq!(secretariat.list(&format!("{}/members", new.path)).await.len(), 2);
    assert_eq!(app.as_who(Who::Outsider).read("/v1/me").await["memberships"][0]["role"], "chair");

    let twice = [world.seat(Who::Outsider, "chair"), world.seat(Who::Outsider, "expert")];
    let refused = secretariat.post("/v1/task-forces", task_force("Echo", &twice)).await;
    refused.expect_field_errors(&["/members/1/userId duplicate"]);
    let mut unknown =
        task_force("Echo", &[world.seat(Who::Outsider, "chair"), world.seat(Who::Expert1, "expert")]);
    unknown["members"][1]["userId"] = json!("0199f0c2-7a3b-7c11-9d2e-000000000001");
    let refused = secretariat.post("/v1/task-forces", unknown).await.expect_problem(400, "unknownReference");
    assert_eq!(refused["errors"][0]["pointer"], "/members/1/userId");
    let mut nowhere = task_force("Echo", &[]);
    nowhere["timeZone"] = json!("Asia/Atlantis");
    secretariat.post("/v1/task-forces", nowhere.clone()).await.expect_field_errors(&["/timeZone notAllowed"]);
    nowhere["country"] = json!("XX");
    let both = secretariat.post("/v1/task-forces", nowhere).await;
    both.expect_field_errors(&["/country notAllowed", "/timeZone notAllowed"]);
    let a = secretariat.read(app.a("")).await;
    let both = secretariat.patch(&a, json!({ "country": "UK", "timeZone": "Asia/Atlantis" })).await;
    both.expect_field_errors(&["/country notAllowed", "/timeZone notAllowed"]);
    let a = secretariat.patch(&a, json!({ "country": "JO" })).await.expect(200).resource();
    // A code from before codes were checked stands in the way of nothing else.
    app.db().await.execute("update task_forces set country = 'ZZ'", &[]).await.unwrap();
    secretariat.patch(&a, json!({ "maxSectors": 4 })).await.expect(200);
    let names = secretariat.list("/v1/task-forces?q=Echo").await;
    assert!(names.is_empty(), "a refused one leaves nothing");
}

#[tokio::test]
async fn a_new_task_force_has_one_chair() {
    let app = TestApp::start().await;
    let seat = |who, role: &str| app.world().seat(who, role);
    let members = [
        seat(Who::Chair, "chair"),
        seat(Who::Expert1, "expert"),
        seat(Who::Expert2, "chair"),
        seat(Who::Expert1, "chair"),
    ];
    let refused = app.as_secretariat().post("/v1/task-forces", task_force("New", &members)).await;
    refused.expect_field_errors(&[
        "/members/2/role duplicate",
        "/members/3/role duplicate",
        "/members/3/userId duplicate",
    ]);
    let new = app.as_secretariat().post("/v1/task-forces", task_force("New", &members[..2])).await;
    new.expect(201);
}

#[tokio::test]
async fn task_forces_are_found_by_state_step_and_name() {
    let app = TestApp::start().await;
    let names = async |query: &str| -> Vec<String> {
        let found = app.as_who(Who::CouncilMember).list(&format!("/v1/task-forces{query}")).await;
        found.iter().map(|item| item["name"]["en"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("").await, ["Alpha", "Beta", "Foxtrot"]);
    assert_eq!(names("?state=forming").await, ["Foxtrot"]);
    assert_eq!(names("?step=policy").await, ["Alpha", "Beta"]);
    assert_eq!(names("?step=sectors").await, [""; 0]);
    assert_eq!(names("?q=alph").await, ["Alpha"]);
    assert_eq!(names("?q=%D9%8A%D9%86%D8%A7%D8%A8%D9%8A%D8%B9&state=active").await, ["Alpha", "Beta"]);
    // An expert sees those in which they hold a seat.
    let own = app.as_who(Who::Other3).list("/v1/task-forces").await;
    assert_eq!(own.iter().map(|item| &item["name"]["en"]).collect::<Vec<_>>(), ["Beta", "Foxtrot"]);
    assert!(app.as_who(Who::Outsider).list("/v1/task-forces").await.is_empty());
    assert!(app.as_who(Who::EndedMember).list("/v1/task-forces").await.is_empty());
}

#[tokio::test]
async fn the_members_of_another_task_force_are_outsiders_here() {
    let app = TestApp::start().await;
    let stranger = app.as_who(Who::OtherChair);
    let planned = app.world().activity("planned");
    for path in
        ["", "/members", "/activities", "/status", "/events", "/steps", &format!("/activities/{planned}")]
    {
        stranger.get(app.a(path)).await.expect_problem(404, "notFound");
        // The path of one's own task force doesn't lead to it either.
        if path.ends_with(planned) {
            stranger.get(app.b(path)).await.expect_problem(404, "notFound");
        }
    }
    stranger.post(app.a("/activities"), activity(json!({}))).await.expect_problem(404, "notFound");
    let foreign = json!({ "assigneeId": app.world().member(Who::Expert1) });
    let answer = stranger.post(app.b("/activities"), activity(foreign)).await;
    answer.expect_problem(400, "unknownReference");
}

/// Days are computed in lists, counts, gates, reports and tasks.
#[tokio::test]
async fn a_time_zone_that_postgres_no_longer_knows_harms_no_other_task_force_and_is_mended_by_patch() {
    let app = TestApp::start().await;
    app.db_forget_time_zone().await;
    let secretariat = app.as_secretariat();
    for path in
        ["/v1/status", "/v1/status?state=active", &app.b("/status"), &app.b("/activities?overdue=true")]
    {
        secretariat.get(path).await.expect(200);
    }
    // The task force itself goes on with the days of UTC.
    let status = secretariat.get(app.a("/status")).await.expect(200).json();
    assert_eq!(status["today"], "2026-11-22");
    for case in operation_cases::all().into_iter().filter(|case| case.operation().method == "get") {
        app.db_open_every_step().await;
        let draft = case.write(&app).await;
        let answer = app.as_chair().send(draft).await;
        assert!(answer.status < 500, "{}: {}", case.id, answer.text());
    }
    let chair = app.as_chair();
    chair.create_activity(json!({ "dueDate": "2026-11-22" })).await;
    let a = secretariat.read(app.a("")).await;
    let renamed = secretariat.patch(&a, json!({ "name": { "en": "Still here" } })).await.expect(200).json();
    assert_eq!((&renamed["name"]["en"], &renamed["timeZone"]), (&json!("Still here"), &json!("US/Olympus")));
    let unknown =
        secretariat.patch(&secretariat.reload(&a).await, json!({ "timeZone": "Asia/Atlantis" })).await;
    unknown.expect_field_errors(&["/timeZone notAllowed"]);
    let mended = json!({ "timeZone": "Asia/Amman" });
    let mended = secretariat.patch(&secretariat.reload(&a).await, mended).await.expect(200).json();
    assert_eq!(mended["timeZone"], "Asia/Amman");
    // Postgres, too, refuses a change to a zone that it does not know.
    let refused = "update task_forces set time_zone = 'US/Olympus'";
    let error = app.db().await.batch_execute(refused).await.unwrap_err();
    assert_eq!(error.as_db_error().unwrap().constraint(), Some("task_forces_time_zone_is_known"));
}

#[tokio::test]
async fn an_unknown_time_zone_or_country_is_mended_also_in_a_suspended_or_closed_task_force() {
    for (to, code) in [("suspended", "taskForceSuspended"), ("dissolved", "taskForceClosed")] {
        let app = TestApp::start().await;
        let secretariat = app.as_secretariat();
        secretariat.transition_because(&a(&app).await, to, "Elections").await;
        let patch = async |fields: Value| secretariat.patch(&a(&app).await, fields).await;
        // What is known is not repaired.
        patch(json!({ "timeZone": "Asia/Riyadh" })).await.expect_problem(409, code);
        patch(json!({ "country": "JO" })).await.expect_problem(409, code);
        app.db_forget_time_zone().await;
        app.db().await.batch_execute("update task_forces set country = 'XQ'").await.unwrap();
        let more = json!({ "timeZone": "Asia/Riyadh", "nextCouncilDate": "2027-01-20" });
        patch(more).await.expect_problem(409, code);
        patch(json!({ "nextCouncilDate": "2027-01-20" })).await.expect_problem(409, code);
        patch(json!({ "timeZone": "Asia/Atlantis" })).await.expect_field_errors(&["/timeZone notAllowed"]);
        let mended = patch(json!({ "timeZone": "Asia/Riyadh", "country": "JO" })).await.expect(200).json();
        assert_eq!((&mended["timeZone"], &mended["country"]), (&json!("Asia/Riyadh"), &json!("JO")));
        let event = secretariat.list(&app.a("/events")).await.pop().unwrap();
        assert_eq!(event["changes"]["timeZone"]["after"], "Asia/Riyadh");
        patch(json!({ "timeZone": "Asia/Amman" })).await.expect_problem(409, code);
    }
}

#[tokio::test]
async fn the_next_council_date_is_not_in_the_past() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    // In Amman the next day has begun.
    app.advance(TimeDelta::hours(13));
    let past = json!({ "nextCouncilDate": "2026-11-22" });
    let refused = secretariat.patch(&a(&app).await, past.clone()).await.expect_problem(400, "invalidRequest");
    assert_eq!(
        (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
        (&json!("/nextCouncilDate"), &json!("tooSmall"))
    );
    let founded = with(task_force("Golf", &[]), past.clone());
    secretariat.post("/v1/task-forces", founded).await.expect_field_errors(&["/nextCouncilDate tooSmall"]);
    // The day is that of the time zone in the same request.
    let elsewhere = with(past, json!({ "timeZone": "America/New_York" }));
    secretariat.patch(&a(&app).await, elsewhere).await.expect(200);
    secretariat.patch(&a(&app).await, json!({ "nextCouncilDate": "2026-11-24" })).await.expect(200);
    // A date that has passed since stops no other change.
    app.advance(TimeDelta::days(9));
    secretariat.patch(&a(&app).await, json!({ "maxSectors": 3 })).await.expect(200);
    secretariat.patch(&a(&app).await, json!({ "nextCouncilDate": null })).await.expect(200);
}
