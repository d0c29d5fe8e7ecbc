//! Web sockets, which the service does not offer.

use actix_web::ResponseError as _;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{HeaderValue, UPGRADE};
use actix_web::middleware::Next;

use crate::domain::refusal::{Refusal, RefusalCode};
use crate::http::problem::Problem;

/// Refuses a request to switch to a web socket.
///
/// actix-http takes all bytes after such a request as its body, whatever `Content-Length` says. A proxy in front of
/// the service may see another request in them.
pub(super) async fn refuse(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let is_web_socket = |value: &HeaderValue| {
        value.to_str().is_ok_and(|value| value.trim().eq_ignore_ascii_case("websocket"))
    };
    if !request.headers().get_all(UPGRADE).any(is_web_socket) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    let refusal = Refusal::new(
        RefusalCode::InvalidRequest,
        "There are no web sockets here: send the request without `Upgrade`.",
        "لا تدعم الخدمة WebSocket: أرسل الطلب دون الترويسة Upgrade.",
    );
    let mut response = Problem::from(refusal).error_response();
    response.head_mut().set_connection_type(ConnectionType::Close);
    Ok(request.into_response(response).map_into_right_body())
}
