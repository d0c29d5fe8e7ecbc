//! How many requests a caller may send: so many at once, and so many a minute after that.
//!
//! Asked before anything else is, the database above all. Whoever shows an access token of ours is counted by user;
//! everybody else by address, until a request of theirs came through: then the key or token is known for a while,
//! and counted by its user, too. So a flood of made-up credentials is one address's, and a person's sessions and
//! scripts share one limit. A credential that was refused is its user's no more, be it a revoked key or an access
//! token whose session has ended: whoever still shows it spends nothing of theirs.

use std::hash::Hash;
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
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::client_address;
use super::settings::RateLimit;
use crate::app::App;
use crate::app::caller::Caller;
use crate::http::context::bearer;
use crate::http::problem::Problem;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Callers that are counted one by one. With more, newcomers are counted by wider networks, of which there are few:
/// whoever commands that many addresses shall not fill our memory with them.
const COUNTED: usize = 100_000;
/// After so many requests, callers who have their whole quota again are forgotten.
const SWEEP_AFTER: u64 = 4096;
/// Credentials of which something is remembered, and for how long.
const REMEMBERED: u64 = 10_000;
const REMEMBERED_FOR: Duration = Duration::from_secs(300);

/// Who is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum LimitKey {
    User(Uuid),
    Network(IpNet),
}

/// What is remembered of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KnownCredential {
    /// A key or a foreign token that came through, and whose it is.
    Of(Uuid),
    /// An access token of ours whose session has ended.
    Over,
}

/// What a request has left of a quota.
#[derive(Debug, PartialEq, Eq)]
struct Remaining {
    requests: u32,
    /// Until the next one, where there is none.
    wait: Option<Duration>,
}

type Counts<C> = governor::RateLimiter<LimitKey, HashMapStateStore<LimitKey>, C, StateInformationMiddleware>;

/// Counts the requests of each caller.
pub(super) struct RateLimiter<C: Clock = DefaultClock> {
    quota: Quota,
    counts: Counts<C>,
    counted: usize,
    asked: AtomicU64,
    known: Cache<[u8; 32], KnownCredential>,
}

impl RateLimiter {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self::with_clock(limit, COUNTED, DefaultClock::default())
    }
}

impl<C: Clock> RateLimiter<C> {
    fn with_clock(limit: RateLimit, counted: usize, clock: C) -> Self {
        let quota = Quota::per_minute(limit.per_minute).allow_burst(limit.burst);
        Self {
            quota,
            counts: governor::RateLimiter::hashmap_with_clock(quota, clock).with_middleware(),
            counted,
            asked: AtomicU64::new(0),
            known: Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR).build(),
        }
    }

    /// The network that an address is counted by: whoever has one address of IPv6 has a whole /64.
    fn network(&self, address: IpAddr) -> LimitKey {
        let crowded = self.counts.len() >= self.counted;
        let prefix = match (address, crowded) {
            (IpAddr::V4(_), false) => 32,
            (IpAddr::V4(_), true) => 16,
            (IpAddr::V6(_), false) => 64,
            (IpAddr::V6(_), true) => 32,
        };
        LimitKey::Network(IpNet::new(address, prefix).unwrap_or_else(|_| address.into()).trunc())
    }

    fn spend(&self, who: &LimitKey) -> Remaining {
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP_AFTER == SWEEP_AFTER - 1 {
            self.counts.retain_recent();
        }
        match self.counts.check_key(who) {
            Ok(state) => Remaining { requests: state.remaining_burst_capacity(), wait: None },
            Err(until) => {
                Remaining { requests: 0, wait: Some(until.wait_time_from(self.counts.clock().now())) }
            }
        }
    }

    /// `RateLimit-Policy` and `RateLimit` as in draft-ietf-httpapi-ratelimit-headers-11: the quota and how long it
    /// takes to come back, what is left of it and when all of it is there again.
    fn headers(&self, left: &Remaining) -> [(HeaderName, String); 2] {
        let quota = self.quota.burst_size().get();
        let window = seconds(self.quota.burst_size_replenished_in());
        let whole_again = self.quota.replenish_interval().saturating_mul(quota.saturating_sub(left.requests));
        [
            (RATE_LIMIT_POLICY, format!("\"default\";q={quota};w={window}")),
            (RATE_LIMIT, format!("\"default\";r={};t={}", left.requests, seconds(whole_again))),
        ]
    }
}

/// Whole seconds, and not too few.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Whether requests to this address are counted: a load balancer asks as often as it likes whether we are well.
pub(in crate::http) fn applies(path: &str) -> bool {
    !path.starts_with("/health/")
}

/// Counts every request before it goes further.
pub(super) async fn wrap(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let limiter = request.app_data::<Data<RateLimiter>>().cloned().filter(|_| applies(request.path()));
    let Some(limiter) = limiter else {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    };
    let token = bearer(request.headers());
    let own = token.zip(request.app_data::<Data<App>>());
    let own = own.and_then(|(token, app)| app.tokens.verify(token, app.clock.now()));
    let hash: Option<[u8; 32]> = token.map(|token| Sha256::digest(token).into());
    let user = match hash.and_then(|hash| limiter.known.get(&hash)) {
        Some(KnownCredential::Of(user_id)) => Some(user_id),
        Some(KnownCredential::Over) => None,
        None => own.as_ref().map(|claims| claims.user_id),
    };
    let who = user.map_or_else(
        || limiter.network(client_address::of(request.request()).unwrap_or(Ipv4Addr::UNSPECIFIED.into())),
        LimitKey::User,
    );

    let left = limiter.spend(&who);
    let mut answer = match left.wait {
        Some(wait) => {
            let answer = refusal(wait).error_response();
            request.into_response(answer).map_into_right_body()
        }
        None => next.call(request).await?.map_into_left_body(),
    };
    if let Some(hash) = hash {
        let caller = answer.request().extensions().get::<Caller>().map(|caller| caller.user_id);
        match (answer.status(), own.is_some()) {
            (StatusCode::UNAUTHORIZED, true) => limiter.known.insert(hash, KnownCredential::Over),
            (StatusCode::UNAUTHORIZED, false) => limiter.known.invalidate(&hash),
            // A wrong password is answered so, too, and the session went on.
            (status, true) if user.is_none() && status.is_success() => limiter.known.invalidate(&hash),
            (_, true) => {}
            (_, false) => {
                caller.into_iter().for_each(|id| limiter.known.insert(hash, KnownCredential::Of(id)))
            }
        }
    }
    for (name, value) in limiter.headers(&left) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            answer.headers_mut().insert(name, value);
        }
    }
    Ok(answer)
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
        counted: usize,
    ) -> (RateLimiter<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let limit = RateLimit::new(per_minute, burst).unwrap();
        (RateLimiter::with_clock(limit, counted, clock.clone()), clock)
    }

    #[test]
    fn a_burst_is_taken_and_comes_back_by_and_by() {
        let (limiter, clock) = limiter(60, 3, 10);
        let who = LimitKey::User(Uuid::nil());
        for left in [2, 1, 0] {
            assert_eq!(limiter.spend(&who), Remaining { requests: left, wait: None });
        }
        assert_eq!(limiter.spend(&who), Remaining { requests: 0, wait: Some(Duration::from_secs(1)) });
        assert_eq!(
            limiter.spend(&LimitKey::User(Uuid::max())).requests,
            2,
            "everybody has a quota of their own"
        );
        clock.advance(Duration::from_millis(1100));
        assert_eq!(limiter.spend(&who).wait, None);
        assert!(limiter.spend(&who).wait.is_some());
        clock.advance(Duration::from_secs(60));
        assert_eq!(limiter.spend(&who).requests, 2, "no more than the burst is saved up");
    }

    /// A handler whose extractor found out who holds the key.
    async fn found(request: actix_web::HttpRequest) -> actix_web::HttpResponse {
        let holder = bearer(request.headers()).and_then(|key| key.strip_prefix("tfk_good_"));
        let Some(holder) = holder else { return actix_web::HttpResponse::Unauthorized().finish() };
        let caller = Caller {
            user_id: holder.parse().unwrap(),
            credential: Credential::Session(Uuid::nil()),
            request_id: String::new(),
            commit_mode: crate::app::idempotency::CommitMode::Commit,
        };
        request.extensions_mut().insert(caller);
        actix_web::HttpResponse::Ok().finish()
    }

    #[actix_web::test]
    async fn a_key_that_came_through_is_counted_by_its_user_and_a_made_up_one_by_the_address() {
        use actix_web::middleware::from_fn;
        use actix_web::test::{TestRequest, call_service, init_service};
        use actix_web::{App, web};

        let limiter = Data::new(RateLimiter::new(RateLimit::new(1, 3).unwrap()));
        let app = App::new().app_data(limiter).default_service(web::to(found)).wrap(from_fn(wrap));
        let service = init_service(app).await;
        let ask = async |key: &str| {
            let peer = "198.51.100.1:4711".parse().unwrap();
            let request =
                TestRequest::get().peer_addr(peer).insert_header(("Authorization", format!("Bearer {key}")));
            let answer = call_service(&service, request.to_request()).await;
            let left = answer
                .headers()
                .get(RATE_LIMIT)
                .unwrap()
                .to_str()
                .unwrap()
                .split(';')
                .nth(1)
                .unwrap()
                .to_owned();
            (answer.status().as_u16(), left)
        };
        let key = |user: Uuid| format!("tfk_good_{user}");
        let (one, other) = (key(Uuid::nil()), key(Uuid::max()));
        // Nobody knows yet whose they are: they are one address's.
        assert_eq!(ask(&one).await, (200, "r=2".to_owned()));
        assert_eq!(ask(&other).await, (200, "r=1".to_owned()));
        assert_eq!(ask("tfk_bad").await, (401, "r=0".to_owned()));
        assert_eq!(ask("tfk_bad").await, (429, "r=0".to_owned()));
        // From now on each is its user's, whatever the address does.
        for left in ["r=2", "r=1", "r=0"] {
            assert_eq!(ask(&one).await, (200, left.to_owned()));
        }
        assert_eq!(ask(&one).await.0, 429);
        assert_eq!(ask(&other).await, (200, "r=2".to_owned()));
    }

    #[test]
    fn the_headers_say_what_is_left_and_when_all_is_back() {
        let (limiter, _) = limiter(120, 30, 10);
        let told = |requests| {
            limiter
                .headers(&Remaining { requests, wait: None })
                .map(|(name, value)| format!("{name}: {value}"))
        };
        assert_eq!(told(29), ["ratelimit-policy: \"default\";q=30;w=15", "ratelimit: \"default\";r=29;t=1"]);
        assert_eq!(told(0), ["ratelimit-policy: \"default\";q=30;w=15", "ratelimit: \"default\";r=0;t=15"]);
    }

    #[test]
    fn a_network_is_counted_as_one_and_a_crowd_by_wider_ones() {
        let (limiter, clock) = limiter(60, 1, 4);
        let who = |address: &str| limiter.network(address.parse().unwrap());
        assert_eq!(who("2001:db8:1:2::1"), who("2001:db8:1:2:ffff::2"));
        assert_ne!(who("2001:db8:1:2::1"), who("2001:db8:1:3::1"));
        assert_ne!(who("198.51.100.1"), who("198.51.100.2"));
        for last in 0..4 {
            assert_eq!(limiter.spend(&who(&format!("198.51.100.{last}"))).wait, None);
        }
        assert_eq!(who("198.51.100.77"), who("198.51.7.7"));
        assert_eq!(who("2001:db8:1:2::1"), who("2001:db8:77::"));
        clock.advance(Duration::from_secs(60));
        limiter.counts.retain_recent();
        assert_ne!(who("198.51.100.1"), who("198.51.100.2"), "who was silent is forgotten");
    }

    #[test]
    fn callers_who_have_all_back_are_forgotten_by_themselves() {
        let (limiter, clock) = limiter(60_000, 1, COUNTED);
        for _ in 0..SWEEP_AFTER {
            limiter.spend(&LimitKey::User(Uuid::new_v4()));
            clock.advance(Duration::from_millis(10));
        }
        assert!(limiter.counts.len() < 10, "{}", limiter.counts.len());
    }
}
