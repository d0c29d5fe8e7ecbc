//! Evidence: links and files that prove something.
//!
//! Evidence can be added in any state of the step, since proof often comes late; evidence about the record (the task
//! force, a submission, a report, a decision) by secretariat and chair in any state of the task force. It can be changed
//! and deleted only as long as its subject can be written, and never about a decision, which cannot be written. A wrong
//! file about the task force itself is replaced by the person who filed it, in every state in which that person may file.
//! The secretariat removes any file for a reason, so that files that nobody can delete do not take the space of the task
//! force for ever; the evidence stays and says which file was there.

use url::Url;
use uuid::Uuid;

use super::Checked;
use super::caller::{Access, Caller};
use super::resource::{self, Events, Resource, View};
use super::write::WriteTx;
use super::{App, Error, Result};
use crate::db::evidence::{Evidence, EvidenceFields, EvidenceFilter, EvidenceOrder, FileFacts, SubjectFacts};
use crate::db::page::{Page, Window};
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::evidence::EvidenceSubjectKind;
use crate::domain::file::FileKind;
use crate::domain::reference::Reference;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode, StorageUse};
use crate::domain::rights::{Action, Authorization};
use crate::domain::size;
use crate::domain::text::LocalizedText;
use crate::domain::version::ExpectedVersion;
use crate::domain::writing::Write;

/// The most bytes of a file that one statement reads.
const SLICE: i32 = 64 * 1024;

/// The facts that decide whether evidence may be changed or deleted.
#[derive(Debug)]
pub struct EvidenceContext {
    /// The facts of the subject; `None` if the evidence does not exist.
    subject: Option<SubjectFacts>,
    is_of_current_cycle: bool,
}

/// Checks that the state of the task force lets the caller add evidence to a subject of this kind.
fn check_addable(access: &Access, kind: EvidenceSubjectKind) -> Checked {
    Ok(access.may_write(kind.addition_by(access.effective_role))?)
}

impl Access {
    /// Tells whether the caller can add evidence about a subject of this kind.
    pub fn can_add_evidence(&self, kind: EvidenceSubjectKind) -> bool {
        self.right(kind.addition()) == Authorization::Allowed && check_addable(self, kind).is_ok()
    }
}

impl View<Evidence> {
    /// Tells whether the caller can upload a file: the first one, or another in its place.
    pub fn can_upload(&self) -> bool {
        let evidence = &self.resource;
        if evidence.fields.url.is_some() {
            return false;
        }
        if evidence.is_file() {
            return self.permissions.update;
        }
        let kind = evidence.fields.subject.kind;
        evidence.check_right(&self.access).is_ok() && check_addable(&self.access, kind).is_ok()
    }

    /// Tells whether the caller can remove the file.
    pub fn can_remove_file(&self) -> bool {
        self.resource.has_file() && self.access.can(Action::RemoveFile, Write::Record)
    }
}

impl Evidence {
    /// Checks that the caller has the right to change or delete the evidence.
    fn check_right(&self, access: &Access) -> Checked {
        access.require_over(self.fields.subject.kind.change(), self.user_id)
    }

    /// The refusal of what needs the file of evidence that has none.
    fn without_file(&self) -> Refusal {
        let (en, ar) = match (&self.fields.url, self.file_removed_at) {
            (Some(_), _) => {
                ("This evidence is a link and has no file.", "مستند الإثبات هذا رابط وليس له ملف.")
            }
            (None, None) => {
                ("No file was uploaded to this evidence yet.", "لم يُرفع ملف إلى مستند الإثبات هذا بعد.")
            }
            (None, Some(_)) => (
                "The file of this evidence was removed. `fileRemoval` of the evidence says when and why.",
                "أُزيل ملف مستند الإثبات هذا، ويبيّن الحقل fileRemoval متى أُزيل ولماذا.",
            ),
        };
        Refusal::new(RefusalCode::NotFound, en, ar)
    }

    /// Checks that evidence may be changed or deleted: its subject can be written. Evidence about the work of a step can
    /// change while the step can be written, unless an earlier cycle has it on record.
    fn check_subject(&self, access: &Access, context: &EvidenceContext) -> Checked {
        let subject = self.fields.subject;
        let SubjectFacts { step, other, settled, condition } =
            context.subject.as_ref().ok_or(RefusalCode::NotFound)?;
        let (write, settled_code) = match (subject.kind, *step) {
            (EvidenceSubjectKind::Condition, _) => (Write::Condition, RefusalCode::ConditionSettled),
            // A person who may file evidence now may put right what that person has filed.
            (EvidenceSubjectKind::TaskForce, _) => {
                let is_own = self.user_id == access.actor.user_id;
                let correction = subject.kind.addition_by(access.effective_role);
                (if is_own { correction } else { Write::TaskForce }, RefusalCode::EvidenceOnRecord)
            }
            (EvidenceSubjectKind::Activity, Some(step)) => {
                access.may_write(Write::Activity(step))?;
                return resource::check_of_current_cycle(context.is_of_current_cycle);
            }
            (_, Some(step)) => {
                let other = other.filter(|other| access.may_write(Write::OpenStep(*other)).is_ok());
                access.may_write(Write::OpenStep(other.unwrap_or(step)))?;
                return resource::check_of_current_cycle(context.is_of_current_cycle);
            }
            (_, None) => (Write::Comment, RefusalCode::EvidenceOnRecord),
        };
        access.may_write(write)?;
        if !settled {
            return Ok(());
        }
        let condition = condition.as_ref();
        let reference = condition.map(|text| {
            Reference::new(SubjectKind::Condition, subject.id, text.clone())
                .in_task_force(access.task_force_id)
        });
        Err(Refusal::from(settled_code).references(reference.into_iter().collect()))
    }
}

/// Tells whether a URL is complete and contains no credentials.
fn is_absolute_http_url(url: &str) -> bool {
    // The parser corrects forms that other programs may not: `https:city.example`, `https:///city.example`.
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let is_whole = !rest.starts_with(['/', '\\']);
    Url::parse(url).is_ok_and(|url| {
        is_whole
            && matches!(url.scheme(), "http" | "https")
            && scheme.eq_ignore_ascii_case(url.scheme())
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    })
}

/// Checks the fields of evidence; `file` is the evidence if a file was uploaded to it.
fn check_fields(fields: &EvidenceFields, file: Option<&Evidence>) -> Result<()> {
    let mut errors = Vec::new();
    if fields.url.as_deref().is_some_and(|url| !is_absolute_http_url(url)) {
        errors.push(FieldError::at("/url", FieldErrorCode::WrongFormat).saying(
            "must be a whole http or https address, without a user's name and password",
            "يجب أن يكون عنوان http أو https كاملًا دون اسم مستخدم ولا كلمة مرور",
        ));
    }
    if file.is_some() && fields.url.is_some() {
        errors.push(FieldError::at("/url", FieldErrorCode::NotAllowed).saying(
            "is for links, and a file was uploaded to this evidence",
            "للروابط فقط، وقد رُفع ملف إلى مستند الإثبات هذا",
        ));
    }
    let hash_of_a_file = file.is_some_and(|file| file.fields.sha256 != fields.sha256);
    let hash_of_nothing = file.is_none() && fields.url.is_none() && fields.sha256.is_some();
    if hash_of_a_file || hash_of_nothing {
        errors.push(
            FieldError::at("/sha256", FieldErrorCode::NotAllowed)
                .saying(
                    "goes only with url; that of a file is computed",
                    "لا يُذكر إلا مع url؛ أما بصمة الملف فتُحسب",
                )
                .compared_with(&["url"]),
        );
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Refusal::field_errors(RefusalCode::InvalidRequest, errors).into())
    }
}

impl Resource for Evidence {
    type Parent = ();
    type Fields = EvidenceFields;
    type Listed = Self;
    type Filter = EvidenceFilter;
    type Order = EvidenceOrder;
    type Context = EvidenceContext;
    const KIND: SubjectKind = SubjectKind::Evidence;
    // Those who prove their work also keep the record. Each use case asks for the right that the subject needs.
    const ACTION: Action = Action::KeepRecord;
    const EVENTS: Events = Events {
        created: EventAction::EvidenceCreated,
        updated: EventAction::EvidenceUpdated,
        deleted: EventAction::EvidenceDeleted,
    };

    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn fields(&self) -> &EvidenceFields {
        &self.fields
    }

    async fn find(conn: &Conn, task_force_id: Uuid, (): (), id: Uuid) -> QueryResult<Option<Self>> {
        db::evidence::find(conn, task_force_id, id).await
    }

    async fn list(
        conn: &Conn,
        task_force_id: Uuid,
        (): (),
        filter: &EvidenceFilter,
        order: &EvidenceOrder,
        window: Window,
    ) -> QueryResult<Option<Page<Self>>> {
        db::evidence::list(conn, task_force_id, *filter, *order, window).await.map(Some)
    }

    async fn insert(tx: &WriteTx<'_>, (): (), fields: &EvidenceFields) -> Result<Uuid> {
        tx.access.require(fields.subject.kind.addition())?;
        check_fields(fields, None)?;
        let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
        if db::evidence::subject(conn, task_force_id, fields.subject).await?.is_none() {
            return Err(Refusal::unknown_reference("/subject/id").into());
        }
        check_addable(&tx.access, fields.subject.kind)?;
        let user_id = tx.access.actor.user_id;
        let count = db::evidence::count(conn, task_force_id, fields.subject.id, user_id).await?;
        size::check_evidence(count.about_subject, count.in_cycle)?;
        let id = tx.new_id();
        db::evidence::insert(conn, task_force_id, id, user_id, fields, tx.now()).await?;
        Ok(id)
    }

    async fn context(conn: &Conn, task_force_id: Uuid, (): (), id: Uuid) -> QueryResult<EvidenceContext> {
        let (subject, is_of_current_cycle) = tokio::try_join!(
            db::evidence::subject_of(conn, task_force_id, id),
            db::cycles::is_made_in_current(conn, task_force_id, id),
        )?;
        Ok(EvidenceContext { subject, is_of_current_cycle })
    }

    fn check_changeable(&self, access: &Access, context: &EvidenceContext) -> Checked {
        self.check_right(access)?;
        self.check_subject(access, context)
    }

    async fn update(&self, tx: &WriteTx<'_>, (): (), fields: &EvidenceFields) -> Result<()> {
        check_fields(fields, self.is_file().then_some(self))?;
        Ok(db::evidence::update(tx.conn(), tx.task_force_id(), self.id, fields, tx.now()).await?)
    }

    fn check_deletable(&self, access: &Access, context: &EvidenceContext) -> Checked {
        self.check_right(access)?;
        // In a suspended or closed task force a wrong file is replaced, but the record loses nothing.
        if self.fields.subject.kind == EvidenceSubjectKind::TaskForce {
            access.may_write(Write::TaskForce)?;
        }
        self.check_subject(access, context)
    }

    async fn delete(&self, tx: &WriteTx<'_>, (): ()) -> Result<()> {
        Ok(db::evidence::delete(tx.conn(), tx.task_force_id(), self.id).await?)
    }
}

/// A complete file to be uploaded.
#[derive(Debug)]
pub struct NewFile<'a> {
    pub kind: FileKind,
    /// The name, as [`file_name::kept`](crate::domain::file_name::kept) has it.
    pub name: Option<String>,
    pub content: &'a [u8],
    /// The SHA-256 of the content.
    pub sha256: [u8; 32],
}

/// Evidence after an upload, and the space that the files of its task force take now.
#[derive(Debug)]
pub struct Uploaded {
    pub evidence: View<Evidence>,
    pub storage: StorageUse,
}

/// A file that can be downloaded.
#[derive(Debug, Clone)]
pub struct File {
    pub task_force_id: Uuid,
    /// The id of the evidence.
    pub id: Uuid,
    pub title: LocalizedText,
    pub kind: FileKind,
    /// The name, if the file was sent with one.
    pub name: Option<String>,
    /// The size in bytes.
    pub size: i32,
    /// The SHA-256 of the content.
    pub sha256: Vec<u8>,
}

impl App {
    /// Uploads the file of evidence. Uploading the same file again changes nothing.
    ///
    /// # Errors
    /// `versionMismatch`, `evidenceIsALink`, `storageFull`; if another file is replaced, the errors of changing the
    /// evidence.
    pub async fn evidence_upload(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: ExpectedVersion,
        file: NewFile<'_>,
    ) -> Result<Uploaded> {
        self.write(caller, task_force_id, Evidence::ACTION, async |tx| {
            let before: Evidence = resource::find_at_version(tx, (), id, &version).await?;
            before.check_right(&tx.access)?;
            if before.fields.url.is_some() {
                return Err(RefusalCode::EvidenceIsALink.into());
            }
            let size = i32::try_from(file.content.len()).map_err(Error::internal)?;
            let media_type = file.kind.media_type();
            let is_same_content = before.has_file()
                && before.fields.sha256.as_deref() == Some(file.sha256.as_slice())
                && before.media_type.as_deref() == Some(media_type);
            // The same file without its name keeps the name.
            let name = file.name.or_else(|| before.file_name.clone().filter(|_| is_same_content));
            let stored = db::evidence::stored(tx.conn(), task_force_id).await?;
            if is_same_content && name == before.file_name {
                let storage = self.storage_limits.of_task_force(stored.task_force);
                return Ok(Uploaded { evidence: resource::view(tx, (), before).await?, storage });
            }
            if before.is_file() {
                let context = Evidence::context(tx.conn(), task_force_id, (), id).await?;
                before.check_changeable(&tx.access, &context)?;
            } else {
                check_addable(&tx.access, before.fields.subject.kind)?;
            }
            let more = i64::from(size) - before.stored_bytes();
            self.storage_limits.check(stored, more)?;
            let facts = FileFacts { media_type, name: name.as_deref(), size, sha256: &file.sha256 };
            let (conn, now) = (tx.conn(), tx.now());
            db::evidence::set_content(conn, task_force_id, id, facts, file.content, now).await?;
            let (was, is) = (before.fields.sha256.as_ref().map(hex::encode), hex::encode(file.sha256));
            tx.record(
                NewEvent::new(EventAction::EvidenceUploaded, SubjectKind::Evidence, id)
                    .with_change("sha256", was, is)
                    .with_change("mediaType", &before.media_type, media_type)
                    .with_change("fileName", &before.file_name, &name)
                    .with_change("size", before.size, size),
            );
            let evidence = resource::find_or_not_found(tx, (), id).await?;
            let evidence = resource::view(tx, (), evidence).await?;
            let storage = self.storage_limits.of_task_force(stored.task_force.saturating_add(more));
            Ok(Uploaded { evidence, storage })
        })
        .await
    }

    /// Removes the file of evidence for a reason. The evidence keeps hash, type, size and name of the file.
    ///
    /// # Errors
    /// `versionMismatch`; `notFound` if there is no file.
    pub async fn evidence_remove_file(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: ExpectedVersion,
        reason: LocalizedText,
    ) -> Result<View<Evidence>> {
        self.write(caller, task_force_id, Action::RemoveFile, async |tx| {
            tx.may_write(Write::Record)?;
            let before: Evidence = resource::find_at_version(tx, (), id, &version).await?;
            if !before.has_file() {
                return Err(before.without_file().into());
            }
            db::evidence::remove_content(tx.conn(), task_force_id, id, &reason, tx.now()).await?;
            tx.record(
                NewEvent::new(EventAction::EvidenceFileRemoved, SubjectKind::Evidence, id)
                    .with_change("sha256", before.fields.sha256.as_ref().map(hex::encode), None::<()>)
                    .with_change("mediaType", &before.media_type, None::<()>)
                    .with_change("fileName", &before.file_name, None::<()>)
                    .with_change("size", before.size, None::<()>)
                    .with_change("reason", None::<()>, &reason),
            );
            let evidence = resource::find_or_not_found(tx, (), id).await?;
            resource::view(tx, (), evidence).await
        })
        .await
    }

    /// The file of evidence, without its content.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound` if no file was uploaded, or the file was removed.
    pub async fn evidence_file(&self, caller: &Caller, task_force_id: Uuid, id: Uuid) -> Result<File> {
        let (_, evidence) = self
            .read(caller, task_force_id, async |conn| db::evidence::find(conn, task_force_id, id).await)
            .await?;
        let evidence = evidence.ok_or(RefusalCode::NotFound)?;
        if !evidence.has_file() {
            return Err(evidence.without_file().into());
        }
        let Evidence { media_type, size, file_name, fields, .. } = evidence;
        let EvidenceFields { title, sha256, .. } = fields;
        let (Some(media_type), Some(size), Some(sha256)) = (media_type, size, sha256) else {
            return Err(Error::internal("a file has no type, no size or no hash"));
        };
        let kind = FileKind::of_media_type(&media_type)
            .ok_or_else(|| Error::internal(format!("a file of the unknown type {media_type}")))?;
        Ok(File { task_force_id, id, title, kind, name: file_name, size, sha256 })
    }

    /// The next bytes of a file, for a caller who may read it. Each slice is a separate use of the database, so that a
    /// slow reader holds no connection.
    ///
    /// # Errors
    /// `unavailable`; an internal error if the file was replaced or deleted meanwhile, since the bytes already sent
    /// cannot be taken back.
    pub async fn evidence_slice(&self, file: &File, offset: i32) -> Result<Vec<u8>> {
        let slice = self
            .with_conn(async |conn| {
                let (task_force_id, id) = (file.task_force_id, file.id);
                Ok(db::evidence::slice(conn, task_force_id, id, &file.sha256, offset, SLICE).await?)
            })
            .await?;
        slice
            .filter(|slice| !slice.is_empty())
            .ok_or_else(|| Error::internal("the file was replaced while it was downloaded"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_somewhere_and_tells_no_password() {
        for proper in
            ["https://city.example/decree.pdf?v=2#p3", "http://192.0.2.1:8080/", "https://[2001:db8::1]/"]
        {
            assert!(is_absolute_http_url(proper), "{proper}");
        }
        for improper in [
            "",
            "/decree.pdf",
            "//city.example/",
            "https://",
            "https:///",
            "https:///city.example",
            "https:city.example",
            "https:\\\\city.example",
            "ftp://city.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://me@city.example/",
            "https://me:secret@city.example/",
            "https://:secret@city.example/",
            "https://city.example:99999/",
        ] {
            assert!(!is_absolute_http_url(improper), "{improper}");
        }
    }
}
