//! The documentation at `/docs/`: the reader of the OpenAPI document (Scalar), and pages that are written in Markdown.
//!
//! All of it is in the program, and the pages load nothing from other hosts. Scripts and styles have the hash of their
//! content in their address, so that browsers load them once; pages are compared by their `ETag`.

mod markdown;

use std::sync::OnceLock;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue, LOCATION, VARY,
};
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::assets::{self, Asset};
use crate::app::Error;
use crate::domain::refusal::RefusalCode;
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::context::{self, RequestContext};
use crate::http::problem::Result;
use crate::http::{openapi, response};

/// The policy of the pages: own scripts, and the styles that the reader writes into its page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The place of scripts and styles.
const PLACE: &str = "/docs/assets";

const TEMPLATE: &str = include_str!("documentation/page.html");

/// The description of the service in Arabic, in the place of the English one in the document.
const INTRODUCTION_AR: &str = include_str!("documentation/introduction.ar.md");

/// A page in one language.
struct Page {
    slug: &'static str,
    language: Language,
    content: Bytes,
    etag: String,
}

struct Documentation {
    assets: Vec<Asset>,
    pages: Vec<Page>,
}

/// The pages in the order of the navigation: slug, and title in English and Arabic. The reader has no slug.
const PAGES: [(&str, &str, &str); 7] = [
    ("", "Reference", "المرجع"),
    ("getting-started", "Getting started", "البداية السريعة"),
    ("rights", "Rights", "الصلاحيات"),
    ("contract-changes", "Changes", "تغيّر العقد"),
    ("archive", "Archive", "الأرشيف"),
    ("spreadsheets", "Spreadsheets", "جداول البيانات"),
    ("webhooks", "Webhooks", "خطافات الويب"),
];

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/docs", web::get().to(redirect_to_reader))
        .route("/docs/", web::get().to(reader))
        .route("/docs/assets/{file}", web::get().to(asset))
        .route("/docs/{slug}", web::get().to(page));
}

async fn redirect_to_reader() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((LOCATION, "/docs/")).finish()
}

async fn reader(request: HttpRequest) -> Result<HttpResponse> {
    in_language(&request, "")
}

async fn page(request: HttpRequest, slug: Path<String>) -> Result<HttpResponse> {
    in_language(&request, &slug)
}

fn in_language(request: &HttpRequest, slug: &str) -> Result<HttpResponse> {
    let asked = context::language_of_address(request).unwrap_or_default();
    let language = asked.or_else(|| RequestContext::of(request).language).unwrap_or(Language::English);
    let mut pages = documentation()?.pages.iter();
    let page = pages.find(|page| page.slug == slug && page.language == language);
    let page = page.ok_or(RefusalCode::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_LANGUAGE, page.language.code()))
        .insert_header((CACHE_CONTROL, "public, no-cache"))
        .insert_header((VARY, "Accept-Language"))
        .insert_header((ETAG, page.etag.as_str()))
        .body(page.content.clone()))
}

async fn asset(file: Path<String>) -> Result<HttpResponse> {
    assets::respond(&documentation()?.assets, &file)
}

/// Gives the pages a policy under which their own scripts and styles run; every other response forbids both.
pub(super) async fn allow_own_scripts(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> std::result::Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let is_page = request.path() == "/docs" || request.path().starts_with("/docs/");
    let mut response = next.call(request).await?;
    if is_page {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    Ok(response)
}

/// The documentation, put together at its first use.
fn documentation() -> Result<&'static Documentation> {
    static DOCUMENTATION: OnceLock<std::result::Result<Documentation, String>> = OnceLock::new();
    Ok(DOCUMENTATION.get_or_init(Documentation::new).as_ref().map_err(Error::internal)?)
}

impl Documentation {
    fn new() -> std::result::Result<Self, String> {
        let scalar = scalar_api_reference::get_asset("scalar.js").ok_or("the reader has no script")?;
        let assets = vec![
            Asset::new(PLACE, "scalar.js", "text/javascript", scalar.into()),
            Asset::new(
                PLACE,
                "reader.js",
                "text/javascript",
                Bytes::from_static(include_bytes!("documentation/reader.js")),
            ),
            Asset::new(
                PLACE,
                "style.css",
                "text/css",
                Bytes::from_static(include_bytes!("documentation/style.css")),
            ),
            Asset::new(
                PLACE,
                "favicon.svg",
                "image/svg+xml",
                Bytes::from_static(include_bytes!("documentation/favicon.svg")),
            ),
        ];
        let mut pages = Vec::new();
        for (slug, _, _) in PAGES {
            for language in Language::ALL {
                pages.push(Page::new(slug, *language, &assets)?);
            }
        }
        Ok(Self { assets, pages })
    }
}

impl Page {
    fn new(slug: &'static str, language: Language, assets: &[Asset]) -> std::result::Result<Self, String> {
        let content = match slug {
            "" => reader_content(language, assets),
            "rights" => {
                let page = openapi::rights_page(language).map_err(|error| error.to_string())?;
                written(&page, "page wide", language)
            }
            _ => written(source(slug, language)?, "page", language),
        };
        // The reader itself is in English, whatever the language of its introduction.
        let page_language = if slug.is_empty() { Language::English } else { language };
        let other = if language == Language::Arabic { Language::English } else { Language::Arabic };
        let service = if language == Language::Arabic {
            "واجهة Taskforce البرمجية"
        } else {
            "Taskforce API"
        };
        let title = PAGES.into_iter().find(|(page, _, _)| *page == slug);
        let title = title.map_or(service.to_owned(), |(_, en, ar)| {
            format!("{} · {service}", if language == Language::Arabic { ar } else { en })
        });
        let navigation = navigation(slug, language);
        let mut html = TEMPLATE.to_owned();
        for (name, value) in [
            ("page-language", page_language.code()),
            ("page-direction", direction(page_language)),
            ("language", language.code()),
            ("direction", direction(language)),
            ("other-language", other.code()),
            ("other-name", if other == Language::Arabic { "العربية" } else { "English" }),
            ("title", title.as_str()),
            ("navigation", navigation.as_str()),
        ] {
            html = html.replace(&format!("{{{{{name}}}}}"), value);
        }
        for asset in assets {
            html = html.replace(&format!("{{{{{}}}}}", asset.name), asset.address());
        }
        let html = html.replace("{{content}}", &content);
        let etag = format!("\"{}\"", response::hash(html.as_bytes()));
        Ok(Self { slug, language, content: html.into(), etag })
    }
}

fn direction(language: Language) -> &'static str {
    if language == Language::Arabic { "rtl" } else { "ltr" }
}

/// The Markdown of a page.
fn source(slug: &str, language: Language) -> std::result::Result<&'static str, String> {
    Ok(match (slug, language) {
        ("getting-started", Language::English) => include_str!("../../../docs/getting-started.md"),
        ("getting-started", Language::Arabic) => include_str!("../../../docs/getting-started.ar.md"),
        ("contract-changes", Language::English) => include_str!("../../../docs/contract-changes.md"),
        ("contract-changes", Language::Arabic) => include_str!("../../../docs/contract-changes.ar.md"),
        ("spreadsheets", Language::English) => include_str!("../../../docs/spreadsheets.md"),
        ("spreadsheets", Language::Arabic) => include_str!("../../../docs/spreadsheets.ar.md"),
        ("webhooks", Language::English) => include_str!("../../../docs/webhooks.md"),
        ("webhooks", Language::Arabic) => include_str!("../../../docs/webhooks.ar.md"),
        ("archive", Language::English) => include_str!("../../../docs/archive.md"),
        ("archive", Language::Arabic) => include_str!("../../../docs/archive.ar.md"),
        _ => return Err(format!("the page {slug} is not written")),
    })
}

fn written(markdown: &str, class: &str, language: Language) -> String {
    format!("<main class=\"{class}\">{}</main>", markdown::html(markdown, language))
}

fn navigation(current: &str, language: Language) -> String {
    let link = |(slug, en, ar): (&str, &str, &str)| {
        let title = if language == Language::Arabic { ar } else { en };
        let mark = if slug == current { " aria-current=\"page\"" } else { "" };
        format!("<a href=\"/docs/{slug}?lang={}\"{mark}>{title}</a>", language.code())
    };
    PAGES.into_iter().map(link).collect()
}

fn reader_content(language: Language, assets: &[Asset]) -> String {
    let introduction = if language == Language::Arabic {
        format!("<template id=\"introduction\">{}</template>", markdown::escaped(INTRODUCTION_AR))
    } else {
        String::new()
    };
    let without_scripts = if language == Language::Arabic {
        "<main class=\"page\" lang=\"ar\" dir=\"rtl\"><p>لا يعمل المرجع دون JavaScript. وهذه هي الوثيقة نفسها: "
    } else {
        "<main class=\"page\"><p>The reader needs JavaScript. The document itself: "
    };
    let scripts = assets.iter().filter(|asset| asset.media_type == "text/javascript");
    let scripts: String =
        scripts.map(|asset| format!("<script src=\"{}\"></script>", asset.address())).collect();
    format!(
        "<div id=\"reader\"></div>{introduction}\
         <noscript>{without_scripts}<a href=\"/v1/openapi.yaml\" dir=\"ltr\">/v1/openapi.yaml</a></p></main>\
         </noscript>{scripts}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_complete_in_both_languages() {
        let documentation = Documentation::new().unwrap();
        assert_eq!(documentation.pages.len(), PAGES.len() * Language::ALL.len());
        for page in &documentation.pages {
            let html = std::str::from_utf8(&page.content).unwrap();
            assert!(!html.contains("{{"), "{} {:?}", page.slug, page.language);
            assert!(html.contains("aria-current"), "{}", page.slug);
        }
        for (slug, _, _) in PAGES.into_iter().filter(|(slug, _, _)| !matches!(*slug, "" | "rights")) {
            let headings = |language| {
                let page = source(slug, language).unwrap();
                page.lines().filter(|line| line.starts_with('#')).count()
            };
            assert_eq!(headings(Language::English), headings(Language::Arabic), "{slug}");
        }
    }

    #[test]
    fn the_introduction_has_the_same_paragraphs_in_both_languages() {
        let paragraphs = |text: &str| text.trim().split("\n\n").count();
        let document: serde_json::Value = serde_json::from_str(openapi::json().unwrap()).unwrap();
        let english = document["info"]["description"].as_str().unwrap();
        assert_eq!(paragraphs(english), paragraphs(INTRODUCTION_AR));
    }
}
