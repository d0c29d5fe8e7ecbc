//! Enters the demo data through the use cases, each as the account that would do it.

mod council;
mod products;

pub(super) use council::Decision;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::content::{Activity, FinalState, Subject, Team, Text, text};
use super::people::{ACCOUNTS, EXPERTISE, EXPERTS, NAMES, SECRETARIAT};
use crate::app::caller::{Caller, Credential};
use crate::app::clock::Clock;
use crate::app::comments::CommentFields;
use crate::app::members::NewMember;
use crate::app::password_links::PasswordLink;
use crate::app::resource::TransitionCommand;
use crate::app::sign_in::{SignedIn, Visit};
use crate::app::{App, Error, Result};
use crate::auth::passwords::NewPassword;
use crate::db::activities::{ActivityDetail, ActivityFields};
use crate::db::members::MemberFilter;
use crate::db::page::Window;
use crate::db::task_forces::TaskForceFields;
use crate::db::users::UserFields;
use crate::domain::criterion::CriterionCode;
use crate::domain::evidence::{About, ActivitySubjectKind};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::SeatRole;
use crate::domain::step::{StepName, in_order};
use crate::domain::task_force::{HealthRating, TaskForceState};
use crate::domain::text::Language;
use crate::domain::user::UserRole;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::working_week;

/// The start of the working day, in UTC.
const MORNING: NaiveTime = match NaiveTime::from_hms_opt(7, 0, 0) {
    Some(morning) => morning,
    None => NaiveTime::MIN,
};

/// The time between two actions.
const ACTION: TimeDelta = TimeDelta::minutes(4);

/// The time after which an account signs in again. A session that is not refreshed ends after a week.
const SESSION: TimeDelta = TimeDelta::days(6);

/// Acts for all accounts of the demo, on a clock of its own.
pub(super) struct Seeder {
    app: App,
    password: SecretString,
    today: NaiveDate,
    accounts: Vec<Account>,
}

/// An account and its current session.
struct Account {
    user_id: Uuid,
    session_id: Uuid,
    refresh_token: SecretString,
    signed_in_at: DateTime<Utc>,
}

/// A task force and the ids of its records, in the order of the tables.
pub(super) struct SeededTaskForce {
    pub(super) id: Uuid,
    seats: &'static [usize],
    members: Vec<Uuid>,
    policies: Vec<Uuid>,
    sectors: Vec<Uuid>,
    pilots: Vec<SeededPilot>,
    migrations: Vec<Uuid>,
    conditions: Vec<Uuid>,
}

struct SeededPilot {
    id: Uuid,
    indicators: Vec<Uuid>,
}

/// An activity that was created, with its id.
pub(super) struct PlannedActivity(&'static Activity, Uuid);

/// The item of a table at an index.
fn item<T>(table: &[T], index: usize) -> Result<&T> {
    table.get(index).ok_or_else(|| Error::internal("the demo data refer to a record that does not exist yet"))
}

impl SeededTaskForce {
    fn account_of(&self, seat: usize) -> Result<usize> {
        item(self.seats, seat).copied()
    }

    fn member_id(&self, seat: usize) -> Result<Uuid> {
        item(&self.members, seat).copied()
    }

    fn subject(&self, subject: Subject) -> Result<About<ActivitySubjectKind>> {
        let (kind, id) = match subject {
            Subject::Policy(index) => (ActivitySubjectKind::Policy, *item(&self.policies, index)?),
            Subject::Sector(index) => (ActivitySubjectKind::Sector, *item(&self.sectors, index)?),
            Subject::Pilot(index) => (ActivitySubjectKind::Pilot, item(&self.pilots, index)?.id),
            Subject::Migration(index) => (ActivitySubjectKind::Migration, *item(&self.migrations, index)?),
        };
        Ok(About { kind, id })
    }
}

impl Seeder {
    /// A seeder that starts on the morning of a day.
    pub(super) fn new(app: &App, password: &SecretString, first_day: i64) -> Self {
        let today = app.clock.now().date_naive();
        let start = (today + TimeDelta::days(first_day)).and_time(MORNING).and_utc();
        let app = app.clone().with_clock(Clock::stopped_at(start));
        Self { app, password: password.clone(), today, accounts: Vec::new() }
    }

    fn date(&self, day: i64) -> NaiveDate {
        self.today + TimeDelta::days(day)
    }

    /// Moves the clock to the morning of a day, unless that has passed.
    pub(super) fn advance_to(&self, day: i64) {
        let remaining = self.date(day).and_time(MORNING).and_utc() - self.app.clock.now();
        self.app.clock.advance(remaining.max(TimeDelta::zero()));
    }

    /// The caller for the next action of an account. Signing in takes longest, so the session is reused.
    async fn caller(&mut self, account: usize) -> Result<Caller> {
        self.app.clock.advance(ACTION);
        let request_id = Uuid::now_v7().to_string();
        let now = self.app.clock.now();
        if now - item(&self.accounts, account)?.signed_in_at > SESSION {
            let (email, _) = item(&ACCOUNTS, account)?;
            let visit = Visit { request_id: request_id.clone(), ..Visit::default() };
            let signed_in = self.app.sign_in(&visit, email, self.password.clone()).await?;
            let renewed = self.new_account(signed_in)?;
            if let Some(account) = self.accounts.get_mut(account) {
                *account = renewed;
            }
        }
        let account = item(&self.accounts, account)?;
        Ok(Caller::new(account.user_id, Credential::Session(account.session_id), request_id))
    }

    /// The caller for the next action of a member.
    async fn member(&mut self, task_force: &SeededTaskForce, seat: usize) -> Result<Caller> {
        self.caller(task_force.account_of(seat)?).await
    }

    fn new_account(&self, signed_in: SignedIn) -> Result<Account> {
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

    /// Invites all people as the administrator, and accepts the invitations.
    pub(super) async fn create_accounts(&mut self) -> Result<()> {
        for ((email, _), name) in ACCOUNTS.iter().zip(NAMES) {
            let role = match *email {
                "administrator@demo.example" => UserRole::Administrator,
                "secretariat@demo.example" => UserRole::Secretariat,
                "council@demo.example" => UserRole::CouncilMember,
                _ => UserRole::Expert,
            };
            let name = text(name);
            let invitation = if self.accounts.is_empty() {
                self.app.create_admin(email, name).await?
            } else {
                // The language of problems where no header asks for one: that of the tutorial.
                let locale = Language::English;
                let fields = UserFields { email: (*email).to_owned(), name, role, locale };
                let administrator = self.caller(0).await?;
                self.app.user_create(&administrator, fields).await?.1
            };
            let password = NewPassword::parse(self.password.clone())
                .map_err(|code| Error::internal(format!("the demo password {}", code.label().en)))?;
            let visit = Visit { request_id: Uuid::now_v7().to_string(), ..Visit::default() };
            let signed_in =
                self.app.password_set(&visit, PasswordLink::Invitation, &invitation.token, password).await?;
            let account = self.new_account(signed_in)?;
            self.accounts.push(account);
        }
        Ok(())
    }

    /// Ends the sessions that are still open.
    pub(super) async fn end_sessions(&mut self) -> Result<()> {
        for account in std::mem::take(&mut self.accounts) {
            self.app.sign_out(&Uuid::now_v7().to_string(), &account.refresh_token).await?;
        }
        Ok(())
    }

    /// Creates a task force with its members, as the secretariat.
    pub(super) async fn create_task_force(&mut self, team: &Team) -> Result<SeededTaskForce> {
        let secretariat = self.caller(SECRETARIAT).await?;
        let fields = TaskForceFields {
            name: text(team.name),
            city: text(team.city),
            country: None,
            mandate: text(team.mandate),
            time_zone: team.time_zone.to_owned(),
            max_sectors: team.max_sectors,
            working_week: working_week::USUAL.to_vec(),
            evolution_stage: team.evolution_stage,
            maturity_level: Some(team.maturity_level),
            next_council_date: Some(self.date(team.next_council)),
        };
        let members = team.seats.iter().enumerate().map(|(seat, account)| self.seat(seat, *account));
        let members = members.collect::<Result<Vec<_>>>()?;
        let id = self.app.task_force_create(&secretariat, fields, members).await?.task_force.id;
        let current = MemberFilter { current: Some(true), ..MemberFilter::default() };
        let members = self.app.members_list(&secretariat, id, current, None, Window::of(100)).await?;
        Ok(SeededTaskForce {
            id,
            seats: team.seats,
            members: members.items.into_iter().map(|named| named.member.id).collect(),
            policies: Vec::new(),
            sectors: Vec::new(),
            pilots: Vec::new(),
            migrations: Vec::new(),
            conditions: Vec::new(),
        })
    }

    fn seat(&self, seat: usize, account: usize) -> Result<NewMember> {
        Ok(NewMember {
            user_id: item(&self.accounts, account)?.user_id,
            role: if seat == 0 { SeatRole::Chair } else { SeatRole::Expert },
            expertise: Some((*item(&EXPERTISE, account.saturating_sub(EXPERTS))?).to_owned()),
        })
    }

    /// Activates a task force as the secretariat, and sets the target date of each step as its chair.
    pub(super) async fn activate_task_force(
        &mut self,
        task_force: &SeededTaskForce,
        targets: [i64; 5],
    ) -> Result<()> {
        let secretariat = self.caller(SECRETARIAT).await?;
        let version = self.app.task_force_get(&secretariat, task_force.id).await?.task_force.version;
        self.app
            .task_force_transition(&secretariat, task_force.id, version.into(), TaskForceState::Active, None)
            .await?;
        for (step, day) in in_order().zip(targets) {
            let chair = self.member(task_force, 0).await?;
            let version = self.app.step_get(&chair, task_force.id, None, step).await?.step.version;
            let date = self.date(day);
            self.app.step_update(&chair, task_force.id, step, version.into(), |_| Ok(Some(date))).await?;
        }
        Ok(())
    }

    /// Creates activities as the chair.
    pub(super) async fn plan_activities(
        &mut self,
        task_force: &SeededTaskForce,
        activities: &'static [Activity],
    ) -> Result<Vec<PlannedActivity>> {
        let mut planned = Vec::new();
        for activity in activities {
            let chair = self.member(task_force, 0).await?;
            let fields = ActivityFields {
                title: text(activity.title),
                description: None,
                step: activity.step,
                assignee_member_id: activity.assignee.map(|seat| task_force.member_id(seat)).transpose()?,
                due_date: activity.due.map(|day| self.date(day)),
                priority: activity.priority,
                review_required: matches!(activity.final_state, FinalState::InReview),
                subject: activity.subject.map(|subject| task_force.subject(subject)).transpose()?,
            };
            let view = self.app.create::<ActivityDetail>(&chair, task_force.id, (), fields).await?;
            planned.push(PlannedActivity(activity, view.resource.activity.id));
        }
        Ok(planned)
    }

    /// Carries out activities one after the other, spread over the days until a day.
    pub(super) async fn work_on_activities(
        &mut self,
        task_force: &SeededTaskForce,
        planned: Vec<PlannedActivity>,
        until: i64,
    ) -> Result<()> {
        let from = (self.app.clock.now().date_naive() - self.today).num_days();
        let mornings =
            planned.iter().map(|PlannedActivity(activity, _)| activity.final_state.transitions().len());
        let mornings = i64::try_from(mornings.sum::<usize>()).map_err(Error::internal)? + 1;
        let mut morning = 0;
        for PlannedActivity(activity, id) in planned {
            let seat = activity.assignee.unwrap_or(0);
            let mut version = 1;
            for (to, reason) in activity.final_state.transitions() {
                morning += 1;
                self.advance_to(from + (until - from) * morning / mornings);
                let member = self.member(task_force, seat).await?;
                let command = TransitionCommand::<ActivityDetail> { to, reason, payload: () };
                let view = self.app.transition(&member, task_force.id, id, version.into(), command).await?;
                version = view.resource.activity.version;
            }
            for (seat, comment) in activity.comments {
                // A question is for the person who does the work.
                let asked = activity.assignee.filter(|assignee| comment.contains('؟') && assignee != seat);
                let mentions =
                    asked.map(|seat| task_force.member_id(seat)).transpose()?.into_iter().collect();
                let fields = CommentFields { text: (*comment).to_owned(), mentions };
                let member = self.member(task_force, *seat).await?;
                self.app.comment_create(&member, task_force.id, id, fields).await?;
            }
        }
        self.advance_to(until);
        Ok(())
    }

    /// States the health of the task force as the chair.
    pub(super) async fn state_health(
        &mut self,
        task_force: &SeededTaskForce,
        health: HealthRating,
        note: Text,
    ) -> Result<()> {
        let chair = self.member(task_force, 0).await?;
        self.app.health_state(&chair, task_force.id, health, Some(text(note))).await?;
        Ok(())
    }

    /// Waives a criterion of a step's gate as the chair.
    pub(super) async fn waive_criterion(
        &mut self,
        task_force: &SeededTaskForce,
        step: StepName,
        criterion: CriterionCode,
        reason: Text,
    ) -> Result<()> {
        let chair = self.member(task_force, 0).await?;
        self.app.criterion_waive(&chair, task_force.id, step, criterion, text(reason)).await.map(drop)
    }
}
