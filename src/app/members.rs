//! Members: appointed, given another role, ended with or without a successor.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::caller::Caller;
use super::write::{WriteTx, expect_version};
use super::{App, Result};
use crate::db::members::NamedMember;
use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::event::{EventAction, NewEvent, SubjectKind, changes_between};
use crate::domain::panel::Panel;
use crate::domain::refusal::{FieldError, FieldErrorCode, ProblemExtension, Refusal, RefusalCode};
use crate::domain::rights::{Action, SeatRole};
use crate::domain::text::LocalizedText;
use crate::domain::user::{CouncilRole, UserState};
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::writing::Write;

/// Somebody who is to take a seat.
#[derive(Debug, Clone)]
pub struct NewMember {
    /// The user.
    pub user_id: Uuid,
    /// Chair or expert.
    pub role: SeatRole,
    /// What they are expert in.
    pub expertise: Option<String>,
}

/// What of a sitting member can be changed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MemberFields {
    /// Chair or expert.
    pub role: SeatRole,
    /// What they are expert in.
    pub expertise: Option<String>,
}

/// How a seat ends.
#[derive(Debug, Clone)]
pub struct MemberEnd {
    /// Why.
    pub reason: LocalizedText,
    /// Who takes a seat in the same step.
    pub successor: Option<NewMember>,
    /// Who takes over open activities, pilots and conditions; the successor if not said.
    pub reassign_to: Option<Uuid>,
}

/// An appointment: the new member, and what happened.
pub(super) struct Appointed {
    pub(super) id: Uuid,
    pub(super) new_events: Vec<NewEvent>,
}

fn new_event(action: EventAction, id: Uuid) -> NewEvent {
    NewEvent::new(action, SubjectKind::Member, id)
}

/// Gives a user a seat; a new chair makes the present one an expert. `pointer` is where the request names the user.
pub(super) async fn appoint(
    conn: &Conn,
    task_force_id: Uuid,
    panel: &mut Panel,
    member: &NewMember,
    pointer: &str,
    today: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Appointed> {
    match db::members::lock_user_for_share(conn, member.user_id).await? {
        Some((CouncilRole::Expert, UserState::Active)) => {}
        Some(_) => return Err(RefusalCode::NotAnExpert.into()),
        None => return Err(Refusal::unknown_reference(pointer).into()),
    }
    let id = Uuid::now_v7();
    let mut new_events = Vec::new();
    if let Some(outgoing) = panel.appoint(id, member.role) {
        new_events.push(step_down(conn, task_force_id, outgoing, now).await?);
    }
    let expertise = member.expertise.as_deref();
    db::members::insert(conn, task_force_id, id, member.user_id, member.role, expertise, today, now).await?;
    new_events.push(
        new_event(EventAction::MemberAppointed, id)
            .with_change("userId", None::<()>, member.user_id)
            .with_change("role", None::<()>, member.role)
            .with_change("expertise", None::<()>, expertise),
    );
    Ok(Appointed { id, new_events })
}

async fn step_down(conn: &Conn, task_force_id: Uuid, chair: Uuid, now: DateTime<Utc>) -> Result<NewEvent> {
    db::members::step_down(conn, task_force_id, chair, now).await?;
    Ok(new_event(EventAction::MemberUpdated, chair).with_change("role", SeatRole::Chair, SeatRole::Expert))
}

/// The faults of a list of candidates, all at once: users that are not there, and users that are there twice. Those
/// who are there are held as they are, in the order of their ids, until the transaction ends.
pub(super) async fn check_candidates(conn: &Conn, members: &[NewMember]) -> Result<Vec<FieldError>> {
    let ids: Vec<Uuid> = members.iter().map(|member| member.user_id).collect();
    let held = db::members::hold_users(conn, &ids).await?;
    let error = |(at, member): (usize, &NewMember)| {
        let pointer = format!("/members/{at}/userId");
        if !held.contains(&member.user_id) {
            Some(FieldError::at(pointer, FieldErrorCode::UnknownReference))
        } else if ids.iter().take(at).any(|other| *other == member.user_id) {
            Some(FieldError::at(pointer, FieldErrorCode::Duplicate))
        } else {
            None
        }
    };
    Ok(members.iter().enumerate().filter_map(error).collect())
}

/// Work goes to current members only. `pointer` is where the request names the member.
pub(super) async fn require_current(tx: &WriteTx<'_>, id: Uuid, pointer: &str) -> Result<()> {
    match db::members::find(tx.conn(), tx.task_force_id(), id).await? {
        Some((member, _)) if member.is_current() => Ok(()),
        Some(_) => Err(RefusalCode::MemberEnded.into()),
        None => Err(Refusal::unknown_reference(pointer).into()),
    }
}

/// Gives the pilots and conditions of a member who leaves to whoever takes over: these are always somebody's.
async fn reassign(tx: &mut WriteTx<'_>, from: Uuid, successor: Option<Uuid>) -> Result<()> {
    let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
    let owned = db::references::owned_by(conn, task_force_id, from).await?;
    if owned.is_empty() {
        return Ok(());
    }
    let Some(successor) = successor else {
        return Err(Refusal::from(RefusalCode::OwnsWork)
            .extension(ProblemExtension::References(owned))
            .into());
    };
    let ids: Vec<Uuid> = owned.iter().map(|one| one.id).collect();
    db::members::reassign(conn, task_force_id, &ids, successor, tx.now()).await?;
    for one in owned {
        let (action, kind) = if one.kind == SubjectKind::Pilot.code() {
            (EventAction::PilotUpdated, SubjectKind::Pilot)
        } else {
            (EventAction::ConditionUpdated, SubjectKind::Condition)
        };
        tx.record(NewEvent::new(action, kind, one.id).with_change("ownerMemberId", from, successor));
    }
    Ok(())
}

async fn find_or_not_found(conn: &Conn, task_force_id: Uuid, id: Uuid) -> Result<NamedMember> {
    Ok(db::members::find(conn, task_force_id, id).await?.ok_or(ProblemCode::NotFound)?)
}

/// The current member behind the door, as the caller read it.
async fn current_at_version(tx: &WriteTx<'_>, id: Uuid, version: i32) -> Result<NamedMember> {
    let named = find_or_not_found(tx.conn(), tx.task_force_id(), id).await?;
    expect_version(named.0.version, version)?;
    if named.0.is_current() { Ok(named) } else { Err(RefusalCode::MemberEnded.into()) }
}

impl App {
    /// A page of members, current and ended or only one of the two.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn members_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        current: Option<bool>,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Page<NamedMember>> {
        let (_, page) = self
            .read(caller, task_force_id, async |conn| {
                db::members::list(conn, task_force_id, current, after, limit).await
            })
            .await?;
        Ok(page)
    }

    /// One member.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`.
    pub async fn member_get(&self, caller: &Caller, task_force_id: Uuid, id: Uuid) -> Result<NamedMember> {
        let (_, member) = self
            .read(caller, task_force_id, async |conn| db::members::find(conn, task_force_id, id).await)
            .await?;
        Ok(member.ok_or(RefusalCode::NotFound)?)
    }

    /// Appoints a member. A new chair makes the present one an expert.
    ///
    /// # Errors
    /// `panelSize` beyond seven, `alreadyMember`, `notAnExpert`, the state of the task force.
    pub async fn member_appoint(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        member: NewMember,
    ) -> Result<NamedMember> {
        self.write(caller, task_force_id, Action::EditTaskForce, async |tx| {
            tx.may_write(Write::Members)?;
            let conn = tx.conn();
            let mut panel = db::members::panel(conn, task_force_id).await?;
            let today = tx.access.today;
            let appointed =
                appoint(conn, task_force_id, &mut panel, &member, "/userId", today, tx.now()).await?;
            tx.access.state.check_panel(&panel)?;
            appointed.new_events.into_iter().for_each(|new_event| tx.record(new_event));
            find_or_not_found(tx.conn(), task_force_id, appointed.id).await
        })
        .await
    }

    /// Changes a member's role or expertise. Making a member the chair makes the present chair an expert.
    ///
    /// # Errors
    /// `chairRequired`, `memberEnded`, the state of the task force.
    pub async fn member_update(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: i32,
        patch: impl FnOnce(MemberFields) -> Result<MemberFields>,
    ) -> Result<NamedMember> {
        self.write(caller, task_force_id, Action::EditTaskForce, async |tx| {
            let (member, name) = current_at_version(tx, id, version).await?;
            let before = MemberFields { role: member.role, expertise: member.expertise.clone() };
            let after = patch(before.clone())?;
            if after == before {
                return Ok((member, name));
            }
            tx.may_write(Write::Members)?;
            let conn = tx.conn();
            let mut panel = db::members::panel(conn, task_force_id).await?;
            let outgoing = panel.assign(id, after.role);
            tx.access.state.check_panel(&panel)?;
            if let Some(outgoing) = outgoing {
                let new_event = step_down(conn, task_force_id, outgoing, tx.now()).await?;
                tx.record(new_event);
            }
            let expertise = after.expertise.as_deref();
            db::members::update(tx.conn(), task_force_id, id, after.role, expertise, tx.now()).await?;
            tx.record(new_event(EventAction::MemberUpdated, id).with(changes_between(&before, &after)));
            find_or_not_found(tx.conn(), task_force_id, id).await
        })
        .await
    }

    /// Ends a seat. Whoever takes over gets the open activities, pilots and conditions; without anybody, activities are
    /// nobody's, and pilots and conditions stand in the way. Without a vote the member leaves the count of an open one.
    ///
    /// # Errors
    /// `ownsWork` when nobody takes over what must be somebody's,
    /// `panelSize` when one of five goes without a successor, `chairRequired` when the chair goes and no new one
    /// is named, `memberEnded`, the state of the task force.
    pub async fn member_end(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: i32,
        end: MemberEnd,
    ) -> Result<NamedMember> {
        self.write(caller, task_force_id, Action::EditTaskForce, async |tx| {
            let (member, _) = current_at_version(tx, id, version).await?;
            tx.may_write(Write::Members)?;
            // Days are those of the task force's time zone: moved westwards, it may be the day before again.
            let today = tx.access.today.max(member.from_date);
            let now = tx.now();
            let mut panel = db::members::panel(tx.conn(), task_force_id).await?;
            panel.end(id);
            db::members::end(tx.conn(), task_force_id, id, today, &end.reason, now).await?;
            tx.record(
                new_event(EventAction::MemberEnded, id)
                    .with_change("reason", None::<()>, &end.reason)
                    .with_change("toDate", None::<()>, today),
            );
            let mut reassign_to = end.reassign_to;
            if let Some(successor) = &end.successor {
                let pointer = "/successor/userId";
                let appointed =
                    appoint(tx.conn(), task_force_id, &mut panel, successor, pointer, today, now).await?;
                appointed.new_events.into_iter().for_each(|new_event| tx.record(new_event));
                reassign_to = reassign_to.or(Some(appointed.id));
            }
            tx.access.state.check_panel(&panel)?;
            if let Some(to) = end.reassign_to {
                require_current(tx, to, "/reassignToMemberId").await?;
            }
            let moved = db::activities::reassign_open(tx.conn(), task_force_id, id, reassign_to, now).await?;
            for activity in moved {
                tx.record(
                    NewEvent::new(EventAction::ActivityUpdated, SubjectKind::Activity, activity).with_change(
                        "assigneeMemberId",
                        id,
                        reassign_to,
                    ),
                );
            }
            reassign(tx, id, reassign_to).await?;
            super::submissions::remove_voter(tx, id).await?;
            find_or_not_found(tx.conn(), task_force_id, id).await
        })
        .await
    }
}
