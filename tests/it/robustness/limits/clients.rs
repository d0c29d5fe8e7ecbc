//! Slow clients, over raw sockets: an HTTP client can't behave like this.

use std::time::{Duration, Instant};

use serde_json::json;
use taskforce::domain::file::MAX_FILE_BYTES;
use taskforce::http::server::{ClientTimeouts, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::evidence::{evidence, new_policy, upload};
use crate::support::{Resource, Setup, TestApp, Who};

/// The time-out of clients in these tests.
const SHORT: Duration = Duration::from_millis(300);
/// The time-out of request heads. The time of the first head begins with the connection, which takes a while on a busy
/// machine.
const HEAD: Duration = Duration::from_secs(1);
/// The deadline on a busy machine.
const SOON: Duration = Duration::from_secs(8);
/// Shorter than any time-out: a client that sends at this interval never seems idle.
const DRIP: Duration = Duration::from_millis(50);

async fn impatient(adjust: impl FnOnce(&mut Settings) + Send + 'static) -> TestApp {
    // Time-outs that are not tested are longer than the test.
    let long = Duration::from_secs(60);
    let adjust = Box::new(move |settings: &mut Settings| {
        settings.timeouts = ClientTimeouts { head: long, body: long, file: long, write: long, idle: long };
        adjust(settings);
    });
    TestApp::start_with(Setup { adjust, ..Setup::default() }).await
}

struct Raw(TcpStream);

impl Raw {
    async fn connect(app: &TestApp) -> Self {
        Self(TcpStream::connect(app.address()).await.unwrap())
    }

    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends a request and reads the complete answer by its Content-Length.
    async fn exchange(&mut self, request: &str) -> String {
        self.send(request).await;
        let mut answer = Vec::new();
        loop {
            let byte = self.0.read_u8().await.unwrap();
            answer.push(byte);
            let text = String::from_utf8_lossy(&answer).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
    }

    /// Sends one byte at a time until the server disconnects, and returns what it sent before.
    async fn drip(mut self) -> String {
        let begun = Instant::now();
        let mut said = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            assert!(
                begun.elapsed() < SOON,
                "the server lets itself be kept: {}",
                String::from_utf8_lossy(&said)
            );
            match timeout(DRIP, self.0.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => return String::from_utf8_lossy(&said).into_owned(),
                Ok(Ok(length)) => said.extend_from_slice(&buffer[..length]),
                // No answer yet; the next read shows whether the connection is still open.
                Err(_still) => drop(self.0.write_all(b"x").await),
            }
        }
    }

    /// Waits without sending until the server disconnects.
    async fn end(mut self) -> String {
        let mut said = Vec::new();
        let end =
            timeout(SOON, self.0.read_to_end(&mut said)).await.expect("the server keeps the connection");
        drop(end);
        String::from_utf8_lossy(&said).into_owned()
    }
}

const FINE: &str = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn a_head_that_drips_in_ends_the_connection_also_after_a_good_request() {
    let app = impatient(|settings| settings.timeouts.head = HEAD).await;
    let mut first = Raw::connect(&app).await;
    first.send("GET /health/live HTTP/1.1\r\nX-Slow: ").await;
    assert!(!first.drip().await.contains("200"));

    let silent = Raw::connect(&app).await;
    assert!(!silent.end().await.contains("200"));

    let mut second = Raw::connect(&app).await;
    assert!(second.exchange(FINE).await.starts_with("HTTP/1.1 200"));
    assert!(second.exchange(FINE).await.starts_with("HTTP/1.1 200"));
    second.send("GET /health/live HTTP/1.1\r\nX-Slow: ").await;
    assert_eq!(second.drip().await, "");

    // A second head in the same packet as a good request is timed, too.
    let mut along = Raw::connect(&app).await;
    along.send(&format!("{FINE}GET /health/live HTTP/1.1\r\nX-Slow: ")).await;
    let answer = along.drip().await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
}

#[tokio::test]
async fn between_two_requests_a_client_may_be_silent_but_not_for_ever() {
    let app = impatient(|settings| {
        settings.timeouts.head = HEAD;
        settings.timeouts.idle = Duration::from_secs(4);
    })
    .await;
    let mut quiet = Raw::connect(&app).await;
    quiet.exchange(FINE).await;
    // The client is silent for longer than a head may take. The time of a later head begins with its first byte.
    tokio::time::sleep(HEAD * 3 / 2).await;
    assert!(quiet.exchange(FINE).await.starts_with("HTTP/1.1 200"));
    assert_eq!(quiet.end().await, "");
}

#[tokio::test]
async fn a_whole_body_must_arrive_in_time() {
    let app = impatient(|settings| {
        settings.timeouts.body = SHORT;
        // Bytes after the answer are timed as the head of the next request.
        settings.timeouts.head = HEAD;
    })
    .await;
    let mut slow = Raw::connect(&app).await;
    slow.send("POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{").await;
    let answer = slow.drip().await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("malformedJson"), "{answer}");
    // A chunked body, whose length is unknown, has the same time-out.
    let mut slow = Raw::connect(&app).await;
    slow.send("POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n9999\r\n").await;
    let answer = slow.drip().await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("malformedJson"), "{answer}");
}

#[tokio::test]
async fn a_whole_file_must_arrive_in_time() {
    let app = impatient(|settings| {
        settings.timeouts.file = SHORT;
        settings.timeouts.head = HEAD;
    })
    .await;
    let policy = new_policy(&app).await;
    let expert = app.as_expert();
    let file = expert.create(app.a("/evidence"), evidence("policy", policy.id(), json!({}))).await;
    let token = app.token(Who::Expert1).await.unwrap();
    let beginning = "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
    for (kind, beginning) in [
        ("text/plain", ""),
        ("multipart/form-data; boundary=x", ""),
        ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form"),
        ("multipart/form-data; boundary=x", beginning),
    ] {
        let mut slow = Raw::connect(&app).await;
        slow.send(&format!(
            "PUT {}/content HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nIf-Match: {}\r\n\
             Content-Type: {kind}\r\nContent-Length: 9999\r\n\r\n{beginning}",
            file.path, file.etag
        ))
        .await;
        let answer = slow.drip().await;
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("did not arrive within"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_nobody_waits_for_does_not_hold_the_connection() {
    let app = impatient(|settings| settings.timeouts.head = HEAD).await;
    let mut slow = Raw::connect(&app).await;
    slow.send("GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n").await;
    let answer = slow.drip().await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_client_that_reads_no_answers_is_disconnected() {
    let app = impatient(|settings| settings.timeouts.write = SHORT).await;
    let document = reqwest::get(app.url("/v1/openapi.json")).await.unwrap().text().await.unwrap();
    // Far more than the buffers between here and there hold.
    let asked = 100_000_000 / document.len();
    let (taken, mut asking) = TcpStream::connect(app.address()).await.unwrap().into_split();
    let begun = Instant::now();
    let mut refused = false;
    for _ in 0..asked {
        let ask = asking.write_all(b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n");
        refused = !matches!(timeout(SOON, ask).await, Ok(Ok(())));
        if refused || begun.elapsed() > SOON {
            break;
        }
    }
    while !refused && begun.elapsed() < SOON {
        tokio::time::sleep(DRIP).await;
        refused = asking.write_all(b"\r\n").await.is_err();
    }
    assert!(refused, "a client that takes nothing is still served");
    drop(taken);
}

#[tokio::test]
async fn there_are_so_many_connections_and_the_next_waits_for_one() {
    let app = impatient(|settings| settings.max_connections = 2).await;
    let (mut one, mut other) = (Raw::connect(&app).await, Raw::connect(&app).await);
    for taken in [&mut one, &mut other] {
        assert!(taken.exchange(FINE).await.starts_with("HTTP/1.1 200"));
    }
    let mut third = Raw::connect(&app).await;
    third.send(FINE).await;
    let early = timeout(Duration::from_millis(500), third.0.read_u8()).await;
    assert!(early.is_err(), "a third connection is served beside two");
    assert!(one.exchange(FINE).await.starts_with("HTTP/1.1 200"), "those who are in are served");
    drop(other);
    let first = timeout(SOON, third.0.read_u8()).await.expect("the place is not given on").unwrap();
    assert_eq!(first, b'H');
}

#[tokio::test]
async fn a_client_has_a_share_of_the_connections_and_leaves_the_rest_to_others() {
    let app = impatient(|settings| settings.connections_per_address = 2).await;
    let (mut one, mut other) = (Raw::connect(&app).await, Raw::connect(&app).await);
    for admitted in [&mut one, &mut other] {
        assert!(admitted.exchange(FINE).await.starts_with("HTTP/1.1 200"));
    }
    let mut third = Raw::connect(&app).await;
    drop(third.0.write_all(FINE.as_bytes()).await);
    assert_eq!(third.end().await, "", "a third connection is served");
    let elsewhere = TcpSocket::new_v4().unwrap();
    elsewhere.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut elsewhere = Raw(elsewhere.connect(app.address()).await.unwrap());
    assert!(elsewhere.exchange(FINE).await.starts_with("HTTP/1.1 200"));
    drop(one);
    let begun = Instant::now();
    loop {
        let mut next = Raw::connect(&app).await;
        drop(next.0.write_all(FINE.as_bytes()).await);
        match next.0.read_u8().await {
            Ok(first) => return assert_eq!(first, b'H'),
            Err(_closed) => assert!(begun.elapsed() < SOON, "the place is not given on"),
        }
    }
}

#[tokio::test]
async fn slow_uploads_of_one_user_leave_places_to_others() {
    let app = impatient(|_usual| ()).await;
    let policy = new_policy(&app).await;
    let expert = app.as_expert();
    let file = expert.create(app.a("/evidence"), evidence("policy", policy.id(), json!({}))).await;
    let token = app.token(Who::Expert1).await.unwrap();
    let mut slow = Vec::new();
    for _ in 0..6 {
        let mut one = Raw::connect(&app).await;
        one.send(&format!(
            "PUT {}/content HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nIf-Match: {}\r\n\
             Content-Type: text/plain\r\nContent-Length: 9999\r\n\r\n",
            file.path, file.etag
        ))
        .await;
        slow.push(one);
    }
    let another = app.as_who(Who::Expert2).send(upload(&file, "text/plain", "minutes"));
    timeout(SOON, another).await.expect("one user has taken all places").expect(200);
    // The waiting uploads leave no trace when their clients disconnect.
    drop(slow);
    let now = Resource { path: file.path.clone(), ..expert.read(file.path.as_str()).await };
    let own = expert.send(upload(&now, "text/plain", "more minutes"));
    timeout(SOON, own).await.expect("the turn of one who left is not given on").expect(200);
}

#[tokio::test]
async fn slow_uploads_of_many_users_hurry_while_others_wait() {
    let app = impatient(|settings| settings.timeouts.file = Duration::from_secs(24)).await;
    let policy = new_policy(&app).await;
    let file = app.as_expert().create(app.a("/evidence"), evidence("policy", policy.id(), json!({}))).await;
    // Each sends a file of the greatest size a little faster than it has to; four have the memory, and one waits.
    let mut slow = Vec::new();
    for who in [Who::Chair, Who::Expert1, Who::Expert2, Who::Expert3, Who::Expert4] {
        let token = app.token(who).await.unwrap();
        let mut one = Raw::connect(&app).await;
        one.send(&format!(
            "PUT {}/content HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nIf-Match: {}\r\n\
             Content-Type: text/plain\r\nContent-Length: {MAX_FILE_BYTES}\r\n\r\n",
            file.path, file.etag
        ))
        .await;
        slow.push(tokio::spawn(async move {
            let (mut answer, mut body) = one.0.into_split();
            let sending = async {
                // What the service says when it takes no more is there to be read.
                for _ in 0..MAX_FILE_BYTES / 65_536 {
                    drop(body.write_all(&[b'x'; 65_536]).await);
                    tokio::time::sleep(Duration::from_millis(90)).await;
                }
            };
            let mut text = Vec::new();
            tokio::select! {
                _sent = sending => {}
                _read = answer.read_buf(&mut text) => {}
            }
            String::from_utf8_lossy(&text).into_owned()
        }));
    }
    tokio::time::sleep(DRIP).await;
    let another = app.as_who(Who::Expert5).send(upload(&file, "text/plain", "minutes"));
    timeout(SOON, another).await.expect("slow uploads keep everybody else waiting").expect(200);
    let mut refused = 0;
    for one in slow {
        one.abort();
        let answer = one.await.unwrap_or_default();
        refused += usize::from(answer.starts_with("HTTP/1.1 503"));
    }
    assert!(refused >= 1, "nobody was told to come again");
}

#[tokio::test]
async fn a_web_socket_upgrade_is_refused_and_swallows_no_request() {
    let app = impatient(|_usual| ()).await;
    for upgrade in ["websocket", "WebSocket "] {
        let mut raw = Raw::connect(&app).await;
        raw.send(&format!(
            "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}{FINE}"
        ))
        .await;
        let answer = raw.end().await;
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("invalidRequest"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    }
    // Other upgrades are ignored, and the request is answered.
    let mut raw = Raw::connect(&app).await;
    let other = FINE.replace("\r\n\r\n", "\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    assert!(raw.exchange(&other).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_invalid_request_is_answered_4xx_and_the_connection_ends() {
    let app = impatient(|_usual| ()).await;
    let large = format!("GET /v1 HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(200_000));
    let many = format!("GET /v1 HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Many: x\r\n".repeat(200));
    let long = format!("GET /v1?{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(200_000));
    for (what, request) in [
        ("large", large.as_str()),
        ("many", &many),
        ("long", &long),
        ("nonsense", "\x16\x03\x01\x02\r\n\r\n"),
        ("no version", "GET /v1\r\n\r\n"),
        (
            "two lengths",
            "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        ),
        (
            "smuggled",
            "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1 HTTP/1.1\r\nHost: x\r\n\r\n",
        ),
    ] {
        let mut raw = Raw::connect(&app).await;
        drop(raw.0.write_all(request.as_bytes()).await);
        let answer = raw.end().await;
        // A client that is still sending when the connection ends may not be able to read the answer.
        let unread = answer.is_empty() && request.len() > 100_000;
        assert!(unread || answer.starts_with("HTTP/1.1 4"), "{what}: {answer}");
        assert!(answer.matches("HTTP/1.1").count() <= 1, "{what}: {answer}");
    }
}
