//! Members: appointed, given another role, ended with or without a successor.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::Checked;
use super::caller::{Access, Caller};
use super::connection::BULK_TIMEOUT;
use super::ids::IdSequence;
use super::wakes::Wake;
use super::write::{WriteTx, expect_version};
use super::{App, Error, Result};
use crate::db::members::{MemberFilter, NamedMember};
use crate::db::page::{Page, Window};
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, NewEvent, SubjectKind, changes_between};
use crate::domain::panel::Panel;
use crate::domain::reference::Reference;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::rights::{Action, Authorization, EffectiveRole, SeatRole, may_manage};
use crate::domain::text::LocalizedText;
use crate::domain::user::{UserRole, UserState};
use crate::domain::version::ExpectedVersion;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::writing::Write;

/// A member to be appointed.
#[derive(Debug, Clone)]
pub struct NewMember {
    pub user_id: Uuid,
    /// Chair or expert.
    pub role: SeatRole,
    /// The field of expertise.
    pub expertise: Option<String>,
}

/// The fields of a current member that can be changed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MemberFields {
    /// Chair or expert.
    pub role: SeatRole,
    /// The field of expertise.
    pub expertise: Option<String>,
}

/// The end of a membership.
#[derive(Debug, Clone)]
pub struct MemberEnd {
    pub reason: LocalizedText,
    /// A member to be appointed in the same transaction.
    pub successor: Option<NewMember>,
    /// The member who takes over open activities, pilots and conditions; by default the successor.
    pub reassign_to: Option<Uuid>,
}

/// An appointment: the id of the new member, and the events.
pub(super) struct Appointed {
    pub(super) id: Uuid,
    pub(super) new_events: Vec<NewEvent>,
}

fn new_event(action: EventAction, id: Uuid) -> NewEvent {
    NewEvent::new(action, SubjectKind::Member, id)
}

/// Appoints a user as a member. A new chair makes the current one an expert. `pointer` is the place of the user in the
/// request. A refusal names the user only if the caller, with this role, may see users who are no experts.
pub(super) async fn appoint(
    conn: &Conn,
    task_force_id: Uuid,
    panel: &mut Panel,
    member: &NewMember,
    (pointer, caller): (&str, EffectiveRole),
    today: NaiveDate,
    ids: &IdSequence,
) -> Result<Appointed> {
    match db::members::lock_user_for_share(conn, member.user_id).await? {
        Some((UserRole::Expert, state, _)) if state.may_take_seat() => {}
        Some((role, _, name)) => {
            let user = Reference::new(SubjectKind::User, member.user_id, name);
            let seen = Some(user).filter(|_| may_manage(caller, role));
            let refusal = Refusal::from(RefusalCode::NotAnExpert);
            return Err(refusal.references(seen.into_iter().collect()).into());
        }
        None => return Err(Refusal::unknown_reference(pointer).into()),
    }
    if let Some((seat, name)) = db::members::seat_of(conn, task_force_id, member.user_id).await? {
        let seat = Reference::new(SubjectKind::Member, seat, name).in_task_force(task_force_id);
        return Err(Refusal::from(RefusalCode::AlreadyMember).references(vec![seat]).into());
    }
    let (id, now) = (ids.next(), ids.now());
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

/// The errors in a list of candidates: users who do not exist, users who are listed twice, and a second chair. The rows
/// of the users are locked for share, in the order of their ids, until the transaction ends.
pub(super) async fn check_candidates(conn: &Conn, members: &[NewMember]) -> Result<Vec<FieldError>> {
    let ids: Vec<Uuid> = members.iter().map(|member| member.user_id).collect();
    let existing = db::members::lock_users_for_share(conn, &ids).await?;
    let error = |(at, member): (usize, &NewMember)| {
        let pointer = format!("/members/{at}/userId");
        if !existing.contains(&member.user_id) {
            Some(FieldError::at(pointer, FieldErrorCode::UnknownReference))
        } else if ids.iter().take(at).any(|other| *other == member.user_id) {
            Some(FieldError::at(pointer, FieldErrorCode::Duplicate))
        } else {
            None
        }
    };
    let mut errors: Vec<FieldError> = members.iter().enumerate().filter_map(error).collect();
    let chairs = members.iter().enumerate().filter(|(_, member)| member.role == SeatRole::Chair);
    errors.extend(chairs.skip(1).map(|(at, _)| {
        FieldError::at(format!("/members/{at}/role"), FieldErrorCode::Duplicate)
            .saying("is a second chair; a task force has one", "رئيس ثانٍ، ولفريق العمل رئيس واحد")
    }));
    Ok(errors)
}

/// Checks that a member is current, since work is assigned to current members only. `pointer` is the place of the
/// member in the request.
pub(super) async fn require_current(tx: &WriteTx<'_>, id: Uuid, pointer: &str) -> Result<()> {
    match db::members::find(tx.conn(), tx.task_force_id(), id).await? {
        Some(named) if named.member.is_current() => Ok(()),
        Some(named) => {
            let ended = Reference::new(SubjectKind::Member, named.member.id, named.name)
                .in_task_force(tx.task_force_id());
            Err(Refusal::from(RefusalCode::MemberEnded).references(vec![ended]).into())
        }
        None => Err(Refusal::unknown_reference(pointer).into()),
    }
}

/// Hands the open activities of a member who leaves on to another, or to nobody. Each has an event of its own, so that its
/// history says who has the work; the content rate of the task force bounds these events.
async fn hand_on_activities(tx: &mut WriteTx<'_>, from: Uuid, to: Option<Uuid>) -> Result<()> {
    let (task_force_id, now) = (tx.task_force_id(), tx.now());
    loop {
        let moved = db::activities::reassign_open(tx.conn(), task_force_id, from, to, now).await?;
        if moved.is_empty() {
            return Ok(());
        }
        db::activity_assignees::record(tx.conn(), task_force_id, &moved).await?;
        for activity in moved {
            tx.record(
                NewEvent::new(EventAction::ActivityUpdated, SubjectKind::Activity, activity).with_change(
                    "assigneeId",
                    from,
                    to,
                ),
            );
        }
    }
}

/// Reassigns the pilots and conditions of a member who leaves. Both always have an owner.
async fn reassign(tx: &mut WriteTx<'_>, from: Uuid, successor: Option<Uuid>) -> Result<()> {
    let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
    let owned = db::references::owned_by(conn, task_force_id, from).await?;
    if owned.is_empty() {
        return Ok(());
    }
    let Some(successor) = successor else {
        return Err(Refusal::from(RefusalCode::OwnsWork).references(owned).into());
    };
    let ids: Vec<Uuid> = owned.iter().map(|one| one.id).collect();
    db::members::reassign(conn, task_force_id, &ids, successor, tx.now()).await?;
    for one in owned {
        let action = match one.kind {
            SubjectKind::Pilot => EventAction::PilotUpdated,
            SubjectKind::Condition => EventAction::ConditionUpdated,
            kind => return Err(Error::internal(format!("members own no {kind}"))),
        };
        tx.record(NewEvent::new(action, one.kind, one.id).with_change("ownerId", from, successor));
    }
    Ok(())
}

/// Records that the user of a current member was disabled or enabled. A disabled member is absent from an open vote.
pub(super) async fn change_user_state(
    tx: &mut WriteTx<'_>,
    member_id: Uuid,
    from: UserState,
    to: UserState,
) -> Result<()> {
    tx.record(new_event(EventAction::MemberTransitioned, member_id).with_transition(from.code(), to.code()));
    if to == UserState::Disabled {
        super::submissions::count_as_absent(tx, member_id).await
    } else {
        super::submissions::count_as_present(tx, member_id).await
    }
}

/// The members, and whether the council waits for conditions to be met.
struct PanelContext {
    panel: Panel,
    is_pending: bool,
}

async fn panel_context(conn: &Conn, task_force_id: Uuid) -> QueryResult<PanelContext> {
    let (panel, is_pending) = tokio::try_join!(
        db::members::panel(conn, task_force_id),
        db::conditions::are_pending(conn, task_force_id),
    )?;
    Ok(PanelContext { panel, is_pending })
}

/// Checks that `leaving` may be replaced, or may hand on the chair. In a closed task force, members are replaced for as
/// long as conditions of the council are pending, since the chair reports them met; and a member whose user is disabled
/// is replaced at any time, since a correction that brings the task force back needs valid seats.
fn check_replaceable(access: &Access, context: &PanelContext, leaving: Option<Uuid>) -> Checked {
    let PanelContext { panel, is_pending } = context;
    if !access.state.is_closed() {
        return Ok(access.may_write(Write::Members)?);
    }
    let was_at_work = panel.check().is_ok();
    let is_invalid = leaving.is_some_and(|member_id| panel.is_invalid(member_id));
    let is_needed = is_invalid || *is_pending;
    Ok(access.may_write(if was_at_work && is_needed { Write::Replacement } else { Write::Members })?)
}

/// A member as a caller sees them.
#[derive(Debug)]
pub struct MemberView {
    pub named: NamedMember,
    /// Tells whether the caller can change the fields.
    pub can_update: bool,
    /// Tells whether the caller can end the membership without a successor.
    pub can_end: bool,
    /// Tells whether the caller can end the membership with a successor.
    pub can_replace: bool,
}

impl MemberView {
    fn new(named: NamedMember, access: &Access, context: &PanelContext) -> Self {
        let id = named.member.id;
        let can = access.right(Action::EditTaskForce) == Authorization::Allowed && named.member.is_current();
        let can_write = can && access.may_write(Write::Members).is_ok();
        let mut without = context.panel.clone();
        without.end(id);
        Self {
            can_update: can_write,
            can_end: can_write && access.state.check_panel(&without).is_ok(),
            can_replace: can && check_replaceable(access, context, Some(id)).is_ok(),
            named,
        }
    }
}

async fn view(tx: &WriteTx<'_>, id: Uuid) -> Result<MemberView> {
    let context = panel_context(tx.conn(), tx.task_force_id()).await?;
    Ok(MemberView::new(find_or_not_found(tx.conn(), tx.task_force_id(), id).await?, &tx.access, &context))
}

/// Checks that the successor of a member is another user.
fn check_successor(user_id: Uuid, end: &MemberEnd) -> Result<()> {
    if end.successor.as_ref().is_none_or(|successor| successor.user_id != user_id) {
        return Ok(());
    }
    let error = FieldError::at("/successor/userId", FieldErrorCode::Invalid).saying(
        "is the user whose seat ends; nobody is their own successor",
        "هو المستخدم الذي تنتهي عضويته؛ ولا يخلف أحد نفسه",
    );
    Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into())
}

async fn find_or_not_found(conn: &Conn, task_force_id: Uuid, id: Uuid) -> Result<NamedMember> {
    Ok(db::members::find(conn, task_force_id, id).await?.ok_or(RefusalCode::NotFound)?)
}

/// Finds a current member in a write transaction, in the version that the caller read.
async fn current_at_version(tx: &WriteTx<'_>, id: Uuid, version: &ExpectedVersion) -> Result<NamedMember> {
    let named = find_or_not_found(tx.conn(), tx.task_force_id(), id).await?;
    expect_version(named.member.version, version)?;
    if named.member.is_current() { Ok(named) } else { Err(RefusalCode::MemberEnded.into()) }
}

impl App {
    /// A page of members: current, ended or both, whatever the state of their users or in one.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn members_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        filter: MemberFilter,
        after: Option<Uuid>,
        window: Window,
    ) -> Result<Page<NamedMember>> {
        let (_, page) = self
            .read(caller, task_force_id, async |conn| {
                db::members::list(conn, task_force_id, filter, after, window).await
            })
            .await?;
        Ok(page)
    }

    /// One member.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`.
    pub async fn member_get(&self, caller: &Caller, task_force_id: Uuid, id: Uuid) -> Result<MemberView> {
        let (access, (member, context)) = self
            .read(caller, task_force_id, async |conn| {
                tokio::try_join!(
                    db::members::find(conn, task_force_id, id),
                    panel_context(conn, task_force_id),
                )
            })
            .await?;
        Ok(MemberView::new(member.ok_or(RefusalCode::NotFound)?, &access, &context))
    }

    /// Appoints a member. A new chair makes the current one an expert.
    ///
    /// # Errors
    /// `panelSize` for an eighth member, `alreadyMember`, `notAnExpert`, the errors of [`WriteTx::may_write`].
    pub async fn member_appoint(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        member: NewMember,
    ) -> Result<MemberView> {
        self.write(caller, task_force_id, Action::EditTaskForce, async |tx| {
            tx.may_write(Write::Members)?;
            let conn = tx.conn();
            let mut panel = db::members::panel(conn, task_force_id).await?;
            let today = tx.access.today;
            let at = ("/userId", tx.access.effective_role);
            let appointed = appoint(conn, task_force_id, &mut panel, &member, at, today, tx.ids()).await?;
            caller.wakes.add(Wake::Rights(member.user_id));
            tx.access.state.check_panel(&panel)?;
            appointed.new_events.into_iter().for_each(|new_event| tx.record(new_event));
            view(tx, appointed.id).await
        })
        .await
    }

    /// Changes the role or expertise of a member. A new chair makes the current one an expert.
    ///
    /// # Errors
    /// `chairRequired`, `memberEnded`, the errors of [`WriteTx::may_write`].
    pub async fn member_update(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: ExpectedVersion,
        patch: impl FnOnce(MemberFields) -> Result<MemberFields>,
    ) -> Result<MemberView> {
        self.write(caller, task_force_id, Action::EditTaskForce, async |tx| {
            let named = current_at_version(tx, id, &version).await?;
            let member = &named.member;
            let before = MemberFields { role: member.role, expertise: member.expertise.clone() };
            let after = patch(before.clone())?;
            if after == before {
                return view(tx, id).await;
            }
            let conn = tx.conn();
            let context = panel_context(conn, task_force_id).await?;
            if after.role == SeatRole::Chair && before.role != SeatRole::Chair {
                check_replaceable(&tx.access, &context, context.panel.chair())?;
            } else {
                tx.may_write(Write::Members)?;
            }
            let mut panel = context.panel;
            let outgoing = panel.assign(id, after.role);
            tx.access.state.check_panel(&panel)?;
            if let Some(outgoing) = outgoing {
                let new_event = step_down(conn, task_force_id, outgoing, tx.now()).await?;
                tx.record(new_event);
            }
            let expertise = after.expertise.as_deref();
            db::members::update(tx.conn(), task_force_id, id, after.role, expertise, tx.now()).await?;
            tx.record(new_event(EventAction::MemberUpdated, id).with(changes_between(&before, &after)));
            view(tx, id).await
        })
        .await
    }

    /// Ends a membership. The member named by `reassign_to` takes over open activities, pilots and conditions. Without
    /// one, activities become unassigned, and pilots and conditions prevent the end. A member who has not voted counts as
    /// not approving in an open vote.
    ///
    /// # Errors
    /// `ownsWork` if nobody takes over pilots or conditions, `panelSize` if one of five leaves without a successor,
    /// `chairRequired` if the chair leaves without a new one, `memberEnded`, the errors of [`WriteTx::may_write`].
    pub async fn member_end(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: ExpectedVersion,
        end: MemberEnd,
    ) -> Result<MemberView> {
        self.write_within(BULK_TIMEOUT, caller, task_force_id, Action::EditTaskForce, async |tx| {
            let NamedMember { member, .. } = current_at_version(tx, id, &version).await?;
            check_successor(member.user_id, &end)?;
            let context = panel_context(tx.conn(), task_force_id).await?;
            if end.successor.is_some() {
                check_replaceable(&tx.access, &context, Some(id))?;
            } else {
                tx.may_write(Write::Members)?;
            }
            let mut panel = context.panel;
            // Days are those of the task force's time zone. If the zone was moved westwards, today may be before the
            // first day.
            let today = tx.access.today.max(member.from_date);
            let now = tx.now();
            panel.end(id);
            db::members::end(tx.conn(), task_force_id, id, today, &end.reason, now).await?;
            tx.record(
                new_event(EventAction::MemberEnded, id)
                    .with_change("reason", None::<()>, &end.reason)
                    .with_change("toDate", None::<()>, today),
            );
            let mut reassign_to = end.reassign_to;
            if let Some(successor) = &end.successor {
                let at = ("/successor/userId", tx.access.effective_role);
                caller.wakes.add(Wake::Rights(successor.user_id));
                let appointed =
                    appoint(tx.conn(), task_force_id, &mut panel, successor, at, today, tx.ids()).await?;
                appointed.new_events.into_iter().for_each(|new_event| tx.record(new_event));
                reassign_to = reassign_to.or(Some(appointed.id));
            }
            if tx.access.state.is_closed() {
                // A correction may bring the task force back.
                panel.check()?;
            }
            tx.access.state.check_panel(&panel)?;
            if let Some(to) = end.reassign_to {
                require_current(tx, to, "/reassignToMemberId").await?;
            }
            hand_on_activities(tx, id, reassign_to).await?;
            reassign(tx, id, reassign_to).await?;
            super::submissions::count_as_absent(tx, id).await?;
            view(tx, id).await
        })
        .await
    }
}
