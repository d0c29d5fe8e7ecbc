//! Verifying what happened, hearing of it, keeping it, and reading what was refused.

use crate::support::client::Draft;
use crate::contract::operation_cases::Case;

cases! {
    verifyAudit |app| Draft::get(app.a("/audit/verification"));
    streamEvents |app| Draft::get(app.a("/events/stream"));
    streamMyFeed |app| Draft::get("/v1/me/feed/stream");
    downloadArchive |app| Draft::get(app.a("/archive"));
    listRefusedAttempts |app| Draft::get("/v1/refused-attempts");
}
