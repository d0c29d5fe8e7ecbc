//! Activities: planned, worked on, blocked, reviewed, done; and what they wait for.

use chrono::NaiveDate;
use uuid::Uuid;

use super::caller::{Access, Caller};
use super::write::Door;
use super::members::require_current;
use super::resource::{self, Events, Noun, Staged};
use super::{App, Error, Result, steps};
use crate::db::activities::{ActivityDetail, ActivityFields, ActivityFilter, ActivityOrder, Assignee};
use crate::db::activities::{ListedActivity, Standing};
use crate::db::page::Page;
use crate::db::{self, Conn, QueryResult};
use crate::domain::activity::{ActivityState, Facts, Stage};
use crate::domain::event::{EventAction, Happening, SubjectKind};
use crate::domain::evidence::{About, ActivitySubjectKind};
use crate::domain::state_machine::Exit;
use crate::domain::refusal::{AvailableTransition, Code, Refusal};
use crate::domain::rights::Action;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

fn facts(detail: &ActivityDetail, access: &Access) -> Facts {
    let assignee = detail.activity.assignee_member_id;
    Facts {
        task_force: access.state,
        step: detail.step_state,
        review_required: detail.activity.review_required,
        unfinished_dependencies: detail.unfinished_dependencies,
        caller_is_assignee: assignee.is_some() && assignee == access.member_id,
    }
}

fn happening(action: EventAction, id: Uuid) -> Happening {
    Happening::new(action, SubjectKind::Activity, id)
}

impl Noun for ActivityDetail {
    type Above = ();
    type Fields = ActivityFields;
    type Listed = ListedActivity;
    type Filter = ();
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

    fn fields(&self) -> ActivityFields {
        self.activity.fields()
    }

    async fn find(conn: &Conn, task_force_id: Uuid, (): (), id: Uuid) -> QueryResult<Option<Self>> {
        db::activities::find(conn, task_force_id, id).await
    }

    /// An open step, or a locked one to plan ahead.
    async fn insert(door: &Door<'_>, (): (), fields: &ActivityFields) -> Result<Uuid> {
        let step = steps::current(door, fields.step).await?;
        door.may_write(Write::Activity(step.state))?;
        if let Some(assignee) = fields.assignee_member_id {
            require_current(door, assignee, "/assigneeMemberId").await?;
        }
        require_subject(door, fields, None).await?;
        Ok(db::activities::insert(door.conn(), door.task_force_id(), step.cycle, fields, door.now()).await?)
    }

    /// Not once it is done or cancelled; a review holds assignee and `reviewRequired` still.
    async fn change(&self, door: &Door<'_>, (): (), after: &ActivityFields) -> Result<()> {
        let before = self.fields();
        door.may_write(Write::Activity(self.step_state))?;
        if !self.stage.state().is_open() {
            return Err(Code::ActivityClosed.into());
        }
        let reviewed = |fields: &ActivityFields| (fields.assignee_member_id, fields.review_required);
        if self.stage.is_under_review() && reviewed(&before) != reviewed(after) {
            return Err(Code::ActivityInReview.into());
        }
        if after.step != before.step {
            self.move_to_step(door, after.step).await?;
        }
        if let Some(assignee) =
            after.assignee_member_id.filter(|_| after.assignee_member_id != before.assignee_member_id)
        {
            require_current(door, assignee, "/assigneeMemberId").await?;
        }
        require_subject(door, after, before.subject).await?;
        Ok(db::activities::update(door.conn(), door.task_force_id(), self.id(), after, door.now()).await?)
    }

    /// One that was ever started is cancelled instead.
    async fn may_remove(&self, door: &Door<'_>, (): ()) -> Result<()> {
        door.may_write(Write::Activity(self.step_state))?;
        if self.activity.started_at.is_some() { Err(Code::ActivityStarted.into()) } else { Ok(()) }
    }

    async fn remove(&self, door: &Door<'_>, (): ()) -> Result<()> {
        Ok(db::activities::delete(door.conn(), door.task_force_id(), self.id()).await?)
    }

    fn transitions(&self, access: &Access) -> Vec<AvailableTransition> {
        noun::transitions(self, access)
    }
}

impl Staged for ActivityDetail {
    type State = ActivityState;
    type Order = ();
    const TRANSITIONED: EventAction = EventAction::ActivityTransitioned;

    fn state(&self) -> ActivityState {
        self.activity.state
    }

    fn exits(&self, access: &Access) -> Vec<Exit<ActivityState>> {
        self.stage.exits(&facts(self, access))
    }

    async fn enter(
        &self,
        door: &Door<'_>,
        to: ActivityState,
        reason: Option<&LocalizedText>,
        (): (),
        mut happening: Happening,
    ) -> Result<Happening> {
        let (conn, task_force_id, before) = (door.conn(), door.task_force_id(), &self.activity);
        let stage = self.stage.transition(to, &facts(self, &door.access), reason.is_some())?;
        let mut assignee_member_id = before.assignee_member_id;
        if let (Stage::Done, Some(assignee)) = (self.stage, assignee_member_id)
            && !db::members::is_current(conn, task_force_id, assignee).await?
        {
            // Whoever did it has left since: open work is nobody's rather than theirs.
            assignee_member_id = None;
            happening = happening.noting("assigneeMemberId", assignee, None::<Uuid>);
        }
        let started_at = before.started_at.or((stage == Stage::InProgress).then_some(door.now()));
        let standing = Standing { stage, reason, started_at, assignee_member_id };
        db::activities::set_standing(conn, task_force_id, self.id(), &standing, door.now()).await?;
        Ok(happening)
    }
}

impl ActivityDetail {
    /// An activity can be moved to another step of its cycle until it is started.
    async fn move_to_step(&self, door: &Door<'_>, to: StepName) -> Result<()> {
        if self.activity.started_at.is_some() {
            return Err(Refusal::new(
                Code::ActivityStarted,
                "An activity that was ever started stays in its step; plan a new one in the other step.",
                "النشاط الذي بدأ يبقى في خطوته؛ خطّط نشاطًا جديدًا في الخطوة الأخرى.",
            )
            .into());
        }
        let cycle = Some(self.activity.cycle);
        let step = db::steps::find(door.conn(), door.task_force_id(), cycle, to).await?;
        door.may_write(Write::Activity(step.ok_or(Code::NotFound)?.state))
    }
}

impl App {
    /// A page of a task force's activities.
    ///
    /// # Errors
    /// As [`App::read`]; an assignee that is no member of this task force.
    pub async fn activities_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        filter: &ActivityFilter,
        order: ActivityOrder,
        limit: i64,
    ) -> Result<(NaiveDate, Page<ListedActivity>)> {
        let now = self.clock.now();
        let (access, page) = self
            .read(caller, task_force_id, async |conn| {
                db::activities::list(conn, task_force_id, filter, order, now, limit).await
            })
            .await?;
        if let Some(Assignee::Member(id)) = filter.assignee
            && page.items.is_empty()
        {
            let member =
                self.lend(async |conn| Ok(db::members::find(conn, task_force_id, id).await?)).await?;
            if member.is_none() {
                return Err(unknown_assignee());
            }
        }
        Ok((access.today, page))
    }

    /// Lets an activity wait for another. Doing it twice changes nothing.
    ///
    /// # Errors
    /// `dependencyCircle`, `activityClosed`, the state of task force or step.
    pub async fn dependency_add(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        on: Uuid,
    ) -> Result<()> {
        self.write(caller, task_force_id, Action::Work, async |door| {
            let detail = depending(door, id, on).await?;
            if detail.depends_on.contains(&on) {
                return Ok(());
            }
            if id == on || db::activities::waits_for(door.conn(), task_force_id, on, id).await? {
                return Err(Code::DependencyCircle.into());
            }
            db::activities::add_dependency(door.conn(), task_force_id, id, on, door.now()).await?;
            door.record(happening(EventAction::DependencyAdded, id).noting("dependsOn", None::<Uuid>, on));
            Ok(())
        })
        .await
    }

    /// Lets an activity wait no longer for another. Doing it twice changes nothing.
    ///
    /// # Errors
    /// `activityClosed`, the state of task force or step.
    pub async fn dependency_remove(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        on: Uuid,
    ) -> Result<()> {
        self.write(caller, task_force_id, Action::Work, async |door| {
            depending(door, id, on).await?;
            if db::activities::remove_dependency(door.conn(), task_force_id, id, on).await? {
                door.record(happening(EventAction::DependencyRemoved, id).noting(
                    "dependsOn",
                    on,
                    None::<Uuid>,
                ));
            }
            Ok(())
        })
        .await
    }
}

/// What an activity is about has to be there, unless it was about that before.
async fn require_subject(
    door: &Door<'_>,
    fields: &ActivityFields,
    before: Option<About<ActivitySubjectKind>>,
) -> Result<()> {
    let Some(subject) = fields.subject.filter(|_| fields.subject != before) else { return Ok(()) };
    if db::references::is_there(door.conn(), door.task_force_id(), subject).await? {
        Ok(())
    } else {
        Err(Refusal::unknown_reference("/subject/id").into())
    }
}

/// The activity that waits, with both ends of the dependency there and the waiting one still to be done.
async fn depending(door: &Door<'_>, id: Uuid, on: Uuid) -> Result<ActivityDetail> {
    let detail: ActivityDetail = noun::found(door, (), id).await?;
    if !db::activities::is_there(door.conn(), door.task_force_id(), on).await? {
        return Err(Code::NotFound.into());
    }
    door.may_write(Write::Activity(detail.step_state))?;
    if !detail.activity.state.is_open() {
        return Err(Code::ActivityClosed.into());
    }
    Ok(detail)
}

fn unknown_assignee() -> Error {
    use crate::domain::refusal::{Fault, FaultCode};
    let fault = Fault::parameter("assignee", FaultCode::UnknownReference);
    Refusal::faults(Code::UnknownReference, vec![fault]).into()
}
