//! The live stream of events over HTTP: server-sent events.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::events::AuditEvent;
use crate::app::App;
use crate::app::events::ReadEvent;
use crate::app::live::{EventStream, StreamItem};
use crate::db::events::EventFilter;
use crate::domain::event::EventAction;
use crate::domain::refusal::{Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::http::event_stream::{self, Part, last_event_id, last_event_id_error};
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::problem::Result;
use crate::http::request::{Read, TaskForcePath};

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

/// The sequence number in a `Last-Event-ID`.
fn seq(id: Option<&str>) -> Result<i64> {
    let seq = id.and_then(|text| text.parse().ok()).filter(|seq: &i64| *seq >= 0);
    let error = || {
        let error = last_event_id_error().saying(
            "must be the `id` of an event of this stream, a whole number",
            "يجب أن يكون رقم أحد أحداث هذا التدفق (id)، وهو عدد صحيح",
        );
        Refusal::field_errors(RefusalCode::InvalidRequest, vec![error])
    };
    Ok(seq.ok_or_else(error)?)
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
    let after = last_event_id(request.headers(), seq)?.or(after);
    let caller = context.caller.clone();
    let events = app.events_stream(caller, context.path.task_force_id, filter, after).await?;
    let language = context.language();
    let form = move |read: &ReadEvent| {
        event_stream::event(&read.event.seq.to_string(), &AuditEvent::new(read.clone(), language))
    };
    Ok(event_stream::respond(events, async move |events: &mut EventStream| match events.next().await {
        StreamItem::Event(event) => {
            Part::Event(Bytes::copy_from_slice(events.text(&event, language, form).as_bytes()))
        }
        StreamItem::Heartbeat => Part::Heartbeat,
        StreamItem::End(reason) => Part::End(reason),
    }))
}
