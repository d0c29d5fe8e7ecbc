//! Comments over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::activities::ActivityPath;
use crate::app::App;
use crate::app::comments::{CommentFields, CommentView};
use crate::db::comments::NamedComment;
use crate::domain::reference;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::writing::Write;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, PageQuery};
use crate::http::patch::Patch;
use crate::http::permissions::ActivityCommentPermissions;
use crate::http::problem::Result;
use crate::http::reference::{MemberReference, UserReference};
use crate::http::request::{Change, Create, Delete, IfMatch, Path, Read};
use crate::http::response;
use crate::http::text::PlainText;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config
        .service(list_comments)
        .service(create_comment)
        .service(get_comment)
        .service(update_comment)
        .service(delete_comment);
}

/// A merge patch of [`NewActivityComment`].
type ActivityCommentPatch = Patch<NewActivityComment>;

/// The path of a comment.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct CommentPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The activity.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) activity_id: Uuid,
    /// The comment.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000c")]
    pub(super) comment_id: Uuid,
}

impl Path for CommentPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A new comment.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewActivityComment {
    /// Plain text in any language.
    #[schema(value_type = PlainText)]
    text: String,
    /// The members whom the comment mentions, by their seats. Only current members can be mentioned.
    #[serde(default)]
    #[schema(required = false, max_items = 20, example = json!(["0199f0c2-7a3b-7c11-9d2e-000000000005"]))]
    mention_ids: Vec<Uuid>,
}

impl From<NewActivityComment> for CommentFields {
    fn from(comment: NewActivityComment) -> Self {
        let NewActivityComment { text, mention_ids } = comment;
        Self { text, mentions: mention_ids }
    }
}

/// A comment on an activity.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivityComment {
    /// Unique id.
    id: Uuid,
    /// The activity.
    activity_id: Uuid,
    /// The author.
    created_by: UserReference,
    /// Content.
    #[schema(example = "أرفقت رأي الدائرة القانونية.")]
    text: String,
    /// The members whom the comment mentions, in the order in which the comment names them. The seat of a member can have ended since.
    mentions: Vec<MemberReference>,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
    /// The actions that the caller can perform on the comment now.
    permissions: ActivityCommentPermissions,
}

impl From<CommentView> for ActivityComment {
    fn from(view: CommentView) -> Self {
        let permissions = ActivityCommentPermissions { update: view.can_update, delete: view.can_delete };
        let NamedComment { comment, author_name, mentioned } = view.named;
        Self {
            permissions,
            id: comment.id,
            activity_id: comment.activity_id,
            created_by: reference::UserReference { id: comment.author_id, name: author_name }.into(),
            text: comment.text,
            mentions: mentioned.0.into_iter().map(MemberReference::from).collect(),
            version: comment.version,
            created_at: comment.created_at,
            updated_at: comment.updated_at,
        }
    }
}

/// A page of comments.
type ActivityCommentPage = Page<ActivityComment>;

impl ListItem for ActivityComment {
    const PAGE_NAME: &'static str = "ActivityCommentPage";
    const PAGE_DESCRIPTION: &'static str = "A page of comments.";
}

/// List comments
///
/// The comments on an activity, oldest first.
#[utoipa::path(
    tag = "activities",
    params(ActivityPath, PageQuery),
    responses((status = 200, description = "A page of comments.", body = ActivityCommentPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/activities/{activityId}/comments")]
async fn list_comments(app: Data<App>, read: Read<ActivityPath, PageQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let after = paging.after()?;
    let at = &context.path;
    let page =
        app.comments_list(&context.caller, at.task_force_id, at.activity_id, after, paging.window()).await?;
    response::document(&ActivityCommentPage::new(
        &paging,
        page,
        |view| view.named.comment.id,
        ActivityComment::from,
    ))
}

/// Create a comment
///
/// Adds a comment to an activity, in any state of the activity and of its step. The members in `mentionIds` are told of the comment.
#[utoipa::path(
    tag = "activities",
    params(ActivityPath),
    request_body = NewActivityComment,
    responses((status = 201, description = "The comment.", body = ActivityComment, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::Work).writes(Write::Comment).refuses([RefusalCode::MemberEnded]))))
)]
#[post("/v1/task-forces/{taskForceId}/activities/{activityId}/comments")]
async fn create_comment(
    app: Data<App>,
    create: Create<ActivityPath, NewActivityComment>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let at = &context.path;
    let comment = app.comment_create(&context.caller, at.task_force_id, at.activity_id, body.into()).await?;
    let comment = ActivityComment::from(comment);
    let location =
        format!("/v1/task-forces/{}/activities/{}/comments/{}", at.task_force_id, at.activity_id, comment.id);
    response::created(&location, comment.version, &comment)
}

/// Get a comment
#[utoipa::path(
    tag = "activities",
    description = "One comment on an activity.",
    params(CommentPath),
    responses((status = 200, description = "The comment.", body = ActivityComment, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/activities/{activityId}/comments/{commentId}")]
async fn get_comment(app: Data<App>, read: Read<CommentPath>) -> Result<HttpResponse> {
    let Read { context, .. } = read;
    let at = &context.path;
    let comment = app.comment_get(&context.caller, at.task_force_id, at.activity_id, at.comment_id).await?;
    let comment = ActivityComment::from(comment);
    response::single(comment.version, &comment)
}

/// Update a comment
///
/// Changes the text and the mentions of a comment. Only members whom the comment did not mention before are told of the change.
#[utoipa::path(
    tag = "activities",
    params(CommentPath, IfMatch),
    request_body(content = ActivityCommentPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The comment after the change.", body = ActivityComment, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::EditComment).writes(Write::Comment).refuses([RefusalCode::MemberEnded]))))
)]
#[patch("/v1/task-forces/{taskForceId}/activities/{activityId}/comments/{commentId}")]
async fn update_comment(
    app: Data<App>,
    change: Change<CommentPath, ActivityCommentPatch>,
) -> Result<HttpResponse> {
    let Change { context, version, body, .. } = change;
    let at = &context.path;
    let comment = app
        .comment_update(&context.caller, at.task_force_id, at.activity_id, at.comment_id, version, |fields| {
            let CommentFields { text, mentions } = fields;
            Ok(body.apply(&NewActivityComment { text, mention_ids: mentions })?.into())
        })
        .await?;
    let comment = ActivityComment::from(comment);
    response::single(comment.version, &comment)
}

/// Delete a comment
///
/// Deletes a comment.
#[utoipa::path(
    tag = "activities",
    params(CommentPath, IfMatch),
    responses((status = 204, description = "The resource is deleted.")),
    extensions(("x-problem-codes" = json!(requires(Action::DeleteComment).writes(Write::Comment))))
)]
#[delete("/v1/task-forces/{taskForceId}/activities/{activityId}/comments/{commentId}")]
async fn delete_comment(app: Data<App>, remove: Delete<CommentPath>) -> Result<HttpResponse> {
    let Delete { context, version } = remove;
    let at = &context.path;
    app.comment_delete(&context.caller, at.task_force_id, at.activity_id, at.comment_id, version).await?;
    Ok(response::done())
}
