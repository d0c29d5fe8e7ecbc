//! Access tokens: short-lived JWTs (RFC 9068), signed with the installation's own Ed25519 key.
//!
//! A token names a user and a session, and nothing else. Each request asks the database whether the session is still
//! active and what the user may do.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use moka::sync::Cache;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::sealing::Sealing;
use super::secrets;

/// The lifetime of an access token.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// The audience of the tokens.
const AUDIENCE: &str = "taskforce";

/// The type of access tokens (RFC 9068), by which other kinds of JWTs are refused.
const TYPE: &str = "at+jwt";

/// Size of the cache of verified tokens. Verifying a signature takes ten times as long as all other checks.
const VERIFIED_TOKENS: u64 = 10_000;

/// A key that can't be used, or a signature that failed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key file contains something else.
    #[error(
        "the file contains no Ed25519 private key in PEM (PKCS#8), as `openssl genpkey -algorithm ed25519` creates it"
    )]
    Unusable,
    /// The cryptographic library failed.
    #[error("a key or signature could not be created: {0}")]
    Failed(String),
}

impl KeyError {
    fn failed(cause: impl std::fmt::Display) -> Self {
        Self::Failed(cause.to_string())
    }
}

/// The claims of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// The user.
    pub user_id: Uuid,
    /// The session.
    pub session_id: Uuid,
    /// The instant from which the token is valid.
    pub not_before: Option<DateTime<Utc>>,
    /// The instant at which the token expires.
    pub expires_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct IssuedClaims<'a> {
    iss: &'a str,
    aud: &'static str,
    sub: Uuid,
    sid: Uuid,
    iat: i64,
    exp: i64,
    jti: Uuid,
}

/// The claims that are read; [`Validation`] checks the others.
#[derive(Deserialize)]
struct ReceivedClaims {
    sub: Uuid,
    sid: Uuid,
    nbf: Option<i64>,
    exp: i64,
}

/// The public keys that tokens can be checked with (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// A public Ed25519 key (RFC 8037).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Jwk {
    /// Key type.
    #[schema(example = "OKP")]
    pub kty: &'static str,
    /// Curve.
    #[schema(example = "Ed25519")]
    pub crv: &'static str,
    /// The public key, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub x: String,
    /// Thumbprint of the key (RFC 7638), as in the tokens' headers.
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    pub kid: String,
    /// Use of the key: signatures.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    pub usage: &'static str,
    /// The algorithm it is used with.
    #[schema(example = "EdDSA")]
    pub alg: &'static str,
}

/// Issues and verifies access tokens.
#[expect(missing_debug_implementations, reason = "it holds the private key")]
pub struct Tokens {
    issuer: String,
    header: Header,
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    jwk: Jwk,
    /// Derives refresh tokens.
    successors: hmac::Key,
    /// Derives the secrets of links in e-mails.
    email_links: hmac::Key,
    sealing: Sealing,
    verified: Cache<[u8; 32], Claims>,
}

impl Tokens {
    /// Signs with a key in PEM; the issuer is the public URL of the installation.
    ///
    /// # Errors
    /// A key that is not Ed25519 in PKCS#8.
    pub fn from_pem(pem: &str, issuer: String) -> Result<Self, KeyError> {
        let pem = pem::parse(pem).ok().filter(|pem| pem.tag() == "PRIVATE KEY").ok_or(KeyError::Unusable)?;
        let pair = Ed25519KeyPair::from_pkcs8(pem.contents()).ok().ok_or(KeyError::Unusable)?;
        let public = pair.public_key().as_ref();
        let jwk = Jwk::of(public);

        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(jwk.kid.clone());

        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[AUDIENCE]);
        // `verify` checks the expiry, against the clock of the caller.
        validation.validate_exp = false;

        Ok(Self {
            issuer,
            header,
            signing: EncodingKey::from_ed_der(pem.contents()),
            verifying: DecodingKey::from_ed_der(public),
            validation,
            jwk,
            successors: derived_key(pem.contents(), b"taskforce: successors of refresh tokens, version 1"),
            email_links: derived_key(pem.contents(), b"taskforce: links in e-mails, version 1"),
            sealing: Sealing::from_private(pem.contents()).map_err(KeyError::failed)?,
            verified: Cache::new(VERIFIED_TOKENS),
        })
    }

    /// Generates a private key in PEM (PKCS#8).
    ///
    /// # Errors
    /// The random number generator fails.
    pub fn generate_pem() -> Result<SecretString, KeyError> {
        // OpenSSL reads only version 1 of PKCS#8.
        let key = Ed25519KeyPair::generate().and_then(|pair| pair.to_pkcs8v1()).map_err(KeyError::failed)?;
        Ok(pem::encode(&pem::Pem::new("PRIVATE KEY", key.as_ref())).into())
    }

    /// Issues a token for a session.
    ///
    /// # Errors
    /// Signing fails.
    pub fn issue(
        &self,
        user_id: Uuid,
        session_id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<SecretString, KeyError> {
        let claims = IssuedClaims {
            iss: &self.issuer,
            aud: AUDIENCE,
            sub: user_id,
            sid: session_id,
            iat: now.timestamp(),
            exp: (now + LIFETIME).timestamp(),
            jti: Uuid::new_v4(),
        };
        let token = jsonwebtoken::encode(&self.header, &claims, &self.signing).map_err(KeyError::failed)?;
        Ok(token.into())
    }

    /// The claims of a token; `None` if the token was not issued by this installation, or is not valid at this instant.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Option<Claims> {
        let hash = secrets::digest_of(token);
        let claims = self.verified.get(&hash).or_else(|| {
            let claims = self.check(token)?;
            self.verified.insert(hash, claims);
            Some(claims)
        })?;
        let has_begun = claims.not_before.is_none_or(|not_before| not_before <= now);
        (has_begun && now < claims.expires_at).then_some(claims)
    }

    /// Checks everything except for the validity period, so that the result can be cached.
    fn check(&self, token: &str) -> Option<Claims> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header != self.header {
            return None;
        }
        let claims =
            jsonwebtoken::decode::<ReceivedClaims>(token, &self.verifying, &self.validation).ok()?.claims;
        let instant = |seconds| DateTime::from_timestamp(seconds, 0);
        // A token with an instant that can't be represented is never valid.
        let not_before = claims.nbf.map(instant);
        let not_before = if not_before == Some(None) { return None } else { not_before.flatten() };
        let expires_at = instant(claims.exp)?;
        Some(Claims { user_id: claims.sub, session_id: claims.sid, not_before, expires_at })
    }

    /// The refresh token that follows another. A successor can be computed again, so that the service can give it again
    /// without storing it; nobody can compute it without the private key.
    pub fn successor(&self, refresh_token: &SecretString) -> SecretString {
        let tag = hmac::sign(&self.successors, refresh_token.expose_secret().as_bytes());
        URL_SAFE_NO_PAD.encode(tag).into()
    }

    /// The secret of the link in an e-mail. Each attempt to send the e-mail computes the same secret, so that the database
    /// stores only its hash; nobody can compute it without the private key.
    pub fn email_secret(&self, email_id: Uuid) -> SecretString {
        let mut message = b"secret:".to_vec();
        message.extend_from_slice(email_id.as_bytes());
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.email_links, &message)).into()
    }

    /// The token of a link that ends e-mails. Its content can be read, and nobody else can make one.
    pub fn unsubscribe(&self, unsubscription: &Unsubscription) -> SecretString {
        let Unsubscription { user_id, kinds } = unsubscription;
        let kinds = kinds.as_ref().map_or_else(|| DIGEST.to_owned(), |kinds| kinds.join("."));
        let content = URL_SAFE_NO_PAD.encode(format!("{} {kinds}", user_id.simple()));
        let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&self.email_links, &unsubscribe_message(&content)));
        format!("{content}.{tag}").into()
    }

    /// The content of a token of [`Tokens::unsubscribe`]; `None` for every other text.
    pub fn unsubscription(&self, token: &SecretString) -> Option<Unsubscription> {
        let (content, tag) = token.expose_secret().split_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.email_links, &unsubscribe_message(content), &tag).ok()?;
        let content = String::from_utf8(URL_SAFE_NO_PAD.decode(content).ok()?).ok()?;
        let (user_id, kinds) = content.split_once(' ')?;
        let kinds = (kinds != DIGEST).then(|| kinds.split('.').map(str::to_owned).collect());
        Some(Unsubscription { user_id: Uuid::parse_str(user_id).ok()?, kinds })
    }

    /// Encrypts secrets that the service must read again.
    pub fn sealing(&self) -> &Sealing {
        &self.sealing
    }

    /// The public keys, with which other services can verify tokens.
    pub fn jwks(&self) -> Jwks {
        Jwks { keys: vec![self.jwk.clone()] }
    }
}

/// The e-mails that a link ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscription {
    pub user_id: Uuid,
    /// The kinds of notifications; `None` for the daily digest.
    pub kinds: Option<Vec<String>>,
}

/// The word for the digest in a token, which no kind has.
const DIGEST: &str = "*";

fn unsubscribe_message(content: &str) -> Vec<u8> {
    [b"unsubscribe:", content.as_bytes()].concat()
}

/// A key of its own for a purpose, which follows from the private key.
fn derived_key(private: &[u8], purpose: &[u8]) -> hmac::Key {
    let private = hmac::Key::new(hmac::HMAC_SHA256, private);
    let derived = hmac::sign(&private, purpose);
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

impl Jwk {
    fn of(public: &[u8]) -> Self {
        let x = URL_SAFE_NO_PAD.encode(public);
        // RFC 7638: the required members in alphabetical order, without spaces.
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(members));
        Self { kty: "OKP", crv: "Ed25519", x, kid, usage: "sig", alg: "EdDSA" }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_link_that_ends_emails_is_made_by_this_installation_alone() {
        let tokens = |pem: &SecretString| Tokens::from_pem(pem.expose_secret(), String::new()).unwrap();
        let (own, other) = (Tokens::generate_pem().unwrap(), Tokens::generate_pem().unwrap());
        let user_id = Uuid::from_u128(7);
        for kinds in [None, Some(vec!["voteOpened".to_owned()]), Some(vec!["a".to_owned(), "b".to_owned()])] {
            let unsubscription = Unsubscription { user_id, kinds };
            let token = tokens(&own).unsubscribe(&unsubscription);
            assert_eq!(tokens(&own).unsubscription(&token).as_ref(), Some(&unsubscription));
            assert_eq!(tokens(&other).unsubscription(&token), None);
            let mut changed = token.expose_secret().to_owned();
            changed.insert(3, 'A');
            assert_eq!(tokens(&own).unsubscription(&changed.into()), None);
        }
        let secret = tokens(&own).email_secret(user_id);
        assert_eq!(tokens(&own).unsubscription(&secret), None);
        assert_ne!(secret.expose_secret(), tokens(&other).email_secret(user_id).expose_secret());
        for none in ["", ".", "a.b", "ü.ü"] {
            assert_eq!(tokens(&own).unsubscription(&none.to_owned().into()), None);
        }
    }

    const ISSUER: &str = "https://taskforce.example";

    fn now() -> DateTime<Utc> {
        "2026-11-22T09:00:00.5Z".parse().unwrap()
    }

    fn tokens() -> Tokens {
        Tokens::from_pem(Tokens::generate_pem().unwrap().expose_secret(), ISSUER.to_owned()).unwrap()
    }

    fn claims() -> Value {
        let exp = now().timestamp() + 60;
        json!({"iss": ISSUER, "aud": AUDIENCE, "sub": Uuid::nil(), "sid": Uuid::nil(), "exp": exp})
    }

    /// The claims with one of them changed; null removes a claim.
    fn claims_with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    fn signed(tokens: &Tokens, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &tokens.signing).unwrap()
    }

    #[test]
    fn a_token_says_who_it_was_issued_to() {
        let tokens = tokens();
        let (user_id, session_id) = (Uuid::now_v7(), Uuid::now_v7());
        let token = tokens.issue(user_id, session_id, now()).unwrap();
        // Twice: verified, and from the cache.
        for _ in 0..2 {
            let claims = tokens.verify(token.expose_secret(), now()).unwrap();
            assert_eq!((claims.user_id, claims.session_id), (user_id, session_id));
        }
        assert!(!format!("{token:?}").contains(token.expose_secret()));
    }

    #[test]
    fn a_token_lives_fifteen_minutes_remembered_or_not() {
        let tokens = tokens();
        let token = tokens.issue(Uuid::nil(), Uuid::nil(), now()).unwrap();
        let end = now() + LIFETIME;
        assert_eq!(tokens.verify(token.expose_secret(), end), None);
        assert!(tokens.verify(token.expose_secret(), end - TimeDelta::seconds(1)).is_some());
        assert_eq!(tokens.verify(token.expose_secret(), end), None);
    }

    #[test]
    fn a_token_with_a_claim_missing_or_wrong_is_none() {
        let tokens = tokens();
        let accepted =
            |claims: &Value| tokens.verify(&signed(&tokens, &tokens.header, claims), now()).is_some();
        assert!(accepted(&claims()));
        for claim in ["iss", "aud", "sub", "sid", "exp"] {
            assert!(!accepted(&claims_with(claim, Value::Null)), "without {claim}");
        }
        assert!(!accepted(&claims_with("iss", json!("https://other.example"))));
        assert!(!accepted(&claims_with("aud", json!("another-service"))));
        assert!(!accepted(&claims_with("sub", json!("administrator"))));
        assert!(!accepted(&claims_with("exp", json!("tomorrow"))));
        assert!(!accepted(&claims_with("exp", json!(i64::MAX))));
        let begins = |seconds| claims_with("nbf", json!(now().timestamp() + seconds));
        assert!(accepted(&begins(0)) && !accepted(&begins(1)));
        assert!(!accepted(&claims_with("nbf", json!("tomorrow"))));
        assert!(!accepted(&claims_with("nbf", json!(i64::MAX))));
    }

    #[test]
    fn a_token_of_another_kind_or_key_is_none() {
        let tokens = tokens();
        let accepted = |header: &Header| tokens.verify(&signed(&tokens, header, &claims()), now()).is_some();
        assert!(accepted(&tokens.header));
        for typ in [None, Some("JWT".to_owned())] {
            assert!(!accepted(&Header { typ, ..tokens.header.clone() }));
        }
        for kid in [None, Some("another".to_owned())] {
            assert!(!accepted(&Header { kid, ..tokens.header.clone() }));
        }
        assert!(!accepted(&Header { jku: Some(ISSUER.to_owned()), ..tokens.header.clone() }));

        // Another key under the same key id.
        let forger = self::tokens();
        assert_eq!(tokens.verify(&signed(&forger, &tokens.header, &claims()), now()), None);
    }

    #[test]
    fn a_token_by_another_algorithm_is_none() {
        let tokens = tokens();
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        for alg in ["none", "None", "EdDSA"] {
            let header = part(json!({"alg": alg, "typ": TYPE, "kid": tokens.jwk.kid}));
            assert_eq!(tokens.verify(&format!("{header}.{}.", part(claims())), now()), None);
        }

        let header = Header { alg: Algorithm::HS256, ..tokens.header.clone() };
        let public = URL_SAFE_NO_PAD.decode(&tokens.jwk.x).unwrap();
        let confused = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(&public)).unwrap();
        assert_eq!(tokens.verify(&confused, now()), None);
    }

    #[test]
    fn what_is_no_token_is_none() {
        let tokens = tokens();
        for token in ["", ".", "..", "...", "a.b.c", "سر"] {
            assert_eq!(tokens.verify(token, now()), None);
        }
    }

    #[test]
    fn only_an_ed25519_key_in_pem_is_a_key() {
        let refused = |pem: &str| Tokens::from_pem(pem, ISSUER.to_owned()).is_err();
        assert!(refused(""));
        assert!(refused("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"));
        let public = Tokens::generate_pem().unwrap().expose_secret().replace("PRIVATE", "PUBLIC");
        assert!(refused(&public));
    }

    #[test]
    fn a_refresh_token_has_one_successor_under_each_key() {
        let (one, other) = (tokens(), tokens());
        let token = SecretString::from("c2VjcmV0");
        let successor = one.successor(&token);
        assert_eq!(successor.expose_secret().len(), secrets::generate().unwrap().expose_secret().len());
        assert_eq!(successor.expose_secret(), one.successor(&token).expose_secret());
        assert_ne!(successor.expose_secret(), one.successor(&successor).expose_secret());
        assert_ne!(successor.expose_secret(), other.successor(&token).expose_secret());
    }

    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        // The example of RFC 8037, appendix A.
        let public = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(Jwk::of(&public).kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
