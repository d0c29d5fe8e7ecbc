//! Task forces: created with their first members, activated, suspended, resumed, dissolved.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::caller::{Access, Caller};
use super::constraints::time_zone_error;
use super::members::NewMember;
use super::wakes::Wake;
use super::write::expect_version;
use super::{App, Result};
use crate::db::page::{Keyed, NameOrder, Page, Window};
use crate::db::reports::BeforeCouncil;
use crate::db::task_forces::{ListedTaskForce, TaskForce, TaskForceFields, TaskForceFilter};
use crate::db::{self, Conn};
use crate::domain::calendar::is_time_zone;
use crate::domain::country::is_country;
use crate::domain::event::{EventAction, NewEvent, SubjectKind, changes_between};
use crate::domain::panel::Panel;
use crate::domain::refusal::{AvailableTransition, FieldError, FieldErrorCode, Refusal};
use crate::domain::rights::{Action, Authorization, SeatRole, authorize};
use crate::domain::state_machine::{available, check_transition};
use crate::domain::step::{StepCommand, StepName, StepState};
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;
use crate::domain::version::ExpectedVersion;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::working_week;
use crate::domain::writing::Write;

/// A task force as a caller sees it.
#[derive(Debug)]
pub struct TaskForceView {
    pub task_force: TaskForce,
    /// The report that waits for the council's decision.
    pub before_council: Option<BeforeCouncil>,
    /// The transitions that this caller sees.
    pub transitions: Vec<AvailableTransition>,
    /// Tells whether the caller can appoint another member.
    pub can_appoint: bool,
    /// The caller.
    pub access: Access,
}

impl TaskForceView {
    fn new(
        task_force: TaskForce,
        before_council: Option<BeforeCouncil>,
        panel: &Panel,
        access: &Access,
    ) -> Self {
        let missing_right = access.right(Action::DirectTaskForce).missing_right();
        let transitions = available(&task_force.state.transitions(panel), missing_right);
        let mut with_another = panel.clone();
        with_another.appoint(Uuid::nil(), SeatRole::Expert);
        let has_seat = task_force.state.check_panel(&with_another).is_ok();
        Self {
            before_council,
            transitions,
            can_appoint: has_seat && access.can(Action::EditTaskForce, Write::Members),
            access: Access { state: task_force.state, ..access.clone() },
            task_force,
        }
    }
}

fn new_event(action: EventAction, id: Uuid) -> NewEvent {
    NewEvent::new(action, SubjectKind::TaskForce, id)
}

/// The fields with the working days in the order of the week.
fn in_order(fields: TaskForceFields) -> TaskForceFields {
    TaskForceFields { working_week: working_week::in_order(fields.working_week), ..fields }
}

fn has_unknown_country(fields: &TaskForceFields) -> bool {
    fields.country.as_deref().is_some_and(|code| !is_country(code))
}

/// The errors of fields that were not there `before`: a country, a time zone or a day that was taken once, and would not
/// be taken today, stops no other change.
async fn errors_of(
    conn: &Conn,
    before: Option<&TaskForceFields>,
    after: &TaskForceFields,
    now: DateTime<Utc>,
) -> Result<Vec<FieldError>> {
    let mut errors = Vec::new();
    if before.is_none_or(|before| before.country != after.country) && has_unknown_country(after) {
        errors.push(FieldError::at("/country", FieldErrorCode::NotAllowed).saying(
            "is not a country code of ISO 3166-1 (alpha-2) such as JO",
            "ليس رمز دولة وفق المواصفة ISO 3166-1 (alpha-2) مثل JO",
        ));
    }
    if before.is_none_or(|before| before.time_zone != after.time_zone) && !is_time_zone(&after.time_zone) {
        errors.push(time_zone_error());
    }
    let new_day = after
        .next_council_date
        .filter(|day| before.is_none_or(|before| before.next_council_date != Some(*day)));
    if let Some(day) = new_day {
        let today = db::task_forces::day_in_zone(conn, &after.time_zone, now).await?;
        let is_past = day < today;
        errors.extend(
            is_past.then(|| FieldError::in_past("/nextCouncilDate", today).compared_with(&["timeZone"])),
        );
    }
    Ok(errors)
}

/// Tells whether a change only replaces a time zone or a country that is no longer known.
async fn is_repair(conn: &Conn, before: &TaskForceFields, after: &TaskForceFields) -> Result<bool> {
    let (time_zone, country) = (before.time_zone.clone(), before.country.clone());
    if (TaskForceFields { time_zone, country, ..after.clone() }) != *before {
        return Ok(false);
    }
    let is_country_repaired = before.country == after.country || has_unknown_country(before);
    let is_zone_repaired = before.time_zone == after.time_zone
        || !is_time_zone(&before.time_zone)
        || !db::task_forces::knows_time_zone(conn, &before.time_zone).await?;
    Ok(is_country_repaired && is_zone_repaired)
}

impl App {
    /// A page of the task forces that are visible to the caller; with a key of one task force, that one.
    ///
    /// # Errors
    /// `unauthenticated`.
    pub async fn task_forces_list(
        &self,
        caller: &Caller,
        filter: TaskForceFilter,
        order: &NameOrder,
        window: Window,
    ) -> Result<Page<Keyed<ListedTaskForce>>> {
        self.with_conn(async |conn| {
            let actor = self.actor_on(conn, caller).await?;
            // Callers without a right to the portfolio see the task forces in which they have a seat.
            let sees_all = authorize(actor.effective_role, Action::ReadPortfolio) == Authorization::Allowed;
            let seat_of = (!sees_all).then_some(actor.user_id);
            let filter = TaskForceFilter { seat_of, only: actor.scope.only_task_force, ..filter };
            Ok(db::task_forces::list(conn, &filter, order, window).await?)
        })
        .await
    }

    /// One task force.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn task_force_get(&self, caller: &Caller, id: Uuid) -> Result<TaskForceView> {
        let (access, (task_force, before_council, panel)) = self
            .read(caller, id, async |conn| {
                // If the row does not exist, `read` returns the refusal of the access query instead.
                tokio::try_join!(
                    db::task_forces::find(conn, id),
                    db::reports::before_council(conn, id),
                    db::members::panel(conn, id),
                )
            })
            .await?;
        Ok(TaskForceView::new(task_force, before_council, &panel, &access))
    }

    /// Creates a task force with its first members. Its state is `forming` until the secretariat activates it.
    ///
    /// # Errors
    /// `forbidden`, an unknown time zone or country, a council date in the past, members who are not active experts, two chairs.
    pub async fn task_force_create(
        &self,
        caller: &Caller,
        fields: TaskForceFields,
        members: Vec<NewMember>,
    ) -> Result<TaskForceView> {
        let fields = in_order(fields);
        self.write_new(caller, async |conn, actor, id, ids| {
            let now = ids.now();
            let mut errors = errors_of(conn, None, &fields, now).await?;
            errors.extend(super::members::check_candidates(conn, &members).await?);
            Refusal::if_any(errors)?;
            let task_force = db::task_forces::insert(conn, id, &fields, || ids.next(), now).await?;
            db::events::insert_head(conn, id, now).await?;
            let changes = changes_between(&serde_json::Value::Null, &serde_json::json!(fields));
            let mut new_events = vec![new_event(EventAction::TaskForceCreated, id).with(changes)];
            let today = db::task_forces::local_day(conn, id, now).await?;
            let mut panel = Panel::default();
            for (index, member) in members.iter().enumerate() {
                let pointer = format!("/members/{index}/userId");
                let at = (pointer.as_str(), actor.effective_role);
                let appointed = super::members::appoint(conn, id, &mut panel, member, at, today, ids).await?;
                caller.wakes.add(Wake::Rights(member.user_id));
                new_events.extend(appointed.new_events);
            }
            // The creator in the new task force, in which nothing has happened and nobody else could be.
            let access = Access {
                actor: actor.clone(),
                effective_role: actor.effective_role,
                member_id: None,
                task_force_id: id,
                state: task_force.state,
                cycle: task_force.current_cycle,
                today,
                seq: 0,
                now,
            };
            Ok((TaskForceView::new(task_force, None, &panel, &access), new_events))
        })
        .await
    }

    /// Changes a task force's fields.
    ///
    /// # Errors
    /// An unknown time zone or country, a council date in the past, the errors of [`may_write`](super::write::WriteTx::may_write).
    pub async fn task_force_update(
        &self,
        caller: &Caller,
        id: Uuid,
        version: ExpectedVersion,
        patch: impl FnOnce(TaskForceFields) -> Result<TaskForceFields>,
    ) -> Result<TaskForceView> {
        self.write(caller, id, Action::EditTaskForce, async |tx| {
            let conn = tx.conn();
            let task_force = db::task_forces::find(conn, id).await?;
            expect_version(task_force.version, &version)?;
            let (before_council, panel) =
                tokio::try_join!(db::reports::before_council(conn, id), db::members::panel(conn, id))?;
            let before = task_force.fields.clone();
            let after = in_order(patch(before.clone())?);
            if after == before {
                return Ok(TaskForceView::new(task_force, before_council, &panel, &tx.access));
            }
            Refusal::if_any(errors_of(conn, Some(&before), &after, tx.now()).await?)?;
            let is_repair = is_repair(conn, &before, &after).await?;
            tx.may_write(if is_repair { Write::Repair } else { Write::TaskForce })?;
            let task_force = db::task_forces::update(conn, id, &after, tx.now()).await?;
            tx.record(new_event(EventAction::TaskForceUpdated, id).with(changes_between(&before, &after)));
            Ok(TaskForceView::new(task_force, before_council, &panel, &tx.access))
        })
        .await
    }

    /// Activates, suspends, resumes or dissolves a task force. Activation opens the first step.
    ///
    /// # Errors
    /// As [`TaskForceState::transitions`].
    pub async fn task_force_transition(
        &self,
        caller: &Caller,
        id: Uuid,
        version: ExpectedVersion,
        to: TaskForceState,
        reason: Option<LocalizedText>,
    ) -> Result<TaskForceView> {
        self.write(caller, id, Action::DirectTaskForce, async |tx| {
            let conn = tx.conn();
            let task_force = db::task_forces::find(conn, id).await?;
            expect_version(task_force.version, &version)?;
            let panel = db::members::panel(conn, id).await?;
            let from = task_force.state;
            check_transition(from, &from.transitions(&panel), to, reason.is_some())?;
            let task_force = db::task_forces::set_state(conn, id, to, reason.as_ref(), tx.now()).await?;
            tx.record(
                new_event(EventAction::TaskForceTransitioned, id)
                    .with_transition(from.code(), to.code())
                    .with_change("reason", None::<()>, &reason),
            );
            if let (TaskForceState::Dissolved, Some(reason)) = (to, &reason) {
                super::submissions::withdraw_open(tx, reason).await?;
            }
            if to == TaskForceState::Suspended {
                super::voting_time::pause(tx).await?;
            }
            tx.access.state = to;
            if to == TaskForceState::Active {
                let first = super::steps::current(tx, StepName::Policy).await?;
                if first.state == StepState::Locked {
                    super::steps::apply_command(tx, &first, StepCommand::Open).await?;
                }
                super::voting_time::resume(tx).await?;
                // During the suspension, members may have become absent, which decides nothing while votes pause.
                super::submissions::close_vote_if_decided(tx).await?;
            }
            let before_council = db::reports::before_council(tx.conn(), id).await?;
            Ok(TaskForceView::new(task_force, before_council, &panel, &tx.access))
        })
        .await
    }
}
