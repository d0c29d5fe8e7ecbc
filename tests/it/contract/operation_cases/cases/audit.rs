//! Verifying what happened, and reading what was refused.

use crate::support::client::Draft;
use crate::contract::operation_cases::Case;

cases! {
    verifyAudit |app| Draft::get(app.a("/audit/verification"));
    listRefusedAttempts |app| Draft::get("/v1/refused-attempts");
}
