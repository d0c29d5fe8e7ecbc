//! Content negotiation (RFC 9110 §12): chooses the media type of a response among those that its operation declares.
//!
//! The response middleware [checks](check) `Accept` before an operation runs. A handler that produces several media types
//! takes [`Negotiated`] as a parameter:
//!
//! ```text
//! #[utoipa::path(responses((status = 200, description = "…", content((Page = "application/json"), (String = "text/csv")))))]
//! #[get("/v1/things")]
//! async fn list_things(negotiated: Negotiated) -> Result<HttpResponse> {
//!     match negotiated.media_type() {
//!         "text/csv" => …,
//!         _ => …,
//!     }
//! }
//! ```

use std::future::{Ready, ready};

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{ACCEPT, Accept, Header as _, HeaderMap, Quality, QualityItem};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use mime::{APPLICATION, JSON, Mime, STAR};

use super::problem::{Problem, Result};
use super::problem_catalogue::ProblemCode;
use super::route_table::{Produces, RouteTable};

/// Refuses a request that takes none of the media types which its operation produces. Nothing is allocated where
/// `Accept` is absent, or lists `*/*` or one of these media types.
pub(super) fn check(request: &ServiceRequest) -> Result<()> {
    let headers = request.headers();
    if !headers.contains_key(ACCEPT) || is_too_long(headers) || lists(headers, "*/*") {
        return Ok(());
    }
    let routes = request.app_data::<Data<RouteTable>>();
    let produces = routes.and_then(|routes| routes.produces(request.method(), request.match_info().as_str()));
    let Some(produces) = produces.filter(|produces| produces.is_negotiated) else { return Ok(()) };
    let is_listed = produces.media_types.iter().any(|media_type| lists(headers, media_type.essence_str()));
    let asks_by_query = produces.media_types.len() > 1 && names_format(request.query_string());
    if is_listed || asks_by_query {
        return Ok(());
    }
    if choose(&produces.media_types, &accepted(request)).is_some() {
        return Ok(());
    }
    Err(not_acceptable(produces))
}

/// The longest `Accept` that is read, in bytes; those of browsers have fewer than 200. A request with a longer one is
/// answered as if it had none, as RFC 9110 allows: refusals of `Accept` are not counted, and must cost little.
const MOST_ACCEPT: usize = 8 * 1024;

fn is_too_long(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).map(|value| value.len()).sum::<usize>() > MOST_ACCEPT
}

/// The media ranges that a client lists; none if `Accept` cannot be read or is too long.
fn accepted<M: HttpMessage>(request: &M) -> Vec<QualityItem<Mime>> {
    if is_too_long(request.headers()) {
        return Vec::new();
    }
    Accept::parse(request).map(|accept| accept.0).unwrap_or_default()
}

/// Returns whether a query has the parameter `format`, which operations with several media types put above `Accept`.
fn names_format(query: &str) -> bool {
    query.split('&').any(|pair| pair.starts_with("format="))
}

/// The refusal that names the media types of the operation.
fn not_acceptable(produces: &Produces) -> Problem {
    let names = |comma| produces.media_types.iter().map(Mime::essence_str).collect::<Vec<_>>().join(comma);
    Problem::new(
        ProblemCode::NotAcceptable,
        format!("This operation answers in: {}.", names(", ")),
        format!("تردّ هذه العملية بالصيغ الآتية: {}.", names("، ")),
    )
}

/// Returns whether `Accept` lists a media range, without parameters.
fn lists(headers: &HeaderMap, range: &str) -> bool {
    let values = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|listed| listed.trim().eq_ignore_ascii_case(range))
}

/// Returns whether a client would rather have HTML than JSON, as browsers do where a person has typed an address.
pub(super) fn prefers_html(request: &HttpRequest) -> bool {
    let accept = accepted(request);
    choose(&[mime::APPLICATION_JSON, mime::TEXT_HTML], &accept) == Some(&mime::TEXT_HTML)
}

/// The media type to answer in, for handlers of operations that produce several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Negotiated(Mime);

impl Negotiated {
    /// The media type without parameters, such as `text/csv`.
    pub(super) fn media_type(&self) -> &str {
        self.0.essence_str()
    }
}

impl FromRequest for Negotiated {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let routes = request.app_data::<Data<RouteTable>>();
        let produces =
            routes.and_then(|routes| routes.produces(request.method(), request.match_info().as_str()));
        let Some(produces) = produces else { return ready(Err(ProblemCode::InternalError.into())) };
        // An `Accept` that can't be read chooses nothing.
        let chosen = choose(&produces.media_types, &accepted(request));
        ready(chosen.cloned().map(Self).ok_or_else(|| not_acceptable(produces)))
    }
}

/// The media type that the client prefers, and the first of those that it likes equally. Without a media range that could
/// be read, any media type is acceptable.
fn choose<'a>(media_types: &'a [Mime], accept: &[QualityItem<Mime>]) -> Option<&'a Mime> {
    if accept.is_empty() {
        return media_types.first();
    }
    let mut chosen = None;
    for media_type in media_types {
        if let Some(quality) = quality(media_type, accept)
            && chosen.is_none_or(|(_, best)| quality > best)
        {
            chosen = Some((media_type, quality));
        }
    }
    chosen.map(|(media_type, _)| media_type)
}

/// The weight that the client gives a media type, by the most specific range; `None` if no range accepts the media type.
fn quality(media_type: &Mime, accept: &[QualityItem<Mime>]) -> Option<Quality> {
    let matching =
        || accept.iter().filter_map(|range| Some((specificity(&range.item, media_type)?, range.quality)));
    // A range with quality 0 takes nothing away from a wider one, so that refusing is the last resort.
    let is_acceptable = matching().any(|(_, quality)| quality != Quality::ZERO);
    let (_, quality) = matching().max_by_key(|(specificity, _)| *specificity)?;
    is_acceptable.then_some(quality)
}

/// The closeness of the match of a media range and a media type, if they match; parameters are not compared. A client
/// that accepts one kind of JSON is taken to accept every kind.
fn specificity(range: &Mime, media_type: &Mime) -> Option<u8> {
    if range.essence_str() == media_type.essence_str() {
        Some(3)
    } else if is_json(range) && is_json(media_type) {
        Some(2)
    } else if range.type_() == media_type.type_() && range.subtype() == STAR {
        Some(1)
    } else {
        (range.type_() == STAR).then_some(0)
    }
}

fn is_json(media_type: &Mime) -> bool {
    media_type.type_() == APPLICATION
        && (media_type.subtype() == JSON || media_type.suffix().is_some_and(|suffix| suffix == JSON))
}

#[cfg(test)]
mod tests;
