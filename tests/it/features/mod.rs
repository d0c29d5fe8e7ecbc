//! What each feature promises: one file per feature, named as in `src/http/endpoints`.

mod activities;
mod api_keys;
mod audit;
mod conditions;
mod decisions;
mod events;
mod evidence;
mod me;
mod members;
mod migrations;
mod pilots;
mod policies;
mod refused_attempts;
mod reports;
mod sectors;
mod sessions;
mod sign_in;
mod status;
mod steps;
mod story;
mod submissions;
mod task_forces;
