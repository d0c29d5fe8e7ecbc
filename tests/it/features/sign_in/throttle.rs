//! The throttle: how often a password can be guessed, and which requests it delays.

use chrono::TimeDelta;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use taskforce::auth::throttle::Limits;

use crate::support::app::PASSWORD;
use crate::support::client::Draft;
use crate::support::world::PANEL;
use crate::support::{Answer, Setup, TestApp, Who};

async fn start(limits: Limits) -> TestApp {
    TestApp::start_with(Setup { throttle: limits, ..Setup::default() }).await
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.as_anybody().send_with_retry(Draft::post("/v1/auth/login", &body)).await
}

fn expect_wait(answer: Answer, seconds: &str) {
    assert_eq!(answer.header("retry-after"), seconds, "{}: {}", answer.status, answer.text());
    answer.expect_problem(429, "tooManyAttempts");
}

#[tokio::test]
async fn after_ten_failures_an_account_waits_whether_it_exists_or_not() {
    let app = start(Limits::USUAL).await;
    let expert = Who::Expert1.email();
    for email in [expert.as_str(), "nobody@council.example"] {
        for _ in 0..10 {
            sign_in(&app, email, "wrong password").await.expect_problem(401, "invalidCredentials");
        }
        let before = app.app.passwords.verifications();
        expect_wait(sign_in(&app, email, "wrong password").await, "90");
        // In any spelling and with any password, so that the answer reveals nothing.
        expect_wait(sign_in(&app, &format!(" {} ", email.to_uppercase()), PASSWORD).await, "90");
        assert_eq!(app.app.passwords.verifications(), before, "a throttled attempt checks no password");
    }
    sign_in(&app, &Who::Expert2.email(), PASSWORD).await.expect(200);
    app.advance(TimeDelta::seconds(90) - TimeDelta::microseconds(1));
    expect_wait(sign_in(&app, &expert, PASSWORD).await, "1");
    app.advance(TimeDelta::microseconds(1));
    sign_in(&app, &expert, PASSWORD).await.expect(200);
    // A successful sign-in resets the count.
    for _ in 0..10 {
        sign_in(&app, &expert, "wrong password").await.expect(401);
    }
    expect_wait(sign_in(&app, &expert, "wrong password").await, "90");
}

#[tokio::test]
async fn guesses_at_the_same_instant_are_counted_before_they_are_answered() {
    let app = start(Limits::USUAL).await;
    let expert = Who::Expert1.email();
    let guesses = (0..40).map(|_| sign_in(&app, &expert, "wrong password"));
    let answers = join_all(guesses).await;
    let made = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!(made, 10, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
}

#[tokio::test]
async fn right_sign_ins_at_the_same_instant_are_all_let_in() {
    let app = start(Limits::USUAL).await;
    for round in 0..3 {
        let expert = Who::Expert1.email();
        let sign_ins = (0..16).map(|_| sign_in(&app, &expert, PASSWORD));
        let statuses: Vec<u16> = join_all(sign_ins).await.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [200; 16], "round {round}");
    }
    // More than one address may send at once.
    let emails = PANEL.map(Who::email);
    for answer in join_all((0..60).map(|at| sign_in(&app, &emails[at % 6], PASSWORD))).await {
        answer.expect(200);
    }
}

#[tokio::test]
async fn an_address_waits_after_fifty_whatever_the_accounts() {
    let app = start(Limits::USUAL).await;
    // Successful sign-ins don't count.
    for _ in 0..5 {
        sign_in(&app, &Who::Chair.email(), PASSWORD).await.expect(200);
    }
    for at in 0..50 {
        sign_in(&app, &format!("guess{at}@council.example"), PASSWORD).await.expect(401);
    }
    expect_wait(sign_in(&app, "guess50@council.example", PASSWORD).await, "18");
    expect_wait(sign_in(&app, &Who::Chair.email(), PASSWORD).await, "18");
    app.advance(TimeDelta::seconds(18));
    sign_in(&app, &Who::Chair.email(), PASSWORD).await.expect(200);
}

#[tokio::test]
async fn tokens_that_are_none_count_and_good_ones_are_never_refused() {
    let app = start(Limits { per_address: 6, ..Limits::USUAL }).await;
    let tokens = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    let path = format!("/v1/users/{}/invitations", app.world().user(Who::Expert2));
    let invited = app.as_administrator().send(Draft::new(Method::POST, path)).await.expect(201).json();
    let refresh = async |token: &serde_json::Value| {
        app.as_anybody().post("/v1/auth/refresh", json!({ "refreshToken": token })).await
    };
    let accept = async |token: &serde_json::Value| {
        let body = json!({ "token": token, "password": PASSWORD });
        app.as_anybody().post("/v1/auth/invitations/accept", body).await
    };
    // The token of a session that has ended is no guess.
    let ended = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    let ended = json!({ "refreshToken": ended["refreshToken"] });
    app.as_anybody().post("/v1/auth/logout", ended.clone()).await.expect(204);
    for _ in 0..7 {
        refresh(&ended["refreshToken"]).await.expect_problem(401, "invalidCredentials");
    }
    for _ in 0..3 {
        refresh(&json!("guess")).await.expect_problem(401, "invalidCredentials");
        accept(&json!("guess")).await.expect_problem(401, "invalidCredentials");
    }
    expect_wait(refresh(&json!("guess")).await, "150");
    expect_wait(accept(&json!("guess")).await, "150");
    expect_wait(sign_in(&app, &Who::Expert1.email(), PASSWORD).await, "150");
    // Failures of others at the same address don't affect valid tokens.
    refresh(&tokens["refreshToken"]).await.expect(200);
    accept(&invited["invitationToken"]).await.expect(200);
}

#[tokio::test]
async fn the_present_password_is_guessed_as_seldom_and_a_new_invitation_forgives() {
    let app = start(Limits::USUAL).await;
    let change = |current: &str| {
        let body = json!({ "currentPassword": current, "newPassword": "three wooden ships at noon" });
        Draft::new(Method::PUT, "/v1/auth/password").json(&body)
    };
    for _ in 0..5 {
        app.as_expert().send(change("wrong password")).await.expect_problem(401, "invalidCredentials");
        sign_in(&app, &Who::Expert1.email(), "wrong password").await.expect(401);
    }
    expect_wait(app.as_expert().send(change(PASSWORD)).await, "90");
    expect_wait(sign_in(&app, &Who::Expert1.email(), PASSWORD).await, "90");
    // A running session is not affected.
    app.as_expert().get("/v1/me").await.expect(200);
    let path = format!("/v1/users/{}/invitations", app.world().user(Who::Expert1));
    let invited = app.as_administrator().send(Draft::new(Method::POST, path)).await.expect(201).json();
    let acceptance = json!({ "token": invited["invitationToken"], "password": PASSWORD });
    app.as_anybody().post("/v1/auth/invitations/accept", acceptance).await.expect(200);
    sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_password_that_is_refused_for_what_it_is_counts_nothing() {
    let app = start(Limits::USUAL).await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "password1" });
    for _ in 0..12 {
        let draft = Draft::new(Method::PUT, "/v1/auth/password").json(&body);
        app.as_expert().send(draft).await.expect_field_errors(&["/newPassword common"]);
    }
}
