//! The extractor of an uploaded file. A PUT of a file is checked in the same order as every change; the file must have
//! an accepted media type, and content of that type.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::{CallContext, Extraction, NoQuery, Path, app, authenticate, require_visible, timeouts, version};
use crate::app::Error;
use crate::domain::evidence::{MAX_FILE_BYTES, MEDIA_TYPES};
use crate::domain::refusal::{Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::http::problem::{Problem, Result};
use crate::http::problem_catalogue::ProblemCode;
use crate::http::server::byte_limit::{self, Carried};
use crate::http::validation;

/// The maximum wait of an upload for memory, after the wait for other uploads of its user.
const MAX_WAIT_FOR_MEMORY: Duration = Duration::from_secs(10);

/// The maximum number of files in memory. Each file is in memory as a whole, so uploads without this limit could take
/// all memory.
const MAX_UPLOADS_IN_MEMORY: usize = 4;

/// Limits concurrent uploads: of all users, and to one upload of each user, so that no user takes the share of the
/// others.
#[derive(Debug)]
pub(in crate::http) struct Uploads {
    in_memory: Arc<Semaphore>,
    uploads_by_user: Mutex<BTreeMap<Uuid, Weak<Semaphore>>>,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { in_memory: Arc::new(Semaphore::new(MAX_UPLOADS_IN_MEMORY)), uploads_by_user: Mutex::default() }
    }
}

impl Uploads {
    /// Waits until the user has no other upload, for at most `within`, and then for memory.
    async fn acquire(&self, user_id: Uuid, within: Duration) -> Option<[OwnedSemaphorePermit; 2]> {
        let of_user = self.semaphore_of(user_id).acquire_owned();
        let of_user = tokio::time::timeout(within, of_user).await.ok()?.ok()?;
        let in_memory = Arc::clone(&self.in_memory).acquire_owned();
        let in_memory = tokio::time::timeout(MAX_WAIT_FOR_MEMORY, in_memory).await.ok()?.ok()?;
        Some([of_user, in_memory])
    }

    fn semaphore_of(&self, user_id: Uuid) -> Arc<Semaphore> {
        let mut by_user = self.uploads_by_user.lock().unwrap_or_else(PoisonError::into_inner);
        by_user.retain(|_, semaphore| semaphore.strong_count() > 0);
        let existing = by_user.get(&user_id).and_then(Weak::upgrade);
        let semaphore = existing.unwrap_or_else(|| Arc::new(Semaphore::new(1)));
        by_user.insert(user_id, Arc::downgrade(&semaphore));
        semaphore
    }
}

/// A PUT of a file in the version of its resource that the caller read.
#[derive(Debug)]
pub(in crate::http) struct Upload<P> {
    /// Path and caller.
    pub(in crate::http) context: CallContext<P>,
    /// The version of `If-Match`.
    pub(in crate::http) version: i32,
    /// The type of the file.
    pub(in crate::http) media_type: &'static str,
    /// The bytes of the file.
    pub(in crate::http) content: Bytes,
    /// The SHA-256 of the bytes.
    pub(in crate::http) sha256: [u8; 32],
    /// The permits of the user and of the memory, released with the file.
    _permits: [OwnedSemaphorePermit; 2],
}

impl<P: Path + 'static> FromRequest for Upload<P> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let context: CallContext<P> = authenticate(&request).await?.context(&request)?;
            require_visible(&request, &context.caller, context.path.task_force_id()).await?;
            let NoQuery {} = validation::query(request.query_string())?;
            // An upload without the right to work must not make others wait.
            if let Some(id) = context.path.task_force_id() {
                app(&request)?.access(&context.caller, id).await?.require(Action::KeepRecord)?;
            }
            let media_type = media_type(&request)?;
            let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
            let announced = announced.and_then(|length| length.parse().ok()).unwrap_or(0_usize);
            if announced > MAX_FILE_BYTES {
                return Err(ProblemCode::BodyTooLarge.into());
            }
            let user_id = context.caller.user_id;
            byte_limit::count(&request, user_id, Carried::File, announced)?;
            let within = timeouts(&request)?.file;
            let uploads = request.app_data::<Data<Uploads>>().ok_or(ProblemCode::InternalError)?;
            let Some(permits) = uploads.acquire(user_id, within).await else {
                return Err(Error::Unavailable("too many uploads at once".to_owned()).into());
            };
            let read = tokio::time::timeout(within, content(payload, announced)).await;
            let (content, sha256) = read.map_err(|_elapsed| timeout_problem(within))??;
            // A file in chunks announces no size.
            byte_limit::count(&request, user_id, Carried::File, content.len().saturating_sub(announced))?;
            if let Some((en, ar)) = content_error(media_type, &content) {
                return Err(Refusal::new(RefusalCode::InvalidRequest, en, ar).into());
            }
            let version = version(&request)?;
            Ok(Self { context, version, media_type, content, sha256, _permits: permits })
        })
    }
}

/// The media type of the body without parameters, if the service accepts files of that type.
fn media_type(request: &HttpRequest) -> Result<&'static str> {
    let sent = request.content_type();
    let known = MEDIA_TYPES.into_iter().find(|known| sent.eq_ignore_ascii_case(known));
    let is_utf8 = || request.encoding().is_ok_and(|charset| charset.name() == "UTF-8");
    let is_plain = request
        .headers()
        .get(CONTENT_ENCODING)
        .is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    known.filter(|known| is_plain && (!is_text(known) || is_utf8())).ok_or_else(|| {
        let types = |comma| MEDIA_TYPES.join(comma);
        Problem::new(
            ProblemCode::UnsupportedMediaType,
            format!("Send the file as it is, not compressed, text in UTF-8, and as one of {}.", types(", ")),
            format!("أرسل الملف كما هو دون ضغط، والنص بترميز UTF-8، وبأحد الأنواع: {}.", types("، ")),
        )
    })
}

/// Reads a body up to the size of the largest file, and hashes it on the way.
async fn content(mut payload: Payload, announced: usize) -> Result<(Bytes, [u8; 32])> {
    let (mut content, mut hash) = (BytesMut::with_capacity(announced), Sha256::new());
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_broken: PayloadError| {
            let (en, ar) = ("The file broke off.", "انقطع إرسال الملف.");
            Refusal::new(RefusalCode::InvalidRequest, en, ar)
        })?;
        if content.len() + chunk.len() > MAX_FILE_BYTES {
            return Err(ProblemCode::BodyTooLarge.into());
        }
        hash.update(&chunk);
        content.extend_from_slice(&chunk);
    }
    Ok((content.freeze(), hash.finalize().into()))
}

fn timeout_problem(within: Duration) -> Problem {
    Refusal::new(
        RefusalCode::InvalidRequest,
        format!("The file did not arrive within {} seconds.", within.as_secs()),
        format!("لم يصل الملف خلال {} ثانية.", within.as_secs()),
    )
    .into()
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/")
}

/// Returns the error, in English and Arabic, if the content is not a file of this type. Only the beginning of a file is
/// checked, but the whole of a text.
fn content_error(media_type: &str, content: &[u8]) -> Option<(String, &'static str)> {
    if content.is_empty() {
        return Some(("The file is empty.".to_owned(), "الملف فارغ."));
    }
    if is_text(media_type) {
        let is_text = std::str::from_utf8(content).is_ok() && !content.contains(&0);
        let ar = "الملف ليس نصًّا: يجب أن يكون بترميز UTF-8 دون أحرف NUL.";
        return (!is_text).then(|| ("The file is not text: it must be UTF-8 without NUL.".to_owned(), ar));
    }
    let signature: &[u8] = match media_type {
        "application/pdf" => b"%PDF-",
        "image/png" => b"\x89PNG\r\n\x1a\n",
        "image/jpeg" => b"\xff\xd8\xff",
        // The office formats are ZIP archives.
        _ => b"PK\x03\x04",
    };
    let ar = "محتوى الملف لا يطابق النوع المذكور في Content-Type.";
    (!content.starts_with(signature))
        .then(|| (format!("The file does not begin as one of type {media_type} does."), ar))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_says_it_is() {
        let zip = b"PK\x03\x04rest".as_slice();
        for media_type in MEDIA_TYPES {
            let right: &[u8] = match media_type {
                "application/pdf" => b"%PDF-1.7",
                "image/png" => b"\x89PNG\r\n\x1a\n...",
                "image/jpeg" => b"\xff\xd8\xff\xe0",
                "text/csv" | "text/plain" => "الاسم,العدد".as_bytes(),
                _ => zip,
            };
            assert_eq!(content_error(media_type, right), None, "{media_type}");
            assert!(content_error(media_type, b"").is_some(), "{media_type}");
            assert!(content_error(media_type, b"\x00\x01\x02").is_some(), "{media_type}");
            assert_eq!(content_error(media_type, b"<html>").is_some(), !is_text(media_type), "{media_type}");
        }
        assert!(content_error("text/plain", b"\xff\xfe").is_some());
    }
}
