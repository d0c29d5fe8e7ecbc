//! Secrets are shown once, to their owner, and are neither in the database nor in the log.

use std::process::Stdio;

use reqwest::Method;
use serde_json::{Value, json};
use taskforce::app::clock::Clock;

use crate::support::app::PASSWORD;
use crate::support::client::Draft;
use crate::support::service::{data_dir, program};
use crate::support::{TestApp, Who};

/// Every secret that a session brings forth.
async fn secrets_of(app: &TestApp) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let credentials = json!({ "email": Who::Expert1.email(), "password": PASSWORD });
    let first = app.as_anybody().post("/v1/auth/login", credentials).await.expect(200).json();
    let body = json!({ "refreshToken": first["refreshToken"] });
    let next = app.as_anybody().post("/v1/auth/refresh", body).await.expect(200).json();
    let path = format!("/v1/users/{}/invitations", app.world().user(Who::Expert2));
    let invited = app.as_administrator().send(Draft::new(Method::POST, path)).await.expect(201).json();
    let new = json!({ "name": "Nightly", "scopes": ["read"], "expiresAt": "2027-05-01T00:00:00Z" });
    let draft = Draft::post("/v1/api-keys", &new).header("Idempotency-Key", "once");
    let key = app.as_expert().send(draft).await.expect(201).json();
    let new = json!({ "name": "City dashboard", "url": "https://hooks.city.example/" });
    let draft = Draft::post(app.a("/webhooks"), &new).header("Idempotency-Key", "once");
    let webhook = app.as_chair().send(draft).await.expect(201).json();
    let link = app.as_chair().post(app.a("/share-links"), json!({ "page": "status" })).await.expect(201);
    let page = link.page_path();
    app.as_anybody().get(page.as_str()).await.expect(200);
    app.app.write_link_accesses().await.unwrap();
    vec![
        page.trim_start_matches("/s/").to_owned(),
        PASSWORD.to_owned(),
        text(&first["refreshToken"]),
        text(&next["refreshToken"]),
        text(&next["accessToken"]),
        text(&invited["invitationToken"]),
        text(&key["key"]),
        text(&webhook["secret"]),
        text(&webhook["secret"]).trim_start_matches("whsec_").to_owned(),
    ]
}

#[tokio::test]
async fn no_secret_stands_in_the_database() {
    let app = TestApp::start().await;
    let secrets = secrets_of(&app).await;
    let tables =
        "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace";
    let tables = app.db().await.query(tables, &[]).await.unwrap();
    assert!(tables.len() > 30);
    for table in tables {
        let table: String = table.get(0);
        let rows = app.db().await.query(&format!("select t::text from {table} t"), &[]).await.unwrap();
        for row in rows {
            let row: String = row.get(0);
            for secret in &secrets {
                // Bytes are written in hexadecimal.
                let bytes = hex::encode(secret);
                assert!(!row.contains(secret) && !row.contains(&bytes), "{table}: {row}");
            }
        }
    }
}

#[tokio::test]
async fn no_secret_stands_in_the_log_however_much_is_asked_for() {
    let dir = data_dir();
    let log = dir.path().join("log");
    let file = std::fs::File::create(&log).unwrap();
    let mut demo = program(dir.path());
    demo.arg("demo").env("RUST_LOG", "trace").stderr(Stdio::from(file));
    let service = crate::support::service::Service::start(&mut demo);
    let http = reqwest::Client::new();
    let post = async |path: &str, token: &str, body: Value| -> Value {
        let request = http.post(format!("{}{path}", service.url)).bearer_auth(token).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    };
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
    let sign_in = async |who: &str, password: &str| {
        let credentials = json!({ "email": format!("{who}@demo.example"), "password": password });
        post("/v1/auth/login", "none", credentials).await
    };
    let wrong = "a password that is wrong";
    sign_in("chair", wrong).await;
    let first = sign_in("administrator", PASSWORD).await;
    let next = post("/v1/auth/refresh", "none", json!({ "refreshToken": first["refreshToken"] })).await;
    let token = text(&next["accessToken"]);
    let expires_at = (Clock::default().now() + chrono::TimeDelta::days(1)).to_rfc3339();
    let key = json!({ "name": "Nightly", "scopes": ["read"], "expiresAt": expires_at });
    let key = text(&post("/v1/api-keys", &token, key).await["key"]);
    let new = json!({ "email": "x@demo.example", "name": { "en": "X" }, "role": "expert", "locale": "en" });
    let invitation = text(&post("/v1/users", &token, new).await["invitationToken"]);
    assert_eq!(service.get(&key, "/v1/me").await.unwrap().0, 200);
    // The token of a share link is in the path of the page, which may be cut off or have more behind it.
    let secretariat = text(&sign_in("secretariat", PASSWORD).await["accessToken"]);
    let link = post("/v1/share-links", &secretariat, json!({ "page": "portfolio" })).await;
    let link = text(&link["pageUrl"]);
    let (_, link) = link.rsplit_once('/').unwrap();
    for path in [
        format!("/s/{link}"),
        format!("/s/{link}?lang=ar"),
        format!("/s/{link}/more"),
        format!("/s/{link}.ics"),
        format!("/s/{}", &link[1..]),
    ] {
        drop(service.get("none", &path).await);
    }
    service.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(service.wait().success());

    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("/v1/auth/login") && log.contains("TRACE"), "nothing is in the log: {log}");
    let secrets = [
        PASSWORD,
        wrong,
        &text(&first["refreshToken"]),
        &text(&next["refreshToken"]),
        &token,
        &key,
        &invitation,
        &link[1..],
        "$argon2",
    ];
    for secret in secrets {
        // Libraries log the parameters of statements as numbers.
        let bytes = format!("{:?}", secret.as_bytes());
        let bytes = bytes.trim_matches(['[', ']']);
        let line = log.lines().find(|line| line.contains(secret) || line.contains(bytes));
        assert_eq!(line, None, "{secret}");
    }
}
