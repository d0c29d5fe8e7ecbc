//! The tracing span of a request.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use tracing_actix_web::RootSpanBuilder;

use crate::http::context::RequestContext;

/// A span with the request id that the client sees, and nothing that the client wrote.
pub(super) struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> tracing::Span {
        let id = RequestContext::of(request.request()).request_id;
        let route = request.match_pattern().unwrap_or_default();
        tracing::info_span!("request", %id, method = %request.method(), route, status = tracing::field::Empty)
    }

    fn on_request_end<B: MessageBody>(
        span: tracing::Span,
        result: &Result<ServiceResponse<B>, actix_web::Error>,
    ) {
        if let Ok(response) = result {
            span.record("status", response.status().as_u16());
        }
    }
}
