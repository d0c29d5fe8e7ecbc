//! Assessments of the digital maturity of a sector.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::client::Draft;
use crate::support::sectors::{assess, assessment, new_sector, open_sectors_step, study};

#[tokio::test]
async fn an_assessment_has_a_level_of_the_scale_and_a_day_that_has_begun() {
    let app = open_sectors_step().await;
    let expert = app.as_expert();
    let assessments = format!("{}/assessments", new_sector(&app, json!({})).await.path);
    let write = async |fields: Value| expert.post(assessments.as_str(), assessment(fields)).await;
    write(json!({ "level": 0 })).await.expect_field_errors(&["/level tooSmall"]);
    write(json!({ "level": 6 })).await.expect_field_errors(&["/level tooLarge"]);
    write(json!({ "level": 2.5, "kind": "future" }))
        .await
        .expect_field_errors(&["/kind notAllowed", "/level wrongType"]);
    write(json!({ "sectorId": null })).await.expect_field_errors(&["/sectorId unknown"]);

    // In Amman, the next day begins three hours before it does in Greenwich.
    let tomorrow = json!({ "assessedOn": "2026-11-23" });
    write(tomorrow.clone()).await.expect_field_errors(&["/assessedOn tooLarge"]);
    let draft = Draft::post(assessments.as_str(), &assessment(tomorrow.clone()));
    let said = expert.send(draft.header("Accept-Language", "ar")).await.json();
    assert!(said["errors"][0]["detail"].as_str().unwrap().contains("2026-11-22"), "{said}");
    let today = write(json!({ "assessedOn": "2026-11-22" })).await.expect(201).resource();
    expert.patch(&today, tomorrow.clone()).await.expect_field_errors(&["/assessedOn tooLarge"]);
    app.advance(TimeDelta::hours(12) + TimeDelta::minutes(1));
    expert.patch(&today, tomorrow).await.expect(200);
}

#[tokio::test]
async fn a_sectors_maturity_is_the_level_of_the_latest_assessment_of_each_kind() {
    let app = open_sectors_step().await;
    let expert = app.as_expert();
    let (sector, _) = (new_sector(&app, json!({})).await, new_sector(&app, json!({})).await);
    let maturity = async || {
        let (single, list) = (expert.reload(&sector).await, expert.list(&app.a("/sectors")).await);
        assert_eq!(single["maturity"], list[0]["maturity"], "the list has the same maturity");
        assert_eq!(single["version"], 1, "children don't change their parent's version");
        assert_eq!(list[1]["maturity"], json!({ "current": null, "target": null }));
        (single["maturity"]["current"].clone(), single["maturity"]["target"].clone())
    };
    assess(expert, &sector, json!({ "level": 3, "assessedOn": "2026-11-20" })).await;
    assert_eq!(maturity().await, (json!(3), Value::Null));
    assess(expert, &sector, json!({ "level": 2, "assessedOn": "2026-11-01" })).await;
    assess(expert, &sector, json!({ "kind": "target", "level": 5, "assessedOn": "2026-11-01" })).await;
    assert_eq!(maturity().await, (json!(3), json!(5)), "an older one does not count");
    let latest = assess(expert, &sector, json!({ "level": 4, "assessedOn": "2026-11-20" })).await;
    assert_eq!(maturity().await, (json!(4), json!(5)), "of several on one day, the one written last counts");
    expert.patch(&latest, json!({ "assessedOn": "2026-10-01" })).await.expect(200);
    assert_eq!(maturity().await, (json!(3), json!(5)));
}

#[tokio::test]
async fn a_target_is_not_below_the_present_level_of_its_sector() {
    let app = open_sectors_step().await;
    let expert = app.as_expert();
    let sector = new_sector(&app, json!({})).await;
    let path = format!("{}/assessments", sector.path);
    let write = async |kind: &str, level: i64, day: &str| {
        let body = assessment(json!({ "kind": kind, "level": level, "assessedOn": day }));
        expert.post(path.as_str(), body).await
    };
    write("current", 3, "2026-11-20").await.expect(201);
    write("target", 2, "2026-11-20").await.expect_field_errors(&["/level tooSmall"]);
    let target = write("target", 3, "2026-11-20").await.expect(201).resource();
    expert.patch(&target, json!({ "level": 2 })).await.expect_field_errors(&["/level tooSmall"]);
    expert.patch(&target, json!({ "level": 4 })).await.expect(200);
    // A level that the sector has reached beyond its target asks for another target first.
    write("current", 5, "2026-11-21").await.expect_field_errors(&["/level tooLarge"]);
    // What was so earlier says nothing about the present.
    write("current", 5, "2026-10-01").await.expect(201);
    let latest = write("current", 2, "2026-11-21").await.expect(201).resource();
    write("target", 2, "2026-11-21").await.expect(201);

    // A studied sector keeps that, whatever is deleted.
    expert.create(format!("{}/studies", sector.path), study(json!({}))).await;
    let selected = expert.transition(&sector, "selected").await;
    expert.transition(&selected, "studied").await;
    expert.delete(&latest).await.expect_problem(409, "targetBelowCurrent");
    expert.transition(&expert.reload(&sector).await, "candidate").await;
    expert.delete(&latest).await.expect(204);
    let selected = expert.transition(&expert.reload(&sector).await, "selected").await;
    assert_eq!(selected.blockers("studied"), ["targetBelowCurrent"]);
    expert.try_transition(&selected, "studied").await.expect_problem(409, "targetBelowCurrent");
}
