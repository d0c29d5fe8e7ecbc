//! The command line: one file for each command.

mod admin;
mod healthcheck;
mod mail_settings;
mod restore;
mod serve;
mod settings;
mod values;
mod verify_audit;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::db::schema_migrations::MigrationError;
use crate::domain::text::Language;
use crate::util::output::{self, LogQueue};
use settings::{LogFormat, ServeSettings};

/// The service of a smart city's expert task force.
#[derive(Debug, Parser)]
#[command(name = "taskforce", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Format of the log on standard error; RUST_LOG sets its level.
    #[arg(long = "log", env = "TASKFORCE_LOG", value_enum, default_value = "text", global = true)]
    log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the service; without DATABASE_URL it starts and stops a private Postgres server.
    Serve(ServeSettings),
    /// Runs the service and writes demo data if the database is empty; prints the address and the accounts.
    Demo(ServeSettings),
    /// Migrates the database; with --grant-to, also sets the privileges of the service's role.
    Migrate(admin::MigrateArgs),
    /// Creates an administrator and prints the invitation, which can be accepted once.
    CreateAdmin(admin::CreateAdminArgs),
    /// Verifies that no event of one or all task forces, or nothing in an archive, was changed or removed; exit code 1 if something was.
    VerifyAudit(verify_audit::VerifyAuditArgs),
    /// Restores a task force from its archive, all of it or nothing; migrates the database if needed.
    Restore(restore::RestoreArgs),
    /// Prints the OpenAPI document.
    Openapi,
    /// Prints who may perform which operation, in Markdown.
    Rights {
        /// Prints the page in Arabic.
        #[arg(long)]
        arabic: bool,
    },
    /// Asks a running service whether it is ready; exit code 1 if it is not.
    Healthcheck(healthcheck::Target),
}

/// The reason why a command has failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// A setting is wrong or missing; the message is one line that names the setting. Exit code 2.
    #[error("{0}")]
    Setting(String),
    /// The command was carried out and failed. Exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    fn setting(cause: impl std::fmt::Display) -> Self {
        Self::Setting(cause.to_string())
    }

    fn failed(cause: impl std::fmt::Display) -> Self {
        Self::Failed(cause.to_string())
    }
}

impl From<MigrationError> for Failure {
    /// A newer database is a wrong setting: this program and that database do not belong together.
    fn from(error: MigrationError) -> Self {
        match error {
            MigrationError::Unknown(_) => Self::setting(error),
            MigrationError::Unreachable(_) | MigrationError::Failed(_) => Self::failed(error),
        }
    }
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let text = error.render().to_string();
            // The first paragraph is the error; usage and hints follow, and are in `--help`.
            let line = text
                .split("\n\n")
                .next()
                .unwrap_or_default()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            output::print_error(&line);
            return ExitCode::from(2);
        }
        Err(help) => return exit_code(print(&help.render().to_string())),
    };
    let log = match LogQueue::to_standard_error() {
        Ok(log) => log,
        Err(error) => return exit_code(Err(Failure::failed(error))),
    };
    settings::init_logging(cli.log_format, log.clone());
    let result = run_command(cli.command);
    // The error is the last line.
    log.flush();
    exit_code(result)
}

fn run_command(command: Command) -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    runtime.block_on(async {
        match command {
            Command::Serve(settings) => serve::serve(settings, false).await,
            Command::Demo(settings) => serve::serve(settings, true).await,
            Command::Migrate(migration) => admin::migrate(migration).await,
            Command::CreateAdmin(new) => admin::create(new).await,
            Command::VerifyAudit(scope) => verify_audit::verify(scope).await,
            Command::Restore(archive) => restore::restore(archive).await,
            Command::Openapi => print(crate::http::openapi::yaml().map_err(Failure::failed)?),
            Command::Rights { arabic } => {
                let language = if arabic { Language::Arabic } else { Language::English };
                print(&crate::http::openapi::rights_page(language).map_err(Failure::failed)?)
            }
            Command::Healthcheck(target) => healthcheck::check(&target).await,
        }
    })
}

/// The exit code of a command, after printing the error.
fn exit_code(result: Result<(), Failure>) -> ExitCode {
    let Err(failure) = result else { return ExitCode::SUCCESS };
    output::print_error(&format!("error: {failure}"));
    ExitCode::from(if matches!(failure, Failure::Setting(_)) { 2 } else { 1 })
}

/// Prints the result of a command to standard output. A reader that ends early has read enough
/// (`taskforce openapi | head -1`).
fn print(text: &str) -> Result<(), Failure> {
    match output::print(text) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("the result can't be written to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
