//! Tables of activities.

use super::{fuzz, junk};
use crate::support::TestApp;
use crate::support::client::Draft;
use crate::support::random::Rng;

const HEADINGS: [&str; 20] = [
    "Title",
    "Subject",
    "title.en",
    "العنوان (بالعربية)",
    "Description",
    "Due date",
    "Priority",
    "Status",
    "Assignee",
    "Step",
    "Review required",
    "#",
    "",
    "الموضوع",
    "تاريخ الاستحقاق",
    "Finish date",
    "id",
    "\u{feff}Title",
    "'=x",
    "\"a\"",
];

const VALUES: [&str; 24] = [
    "Collect the policies",
    "سياسة",
    "2026-12-15",
    "03/04/2026",
    "31.12.2026",
    "15 Dec 2026",
    "High",
    "عالية",
    "done",
    "Yes",
    "نعم",
    "policy",
    "'=1+1",
    "=1+1",
    "\"",
    "\"\"",
    "\"open",
    "",
    " ",
    "\u{202e}x",
    "999999999999",
    "-1",
    "00/00/0000",
    "x\0y",
];

fn cell(rng: &mut Rng, some: &[&str]) -> String {
    let text = if rng.percent(85) { (*rng.pick(some)).to_owned() } else { junk::text(rng) };
    if rng.percent(40) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn made(rng: &mut Rng) -> Vec<u8> {
    let delimiter = *rng.pick(&[",", ",", ";", "\t", "|"]);
    let end = *rng.pick(&["\n", "\r\n", "\r"]);
    let columns = 1 + rng.below(6);
    let mut table = String::new();
    for row in 0..=rng.below(6) {
        let cells = if rng.percent(90) { columns } else { rng.below(9) };
        let some: &[&str] = if row == 0 { &HEADINGS } else { &VALUES };
        let cells: Vec<_> = (0..cells).map(|_| cell(rng, some)).collect();
        table.push_str(&cells.join(delimiter));
        table.push_str(end);
    }
    let bytes = match rng.below(6) {
        0 => table.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        1 => format!("\u{feff}{table}").into_bytes(),
        2 => format!("sep={delimiter}\r\n{table}").into_bytes(),
        _ => table.into_bytes(),
    };
    if rng.percent(15) { junk::mutated(rng, &bytes) } else { bytes }
}

#[tokio::test]
async fn a_table_is_imported_as_a_whole_or_not_at_all() {
    let app = TestApp::start().await;
    let mut before = app.db_count("select count(*) from activities").await;
    fuzz("tables", async |rng| {
        let table = made(rng);
        let query =
            ["", "?dates=mdy", "?encoding=windows-1256", "?encoding=utf-16le", "?skipUnknownAssignees=true"];
        let path = app.a(&format!("/activities/import{}", rng.pick(&query)));
        let draft = Draft::new(reqwest::Method::POST, path).body("text/csv", table.clone());
        let answer = app.as_chair().send(draft).await;
        let after = app.db_count("select count(*) from activities").await;
        let told = format!("{}: {}", String::from_utf8_lossy(&table), answer.text());
        match answer.status {
            200 => {
                let created = answer.json()["created"].as_i64().unwrap();
                assert_eq!(after - before, created, "{told}");
            }
            400 | 409 | 429 => assert_eq!(after, before, "{told}"),
            other => panic!("{other}: {told}"),
        }
        before = after;
        if after > 3000 {
            let table =
                format!("delete from activities where task_force_id = '{}' and number > 100", app.world().a);
            app.db().await.batch_execute(&table).await.unwrap();
            before = app.db_count("select count(*) from activities").await;
        }
    })
    .await;
}
