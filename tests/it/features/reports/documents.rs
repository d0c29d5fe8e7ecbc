//! Reports as documents for people: negotiation, languages, drafts, and problems in the form that was asked for.

use serde_json::json;
use taskforce::app::rendering::Renderer;

use super::{db_submit, new};
use crate::support::client::Draft;
use crate::support::policies::adopted_policy;
use crate::support::{TestApp, Who};

/// The answer to a chair who asks for a path with these headers.
pub(super) async fn asked(
    app: &TestApp,
    path: &str,
    headers: &[(&str, &str)],
) -> crate::support::answer::Answer {
    let draft = headers.iter().fold(Draft::get(path), |draft, (name, value)| draft.header(name, value));
    app.as_chair().send(draft).await
}

#[tokio::test]
async fn the_form_and_the_language_of_a_report_are_chosen_by_query_and_headers() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let path = new(&app, json!({})).await.path;
    let (json, html) = ("application/json", "text/html; charset=utf-8");
    for (query, accept, accept_language, content_type, language) in [
        ("", "", "", json, ""),
        ("", "*/*", "", json, ""),
        ("", "application/json", "ar", json, ""),
        ("", "text/html", "", html, "en"),
        ("", "text/html", "ar", html, "ar"),
        (
            "",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "ar-JO, en;q=0.5",
            html,
            "ar",
        ),
        ("", "application/json;q=0.1, text/html", "fr", html, "en"),
        ("?format=html", "", "", html, "en"),
        ("?format=html", "application/json", "", html, "en"),
        ("?format=html", "image/png", "", html, "en"),
        ("?format=html&lang=ar", "", "en", html, "ar"),
        ("?lang=ar", "text/html", "en", html, "ar"),
        ("?lang=en", "text/html", "ar", html, "en"),
        ("?format=json&lang=ar", "text/html", "", json, ""),
    ] {
        let headers = [("Accept", accept), ("Accept-Language", accept_language)];
        let headers: Vec<_> = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let answer = asked(&app, &format!("{path}{query}"), &headers).await.expect(200);
        let seen = (answer.header("content-type"), answer.header("content-language"));
        assert_eq!(seen, (content_type, language), "{query} {accept} {accept_language}");
        assert!(answer.header("vary").starts_with("Authorization, Accept, Accept-Language"));
        if content_type == html {
            let dir = if language == "ar" { "rtl" } else { "ltr" };
            assert!(answer.text().contains(&format!("<html lang=\"{language}\" dir=\"{dir}\">")));
        }
    }
}

#[tokio::test]
async fn a_form_or_a_language_that_does_not_exist_is_refused_with_those_that_do() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let path = new(&app, json!({})).await.path;
    for (query, parameter, listed) in [
        ("?format=docx", "format", ["json", "html", "pdf"].as_slice()),
        ("?format=", "format", &["json", "html", "pdf"]),
        ("?lang=fr", "lang", &["en", "ar"]),
    ] {
        let problem = asked(&app, &format!("{path}{query}"), &[]).await.expect_problem(400, "invalidRequest");
        let error = &problem["errors"][0];
        assert_eq!(error["parameter"], parameter, "{query}");
        let detail = error["detail"].as_str().unwrap();
        assert!(listed.iter().all(|one| detail.contains(one)), "{detail}");
    }
    let problem = asked(&app, &path, &[("Accept", "image/png")]).await.expect_problem(406, "notAcceptable");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("application/json, text/html, application/pdf"), "{detail}");
    let arabic = [("Accept", "image/png"), ("Accept-Language", "ar")];
    let problem = asked(&app, &path, &arabic).await.expect_problem(406, "notAcceptable");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("text/html") && detail.contains("الصيغ"), "{detail}");
}

#[tokio::test]
async fn a_problem_is_answered_in_the_form_and_the_language_that_were_asked_for() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    for (query, accept) in [("?format=html&lang=ar", "*/*"), ("?lang=ar", "text/html")] {
        for number in ["9", "zero"] {
            let path = app.a(&format!("/reports/{number}{query}"));
            let answer = asked(&app, &path, &[("Accept", accept)]).await.expect(404);
            assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
            assert_eq!(
                (answer.header("content-language"), answer.header("cache-control")),
                ("ar", "no-store")
            );
            let policy = answer.header("content-security-policy");
            assert!(
                policy.contains("style-src 'unsafe-inline'") && !policy.contains("script-src"),
                "{policy}"
            );
            let page = answer.text();
            assert!(page.contains("dir=\"rtl\"") && page.contains(answer.header("x-request-id")), "{page}");
        }
    }
    let path = app.a("/reports/9");
    asked(&app, &path, &[]).await.expect_problem(404, "notFound");
    asked(&app, &format!("{path}?format=json"), &[("Accept", "text/html")])
        .await
        .expect_problem(404, "notFound");
    // Who has no credential, or may not see the task force, learns no more from a page.
    let anybody = app.as_anybody().get(format!("{path}?format=html")).await.expect(401);
    assert_eq!(anybody.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(anybody.header("www-authenticate"), "Bearer");
    let foreign = app.as_who(Who::OtherChair).get(format!("{path}?format=html")).await.expect(404);
    assert_eq!(foreign.header("content-type"), "text/html; charset=utf-8");
    // An error of the query is explained on a page, too.
    let wrong = asked(&app, &format!("{path}?format=html&colour=red"), &[]).await.expect(400);
    assert!(wrong.text().contains("colour"), "{}", wrong.text());
}

#[tokio::test]
async fn a_report_waits_for_its_rendering_and_is_refused_after_a_while() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let path = format!("{}?format=html", new(&app, json!({})).await.path);
    // Another document of the same user is being made.
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let user = Renderer::User(app.world().user(Who::Chair).parse().unwrap());
    let service = app.app.clone();
    let other = tokio::spawn(async move {
        let work = move || begun.send(()).is_ok() && held.recv().is_ok();
        service.render(user, work).await
    });
    has_begun.await.unwrap();
    // What is not there is not waited for.
    app.as_chair().get(app.a("/reports/9?format=html")).await.expect(404);
    let refused = app.as_chair().get(&path).await.expect(503);
    assert_eq!(refused.header("retry-after"), "2");
    assert!(refused.text().contains("waited 10 seconds for its turn"), "{}", refused.text());
    release.send(()).unwrap();
    assert!(other.await.unwrap().unwrap());
    app.as_chair().get(&path).await.expect(200);
}

#[tokio::test]
async fn a_report_is_a_page_with_its_own_entity_tag_name_and_policy() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let path = new(&app, json!({})).await.path;
    let page = async |query: &str| asked(&app, &format!("{path}{query}"), &[]).await.expect(200);
    let (english, arabic) = (page("?format=html&lang=en").await, page("?format=html&lang=ar").await);
    let data = page("?format=json").await;
    assert_ne!(english.etag(), arabic.etag());
    assert_ne!(english.etag(), data.etag());
    assert_eq!(english.etag(), page("?format=html&lang=en").await.etag(), "the same report is the same page");
    let unchanged = [("If-None-Match", english.etag())];
    asked(&app, &format!("{path}?format=html&lang=en"), &unchanged).await.expect(304);
    asked(&app, &format!("{path}?format=html&lang=ar"), &unchanged).await.expect(200);

    let name = english.header("content-disposition");
    assert!(name.starts_with("inline; filename=\"Report 1 - "), "{name}");
    assert!(name.contains(".html"), "{name}");
    let name = arabic.header("content-disposition");
    assert!(name.contains("filename=\"report-1-ar.html\"") && name.contains("filename*=UTF-8''"), "{name}");
    let policy = english.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"), "{policy}");
    assert!(!english.text().contains("<script"), "a page has no script");
}

#[tokio::test]
async fn a_draft_is_marked_as_one_and_a_report_before_the_council_is_not() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let draft = new(&app, json!({})).await;
    let page = async |language: &str| {
        let path = format!("{}?format=html&lang={language}", draft.path);
        asked(&app, &path, &[]).await.expect(200).text().to_owned()
    };
    assert!(page("en").await.contains("<p class=\"mark\">Draft</p>"));
    assert!(page("ar").await.contains("<p class=\"mark\">مسودة</p>"));
    db_submit(&app, &draft).await;
    let submitted = page("en").await;
    assert!(!submitted.contains("class=\"mark\"") && !submitted.contains("This report is a draft"));
    assert!(submitted.contains("<dt>Put before the council on</dt>"), "{submitted}");
    assert!(submitted.contains(draft["hash"].as_str().unwrap()), "the page states the hash of the report");
}

#[tokio::test]
async fn texts_of_records_are_escaped_and_isolated_on_the_page() {
    let app = TestApp::start().await;
    let title =
        json!({ "en": "<script>alert('1')</script> & \"Co\"", "ar": "سياسة \u{2067}<b>\u{2069} & Co" });
    adopted_policy(&app, json!({ "title": title })).await;
    app.db_open("report").await;
    let summary = json!({ "en": "First <i>line</i>\nSecond", "ar": "السطر <i>الأول</i>" });
    let built = new(&app, json!({ "summary": summary })).await;
    for (language, titled) in [
        ("en", "<bdi>&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62; &#38; &#34;Co&#34;</bdi>"),
        ("ar", "<bdi>سياسة \u{2067}&#60;b&#62;\u{2069} &#38; Co</bdi>"),
    ] {
        let path = format!("{}?format=html&lang={language}", built.path);
        let page = asked(&app, &path, &[]).await.expect(200);
        let page = page.text();
        assert!(page.contains(titled), "{titled} in {page}");
        assert!(!page.contains("<script") && !page.contains("<i>") && !page.contains("<b>"), "{page}");
    }
    let english = asked(&app, &format!("{}?format=html&lang=en", built.path), &[]).await;
    assert!(
        english
            .text()
            .contains("<p><bdi>First &#60;i&#62;line&#60;/i&#62;</bdi></p>\n<p><bdi>Second</bdi></p>")
    );
}

#[tokio::test]
async fn the_file_of_a_submitted_report_is_stored_at_its_first_download_and_stays() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let report = new(&app, json!({})).await;
    let path = format!("{}?format=html&lang=en", report.path);
    let stored = "select count(*) from report_files";
    asked(&app, &path, &[]).await.expect(200);
    assert_eq!(app.db_count(stored).await, 0, "a draft is rendered each time");

    db_submit(&app, &report).await;
    let first = asked(&app, &path, &[]).await.expect(200);
    assert_eq!(app.db_count(stored).await, 1);
    let rendered_by =
        app.db().await.query_one("select rendered_by, sha256 from report_files", &[]).await.unwrap();
    assert_eq!(rendered_by.get::<_, String>(0), env!("CARGO_PKG_VERSION"));
    assert_eq!(first.etag(), format!("\"{}\"", hex::encode(rendered_by.get::<_, Vec<u8>>(1))));
    app.advance(chrono::TimeDelta::days(400));
    assert_eq!(asked(&app, &path, &[]).await.expect(200).body, first.body);

    // As if another version had rendered it.
    let other =
        "update report_files set content = 'of another version', sha256 = sha256('of another version')";
    app.db().await.batch_execute(other).await.unwrap();
    assert_eq!(asked(&app, &path, &[]).await.expect(200).text(), "of another version");
    let others = 2 * taskforce::render::files::FORMS.len() - 1;
    assert_eq!(app.app.store_report_files().await.unwrap(), others, "the files in other languages and forms");
    assert_eq!(asked(&app, &path, &[]).await.expect(200).text(), "of another version");
}

#[tokio::test]
async fn housekeeping_stores_the_files_of_submitted_reports_without_a_download() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let report = new(&app, json!({})).await;
    assert_eq!(app.app.store_report_files().await.unwrap(), 0);
    db_submit(&app, &report).await;
    let stored = app.app.store_report_files().await.unwrap();
    assert!(stored >= 2, "{stored}");
    assert_eq!(app.app.store_report_files().await.unwrap(), 0);
    let languages = "select count(distinct language) from report_files where format = 'html'";
    assert_eq!(app.db_count(languages).await, 2);
    let row = app
        .db()
        .await
        .query_one("select content from report_files where format = 'html' and language = 'ar'", &[]);
    let content: Vec<u8> = row.await.unwrap().get(0);
    let path = format!("{}?format=html&lang=ar", report.path);
    assert_eq!(asked(&app, &path, &[]).await.expect(200).body, content);
}

#[tokio::test]
async fn a_report_that_an_earlier_version_stored_is_still_read_and_not_changed() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let report = new(&app, json!({})).await;
    let mut model = report["model"].clone();
    model.as_object_mut().unwrap().remove("changes");
    model["control"].as_object_mut().unwrap().remove("timeZone");
    for part in model["aims"].as_array_mut().unwrap() {
        part.as_object_mut().unwrap().retain(|key, _| !key.ends_with("Titles"));
    }
    let model = serde_json_canonicalizer::to_string(&model).unwrap();
    let change = "update reports set model = $1, hash = sha256(convert_to($1, 'UTF8'))";
    app.db().await.execute(change, &[&model]).await.unwrap();
    let read = app.as_chair().get(report.path.as_str()).await.expect(200).json();
    assert_eq!(serde_json_canonicalizer::to_string(&read["model"]).unwrap(), model);
    for language in ["en", "ar"] {
        let path = format!("{}?format=html&lang={language}", report.path);
        let page = asked(&app, &path, &[]).await.expect(200);
        assert!(!page.text().contains("id=\"changes\""), "an earlier version did not say what changed");
        assert!(page.text().contains(read["hash"].as_str().unwrap()));
    }
}
