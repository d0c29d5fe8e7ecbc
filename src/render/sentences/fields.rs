//! The names of fields, as a sentence lists the fields that changed.

use crate::domain::text::Language;

/// The fields that a change can concern, by the names that events have for them.
const FIELDS: [(&str, &str, &str); 51] = [
    ("aims", "aims", "الأهداف"),
    ("approach", "approach", "المنهج"),
    ("assessedOn", "day of the assessment", "يوم التقييم"),
    ("assigneeId", "assignee", "المكلَّف"),
    ("baseline", "baseline", "خط الأساس"),
    ("city", "city", "المدينة"),
    ("completed", "completion", "الاكتمال"),
    ("country", "country", "الدولة"),
    ("description", "description", "الوصف"),
    ("direction", "direction", "الاتجاه"),
    ("done", "completion", "الإنجاز"),
    ("dueDate", "due date", "تاريخ الاستحقاق"),
    ("endDate", "end", "تاريخ الانتهاء"),
    ("evidence", "basis of the assessment", "سند التقييم"),
    ("evolutionStage", "stage of evolution", "مرحلة التطور"),
    ("expertise", "field of expertise", "مجال الخبرة"),
    ("findings", "findings", "النتائج"),
    ("hypothesis", "hypothesis", "الفرضية"),
    ("kind", "kind", "النوع"),
    ("level", "level", "المستوى"),
    ("mandate", "mandate", "المهمة"),
    ("maturityLevel", "maturity level", "مستوى النضج"),
    ("maxSectors", "greatest number of sectors", "الحد الأعلى لعدد القطاعات"),
    ("measuredOn", "day of the measurement", "يوم القياس"),
    ("name", "name", "الاسم"),
    ("nextCouncilDate", "next meeting of the council", "الاجتماع التالي للمجلس"),
    ("ownerId", "person responsible", "المسؤولية"),
    ("pilotId", "pilot", "المشروع التجريبي"),
    ("plannedOn", "planned day", "اليوم المخطط له"),
    ("policyId", "policy", "السياسة"),
    ("priority", "priority", "الأولوية"),
    ("rationale", "rationale", "المبررات"),
    ("receivingUnit", "receiving unit", "الوحدة المستلمة"),
    ("recommendation", "recommendation", "التوصية"),
    ("reconciliation", "reconciliation", "المطابقة"),
    ("reference", "reference", "المرجع"),
    ("reviewRequired", "review", "المراجعة"),
    ("rollbackPlan", "rollback plan", "خطة التراجع"),
    ("sectorId", "sector", "القطاع"),
    ("serviceOwner", "service owner", "مالك الخدمة"),
    ("source", "source", "المصدر"),
    ("startDate", "start", "تاريخ البدء"),
    ("step", "step", "الخطوة"),
    ("subject", "subject", "الموضوع"),
    ("target", "target", "المستهدف"),
    ("targetSystem", "target system", "النظام المستهدف"),
    ("timeZone", "time zone", "المنطقة الزمنية"),
    ("title", "title", "العنوان"),
    ("unit", "unit", "وحدة القياس"),
    ("value", "value", "القيمة"),
    ("workingWeek", "working days", "أيام العمل"),
];

/// The name of a field; `None` for a field that people do not know by a name.
pub fn field_name(field: &str, language: Language) -> Option<&'static str> {
    let field = if field.starts_with("reconciliation") { "reconciliation" } else { field };
    let (_, english, arabic) = FIELDS.iter().find(|(name, _, _)| *name == field)?;
    Some(match language {
        Language::English => english,
        Language::Arabic => arabic,
    })
}
