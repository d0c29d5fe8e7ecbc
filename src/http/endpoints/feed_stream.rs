//! The live stream of the caller's feed over HTTP: server-sent events.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Deserialize;
use utoipa::IntoParams;

use super::feed::{FeedItem, encoded, position, with_own};
use crate::app::App;
use crate::app::live::{FeedStream, FeedStreamItem};
use crate::domain::refusal::{FieldError, FieldErrorCode, RefusalCode};
use crate::domain::rights::Action;
use crate::http::event_stream::{self, Part, last_event_id, last_event_id_error};
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::problem::Result;
use crate::http::request::{Read, Root};

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(stream_my_feed);
}

/// The events of the stream of a feed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FeedStreamQuery {
    /// Begin after this position: `position` of a page of the feed. Default: after the last event. `Last-Event-ID` comes first.
    #[param(
        nullable = false,
        min_length = 11,
        max_length = 85400,
        pattern = "^[A-Za-z0-9_-]+$",
        example = "AAABmsJE4gA"
    )]
    after: Option<String>,
    /// `false` leaves out the events that you cause.
    #[serde(default = "with_own")]
    #[param(default = true, required = false)]
    own: bool,
}

/// The header by which a client continues the stream of a feed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used; the header is read by hand")]
pub(super) struct LastFeedEventId {
    /// Continue after this event: the `id` of the last event that the client has received.
    #[param(rename = "Last-Event-ID", nullable = false, max_length = 85400)]
    last_event_id: Option<String>,
}

/// Stream your feed
///
/// Sends the events of your feed as they happen, as server-sent events: first the events after `Last-Event-ID` or `after`,
/// then each new one, in the order of each task force. The response has no end of its own. A seat that you gain or lose
/// changes the stream at once; of a task force that is new to you, the stream tells the last ten minutes.
///
/// Each event has a `FeedItem` as `data`, in the language of the response, and a position as `id`: a client that connects
/// again sends the last `id` as `Last-Event-ID`, and receives each event once. `PUT /v1/me/feed/mark` takes the `id`, too.
/// Heartbeats and the last event `end` are those of `GET /v1/task-forces/{taskForceId}/events/stream`, and so is the
/// refusal of a position that the task forces have not reached. The stream counts towards the same 20 streams.
#[utoipa::path(
    tag = "me",
    params(FeedStreamQuery, LastFeedEventId),
    responses((
        status = 200,
        description = "The stream.",
        content((String = "text/event-stream")),
    )),
    extensions(("x-problem-codes" = json!(requires(Action::ReadOwnAccount).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/me/feed/stream")]
async fn stream_my_feed(
    app: Data<App>,
    request: HttpRequest,
    read: Read<Root, FeedStreamQuery>,
) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let from_header =
        last_event_id(request.headers(), |id| position(id.unwrap_or_default(), last_event_id_error()))?;
    let after = || FieldError::parameter("after", FieldErrorCode::WrongFormat);
    let from_query = query.after.map(|text| position(&text, after())).transpose()?;
    let after = from_header.or(from_query);
    let events = app.feed_stream(context.caller.clone(), !query.own, after.as_ref()).await?;
    let language = context.language();
    Ok(event_stream::respond(events, async move |events: &mut FeedStream| match events.next().await {
        FeedStreamItem::Event(event, position) => {
            let text = event_stream::event(&encoded(&position), &FeedItem::new(*event, language));
            Part::Event(Bytes::from(text))
        }
        FeedStreamItem::Heartbeat => Part::Heartbeat,
        FeedStreamItem::End(reason) => Part::End(reason),
    }))
}
