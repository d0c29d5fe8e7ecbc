//! The command `verify-audit`, which works with or without a running service.

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

/// Arguments of `verify-audit`.
#[derive(Debug, Args)]
pub(super) struct VerifyAuditArgs {
    #[command(flatten)]
    database: DatabaseSettings,
    /// Task force whose events are verified; if not set, all are.
    #[arg(long, value_name = "ID")]
    task_force: Option<Uuid>,
}

/// Verifies chains of events, prints a line for each, and fails if one is broken.
pub(super) async fn verify(args: VerifyAuditArgs) -> Result<(), Failure> {
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
