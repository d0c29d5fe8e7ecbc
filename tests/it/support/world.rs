//! What most tests begin with: the people of an installation, task force A at work in its first step, B where
//! other people work, F still forming. Made once through the service, copied for every test.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use taskforce::domain::text::LocalizedText;
use tokio::sync::OnceCell;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::app::{PASSWORD, Setup, TestApp, Token, beginning};
use super::client::{Client, Resource};
use super::postgres;

/// A valid id that no resource has.
pub(crate) const UNKNOWN_ID: &str = "0199f0c2-7a3b-7c11-9d2e-000000000000";

/// All users and keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Who {
    /// Nobody in particular: no credential.
    Anonymous,
    Administrator,
    Secretariat,
    CouncilMember,
    /// Of task force A.
    Chair,
    /// Of task force A, as the next four.
    Expert1,
    Expert2,
    Expert3,
    Expert4,
    Expert5,
    /// Had a seat in task force A.
    EndedMember,
    /// An administrator with a token from before they were disabled.
    DisabledUser,
    /// An expert without any seat.
    Outsider,
    /// Chair of task force B.
    OtherChair,
    /// Of task force B, as the next three.
    Other2,
    /// Also chair of task force F.
    Other3,
    /// Also of task force F.
    Other4,
    Other5,
    /// A script with a key of the chair of task force A, which only reads.
    ReadOnlyKey,
    /// A script with a key of the secretariat, which opens task force B and nothing else.
    KeyOfB,
}

/// The members of task force A.
pub(crate) const PANEL: [Who; 6] =
    [Who::Chair, Who::Expert1, Who::Expert2, Who::Expert3, Who::Expert4, Who::Expert5];

const OTHERS: [Who; 5] = [Who::OtherChair, Who::Other2, Who::Other3, Who::Other4, Who::Other5];

impl Who {
    /// The address of their account.
    pub(crate) fn email(self) -> String {
        format!("{self:?}@council.example").to_lowercase()
    }

    /// The member of B who has this member's place in A, and the other way round. B has one seat less: two share one.
    pub(super) fn counterpart(self) -> Self {
        match self {
            Self::Chair => Self::OtherChair,
            Self::Expert1 => Self::Other2,
            Self::Expert2 => Self::Other3,
            Self::Expert3 => Self::Other4,
            Self::Expert4 | Self::Expert5 => Self::Other5,
            Self::OtherChair => Self::Chair,
            Self::Other2 => Self::Expert1,
            Self::Other3 => Self::Expert2,
            Self::Other4 => Self::Expert3,
            Self::Other5 => Self::Expert4,
            other => other,
        }
    }

    fn role(self) -> &'static str {
        match self {
            Self::Administrator | Self::DisabledUser => "administrator",
            Self::Secretariat => "secretariat",
            Self::CouncilMember => "councilMember",
            _ => "expert",
        }
    }
}

/// The seeded resources, by id.
#[derive(Default)]
pub(crate) struct World {
    /// Task force A.
    pub(crate) a: String,
    /// Task force B.
    pub(crate) b: String,
    /// Task force F.
    pub(crate) f: String,
    /// An activity of B.
    pub(crate) b_activity: String,
    pub(super) tokens: HashMap<Who, Token>,
    users: HashMap<Who, String>,
    members: HashMap<Who, String>,
    activities: HashMap<&'static str, String>,
}

impl World {
    /// A user's id.
    pub(crate) fn user(&self, who: Who) -> &str {
        &self.users[&who]
    }

    /// A member of A, B or the ended one, by who holds the seat.
    pub(crate) fn member(&self, who: Who) -> &str {
        &self.members[&who]
    }

    /// An activity of A: by its state, or `ahead` (planned in a locked step), or `overdue`.
    pub(crate) fn activity(&self, name: &str) -> &str {
        &self.activities[name]
    }

    /// The same with A and B, and their members, exchanged.
    pub(super) fn mirrored(&self, activities: HashMap<&'static str, String>) -> Self {
        let of = |ids: &HashMap<Who, String>| {
            PANEL
                .into_iter()
                .chain(OTHERS)
                .filter_map(|who| Some((who, ids.get(&who.counterpart())?.clone())))
                .collect()
        };
        let (mut users, members) = (self.users.clone(), of(&self.members));
        users.extend::<HashMap<Who, String>>(of(&self.users));
        let (a, b, f) = (self.b.clone(), self.a.clone(), self.f.clone());
        let (b_activity, tokens) = (self.activities["planned"].clone(), HashMap::new());
        Self { a, b, f, b_activity, tokens, users, members, activities }
    }

    /// The body of a new seat.
    pub(crate) fn seat(&self, who: Who, role: &str) -> Value {
        json!({ "userId": self.user(who), "role": role, "expertise": "Open data" })
    }
}

/// The database of the world, to be copied, and what is in it.
pub(super) async fn seeded() -> (&'static str, &'static Arc<World>) {
    static WORLD: OnceCell<Arc<World>> = OnceCell::const_new();
    let seed = async || {
        let database = postgres::copy_of(postgres::migrated().await).await;
        // Without a mail server: no e-mail of the beginning waits in the databases of the tests.
        let setup = Setup { now: beginning() - TimeDelta::minutes(5), mail: None, ..Setup::default() };
        let mut app = TestApp::over(database, setup).await;
        let mut world = World::default();
        people(&app, &mut world).await;
        task_forces(&app, &mut world).await;
        activities(&app, &mut world).await;
        disable(&app, &world).await;
        db_keys(&app, &world).await;
        world.tokens = std::mem::take(app.tokens.get_mut().unwrap());
        postgres::rename(&app.database, "template_world").await;
        Arc::new(world)
    };
    ("template_world", WORLD.get_or_init(seed).await)
}

/// The first administrator comes in by the command line; everybody else is invited.
async fn people(app: &TestApp, world: &mut World) {
    let name = LocalizedText::both("المدير", "The administrator");
    let first = app.app.create_admin(&Who::Administrator.email(), name).await.unwrap();
    accept(app, Who::Administrator, first.token.expose_secret()).await;
    let me = app.as_administrator().read("/v1/me").await;
    world.users.insert(Who::Administrator, me.id().to_owned());
    let others = [Who::Secretariat, Who::CouncilMember, Who::EndedMember, Who::DisabledUser, Who::Outsider];
    for who in others.into_iter().chain(PANEL).chain(OTHERS) {
        let user = invite(app.as_administrator(), who).await;
        world.users.insert(who, user.id().to_owned());
    }
}

async fn invite(administrator: Client<'_>, who: Who) -> Resource {
    let name = json!({ "en": format!("{who:?}"), "ar": format!("شخص {who:?}") });
    let new = json!({ "email": who.email(), "name": name, "role": who.role(), "locale": "en" });
    let invited = administrator.create("/v1/users", new).await;
    accept(administrator.app, who, invited["invitationToken"].as_str().unwrap()).await;
    invited
}

/// Accepts an invitation with the password that all users share.
async fn accept(app: &TestApp, who: Who, invitation: &str) {
    let acceptance = json!({ "token": invitation, "password": PASSWORD });
    let tokens = app.as_anybody().post("/v1/auth/invitations/accept", acceptance).await.expect(200).json();
    app.use_token(who, tokens["accessToken"].as_str().unwrap());
}

/// The body of a new task force.
pub(crate) fn task_force(name: &str, members: &[Value]) -> Value {
    json!({
        "name": { "en": name, "ar": format!("فريق {name}") },
        "city": { "en": "Zarqa Springs", "ar": "ينابيع الزرقاء" },
        "mandate": { "en": "Make the city a smart one", "ar": "تحويل المدينة إلى مدينة ذكية" },
        "timeZone": "Asia/Amman",
        "members": members,
    })
}

async fn task_forces(app: &TestApp, world: &mut World) {
    let secretariat = app.as_secretariat();
    let experts = |world: &World, some: &[Who]| -> Vec<Value> {
        let seat = |(at, who): (usize, &Who)| world.seat(*who, if at == 0 { "chair" } else { "expert" });
        some.iter().enumerate().map(seat).collect()
    };
    let seven: Vec<Who> = PANEL.into_iter().chain([Who::EndedMember]).collect();
    let a = secretariat.create("/v1/task-forces", task_force("Alpha", &experts(world, &seven))).await;
    let a = secretariat.transition(&a, "active").await;
    let b = secretariat.create("/v1/task-forces", task_force("Beta", &experts(world, &OTHERS))).await;
    let b = secretariat.transition(&b, "active").await;
    let two = [Who::Other3, Who::Other4];
    let f = secretariat.create("/v1/task-forces", task_force("Foxtrot", &experts(world, &two))).await;
    (world.a, world.b, world.f) = (a.id().to_owned(), b.id().to_owned(), f.id().to_owned());

    let b_members = secretariat.list(&format!("{}/members", b.path)).await;
    for member in secretariat.list(&format!("{}/members", a.path)).await.iter().chain(&b_members) {
        let (user, id) = (member["userId"].as_str().unwrap(), member["id"].as_str().unwrap());
        let who = *world.users.iter().find(|(_, id)| *id == user).unwrap().0;
        world.members.insert(who, id.to_owned());
    }
    let ended = secretariat.read(format!("{}/members/{}", a.path, world.member(Who::EndedMember))).await;
    secretariat.command(&ended, "end", json!({ "reason": { "en": "Moved away" } })).await.expect(200);
}

async fn activities(app: &TestApp, world: &mut World) {
    let chair = app.as_chair();
    let path = format!("/v1/task-forces/{}", world.a);
    let ids = Mutex::new(HashMap::new());
    let plan = async |name: &'static str, fields: Value| {
        app.advance(TimeDelta::seconds(1));
        let body = super::client::activity(fields);
        let activity = chair.create(format!("{path}/activities"), body).await;
        ids.lock().unwrap().insert(name, activity.id().to_owned());
        activity
    };
    let of = |who: Who| world.member(who);
    let planned = json!({
        "title": { "ar": "جمع السياسات النافذة", "en": "Collect the policies in force" },
        "assigneeId": of(Who::Expert1), "dueDate": "2026-11-25",
    });
    let planned = plan("planned", planned).await;
    let new = json!({ "title": { "en": "Interview the departments" }, "assigneeId": of(Who::Expert2) });
    let begun = plan("inProgress", new).await;
    chair.transition(&begun, "inProgress").await;
    let new = json!({ "title": { "en": "Draft" }, "assigneeId": of(Who::Expert3), "reviewRequired": true });
    let begun = plan("inReview", new).await;
    let author = app.as_who(Who::Expert3);
    let begun = author.transition(&begun, "inProgress").await;
    author.transition(&begun, "inReview").await;
    let new = json!({ "title": { "en": "Ask the ministry" }, "assigneeId": of(Who::Expert4) });
    let begun = plan("blocked", new).await;
    let begun = chair.transition(&begun, "inProgress").await;
    chair.transition_because(&begun, "blocked", "The ministry is closed").await;
    let new = json!({ "title": { "en": "Agree on terms" }, "assigneeId": of(Who::Chair) });
    let begun = plan("done", new).await;
    let begun = chair.transition(&begun, "inProgress").await;
    chair.transition(&begun, "done").await;
    let dropped = plan("cancelled", json!({ "title": { "en": "Travel" } })).await;
    chair.transition_because(&dropped, "cancelled", "Too far").await;
    plan("ahead", json!({ "title": { "en": "List candidate sectors" }, "step": "sectors" })).await;
    let new = json!({ "title": { "en": "Write the summary" }, "dueDate": "2026-11-20", "priority": "high" });
    let overdue = plan("overdue", new).await;
    chair.add_dependency(&overdue, &planned).await.expect(200);

    let health = json!({ "health": "onTrack", "note": { "en": "A good beginning" } });
    chair.create(format!("{path}/health-statements"), health).await;
    app.as_expert().create(format!("{}/comments", planned.path), json!({ "text": "I have the list." })).await;
    let other = app.as_who(Who::OtherChair);
    let body = super::client::activity(json!({}));
    world.b_activity =
        other.create(format!("/v1/task-forces/{}/activities", world.b), body).await.id().to_owned();
    world.activities = ids.into_inner().unwrap();
}

async fn disable(app: &TestApp, world: &World) {
    let administrator = app.as_administrator();
    let user = administrator.read(format!("/v1/users/{}", world.user(Who::DisabledUser))).await;
    administrator.transition_because(&user, "disabled", "Left the city").await;
}

/// The keys of scripts.
async fn db_keys(app: &TestApp, world: &World) {
    let insert = "insert into api_keys
        (id, user_id, name, key_hash, may_write, only_task_force_id, created_at, expires_at)
        values ($7::text::uuid, $1::text::uuid, 'A script', $2, $3, $4::text::uuid, $5::text::timestamptz, $6::text::timestamptz)";
    let (from, until) = (app.clock.now(), app.clock.now() + TimeDelta::days(300));
    for (who, owner, may_write, only) in
        [(Who::ReadOnlyKey, Who::Chair, false, None), (Who::KeyOfB, Who::Secretariat, true, Some(&world.b))]
    {
        let key = format!("tfk_{:0<43}", format!("{who:?}"));
        let hash = Sha256::digest(&key).to_vec();
        let (since, end) = (from.to_rfc3339(), until.to_rfc3339());
        // As the service gives ids, so that keys that are made later come first in a list.
        let id = Uuid::now_v7().to_string();
        let values: [&(dyn ToSql + Sync); 7] =
            [&world.user(owner), &hash, &may_write, &only, &since, &end, &id];
        app.db().await.execute(insert, &values).await.unwrap();
        app.tokens.lock().unwrap().insert(who, Token { text: key, expires_at: until });
    }
}
