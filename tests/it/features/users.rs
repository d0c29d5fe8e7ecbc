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
        assert_eq!(made["email"], written, "kept as it was written");
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
    let before = |who: Who, email: &'static str| {
        let change = "update users set email = $1, email_folded = $1 where id = $2::text::uuid";
        let id = app.world().user(who).to_owned();
        async move { app.db().await.execute(change, &[&email, &id]).await.unwrap() }
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
