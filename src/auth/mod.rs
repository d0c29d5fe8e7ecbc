//! Authentication: passwords, access tokens, tokens of another issuer, and opaque secrets.
//!
//! Functions here turn a credential into an identity. Authorization is in `app` and `domain`, and nothing here knows
//! of task forces. Secrets are passed as [`secrecy::SecretString`], which shows its content neither in logs nor in
//! debug output.

pub mod oidc;
pub mod passwords;
pub mod sealing;
pub mod secrets;
pub mod throttle;
pub mod tokens;
pub mod webhook_secrets;
