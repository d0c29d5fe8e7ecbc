//! Limits how many bytes the requests of a user may carry: JSON bodies and files, each at once and per minute.
//!
//! A few hundred requests may carry as much as thousands of usual ones, and the database keeps most of it. So bytes are
//! counted beside requests ([`super::rate_limit`]), once a body has been read or announced. Requests without a
//! credential keep nothing that they carry, and are counted as requests only.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Data;
use governor::Quota;
use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use uuid::Uuid;

use super::rate_limit::seconds;
use super::settings::ByteLimits;
use crate::http::problem::{Problem, Result};

/// The unit of the counters, in bytes.
const UNIT: usize = 1024;
/// Users with a counter, above which those are dropped whose whole quota is available again.
const SWEEP_ABOVE: usize = 1000;

/// The counters of the users.
struct Counters {
    by_user: governor::RateLimiter<Uuid, HashMapStateStore<Uuid>, DefaultClock>,
    /// The units that a user may send at once.
    at_once: NonZeroU32,
}

/// The kind of content that a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Carried {
    Json,
    File,
}

/// Counts the bytes of each user.
pub(in crate::http) struct ByteLimiter {
    json: Option<Counters>,
    files: Option<Counters>,
}

impl ByteLimiter {
    pub(super) fn new(limits: ByteLimits) -> Self {
        let counters = |mebibytes: u32| {
            let per_minute = NonZeroU32::new(mebibytes.saturating_mul(1024))?;
            let at_once = per_minute.saturating_mul(ByteLimits::AT_ONCE);
            let quota = Quota::per_minute(per_minute).allow_burst(at_once);
            Some(Counters { by_user: governor::RateLimiter::hashmap(quota), at_once })
        };
        Self { json: counters(limits.json_mib), files: counters(limits.file_mib) }
    }

    /// Counts bytes that a user has sent, and returns the time to wait if there are too many.
    fn count(&self, user_id: Uuid, carried: Carried, bytes: usize) -> Option<Duration> {
        let Counters { by_user, at_once } = match carried {
            Carried::Json => self.json.as_ref()?,
            Carried::File => self.files.as_ref()?,
        };
        if by_user.len() > SWEEP_ABOVE {
            by_user.retain_recent();
        }
        // A file may have more bytes than may be sent at once: it takes all of them.
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(at_once.get());
        let refused = by_user.check_key_n(&user_id, NonZeroU32::new(units)?).ok()?.err()?;
        Some(refused.wait_time_from(by_user.clock().now()))
    }
}

/// Counts the bytes that a request of a user carries.
///
/// # Errors
/// `tooManyRequests` with the time to wait.
pub(in crate::http) fn count(
    request: &HttpRequest,
    user_id: Uuid,
    carried: Carried,
    bytes: usize,
) -> Result<()> {
    let limiter = request.app_data::<Data<ByteLimiter>>();
    let wait = limiter.and_then(|limiter| limiter.count(user_id, carried, bytes));
    wait.map_or(Ok(()), |wait| {
        Err(Problem::too_many_bytes(u32::try_from(seconds(wait)).unwrap_or(u32::MAX).max(1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_bytes_of_each_kind() {
        let limiter = ByteLimiter::new(ByteLimits { json_mib: 1, file_mib: 0 });
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mib = 1024 * 1024;
        assert_eq!(limiter.count(one, Carried::Json, mib), None);
        assert_eq!(limiter.count(one, Carried::Json, mib - 10 * UNIT), None);
        assert_eq!(limiter.count(one, Carried::Json, 0), None);
        let wait = limiter.count(one, Carried::Json, mib / 2).unwrap();
        assert!((Duration::from_secs(25)..Duration::from_secs(35)).contains(&wait), "{wait:?}");
        assert_eq!(limiter.count(one, Carried::Json, 10 * UNIT), None, "what still fits is taken");
        assert_eq!(limiter.count(other, Carried::Json, 2 * mib), None);
        assert_eq!(limiter.count(one, Carried::File, 100 * mib), None, "0 is no limit");
    }
}
