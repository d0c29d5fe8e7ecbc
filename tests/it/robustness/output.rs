//! Standard output and standard error that can't be written: closed, full, or read by nobody.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secrecy::ExposeSecret as _;

use crate::support::app::KEY;
use crate::support::certificates::write;
use crate::support::postgres;
use crate::support::service::{data_dir, program};

/// The token of the metrics.
const TOKEN: &str = "metrics-token";

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

/// `serve` on an empty database of the test cluster, with everything logged.
async fn serve(dir: &Path) -> (Command, String) {
    let database = postgres::copy_of(postgres::migrated().await).await;
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut serve = program(dir);
    serve
        .arg("serve")
        .env("DATABASE_URL", postgres::url(&database).await.expose_secret())
        .env("TASKFORCE_JWT_KEY_FILE", write(dir, "key.pem", KEY.expose_secret()))
        .env("TASKFORCE_BIND", address.to_string())
        .env("TASKFORCE_METRICS_TOKEN", TOKEN)
        .env("TASKFORCE_RATE_LIMIT", "0")
        .env("RUST_LOG", "trace");
    (serve, format!("http://{address}"))
}

async fn until_ready(child: &mut Child, url: &str, case: &str) {
    let begun = Instant::now();
    loop {
        let answer = reqwest::get(format!("{url}/health/ready")).await;
        if answer.is_ok_and(|answer| answer.status() == 200) {
            return;
        }
        assert_eq!(child.try_wait().unwrap(), None, "{case}: the service ended");
        assert!(begun.elapsed() < Duration::from_secs(30), "{case}: the service does not come up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The counter of lost lines.
async fn lost_lines(url: &str) -> u64 {
    let request = reqwest::Client::new().get(format!("{url}/metrics")).bearer_auth(TOKEN);
    let metrics = request.send().await.unwrap().text().await.unwrap();
    let lost = metrics.lines().find_map(|line| line.strip_prefix("taskforce_log_lines_lost_total "));
    lost.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

#[tokio::test]
async fn a_log_that_can_not_be_written_loses_lines_and_no_requests() {
    let dir = data_dir();
    for case in ["the readers have ended", "the disk is full", "nobody reads"] {
        let (mut serve, url) = serve(dir.path()).await;
        let mut child = match case {
            "the disk is full" => serve.stdout(full()).stderr(full()).spawn().unwrap(),
            _ => serve.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(),
        };
        if case == "the readers have ended" {
            drop((child.stdout.take(), child.stderr.take()));
        }
        until_ready(&mut child, &url, case).await;
        let client = reqwest::Client::new();
        let begun = Instant::now();
        // A pipe and the queue of the log hold some lines before one is lost.
        while lost_lines(&url).await == 0 {
            for _ in 0..100 {
                let answer = client.get(format!("{url}/v1")).send().await;
                assert_eq!(answer.expect(case).status(), 200, "{case}");
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{case}: no line is lost");
        }
        kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{case}: the service does not stop");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(status.success(), "{case}: {status}");
    }
}

#[test]
fn a_reader_that_ends_early_has_read_enough() {
    let dir = data_dir();
    let mut openapi = program(dir.path());
    openapi.arg("openapi").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = openapi.spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("openapi: "), "{first}");
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn a_result_that_can_not_be_written_is_one_clear_line_and_exit_code_1() {
    let dir = data_dir();
    for command in ["openapi", "help"] {
        let ended = program(dir.path()).arg(command).stdout(full()).output().unwrap();
        let complaint = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{command}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{command}: {complaint}");
        assert!(complaint.contains("standard output"), "{command}: {complaint}");
    }
    // The exit code tells the same if standard error is full, too.
    let status = program(dir.path()).arg("openapi").stdout(full()).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    let status = program(dir.path()).arg("nonsense").stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[tokio::test]
async fn an_invitation_that_can_not_be_printed_is_no_success() {
    let dir = data_dir();
    let database = postgres::copy_of(postgres::migrated().await).await;
    for (number, output) in [full(), Stdio::piped()].into_iter().enumerate() {
        let mut create = program(dir.path());
        create
            .args(["create-admin", "--name", "A", "--email", &format!("a{number}@council.example")])
            .env("DATABASE_URL", postgres::url(&database).await.expose_secret())
            .stdout(output)
            .stderr(Stdio::piped());
        let mut child = create.spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        let complaint = String::from_utf8(ended.stderr).unwrap();
        assert_eq!((ended.status.code(), complaint.lines().count()), (Some(1), 1), "{complaint}");
        assert!(complaint.contains("another administrator"), "{complaint}");
    }
}
