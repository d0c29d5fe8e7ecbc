//! Server-sent events: the form of a stream, whatever its events are.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName};
use actix_web::web::Bytes;
use futures_util::stream;
use serde::Serialize;

use super::problem::Result;
use crate::app::live::EndReason;
use crate::domain::refusal::{FieldError, FieldErrorCode};

/// The header by which a client continues a stream.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Tells proxies of the kind of nginx to pass each event on at once.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The first lines of a stream: a client that has lost the connection waits two seconds, so that a restart of the
/// service is over.
const BEGINNING: &str = "retry: 2000\n\n";

/// A part of a stream.
#[derive(Debug)]
pub(super) enum Part {
    /// An event in the form of [`event`].
    Event(Bytes),
    Heartbeat,
    /// The last part.
    End(EndReason),
}

/// The error of a `Last-Event-ID` or another position.
pub(super) fn last_event_id_error() -> FieldError {
    FieldError::parameter("Last-Event-ID", FieldErrorCode::WrongFormat)
}

/// The position that a client continues from, as `read` understands the text of the header; `read` is given `None` for a
/// header that is no text.
pub(super) fn last_event_id<T>(
    headers: &HeaderMap,
    read: impl FnOnce(Option<&str>) -> Result<T>,
) -> Result<Option<T>> {
    let Some(header) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    read(header.to_str().ok()).map(Some)
}

/// An event in the form of a stream. JSON contains no line breaks.
pub(super) fn event(id: &str, data: &impl Serialize) -> String {
    // A representation of strings, numbers and JSON can always be written.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("id: {id}\ndata: {data}\n\n")
}

/// The response that sends the parts of a stream, which `next` waits for.
pub(super) fn respond<S: 'static>(
    source: S,
    next: impl AsyncFnMut(&mut S) -> Part + 'static,
) -> HttpResponse {
    // Each step moves the state, which stays small by the box.
    let parts = stream::unfold(
        (Box::new(source), next, Progress::Begins),
        async |(mut source, mut next, progress)| {
            let (bytes, progress) = match progress {
                Progress::Begins => (Bytes::from_static(BEGINNING.as_bytes()), Progress::Goes),
                Progress::Goes => match next(&mut source).await {
                    Part::Event(bytes) => (bytes, Progress::Goes),
                    Part::Heartbeat => (Bytes::from_static(b":\n\n"), Progress::Goes),
                    Part::End(reason) => (ending(reason).into(), Progress::Ended),
                },
                Progress::Ended => return None,
            };
            Some((Ok::<_, actix_web::Error>(bytes), (source, next, progress)))
        },
    );
    HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((ACCEL_BUFFERING, "no"))
        .streaming(parts)
}

/// The progress of a body.
enum Progress {
    Begins,
    Goes,
    Ended,
}

/// The last event of a stream.
fn ending(reason: EndReason) -> String {
    #[derive(Serialize)]
    struct Ending {
        reason: &'static str,
    }
    let reason = match reason {
        EndReason::CredentialExpired => "credentialExpired",
        EndReason::AccessEnded => "accessEnded",
        EndReason::ServiceStopping => "serviceStopping",
    };
    format!("event: end\ndata: {}\n\n", serde_json::to_string(&Ending { reason }).unwrap_or_default())
}
