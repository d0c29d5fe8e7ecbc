//! The service under test: the real server on a port of its own, over a database of its own, with a stopped clock.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use chrono::{DateTime, TimeDelta, Utc};
use metrics_exporter_prometheus::PrometheusBuilder;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use taskforce::app::App;
use taskforce::app::clock::Clock;
use taskforce::app::emails::Mailing;
use taskforce::app::single_sign_on::SingleSignOn;
use taskforce::app::webhooks::Webhooks;
use taskforce::auth::passwords::Passwords;
use taskforce::auth::throttle::{Limits, Throttle};
use taskforce::auth::tokens::{self, Tokens};
use taskforce::db;
use taskforce::domain::storage::StorageLimits;
use taskforce::http::server::{self, Settings};
use tokio::sync::OnceCell;

use super::client::Client;
use super::mail;
use super::postgres::{self, RUNTIME};
use super::world::{self, Who, World};

/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The issuer of access tokens.
pub(crate) const ISSUER: &str = "https://taskforce.example";
/// The origin whose pages may call.
pub(crate) const ORIGIN: &str = "https://front.example";
/// The token of `/metrics`.
pub(crate) const METRICS_TOKEN: &str = "metrics-token";

/// The key of every service of this run, so that tokens of the seeded world are good in each copy of it.
pub(crate) static KEY: LazyLock<SecretString> = LazyLock::new(|| Tokens::generate_pem().unwrap());

/// When tests begin: a Sunday noon in Amman, nine in the morning UTC.
pub(crate) fn beginning() -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

/// Settings that differ between services under test.
pub(crate) struct Setup {
    /// Connections of the pool.
    pub(crate) pool_size: usize,
    /// The initial time of the clock.
    pub(crate) now: DateTime<Utc>,
    /// Settings of the server that are not the usual ones.
    pub(crate) adjust: Box<dyn FnOnce(&mut Settings) + Send>,
    /// The other issuer that is trusted.
    pub(crate) single_sign_on: Option<SingleSignOn>,
    /// How often a password may be guessed.
    pub(crate) throttle: Limits,
    /// How often a new password may be asked for.
    pub(crate) reset_throttle: Limits,
    /// The space that files may take.
    pub(crate) storage: StorageLimits,
    /// The mail server; by default one that is never there, so that e-mails wait.
    pub(crate) mail: Option<Mailing>,
    /// The way to the receivers of webhooks.
    pub(crate) webhooks: Option<Webhooks>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            pool_size: 5,
            now: beginning(),
            adjust: Box::new(|_usual| ()),
            single_sign_on: None,
            throttle: Limits::GENEROUS,
            reset_throttle: Limits::GENEROUS,
            storage: StorageLimits::default(),
            mail: Some(mail::nowhere()),
            webhooks: None,
        }
    }
}

/// An access token, and when it ends.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) expires_at: DateTime<Utc>,
}

/// The service, running.
pub(crate) struct TestApp {
    /// The application below HTTP.
    pub(crate) app: App,
    /// The stopped clock, which only tests advance.
    pub(crate) clock: Clock,
    /// Name of its database.
    pub(crate) database: String,
    pub(super) http: reqwest::Client,
    /// True if clients use TLS, to a proxy in front of the service.
    pub(super) is_secure: bool,
    pub(super) tokens: Mutex<HashMap<Who, Token>>,
    address: SocketAddr,
    server: ServerHandle,
    world: Option<Arc<World>>,
    /// The mirrored world, while A and B are exchanged.
    mirrored: Mutex<Option<&'static World>>,
    db: OnceCell<tokio_postgres::Client>,
}

impl TestApp {
    /// The service with the people and task forces of [`World`].
    pub(crate) async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    /// The same, set up differently.
    pub(crate) async fn start_with(setup: Setup) -> Self {
        let (template, world) = world::seeded().await;
        let mut app = Self::over(postgres::copy_of(template).await, setup).await;
        app.tokens = Mutex::new(world.tokens.clone());
        app.world = Some(Arc::clone(world));
        app
    }

    /// The service with an empty database.
    pub(crate) async fn empty() -> Self {
        Self::over(postgres::copy_of(postgres::migrated().await).await, Setup::default()).await
    }

    pub(crate) async fn over(database: String, setup: Setup) -> Self {
        if std::env::var_os("RUST_LOG").is_some() {
            let filter = tracing_subscriber::EnvFilter::from_default_env();
            tracing_subscriber::fmt().with_env_filter(filter).try_init().ok();
        }
        let pool = db::pool::connect(&postgres::url_as(postgres::SERVICE, &database).await, setup.pool_size)
            .unwrap();
        let clock = Clock::stopped_at(setup.now);
        let tokens = Tokens::from_pem(KEY.expose_secret(), ISSUER.to_owned()).unwrap();
        let mut app = App::new(pool, clock.clone(), Passwords::cheap().unwrap(), tokens)
            .with_storage_limits(setup.storage);
        app.throttle = Arc::new(Throttle::new(setup.throttle));
        app.reset_throttle = Arc::new(Throttle::new(setup.reset_throttle));
        if let Some(mailing) = setup.mail {
            app = app.with_mail(mailing);
        }
        if let Some(single_sign_on) = setup.single_sign_on {
            app = app.with_single_sign_on(single_sign_on);
        }
        if let Some(webhooks) = setup.webhooks {
            app = app.with_webhooks(webhooks);
        }
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let mut settings = Settings {
            cors_origins: vec![ORIGIN.to_owned()],
            metrics_token: Some(METRICS_TOKEN.into()),
            security_contact: Some("mailto:security@taskforce.example".to_owned()),
            workers: Some(1),
            ..Settings::new(ISSUER.to_owned(), metrics)
        };
        (setup.adjust)(&mut settings);
        let is_secure = settings.public_url.starts_with("https://");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let served = app.clone();
        let server = RUNTIME.spawn(async move {
            let server = server::serve(served, settings, listener).unwrap();
            let handle = server.handle();
            RUNTIME.spawn(server);
            handle
        });
        Self {
            app,
            clock,
            database,
            // Without roots: reading those of the system takes longer than most requests.
            http: reqwest::Client::builder()
                .no_proxy()
                .tls_certs_only([])
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            is_secure,
            tokens: Mutex::default(),
            address,
            server: server.await.unwrap(),
            world: None,
            mirrored: Mutex::default(),
            db: OnceCell::new(),
        }
    }

    /// The address of the server.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The people and task forces that tests begin with.
    pub(crate) fn world(&self) -> &World {
        let mirrored = *self.mirrored.lock().unwrap();
        if let Some(mirrored) = mirrored {
            return mirrored;
        }
        self.world.as_ref().expect("this service began empty")
    }

    /// A path in task force A.
    pub(crate) fn a(&self, path: &str) -> String {
        format!("/v1/task-forces/{}{path}", self.world().a)
    }

    /// A path in task force B, where other people work.
    pub(crate) fn b(&self, path: &str) -> String {
        format!("/v1/task-forces/{}{path}", self.world().b)
    }

    /// A path in task force F, which is forming.
    pub(crate) fn f(&self, path: &str) -> String {
        format!("/v1/task-forces/{}{path}", self.world().f)
    }

    /// Exchanges task forces A and B, and their members, or undoes that: a request that is
    /// written for A is then written for B.
    pub(crate) fn set_mirrored(&self, to: Option<&'static World>) {
        *self.mirrored.lock().unwrap() = to;
    }

    /// The mirrored world: B gets activities of the states that are asked for by name.
    pub(crate) async fn mirrored_world(&self) -> &'static World {
        let chair = self.as_who(Who::OtherChair);
        let mut activities = HashMap::new();
        for (name, path) in [("planned", [].as_slice()), ("done", &["inProgress", "done"])] {
            let mut activity = chair.create(self.b("/activities"), super::client::activity(json!({}))).await;
            for to in path {
                activity = chair.transition(&activity, to).await;
            }
            activities.insert(name, activity.id().to_owned());
        }
        Box::leak(Box::new(self.world().mirrored(activities)))
    }

    /// A client that acts as a user.
    pub(crate) fn as_who(&self, who: Who) -> Client<'_> {
        Client::new(self, who)
    }

    /// A client without credentials.
    pub(crate) fn as_anybody(&self) -> Client<'_> {
        self.as_who(Who::Anonymous)
    }

    /// The administrator of the installation.
    pub(crate) fn as_administrator(&self) -> Client<'_> {
        self.as_who(Who::Administrator)
    }

    /// The council's secretariat.
    pub(crate) fn as_secretariat(&self) -> Client<'_> {
        self.as_who(Who::Secretariat)
    }

    /// The chair of task force A.
    pub(crate) fn as_chair(&self) -> Client<'_> {
        self.as_who(Who::Chair)
    }

    /// An expert of task force A.
    pub(crate) fn as_expert(&self) -> Client<'_> {
        self.as_who(Who::Expert1)
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// The token of a user; signs in again where the last one has expired.
    pub(crate) async fn token(&self, who: Who) -> Option<String> {
        if who == Who::Anonymous {
            return None;
        }
        let who = if self.mirrored.lock().unwrap().is_some() { who.counterpart() } else { who };
        let kept = self.tokens.lock().unwrap().get(&who).cloned();
        if let Some(token) = kept.filter(|token| self.clock.now() < token.expires_at) {
            return Some(token.text);
        }
        let credentials = json!({ "email": who.email(), "password": PASSWORD });
        let answer = self.as_anybody().post("/v1/auth/login", credentials).await.expect(200);
        self.use_token(who, answer.json()["accessToken"].as_str().unwrap());
        self.tokens.lock().unwrap().get(&who).map(|token| token.text.clone())
    }

    /// Sets the token that a user sends from now on.
    pub(crate) fn use_token(&self, who: Who, text: &str) {
        let token = Token { text: text.to_owned(), expires_at: self.clock.now() + tokens::LIFETIME };
        self.tokens.lock().unwrap().insert(who, token);
    }

    /// Cancels the open activities of a step of task force A.
    pub(crate) async fn cancel_open_activities(&self, step: &str) {
        let chair = self.as_chair();
        let open = format!("/activities?step={step}&state=planned,inProgress,inReview,blocked");
        for activity in chair.list(&self.a(&open)).await {
            let path = self.a(&format!("/activities/{}", activity["id"].as_str().unwrap()));
            let activity = chair.read(path).await;
            chair.transition_because(&activity, "cancelled", "Not needed").await;
        }
    }

    /// Makes a step of task force A the open one, past the service.
    pub(crate) async fn db_open(&self, step: &str) {
        let change = "update steps set
            state = case when ordinal < at then 'passed' when ordinal = at then 'open' else 'locked' end,
            passed_at = case when ordinal < at then now() end
            from (select array_position(array['policy', 'sectors', 'pilots', 'migration', 'report'], $1) as at) o
            where task_force_id = $2::text::uuid
              and cycle = (select current_cycle from task_forces where id = task_force_id)";
        self.db().await.execute(change, &[&step, &self.world().a]).await.unwrap();
    }

    /// Opens all five steps of task force A at once, past the service, for tests of authorization.
    pub(crate) async fn db_open_every_step(&self) {
        let change = "update steps set state = 'open', passed_at = null
            where task_force_id = $1::text::uuid and state <> 'submitted'";
        self.db().await.execute(change, &[&self.world().a]).await.unwrap();
    }

    /// Gives task force A a time zone that Postgres does not know, as an upgrade of Postgres does.
    pub(crate) async fn db_forget_time_zone(&self) {
        let change = format!(
            "alter table task_forces disable trigger task_forces_know_the_time_zone;
             update task_forces set time_zone = 'US/Olympus' where id = '{}';
             alter table task_forces enable trigger task_forces_know_the_time_zone;",
            self.world().a
        );
        self.db().await.batch_execute(&change).await.unwrap();
    }

    /// A connection past the service, straight to its database, which it owns: it may do what the service may not.
    pub(crate) async fn db(&self) -> &tokio_postgres::Client {
        self.db.get_or_init(|| postgres::connect(&self.database)).await
    }

    /// Runs the migrations as the owner of the database.
    pub(crate) async fn db_migrate(&self) {
        let url = postgres::url(&self.database).await;
        let migrate = async move {
            let pool = db::pool::connect(&url, 1).unwrap();
            db::schema_migrations::run(&pool).await.unwrap();
        };
        RUNTIME.spawn(migrate).await.unwrap();
    }

    /// Another connection, for tests that need two.
    pub(crate) async fn db_another(&self) -> tokio_postgres::Client {
        postgres::connect(&self.database).await
    }

    /// Waits until a count is reached, for twenty seconds at most.
    pub(crate) async fn db_reaches(&self, query: &str, count: i64) {
        let begun = Instant::now();
        while self.db_count(query).await < count {
            assert!(begun.elapsed() < Duration::from_secs(20), "never {count}: {query}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A number out of the database.
    pub(crate) async fn db_count(&self, query: &str) -> i64 {
        self.db().await.query_one(query, &[]).await.unwrap().get(0)
    }

    /// How many events there are, of all task forces and of the installation.
    pub(crate) async fn db_events(&self) -> i64 {
        self.db_count("select (select count(*) from events) + (select count(*) from installation_events)")
            .await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        RUNTIME.spawn(self.server.stop(false));
        postgres::remove_later(std::mem::take(&mut self.database));
    }
}
