//! The program as a process: settings, signals, and what a `kill -9` leaves.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::app::{KEY, PASSWORD};
use crate::support::certificates::{Authority, write};
use crate::support::service::{Service, data_dir, program};
use crate::support::{TestApp, postgres};

/// The chair of the demo's task force at work.
const CHAIR: &str = "chair@demo.example";

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
        ("TASKFORCE_OIDC_ISSUER", "https://login.example", "--oidc-audience"),
        ("TASKFORCE_OIDC_AUDIENCE", "taskforce", "--oidc-issuer"),
        ("TASKFORCE_OIDC_DEFAULT_ROLE", "administrator", "--oidc-default-role"),
        ("TASKFORCE_OIDC_DEFAULT_ROLE", "secretariat", "--oidc-default-role"),
        ("DATABASE_URL", nowhere, "TASKFORCE_JWT_KEY_FILE"),
        ("DATABASE_URL", "mysql://somewhere", "DATABASE_URL"),
        ("DATABASE_URL_FILE", "/nowhere/url", "DATABASE_URL_FILE"),
        (
            "DATABASE_URL",
            "postgresql://nobody:x@127.0.0.1:1/d?sslmode=sometimes",
            "DATABASE_URL: sslmode is one of",
        ),
        (
            "DATABASE_URL",
            "postgresql://nobody:x@127.0.0.1:1/d?sslmode=verify-full&sslrootcert=/nowhere/root.pem",
            "/nowhere/root.pem (sslrootcert)",
        ),
        ("TASKFORCE_TLS_CERT_FILE", "/nowhere/cert.pem", "--tls-key-file"),
        ("TASKFORCE_TLS_KEY_FILE", "/nowhere/key.pem", "--tls-cert-file"),
        ("TASKFORCE_TRUSTED_PROXIES", "everybody", "--trusted-proxies"),
        ("TASKFORCE_RATE_LIMIT", "many", "--rate-limit"),
        ("TASKFORCE_RATE_BURST", "0", "--rate-burst"),
        ("TASKFORCE_MAX_CONNECTIONS", "0", "--max-connections"),
        ("TASKFORCE_DATA_DIR", "/proc/nowhere", "TASKFORCE_DATA_DIR"),
        ("TASKFORCE_PUBLIC_URL", "https://city.example/taskforce", "without a path"),
        ("TASKFORCE_PUBLIC_URL", "city.example", "--public-url"),
    ] {
        let ended = program(dir.path()).arg("serve").env(name, value).output().unwrap();
        let complaint = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{name}={value}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{name}={value}: {complaint}");
        assert!(complaint.contains(says), "{name}={value}: {complaint}");
        assert!(!complaint.contains("nobody:x"), "the message contains a password: {complaint}");
    }
}

#[tokio::test]
async fn an_issuer_that_can_not_be_trusted_is_a_wrong_setting() {
    let dir = data_dir();
    for (issuer, algorithms, says) in [
        ("http://login.example", "RS256", "over https"),
        ("login.example", "RS256", "TASKFORCE_OIDC_ISSUER"),
        ("https://login.example", "HS256", "TASKFORCE_OIDC_ALGORITHMS: HS256"),
        ("https://login.example", "RS256,none", "TASKFORCE_OIDC_ALGORITHMS: none"),
        ("https://taskforce.example/", "RS256", "this service itself"),
    ] {
        let ended = program(dir.path())
            .arg("serve")
            .env("TASKFORCE_PUBLIC_URL", "https://taskforce.example")
            .env("TASKFORCE_OIDC_ISSUER", issuer)
            .env("TASKFORCE_OIDC_AUDIENCE", "taskforce")
            .env("TASKFORCE_OIDC_ALGORITHMS", algorithms)
            .output()
            .unwrap();
        let complaint = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{issuer} {algorithms}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{issuer} {algorithms}: {complaint}");
        assert!(complaint.contains(says), "{issuer} {algorithms}: {complaint}");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_one_clear_line_and_exit_code_2() {
    let dir = data_dir();
    let database = postgres::copy_of(postgres::migrated().await).await;
    let newer = "insert into __diesel_schema_migrations (version) values ('29990101000000')";
    postgres::connect(&database).await.batch_execute(newer).await.unwrap();
    let url = postgres::url(&database).await;
    let key = write(dir.path(), "key.pem", KEY.expose_secret());
    for arguments in [
        ["serve"].as_slice(),
        &["demo"],
        &["migrate"],
        &["create-admin", "--email", "a@b.example", "--name", "A"],
        &["verify-audit"],
    ] {
        let mut command = program(dir.path());
        command.args(arguments).env("DATABASE_URL", url.expose_secret()).env("TASKFORCE_JWT_KEY_FILE", &key);
        let ended = command.output().unwrap();
        let complaint = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(
            (ended.status.code(), complaint.lines().count()),
            (Some(2), 1),
            "{arguments:?}: {complaint}"
        );
        assert!(complaint.contains("29990101000000"), "{arguments:?}: {complaint}");
    }
}

#[tokio::test]
async fn a_time_zone_that_postgres_does_not_know_is_told_at_the_start() {
    let dir = data_dir();
    let app = TestApp::start().await;
    app.db_forget_time_zone().await;
    let log = dir.path().join("log");
    let mut serve = program(dir.path());
    serve
        .arg("serve")
        .env("DATABASE_URL", postgres::url(&app.database).await.expose_secret())
        .env("TASKFORCE_JWT_KEY_FILE", write(dir.path(), "key.pem", KEY.expose_secret()))
        .stderr(std::fs::File::create(&log).unwrap());
    let service = Service::start(&mut serve);
    service.signal(Signal::SIGTERM);
    assert!(service.wait().success());
    let log = std::fs::read_to_string(log).unwrap();
    let told: Vec<_> = log.lines().filter(|line| line.contains("time zone")).collect();
    assert_eq!(told.len(), 1, "{log}");
    assert!(told[0].contains(&app.world().a) && told[0].contains("US/Olympus"), "{log}");
}

#[tokio::test]
async fn create_admin_prints_the_address_of_the_service_and_what_to_do_with_the_invitation() {
    let dir = data_dir();
    let app = TestApp::empty().await;
    let create = async |number: u8, settings: &[(&str, &str)]| -> String {
        let mut create = program(dir.path());
        create
            .args(["create-admin", "--name", "A", "--email", &format!("a{number}@council.example")])
            .env("DATABASE_URL", postgres::url(&app.database).await.expose_secret())
            .envs(settings.iter().copied());
        let ended = create.output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).unwrap()
    };
    for (number, (settings, url)) in (0..).zip([
        ([("TASKFORCE_BIND", "127.0.0.1:8090")].as_slice(), "http://127.0.0.1:8090/v1/"),
        (
            &[("TASKFORCE_BIND", "0.0.0.0:8443"), ("TASKFORCE_TLS_CERT_FILE", "cert.pem")],
            "https://127.0.0.1:8443/v1/",
        ),
        (
            &[("TASKFORCE_PUBLIC_URL", "https://taskforce.city.example/")],
            "https://taskforce.city.example/v1/",
        ),
    ]) {
        let printed = create(number, settings).await;
        assert!(printed.contains(&format!("{url}auth/invitations/accept")), "{url}: {printed}");
    }
    let printed = create(9, &[]).await;
    let token =
        printed.split('"').skip_while(|text| *text != "token").nth(2).unwrap_or_else(|| panic!("{printed}"));
    let accepted = json!({ "token": token, "password": PASSWORD });
    app.as_anybody().post("/v1/auth/invitations/accept", accepted).await.expect(200);
}

#[tokio::test]
async fn with_a_certificate_it_is_reached_over_tls_and_asked_for_its_health_so() {
    let dir = data_dir();
    let certificate = Authority::new("city").certify("taskforce.example");
    let files = ("TASKFORCE_TLS_CERT_FILE", "TASKFORCE_TLS_KEY_FILE");
    let certificate_file = write(dir.path(), "cert.pem", &certificate.pem);
    let key_file = write(dir.path(), "key.pem", &certificate.key);
    let mut serve = program(dir.path());
    let service = Service::start(serve.arg("serve").env(files.0, &certificate_file).env(files.1, &key_file));
    let address = service.url.strip_prefix("https://").expect("it is reached over TLS").to_owned();

    let mut ask = program(dir.path());
    ask.arg("healthcheck").env("TASKFORCE_BIND", &address);
    assert!(!ask.output().unwrap().status.success(), "the service answers without TLS, too");
    let asked = ask.env(files.0, &certificate_file).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));

    let mut wrong = program(dir.path());
    let ended = wrong.arg("serve").env(files.0, &key_file).env(files.1, &key_file).output().unwrap();
    let complaint = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), complaint.lines().count()), (Some(2), 1), "{complaint}");
    assert!(complaint.contains("key.pem (TASKFORCE_TLS_CERT_FILE)"), "{complaint}");
    service.signal(Signal::SIGTERM);
    assert!(service.wait().success());
}

#[tokio::test]
async fn a_stop_signal_lets_requests_finish_and_takes_postgres_along() {
    let dir = data_dir();
    let service = Service::demo(dir.path());
    service.sign_in(CHAIR).await.unwrap();
    let begun = Instant::now();
    let token = service.sign_in(CHAIR).await.unwrap();
    let sign_in_takes = begun.elapsed();
    let postgres = postmaster(dir.path());

    let second = program(dir.path()).arg("serve").output().unwrap();
    assert_eq!(second.status.code(), Some(2), "a second instance came in");
    assert!(String::from_utf8_lossy(&second.stderr).contains("is in use"));

    // A password takes long enough to hash that the signal comes in between.
    let under_way = service.sign_in(CHAIR);
    let signalled = async {
        tokio::time::sleep(sign_in_takes / 2).await;
        service.signal(Signal::SIGTERM);
    };
    let (answered, ()) = tokio::join!(under_way, signalled);
    assert!(answered.is_some(), "a request under way was not answered");
    assert!(service.get(&token, "/v1/me").await.is_none(), "a stopping service takes new requests");
    assert!(service.wait().success());
    assert!(!is_alive(postgres), "Postgres outlived the service");
}

#[tokio::test]
async fn acknowledged_writes_survive_a_kill_of_the_service_and_of_postgres() {
    let dir = data_dir();
    let service = Service::demo(dir.path());
    let token = service.sign_in(CHAIR).await.unwrap();
    let (_, me) = service.get(&token, "/v1/me").await.unwrap();
    let task_force = me["memberships"][0]["taskForce"]["id"].as_str().unwrap();
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

    let service = Service::demo(dir.path());
    let token = service.sign_in(CHAIR).await.expect("the accounts are still there");
    assert_eq!(service.get(&token, &address).await.unwrap().0, 200);

    let killed = postmaster(dir.path());
    kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    let begun = Instant::now();
    loop {
        let (status, body) = service.get(&token, &address).await.expect("the service itself stays up");
        let answers = status == 200;
        // A connection outlives the postmaster for a moment.
        let file = std::fs::read_to_string(dir.path().join("pgdata/postmaster.pid"));
        if answers && file.is_ok_and(|file| !file.starts_with(&format!("{killed}\n"))) {
            break;
        }
        assert!(answers || (status, &body["code"]) == (503, &json!("unavailable")), "{status} {body}");
        assert!(begun.elapsed() < Duration::from_secs(30), "the service does not recover");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    service.signal(Signal::SIGINT);
    assert!(service.wait().success());
}
