//! The commands `serve` and `demo`: they start the database, the server and the background work, and stop them in
//! reverse order.

use std::time::Duration;

use actix_web::dev::Server;
use metrics_exporter_prometheus::PrometheusBuilder;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use super::settings::{DatabaseSettings, ServeSettings};
use crate::app::App;
use crate::app::clock::Clock;
use crate::auth::passwords::Passwords;
use crate::auth::secrets;
use crate::db;
use crate::db::cluster::{Cluster, ClusterError, Storage};
use crate::db::pool::{self, Pool};
use crate::db::schema_migrations::{self, MigrationError, SchemaState};
use crate::db::task_forces::UnknownTimeZone;
use crate::demo::{self, SeedState};
use crate::domain::text::Language;
use crate::http::server;
#[cfg(feature = "pdf")]
use crate::render;
use crate::util::files::write_private;
use crate::util::output;

/// The time that a database has to come up after the service has started.
const DATABASE_START_TIMEOUT: Duration = Duration::from_secs(30);

/// A database that a command works on: an external one, or a private cluster that runs as long as the command.
pub(super) struct Database {
    pub(super) pool: Pool,
    cluster: Option<Cluster>,
}

impl Database {
    /// Connects to the database of the settings; without an address, starts the private cluster.
    pub(super) async fn open(settings: &DatabaseSettings) -> Result<Self, Failure> {
        match settings.url()? {
            Some(url) => Self::connect(&url, None, settings),
            None => Self::start(settings).await?.map_err(Failure::setting),
        }
    }

    /// Opens the database of the settings, or connects to the private cluster that a running service has started.
    pub(super) async fn open_or_join(settings: &DatabaseSettings) -> Result<Self, Failure> {
        if let Some(url) = settings.url()? {
            return Self::connect(&url, None, settings);
        }
        match Self::start(settings).await? {
            Ok(database) => Ok(database),
            Err(error @ ClusterError::InUse { .. }) => {
                let file = settings.data_dir.join("database-url");
                let url = std::fs::read_to_string(file).ok().ok_or_else(|| Failure::setting(error))?;
                Self::connect(&url.trim().to_owned().into(), None, settings)
            }
            Err(error) => Err(Failure::setting(error)),
        }
    }

    async fn start(settings: &DatabaseSettings) -> Result<Result<Self, ClusterError>, Failure> {
        match Cluster::start(Storage::Durable(settings.data_dir.clone())).await {
            Ok(cluster) => {
                let url = cluster.url().clone();
                Self::connect(&url, Some(cluster), settings).map(Ok)
            }
            Err(error) => Ok(Err(error)),
        }
    }

    fn connect(
        url: &SecretString,
        cluster: Option<Cluster>,
        settings: &DatabaseSettings,
    ) -> Result<Self, Failure> {
        let pool = pool::connect(url, usize::from(settings.pool_size))
            .map_err(|error| Failure::setting(format!("DATABASE_URL: {error}")))?;
        Ok(Self { pool, cluster })
    }

    fn is_private(&self) -> bool {
        self.cluster.is_some()
    }

    /// Migrates the schema unless it is current: the service's role may lack the privileges for migrations.
    pub(super) async fn migrate(&self, settings: &DatabaseSettings) -> Result<(), Failure> {
        let pool = settings.migration_pool()?.unwrap_or_else(|| self.pool.clone());
        let started = std::time::Instant::now();
        loop {
            if let Ok(conn) = self.pool.get().await {
                match schema_migrations::state(&conn).await {
                    Ok(SchemaState::Current) => return Ok(()),
                    Ok(SchemaState::Ahead(version)) => return Err(MigrationError::Unknown(version).into()),
                    Ok(SchemaState::Behind) | Err(_) => {}
                }
            }
            match schema_migrations::run(&pool).await {
                Ok(applied) => {
                    tracing::info!(?applied, "the database is up to date");
                    return Ok(());
                }
                Err(error @ MigrationError::Unreachable(_)) if started.elapsed() < DATABASE_START_TIMEOUT => {
                    tracing::warn!(%error, "waiting for the database");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Refuses a database that a newer version of the service has migrated.
    pub(super) async fn refuse_newer_schema(&self) -> Result<(), Failure> {
        let conn = self.pool.get().await.map_err(Failure::failed)?;
        match schema_migrations::state(&conn).await.map_err(Failure::failed)? {
            SchemaState::Ahead(version) => Err(MigrationError::Unknown(version).into()),
            SchemaState::Behind | SchemaState::Current => Ok(()),
        }
    }

    /// Warns of a server whose error messages are not in English.
    async fn check_message_language(&self) {
        if let Ok(conn) = self.pool.get().await
            && let Ok(Some(language)) = pool::foreign_language(&conn).await
        {
            tracing::warn!(
                language,
                "the error messages of Postgres are not in English, so a time-out may be reported as an internal error: \
                 run `alter database … set lc_messages = 'C'` as its superuser"
            );
        }
    }

    /// Warns of task forces whose time zone Postgres does not know: an upgrade can remove legacy names.
    async fn check_time_zones(&self) {
        if let Ok(conn) = self.pool.get().await
            && let Ok(found) = db::task_forces::with_unknown_time_zone(&conn).await
        {
            for UnknownTimeZone { id, name, time_zone } in found {
                tracing::warn!(
                    %id,
                    name = name.in_language(Language::English),
                    time_zone,
                    "Postgres does not know the time zone of this task force, so its days are those of UTC: set another \
                     one with `PATCH /v1/task-forces/{id} {{\"timeZone\": …}}`"
                );
            }
        }
    }

    pub(super) async fn close(self) -> Result<(), Failure> {
        self.pool.close();
        match self.cluster {
            Some(cluster) => cluster.stop().await.map_err(Failure::failed),
            None => Ok(()),
        }
    }
}

/// Runs the service until a signal stops it.
pub(super) async fn serve(settings: ServeSettings, with_demo: bool) -> Result<(), Failure> {
    // First of all, so that no signal is missed and a port in use is reported at once.
    let mut stop = StopSignals::listen()?;
    let listener = settings.listen()?;
    let tls = settings.tls()?;
    let database = Database::open(&settings.database).await?;
    let started = tokio::select! {
        started = start(&settings, &database, listener, tls, with_demo) => started.map(Some),
        () = stop.received() => Ok(None),
    };
    let result = match started {
        Ok(Some((server, app))) => {
            let (server_running, server_stopped) = tokio::sync::oneshot::channel::<()>();
            let run = async {
                let result = run(server, &app, &mut stop).await;
                drop(server_running);
                result
            };
            // The background work also writes refused attempts, so it ends after the server.
            let stopped = async { drop(server_stopped.await) };
            tokio::join!(run, app.run_background(stopped)).0
        }
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    database.close().await?;
    result
}

async fn start(
    settings: &ServeSettings,
    database: &Database,
    listener: std::net::TcpListener,
    tls: Option<rustls::ServerConfig>,
    with_demo: bool,
) -> Result<(Server, App), Failure> {
    let url = settings.public_url(&listener);
    let tokens = settings.tokens(database.is_private(), &url)?;
    let single_sign_on = settings.single_sign_on(&url)?;
    let mailing = settings.mail.mailing(&url)?;
    let webhooks = settings.webhooks()?;
    let metrics = PrometheusBuilder::new().install_recorder().map_err(Failure::failed)?;
    #[cfg(feature = "pdf")]
    tokio::task::spawn_blocking(render::pdf::check)
        .await
        .map_err(Failure::failed)?
        .map_err(Failure::failed)?;
    database.migrate(&settings.database).await?;
    database.check_message_language().await;
    database.check_time_zones().await;
    let passwords = Passwords::new().map_err(Failure::failed)?;
    let mut app = App::new(database.pool.clone(), Clock::default(), passwords, tokens)
        .with_storage_limits(settings.storage_limits())
        .with_webhooks(webhooks);
    if let Some(single_sign_on) = single_sign_on {
        app = app.with_single_sign_on(single_sign_on);
        let app = app.clone();
        // In the background: the issuer may be down, and only single sign-on needs it.
        tokio::spawn(async move { app.prepare_single_sign_on().await });
    }
    // The people of the demo data get no e-mail: their addresses do not exist.
    let demo_data = if with_demo { Some(seed_demo(&app, settings).await?) } else { None };
    match mailing {
        Some(mailing) => app = app.with_mail(mailing),
        None => tracing::info!(
            "no e-mail is sent: invitations and links for forgotten passwords are handed over by hand (TASKFORCE_SMTP_URL)"
        ),
    }
    let server_settings = settings.server(url.clone(), metrics, tls);
    let server = server::serve(app.clone(), server_settings, listener).map_err(Failure::failed)?;
    tracing::info!(address = url, "ready");
    // A service works without its greeting.
    if let Err(error) = output::print(&greeting(&url, demo_data.as_ref())) {
        tracing::warn!(%error, "the greeting can't be written to standard output");
    }
    Ok((server, app))
}

/// Runs the server until the first signal; requests in progress can then finish, unless a second signal follows.
async fn run(server: Server, app: &App, stop: &mut StopSignals) -> Result<(), Failure> {
    let handle = server.handle();
    let mut running = tokio::spawn(server);
    tokio::select! {
        ended = &mut running => return ended.map_err(Failure::failed)?.map_err(Failure::failed),
        () = stop.received() => {}
    }
    tracing::info!("stopping: requests in progress can finish");
    // A stream of events would never finish.
    app.stop_live();
    tokio::select! {
        () = handle.stop(true) => {}
        () = stop.received() => handle.stop(false).await,
    }
    running.await.map_err(Failure::failed)?.map_err(Failure::failed)
}

/// The demo data that the greeting shows.
struct DemoData {
    task_force_id: Option<uuid::Uuid>,
    password: Option<SecretString>,
}

/// Writes the demo data, unless the database contains data already.
async fn seed_demo(app: &App, settings: &ServeSettings) -> Result<DemoData, Failure> {
    let file = settings.database.data_dir.join("demo-password");
    match demo::seed_state(app).await.map_err(Failure::failed)? {
        SeedState::Empty => {}
        SeedState::Partial => {
            return Err(Failure::setting(
                "writing the demo data was interrupted: remove the data directory (or empty the database) and start again",
            ));
        }
        SeedState::Complete => {
            let stored = std::fs::read_to_string(&file).ok();
            let stored = stored.map(|text| SecretString::from(text.trim().to_owned()));
            let task_force_id = demo::shown_task_force(app).await.map_err(Failure::failed)?;
            let password = stored.or_else(|| settings.demo_password.clone());
            return Ok(DemoData { task_force_id, password });
        }
    }
    let password = match &settings.demo_password {
        Some(password) => password.clone(),
        None => {
            let secret = secrets::generate().map_err(Failure::failed)?;
            SecretString::from(secret.expose_secret().chars().take(20).collect::<String>())
        }
    };
    tracing::info!("writing the demo data");
    let task_force_id = demo::seed(app, &password).await.map_err(Failure::failed)?;
    if let Err(error) = write_private(&file, password.expose_secret()) {
        tracing::warn!(%error, file = %file.display(), "the demo password can't be stored: note it down");
    }
    Ok(DemoData { task_force_id: Some(task_force_id), password: Some(password) })
}

fn greeting(url: &str, demo_data: Option<&DemoData>) -> String {
    let mut text = format!("\nTaskforce is ready at {url} (documentation: {url}/docs/)\n");
    let Some(demo_data) = demo_data else { return text };
    let password =
        demo_data.password.as_ref().map_or("the one that you set", |password| password.expose_secret());
    text.push_str(&format!("\nAccounts, password of each: {password}\n"));
    for (email, description) in demo::ACCOUNTS {
        text.push_str(&format!("  {email:<28} {description}\n"));
    }
    let task_force = demo_data.task_force_id.map_or_else(|| "…".to_owned(), |id| id.to_string());
    text.push_str(&format!(
        "\nTry:\n  \
         TOKEN=$(curl -s {url}/v1/auth/login -H 'Content-Type: application/json' -d '{{\"email\": \"chair@demo.example\", \"password\": \"{password}\"}}' | sed 's/.*\"accessToken\":\"\\([^\"]*\\)\".*/\\1/')\n  \
         curl -s -H \"Authorization: Bearer $TOKEN\" {url}/v1/task-forces/{task_force}/status\n  \
         curl -s -H \"Authorization: Bearer $TOKEN\" '{url}/v1/task-forces/{task_force}/activities?state=inProgress,blocked'\n\n\
         For a web page of your own, allow its origin: TASKFORCE_CORS_ORIGINS=http://127.0.0.1:5173 taskforce demo\n\n\
         Stop with Ctrl-C.\n"
    ));
    text
}

/// The signals that stop the service.
struct StopSignals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl StopSignals {
    fn listen() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(Failure::failed)?,
            terminate: signal(SignalKind::terminate()).map_err(Failure::failed)?,
        })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
