//! Passwords: their form, and the hashes by which they are known (`hashing.rs`).

mod hashing;

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::Params;
use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::UnicodeNormalization as _;

use crate::domain::refusal::FieldErrorCode;
use hashing::{Workspace, Workspaces};

/// The number of characters of a password, normalized. There are no composition rules, and passwords are not trimmed or
/// truncated.
pub const LENGTH: RangeInclusive<usize> = 8..=256;

/// A password that zxcvbn estimates at fewer guesses is refused: an attacker with a word list finds it early.
const MIN_GUESSES: u64 = 1_000_000;

/// The longest password that zxcvbn estimates: its time grows faster than the square of the length.
const MAX_ESTIMATED_LENGTH: usize = 40;

/// The name of the service, which is too easy to guess as part of a password.
const SERVICE_NAME: &str = "taskforce";

/// A password in the form that is hashed: compatible characters and spaces are the same whatever the keyboard composes
/// (NFKC, and otherwise as `OpaqueString` of RFC 8265).
fn normalized(password: &SecretString) -> SecretString {
    let spaced = password.expose_secret().chars().map(|letter| {
        let is_space = letter.is_whitespace() && !letter.is_control();
        if is_space { ' ' } else { letter }
    });
    spaced.nfkc().collect::<String>().into()
}

/// A password of a permitted length, as a user has chosen it, normalized.
#[derive(Debug)]
pub struct NewPassword(SecretString);

impl NewPassword {
    /// Checks the length of a password.
    ///
    /// # Errors
    /// `tooShort`, `tooLong`.
    pub fn parse(chosen: SecretString) -> Result<Self, FieldErrorCode> {
        let password = normalized(&chosen);
        match password.expose_secret().chars().count() {
            length if length < *LENGTH.start() => Err(FieldErrorCode::TooShort),
            length if length > *LENGTH.end() => Err(FieldErrorCode::TooLong),
            _ => Ok(Self(password)),
        }
    }

    /// Returns whether an attacker would find the password early: a common one, or one that consists mostly of details of
    /// the account. Takes some milliseconds of a core, and up to a hundred times as long for unusual passwords.
    pub fn is_common(&self, account_details: &[String]) -> bool {
        let password = self.0.expose_secret().to_lowercase();
        let mut words: Vec<String> = account_details.iter().flat_map(|text| words_of(text)).collect();
        words.push(SERVICE_NAME.to_owned());
        // The longest first, so that an address is removed as a whole.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let rest = words.iter().fold(password.clone(), |rest, word| rest.replace(word, ""));
        if rest.chars().count() < *LENGTH.start() && rest != password {
            return true;
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        password.chars().count() <= MAX_ESTIMATED_LENGTH
            && zxcvbn::zxcvbn(self.0.expose_secret(), &words).guesses() < MIN_GUESSES
    }
}

/// A text and its words, without those of one or two characters.
fn words_of(text: &str) -> impl Iterator<Item = String> {
    let text = text.to_lowercase();
    let parts: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
    std::iter::once(text).chain(parts).filter(|word| word.chars().count() >= 3)
}

impl From<NewPassword> for SecretString {
    fn from(password: NewPassword) -> Self {
        password.0
    }
}

/// A password could not be hashed. The cause is never the password itself.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The password had no turn in time.
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    /// Random numbers or memory are not available.
    #[error("a password could not be hashed: {0}")]
    Failed(String),
}

impl HashError {
    fn failed(cause: impl std::fmt::Display) -> Self {
        Self::Failed(cause.to_string())
    }
}

/// Hashes and checks passwords.
#[derive(Debug)]
pub struct Passwords {
    params: Params,
    /// Verified in place of a missing hash, so that the time doesn't reveal whether an account exists.
    dummy_hash: String,
    workspaces: Workspaces,
    verifications: AtomicU64,
}

impl Passwords {
    /// Hashes with the parameters that OWASP recommends: 19 MiB, two passes, one lane.
    ///
    /// # Errors
    /// The random number generator fails.
    pub fn new() -> Result<Self, HashError> {
        Self::with_cost(19_456, 2)
    }

    /// Hashes with parameters that are fast and insecure, for tests.
    ///
    /// # Errors
    /// The random number generator fails.
    pub fn cheap() -> Result<Self, HashError> {
        Self::with_cost(Params::MIN_M_COST, 1)
    }

    fn with_cost(kibibytes: u32, passes: u32) -> Result<Self, HashError> {
        let params = Params::new(kibibytes, passes, 1, None).map_err(HashError::failed)?;
        let dummy_hash = hashing::hash_of_no_password(&params)?;
        Ok(Self { params, dummy_hash, workspaces: Workspaces::new(), verifications: AtomicU64::new(0) })
    }

    /// The hash of a new password as a PHC string; `None` for a [common](NewPassword::is_common) one.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn hash(
        &self,
        password: NewPassword,
        account_details: Vec<String>,
    ) -> Result<Option<String>, HashError> {
        let params = self.params.clone();
        self.workspaces
            .run(move |workspace| {
                if password.is_common(&account_details) {
                    return Ok(None);
                }
                workspace.hash(&params, password.0.expose_secret()).map(Some)
            })
            .await?
    }

    /// The number of verifications so far. Tests check that every sign-in costs one, for unknown accounts as well.
    pub fn verifications(&self) -> u64 {
        self.verifications.load(Ordering::Relaxed)
    }

    /// Returns whether a password matches a hash. Without a hash the answer is no, and takes as long.
    ///
    /// Hashes from before passwords were normalized match the password as it was typed.
    ///
    /// # Errors
    /// [`HashError::Busy`].
    pub async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<Verified, HashError> {
        let params = self.params.clone();
        self.verifications.fetch_add(1, Ordering::Relaxed);
        let has_hash = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy_hash.clone());
        let verified =
            self.workspaces.run(move |workspace| verify(workspace, &params, &password, &hash)).await?;
        if has_hash { verified } else { Ok(Verified::No) }
    }

    /// Frees the memory of hashing if no password was hashed since the last call.
    pub fn release_unused_memory(&self) {
        self.workspaces.release_unused();
    }
}

/// The result of comparing a password with a hash.
#[derive(Debug, PartialEq, Eq)]
pub enum Verified {
    No,
    Yes,
    /// The hash is that of the password as it was typed. This hash of the normalized password replaces it.
    Rehashed(String),
}

fn verify(
    workspace: &mut Workspace,
    params: &Params,
    password: &SecretString,
    hash: &str,
) -> Result<Verified, HashError> {
    let mut matches = |password: &SecretString| {
        workspace.matches(password.expose_secret(), hash).unwrap_or_else(|error| {
            tracing::warn!(%error, "the stored hash of a password can't be read");
            false
        })
    };
    let normal = normalized(password);
    if matches(&normal) {
        Ok(Verified::Yes)
    } else if normal.expose_secret() != password.expose_secret() && matches(password) {
        workspace.hash(params, normal.expose_secret()).map(Verified::Rehashed)
    } else {
        Ok(Verified::No)
    }
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
        let verify = async |password: &str, hash: Option<&str>| {
            passwords.verify(password.to_owned().into(), hash.map(str::to_owned)).await.unwrap()
        };
        assert_eq!(verify("correct horse", Some(&hash)).await, Verified::Yes);
        assert_eq!(verify("correct horse ", Some(&hash)).await, Verified::No);
        assert_eq!(verify("correct horse", None).await, Verified::No);
        assert_eq!(verify("correct horse", Some("no hash")).await, Verified::No);
    }

    #[tokio::test]
    async fn a_password_is_the_same_on_every_keyboard_and_old_hashes_stay_good() {
        let passwords = Passwords::cheap().unwrap();
        let (composed, decomposed, wide) = ("Cafe\u{301} am\u{a0}See", "Café am See", "Ｃafé am\u{3000}See");
        let chosen = NewPassword::parse(decomposed.into()).unwrap();
        let hash_of_normal = passwords.hash(chosen, Vec::new()).await.unwrap().unwrap();
        for typed in [composed, decomposed, wide] {
            let verified = passwords.verify(typed.into(), Some(hash_of_normal.clone())).await.unwrap();
            assert_eq!(verified, Verified::Yes, "{typed:?}");
        }
        // A hash from before: of the password as it was typed, and of nothing else.
        let before = Workspace::default().hash(&passwords.params, composed).unwrap();
        assert_eq!(passwords.verify(decomposed.into(), Some(before.clone())).await.unwrap(), Verified::No);
        let Verified::Rehashed(after) = passwords.verify(composed.into(), Some(before)).await.unwrap() else {
            panic!("the old hash is good")
        };
        for typed in [composed, decomposed, wide] {
            assert_eq!(passwords.verify(typed.into(), Some(after.clone())).await.unwrap(), Verified::Yes);
        }
    }

    #[test]
    fn the_length_is_that_of_the_normal_form() {
        let refused = |password: String| NewPassword::parse(password.into()).err();
        assert_eq!(refused("e\u{301}".repeat(7)), Some(FieldErrorCode::TooShort));
        assert_eq!(refused("e\u{301}".repeat(8)), None);
        assert_eq!(refused("\u{fdfa}".repeat(15)), Some(FieldErrorCode::TooLong));
    }

    #[test]
    fn what_protects_accounts_has_the_cost_that_owasp_asks_for() {
        let passwords = Passwords::new().unwrap();
        assert!(
            passwords.dummy_hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            passwords.dummy_hash
        );
    }

    #[test]
    fn a_password_has_8_to_256_characters_of_any_kind() {
        let refused = |password: String| NewPassword::parse(password.into()).err();
        assert_eq!(refused("ث".repeat(7)), Some(FieldErrorCode::TooShort));
        assert_eq!(refused("ث".repeat(8)), None);
        assert_eq!(refused(" ".repeat(256)), None);
        assert_eq!(refused("a".repeat(257)), Some(FieldErrorCode::TooLong));
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_to_come_back() {
        let passwords = Passwords::cheap().unwrap();
        let taken = passwords.workspaces.take_all().await;
        let begun = std::time::Instant::now();
        let refused = passwords.verify("correct horse".into(), None).await;
        assert!(matches!(refused, Err(HashError::Busy)), "{refused:?}");
        assert!(begun.elapsed() < hashing::MAX_WAIT * 2, "{:?}", begun.elapsed());
        drop(taken);
        assert_eq!(passwords.verify("correct horse".into(), None).await.unwrap(), Verified::No);
    }

    #[tokio::test]
    async fn every_character_of_a_password_counts_to_the_last() {
        let passwords = Passwords::cheap().unwrap();
        let long = format!("{}1", "ثوب ".repeat(63) + "abc");
        assert_eq!(long.chars().count(), 256);
        let other = format!("{}2", "ثوب ".repeat(63) + "abc");
        let hash = passwords.hash(NewPassword::parse(long.clone().into()).unwrap(), Vec::new()).await;
        let hash = hash.unwrap();
        assert_eq!(passwords.verify(long.into(), hash.clone()).await.unwrap(), Verified::Yes);
        assert_eq!(passwords.verify(other.into(), hash).await.unwrap(), Verified::No);
    }

    fn is_common(password: &str) -> bool {
        let account_details = [
            "layla.haddad@smart-council.example".to_owned(),
            "Dr Layla Haddad".to_owned(),
            "د. ليلى حداد".to_owned(),
        ];
        NewPassword::parse(password.to_owned().into()).unwrap().is_common(&account_details)
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
        // Only characters that can stand for a letter: zxcvbn tries all combinations of their meanings.
        let odd: String = "4@8({[<369 1!|70$5+%2".chars().cycle().take(MAX_ESTIMATED_LENGTH).collect();
        let begun = std::time::Instant::now();
        assert!(!is_common(&odd));
        // A generous limit for busy machines; without the limit of the length this would take hours.
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}
