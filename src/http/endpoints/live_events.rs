//! The live stream of events over HTTP: server-sent events.

use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use futures_util::{Stream, stream};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;

use super::events::AuditEvent;
use crate::app::App;
use crate::app::events::ReadEvent;
use crate::app::live::{EndReason, EventStream, StreamItem};
use crate::db::events::EventFilter;
use crate::domain::event::EventAction;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::problem::Result;
use crate::http::request::{Read, TaskForcePath};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Tells proxies of the kind of nginx to pass each event on at once.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The first lines of a stream: a client that has lost the connection waits two seconds, so that a restart of the
/// service is over.
const BEGINNING: &str = "retry: 2000\n\n";

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(stream_events);
}

/// The events of a stream.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StreamQuery {
    /// Begin after this sequence number: `lastSeq` of a list. Default: after the last event. `Last-Event-ID` comes first.
    #[param(nullable = false, minimum = 0, maximum = 9007199254740991_i64)]
    after: Option<i64>,
    /// Only events that are about this resource, by its id.
    #[param(inline, nullable = false)]
    subject: Option<Uuid>,
    /// Only events that this user caused.
    #[param(inline, nullable = false)]
    actor: Option<Uuid>,
    /// Only these actions: `action` several times, or once with commas.
    #[param(inline, nullable = false, min_items = 1, max_items = 20)]
    action: Option<Vec<EventAction>>,
}

/// The header by which a client continues a stream.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used; the header is read by hand")]
pub(super) struct LastEventId {
    /// Continue after this event: the `id` of the last event that the client has received.
    #[param(rename = "Last-Event-ID", nullable = false, minimum = 0, maximum = 9007199254740991_i64)]
    last_event_id: Option<i64>,
}

/// The position that a client continues from.
fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>> {
    let Some(header) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let seq = header.to_str().ok().and_then(|text| text.parse().ok()).filter(|seq: &i64| *seq >= 0);
    let error = || {
        let error = FieldError::parameter("Last-Event-ID", FieldErrorCode::WrongFormat).saying(
            "must be the `id` of an event of this stream, a whole number",
            "يجب أن يكون رقم أحد أحداث هذا التدفق (id)، وهو عدد صحيح",
        );
        Refusal::field_errors(RefusalCode::InvalidRequest, vec![error])
    };
    Ok(Some(seq.ok_or_else(error)?))
}

/// Stream events
///
/// Sends the events of a task force as they happen, as server-sent events, in the order of `seq` and without gaps: first
/// the events after `Last-Event-ID` or `after`, then each new one. The response has no end of its own.
///
/// Each event has its `seq` as `id` and an `AuditEvent` as `data`. A line that begins with a colon is a heartbeat, which
/// comes every 15 seconds. A last event of the type `end` names the reason in its `data` before the service closes the
/// stream: `credentialExpired` (connect again with a new token), `accessEnded`, or `serviceStopping` (connect again). A
/// client that connects again sends the last `id` as `Last-Event-ID`, and misses nothing. A position after the last event
/// is refused with 400: the installation was restored from a backup, so that the client reads everything anew.
///
/// `EventSource` of browsers cannot send `Authorization`: read the stream with `fetch`. A user can hold 20 streams and
/// waiting lists of events open; further ones are refused with 503.
#[utoipa::path(
    tag = "events",
    params(TaskForcePath, StreamQuery, LastEventId),
    responses((
        status = 200,
        description = "The stream.",
        content((String = "text/event-stream")),
    )),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/events/stream")]
async fn stream_events(
    app: Data<App>,
    request: HttpRequest,
    read: Read<TaskForcePath, StreamQuery>,
) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let StreamQuery { after, subject, actor, action } = query;
    let filter = EventFilter { after: 0, subject, actor, actions: action.unwrap_or_default() };
    let after = last_event_id(request.headers())?.or(after);
    let events = app.events_stream(context.caller, context.path.task_force_id, filter, after).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((ACCEL_BUFFERING, "no"))
        .streaming(body(events)))
}

/// The progress of a body.
enum Progress {
    Begins(EventStream),
    Goes(EventStream),
    Ended,
}

fn body(events: EventStream) -> impl Stream<Item = std::result::Result<Bytes, actix_web::Error>> {
    stream::unfold(Progress::Begins(events), async |progress| {
        let (bytes, next) = match progress {
            Progress::Begins(events) => (Bytes::from_static(BEGINNING.as_bytes()), Progress::Goes(events)),
            Progress::Goes(mut events) => match events.next().await {
                StreamItem::Event(event) => {
                    (Bytes::copy_from_slice(events.text(&event, form).as_bytes()), Progress::Goes(events))
                }
                StreamItem::Heartbeat => (Bytes::from_static(b":\n\n"), Progress::Goes(events)),
                StreamItem::End(reason) => (ending(reason).into(), Progress::Ended),
            },
            Progress::Ended => return None,
        };
        Some((Ok(bytes), next))
    })
}

/// An event in the form of the stream. JSON contains no line breaks.
fn form(read: &ReadEvent) -> String {
    let event = AuditEvent::from(read.clone());
    // A representation of strings, numbers and JSON can always be written.
    let data = serde_json::to_string(&event).unwrap_or_default();
    format!("id: {}\ndata: {data}\n\n", read.event.seq)
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
