//! Signs arbitrary claims and headers.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PSS_SHA256, RsaKeyPair,
};
use aws_lc_rs::{hmac, rsa};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

enum Key {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

pub(super) struct Signer {
    pub(super) kid: String,
    pub(super) alg: &'static str,
    pub(super) jwk: Value,
    key: Key,
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    pub(super) fn ed25519(kid: &str) -> Self {
        let key = Ed25519KeyPair::generate().unwrap();
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(key.public_key().as_ref())});
        Self::named(kid, "EdDSA", jwk, Key::Ed25519(key))
    }

    pub(super) fn p256(kid: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = key.public_key().as_ref();
        let jwk =
            json!({"kty": "EC", "crv": "P-256", "x": base64url(&point[1..33]), "y": base64url(&point[33..])});
        Self::named(kid, "ES256", jwk, Key::P256(key))
    }

    pub(super) fn rsa(kid: &str, alg: &'static str) -> Self {
        let key = RsaKeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        // SEQUENCE of two INTEGERs (PKCS#1), of which the first has 256 bytes and a zero before.
        let der = key.public_key().as_ref();
        let jwk = json!({"kty": "RSA", "n": base64url(&der[9..265]), "e": "AQAB"});
        Self::named(kid, alg, jwk, Key::Rsa(key))
    }

    /// One signer for many tests, since generating a key takes time.
    pub(super) fn shared() -> &'static Self {
        static SHARED: LazyLock<Signer> = LazyLock::new(|| Signer::ed25519("k1"));
        &SHARED
    }

    fn named(kid: &str, alg: &'static str, mut jwk: Value, key: Key) -> Self {
        jwk["kid"] = json!(kid);
        jwk["alg"] = json!(alg);
        jwk["use"] = json!("sig");
        Self { kid: kid.to_owned(), alg, jwk, key }
    }

    pub(super) fn token(&self, claims: &Value) -> String {
        self.token_by(self.alg, claims)
    }

    pub(super) fn token_by(&self, alg: &str, claims: &Value) -> String {
        self.signed(&json!({"alg": alg, "kid": self.kid}), claims)
    }

    /// With one field of the header changed; null removes a field.
    pub(super) fn token_with(&self, name: &str, value: Value, claims: &Value) -> String {
        let mut header = json!({"alg": self.alg, "kid": self.kid});
        header[name] = value;
        header.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        self.signed(&header, claims)
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        let message = unsigned(header, claims);
        let signature = self.signature(header["alg"].as_str().unwrap(), message.as_bytes());
        format!("{message}.{}", base64url(&signature))
    }

    fn signature(&self, alg: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Key::P256(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                match alg {
                    "RS256" => key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap(),
                    "RS384" => key.sign(&RSA_PKCS1_SHA384, &random, message, &mut signature).unwrap(),
                    "PS256" => key.sign(&RSA_PSS_SHA256, &random, message, &mut signature).unwrap(),
                    _ => panic!("no {alg}"),
                }
                signature
            }
        }
    }

    /// The public key in every form that a verifier could mistake for a shared secret.
    pub(super) fn public_key_forms(&self) -> Vec<Vec<u8>> {
        let raw = match &self.key {
            Key::Ed25519(key) => key.public_key().as_ref().to_vec(),
            Key::P256(key) => key.public_key().as_ref().to_vec(),
            Key::Rsa(key) => key.public_key().as_ref().to_vec(),
        };
        let pem =
            format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&raw));
        let jwk = self.jwk.to_string().into_bytes();
        let parts = ["x", "n"].into_iter().filter_map(|part| self.jwk[part].as_str());
        let parts = parts.map(|part| part.as_bytes().to_vec());
        [raw, pem.into_bytes(), jwk, Vec::new()].into_iter().chain(parts).collect()
    }
}

/// The signed part of a token: header and claims.
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    join(&header.to_string(), &claims.to_string())
}

pub(super) fn join(header: &str, payload: &str) -> String {
    format!("{}.{}", base64url(header.as_bytes()), base64url(payload.as_bytes()))
}

pub(super) fn by_shared_secret(alg: &str, kid: &str, secret: &[u8], claims: &Value) -> String {
    let algorithm = match alg {
        "HS256" => hmac::HMAC_SHA256,
        "HS384" => hmac::HMAC_SHA384,
        _ => hmac::HMAC_SHA512,
    };
    let message = unsigned(&json!({"alg": alg, "kid": kid}), claims);
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret), message.as_bytes());
    format!("{message}.{}", base64url(tag.as_ref()))
}
