//! Comments on activities. Any member may write one; only the author may change it.

use uuid::Uuid;

use super::caller::{Access, Caller};
use super::write::{WriteTx, expect_version};
use super::{App, Result};
use crate::db;
use crate::db::comments::{Comment, NamedComment};
use crate::db::page::{Page, Window};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::reference::Reference;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::rights::{Action, Authorization};
use crate::domain::version::ExpectedVersion;
use crate::domain::writing::Write;

fn new_event(action: EventAction, id: Uuid) -> NewEvent {
    NewEvent::new(action, SubjectKind::Comment, id)
}

/// A comment as a caller sees it.
#[derive(Debug)]
pub struct CommentView {
    /// The comment with its author and the members whom it mentions.
    pub named: NamedComment,
    /// Tells whether the caller can change the text.
    pub can_update: bool,
    /// Tells whether the caller can delete the comment.
    pub can_delete: bool,
}

impl CommentView {
    fn new(named: NamedComment, access: &Access) -> Self {
        let can = |action| {
            let has_right = access.right_over(action, named.comment.author_id) == Authorization::Allowed;
            has_right && access.may_write(Write::Comment).is_ok()
        };
        let (can_update, can_delete) = (can(Action::EditComment), can(Action::DeleteComment));
        Self { can_update, can_delete, named }
    }
}

/// The content of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentFields {
    pub text: String,
    /// The members whom the comment mentions, by their seats.
    pub mentions: Vec<Uuid>,
}

/// Checks the members whom a comment mentions: each is named once, and has a seat unless the comment mentioned the member
/// before.
async fn check_mentions(tx: &WriteTx<'_>, before: &[Uuid], after: &[Uuid]) -> Result<()> {
    let known = db::members::among(tx.conn(), tx.task_force_id(), after).await?;
    let error = |(at, id): (usize, &Uuid)| {
        let pointer = format!("/mentionIds/{at}");
        if !known.iter().any(|(member, _, _)| member == id) {
            Some(FieldError::at(pointer, FieldErrorCode::UnknownReference))
        } else if after.iter().take(at).any(|other| other == id) {
            Some(FieldError::at(pointer, FieldErrorCode::Duplicate))
        } else {
            None
        }
    };
    Refusal::if_any(after.iter().enumerate().filter_map(error).collect())?;
    let ended: Vec<Reference> = known
        .into_iter()
        .filter(|(id, _, is_current)| !is_current && !before.contains(id))
        .map(|(id, name, _)| Reference::new(SubjectKind::Member, id, name).in_task_force(tx.task_force_id()))
        .collect();
    if ended.is_empty() {
        Ok(())
    } else {
        Err(Refusal::from(RefusalCode::MemberEnded).references(ended).into())
    }
}

/// Mentions in an event; `None` if there are none, so that an event about a comment without mentions does not list them.
fn recorded(mentions: &[Uuid]) -> Option<&[Uuid]> {
    Some(mentions).filter(|mentions| !mentions.is_empty())
}

async fn find_or_not_found(tx: &WriteTx<'_>, activity_id: Uuid, id: Uuid) -> Result<NamedComment> {
    let comment = db::comments::find(tx.conn(), tx.task_force_id(), activity_id, id).await?;
    Ok(comment.ok_or(RefusalCode::NotFound)?)
}

impl App {
    /// A page of an activity's comments, oldest first.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound` if the activity does not exist.
    pub async fn comments_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        activity_id: Uuid,
        after: Option<Uuid>,
        window: Window,
    ) -> Result<Page<CommentView>> {
        let (access, (there, page)) = self
            .read(caller, task_force_id, async |conn| {
                tokio::try_join!(
                    db::activities::exists(conn, task_force_id, activity_id),
                    db::comments::list(conn, task_force_id, activity_id, after, window),
                )
            })
            .await?;
        if !there {
            return Err(RefusalCode::NotFound.into());
        }
        Ok(page.map(|comment| CommentView::new(comment, &access)))
    }

    /// One comment.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`.
    pub async fn comment_get(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        activity_id: Uuid,
        id: Uuid,
    ) -> Result<CommentView> {
        let (access, comment) = self
            .read(caller, task_force_id, async |conn| {
                db::comments::find(conn, task_force_id, activity_id, id).await
            })
            .await?;
        Ok(CommentView::new(comment.ok_or(RefusalCode::NotFound)?, &access))
    }

    /// Creates a comment, in any state of the activity's step.
    ///
    /// # Errors
    /// The errors of [`WriteTx::may_write`]; `notFound` if the activity does not exist; `memberEnded`, and mentions of
    /// nobody.
    pub async fn comment_create(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        activity_id: Uuid,
        fields: CommentFields,
    ) -> Result<CommentView> {
        self.write(caller, task_force_id, Action::Work, async |tx| {
            if !db::activities::exists(tx.conn(), task_force_id, activity_id).await? {
                return Err(RefusalCode::NotFound.into());
            }
            tx.may_write(Write::Comment)?;
            check_mentions(tx, &[], &fields.mentions).await?;
            let comment = Comment {
                task_force_id,
                id: tx.new_id(),
                activity_id,
                author_id: tx.access.actor.user_id,
                text: fields.text,
                version: 1,
                created_at: tx.now(),
                updated_at: tx.now(),
                mentions: fields.mentions,
            };
            db::comments::insert(tx.conn(), &comment).await?;
            tx.record(
                new_event(EventAction::CommentCreated, comment.id)
                    .with_change("activityId", None::<()>, activity_id)
                    .with_change("text", None::<()>, &comment.text)
                    .with_change("mentions", None::<()>, recorded(&comment.mentions)),
            );
            Ok(CommentView::new(find_or_not_found(tx, activity_id, comment.id).await?, &tx.access))
        })
        .await
    }

    /// Changes the caller's own comment.
    ///
    /// # Errors
    /// `forbidden` for everybody but the author; `memberEnded`, and mentions of nobody.
    pub async fn comment_update(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        activity_id: Uuid,
        id: Uuid,
        version: ExpectedVersion,
        patch: impl FnOnce(CommentFields) -> Result<CommentFields>,
    ) -> Result<CommentView> {
        self.write(caller, task_force_id, Action::EditComment, async |tx| {
            let named = find_or_not_found(tx, activity_id, id).await?;
            let comment = &named.comment;
            tx.access.require_over(Action::EditComment, comment.author_id)?;
            expect_version(comment.version, &version)?;
            let before = CommentFields { text: comment.text.clone(), mentions: comment.mentions.clone() };
            let after = patch(before.clone())?;
            if after == before {
                return Ok(CommentView::new(named, &tx.access));
            }
            tx.may_write(Write::Comment)?;
            check_mentions(tx, &before.mentions, &after.mentions).await?;
            let CommentFields { text, mentions } = &after;
            db::comments::update(tx.conn(), task_force_id, id, text, mentions, tx.now()).await?;
            tx.record(
                new_event(EventAction::CommentUpdated, id)
                    .with_change("text", &before.text, text)
                    .with_change("mentions", recorded(&before.mentions), recorded(mentions)),
            );
            Ok(CommentView::new(find_or_not_found(tx, activity_id, id).await?, &tx.access))
        })
        .await
    }

    /// Deletes the caller's own comment. The chair may delete any comment.
    ///
    /// # Errors
    /// `forbidden` for everybody else.
    pub async fn comment_delete(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        activity_id: Uuid,
        id: Uuid,
        version: ExpectedVersion,
    ) -> Result<()> {
        self.write(caller, task_force_id, Action::DeleteComment, async |tx| {
            let NamedComment { comment, .. } = find_or_not_found(tx, activity_id, id).await?;
            tx.access.require_over(Action::DeleteComment, comment.author_id)?;
            expect_version(comment.version, &version)?;
            tx.may_write(Write::Comment)?;
            db::comments::delete(tx.conn(), task_force_id, id).await?;
            tx.record(
                new_event(EventAction::CommentDeleted, id)
                    .with_change("activityId", comment.activity_id, None::<()>)
                    .with_change("text", &comment.text, None::<()>),
            );
            Ok(())
        })
        .await
    }
}
