//! The attacks on tokens that RFC 8725, RFC 9068 and ASVS V9 describe, against generated keys.

mod fetching;
mod signer;

use std::sync::LazyLock;

use chrono::SubsecRound as _;
use proptest::prelude::*;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::*;
use crate::auth::tokens::Tokens;
use signer::Signer;

const AUDIENCE: &str = "https://taskforce.example";
/// An issuer that can't be reached.
const NOWHERE: &str = "http://127.0.0.1:1";

fn now() -> DateTime<Utc> {
    "2026-11-22T09:00:00.5Z".parse().unwrap()
}

fn issuer_at(url: &str) -> Issuer {
    let algorithms = ["RS256", "PS256", "ES256", "EdDSA"].map(str::to_owned);
    Issuer::new(url, AUDIENCE.to_owned(), &algorithms).unwrap()
}

fn key_set(signers: &[&Signer]) -> CoreJsonWebKeySet {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk.clone()).collect();
    serde_json::from_value(json!({ "keys": keys })).unwrap()
}

/// An issuer that has these keys and can't be reached.
fn issuer(signers: &[&Signer]) -> Issuer {
    let issuer = issuer_at(NOWHERE);
    issuer.keys.store(key_set(signers), now());
    issuer
}

/// The claims of an ID token.
fn claims() -> Value {
    let iat = now().timestamp() - 10;
    json!({
        "iss": NOWHERE, "aud": AUDIENCE, "sub": "248289761001", "iat": iat, "exp": iat + 600,
        "email": "Layla@Example.org", "email_verified": true, "nonce": "n-0S6_WzA2Mj",
    })
}

/// The claims with one of them changed; null removes a claim.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

async fn verified(issuer: &Issuer, token: &str) -> Option<Arc<Identity>> {
    issuer.verify(token, now()).await.unwrap()
}

/// Returns whether claims are accepted that the issuer's key has signed.
async fn accepted(claims: &Value) -> bool {
    let signer = Signer::ed25519("k1");
    verified(&issuer(&[&signer]), &signer.token(claims)).await.is_some()
}

#[tokio::test]
async fn id_tokens_and_access_tokens_of_every_algorithm_say_who_it_is() {
    let signers =
        [Signer::ed25519("ed"), Signer::p256("p256"), Signer::rsa("rs", "RS256"), Signer::rsa("ps", "PS256")];
    let issuer = issuer(&signers.each_ref());
    for signer in &signers {
        for typ in [Value::Null, json!("JWT"), json!("at+jwt"), json!("application/at+jwt")] {
            let token = signer.token_with("typ", typ.clone(), &claims());
            // Twice: verified, and from the cache.
            for _ in 0..2 {
                let identity = verified(&issuer, &token).await;
                let identity = identity.unwrap_or_else(|| panic!("{} {typ}", signer.alg));
                assert_eq!(identity.subject, "248289761001");
                assert_eq!(identity.verified_email.as_deref(), Some("Layla@Example.org"));
                assert_eq!(identity.issued_at, now().trunc_subsecs(0) - TimeDelta::seconds(10) - LEEWAY);
            }
        }
    }
}

#[tokio::test]
async fn a_token_without_signature_is_none() {
    let signer = Signer::ed25519("k1");
    let issuer = issuer(&[&signer]);
    for alg in ["none", "None", "nOnE", "", "EdDSA"] {
        let bare = signer::unsigned(&json!({"alg": alg, "kid": "k1"}), &claims());
        assert_eq!(verified(&issuer, &format!("{bare}.")).await, None, "{alg}");
        assert_eq!(verified(&issuer, &bare).await, None, "{alg}");
    }
}

#[tokio::test]
async fn a_public_key_is_nobodys_shared_secret() {
    let signers = [Signer::rsa("rs", "RS256"), Signer::ed25519("ed"), Signer::p256("p256")];
    let mut issuer = issuer(&signers.each_ref());
    // The second round allows the algorithm.
    for round in 0..2 {
        for signer in &signers {
            for secret in signer.public_key_forms() {
                for alg in ["HS256", "HS384", "HS512"] {
                    let token = signer::by_shared_secret(alg, &signer.kid, &secret, &claims());
                    assert_eq!(verified(&issuer, &token).await, None, "{round} {alg} {}", signer.alg);
                }
            }
        }
        issuer.algorithms.push(CoreJwsSigningAlgorithm::HmacSha256);
    }
    // The configuration can't allow it.
    for alg in ["HS256", "none", "RSA1_5", ""] {
        let refused = Issuer::new(NOWHERE, AUDIENCE.to_owned(), &[alg.to_owned()]);
        assert!(matches!(refused, Err(ConfigurationError::Algorithm(_))), "{alg}");
    }
}

#[tokio::test]
async fn a_key_is_found_by_its_name_and_by_nothing_that_a_token_brings() {
    let (own, other, forger) = (Signer::ed25519("k1"), Signer::ed25519("k2"), Signer::ed25519("k1"));
    let issuer = issuer(&[&own, &other]);
    let none = async |token: String| assert_eq!(verified(&issuer, &token).await, None);
    assert!(verified(&issuer, &own.token(&claims())).await.is_some());
    assert!(verified(&issuer, &other.token(&claims())).await.is_some());

    // An unknown key id, a number, and the id of another key.
    for kid in [json!("k3"), json!("../k1"), json!("k1' or '1'='1"), json!(1), json!("k2")] {
        none(own.token_with("kid", kid, &claims())).await;
    }
    // Without a key id, each key of the issuer is tried, and no other.
    assert!(verified(&issuer, &other.token_with("kid", Value::Null, &claims())).await.is_some());
    none(forger.token_with("kid", Value::Null, &claims())).await;
    // Another key under that id, with headers that say where to find the key.
    none(forger.token(&claims())).await;
    for (name, value) in [
        ("jwk", forger.jwk.clone()),
        ("jku", json!("http://127.0.0.1:1/keys")),
        ("x5u", json!("http://127.0.0.1:1/chain")),
        ("x5c", json!(["MIIB"])),
    ] {
        none(forger.token_with(name, value, &claims())).await;
    }
}

#[tokio::test]
async fn a_key_signs_only_by_its_own_algorithm() {
    let rsa = Signer::rsa("k1", "RS256");
    // RS384 is not allowed; PS256 is allowed, but the key is for RS256.
    assert_eq!(verified(&issuer(&[&rsa]), &rsa.token_by("RS384", &claims())).await, None);
    assert_eq!(verified(&issuer(&[&rsa]), &rsa.token_by("PS256", &claims())).await, None);
    let mut listed = issuer(&[]);
    listed.algorithms = vec![CoreJwsSigningAlgorithm::EcdsaP256Sha256];
    listed.keys.store(key_set(&[&rsa]), now());
    assert_eq!(verified(&listed, &rsa.token(&claims())).await, None);
    // A key for encryption does not sign.
    let mut encrypting = Signer::rsa("k1", "RS256");
    encrypting.jwk["use"] = json!("enc");
    assert_eq!(verified(&issuer(&[&encrypting]), &encrypting.token(&claims())).await, None);
}

#[tokio::test]
async fn a_token_of_another_kind_is_none() {
    let signer = Signer::ed25519("k1");
    let issuer = issuer(&[&signer]);
    for typ in ["logout+jwt", "secevent+jwt", "dpop+jwt", "rt+jwt", "oauth-authz-req+jwt", "", "JOSE+JSON"] {
        assert_eq!(verified(&issuer, &signer.token_with("typ", json!(typ), &claims())).await, None, "{typ}");
    }
    for (name, value) in [("cty", json!("JWT")), ("crit", json!(["b64"])), ("crit", json!([]))] {
        assert_eq!(verified(&issuer, &signer.token_with(name, value, &claims())).await, None, "{name}");
    }
    // A logout token, and a token that is bound to a key.
    let logout = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    assert!(!accepted(&claims_with("events", logout)).await);
    assert!(
        !accepted(&claims_with("cnf", json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}))).await
    );
}

#[tokio::test]
async fn a_token_lives_from_nbf_to_exp_and_a_minute_for_the_clocks() {
    let signer = Signer::ed25519("k1");
    let at = |offset: i64| json!(now().timestamp() + offset);
    for (claim, value, good) in [
        ("exp", at(-59), true),
        ("exp", at(-61), false),
        ("exp", json!("tomorrow"), false),
        ("nbf", at(60), true),
        ("nbf", at(62), false),
        ("nbf", json!(now().timestamp() as f64 + 61.5), false),
        ("nbf", json!("now"), false),
        ("iat", at(60), true),
        ("iat", at(62), false),
        ("exp", json!(i64::MAX), false),
        ("exp", json!(1e300), false),
        ("iat", json!(i64::MIN), false),
    ] {
        assert_eq!(accepted(&claims_with(claim, value.clone())).await, good, "{claim} {value}");
    }
    // With and without the cache.
    let issuer = issuer(&[&signer]);
    let token = signer.token(&claims());
    let end = now().trunc_subsecs(0) + TimeDelta::seconds(590 + 60);
    for (at, good) in [(end, false), (end - TimeDelta::seconds(1), true), (end, false)] {
        assert_eq!(issuer.verify(&token, at).await.unwrap().is_some(), good, "{at}");
    }
}

#[tokio::test]
async fn a_token_with_a_claim_missing_or_of_somebody_else_is_none() {
    assert!(accepted(&claims()).await);
    for claim in ["iss", "aud", "sub", "iat", "exp"] {
        assert!(!accepted(&claims_with(claim, Value::Null)).await, "without {claim}");
    }
    for iss in ["http://127.0.0.1:1/", "http://127.0.0.1:1/realms/other", "http://localhost:1", "", "nobody"]
    {
        assert!(!accepted(&claims_with("iss", json!(iss))).await, "{iss}");
    }
    for aud in [json!("https://other.example"), json!([]), json!(["a", "b"]), json!(""), json!({}), json!(1)]
    {
        assert!(!accepted(&claims_with("aud", aud.clone())).await, "{aud}");
    }
    assert!(accepted(&claims_with("aud", json!(["https://other.example", AUDIENCE]))).await);
    for sub in ["", "\0", "a\nb", &"s".repeat(256)] {
        assert!(!accepted(&claims_with("sub", json!(sub))).await, "{sub:?}");
    }
    assert!(accepted(&claims_with("sub", json!("s".repeat(255)))).await);
}

#[tokio::test]
async fn our_tokens_are_not_theirs_and_theirs_are_not_ours() {
    let own = "https://taskforce.example";
    let ours = Tokens::from_pem(Tokens::generate_pem().unwrap().expose_secret(), own.to_owned()).unwrap();
    let token = ours.issue(uuid::Uuid::nil(), uuid::Uuid::nil(), now()).unwrap();
    assert!(ours.verify(token.expose_secret(), now()).is_some());
    // Even if the issuer publishes our key as its own, for our audience.
    let key = serde_json::to_value(ours.jwks()).unwrap();
    let theirs = Issuer::new(NOWHERE, "taskforce".to_owned(), &["EdDSA".to_owned()]).unwrap();
    theirs.keys.store(serde_json::from_value(key.clone()).unwrap(), now());
    assert_eq!(verified(&theirs, token.expose_secret()).await, None);
    // A token with our issuer and our key id.
    let signer = Signer::ed25519(key["keys"][0]["kid"].as_str().unwrap());
    let mut claims = claims_with("iss", json!(own));
    claims["aud"] = json!("taskforce");
    claims["sub"] = json!(uuid::Uuid::nil());
    claims["sid"] = json!(uuid::Uuid::nil());
    assert_eq!(ours.verify(&signer.token_with("typ", json!("at+jwt"), &claims), now()), None);
}

#[tokio::test]
async fn an_address_counts_only_if_the_issuer_has_verified_it() {
    let signer = Signer::ed25519("k1");
    let issuer = issuer(&[&signer]);
    for (verified_claim, counts) in [
        (json!(true), true),
        // The form of Cognito.
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
        (Value::Null, false),
    ] {
        let token = signer.token(&claims_with("email_verified", verified_claim.clone()));
        let identity = verified(&issuer, &token).await.unwrap();
        assert_eq!(identity.verified_email.is_some(), counts, "{verified_claim}");
    }
    let without = verified(&issuer, &signer.token(&claims_with("email", Value::Null))).await.unwrap();
    assert_eq!(without.verified_email, None);
}

#[tokio::test]
async fn a_name_is_told_in_the_languages_that_the_issuer_knows_it_in() {
    let signer = Signer::ed25519("k1");
    let issuer = issuer(&[&signer]);
    let name = async |claims: Value| {
        let mut all = self::claims();
        all.as_object_mut().unwrap().append(&mut claims.as_object().unwrap().clone());
        let identity = verified(&issuer, &signer.token(&all)).await.unwrap();
        (identity.locale, identity.name.as_ref().map(|name| serde_json::to_value(name).unwrap()))
    };
    let (ar, en) = (Language::Arabic, Language::English);
    assert_eq!(name(json!({})).await, (en, None));
    assert_eq!(name(json!({"name": " Layla\tHaddad\n"})).await, (en, Some(json!({"en": "Layla Haddad"}))));
    assert_eq!(name(json!({"name": "ليلى", "locale": "ar-JO"})).await, (ar, Some(json!({"ar": "ليلى"}))));
    assert_eq!(name(json!({"name": "Layla", "locale": "fr"})).await, (en, Some(json!({"en": "Layla"}))));
    assert_eq!(
        name(json!({"name": "Layla", "name#ar": "ليلى", "locale": "en_GB"})).await,
        (en, Some(json!({"ar": "ليلى", "en": "Layla"})))
    );
    assert_eq!(
        name(json!({"given_name": "Layla", "family_name": "Haddad"})).await.1,
        Some(json!({"en": "Layla Haddad"}))
    );
    let long = name(json!({"name": "é".repeat(500)})).await.1.unwrap();
    assert_eq!(long["en"].as_str().unwrap().chars().count(), 200);
    // The form of Auth0.
    assert_eq!(name(json!({"name": "Layla", "updated_at": "2026-11-22T08:00:00.000Z"})).await.0, en);
}

#[test]
fn only_who_can_be_asked_over_tls_is_an_issuer() {
    let new = |url: &str| Issuer::new(url, AUDIENCE.to_owned(), &[]).map(drop);
    for good in [
        "https://login.example",
        "https://login.example/realms/city",
        "http://127.0.0.1:8080",
        "http://[::1]",
    ] {
        assert!(new(good).is_ok(), "{good}");
    }
    for insecure in ["http://login.example", "http://127.0.0.1.example", "http://10.0.0.1"] {
        assert!(matches!(new(insecure), Err(ConfigurationError::Insecure)), "{insecure}");
    }
    for wrong in ["", "login.example", "ftp://127.0.0.1", "https://a.example/?b", "https://a.example/#b"] {
        assert!(matches!(new(wrong), Err(ConfigurationError::Issuer)), "{wrong}");
    }
    let refused = Issuer::new(NOWHERE, " ".to_owned(), &[]);
    assert!(matches!(refused, Err(ConfigurationError::Audience)));
}

#[tokio::test]
async fn a_token_has_one_spelling() {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let good = Signer::shared().token(&claims());
    let (all_but_last, last) = good.split_at(good.len() - 1);
    for letter in LETTERS.chars().filter(|letter| !last.starts_with(*letter)) {
        assert_eq!(verified(shared(), &format!("{all_but_last}{letter}")).await, None, "{letter} for {last}");
    }
    assert!(verified(shared(), &good).await.is_some());
}

/// One issuer for all cases, since creating an HTTP client takes time.
fn shared() -> &'static Issuer {
    static SHARED: LazyLock<Issuer> = LazyLock::new(|| issuer(&[Signer::shared()]));
    &SHARED
}

proptest! {
    // Signatures are slow in a debug build.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_token_panics(
        token in "\\PC{0,60}",
        header in "\\PC{0,40}",
        payload in "\\PC{0,80}",
        at in any::<prop::sample::Index>(),
        byte in 32..127_u8,
    ) {
        let signer = Signer::shared();
        let issuer = shared();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let verify = |token: &str| runtime.block_on(verified(issuer, token));
        prop_assert_eq!(verify(&token), None);
        prop_assert_eq!(verify(&format!("{}.", signer::join(&header, &payload))), None);
        // A token of the issuer with one character changed.
        let good = signer.token(&claims());
        let mut changed = good.clone().into_bytes();
        let at = at.index(changed.len());
        let letter = &mut changed[at];
        prop_assume!(*letter != byte);
        *letter = byte;
        prop_assert_eq!(verify(&String::from_utf8(changed).unwrap()), None);
        prop_assert!(verify(&good).is_some());
    }
}
