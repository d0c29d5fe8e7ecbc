//! Reports.

use serde_json::{Value, json};

use super::{LEAD, READ};
use crate::support::Who;
use crate::support::client::Draft;
use crate::walk::Case;

fn report() -> Value {
    json!({ "recommendation": "continue", "summary": { "en": "It goes well" } })
}

cases! {
    listReports READ CouncilMember |app| Draft::get(app.a("/reports"));
    createReport LEAD Chair |app| Draft::post(app.a("/reports"), &report());
    getReport READ CouncilMember |app| Draft::get(app.as_chair().create(app.a("/reports"), report()).await.path);
}
