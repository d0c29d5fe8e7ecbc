//! The extractor of an imported table: a file as the body or as the part of a form, which creates something.

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use utoipa::IntoParams;

use super::super::{CallContext, Extraction, Path, app, authenticate, require_visible, timeouts};
use super::received::{FORM, Pace, read};
use super::{Uploads, multipart};
use crate::app::Error;
use crate::domain::rights::Action;
use crate::http::idempotency::{self, DryRunQuery};
use crate::http::problem::{Problem, Result};
use crate::http::problem_catalogue::ProblemCode;
use crate::http::request::with_commit_mode;
use crate::http::server::byte_limit::{self, Carried};
use crate::http::validation;
use crate::util::places::Place;

/// The maximum size of an imported table. As JSON, the activities of a cycle could be larger; as a table of people, they
/// have some hundred kilobytes.
pub(in crate::http) const MAX_TABLE_BYTES: usize = 4 * 1024 * 1024;

/// The media types of a table as a body, beside those that say nothing.
const TABLES: [&str; 6] = [
    "text/csv",
    "text/tab-separated-values",
    "text/plain",
    "application/csv",
    "application/vnd.ms-excel",
    "application/octet-stream",
];

/// A POST of a table.
#[derive(Debug)]
pub(in crate::http) struct Import<P, Q> {
    /// Path and caller.
    pub(in crate::http) context: CallContext<P>,
    pub(in crate::http) query: Q,
    /// The bytes of the file.
    pub(in crate::http) content: Bytes,
    /// The encoding that the media type names, if it does.
    pub(in crate::http) charset: Option<String>,
    /// The memory of the file.
    _place: Place,
}

impl<P, Q> FromRequest for Import<P, Q>
where
    P: Path + 'static,
    Q: IntoParams + DeserializeOwned + DryRunQuery + 'static,
{
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let mut context: CallContext<P> = authenticate(&request).await?.context(&request)?;
            require_visible(&request, &context.caller, context.path.task_force_id()).await?;
            let query: Q = validation::query(request.query_string())?;
            // An import without the right to work must not make others wait.
            if let Some(id) = context.path.task_force_id() {
                app(&request)?.access(&context.caller, id).await?.require(Action::Work)?;
            }
            let is_form = form(&request)?;
            let most =
                if is_form { MAX_TABLE_BYTES + multipart::MAX_SURROUNDING_BYTES } else { MAX_TABLE_BYTES };
            let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
            let announced = announced.and_then(|length| length.parse().ok()).unwrap_or(0_usize);
            if announced > most {
                return Err(too_large());
            }
            let user_id = context.caller.user_id;
            byte_limit::count(&request, user_id, Carried::File, announced)?;
            let within = timeouts(&request)?.file;
            let uploads = request.app_data::<Data<Uploads>>().ok_or(ProblemCode::InternalError)?;
            // A file in chunks announces no size.
            let bytes = if announced == 0 { most } else { announced };
            let Some(place) = uploads.acquire(user_id, bytes, within).await else {
                return Err(Error::Unavailable("too many uploads at once".to_owned()).into());
            };
            let pace = Pace { begun: Instant::now(), within, bytes };
            let body = read(payload, most, pace, uploads).await.map_err(of_a_table)?;
            byte_limit::count(&request, user_id, Carried::File, body.len().saturating_sub(announced))?;
            let content = if is_form { multipart::file(&request, &body)?.content } else { body };
            // The key stands for the file and for the way in which it is read, and not for the form around the file, whose
            // boundary is another one each time.
            let fingerprint =
                [Sha256::digest(&content).as_slice(), request.query_string().as_bytes()].concat();
            let commit_mode =
                idempotency::commit_mode(&request, &context.caller, &fingerprint, query.dry_run())?;
            context.caller.commit_mode = with_commit_mode(&request, commit_mode);
            let charset = if is_form { None } else { charset(&request) };
            Ok(Self { context, query, content, charset, _place: place })
        })
    }
}

fn too_large() -> Problem {
    Problem::new(
        ProblemCode::BodyTooLarge,
        "A table may have 4 MiB: import it in parts.",
        "الحد الأقصى للجدول 4 ميغابايت: استورده على أجزاء.",
    )
}

/// The problem of a body that is a table.
fn of_a_table(problem: Problem) -> Problem {
    if problem.code() == ProblemCode::BodyTooLarge { too_large() } else { problem }
}

/// Tells whether the file is a part of a form.
fn form(request: &HttpRequest) -> Result<bool> {
    let is_plain = request
        .headers()
        .get(CONTENT_ENCODING)
        .is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    let media_type = request.content_type();
    let is_readable = request.headers().get(CONTENT_TYPE).is_none_or(|value| value.to_str().is_ok());
    let is_table = media_type.is_empty() || TABLES.iter().any(|table| table.eq_ignore_ascii_case(media_type));
    match media_type.eq_ignore_ascii_case(FORM) {
        true if is_plain => Ok(true),
        false if is_plain && is_readable && is_table => Ok(false),
        _ => Err(Problem::new(
            ProblemCode::UnsupportedMediaType,
            "Send the table as text/csv, not compressed, or in the part `file` of multipart/form-data.",
            "أرسل الجدول من النوع text/csv دون ضغط، أو في الجزء file من النوع multipart/form-data.",
        )),
    }
}

fn charset(request: &HttpRequest) -> Option<String> {
    let media_type: mime::Mime = request.headers().get(CONTENT_TYPE)?.to_str().ok()?.parse().ok()?;
    media_type.get_param(mime::CHARSET).map(|charset| charset.as_str().to_owned())
}
