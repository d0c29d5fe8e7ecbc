//! The pages at `/s/{token}`, which share links and page links open. They are no operations: the document does not list them, people open
//! them in a browser, and what goes wrong is a page, too.
//!
//! The token is a secret in the path. Logs, metrics and refused attempts name the route and never the path; a page is
//! sent with `no-referrer`, contains no address of itself, and is neither stored by caches nor listed by search engines.

use std::sync::LazyLock;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    LOCATION, VARY,
};
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::assets::{self, Asset};
use super::client_address;
use crate::app::caller::Access;
use crate::app::page_links::{PageLinkView, READING_TIME};
use crate::app::rendering::Renderer;
use crate::app::share_links::OpenedPage;
use crate::app::{App, Error};
use crate::domain::refusal::RefusalCode;
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::context::{self, RequestContext};
use crate::http::problem::{Problem, Result};
use crate::http::problem_catalogue::ProblemCode;
use crate::http::response;
use crate::http::secret_cookie::{self, SecretCookie};
use crate::render::pages::{self, Message};

/// The place of all pages.
pub(super) const PLACE: &str = "/s/";

/// The policy of the pages: their own style and script, and requests to the service alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// The request by which an open page refreshes itself.
const PAGE_REFRESH: HeaderName = HeaderName::from_static("page-refresh");

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/s/assets/{file}", web::get().to(asset))
        .route("/s/{token}", web::get().to(page))
        .route("/s/{token}", web::post().to(open));
}

/// The language of a page: that of the address, or else that of the browser.
pub(super) fn language_of(request: &HttpRequest) -> Result<Language> {
    let asked = context::language_of_address(request)?;
    Ok(asked.unwrap_or_else(|| language_of_browser(request)))
}

fn language_of_browser(request: &HttpRequest) -> Language {
    RequestContext::of(request).language.unwrap_or(Language::English)
}

/// The styles and the script of the pages.
static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        Asset::new("/s/assets", "bar.css", "text/css", Bytes::from_static(pages::BAR_STYLE)),
        Asset::new("/s/assets", "style.css", "text/css", Bytes::from_static(pages::STYLE)),
        Asset::new("/s/assets", "refresh.js", "text/javascript", Bytes::from_static(pages::SCRIPT)),
    ]
});

/// The addresses of the style and of the script.
pub(super) static ADDRESSES: LazyLock<pages::Assets> = LazyLock::new(|| {
    let [_, style, script] = &*ASSETS;
    pages::Assets { style: style.address().to_owned(), script: script.address().to_owned() }
});

async fn asset(file: Path<String>) -> Result<HttpResponse> {
    assets::respond(&*ASSETS, &file)
}

/// The page that a link opens.
async fn page(request: HttpRequest, app: Data<App>, token: Path<String>) -> Result<HttpResponse> {
    let context = RequestContext::of(&request);
    let language = language_of(&request)?;
    if let Some(link) = app.share_link_open(&context.request_id, &token).await? {
        let response = opened(&app, &link.page, language, Some(link.link_id)).await?;
        // A preview that asks for the headers has opened nothing, and a page that refreshes itself is open already.
        if !context.is_head && !request.headers().contains_key(PAGE_REFRESH) {
            app.share_link_note_access(link.link_id);
        }
        return Ok(response);
    }
    let reader = secret_cookie::read(request.headers(), cookie_name(&request));
    let view = app.page_link_view(&context.request_id, &token, reader.as_ref()).await?;
    let html = match view.ok_or(RefusalCode::NotFound)? {
        PageLinkView::Page(page) => return opened(&app, &page, language, None).await,
        PageLinkView::Unopened => pages::unopened(language, &ADDRESSES),
        PageLinkView::OpenedElsewhere => pages::opened_elsewhere(language, &ADDRESSES),
    };
    Ok(written(StatusCode::OK, language, html.map_err(Error::internal)?))
}

/// Opens a page link for the browser whose reader has pressed the button, and leads on to the page.
async fn open(request: HttpRequest, app: Data<App>, token: Path<String>) -> Result<HttpResponse> {
    let context = RequestContext::of(&request);
    let language = language_of(&request)?;
    let secret = app.page_link_open(&context.request_id, &token).await?.ok_or(RefusalCode::NotFound)?;
    let path = format!("{PLACE}{token}");
    let mut response = HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("{path}?lang={}", language.code())))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish();
    let cookie = SecretCookie {
        name: cookie_name(&request),
        value: secret.expose_secret(),
        // Each page has a cookie of its own, so that a browser can read several.
        path: &path,
        max_age: cookie::time::Duration::seconds(READING_TIME.num_seconds()),
        is_secure: client_address::uses_tls(&request),
    };
    cookie.append(&mut response)?;
    Ok(response)
}

/// The name of the cookie of the browser that has opened a page link, as that of the refresh token is chosen.
fn cookie_name(request: &HttpRequest) -> &'static str {
    if client_address::uses_tls(request) { "__Secure-taskforce-page" } else { "taskforce-page" }
}

/// An open page. Its link is named if many may read it.
async fn opened(
    app: &App,
    page: &OpenedPage,
    language: Language,
    link_id: Option<Uuid>,
) -> Result<HttpResponse> {
    let renderer = |access: &Access| link_id.map_or(Renderer::User(access.actor.user_id), Renderer::Link);
    let html = match page {
        OpenedPage::Status(access) => app.status_page(access, language, &ADDRESSES, renderer(access)).await?,
        OpenedPage::Portfolio(_) => app.portfolio_page(language, &ADDRESSES).await?,
        OpenedPage::Report(access, number) => {
            let [bar, ..] = &*ASSETS;
            let page = app.report_page(access, *number, language, bar.address(), renderer(access)).await?;
            let policy = report_policy(&page.inline_style);
            let mut response = tagged(language, page.html)?;
            let policy = HeaderValue::from_str(&policy).map_err(Error::internal)?;
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
            return Ok(response);
        }
        OpenedPage::Calendar(_) | OpenedPage::OwnCalendar(_) => return Err(RefusalCode::NotFound.into()),
    };
    tagged(language, html)
}

/// The policy of the page of a report: its own style, which the hash names, and that of the bar.
fn report_policy(inline_style: &str) -> String {
    let hash = STANDARD.encode(Sha256::digest(inline_style));
    format!(
        "default-src 'none'; style-src 'self' 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}

/// A page with its tag, by which a page that refreshes itself is not sent again.
fn tagged(language: Language, html: String) -> Result<HttpResponse> {
    let etag = format!("W/\"{}\"", response::hash(html.as_bytes()));
    let mut response = written(StatusCode::OK, language, html);
    response.headers_mut().insert(ETAG, HeaderValue::from_str(&etag).map_err(Error::internal)?);
    Ok(response)
}

/// A page with its headers.
pub(super) fn written(status: StatusCode, language: Language, html: String) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_LANGUAGE, language.code()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_ROBOTS_TAG, "noindex, nofollow"))
        .insert_header((VARY, "Accept-Language, Cookie"))
        .body(html)
}

/// Answers what goes wrong at the address of a page with a page.
pub(super) async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> std::result::Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let response = next.call(request).await?;
    let problem = response.response().extensions().get::<Problem>().cloned();
    let Some(problem) = problem.filter(|_| response.request().path().starts_with(PLACE)) else {
        return Ok(response.map_into_left_body());
    };
    let request = response.request();
    let language = language_of(request).unwrap_or_else(|_refused| language_of_browser(request));
    let mut explained = explained(&problem, language).unwrap_or_else(|problem| problem.error_response());
    let (request, refused) = response.into_parts();
    for (name, value) in refused.headers() {
        // Headers of the problem itself and of the inner middleware, such as `Retry-After`.
        if !explained.headers().contains_key(name) {
            explained.headers_mut().insert(name.clone(), value.clone());
        }
    }
    Ok(ServiceResponse::new(request, explained).map_into_right_body())
}

/// The page that explains a problem.
fn explained(problem: &Problem, language: Language) -> Result<HttpResponse> {
    let code = problem.code();
    let html = if code == ProblemCode::from(RefusalCode::NotFound) {
        pages::unavailable(language, &ADDRESSES)
    } else {
        pages::message(language, &ADDRESSES, |language| Message {
            title: code.title().in_language(language).to_owned(),
            text: problem.detail().in_language(language).to_owned(),
        })
    };
    Ok(written(code.status(), language, html.map_err(Error::internal)?))
}
