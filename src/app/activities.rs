//! Activities: planned, worked on, blocked, reviewed, done; and what they wait for.

use chrono::NaiveDate;
use uuid::Uuid;

use super::access::{Access, Caller};
use super::door::{Door, expect_version};
use super::members::require_current;
use super::{App, Error, Result};
use crate::db::activities::{ActivityDetail, ActivityFields, ActivityFilter, ActivityOrder, ListedActivity};
use crate::db::activities::{AssignedActivity, Assignee};
use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::activity::{ActivityState, Facts, Stage};
use crate::domain::event::{EventAction, Happening, SubjectKind, changes_between};
use crate::domain::machine::available;
use crate::domain::refusal::{AvailableTransition, Code, Listing, Refusal};
use crate::domain::rights::Action;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::writing::Write;

/// An activity as somebody sees it.
#[derive(Debug)]
pub struct ActivityView {
    /// The activity and what it waits for.
    pub detail: ActivityDetail,
    /// The day it is in the task force's time zone.
    pub today: NaiveDate,
    /// Where it can go from here, for this caller.
    pub transitions: Vec<AvailableTransition>,
}

impl ActivityView {
    fn new(detail: ActivityDetail, access: &Access) -> Result<Self> {
        let exits = detail.activity.stage()?.exits(&facts(&detail, access));
        let transitions = available(&exits, access.right(Action::Work));
        Ok(Self { detail, today: access.today, transitions })
    }
}

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

async fn found(conn: &Conn, task_force_id: Uuid, id: Uuid) -> Result<ActivityDetail> {
    Ok(db::activities::find(conn, task_force_id, id).await?.ok_or(Code::NotFound)?)
}

/// The activity behind the door, as the caller read it.
async fn at_version(door: &Door<'_>, id: Uuid, version: i32) -> Result<ActivityDetail> {
    let detail = found(door.conn(), door.task_force_id(), id).await?;
    expect_version(detail.activity.version, version)?;
    Ok(detail)
}

async fn view(door: &Door<'_>, id: Uuid) -> Result<ActivityView> {
    ActivityView::new(found(door.conn(), door.task_force_id(), id).await?, &door.access)
}

fn happening(action: EventAction, id: Uuid) -> Happening {
    Happening::new(action, SubjectKind::Activity, id)
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

    /// A page of the open activities assigned to the caller, over all task forces.
    ///
    /// # Errors
    /// `unauthenticated`.
    pub async fn my_activities(
        &self,
        caller: &Caller,
        after: Option<(Option<NaiveDate>, Uuid)>,
        limit: i64,
    ) -> Result<Page<AssignedActivity>> {
        self.lend(async |conn| {
            let (actor, page) = tokio::join!(
                self.actor_on(conn, caller),
                db::activities::assigned_to(conn, caller.user_id, after, self.clock.now(), limit),
            );
            actor?;
            Ok(page?)
        })
        .await
    }

    /// One activity.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`.
    pub async fn activity_get(&self, caller: &Caller, task_force_id: Uuid, id: Uuid) -> Result<ActivityView> {
        let (access, detail) = self
            .read(caller, task_force_id, async |conn| db::activities::find(conn, task_force_id, id).await)
            .await?;
        ActivityView::new(detail.ok_or(Code::NotFound)?, &access)
    }

    /// Plans an activity, in an open step or ahead in a locked one.
    ///
    /// # Errors
    /// The state of task force or step; an assignee who is no current member.
    pub async fn activity_create(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        fields: ActivityFields,
    ) -> Result<ActivityView> {
        self.write(caller, task_force_id, Action::Work, async |door| {
            let step = super::steps::current(door, fields.step).await?;
            door.may_write(Write::Activity(step.state))?;
            if let Some(assignee) = fields.assignee_member_id {
                require_current(door, assignee, "/assigneeMemberId").await?;
            }
            let id =
                db::activities::insert(door.conn(), task_force_id, step.cycle, &fields, door.now()).await?;
            let changes = changes_between(&serde_json::Value::Null, &serde_json::json!(fields));
            door.record(happening(EventAction::ActivityCreated, id).with(changes));
            view(door, id).await
        })
        .await
    }

    /// Changes an activity's fields.
    ///
    /// # Errors
    /// `activityClosed` when it is done or cancelled, `activityInReview` for what a review holds still, the state
    /// of task force or step, an assignee who is no current member.
    pub async fn activity_update(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: i32,
        patch: impl FnOnce(ActivityFields) -> Result<ActivityFields>,
    ) -> Result<ActivityView> {
        self.write(caller, task_force_id, Action::Work, async |door| {
            let detail = at_version(door, id, version).await?;
            let before = detail.activity.fields();
            let after = patch(before.clone())?;
            if after == before {
                return ActivityView::new(detail, &door.access);
            }
            door.may_write(Write::Activity(detail.step_state))?;
            let stage = detail.activity.stage()?;
            if !stage.state().is_open() {
                return Err(Code::ActivityClosed.into());
            }
            let reviewed = |fields: &ActivityFields| (fields.assignee_member_id, fields.review_required);
            if stage.is_under_review() && reviewed(&before) != reviewed(&after) {
                return Err(Code::ActivityInReview.into());
            }
            if after.step != before.step {
                self.move_to_step(door, &detail, after.step).await?;
            }
            if let Some(assignee) =
                after.assignee_member_id.filter(|_| after.assignee_member_id != before.assignee_member_id)
            {
                require_current(door, assignee, "/assigneeMemberId").await?;
            }
            db::activities::update(door.conn(), task_force_id, id, &after, door.now()).await?;
            door.record(happening(EventAction::ActivityUpdated, id).with(changes_between(&before, &after)));
            view(door, id).await
        })
        .await
    }

    /// Moves an activity to another state.
    ///
    /// # Errors
    /// As [`crate::domain::activity::Stage::transition`].
    pub async fn activity_transition(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: i32,
        to: ActivityState,
        reason: Option<LocalizedText>,
    ) -> Result<ActivityView> {
        self.write(caller, task_force_id, Action::Work, async |door| {
            let detail = at_version(door, id, version).await?;
            let from = detail.activity.stage()?;
            let stage = from.transition(to, &facts(&detail, &door.access), reason.is_some())?;
            let started = detail.activity.started_at.or((stage == Stage::InProgress).then_some(door.now()));
            db::activities::set_stage(
                door.conn(),
                task_force_id,
                id,
                stage,
                reason.as_ref(),
                started,
                door.now(),
            )
            .await?;
            let mut moved = happening(EventAction::ActivityTransitioned, id)
                .moving(from.state().code(), to.code())
                .noting("reason", None::<()>, &reason);
            if let (Stage::Done, Some(assignee)) = (from, detail.activity.assignee_member_id)
                && !db::members::is_current(door.conn(), task_force_id, assignee).await?
            {
                // Whoever did it has left since: open work is nobody's rather than theirs.
                db::activities::unassign(door.conn(), task_force_id, id).await?;
                moved = moved.noting("assigneeMemberId", assignee, None::<Uuid>);
            }
            door.record(moved);
            view(door, id).await
        })
        .await
    }

    /// Deletes an activity that was never started and that nothing waits for.
    ///
    /// # Errors
    /// `activityStarted`, `stillReferenced`, the state of task force or step.
    pub async fn activity_delete(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: i32,
    ) -> Result<()> {
        self.write(caller, task_force_id, Action::Work, async |door| {
            let detail = at_version(door, id, version).await?;
            door.may_write(Write::Activity(detail.step_state))?;
            if detail.activity.started_at.is_some() {
                return Err(Code::ActivityStarted.into());
            }
            let waiting = db::activities::waiting_for(door.conn(), task_force_id, id).await?;
            if !waiting.is_empty() {
                let refusal = Refusal::from(Code::StillReferenced).listing(Listing::References(waiting));
                return Err(refusal.into());
            }
            db::activities::delete(door.conn(), task_force_id, id).await?;
            let changes =
                changes_between(&serde_json::json!(detail.activity.fields()), &serde_json::Value::Null);
            door.record(happening(EventAction::ActivityDeleted, id).with(changes));
            Ok(())
        })
        .await
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

    /// An activity can be moved to another step of its cycle until it is started.
    async fn move_to_step(
        &self,
        door: &Door<'_>,
        detail: &ActivityDetail,
        to: crate::domain::step::StepName,
    ) -> Result<()> {
        if detail.activity.started_at.is_some() {
            return Err(Refusal::new(
                Code::ActivityStarted,
                "An activity that was ever started stays in its step; plan a new one in the other step.",
                "النشاط الذي بدأ يبقى في خطوته؛ خطّط نشاطًا جديدًا في الخطوة الأخرى.",
            )
            .into());
        }
        let cycle = Some(detail.activity.cycle);
        let step =
            db::steps::find(door.conn(), door.task_force_id(), cycle, to).await?.ok_or(Code::NotFound)?;
        door.may_write(Write::Activity(step.state))
    }
}

/// The activity that waits, with both ends of the dependency there and the waiting one still to be done.
async fn depending(door: &Door<'_>, id: Uuid, on: Uuid) -> Result<ActivityDetail> {
    let detail = found(door.conn(), door.task_force_id(), id).await?;
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
