//! The documentation page, which loads nothing from other hosts.

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, LOCATION};
use actix_web::middleware::Next;
use actix_web::web::{self, ServiceConfig};
use utoipa_swagger_ui::{Config, SwaggerUi};

pub(super) fn routes(config: &mut ServiceConfig) {
    let page = Config::from("/v1/openapi.json").try_it_out_enabled(true);
    config
        .service(SwaggerUi::new("/docs/{_:.*}").config(page))
        .route("/docs", web::get().to(redirect_to_page));
}

async fn redirect_to_page() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// Gives the page a policy under which its own scripts and styles run; every other response forbids both.
pub(super) async fn allow_own_scripts(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let is_page = request.path().starts_with("/docs");
    let mut response = next.call(request).await?;
    if is_page {
        let policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    Ok(response)
}
