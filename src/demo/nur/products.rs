//! The policies, sectors and pilots of Nur City.

use super::super::content::{Indicator, Link, Pilot, Policy, PolicyOutcome, Sector, Selection, Study, Text};
use crate::domain::pilot::IndicatorDirection::{Down, Up};
use crate::domain::policy::PolicyKind;
use crate::domain::scales::Aim::{GeneratesWealth, InclusiveTransparent, MadeForCitizens, Sustainable};

/// Indices in the tables.
pub(super) const FRAMEWORK: usize = 0;
pub(super) const OPEN_DATA: usize = 1;
pub(super) const NATIONAL_STANDARD: usize = 3;
pub(super) const CITY_STANDARD: usize = 4;
pub(super) const MOBILITY: usize = 0;
pub(super) const WATER: usize = 1;
pub(super) const PARKING: usize = 0;
pub(super) const METERS: usize = 1;

pub(super) const POLICIES: &[Policy] = &[
    Policy {
        title: ("إطار الحوكمة الذكية لمدينة النور", "Smart governance framework of Nur City"),
        kind: PolicyKind::Framework,
        description: (
            "يحدد من يقرر في شؤون المدينة الذكية، وكيف تُقاس المشاريع الصغيرة، ومتى يُرفع الأمر إلى المجلس. تُتخذ القرارات بناءً على البيانات، وتُنشر مع أسبابها.",
            "Says who decides on smart city matters, how small projects are measured, and when the council is asked. Decisions rest on data and are published with their reasons.",
        ),
        reference: Some("NUR-GOV-01"),
        aims: &[Sustainable, InclusiveTransparent, MadeForCitizens],
        outcome: PolicyOutcome::Adopted,
        evidence: Some(Link {
            title: ("نص الإطار كما اعتُمد", "The framework as adopted"),
            url: "https://nur-city.example/governance/framework.pdf",
        }),
    },
    Policy {
        title: ("سياسة البيانات المفتوحة", "Open data policy"),
        kind: PolicyKind::Policy,
        description: (
            "تُنشر بيانات البلدية للعموم بصيغ مقروءة آليًا وبترخيص مفتوح، ما لم يمنع ذلك قانون أو حق فرد.",
            "The municipality's data are published in machine-readable formats under an open licence, unless a law or a person's right forbids it.",
        ),
        reference: Some("NUR-GOV-02"),
        aims: &[InclusiveTransparent, GeneratesWealth],
        outcome: PolicyOutcome::Adopted,
        evidence: Some(Link {
            title: ("نص سياسة البيانات المفتوحة", "Text of the open data policy"),
            url: "https://nur-city.example/governance/open-data.pdf",
        }),
    },
    Policy {
        title: ("سياسة التعرف على الوجوه في الأماكن العامة", "Policy on face recognition in public places"),
        kind: PolicyKind::Policy,
        description: (
            "مقترح بالسماح باستخدام كاميرات التعرف على الوجوه في مواقف السيارات والساحات العامة.",
            "A proposal to allow cameras that recognize faces in car parks and public squares.",
        ),
        reference: None,
        aims: &[],
        outcome: PolicyOutcome::Rejected((
            "لا سند قانونيًا لها، ولا تتناسب مع الغرض: تكفي حساسات لا تحدد هوية أحد.",
            "It has no basis in law and is out of proportion: sensors that identify nobody are enough.",
        )),
        evidence: None,
    },
    Policy {
        title: (
            "المواصفة الوطنية لتبادل البيانات الحكومية",
            "National standard for the exchange of government data",
        ),
        kind: PolicyKind::Standard,
        description: (
            "تلتزم المدينة بالمواصفة الوطنية في كل واجهة جديدة بين الأنظمة، فتتصل خدماتها بخدمات الحكومة المركزية دون تكييف.",
            "The city keeps to the national standard in every new interface between systems, so that its services connect to those of central government as they are.",
        ),
        reference: Some("NDX 2.1"),
        aims: &[Sustainable, MadeForCitizens],
        outcome: PolicyOutcome::Adopted,
        evidence: None,
    },
    Policy {
        title: ("مواصفة المدينة لواجهات الخدمات", "City standard for service interfaces"),
        kind: PolicyKind::Standard,
        description: (
            "مواصفة البلدية السابقة لربط خدماتها الإلكترونية بعضها ببعض.",
            "The municipality's former standard for connecting its online services to one another.",
        ),
        reference: Some("NUR-ICT-07"),
        aims: &[MadeForCitizens],
        outcome: PolicyOutcome::Superseded(
            NATIONAL_STANDARD,
            (
                "تغطي المواصفة الوطنية كل ما فيها، ولا حاجة إلى مواصفتين.",
                "The national standard covers all of it, and two are one too many.",
            ),
        ),
        evidence: None,
    },
];

/// The reason for putting the open data policy under review again, after the step was returned.
pub(super) const OPEN_DATA_REOPENED: Text = (
    "يطلب الأعضاء جدولًا للنشر وقواعد لإخفاء هوية الأفراد.",
    "The members ask for a publication schedule and for rules of anonymization.",
);

/// The description of the open data policy after the step was returned.
pub(super) const OPEN_DATA_IMPROVED: Text = (
    "تُنشر بيانات البلدية للعموم بصيغ مقروءة آليًا وبترخيص مفتوح، ما لم يمنع ذلك قانون أو حق فرد. لكل مجموعة بيانات موعد نشر وجهة مسؤولة عنه، ويُراجع الجدول كل ستة أشهر. لا تُنشر بيانات عن الأفراد قبل إخفاء هويتهم بطريقة يقرها مسؤول أمن المعلومات.",
    "The municipality's data are published in machine-readable formats under an open licence, unless a law or a person's right forbids it. Each data set has a day of publication and a unit that answers for it; the schedule is reviewed every six months. Data on persons are published only after they have been anonymized in a way that the information security officer has approved.",
);

pub(super) const SECTORS: &[Sector] = &[
    Sector {
        name: ("النقل", "Mobility"),
        seat: 2,
        rationale: (
            "ثلث حركة السير في وسط المدينة بحث عن موقف، والبيانات متاحة لدى البلدية نفسها.",
            "A third of the traffic downtown looks for a parking space, and the data are in the municipality's own hands.",
        ),
        selection: Selection::Studied {
            current: (
                2,
                "خدمات المواقف والحافلات متاحة عبر الإنترنت حسب الحاجة، لكن بياناتها لا تُجمع في مكان واحد.",
            ),
            target: (3, "عند بلوغه تُدار المواقف وفق بيانات الإشغال الفعلية، وتُقاس النتائج لا عدد المعاملات."),
            study: Study {
                title: (
                    "طرق التحول الرقمي في قطاع النقل",
                    "Ways of digital transformation in the mobility sector",
                ),
                approach: "مقابلات مع مشغلي الحافلات وإدارة المرور، وعدّ ميداني للمواقف خلال أسبوعين، ومقارنة بثلاث مدن مماثلة الحجم.",
                findings: (
                    "متوسط زمن البحث عن موقف 14.5 دقيقة في ساعات الذروة، بينما يبقى ربع المواقف شاغرًا في شارعين مجاورين. تُدفع 22% فقط من الرسوم رقميًا.",
                    "It takes 14.5 minutes on average to find a parking space at peak hours, while a quarter of the spaces two streets away stay empty. Only 22% of the fees are paid digitally.",
                ),
                recommendation: (
                    "البدء بالمواقف الذكية في وسط المدينة مشروعًا صغيرًا، ثم ضم الحافلات إلى المنصة نفسها.",
                    "Begin with smart parking downtown as a small project; then bring the buses to the same platform.",
                ),
                evidence: Some(Link {
                    title: ("دراسة قطاع النقل كاملةً", "The whole study of the mobility sector"),
                    url: "https://nur-city.example/studies/mobility.pdf",
                }),
            },
        },
    },
    Sector {
        name: ("المياه", "Water"),
        seat: 3,
        rationale: (
            "يُفقد أكثر من ثلث المياه قبل أن يصل إلى المشتركين، وتُقرأ العدادات يدويًا كل شهرين.",
            "More than a third of the water is lost before it reaches the customers, and meters are read by hand every two months.",
        ),
        selection: Selection::Studied {
            current: (1, "خدمة دفع الفواتير وحدها متاحة عبر الإنترنت، وهي خدمة القطاع بمعزل عن غيره."),
            target: (3, "عند بلوغه تُكشف التسربات من قراءات يومية، ويُوجَّه الإنفاق إلى حيث الفاقد أكبر."),
            study: Study {
                // The English title is missing: see the waiver in `nur.rs`.
                title: ("طرق التحول الرقمي في قطاع المياه", ""),
                approach: "تحليل فواتير ثلاث سنوات، وقياس التدفق الليلي في منطقتين، وورشة عمل مع شركة المياه.",
                findings: (
                    "يبلغ الفاقد في منطقة التل 38.5%، ومعظمه تسرب ليلي يمكن كشفه من قراءات العدادات كل ساعة.",
                    "In the Tell zone 38.5% is lost, most of it leakage at night that hourly meter readings would reveal.",
                ),
                recommendation: (
                    "تركيب عدادات ذكية في منطقة واحدة أولًا، بعد اتفاق مكتوب مع شركة المياه على مشاركة البيانات.",
                    "Install smart meters in one zone first, after a written agreement with the water company on sharing data.",
                ),
                evidence: Some(Link {
                    title: ("دراسة قطاع المياه كاملةً", "The whole study of the water sector"),
                    url: "https://nur-city.example/studies/water.pdf",
                }),
            },
        },
    },
    Sector {
        name: ("السياحة", "Tourism"),
        seat: 5,
        rationale: (
            "يزور البلدة القديمة نصف مليون زائر كل عام، ولا خدمة رقمية موحدة لهم.",
            "Half a million people visit the old town every year, and there is no common digital service for them.",
        ),
        selection: Selection::NotSelected((
            "الموسم السياحي ينتهي قبل أن يبدأ أي مشروع، وبيانات الزوار لدى شركات خاصة. يُعاد النظر فيه في الدورة القادمة.",
            "The season ends before any pilot could begin, and private companies hold the visitors' data. To be looked at again in the next cycle.",
        )),
    },
];

pub(super) const PILOTS: &[Pilot] = &[
    Pilot {
        title: ("مواقف السيارات الذكية في وسط المدينة", "Smart parking downtown"),
        sector: MOBILITY,
        policy: Some(OPEN_DATA),
        owner: 2,
        aims: &[Sustainable, MadeForCitizens],
        hypothesis: "إذا عرف السائق أين يوجد موقف شاغر قبل أن يصل، قلّ زمن البحث إلى النصف تقريبًا وتراجع الازدحام في وسط المدينة.",
        days: (28, 88),
        indicators: &[
            Indicator {
                name: (
                    "متوسط زمن البحث عن موقف في ساعات الذروة",
                    "Average time to find a space at peak hours",
                ),
                unit: "دقيقة / min",
                direction: Down,
                baseline: Some("14.5"),
                target: Some("8"),
                measurements: &[],
            },
            Indicator {
                name: ("حصة الرسوم المدفوعة رقميًا", "Share of fees that are paid digitally"),
                unit: "%",
                direction: Up,
                baseline: Some("22"),
                target: Some("60"),
                measurements: &[],
            },
        ],
        evaluation: None,
    },
    Pilot {
        title: ("عدادات المياه الذكية في منطقة التل", "Smart water meters in the Tell zone"),
        sector: WATER,
        policy: Some(FRAMEWORK),
        owner: 3,
        aims: &[Sustainable, InclusiveTransparent],
        hypothesis: "إذا قُرئت العدادات كل ساعة، كُشف التسرب خلال يوم بدلًا من شهرين، وانخفض الفاقد انخفاضًا ملموسًا.",
        days: (42, 102),
        indicators: &[Indicator {
            name: ("الفاقد من المياه في منطقة التل", "Water lost in the Tell zone"),
            unit: "%",
            direction: Down,
            baseline: Some("38.5"),
            // Missing until the water company agrees.
            target: None,
            measurements: &[],
        }],
        evaluation: None,
    },
];
