//! The policies, sectors, pilots and the migration of Sidra City.

use super::super::content::{
    Indicator, Link, Migration, Pilot, Policy, PolicyOutcome, Sector, Selection, Study,
};
use crate::domain::pilot::IndicatorDirection::{Down, Up};
use crate::domain::pilot::PilotOutcome;
use crate::domain::policy::PolicyKind;
use crate::domain::scales::Aim::{GeneratesWealth, InclusiveTransparent, MadeForCitizens, Sustainable};

/// Indices in the tables.
pub(super) const CHARTER: usize = 0;
pub(super) const SHARING: usize = 1;
pub(super) const WASTE: usize = 0;
pub(super) const STREETLIGHT: usize = 1;
pub(super) const BINS: usize = 0;
pub(super) const LIGHTING: usize = 1;
pub(super) const COLLECTION: usize = 0;

pub(super) const POLICIES: &[Policy] = &[
    Policy {
        title: ("ميثاق الخدمات الرقمية لمدينة السدرة", "Digital service charter of Sidra City"),
        kind: PolicyKind::Framework,
        description: (
            "لكل خدمة رقمية مالك ومؤشرات تُنشر كل ربع سنة، ولا تُعمَّم خدمة قبل أن تُجرَّب في مشروع صغير.",
            "Each digital service has an owner and indicators that are published every quarter, and none is rolled out before it was tried in a small project.",
        ),
        reference: Some("SDR-2/1"),
        aims: &[MadeForCitizens, InclusiveTransparent],
        outcome: PolicyOutcome::Adopted,
        evidence: Some(Link {
            title: ("نص الميثاق كما اعتُمد", "The charter as adopted"),
            url: "https://sidra-city.example/charter.pdf",
        }),
    },
    Policy {
        title: (
            "سياسة تبادل البيانات بين دوائر البلدية",
            "Policy on data exchange between municipal departments",
        ),
        kind: PolicyKind::Policy,
        description: (
            "تتبادل الدوائر بيانات التشغيل عبر منصة واحدة دون كتب رسمية، وتبقى البيانات الشخصية في دائرتها.",
            "Departments exchange operating data through one platform, without official letters; personal data stay in their department.",
        ),
        reference: Some("SDR-2/2"),
        aims: &[Sustainable, GeneratesWealth],
        outcome: PolicyOutcome::Adopted,
        evidence: Some(Link {
            title: ("نص سياسة تبادل البيانات", "Text of the policy on data exchange"),
            url: "https://sidra-city.example/data-exchange.pdf",
        }),
    },
];

pub(super) const SECTORS: &[Sector] = &[
    Sector {
        name: ("إدارة النفايات", "Waste management"),
        seat: 4,
        rationale: (
            "تمر شاحنات الجمع بكل الحاويات كل يوم، ممتلئة كانت أم فارغة، والكلفة تزيد كل عام.",
            "The lorries call at every container every day, full or empty, and it costs more every year.",
        ),
        selection: Selection::Studied {
            current: (1, "تُستقبل الشكاوى عبر الإنترنت فقط، ولا تُجمع بيانات عن امتلاء الحاويات."),
            target: (3, "عند بلوغه تُحدد مسارات الشاحنات وفق بيانات الامتلاء، وتُقاس الكلفة لكل طن."),
            study: Study {
                title: (
                    "طرق التحول الرقمي في إدارة النفايات",
                    "Ways of digital transformation in waste management",
                ),
                approach: "تتبع عشر شاحنات لمدة شهر، ومقابلات مع السائقين، ومقارنة كلفة ثلاثة أنواع من الحساسات.",
                findings: (
                    "40% من زيارات الحاويات تجدها نصف فارغة، بينما تفيض حاويات الأسواق مرتين في الأسبوع.",
                    "40% of the calls find the container half empty, while those at the markets overflow twice a week.",
                ),
                recommendation: (
                    "تركيب حساسات امتلاء في حي واحد، وتغيير مسارات الشاحنات يوميًا وفق قراءاتها.",
                    "Put fill sensors into one quarter's containers, and plan the lorries' routes daily by what they say.",
                ),
                evidence: Some(Link {
                    title: ("دراسة إدارة النفايات كاملةً", "The whole study of waste management"),
                    url: "https://sidra-city.example/studies/waste.pdf",
                }),
            },
        },
    },
    Sector {
        name: ("الإنارة العامة", "Public lighting"),
        seat: 2,
        rationale: (
            "الإنارة أكبر بند في فاتورة كهرباء البلدية، وهي تعمل بكامل قوتها طوال الليل.",
            "Lighting is the largest item of the municipality's electricity bill, and it burns at full strength all night.",
        ),
        selection: Selection::Studied {
            current: (2, "يُبلَّغ عن الأعطال عبر تطبيق المدينة، ويُتابع إصلاحها إلكترونيًا."),
            target: (3, "عند بلوغه تُضبط شدة الإنارة وفق الحركة الفعلية، ويُقاس الوفر في الطاقة."),
            study: Study {
                title: (
                    "طرق التحول الرقمي في الإنارة العامة",
                    "Ways of digital transformation in public lighting",
                ),
                approach: "قياس استهلاك شارعين لمدة شهر، واستبانة للسكان، ومراجعة تجارب منشورة لمدن حارة المناخ.",
                findings: (
                    "تنخفض الحركة بعد منتصف الليل إلى العُشر، ويبقى الاستهلاك 41.2 كيلوواط ساعة لكل مصباح شهريًا.",
                    "After midnight movement falls to a tenth, while each lamp goes on using 41.2 kWh a month.",
                ),
                recommendation: (
                    "تجربة الإنارة المتكيفة في شارعين قبل أي تعميم، مع قياس شعور السكان بالأمان.",
                    "Try adaptive lighting in two streets before anything else, and ask whether residents feel safe.",
                ),
                evidence: None,
            },
        },
    },
];

pub(super) const PILOTS: &[Pilot] = &[
    Pilot {
        title: ("جمع النفايات الذكي في حي السوق", "Smart waste collection in the market quarter"),
        sector: WASTE,
        policy: Some(SHARING),
        owner: 4,
        aims: &[Sustainable, MadeForCitizens],
        hypothesis: "إذا زارت الشاحنات الحاويات الممتلئة وحدها، انخفضت كلفة الطن بنحو 15% وقلّت شكاوى الفيض إلى النصف.",
        days: (-268, -168),
        indicators: &[
            Indicator {
                name: ("كلفة جمع الطن الواحد", "Cost of collecting one ton"),
                unit: "دينار / dinar",
                direction: Down,
                baseline: Some("21.40"),
                target: Some("18.00"),
                measurements: &[
                    (-215, "19.60", "حسابات دائرة النظافة / Cleaning department's accounts"),
                    (-170, "17.35", "حسابات دائرة النظافة / Cleaning department's accounts"),
                ],
            },
            Indicator {
                name: ("شكاوى فيض الحاويات في الشهر", "Complaints of overflowing containers a month"),
                unit: "شكوى / complaints",
                direction: Down,
                baseline: Some("146"),
                target: Some("80"),
                measurements: &[
                    (-215, "97", "تطبيق المدينة / The city's app"),
                    (-170, "61", "تطبيق المدينة / The city's app"),
                ],
            },
            Indicator {
                name: ("حصة ما يُعاد تدويره", "Share that is recycled"),
                unit: "%",
                direction: Up,
                baseline: Some("6.5"),
                target: Some("10"),
                measurements: &[
                    (-215, "8.2", "وزن الشاحنات عند المحطة / Weighbridge of the plant"),
                    (-170, "9.1", "وزن الشاحنات عند المحطة / Weighbridge of the plant"),
                ],
            },
        ],
        evaluation: Some((
            PilotOutcome::Scale,
            (
                "انخفضت الكلفة والشكاوى أكثر من المستهدف. تعلّمنا أن إشراك السائقين في رسم المسارات أهم من دقة الحساسات، وأن التدوير يحتاج إلى حاويات منفصلة لا إلى حساسات.",
                "Costs and complaints fell further than the targets asked. We learned that the drivers' part in planning the routes matters more than the sensors' precision, and that recycling needs separate containers, not sensors.",
            ),
        )),
    },
    Pilot {
        title: ("الإنارة المتكيفة في شارعين", "Adaptive lighting in two streets"),
        sector: STREETLIGHT,
        policy: Some(CHARTER),
        owner: 2,
        aims: &[Sustainable],
        hypothesis: "إذا خُفضت شدة الإنارة حين لا يمر أحد، انخفض الاستهلاك بنحو 30% دون أن يقل شعور السكان بالأمان.",
        days: (-268, -168),
        indicators: &[
            Indicator {
                name: ("استهلاك المصباح الواحد في الشهر", "Consumption of one lamp a month"),
                unit: "kWh",
                direction: Down,
                baseline: Some("41.2"),
                target: Some("29"),
                measurements: &[
                    (-215, "38.9", "عدادات الشارعين / Meters of the two streets"),
                    (-170, "37.6", "عدادات الشارعين / Meters of the two streets"),
                ],
            },
            Indicator {
                name: ("السكان الذين يشعرون بالأمان ليلًا", "Residents who feel safe at night"),
                unit: "%",
                direction: Up,
                baseline: Some("63"),
                target: Some("65"),
                measurements: &[(-170, "58", "استبانة لعينة من 212 ساكنًا / Survey of 212 residents")],
            },
        ],
        evaluation: Some((
            PilotOutcome::Stop,
            (
                "عطّل الغبار الحساسات مرارًا، وفاقت كلفة الصيانة ما وُفِّر من الطاقة، وتراجع شعور السكان بالأمان. كان الأجدر اختبار الحساسات في الصيف قبل شرائها؛ والبديل مصابيح أوفر للطاقة بلا حساسات.",
                "Dust put the sensors out of order time and again, upkeep cost more than the energy saved, and residents felt less safe. The sensors should have been tried in summer before they were bought; thriftier lamps without sensors are the alternative.",
            ),
        )),
    },
];

pub(super) const MIGRATION: Migration = Migration {
    pilot: BINS,
    title: (
        "ترحيل جمع النفايات الذكي إلى منصة المدينة",
        "Migration of smart waste collection to the city's platform",
    ),
    target_system: "منصة السدرة الرقمية / Sidra digital platform",
    planned_on: -140,
    rollback_plan: "يبقى نظام المسارات القديم قيد التشغيل ثلاثين يومًا؛ وعند أي خلل تعود الشاحنات إلى المسارات الثابتة خلال ساعة بقرار من مدير الخدمة.",
    checklist: &[
        ("تسجيل الحاويات كلها في المنصة", "All containers are registered on the platform"),
        ("تدريب السائقين والمشرفين", "Drivers and supervisors are trained"),
        ("فحص أمن المعلومات", "Information security is checked"),
        ("اتفاق مستوى خدمة مع مورّد الحساسات", "A service level is agreed with the supplier of the sensors"),
        ("خطة لاستمرار العمل عند انقطاع الشبكة", "A plan for work to go on when the network fails"),
    ],
    counts: (1284, 1271, 13),
    receiving_unit: "دائرة النظافة والبيئة / Cleaning and environment department",
    service_owner: "م. رنا سليمان / Eng. Rana Suleiman",
    evidence: Link {
        title: ("محضر التسليم والاستلام", "Record of the handover"),
        url: "https://sidra-city.example/handover/waste.pdf",
    },
};
