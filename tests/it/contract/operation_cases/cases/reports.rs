//! Reports.

use serde_json::{Value, json};

use crate::support::client::Draft;
use crate::contract::operation_cases::Case;

fn report() -> Value {
    json!({ "recommendation": "continue", "summary": { "en": "It goes well" } })
}

cases! {
    listReports |app| Draft::get(app.a("/reports"));
    createReport |app| Draft::post(app.a("/reports"), &report());
    getReport |app| Draft::get(app.as_chair().create(app.a("/reports"), report()).await.path);
}
