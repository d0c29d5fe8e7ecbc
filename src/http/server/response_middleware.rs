//! The part of a response that is the same for all operations: request id, API version, security headers, 304 for an
//! unchanged resource, compression, problems in the client's language, and a response even after a panic.

use std::panic::AssertUnwindSafe;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use futures_util::FutureExt as _;

use super::compression::{self, CompressedDocuments};
use super::settings::Settings;
use super::sliced_body::sliced;
use super::{cors, refused_attempts};
use crate::app::App;
use crate::app::caller::Caller;
use crate::domain::refusal::RefusalCode;
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::context::{RequestContext, X_REQUEST_ID, response_language};
use crate::http::form::{Asked, PAGE_POLICY};
use crate::http::problem::Problem;
use crate::http::problem_catalogue::ProblemCode;
use crate::http::{etag, negotiation};

/// The version of the contract, sent with every response.
pub const API_VERSION: &str = env!("CARGO_PKG_VERSION");

const X_API_VERSION: HeaderName = HeaderName::from_static("api-version");

/// Attaches the context of a request, which its log span and [`wrap`] depend on.
pub(in crate::http) async fn attach_context(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let is_secure = request.app_data::<Data<Settings>>().is_some_and(|settings| settings.is_secure());
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let is_head = request.method() == Method::HEAD;
    let context = RequestContext { is_secure, is_read, is_head, ..RequestContext::read(request.headers()) };
    request.extensions_mut().insert(context);
    if is_head {
        // Handled as GET: actix-http still sends no body.
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}

/// Adds request id, API version and security headers, answers 304, compresses, and renders problems.
///
/// No middleware around this one may need the body as a whole: the log span makes a stream of each body.
pub(in crate::http) async fn wrap(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    let context = RequestContext::of(request.request());
    let is_get = request.method() == Method::GET;

    if let Err(problem) = negotiation::check(&request) {
        let response = add_headers(render(&problem, &context), &context);
        return Ok(request.into_response(response).map_into_boxed_body());
    }
    let Ok(result) = AssertUnwindSafe(next.call(request)).catch_unwind().await else {
        // The panic has taken the request along, so the response can only be sent as an error.
        tracing::error!(request_id = %context.request_id, "a handler panicked");
        let response = add_headers(render(&ProblemCode::InternalError.into(), &context), &context);
        return Err(actix_web::error::InternalError::from_response("panic", response).into());
    };
    let response = match result {
        Ok(response) => response,
        Err(error) => {
            // An inner middleware has failed: its error becomes a problem as well.
            let problem =
                error.as_error::<Problem>().cloned().unwrap_or_else(|| ProblemCode::InternalError.into());
            let response = add_headers(render(&problem, &context), &context);
            return Err(actix_web::error::InternalError::from_response(error, response).into());
        }
    };

    let problem = response.response().extensions().get::<Problem>().cloned();
    let problem = problem.or_else(|| {
        let refused =
            response.response().error().and_then(actix_web::Error::as_error::<actix_cors::CorsError>);
        refused.map(cors::problem_of).or_else(|| problem_of_library(response.response()))
    });
    let (request, response) = response.into_parts();
    if let Some(problem) = problem {
        refused_attempts::record(&request, problem.code());
        let headers = response.headers().clone();
        let asked = Asked::of_problems(&request);
        let context = RequestContext { language: asked.language.or(context.language), ..context };
        let caller = caller_with_language(&request, &problem, &context).await;
        let language = response_language(context.language, caller.as_ref());
        let app = request.app_data::<Data<App>>().map(|app| app.as_ref());
        let document = problem.document(&context, language);
        let (content_type, body) = asked.problem(app, &document, language, caller.as_ref()).await;
        let mut rendered = with_body(&problem, language, content_type, body);
        for (name, value) in headers {
            // Headers of the problem itself and of the inner middleware: Allow, Retry-After, CORS.
            if name != CONTENT_TYPE {
                rendered.headers_mut().insert(name, value);
            }
        }
        return Ok(ServiceResponse::new(request, add_headers(rendered, &context)).map_into_boxed_body());
    }
    let is_unchanged = is_get
        && response.status() == StatusCode::OK
        && response
            .headers()
            .get(ETAG)
            .is_some_and(|etag| etag.to_str().is_ok_and(|etag| etag::names(request.headers(), etag)));
    let (mut response, body) = response.into_parts();
    let body = body.try_into_bytes().map_err(MessageBody::boxed);
    let coding =
        body.as_ref().ok().and_then(|body| compression::choose(request.headers(), &mut response, body));
    if let Some(coding) = coding {
        compression::tag(response.headers_mut(), coding);
    }
    if is_unchanged {
        let mut not_modified = HttpResponse::NotModified().finish();
        for (name, value) in response.headers().iter().filter(|(name, _)| **name != CONTENT_TYPE) {
            not_modified.headers_mut().insert(name.clone(), value.clone());
        }
        return Ok(ServiceResponse::new(request, add_headers(not_modified, &context)).map_into_boxed_body());
    }
    let body = match (body, coding) {
        (Ok(body), Some(coding)) => {
            let documents =
                request.app_data::<Data<CompressedDocuments>>().map(|documents| documents.as_ref());
            let compressed = compression::compress(response.headers(), body, coding, documents).await?;
            compression::name(response.headers_mut(), coding);
            sliced(compressed)
        }
        (Ok(body), None) => sliced(body),
        (Err(stream), _) => stream,
    };
    Ok(ServiceResponse::new(request, add_headers(response, &context).set_body(body)))
}

/// The problem that stands for an error response of actix-web, such as 413 for a body that is too large.
fn problem_of_library<B>(response: &HttpResponse<B>) -> Option<Problem> {
    let status = response.status();
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // A page says itself what is wrong. No error of actix-web is one.
    if content_type.is_some_and(|value| value.ends_with("json") || value.starts_with("text/html")) {
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

/// The caller who is refused, if known. A request that was refused before the database was asked who the caller is, such
/// as one with a malformed id, asks now for the language, unless the request says its language.
async fn caller_with_language(
    request: &HttpRequest,
    problem: &Problem,
    context: &RequestContext,
) -> Option<Caller> {
    let caller = request.extensions().get::<Caller>().cloned()?;
    let is_unknown = context.language.is_none() && caller.preferred_language.get().is_none();
    if is_unknown
        && !problem.code().status().is_server_error()
        && let Some(app) = request.app_data::<Data<App>>()
        && let Err(error) = app.actor(&caller).await
    {
        tracing::debug!(%error, "the language of a refused caller is not known");
    }
    Some(caller)
}

/// The response of a problem as data, in the language that the request asks for.
fn render(problem: &Problem, context: &RequestContext) -> HttpResponse {
    let language = response_language(context.language, None);
    let body = serde_json::to_vec(&problem.document(context, language)).unwrap_or_default();
    with_body(problem, language, "application/problem+json", body)
}

/// The response of a problem with its body, and with the headers that the problem sets.
fn with_body(
    problem: &Problem,
    language: Language,
    content_type: &'static str,
    body: Vec<u8>,
) -> HttpResponse {
    use actix_web::ResponseError as _;

    let mut response = problem.error_response();
    response.extensions_mut().clear();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.code()));
    if content_type.starts_with("text/html") {
        headers.insert(PAGE_POLICY.0, PAGE_POLICY.1);
    }
    response.set_body(body).map_into_boxed_body()
}

fn add_headers<B>(mut response: HttpResponse<B>, context: &RequestContext) -> HttpResponse<B> {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(X_API_VERSION, HeaderValue::from_static(API_VERSION));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if context.is_secure {
        // Two years, as the preload lists require. Subdomains are not included: the service doesn't know them.
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000"));
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(CONTENT_SECURITY_POLICY, nothing);
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::ACCEPT_LANGUAGE;

    use super::*;

    /// A handler that panics.
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
        let response = failed.as_response_error().error_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), "application/problem+json");
        assert_eq!(response.headers().get(X_API_VERSION).unwrap(), API_VERSION);
        let body = actix_web::body::to_bytes(response.into_body()).await.ok().unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (&problem["code"], &problem["title"]),
            (&"internalError".into(), &ProblemCode::InternalError.title().ar.into())
        );
        assert!(!problem.to_string().contains("secret"), "{problem}");

        let works = TestRequest::get().uri("/works").to_request();
        let response = try_call_service(&service, works).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(read_body(response).await.is_empty());
    }
}
