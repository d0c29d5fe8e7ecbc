//! The form in which an operation that people read answers: data, or a page. The parameter `format` of the query goes
//! before `Accept`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};

use super::negotiation::{Negotiated, prefers_html};
use super::problem::{Problem, ProblemDocument, Result};
use super::problem_catalogue::ProblemCode;
use crate::app::App;
use crate::app::caller::Caller;
use crate::app::rendering::Renderer;
use crate::domain::report::ReportFormat;
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;
use crate::render;
use crate::render::files::{self, FORMS};

/// A page loads nothing and runs nothing. Its style is its own.
pub(super) const PAGE_POLICY: (HeaderName, HeaderValue) = (
    CONTENT_SECURITY_POLICY,
    HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
);

/// The form and the language that a request asks for. As the first parameter of a handler, those of its problems, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) format: ReportFormat,
    /// The language in the query, which goes before `Accept-Language`.
    pub(super) language: Option<Language>,
}

impl Asked {
    /// Data, in the language of the request.
    const DATA: Self = Self { format: ReportFormat::Json, language: None };

    /// The form of the problems of a request: data, unless its handler answers in several forms. Without a known caller, no
    /// PDF is made, which costs much more than the refusal: a browser gets a page.
    pub(super) fn of_problems(request: &HttpRequest) -> Self {
        let asked = request.extensions().get::<Self>().copied().unwrap_or(Self::DATA);
        if asked.format != ReportFormat::Pdf || request.extensions().contains::<Caller>() {
            return asked;
        }
        let format = if prefers_html(request) { ReportFormat::Html } else { ReportFormat::Json };
        Self { format, ..asked }
    }

    /// The media type of the problem of a request, and its body.
    pub(super) async fn problem(
        self,
        app: Option<&App>,
        problem: &ProblemDocument,
        language: Language,
        caller: Option<&Caller>,
    ) -> (&'static str, Vec<u8>) {
        if let (true, Some(app)) = (FORMS.contains(&self.format), app) {
            let page = problem.page();
            let file = move || files::file(&render::problem::document(&page, language), self.format);
            let renderer = Renderer::Refused(caller.map(|caller| caller.user_id));
            match app.render(renderer, file).await {
                Ok(Ok(file)) => return (content_type(self.format), file),
                Ok(Err(error)) => tracing::error!(%error, "the page of a problem failed"),
                Err(error) => tracing::error!(%error, "the page of a problem failed"),
            }
        }
        ("application/problem+json", serde_json::to_vec(problem).unwrap_or_default())
    }
}

impl FromRequest for Asked {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let asked = asked(request, payload);
        if let Ok(asked) = asked {
            request.extensions_mut().insert(asked);
        }
        ready(asked)
    }
}

/// The form that the query names, else the one that `Accept` likes best. A form or a language that does not exist is
/// refused with the other errors of the query.
fn asked(request: &HttpRequest, payload: &mut Payload) -> Result<Asked> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(request.query_string()).unwrap_or_default();
    let named = |name: &str| pairs.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let language = named("lang").and_then(Language::parse);
    let format = match named("format") {
        Some(format) => ReportFormat::parse(format).unwrap_or(ReportFormat::Json),
        None => {
            let negotiated = Negotiated::from_request(request, payload).into_inner()?;
            let of_media_type = |format: &&ReportFormat| media_type(**format) == negotiated.media_type();
            ReportFormat::ALL.iter().find(of_media_type).copied().unwrap_or(ReportFormat::Json)
        }
    };
    if format == ReportFormat::Pdf && !FORMS.contains(&format) {
        return Err(without_pdf());
    }
    Ok(Asked { format, language })
}

/// The refusal of a PDF by a service that was built without the feature `pdf`.
fn without_pdf() -> Problem {
    Problem::new(
        ProblemCode::NotAcceptable,
        "This service was built without PDF. Ask for application/json or text/html, and print the page.",
        "بُنيت هذه الخدمة من دون PDF. اطلب application/json أو text/html، ثم اطبع الصفحة.",
    )
}

/// The policy of a browser that shows a form. A PDF is shown by a viewer of the browser, which loads its own parts.
pub(super) fn policy(form: ReportFormat) -> (HeaderName, HeaderValue) {
    match form {
        ReportFormat::Pdf => (CONTENT_SECURITY_POLICY, HeaderValue::from_static("frame-ancestors 'none'")),
        ReportFormat::Json | ReportFormat::Html => PAGE_POLICY,
    }
}

/// The media type of a form.
pub(super) fn media_type(form: ReportFormat) -> &'static str {
    match form {
        ReportFormat::Json => "application/json",
        ReportFormat::Html => "text/html",
        ReportFormat::Pdf => "application/pdf",
    }
}

/// The media type of a form with its parameters.
pub(super) fn content_type(form: ReportFormat) -> &'static str {
    match form {
        ReportFormat::Json => "application/json",
        ReportFormat::Html => "text/html; charset=utf-8",
        ReportFormat::Pdf => "application/pdf",
    }
}
