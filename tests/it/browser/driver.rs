//! A headless Chromium, driven by chromedriver.

#![expect(clippy::print_stdout, reason = "a skipped test says so")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// The browser, with a profile of its own. Both end with the test.
pub(super) struct Browser {
    driver: Child,
    client: Client,
    _profile: TempDir,
}

impl Browser {
    /// Starts the browser; `None`, with a line that says so, where there is none.
    pub(super) async fn start() -> Option<Self> {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null());
        let (Some(browser), Ok(mut driver)) = (installed_browser(), command.spawn()) else {
            println!(
                "skipped: there is no chromium with its chromedriver here (scripts/prepare.sh tests installs both)"
            );
            return None;
        };
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-proxy-server",
            "--window-size=1440,900",
        ];
        let mut arguments = arguments.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let Value::Object(capabilities) = json!({
            "goog:chromeOptions": { "args": arguments, "binary": path_of(browser) },
            // A busy machine takes its time.
            "timeouts": { "script": 180_000, "pageLoad": 180_000 },
        }) else {
            unreachable!("an object")
        };
        let driver_url = format!("http://127.0.0.1:{}", port.expect("chromedriver names its port"));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&driver_url).await.unwrap();
        Some(Self { driver, client, _profile: profile })
    }

    pub(super) async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Opens another tab and goes there; returns the handles of the first tab and of the new one.
    pub(super) async fn open_tab(&self, url: &str) -> [fantoccini::wd::WindowHandle; 2] {
        let first = self.client.window().await.unwrap();
        let second = self.client.new_window(true).await.unwrap().handle;
        self.client.switch_to_window(second.clone()).await.unwrap();
        self.open(url).await;
        [first, second]
    }

    pub(super) async fn switch_to(&self, tab: &fantoccini::wd::WindowHandle) {
        self.client.switch_to_window(tab.clone()).await.unwrap();
    }

    /// The result of an asynchronous function body in the page.
    pub(super) async fn run(&self, body: &str, arguments: Value) -> Value {
        let script = format!(
            "const done = arguments[1]; (async (args) => {{ {body} }})(arguments[0])
             .then((value) => done({{ value: value === undefined ? null : value }}),
                   (error) => done({{ error: String(error) }}));"
        );
        let result = self.client.execute_async(&script, vec![arguments]).await.unwrap();
        assert!(result.get("error").is_none(), "{}\n{body}", result["error"]);
        result["value"].clone()
    }

    /// Sets the size of the window.
    pub(super) async fn resize(&self, width: u32, height: u32) {
        self.client.set_window_size(width, height).await.unwrap();
    }

    /// Follows a link or presses a button, and waits for the page behind it.
    pub(super) async fn click(&self, selector: &str) {
        let before = self.client.find(fantoccini::Locator::Css("html")).await.unwrap();
        self.client.find(fantoccini::Locator::Css(selector)).await.unwrap().click().await.unwrap();
        // The old page is gone once its element is.
        for _ in 0..600 {
            if before.tag_name().await.is_err() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{selector} leads nowhere");
    }

    /// The page on paper, as PDF.
    pub(super) async fn print(&self) -> Vec<u8> {
        self.client.print(fantoccini::wd::PrintConfiguration::default()).await.unwrap()
    }

    /// The visible part of the page, as PNG.
    pub(super) async fn screenshot(&self) -> Vec<u8> {
        self.client.screenshot().await.unwrap()
    }

    pub(super) async fn close(self) {
        self.client.clone().close().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.driver.kill().ok();
        self.driver.wait().ok();
    }
}

/// The program of the browser.
fn installed_browser() -> Option<&'static str> {
    let runs = |program: &&str| {
        let version =
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    };
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(runs)
}

/// The path of a program, which chromedriver asks for.
fn path_of(program: &str) -> String {
    let places = std::env::var("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&places).map(|place| place.join(program));
    places.find(|path| path.exists()).unwrap().display().to_string()
}

/// An empty page at an origin of its own, on `localhost`, which is the same site as every other port of it.
pub(super) async fn page_at_another_origin() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                if stream.read(&mut request).await.is_ok() {
                    let page = "<!doctype html><title>A frontend</title>";
                    let head =
                        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length";
                    let answer = format!("{head}: {}\r\n\r\n{page}", page.len());
                    stream.write_all(answer.as_bytes()).await.ok();
                }
            });
        }
    });
    origin
}
