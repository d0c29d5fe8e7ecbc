//! The files of evidence: uploaded whole, downloaded in slices.

use std::borrow::Cow;

use actix_web::body::SizedStream;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, Charset, ContentDisposition, DispositionParam,
    DispositionType, ETAG, ExtendedValue, VARY,
};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, get, put};
use futures_util::stream;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::app::App;
use crate::app::evidence::{File, NewFile, Uploaded};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::text::Language;
use crate::http::endpoints::evidence::{Evidence, EvidencePath, changes_evidence};
use crate::http::operation_problems::requires;
use crate::http::problem::Result;
use crate::http::request::{IfMatch, Read, Upload};
use crate::http::resource::Representation as _;
use crate::http::response::{self, REVALIDATE};
use crate::http::storage::StorageDocument;

/// The maximum number of characters that the name of a download takes from the title.
const MAX_NAME_LENGTH: usize = 100;

/// The bytes of a file.
#[derive(Debug)]
pub(super) struct EvidenceFile;

impl PartialSchema for EvidenceFile {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The bytes of a file, at most 10 MiB."))
            .into()
    }
}

impl ToSchema for EvidenceFile {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("EvidenceFile")
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
/// The body is the file itself: at most 10 MiB, of one of these types, and begins as files of that type do; text is
/// UTF-8. The first upload is possible whatever became of the step; another takes its place as long as what the
/// evidence is about can be written. The same file again changes nothing. Evidence with a `url` takes no file. The
/// files of a task force may take a limited space, which the answer and the status tell.
#[utoipa::path(
    tag = "evidence",
    params(EvidencePath, IfMatch),
    request_body(
        description = "The file.",
        content(
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
    ),
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
    let (context, at) = (&upload.context, &upload.context.path);
    let file = NewFile { media_type: upload.media_type, content: &upload.content, sha256: upload.sha256 };
    let Uploaded { evidence, storage } =
        app.evidence_upload(&context.caller, at.task_force_id, at.evidence_id, upload.version, file).await?;
    let version = evidence.resource.version;
    let uploaded = UploadedEvidence {
        evidence: Evidence::new(evidence, upload.context.language()),
        storage: storage.into(),
    };
    response::single(version, &uploaded)
}

/// Download the file of evidence
///
/// Downloads the file as it was uploaded, as an attachment. The response is 404 until a file is uploaded.
#[utoipa::path(
    tag = "evidence",
    params(EvidencePath),
    responses((
        status = 200,
        description = "The file.",
        headers(
            ("ETag" = String),
            ("Content-Disposition" = String, description = "File name for saving."),
        ),
        content(
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
    let content_type = match file.media_type.as_str() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    let disposition = attachment(&file, read.context.language());
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

/// The name under which a browser stores a file: the title of the evidence, and for programs that read no other letters
/// than ASCII its id.
fn attachment(file: &File, language: Language) -> ContentDisposition {
    let ending = ending(&file.media_type);
    let title: String =
        file.title.in_language(language).chars().take(MAX_NAME_LENGTH).map(in_file_name).collect();
    let titled = ExtendedValue {
        charset: Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: format!("{}.{ending}", title.trim()).into_bytes(),
    };
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![
            DispositionParam::Filename(format!("{}.{ending}", file.id)),
            DispositionParam::FilenameExt(titled),
        ],
    }
}

/// A character of a title as it stands in the name of a file: no file system takes all characters, and controls of the
/// direction could hide the ending.
fn in_file_name(character: char) -> char {
    match character {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '_',
        control if control.is_control() => '_',
        other => other,
    }
}

/// How names of files of a type end.
fn ending(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => "pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => "pptx",
        "application/vnd.oasis.opendocument.text" => "odt",
        "application/vnd.oasis.opendocument.spreadsheet" => "ods",
        "application/vnd.oasis.opendocument.presentation" => "odp",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "text/csv" => "csv",
        "text/plain" => "txt",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::MEDIA_TYPES;

    #[test]
    fn a_download_has_the_title_as_its_name_without_what_no_name_may_have() {
        let name = |title: &str| title.chars().map(in_file_name).collect::<String>();
        assert_eq!(name("محضر 12/2026"), "محضر 12_2026");
        assert_eq!(name("a\\b\"c\r\n\u{202e}fdp.exe"), "a_b_c___fdp.exe");
    }

    #[test]
    fn a_file_of_every_type_has_an_ending() {
        let mut endings: Vec<_> = MEDIA_TYPES.into_iter().map(ending).collect();
        endings.sort_unstable();
        endings.dedup();
        assert_eq!(endings.len(), MEDIA_TYPES.len());
        assert!(!endings.contains(&"bin"));
    }
}
