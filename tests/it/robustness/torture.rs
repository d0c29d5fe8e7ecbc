//! The service is killed repeatedly under writes that carry idempotency keys. An acknowledged write exists once, any other
//! at most once, and sending a write again under its key makes it exist once.
//!
//! Three rounds by default, 200 in a long run (`make torture`, `make soak`), or `TASKFORCE_TORTURE_ROUNDS`. The instants
//! of the kills are random (`TASKFORCE_SEED`).

mod emails;
mod webhooks;

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::app::{KEY, PASSWORD};
use crate::support::postgres;
use crate::support::random::Rng;
use crate::support::random_runs::{length, seed};
use crate::support::service::{Service, data_dir, program};
use crate::support::{TestApp, Who};

/// The writers: four in each of two task forces.
const CLIENTS: [Who; 8] = [
    Who::Chair,
    Who::Expert1,
    Who::Expert2,
    Who::Expert3,
    Who::OtherChair,
    Who::Other2,
    Who::Other3,
    Who::Other4,
];

/// The kind of row that a write makes, to be counted by its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Activity,
    Comment,
    /// Of the activity that the mark is the id of.
    Transition,
}

/// A write, and what was answered: nothing, where the service was killed meanwhile.
#[derive(Debug, Clone)]
struct Written {
    kind: Kind,
    mark: String,
    path: String,
    key: String,
    body: Value,
    answer: Option<(u16, Value)>,
}

/// A service on the database of a test, which outlives it.
struct Killable {
    dir: tempfile::TempDir,
    database: String,
}

impl Killable {
    async fn of(app: &TestApp) -> Self {
        let dir = data_dir();
        std::fs::write(dir.path().join("key.pem"), KEY.expose_secret()).unwrap();
        Self { dir, database: postgres::url(&app.database).await.expose_secret().to_owned() }
    }

    fn command(&self) -> Command {
        let dir: &Path = self.dir.path();
        let mut command = program(dir);
        command
            .env("DATABASE_URL", &self.database)
            .env("TASKFORCE_JWT_KEY_FILE", dir.join("key.pem"))
            // The port is another each time, and tokens stay good.
            .env("TASKFORCE_PUBLIC_URL", "http://taskforce.example")
            .env("TASKFORCE_RATE_LIMIT", "0");
        command
    }

    /// The service and its address: the greeting contains the public URL only.
    fn start(&self) -> (Service, String) {
        self.start_with(&[])
    }

    /// The service with further settings, and its address.
    fn start_with(&self, settings: &[(&str, &str)]) -> (Service, String) {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = self.command();
        command.arg("serve").env("TASKFORCE_BIND", port.to_string()).envs(settings.iter().copied());
        (Service::start(&mut command), format!("http://{port}"))
    }

    /// Every chain, as the command line verifies it.
    fn verify(&self) {
        let verified = self.command().arg("verify-audit").output().unwrap();
        let said = String::from_utf8_lossy(&verified.stdout).into_owned();
        assert!(verified.status.success(), "{said}{}", String::from_utf8_lossy(&verified.stderr));
    }
}

/// Sends a write; `None` where the service went away before it answered.
async fn send(http: &reqwest::Client, url: &str, token: &str, written: &Written) -> Option<(u16, Value)> {
    let mut request = http.post(format!("{url}{}", written.path)).bearer_auth(token).json(&written.body);
    request = request.header("Idempotency-Key", &written.key);
    if written.kind == Kind::Transition {
        request = request.header("If-Match", "\"1\"");
    }
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.json().await.ok()?))
}

/// Writes until the service is gone: an activity, a comment on it, its beginning, and again.
async fn write(
    http: &reqwest::Client,
    url: &str,
    token: &str,
    round: usize,
    who: Who,
    home: &str,
    begun: &Notify,
) -> Vec<Written> {
    let mut all: Vec<Written> = Vec::new();
    let mut last: Option<String> = None;
    for count in 0.. {
        let mark = format!("{round}-{who:?}-{count}");
        let (kind, mark, path, body) = match (count % 3, &last) {
            (1, Some(id)) => {
                let path = format!("{home}/activities/{id}/comments");
                (Kind::Comment, mark.clone(), path, json!({ "text": mark }))
            }
            (2, Some(id)) => {
                let path = format!("{home}/activities/{id}/transitions");
                (Kind::Transition, id.clone(), path, json!({ "to": "inProgress" }))
            }
            _ => {
                let new = json!({ "title": { "en": mark }, "step": "policy" });
                (Kind::Activity, mark, format!("{home}/activities"), new)
            }
        };
        if kind == Kind::Activity {
            // The next transition is of this activity or of none.
            last = None;
        }
        let key = format!("{round}-{who:?}-{count}");
        let mut written = Written { kind, mark, path, key, body, answer: None };
        let answer = send(http, url, token, &written).await;
        let gone = answer.is_none();
        // Too busy for a moment: nothing was done, and it counts as not acknowledged.
        if let Some((status, body)) = answer.filter(|(status, _)| *status != 503) {
            assert!((200..300).contains(&status), "{written:?}: {status} {body}");
            if kind == Kind::Activity {
                last = body["id"].as_str().map(str::to_owned);
            }
            written.answer = Some((status, body));
            begun.notify_one();
        }
        all.push(written);
        if gone {
            break;
        }
    }
    all
}

/// How often each mark of a round is in the database.
async fn counted(app: &TestApp, round: usize) -> HashMap<(Kind, String), i64> {
    let of_round = format!("{round}-%");
    let queries = [
        (
            Kind::Activity,
            "select title ->> 'en', count(*) from activities where title ->> 'en' like $1 group by 1",
        ),
        (Kind::Comment, "select text, count(*) from comments where text like $1 group by 1"),
        (
            Kind::Transition,
            "select e.subject_id::text, count(*) from events e join activities a on a.id = e.subject_id
             where e.action = 'activity.transitioned' and a.title ->> 'en' like $1 group by 1",
        ),
    ];
    let mut counted = HashMap::new();
    for (kind, query) in queries {
        for row in app.db().await.query(query, &[&of_round]).await.unwrap() {
            counted.insert((kind, row.get(0)), row.get(1));
        }
    }
    counted
}

fn rounds() -> usize {
    length("TASKFORCE_TORTURE_ROUNDS", 3, 200)
}

#[tokio::test]
async fn no_write_is_lost_or_done_twice_however_often_the_service_is_killed() {
    let app = TestApp::start().await;
    let killable = Killable::of(&app).await;
    let seed = seed();
    let mut rng = Rng::new(seed);
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
    let (mut acknowledged, mut unknown, mut came_through) = (0, 0, 0);
    let (mut service, mut url) = killable.start();
    for round in 0..rounds() {
        let mut tokens = Vec::new();
        for who in CLIENTS {
            tokens.push(service_token(&http, &url, who).await);
        }
        let home = |at: usize| if at < 4 { app.a("") } else { app.b("") };
        let homes: Vec<String> = (0..CLIENTS.len()).map(home).collect();
        let begun = Notify::new();
        let clients = CLIENTS
            .into_iter()
            .enumerate()
            .map(|(at, who)| write(&http, &url, &tokens[at], round, who, &homes[at], &begun));
        let after = Duration::from_millis(50 + u64::try_from(rng.below(450)).unwrap());
        let killed = async {
            // A machine may be so busy that nothing comes to be acknowledged sooner.
            tokio::time::timeout(Duration::from_secs(20), begun.notified())
                .await
                .expect("nothing is acknowledged");
            tokio::time::sleep(after).await;
            service.signal(Signal::SIGKILL);
        };
        let (written, ()) = tokio::join!(join_all(clients), killed);
        service.wait();

        let before = counted(&app, round).await;
        let count =
            |of: &HashMap<_, i64>, one: &Written| of.get(&(one.kind, one.mark.clone())).copied().unwrap_or(0);
        for one in written.iter().flatten() {
            let times = count(&before, one);
            match one.answer {
                Some(_) => assert_eq!(
                    times, 1,
                    "TASKFORCE_SEED={seed}: acknowledged, and there {times} times: {one:?}"
                ),
                None => assert!(times <= 1, "TASKFORCE_SEED={seed}: there {times} times: {one:?}"),
            }
            acknowledged += usize::from(one.answer.is_some());
            unknown += usize::from(one.answer.is_none());
            came_through += usize::from(one.answer.is_none() && times == 1);
        }

        (service, url) = killable.start();
        for (at, some) in written.iter().enumerate() {
            for one in some.iter().filter(|one| one.answer.is_none()).chain(some.last()).chain(some.first()) {
                let (status, body) = send_with_retry(&http, &url, &tokens[at], one).await;
                assert!((200..300).contains(&status), "TASKFORCE_SEED={seed}: {one:?}: {status} {body}");
                if let Some(first) = &one.answer {
                    assert_eq!(&(status, body), first, "TASKFORCE_SEED={seed}: answered otherwise");
                }
            }
        }
        let after = counted(&app, round).await;
        for one in written.iter().flatten() {
            assert_eq!(count(&after, one), 1, "TASKFORCE_SEED={seed}: after it was sent again: {one:?}");
        }
        if round % 20 == 0 {
            killable.verify();
        }
    }
    killable.verify();
    service.signal(Signal::SIGTERM);
    assert!(service.wait().success());
    println!("{acknowledged} acknowledged, {unknown} not, of which {came_through} had come through");
    assert!(acknowledged > 0 && unknown > 0, "nothing was interrupted");
    // Few come so far in a few rounds.
    assert!(rounds() < 100 || came_through > 0, "none was killed between its commit and its answer");
}

async fn service_token(http: &reqwest::Client, url: &str, who: Who) -> String {
    let credentials = json!({ "email": who.email(), "password": PASSWORD });
    let answer = http.post(format!("{url}/v1/auth/login")).json(&credentials).send().await.unwrap();
    let tokens: Value = answer.json().await.unwrap();
    tokens["accessToken"].as_str().unwrap_or_else(|| panic!("{who:?} can't sign in: {tokens}")).to_owned()
}

/// Sends a write until the service has a moment for it.
async fn send_with_retry(http: &reqwest::Client, url: &str, token: &str, written: &Written) -> (u16, Value) {
    for _ in 0..100 {
        let answer = send(http, url, token, written).await.expect("the service is up");
        if !matches!(answer.0, 409 | 503) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("too busy for ever: {written:?}")
}
