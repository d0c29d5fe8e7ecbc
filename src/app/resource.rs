//! What the nouns of a task force share, written once: how they are listed, made, read, changed, moved and deleted.
//!
//! A noun says what is its own — its queries, what it asks before it is written, its exits — and gets the rest from
//! here: the doors, the order of the checks, the events.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::caller::{Access, Caller};
use super::write::{WriteTx, expect_version};
use super::{App, Result};
use crate::db::page::Page;
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, NewEvent, SubjectKind, changes_between};
use crate::domain::reference::Reference;
use crate::domain::refusal::{
    AvailableTransition, FieldError, FieldErrorCode, ProblemExtension, Refusal, RefusalCode,
};
use crate::domain::rights::Action;
use crate::domain::state_machine::{Transition, available, check_transition};
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary;
use crate::domain::writing::Write;

/// The events that a noun leaves.
#[derive(Debug, Clone, Copy)]
pub struct Events {
    /// It was made.
    pub created: EventAction,
    /// Its fields changed.
    pub updated: EventAction,
    /// It was deleted.
    pub deleted: EventAction,
}

/// A noun below a task force that members make, change and delete. A value is one of it, as it is read.
#[expect(async_fn_in_trait, reason = "these futures never leave their thread")]
pub trait Resource: Sized {
    /// What it belongs to within the task force: nothing, or the ids above it in its path.
    type Parent: Copy;
    /// What of it can be changed.
    type Fields: Clone + PartialEq + Serialize;
    /// What a list shows of it.
    type Listed;
    /// What a list is narrowed by.
    type Filter;
    /// What it is, in events and references.
    const KIND: SubjectKind;
    /// The events that it leaves.
    const EVENTS: Events;

    /// What is above it, as its events name that.
    fn place(_above: Self::Parent) -> Vec<(&'static str, Uuid)> {
        Vec::new()
    }

    /// Its id.
    fn id(&self) -> Uuid;
    /// Its version.
    fn version(&self) -> i32;
    /// Its fields.
    fn fields(&self) -> Self::Fields;

    /// Finds one.
    async fn find(
        conn: &Conn,
        task_force_id: Uuid,
        parent: Self::Parent,
        id: Uuid,
    ) -> QueryResult<Option<Self>>;

    /// A page of a list in the order of ids; `None` where there is nothing that it would belong to. A noun that is
    /// listed in other orders does so itself, and has none here.
    async fn list(
        _conn: &Conn,
        _task_force_id: Uuid,
        _above: Self::Parent,
        _filter: &Self::Filter,
        _after: Option<Uuid>,
        _limit: i64,
    ) -> QueryResult<Option<Page<Self::Listed>>> {
        Ok(None)
    }

    /// Makes one, if it may be made.
    async fn insert(tx: &WriteTx<'_>, parent: Self::Parent, fields: &Self::Fields) -> Result<Uuid>;

    /// Gives it other fields, if it may have them.
    async fn change(&self, tx: &WriteTx<'_>, parent: Self::Parent, fields: &Self::Fields) -> Result<()>;

    /// Asks whether it may be deleted, as far as nothing refers to it.
    async fn may_remove(&self, tx: &WriteTx<'_>, parent: Self::Parent) -> Result<()>;

    /// Deletes it, with its own parts.
    async fn remove(&self, tx: &WriteTx<'_>, parent: Self::Parent) -> Result<()>;

    /// Where it can go from here, for this caller.
    fn available_transitions(&self, _access: &Access) -> Vec<AvailableTransition> {
        Vec::new()
    }
}

/// A noun with states.
#[expect(async_fn_in_trait, reason = "these futures never leave their thread")]
pub trait Stateful: Resource<Parent = ()> {
    /// Its states.
    type State: Vocabulary;
    /// What a transition carries beside its reason.
    type Payload;
    /// The event that a transition leaves.
    const TRANSITIONED: EventAction;

    /// The state it is in.
    fn state(&self) -> Self::State;
    /// The ways out of it.
    fn transitions(&self, access: &Access) -> Vec<Transition<Self::State>>;

    /// Goes to a state that an exit leads to, after whatever the order must say has been checked; adds what else
    /// changed to the event.
    async fn enter(
        &self,
        tx: &WriteTx<'_>,
        to: Self::State,
        reason: Option<&LocalizedText>,
        payload: Self::Payload,
        new_event: NewEvent,
    ) -> Result<NewEvent>;
}

/// A noun with parts, which are written under its own conditions.
pub trait ParentResource: Resource<Parent = ()> {
    /// Asks whether its parts may be written.
    ///
    /// # Errors
    /// The code of what stands in the way.
    fn parts_writable(&self, tx: &WriteTx<'_>) -> Result<()>;

    /// What its state promises of it and its parts, and is not so any more.
    fn violated_invariant(&self, access: &Access) -> Option<RefusalCode>;
}

/// What every product answers alike, as a part of its [`Resource`]: `$row` is the field that holds what is stored.
macro_rules! product {
    ($table:ident, $row:ident: $listed:ty, $fields:ty, $filter:ty, $kind:ident: $created:ident, $updated:ident, $deleted:ident) => {
        type Parent = ();
        type Fields = $fields;
        type Listed = $listed;
        type Filter = $filter;
        const KIND: SubjectKind = SubjectKind::$kind;
        const EVENTS: $crate::app::resource::Events = $crate::app::resource::Events {
            created: EventAction::$created,
            updated: EventAction::$updated,
            deleted: EventAction::$deleted,
        };

        fn id(&self) -> Uuid {
            self.$row.id
        }

        fn version(&self) -> i32 {
            self.$row.version
        }

        async fn find(
            conn: &$crate::db::Conn,
            task_force_id: Uuid,
            (): (),
            id: Uuid,
        ) -> $crate::db::QueryResult<Option<Self>> {
            $crate::db::$table::find(conn, task_force_id, id).await
        }

        async fn list(
            conn: &$crate::db::Conn,
            task_force_id: Uuid,
            (): (),
            filter: &Self::Filter,
            after: Option<Uuid>,
            limit: i64,
        ) -> $crate::db::QueryResult<Option<$crate::db::page::Page<$listed>>> {
            $crate::db::$table::list(conn, task_force_id, filter, after, limit).await.map(Some)
        }

        async fn remove(&self, tx: &WriteTx<'_>, (): ()) -> Result<()> {
            Ok($crate::db::$table::delete(tx.conn(), tx.task_force_id(), self.$row.id).await?)
        }

        fn available_transitions(
            &self,
            access: &Access,
        ) -> Vec<$crate::domain::refusal::AvailableTransition> {
            $crate::app::resource::available_transitions(self, access)
        }
    };
}
pub(super) use product;

/// Makes a part a [`Resource`]: it is written while its whole lets it, and the whole keeps its promises.
macro_rules! part {
    (
        $part:ty, $fields:ty, $table:ident, of $whole:ty, $wholes:ident as $place:literal,
        $kind:ident: $created:ident, $updated:ident, $deleted:ident $(, with $check:path)?
    ) => {
        impl $crate::app::resource::Resource for $part {
            type Parent = Uuid;
            type Fields = $fields;
            type Listed = Self;
            type Filter = ();
            const KIND: SubjectKind = SubjectKind::$kind;
            const EVENTS: $crate::app::resource::Events = $crate::app::resource::Events {
                created: EventAction::$created,
                updated: EventAction::$updated,
                deleted: EventAction::$deleted,
            };

            fn place(whole: Uuid) -> Vec<(&'static str, Uuid)> {
                vec![($place, whole)]
            }

            fn id(&self) -> Uuid {
                self.id
            }

            fn version(&self) -> i32 {
                self.version
            }

            fn fields(&self) -> $fields {
                self.fields.clone()
            }

            async fn find(
                conn: &Conn,
                task_force_id: Uuid,
                whole: Uuid,
                id: Uuid,
            ) -> QueryResult<Option<Self>> {
                db::$table::find(conn, task_force_id, whole, id).await
            }

            async fn list(
                conn: &Conn,
                task_force_id: Uuid,
                whole: Uuid,
                (): &(),
                after: Option<Uuid>,
                limit: i64,
            ) -> QueryResult<Option<$crate::db::page::Page<Self>>> {
                let (there, page) = tokio::try_join!(
                    db::$wholes::is_there(conn, task_force_id, whole),
                    db::$table::list(conn, task_force_id, whole, after, limit),
                )?;
                Ok(there.then_some(page))
            }

            async fn insert(tx: &WriteTx<'_>, whole: Uuid, fields: &$fields) -> Result<Uuid> {
                resource::found::<$whole>(tx, (), whole).await?.parts_writable(tx)?;
                $( $check(tx, None, fields).await?; )?
                let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
                let id = db::$table::insert(conn, task_force_id, whole, fields, tx.now()).await?;
                resource::keep::<$whole>(tx, whole).await?;
                Ok(id)
            }

            async fn change(&self, tx: &WriteTx<'_>, whole: Uuid, fields: &$fields) -> Result<()> {
                resource::found::<$whole>(tx, (), whole).await?.parts_writable(tx)?;
                $( $check(tx, Some(self), fields).await?; )?
                db::$table::update(tx.conn(), tx.task_force_id(), self.id, fields, tx.now()).await?;
                resource::keep::<$whole>(tx, whole).await
            }

            async fn may_remove(&self, tx: &WriteTx<'_>, whole: Uuid) -> Result<()> {
                resource::found::<$whole>(tx, (), whole).await?.parts_writable(tx)?;
                resource::made_in_this_cycle(tx, self.created_at).await
            }

            async fn remove(&self, tx: &WriteTx<'_>, whole: Uuid) -> Result<()> {
                db::$table::delete(tx.conn(), tx.task_force_id(), self.id).await?;
                resource::keep::<$whole>(tx, whole).await
            }
        }
    };
}
pub(super) use part;

/// Where somebody wants one with states to go.
#[derive(Debug)]
pub struct Command<N: Stateful> {
    /// The state.
    pub to: N::State,
    /// Why.
    pub reason: Option<LocalizedText>,
    /// What else it takes.
    pub payload: N::Payload,
}

/// Where one with states can go from here, for whoever may work.
pub fn available_transitions<N: Stateful>(noun: &N, access: &Access) -> Vec<AvailableTransition> {
    available(&noun.transitions(access), access.right(Action::Work).missing_right())
}

/// One as somebody sees it.
#[derive(Debug)]
pub struct View<N> {
    /// What it is.
    pub noun: N,
    /// The day it is in the task force's time zone.
    pub today: NaiveDate,
    /// Where it can go from here, for this caller.
    pub transitions: Vec<AvailableTransition>,
}

impl<N: Resource> View<N> {
    pub(super) fn new(noun: N, access: &Access) -> Self {
        let transitions = noun.available_transitions(access);
        Self { noun, today: access.today, transitions }
    }
}

fn new_event<N: Resource>(action: EventAction, id: Uuid) -> NewEvent {
    NewEvent::new(action, N::KIND, id)
}

/// One behind the door.
pub(super) async fn found<N: Resource>(tx: &WriteTx<'_>, parent: N::Parent, id: Uuid) -> Result<N> {
    let noun = N::find(tx.conn(), tx.task_force_id(), parent, id).await?;
    Ok(noun.ok_or(RefusalCode::NotFound)?)
}

/// One behind the door, as the caller read it.
pub(super) async fn at_version<N: Resource>(
    tx: &WriteTx<'_>,
    parent: N::Parent,
    id: Uuid,
    version: i32,
) -> Result<N> {
    let noun: N = found(tx, parent, id).await?;
    expect_version(noun.version(), version)?;
    Ok(noun)
}

/// Something that a request names in its body, as it is behind the door; `pointer` is where it names it.
pub(super) async fn named<N: Resource<Parent = ()>>(tx: &WriteTx<'_>, id: Uuid, pointer: &str) -> Result<N> {
    let noun = N::find(tx.conn(), tx.task_force_id(), (), id).await?;
    Ok(noun.ok_or_else(|| Refusal::unknown_reference(pointer))?)
}

/// The cycle that a product of a step is made in: the present one, if its step is open.
pub(super) async fn open_cycle(tx: &WriteTx<'_>, step: crate::domain::step::StepName) -> Result<i32> {
    let step = super::steps::current(tx, step).await?;
    tx.may_write(Write::OpenStep(step.state))?;
    Ok(step.cycle)
}

/// Refuses what was done to something, or to a part of it, if it is not any more what its state promises.
pub(super) async fn keep<W: ParentResource>(tx: &WriteTx<'_>, id: Uuid) -> Result<()> {
    let whole: W = found(tx, (), id).await?;
    whole.violated_invariant(&tx.access).map_or(Ok(()), |code| Err(code.into()))
}

/// Refuses a day that has not begun in the task force's time zone; `pointer` is where the request names it.
pub(super) fn not_in_the_future(tx: &WriteTx<'_>, day: NaiveDate, pointer: &str) -> Result<()> {
    let today = tx.access.today;
    if day <= today {
        return Ok(());
    }
    let fault = FieldError::at(pointer, FieldErrorCode::TooLarge).saying(
        format!("is in the future: in the task force's time zone it is {today}"),
        format!("يقع في المستقبل: تاريخ اليوم بتوقيت فريق العمل هو {today}"),
    );
    Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![fault]).into())
}

/// Refuses to delete what an earlier cycle has: it is part of the record.
pub(super) fn made_now(cycle: i32, last_cycle: i32) -> Result<()> {
    if cycle == last_cycle { Ok(()) } else { Err(RefusalCode::OfAnEarlierCycle.into()) }
}

/// The same of what has no cycle of its own, by the time it was made.
pub(super) async fn made_in_this_cycle(tx: &WriteTx<'_>, created_at: DateTime<Utc>) -> Result<()> {
    let (task_force_id, cycle) = (tx.task_force_id(), tx.access.cycle);
    if cycle == 1 || created_at >= db::cycles::opened_at(tx.conn(), task_force_id, cycle).await? {
        return Ok(());
    }
    Err(RefusalCode::OfAnEarlierCycle.into())
}

/// Refuses to delete what something else refers to.
async fn unreferenced(tx: &WriteTx<'_>, kind: SubjectKind, id: Uuid) -> Result<()> {
    let references: Vec<Reference> = db::references::to(tx.conn(), tx.task_force_id(), kind, id).await?;
    if references.is_empty() {
        return Ok(());
    }
    Err(Refusal::from(RefusalCode::StillReferenced)
        .extension(ProblemExtension::References(references))
        .into())
}

impl App {
    /// A page of a noun.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound` where there is nothing that it would belong to.
    pub async fn list<N: Resource>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        parent: N::Parent,
        filter: &N::Filter,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<(NaiveDate, Page<N::Listed>)> {
        let (access, page) = self
            .read(caller, task_force_id, async |conn| {
                N::list(conn, task_force_id, parent, filter, after, limit).await
            })
            .await?;
        Ok((access.today, page.ok_or(RefusalCode::NotFound)?))
    }

    /// One of a noun.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`.
    pub async fn get<N: Resource>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        parent: N::Parent,
        id: Uuid,
    ) -> Result<View<N>> {
        let (access, noun) = self
            .read(caller, task_force_id, async |conn| N::find(conn, task_force_id, parent, id).await)
            .await?;
        Ok(View::new(noun.ok_or(RefusalCode::NotFound)?, &access))
    }

    /// Makes one of a noun.
    ///
    /// # Errors
    /// The state of task force or step, and what [`Resource::insert`] refuses.
    pub async fn create<N: Resource>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        parent: N::Parent,
        fields: N::Fields,
    ) -> Result<View<N>> {
        self.write(caller, task_force_id, Action::Work, async |tx| {
            let id = N::insert(tx, parent, &fields).await?;
            let mut created =
                new_event::<N>(N::EVENTS.created, id).with(changes_between(&Value::Null, &json!(fields)));
            for (name, id) in N::place(parent) {
                created = created.with_change(name, None::<()>, id);
            }
            tx.record(created);
            Ok(View::new(found(tx, parent, id).await?, &tx.access))
        })
        .await
    }

    /// Changes the fields of one.
    ///
    /// # Errors
    /// `versionMismatch`, the state of task force or step, and what [`Resource::change`] refuses.
    pub async fn update<N: Resource>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        parent: N::Parent,
        id: Uuid,
        version: i32,
        patch: impl FnOnce(N::Fields) -> Result<N::Fields>,
    ) -> Result<View<N>> {
        self.write(caller, task_force_id, Action::Work, async |tx| {
            let noun: N = at_version(tx, parent, id, version).await?;
            let before = noun.fields();
            let after = patch(before.clone())?;
            if after == before {
                return Ok(View::new(noun, &tx.access));
            }
            noun.change(tx, parent, &after).await?;
            tx.record(new_event::<N>(N::EVENTS.updated, id).with(changes_between(&before, &after)));
            Ok(View::new(found(tx, parent, id).await?, &tx.access))
        })
        .await
    }

    /// Moves one to another state.
    ///
    /// # Errors
    /// `versionMismatch`, what stands in the way of the exit, and what [`Stateful::enter`] refuses.
    pub async fn transition<N: Stateful>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: i32,
        command: Command<N>,
    ) -> Result<View<N>> {
        self.write(caller, task_force_id, Action::Work, async |tx| {
            let Command { to, reason, payload } = command;
            let noun: N = at_version(tx, (), id, version).await?;
            check_transition(noun.state(), &noun.transitions(&tx.access), to, reason.is_some())?;
            let moved = new_event::<N>(N::TRANSITIONED, id)
                .with_transition(noun.state().code(), to.code())
                .with_change("reason", None::<()>, &reason);
            let moved = noun.enter(tx, to, reason.as_ref(), payload, moved).await?;
            tx.record(moved);
            Ok(View::new(found(tx, (), id).await?, &tx.access))
        })
        .await
    }

    /// Deletes one, with its own parts.
    ///
    /// # Errors
    /// `versionMismatch`, `stillReferenced`, the state of task force or step, and what [`Resource::remove`] refuses.
    pub async fn delete<N: Resource>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        parent: N::Parent,
        id: Uuid,
        version: i32,
    ) -> Result<()> {
        self.write(caller, task_force_id, Action::Work, async |tx| {
            let noun: N = at_version(tx, parent, id, version).await?;
            noun.may_remove(tx, parent).await?;
            unreferenced(tx, N::KIND, id).await?;
            noun.remove(tx, parent).await?;
            let fields = json!(noun.fields());
            let mut deleted =
                new_event::<N>(N::EVENTS.deleted, id).with(changes_between(&fields, &Value::Null));
            for (name, id) in N::place(parent) {
                deleted = deleted.with_change(name, id, None::<()>);
            }
            tx.record(deleted);
            Ok(())
        })
        .await
    }
}
