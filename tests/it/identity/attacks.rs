//! Access tokens that are not ours, not any more, or not for this.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use taskforce::auth::tokens::Tokens;

use crate::support::app::{KEY, PASSWORD};
use crate::support::client::Draft;
use crate::support::{TestApp, Who};

/// A good token, taken apart.
struct Parts {
    header: Header,
    claims: Value,
    good: String,
    refresh: String,
}

async fn parts(app: &TestApp) -> Parts {
    let credentials = json!({ "email": Who::Administrator.email(), "password": PASSWORD });
    let tokens = app.as_anybody().post("/v1/auth/login", credentials).await.expect(200).json();
    let good = tokens["accessToken"].as_str().unwrap().to_owned();
    let claims = URL_SAFE_NO_PAD.decode(good.split('.').nth(1).unwrap()).unwrap();
    Parts {
        header: jsonwebtoken::decode_header(&good).unwrap(),
        claims: serde_json::from_slice(&claims).unwrap(),
        good,
        refresh: tokens["refreshToken"].as_str().unwrap().to_owned(),
    }
}

fn der() -> Vec<u8> {
    pem::parse(KEY.expose_secret()).unwrap().into_contents()
}

fn sign(header: &Header, claims: &Value) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_ed_der(&der())).unwrap()
}

async fn status(app: &TestApp, authorization: &str) -> u16 {
    let answer = app.as_anybody().send(Draft::get("/v1/me").header("Authorization", authorization)).await;
    if answer.status != 200 {
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        return answer.expect_problem(401, "unauthenticated")["status"].as_u64().unwrap().try_into().unwrap();
    }
    answer.status
}

async fn bearer(app: &TestApp, token: &str) -> u16 {
    status(app, &format!("Bearer {token}")).await
}

#[tokio::test]
async fn a_token_is_refused_for_any_claim_that_is_missing_or_wrong() {
    let app = TestApp::start().await;
    let Parts { header, claims, .. } = parts(&app).await;
    assert_eq!(
        bearer(&app, &sign(&header, &claims)).await,
        200,
        "made as the service makes them, it is good"
    );
    for claim in ["iss", "aud", "sub", "exp", "sid"] {
        let mut without = claims.clone();
        without.as_object_mut().unwrap().remove(claim);
        assert_eq!(bearer(&app, &sign(&header, &without)).await, 401, "without {claim}");
    }
    for (claim, wrong) in [
        ("iss", json!("https://elsewhere.example")),
        ("aud", json!("another-service")),
        ("sub", json!(app.world().user(Who::Secretariat))),
        ("sub", json!("nobody")),
        ("sid", json!("0199f0c2-7a3b-7c11-9d2e-000000000001")),
        ("exp", json!(0)),
        ("exp", json!("soon")),
        ("exp", json!(i64::MAX)),
    ] {
        let mut other = claims.clone();
        other[claim] = wrong.clone();
        assert_eq!(bearer(&app, &sign(&header, &other)).await, 401, "{claim}: {wrong}");
    }
}

#[tokio::test]
async fn a_token_is_refused_for_another_header() {
    let app = TestApp::start().await;
    let Parts { header, claims, good, .. } = parts(&app).await;
    for changed in [
        Header { typ: Some("JWT".to_owned()), ..header.clone() },
        Header { typ: None, ..header.clone() },
        Header { kid: Some("another".to_owned()), ..header.clone() },
        Header { jku: Some("https://evil.example/jwks.json".to_owned()), ..header.clone() },
    ] {
        assert_eq!(bearer(&app, &sign(&changed, &claims)).await, 401, "{changed:?}");
    }
    let [_, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let kid = header.kid.clone().unwrap();
    for none in ["none", "None", "nOnE", ""] {
        let unsigned = json!({ "typ": "at+jwt", "alg": none, "kid": kid }).to_string();
        let unsigned = URL_SAFE_NO_PAD.encode(unsigned);
        assert_eq!(bearer(&app, &format!("{unsigned}.{payload}.")).await, 401);
        assert_eq!(bearer(&app, &format!("{unsigned}.{payload}.{signature}")).await, 401);
    }
    // The public key is no shared secret, in whichever form.
    let public = Ed25519KeyPair::from_pkcs8(&der()).unwrap().public_key().as_ref().to_vec();
    let x = URL_SAFE_NO_PAD.encode(&public);
    let jwks = app.as_anybody().get("/.well-known/jwks.json").await.expect(200).json();
    assert_eq!((&jwks["keys"][0]["x"], &jwks["keys"][0]["kid"]), (&json!(x), &json!(kid)));
    for secret in [public.as_slice(), x.as_bytes()] {
        let symmetric = Header { alg: Algorithm::HS256, ..header.clone() };
        let token = jsonwebtoken::encode(&symmetric, &claims, &EncodingKey::from_secret(secret)).unwrap();
        assert_eq!(bearer(&app, &token).await, 401);
    }
}

#[tokio::test]
async fn a_token_is_refused_that_another_key_has_signed_or_somebody_has_changed() {
    let app = TestApp::start().await;
    let Parts { header, claims, good, refresh } = parts(&app).await;
    let other = pem::parse(Tokens::generate_pem().unwrap().expose_secret()).unwrap();
    let forged = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(other.contents())).unwrap();
    assert_eq!(bearer(&app, &forged).await, 401);
    let [head, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let mut promoted = claims.clone();
    promoted["role"] = json!("administrator");
    let promoted = URL_SAFE_NO_PAD.encode(promoted.to_string());
    for broken in [
        format!("{head}.{promoted}.{signature}"),
        format!("{head}.{payload}."),
        format!("{head}.{payload}"),
        format!("{good}."),
        format!("{good}A"),
        refresh,
        String::new(),
        "a.b.c".to_owned(),
        "x".repeat(4000),
    ] {
        assert_eq!(bearer(&app, &broken).await, 401, "{broken}");
    }
    for scheme in [format!("Basic {good}"), good.clone(), format!("Token {good}"), "Bearer".to_owned()] {
        assert_eq!(status(&app, &scheme).await, 401, "{scheme}");
    }
    assert_eq!(status(&app, &format!("bearer {good}")).await, 200, "a scheme has no case");
    assert_eq!(bearer(&app, &good).await, 200);
}

#[tokio::test]
async fn a_token_ends_after_a_quarter_of_an_hour() {
    let app = TestApp::start().await;
    let Parts { good, .. } = parts(&app).await;
    app.advance(TimeDelta::minutes(15) - TimeDelta::microseconds(1));
    assert_eq!(bearer(&app, &good).await, 200);
    app.advance(TimeDelta::microseconds(1));
    assert_eq!(bearer(&app, &good).await, 401);
}
