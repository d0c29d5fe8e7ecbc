//! Signing in: invitations, refresh tokens, sessions and their secrets.

mod passwords;
mod refresh_cookie;
mod single_sign_on;
mod throttle;

use chrono::TimeDelta;
use serde_json::json;

use crate::support::app::PASSWORD;
use crate::support::sign_in::{me, new_user, refresh, sign_in};
use crate::support::{TestApp, Who};

#[tokio::test]
async fn from_the_invitation_to_the_end_of_the_session() {
    let app = TestApp::start().await;
    let invited = app.as_secretariat().create("/v1/users", new_user("Layla@Example.ORG", "expert")).await;
    assert_eq!(
        (&invited["email"], &invited["invitationPending"]),
        (&json!("Layla@Example.ORG"), &json!(true))
    );
    sign_in(&app, "layla@example.org", PASSWORD).await.expect_problem(401, "invalidCredentials");
    let accept = async |password: &str| {
        let body = json!({ "token": invited["invitationToken"], "password": password });
        app.as_anybody().post("/v1/auth/invitations/accept", body).await
    };
    accept("short").await.expect_field_errors(&["/password tooShort"]);
    let accepted = accept(PASSWORD).await.expect(200);
    assert_eq!(accepted.header("cache-control"), "no-store");
    assert_eq!(
        me(&app, &accepted.json()["accessToken"]).await.expect(200).json()["email"],
        "Layla@Example.ORG"
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
async fn a_refresh_token_that_comes_again_later_ends_the_session_for_both() {
    let app = TestApp::start().await;
    let first = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    let second = refresh(&app, &first["refreshToken"]).await.expect(200).json();
    app.advance(TimeDelta::seconds(10));
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
    let mut problems = Vec::new();
    for (email, password) in [
        ("nobody@council.example", PASSWORD),
        ("no address", PASSWORD),
        (&Who::Expert1.email(), "wrong password"),
        (&Who::DisabledUser.email(), PASSWORD),
        ("invited@council.example", PASSWORD),
    ] {
        let mut problem = sign_in(&app, email, password).await.expect_problem(401, "invalidCredentials");
        problem["requestId"].take();
        problems.push(problem);
    }
    assert!(problems.windows(2).all(|pair| pair[0] == pair[1]), "{problems:#?}");
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
