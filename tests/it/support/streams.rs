//! Streams of events, as a client reads them.

use std::time::Duration;

use serde_json::Value;

use super::TestApp;
use super::world::Who;

/// An event of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StreamedEvent {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) data: Value,
}

impl StreamedEvent {
    /// The reason of the last event.
    #[track_caller]
    pub(crate) fn end(&self) -> &str {
        assert_eq!(self.name, "end", "{self:?}");
        self.data["reason"].as_str().unwrap()
    }
}

/// An open stream.
pub(crate) struct Stream {
    response: reqwest::Response,
    received: Vec<u8>,
}

impl Stream {
    /// Opens a stream of task force A.
    pub(crate) async fn open(app: &TestApp, who: Who, query: &str) -> Self {
        let token = app.token(who).await.unwrap();
        Self::open_with(app, &token, &app.a(&format!("/events/stream{query}")), None).await
    }

    /// Opens a stream with a token, and continues after an event.
    pub(crate) async fn open_with(
        app: &TestApp,
        token: &str,
        path: &str,
        last_event_id: Option<&str>,
    ) -> Self {
        let mut request = app.http.get(app.url(path)).bearer_auth(token);
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { response, received: Vec::new() }
    }

    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<StreamedEvent> {
        loop {
            // The pieces of a response end anywhere, also within a letter.
            while let Some(end) = memchr::memmem::find(&self.received, b"\n\n") {
                let block: Vec<u8> = self.received.drain(..end + 2).collect();
                let event = parse(std::str::from_utf8(&block).unwrap());
                if event.is_some() {
                    return event;
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(60), self.response.chunk()).await;
            let chunk = chunk.expect("an event within a minute").unwrap()?;
            self.received.extend_from_slice(&chunk);
        }
    }

    /// The numbers of the next events.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<i64> {
        let mut ids = Vec::new();
        while ids.len() < count {
            let event = self.next().await.expect("the stream goes on");
            let id: i64 = event.id.as_ref().expect("an event with a number").parse().unwrap();
            assert_eq!(event.data["seq"].as_i64(), Some(id), "{event:?}");
            ids.push(id);
        }
        ids
    }
}

/// An event, or nothing for comments and for `retry`.
fn parse(block: &str) -> Option<StreamedEvent> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
    let data = serde_json::from_str(field("data:")?).unwrap();
    Some(StreamedEvent {
        id: field("id:").map(str::to_owned),
        name: field("event:").unwrap_or("message").to_owned(),
        data,
    })
}
