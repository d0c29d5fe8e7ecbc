//! Random commands: any sender, any operation, on any resource seen before, permitted or not.

use reqwest::Method;
use serde_json::{Value, json};
use taskforce::domain::ballot::VoteChoice;
use taskforce::domain::criterion::CriterionCode;
use taskforce::domain::vocabulary::Vocabulary;

use super::bodies::{STEPS, allowed, because, body, change, day, name, spoil, versioned};
use super::player::Player;
use crate::support::client::Draft;
use crate::support::evidence::{PDF, upload};
use crate::support::pilots::today;
use crate::support::{Resource, Who};

/// The kinds of resources that members create, change and delete, with their weights.
const KINDS: [(usize, &str); 14] = [
    (8, "policies"),
    (7, "sectors"),
    (6, "sectors/assessments"),
    (6, "sectors/studies"),
    (10, "pilots"),
    (6, "pilots/indicators"),
    (8, "pilots/indicators/measurements"),
    (8, "migrations"),
    (6, "migrations/checklist-items"),
    (18, "activities"),
    (4, "activities/comments"),
    (7, "evidence"),
    (6, "conditions"),
    (3, "members"),
];

/// The kinds that can be written while a step is open.
const KINDS_OF_STEP: [(&str, &[&str]); 5] = [
    ("policy", &["policies"]),
    ("sectors", &["sectors", "sectors", "sectors/assessments", "sectors/studies"]),
    ("pilots", &["pilots", "pilots", "pilots/indicators"]),
    ("migration", &["pilots", "pilots/indicators/measurements", "migrations", "migrations/checklist-items"]),
    ("report", &["activities", "conditions"]),
];

/// The kinds that have states, and their states.
const STATES: [(&str, &[&str]); 6] = [
    ("policies", &["identified", "underReview", "adopted", "rejected", "superseded"]),
    ("sectors", &["candidate", "selected", "notSelected", "studied"]),
    ("pilots", &["proposed", "planned", "running", "evaluated", "cancelled"]),
    ("migrations", &["planned", "inProgress", "parallelRun", "live", "handedOver", "rolledBack"]),
    ("activities", &["planned", "inProgress", "inReview", "blocked", "done", "cancelled"]),
    ("conditions", &["open", "reportedMet", "met", "waived", "superseded"]),
];

fn codes<T: Vocabulary>() -> Vec<&'static str> {
    T::ALL.iter().map(|one| one.code()).collect()
}

impl Player<'_> {
    /// The usual sender of a command, most of the time.
    async fn usually(&mut self, who: Who) -> Who {
        match self.rng.below(100) {
            0..6 => self.stranger(),
            6..10 => self.member().await,
            _ => who,
        }
    }

    /// Any command.
    pub(super) async fn do_anything(&mut self) {
        match self.rng.below(100) {
            0..26 => self.create_something().await,
            26..38 => self.change_something().await,
            38..43 => self.delete_something().await,
            43..69 => self.transition_something().await,
            69..72 => self.change_dependency().await,
            72..75 => self.waive().await,
            75..77 => self.submit().await,
            77..84 => self.vote().await,
            84 => self.withdraw().await,
            85..87 => self.report().await,
            87..89 => self.decide().await,
            89..93 => self.end_a_seat().await,
            93..95 => self.state_health().await,
            95..98 => self.change_task_force_or_step().await,
            _ => self.change_task_force_state().await,
        }
    }

    /// The kind to write: half of the time one of the open step, and otherwise any.
    fn pick_kind(&mut self) -> &'static str {
        let open = self.memory.lock().unwrap().open_step.clone();
        let now = KINDS_OF_STEP.into_iter().find(|(step, _)| open.as_deref() == Some(step));
        if let Some((_, kinds)) = now.filter(|_| self.rng.percent(50)) {
            return self.rng.pick::<&str>(kinds);
        }
        let mut at = self.rng.below(KINDS.iter().map(|(often, _)| often).sum());
        for (often, kind) in KINDS {
            if at < often {
                return kind;
            }
            at -= often;
        }
        "activities"
    }

    /// The path of the list in which resources of a kind are created.
    fn collection(&mut self, kind: &str) -> Option<String> {
        let Some((parent, last)) = kind.rsplit_once('/') else { return Some(self.at(&format!("/{kind}"))) };
        self.recent(parent).map(|parent| format!("{}/{last}", parent.path))
    }

    async fn create_something(&mut self) {
        let kind = self.pick_kind();
        let Some(path) = self.collection(kind).filter(|_| kind != "conditions") else { return };
        let new = body(self, kind).await;
        let new = spoil(self, new);
        let chair = self.chair().await;
        let worker = if kind == "members" { chair } else { self.member().await };
        let who = self.usually(worker).await;
        self.send(who, Draft::post(path, &new)).await;
    }

    async fn change_something(&mut self) {
        let kind = self.pick_kind();
        let Some(it) = self.recent(kind).filter(|_| kind != "conditions") else { return };
        let worker = if kind == "members" { self.chair().await } else { self.member().await };
        let who = self.usually(worker).await;
        if kind == "evidence" && self.rng.percent(50) {
            self.send(who, upload(&it, "application/pdf", PDF)).await;
            return;
        }
        let fields = change(self, kind).await;
        let fields = spoil(self, fields);
        let draft = Draft::new(Method::PATCH, &it.path).merge_patch(&fields);
        let draft = versioned(self, draft, &it);
        self.send(who, draft).await;
    }

    async fn delete_something(&mut self) {
        let kind = self.pick_kind();
        let Some(it) = self.recent(kind).filter(|_| !["conditions", "members"].contains(&kind)) else {
            return;
        };
        let worker = self.member().await;
        let who = self.usually(worker).await;
        let draft = versioned(self, Draft::new(Method::DELETE, &it.path), &it);
        self.send(who, draft).await;
    }

    async fn transition_something(&mut self) {
        let kind = self.pick_kind();
        let Some((kind, states)) = STATES.into_iter().find(|(other, _)| *other == kind) else { return };
        let it = if kind == "conditions" { self.a_condition().await } else { self.recent(kind) };
        let Some(it) = it else { return };
        let open: Vec<String> = allowed(&it);
        let to = if kind == "conditions" && self.rng.percent(40) {
            // Conditions are read as the secretariat, who does not report them as met.
            "reportedMet".to_owned()
        } else if open.is_empty() || self.rng.percent(40) {
            (*self.rng.pick(states)).to_owned()
        } else {
            self.rng.pick(&open).clone()
        };
        let payload = self.transition_body(kind, &to).await;
        let payload = spoil(self, payload);
        let worker = match (kind, to.as_str()) {
            ("conditions", "reportedMet") => self.chair().await,
            ("conditions", _) => Who::Secretariat,
            _ => self.member().await,
        };
        let who = self.usually(worker).await;
        let draft = Draft::post(format!("{}/transitions", it.path), &payload);
        let draft = versioned(self, draft, &it);
        self.send(who, draft).await;
    }

    /// A condition that the council waits for, if there is one.
    async fn a_condition(&mut self) -> Option<Resource> {
        let pending = self.items("/conditions?state=open,reportedMet").await;
        let id = if pending.is_empty() { None } else { self.rng.pick(&pending)["id"].as_str() };
        let path = self.at(&format!("/conditions/{}", id?));
        self.look(Who::Secretariat, &path).await
    }

    /// The payload of a transition.
    async fn transition_body(&mut self, kind: &str, to: &str) -> Value {
        let mut payload = json!({ "to": to });
        if self.rng.percent(92) {
            payload["reason"] = because();
        }
        if kind == "pilots" && to == "evaluated" && self.rng.percent(95) {
            let outcomes = ["scale", "scale", "extend", "stop"];
            payload["outcome"] = json!(self.rng.pick(&outcomes));
            payload["lessons"] = because();
        }
        if kind == "policies" && to == "superseded" {
            let adopted = self.items("/policies?state=adopted").await;
            let by = adopted.first().filter(|_| self.rng.percent(80)).map(|policy| policy["id"].clone());
            payload["supersededById"] = by.unwrap_or_else(|| json!(self.id("policies")));
        }
        payload
    }

    async fn change_dependency(&mut self) {
        let (Some(one), other) = (self.recent("activities"), self.id("activities")) else { return };
        let method = if self.rng.percent(80) { Method::PUT } else { Method::DELETE };
        let worker = self.member().await;
        let who = self.usually(worker).await;
        self.send(who, Draft::new(method, format!("{}/dependencies/{other}", one.path))).await;
    }

    async fn waive(&mut self) {
        let (step, criterion) = (*self.rng.pick(&STEPS), *self.rng.pick(&codes::<CriterionCode>()));
        let path = self.at(&format!("/steps/{step}/waivers/{criterion}"));
        let draft = if self.rng.percent(70) {
            Draft::new(Method::PUT, path).json(&json!({ "reason": because() }))
        } else {
            Draft::new(Method::DELETE, path)
        };
        let chair = self.chair().await;
        let who = self.usually(chair).await;
        self.send(who, draft).await;
    }

    async fn submit(&mut self) {
        let path = format!("/steps/{}/submissions", self.rng.pick(&STEPS));
        let chair = self.chair().await;
        let who = self.usually(chair).await;
        let draft = Draft::post(self.at(&path), &json!({ "note": because() }));
        self.send(who, draft).await;
    }

    async fn vote(&mut self) {
        let Some(it) = self.recent("submissions") else { return };
        let mut said = json!({ "choice": *self.rng.pick(&codes::<VoteChoice>()) });
        if self.rng.percent(85) {
            said["reason"] = because();
            said["comment"] = json!("After the hearing");
        }
        let member = self.member().await;
        let who = self.usually(member).await;
        self.send(who, Draft::new(Method::PUT, format!("{}/votes/mine", it.path)).json(&said)).await;
    }

    async fn withdraw(&mut self) {
        let Some(it) = self.recent("submissions") else { return };
        let chair = self.chair().await;
        let who = self.usually(chair).await;
        let draft = Draft::post(format!("{}/withdraw", it.path), &json!({ "reason": because() }));
        let draft = versioned(self, draft, &it);
        self.send(who, draft).await;
    }

    async fn report(&mut self) {
        let mut new = json!({ "recommendation": "continue", "summary": name(self, "It goes well") });
        if self.rng.percent(40) {
            new["recommendation"] = json!("adjust");
            new["returnToStep"] = json!(self.rng.pick(&STEPS));
        }
        let new = spoil(self, new);
        let chair = self.chair().await;
        let who = self.usually(chair).await;
        let draft = Draft::post(self.at("/reports"), &new);
        self.send(who, draft).await;
    }

    async fn decide(&mut self) {
        let outcomes = ["continue", "continue", "adjust", "adjust", "adjust", "conclude", "stop"];
        let outcome = *self.rng.pick(&outcomes);
        let mut ruling = self.ruling(outcome).await;
        if let Some(report) = self.recent("reports") {
            ruling["reportNumber"] = report["number"].clone();
        }
        if let Some(earlier) = self.recent("decisions").filter(|_| self.rng.percent(50)) {
            ruling["supersedesNumber"] = earlier["number"].clone();
            ruling["reportNumber"] = earlier["report"]["number"].clone();
        }
        let ruling = spoil(self, ruling);
        let who = self.usually(Who::Secretariat).await;
        let draft = Draft::post(self.at("/decisions"), &ruling);
        self.send(who, draft).await;
    }

    /// The body of a decision on the first report.
    pub(super) async fn ruling(&mut self, outcome: &str) -> Value {
        let mut conditions = Vec::new();
        for _ in 0..self.rng.below(3) {
            let owner = self.seat_id().await;
            // Mostly not before the day of the decision.
            let due = if self.rng.percent(10) { day(self) } else { today(self.app) };
            conditions.push(json!({ "text": because(), "ownerId": owner, "dueDate": due }));
        }
        let mut ruling = json!({
            "reportNumber": 1, "outcome": outcome, "meetingReference": "C-1", "decidedOn": today(self.app),
            "reason": because(), "conditions": conditions,
        });
        if outcome == "adjust" {
            ruling["returnToStep"] = json!(self.rng.pick(&STEPS));
        }
        ruling
    }

    async fn end_a_seat(&mut self) {
        let id = self.seat_id().await;
        let of = self.chair().await;
        let Some(seat) = self.look(of, &self.at(&format!("/members/{id}"))).await else { return };
        let mut end = json!({ "reason": because() });
        if self.rng.percent(70) {
            let role = if self.rng.percent(30) { "chair" } else { "expert" };
            end["successor"] = json!({ "userId": self.user_id(), "role": role });
        }
        if self.rng.percent(30) {
            end["reassignToMemberId"] = json!(self.seat_id().await);
        }
        let who = self.usually(of).await;
        let draft = Draft::post(format!("{}/end", seat.path), &spoil(self, end));
        let draft = versioned(self, draft, &seat);
        self.send(who, draft).await;
    }

    async fn state_health(&mut self) {
        let health = *self.rng.pick(&["onTrack", "atRisk", "offTrack"]);
        let chair = self.chair().await;
        let who = self.usually(chair).await;
        let draft = Draft::post(self.at("/health-statements"), &json!({ "health": health }));
        self.send(who, draft).await;
    }

    /// A field of the task force, or a target date.
    async fn change_task_force_or_step(&mut self) {
        let step = *self.rng.pick(&STEPS);
        let (path, fields) = if self.rng.percent(50) {
            (self.at(""), json!({ "nextCouncilDate": day(self) }))
        } else {
            (self.at(&format!("/steps/{step}")), json!({ "targetDate": day(self) }))
        };
        let chair = self.chair().await;
        let Some(it) = self.look(chair, &path).await else { return };
        let who = self.usually(chair).await;
        let draft = Draft::new(Method::PATCH, path).merge_patch(&fields);
        let draft = versioned(self, draft, &it);
        self.send(who, draft).await;
    }

    /// Suspends or resumes the task force, and dissolves it once in a while.
    async fn change_task_force_state(&mut self) {
        let path = self.at("");
        let Some(it) = self.look(Who::Secretariat, &path).await else { return };
        let states = ["suspended", "active", "concluded", "forming"];
        let to = if self.rng.percent(2) { "dissolved" } else { *self.rng.pick(&states) };
        let who = self.usually(Who::Secretariat).await;
        let draft = Draft::post(format!("{path}/transitions"), &json!({ "to": to, "reason": because() }));
        let draft = versioned(self, draft, &it);
        self.send(who, draft).await;
    }
}
