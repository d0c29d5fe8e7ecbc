//! Random bodies of commands: mostly valid.

use serde_json::{Value, json};

use super::player::Player;
use crate::support::Resource;
use crate::support::client::{Draft, with};
use crate::support::evidence::evidence;
use crate::support::migrations::migration;
use crate::support::pilots::{indicator, measurement, today};
use crate::support::policies::policy;
use crate::support::sectors::{assessment, sector, study};

pub(super) const STEPS: [&str; 5] = ["policy", "sectors", "pilots", "migration", "report"];
const AIMS: [&str; 4] = ["sustainable", "inclusiveTransparent", "generatesWealth", "madeForCitizens"];

pub(super) fn because() -> Value {
    json!({ "en": "Because", "ar": "لأن" })
}

/// A day around the one when tests begin.
pub(super) fn day(player: &mut Player<'_>) -> String {
    format!("2026-{:02}-{:02}", 11 + player.rng.below(2), 1 + player.rng.below(28))
}

fn aims(player: &mut Player<'_>) -> Value {
    let some = AIMS.into_iter().filter(|_| player.rng.percent(45)).collect::<Vec<_>>();
    json!(some)
}

/// A name in both languages, mostly.
pub(super) fn name(player: &mut Player<'_>, text: &str) -> Value {
    let number = player.rng.below(1000);
    let en = format!("{text} {number}");
    if player.rng.percent(6) {
        json!({ "en": en })
    } else {
        json!({ "en": en, "ar": format!("رقم {number}") })
    }
}

/// The body of a new resource, mostly valid.
pub(super) async fn body(player: &mut Player<'_>, kind: &str) -> Value {
    let called = name(player, "Number");
    match kind {
        "policies" => policy(json!({ "title": called, "aims": aims(player) })),
        "sectors" => sector(json!({ "name": called })),
        "sectors/assessments" => {
            let (kind, lowest) = *player.rng.pick(&[("current", 1), ("target", 3)]);
            let levels = if player.rng.percent(15) { 1..6 } else { lowest..lowest + 3 };
            assessment(json!({ "kind": kind, "level": levels.start + player.rng.below(levels.len()) }))
        }
        "sectors/studies" => study(json!({ "title": called, "completed": player.rng.percent(80) })),
        "pilots" => json!({
            "title": called, "sectorId": player.id("sectors"), "ownerId": player.seat_id().await,
            "policyId": if player.rng.percent(30) { json!(player.id("policies")) } else { Value::Null },
            "aims": aims(player), "startDate": "2026-12-01", "endDate": "2027-01-31",
        }),
        "pilots/indicators" => {
            let baseline = if player.rng.percent(85) { json!("40") } else { Value::Null };
            let direction = if player.rng.percent(5) { "up" } else { "down" };
            indicator(json!({ "name": called, "baseline": baseline, "direction": direction }))
        }
        "pilots/indicators/measurements" => {
            let day = if player.rng.percent(5) { "2026-11-20".to_owned() } else { today(player.app) };
            measurement(json!({ "value": player.rng.below(40), "measuredOn": day }))
        }
        "migrations" => migration(&player.id("pilots"), json!({ "title": called })),
        "migrations/checklist-items" => json!({ "title": called, "done": player.rng.percent(60) }),
        "activities" => activity(player, called).await,
        "activities/comments" => json!({ "text": "A word" }),
        "evidence" => {
            let (kind, of) = *player.rng.pick(&[
                ("activity", "activities"),
                ("policy", "policies"),
                ("study", "sectors/studies"),
                ("assessment", "sectors/assessments"),
                ("pilot", "pilots"),
                ("migration", "migrations"),
                ("condition", "conditions"),
                ("sector", "sectors"),
                ("report", "reports"),
                ("decision", "decisions"),
                ("submission", "submissions"),
            ]);
            let url = json!({ "url": "https://city.example/decree.pdf", "title": called });
            let fields = if player.rng.percent(70) { url } else { json!({}) };
            evidence(kind, &player.id(of), fields)
        }
        "members" => {
            let role = if player.rng.percent(25) { "chair" } else { "expert" };
            json!({ "userId": player.user_id(), "role": role, "expertise": "Open data" })
        }
        _ => json!({}),
    }
}

async fn activity(player: &mut Player<'_>, title: Value) -> Value {
    let about = [
        ("policy", "policies"),
        ("sector", "sectors"),
        ("pilot", "pilots"),
        ("migration", "migrations"),
        ("condition", "conditions"),
    ];
    let mut new = json!({
        "title": title, "step": *player.rng.pick(&STEPS), "reviewRequired": player.rng.percent(30),
    });
    if player.rng.percent(60) {
        new["assigneeId"] = json!(player.seat_id().await);
    }
    if player.rng.percent(50) {
        new["dueDate"] = json!(day(player));
    }
    if player.rng.percent(40) {
        let (kind, of) = *player.rng.pick(&about);
        new["subject"] = json!({ "kind": kind, "id": player.id(of) });
    }
    new
}

/// A random patch of some fields of a resource.
pub(super) async fn change(player: &mut Player<'_>, kind: &str) -> Value {
    let mut fields = body(player, kind).await;
    if kind == "migrations" {
        let (done, loaded) = (json!("Unit"), player.rng.below(9));
        let lost = usize::from(loaded < 9 && player.rng.percent(25));
        let mut counts = json!({ "source": 9, "loaded": loaded, "rejected": 9 - loaded - lost });
        if player.rng.percent(20) {
            counts["reason"] = because();
        }
        let more = json!({ "reconciliation": counts, "receivingUnit": done, "serviceOwner": done });
        fields = with(fields, more);
    }
    let all = fields.as_object().unwrap().clone();
    let is_changed = |player: &mut Player<'_>| player.rng.percent(35);
    let mut some: serde_json::Map<_, _> = all.into_iter().filter(|_| is_changed(player)).collect();
    let clear = some.keys().nth(player.rng.below(4)).cloned().filter(|_| player.rng.percent(10));
    if let Some(name) = clear {
        some.insert(name, Value::Null);
    }
    Value::Object(some)
}

/// Makes a body invalid, sometimes.
pub(super) fn spoil(player: &mut Player<'_>, mut body: Value) -> Value {
    if !player.rng.percent(4) {
        return body;
    }
    let names: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
    if names.is_empty() || player.rng.percent(20) {
        body["unheardOf"] = json!(true);
        return body;
    }
    let name = player.rng.pick(&names).clone();
    let wrong = [Value::Null, json!(""), json!(-1), json!("0199f0c2"), json!({ "en": "" }), json!([[]])];
    body[name] = player.rng.pick(&wrong).clone();
    body
}

/// A request with the version that was read, most of the time.
pub(super) fn versioned(player: &mut Player<'_>, draft: Draft, of: &Resource) -> Draft {
    match player.rng.below(100) {
        0 => draft,
        1..3 => draft.header("If-Match", "\"99999.0000\""),
        _ => draft.header("If-Match", &of.etag),
    }
}

/// The transitions that a resource allowed when it was read.
pub(super) fn allowed(it: &Resource) -> Vec<String> {
    let transitions = it["availableTransitions"].as_array().into_iter().flatten();
    let open = transitions.filter(|transition| transition["allowed"] == true);
    open.filter_map(|transition| transition["to"].as_str().map(str::to_owned)).collect()
}
