//! Passwords: rules for new ones, changing them, and checks that don't reveal accounts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::client::Draft;
use crate::support::{Answer, TestApp, Who};

const NEXT: &str = "three wooden ships at noon";

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    app.as_anybody().post("/v1/auth/login", json!({ "email": email, "password": password })).await
}

fn change(current: &str, next: &str) -> Draft {
    let body = json!({ "currentPassword": current, "newPassword": next });
    Draft::new(Method::PUT, "/v1/auth/password").json(&body)
}

async fn with(app: &TestApp, tokens: &Value, draft: Draft) -> Answer {
    let bearer = format!("Bearer {}", tokens["accessToken"].as_str().unwrap());
    app.as_anybody().send(draft.header("Authorization", &bearer)).await
}

/// An invitation of somebody.
async fn invitation(app: &TestApp, who: Who) -> Value {
    let path = format!("/v1/users/{}/invitations", app.world().user(who));
    let invited = app.as_administrator().send(Draft::new(Method::POST, path)).await.expect(201);
    invited.json()["invitationToken"].clone()
}

async fn accept(app: &TestApp, token: &Value, password: &str) -> Answer {
    let body = json!({ "token": token, "password": password });
    app.as_anybody().post("/v1/auth/invitations/accept", body).await
}

#[tokio::test]
async fn a_changed_password_ends_every_session_at_once_and_starts_one() {
    let app = TestApp::start().await;
    let email = Who::Expert1.email();
    let other = sign_in(&app, &email, PASSWORD).await.expect(200).json();
    let here = sign_in(&app, &email, PASSWORD).await.expect(200).json();
    let changed = with(&app, &here, change(PASSWORD, NEXT)).await.expect(200);
    assert_eq!(changed.header("cache-control"), "no-store");
    let changed = changed.json();
    for old in [&other, &here] {
        with(&app, old, Draft::get("/v1/me")).await.expect_problem(401, "unauthenticated");
        let refresh = json!({ "refreshToken": old["refreshToken"] });
        app.as_anybody().post("/v1/auth/refresh", refresh).await.expect(401);
    }
    with(&app, &changed, Draft::get("/v1/me")).await.expect(200);
    let refresh = json!({ "refreshToken": changed["refreshToken"] });
    app.as_anybody().post("/v1/auth/refresh", refresh).await.expect(200);
    sign_in(&app, &email, PASSWORD).await.expect_problem(401, "invalidCredentials");
    sign_in(&app, &email, NEXT).await.expect(200);

    let events = app.as_administrator().list("/v1/installation-events").await;
    let event = events.iter().find(|event| event["action"] == "user.passwordChanged").unwrap();
    assert_eq!(event["actor"]["id"], app.world().user(Who::Expert1));
    assert!(event["changes"]["sessionsEnded"]["after"].as_i64().unwrap() >= 2, "{event}");
    assert!(!event.to_string().contains(NEXT) && !event.to_string().contains(PASSWORD));
}

#[tokio::test]
async fn a_password_is_changed_only_with_the_present_one() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    expert.send(change("not the password", NEXT)).await.expect_problem(401, "invalidCredentials");
    app.as_anybody().send(change(PASSWORD, NEXT)).await.expect_problem(401, "unauthenticated");
    expert.send(change(PASSWORD, "short")).await.expect_field_errors(&["/newPassword tooShort"]);
    expert.send(change(PASSWORD, "password1")).await.expect_field_errors(&["/newPassword common"]);
    expert
        .send(change(PASSWORD, "expert1@council.example"))
        .await
        .expect_field_errors(&["/newPassword common"]);
    // The error about the new password doesn't reveal whether the current one is right.
    expert.send(change("not the password", "password1")).await.expect_problem(401, "invalidCredentials");
    // Nothing of that has changed anything.
    expert.get("/v1/me").await.expect(200);
    sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200);
    // A user without a password has none to change.
    app.db()
        .await
        .execute("delete from passwords where user_id = (select id from users where email = 'expert1@council.example')", &[])
        .await
        .unwrap();
    let before = app.app.passwords.verifications();
    expert.send(change(PASSWORD, NEXT)).await.expect_problem(401, "invalidCredentials");
    assert_eq!(app.app.passwords.verifications() - before, 1);
}

#[tokio::test]
async fn of_two_changes_of_a_password_at_once_one_is_made() {
    let app = TestApp::start().await;
    for _ in 0..10 {
        let token = invitation(&app, Who::Expert1).await;
        let tokens = accept(&app, &token, PASSWORD).await.expect(200).json();
        let bearer = format!("Bearer {}", tokens["accessToken"].as_str().unwrap());
        let to =
            |next| app.as_anybody().send_with_retry(change(PASSWORD, next).header("Authorization", &bearer));
        let (one, other) = tokio::join!(to(NEXT), to("القمر فوق جبل القلعة"));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{} {}", one.text(), other.text());
    }
}

#[tokio::test]
async fn a_password_has_8_to_256_characters_and_is_never_cut() {
    let app = TestApp::start().await;
    let email = Who::Expert1.email();
    let token = invitation(&app, Who::Expert1).await;
    accept(&app, &token, "1234567").await.expect_field_errors(&["/password tooShort"]);
    let longest = format!("{}ABCD", "خبز وزيت ".repeat(28));
    assert_eq!(longest.chars().count(), 256);
    accept(&app, &token, &format!("{longest}E")).await.expect_field_errors(&["/password tooLong"]);
    accept(&app, &token, &longest).await.expect(200);
    sign_in(&app, &email, &longest).await.expect(200);
    let other = longest.replace("ABCD", "ABCE");
    sign_in(&app, &email, &other).await.expect_problem(401, "invalidCredentials");
    sign_in(&app, &email, longest.trim_end_matches('D')).await.expect_problem(401, "invalidCredentials");
}

#[tokio::test]
async fn an_invitation_takes_no_common_password_and_waits_for_another() {
    let app = TestApp::start().await;
    let token = invitation(&app, Who::Expert1).await;
    for common in ["password1", "12345678", "qwertyuiop", "iloveyou1", "football", "sunshine1", "taskforce1"]
    {
        accept(&app, &token, common).await.expect_field_errors(&["/password common"]);
    }
    // The address and the name of an account are common passwords for it.
    for known in ["expert1@council.example", "Expert1!", "council.example"] {
        accept(&app, &token, known).await.expect_field_errors(&["/password common"]);
    }
    accept(&app, &token, "سبع سفن خشبية").await.expect(200);
}

#[tokio::test]
async fn a_password_is_checked_once_for_everybody_and_the_answer_is_the_same() {
    let app = TestApp::start().await;
    let never_accepted = json!({
        "email": "invited@council.example", "name": { "ar": "ليلى" }, "role": "expert", "locale": "ar",
    });
    app.as_secretariat().create("/v1/users", never_accepted).await;
    let mut answers = Vec::new();
    for email in [
        Who::Expert1.email(),
        Who::DisabledUser.email(),
        "nobody@council.example".to_owned(),
        "invited@council.example".to_owned(),
        "no address".to_owned(),
    ] {
        let before = app.app.passwords.verifications();
        let answer = sign_in(&app, &email, "wrong password").await;
        assert_eq!(app.app.passwords.verifications() - before, 1, "{email}");
        let mut headers: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        headers.sort();
        let mut problem = answer.expect_problem(401, "invalidCredentials");
        problem["requestId"].take();
        answers.push((headers, problem));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
    // A disabled user with the right password is no exception.
    let before = app.app.passwords.verifications();
    sign_in(&app, &Who::DisabledUser.email(), PASSWORD).await.expect_problem(401, "invalidCredentials");
    assert_eq!(app.app.passwords.verifications() - before, 1);
}

#[tokio::test]
async fn an_invitation_that_was_used_is_like_one_that_never_was() {
    let app = TestApp::start().await;
    let used = invitation(&app, Who::Expert1).await;
    accept(&app, &used, PASSWORD).await.expect(200);
    let replaced = invitation(&app, Who::Expert1).await;
    invitation(&app, Who::Expert1).await;
    let mut problems = Vec::new();
    for token in [used, replaced, json!("c2VjcmV0LWludml0YXRpb24tdG9rZW4tb2YtYS11c2Vy"), json!("x")] {
        let mut problem = accept(&app, &token, NEXT).await.expect_problem(401, "invalidCredentials");
        problem["requestId"].take();
        problems.push(problem);
    }
    assert!(problems.windows(2).all(|pair| pair[0] == pair[1]), "{problems:#?}");
}

#[tokio::test]
async fn nobody_comes_by_a_password_with_a_key_or_an_access_token_alone() {
    let app = TestApp::start().await;
    let administrator = app.as_administrator();
    let body = json!({ "name": "Nightly", "scopes": ["read", "write"], "expiresAt": "2026-11-23T00:00:00Z" });
    let key = administrator.post("/v1/api-keys", body).await.expect(201).json();
    let with_key = async |draft: Draft| {
        let bearer = format!("Bearer {}", key["key"].as_str().unwrap());
        app.as_anybody().send(draft.header("Authorization", &bearer)).await
    };
    let users = format!("/v1/users/{}", app.world().user(Who::Expert2));
    let read = with_key(Draft::get(users.as_str())).await.expect(200).resource();
    assert_eq!(read["availableTransitions"][0]["blockedBy"][0]["code"], "insufficientScope");
    let new = json!({ "email": "new@city.example", "name": { "en": "New" }, "role": "administrator", "locale": "en" });
    let change = |body: &Value| {
        Draft::new(Method::PATCH, users.as_str())
            .body("application/merge-patch+json", body.to_string())
            .header("If-Match", &read.etag)
    };
    let before = app.db_events().await;
    for refused in [
        Draft::post("/v1/users", &new),
        Draft::new(Method::POST, format!("{users}/invitations")),
        change(&json!({ "role": "administrator" })),
        change(&json!({ "email": "new@city.example" })),
        Draft::post(format!("{users}/transitions"), &json!({ "to": "disabled", "reason": { "en": "Left" } }))
            .header("If-Match", &read.etag),
    ] {
        with_key(refused).await.expect_problem(403, "insufficientScope");
    }
    for who in [Who::Administrator, Who::Secretariat] {
        let own = format!("/v1/users/{}/invitations", app.world().user(who));
        let refused = app.as_who(who).send(Draft::new(Method::POST, own)).await;
        let problem = refused.expect_problem(403, "forbidden");
        assert!(problem["detail"].as_str().unwrap().contains("PUT /v1/auth/password"), "{problem}");
    }
    assert_eq!(app.db_events().await, before);
    // Signed in, and for somebody else, it goes.
    let another = format!("/v1/users/{}/invitations", app.world().user(Who::Secretariat));
    administrator.send(Draft::new(Method::POST, another)).await.expect(201);
}

#[tokio::test]
async fn a_password_is_the_same_on_every_keyboard_and_an_old_hash_stays_good() {
    use argon2::password_hash::PasswordHasher as _;

    let app = TestApp::start().await;
    let email = Who::Expert1.email();
    let (composed, decomposed) = ("Jos\u{e9} am See", "Jose\u{301}\u{a0}am See");
    let token = invitation(&app, Who::Expert1).await;
    accept(&app, &token, composed).await.expect(200);
    for typed in [composed, decomposed] {
        sign_in(&app, &email, typed).await.expect(200);
    }
    // A hash from before passwords were normalized: of the characters as they were typed.
    let typed = "تكبير \u{fdfa} e\u{301}";
    let normal = "تكبير صلى الله عليه وسلم \u{e9}";
    let old = argon2::Argon2::default().hash_password(typed.as_bytes()).unwrap().to_string();
    let set = "update passwords set hash = $1
        where user_id = (select id from users where email = 'expert1@council.example')";
    app.db().await.execute(set, &[&old]).await.unwrap();
    sign_in(&app, &email, normal).await.expect_problem(401, "invalidCredentials");
    let before = app.app.passwords.verifications();
    sign_in(&app, &email, typed).await.expect(200);
    assert_eq!(app.app.passwords.verifications() - before, 1);
    // The sign-in has replaced the hash.
    sign_in(&app, &email, normal).await.expect(200);
    sign_in(&app, &email, typed).await.expect(200);
    let kept = "select count(*) from passwords where hash = ".to_owned() + &format!("'{old}'");
    assert_eq!(app.db_count(&kept).await, 0);
}
