//! Members over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::app::members::MemberView;
use crate::app::members::{MemberEnd, MemberFields as Fields, NewMember as Appointment};
use crate::db::members::{MemberFilter, NamedMember};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::{Action, SeatRole};
use crate::domain::text::LocalizedText;
use crate::domain::user::UserState;
use crate::domain::writing::Write;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, page_query};
use crate::http::patch::Patch;
use crate::http::permissions::MemberPermissions;
use crate::http::problem::Result;
use crate::http::request::{Change, Create, IfMatch, Path, Read, TaskForcePath};
use crate::http::response;
use crate::http::text::{LocalizedName, LocalizedNote, PlainLine};

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config
        .service(list_members)
        .service(create_member)
        .service(get_member)
        .service(update_member)
        .service(end_member);
}

/// A merge patch of [`MemberFields`].
type MemberPatch = Patch<MemberFields>;

/// The path of a member.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct MemberPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The member.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000d")]
    pub(super) member_id: Uuid,
}

impl Path for MemberPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A user who takes a seat.
#[derive(Debug, Deserialize, ToSchema, Mapper)]
#[mapper(into, ty = Appointment)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewMember {
    /// An active or invited user with role `expert`.
    user_id: Uuid,
    /// Chair or expert. Appointing a chair makes the previous chair an expert.
    role: SeatRole,
    /// Field of expertise.
    #[schema(value_type = Option<PlainLine>)]
    expertise: Option<String>,
}

/// The fields of a current member that can be changed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MemberFields {
    /// Chair or expert. Appointing a chair makes the previous chair an expert.
    role: SeatRole,
    /// Field of expertise.
    #[schema(value_type = Option<PlainLine>)]
    expertise: Option<String>,
}

/// The end of a seat.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MemberEnding {
    /// Reason.
    #[schema(value_type = LocalizedNote)]
    reason: LocalizedText,
    /// The user who takes a seat in the same transaction; required when one of five members or the chair leaves.
    successor: Option<NewMember>,
    /// The current member who takes over open activities, pilots and conditions. Default: the successor. Without
    /// either, the activities become unassigned, and a member who owns pilots or conditions cannot leave.
    reassign_to_member_id: Option<Uuid>,
}

/// A seat in a task force, held now or in the past.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberItem {
    /// Unique id.
    id: Uuid,
    /// The user who holds the seat.
    user_id: Uuid,
    /// Current name of the author.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// State of the member's account: an `invited` member has not accepted the invitation yet, and a `disabled` member
    /// cannot act.
    user_state: UserState,
    /// Chair or expert.
    role: SeatRole,
    /// Field of expertise.
    #[schema(required, example = "Open data")]
    expertise: Option<String>,
    /// True if the seat is held now.
    current: bool,
    /// First day of the seat, in the task force's time zone.
    #[schema(example = "2026-09-01")]
    from_date: NaiveDate,
    /// Last day of the seat; null while it is held.
    #[schema(required, example = "2026-11-22")]
    to_date: Option<NaiveDate>,
    /// Reason for the end of the seat.
    #[schema(required, value_type = Option<LocalizedNote>)]
    end_reason: Option<LocalizedText>,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// Time of the appointment.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl From<NamedMember> for MemberItem {
    fn from(NamedMember { member, name, user_state }: NamedMember) -> Self {
        Self {
            id: member.id,
            user_id: member.user_id,
            name,
            user_state,
            role: member.role,
            current: member.is_current(),
            expertise: member.expertise,
            from_date: member.from_date,
            to_date: member.to_date,
            end_reason: member.end_reason,
            version: member.version,
            created_at: member.created_at,
            updated_at: member.updated_at,
        }
    }
}

page_query! {
    /// The query parameters of a list of members.
    MemberQuery {
        /// `true`: only current members; `false`: only former members.
        #[param(nullable = false, example = true)]
        current: Option<bool>,
        /// Only members whose user account has this state.
        #[param(inline, nullable = false)]
        user_state: Option<UserState>,
    }
}

/// A seat in a task force, and the actions that the caller can perform on it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Member {
    #[serde(flatten)]
    item: MemberItem,
    /// The actions that the caller can perform on the member now.
    permissions: MemberPermissions,
}

impl From<MemberView> for Member {
    fn from(view: MemberView) -> Self {
        let permissions = MemberPermissions::from(&view);
        Self { item: MemberItem::from(view.named), permissions }
    }
}

/// A page of members.
type MemberPage = Page<MemberItem>;

impl ListItem for MemberItem {
    const PAGE_NAME: &'static str = "MemberPage";
    const PAGE_DESCRIPTION: &'static str = "A page of members.";
}

/// List members
///
/// The members of a task force by the time of their appointment, including members whose seat has ended.
#[utoipa::path(
    tag = "members",
    params(TaskForcePath, MemberQuery),
    responses((status = 200, description = "A page of members.", body = MemberPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/members")]
async fn list_members(app: Data<App>, read: Read<TaskForcePath, MemberQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let after = paging.after()?;
    let id = context.path.task_force_id;
    let filter = MemberFilter { current: query.current, user_state: query.user_state };
    let page = app.members_list(&context.caller, id, filter, after, paging.window()).await?;
    response::document(&MemberPage::new(&paging, page, |named| named.member.id, MemberItem::from))
}

/// Appoint a member
///
/// Gives a user a seat. An active or suspended task force has at most seven members.
#[utoipa::path(
    tag = "members",
    params(TaskForcePath),
    request_body = NewMember,
    responses((status = 201, description = "The member.", body = Member, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::EditTaskForce)
            .writes(Write::Members)
            .refuses([
                RefusalCode::UnknownReference, RefusalCode::PanelSize, RefusalCode::AlreadyMember,
                RefusalCode::NotAnExpert,
            ])
    )))
)]
#[post("/v1/task-forces/{taskForceId}/members")]
async fn create_member(app: Data<App>, create: Create<TaskForcePath, NewMember>) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let id = context.path.task_force_id;
    let member = Member::from(app.member_appoint(&context.caller, id, body.into()).await?);
    let location = format!("/v1/task-forces/{id}/members/{}", member.item.id);
    response::created(&location, member.item.version, &member)
}

/// Get a member
#[utoipa::path(
    tag = "members",
    description = "One current or former member.",
    params(MemberPath),
    responses((status = 200, description = "The member.", body = Member, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/members/{memberId}")]
async fn get_member(app: Data<App>, read: Read<MemberPath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let member = Member::from(
        app.member_get(&context.caller, context.path.task_force_id, context.path.member_id).await?,
    );
    response::single(member.item.version, &member)
}

/// Update a member
///
/// Changes the fields in the merge patch. Making a member the chair makes the previous chair an expert in the same
/// transaction.
#[utoipa::path(
    tag = "members",
    params(MemberPath, IfMatch),
    request_body(content = MemberPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The member after the change.", body = Member, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::EditTaskForce)
            .writes(Write::Members)
            .refuses([RefusalCode::ChairRequired, RefusalCode::MemberEnded])
    )))
)]
#[patch("/v1/task-forces/{taskForceId}/members/{memberId}")]
async fn update_member(app: Data<App>, change: Change<MemberPath, MemberPatch>) -> Result<HttpResponse> {
    let Change { context, version, body, .. } = change;
    let at = &context.path;
    let member = app
        .member_update(
            &context.caller,
            at.task_force_id,
            at.member_id,
            version,
            |Fields { role, expertise }| {
                let MemberFields { role, expertise } = body.apply(&MemberFields { role, expertise })?;
                Ok(Fields { role, expertise })
            },
        )
        .await?;
    let member = Member::from(member);
    response::single(member.item.version, &member)
}

/// End a seat
///
/// Ends the seat of a member. An active or suspended task force keeps at least five members and a chair: ending one of
/// five seats, or the seat of the chair, needs a `successor`.
#[utoipa::path(
    tag = "members",
    params(MemberPath, IfMatch),
    request_body = MemberEnding,
    responses((status = 200, description = "The member whose seat has ended.", body = Member, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::EditTaskForce)
            .writes(Write::Members)
            .refuses([
                RefusalCode::UnknownReference, RefusalCode::PanelSize, RefusalCode::ChairRequired,
                RefusalCode::AlreadyMember, RefusalCode::NotAnExpert, RefusalCode::MemberEnded,
                RefusalCode::OwnsWork,
            ])
    )))
)]
#[post("/v1/task-forces/{taskForceId}/members/{memberId}/end")]
async fn end_member(app: Data<App>, change: Change<MemberPath, MemberEnding>) -> Result<HttpResponse> {
    let Change { context, version, body, .. } = change;
    let at = &context.path;
    let end = MemberEnd {
        reason: body.reason,
        successor: body.successor.map(Appointment::from),
        reassign_to: body.reassign_to_member_id,
    };
    let member =
        Member::from(app.member_end(&context.caller, at.task_force_id, at.member_id, version, end).await?);
    response::single(member.item.version, &member)
}
