//! The program as a process of its own.

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

use super::app::PASSWORD;

const PROGRAM: &str = env!("CARGO_BIN_EXE_taskforce");

/// A directory that Postgres can reach when we are root and it is not.
pub(crate) fn data_dir() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).unwrap();
    dir
}

/// The program, with the settings of a test and none of ours.
pub(crate) fn program(data_dir: &Path) -> Command {
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
pub(crate) struct Service {
    child: Child,
    /// The URL of the service.
    pub(crate) url: String,
}

impl Service {
    /// With the demo's data, on a Postgres of its own.
    pub(crate) fn demo(data_dir: &Path) -> Self {
        Self::start(program(data_dir).arg("demo"))
    }

    /// As a command says; ready when this returns.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| {
            let line = line.unwrap();
            line.strip_prefix("Taskforce is ready at ").map(|rest| rest.split(' ').next().unwrap().to_owned())
        });
        // The rest of what it says is nobody's business here, but somebody has to listen.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: ready.expect("the service did not come up") }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits for the end of the service.
    pub(crate) fn wait(mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < Duration::from_secs(40), "the service does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// An access token; `None` where the service does not answer.
    pub(crate) async fn sign_in(&self, email: &str) -> Option<String> {
        let credentials = json!({ "email": email, "password": PASSWORD });
        let login = format!("{}/v1/auth/login", self.url);
        let answer = reqwest::Client::new().post(login).json(&credentials).send().await.ok()?;
        let tokens: Value = answer.json().await.ok()?;
        Some(tokens["accessToken"].as_str()?.to_owned())
    }

    /// Status and body; `None` where the service does not answer.
    pub(crate) async fn get(&self, token: &str, path: &str) -> Option<(u16, Value)> {
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
