//! Cursors.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{fuzz, junk};
use crate::support::random::Rng;
use crate::support::{TestApp, Who};

/// A list, and all that is in it.
struct List {
    who: Who,
    path: String,
    all: Vec<Value>,
}

async fn lists(app: &TestApp) -> Vec<List> {
    let mut lists = Vec::new();
    for (who, path) in [
        (Who::Chair, app.a("/activities?")),
        (Who::Chair, app.a("/activities?sort=dueDate&")),
        (Who::Chair, app.a("/activities?sort=-updatedAt&")),
        (Who::Chair, app.a("/events?sort=-seq&")),
        (Who::Secretariat, "/v1/users?sort=name&".to_owned()),
        (Who::Secretariat, "/v1/status?sort=name&".to_owned()),
        (Who::Chair, app.a("/members?")),
        (Who::Chair, app.a("/health-statements?")),
        (Who::Chair, app.a("/steps/policy/submissions?")),
        (Who::Expert1, "/v1/me/activities?".to_owned()),
        (Who::Expert1, "/v1/me/tasks?".to_owned()),
        (Who::Secretariat, "/v1/task-forces?".to_owned()),
        (Who::Secretariat, "/v1/status?".to_owned()),
        (Who::Secretariat, "/v1/users?".to_owned()),
        (Who::Secretariat, "/v1/decisions?".to_owned()),
        (Who::Secretariat, "/v1/reports?".to_owned()),
        (Who::Secretariat, "/v1/reports?sort=submittedAt&".to_owned()),
        (Who::Secretariat, "/v1/conditions?".to_owned()),
        (Who::Administrator, "/v1/installation-events?".to_owned()),
    ] {
        let all = app.as_who(who).list(path.trim_end_matches(['?', '&'])).await;
        lists.push(List { who, path, all });
    }
    lists
}

/// A cursor of one of the lists, as it is or with its bytes or its key changed, or a text that is no cursor.
fn made(rng: &mut Rng, given: &[String]) -> String {
    const KEYS: [&str; 8] = ["number", "dueDate", "-updatedAt", "id", "a", "$date", "0", ""];
    let decoded = |cursor: &str| URL_SAFE_NO_PAD.decode(cursor).unwrap();
    match rng.below(6) {
        0 => rng.pick(given).clone(),
        1 => {
            let bytes = decoded(rng.pick::<String>(given));
            URL_SAFE_NO_PAD.encode(junk::mutated(rng, &bytes))
        }
        2 => {
            // One part of what it says is something else; its list is mostly the same.
            let mut cursor: Value = serde_json::from_slice(&decoded(rng.pick::<String>(given))).unwrap();
            let mut key = cursor[1].take();
            let other = junk::json(rng, &KEYS, 2);
            let other = serde_json::from_str(&other).unwrap_or(Value::Null);
            match key.as_array_mut().filter(|keys| !keys.is_empty()) {
                Some(keys) => {
                    let at = rng.below(keys.len());
                    keys[at] = other;
                }
                None => key = other,
            }
            cursor[1] = key;
            URL_SAFE_NO_PAD.encode(cursor.to_string())
        }
        3 => URL_SAFE_NO_PAD.encode(junk::json(rng, &KEYS, 3)),
        4 => {
            let days =
                ["0000-01-01", "9999-12-31", "+262142-12-31", "-262143-01-01", "2026-02-30", "-0001-01-01"];
            let ends =
                ["", "T00:00:00Z", "T23:59:60Z", "T24:00:00Z", "T00:00:00.999999999Z", "T00:00:00+23:59"];
            let when = format!("{}{}", rng.pick(&days), rng.pick(&ends));
            let key = *rng.pick(&["[\"%\",1]", "[[\"%\",1]]", "[\"%\",7]", "\"%\""]);
            let key: Value = serde_json::from_str(&key.replace('%', &when)).unwrap();
            let mut cursor: Value = serde_json::from_slice(&decoded(rng.pick::<String>(given))).unwrap();
            cursor[1] = key;
            URL_SAFE_NO_PAD.encode(cursor.to_string())
        }
        _ => junk::text(rng),
    }
}

#[tokio::test]
async fn a_cursor_shows_a_part_of_its_list_or_is_refused() {
    let app = TestApp::start().await;
    let lists = lists(&app).await;
    let mut given = Vec::new();
    for list in &lists {
        // Page by page the complete list comes back, so every cursor that was given leads on.
        assert_eq!(app.as_who(list.who).list_by(list.path.trim_end_matches(['?', '&']), 2).await, list.all);
        let page = app.as_who(list.who).get(format!("{}limit=1", list.path)).await.expect(200).json();
        given.extend(page["next"].as_str().map(str::to_owned));
    }
    assert!(given.len() > 6, "{given:?}");
    fuzz("cursor", async |rng| {
        let list = rng.pick(&lists);
        let query: String = serde_urlencoded::to_string([("cursor", made(rng, &given))]).unwrap();
        let path = format!("{}{query}", list.path);
        let page = app.as_who(list.who).get(path.as_str()).await;
        if page.status == 200 {
            let items = page.json()["items"].as_array().unwrap().clone();
            assert!(items.iter().all(|item| list.all.contains(item)), "{path}: {}", page.text());
        } else {
            let problem = page.expect_problem(400, "invalidRequest");
            assert_eq!(problem["errors"][0]["parameter"], "cursor", "{path}");
        }
    })
    .await;
}
