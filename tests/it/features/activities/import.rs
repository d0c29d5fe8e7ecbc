//! The import of activities from tables.

use serde_json::{Value, json};

use crate::support::answer::field_errors;
use crate::support::client::{Draft, activity};
use crate::support::evidence::{FORM, form_body};
use crate::support::random::Rng;
use crate::support::{Answer, TestApp, Who};

fn draft(app: &TestApp, query: &str, table: impl Into<Vec<u8>>) -> Draft {
    Draft::new(reqwest::Method::POST, app.a(&format!("/activities/import?{query}"))).body("text/csv", table)
}

async fn import(app: &TestApp, query: &str, table: impl Into<Vec<u8>>) -> Answer {
    app.as_chair().send(draft(app, query, table)).await
}

async fn count(app: &TestApp) -> i64 {
    app.db_count("select count(*) from activities").await
}

/// The errors of a refused import, as `line column code`.
fn cells(problem: &Value) -> Vec<String> {
    let errors = problem["errors"].as_array().unwrap();
    let cell = |error: &Value| {
        let column = error["column"].as_str().unwrap_or("-");
        format!("{} {column} {}", error["line"], error["code"].as_str().unwrap())
    };
    errors.iter().map(cell).collect()
}

#[tokio::test]
async fn a_table_of_redmine_becomes_activities_in_one_change() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let member = chair.read(app.a(&format!("/members/{}", app.world().member(Who::Expert1)))).await;
    let name = member["name"]["en"].as_str().or(member["name"]["ar"].as_str()).unwrap();
    let table = format!(
        "#;Tracker;Status;Priority;Subject;Assignee;Due date;Description\r\n\
         7;Task;New;Urgent;\"Collect; the policies\";{name};15/12/2026;\"Two\nlines\"\r\n\
         8;Task;Closed;Low;حصر السياسات;;;\r\n"
    );
    let before = count(&app).await;
    let tried = import(&app, "dryRun=true", table.clone()).await.expect(200).json();
    assert_eq!((&tried["created"], count(&app).await), (&json!(2), before));

    let seq = chair.get(app.a("/status")).await.json()["lastSeq"].as_i64().unwrap();
    let imported = import(&app, "", table.clone()).await.expect(200).json();
    assert_eq!(
        (&imported["created"], &imported["skipped"], &imported["unassigned"]),
        (&json!(2), &json!(0), &json!(0))
    );
    let columns: Vec<_> =
        imported["columns"].as_array().unwrap().iter().map(|column| column["field"].clone()).collect();
    let expected = json!([null, null, "state", "priority", "title", "assignee", "dueDate", "description"]);
    assert_eq!(json!(columns), expected);
    let [first, second] = [0, 1].map(|at| imported["activities"][at].clone());
    assert_eq!((&first["line"], &second["line"]), (&json!(2), &json!(4)));
    let first = chair.read(app.a(&format!("/activities/{}", first["id"].as_str().unwrap()))).await;
    assert_eq!(first["title"], json!({ "en": "Collect; the policies" }));
    assert_eq!(first["description"], json!({ "en": "Two\nlines" }));
    assert_eq!(
        (&first["priority"], &first["dueDate"], &first["state"]),
        (&json!("high"), &json!("2026-12-15"), &json!("planned"))
    );
    assert_eq!((&first["assignee"]["id"], &first["step"]), (&json!(member.id()), &json!("policy")));
    assert_eq!(second["title"], json!({ "ar": "حصر السياسات" }));
    let events = chair.get(app.a(&format!("/events?after={seq}"))).await.expect(200).json();
    let actions: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|event| event["action"].clone()).collect();
    assert_eq!(json!(actions), json!(["activity.created", "activity.created"]));

    let skipped = import(&app, "skipClosed=true", table).await.expect(200).json();
    assert_eq!((&skipped["created"], &skipped["skipped"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_table_comes_in_a_form_and_in_each_encoding() {
    let app = TestApp::start().await;
    let text = "الموضوع;الأولوية\nحصر السياسات النافذة;عالي\n";
    let (arabic, _, _) = encoding_rs::WINDOWS_1256.encode(text);
    let utf_16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let part =
        "Content-Disposition: form-data; name=\"file\"; filename=\"issues.csv\"\r\nContent-Type: text/csv";
    let form = Draft::new(reqwest::Method::POST, app.a("/activities/import"))
        .body(FORM, form_body(&[(part, text.as_bytes())]));
    let in_charset = Draft::new(reqwest::Method::POST, app.a("/activities/import"))
        .body("text/csv; charset=windows-1256", arabic.to_vec());
    for draft in [
        draft(&app, "", text),
        draft(&app, "", format!("\u{feff}{text}")),
        draft(&app, "", utf_16),
        draft(&app, "encoding=windows-1256", arabic.to_vec()),
        in_charset,
        form,
    ] {
        let imported = app.as_chair().send(draft).await.expect(200).json();
        assert_eq!(imported["activities"][0]["title"], json!({ "ar": "حصر السياسات النافذة" }));
    }
    import(&app, "", arabic.to_vec()).await.expect_field_errors(&["encoding wrongFormat"]);
}

#[tokio::test]
async fn every_wrong_cell_is_named_and_nothing_is_imported() {
    let app = TestApp::start().await;
    let before = count(&app).await;
    let table = format!(
        "Title,Priority,Due date,Assignee,Step\n\
         ,High,2026-12-15,,\n\
         Fine,Blue,someday,Nobody Known,policy\n\
         {},Low,2026-12-15,,seventh\n\
         Too,many,cells,,,\n",
        "x".repeat(201)
    );
    let problem = import(&app, "", table).await.expect_problem(400, "invalidRequest");
    let mut errors = cells(&problem);
    assert!(errors.is_sorted_by_key(|error| error.chars().next()), "{errors:?}");
    errors.sort();
    assert_eq!(
        errors,
        [
            "2 Title required",
            "3 Due date wrongFormat",
            "3 Priority notAllowed",
            "3 Assignee unknownReference",
            "4 Step notAllowed",
            "4 Title tooLong",
            "5 - wrongFormat",
        ]
        .map(str::to_owned)
        .into_iter()
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
    );
    assert_eq!(problem["errorsTotal"], 7);
    let many = format!("Subject,Priority\n{}", "x,Blue\n".repeat(250));
    let problem = import(&app, "", many).await.expect_problem(400, "invalidRequest");
    assert_eq!((problem["errors"].as_array().unwrap().len(), &problem["errorsTotal"]), (100, &json!(250)));
    assert_eq!(count(&app).await, before);

    let unknown = "Subject,Assignee\nx,Nobody Known\n";
    import(&app, "", unknown).await.expect_problem(400, "unknownReference");
    let imported = import(&app, "skipUnknownAssignees=true", unknown).await.expect(200).json();
    assert_eq!((&imported["created"], &imported["unassigned"]), (&json!(1), &json!(1)));
    import(&app, "", "Subject,Due date\nx,03/04/2027\n").await.expect_problem(400, "invalidRequest");
    let imported = import(&app, "dates=dmy", "Subject,Due date\nx,03/04/2027\n").await.expect(200).json();
    let path = app.a(&format!("/activities/{}", imported["activities"][0]["id"].as_str().unwrap()));
    assert_eq!(app.as_chair().read(path).await["dueDate"], "2027-04-03");
}

#[tokio::test]
async fn a_file_that_is_no_table_or_too_large_is_refused() {
    let app = TestApp::start().await;
    let before = count(&app).await;
    for (table, error) in [
        ("", None),
        ("Subject\n", None),
        ("\u{feff}", None),
        ("Priority\nHigh\nLow\n", Some("1 - required")),
        ("Subject,Title (English),Title (English)\nx,y,z\n", Some("1 Title (English) duplicate")),
        ("Subject\n\"never closed\nx\n", Some("2 - wrongFormat")),
    ] {
        let problem = import(&app, "", table).await.expect_problem(400, "invalidRequest");
        if let Some(error) = error {
            assert_eq!(cells(&problem), [error], "{table:?}");
        }
    }
    let columns = format!("Subject{}\n", ",x".repeat(10_000));
    let million = format!("Subject{}\nx\n", ",".repeat(1_000_000));
    let rows = format!("Subject\n{}", "x\n".repeat(5001));
    let cell = format!("Subject\n\"{}\"\n", "x".repeat(3_000_000));
    for bomb in [columns, million, rows, cell] {
        import(&app, "", bomb).await.expect_problem(400, "invalidRequest");
    }
    let large = vec![b'x'; 5 * 1024 * 1024];
    let problem = import(&app, "", large).await.expect_problem(413, "bodyTooLarge");
    assert!(problem["detail"].as_str().unwrap().contains("4 MiB"), "{problem}");
    let json = Draft::post(app.a("/activities/import"), &json!({}));
    app.as_chair().send(json).await.expect_problem(415, "unsupportedMediaType");
    let problem = import(&app, "encoding=ebcdic&step=seventh&limit=1", "Subject\nx\n").await;
    assert_eq!(
        field_errors(&problem.expect_problem(400, "invalidRequest")),
        ["encoding notAllowed", "limit unknown", "step notAllowed"]
    );
    assert_eq!(count(&app).await, before);
}

#[tokio::test]
async fn a_key_imports_a_file_once() {
    let app = TestApp::start().await;
    let send = async |table: &str| {
        app.as_chair().send(draft(&app, "", table).header("Idempotency-Key", "monday")).await
    };
    let first = send("Subject\nOnce\n").await.expect(200);
    let after = count(&app).await;
    let again = send("Subject\nOnce\n").await.expect(200);
    assert_eq!((again.json(), again.header("idempotency-replayed")), (first.json(), "true"));
    send("Subject\nTwice\n").await.expect_problem(422, "idempotencyKeyReused");
    // Each client makes a boundary of its own for each form.
    let part = "Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv";
    let form = String::from_utf8(form_body(&[(part, b"Subject\nOnce\n")])).unwrap();
    let boundary = FORM.split_once("boundary=").unwrap().1;
    for other in [boundary, "another-one"] {
        let body = form.replace(boundary, other).into_bytes();
        let draft = Draft::new(reqwest::Method::POST, app.a("/activities/import?"))
            .body(&FORM.replace(boundary, other), body)
            .header("Idempotency-Key", "monday");
        let again = app.as_chair().send(draft).await.expect(200);
        assert_eq!((again.json(), again.header("idempotency-replayed")), (first.json(), "true"));
    }
    assert_eq!(count(&app).await, after);
}

#[tokio::test]
async fn as_many_rows_as_a_cycle_may_have_are_imported_at_once() {
    let app = TestApp::start().await;
    let in_cycle = format!("select count(*) from activities where task_force_id = '{}'", app.world().a);
    let before = app.db_count(&in_cycle).await;
    let free = 5000 - before;
    let table = |rows: i64| {
        let rows: Vec<_> = (0..rows).map(|at| format!("Row {at},2027-01-10\n")).collect();
        format!("Subject,Due date\n{}", rows.concat())
    };
    import(&app, "", table(free + 1)).await.expect_problem(409, "tooManyItems");
    assert_eq!(app.db_count(&in_cycle).await, before);
    let imported = import(&app, "", table(free)).await.expect(200).json();
    assert_eq!((&imported["created"], app.db_count(&in_cycle).await), (&json!(free), 5000));
    let one_more = activity(json!({ "step": "sectors" }));
    app.as_chair().post(app.a("/activities"), one_more.clone()).await.expect_problem(409, "tooManyItems");
    // The activities of a step that has passed leave room to those of the next.
    app.db_open("sectors").await;
    app.as_chair().post(app.a("/activities"), one_more).await.expect(201);
}

#[tokio::test]
async fn an_import_needs_the_right_to_work_and_a_step_that_takes_activities() {
    let app = TestApp::start().await;
    let table = "Subject,Step\nx,policy\n";
    app.as_who(Who::CouncilMember).send(draft(&app, "", table)).await.expect_problem(403, "forbidden");
    app.db_open("sectors").await;
    let problem = import(&app, "", table).await.expect_problem(400, "invalidRequest");
    assert_eq!(cells(&problem), ["2 - notAllowed"]);
    let ahead = import(&app, "step=report", "Subject\nx\n").await.expect(200).json();
    let path = app.a(&format!("/activities/{}", ahead["activities"][0]["id"].as_str().unwrap()));
    assert_eq!(app.as_chair().read(path).await["step"], "report");
}

/// Texts that spreadsheets, CSV and encodings have stumbled over, in an order that depends on the seed.
fn text(rng: &mut Rng) -> String {
    const PIECES: [&str; 22] = [
        "=1+1",
        "＝1",
        "+",
        "-",
        "@x",
        "'",
        "''=",
        "\"",
        "\"\"",
        ",",
        ";",
        "سياسة",
        "‏=",
        "e\u{301}",
        "👩‍👩‍👧",
        " ",
        "a",
        "'=x",
        "|",
        "\u{a0}",
        "_x0041_",
        "％",
    ];
    let mut text: String = (0..=rng.below(5)).map(|_| *rng.pick(&PIECES)).collect();
    text.push('x');
    text
}

#[tokio::test]
async fn an_export_restores_every_text_in_either_language() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let mut rng = Rng::new(12);
    let base = chair.list(&app.a("/activities")).await.last().unwrap()["number"].to_string();
    let mut written = Vec::new();
    for at in 0..60 {
        let title = json!({ "en": text(&mut rng), "ar": text(&mut rng) });
        let lines = format!("{}\n{}\n\n{}", text(&mut rng), text(&mut rng), text(&mut rng));
        let description = if at % 3 == 0 { Value::Null } else { json!({ "ar": lines }) };
        let fields = json!({
            "title": title, "description": description, "priority": (["low", "normal", "high"][at % 3]),
            "dueDate": if at % 2 == 0 { json!("2026-12-15") } else { Value::Null }, "reviewRequired": at % 2 == 0,
            "assigneeId": if at % 4 == 0 { json!(app.world().member(Who::Expert2)) } else { Value::Null },
        });
        let created = chair.create_activity(fields).await;
        written.push(texts(&created.body));
    }
    for query in ["lang=en", "lang=ar&bom=true", "labels=false", "lang=ar&labels=false"] {
        let first = chair.get(app.a("/status")).await.json()["lastSeq"].as_i64().unwrap();
        let export =
            chair.get(app.a(&format!("/activities/export?state=planned&q=x&{query}"))).await.expect(200);
        let imported = import(&app, "", export.body).await.expect(200).json();
        assert!(imported["created"].as_u64() >= Some(60), "{query}");
        let events = format!(
            "select count(*) from events where seq > {first} and task_force_id = '{}'",
            app.world().a
        );
        assert_eq!(json!(app.db_count(&events).await), imported["created"]);
        let listed = chair.list(&app.a("/activities?state=planned")).await;
        let created = usize::try_from(imported["created"].as_u64().unwrap()).unwrap();
        let restored: Vec<_> = listed[listed.len() - created..].iter().map(texts).collect();
        for texts in &written {
            assert!(restored.contains(texts), "{query}: {texts}");
        }
        // The next export has the activities of this import, and not those that this import was made of.
        let last = listed[listed.len() - created - 1]["number"].to_string();
        let older = format!(
            "delete from activities where number > {base} and number <= {last} and task_force_id = '{}'",
            app.world().a
        );
        app.db().await.batch_execute(&older).await.unwrap();
    }
}

/// The parts of an activity that an import restores.
fn texts(activity: &Value) -> Value {
    let names = ["title", "description", "priority", "dueDate", "reviewRequired", "step"];
    let mut texts: Value = names.iter().map(|name| ((*name).to_owned(), activity[*name].clone())).collect();
    texts["assignee"] = activity["assignee"]["id"].clone();
    texts
}
