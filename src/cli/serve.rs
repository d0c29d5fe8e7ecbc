//! Runs the service: database up, migrated, demo data if asked for, listening; and all of it down again in order.

use std::time::Duration;

use actix_web::dev::Server;
use metrics_exporter_prometheus::PrometheusBuilder;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::signal::unix::{SignalKind, signal};

use super::settings::{DatabaseSettings, ServeSettings, write_private};
use super::{Failure, print};
use crate::app::App;
use crate::app::clock::Clock;
use crate::auth::passwords::Passwords;
use crate::db::cluster::{Cluster, ClusterError, Storage};
use crate::db::pool::{self, Pool, connect};
use crate::db::schema_migrations::{self, MigrationError};
use crate::demo;
use crate::http::server;

/// How long a start waits for a database that is not up yet.
const DATABASE_WITHIN: Duration = Duration::from_secs(30);

/// A database to work on: somebody else's, or our own while we run.
pub(super) struct Database {
    pub(super) pool: Pool,
    cluster: Option<Cluster>,
}

impl Database {
    /// Connects; starts the private cluster where no address is given.
    pub(super) async fn open(settings: &DatabaseSettings) -> Result<Self, Failure> {
        match settings.url()? {
            Some(url) => Self::at(&url, None, settings),
            None => Self::start(settings).await?.map_err(Failure::setting),
        }
    }

    /// The same, but for a private cluster that a service has started: then on that, beside it.
    pub(super) async fn open_beside(settings: &DatabaseSettings) -> Result<Self, Failure> {
        if let Some(url) = settings.url()? {
            return Self::at(&url, None, settings);
        }
        match Self::start(settings).await? {
            Ok(database) => Ok(database),
            Err(error @ ClusterError::InUse { .. }) => {
                let file = settings.data_dir.join("database-url");
                let url = std::fs::read_to_string(file).ok().ok_or_else(|| Failure::setting(error))?;
                Self::at(&url.trim().to_owned().into(), None, settings)
            }
            Err(error) => Err(Failure::setting(error)),
        }
    }

    async fn start(settings: &DatabaseSettings) -> Result<Result<Self, ClusterError>, Failure> {
        match Cluster::start(Storage::Durable(settings.data_dir.clone())).await {
            Ok(cluster) => {
                let url = cluster.url().clone();
                Self::at(&url, Some(cluster), settings).map(Ok)
            }
            Err(error) => Ok(Err(error)),
        }
    }

    fn at(
        url: &SecretString,
        cluster: Option<Cluster>,
        settings: &DatabaseSettings,
    ) -> Result<Self, Failure> {
        let pool = connect(url, usize::from(settings.pool_size))
            .map_err(|error| Failure::setting(format!("DATABASE_URL: {error}")))?;
        Ok(Self { pool, cluster })
    }

    pub(super) fn is_own(&self) -> bool {
        self.cluster.is_some()
    }

    /// Brings the schema up to date, if it is not: the service's role may have no right to.
    pub(super) async fn migrate(&self, settings: &DatabaseSettings) -> Result<(), Failure> {
        let pool = settings.migration_pool()?.unwrap_or_else(|| self.pool.clone());
        let begun = std::time::Instant::now();
        loop {
            if let Ok(conn) = self.pool.get().await
                && matches!(schema_migrations::are_current(&conn).await, Ok(true))
            {
                return Ok(());
            }
            match schema_migrations::run(&pool).await {
                Ok(run) => {
                    tracing::info!(?run, "the database is up to date");
                    return Ok(());
                }
                Err(error @ MigrationError::Unreachable(_)) if begun.elapsed() < DATABASE_WITHIN => {
                    tracing::warn!(%error, "waiting for the database");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(error) => return Err(Failure::failed(error)),
            }
        }
    }

    /// Warns of a server whose errors can't be told apart.
    async fn check_language(&self) {
        if let Ok(conn) = self.pool.get().await
            && let Ok(Some(language)) = pool::foreign_language(&conn).await
        {
            tracing::warn!(
                language,
                "Postgres tells its errors in another language than English, so a time-out may be answered as a fault: \
                 as its superuser, `alter database … set lc_messages = 'C'`"
            );
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

/// Runs until a signal says stop.
pub(super) async fn serve(settings: ServeSettings, with_demo: bool) -> Result<(), Failure> {
    // Before anything that takes time, so that no signal is missed and a port in use is said at once.
    let mut stop = Stop::listen()?;
    let listener = settings.listen()?;
    let tls = settings.tls()?;
    let database = Database::open(&settings.database).await?;
    let started = tokio::select! {
        started = start(&settings, &database, listener, tls, with_demo) => started.map(Some),
        () = stop.wanted() => Ok(None),
    };
    let served = match started {
        Ok(Some((server, app))) => {
            let (stopped, over) = tokio::sync::oneshot::channel::<()>();
            let run = async {
                let served = run(server, &mut stop).await;
                drop(stopped);
                served
            };
            // Its end comes with the server's, when no more requests can be refused.
            let run_housekeeping = app.run_housekeeping(async { drop(over.await) });
            tokio::join!(run, run_housekeeping).0
        }
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    database.close().await?;
    served
}

async fn start(
    settings: &ServeSettings,
    database: &Database,
    listener: std::net::TcpListener,
    tls: Option<rustls::ServerConfig>,
    with_demo: bool,
) -> Result<(Server, App), Failure> {
    let url = settings.public_url(&listener);
    let tokens = settings.tokens(database.is_own(), &url)?;
    let single_sign_on = settings.single_sign_on(&url)?;
    let metrics = PrometheusBuilder::new().install_recorder().map_err(Failure::failed)?;
    database.migrate(&settings.database).await?;
    database.check_language().await;
    let passwords = Passwords::new().map_err(Failure::failed)?;
    let mut app = App::new(database.pool.clone(), Clock::default(), passwords, tokens);
    if let Some(single_sign_on) = single_sign_on {
        app = app.with_single_sign_on(single_sign_on);
        let asking = app.clone();
        // Beside the start: the service serves whoever needs no issuer.
        tokio::spawn(async move { asking.prepare_single_sign_on().await });
    }
    let story = if with_demo { Some(demo(&app, settings).await?) } else { None };
    let server_settings = settings.server(url.clone(), metrics, tls);
    let server = server::serve(app.clone(), server_settings, listener).map_err(Failure::failed)?;
    tracing::info!(address = url, "ready");
    print(&greeting(&url, story.as_ref()));
    Ok((server, app))
}

/// Serves until it is told to stop; requests under way are let finish, unless it is told twice.
async fn run(server: Server, stop: &mut Stop) -> Result<(), Failure> {
    let handle = server.handle();
    let mut running = tokio::spawn(server);
    tokio::select! {
        ended = &mut running => return ended.map_err(Failure::failed)?.map_err(Failure::failed),
        () = stop.wanted() => {}
    }
    tracing::info!("stopping: requests under way are let finish");
    tokio::select! {
        () = handle.stop(true) => {}
        () = stop.wanted() => handle.stop(false).await,
    }
    running.await.map_err(Failure::failed)?.map_err(Failure::failed)
}

/// The demo's data, and the password of its accounts.
struct Story {
    task_force_id: Option<uuid::Uuid>,
    password: Option<SecretString>,
}

async fn demo(app: &App, settings: &ServeSettings) -> Result<Story, Failure> {
    let file = settings.database.data_dir.join("demo-password");
    let kept = std::fs::read_to_string(&file).ok().map(|text| SecretString::from(text.trim().to_owned()));
    let told = demo::told(app).await.map_err(Failure::failed)?;
    if told == demo::Told::Half {
        return Err(Failure::setting(
            "writing the demo data was interrupted: remove the data directory (or empty the database) and start again",
        ));
    }
    if told != demo::Told::Nothing {
        let task_force_id = demo::shown_task_force(app).await.map_err(Failure::failed)?;
        return Ok(Story { task_force_id, password: kept.or_else(|| settings.demo_password.clone()) });
    }
    let password = match &settings.demo_password {
        Some(password) => password.clone(),
        None => {
            let secret = crate::auth::secrets::generate().map_err(Failure::failed)?;
            SecretString::from(secret.expose_secret().chars().take(20).collect::<String>())
        }
    };
    tracing::info!("writing the demo data");
    let task_force_id = demo::tell(app, &password).await.map_err(Failure::failed)?;
    if let Err(failure) = write_private(&file, password.expose_secret()) {
        tracing::warn!(%failure, "the demo password is not kept: note it");
    }
    Ok(Story { task_force_id: Some(task_force_id), password: Some(password) })
}

fn greeting(url: &str, story: Option<&Story>) -> String {
    let mut text = format!("\nTaskforce is ready at {url} (documentation: {url}/docs/)\n");
    let Some(story) = story else { return text };
    let password =
        story.password.as_ref().map_or("the one that you set", |password| password.expose_secret());
    text.push_str(&format!("\nAccounts, password of each: {password}\n"));
    for (email, who) in demo::ACCOUNTS {
        text.push_str(&format!("  {email:<28} {who}\n"));
    }
    let task_force = story.task_force_id.map_or_else(|| "…".to_owned(), |id| id.to_string());
    text.push_str(&format!(
        "\nTry:\n  \
         TOKEN=$(curl -s {url}/v1/auth/login -H 'Content-Type: application/json' -d '{{\"email\": \"chair@demo.example\", \"password\": \"{password}\"}}' | sed 's/.*\"accessToken\":\"\\([^\"]*\\)\".*/\\1/')\n  \
         curl -s -H \"Authorization: Bearer $TOKEN\" {url}/v1/task-forces/{task_force}/status\n  \
         curl -s -H \"Authorization: Bearer $TOKEN\" '{url}/v1/task-forces/{task_force}/activities?state=inProgress,blocked'\n\n\
         Stop with Ctrl-C.\n"
    ));
    text
}

/// The signals that say stop.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(Failure::failed)?,
            terminate: signal(SignalKind::terminate()).map_err(Failure::failed)?,
        })
    }

    async fn wanted(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
