//! What the demo tells: its people, and the activities of their task force with what becomes of each.

use crate::domain::activity::ActivityState;
use crate::domain::activity::Priority::{self, High, Low, Normal};
use crate::domain::step::StepName::{self, Migration, Pilots, Policy, Sectors};
use crate::domain::text::LocalizedText;

pub(super) fn both(ar: &str, en: &str) -> LocalizedText {
    LocalizedText::both(ar, en)
}

/// The accounts, and who they are.
pub const ACCOUNTS: [(&str, &str); 10] = [
    ("administrator@demo.example", "administrator of the installation"),
    ("secretariat@demo.example", "council secretariat"),
    ("council@demo.example", "council member, reads only"),
    ("chair@demo.example", "chair of the task force"),
    ("expert1@demo.example", "expert, chairs the one that is forming"),
    ("expert2@demo.example", "expert"),
    ("expert3@demo.example", "expert"),
    ("expert4@demo.example", "expert"),
    ("expert5@demo.example", "expert"),
    ("outsider@demo.example", "expert in no task force"),
];

/// Their names, in the same order.
pub(super) const NAMES: [(&str, &str); 10] = [
    ("سامي الخطيب", "Sami Khatib"),
    ("هدى منصور", "Huda Mansour"),
    ("د. ليلى حداد", "Dr Layla Haddad"),
    ("د. نور السالم", "Dr Nour Al-Salem"),
    ("عمر الزعبي", "Omar Zoubi"),
    ("ريم قاسم", "Reem Qasem"),
    ("يوسف عيسى", "Yousef Issa"),
    ("مها درويش", "Maha Darwish"),
    ("خالد الأمين", "Khaled Amin"),
    ("سلمى ناصر", "Salma Nasser"),
];

/// What the six members are expert in.
pub(super) const EXPERTISE: [&str; 6] = [
    "Digital governance",
    "Open data",
    "Smart mobility",
    "Water and energy",
    "Information security",
    "Service design",
];

/// What becomes of an activity.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    /// It waits for its turn.
    Planned,
    /// Somebody is at it.
    InProgress,
    /// Another looks at it.
    InReview,
    /// It can't go on: why, in Arabic and English.
    Blocked(&'static str, &'static str),
    /// It is finished.
    Done,
    /// It was given up: why.
    Cancelled(&'static str, &'static str),
}

/// An activity of the story.
pub(super) struct Line {
    pub(super) step: StepName,
    pub(super) ar: &'static str,
    pub(super) en: &'static str,
    /// Which of the six members has it.
    pub(super) who: Option<usize>,
    /// Days from the day the demo is made to its due date.
    pub(super) due: Option<i64>,
    pub(super) priority: Priority,
    pub(super) fate: Fate,
}

const fn line(
    step: StepName,
    who: Option<usize>,
    due: Option<i64>,
    priority: Priority,
    fate: Fate,
    ar: &'static str,
    en: &'static str,
) -> Line {
    Line { step, ar, en, who, due, priority, fate }
}

/// The activities, in the order of their steps.
pub(super) const STORY: [Line; 20] = [
    line(
        Policy,
        Some(0),
        Some(-74),
        High,
        Fate::Done,
        "حصر سياسات الحوكمة الذكية القائمة",
        "List the smart governance policies in force",
    ),
    line(
        Policy,
        Some(1),
        Some(-68),
        High,
        Fate::Done,
        "صياغة سياسة البيانات المفتوحة",
        "Draft the open data policy",
    ),
    line(
        Policy,
        Some(4),
        Some(-64),
        Normal,
        Fate::Done,
        "مراجعة متطلبات أمن المعلومات والخصوصية",
        "Review information security and privacy requirements",
    ),
    line(
        Policy,
        Some(5),
        Some(-60),
        Low,
        Fate::Cancelled("غطّاه إطار العمل الوطني", "Covered by the national framework"),
        "إعداد معيار لواجهات الخدمات",
        "Prepare a standard for service interfaces",
    ),
    line(
        Policy,
        Some(0),
        Some(-58),
        Normal,
        Fate::Done,
        "اعتماد إطار الحوكمة الذكية",
        "Adopt the smart governance framework",
    ),
    line(
        Sectors,
        Some(2),
        Some(-46),
        High,
        Fate::Done,
        "تقييم نضج قطاع النقل",
        "Assess the maturity of the mobility sector",
    ),
    line(
        Sectors,
        Some(3),
        Some(-44),
        High,
        Fate::Done,
        "تقييم نضج قطاع المياه",
        "Assess the maturity of the water sector",
    ),
    line(
        Sectors,
        Some(5),
        Some(-40),
        Normal,
        Fate::Done,
        "دراسة رحلة المواطن في خدمات البلدية",
        "Study the citizen's journey through municipal services",
    ),
    line(
        Sectors,
        Some(1),
        Some(-36),
        Normal,
        Fate::Done,
        "دراسة طرق التحول الرقمي في القطاعات المختارة",
        "Study ways of digital transformation in the selected sectors",
    ),
    line(
        Pilots,
        Some(2),
        Some(-3),
        High,
        Fate::InProgress,
        "تخطيط مشروع مواقف السيارات الذكية",
        "Plan the smart parking pilot",
    ),
    line(
        Pilots,
        Some(3),
        Some(6),
        High,
        Fate::InReview,
        "تخطيط مشروع عدادات المياه الذكية",
        "Plan the smart water meter pilot",
    ),
    line(
        Pilots,
        Some(4),
        Some(4),
        High,
        Fate::Blocked(
            "بانتظار رأي الدائرة القانونية في مشاركة البيانات",
            "Waiting for the legal department's opinion on data sharing",
        ),
        "الاتفاق على مشاركة البيانات مع شركة المياه",
        "Agree on data sharing with the water company",
    ),
    line(
        Pilots,
        Some(1),
        Some(-8),
        Normal,
        Fate::Done,
        "تحديد مؤشرات القياس وخطوط الأساس",
        "Set indicators and their baselines",
    ),
    line(
        Pilots,
        Some(5),
        Some(11),
        Normal,
        Fate::InProgress,
        "تصميم قناة ملاحظات المواطنين",
        "Design the channel for citizens' feedback",
    ),
    line(
        Pilots,
        Some(0),
        Some(14),
        Normal,
        Fate::Planned,
        "إعداد ميزانية المشاريع الصغيرة",
        "Prepare the budget of the small projects",
    ),
    line(
        Pilots,
        None,
        Some(-1),
        Low,
        Fate::Planned,
        "حجز مواقع التركيب مع البلدية",
        "Book the installation sites with the municipality",
    ),
    line(
        Pilots,
        Some(3),
        None,
        Low,
        Fate::Planned,
        "زيارة مدينة ذات تجربة مماثلة",
        "Visit a city with a similar experience",
    ),
    line(
        Migration,
        Some(4),
        Some(60),
        High,
        Fate::Planned,
        "فحص أمني لمنصة الحكومة الرقمية المحلية",
        "Security check of the local digital government platform",
    ),
    line(
        Migration,
        Some(2),
        Some(75),
        Normal,
        Fate::Planned,
        "ترحيل تطبيق المواقف إلى المنصة",
        "Migrate the parking application to the platform",
    ),
    line(
        Migration,
        None,
        Some(80),
        Normal,
        Fate::Planned,
        "تدريب موظفي الوحدة المستلمة",
        "Train the staff of the receiving unit",
    ),
];

/// The states that lead to a fate, with their reasons.
pub(super) fn fate(fate: Fate) -> Vec<(ActivityState, Option<LocalizedText>)> {
    let start = (ActivityState::InProgress, None);
    match fate {
        Fate::Planned => Vec::new(),
        Fate::InProgress => vec![start],
        Fate::InReview => vec![start, (ActivityState::InReview, None)],
        Fate::Done => vec![start, (ActivityState::Done, None)],
        Fate::Blocked(ar, en) => vec![start, (ActivityState::Blocked, Some(both(ar, en)))],
        Fate::Cancelled(ar, en) => vec![(ActivityState::Cancelled, Some(both(ar, en)))],
    }
}
