//! Tasks: the work that waits for a person.

vocabulary! {
    /// Kind of a task.
    pub enum TaskKind {
        Vote = "vote", "A submission waits for your vote", "طلب إقرار خطوة ينتظر تصويتك";
        Review = "review", "An activity waits for a review by another than its assignee", "نشاط ينتظر مراجعة عضو لم يُكلَّف به";
        Condition = "condition", "A condition of the council is to be met", "شرط للمجلس يلزم استيفاؤه";
        Acceptance = "acceptance", "A condition reported met is to be accepted or returned", "شرط أُبلغ عن استيفائه ينتظر القبول أو الإعادة";
        ExtendedPilot = "extendedPilot", "An extended pilot waits to be planned in this cycle", "مشروع تجريبي مُدَّد ينتظر التخطيط له في هذه الدورة";
        Decision = "decision", "A report waits for the council's decision", "تقرير ينتظر قرار المجلس";
    }
}
