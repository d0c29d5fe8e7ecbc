//! Lives the story: one act of one account at a time, through the use cases.

mod council;
mod products;

pub(super) use council::Ruling;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::content::{Activity, Fate, Subject, Team, Text, text};
use super::people::{ACCOUNTS, EXPERTISE, EXPERTS, NAMES, SECRETARIAT};
use crate::app::caller::{Caller, Credential};
use crate::app::clock::Clock;
use crate::app::idempotency::CommitMode;
use crate::app::members::NewMember;
use crate::app::resource::TransitionCommand;
use crate::app::sign_in::{SignedIn, Visit};
use crate::app::{App, Error, Result};
use crate::auth::passwords::NewPassword;
use crate::db::activities::{ActivityDetail, ActivityFields};
use crate::db::task_forces::TaskForceFields;
use crate::db::users::UserFields;
use crate::domain::evidence::{About, ActivitySubjectKind};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::SeatRole;
use crate::domain::step::{StepName, in_order};
use crate::domain::task_force::{Health, TaskForceState};
use crate::domain::text::Language;
use crate::domain::user::CouncilRole;
use crate::domain::vocabulary::Vocabulary as _;

/// When the working day begins, in UTC.
const MORNING: NaiveTime = match NaiveTime::from_hms_opt(7, 0, 0) {
    Some(morning) => morning,
    None => NaiveTime::MIN,
};

/// What every act takes.
const ACT: TimeDelta = TimeDelta::minutes(4);

/// How long a session is used. One that nobody refreshes would last a week.
const SESSION: TimeDelta = TimeDelta::days(6);

/// Somebody who lives the story, one account at a time.
pub(super) struct Seeder {
    app: App,
    password: SecretString,
    today: NaiveDate,
    accounts: Vec<Account>,
}

/// An account that has accepted its invitation, and the session it uses.
struct Account {
    user_id: Uuid,
    session_id: Uuid,
    refresh_token: SecretString,
    signed_in_at: chrono::DateTime<chrono::Utc>,
}

/// A task force of the story, and what it has made so far, in the order of the tables.
pub(super) struct Story {
    pub(super) id: Uuid,
    seats: &'static [usize],
    members: Vec<Uuid>,
    policies: Vec<Uuid>,
    sectors: Vec<Uuid>,
    pilots: Vec<PilotStory>,
    migrations: Vec<Uuid>,
    conditions: Vec<Uuid>,
}

/// A pilot with its indicators.
struct PilotStory {
    id: Uuid,
    indicators: Vec<Uuid>,
}

/// An activity that is planned and waits to be worked on.
pub(super) struct Planned(&'static Activity, Uuid);

/// What stands at a place of a table.
fn at<T>(table: &[T], place: usize) -> Result<&T> {
    table.get(place).ok_or_else(|| Error::internal("the story speaks of what it has not reached yet"))
}

impl Story {
    fn account(&self, seat: usize) -> Result<usize> {
        at(self.seats, seat).copied()
    }

    fn member(&self, seat: usize) -> Result<Uuid> {
        at(&self.members, seat).copied()
    }

    fn about(&self, subject: Subject) -> Result<About<ActivitySubjectKind>> {
        let (kind, id) = match subject {
            Subject::Policy(place) => (ActivitySubjectKind::Policy, *at(&self.policies, place)?),
            Subject::Sector(place) => (ActivitySubjectKind::Sector, *at(&self.sectors, place)?),
            Subject::Pilot(place) => (ActivitySubjectKind::Pilot, at(&self.pilots, place)?.id),
            Subject::Migration(place) => (ActivitySubjectKind::Migration, *at(&self.migrations, place)?),
        };
        Ok(About { kind, id })
    }
}

impl Seeder {
    /// A teller whose clock stands at the beginning of a day.
    pub(super) fn new(app: &App, password: &SecretString, begins: i64) -> Self {
        let today = app.clock.now().date_naive();
        let begin = (today + TimeDelta::days(begins)).and_time(MORNING).and_utc();
        let app = app.clone().with_clock(Clock::stopped_at(begin));
        Self { app, password: password.clone(), today, accounts: Vec::new() }
    }

    fn date(&self, day: i64) -> NaiveDate {
        self.today + TimeDelta::days(day)
    }

    /// Lets the time go by until a day, unless it has begun.
    pub(super) fn wait_until(&self, day: i64) {
        let rest = self.date(day).and_time(MORNING).and_utc() - self.app.clock.now();
        self.app.clock.advance(rest.max(TimeDelta::zero()));
    }

    /// Somebody who acts now, with a session that lasts; signing in is what takes longest.
    async fn caller(&mut self, account: usize) -> Result<Caller> {
        self.app.clock.advance(ACT);
        let request_id = Uuid::now_v7().to_string();
        let now = self.app.clock.now();
        if now - at(&self.accounts, account)?.signed_in_at > SESSION {
            let (email, _) = at(&ACCOUNTS, account)?;
            let visit = Visit { request_id: request_id.clone(), ..Visit::default() };
            let signed_in = self.app.sign_in(&visit, email, self.password.clone()).await?;
            let renewed = self.account(signed_in)?;
            if let Some(account) = self.accounts.get_mut(account) {
                *account = renewed;
            }
        }
        let account = at(&self.accounts, account)?;
        Ok(Caller {
            user_id: account.user_id,
            credential: Credential::Session(account.session_id),
            request_id,
            commit_mode: CommitMode::Commit,
        })
    }

    /// A member who acts now.
    async fn member(&mut self, story: &Story, seat: usize) -> Result<Caller> {
        self.caller(story.account(seat)?).await
    }

    fn account(&self, signed_in: SignedIn) -> Result<Account> {
        let now = self.app.clock.now();
        let token = signed_in.access_token.expose_secret();
        let claims = self.app.tokens.verify(token, now).ok_or(RefusalCode::Unauthenticated)?;
        Ok(Account {
            user_id: claims.user_id,
            session_id: claims.session_id,
            refresh_token: signed_in.refresh_token,
            signed_in_at: now,
        })
    }

    /// The administrator invites everybody, and everybody accepts.
    pub(super) async fn invite_everybody(&mut self) -> Result<()> {
        for ((email, _), name) in ACCOUNTS.iter().zip(NAMES) {
            let role = match *email {
                "administrator@demo.example" => CouncilRole::Administrator,
                "secretariat@demo.example" => CouncilRole::Secretariat,
                "council@demo.example" => CouncilRole::CouncilMember,
                _ => CouncilRole::Expert,
            };
            let name = text(name);
            let invitation = if self.accounts.is_empty() {
                self.app.create_admin(email, name).await?
            } else {
                let fields = UserFields { email: (*email).to_owned(), name, role, locale: Language::Arabic };
                let administrator = self.caller(0).await?;
                self.app.user_create(&administrator, fields).await?.1
            };
            let password = NewPassword::parse(self.password.clone())
                .map_err(|fault| Error::internal(format!("the demo password {}", fault.label().en)))?;
            let visit = Visit { request_id: Uuid::now_v7().to_string(), ..Visit::default() };
            let signed_in = self.app.invitation_accept(&visit, &invitation.token, password).await?;
            let account = self.account(signed_in)?;
            self.accounts.push(account);
        }
        Ok(())
    }

    /// The sessions of the last days end.
    pub(super) async fn sign_everybody_out(&mut self) -> Result<()> {
        for account in std::mem::take(&mut self.accounts) {
            self.app.sign_out(&Uuid::now_v7().to_string(), &account.refresh_token).await?;
        }
        Ok(())
    }

    /// The secretariat founds a task force with its members.
    pub(super) async fn found(&mut self, team: &Team) -> Result<Story> {
        let secretariat = self.caller(SECRETARIAT).await?;
        let fields = TaskForceFields {
            name: text(team.name),
            city: text(team.city),
            country: None,
            mandate: text(team.mandate),
            time_zone: team.time_zone.to_owned(),
            max_sectors: team.max_sectors,
            evolution_stage: team.evolution_stage,
            maturity_level: Some(team.maturity_level),
            next_council_date: Some(self.date(team.next_council)),
        };
        let members = team.seats.iter().enumerate().map(|(seat, account)| self.seat(seat, *account));
        let members = members.collect::<Result<Vec<_>>>()?;
        let id = self.app.task_force_create(&secretariat, fields, members).await?.task_force.id;
        let members = self.app.members_list(&secretariat, id, Some(true), None, 100).await?;
        Ok(Story {
            id,
            seats: team.seats,
            members: members.items.into_iter().map(|(member, _)| member.id).collect(),
            policies: Vec::new(),
            sectors: Vec::new(),
            pilots: Vec::new(),
            migrations: Vec::new(),
            conditions: Vec::new(),
        })
    }

    fn seat(&self, seat: usize, account: usize) -> Result<NewMember> {
        Ok(NewMember {
            user_id: at(&self.accounts, account)?.user_id,
            role: if seat == 0 { SeatRole::Chair } else { SeatRole::Expert },
            expertise: Some((*at(&EXPERTISE, account.saturating_sub(EXPERTS))?).to_owned()),
        })
    }

    /// The secretariat lets it begin, and its chair says when each step shall have passed.
    pub(super) async fn activate(&mut self, story: &Story, targets: [i64; 5]) -> Result<()> {
        let secretariat = self.caller(SECRETARIAT).await?;
        let version = self.app.task_force_get(&secretariat, story.id).await?.task_force.version;
        self.app.task_force_transition(&secretariat, story.id, version, TaskForceState::Active, None).await?;
        for (step, day) in in_order().zip(targets) {
            let chair = self.member(story, 0).await?;
            let (version, date) =
                (self.app.step_get(&chair, story.id, None, step).await?.version, self.date(day));
            self.app.step_update(&chair, story.id, step, version, |_| Ok(Some(date))).await?;
        }
        Ok(())
    }

    /// The chair plans activities.
    pub(super) async fn plan(
        &mut self,
        story: &Story,
        activities: &'static [Activity],
    ) -> Result<Vec<Planned>> {
        let mut planned = Vec::new();
        for activity in activities {
            let chair = self.member(story, 0).await?;
            let fields = ActivityFields {
                title: text(activity.title),
                description: None,
                step: activity.step,
                assignee_member_id: activity.who.map(|seat| story.member(seat)).transpose()?,
                due_date: activity.due.map(|day| self.date(day)),
                priority: activity.priority,
                review_required: matches!(activity.fate, Fate::InReview),
                subject: activity.about.map(|subject| story.about(subject)).transpose()?,
            };
            let view = self.app.create::<ActivityDetail>(&chair, story.id, (), fields).await?;
            planned.push(Planned(activity, view.resource.activity.id));
        }
        Ok(planned)
    }

    /// The members work on what is planned, one after the other, until a day.
    pub(super) async fn work(&mut self, story: &Story, planned: Vec<Planned>, until: i64) -> Result<()> {
        let from = (self.app.clock.now().date_naive() - self.today).num_days();
        let mornings = planned.iter().map(|Planned(activity, _)| activity.fate.way().len());
        let mornings = i64::try_from(mornings.sum::<usize>()).map_err(Error::internal)? + 1;
        let mut morning = 0;
        for Planned(activity, id) in planned {
            let seat = activity.who.unwrap_or(0);
            let mut version = 1;
            for (to, reason) in activity.fate.way() {
                morning += 1;
                self.wait_until(from + (until - from) * morning / mornings);
                let member = self.member(story, seat).await?;
                let command = TransitionCommand::<ActivityDetail> { to, reason, payload: () };
                let view = self.app.transition(&member, story.id, id, version, command).await?;
                version = view.resource.activity.version;
            }
            for (seat, said) in activity.said {
                let member = self.member(story, *seat).await?;
                self.app.comment_create(&member, story.id, id, (*said).to_owned()).await?;
            }
        }
        self.wait_until(until);
        Ok(())
    }

    /// The chair says how it goes.
    pub(super) async fn say(&mut self, story: &Story, health: Health, note: Text) -> Result<()> {
        let chair = self.member(story, 0).await?;
        self.app.health_state(&chair, story.id, health, Some(text(note))).await?;
        Ok(())
    }

    /// The chair waives a criterion of a step's gate.
    pub(super) async fn waive(
        &mut self,
        story: &Story,
        step: StepName,
        criterion: crate::domain::criterion::CriterionCode,
        why: Text,
    ) -> Result<()> {
        let chair = self.member(story, 0).await?;
        self.app.criterion_waive(&chair, story.id, step, criterion, text(why)).await
    }
}
