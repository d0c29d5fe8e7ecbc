//! The service as a browser meets it: a page of another origin, the refresh cookie, two tabs, the documentation, and the
//! pages that links open.

mod driver;
mod pages;

use serde_json::{Value, json};

use crate::support::app::{PASSWORD, Setup};
use crate::support::{TestApp, Who};
use driver::{Browser, page_at_another_origin};

/// The service without TLS, for pages of an origin.
async fn serving(origin: &str) -> (TestApp, String) {
    let origin = origin.to_owned();
    let adjust = move |settings: &mut taskforce::http::server::Settings| {
        settings.cors_origins = vec![origin];
        "http://localhost".clone_into(&mut settings.public_url);
    };
    let app = TestApp::start_with(Setup { adjust: Box::new(adjust), ..Setup::default() }).await;
    let host = format!("http://localhost:{}", app.address().port());
    (app, host)
}

/// The needs of a frontend's page: requests to the service, with the cookie and as JSON.
const API: &str = r#"
    const api = (path, { token, ...init } = {}) => fetch(args.host + path, {
        credentials: "include", ...init,
        headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }), ...init.headers },
    });
    const refresh = () => api("/v1/auth/refresh", { method: "POST", body: "{}" });
"#;

async fn in_page(browser: &Browser, args: &Value, script: &str) -> Value {
    browser.run(&format!("{API} {script}"), args.clone()).await
}

#[tokio::test]
async fn a_page_of_another_origin_signs_in_reads_changes_and_refreshes_in_two_tabs() {
    let Some(browser) = Browser::start().await else { return };
    let page = page_at_another_origin().await;
    let (app, host) = serving(&page).await;
    let activities = app.a("/activities?limit=50");
    let args = json!({
        "host": host, "activities": activities,
        "credentials": { "email": Who::Chair.email(), "password": PASSWORD, "refreshCookie": true },
    });
    browser.open(&page).await;

    // Signs in: the token is nowhere where a script could read it.
    let signed_in = in_page(&browser, &args, r#"
        const answer = await api("/v1/auth/login", { method: "POST", body: JSON.stringify(args.credentials) });
        const tokens = await answer.json();
        return { status: answer.status, tokens, cookies: document.cookie, setCookie: answer.headers.get("set-cookie") };
    "#).await;
    assert_eq!((&signed_in["status"], &signed_in["tokens"]["refreshToken"]), (&json!(200), &Value::Null));
    assert_eq!((&signed_in["cookies"], &signed_in["setCookie"]), (&json!(""), &Value::Null));

    // Reads, sees the headers, revalidates and changes.
    let read = in_page(&browser, &args, r#"
        const { accessToken: token } = await (await refresh()).json();
        const list = await api(args.activities, { token });
        const headers = Object.fromEntries(list.headers);
        const { items } = await list.json();
        const again = await api(args.activities, { token, cache: "no-store", headers: { "If-None-Match": headers.etag } });
        const path = args.activities.split("?")[0] + "/" + items.find((item) => item.state === "planned").id;
        const one = await api(path, { token });
        const changed = await api(path, { token, method: "PATCH", body: JSON.stringify({ priority: "high" }),
            headers: { "Content-Type": "application/merge-patch+json", "If-Match": one.headers.get("etag") } });
        const refused = await api("/v1/nothing", { token, headers: { "Accept-Language": "ar" } });
        return { headers, again: again.status, changed: changed.status, priority: (await changed.json()).priority,
            language: refused.headers.get("content-language"), title: (await refused.json()).title };
    "#).await;
    for header in ["etag", "x-request-id", "api-version"] {
        assert!(read["headers"][header].is_string(), "{header}: {read}");
    }
    assert_eq!(
        (&read["again"], &read["changed"], &read["priority"]),
        (&json!(304), &json!(200), &json!("high"))
    );
    assert_eq!(read["language"], "ar", "{read}");

    // Two tabs refresh at once, several times.
    let tabs = browser.open_tab(&page).await;
    for _ in 0..3 {
        let begin = r#"const at = args.at; globalThis.refreshed = (async () => {
            await new Promise((wake) => setTimeout(wake, at - Date.now()));
            return (await refresh()).status;
        })();"#;
        let mut args = args.clone();
        args["at"] = browser.run("return Date.now() + 1500;", json!({})).await;
        for tab in &tabs {
            browser.switch_to(tab).await;
            in_page(&browser, &args, begin).await;
        }
        for tab in &tabs {
            browser.switch_to(tab).await;
            assert_eq!(browser.run("return await globalThis.refreshed;", json!({})).await, 200);
        }
    }

    // Signs out: the cookie is gone.
    let out = in_page(
        &browser,
        &args,
        r#"
        const out = await api("/v1/auth/logout", { method: "POST", body: "{}" });
        return [out.status, (await refresh()).status];
    "#,
    )
    .await;
    assert_eq!(out, json!([204, 401]));

    // A page of the same site that is not allowed neither signs in nor refreshes.
    browser.open(&page_at_another_origin().await).await;
    let refused = in_page(
        &browser,
        &args,
        r#"
        const outcome = (request) => request.then(() => "readable", () => "refused");
        const login = api("/v1/auth/login", { method: "POST", body: JSON.stringify(args.credentials) });
        return [await outcome(login), await outcome(refresh())];
    "#,
    )
    .await;
    assert_eq!(refused, json!(["refused", "refused"]));
    browser.close().await;
}

#[tokio::test]
async fn the_documentation_is_complete_without_any_other_host() {
    let Some(browser) = Browser::start().await else { return };
    let (_app, host) = serving("http://localhost").await;
    for (language, first) in [("en", "R"), ("ar", "خ")] {
        browser.open(&format!("{host}/docs/?lang={language}")).await;
        let seen = browser
            .run(
                r#"
                const violations = [];
                new ReportingObserver((reports) => violations.push(...reports.map((report) => report.body.blockedURL)),
                    { types: ["csp-violation"], buffered: true }).observe();
                const begun = Date.now();
                const introduction = () => document.querySelector(".introduction-description p");
                while (!introduction() && Date.now() - begun < 150000) await new Promise((wake) => setTimeout(wake, 100));
                await new Promise((wake) => setTimeout(wake, 500));
                const loaded = performance.getEntriesByType("resource");
                return {
                    violations, title: document.title, introduction: introduction()?.textContent ?? "",
                    hosts: [...new Set(loaded.map((entry) => new URL(entry.name).origin))],
                    script: loaded.filter((entry) => entry.name.includes("/scalar-"))
                        .map((entry) => entry.encodedBodySize / entry.decodedBodySize),
                    tags: [...document.querySelectorAll("aside li, nav li")].length,
                };
                "#,
                json!({}),
            )
            .await;
        // The script of the reader asks once whether it may compile code, and does without.
        let violations = seen["violations"].as_array().unwrap();
        assert!(violations.iter().all(|blocked| blocked == "eval"), "{seen}");
        assert_eq!(seen["hosts"], json!([host]), "{seen}");
        assert!(seen["introduction"].as_str().unwrap().starts_with(first), "{seen}");
        assert!(seen["script"][0].as_f64().is_some_and(|share| share < 0.4), "{seen}");
        assert!(seen["tags"].as_u64().unwrap() > 10, "{seen}");
    }
    browser.close().await;
}
