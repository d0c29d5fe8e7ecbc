//! A file that was read, and its kind: the media type declares one, or the content shows one.

use actix_web::web::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};

use crate::domain::file::{ContentError, FileKind, MAX_FILE_BYTES};
use crate::domain::refusal::{Refusal, RefusalCode};
use crate::http::problem::{Problem, Result};
use crate::http::problem_catalogue::ProblemCode;

/// The media type of forms.
pub(super) const FORM: &str = "multipart/form-data";

/// A file that was read, before its kind is known.
pub(super) struct Received {
    pub(super) declared: Declared,
    /// The name that it was sent with.
    pub(super) name: Option<String>,
    pub(super) content: Bytes,
    pub(super) sha256: [u8; 32],
}

/// The kind of a file by its media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Declared {
    Kind(FileKind),
    /// Nothing: the content tells.
    Nothing,
    /// A table of Excel, which browsers also call a CSV file where Excel opens such files.
    ExcelTable,
}

/// The declaration of a media type without parameters; `None` if the service takes no file of that type, or no text in another
/// encoding.
pub(super) fn declared(media_type: &str, is_utf8: bool) -> Option<Declared> {
    match FileKind::of_media_type(media_type) {
        Some(kind) => (is_utf8 || !kind.is_text()).then_some(Declared::Kind(kind)),
        None if media_type.is_empty() => Some(Declared::Nothing),
        None if media_type.eq_ignore_ascii_case("application/octet-stream") => Some(Declared::Nothing),
        None if media_type.eq_ignore_ascii_case("application/vnd.ms-excel") => Some(Declared::ExcelTable),
        None => None,
    }
}

impl Declared {
    /// The kind of a file with this content and name.
    pub(super) fn kind_of(self, content: &[u8], name: Option<&str>) -> Result<FileKind> {
        if content.is_empty() {
            return Err(content_problem("The file is empty.", "الملف فارغ."));
        }
        match self {
            Self::Kind(kind) => check(kind, content).map(|()| kind),
            Self::Nothing => FileKind::detect(content, name).ok_or_else(unsupported),
            Self::ExcelTable => FileKind::Csv
                .check(content)
                .map(|()| FileKind::Csv)
                .map_err(|_other: ContentError| unsupported()),
        }
    }
}

/// Refuses content that is no file of the declared kind.
fn check(kind: FileKind, content: &[u8]) -> Result<()> {
    kind.check(content).map_err(|error| match error {
        ContentError::Empty => content_problem("The file is empty.", "الملف فارغ."),
        ContentError::NotText => content_problem(
            "The file is not text: it must be UTF-8 without NUL.",
            "الملف ليس نصًّا: يجب أن يكون بترميز UTF-8 دون أحرف NUL.",
        ),
        ContentError::OtherKind => content_problem(
            format!("The content of the file is not of type {}.", kind.media_type()),
            "محتوى الملف لا يطابق النوع المذكور في Content-Type.",
        ),
    })
}

pub(super) fn content_problem(en: impl Into<String>, ar: impl Into<String>) -> Problem {
    Refusal::new(RefusalCode::InvalidRequest, en.into(), ar.into()).into()
}

pub(super) fn unsupported() -> Problem {
    let types = |comma| FileKind::ALL.map(FileKind::media_type).join(comma);
    Problem::new(
        ProblemCode::UnsupportedMediaType,
        format!(
            "Send the file as it is, not compressed, text in UTF-8, in the part `file` of {} or alone, and as one of {}. With application/octet-stream, the content tells which one it is.",
            FORM,
            types(", ")
        ),
        format!(
            "أرسل الملف كما هو دون ضغط، والنص بترميز UTF-8، في الجزء file من {} أو وحده، وبأحد الأنواع: {}. ومع application/octet-stream يُعرف النوع من المحتوى.",
            FORM,
            types("، ")
        ),
    )
}

/// Reads a file up to the size of the largest one, and hashes it on the way.
pub(super) async fn content(
    chunks: impl Stream<Item = Result<Bytes>>,
    announced: usize,
) -> Result<(Bytes, [u8; 32])> {
    let mut chunks = std::pin::pin!(chunks);
    let (mut content, mut hash) = (BytesMut::with_capacity(announced), Sha256::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        if content.len() + chunk.len() > MAX_FILE_BYTES {
            return Err(ProblemCode::BodyTooLarge.into());
        }
        hash.update(&chunk);
        content.extend_from_slice(&chunk);
    }
    Ok((content.freeze(), hash.finalize().into()))
}

pub(super) fn broken_off() -> Problem {
    content_problem("The file broke off.", "انقطع إرسال الملف.")
}
