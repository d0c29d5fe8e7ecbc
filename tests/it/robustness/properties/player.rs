//! A client that sends random commands, and the memory of answers that all clients share.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::client::Draft;
use crate::support::contract::operation_at;
use crate::support::random::Rng;
use crate::support::world::task_force;
use crate::support::{Answer, Resource, TestApp, Who};

/// The users who may be given a seat.
const EXPERTS: [Who; 13] = [
    Who::Chair,
    Who::Expert1,
    Who::Expert2,
    Who::Expert3,
    Who::Expert4,
    Who::Expert5,
    Who::EndedMember,
    Who::Outsider,
    Who::OtherChair,
    Who::Other2,
    Who::Other3,
    Who::Other4,
    Who::Other5,
];

/// The number of last commands that a failed run prints.
const LOG_LENGTH: usize = 60;

/// A member's seat.
#[derive(Clone)]
pub(super) struct Seat {
    pub(super) who: Who,
    pub(super) id: String,
    pub(super) chairs: bool,
}

/// The last known state of the task force. Only hints: all of it may be out of date.
#[derive(Default)]
pub(super) struct Memory {
    /// The path of the task force.
    pub(super) task_force: String,
    /// The resources that were read, by kind, such as `pilots/indicators`.
    resources: BTreeMap<String, Vec<Resource>>,
    /// Ids of resources of other task forces.
    foreign: Vec<String>,
    /// The current members; empty where they have to be read again.
    seats: Vec<Seat>,
    /// The step that was open at the last read, unless its state may have changed since.
    pub(super) open_step: Option<String>,
    /// The number of commands that were sent.
    pub(super) sent: usize,
    /// The number of answers by operation and status.
    pub(super) answered: BTreeMap<(String, u16), usize>,
    log: VecDeque<String>,
}

impl Drop for Memory {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the last of {} commands:", self.sent);
            self.log.iter().for_each(|line| println!("  {line}"));
        }
    }
}

/// The kind of a path: its segments without ids and query; empty for the task force itself.
fn kind_of(task_force: &str, path: &str) -> Option<String> {
    let below = path.strip_prefix(task_force)?.trim_start_matches('/');
    Some(below.split('/').step_by(2).collect::<Vec<_>>().join("/"))
}

/// The path of the resource that a command was sent to.
fn resource_path(path: &str) -> &str {
    ["/transitions", "/end", "/withdraw", "/votes/mine", "/content"]
        .iter()
        .find_map(|command| path.strip_suffix(command))
        .unwrap_or(path)
}

impl Memory {
    /// Switches to another task force.
    pub(super) fn begin(&mut self, task_force: &str) {
        let old = std::mem::take(&mut self.resources).into_values().flatten();
        self.foreign.extend(old.filter_map(|one| one.body["id"].as_str().map(str::to_owned)));
        self.task_force = task_force.to_owned();
        self.seats.clear();
        self.open_step = None;
    }

    fn remember(&mut self, seen: Resource) {
        let Some(kind) = kind_of(&self.task_force, &seen.path) else { return };
        let of_kind = self.resources.entry(kind).or_default();
        match of_kind.iter_mut().find(|one| one.path == seen.path) {
            Some(one) => *one = seen,
            None => of_kind.push(seen),
        }
    }

    fn learn(&mut self, draft: &Draft, answer: &Answer) {
        let operation = operation_at(&draft.method, &draft.path).map_or("none", |operation| operation.id());
        *self.answered.entry((operation.to_owned(), answer.status)).or_default() += 1;
        self.sent += 1;
        if self.log.len() == LOG_LENGTH {
            self.log.pop_front();
        }
        let body = String::from_utf8_lossy(draft.body.as_deref().unwrap_or_default()).into_owned();
        let code = if answer.status < 400 { Value::Null } else { answer.json()["code"].clone() };
        self.log.push_back(format!("{} {body} -> {} {code}", answer.request, answer.status));
        let is_closed =
            ["task", "step"].iter().any(|what| code.as_str().is_some_and(|code| code.starts_with(what)));
        let changes_the_step =
            ["createSubmission", "castVote", "createDecision", "transitionTaskForce", "endMember"];
        if is_closed || answer.status < 300 && changes_the_step.contains(&operation) {
            self.open_step = None;
        }
        let path = resource_path(&draft.path);
        if answer.status < 300 && operation.ends_with("Member") {
            self.seats.clear();
        }
        if answer.status < 300 && !answer.header("etag").is_empty() {
            let seen = answer.clone().resource();
            let path = if answer.header("location").is_empty() { path.to_owned() } else { seen.path.clone() };
            self.remember(Resource { path, ..seen });
        }
        let Some(of_kind) = kind_of(&self.task_force, path).and_then(|kind| self.resources.get_mut(&kind))
        else {
            return;
        };
        if answer.status == 412 {
            let stale = of_kind.iter_mut().find(|one| one.path == path);
            stale.into_iter().for_each(|one| answer.etag().clone_into(&mut one.etag));
        }
        if answer.status == 404 {
            of_kind.retain(|one| one.path != path);
        }
    }
}

/// A client that sends random commands.
pub(super) struct Player<'a> {
    pub(super) app: &'a TestApp,
    pub(super) memory: &'a Mutex<Memory>,
    pub(super) rng: Rng,
    /// The last decision is to be corrected before anything else happens.
    pub(super) will_correct_decision: bool,
}

impl<'a> Player<'a> {
    pub(super) fn new(app: &'a TestApp, memory: &'a Mutex<Memory>, seed: u64) -> Self {
        Self { app, memory, rng: Rng::new(seed), will_correct_decision: false }
    }

    /// Sends a command and remembers its answer.
    pub(super) async fn send(&mut self, who: Who, draft: Draft) -> Answer {
        let pause = if self.rng.below(300) == 0 { 12 * 3600 } else { self.rng.below(5) };
        self.app.advance(TimeDelta::seconds(i64::try_from(pause).unwrap()));
        let answer = self.app.as_who(who).send_with_retry(draft.clone()).await;
        assert!(answer.status < 500, "{}: {} {}", answer.request, answer.status, answer.text());
        self.memory.lock().unwrap().learn(&draft, &answer);
        answer
    }

    /// Reads a resource, if it is visible to this reader.
    pub(super) async fn look(&self, who: Who, path: &str) -> Option<Resource> {
        let answer = self.app.as_who(who).send_with_retry(Draft::get(path)).await;
        let seen = (answer.status == 200).then(|| answer.resource())?;
        self.memory.lock().unwrap().remember(seen.clone());
        Some(seen)
    }

    /// The first items of a list of the task force.
    pub(super) async fn items(&self, path: &str) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let path = self.at(&format!("{path}{separator}limit=100"));
        let answer = self.app.as_who(Who::Secretariat).send_with_retry(Draft::get(path)).await;
        let page = (answer.status == 200).then(|| answer.json());
        page.and_then(|page| page["items"].as_array().cloned()).unwrap_or_default()
    }

    /// A path in the task force.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.memory.lock().unwrap().task_force)
    }

    /// Creates another task force and switches to it.
    pub(super) async fn create_task_force(&mut self) {
        let from = self.rng.below(EXPERTS.len());
        let size = 5 + self.rng.below(3);
        let of = |at: usize| EXPERTS[(from + at) % EXPERTS.len()];
        let role = |at| if at == 0 { "chair" } else { "expert" };
        let seats: Vec<Value> = (0..size).map(|at| self.app.world().seat(of(at), role(at))).collect();
        let new = Draft::post("/v1/task-forces", &task_force("Next", &seats));
        let answer = self.send(Who::Secretariat, new).await.expect(201);
        let created = answer.resource();
        self.memory.lock().unwrap().begin(&created.path);
        self.send(Who::Secretariat, Draft::command(&created, "transitions", &json!({ "to": "active" })))
            .await;
    }

    /// The current members.
    pub(super) async fn seats(&mut self) -> Vec<Seat> {
        let seats = self.memory.lock().unwrap().seats.clone();
        if !seats.is_empty() {
            return seats;
        }
        let seat = |item: &Value| {
            let who = EXPERTS.into_iter().find(|who| item["userId"] == self.app.world().user(*who))?;
            let id = item["id"].as_str()?.to_owned();
            Some(Seat { who, id, chairs: item["role"] == "chair" })
        };
        let seats: Vec<Seat> = self.items("/members?current=true").await.iter().filter_map(seat).collect();
        self.memory.lock().unwrap().seats.clone_from(&seats);
        seats
    }

    /// The chair.
    pub(super) async fn chair(&mut self) -> Who {
        let seats = self.seats().await;
        seats.iter().find(|seat| seat.chairs).map_or(Who::Chair, |seat| seat.who)
    }

    /// One of the members.
    pub(super) async fn member(&mut self) -> Who {
        let seats = self.seats().await;
        if seats.is_empty() { Who::Chair } else { self.rng.pick(&seats).who }
    }

    /// A sender who is probably not permitted.
    pub(super) fn stranger(&mut self) -> Who {
        let others = [Who::Secretariat, Who::CouncilMember, Who::Administrator, Who::Anonymous];
        if self.rng.percent(50) { *self.rng.pick(&EXPERTS) } else { *self.rng.pick(&others) }
    }

    /// The id of a seat: of a current member for most of the time.
    pub(super) async fn seat_id(&mut self) -> String {
        let seats = self.seats().await;
        if seats.is_empty() || self.rng.percent(5) {
            return self.id("members");
        }
        self.rng.pick(&seats).id.clone()
    }

    /// A user who may be given a seat.
    pub(super) fn user_id(&mut self) -> String {
        let who = if self.rng.percent(3) { Who::Secretariat } else { *self.rng.pick(&EXPERTS) };
        self.app.world().user(who).to_owned()
    }

    /// A resource of this kind that was read before: mostly a recent one, perhaps deleted meanwhile.
    pub(super) fn recent(&mut self, kind: &str) -> Option<Resource> {
        let memory = self.memory.lock().unwrap();
        let of_kind = memory.resources.get(kind).filter(|of_kind| !of_kind.is_empty())?;
        let lately = if self.rng.percent(75) { of_kind.len().saturating_sub(8) } else { 0 };
        Some(of_kind[lately + self.rng.below(of_kind.len() - lately)].clone())
    }

    /// A resource of this kind that was read before, by its id.
    pub(super) fn recall(&self, kind: &str, id: &Value) -> Option<Resource> {
        let memory = self.memory.lock().unwrap();
        memory.resources.get(kind)?.iter().find(|one| one.body["id"] == *id).cloned()
    }

    /// The id of a resource of this kind; sometimes one of another task force, or an unknown id.
    pub(super) fn id(&mut self, kind: &str) -> String {
        let nonsense = || "0199f0c2-7a3b-7c11-9d2e-0000000000ff".to_owned();
        if self.rng.percent(4) {
            let memory = self.memory.lock().unwrap();
            let foreign = &memory.foreign;
            return if foreign.is_empty() {
                self.app.world().b_activity.clone()
            } else {
                foreign[self.rng.below(foreign.len())].clone()
            };
        }
        let recent = self.recent(kind).filter(|_| !self.rng.percent(2));
        recent.and_then(|one| one.body["id"].as_str().map(str::to_owned)).unwrap_or_else(nonsense)
    }
}
