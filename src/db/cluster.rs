//! The private Postgres cluster: for `serve` and `demo` without `DATABASE_URL`, and for the integration tests.
//!
//! The command line starts a cluster before the pool and stops it after. A cluster guarantees that
//!
//! - one directory never has two postmasters, and an interrupted start neither loses nor hides data;
//! - no postmaster outlives its owner, however the owner ends (`supervisor`);
//! - other users of the machine have no access: no TCP, a private socket directory, a random password (`account`);
//! - only a Postgres of this very directory ever receives a signal.
//!
//! The data directory contains `lock`, `database-url` and `postgres.log`. The *home* of the cluster, which is the same
//! directory with one exception ([`Cluster::home`]), contains `postgres-password`, `pgdata/` and `socket/`.
//!
//! No library serves: Postgres refuses to run as root, so that a cluster that root starts has to run as another user, and
//! it keeps data. `postgresql_embedded` downloads the server from GitHub and can't change the user; `pgtemp` shells out
//! to `sudo`, panics on errors and switches `fsync` off.
//!
//! Calls of the file system block here: they are few and small, and happen once.

mod account;
mod server;
mod supervisor;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use account::{Account, Lock};
use supervisor::Supervisor;

/// The name of the role and of the database.
const NAME: &str = "taskforce";
/// The time that a start may take, crash recovery included.
const START_LIMIT: Duration = Duration::from_secs(60);
/// The capacity of `sockaddr_un` on macOS, the smallest of the supported systems: 104 with the closing NUL.
const SOCKET_PATH_LIMIT: usize = 103;

/// Settings of every cluster; for the rest Postgres's defaults are good.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "cluster_name=taskforce",
    "shared_buffers=128MB",
    "timezone=UTC",
    "log_timezone=UTC",
    "lc_messages=C",
    // By default, an error with a row, such as a violated check, writes the whole row into the log.
    "log_error_verbosity=terse",
    "jit=off",
];
const DURABLE: &[&str] = &["max_connections=100", "wal_level=replica"];
const THROWAWAY: &[&str] = &[
    "max_connections=200",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=8GB",
    "checkpoint_timeout=1h",
];

/// The cluster can't run. Each message is one line that tells the operator what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No installed server can be run.
    #[error(
        "no PostgreSQL server of version {} or later found ({seen}): install one (Debian, Ubuntu: apt-get install \
         postgresql; macOS: brew install postgresql@17), name its bin directory in TASKFORCE_PG_BIN_DIR, or set \
         DATABASE_URL",
        server::MIN_MAJOR_VERSION
    )]
    NoServer { seen: String },
    /// A server is installed, but not of the major version that wrote the data.
    #[error(
        "the data in {} need PostgreSQL {wanted} ({seen}): install that version, or name its bin directory in \
         TASKFORCE_PG_BIN_DIR",
        .pgdata.display()
    )]
    OtherVersion { pgdata: PathBuf, wanted: u32, seen: String },
    /// Another instance holds the lock of the data directory.
    #[error("{} is in use by another taskforce (pid {pid}): stop that one, or set TASKFORCE_DATA_DIR", .data_dir.display())]
    InUse { data_dir: PathBuf, pid: String },
    /// The process is root, and there is no user to step down to.
    #[error(
        "PostgreSQL does not run as root and there is no user postgres: create that user, start taskforce as an \
         ordinary user, or set DATABASE_URL"
    )]
    NoAccount,
    /// The directory belongs to another user.
    #[error("{} belongs to another user: start taskforce as that user, or set TASKFORCE_DATA_DIR", .0.display())]
    Foreign(PathBuf),
    /// The file of the password is missing, or does not fit the cluster.
    #[error("{} is missing or wrong: restore it, or remove it and pgdata beside it to begin anew, without the data", .0.display())]
    Password(PathBuf),
    /// `initdb` failed.
    #[error("initdb failed; mend the cause and start again: {0}")]
    InitDb(String),
    /// The server ended, or did not answer in time.
    #[error("PostgreSQL did not start; mend the cause and start again; the end of {}: {tail}", .log.display())]
    DidNotStart { log: PathBuf, tail: String },
    /// A shutdown did not finish in time.
    #[error(
        "PostgreSQL (process {0}) does not stop: see postgres.log in the data directory, then stop it by hand"
    )]
    DidNotStop(u32),
    /// A call of the file system or of a program failed.
    #[error("{}: {source}; mend that, or set TASKFORCE_DATA_DIR to a place where taskforce may keep its files", .path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// The durability of a cluster: what a crash may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// A crash loses nothing that was committed. The data are kept under this directory, which is created if missing.
    Durable(PathBuf),
    /// A crash loses everything, since nothing is ever flushed. The data are kept in a new temporary directory, which
    /// is removed when the cluster stops. The caller can't choose the directory, since it might contain something
    /// else.
    Throwaway,
}

/// A running cluster. Dropping it stops Postgres too, but does not wait for that: see [`Cluster::stop`].
#[derive(Debug)]
pub struct Cluster {
    paths: ClusterPaths,
    url: SecretString,
    supervisor: Supervisor,
    /// Declared last and so dropped last: no other instance may start before Postgres has stopped.
    _lock: Lock,
}

impl Cluster {
    /// Starts the cluster, after creating it if there is none, and waits until it accepts connections.
    pub async fn start(storage: Storage) -> Result<Self, ClusterError> {
        match storage {
            Storage::Durable(wanted) => {
                let data_dir = account::data_dir(&wanted)?;
                let account = Account::of(Some(&data_dir))?;
                Self::start_in(data_dir, &account, false).await
            }
            Storage::Throwaway => {
                let account = Account::of(None)?;
                let data_dir = account.temporary_dir().await?;
                let started = Self::start_in(data_dir.clone(), &account, true).await;
                if started.is_err() {
                    fs::remove_dir_all(&data_dir).ok();
                }
                started
            }
        }
    }

    async fn start_in(data_dir: PathBuf, account: &Account, throwaway: bool) -> Result<Self, ClusterError> {
        let began = Instant::now();
        let lock = account::lock(&data_dir)?;
        let home = if throwaway { data_dir.clone() } else { account.home(&data_dir).await? };
        let pgdata = home.join("pgdata");
        let fresh = !pgdata.try_exists().map_err(at(&pgdata))?;
        if !fresh && fs::metadata(&pgdata).map_err(at(&pgdata))?.uid() != account.uid {
            return Err(ClusterError::Foreign(pgdata));
        }
        server::sweep(&home)?;
        let programs = server::find(&pgdata).await?;
        let password = account::password(&home, fresh)?;
        if fresh {
            server::init(&programs, account, &home, &password, throwaway).await?;
        }
        let socket = account.private_dir(&socket_dir(&home))?;
        let paths = ClusterPaths { data_dir, home, socket, password };
        let url = paths.url(NAME);
        account::write_private(&paths.data_dir.join("database-url"), url.expose_secret())?;

        let mut postmaster = vec![programs.join("postgres").into(), "-D".into(), pgdata.into()];
        let settings = SETTINGS.iter().chain(if throwaway { THROWAWAY } else { DURABLE }).map(OsString::from);
        for setting in settings.chain([socket_setting(&paths.socket)]) {
            postmaster.extend(["-c".into(), setting]);
        }
        let remove = throwaway.then_some(paths.data_dir.as_path());
        let supervisor = paths.boot(account, remove, &postmaster).await?;
        tracing::info!(home = %paths.home.display(), took = ?began.elapsed(), "the private Postgres cluster is up");
        Ok(Self { paths, url, supervisor, _lock: lock })
    }

    /// The connection URL of the database `taskforce`.
    pub fn url(&self) -> &SecretString {
        &self.url
    }

    /// The connection URL of another database of this cluster.
    pub fn url_of(&self, database: &str) -> SecretString {
        self.paths.url(database)
    }

    /// The directory that contains `database-url` and `postgres.log`.
    pub fn data_dir(&self) -> &Path {
        &self.paths.data_dir
    }

    /// The directory that contains the data: the data directory; or a directory under `/var/lib/taskforce`, if the
    /// process is root and the user that Postgres runs as can't enter the data directory.
    pub fn home(&self) -> &Path {
        &self.paths.home
    }

    /// Ends all sessions, stops Postgres and waits until it has stopped.
    pub async fn stop(self) -> Result<(), ClusterError> {
        self.supervisor.stop().await?;
        // A postmaster is left only if the supervisor was killed.
        supervisor::end_leftover(&self.paths.home.join("pgdata")).await?;
        if !self.paths.socket.starts_with(&self.paths.home) {
            // Best effort: an empty directory under `/tmp` does no harm, and the next start uses it again.
            fs::remove_dir(&self.paths.socket).ok();
        }
        Ok(())
    }
}

/// The directories of a cluster, and its password.
#[derive(Debug)]
struct ClusterPaths {
    data_dir: PathBuf,
    home: PathBuf,
    socket: PathBuf,
    password: SecretString,
}

impl ClusterPaths {
    fn url(&self, database: &str) -> SecretString {
        let [socket, database] = [self.socket.as_os_str().as_bytes(), database.as_bytes()].map(percent);
        let password = self.password.expose_secret();
        format!("postgresql://{NAME}:{password}@{socket}/{database}").into()
    }

    /// Starts the supervisor and waits until the database answers.
    ///
    /// Postgres refuses to start while backends of a killed postmaster still hold its shared memory, and while the
    /// supervisor of a killed owner is in the middle of a restart. In both cases the start is tried again.
    async fn boot(
        &self,
        account: &Account,
        remove: Option<&Path>,
        postmaster: &[OsString],
    ) -> Result<Supervisor, ClusterError> {
        let end = Instant::now() + START_LIMIT;
        let log = self.data_dir.join("postgres.log");
        loop {
            supervisor::end_leftover(&self.home.join("pgdata")).await?;
            let from = fs::metadata(&log).map_or(0, |log| log.len());
            let mut supervisor = Supervisor::start(account, &log, remove, postmaster)?;
            let mut pause = Duration::from_millis(20);
            while !supervisor.ended()? && Instant::now() < end {
                if self.answers().await? {
                    supervisor.keep_up()?;
                    return Ok(supervisor);
                }
                sleep(pause).await;
                pause = (pause * 3 / 2).min(Duration::from_millis(250));
            }
            let text = fs::read(&log).unwrap_or_default();
            let tail = last_lines(text.get(usize::try_from(from).unwrap_or(0)..).unwrap_or_default());
            let held = tail.contains("pre-existing shared memory") || tail.contains("\"postmaster.pid\"");
            if !held || Instant::now() > end {
                return Err(ClusterError::DidNotStart { log, tail });
            }
            sleep(Duration::from_millis(250)).await;
        }
    }

    /// Returns whether the database accepts connections. Creates the database if only the server does.
    async fn answers(&self) -> Result<bool, ClusterError> {
        let Err(refusal) = connect(&self.url(NAME), None).await else {
            return Ok(true);
        };
        let code = refusal.as_ref().and_then(tokio_postgres::Error::code);
        if code == Some(&SqlState::INVALID_CATALOG_NAME) {
            let create = format!("CREATE DATABASE {NAME}");
            return Ok(connect(&self.url("postgres"), Some(&create)).await.is_ok());
        }
        if code == Some(&SqlState::INVALID_PASSWORD) {
            return Err(ClusterError::Password(self.home.join("postgres-password")));
        }
        Ok(false)
    }
}

/// Connects, runs a statement if one is given, and disconnects. An error of `None` stands for no answer in time.
async fn connect(url: &SecretString, statement: Option<&str>) -> Result<(), Option<tokio_postgres::Error>> {
    let session = async {
        let (client, connection) = tokio_postgres::connect(url.expose_secret(), NoTls).await?;
        let connection = tokio::spawn(connection);
        if let Some(statement) = statement {
            client.batch_execute(statement).await?;
        }
        drop(client);
        // Waits until the connection is closed: the next caller may need the database without connections, as a
        // template.
        connection.await.ok();
        Ok(())
    };
    timeout(Duration::from_secs(10), session).await.map_err(|_late| None)?.map_err(Some)
}

/// The directory of the socket: beside the data, or under `/tmp` if that path is too long for a socket.
fn socket_dir(home: &Path) -> PathBuf {
    let beside = home.join("socket");
    if beside.join(".s.PGSQL.5432").as_os_str().len() <= SOCKET_PATH_LIMIT {
        return beside;
    }
    Path::new("/tmp").join(format!("taskforce-{}", stable_name(home)))
}

/// Postgres reads the value as a list, in which quotes keep a comma from being a separator.
fn socket_setting(dir: &Path) -> OsString {
    let quoted =
        dir.as_os_str().as_bytes().split(|byte| *byte == b'"').collect::<Vec<_>>().join(&b"\"\""[..]);
    OsString::from_vec([&b"unix_socket_directories=\""[..], &quoted, b"\""].concat())
}

/// FNV-1a of the path. The hasher of `std` may change with the next version.
fn stable_name(path: &Path) -> String {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", path.as_os_str().as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, step))
}

fn percent(bytes: &[u8]) -> String {
    let escape = |byte: &u8| match byte {
        b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(*byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    bytes.iter().map(escape).collect()
}

/// The end of a log, on one line.
fn last_lines(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut lines: Vec<&str> =
        text.lines().rev().map(str::trim).filter(|line| !line.is_empty()).take(5).collect();
    lines.reverse();
    lines.join(" | ")
}

/// Adds the path to an [`io::Error`].
fn at(path: &Path) -> impl FnOnce(io::Error) -> ClusterError {
    move |source| ClusterError::Io { path: path.to_path_buf(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_survives_any_directory() {
        let socket = PathBuf::from("/srv/a b,c@d:e/50%/é?#");
        let paths =
            ClusterPaths { data_dir: "/".into(), home: "/".into(), socket, password: "secret".into() };
        let url = paths.url("task/force");
        let expected =
            "postgresql://taskforce:secret@%2Fsrv%2Fa%20b%2Cc%40d%3Ae%2F50%25%2F%C3%A9%3F%23/task%2Fforce";
        assert_eq!(url.expose_secret(), expected);
        let read: tokio_postgres::Config = url.expose_secret().parse().unwrap();
        assert_eq!(read.get_hosts(), [tokio_postgres::config::Host::Unix(paths.socket)]);
        assert_eq!(read.get_dbname(), Some("task/force"));
    }

    #[test]
    fn a_comma_or_a_quote_does_not_split_the_socket_directory() {
        assert_eq!(socket_setting(Path::new("/a,\"b")), "unix_socket_directories=\"/a,\"\"b\"");
    }

    #[test]
    fn a_socket_that_would_not_fit_moves_to_a_stable_place() {
        assert_eq!(socket_dir(Path::new("/srv/taskforce")), Path::new("/srv/taskforce/socket"));
        let long = format!("/srv/{}", "x".repeat(100));
        assert_eq!(socket_dir(Path::new(&long)), Path::new("/tmp/taskforce-0d81b03a0fa9f64c"));
    }

    #[test]
    fn a_log_becomes_one_line() {
        assert_eq!(last_lines(b"1\n2\n\n3\n 4\n5\n6\n"), "2 | 3 | 4 | 5 | 6");
        assert_eq!(last_lines(b""), "");
    }
}
