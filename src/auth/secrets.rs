//! Opaque secrets for refreshing and inviting, and the keys of scripts. The bearer holds the secret, the database only its hash: a copy of
//! the database lets nobody in.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// What every API key begins with, so that people and scanners know one when they see one.
pub const KEY_PREFIX: &str = "tfk_";

/// Characters of a secret.
const LENGTH: usize = 43;

/// A new secret of 256 random bits, fit for a URL.
///
/// # Errors
/// A system without randomness.
pub fn generate() -> Result<SecretString, Unspecified> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes).into())
}

/// A new API key.
///
/// # Errors
/// A system without randomness.
pub fn generate_key() -> Result<SecretString, Unspecified> {
    Ok(format!("{KEY_PREFIX}{}", generate()?.expose_secret()).into())
}

/// Whether this could be an API key: what can't is not worth a look into the database.
pub fn looks_like_a_key(text: &str) -> bool {
    text.strip_prefix(KEY_PREFIX).is_some_and(|secret| {
        secret.len() == LENGTH
            && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

/// What is stored of a secret. Fast and without salt: nobody guesses 256 bits.
pub fn digest(secret: &SecretString) -> [u8; 32] {
    digest_of(secret.expose_secret())
}

/// The same, of a secret as it came in.
pub fn digest_of(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_show_themselves_only_when_asked() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert_eq!(one.expose_secret().len(), LENGTH);
        assert_ne!(digest(&one), digest(&other));
        assert!(!format!("{one:?}").contains(one.expose_secret()));
    }

    #[test]
    fn a_key_is_known_by_its_form() {
        let key = generate_key().unwrap();
        assert!(looks_like_a_key(key.expose_secret()));
        let secret = generate().unwrap();
        for other in ["", "tfk_", secret.expose_secret(), &format!("{}A", key.expose_secret()), "tfk_ü"] {
            assert!(!looks_like_a_key(other), "{other}");
        }
        assert!(!format!("{key:?}").contains("tfk_"));
    }
}
