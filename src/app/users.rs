//! Users, their roles, and the invitations with which they set their passwords.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

use super::caller::{Actor, Caller};
use super::constraints::time_zone_error;
use super::members::change_user_state;
use super::sessions::with_sessions_ended;
use super::write::{NewInstallationEvent, expect_version};
use super::{App, Error, Result};
use crate::auth::secrets;
use crate::db::page::{Keyed, NameOrder, Page, Window};
use crate::db::users::{ListedUser, Membership, Reach, User, UserDetail, UserFields, UserFilter};
use crate::db::{self, Conn};
use crate::domain::calendar::is_time_zone;
use crate::domain::characters::{is_blank, is_invisible};
use crate::domain::email::EmailKind;
use crate::domain::event::{
    ActorKind, Change, Changes, EventAction, EventActor, NewEvent, SubjectKind, changes_between,
};
use crate::domain::notification::NotificationSettings;
use crate::domain::reference::Reference;
use crate::domain::refusal::{
    AvailableTransition, FieldError, FieldErrorCode, FieldLocation, Refusal, RefusalCode,
};
use crate::domain::requirement::{forbidden, forbidden_to_manage};
use crate::domain::rights::{Action, EffectiveRole, may_manage};
use crate::domain::shared_page::SharedPage;
use crate::domain::state_machine::{available, check_transition};
use crate::domain::text::{Language, LocalizedText};
use crate::domain::user::{UserRole, UserState, change_role, fold_address};
use crate::domain::version::ExpectedVersion;
use crate::domain::vocabulary::Vocabulary as _;

/// The lifetime of an invitation.
const INVITATION_LIFETIME: TimeDelta = TimeDelta::days(7);

/// The most attempts to lock the task forces of a user, who may be given a seat in another one meanwhile.
const MOST_ATTEMPTS: usize = 5;

/// The longest address that SMTP can carry (RFC 5321).
const MAX_EMAIL_LENGTH: usize = 254;

/// A user as a caller sees them.
#[derive(Debug)]
pub struct UserView {
    pub user: User,
    /// Tells whether an invitation waits to be accepted.
    pub invitation_pending: bool,
    /// The transitions that this caller sees.
    pub transitions: Vec<AvailableTransition>,
    /// Tells whether the caller can change the user and end their sessions.
    pub can_manage: bool,
    /// Tells whether the caller can send the user another invitation.
    pub can_invite: bool,
    /// The caller.
    pub actor: Actor,
}

impl UserView {
    /// The user as an actor sees them. Transitions beyond the scope of the credential are not available.
    fn new(detail: UserDetail, actor: &Actor, now: DateTime<Utc>) -> Self {
        let facts = detail.facts();
        let user = detail.user;
        let is_managed = may_manage(actor.effective_role, user.fields.role);
        let can_manage = is_managed && actor.can(Action::ManageUsers);
        let missing_right = match (is_managed, can_manage) {
            (false, _) => Some(RefusalCode::Forbidden),
            (true, false) => Some(RefusalCode::InsufficientScope),
            (true, true) => None,
        };
        Self {
            transitions: available(&user.state.transitions(facts), missing_right),
            invitation_pending: is_pending(detail.invitation_expires_at, now),
            can_manage,
            can_invite: can_manage && user.id != actor.user_id,
            actor: actor.clone(),
            user,
        }
    }
}

/// A user in a list, as far as the caller may see them.
#[derive(Debug)]
pub enum UserEntry {
    /// All fields, for callers who manage users.
    Full {
        user: User,
        /// Tells whether an invitation waits to be accepted.
        invitation_pending: bool,
    },
    /// Id and name, for a chair who looks for members.
    Name {
        /// The id of the user.
        id: Uuid,
        /// The name of the person.
        name: LocalizedText,
    },
}

impl UserEntry {
    /// The user's id.
    pub fn id(&self) -> Uuid {
        match self {
            Self::Full { user, .. } => user.id,
            Self::Name { id, .. } => *id,
        }
    }
}

/// An invitation. Its token is returned only once.
#[derive(Debug)]
pub struct Invitation {
    /// The token with which the person accepts the invitation.
    pub token: SecretString,
    /// The end of its lifetime.
    pub expires_at: DateTime<Utc>,
    /// True if the service sends the invitation to the user by e-mail.
    pub is_emailed: bool,
}

/// The own account of a caller.
#[derive(Debug)]
pub struct Me {
    pub view: UserView,
    /// The current seats of the caller.
    pub memberships: Vec<Membership>,
    pub notification_settings: NotificationSettings,
}

/// Parses an e-mail address into the form in which it is stored: as it was written, trimmed and in Unicode's normal
/// form C. Accounts are compared by [`fold_address`].
///
/// # Errors
/// `tooLong`; `wrongFormat` for text that cannot be an address, and for an address of which a reader would not see
/// every character.
pub fn parse_email(text: &str) -> std::result::Result<String, FieldErrorCode> {
    let email: String = text.trim().nfc().collect();
    if email.chars().count() > MAX_EMAIL_LENGTH {
        return Err(FieldErrorCode::TooLong);
    }
    let is_visible = |part: &str| !is_blank(part) && !part.contains(is_invisible);
    let has_one_sign = fold_address(&email).matches('@').count() == 1;
    match email.split_once('@') {
        Some((local, domain)) if has_one_sign && is_visible(local) && is_visible(domain) => Ok(email),
        _ => Err(FieldErrorCode::WrongFormat),
    }
}

fn is_pending(invitation_expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    invitation_expires_at.is_some_and(|expires_at| now < expires_at)
}

/// Revokes every API key and every link of a user, withholds every webhook that the user is responsible for, and adds their
/// numbers to the event. Somebody who
/// held a session of the user for a while may have left a key or a link behind. The caller of this function has locked the
/// user.
async fn revoke_keys_and_links(
    conn: &Conn,
    id: Uuid,
    now: DateTime<Utc>,
    new_event: NewEvent,
) -> Result<NewEvent> {
    let keys = db::api_keys::revoke_all(conn, id, now).await?;
    let pages = db::share_links::revoke_all(conn, id, now).await?;
    let calendars = pages.iter().filter(|page| **page == SharedPage::OwnCalendar).count();
    let page_links = db::page_links::delete_all(conn, id, now).await?;
    let webhooks = db::webhooks::release_all(conn, id).await?;
    let numbers = [
        ("apiKeysRevoked", keys),
        ("shareLinksRevoked", pages.len() - calendars),
        ("calendarLinksRevoked", calendars),
        ("pageLinksRevoked", page_links),
        ("webhooksWithheld", webhooks),
    ];
    Ok(numbers.into_iter().fold(new_event, |new_event, (name, number)| {
        new_event.with_change(name, None::<()>, (number > 0).then_some(number))
    }))
}

fn new_event(action: EventAction, id: Uuid) -> NewEvent {
    NewEvent::new(action, SubjectKind::User, id)
}

/// Refuses to show a user other than the caller and the users whom the caller manages.
fn visible(actor: &Actor, detail: Option<UserDetail>) -> Result<UserDetail> {
    let detail = detail.ok_or(RefusalCode::NotFound)?;
    let is_own = detail.user.id == actor.user_id;
    let is_managed = is_own || may_manage(actor.effective_role, detail.user.fields.role);
    if is_managed && actor.may(Action::ReadUser, detail.user.id) {
        Ok(detail)
    } else {
        Err(RefusalCode::NotFound.into())
    }
}

/// The check of the right to change a user. To callers without it, all users but themselves are `notFound`.
fn check_may_manage(id: Uuid) -> impl FnOnce(&Actor) -> Result<()> {
    move |actor| match actor.require(Action::ManageUsers) {
        Err(Error::Refused(refusal)) if refusal.code == RefusalCode::Forbidden && actor.user_id != id => {
            Err(RefusalCode::NotFound.into())
        }
        decision => decision,
    }
}

/// Refuses to assign a role to callers who do not manage users of that role.
fn check_may_assign(actor: &Actor, role: UserRole) -> Result<()> {
    if may_manage(actor.effective_role, role) { Ok(()) } else { Err(forbidden_to_manage(role).into()) }
}

/// The fields that differ. Events are never deleted, so for name and address they record only that the field changed:
/// the person can still be erased.
fn changes(before: &UserFields, after: &UserFields) -> Changes {
    let mut changes = changes_between(before, after);
    for personal in ["name", "email"] {
        if let Some(change) = changes.get_mut(personal) {
            *change = Change { before: Value::Null, after: Value::Null };
        }
    }
    changes
}

/// Checks the time zone of the daily digest, if it is another one than before.
fn check_digest_zone(before: &NotificationSettings, after: &NotificationSettings) -> Result<()> {
    let is_known = after.time_zone.as_deref().is_none_or(is_time_zone);
    if is_known || before.time_zone == after.time_zone {
        return Ok(());
    }
    let location = FieldLocation::Pointer("/notificationSettings/timeZone".to_owned());
    let error = FieldError { location, ..time_zone_error() };
    Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into())
}

/// Ends what was sent to the address that a user has no longer: an invitation and the link of a forgotten password. The
/// new address is tried anew, if the mail server had refused the old one.
async fn leave_address(conn: &Conn, id: Uuid, now: DateTime<Utc>, updated: NewEvent) -> Result<NewEvent> {
    db::password_resets::end(conn, id).await?;
    let enabled = db::emails::enable_address(conn, id).await?;
    let ended = db::users::end_invitation(conn, id, now).await?;
    Ok(updated.with_change("emailEnabled", None::<()>, enabled.then_some(true)).with_change(
        "invitationEnded",
        None::<()>,
        ended.then_some(true),
    ))
}

async fn find_or_not_found(conn: &Conn, id: Uuid) -> Result<UserDetail> {
    Ok(db::users::find(conn, id).await?.ok_or(RefusalCode::NotFound)?)
}

/// Refuses an address that another user has, and names the user if the caller may see that user.
async fn check_address_free(conn: &Conn, actor: &Actor, id: Option<Uuid>, email: &str) -> Result<()> {
    match db::users::with_address(conn, email).await? {
        Some((other, role, name)) if id != Some(other) => {
            let user = Reference::new(SubjectKind::User, other, name);
            let seen = Some(user).filter(|_| may_manage(actor.effective_role, role));
            Err(Refusal::from(RefusalCode::EmailTaken).references(seen.into_iter().collect()).into())
        }
        _ => Ok(()),
    }
}

/// The refusal of an invitation to oneself.
fn self_invitation() -> Refusal {
    forbidden(Action::ManageUsers).saying(
        "You can't invite yourself; to change your password, use `PUT /v1/auth/password`.",
        "لا يمكنك دعوة نفسك؛ لتغيير كلمة مرورك استخدم PUT /v1/auth/password.",
    )
}

impl App {
    /// The caller, and the caller's seats within the limits of the credential.
    ///
    /// # Errors
    /// `unauthenticated`.
    pub async fn me(&self, caller: &Caller) -> Result<Me> {
        self.with_conn(async |conn| {
            let (actor, detail, memberships, notification_settings) = tokio::join!(
                self.actor_on(conn, caller),
                db::users::find(conn, caller.user_id),
                db::users::memberships(conn, caller.user_id),
                db::notifications::settings::find(conn, caller.user_id),
            );
            let actor = actor?;
            let view = UserView::new(visible(&actor, detail?)?, &actor, self.clock.now());
            let mut memberships = memberships?;
            memberships.retain(|seat| actor.scope.covers(seat.task_force_id));
            Ok(Me { view, memberships, notification_settings: notification_settings? })
        })
        .await
    }

    /// A page of users: all users for an administrator, all but administrators for the secretariat, the names of experts
    /// who can take a seat for a chair.
    ///
    /// # Errors
    /// `forbidden` for everybody else.
    pub async fn users_list(
        &self,
        caller: &Caller,
        filter: &UserFilter,
        order: &NameOrder,
        window: Window,
    ) -> Result<Page<Keyed<UserEntry>>> {
        self.with_conn(async |conn| {
            let actor = self.actor_on(conn, caller).await?;
            actor.require(Action::LookUpUsers)?;
            let reach = match actor.effective_role {
                EffectiveRole::Administrator => Reach::Everybody,
                EffectiveRole::Secretariat => Reach::AllButAdministrators,
                _ => Reach::Experts,
            };
            let now = self.clock.now();
            let page = db::users::list(conn, reach, filter, order, window).await?;
            let entry = |(user, invitation_expires_at): ListedUser| match reach {
                Reach::Experts => UserEntry::Name { id: user.id, name: user.fields.name },
                _ => UserEntry::Full { invitation_pending: is_pending(invitation_expires_at, now), user },
            };
            Ok(page.map(|Keyed { row, key }| Keyed { row: entry(row), key }))
        })
        .await
    }

    /// One user.
    ///
    /// # Errors
    /// `notFound`, also for users who are not visible to the caller; `insufficientScope` for a key of one task force.
    pub async fn user_get(&self, caller: &Caller, id: Uuid) -> Result<UserView> {
        self.with_conn(async |conn| {
            let (actor, detail) = tokio::join!(self.actor_on(conn, caller), db::users::find(conn, id));
            let actor = actor?;
            actor.require_installation()?;
            Ok(UserView::new(visible(&actor, detail?)?, &actor, self.clock.now()))
        })
        .await
    }

    /// Creates a user, who sets a password by accepting the invitation.
    ///
    /// # Errors
    /// `forbidden`, also if the secretariat creates an administrator; `emailTaken`.
    pub async fn user_create(&self, caller: &Caller, fields: UserFields) -> Result<(UserView, Invitation)> {
        let may = |actor: &Actor| {
            actor.require(Action::ManageUsers)?;
            check_may_assign(actor, fields.role)
        };
        self.write_as(caller, may, async |conn, actor, now| {
            check_address_free(conn, actor, None, &fields.email).await?;
            let (id, invitation, invited) = self.create_invited(conn, &fields, now).await?;
            let view = UserView::new(find_or_not_found(conn, id).await?, actor, now);
            Ok(((view, invitation), Some(invited)))
        })
        .await
    }

    /// Creates an administrator for the operator of the installation.
    ///
    /// # Errors
    /// `invalidRequest` at `/email`; `emailTaken`.
    pub async fn create_admin(&self, email: &str, name: LocalizedText) -> Result<Invitation> {
        let email = parse_email(email).map_err(|code| {
            Refusal::field_errors(RefusalCode::InvalidRequest, vec![FieldError::at("/email", code)])
        })?;
        let fields = UserFields { email, name, role: UserRole::Administrator, locale: Language::English };
        self.write_installation("create-admin", async |conn, now| {
            let (_, invitation, invited) = self.create_invited(conn, &fields, now).await?;
            let actor = EventActor { kind: ActorKind::System, id: None };
            Ok((invitation, Some(NewInstallationEvent { actor, new_event: invited })))
        })
        .await
    }

    /// Changes a user's fields. A new address ends an invitation that waits: it was sent to the old one.
    ///
    /// # Errors
    /// `forbidden`, also if the secretariat makes the user an administrator; `versionMismatch`; `emailTaken`;
    /// `lastAdministrator` or `holdsSeat` for a role that cannot change.
    pub async fn user_update(
        &self,
        caller: &Caller,
        id: Uuid,
        version: ExpectedVersion,
        patch: impl FnOnce(UserFields) -> Result<UserFields>,
    ) -> Result<UserView> {
        self.write_as(caller, check_may_manage(id), async |conn, _, now| {
            let (actor, detail) = self.lock_user(conn, caller, id).await?;
            let before = detail.user.fields.clone();
            let after = patch(before.clone())?;
            check_may_assign(&actor, after.role)?;
            expect_version(detail.user.version, &version)?;
            if after == before {
                return Ok((UserView::new(detail, &actor, now), None));
            }
            let (holds_seat, is_last) = (detail.holds_seat, detail.is_last_administrator);
            if let Err(refusal) = change_role(before.role, after.role, holds_seat, is_last) {
                let seats = refusal.code == RefusalCode::HoldsSeat;
                let task_forces =
                    if seats { db::members::task_forces_of(conn, id).await? } else { Vec::new() };
                return Err(refusal.references(task_forces).into());
            }
            check_address_free(conn, &actor, Some(id), &after.email).await?;
            db::users::update(conn, id, &after, now).await?;
            let mut updated = new_event(EventAction::UserUpdated, id).with(changes(&before, &after));
            if after.email != before.email {
                updated = leave_address(conn, id, now, updated).await?;
            }
            if after.role != before.role && after.role == UserRole::Administrator {
                // The keys and links were made with fewer rights, and perhaps through single sign-on, which administrators
                // cannot use.
                updated = revoke_keys_and_links(conn, id, now, updated).await?;
            }
            let view = UserView::new(find_or_not_found(conn, id).await?, &actor, now);
            Ok((view, Some(updated)))
        })
        .await
    }

    /// Changes the caller's own name, language and choices about notifications.
    ///
    /// # Errors
    /// `insufficientScope` for an API key; `versionMismatch`; the error of an unknown time zone.
    pub async fn me_update(
        &self,
        caller: &Caller,
        version: ExpectedVersion,
        patch: impl FnOnce(UserFields, NotificationSettings) -> Result<(UserFields, NotificationSettings)>,
    ) -> Result<Me> {
        let id = caller.user_id;
        self.write_as(
            caller,
            |actor| actor.require(Action::ChangeOwnAccount),
            async |conn, _, now| {
                db::users::lock(conn, id).await?;
                let actor = self.actor_on(conn, caller).await?;
                let detail = find_or_not_found(conn, id).await?;
                let before = detail.user.fields.clone();
                let (chosen, memberships) = tokio::try_join!(
                    db::notifications::settings::find(conn, id),
                    db::users::memberships(conn, id),
                )?;
                let (after, notification_settings) = patch(before.clone(), chosen.clone())?;
                check_digest_zone(&chosen, &notification_settings)?;
                expect_version(detail.user.version, &version)?;
                let is_chosen = notification_settings != chosen;
                if after == before && !is_chosen {
                    let view = UserView::new(detail, &actor, now);
                    return Ok((Me { view, memberships, notification_settings }, None));
                }
                if is_chosen {
                    db::notifications::settings::set(conn, id, &notification_settings).await?;
                }
                db::users::update(conn, id, &after, now).await?;
                // The choices concern nobody else.
                let updated = new_event(EventAction::UserUpdated, id)
                    .with(changes(&before, &after))
                    .with_change("notificationSettings", None::<()>, is_chosen.then_some(true));
                let view = UserView::new(find_or_not_found(conn, id).await?, &actor, now);
                Ok((Me { view, memberships, notification_settings }, Some(updated)))
            },
        )
        .await
    }

    /// Ends all sessions of a user at once, and the tokens that single sign-on has issued to them.
    ///
    /// # Errors
    /// `notFound`, `forbidden`.
    pub async fn user_sessions_end(&self, caller: &Caller, id: Uuid) -> Result<()> {
        self.write_as(caller, check_may_manage(id), async |conn, _, now| {
            self.lock_user(conn, caller, id).await?;
            let ended = db::sessions::end_all(conn, id, now).await?;
            Ok(((), Some(with_sessions_ended(new_event(EventAction::SessionsEnded, id), ended))))
        })
        .await
    }

    /// Disables a user and ends their sessions and an invitation that waits, or enables the user again. The task forces in which the user has a seat
    /// record it in the same transaction: in an open vote, a disabled member counts as not approving.
    ///
    /// # Errors
    /// `forbidden`, `versionMismatch`, `transitionNotAllowed`, `lastAdministrator`.
    pub async fn user_transition(
        &self,
        caller: &Caller,
        id: Uuid,
        version: ExpectedVersion,
        to: UserState,
        reason: Option<LocalizedText>,
    ) -> Result<UserView> {
        for _ in 1..MOST_ATTEMPTS {
            match self.transition_user_once(caller, id, &version, to, reason.as_ref()).await {
                Err(Error::SeatsChanged) => {}
                ended => return ended,
            }
        }
        self.transition_user_once(caller, id, &version, to, reason.as_ref()).await
    }

    /// Disables or enables a user in one transaction.
    ///
    /// # Errors
    /// As [`App::user_transition`]; [`Error::SeatsChanged`] if the user was given a seat before the user was locked.
    async fn transition_user_once(
        &self,
        caller: &Caller,
        id: Uuid,
        version: &ExpectedVersion,
        to: UserState,
        reason: Option<&LocalizedText>,
    ) -> Result<UserView> {
        self.write_as(caller, check_may_manage(id), async |conn, _, now| {
            // A task force is locked before a user, as when a member is appointed. A task force that is locked after the user
            // could wait for a transaction that holds it and waits for the user.
            let locked = db::members::lock_task_forces_of(conn, id).await?;
            let (actor, detail) = self.lock_user(conn, caller, id).await?;
            let seats = db::members::current_seats_of(conn, id).await?;
            if seats.iter().any(|(task_force_id, _)| !locked.contains(task_force_id)) {
                return Err(Error::SeatsChanged);
            }
            expect_version(detail.user.version, version)?;
            let from = detail.user.state;
            check_transition(from, &from.transitions(detail.facts()), to, reason.is_some())?;
            db::users::set_state(conn, id, to, now).await?;
            let mut moved = new_event(EventAction::UserTransitioned, id)
                .with_transition(from.code(), to.code())
                .with_change("reason", None::<()>, reason);
            if to == UserState::Disabled {
                let ended = db::sessions::end_all(conn, id, now).await?;
                moved = with_sessions_ended(moved, ended);
                // A user who is enabled again is invited again, or knows the password.
                db::password_resets::end(conn, id).await?;
                if db::users::end_invitation(conn, id, now).await? {
                    moved = moved.with_change("invitationEnded", None::<()>, true);
                }
            }
            for (task_force_id, member_id) in seats {
                self.write_along(conn, caller, task_force_id, async |tx| {
                    change_user_state(tx, member_id, from, to).await
                })
                .await?;
            }
            let view = UserView::new(find_or_not_found(conn, id).await?, &actor, now);
            Ok((view, Some(moved)))
        })
        .await
    }

    /// Invites a user again, who may have lost the invitation or forgotten the password. The user's sessions end, and
    /// the API keys, the share links, the calendar links and the page links are revoked; the old password is valid until
    /// the invitation is accepted.
    ///
    /// # Errors
    /// `notFound`; `forbidden`, also for the caller themselves: otherwise a stolen access token would be enough to set
    /// a new password.
    pub async fn user_invite(&self, caller: &Caller, id: Uuid) -> Result<(UserView, Invitation)> {
        self.write_as(caller, check_may_manage(id), async |conn, _, now| {
            let (actor, detail) = self.lock_user(conn, caller, id).await?;
            if id == caller.user_id {
                return Err(self_invitation().into());
            }
            let invitation = self.invite(conn, id, detail.user.state, now).await?;
            let ended = db::sessions::end_all(conn, id, now).await?;
            let invited = with_sessions_ended(new_event(EventAction::InvitationCreated, id), ended);
            let invited = revoke_keys_and_links(conn, id, now, invited).await?;
            let view = UserView::new(find_or_not_found(conn, id).await?, &actor, now);
            Ok(((view, invitation), Some(invited)))
        })
        .await
    }

    /// Creates a user with an invitation.
    async fn create_invited(
        &self,
        conn: &Conn,
        fields: &UserFields,
        now: DateTime<Utc>,
    ) -> Result<(Uuid, Invitation, NewEvent)> {
        let id = Uuid::now_v7();
        db::users::insert(conn, id, fields, now).await?;
        let invitation = self.invite(conn, id, UserState::Invited, now).await?;
        let invited = new_event(EventAction::UserInvited, id).with_change("role", None::<()>, fields.role);
        Ok((id, invitation, invited))
    }

    /// Invites a user, and sends the invitation by e-mail if the installation has a mail server. A disabled user could
    /// not accept the invitation and gets no e-mail.
    async fn invite(
        &self,
        conn: &Conn,
        id: Uuid,
        state: UserState,
        now: DateTime<Utc>,
    ) -> Result<Invitation> {
        let email = if state == UserState::Disabled {
            None
        } else {
            self.queue_email(conn, id, EmailKind::Invitation, now).await?
        };
        let token = match email {
            // Each attempt to send the e-mail computes the token again.
            Some(email_id) => self.tokens.email_secret(email_id),
            None => secrets::generate().map_err(Error::internal)?,
        };
        let expires_at = now + INVITATION_LIFETIME;
        db::users::invite(conn, id, &secrets::digest(&token), expires_at, now).await?;
        // Only the newest link sets the password.
        db::password_resets::end(conn, id).await?;
        Ok(Invitation { token, expires_at, is_emailed: email.is_some() })
    }

    /// Locks a user and the caller until the transaction ends, for a caller who may change the user. The caller's rights
    /// are read under the same lock: of two administrators who disable each other, one remains.
    async fn lock_user(&self, conn: &Conn, caller: &Caller, id: Uuid) -> Result<(Actor, UserDetail)> {
        db::users::lock_with_administrators(conn, &[id, caller.user_id]).await?;
        let actor = self.actor_on(conn, caller).await?;
        let detail = visible(&actor, db::users::find(conn, id).await?)?;
        actor.require(Action::ManageUsers)?;
        Ok((actor, detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_as_it_was_written_and_every_character_of_it_is_seen() {
        assert_eq!(parse_email(" Layla@Example.ORG\n").as_deref(), Ok("Layla@Example.ORG"));
        assert_eq!(parse_email("ليلى@مثال.إختبار").as_deref(), Ok("ليلى@مثال.إختبار"));
        assert_eq!(parse_email("E\u{301}li@b").as_deref(), Ok("Éli@b"));
        assert_eq!(parse_email("\u{130}@b").as_deref(), Ok("\u{130}@b"));
        for no_address in [
            "",
            "@",
            "a@",
            "@b",
            "a",
            "a b@c",
            "a@b@c",
            "a\0@b",
            "a@b\u{7}",
            "a\u{200b}@b",
            "a\u{200d}@b",
            "a\u{ad}@b",
            "a@\u{202e}b\u{202c}",
            "a@\u{2066}b\u{2069}",
            "a\u{200f}@b",
            "\u{3164}@b",
            "a\u{2800}@b",
            "a\u{fe0f}@b",
            "\u{301}@b",
            "a\u{a0}@b",
            "a\u{fffe}@b",
            // A sign of another width is the same sign.
            "a\u{ff20}b",
            "a\u{ff20}b@c",
        ] {
            assert_eq!(parse_email(no_address), Err(FieldErrorCode::WrongFormat), "{no_address:?}");
        }
        assert_eq!(parse_email(&format!("{}@b", "a".repeat(252))).map(|email| email.len()), Ok(254));
        assert_eq!(parse_email(&format!("{}@b", "a".repeat(253))), Err(FieldErrorCode::TooLong));
    }

    #[test]
    fn events_say_that_a_name_changed_but_not_what_it_was() {
        let before = UserFields {
            email: "a@example.org".into(),
            name: LocalizedText::both("ليلى", "Layla"),
            role: UserRole::Expert,
            locale: Language::Arabic,
        };
        let after = UserFields {
            name: LocalizedText::both("ليلى", "Leila"),
            role: UserRole::Secretariat,
            ..before.clone()
        };
        let changes = changes(&before, &after);
        assert_eq!(changes.keys().collect::<Vec<_>>(), ["name", "role"]);
        assert_eq!((&changes["name"].before, &changes["name"].after), (&Value::Null, &Value::Null));
        assert_eq!(changes["role"].after, "secretariat");
    }
}
