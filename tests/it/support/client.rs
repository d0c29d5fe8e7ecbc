//! Clients that send requests, and the resources that they read.

use std::ops::Index;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::answer::Answer;
use super::app::TestApp;
use super::contract;
use super::world::Who;

/// A resource as a client read it.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) path: String,
    pub(crate) etag: String,
    pub(crate) body: Value,
}

impl Resource {
    pub(crate) fn id(&self) -> &str {
        self.body["id"].as_str().unwrap()
    }

    /// The resource as a list shows it: without the permissions of the caller.
    pub(crate) fn listed(&self) -> Value {
        let mut listed = self.body.clone();
        listed.as_object_mut().unwrap().remove("permissions").expect("permissions");
        listed
    }

    /// The codes that block the transition to a state; empty where the transition is allowed.
    #[track_caller]
    pub(crate) fn blockers(&self, to: &str) -> Vec<String> {
        let transitions = self.body["availableTransitions"].as_array().unwrap();
        let transition = transitions.iter().find(|transition| transition["to"] == to).unwrap();
        let blockers = transition["blockedBy"].as_array().unwrap();
        assert_eq!(transition["allowed"], blockers.is_empty());
        blockers.iter().map(|blocker| blocker["code"].as_str().unwrap().to_owned()).collect()
    }
}

impl Index<&str> for Resource {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.body[field]
    }
}

/// A request that is being written.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
    /// The events of a stream that are waited for.
    pub(crate) events: usize,
}

impl Draft {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None, events: 0 }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::POST, path).json(body)
    }

    /// A merge patch of a resource as it was read.
    pub(crate) fn patch(resource: &Resource, body: &Value) -> Self {
        Self::new(Method::PATCH, &resource.path).merge_patch(body).header("If-Match", &resource.etag)
    }

    /// A command on a resource as it was read.
    pub(crate) fn command(resource: &Resource, name: &str, body: &Value) -> Self {
        Self::post(format!("{}/{name}", resource.path), body).header("If-Match", &resource.etag)
    }

    pub(crate) fn delete(resource: &Resource) -> Self {
        Self::new(Method::DELETE, &resource.path).header("If-Match", &resource.etag)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn merge_patch(self, body: &Value) -> Self {
        self.body("application/merge-patch+json", body.to_string())
    }

    pub(crate) fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: Some(body.into()), ..self.header("Content-Type", content_type) }
    }
}

/// The body of a response; of a stream without an end of its own, the beginning with so many events.
async fn body_of(response: &mut reqwest::Response, events: usize) -> Vec<u8> {
    let content_type = response.headers().get("content-type");
    let is_stream = content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        body.extend_from_slice(&chunk);
        // Each part of a stream ends with an empty line, also the one before the first event.
        if is_stream && body.windows(2).filter(|pair| pair == b"\n\n").count() > events {
            break;
        }
    }
    body
}

/// A client that acts as one user.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    pub(crate) app: &'a TestApp,
    pub(crate) who: Who,
}

impl<'a> Client<'a> {
    pub(super) fn new(app: &'a TestApp, who: Who) -> Self {
        Self { app, who }
    }

    /// Sends a request. Every answer is checked for the common headers and validated against the contract.
    pub(crate) async fn send(self, draft: Draft) -> Answer {
        let given = draft.headers.iter().any(|(name, _)| name == "Authorization");
        // Boxed: signing in is a request, too.
        let token = if given { None } else { Box::pin(self.app.token(self.who)).await };
        self.send_with(token.as_deref(), draft).await
    }

    /// Sends a request again for as long as the service answers 503, as clients that race have to.
    pub(crate) async fn send_with_retry(self, draft: Draft) -> Answer {
        for _ in 0..100 {
            let answer = self.send(draft.clone()).await;
            if answer.status != 503 {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{} {}: too busy for ever", draft.method, draft.path)
    }

    /// Sends a request with a token that may not be one's own.
    pub(crate) async fn send_with(self, token: Option<&str>, draft: Draft) -> Answer {
        let Draft { method, path, headers, body, events } = draft;
        let mut request = self.app.http.request(method.clone(), self.app.url(&path));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let mut answer = request.send().await.unwrap();
        let answer = Answer {
            request: format!("{:?}: {method} {path}", self.who),
            path,
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: body_of(&mut answer, events).await,
        };
        answer.check_common_headers(self.app.is_secure);
        if answer.header("content-encoding").is_empty() {
            contract::check(&method, &answer);
        } else {
            contract::check(&method, &Answer { body: answer.decoded(), ..answer.clone() });
        }
        answer
    }

    pub(crate) async fn get(self, path: impl Into<String>) -> Answer {
        self.send(Draft::get(path)).await
    }

    pub(crate) async fn post(self, path: impl Into<String>, body: Value) -> Answer {
        self.send(Draft::post(path, &body)).await
    }

    pub(crate) async fn put(self, path: impl Into<String>) -> Answer {
        self.send(Draft::new(Method::PUT, path)).await
    }

    /// Changes a resource as it was read.
    pub(crate) async fn patch(self, resource: &Resource, body: Value) -> Answer {
        self.send(Draft::patch(resource, &body)).await
    }

    /// Sends a command on a resource as it was read.
    pub(crate) async fn command(self, resource: &Resource, name: &str, body: Value) -> Answer {
        self.send(Draft::command(resource, name, &body)).await
    }

    pub(crate) async fn delete(self, resource: &Resource) -> Answer {
        self.send(Draft::delete(resource)).await
    }

    /// Reads a resource.
    pub(crate) async fn read(self, path: impl Into<String>) -> Resource {
        self.get(path).await.expect(200).resource()
    }

    /// Reads a resource again.
    pub(crate) async fn reload(self, resource: &Resource) -> Resource {
        self.read(resource.path.as_str()).await
    }

    /// Creates a resource.
    pub(crate) async fn create(self, path: impl Into<String>, body: Value) -> Resource {
        self.post(path, body).await.expect(201).resource()
    }

    /// Every item of a list, page by page.
    pub(crate) async fn list(self, path: &str) -> Vec<Value> {
        self.list_by(path, 100).await
    }

    /// Every item of a list, in pages of this size.
    pub(crate) async fn list_by(self, path: &str, limit: usize) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let first = format!("{path}{separator}limit={limit}");
        let (mut items, mut address) = (Vec::new(), first.clone());
        loop {
            let page = self.get(address).await.expect(200).json();
            let some = page["items"].as_array().unwrap();
            assert!(some.len() <= limit);
            items.extend_from_slice(some);
            let Some(next) = page["next"].as_str() else {
                return items;
            };
            assert!(!some.is_empty(), "{first}: an empty page with a next one");
            assert!(items.len() < 10_000, "{first}: a list without end");
            address = format!("{first}&cursor={next}");
        }
    }

    /// Plans an activity in task force A: in the open step and of some title, unless the fields say otherwise.
    pub(crate) async fn create_activity(self, fields: Value) -> Resource {
        self.create(self.app.a("/activities"), activity(fields)).await
    }

    /// Moves a resource to another state.
    pub(crate) async fn transition(self, resource: &Resource, to: &str) -> Resource {
        let moved = self.command(resource, "transitions", json!({ "to": to })).await.expect(200);
        Resource { path: resource.path.clone(), ..moved.resource() }
    }

    /// Moves a resource to another state, saying why.
    pub(crate) async fn transition_because(self, resource: &Resource, to: &str, reason: &str) -> Resource {
        let body = json!({ "to": to, "reason": { "en": reason } });
        let moved = self.command(resource, "transitions", body).await.expect(200);
        Resource { path: resource.path.clone(), ..moved.resource() }
    }

    /// Tries to move a resource to another state, with a reason at hand.
    pub(crate) async fn try_transition(self, resource: &Resource, to: &str) -> Answer {
        self.command(resource, "transitions", json!({ "to": to, "reason": { "en": "Because" } })).await
    }

    /// Makes an activity depend on another.
    pub(crate) async fn add_dependency(self, waiting: &Resource, on: &Resource) -> Answer {
        self.put(format!("{}/dependencies/{}", waiting.path, on.id())).await
    }
}

/// The body of a new activity, with what the fields don't say.
pub(crate) fn activity(fields: Value) -> Value {
    with(json!({ "title": { "en": "Collect the policies in force" }, "step": "policy" }), fields)
}

/// A usual body, with these fields instead of its own.
pub(crate) fn with(mut usual: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        usual[name] = value.clone();
    }
    usual
}
