//! Opaque secrets: refresh tokens, invitations, API keys, and the tokens of share links and page links. The database stores only their hashes, so a copy of the
//! database gives nobody access.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// The prefix of every API key, by which people and secret scanners recognize one.
pub const KEY_PREFIX: &str = "tfk_";

/// The prefix of the token of a page link, by which its address is told from that of a share link.
const PAGE_LINK_PREFIX: &str = "once-";

/// The number of characters of a secret.
const LENGTH: usize = 43;

/// Generates a secret of 256 random bits that can be part of a URL.
///
/// # Errors
/// The random number generator fails.
pub fn generate() -> Result<SecretString, Unspecified> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes).into())
}

/// Generates an API key.
///
/// # Errors
/// The random number generator fails.
pub fn generate_key() -> Result<SecretString, Unspecified> {
    Ok(format!("{KEY_PREFIX}{}", generate()?.expose_secret()).into())
}

/// Generates the token of a page link.
///
/// # Errors
/// The random number generator fails.
pub fn generate_page_link() -> Result<SecretString, Unspecified> {
    Ok(format!("{PAGE_LINK_PREFIX}{}", generate()?.expose_secret()).into())
}

/// Returns whether a text has the format of the token of a page link.
pub fn looks_like_a_page_link(text: &str) -> bool {
    text.strip_prefix(PAGE_LINK_PREFIX).is_some_and(looks_like_a_secret)
}

/// Returns whether a text has the format of a secret; only then is a look into the database worthwhile.
pub fn looks_like_a_secret(text: &str) -> bool {
    text.len() == LENGTH
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Returns whether a text has the format of an API key.
pub fn looks_like_a_key(text: &str) -> bool {
    text.strip_prefix(KEY_PREFIX).is_some_and(looks_like_a_secret)
}

/// The hash by which a secret is stored. A salt and a slow hash are not needed against guesses of 256 bits.
pub fn digest(secret: &SecretString) -> [u8; 32] {
    digest_of(secret.expose_secret())
}

/// The hash of a secret that a request contains. Caches of tokens use this hash as their key, too.
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
        let link = generate_page_link().unwrap();
        assert!(looks_like_a_page_link(link.expose_secret()) && !looks_like_a_secret(link.expose_secret()));
        assert!(!looks_like_a_page_link(secret.expose_secret()) && !looks_like_a_key(link.expose_secret()));
    }
}
