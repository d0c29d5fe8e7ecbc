//! Bearer tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{fuzz, junk};
use crate::support::app::{KEY, PASSWORD};
use crate::support::client::Draft;
use crate::support::random::Rng;
use crate::support::{TestApp, Who};

const NAMES: [&str; 14] =
    ["typ", "alg", "kid", "jwk", "jku", "x5c", "crit", "iss", "aud", "sub", "sid", "iat", "exp", "nbf"];
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";

/// A token, and what it is made of.
struct Good {
    text: String,
    parts: [String; 3],
    header: Value,
    claims: Value,
    key: EncodingKey,
}

async fn good(app: &TestApp) -> Good {
    let credentials = json!({ "email": Who::Chair.email(), "password": PASSWORD });
    let tokens = app.as_anybody().post("/v1/auth/login", credentials).await.expect(200).json();
    let text = tokens["accessToken"].as_str().unwrap().to_owned();
    let parts: Vec<_> = text.split('.').map(str::to_owned).collect();
    let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let (header, claims) = (read(&parts[0]), read(&parts[1]));
    let key = EncodingKey::from_ed_der(pem::parse(KEY.expose_secret()).unwrap().contents());
    Good { text, parts: parts.try_into().unwrap(), header, claims, key }
}

fn encoded(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// One of the fields is something else, or gone.
fn changed(rng: &mut Rng, object: &Value) -> String {
    let mut object = object.as_object().unwrap().clone();
    let name = if rng.percent(80) {
        let names: Vec<_> = object.keys().cloned().collect();
        rng.pick(&names).clone()
    } else {
        (*rng.pick(&NAMES)).to_owned()
    };
    if rng.percent(25) {
        object.remove(&name);
        return Value::Object(object).to_string();
    }
    // As text: what JSON can say and `Value` can't.
    let other = junk::json(rng, &NAMES, 2);
    object.remove(&name);
    let rest = Value::Object(object).to_string();
    format!("{{\"{name}\":{other},{}", &rest[1..])
}

/// Something that is not the token.
fn forged(rng: &mut Rng, good: &Good) -> String {
    let [header, claims, signature] = &good.parts;
    match rng.below(9) {
        0 => junk::one_letter_off(rng, &good.text, LETTERS),
        1 => String::from_utf8_lossy(&junk::mutated(rng, good.text.as_bytes())).into_owned(),
        2 => format!("{}.{claims}.{signature}", encoded(changed(rng, &good.header))),
        3 => format!("{header}.{}.{signature}", encoded(changed(rng, &good.claims))),
        4 => {
            let other = junk::mutated(rng, &URL_SAFE_NO_PAD.decode(signature).unwrap());
            format!("{header}.{claims}.{}", encoded(other))
        }
        5 => format!(
            "{}.{}.{}",
            encoded(changed(rng, &good.header)),
            encoded(changed(rng, &good.claims)),
            signature
        ),
        // Signed by nobody.
        6 => {
            let none = good
                .header
                .to_string()
                .replace("EdDSA", rng.pick::<&str>(&["none", "None", "HS256", "RS256", "ES256"]));
            format!("{}.{claims}.{}", encoded(none), rng.pick(&["", signature.as_str(), "AA"]))
        }
        7 => format!("{}{}", rng.pick(&["", "tfk_", "tfk", "tfk_0"]), junk::header(rng)),
        _ => format!("{}{}", rng.pick(&["tfk_", ""]), encoded(junk::text(rng))),
    }
}

/// Signed with the service's own key, and yet no token of ours: some header or claim is another.
fn misissued(rng: &mut Rng, good: &Good) -> (String, String) {
    let (header, claims) = if rng.percent(50) {
        (changed(rng, &good.header), good.claims.to_string())
    } else {
        (good.header.to_string(), changed(rng, &good.claims))
    };
    let message = format!("{}.{}", encoded(&header), encoded(&claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &good.key, Algorithm::EdDSA).unwrap();
    (format!("{message}.{signature}"), format!("{header} {claims}"))
}

#[tokio::test]
async fn only_the_issued_token_is_accepted() {
    let app = TestApp::start().await;
    let good = good(&app).await;
    let now = app.clock.now();
    assert!(app.app.tokens.verify(&good.text, now).is_some());
    fuzz("token", async |rng| {
        // Most of them straight into the parser: over HTTP they would be a tenth as many.
        let mut last = String::new();
        for _ in 0..50 {
            let forged = forged(rng, &good);
            if forged != good.text {
                assert_eq!(app.app.tokens.verify(&forged, now), None, "{forged}");
                last = forged;
            }
        }
        let shown: String = last.chars().filter(|letter| !letter.is_ascii_control()).collect();
        // White space around a token is not part of it.
        if shown.trim() != good.text {
            let draft = Draft::get("/v1/me").header("Authorization", &format!("Bearer {shown}"));
            app.as_anybody().send(draft).await.expect_problem(401, "unauthenticated");
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_with_other_claims_is_not_taken_for_the_users() {
    let app = TestApp::start().await;
    let good = good(&app).await;
    let me = app.as_chair().get("/v1/me").await.expect(200).json();
    fuzz("token, signed", async |rng| {
        let (token, said) = misissued(rng, &good);
        let draft = Draft::get("/v1/me").header("Authorization", &format!("Bearer {token}"));
        let answer = app.as_anybody().send(draft).await;
        if answer.status == 200 {
            // An accepted token has the same user and session, our issuer and audience, and has not expired.
            assert_eq!(answer.json(), me, "{said}");
            for must in ["\"iss\"", "\"aud\"", "\"sub\"", "\"sid\"", "\"exp\"", "at+jwt", "EdDSA", "\"kid\""]
            {
                assert!(said.contains(must), "{must}: {said}");
            }
        } else {
            answer.expect_problem(401, "unauthenticated");
        }
    })
    .await;
}
