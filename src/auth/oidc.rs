//! Tokens of one other issuer, by OpenID Connect: ID tokens, and access tokens that are JWTs (RFC 9068).
//!
//! Both kinds are accepted, since frontends hold either one: an ID token if the API and the frontend are one client of
//! the issuer, an access token if the API is registered as a resource of its own. Both name this installation as their
//! audience and carry the same claims.
//!
//! `openidconnect` checks signature, issuer, audience, algorithm and expiry. It verifies ID tokens only and fetches
//! keys once, and no other library fills the gap: `jsonwebtoken` fetches no keys, and `jwks_client_rs` asks the issuer
//! again for every unknown key id that a client invents. So this module accepts access tokens as
//! well, refuses tokens that the issuer signs for other purposes (logout tokens, tokens bound to a key), reads names
//! and languages, and caches verified tokens; the module `keys` refreshes the keys.
//!
//! Keys come from the configured issuer only, over TLS. Of a token's statements about keys only the key id is read.

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

use super::secrets;
use crate::domain::characters::{has_balanced_direction, without_direction};
use crate::domain::text::{Language, LocalizedText};
use keys::Keys;
pub use keys::Unreachable;

/// The tolerated difference between the clocks of the issuer and of the service.
pub const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Size of the cache of verified tokens.
const VERIFIED_TOKENS: u64 = 10_000;

/// The maximum length of a subject (OpenID Connect Core 1.0, section 2).
const MAX_SUBJECT_LENGTH: usize = 255;

/// The maximum length of a user's name.
const MAX_NAME_LENGTH: usize = 200;

/// The algorithms that tokens may be signed with. None is symmetric: a party that can verify a symmetric signature can
/// also create one.
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

/// A configuration under which an issuer can't be trusted.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The issuer is not a URL, or not one that an issuer can have.
    #[error("an issuer is a URL like https://login.city.example, without query and fragment")]
    Issuer,
    /// Without TLS another server could pose as the issuer.
    #[error("the issuer must be reached over https; http is for loopback addresses only")]
    Insecure,
    /// The audience is missing.
    #[error("the audience is empty")]
    Audience,
    /// The algorithm is not one of [`ALGORITHMS`].
    #[error("{0} is not one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA")]
    Algorithm(String),
    /// The HTTP client can't be created.
    #[error("the HTTP client can't be created: {0}")]
    Client(String),
}

/// A person whom the issuer has authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The identifier of the person at the issuer, which is unique and never reassigned.
    pub subject: String,
    /// The earliest instant at which the token can have been issued, by the clock of the service.
    pub issued_at: DateTime<Utc>,
    /// The email address, if the issuer states that it is verified.
    pub verified_email: Option<String>,
    /// The person's name, if the token contains it.
    pub name: Option<LocalizedText>,
    /// The language that the person prefers.
    pub locale: Language,
}

/// Claims that `openidconnect` doesn't read.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ExtraClaims {
    nbf: Option<Number>,
    /// Marks a security event token (RFC 8417), such as a logout token, which is no credential.
    events: Option<Value>,
    /// The key whose possession the bearer must prove (RFC 7800), which the service doesn't support.
    cnf: Option<Value>,
}

impl AdditionalClaims for ExtraClaims {}

type Jwt = IdToken<ExtraClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Claims = IdTokenClaims<ExtraClaims, CoreGenderClaim>;

/// A cached token.
#[derive(Clone)]
struct VerifiedToken {
    identity: Arc<Identity>,
    expires_at: DateTime<Utc>,
    /// The generation of the keys that verified the token. After a change of the keys the token is verified again.
    generation: u64,
}

/// The issuer and the requirements on its tokens.
#[expect(missing_debug_implementations, reason = "the cache contains identities")]
pub struct Issuer {
    url: IssuerUrl,
    audience: ClientId,
    algorithms: Vec<CoreJwsSigningAlgorithm>,
    keys: Keys,
    verified: Cache<[u8; 32], VerifiedToken>,
}

/// The reason why a token is not accepted.
#[derive(Debug, PartialEq, Eq)]
enum TokenError {
    /// The token is fine, except that no known key has signed it: the issuer may have a new one, under a new name, under
    /// the old name or without a name.
    NoKeyFits,
    /// The token is invalid.
    Invalid,
}

impl Issuer {
    /// The issuer at a URL, for tokens with an audience and algorithms.
    ///
    /// # Errors
    /// [`ConfigurationError`].
    pub fn new(url: &str, audience: String, algorithms: &[String]) -> Result<Self, ConfigurationError> {
        if audience.trim().is_empty() {
            return Err(ConfigurationError::Audience);
        }
        let url = IssuerUrl::new(url.to_owned()).ok().ok_or(ConfigurationError::Issuer)?;
        let parse = |name: &String| {
            let algorithm = ALGORITHMS.iter().find(|(known, _)| known == name);
            algorithm
                .map(|(_, algorithm)| algorithm.clone())
                .ok_or_else(|| ConfigurationError::Algorithm(name.clone()))
        };
        let algorithms = algorithms.iter().map(parse).collect::<Result<_, _>>()?;
        let keys = Keys::new(url.clone())?;
        let audience = ClientId::new(audience);
        Ok(Self { url, audience, algorithms, keys, verified: Cache::new(VERIFIED_TOKENS) })
    }

    /// The URL, as the issuer's tokens name it.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The identity in a token; `None` if the token is not the issuer's, not for this installation, or not valid.
    ///
    /// # Errors
    /// The keys could never be fetched.
    pub async fn verify(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Identity>>, Unreachable> {
        let hash = secrets::digest_of(token);
        let cached = self.verified.get(&hash);
        // Keys are fetched only for a token that could be the issuer's: invalid ones cause no requests to the issuer.
        if cached.is_none()
            && self.check(token, &CoreJsonWebKeySet::default(), now).err() != Some(TokenError::NoKeyFits)
        {
            return Ok(None);
        }
        let mut set = self.keys.current(now).await?;
        if let Some(VerifiedToken { identity, expires_at, .. }) =
            cached.filter(|verified| verified.generation == set.generation)
        {
            return Ok((now < expires_at).then_some(identity));
        }
        let mut checked = self.check(token, &set.keys, now);
        if checked == Err(TokenError::NoKeyFits)
            && let Some(newer) = self.keys.newer_than(&set, now).await
        {
            set = newer;
            checked = self.check(token, &set.keys, now);
        }
        let Ok((identity, expires_at)) = checked else { return Ok(None) };
        let identity = Arc::new(identity);
        let verified =
            VerifiedToken { identity: Arc::clone(&identity), expires_at, generation: set.generation };
        self.verified.insert(hash, verified);
        Ok(Some(identity))
    }

    /// Fetches the keys before the first token arrives.
    ///
    /// # Errors
    /// The keys can't be fetched; the cause is logged.
    pub async fn prepare(&self, now: DateTime<Utc>) -> Result<(), Unreachable> {
        self.keys.current(now).await.map(drop)
    }

    /// Verifies a token with a set of keys. With an empty set the result for a valid token is `NoKeyFits`, since issuer,
    /// audience and algorithm are checked before the key is looked up.
    fn check(
        &self,
        token: &str,
        keys: &CoreJsonWebKeySet,
        now: DateTime<Utc>,
    ) -> Result<(Identity, DateTime<Utc>), TokenError> {
        // The crate ignores the unused bits at the end of a signature, so one token would have sixteen spellings.
        let signature = token.rsplit('.').next().unwrap_or_default();
        URL_SAFE_NO_PAD.decode(signature).ok().ok_or(TokenError::Invalid)?;
        let jwt = Jwt::from_str(token).ok().ok_or(TokenError::Invalid)?;
        match self.check_with(&jwt, keys, now) {
            // The token does not say which of several keys has signed it: an issuer may leave out key ids.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::AmbiguousKeyId(_),
            )) => {
                let one_by_one = keys.keys().iter().map(|key| {
                    self.check_with(&jwt, &CoreJsonWebKeySet::new(vec![key.clone()]), now)
                        .map_err(TokenError::from)
                });
                one_by_one
                    .reduce(|found, next| if found == Err(TokenError::NoKeyFits) { next } else { found })
                    .unwrap_or(Err(TokenError::NoKeyFits))
            }
            checked => checked.map_err(TokenError::from),
        }
    }

    /// Verifies a token with a set of keys, one of which the token names.
    fn check_with(
        &self,
        jwt: &Jwt,
        keys: &CoreJsonWebKeySet,
        now: DateTime<Utc>,
    ) -> Result<(Identity, DateTime<Utc>), ClaimsVerificationError> {
        let types = ["JWT", "at+jwt"].map(|name| JsonWebTokenType::new(name.to_owned()).normalize());
        let verifier = CoreIdTokenVerifier::new_public_client(self.audience.clone(), self.url.clone(), keys.clone())
            .set_allowed_algs(self.algorithms.iter().cloned())
            .set_allowed_jose_types(types.into_iter().flatten())
            // An access token may name several audiences; Auth0 and Keycloak always add one. The issuer decides which
            // services may see a token.
            .set_other_audience_verifier_fn(|_| true)
            .set_time_fn(move || now - LEEWAY)
            .set_issue_time_verifier_fn(move |issued_at| {
                if issued_at <= now + LEEWAY { Ok(()) } else { Err("issued in the future".to_owned()) }
            });
        // The nonce is for the frontend, which has sent it to the issuer.
        let any_nonce = |_: Option<&openidconnect::Nonce>| Ok(());
        let claims = jwt.claims(&verifier, any_nonce)?;
        identity(claims, now).ok_or_else(|| ClaimsVerificationError::Other("not a credential".to_owned()))
    }
}

impl From<ClaimsVerificationError> for TokenError {
    fn from(error: ClaimsVerificationError) -> Self {
        use SignatureVerificationError as Signature;

        match error {
            ClaimsVerificationError::SignatureVerification(
                Signature::NoMatchingKey | Signature::CryptoError(_) | Signature::InvalidKey(_),
            ) => Self::NoKeyFits,
            _ => Self::Invalid,
        }
    }
}

/// The identity in verified claims, and the instant at which they expire.
fn identity(claims: &Claims, now: DateTime<Utc>) -> Option<(Identity, DateTime<Utc>)> {
    let ExtraClaims { nbf, events, cnf } = claims.additional_claims();
    if events.is_some() || cnf.is_some() {
        return None;
    }
    if let Some(nbf) = nbf {
        // A NumericDate may have a fraction (RFC 7519).
        let latest = (now + LEEWAY).timestamp() as f64;
        if nbf.as_f64().is_none_or(|nbf| nbf > latest) {
            return None;
        }
    }
    let subject = claims.subject().as_str();
    if !(1..=MAX_SUBJECT_LENGTH).contains(&subject.chars().count()) || subject.chars().any(char::is_control) {
        return None;
    }
    let verified_email = claims
        .email()
        .filter(|_| claims.email_verified() == Some(true))
        .map(|email| email.as_str().to_owned());
    let locale = claims.locale().and_then(language).unwrap_or(Language::English);
    let identity = Identity {
        subject: subject.to_owned(),
        // The issuer's clock may be ahead: a token from before a sign-out must not look like one from after.
        issued_at: claims.issue_time() - LEEWAY,
        verified_email,
        name: name(claims, locale),
        locale,
    };
    Some((identity, claims.expiration().checked_add_signed(LEEWAY)?))
}

fn language(tag: &LanguageTag) -> Option<Language> {
    Language::of_tag(tag.as_str())
}

/// The person's name in the languages that the token has it in. A name without a tag is in the person's own language.
fn name(claims: &Claims, locale: Language) -> Option<LocalizedText> {
    let in_language = |wanted: Language| {
        let full_name = localized(claims.name(), wanted, locale).map(|name| name.as_str().to_owned());
        let given_and_family = || {
            let given = localized(claims.given_name(), wanted, locale).map(|name| name.as_str());
            let family = localized(claims.family_name(), wanted, locale).map(|name| name.as_str());
            let names: Vec<&str> = [given, family].into_iter().flatten().collect();
            (!names.is_empty()).then(|| names.join(" "))
        };
        full_name.or_else(given_and_family).map(|name| one_line(&name))
    };
    LocalizedText::new(in_language(Language::Arabic), in_language(Language::English))
}

/// The value of a claim in a language.
fn localized<T>(claim: Option<&LocalizedClaim<T>>, wanted: Language, locale: Language) -> Option<&T> {
    let claim = claim?;
    let tagged = claim.iter().find(|(tag, _)| tag.and_then(language) == Some(wanted)).map(|(_, text)| text);
    tagged.or_else(|| claim.get(None).filter(|_| wanted == locale))
}

/// A name in one line and within the maximum length, which leaves the direction of the text around it as it is.
fn one_line(name: &str) -> String {
    let words: Vec<&str> = name.split(|letter: char| letter.is_whitespace() || letter.is_control()).collect();
    let joined = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let shortened: String = joined.chars().take(MAX_NAME_LENGTH).collect();
    let shortened = shortened.trim_end();
    if has_balanced_direction(shortened) { shortened.to_owned() } else { without_direction(shortened) }
}
