//! The extractor of an uploaded file, as the body or as the part of a form. A PUT of a file is checked in the same order
//! as every change; the file must be of an accepted kind, which its media type or else its content tells.

mod import;
mod multipart;
mod received;

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use utoipa::IntoParams;
use uuid::Uuid;

pub(in crate::http) use import::Import;
use received::{Declared, FORM, Pace, Received, declared, read, unsupported};

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
use crate::util::places::{Place, Places};

/// The unit in which memory for uploads is counted, in bytes.
const UNIT: usize = 1024 * 1024;

/// The memory for uploads, in [`UNIT`]s: four of the largest files in their forms. Each file is in memory as a whole, so
/// uploads without this limit could take all memory.
const MEMORY: usize = 4 * MOST_UNITS;

/// The memory of the largest file in its form, in [`UNIT`]s.
const MOST_UNITS: usize = (MAX_FILE_BYTES + multipart::MAX_SURROUNDING_BYTES).div_ceil(UNIT);

/// Limits concurrent uploads: the memory of all users, and to one upload of each user, so that no user takes the share of
/// the others.
#[derive(Debug)]
pub(in crate::http) struct Uploads(Places<Uuid>);

impl Default for Uploads {
    fn default() -> Self {
        Self(Places::new(MEMORY, 1))
    }
}

impl Uploads {
    /// Waits until the user has no other upload, and then for the memory of so many bytes. An upload has the time `within`,
    /// so that the memory of others is free by then.
    async fn acquire(&self, user_id: Uuid, bytes: usize, within: Duration) -> Option<Place> {
        let units = u32::try_from(bytes.div_ceil(UNIT).clamp(1, MOST_UNITS)).ok()?;
        tokio::time::timeout(within, self.0.acquire_weighing(user_id, units)).await.ok()?.ok()
    }

    /// Tells whether another upload waits for memory. Those under way then have to be faster ([`read`]).
    fn are_awaited(&self) -> bool {
        self.0.are_awaited()
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
    /// The memory of the file.
    _place: Place,
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
            // A file in chunks announces no size.
            let bytes = if announced == 0 { form.max_bytes() } else { announced };
            let Some(place) = uploads.acquire(user_id, bytes, within).await else {
                return Err(Error::Unavailable("too many uploads at once".to_owned()).into());
            };
            let pace = Pace { begun: Instant::now(), within, bytes };
            let body = read(payload, form.max_bytes(), pace, uploads).await?;
            byte_limit::count(&request, user_id, Carried::File, body.len().saturating_sub(announced))?;
            let Received { declared, name, content } = form.file(&request, body)?;
            let sha256 = Sha256::digest(&content).into();
            let name = query.file_name.or(name);
            let kind = declared.kind_of(&content, name.as_deref())?;
            let name = name.and_then(|name| file_name::kept(&name, kind));
            let version = version(&request)?;
            Ok(Self { context, version, kind, name, content, sha256, _place: place })
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

    /// The file in a body.
    fn file(self, request: &HttpRequest, body: Bytes) -> Result<Received> {
        match self {
            Self::Part => multipart::file(request, &body),
            Self::Alone(declared) => Ok(Received { declared, name: None, content: body }),
        }
    }
}
