//! The write door: the one way to change a task force.
//!
//! It opens the transaction, takes the task force's lock, looks again who is asking, asks for the right, runs the
//! use case, appends what happened to the event chain and commits. A use case gets at the database only through
//! it, so none of that can be forgotten.

use chrono::{DateTime, Utc};
use diesel_async::{AnsiTransactionManager, TransactionManager};
use uuid::Uuid;

use super::caller::{Access, Actor, Caller};
use super::idempotency::CommitMode;
use super::{App, Result};
use crate::db::{self, Conn};
use crate::domain::event::{ActorKind, Event, EventActor, NewEvent, chain};
use crate::domain::refusal::{ProblemCode, ProblemExtension, Refusal};
use crate::domain::rights::Action;
use crate::domain::writing::{Write, may_write};

/// An open door: a transaction that holds the task force's lock, and what has happened in it so far.
#[expect(missing_debug_implementations, reason = "a connection has nothing to show")]
pub struct WriteTx<'a> {
    conn: &'a Conn,
    /// Who is asking, and where.
    pub access: Access,
    new_events: Vec<NewEvent>,
}

impl WriteTx<'_> {
    /// The connection of the transaction.
    pub fn conn(&self) -> &Conn {
        self.conn
    }

    /// The task force behind this door.
    pub fn task_force_id(&self) -> Uuid {
        self.access.task_force_id
    }

    /// The instant of the request.
    pub fn now(&self) -> DateTime<Utc> {
        self.access.now
    }

    /// Says what has happened; it is appended to the chain when the use case is through.
    pub fn record(&mut self, new_event: NewEvent) {
        self.new_events.push(new_event);
    }

    /// Sequence number of the last event that this request leaves, as far as it has come.
    pub fn last_seq(&self) -> i64 {
        self.access.seq + i64::try_from(self.new_events.len()).unwrap_or(i64::MAX)
    }

    /// Asks whether this may be written now.
    ///
    /// # Errors
    /// The code of the state that stands in the way.
    pub fn may_write(&self, what: Write) -> Result<()> {
        Ok(may_write(what, self.access.state)?)
    }
}

/// Compares the version a caller read with the present one.
///
/// # Errors
/// `versionMismatch`, naming the present one.
pub fn expect_version(present: i32, expected: i32) -> Result<()> {
    if present == expected {
        return Ok(());
    }
    let refusal =
        Refusal::from(ProblemCode::VersionMismatch).extension(ProblemExtension::CurrentVersion(present));
    Err(refusal.into())
}

impl App {
    /// Changes a task force: all of it happens, or nothing.
    ///
    /// A use case that records nothing has changed nothing; its transaction is rolled back.
    ///
    /// # Errors
    /// As [`App::look`] under the lock, then `forbidden`, then what the use case refuses.
    pub async fn write<T>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        action: Action,
        use_case: impl AsyncFnOnce(&mut WriteTx<'_>) -> Result<T>,
    ) -> Result<T> {
        let _permit = self.writer_limit.acquire(task_force_id).await?;
        self.transaction(caller, async |conn| {
            caller.lock_key(conn).await?;
            let head = db::events::lock_head(conn, task_force_id).await?.ok_or(ProblemCode::NotFound)?;
            let access = self.look_on(conn, caller, task_force_id).await?;
            access.require(action)?;
            access.actor.require_writing()?;
            caller.claim_key(conn, self.clock.now()).await?;
            let mut tx = WriteTx { conn, access, new_events: Vec::new() };
            let answer = use_case(&mut tx).await?;
            if tx.new_events.is_empty() {
                return Ok(Effect::Unchanged(answer));
            }
            let actor = tx.access.actor.as_event_actor();
            append(conn, task_force_id, head, actor, &caller.request_id, tx.now(), tx.new_events).await?;
            Ok(Effect::Changed(answer))
        })
        .await
    }

    /// Founds a task force: the only change of one that has no lock to take yet.
    ///
    /// # Errors
    /// `forbidden`, or what the use case refuses.
    pub(super) async fn write_new<T>(
        &self,
        caller: &Caller,
        use_case: impl AsyncFnOnce(&Conn, &Actor, Uuid, DateTime<Utc>) -> Result<(T, Vec<NewEvent>)>,
    ) -> Result<T> {
        self.transaction(caller, async |conn| {
            caller.lock_key(conn).await?;
            let actor = self.actor_on(conn, caller).await?;
            actor.require(Action::CreateTaskForce)?;
            caller.claim_key(conn, self.clock.now()).await?;
            let (id, now) = (Uuid::now_v7(), self.clock.now());
            let (answer, new_events) = use_case(conn, &actor, id, now).await?;
            let head = db::events::lock_head(conn, id).await?.ok_or(ProblemCode::NotFound)?;
            append(conn, id, head, actor.as_event_actor(), &caller.request_id, now, new_events).await?;
            Ok(Effect::Changed(answer))
        })
        .await
    }

    /// Changes something outside any task force for somebody who may, and appends it to the installation's events.
    ///
    /// # Errors
    /// `unauthenticated`, what `may` refuses the caller, what the use case refuses.
    pub(super) async fn write_as<T>(
        &self,
        caller: &Caller,
        may: impl FnOnce(&Actor) -> Result<()>,
        use_case: impl AsyncFnOnce(&Conn, &Actor, DateTime<Utc>) -> Result<(T, Option<NewEvent>)>,
    ) -> Result<T> {
        self.transaction(caller, async |conn| {
            caller.lock_key(conn).await?;
            let actor = self.actor_on(conn, caller).await?;
            may(&actor)?;
            actor.require_writing()?;
            caller.claim_key(conn, self.clock.now()).await?;
            let now = self.clock.now();
            let (answer, new_event) = use_case(conn, &actor, now).await?;
            let Some(new_event) = new_event else { return Ok(Effect::Unchanged(answer)) };
            let by = actor.as_event_actor();
            db::events::insert_installation(conn, by, &caller.request_id, now, &new_event).await?;
            Ok(Effect::Changed(answer))
        })
        .await
    }

    /// Changes something outside any task force for somebody who has shown no credential: signing in, and what is
    /// done at the command line.
    ///
    /// # Errors
    /// What the use case refuses.
    pub(super) async fn write_installation<T>(
        &self,
        request_id: &str,
        use_case: impl AsyncFnOnce(&Conn, DateTime<Utc>) -> Result<(T, Option<NewInstallationEvent>)>,
    ) -> Result<T> {
        self.committed(async |conn| {
            let now = self.clock.now();
            let (answer, new_event) = use_case(conn, now).await?;
            let Some(NewInstallationEvent { actor, new_event }) = new_event else {
                return Ok(Effect::Unchanged(answer));
            };
            db::events::insert_installation(conn, actor, request_id, now, &new_event).await?;
            Ok(Effect::Changed(answer))
        })
        .await
    }

    /// A transaction that ends as the caller intends.
    async fn transaction<T>(
        &self,
        caller: &Caller,
        body: impl AsyncFnOnce(&Conn) -> Result<Effect<T>>,
    ) -> Result<T> {
        match &caller.commit_mode {
            CommitMode::Commit => self.committed(body).await,
            CommitMode::DryRun => self.tried(body).await,
            CommitMode::Idempotent(request) => {
                let (answer, guard) = self
                    .with_open_conn(async |conn| match begun(conn, body).await? {
                        Effect::Changed(answer) => Ok(answer),
                        Effect::Unchanged(answer) => {
                            // Only the key is kept, and not what the use case may have written.
                            AnsiTransactionManager::rollback_transaction(conn).await?;
                            let claimed = async |conn: &Conn| {
                                caller.lock_key(conn).await?;
                                caller.claim_key(conn, self.clock.now()).await
                            };
                            begun(conn, claimed).await?;
                            Ok(answer)
                        }
                    })
                    .await?;
                request.await_response(guard);
                Ok(answer)
            }
        }
    }

    async fn committed<T>(&self, body: impl AsyncFnOnce(&Conn) -> Result<Effect<T>>) -> Result<T> {
        self.with_conn(async |conn| match begun(conn, body).await? {
            Effect::Changed(answer) => {
                AnsiTransactionManager::commit_transaction(conn).await?;
                Ok(answer)
            }
            Effect::Unchanged(answer) => {
                AnsiTransactionManager::rollback_transaction(conn).await?;
                Ok(answer)
            }
        })
        .await
    }

    /// Everything is checked, what is deferred to the commit too, and nothing is kept.
    async fn tried<T>(&self, body: impl AsyncFnOnce(&Conn) -> Result<Effect<T>>) -> Result<T> {
        let checked = async |conn: &Conn| {
            let outcome = body(conn).await?;
            db::statement::check_deferred(conn).await?;
            Ok(outcome)
        };
        self.with_conn(async |conn| match begun(conn, checked).await? {
            Effect::Changed(answer) | Effect::Unchanged(answer) => {
                AnsiTransactionManager::rollback_transaction(conn).await?;
                Ok(answer)
            }
        })
        .await
    }
}

/// Begins a transaction and works in it. It is left open where the work goes through, and rolled back otherwise.
async fn begun<T>(conn: &mut Conn, work: impl AsyncFnOnce(&Conn) -> Result<T>) -> Result<T> {
    // By hand, since diesel-async's `transaction` asks for futures that can move between threads. Where this
    // future is dropped half-way, the lease closes the connection, and the server rolls back.
    AnsiTransactionManager::begin_transaction(conn).await?;
    match work(conn).await {
        Ok(answer) => Ok(answer),
        Err(error) => {
            if let Err(rollback) = AnsiTransactionManager::rollback_transaction(conn).await {
                // The pool sees the broken transaction and discards the connection.
                tracing::warn!(%rollback, "a refused transaction could not be rolled back");
            }
            Err(error)
        }
    }
}

/// Something that happened outside any task force, and who did it.
#[derive(Debug)]
pub struct NewInstallationEvent {
    /// Who did it.
    pub actor: EventActor,
    /// What happened.
    pub new_event: NewEvent,
}

impl NewInstallationEvent {
    /// Something that a user did.
    pub fn by(user_id: Uuid, new_event: NewEvent) -> Self {
        Self { actor: EventActor { kind: ActorKind::User, id: Some(user_id) }, new_event }
    }
}

enum Effect<T> {
    Changed(T),
    Unchanged(T),
}

async fn append(
    conn: &Conn,
    task_force_id: Uuid,
    mut head: db::events::Head,
    actor: EventActor,
    request_id: &str,
    at: DateTime<Utc>,
    new_events: Vec<NewEvent>,
) -> Result<()> {
    let mut links = Vec::with_capacity(new_events.len());
    for new_event in new_events {
        let event = Event {
            seq: head.seq + 1,
            id: Uuid::now_v7(),
            task_force_id,
            at,
            actor,
            request_id: request_id.to_owned(),
            action: new_event.action,
            subject: new_event.subject,
            from: new_event.from.map(str::to_owned),
            to: new_event.to.map(str::to_owned),
            changes: new_event.changes,
        };
        let body = event.canonical().map_err(super::Error::internal)?;
        let hash = chain(&head.hash, &body);
        let next = db::events::Head { seq: event.seq, hash: hash.to_vec() };
        let previous = std::mem::replace(&mut head, next).hash;
        links.push(db::events::Link { event, body, previous, hash });
    }
    db::events::insert(conn, &links).await?;
    Ok(db::events::move_head(conn, task_force_id, &head, at).await?)
}
