//! Activities as sheets.

use calamine::{Data, DataType as _};
use chrono::NaiveDate;
use serde_json::json;

use crate::support::client::Draft;
use crate::support::sheets::{Table, cells, part};
use crate::support::{Answer, TestApp, Who};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

async fn export(app: &TestApp, query: &str) -> Answer {
    app.as_chair().get(app.a(&format!("/activities/export?{query}"))).await.expect(200)
}

#[tokio::test]
async fn a_sheet_has_the_activities_of_the_list_in_its_order() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for due in ["2026-12-20", "2026-12-01"] {
        chair.create_activity(json!({ "dueDate": due, "priority": "high" })).await;
    }
    for filter in [
        "sort=number",
        "sort=dueDate",
        "sort=-updatedAt",
        "state=planned,done&sort=dueDate",
        "assignee=none",
        "overdue=true",
        "step=sectors",
        "q=policies",
        "cycle=1",
    ] {
        let listed = chair.list(&app.a(&format!("/activities?{filter}"))).await;
        let listed: Vec<_> = listed.iter().map(|item| item["number"].to_string()).collect();
        let answer = export(&app, filter).await;
        assert_eq!(Table::of_csv(&answer.body).below("No."), listed, "{filter}");
        let answer = export(&app, &format!("{filter}&format=xlsx")).await;
        let numbers: Vec<_> = cells(&answer)[1..].iter().map(|row| row[0].to_string()).collect();
        assert_eq!(numbers, listed, "{filter}");
    }
    for (query, error) in [
        ("format=pdf", "format notAllowed"),
        ("lang=fr", "lang notAllowed"),
        ("limit=1", "limit unknown"),
        ("cycle=1&allCycles=true", "allCycles invalid"),
        ("assignee=you", "assignee wrongFormat"),
    ] {
        chair.get(app.a(&format!("/activities/export?{query}"))).await.expect_field_errors(&[error]);
    }
    let stranger = app.world().member(Who::OtherChair);
    let of_stranger = chair.get(app.a(&format!("/activities/export?assignee={stranger}"))).await;
    of_stranger.expect_problem(400, "unknownReference");
}

#[tokio::test]
async fn the_format_is_that_of_the_query_or_else_of_accept() {
    let app = TestApp::start().await;
    let ask = async |query: &str, accept: Option<&str>| {
        let draft = Draft::get(app.a(&format!("/activities/export{query}")));
        let draft = accept.into_iter().fold(draft, |draft, accept| draft.header("Accept", accept));
        app.as_chair().send(draft).await
    };
    for (query, accept, expected) in [
        ("", None, "text/csv; charset=utf-8; header=present"),
        ("", Some("*/*"), "text/csv; charset=utf-8; header=present"),
        ("", Some(XLSX), XLSX),
        ("", Some("text/csv;q=0.5, application/*"), XLSX),
        ("?format=csv", Some(XLSX), "text/csv; charset=utf-8; header=present"),
        ("?format=xlsx", Some("application/json"), XLSX),
    ] {
        let answer = ask(query, accept).await.expect(200);
        assert_eq!(answer.header("content-type"), expected, "{query} {accept:?}");
    }
    let problem = ask("", Some("application/json")).await.expect_problem(406, "notAcceptable");
    assert_eq!(problem["detail"], format!("This operation answers in: text/csv, {XLSX}."));
}

#[tokio::test]
async fn a_csv_sheet_speaks_the_readers_language_and_neutralizes_formulas() {
    let app = TestApp::start().await;
    let formula = "=HYPERLINK(\"https://evil.example\",\"x\")";
    let activity = json!({
        "title": { "en": formula, "ar": "＝حصر السياسات" },
        "description": { "en": "two\r\nlines, \"quoted\"" },
        "assigneeId": app.world().member(Who::Expert1),
        "dueDate": "2026-12-15",
        "priority": "high",
        "reviewRequired": true,
    });
    let activity = app.as_chair().create_activity(activity).await;
    let number = activity["number"].to_string();
    let row_of = |table: &Table| {
        let at = table.rows.iter().position(|row| row[0] == number).unwrap();
        move |table: &Table, heading: &str| table.below(heading)[at].to_owned()
    };

    let answer = export(&app, "").await;
    assert_eq!(answer.header("content-language"), "en");
    let table = Table::of_csv(&answer.body);
    let cell = row_of(&table);
    for (heading, expected) in [
        ("Title (English)", format!("'{formula}")),
        ("Title (Arabic)", "'＝حصر السياسات".to_owned()),
        ("Description (English)", "two\r\nlines, \"quoted\"".to_owned()),
        ("Description (Arabic)", String::new()),
        ("State", "Planned".to_owned()),
        ("Priority", "High".to_owned()),
        ("Due date", "2026-12-15".to_owned()),
        ("Review required", "Yes".to_owned()),
        ("Assignee id", app.world().member(Who::Expert1).to_owned()),
        ("Id", activity.id().to_owned()),
    ] {
        assert_eq!(cell(&table, heading), expected, "{heading}");
    }

    // `lang` goes before `Accept-Language`, and the language of the reader comes first.
    for draft in [
        Draft::get(app.a("/activities/export?lang=ar&bom=true")).header("Accept-Language", "en"),
        Draft::get(app.a("/activities/export?bom=true")).header("Accept-Language", "ar"),
    ] {
        let answer = app.as_chair().send(draft).await.expect(200);
        assert_eq!(answer.header("content-language"), "ar");
        let file = answer.body.strip_prefix("\u{feff}".as_bytes()).expect("a byte order mark");
        let table = Table::of_csv(file);
        assert_eq!(&table.headings[..3], ["الرقم", "العنوان (بالعربية)", "العنوان (بالإنجليزية)"]);
        let cell = row_of(&table);
        assert_eq!(cell(&table, "الحالة"), "مخطط له");
        assert_eq!(cell(&table, "تُشترط المراجعة"), "نعم");
    }

    // For programs: the same in both languages.
    let [english, arabic] =
        [export(&app, "labels=false&lang=en").await, export(&app, "labels=false&lang=ar").await];
    let tables = [Table::of_csv(&english.body), Table::of_csv(&arabic.body)];
    for table in &tables {
        let cell = row_of(table);
        assert_eq!(cell(table, "state"), "planned");
        assert_eq!(cell(table, "title.en"), format!("'{formula}"));
        assert_eq!(cell(table, "reviewRequired"), "true");
    }
}

#[tokio::test]
async fn a_workbook_has_real_dates_and_numbers_and_no_formula() {
    let app = TestApp::start().await;
    let formula = "=1+1";
    let title = json!({ "en": formula, "ar": "_x0041_ خطة" });
    let activity = app.as_chair().create_activity(json!({ "title": title, "dueDate": "2026-12-15" })).await;

    let answer = export(&app, "format=xlsx&lang=ar").await;
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
    let cells = cells(&answer);
    let column = |heading: &str| cells[0].iter().position(|cell| *cell == heading).unwrap();
    let row =
        cells.iter().find(|row| row[column("المعرّف")] == Data::String(activity.id().to_owned())).unwrap();
    assert_eq!(row[column("العنوان (بالإنجليزية)")], Data::String(formula.to_owned()));
    assert_eq!(row[column("العنوان (بالعربية)")], Data::String("_x0041_ خطة".to_owned()));
    assert_eq!(row[column("الرقم")].as_f64(), activity["number"].as_f64());
    assert_eq!(row[column("تاريخ الاستحقاق")].as_date(), NaiveDate::from_ymd_opt(2026, 12, 15));
    let created = row[column("وقت الإنشاء")].as_datetime().unwrap();
    let utc: chrono::DateTime<chrono::Utc> = activity["createdAt"].as_str().unwrap().parse().unwrap();
    assert_eq!((created - utc.naive_utc()).num_minutes(), 180, "Asia/Amman");

    let sheet = part(&answer, "xl/worksheets/sheet1.xml");
    assert!(!sheet.contains("<f>"));
    for expected in ["rightToLeft=\"1\"", "state=\"frozen\"", "<autoFilter ref=\"A1:", "<cols>"] {
        assert!(sheet.contains(expected), "{expected}");
    }
    assert!(part(&answer, "xl/workbook.xml").contains("name=\"الأنشطة\""));
    let english = part(&export(&app, "format=xlsx&lang=en").await, "xl/worksheets/sheet1.xml");
    assert!(!english.contains("rightToLeft"));
}

#[tokio::test]
async fn a_sheet_is_named_after_the_task_force_the_list_and_the_day() {
    let app = TestApp::start().await;
    let answer = export(&app, "lang=ar").await;
    let disposition = answer.header("content-disposition");
    let day = app.as_chair().get(app.a("/status")).await.json()["today"].as_str().unwrap().to_owned();
    assert!(disposition.starts_with("attachment; "), "{disposition}");
    assert!(disposition.contains(&format!("filename=\"Activities {day}.csv\"")), "{disposition}");
    // The Arabic name of the list, as RFC 8187 encodes it.
    let list = "%D8%A7%D9%84%D8%A3%D9%86%D8%B4%D8%B7%D8%A9";
    let encoded = day.replace('-', "%2D");
    assert!(disposition.contains(list) && disposition.ends_with(&format!("{encoded}.csv")), "{disposition}");
}

#[tokio::test]
async fn a_large_sheet_comes_in_slices_and_misses_no_row() {
    let app = TestApp::start().await;
    let many = "insert into activities (task_force_id, id, number, cycle, step, title, priority, review_required, state, state_since, version, created_at, updated_at)
        select id, gen_random_uuid(), 1000 + n, 1, 'policy', jsonb_build_object('en', 'Number ' || n), 'normal', false, 'planned', now(), 1, now(), now()
        from task_forces cross join generate_series(1, 1700) n where id::text = $1";
    app.db().await.execute(many, &[&app.world().a]).await.unwrap();
    let answer = export(&app, "sort=-updatedAt&allCycles=true").await;
    assert!(answer.header("content-length").is_empty(), "a long sheet is sent while it is read");
    let table = Table::of_csv(&answer.body);
    let mut numbers: Vec<i64> = table.below("No.").iter().map(|number| number.parse().unwrap()).collect();
    let count = format!("select count(*) from activities where task_force_id = '{}'", app.world().a);
    let count = app.db_count(&count).await;
    assert_eq!(i64::try_from(numbers.len()).unwrap(), count);
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(i64::try_from(numbers.len()).unwrap(), count, "no row is there twice");
    let workbook = cells(&export(&app, "format=xlsx&allCycles=true").await);
    assert_eq!(i64::try_from(workbook.len()).unwrap(), count + 1);
}
