//! Verifying what happened, keeping it, and reading what was refused.

use crate::support::client::Draft;
use crate::contract::operation_cases::Case;

cases! {
    verifyAudit |app| Draft::get(app.a("/audit/verification"));
    downloadArchive |app| Draft::get(app.a("/archive"));
    listRefusedAttempts |app| Draft::get("/v1/refused-attempts");
}
