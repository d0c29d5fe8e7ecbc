//! Hashing with argon2id, a few passwords at once and in memory that is used again.
//!
//! A hash takes 19 MiB and some tens of milliseconds of a core by design. If each hash allocated its memory anew, the
//! allocator would keep 19 MiB or more for each thread that has ever hashed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::HashError;

/// The longest that a password waits for its turn, so that a flood of sign-ins doesn't block all others.
pub(super) const MAX_WAIT: Duration = Duration::from_millis(1500);

/// The most passwords that are hashed at once, however many cores there are: together they take 76 MiB.
const MAX_AT_ONCE: usize = 4;

/// The length of a salt in bytes (RFC 9106).
const SALT_LENGTH: usize = 16;

/// The memory of one hash at a time.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    blocks: Vec<Block>,
}

impl Workspace {
    /// The hash of a password under a new salt.
    pub(super) fn hash(&mut self, params: &Params, password: &str) -> Result<String, HashError> {
        let salt: [u8; SALT_LENGTH] = random().map_err(HashError::failed)?;
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        self.fill(Algorithm::Argon2id, Version::V0x13, params.clone(), password, &salt, &mut output)?;
        phc_string(params, &salt, &output)
    }

    /// Returns whether a password has this hash. The hash names its parameters, which may be those of an earlier version.
    pub(super) fn matches(&mut self, password: &str, hash: &str) -> Result<bool, HashError> {
        let hash = PasswordHash::new(hash).map_err(HashError::failed)?;
        let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
            return Err(HashError::failed("the stored hash is incomplete"));
        };
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(HashError::failed)?;
        let version =
            hash.version.map_or(Ok(Version::default()), Version::try_from).map_err(HashError::failed)?;
        let params = Params::try_from(&hash).map_err(HashError::failed)?;
        let mut output = vec![0; expected.len()];
        self.fill(algorithm, version, params, password, salt, &mut output)?;
        Ok(output.ct_eq(expected.as_bytes()).into())
    }

    fn fill(
        &mut self,
        algorithm: Algorithm,
        version: Version,
        params: Params,
        password: &str,
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), HashError> {
        let blocks = params.block_count();
        if self.blocks.len() < blocks {
            self.blocks.resize(blocks, Block::new());
        }
        Argon2::new(algorithm, version, params)
            .hash_password_into_with_memory(password.as_bytes(), salt, output, &mut self.blocks)
            .map_err(HashError::failed)
    }
}

/// A hash that no password has and that takes as long to verify as any other.
pub(super) fn hash_of_no_password(params: &Params) -> Result<String, HashError> {
    let salt: [u8; SALT_LENGTH] = random().map_err(HashError::failed)?;
    let output: [u8; Params::DEFAULT_OUTPUT_LEN] = random().map_err(HashError::failed)?;
    phc_string(params, &salt, &output)
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], Unspecified> {
    let mut bytes = [0; LENGTH];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(bytes)
}

fn phc_string(params: &Params, salt: &[u8], output: &[u8]) -> Result<String, HashError> {
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(HashError::failed)?,
        salt: Some(Salt::new(salt).map_err(HashError::failed)?),
        hash: Some(Output::new(output).map_err(HashError::failed)?),
    };
    Ok(hash.to_string())
}

/// The workspaces, and the permits to use one. Waiting hashes are served in turn.
#[derive(Debug)]
pub(super) struct Workspaces {
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Workspace>>>,
    /// True if a workspace was used since [`Workspaces::release_unused`] last asked.
    was_used: AtomicBool,
}

impl Workspaces {
    /// As many workspaces as there are cores, and no more than [`MAX_AT_ONCE`]. Each takes memory with its first use.
    pub(super) fn new() -> Self {
        let at_once = available_parallelism().map_or(1, usize::from).min(MAX_AT_ONCE);
        Self {
            permits: Arc::new(Semaphore::new(at_once)),
            idle: Arc::default(),
            was_used: AtomicBool::new(false),
        }
    }

    /// Runs work with a workspace, outside of the threads that serve requests.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Workspace) -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let permit = timeout(MAX_WAIT, self.permits.clone().acquire_owned()).await;
        let permit = permit.ok().ok_or(HashError::Busy)?.map_err(HashError::failed)?;
        self.was_used.store(true, Ordering::Relaxed);
        let idle = Arc::clone(&self.idle);
        let work = move || {
            // The work goes on if the request is cancelled, so the permit belongs to the work.
            let _permit = permit;
            let mut workspace = lock(&idle).pop().unwrap_or_default();
            let done = work(&mut workspace);
            lock(&idle).push(workspace);
            done
        };
        spawn_blocking(work).await.map_err(HashError::failed)
    }

    /// Takes every permit, so that nobody else hashes.
    #[cfg(test)]
    pub(super) async fn take_all(&self) -> tokio::sync::OwnedSemaphorePermit {
        let all = u32::try_from(self.permits.available_permits()).unwrap();
        self.permits.clone().acquire_many_owned(all).await.unwrap()
    }

    /// Frees the memory of the workspaces if none was used since the last call.
    pub(super) fn release_unused(&self) {
        if !self.was_used.swap(false, Ordering::Relaxed) {
            lock(&self.idle).clear();
        }
    }
}

fn lock(idle: &Mutex<Vec<Workspace>>) -> MutexGuard<'_, Vec<Workspace>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

    use super::*;

    const PARAMS: Params = match Params::new(Params::MIN_M_COST, 1, 1, None) {
        Ok(params) => params,
        Err(_) => panic!("parameters of tests are valid"),
    };

    #[test]
    fn the_crates_own_functions_and_these_understand_each_other() {
        let mut workspace = Workspace::default();
        let argon2 = Argon2::from(PARAMS);
        let of_the_crate = argon2.hash_password(b"correct horse").unwrap().to_string();
        let own = workspace.hash(&PARAMS, "correct horse").unwrap();
        assert_eq!(own.len(), of_the_crate.len(), "{own}, {of_the_crate}");
        // A workspace that is larger than needed and full of an earlier hash.
        let costly = Params::new(64, 2, 2, Some(24)).unwrap();
        let earlier =
            Argon2::new(Algorithm::Argon2i, Version::V0x10, costly).hash_password(b"another").unwrap();
        assert!(workspace.matches("another", &earlier.to_string()).unwrap());
        for hash in [&own, &of_the_crate] {
            argon2.verify_password(b"correct horse", hash.as_str()).unwrap();
            assert!(workspace.matches("correct horse", hash).unwrap());
            assert!(!workspace.matches("correct horse ", hash).unwrap());
        }
        assert!(workspace.matches("correct horse", "no hash").is_err());
        assert!(!workspace.matches("correct horse", &hash_of_no_password(&PARAMS).unwrap()).unwrap());
        assert_ne!(own, workspace.hash(&PARAMS, "correct horse").unwrap(), "each hash has a salt of its own");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_few_passwords_are_hashed_at_once_and_use_memory_again() {
        let workspaces = Workspaces::new();
        let at_once = workspaces.permits.available_permits();
        assert!((1..=MAX_AT_ONCE).contains(&at_once));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let hash = || {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            workspaces.run(move |workspace| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                workspace.hash(&PARAMS, "correct horse").unwrap();
                std::thread::sleep(Duration::from_millis(2));
                now.fetch_sub(1, Ordering::SeqCst);
            })
        };
        let done = futures_util::future::join_all((0..at_once * 20).map(|_| hash())).await;
        assert!(done.iter().all(Result::is_ok), "those who have to wait have their turn");
        assert_eq!(most.load(Ordering::SeqCst), at_once);
        assert!((1..=at_once).contains(&lock(&workspaces.idle).len()), "no hash has made memory of its own");

        workspaces.release_unused();
        assert!(!lock(&workspaces.idle).is_empty(), "they were used");
        workspaces.release_unused();
        assert!(lock(&workspaces.idle).is_empty(), "nobody has used them since");
        hash().await.unwrap();
    }
}
