//! API keys, with which scripts sign in. A key never has more rights than its owner.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache;
use secrecy::SecretString;
use uuid::Uuid;

use super::caller::{Caller, Credential};
use super::clock::as_kept;
use super::connection::DATABASE_TIMEOUT;
use super::{App, Error, Result};
use crate::auth::secrets;
use crate::db;
use crate::db::api_keys::{ApiKey, NumberedApiKey};
use crate::db::page::{Page, Window};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::rights::{Action, KeyScope};

/// The longest lifetime of a key.
pub const MAX_LIFETIME: TimeDelta = TimeDelta::days(366);

/// The most keys that a user may have at the same time.
const MAX_ACTIVE_KEYS: i64 = 100;

/// The number of keys in the cache.
const CACHE_CAPACITY: u64 = 10_000;

/// The precision of a key's time of last use.
const USE_RECORDED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Tells whether a bearer token is an API key.
pub fn is_api_key(token: &str) -> bool {
    token.starts_with(secrets::KEY_PREFIX)
}

/// A key to be created.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The owner's note on the purpose of the key.
    pub name: String,
    /// The rights of the key.
    pub scopes: Vec<KeyScope>,
    /// The task force to which the key is limited.
    pub task_force_id: Option<Uuid>,
    /// The end of the key's lifetime.
    pub expires_at: DateTime<Utc>,
}

/// The keys that were looked up, by their hashes. The holder of a key never changes, so an entry has no time limit;
/// each request checks whether the key is still valid.
///
/// Single sign-on (by subject, for five minutes) and the rate limit (by hash, with refused credentials) have caches of
/// their own, since keys, lifetimes and contents differ.
#[derive(Debug, Clone)]
pub(super) struct ApiKeyCache(Cache<[u8; 32], CachedKey>);

impl Default for ApiKeyCache {
    fn default() -> Self {
        Self(Cache::new(CACHE_CAPACITY))
    }
}

/// The owner of a key, and the time at which its use was last recorded, in seconds.
#[derive(Debug, Clone)]
struct CachedKey {
    user_id: Uuid,
    key_id: Uuid,
    use_recorded_at: Arc<AtomicI64>,
}

impl CachedKey {
    /// Tells whether the use of the key is to be recorded now. Of many concurrent requests, only one gets `true`.
    fn use_is_due(&self, now: DateTime<Utc>) -> bool {
        let (recorded, now) = (self.use_recorded_at.load(Ordering::Relaxed), now.timestamp());
        now.saturating_sub(recorded) >= USE_RECORDED_EVERY.num_seconds()
            && self
                .use_recorded_at
                .compare_exchange(recorded, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

/// The errors in the fields of a key to be created.
fn field_errors(new: &NewApiKey, now: DateTime<Utc>) -> Vec<FieldError> {
    let at_the_end = |code| FieldError::at("/expiresAt", code);
    if new.expires_at <= now {
        vec![at_the_end(FieldErrorCode::TooSmall).saying("must lie in the future", "يجب أن يكون في المستقبل")]
    } else if new.expires_at > now + MAX_LIFETIME {
        let ar = "يجب ألا يبعد أكثر من 366 يومًا من الآن";
        vec![at_the_end(FieldErrorCode::TooLarge).saying("must lie at most 366 days ahead", ar)]
    } else {
        Vec::new()
    }
}

impl App {
    /// The owner of a key, or `None` if the key is unknown. The access query checks whether the key may be used.
    ///
    /// Keys are looked up by their SHA-256. The time of an index lookup may reveal something about similar hashes, but
    /// nobody can choose the hash of a guess, so the lookup does not have to take constant time.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn authenticate_api_key(&self, key: &str) -> Result<Option<(Uuid, Credential)>> {
        if !secrets::looks_like_a_key(key) {
            return Ok(None);
        }
        let hash = secrets::digest_of(key);
        let holder = match self.api_key_cache.0.get(&hash) {
            Some(holder) => holder,
            None => {
                let found = self.with_conn(async |conn| Ok(db::api_keys::holder(conn, &hash).await?)).await?;
                let Some((key_id, user_id)) = found else { return Ok(None) };
                let holder =
                    CachedKey { user_id, key_id, use_recorded_at: Arc::new(AtomicI64::new(i64::MIN)) };
                // If another request was first, its entry stays, and with it the time of the last use.
                self.api_key_cache.0.get_with(hash, || holder)
            }
        };
        let now = self.clock.now();
        if holder.use_is_due(now) {
            self.record_use(holder.key_id, now);
        }
        Ok(Some((holder.user_id, Credential::Key(holder.key_id))))
    }

    /// Records the use of a key in the background: no request waits for it or fails because of it.
    fn record_use(&self, key_id: Uuid, now: DateTime<Utc>) {
        let pool = self.pool.clone();
        tokio::spawn(async move {
            let recorded = tokio::time::timeout(DATABASE_TIMEOUT, async {
                let conn = pool.get().await.map_err(Error::from)?;
                Ok::<_, Error>(db::api_keys::note_use(&conn, key_id, now).await?)
            });
            if !matches!(recorded.await, Ok(Ok(()))) {
                tracing::debug!(%key_id, "the use of an API key could not be recorded");
            }
        });
    }

    /// A page of the caller's keys, newest first, including keys that have ended.
    ///
    /// # Errors
    /// `insufficientScope` for an API key.
    pub async fn api_keys_list(
        &self,
        caller: &Caller,
        before: Option<i64>,
        window: Window,
    ) -> Result<Page<NumberedApiKey>> {
        self.with_conn(async |conn| {
            let (actor, page) = tokio::join!(
                self.actor_on(conn, caller),
                db::api_keys::list(conn, caller.user_id, before, window),
            );
            actor?.require(Action::ChangeOwnAccount)?;
            Ok(page?)
        })
        .await
    }

    /// Creates a key for the caller. Its secret is returned only here.
    ///
    /// # Errors
    /// `insufficientScope` for an API key; `invalidRequest` for an end in the past or too far in the future;
    /// `unknownReference` for a task force that the caller cannot see; `tooManyApiKeys`.
    pub async fn api_key_create(&self, caller: &Caller, new: NewApiKey) -> Result<(ApiKey, SecretString)> {
        self.write_as(
            caller,
            |actor| actor.require(Action::ChangeOwnAccount),
            async |conn, _, now| {
                // Read again under the lock: a caller whose sessions an invitation has ended meanwhile gets no key, and
                // of many keys at once, none is beyond the limit.
                db::users::lock(conn, caller.user_id).await?;
                self.actor_on(conn, caller).await?;
                // The instant as the database keeps it and every later response shows it: whole microseconds, and no
                // leap second.
                let new = NewApiKey { expires_at: as_kept(new.expires_at), ..new };
                let mut errors = field_errors(&new, now);
                if let Some(id) = new.task_force_id {
                    match self.access_on(conn, caller, id).await {
                        Ok(_) => {}
                        Err(Error::Refused(refusal)) if refusal.code == RefusalCode::NotFound => {
                            errors.push(FieldError::at("/taskForceId", FieldErrorCode::UnknownReference));
                        }
                        Err(error) => return Err(error),
                    }
                }
                Refusal::if_any(errors)?;
                if db::api_keys::count(conn, caller.user_id, now).await? >= MAX_ACTIVE_KEYS {
                    return Err(RefusalCode::TooManyApiKeys.into());
                }
                let secret = secrets::generate_key().map_err(Error::internal)?;
                let row = db::api_keys::NewApiKey {
                    id: Uuid::now_v7(),
                    user_id: caller.user_id,
                    name: &new.name,
                    key_hash: &secrets::digest(&secret),
                    may_write: new.scopes.contains(&KeyScope::Write),
                    only_task_force_id: new.task_force_id,
                    created_at: now,
                    expires_at: new.expires_at,
                };
                let key = db::api_keys::insert(conn, &row).await?;
                let created = NewEvent::new(EventAction::ApiKeyCreated, SubjectKind::ApiKey, key.id)
                    .with_change("scopes", None::<()>, scopes(&key))
                    .with_change("taskForceId", None::<()>, key.only_task_force_id)
                    .with_change("expiresAt", None::<()>, key.expires_at);
                Ok(((key, secret), Some(created)))
            },
        )
        .await
    }

    /// Revokes one of the caller's keys, or as an administrator any key, immediately and for good. Revoking it again
    /// changes nothing.
    ///
    /// # Errors
    /// `insufficientScope` for an API key; `notFound` for a key that the caller may not revoke.
    pub async fn api_key_revoke(&self, caller: &Caller, id: Uuid) -> Result<()> {
        self.write_as(
            caller,
            |actor| actor.require(Action::RevokeKey),
            async |conn, actor, now| {
                let owner = db::api_keys::owner(conn, id).await?;
                owner.filter(|owner| actor.may(Action::RevokeKey, *owner)).ok_or(RefusalCode::NotFound)?;
                let revoked = db::api_keys::revoke(conn, id, now).await?;
                let revoked =
                    revoked.then(|| NewEvent::new(EventAction::ApiKeyRevoked, SubjectKind::ApiKey, id));
                Ok(((), revoked))
            },
        )
        .await
    }
}

/// The rights of a key, as responses list them.
pub fn scopes(key: &ApiKey) -> Vec<KeyScope> {
    if key.may_write { vec![KeyScope::Read, KeyScope::Write] } else { vec![KeyScope::Read] }
}
