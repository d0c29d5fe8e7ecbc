//! One task force from beginning to end over HTTP: five members form, five steps pass (with one waiver, one recusal
//! and one return), the council lets a step be done again and then lets the task force go on.

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::client::Draft;
use crate::support::policies::{adopted, amended};
use crate::support::world::task_force;
use crate::support::{Client, Resource, TestApp, Who};

/// The five.
const FIVE: [Who; 5] = [Who::Chair, Who::Expert1, Who::Expert2, Who::Expert3, Who::Expert4];

fn both(ar: &str, en: &str) -> Value {
    json!({ "ar": ar, "en": en })
}

/// A task force at work, and its people.
struct Story<'a> {
    app: &'a TestApp,
    path: String,
    members: Vec<String>,
}

impl<'a> Story<'a> {
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.path)
    }

    fn chair(&self) -> Client<'a> {
        self.app.as_chair()
    }

    fn expert(&self) -> Client<'a> {
        self.app.as_expert()
    }

    async fn make(&self, path: &str, body: Value) -> Resource {
        self.expert().create(self.at(path), body).await
    }

    /// The secretariat names five experts, and activates the task force once it has them.
    async fn forms(app: &'a TestApp) -> Self {
        let secretariat = app.as_secretariat();
        let seat = |who: &Who| app.world().seat(*who, if *who == Who::Chair { "chair" } else { "expert" });
        let four: Vec<Value> = FIVE[..4].iter().map(seat).collect();
        let forming = secretariat.create("/v1/task-forces", task_force("Story", &four)).await;
        secretariat.try_transition(&forming, "active").await.expect_problem(409, "panelSize");
        let fifth = app.world().seat(FIVE[4], "expert");
        secretariat.create(format!("{}/members", forming.path), fifth).await;
        let active = secretariat.transition(&secretariat.reload(&forming).await, "active").await;
        let members = secretariat.list(&format!("{}/members", active.path)).await;
        let of =
            |who: &Who| members.iter().find(|member| member["userId"] == app.world().user(*who)).unwrap();
        let members = FIVE.iter().map(|who| of(who)["id"].as_str().unwrap().to_owned()).collect();
        Self { app, path: active.path, members }
    }

    /// The criteria that stand in the way of a step.
    async fn missing(&self, step: &str) -> Vec<String> {
        let readiness =
            self.expert().get(self.at(&format!("/steps/{step}/readiness"))).await.expect(200).json();
        let criteria = readiness["criteria"].as_array().unwrap();
        let open = criteria.iter().filter(|one| one["met"] == false && one["waived"] == false);
        open.map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    }

    async fn submit(&self, step: &str) -> Resource {
        assert_eq!(self.missing(step).await, [""; 0], "{step}");
        self.chair().create(self.at(&format!("/steps/{step}/submissions")), json!({})).await
    }

    async fn vote(&self, who: Who, submission: &Resource, vote: Value) -> Value {
        let path = format!("{}/votes/mine", submission.path);
        let draft = crate::support::client::Draft::new(reqwest::Method::PUT, path).json(&vote);
        self.app.as_who(who).send(draft).await.expect(200).json()
    }

    /// Submitted and approved by three of the five; the fifth step goes to the council with that.
    async fn passes(&self, step: &str) -> Resource {
        let submission = self.submit(step).await;
        for who in [Who::Expert1, Who::Expert2, Who::Chair] {
            let after = self.vote(who, &submission, json!({ "choice": "approve" })).await;
            let decided = who == Who::Chair;
            assert_eq!(after["state"], if decided { "passed" } else { "voting" });
        }
        submission
    }

    async fn states(&self) -> Vec<String> {
        let steps = self.expert().get(self.at("/steps")).await.expect(200).json();
        steps["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["state"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Step 1: a policy is adopted; the members return it once, and one of them has an interest.
    async fn identifies_policies(&self) {
        assert_eq!(self.missing("policy").await, ["policyAdopted"]);
        let policy = json!({ "title": { "en": "Open data policy" }, "kind": "policy" });
        let policy = self.make("/policies", policy).await;
        let policy = adopted(self.app, &policy).await;
        assert_eq!(self.missing("policy").await, ["aimsNamed", "translationsComplete"]);
        let named = json!({ "aims": ["inclusiveTransparent"], "title": { "ar": "سياسة البيانات المفتوحة" } });
        amended(self.app, &policy, named).await;

        let first = self.submit("policy").await;
        for who in [Who::Expert1, Who::Expert2, Who::Expert3] {
            let vote = json!({ "choice": "return", "comment": "ينقص رأي الدائرة القانونية" });
            self.vote(who, &first, vote).await;
        }
        let returned = self.expert().read(&first.path).await;
        assert_eq!((&returned["state"], &returned["tally"]["return"]), (&json!("returned"), &json!(3)));
        assert_eq!(self.states().await, ["open", "locked", "locked", "locked", "locked"]);

        let second = self.submit("policy").await;
        let interest =
            json!({ "choice": "recuse", "reason": both("عملت لدى المورّد", "Worked for the vendor") });
        let tally = self.vote(Who::Expert4, &second, interest).await;
        assert_eq!((&tally["tally"]["denominator"], &tally["state"]), (&json!(4), &json!("voting")));
        for who in [Who::Expert1, Who::Expert2] {
            self.vote(who, &second, json!({ "choice": "approve" })).await;
        }
        // Two of four is not more than half.
        let passed = self.vote(Who::Chair, &second, json!({ "choice": "approve" })).await;
        assert_eq!(passed["state"], "passed");
    }

    /// Step 2: one sector is selected and studied, another is not; a criterion is waived.
    async fn selects_sectors(&self) -> Resource {
        let mobility = self.make("/sectors", json!({ "name": both("النقل", "Mobility") })).await;
        let tourism = self.make("/sectors", json!({ "name": both("السياحة", "Tourism") })).await;
        self.expert().transition_because(&tourism, "notSelected", "No data yet").await;
        let mobility = self.expert().transition(&mobility, "selected").await;
        assert_eq!(self.missing("sectors").await, ["sectorsStudied"]);
        self.expert().try_transition(&mobility, "studied").await.expect_problem(409, "maturityMissing");
        let under = |part: &str| format!("{}/{part}", mobility.path);
        for (kind, level) in [("current", 2), ("target", 4)] {
            let assessment = json!({ "kind": kind, "level": level, "assessedOn": "2026-11-20" });
            self.expert().create(under("assessments"), assessment).await;
        }
        let study = json!({
            "title": { "en": "Ways of digital transformation in mobility" },
            "approach": "Interviews and open data",
            "recommendation": both("البدء بالمواقف", "Begin with parking"),
            "completed": true,
        });
        self.expert().create(under("studies"), study).await;
        let studied = self.expert().transition(&self.expert().reload(&mobility).await, "studied").await;

        assert_eq!(self.missing("sectors").await, ["translationsComplete"]);
        let waiver = json!({ "reason": both("الدراسة داخلية", "The study is internal") });
        let path = self.at("/steps/sectors/waivers/translationsComplete");
        let draft = crate::support::client::Draft::new(reqwest::Method::PUT, path).json(&waiver);
        self.chair().send(draft).await.expect(200);
        let snapshot = self.passes("sectors").await;
        let waived = snapshot["snapshot"]["criteria"].as_array().unwrap().iter();
        let waived = waived.filter(|one| one["waiver"].is_object()).count();
        assert_eq!(waived, 1, "the members saw what was waived");
        studied
    }

    /// Step 3: a pilot is planned, with what it is measured by and who works on it.
    async fn plans_pilots(&self, sector: &Resource) -> Resource {
        let pilot = json!({
            "title": both("مواقف ذكية", "Smart parking"), "sectorId": sector.id(), "ownerId": self.members[1],
            "aims": ["madeForCitizens"], "startDate": "2027-01-10", "endDate": "2027-03-31",
        });
        let pilot = self.make("/pilots", pilot).await;
        self.expert().try_transition(&pilot, "planned").await.expect_problem(409, "indicatorsMissing");
        let indicator = json!({
            "name": both("دقائق البحث", "Minutes of search"), "unit": "min", "direction": "down",
            "baseline": "12.5", "target": 6,
        });
        self.expert().create(format!("{}/indicators", pilot.path), indicator).await;
        let planned = self.expert().transition(&self.expert().reload(&pilot).await, "planned").await;
        assert_eq!(self.missing("pilots").await, ["activitiesPlanned"]);
        let activity = json!({
            "title": { "en": "Move the parking application" }, "step": "migration",
            "subject": { "kind": "pilot", "id": pilot.id() },
            "assigneeId": self.members[2], "dueDate": "2027-04-30",
        });
        self.make("/activities", activity).await;
        self.passes("pilots").await;
        planned
    }

    /// Step 4: the pilot runs, is measured, evaluated and moved into the city's digital government.
    async fn migrates(&self, pilot: &Resource) {
        let expert = self.expert();
        let running = expert.transition(&expert.reload(pilot).await, "running").await;
        let refused = expert.try_transition(&running, "evaluated").await;
        refused.expect_problem(409, "measurementsMissing");
        let indicator = &expert.list(&format!("{}/indicators", pilot.path)).await[0];
        let path = format!("{}/indicators/{}/measurements", pilot.path, indicator["id"].as_str().unwrap());
        expert.create(path, json!({ "value": "5.75", "measuredOn": "2026-11-22" })).await;
        let evaluation =
            json!({ "to": "evaluated", "outcome": "scale", "lessons": both("نجح", "It worked") });
        expert.command(&expert.reload(&running).await, "transitions", evaluation).await.expect(200);
        assert_eq!(self.missing("migration").await, ["migrationsHandedOver", "activitiesSettled"]);

        let migration = json!({
            "pilotId": pilot.id(), "title": both("ترحيل المواقف", "Parking goes live"),
            "targetSystem": "City platform", "plannedOn": "2027-04-15",
        });
        let migration = self.make("/migrations", migration).await;
        let item = json!({ "title": both("نسخ احتياطي", "Backup"), "done": true });
        expert.create(format!("{}/checklist-items", migration.path), item).await;
        let mut migration = expert.reload(&migration).await;
        for to in ["inProgress", "parallelRun"] {
            migration = expert.transition(&migration, to).await;
        }
        expert.try_transition(&migration, "live").await.expect_problem(409, "reconciliationMissing");
        let counts = json!({
            "reconciliation": { "source": 1200, "loaded": 1190, "rejected": 10 },
            "receivingUnit": "Municipal services", "serviceOwner": "Head of parking",
        });
        let patched = expert.patch(&migration, counts).await.expect(200).resource();
        let mut migration = Resource { path: migration.path, ..patched };
        for to in ["live", "handedOver"] {
            migration = expert.transition(&migration, to).await;
        }
        for activity in self.expert().list(&self.at("/activities?step=migration")).await {
            let path = self.at(&format!("/activities/{}", activity["id"].as_str().unwrap()));
            let begun = expert.transition(&expert.read(path).await, "inProgress").await;
            expert.transition(&begun, "done").await;
        }
        self.passes("migration").await;
    }

    /// Step 5: the report is built, passed by the members, and so put before the council.
    async fn reports(&self, number: i64, recommendation: Value) {
        assert_eq!(self.missing("report").await, ["reportCurrent"]);
        let report = self.chair().create(self.at("/reports"), recommendation).await;
        assert_eq!((&report["number"], &report["state"]), (&json!(number), &json!("draft")));
        self.passes("report").await;
        let report = self.app.as_secretariat().read(report.path).await;
        assert_eq!(report["state"], "submitted");
        let waiting = self.app.as_secretariat().list("/v1/me/tasks").await;
        let here = waiting.iter().filter(|task| task["subject"]["id"] == report["id"]).count();
        assert_eq!(here, 1, "the decision waits for the secretariat");
    }

    async fn council_decides(&self, fields: Value) -> Resource {
        let usual = json!({
            "meetingReference": "CDG/2026/11", "decidedOn": "2026-11-22", "reason": both("قرر المجلس", "So decided"),
        });
        let body = crate::support::client::with(usual, fields);
        self.app.as_secretariat().create(self.at("/decisions"), body).await
    }

    /// The feed from its first event to its last, each chained to the one before.
    async fn every_event_is_chained(&self) -> Vec<String> {
        let mut actions = Vec::new();
        let mut previous = vec![0_u8; 32];
        let query = "select seq, body, hash from events where task_force_id::text = $1 order by seq";
        let id = self.path.rsplit('/').next().unwrap();
        let stored = self.app.db().await.query(query, &[&id]).await.unwrap();
        let mut feed = Vec::new();
        loop {
            let after = feed.len();
            let page = self.expert().get(self.at(&format!("/events?limit=100&after={after}"))).await.json();
            match page["items"].as_array().unwrap().as_slice() {
                [] => break,
                some => feed.extend_from_slice(some),
            }
        }
        assert_eq!(stored.len(), feed.len(), "every event is in the feed");
        for (row, event) in stored.iter().zip(&feed) {
            let (body, hash): (String, Vec<u8>) = (row.get(1), row.get(2));
            let expected = Sha256::new().chain_update(&previous).chain_update(&body).finalize().to_vec();
            assert_eq!((&hash, &event["hash"]), (&expected, &json!(hex::encode(&expected))));
            actions.push(event["action"].as_str().unwrap().to_owned());
            previous = hash;
        }
        actions
    }
}

#[tokio::test]
async fn a_task_force_goes_from_its_forming_to_its_second_cycle() {
    let app = TestApp::start().await;
    let story = Story::forms(&app).await;
    story.identifies_policies().await;
    let sector = story.selects_sectors().await;
    let pilot = story.plans_pilots(&sector).await;
    story.migrates(&pilot).await;
    let recommendation =
        json!({ "recommendation": "continue", "summary": both("نجح المشروع", "The pilot worked") });
    story.reports(1, recommendation.clone()).await;
    assert_eq!(story.states().await, ["passed"; 5]);

    // The council wants the migration looked at again.
    let condition = json!({
        "text": both("تدقيق أمني", "A security audit"), "ownerId": story.members[1], "dueDate": "2026-11-22",
    });
    let adjust = json!({
        "reportNumber": 1, "outcome": "adjust", "returnToStep": "migration", "conditions": [condition],
    });
    let adjusted = story.council_decides(adjust).await;
    assert_eq!(adjusted["departsFromRecommendation"], true);
    assert_eq!(story.states().await, ["passed", "passed", "passed", "open", "locked"]);
    assert_eq!(story.missing("migration").await, ["adjustmentAnswered"]);
    let note = json!({ "note": both("لا تغيير في الترحيل نفسه", "The migration itself stays as it is") });
    let path = story.at("/steps/migration/adjustment-note");
    story.chair().send(Draft::new(Method::PUT, path).json(&note)).await.expect(200);
    assert!(story.missing("migration").await.is_empty());
    story.passes("migration").await;
    assert_eq!(story.missing("report").await, ["reportCurrent", "conditionsSettled"]);
    let condition = adjusted["conditions"][0]["id"].as_str().unwrap();
    let condition = story.chair().read(story.at(&format!("/conditions/{condition}"))).await;
    let reported = story.chair().transition(&condition, "reportedMet").await;
    story.app.as_secretariat().transition(&reported, "met").await;

    // The report goes to the council again, and the task force continues.
    story.reports(2, recommendation).await;
    let decided = story.council_decides(json!({ "reportNumber": 2, "outcome": "continue" })).await;
    assert_eq!((&decided["number"], &decided["departsFromRecommendation"]), (&json!(2), &json!(false)));
    let status = story.expert().get(story.at("/status")).await.json();
    assert_eq!((&status["cycle"], &status["step"]), (&json!(2), &json!("policy")));
    assert_eq!(story.states().await, ["open", "locked", "locked", "locked", "locked"]);
    let carried = async |path: &str| story.expert().list(&story.at(path)).await;
    assert_eq!(carried("/policies").await.len(), 1);
    assert_eq!(carried("/sectors").await.len(), 1);
    assert!(carried("/pilots").await.is_empty());
    assert_eq!(story.expert().list(&story.at("/pilots?cycle=1")).await.len(), 1);
    let register = app.as_who(Who::CouncilMember).list("/v1/decisions").await;
    assert_eq!(register.iter().map(|one| &one["outcome"]).collect::<Vec<_>>(), ["continue", "adjust"]);

    let actions = story.every_event_is_chained().await;
    for action in [
        "member.appointed",
        "taskForce.transitioned",
        "policy.transitioned",
        "submission.created",
        "vote.cast",
        "submission.transitioned",
        "step.transitioned",
        "sector.created",
        "assessment.created",
        "study.created",
        "waiver.granted",
        "step.adjustmentAnswered",
        "pilot.transitioned",
        "indicator.created",
        "measurement.created",
        "migration.transitioned",
        "checklistItem.created",
        "report.created",
        "report.transitioned",
        "decision.recorded",
        "condition.created",
        "condition.transitioned",
        "cycle.opened",
    ] {
        assert!(actions.iter().any(|one| one == action), "no {action} in the feed");
    }
}
