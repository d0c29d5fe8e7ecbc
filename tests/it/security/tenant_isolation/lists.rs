//! Filters and cursors of lists.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{ids_below, nothing, pairs, same};
use crate::contract::operation_cases::Case;
use crate::support::client::Draft;
use crate::support::contract::resolved;
use crate::support::{TestApp, Who};

/// Query parameters of an operation.
fn parameters(case: &Case) -> impl Iterator<Item = &'static Value> {
    let parameters = case.operation().described["parameters"].as_array().into_iter().flatten();
    parameters.map(resolved).filter(|parameter| parameter["in"] == "query")
}

/// Filters that take an id.
fn filters(case: &Case) -> Vec<&'static str> {
    let takes_an_id = |parameter: &&'static Value| {
        let schema = resolved(&parameter["schema"]);
        schema["format"] == "uuid"
            || schema["pattern"].as_str().is_some_and(|pattern| pattern.contains("{8}-"))
    };
    parameters(case).filter(takes_an_id).map(|parameter| parameter["name"].as_str().unwrap()).collect()
}

fn has_a_cursor(case: &Case) -> bool {
    parameters(case).any(|parameter| parameter["name"] == "cursor")
}

fn is_in_a_task_force(case: &Case) -> bool {
    case.operation().path.contains("{taskForceId}")
}

/// Every id anywhere in the lists of a task force.
async fn ids_of_lists(app: &TestApp, lists: impl Iterator<Item = &str>) -> BTreeSet<String> {
    let mut ids = Vec::new();
    for path in lists {
        let page = app.as_secretariat().get(format!("{path}?limit=100")).await.expect(200).json();
        ids_below(&page["items"], "", &mut ids);
    }
    ids.into_iter().map(|(_, id)| id).collect()
}

#[tokio::test]
async fn a_filter_by_an_id_of_another_task_force_finds_what_an_id_of_nothing_finds() {
    let app = TestApp::start().await;
    let pairs = pairs(&app, |case| has_a_cursor(case) && is_in_a_task_force(case)).await;
    let theirs = ids_of_lists(&app, pairs.iter().map(|pair| pair.theirs.path.as_str())).await;
    let ours = ids_of_lists(&app, pairs.iter().map(|pair| pair.ours.path.as_str())).await;
    // People are the same in both, and may be named.
    let strangers: Vec<_> = theirs.difference(&ours).collect();
    assert!(strangers.len() > 20, "{strangers:?}");
    let mut tried = BTreeSet::new();
    for pair in &pairs {
        for name in filters(&pair.case) {
            let by = |id: &str| Draft::get(format!("{}?{name}={id}", pair.ours.path));
            for stranger in &strangers {
                let status = same(&app, Who::Chair, by(stranger), by(&nothing())).await;
                assert!([200, 400].contains(&status), "{}: {name}: {status}", pair.case.id);
            }
            tried.insert(format!("{} {name}", pair.case.id));
        }
    }
    let known = [
        "listActivities assignee",
        "listActivities subject",
        "listEvents actor",
        "listEvents subject",
        "listEvidence subject",
        "listMigrations pilotId",
        "listPilots ownerId",
        "listPilots sectorId",
    ];
    assert!(known.iter().all(|filter| tried.contains(*filter)), "{tried:?}");
}

/// Cursors in the form of one of ours, so that they pass as those of its list, around an id.
fn forged(own: &str, id: &str) -> Vec<String> {
    let keys = [
        json!(id),
        json!(["2026-11-22", id]),
        json!(["2026-11-22T09:00:00Z", id]),
        json!([null, id]),
        json!(["a", id]),
        json!([null, 0]),
        json!(i32::MIN),
        json!(0),
        json!(i64::MAX),
    ];
    let mut cursor: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(own).unwrap()).unwrap();
    let with_key = |key| {
        cursor[1] = key;
        URL_SAFE_NO_PAD.encode(cursor.to_string())
    };
    keys.into_iter().map(with_key).collect()
}

#[tokio::test]
async fn a_cursor_of_another_task_force_shows_nothing_of_it() {
    let app = TestApp::start().await;
    let pairs = pairs(&app, has_a_cursor).await;
    let in_task_forces = || pairs.iter().filter(|pair| is_in_a_task_force(&pair.case));
    let theirs = ids_of_lists(&app, in_task_forces().map(|pair| pair.theirs.path.as_str())).await;
    let ours = ids_of_lists(&app, in_task_forces().map(|pair| pair.ours.path.as_str())).await;
    // Users are visible to everyone who may search for them.
    let people = ids_of_lists(&app, ["/v1/users"].into_iter()).await;
    let strangers = theirs.difference(&ours).filter(|id| !people.contains(*id));
    let strangers: Vec<_> = strangers.chain([&app.world().b]).collect();

    // Every cursor that the secretariat is given anywhere, and what somebody makes up who has looked into one.
    let mut cursors = BTreeSet::new();
    for pair in &pairs {
        for path in [&pair.theirs.path, &pair.ours.path] {
            let page = app.as_who(Who::Secretariat).get(format!("{path}?limit=1")).await;
            let next =
                if page.status == 200 { page.json()["next"].as_str().map(str::to_owned) } else { None };
            cursors.extend(next);
        }
    }
    assert!(cursors.len() >= 10, "{} cursors", cursors.len());
    let mut passed = 0;
    for pair in &pairs {
        let full = app.as_chair().get(format!("{}?limit=100", pair.ours.path)).await;
        let first = app.as_chair().get(format!("{}?limit=1", pair.ours.path)).await;
        let own = if first.status == 200 { first.json()["next"].as_str().map(str::to_owned) } else { None };
        let made_up = own.iter().flat_map(|own| strangers.iter().take(20).flat_map(|id| forged(own, id)));
        let made_up: BTreeSet<String> = made_up.collect();
        for cursor in cursors.iter().chain(&made_up) {
            let page = app.as_chair().get(format!("{}?limit=100&cursor={cursor}", pair.ours.path)).await;
            assert!([200, 400, 403].contains(&page.status), "{}: {}", page.request, page.status);
            let text = page.text();
            let shown = strangers.iter().find(|id| text.contains(id.as_str()));
            assert_eq!(shown, None, "{}: {text}", page.request);
            if page.status == 200 {
                passed += usize::from(made_up.contains(cursor));
                let (full, page) = (full.json(), page.json());
                let mine = full["items"].as_array().unwrap();
                let some = page["items"].as_array().unwrap();
                assert!(some.iter().all(|item| mine.contains(item)), "{}: {page:#}", pair.ours.path);
            }
        }
    }
    assert!(passed > 20, "{passed} cursors that were made up are in the form of ours");
}
