//! `If-Match`.

use serde_json::json;

use super::{fuzz, junk};
use crate::support::TestApp;
use crate::support::client::Draft;
use crate::support::random::Rng;

fn made(rng: &mut Rng, etag: &str, version: i64) -> String {
    let some = [0, 1, version - 1, version, version + 1, i64::from(i32::MAX), 999_999_999, i64::MAX];
    let number = *rng.pick(&some);
    match rng.below(8) {
        0 => etag.to_owned(),
        1 => format!("\"{number}.{}\"", rng.pick(&["0", "ab12", "", "ZZ", "é", "0\"0"])),
        2 => format!("{}\"{number}\"", rng.pick(&["W/", "w/", "W /", "", "\"", "\\"])),
        3 => format!("{etag}, \"{number}\""),
        4 => format!(
            "\"{}{number}{}\"",
            rng.pick(&["0", "+", "-", " ", "00", "٠"]),
            rng.pick(&["", " ", "e0", ".0"])
        ),
        5 => junk::one_letter_off(rng, etag, "0123456789abcdef\".W/ -"),
        6 => (*rng.pick(&["*", "\"*\"", "\"\"", "\"", "W/", ",", "\"1\" \"2\""])).to_owned(),
        _ => junk::header(rng),
    }
}

/// True if a header names this version; parsed independently of the service.
fn names(header: &str, version: i64) -> bool {
    let header = header.trim_matches([' ', '\t']);
    // The contents of the tags are between the quotes.
    let mut tags = header.split('"').skip(1).step_by(2);
    let is_it = |tag: &str| {
        let after = tag.trim_start_matches('0').strip_prefix(&version.to_string());
        after.is_some_and(|after| !after.starts_with(|next: char| next.is_ascii_alphanumeric()))
    };
    header == "*" || tags.any(is_it)
}

#[tokio::test]
async fn if_match_lets_through_the_present_version_and_no_other() {
    let app = TestApp::start().await;
    let mut activity = app.as_chair().create_activity(json!({})).await;
    fuzz("If-Match", async |rng| {
        let version = activity["version"].as_i64().unwrap();
        let header = made(rng, &activity.etag, version);
        let other = if activity["priority"] == "high" { "low" } else { "high" };
        let change = json!({ "priority": other });
        let draft = Draft::new(reqwest::Method::PATCH, &activity.path).merge_patch(&change);
        let answer = app.as_chair().send(draft.header("If-Match", &header)).await;
        let now = app.as_chair().reload(&activity).await;
        match answer.status {
            200 => {
                assert!(names(&header, version), "{header} is not version {version}");
                assert_eq!(now.etag, answer.etag());
                assert_eq!(now["version"], version + 1, "{header}");
            }
            412 => {
                assert_eq!(answer.etag(), format!("\"{version}\""));
                assert!(!names(&header, version), "{header} is version {version}");
            }
            400 => drop(answer.expect_problem(400, "invalidRequest")),
            other => panic!("{header}: {other}"),
        }
        if now["version"] == version {
            assert_eq!(now.body, activity.body, "{header}");
        }
        activity = now;
    })
    .await;
}
