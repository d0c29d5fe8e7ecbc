//! Notifications by e-mail: told at once or in the daily digest, once each, until the reader ends them.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::background::BackgroundWork;
use crate::support::client::Draft;
use crate::support::mail::{Received, Reply, TestMailServer, start_with};
use crate::support::sign_in::sign_in;
use crate::support::votes::{all_vote, ready_policy_step, submit};
use crate::support::world::PANEL;
use crate::support::{Setup, TestApp, Who};

async fn with_mail(server: &TestMailServer) -> TestApp {
    start_with(server.mailing()).await
}

/// Waits until the database counts a number.
async fn wait_for_count(app: &TestApp, query: &str, number: i64) {
    for _ in 0..1500 {
        if app.db_count(query).await == number {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{query}: {} and not {number}", app.db_count(query).await);
}

/// The path of the link that ends the e-mails, as a program for mail reads it.
fn unsubscribe_path(email: &Received) -> String {
    assert_eq!(email.header("List-Unsubscribe-Post").as_deref(), Some("List-Unsubscribe=One-Click"));
    let header = email.header("List-Unsubscribe").unwrap();
    let address = header.trim_start_matches('<').trim_end_matches('>');
    address.strip_prefix("https://taskforce.example").unwrap().to_owned()
}

/// What a program for mail sends when its user ends e-mails.
async fn one_click(app: &TestApp, path: &str) -> crate::support::Answer {
    let body = ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click");
    app.as_anybody().send(Draft::new(Method::POST, path).body(body.0, body.1)).await
}

#[tokio::test]
async fn members_are_told_of_a_vote_and_of_its_outcome_without_asking() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    ready_policy_step(&app).await;
    let _work = BackgroundWork::of(&app);
    let submission = submit(app.as_chair(), "policy").await;
    for who in &PANEL[1..] {
        let email = server.wait_for(&who.email(), 1).await.remove(0);
        assert!(email.subject().contains("your vote is needed"), "{}", email.subject());
        assert!(email.html().contains("dir=\"ltr\"") && email.text().contains("Alpha"), "{}", email.text());
        // The time is that of the task force: noon in Amman.
        assert!(email.text().contains("22 November 2026, 12:00"), "{}", email.text());
    }
    assert!(
        server.received().iter().all(|email| email.recipient != Who::Chair.email()),
        "nobody is told of an own deed"
    );
    app.advance(TimeDelta::minutes(3));
    all_vote(&app, &submission, "approve", &PANEL[..4]).await;
    let outcome = server.wait_for(&Who::Expert5.email(), 2).await.remove(1);
    assert!(outcome.subject().contains("passed"), "{}", outcome.subject());
    // Each notification is in one e-mail.
    let twice = "select count(*) from (
        select unnest(notification_ids) as id from emails group by 1 having count(*) > 1) twice";
    assert_eq!(app.db_count(twice).await, 0);
}

#[tokio::test]
async fn what_is_new_within_two_minutes_comes_together() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    let _work = BackgroundWork::of(&app);
    let mentioned = async |text: &str| {
        let activity = app.as_chair().create_activity(json!({})).await;
        let comment = json!({ "text": text, "mentionIds": [app.world().member(Who::Expert1)] });
        app.as_chair().post(format!("{}/comments", activity.path), comment).await.expect(201);
    };
    mentioned("First").await;
    let first = server.wait_for(&Who::Expert1.email(), 1).await.remove(0);
    assert!(first.subject().contains("mentioned you"), "{}", first.subject());
    mentioned("Second").await;
    mentioned("Third").await;
    wait_for_count(&app, "select count(*) from notifications where kind = 'mentioned'", 3).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(server.received().len(), 1, "{:?}", server.received());
    app.advance(TimeDelta::minutes(2) + TimeDelta::seconds(1));
    let together = server.wait_for(&Who::Expert1.email(), 2).await.remove(1);
    assert_eq!(together.text().matches("mentioned you").count(), 2, "{}", together.text());
    assert!(together.subject().contains("(2)"), "{}", together.subject());

    // After many e-mails on a day, the pause is an hour.
    let many = "insert into emails (id, user_id, kind, state, next_attempt_at, created_at, finished_at)
        select gen_random_uuid(), user_id, kind, state, next_attempt_at, created_at - interval '2 hours', finished_at
        from emails cross join generate_series(1, 10) where kind = 'news' and state = 'sent'";
    wait_for_count(&app, "select count(*) from emails where kind = 'news' and state = 'sent'", 2).await;
    app.db().await.batch_execute(many).await.unwrap();
    mentioned("Fourth").await;
    wait_for_count(&app, "select count(*) from notifications where kind = 'mentioned'", 4).await;
    app.advance(TimeDelta::minutes(3));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(server.received().len(), 2, "{:?}", server.received());
    app.advance(TimeDelta::hours(1));
    server.wait_for(&Who::Expert1.email(), 3).await;
}

#[tokio::test]
async fn a_digest_comes_once_a_day_in_the_language_and_at_the_hour_of_its_reader() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    let _work = BackgroundWork::of(&app);
    let arabic = "update users set locale = 'ar' where id = $1::text::uuid";
    app.db().await.execute(arabic, &[&app.world().user(Who::Expert1)]).await.unwrap();
    for _ in 0..3 {
        app.as_chair().create_activity(json!({ "assigneeId": app.world().member(Who::Expert1) })).await;
    }
    let told = "select count(*) from notifications where kind = 'activityAssigned' and email = 'digest'";
    wait_for_count(&app, told, 3).await;
    // It is noon in Amman; the digest comes at seven in the morning.
    app.advance(TimeDelta::hours(18));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(server.received().is_empty(), "{:?}", server.received());
    app.advance(TimeDelta::hours(1));
    let digest = server.wait_for(&Who::Expert1.email(), 1).await.remove(0);
    assert_eq!(digest.subject(), "الملخص اليومي، 23 نوفمبر 2026");
    assert!(digest.html().contains("dir=\"rtl\"") && digest.html().matches("أُسند إليك النشاط").count() == 3);
    // Nothing new, no digest.
    app.advance(TimeDelta::days(1));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn two_services_on_one_database_tell_each_person_once() {
    let server = TestMailServer::start();
    let first = with_mail(&server).await;
    let second =
        TestApp::over(first.database.clone(), Setup { mail: Some(server.mailing()), ..Setup::default() })
            .await;
    ready_policy_step(&first).await;
    let _work = [BackgroundWork::of(&first), BackgroundWork::of(&second)];
    submit(first.as_chair(), "policy").await;
    for who in &PANEL[1..] {
        server.wait_for(&who.email(), 1).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(server.received().len(), PANEL.len() - 1, "{:?}", server.received());
}

#[tokio::test]
async fn one_click_ends_emails_of_a_kind_and_opening_the_page_ends_nothing() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    ready_policy_step(&app).await;
    let _work = BackgroundWork::of(&app);
    let submission = submit(app.as_chair(), "policy").await;
    let email = server.wait_for(&Who::Expert1.email(), 1).await.remove(0);
    let path = unsubscribe_path(&email);
    let page = app.as_anybody().get(path.as_str()).await.expect(200);
    assert!(page.text().contains("A submission waits for your vote"), "{}", page.text());
    let ended = "select count(*) from notification_settings";
    assert_eq!(app.db_count(ended).await, 0);
    for _ in 0..2 {
        let done = one_click(&app, &path).await.expect(200);
        assert!(done.text().contains("These e-mails have ended"), "{}", done.text());
    }
    let choice =
        "select choices #>> '{voteOpened,email}' from notification_settings where user_id = $1::text::uuid";
    let row = app.db().await.query_one(choice, &[&app.world().user(Who::Expert1)]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "never");
    app.advance(TimeDelta::minutes(3));
    crate::support::votes::withdraw(app.as_chair(), &app.as_chair().reload(&submission).await)
        .await
        .expect(200);
    submit(app.as_chair(), "policy").await;
    server.wait_for(&Who::Expert2.email(), 2).await;
    let told: Vec<_> =
        server.received().into_iter().filter(|email| email.recipient == Who::Expert1.email()).collect();
    assert!(told.iter().skip(1).all(|email| !email.text().contains("your vote is needed")), "{told:?}");

    // A link that somebody else has made ends nothing.
    let (start, _) = path.rsplit_once('.').unwrap();
    for forged in
        [format!("{start}.AAAA"), "/s/unsubscribe/x".to_owned(), format!("{start}A{}", &path[start.len()..])]
    {
        app.as_anybody().get(forged.as_str()).await.expect(404);
        one_click(&app, &forged).await.expect(404);
    }
}

#[tokio::test]
async fn nobody_gets_news_at_an_address_that_is_refused_or_of_a_task_force_they_have_left() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    ready_policy_step(&app).await;
    server.reply(&Who::Expert1.email(), Reply::Refuse(550, "5.1.1 User unknown"));
    let _work = BackgroundWork::of(&app);
    submit(app.as_chair(), "policy").await;
    let disabled = "select count(*) from users where email_disabled_at is not null";
    wait_for_count(&app, disabled, 1).await;
    let listed = app.as_expert().get("/v1/me/notifications").await.expect(200).json();
    assert!(listed["unreadCount"].as_i64().unwrap() > 0, "the notification is still there: {listed}");
    // Beyond the first refusal, nothing is sent to the address.
    app.advance(TimeDelta::minutes(3));
    // The step that is put to the vote takes no more activities.
    let activity = app.as_chair().create_activity(json!({ "step": "sectors" })).await;
    let mention = |who| json!({ "text": "Look", "mentionIds": [app.world().member(who)] });
    let comments = format!("{}/comments", activity.path);
    app.as_chair().post(comments.as_str(), mention(Who::Expert1)).await.expect(201);
    app.as_chair().post(comments.as_str(), mention(Who::Expert2)).await.expect(201);
    server.wait_for(&Who::Expert2.email(), 2).await;
    assert_eq!(server.attempts(&Who::Expert1.email()), 1);
}

#[tokio::test]
async fn emails_show_no_comment_text_and_no_values_that_act_as_html() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    let _work = BackgroundWork::of(&app);
    let title = json!({ "title": { "en": "<b>Bold</b> & \"quoted\"" } });
    let activity = app.as_chair().create_activity(title).await;
    let comment: Value =
        json!({ "text": "Confidential words", "mentionIds": [app.world().member(Who::Expert1)] });
    app.as_chair().post(format!("{}/comments", activity.path), comment).await.expect(201);
    let email = server.wait_for(&Who::Expert1.email(), 1).await.remove(0);
    assert!(!email.raw.contains("Confidential") && !email.text().contains("Confidential"));
    assert!(!email.html().contains("<b>") && email.html().contains("&#60;b&#62;Bold"), "{}", email.html());
}

#[tokio::test]
async fn a_person_is_invited_votes_and_learns_the_outcome_by_email_alone() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    ready_policy_step(&app).await;
    let _work = BackgroundWork::of(&app);
    let address = "lina@city.example";
    let new = json!({ "email": address, "name": { "ar": "لينا" }, "role": "expert", "locale": "ar" });
    let user = app.as_secretariat().create("/v1/users", new).await;
    let seat = json!({ "userId": user["id"], "role": "expert" });
    app.as_secretariat().post(app.a("/members"), seat).await.expect(201);

    // The first e-mail leads to the page on which the person chooses a password.
    let page = server.wait_for(address, 1).await.remove(0).page_path();
    let password = "three wooden ships at noon";
    let fields = serde_urlencoded::to_string([("password", password), ("repeated", password)]).unwrap();
    let draft = Draft::new(Method::POST, page).body("application/x-www-form-urlencoded", fields);
    app.as_anybody().send(draft).await.expect(200);
    let appointed = server.wait_for(address, 2).await.remove(1);
    assert!(
        appointed.html().contains("dir=\"rtl\"") && appointed.text().contains("Alpha"),
        "{}",
        appointed.text()
    );

    app.advance(TimeDelta::minutes(3));
    let submission = submit(app.as_chair(), "policy").await;
    let told = server.wait_for(address, 3).await.remove(2);
    assert!(told.subject().contains("بانتظار تصويتك"), "{}", told.subject());
    let signed_in = sign_in(&app, address, password).await.expect(200).json();
    let bearer = format!("Bearer {}", signed_in["accessToken"].as_str().unwrap());
    let vote = Draft::new(Method::PUT, format!("{}/votes/mine", submission.path))
        .json(&json!({ "choice": "approve" }))
        .header("Authorization", &bearer);
    app.as_anybody().send(vote).await.expect(200);

    app.advance(TimeDelta::minutes(3));
    all_vote(&app, &submission, "approve", &PANEL[..3]).await;
    let outcome = server.wait_for(address, 4).await.remove(3);
    assert!(outcome.subject().contains("أقرّ الأعضاء"), "{}", outcome.subject());
}
