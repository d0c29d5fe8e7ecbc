//! Commands that advance the story: the next missing criterion, vote or decision.

use reqwest::Method;
use serde_json::{Value, json};

use super::bodies::{STEPS, allowed, because, body};
use super::player::Player;
use crate::support::client::{Draft, activity, with};
use crate::support::pilots::{evaluation, indicator, measurement, today};
use crate::support::sectors::{assessment, study};
use crate::support::{Resource, Who};

impl Player<'_> {
    /// Sends the next command of the story.
    pub(super) async fn advance_story(&mut self) {
        let open = self.memory.lock().unwrap().open_step.clone();
        if let Some(step) = open {
            return self.work_on_gate(&step).await;
        }
        let Some(it) = self.look(Who::Secretariat, &self.at("")).await else { return };
        match it["state"].as_str() {
            Some("active") => self.work().await,
            Some("concluded" | "dissolved") if self.rng.percent(25) => self.create_task_force().await,
            Some("concluded" | "dissolved") => self.correct_decision().await,
            _ => self.transition(Who::Secretariat, &it, "active").await,
        }
    }

    async fn transition(&mut self, who: Who, it: &Resource, to: &str) {
        self.send_transition(who, it, json!({ "to": to, "reason": because() })).await;
    }

    async fn send_transition(&mut self, who: Who, it: &Resource, payload: Value) {
        self.send(who, Draft::command(it, "transitions", &payload)).await;
    }

    async fn create(&mut self, path: String, new: &Value) {
        let who = self.member().await;
        self.send(who, Draft::post(path, new)).await;
    }

    async fn work(&mut self) {
        let steps = self.items_of("/steps").await;
        let Some(step) =
            steps.iter().find(|step| ["open", "submitted"].contains(&step["state"].as_str().unwrap()))
        else {
            return self.record_decision().await;
        };
        let name = step["step"].as_str().unwrap().to_owned();
        if step["state"] == "submitted" {
            self.cast_next_vote(&name).await;
        } else {
            self.memory.lock().unwrap().open_step = Some(name.clone());
            self.work_on_gate(&name).await;
        }
    }

    /// The items of a list that has no pages.
    async fn items_of(&mut self, path: &str) -> Vec<Value> {
        let answer = self.app.as_who(Who::Secretariat).send_with_retry(Draft::get(self.at(path))).await;
        answer.json()["items"].as_array().cloned().unwrap_or_default()
    }

    async fn cast_next_vote(&mut self, step: &str) {
        let submissions = self.items(&format!("/steps/{step}/submissions")).await;
        let Some(last) = submissions.iter().rfind(|one| one["state"] == "voting") else { return };
        let path = self.at(&format!("/submissions/{}", last["id"].as_str().unwrap()));
        let Some(it) = self.look(Who::Secretariat, &path).await else { return };
        if self.rng.percent(2) {
            let chair = self.chair().await;
            self.send(chair, Draft::command(&it, "withdraw", &json!({ "reason": because() }))).await;
            return;
        }
        let seats = self.seats().await;
        let is_missing =
            |id: &str| it["notVoted"].as_array().unwrap().iter().any(|member| member["id"] == id);
        let Some(seat) = seats.iter().find(|seat| is_missing(&seat.id)) else { return };
        let choices = ["approve", "approve", "approve", "approve", "approve", "return", "abstain", "recuse"];
        let choice = self.rng.pick(&choices);
        let said = json!({ "choice": choice, "comment": "After the hearing", "reason": because() });
        self.send(seat.who, Draft::new(Method::PUT, format!("{path}/votes/mine")).json(&said)).await;
    }

    async fn record_decision(&mut self) {
        let reports = self.items("/reports?state=submitted").await;
        let Some(report) = reports.first() else { return };
        let outcome = match self.rng.below(100) {
            0..50 => "continue",
            50..88 => "adjust",
            88..94 => "conclude",
            _ => "stop",
        };
        let ruling = with(self.ruling(outcome).await, json!({ "reportNumber": report["number"] }));
        let answer = self.send(Who::Secretariat, Draft::post(self.at("/decisions"), &ruling)).await;
        self.will_correct_decision = answer.status == 201 && self.rng.percent(40);
    }

    /// Corrects the last decision, with the same outcome or another one.
    pub(super) async fn correct_decision(&mut self) {
        let decisions = self.items("/decisions").await;
        let Some(last) = decisions.first() else { return };
        let outcomes = ["continue", "adjust", "conclude", "stop"];
        let same = self.rng.percent(40);
        let outcome = if same { last["outcome"].as_str().unwrap() } else { *self.rng.pick(&outcomes) };
        let correction =
            json!({ "reportNumber": last["report"]["number"], "supersedesNumber": last["number"] });
        let mut ruling = with(self.ruling(outcome).await, correction);
        if same && outcome == "adjust" {
            ruling["returnToStep"] = last["returnToStep"].clone();
        }
        let answer = self.send(Who::Secretariat, Draft::post(self.at("/decisions"), &ruling)).await;
        self.will_correct_decision = answer.status == 201 && self.rng.percent(50);
    }

    /// Meets a criterion of the open step's gate, or submits the step.
    async fn work_on_gate(&mut self, step: &str) {
        let Some(readiness) = self.readiness(step).await else { return };
        let chair = self.chair().await;
        let missing: Vec<&Value> =
            readiness.iter().filter(|one| one["met"] == false && one["waived"] == false).collect();
        let Some(missing) = missing.first() else {
            // Only sometimes, so that random commands have their share, too.
            if self.rng.percent(70) {
                return self.do_anything().await;
            }
            let path = self.at(&format!("/steps/{step}/submissions"));
            self.send(chair, Draft::post(path, &json!({ "note": because() }))).await;
            return;
        };
        let code = missing["code"].as_str().unwrap().to_owned();
        if missing["waivable"] == true && self.rng.percent(4) {
            let path = self.at(&format!("/steps/{step}/waivers/{code}"));
            self.send(chair, Draft::new(Method::PUT, path).json(&json!({ "reason": because() }))).await;
            return;
        }
        let unmet = missing["unmet"].as_array().cloned().unwrap_or_default();
        let one = if unmet.is_empty() { Value::Null } else { self.rng.pick(&unmet).clone() };
        self.meet_criterion(&code, &one, step).await;
    }

    async fn readiness(&mut self, step: &str) -> Option<Vec<Value>> {
        let path = self.at(&format!("/steps/{step}/readiness"));
        let answer = self.app.as_who(Who::Secretariat).send_with_retry(Draft::get(path)).await;
        (answer.status == 200).then(|| answer.json()["criteria"].as_array().unwrap().clone())
    }

    async fn meet_criterion(&mut self, code: &str, one: &Value, step: &str) {
        let chair = self.chair().await;
        match code {
            "policyAdopted" => self.adopt().await,
            "policiesSettled" => self.transition_one(one, &["adopted", "rejected"]).await,
            "aimsNamed" => self.change_one(one, json!({ "aims": ["sustainable"] })).await,
            "sectorsSelected" if !one.is_null() => self.transition_one(one, &["candidate"]).await,
            "sectorsSelected" => self.select().await,
            "candidatesSettled" => {
                self.transition_one(one, &["selected", "notSelected", "notSelected"]).await;
            }
            "sectorsStudied" => self.study(one).await,
            "pilotsPlanned" => self.plan(None).await,
            "sectorsCovered" if one["kind"] == "sector" => self.plan(one["id"].as_str()).await,
            "sectorsCovered" => self.transition_one(one, &["cancelled"]).await,
            "indicatorsSet" => self.set_indicators(one).await,
            "activitiesPlanned" => {
                let about = json!({ "kind": "pilot", "id": one["id"] });
                let assignee = self.seat_id().await;
                let more = json!({ "assigneeId": assignee, "dueDate": "2027-01-15", "subject": about });
                let new = activity(with(json!({ "step": "migration" }), more));
                self.create(self.at("/activities"), &new).await;
            }
            "pilotsEvaluated" => self.run(one).await,
            "migrationsHandedOver" => self.migrate(one).await,
            "reportCurrent" => self.report_on(chair).await,
            "adjustmentAnswered" => {
                let path = self.at(&format!("/steps/{step}/adjustment-note"));
                self.send(chair, Draft::new(Method::PUT, path).json(&json!({ "note": because() }))).await;
            }
            "conditionsSettled" => {
                let to = *self.rng.pick(&["reportedMet", "waived"]);
                let who = if to == "waived" { Who::Secretariat } else { chair };
                if let Some(it) = self.read_one(who, one).await {
                    self.transition(who, &it, to).await;
                }
            }
            "activitiesSettled" => self.finish(one).await,
            _ if step == "report" => self.report_on(chair).await,
            _ => self.translate(one).await,
        }
    }

    /// The resource that a criterion names.
    async fn read_one(&mut self, who: Who, one: &Value) -> Option<Resource> {
        let (kind, id) = (one["kind"].as_str()?, one["id"].as_str()?);
        let path = match kind {
            "policy" => format!("/policies/{id}"),
            "sector" | "pilot" | "migration" | "condition" => format!("/{kind}s/{id}"),
            "activity" => format!("/activities/{id}"),
            "study" => return self.recall("sectors/studies", &one["id"]),
            "indicator" => return self.recall("pilots/indicators", &one["id"]),
            "checklistItem" => return self.recall("migrations/checklist-items", &one["id"]),
            _ => return None,
        };
        self.look(who, &self.at(&path)).await
    }

    async fn transition_one(&mut self, one: &Value, to: &[&str]) {
        let who = self.member().await;
        let Some(it) = self.read_one(who, one).await else { return };
        let to = *self.rng.pick(to);
        self.transition(who, &it, to).await;
    }

    async fn change_one(&mut self, one: &Value, fields: Value) {
        let who = self.member().await;
        let Some(mut it) = self.read_one(who, one).await else { return };
        if one["kind"] == "policy" && it["state"] == "adopted" {
            // The text of an adopted policy is fixed.
            self.transition(who, &it, "underReview").await;
            let Some(reviewed) = self.read_one(who, one).await else { return };
            it = reviewed;
        }
        self.send(who, Draft::patch(&it, &fields)).await;
    }

    async fn translate(&mut self, one: &Value) {
        let field =
            if ["sector", "indicator"].contains(&one["kind"].as_str().unwrap()) { "name" } else { "title" };
        self.change_one(one, json!({ (field): { "en": "In both", "ar": "باللغتين" } })).await;
    }

    async fn adopt(&mut self) {
        let policies = self.items("/policies?state=underReview,identified").await;
        let Some(policy) = policies.last() else {
            let new = body(self, "policies").await;
            return self.create(self.at("/policies"), &new).await;
        };
        let to = if policy["state"] == "identified" { "underReview" } else { "adopted" };
        self.transition_one(&json!({ "kind": "policy", "id": policy["id"] }), &[to]).await;
    }

    async fn select(&mut self) {
        let sectors = self.items("/sectors?state=candidate").await;
        let Some(sector) = sectors.last() else {
            let new = body(self, "sectors").await;
            return self.create(self.at("/sectors"), &new).await;
        };
        self.transition_one(&json!({ "kind": "sector", "id": sector["id"] }), &["selected"]).await;
    }

    async fn study(&mut self, one: &Value) {
        let who = self.member().await;
        let Some(sector) = self.read_one(who, one).await else { return };
        let transitions = sector["availableTransitions"].to_string();
        if sector["maturity"]["current"].is_null() {
            let current = assessment(json!({ "level": 1 }));
            self.create(format!("{}/assessments", sector.path), &current).await;
        } else if transitions.contains("maturityMissing") || transitions.contains("targetBelowCurrent") {
            let target = assessment(json!({ "kind": "target", "level": 5, "assessedOn": "2026-11-22" }));
            self.create(format!("{}/assessments", sector.path), &target).await;
        } else if transitions.contains("studyMissing") {
            self.create(format!("{}/studies", sector.path), &study(json!({}))).await;
        } else {
            self.transition(who, &sector, "studied").await;
        }
    }

    /// Plans a pilot in a sector: one that is extended, one that is proposed, or a new one.
    async fn plan(&mut self, sector: Option<&str>) {
        let extended = self.recent("pilots").filter(|pilot| pilot["outcome"] == "extend");
        if let Some(pilot) = extended {
            return self.transition_one(&json!({ "kind": "pilot", "id": pilot["id"] }), &["planned"]).await;
        }
        let some = sector.map(|id| format!("&sectorId={id}")).unwrap_or_default();
        let proposed = self.items(&format!("/pilots?state=proposed{some}")).await;
        let selected = self.items("/sectors?state=selected,studied").await;
        let Some(first) = selected.first() else { return };
        let Some(pilot) = proposed.last() else {
            let owner = self.seats().await.first().map(|seat| seat.id.clone());
            let id = sector.map_or(first["id"].clone(), |id| json!(id));
            let fields =
                json!({ "sectorId": id, "ownerId": owner, "policyId": null, "aims": ["sustainable"] });
            let new = with(body(self, "pilots").await, fields);
            return self.create(self.at("/pilots"), &new).await;
        };
        let who = self.member().await;
        let one = json!({ "kind": "pilot", "id": pilot["id"] });
        let Some(pilot) = self.read_one(who, &one).await else { return };
        let transitions = pilot["availableTransitions"].to_string();
        if transitions.contains("sectorNotSelected") {
            self.send(who, Draft::patch(&pilot, &json!({ "sectorId": first["id"] }))).await;
        } else if transitions.contains("aimsMissing") {
            self.send(who, Draft::patch(&pilot, &json!({ "aims": ["generatesWealth"] }))).await;
        } else if transitions.contains("indicatorsMissing") {
            self.create(format!("{}/indicators", pilot.path), &indicator(json!({}))).await;
        } else {
            self.transition(who, &pilot, "planned").await;
        }
    }

    /// The indicators of a pilot.
    async fn indicators(&mut self, pilot: &Value) -> Vec<Value> {
        self.items(&format!("/pilots/{}/indicators", pilot["id"].as_str().unwrap_or_default())).await
    }

    async fn set_indicators(&mut self, one: &Value) {
        let open = |indicator: &&Value| indicator["baseline"].is_null() || indicator["target"].is_null();
        let indicators = self.indicators(one).await;
        let Some(unset) = indicators.iter().find(open) else { return };
        let path =
            format!("/pilots/{}/indicators/{}", one["id"].as_str().unwrap(), unset["id"].as_str().unwrap());
        let who = self.member().await;
        let Some(it) = self.look(who, &self.at(&path)).await else { return };
        self.send(who, Draft::patch(&it, &json!({ "baseline": "40", "target": "12" }))).await;
    }

    /// Runs, measures and evaluates a pilot.
    async fn run(&mut self, one: &Value) {
        let who = self.member().await;
        let Some(pilot) = self.read_one(who, one).await else { return };
        let open = allowed(&pilot);
        if self.rng.percent(6) {
            self.transition(who, &pilot, "cancelled").await;
        } else if open.iter().any(|to| to == "evaluated") {
            let outcome = *self.rng.pick(&["scale", "scale", "extend", "stop"]);
            self.send_transition(who, &pilot, evaluation(outcome)).await;
        } else if open.iter().any(|to| to == "running") {
            self.transition(who, &pilot, "running").await;
        } else if pilot["state"] == "running" {
            for indicator in self.indicators(one).await {
                let path =
                    format!("{}/indicators/{}/measurements", pilot.path, indicator["id"].as_str().unwrap());
                let new = measurement(json!({ "measuredOn": today(self.app) }));
                self.create(path, &new).await;
            }
        } else {
            self.transition(who, &pilot, "cancelled").await;
        }
    }

    /// Moves the migration of a pilot on.
    async fn migrate(&mut self, one: &Value) {
        let id = one["id"].as_str().unwrap();
        let Some(last) = self.items(&format!("/migrations?pilotId={id}")).await.pop() else {
            let new = with(body(self, "migrations").await, json!({ "pilotId": id }));
            return self.create(self.at("/migrations"), &new).await;
        };
        let who = self.member().await;
        let it = json!({ "kind": "migration", "id": last["id"] });
        let Some(it) = self.read_one(who, &it).await else { return };
        let open = allowed(&it);
        let on = ["handedOver", "live", "parallelRun", "inProgress", "planned"];
        let transitions = it["availableTransitions"].to_string();
        if open.iter().any(|to| to == "rolledBack") && self.rng.percent(8) {
            self.transition(who, &it, "rolledBack").await;
        } else if let Some(to) = on.into_iter().find(|to| open.iter().any(|other| other == to)) {
            self.transition(who, &it, to).await;
        } else if transitions.contains("checklistUnfinished") {
            let items =
                self.items(&format!("/migrations/{}/checklist-items", last["id"].as_str().unwrap())).await;
            let Some(undone) = items.iter().find(|item| item["done"] == false) else {
                let new = json!({ "title": { "en": "Train the clerks", "ar": "تدريب" }, "done": true });
                return self.create(format!("{}/checklist-items", it.path), &new).await;
            };
            let path = format!("{}/checklist-items/{}", it.path, undone["id"].as_str().unwrap());
            let Some(item) = self.look(who, &path).await else { return };
            self.send(who, Draft::patch(&item, &json!({ "done": true }))).await;
        } else {
            let counts = json!({ "source": 9, "loaded": 9, "rejected": 0 });
            let done =
                json!({ "reconciliation": counts, "receivingUnit": "Unit", "serviceOwner": "Somebody" });
            self.send(who, Draft::patch(&it, &done)).await;
        }
    }

    async fn report_on(&mut self, chair: Who) {
        let mut new = json!({ "recommendation": "continue", "summary": because() });
        if self.rng.percent(30) {
            let again = json!({ "recommendation": "adjust", "returnToStep": self.rng.pick(&STEPS) });
            new = with(new, again);
        }
        self.send(chair, Draft::post(self.at("/reports"), &new)).await;
    }

    /// Brings an activity to its end.
    async fn finish(&mut self, one: &Value) {
        let who = self.member().await;
        let Some(it) = self.read_one(who, one).await else { return };
        let open = allowed(&it);
        let on = ["done", "inReview", "inProgress", "planned"];
        let next = on.into_iter().find(|to| open.iter().any(|other| other == to));
        let to = next.filter(|_| self.rng.percent(60)).unwrap_or("cancelled");
        self.transition(who, &it, to).await;
    }
}
