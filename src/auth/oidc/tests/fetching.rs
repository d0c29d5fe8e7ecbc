//! Fetching the issuer's keys: when, how often, and from where.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::Mutex;
use std::thread;

use super::*;

/// The responses of the stub.
#[derive(Clone)]
enum Behaviour {
    /// With these keys.
    Keys(Vec<Value>),
    /// With a status.
    Status(u16),
    /// With another issuer's name.
    CalledSomebodyElse,
    /// With another URL of the keys.
    KeysAt(String),
    /// With a redirect.
    Redirect(String),
    /// With more bytes than the limit.
    Endless,
}

/// An issuer that counts its requests.
struct Stub {
    url: String,
    behaviour: Arc<Mutex<Behaviour>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stub = Self { url, behaviour: Arc::new(Mutex::new(behaviour)), requests: Arc::default() };
        let (url, behaviour, requests) =
            (stub.url.clone(), Arc::clone(&stub.behaviour), Arc::clone(&stub.requests));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let path = lines.next().unwrap_or_default().split(' ').nth(1).unwrap_or_default().to_owned();
                for _ in lines.by_ref().take_while(|line| !line.is_empty()) {}
                requests.lock().unwrap().push(path.clone());
                let (head, body) = answer(&url, &path, &behaviour.lock().unwrap().clone());
                // The client may hang up.
                write!(
                    stream,
                    "HTTP/1.1 {head}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                )
                .ok();
            }
        });
        stub
    }

    fn change(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// The number of requests for a path.
    fn requests_for(&self, path: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|request| *request == path).count()
    }

    fn discoveries(&self) -> usize {
        self.requests_for("/.well-known/openid-configuration")
    }
}

fn answer(url: &str, path: &str, behaviour: &Behaviour) -> (String, String) {
    let keys = |keys: &[Value]| json!({ "keys": keys }).to_string();
    let ok = |body: String| ("200 OK".to_owned(), body);
    let metadata = |issuer: &str, jwks: &str| {
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{url}/auth"),
            "jwks_uri": jwks,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        })
        .to_string()
    };
    match (behaviour, path) {
        (Behaviour::Status(status), _) => (format!("{status} So"), String::new()),
        (Behaviour::Redirect(to), _) => (format!("302 Found\r\nLocation: {to}{path}"), String::new()),
        (Behaviour::Endless, _) => ok(format!("\"{}\"", "a".repeat(2 * 1024 * 1024))),
        (Behaviour::Keys(known), "/keys") => ok(keys(known)),
        (Behaviour::CalledSomebodyElse, "/.well-known/openid-configuration") => {
            ok(metadata("https://somebody.example", &format!("{url}/keys")))
        }
        (Behaviour::KeysAt(jwks), "/.well-known/openid-configuration") => ok(metadata(url, jwks)),
        _ => ok(metadata(url, &format!("{url}/keys"))),
    }
}

fn token_of(stub: &Stub, signer: &Signer, kid: &str) -> String {
    let mut claims = claims_with("iss", json!(stub.url));
    claims["exp"] = json!(now().timestamp() + 100_000);
    signer.token_with("kid", json!(kid), &claims)
}

#[tokio::test]
async fn keys_are_asked_for_once_however_many_come_at_once() {
    let signer = Signer::ed25519("k1");
    let stub = Stub::start(Behaviour::Keys(vec![signer.jwk.clone()]));
    let issuer = issuer_at(&stub.url);
    let tokens: Vec<String> = (0..20)
        .map(|number| {
            let mut claims = claims_with("iss", json!(stub.url));
            claims["jti"] = json!(number);
            signer.token(&claims)
        })
        .collect();
    let all = futures_util::future::join_all(tokens.iter().map(|token| verified(&issuer, token))).await;
    assert!(all.iter().all(Option::is_some));
    assert_eq!((stub.discoveries(), stub.requests_for("/keys")), (1, 1));
}

#[tokio::test]
async fn who_invents_names_of_keys_makes_us_ask_once_a_minute() {
    let signer = Signer::ed25519("k1");
    let stub = Stub::start(Behaviour::Keys(vec![signer.jwk.clone()]));
    let issuer = issuer_at(&stub.url);
    assert!(verified(&issuer, &token_of(&stub, &signer, "k1")).await.is_some());
    for (minute, asked) in [(0, 1), (1, 2), (2, 3)] {
        let at = now() + TimeDelta::minutes(minute);
        for number in 0..10 {
            let token = token_of(&stub, &signer, &format!("invented-{minute}-{number}"));
            assert_eq!(issuer.verify(&token, at).await, Ok(None));
        }
        assert_eq!(stub.discoveries(), asked, "minute {minute}");
    }
}

/// A token without the name of a key.
fn nameless_token_of(stub: &Stub, signer: &Signer) -> String {
    let mut claims = claims_with("iss", json!(stub.url));
    claims["exp"] = json!(now().timestamp() + 100_000);
    signer.token_with("kid", Value::Null, &claims)
}

#[tokio::test]
async fn a_key_that_is_replaced_under_its_name_is_found_after_a_minute() {
    // The second pair is of different types: no key of the right type has the name.
    for (old, new) in
        [(Signer::ed25519("k1"), Signer::ed25519("k1")), (Signer::p256("k1"), Signer::ed25519("k1"))]
    {
        let stub = Stub::start(Behaviour::Keys(vec![old.jwk.clone()]));
        let issuer = issuer_at(&stub.url);
        let (by_old, by_new) = (token_of(&stub, &old, "k1"), token_of(&stub, &new, "k1"));
        assert!(verified(&issuer, &by_old).await.is_some());
        stub.change(Behaviour::Keys(vec![new.jwk.clone()]));
        let at = |seconds| now() + TimeDelta::seconds(seconds);
        assert_eq!(issuer.verify(&by_new, at(59)).await, Ok(None));
        assert_eq!(stub.discoveries(), 1, "no more than once a minute");
        assert!(issuer.verify(&by_new, at(60)).await.unwrap().is_some());
        assert_eq!(issuer.verify(&by_old, at(60)).await, Ok(None));
        assert_eq!(stub.discoveries(), 2);
    }
}

#[tokio::test]
async fn an_issuer_that_names_no_keys_may_replace_them_and_have_several() {
    let (old, new) = (Signer::ed25519("k1"), Signer::ed25519("k2"));
    let unnamed = |signer: &Signer| {
        let mut jwk = signer.jwk.clone();
        jwk.as_object_mut().unwrap().remove("kid");
        jwk
    };
    let stub = Stub::start(Behaviour::Keys(vec![unnamed(&old)]));
    let issuer = issuer_at(&stub.url);
    let (by_old, by_new) = (nameless_token_of(&stub, &old), nameless_token_of(&stub, &new));
    let good = async |token: &str, minutes: i64| {
        issuer.verify(token, now() + TimeDelta::minutes(minutes)).await.unwrap().is_some()
    };
    assert!(good(&by_old, 0).await);
    assert!(!good(&by_new, 0).await);
    // Both are good while the issuer changes from one to the other, whichever it lists first.
    stub.change(Behaviour::Keys(vec![unnamed(&old), unnamed(&new)]));
    assert!(good(&by_new, 1).await);
    assert!(good(&by_old, 1).await);
    stub.change(Behaviour::Keys(vec![unnamed(&new)]));
    assert!(good(&by_new, 61).await);
    assert!(!good(&by_old, 61).await);
}

#[tokio::test]
async fn who_invents_signatures_makes_us_ask_once_a_minute() {
    let (signer, forger) = (Signer::ed25519("k1"), Signer::ed25519("k1"));
    let stub = Stub::start(Behaviour::Keys(vec![signer.jwk.clone()]));
    let issuer = issuer_at(&stub.url);
    assert!(verified(&issuer, &token_of(&stub, &signer, "k1")).await.is_some());
    let forged = token_of(&stub, &forger, "k1");
    for (minute, asked) in [(0, 1), (1, 2), (2, 3)] {
        let at = now() + TimeDelta::minutes(minute);
        for _ in 0..10 {
            assert_eq!(issuer.verify(&forged, at).await, Ok(None));
        }
        assert_eq!(stub.discoveries(), asked, "minute {minute}");
    }
}

#[tokio::test]
async fn what_can_not_be_the_issuers_token_makes_us_ask_nothing() {
    let signer = Signer::ed25519("k1");
    let stub = Stub::start(Behaviour::Keys(vec![signer.jwk.clone()]));
    let issuer = issuer_at(&stub.url);
    let other_issuer = signer.token(&claims());
    let mut claims = claims_with("iss", json!(stub.url));
    claims["aud"] = json!("another");
    let other_audience = signer.token(&claims);
    claims["aud"] = json!(AUDIENCE);
    let unsigned = format!("{}.", signer::unsigned(&json!({"alg": "none"}), &claims));
    let symmetric = signer::by_shared_secret("HS256", "k1", b"secret", &claims);
    for token in ["", "a.b.c", &other_issuer, &other_audience, &unsigned, &symmetric] {
        assert_eq!(verified(&issuer, token).await, None);
    }
    assert_eq!(stub.discoveries(), 0);
}

#[tokio::test]
async fn a_new_key_is_found_and_a_withdrawn_one_is_gone_within_the_hour() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    let stub = Stub::start(Behaviour::Keys(vec![old.jwk.clone()]));
    let issuer = issuer_at(&stub.url);
    let (by_old, by_new) = (token_of(&stub, &old, "old"), token_of(&stub, &new, "new"));
    let good = async |token: &str, minutes: i64| {
        issuer.verify(token, now() + TimeDelta::minutes(minutes)).await.unwrap().is_some()
    };
    assert!(good(&by_old, 0).await);
    stub.change(Behaviour::Keys(vec![new.jwk.clone()]));
    // Within the hour the keys are not fetched again; after it a cached token is verified again, too.
    assert!(good(&by_old, 59).await);
    assert_eq!(stub.discoveries(), 1);
    assert!(!good(&by_old, 60).await);
    assert!(good(&by_new, 60).await);

    // An unknown key is fetched at once, and replaced keys are no longer accepted.
    stub.change(Behaviour::Keys(vec![old.jwk.clone()]));
    assert!(good(&by_new, 61).await);
    assert!(good(&by_old, 61).await);
    assert!(!good(&by_new, 61).await);
}

#[tokio::test]
async fn an_issuer_that_is_down_leaves_the_known_keys_good() {
    let (known, unknown) = (Signer::ed25519("k1"), Signer::ed25519("k2"));
    let stub = Stub::start(Behaviour::Keys(vec![known.jwk.clone()]));
    let issuer = issuer_at(&stub.url);
    let token = token_of(&stub, &known, "k1");
    assert!(verified(&issuer, &token).await.is_some());
    stub.change(Behaviour::Status(500));
    let hours = |hours: i64| now() + TimeDelta::hours(hours);
    assert!(issuer.verify(&token, hours(3)).await.unwrap().is_some());
    assert_eq!(issuer.verify(&token_of(&stub, &unknown, "k2"), hours(3)).await, Ok(None));
    assert_eq!(stub.discoveries(), 2);
    // Fetched again after a minute.
    stub.change(Behaviour::Keys(vec![unknown.jwk.clone()]));
    assert!(issuer.verify(&token, hours(3) + TimeDelta::minutes(1)).await.unwrap().is_none());
}

#[tokio::test]
async fn without_any_keys_nobody_can_say_who_it_is() {
    let signer = Signer::ed25519("k1");
    let stub = Stub::start(Behaviour::Status(503));
    let issuer = issuer_at(&stub.url);
    let token = token_of(&stub, &signer, "k1");
    for _ in 0..3 {
        assert_eq!(issuer.verify(&token, now()).await, Err(Unreachable));
    }
    assert_eq!(stub.discoveries(), 1);
    stub.change(Behaviour::Keys(vec![signer.jwk.clone()]));
    assert!(issuer.verify(&token, now() + TimeDelta::seconds(10)).await.unwrap().is_some());
}

#[tokio::test]
async fn nothing_on_the_way_says_where_keys_are() {
    let signer = Signer::ed25519("k1");
    let good = Stub::start(Behaviour::Keys(vec![signer.jwk.clone()]));
    for behaviour in [
        Behaviour::CalledSomebodyElse,
        Behaviour::Redirect(good.url.clone()),
        Behaviour::KeysAt("http://192.0.2.1/keys".to_owned()),
        Behaviour::KeysAt("file:///etc/passwd".to_owned()),
        Behaviour::Endless,
    ] {
        let stub = Stub::start(behaviour);
        let issuer = issuer_at(&stub.url);
        assert_eq!(issuer.verify(&token_of(&stub, &signer, "k1"), now()).await, Err(Unreachable));
    }
    assert_eq!(good.discoveries(), 0);
    // Another host on loopback is allowed, since the issuer is on loopback, too.
    let stub = Stub::start(Behaviour::KeysAt(format!("{}/keys", good.url)));
    assert!(verified(&issuer_at(&stub.url), &token_of(&stub, &signer, "k1")).await.is_some());
}

#[tokio::test]
async fn who_hangs_up_does_not_take_the_question_along() {
    let signer = Signer::ed25519("k1");
    let stub = Stub::start(Behaviour::Keys(vec![signer.jwk.clone()]));
    let issuer = issuer_at(&stub.url);
    let token = token_of(&stub, &signer, "k1");
    // Polled once: the request is sent, and the response is not awaited.
    tokio::select! {
        biased;
        _ = verified(&issuer, &token) => panic!("the issuer can't have answered"),
        () = std::future::ready(()) => {}
    }
    // No second request within the interval: the first one was completed.
    assert!(verified(&issuer, &token).await.is_some());
    assert_eq!(stub.discoveries(), 1);
}
