//! Sidra City: a whole cycle, from its founding to the council's decision to conclude.

mod products;
mod work;

use super::content::{Ballot, Condition, Link, Team, Text, vote};
use super::seeder::{Ruling, Seeder, Story};
use crate::app::Result;
use crate::domain::ballot::Choice::{Abstain, Approve, Return};
use crate::domain::decision::Outcome;
use crate::domain::migration::MigrationState;
use crate::domain::pilot::PilotState;
use crate::domain::scales::EvolutionStage;
use crate::domain::step::StepName::{Migration, Pilots, Policy, Report, Sectors};
use crate::domain::task_force::Health;
use products::{BINS, COLLECTION, LIGHTING, MOVE, PILOTS, POLICIES, SECTORS};
use work::{MIGRATION_WORK, PILOTS_WORK, POLICY_WORK, REPORT_WORK, RUNNING_WORK, SECTORS_WORK};

/// The day on which everything begins.
pub(super) const BEGINS: i64 = -412;

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

/// Who looks after waste collection: its sector, its pilot, its migration.
const COLLECTOR: usize = 4;

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

/// Places among the conditions.
const MAINTENANCE: usize = 1;

const RULING: Ruling = Ruling {
    outcome: Outcome::Conclude,
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
            owner: COLLECTOR,
            due: -50,
        },
    ],
};

const BUDGET: Link = Link {
    title: ("بند صيانة الحساسات في الموازنة المعدلة", "The line for sensor upkeep in the amended budget"),
    url: "https://sidra-city.example/budget/amendment-2.pdf",
};

/// The task force from its founding to the council's decision.
pub(super) async fn whole_cycle(seeder: &mut Seeder) -> Result<Story> {
    seeder.wait_until(-410);
    let mut story = seeder.found(&TEAM).await?;
    seeder.wait_until(-406);
    seeder.activate(&story, TEAM.targets).await?;

    policies(seeder, &mut story).await?;
    sectors(seeder, &mut story).await?;
    pilots(seeder, &mut story).await?;
    running(seeder, &story).await?;
    migration(seeder, &mut story).await?;
    report(seeder, &mut story).await?;
    Ok(story)
}

async fn policies(seeder: &mut Seeder, story: &mut Story) -> Result<()> {
    seeder.wait_until(-404);
    seeder.identify(story, POLICIES).await?;
    let planned = seeder.plan(story, POLICY_WORK).await?;
    seeder.work(story, planned, -371).await?;
    seeder.settle(story, POLICIES).await?;
    seeder.wait_until(-369);
    seeder.submit(story, Policy, POLICY_NOTE, POLICY_VOTES).await
}

async fn sectors(seeder: &mut Seeder, story: &mut Story) -> Result<()> {
    seeder.wait_until(-362);
    seeder.consider(story, SECTORS).await?;
    let planned = seeder.plan(story, SECTORS_WORK).await?;
    seeder.wait_until(-352);
    seeder.choose(story, SECTORS).await?;
    let note = ("اختير القطاعان في موعدهما.", "Both sectors are selected on time.");
    seeder.say(story, Health::OnTrack, note).await?;
    seeder.work(story, planned, -320).await?;
    seeder.study(story, SECTORS).await?;
    seeder.wait_until(-318);
    seeder.submit(story, Sectors, SECTORS_NOTE, SECTORS_VOTES).await
}

async fn pilots(seeder: &mut Seeder, story: &mut Story) -> Result<()> {
    seeder.wait_until(-313);
    seeder.propose(story, PILOTS).await?;
    let planned = seeder.plan(story, PILOTS_WORK).await?;
    seeder.work(story, planned, -280).await?;
    for pilot in [BINS, LIGHTING] {
        seeder.pilot_goes(story, PILOTS, pilot, PilotState::Planned).await?;
    }
    Ok(())
}

/// Step 4 until the pilots are evaluated. Its activities are planned in step 3, whose gate asks for them.
async fn running(seeder: &mut Seeder, story: &Story) -> Result<()> {
    let planned = seeder.plan(story, RUNNING_WORK).await?;
    seeder.wait_until(-277);
    seeder.submit(story, Pilots, PILOTS_NOTE, PILOTS_VOTES).await?;
    seeder.wait_until(-268);
    for pilot in [BINS, LIGHTING] {
        seeder.pilot_goes(story, PILOTS, pilot, PilotState::Running).await?;
    }
    seeder.work(story, planned, -222).await?;
    let note = (
        "عطّل الغبار ثلث حساسات الإنارة، وبدأ استبدالها.",
        "Dust has put a third of the lighting sensors out of order; they are being replaced.",
    );
    seeder.say(story, Health::AtRisk, note).await?;
    for day in [-215, -170] {
        seeder.measure(story, PILOTS, day).await?;
    }
    seeder.wait_until(-166);
    seeder.evaluate(story, PILOTS).await
}

/// The rest of step 4: what has proved itself is migrated.
async fn migration(seeder: &mut Seeder, story: &mut Story) -> Result<()> {
    seeder.wait_until(-163);
    seeder.prepare(story, COLLECTOR, &MOVE).await?;
    let planned = seeder.plan(story, MIGRATION_WORK).await?;
    seeder.wait_until(-160);
    seeder.migration_goes(story, COLLECTOR, COLLECTION, MigrationState::InProgress).await?;
    seeder.work(story, planned, -148).await?;
    seeder.migration_goes(story, COLLECTOR, COLLECTION, MigrationState::ParallelRun).await?;
    seeder.wait_until(-137);
    seeder.reconcile(story, COLLECTOR, COLLECTION, &MOVE).await?;
    seeder.migration_goes(story, COLLECTOR, COLLECTION, MigrationState::Live).await?;
    seeder.wait_until(-130);
    seeder.migration_goes(story, COLLECTOR, COLLECTION, MigrationState::HandedOver).await?;
    seeder.wait_until(-128);
    seeder.submit(story, Migration, MIGRATION_NOTE, MIGRATION_VOTES).await
}

async fn report(seeder: &mut Seeder, story: &mut Story) -> Result<()> {
    seeder.wait_until(-125);
    let planned = seeder.plan(story, REPORT_WORK).await?;
    seeder.work(story, planned, -115).await?;
    let note = (
        "الخدمة في عهدة دائرة النظافة، والتقرير في مراجعته الأخيرة.",
        "The service is in the cleaning department's hands; the report is in its last review.",
    );
    seeder.say(story, Health::OnTrack, note).await?;
    seeder.report(story, Outcome::Conclude, SUMMARY).await?;
    seeder.wait_until(-113);
    seeder.submit(story, Report, REPORT_NOTE, REPORT_VOTES).await?;
    seeder.wait_until(RULING.day + 1);
    seeder.decide(story, &RULING).await
}

/// After the conclusion: one of the council's conditions is met, the other is still open.
pub(super) async fn conditions(seeder: &mut Seeder, story: &mut Story) -> Result<()> {
    seeder.wait_until(-57);
    seeder.report_met(story, MAINTENANCE, &BUDGET).await?;
    seeder.wait_until(-55);
    seeder.accept(story, MAINTENANCE).await
}
