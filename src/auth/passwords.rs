//! Passwords, hashed with argon2id.
//!
//! A hash takes 19 MiB and some tens of milliseconds of a core by design. So it runs off the threads that serve
//! requests, and no more at once than there are cores: a flood of sign-ins queues up instead of eating memory.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, Params};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::secrets;
use crate::domain::refusal::FaultCode;

/// How many characters a password has. There are no rules of composition, and nothing is trimmed.
pub const LENGTH: RangeInclusive<usize> = 8..=256;

/// A password that somebody has chosen, of a permitted length.
#[derive(Debug)]
pub struct NewPassword(SecretString);

impl NewPassword {
    /// Takes a password that somebody has chosen.
    ///
    /// # Errors
    /// `tooShort`, `tooLong`.
    pub fn parse(chosen: SecretString) -> Result<Self, FaultCode> {
        match chosen.expose_secret().chars().count() {
            length if length < *LENGTH.start() => Err(FaultCode::TooShort),
            length if length > *LENGTH.end() => Err(FaultCode::TooLong),
            _ => Ok(Self(chosen)),
        }
    }
}

impl From<NewPassword> for SecretString {
    fn from(password: NewPassword) -> Self {
        password.0
    }
}

/// A password that could not be hashed: the service's fault, never the password's.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Every core is hashing, and enough others wait.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// A system without randomness or memory.
    #[error("a password could not be hashed: {0}")]
    Failed(String),
}

impl HashError {
    fn of(cause: impl std::fmt::Display) -> Self {
        Self::Failed(cause.to_string())
    }
}

/// How long a password waits for a core: whoever floods us with them shall not make everybody wait for ever.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Hashes and checks passwords.
#[derive(Debug)]
pub struct Passwords {
    argon2: Argon2<'static>,
    /// Checked where there is no hash, so that an account that doesn't exist takes as long as one that does.
    dummy: String,
    cores: Arc<Semaphore>,
}

impl Passwords {
    /// With OWASP's parameters: 19 MiB, two passes, one lane.
    ///
    /// # Errors
    /// A system without randomness.
    pub fn new() -> Result<Self, HashError> {
        Self::with_cost(19_456, 2)
    }

    /// With parameters that protect nothing and take next to no time, for tests.
    ///
    /// # Errors
    /// A system without randomness.
    pub fn cheap() -> Result<Self, HashError> {
        Self::with_cost(Params::MIN_M_COST, 1)
    }

    fn with_cost(kibibytes: u32, passes: u32) -> Result<Self, HashError> {
        let argon2 = Argon2::from(Params::new(kibibytes, passes, 1, None).map_err(HashError::of)?);
        let dummy = hash(&argon2, &secrets::generate().map_err(HashError::of)?)?;
        let cores = Semaphore::new(available_parallelism().map_or(1, usize::from));
        Ok(Self { argon2, dummy, cores: Arc::new(cores) })
    }

    /// Hashes a password into a PHC string.
    ///
    /// # Errors
    /// A system without randomness or memory.
    pub async fn hash(&self, password: SecretString) -> Result<String, HashError> {
        let argon2 = self.argon2.clone();
        self.on_a_core(move || hash(&argon2, &password)).await?
    }

    /// Whether this is the password behind the hash. Takes as long where there is no hash, and answers no.
    ///
    /// # Errors
    /// [`HashError::Busy`].
    pub async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool, HashError> {
        let argon2 = self.argon2.clone();
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.clone());
        let matches = self
            .on_a_core(move || {
                argon2.verify_password(password.expose_secret().as_bytes(), hash.as_str()).is_ok()
            })
            .await?;
        Ok(matches && known)
    }

    async fn on_a_core<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let permit = timeout(PATIENCE, self.cores.clone().acquire_owned()).await;
        let permit = permit.ok().ok_or(HashError::Busy)?.map_err(HashError::of)?;
        let work = move || {
            // The work goes on when whoever asked has left, so it keeps the permit itself.
            let _permit = permit;
            work()
        };
        spawn_blocking(work).await.map_err(HashError::of)
    }
}

fn hash(argon2: &Argon2<'_>, password: &SecretString) -> Result<String, HashError> {
    let hash = argon2.hash_password(password.expose_secret().as_bytes()).map_err(HashError::of)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_own_hash_only() {
        let passwords = Passwords::cheap().unwrap();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("correct horse ".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("correct horse".into(), None).await.unwrap());
        assert!(!passwords.verify("correct horse".into(), Some("no hash".into())).await.unwrap());
    }

    #[test]
    fn what_protects_accounts_has_the_cost_that_owasp_asks_for() {
        let passwords = Passwords::new().unwrap();
        assert!(passwords.dummy.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", passwords.dummy);
    }

    #[test]
    fn a_password_has_8_to_256_characters_of_any_kind() {
        let refused = |password: String| NewPassword::parse(password.into()).err();
        assert_eq!(refused("ث".repeat(7)), Some(FaultCode::TooShort));
        assert_eq!(refused("ث".repeat(8)), None);
        assert_eq!(refused(" ".repeat(256)), None);
        assert_eq!(refused("a".repeat(257)), Some(FaultCode::TooLong));
    }
}
