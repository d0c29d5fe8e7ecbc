//! The program as a process: settings, signals, and what a `kill -9` leaves.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_taskforce");
const PASSWORD: &str = "a password for the demo";

/// A directory that Postgres can reach when we are root and it is not.
fn data_dir() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).unwrap();
    dir
}

fn program(data_dir: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TASKFORCE_DATA_DIR", data_dir)
        .env("TASKFORCE_BIND", "127.0.0.1:0")
        .env("TASKFORCE_DEMO_PASSWORD", PASSWORD)
        .env("RUST_LOG", "warn");
    if let Some(dir) = std::env::var_os("TASKFORCE_PG_BIN_DIR") {
        command.env("TASKFORCE_PG_BIN_DIR", dir);
    }
    command
}

/// A running service; killed if the test ends without stopping it.
struct Service {
    child: Child,
    url: String,
}

impl Service {
    fn start(data_dir: &Path) -> Self {
        let mut child = program(data_dir).arg("demo").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| {
            let line = line.unwrap();
            line.strip_prefix("Taskforce is ready at ").map(|rest| rest.split(' ').next().unwrap().to_owned())
        });
        // The rest of what it says is nobody's business here, but somebody has to listen.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: ready.expect("the service did not come up") }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    fn wait(mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < Duration::from_secs(40), "the service does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    async fn sign_in(&self) -> Option<String> {
        let credentials = json!({ "email": "chair@demo.example", "password": PASSWORD });
        let login = format!("{}/v1/auth/login", self.url);
        let answer = reqwest::Client::new().post(login).json(&credentials).send().await.ok()?;
        let tokens: Value = answer.json().await.ok()?;
        Some(tokens["accessToken"].as_str()?.to_owned())
    }

    async fn get(&self, token: &str, path: &str) -> Option<(u16, Value)> {
        let address = format!("{}{path}", self.url);
        let answer = reqwest::Client::new().get(address).bearer_auth(token).send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.ok()?))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The process id of the postmaster that runs on this data directory.
fn postmaster(data_dir: &Path) -> i32 {
    let file = std::fs::read_to_string(data_dir.join("pgdata/postmaster.pid")).unwrap();
    file.lines().next().unwrap().trim().parse().unwrap()
}

fn is_alive(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None).is_ok()
}

#[tokio::test]
async fn a_wrong_setting_is_one_clear_line_and_exit_code_2() {
    let dir = data_dir();
    let nowhere = "postgresql://nobody:x@127.0.0.1:1/nothing";
    for (name, value, says) in [
        ("TASKFORCE_BIND", "nonsense", "--bind"),
        ("TASKFORCE_BIND", "192.0.2.1:80", "TASKFORCE_BIND"),
        ("TASKFORCE_CORS_ORIGINS", "app.example", "--cors-origins"),
        ("TASKFORCE_LOG", "loud", "--log"),
        ("TASKFORCE_POOL_SIZE", "0", "--pool-size"),
        ("TASKFORCE_JWT_KEY_FILE", "/nowhere/key.pem", "TASKFORCE_JWT_KEY_FILE"),
        ("DATABASE_URL", nowhere, "TASKFORCE_JWT_KEY_FILE"),
        ("DATABASE_URL", "mysql://somewhere", "DATABASE_URL"),
        ("DATABASE_URL_FILE", "/nowhere/url", "DATABASE_URL_FILE"),
        ("TASKFORCE_DATA_DIR", "/proc/nowhere", "TASKFORCE_DATA_DIR"),
    ] {
        let ended = program(dir.path()).arg("serve").env(name, value).output().unwrap();
        let complaint = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{name}={value}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{name}={value}: {complaint}");
        assert!(complaint.contains(says), "{name}={value}: {complaint}");
        assert!(!complaint.contains("nobody:x"), "a password is told: {complaint}");
    }
}

#[tokio::test]
async fn a_stop_signal_lets_requests_finish_and_takes_postgres_along() {
    let dir = data_dir();
    let service = Service::start(dir.path());
    let token = service.sign_in().await.unwrap();
    let postgres = postmaster(dir.path());

    let second = program(dir.path()).arg("serve").output().unwrap();
    assert_eq!(second.status.code(), Some(2), "a second instance came in");
    assert!(String::from_utf8_lossy(&second.stderr).contains("is in use"));

    // A password takes long enough to hash that the signal comes in between.
    let under_way = service.sign_in();
    let signalled = async {
        tokio::time::sleep(Duration::from_millis(15)).await;
        service.signal(Signal::SIGTERM);
    };
    let (answered, ()) = tokio::join!(under_way, signalled);
    assert!(answered.is_some(), "a request under way was not answered");
    assert!(service.get(&token, "/v1/me").await.is_none(), "a stopping service takes new requests");
    assert!(service.wait().success());
    assert!(!is_alive(postgres), "Postgres outlived the service");
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_of_the_service_and_of_postgres() {
    let dir = data_dir();
    let service = Service::start(dir.path());
    let token = service.sign_in().await.unwrap();
    let (_, me) = service.get(&token, "/v1/me").await.unwrap();
    let task_force = me["memberships"][0]["taskForceId"].as_str().unwrap();
    let activities = format!("/v1/task-forces/{task_force}/activities");
    let created = reqwest::Client::new()
        .post(format!("{}{activities}", service.url))
        .bearer_auth(&token)
        .json(&json!({ "title": { "en": "Survive" }, "step": "pilots" }))
        .send()
        .await
        .unwrap();
    assert_eq!(created.status(), 201);
    let created: Value = created.json().await.unwrap();
    let address = format!("{activities}/{}", created["id"].as_str().unwrap());

    service.signal(Signal::SIGKILL);
    service.wait();

    let service = Service::start(dir.path());
    let token = service.sign_in().await.expect("the accounts are still there");
    assert_eq!(service.get(&token, &address).await.unwrap().0, 200);

    kill(Pid::from_raw(postmaster(dir.path())), Signal::SIGKILL).unwrap();
    let begun = Instant::now();
    loop {
        let (status, body) = service.get(&token, &address).await.expect("the service itself stays up");
        if status == 200 {
            break;
        }
        assert_eq!((status, &body["code"]), (503, &json!("unavailable")), "{body}");
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not recover");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    service.signal(Signal::SIGINT);
    assert!(service.wait().success());
}
