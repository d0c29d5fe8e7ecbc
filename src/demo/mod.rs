//! The demo data: three task forces with the vocabulary of the source presentation, entered through the use cases.
//!
//! One city has completed a cycle, one is in its third step, and one is still forming. The seeder has a clock of its
//! own that starts more than a year ago, so that all events have plausible dates. Cities and people are invented.

mod content;
mod nur;
mod people;
mod seeder;
mod sidra;
mod wadi;

use secrecy::SecretString;
use uuid::Uuid;

pub use people::{ACCOUNTS, account_details};
use seeder::Seeder;

use crate::app::{App, Result};
use crate::db;
use crate::db::page::{NameOrder, Window};
use crate::db::task_forces::TaskForceFilter;
use crate::domain::task_force::TaskForceState;

/// The number of task forces in the demo data. No task force is ever deleted, so the presence of the last one shows
/// that seeding was completed.
const TASK_FORCES: i64 = 3;

/// The share of the demo data that a database contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeedState {
    /// The database contains no users.
    Empty,
    /// Seeding was interrupted.
    Partial,
    /// The database contains all demo data, or data that is not from the demo.
    Complete,
}

/// The share of the demo data that the database contains.
///
/// # Errors
/// Errors of the database.
pub async fn seed_state(app: &App) -> Result<SeedState> {
    let [(first_account, _), ..] = ACCOUNTS;
    app.with_conn(async |conn| {
        if !db::users::exists(conn).await? {
            return Ok(SeedState::Empty);
        }
        let is_demo = db::users::has_account(conn, first_account).await?;
        let oldest_first = NameOrder::CreatedAt(None);
        let task_forces =
            db::task_forces::list(conn, &TaskForceFilter::default(), &oldest_first, Window::of(TASK_FORCES))
                .await?;
        let are_all = i64::try_from(task_forces.items.len()).is_ok_and(|count| count >= TASK_FORCES);
        Ok(if is_demo && !are_all { SeedState::Partial } else { SeedState::Complete })
    })
    .await
}

/// The task force that the greeting shows: the first active one.
///
/// # Errors
/// Errors of the database.
pub async fn shown_task_force(app: &App) -> Result<Option<Uuid>> {
    let filter = TaskForceFilter { state: Some(TaskForceState::Active), ..TaskForceFilter::default() };
    let oldest_first = NameOrder::CreatedAt(None);
    let page = app
        .with_conn(async |conn| Ok(db::task_forces::list(conn, &filter, &oldest_first, Window::of(1)).await?))
        .await?;
    Ok(page.items.first().map(|listed| listed.row.task_force.id))
}

/// Writes the demo data into an empty database, and returns the task force that the greeting shows.
///
/// # Errors
/// Any error of a use case: the demo data break one of its rules.
pub async fn seed(app: &App, password: &SecretString) -> Result<Uuid> {
    let mut seeder = Seeder::new(app, password, sidra::FIRST_DAY);
    seeder.create_accounts().await?;

    let mut sidra = sidra::complete_cycle(&mut seeder).await?;
    let mut nur = nur::create(&mut seeder).await?;
    nur::policies(&mut seeder, &mut nur).await?;
    sidra::conditions(&mut seeder, &mut sidra).await?;
    nur::sectors(&mut seeder, &mut nur).await?;
    nur::pilots(&mut seeder, &mut nur).await?;
    // The last one: see `TASK_FORCES`.
    wadi::create(&mut seeder).await?;
    seeder.end_sessions().await?;
    Ok(nur.id)
}
