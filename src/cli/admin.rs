//! What an administrator does from the shell.

use clap::Args;
use secrecy::ExposeSecret as _;

use super::serve::Database;
use super::settings::DatabaseSettings;
use super::{Failure, print};
use crate::app::App;
use crate::app::clock::Clock;
use crate::app::users::parse_email;
use crate::auth::passwords::Passwords;
use crate::auth::tokens::Tokens;
use crate::db::schema_migrations;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

/// Brings the database up to date.
pub(super) async fn migrate(settings: DatabaseSettings) -> Result<(), Failure> {
    let database = Database::open_beside(&settings).await?;
    let run = match settings.migration_url() {
        Some(url) => {
            schema_migrations::run(&crate::db::pool::connect(url, 1).map_err(Failure::setting)?).await
        }
        None => schema_migrations::run(&database.pool).await,
    };
    let run = run.map_err(Failure::failed)?;
    for version in &run {
        print(&format!("{version}\n"));
    }
    if run.is_empty() {
        print("up to date\n");
    }
    database.close().await
}

/// Who is to be administrator.
#[derive(Debug, Args)]
pub(super) struct NewAdmin {
    #[command(flatten)]
    database: DatabaseSettings,
    /// The address of the account.
    #[arg(long, value_parser = email)]
    email: String,
    /// The person's name in English.
    #[arg(long, required_unless_present = "name_ar")]
    name: Option<String>,
    /// The person's name in Arabic.
    #[arg(long)]
    name_ar: Option<String>,
}

fn email(text: &str) -> Result<String, String> {
    parse_email(text).map_err(|fault| format!("it {}", fault.label().en))
}

/// Creates an administrator; the invitation is printed once, and nowhere kept.
pub(super) async fn create(new: NewAdmin) -> Result<(), Failure> {
    let name = LocalizedText::new(new.name_ar, new.name)
        .ok_or_else(|| Failure::setting("the name is blank (--name, --name-ar)"))?;
    let database = Database::open_beside(&new.database).await?;
    database.migrate(&new.database).await?;
    // Nobody signs in here: any key will do.
    let key = Tokens::generate_pem().map_err(Failure::failed)?;
    let tokens = Tokens::from_pem(key.expose_secret(), String::new()).map_err(Failure::failed)?;
    let passwords = Passwords::new().map_err(Failure::failed)?;
    let app = App::new(database.pool.clone(), Clock::default(), passwords, tokens);
    let invitation = app.create_admin(&new.email, name).await.map_err(Failure::failed)?;
    print(&format!(
        "The invitation, to be accepted until {} (it is shown this once):\n\n  {token}\n\n\
         curl http://127.0.0.1:8080/v1/auth/invitations/accept -H 'Content-Type: application/json' \\\n  \
         -d '{{\"token\": \"{token}\", \"password\": \"…\"}}'\n",
        invitation.expires_at.format("%Y-%m-%d %H:%M UTC"),
        token = invitation.token.expose_secret(),
    ));
    database.close().await
}
