//! The files of evidence: uploaded whole, downloaded in slices.

use std::borrow::Cow;

use actix_web::body::SizedStream;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ContentDisposition, ETAG, VARY,
};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, get, post, put};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::app::App;
use crate::app::evidence::{File, NewFile, Uploaded};
use crate::domain::file_name;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::writing::Write;
use crate::http::attachment::attachment;
use crate::http::endpoints::evidence::{Evidence, EvidencePath, changes_evidence};
use crate::http::operation_problems::requires;
use crate::http::problem::Result;
use crate::http::request::{Change, IfMatch, Read, Upload, UploadQuery};
use crate::http::resource::Representation as _;
use crate::http::response::{self, REVALIDATE};
use crate::http::storage::StorageDocument;
use crate::http::text::LocalizedNote;

/// Bytes, without lengths: generators take a length as one of characters.
fn binary(description: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
        .description(Some(description))
        .build()
}

/// The bytes of a file.
#[derive(Debug)]
pub(super) struct EvidenceFile;

impl PartialSchema for EvidenceFile {
    fn schema() -> RefOr<Schema> {
        binary("The bytes of a file, at most 10 MiB.").into()
    }
}

impl ToSchema for EvidenceFile {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("EvidenceFile")
    }
}

/// A file in a form. The extractor reads the form part by part.
#[derive(Debug)]
pub(super) struct EvidenceUpload;

impl PartialSchema for EvidenceUpload {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("A file in a form."))
            .property("file", binary("The file, at most 10 MiB, with its name as `filename`."))
            .required("file")
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .into()
    }
}

impl ToSchema for EvidenceUpload {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("EvidenceUpload")
    }
}

/// Evidence after an upload, with the storage of the task force.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UploadedEvidence {
    #[serde(flatten)]
    evidence: Evidence,
    /// Storage of the files of the task force.
    storage: StorageDocument,
}

/// Upload the file of evidence
///
/// Sends a file of at most 10 MiB: PDF, Word (`docx`), Excel (`xlsx`), PowerPoint (`pptx`), OpenDocument (`odt`, `ods`,
/// `odp`), PNG, JPEG, CSV or plain text in UTF-8. The media type of the part has to match the content of the file; without
/// a media type, with `application/octet-stream`, and for a CSV file with `application/vnd.ms-excel`, the service finds
/// the type by the content. An office file that contains macros is of no accepted type.
///
/// The same request accepts the bytes of the file as its body, without a form: `Content-Type` is the media type of the
/// file or `application/octet-stream`, and the query parameter `fileName` names the file.
///
/// The service keeps the name without a path, replaces characters that could mislead a reader or that file systems
/// refuse, and adds the ending of the type if the name has another one. `fileName` of the response is the result.
///
/// The first upload is possible in every state of the step. A later upload replaces the file, as long as the subject of
/// the evidence can be changed. Uploading the same file again changes nothing. Evidence with a `url` takes no file. The
/// space for the files of a task force is limited; the response and the status tell how much is left.
#[utoipa::path(
    tag = "evidence",
    params(EvidencePath, UploadQuery, IfMatch),
    request_body(description = "The file.", content((EvidenceUpload = "multipart/form-data"))),
    responses((status = 200, description = "The evidence, with what is known of its file.", body = UploadedEvidence, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(
        changes_evidence()
            .refuses([
                RefusalCode::EvidenceIsALink, RefusalCode::OfAnEarlierCycle, RefusalCode::ConditionSettled,
                RefusalCode::EvidenceOnRecord, RefusalCode::StorageFull,
            ])
    )))
)]
#[put("/v1/task-forces/{taskForceId}/evidence/{evidenceId}/content")]
pub(super) async fn upload_evidence(app: Data<App>, upload: Upload<EvidencePath>) -> Result<HttpResponse> {
    let Upload { context, version, kind, name, content, sha256, .. } = &upload;
    let (at, version) = (&context.path, version.clone());
    let file = NewFile { kind: *kind, name: name.clone(), content, sha256: *sha256 };
    let Uploaded { evidence, storage } =
        app.evidence_upload(&context.caller, at.task_force_id, at.evidence_id, version, file).await?;
    let version = evidence.resource.version;
    let uploaded =
        UploadedEvidence { evidence: Evidence::new(evidence, context.language()), storage: storage.into() };
    response::single(version, &uploaded)
}

/// Download the file of evidence
///
/// Sends the file as it was uploaded, to be saved and not to be shown. `Content-Disposition` names the file: by the name
/// that it was uploaded with, or else by the title of the evidence. Before an upload, the response is 404.
#[utoipa::path(
    tag = "evidence",
    params(EvidencePath),
    responses((
        status = 200,
        description = "The file in its own media type, for which `application/octet-stream` stands where a client only reads bytes.",
        headers(
            ("ETag" = String),
            ("Content-Disposition" = String, description = "The name of the file: `filename*` (RFC 8187), and for programs that read only ASCII `filename`."),
        ),
        content(
            // Generators that know no type of documents take this one, and read bytes.
            (EvidenceFile = "application/octet-stream"),
            (EvidenceFile = "application/pdf"),
            (EvidenceFile = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            (EvidenceFile = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (EvidenceFile = "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
            (EvidenceFile = "application/vnd.oasis.opendocument.text"),
            (EvidenceFile = "application/vnd.oasis.opendocument.spreadsheet"),
            (EvidenceFile = "application/vnd.oasis.opendocument.presentation"),
            (EvidenceFile = "image/png"),
            (EvidenceFile = "image/jpeg"),
            (EvidenceFile = "text/csv"),
            (EvidenceFile = "text/plain"),
        )
    )),
    extensions(("x-any-accept" = json!(true)), ("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/evidence/{evidenceId}/content")]
pub(super) async fn download_evidence(app: Data<App>, read: Read<EvidencePath>) -> Result<HttpResponse> {
    let (caller, at) = (&read.context.caller, &read.context.path);
    let file = app.evidence_file(caller, at.task_force_id, at.evidence_id).await?;
    let media_type = file.kind.media_type();
    let content_type =
        if file.kind.is_text() { format!("{media_type}; charset=utf-8") } else { media_type.to_owned() };
    let disposition = name(&file, read.context.language());
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header(disposition)
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox"))
        .insert_header((CACHE_CONTROL, REVALIDATE))
        .insert_header((VARY, "Authorization, Accept, Accept-Language"))
        .insert_header((ETAG, format!("\"{}\"", hex::encode(&file.sha256))));
    Ok(response.body(slices(app, file)))
}

/// The removal of a file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EvidenceFileRemoval {
    /// The reason.
    #[schema(value_type = LocalizedNote)]
    reason: LocalizedText,
}

/// Remove the file of evidence
///
/// Removes the file of any evidence, also of evidence on record that can no longer be changed or deleted, and gives its space
/// back. The evidence stays, and says which file was there: hash, type, size and name. `fileRemoval` has the time and the
/// reason of the removal, and the event has them, too.
#[utoipa::path(
    tag = "evidence",
    params(EvidencePath, IfMatch),
    request_body = EvidenceFileRemoval,
    responses((status = 200, description = "The evidence after the change.", body = Evidence, headers(("ETag" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::RemoveFile).writes(Write::Record))))
)]
#[post("/v1/task-forces/{taskForceId}/evidence/{evidenceId}/remove-file")]
pub(super) async fn remove_evidence_file(
    app: Data<App>,
    change: Change<EvidencePath, EvidenceFileRemoval>,
) -> Result<HttpResponse> {
    let Change { context, version, body, .. } = change;
    let at = &context.path;
    let view = app
        .evidence_remove_file(&context.caller, at.task_force_id, at.evidence_id, version, body.reason)
        .await?;
    let version = view.resource.version;
    response::single(version, &Evidence::new(view, context.language()))
}

/// The file, slice by slice as the reader takes it. Nothing is read for an answer that is sent without its body.
fn slices(app: Data<App>, file: File) -> SizedStream<impl futures_util::Stream<Item = Slice> + 'static> {
    let size = u64::try_from(file.size).unwrap_or_default();
    SizedStream::new(
        size,
        Box::pin(stream::try_unfold((app, file, 0), async |(app, file, offset)| {
            if offset >= file.size {
                return Ok(None);
            }
            let slice = app.evidence_slice(&file, offset).await?;
            let next = offset.saturating_add(i32::try_from(slice.len()).unwrap_or(i32::MAX));
            Ok(Some((Bytes::from(slice), (app, file, next))))
        })),
    )
}

/// The next bytes of a file, or what became of it; the reader then sees fewer bytes than were announced.
type Slice = std::result::Result<Bytes, crate::app::Error>;

/// The name under which a browser stores a file: by the name that it has, or else by the title of the evidence.
fn name(file: &File, language: Language) -> ContentDisposition {
    let with_id = format!("{}.{}", file.id, file_name::first_ending(file.kind));
    let of_title = || file_name::of_title(file.title.in_language(language), file.kind);
    attachment(file.name.clone().or_else(of_title), with_id)
}
