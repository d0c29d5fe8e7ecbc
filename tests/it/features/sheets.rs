//! The lists of the steps as sheets. Those of activities are in `activities/sheets.rs`.

use calamine::Data;
use serde_json::json;

use crate::support::evidence::{PDF, evidence, form_body, new_evidence, new_policy, pdf_part, upload_form};
use crate::support::migrations::new_migration;
use crate::support::pilots::{db_sector, indicator_of, measurement, proposed_pilot, running_pilot, today};
use crate::support::policies::policy;
use crate::support::sheets::{Table, cells};
use crate::support::votes::{all_vote, ready_policy_step, submit};
use crate::support::{TestApp, UNKNOWN_ID, Who};

#[tokio::test]
async fn each_list_of_the_steps_is_a_sheet_with_the_same_filters_and_order() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    for title in ["Open data", "@Access", "Bids"] {
        expert.create(app.a("/policies"), policy(json!({ "title": { "en": title } }))).await;
    }
    app.db_open("pilots").await;
    let sector = db_sector(&app, "selected").await;
    proposed_pilot(&app, json!({ "sectorId": sector })).await;
    app.db_open("migration").await;
    let counts =
        json!({ "source": 10, "loaded": 8, "rejected": 1, "reason": { "en": "-1 was counted twice" } });
    new_migration(&app, json!({ "reconciliation": counts })).await;

    for (list, filters) in [
        ("policies", ["sort=title", "sort=-updatedAt&state=identified", "q=open"]),
        ("sectors", ["sort=name", "state=selected", "cycle=1"]),
        ("pilots", ["sort=title", "state=proposed", "allCycles=true"]),
        ("migrations", ["sort=title", "state=planned", "q=park"]),
    ] {
        for filter in filters {
            let listed =
                expert.list(&app.a(&format!("/{list}?{}", filter.replace("allCycles=true", "")))).await;
            let listed: Vec<_> = listed.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
            assert!(!listed.is_empty(), "{list} {filter}");
            let path = |format: &str| app.a(&format!("/{list}/export?{filter}&format={format}"));
            let answer = expert.get(path("csv")).await.expect(200);
            assert_eq!(Table::of_csv(&answer.body).below("Id"), listed, "{list} {filter}");
            let cells = cells(&expert.get(path("xlsx")).await.expect(200));
            let id = cells[0].iter().position(|cell| *cell == Data::String("Id".to_owned())).unwrap();
            let ids: Vec<_> = cells[1..].iter().map(|row| row[id].to_string()).collect();
            assert_eq!(ids, listed, "{list} {filter}");
        }
    }
    let running = running_pilot(&app, json!({})).await;
    let indicator = indicator_of(&app, &running).await;
    let measured = measurement(json!({ "value": "41.50", "measuredOn": today(&app) }));
    expert.create(format!("{}/measurements", indicator.path), measured).await;
    let sheet = async |path: &str| Table::of_csv(&expert.get(app.a(path)).await.expect(200).body);
    assert_eq!(sheet("/policies/export?q=access").await.below("Title (English)"), ["'@Access"]);
    let migrations = sheet("/migrations/export").await;
    assert_eq!(migrations.below("Difference"), ["1"]);
    assert_eq!(migrations.below("Reason of the difference (English)"), ["'-1 was counted twice"]);
    assert_eq!(sheet("/pilots/export?lang=ar&state=proposed").await.below("الحالة"), ["مقترح"]);
    let indicators = sheet("/indicators/export").await;
    let row = indicators.below("Id").iter().position(|id| *id == indicator.id()).unwrap();
    for (heading, expected) in [
        ("Latest value", json!("41.50")),
        ("Pilot", running["title"]["en"].clone()),
        ("Baseline", indicator["baseline"].clone()),
    ] {
        assert_eq!(json!(indicators.below(heading)[row]), expected, "{heading}");
    }
    assert_eq!(sheet("/sectors/export?labels=false").await.headings[..2], ["name.en", "name.ar"]);
}

#[tokio::test]
async fn evidence_is_a_sheet_of_links_and_files_of_all_cycles() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let policy = new_policy(&app).await;
    let link =
        json!({ "url": "https://gazette.example/2026/14", "title": { "en": "=Gazette", "ar": "الجريدة" } });
    let link = new_evidence(&app, "policy", policy.id(), link).await;
    let file = new_evidence(&app, "policy", policy.id(), json!({})).await;
    let part = pdf_part("; filename=\"محضر الاجتماع.pdf\"");
    expert.send(upload_form(&file, form_body(&[(&part, PDF)]))).await.expect(200);
    let on_task_force = evidence("taskForce", &app.world().a, json!({}));
    let letter = app.as_secretariat().create(app.a("/evidence"), on_task_force).await;

    let sheet = async |query: &str| {
        let answer = expert.get(app.a(&format!("/evidence/export{query}"))).await.expect(200);
        Table::of_csv(&answer.body)
    };
    assert_eq!(sheet("").await.below("Id"), [link.id(), file.id(), letter.id()]);
    assert_eq!(sheet("?sort=-createdAt&kind=policy").await.below("Id"), [file.id(), link.id()]);
    assert_eq!(sheet(&format!("?subject={}", app.world().a)).await.below("Id"), [letter.id()]);
    let of_policy = sheet("?kind=policy").await;
    let size = PDF.len().to_string();
    for (heading, expected) in [
        ("Title (English)", ["'=Gazette", file["title"]["en"].as_str().unwrap()]),
        ("Subject", [policy["title"]["en"].as_str().unwrap(); 2]),
        ("Link", ["https://gazette.example/2026/14", ""]),
        ("File", ["", "محضر الاجتماع.pdf"]),
        ("Media type", ["", "application/pdf"]),
        ("Size in bytes", ["", &size]),
    ] {
        assert_eq!(of_policy.below(heading), expected, "{heading}");
    }
    let arabic = sheet("?kind=taskForce&lang=ar").await;
    assert_eq!(arabic.below("نوع الموضوع"), ["فريق عمل"]);
    let workbook = expert.get(app.a("/evidence/export?format=xlsx&kind=policy")).await.expect(200);
    assert_eq!(cells(&workbook)[1][0], Data::String("=Gazette".to_owned()));
    for (query, error) in [("allCycles=true", "allCycles unknown"), ("cycle=1", "cycle unknown")] {
        expert.get(app.a(&format!("/evidence/export?{query}"))).await.expect_field_errors(&[error]);
    }
}

#[tokio::test]
async fn votes_are_a_sheet_as_far_as_the_reader_may_see_them() {
    let app = TestApp::start().await;
    ready_policy_step(&app).await;
    let submission = submit(app.as_chair(), "policy").await;
    all_vote(&app, &submission, "return", &[Who::Expert1]).await;
    all_vote(&app, &submission, "recuse", &[Who::Expert2]).await;
    let export = async |who: Who, query: &str| {
        app.as_who(who).get(format!("{}/votes/export{query}", submission.path)).await.expect(200)
    };
    let written = |table: &Table, heading: &str| {
        let cells = table.below(heading).into_iter().filter(|cell| !cell.is_empty());
        cells.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    for who in [Who::Chair, Who::Secretariat, Who::CouncilMember] {
        let sealed = Table::of_csv(&export(who, "").await.body);
        assert_eq!(sealed.rows.len(), 6, "{who:?}");
        let at = sealed.below("Voted at");
        assert_eq!(at.iter().filter(|at| !at.is_empty()).count(), 2, "{who:?}");
        for heading in ["Choice", "Comment", "Reason of the recusal (English)"] {
            assert!(written(&sealed, heading).is_empty(), "{who:?} {heading}");
        }
    }
    let seen = Table::of_csv(&export(Who::Expert1, "?labels=false").await.body);
    assert_eq!(written(&seen, "choice"), ["recuse".to_owned(), "return".to_owned()].into());
    assert_eq!(written(&seen, "comment").len() + written(&seen, "reason.en").len(), 2);
    let arabic = Table::of_csv(&export(Who::Expert1, "?lang=ar").await.body);
    assert!(written(&arabic, "الصوت").contains("إعادة لمزيد من العمل"), "{arabic:?}");
    assert_eq!(cells(&export(Who::Expert1, "?format=xlsx").await).len(), 7);
    let nothing = app.a(&format!("/submissions/{UNKNOWN_ID}/votes/export"));
    app.as_chair().get(nothing).await.expect_problem(404, "notFound");
}
