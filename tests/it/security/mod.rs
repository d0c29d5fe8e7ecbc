//! Authorization, isolation of task forces, and known attacks.

mod access_tokens;
pub(crate) mod authorization;
mod client_address;
mod grants;
mod permissions;
mod secrets;
pub(crate) mod tenant_isolation;
mod tls;
mod tls_postgres;
