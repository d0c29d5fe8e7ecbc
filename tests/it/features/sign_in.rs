//! Who somebody is: invitations, sessions, tokens; and who may touch whom.

mod passwords;
mod single_sign_on;
mod throttle;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::client::Draft;
use crate::support::{Answer, Client, Resource, TestApp, Who};

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    app.as_anybody().post("/v1/auth/login", json!({ "email": email, "password": password })).await
}

async fn refresh(app: &TestApp, token: &Value) -> Answer {
    app.as_anybody().insist(Draft::post("/v1/auth/refresh", &json!({ "refreshToken": token }))).await
}

async fn me(app: &TestApp, token: &Value) -> Answer {
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let draft = Draft::get("/v1/me").header("Authorization", &bearer);
    app.as_anybody().send(draft).await
}

async fn user(client: Client<'_>, who: Who) -> Resource {
    client.read(format!("/v1/users/{}", client.app.world().user(who))).await
}

fn new_user(email: &str, role: &str) -> Value {
    json!({ "email": email, "name": { "ar": "ليلى" }, "role": role, "locale": "ar" })
}

#[tokio::test]
async fn from_the_invitation_to_the_end_of_the_session() {
    let app = TestApp::start().await;
    let invited = app.as_secretariat().create("/v1/users", new_user("Layla@Example.ORG", "expert")).await;
    assert_eq!(
        (&invited["email"], &invited["invitationPending"]),
        (&json!("layla@example.org"), &json!(true))
    );
    sign_in(&app, "layla@example.org", PASSWORD).await.expect_problem(401, "invalidCredentials");
    let accept = async |password: &str| {
        let body = json!({ "token": invited["invitationToken"], "password": password });
        app.as_anybody().post("/v1/auth/invitations/accept", body).await
    };
    accept("short").await.expect_faults(&["/password tooShort"]);
    let accepted = accept(PASSWORD).await.expect(200);
    assert_eq!(accepted.header("cache-control"), "no-store");
    assert_eq!(
        me(&app, &accepted.json()["accessToken"]).await.expect(200).json()["email"],
        "layla@example.org"
    );
    accept(PASSWORD).await.expect_problem(401, "invalidCredentials");

    let first = sign_in(&app, "LAYLA@example.org ", PASSWORD).await.expect(200).json();
    assert_eq!((&first["tokenType"], &first["expiresIn"]), (&json!("Bearer"), &json!(900)));
    let second = refresh(&app, &first["refreshToken"]).await.expect(200).json();
    assert_ne!(first["refreshToken"], second["refreshToken"]);
    me(&app, &second["accessToken"]).await.expect(200);
    let out = json!({ "refreshToken": second["refreshToken"] });
    app.as_anybody().post("/v1/auth/logout", out.clone()).await.expect(204);
    me(&app, &second["accessToken"]).await.expect_problem(401, "unauthenticated");
    refresh(&app, &second["refreshToken"]).await.expect_problem(401, "invalidCredentials");
    app.as_anybody().post("/v1/auth/logout", out).await.expect(204);
    me(&app, &accepted.json()["accessToken"]).await.expect(200);
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_the_session_for_both() {
    let app = TestApp::start().await;
    let first = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    let second = refresh(&app, &first["refreshToken"]).await.expect(200).json();
    refresh(&app, &first["refreshToken"]).await.expect_problem(401, "invalidCredentials");
    refresh(&app, &second["refreshToken"]).await.expect_problem(401, "invalidCredentials");
    me(&app, &second["accessToken"]).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_session_lasts_a_week_from_its_last_refresh_and_a_month_at_most() {
    let app = TestApp::start().await;
    let mut tokens = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    let idle = tokens.clone();
    app.advance(TimeDelta::minutes(15));
    me(&app, &tokens["accessToken"]).await.expect_problem(401, "unauthenticated");
    let other = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    tokens = refresh(&app, &tokens["refreshToken"]).await.expect(200).json();
    app.advance(TimeDelta::days(7));
    refresh(&app, &other["refreshToken"]).await.expect_problem(401, "invalidCredentials");
    refresh(&app, &tokens["refreshToken"]).await.expect_problem(401, "invalidCredentials");
    refresh(&app, &idle["refreshToken"]).await.expect_problem(401, "invalidCredentials");

    tokens = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    for _ in 0..4 {
        app.advance(TimeDelta::days(6));
        tokens = refresh(&app, &tokens["refreshToken"]).await.expect(200).json();
    }
    app.advance(TimeDelta::days(6));
    refresh(&app, &tokens["refreshToken"]).await.expect_problem(401, "invalidCredentials");
}

#[tokio::test]
async fn nobody_learns_whether_an_account_exists() {
    let app = TestApp::start().await;
    app.as_secretariat().create("/v1/users", new_user("invited@council.example", "expert")).await;
    let mut told = Vec::new();
    for (email, password) in [
        ("nobody@council.example", PASSWORD),
        ("no address", PASSWORD),
        (&Who::Expert1.email(), "wrong password"),
        (&Who::DisabledUser.email(), PASSWORD),
        ("invited@council.example", PASSWORD),
    ] {
        let mut problem = sign_in(&app, email, password).await.expect_problem(401, "invalidCredentials");
        problem["requestId"].take();
        told.push(problem);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:#?}");
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_and_comes_back_with_the_old_password() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let tokens = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    me(&app, &tokens["accessToken"]).await.expect(200);
    let disabled = secretariat.transition(&user(secretariat, Who::Expert1).await, "disabled").await;
    assert_eq!(disabled["state"], "disabled");
    me(&app, &tokens["accessToken"]).await.expect_problem(401, "unauthenticated");
    refresh(&app, &tokens["refreshToken"]).await.expect_problem(401, "invalidCredentials");
    secretariat.try_transition(&disabled, "disabled").await.expect(400);
    let again = secretariat.command(&disabled, "transitions", json!({ "to": "disabled" })).await;
    again.expect_problem(409, "transitionNotAllowed");
    secretariat.transition(&disabled, "active").await;
    me(&app, &tokens["accessToken"]).await.expect_problem(401, "unauthenticated");
    sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_new_role_counts_at_once_whatever_the_token_says() {
    let app = TestApp::start().await;
    let outsider = app.as_who(Who::Outsider);
    outsider.get("/v1/status").await.expect_problem(403, "forbidden");
    let it = user(app.as_administrator(), Who::Outsider).await;
    let promoted =
        app.as_administrator().patch(&it, json!({ "role": "councilMember" })).await.expect(200).resource();
    outsider.get("/v1/status").await.expect(200);
    outsider.get(app.a("")).await.expect(200);
    let promoted = Resource { path: it.path, ..promoted };
    app.as_administrator().patch(&promoted, json!({ "role": "expert" })).await.expect(200);
    outsider.get(app.a("")).await.expect_problem(404, "notFound");
}

#[tokio::test]
async fn a_new_invitation_ends_the_sessions_and_lapses_after_a_week() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let path = format!("/v1/users/{}/invitations", app.world().user(Who::Expert1));
    let invite = async || {
        let draft = Draft::new(reqwest::Method::POST, &path);
        secretariat.send(draft).await.expect(201).json()["invitationToken"].clone()
    };
    let accept = async |token: &Value| {
        let body = json!({ "token": token, "password": "another long password" });
        app.as_anybody().post("/v1/auth/invitations/accept", body).await
    };
    let tokens = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    let first = invite().await;
    me(&app, &tokens["accessToken"]).await.expect_problem(401, "unauthenticated");
    sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200);
    let second = invite().await;
    accept(&first).await.expect_problem(401, "invalidCredentials");
    app.advance(TimeDelta::days(7));
    accept(&second).await.expect_problem(401, "invalidCredentials");
    let third = invite().await;
    accept(&third).await.expect(200);
    sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect_problem(401, "invalidCredentials");
    sign_in(&app, &Who::Expert1.email(), "another long password").await.expect(200);
}

#[tokio::test]
async fn administrators_are_not_there_for_the_secretariat() {
    let app = TestApp::start().await;
    let (secretariat, administrator) = (app.as_secretariat(), app.as_administrator());
    let it = user(administrator, Who::Administrator).await;
    secretariat.get(it.path.as_str()).await.expect_problem(404, "notFound");
    secretariat.patch(&it, json!({ "locale": "ar" })).await.expect_problem(404, "notFound");
    secretariat
        .command(&it, "transitions", json!({ "to": "disabled" }))
        .await
        .expect_problem(404, "notFound");
    let listed = secretariat.list("/v1/users").await;
    assert!(listed.iter().all(|user| user["role"] != "administrator"));
    assert_eq!(listed.len() + 2, administrator.list("/v1/users").await.len());
    assert!(secretariat.list("/v1/users?role=administrator").await.is_empty());
    // Nor do they make any.
    let new = new_user("new@council.example", "administrator");
    secretariat.post("/v1/users", new.clone()).await.expect_problem(403, "forbidden");
    let expert = user(secretariat, Who::Outsider).await;
    secretariat.patch(&expert, json!({ "role": "administrator" })).await.expect_problem(403, "forbidden");
    administrator.create("/v1/users", new).await;
}

#[tokio::test]
async fn a_chair_finds_experts_by_name_and_learns_no_more() {
    let app = TestApp::start().await;
    let found = app.as_chair().list("/v1/users?q=outsider").await;
    let id = app.world().user(Who::Outsider);
    assert_eq!(found, [json!({ "id": id, "name": { "en": "Outsider", "ar": "شخص Outsider" } })]);
    assert!(app.as_chair().list("/v1/users?q=secretariat").await.is_empty());
    assert!(
        app.as_chair().list("/v1/users?q=council.example").await.is_empty(),
        "an address can't be guessed at"
    );
    app.as_chair().get(format!("/v1/users/{id}")).await.expect_problem(404, "notFound");
    // Oneself is always there.
    let me = app.as_expert().read(format!("/v1/users/{}", app.world().user(Who::Expert1))).await;
    assert_eq!(me["email"], Who::Expert1.email());
}

#[tokio::test]
async fn the_last_administrator_stays_and_so_does_who_holds_a_seat() {
    let app = TestApp::start().await;
    let administrator = app.as_administrator();
    let it = user(administrator, Who::Administrator).await;
    let disable = |it: &Resource| (it.clone(), json!({ "to": "disabled" }));
    let (last, body) = disable(&it);
    administrator.command(&last, "transitions", body.clone()).await.expect_problem(409, "lastAdministrator");
    administrator.patch(&it, json!({ "role": "secretariat" })).await.expect_problem(409, "lastAdministrator");
    let seated = user(administrator, Who::Expert1).await;
    administrator.patch(&seated, json!({ "role": "councilMember" })).await.expect_problem(409, "holdsSeat");
    let taken = json!({ "email": Who::Expert2.email().to_uppercase() });
    administrator.patch(&seated, taken).await.expect_problem(409, "emailTaken");
    administrator
        .post("/v1/users", new_user(&Who::Expert2.email(), "expert"))
        .await
        .expect_problem(409, "emailTaken");

    // Of two who disable each other at once, one remains.
    let other = user(administrator, Who::DisabledUser).await;
    let other = administrator.transition(&other, "active").await;
    let ((it, body), (other, _)) = (disable(&it), disable(&other));
    let second = app.as_who(Who::DisabledUser);
    let token = sign_in(&app, &Who::DisabledUser.email(), PASSWORD).await.expect(200).json();
    app.keep_token(Who::DisabledUser, token["accessToken"].as_str().unwrap());
    let (one, two) = tokio::join!(
        administrator.insist(Draft::command(&other, "transitions", &body)),
        second.insist(Draft::command(&it, "transitions", &body))
    );
    assert_eq!(u8::from(one.status == 200) + u8::from(two.status == 200), 1, "{} {}", one.text(), two.text());
    let left = "select count(*) from users where role = 'administrator' and state = 'active'";
    assert_eq!(app.db_count(left).await, 1);
}

#[tokio::test]
async fn of_two_who_take_one_address_at_once_one_gets_it() {
    let app = TestApp::start().await;
    let create = || {
        app.as_administrator().insist(Draft::post("/v1/users", &new_user("same@council.example", "expert")))
    };
    let (one, other) = tokio::join!(create(), create());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn the_first_administrator_comes_by_the_command_line_alone() {
    let app = TestApp::empty().await;
    app.as_anybody().post("/v1/users", new_user("first@council.example", "administrator")).await.expect(401);
    let name = taskforce::domain::text::LocalizedText::both("أ", "A");
    let invitation = app.app.create_admin(" First@Council.Example", name).await.unwrap();
    let token = secrecy::ExposeSecret::expose_secret(&invitation.token);
    let acceptance = json!({ "token": token, "password": PASSWORD });
    let tokens = app.as_anybody().post("/v1/auth/invitations/accept", acceptance).await.expect(200).json();
    assert_eq!(me(&app, &tokens["accessToken"]).await.json()["role"], "administrator");
}

#[tokio::test]
async fn what_happens_outside_task_forces_is_told_without_secrets_and_names() {
    let app = TestApp::start().await;
    let administrator = app.as_administrator();
    let tokens = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    let next = refresh(&app, &tokens["refreshToken"]).await.expect(200).json();
    let it = user(administrator, Who::Outsider).await;
    let renamed =
        json!({ "name": { "en": "Renamed" }, "email": "renamed@council.example", "role": "secretariat" });
    administrator.patch(&it, renamed).await.expect(200);
    let invited = administrator.create("/v1/users", new_user("layla@example.org", "expert")).await;
    sign_in(&app, &Who::Expert1.email(), "my-secret-guess").await.expect(401);

    let events = administrator.list("/v1/installation-events").await;
    let actions: Vec<_> = events.iter().take(4).map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["user.invited", "user.updated", "session.refreshed", "session.started"]);
    assert_eq!(events[1]["changes"]["role"], json!({ "before": "expert", "after": "secretariat" }));
    let stored = "select string_agg(e::text, ' ') from installation_events e";
    let stored: String = app.db().await.query_one(stored, &[]).await.unwrap().get(0);
    let everything = format!(
        "{stored} {}",
        app.db()
            .await
            .query_one("select coalesce(string_agg(body, ' '), '') from events", &[])
            .await
            .unwrap()
            .get::<_, String>(0)
    );
    let secrets =
        [&tokens["refreshToken"], &next["refreshToken"], &next["accessToken"], &invited["invitationToken"]];
    let secrets = secrets.iter().map(|secret| secret.as_str().unwrap());
    for secret in
        secrets.chain([PASSWORD, "my-secret-guess", "argon2", "Renamed", "layla@example.org", "ليلى"])
    {
        assert!(!everything.contains(secret), "{secret}");
    }
    // What opens something is kept as a hash only.
    let kept = "select count(*) from refresh_tokens where encode(token_hash, 'escape') like '%' || $1 || '%'";
    let kept: i64 = app.db().await.query_one(kept, &[&next["refreshToken"].as_str()]).await.unwrap().get(0);
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn a_problem_repeats_no_secret() {
    let app = TestApp::start().await;
    for (path, body) in [
        ("/v1/auth/login", json!({ "email": "a@b.example", "password": "hunter2-hunter2", "x": 1 })),
        ("/v1/auth/login", json!({ "email": 3, "password": "hunter2-hunter2" })),
        ("/v1/auth/login", json!({ "email": "a@b.example", "password": { "hunter2-hunter2": 1 } })),
        ("/v1/auth/refresh", json!({ "refreshToken": "hunter2-hunter2" })),
        ("/v1/auth/invitations/accept", json!({ "token": "hunter2-hunter2", "password": "hunter2" })),
        ("/v1/auth/logout", json!({ "refreshToken": ["hunter2-hunter2"] })),
    ] {
        let answer = app.as_anybody().post(path, body).await;
        assert!((400..402).contains(&answer.status), "{path}: {}", answer.status);
        assert!(!answer.text().contains("hunter2"), "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn metrics_need_their_own_token() {
    let app = TestApp::start().await;
    app.as_anybody().get("/metrics").await.expect_problem(401, "unauthenticated");
    app.as_administrator().get("/metrics").await.expect_problem(401, "unauthenticated");
}
