//! The table: one case for each operation.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Case, Rights};
use crate::support::app::{METRICS_TOKEN, PASSWORD};
use crate::support::client::{Draft, activity};
use crate::support::world::task_force;
use crate::support::{Resource, TestApp, Who};

//                                    none  out  counc  secr  admin  chair  exp  ended  disabled
/// No credential is needed.
pub(super) const PUBLIC: Rights = [0, 0, 0, 0, 0, 0, 0, 0, 0];
/// Whoever is signed in.
const ANYBODY: Rights = [401, 0, 0, 0, 0, 0, 0, 0, 401];
/// Read what is in a task force.
const READ: Rights = [401, 404, 0, 0, 0, 0, 0, 404, 401];
/// Change the task force and its members.
const EDIT: Rights = [401, 404, 403, 0, 0, 0, 403, 404, 401];
/// Activate, suspend, dissolve, decide: the secretariat alone.
const DIRECT: Rights = [401, 404, 403, 0, 403, 403, 403, 404, 401];
/// Work in it.
const WORK: Rights = [401, 404, 403, 403, 403, 0, 0, 404, 401];
/// Lead it.
const LEAD: Rights = [401, 404, 403, 403, 403, 0, 403, 404, 401];
/// Only the author of a comment, who is the expert.
const AUTHOR: Rights = [401, 404, 403, 403, 403, 403, 0, 404, 401];
/// What concerns all task forces.
const PORTFOLIO: Rights = [401, 403, 0, 0, 0, 403, 403, 403, 401];
/// What serves the council.
const SERVE: Rights = [401, 403, 403, 0, 0, 403, 403, 403, 401];
/// Look people up.
const LOOK_UP: Rights = [401, 403, 403, 0, 0, 0, 403, 403, 401];
/// One user, who is none of the actors.
const ONE_USER: Rights = [401, 404, 404, 0, 0, 404, 404, 404, 401];
/// What concerns the installation.
const ADMINISTER: Rights = [401, 403, 403, 403, 0, 403, 403, 403, 401];

macro_rules! cases {
    ($($operation:ident $rights:ident $witness:ident |$app:ident| $draft:expr;)+) => {
        /// Every case of this file.
        pub(super) fn here() -> Vec<Case> {
            vec![$(Case {
                operation: stringify!($operation),
                rights: $rights,
                witness: Who::$witness,
                write: |$app| Box::pin(async move { let _ = $app; $draft }),
            }),+]
        }
    };
}

macro_rules! rooms {
    ($($room:ident),+) => {
        $(mod $room;)+

        /// Every case.
        pub(super) fn all() -> Vec<Case> {
            let mut all = here();
            $(all.extend($room::here());)+
            all
        }
    };
}

rooms!(steps, policies, sectors, pilots, migrations, evidence, reports, decisions);

cases! {
    // The service.
    getService PUBLIC Anonymous |app| Draft::get("/v1");
    getVocabularies PUBLIC Anonymous |app| Draft::get("/v1/vocabularies");
    getProblem PUBLIC Anonymous |app| Draft::get("/problems/gateNotMet");
    checkLiveness PUBLIC Anonymous |app| Draft::get("/health/live");
    checkReadiness PUBLIC Anonymous |app| Draft::get("/health/ready");
    getMetrics PUBLIC Anonymous |app|
        Draft::get("/metrics").header("Authorization", &format!("Bearer {METRICS_TOKEN}"));
    getJwks PUBLIC Anonymous |app| Draft::get("/.well-known/jwks.json");
    getSecurityTxt PUBLIC Anonymous |app| Draft::get("/.well-known/security.txt");
    getOpenapiJson PUBLIC Anonymous |app| Draft::get("/v1/openapi.json");
    getOpenapiYaml PUBLIC Anonymous |app| Draft::get("/v1/openapi.yaml");

    // Sign-in.
    signIn PUBLIC Anonymous |app| Draft::post("/v1/auth/login", &credentials(Who::Expert1));
    refreshSession PUBLIC Anonymous |app| Draft::post("/v1/auth/refresh", &refresh_token(app).await);
    signOut PUBLIC Anonymous |app| Draft::post("/v1/auth/logout", &refresh_token(app).await);
    acceptInvitation PUBLIC Anonymous |app| {
        let path = format!("/v1/users/{}/invitations", app.world().user(Who::Expert2));
        let invited = app.as_administrator().send(Draft::new(Method::POST, path)).await.expect(201).json();
        Draft::post(
            "/v1/auth/invitations/accept",
            &json!({ "token": invited["invitationToken"], "password": PASSWORD }),
        )
    };

    // Me.
    getMe ANYBODY Expert1 |app| Draft::get("/v1/me");
    listMyActivities ANYBODY Expert1 |app| Draft::get("/v1/me/activities");
    listMyTasks ANYBODY Expert1 |app| Draft::get("/v1/me/tasks");

    // Users.
    listUsers LOOK_UP Chair |app| Draft::get("/v1/users");
    createUser SERVE Administrator |app| Draft::post("/v1/users", &json!({
        "email": "new@council.example", "name": { "en": "New" }, "role": "expert", "locale": "en",
    }));
    getUser ONE_USER Secretariat |app| Draft::get(format!("/v1/users/{}", app.world().user(Who::Expert2)));
    updateUser ONE_USER Secretariat |app| Draft::patch(&expert_2(app).await, &json!({ "locale": "en" }));
    transitionUser ONE_USER Secretariat |app|
        Draft::command(&expert_2(app).await, "transitions", &json!({ "to": "disabled" }));
    inviteUser ONE_USER Secretariat |app|
        Draft::new(Method::POST, format!("/v1/users/{}/invitations", app.world().user(Who::Expert2)));
    listInstallationEvents ADMINISTER Administrator |app| Draft::get("/v1/installation-events");

    // Task forces.
    listTaskForces ANYBODY Expert1 |app| Draft::get("/v1/task-forces");
    createTaskForce SERVE Secretariat |app| {
        let seat = app.world().seat(Who::Outsider, "chair");
        Draft::post("/v1/task-forces", &task_force("Delta", &[seat]))
    };
    getTaskForce READ Expert1 |app| Draft::get(app.a(""));
    updateTaskForce EDIT Chair |app| {
        let a = app.as_chair().read(app.a("")).await;
        Draft::patch(&a, &json!({ "nextCouncilDate": "2027-01-20" }))
    };
    transitionTaskForce DIRECT Secretariat |app| {
        let a = app.as_chair().read(app.a("")).await;
        Draft::command(&a, "transitions", &json!({ "to": "suspended", "reason": { "en": "Elections" } }))
    };
    listHealthStatements READ CouncilMember |app| Draft::get(app.a("/health-statements"));
    stateHealth LEAD Chair |app| Draft::post(app.a("/health-statements"), &json!({ "health": "atRisk" }));

    // Members.
    listMembers READ Expert1 |app| Draft::get(app.a("/members"));
    appointMember EDIT Chair |app| Draft::post(app.a("/members"), &app.world().seat(Who::Other5, "expert"));
    getMember READ Expert1 |app| Draft::get(app.a(&format!("/members/{}", app.world().member(Who::Expert5))));
    updateMember EDIT Chair |app| Draft::patch(&seat_5(app).await, &json!({ "expertise": "Cyber security" }));
    endMember EDIT Chair |app| Draft::command(&seat_5(app).await, "end", &json!({ "reason": { "en": "Retired" } }));

    // Activities.
    listActivities READ Expert1 |app| Draft::get(app.a("/activities"));
    createActivity WORK Expert1 |app| Draft::post(app.a("/activities"), &activity(json!({})));
    getActivity READ CouncilMember |app|
        Draft::get(app.a(&format!("/activities/{}", app.world().activity("planned"))));
    updateActivity WORK Expert1 |app| Draft::patch(&planned(app).await, &json!({ "priority": "high" }));
    deleteActivity WORK Expert1 |app| Draft::delete(&planned(app).await);
    transitionActivity WORK Expert1 |app|
        Draft::command(&planned(app).await, "transitions", &json!({ "to": "inProgress" }));
    addDependency WORK Expert1 |app| Draft::new(Method::PUT, dependency(app).await);
    removeDependency WORK Expert1 |app| {
        let path = dependency(app).await;
        app.as_expert().put(path.as_str()).await.expect(204);
        Draft::new(Method::DELETE, path)
    };
    listComments READ CouncilMember |app|
        Draft::get(app.a(&format!("/activities/{}/comments", app.world().activity("planned"))));
    createComment WORK Expert1 |app| {
        let path = app.a(&format!("/activities/{}/comments", app.world().activity("done")));
        Draft::post(path, &json!({ "text": "Well done" }))
    };
    getComment READ CouncilMember |app| Draft::get(comment(app).await.path);
    updateComment AUTHOR Expert1 |app| Draft::patch(&comment(app).await, &json!({ "text": "On second thoughts" }));
    deleteComment WORK Chair |app| Draft::delete(&comment(app).await);

    // Status and events.
    getStatus READ CouncilMember |app| Draft::get(app.a("/status"));
    getPortfolio PORTFOLIO CouncilMember |app| Draft::get("/v1/status");
    listEvents READ CouncilMember |app| Draft::get(app.a("/events"));
}

fn credentials(who: Who) -> Value {
    json!({ "email": who.email(), "password": PASSWORD })
}

async fn refresh_token(app: &TestApp) -> Value {
    let tokens = app.as_anybody().post("/v1/auth/login", credentials(Who::Expert2)).await.expect(200).json();
    json!({ "refreshToken": tokens["refreshToken"] })
}

async fn expert_2(app: &TestApp) -> Resource {
    app.as_administrator().read(format!("/v1/users/{}", app.world().user(Who::Expert2))).await
}

async fn seat_5(app: &TestApp) -> Resource {
    app.as_chair().read(app.a(&format!("/members/{}", app.world().member(Who::Expert5)))).await
}

async fn planned(app: &TestApp) -> Resource {
    app.as_chair().create_activity(json!({})).await
}

async fn dependency(app: &TestApp) -> String {
    let (waiting, on) = (planned(app).await, planned(app).await);
    format!("{}/dependencies/{}", waiting.path, on.id())
}

async fn comment(app: &TestApp) -> Resource {
    let path = app.a(&format!("/activities/{}/comments", app.world().activity("planned")));
    app.as_expert().create(path, json!({ "text": "First thoughts" })).await
}
