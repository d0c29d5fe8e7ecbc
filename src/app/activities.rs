//! Activities and their dependencies.

pub mod import;

use chrono::NaiveDate;
use uuid::Uuid;

use super::Checked;
use super::caller::{Access, Caller};
use super::members::require_current;
use super::resource::{self, Events, Resource, Stateful, View};
use super::sheets::Export;
use super::write::WriteTx;
use super::{App, Error, Result, steps};
use crate::db::activities::{
    Activity, ActivityDetail, ActivityFields, ActivityFilter, ActivityOrder, ActivityStateUpdate, Assignee,
};
use crate::db::page::{Page, Window};
use crate::db::{self, Conn, QueryResult};
use crate::domain::activity::{ActivityFacts, ActivityState, Stage};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::evidence::{About, ActivitySubjectKind};
use crate::domain::reference::Reference;
use crate::domain::refusal::{AvailableTransition, Refusal, RefusalCode};
use crate::domain::requirement::forbidden;
use crate::domain::rights::{Action, Authorization};
use crate::domain::size;
use crate::domain::state_machine::Transition;
use crate::domain::step::StepName;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::writing::Write;

fn facts(detail: &ActivityDetail, access: &Access) -> ActivityFacts {
    let assignee = detail.activity.fields.assignee_member_id;
    let is_assignee = assignee.is_some() && assignee == access.member_id;
    ActivityFacts {
        task_force: access.state,
        step: detail.step_state,
        review_required: detail.activity.fields.review_required,
        unfinished_dependencies: detail.unfinished_dependencies,
        caller_has_worked: is_assignee || detail.worker_user_ids.contains(&access.actor.user_id),
    }
}

fn new_event(action: EventAction, id: Uuid) -> NewEvent {
    NewEvent::new(action, SubjectKind::Activity, id)
}

impl Resource for ActivityDetail {
    type Parent = ();
    type Fields = ActivityFields;
    type Listed = Activity;
    type Filter = ();
    type Order = ();
    type Context = ();
    const KIND: SubjectKind = SubjectKind::Activity;
    const EVENTS: Events = Events {
        created: EventAction::ActivityCreated,
        updated: EventAction::ActivityUpdated,
        deleted: EventAction::ActivityDeleted,
    };

    fn id(&self) -> Uuid {
        self.activity.id
    }

    fn version(&self) -> i32 {
        self.activity.version
    }

    fn fields(&self) -> &ActivityFields {
        &self.activity.fields
    }

    async fn find(conn: &Conn, task_force_id: Uuid, (): (), id: Uuid) -> QueryResult<Option<Self>> {
        db::activities::find(conn, task_force_id, id).await
    }

    /// The step must be open, or locked to plan ahead.
    async fn insert(tx: &WriteTx<'_>, (): (), fields: &ActivityFields) -> Result<Uuid> {
        let step = steps::current(tx, fields.step).await?;
        tx.may_write(Write::Activity(step.state))?;
        if let Some(assignee) = fields.assignee_member_id {
            require_current(tx, assignee, "/assigneeId").await?;
        }
        require_subject(tx, fields, None).await?;
        let count = db::activities::count(tx.conn(), tx.task_force_id(), step.cycle).await?;
        size::check_count(count, size::MOST_ACTIVITIES)?;
        let id = tx.new_id();
        db::activities::insert(tx.conn(), tx.task_force_id(), id, step.cycle, fields, tx.now()).await?;
        Ok(id)
    }

    async fn context(_: &Conn, _: Uuid, (): (), _: Uuid) -> QueryResult<()> {
        Ok(())
    }

    /// An activity that is done or cancelled is closed.
    fn check_changeable(&self, access: &Access, (): &()) -> Checked {
        access.may_write(Write::Activity(self.step_state))?;
        if self.stage.state().is_open() { Ok(()) } else { Err(RefusalCode::ActivityClosed.into()) }
    }

    /// During a review, assignee and `reviewRequired` cannot change. Only the chair switches the review off.
    async fn update(&self, tx: &WriteTx<'_>, (): (), after: &ActivityFields) -> Result<()> {
        let before = self.fields();
        let reviewed = |fields: &ActivityFields| (fields.assignee_member_id, fields.review_required);
        if self.stage.is_under_review() && reviewed(before) != reviewed(after) {
            return Err(RefusalCode::ActivityInReview.into());
        }
        if before.review_required && !after.review_required {
            may_drop_review(tx)?;
        }
        if after.step != before.step {
            self.move_to_step(tx, after.step).await?;
        }
        if let Some(assignee) =
            after.assignee_member_id.filter(|_| after.assignee_member_id != before.assignee_member_id)
        {
            require_current(tx, assignee, "/assigneeId").await?;
        }
        require_subject(tx, after, before.subject).await?;
        let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
        db::activities::update(conn, task_force_id, self.id(), after, tx.now()).await?;
        Ok(db::activity_assignees::record(conn, task_force_id, &[self.id()]).await?)
    }

    /// An activity that was ever started can only be cancelled. The chair deletes cancelled activities, so that nobody fills
    /// the cycle with activities that nobody can take away.
    fn check_deletable(&self, access: &Access, (): &()) -> Checked {
        access.may_write(Write::Activity(self.step_state))?;
        let is_cancelled = self.stage.state() == ActivityState::Cancelled;
        let is_by_chair = access.right(Action::Lead) == Authorization::Allowed;
        if self.activity.started_at.is_none() || (is_cancelled && is_by_chair) {
            Ok(())
        } else {
            Err(RefusalCode::ActivityStarted.into())
        }
    }

    async fn delete(&self, tx: &WriteTx<'_>, (): ()) -> Result<()> {
        Ok(db::activities::delete(tx.conn(), tx.task_force_id(), self.id()).await?)
    }

    fn available_transitions(&self, access: &Access) -> Vec<AvailableTransition> {
        resource::available_transitions(self, access)
    }

    fn references(&self, obstacle: RefusalCode) -> Vec<Reference> {
        match obstacle {
            RefusalCode::DependencyUnfinished => self.waits_for.first(),
            RefusalCode::ReviewByAnother => self.workers.first(),
            _ => Vec::new(),
        }
    }
}

impl Stateful for ActivityDetail {
    type State = ActivityState;
    type Payload = ();
    const TRANSITIONED: EventAction = EventAction::ActivityTransitioned;

    fn state(&self) -> ActivityState {
        self.activity.state
    }

    fn transitions(&self, access: &Access) -> Vec<Transition<ActivityState>> {
        self.stage.transitions(&facts(self, access))
    }

    async fn apply_transition(
        &self,
        tx: &WriteTx<'_>,
        to: ActivityState,
        reason: Option<&LocalizedText>,
        (): (),
        mut new_event: NewEvent,
    ) -> Result<NewEvent> {
        let (conn, task_force_id, before) = (tx.conn(), tx.task_force_id(), &self.activity);
        let stage = self.stage.transition(to, &facts(self, &tx.access), reason.is_some())?;
        let mut assignee_member_id = before.fields.assignee_member_id;
        if let (Stage::Done, Some(assignee)) = (self.stage, assignee_member_id)
            && !db::members::is_current(conn, task_force_id, assignee).await?
        {
            // The assignee's seat has ended since: an open activity is never assigned to a former member.
            assignee_member_id = None;
            new_event = new_event.with_change("assigneeId", assignee, None::<Uuid>);
        }
        let started_at = before.started_at.or((stage == Stage::InProgress).then_some(tx.now()));
        let update = ActivityStateUpdate { stage, reason, started_at, assignee_member_id };
        db::activities::update_state(conn, task_force_id, self.id(), &update, tx.now()).await?;
        db::activity_assignees::record(conn, task_force_id, &[self.id()]).await?;
        // The member who puts work to the review answers for the work, also where another member is assigned. What is
        // assigned to nobody is also the work of the member who starts it.
        let works = match (self.stage, to) {
            (Stage::InProgress, ActivityState::InReview) => true,
            (Stage::Planned, ActivityState::InProgress) => assignee_member_id.is_none(),
            _ => false,
        };
        if let (true, Some(member_id)) = (works, tx.access.member_id) {
            db::activity_assignees::record_worker(conn, task_force_id, self.id(), member_id).await?;
        }
        Ok(new_event)
    }
}

impl ActivityDetail {
    /// Moves the activity to another step of its cycle, as long as it was never started.
    async fn move_to_step(&self, tx: &WriteTx<'_>, to: StepName) -> Result<()> {
        if self.activity.started_at.is_some() {
            return Err(Refusal::new(
                RefusalCode::ActivityStarted,
                "An activity that was ever started stays in its step; plan a new one in the other step.",
                "النشاط الذي سبق بدؤه يبقى في خطوته؛ خطّط نشاطًا جديدًا في الخطوة الأخرى.",
            )
            .into());
        }
        let cycle = Some(self.activity.cycle);
        let step = db::steps::find(tx.conn(), tx.task_force_id(), cycle, to).await?;
        tx.may_write(Write::Activity(step.ok_or(RefusalCode::NotFound)?.state))
    }
}

impl App {
    /// A page of a task force's activities.
    ///
    /// # Errors
    /// As [`App::read`]; `unknownReference` for an assignee who is not a member of this task force.
    pub async fn activities_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        filter: &ActivityFilter,
        order: ActivityOrder,
        window: Window,
    ) -> Result<(NaiveDate, Page<Activity>)> {
        let now = self.clock.now();
        let (access, page) = self
            .read(caller, task_force_id, async |conn| {
                db::activities::list(conn, task_force_id, filter, order, now, window).await
            })
            .await?;
        if page.items.is_empty() {
            self.require_assignee(task_force_id, filter).await?;
        }
        Ok((access.today, page))
    }

    /// A task force's activities as a sheet.
    ///
    /// # Errors
    /// As [`App::activities_list`].
    pub async fn activities_export(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        filter: &ActivityFilter,
        order: ActivityOrder,
        wording: (Option<Language>, bool),
    ) -> Result<Export<Activity>> {
        let order = (order, self.clock.now());
        let export = self.export(caller, task_force_id, (filter.clone(), &order), wording).await?;
        if export.is_complete() {
            self.require_assignee(task_force_id, filter).await?;
        }
        Ok(export)
    }

    /// Refuses a filter by an assignee who is not a member of the task force.
    async fn require_assignee(&self, task_force_id: Uuid, filter: &ActivityFilter) -> Result<()> {
        let Some(Assignee::Member(id)) = filter.assignee else { return Ok(()) };
        let member =
            self.with_conn(async |conn| Ok(db::members::find(conn, task_force_id, id).await?)).await?;
        if member.is_some() { Ok(()) } else { Err(unknown_assignee()) }
    }

    /// Adds a dependency: an activity waits for another. Repeating the call changes nothing.
    ///
    /// # Errors
    /// `dependencyCircle`, `activityClosed`, the errors of [`WriteTx::may_write`].
    pub async fn dependency_add(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        on: Uuid,
    ) -> Result<View<ActivityDetail>> {
        self.write(caller, task_force_id, Action::Work, async |tx| {
            let detail = depending(tx, id, on).await?;
            let others = &detail.activity.depends_on.0;
            if others.iter().any(|other| other.id == on) {
                return resource::view(tx, (), detail).await;
            }
            if id == on {
                return Err(Refusal::new(
                    RefusalCode::DependencyCircle,
                    "An activity can't wait for itself: name another activity.",
                    "لا يمكن أن ينتظر النشاط نفسه: اذكر نشاطًا آخر.",
                )
                .into());
            }
            let circle = db::activities::chain_between(tx.conn(), task_force_id, on, id).await?;
            if !circle.is_empty() {
                return Err(Refusal::from(RefusalCode::DependencyCircle).references(circle).into());
            }
            size::check_dependencies(others.len())?;
            db::activities::add_dependency(tx.conn(), task_force_id, id, on, tx.now()).await?;
            tx.record(new_event(EventAction::DependencyAdded, id).with_change("dependsOn", None::<Uuid>, on));
            resource::view(tx, (), resource::find_or_not_found(tx, (), id).await?).await
        })
        .await
    }

    /// Removes a dependency. Repeating the call changes nothing.
    ///
    /// # Errors
    /// `activityClosed`, the errors of [`WriteTx::may_write`].
    pub async fn dependency_remove(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        on: Uuid,
    ) -> Result<View<ActivityDetail>> {
        self.write(caller, task_force_id, Action::Work, async |tx| {
            depending(tx, id, on).await?;
            if db::activities::remove_dependency(tx.conn(), task_force_id, id, on).await? {
                tx.record(new_event(EventAction::DependencyRemoved, id).with_change(
                    "dependsOn",
                    on,
                    None::<Uuid>,
                ));
            }
            resource::view(tx, (), resource::find_or_not_found(tx, (), id).await?).await
        })
        .await
    }
}

/// Refuses to switch off a review, unless the caller is the chair: nobody else decides that work needs no second look, also
/// before the work begins.
fn may_drop_review(tx: &WriteTx<'_>) -> Result<()> {
    if tx.access.right(Action::DropReview) == Authorization::Allowed {
        return Ok(());
    }
    Err(forbidden(Action::DropReview)
        .saying(
            "Only the chair can switch the review of an activity off (`reviewRequired`).",
            "لا يلغي اشتراط مراجعة النشاط (reviewRequired) إلا رئيس الفريق.",
        )
        .into())
}

/// Checks that the subject of an activity exists, unless the activity had that subject before.
async fn require_subject(
    tx: &WriteTx<'_>,
    fields: &ActivityFields,
    before: Option<About<ActivitySubjectKind>>,
) -> Result<()> {
    let Some(subject) = fields.subject.filter(|_| fields.subject != before) else { return Ok(()) };
    if db::references::exists(tx.conn(), tx.task_force_id(), subject).await? {
        Ok(())
    } else {
        Err(Refusal::unknown_reference("/subject/id").into())
    }
}

/// The activity that waits, after checking that both activities exist and that this one is still open.
async fn depending(tx: &WriteTx<'_>, id: Uuid, on: Uuid) -> Result<ActivityDetail> {
    let detail: ActivityDetail = resource::find_or_not_found(tx, (), id).await?;
    if !db::activities::exists(tx.conn(), tx.task_force_id(), on).await? {
        return Err(RefusalCode::NotFound.into());
    }
    detail.check_changeable(&tx.access, &())?;
    Ok(detail)
}

fn unknown_assignee() -> Error {
    use crate::domain::refusal::{FieldError, FieldErrorCode};
    let error = FieldError::parameter("assignee", FieldErrorCode::UnknownReference);
    Refusal::field_errors(RefusalCode::UnknownReference, vec![error]).into()
}
