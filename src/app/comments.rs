//! Comments on an activity: any member writes, only the author changes.

use uuid::Uuid;

use super::caller::Caller;
use super::write::{Door, expect_version};
use super::{App, Result};
use crate::db;
use crate::db::comments::{Comment, NamedComment};
use crate::db::page::Page;
use crate::domain::event::{EventAction, Happening, SubjectKind};
use crate::domain::refusal::Code;
use crate::domain::rights::{Action, Standing};
use crate::domain::writing::Write;

fn happening(action: EventAction, id: Uuid) -> Happening {
    Happening::new(action, SubjectKind::Comment, id)
}

async fn found(door: &Door<'_>, activity_id: Uuid, id: Uuid) -> Result<NamedComment> {
    let comment = db::comments::find(door.conn(), door.task_force_id(), activity_id, id).await?;
    Ok(comment.ok_or(Code::NotFound)?)
}

impl App {
    /// A page of an activity's comments, oldest first.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound` where there is no such activity.
    pub async fn comments_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        activity_id: Uuid,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Page<NamedComment>> {
        let (_, (there, page)) = self
            .read(caller, task_force_id, async |conn| {
                tokio::try_join!(
                    db::activities::is_there(conn, task_force_id, activity_id),
                    db::comments::list(conn, task_force_id, activity_id, after, limit),
                )
            })
            .await?;
        if there { Ok(page) } else { Err(Code::NotFound.into()) }
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
    ) -> Result<NamedComment> {
        let (_, comment) = self
            .read(caller, task_force_id, async |conn| {
                db::comments::find(conn, task_force_id, activity_id, id).await
            })
            .await?;
        Ok(comment.ok_or(Code::NotFound)?)
    }

    /// Writes a comment; whatever the state of the activity's step.
    ///
    /// # Errors
    /// The state of the task force; `notFound` where there is no such activity.
    pub async fn comment_create(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        activity_id: Uuid,
        text: String,
    ) -> Result<NamedComment> {
        self.write(caller, task_force_id, Action::Work, async |door| {
            if !db::activities::is_there(door.conn(), task_force_id, activity_id).await? {
                return Err(Code::NotFound.into());
            }
            door.may_write(Write::Comment)?;
            let comment = Comment {
                task_force_id,
                id: Uuid::now_v7(),
                activity_id,
                author_id: door.access.actor.user_id,
                text,
                version: 1,
                created_at: door.now(),
                updated_at: door.now(),
            };
            db::comments::insert(door.conn(), &comment).await?;
            door.record(
                happening(EventAction::CommentCreated, comment.id)
                    .noting("activityId", None::<()>, activity_id)
                    .noting("text", None::<()>, &comment.text),
            );
            Ok((comment, door.access.actor.name.clone()))
        })
        .await
    }

    /// Changes the text of one's own comment.
    ///
    /// # Errors
    /// `forbidden` for anybody but the author.
    pub async fn comment_update(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        activity_id: Uuid,
        id: Uuid,
        version: i32,
        patch: impl FnOnce(String) -> Result<String>,
    ) -> Result<NamedComment> {
        self.write(caller, task_force_id, Action::Work, async |door| {
            let (comment, author) = found(door, activity_id, id).await?;
            if comment.author_id != door.access.actor.user_id {
                return Err(Code::Forbidden.into());
            }
            expect_version(comment.version, version)?;
            let text = patch(comment.text.clone())?;
            if text == comment.text {
                return Ok((comment, author));
            }
            door.may_write(Write::Comment)?;
            let after = db::comments::update(door.conn(), task_force_id, id, &text, door.now()).await?;
            door.record(happening(EventAction::CommentUpdated, id).noting("text", &comment.text, &text));
            Ok((after, author))
        })
        .await
    }

    /// Deletes one's own comment; the chair may delete any.
    ///
    /// # Errors
    /// `forbidden` for anybody else.
    pub async fn comment_delete(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        activity_id: Uuid,
        id: Uuid,
        version: i32,
    ) -> Result<()> {
        self.write(caller, task_force_id, Action::Work, async |door| {
            let (comment, _) = found(door, activity_id, id).await?;
            let chairs = door.access.standing == Standing::Chair;
            if comment.author_id != door.access.actor.user_id && !chairs {
                return Err(Code::Forbidden.into());
            }
            expect_version(comment.version, version)?;
            door.may_write(Write::Comment)?;
            db::comments::delete(door.conn(), task_force_id, id).await?;
            door.record(
                happening(EventAction::CommentDeleted, id)
                    .noting("activityId", comment.activity_id, None::<()>)
                    .noting("text", &comment.text, None::<()>),
            );
            Ok(())
        })
        .await
    }
}
