//! A real OpenID provider (npm `oidc-provider`), run by node on loopback, and a frontend that signs people in there.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::node;

/// The API's resource indicator at the provider.
pub(super) const AUDIENCE: &str = "https://taskforce.example/v1";
/// The frontend that shares its client id with the API.
pub(super) const OUR_FRONTEND: &str = AUDIENCE;
/// A client of the provider that has nothing to do with us.
pub(super) const ANOTHER_FRONTEND: &str = "another-frontend";

const CALLBACK: &str = "https://front.example/callback";
/// RFC 7636 asks for 43 letters at least.
const PKCE_VERIFIER: &str = "the-verifier-of-a-frontend-that-is-under-test";

/// The directory where the provider is installed.
static INSTALLED: LazyLock<PathBuf> = LazyLock::new(|| node::installed("oidc"));

/// A provider, running; it ends with this, since its standard input does.
pub(super) struct Provider {
    pub(super) issuer: String,
    child: Child,
    http: reqwest::Client,
}

/// The tokens of a user who has signed in.
pub(super) struct Tokens {
    pub(super) id: String,
    pub(super) access: String,
}

impl Provider {
    /// Starts one on a port of its own, with these accounts by subject.
    pub(super) fn start(alg: &str, accounts: &Value) -> Self {
        Self::start_at(0, "first", alg, accounts)
    }

    /// Starts it again under the same address, with a new key.
    pub(super) fn restart(self, kid: &str, alg: &str, accounts: &Value) -> Self {
        let port = self.issuer.rsplit(':').next().unwrap().parse().unwrap();
        drop(self);
        Self::start_at(port, kid, alg, accounts)
    }

    fn start_at(port: u16, kid: &str, alg: &str, accounts: &Value) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc/provider.mjs");
        // Beside its dependencies, where node looks for them.
        let copy = INSTALLED.join(format!("provider-{}.mjs", uuid::Uuid::now_v7()));
        fs::copy(program, &copy).unwrap();
        let mut child = Command::new("node")
            .arg(&copy)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("node: {error}: get it by scripts/prepare.sh tests"));
        let wanted = json!({
            "port": port,
            "keys": [{ "kid": kid, "alg": alg }],
            "audience": AUDIENCE,
            "accounts": accounts,
        });
        writeln!(child.stdin.as_mut().unwrap(), "{wanted}").unwrap();
        let mut issuer = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut issuer).unwrap();
        fs::remove_file(copy).unwrap();
        let mut stderr = child.stderr.take().unwrap();
        if issuer.is_empty() {
            let mut story = String::new();
            stderr.read_to_string(&mut story).unwrap();
            panic!("the provider did not come up: {story}");
        }
        // The provider prints warnings, and exits if its output is closed.
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { issuer: issuer.trim().to_owned(), child, http: http.build().unwrap() }
    }

    /// Signs somebody in to our frontend, which asks for an access token to our API.
    pub(super) async fn sign_in(&self, subject: &str) -> Tokens {
        self.sign_in_to(OUR_FRONTEND, AUDIENCE, subject).await
    }

    /// Signs somebody in by the authorization code flow with PKCE, as a browser application does.
    pub(super) async fn sign_in_to(&self, client: &str, resource: &str, subject: &str) -> Tokens {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(PKCE_VERIFIER));
        let mut url = url::Url::parse(&format!("{}/auth", self.issuer)).unwrap();
        url.query_pairs_mut().extend_pairs([
            ("client_id", client),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "openid email profile work"),
            ("resource", resource),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", subject),
        ]);
        let mut cookies = BTreeMap::new();
        while !url.as_str().starts_with(CALLBACK) {
            let jar: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = self.http.get(url.clone()).header(COOKIE, jar.join("; ")).send().await.unwrap();
            for cookie in answer.headers().get_all(SET_COOKIE) {
                let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = cookie.split_once('=').unwrap();
                if value.is_empty() {
                    cookies.remove(name);
                } else {
                    cookies.insert(name.to_owned(), value.to_owned());
                }
            }
            let Some(next) = answer.headers().get(LOCATION) else {
                panic!("{url}: {} {}", answer.status(), answer.text().await.unwrap());
            };
            url = url.join(next.to_str().unwrap()).unwrap();
        }
        let code = url.query_pairs().find(|(name, _)| name == "code");
        let (_, code) = code.unwrap_or_else(|| panic!("no code: {url}"));
        let exchange = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("client_id", client),
            ("code_verifier", PKCE_VERIFIER),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(exchange).finish();
        let request = self.http.post(format!("{}/token", self.issuer));
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body);
        let tokens: Value = request.send().await.unwrap().json().await.unwrap();
        let token = |name: &str| tokens[name].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned();
        Tokens { id: token("id_token"), access: token("access_token") }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
