//! The demo: three task forces in the deck's words, told through the use cases.
//!
//! One city has a whole cycle behind it, one is in the middle of its third step, one is still forming. The story is
//! lived on a clock of its own that begins more than a year ago, so that its events are dated as they would be. The
//! cities and the people are invented.

mod content;
mod nur;
mod people;
mod seeder;
mod sidra;
mod wadi;

use secrecy::SecretString;
use uuid::Uuid;

pub use people::{ACCOUNTS, known};
use seeder::Seeder;

use crate::app::{App, Result};
use crate::db;
use crate::db::task_forces::TaskForceFilter;
use crate::domain::task_force::TaskForceState;

/// How many task forces the story founds. None is ever deleted, so the last one says that it was told to its end.
const TASK_FORCES: i64 = 3;

/// How much of the story a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Nobody has been here yet.
    Nothing,
    /// It was interrupted.
    Half,
    /// All of it, or something else altogether.
    All,
}

/// How much of the story is in the database.
///
/// # Errors
/// Those of the database.
pub async fn told(app: &App) -> Result<Told> {
    let [(first, _), ..] = ACCOUNTS;
    app.with_conn(async |conn| {
        if !db::users::are_any(conn).await? {
            return Ok(Told::Nothing);
        }
        let began = db::users::has_account(conn, first).await?;
        let founded = db::task_forces::list(conn, &TaskForceFilter::default(), None, TASK_FORCES).await?;
        let all = i64::try_from(founded.items.len()).is_ok_and(|founded| founded >= TASK_FORCES);
        Ok(if began && !all { Told::Half } else { Told::All })
    })
    .await
}

/// The task force to show: the first active one.
///
/// # Errors
/// Those of the database.
pub async fn shown_task_force(app: &App) -> Result<Option<Uuid>> {
    let filter = TaskForceFilter { state: Some(TaskForceState::Active), ..TaskForceFilter::default() };
    let page = app.with_conn(async |conn| Ok(db::task_forces::list(conn, &filter, None, 1).await?)).await?;
    Ok(page.items.first().map(|task_force| task_force.id))
}

/// Writes the demo data into an empty database; answers the task force to show.
///
/// # Errors
/// Whatever a use case refuses: then the story is wrong.
pub async fn tell(app: &App, password: &SecretString) -> Result<Uuid> {
    let mut seeder = Seeder::new(app, password, sidra::BEGINS);
    seeder.invite_everybody().await?;

    let mut sidra = sidra::whole_cycle(&mut seeder).await?;
    let mut nur = nur::found(&mut seeder).await?;
    nur::policies(&mut seeder, &mut nur).await?;
    sidra::conditions(&mut seeder, &mut sidra).await?;
    nur::sectors(&mut seeder, &mut nur).await?;
    nur::pilots(&mut seeder, &mut nur).await?;
    // The last one: see `told`.
    wadi::found(&mut seeder).await?;
    seeder.sign_everybody_out().await?;
    Ok(nur.id)
}
