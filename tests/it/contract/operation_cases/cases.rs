//! The table: one case for each operation.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Case;
use crate::support::app::{METRICS_TOKEN, PASSWORD};
use crate::support::client::{Draft, activity};
use crate::support::world::task_force;
use crate::support::{Resource, TestApp, Who};

macro_rules! cases {
    ($($operation:ident |$app:ident| $draft:expr;)+) => {
        /// Every case of this file.
        pub(super) fn here() -> Vec<Case> {
            vec![$(Case {
                id: stringify!($operation),
                write: |$app| Box::pin(async move { let _ = $app; $draft }),
            }),+]
        }
    };
}

macro_rules! case_files {
    ($($file:ident),+) => {
        $(mod $file;)+

        /// Every case.
        pub(super) fn all() -> Vec<Case> {
            let mut all = here();
            $(all.extend($file::here());)+
            all
        }
    };
}

case_files!(
    identity,
    steps,
    policies,
    sectors,
    pilots,
    migrations,
    evidence,
    reports,
    decisions,
    audit,
    share_links,
    webhooks
);

cases! {
    // The service.
    getServiceInfo |app| Draft::get("/v1");
    getRoot |app| Draft::get("/");
    getVocabularies |app| Draft::get("/v1/vocabularies");
    getProblem |app| Draft::get("/problems/gateNotMet");
    checkLiveness |app| Draft::get("/health/live");
    checkReadiness |app| Draft::get("/health/ready");
    getMetrics |app|
        Draft::get("/metrics").header("Authorization", &format!("Bearer {METRICS_TOKEN}"));
    getJwks |app| Draft::get("/.well-known/jwks.json");
    getSecurityTxt |app| Draft::get("/.well-known/security.txt");
    getOpenapiJson |app| Draft::get("/v1/openapi.json");

    // Sign-in.
    signIn |app| Draft::post("/v1/auth/login", &credentials(Who::Expert1));
    refreshSession |app| Draft::post("/v1/auth/refresh", &refresh_token(app).await);
    signOut |app| Draft::post("/v1/auth/logout", &refresh_token(app).await);
    acceptInvitation |app| {
        let path = format!("/v1/users/{}/invitations", app.world().user(Who::Expert2));
        let invited = app.as_administrator().send(Draft::new(Method::POST, path)).await.expect(201).json();
        Draft::post(
            "/v1/auth/invitations/accept",
            &json!({ "token": invited["invitationToken"], "password": PASSWORD }),
        )
    };
    requestPasswordReset |app| Draft::post("/v1/auth/password-reset", &json!({ "email": Who::Expert2.email() }));
    resetPassword |app| {
        // Past the service: the link is in an e-mail alone.
        let token = Uuid::now_v7().to_string();
        let link = "insert into password_resets (user_id, token_hash, expires_at, created_at)
            values ($1::text::uuid, sha256($2::text::bytea), 'infinity', now())";
        app.db().await.execute(link, &[&app.world().user(Who::Expert2), &token]).await.unwrap();
        Draft::new(Method::PUT, "/v1/auth/password-reset").json(&json!({ "token": token, "password": PASSWORD }))
    };

    // Me.
    listMyNotifications |app| Draft::get("/v1/me/notifications");
    markNotificationsRead |app| Draft::post("/v1/me/notifications/read", &json!({ "ids": [notification(app).await] }));
    getMe |app| Draft::get("/v1/me");
    updateMe |app| {
        // One request for all actors: each has the version that the request names.
        app.db().await.execute("update users set version = 1", &[]).await.unwrap();
        Draft::new(Method::PATCH, "/v1/me").merge_patch(&json!({ "locale": "ar" })).header("If-Match", "\"1\"")
    };
    listMyActivities |app| Draft::get("/v1/me/activities");
    listMyTasks |app| Draft::get("/v1/me/tasks");
    listMyFeed |app| Draft::get("/v1/me/feed");
    markMyFeed |app|
        Draft::new(Method::PUT, "/v1/me/feed/mark").json(&json!({ "position": "AAAAAAAAAAA" }));

    // Users.
    listUsers |app| Draft::get("/v1/users");
    createUser |app| Draft::post("/v1/users", &json!({
        "email": format!("{}@council.example", Uuid::now_v7()), "name": { "en": "New" }, "role": "expert", "locale": "en",
    }));
    getUser |app| Draft::get(format!("/v1/users/{}", app.world().user(Who::Expert2)));
    updateUser |app| Draft::patch(&expert_2(app).await, &json!({ "locale": "ar" }));
    transitionUser |app| {
        let user = expert_2(app).await;
        let to = if user["state"] == "active" { "disabled" } else { "active" };
        Draft::command(&user, "transitions", &json!({ "to": to, "reason": { "en": "Left the city" } }))
    };
    endUserSessions |app|
        Draft::new(Method::DELETE, format!("/v1/users/{}/sessions", app.world().user(Who::Expert2)));
    resendInvitation |app|
        Draft::new(Method::POST, format!("/v1/users/{}/invitations", app.world().user(Who::Expert2)));
    listInstallationEvents |app| Draft::get("/v1/installation-events");

    // Task forces.
    listTaskForces |app| Draft::get("/v1/task-forces");
    createTaskForce |app| {
        let seat = app.world().seat(Who::Outsider, "chair");
        Draft::post("/v1/task-forces", &task_force("Delta", &[seat]))
    };
    getTaskForce |app| Draft::get(app.a(""));
    updateTaskForce |app| {
        let a = app.as_chair().read(app.a("")).await;
        Draft::patch(&a, &json!({ "nextCouncilDate": "2027-01-20" }))
    };
    transitionTaskForce |app| {
        let a = app.as_chair().read(app.a("")).await;
        Draft::command(&a, "transitions", &json!({ "to": "suspended", "reason": { "en": "Elections" } }))
    };
    listHealthStatements |app| Draft::get(app.a("/health-statements"));
    createHealthStatement |app| Draft::post(app.a("/health-statements"), &json!({ "health": "atRisk" }));

    // Members.
    listMembers |app| Draft::get(app.a("/members"));
    createMember |app| {
        let reason = json!({ "reason": { "en": "For the next one" } });
        if let Some(seat) = spare_seat(app).await {
            app.as_chair().command(&seat, "end", reason).await.expect(200);
        }
        Draft::post(app.a("/members"), &app.world().seat(Who::Other5, "expert"))
    };
    getMember |app| Draft::get(app.a(&format!("/members/{}", app.world().member(Who::Expert5))));
    updateMember |app| Draft::patch(&seat_5(app).await, &json!({ "expertise": "Cyber security" }));
    endMember |app| {
        let seat = match spare_seat(app).await {
            Some(seat) => seat,
            None => app.as_chair().create(app.a("/members"), app.world().seat(Who::Other5, "expert")).await,
        };
        Draft::command(&seat, "end", &json!({ "reason": { "en": "Retired" } }))
    };

    // Activities.
    listActivities |app| Draft::get(app.a("/activities"));
    exportActivities |app| Draft::get(app.a("/activities/export"));
    createActivity |app| Draft::post(app.a("/activities"), &activity(json!({})));
    importActivities |app| Draft::new(Method::POST, app.a("/activities/import"))
        .body("text/csv", "Subject,Priority\nCollect the policies in force,High\n");
    getActivity |app|
        Draft::get(app.a(&format!("/activities/{}", app.world().activity("planned"))));
    updateActivity |app| Draft::patch(&planned(app).await, &json!({ "priority": "high" }));
    deleteActivity |app| Draft::delete(&planned(app).await);
    transitionActivity |app|
        Draft::command(&planned(app).await, "transitions", &json!({ "to": "inProgress" }));
    addDependency |app| Draft::new(Method::PUT, dependency(app).await);
    removeDependency |app| {
        let path = dependency(app).await;
        app.as_expert().put(path.as_str()).await.expect(200);
        Draft::new(Method::DELETE, path)
    };
    listComments |app|
        Draft::get(app.a(&format!("/activities/{}/comments", app.world().activity("planned"))));
    createComment |app| {
        let path = app.a(&format!("/activities/{}/comments", app.world().activity("done")));
        Draft::post(path, &json!({ "text": "Well done" }))
    };
    getComment |app| Draft::get(comment(app).await.path);
    updateComment |app| Draft::patch(&comment(app).await, &json!({ "text": "On second thoughts" }));
    deleteComment |app| Draft::delete(&comment(app).await);

    // Status and events.
    getTaskForceStatus |app| Draft::get(app.a("/status"));
    listTaskForceStatuses |app| Draft::get("/v1/status");
    listEvents |app| Draft::get(app.a("/events"));
}

fn credentials(who: Who) -> Value {
    json!({ "email": who.email(), "password": PASSWORD })
}

/// A notification that every user has.
async fn notification(app: &TestApp) -> String {
    let id = Uuid::now_v7().to_string();
    let insert = format!(
        "insert into notifications (user_id, id, kind, about_task_force_id, subject_kind, subject_id, occasion, details,
                                    created_at, is_listed, email)
         select id, '{id}', 'memberAppointed', '{a}', 'taskForce', '{a}', '{id}', '{{}}', now(), true, 'never' from users",
        a = app.world().a
    );
    app.db().await.batch_execute(&insert).await.unwrap();
    id
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

/// The current seat of the user Other5, whom the cases appoint and remove.
async fn spare_seat(app: &TestApp) -> Option<Resource> {
    let seats = app.as_chair().list(&app.a("/members?current=true")).await;
    let seat = seats.iter().find(|seat| seat["userId"] == app.world().user(Who::Other5))?;
    Some(app.as_chair().read(app.a(&format!("/members/{}", seat["id"].as_str().unwrap()))).await)
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
