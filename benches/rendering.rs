//! The time of renderings: a report of a task force with 200 activities and 10 pilots as a page and as PDF, and sheets with
//! 50,000 rows. `make bench` runs the benchmarks in the profile of releases.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot begin has no result")]

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use serde_json::{Value, json};
use taskforce::domain::activity::ActivityState;
use taskforce::domain::report::{ReportFormat, ReportModel};
use taskforce::domain::text::{Language, LocalizedText};
use taskforce::domain::vocabulary::Vocabulary as _;
use taskforce::render::files::{self, FORMS};
use taskforce::render::report::{ReportFacts, document};
use taskforce::render::sheet::{Cell, Reader, Sheet, Width};
use taskforce::render::{csv, xlsx};
use uuid::Uuid;

/// The rows of a sheet, and of the slices in which the service renders a sheet.
const ROWS: i32 = 50_000;
const SLICE: usize = 500;

fn main() {
    // The first rendering reads fonts and templates, which a service reads when it starts.
    for format in FORMS {
        files::file(&document(&report(), &facts(), Language::Arabic), *format).unwrap();
    }
    divan::main();
}

/// A report in each form, from its stored content to the bytes of the file.
#[divan::bench(args = FORMS.iter().flat_map(|format| Language::ALL.iter().map(move |language| Rendering(*format, *language))))]
fn report_of_200_activities_and_10_pilots(bencher: Bencher<'_, '_>, Rendering(format, language): Rendering) {
    let (model, facts) = (report(), facts());
    let rendered = || files::file(&document(&model, &facts, language), format);
    let bytes = rendered().unwrap().len();
    bencher.counter(BytesCount::new(bytes)).bench(rendered);
}

/// A sheet in CSV, in slices.
#[divan::bench(args = [Language::English, Language::Arabic], sample_count = 10)]
fn csv_of_50_000_rows(bencher: Bencher<'_, '_>, language: Language) {
    let (sheet, rows) = (sheet(language), rows());
    let reader = reader(language);
    bencher.counter(ItemsCount::new(rows.len())).bench(|| {
        let mut bytes = csv::headings(&sheet.layout(&reader), true)?.len();
        for slice in rows.chunks(SLICE) {
            let cells: Vec<_> = slice.iter().map(|row| sheet.row(row, &reader)).collect();
            bytes += csv::rows(&cells)?.len();
        }
        Ok::<_, Box<dyn std::error::Error>>(bytes)
    });
}

/// A workbook, in slices.
#[divan::bench(args = [Language::English, Language::Arabic], sample_count = 5)]
fn xlsx_of_50_000_rows(bencher: Bencher<'_, '_>, language: Language) {
    let (sheet, rows) = (sheet(language), rows());
    let reader = reader(language);
    bencher.counter(ItemsCount::new(rows.len())).bench(|| {
        let mut book = xlsx::Book::new(&sheet.layout(&reader), DateTime::UNIX_EPOCH)?;
        for slice in rows.chunks(SLICE) {
            let cells: Vec<_> = slice.iter().map(|row| sheet.row(row, &reader)).collect();
            book.add(&cells)?;
        }
        book.save()
    });
}

/// A form of a report in a language.
#[derive(Debug, Clone, Copy)]
struct Rendering(ReportFormat, Language);

/// A row with the kinds of cells that a list of activities has.
struct Row {
    number: i32,
    title: LocalizedText,
    state: ActivityState,
    due_date: NaiveDate,
    changed_at: DateTime<Utc>,
    id: Uuid,
}

fn rows() -> Vec<Row> {
    let row = |number: i32| Row {
        number,
        title: LocalizedText::both(
            format!("حصر السياسات النافذة {number}"),
            format!("List the policies {number}"),
        ),
        state: ActivityState::InProgress,
        due_date: day(u64::from(number.unsigned_abs() % 365)),
        changed_at: DateTime::UNIX_EPOCH + TimeDelta::minutes(i64::from(number)),
        id: Uuid::from_u128(u128::from(number.unsigned_abs())),
    };
    (1..=ROWS).map(row).collect()
}

/// A sheet with as many columns as that of activities.
fn sheet(language: Language) -> Sheet<Row> {
    let mut sheet = Sheet::<Row>::new(language, "Activities", "الأنشطة")
        .column("number", ("No.", "الرقم"), Width::Narrow, |row, _| row.number.into())
        .column("state", ("State", "الحالة"), Width::Usual, |row, reader| reader.word(row.state))
        .column("dueDate", ("Due date", "تاريخ الاستحقاق"), Width::Usual, |row, _| {
            row.due_date.into()
        })
        .column("updatedAt", ("Last changed at", "وقت آخر تغيير"), Width::Usual, |row, reader| {
            reader.time(row.changed_at)
        })
        .column("empty", ("Empty", "فارغ"), Width::Usual, |_, _| Cell::Empty)
        .column("id", ("Id", "المعرّف"), Width::Id, |row, _| row.id.into());
    for name in ["title", "description", "reason", "subject", "assignee", "step", "note"] {
        sheet = sheet.text(name, ("Title", "العنوان"), Width::Wide, |row| Some(&row.title));
    }
    sheet
}

fn reader(language: Language) -> Reader {
    Reader { language, labels: true, today: day(0), time_zone: chrono_tz::Tz::UTC }
}

fn day(after: u64) -> NaiveDate {
    DateTime::UNIX_EPOCH.date_naive() + Days::new(20_000 + after)
}

fn facts() -> ReportFacts {
    ReportFacts {
        hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        submitted_at: None,
    }
}

/// The content of a report. All of its lists are as long as a report may have them.
fn report() -> ReportModel {
    let id = |number: u32| json!(Uuid::from_u128(u128::from(number)));
    let text = |en: &str, number: u32| json!({ "en": format!("{en} {number}"), "ar": format!("بند من بنود التقرير رقم {number}") });
    let dated = |after: u32| json!(day(u64::from(after)));
    let time = "2026-11-20T22:30:00Z";
    let person = |number| json!({ "memberId": id(number), "name": text("Member", number) });
    let maturity = |level: u32| json!({ "level": level, "assessedOn": day(0) });
    let activity = |number| {
        json!({ "id": id(number), "number": number, "title": text("Activity", number), "step": "pilots", "state": "done",
                "dueDate": dated(number), "assignee": text("Member", number % 7) })
    };
    let indicator = |number| {
        json!({ "name": text("Indicator", number), "unit": "min", "direction": "down", "baseline": "9.50", "target": "5",
                "actual": "4", "measuredOn": day(0), "verdict": "reached" })
    };
    let pilot = |number| {
        json!({ "id": id(number), "title": text("Pilot", number), "sectorId": id(number % 5), "sectorName": text("Sector", number % 5),
                "policyId": id(number), "owner": person(number % 7), "aims": ["sustainable"], "startDate": day(0),
                "endDate": dated(90), "state": "evaluated", "stateReason": null, "outcome": "scale",
                "lessons": text("Lesson", number), "indicators": (0..3).map(indicator).collect::<Vec<_>>() })
    };
    let vote = |number| json!({ "memberId": id(number), "name": text("Member", number), "choice": "approve", "comment": "Good", "reason": null });
    let step = |name: &str| {
        json!({ "step": name, "state": "passed", "targetDate": dated(30), "openedAt": time, "passedAt": time, "waivers": [],
                "submissions": [{
                    "id": id(1), "state": "passed", "submittedAt": time, "decidedAt": time,
                    "votes": (0..7).map(vote).collect::<Vec<_>>(),
                    "tally": { "entitled": 7, "denominator": 7, "approve": 7, "return": 0, "abstain": 0, "recuse": 0, "absent": 0, "pending": 0 },
                }] })
    };
    let steps = ["policy", "sectors", "pilots", "migration", "report"].map(step);
    let list = |count: u32, item: &dyn Fn(u32) -> Value| (1..=count).map(item).collect::<Vec<_>>();
    let model = json!({
        "control": { "number": 1, "taskForceId": id(1), "name": text("Task force", 1), "city": text("City", 1), "cycle": 1,
                     "timeZone": "Asia/Amman", "asOf": time, "author": person(1), "period": { "from": time, "to": time },
                     "supersedes": null, "lastSeq": 412, "headHash": "ab12" },
        "asked": { "recommendation": "continue", "returnToStep": null, "summary": text("Summary", 1) },
        "health": { "health": "onTrack", "note": null, "statedAt": time },
        "steps": steps,
        "policies": list(20, &|number| json!({ "id": id(number), "title": text("Policy", number), "kind": "policy",
            "reference": "Decree 14", "aims": ["sustainable"], "adoptedAt": time })),
        "sectors": list(5, &|number| json!({ "id": id(number), "name": text("Sector", number), "state": "studied",
            "stateReason": null, "first": maturity(1), "now": maturity(2), "target": maturity(4),
            "studies": [{ "id": id(number), "title": text("Study", number), "recommendation": text("Open it", number) }] })),
        "pilots": list(10, &pilot),
        "migrations": list(5, &|number| json!({ "id": id(number), "title": text("Migration", number), "pilotId": id(number),
            "pilotTitle": text("Pilot", number), "targetSystem": "Portal", "plannedOn": day(0), "state": "handedOver", "stateReason": null, "checklistDone": 5,
            "checklistTotal": 5, "reconciliation": { "source": 10, "loaded": 10, "rejected": 0, "difference": 0, "reason": null },
            "receivingUnit": "Digital services", "serviceOwner": "Sami" })),
        "aims": list(1, &|number| json!({ "aim": "sustainable", "policyIds": [id(number)], "pilotIds": [id(number)], "served": true })),
        "activities": { "done": 120, "open": 80, "overdue": 40, "doneSince": 120, "doneItems": list(120, &activity),
                        "overdueItems": list(40, &activity) },
        "timeline": {
            "day": day(0), "nextCouncilDate": dated(30), "due": 80,
            "history": list(26, &|number| json!({ "day": dated(number * 7), "planned": 40, "inProgress": 30, "inReview": 5,
                "blocked": 5, "done": number * 4, "cancelled": 2 })),
            "dueItems": list(80, &|number| json!({ "id": id(number), "number": number, "title": text("Activity", number), "dueDate": dated(number) })),
        },
        "risks": { "total": 45, "items": list(45, &|number| json!({ "kind": "activity", "id": id(number), "number": number,
            "title": text("Activity", number), "why": "overdue", "reason": null, "since": null, "dueDate": dated(number),
            "assignee": text("Member", number % 7) })) },
        "decisions": list(3, &|number| json!({ "number": number, "reportNumber": number, "outcome": "continue", "returnToStep": null,
            "decidedOn": day(0), "meetingReference": "Council 7", "supersedes": null, "departs": false, "conditions": [] })),
        "lessons": list(10, &|number| json!({ "pilotId": id(number), "title": text("Pilot", number), "outcome": "scale", "lessons": text("Lesson", number) })),
        "members": list(7, &|number| json!({ "memberId": id(number), "name": text("Member", number), "role": "expert",
            "expertise": "Open data", "fromDate": day(0), "toDate": null, "endReason": null })),
        "recusals": [],
        "evidence": list(100, &|number| json!({ "id": id(number), "subject": { "kind": "pilot", "id": id(number), "title": text("Pilot", number) },
            "title": text("Minutes", number), "url": "https://city.example/minutes", "sha256": null, "mediaType": null, "size": null })),
    });
    serde_json::from_value(model).unwrap()
}
