//! What every answer has, whatever it says: request id, API version, security headers, conditional answers,
//! problems in the reader's language, and an answer even where something panicked.

use std::panic::AssertUnwindSafe;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    IF_NONE_MATCH, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpResponse};
use futures_util::FutureExt as _;

use super::refused_attempts;
use super::settings::Settings;
use crate::domain::refusal::RefusalCode;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::context::{RequestContext, X_REQUEST_ID};
use crate::http::negotiation;
use crate::http::problem::Problem;
use crate::http::problem_catalogue::ProblemCode;

/// The version of the contract, on every answer.
pub const API_VERSION: &str = env!("CARGO_PKG_VERSION");

const X_API_VERSION: HeaderName = HeaderName::from_static("api-version");

/// Wraps every request and answer.
pub(in crate::http) async fn wrap(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let is_secure = request.app_data::<Data<Settings>>().is_some_and(|settings| settings.is_secure());
    let request_context = RequestContext { is_secure, ..RequestContext::read(request.headers()) };
    let none_match = request.headers().get(IF_NONE_MATCH).cloned();
    if request.method() == Method::HEAD {
        // A GET whose body the server leaves out on the way.
        request.head_mut().method = Method::GET;
    }
    let reads = request.method() == Method::GET;
    request.extensions_mut().insert(request_context.clone());

    if let Err(problem) = negotiation::check(&request) {
        let answer = finish(written(&problem, &request_context), &request_context);
        return Ok(request.into_response(answer).map_into_right_body());
    }
    let Ok(answered) = AssertUnwindSafe(next.call(request)).catch_unwind().await else {
        // The request went down with the panic: the answer goes out as the error of the service.
        tracing::error!(request_id = %request_context.request_id, "a handler panicked");
        let answer = finish(written(&ProblemCode::InternalError.into(), &request_context), &request_context);
        return Err(actix_web::error::InternalError::from_response("panic", answer).into());
    };
    let answered = match answered {
        Ok(answered) => answered,
        Err(error) => {
            // A middleware further in gave up: what it says still goes through here.
            let problem =
                error.as_error::<Problem>().cloned().unwrap_or_else(|| ProblemCode::InternalError.into());
            let answer = finish(written(&problem, &request_context), &request_context);
            return Err(actix_web::error::InternalError::from_response(error, answer).into());
        }
    };

    let problem = answered.response().extensions().get::<Problem>().cloned();
    let problem = problem.or_else(|| stray(answered.response()));
    let (request, answer) = answered.into_parts();
    if let Some(problem) = problem {
        refused_attempts::note(&request, problem.code());
        let headers = answer.headers().clone();
        let mut written = written(&problem, &request_context);
        for (name, value) in headers {
            // What the problem itself and the layers between have said, as Allow, Retry-After and CORS.
            if name != CONTENT_TYPE {
                written.headers_mut().insert(name, value);
            }
        }
        return Ok(ServiceResponse::new(request, finish(written, &request_context)).map_into_right_body());
    }
    let unchanged = reads
        && answer.status() == StatusCode::OK
        && matches(none_match.as_ref(), answer.headers().get(ETAG));
    if unchanged {
        let mut short = HttpResponse::NotModified().finish();
        for (name, value) in answer.headers().iter().filter(|(name, _)| **name != CONTENT_TYPE) {
            short.headers_mut().insert(name.clone(), value.clone());
        }
        return Ok(ServiceResponse::new(request, finish(short, &request_context)).map_into_right_body());
    }
    Ok(ServiceResponse::new(request, finish(answer, &request_context)).map_into_left_body())
}

/// What a library refused in words of its own, as the problem that it is.
fn stray<B>(answer: &HttpResponse<B>) -> Option<Problem> {
    let status = answer.status();
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.ends_with("json")) {
        return None;
    }
    let code = match status {
        StatusCode::NOT_FOUND => RefusalCode::NotFound.into(),
        StatusCode::PAYLOAD_TOO_LARGE => ProblemCode::BodyTooLarge,
        _ if status.is_client_error() => RefusalCode::InvalidRequest.into(),
        _ if status.is_server_error() => ProblemCode::InternalError,
        _ => return None,
    };
    Some(code.into())
}

/// Writes a problem down. It carries every header that its answer has, too.
fn written(problem: &Problem, request_context: &RequestContext) -> HttpResponse {
    use actix_web::ResponseError as _;

    let document = problem.document(request_context.language, &request_context.request_id);
    let mut answer = problem.error_response();
    answer.extensions_mut().clear();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(request_context.language.code()));
    let body = serde_json::to_vec(&document).unwrap_or_default();
    answer.set_body(body).map_into_boxed_body()
}

fn finish<B>(mut answer: HttpResponse<B>, request_context: &RequestContext) -> HttpResponse<B> {
    let headers = answer.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&request_context.request_id) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(X_API_VERSION, HeaderValue::from_static(API_VERSION));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if request_context.is_secure {
        // Two years, as the preload lists ask for; what else is under that name is not ours to speak for.
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000"));
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(CONTENT_SECURITY_POLICY, nothing);
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    answer
}

/// `If-None-Match` compares weakly (RFC 9110 §13.1.2).
fn matches(none_match: Option<&HeaderValue>, etag: Option<&HeaderValue>) -> bool {
    let (Some(none_match), Some(etag)) =
        (none_match.and_then(|value| value.to_str().ok()), etag.and_then(|value| value.to_str().ok()))
    else {
        return false;
    };
    none_match
        .split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::ACCEPT_LANGUAGE;

    use super::*;

    /// What no route does, and any might.
    async fn panics() -> HttpResponse {
        panic!("a secret of the service")
    }

    #[actix_web::test]
    async fn a_panic_is_a_problem_like_any_other_and_ends_nothing() {
        use actix_web::middleware::from_fn;
        use actix_web::test::{TestRequest, init_service, read_body, try_call_service};
        use actix_web::{App, web};

        let service = App::new()
            .route("/panics", web::get().to(panics))
            .route("/works", web::get().to(HttpResponse::Ok))
            .wrap(from_fn(wrap));
        let service = init_service(service).await;
        let request = TestRequest::get().uri("/panics").insert_header((ACCEPT_LANGUAGE, "ar"));
        let failed = try_call_service(&service, request.to_request()).await.unwrap_err();
        let answer = failed.as_response_error().error_response();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.headers().get(CONTENT_TYPE).unwrap(), "application/problem+json");
        assert_eq!(answer.headers().get(X_API_VERSION).unwrap(), API_VERSION);
        let body = actix_web::body::to_bytes(answer.into_body()).await.ok().unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (&problem["code"], &problem["title"]),
            (&"internalError".into(), &ProblemCode::InternalError.title().ar.into())
        );
        assert!(!problem.to_string().contains("secret"), "{problem}");

        let works = TestRequest::get().uri("/works").to_request();
        let answer = try_call_service(&service, works).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(read_body(answer).await.is_empty());
    }

    #[test]
    fn if_none_match_takes_lists_weak_tags_and_the_star() {
        let etag = HeaderValue::from_static("\"3.ab\"");
        let matching = |value: &str| matches(Some(&HeaderValue::from_str(value).unwrap()), Some(&etag));
        assert!(matching("\"3.ab\""));
        assert!(matching("\"1.cd\", W/\"3.ab\""));
        assert!(matching("*"));
        assert!(!matching("\"3.a\""));
        assert!(!matches(None, Some(&etag)));
    }
}
