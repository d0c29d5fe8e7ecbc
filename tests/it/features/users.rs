//! Users: invitations, roles, states, and which users each role can see and change.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::client::Draft;
use crate::support::sign_in::{me, new_user, refresh, sign_in, user};
use crate::support::{Resource, TestApp, Who};

#[tokio::test]
async fn a_disabled_user_is_signed_out_at_once_and_comes_back_with_the_old_password() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let tokens = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    me(&app, &tokens["accessToken"]).await.expect(200);
    let disabled = secretariat
        .transition_because(&user(secretariat, Who::Expert1).await, "disabled", "Left the city")
        .await;
    assert_eq!(disabled["state"], "disabled");
    me(&app, &tokens["accessToken"]).await.expect_problem(401, "unauthenticated");
    refresh(&app, &tokens["refreshToken"]).await.expect_problem(401, "invalidCredentials");
    secretariat.try_transition(&disabled, "disabled").await.expect_problem(409, "transitionNotAllowed");
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
    secretariat.try_transition(&it, "disabled").await.expect_problem(404, "notFound");
    let listed = secretariat.list("/v1/users").await;
    assert!(listed.iter().all(|user| user["role"] != "administrator"));
    assert_eq!(listed.len() + 2, administrator.list("/v1/users").await.len());
    assert!(secretariat.list("/v1/users?role=administrator").await.is_empty());
    // The secretariat can't create administrators either.
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
    // Users always see themselves.
    let me = app.as_expert().read(format!("/v1/users/{}", app.world().user(Who::Expert1))).await;
    assert_eq!(me["email"], Who::Expert1.email());
}

#[tokio::test]
async fn the_last_administrator_and_members_with_a_seat_keep_their_roles() {
    let app = TestApp::start().await;
    let administrator = app.as_administrator();
    let it = user(administrator, Who::Administrator).await;
    let disable = |it: &Resource| (it.clone(), json!({ "to": "disabled", "reason": { "en": "Left" } }));
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
    app.use_token(Who::DisabledUser, token["accessToken"].as_str().unwrap());
    let (one, two) = tokio::join!(
        administrator.send_with_retry(Draft::command(&other, "transitions", &body)),
        second.send_with_retry(Draft::command(&it, "transitions", &body))
    );
    assert_eq!(u8::from(one.status == 200) + u8::from(two.status == 200), 1, "{} {}", one.text(), two.text());
    let left = "select count(*) from users where role = 'administrator' and state = 'active'";
    assert_eq!(app.db_count(left).await, 1);
}

#[tokio::test]
async fn of_two_who_take_one_address_at_once_one_gets_it() {
    let app = TestApp::start().await;
    let create = || {
        app.as_administrator()
            .send_with_retry(Draft::post("/v1/users", &new_user("same@council.example", "expert")))
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
async fn an_address_is_one_whatever_its_case_width_and_composition() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    for (written, again) in [
        ("\u{130}smail@council.example", "i\u{307}smail@council.example"),
        ("\u{212a}im@council.example", "kim@council.example"),
        ("Jos\u{e9}@council.example", "JOSE\u{301}@COUNCIL.EXAMPLE"),
        ("\u{ff2c}ayla@council.example", "layla@council.example"),
        ("stra\u{df}e@council.example", "STRASSE@council.example"),
        ("ليلى@مثال.إختبار", " ليلى@مثال.إختبار "),
    ] {
        let made = secretariat.create("/v1/users", new_user(written, "expert")).await;
        // Kept as it was written, in Unicode's normal form C: the Kelvin sign is the letter K there.
        assert_eq!(made["email"], written.replace('\u{212a}', "K"));
        secretariat.post("/v1/users", new_user(again, "expert")).await.expect_problem(409, "emailTaken");
        let acceptance = json!({ "token": made["invitationToken"], "password": PASSWORD });
        app.as_anybody().post("/v1/auth/invitations/accept", acceptance).await.expect(200);
        for spelling in [written, again] {
            sign_in(&app, spelling, PASSWORD).await.expect(200);
        }
        // The throttle counts all spellings as one account; see `sign_in/throttle.rs`.
        sign_in(&app, again, "wrong password").await.expect_problem(401, "invalidCredentials");
    }
    // A dotless i, and an i without the dot of the capital, are other letters.
    secretariat.create("/v1/users", new_user("\u{131}smail@council.example", "expert")).await;
    secretariat.create("/v1/users", new_user("ismail@council.example", "expert")).await;
}

#[tokio::test]
async fn an_address_has_no_character_that_is_not_seen() {
    let app = TestApp::start().await;
    let it = user(app.as_administrator(), Who::Outsider).await;
    for unseen in [
        "\u{200b}", "\u{200d}", "\u{200f}", "\u{202e}", "\u{2069}", "\u{ad}", "\u{3164}", "\u{2800}",
        "\u{fe0f}",
    ] {
        for email in [format!("a{unseen}@council.example"), format!("a@council{unseen}.example")] {
            let new = new_user(&email, "expert");
            app.as_secretariat().post("/v1/users", new).await.expect_field_errors(&["/email wrongFormat"]);
            let patch = json!({ "email": email });
            app.as_administrator().patch(&it, patch).await.expect_field_errors(&["/email wrongFormat"]);
            sign_in(&app, &email, PASSWORD).await.expect_problem(401, "invalidCredentials");
        }
    }
}

#[tokio::test]
async fn addresses_from_before_are_folded_with_the_next_migration() {
    let app = TestApp::start().await;
    let before = async |who: Who, email: &str| {
        let change = "update users set email = $1, email_folded = $1 where id = $2::text::uuid";
        app.db().await.execute(change, &[&email, &app.world().user(who)]).await.unwrap();
    };
    before(Who::Expert1, "weiß@council.example").await;
    // Two of whom the older version did not know that they are one.
    before(Who::Expert2, "gruß@council.example").await;
    before(Who::Expert3, "gruss@council.example").await;
    sign_in(&app, "weiß@council.example", PASSWORD).await.expect(401);

    app.db_migrate().await;
    sign_in(&app, "WEISS@council.example", PASSWORD).await.expect(200);
    let signed_in = sign_in(&app, "gruß@council.example", PASSWORD).await.expect(200).json();
    let me = me(&app, &signed_in["accessToken"]).await.json();
    assert_eq!(me["id"], app.world().user(Who::Expert3), "whose address it has been");
    // The other one gets an address of their own.
    let it = user(app.as_administrator(), Who::Expert2).await;
    app.as_administrator().patch(&it, json!({ "email": "gruen@council.example" })).await.expect(200);
    sign_in(&app, "gruen@council.example", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn who_has_not_accepted_is_invited_and_becomes_active_by_accepting() {
    let app = TestApp::start().await;
    let (secretariat, administrator) = (app.as_secretariat(), app.as_administrator());
    let invited = secretariat.create("/v1/users", new_user("new@council.example", "expert")).await;
    assert_eq!((&invited["state"], &invited["invitationPending"]), (&json!("invited"), &json!(true)));
    let ids = async |query: &str| -> Vec<Value> {
        secretariat.list(&format!("/v1/users?{query}")).await.iter().map(|user| user["id"].clone()).collect()
    };
    assert_eq!(ids("state=invited").await, [invited["id"].clone()]);
    assert!(!ids("state=active").await.contains(&invited["id"]));
    secretariat.try_transition(&invited, "active").await.expect_problem(409, "transitionNotAllowed");
    // The chair finds every expert who can take a seat, and the seat shows that the person is not there yet.
    let found = app.as_chair().list("/v1/users?q=ليلى").await;
    assert_eq!(found[0]["id"], invited["id"]);
    let f = format!("/v1/task-forces/{}/members", app.world().f);
    let seat = json!({ "userId": invited["id"], "role": "expert" });
    let seat = secretariat.create(f.as_str(), seat).await;
    assert_eq!(seat["userState"], "invited");
    let members = async |query: &str| secretariat.list(&format!("{f}?{query}")).await.len();
    assert_eq!((members("userState=invited").await, members("userState=disabled").await), (1, 0));

    // Disabled before accepting, and enabled again: still invited, by another invitation.
    let disabled = secretariat.transition_because(&invited, "disabled", "A mistake").await;
    assert_eq!(secretariat.reload(&seat).await["userState"], "disabled");
    let accept = async |token: &Value| {
        let acceptance = json!({ "token": token, "password": PASSWORD });
        app.as_anybody().post("/v1/auth/invitations/accept", acceptance).await
    };
    accept(&invited["invitationToken"]).await.expect_problem(401, "invalidCredentials");
    secretariat.try_transition(&disabled, "active").await.expect_problem(409, "transitionNotAllowed");
    let enabled = secretariat.transition(&disabled, "invited").await;
    assert_eq!(enabled["state"], "invited");

    accept(&invited["invitationToken"]).await.expect_problem(401, "invalidCredentials");
    let again = Draft::new(reqwest::Method::POST, format!("{}/invitations", invited.path));
    let again = secretariat.send(again).await.expect(201).json();
    accept(&again["invitationToken"]).await.expect(200);
    let active = secretariat.read(invited.path.as_str()).await;
    assert_eq!((&active["state"], &active["invitationPending"]), (&json!("active"), &json!(false)));
    assert_eq!(secretariat.reload(&seat).await["userState"], "active");
    let events = administrator.list("/v1/installation-events").await;
    let accepted = events.iter().find(|event| event["action"] == "invitation.accepted").unwrap();
    assert_eq!((&accepted["from"], &accepted["to"]), (&json!("invited"), &json!("active")));

    // A user who has accepted once stays active, and comes back active.
    let again = Draft::new(reqwest::Method::POST, format!("{}/invitations", active.path));
    let again = secretariat.send(again).await.expect(201).json();
    assert_eq!((&again["state"], &again["invitationPending"]), (&json!("active"), &json!(true)));
    let disabled = secretariat
        .transition_because(&secretariat.read(active.path.as_str()).await, "disabled", "Left")
        .await;
    assert_eq!(secretariat.transition(&disabled, "active").await["state"], "active");
}

#[tokio::test]
async fn an_administrator_who_is_only_invited_does_not_replace_the_last_one() {
    let app = TestApp::start().await;
    let administrator = app.as_administrator();
    administrator.create("/v1/users", new_user("second@council.example", "administrator")).await;
    let it = user(administrator, Who::Administrator).await;
    administrator.try_transition(&it, "disabled").await.expect_problem(409, "lastAdministrator");
    administrator.patch(&it, json!({ "role": "expert" })).await.expect_problem(409, "lastAdministrator");
}

#[tokio::test]
async fn users_from_before_who_have_not_accepted_become_invited_with_the_migration() {
    let app = TestApp::start().await;
    let made = app.as_secretariat().create("/v1/users", new_user("new@council.example", "expert")).await;
    let down = include_str!("../../../migrations/2026-11-27-040000_identity/down.sql");
    let up = include_str!("../../../migrations/2026-11-27-040000_identity/up.sql");
    app.db().await.batch_execute(down).await.unwrap();
    assert_eq!(app.db_count("select count(*) from users where state = 'invited'").await, 0);
    app.db().await.batch_execute(up).await.unwrap();
    let invited = format!("select count(*) from users where state = 'invited' and id <> '{}'", made.id());
    assert_eq!(app.db_count(&invited).await, 0);
    assert_eq!(app.db_count("select count(*) from users where state = 'invited'").await, 1);
}

#[tokio::test]
async fn disabling_takes_a_reason_which_the_event_keeps() {
    let app = TestApp::start().await;
    let it = user(app.as_administrator(), Who::Outsider).await;
    let leaving = &it["availableTransitions"][0];
    assert_eq!((&leaving["to"], &leaving["reasonRequired"]), (&json!("disabled"), &json!(true)));
    let without = app.as_administrator().command(&it, "transitions", json!({ "to": "disabled" })).await;
    without.expect_field_errors(&["/reason required"]);
    app.as_administrator().transition_because(&it, "disabled", "Left the city").await;
    let event = app.as_administrator().list("/v1/installation-events").await.remove(0);
    assert_eq!(event["action"], "user.transitioned");
    assert_eq!(event["changes"]["reason"]["after"], json!({ "en": "Left the city" }));
}

#[tokio::test]
async fn an_invitation_ends_when_the_address_changes() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let invited = secretariat.create("/v1/users", new_user("typo@council.example", "expert")).await;
    let accept = async |token: &Value| {
        let acceptance = json!({ "token": token, "password": PASSWORD });
        app.as_anybody().post("/v1/auth/invitations/accept", acceptance).await
    };
    // Another name leaves the invitation as it is.
    let renamed =
        secretariat.patch(&invited, json!({ "name": { "en": "Laila" } })).await.expect(200).resource();
    assert_eq!(renamed["invitationPending"], true);
    let moved = secretariat.patch(&renamed, json!({ "email": "right@council.example" })).await.expect(200);
    let moved = moved.resource();
    assert_eq!((&moved["state"], &moved["invitationPending"]), (&json!("invited"), &json!(false)));
    accept(&invited["invitationToken"]).await.expect_problem(401, "invalidCredentials");
    let event = app.as_administrator().list("/v1/installation-events").await;
    let event = event.iter().find(|event| event["action"] == "user.updated").unwrap();
    assert_eq!(event["changes"]["invitationEnded"]["after"], true);
    let again = Draft::new(reqwest::Method::POST, format!("{}/invitations", invited.path));
    let again = secretariat.send(again).await.expect(201).json();
    accept(&again["invitationToken"]).await.expect(200);
}

#[tokio::test]
async fn an_invitation_ends_when_the_user_is_disabled() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let invited = secretariat.create("/v1/users", new_user("soon@council.example", "expert")).await;
    let disabled = secretariat.transition_because(&invited, "disabled", "A mistake").await;
    assert_eq!(disabled["invitationPending"], false);
    let enabled = secretariat.reload(&invited).await["availableTransitions"][0]["to"].clone();
    let enabled =
        secretariat.transition(&secretariat.reload(&invited).await, enabled.as_str().unwrap()).await;
    let accept = async |token: &Value| {
        let acceptance = json!({ "token": token, "password": PASSWORD });
        app.as_anybody().post("/v1/auth/invitations/accept", acceptance).await
    };
    accept(&invited["invitationToken"]).await.expect_problem(401, "invalidCredentials");
    let event = app.as_administrator().list("/v1/installation-events").await;
    let event =
        event.iter().find(|event| event["to"] == "disabled" && event["subject"]["id"] == invited["id"]);
    assert_eq!(event.unwrap()["changes"]["invitationEnded"]["after"], true);
    let again = Draft::new(reqwest::Method::POST, format!("{}/invitations", enabled.path));
    let again = secretariat.send(again).await.expect(201).json();
    accept(&again["invitationToken"]).await.expect(200);
}

#[tokio::test]
async fn whoever_manages_users_ends_somebodys_sessions() {
    let app = TestApp::start().await;
    let tokens = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    let end = |who: Who| {
        Draft::new(reqwest::Method::DELETE, format!("/v1/users/{}/sessions", app.world().user(who)))
    };
    app.as_chair().send(end(Who::Expert1)).await.expect_problem(404, "notFound");
    app.as_expert().send(end(Who::Expert1)).await.expect_problem(403, "forbidden");
    app.as_secretariat().send(end(Who::Administrator)).await.expect_problem(404, "notFound");
    me(&app, &tokens["accessToken"]).await.expect(200);

    app.as_secretariat().send(end(Who::Expert1)).await.expect(204);
    me(&app, &tokens["accessToken"]).await.expect_problem(401, "unauthenticated");
    refresh(&app, &tokens["refreshToken"]).await.expect_problem(401, "invalidCredentials");
    let event = app.as_administrator().list("/v1/installation-events").await.remove(0);
    assert_eq!(event["action"], "user.sessionsEnded");
    let name = event["subject"]["title"]["en"].as_str();
    assert_eq!((&event["subject"]["id"], name), (&json!(app.world().user(Who::Expert1)), Some("Expert1")));
    assert!(event["changes"]["sessionsEnded"]["after"].as_i64().unwrap() >= 1, "{event}");
    // The password stays good.
    sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200);
}
