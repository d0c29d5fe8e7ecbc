//! Access tokens that are not ours, not any more, or not for this.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use taskforce::auth::tokens::Tokens;

use crate::support::app::{ISSUER, KEY, PASSWORD};
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

/// Signs any header, with any key.
fn sign_raw(header: &Value, claims: &Value, key: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = Ed25519KeyPair::from_pkcs8(key).unwrap().sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
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

/// The status that a token gets whose header or claims are these, signed with our own key: nothing else is wrong
/// with it.
async fn as_signed(app: &TestApp, header: &Header, claims: &Value) -> u16 {
    bearer(app, &sign(header, claims)).await
}

/// The claims, with one of them different.
fn with_claim(claims: &Value, name: &str, value: Value) -> Value {
    let mut other = claims.clone();
    other[name] = value;
    other
}

#[tokio::test]
async fn a_token_made_as_the_service_makes_them_is_good() {
    let app = TestApp::start().await;
    let Parts { header, claims, .. } = parts(&app).await;
    assert_eq!(as_signed(&app, &header, &claims).await, 200, "or the tests below say nothing");
}

#[tokio::test]
async fn a_token_is_refused_for_any_claim_that_is_missing() {
    let app = TestApp::start().await;
    let Parts { header, claims, .. } = parts(&app).await;
    for claim in ["iss", "aud", "sub", "exp", "sid"] {
        let mut without = claims.clone();
        without.as_object_mut().unwrap().remove(claim);
        assert_eq!(as_signed(&app, &header, &without).await, 401, "without {claim}");
        assert_eq!(
            as_signed(&app, &header, &with_claim(&claims, claim, Value::Null)).await,
            401,
            "{claim}: null"
        );
    }
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    let app = TestApp::start().await;
    let Parts { header, claims, .. } = parts(&app).await;
    for issuer in [json!("https://elsewhere.example"), json!(format!("{ISSUER}/")), json!("")] {
        assert_eq!(as_signed(&app, &header, &with_claim(&claims, "iss", issuer)).await, 401);
    }
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    let app = TestApp::start().await;
    let Parts { header, claims, .. } = parts(&app).await;
    for audience in [json!("another-service"), json!(["another-service"]), json!([]), json!("")] {
        assert_eq!(as_signed(&app, &header, &with_claim(&claims, "aud", audience)).await, 401);
    }
}

#[tokio::test]
async fn a_token_of_somebody_elses_session_is_refused() {
    let app = TestApp::start().await;
    let Parts { header, claims, .. } = parts(&app).await;
    for (claim, wrong) in [
        ("sub", json!(app.world().user(Who::Secretariat))),
        ("sub", json!("nobody")),
        ("sid", json!("0199f0c2-7a3b-7c11-9d2e-000000000001")),
        ("sid", json!(1)),
    ] {
        assert_eq!(
            as_signed(&app, &header, &with_claim(&claims, claim, wrong.clone())).await,
            401,
            "{claim}: {wrong}"
        );
    }
}

#[tokio::test]
async fn a_token_that_has_expired_is_refused() {
    let app = TestApp::start().await;
    let Parts { header, claims, good, .. } = parts(&app).await;
    let now = app.clock.now().timestamp();
    for exp in [json!(now), json!(now - 1), json!(0), json!(-1), json!("soon"), json!(i64::MAX)] {
        assert_eq!(as_signed(&app, &header, &with_claim(&claims, "exp", exp.clone())).await, 401, "{exp}");
    }
    app.advance(TimeDelta::minutes(15) - TimeDelta::microseconds(1));
    assert_eq!(bearer(&app, &good).await, 200);
    app.advance(TimeDelta::microseconds(1));
    assert_eq!(bearer(&app, &good).await, 401);
}

#[tokio::test]
async fn a_token_that_is_not_valid_yet_is_refused_until_it_is() {
    let app = TestApp::start().await;
    let Parts { header, claims, .. } = parts(&app).await;
    let begin = app.clock.now().timestamp() + 60;
    let early = sign(&header, &with_claim(&claims, "nbf", json!(begin)));
    assert_eq!(bearer(&app, &early).await, 401);
    app.advance(TimeDelta::seconds(60) - TimeDelta::microseconds(1));
    assert_eq!(bearer(&app, &early).await, 401);
    app.advance(TimeDelta::microseconds(1));
    assert_eq!(bearer(&app, &early).await, 200);
    for nbf in [json!(i64::MAX), json!("now"), json!([begin])] {
        assert_eq!(as_signed(&app, &header, &with_claim(&claims, "nbf", nbf.clone())).await, 401, "{nbf}");
    }
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let app = TestApp::start().await;
    let Parts { header, good, .. } = parts(&app).await;
    let [_, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
    for none in ["none", "None", "nOnE", ""] {
        let unsigned = json!({ "typ": "at+jwt", "alg": none, "kid": header.kid }).to_string();
        let unsigned = URL_SAFE_NO_PAD.encode(unsigned);
        assert_eq!(bearer(&app, &format!("{unsigned}.{payload}.")).await, 401);
        assert_eq!(bearer(&app, &format!("{unsigned}.{payload}.{signature}")).await, 401);
    }
}

/// The public key is no shared secret, in whichever form.
#[tokio::test]
async fn a_token_signed_with_the_public_key_as_a_secret_is_refused() {
    let app = TestApp::start().await;
    let Parts { header, claims, .. } = parts(&app).await;
    let public = Ed25519KeyPair::from_pkcs8(&der()).unwrap().public_key().as_ref().to_vec();
    let x = URL_SAFE_NO_PAD.encode(&public);
    let jwks = app.as_anybody().get("/.well-known/jwks.json").await.expect(200);
    let key = &jwks.json()["keys"][0];
    assert_eq!((&key["x"], &key["kid"]), (&json!(x), &json!(header.kid)));
    let secrets = [public.as_slice(), x.as_bytes(), jwks.text().as_bytes(), b""];
    for (secret, alg) in
        secrets.iter().flat_map(|secret| [Algorithm::HS256, Algorithm::HS512].map(|alg| (secret, alg)))
    {
        let symmetric = Header { alg, ..header.clone() };
        let token = jsonwebtoken::encode(&symmetric, &claims, &EncodingKey::from_secret(secret)).unwrap();
        assert_eq!(bearer(&app, &token).await, 401);
    }
}

#[tokio::test]
async fn a_token_that_names_another_key_is_refused() {
    let app = TestApp::start().await;
    let Parts { header, claims, .. } = parts(&app).await;
    for kid in [None, Some(""), Some("another"), Some("../../etc/passwd"), Some("' or 1=1 --")] {
        let changed = Header { kid: kid.map(str::to_owned), ..header.clone() };
        assert_eq!(as_signed(&app, &changed, &claims).await, 401, "{kid:?}");
    }
}

/// A forger's own key comes along with the token, or the address of one: neither is looked at.
#[tokio::test]
async fn a_token_that_brings_its_own_key_is_refused() {
    let app = TestApp::start().await;
    let Parts { header, claims, .. } = parts(&app).await;
    let forger = pem::parse(Tokens::generate_pem().unwrap().expose_secret()).unwrap();
    let x = URL_SAFE_NO_PAD.encode(Ed25519KeyPair::from_pkcs8(forger.contents()).unwrap().public_key());
    for (name, value) in [
        ("jwk", json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig", "alg": "EdDSA" })),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/chain.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut head = json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": header.kid });
        head[name] = value;
        for key in [forger.contents(), der().as_slice()] {
            assert_eq!(bearer(&app, &sign_raw(&head, &claims, key)).await, 401, "{name}");
        }
    }
}

#[tokio::test]
async fn a_token_of_another_kind_or_with_demands_that_we_do_not_know_is_refused() {
    let app = TestApp::start().await;
    let Parts { header, claims, .. } = parts(&app).await;
    let good = json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": header.kid });
    assert_eq!(bearer(&app, &sign_raw(&good, &claims, &der())).await, 200, "or this says nothing");
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", Value::Null),
        ("alg", json!("ES256")),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
    ] {
        let head = with_claim(&good, name, value.clone());
        assert_eq!(bearer(&app, &sign_raw(&head, &claims, &der())).await, 401, "{name}: {value}");
    }
}

#[tokio::test]
async fn a_refresh_token_is_no_access_token_nor_the_other_way_round() {
    let app = TestApp::start().await;
    let Parts { good, refresh, .. } = parts(&app).await;
    assert_eq!(bearer(&app, &refresh).await, 401);
    app.as_anybody()
        .post("/v1/auth/refresh", json!({ "refreshToken": "x".repeat(200) }))
        .await
        .expect_problem(401, "invalidCredentials");
    let access = json!({ "refreshToken": &good[..good.len().min(200)] });
    app.as_anybody().post("/v1/auth/refresh", access).await.expect_problem(401, "invalidCredentials");
    assert_eq!(bearer(&app, &good).await, 200, "nothing of that ended the session");
}

#[tokio::test]
async fn a_token_is_refused_that_another_key_has_signed_or_somebody_has_changed() {
    let app = TestApp::start().await;
    let Parts { header, claims, good, .. } = parts(&app).await;
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
