//! The operations of the contract, one file per feature: its request and response types, its handlers, and their
//! registration. What features share is in the parent module.

mod activities;
mod api_keys;
mod archive;
mod assessments;
mod audit;
mod calendar_links;
mod checklist_items;
mod comments;
mod conditions;
mod council;
mod decisions;
mod events;
mod evidence;
mod feed;
mod feed_stream;
mod health_statements;
mod indicators;
mod live_events;
mod me;
mod measurements;
mod members;
mod migrations;
mod notifications;
mod page_links;
mod password_links;
mod pilots;
mod policies;
mod refused_attempts;
mod reports;
mod sectors;
mod service;
mod sessions;
mod share_links;
mod sign_in;
mod status;
mod steps;
mod studies;
mod submissions;
mod task_forces;
mod users;
mod webhooks;

use super::openapi::operation_list::Operations;

pub(super) use events::sent_event;

/// Every operation of the contract. What isn't registered here doesn't exist, neither as a route nor in the
/// OpenAPI document.
pub(super) fn operations(config: &mut Operations<'_, '_>) {
    // The router tries the routes one after the other, so the most frequent operations come first.
    status::operations(config);
    activities::operations(config);
    me::operations(config);
    notifications::operations(config);
    feed::operations(config);
    feed_stream::operations(config);
    comments::operations(config);
    events::operations(config);
    live_events::operations(config);
    steps::operations(config);
    submissions::operations(config);
    policies::operations(config);
    reports::operations(config);
    sectors::operations(config);
    assessments::operations(config);
    studies::operations(config);
    pilots::operations(config);
    indicators::operations(config);
    measurements::operations(config);
    migrations::operations(config);
    checklist_items::operations(config);
    evidence::operations(config);
    decisions::operations(config);
    conditions::operations(config);
    council::operations(config);
    task_forces::operations(config);
    members::operations(config);
    health_statements::operations(config);
    sign_in::operations(config);
    password_links::operations(config);
    sessions::operations(config);
    api_keys::operations(config);
    share_links::operations(config);
    calendar_links::operations(config);
    page_links::operations(config);
    webhooks::operations(config);
    users::operations(config);
    audit::operations(config);
    archive::operations(config);
    refused_attempts::operations(config);
    service::operations(config);
}
