//! The demo: the deck's own task force in the middle of its third step, told through the use cases.
//!
//! The story is lived on a clock of its own that begins twelve weeks ago, so that its events are dated as they
//! would be. The cities and the people are invented.

mod story;

use chrono::{Days, NaiveDate, TimeDelta};
use secrecy::SecretString;
use uuid::Uuid;

pub use story::ACCOUNTS;
use story::{EXPERTISE, Fate, Line, NAMES, STORY, both, fate};

use super::access::Caller;
use super::clock::Clock;
use super::members::NewMember;
use super::{App, Error, Result};
use crate::auth::passwords::NewPassword;
use crate::db;
use crate::db::activities::ActivityFields;
use crate::db::task_forces::{TaskForceFields, TaskForceFilter};
use crate::db::users::UserFields;
use crate::domain::refusal::Code;
use crate::domain::rights::SeatRole;
use crate::domain::scales::EvolutionStage;
use crate::domain::step::StepName::{self, Migration, Pilots, Policy, Sectors};
use crate::domain::step::in_order;
use crate::domain::task_force::{Health, TaskForceState};
use crate::domain::text::Language;
use crate::domain::user::CouncilRole;

/// How long ago the story begins.
const WEEKS: i64 = 12;

/// How much of the story a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Nobody has been here yet.
    Nothing,
    /// It was interrupted.
    Half,
    /// All of it, or something else altogether.
    All,
}

/// How much of the story is in the database.
///
/// # Errors
/// Those of the database.
pub async fn told(app: &App) -> Result<Told> {
    let [(first, _), ..] = ACCOUNTS;
    app.lend(async |conn| {
        if !db::users::are_any(conn).await? {
            return Ok(Told::Nothing);
        }
        let began = db::users::has_account(conn, first).await?;
        // The second task force comes last, and none is ever deleted.
        let founded = db::task_forces::list(conn, &TaskForceFilter::default(), None, 2).await?.items.len();
        Ok(if began && founded < 2 { Told::Half } else { Told::All })
    })
    .await
}

/// The task force to show: the first active one.
///
/// # Errors
/// Those of the database.
pub async fn shown_task_force(app: &App) -> Result<Option<Uuid>> {
    let filter = TaskForceFilter { state: Some(TaskForceState::Active), ..TaskForceFilter::default() };
    let page = app.lend(async |conn| Ok(db::task_forces::list(conn, &filter, None, 1).await?)).await?;
    Ok(page.items.first().map(|task_force| task_force.id))
}

/// Writes the demo data into an empty database; answers the task force to show.
///
/// # Errors
/// Whatever a use case refuses: then the story is wrong.
pub async fn tell(app: &App, password: &SecretString) -> Result<Uuid> {
    let now = app.clock.now();
    let begin = now - TimeDelta::weeks(WEEKS);
    let app = App { clock: Clock::stopped_at(begin), ..app.clone() };
    let mut teller = Teller { app, password: password.clone(), users: Vec::new(), sessions: Vec::new() };
    teller.invite_everybody().await?;

    let id = teller.found_the_task_force(now.date_naive()).await?;
    let members = teller.members(id).await?;
    for (weeks, step) in [(3, Policy), (4, Sectors)] {
        teller.plan(id, step, &members, now.date_naive()).await?;
        teller.work(id, step, weeks).await?;
        teller.submit(id, step).await?;
    }
    teller.plan(id, Pilots, &members, now.date_naive()).await?;
    teller.plan(id, Migration, &members, now.date_naive()).await?;
    teller.work(id, Pilots, 5).await?;
    // What was done last was done yesterday.
    let rest = now - TimeDelta::hours(21) - teller.app.clock.now();
    teller.sleep(rest.max(TimeDelta::zero()));
    teller.say_how_it_goes(id).await?;
    teller.found_the_forming_one(now.date_naive()).await?;
    teller.sign_everybody_out().await?;
    Ok(id)
}

/// Somebody who lives the story, one account at a time.
struct Teller {
    app: App,
    password: SecretString,
    users: Vec<Uuid>,
    sessions: Vec<SecretString>,
}

impl Teller {
    fn sleep(&self, time: TimeDelta) {
        self.app.clock.advance(time);
    }

    /// Signs an account in; sessions end while weeks go by, so each chapter does it anew.
    async fn caller(&mut self, account: usize) -> Result<Caller> {
        let request_id = Uuid::now_v7().to_string();
        let (email, _) = ACCOUNTS.get(account).copied().ok_or(Code::NotFound)?;
        let signed_in = self.app.sign_in(&request_id, email, self.password.clone()).await?;
        self.keep(signed_in, request_id)
    }

    fn keep(&mut self, signed_in: super::sign_in::SignedIn, request_id: String) -> Result<Caller> {
        use secrecy::ExposeSecret as _;

        let token = signed_in.access_token.expose_secret();
        let claims = self.app.tokens.verify(token, self.app.clock.now()).ok_or(Code::Unauthenticated)?;
        self.sessions.push(signed_in.refresh_token);
        Ok(Caller { user_id: claims.user_id, session_id: claims.session_id, request_id })
    }

    async fn invite_everybody(&mut self) -> Result<()> {
        let mut administrator: Option<Caller> = None;
        for ((email, _), (ar, en)) in ACCOUNTS.iter().zip(NAMES) {
            let role = match *email {
                "administrator@demo.example" => CouncilRole::Administrator,
                "secretariat@demo.example" => CouncilRole::Secretariat,
                "council@demo.example" => CouncilRole::CouncilMember,
                _ => CouncilRole::Expert,
            };
            let invitation = match &administrator {
                None => self.app.create_admin(email, both(ar, en)).await?,
                Some(caller) => {
                    let fields = UserFields {
                        email: (*email).to_owned(),
                        name: both(ar, en),
                        role,
                        locale: Language::Arabic,
                    };
                    self.app.user_create(caller, fields).await?.1
                }
            };
            let password = NewPassword::parse(self.password.clone())
                .map_err(|fault| Error::internal(format!("the demo password {}", fault_text(fault))))?;
            let request_id = Uuid::now_v7().to_string();
            let signed_in = self.app.invitation_accept(&request_id, &invitation.token, password).await?;
            let caller = self.keep(signed_in, request_id)?;
            self.users.push(caller.user_id);
            administrator.get_or_insert(caller);
            self.sleep(TimeDelta::minutes(7));
        }
        Ok(())
    }

    fn seats(&self, accounts: &[usize]) -> Vec<NewMember> {
        let seat = |(at, account): (usize, &usize)| {
            Some(NewMember {
                user_id: *self.users.get(*account)?,
                role: if at == 0 { SeatRole::Chair } else { SeatRole::Expert },
                expertise: EXPERTISE.get(account.checked_sub(3)?).map(|text| (*text).to_owned()),
            })
        };
        accounts.iter().enumerate().filter_map(seat).collect()
    }

    async fn found_the_task_force(&mut self, today: NaiveDate) -> Result<Uuid> {
        let secretariat = self.caller(1).await?;
        let fields = TaskForceFields {
            name: both(
                "فريق عمل المدينة الذكية في مدينة النور (مثال)",
                "Smart city task force of Nur City (example)",
            ),
            city: both("مدينة النور", "Nur City"),
            country: None,
            mandate: both(
                "تحديد سياسات الحوكمة الذكية، واختيار عدد قليل من القطاعات الذكية ودراسة طرق التحول الرقمي فيها، وتخطيط مشاريع صغيرة وترحيلها إلى الحكومة الرقمية المحلية للمدينة، ورفع تقرير إلى مجلس مديري الحكومة الإلكترونية.",
                "Identify smart governance policies, select few smart sectors and study ways of digital transformation, plan small projects and migrate them into the local digital government of the city, and report to the council of e-government directors.",
            ),
            time_zone: "Asia/Amman".to_owned(),
            max_sectors: 5,
            evolution_stage: Some(EvolutionStage::WholeOfGovernment),
            maturity_level: Some(2),
            next_council_date: today.checked_add_days(Days::new(45)),
        };
        let view = self.app.task_force_create(&secretariat, fields, self.seats(&[3, 4, 5, 6, 7, 8])).await?;
        let (id, version) = (view.task_force.id, view.task_force.version);
        self.sleep(TimeDelta::days(2));
        self.app.task_force_transition(&secretariat, id, version, TaskForceState::Active, None).await?;

        let chair = self.caller(3).await?;
        for (step, days) in in_order().zip([-56, -30, 21, 90, 120]) {
            let current = self.app.step_get(&chair, id, None, step).await?;
            let date = today.checked_add_signed(TimeDelta::days(days));
            self.app.step_update(&chair, id, step, current.version, |_| Ok(date)).await?;
        }
        Ok(id)
    }

    async fn members(&mut self, id: Uuid) -> Result<Vec<Uuid>> {
        let chair = self.caller(3).await?;
        let page = self.app.members_list(&chair, id, Some(true), None, 100).await?;
        Ok(page.items.into_iter().map(|(member, _)| member.id).collect())
    }

    async fn plan(&mut self, id: Uuid, step: StepName, members: &[Uuid], today: NaiveDate) -> Result<()> {
        let chair = self.caller(3).await?;
        for line in STORY.iter().filter(|line| line.step == step) {
            let fields = ActivityFields {
                title: both(line.ar, line.en),
                description: None,
                step,
                assignee_member_id: line.who.and_then(|who| members.get(who).copied()),
                due_date: line.due.and_then(|days| today.checked_add_signed(TimeDelta::days(days))),
                priority: line.priority,
                review_required: matches!(line.fate, Fate::InReview),
            };
            self.app.activity_create(&chair, id, fields).await?;
            self.sleep(TimeDelta::minutes(11));
        }
        Ok(())
    }

    async fn work(&mut self, id: Uuid, step: StepName, weeks: i64) -> Result<()> {
        let lines: Vec<&Line> = STORY.iter().filter(|line| line.step == step).collect();
        let pause = TimeDelta::weeks(weeks) / i32::try_from(lines.len().max(1)).unwrap_or(1);
        let filter = db::activities::ActivityFilter { step: Some(step), ..Default::default() };
        let order = db::activities::ActivityOrder::Number(None);
        let chair = self.caller(3).await?;
        let (_, page) = self.app.activities_list(&chair, id, &filter, order, 100).await?;
        for (line, (activity, _)) in lines.iter().zip(page.items) {
            let member = self.caller(3 + line.who.unwrap_or(0)).await?;
            let mut version = activity.version;
            for (to, reason) in fate(line.fate) {
                self.sleep(pause / 4);
                let view =
                    self.app.activity_transition(&member, id, activity.id, version, to, reason).await?;
                version = view.detail.activity.version;
            }
            if let Fate::Blocked(..) = line.fate {
                let text = "أرسلت كتابًا إلى الدائرة القانونية وننتظر الرد خلال أسبوع.".to_owned();
                self.app.comment_create(&member, id, activity.id, text).await?;
            }
            self.sleep(pause / 2);
        }
        Ok(())
    }

    async fn submit(&mut self, id: Uuid, step: StepName) -> Result<()> {
        let chair = self.caller(3).await?;
        let note =
            both("أنجز الفريق أنشطة هذه الخطوة.", "The team has finished the activities of this step.");
        self.app.step_submit(&chair, id, step, Some(note)).await?;
        Ok(())
    }

    async fn say_how_it_goes(&mut self, id: Uuid) -> Result<()> {
        let chair = self.caller(3).await?;
        let note = both(
            "مشاركة البيانات مع شركة المياه متعثرة، وبقية الأنشطة تسير وفق الخطة.",
            "Data sharing with the water company is held up; the rest goes to plan.",
        );
        self.app.health_state(&chair, id, Health::AtRisk, Some(note)).await?;
        Ok(())
    }

    async fn found_the_forming_one(&mut self, today: NaiveDate) -> Result<()> {
        let secretariat = self.caller(1).await?;
        let fields = TaskForceFields {
            name: both(
                "فريق عمل المدينة الذكية في وادي الريحان (مثال)",
                "Smart city task force of Wadi Rayhan (example)",
            ),
            city: both("وادي الريحان", "Wadi Rayhan"),
            country: None,
            mandate: both(
                "تشكيل فريق عمل صغير من الخبراء للبدء بتطبيقات المدينة الذكية.",
                "Form a small task force of experts to begin with smart city applications.",
            ),
            time_zone: "Asia/Amman".to_owned(),
            max_sectors: 3,
            evolution_stage: None,
            maturity_level: Some(1),
            next_council_date: today.checked_add_days(Days::new(45)),
        };
        self.app.task_force_create(&secretariat, fields, self.seats(&[4, 6, 8])).await?;
        Ok(())
    }

    async fn sign_everybody_out(&mut self) -> Result<()> {
        for token in std::mem::take(&mut self.sessions) {
            self.app.sign_out(&Uuid::now_v7().to_string(), &token).await?;
        }
        Ok(())
    }
}

fn fault_text(fault: crate::domain::refusal::FaultCode) -> String {
    use crate::domain::vocabulary::Vocabulary as _;
    fault.label().en
}
