//! Nur City: a task force in the middle of its third step.

mod products;
mod work;

use super::content::{Ballot, Link, Team, Text, vote};
use super::seeder::{SeededTaskForce, Seeder};
use crate::app::Result;
use crate::domain::ballot::VoteChoice::{Abstain, Approve, Recuse, Return};
use crate::domain::criterion::CriterionCode;
use crate::domain::pilot::PilotState;
use crate::domain::scales::EvolutionStage;
use crate::domain::step::StepName::{Policy, Sectors};
use crate::domain::task_force::HealthRating;
use products::{OPEN_DATA, OPEN_DATA_IMPROVED, OPEN_DATA_REOPENED, PARKING, PILOTS, POLICIES, SECTORS};
use work::{MIGRATION_WORK, PILOTS_WORK, POLICY_WORK, POLICY_WORK_AGAIN, SECTORS_WORK};

const TEAM: Team = Team {
    name: ("فريق عمل المدينة الذكية في مدينة النور (مثال)", "Smart city task force of Nur City (example)"),
    city: ("مدينة النور", "Nur City"),
    mandate: (
        "تحديد سياسات الحوكمة الذكية، واختيار عدد قليل من القطاعات الذكية ودراسة طرق التحول الرقمي فيها، وتخطيط مشاريع صغيرة وترحيلها إلى الحكومة الرقمية المحلية للمدينة، ورفع تقرير إلى مجلس مديري الحكومة الإلكترونية.",
        "Identify smart governance policies, select few smart sectors and study ways of digital transformation, plan small projects and migrate them into the local digital government of the city, and report to the council of e-government directors.",
    ),
    time_zone: "Asia/Amman",
    max_sectors: 5,
    evolution_stage: Some(EvolutionStage::WholeOfGovernment),
    maturity_level: 2,
    next_council: 45,
    seats: &[3, 4, 5, 6, 7, 8],
    targets: [-56, -30, 21, 110, 125],
};

const POLICY_NOTE: Text =
    ("أنجز الفريق أنشطة هذه الخطوة.", "The team has finished the activities of this step.");

/// Three of six return the step, which decides the vote.
const RETURNED: &[Ballot] = &[
    vote(0, Approve, None),
    vote(
        1,
        Return,
        Some(
            "سياسة البيانات المفتوحة لا تقول متى تُنشر كل مجموعة بيانات، ومن دون جدول زمني لا يمكن محاسبة أحد.",
        ),
    ),
    vote(3, Approve, None),
    vote(4, Return, Some("لا ذكر لإخفاء هوية الأفراد قبل النشر. أقترح إضافة فقرة صريحة.")),
    vote(5, Return, Some("I agree with Omar: citizens will first ask what is published, and when.")),
];

const POLICY_NOTE_AGAIN: Text = (
    "أُضيف إلى سياسة البيانات المفتوحة جدول للنشر وقواعد لإخفاء الهوية، استجابةً لملاحظات الأعضاء.",
    "The open data policy now has a publication schedule and rules of anonymization, as the members asked.",
);

/// One recusal: three of five approve.
const PASSED: &[Ballot] = &[
    Ballot {
        seat: 4,
        choice: Recuse,
        comment: None,
        reason: Some((
            "أقدّم استشارات للشركة التي تدير مركز بيانات المدينة، وتمسّها سياسة البيانات المفتوحة.",
            "I advise the company that runs the city's data centre, which the open data policy affects.",
        )),
    },
    vote(1, Approve, Some("استُجيب لملاحظتي، شكرًا لمن أعدّ الجدول.")),
    vote(3, Abstain, None),
    vote(5, Approve, None),
    vote(0, Approve, None),
];

const UNTRANSLATED: Text = (
    "العنوان الإنجليزي الرسمي لدراسة المياه لم يصل بعد من مكتب الترجمة، ويقرأ جميع الأعضاء العربية.",
    "The translation office still owes the official English title of the water study; all members read Arabic.",
);

const SECTORS_NOTE: Text = (
    "دُرس قطاعان من ثلاثة، وأُجّلت السياحة إلى دورة لاحقة.",
    "Two sectors of three are studied; tourism is left for a later cycle.",
);

const SECTORS_VOTES: &[Ballot] = &[
    vote(0, Approve, None),
    vote(2, Return, Some("كنت أفضّل مقارنة كلفة البديلين في قطاع النقل قبل التصويت.")),
    vote(3, Approve, Some("خط الأساس في قطاع المياه مقيس لا مقدَّر، وهذا يكفي للبدء.")),
    vote(4, Approve, None),
    vote(1, Approve, None),
];

const SCHEDULE: Link = Link {
    title: ("جدول نشر مجموعات البيانات، الإصدار 1", "Publication schedule of data sets, issue 1"),
    url: "https://nur-city.example/open-data/schedule-1.pdf",
};

/// Twelve weeks ago: the task force is created and activated.
pub(super) async fn create(seeder: &mut Seeder) -> Result<SeededTaskForce> {
    seeder.advance_to(-84);
    let task_force = seeder.create_task_force(&TEAM).await?;
    seeder.advance_to(-82);
    seeder.activate_task_force(&task_force, TEAM.targets).await?;
    Ok(task_force)
}

/// Step 1: returned once, then passed.
pub(super) async fn policies(seeder: &mut Seeder, task_force: &mut SeededTaskForce) -> Result<()> {
    seeder.advance_to(-80);
    seeder.create_policies(task_force, POLICIES).await?;
    let planned = seeder.plan_activities(task_force, POLICY_WORK).await?;
    seeder.work_on_activities(task_force, planned, -68).await?;
    seeder.decide_policies(task_force, POLICIES).await?;
    seeder.advance_to(-66);
    seeder.submit_step(task_force, Policy, POLICY_NOTE, RETURNED).await?;

    seeder.advance_to(-64);
    let planned = seeder.plan_activities(task_force, POLICY_WORK_AGAIN).await?;
    seeder.work_on_activities(task_force, planned, -61).await?;
    seeder
        .improve_policy(task_force, 1, OPEN_DATA, OPEN_DATA_REOPENED, OPEN_DATA_IMPROVED, &SCHEDULE)
        .await?;
    seeder.advance_to(-60);
    seeder.submit_step(task_force, Policy, POLICY_NOTE_AGAIN, PASSED).await
}

/// Step 2: two of three sectors are selected and studied; the translation of a title is waived.
pub(super) async fn sectors(seeder: &mut Seeder, task_force: &mut SeededTaskForce) -> Result<()> {
    seeder.advance_to(-54);
    seeder.create_sectors(task_force, SECTORS).await?;
    let planned = seeder.plan_activities(task_force, SECTORS_WORK).await?;
    seeder.advance_to(-51);
    seeder.select_sectors(task_force, SECTORS).await?;
    let note = (
        "اختير قطاعا النقل والمياه، والدراسات تسير وفق الخطة.",
        "Mobility and water are selected; the studies go to plan.",
    );
    seeder.state_health(task_force, HealthRating::OnTrack, note).await?;
    seeder.work_on_activities(task_force, planned, -35).await?;
    seeder.study_sectors(task_force, SECTORS).await?;
    seeder.advance_to(-34);
    seeder.waive_criterion(task_force, Sectors, CriterionCode::TranslationsComplete, UNTRANSLATED).await?;
    seeder.submit_step(task_force, Sectors, SECTORS_NOTE, SECTORS_VOTES).await
}

/// Step 3, which is open: one pilot is planned, one is proposed.
pub(super) async fn pilots(seeder: &mut Seeder, task_force: &mut SeededTaskForce) -> Result<()> {
    seeder.advance_to(-30);
    seeder.create_pilots(task_force, PILOTS).await?;
    let planned = seeder.plan_activities(task_force, PILOTS_WORK).await?;
    seeder.plan_activities(task_force, MIGRATION_WORK).await?;
    seeder.work_on_activities(task_force, planned, -2).await?;
    seeder.change_pilot_state(task_force, PILOTS, PARKING, PilotState::Planned).await?;
    seeder.advance_to(-1);
    let note = (
        "مشاركة البيانات مع شركة المياه متوقفة، وبقية الأنشطة تسير وفق الخطة.",
        "Data sharing with the water company is held up; the rest goes to plan.",
    );
    seeder.state_health(task_force, HealthRating::AtRisk, note).await
}
