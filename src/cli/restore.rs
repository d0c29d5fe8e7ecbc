//! The command `restore`.

use std::path::PathBuf;

use clap::Args;

use super::admin::app_over;
use super::serve::Database;
use super::settings::DatabaseSettings;
use super::verify_audit::open_archive;
use super::{Failure, print};
use crate::app::restore::{IntactArchive, RestoreError, Restored};
use crate::domain::text::Language;

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    #[command(flatten)]
    database: DatabaseSettings,
    /// Archive of a task force, which is not in the database.
    #[arg(value_name = "FILE")]
    archive: PathBuf,
}

/// Restores a task force from its archive.
pub(super) async fn restore(args: RestoreArgs) -> Result<(), Failure> {
    let RestoreArgs { database: settings, archive: file } = args;
    // Before the database is opened, and migrated.
    let verified = tokio::task::spawn_blocking(move || {
        IntactArchive::verified(open_archive(&file)?, open_archive(&file)?).map_err(not_restored)
    });
    let archive = verified.await.map_err(Failure::failed)??;
    let database = Database::open_or_join(&settings).await?;
    let restored = async {
        database.migrate(&settings).await?;
        app_over(&database)?.restore(archive).await.map_err(not_restored)
    };
    let restored = restored.await;
    database.close().await?;
    let Restored { task_force_id, name, rows, head, people, new_people } = restored?;
    let known = people.saturating_sub(new_people);
    print(&format!(
        "{task_force_id} restored: {}\n{rows} rows; {} events, head {}\n\
         {people} people: {known} were known by their id, {new_people} are new and disabled: an administrator \
         gives them an address, enables and invites them\n",
        name.in_language(Language::English),
        head.seq,
        head.hash,
    ))
}

fn not_restored(error: RestoreError) -> Failure {
    Failure::failed(format!("{error}; nothing was restored"))
}
