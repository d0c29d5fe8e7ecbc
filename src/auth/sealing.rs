//! Encryption of secrets that the service must read again: a webhook's secret signs messages, so that its hash would be of
//! no use. A copy of the database alone reveals none of them, since the key follows from the private key of the service,
//! which is not in the database.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;

/// Encrypts and decrypts with AES-256-GCM. Each text has a random nonce of its own.
#[expect(missing_debug_implementations, reason = "it holds a key")]
pub struct Sealing(RandomizedNonceKey);

impl Sealing {
    /// The key that follows from a private key.
    ///
    /// # Errors
    /// The cryptographic library fails.
    pub(super) fn from_private(private: &[u8]) -> Result<Self, Unspecified> {
        let private = hmac::Key::new(hmac::HMAC_SHA256, private);
        let derived = hmac::sign(&private, b"taskforce: encryption of secrets, version 1");
        Ok(Self(RandomizedNonceKey::new(&AES_256_GCM, derived.as_ref())?))
    }

    /// Encrypts a secret for one place: the nonce, followed by the text and its tag. A sealed secret that is moved to
    /// another place cannot be opened there.
    ///
    /// # Errors
    /// The random number generator fails.
    pub fn seal(&self, secret: &[u8], place: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut text = secret.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(place), &mut text)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut text);
        Ok(sealed)
    }

    /// The secret; `None` if it was sealed with another key or for another place.
    pub fn open(&self, sealed: &[u8], place: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut text = text.to_vec();
        let secret = self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), &mut text);
        secret.ok().map(|secret| secret.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_with_its_key_at_its_place_and_nowhere_else() {
        let (one, other) = (Sealing::from_private(b"one").unwrap(), Sealing::from_private(b"other").unwrap());
        let sealed = one.seal(b"a secret", b"here").unwrap();
        assert_eq!(one.open(&sealed, b"here").as_deref(), Some(&b"a secret"[..]));
        assert_eq!(one.open(&sealed, b"there"), None);
        assert_eq!(other.open(&sealed, b"here"), None);
        for cut in [&sealed[1..], &sealed[..sealed.len() - 1], &sealed[..5], &[]] {
            assert_eq!(one.open(cut, b"here"), None);
        }
        assert_ne!(sealed, one.seal(b"a secret", b"here").unwrap());
        assert!(!sealed.windows(6).any(|bytes| bytes == b"secret"));
    }
}
