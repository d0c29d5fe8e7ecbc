//! The use cases that all resources of a task force share: list, create, get, update, transition and delete.
//!
//! A resource implements [`Resource`] with its queries and its checks, or [`ChildOf`] if it belongs to a parent, and
//! [`Stateful`] if it has states. The use cases here open the transaction, run the checks in the same order for all
//! and record the events.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::caller::{Access, Caller};
use super::write::{WriteTx, expect_version};
use super::{App, Checked, Result, steps};
use crate::db::page::{Page, Window};
use crate::db::resource::ChildRow;
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, NewEvent, SubjectKind, changes_between};
use crate::domain::reference::Reference;
use crate::domain::refusal::{AvailableTransition, FieldError, Refusal, RefusalCode};
use crate::domain::rights::{Action, Authorization};
use crate::domain::size::ChildLimit;
use crate::domain::state_machine::{Transition, available, check_transition};
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::version::ExpectedVersion;
use crate::domain::vocabulary::Vocabulary;
use crate::domain::writing::Write;

/// The events that a resource records.
#[derive(Debug, Clone, Copy)]
pub struct Events {
    /// The resource was created.
    pub created: EventAction,
    /// The fields of the resource were changed.
    pub updated: EventAction,
    /// The resource was deleted.
    pub deleted: EventAction,
}

/// A resource of a task force that members create, change and delete. A value of the type is one resource, as reads
/// return it.
#[expect(async_fn_in_trait, reason = "these futures never leave their thread")]
pub trait Resource: Sized {
    /// The parent within the task force: nothing, or the ids of the parents in the path.
    type Parent: Copy;
    /// The fields that can be changed.
    type Fields: Clone + PartialEq + Serialize;
    /// An item of a list.
    type Listed;
    /// The filter of a list.
    type Filter;
    /// The order of a list, with the key of the row after which a page begins.
    type Order;
    /// The facts beside the resource that decide whether it may be changed or deleted.
    type Context;
    /// The kind of the resource in events and references.
    const KIND: SubjectKind;
    /// The events that the resource records.
    const EVENTS: Events;
    /// The right to create, change and delete the resource.
    const ACTION: Action = Action::Work;

    /// The ids of the parents, under the names that events give them.
    fn parent_ids(_parent: Self::Parent) -> Vec<(&'static str, Uuid)> {
        Vec::new()
    }

    fn id(&self) -> Uuid;
    /// The version, which counts changes.
    fn version(&self) -> i32;
    /// The fields that can be changed.
    fn fields(&self) -> &Self::Fields;

    /// Finds a resource by its id.
    async fn find(
        conn: &Conn,
        task_force_id: Uuid,
        parent: Self::Parent,
        id: Uuid,
    ) -> QueryResult<Option<Self>>;

    /// A page of a list, or `None` if the parent does not exist. A resource with lists in other
    /// orders queries them itself and keeps this default.
    async fn list(
        _conn: &Conn,
        _task_force_id: Uuid,
        _parent: Self::Parent,
        _filter: &Self::Filter,
        _order: &Self::Order,
        _window: Window,
    ) -> QueryResult<Option<Page<Self::Listed>>> {
        Ok(None)
    }

    /// Checks that a resource with these fields may be created, and inserts it.
    async fn insert(tx: &WriteTx<'_>, parent: Self::Parent, fields: &Self::Fields) -> Result<Uuid>;

    /// Reads the facts beside the resource that decide whether it may be changed or deleted. A read asks for them
    /// together with the resource, so that its permissions cost no round trip.
    async fn context(
        conn: &Conn,
        task_force_id: Uuid,
        parent: Self::Parent,
        id: Uuid,
    ) -> QueryResult<Self::Context>;

    /// Checks that the resource may be changed, whatever its new fields.
    fn check_changeable(&self, access: &Access, context: &Self::Context) -> Checked;

    /// Checks that the resource may be deleted. References to it are checked apart from this.
    fn check_deletable(&self, access: &Access, context: &Self::Context) -> Checked;

    /// Tells whether the state of the parent needs the resource, so that it can't be deleted.
    fn is_needed(_context: &Self::Context) -> bool {
        false
    }

    /// Checks that a resource that may be changed may have these fields, and updates it.
    async fn update(&self, tx: &WriteTx<'_>, parent: Self::Parent, fields: &Self::Fields) -> Result<()>;

    /// Deletes the resource and its children.
    async fn delete(&self, tx: &WriteTx<'_>, parent: Self::Parent) -> Result<()>;

    /// The transitions that this caller sees.
    fn available_transitions(&self, _access: &Access) -> Vec<AvailableTransition> {
        Vec::new()
    }

    /// The other resources behind an obstacle to a change of this one.
    fn references(&self, _obstacle: RefusalCode) -> Vec<Reference> {
        Vec::new()
    }
}

/// A resource with states.
#[expect(async_fn_in_trait, reason = "these futures never leave their thread")]
pub trait Stateful: Resource<Parent = ()> {
    /// The states.
    type State: Vocabulary;
    /// The parameters of a transition beside its reason.
    type Payload;
    /// The event that a transition records.
    const TRANSITIONED: EventAction;

    /// The current state.
    fn state(&self) -> Self::State;
    /// The transitions from the current state.
    fn transitions(&self, access: &Access) -> Vec<Transition<Self::State>>;

    /// Checks the payload and stores the new state; adds everything else that changes to the event. The caller has
    /// checked that the transition is possible.
    async fn apply_transition(
        &self,
        tx: &WriteTx<'_>,
        to: Self::State,
        reason: Option<&LocalizedText>,
        payload: Self::Payload,
        new_event: NewEvent,
    ) -> Result<NewEvent>;
}

/// A resource with children ([`ChildOf`]), which can be written only while the parent allows it.
#[expect(async_fn_in_trait, reason = "these futures never leave their thread")]
pub trait ParentResource: Resource<Parent = ()> {
    /// The name of the parent's id in the events of its children.
    const ID_NAME: &'static str;

    /// Tells whether a parent with this id exists.
    async fn exists(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<bool>;

    /// Checks that the children may be written.
    ///
    /// # Errors
    /// The code of the state that forbids it.
    fn children_writable(&self, access: &Access) -> Checked;

    /// The code of an invariant of the current state that the parent and its children violate.
    fn violated_invariant(&self, access: &Access) -> Option<RefusalCode>;
}

/// A resource that belongs to a parent: it can be written only while the parent allows it, and the parent's
/// invariants are checked after every write.
///
/// The row brings its queries along ([`ChildRow`]); [`Resource`] follows from both.
#[expect(async_fn_in_trait, reason = "these futures never leave their thread")]
pub trait ChildOf: ChildRow<Fields: Clone + PartialEq + Serialize> {
    /// The resource that the child belongs to.
    type Parent: ParentResource;
    /// The kind of the child in events and references.
    const KIND: SubjectKind;
    /// The events that the child records.
    const EVENTS: Events;
    /// The most children of the kind that a parent can have, as [`ChildRow::count`] counts them.
    const LIMIT: ChildLimit;

    /// Checks the fields of a child that is created or, with `before`, updated; beyond what the parent checks.
    async fn check_fields(_tx: &WriteTx<'_>, _before: Option<&Self>, _fields: &Self::Fields) -> Result<()> {
        Ok(())
    }

    /// The obstacle to the deletion of a child, beyond the rules of all children.
    async fn deletion_obstacle(
        _conn: &Conn,
        _task_force_id: Uuid,
        _id: Uuid,
    ) -> QueryResult<Option<RefusalCode>> {
        Ok(None)
    }

    /// Checks the fields of a child that was created or updated together with its parent, as both are stored then.
    fn check_with_parent(_parent: &Self::Parent, _fields: &Self::Fields) -> Result<()> {
        Ok(())
    }
}

/// The facts that decide whether a child may be changed or deleted.
#[derive(Debug)]
pub struct ChildContext<P> {
    /// The parent; `None` if there is none, and then no child of it either.
    parent: Option<P>,
    is_of_current_cycle: bool,
    deletion_obstacle: Option<RefusalCode>,
    /// True if the parent violates an invariant of its state once the child is deleted.
    is_needed: bool,
}

impl<P: ParentResource> ChildContext<P> {
    fn check_parent(&self, access: &Access) -> Checked {
        self.parent.as_ref().ok_or(RefusalCode::NotFound)?.children_writable(access)
    }
}

impl<C: ChildOf> Resource for C {
    type Parent = Uuid;
    type Fields = <C as ChildRow>::Fields;
    type Listed = Self;
    type Filter = ();
    type Order = Option<Uuid>;
    type Context = ChildContext<<C as ChildOf>::Parent>;
    const KIND: SubjectKind = <C as ChildOf>::KIND;
    const EVENTS: Events = <C as ChildOf>::EVENTS;

    fn parent_ids(parent_id: Uuid) -> Vec<(&'static str, Uuid)> {
        vec![(<C as ChildOf>::Parent::ID_NAME, parent_id)]
    }

    fn id(&self) -> Uuid {
        ChildRow::id(self)
    }

    fn version(&self) -> i32 {
        ChildRow::version(self)
    }

    fn fields(&self) -> &<C as ChildRow>::Fields {
        ChildRow::fields(self)
    }

    async fn find(conn: &Conn, task_force_id: Uuid, parent_id: Uuid, id: Uuid) -> QueryResult<Option<Self>> {
        <C as ChildRow>::find(conn, task_force_id, parent_id, id).await
    }

    async fn list(
        conn: &Conn,
        task_force_id: Uuid,
        parent_id: Uuid,
        (): &(),
        after: &Option<Uuid>,
        window: Window,
    ) -> QueryResult<Option<Page<Self>>> {
        let (exists, page) = tokio::try_join!(
            <C as ChildOf>::Parent::exists(conn, task_force_id, parent_id),
            <C as ChildRow>::list(conn, task_force_id, parent_id, *after, window),
        )?;
        Ok(exists.then_some(page))
    }

    async fn insert(tx: &WriteTx<'_>, parent_id: Uuid, fields: &<C as ChildRow>::Fields) -> Result<Uuid> {
        check_children_writable::<<C as ChildOf>::Parent>(tx, parent_id).await?;
        C::check_fields(tx, None, fields).await?;
        let count = <C as ChildRow>::count(tx.conn(), tx.task_force_id(), parent_id).await?;
        C::LIMIT.check(count)?;
        let id = tx.new_id();
        <C as ChildRow>::insert(tx.conn(), tx.task_force_id(), id, parent_id, fields, tx.now()).await?;
        check_stored::<C>(tx, parent_id, fields).await?;
        Ok(id)
    }

    async fn update(
        &self,
        tx: &WriteTx<'_>,
        parent_id: Uuid,
        fields: &<C as ChildRow>::Fields,
    ) -> Result<()> {
        C::check_fields(tx, Some(self), fields).await?;
        <C as ChildRow>::update(tx.conn(), tx.task_force_id(), ChildRow::id(self), fields, tx.now()).await?;
        check_stored::<C>(tx, parent_id, fields).await
    }

    async fn context(
        conn: &Conn,
        task_force_id: Uuid,
        parent_id: Uuid,
        id: Uuid,
    ) -> QueryResult<Self::Context> {
        let (parent, is_of_current_cycle, deletion_obstacle, is_needed) = tokio::try_join!(
            <C as ChildOf>::Parent::find(conn, task_force_id, (), parent_id),
            db::cycles::is_made_in_current(conn, task_force_id, id),
            C::deletion_obstacle(conn, task_force_id, id),
            db::needed::by_parent(conn, task_force_id, <C as ChildOf>::KIND, id),
        )?;
        Ok(ChildContext { parent, is_of_current_cycle, deletion_obstacle, is_needed })
    }

    fn check_changeable(&self, access: &Access, context: &Self::Context) -> Checked {
        context.check_parent(access)
    }

    fn check_deletable(&self, access: &Access, context: &Self::Context) -> Checked {
        context.check_parent(access)?;
        check_of_current_cycle(context.is_of_current_cycle)?;
        context.deletion_obstacle.map_or(Ok(()), |code| Err(code.into()))
    }

    fn is_needed(context: &Self::Context) -> bool {
        context.is_needed
    }

    async fn delete(&self, tx: &WriteTx<'_>, parent_id: Uuid) -> Result<()> {
        <C as ChildRow>::delete(tx.conn(), tx.task_force_id(), ChildRow::id(self)).await?;
        recheck_invariants::<<C as ChildOf>::Parent>(tx, parent_id).await
    }
}

async fn check_children_writable<P: ParentResource>(tx: &WriteTx<'_>, parent_id: Uuid) -> Result<()> {
    Ok(find_or_not_found::<P>(tx, (), parent_id).await?.children_writable(&tx.access)?)
}

/// Checks a child that was written, and its parent.
async fn check_stored<C: ChildOf>(
    tx: &WriteTx<'_>,
    parent_id: Uuid,
    fields: &<C as ChildRow>::Fields,
) -> Result<()> {
    let parent: <C as ChildOf>::Parent = find_or_not_found(tx, (), parent_id).await?;
    C::check_with_parent(&parent, fields)?;
    check_invariants(tx, &parent)
}

fn check_invariants<P: ParentResource>(tx: &WriteTx<'_>, parent: &P) -> Result<()> {
    let Some(code) = parent.violated_invariant(&tx.access) else { return Ok(()) };
    Err(Refusal::from(code).references(parent.references(code)).into())
}

/// A request to move a resource to another state.
#[derive(Debug)]
pub struct TransitionCommand<R: Stateful> {
    /// The new state.
    pub to: R::State,
    /// The reason, which some transitions require.
    pub reason: Option<LocalizedText>,
    /// The other parameters of the transition.
    pub payload: R::Payload,
}

/// The transitions of a stateful resource that this caller sees.
pub fn available_transitions<R: Stateful>(resource: &R, access: &Access) -> Vec<AvailableTransition> {
    available(&explained_transitions(resource, access), access.right(Action::Work).missing_right())
}

/// The transitions of a stateful resource, with the resources behind each obstacle.
fn explained_transitions<R: Stateful>(resource: &R, access: &Access) -> Vec<Transition<R::State>> {
    let mut transitions = resource.transitions(access);
    for blocker in transitions.iter_mut().flat_map(|transition| &mut transition.blocked_by) {
        blocker.references = resource.references(blocker.code);
    }
    transitions
}

/// The changes of a resource that the caller can make now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions {
    pub update: bool,
    pub delete: bool,
}

/// A resource as a caller sees it.
#[derive(Debug)]
pub struct View<R: Resource> {
    pub resource: R,
    /// The facts beside the resource.
    pub context: R::Context,
    /// The current day in the task force's time zone.
    pub today: NaiveDate,
    /// The transitions that this caller sees.
    pub transitions: Vec<AvailableTransition>,
    /// The changes that this caller can make.
    pub permissions: Permissions,
    /// The caller.
    pub access: Access,
}

impl<R: Resource> View<R> {
    /// The resource as the caller sees it. The permissions are answered by the checks that the use cases make.
    fn new(resource: R, access: &Access, context: R::Context, is_referenced: bool) -> Self {
        let has_right = access.right(R::ACTION) == Authorization::Allowed;
        let permissions = Permissions {
            update: has_right && resource.check_changeable(access, &context).is_ok(),
            delete: has_right
                && !is_referenced
                && !R::is_needed(&context)
                && resource.check_deletable(access, &context).is_ok(),
        };
        let transitions = resource.available_transitions(access);
        Self { resource, context, today: access.today, transitions, permissions, access: access.clone() }
    }
}

impl<R: ParentResource> View<R> {
    /// Tells whether the caller can create, change and delete children.
    pub fn can_write_children(&self) -> bool {
        self.access.right(Action::Work) == Authorization::Allowed
            && self.resource.children_writable(&self.access).is_ok()
    }
}

/// The view of a resource that was written.
pub(super) async fn view<R: Resource>(tx: &WriteTx<'_>, parent: R::Parent, resource: R) -> Result<View<R>> {
    let (conn, task_force_id, id) = (tx.conn(), tx.task_force_id(), resource.id());
    let (context, references) = tokio::try_join!(
        R::context(conn, task_force_id, parent, id),
        db::references::to(conn, task_force_id, R::KIND, id),
    )?;
    Ok(View::new(resource, &tx.access, context, !references.is_empty()))
}

fn new_event<R: Resource>(action: EventAction, id: Uuid) -> NewEvent {
    NewEvent::new(action, R::KIND, id)
}

/// Finds a resource in a write transaction.
pub(super) async fn find_or_not_found<R: Resource>(
    tx: &WriteTx<'_>,
    parent: R::Parent,
    id: Uuid,
) -> Result<R> {
    let resource = R::find(tx.conn(), tx.task_force_id(), parent, id).await?;
    Ok(resource.ok_or(RefusalCode::NotFound)?)
}

/// Finds a resource in a write transaction, in the version that the caller read.
pub(super) async fn find_at_version<R: Resource>(
    tx: &WriteTx<'_>,
    parent: R::Parent,
    id: Uuid,
    version: &ExpectedVersion,
) -> Result<R> {
    let resource: R = find_or_not_found(tx, parent, id).await?;
    expect_version(resource.version(), version)?;
    Ok(resource)
}

/// Finds a resource to which the body of a request refers at `pointer`.
pub(super) async fn find_referenced<R: Resource<Parent = ()>>(
    tx: &WriteTx<'_>,
    id: Uuid,
    pointer: &str,
) -> Result<R> {
    let resource = R::find(tx.conn(), tx.task_force_id(), (), id).await?;
    Ok(resource.ok_or_else(|| Refusal::unknown_reference(pointer))?)
}

/// The cycle in which a product of a step is created: the current one, provided that the step is open.
pub(super) async fn cycle_of_open_step(tx: &WriteTx<'_>, step: StepName) -> Result<i32> {
    let step = steps::current(tx, step).await?;
    tx.may_write(Write::OpenStep(step.state))?;
    Ok(step.cycle)
}

/// Refuses a write after which a parent and its children violate an invariant of the parent's state.
pub(super) async fn recheck_invariants<P: ParentResource>(tx: &WriteTx<'_>, id: Uuid) -> Result<()> {
    check_invariants(tx, &find_or_not_found::<P>(tx, (), id).await?)
}

/// Refuses a day after today in the task force's time zone; `pointer` is its place in the request.
pub(super) fn check_not_in_future(tx: &WriteTx<'_>, day: NaiveDate, pointer: &str) -> Result<()> {
    let today = tx.access.today;
    if day <= today {
        return Ok(());
    }
    Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![FieldError::in_future(pointer, today)])
        .into())
}

/// Refuses to delete a product that was carried over or extended: an earlier cycle has it on record.
pub(super) fn check_not_carried_over(cycle: i32, last_cycle: i32) -> Checked {
    if cycle == last_cycle { Ok(()) } else { Err(RefusalCode::OfAnEarlierCycle.into()) }
}

/// Refuses to write a row that an earlier cycle has on record.
pub(super) fn check_of_current_cycle(is_of_current_cycle: bool) -> Checked {
    if is_of_current_cycle { Ok(()) } else { Err(RefusalCode::OfAnEarlierCycle.into()) }
}

/// Refuses to delete a resource to which other rows refer.
async fn check_unreferenced(tx: &WriteTx<'_>, kind: SubjectKind, id: Uuid) -> Result<()> {
    let references: Vec<Reference> = db::references::to(tx.conn(), tx.task_force_id(), kind, id).await?;
    if references.is_empty() {
        return Ok(());
    }
    Err(Refusal::from(RefusalCode::StillReferenced).references(references).into())
}

impl App {
    /// A page of a list of resources.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound` if the parent does not exist.
    pub async fn list<R: Resource>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        parent: R::Parent,
        filter: &R::Filter,
        order: &R::Order,
        window: Window,
    ) -> Result<Page<R::Listed>> {
        let (_, page) = self
            .read(caller, task_force_id, async |conn| {
                R::list(conn, task_force_id, parent, filter, order, window).await
            })
            .await?;
        Ok(page.ok_or(RefusalCode::NotFound)?)
    }

    /// One resource.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`.
    pub async fn get<R: Resource>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        parent: R::Parent,
        id: Uuid,
    ) -> Result<View<R>> {
        let (access, (resource, context, references)) = self
            .read(caller, task_force_id, async |conn| {
                tokio::try_join!(
                    R::find(conn, task_force_id, parent, id),
                    R::context(conn, task_force_id, parent, id),
                    db::references::to(conn, task_force_id, R::KIND, id),
                )
            })
            .await?;
        let resource = resource.ok_or(RefusalCode::NotFound)?;
        Ok(View::new(resource, &access, context, !references.is_empty()))
    }

    /// Creates a resource.
    ///
    /// # Errors
    /// The errors of [`Resource::insert`].
    pub async fn create<R: Resource>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        parent: R::Parent,
        fields: R::Fields,
    ) -> Result<View<R>> {
        self.write(caller, task_force_id, R::ACTION, async |tx| {
            let id = R::insert(tx, parent, &fields).await?;
            let mut created =
                new_event::<R>(R::EVENTS.created, id).with(changes_between(&Value::Null, &json!(fields)));
            for (name, id) in R::parent_ids(parent) {
                created = created.with_change(name, None::<()>, id);
            }
            tx.record(created);
            view(tx, parent, find_or_not_found(tx, parent, id).await?).await
        })
        .await
    }

    /// Changes the fields of a resource.
    ///
    /// # Errors
    /// `versionMismatch`, and the errors of [`Resource::check_changeable`] and [`Resource::update`].
    pub async fn update<R: Resource>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        parent: R::Parent,
        id: Uuid,
        version: ExpectedVersion,
        patch: impl FnOnce(R::Fields) -> Result<R::Fields>,
    ) -> Result<View<R>> {
        self.write(caller, task_force_id, R::ACTION, async |tx| {
            let resource: R = find_at_version(tx, parent, id, &version).await?;
            let before = resource.fields();
            let after = patch(before.clone())?;
            if after == *before {
                return view(tx, parent, resource).await;
            }
            let context = R::context(tx.conn(), task_force_id, parent, id).await?;
            resource.check_changeable(&tx.access, &context)?;
            resource.update(tx, parent, &after).await?;
            tx.record(new_event::<R>(R::EVENTS.updated, id).with(changes_between(before, &after)));
            view(tx, parent, find_or_not_found(tx, parent, id).await?).await
        })
        .await
    }

    /// Moves a resource to another state.
    ///
    /// # Errors
    /// `versionMismatch`, the precondition that the transition does not meet, and the errors of
    /// [`Stateful::apply_transition`].
    pub async fn transition<R: Stateful>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: ExpectedVersion,
        command: TransitionCommand<R>,
    ) -> Result<View<R>> {
        self.write(caller, task_force_id, Action::Work, async |tx| {
            let TransitionCommand { to, reason, payload } = command;
            let resource: R = find_at_version(tx, (), id, &version).await?;
            let transitions = explained_transitions(&resource, &tx.access);
            check_transition(resource.state(), &transitions, to, reason.is_some())?;
            let transitioned = new_event::<R>(R::TRANSITIONED, id)
                .with_transition(resource.state().code(), to.code())
                .with_change("reason", None::<()>, &reason);
            let transitioned =
                resource.apply_transition(tx, to, reason.as_ref(), payload, transitioned).await?;
            tx.record(transitioned);
            view(tx, (), find_or_not_found(tx, (), id).await?).await
        })
        .await
    }

    /// Deletes a resource and its children.
    ///
    /// # Errors
    /// `versionMismatch`, `stillReferenced`, and the errors of [`Resource::check_deletable`] and [`Resource::delete`].
    pub async fn delete<R: Resource>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        parent: R::Parent,
        id: Uuid,
        version: ExpectedVersion,
    ) -> Result<()> {
        self.write(caller, task_force_id, R::ACTION, async |tx| {
            let resource: R = find_at_version(tx, parent, id, &version).await?;
            let context = R::context(tx.conn(), task_force_id, parent, id).await?;
            resource.check_deletable(&tx.access, &context)?;
            check_unreferenced(tx, R::KIND, id).await?;
            resource.delete(tx, parent).await?;
            let fields = json!(resource.fields());
            let mut deleted =
                new_event::<R>(R::EVENTS.deleted, id).with(changes_between(&fields, &Value::Null));
            for (name, id) in R::parent_ids(parent) {
                deleted = deleted.with_change(name, id, None::<()>);
            }
            tx.record(deleted);
            Ok(())
        })
        .await
    }
}
