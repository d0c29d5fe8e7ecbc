use serde_json::{Value, json};

use super::*;
use crate::domain::characters;
use crate::domain::report::ReportList;
use crate::domain::vocabulary::Vocabulary as _;
use crate::render::bidi;
use crate::render::document::{Block, Line, plain};
use crate::render::html::html;
use crate::render::words::assert_bilingual;

/// A text in both languages that begins a change of the direction, and never ends it.
fn text(text: &str) -> Value {
    json!({ "en": format!("{text}\u{202e}\u{2066}"), "ar": format!("\u{2069}نص {text}\u{2067}") })
}

/// A report in which nothing is missing.
fn full() -> Value {
    let (id, day, time) = ("00000000-0000-7000-8000-000000000001", "2026-11-20", "2026-11-20T22:30:00Z");
    let person = json!({ "memberId": id, "name": text("Omar") });
    let maturity = |level: i32| json!({ "level": level, "assessedOn": day });
    let indicator = |verdict: &str, reason: Value| {
        json!({
            "name": text("Delay"), "unit": "min", "direction": "down", "baseline": "9.50", "target": "5", "actual": "4",
            "measuredOn": day, "verdict": verdict, "retirementReason": reason,
        })
    };
    let evaluation = |number: i32| {
        json!({ "number": number, "cycle": 1, "outcome": "extend", "lessons": text("Ask first"), "evaluatedAt": time,
                "indicators": [] })
    };
    let vote = |choice: &str| json!({ "memberId": id, "name": text("Omar"), "choice": choice, "comment": "Good \u{202e}work", "reason": text("Kin") });
    let activity = json!({
        "id": id, "number": 7, "title": text("Print"), "step": "pilots", "state": "done", "dueDate": day,
        "assignee": text("Omar"),
    });
    let change = |kind: &str, aspect: &str, before: Value, after: Value| json!({ "kind": kind, "id": id, "title": text("Thing"), "aspect": aspect, "before": before, "after": after });
    json!({
        "control": {
            "number": 2, "taskForceId": id, "name": text("Nur"), "city": text("Nur City"), "cycle": 1,
            "timeZone": "Asia/Amman", "asOf": time, "author": person, "period": { "from": time, "to": time },
            "supersedes": 1, "lastSeq": 412, "headHash": "ab12",
        },
        "asked": { "recommendation": "adjust", "returnToStep": "pilots", "summary": text("Reason") },
        "health": { "health": "atRisk", "note": text("Late"), "statedAt": time },
        "changes": {
            "sinceReport": 1, "since": time,
            "items": [
                change("policy", "added", Value::Null, json!("adopted")),
                change("member", "added", Value::Null, Value::Null),
                change("pilot", "removed", json!("proposed"), Value::Null),
                change("pilot", "state", json!("planned"), json!("running")),
                change("sector", "maturity", Value::Null, json!("3")),
                change("indicator", "value", json!("4 min (mean)"), Value::Null),
            ],
        },
        "steps": [{
            "step": "policy", "state": "passed", "targetDate": day, "openedAt": time, "passedAt": time,
            "submissions": [{
                "id": id, "state": "passed", "submittedAt": time, "decidedAt": time,
                "tally": { "entitled": 6, "denominator": 5, "approve": 4, "return": 1, "abstain": 0, "recuse": 1, "absent": 0, "pending": 0 },
                "votes": [vote("approve"), vote("recuse")],
            }],
            "adjustmentNotes": [{ "decisionNumber": 1, "note": text("Nothing"), "memberId": id, "name": text("Layla"), "at": time }],
            "waivers": [{ "criterion": "activitiesSettled", "reason": text("Later"), "memberId": id, "name": text("Layla"), "at": time }],
        }],
        "policies": [{ "id": id, "title": text("Open data"), "kind": "policy", "reference": "Decree 14", "aims": ["sustainable"], "adoptedAt": time }],
        "sectors": [{
            "id": id, "name": text("Transport"), "state": "studied", "stateReason": text("Large"), "first": maturity(1),
            "now": maturity(2), "target": maturity(4),
            "studies": [{ "id": id, "title": text("Study"), "recommendation": text("Open it") }],
        }],
        "pilots": [{
            "id": id, "title": text("Buses"), "sectorId": id, "sectorName": text("Transport"), "policyId": id,
            "policyTitle": text("Open data"), "owner": person, "aims": ["sustainable"], "startDate": day, "endDate": day,
            "state": "evaluated", "stateReason": text("Done"), "outcome": "scale", "lessons": text("Ask first"),
            "indicators": [indicator("reached", Value::Null), indicator("retired", text("No data"))],
            "evaluations": [evaluation(1), evaluation(2)],
        }],
        "migrations": [{
            "id": id, "title": text("Move"), "pilotId": id, "pilotTitle": text("Buses"), "targetSystem": "Portal",
            "plannedOn": day, "state": "handedOver", "stateReason": text("Done"), "checklistDone": 4, "checklistTotal": 5,
            "reconciliation": { "source": 10, "loaded": 8, "rejected": 1, "difference": 1, "reason": text("Lost") },
            "receivingUnit": "Digital services", "serviceOwner": "Sami",
        }],
        "aims": [
            { "aim": "sustainable", "policyIds": [id], "pilotIds": [id], "served": true },
            { "aim": "generatesWealth", "policyIds": [], "pilotIds": [], "served": false },
        ],
        "activities": {
            "done": 31, "open": 6, "overdue": 2, "doneSince": 5, "doneItems": [activity], "overdueItems": [activity],
        },
        "risks": { "total": 3, "items": [
            { "kind": "activity", "id": id, "number": 9, "title": text("Print"), "why": "blocked", "reason": text("Closed"),
              "since": time, "dueDate": day, "assignee": text("Omar") },
            { "kind": "migration", "id": id, "number": null, "title": text("Move"), "why": "reconciliationDifference",
              "reason": text("Lost"), "since": null, "dueDate": null },
        ] },
        "decisions": [{
            "number": 1, "reportNumber": 1, "outcome": "continue", "returnToStep": null, "reason": text("Well done"),
            "recommendation": "adjust", "recommendedStep": "policy", "decidedOn": day, "meetingReference": "Council 7",
            "supersedes": 3, "departs": true,
            "conditions": [{ "id": id, "text": text("Train"), "owner": person, "dueDate": day, "state": "waived",
                             "stateReason": text("Not needed"), "stateSince": time }],
        }],
        "lessons": [{ "pilotId": id, "title": text("Buses"), "outcome": "scale", "lessons": text("Ask first") }],
        "members": [{ "memberId": id, "name": text("Omar"), "role": "expert", "expertise": "Open data", "fromDate": day,
                      "toDate": day, "endReason": text("Moved") }],
        "recusals": [],
        "evidence": [
            { "id": id, "subject": { "kind": "pilot", "id": id, "title": text("Buses") }, "title": text("Photo"),
              "url": null, "sha256": "cd34", "mediaType": "image/png", "size": 7 },
            { "id": id, "subject": { "kind": "policy", "id": id }, "title": text("Page"), "url": "https://city.example",
              "sha256": null, "mediaType": null, "size": null },
            { "id": id, "subject": { "kind": "decision", "id": id }, "title": text("Minutes"), "url": null, "sha256": "ef56",
              "mediaType": "application/pdf", "size": 9, "fileRemoved": true },
        ],
        "abridged": ReportList::ALL.iter().map(|list| json!({ "list": list, "listed": 2, "total": 614 })).collect::<Vec<_>>(),
    })
}

fn made(model: &Value, language: Language, submitted: bool) -> Document {
    let model: ReportModel = serde_json::from_value(model.clone()).unwrap();
    let submitted_at = submitted.then_some(model.control.as_of);
    document(&model, &ReportFacts { hash: "9f86".to_owned(), submitted_at }, language)
}

/// Every line of a document.
fn lines(document: &Document) -> Vec<&Line> {
    let blocks = document.sections.iter().flat_map(|section| &section.blocks);
    [&document.title, &document.footer].into_iter().chain(blocks.flat_map(lines_of_block)).collect()
}

fn lines_of_block(block: &Block) -> Vec<&Line> {
    match block {
        Block::Heading(line) | Block::Paragraph(line) => vec![line],
        Block::Frame(lines) | Block::List(lines) => lines.iter().collect(),
        Block::Facts(facts) => facts.iter().map(|fact| &fact.value).collect(),
        Block::Table(table) => {
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{table:?}");
            std::iter::once(&table.caption).chain(table.rows.iter().flatten()).collect()
        }
        Block::Chart(_) => Vec::new(),
    }
}

/// The shape of a document: its sections with the kinds and sizes of their blocks.
fn shape(document: &Document) -> Vec<String> {
    let block = |block: &Block| match block {
        Block::Heading(_) => "heading".to_owned(),
        Block::Paragraph(_) => "paragraph".to_owned(),
        Block::Frame(lines) => format!("frame of {}", lines.len()),
        Block::List(items) => format!("list of {}", items.len()),
        Block::Facts(facts) => format!("{} facts", facts.len()),
        Block::Table(table) => format!("table of {} by {}", table.rows.len(), table.columns.len()),
        Block::Chart(_) => "chart".to_owned(),
    };
    let sections = document.sections.iter();
    sections
        .flat_map(|section| section.blocks.iter().map(move |one| format!("{}: {}", section.id, block(one))))
        .collect()
}

#[test]
fn a_report_has_the_same_parts_in_both_languages_and_the_recommendation_first() {
    let (english, arabic) = (made(&full(), Language::English, true), made(&full(), Language::Arabic, true));
    assert_eq!(shape(&english), shape(&arabic));
    let ids: Vec<_> = english.sections.iter().map(|section| section.id).collect();
    let expected = [
        "summary",
        "changes",
        "steps",
        "policies",
        "sectors",
        "pilots",
        "migrations",
        "aims",
        "activities",
        "risks",
        "decisions",
        "lessons",
        "members",
        "evidence",
        "verification",
    ];
    assert_eq!(ids, expected);
    let Some(Block::Frame(frame)) = english.sections[0].blocks.first() else { panic!("{english:?}") };
    let frame: Vec<_> = frame.iter().map(|line| plain(line)).collect();
    assert!(frame[0].starts_with("The council is asked to decide"), "{frame:?}");
    assert!(frame[1].contains("Adjust: a step of this cycle is done again"), "{frame:?}");
    assert!(frame[2].contains("Plan some activities"), "{frame:?}");
    assert_bilingual::<ReportWords>();
}

#[test]
fn fixed_words_are_in_the_language_of_the_document_alone() {
    for language in Language::ALL.iter().copied() {
        let document = made(&full(), language, false);
        let foreign = |letter: char| match language {
            Language::Arabic => letter.is_ascii_alphabetic(),
            Language::English => bidi::language_of(&letter.to_string()) == Some(Language::Arabic),
        };
        for line in lines(&document) {
            for span in line {
                if let Span::Words(words) = span {
                    // Labels isolate the Latin names that they contain.
                    let own: String =
                        words.split('\u{2066}').map(|part| part.rsplit('\u{2069}').next().unwrap()).collect();
                    assert!(!own.contains(foreign), "{words:?} in {language}");
                    assert!(!words.contains('{'), "{words:?} has an unfilled place");
                }
            }
        }
    }
}

#[test]
fn no_value_turns_the_text_around_it() {
    for language in Language::ALL.iter().copied() {
        let document = made(&full(), language, true);
        let mut values = 0;
        for line in lines(&document) {
            let text = plain(line);
            assert!(characters::has_balanced_direction(&text), "{text:?}");
            assert!(!text.contains('\u{202e}'), "{text:?}");
            values += line.iter().filter(|span| !matches!(span, Span::Words(_) | Span::Break)).count();
        }
        assert!(values > 120, "{values}");
        let html = html(&document).unwrap();
        assert!(!html.contains('\u{202e}'), "controls of the records are harmless");
    }
}

#[test]
fn a_section_says_what_the_record_says() {
    let mut model = full();
    // Without controls of the direction, so that the texts can be found.
    let plain_model = model.to_string().replace(['\u{202e}', '\u{2066}', '\u{2067}', '\u{2069}'], "");
    model = serde_json::from_str(&plain_model).unwrap();
    let document = made(&model, Language::English, true);
    let text: Vec<String> = lines(&document).iter().map(|line| plain(line)).collect();
    let text = text.join("\n").replace(['\u{2066}', '\u{2068}', '\u{2069}'], "");
    for said in [
        "Report 2 to the council: Nur",
        "At risk, as stated on 21 November 2026: Late",
        "Added: Adopted",
        "Added to the report",
        "No longer in the report",
        "State: from Planned to Running",
        "Maturity: Defined",
        "Measured value: none now (before: 4 min (mean))",
        "1. Identify some smart governance policy / framework",
        "Omar (Approve, step 1): Good work",
        "Omar (step 1): Kin",
        "None of the step's activities is open: Later (Layla, 21 November 2026)",
        "Decision 1: Nothing (Layla, 21 November 2026)",
        "2 (Developing), 20 November 2026",
        "Study (Transport): Open it",
        "Indicators of the pilot: Buses",
        "Indicator retired: No data",
        "Evaluation 1, cycle 1, 21 November 2026: Extend",
        "Move: Digital services; responsible for the service: Sami",
        "Served by no pilot",
        "The table lists the first 1 of 5.",
        "Blocked, since 21 November 2026",
        "Move (Migration)",
        "Decision 1 on report 1, 20 November 2026",
        "Adjust: Identify some smart governance policy / framework (the council decided otherwise)",
        "Waived, since 21 November 2026",
        "Not needed",
        "Buses: Scale up",
        "20 November 2026: Moved",
        "Pilot: Buses",
        "Evidence: this report lists 2 of 614.",
        "https://city.example",
        "cd34",
        "ef56 (the file was removed)",
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
}

#[test]
fn an_abridged_list_is_named_on_the_first_page_and_where_it_stands() {
    let document = made(&full(), Language::Arabic, true);
    for list in ReportList::ALL.iter().copied() {
        let said = format!("{}:", list.label().in_language(Language::Arabic));
        let says = |section: &Section| {
            let of_section = section.blocks.iter().flat_map(lines_of_block).map(|line| plain(line));
            of_section.filter(|line| line.contains("يسرد هذا التقرير")).any(|line| line.starts_with(&said))
        };
        let sections: Vec<_> = document.sections.iter().filter(|section| says(section)).collect();
        assert!(sections.len() >= 2 && sections[0].id == "summary", "{list}: {}", sections.len());
    }
    let mut whole = full();
    whole["abridged"] = json!([]);
    let document = made(&whole, Language::English, true);
    assert!(!lines(&document).iter().any(|line| plain(line).contains("this report lists")));
}

#[test]
fn long_reasons_have_a_page_of_their_own_and_old_reports_say_less() {
    let mut model = full();
    model["asked"]["summary"] = json!({ "en": "A reason.\n".repeat(200) });
    let document = made(&model, Language::English, true);
    let reasons = &document.sections[1];
    assert_eq!((reasons.id, reasons.starts_page, reasons.blocks.len()), ("reasons", true, 200));

    let mut old = full();
    for (part, key) in [("/control", "timeZone"), ("", "changes"), ("/decisions/0", "reason")] {
        old.pointer_mut(part).unwrap().as_object_mut().unwrap().remove(key);
    }
    let old = made(&old, Language::English, true);
    assert!(old.sections.iter().all(|section| section.id != "changes"), "nothing is claimed to be unchanged");
    let day = lines(&old).iter().any(|line| plain(line).contains("20 November 2026, 22:30"));
    assert!(day, "times are in UTC where the report has no time zone");
}

#[test]
fn a_draft_is_marked_in_its_language() {
    for (language, mark) in [(Language::English, "Draft"), (Language::Arabic, "مسودة")] {
        assert_eq!(made(&full(), language, false).mark, Some(mark));
        assert_eq!(made(&full(), language, true).mark, None);
    }
}
