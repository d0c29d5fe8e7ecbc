//! The activities of Nur City.

use super::super::content::Subject::{Pilot, Policy as OfPolicy, Sector};
use super::super::content::{Activity, FinalState, done, with_subject};
use super::products::{CITY_STANDARD, FRAMEWORK, METERS, MOBILITY, OPEN_DATA, PARKING, WATER};
use crate::domain::activity::ActivityPriority::{High, Low, Normal};
use crate::domain::step::StepName::{Migration, Pilots, Policy, Sectors};

pub(super) const POLICY_WORK: &[Activity] = &[
    Activity {
        priority: High,
        comments: &[(0, "وجدنا سبع وثائق سارية، اثنتان منها لم تُراجعا منذ عشر سنوات.")],
        ..done(
            Policy,
            0,
            -76,
            ("حصر سياسات الحوكمة الذكية القائمة", "List the smart governance policies in force"),
        )
    },
    Activity {
        priority: High,
        ..with_subject(
            OfPolicy(OPEN_DATA),
            done(Policy, 1, -71, ("صياغة سياسة البيانات المفتوحة", "Draft the open data policy")),
        )
    },
    done(
        Policy,
        4,
        -69,
        ("مراجعة متطلبات أمن المعلومات والخصوصية", "Review information security and privacy requirements"),
    ),
    Activity {
        step: Policy,
        title: ("تحديث مواصفة المدينة لواجهات الخدمات", "Update the city standard for service interfaces"),
        assignee: Some(5),
        due: Some(-67),
        priority: Low,
        subject: Some(OfPolicy(CITY_STANDARD)),
        final_state: FinalState::Cancelled(("تغطيه المواصفة الوطنية", "Covered by the national standard")),
        comments: &[],
    },
    with_subject(
        OfPolicy(FRAMEWORK),
        done(
            Policy,
            0,
            -67,
            ("إعداد إطار الحوكمة الذكية للاعتماد", "Prepare the smart governance framework for adoption"),
        ),
    ),
];

/// Planned after the step was returned.
pub(super) const POLICY_WORK_AGAIN: &[Activity] = &[Activity {
    priority: High,
    comments: &[
        (1, "سألت الدوائر عن مجموعات بياناتها: وصلت ثماني إجابات من تسع."),
        (4, "قواعد إخفاء الهوية في الفقرة الأخيرة، وقد راجعتها."),
    ],
    ..with_subject(
        OfPolicy(OPEN_DATA),
        done(
            Policy,
            1,
            -61,
            (
                "إعداد جدول لنشر مجموعات البيانات وقواعد لإخفاء الهوية",
                "Prepare a publication schedule of data sets and rules of anonymization",
            ),
        ),
    )
}];

pub(super) const SECTORS_WORK: &[Activity] = &[
    Activity {
        priority: High,
        ..with_subject(
            Sector(MOBILITY),
            done(Sectors, 2, -46, ("تقييم نضج قطاع النقل", "Assess the maturity of the mobility sector")),
        )
    },
    Activity {
        priority: High,
        comments: &[(3, "شركة المياه أعطتنا الفواتير بلا أسماء، وهذا يكفي لحساب الفاقد.")],
        ..with_subject(
            Sector(WATER),
            done(Sectors, 3, -44, ("تقييم نضج قطاع المياه", "Assess the maturity of the water sector")),
        )
    },
    done(
        Sectors,
        5,
        -40,
        ("دراسة رحلة المواطن في خدمات البلدية", "Study the citizen's journey through municipal services"),
    ),
    done(
        Sectors,
        1,
        -36,
        (
            "دراسة طرق التحول الرقمي في القطاعات المختارة",
            "Study ways of digital transformation in the selected sectors",
        ),
    ),
];

pub(super) const PILOTS_WORK: &[Activity] = &[
    Activity {
        priority: High,
        ..with_subject(
            Pilot(PARKING),
            done(Pilots, 2, -14, ("تخطيط مشروع مواقف السيارات الذكية", "Plan the smart parking pilot")),
        )
    },
    done(Pilots, 1, -8, ("تحديد مؤشرات القياس وخطوط الأساس", "Set indicators and their baselines")),
    Activity {
        step: Pilots,
        title: ("تصميم قناة ملاحظات المواطنين", "Design the channel for citizens' feedback"),
        assignee: Some(5),
        due: Some(11),
        priority: Normal,
        subject: None,
        final_state: FinalState::InProgress,
        comments: &[],
    },
    Activity {
        step: Pilots,
        title: ("إعداد كراسة الشروط لتوريد حساسات المواقف", "Prepare the tender for parking sensors"),
        assignee: Some(2),
        due: Some(-3),
        priority: High,
        subject: Some(Pilot(PARKING)),
        final_state: FinalState::InProgress,
        comments: &[(0, "هل تكفي ثلاثة عروض؟ نظام المشتريات يطلب أربعة فوق هذا المبلغ.")],
    },
    Activity {
        step: Pilots,
        title: ("تخطيط مشروع عدادات المياه الذكية", "Plan the smart water meter pilot"),
        assignee: Some(3),
        due: Some(6),
        priority: High,
        subject: Some(Pilot(METERS)),
        final_state: FinalState::InReview,
        comments: &[(3, "الخطة جاهزة للمراجعة، وينقصها المستهدف إلى أن توافق شركة المياه.")],
    },
    Activity {
        step: Pilots,
        title: ("الاتفاق على مشاركة البيانات مع شركة المياه", "Agree on data sharing with the water company"),
        assignee: Some(4),
        due: Some(4),
        priority: High,
        subject: Some(Pilot(METERS)),
        final_state: FinalState::Blocked((
            "بانتظار رأي الدائرة القانونية في مشاركة البيانات",
            "Waiting for the legal department's opinion on data sharing",
        )),
        comments: &[
            (4, "أرسلت كتابًا إلى الدائرة القانونية، ووعدوا بالرد خلال أسبوع."),
            (5, "Their office asked for our open data policy; I have sent it."),
        ],
    },
    Activity {
        step: Pilots,
        title: ("إعداد ميزانية المشاريع الصغيرة", "Prepare the budget of the small projects"),
        assignee: Some(0),
        due: Some(14),
        priority: Normal,
        subject: None,
        final_state: FinalState::Planned,
        comments: &[],
    },
    Activity {
        step: Pilots,
        title: ("حجز مواقع التركيب مع البلدية", "Book the installation sites with the municipality"),
        assignee: None,
        due: Some(-1),
        priority: Low,
        subject: Some(Pilot(PARKING)),
        final_state: FinalState::Planned,
        comments: &[],
    },
    Activity {
        step: Pilots,
        title: ("زيارة مدينة ذات تجربة مماثلة", "Visit a city with a similar experience"),
        assignee: Some(3),
        due: None,
        priority: Low,
        subject: None,
        final_state: FinalState::Planned,
        comments: &[],
    },
];

/// Planned while step 4 is locked.
pub(super) const MIGRATION_WORK: &[Activity] = &[
    Activity {
        priority: High,
        final_state: FinalState::Planned,
        ..done(
            Migration,
            4,
            60,
            (
                "فحص أمني لمنصة الحكومة الرقمية المحلية",
                "Security check of the local digital government platform",
            ),
        )
    },
    Activity {
        final_state: FinalState::Planned,
        ..with_subject(
            Pilot(PARKING),
            done(
                Migration,
                2,
                100,
                ("ترحيل تطبيق المواقف إلى المنصة", "Migrate the parking application to the platform"),
            ),
        )
    },
    Activity {
        final_state: FinalState::Planned,
        assignee: None,
        ..done(Migration, 0, 105, ("تدريب موظفي الجهة المستلمة", "Train the staff of the receiving unit"))
    },
];
