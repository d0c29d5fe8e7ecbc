//! Share links: who makes them, what they open, and when they open nothing.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use taskforce::http::server::{RateLimit, Settings};

use crate::support::answer::field_errors;
use crate::support::client::{Draft, with};
use crate::support::council::submitted_report;
use crate::support::{Answer, Client, Setup, TestApp, Who};

/// The body of a new link to the status, with these fields instead of the usual ones.
fn status(fields: Value) -> Value {
    with(json!({ "page": "status" }), fields)
}

/// Makes a link to the status of task force A; returns the path of the link and that of the page.
async fn shared(client: Client<'_>) -> (String, String) {
    let made = client.post(client.app.a("/share-links"), status(json!({}))).await.expect(201);
    let page = made.page_path();
    (made.resource().path, page)
}

/// Opens a page.
async fn open(app: &TestApp, page: &str) -> Answer {
    app.as_anybody().get(page).await
}

/// Fails unless a page is the one of links that open nothing.
async fn expect_nothing(app: &TestApp, page: &str) {
    let answer = open(app, page).await.expect(404);
    let unknown = open(app, &format!("/s/{}", "A".repeat(43))).await;
    assert_eq!(answer.text(), unknown.text(), "{page}");
    let headers = |answer: &Answer| {
        let mut headers: Vec<_> =
            answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        headers.retain(|header| !header.starts_with("x-request-id") && !header.starts_with("date"));
        headers.sort();
        headers
    };
    assert_eq!(headers(&answer), headers(&unknown), "{page}");
}

#[tokio::test]
async fn somebody_without_an_account_reads_the_status_through_a_link() {
    let app = TestApp::start().await;
    let (_, page) = shared(app.as_chair()).await;
    let answer = open(&app, &page).await.expect(200);
    for (header, expected) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-language", "en"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex, nofollow"),
    ] {
        assert_eq!(answer.header(header), expected, "{header}");
    }
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let html = answer.text();
    assert!(html.contains("<html lang=\"en\" dir=\"ltr\">") && html.contains("Alpha"), "{html}");
    assert!(html.contains("name=\"robots\" content=\"noindex, nofollow\""), "{html}");
    assert!(
        !html.contains(page.trim_start_matches("/s/")),
        "a page that is saved or printed does not give its address on"
    );

    let arabic = open(&app, &format!("{page}?lang=ar&utm_source=mail")).await.expect(200);
    assert!(arabic.text().contains("<html lang=\"ar\" dir=\"rtl\">") && arabic.text().contains("فريق Alpha"));
    // The first language counts, also for the page that says that a link opens nothing.
    for (lang, expected) in [("lang=ar&lang=en", "ar"), ("a&=&lang=ar&lang=fr", "ar"), ("LANG=ar", "en")] {
        for (address, status) in [(page.as_str(), 200), ("/s/x", 404)] {
            let answer = open(&app, &format!("{address}?{lang}")).await.expect(status);
            assert_eq!(answer.header("content-language"), expected, "{address}?{lang}");
            assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        }
    }
    // A language that does not exist is refused with those that do, whatever the link opens.
    for lang in ["lang=fr", "lang=", "lang=%ff", "lang=fr&lang=ar", "a=b&lang=AR"] {
        for address in [page.as_str(), "/s/x"] {
            let refused = open(&app, &format!("{address}?{lang}")).await.expect(400);
            assert_eq!(refused.header("content-type"), "text/html; charset=utf-8", "{address}?{lang}");
            let text = refused.text();
            for part in [
                "<section lang=\"en\"",
                "<section lang=\"ar\"",
                "Write lang=en or lang=ar",
                "lang=ar\u{2069}، أو احذف اللغة",
            ] {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
    }
    let preferred = app.as_anybody().send(Draft::get(&page).header("Accept-Language", "ar-JO")).await;
    assert_eq!(preferred.text(), arabic.text());
    let unchanged = app.as_anybody().send(Draft::get(&page).header("If-None-Match", answer.etag())).await;
    unchanged.expect(304);
}

#[tokio::test]
async fn the_page_shows_the_charts_in_both_languages_and_draws_them_again_after_a_change() {
    let app = TestApp::start().await;
    let (_, page) = shared(app.as_chair()).await;
    let titled =
        json!({ "title": { "en": "Count the meters", "ar": "عد العدادات" }, "dueDate": "2026-12-15" });
    for (language, captions, due) in [
        (
            "en",
            ["Activities by state over time", "Due dates and decisions"],
            "15 December 2026\u{2069}: Activity 8: \u{2068}Count the meters",
        ),
        (
            "ar",
            ["الأنشطة حسب الحالة على مر الزمن", "المواعيد والقرارات"],
            "15 ديسمبر 2026\u{2069}: نشاط 8: \u{2068}عد العدادات",
        ),
    ] {
        let path = format!("{page}?lang={language}");
        let html = open(&app, &path).await.expect(200).text().to_owned();
        for caption in captions {
            assert!(html.contains(&format!("<figcaption>{caption}</figcaption>")), "{caption}: {html}");
            assert!(html.contains(&format!("aria-label=\"{caption}\"")), "{caption}: {html}");
        }
        // The page has the steps as a list of its own.
        assert!(!html.contains("chart-steps") && !html.contains("الخطوات الخمس</figcaption>"), "{html}");
        let (before, _) = due.split_once(" 8").unwrap();
        assert!(!html.contains(before), "{html}");
        let activity = app.as_chair().create_activity(titled.clone()).await;
        let due = due.replace(" 8:", &format!(" {}:", activity["number"]));
        let html = open(&app, &path).await.expect(200).text().to_owned();
        assert!(html.contains(&due), "{due}: {html}");
        app.as_chair().delete(&activity).await.expect(204);
    }
}

#[tokio::test]
async fn a_link_is_made_by_those_who_may_share_and_shows_its_address_once() {
    let app = TestApp::start().await;
    for who in [Who::Administrator, Who::Secretariat, Who::Chair] {
        let made = app.as_who(who).post(app.a("/share-links"), status(json!({}))).await.expect(201);
        open(&app, &made.page_path()).await.expect(200);
        let read = app.as_who(who).read(made.resource().path).await;
        assert_eq!((read.body.get("pageUrl"), &read["state"]), (None, &json!("active")));
    }
    for who in [Who::CouncilMember, Who::Expert1] {
        for draft in
            [Draft::get(app.a("/share-links")), Draft::post(app.a("/share-links"), &status(json!({})))]
        {
            app.as_who(who).send(draft).await.expect_problem(403, "forbidden");
        }
    }
    let portfolio = json!({ "page": "portfolio" });
    app.as_administrator().post("/v1/share-links", portfolio.clone()).await.expect_problem(403, "forbidden");
    let made = app.as_secretariat().post("/v1/share-links", portfolio).await.expect(201).resource();
    assert_eq!(app.as_secretariat().list("/v1/share-links").await.len(), 1);
    app.as_secretariat()
        .get(app.a(&format!("/share-links/{}", made.id())))
        .await
        .expect_problem(404, "notFound");
    let listed = app.as_chair().list_by(&app.a("/share-links"), 2).await;
    let makers: Vec<_> =
        listed.iter().map(|link| link["createdBy"]["name"]["en"].as_str().unwrap()).collect();
    assert_eq!(makers, ["Chair", "Secretariat", "The administrator"]);
}

#[tokio::test]
async fn a_link_goes_to_a_page_that_exists_and_ends_within_a_year() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let refused = async |fields: Value, expected: &[&str]| {
        chair.post(app.a("/share-links"), status(fields)).await.expect_field_errors(expected);
    };
    refused(json!({ "expiresAt": "2026-11-22T09:00:00Z" }), &["/expiresAt tooSmall"]).await;
    refused(json!({ "expiresAt": "2027-11-23T09:00:01Z" }), &["/expiresAt tooLarge"]).await;
    refused(json!({ "page": "portfolio" }), &["/page notAllowed"]).await;
    refused(json!({ "page": "report" }), &["/reportNumber required"]).await;
    refused(json!({ "reportNumber": 1 }), &["/reportNumber notAllowed"]).await;
    let absent = status(json!({ "page": "report", "reportNumber": 1 }));
    let problem = chair.post(app.a("/share-links"), absent).await.expect_problem(400, "unknownReference");
    assert_eq!(field_errors(&problem), ["/reportNumber unknownReference"]);
    let usual = chair.create(app.a("/share-links"), status(json!({}))).await;
    assert_eq!(usual["expiresAt"], "2026-12-22T09:00:00Z");
    let report = submitted_report(&app, json!({})).await;
    let longest =
        json!({ "page": "report", "reportNumber": report["number"], "expiresAt": "2027-11-23T09:00:00Z" });
    let made = chair.create(app.a("/share-links"), longest).await;
    assert_eq!((&made["reportNumber"], &made["page"]), (&json!(1), &json!("report")));
}

#[tokio::test]
async fn a_link_that_is_unknown_expired_or_revoked_opens_one_and_the_same_page() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let (link, page) = shared(chair).await;
    open(&app, &page).await.expect(200);
    let shortest =
        chair.post(app.a("/share-links"), status(json!({ "expiresAt": "2026-11-22T10:00:00Z" }))).await;
    let shortest = shortest.expect(201).page_path();
    app.advance(TimeDelta::minutes(60) - TimeDelta::microseconds(1));
    open(&app, &shortest).await.expect(200);
    app.advance(TimeDelta::microseconds(1));
    expect_nothing(&app, &shortest).await;
    open(&app, &page).await.expect(200);

    let revoke = || Draft::new(Method::DELETE, link.as_str());
    chair.send(revoke()).await.expect(204);
    expect_nothing(&app, &page).await;
    let events = app.db_events().await;
    chair.send(revoke()).await.expect(204);
    assert_eq!(app.db_events().await, events, "once is enough");
    for odd in [
        "/s/x",
        "/s/",
        "/s/a/b",
        &page[..page.len() - 1],
        &format!("{page}A"),
        &page.replacen("/s/", "/s/%00", 1),
    ] {
        expect_nothing(&app, odd).await;
    }
    let states: Vec<_> =
        chair.list(&app.a("/share-links")).await.iter().map(|link| link["state"].clone()).collect();
    assert_eq!(states, ["expired", "revoked"]);
    // Both languages are on the page, since the reader's browser may have another than the reader.
    let nothing = open(&app, "/s/x").await;
    assert!(nothing.text().contains("This page cannot be opened"), "{}", nothing.text());
    assert!(nothing.text().contains("لا يمكن فتح هذه الصفحة"), "{}", nothing.text());
    assert_eq!(nothing.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_link_is_never_more_than_its_maker_is_now() {
    let app = TestApp::start().await;
    let (secretariat, administrator) = (app.as_secretariat(), app.as_administrator());
    let (link, page) = shared(app.as_chair()).await;
    let state = async || secretariat.read(link.as_str()).await["state"].clone();

    // The chair becomes an expert, and chair again.
    let chair_to = async |who: Who| {
        let seat = secretariat.read(app.a(&format!("/members/{}", app.world().member(who)))).await;
        secretariat.patch(&seat, json!({ "role": "chair" })).await.expect(200);
    };
    open(&app, &page).await.expect(200);
    chair_to(Who::Expert1).await;
    expect_nothing(&app, &page).await;
    assert_eq!(state().await, "withheld");
    chair_to(Who::Chair).await;
    open(&app, &page).await.expect(200);

    // The maker is disabled, and enabled again.
    let user = administrator.read(format!("/v1/users/{}", app.world().user(Who::Chair))).await;
    let user = administrator.transition_because(&user, "disabled", "On leave").await;
    expect_nothing(&app, &page).await;
    assert_eq!(state().await, "withheld");
    administrator.transition(&user, "active").await;
    open(&app, &page).await.expect(200);

    // The maker leaves the task force.
    chair_to(Who::Expert1).await;
    let seat = secretariat.read(app.a(&format!("/members/{}", app.world().member(Who::Chair)))).await;
    secretariat.command(&seat, "end", json!({ "reason": { "en": "Moved away" } })).await.expect(200);
    expect_nothing(&app, &page).await;
    assert_eq!(state().await, "withheld");
}

#[tokio::test]
async fn links_end_by_a_new_invitation_and_more_power() {
    let app = TestApp::start().await;
    let (administrator, secretariat) = (app.as_administrator(), app.as_secretariat());
    let path = |who: Who| format!("/v1/users/{}", app.world().user(who));
    let newest_changes =
        async || administrator.list("/v1/installation-events").await.remove(0)["changes"].clone();

    // Somebody with the session of the chair for a while leaves links of each kind behind.
    let of_secretariat = shared(secretariat).await.1;
    let (link, page) = shared(app.as_chair()).await;
    let (revoked, _) = shared(app.as_chair()).await;
    app.as_chair().send(Draft::new(Method::DELETE, revoked)).await.expect(204);
    let calendar = app.as_chair().post("/v1/me/calendar-links", json!({})).await.expect(201).page_path();
    let once = json!({ "page": "status", "taskForceId": app.world().a });
    let once = app.as_chair().post("/v1/me/page-links", once).await.expect(200).page_path();
    for readable in [&page, &calendar, &once, &of_secretariat] {
        open(&app, readable).await.expect(200);
    }
    administrator
        .send(Draft::new(Method::POST, format!("{}/invitations", path(Who::Chair))))
        .await
        .expect(201);
    expect_nothing(&app, &page).await;
    expect_nothing(&app, &once).await;
    open(&app, &calendar).await.expect(404);
    open(&app, &of_secretariat).await.expect(200);
    assert_eq!(secretariat.read(link).await["state"], "revoked");
    let changes = newest_changes().await;
    for kind in ["shareLinksRevoked", "calendarLinksRevoked", "pageLinksRevoked"] {
        assert_eq!(changes[kind]["after"], 1, "{kind}: {changes}");
    }

    // A member of the secretariat becomes an administrator.
    let portfolio = json!({ "page": "portfolio" });
    let portfolio = secretariat.post("/v1/share-links", portfolio).await.expect(201).page_path();
    open(&app, &portfolio).await.expect(200);
    let user = administrator.read(path(Who::Secretariat)).await;
    administrator.patch(&user, json!({ "role": "administrator" })).await.expect(200);
    for ended in [&of_secretariat, &portfolio] {
        expect_nothing(&app, ended).await;
    }
    let changes = newest_changes().await;
    assert_eq!(changes["shareLinksRevoked"]["after"], 2, "{changes}");
    assert_eq!(changes.get("pageLinksRevoked"), None);
}

#[tokio::test]
async fn accesses_are_counted_without_a_write_for_each() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let (link, page) = shared(chair).await;
    let counted = async || {
        let link = chair.read(link.as_str()).await;
        (link["accesses"].clone(), link["lastAccessedAt"].clone())
    };
    assert_eq!(counted().await, (json!(0), Value::Null));
    for minute in 0..3 {
        open(&app, &page).await.expect(200);
        app.advance(TimeDelta::minutes(minute));
    }
    assert_eq!(counted().await.0, 0, "no reader writes");
    // Neither a request for the headers nor one by which an open page refreshes itself opens the page.
    app.as_anybody().send(Draft::new(Method::HEAD, page.as_str())).await.expect(200);
    app.as_anybody().send(Draft::get(&page).header("Page-Refresh", "1")).await.expect(200);
    app.app.write_link_accesses().await.unwrap();
    assert_eq!(counted().await, (json!(3), json!("2026-11-22T09:01:00Z")));
    app.app.write_link_accesses().await.unwrap();
    assert_eq!(counted().await.0, 3);
    expect_nothing(&app, "/s/x").await;
}

#[tokio::test]
async fn links_are_made_and_revoked_in_every_state_and_leave_events_without_the_address() {
    let app = TestApp::start().await;
    let (chair, secretariat) = (app.as_chair(), app.as_secretariat());
    let a = secretariat.read(app.a("")).await;
    let made =
        chair.post(app.a("/share-links"), status(json!({ "note": "For the mayor" }))).await.expect(201);
    let token = made.page_path().trim_start_matches("/s/").to_owned();
    secretariat.transition_because(&secretariat.reload(&a).await, "dissolved", "The city is done").await;
    open(&app, &made.page_path()).await.expect(200);
    shared(secretariat).await;
    chair.send(Draft::new(Method::DELETE, made.clone().resource().path)).await.expect(204);
    let made =
        secretariat.post("/v1/share-links", json!({ "page": "portfolio" })).await.expect(201).resource();
    secretariat.send(Draft::new(Method::DELETE, made.path.as_str())).await.expect(204);

    let events = secretariat.list(&app.a("/events?action=shareLink.created,shareLink.revoked")).await;
    let actions: Vec<_> = events.iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["shareLink.created", "shareLink.created", "shareLink.revoked"]);
    assert_eq!(events[0]["changes"]["note"]["after"], "For the mayor");
    assert_eq!(events[0]["subject"]["kind"], "shareLink");
    assert!(!json!(events).to_string().contains(&token));
    let of_links = "/v1/installation-events?action=shareLink.created,shareLink.revoked";
    let events = app.as_administrator().list(of_links).await;
    assert_eq!(events.len(), 2);
    for event in events {
        assert_eq!((&event["subject"]["kind"], &event["subject"]["id"]), (&json!("shareLink"), &made["id"]));
    }
}

#[tokio::test]
async fn a_report_is_read_through_a_link_as_its_file_with_a_switch() {
    let app = TestApp::start().await;
    let report = submitted_report(&app, json!({})).await;
    let new = json!({ "page": "report", "reportNumber": report["number"] });
    let made = app.as_chair().post(app.a("/share-links"), new).await.expect(201);
    let page = open(&app, &made.page_path()).await.expect(200);
    let file = app.as_chair().get(app.a("/reports/1?format=html&lang=en")).await.expect(200);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("style-src 'self' 'sha256-") && !policy.contains("unsafe"), "{policy}");
    for part in file.text().split("</head>\n<body>") {
        assert!(page.text().contains(part), "the file of the report stays as it is");
    }
    assert!(page.text().contains("href=\"?lang=ar\""));
    let arabic = open(&app, &format!("{}?lang=ar", made.page_path())).await.expect(200);
    assert!(arabic.text().contains("dir=\"rtl\"") && arabic.header("content-language") == "ar");
}

#[tokio::test]
async fn too_many_requests_for_pages_are_refused_by_address_and_with_a_page() {
    let adjust = |settings: &mut Settings| settings.rate_limit = RateLimit::new(1, 2);
    let app = TestApp::start_with(Setup { adjust: Box::new(adjust), ..Setup::default() }).await;
    for _ in 0..2 {
        open(&app, "/s/x").await.expect(404);
    }
    let refused = open(&app, "/s/y").await.expect(429);
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(refused.header("content-type"), "text/html; charset=utf-8");
    for language in ["<section lang=\"en\"", "<section lang=\"ar\""] {
        assert!(refused.text().contains(language), "{}", refused.text());
    }
}

#[tokio::test]
async fn fifty_links_of_a_task_force_are_enough() {
    let app = TestApp::start().await;
    let many = "insert into share_links (id, token_hash, page, only_task_force_id, user_id, created_at, expires_at, revoked_at)
        select gen_random_uuid(), sha256(n::text::bytea), 'status', $1::text::uuid, $2::text::uuid, '2026-11-22',
            case n when 1 then timestamptz '2026-11-22 09:00:00' else '2026-12-01' end,
            case n when 2 then timestamptz '2026-11-22 08:00:00' end
        from generate_series(1, 51) n";
    let chair = app.world().user(Who::Chair);
    app.db().await.execute(many, &[&app.world().a, &chair]).await.unwrap();
    // One has ended and one is revoked.
    let (link, _) = shared(app.as_chair()).await;
    app.as_chair().post(app.a("/share-links"), status(json!({}))).await.expect_problem(409, "tooManyItems");
    app.as_who(Who::OtherChair).post(app.b("/share-links"), status(json!({}))).await.expect(201);
    app.as_chair().send(Draft::new(Method::DELETE, link)).await.expect(204);
    shared(app.as_chair()).await;
}

#[tokio::test]
async fn a_shared_page_changes_neither_a_report_nor_what_follows_from_a_decision() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    app.cancel_open_activities("report").await;
    let summary = json!({ "en": "It goes well", "ar": "العمل يسير على ما يرام" });
    app.as_chair()
        .create(app.a("/reports"), json!({ "recommendation": "continue", "summary": summary }))
        .await;
    let current = async || {
        let readiness = app.as_chair().get(app.a("/steps/report/readiness")).await.expect(200).json();
        let criteria = readiness["criteria"].as_array().unwrap().iter();
        criteria.clone().find(|criterion| criterion["code"] == "reportCurrent").unwrap()["met"].clone()
    };
    assert_eq!(current().await, true);
    let (link, _) = shared(app.as_chair()).await;
    app.as_chair().send(Draft::new(Method::DELETE, link)).await.expect(204);
    assert_eq!(current().await, true);
}
