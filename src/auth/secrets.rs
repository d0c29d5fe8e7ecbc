//! Opaque secrets for refreshing and inviting. The bearer holds the secret, the database only its hash: a copy of
//! the database lets nobody in.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// A new secret of 256 random bits, fit for a URL.
///
/// # Errors
/// A system without randomness.
pub fn generate() -> Result<SecretString, Unspecified> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes).into())
}

/// What is stored of a secret. Fast and without salt: nobody guesses 256 bits.
pub fn digest(secret: &SecretString) -> [u8; 32] {
    Sha256::digest(secret.expose_secret()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_show_themselves_only_when_asked() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert_eq!(one.expose_secret().len(), 43);
        assert_ne!(digest(&one), digest(&other));
        assert!(!format!("{one:?}").contains(one.expose_secret()));
    }
}
