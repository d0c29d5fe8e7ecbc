//! Sessions: refreshed with one token at a time, and listed and ended by the user they belong to.

use chrono::TimeDelta;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::client::Draft;
use crate::support::{Answer, TestApp, Who};

async fn sign_in_with(app: &TestApp, who: Who, client: &str) -> Value {
    let credentials = json!({ "email": who.email(), "password": PASSWORD });
    let draft = Draft::post("/v1/auth/login", &credentials).header("User-Agent", client);
    app.as_anybody().send(draft).await.expect(200).json()
}

async fn sign_in(app: &TestApp, who: Who) -> Value {
    sign_in_with(app, who, "test").await
}

async fn refresh(app: &TestApp, tokens: &Value) -> Answer {
    let body = json!({ "refreshToken": tokens["refreshToken"] });
    app.as_anybody().send_with_retry(Draft::post("/v1/auth/refresh", &body)).await
}

/// Sends a request with an access token.
async fn with(app: &TestApp, tokens: &Value, draft: Draft) -> Answer {
    let bearer = format!("Bearer {}", tokens["accessToken"].as_str().unwrap());
    app.as_anybody().send(draft.header("Authorization", &bearer)).await
}

async fn me(app: &TestApp, tokens: &Value) -> Answer {
    with(app, tokens, Draft::get("/v1/me")).await
}

async fn list(app: &TestApp, tokens: &Value) -> Vec<Value> {
    let page = with(app, tokens, Draft::get("/v1/me/sessions")).await.expect(200).json();
    page["items"].as_array().unwrap().clone()
}

/// The newest events of the installation, as `action` and what it is about.
async fn newest_events(app: &TestApp, count: usize) -> Vec<Value> {
    let mut events = app.as_administrator().list("/v1/installation-events").await;
    events.truncate(count);
    events
}

#[tokio::test]
async fn of_many_refreshes_with_one_token_all_get_the_same_next_token() {
    let app = TestApp::start().await;
    for round in 0..5 {
        let first = sign_in(&app, Who::Expert1).await;
        let answers = join_all((0..20).map(|_| refresh(&app, &first))).await;
        let next: Vec<Value> = answers.into_iter().map(|answer| answer.expect(200).json()).collect();
        for tokens in &next {
            assert_eq!(tokens["refreshToken"], next[0]["refreshToken"], "round {round}");
            me(&app, tokens).await.expect(200);
        }
        refresh(&app, &next[19]).await.expect(200);
    }
    let refreshed = "select count(*) from installation_events where action = 'session.refreshed'";
    assert_eq!(app.db_count(refreshed).await, 10, "the same answer again is no second refresh");
    let tokens =
        "select count(*) from refresh_tokens join sessions on id = session_id where user_agent = 'test'";
    assert_eq!(app.db_count(tokens).await, 15);
}

#[tokio::test]
async fn a_used_token_is_exchanged_again_for_ten_seconds_and_then_ends_the_session() {
    let app = TestApp::start().await;
    let first = sign_in(&app, Who::Expert1).await;
    let next = refresh(&app, &first).await.expect(200).json();
    app.advance(TimeDelta::seconds(10) - TimeDelta::microseconds(1));
    let again = refresh(&app, &first).await.expect(200).json();
    assert_eq!(again["refreshToken"], next["refreshToken"]);
    app.advance(TimeDelta::microseconds(1));
    refresh(&app, &first).await.expect_problem(401, "invalidCredentials");
    me(&app, &again).await.expect_problem(401, "unauthenticated");
    refresh(&app, &next).await.expect_problem(401, "invalidCredentials");
    let reuses = "select count(*) from installation_events where action = 'session.ended'
        and changes->'reason'->>'after' = 'refreshTokenReused'";
    assert_eq!(app.db_count(reuses).await, 1);
}

#[tokio::test]
async fn a_tab_that_comes_late_is_given_the_token_that_the_others_have_come_to() {
    let app = TestApp::start().await;
    let first = sign_in(&app, Who::Expert1).await;
    let second = refresh(&app, &first).await.expect(200).json();
    let third = refresh(&app, &second).await.expect(200).json();
    let late = refresh(&app, &first).await.expect(200).json();
    assert_eq!(late["refreshToken"], third["refreshToken"]);
    // The third token is used, and eleven seconds later only the fourth is good.
    let fourth = refresh(&app, &third).await.expect(200).json();
    app.advance(TimeDelta::seconds(11));
    refresh(&app, &fourth).await.expect(200);
    refresh(&app, &third).await.expect_problem(401, "invalidCredentials");
    me(&app, &fourth).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_token_that_is_twenty_refreshes_old_is_refused_and_ends_nothing() {
    let app = TestApp::start().await;
    let first = sign_in(&app, Who::Expert1).await;
    let second = refresh(&app, &first).await.expect(200).json();
    let mut last = second.clone();
    for _ in 0..19 {
        last = refresh(&app, &last).await.expect(200).json();
    }
    assert_eq!(refresh(&app, &first).await.expect(200).json()["refreshToken"], last["refreshToken"]);
    last = refresh(&app, &last).await.expect(200).json();
    refresh(&app, &first).await.expect_problem(401, "invalidCredentials");
    assert_eq!(refresh(&app, &second).await.expect(200).json()["refreshToken"], last["refreshToken"]);
    me(&app, &last).await.expect(200);
}

#[tokio::test]
async fn no_token_is_given_again_once_its_session_has_ended() {
    let app = TestApp::start().await;
    let first = sign_in(&app, Who::Expert1).await;
    let next = refresh(&app, &first).await.expect(200).json();
    let out = json!({ "refreshToken": next["refreshToken"] });
    app.as_anybody().post("/v1/auth/logout", out).await.expect(204);
    refresh(&app, &first).await.expect_problem(401, "invalidCredentials");
    // A successor of the years before, which was drawn and not derived, is not known any more.
    let other = sign_in(&app, Who::Expert1).await;
    refresh(&app, &other).await.expect(200);
    let forget = "delete from refresh_tokens where used_at is null and session_id in
        (select id from sessions where user_agent = 'test' and ended_at is null)";
    app.db().await.execute(forget, &[]).await.unwrap();
    refresh(&app, &other).await.expect_problem(401, "invalidCredentials");
}

#[tokio::test]
async fn an_old_token_ends_the_session_however_often_it_was_refreshed_since() {
    let app = TestApp::start().await;
    let first = sign_in(&app, Who::Expert1).await;
    let other = sign_in(&app, Who::Expert1).await;
    let mut last = first.clone();
    for _ in 0..3 {
        app.advance(TimeDelta::minutes(1));
        last = refresh(&app, &last).await.expect(200).json();
    }
    refresh(&app, &first).await.expect_problem(401, "invalidCredentials");
    me(&app, &last).await.expect_problem(401, "unauthenticated");
    refresh(&app, &last).await.expect_problem(401, "invalidCredentials");
    me(&app, &other).await.expect(200);
}

#[tokio::test]
async fn a_session_ends_a_week_after_its_last_refresh_to_the_microsecond() {
    let app = TestApp::start().await;
    let (one, other) = (sign_in(&app, Who::Expert1).await, sign_in(&app, Who::Expert1).await);
    app.advance(TimeDelta::days(7) - TimeDelta::microseconds(1));
    refresh(&app, &one).await.expect(200);
    app.advance(TimeDelta::microseconds(1));
    refresh(&app, &other).await.expect_problem(401, "invalidCredentials");
}

#[tokio::test]
async fn the_hundred_and_first_session_ends_the_oldest() {
    let app = TestApp::start().await;
    let (oldest, next) = (sign_in(&app, Who::Expert1).await, sign_in(&app, Who::Expert1).await);
    let many = "insert into sessions (id, user_id, created_at, last_used_at, expires_at)
        select 'ffffffff-ffff-7000-8000-000000000000'::uuid, user_id, created_at, last_used_at, expires_at from sessions
        where user_id = $1::text::uuid and user_agent = 'test' limit 1";
    // Everybody has signed in before the test; the sessions that fill the hundred are newer.
    for n in 0..98 {
        let one = many.replace("000000000000'", &format!("{n:012}'"));
        app.db().await.execute(&one, &[&app.world().user(Who::Expert1)]).await.unwrap();
    }
    me(&app, &oldest).await.expect(200);
    sign_in(&app, Who::Expert1).await;
    me(&app, &oldest).await.expect_problem(401, "unauthenticated");
    me(&app, &next).await.expect(200);
    let started = &newest_events(&app, 1).await[0];
    assert_eq!(
        (&started["action"], &started["changes"]["sessionsEnded"]["after"]),
        (&json!("session.started"), &json!(2))
    );
}

/// Runs each operation that ends sessions at the same time as a refresh.
#[tokio::test]
async fn a_session_that_ends_during_a_refresh_stays_ended() {
    let app = TestApp::start().await;
    let administrator = app.as_administrator();
    let path = format!("/v1/users/{}", app.world().user(Who::Expert1));
    for round in 0..5 {
        for way in ["logout", "invitation", "disabled"] {
            let first = sign_in(&app, Who::Expert1).await;
            let end = async {
                match way {
                    "logout" => {
                        let body = json!({ "refreshToken": first["refreshToken"] });
                        app.as_anybody().post("/v1/auth/logout", body).await.expect(204);
                    }
                    "invitation" => {
                        let invite = Draft::new(Method::POST, format!("{path}/invitations"));
                        administrator.send(invite).await.expect(201);
                    }
                    _ => {
                        let user = administrator.read(path.as_str()).await;
                        administrator.transition_because(&user, "disabled", "Left the city").await;
                    }
                }
            };
            let (refreshed, ()) = tokio::join!(refresh(&app, &first), end);
            if refreshed.status == 200 {
                me(&app, &refreshed.json()).await.expect_problem(401, "unauthenticated");
                refresh(&app, &refreshed.json()).await.expect_problem(401, "invalidCredentials");
            }
            me(&app, &first).await.expect_problem(401, "unauthenticated");
            if way == "disabled" {
                let user = administrator.read(path.as_str()).await;
                administrator.transition(&user, "active").await;
            }
            let running = format!(
                "select count(*) from sessions where ended_at is null and user_id = '{}' and user_agent = 'test'",
                app.world().user(Who::Expert1)
            );
            assert_eq!(app.db_count(&running).await, 0, "{way}, round {round}");
        }
    }
}

#[tokio::test]
async fn of_two_who_accept_an_invitation_at_once_one_is_let_in() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        let path = format!("/v1/users/{}/invitations", app.world().user(Who::Expert1));
        let invited = app.as_administrator().send(Draft::new(Method::POST, path)).await.expect(201).json();
        let accept = || {
            let body = json!({ "token": invited["invitationToken"], "password": PASSWORD });
            app.as_anybody().send_with_retry(Draft::post("/v1/auth/invitations/accept", &body))
        };
        let (one, other) = tokio::join!(accept(), accept());
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }
}

#[tokio::test]
async fn a_session_is_refreshed_so_often_and_no_more() {
    let app = TestApp::start().await;
    let first = sign_in(&app, Who::Expert1).await;
    app.db().await.execute("update sessions set refreshes = 9999", &[]).await.unwrap();
    let last = refresh(&app, &first).await.expect(200).json();
    refresh(&app, &last).await.expect_problem(401, "invalidCredentials");
}

#[tokio::test]
async fn a_session_ends_a_month_after_it_began_to_the_microsecond() {
    let app = TestApp::start().await;
    let mut tokens = sign_in(&app, Who::Expert1).await;
    for _ in 0..4 {
        app.advance(TimeDelta::days(7) - TimeDelta::microseconds(1));
        tokens = refresh(&app, &tokens).await.expect(200).json();
    }
    app.advance(TimeDelta::days(2) + TimeDelta::microseconds(3));
    tokens = refresh(&app, &tokens).await.expect(200).json();
    me(&app, &tokens).await.expect(200);
    // The access token would live for a quarter of an hour; the session does not.
    app.advance(TimeDelta::microseconds(1));
    me(&app, &tokens).await.expect_problem(401, "unauthenticated");
    refresh(&app, &tokens).await.expect_problem(401, "invalidCredentials");
}

#[tokio::test]
async fn a_user_sees_all_of_their_sessions() {
    let app = TestApp::start().await;
    let before = list(&app, &sign_in_with(&app, Who::Expert1, "first").await).await.len();
    app.advance(TimeDelta::minutes(1));
    let long = format!("Mozilla/5.0 {}", "x".repeat(300));
    let tokens = sign_in_with(&app, Who::Expert1, &long).await;
    let sessions = list(&app, &tokens).await;
    assert_eq!(sessions.len(), before + 1);
    assert_eq!(sessions[0]["current"], true);
    assert_eq!(sessions[0]["userAgent"].as_str().unwrap().len(), 200);
    assert_eq!((&sessions[1]["current"], &sessions[1]["userAgent"]), (&json!(false), &json!("first")));
    assert_eq!(sessions[0]["createdAt"], "2026-11-22T09:01:00Z");
    assert_eq!(sessions[0]["expiresAt"], "2026-11-29T09:01:00Z");
    app.advance(TimeDelta::minutes(1));
    let tokens = refresh(&app, &tokens).await.expect(200).json();
    let sessions = list(&app, &tokens).await;
    assert_eq!(sessions[0]["lastUsedAt"], "2026-11-22T09:02:00Z");
    assert_eq!(sessions[0]["createdAt"], "2026-11-22T09:01:00Z");
    // Page by page, the list is the same, and no session of another user is in it.
    let first = with(&app, &tokens, Draft::get("/v1/me/sessions?limit=1")).await.expect(200).json();
    assert_eq!(first["items"], json!([sessions[0]]));
    let next = format!("/v1/me/sessions?limit=1&cursor={}", first["next"].as_str().unwrap());
    assert_eq!(with(&app, &tokens, Draft::get(next)).await.expect(200).json()["items"], json!([sessions[1]]));
    let others = list(&app, &sign_in(&app, Who::Expert2).await).await;
    assert!(others.iter().all(|other| sessions.iter().all(|own| own["id"] != other["id"])));
}

#[tokio::test]
async fn a_session_is_ended_from_another_one_and_by_nobody_else() {
    let app = TestApp::start().await;
    let (lost, here) = (sign_in(&app, Who::Expert1).await, sign_in(&app, Who::Expert1).await);
    let lost_id = list(&app, &here).await[1]["id"].as_str().unwrap().to_owned();
    let end = |id: &str| Draft::new(Method::DELETE, format!("/v1/me/sessions/{id}"));
    let stranger = sign_in(&app, Who::Expert2).await;
    let theirs = with(&app, &stranger, end(&lost_id)).await;
    let nobodys = with(&app, &stranger, end("0199f0c2-7a3b-7c11-9d2e-000000000001")).await;
    let problem_of = |answer: Answer| {
        let mut problem = answer.expect_problem(404, "notFound");
        problem["requestId"].take();
        problem
    };
    assert_eq!(problem_of(theirs), problem_of(nobodys));
    me(&app, &lost).await.expect(200);

    with(&app, &here, end(&lost_id)).await.expect(204);
    me(&app, &lost).await.expect_problem(401, "unauthenticated");
    refresh(&app, &lost).await.expect_problem(401, "invalidCredentials");
    with(&app, &here, end(&lost_id)).await.expect_problem(404, "notFound");
    let ended = newest_events(&app, 1).await;
    assert_eq!(ended[0]["action"], "session.ended");
    let subject = &ended[0]["subject"];
    assert_eq!((&subject["kind"], &subject["id"]), (&json!("session"), &json!(lost_id)));
    assert_eq!((&subject["title"]["en"], &subject["href"]), (&json!("Expert1"), &Value::Null));
    assert_eq!(ended[0]["actor"]["id"], app.world().user(Who::Expert1));
    // The current session ends, too.
    let here_id = list(&app, &here).await[0]["id"].as_str().unwrap().to_owned();
    with(&app, &here, end(&here_id)).await.expect(204);
    me(&app, &here).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn every_start_and_end_of_a_session_leaves_an_event() {
    let app = TestApp::start().await;
    let administrator = app.as_administrator();
    let user = app.world().user(Who::Expert1);
    let expect = async |action: &str, ended: Value| {
        let event = newest_events(&app, 1).await.remove(0);
        assert_eq!(event["action"], action);
        assert_eq!(event["changes"]["sessionsEnded"]["after"], ended, "{event}");
        event
    };
    // Sessions from before the test have ended, so that they are not counted.
    app.advance(TimeDelta::days(8));
    administrator.get("/v1/me").await.expect(200);
    let tokens = sign_in(&app, Who::Expert1).await;
    let started = expect("session.started", Value::Null).await;
    refresh(&app, &tokens).await.expect(200);
    assert_eq!(expect("session.refreshed", Value::Null).await["subject"], started["subject"]);
    app.advance(TimeDelta::seconds(10));
    refresh(&app, &tokens).await.expect(401);
    let ended = expect("session.ended", Value::Null).await;
    assert_eq!((&ended["subject"], &ended["actor"]["kind"]), (&started["subject"], &json!("system")));

    let tokens = sign_in(&app, Who::Expert1).await;
    let out = json!({ "refreshToken": tokens["refreshToken"] });
    app.as_anybody().post("/v1/auth/logout", out).await.expect(204);
    assert_eq!(expect("session.ended", Value::Null).await["actor"]["id"], user);

    for _ in 0..2 {
        sign_in(&app, Who::Expert1).await;
    }
    let it = administrator.read(format!("/v1/users/{user}")).await;
    let it = administrator.transition_because(&it, "disabled", "Left the city").await;
    expect("user.transitioned", json!(2)).await;
    administrator.transition(&it, "active").await;
    expect("user.transitioned", Value::Null).await;

    sign_in(&app, Who::Expert1).await;
    let invitations = format!("/v1/users/{user}/invitations");
    let invited = administrator.send(Draft::new(Method::POST, invitations)).await.expect(201).json();
    expect("invitation.created", json!(1)).await;
    sign_in(&app, Who::Expert1).await;
    let acceptance = json!({ "token": invited["invitationToken"], "password": "three wooden ships at noon" });
    app.as_anybody().post("/v1/auth/invitations/accept", acceptance).await.expect(200);
    expect("invitation.accepted", json!(1)).await;
}

#[tokio::test]
async fn where_sessions_end_the_tokens_of_another_issuer_end_with_them() {
    let app = TestApp::start().await;
    let administrator = app.as_administrator();
    let path = format!("/v1/users/{}/invitations", app.world().user(Who::Expert1));
    administrator.send(Draft::new(Method::POST, path)).await.expect(201);
    let ended = "select count(*) from users where sessions_ended_at = '2026-11-22T09:00:00Z'
        and email = 'expert1@council.example'";
    assert_eq!(app.db_count(ended).await, 1);
}
