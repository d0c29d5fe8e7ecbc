//! Shared pages in a browser: in both languages, from a phone to a projector and on paper, for everybody.
//!
//! `TASKFORCE_SCREENSHOTS` names a directory to which the test writes each page as a picture and as a PDF.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::driver::Browser;
use super::serving;
use crate::support::council::worked_through;
use crate::support::{Client, TestApp, Who, node};

/// The checks of accessibility, as a script.
static AXE: LazyLock<String> = LazyLock::new(|| {
    let script = node::installed("axe").join("node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(script).unwrap()
});

/// The most bytes of a page.
const MOST_BYTES: u64 = 60_000;

/// Widths of a phone, a desk and a projector.
const WIDTHS: [(u32, u32); 3] = [(390, 844), (1440, 900), (1920, 1080)];

/// A link to a page; returns the path of the page.
async fn linked(client: Client<'_>, path: String, new: Value) -> String {
    client.post(path, new).await.expect(201).page_path()
}

/// Keeps a picture or a PDF, if somebody wants to look at it.
fn keep(name: &str, content: &[u8]) {
    if let Some(place) = std::env::var_os("TASKFORCE_SCREENSHOTS") {
        let place = PathBuf::from(place);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join(name), content).unwrap();
    }
}

/// What the checks find on the page that is open.
async fn findings(browser: &Browser) -> Value {
    let script = format!(
        "{}\n const found = await axe.run(document, {{ resultTypes: ['violations'] }});
         return found.violations.map(({{ id, nodes }}) => ({{ id, nodes: nodes.map(({{ html, failureSummary }}) => html + ' ' + failureSummary) }}));",
        *AXE
    );
    browser.run(&script, json!({})).await
}

/// Opens a page at every width, and fails for anything that a reader would trip over.
async fn look_at(browser: &Browser, host: &str, name: &str, path: &str, language: &str) {
    for (width, height) in WIDTHS {
        browser.resize(width, height).await;
        browser.open(&format!("{host}{path}?lang={language}")).await;
        let seen = browser
            .run(
                r#"
                const violations = [];
                new ReportingObserver((reports) => violations.push(...reports.map((report) => report.body.blockedURL)),
                    { types: ["csp-violation"], buffered: true }).observe();
                await new Promise((wake) => setTimeout(wake, 50));
                const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
                const root = document.documentElement;
                return {
                    violations, lang: root.lang, dir: root.dir,
                    hosts: [...new Set(entries.map((entry) => new URL(entry.name).origin))],
                    page: entries[0].decodedBodySize,
                    tooWide: root.scrollWidth - root.clientWidth,
                };
                "#,
                json!({}),
            )
            .await;
        let at = format!("{name} in {language} at {width}: {seen}");
        assert_eq!(seen["violations"], json!([]), "{at}");
        assert_eq!(seen["hosts"], json!([host]), "{at}");
        let direction = if language == "ar" { "rtl" } else { "ltr" };
        assert_eq!((&seen["lang"], &seen["dir"]), (&json!(language), &json!(direction)), "{at}");
        assert_eq!(seen["tooWide"], 0, "{at}");
        assert!(name == "report" || seen["page"].as_u64().unwrap() < MOST_BYTES, "{at}");
        let found = findings(browser).await;
        assert_eq!(found, json!([]), "{at}: {found:#}");
        keep(&format!("{name}-{language}-{width}.png"), &browser.screenshot().await);
    }
    let paper = browser.print().await;
    assert!(paper.starts_with(b"%PDF-"), "{name}");
    keep(&format!("{name}-{language}.pdf"), &paper);
}

#[tokio::test]
async fn shared_pages_are_read_in_both_languages_on_all_screens_and_on_paper() {
    let Some(browser) = Browser::start().await else { return };
    let (app, host) = serving("http://localhost").await;
    worked_through(&app).await;
    let (chair, secretariat) = (app.as_chair(), app.as_secretariat());
    let links = app.a("/share-links");
    let pages = [
        ("status", linked(chair, links.clone(), json!({ "page": "status" })).await),
        (
            "portfolio",
            linked(secretariat, "/v1/share-links".to_owned(), json!({ "page": "portfolio" })).await,
        ),
        ("report", linked(chair, links, json!({ "page": "report", "reportNumber": 1 })).await),
        ("unavailable", "/s/unknown".to_owned()),
    ];
    for (name, path) in &pages {
        for language in ["en", "ar"] {
            look_at(&browser, &host, name, path, language).await;
        }
    }
    // The switch leads to the other language and back.
    for (name, path) in &pages[..3] {
        browser.open(&format!("{host}{path}?lang=en")).await;
        for language in ["ar", "en"] {
            browser.click(&format!("a[hreflang={language}]")).await;
            let shown = browser.run("return document.documentElement.lang;", json!({})).await;
            assert_eq!(shown, language, "{name}");
        }
    }
    browser.close().await;
}

/// The text of the page, once it contains what is waited for.
async fn wait_for(browser: &Browser, expected: &str) -> Value {
    let script = r#"
        const begun = Date.now();
        while (!document.body.textContent.includes(args.expected) && Date.now() - begun < 60000) {
            // As if the reader had come back to the page, which is brought up to date then.
            document.dispatchEvent(new Event("visibilitychange"));
            await new Promise((wake) => setTimeout(wake, 500));
        }
        return { text: document.body.textContent, title: document.title, top: scrollY,
            said: document.getElementById("announcement")?.textContent ?? "" };
    "#;
    let seen = browser.run(script, json!({ "expected": expected })).await;
    assert!(seen["text"].as_str().unwrap().contains(expected), "{seen}");
    seen
}

#[tokio::test]
async fn an_open_page_shows_what_changes_and_ends_with_its_link() {
    let Some(browser) = Browser::start().await else { return };
    let (app, host) = serving("http://localhost").await;
    let chair = app.as_chair();
    let made = chair.post(app.a("/share-links"), json!({ "page": "status" })).await.expect(201);
    let (page, link) = (made.page_path(), made.resource());
    browser.resize(390, 844).await;
    browser.open(&format!("{host}{page}?lang=ar")).await;
    browser.run("scrollTo({ top: 300, behavior: 'instant' });", json!({})).await;
    let opened = chair.reload(&link).await;
    let health = json!({ "health": "offTrack", "note": { "en": "x", "ar": "توقفت المناقصة" } });
    chair.create(app.a("/health-statements"), health).await;
    let seen = wait_for(&browser, "توقفت المناقصة").await;
    assert_eq!((&seen["top"], &seen["said"]), (&json!(300), &json!("حُدِّثت هذه الصفحة.")), "{seen}");
    app.app.write_link_accesses().await.unwrap();
    assert_eq!(opened["accesses"], 0);
    assert_eq!(chair.reload(&link).await["accesses"], 1, "a page that refreshes itself is opened once");

    chair.send(crate::support::client::Draft::new(reqwest::Method::DELETE, link.path)).await.expect(204);
    let seen = wait_for(&browser, "لا يمكن فتح هذه الصفحة").await;
    assert!(!seen["text"].as_str().unwrap().contains("توقفت المناقصة"), "{seen}");
    browser.close().await;
}

#[tokio::test]
async fn a_council_member_opens_a_page_by_a_one_time_link() {
    let Some(browser) = Browser::start().await else { return };
    let (app, host): (TestApp, String) = serving("http://localhost").await;
    let new = json!({ "page": "status", "taskForceId": app.world().a });
    let page = app.as_who(Who::CouncilMember).post("/v1/me/page-links", new).await.expect(200).page_path();
    browser.resize(390, 844).await;
    browser.open(&format!("{host}{page}?lang=ar")).await;
    assert_eq!(findings(&browser).await, json!([]));
    keep("unopened-ar-390.png", &browser.screenshot().await);
    browser.click("section:first-of-type button").await;
    wait_for(&browser, "المطلوب من المجلس").await;
    assert_eq!(browser.run("return document.cookie;", json!({})).await, "", "no script reads the cookie");
    // The reader comes back with the address.
    browser.open("about:blank").await;
    browser.open(&format!("{host}{page}?lang=ar")).await;
    wait_for(&browser, "المطلوب من المجلس").await;
    browser.close().await;
}
