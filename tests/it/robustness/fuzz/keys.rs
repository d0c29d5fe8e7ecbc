//! `Idempotency-Key`.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{fuzz, junk};
use crate::support::TestApp;
use crate::support::chance::Chance;
use crate::support::client::Draft;

/// A key: visible characters, spaces inside.
fn made(chance: &mut Chance) -> String {
    let visible = "!#$%&'()*+,-./0123456789:;<=>?@ABCXYZ[]^_`abcxyz{|}~ \\\"";
    let text: String = (0..=chance.below(12)).map(|_| char::from(*chance.of(visible.as_bytes()))).collect();
    let text = text.trim().trim_start_matches('"').to_owned();
    let long = "k".repeat(if chance.percent(5) { 240 } else { 1 });
    format!("{long}{text}")
}

/// One of the ways in which a key can be sent.
fn sent(chance: &mut Chance, key: &str) -> String {
    let quoted = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
    let text = if chance.percent(50) { key } else { &quoted };
    format!("{}{text}{}", chance.of(&["", " ", "\t"]), chance.of(&["", " "]))
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
    let (mut kept, mut comments) = (HashMap::<String, First>::new(), app.db_count(count).await);
    fuzz("Idempotency-Key", async |chance| {
        let text = format!("Comment {}", chance.below(3));
        let draft = Draft::post(path.as_str(), &json!({ "text": text }));
        if chance.percent(25) {
            // Anything: another key, or none.
            let header = junk::header(chance);
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
            let known: Vec<_> = kept.keys().take(50).cloned().collect();
            let key = if !known.is_empty() && chance.percent(60) {
                chance.of(&known).clone()
            } else {
                made(chance)
            };
            let header = sent(chance, &key);
            let answer = app.as_chair().send(draft.header("Idempotency-Key", &header)).await;
            let replayed = answer.header("idempotency-replayed") == "true";
            match kept.get(&key) {
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
                    kept.insert(key, First { text, answer: answer.json(), etag, location });
                }
            }
        }
        assert_eq!(app.db_count(count).await, comments);
    })
    .await;
}
