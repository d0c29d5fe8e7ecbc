//! The commands, and what each starts and stops in which order.

mod admin;
mod healthcheck;
mod serve;
mod settings;
mod verify_audit;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use settings::{LogFormat, ServeSettings};

/// The service of a smart city's expert task force.
#[derive(Debug, Parser)]
#[command(name = "taskforce", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// How to log, to standard error; RUST_LOG sets how much.
    #[arg(long, env = "TASKFORCE_LOG", value_enum, default_value = "text", global = true)]
    log: LogFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the service; without DATABASE_URL on a private Postgres of its own, started and stopped with it.
    Serve(ServeSettings),
    /// Runs the service, with demo data if the database is empty; prints the address and the accounts.
    Demo(ServeSettings),
    /// Brings the database up to date, and ends; with --grant-to, also the rights of the service's own role.
    Migrate(admin::Migration),
    /// Creates an administrator and prints the one-time invitation to accept.
    CreateAdmin(admin::NewAdmin),
    /// Verifies that no event was changed or left out, of one task force or all: exit code 0 if so, 1 if not.
    VerifyAudit(verify_audit::Scope),
    /// Prints the OpenAPI document.
    Openapi,
    /// Asks a running service whether it is ready: exit code 0 if so, 1 if not.
    Healthcheck(healthcheck::Target),
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// A setting is wrong or missing: one line that says which and what to do. Exit code 2.
    #[error("{0}")]
    Setting(String),
    /// It was tried and did not work. Exit code 1.
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

/// Runs the command of the command line.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let text = error.render().to_string();
            // The first paragraph names the fault; usage and hints are behind `--help`.
            let line = text
                .split("\n\n")
                .next()
                .unwrap_or_default()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            say(&line);
            return ExitCode::from(2);
        }
        Err(help) => {
            print(&help.render().to_string());
            return ExitCode::SUCCESS;
        }
    };
    settings::init_logging(cli.log);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("error: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::Serve(settings) => serve::serve(settings, false).await,
            Command::Demo(settings) => serve::serve(settings, true).await,
            Command::Migrate(migration) => admin::migrate(migration).await,
            Command::CreateAdmin(new) => admin::create(new).await,
            Command::VerifyAudit(scope) => verify_audit::verify(scope).await,
            Command::Openapi => crate::http::openapi::yaml().map(print).map_err(Failure::failed),
            Command::Healthcheck(target) => healthcheck::check(&target),
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("error: {failure}"));
            ExitCode::from(if matches!(failure, Failure::Setting(_)) { 2 } else { 1 })
        }
    }
}

/// To the person at the terminal, or the program behind the pipe.
#[expect(clippy::print_stdout, reason = "this is where the program speaks")]
fn print(text: &str) {
    print!("{text}");
}

#[expect(clippy::print_stderr, reason = "this is where the program complains")]
fn say(line: &str) {
    eprintln!("{line}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
