//! Single sign-on, against a real provider: whose tokens let whom in, and as whom.

mod provider;

use chrono::TimeDelta;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use taskforce::app::clock::Clock;
use taskforce::app::single_sign_on::SingleSignOn;
use taskforce::auth::oidc::Issuer;
use taskforce::domain::user::UserRole;

use crate::support::client::Draft;
use crate::support::{Answer, Setup, TestApp, Who};
use provider::{ANOTHER_FRONTEND, AUDIENCE, OUR_FRONTEND, Provider, Tokens};

const LAYLA: &str = "layla@city.example";

/// The service, trusting a provider. The provider's clock is the real one, so ours begins there.
async fn trusting(issuer: &str, default_role: Option<UserRole>) -> TestApp {
    let algorithms = ["RS256", "PS256", "ES256", "EdDSA"].map(str::to_owned);
    let issuer = Issuer::new(issuer, AUDIENCE.to_owned(), &algorithms).unwrap();
    let single_sign_on = Some(SingleSignOn::new(issuer, default_role));
    TestApp::start_with(Setup { now: Clock::default().now(), single_sign_on, ..Setup::default() }).await
}

/// An account whose address is verified.
fn verified(email: &str) -> Value {
    json!({ "email": email, "email_verified": true, "name": "Layla Haddad", "locale": "en" })
}

/// Signs a user in, and advances our clock to the provider's.
async fn sign_in(app: &TestApp, provider: &Provider, subject: &str) -> Tokens {
    let tokens = provider.sign_in(subject).await;
    app.advance((Clock::default().now() - app.clock.now()).max(TimeDelta::zero()));
    tokens
}

async fn me(app: &TestApp, token: &str) -> Answer {
    app.as_anybody().send_with(Some(token), Draft::get("/v1/me")).await
}

/// The installation's events that single sign-on left: action, actor and subject.
async fn admissions(app: &TestApp) -> Vec<(String, Value, Value)> {
    let events = app.as_administrator().list("/v1/installation-events").await;
    let mut admissions = Vec::new();
    for event in events {
        let action = event["action"].as_str().unwrap();
        if matches!(action, "user.identityLinked" | "user.provisioned") {
            let text = event.to_string();
            assert!(
                !text.contains("subject-of") && !text.contains('@'),
                "an event identifies a person: {text}"
            );
            admissions.push((
                action.to_owned(),
                event["actor"]["id"].clone(),
                event["subject"]["id"].clone(),
            ));
        }
    }
    admissions
}

#[tokio::test]
async fn a_verified_address_is_the_users_who_has_it_and_the_link_outlives_the_address() {
    let outsider = Who::Outsider.email();
    let accounts = json!({ "subject-of-outsider": verified(&outsider.to_uppercase()) });
    for alg in ["RS256", "PS256", "ES256", "EdDSA"] {
        let provider = Provider::start(alg, &accounts);
        let app = trusting(&provider.issuer, None).await;
        let own = json!(app.world().user(Who::Outsider));
        let tokens = sign_in(&app, &provider, "subject-of-outsider").await;
        // Both kinds of tokens, repeatedly, with a single event.
        for token in [&tokens.access, &tokens.id, &tokens.access] {
            assert_eq!(me(&app, token).await.expect(200).json()["id"], own, "{alg}");
        }
        let linked = ("user.identityLinked".to_owned(), own.clone(), own.clone());
        assert_eq!(admissions(&app).await, [linked], "{alg}");
        if alg != "EdDSA" {
            continue;
        }

        // Another unverified address, or none: the link by subject remains.
        let other =
            json!({ "subject-of-outsider": { "email": "new@city.example", "email_verified": false } });
        let provider = provider.restart("second", alg, &other);
        app.advance(TimeDelta::minutes(1));
        let tokens = sign_in(&app, &provider, "subject-of-outsider").await;
        assert_eq!(me(&app, &tokens.id).await.expect(200).json()["id"], own);
        let provider = provider.restart("third", alg, &json!({ "subject-of-outsider": {} }));
        app.advance(TimeDelta::minutes(1));
        let tokens = sign_in(&app, &provider, "subject-of-outsider").await;
        assert_eq!(me(&app, &tokens.id).await.expect(200).json()["email"], outsider);

        // Another subject with the same address is not the same user.
        let provider =
            provider.restart("fourth", alg, &json!({ "subject-of-successor": verified(&outsider) }));
        app.advance(TimeDelta::minutes(1));
        let tokens = sign_in(&app, &provider, "subject-of-successor").await;
        me(&app, &tokens.id).await.expect_problem(401, "unauthenticated");
        assert_eq!(admissions(&app).await.len(), 1);
    }
}

#[tokio::test]
async fn a_new_user_gets_the_default_role_or_no_account() {
    let mut layla = verified(LAYLA);
    layla["name"] = json!("ليلى حداد");
    layla["locale"] = json!("ar-JO");
    let accounts = json!({
        "subject-of-layla": layla,
        "subject-of-nameless": { "email": "nameless@city.example", "email_verified": true },
        "subject-of-unverified": { "email": "other@city.example", "email_verified": false, "name": "Omar" },
        "subject-of-silent": { "email": "silent@city.example", "name": "Sami" },
        "subject-of-nobody": { "name": "Nobody" },
        "subject-of-odd": verified("not an address"),
    });
    let provider = Provider::start("ES256", &accounts);
    let app = trusting(&provider.issuer, Some(UserRole::CouncilMember)).await;
    let tokens = sign_in(&app, &provider, "subject-of-layla").await;
    let layla = me(&app, &tokens.id).await.expect(200).json();
    assert_eq!(
        (&layla["email"], &layla["role"], &layla["locale"], &layla["name"], &layla["version"]),
        (&json!(LAYLA), &json!("councilMember"), &json!("ar"), &json!({"ar": "ليلى حداد"}), &json!(1))
    );
    let tokens = sign_in(&app, &provider, "subject-of-nameless").await;
    assert_eq!(me(&app, &tokens.access).await.expect(200).json()["name"], json!({"en": "nameless"}));
    let admitted = admissions(&app).await;
    assert_eq!(admitted.len(), 2);
    assert!(admitted.contains(&("user.provisioned".to_owned(), layla["id"].clone(), layla["id"].clone())));
    // New users have the rights of their role and no password.
    let read = app.as_anybody().send_with(Some(&tokens.access), Draft::get("/v1/task-forces")).await;
    assert!(!read.expect(200).json()["items"].as_array().unwrap().is_empty());
    assert_eq!(
        app.db_count(
            "select count(*) from users u where email like '%city.example'
            and not exists (select from passwords p where p.user_id = u.id)"
        )
        .await,
        2
    );

    for subject in ["subject-of-unverified", "subject-of-silent", "subject-of-nobody", "subject-of-odd"] {
        let tokens = sign_in(&app, &provider, subject).await;
        for token in [&tokens.id, &tokens.access] {
            me(&app, token).await.expect_problem(401, "unauthenticated");
        }
    }
    assert_eq!(admissions(&app).await.len(), 2);

    // Without a default role, no user is created.
    let app = trusting(&provider.issuer, None).await;
    let tokens = sign_in(&app, &provider, "subject-of-layla").await;
    me(&app, &tokens.id).await.expect_problem(401, "unauthenticated");
    assert_eq!(app.db_count(&format!("select count(*) from users where email = '{LAYLA}'")).await, 0);
}

#[tokio::test]
async fn simultaneous_first_sign_ins_create_one_user() {
    // One person with two tokens; and two persons of the provider who say that they have the same address.
    let accounts = json!({ "subject-of-layla": verified(LAYLA), "subject-of-twin": verified(LAYLA) });
    let provider = Provider::start("EdDSA", &accounts);
    let app = trusting(&provider.issuer, Some(UserRole::Expert)).await;
    let twin = sign_in(&app, &provider, "subject-of-twin").await;
    let layla = sign_in(&app, &provider, "subject-of-layla").await;
    let tokens = [&layla.id, &layla.access, &twin.id, &layla.id, &twin.access, &layla.access];
    let answers = join_all(tokens.map(|token| {
        let bearer = format!("Bearer {token}");
        app.as_anybody().send_with_retry(Draft::get("/v1/me").header("Authorization", &bearer))
    }))
    .await;
    let let_in = |wanted: &[usize]| wanted.iter().all(|index| answers[*index].status == 200);
    let refused = |wanted: &[usize]| wanted.iter().all(|index| answers[*index].status == 401);
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    let (of_layla, of_twin) = ([0, 1, 3, 5], [2, 4]);
    let one_won = let_in(&of_layla) && refused(&of_twin) || let_in(&of_twin) && refused(&of_layla);
    assert!(one_won, "{statuses:?}");
    assert_eq!(app.db_count(&format!("select count(*) from users where email = '{LAYLA}'")).await, 1);
    assert_eq!(app.db_count("select count(*) from user_identities").await, 1);
    assert_eq!(admissions(&app).await.len(), 1);
}

#[tokio::test]
async fn no_issuer_says_who_the_administrator_is() {
    let accounts = json!({
        "subject-of-administrator": verified(&Who::Administrator.email()),
        "subject-of-secretariat": verified(&Who::Secretariat.email()),
    });
    let provider = Provider::start("ES256", &accounts);
    let app = trusting(&provider.issuer, Some(UserRole::Expert)).await;
    let tokens = sign_in(&app, &provider, "subject-of-administrator").await;
    me(&app, &tokens.id).await.expect_problem(401, "unauthenticated");
    assert_eq!(admissions(&app).await, []);

    // A link from before its user became an administrator doesn't open the account either.
    let tokens = sign_in(&app, &provider, "subject-of-secretariat").await;
    me(&app, &tokens.id).await.expect(200);
    let administrator = app.as_administrator();
    let user = administrator.read(format!("/v1/users/{}", app.world().user(Who::Secretariat))).await;
    let user = administrator.patch(&user, json!({ "role": "administrator" })).await.expect(200).resource();
    me(&app, &tokens.id).await.expect_problem(401, "unauthenticated");
    let read = Draft::get(app.a(""));
    app.as_anybody().send_with(Some(&tokens.id), read).await.expect_problem(401, "unauthenticated");
    assert_eq!(user["role"], "administrator");
}

#[tokio::test]
async fn tokens_that_were_issued_for_others_are_refused() {
    let accounts = json!({ "subject-of-layla": verified(LAYLA) });
    let provider = Provider::start("RS256", &accounts);
    let app = trusting(&provider.issuer, Some(UserRole::Expert)).await;
    let ours = sign_in(&app, &provider, "subject-of-layla").await;
    let elsewhere = "https://another.example/api";
    let others = provider.sign_in_to(ANOTHER_FRONTEND, elsewhere, "subject-of-layla").await;
    for token in [&others.id, &others.access] {
        me(&app, token).await.expect_problem(401, "unauthenticated");
    }
    // Another frontend's access token to our API is for us.
    let mixed = provider.sign_in_to(ANOTHER_FRONTEND, AUDIENCE, "subject-of-layla").await;
    me(&app, &mixed.id).await.expect_problem(401, "unauthenticated");
    me(&app, &mixed.access).await.expect(200);
    me(&app, &ours.access).await.expect(200);

    // A provider that isn't trusted, though it says the same.
    let stranger = Provider::start("RS256", &accounts);
    let tokens = stranger.sign_in_to(OUR_FRONTEND, AUDIENCE, "subject-of-layla").await;
    me(&app, &tokens.id).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn keys_change_and_providers_go_down() {
    let accounts =
        json!({ "subject-of-layla": verified(LAYLA), "subject-of-omar": verified("omar@city.example") });
    let provider = Provider::start("ES256", &accounts);
    let app = trusting(&provider.issuer, Some(UserRole::Expert)).await;
    let old = sign_in(&app, &provider, "subject-of-layla").await;
    me(&app, &old.id).await.expect(200);

    // A new key, by another algorithm: found as soon as a token names it, and the old one is gone with that.
    let provider = provider.restart("second", "RS256", &accounts);
    app.advance(TimeDelta::minutes(1));
    let new = sign_in(&app, &provider, "subject-of-layla").await;
    me(&app, &old.id).await.expect(200);
    me(&app, &new.id).await.expect(200);
    me(&app, &old.id).await.expect_problem(401, "unauthenticated");

    // While the provider is down, known keys are still used, also for new users.
    let late = sign_in(&app, &provider, "subject-of-omar").await;
    let issuer = provider.issuer.clone();
    drop(provider);
    app.advance(TimeDelta::hours(2));
    me(&app, &new.id).await.expect(200);
    me(&app, &late.id).await.expect(200);

    // Down since before the service started: its tokens can't be verified, and all others still can.
    let app = trusting(&issuer, Some(UserRole::Expert)).await;
    let answer = me(&app, &new.id).await;
    assert_eq!(answer.header("Retry-After"), "2");
    answer.expect_problem(503, "unavailable");
    me(&app, "nonsense").await.expect_problem(401, "unauthenticated");
    app.as_expert().get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn ending_somebodys_sessions_ends_what_the_issuer_gave_them_before() {
    let accounts = json!({ "subject-of-outsider": verified(&Who::Outsider.email()) });
    let provider = Provider::start("EdDSA", &accounts);
    let app = trusting(&provider.issuer, None).await;
    let tokens = sign_in(&app, &provider, "subject-of-outsider").await;
    me(&app, &tokens.id).await.expect(200);
    // Whole seconds after the token was issued.
    app.advance(TimeDelta::seconds(2));
    let administrator = app.as_administrator();
    let user = administrator.read(format!("/v1/users/{}", app.world().user(Who::Outsider))).await;
    administrator.send(Draft::new(Method::POST, format!("{}/invitations", user.path))).await.expect(201);
    // The browser learns for how long the issuer's next token would be refused, too.
    let refused = me(&app, &tokens.id).await;
    assert_eq!(refused.header("retry-after"), "62");
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    refused.expect_problem(401, "sessionsEnded");
    let read = Draft::get(app.a(""));
    app.as_anybody().send_with(Some(&tokens.id), read).await.expect_problem(401, "sessionsEnded");
    app.advance(TimeDelta::seconds(61));
    assert_eq!(me(&app, &tokens.id).await.header("retry-after"), "1");
    app.advance(TimeDelta::seconds(1));
    let old = me(&app, &tokens.id).await;
    assert!(!old.headers.contains_key("retry-after"), "the next token is accepted");
    old.expect_problem(401, "sessionsEnded");

    // One that was issued after is good; so that nobody has to wait, the end is moved instead.
    let before = "update users set sessions_ended_at = sessions_ended_at - interval '2 minutes'";
    app.db().await.execute(before, &[]).await.unwrap();
    me(&app, &tokens.id).await.expect(200);

    let user = administrator.reload(&user).await;
    let user = administrator.transition_because(&user, "disabled", "Left the city").await;
    app.db().await.execute("update users set sessions_ended_at = null", &[]).await.unwrap();
    me(&app, &tokens.id).await.expect_problem(401, "unauthenticated");
    administrator.transition(&user, "active").await;
    me(&app, &tokens.id).await.expect(200);
}

#[tokio::test]
async fn a_disabled_user_is_neither_linked_nor_made_anew() {
    let accounts = json!({ "subject-of-outsider": verified(&Who::Outsider.email()) });
    let provider = Provider::start("EdDSA", &accounts);
    let app = trusting(&provider.issuer, Some(UserRole::Expert)).await;
    let administrator = app.as_administrator();
    let user = administrator.read(format!("/v1/users/{}", app.world().user(Who::Outsider))).await;
    administrator.transition_because(&user, "disabled", "Left the city").await;
    let tokens = sign_in(&app, &provider, "subject-of-outsider").await;
    me(&app, &tokens.id).await.expect_problem(401, "unauthenticated");
    assert_eq!(app.db_count("select count(*) from user_identities").await, 0);
    assert_eq!(admissions(&app).await, []);
}

#[tokio::test]
async fn names_and_addresses_of_the_issuer_obey_the_rules_of_all_others() {
    let named = |email: &str, name: &str| json!({ "email": email, "email_verified": true, "name": name, "locale": "en" });
    let accounts = json!({
        "subject-of-ismail": named("\u{130}smail@city.example", "Ismail"),
        "subject-of-kim": named("\u{212a}im@city.example", "\u{3164}"),
        "subject-of-eve": named("eve@city.example", "Eve \u{202e}nimda"),
        "subject-of-rama": named("rama@city.example", "Rama \u{2067}راما\u{2069}"),
        "subject-of-hidden": named("a\u{200b}@city.example", "Hidden"),
        "subject-of-outsider": named(&format!("\u{ff2f}{}", &Who::Outsider.email()[1..]), "Outsider"),
    });
    let provider = Provider::start("EdDSA", &accounts);
    let app = trusting(&provider.issuer, Some(UserRole::Expert)).await;
    for (subject, email, name) in [
        ("subject-of-ismail", "\u{130}smail@city.example", "Ismail"),
        // A name of which nothing is seen is none; the address is told in Unicode's normal form.
        ("subject-of-kim", "Kim@city.example", "Kim"),
        ("subject-of-eve", "eve@city.example", "Eve nimda"),
        ("subject-of-rama", "rama@city.example", "Rama \u{2067}راما\u{2069}"),
    ] {
        let tokens = sign_in(&app, &provider, subject).await;
        for token in [&tokens.id, &tokens.access] {
            let me = me(&app, token).await.expect(200).json();
            assert_eq!((&me["email"], &me["name"]["en"]), (&json!(email), &json!(name)), "{subject}");
        }
    }
    let tokens = sign_in(&app, &provider, "subject-of-hidden").await;
    me(&app, &tokens.id).await.expect_problem(401, "unauthenticated");
    // The address of a user in another spelling is the address of the user.
    let tokens = sign_in(&app, &provider, "subject-of-outsider").await;
    assert_eq!(me(&app, &tokens.id).await.expect(200).json()["id"], app.world().user(Who::Outsider));
}
