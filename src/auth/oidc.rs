//! Tokens of one other issuer, by OpenID Connect: ID tokens, and access tokens that are JWTs (RFC 9068).
//!
//! Both kinds are taken, since both are what frontends hold: the one where the API and the frontend are one client
//! of the issuer, the other where the API is a resource of its own. Either names this installation as its audience,
//! and carries the same claims; `openidconnect` checks signature, issuer, audience, algorithm and expiry. What is
//! signed by the issuer for other purposes (a logout token, a token bound to a key) is refused here.
//!
//! Keys come from the configured issuer and from nowhere else: what a token says about keys, but for the name of one,
//! is not even read. Like the issuer's tokens themselves, all of it is asked of the issuer over TLS.

mod keys;
#[cfg(test)]
mod tests;

use std::str::FromStr as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache;
use openidconnect::core::{
    CoreGenderClaim, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, IdTokenClaims, IssuerUrl, JsonWebTokenType,
    LanguageTag, LocalizedClaim, SignatureVerificationError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use sha2::{Digest as _, Sha256};

use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;
use keys::Keys;
pub use keys::Unreachable;

/// How far the clocks of issuer and service may be apart.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// How many tokens are remembered as verified.
const REMEMBERED: u64 = 10_000;

/// The longest subject that an issuer may use (OpenID Connect Core 1.0, 2).
const LONGEST_SUBJECT: usize = 255;

/// The longest name that a user may have.
const LONGEST_NAME: usize = 200;

/// What tokens may be signed with. Nothing symmetric: whoever checks such a signature can make it.
pub const ALGORITHMS: [(&str, CoreJwsSigningAlgorithm); 9] = [
    ("RS256", CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256),
    ("RS384", CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384),
    ("RS512", CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512),
    ("PS256", CoreJwsSigningAlgorithm::RsaSsaPssSha256),
    ("PS384", CoreJwsSigningAlgorithm::RsaSsaPssSha384),
    ("PS512", CoreJwsSigningAlgorithm::RsaSsaPssSha512),
    ("ES256", CoreJwsSigningAlgorithm::EcdsaP256Sha256),
    ("ES384", CoreJwsSigningAlgorithm::EcdsaP384Sha384),
    ("EdDSA", CoreJwsSigningAlgorithm::EdDsa),
];

/// Why an issuer can't be trusted as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// Not the address of an issuer.
    #[error("an issuer is an address like https://login.city.example, without query and fragment")]
    Issuer,
    /// Anybody on the way could be the issuer.
    #[error("the issuer must be asked over https; http is for a loopback address only")]
    Insecure,
    /// No audience.
    #[error("the audience is empty")]
    Audience,
    /// An algorithm that isn't one of [`ALGORITHMS`].
    #[error("{0} is not one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA")]
    Algorithm(String),
    /// The HTTP client can't be made.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// Somebody whom the issuer vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who it is at the issuer; unique there, and never given to anybody else.
    pub subject: String,
    /// When the token was issued at the earliest, by our clock.
    pub issued_at: DateTime<Utc>,
    /// The address as the issuer writes it, if the issuer says that it is verified.
    pub verified_email: Option<String>,
    /// The person's name, if the issuer tells it.
    pub name: Option<LocalizedText>,
    /// The language that the person prefers.
    pub locale: Language,
}

/// What of a token is read beyond what the crate knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Beyond {
    nbf: Option<Number>,
    /// A token about something that happened (RFC 8417), as a logout is told: nobody's credential.
    events: Option<Value>,
    /// The key that the bearer must prove to hold (RFC 7800), which we don't ask for.
    cnf: Option<Value>,
}

impl AdditionalClaims for Beyond {}

type Jwt = IdToken<Beyond, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Claims = IdTokenClaims<Beyond, CoreGenderClaim>;

/// A token that was found good.
#[derive(Clone)]
struct Verified {
    identity: Arc<Identity>,
    until: DateTime<Utc>,
    /// Of the keys that it was checked with: with other keys it is checked again.
    generation: u64,
}

/// The issuer, and what its tokens must be like.
#[expect(missing_debug_implementations, reason = "it remembers who has signed in")]
pub struct Issuer {
    url: IssuerUrl,
    audience: ClientId,
    algorithms: Vec<CoreJwsSigningAlgorithm>,
    keys: Keys,
    verified: Cache<[u8; 32], Verified>,
}

/// What is wrong with a token, as far as it matters what.
#[derive(Debug, PartialEq, Eq)]
enum FieldError {
    /// Nothing but the key: the issuer may have a new one.
    UnknownKey,
    /// It is no good.
    Refused,
}

impl Issuer {
    /// An issuer by its address, for tokens with this audience, signed by these algorithms.
    ///
    /// # Errors
    /// What can't be trusted.
    pub fn new(url: &str, audience: String, algorithms: &[String]) -> Result<Self, ConfigurationError> {
        if audience.trim().is_empty() {
            return Err(ConfigurationError::Audience);
        }
        let url = IssuerUrl::new(url.to_owned()).ok().ok_or(ConfigurationError::Issuer)?;
        let known = |name: &String| {
            let found = ALGORITHMS.iter().find(|(known, _)| known == name);
            found
                .map(|(_, algorithm)| algorithm.clone())
                .ok_or_else(|| ConfigurationError::Algorithm(name.clone()))
        };
        let algorithms = algorithms.iter().map(known).collect::<Result<_, _>>()?;
        let keys = Keys::of(url.clone())?;
        let audience = ClientId::new(audience);
        Ok(Self { url, audience, algorithms, keys, verified: Cache::new(REMEMBERED) })
    }

    /// Its address, as its tokens name it.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Whom a token speaks for; `None` unless it is one of the issuer's for us, and still valid.
    ///
    /// # Errors
    /// The issuer's keys are needed, and were never got.
    pub async fn verify(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Identity>>, Unreachable> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        let remembered = self.verified.get(&hash);
        // The issuer is asked only about what else could be its token: not everybody's nonsense goes there.
        if remembered.is_none()
            && self.check(token, &CoreJsonWebKeySet::default(), now).err() != Some(FieldError::UnknownKey)
        {
            return Ok(None);
        }
        let mut set = self.keys.current(now).await?;
        if let Some(Verified { identity, until, .. }) =
            remembered.filter(|verified| verified.generation == set.generation)
        {
            return Ok((now < until).then_some(identity));
        }
        let mut checked = self.check(token, &set.keys, now);
        if checked == Err(FieldError::UnknownKey)
            && let Some(newer) = self.keys.newer_than(&set, now).await
        {
            set = newer;
            checked = self.check(token, &set.keys, now);
        }
        let Ok((identity, until)) = checked else { return Ok(None) };
        let identity = Arc::new(identity);
        let verified = Verified { identity: Arc::clone(&identity), until, generation: set.generation };
        self.verified.insert(hash, verified);
        Ok(Some(identity))
    }

    /// Asks for the issuer's keys before the first token comes, and so whether it is there at all.
    ///
    /// # Errors
    /// It can't be asked; the cause is logged.
    pub async fn prepare(&self, now: DateTime<Utc>) -> Result<(), Unreachable> {
        self.keys.current(now).await.map(drop)
    }

    /// Everything, with these keys. Without any, the only fault of a good token is that its key is unknown: the
    /// crate looks at issuer, audience and algorithm first.
    fn check(
        &self,
        token: &str,
        keys: &CoreJsonWebKeySet,
        now: DateTime<Utc>,
    ) -> Result<(Identity, DateTime<Utc>), FieldError> {
        // The crate lets a signature end in bits that count for nothing: one token would have sixteen spellings.
        let signature = token.rsplit('.').next().unwrap_or_default();
        URL_SAFE_NO_PAD.decode(signature).ok().ok_or(FieldError::Refused)?;
        let jwt = Jwt::from_str(token).ok().ok_or(FieldError::Refused)?;
        let types = ["JWT", "at+jwt"].map(|name| JsonWebTokenType::new(name.to_owned()).normalize());
        let verifier = CoreIdTokenVerifier::new_public_client(self.audience.clone(), self.url.clone(), keys.clone())
            .set_allowed_algs(self.algorithms.iter().cloned())
            .set_allowed_jose_types(types.into_iter().flatten())
            // An access token may be for several services (Auth0 and Keycloak always name a second one). It is the
            // issuer who says so, and who trusts them all with it.
            .set_other_audience_verifier_fn(|_| true)
            .set_time_fn(move || now - LEEWAY)
            .set_issue_time_verifier_fn(move |issued_at| {
                if issued_at <= now + LEEWAY { Ok(()) } else { Err("issued in the future".to_owned()) }
            });
        // The nonce is between the issuer and the frontend that asked it to sign somebody in.
        let any_nonce = |_: Option<&openidconnect::Nonce>| Ok(());
        match jwt.claims(&verifier, any_nonce) {
            Ok(claims) => read(claims, now).ok_or(FieldError::Refused),
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => Err(FieldError::UnknownKey),
            Err(_) => Err(FieldError::Refused),
        }
    }
}

/// Whom verified claims are about, and until when.
fn read(claims: &Claims, now: DateTime<Utc>) -> Option<(Identity, DateTime<Utc>)> {
    let Beyond { nbf, events, cnf } = claims.additional_claims();
    if events.is_some() || cnf.is_some() {
        return None;
    }
    if let Some(nbf) = nbf {
        // It may have a fraction (RFC 7519, NumericDate).
        let latest = (now + LEEWAY).timestamp() as f64;
        if nbf.as_f64().is_none_or(|nbf| nbf > latest) {
            return None;
        }
    }
    let subject = claims.subject().as_str();
    if !(1..=LONGEST_SUBJECT).contains(&subject.chars().count()) || subject.chars().any(char::is_control) {
        return None;
    }
    let verified_email = claims
        .email()
        .filter(|_| claims.email_verified() == Some(true))
        .map(|email| email.as_str().to_owned());
    let locale = claims.locale().and_then(spoken).unwrap_or(Language::English);
    let identity = Identity {
        subject: subject.to_owned(),
        // Its clock may be ahead: a token from before somebody was signed out must not look like one from after.
        issued_at: claims.issue_time() - LEEWAY,
        verified_email,
        name: name(claims, locale),
        locale,
    };
    Some((identity, claims.expiration().checked_add_signed(LEEWAY)?))
}

/// The language that a tag (RFC 5646) is one of, if we speak it.
fn spoken(tag: &LanguageTag) -> Option<Language> {
    let primary = tag.as_str().split(['-', '_']).next().unwrap_or_default();
    Language::parse(&primary.to_ascii_lowercase())
}

/// The name in the languages in which the issuer tells it; without a tag it is in the language of the person.
fn name(claims: &Claims, locale: Language) -> Option<LocalizedText> {
    let in_language = |wanted: Language| {
        let whole = said(claims.name(), wanted, locale).map(|name| name.as_str().to_owned());
        let parts = || {
            let given = said(claims.given_name(), wanted, locale).map(|name| name.as_str());
            let family = said(claims.family_name(), wanted, locale).map(|name| name.as_str());
            let parts: Vec<&str> = [given, family].into_iter().flatten().collect();
            (!parts.is_empty()).then(|| parts.join(" "))
        };
        whole.or_else(parts).map(|name| one_line(&name))
    };
    LocalizedText::new(in_language(Language::Arabic), in_language(Language::English))
}

/// A claim in a language.
fn said<T>(claim: Option<&LocalizedClaim<T>>, wanted: Language, locale: Language) -> Option<&T> {
    let claim = claim?;
    let tagged = claim.iter().find(|(tag, _)| tag.and_then(spoken) == Some(wanted)).map(|(_, text)| text);
    tagged.or_else(|| claim.get(None).filter(|_| wanted == locale))
}

/// A name as names are kept: one line, not too long.
fn one_line(name: &str) -> String {
    let words: Vec<&str> = name.split(|letter: char| letter.is_whitespace() || letter.is_control()).collect();
    let joined = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    joined.chars().take(LONGEST_NAME).collect::<String>().trim_end().to_owned()
}
