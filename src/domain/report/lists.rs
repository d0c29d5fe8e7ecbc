//! The lists of a report that can be shorter than the records.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

vocabulary! {
    /// A list of a report that has only some of its items if there are too many, or if their text is too long.
    pub enum ReportList {
        Changes = "changes", "Changes since the last report", "التغييرات منذ التقرير السابق";
        Submissions = "submissions", "Submissions of the steps", "طلبات إقرار الخطوات";
        AdjustmentNotes = "adjustmentNotes", "Notes of the chair on reopened steps", "ملاحظات رئيس الفريق على الخطوات التي أُعيد فتحها";
        Policies = "policies", "Policies in force", "السياسات المعتمدة";
        Sectors = "sectors", "Sectors", "القطاعات";
        Studies = "studies", "Completed studies", "الدراسات المكتملة";
        Pilots = "pilots", "Pilots", "المشاريع التجريبية";
        Indicators = "indicators", "Indicators of the pilots", "مؤشرات المشاريع التجريبية";
        Evaluations = "evaluations", "Evaluations of the pilots", "تقييمات المشاريع التجريبية";
        Migrations = "migrations", "Migrations", "عمليات الترحيل";
        Decisions = "decisions", "Earlier decisions of the council", "قرارات المجلس السابقة";
        Conditions = "conditions", "Conditions of the council", "شروط المجلس";
        Members = "members", "Members", "الأعضاء";
        Evidence = "evidence", "Evidence", "مستندات الإثبات";
    }
}

/// A list of which a report has only some items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportAbridgement {
    /// The list.
    pub list: ReportList,
    /// Number of its items in the report.
    #[schema(minimum = 0, example = 200)]
    pub listed: usize,
    /// Number of its items in the records.
    #[schema(minimum = 1, example = 614)]
    pub total: usize,
}
