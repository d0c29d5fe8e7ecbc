//! The extractor of an uploaded file, as the body or as the part of a form. A PUT of a file is checked in the same order
//! as every change; the file must be of an accepted kind, which its media type or else its content tells.

mod multipart;
mod received;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::IntoParams;
use uuid::Uuid;

use received::{Declared, FORM, Received, broken_off, content, content_problem, declared, unsupported};

use super::{CallContext, Extraction, Path, app, authenticate, require_visible, timeouts, version};
use crate::app::Error;
use crate::domain::file::{FileKind, MAX_FILE_BYTES};
use crate::domain::file_name;
use crate::domain::rights::Action;
use crate::domain::version::ExpectedVersion;
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

/// The query of an upload.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct UploadQuery {
    /// The name of the file, in place of the name in the form.
    #[param(nullable = false, min_length = 1, max_length = 1000)]
    file_name: Option<String>,
}

/// A PUT of a file in the version of its resource that the caller read.
#[derive(Debug)]
pub(in crate::http) struct Upload<P> {
    /// Path and caller.
    pub(in crate::http) context: CallContext<P>,
    /// The versions in `If-Match`.
    pub(in crate::http) version: ExpectedVersion,
    /// The kind of the file.
    pub(in crate::http) kind: FileKind,
    /// The name of the file as it is kept, if it was sent with one.
    pub(in crate::http) name: Option<String>,
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
            let query: UploadQuery = validation::query(request.query_string())?;
            // An upload without the right to work must not make others wait.
            if let Some(id) = context.path.task_force_id() {
                app(&request)?.access(&context.caller, id).await?.require(Action::KeepRecord)?;
            }
            let form = Form::of(&request)?;
            let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
            let announced = announced.and_then(|length| length.parse().ok()).unwrap_or(0_usize);
            if announced > form.max_bytes() {
                return Err(ProblemCode::BodyTooLarge.into());
            }
            let user_id = context.caller.user_id;
            byte_limit::count(&request, user_id, Carried::File, announced)?;
            let within = timeouts(&request)?.file;
            let uploads = request.app_data::<Data<Uploads>>().ok_or(ProblemCode::InternalError)?;
            let Some(permits) = uploads.acquire(user_id, within).await else {
                return Err(Error::Unavailable("too many uploads at once".to_owned()).into());
            };
            let read = tokio::time::timeout(within, form.receive(&request, payload, announced)).await;
            let Received { declared, name, content, sha256 } =
                read.map_err(|_elapsed| timeout_problem(within))??;
            // A file in chunks announces no size.
            byte_limit::count(&request, user_id, Carried::File, content.len().saturating_sub(announced))?;
            let name = query.file_name.or(name);
            let kind = declared.kind_of(&content, name.as_deref())?;
            let name = name.and_then(|name| file_name::kept(&name, kind));
            let version = version(&request)?;
            Ok(Self { context, version, kind, name, content, sha256, _permits: permits })
        })
    }
}

/// The form in which a request carries a file.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// The body is the file.
    Alone(Declared),
    /// The file is a part of the body.
    Part,
}

impl Form {
    /// The form of a request's body, which is not compressed.
    fn of(request: &HttpRequest) -> Result<Self> {
        let is_plain = request
            .headers()
            .get(CONTENT_ENCODING)
            .is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
        // Unlike none, one that can't be read declares something.
        let is_readable = request.headers().get(CONTENT_TYPE).is_none_or(|value| value.to_str().is_ok());
        let media_type = request.content_type();
        let is_utf8 = request.encoding().is_ok_and(|charset| charset.name() == "UTF-8");
        let form = if media_type.eq_ignore_ascii_case(FORM) {
            Some(Self::Part)
        } else {
            declared(media_type, is_utf8).map(Self::Alone)
        };
        form.filter(|_| is_plain && is_readable).ok_or_else(unsupported)
    }

    fn max_bytes(self) -> usize {
        match self {
            Self::Alone(_) => MAX_FILE_BYTES,
            Self::Part => MAX_FILE_BYTES + multipart::MAX_SURROUNDING_BYTES,
        }
    }

    async fn receive(self, request: &HttpRequest, payload: Payload, announced: usize) -> Result<Received> {
        match self {
            Self::Part => multipart::receive(request, payload, announced).await,
            Self::Alone(declared) => {
                let chunks = payload.map(|chunk| chunk.map_err(|_broken: PayloadError| broken_off()));
                let (content, sha256) = content(chunks, announced).await?;
                Ok(Received { declared, name: None, content, sha256 })
            }
        }
    }
}

fn timeout_problem(within: Duration) -> Problem {
    let seconds = within.as_secs();
    content_problem(
        format!("The file did not arrive within {seconds} seconds."),
        format!("لم يصل الملف خلال {seconds} ثانية."),
    )
}
