//! The issuer's keys: asked for over HTTP, kept for an hour, asked for anew when a token names one that is unknown.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use openidconnect::core::{CoreJsonWebKeySet, CoreProviderMetadata};
use openidconnect::{HttpRequest, HttpResponse, IssuerUrl};
use reqwest::redirect::Policy;
use tokio::sync::{Mutex, OwnedMutexGuard};
use url::{Host, Url};

use super::ConfigurationError;

/// How long keys are good without another look: so long a key lasts that the issuer has withdrawn.
const MAX_AGE: TimeDelta = TimeDelta::hours(1);

/// The least time between two questions: whoever invents names of keys makes us ask no more often.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// The same while there are no keys at all, and nobody can come in.
const PAUSE_WITHOUT_KEYS: TimeDelta = TimeDelta::seconds(10);

/// How long an answer of the issuer may take.
const WITHIN: Duration = Duration::from_secs(5);

/// The most bytes that an answer of the issuer may have.
const LARGEST: usize = 1024 * 1024;

/// The issuer couldn't be asked for its keys, and none are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keys of the issuer of single sign-on are not known")]
pub struct Unreachable;

/// Keys as they were fetched.
#[derive(Debug)]
pub(super) struct KeySet {
    pub(super) keys: CoreJsonWebKeySet,
    /// Counts the sets that differed.
    pub(super) generation: u64,
    fetched_at: DateTime<Utc>,
}

#[derive(Clone, Default)]
struct FetchState {
    set: Option<Arc<KeySet>>,
    asked_at: Option<DateTime<Utc>>,
}

/// What the issuer can be asked by, and what it answered.
#[derive(Clone)]
pub(super) struct Keys {
    issuer: IssuerUrl,
    client: reqwest::Client,
    known: Arc<RwLock<FetchState>>,
    /// Held while the issuer is asked: everybody waits for the same answer.
    asking: Arc<Mutex<()>>,
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("{0} is neither https nor on loopback as its issuer is")]
    Insecure(String),
    #[error("the answer has more than {LARGEST} bytes")]
    TooLarge,
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

impl Keys {
    /// None yet, of an issuer by its address.
    pub(super) fn of(issuer: IssuerUrl) -> Result<Self, ConfigurationError> {
        let url = issuer.url();
        let loopback = is_loopback(url);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(ConfigurationError::Insecure),
            _ => return Err(ConfigurationError::Issuer),
        }
        if url.query().is_some() || url.fragment().is_some() || url.host().is_none() {
            return Err(ConfigurationError::Issuer);
        }
        let mut client = reqwest::Client::builder()
            // Where keys come from is what the issuer says, not what something on the way answers.
            .redirect(Policy::none())
            .timeout(WITHIN)
            // Asked once an hour: nothing to keep open.
            .pool_max_idle_per_host(0);
        if loopback {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| ConfigurationError::Client(error.to_string()))?;
        Ok(Self { issuer, client, known: Arc::default(), asking: Arc::default() })
    }

    /// The keys, not older than [`MAX_AGE`] unless the issuer can't be reached.
    pub(super) async fn current(&self, now: DateTime<Utc>) -> Result<Arc<KeySet>, Unreachable> {
        match self.known().set {
            Some(set) if now - set.fetched_at < MAX_AGE => Ok(set),
            Some(set) => {
                // One request asks, the others go on with what is known.
                if let Ok(alone) = Arc::clone(&self.asking).try_lock_owned() {
                    self.ask(alone, now).await;
                }
                Ok(self.known().set.unwrap_or(set))
            }
            None => {
                let alone = Arc::clone(&self.asking).lock_owned().await;
                if self.known().set.is_none() {
                    self.ask(alone, now).await;
                }
                self.known().set.ok_or(Unreachable)
            }
        }
    }

    /// Other keys than these, if the issuer has any.
    pub(super) async fn newer_than(&self, set: &KeySet, now: DateTime<Utc>) -> Option<Arc<KeySet>> {
        let newer = |known: FetchState| known.set.filter(|known| known.generation != set.generation);
        let alone = Arc::clone(&self.asking).lock_owned().await;
        if let Some(newer) = newer(self.known()) {
            // Somebody else has asked meanwhile.
            return Some(newer);
        }
        self.ask(alone, now).await;
        newer(self.known())
    }

    /// Asks the issuer, unless that was just done. In a task of its own: whoever hangs up in the middle shall not
    /// take the question along, and with it the turn of everybody else.
    async fn ask(&self, alone: OwnedMutexGuard<()>, now: DateTime<Utc>) {
        let FetchState { set, asked_at } = self.known();
        let pause = if set.is_some() { PAUSE } else { PAUSE_WITHOUT_KEYS };
        if asked_at.is_some_and(|asked_at| (now - asked_at).abs() < pause) {
            return;
        }
        self.update(|known| known.asked_at = Some(now));
        let keys = self.clone();
        let asked = tokio::spawn(async move {
            keys.take_over(set, now).await;
            drop(alone);
        });
        if let Err(cause) = asked.await {
            tracing::error!(%cause, "the issuer was not asked to the end");
        }
    }

    /// Knows what the issuer says now.
    async fn take_over(&self, set: Option<Arc<KeySet>>, now: DateTime<Utc>) {
        // Boxed, or the compiler can't see that the whole of it may move between threads.
        let asked: BoxFuture<'_, _> = Box::pin(discover(self.issuer.clone(), self.client.clone()));
        match asked.await {
            Ok(keys) => {
                let (before, same) = set.map_or((0, false), |set| (set.generation, set.keys == keys));
                let generation = if same { before } else { before + 1 };
                if !same {
                    tracing::info!(
                        issuer = self.issuer.as_str(),
                        keys = keys.keys().len(),
                        "keys of the issuer"
                    );
                }
                self.update(|known| {
                    known.set = Some(Arc::new(KeySet { keys, generation, fetched_at: now }));
                });
            }
            Err(cause) => {
                tracing::warn!(issuer = self.issuer.as_str(), %cause, "the issuer can't be asked for its keys");
            }
        }
    }

    /// Knows these keys without having asked.
    #[cfg(test)]
    pub(super) fn put(&self, keys: CoreJsonWebKeySet, now: DateTime<Utc>) {
        let set = Some(Arc::new(KeySet { keys, generation: 1, fetched_at: now }));
        self.update(|known| *known = FetchState { set, asked_at: Some(now) });
    }

    fn known(&self) -> FetchState {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, change: impl FnOnce(&mut FetchState)) {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The keys by way of the issuer's own description of itself, which has to be one of this issuer.
async fn discover(issuer: IssuerUrl, client: reqwest::Client) -> Result<CoreJsonWebKeySet, String> {
    let loopback = is_loopback(issuer.url());
    let get = |request| get(client.clone(), loopback, request);
    let metadata = CoreProviderMetadata::discover_async(issuer, &get).await;
    metadata.map(|metadata| metadata.jwks().clone()).map_err(|error| whole_story(&error))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

async fn get(
    client: reqwest::Client,
    loopback: bool,
    request: HttpRequest,
) -> Result<HttpResponse, FetchError> {
    let address = request.uri().to_string();
    // The address of the keys is the issuer's to choose, but not to put in the open.
    let allowed = Url::parse(&address)
        .is_ok_and(|url| url.scheme() == "https" || loopback && url.scheme() == "http" && is_loopback(&url));
    if !allowed {
        return Err(FetchError::Insecure(address));
    }
    let mut answer = client.get(address).headers(request.headers().clone()).send().await?;
    let mut body = Vec::new();
    while let Some(bytes) = answer.chunk().await? {
        if body.len() + bytes.len() > LARGEST {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&bytes);
    }
    let mut response = HttpResponse::new(body);
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    Ok(response)
}

/// An error with what caused it.
fn whole_story(error: &dyn std::error::Error) -> String {
    let mut story = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        story.push_str(": ");
        story.push_str(&error.to_string());
        cause = error.source();
    }
    story
}
