//! Calendars for calendar programs: of a task force, and of one's own.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::ISSUER;
use crate::support::calendars::{Calendar, calendar_of_a, own_calendar, read};
use crate::support::client::Draft;
use crate::support::council::{decide, submitted_report};
use crate::support::votes::{db_condition, end_seat};
use crate::support::{TestApp, Who};

#[tokio::test]
async fn a_calendar_has_due_dates_target_dates_conditions_and_meetings_as_days() {
    let app = TestApp::start().await;
    let (chair, secretariat) = (app.as_chair(), app.as_secretariat());
    let title =
        json!({ "ar": "مسودة سياسة البيانات المفتوحة؛ النسخة الأولى", "en": "Draft; open data, v1\\2" });
    let expert = app.world().member(Who::Expert1);
    let activity = json!({ "title": title, "dueDate": "2026-12-31", "assigneeId": expert, "step": "policy" });
    let activity = chair.create_activity(activity).await;
    let undated = chair.create_activity(json!({ "dueDate": null })).await;
    let step = chair.read(app.a("/steps/policy")).await;
    let step = chair.patch(&step, json!({ "targetDate": "2027-02-28" })).await.expect(200).json();
    let a = secretariat.read(app.a("")).await;
    secretariat.patch(&a, json!({ "nextCouncilDate": "2027-01-20" })).await.expect(200);
    let condition = db_condition(&app, Who::Expert2, "2028-02-29", "open").await;

    let path = calendar_of_a(&app).await;
    assert!(path.ends_with(".ics"), "{path}");
    let english = read(&app, &format!("{path}?lang=en")).await;
    let arabic = read(&app, &format!("{path}?lang=ar")).await;
    assert_eq!(english.ids(), arabic.ids());
    let twice = app.as_anybody().get(format!("{path}?lang=ar&lang=en")).await.expect(200);
    assert_eq!(twice.header("content-language"), "ar", "the first language counts");
    let refused = app.as_anybody().get(format!("{path}?lang=fr")).await.expect(400);
    assert!(refused.text().contains("Write lang=en or lang=ar"), "{}", refused.text());
    for (name, expected) in [
        ("VERSION", "2.0"),
        ("METHOD", "PUBLISH"),
        ("X-WR-CALNAME", "Due dates: \u{2068}Alpha\u{2069}"),
        ("NAME", "Due dates: \u{2068}Alpha\u{2069}"),
        ("REFRESH-INTERVAL", "PT1H"),
    ] {
        assert_eq!(english.properties.get(name), expected, "{name}");
    }
    assert_eq!(arabic.properties.get("X-WR-CALNAME"), "المواعيد: \u{2068}فريق Alpha\u{2069}");

    let id = format!("activity-{}", activity.id());
    let due = english.entry(&id);
    assert_eq!(due.days(), ["20261231", "20270101"], "the end is exclusive");
    let number = &activity["number"];
    assert_eq!(due.get("SUMMARY"), format!("Activity {number}: \u{2068}Draft; open data, v1\\2\u{2069}"));
    assert_eq!(
        due.get("DESCRIPTION"),
        "Task force: \u{2068}Alpha\u{2069}\n\
         Step: \u{2068}1. Identify some smart governance policy / framework\u{2069}\n\
         Responsible: \u{2068}Expert1\u{2069}\nState: \u{2068}Planned\u{2069}"
    );
    let rest =
        ["STATUS", "TRANSP", "CATEGORIES", "URL", "DTSTAMP", "LAST-MODIFIED"].map(|name| due.get(name));
    let address = format!("{ISSUER}{}", activity.path);
    let at = "20261122T090000Z";
    assert_eq!(rest, ["CONFIRMED", "TRANSPARENT", "Activity", address.as_str(), at, at]);
    let summary = format!("النشاط {number}: \u{2068}مسودة سياسة البيانات المفتوحة؛ النسخة الأولى\u{2069}");
    assert_eq!(arabic.entry(&id).get("SUMMARY"), summary);
    assert!(arabic.entry(&id).get("DESCRIPTION").ends_with("الحالة: \u{2068}مخطط له\u{2069}"));
    assert_eq!(english.find(&format!("activity-{}", undated.id())), None);

    let target = english.entry(&format!("step-{}", step["id"].as_str().unwrap()));
    assert_eq!(target.days(), ["20270228", "20270301"]);
    assert_eq!(
        target.get("SUMMARY"),
        "Target date of step 1: Identify some smart governance policy / framework"
    );
    let leap = english.entry(&format!("condition-{condition}"));
    assert_eq!(leap.days(), ["20280229", "20280301"]);
    assert_eq!(leap.get("SUMMARY"), "Condition of the council: \u{2068}Name a data officer\u{2069}");
    let meeting = english.entry(&format!("meeting-{}-1", app.world().a));
    assert_eq!(
        (meeting.days(), meeting.get("SUMMARY")),
        (["20270120", "20270121"], "Council meeting: \u{2068}Alpha\u{2069}")
    );
    let decision = english.entries.iter().find(|entry| entry.id().starts_with("decision-")).unwrap();
    assert_eq!(decision.days(), ["20261120", "20261121"]);
    assert!(decision.get("SUMMARY").starts_with("Council decision 1: \u{2068}Alpha\u{2069} (Continue"));
    assert!(decision.get("DESCRIPTION").contains("Meeting: \u{2068}Session 7\u{2069}"));
    let days: Vec<_> = english.entries.iter().map(|entry| entry.days()[0]).collect();
    let (_, listed) = days.split_last().unwrap();
    assert!(listed.is_sorted(), "{days:?}");
    let end = english.entries.last().unwrap();
    assert_eq!((end.days()[0], end.get("SUMMARY")), ("20271123", "The address of this calendar expires"));

    // Without a language in the address, the calendar has that of the maker.
    let by_maker = app.as_anybody().send(Draft::get(&path).header("Accept-Language", "ar")).await;
    assert_eq!(Calendar::of(&by_maker), english);
    let me = chair.read("/v1/me").await;
    chair.patch(&me, json!({ "locale": "ar" })).await.expect(200);
    assert_eq!(read(&app, &path).await, arabic);
}

#[tokio::test]
async fn what_is_over_stays_with_its_identifier_and_says_so() {
    let app = TestApp::start().await;
    let (chair, secretariat) = (app.as_chair(), app.as_secretariat());
    let path = calendar_of_a(&app).await;
    let new = async |title: &str| {
        chair.create_activity(json!({ "title": { "en": title }, "dueDate": "2026-12-15" })).await
    };
    let (open, finished, given_up) = (new("Open").await, new("Finished").await, new("Given up").await);
    let gone = new("Gone").await;
    let id = |of: &crate::support::Resource| format!("activity-{}", of.id());
    let first = read(&app, &path).await;
    let before = [&open, &finished, &given_up, &gone].map(|of| first.entry(&id(of)).sequence());
    app.advance(TimeDelta::hours(1));
    let started = chair.transition(&finished, "inProgress").await;
    chair.transition(&started, "done").await;
    chair.transition_because(&given_up, "cancelled", "Not needed").await;
    chair.delete(&gone).await.expect(204);
    let shown = |calendar: &Calendar, of: &crate::support::Resource| -> [String; 3] {
        let entry = calendar.entry(&id(of));
        [entry.get("SUMMARY"), entry.get("STATUS"), entry.get("DTSTAMP")].map(str::to_owned)
    };
    let number = |of: &crate::support::Resource| of["number"].clone();
    let then = read(&app, &path).await;
    let changed = "20261122T100000Z";
    let expected = |summary: String, status: &str, at: &str| [summary, status.to_owned(), at.to_owned()];
    let title = |of: &crate::support::Resource, title: &str| {
        format!("Activity {}: \u{2068}{title}\u{2069}", number(of))
    };
    assert_eq!(shown(&then, &open), expected(title(&open, "Open"), "CONFIRMED", "20261122T090000Z"));
    let done = format!("Done: {}", title(&finished, "Finished"));
    assert_eq!(shown(&then, &finished), expected(done, "CONFIRMED", changed));
    let cancelled = format!("Cancelled: {}", title(&given_up, "Given up"));
    assert_eq!(shown(&then, &given_up), expected(cancelled, "CANCELLED", changed));
    let deleted = "Cancelled: Activity: \u{2068}Gone\u{2069}".to_owned();
    assert_eq!(shown(&then, &gone), expected(deleted, "CANCELLED", changed));
    assert!(!then.entry(&id(&gone)).has("URL"));
    assert_eq!(then.entry(&id(&gone)).days(), first.entry(&id(&gone)).days());
    for (of, before) in [&finished, &given_up, &gone].into_iter().zip(&before[1..]) {
        assert!(then.entry(&id(of)).sequence() > *before, "{of:?}");
    }
    assert_eq!(then.entry(&id(&open)).sequence(), before[0]);

    // Nothing is due in a dissolved task force but the conditions of the council.
    let condition = db_condition(&app, Who::Expert1, "2027-01-31", "open").await;
    let waived = db_condition(&app, Who::Expert1, "2027-01-31", "open").await;
    let to_waive = secretariat.read(app.a(&format!("/conditions/{waived}"))).await;
    secretariat.transition_because(&to_waive, "waived", "Others do it").await;
    app.advance(TimeDelta::hours(1));
    let a = secretariat.read(app.a("")).await;
    secretariat.transition_because(&a, "dissolved", "The city merged").await;
    let last = read(&app, &path).await;
    let ended = format!("Cancelled: {}", title(&open, "Open"));
    assert_eq!(shown(&last, &open), expected(ended, "CANCELLED", "20261122T110000Z"));
    assert!(last.entry(&id(&open)).sequence() > before[0]);
    assert_eq!(last.entry(&format!("condition-{condition}")).get("STATUS"), "CONFIRMED");
    assert_eq!(last.entry(&format!("condition-{waived}")).get("STATUS"), "CANCELLED");
}

#[tokio::test]
async fn of_deleted_activities_with_long_descriptions_the_newest_are_shown() {
    let app = TestApp::start().await;
    let path = calendar_of_a(&app).await;
    let deleted = async |description: &str| {
        let description = json!({ "ar": description, "en": description });
        let new = json!({ "dueDate": "2026-12-15", "description": description });
        let activity = app.as_chair().create_activity(new).await;
        app.as_chair().delete(&activity).await.expect(204);
        format!("activity-{}", activity.id())
    };
    let long = "🌆".repeat(10_000);
    let first = deleted("Short").await;
    let mut ids = Vec::new();
    for _ in 0..14 {
        ids.push(deleted(&long).await);
    }
    // Each event has 80,000 bytes for the description and some more: twelve or thirteen fit into a mebibyte.
    let calendar = read(&app, &path).await;
    let shown: Vec<_> = ids.iter().map(|id| calendar.find(id).is_some()).collect();
    let number = shown.iter().filter(|is_shown| **is_shown).count();
    assert!(shown.is_sorted() && (12..=13).contains(&number), "{shown:?}");
    assert!(calendar.find(&first).is_none());
    let last = deleted("Short").await;
    assert_eq!(read(&app, &path).await.entry(&last).get("STATUS"), "CANCELLED");
}

#[tokio::test]
async fn a_meeting_moves_within_its_cycle_and_becomes_a_decision() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    let path = calendar_of_a(&app).await;
    let meets_on = async |day: &str| {
        let a = secretariat.read(app.a("")).await;
        secretariat.patch(&a, json!({ "nextCouncilDate": day })).await.expect(200);
    };
    let meeting = |cycle: i32| format!("meeting-{}-{cycle}", app.world().a);
    meets_on("2026-11-25").await;
    let first = read(&app, &path).await;
    meets_on("2026-11-22").await;
    let moved = read(&app, &path).await;
    assert_eq!(
        (first.entry(&meeting(1)).days()[0], moved.entry(&meeting(1)).days()[0]),
        ("20261125", "20261122")
    );
    assert!(moved.entry(&meeting(1)).sequence() > first.entry(&meeting(1)).sequence());
    submitted_report(&app, json!({})).await;
    let decided = decide(&app, "continue", json!({})).await;
    let then = read(&app, &path).await;
    assert_eq!(then.find(&meeting(1)), None);
    assert_eq!(then.entry(&format!("decision-{}", decided.id())).days()[0], "20261122");
    meets_on("2027-05-20").await;
    assert_eq!(read(&app, &path).await.entry(&meeting(2)).days()[0], "20270520");
    let corrected = decide(&app, "continue", json!({ "supersedesNumber": 1 })).await;
    let last = read(&app, &path).await;
    assert_eq!(last.find(&format!("decision-{}", decided.id())), None, "the decision that holds");
    assert!(last.find(&format!("decision-{}", corrected.id())).is_some());
}

#[tokio::test]
async fn a_calendar_program_asks_again_and_is_told_when_nothing_changed() {
    let app = TestApp::start().await;
    let path = calendar_of_a(&app).await;
    let answer = app.as_anybody().get(path.as_str()).await.expect(200);
    for (header, expected) in [
        ("cache-control", "private, no-cache"),
        ("content-language", "en"),
        ("content-disposition", "inline; filename=\"calendar.ics\""),
        ("x-robots-tag", "noindex, nofollow"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(answer.header(header), expected, "{header}");
    }
    assert!(!answer.headers.contains_key("set-cookie"));
    let ask = async |header: &str, value: &str| {
        app.as_anybody().send(Draft::get(&path).header(header, value)).await
    };
    assert_eq!(ask("If-None-Match", answer.etag()).await.expect(304).text(), "");
    app.advance(TimeDelta::minutes(5));
    ask("If-None-Match", answer.etag()).await.expect(304);
    let head = app.as_anybody().send(Draft::new(Method::HEAD, path.as_str())).await.expect(200);
    assert_eq!((head.text().len(), head.etag()), (0, answer.etag()));
    assert_eq!(ask("Accept-Encoding", "gzip").await.expect(200).header("content-encoding"), "gzip");
    ask("Accept", "application/json").await.expect(200);
    app.as_chair().create_activity(json!({ "dueDate": "2026-12-15" })).await;
    let changed = ask("If-None-Match", answer.etag()).await.expect(200);
    assert_ne!(changed.etag(), answer.etag());
    app.app.write_link_accesses().await.unwrap();
    let link = app.as_chair().list(&app.a("/share-links")).await.remove(0);
    assert_eq!((&link["page"], &link["accesses"]), (&json!("calendar"), &json!(6)));
}

#[tokio::test]
async fn the_address_of_a_calendar_opens_nothing_else_and_ends_at_once() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let made = chair.post(app.a("/share-links"), json!({ "page": "calendar" })).await.expect(201);
    let (path, link) = (made.page_path(), made.resource());
    assert_eq!(link["expiresAt"], "2027-11-23T09:00:00Z");
    let page = path.strip_suffix(".ics").unwrap();
    let status = chair.post(app.a("/share-links"), json!({ "page": "status" })).await.expect(201).page_path();
    read(&app, &path).await;
    let unknown = format!("/s/{}.ics", "A".repeat(43));
    for nothing in [page, &format!("{status}.ics"), &unknown, "/s/.ics", "/s/x.ics", &format!("{path}.ics")] {
        app.as_anybody().get(nothing).await.expect(404);
    }
    app.as_anybody().get(status.as_str()).await.expect(200);
    chair.send(Draft::new(Method::DELETE, link.path.as_str())).await.expect(204);
    app.as_anybody().get(path.as_str()).await.expect(404);
    // No calendar of one's own is made for a task force.
    let own = json!({ "page": "ownCalendar" });
    chair.post(app.a("/share-links"), own).await.expect_field_errors(&["/page notAllowed"]);
    app.as_expert()
        .post(app.a("/share-links"), json!({ "page": "calendar" }))
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_member_s_own_calendar_has_what_the_member_has_to_do() {
    let app = TestApp::start().await;
    let (chair, expert) = (app.as_chair(), app.as_expert());
    let assigned = async |who: Who| {
        let body = json!({ "dueDate": "2026-12-15", "assigneeId": app.world().member(who) });
        chair.create_activity(body).await
    };
    let (mine, other) = (assigned(Who::Expert1).await, assigned(Who::Expert2).await);
    let (my_condition, other_condition) = (
        db_condition(&app, Who::Expert1, "2027-01-31", "open").await,
        db_condition(&app, Who::Expert2, "2027-01-31", "open").await,
    );
    let elsewhere = db_condition(&app, Who::Other2, "2027-01-31", "open").await;
    let step = chair.read(app.a("/steps/policy")).await;
    chair.patch(&step, json!({ "targetDate": "2027-02-28" })).await.expect(200);
    let step = format!("step-{}", step["id"].as_str().unwrap());
    let a = app.as_secretariat().read(app.a("")).await;
    app.as_secretariat().patch(&a, json!({ "nextCouncilDate": "2027-01-20" })).await.expect(200);
    let meeting = format!("meeting-{}-1", app.world().a);
    let in_calendar = |calendar: &Calendar| -> Vec<bool> {
        let ids = [
            format!("activity-{}", mine.id()),
            format!("activity-{}", other.id()),
            format!("condition-{my_condition}"),
            format!("condition-{other_condition}"),
            format!("condition-{elsewhere}"),
            step.clone(),
            meeting.clone(),
        ];
        ids.iter().map(|id| calendar.find(id).is_some()).collect()
    };
    let [of_expert, of_chair, of_council] = [
        own_calendar(expert).await,
        own_calendar(chair).await,
        own_calendar(app.as_who(Who::CouncilMember)).await,
    ];
    let of_outsider = own_calendar(app.as_who(Who::Outsider)).await;
    let calendar = read(&app, &of_expert).await;
    assert_eq!(in_calendar(&calendar), [true, false, true, false, false, false, true]);
    assert_eq!(calendar.properties.get("X-WR-CALNAME"), "My due dates");
    let calendar = read(&app, &of_chair).await;
    assert_eq!(in_calendar(&calendar), [false, false, true, true, false, true, true]);
    let calendar = read(&app, &of_council).await;
    assert_eq!(in_calendar(&calendar), [false, false, true, true, true, false, true]);
    assert!(read(&app, &of_outsider).await.ids().is_empty());
    // An entry is the same in each calendar.
    let whole = read(&app, &calendar_of_a(&app).await).await;
    assert_eq!(in_calendar(&whole), [true, true, true, true, false, true, true]);
    for id in read(&app, &of_expert).await.ids() {
        assert_eq!(read(&app, &of_expert).await.entry(id), whole.entry(id));
    }
    chair.delete(&mine).await.expect(204);
    let deleted = read(&app, &of_expert).await;
    assert_eq!(deleted.entry(&format!("activity-{}", mine.id())).get("STATUS"), "CANCELLED");
    assert_eq!(read(&app, &of_chair).await.find(&format!("activity-{}", mine.id())), None);

    // The calendar follows the seats of the person.
    end_seat(&app, Who::Expert1, Some(Who::Outsider)).await;
    assert!(read(&app, &of_expert).await.ids().is_empty());
    assert!(read(&app, &of_outsider).await.find(&meeting).is_some());
}

#[tokio::test]
async fn a_calendar_link_belongs_to_its_maker_alone_and_ends_with_the_account() {
    let app = TestApp::start().await;
    let (expert, administrator) = (app.as_expert(), app.as_administrator());
    let made = expert.post("/v1/me/calendar-links", json!({ "note": "Telephone" })).await.expect(201);
    let path = made.page_path();
    let link = made.json();
    assert_eq!(
        (&link["page"], &link["note"], &link["state"], &link["expiresAt"]),
        (&json!("ownCalendar"), &json!("Telephone"), &json!("active"), &json!("2027-11-23T09:00:00Z"))
    );
    read(&app, &path).await;
    let listed = expert.list_by("/v1/me/calendar-links", 1).await;
    assert_eq!((listed.len(), &listed[0]["id"], listed[0].get("pageUrl")), (1, &link["id"], None));
    let address = format!("/v1/me/calendar-links/{}", link["id"].as_str().unwrap());
    assert!(app.as_chair().list("/v1/me/calendar-links").await.is_empty());
    assert!(app.as_secretariat().list("/v1/share-links").await.is_empty(), "no link of the portfolio");
    let delete = || Draft::new(Method::DELETE, address.as_str());
    app.as_chair().send(delete()).await.expect_problem(404, "notFound");
    app.as_secretariat()
        .send(Draft::new(Method::DELETE, format!("/v1/share-links/{}", link["id"].as_str().unwrap())))
        .await
        .expect_problem(404, "notFound");
    read(&app, &path).await;

    let second = own_calendar(expert).await;
    expert.send(delete()).await.expect(204);
    app.as_anybody().get(path.as_str()).await.expect(404);
    expert.send(delete()).await.expect(204);
    let states: Vec<Value> =
        expert.list("/v1/me/calendar-links").await.iter().map(|link| link["state"].clone()).collect();
    assert_eq!(states, ["active", "revoked"]);

    read(&app, &second).await;
    let user = administrator.read(format!("/v1/users/{}", app.world().user(Who::Expert1))).await;
    let disabled = administrator.transition_because(&user, "disabled", "On leave").await;
    app.as_anybody().get(second.as_str()).await.expect(404);
    administrator.transition(&disabled, "active").await;
    read(&app, &second).await;
    // A person who is invited again may have lost the telephone with the calendar.
    let invite = Draft::new(Method::POST, format!("{}/invitations", user.path));
    administrator.send(invite).await.expect(201);
    app.as_anybody().get(second.as_str()).await.expect(404);
}

#[tokio::test]
async fn ten_calendars_of_one_s_own_are_enough() {
    let app = TestApp::start().await;
    for _ in 0..10 {
        own_calendar(app.as_expert()).await;
    }
    app.as_expert().post("/v1/me/calendar-links", json!({})).await.expect_problem(409, "tooManyItems");
    own_calendar(app.as_chair()).await;
    let refused = async |fields: Value, expected: &[&str]| {
        app.as_chair().post("/v1/me/calendar-links", fields).await.expect_field_errors(expected);
    };
    refused(json!({ "expiresAt": "2026-11-22T09:00:00Z" }), &["/expiresAt tooSmall"]).await;
    refused(json!({ "expiresAt": "2027-11-23T09:00:01Z" }), &["/expiresAt tooLarge"]).await;
    refused(json!({ "page": "status" }), &["/page unknown"]).await;
}

#[tokio::test]
async fn a_calendar_has_the_nearest_500_entries_within_its_days() {
    let app = TestApp::start().await;
    let path = calendar_of_a(&app).await;
    let many = "insert into activities (task_force_id, id, number, cycle, step, title, due_date, priority, review_required,
                                        state_since, created_at, updated_at)
        select $1::text::uuid, gen_random_uuid(), 1000 + n, 1, 'policy', '{\"en\": \"An activity\"}',
               date '2026-11-22' + case when n % 2 = 0 then n else -n end, 'normal', false, now(), now(), now()
        from generate_series(1, 1200) n";
    app.db().await.execute(many, &[&app.world().a]).await.unwrap();
    let calendar = read(&app, &path).await;
    assert_eq!(calendar.ids().len(), 500);
    let days: Vec<_> = calendar.entries[..500].iter().map(|entry| entry.days()[0]).collect();
    assert!(days.is_sorted());
    // One of two days each way: as far back as the calendar goes, and the rest of the places are for days ahead.
    assert_eq!(days[0], "20251122");
    assert!(("20280701".."20290101").contains(&days[499]), "{}", days[499]);
    let far = "update activities set due_date = date '2026-11-22' + case number % 4
                   when 0 then -366 when 1 then -367 when 2 then 1098 else 1099 end where number between 1001 and 1004";
    app.db().await.execute("delete from activities where number > 1004", &[]).await.unwrap();
    app.db().await.execute(far, &[]).await.unwrap();
    let days: Vec<_> =
        read(&app, &path).await.entries.iter().map(|entry| entry.days()[0].to_owned()).collect();
    assert!(days.contains(&"20251121".to_owned()) && days.contains(&"20291124".to_owned()), "{days:?}");
    assert!(!days.contains(&"20251120".to_owned()) && !days.contains(&"20291125".to_owned()), "{days:?}");
}

/// Text from before the checks of today can contain anything.
#[tokio::test]
async fn no_text_of_a_record_breaks_a_line_or_turns_what_surrounds_it() {
    let app = TestApp::start().await;
    let path = calendar_of_a(&app).await;
    let activity = app.as_chair().create_activity(json!({ "dueDate": "2026-12-15" })).await;
    let id = format!("activity-{}", activity.id());
    for (stored, shown) in [
        ("END:VEVENT\r\nBEGIN:VEVENT", "END:VEVENT  BEGIN:VEVENT"),
        ("a\u{202e}b\u{2069}c", "abc"),
        ("\\n\\,\\;", "\\n\\,\\;"),
        ("tab\tand\u{b}more", "tab and more"),
        (&"شَدّة".repeat(40), &"شَدّة".repeat(40)),
        (&"👩\u{200d}👩\u{200d}👧".repeat(30), &"👩\u{200d}👩\u{200d}👧".repeat(30)),
    ] {
        let title = json!({ "en": stored }).to_string();
        let change = "update activities set title = $2::text::jsonb where id::text = $1";
        app.db().await.execute(change, &[&activity.id(), &title]).await.unwrap();
        let calendar = read(&app, &format!("{path}?lang=en")).await;
        let expected = format!("Activity {}: \u{2068}{shown}\u{2069}", activity["number"]);
        assert_eq!(calendar.entry(&id).get("SUMMARY"), expected, "{stored:?}");
    }
}
