//! The write transaction: the one way to change a task force.
//!
//! [`App::write`] begins the transaction, takes the lock of the task force, reads again who the caller is, checks the
//! right, runs the use case, appends its events to the event chain and commits.
//!
//! Changes of a task force use [`App::write`], [`App::write_along`] as part of a change of a user, or
//! [`App::write_as_service`] for what time brings. No other function
//! makes a [`WriteTx`], so none of these steps can be forgotten. `with_conn` is for reads and for rows outside the event chain: key use, refused attempts, housekeeping.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel_async::{AnsiTransactionManager, TransactionManager as _};
use uuid::Uuid;

use super::caller::{Access, Actor, Caller};
use super::connection::{DATABASE_TIMEOUT, within};
use super::idempotency::CommitMode;
use super::ids::IdSequence;
use super::wakes::{TASK_FORCES, Wake, Wakes};
use super::{App, Error, Result};
use crate::db::{self, Conn};
use crate::domain::event::{ActorKind, Event, EventActor, NewEvent, chain};
use crate::domain::refusal::{ProblemExtension, Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::domain::version::ExpectedVersion;
use crate::domain::writing::Write;

/// A transaction that holds the lock of a task force, and the events that the use case has recorded so far.
#[expect(missing_debug_implementations, reason = "a connection has nothing to show")]
pub struct WriteTx<'a> {
    conn: &'a Conn,
    /// The caller in this task force, as read under the lock.
    pub access: Access,
    ids: IdSequence,
    new_events: Vec<NewEvent>,
}

impl WriteTx<'_> {
    pub fn conn(&self) -> &Conn {
        self.conn
    }

    /// The task force whose lock the transaction holds.
    pub fn task_force_id(&self) -> Uuid {
        self.access.task_force_id
    }

    /// The instant of the request.
    pub fn now(&self) -> DateTime<Utc> {
        self.access.now
    }

    /// The ids of the rows that this transaction makes.
    pub(super) fn ids(&self) -> &IdSequence {
        &self.ids
    }

    /// The id of a new row, greater than all ids that the task force has.
    pub fn new_id(&self) -> Uuid {
        self.ids.next()
    }

    /// Records an event. The events are appended to the chain when the use case has finished.
    pub fn record(&mut self, new_event: NewEvent) {
        self.new_events.push(new_event);
    }

    /// The sequence number of the last event recorded so far.
    pub fn last_seq(&self) -> i64 {
        self.access.seq + i64::try_from(self.new_events.len()).unwrap_or(i64::MAX)
    }

    /// Checks that the state of the task force lets this be written.
    ///
    /// # Errors
    /// The code of the state that forbids the write.
    pub fn may_write(&self, what: Write) -> Result<()> {
        Ok(self.access.may_write(what)?)
    }
}

/// Checks that a resource has a version that the caller expects.
///
/// # Errors
/// `versionMismatch` with the current version.
pub fn expect_version(current: i32, expected: &ExpectedVersion) -> Result<()> {
    if expected.includes(current) {
        return Ok(());
    }
    let refusal =
        Refusal::from(RefusalCode::VersionMismatch).extension(ProblemExtension::CurrentVersion(current));
    Err(refusal.into())
}

impl App {
    /// Changes a task force in one transaction.
    ///
    /// The transaction of a use case that records no event is rolled back: nothing has changed.
    ///
    /// # Errors
    /// The errors of [`App::access`] under the lock, then `forbidden`, then those of the use case.
    pub async fn write<T>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        action: Action,
        use_case: impl AsyncFnOnce(&mut WriteTx<'_>) -> Result<T>,
    ) -> Result<T> {
        self.write_within(DATABASE_TIMEOUT, caller, task_force_id, action, use_case).await
    }

    /// Changes a task force in one transaction that may take as long as the limit.
    ///
    /// # Errors
    /// As [`App::write`].
    pub(super) async fn write_within<T>(
        &self,
        limit: Duration,
        caller: &Caller,
        task_force_id: Uuid,
        action: Action,
        use_case: impl AsyncFnOnce(&mut WriteTx<'_>) -> Result<T>,
    ) -> Result<T> {
        let _permit = self.writer_limit.acquire(task_force_id).await?;
        self.transaction(limit, &caller.commit_mode, &caller.wakes, async |conn| {
            let (head, access) = self.begin_write(conn, caller, task_force_id, action).await?;
            caller.wakes.add(Wake::Events(task_force_id));
            self.run_use_case(conn, caller, head, access, use_case).await
        })
        .await
    }

    /// Changes a task force in the transaction of a change outside of it, which has checked the right.
    ///
    /// # Errors
    /// The errors of [`App::access`] under the lock, then those of the use case.
    pub(super) async fn write_along(
        &self,
        conn: &Conn,
        caller: &Caller,
        task_force_id: Uuid,
        use_case: impl AsyncFnOnce(&mut WriteTx<'_>) -> Result<()>,
    ) -> Result<()> {
        let head = db::events::lock_head(conn, task_force_id).await?.ok_or(RefusalCode::NotFound)?;
        let access = self.access_on(conn, caller, task_force_id).await?;
        caller.wakes.add(Wake::Events(task_force_id));
        self.run_use_case(conn, caller, head, access, use_case).await.map(drop)
    }

    /// Changes a task force by a rule of time, without a caller, in one transaction.
    ///
    /// # Errors
    /// `notFound`, the errors of the use case.
    pub(super) async fn write_as_service<T>(
        &self,
        task_force_id: Uuid,
        use_case: impl AsyncFnOnce(&mut WriteTx<'_>) -> Result<T>,
    ) -> Result<T> {
        let _permit = self.writer_limit.acquire(task_force_id).await?;
        let caller = Caller::of_service();
        self.transaction(DATABASE_TIMEOUT, &caller.commit_mode, &caller.wakes, async |conn| {
            let head = db::events::lock_head(conn, task_force_id).await?.ok_or(RefusalCode::NotFound)?;
            let now = self.clock.now();
            let state =
                db::access::task_force(conn, task_force_id, now).await?.ok_or(RefusalCode::NotFound)?;
            caller.wakes.add(Wake::Events(task_force_id));
            let access = Access::of_service(task_force_id, state, head.seq, now);
            self.run_use_case(conn, &caller, head, access, use_case).await
        })
        .await
    }

    /// Runs the checks before the use case: key, lock, caller, right, replay.
    async fn begin_write(
        &self,
        conn: &Conn,
        caller: &Caller,
        task_force_id: Uuid,
        action: Action,
    ) -> Result<(db::events::Head, Access)> {
        caller.lock_key(conn).await?;
        let head = db::events::lock_head(conn, task_force_id).await?.ok_or(RefusalCode::NotFound)?;
        let access = self.access_on(conn, caller, task_force_id).await?;
        access.require(action)?;
        access.actor.require_writing()?;
        caller.claim_key(conn, self.clock.now()).await?;
        Ok((head, access))
    }

    /// Creates a task force: the only write of a task force that does not first take its lock, since the row to lock
    /// does not exist yet.
    ///
    /// # Errors
    /// `forbidden`, or the errors of the use case.
    pub(super) async fn write_new<T>(
        &self,
        caller: &Caller,
        use_case: impl AsyncFnOnce(&Conn, &Actor, Uuid, &IdSequence) -> Result<(T, Vec<NewEvent>)>,
    ) -> Result<T> {
        self.transaction(DATABASE_TIMEOUT, &caller.commit_mode, &caller.wakes, async |conn| {
            caller.lock_key(conn).await?;
            let actor = self.actor_on(conn, caller).await?;
            actor.require(Action::CreateTaskForce)?;
            caller.claim_key(conn, self.clock.now()).await?;
            let ids = IdSequence::new(Uuid::nil(), self.clock.now());
            let id = ids.next();
            let (result, new_events) = use_case(conn, &actor, id, &ids).await?;
            let head = db::events::lock_head(conn, id).await?.ok_or(RefusalCode::NotFound)?;
            [Wake::Events(id), Wake::Rights(TASK_FORCES)].into_iter().for_each(|wake| caller.wakes.add(wake));
            self.append(conn, caller, (id, head), actor.as_event_actor(), &ids, new_events).await?;
            Ok(Effect::Changed(result))
        })
        .await
    }

    /// Changes something outside any task force for a caller with the right, and appends the installation event.
    ///
    /// # Errors
    /// `unauthenticated`, the errors of `may`, the errors of the use case.
    pub(super) async fn write_as<T>(
        &self,
        caller: &Caller,
        may: impl FnOnce(&Actor) -> Result<()>,
        use_case: impl AsyncFnOnce(&Conn, &Actor, DateTime<Utc>) -> Result<(T, Option<NewEvent>)>,
    ) -> Result<T> {
        self.transaction(DATABASE_TIMEOUT, &caller.commit_mode, &caller.wakes, async |conn| {
            caller.lock_key(conn).await?;
            let actor = self.actor_on(conn, caller).await?;
            may(&actor)?;
            actor.require_writing()?;
            caller.claim_key(conn, self.clock.now()).await?;
            let now = self.clock.now();
            let (result, new_event) = use_case(conn, &actor, now).await?;
            let Some(new_event) = new_event else { return Ok(Effect::Unchanged(result)) };
            // Rights may have changed: those of a user, or of a session or key that was ended.
            let ids = [actor.user_id, new_event.subject.id];
            ids.into_iter().for_each(|id| caller.wakes.add(Wake::Rights(id)));
            let by = actor.as_event_actor();
            db::events::insert_installation(conn, by, &caller.request_id, now, &new_event).await?;
            Ok(Effect::Changed(result))
        })
        .await
    }

    /// Changes what concerns the caller alone, such as what the caller has read, and leaves no event.
    ///
    /// # Errors
    /// `unauthenticated`, the errors of [`Actor::require`] for the own account, the errors of the use case.
    pub(super) async fn write_own<T>(
        &self,
        caller: &Caller,
        use_case: impl AsyncFnOnce(&Conn, DateTime<Utc>) -> Result<T>,
    ) -> Result<T> {
        self.transaction(DATABASE_TIMEOUT, &caller.commit_mode, &caller.wakes, async |conn| {
            caller.lock_key(conn).await?;
            let actor = self.actor_on(conn, caller).await?;
            actor.require(Action::ChangeOwnAccount)?;
            actor.require_writing()?;
            caller.claim_key(conn, self.clock.now()).await?;
            Ok(Effect::Changed(use_case(conn, self.clock.now()).await?))
        })
        .await
    }

    /// Changes something outside any task force without a credential: sign-ins, and commands of the command line.
    ///
    /// # Errors
    /// The errors of the use case.
    pub(super) async fn write_installation<T>(
        &self,
        request_id: &str,
        use_case: impl AsyncFnOnce(&Conn, DateTime<Utc>) -> Result<(T, Option<NewInstallationEvent>)>,
    ) -> Result<T> {
        let wakes = Wakes::default();
        self.transaction(DATABASE_TIMEOUT, &CommitMode::Commit, &wakes, async |conn| {
            let now = self.clock.now();
            let (result, new_event) = use_case(conn, now).await?;
            let Some(NewInstallationEvent { actor, new_event }) = new_event else {
                return Ok(Effect::Unchanged(result));
            };
            let ids = actor.id.into_iter().chain([new_event.subject.id]);
            ids.for_each(|id| wakes.add(Wake::Rights(id)));
            db::events::insert_installation(conn, actor, request_id, now, &new_event).await?;
            Ok(Effect::Changed(result))
        })
        .await
    }

    /// Runs a transaction, ends it by the commit mode of its request, and wakes those who wait for what was committed.
    async fn transaction<T>(
        &self,
        limit: Duration,
        mode: &CommitMode,
        wakes: &Wakes,
        body: impl AsyncFnOnce(&Conn) -> Result<Effect<T>>,
    ) -> Result<T> {
        let (mut guard, deadline) = self.connection(limit).await?;
        let conn = guard.conn()?;
        // By hand, since diesel-async's `transaction` asks for futures that can move between threads. Dropping this
        // future half-way drops the guard, which closes the connection, and the server rolls back.
        within(deadline, Box::pin(AnsiTransactionManager::begin_transaction(conn))).await??;
        let (result, outcome) = match within(deadline, Box::pin(body(conn))).await? {
            Ok(Effect::Changed(result)) => (Some(result), Ok(true)),
            Ok(Effect::Unchanged(result)) => (Some(result), Ok(false)),
            Err(error) => (None, Err(error)),
        };
        let is_commit = matches!((&outcome, mode), (Ok(true), CommitMode::Commit));
        let ended = within(deadline, Box::pin(self.end(conn, mode, outcome))).await?;
        match &ended {
            Ok(()) if is_commit => {
                self.last_write.note_success();
                self.live.wake(wakes.take());
            }
            Ok(()) => {}
            Err(error) => self.last_write.note_error(error),
        }
        match mode {
            CommitMode::Idempotent(request) if ended.is_ok() => request.await_response(guard, wakes.take()),
            _ => guard.release(),
        }
        ended?;
        result.ok_or_else(|| Error::internal("a transaction ended without a result"))
    }

    /// Ends a transaction whose body has changed something (`Ok(true)`), nothing (`Ok(false)`), or failed. The
    /// transaction of a request with an `Idempotency-Key` stays open for the response.
    async fn end(&self, conn: &mut Conn, mode: &CommitMode, outcome: Result<bool>) -> Result<()> {
        match (outcome, mode) {
            (Err(error), _) => Err(rolled_back(conn, error).await),
            (Ok(true), CommitMode::Commit) => Ok(AnsiTransactionManager::commit_transaction(conn).await?),
            (Ok(false), CommitMode::Commit) => Ok(AnsiTransactionManager::rollback_transaction(conn).await?),
            // Constraints that are deferred to the commit are checked as well.
            (Ok(_), CommitMode::DryRun) => match db::statement::check_deferred(conn).await {
                Ok(()) => Ok(AnsiTransactionManager::rollback_transaction(conn).await?),
                Err(error) => Err(rolled_back(conn, error.into()).await),
            },
            (Ok(true), CommitMode::Idempotent(_)) => Ok(()),
            (Ok(false), CommitMode::Idempotent(request)) => {
                // Only the key is stored, and nothing that the use case may have written.
                AnsiTransactionManager::rollback_transaction(conn).await?;
                AnsiTransactionManager::begin_transaction(conn).await?;
                let claimed = async {
                    request.lock_key(conn).await?;
                    request.claim_key(conn, self.clock.now()).await
                };
                match claimed.await {
                    Ok(()) => Ok(()),
                    Err(error) => Err(rolled_back(conn, error).await),
                }
            }
        }
    }
}

/// Rolls back the transaction that failed with this error.
async fn rolled_back(conn: &mut Conn, error: Error) -> Error {
    if let Err(rollback) = AnsiTransactionManager::rollback_transaction(conn).await {
        // The pool sees the broken transaction and discards the connection.
        tracing::warn!(%rollback, "a refused transaction could not be rolled back");
    }
    error
}

/// An event outside any task force, and its actor.
#[derive(Debug)]
pub struct NewInstallationEvent {
    pub actor: EventActor,
    /// The event.
    pub new_event: NewEvent,
}

impl NewInstallationEvent {
    /// An event whose actor is a user.
    pub fn by(user_id: Uuid, new_event: NewEvent) -> Self {
        Self { actor: EventActor { kind: ActorKind::User, id: Some(user_id) }, new_event }
    }
}

/// The result of a use case, and whether the use case changed anything.
enum Effect<T> {
    Changed(T),
    Unchanged(T),
}

impl App {
    /// Runs a use case under the lock of its task force, and appends the events that it records.
    async fn run_use_case<T>(
        &self,
        conn: &Conn,
        caller: &Caller,
        head: db::events::Head,
        access: Access,
        use_case: impl AsyncFnOnce(&mut WriteTx<'_>) -> Result<T>,
    ) -> Result<Effect<T>> {
        let ids = IdSequence::new(head.last_id, access.now);
        let mut tx = WriteTx { conn, access, ids, new_events: Vec::new() };
        let result = use_case(&mut tx).await?;
        if tx.new_events.is_empty() {
            return Ok(Effect::Unchanged(result));
        }
        let (task_force_id, actor) = (tx.task_force_id(), tx.access.actor.as_event_actor());
        self.append(conn, caller, (task_force_id, head), actor, &tx.ids, tx.new_events).await?;
        Ok(Effect::Changed(result))
    }

    /// Appends events to the chain of a task force and moves its head. Events are kept for ever, and one short request can
    /// cause thousands: those after the first count towards the content rate of the user.
    ///
    /// # Errors
    /// [`Error::TooMuchContent`].
    async fn append(
        &self,
        conn: &Conn,
        caller: &Caller,
        (task_force_id, mut head): (Uuid, db::events::Head),
        actor: EventActor,
        ids: &IdSequence,
        new_events: Vec<NewEvent>,
    ) -> Result<()> {
        let at = ids.now();
        let mut links = Vec::with_capacity(new_events.len());
        for new_event in new_events {
            let event = Event {
                seq: head.seq + 1,
                id: ids.next(),
                task_force_id,
                at,
                actor,
                request_id: caller.request_id.clone(),
                action: new_event.action,
                subject: new_event.subject,
                from: new_event.from.map(str::to_owned),
                to: new_event.to.map(str::to_owned),
                changes: new_event.changes,
            };
            let body = event.canonical().map_err(Error::internal)?;
            let hash = chain(&head.hash, &body);
            let next = db::events::Head { seq: event.seq, hash: hash.to_vec(), last_id: event.id };
            let previous = std::mem::replace(&mut head, next).hash;
            links.push(db::events::Link { event, body, previous, hash });
        }
        // Counted for the user, so that no member keeps others from submissions and reports. What time brings is not counted.
        if let (ActorKind::User, Some(user_id)) = (actor.kind, actor.id)
            && !matches!(caller.commit_mode, CommitMode::DryRun)
        {
            let further = links.iter().skip(1).map(|link| link.body.len()).sum();
            self.content_rate.count(user_id, further)?;
        }
        db::events::insert(conn, &links).await?;
        Ok(db::events::move_head(conn, task_force_id, &head, at).await?)
    }
}
