//! Users over HTTP, and the caller's own account.

mod notification_settings;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use self::notification_settings::{NotificationSettings, PatchedNotificationSettings};
use crate::app::App;
use crate::app::emails::password_page;
use crate::app::users::{Invitation, Me, UserEntry, UserView, parse_email};
use crate::db;
use crate::db::users::{UserFields, UserFilter};
use crate::domain::reference::Reference;
use crate::domain::refusal::{FieldError, Refusal, RefusalCode};
use crate::domain::rights::{Action, SeatRole};
use crate::domain::task_force::TaskForceState;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::user::{UserRole, UserState};
use crate::http::idempotency::{self, DryRun};
use crate::http::name_sort::NameSort;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, page_query};
use crate::http::patch::Patch;
use crate::http::permissions::{InstallationPermissions, UserPermissions};
use crate::http::problem::{Result, TransitionDocument};
use crate::http::reference::ResourceReference;
use crate::http::request::{Change, Create, IfMatch, NoBody, Path, Read, Root};
use crate::http::response;
use crate::http::server::settings::Settings;
use crate::http::text::{LocalizedName, LocalizedNote};

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config
        .service(get_me)
        .service(update_me)
        .service(list_users)
        .service(create_user)
        .service(get_user)
        .service(update_user)
        .service(transition_user)
        .service(resend_invitation)
        .service(end_user_sessions);
}

/// A merge patch of [`NewUser`].
type UserPatch = Patch<NewUser>;

/// The path of a user.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct UserPath {
    /// The user.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000101")]
    pub(super) user_id: Uuid,
}

impl Path for UserPath {}

/// A new user.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    /// E-mail address of the account, without invisible characters. Addresses are unique; case, width and composition
    /// of the letters are ignored.
    #[schema(format = "idn-email", min_length = 3, max_length = 254, example = "layla@example.org")]
    email: String,
    /// Name of the user.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// Role across the installation. Only an administrator makes administrators.
    role: UserRole,
    /// Preferred language of the user.
    locale: Language,
}

impl TryFrom<NewUser> for UserFields {
    type Error = Refusal;

    fn try_from(new: NewUser) -> std::result::Result<Self, Refusal> {
        let NewUser { email, name, role, locale } = new;
        let email = parse_email(&email).map_err(|code| {
            Refusal::field_errors(RefusalCode::InvalidRequest, vec![FieldError::at("/email", code)])
        })?;
        Ok(Self { email, name, role, locale })
    }
}

impl From<UserFields> for NewUser {
    fn from(fields: UserFields) -> Self {
        let UserFields { email, name, role, locale } = fields;
        Self { email, name, role, locale }
    }
}

/// A user with the available transitions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    /// Unique id.
    id: Uuid,
    /// E-mail address of the account.
    #[schema(example = "layla@example.org")]
    email: String,
    /// Name of the user.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// Role across the installation.
    role: UserRole,
    /// Preferred language of the user.
    locale: Language,
    /// State of the account: `invited` until the user accepts an invitation or signs in by single sign-on.
    state: UserState,
    /// True if an invitation is pending.
    invitation_pending: bool,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 3)]
    version: i32,
    /// Time at which the mail server refused the address for good; null if e-mails are sent to the address. Only
    /// invitations and links for forgotten passwords are still tried. The address is enabled by a change of it, and as soon
    /// as the mail server takes such an e-mail.
    #[schema(required)]
    email_disabled_at: Option<DateTime<Utc>>,
    /// The reply of the mail server that refused the address.
    #[schema(required, example = "550 5.1.1 User unknown")]
    email_disabled_reason: Option<String>,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
    /// The transitions out of the current state that the caller can make now, or the obstacles of each, computed by the
    /// check that the service enforces.
    available_transitions: Vec<TransitionDocument>,
    /// The actions that the caller can perform on the user now. `availableTransitions` contains the transitions.
    permissions: UserPermissions,
}

impl User {
    fn new(view: UserView, language: Language) -> Self {
        let permissions = UserPermissions::from(&view);
        let UserView { user, invitation_pending, transitions, .. } = view;
        Self {
            id: user.id,
            email: user.fields.email,
            name: user.fields.name,
            role: user.fields.role,
            locale: user.fields.locale,
            state: user.state,
            invitation_pending,
            version: user.version,
            email_disabled_at: user.email_disabled_at,
            email_disabled_reason: user.email_disabled_reason,
            created_at: user.created_at,
            updated_at: user.updated_at,
            available_transitions: TransitionDocument::all(&transitions, language),
            permissions,
        }
    }
}

/// A user of a list. Chairs, who look for members, see only `id` and `name`; administrators and the secretariat see all
/// fields.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserItem {
    /// Unique id.
    id: Uuid,
    /// Name of the user.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// E-mail address of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "layla@example.org")]
    email: Option<String>,
    /// Role across the installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    role: Option<UserRole>,
    /// Preferred language of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    locale: Option<Language>,
    /// State of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<UserState>,
    /// True if an invitation is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    invitation_pending: Option<bool>,
    /// Version for `If-Match`; increases with each change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, example = 3)]
    version: Option<i32>,
    /// True if the mail server has refused the address for good, so that no e-mail is sent to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email_disabled: Option<bool>,
    /// Time of creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    created_at: Option<DateTime<Utc>>,
    /// Time of the last change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    updated_at: Option<DateTime<Utc>>,
}

impl From<UserEntry> for UserItem {
    fn from(entry: UserEntry) -> Self {
        match entry {
            UserEntry::Full { user, invitation_pending } => Self {
                id: user.id,
                name: user.fields.name,
                email: Some(user.fields.email),
                role: Some(user.fields.role),
                locale: Some(user.fields.locale),
                state: Some(user.state),
                invitation_pending: Some(invitation_pending),
                version: Some(user.version),
                email_disabled: Some(user.email_disabled_at.is_some()),
                created_at: Some(user.created_at),
                updated_at: Some(user.updated_at),
            },
            UserEntry::Name { id, name } => Self {
                id,
                name,
                email: None,
                role: None,
                locale: None,
                state: None,
                invitation_pending: None,
                version: None,
                email_disabled: None,
                created_at: None,
                updated_at: None,
            },
        }
    }
}

/// A user with an invitation, whose secret is shown only once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InvitedUser {
    #[serde(flatten)]
    user: User,
    /// True if the response contains the secret. A retry with the same `Idempotency-Key` is answered without the
    /// secret: if the secret was lost, send a new invitation.
    secret_shown: bool,
    /// Secret for the invited user, who accepts the invitation by `POST /v1/auth/invitations/accept`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "c2VjcmV0LWludml0YXRpb24tdG9rZW4tb2YtYS11c2Vy")]
    invitation_token: Option<String>,
    /// Address of the page on which the invited user chooses a password. The address contains the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        example = "https://taskforce.example/s/password/c2VjcmV0LWludml0YXRpb24tdG9rZW4tb2YtYS11c2Vy?lang=ar"
    )]
    invitation_url: Option<String>,
    /// True if the service sends the invitation to the user by e-mail. Otherwise give the user the address of the page. No
    /// e-mail is sent without a mail server, to a disabled user, and after 20 invitations of the user in 24 hours.
    invitation_emailed: bool,
    /// Time of expiry of the invitation.
    invitation_expires_at: DateTime<Utc>,
}

fn invited(
    settings: &Settings,
    (view, invitation): (UserView, Invitation),
    language: Language,
) -> Result<HttpResponse> {
    // The page is in the language of the invited user, and the answer in that of the caller.
    let page = password_page(&settings.public_url, &invitation.token, view.user.fields.locale);
    let mut invited = InvitedUser {
        user: User::new(view, language),
        secret_shown: true,
        invitation_token: Some(invitation.token.expose_secret().to_owned()),
        invitation_url: Some(page),
        invitation_emailed: invitation.is_emailed,
        invitation_expires_at: invitation.expires_at,
    };
    let location = format!("/v1/users/{}", invited.user.id);
    let response = response::created(&location, invited.user.version, &invited)?;
    let response = response::in_language(language, response);
    (invited.secret_shown, invited.invitation_token, invited.invitation_url) = (false, None, None);
    idempotency::with_one_time_secret(response, &invited)
}

/// A transition of a user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserTransition {
    /// The new state.
    to: UserState,
    /// Reason; required to disable a user.
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
}

/// The fields of the own account that its user may change.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct MyFields {
    /// Name of the user.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// Preferred language of problems, labels and e-mails, unless `Accept-Language` of a request names another.
    locale: Language,
    /// Your choices about notifications.
    #[schema(value_type = PatchedNotificationSettings)]
    notification_settings: NotificationSettings,
}

/// A merge patch of [`MyFields`].
type CurrentUserPatch = Patch<MyFields>;

/// A current seat of the user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Membership {
    /// The task force.
    task_force: ResourceReference,
    /// The state of the task force.
    task_force_state: TaskForceState,
    /// The id of your seat, to which requests refer: `assigneeId`, `ownerId`.
    member_id: Uuid,
    /// Chair or expert.
    role: SeatRole,
}

impl From<db::users::Membership> for Membership {
    fn from(seat: db::users::Membership) -> Self {
        let db::users::Membership { task_force_id, member_id, role, task_force_name, task_force_state } =
            seat;
        let task_force = Reference::task_force(task_force_id, task_force_name).into();
        Self { task_force, task_force_state, member_id, role }
    }
}

/// Your account, the seats that you hold, and your choices about notifications.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CurrentUser {
    #[serde(flatten)]
    user: User,
    /// Current seats of the user, oldest first.
    memberships: Vec<Membership>,
    /// Your choices about notifications, which `PATCH /v1/me` changes.
    notification_settings: NotificationSettings,
    /// The actions outside of task forces that you can perform now.
    installation_permissions: InstallationPermissions,
}

page_query! {
    /// The query parameters of a list of users.
    UserQuery {
        /// Only users with this role.
        #[param(inline, nullable = false)]
        role: Option<UserRole>,
        /// Only users in this state.
        #[param(inline, nullable = false)]
        state: Option<UserState>,
        /// Search by name or address (for a chair, by name). Ignores case, Arabic diacritics, alef variants and digit
        /// forms.
        #[param(nullable = false, min_length = 1, max_length = 200, format = "text-search", example = "ليلى")]
        q: Option<String>,
        /// The order of the list: `createdAt` (the default) or `name`, in the language of the response.
        #[param(inline, nullable = false)]
        sort: Option<NameSort>,
    }
}

/// A page of users.
type UserPage = Page<UserItem>;

impl ListItem for UserItem {
    const PAGE_NAME: &'static str = "UserPage";
    const PAGE_DESCRIPTION: &'static str = "A page of users.";
}

impl CurrentUser {
    fn new(me: Me, language: Language) -> Self {
        let Me { view, memberships, notification_settings } = me;
        let installation_permissions = InstallationPermissions::from(&view);
        Self {
            installation_permissions,
            user: User::new(view, language),
            memberships: memberships.into_iter().map(Membership::from).collect(),
            notification_settings: notification_settings.into(),
        }
    }
}

/// Get your account
#[utoipa::path(
    tag = "me",
    description = "Your account and the seats that you hold.",
    responses((status = 200, description = "Your account.", body = CurrentUser, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ReadOwnAccount))))
)]
#[get("/v1/me")]
async fn get_me(app: Data<App>, read: Read<Root>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let me = CurrentUser::new(app.me(&context.caller).await?, context.language());
    response::single(me.user.version, &me)
}

/// Update your account
///
/// Changes your name, your language and your choices about notifications. Administrators and the secretariat change addresses and roles; `PUT
/// /v1/auth/password` changes the password. API keys cannot make this request.
#[utoipa::path(
    tag = "me",
    params(IfMatch),
    request_body(content = CurrentUserPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "Your account after the change.", body = CurrentUser, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ChangeOwnAccount))))
)]
#[patch("/v1/me")]
async fn update_me(app: Data<App>, change: Change<Root, CurrentUserPatch>) -> Result<HttpResponse> {
    let Change { context, version, body, .. } = change;
    let updated = app
        .me_update(&context.caller, version, |fields, settings| {
            let UserFields { name, locale, .. } = fields.clone();
            let before = MyFields { name, locale, notification_settings: settings.into() };
            let MyFields { name, locale, notification_settings } = body.apply(&before)?;
            Ok((UserFields { name, locale, ..fields }, notification_settings.into()))
        })
        .await?;
    let me = CurrentUser::new(updated, context.language());
    response::single(me.user.version, &me)
}

/// List users
///
/// The users that you can see: all for an administrator; all but administrators for the secretariat; for a chair, the
/// names of the invited and active experts who can take a seat.
#[utoipa::path(
    tag = "users",
    params(UserQuery),
    responses((status = 200, description = "A page of users.", body = UserPage)),
    extensions(("x-problem-codes" = json!(requires(Action::LookUpUsers).refuses([
        RefusalCode::InsufficientScope,
    ]))))
)]
#[get("/v1/users")]
async fn list_users(app: Data<App>, read: Read<Root, UserQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let sort = query.sort.unwrap_or(NameSort::CreatedAt);
    let (paging, order) = sort.order(paging, context.language())?;
    let filter = UserFilter { role: query.role, state: query.state, q: query.q };
    let page = app.users_list(&context.caller, &filter, &order, paging.window()).await?;
    response::document(&UserPage::new(
        &paging,
        page,
        |keyed| sort.key(keyed.row.id(), keyed.key.as_deref()),
        |keyed| UserItem::from(keyed.row),
    ))
}

/// Invite a user
///
/// Creates a user and an invitation, and sends the invitation by e-mail if the installation has a mail server
/// (`invitationEmailed`). The user chooses a password by accepting the invitation within 7 days, on a page of the service
/// (`invitationUrl`) or by `POST /v1/auth/invitations/accept`. The response holds the invitation's secret only once. API
/// keys cannot make this request.
#[utoipa::path(
    tag = "users",
    request_body = NewUser,
    responses((status = 201, description = "The user, and the invitation.", body = InvitedUser, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ManageUsers).refuses([RefusalCode::EmailTaken]))))
)]
#[post("/v1/users")]
async fn create_user(
    app: Data<App>,
    settings: Data<Settings>,
    create: Create<Root, NewUser>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    invited(&settings, app.user_create(&context.caller, body.try_into()?).await?, context.language())
}

/// Get a user
#[utoipa::path(
    tag = "users",
    description = "One user: your own account, or a user whom you manage.",
    params(UserPath),
    responses((status = 200, description = "The user.", body = User, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ReadUser).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/users/{userId}")]
async fn get_user(app: Data<App>, read: Read<UserPath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let user = User::new(app.user_get(&context.caller, context.path.user_id).await?, context.language());
    Ok(response::in_language(context.language(), response::single(user.version, &user)?))
}

/// Update a user
///
/// Changes the fields in the merge patch. An expert who holds a seat keeps the role, and one active administrator
/// always remains. A new address ends a pending invitation, which was sent to the old address: send a new invitation.
#[utoipa::path(
    tag = "users",
    params(UserPath, IfMatch),
    request_body(content = UserPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The user after the change.", body = User, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::ManageUsers)
            .refuses([RefusalCode::EmailTaken, RefusalCode::HoldsSeat, RefusalCode::LastAdministrator])
    )))
)]
#[patch("/v1/users/{userId}")]
async fn update_user(app: Data<App>, change: Change<UserPath, UserPatch>) -> Result<HttpResponse> {
    let Change { context, version, body, .. } = change;
    let view = app
        .user_update(&context.caller, context.path.user_id, version, |fields| {
            Ok(body.apply(&fields.into())?.try_into()?)
        })
        .await?;
    let user = User::new(view, context.language());
    Ok(response::in_language(context.language(), response::single(user.version, &user)?))
}

/// Disable or enable a user
///
/// Disables or enables a user. Disabling needs a reason and ends the user's sessions at once. A user who has never
/// accepted an invitation is enabled as `invited`. Seats stay unchanged: end them in their task forces. One active
/// administrator always remains.
#[utoipa::path(
    tag = "users",
    params(UserPath, IfMatch, DryRun),
    request_body = UserTransition,
    responses((status = 200, description = "The user after the change.", body = User, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::ManageUsers)
            .refuses([RefusalCode::TransitionNotAllowed, RefusalCode::LastAdministrator])
    )))
)]
#[post("/v1/users/{userId}/transitions")]
async fn transition_user(
    app: Data<App>,
    change: Change<UserPath, UserTransition, DryRun>,
) -> Result<HttpResponse> {
    let Change { context, version, body, .. } = change;
    let UserTransition { to, reason } = body;
    let view = app.user_transition(&context.caller, context.path.user_id, version, to, reason).await?;
    let user = User::new(view, context.language());
    Ok(response::in_language(context.language(), response::single(user.version, &user)?))
}

/// Resend the invitation of a user
///
/// Creates a new invitation for a lost invitation or a forgotten password, replaces a pending one, sends the new one by
/// e-mail if the installation has a mail server, and ends the user's sessions. All API keys, share links, calendar links and page links of the user are revoked, since somebody else with
/// access to the account could have made them. The old password stays valid until the new invitation is accepted. A
/// disabled user must be enabled first to accept it. Users cannot invite themselves; `PUT /v1/auth/password` changes a
/// known password.
#[utoipa::path(
    tag = "users",
    params(UserPath),
    responses((status = 201, description = "The user, and the invitation.", body = InvitedUser, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ManageUsers))))
)]
#[post("/v1/users/{userId}/invitations")]
async fn resend_invitation(
    app: Data<App>,
    settings: Data<Settings>,
    request: NoBody<UserPath>,
) -> Result<HttpResponse> {
    let NoBody { context } = request;
    invited(&settings, app.user_invite(&context.caller, context.path.user_id).await?, context.language())
}

/// End a user's sessions
///
/// Ends all sessions of a user and their access tokens at once. Tokens that the single sign-on issued before are no
/// longer accepted. API keys stay valid. `If-Match` is not needed. API keys cannot make this request.
#[utoipa::path(
    tag = "users",
    params(UserPath),
    responses((status = 204, description = "The user is signed out everywhere.")),
    extensions(("x-problem-codes" = json!(requires(Action::ManageUsers))))
)]
#[delete("/v1/users/{userId}/sessions")]
async fn end_user_sessions(app: Data<App>, request: NoBody<UserPath>) -> Result<HttpResponse> {
    let NoBody { context } = request;
    app.user_sessions_end(&context.caller, context.path.user_id).await?;
    Ok(response::done())
}
