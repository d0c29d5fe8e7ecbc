//! The user that Postgres runs as, and the private files and directories of that user and of this process.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix::fcntl::OFlag;
use nix::unistd::{User, getegid, geteuid};
use secrecy::SecretString;
use uuid::Uuid;

use super::{ClusterError, at, socket_dir, stable_name};
use crate::util::files;

/// The parent of clusters whose data directory the user of Postgres can't enter.
const ELSEWHERE: &str = "/var/lib/taskforce";

/// The user that Postgres runs as: the user of this process; or, since Postgres refuses root, the user that root steps
/// down to.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) uid: u32,
    gid: u32,
    steps_down: bool,
}

impl Account {
    /// Root steps down to the owner of an existing cluster (`sudo` after an ordinary start), else to `postgres`.
    pub(super) fn of(data_dir: Option<&Path>) -> Result<Self, ClusterError> {
        if !geteuid().is_root() {
            return Ok(Self { uid: geteuid().as_raw(), gid: getegid().as_raw(), steps_down: false });
        }
        let owned = data_dir.and_then(|dir| fs::metadata(dir.join("pgdata")).ok());
        let owned = owned.map(|pgdata| (pgdata.uid(), pgdata.gid()));
        let named =
            |name| User::from_name(name).ok().flatten().map(|user| (user.uid.as_raw(), user.gid.as_raw()));
        let found =
            owned.filter(|(uid, _)| *uid != 0).or_else(|| named("postgres")).or_else(|| named("_postgres"));
        let (uid, gid) = found.ok_or(ClusterError::NoAccount)?;
        Ok(Self { uid, gid, steps_down: true })
    }

    /// Creates a directory for a throw-away cluster: in the system's temporary directory, or in `/tmp` if this user
    /// can't enter that one, or if its path is too long for a socket.
    pub(super) async fn temporary_dir(&self) -> Result<PathBuf, ClusterError> {
        let id = Uuid::new_v4().simple().to_string();
        let name: String = "taskforce-".chars().chain(id.chars().take(12)).collect();
        let wanted = std::env::temp_dir();
        let fits = socket_dir(&wanted.join(&name)).starts_with(&wanted);
        let parent = if fits && self.enters(&wanted).await? { wanted } else { PathBuf::from("/tmp") };
        self.private_dir(&parent.join(name))
    }

    /// A command that runs as this user. The environment is not inherited: it may hold secrets, and a stray `PGPORT`
    /// would move the server. The own process group keeps Ctrl-C in a terminal from reaching the server before the
    /// service has finished. `/` is a working directory that every user may enter.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C");
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.current_dir("/").process_group(0).stdin(Stdio::null());
        if self.steps_down {
            // When root changes its user, std drops the supplementary groups with it.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// The home of the cluster: the data directory, if this user can enter it. After a step down from root that may be
    /// impossible (`/root` is 0700 and stays so): then a directory named after the data directory, which the next
    /// start finds again.
    pub(super) async fn home(&self, data_dir: &Path) -> Result<PathBuf, ClusterError> {
        if data_dir.join("pgdata").exists() || self.enters(data_dir).await? {
            return Ok(data_dir.to_path_buf());
        }
        make_dir(Path::new(ELSEWHERE), 0o711)?;
        let home = self.private_dir(&Path::new(ELSEWHERE).join(stable_name(data_dir)))?;
        tracing::info!(data_dir = %data_dir.display(), home = %home.display(), uid = self.uid,
            "the user that Postgres runs as can't enter the data directory: the database is kept elsewhere");
        Ok(home)
    }

    async fn enters(&self, dir: &Path) -> Result<bool, ClusterError> {
        let mut enter = self.command("/bin/sh");
        enter.args(["-c", "cd \"$1\"", "sh"]).arg(dir);
        Ok(!self.steps_down || output(enter).await?.status.success())
    }

    /// Creates a directory that only this user may enter. An existing directory has to belong to this user, since in
    /// `/tmp` anyone can create one.
    pub(super) fn private_dir(&self, path: &Path) -> Result<PathBuf, ClusterError> {
        make_dir(path, 0o700)?;
        let found = fs::symlink_metadata(path).map_err(at(path))?;
        if !found.is_dir() || ![self.uid, geteuid().as_raw()].contains(&found.uid()) {
            return Err(ClusterError::Foreign(path.to_path_buf()));
        }
        fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(at(path))?;
        self.give(path)?;
        path.canonicalize().map_err(at(path))
    }

    /// Makes this user the owner of a file or directory that this process created.
    pub(super) fn give(&self, path: &Path) -> Result<(), ClusterError> {
        if !self.steps_down {
            return Ok(());
        }
        lchown(path, Some(self.uid), Some(self.gid)).map_err(at(path))
    }
}

/// Creates the data directory. If the process is root, the user of Postgres has to pass through it, so that private
/// files in it need a private mode of their own.
pub(super) fn data_dir(wanted: &Path) -> Result<PathBuf, ClusterError> {
    let path = std::path::absolute(wanted).map_err(at(wanted))?;
    make_dir(&path, if geteuid().is_root() { 0o711 } else { 0o700 })?;
    path.canonicalize().map_err(at(&path))
}

/// Creates a directory and its parents; leaves an existing directory alone.
fn make_dir(path: &Path, mode: u32) -> Result<(), ClusterError> {
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).create(parent).map_err(at(parent))?;
    }
    match DirBuilder::new().mode(mode).create(path) {
        // The umask may have narrowed the mode.
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(mode)).map_err(at(path)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(at(path)(error)),
    }
}

/// Options for a private file that is kept. Links are not followed, since the directory may belong to another user and
/// the process may be root.
pub(super) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits());
    options
}

/// The lock of a data directory, held until dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    /// Unlocks explicitly. Closing the file is not enough: a process that another thread is just starting holds a copy
    /// of the descriptor until its `exec`.
    fn drop(&mut self) {
        self.0.unlock().ok();
    }
}

/// Locks the data directory for this instance. The kernel releases the lock when the process ends, however it ends,
/// and children don't inherit it.
pub(super) fn lock(data_dir: &Path) -> Result<Lock, ClusterError> {
    let path = data_dir.join("lock");
    let mut file = private_file().read(true).write(true).open(&path).map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).map_err(at(&path))?;
            return Err(ClusterError::InUse { data_dir: data_dir.to_path_buf(), pid: pid.trim().to_owned() });
        }
        Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
    }
    file.set_len(0).map_err(at(&path))?;
    writeln!(file, "{}", std::process::id()).map_err(at(&path))?;
    Ok(Lock(file))
}

/// The password of the role: created before the cluster, kept beside it, never changed.
pub(super) fn password(home: &Path, fresh: bool) -> Result<SecretString, ClusterError> {
    let path = home.join("postgres-password");
    match fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().into()),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(at(&path)(error)),
        _ if !fresh => Err(ClusterError::Password(path)),
        _ => {
            let password = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
            write_private(&path, &password)?;
            Ok(password.into())
        }
    }
}

/// Writes a line to a file that only its owner can read.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), ClusterError> {
    files::write_private(path, &format!("{text}\n")).map_err(at(path))
}

/// Runs a command to its end. Dropping the future kills the command.
pub(super) async fn output(command: Command) -> Result<Output, ClusterError> {
    let program = PathBuf::from(command.get_program());
    tokio::process::Command::from(command).kill_on_drop(true).output().await.map_err(at(&program))
}
