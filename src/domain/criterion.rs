//! Criteria of the gates, and the verdict on one of them. The rules behind the verdicts are in [`super::gate`].

use chrono::{DateTime, Utc};

use super::message::Message;
use super::reference::{MemberReference, Reference};
use super::text::LocalizedText;

vocabulary! {
    /// A criterion of a gate.
    pub enum CriterionCode {
        PolicyAdopted = "policyAdopted", "At least one policy is adopted", "اعتُمدت سياسة واحدة على الأقل";
        PoliciesSettled = "policiesSettled", "No policy is under review", "لا توجد سياسة قيد المراجعة";
        AimsNamed = "aimsNamed", "Each adopted policy names an aim", "لكل سياسة معتمدة هدف واحد على الأقل";
        SectorsSelected = "sectorsSelected", "At least one sector is selected, and no more than the task force may", "اختير قطاع واحد على الأقل، ولم يتجاوز عدد القطاعات المختارة الحد المقرر لفريق العمل";
        CandidatesSettled = "candidatesSettled", "No sector is left a candidate", "لم يبقَ قطاع مرشحًا دون حسم";
        SectorsStudied = "sectorsStudied", "Each selected sector is studied", "دُرس كل قطاع مختار";
        PilotsPlanned = "pilotsPlanned", "At least one pilot is planned", "خُطط لمشروع تجريبي واحد على الأقل";
        SectorsCovered = "sectorsCovered", "Each selected sector has a planned pilot, and each planned pilot a selected sector", "لكل قطاع مختار مشروع تجريبي مخطَّط، ولكل مشروع تجريبي مخطَّط قطاعٌ مختار";
        IndicatorsSet = "indicatorsSet", "Each planned pilot has indicators, each with baseline and target", "لكل مشروع تجريبي مخطَّط مؤشرات، ولكل مؤشر منها خط أساس ومستهدف";
        ActivitiesPlanned = "activitiesPlanned", "Each planned pilot has an activity in step migration with assignee and due date", "لكل مشروع تجريبي مخطَّط نشاطٌ في خطوة الترحيل، له مكلَّف به وموعد";
        PilotsEvaluated = "pilotsEvaluated", "Each planned pilot is evaluated or cancelled", "قُيِّم كل مشروع تجريبي مخطَّط أو أُلغي";
        MigrationsHandedOver = "migrationsHandedOver", "Each pilot to be scaled has a migration handed over", "لكل مشروع تجريبي تقرر التوسع فيه ترحيلٌ مُسلَّم";
        ReportCurrent = "reportCurrent", "A draft report says what is so now", "توجد مسودة تقرير تطابق الوضع الراهن";
        ConditionsSettled = "conditionsSettled", "No condition of the council is open and due", "لا يوجد للمجلس شرط مفتوح حلّ موعده";
        AdjustmentAnswered = "adjustmentAnswered", "Something of the step changed since the council's decision, or the chair says why nothing had to", "تغيّر شيء في الخطوة بعد قرار المجلس، أو بيّن رئيس الفريق لماذا لم يلزم تغيير شيء";
        ActivitiesSettled = "activitiesSettled", "None of the step's activities is open", "لا يوجد نشاط مفتوح في الخطوة";
        TranslationsComplete = "translationsComplete", "Titles and names of what is in force, and the summary of the report, are in both languages", "عناوين العناصر السارية وأسماؤها وملخص التقرير مكتوبة باللغتين";
    }
}

impl CriterionCode {
    /// Tells whether the chair may waive the criterion, with a reason.
    pub fn is_waivable(self) -> bool {
        !matches!(
            self,
            Self::PolicyAdopted
                | Self::SectorsSelected
                | Self::PilotsPlanned
                | Self::IndicatorsSet
                | Self::ReportCurrent
                | Self::ConditionsSettled
        )
    }
}

/// The most resources that are listed as failing a criterion. All of them are counted.
pub const MAX_LISTED: usize = 100;

/// The resources that fail a criterion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failing {
    /// The first [`MAX_LISTED`] of them.
    pub first: Vec<Reference>,
    /// The number of all of them.
    pub total: i64,
}

impl Failing {
    /// Lists and counts these resources.
    pub fn these<'a>(references: impl IntoIterator<Item = &'a Reference>) -> Self {
        let mut failing = Self::default();
        for reference in references {
            failing.total += 1;
            if failing.first.len() < MAX_LISTED {
                failing.first.push(reference.clone());
            }
        }
        failing
    }
}

/// A criterion that the chair has waived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The waived criterion.
    pub criterion: CriterionCode,
    /// The chair's reason.
    pub reason: LocalizedText,
    /// The chair who waived it.
    pub member: MemberReference,
    /// The time of the waiver.
    pub at: DateTime<Utc>,
}

/// The verdict on one criterion, with the resources that fail it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// The criterion.
    pub code: CriterionCode,
    /// The criterion for people: the label of the code, with the limit of the task force where it has one.
    pub title: Message,
    /// True if the criterion is met.
    pub met: bool,
    /// The resources that fail the criterion: none where the criterion asks for a resource that does not exist.
    pub failing: Failing,
    /// The waiver, if the chair waived the criterion.
    pub waiver: Option<Waiver>,
}

impl Criterion {
    /// Tells whether the criterion lets a submission pass: met or waived.
    pub fn is_settled(&self) -> bool {
        self.met || self.waiver.is_some()
    }
}
