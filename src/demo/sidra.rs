//! Sidra City: a complete cycle, up to the council's decision to conclude the task force.

mod products;
mod work;

use super::content::{Ballot, Condition, Link, Team, Text, vote};
use super::seeder::{Decision, SeededTaskForce, Seeder};
use crate::app::Result;
use crate::domain::ballot::VoteChoice::{Abstain, Approve, Return};
use crate::domain::decision::DecisionOutcome;
use crate::domain::migration::MigrationState;
use crate::domain::pilot::PilotState;
use crate::domain::scales::EvolutionStage;
use crate::domain::step::StepName::{Migration, Pilots, Policy, Report, Sectors};
use crate::domain::task_force::HealthRating;
use products::{BINS, COLLECTION, LIGHTING, MIGRATION, PILOTS, POLICIES, SECTORS};
use work::{MIGRATION_WORK, PILOTS_WORK, POLICY_WORK, REPORT_WORK, RUNNING_WORK, SECTORS_WORK};

/// The first day of the demo data.
pub(super) const FIRST_DAY: i64 = -412;

const TEAM: Team = Team {
    name: ("فريق عمل المدينة الذكية في مدينة السدرة (مثال)", "Smart city task force of Sidra City (example)"),
    city: ("مدينة السدرة", "Sidra City"),
    mandate: (
        "دراسة سبل تحويل خدمات النظافة والإنارة في مدينة السدرة إلى خدمات ذكية، وتجربتها في مشاريع صغيرة تُقاس نتائجها، وترحيل ما يثبت نجاحه إلى الحكومة الرقمية المحلية للمدينة، ورفع تقرير إلى مجلس مديري الحكومة الإلكترونية.",
        "Study ways of making Sidra City's cleaning and lighting services smart, try them in small projects whose results are measured, migrate what proves itself into the local digital government of the city, and report to the council of e-government directors.",
    ),
    time_zone: "Asia/Muscat",
    max_sectors: 3,
    evolution_stage: Some(EvolutionStage::ConnectedGovernment),
    maturity_level: 2,
    next_council: -98,
    seats: &[5, 4, 6, 7, 8],
    targets: [-365, -312, -270, -126, -110],
};

/// The member who is responsible for waste collection: sector, pilot and migration.
const WASTE_EXPERT: usize = 4;

const POLICY_NOTE: Text = (
    "اعتُمدت سياستان تكفيان لبدء المشاريع الصغيرة.",
    "Two policies are adopted, which is what small projects need to begin.",
);
const POLICY_VOTES: &[Ballot] = &[
    vote(0, Approve, None),
    vote(3, Approve, Some("وثيقتان قصيرتان وواضحتان، وهذا ما نحتاج إليه.")),
    vote(1, Approve, None),
];

const SECTORS_NOTE: Text = (
    "اختير قطاعان ودُرسا: إدارة النفايات والإنارة العامة.",
    "Two sectors are selected and studied: waste management and public lighting.",
);
const SECTORS_VOTES: &[Ballot] = &[
    vote(4, Approve, None),
    vote(0, Approve, None),
    vote(1, Return, Some("أرى أن كلفة صيانة حساسات الإنارة مقدَّرة بأقل من الواقع.")),
    vote(2, Approve, None),
];

const PILOTS_NOTE: Text = (
    "خُطط لمشروع صغير في كل قطاع، ولكل مؤشر خط أساس ومستهدف.",
    "A small project is planned for each sector; each indicator has its baseline and target.",
);
const PILOTS_VOTES: &[Ballot] = &[
    vote(0, Approve, None),
    vote(2, Approve, None),
    vote(1, Abstain, Some("ما زالت لدي شكوك في مشروع الإنارة، لكنه يستحق التجربة.")),
    vote(3, Approve, None),
];

const MIGRATION_NOTE: Text = (
    "نجح مشروع النفايات وسُلِّم إلى دائرة النظافة، وأُوقف مشروع الإنارة.",
    "The waste project has succeeded and is handed over to the cleaning department; the lighting project is stopped.",
);
const MIGRATION_VOTES: &[Ballot] = &[
    vote(0, Approve, None),
    vote(1, Approve, Some("إيقاف مشروع الإنارة قرار سليم، والدروس مكتوبة بصدق.")),
    vote(4, Approve, None),
];

const SUMMARY: Text = (
    "حقق جمع النفايات الذكي مستهدفيه الرئيسيين ورُحِّل إلى منصة المدينة، ولم تحقق الإنارة المتكيفة وفرًا يغطي كلفة صيانتها فأُوقفت. أتم الفريق مهمته ويوصي بإنهائها.",
    "Smart waste collection has reached its two main targets and is migrated to the city's platform; adaptive lighting did not save what its maintenance costs and was stopped. The team has done its work and recommends to conclude.",
);
const REPORT_NOTE: Text =
    ("التقرير الأول جاهز للرفع إلى المجلس.", "The first report is ready to go to the council.");
const REPORT_VOTES: &[Ballot] =
    &[vote(0, Approve, None), vote(2, Approve, None), vote(3, Abstain, None), vote(4, Approve, None)];

/// Index of a condition.
const MAINTENANCE: usize = 1;

const DECISION: Decision = Decision {
    outcome: DecisionOutcome::Conclude,
    meeting: "الاجتماع 14، البند 3 / Meeting 14, item 3",
    day: -98,
    reason: (
        "رُحِّل ما ثبت نجاحه وأُوقف ما لم ينجح، وصارت الخدمة في عهدة دائرة النظافة. يشكر المجلس الفريق ويقرر إنهاء مهمته.",
        "What has proved itself is migrated, what has not is stopped, and the service is in the hands of the cleaning department. The council thanks the task force and concludes its work.",
    ),
    conditions: &[
        Condition {
            text: (
                "نشر بيانات المشروعين بوصفها بيانات مفتوحة، مع شرح المؤشرات وطريقة قياسها.",
                "Publish the data of both projects as open data, with an account of the indicators and how they were measured.",
            ),
            owner: 1,
            due: 30,
        },
        Condition {
            text: (
                "تخصيص بند في موازنة دائرة النظافة لصيانة حساسات الحاويات.",
                "Give the upkeep of the container sensors a line in the cleaning department's budget.",
            ),
            owner: WASTE_EXPERT,
            due: -50,
        },
    ],
    minutes: Link {
        title: ("محضر الاجتماع 14 موقَّعًا", "The signed minutes of meeting 14"),
        url: "https://sidra-city.example/council/minutes-14.pdf",
    },
};

const BUDGET: Link = Link {
    title: ("بند صيانة الحساسات في الموازنة المعدلة", "The line for sensor upkeep in the amended budget"),
    url: "https://sidra-city.example/budget/amendment-2.pdf",
};

/// From the creation of the task force to the council's decision.
pub(super) async fn complete_cycle(seeder: &mut Seeder) -> Result<SeededTaskForce> {
    seeder.advance_to(-410);
    let mut task_force = seeder.create_task_force(&TEAM).await?;
    seeder.advance_to(-406);
    seeder.activate_task_force(&task_force, TEAM.targets).await?;

    policies(seeder, &mut task_force).await?;
    sectors(seeder, &mut task_force).await?;
    pilots(seeder, &mut task_force).await?;
    running(seeder, &task_force).await?;
    migration(seeder, &mut task_force).await?;
    report(seeder, &mut task_force).await?;
    Ok(task_force)
}

async fn policies(seeder: &mut Seeder, task_force: &mut SeededTaskForce) -> Result<()> {
    seeder.advance_to(-404);
    seeder.create_policies(task_force, POLICIES).await?;
    let planned = seeder.plan_activities(task_force, POLICY_WORK).await?;
    seeder.work_on_activities(task_force, planned, -371).await?;
    seeder.decide_policies(task_force, POLICIES).await?;
    seeder.advance_to(-369);
    seeder.submit_step(task_force, Policy, POLICY_NOTE, POLICY_VOTES).await
}

async fn sectors(seeder: &mut Seeder, task_force: &mut SeededTaskForce) -> Result<()> {
    seeder.advance_to(-362);
    seeder.create_sectors(task_force, SECTORS).await?;
    let planned = seeder.plan_activities(task_force, SECTORS_WORK).await?;
    seeder.advance_to(-352);
    seeder.select_sectors(task_force, SECTORS).await?;
    let note = ("اختير القطاعان في موعدهما.", "Both sectors are selected on time.");
    seeder.state_health(task_force, HealthRating::OnTrack, note).await?;
    seeder.work_on_activities(task_force, planned, -320).await?;
    seeder.study_sectors(task_force, SECTORS).await?;
    seeder.advance_to(-318);
    seeder.submit_step(task_force, Sectors, SECTORS_NOTE, SECTORS_VOTES).await
}

async fn pilots(seeder: &mut Seeder, task_force: &mut SeededTaskForce) -> Result<()> {
    seeder.advance_to(-313);
    seeder.create_pilots(task_force, PILOTS).await?;
    let planned = seeder.plan_activities(task_force, PILOTS_WORK).await?;
    seeder.work_on_activities(task_force, planned, -280).await?;
    for pilot in [BINS, LIGHTING] {
        seeder.change_pilot_state(task_force, PILOTS, pilot, PilotState::Planned).await?;
    }
    Ok(())
}

/// The first part of step 4, up to the evaluation of the pilots. The gate of step 3 requires planned activities for step 4.
async fn running(seeder: &mut Seeder, task_force: &SeededTaskForce) -> Result<()> {
    let planned = seeder.plan_activities(task_force, RUNNING_WORK).await?;
    seeder.advance_to(-277);
    seeder.submit_step(task_force, Pilots, PILOTS_NOTE, PILOTS_VOTES).await?;
    seeder.advance_to(-268);
    for pilot in [BINS, LIGHTING] {
        seeder.change_pilot_state(task_force, PILOTS, pilot, PilotState::Running).await?;
    }
    seeder.work_on_activities(task_force, planned, -222).await?;
    let note = (
        "عطّل الغبار ثلث حساسات الإنارة، وبدأ استبدالها.",
        "Dust has put a third of the lighting sensors out of order; they are being replaced.",
    );
    seeder.state_health(task_force, HealthRating::AtRisk, note).await?;
    for day in [-215, -170] {
        seeder.record_measurements(task_force, PILOTS, day).await?;
    }
    seeder.advance_to(-166);
    seeder.evaluate_pilots(task_force, PILOTS).await
}

/// The second part of step 4: the successful pilot is migrated.
async fn migration(seeder: &mut Seeder, task_force: &mut SeededTaskForce) -> Result<()> {
    seeder.advance_to(-163);
    seeder.create_migration(task_force, WASTE_EXPERT, &MIGRATION).await?;
    let planned = seeder.plan_activities(task_force, MIGRATION_WORK).await?;
    seeder.advance_to(-160);
    seeder.change_migration_state(task_force, WASTE_EXPERT, COLLECTION, MigrationState::InProgress).await?;
    seeder.work_on_activities(task_force, planned, -148).await?;
    seeder.change_migration_state(task_force, WASTE_EXPERT, COLLECTION, MigrationState::ParallelRun).await?;
    seeder.advance_to(-137);
    seeder.prepare_go_live(task_force, WASTE_EXPERT, COLLECTION, &MIGRATION).await?;
    seeder.change_migration_state(task_force, WASTE_EXPERT, COLLECTION, MigrationState::Live).await?;
    seeder.advance_to(-130);
    seeder.change_migration_state(task_force, WASTE_EXPERT, COLLECTION, MigrationState::HandedOver).await?;
    seeder.advance_to(-128);
    seeder.submit_step(task_force, Migration, MIGRATION_NOTE, MIGRATION_VOTES).await
}

async fn report(seeder: &mut Seeder, task_force: &mut SeededTaskForce) -> Result<()> {
    seeder.advance_to(-125);
    let planned = seeder.plan_activities(task_force, REPORT_WORK).await?;
    seeder.work_on_activities(task_force, planned, -115).await?;
    let note = (
        "الخدمة في عهدة دائرة النظافة، والتقرير في مراجعته الأخيرة.",
        "The service is in the cleaning department's hands; the report is in its last review.",
    );
    seeder.state_health(task_force, HealthRating::OnTrack, note).await?;
    seeder.create_report(task_force, DecisionOutcome::Conclude, SUMMARY).await?;
    seeder.advance_to(-113);
    seeder.submit_step(task_force, Report, REPORT_NOTE, REPORT_VOTES).await?;
    seeder.advance_to(DECISION.day + 1);
    seeder.record_decision(task_force, &DECISION).await
}

/// After the conclusion: one of the council's conditions is met, the other is open.
pub(super) async fn conditions(seeder: &mut Seeder, task_force: &mut SeededTaskForce) -> Result<()> {
    seeder.advance_to(-57);
    seeder.report_condition_met(task_force, MAINTENANCE, &BUDGET).await?;
    seeder.advance_to(-55);
    seeder.accept_condition(task_force, MAINTENANCE).await
}
