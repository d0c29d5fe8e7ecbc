//! The secrets of webhooks, and the signatures of their messages, by the specification Standard Webhooks: receivers have
//! libraries for it in every common language.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

/// The prefix of every secret, by which people and secret scanners recognize one.
const PREFIX: &str = "whsec_";

/// Random bytes of a secret.
const LENGTH: usize = 32;

/// The secret of a webhook.
#[derive(Debug, Clone)]
pub struct WebhookSecret(SecretSlice<u8>);

impl WebhookSecret {
    /// Generates a secret of 256 random bits.
    ///
    /// # Errors
    /// The random number generator fails.
    pub fn generate() -> Result<Self, Unspecified> {
        let mut bytes = [0; LENGTH];
        SystemRandom::new().fill(&mut bytes)?;
        Ok(Self::from_bytes(bytes.to_vec()))
    }

    /// The secret with these bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    pub fn bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// The secret in the form that the libraries of receivers take.
    pub fn text(&self) -> SecretString {
        format!("{PREFIX}{}", STANDARD.encode(self.bytes())).into()
    }

    /// The signature of a message that is sent at this time, in seconds since 1970.
    fn signature(&self, id: &str, timestamp: i64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.bytes());
        let mut signing = hmac::Context::with_key(&key);
        for part in [id, ".", &timestamp.to_string(), ".", body] {
            signing.update(part.as_bytes());
        }
        format!("v1,{}", STANDARD.encode(signing.sign()))
    }
}

/// The header `webhook-signature`: a signature by each valid secret.
pub fn signatures(secrets: &[WebhookSecret], id: &str, timestamp: i64, body: &str) -> String {
    let signatures = secrets.iter().map(|secret| secret.signature(id, timestamp, body));
    signatures.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // The example in the specification of Standard Webhooks.
        let bytes = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let secret = WebhookSecret::from_bytes(bytes);
        assert_eq!(secret.text().expose_secret(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
        let signature = secret.signature(id, 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = signatures(&[secret.clone(), WebhookSecret::generate().unwrap()], id, 1_614_265_330, body);
        assert!(both.starts_with(&format!("{signature} v1,")), "{both}");
    }

    #[test]
    fn secrets_differ_and_show_themselves_only_when_asked() {
        let (one, other) = (WebhookSecret::generate().unwrap(), WebhookSecret::generate().unwrap());
        assert_ne!(one.bytes(), other.bytes());
        assert!(!format!("{one:?} {:?}", one.text()).contains("whsec_"));
    }
}
