//! Who somebody is: passwords, access tokens, and the opaque secrets of refreshing and inviting.
//!
//! A credential goes in, an identity comes out. What that person may do is none of its business, and nothing here
//! knows a task force. Secrets travel as [`secrecy::SecretString`], which neither prints nor logs itself.

pub mod oidc;
pub mod passwords;
pub mod secrets;
pub mod throttle;
pub mod tokens;
