//! A file as the part `file` of `multipart/form-data` (RFC 7578).
//!
//! `actix-multipart` belongs to actix-web, bounds what it buffers and decodes `filename*`. `multer` does neither.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use futures_util::StreamExt as _;

use super::received::{FORM, Received, broken_off, content, content_problem, declared, unsupported};
use crate::domain::file::MAX_FILE_BYTES;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::http::problem::{Problem, Result};
use crate::http::problem_catalogue::ProblemCode;
use crate::http::validation::{escaped, shortened};

/// The maximum size of what surrounds the file: boundaries, and the headers of its part.
pub(super) const MAX_SURROUNDING_BYTES: usize = 64 * 1024;

/// The name of the part.
const FILE: &str = "file";

/// Reads the only part, up to the size of the largest file.
///
/// # Errors
/// `invalidRequest` for a body that is malformed, or has another part, two parts or none; the errors of reading a file.
pub(super) async fn receive(request: &HttpRequest, payload: Payload, announced: usize) -> Result<Received> {
    let mut left = MAX_FILE_BYTES + MAX_SURROUNDING_BYTES;
    let limited = payload.map(move |chunk| {
        let chunk = chunk?;
        left = left.checked_sub(chunk.len()).ok_or(PayloadError::Overflow)?;
        Ok(chunk)
    });
    let mut parts = Multipart::new(request.headers(), limited);
    let mut file = None;
    while let Some(part) = parts.next().await {
        let part = part.map_err(broken)?;
        let name = part.name().unwrap_or_default();
        if name != FILE {
            return Err(part_error(&shortened(name), FieldErrorCode::Unknown));
        }
        if file.is_some() {
            return Err(part_error(FILE, FieldErrorCode::Duplicate));
        }
        file = Some(received(part, announced).await?);
    }
    file.ok_or_else(|| part_error(FILE, FieldErrorCode::Required))
}

/// Reads a part as a file.
async fn received(part: Field, announced: usize) -> Result<Received> {
    let header = |name: &str| part.headers().get(name).map(|value| value.as_bytes().to_ascii_lowercase());
    let is_plain = header(CONTENT_ENCODING.as_str()).is_none_or(|coding| coding == b"identity")
        && header("content-transfer-encoding")
            .is_none_or(|coding| [&b"binary"[..], b"8bit", b"7bit"].contains(&coding.as_slice()));
    // actix-multipart would cut the file at this length and skip the rest. RFC 7578 has no use for the header.
    if part.headers().contains_key(CONTENT_LENGTH) {
        return Err(content_problem(
            "A part of the form must not have the header `Content-Length`: the boundary ends the file.",
            "يجب ألا يتضمن جزء النموذج الترويسة Content-Length، فالفاصل (boundary) هو الذي ينهي الملف.",
        ));
    }
    let media_type = part.content_type();
    let is_utf8 = media_type
        .and_then(|media_type| media_type.get_param(mime::CHARSET))
        .is_none_or(|charset| charset == mime::UTF_8);
    let essence = media_type.map(mime::Mime::essence_str).unwrap_or_default();
    let declared = declared(essence, is_utf8).filter(|_| is_plain).ok_or_else(unsupported)?;
    let disposition = part.content_disposition();
    let name = disposition.and_then(|disposition| {
        let extended = disposition.get_filename_ext().map(|name| String::from_utf8_lossy(&name.value));
        extended.or_else(|| disposition.get_filename().map(Into::into))
    });
    let name = name.map(String::from);
    let (content, sha256) = content(part.map(|chunk| chunk.map_err(broken)), announced).await?;
    Ok(Received { declared, name, content, sha256 })
}

fn part_error(name: &str, code: FieldErrorCode) -> Problem {
    let error = FieldError::at(format!("/{}", escaped(name)), code);
    Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into()
}

/// The problem of a body that cannot be read.
fn broken(error: MultipartError) -> Problem {
    match error {
        MultipartError::Payload(PayloadError::Overflow) => ProblemCode::BodyTooLarge.into(),
        MultipartError::Payload(_) => broken_off(),
        MultipartError::Incomplete => Refusal::new(
            RefusalCode::InvalidRequest,
            format!("The body ends before the last boundary of {FORM}, which the `Content-Type` of the request names."),
            format!("انتهى نص الطلب قبل آخر فاصل (boundary) من النوع {FORM}، وهو الفاصل المذكور في Content-Type الخاص بالطلب."),
        )
        .into(),
        _ => Refusal::new(
            RefusalCode::InvalidRequest,
            format!("The body can't be read as {FORM}: each part needs the boundary and the name that {FORM} asks for."),
            format!("تعذرت قراءة نص الطلب من النوع {FORM}: يلزم كل جزء فاصلُه واسمُه وفق هذا النوع."),
        )
        .into(),
    }
}
