//! Activities and risks.

use super::wording::{Wording, brief, fact, section, table, text, value};
use crate::domain::event::SubjectKind;
use crate::domain::report::{ReportActivity, ReportModel, ReportRisk};
use crate::domain::text::LocalizedText;
use crate::render::document::{Block, Line, Section, Span, fill};

words! {
    /// Fixed texts on activities and risks.
    struct WorkWords {
        activities: "Activities", "الأنشطة";
        done: "Done", "المنجزة";
        open: "Open", "المفتوحة";
        overdue: "Overdue", "المتأخرة عن موعدها";
        done_since: "Done in the period of this report", "المنجزة في فترة هذا التقرير";
        done_caption: "Activities done in the period of this report", "الأنشطة المنجزة في فترة هذا التقرير";
        overdue_caption: "Overdue activities", "الأنشطة المتأخرة عن موعدها";
        activity: "Activity", "النشاط";
        numbered: "{0}. {1}", "{0}. {1}";
        step: "Step", "الخطوة";
        due: "Due date", "تاريخ الاستحقاق";
        responsible: "Responsible", "المسؤول";
        first: "The table lists the first {0} of {1}.", "يعرض الجدول أول {0} من أصل {1}.";
        risks: "Risks", "المخاطر";
        risks_caption: "Blocked and overdue activities, and migrations whose counts of records differ", "الأنشطة المتوقفة والمتأخرة، وعمليات الترحيل التي لا تتطابق أعداد سجلاتها";
        subject: "Activity or migration", "النشاط أو الترحيل";
        migration: "{0} ({1})", "{0} ({1})";
        cause: "Cause", "السبب";
        since: "{0}, since {1}", "{0} منذ {1}";
        reason: "Explanation", "التوضيح";
    }
}

pub(super) fn activities(wording: Wording, model: &ReportModel) -> Section {
    let fixed = WorkWords::of(wording.language);
    let activities = &model.activities;
    let mut blocks = vec![Block::Facts(vec![
        fact(fixed.done, value(activities.done)),
        fact(fixed.open, value(activities.open)),
        fact(fixed.overdue, value(activities.overdue)),
        fact(fixed.done_since, value(activities.done_since)),
    ])];
    let lists = [
        (fixed.overdue_caption, &activities.overdue_items, activities.overdue),
        (fixed.done_caption, &activities.done_items, activities.done_since),
    ];
    for (caption, items, total) in lists {
        if !items.is_empty() {
            let columns =
                vec![text(fixed.activity), brief(fixed.step), brief(fixed.due), brief(fixed.responsible)];
            let rows = items.iter().map(|activity| row(wording, activity)).collect();
            blocks.push(table(wording, caption, columns, rows));
            blocks.extend(first(wording, items.len(), total));
        }
    }
    section("activities", fixed.activities, blocks)
}

fn row(wording: Wording, activity: &ReportActivity) -> Vec<Line> {
    vec![
        titled(wording, activity.number, &activity.title),
        value(activity.step.ordinal()),
        wording.optional_day(activity.due_date),
        wording.optional(activity.assignee.as_ref()),
    ]
}

/// An activity by its number and title.
fn titled(wording: Wording, number: i32, title: &LocalizedText) -> Line {
    let fixed = WorkWords::of(wording.language);
    fill(fixed.numbered, &[Span::value(number), wording.text(title)])
}

/// A note that a list is shorter than what it lists.
fn first(wording: Wording, listed: usize, total: i64) -> Option<Block> {
    let fixed = WorkWords::of(wording.language);
    let is_cut = i64::try_from(listed).is_ok_and(|listed| listed < total);
    is_cut.then(|| Block::Paragraph(fill(fixed.first, &[Span::value(listed), Span::value(total)])))
}

pub(super) fn risks(wording: Wording, model: &ReportModel) -> Section {
    let fixed = WorkWords::of(wording.language);
    let row = |risk: &ReportRisk| {
        let subject = match (risk.kind, risk.number) {
            (_, Some(number)) => titled(wording, number, &risk.title),
            (SubjectKind::Migration, None) => {
                fill(fixed.migration, &[wording.text(&risk.title), wording.short(risk.kind)])
            }
            (_, None) => vec![wording.text(&risk.title)],
        };
        let cause = match risk.since {
            Some(since) => fill(fixed.since, &[wording.strong(risk.why), wording.day_of(since)]),
            None => vec![wording.strong(risk.why)],
        };
        vec![
            subject,
            cause,
            wording.optional_day(risk.due_date),
            wording.optional(risk.assignee.as_ref()),
            wording.optional(risk.reason.as_ref()),
        ]
    };
    let columns = vec![
        text(fixed.subject),
        brief(fixed.cause),
        brief(fixed.due),
        brief(fixed.responsible),
        text(fixed.reason),
    ];
    let rows: Vec<_> = model.risks.items.iter().map(row).collect();
    let listed = rows.len();
    let mut blocks = vec![table(wording, fixed.risks_caption, columns, rows)];
    blocks.extend(first(wording, listed, model.risks.total));
    section("risks", fixed.risks, blocks)
}

#[cfg(test)]
mod tests {
    use super::WorkWords;
    use crate::render::words::assert_bilingual;

    #[test]
    fn each_text_is_there_in_both_languages() {
        assert_bilingual::<WorkWords>();
    }
}
