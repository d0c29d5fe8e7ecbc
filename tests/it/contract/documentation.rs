//! The documentation at `/docs/`: its pages, their languages, and that nothing comes from other hosts.

use std::collections::BTreeSet;

use crate::support::client::Draft;
use crate::support::contract::DOCUMENT;
use crate::support::{Answer, TestApp};

const PAGES: [&str; 7] = [
    "/docs/",
    "/docs/getting-started",
    "/docs/rights",
    "/docs/contract-changes",
    "/docs/archive",
    "/docs/spreadsheets",
    "/docs/webhooks",
];

async fn page(app: &TestApp, path: &str, language: &str) -> Answer {
    app.as_anybody().send(Draft::get(path).header("Accept-Language", language)).await
}

/// The values of an attribute in a page.
fn attributes(html: &str, name: &str) -> BTreeSet<String> {
    let begin = format!(" {name}=\"");
    let parts = html.split(&begin).skip(1);
    parts.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_page_is_there_in_both_languages_and_links_only_to_pages_that_are_there() {
    let app = TestApp::start().await;
    let mut links = BTreeSet::new();
    for path in PAGES {
        for (language, direction) in [("en", "ltr"), ("ar", "rtl")] {
            let by_header = page(&app, path, language).await.expect(200);
            let by_address = format!("{path}?utm_source=mail&lang={language}&lang=ar");
            let by_address = page(&app, &by_address, "fr").await.expect(200);
            let unknown = page(&app, &format!("{path}?lang=fr"), language).await.expect(200);
            assert_eq!(by_header.text(), unknown.text(), "{path} {language}");
            assert_eq!(by_header.text(), by_address.text(), "{path} {language}");
            assert_eq!(by_header.header("content-type"), "text/html; charset=utf-8");
            assert_eq!(by_header.header("content-language"), language);
            let html = by_header.text();
            assert!(html.contains(&format!("dir=\"{direction}\"")), "{path} {language}");
            assert_eq!(html.contains("الصلاحيات"), language == "ar", "{path} {language}");
            links.extend(attributes(html, "href"));
            links.extend(attributes(html, "src"));
        }
    }
    for link in links.iter().filter(|link| link.starts_with('/')) {
        app.as_anybody().get(link.as_str()).await.expect(200);
    }
    let elsewhere: Vec<_> = links.iter().filter(|link| !link.starts_with(['/', '?'])).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    assert!(links.iter().any(|link| link.starts_with("/docs/assets/scalar-")), "{links:?}");
}

#[tokio::test]
async fn assets_are_loaded_once_and_pages_are_compared() {
    let app = TestApp::start().await;
    let reader = page(&app, "/docs/", "en").await.expect(200);
    let again = Draft::get("/docs/").header("If-None-Match", reader.etag());
    app.as_anybody().send(again).await.expect(304);
    let assets: Vec<String> = attributes(reader.text(), "src")
        .into_iter()
        .chain(attributes(reader.text(), "href"))
        .filter(|link| link.starts_with("/docs/assets/"))
        .collect();
    assert_eq!(assets.len(), 4, "{assets:?}");
    for asset in assets {
        let answer = app.as_anybody().get(&asset).await.expect(200);
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        let hash = answer.etag().trim_matches('"').to_owned();
        assert!(hash.len() == 16 && asset.contains(&hash), "{asset} {hash}");
        let other = asset.replace(&hash, "0123456789abcdef");
        app.as_anybody().get(other).await.expect_problem(404, "notFound");
    }
    for nowhere in ["/docs/nothing", "/docs/assets/", "/docs/assets/nothing.js", "/docsx"] {
        app.as_anybody().get(nowhere).await.expect_problem(404, "notFound");
    }
    assert_eq!(app.as_anybody().get("/docs").await.expect(307).header("location"), "/docs/");
}

#[tokio::test]
async fn the_pages_allow_no_other_host() {
    let app = TestApp::start().await;
    for path in PAGES {
        let policy = page(&app, path, "en").await.header("content-security-policy").to_owned();
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("http"), "{policy}");
        for directive in policy.split("; ") {
            let is_style = directive.starts_with("style-src");
            assert!(is_style || !directive.contains("unsafe"), "{directive}");
        }
    }
}

#[test]
fn the_tags_are_in_the_order_of_the_work() {
    let tags: Vec<_> =
        DOCUMENT["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let steps: Vec<_> = tags
        .iter()
        .filter(|tag| ["policies", "sectors", "pilots", "migrations", "reports"].contains(*tag))
        .collect();
    assert_eq!(steps, [&"policies", &"sectors", &"pilots", &"migrations", &"reports"]);
    assert_eq!((tags.first(), tags.last()), (Some(&"sign-in"), Some(&"service")));
}
