//! Tells the story to the service, and records what is said.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use metrics_exporter_prometheus::PrometheusBuilder;
use reqwest::Method;
use serde_json::{Map, Value, json};
use taskforce::app::notifications::BATCH;
use taskforce::demo;

use super::placeholders::Placeholders;
use super::story::{self, Line, Shorten};
use crate::support::app::{METRICS_TOKEN, PASSWORD};
use crate::support::client::Draft;
use crate::support::contract::{Operation, operations, resolved};
use crate::support::evidence::{FORM, form_body};
use crate::support::postgres;
use crate::support::{Answer, Setup, TestApp, UNKNOWN_ID};

/// The id that every request of the story carries.
const REQUEST_ID: &str = "0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e";

/// The senders without an account.
const ANYBODY: &str = "anybody";
const SCRAPER: &str = "metrics scraper";

/// Tells the story and returns the examples.
pub(super) async fn tell() -> Value {
    let adjust = |settings: &mut taskforce::http::server::Settings| {
        settings.metrics = PrometheusBuilder::new().install_recorder().unwrap();
    };
    let setup = Setup { adjust: Box::new(adjust), ..Setup::default() };
    let app = TestApp::over(postgres::copy_of(postgres::migrated().await).await, setup).await;
    demo::seed(&app.app, &PASSWORD.into()).await.unwrap();

    let mut player = Player::new(&app);
    for chapter in story::chapters() {
        for line in chapter {
            app.advance(TimeDelta::seconds(1));
            player.play(line).await;
        }
        // Each chapter begins at an hour of its own, so that a new line moves no later chapter.
        let begun = app.clock.now();
        let next = begun.timestamp() / 3600 * 3600 + 3600;
        app.advance(TimeDelta::seconds(next - begun.timestamp()));
        player.tokens.clear();
    }
    assert!(player.failures.is_empty(), "the story does not go on as it is told: {:#?}", player.failures);
    json!({ "operations": player.operations, "problems": player.problems })
}

struct Player<'a> {
    app: &'a TestApp,
    accounts: BTreeMap<String, String>,
    /// The access tokens of this chapter, by account.
    tokens: HashMap<String, String>,
    /// The values that earlier lines have kept.
    kept: HashMap<String, Value>,
    placeholders: Placeholders,
    operations: Map<String, Value>,
    problems: Map<String, Value>,
    /// The lines that were answered otherwise than the story says.
    failures: Vec<String>,
}

impl<'a> Player<'a> {
    fn new(app: &'a TestApp) -> Self {
        let today = app.clock.now().date_naive().to_string();
        let known = [("password", PASSWORD), ("today", &today), ("unknownId", UNKNOWN_ID)];
        let mut placeholders = Placeholders::default();
        placeholders.keep(REQUEST_ID);
        placeholders.keep(UNKNOWN_ID);
        Self {
            app,
            accounts: BTreeMap::new(),
            tokens: HashMap::new(),
            kept: known.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect(),
            placeholders,
            operations: Map::new(),
            problems: Map::new(),
            failures: Vec::new(),
        }
    }

    async fn play(&mut self, mut line: Line) {
        self.accounts.append(&mut line.accounts);
        if let Err(failure) = self.try_line(&line).await {
            self.failures.push(failure);
        }
    }

    async fn try_line(&mut self, line: &Line) -> Result<(), String> {
        if let Some(step) = &line.pass {
            self.pass(step).await?;
        }
        if let Some(change) = &line.sql {
            self.db_change(change).await?;
        }
        match &line.operation {
            Some(operation) if operation == "listMyNotifications" => {
                self.notify().await?;
                self.exchange(operation, line).await
            }
            Some(operation) => self.exchange(operation, line).await,
            None => Ok(()),
        }
    }

    /// Tells people what has happened, as the background work of a service does.
    async fn notify(&self) -> Result<(), String> {
        let task_force_id = text(&self.kept("taskForceId")?).parse().unwrap();
        while self.app.app.tell_batch(task_force_id, BATCH).await.unwrap() {}
        Ok(())
    }

    /// The chair submits a step, and three members approve.
    async fn pass(&mut self, step: &str) -> Result<(), String> {
        let submit = Line {
            at: [("step".to_owned(), json!(step))].into(),
            keep: Some(story::Keep::Id("submissionId".to_owned())),
            ..Line::silently("createSubmission", "chair", json!({}))
        };
        self.exchange("createSubmission", &submit).await?;
        for by in ["member", "second member", "chair"] {
            let vote = Line::silently("castVote", by, json!({ "choice": "approve" }));
            self.exchange("castVote", &vote).await?;
        }
        Ok(())
    }

    async fn db_change(&self, change: &str) -> Result<(), String> {
        let names = change.split('$').skip(1);
        let names = names.map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap());
        let mut filled = change.to_owned();
        for name in names {
            filled = filled.replace(&format!("${name}"), &text(&self.kept(name)?));
        }
        self.app.db().await.batch_execute(&filled).await.map_err(|error| error.to_string())
    }

    async fn exchange(&mut self, id: &str, line: &Line) -> Result<(), String> {
        let operation = operations().find(|operation| operation.id() == id);
        let operation = operation.ok_or_else(|| format!("the document has no operation {id}"))?;
        let place = line.problem.as_deref().unwrap_or(id);

        // The request as the example shows it is the request that is sent.
        let mut path = Map::new();
        for name in path_parameters(operation) {
            let given = line.at.get(name).map_or_else(|| self.kept(name), |given| self.filled(given))?;
            path.insert(name.to_owned(), self.placeholders.hide(&format!("{place}/path/{name}"), &given));
        }
        let mut query = BTreeMap::new();
        for (name, value) in &line.query {
            let given = text(&self.filled(value)?);
            query.insert(name.clone(), self.placeholders.hide_text(&format!("{place}/query/{name}"), &given));
        }
        let request = line.body.as_ref().map(|body| self.filled(body)).transpose()?;
        let request = request.map(|body| self.placeholders.hide(&format!("{place}/request"), &body));
        let request = request.or_else(|| line.file.as_deref().map(|file| json!({ "file": file })));

        let draft = self.draft(operation, &path, &query, line, request.as_ref()).await?;
        let answer = self.send(&line.by, draft).await;
        let (answer_type, body) = content(&answer);
        let is_told = match &line.problem {
            Some(code) => body["code"] == json!(code),
            None => answer.status == success(operation),
        };
        if !is_told {
            let expected = line.problem.as_deref().unwrap_or("success");
            return Err(format!("{id} by {}: {} instead of {expected}: {body}", line.by, answer.status));
        }
        if let Some(code) = &line.problem {
            answer.clone().expect_problem(answer.status, code);
            // The service does this in the background.
            self.app.app.write_refused().await.map_err(|error| error.to_string())?;
        }

        self.keep(line, &body)?;
        let shown = line.shortened(&body);
        let shown = match shown.as_str() {
            Some(stream) if answer_type == "text/event-stream" => {
                self.placeholders.hide_stream(place, stream).into()
            }
            _ => self.placeholders.hide(place, &shown),
        };
        let mut exchange = json!({ "by": line.by, "path": path, "status": answer.status });
        for (name, value) in [
            ("query", (!query.is_empty()).then(|| json!(query))),
            ("requestType", line.file.as_ref().map(|_| json!("multipart/form-data"))),
            ("request", request),
            ("answerType", (!answer_type.ends_with("json")).then(|| json!(answer_type))),
            ("answer", (!shown.is_null()).then_some(shown)),
            ("shortened", line.shorten.as_ref().map(|_| json!(true))),
        ] {
            if let Some(value) = value {
                exchange[name] = value;
            }
        }
        let examples = match &line.problem {
            _ if line.silent => return Ok(()),
            Some(_) => &mut self.problems,
            None => &mut self.operations,
        };
        match examples.insert(place.to_owned(), exchange) {
            None => Ok(()),
            Some(_) => Err(format!("{place} is told twice")),
        }
    }

    async fn draft(
        &mut self,
        operation: Operation,
        path: &Map<String, Value>,
        query: &BTreeMap<String, String>,
        line: &Line,
        request: Option<&Value>,
    ) -> Result<Draft, String> {
        let mut address = operation.path.to_owned();
        for (name, value) in path {
            address = address.replace(&format!("{{{name}}}"), &self.placeholders.reveal_text(&text(value)));
        }
        let method: Method = operation.method.to_uppercase().parse().unwrap();
        let mut headers = Vec::new();
        if has_header(operation, "If-Match") {
            // A command, or the content of a file, is below its resource.
            let is_below = method == Method::POST || method == Method::PUT;
            let resource = if is_below { address.rsplit_once('/').unwrap().0 } else { &address };
            let read = self.send(&line.by, Draft::get(resource)).await;
            if read.status != 200 {
                return Err(format!("{} reads {resource}: {}", line.by, read.text()));
            }
            headers.push(("If-Match", read.etag().to_owned()));
        }
        let language = line.language.clone().unwrap_or_else(|| "en".to_owned());
        headers.push(("Accept-Language", language));
        let value = |shown| self.placeholders.reveal_text(shown).replace('@', "%40");
        let query: Vec<String> =
            query.iter().map(|(name, shown)| format!("{name}={}", value(shown))).collect();
        if !query.is_empty() {
            address = format!("{address}?{}", query.join("&"));
        }
        let is_patch = method == Method::PATCH;
        let mut draft = Draft::new(method, address);
        draft = match (request, &line.name) {
            (Some(body), Some(name)) => {
                let media_type = line.media_type.as_deref().unwrap_or("application/octet-stream");
                let part = format!(
                    "Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: {media_type}"
                );
                let file = body["file"].as_str().unwrap();
                draft.body(FORM, form_body(&[(&part, file.as_bytes())]))
            }
            (Some(body), _) if is_patch => draft.merge_patch(&self.placeholders.reveal(body)),
            (Some(body), _) => draft.json(&self.placeholders.reveal(body)),
            (None, _) => draft,
        };
        draft.events = line.shorten.as_ref().map_or(0, |shorten| shorten.events);
        Ok(headers.into_iter().fold(draft, |draft, (name, value)| draft.header(name, &value)))
    }

    async fn send(&mut self, by: &str, draft: Draft) -> Answer {
        let token = match by {
            ANYBODY => None,
            SCRAPER => Some(METRICS_TOKEN.to_owned()),
            _ => Some(self.token(by).await),
        };
        let draft =
            draft.header("X-Request-Id", REQUEST_ID).header("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)");
        self.app.as_anybody().send_with(token.as_deref(), draft).await
    }

    async fn token(&mut self, by: &str) -> String {
        if let Some(token) = self.tokens.get(by) {
            return token.clone();
        }
        let email = self.accounts.get(by).unwrap_or_else(|| panic!("{by} has no account"));
        let credentials = json!({ "email": email, "password": PASSWORD });
        let answer = Box::pin(self.send(ANYBODY, Draft::post("/v1/auth/login", &credentials))).await;
        let token = answer.expect(200).json()["accessToken"].as_str().unwrap().to_owned();
        self.tokens.insert(by.to_owned(), token.clone());
        token
    }

    /// Keeps what a line asks for; ids get their placeholders by these names.
    fn keep(&mut self, line: &Line, body: &Value) -> Result<(), String> {
        let is_wanted =
            |item: &&Value| line.filter.iter().all(|(pointer, value)| item.pointer(pointer) == Some(value));
        let found = match body["items"].as_array() {
            Some(items) if !line.filter.is_empty() => {
                items.iter().find(is_wanted).ok_or_else(|| format!("no item has {:?}", line.filter))?
            }
            _ => body,
        };
        for (name, pointer) in line.keep.iter().flat_map(story::Keep::pointers) {
            let value = found.pointer(pointer).ok_or_else(|| format!("no {pointer} in {found}"))?;
            if let Some(id) = value.as_str() {
                self.placeholders.name(name, id);
            }
            self.kept.insert(name.to_owned(), value.clone());
        }
        Ok(())
    }

    fn kept(&self, name: &str) -> Result<Value, String> {
        self.kept.get(name).cloned().ok_or_else(|| format!("no line has kept {name}"))
    }

    /// A value of the story with what earlier lines have kept.
    fn filled(&self, value: &Value) -> Result<Value, String> {
        match value {
            Value::String(text) => {
                text.strip_prefix('$').map_or_else(|| Ok(value.clone()), |name| self.kept(name))
            }
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(fields) => {
                let filled = fields.iter().map(|(name, field)| Ok((name.clone(), self.filled(field)?)));
                filled.collect::<Result<Map<_, _>, String>>().map(Value::Object)
            }
            _ => Ok(value.clone()),
        }
    }
}

impl Line {
    /// The answer as the example shows it.
    fn shortened(&self, answer: &Value) -> Value {
        self.shorten.as_ref().map_or_else(|| answer.clone(), |shorten| shorten.apply(answer))
    }
}

impl Shorten {
    fn apply(&self, answer: &Value) -> Value {
        if let (Value::String(text), 1..) = (answer, self.events) {
            // The instruction to the client comes before the first event.
            return text.split_inclusive("\n\n").take(1 + self.events).collect::<String>().into();
        }
        if let Value::String(text) = answer {
            let is_shown = |line: &&str| self.lines.iter().any(|beginning| line.starts_with(beginning));
            let mut lines: Vec<&str> = text.lines().filter(is_shown).collect();
            lines.sort_unstable();
            return lines.iter().map(|line| format!("{line}\n")).collect::<String>().into();
        }
        if self.members.is_empty() {
            return first_items(answer, self.lists.unwrap_or(usize::MAX));
        }
        let mut shown = json!({});
        for pointer in &self.members {
            let place = pointer.split('/').skip(1).fold(&mut shown, |place, name| &mut place[name]);
            *place = answer.pointer(pointer).unwrap().clone();
        }
        shown
    }
}

/// The value with so many items of each list.
fn first_items(value: &Value, count: usize) -> Value {
    match value {
        Value::Array(items) => items.iter().take(count).map(|item| first_items(item, count)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), first_items(field, count))).collect()
        }
        _ => value.clone(),
    }
}

/// The names of the parameters in the path of an operation.
fn path_parameters(operation: Operation) -> impl Iterator<Item = &'static str> {
    operation.path.split(['{', '}']).skip(1).step_by(2)
}

fn has_header(operation: Operation, name: &str) -> bool {
    let parameters = operation.described["parameters"].as_array().into_iter().flatten();
    parameters.map(resolved).any(|parameter| parameter["in"] == "header" && parameter["name"] == name)
}

/// The status of success: an operation that creates something answers 200 only to dry runs.
fn success(operation: Operation) -> u16 {
    let responses = operation.described["responses"].as_object().unwrap();
    let is_success =
        |status: &&String| status.starts_with('2') && (*status != "200" || !responses.contains_key("201"));
    responses.keys().find(is_success).unwrap().parse().unwrap()
}

/// The media type and the body of an answer. Bytes that are no text have no example.
fn content(answer: &Answer) -> (String, Value) {
    let media_type = answer.header("content-type").split(';').next().unwrap_or_default();
    let body = match media_type {
        "" => Value::Null,
        _ if media_type.ends_with("json") => answer.json(),
        _ => std::str::from_utf8(&answer.body).map_or(Value::Null, |text| json!(text)),
    };
    let media_type = if media_type.is_empty() { "json" } else { media_type };
    (media_type.to_owned(), body)
}

/// A scalar as a path or a query contains it.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
