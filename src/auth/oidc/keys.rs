//! The issuer's keys. They are fetched over HTTP, cached for an hour, and fetched again when no known key has signed a
//! token.

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
use crate::util::errors::with_causes;

/// The age at which keys are fetched again, and so the longest time that a withdrawn key is accepted.
const MAX_AGE: TimeDelta = TimeDelta::hours(1);

/// The minimum time between two fetches, however many key ids and signatures clients invent.
const MIN_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// The minimum time between two fetches while there are no keys, and nobody can sign in through the issuer.
const MIN_INTERVAL_WITHOUT_KEYS: TimeDelta = TimeDelta::seconds(10);

/// The time limit of a request to the issuer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum size of a response of the issuer, in bytes.
const MAX_RESPONSE_SIZE: usize = 1024 * 1024;

/// The issuer's keys could never be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keys of the issuer of single sign-on are not known")]
pub struct Unreachable;

/// Keys, as they were fetched.
#[derive(Debug)]
pub(super) struct KeySet {
    pub(super) keys: CoreJsonWebKeySet,
    /// A number that changes with the keys.
    pub(super) generation: u64,
    fetched_at: DateTime<Utc>,
}

/// The keys and the last attempt to fetch them.
#[derive(Clone, Default)]
struct FetchState {
    set: Option<Arc<KeySet>>,
    attempted_at: Option<DateTime<Utc>>,
}

/// Fetches and caches the keys.
#[derive(Clone)]
pub(super) struct Keys {
    issuer: IssuerUrl,
    client: reqwest::Client,
    state: Arc<RwLock<FetchState>>,
    /// Held during a fetch, so that concurrent requests share its result.
    fetch_lock: Arc<Mutex<()>>,
}

/// The reason why the keys can't be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("{0} is neither https nor, like its issuer, on loopback")]
    Insecure(String),
    #[error("the response has more than {MAX_RESPONSE_SIZE} bytes")]
    TooLarge,
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

impl Keys {
    /// The keys of an issuer, which are not fetched yet.
    pub(super) fn new(issuer: IssuerUrl) -> Result<Self, ConfigurationError> {
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
            // Only the issuer's metadata says where the keys are.
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            // One fetch an hour doesn't need an open connection.
            .pool_max_idle_per_host(0);
        if loopback {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| ConfigurationError::Client(with_causes(&error)))?;
        Ok(Self { issuer, client, state: Arc::default(), fetch_lock: Arc::default() })
    }

    /// The keys, not older than [`MAX_AGE`] unless the issuer can't be reached.
    pub(super) async fn current(&self, now: DateTime<Utc>) -> Result<Arc<KeySet>, Unreachable> {
        match self.state().set {
            Some(set) if now - set.fetched_at < MAX_AGE => Ok(set),
            Some(set) => {
                // One request fetches the keys, and the others use those that are known.
                if let Ok(lock) = Arc::clone(&self.fetch_lock).try_lock_owned() {
                    self.fetch(lock, now).await;
                }
                Ok(self.state().set.unwrap_or(set))
            }
            None => {
                let lock = Arc::clone(&self.fetch_lock).lock_owned().await;
                if self.state().set.is_none() {
                    self.fetch(lock, now).await;
                }
                self.state().set.ok_or(Unreachable)
            }
        }
    }

    /// The keys that have replaced a set; `None` if the issuer has no others.
    pub(super) async fn newer_than(&self, set: &KeySet, now: DateTime<Utc>) -> Option<Arc<KeySet>> {
        let newer = |state: FetchState| state.set.filter(|current| current.generation != set.generation);
        let lock = Arc::clone(&self.fetch_lock).lock_owned().await;
        if let Some(newer) = newer(self.state()) {
            // Another request has fetched them while this one waited.
            return Some(newer);
        }
        self.fetch(lock, now).await;
        newer(self.state())
    }

    /// Fetches the keys, unless the last attempt is recent. A task of its own does it, so that a client that hangs up
    /// doesn't cancel the attempt, which the requests of other clients rely on.
    async fn fetch(&self, lock: OwnedMutexGuard<()>, now: DateTime<Utc>) {
        let FetchState { set, attempted_at } = self.state();
        let interval = if set.is_some() { MIN_INTERVAL } else { MIN_INTERVAL_WITHOUT_KEYS };
        if attempted_at.is_some_and(|attempted_at| (now - attempted_at).abs() < interval) {
            return;
        }
        self.update(|state| state.attempted_at = Some(now));
        let keys = self.clone();
        let task = tokio::spawn(async move {
            keys.discover_and_store(set, now).await;
            drop(lock);
        });
        if let Err(error) = task.await {
            tracing::error!(%error, "fetching the keys of the issuer was interrupted");
        }
    }

    /// Fetches the keys, and keeps the generation if they are the same as before.
    async fn discover_and_store(&self, set: Option<Arc<KeySet>>, now: DateTime<Utc>) {
        // Boxed, since the compiler can't infer that the future is `Send`.
        let discovery: BoxFuture<'_, _> = Box::pin(discover(self.issuer.clone(), self.client.clone()));
        match discovery.await {
            Ok(keys) => {
                let (previous, is_same) = set.map_or((0, false), |set| (set.generation, set.keys == keys));
                let generation = if is_same { previous } else { previous + 1 };
                if !is_same {
                    tracing::info!(
                        issuer = self.issuer.as_str(),
                        keys = keys.keys().len(),
                        "the issuer has new keys"
                    );
                }
                self.update(|state| {
                    state.set = Some(Arc::new(KeySet { keys, generation, fetched_at: now }));
                });
            }
            Err(error) => {
                tracing::warn!(
                    issuer = self.issuer.as_str(),
                    error,
                    "the keys of the issuer can't be fetched"
                );
            }
        }
    }

    /// Stores keys as if they had been fetched.
    #[cfg(test)]
    pub(super) fn store(&self, keys: CoreJsonWebKeySet, now: DateTime<Utc>) {
        let set = Some(Arc::new(KeySet { keys, generation: 1, fetched_at: now }));
        self.update(|state| *state = FetchState { set, attempted_at: Some(now) });
    }

    fn state(&self) -> FetchState {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, change: impl FnOnce(&mut FetchState)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Fetches the metadata of an issuer, which must name that issuer, and then the keys.
async fn discover(issuer: IssuerUrl, client: reqwest::Client) -> Result<CoreJsonWebKeySet, String> {
    let loopback = is_loopback(issuer.url());
    let get = |request| get(client.clone(), loopback, request);
    let metadata = CoreProviderMetadata::discover_async(issuer, &get).await;
    metadata.map(|metadata| metadata.jwks().clone()).map_err(|error| with_causes(&error))
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
    // The issuer chooses the URL of its keys, but must not choose one without TLS.
    let is_allowed = Url::parse(&address)
        .is_ok_and(|url| url.scheme() == "https" || loopback && url.scheme() == "http" && is_loopback(&url));
    if !is_allowed {
        return Err(FetchError::Insecure(address));
    }
    let mut fetched = client.get(address).headers(request.headers().clone()).send().await?;
    let mut body = Vec::new();
    while let Some(bytes) = fetched.chunk().await? {
        if body.len() + bytes.len() > MAX_RESPONSE_SIZE {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&bytes);
    }
    let mut response = HttpResponse::new(body);
    *response.status_mut() = fetched.status();
    *response.headers_mut() = fetched.headers().clone();
    Ok(response)
}
