//! Limits how many requests a caller may send: a burst at once, then a steady rate per minute.
//!
//! The limit applies before any work but content negotiation, above all before the database. A request with a valid
//! access token of the service counts towards its user, any other request towards the network of the client. Once an API
//! key or a token of another issuer has been accepted, its user is cached, and its next requests count towards the user,
//! too. So a flood of invented credentials counts towards one network, and all sessions and scripts of a person share
//! one limit. A credential that was refused no longer counts towards its user, such as a revoked key or the access token
//! of a session that has ended: nobody can use up the limit of its former owner with it.
//!
//! `governor` counts. No middleware around it serves: `actix-governor` is under the GPL-3.0, `actix-limitation` needs
//! Redis, `actix-extensible-rate-limit` counts in fixed windows, and none of them looks at the response, which alone
//! says whose a key is.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, ResponseError as _};
use governor::Quota;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use ipnet::IpNet;
use moka::sync::Cache;
use uuid::Uuid;

use super::client_address;
use super::settings::RateLimit;
use crate::app::App;
use crate::app::caller::Caller;
use crate::auth::secrets;
use crate::http::context::bearer;
use crate::http::problem::Problem;
use crate::util::networks::{client_network, network};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Callers that are counted separately. Beyond this number new callers are counted by wider networks, so that a
/// client with many addresses can't fill the memory.
const MAX_CALLERS: usize = 100_000;
/// After this number of requests, callers whose whole quota is available again are dropped.
const SWEEP_AFTER: u64 = 4096;
/// The maximum number of cached credentials.
const MAX_CREDENTIALS: u64 = 10_000;
/// Lifetime of a cached credential.
const CREDENTIAL_TTL: Duration = Duration::from_secs(300);

/// The caller that a request counts towards.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum LimitKey {
    User(Uuid),
    Network(IpNet),
}

/// Credentials by their hashes.
///
/// The caches of `app/api_keys.rs` and `app/single_sign_on.rs` can't take its place: they are filled on the way to the
/// database, for the key or the subject of a verified token, and keep no credential that was refused.
type CredentialCache = Cache<[u8; 32], CachedCredential>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CachedCredential {
    /// A key or a token of another issuer that was accepted, with its user.
    Accepted(Uuid),
    /// An access token of the service whose session has ended.
    SessionEnded,
}

/// The rest of a quota after a request.
#[derive(Debug, PartialEq, Eq)]
struct Remaining {
    requests: u32,
    /// The time until the next request is allowed; `None` if this one is.
    wait: Option<Duration>,
}

type Counters<C> =
    governor::RateLimiter<LimitKey, HashMapStateStore<LimitKey>, C, StateInformationMiddleware>;

/// Counts the requests of each caller.
pub(super) struct RateLimiter<C: Clock = DefaultClock> {
    quota: Quota,
    counters: Counters<C>,
    max_callers: usize,
    requests: AtomicU64,
    credentials: CredentialCache,
}

impl RateLimiter {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self::with_clock(limit, MAX_CALLERS, DefaultClock::default())
    }
}

impl<C: Clock> RateLimiter<C> {
    fn with_clock(limit: RateLimit, max_callers: usize, clock: C) -> Self {
        let quota = Quota::per_minute(limit.per_minute).allow_burst(limit.burst);
        Self {
            quota,
            counters: governor::RateLimiter::hashmap_with_clock(quota, clock).with_middleware(),
            max_callers,
            requests: AtomicU64::new(0),
            credentials: Cache::builder().max_capacity(MAX_CREDENTIALS).time_to_live(CREDENTIAL_TTL).build(),
        }
    }

    /// The network that an address counts towards: that of the client, or a wider one once there are too many.
    fn network(&self, address: IpAddr) -> LimitKey {
        let is_crowded = self.counters.len() >= self.max_callers;
        LimitKey::Network(if is_crowded { network(address, 16, 32) } else { client_network(address).into() })
    }

    /// Counts a request.
    fn count(&self, key: &LimitKey) -> Remaining {
        if self.requests.fetch_add(1, Ordering::Relaxed) % SWEEP_AFTER == SWEEP_AFTER - 1 {
            self.counters.retain_recent();
        }
        match self.counters.check_key(key) {
            Ok(state) => Remaining { requests: state.remaining_burst_capacity(), wait: None },
            Err(until) => {
                Remaining { requests: 0, wait: Some(until.wait_time_from(self.counters.clock().now())) }
            }
        }
    }

    /// `RateLimit-Policy` and `RateLimit` as in draft-ietf-httpapi-ratelimit-headers-11: the quota and the time in
    /// which it is restored; the rest of the quota and the time until all of it is available again.
    fn headers(&self, remaining: &Remaining) -> [(HeaderName, String); 2] {
        let quota = self.quota.burst_size().get();
        let window = seconds(self.quota.burst_size_replenished_in());
        let used = quota.saturating_sub(remaining.requests);
        let reset = seconds(self.quota.replenish_interval().saturating_mul(used));
        [
            (RATE_LIMIT_POLICY, format!("\"default\";q={quota};w={window}")),
            (RATE_LIMIT, format!("\"default\";r={};t={reset}", remaining.requests)),
        ]
    }
}

/// Whole seconds, rounded up.
pub(super) fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Returns whether requests to a path are counted. A load balancer may check the health of the service at any rate.
pub(in crate::http) fn applies(path: &str) -> bool {
    !path.starts_with("/health/")
}

/// Counts each request before it is handled.
pub(super) async fn wrap(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let limiter = request.app_data::<Data<RateLimiter>>().cloned().filter(|_| applies(request.path()));
    let Some(limiter) = limiter else {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    };
    let token = bearer(request.headers());
    let claims = token.zip(request.app_data::<Data<App>>());
    let claims = claims.and_then(|(token, app)| app.tokens.verify(token, app.clock.now()));
    let hash = token.map(secrets::digest_of);
    let user = match hash.and_then(|hash| limiter.credentials.get(&hash)) {
        Some(CachedCredential::Accepted(user_id)) => Some(user_id),
        Some(CachedCredential::SessionEnded) => None,
        None => claims.as_ref().map(|claims| claims.user_id),
    };
    let key = user.map_or_else(
        || limiter.network(client_address::of(request.request()).unwrap_or(Ipv4Addr::UNSPECIFIED.into())),
        LimitKey::User,
    );

    let remaining = limiter.count(&key);
    let mut response = match remaining.wait {
        Some(wait) => {
            let response = refusal(wait).error_response();
            request.into_response(response).map_into_right_body()
        }
        None => next.call(request).await?.map_into_left_body(),
    };
    if let Some(hash) = hash {
        let caller = response.request().extensions().get::<Caller>().map(|caller| caller.user_id);
        let credentials = &limiter.credentials;
        match (response.status(), claims.is_some()) {
            (StatusCode::UNAUTHORIZED, true) => credentials.insert(hash, CachedCredential::SessionEnded),
            (StatusCode::UNAUTHORIZED, false) => credentials.invalidate(&hash),
            // A wrong password has the same status, although the session has not ended.
            (status, true) if user.is_none() && status.is_success() => credentials.invalidate(&hash),
            (_, true) => {}
            (_, false) => {
                if let Some(user_id) = caller {
                    credentials.insert(hash, CachedCredential::Accepted(user_id));
                }
            }
        }
    }
    for (name, value) in limiter.headers(&remaining) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

fn refusal(wait: Duration) -> Problem {
    let seconds = u32::try_from(seconds(wait)).unwrap_or(u32::MAX).max(1);
    Problem::too_many_requests(seconds)
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;
    use crate::app::caller::Credential;

    fn limiter(
        per_minute: u32,
        burst: u32,
        max_callers: usize,
    ) -> (RateLimiter<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let limit = RateLimit::new(per_minute, burst).unwrap();
        (RateLimiter::with_clock(limit, max_callers, clock.clone()), clock)
    }

    #[test]
    fn a_burst_is_taken_and_comes_back_by_and_by() {
        let (limiter, clock) = limiter(60, 3, 10);
        let key = LimitKey::User(Uuid::nil());
        for left in [2, 1, 0] {
            assert_eq!(limiter.count(&key), Remaining { requests: left, wait: None });
        }
        assert_eq!(limiter.count(&key), Remaining { requests: 0, wait: Some(Duration::from_secs(1)) });
        assert_eq!(
            limiter.count(&LimitKey::User(Uuid::max())).requests,
            2,
            "everybody has a quota of their own"
        );
        clock.advance(Duration::from_millis(1100));
        assert_eq!(limiter.count(&key).wait, None);
        assert!(limiter.count(&key).wait.is_some());
        clock.advance(Duration::from_secs(60));
        assert_eq!(limiter.count(&key).requests, 2, "no more than the burst is saved up");
    }

    /// A handler whose extractor accepts some keys.
    async fn accept(request: actix_web::HttpRequest) -> actix_web::HttpResponse {
        let holder = bearer(request.headers()).and_then(|key| key.strip_prefix("tfk_good_"));
        let Some(holder) = holder else { return actix_web::HttpResponse::Unauthorized().finish() };
        let caller = Caller::new(holder.parse().unwrap(), Credential::Session(Uuid::nil()), String::new());
        request.extensions_mut().insert(caller);
        actix_web::HttpResponse::Ok().finish()
    }

    #[actix_web::test]
    async fn a_key_that_came_through_is_counted_by_its_user_and_a_made_up_one_by_the_address() {
        use actix_web::middleware::from_fn;
        use actix_web::test::{TestRequest, call_service, init_service};
        use actix_web::{App, web};

        let limiter = Data::new(RateLimiter::new(RateLimit::new(1, 3).unwrap()));
        let app = App::new().app_data(limiter).default_service(web::to(accept)).wrap(from_fn(wrap));
        let service = init_service(app).await;
        let ask = async |key: &str| {
            let peer = "198.51.100.1:4711".parse().unwrap();
            let request =
                TestRequest::get().peer_addr(peer).insert_header(("Authorization", format!("Bearer {key}")));
            let response = call_service(&service, request.to_request()).await;
            let left = response
                .headers()
                .get(RATE_LIMIT)
                .unwrap()
                .to_str()
                .unwrap()
                .split(';')
                .nth(1)
                .unwrap()
                .to_owned();
            (response.status().as_u16(), left)
        };
        let key = |user: Uuid| format!("tfk_good_{user}");
        let (one, other) = (key(Uuid::nil()), key(Uuid::max()));
        // Not accepted yet, so they count towards the address.
        assert_eq!(ask(&one).await, (200, "r=2".to_owned()));
        assert_eq!(ask(&other).await, (200, "r=1".to_owned()));
        assert_eq!(ask("tfk_bad").await, (401, "r=0".to_owned()));
        assert_eq!(ask("tfk_bad").await, (429, "r=0".to_owned()));
        // From now on each counts towards its user, whatever the address does.
        for left in ["r=2", "r=1", "r=0"] {
            assert_eq!(ask(&one).await, (200, left.to_owned()));
        }
        assert_eq!(ask(&one).await.0, 429);
        assert_eq!(ask(&other).await, (200, "r=2".to_owned()));
    }

    #[test]
    fn the_headers_say_what_is_left_and_when_all_is_back() {
        let (limiter, _) = limiter(120, 30, 10);
        let headers = |requests| {
            limiter
                .headers(&Remaining { requests, wait: None })
                .map(|(name, value)| format!("{name}: {value}"))
        };
        assert_eq!(
            headers(29),
            ["ratelimit-policy: \"default\";q=30;w=15", "ratelimit: \"default\";r=29;t=1"]
        );
        assert_eq!(
            headers(0),
            ["ratelimit-policy: \"default\";q=30;w=15", "ratelimit: \"default\";r=0;t=15"]
        );
    }

    #[test]
    fn a_network_is_counted_as_one_and_a_crowd_by_wider_ones() {
        let (limiter, clock) = limiter(60, 1, 4);
        let who = |address: &str| limiter.network(address.parse().unwrap());
        assert_eq!(who("2001:db8:1:2::1"), who("2001:db8:1:2:ffff::2"));
        assert_ne!(who("2001:db8:1:2::1"), who("2001:db8:1:3::1"));
        assert_ne!(who("198.51.100.1"), who("198.51.100.2"));
        for last in 0..4 {
            assert_eq!(limiter.count(&who(&format!("198.51.100.{last}"))).wait, None);
        }
        assert_eq!(who("198.51.100.77"), who("198.51.7.7"));
        assert_eq!(who("2001:db8:1:2::1"), who("2001:db8:77::"));
        clock.advance(Duration::from_secs(60));
        limiter.counters.retain_recent();
        assert_ne!(who("198.51.100.1"), who("198.51.100.2"), "who was silent is forgotten");
    }

    #[test]
    fn callers_who_have_all_back_are_forgotten_by_themselves() {
        let (limiter, clock) = limiter(60_000, 1, MAX_CALLERS);
        for _ in 0..SWEEP_AFTER {
            limiter.count(&LimitKey::User(Uuid::new_v4()));
            clock.advance(Duration::from_millis(10));
        }
        assert!(limiter.counters.len() < 10, "{}", limiter.counters.len());
    }
}
