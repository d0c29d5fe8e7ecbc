//! Invitations and forgotten passwords by e-mail, and the page on which people set their passwords.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use taskforce::auth::throttle::Limits;
use taskforce::http::server::Settings;

use crate::support::app::PASSWORD;
use crate::support::background::BackgroundWork;
use crate::support::client::Draft;
use crate::support::mail::{Received, Reply, TestMailServer, mailing, start_with, wait_until};
use crate::support::sign_in::sign_in;
use crate::support::{Answer, Setup, TestApp, Who};

const NEW_PASSWORD: &str = "three wooden ships at noon";

async fn with_mail(server: &TestMailServer) -> TestApp {
    start_with(server.mailing()).await
}

fn invitation(email: &str, locale: &str) -> Value {
    let name = json!({ "ar": "د. لينا البرغوثي", "en": "Dr Lina Barghouti" });
    json!({ "email": email, "name": name, "role": "expert", "locale": locale })
}

/// Fills in the fields of the page, and presses the button.
async fn fill_in(app: &TestApp, page: &str, password: &str, repeated: &str) -> Answer {
    let fields = serde_urlencoded::to_string([("password", password), ("repeated", repeated)]).unwrap();
    let draft = Draft::new(Method::POST, page).body("application/x-www-form-urlencoded", fields);
    app.as_anybody().send(draft).await
}

async fn ask(app: &TestApp, email: &str) -> Answer {
    app.as_anybody().post("/v1/auth/password-reset", json!({ "email": email })).await
}

fn token_of(email: &Received) -> String {
    let path = email.page_path();
    path.trim_start_matches("/s/password/").split('?').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_invited_person_gets_an_email_and_chooses_the_first_password_on_a_page() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    let _work = BackgroundWork::of(&app);
    let made = app
        .as_secretariat()
        .post("/v1/users", invitation("lina@city.example", "ar"))
        .await
        .expect(201)
        .json();
    assert_eq!(made["invitationEmailed"], true);
    let [email] = &server.wait_for("lina@city.example", 1).await[..] else { panic!("one e-mail") };
    assert_eq!(email.subject(), "دعوتك إلى منصة فرق عمل المدينة الذكية");
    assert_eq!(email.to(), ("د. لينا البرغوثي".to_owned(), "lina@city.example".to_owned()));
    assert_eq!(email.header("Content-Language").as_deref(), Some("ar"));
    assert!(email.html().contains("dir=\"rtl\"") && email.text().contains("29 نوفمبر 2026"));
    // The page of the e-mail is the one that the secretariat could have handed over.
    let page = email.page_path();
    assert_eq!(made["invitationUrl"].as_str().unwrap(), format!("https://taskforce.example{page}"));

    // Opening the page uses nothing up.
    for method in [Method::HEAD, Method::GET, Method::GET] {
        let form = app.as_anybody().send(Draft::new(method.clone(), page.as_str())).await.expect(200);
        assert!(method == Method::HEAD || form.text().contains("اختيار كلمة المرور"));
    }
    for (password, repeated, said) in [
        ("short", "short", "أقصر من المطلوب"),
        (NEW_PASSWORD, "another one at noon", "مختلفتان"),
        ("lina@city.example", "lina@city.example", "شائعة أو سهلة التخمين"),
        (&"a".repeat(257), &"a".repeat(257), "أطول من المسموح"),
    ] {
        let refused = fill_in(&app, &page, password, repeated).await.expect(400);
        assert!(refused.text().contains(said), "{}", refused.text());
    }
    let set = fill_in(&app, &page, NEW_PASSWORD, NEW_PASSWORD).await.expect(200);
    assert!(set.text().contains("عُيِّنت كلمة مرورك") && set.header("set-cookie").is_empty());
    let session = sign_in(&app, "lina@city.example", NEW_PASSWORD).await.expect(200).json();
    let sessions = "select count(*) from sessions s join users u on u.id = s.user_id
        where u.email = 'lina@city.example'";
    assert_eq!(app.db_count(sessions).await, 1, "the page signs nobody in: {session}");
    // The link is used up.
    app.as_anybody().get(page.as_str()).await.expect(404);
    fill_in(&app, &page, NEW_PASSWORD, NEW_PASSWORD).await.expect(404);
}

#[tokio::test]
async fn an_invitation_that_was_replaced_or_accepted_before_it_was_sent_is_not_sent() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    let made = app.as_secretariat().create("/v1/users", invitation("lina@city.example", "en")).await;
    let again = format!("/v1/users/{}/invitations", made.id());
    let again = app.as_secretariat().send(Draft::new(Method::POST, again)).await.expect(201).json();
    assert_ne!(made["invitationToken"], again["invitationToken"]);
    let _work = BackgroundWork::of(&app);
    let obsolete = "select count(*) from emails where state = 'obsolete'";
    for _ in 0..500 {
        if app.db_count(obsolete).await == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let emails = server.wait_for("lina@city.example", 1).await;
    assert_eq!(emails.len(), 1);
    assert_eq!(token_of(&emails[0]), again["invitationToken"].as_str().unwrap());
}

#[tokio::test]
async fn a_forgotten_password_is_set_by_the_link_of_an_email() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    let _work = BackgroundWork::of(&app);
    let address = Who::Expert1.email();
    let session = sign_in(&app, &address, PASSWORD).await.expect(200).json();
    ask(&app, &address.to_uppercase()).await.expect(204);
    let email = server.wait_for(&address, 1).await.remove(0);
    assert_eq!(email.subject(), "Choose a new password");
    // Nothing has changed so far: everybody can ask.
    sign_in(&app, &address, PASSWORD).await.expect(200);

    let reset = json!({ "token": token_of(&email), "password": NEW_PASSWORD });
    let tokens = app
        .as_anybody()
        .send(Draft::new(Method::PUT, "/v1/auth/password-reset").json(&reset))
        .await
        .expect(200)
        .json();
    app.use_token(Who::Expert1, tokens["accessToken"].as_str().unwrap());
    app.as_expert().get("/v1/me").await.expect(200);
    sign_in(&app, &address, PASSWORD).await.expect(401);
    sign_in(&app, &address, NEW_PASSWORD).await.expect(200);
    let refresh = json!({ "refreshToken": session["refreshToken"] });
    app.as_anybody().post("/v1/auth/refresh", refresh).await.expect_problem(401, "invalidCredentials");
    // The person is told, and the link works once.
    let told = server.wait_for(&address, 2).await.remove(1);
    assert_eq!(told.subject(), "Your password was changed");
    let again = Draft::new(Method::PUT, "/v1/auth/password-reset").json(&reset);
    app.as_anybody().send(again).await.expect_problem(401, "invalidCredentials");
    app.as_anybody().get(email.page_path()).await.expect(404);

    let events = app.as_administrator().list("/v1/installation-events").await;
    let of_resets = |action: &str| events.iter().filter(|event| event["action"] == action).count();
    assert_eq!((of_resets("user.passwordResetRequested"), of_resets("user.passwordReset")), (1, 1));
}

#[tokio::test]
async fn the_answer_tells_nobody_who_has_an_account_and_only_users_with_a_password_get_an_email() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    let _work = BackgroundWork::of(&app);
    app.as_secretariat().create("/v1/users", invitation("invited@city.example", "en")).await;
    server.wait_for("invited@city.example", 1).await;
    let known = ask(&app, &Who::Expert2.email()).await.expect(204);
    for unknown in [
        "nobody@city.example".to_owned(),
        "invited@city.example".to_owned(),
        Who::DisabledUser.email(),
        "no address \0".to_owned(),
    ] {
        let answer = ask(&app, &unknown).await.expect(204);
        assert_eq!(answer.body, known.body);
        assert_eq!(answer.headers.len(), known.headers.len());
    }
    server.wait_for(&Who::Expert2.email(), 1).await;
    let mut waiting = app.db_count("select count(*) from password_reset_requests").await;
    for _ in 0..500 {
        if waiting == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        waiting = app.db_count("select count(*) from password_reset_requests").await;
    }
    assert_eq!(waiting, 0);
    assert_eq!(server.received().len(), 2, "{:?}", server.received());
}

#[tokio::test]
async fn requests_are_throttled_by_the_network_of_the_client_and_never_by_the_account() {
    let trust = |settings: &mut Settings| settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let setup = Setup { reset_throttle: Limits::RESETS, adjust: Box::new(trust), ..Setup::default() };
    let app = TestApp::start_with(setup).await;
    let ask_from = async |client: &str, email: &str| {
        let draft = Draft::post("/v1/auth/password-reset", &json!({ "email": email }));
        app.as_anybody().send(draft.header("X-Forwarded-For", client)).await
    };
    let owner = Who::Expert1.email();
    for _ in 0..15 {
        ask_from("2001:db8:0:1::1", &owner).await.expect(204);
        ask_from("2001:db8:0:1::2", "nobody@city.example").await.expect(204);
    }
    for address in [&*owner, "nobody@city.example", &Who::Expert2.email()] {
        ask_from("2001:db8:0:1::3", address).await.expect_problem(429, "tooManyAttempts");
    }
    ask_from("2001:db8:0:2::1", &owner).await.expect(204);
    app.advance(TimeDelta::minutes(2));
    ask_from("2001:db8:0:1::1", &owner).await.expect(204);
}

#[tokio::test]
async fn nobody_who_knows_an_address_keeps_its_owner_from_a_new_password() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    let _work = BackgroundWork::of(&app);
    let owner = Who::Expert1.email();
    let requests_are_answered = async || {
        for _ in 0..500 {
            if app.db_count("select count(*) from password_reset_requests").await == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the requests were not answered");
    };
    let emails = "select count(*) from emails where kind = 'passwordReset'";
    let requested = "select count(*) from installation_events where action = 'user.passwordResetRequested'";
    ask(&app, &owner).await.expect(204);
    let first = server.wait_for(&owner, 1).await.remove(0).page_path();
    // Others ask while the owner looks at the page.
    for _ in 0..25 {
        ask(&app, &owner).await.expect(204);
    }
    app.advance(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
    ask(&app, &owner).await.expect(204);
    requests_are_answered().await;
    assert_eq!((app.db_count(emails).await, app.db_count(requested).await), (1, 1));
    app.advance(TimeDelta::microseconds(1));
    ask(&app, &owner).await.expect(204);
    let second = server.wait_for(&owner, 2).await.remove(1).page_path();
    fill_in(&app, &first, NEW_PASSWORD, NEW_PASSWORD).await.expect(200);
    app.as_anybody().get(second.as_str()).await.expect(404);

    // Others go on asking for more than a day, and the owner has a link with two hours left whenever somebody asks.
    let mut made = 2;
    let (short, long) = (TimeDelta::minutes(10), TimeDelta::hours(2));
    let asked = [(short, 1); 4].into_iter().chain([(short, 0)]).chain([(long, 1); 13]);
    for (later, more) in asked {
        app.advance(later);
        ask(&app, &owner).await.expect(204);
        requests_are_answered().await;
        made += more;
        let now = app.clock.now().to_rfc3339();
        assert_eq!(app.db_count(emails).await, made, "at {now}");
        let usable = format!(
            "select count(*) from password_resets where expires_at > timestamptz '{now}' + interval '2 hours'"
        );
        assert!(app.db_count(&usable).await > 0, "at {now}");
    }
    // An e-mail whose link was replaced before it was sent is not sent.
    let waiting = format!("{emails} and state = 'waiting'");
    for _ in 0..500 {
        if app.db_count(&waiting).await == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let mut links = server.received();
    links.retain(|email| email.recipient == owner && email.subject() == "Choose a new password");
    let last = links.pop().unwrap().page_path();
    let password = "four wooden ships at noon";
    fill_in(&app, &last, password, password).await.expect(200);
}

#[tokio::test]
async fn a_link_ends_with_its_time_two_newer_links_another_address_and_the_account() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    let _work = BackgroundWork::of(&app);
    let administrator = app.as_administrator();
    let link = async |who: Who, number: usize| {
        ask(&app, &who.email()).await.expect(204);
        server.wait_for(&who.email(), number).await.remove(number - 1).page_path()
    };
    let first = link(Who::Expert1, 1).await;
    app.advance(TimeDelta::minutes(10));
    let second = link(Who::Expert1, 2).await;
    app.as_anybody().get(first.as_str()).await.expect(200);
    app.advance(TimeDelta::minutes(10));
    let third = link(Who::Expert1, 3).await;
    app.as_anybody().get(first.as_str()).await.expect(404);
    app.as_anybody().get(second.as_str()).await.expect(200);
    app.as_anybody().get(third.as_str()).await.expect(200);
    // An administrator's invitation ends the links, too.
    let invite = format!("/v1/users/{}/invitations", app.world().user(Who::Expert1));
    administrator.send(Draft::new(Method::POST, invite)).await.expect(201);
    app.as_anybody().get(second.as_str()).await.expect(404);
    app.as_anybody().get(third.as_str()).await.expect(404);

    let of_address = link(Who::Expert2, 1).await;
    let user = administrator.read(format!("/v1/users/{}", app.world().user(Who::Expert2))).await;
    administrator.patch(&user, json!({ "email": "moved@city.example" })).await.expect(200);
    app.as_anybody().get(of_address.as_str()).await.expect(404);

    let of_account = link(Who::Expert3, 1).await;
    let user = administrator.read(format!("/v1/users/{}", app.world().user(Who::Expert3))).await;
    let user = administrator.transition_because(&user, "disabled", "Left").await;
    app.as_anybody().get(of_account.as_str()).await.expect(404);
    administrator.transition(&user, "active").await;
    app.as_anybody().get(of_account.as_str()).await.expect(404);

    let in_time = link(Who::Expert4, 1).await;
    app.advance(TimeDelta::hours(4) - TimeDelta::microseconds(1));
    app.as_anybody().get(in_time.as_str()).await.expect(200);
    app.advance(TimeDelta::microseconds(1));
    app.as_anybody().get(in_time.as_str()).await.expect(404);
}

#[tokio::test]
async fn an_address_that_the_server_refuses_for_good_is_disabled_until_it_is_changed_or_taken_again() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    let _work = BackgroundWork::of(&app);
    let administrator = app.as_administrator();
    let path = format!("/v1/users/{}", app.world().user(Who::Expert1));
    let refused = async || {
        for _ in 0..500 {
            let user = administrator.read(path.as_str()).await;
            if user["emailDisabledAt"].is_string() {
                return user;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the address was not disabled");
    };
    let address = Who::Expert1.email();
    server.reply(&address, Reply::Refuse(550, "5.1.1 User unknown"));
    ask(&app, &address).await.expect(204);
    let user = refused().await;
    assert!(user["emailDisabledReason"].as_str().unwrap().contains("5.1.1 User unknown"), "{}", user.body);
    assert_eq!(app.as_expert().read("/v1/me").await["emailDisabledAt"], user["emailDisabledAt"]);
    let listed = administrator.list("/v1/users?q=expert1").await;
    assert_eq!(listed[0]["emailDisabled"], true);
    let events = administrator.list("/v1/installation-events").await;
    assert!(events.iter().any(|event| event["action"] == "user.emailDisabled"));
    assert_eq!(server.attempts(&address), 1, "a permanent refusal is not tried again");

    // The person asks again once the mailbox is there.
    server.reply(&address, Reply::Take);
    ask(&app, &address).await.expect(204);
    server.wait_for(&address, 1).await;
    let is_enabled = "select count(*) from users where email_disabled_at is not null";
    for _ in 0..500 {
        if app.db_count(is_enabled).await == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(administrator.read(path.as_str()).await["emailDisabledAt"], Value::Null);

    server.reply(&address, Reply::Refuse(550, "5.1.1 User unknown"));
    app.advance(TimeDelta::minutes(10));
    ask(&app, &address).await.expect(204);
    let user = refused().await;
    let user = administrator.patch(&user, json!({ "email": "new1@city.example" })).await.expect(200);
    assert_eq!(user.json()["emailDisabledAt"], Value::Null);
}

#[tokio::test]
async fn a_server_that_greylists_or_refuses_the_content_gets_the_email_later() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    let _work = BackgroundWork::of(&app);
    let address = Who::Expert1.email();
    server.reply(&address, Reply::Refuse(451, "4.7.1 Greylisting in action, please come back later"));
    ask(&app, &address).await.expect(204);
    wait_for_failures(&app, 1).await;
    // A refusal that says nothing of the address disables nothing.
    server.reply(&address, Reply::Refuse(550, "5.7.1 Relaying denied"));
    app.advance(TimeDelta::minutes(1));
    wait_for_failures(&app, 2).await;
    server.reply(&address, Reply::Take);
    server.reply_at_the_end(Some((554, "5.6.0 Content rejected")));
    app.advance(TimeDelta::minutes(2));
    wait_for_failures(&app, 3).await;
    server.reply_at_the_end(None);
    app.advance(TimeDelta::minutes(4));
    assert_eq!(server.wait_for(&address, 1).await.len(), 1);
    assert_eq!(app.db_count("select count(*) from users where email_disabled_at is not null").await, 0);
}

/// Waits until an e-mail has failed this many times.
async fn wait_for_failures(app: &TestApp, number: i64) {
    let failed = format!("select count(*) from emails where failures = {number}");
    for _ in 0..1000 {
        if app.db_count(&failed).await == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the e-mail has not failed {number} times");
}

#[tokio::test]
async fn an_address_that_hangs_keeps_no_other_email_waiting() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    let _work = BackgroundWork::of(&app);
    server.reply(&Who::Expert1.email(), Reply::Hang);
    ask(&app, &Who::Expert1.email()).await.expect(204);
    server.wait_for_attempts(&Who::Expert1.email(), 1).await;
    for who in [Who::Expert2, Who::Expert3, Who::Expert4, Who::Expert5] {
        ask(&app, &who.email()).await.expect(204);
        server.wait_for(&who.email(), 1).await;
    }
    server.reply(&Who::Expert1.email(), Reply::Take);
    server.wait_for(&Who::Expert1.email(), 1).await;
}

#[tokio::test]
async fn a_second_copy_after_a_kill_has_the_same_message_id() {
    let server = TestMailServer::start();
    let app = with_mail(&server).await;
    let address = Who::Expert1.email();
    let work = BackgroundWork::of(&app);
    ask(&app, &address).await.expect(204);
    let first = server.wait_for(&address, 1).await.remove(0);
    drop(work);
    // As a process leaves the e-mail that is killed after the server has taken it, and before that is noted.
    let unnoted = "update emails set state = 'waiting', finished_at = null,
        next_attempt_at = next_attempt_at + interval '0' where kind = 'passwordReset'";
    wait_until_sent(&app).await;
    app.db().await.execute(unnoted, &[]).await.unwrap();
    // Nobody sends it again before the process must be dead.
    let _work = BackgroundWork::of(&app);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(server.received().len(), 1);
    app.advance(TimeDelta::minutes(3));
    let copies = server.wait_for(&address, 2).await;
    assert_eq!(copies[1].header("Message-ID"), first.header("Message-ID"));
    assert_eq!(copies[1].text(), first.text(), "with the same link");
}

async fn wait_until_sent(app: &TestApp) {
    for _ in 0..500 {
        if app.db_count("select count(*) from emails where state = 'sent'").await == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the e-mail was not noted as sent");
}

#[tokio::test]
async fn an_email_is_sent_over_tls_with_a_password() {
    let (server, roots) = TestMailServer::with_tls("secret");
    let url = format!("smtp://taskforce:secret@localhost:{}", server.port);
    let app = start_with(mailing(&url, Some(&roots))).await;
    let _work = BackgroundWork::of(&app);
    ask(&app, &Who::Expert1.email()).await.expect(204);
    server.wait_for(&Who::Expert1.email(), 1).await;
}

#[tokio::test]
async fn an_email_is_not_sent_to_a_server_without_tls_or_of_another_authority() {
    let (tls, _) = TestMailServer::with_tls("secret");
    let plain = TestMailServer::start();
    for url in [
        format!("smtp://localhost:{}", plain.port),
        format!("smtp://taskforce:secret@localhost:{}", tls.port),
    ] {
        let app = start_with(mailing(&url, None)).await;
        let _work = BackgroundWork::of(&app);
        ask(&app, &Who::Expert1.email()).await.expect(204);
        let failed = "select count(*) from emails where last_error is not null and failures = 0";
        for _ in 0..500 {
            if app.db_count(failed).await == 1 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(app.db_count(failed).await, 1, "{url}");
    }
    assert!(plain.received().is_empty() && tls.received().is_empty());
}

#[tokio::test]
async fn emails_wait_for_a_server_that_is_away_and_are_sent_once_it_is_back() {
    // The port of a server that has gone.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("smtp://127.0.0.1:{port}?tls=none");
    let app = start_with(mailing(&url, None)).await;
    let _work = BackgroundWork::of(&app);
    for who in [Who::Expert1, Who::Expert2, Who::Expert3] {
        ask(&app, &who.email()).await.expect(204);
    }
    let tried = "select count(*) from emails where last_error is not null";
    for _ in 0..500 {
        if app.db_count(tried).await > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(app.db_count(tried).await > 0);
    app.advance(TimeDelta::hours(1));
    let server = TestMailServer::start_at(port);
    wait_until("the e-mails of the outage", || server.received().len() == 3).await;
    assert_eq!(app.db_count("select count(*) from emails where failures > 0").await, 0);
}

#[tokio::test]
async fn an_installation_without_a_mail_server_says_so() {
    let app = TestApp::start_with(Setup { mail: None, ..Setup::default() }).await;
    ask(&app, &Who::Expert1.email()).await.expect_problem(409, "emailUnavailable");
    let made = app.as_secretariat().create("/v1/users", invitation("lina@city.example", "en")).await;
    assert_eq!(made["invitationEmailed"], false);
    // The address of the page is enough for the person.
    let page = made["invitationUrl"].as_str().unwrap().strip_prefix("https://taskforce.example").unwrap();
    fill_in(&app, page, NEW_PASSWORD, NEW_PASSWORD).await.expect(200);
    sign_in(&app, "lina@city.example", NEW_PASSWORD).await.expect(200);
    assert_eq!(app.db_count("select count(*) from emails").await, 0);
}

#[tokio::test]
async fn the_page_has_one_answer_for_every_link_that_opens_nothing() {
    let app = TestApp::start().await;
    let unknown = app.as_anybody().get(format!("/s/password/{}", "A".repeat(43))).await.expect(404);
    for other in ["x", "%00", "once-AAAA", &"A".repeat(5_000)] {
        let answer = app.as_anybody().get(format!("/s/password/{other}")).await.expect(404);
        assert_eq!(answer.text(), unknown.text());
    }
    // A form that is none, and one that is too long.
    let made = app.as_secretariat().create("/v1/users", invitation("lina@city.example", "en")).await;
    let page = made["invitationUrl"].as_str().unwrap().strip_prefix("https://taskforce.example").unwrap();
    for form in ["", "password=a", &"a".repeat(20_000), "password=%ff&repeated=%ff"] {
        let draft = Draft::new(Method::POST, page).body("application/x-www-form-urlencoded", form);
        app.as_anybody().send(draft).await.expect(400);
    }
}
