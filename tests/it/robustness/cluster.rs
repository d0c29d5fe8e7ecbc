//! The private Postgres cluster, with real processes that are really killed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use std::{env, fs};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use secrecy::{ExposeSecret, SecretString};
use taskforce::db::cluster::{Cluster, ClusterError, Storage};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

#[tokio::test]
async fn a_restart_keeps_data_and_address_in_any_directory() {
    let (_guard, data_dir) = data_dir("it's \"here\", $HOME; 100% α");
    let cluster = start(&data_dir).await;
    let url = cluster.url().expose_secret().to_owned();
    let client = connect(cluster.url()).await.unwrap();
    client.batch_execute("CREATE TABLE kept AS SELECT 1; CREATE EXTENSION pg_trgm").await.unwrap();
    let row = client
        .query_one("SELECT show_trgm('مدينة')::text, 'ä' > 'z', current_setting('listen_addresses')", &[])
        .await
        .unwrap();
    assert_ne!(row.get::<_, String>(0), "{}", "trigrams know Arabic letters");
    assert!(row.get::<_, bool>(1), "text is ordered by bytes");
    assert_eq!(row.get::<_, String>(2), "", "no TCP");
    let pid = postmaster(&cluster);
    cluster.stop().await.unwrap();
    assert!(is_gone(pid));
    assert_private(&data_dir.join("database-url"), &url);

    let cluster = start(&data_dir).await;
    assert_eq!(cluster.url().expose_secret(), url);
    connect(cluster.url()).await.unwrap().batch_execute("SELECT * FROM kept").await.unwrap();
    connect(&cluster.url_of("postgres")).await.unwrap();
    let password = cluster.home().join("postgres-password");
    cluster.stop().await.unwrap();

    fs::remove_file(&password).unwrap();
    let refusal = Cluster::start(Storage::Durable(data_dir)).await.unwrap_err();
    assert!(matches!(&refusal, ClusterError::Password(path) if *path == password), "{refusal}");
}

#[tokio::test]
async fn a_row_that_is_refused_is_not_written_into_the_log() {
    let (_guard, data_dir) = data_dir("data");
    let cluster = start(&data_dir).await;
    let client = connect(cluster.url()).await.unwrap();
    let row = "CREATE TABLE kept (n int CHECK (n > 0), secret text UNIQUE, needed text NOT NULL DEFAULT '')";
    client.batch_execute(row).await.unwrap();
    client.batch_execute("INSERT INTO kept VALUES (1, 'salt and hash')").await.unwrap();
    let secret: &(dyn tokio_postgres::types::ToSql + Sync) = &"salt and hash";
    for refused in [
        "UPDATE kept SET n = 0 WHERE secret = $1",
        "UPDATE kept SET needed = NULL WHERE secret = $1",
        "INSERT INTO kept VALUES (1, $1)",
    ] {
        client.execute(refused, &[secret]).await.unwrap_err();
    }
    // The line that follows shows that the log has been written so far.
    client.batch_execute("DO $$ BEGIN RAISE LOG 'that was all'; END $$").await.unwrap();
    cluster.stop().await.unwrap();
    let log = fs::read_to_string(data_dir.join("postgres.log")).unwrap();
    assert!(log.contains("violates check constraint") && log.contains("that was all"), "{log}");
    assert!(log.contains("violates not-null") && log.contains("violates unique"), "{log}");
    assert!(!log.contains("salt and hash"), "{log}");
}

#[tokio::test]
async fn a_second_instance_is_refused_and_names_the_first() {
    // A path too long for a socket, too.
    let (_guard, data_dir) = data_dir(&"long/".repeat(25));
    let cluster = start(&data_dir).await;
    let refusal = Cluster::start(Storage::Durable(data_dir)).await.unwrap_err().to_string();
    assert!(refusal.contains(&format!("another taskforce (pid {})", std::process::id())), "{refusal}");
    connect(cluster.url()).await.unwrap();
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_postmaster_comes_back_by_itself() {
    let (_guard, data_dir) = data_dir("data");
    // The remains of a killed initdb must not be taken for a cluster.
    fs::create_dir_all(data_dir.join("initdb-unfinished/pgdata")).unwrap();
    fs::set_permissions(&data_dir, fs::Permissions::from_mode(0o711)).unwrap();
    let cluster = start(&data_dir).await;
    assert!(!data_dir.join("initdb-unfinished").exists());
    let client = connect(cluster.url()).await.unwrap();
    client.batch_execute("CREATE TABLE kept AS SELECT 1").await.unwrap();

    let before = postmaster(&cluster);
    kill(before, Signal::SIGKILL).unwrap();
    until("the kill has arrived", || is_gone(before)).await;
    let client = until_connected(cluster.url()).await;
    client.batch_execute("SELECT * FROM kept").await.unwrap();
    let after = postmaster(&cluster);
    assert_ne!(before, after);

    // A wanted stop is final.
    cluster.stop().await.unwrap();
    assert!(is_gone(after));
}

/// Plays two roles: as a child of itself, it is the service that is killed.
#[tokio::test]
async fn a_killed_service_takes_its_postmaster_along_and_starts_again() {
    const ROLE: &str = "TASKFORCE_TEST_SERVICE_TO_KILL";
    if let Some(data_dir) = env::var_os(ROLE) {
        let _cluster = start(Path::new(&data_dir)).await;
        fs::write(Path::new(&data_dir).join("started"), "").unwrap();
        return std::future::pending().await;
    }
    let (_guard, data_dir) = data_dir("data");
    let (_, module) = module_path!().split_once("::").unwrap();
    let mut service = Command::new(env::current_exe().unwrap())
        .kill_on_drop(true)
        .args(["--exact", &format!("{module}::a_killed_service_takes_its_postmaster_along_and_starts_again")])
        .env(ROLE, &data_dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the service is up", || data_dir.join("started").exists()).await;
    let url: SecretString = fs::read_to_string(data_dir.join("database-url")).unwrap().trim().into();
    let client = connect(&url).await.unwrap();
    client.batch_execute("CREATE TABLE kept AS SELECT 1").await.unwrap();
    let before = postmaster_in(&data_dir);

    service.kill().await.unwrap();
    let cluster = start(&data_dir).await;
    assert_ne!(postmaster(&cluster), before);
    until("the old postmaster is gone", || is_gone(before)).await;
    connect(cluster.url()).await.unwrap().batch_execute("SELECT * FROM kept").await.unwrap();
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_process_that_has_inherited_the_postmasters_number_is_left_alone() {
    let (_guard, data_dir) = data_dir("data");
    start(&data_dir).await.stop().await.unwrap();
    let mut other = Command::new("sleep").arg("600").kill_on_drop(true).spawn().unwrap();
    let file = data_dir.join("pgdata/postmaster.pid");
    fs::write(&file, format!("{}\n", other.id().unwrap())).unwrap();
    start(&data_dir).await.stop().await.unwrap();
    assert!(other.try_wait().unwrap().is_none(), "the other process lives");
    other.kill().await.unwrap();
}

#[tokio::test]
async fn a_throw_away_cluster_outlives_its_runtime_and_leaves_nothing() {
    // As in a `static` that many tests share, each with a runtime of its own.
    let start = || Runtime::new().unwrap().block_on(Cluster::start(Storage::Throwaway));
    let cluster = std::thread::spawn(start).join().unwrap().unwrap();
    let client = connect(cluster.url()).await.unwrap();
    let row = client.query_one("SELECT current_setting('fsync')", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "off");
    let (data_dir, pid) = (cluster.data_dir().to_owned(), postmaster(&cluster));
    drop(cluster);
    until("process and directory are gone", || is_gone(pid) && !data_dir.exists()).await;

    let cluster = Cluster::start(Storage::Throwaway).await.unwrap();
    let (data_dir, pid) = (cluster.data_dir().to_owned(), postmaster(&cluster));
    cluster.stop().await.unwrap();
    assert!(is_gone(pid) && !data_dir.exists());
}

/// Only root can meet this: an ordinary user's Postgres runs as that user.
#[tokio::test]
async fn a_data_directory_that_postgres_cannot_enter_is_no_obstacle() {
    if !geteuid().is_root() {
        return;
    }
    let closed = tempfile::tempdir().unwrap();
    fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let cluster = start(&closed.path().join("data")).await;
    let home = RemovedAtLast(cluster.home().to_owned());
    assert!(home.0.starts_with("/var/lib/taskforce"));
    connect(cluster.url()).await.unwrap().batch_execute("CREATE TABLE kept AS SELECT 1").await.unwrap();
    cluster.stop().await.unwrap();

    let cluster = start(&closed.path().join("data")).await;
    connect(cluster.url()).await.unwrap().batch_execute("SELECT * FROM kept").await.unwrap();
    cluster.stop().await.unwrap();
}

struct RemovedAtLast(PathBuf);

impl Drop for RemovedAtLast {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
        // The parent directory, too, if it is empty.
        fs::remove_dir(Path::new("/var/lib/taskforce")).ok();
    }
}

/// A directory that goes with its guard. The user that root's Postgres runs as may pass through it.
fn data_dir(name: &str) -> (TempDir, PathBuf) {
    let guard = tempfile::tempdir().unwrap();
    fs::set_permissions(guard.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let data_dir = guard.path().canonicalize().unwrap().join(name);
    (guard, data_dir)
}

async fn start(data_dir: &Path) -> Cluster {
    Cluster::start(Storage::Durable(data_dir.to_owned())).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn connect(url: &SecretString) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url.expose_secret(), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn until_connected(url: &SecretString) -> Client {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        match connect(url).await {
            Ok(client) => return client,
            Err(error) => assert!(Instant::now() < end, "still {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn postmaster(cluster: &Cluster) -> Pid {
    postmaster_in(cluster.home())
}

fn postmaster_in(home: &Path) -> Pid {
    let file = fs::read_to_string(home.join("pgdata/postmaster.pid")).unwrap();
    Pid::from_raw(file.lines().next().unwrap().parse().unwrap())
}

fn is_gone(pid: Pid) -> bool {
    kill(pid, None) == Err(Errno::ESRCH)
}

fn assert_private(path: &Path, content: &str) {
    assert_eq!(fs::read_to_string(path).unwrap().trim(), content);
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}
