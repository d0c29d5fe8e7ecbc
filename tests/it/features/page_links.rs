//! Page links: opened once, by a person, and no longer than the session and the rights behind them.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::field_errors;
use crate::support::app::PASSWORD;
use crate::support::client::Draft;
use crate::support::{Answer, Client, TestApp, Who};

/// Makes a link; returns the path of the page.
async fn linked(client: Client<'_>, new: Value) -> String {
    client.post("/v1/me/page-links", new).await.expect(200).page_path()
}

fn status(app: &TestApp) -> Value {
    json!({ "page": "status", "taskForceId": app.world().a })
}

/// Presses the button; returns the answer and the cookie that the browser gets.
async fn press(app: &TestApp, page: &str) -> (Answer, String) {
    let answer = app.as_anybody().send(Draft::new(Method::POST, page)).await;
    let cookie = answer.header("set-cookie").to_owned();
    (answer, cookie)
}

async fn read(app: &TestApp, page: &str, cookie: &str) -> Answer {
    let pair = cookie.split(';').next().unwrap();
    app.as_anybody().send(Draft::get(page).header("Cookie", pair)).await
}

#[tokio::test]
async fn a_link_is_opened_once_by_a_button_and_read_where_it_was_opened() {
    let app = TestApp::start().await;
    let page = linked(app.as_who(Who::CouncilMember), status(&app)).await;
    // Programs that look at links ask for the page, and press no button.
    for method in [Method::HEAD, Method::GET, Method::GET] {
        let preview = app.as_anybody().send(Draft::new(method, page.as_str())).await.expect(200);
        assert!(!preview.text().contains("Alpha") && preview.header("set-cookie").is_empty());
    }
    let (opened, cookie) = press(&app, &page).await;
    assert_eq!((opened.status, opened.header("location")), (303, format!("{page}?lang=en").as_str()));
    assert_eq!(opened.header("cache-control"), "no-store");
    for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Max-Age=43200", &format!("Path={page}")] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    assert!(cookie.starts_with("__Secure-taskforce-page="), "{cookie}");
    assert!(read(&app, &page, &cookie).await.expect(200).text().contains("Alpha"));

    // Nobody else opens the link again or reads the page, and the page tells who has opened it what to do.
    press(&app, &page).await.0.expect(404);
    let elsewhere = app.as_anybody().get(page.as_str()).await.expect(200);
    assert!(elsewhere.text().contains("This link has been opened") && !elsewhere.text().contains("Alpha"));
    let other_secret = format!("__Secure-taskforce-page={}", "A".repeat(43));
    assert_eq!(read(&app, &page, &other_secret).await.text(), elsewhere.text());
    let other = linked(app.as_who(Who::CouncilMember), json!({ "page": "portfolio" })).await;
    assert!(
        !read(&app, &other, &cookie).await.expect(200).text().contains("Alpha"),
        "a cookie is of one page"
    );

    app.advance(TimeDelta::hours(12) - TimeDelta::microseconds(1));
    read(&app, &page, &cookie).await.expect(200);
    app.advance(TimeDelta::microseconds(1));
    read(&app, &page, &cookie).await.expect(404);
}

#[tokio::test]
async fn a_link_that_is_not_opened_ends_after_ten_minutes() {
    let app = TestApp::start().await;
    let page = linked(app.as_expert(), status(&app)).await;
    app.advance(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
    app.as_anybody().get(page.as_str()).await.expect(200);
    app.advance(TimeDelta::microseconds(1));
    let ended = app.as_anybody().get(page.as_str()).await.expect(404);
    press(&app, &page).await.0.expect(404);
    let unknown = app.as_anybody().get(format!("/s/once-{}", "A".repeat(43))).await;
    assert_eq!(ended.text(), unknown.text());
}

#[tokio::test]
async fn of_many_who_press_the_button_at_once_one_reads() {
    let app = TestApp::start().await;
    let page = linked(app.as_expert(), status(&app)).await;
    let presses = (0..8).map(|_| async { press(&app, &page).await.0.status });
    let mut statuses = futures_util::future::join_all(presses).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![303], vec![404; 7]].concat());
}

#[tokio::test]
async fn a_link_goes_to_what_its_maker_may_read_and_exists() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let refused = async |new: Value, expected: &[&str]| {
        expert.post("/v1/me/page-links", new).await.expect_field_errors(expected);
    };
    let b = app.world().b.clone();
    let report = json!({ "page": "report", "taskForceId": app.world().a, "reportNumber": 7 });
    for (new, expected) in [
        (json!({ "page": "status", "taskForceId": b }), "/taskForceId unknownReference"),
        (report, "/reportNumber unknownReference"),
    ] {
        let problem = expert.post("/v1/me/page-links", new).await.expect_problem(400, "unknownReference");
        assert_eq!(field_errors(&problem), [expected]);
    }
    refused(json!({ "page": "status" }), &["/taskForceId required"]).await;
    refused(json!({ "page": "portfolio", "taskForceId": b }), &["/taskForceId notAllowed"]).await;
    refused(json!({ "page": "calendar" }), &["/page notAllowed"]).await;
    expert.post("/v1/me/page-links", json!({ "page": "portfolio" })).await.expect_problem(403, "forbidden");
    linked(app.as_who(Who::CouncilMember), json!({ "page": "portfolio" })).await;
    let key = app.as_who(Who::ReadOnlyKey).post("/v1/me/page-links", status(&app)).await;
    key.expect_problem(403, "insufficientScope");
}

#[tokio::test]
async fn reading_ends_with_the_session_the_seat_and_the_account() {
    let app = TestApp::start().await;
    let opened = async |who: Who| {
        let page = linked(app.as_who(who), status(&app)).await;
        let cookie = press(&app, &page).await.1;
        read(&app, &page, &cookie).await.expect(200);
        (page, cookie)
    };
    // The session in which the link was made.
    let credentials = json!({ "email": Who::Expert1.email(), "password": PASSWORD });
    let session = app.as_anybody().post("/v1/auth/login", credentials).await.expect(200).json();
    app.use_token(Who::Expert1, session["accessToken"].as_str().unwrap());
    let (page, cookie) = opened(Who::Expert1).await;
    let unopened = linked(app.as_expert(), status(&app)).await;
    let out = json!({ "refreshToken": session["refreshToken"] });
    app.as_anybody().post("/v1/auth/logout", out).await.expect(204);
    read(&app, &page, &cookie).await.expect(404);
    press(&app, &unopened).await.0.expect(404);

    // The seat.
    let (page, cookie) = opened(Who::Expert5).await;
    let seat = app.as_chair().read(app.a(&format!("/members/{}", app.world().member(Who::Expert5)))).await;
    app.as_chair().command(&seat, "end", json!({ "reason": { "en": "Moved away" } })).await.expect(200);
    read(&app, &page, &cookie).await.expect(404);

    // The account.
    let (page, cookie) = opened(Who::CouncilMember).await;
    let administrator = app.as_administrator();
    let user = administrator.read(format!("/v1/users/{}", app.world().user(Who::CouncilMember))).await;
    administrator.transition_because(&user, "disabled", "Left").await;
    read(&app, &page, &cookie).await.expect(404);
}

#[tokio::test]
async fn twenty_links_are_kept_and_expired_ones_deleted() {
    let app = TestApp::start().await;
    let first = linked(app.as_expert(), status(&app)).await;
    for _ in 0..20 {
        app.advance(TimeDelta::seconds(1));
        linked(app.as_expert(), status(&app)).await;
    }
    app.as_anybody().get(first).await.expect(404);
    assert_eq!(app.db_count("select count(*) from page_links").await, 20);
    app.advance(TimeDelta::hours(25));
    app.app.delete_expired().await.unwrap();
    assert_eq!(app.db_count("select count(*) from page_links").await, 0);
}
