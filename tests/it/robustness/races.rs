//! Requests that give authority to a user, sent at the same time as requests that end it.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::client::Draft;
use crate::support::sign_in::user;
use crate::support::{Answer, Resource, TestApp, Who};

const ROUNDS: usize = 30;

/// Signs somebody in, and returns the access token.
async fn signed_in(app: &TestApp, who: Who) -> String {
    let body = json!({ "email": who.email(), "password": PASSWORD });
    let tokens = app.as_anybody().send_with_retry(Draft::post("/v1/auth/login", &body)).await.expect(200);
    tokens.json()["accessToken"].as_str().unwrap().to_owned()
}

async fn create_key(app: &TestApp, token: &str) -> Answer {
    let body = json!({ "name": "Nightly", "scopes": ["write"], "expiresAt": "2027-05-01T00:00:00Z" });
    let draft = Draft::post("/v1/api-keys", &body).header("Authorization", &format!("Bearer {token}"));
    app.as_anybody().send_with_retry(draft).await
}

fn created(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 201).count()
}

#[tokio::test]
async fn no_key_in_the_making_outlives_the_invitation_that_ends_all_keys() {
    let app = TestApp::start().await;
    let id = app.world().user(Who::Expert1);
    let live = format!("select count(*) from api_keys where user_id = '{id}' and revoked_at is null");
    for round in 0..ROUNDS {
        let token = signed_in(&app, Who::Expert1).await;
        let invite = Draft::new(Method::POST, format!("/v1/users/{id}/invitations"));
        let keys = join_all((0..3).map(|_| create_key(&app, &token)));
        let (keys, invited) = tokio::join!(keys, app.as_administrator().send_with_retry(invite));
        invited.expect(201);
        for refused in keys.iter().filter(|key| key.status != 201) {
            refused.clone().expect_problem(401, "unauthenticated");
        }
        assert_eq!(app.db_count(&live).await, 0, "round {round}: {} were created", created(&keys));
    }
}

#[tokio::test]
async fn no_key_in_the_making_outlives_the_promotion_that_ends_all_keys() {
    let app = TestApp::start().await;
    let administrator = app.as_administrator();
    // Keys of the promoted user whose creation is on record before the promotion.
    let from_before = format!(
        "select count(*) from api_keys k
         join installation_events c on c.action = 'apiKey.created' and c.subject_id = k.id
         where k.user_id = '{}' and k.revoked_at is null
           and c.seq < (select max(seq) from installation_events where action = 'user.updated'
                          and changes->'role'->>'after' = 'administrator')",
        app.world().user(Who::Outsider)
    );
    for round in 0..ROUNDS {
        let token = signed_in(&app, Who::Outsider).await;
        let it = user(administrator, Who::Outsider).await;
        let promote = Draft::patch(&it, &json!({ "role": "administrator" }));
        let keys = join_all((0..3).map(|_| create_key(&app, &token)));
        let (keys, promoted) = tokio::join!(keys, administrator.send_with_retry(promote));
        let promoted = Resource { path: it.path.clone(), ..promoted.expect(200).resource() };
        assert_eq!(created(&keys), 3);
        assert_eq!(app.db_count(&from_before).await, 0, "round {round}");
        administrator.patch(&promoted, json!({ "role": "expert" })).await.expect(200);
        let revoke = "update api_keys set revoked_at = created_at where revoked_at is null";
        app.db().await.execute(revoke, &[]).await.unwrap();
    }
}

#[tokio::test]
async fn of_many_keys_at_once_none_is_beyond_the_limit() {
    let app = TestApp::start().await;
    let id = app.world().user(Who::Expert1);
    let fill = "insert into api_keys (id, user_id, name, key_hash, may_write, created_at, expires_at)
        select gen_random_uuid(), $1::text::uuid, 'Old', sha256(gen_random_uuid()::text::bytea), false, now(), '2027-05-01Z'
        from generate_series(1, 97)";
    app.db().await.execute(fill, &[&id]).await.unwrap();
    let live = format!("select count(*) from api_keys where user_id = '{id}' and revoked_at is null");
    for round in 0..ROUNDS {
        let token = signed_in(&app, Who::Expert1).await;
        let keys = join_all((0..6).map(|_| create_key(&app, &token))).await;
        assert_eq!(app.db_count(&live).await, 100, "round {round}");
        assert_eq!(created(&keys), 3, "round {round}");
        for refused in keys.into_iter().filter(|key| key.status != 201) {
            refused.expect_problem(409, "tooManyApiKeys");
        }
        app.db().await.execute("delete from api_keys where name = 'Nightly'", &[]).await.unwrap();
    }
}

#[tokio::test]
async fn of_many_links_to_the_portfolio_at_once_none_is_beyond_the_limit() {
    let app = TestApp::start().await;
    let (administrator, secretariat) = (app.as_administrator(), app.as_secretariat());
    let second = user(administrator, Who::Outsider).await;
    administrator.patch(&second, json!({ "role": "secretariat" })).await.expect(200);
    let fill = "insert into share_links (id, token_hash, page, user_id, created_at, expires_at)
        select gen_random_uuid(), sha256(gen_random_uuid()::text::bytea), 'portfolio', $1::text::uuid, now(), '2027-05-01Z'
        from generate_series(1, 47)";
    app.db().await.execute(fill, &[&app.world().user(Who::Secretariat)]).await.unwrap();
    let live = "select count(*) from share_links where page = 'portfolio' and revoked_at is null";
    let new = json!({ "page": "portfolio", "note": "New" });
    for round in 0..ROUNDS {
        // The limit is that of the portfolio, and not one of each person.
        let links = (0..6).map(|number| {
            let maker = if number % 2 == 0 { secretariat } else { app.as_who(Who::Outsider) };
            maker.send_with_retry(Draft::post("/v1/share-links", &new))
        });
        let links = join_all(links).await;
        assert_eq!(app.db_count(live).await, 50, "round {round}");
        assert_eq!(created(&links), 3, "round {round}");
        for refused in links.into_iter().filter(|link| link.status != 201) {
            refused.expect_problem(409, "tooManyItems");
        }
        app.db().await.execute("delete from share_links where note = 'New'", &[]).await.unwrap();
    }
}

#[tokio::test]
async fn of_many_sign_ins_at_once_none_is_beyond_the_limit() {
    let app = TestApp::start().await;
    let id = app.world().user(Who::Expert1);
    let fill = "insert into sessions (id, user_id, created_at, last_used_at, expires_at)
        select gen_random_uuid(), $1::text::uuid, at, at, at + interval '7 days'
        from (select $2::text::timestamptz as at) t, generate_series(1, 98)";
    app.db().await.execute("delete from sessions where user_id = $1::text::uuid", &[&id]).await.unwrap();
    app.db().await.execute(fill, &[&id, &app.clock.now().to_rfc3339()]).await.unwrap();
    let running = format!("select count(*) from sessions where user_id = '{id}' and ended_at is null");
    for round in 0..ROUNDS {
        app.advance(TimeDelta::seconds(1));
        join_all((0..6).map(|_| signed_in(&app, Who::Expert1))).await;
        assert_eq!(app.db_count(&running).await, 100, "round {round}");
    }
}

#[tokio::test]
async fn users_who_change_each_other_wait_for_each_other() {
    let app = TestApp::start().await;
    let (administrator, secretariat) = (app.as_administrator(), app.as_secretariat());
    let change = async |client: crate::support::Client<'_>, who: Who, locale: &str| -> Value {
        let it = user(client, who).await;
        client.send(Draft::patch(&it, &json!({ "locale": locale }))).await.expect(200).json()
    };
    for round in 0..ROUNDS {
        let locale = if round % 2 == 0 { "en" } else { "ar" };
        let (one, other) = tokio::join!(
            change(administrator, Who::Secretariat, locale),
            change(secretariat, Who::Outsider, locale)
        );
        assert_eq!((&one["locale"], &other["locale"]), (&json!(locale), &json!(locale)));
    }
}

#[tokio::test]
async fn a_user_who_is_given_a_seat_while_disabled_locks_no_task_force_out_of_order() {
    let app = TestApp::start().await;
    let (a, outsider) = (&app.world().a, app.world().user(Who::Outsider));
    let (appointing, ending) = (app.db_another().await, app.db_another().await);
    let lock_task_force = format!("select from task_force_heads where task_force_id = '{a}' for update");
    let lock_user = format!("select from users where id = '{outsider}' for share");
    // A transaction appoints the user; another one waits for the task force, and then needs the user.
    let appoint = format!(
        "begin; {lock_task_force}; {lock_user};
         insert into members (task_force_id, id, user_id, role, from_date, created_at, updated_at)
         values ('{a}', gen_random_uuid(), '{outsider}', 'expert', '2026-11-22', now(), now())"
    );
    appointing.batch_execute(&appoint).await.unwrap();
    let next = async {
        ending.batch_execute(&format!("begin; {lock_task_force}")).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        ending.batch_execute(&format!("{lock_user}; commit")).await
    };
    let it = user(app.as_administrator(), Who::Outsider).await;
    let disable = json!({ "to": "disabled", "reason": { "en": "Away for a year" } });
    let disabled = app.as_administrator().command(&it, "transitions", disable);
    let commit = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        appointing.batch_execute("commit").await
    };
    let (next, disabled, commit) = tokio::join!(next, disabled, commit);
    commit.unwrap();
    next.expect("the transaction that holds the task force gets the user");
    assert_eq!(disabled.expect(200).json()["state"], "disabled");
    let absent = "select count(*) from events where action = 'member.transitioned'";
    assert_eq!(app.db_count(absent).await, 1, "the new seat is known to be of a disabled user");
}
