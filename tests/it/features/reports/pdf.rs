//! Reports as PDF over HTTP. The tests of `render/pdf` read what a file contains.

use serde_json::json;

use super::documents::asked;
use super::new;
use crate::support::TestApp;
#[cfg(feature = "pdf")]
use crate::support::client::Draft;

#[cfg(feature = "pdf")]
#[tokio::test]
async fn a_report_is_a_pdf_in_the_language_that_was_asked_for() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let report = new(&app, json!({})).await;
    let path = &report.path;
    for (query, accept, language, mark) in [
        ("", "application/pdf", "en", "Draft"),
        ("?lang=ar", "application/pdf, text/html;q=0.5", "ar", "مسودة"),
        ("?format=pdf", "text/html", "en", "Draft"),
        ("?format=pdf&lang=ar", "", "ar", "مسودة"),
    ] {
        let headers = [("Accept", accept)];
        let headers = if accept.is_empty() { &[][..] } else { &headers[..] };
        let answer = asked(&app, &format!("{path}{query}"), headers).await.expect(200);
        let seen = (answer.header("content-type"), answer.header("content-language"));
        assert_eq!(seen, ("application/pdf", language), "{query} {accept}");
        // The policy of a page would keep the viewer of a browser from loading.
        assert_eq!(answer.header("content-security-policy"), "frame-ancestors 'none'");
        assert!(answer.header("content-disposition").contains(".pdf\""));
        assert!(answer.body.starts_with(b"%PDF-1.7"));
        let metadata = String::from_utf8_lossy(&answer.body);
        assert!(metadata.contains(&format!("/Lang ({language})")), "{query} {accept}");
        let again = asked(&app, &format!("{path}{query}"), headers).await.expect(200);
        assert_eq!(again.etag(), answer.etag(), "the same report has the same bytes");
        if let Some(text) = text_of(&answer.body) {
            assert!(text.contains(mark), "{text}");
            assert!(text.contains(report["hash"].as_str().unwrap()), "each page states the hash: {text}");
        }
    }
}

#[cfg(feature = "pdf")]
#[tokio::test]
async fn a_problem_is_a_pdf_where_a_pdf_was_asked_for() {
    let app = TestApp::start().await;
    for (query, accept) in [("?format=pdf&lang=ar", "*/*"), ("?lang=ar", "application/pdf")] {
        let path = app.a(&format!("/reports/9{query}"));
        let answer = asked(&app, &path, &[("Accept", accept)]).await.expect(404);
        let seen = (answer.header("content-type"), answer.header("content-language"));
        assert_eq!(seen, ("application/pdf", "ar"), "{path}");
        assert!(answer.body.starts_with(b"%PDF-1.7"));
        if let Some(text) = text_of(&answer.body) {
            assert!(text.contains(answer.header("x-request-id")), "{text}");
        }
    }
}

/// Nobody without a credential makes the service render a PDF.
#[cfg(feature = "pdf")]
#[tokio::test]
async fn a_pdf_without_a_credential_is_refused_with_a_page_or_with_data() {
    let app = TestApp::start().await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (query, accept, expected) in [
        ("?format=pdf&lang=ar", browser, "text/html; charset=utf-8"),
        ("?format=pdf", "*/*", "application/problem+json"),
        ("", "application/pdf", "application/problem+json"),
        ("", "application/pdf, text/html;q=0.5", "text/html; charset=utf-8"),
    ] {
        let path = app.a(&format!("/reports/1{query}"));
        let asked = Draft::get(&path).header("Accept", accept);
        let refused = app.as_anybody().send(asked).await.expect(401);
        assert_eq!(refused.header("content-type"), expected, "{query} {accept}");
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }
}

/// The text of a PDF; `None` where there is no pdftotext, as the tests of `render/pdf` say.
#[cfg(feature = "pdf")]
fn text_of(content: &[u8]) -> Option<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    let output = std::process::Command::new("pdftotext").arg(file.path()).arg("-").output().ok()?;
    Some(String::from_utf8(output.stdout).unwrap())
}

#[cfg(not(feature = "pdf"))]
#[tokio::test]
async fn a_service_without_pdf_says_which_forms_there_are() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let path = new(&app, json!({})).await.path;
    for (query, accept) in [("?format=pdf", "*/*"), ("", "application/pdf")] {
        let refused = asked(&app, &format!("{path}{query}"), &[("Accept", accept)]).await;
        let problem = refused.expect_problem(406, "notAcceptable");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("text/html") && detail.contains("application/json"), "{detail}");
    }
}
