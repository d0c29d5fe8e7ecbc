//! The commands `migrate` and `create-admin`.

use std::path::PathBuf;

use clap::Args;
use secrecy::ExposeSecret as _;

use super::serve::Database;
use super::settings::{AddressSettings, DatabaseSettings};
use super::{Failure, print};
use crate::app::App;
use crate::app::clock::Clock;
use crate::app::emails::password_page;
use crate::app::users::parse_email;
use crate::auth::passwords::Passwords;
use crate::auth::tokens::Tokens;
use crate::db::grants::{self, GrantError};
use crate::db::pool::Pool;
use crate::db::schema_migrations;
use crate::domain::characters::has_balanced_direction;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;
use crate::http;
use crate::util::output;

/// Arguments of `migrate`.
#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseSettings,
    /// Role that the service connects as, if it is not the owner: is granted the privileges that the service needs, and loses all others.
    #[arg(long, value_name = "ROLE")]
    grant_to: Option<String>,
}

/// Migrates the database, and sets the privileges of the service's role.
pub(super) async fn migrate(args: MigrateArgs) -> Result<(), Failure> {
    let MigrateArgs { database: settings, grant_to } = args;
    let (pool, database) = match settings.migration_pool()? {
        Some(pool) => (pool, None),
        None => {
            let database = Database::open_or_join(&settings).await?;
            (database.pool.clone(), Some(database))
        }
    };
    let result = migrate_on(&pool, grant_to.as_deref()).await;
    match database {
        Some(database) => database.close().await?,
        None => pool.close(),
    }
    result
}

async fn migrate_on(pool: &Pool, grant_to: Option<&str>) -> Result<(), Failure> {
    let applied = schema_migrations::run(pool).await?;
    let report = match applied.as_slice() {
        [] => "the database is up to date\n".to_owned(),
        versions => versions.iter().map(|version| format!("{version}\n")).collect(),
    };
    // The privileges matter more than the report, so an error of standard output does not end the command here.
    let printed = print(&report);
    let Some(role) = grant_to else { return printed };
    grants::grant(pool, role).await.map_err(|error| match error {
        GrantError::Role(_) => Failure::setting(format!("{error} (--grant-to)")),
        GrantError::Failed(_) => Failure::failed(error),
    })?;
    print(&format!("{role} has the privileges that the service needs\n"))?;
    printed
}

/// Arguments of `create-admin`.
#[derive(Debug, Args)]
pub(super) struct CreateAdminArgs {
    #[command(flatten)]
    database: DatabaseSettings,
    /// Email address of the account.
    #[arg(long, value_parser = email)]
    email: String,
    /// Name of the person in English.
    #[arg(long, required_unless_present = "name_ar")]
    name: Option<String>,
    /// Name of the person in Arabic.
    #[arg(long)]
    name_ar: Option<String>,
    #[command(flatten)]
    address: AddressSettings,
    /// Certificate of the listener; if set, the service is reached over https.
    #[arg(long, env = "TASKFORCE_TLS_CERT_FILE")]
    tls_cert_file: Option<PathBuf>,
}

fn email(text: &str) -> Result<String, String> {
    parse_email(text).map_err(|code| format!("the address {}", code.label().en))
}

/// Creates an administrator and prints the invitation. Only its hash is stored.
pub(super) async fn create(args: CreateAdminArgs) -> Result<(), Failure> {
    if ![&args.name, &args.name_ar].into_iter().flatten().all(|name| has_balanced_direction(name)) {
        return Err(Failure::setting(
            "the name changes the writing direction without an end (--name, --name-ar)",
        ));
    }
    let name = LocalizedText::new(args.name_ar, args.name)
        .ok_or_else(|| Failure::setting("the name is blank (--name, --name-ar)"))?;
    let database = Database::open_or_join(&args.database).await?;
    database.migrate(&args.database).await?;
    let invitation = app_over(&database)?
        .create_admin(&args.email, name)
        .await
        .map_err(|error| Failure::failed(http::explain(error)))?;
    let url = args.address.url(args.address.bind, args.tls_cert_file.is_some());
    let printed = output::print(&format!(
        "The invitation can be accepted until {} and is not shown again. Choose a password on this page of the service:\n\n  \
         {page}\n\n\
         Or send the password to the service:\n\n  \
         curl {url}/v1/auth/invitations/accept -H 'Content-Type: application/json' \\\n    \
         -d '{{\"token\": \"{token}\", \"password\": \"…\"}}'\n\n\
         Then sign in with the address {email} and this password (POST /v1/auth/login).\n",
        invitation.expires_at.format("%Y-%m-%d %H:%M UTC"),
        page = password_page(&url, &invitation.token, Language::English),
        token = invitation.token.expose_secret(),
        email = args.email,
    ));
    database.close().await?;
    printed.map_err(|error| {
        Failure::failed(format!(
            "the account was created, but its invitation can't be written to standard output: {error}; create another \
             administrator, who can invite this one again"
        ))
    })
}

/// The use cases without a server. The signing key is a new one, since no access tokens are issued.
pub(super) fn app_over(database: &Database) -> Result<App, Failure> {
    let key = Tokens::generate_pem().map_err(Failure::failed)?;
    let tokens = Tokens::from_pem(key.expose_secret(), String::new()).map_err(Failure::failed)?;
    let passwords = Passwords::new().map_err(Failure::failed)?;
    Ok(App::new(database.pool.clone(), Clock::default(), passwords, tokens))
}
