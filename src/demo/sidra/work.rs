//! The activities of Sidra City.

use super::super::content::Subject::{Migration as Moved, Pilot, Policy as OfPolicy, Sector};
use super::super::content::{Activity, FinalState, done, with_subject};
use super::products::{BINS, CHARTER, COLLECTION, LIGHTING, SHARING, STREETLIGHT, WASTE};
use crate::domain::activity::ActivityPriority::{High, Low};
use crate::domain::step::StepName::{Migration, Pilots, Policy, Report, Sectors};

pub(super) const POLICY_WORK: &[Activity] = &[
    with_subject(
        OfPolicy(CHARTER),
        done(Policy, 0, -385, ("صياغة ميثاق الخدمات الرقمية", "Draft the digital service charter")),
    ),
    with_subject(
        OfPolicy(SHARING),
        done(
            Policy,
            1,
            -375,
            ("الاتفاق مع الدوائر على تبادل البيانات", "Agree with the departments on the exchange of data"),
        ),
    ),
];

pub(super) const SECTORS_WORK: &[Activity] = &[
    with_subject(
        Sector(WASTE),
        done(Sectors, 4, -335, ("تتبع شاحنات الجمع لمدة شهر", "Follow the collecting lorries for a month")),
    ),
    with_subject(
        Sector(STREETLIGHT),
        done(
            Sectors,
            2,
            -328,
            ("قياس استهلاك الإنارة في شارعين", "Measure what the lighting of two streets consumes"),
        ),
    ),
    Activity {
        priority: Low,
        final_state: FinalState::Cancelled((
            "البيانات المطلوبة منشورة أصلًا لدى هيئة الكهرباء",
            "The electricity authority publishes these data already",
        )),
        ..done(Sectors, 3, -325, ("مسح استهلاك المباني البلدية", "Survey what municipal buildings consume"))
    },
];

pub(super) const PILOTS_WORK: &[Activity] = &[
    Activity {
        priority: High,
        ..with_subject(
            Pilot(BINS),
            done(
                Pilots,
                4,
                -290,
                ("تخطيط مشروع جمع النفايات الذكي", "Plan the smart waste collection pilot"),
            ),
        )
    },
    with_subject(
        Pilot(LIGHTING),
        done(Pilots, 2, -288, ("تخطيط مشروع الإنارة المتكيفة", "Plan the adaptive lighting pilot")),
    ),
    done(
        Pilots,
        0,
        -282,
        ("الاتفاق مع الموردين على فترة التجربة", "Agree with the suppliers on the trial period"),
    ),
];

/// Planned in step 3, carried out in step 4.
pub(super) const RUNNING_WORK: &[Activity] = &[
    Activity {
        priority: High,
        comments: &[
            (4, "رُكِّب 180 حساسًا، والسائقون راضون عن المسارات الجديدة."),
            (0, "أحسنتم. أرجو توثيق ملاحظات السائقين لأجل التقييم."),
        ],
        ..with_subject(
            Pilot(BINS),
            done(
                Migration,
                4,
                -245,
                ("تركيب حساسات الحاويات وتشغيلها", "Install the container sensors and put them to work"),
            ),
        )
    },
    Activity {
        comments: &[(2, "تعطلت الحساسات بعد العاصفة الترابية، والمورّد يستبدلها على نفقته.")],
        ..with_subject(
            Pilot(LIGHTING),
            done(
                Migration,
                2,
                -230,
                ("تركيب وحدات التحكم في إنارة الشارعين", "Install the lighting controls in the two streets"),
            ),
        )
    },
];

/// Planned after the evaluation of the pilots.
pub(super) const MIGRATION_WORK: &[Activity] = &[
    Activity {
        priority: High,
        ..with_subject(
            Moved(COLLECTION),
            done(
                Migration,
                4,
                -150,
                ("نقل سجلات الحاويات إلى منصة المدينة", "Load the container records into the city's platform"),
            ),
        )
    },
    with_subject(
        Moved(COLLECTION),
        done(
            Migration,
            3,
            -148,
            ("تدريب السائقين والمشرفين على المنصة", "Train drivers and supervisors on the platform"),
        ),
    ),
];

pub(super) const REPORT_WORK: &[Activity] = &[
    done(Report, 1, -118, ("جمع نتائج القياس والدروس المستفادة", "Collect what was measured and learned")),
    done(Report, 0, -115, ("صياغة التوصية إلى المجلس", "Draft the recommendation to the council")),
];
