//! `Idempotency-Key`.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{fuzz, junk};
use crate::support::TestApp;
use crate::support::client::Draft;
use crate::support::random::Rng;

/// A key: visible characters, spaces inside.
fn made(rng: &mut Rng) -> String {
    let visible = "!#$%&'()*+,-./0123456789:;<=>?@ABCXYZ[]^_`abcxyz{|}~ \\\"";
    let text: String = (0..=rng.below(12)).map(|_| char::from(*rng.pick(visible.as_bytes()))).collect();
    let text = text.trim().trim_start_matches('"').to_owned();
    let long = "k".repeat(if rng.percent(5) { 240 } else { 1 });
    format!("{long}{text}")
}

/// One of the ways in which a key can be sent.
fn sent(rng: &mut Rng, key: &str) -> String {
    let quoted = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
    let text = if rng.percent(50) { key } else { &quoted };
    format!("{}{text}{}", rng.pick(&["", " ", "\t"]), rng.pick(&["", " "]))
}

/// The first request with a key, and its answer.
struct First {
    text: String,
    answer: Value,
    etag: String,
    location: String,
}

#[tokio::test]
async fn a_key_does_one_thing_once() {
    let app = TestApp::start().await;
    let path = app.a(&format!("/activities/{}/comments", app.world().activity("planned")));
    let count = "select count(*) from comments";
    let (mut first_by_key, mut comments) = (HashMap::<String, First>::new(), app.db_count(count).await);
    fuzz("Idempotency-Key", async |rng| {
        let text = format!("Comment {}", rng.below(3));
        let draft = Draft::post(path.as_str(), &json!({ "text": text }));
        if rng.percent(25) {
            // Anything: another key, or none.
            let header = junk::header(rng);
            let answer = app.as_chair().send(draft.header("Idempotency-Key", &header)).await;
            match answer.status {
                201 => comments += i64::from(answer.header("idempotency-replayed").is_empty()),
                400 => {
                    let problem = answer.expect_problem(400, "invalidRequest");
                    assert_eq!(problem["errors"][0]["parameter"], "Idempotency-Key", "{header}");
                }
                422 => drop(answer.expect_problem(422, "idempotencyKeyReused")),
                other => panic!("{header}: {other}"),
            }
        } else {
            let used: Vec<_> = first_by_key.keys().take(50).cloned().collect();
            let key = if !used.is_empty() && rng.percent(60) { rng.pick(&used).clone() } else { made(rng) };
            let header = sent(rng, &key);
            let answer = app.as_chair().send(draft.header("Idempotency-Key", &header)).await;
            let replayed = answer.header("idempotency-replayed") == "true";
            match first_by_key.get(&key) {
                Some(first) if first.text == text => {
                    assert!(replayed && answer.status == 201, "{header}: {}", answer.text());
                    assert_eq!(answer.json(), first.answer, "{header}");
                    assert_eq!(
                        (answer.etag(), answer.header("location")),
                        (first.etag.as_str(), first.location.as_str())
                    );
                }
                Some(_) => drop(answer.expect_problem(422, "idempotencyKeyReused")),
                None => {
                    let answer = answer.expect(201);
                    assert!(!replayed, "{header}");
                    comments += 1;
                    let (etag, location) = (answer.etag().to_owned(), answer.header("location").to_owned());
                    first_by_key.insert(key, First { text, answer: answer.json(), etag, location });
                }
            }
        }
        assert_eq!(app.db_count(count).await, comments);
    })
    .await;
}
