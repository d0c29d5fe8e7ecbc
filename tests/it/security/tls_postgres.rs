//! TLS to Postgres. The server of these tests takes only TLS connections; server and certificates are made here.

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel_async::RunQueryDsl as _;
use nix::unistd::{User, geteuid};
use taskforce::db::pool::{PoolError, connect};
use taskforce::db::schema_migrations;
use tempfile::TempDir;

use crate::support::certificates::{Authority, write};
use crate::support::postgres::RUNTIME;

const PASSWORD: &str = "a password of the database";
/// The name in the server's certificate.
const HOST: &str = "localhost";

/// A cluster on a port of loopback. It ends with its standard input, so with us.
struct Server {
    child: Child,
    port: u16,
    dir: TempDir,
}

/// A command that runs as whom Postgres may run as.
fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").current_dir("/");
    if let Some(user) = postgres() {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

fn postgres() -> Option<User> {
    geteuid().is_root().then(|| User::from_name("postgres").unwrap().expect("a user postgres"))
}

/// The directory of the programs: as configured, or of the newest version that is installed.
fn programs() -> PathBuf {
    if let Some(dir) = std::env::var_os("TASKFORCE_PG_BIN_DIR") {
        return dir.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut installed: Vec<_> = installed.map(|version| version.path().join("bin")).collect();
    installed.sort();
    let mut places = installed.into_iter().rev().chain(std::env::split_paths(&path));
    places.find(|dir| dir.join("initdb").is_file()).expect("PostgreSQL is installed")
}

impl Server {
    fn start(authority: &Authority) -> Self {
        let dir = tempfile::Builder::new().prefix("taskforce-tls-").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let home = dir.path().join("home");
        std::fs::create_dir(&home).unwrap();
        let own = |path: &Path, mode: u32| {
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
            if let Some(user) = postgres() {
                chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
            }
        };
        own(&home, 0o700);
        let password = write(&home, "password", PASSWORD);
        own(&password, 0o600);
        let data = home.join("data");
        let mut initdb = as_postgres(&programs().join("initdb"));
        initdb.arg("-D").arg(&data).arg("--pwfile").arg(&password);
        initdb.args([
            "-U",
            "taskforce",
            "--auth=scram-sha-256",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        ]);
        let made = initdb.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

        let certificate = authority.certify(HOST);
        own(&write(&data, "server.crt", &certificate.pem), 0o600);
        own(&write(&data, "server.key", &certificate.key), 0o600);
        own(&write(&data, "pg_hba.conf", "hostssl all all 127.0.0.1/32 scram-sha-256\n"), 0o600);
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut shell = as_postgres(Path::new("/bin/sh"));
        shell.args(["-c", "\"$@\" 2>/dev/null & server=$!; read _; kill -INT $server; wait $server", "sh"]);
        shell.arg(programs().join("postgres")).arg("-D").arg(&data);
        for setting in ["ssl=on", "fsync=off", "listen_addresses=127.0.0.1", "unix_socket_directories="] {
            shell.args(["-c", setting]);
        }
        shell.args(["-c", &format!("port={port}")]).stdin(Stdio::piped());
        Self { child: shell.spawn().unwrap(), port, dir }
    }

    /// The address of a host that is this server, with what is said of TLS.
    fn url(&self, host: &str, query: &str) -> String {
        let password = PASSWORD.replace(' ', "%20");
        format!("postgresql://taskforce:{password}@{host}:{}/postgres?hostaddr=127.0.0.1{query}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut input) = self.child.stdin.take() {
            input.write_all(b"\n").ok();
        }
        self.child.wait().ok();
    }
}

/// The protocol of a connection by this address; or why there is none.
async fn encrypted(url: &str) -> Result<bool, String> {
    #[derive(diesel::QueryableByName)]
    struct Connection {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        ssl: bool,
    }
    let pool = connect(&url.into(), 1).map_err(|error| error.to_string())?;
    let mut conn = pool.get().await.map_err(|error| error.to_string())?;
    let query = diesel::sql_query("select ssl from pg_stat_ssl where pid = pg_backend_pid()");
    let found: Connection = query.get_result(&mut *conn).await.map_err(|error| error.to_string())?;
    Ok(found.ssl)
}

#[tokio::test]
async fn the_server_is_trusted_as_far_as_sslmode_says() {
    let (authority, stranger) = (Authority::new("city"), Authority::new("elsewhere"));
    let server = Server::start(&authority);
    let root = write(server.dir.path(), "root.pem", &authority.pem);
    let other = write(server.dir.path(), "other.pem", &stranger.pem);
    let both = write(server.dir.path(), "both.pem", &format!("{}{}", stranger.pem, authority.pem));
    let [root, other, both] = [root, other, both].map(|file| format!("&sslrootcert={}", file.display()));
    let begun = Instant::now();
    while let Err(error) = encrypted(&server.url(HOST, "&sslmode=require")).await {
        assert!(begun.elapsed() < Duration::from_secs(30), "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The certificate names the host, not its address.
    for (host, mode, roots, accepted) in [
        (HOST, "", "", true),
        (HOST, "disable", "", false),
        (HOST, "prefer", "", true),
        (HOST, "require", "", true),
        ("127.0.0.1", "require", "", true),
        (HOST, "verify-ca", &root, true),
        ("127.0.0.1", "verify-ca", &root, true),
        ("db.elsewhere.example", "verify-ca", &root, true),
        (HOST, "verify-ca", &other, false),
        (HOST, "verify-full", &root, true),
        (HOST, "verify-full", &both, true),
        ("127.0.0.1", "verify-full", &root, false),
        ("db.elsewhere.example", "verify-full", &root, false),
        (HOST, "verify-full", &other, false),
        // The roots of the system have not signed the certificate of the server.
        (HOST, "verify-full", "", false),
        (HOST, "verify-full", "&sslrootcert=system", false),
        // As in libpq, a named root is verified.
        (HOST, "require", &root, true),
        (HOST, "require", &other, false),
    ] {
        let mode = if mode.is_empty() { String::new() } else { format!("&sslmode={mode}") };
        let found = encrypted(&server.url(host, &format!("{mode}{roots}"))).await;
        match found {
            Ok(encrypted) => assert!(accepted && encrypted, "{host}{mode}{roots}"),
            Err(error) => {
                assert!(!accepted, "{host}{mode}{roots}: {error}");
                assert!(!error.contains("a password"), "{error}");
            }
        }
    }
    // By its address alone, and for those who migrate.
    let by_address = format!(
        "postgresql://taskforce:{}@/postgres?hostaddr=127.0.0.1&port={}&sslmode=verify-ca{root}",
        PASSWORD.replace(' ', "%20"),
        server.port,
    );
    assert_eq!(encrypted(&by_address).await, Ok(true));
    let url = server.url(HOST, &format!("&sslmode=verify-full{root}"));
    let pool = connect(&url.as_str().into(), 1).unwrap();
    let run = RUNTIME.spawn(async move { schema_migrations::run(&pool).await });
    assert!(!run.await.unwrap().unwrap().is_empty());
}

#[tokio::test]
async fn an_invalid_database_url_is_refused_before_connecting() {
    for pairs in ["host=db.example password=secret", "host=db.example sslmode=disable", ""] {
        let refused: Result<_, PoolError> = connect(&pairs.into(), 1);
        let said = refused.err().unwrap().to_string();
        assert!(said.contains("has to begin with postgresql://") && !said.contains("secret"), "{said}");
    }
    for (query, says) in [
        ("?sslmode=sometimes", "sslmode is one of"),
        ("?sslmode=verify-ca&sslrootcert=/nowhere/root.pem", "/nowhere/root.pem (sslrootcert)"),
        ("?sslmode=verify-full&sslrootcert=/dev/null", "no certificate"),
        ("?sslmode=verify-ca&sslrootcert=system", "verify-full only"),
    ] {
        let url = format!("postgresql://somebody:secret@db.example/d{query}");
        let refused: Result<_, PoolError> = connect(&url.into(), 1);
        let said = refused.err().unwrap().to_string();
        assert!(said.contains(says) && said.lines().count() == 1, "{said}");
        assert!(!said.contains("secret") && !said.contains("db.example"), "{said}");
    }
}
