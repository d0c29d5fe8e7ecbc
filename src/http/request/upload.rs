//! A PUT of a file: checked in the same order as every change, of a type that is taken and what it says it is.

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
use crate::domain::evidence::{LARGEST, MEDIA_TYPES};
use crate::domain::refusal::{Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::http::problem::{Problem, Result};
use crate::http::problem_catalogue::ProblemCode;
use crate::http::validation;

/// How long it may wait for a place, once its user sends nothing else.
const PLACE_WITHIN: Duration = Duration::from_secs(10);

/// Files that are in memory at once, each whole: with more of them, those who upload could take all there is.
const PLACES: usize = 4;

/// Who uploads: so many at once, and each user one file after the other, so that nobody takes the places of all.
#[derive(Debug)]
pub(in crate::http) struct Uploads {
    places: Arc<Semaphore>,
    turns: Mutex<BTreeMap<Uuid, Weak<Semaphore>>>,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(PLACES)), turns: Mutex::default() }
    }
}

impl Uploads {
    /// Waits until this user sends nothing else, as long as that may take, and then for a place.
    async fn acquire(&self, user_id: Uuid, within: Duration) -> Option<[OwnedSemaphorePermit; 2]> {
        let turn = tokio::time::timeout(within, self.turn(user_id).acquire_owned()).await.ok()?.ok()?;
        let place = Arc::clone(&self.places).acquire_owned();
        let place = tokio::time::timeout(PLACE_WITHIN, place).await.ok()?.ok()?;
        Some([turn, place])
    }

    fn turn(&self, user_id: Uuid) -> Arc<Semaphore> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = turns.get(&user_id).and_then(Weak::upgrade).unwrap_or_else(|| Arc::new(Semaphore::new(1)));
        turns.insert(user_id, Arc::downgrade(&turn));
        turn
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
    /// Its bytes.
    pub(in crate::http) content: Bytes,
    /// Their SHA-256.
    pub(in crate::http) sha256: [u8; 32],
    /// The user's turn and the place in memory, free again when they are dropped.
    _held: [OwnedSemaphorePermit; 2],
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
            // A caller without the right to work gets no place in the queue.
            if let Some(id) = context.path.task_force_id() {
                app(&request)?.access(&context.caller, id).await?.require(Action::Work)?;
            }
            let media_type = media_type(&request)?;
            let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
            let announced = announced.and_then(|length| length.parse().ok()).unwrap_or(0_usize);
            if announced > LARGEST {
                return Err(ProblemCode::BodyTooLarge.into());
            }
            let within = timeouts(&request)?.file;
            let uploads = request.app_data::<Data<Uploads>>().ok_or(ProblemCode::InternalError)?;
            let Some(held) = uploads.acquire(context.caller.user_id, within).await else {
                return Err(Error::Unavailable("too many upload at once".to_owned()).into());
            };
            let read = tokio::time::timeout(within, content(payload, announced)).await;
            let (content, sha256) = read.map_err(|_late| late(within))??;
            if let Some((en, ar)) = unlike(media_type, &content) {
                return Err(Refusal::new(RefusalCode::InvalidRequest, en, ar).into());
            }
            let version = version(&request)?;
            Ok(Self { context, version, media_type, content, sha256, _held: held })
        })
    }
}

/// The type of the body, if files of that type are taken; parameters are not part of it.
fn media_type(request: &HttpRequest) -> Result<&'static str> {
    let sent = request.content_type();
    let known = MEDIA_TYPES.into_iter().find(|known| sent.eq_ignore_ascii_case(known));
    let is_utf8 = || request.encoding().is_ok_and(|charset| charset.name() == "UTF-8");
    let is_plain = request
        .headers()
        .get(CONTENT_ENCODING)
        .is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    known.filter(|known| is_plain && (!is_text(known) || is_utf8())).ok_or_else(|| {
        let types = MEDIA_TYPES.join(", ");
        Problem::new(
            ProblemCode::UnsupportedMediaType,
            format!("Send the file as it is, not compressed, text in UTF-8, and as one of {types}."),
            format!("أرسل الملف كما هو دون ضغط، والنص بترميز UTF-8، وبأحد الأنواع: {types}."),
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
        if content.len() + chunk.len() > LARGEST {
            return Err(ProblemCode::BodyTooLarge.into());
        }
        hash.update(&chunk);
        content.extend_from_slice(&chunk);
    }
    Ok((content.freeze(), hash.finalize().into()))
}

fn late(within: Duration) -> Problem {
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

/// Why these bytes can't be a file of this type, as far as its beginning tells; of a text, all of it.
fn unlike(media_type: &str, content: &[u8]) -> Option<(String, &'static str)> {
    if content.is_empty() {
        return Some(("The file is empty.".to_owned(), "الملف فارغ."));
    }
    if is_text(media_type) {
        let is_text = std::str::from_utf8(content).is_ok() && !content.contains(&0);
        let ar = "الملف ليس نصًّا: يجب أن يكون بترميز UTF-8 دون محارف NUL.";
        return (!is_text).then(|| ("The file is not text: it must be UTF-8 without NUL.".to_owned(), ar));
    }
    let signature: &[u8] = match media_type {
        "application/pdf" => b"%PDF-",
        "image/png" => b"\x89PNG\r\n\x1a\n",
        "image/jpeg" => b"\xff\xd8\xff",
        // The office formats are ZIP archives.
        _ => b"PK\x03\x04",
    };
    let ar = "لا يبدأ الملف كما تبدأ الملفات من النوع المذكور في Content-Type.";
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
            assert_eq!(unlike(media_type, right), None, "{media_type}");
            assert!(unlike(media_type, b"").is_some(), "{media_type}");
            assert!(unlike(media_type, b"\x00\x01\x02").is_some(), "{media_type}");
            assert_eq!(unlike(media_type, b"<html>").is_some(), !is_text(media_type), "{media_type}");
        }
        assert!(unlike("text/plain", b"\xff\xfe").is_some());
    }
}
