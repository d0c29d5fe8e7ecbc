//! The command `verify-audit`, which works with or without a running service, and for an archive without a database.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use uuid::Uuid;

use super::admin::app_over;
use super::serve::Database;
use super::settings::DatabaseSettings;
use super::{Failure, print};
use crate::app::audit::Verification;
use crate::app::{App, Error};
use crate::domain::audit::Break;
use crate::domain::refusal::RefusalCode;
use crate::domain::vocabulary::Vocabulary as _;
use crate::render::archive::Contents;
use crate::render::archive::reader::ArchiveReader;
use crate::render::archive::verification::{self, Verified};

/// The most defects of an archive that are printed one by one.
const MOST_DEFECTS: usize = 100;

/// Arguments of `verify-audit`.
#[derive(Debug, Args)]
pub(super) struct VerifyAuditArgs {
    #[command(flatten)]
    database: DatabaseSettings,
    /// Task force whose events are verified; if not set, all are.
    #[arg(long, value_name = "ID")]
    task_force: Option<Uuid>,
    /// Archive of a task force, which is verified in place of the database: every member, the events and all hashes.
    #[arg(long, value_name = "FILE", conflicts_with = "task_force")]
    archive: Option<PathBuf>,
}

/// Verifies chains of events, prints a line for each, and fails if one is broken.
pub(super) async fn verify(args: VerifyAuditArgs) -> Result<(), Failure> {
    if let Some(file) = args.archive {
        return tokio::task::spawn_blocking(move || verify_archive(&file)).await.map_err(Failure::failed)?;
    }
    let database = Database::open_or_join(&args.database).await?;
    let result = match database.refuse_newer_schema().await {
        Ok(()) => verify_chains(&database, args.task_force).await,
        Err(failure) => Err(failure),
    };
    database.close().await?;
    let (verified, broken) = result?;
    if broken == 0 {
        Ok(())
    } else {
        Err(Failure::failed(format!("{broken} of {verified} chains are broken")))
    }
}

/// The number of chains, and the number of broken ones.
async fn verify_chains(database: &Database, only: Option<Uuid>) -> Result<(usize, usize), Failure> {
    let app = app_over(database)?;
    if let Some(id) = only {
        return Ok((1, usize::from(!is_intact(&app, id).await?)));
    }
    let (mut verified, mut broken, mut last) = (0, 0, None);
    loop {
        let page = app.chains(last).await.map_err(Failure::failed)?;
        if page.is_empty() {
            return Ok((verified, broken));
        }
        for id in page {
            verified += 1;
            broken += usize::from(!is_intact(&app, id).await?);
            last = Some(id);
        }
    }
}

async fn is_intact(app: &App, id: Uuid) -> Result<bool, Failure> {
    let verification = app.verify_chain(id).await.map_err(|error| match error {
        Error::Refused(refusal) if refusal.code == RefusalCode::NotFound => {
            Failure::setting(format!("there is no task force {id} (--task-force)"))
        }
        error => Failure::failed(error),
    })?;
    print(&line(id, &verification))?;
    Ok(verification.first_broken.is_none())
}

/// Opens the file of an archive.
pub(super) fn open_archive(file: &Path) -> Result<ArchiveReader<BufReader<File>>, Failure> {
    let opened =
        File::open(file).map_err(|error| Failure::setting(format!("{}: {error}", file.display())))?;
    if !opened.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(Failure::setting(format!("{} is no file", file.display())));
    }
    ArchiveReader::open(BufReader::new(opened)).map_err(Failure::failed)
}

/// Verifies an archive, prints what is wrong, and fails if anything is.
fn verify_archive(file: &Path) -> Result<(), Failure> {
    let mut archive = open_archive(file)?;
    let mut printed = Ok(());
    let mut defects = 0_usize;
    let verified = verification::verify(&mut archive, |defect| {
        defects += 1;
        if defects <= MOST_DEFECTS && printed.is_ok() {
            printed = print(&format!("{defect}\n"));
        }
    });
    let Verified { members, events, contents, defects } = verified.map_err(Failure::failed)?;
    printed?;
    if defects > MOST_DEFECTS {
        print(&format!("and {} more defects\n", defects - MOST_DEFECTS))?;
    }
    let Contents { task_force, head, as_of, service_version, .. } = &archive.manifest().contents;
    let (id, hash) = (task_force.id, &head.hash);
    if defects > 0 {
        print(&format!("{id} broken: {defects} defects\n"))?;
        return Err(Failure::failed(format!("the archive is broken: {defects} defects")));
    }
    print(&format!(
        "{id} intact: {events} events, head {hash}\n\
         archive of {} by taskforce {service_version}: {members} members and {contents} contents have their hashes\n",
        as_of.format("%Y-%m-%d %H:%M UTC")
    ))
}

fn line(id: Uuid, verification: &Verification) -> String {
    let Verification { events, head_hash, first_broken } = verification;
    match first_broken {
        None => format!("{id} intact: {events} events, head {head_hash}\n"),
        Some(Break { seq, event_id, reason }) => {
            let event = event_id.map_or_else(String::new, |id| format!(" ({id})"));
            format!("{id} broken at event {seq}{event}: {reason}: {}\n", reason.label().en)
        }
    }
}
