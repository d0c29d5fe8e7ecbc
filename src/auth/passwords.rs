//! Passwords, hashed with argon2id.
//!
//! A hash takes 19 MiB and some tens of milliseconds of a core by design. So it runs off the threads that serve
//! requests, and no more at once than there are cores: a flood of sign-ins queues up instead of eating memory.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, Params};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::secrets;
use crate::domain::refusal::FieldErrorCode;

/// How many characters a password has. There are no rules of composition, and nothing is trimmed or cut.
pub const LENGTH: RangeInclusive<usize> = 8..=256;

/// What an attacker with a list and a few rules tries first: this many guesses, as zxcvbn counts them.
const FIRST_GUESSES: u64 = 1_000_000;

/// The longest password that is held against that list. zxcvbn takes more than the square of it, and nobody's
/// first guess is as long.
const LONGEST_GUESS: usize = 40;

/// What everybody's account here has to do with.
const OUR_NAME: &str = "taskforce";

/// A password that somebody has chosen, of a permitted length.
#[derive(Debug)]
pub struct NewPassword(SecretString);

impl NewPassword {
    /// Takes a password that somebody has chosen.
    ///
    /// # Errors
    /// `tooShort`, `tooLong`.
    pub fn parse(chosen: SecretString) -> Result<Self, FieldErrorCode> {
        match chosen.expose_secret().chars().count() {
            length if length < *LENGTH.start() => Err(FieldErrorCode::TooShort),
            length if length > *LENGTH.end() => Err(FieldErrorCode::TooLong),
            _ => Ok(Self(chosen)),
        }
    }

    /// Whether it is among the first that an attacker would try: a common one, or little more than what is known of
    /// the account. Takes some milliseconds of a core, for odd passwords a hundred times that.
    pub fn is_common(&self, known: &[String]) -> bool {
        let password = self.0.expose_secret().to_lowercase();
        let mut known: Vec<String> = known.iter().flat_map(|text| words(text)).collect();
        known.push(OUR_NAME.to_owned());
        // The longest first: an address goes whole.
        known.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let rest = known.iter().fold(password.clone(), |rest, word| rest.replace(word, ""));
        if rest.chars().count() < *LENGTH.start() && rest != password {
            return true;
        }
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        password.chars().count() <= LONGEST_GUESS
            && zxcvbn::zxcvbn(self.0.expose_secret(), &known).guesses() < FIRST_GUESSES
    }
}

/// A text and its words, as far as they are long enough to be missed.
fn words(text: &str) -> impl Iterator<Item = String> {
    let text = text.to_lowercase();
    let parts: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
    std::iter::once(text).chain(parts).filter(|word| word.chars().count() >= 3)
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
    checked: AtomicU64,
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
        Ok(Self { argon2, dummy, cores: Arc::new(cores), checked: AtomicU64::new(0) })
    }

    /// Hashes a password that somebody has chosen into a PHC string; `None` for one that is common, or made of what
    /// is known of the account.
    ///
    /// # Errors
    /// A system without randomness or memory.
    pub async fn hash(&self, password: NewPassword, known: Vec<String>) -> Result<Option<String>, HashError> {
        let argon2 = self.argon2.clone();
        self.on_a_core(move || {
            if password.is_common(&known) { Ok(None) } else { hash(&argon2, &password.0).map(Some) }
        })
        .await?
    }

    /// How many passwords have been checked against a hash. It is the same for every sign-in, whoever it is for.
    pub fn checked(&self) -> u64 {
        self.checked.load(Ordering::Relaxed)
    }

    /// Whether this is the password behind the hash. Takes as long where there is no hash, and answers no.
    ///
    /// # Errors
    /// [`HashError::Busy`].
    pub async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool, HashError> {
        let argon2 = self.argon2.clone();
        self.checked.fetch_add(1, Ordering::Relaxed);
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
        let chosen = NewPassword::parse("correct horse".into()).unwrap();
        let hash = passwords.hash(chosen, Vec::new()).await.unwrap().unwrap();
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
        assert_eq!(refused("ث".repeat(7)), Some(FieldErrorCode::TooShort));
        assert_eq!(refused("ث".repeat(8)), None);
        assert_eq!(refused(" ".repeat(256)), None);
        assert_eq!(refused("a".repeat(257)), Some(FieldErrorCode::TooLong));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_more_passwords_are_hashed_at_once_than_there_are_cores() {
        use std::sync::atomic::{AtomicUsize, Ordering};

        let passwords = Passwords::cheap().unwrap();
        let cores = passwords.cores.available_permits();
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let hash = || {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            passwords.on_a_core(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(2));
                now.fetch_sub(1, Ordering::SeqCst);
            })
        };
        let done = futures_util::future::join_all((0..cores * 20).map(|_| hash())).await;
        assert!(done.iter().all(Result::is_ok), "those who have to wait have their turn");
        assert_eq!(most.load(Ordering::SeqCst), cores);
    }

    #[tokio::test]
    async fn who_waits_too_long_for_a_core_is_told_to_come_back() {
        let passwords = Passwords::cheap().unwrap();
        let all = u32::try_from(passwords.cores.available_permits()).unwrap();
        let taken = passwords.cores.acquire_many(all).await.unwrap();
        let begun = std::time::Instant::now();
        let refused = passwords.verify("correct horse".into(), None).await;
        assert!(matches!(refused, Err(HashError::Busy)), "{refused:?}");
        assert!(begun.elapsed() < PATIENCE * 2, "{:?}", begun.elapsed());
        drop(taken);
        assert!(!passwords.verify("correct horse".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn every_character_of_a_password_counts_to_the_last() {
        let passwords = Passwords::cheap().unwrap();
        let long = format!("{}1", "ثوب ".repeat(63) + "abc");
        assert_eq!(long.chars().count(), 256);
        let other = format!("{}2", "ثوب ".repeat(63) + "abc");
        let hash = passwords.hash(NewPassword::parse(long.clone().into()).unwrap(), Vec::new()).await;
        let hash = hash.unwrap();
        assert!(passwords.verify(long.into(), hash.clone()).await.unwrap());
        assert!(!passwords.verify(other.into(), hash).await.unwrap());
    }

    fn is_common(password: &str) -> bool {
        let known = [
            "layla.haddad@smart-council.example".to_owned(),
            "Dr Layla Haddad".to_owned(),
            "د. ليلى حداد".to_owned(),
        ];
        NewPassword::parse(password.to_owned().into()).unwrap().is_common(&known)
    }

    #[test]
    fn what_an_attacker_tries_first_is_refused() {
        for common in [
            "password",
            "password1",
            "Password1!",
            "P@ssw0rd",
            "passw0rd123",
            "12345678",
            "123456789",
            "87654321",
            "11111111",
            "qwertyuiop",
            "qwerty123",
            "1q2w3e4r",
            "1qaz2wsx",
            "asdfghjkl",
            "iloveyou1",
            "football",
            "baseball",
            "sunshine1",
            "princess",
            "superman",
            "trustno1",
            "letmein1",
            "welcome1",
            "Welcome2026",
            "dragon123",
            "monkey12",
            "abc12345",
            "abcdefgh",
            "aaaaaaaa",
            "ثثثثثثثث",
            "        ",
            "changeme",
            "starwars",
            "whatever",
            "jennifer",
            "computer",
            "michael1",
            "liverpool",
            "passwordpassword",
        ] {
            assert!(is_common(common), "{common}");
        }
    }

    #[test]
    fn what_is_known_of_the_account_is_no_password_for_it() {
        for known in [
            "layla.haddad",
            "Layla1985",
            "haddad2026!",
            "LaylaHaddad",
            "layla.haddad@smart-council.example",
            "layla.haddad@smart-council.example1",
            "taskforce",
            "Taskforce2026",
            "t4skforce1",
            "ليلى حداد",
            "ليلى1985",
            "taskforcetaskforcetaskforcetaskforcetaskforce",
        ] {
            assert!(is_common(known), "{known}");
        }
        let other = NewPassword::parse("Bint-Haddad-7".to_owned().into()).unwrap();
        assert!(
            !other.is_common(&["somebody@else.example".to_owned()]),
            "for somebody else it is a fine one"
        );
    }

    #[test]
    fn a_good_passphrase_is_taken_in_whatever_language() {
        for good in [
            "correct horse battery staple",
            "another long password",
            "a password for the demo",
            "القمر فوق جبل القلعة",
            "سبع سفن خشبية في البحر",
            "three wooden ships at noon",
            "ma ba3ref shu",
            "xK4!pq9Zt",
            "tuzgawmevu",
            "Layla walks the old road to Salt",
            "the task force eats figs in May",
        ] {
            assert!(!is_common(good), "{good}");
        }
        assert!(!is_common(&"abc ".repeat(64)), "too long to be anybody's first guess");
    }

    #[test]
    fn the_oddest_password_takes_no_more_than_a_moment() {
        // Every character that stands for a letter: zxcvbn tries all combinations of what they may stand for.
        let odd: String = "4@8({[<369 1!|70$5+%2".chars().cycle().take(LONGEST_GUESS).collect();
        let begun = std::time::Instant::now();
        assert!(!is_common(&odd));
        // All of them would take for ever; what a moment is, a busy machine says.
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}
